// Answers many questions in one process: a JSON list on stdin, a JSON list of answers on stdout.
import { readFileSync } from "node:fs";
import { parseCertificate } from "../../exactcnn/report/explorer/engine/certificate.js";
import { checkCertificate } from "../../exactcnn/report/explorer/engine/checker.js";
import { imageOf } from "../../exactcnn/report/explorer/engine/exact.js";
import { evaluate } from "../../exactcnn/report/explorer/engine/network.js";
import { formatDecimal, formatRational, numberText, parseRational } from "../../exactcnn/report/explorer/engine/rational.js";
import { parseStatement } from "../../exactcnn/report/explorer/engine/statement.js";
import { decide } from "../../exactcnn/report/explorer/engine/task.js";
import { proofTree } from "../../exactcnn/report/explorer/engine/tree.js";

const shown = (x) => (x === null ? null : formatRational(x));

function image(question) {
  const { task, network, hash } = parseStatement(question.statement);
  const map = imageOf(...question.shape, question.values.map(parseRational));
  const found = decide(task, map);
  const evaluation = evaluate(network, task, map);
  return {
    hash,
    label: found.label === null ? null : task.classes[found.label].name,
    reason: found.reason,
    configuration: found.configuration && found.configuration.map((f) => task.features[f].name),
    satisfied: found.satisfied.map((y) => task.classes[y].name),
    statuses: found.statuses.map((s) => ({
      state: s.state,
      nearest: shown(s.nearest),
      exhibiting: s.exhibiting.map((w) => [w.template, w.row, w.column]),
      offending: s.offending.map((w) => [w.template, w.row, w.column, shown(w.excess)]),
    })),
    logits: evaluation.logits.map(formatRational),
    stem: evaluation.stem.map((map) => map.values().map(formatRational)),
    reached: evaluation.reached.map((places) => [...places]),
    pooled: evaluation.pooled.values().map(formatRational),
  };
}

/** What is wrong with the obligations, one by one; null if statement or certificate has no structure. */
function failures(question) {
  let [statement, certificate] = [null, null];
  try {
    [statement, certificate] = [parseStatement(question.statement), parseCertificate(question.certificate)];
  } catch (error) {
    if (error.name === "Refused") return null;
    throw error;
  }
  const { facts, head } = certificate;
  const blocks = facts.flatMap((fact, i) => fact.blocks.map((_, j) => ({ fact: i, block: j })));
  const parts = [...blocks, ...head.map((_, i) => ({ conclusion: i }))];
  return parts.map((part) => proofTree(statement, certificate, part).failure).filter(Boolean);
}

const answers = {
  number: ({ text }) => {
    const value = parseRational(text);
    return value && [formatRational(value), formatDecimal(value), numberText(value)];
  },
  image,
  failures,
  check: ({ statement, certificate }) => checkCertificate(statement, certificate),
};

const questions = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map((q) => answers[q.op](q))));

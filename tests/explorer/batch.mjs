// Answers many questions in one process: a JSON list on stdin, a JSON list of answers on stdout.
import { readFileSync } from "node:fs";
import { parseCertificate } from "../../exactcnn/report/explorer/engine/certificate.js";
import { checkCertificate } from "../../exactcnn/report/explorer/engine/checker.js";
import { Sequent } from "../../exactcnn/report/explorer/engine/circuit.js";
import { imageOf } from "../../exactcnn/report/explorer/engine/exact.js";
import { CONST, primitive } from "../../exactcnn/report/explorer/engine/forms.js";
import { Lines, Refused } from "../../exactcnn/report/explorer/engine/lines.js";
import { evaluate } from "../../exactcnn/report/explorer/engine/network.js";
import { Proof } from "../../exactcnn/report/explorer/engine/proof.js";
import { formatDecimal, formatRational, numberText, parseRational } from "../../exactcnn/report/explorer/engine/rational.js";
import { Rounding } from "../../exactcnn/report/explorer/engine/rounding.js";
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

/** What `read` gives; null if something is refused. */
function unlessRefused(read) {
  try {
    return read();
  } catch (error) {
    if (error instanceof Refused) return null;
    throw error;
  }
}

/** The sequent of tests/support/kernel_cases.py, `_arena`, and whether it takes a proof of a goal. */
function rule({ goal, proof }) {
  const sequent = new Sequent({ task: { unit: 2n } });
  const form = (...pairs) => ({ form: new Map(pairs), scale: 1n });
  sequent.variable("x");
  sequent.pixels = [[-2n, 2n]];
  sequent.maximum(true, [form([0, 1n])], "y1");
  sequent.maximum(true, [{ form: new Map([[0, 2n], [CONST, 1n]]), scale: 4n }], "y2");
  sequent.maximum(false, [form([0, 1n]), form([0, -1n]), { form: new Map([[CONST, 1n]]), scale: 4n }], "y3");
  sequent.clauses = [[1, 2], [-1, 3], [-2], [], [4]];
  sequent.switched = new Map([[3, [[[CONST, -1n], [0, 2n]]]], [4, [[[CONST, -1n], [0, -2n]]]]]);
  sequent.goal = primitive(new Map(goal.split(" ").map((c, v) => [v - 1, BigInt(c)])));
  const lines = new Lines(`${proof.replaceAll(";", "\n")}\n`);
  const taken = unlessRefused(() => {
    for (const _ of new Proof(lines, sequent).run());
    lines.finish();
    return true;
  });
  return taken === true;
}

/** What a statement says of shapes; null if it is refused. */
function shape({ statement }) {
  const own = unlessRefused(() => parseStatement(statement));
  if (own === null) return null;
  const sight = ({ offset, signature }) => [offset, signature];
  return {
    lengths: own.lengths,
    kinds: own.kinds,
    positions: [String(own.fewest), String(own.greatest)],
    windows: own.task.features.map((feature) => own.windows(feature).map((seen) => seen.map((x) => x.map(sight)))),
  };
}

/** The bound of float32's error, over 2^256; null where there is none. */
function error({ statement, step }) {
  const own = unlessRefused(() => parseStatement(statement));
  if (own === null) return null;
  return unlessRefused(() => String(new Rounding(own, step === null ? null : parseRational(step)).error));
}

const answers = {
  number: ({ text }) => {
    const value = parseRational(text);
    return value && [formatRational(value), formatDecimal(value), numberText(value)];
  },
  image,
  shape,
  rule,
  error,
  failures,
  check: ({ statement, certificate }) => checkCertificate(statement, certificate),
};

const questions = JSON.parse(readFileSync(0, "utf8"));
process.stdout.write(JSON.stringify(questions.map((q) => answers[q.op](q))));

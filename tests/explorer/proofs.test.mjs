import assert from "node:assert/strict";
import test from "node:test";
import { parseCertificate } from "../../exactcnn/report/explorer/engine/certificate.js";
import { checkCertificate, checkInSteps } from "../../exactcnn/report/explorer/engine/checker.js";
import { decide } from "../../exactcnn/report/explorer/engine/task.js";
import { parseStatement } from "../../exactcnn/report/explorer/engine/statement.js";
import { proofTree } from "../../exactcnn/report/explorer/engine/tree.js";
import { witnessImage } from "../../exactcnn/report/explorer/engine/witness.js";
import * as words from "../../exactcnn/report/explorer/engine/words.js";
import { names, pair } from "./pairs.mjs";

/** All obligations of a certificate. */
function parts({ facts, head }) {
  const blocks = facts.flatMap((fact, i) => fact.blocks.map((_, j) => ({ fact: i, block: j })));
  return [...blocks, ...head.map((_, i) => ({ conclusion: i }))];
}

/** All lines of a tree, in order; fails if a branch is open. */
function lines(branch) {
  assert.ok(!branch.open);
  return branch.steps.flatMap((step) => [step.line, ...step.branches.flatMap(lines)]);
}

test("every obligation of the golden certificates opens, and its tree has every line of its proof", () => {
  let opened = 0;
  for (const name of names("golden")) {
    const texts = pair("golden", name);
    const [statement, certificate] = [parseStatement(texts.statement), parseCertificate(texts.certificate)];
    for (const part of parts(certificate)) {
      const view = proofTree(statement, certificate, part);
      assert.equal(view.failure, null, `${name} ${JSON.stringify(part)}`);
      const { line, end } = "fact" in part ? certificate.facts[part.fact].blocks[part.block] : certificate.head[part.conclusion];
      if (view.how === "same") assert.ok(view.same > 0 && view.same < line);
      if (view.how === "box") assert.notEqual(view.interval, null);
      if (view.how !== "prove") continue;
      opened += 1;
      const first = "fact" in part ? line + 1 : line + 2;
      assert.deepEqual(lines(view.tree), Array.from({ length: end - first }, (_, i) => first + i));
    }
  }
  assert.ok(opened > 60);
});

test("one obligation in words and numbers", () => {
  const texts = pair("golden", "mixed");
  const [statement, certificate] = [parseStatement(texts.statement), parseCertificate(texts.certificate)];
  const number = certificate.facts.findIndex((fact) => fact.kind === "upper");
  const fact = certificate.facts[number];
  assert.equal(words.factSentence(statement, fact), 'S_0 is at most 0 where all windows are clear of "bar"');
  const view = proofTree(statement, certificate, { fact: number, block: 1 });
  assert.equal(view.place, "of its field row 0 of 2 and columns 0 to 1 of 2 lie in the image");
  assert.deepEqual(view.variables.map((v) => v.name), [
    "x[0,0,0]", "x[0,0,1]", "y1[1,0,0]", "y1[1,0,1]", "y3[0,0,0]", "below[0,0,0]", "below[0,0,1]",
  ]);
  assert.equal(view.variables[2].definition, "max(0, (-8*x[0,0,0] + 7)/8)");
  assert.equal(view.goal, "-y3[0,0,0] >= 0");
  const [first, , combined, , last] = view.tree.steps;
  assert.deepEqual(first.adds, {
    number: 15, row: [[2, 1n], [5, -1n]], text: "y1[1,0,0] - below[0,0,0] >= 0", about: "by sub",
  });
  assert.deepEqual(combined.uses, [14, 15, 16].map((row, i) => ({ row, factor: i ? "2" : "1" })));
  assert.equal(last.closes, "goal");
  assert.equal(words.conclusionSentence(statement, certificate.head[0]),
    'where the formula of class "both" holds, its logit is at least 1');
});

test("a broken number shows at its line, in the tree and in the check", () => {
  const texts = pair("golden", "mixed");
  const statement = parseStatement(texts.statement);
  const broken = texts.certificate.replace("lin 3 14 1 15 2 16 2", "lin 3 14 1 15 2 16 1");
  const certificate = parseCertificate(broken);
  const failing = parts(certificate).filter((part) => proofTree(statement, certificate, part).failure);
  assert.equal(failing.length, 1);
  const view = proofTree(statement, certificate, failing[0]);
  const { line, rule, expected } = checkCertificate(texts.statement, broken);
  assert.deepEqual([view.failure.line, view.failure.rule, view.failure.expected], [line, rule, expected]);
  const last = view.tree.steps[view.tree.steps.length - 1];
  assert.equal(last.line, line);
  assert.equal(last.failed.expected, expected);
  assert.ok(view.tree.open);
});

test("other things that can be broken in one obligation", () => {
  const texts = pair("golden", "mixed");
  const statement = parseStatement(texts.statement);
  const changes = [
    ["upper 0 0 avoid 0\nbox", "upper 0 -1 avoid 0\nbox"],
    ["same 1 0 0 0 0", "same 0"],
    ["prove 1 0 0 0 0", "prove 1 0 0 5 0"],
    ["qed 1 18 1\nbox\nsame", "box\nsame"],
    ["lower 0 0 0 1\nsee 0 0 box", "lower 0 0 0 2\nsee 0 0 box"],
    ["lower 0 0 0 1\nsee 0 0 box", "lower 0 0 0 1\nsee 7 0 box"],
  ];
  for (const [old, text] of changes) {
    assert.ok(texts.certificate.includes(old), old);
    const broken = texts.certificate.replace(old, text);
    const certificate = parseCertificate(broken);
    const views = parts(certificate).map((part) => proofTree(statement, certificate, part));
    const { line } = checkCertificate(texts.statement, broken);
    assert.equal(views.find((view) => view.failure).failure.line, line, text);
  }
  const spare = parseCertificate(texts.certificate.replace("qed 1 18 1\nbox\nsame", "qed 1 18 1\nqed 1 18 1\nbox\nsame"));
  const failures = parts(spare).map((part) => proofTree(statement, spare, part).failure).filter(Boolean);
  assert.equal(failures[0].expected, "nothing more, as no branch is open");
  assert.throws(() => proofTree(statement, spare, { fact: 99, block: 0 }), RangeError);
  assert.throws(() => proofTree(statement, spare, { conclusion: 99 }), RangeError);
});

test("witnesses are admissible images of their classes", () => {
  for (const name of names("golden")) {
    const texts = pair("golden", name);
    const [{ task }, certificate] = [parseStatement(texts.statement), parseCertificate(texts.certificate)];
    for (const witness of certificate.witnesses) {
      const image = witnessImage(task.channels, witness);
      assert.deepEqual([image.rows, image.columns], witness.size);
      assert.equal(decide(task, image).label, witness.label, name);
    }
  }
});

test("a certificate without structure names its line", () => {
  const { certificate } = pair("golden", "mixed");
  assert.throws(() => parseCertificate(certificate.replace("\nhead\n", "\nheads\n")), { name: "Refused", rule: "head" });
  assert.throws(() => parseCertificate(certificate.slice(0, -4)), { expected: "a line of ASCII text" });
});

test("a check in steps tells of its progress and can be stopped", async () => {
  const { statement, certificate } = pair("golden", "mixed");
  const seen = [];
  const result = await checkInSteps(statement, certificate, (line, total) => void seen.push([line, total]), 0);
  assert.equal(result.verdict, "PROVED");
  assert.ok(seen.length > 10);
  assert.ok(seen.every(([line, total]) => line <= total));
  assert.equal(await checkInSteps(statement, certificate, () => false, 0), null);
  const rejected = await checkInSteps(statement, certificate.replace("lin 3", "lin 2"));
  assert.deepEqual([rejected.verdict, rejected.rule], ["REJECTED", "lin"]);
});

test("sizes that would need gigabytes are refused at once", () => {
  const { statement, certificate } = pair("golden", "mixed");
  const wide = certificate.replace("witness 0 4 4 4 4 3 3", "witness 0 4 999999999 4 999999999 3 3");
  assert.notEqual(wide, certificate);
  assert.throws(() => parseCertificate(wide), { name: "Refused", rule: "witness" });
  assert.equal(checkCertificate(statement, wide).rule, "witness");
  const many = statement.replace(/conv out \d+ in/, "conv out 999999999 in");
  assert.throws(() => parseStatement(many), { name: "Refused", expected: "at most 20000000 weights" });
  const huge = certificate.replace("facts 6", "facts 999999999");
  assert.equal(checkCertificate(statement, huge).verdict, "REJECTED");
});

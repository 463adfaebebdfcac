import assert from "node:assert/strict";
import test from "node:test";
import { imageOf, imageOver, mapOf } from "../../exactcnn/report/explorer/engine/exact.js";
import { evaluate, isDefined } from "../../exactcnn/report/explorer/engine/network.js";
import { formatRational, rational } from "../../exactcnn/report/explorer/engine/rational.js";
import { parseStatement } from "../../exactcnn/report/explorer/engine/statement.js";
import * as task from "../../exactcnn/report/explorer/engine/task.js";
import { pair } from "./pairs.mjs";

const mixed = () => parseStatement(pair("golden", "mixed").statement);

test("a statement's parts", () => {
  const { task: own, network, least, most, margin, kinds, hash } = mixed();
  assert.deepEqual(own.features.map((f) => f.name), ["bar", "col"]);
  assert.deepEqual(own.classes.map((c) => c.name), ["both", "one", "none"]);
  assert.deepEqual(network.stem.map((layer) => layer.word), ["conv", "relu", "conv", "relu"]);
  assert.equal(network.pool, "max");
  assert.deepEqual([least, most], [[1, 1], [null, null]]);
  assert.equal(formatRational(margin), "1/2");
  assert.equal(kinds.length, 4);
  assert.equal(hash, /statement (\w+)/.exec(pair("golden", "mixed").certificate)[1]);
});

test("a statement that is refused names its line and rule", () => {
  const { statement } = pair("golden", "mixed");
  const changed = statement.replace("globalpool max", "globalpool median");
  const line = changed.split("\n").indexOf("globalpool median") + 1;
  assert.throws(() => parseStatement(changed), {
    name: "Refused", line, rule: "network", expected: "max, sum or mean", got: "median",
  });
  assert.throws(() => parseStatement(`${statement}\n`), { expected: "the end of the file" });
});

test("windows, costs and the label of an image", () => {
  const { task: own } = mixed();
  const image = imageOver(1, 2, 2, [16, 15, 0, 4], 16);
  const found = task.decide(own, image);
  assert.deepEqual(found.statuses.map((s) => s.state), ["contains", "avoids"]);
  assert.deepEqual(found.statuses[0].exhibiting, [{ template: 0, row: 0, column: 0 }]);
  assert.equal(own.classes[found.label].name, "one");
  const { costs, excess } = task.windowCosts(own, image, 0, { template: 0, row: 1, column: 0 });
  assert.deepEqual(costs.map((c) => formatRational(c.excess)), ["7/8", "5/8"]);
  assert.equal(formatRational(excess), "3/2");
  assert.deepEqual(task.excessMap(own, image, 0, 0).values().map(formatRational), ["0", "3/2"]);
  assert.throws(() => task.windowCosts(own, image, 0, { template: 0, row: 2, column: 0 }), RangeError);
  assert.throws(() => task.decide(own, imageOver(2, 1, 1, [0, 0], 1)), RangeError);
});

test("an image that is not admissible", () => {
  const { task: own } = mixed();
  const found = task.decide(own, imageOf(1, 1, 2, [rational(13, 16), rational(13, 16)]));
  assert.equal(found.label, null);
  assert.equal(found.statuses[0].state, "neither");
  assert.match(found.reason, /feature "bar" is only almost there in the window at row 0, column 0: the excess is 1\/8/);
});

test("pixels outside the range", () => {
  const { task: own } = mixed();
  assert.equal(task.pixelOutside(own, imageOver(1, 2, 2, [0, 8, 8, 0], 8)), null);
  assert.deepEqual(task.pixelOutside(own, imageOver(1, 2, 3, [0, 8, 8, 1, 9, -1], 8)), { channel: 0, row: 1, column: 1 });
  const two = { ...own, channels: 2 };
  const image = imageOver(2, 1, 3, [0, 8, 8, 1, -1, 9], 8);
  assert.deepEqual(task.pixelOutside(two, image), { channel: 1, row: 0, column: 1 });
});

test("what a network computes, level by level", () => {
  const { task: own, network } = mixed();
  const found = evaluate(network, own, imageOver(1, 2, 2, [16, 15, 0, 4], 16));
  assert.deepEqual(found.pooled.values().map(formatRational), ["1", "0"]);
  assert.deepEqual([...found.reached[0]], [0]);
  assert.equal(found.reached[1].length, 4);
  assert.deepEqual(found.logits.map(formatRational), ["0", "1", "1/2"]);
  assert.equal(found.stem.length, network.stem.length);
});

test("a network is not defined at every size", () => {
  const { task: own, network } = parseStatement(
    pair("golden", "sum").statement.replace("sizes 1 2 2 2", "sizes 1 9 2 9"),
  );
  assert.equal(isDefined(network, 3, 1), false);
  assert.throws(() => evaluate(network, own, imageOver(1, 3, 1, [0, 0, 0], 1)), RangeError);
  assert.throws(() => evaluate(network, own, imageOver(2, 1, 2, [0, 0, 0, 0], 1)), RangeError);
});

test("numbers far beyond 2^53 stay exact", () => {
  const { task: own, network } = mixed();
  const [p, q] = [3n ** 60n - 1n, 3n ** 60n];
  const found = evaluate(network, own, imageOf(1, 1, 2, [rational(p, q), rational(p, q)]));
  assert.deepEqual(found.logits.map(formatRational), ["0", "1", "1/2"]);
  assert.equal(found.input.values()[0].q, q);
  const map = task.excessMap(own, imageOf(1, 1, 2, [rational(1n, q), rational(0)]), 0, 0);
  assert.deepEqual(map.at(0, 0, 0), rational(7n * q - 4n, 4n * q));
});

test("sums and products beyond 2^53 of numbers below it stay exact", () => {
  const text = pair("golden", "pairs").statement;
  const { task: own, network } = parseStatement(text);
  const flat = { ...network, stem: [], pool: "sum", width: 1, head: [] };
  const top = 2n ** 53n - 1n;
  const image = mapOf(1, 1, 3, [top, top, top], top + 1n);
  assert.ok(image.data instanceof Float64Array);
  assert.deepEqual(evaluate(flat, own, image).logits, [rational(3n * top, top + 1n)]);
  assert.deepEqual(evaluate({ ...flat, pool: "mean" }, own, image).logits, [rational(top, top + 1n)]);
  const tap = { channel: 0, row: 0, column: 0, weight: 3n };
  const layer = { ...network.head[0], inputs: 1, outputs: 1, taps: [[tap]], bias: [1n], scale: 1n, norm: 3n };
  const found = evaluate({ ...flat, pool: "max", head: [layer] }, own, image);
  assert.deepEqual(found.logits, [rational(3n * top + top + 1n, top + 1n)]);
});

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import test from "node:test";
import { imageOf, imageOver, mapOf } from "../../exactcnn/report/explorer/engine/exact.js";
import * as exact from "../../exactcnn/report/explorer/engine/rational.js";
import { Sha256 } from "../../exactcnn/report/explorer/engine/sha256.js";

const { rational, parseRational, formatRational } = exact;

test("lowest terms, with the sign above", () => {
  assert.deepEqual(rational(6, -4), { p: -3n, q: 2n });
  assert.deepEqual(rational(0n, 7n), { p: 0n, q: 1n });
  assert.throws(() => rational(1, 0), RangeError);
});

test("arithmetic", () => {
  const [a, b] = [rational(1, 3), rational(-1, 6)];
  const shown = [exact.add(a, b), exact.subtract(a, b), exact.multiply(a, b), exact.divide(a, b)].map(formatRational);
  assert.deepEqual(shown, ["1/6", "1/2", "-1/18", "-2"]);
  assert.deepEqual([exact.compare(a, b), exact.compare(b, a), exact.compare(a, rational(2, 6))], [1, -1, 0]);
  assert.equal(exact.largest([b, a, rational(0)]), a);
  assert.throws(() => exact.divide(a, rational(0)), RangeError);
});

test("greatest common divisors of small and large numbers, rounding down, digits", () => {
  assert.equal(exact.gcd(-12n, 18n), 6n);
  assert.equal(exact.gcd(0n, -5n), 5n);
  assert.equal(exact.gcd(0n, 0n), 0n);
  assert.equal(exact.gcd(3n ** 80n * 2n ** 70n, 3n ** 50n * 5n ** 60n), 3n ** 50n);
  assert.equal(exact.lcm([4n, 6n, 10n]), 60n);
  assert.deepEqual([exact.floorDivide(7n, 2n), exact.floorDivide(-7n, 2n), exact.floorDivide(-8n, 2n)], [3n, -4n, -4n]);
  const powers = [0n, 1n, 2n, 3n, 15n, 16n, 2n ** 64n - 1n, -(2n ** 64n)];
  assert.deepEqual(powers.map(exact.bits), [0, 1, 2, 2, 4, 5, 64, 65]);
});

test("floating-point values of numbers beyond its range", () => {
  assert.equal(exact.approximate(rational(1, 3)), 1 / 3);
  assert.ok(Math.abs(exact.approximate(rational(10n ** 400n, 3n * 10n ** 400n)) - 1 / 3) < 1e-15);
  assert.equal(exact.approximate(rational(-(10n ** 400n))), -Infinity);
});

test("what is no number", () => {
  for (const text of ["", ".", "1/0", "1_0", "0x1", " 1", "1e5000", "٣"]) assert.equal(parseRational(text), null, text);
  assert.equal(formatRational(parseRational("-0.125")), "-1/8");
});

test("maps keep large integers as BigInts, small ones as floating-point numbers", () => {
  const limit = 2n ** 53n;
  assert.ok(mapOf(1, 1, 2, [limit, -limit], 3n).data instanceof Float64Array);
  const large = mapOf(1, 1, 1, [limit + 1n], 3n);
  assert.ok(!(large.data instanceof Float64Array));
  assert.deepEqual(large.at(0, 0, 0), rational(limit + 1n, 3n));
  const image = imageOf(1, 1, 2, [rational(1, 2), rational(-2, 3)]);
  assert.equal(image.scale, 6n);
  assert.deepEqual(image.values().map(formatRational), ["1/2", "-2/3"]);
  assert.equal(image.over(12n).data[1], -8);
  assert.throws(() => imageOf(1, 1, 2, [rational(1)]), RangeError);
  assert.throws(() => imageOver(1, 1, 1, [0.5], 2), RangeError);
  assert.throws(() => imageOver(1, 1, 1, [2 ** 53], 2), RangeError);
  assert.throws(() => imageOver(1, 1, 2, [1], 2), RangeError);
  assert.deepEqual(imageOver(1, 1, 2, [1, 3], 2).entry(1), rational(3, 2));
});

test("SHA-256", () => {
  for (const size of [0, 1, 55, 56, 63, 64, 65, 1000]) {
    const text = "exact ".repeat(200).slice(0, size);
    assert.equal(new Sha256().add(text).hex(), createHash("sha256").update(text).digest("hex"), String(size));
  }
});

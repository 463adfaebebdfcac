/** How far logits computed in binary32 may be from exact ones (FORMAT.md, "Float32"). */

import { need, Refused } from "./lines.js";
import { bits, floorDivide, gcd, magnitude } from "./rational.js";

/** Bounds of rounding errors are integers over this. */
export const FINE = 1n << 256n;

/**
 * @typedef {[bigint, bigint, bigint]} Ends the least and the greatest exact value and the greatest error, over FINE
 * @typedef {import("./statement.js").Layer} Layer
 */

/** Of each channel `ends`, rounded outwards; while every number is a multiple of `step` nothing may be rounded. */
export class Rounding {
  /**
   * @param {import("./statement.js").Statement} statement
   * @param {import("./rational.js").Rational | null} step
   */
  constructor(statement, step) {
    const { network, task } = statement;
    const [low, high] = task.pixel.map((x) => x * FINE);
    /** @type {Ends} */
    const ends = [floorDivide(low, task.unit), -floorDivide(-high, task.unit), 0n];
    /** @type {bigint | null} */
    this.step = step === null ? null : FINE / step.q;
    /** @type {Ends[]} */
    this.ends = new Array(task.channels).fill(network.input === "byte" ? [0n, 255n * FINE, 0n] : ends);
    for (const layer of network.stem) this.through(layer);
    if (network.pool !== "max") this.pooled(statement);
    for (const layer of network.head) this.through(layer);
    this.error = this.ends.reduce((most, [, , e]) => (e > most ? e : most), 0n);
  }

  /** @param {Layer} layer */
  through(layer) {
    if (layer.word === "maxpool") return;
    if (layer.word === "relu") {
      this.ends = this.ends.map(([a, b, e]) => [above(a), above(b), e]);
      return;
    }
    if (layer.top + layer.left + layer.bottom + layer.end) {
      this.ends = this.ends.map(([a, b, e]) => [-above(-a), above(b), e]);
    }
    const weights = new Set(layer.bias);
    for (const taps of layer.taps) for (const { weight } of taps) weights.add(weight);
    for (const weight of weights) {
      need(isFloat32(weight, layer.scale), "weights that float32 holds", `${weight}/${layer.scale}`);
    }
    const cells = layer.rows * layer.columns;
    /** @type {[number, bigint][][]} */
    let rows = layer.taps.map((taps) => taps.map(({ channel, weight }) => [channel, weight]));
    if (!rows.length) rows = layer.bias.map((_, k) => new Array(cells).fill([k, 1n]));
    this.summed(rows, layer.bias, layer.scale, layer.word === "avgpool", 0n);
  }

  /** @param {import("./statement.js").Statement} statement */
  pooled(statement) {
    const number = statement.greatest;
    if (number === null) throw new Refused("a greatest size where positions are summed", statement.sizes());
    const mean = statement.network.pool === "mean";
    // Which divisions are exact depends on the size.
    if (mean && statement.fewest !== number) this.step = null;
    // The least sum of fewer positions may be nearer to 0, so that 0 is taken in.
    this.ends = this.ends.map(([a, b, e]) => [-above(-a * number), above(b * number), e * number]);
    const bias = this.ends.map(() => 0n);
    this.summed(this.ends.map((_, k) => [[k, 1n]]), bias, mean ? number : 1n, mean, number);
  }

  /**
   * Sums of products and a bias, in any order, over `scale`; `more` roundings than terms.
   * @param {[number, bigint][][]} rows
   * @param {bigint[]} bias
   * @param {bigint} scale
   * @param {boolean} mean
   * @param {bigint} more
   */
  summed(rows, bias, scale, mean, more) {
    const [before, step] = [this.ends, this.step];
    const fits = step !== null && (scale & (scale - 1n)) === 0n && step >= (scale * FINE) >> 126n;
    let most = 0n;
    const found = rows.map((row, o) => {
      let a = bias[o] * FINE;
      let c = a;
      let size = magnitude(a);
      let error = 0n;
      for (const [k, w] of row) {
        const [low, high, e] = before[k];
        [a, c] = w > 0n ? [a + w * low, c + w * high] : [a + w * high, c + w * low];
        const weight = magnitude(w);
        size += weight * ((-low > high ? -low : high) + e);
        error += weight * e;
      }
      if (size > most) most = size;
      return { a: floorDivide(a, scale), c: -floorDivide(-c, scale), size, error, k: BigInt(row.length + 2) + more };
    });
    const limit = mean ? FINE : scale * FINE; // a mean's sum is computed before it is divided
    need(most < limit << 126n, "numbers far below float32's largest", most);
    const exact = fits && step !== null && most <= step << 24n;
    this.step = exact && step !== null ? step / scale : null;
    this.ends = found.map(({ a, c, size, error, k }) => {
      need(k < 1n << 23n, "fewer terms", k);
      // (1 + 2^-24)^k - 1 <= k / (2^24 - k); a product or quotient that underflows is off by 2^-150 at most.
      const lost = exact ? 0n : -floorDivide(-size * k, (1n << 24n) - k) + ((scale * k * FINE) >> 148n);
      return /** @type {Ends} */ ([a, c, -floorDivide(-(error + lost), scale)]);
    });
  }
}

/** @param {bigint} x */
function above(x) {
  return x > 0n ? x : 0n;
}

/**
 * Whether p/q is a number of binary32 that is normal, or 0.
 * @param {bigint} p
 * @param {bigint} q
 */
export function isFloat32(p, q) {
  if (p === 0n) return true;
  const g = gcd(p, q);
  const [n, d] = [magnitude(p) / g, q / g];
  const exponent = bits(n) - bits(d);
  return (d & (d - 1n)) === 0n && bits(n / (n & -n)) <= 24 && exponent >= -126 && exponent <= 126;
}

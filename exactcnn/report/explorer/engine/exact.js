/**
 * Arrays of exact rationals: integers over one common denominator, channel by channel, row by row.
 *
 * The integers are in a Float64Array where a bound on all of them, worked out before they are computed, is at most
 * 2^53: sums, differences and products of such integers are exact in floating point as long as they stay within that
 * bound too. Everywhere else they are BigInts. `largest` is a bound on the magnitudes (not always attained).
 *
 * @typedef {import("./rational.js").Rational} Rational
 */

import { lcm, magnitude, rational } from "./rational.js";

/** All integers up to this magnitude are floating-point numbers. */
const SAFE = 2n ** 53n;

/**
 * Whether integers of at most this magnitude can be kept, added and subtracted in floating point.
 * @param {bigint} bound
 */
export function isSafe(bound) {
  return bound <= SAFE;
}

export class ExactMap {
  /**
   * @param {number} channels
   * @param {number} rows
   * @param {number} columns
   * @param {Float64Array | bigint[]} data
   * @param {bigint} scale the common denominator, > 0
   * @param {bigint} bound no entry's magnitude exceeds it
   */
  constructor(channels, rows, columns, data, scale, bound) {
    this.channels = channels;
    this.rows = rows;
    this.columns = columns;
    this.data = data;
    this.scale = scale;
    this.largest = bound;
  }

  /**
   * Where an entry stands in `data`.
   * @param {number} channel
   * @param {number} row
   * @param {number} column
   */
  place(channel, row, column) {
    return (channel * this.rows + row) * this.columns + column;
  }

  /**
   * An entry.
   * @param {number} channel
   * @param {number} row
   * @param {number} column
   */
  at(channel, row, column) {
    return rational(this.data[this.place(channel, row, column)], this.scale);
  }

  /**
   * The entry at a place of `data`.
   * @param {number} place
   */
  entry(place) {
    return rational(this.data[place], this.scale);
  }

  /** All entries, in the order of `data`. */
  values() {
    return this.big().map((n) => rational(n, this.scale));
  }

  /**
   * An entry as a floating-point number: for drawing only.
   * @param {number} place
   */
  near(place) {
    return Number(this.data[place]) / Number(this.scale);
  }

  /** The entries as BigInts. */
  big() {
    return this.data instanceof Float64Array ? Array.from(this.data, BigInt) : this.data;
  }

  /**
   * The same numbers over a multiple of the denominator.
   * @param {bigint} scale
   */
  over(scale) {
    const factor = scale / this.scale;
    if (factor === 1n) return this;
    return mapOf(this.channels, this.rows, this.columns, this.big().map((n) => n * factor), scale);
  }
}

/**
 * Integers over a denominator, kept as compactly as they can be.
 * @param {number} channels
 * @param {number} rows
 * @param {number} columns
 * @param {readonly bigint[]} numerators
 * @param {bigint} scale
 */
export function mapOf(channels, rows, columns, numerators, scale) {
  const bound = numerators.reduce((most, n) => (magnitude(n) > most ? magnitude(n) : most), 0n);
  const data = isSafe(bound) ? Float64Array.from(numerators, Number) : [...numerators];
  return new ExactMap(channels, rows, columns, data, scale, bound);
}

/**
 * An image, or any other array, of rationals given channel by channel, row by row.
 * @param {number} channels
 * @param {number} rows
 * @param {number} columns
 * @param {readonly Rational[]} values
 * @throws {RangeError} their number is another one
 */
export function imageOf(channels, rows, columns, values) {
  if (values.length !== channels * rows * columns) throw new RangeError(`${values.length} values`);
  const scale = lcm(new Set(values.map((x) => x.q)));
  return mapOf(channels, rows, columns, values.map((x) => x.p * (scale / x.q)), scale);
}

/**
 * An image of integers over a denominator, all given as numbers: what a page paints with.
 * @param {number} channels
 * @param {number} rows
 * @param {number} columns
 * @param {ArrayLike<number>} numerators integers of magnitude up to 2^53
 * @param {number | bigint} scale
 * @throws {RangeError} their number is another one, or one is no such integer
 */
export function imageOver(channels, rows, columns, numerators, scale) {
  const data = Float64Array.from(numerators);
  if (data.length !== channels * rows * columns) throw new RangeError(`${data.length} values`);
  let most = 0;
  for (const n of data) {
    if (!Number.isSafeInteger(n)) throw new RangeError(`${n} is no integer up to 2^53`);
    if (Math.abs(n) > most) most = Math.abs(n);
  }
  return new ExactMap(channels, rows, columns, data, BigInt(scale), BigInt(most));
}

/**
 * sums[i] += sources[k][i + shifts[k]] for all i and k: four sources at a time, which is what makes it quick.
 * @param {Float64Array} sums
 * @param {Float64Array[]} sources
 * @param {number[]} shifts
 */
export function addRuns(sums, sources, shifts) {
  let k = 0;
  for (; k + 3 < sources.length; k += 4) {
    const [a, b, c, d] = [sources[k], sources[k + 1], sources[k + 2], sources[k + 3]];
    const [m, n, o, p] = [shifts[k], shifts[k + 1], shifts[k + 2], shifts[k + 3]];
    for (let i = 0; i < sums.length; i += 1) sums[i] += a[i + m] + b[i + n] + c[i + o] + d[i + p];
  }
  for (; k < sources.length; k += 1) {
    const [a, m] = [sources[k], shifts[k]];
    for (let i = 0; i < sums.length; i += 1) sums[i] += a[i + m];
  }
}

/**
 * The stem along one axis: which parts of its field exist at a position, and how windows are seen (FORMAT.md, "Border
 * kinds" and "Classes of windows").
 *
 * @typedef {readonly (readonly [number, number])[]} Signature of each level but the last, the part of the range that
 *   exists, relative to the range's start
 * @typedef {{readonly offset: number, readonly signature: Signature}} Sight a window's offset in a position's field,
 *   and the position's signature
 * @typedef {{kernel: number, step: number, before: number, after: number}} Level
 */

import { need } from "./lines.js";

const LARGEST_FIELD = 512;

export class Axis {
  /**
   * @param {Level[]} levels
   * @param {number[]} sizes the windows' lengths
   */
  constructor(levels, sizes) {
    this.levels = levels.length ? levels : [{ kernel: 1, step: 1, before: 0, after: 0 }];
    this.sizes = sizes;
    // Of each level (the image's first), position i needs [starts + i * steps, starts + i * steps + lengths).
    this.starts = [0];
    this.lengths = [1];
    this.steps = [1];
    for (const { kernel, step, before } of [...this.levels].reverse()) {
      this.starts.unshift(this.starts[0] * step - before);
      this.lengths.unshift((this.lengths[0] - 1) * step + kernel);
      this.steps.unshift(this.steps[0] * step);
      const large = Math.max(this.steps[0], this.lengths[0], -this.starts[0]);
      need(large <= LARGEST_FIELD, `a field, step and padding of at most ${LARGEST_FIELD}`, large);
    }
    this.stride = this.steps[0];
    this.field = this.lengths[0];
    this.origin = this.starts[0];
  }

  /**
   * The lengths of all levels, the image's first; empty if a window does not fit.
   * @param {number} length
   */
  extents(length) {
    const found = [length];
    for (const { kernel, step, before, after } of this.levels) {
      found.push(Math.floor((found[found.length - 1] + before + after - kernel) / step) + 1);
      if (found[found.length - 1] < 1) return [];
    }
    return found;
  }

  /**
   * @param {number} position
   * @param {number[]} extents
   * @returns {Signature}
   */
  signature(position, extents) {
    return extents.slice(0, -1).map((extent, level) => {
      const begin = this.starts[level] + position * this.steps[level];
      const [first, last] = [Math.max(0, -begin), Math.min(this.lengths[level], extent - begin)];
      return first < last ? [first, last] : [0, 0];
    });
  }

  /**
   * Lengths at which every signature and every class of windows of the range occurs.
   * @param {number} least
   * @param {number | null} most
   */
  representatives(least, most) {
    const top = Math.max(...this.starts.map((start, i) => -Math.floor(start / this.steps[i])));
    const seeing = Math.max(0, Math.floor((this.field - Math.min(...this.sizes)) / this.stride) + 1);
    let settled = this.stride + Math.max(...this.sizes);
    while (this.unclipped(this.extents(settled)) <= top + seeing) settled += 1;
    const last = Math.max(least, settled) + this.stride - 1;
    const found = new Set();
    for (let n = least; n <= (most === null ? last : Math.min(last, most)); n += 1) {
      found.add(n < settled ? n : settled + ((n - settled) % this.stride));
    }
    return /** @type {number[]} */ ([...found]);
  }

  /**
   * How many positions have all their ranges end inside the levels.
   * @param {number[]} extents
   */
  unclipped(extents) {
    const ends = extents.map((n, i) => Math.floor((n - this.starts[i] - this.lengths[i]) / this.steps[i]) + 1);
    return extents.length ? Math.max(0, Math.min(...ends)) : 0;
  }

  /**
   * All signatures at these lengths, in order of first occurrence.
   * @param {number[]} lengths
   * @returns {Signature[]}
   */
  kinds(lengths) {
    const found = new Map();
    for (const extents of lengths.map((n) => this.extents(n))) {
      for (let i = 0; i < (extents[extents.length - 1] ?? 0); i += 1) {
        const signature = this.signature(i, extents);
        const key = JSON.stringify(signature);
        if (!found.has(key)) found.set(key, signature);
      }
    }
    return [...found.values()];
  }

  /**
   * All ways in which the positions see a window of this size, in order of first occurrence.
   * @param {number} size
   * @param {number[]} lengths
   * @returns {Sight[][]}
   */
  windows(size, lengths) {
    const found = new Map();
    for (const length of lengths) {
      const extents = this.extents(length);
      for (let row = 0; row + size <= length; row += 1) {
        const first = -Math.floor((this.origin + this.field - row - size) / this.stride);
        const end = Math.min(Math.floor((row - this.origin) / this.stride) + 1, extents[extents.length - 1]);
        /** @type {Sight[]} */
        const seen = [];
        for (let i = Math.max(0, first); i < end; i += 1) {
          seen.push({ offset: row - this.origin - i * this.stride, signature: this.signature(i, extents) });
        }
        const key = JSON.stringify(seen);
        if (!found.has(key)) found.set(key, seen);
      }
    }
    return [...found.values()];
  }
}

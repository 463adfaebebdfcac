/**
 * What a task says of an image: windows and their excess, exhibits and clear, contains and avoids, the label.
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./statement.js").Task} Task
 * @typedef {import("./statement.js").Feature} Feature
 *
 * @typedef {{template: number, row: number, column: number}} Place a window, and a template of its feature
 * @typedef {Place & {excess: Rational}} NearMiss a window neither exhibiting nor clear, and the nearest template
 *
 * @typedef {object} Status
 * @property {string} name the feature
 * @property {"contains" | "avoids" | "neither"} state
 * @property {Place[]} exhibiting all windows that exhibit the feature, by row, column and template
 * @property {Rational | null} nearest the least excess over all windows and templates; null if no window fits
 * @property {NearMiss[]} offending all windows neither exhibiting nor clear, by row and column
 *
 * @typedef {object} Decision
 * @property {Status[]} statuses one a feature
 * @property {number[] | null} configuration the features contained, if all others are avoided
 * @property {number[]} satisfied the classes that the configuration satisfies
 * @property {number | null} label the class, if the image is admissible
 * @property {string | null} reason why the image is not admissible
 *
 * @typedef {object} Cost what one pixel adds to a window's excess
 * @property {number} channel
 * @property {number} row in the window
 * @property {number} column
 * @property {Rational} value the pixel's
 * @property {Rational} low of the template's interval
 * @property {Rational} high
 * @property {Rational} excess
 */

import { addRuns, ExactMap, isSafe } from "./exact.js";
import { add, compare, formatRational, lcm, magnitude, rational, subtract, ZERO } from "./rational.js";

const MOST_SHOWN = 3;

/**
 * The image over a multiple of the task's unit, so that all comparisons are between integers.
 * @param {Task} task
 * @param {ExactMap} image
 */
function aligned(task, image) {
  if (image.channels !== task.channels) throw new RangeError(`an image of ${image.channels} channels`);
  return image.over(lcm([image.scale, task.unit]));
}

/**
 * The first pixel outside the pixel range, or null.
 * @param {Task} task
 * @param {ExactMap} image
 */
export function pixelOutside(task, image) {
  const map = aligned(task, image);
  const [low, high] = task.pixel.map((x) => x * (map.scale / task.unit));
  const place = map.data.findIndex((/** @type {number | bigint} */ x) => x < low || x > high);
  if (place < 0) return null;
  const cell = place % (map.rows * map.columns);
  const channel = Math.floor(place / (map.rows * map.columns));
  return { channel, row: Math.floor(cell / map.columns), column: cell % map.columns };
}

/**
 * What each pixel costs over each interval that occurs, computed once for all windows and templates.
 *
 * Each cost is at most the pixel's distance from both ends, so that the excess of a window, and every partial sum of
 * it, is at most (number of its pixels) * (largest pixel + largest end); where that is at most 2^53 it is kept in
 * floating point, which is then exact.
 */
class Costs {
  /**
   * @param {Task} task
   * @param {ExactMap} map the image over a multiple of the unit
   */
  constructor(task, map) {
    this.task = task;
    this.map = map;
    this.factor = map.scale / task.unit;
    const size = Math.max(...task.features.map((f) => f.rows * f.columns)) * task.channels;
    const end = task.pixel.reduce((most, x) => (magnitude(x) > most ? magnitude(x) : most), 0n) * this.factor;
    this.bound = BigInt(size) * (map.largest + end);
    this.safe = isSafe(this.bound) && map.data instanceof Float64Array;
    /** @type {(Float64Array | bigint[])[]} by interval */
    this.known = [];
  }

  /**
   * @param {Priced} part
   * @returns {Float64Array | bigint[]} one cost a pixel of the channel
   */
  of({ channel, low, high, interval }) {
    const found = this.known[interval];
    if (found) return found;
    const size = this.map.rows * this.map.columns;
    const part = this.map.data.slice(channel * size, (channel + 1) * size);
    const [least, most] = [low * this.factor, high * this.factor];
    /** @type {Float64Array | bigint[]} */
    let costs;
    if (part instanceof Float64Array && this.safe) {
      const [a, b] = [Number(least), Number(most)];
      costs = part.map((x) => (x > b ? x - b : x < a ? a - x : 0));
    } else {
      costs = bigs(part).map((x) => (x > most ? x - most : x < least ? least - x : 0n));
    }
    this.known[interval] = costs;
    return costs;
  }

  /**
   * The excess of every window over a template.
   * @param {Feature} feature
   * @param {number} template
   */
  excess(feature, template) {
    const { map, task } = this;
    const rows = Math.max(0, map.rows - feature.rows + 1);
    const columns = rows ? Math.max(0, map.columns - feature.columns + 1) : 0;
    const size = rows * columns;
    const parts = size ? priced(task, feature, feature.templates[template]) : [];
    const shifts = parts.map(({ row, column }) => row * map.columns + column);
    /** @type {Float64Array | bigint[]} */
    let result;
    if (this.safe) {
      // One run over the ends of rows; what it gives between the last window of a row and the next row is left out.
      const sums = new Float64Array(size && (rows - 1) * map.columns + columns);
      addRuns(sums, parts.map((part) => /** @type {Float64Array} */ (this.of(part))), shifts);
      const kept = new Float64Array(size);
      for (let i = 0; i < rows; i += 1) {
        kept.set(sums.subarray(i * map.columns, i * map.columns + columns), i * columns);
      }
      result = kept;
    } else {
      const sums = new Array(size).fill(0n);
      parts.forEach((part, k) => {
        const costs = this.of(part);
        sums.forEach((_, place) => {
          sums[place] += costs[Math.floor(place / columns) * map.columns + (place % columns) + shifts[k]];
        });
      });
      result = sums;
    }
    return new ExactMap(1, rows, columns, result, map.scale, this.bound);
  }
}

/** @param {Float64Array | bigint[]} numbers */
function bigs(numbers) {
  return numbers instanceof Float64Array ? Array.from(numbers, BigInt) : numbers;
}

/**
 * A pixel of a template that not every value suits; `interval` is a number that equal intervals of a channel share.
 * @typedef {{row: number, column: number, channel: number, low: bigint, high: bigint, interval: number}} Priced
 */

/** @type {WeakMap<import("./statement.js").Template, Priced[]>} */
const PRICED = new WeakMap();
/** @type {WeakMap<Task, Map<string, number>>} */
const INTERVALS = new WeakMap();

/**
 * @param {Task} task
 * @param {Feature} feature
 * @param {import("./statement.js").Template} template
 */
function priced(task, feature, template) {
  const known = PRICED.get(template);
  if (known) return known;
  const numbers = INTERVALS.get(task) ?? new Map();
  INTERVALS.set(task, numbers);
  const cells = feature.rows * feature.columns;
  /** @type {Priced[]} */
  const found = [];
  template.least.forEach((low, p) => {
    const high = template.most[p];
    if (low === task.pixel[0] && high === task.pixel[1]) return;
    const channel = Math.floor(p / cells);
    const key = `${channel} ${low} ${high}`;
    const interval = numbers.get(key) ?? numbers.size;
    numbers.set(key, interval);
    const [row, column] = [Math.floor((p % cells) / feature.columns), p % feature.columns];
    found.push({ row, column, channel, low, high, interval });
  });
  PRICED.set(template, found);
  return found;
}

/**
 * The excess of every window over one template: an entry a window, by its first row and column.
 * @param {Task} task
 * @param {ExactMap} image
 * @param {number} feature
 * @param {number} template
 */
export function excessMap(task, image, feature, template) {
  return new Costs(task, aligned(task, image)).excess(task.features[feature], template);
}

/**
 * What every pixel of a window adds to its excess over a template; pixels that any value suits are left out.
 * @param {Task} task
 * @param {ExactMap} image
 * @param {number} number of the feature
 * @param {Place} place
 * @returns {{costs: Cost[], excess: Rational}}
 * @throws {RangeError} the window is not inside the image
 */
export function windowCosts(task, image, number, place) {
  const feature = task.features[number];
  const inside = place.row + feature.rows <= image.rows && place.column + feature.columns <= image.columns;
  if (!inside || place.row < 0 || place.column < 0) throw new RangeError("a window outside the image");
  const [template, cells] = [feature.templates[place.template], feature.rows * feature.columns];
  const costs = [];
  let excess = ZERO;
  for (let p = 0; p < template.low.length; p += 1) {
    const [low, high] = [template.low[p], template.high[p]];
    if (compare(low, task.low) === 0 && compare(high, task.high) === 0) continue;
    const [row, column] = [Math.floor((p % cells) / feature.columns), p % feature.columns];
    const channel = Math.floor(p / cells);
    const value = image.at(channel, place.row + row, place.column + column);
    const above = compare(value, high) > 0;
    const cost = above ? subtract(value, high) : compare(value, low) < 0 ? subtract(low, value) : ZERO;
    costs.push({ channel, row, column, value, low, high, excess: cost });
    excess = add(excess, cost);
  }
  return { costs, excess };
}

/**
 * Decides an image of the task.
 * @param {Task} task
 * @param {ExactMap} image with all pixels in the pixel range (see pixelOutside)
 * @returns {Decision}
 */
export function decide(task, image) {
  const costs = new Costs(task, aligned(task, image));
  const statuses = task.features.map((feature) => statusOf(costs, feature));
  const unclear = statuses.filter((s) => s.state === "neither");
  /** @type {Decision} */
  const found = { statuses, configuration: null, satisfied: [], label: null, reason: null };
  if (unclear.length) {
    found.reason = almostThere(task, unclear);
    return found;
  }
  const configuration = statuses.flatMap((s, f) => (s.state === "contains" ? [f] : []));
  const satisfied = satisfiedBy(task, configuration);
  [found.configuration, found.satisfied] = [configuration, satisfied];
  if (satisfied.length === 1) {
    [found.label] = satisfied;
  } else {
    const shown = configuration.map((f) => `"${task.features[f].name}"`).join(", ") || "no feature";
    const names = satisfied.map((y) => `"${task.classes[y].name}"`).join(", ");
    const what = satisfied.length ? `more than one class: ${names}` : "no class";
    found.reason = `the image contains ${shown}, and that satisfies ${what}`;
  }
  return found;
}

/**
 * @param {Costs} costs
 * @param {Feature} feature
 * @returns {Status}
 */
function statusOf(costs, feature) {
  const maps = feature.templates.map((_, t) => costs.excess(feature, t));
  const [{ rows, columns, scale }] = maps;
  // An excess n/scale is below the gap exactly if n is below this; `offending` windows come closer but not to 0.
  const gap = feature.least * costs.factor;
  /** @type {Place[]} */
  const exhibiting = [];
  /** @type {NearMiss[]} */
  const offending = [];
  /** @type {number | bigint | null} */
  let nearest = null;
  for (let place = 0; place < rows * columns; place += 1) {
    let template = 0;
    for (let t = 1; t < maps.length; t += 1) if (maps[t].data[place] < maps[template].data[place]) template = t;
    const least = maps[template].data[place];
    if (nearest === null || least < nearest) nearest = least;
    if (least >= gap) continue;
    const [row, column] = [Math.floor(place / columns), place % columns];
    if (least > 0) offending.push({ template, row, column, excess: rational(least, scale) });
    else {
      maps.forEach(({ data }, t) => {
        if (Number(data[place]) === 0) exhibiting.push({ template: t, row, column });
      });
    }
  }
  const state = exhibiting.length ? "contains" : offending.length ? "neither" : "avoids";
  const distance = nearest === null ? null : rational(nearest, scale);
  return { name: feature.name, state, exhibiting, nearest: distance, offending };
}

/**
 * The classes that a set of features satisfies.
 * @param {Task} task
 * @param {readonly number[]} configuration
 */
export function satisfiedBy(task, configuration) {
  const contained = new Set(configuration);
  const found = task.classes.flatMap((c, y) => {
    const holds = (c.alternatives ?? []).some(
      (a) => a.requires.every((f) => contained.has(f)) && !a.forbids.some((f) => contained.has(f)),
    );
    return holds ? [y] : [];
  });
  return found.length ? found : task.classes.flatMap((c, y) => (c.alternatives === null ? [y] : []));
}

/**
 * @param {Task} task
 * @param {Status[]} unclear
 */
function almostThere(task, unclear) {
  const parts = unclear.slice(0, MOST_SHOWN).map((status) => {
    const gap = task.features.find((f) => f.name === status.name)?.gap ?? ZERO;
    const miss = status.offending.reduce((a, b) => (compare(b.excess, a.excess) < 0 ? b : a));
    return (
      `feature "${status.name}" is only almost there in the window at row ${miss.row}, column ${miss.column}: ` +
      `the excess is ${formatRational(miss.excess)}, where 0 or at least ${formatRational(gap)} is needed`
    );
  });
  const more = unclear.length - parts.length;
  return parts.join("; ") + (more ? `; and ${more} more` : "");
}

/**
 * Statements (FORMAT.md, "Statement"): the task, the network, the sizes and the margin, and what follows of shapes.
 *
 * Pixels, ends of templates and gaps are kept twice: as rationals to show, and as integers over the statement's `unit`
 * to compute with. Pixels of a template are numbered (channel * rows + row) * columns + column.
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./geometry.js").Signature} Signature
 * @typedef {import("./geometry.js").Sight} Sight
 * @typedef {[Signature, Signature]} Kind of a position: along the rows and along the columns
 *
 * @typedef {object} Template
 * @property {Rational[]} low
 * @property {Rational[]} high
 * @property {bigint[]} least `low` over the unit
 * @property {bigint[]} most `high` over the unit
 *
 * @typedef {object} Feature
 * @property {string} name
 * @property {number} rows
 * @property {number} columns
 * @property {Rational} gap
 * @property {bigint} least the gap over the unit
 * @property {Template[]} templates
 *
 * @typedef {object} Alternative
 * @property {number[]} requires numbers of features
 * @property {number[]} forbids
 *
 * @typedef {object} Class
 * @property {string} name
 * @property {Alternative[] | null} alternatives null: otherwise
 *
 * @typedef {object} Task
 * @property {string} name
 * @property {number} channels
 * @property {Rational} low the least value of a pixel
 * @property {Rational} high
 * @property {bigint} unit what `least` and `most` of templates, gaps and `pixel` are over
 * @property {[bigint, bigint]} pixel the range over the unit
 * @property {Feature[]} features
 * @property {Class[]} classes
 *
 * @typedef {object} Network
 * @property {"pixel" | "byte"} input
 * @property {number} channels
 * @property {Layer[]} stem
 * @property {"max" | "sum" | "mean"} pool
 * @property {number} width the number of pooled channels
 * @property {Layer[]} head
 *
 * @typedef {object} Float32
 * @property {Rational | null} step
 */

import { Axis } from "./geometry.js";
import { ascending, count, decodedName, exactNumber, Lines, matched, need, Refused } from "./lines.js";
import { bits, compare, lcm, magnitude, ZERO } from "./rational.js";
import { Rounding, FINE } from "./rounding.js";

const LARGEST_WINDOW = 512;
const MOST_WEIGHTS = 2e7;
const MOST_BITS = 65536;
const SOURCE = /^[0-9a-f]{64}$/;

/**
 * One weight of an output: the input's channel, the row and column in the window, the weight over the layer's scale.
 * @typedef {{channel: number, row: number, column: number, weight: bigint}} Tap
 */

/** A layer; the weights and biases of `conv` and `dense` (and of `avgpool`) are integers over `scale`. */
export class Layer {
  /**
   * @param {Lines} lines
   * @param {string[]} tokens
   * @param {number} width
   */
  constructor(lines, tokens, width) {
    this.word = tokens[0];
    const shaped = this.word === "conv" || this.word === "dense";
    const local = this.word === "conv" || this.word === "maxpool" || this.word === "avgpool";
    const shape = shaped ? " out ? in ?" : "";
    const window = local ? " rows ? columns ? stride ? ? padding ? ? ? ?" : "";
    const numbers = matched(tokens, this.word + shape + window).map((token) => count(token));
    const [outputs, inputs] = shaped ? numbers.splice(0, 2) : [width, width];
    this.outputs = outputs;
    this.inputs = inputs;
    if (!numbers.length) numbers.push(1, 1, 1, 1, 0, 0, 0, 0);
    need(this.inputs === width && this.outputs, `${width} inputs, and outputs`, lines.text);
    const fits = Math.min(...numbers.slice(0, 4)) > 0 && Math.max(...numbers) <= LARGEST_WINDOW;
    need(fits, `windows, paddings up to ${LARGEST_WINDOW}`, lines.text);
    this.rows = numbers[0];
    this.columns = numbers[1];
    this.down = numbers[2];
    this.right = numbers[3];
    /** Padding. */
    this.top = numbers[4];
    this.left = numbers[5];
    this.bottom = numbers[6];
    this.end = numbers[7];
    const padded = Math.max(this.top, this.bottom) >= this.rows || Math.max(this.left, this.end) >= this.columns;
    need(this.word !== "maxpool" || !padded, "less padding than a max pool's window", lines.text);
    /** @type {Tap[][]} */
    this.taps = [];
    /** @type {bigint[]} */
    this.bias = [];
    this.scale = this.word === "avgpool" ? BigInt(this.rows * this.columns) : 1n;
    if (shaped) this.read(lines);
    else this.bias = new Array(width).fill(0n);
    /** The greatest sum of magnitudes of an output's weights. */
    this.norm = 0n;
    for (const taps of this.taps) {
      const sum = taps.reduce((total, tap) => total + magnitude(tap.weight), 0n);
      if (sum > this.norm) this.norm = sum;
    }
  }

  /** @param {Lines} lines */
  read(lines) {
    const size = this.inputs * this.rows * this.columns;
    need(this.outputs * size <= MOST_WEIGHTS, `at most ${MOST_WEIGHTS} weights`, this.outputs * size);
    const rows = [];
    for (let o = 0; o < this.outputs; o += 1) rows.push(runs(lines.next("network"), size));
    const bias = runs(lines.match("network", "bias .."), this.outputs);
    /** @type {Set<bigint>} */
    const scales = new Set();
    for (const row of [bias, ...rows]) for (const { value } of row) scales.add(value.q);
    this.scale = lcm(scales);
    need(bits(this.scale) < MOST_BITS, "a common denominator below 2^65536", "more");
    this.bias = bias.flatMap(({ length, value }) => new Array(length).fill(whole(value, this.scale)));
    this.taps = rows.map((row) => this.tapped(row));
  }

  /**
   * @param {Run[]} row
   * @returns {Tap[]}
   */
  tapped(row) {
    const cells = this.rows * this.columns;
    const taps = [];
    for (const { start, length, value } of row) {
      if (value.p === 0n) continue;
      const weight = whole(value, this.scale);
      for (let i = start; i < start + length; i += 1) {
        const inside = i % cells;
        const [channel, line] = [Math.floor(i / cells), Math.floor(inside / this.columns)];
        taps.push({ channel, row: line, column: inside % this.columns, weight });
      }
    }
    return taps;
  }

  /** Whether the layer has a window; the others are ReLUs. */
  get spatial() {
    return this.word !== "relu";
  }
}

/** @typedef {{start: number, length: number, value: Rational}} Run */

/**
 * Run-length coded numbers.
 * @param {string[]} tokens
 * @param {number} size
 * @returns {Run[]}
 */
function runs(tokens, size) {
  /** @type {Run[]} */
  const found = [];
  /** @type {Map<string, Rational>} */
  const known = new Map();
  let [total, previous] = [0, ""];
  for (const token of tokens) {
    const star = token.lastIndexOf("*");
    const text = token.slice(star + 1);
    const length = star < 0 ? 1 : count(token.slice(0, star), 2);
    const value = known.get(text) ?? exactNumber(text);
    known.set(text, value);
    need(text !== previous, "equal neighbours joined", token);
    need(total + length <= size, `${size} numbers`, token);
    found.push({ start: total, length, value });
    [total, previous] = [total + length, text];
  }
  need(total === size, `${size} numbers`, total);
  return found;
}

/**
 * A number times a multiple of its denominator.
 * @param {Rational} x
 * @param {bigint} unit
 */
export function whole(x, unit) {
  return x.p * (unit / x.q);
}

/** A statement read, with what it says of shapes: border kinds, classes of windows, numbers of positions. */
export class Statement {
  /** @param {Lines} lines */
  constructor(lines) {
    lines.match("statement", "exactcnn statement 1");
    const ends = lines.match("statement", "sizes ? ? ? ?");
    /** The least height and width, and the greatest; null: any. */
    this.least = [count(ends[0], 1), count(ends[2], 1)];
    this.most = [ends[1], ends[3]].map((token, i) => (token === "any" ? null : count(token, this.least[i])));
    /** The tokens of the margin. */
    this.claim = lines.match("statement", "margin ..");
    const { margin, float32 } = readMargin(lines, this.claim);
    /** The margin claimed, and how the network is executed: exactly (null) or in float32. */
    this.margin = margin;
    this.float32 = float32;
    const [source] = lines.match("statement", "source ?");
    need(source === "none" || SOURCE.test(source), "a SHA-256 or none", source);
    this.source = source;
    /** @type {Task} */
    this.task = readTask(lines);
    lines.match("statement", "network");
    /** @type {Network} */
    this.network = readNetwork(lines, this.task);
    lines.match("statement", "end");
    lines.finish();
    /** The SHA-256 of the text: the statement's name. */
    this.hash = lines.digest();
    const [low, high] = this.task.pixel;
    /** What interval bounds are over: every layer divides by its scale, reading bytes by the range. */
    this.fine = this.network.stem.reduce((fine, layer) => fine * layer.scale, this.task.unit * (high - low));
    const shape = shapeOf(this);
    /** The stem along the rows and along the columns. */
    this.axes = shape.axes;
    /** Lengths at which every signature and every class of windows of the range occurs, of both axes. */
    this.lengths = shape.lengths;
    /** All border kinds. */
    this.kinds = shape.kinds;
    /** The least and the greatest number of positions; null: no limit. */
    this.fewest = shape.fewest;
    this.greatest = shape.greatest;
    /** The lead that exact logits have to have: the margin, and more with float32. */
    this.lead = this.margin;
    if (this.float32) {
      const { error } = new Rounding(this, this.float32.step);
      const { p, q } = this.margin;
      // A computed lead is at most two errors below the exact one. (Not in lowest terms, as nothing needs them.)
      this.lead = { p: p * FINE + 2n * error * q, q: q * FINE };
    }
  }

  /** The range of sizes in words. */
  sizes() {
    const [h, w] = this.least;
    const [high, wide] = this.most;
    if (h === high && w === wide) return `${h}x${w}`;
    const end = high === null && wide === null ? "any" : `${high ?? "any"}x${wide ?? "any"}`;
    return h === 1 && w === 1 && end === "any" ? "any" : `${h}x${w}..${end}`;
  }

  /**
   * All classes of windows of a feature: how the positions see them along the rows and along the columns.
   * @param {Feature} feature
   * @returns {[Sight[], Sight[]][]}
   */
  windows(feature) {
    const [down, right] = [feature.rows, feature.columns].map((n, i) => this.axes[i].windows(n, this.lengths[i]));
    return down.flatMap((r) => right.map((c) => /** @type {[Sight[], Sight[]]} */ ([r, c])));
  }
}

/**
 * @param {Lines} lines
 * @param {string[]} claim
 * @returns {{margin: Rational, float32: Float32 | null}}
 */
function readMargin(lines, claim) {
  const execution = claim.slice(1);
  const [word, second] = execution;
  const plain = execution.length === 0 || (execution.length === 1 && word === "float32");
  need(plain || (word === "float32" && second === "step"), "float32 step S", lines.text);
  const margin = claim.length ? exactNumber(claim[0]) : ZERO;
  need(margin.p > 0n, "a margin above 0", lines.text);
  const step = execution.length > 1 ? exactNumber(matched(execution, "float32 step ?")[0]) : null;
  const power = step === null || (step.p === 1n && (step.q & (step.q - 1n)) === 0n);
  need(power, "a step 1 or 1/2^n", lines.text);
  return { margin, float32: execution.length ? { step } : null };
}

/**
 * Border kinds and numbers of positions.
 * @param {{task: Task, network: Network, least: number[], most: (number | null)[]}} statement
 */
function shapeOf({ task, network, least, most }) {
  const layers = network.stem.filter((layer) => layer.spatial);
  const down = layers.map((s) => ({ kernel: s.rows, step: s.down, before: s.top, after: s.bottom }));
  const right = layers.map((s) => ({ kernel: s.columns, step: s.right, before: s.left, after: s.end }));
  const [heights, widths] = [task.features.map((f) => f.rows), task.features.map((f) => f.columns)];
  const axes = [new Axis(down, heights), new Axis(right, widths)];
  const lengths = axes.map((axis, i) => axis.representatives(least[i], most[i]));
  const [rows, columns] = axes.map((axis, i) => axis.kinds(lengths[i]));
  const kinds = rows.flatMap((r) => columns.map((c) => /** @type {Kind} */ ([r, c])));
  const first = axes.map((axis, i) => axis.extents(least[i]));
  need(first.every((found) => found.length), "a network defined at every size", `least size ${least}`);
  const last = axes.map((axis, i) => axis.extents(most[i] ?? 0));
  const limited = !most.includes(null) && last.every((found) => found.length);
  return { axes, lengths, kinds, fewest: positions(first), greatest: limited ? positions(last) : null };
}

/** @param {number[][]} extents of both axes */
function positions(extents) {
  return extents.reduce((product, found) => product * BigInt(found[found.length - 1]), 1n);
}

/**
 * @param {Lines} lines
 * @returns {Task}
 */
function readTask(lines) {
  const [title, number, first, last] = lines.match("statement", "task ? channels ? pixel ? ?");
  const name = decodedName(title);
  const channels = count(number, 1);
  const [low, high] = [exactNumber(first), exactNumber(last)];
  need(compare(low, high) < 0, "a range of pixels", lines.text);
  const features = [];
  for (let left = count(lines.match("statement", "features ?")[0], 1); left; left -= 1) {
    features.push(readFeature(lines, channels, low, high));
  }
  /** @type {Set<bigint>} */
  const denominators = new Set([low.q, high.q]);
  for (const f of features) {
    denominators.add(f.gap.q);
    for (const t of f.templates) for (const end of [...t.low, ...t.high]) denominators.add(end.q);
  }
  const unit = lcm(denominators);
  for (const f of features) {
    f.least = whole(f.gap, unit);
    for (const t of f.templates) [t.least, t.most] = [t.low, t.high].map((side) => side.map((x) => whole(x, unit)));
  }
  const classes = [];
  for (let left = count(lines.match("statement", "classes ?")[0], 2); left; left -= 1) {
    classes.push(readClass(lines, features.length));
  }
  need(classes.filter((c) => c.alternatives === null).length < 2, "one class `otherwise`", "more");
  for (const listed of [features, classes]) {
    const names = listed.map((x) => x.name);
    need(new Set(names).size === names.length, "different names", names);
  }
  return { name, channels, low, high, unit, pixel: [whole(low, unit), whole(high, unit)], features, classes };
}

/**
 * @param {Lines} lines
 * @param {number} channels
 * @param {Rational} low
 * @param {Rational} high
 * @returns {Feature}
 */
function readFeature(lines, channels, low, high) {
  const [title, down, across, least, number] = lines.match("statement", "feature ? ? ? gap ? templates ?");
  const name = decodedName(title);
  const [rows, columns] = [down, across].map((token) => count(token, 1, LARGEST_WINDOW + 1));
  const gap = exactNumber(least);
  const templates = [];
  const size = count(number, 1);
  need(gap.p > 0n, "a gap above 0", least);
  while (templates.length < size) {
    lines.match("statement", "template");
    const [lows, highs] = [/** @type {Rational[]} */ ([]), /** @type {Rational[]} */ ([])];
    for (let row = 0; row < channels * rows; row += 1) {
      const ends = lines.several("statement", 2 * columns).map(exactNumber);
      for (let j = 0; j < ends.length; j += 2) {
        const [a, b] = [ends[j], ends[j + 1]];
        const inside = compare(low, a) <= 0 && compare(a, b) <= 0 && compare(b, high) <= 0;
        need(inside, "intervals inside the pixel range", lines.text);
        lows.push(a);
        highs.push(b);
      }
    }
    templates.push({ low: lows, high: highs, least: [], most: [] });
  }
  return { name, rows, columns, gap, least: 0n, templates };
}

/**
 * @param {Lines} lines
 * @param {number} features
 * @returns {Class}
 */
function readClass(lines, features) {
  const [title, ...more] = lines.match("statement", "class ? ..");
  let alternatives = null;
  if (more.length !== 1 || more[0] !== "otherwise") {
    alternatives = [];
    for (let left = count(matched(more, "alternatives ?")[0], 1); left; left -= 1) {
      const tokens = lines.match("statement", "alternative requires ..");
      need(tokens.filter((t) => t === "forbids").length === 1, "requires .. forbids ..", lines.text);
      const place = tokens.indexOf("forbids");
      const requires = ascending(tokens.slice(0, place), features);
      alternatives.push({ requires, forbids: ascending(tokens.slice(place + 1), features) });
    }
  }
  return { name: decodedName(title), alternatives };
}

/**
 * @param {Lines} lines
 * @param {Task} task
 * @returns {Network}
 */
function readNetwork(lines, task) {
  lines.match("network", "exactcnn network 1");
  const [input, number] = lines.match("network", "input ? channels ?");
  need(input === "pixel" || input === "byte", "pixel or byte", input);
  const channels = count(number, task.channels, task.channels + 1);
  let [width, pool, pooled] = [channels, "", 0];
  const [stem, head] = [/** @type {Layer[]} */ ([]), /** @type {Layer[]} */ ([])];
  for (;;) {
    const tokens = lines.next("network");
    if (tokens.length === 1 && tokens[0] === "end") break;
    if (tokens[0] === "globalpool" && !pool) {
      [pool, pooled] = [matched(tokens, "globalpool ?")[0], width];
      need(["max", "sum", "mean"].includes(pool), "max, sum or mean", pool);
      continue;
    }
    const words = pool ? ["relu", "dense", "flatten"] : ["relu", "conv", "maxpool", "avgpool"];
    need(words.includes(tokens[0]), `one of (${words.map((word) => `'${word}'`).join(", ")})`, tokens[0]);
    const layer = new Layer(lines, tokens, width);
    width = layer.outputs;
    if (layer.word !== "flatten") (pool ? head : stem).push(layer);
  }
  const { length } = task.classes;
  need(pool && width === length, `a global pool and ${length} logits`, width);
  return { input, channels, stem, pool: /** @type {"max" | "sum" | "mean"} */ (pool), width: pooled, head };
}

/**
 * Reads a statement.
 * @param {string} text
 * @throws {Refused} with line and rule: the text is no statement of version 1
 */
export function parseStatement(text) {
  const lines = new Lines(text);
  try {
    return new Statement(lines);
  } catch (error) {
    throw error instanceof Refused ? error.at(lines) : error;
  }
}

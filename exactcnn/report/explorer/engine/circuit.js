/**
 * Circuits and sequents as the checker derives them from the statement (FORMAT.md, "What the kernel derives").
 *
 * A form is a Map from variable to integer coefficient, its constant under CONST; with a denominator it is Scaled. A row
 * is a form without a common divisor, as pairs sorted by variable, and says that the form is >= 0.
 *
 * @typedef {Map<number, bigint>} Form
 * @typedef {{form: Form, scale: bigint}} Scaled
 * @typedef {[number, bigint][]} Row
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./statement.js").Layer} Layer
 * @typedef {import("./statement.js").Kind} Kind
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {import("./statement.js").Alternative} Alternative
 * @typedef {{channel: number, row: number, column: number}} Cell
 * @typedef {{feature: number, template: number, row: number, column: number}} Window in the field
 * @typedef {{cell: Cell, below: {key: number, weight: bigint}[]}} Look a place of a layer's output and what it looks at
 * @typedef {{avoid: number[], bound: Rational, number: number}} UpperFact
 * @typedef {{weights: Form, bound: Rational}} LowerFact
 */

import { floorDivide, gcd, lcm } from "./rational.js";

export const CONST = -1;

/**
 * The sum of multiples of forms.
 * @param {[bigint, Iterable<[number, bigint]>][]} parts
 * @returns {Form}
 */
export function combined(parts) {
  /** @type {Form} */
  const total = new Map();
  for (const [a, pairs] of parts) {
    if (a === 1n) for (const [v, c] of pairs) total.set(v, (total.get(v) ?? 0n) + c);
    else for (const [v, c] of pairs) total.set(v, (total.get(v) ?? 0n) + a * c);
  }
  return total;
}

/**
 * The form over the greatest common divisor of its coefficients.
 * @param {Form} form
 * @returns {Row}
 */
export function primitive(form) {
  let g = 0n;
  for (const c of form.values()) {
    if (g === 1n) break;
    if (c) g = gcd(g, c);
  }
  /** @type {Row} */
  const row = [];
  for (const [v, c] of form) if (c) row.push([v, g === 1n ? c : c / g]);
  return row.sort((a, b) => a[0] - b[0]);
}

/**
 * The sum of multiples of forms and a constant, all over q.
 * @param {[bigint, Scaled][]} parts
 * @param {bigint} constant
 * @param {bigint} q
 * @returns {Scaled}
 */
export function summed(parts, constant, q) {
  const common = lcm(new Set(parts.map(([, { scale }]) => scale)));
  /** @type {[bigint, Iterable<[number, bigint]>][]} */
  const terms = parts.map(([a, { form, scale }]) => [a * (common / scale), form]);
  return { form: combined([...terms, [common, [[CONST, constant]]]]), scale: q * common };
}

/**
 * The row that says: the form is >= bound (sign 1), or <= bound (sign -1).
 * @param {Scaled} scaled
 * @param {bigint} sign
 * @param {Rational} bound
 */
export function bounded({ form, scale }, sign, bound) {
  return primitive(combined([[sign * bound.q, form], [-sign * bound.p * scale, [[CONST, 1n]]]]));
}

/**
 * The form of one variable.
 * @param {number} v
 * @returns {Scaled}
 */
export function variableForm(v) {
  return { form: new Map([[v, 1n]]), scale: 1n };
}

/** y = max(0, z) or y = max(z_1 .. z_n): `scale` (the least possible) times the arguments are integer forms. */
export class CircuitNode {
  /**
   * @param {number} y
   * @param {boolean} relu
   * @param {Scaled[]} scaled
   */
  constructor(y, relu, scaled) {
    const common = lcm(new Set(scaled.map(({ scale }) => scale)));
    let g = common;
    const forms = scaled.map(({ form, scale }) => {
      /** @type {Form} */
      const found = new Map();
      for (const [v, c] of form) if (c) found.set(v, c * (common / scale));
      return found;
    });
    for (const form of forms) {
      for (const c of form.values()) {
        if (g === 1n) break;
        g = gcd(g, c);
      }
    }
    this.y = y;
    this.relu = relu;
    this.scale = common / g;
    if (g !== 1n) for (const form of forms) for (const [v, c] of form) form.set(v, c / g);
    this.arguments = forms;
  }

  /**
   * The node is at least 0, if it is a ReLU, and at least each argument.
   * @returns {Row[]}
   */
  rows() {
    const above = this.arguments.map((z) => primitive(combined([[this.scale, [[this.y, 1n]]], [-1n, z]])));
    return this.relu ? [[[this.y, 1n]], ...above] : above;
  }
}

/** Inputs (pixels with intervals, or pooled channels), nodes, hypotheses; clauses that switch rows on; a goal. */
export class Sequent {
  /** @param {Statement} statement */
  constructor(statement) {
    this.statement = statement;
    this.size = 0;
    /** @type {[bigint, bigint][]} the intervals of the pixels, over the unit */
    this.pixels = [];
    /** @type {Map<number, CircuitNode>} */
    this.nodes = new Map();
    /** @type {Row[]} rows that come before those of the nodes, and rows that come after */
    this.before = [];
    /** @type {Row[]} */
    this.after = [];
    /** @type {number[][]} */
    this.clauses = [];
    /** @type {Map<number, Row[]>} */
    this.switched = new Map();
    /** @type {Row} */
    this.goal = [];
    /** @type {string[]} what the variables are, for people */
    this.names = [];
    /** @type {Map<number, string>} what the atoms are */
    this.atomNames = new Map();
  }

  /**
   * A new variable.
   * @param {string} name
   */
  variable(name) {
    this.names.push(name);
    this.size += 1;
    return this.size - 1;
  }

  /**
   * max(0, z) or the largest argument: a constant where the arguments are, else a new node.
   * @param {boolean} relu
   * @param {Scaled[]} scaled
   * @param {string} name
   * @returns {Scaled}
   */
  maximum(relu, scaled, name) {
    const node = new CircuitNode(this.size, relu, scaled);
    if (node.arguments.every((form) => form.size === 0 || (form.size === 1 && form.has(CONST)))) {
      const numbers = node.arguments.map((form) => form.get(CONST) ?? 0n);
      if (relu) numbers.push(0n);
      return { form: new Map([[CONST, numbers.reduce((a, b) => (b > a ? b : a))]]), scale: node.scale };
    }
    this.nodes.set(this.variable(name), node);
    return variableForm(node.y);
  }

  /**
   * The forms of the last layer's outputs from those of the first one's inputs.
   * @param {Layer[]} layers
   * @param {Look[][]} looks
   * @param {Map<number, Scaled>} values by place
   * @param {string} letter that names the nodes
   */
  through(layers, looks, values, letter) {
    layers.forEach((layer, l) => {
      const below = values;
      values = new Map();
      for (const { cell, below: seen } of looks[l]) {
        const parts = seen.map(({ key, weight }) => /** @type {[bigint, Scaled]} */ ([weight, found(below, key)]));
        const key = placeKey(cell.channel, cell.row, cell.column);
        if (layer.word === "relu" || layer.word === "maxpool") {
          const name = `${letter}${l}[${placeText(cell)}]`;
          values.set(key, this.maximum(layer.word === "relu", parts.map(([, form]) => form), name));
        } else {
          values.set(key, summed(parts, layer.bias[cell.channel], layer.scale));
        }
      }
    });
    return values;
  }

  /** All rows, in their order. */
  rows() {
    const { unit } = this.statement.task;
    const pixels = this.pixels.flatMap(([a, b], x) => [
      bounded(variableForm(x), 1n, { p: a, q: unit }),
      bounded(variableForm(x), -1n, { p: b, q: unit }),
    ]);
    return [...pixels, ...this.before, ...[...this.nodes.values()].flatMap((node) => node.rows()), ...this.after];
  }

  /**
   * Bounds of every variable over `fine`, by interval arithmetic from the pixels' intervals.
   * @returns {[bigint, bigint][]}
   */
  intervals() {
    const { fine, task } = this.statement;
    const factor = fine / task.unit;
    /** @type {[bigint, bigint][]} */
    const bounds = this.pixels.map(([a, b]) => [a * factor, b * factor]);
    for (const node of this.nodes.values()) {
      let ends = node.arguments.map((form) => interval({ form, scale: node.scale }, bounds, fine));
      if (node.relu) ends.push([0n, 0n]);
      bounds.push(ends.reduce(([a, b], [c, d]) => [c > a ? c : a, d > b ? d : b]));
    }
    return bounds;
  }

  /** Equal for sequents that say the same (rows and goal of the same numbered pixels and nodes). */
  key() {
    const nodes = [...this.nodes.values()].map((n) => {
      const forms = n.arguments.map((z) => rowText([...z].sort((a, b) => a[0] - b[0])));
      return `${n.relu} ${n.scale} ${forms.join("|")}`;
    });
    return [this.size, ...this.rows().map(rowText), "", ...nodes, "", rowText(this.goal)].join("\n");
  }
}

/**
 * @param {Map<number, Scaled>} values
 * @param {number} key
 */
function found(values, key) {
  const value = values.get(key);
  if (!value) throw new RangeError(`no value at ${key}`);
  return value;
}

/** @param {Row} row */
function rowText(row) {
  return row.map(([v, c]) => `${v}:${c}`).join(" ");
}

/**
 * A number a place, in the order of channel, row, column: rows and columns of fields stay below 1,024, as fields are at
 * most 512 wide, and channels below 2^25.
 * @param {number} channel
 * @param {number} row
 * @param {number} column
 */
function placeKey(channel, row, column) {
  return (channel * 1024 + row) * 1024 + column;
}

/** @param {Cell} cell */
function placeText({ channel, row, column }) {
  return `${channel},${row},${column}`;
}

/**
 * The least and the greatest value of a form, rounded outwards; bounds and result are over `fine`.
 * @param {Scaled} scaled
 * @param {[bigint, bigint][]} bounds
 * @param {bigint} fine
 * @returns {[bigint, bigint]}
 */
export function interval({ form, scale }, bounds, fine) {
  let a = (form.get(CONST) ?? 0n) * fine;
  let b = a;
  for (const [v, c] of form) {
    if (v === CONST) continue;
    const [low, high] = bounds[v];
    if (c > 0n) {
      a += c * low;
      b += c * high;
    } else {
      a += c * high;
      b += c * low;
    }
  }
  return [floorDivide(a, scale), -floorDivide(-b, scale)];
}

/** Places in the order of channel, row, column.
 * @param {Cell} a
 * @param {Cell} b
 */
function inOrder(a, b) {
  return a.channel - b.channel || a.row - b.row || a.column - b.column;
}

/**
 * What outputs at a position of this kind look at, layer by layer; and the inputs that they need, in order.
 * @param {Layer[]} layers
 * @param {Kind} kind
 * @param {Iterable<number>} channels
 * @returns {{looks: Look[][], needed: Cell[]}}
 */
export function looked(layers, kind, channels) {
  /** @type {Look[][]} */
  const looks = [];
  let needed = [...channels].map((channel) => ({ channel, row: 0, column: 0 })).sort(inOrder);
  let level = layers.filter((layer) => layer.spatial).length;
  for (const layer of [...layers].reverse()) {
    if (layer.word === "relu") {
      looks.unshift(
        needed.map((cell) => ({ cell, below: [{ key: placeKey(cell.channel, cell.row, cell.column), weight: 1n }] })),
      );
      continue;
    }
    level -= 1;
    const [rows, columns] = [kind[0][level], kind[1][level]];
    /** @type {Map<number, Cell>} */
    const below = new Map();
    looks.unshift(needed.map((cell) => ({ cell, below: cellsBelow(layer, cell, rows, columns, below) })));
    needed = [...below.values()].sort(inOrder);
  }
  return { looks, needed };
}

/**
 * What the output at a place looks at, as far as it exists; `all` takes in the places.
 * @param {Layer} layer
 * @param {Cell} cell
 * @param {readonly [number, number]} rows
 * @param {readonly [number, number]} columns
 * @param {Map<number, Cell>} all
 */
function cellsBelow(layer, cell, rows, columns, all) {
  const [down, right] = [cell.row * layer.down, cell.column * layer.right];
  /** @type {{key: number, weight: bigint}[]} */
  const seen = [];
  /**
   * @param {number} channel
   * @param {number} i
   * @param {number} j
   * @param {bigint} weight
   */
  const look = (channel, i, j, weight) => {
    const [row, column] = [down + i, right + j];
    if (row < rows[0] || row >= rows[1] || column < columns[0] || column >= columns[1]) return;
    const key = placeKey(channel, row, column);
    if (!all.has(key)) all.set(key, { channel, row, column });
    seen.push({ key, weight });
  };
  if (layer.taps.length) {
    for (const tap of layer.taps[cell.channel]) look(tap.channel, tap.row, tap.column, tap.weight);
  } else {
    for (let i = 0; i < layer.rows; i += 1) for (let j = 0; j < layer.columns; j += 1) look(cell.channel, i, j, 1n);
  }
  return seen;
}

/**
 * The sequent about S_K (for the channels given) at one position, in which certain windows are clear; `inside` is a window
 * whose pixels lie in its template's intervals. `values` are the forms of S_K.
 */
export class LocalSequent extends Sequent {
  /**
   * @param {Statement} statement
   * @param {Iterable<number>} channels
   * @param {Kind} kind
   * @param {Window[]} clear
   * @param {Window | null} inside
   */
  constructor(statement, channels, kind, clear, inside) {
    super(statement);
    const { task, network } = statement;
    const listed = [...channels];
    const { looks, needed } = looked(network.stem, kind, listed);
    const pixels = new Map(needed.map((cell) => [placeKey(cell.channel, cell.row, cell.column), cell]));
    for (const window of clear) {
      for (const cell of cellsOf(statement, window)) pixels.set(placeKey(cell.channel, cell.row, cell.column), cell);
    }
    /** @type {Map<number, [bigint, bigint]>} */
    const boxes = new Map();
    if (inside) {
      const { least, most } = task.features[inside.feature].templates[inside.template];
      cellsOf(statement, inside).forEach((cell, p) => {
        boxes.set(placeKey(cell.channel, cell.row, cell.column), [least[p], most[p]]);
      });
    }
    /** @type {Map<number, number>} */
    const numbers = new Map();
    /** Where the pixels stand in the unclipped field. */
    this.cells = [...pixels.values()].sort(inOrder);
    for (const cell of this.cells) {
      const key = placeKey(cell.channel, cell.row, cell.column);
      numbers.set(key, this.variable(`x[${placeText(cell)}]`));
      this.pixels.push(boxes.get(key) ?? task.pixel);
    }
    const inputs = new Map([...numbers].map(([key, x]) => [key, this.read(x)]));
    const values = this.through(network.stem, looks, inputs, "y");
    /** @type {Map<number, Scaled>} */
    this.values = new Map(listed.map((k) => [k, found(values, placeKey(k, 0, 0))]));
    this.after = clear.map((window) => this.clearRow(window, numbers));
  }

  /**
   * What the network reads for a pixel: itself, or 255 (x - low) / (high - low).
   * @param {number} x
   * @returns {Scaled}
   */
  read(x) {
    const { network, task } = this.statement;
    const [low, high] = task.pixel;
    if (network.input === "pixel") return variableForm(x);
    return { form: new Map([[x, 255n * task.unit], [CONST, -255n * low]]), scale: high - low };
  }

  /**
   * The window's excess is at least the gap.
   * @param {Window} window
   * @param {Map<number, number>} numbers of the pixels
   */
  clearRow(window, numbers) {
    const { task } = this.statement;
    const { unit, pixel } = task;
    const feature = task.features[window.feature];
    const { least, most } = feature.templates[window.template];
    /** @type {[bigint, Scaled][]} */
    const terms = [];
    cellsOf(this.statement, window).forEach((cell, p) => {
      const key = placeKey(cell.channel, cell.row, cell.column);
      const x = numbers.get(key) ?? 0;
      if (most[p] < pixel[1]) {
        const above = { form: new Map([[x, unit], [CONST, -most[p]]]), scale: unit };
        terms.push([1n, this.maximum(true, [above], `above[${placeText(cell)}]`)]);
      }
      if (least[p] > pixel[0]) {
        const under = { form: new Map([[x, -unit], [CONST, least[p]]]), scale: unit };
        terms.push([1n, this.maximum(true, [under], `below[${placeText(cell)}]`)]);
      }
    });
    return bounded(summed(terms, 0n, 1n), 1n, feature.gap);
  }

  /**
   * The form of a weighted sum of S_K.
   * @param {Form} weights
   */
  weighted(weights) {
    return summed([...weights].map(([k, a]) => [a, this.value(k)]), 0n, 1n);
  }

  /**
   * The form of S_K, for a channel given.
   * @param {number} channel
   */
  value(channel) {
    return found(this.values, channel);
  }
}

/**
 * The places of a window's pixels, in the order of the template's.
 * @param {Statement} statement
 * @param {Window} window
 */
function cellsOf(statement, window) {
  const { rows, columns } = statement.task.features[window.feature];
  /** @type {Cell[]} */
  const cells = [];
  for (let channel = 0; channel < statement.task.channels; channel += 1) {
    for (let i = 0; i < rows; i += 1) {
      for (let j = 0; j < columns; j += 1) cells.push({ channel, row: i + window.row, column: j + window.column });
    }
  }
  return cells;
}

/** The facts proved so far, and what they say of pooled channels. */
export class Facts {
  /** @param {Statement} statement */
  constructor(statement) {
    this.statement = statement;
    /** @type {Map<number, Rational>} */
    this.floors = new Map();
    /** @type {Map<number, UpperFact[]>} by channel */
    this.uppers = new Map();
    /** @type {Map<string, LowerFact[]>} by feature and template */
    this.lowers = new Map();
  }

  /**
   * What the pooled channel is at least (sign 1), or at most (sign -1), if every position is.
   * @param {Rational} bound
   * @param {bigint} sign
   * @returns {Rational | null}
   */
  spread(bound, sign) {
    const { network, fewest, greatest } = this.statement;
    if (network.pool !== "sum") return bound;
    const number = sign * bound.p >= 0n ? fewest : greatest;
    return number ? { p: bound.p * number, q: bound.q } : null;
  }

  /**
   * What the weighted sum of pooled channels is at least, if at some position it is at least `bound`.
   * @param {Form} weights
   * @param {Rational} bound
   * @returns {Rational | null}
   */
  somewhere(weights, bound) {
    const { network, fewest, greatest } = this.statement;
    if (network.pool === "max") return bound;
    /** @type {[bigint, Rational][]} */
    const floors = [];
    for (const [k, a] of weights) {
      const floor = this.floors.get(k);
      if (!floor) return null;
      floors.push([a, floor]);
    }
    const q = lcm(floors.map(([, floor]) => floor.q));
    const floor = floors.reduce((sum, [a, x]) => sum + a * x.p * (q / x.q), 0n);
    const number = network.pool === "sum" && floor >= 0n ? fewest : greatest;
    if (number === null) return null;
    const total = bound.p * q + (number - 1n) * floor * bound.q;
    return { p: total, q: bound.q * q * (network.pool === "mean" ? number : 1n) };
  }
}

/** The sequent about logits: the formula of one class holds (or none is said to), those of others fail. */
export class HeadSequent extends Sequent {
  /**
   * @param {Facts} facts
   * @param {number[]} holds
   * @param {number[]} fails
   * @param {[number, bigint][]} goal logits and their factors
   * @param {Rational} bound
   */
  constructor(facts, holds, fails, goal, bound) {
    super(facts.statement);
    const { network } = facts.statement;
    this.facts = facts;
    this.atoms = 0;
    /** @type {Map<number, number>} */
    this.contains = new Map();
    /** @type {Kind} */
    const point = [network.head.map(() => [0, 1]), network.head.map(() => [0, 1])];
    const { looks, needed } = looked(network.head, point, goal.map(([o]) => o));
    /** @type {Map<number, number>} the variables of the pooled channels */
    this.channels = new Map(needed.map(({ channel }) => [channel, this.variable(`m[${channel}]`)]));
    for (const [k, m] of this.channels) {
      const floor = facts.floors.get(k);
      if (floor) this.before.push(...pooledRows(new Map([[m, 1n]]), 1n, facts.spread(floor, 1n)));
      for (const fact of facts.uppers.get(k) ?? []) {
        if (fact.avoid.length) continue;
        this.before.push(...pooledRows(new Map([[m, 1n]]), -1n, facts.spread(fact.bound, -1n)));
      }
    }
    const inputs = new Map([...this.channels].map(([k, m]) => [placeKey(k, 0, 0), variableForm(m)]));
    const values = this.through(network.head, looks, inputs, "h");
    const terms = goal.map(([o, c]) => /** @type {[bigint, Scaled]} */ ([c, found(values, placeKey(o, 0, 0))]));
    this.goal = bounded(summed(terms, 0n, 1n), 1n, bound);
    for (const y of holds) this.formula(y, true);
    for (const z of fails) this.formula(z, false);
    this.switches();
  }

  /** @param {string} name */
  atom(name) {
    this.atoms += 1;
    this.atomNames.set(this.atoms, name);
    return this.atoms;
  }

  /** @param {number} feature */
  literal(feature) {
    return this.contains.get(feature) ?? 0;
  }

  /** @param {Alternative} alternative */
  literals({ requires, forbids }) {
    for (const f of [...requires, ...forbids]) {
      if (!this.contains.has(f)) this.contains.set(f, this.atom(`contains ${this.featureName(f)}`));
    }
    return [...requires.map((f) => this.literal(f)), ...forbids.map((f) => -this.literal(f))];
  }

  /** @param {number} f */
  featureName(f) {
    return `"${this.statement.task.features[f].name}"`;
  }

  /**
   * The clauses of: the formula of class y holds, or fails (that of `otherwise` holds where all others fail).
   * @param {number} y
   * @param {boolean} holds
   */
  formula(y, holds) {
    const { classes } = this.statement.task;
    const own = classes[y].alternatives;
    const owners = own === null ? classes : [classes[y]];
    const listed = owners.flatMap(({ name, alternatives }) => (alternatives ?? []).map((a, i) => ({ name, a, i })));
    const literals = listed.map(({ a }) => this.literals(a));
    if (holds === (own === null)) {
      this.clauses.push(...literals.map((conjunction) => conjunction.map((x) => -x)));
      return;
    }
    const atoms = listed.map(({ name, i }) => this.atom(`alternative ${i} of class "${name}" holds`));
    this.clauses.push(atoms);
    atoms.forEach((atom, i) => this.clauses.push(...literals[i].map((x) => [-atom, x])));
  }

  /** Clauses that introduce templates and avoided sets, and the rows of the facts that they switch on. */
  switches() {
    const { facts } = this;
    for (const f of [...this.contains.keys()].sort((a, b) => a - b)) {
      const { templates } = this.statement.task.features[f];
      const atoms = templates.map((_, t) => this.atom(`a window exhibits template ${t} of ${this.featureName(f)}`));
      this.clauses.push([-this.literal(f), ...atoms]);
      atoms.forEach((atom, t) => {
        const rows = [];
        for (const { weights, bound } of facts.lowers.get(`${f} ${t}`) ?? []) {
          if (![...weights.keys()].every((k) => this.channels.has(k))) continue;
          const form = new Map([...weights].map(([k, a]) => [this.channels.get(k) ?? 0, a]));
          rows.push(...pooledRows(form, 1n, facts.somewhere(weights, bound)));
        }
        this.switched.set(atom, rows);
      });
    }
    const listed = [...this.channels].flatMap(([k, m]) => (facts.uppers.get(k) ?? []).map((fact) => ({ fact, m })));
    listed.sort((a, b) => a.fact.number - b.fact.number);
    for (const { fact, m } of listed) {
      if (!fact.avoid.length) continue;
      const rows = pooledRows(new Map([[m, 1n]]), -1n, facts.spread(fact.bound, -1n));
      if (rows.length && fact.avoid.every((f) => this.contains.has(f))) {
        const atom = this.atom(`avoids ${fact.avoid.map((f) => this.featureName(f)).join(", ")}`);
        this.switched.set(atom, rows);
        this.clauses.push([atom, ...fact.avoid.map((f) => this.literal(f))]);
      }
    }
  }
}

/**
 * @param {Form} form
 * @param {bigint} sign
 * @param {Rational | null} bound
 */
function pooledRows(form, sign, bound) {
  return bound === null ? [] : [bounded({ form, scale: 1n }, sign, bound)];
}

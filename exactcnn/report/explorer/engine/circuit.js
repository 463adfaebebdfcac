/**
 * Circuits and sequents (FORMAT.md, "Local sequents" and "Head sequents"): what both kinds have in common.
 *
 * @typedef {import("./forms.js").Form} Form
 * @typedef {import("./forms.js").Scaled} Scaled
 * @typedef {import("./forms.js").Row} Row
 * @typedef {import("./statement.js").Layer} Layer
 * @typedef {import("./statement.js").Kind} Kind
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {{channel: number, row: number, column: number}} Cell
 * @typedef {{cell: Cell, below: {key: number, weight: bigint}[]}} Look a place of a layer's output and what it looks at
 */

import { bounded, combined, CONST, interval, primitive, rowText, summed, variableForm } from "./forms.js";
import { gcd, lcm } from "./rational.js";

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
        const parts = seen.map(({ key, weight }) => /** @type {[bigint, Scaled]} */ ([weight, valueAt(below, key)]));
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
 * The form at a place.
 * @param {Map<number, Scaled>} values by placeKey
 * @param {number} key
 */
export function valueAt(values, key) {
  const value = values.get(key);
  if (!value) throw new RangeError(`no value at ${key}`);
  return value;
}

/**
 * A number a place, in the order of channel, row, column: rows and columns of fields stay below 1,024, as fields are at
 * most 512 wide, and channels below 2^25.
 * @param {number} channel
 * @param {number} row
 * @param {number} column
 */
export function placeKey(channel, row, column) {
  return (channel * 1024 + row) * 1024 + column;
}

/**
 * A place for people.
 * @param {Cell} cell
 */
export function placeText({ channel, row, column }) {
  return `${channel},${row},${column}`;
}

/**
 * Places in the order of channel, row, column.
 * @param {Cell} a
 * @param {Cell} b
 */
export function inOrder(a, b) {
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

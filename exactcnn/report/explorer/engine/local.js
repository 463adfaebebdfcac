/**
 * Sequents about one position of the stem (FORMAT.md, "Local sequents").
 *
 * @typedef {import("./forms.js").Form} Form
 * @typedef {import("./forms.js").Scaled} Scaled
 * @typedef {import("./circuit.js").Cell} Cell
 * @typedef {import("./statement.js").Kind} Kind
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {{feature: number, template: number, row: number, column: number}} Window in the field
 */

import { inOrder, looked, placeKey, placeText, Sequent, valueAt } from "./circuit.js";
import { bounded, CONST, summed, variableForm } from "./forms.js";

/**
 * The sequent about S_K (for the channels given) at one position, in which certain windows are clear; `inside` is a
 * window whose pixels lie in its template's intervals. `values` are the forms of S_K.
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
    this.values = new Map(listed.map((k) => [k, valueAt(values, placeKey(k, 0, 0))]));
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
    return valueAt(this.values, channel);
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

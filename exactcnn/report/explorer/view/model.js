/**
 * What the page is about, and the image on it: the parts of the page change the image here and are told what follows.
 *
 * @typedef {import("../engine/rational.js").Rational} Rational
 * @typedef {import("../engine/task.js").Decision} Decision
 * @typedef {import("../engine/network.js").Evaluation} Evaluation
 *
 * @typedef {object} Drawn images of a configuration
 * @property {string} label
 * @property {number[]} features
 * @property {number} height
 * @property {number} width
 * @property {string[]} bytes k of the pixels low + (high - low)*k/255, as base64
 *
 * @typedef {object} Example
 * @property {string} label
 * @property {string[]} features
 * @property {{feature: string, template: number, row: number, column: number}[]} windows
 * @property {string[]} logits
 * @property {string[]} winners the classes of the largest logit
 * @property {number} height
 * @property {number} width
 * @property {boolean} whole whether the pixels are the whole image
 * @property {string[][]} pixels
 *
 * @typedef {object} PageData
 * @property {string} version
 * @property {string} source
 * @property {string} network
 * @property {string} task
 * @property {string[]} channels
 * @property {string} statement
 * @property {string | null} certificate
 * @property {string | null} noCertificate why there is none
 * @property {{verdict: string, claim: string, facts: [string, string][]}} answer
 * @property {string[]} conditions of the classes, in words
 * @property {Drawn[]} images
 * @property {boolean} more whether there are configurations that are not listed
 * @property {number[][]} missing configurations without an image
 * @property {string | null} imageNote
 * @property {Example[]} witnesses
 * @property {Example | null} counterexample
 *
 * @typedef {object} Found what follows of the image
 * @property {Decision | null} decision
 * @property {Evaluation | null} evaluation
 * @property {string | null} problem why one of them is missing
 *
 * @typedef {"image" | "pixels" | "found" | "choice" | "window"} Change
 *   another image; some of its pixels; what follows; another feature or template; another window
 */

import { imageOf } from "../engine/exact.js";
import { evaluate } from "../engine/network.js";
import { parseRational, rational } from "../engine/rational.js";
import { parseStatement } from "../engine/statement.js";
import { decide, satisfiedBy } from "../engine/task.js";

const MOST_UNDONE = 60;
/** Where an evaluation takes longer (ms), the page waits for a pause. */
const QUICK = 60;
const PAUSE = 180;

/** The page's state. */
export class Model {
  /** @param {PageData} data */
  constructor(data) {
    this.data = data;
    this.statement = parseStatement(data.statement);
    this.task = this.statement.task;
    this.network = this.statement.network;
    /**
     * The image's pixels, channel by channel, row by row.
     * @type {Rational[]}
     */
    this.pixels = [];
    this.rows = 0;
    this.columns = 0;
    /** Where the image came from, in words. */
    this.origin = "";
    this.feature = 0;
    this.template = 0;
    /**
     * The window looked at.
     * @type {{row: number, column: number} | null}
     */
    this.window = null;
    /** @type {Found} */
    this.found = { decision: null, evaluation: null, problem: null };
    /** Whether the reader chose what to look for; until then the page does. */
    this.chosen = false;
    /** Milliseconds of the last evaluation. */
    this.cost = 0;
    /** @type {{pixels: Rational[], rows: number, columns: number, origin: string}[]} */
    this.undone = [];
    /** @type {Map<Change, Set<() => void>>} */
    this.listeners = new Map();
    this.waiting = 0;
  }

  /**
   * Calls back on a change.
   * @param {Change} change
   * @param {() => void} listener
   */
  on(change, listener) {
    const known = this.listeners.get(change) ?? new Set();
    known.add(listener);
    this.listeners.set(change, known);
  }

  /** @param {Change} change */
  tell(change) {
    for (const listener of this.listeners.get(change) ?? []) listener();
  }

  /**
   * Where a pixel stands in `pixels`.
   * @param {number} channel
   * @param {number} row
   * @param {number} column
   */
  place(channel, row, column) {
    return (channel * this.rows + row) * this.columns + column;
  }

  /** The image for the engine. */
  get image() {
    return imageOf(this.task.channels, this.rows, this.columns, this.pixels);
  }

  /** Keeps the image, so that `undo` brings it back. */
  remember() {
    const { pixels, rows, columns, origin } = this;
    if (!pixels.length) return;
    this.undone.push({ pixels: [...pixels], rows, columns, origin });
    if (this.undone.length > MOST_UNDONE) this.undone.shift();
  }

  /** The image as it was before the last change. */
  undo() {
    const last = this.undone.pop();
    if (last) this.put(last.pixels, last.rows, last.columns, last.origin);
  }

  /**
   * Another image; the present one can be brought back.
   * @param {Rational[]} pixels
   * @param {number} rows
   * @param {number} columns
   * @param {string} origin in words
   */
  show(pixels, rows, columns, origin) {
    this.remember();
    this.put(pixels, rows, columns, origin);
    this.point();
  }

  /** Looks at a window that exhibits the chosen feature or is almost there, else one that exhibits another one. */
  point() {
    const statuses = this.found.decision?.statuses ?? [];
    if (!this.chosen && statuses[this.feature]?.state === "avoids") {
      const other = statuses.findIndex(({ state }) => state !== "avoids");
      if (other >= 0) this.choose(other);
    }
    const status = statuses[this.feature];
    const first = status?.exhibiting[0] ?? status?.offending[0];
    if (!first) return;
    if (first.template !== this.template) this.choose(this.feature, first.template);
    this.look({ row: first.row, column: first.column });
  }

  /**
   * @param {Rational[]} pixels
   * @param {number} rows
   * @param {number} columns
   * @param {string} origin
   */
  put(pixels, rows, columns, origin) {
    Object.assign(this, { pixels, rows, columns, origin, window: null });
    this.tell("image");
    this.tell("window");
    this.evaluate();
  }

  /**
   * Gives some pixels a value and has them drawn; what follows is worked out at the next frame.
   * @param {number[]} places
   * @param {Rational[]} values
   */
  paint(places, values) {
    places.forEach((place, i) => {
      this.pixels[place] = values[i];
    });
    this.tell("pixels");
    this.later();
  }

  /** Evaluates soon: at the next frame, or after a pause where that takes long. */
  later() {
    if (this.cost <= QUICK) {
      if (!this.waiting) this.waiting = requestAnimationFrame(() => this.evaluate());
      return;
    }
    clearTimeout(this.waiting);
    this.waiting = window.setTimeout(() => this.evaluate(), PAUSE);
  }

  /** Works out what follows of the image, exactly. */
  evaluate() {
    this.waiting = 0;
    const start = performance.now();
    const { image } = this;
    /** @type {Found} */
    const found = { decision: decide(this.task, image), evaluation: null, problem: null };
    try {
      found.evaluation = evaluate(this.network, this.task, image);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      found.problem = error.message;
    }
    this.found = found;
    this.cost = performance.now() - start;
    this.tell("found");
  }

  /**
   * Another feature or template to look for.
   * @param {number} feature
   * @param {number} [template]
   */
  choose(feature, template = 0) {
    if (feature === this.feature && template === this.template) return;
    Object.assign(this, { feature, template, window: null });
    this.tell("choice");
    this.tell("window");
  }

  /**
   * Another window to look at; null: none.
   * @param {{row: number, column: number} | null} window
   */
  look(window) {
    if (window?.row === this.window?.row && window?.column === this.window?.column) return;
    this.window = window;
    this.tell("window");
  }

  /**
   * The pixels of a generated image.
   * @param {string} bytes
   * @returns {Rational[]}
   */
  drawn(bytes) {
    const { low, high } = this.task;
    const [q, range] = [low.q * high.q * 255n, high.p * low.q - low.p * high.q];
    const base = low.p * high.q * 255n;
    const values = Array.from({ length: 256 }, (_, k) => rational(base + range * BigInt(k), q));
    return Array.from(atob(bytes), (c) => values[c.charCodeAt(0)]);
  }

  /**
   * The pixels of an image in text form.
   * @param {string[][]} channels
   * @returns {Rational[]}
   */
  written(channels) {
    return channels.flat().flatMap((row) => row.split(" ").map((text) => parseRational(text) ?? this.task.low));
  }

  /**
   * The class of a configuration; null if it has none or several.
   * @param {readonly number[]} configuration
   */
  label(configuration) {
    const found = satisfiedBy(this.task, configuration);
    return found.length === 1 ? found[0] : null;
  }
}

/** Windows: the excess of each over the chosen template, and what every pixel of one window adds to it. */

import { compare, formatRational } from "../engine/rational.js";
import { excessMap, windowCosts } from "../engine/task.js";
import { el, fill, named } from "./dom.js";
import { picker, templateGrid } from "./features.js";
import { Grid } from "./grid.js";
import { drawState, pixelColour } from "./look.js";
import { bothWays, spelled } from "./numbers.js";
import { css, mixed, rgb } from "./theme.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("../engine/rational.js").Rational} Rational
 * @typedef {import("../engine/exact.js").ExactMap} ExactMap
 * @typedef {"exhibits" | "clear" | "neither"} State
 */

const WIDTH = 320;
const PART = 200;
const MOST_CHOICES = 5000;
/** @type {Record<State, [string, string]>} */
export const WINDOW_STATES = {
  exhibits: ["●", "exhibits it"],
  clear: ["○", "clear of it"],
  neither: ["◐", "neither"],
};

/** The map of all windows, and the window looked at. */
export class Windows {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    /** @type {ExactMap[]} one a template of the chosen feature */
    this.maps = [];
    this.most = 1;
    this.readout = el("p", { class: "readout" }, " ");
    this.holder = el("div", {});
    this.detail = el("div", { class: "window-detail" });
    this.pickers = el("div", { class: "pickers" });
    /** @type {Grid | null} */
    this.grid = null;
    const legend = Object.entries(WINDOW_STATES).map(([state, [sign, word]]) =>
      el("span", { class: `key ${state}` }, el("span", { "aria-hidden": "true" }, `${sign} `), word),
    );
    this.element = el(
      "div",
      { class: "windows" },
      el(
        "div",
        { class: "window-map" },
        el("h3", {}, "All windows"),
        this.pickers,
        this.holder,
        this.readout,
        el("p", { class: "legend" }, legend),
      ),
      this.detail,
    );
    model.on("choice", () => this.chosen());
    model.on("found", () => this.found());
    model.on("window", () => this.looked());
    this.chosen();
  }

  /** Another feature or template. */
  chosen() {
    const { model } = this;
    const { features } = model.task;
    const feature = features[model.feature];
    const names = features.slice(0, MOST_CHOICES).map((f) => f.name.slice(0, 60));
    fill(
      this.pickers,
      picker("Feature", names, model.feature, (f) => this.pick(f, 0)),
    );
    if (feature.templates.length > 1) {
      this.pickers.append(
        picker(
          "Template",
          feature.templates.map((_, t) => `template ${t}`),
          model.template,
          (t) => this.pick(model.feature, t),
        ),
      );
    }
    this.grid = null;
    if (model.pixels.length) this.found();
  }

  /**
   * The reader's choice.
   * @param {number} feature
   * @param {number} template
   */
  pick(feature, template) {
    this.model.chosen = true;
    this.model.choose(feature, template);
  }

  /** The image changed. */
  found() {
    const { model } = this;
    const feature = model.task.features[model.feature];
    const { image } = model;
    this.maps = feature.templates.map((_, t) => excessMap(model.task, image, model.feature, t));
    const { rows, columns } = this.maps[0];
    if (!rows || !columns) {
      this.grid = null;
      fill(
        this.holder,
        el("p", { class: "dim" }, "The image is too small for a window of this feature: it avoids it."),
      );
      this.looked();
      return;
    }
    this.most = Math.max(...Array.from({ length: rows * columns }, (_, p) => this.maps[model.template].near(p)), 1e-9);
    const side = Math.max(4, Math.min(24, Math.floor(WIDTH / Math.max(rows, columns))));
    if (this.grid) {
      Object.assign(this.grid.options, { rows, columns, side });
      this.grid.size();
    } else {
      this.grid = new Grid({
        label: `excess of every window, by its first pixel, over template ${model.template} of ${feature.name}`,
        rows,
        columns,
        side,
        colour: (row, column) => this.colour(row, column),
        over: (pen, row, column, x, y, s) => s > 8 && drawState(pen, this.state(row, column), x, y, s),
        describe: (row, column) => this.describe(row, column),
        enter: (row, column) => {
          this.readout.textContent = this.describe(row, column);
          model.look({ row, column });
        },
        leave: () => {
          this.readout.textContent = " ";
        },
      });
      fill(this.holder, this.grid.element);
    }
    this.looked();
  }

  /**
   * What a window is to the feature, whichever of its templates comes nearest.
   * @param {number} row
   * @param {number} column
   * @returns {State}
   */
  state(row, column) {
    const least = this.excesses(row, column).reduce((a, b) => (compare(b, a) < 0 ? b : a));
    return stateOf(least, this.model.task.features[this.model.feature].gap);
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  excesses(row, column) {
    return this.maps.map((map) => map.at(0, row, column));
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  colour(row, column) {
    const map = this.maps[this.model.template];
    const state = this.state(row, column);
    if (state === "exhibits") return rgb("first");
    if (state === "neither") return rgb("second");
    const near = 1 - map.near(map.place(0, row, column)) / this.most;
    return mixed(rgb("sheet"), rgb("dim"), 0.75 * near * near);
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  describe(row, column) {
    const map = this.maps[this.model.template];
    if (!map?.rows) return "";
    const [, word] = WINDOW_STATES[this.state(row, column)];
    return `window at row ${row}, column ${column}: excess ${bothWays(map.at(0, row, column))}: ${word}`;
  }

  /** The window looked at: the template, the window, and what each pixel costs. */
  looked() {
    const { model } = this;
    const { window } = model;
    const feature = model.task.features[model.feature];
    const map = this.maps[model.template];
    if (!window || !map || window.row >= map.rows || window.column >= map.columns) {
      this.grid?.outline([]);
      fill(
        this.detail,
        el("h3", {}, "One window"),
        el(
          "p",
          { class: "dim" },
          "Point at a square of the map, or use the tool Look on the image, to see what a window costs pixel by pixel.",
        ),
      );
      return;
    }
    this.grid?.outline([{ ...window, rows: 1, columns: 1, kind: "looked" }]);
    const excesses = this.excesses(window.row, window.column);
    const [sign, word] = WINDOW_STATES[this.state(window.row, window.column)];
    const lines = excesses.map((excess, t) =>
      el(
        "tr",
        { class: t === model.template ? "chosen" : "" },
        el("th", { scope: "row" }, excesses.length > 1 ? `template ${t}` : "excess"),
        el("td", {}, spelled(excess)),
      ),
    );
    const readout = el("p", { class: "readout" }, " ");
    fill(
      this.detail,
      el("h3", {}, `The window at row ${window.row}, column ${window.column}`),
      el(
        "p",
        { class: `state-line ${this.state(window.row, window.column)}` },
        el("span", { "aria-hidden": "true" }, `${sign} `),
        `${word}: `,
        named(feature.name),
        el("span", { class: "dim" }, ` (gap ${formatRational(feature.gap)})`),
      ),
      el("table", { class: "excesses" }, el("tbody", {}, lines.slice(0, 8))),
      this.parts(window, readout),
      readout,
    );
  }

  /**
   * The template, the window, and the costs side by side.
   * @param {{row: number, column: number}} window
   * @param {HTMLElement} readout
   */
  parts(window, readout) {
    const { model } = this;
    const feature = model.task.features[model.feature];
    const { costs } = windowCosts(model.task, model.image, model.feature, { template: model.template, ...window });
    const width = Math.floor(PART / Math.max(feature.rows, feature.columns)) * feature.columns;
    const channel = model.task.channels === 3 ? -1 : 0;
    const template = templateGrid(model, feature, model.template, channel, readout, PART);
    const values = (/** @type {number} */ row, /** @type {number} */ column) =>
      Array.from(
        { length: model.task.channels },
        (_, c) => model.pixels[model.place(c, window.row + row, window.column + column)],
      );
    const side = template.wanted;
    const common = { rows: feature.rows, columns: feature.columns, side };
    const pixels = new Grid({
      ...common,
      label: "the window's pixels",
      colour: (row, column) => pixelColour(model.task, values(row, column), channel),
      describe: (row, column) =>
        `pixel at row ${row}, column ${column} of the window: ${values(row, column).map(bothWays).join("; ")}`,
      enter: (row, column) => {
        readout.textContent = pixels.options.describe(row, column);
      },
    });
    /** @type {Map<number, import("../engine/task.js").Cost[]>} */
    const at = new Map();
    for (const cost of costs) {
      const key = cost.row * feature.columns + cost.column;
      at.set(key, [...(at.get(key) ?? []), cost]);
    }
    const found = (/** @type {number} */ row, /** @type {number} */ column) =>
      at.get(row * feature.columns + column) ?? [];
    const costly = (/** @type {number} */ row, /** @type {number} */ column) =>
      found(row, column).filter((c) => c.excess.p > 0n);
    const priced = new Grid({
      ...common,
      label: "what each pixel adds to the excess",
      colour: (row, column) => (costly(row, column).length ? mixed(rgb("sheet"), rgb("second"), 0.55) : rgb("sheet")),
      over: (pen, row, column, x, y, s) =>
        costly(row, column).length && s > 22 && written(pen, costly(row, column)[0].excess, x, y, s),
      describe: (row, column) => costText(found(row, column), row, column, model.data.channels),
      enter: (row, column) => {
        readout.textContent = priced.options.describe(row, column);
      },
    });
    const part = (/** @type {string} */ text, /** @type {Grid} */ grid) =>
      el("figure", {}, el("figcaption", {}, text), grid.element);
    const parts = el(
      "div",
      { class: "parts" },
      part("template", template),
      part("window", pixels),
      part("cost", priced),
    );
    parts.style.setProperty("--part", `${width}px`);
    return parts;
  }
}

/**
 * @param {Rational} excess
 * @param {Rational} gap
 * @returns {State}
 */
export function stateOf(excess, gap) {
  if (excess.p === 0n) return "exhibits";
  return compare(excess, gap) < 0 ? "neither" : "clear";
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Rational} value
 * @param {number} x
 * @param {number} y
 * @param {number} side
 */
function written(pen, value, x, y, side) {
  const text = formatRational(value);
  if (text.length > 5) return;
  pen.fillStyle = css(rgb("ink"));
  pen.font = `${Math.floor(Math.min(side / 2, (1.5 * side) / text.length))}px ui-monospace, monospace`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(text, x + side / 2, y + side / 2);
}

/**
 * @param {import("../engine/task.js").Cost[]} costs
 * @param {number} row
 * @param {number} column
 * @param {string[]} channels
 */
function costText(costs, row, column, channels) {
  if (!costs.length) return `row ${row}, column ${column}: any value will do`;
  const parts = costs.map((c) => {
    const channel = channels.length > 1 ? `${channels[c.channel]}: ` : "";
    const [value, low, high] = [c.value, c.low, c.high].map(formatRational);
    const pixel = `${channel}pixel ${value}, allowed ${low} to ${high}`;
    return `${pixel}, costs ${bothWays(c.excess)}`;
  });
  return `row ${row}, column ${column}: ${parts.join("; ")}`;
}

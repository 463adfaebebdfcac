/** The image: looked at and painted on, pixel by pixel, with exact values. */

import {
  add,
  compare,
  divide,
  formatRational,
  multiply,
  parseRational,
  rational,
  subtract,
} from "../engine/rational.js";
import { el, say } from "./dom.js";
import { channelPicker } from "./features.js";
import { Grid } from "./grid.js";
import { roving } from "./lists.js";
import { pixelColour } from "./look.js";
import { bothWays, share } from "./numbers.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("../engine/rational.js").Rational} Rational
 * @typedef {"look" | "paint" | "stamp"} Tool
 */

const WIDTH = 560;
const LARGEST_SIDE = 84;
const STEPS = 64;
const MOST_SIDE = 96;
/** @type {[Tool, string, string][]} */
const TOOLS = [
  ["paint", "Paint", "Press on pixels to give them the value"],
  ["look", "Look", "Press on a pixel to look at the window around it"],
  ["stamp", "Stamp", "Press on a pixel to put the chosen feature there"],
];

/** The image with its tools. */
export class Workbench {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    /**
     * On a phone the page is scrolled with the same finger, so that painting has to be asked for.
     * @type {Tool}
     */
    this.tool = window.matchMedia("(pointer: coarse)").matches ? "look" : "paint";
    this.value = model.task.high;
    /** Whether the change under way is one that draws its own squares. */
    this.own = false;
    this.brush = 1;
    /** The channels that are painted and shown: -1 for all. */
    this.channel = -1;
    this.readout = el("p", { class: "readout" }, " ");
    this.origin = el("p", { class: "dim origin" }, " ");
    this.grid = new Grid({
      label: "the image",
      rows: 1,
      columns: 1,
      colour: (row, column) => this.colour(row, column),
      describe: (row, column) => this.describe(row, column),
      enter: (row, column) => this.enter(row, column),
      leave: () => this.leave(),
      press: (row, column, first) => this.press(row, column, first),
    });
    this.grid.element.classList.toggle("held", this.tool === "paint");
    const frame = el("div", { class: "image-frame" }, this.grid.element);
    this.element = el("div", { class: "workbench" }, this.toolbar(), frame, this.readout, this.origin, this.sizes());
    model.on("image", () => this.shown());
    model.on("pixels", () => this.own || this.grid.draw());
    model.on("window", () => this.frames());
    model.on("found", () => this.frames());
  }

  /** The tools. */
  toolbar() {
    const tools = el("div", { class: "choices", role: "group", "aria-label": "tool" });
    for (const [tool, text, title] of TOOLS) {
      const button = el(
        "button",
        { type: "button", title, "aria-pressed": String(tool === this.tool), "data-tool": tool },
        text,
      );
      button.addEventListener("click", () => {
        this.tool = tool;
        this.grid.element.classList.toggle("held", tool === "paint");
        for (const other of tools.children) other.setAttribute("aria-pressed", String(other === button));
      });
      tools.append(button);
    }
    roving(tools, "button");
    const brush = el(
      "select",
      { "aria-label": "brush" },
      [1, 2, 3, 5].map((n) => el("option", { value: n }, n === 1 ? "1 pixel" : `${n}×${n}`)),
    );
    brush.addEventListener("change", () => {
      this.brush = Number(brush.value);
    });
    const buttons = el(
      "div",
      { class: "choices" },
      el("button", { type: "button", click: () => this.model.undo() }, "Undo"),
      el("button", { type: "button", click: () => this.clear() }, "Clear"),
    );
    const channel = this.model.task.channels > 1 ? [el("label", {}, "channel ", this.channels())] : [];
    return el("div", { class: "toolbar" }, tools, this.values(), el("label", {}, "brush ", brush), channel, buttons);
  }

  /** The choice of the channel that is painted. */
  channels() {
    const { channels } = this.model.task;
    if (channels !== 3) this.channel = 0;
    return channelPicker(this.model, this.channel, (channel) => {
      this.channel = channel;
      this.grid.draw();
    });
  }

  /** The value to paint with: a slider and a field for any exact number. */
  values() {
    const { low, high } = this.model.task;
    const swatch = el("span", { class: "swatch", "aria-hidden": "true" });
    const slider = el("input", { type: "range", min: 0, max: STEPS, step: 1, "aria-label": "value to paint with" });
    const field = el("input", {
      type: "text",
      inputmode: "text",
      size: 7,
      spellcheck: "false",
      autocomplete: "off",
      "aria-label": "value to paint with, as a fraction or a decimal",
    });
    const note = el("span", { class: "note", role: "status" });
    /** @param {boolean} typed */
    const set = (typed) => {
      const grey = Math.round(255 * share(this.value, low, high));
      swatch.style.background = `rgb(${grey},${grey},${grey})`;
      slider.setAttribute("aria-valuetext", bothWays(this.value));
      slider.value = String(Math.round(STEPS * share(this.value, low, high)));
      if (!typed) field.value = formatRational(this.value);
      field.title = bothWays(this.value);
      field.removeAttribute("aria-invalid");
      note.textContent = "";
    };
    slider.addEventListener("input", () => {
      this.value = add(low, multiply(subtract(high, low), rational(BigInt(slider.value), BigInt(STEPS))));
      set(false);
    });
    field.addEventListener("input", () => {
      const value = parseRational(field.value.trim());
      if (value && compare(low, value) <= 0 && compare(value, high) <= 0) {
        this.value = value;
        set(true);
      } else {
        field.setAttribute("aria-invalid", "true");
        note.textContent = value ? `not in ${formatRational(low)} to ${formatRational(high)}` : "such as 3/8 or 0.375";
      }
    });
    field.addEventListener("change", () => set(false));
    set(false);
    return el("div", { class: "value" }, swatch, slider, field, note);
  }

  /** The image's height and width. */
  sizes() {
    const [height, width] = ["height", "width"].map((label) =>
      el("input", { type: "number", min: 1, max: MOST_SIDE, "aria-label": label }),
    );
    const change = () => this.resize(Number(height.value), Number(width.value));
    this.model.on("image", () => {
      height.value = String(this.model.rows);
      width.value = String(this.model.columns);
    });
    const button = el("button", { type: "button", class: "quiet", click: change }, "Resize");
    return el("div", { class: "sizes" }, el("label", {}, "height ", height), el("label", {}, "width ", width), button);
  }

  /**
   * Cuts the image or adds pixels of the lowest value below and on the right.
   * @param {number} rows
   * @param {number} columns
   */
  resize(rows, columns) {
    const { model } = this;
    const fits = [rows, columns].every((n) => Number.isInteger(n) && n >= 1 && n <= MOST_SIDE);
    if (!fits) return say(`sizes go from 1 to ${MOST_SIDE}`);
    const pixels = [];
    for (let c = 0; c < model.task.channels; c += 1) {
      for (let i = 0; i < rows; i += 1) {
        for (let j = 0; j < columns; j += 1) {
          pixels.push(i < model.rows && j < model.columns ? model.pixels[model.place(c, i, j)] : model.task.low);
        }
      }
    }
    model.show(pixels, rows, columns, "resized");
    return undefined;
  }

  /** All pixels at the lowest value. */
  clear() {
    const { model } = this;
    model.show(
      model.pixels.map(() => model.task.low),
      model.rows,
      model.columns,
      "cleared: all pixels have the lowest value",
    );
    say("cleared");
  }

  /** Another image is shown. */
  shown() {
    const { rows, columns, origin } = this.model;
    const side = Math.max(4, Math.min(LARGEST_SIDE, Math.floor(WIDTH / Math.max(rows, columns))));
    Object.assign(this.grid.options, { rows, columns, side });
    this.grid.size();
    this.origin.textContent = origin;
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  pixel(row, column) {
    const { model } = this;
    return Array.from({ length: model.task.channels }, (_, c) => model.pixels[model.place(c, row, column)]);
  }

  /**
   * @param {number} row
   * @param {number} column
   * @returns {import("./theme.js").Rgb}
   */
  colour(row, column) {
    if (!this.model.pixels.length) return [0, 0, 0];
    return pixelColour(this.model.task, this.pixel(row, column), this.channel);
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  describe(row, column) {
    if (!this.model.pixels.length) return "";
    const { channels } = this.model.data;
    const values = this.pixel(row, column).map((x, c) => (channels.length > 1 ? `${channels[c]} ` : "") + bothWays(x));
    return `row ${row}, column ${column}: ${values.join("; ")}`;
  }

  /**
   * @param {number} row
   * @param {number} column
   */
  enter(row, column) {
    this.readout.textContent = this.describe(row, column);
    if (this.tool !== "look") return;
    this.model.look(this.around(row, column));
  }

  /** The pointer or the focus is away. */
  leave() {
    this.readout.textContent = " ";
  }

  /**
   * The window of the chosen feature that has a pixel in its middle, moved into the image; null if it has no room.
   * @param {number} row
   * @param {number} column
   */
  around(row, column) {
    const { model } = this;
    const feature = model.task.features[model.feature];
    const [down, right] = [model.rows - feature.rows, model.columns - feature.columns];
    if (down < 0 || right < 0) return null;
    const cut = (/** @type {number} */ x, /** @type {number} */ most) => Math.max(0, Math.min(most, x));
    return {
      row: cut(row - Math.floor(feature.rows / 2), down),
      column: cut(column - Math.floor(feature.columns / 2), right),
    };
  }

  /**
   * @param {number} row
   * @param {number} column
   * @param {boolean} first whether this begins a stroke
   */
  press(row, column, first) {
    if (this.tool === "paint") this.paint(row, column, first);
    if (this.tool === "stamp" && first) this.stamp(row, column);
    if (this.tool === "look" && first) this.model.look(this.around(row, column));
  }

  /** @param {boolean} first */
  begin(first) {
    if (!first) return;
    this.model.remember();
    this.model.origin = "painted by hand";
    this.origin.textContent = this.model.origin;
  }

  /**
   * @param {number} row
   * @param {number} column
   * @param {boolean} first
   */
  paint(row, column, first) {
    const { model, brush } = this;
    this.begin(first);
    const [top, left] = [row, column].map((x) => x - Math.floor((brush - 1) / 2));
    const places = [];
    const channels = this.channel < 0 ? Array.from({ length: model.task.channels }, (_, c) => c) : [this.channel];
    const squares = [];
    for (let i = Math.max(0, top); i < Math.min(model.rows, top + brush); i += 1) {
      for (let j = Math.max(0, left); j < Math.min(model.columns, left + brush); j += 1) {
        for (const c of channels) places.push(model.place(c, i, j));
        squares.push([i, j]);
      }
    }
    this.own = true;
    model.paint(
      places,
      places.map(() => this.value),
    );
    this.own = false;
    for (const [i, j] of squares) this.grid.redraw(i, j);
  }

  /**
   * Puts the chosen template around a pixel, at the middle of its intervals; where any value will do nothing changes.
   * @param {number} row
   * @param {number} column
   */
  stamp(row, column) {
    const { model } = this;
    const window = this.around(row, column);
    const feature = model.task.features[model.feature];
    if (!window) {
      say("the image is too small for this feature");
      return;
    }
    this.begin(true);
    const template = feature.templates[model.template];
    const [places, values] = [/** @type {number[]} */ ([]), /** @type {Rational[]} */ ([])];
    const cells = feature.rows * feature.columns;
    template.low.forEach((low, p) => {
      const high = template.high[p];
      const free = compare(low, model.task.low) === 0 && compare(high, model.task.high) === 0;
      if (free) return;
      const [c, i, j] = [Math.floor(p / cells), Math.floor((p % cells) / feature.columns), p % feature.columns];
      places.push(model.place(c, window.row + i, window.column + j));
      values.push(divide(add(low, high), rational(2n)));
    });
    model.paint(places, values);
    model.look(window);
  }

  /** Outlines: windows that exhibit features, those that are almost there, and the one looked at. */
  frames() {
    const { model } = this;
    const { decision } = model.found;
    const frames = [];
    for (const [f, status] of (decision?.statuses ?? []).entries()) {
      const { rows, columns } = model.task.features[f];
      for (const { row, column } of status.exhibiting.slice(0, 4))
        frames.push({ row, column, rows, columns, kind: "exhibits" });
      if (status.state !== "neither") continue;
      const miss = status.offending.reduce((a, b) => (compare(b.excess, a.excess) < 0 ? b : a));
      frames.push({ row: miss.row, column: miss.column, rows, columns, kind: "neither" });
    }
    if (model.window) {
      const { rows, columns } = model.task.features[model.feature];
      frames.push({ ...model.window, rows, columns, kind: "looked" });
    }
    this.grid.outline(frames);
  }

  /**
   * One more outline.
   * @param {{row: number, column: number, rows: number, columns: number, kind: string}} frame
   */
  mark(frame) {
    const box = el("div", { class: `frame ${frame.kind}` });
    this.grid.lay(box, frame.row, frame.column, frame.rows, frame.columns);
    this.grid.marks.append(box);
  }
}

/** Through the network: the maps of the levels of its stem, what is pooled and where it is reached, and the head. */

import { counted, el, fill, place } from "./dom.js";
import { Grid } from "./grid.js";
import { listed } from "./lists.js";
import { mapColour } from "./look.js";
import { bothWays, spelled } from "./numbers.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("../engine/exact.js").ExactMap} ExactMap
 * @typedef {import("../engine/statement.js").Layer} Layer
 * @typedef {import("../engine/network.js").Evaluation} Evaluation
 */

const FIRST = 6;
const FIRST_ROWS = 12;
const WIDTH = 150;
const MOST_MARKS = 6;
const POOLS = { max: "maximum", sum: "sum", mean: "mean" };

/** The section; it is drawn anew only while it is near the part of the page that is seen. */
export class Levels {
  /**
   * @param {Model} model
   * @param {(window: {row: number, column: number, rows: number, columns: number} | null) => void} field
   *   shows a position's field in the image
   */
  constructor(model, field) {
    this.model = model;
    this.field = field;
    this.stale = true;
    this.near = false;
    this.body = el("div", {});
    /** The levels that are open. */
    this.open = new Set([model.network.stem.length]);
    fill(
      place("network"),
      el("h2", { id: "network-heading" }, "Through the network"),
      el("p", { class: "lead" }, this.summary()),
      this.body,
    );
    new IntersectionObserver(
      (entries) => {
        this.near = entries.some((entry) => entry.isIntersecting);
        this.refresh();
      },
      { rootMargin: "200px" },
    ).observe(place("network"));
    model.on("found", () => {
      this.stale = true;
      this.refresh();
    });
  }

  /** What the network is, in words. */
  summary() {
    const { stem, pool, width, head, input } = this.model.network;
    const reads = input === "byte" ? "reads bytes" : "reads pixels";
    const [first, last] = [stem, head].map(({ length }) => counted(length, "layer"));
    const middle = `the global ${POOLS[pool]} of ${counted(width, "channel")}`;
    const colours = "Blue is positive, vermilion is negative";
    const hint = "rest on a square for its exact value and for what it sees of the image";
    return `The network ${reads}: ${first}, then ${middle}, then ${last}. ${colours}; ${hint}.`;
  }

  /** Draws the section if it has to be. */
  refresh() {
    if (!this.stale || !this.near) return;
    this.stale = false;
    const { evaluation, problem } = this.model.found;
    if (!evaluation) {
      fill(this.body, el("p", { class: "why" }, `No values: ${problem ?? "there is no image"}.`));
      return;
    }
    const maps = [evaluation.input, ...evaluation.stem];
    fill(
      this.body,
      maps.map((map, level) => this.level(map, level)),
      this.pooled(evaluation),
      this.head(evaluation),
    );
  }

  /**
   * One level, folded until it is opened.
   * @param {ExactMap} map
   * @param {number} level 0: the input
   */
  level(map, level) {
    const body = el("div", { class: "maps" });
    const text = level ? `${level}. ${layerText(this.model.network.stem[level - 1])}` : "0. input";
    const shape = `${counted(map.channels, "channel")} of ${map.rows}×${map.columns}`;
    const folded = el(
      "details",
      { class: "level", open: this.open.has(level) },
      el("summary", {}, el("strong", {}, text), el("span", { class: "dim" }, ` ${shape}`)),
      body,
    );
    const draw = () => {
      if (!folded.open || body.childElementCount) return;
      const channels = Array.from({ length: map.channels }, (_, k) => k);
      listed(body, channels, FIRST, (k) => this.channel(map, level, k), "channel");
    };
    folded.addEventListener("toggle", () => {
      if (folded.open) this.open.add(level);
      else this.open.delete(level);
      draw();
    });
    draw();
    return folded;
  }

  /**
   * @param {ExactMap} map
   * @param {number} level
   * @param {number} channel
   */
  channel(map, level, channel) {
    const size = map.rows * map.columns;
    const values = Array.from({ length: size }, (_, p) => map.near(channel * size + p));
    const most = values.reduce((a, b) => Math.max(a, Math.abs(b)), 0);
    const readout = el("p", { class: "readout small" }, `channel ${channel}`);
    const describe = (/** @type {number} */ row, /** @type {number} */ column) =>
      `${channel}: row ${row}, column ${column}: ${bothWays(map.at(channel, row, column))}`;
    const grid = new Grid({
      label: `channel ${channel} of level ${level}`,
      rows: map.rows,
      columns: map.columns,
      side: Math.max(2, Math.min(14, Math.floor(WIDTH / Math.max(map.rows, map.columns)))),
      colour: (row, column) => mapColour(values[row * map.columns + column], most),
      describe,
      enter: (row, column) => {
        readout.textContent = describe(row, column);
        this.field(this.seen(level, row, column));
      },
      leave: () => {
        readout.textContent = `channel ${channel}`;
        this.field(null);
      },
    });
    const last = level === this.model.network.stem.length;
    const reached = Array.from(
      (last ? this.model.found.evaluation?.reached[channel] : null)?.slice(0, MOST_MARKS) ?? [],
    );
    if (most > 0)
      grid.outline(
        reached.map((p) => ({
          row: Math.floor(p / map.columns),
          column: p % map.columns,
          rows: 1,
          columns: 1,
          kind: "reached",
        })),
      );
    return el("figure", {}, grid.element, readout);
  }

  /**
   * What of the image a position of a level sees.
   * @param {number} level
   * @param {number} row
   * @param {number} column
   */
  seen(level, row, column) {
    let [top, bottom, left, right] = [row, row + 1, column, column + 1];
    for (const layer of this.model.network.stem.slice(0, level).reverse()) {
      [top, bottom] = [top * layer.down - layer.top, (bottom - 1) * layer.down - layer.top + layer.rows];
      [left, right] = [left * layer.right - layer.left, (right - 1) * layer.right - layer.left + layer.columns];
    }
    const { rows, columns } = this.model;
    [top, left] = [Math.max(0, top), Math.max(0, left)];
    [bottom, right] = [Math.min(rows, bottom), Math.min(columns, right)];
    return top < bottom && left < right ? { row: top, column: left, rows: bottom - top, columns: right - left } : null;
  }

  /** @param {Evaluation} evaluation */
  pooled(evaluation) {
    const { pool } = this.model.network;
    const body = el("tbody", {});
    const values = evaluation.pooled.values();
    listed(
      body,
      values,
      FIRST_ROWS,
      (value, k) => {
        const places = evaluation.reached[k];
        const { columns } = evaluation.stem[evaluation.stem.length - 1] ?? evaluation.input;
        const first = places.length ? [Math.floor(places[0] / columns), places[0] % columns] : null;
        const where =
          first === null
            ? ""
            : places.length === 1
              ? `reached at row ${first[0]}, column ${first[1]}`
              : `reached at ${counted(places.length, "position")}, first at row ${first[0]}, column ${first[1]}`;
        const show = () => this.field(first ? this.seen(this.model.network.stem.length, first[0], first[1]) : null);
        const row = el(
          "tr",
          {},
          el("th", { scope: "row" }, `channel ${k}`),
          el("td", {}, spelled(value)),
          el("td", { class: "dim" }, where),
        );
        row.addEventListener("pointerenter", show);
        row.addEventListener("pointerleave", () => this.field(null));
        return row;
      },
      "channel",
    );
    return el(
      "details",
      { class: "level", open: true },
      el(
        "summary",
        {},
        el("strong", {}, `Global ${POOLS[pool]}`),
        el("span", { class: "dim" }, ` ${counted(values.length, "number")}`),
      ),
      el("table", { class: "numbers" }, body),
    );
  }

  /** @param {Evaluation} evaluation */
  head(evaluation) {
    return evaluation.head.map((map, i) => {
      const last = i === evaluation.head.length - 1;
      const values = map.values();
      const body = el("tbody", {});
      const { classes } = this.model.task;
      listed(
        body,
        values,
        FIRST_ROWS,
        (value, k) =>
          el(
            "tr",
            {},
            el("th", { scope: "row" }, last ? `logit of ${classes[k].name}` : `${k}`),
            el("td", {}, spelled(value)),
          ),
        "number",
      );
      return el(
        "details",
        { class: "level" },
        el(
          "summary",
          {},
          el("strong", {}, `Head, ${i + 1}. ${layerText(this.model.network.head[i])}`),
          el("span", { class: "dim" }, ` ${counted(values.length, "number")}`),
        ),
        el("table", { class: "numbers" }, body),
      );
    });
  }
}

/**
 * A layer in words.
 * @param {Layer} layer
 */
function layerText(layer) {
  if (layer.word === "relu") return "ReLU";
  if (layer.word === "dense") return `dense, ${layer.inputs} to ${layer.outputs}`;
  const step = layer.down > 1 || layer.right > 1 ? `, step ${layer.down}×${layer.right}` : "";
  const words = /** @type {Record<string, string>} */ ({
    conv: "convolution",
    maxpool: "max pool",
    avgpool: "mean pool",
  });
  return `${words[layer.word] ?? layer.word} ${layer.rows}×${layer.columns}${step}`;
}

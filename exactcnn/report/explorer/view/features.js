/** The task: what its features look like, and which classes follow from them. */

import { compare, formatRational } from "../engine/rational.js";
import { counted, el, fill, named, place, say, svg } from "./dom.js";
import { Grid } from "./grid.js";
import { listed } from "./lists.js";
import { drawInterval, isFree, pixelColour } from "./look.js";
import { bothWays, share } from "./numbers.js";

/**
 * @typedef {import("../engine/statement.js").Feature} Feature
 * @typedef {import("../engine/statement.js").Template} Template
 * @typedef {import("./model.js").Model} Model
 */

const FIRST = 12;
const CARD = 190;
const MOST_INTERVALS = 12;
/** CSS pixels of a unit of an axis' height. */
const LINE = 1.5;

/** @param {Model} model */
export function showTask(model) {
  const { task } = model;
  const cards = el("div", { class: "cards" });
  listed(cards, task.features, FIRST, (feature, number) => card(model, feature, number), "feature");
  const classes = el("dl", { class: "classes" });
  listed(
    classes,
    task.classes,
    FIRST,
    ({ name }, number) => el("div", {}, el("dt", {}, named(name)), el("dd", {}, condition(model, number))),
    "class",
    "classes",
  );
  fill(
    place("task"),
    el("h2", { id: "task-heading" }, "The task"),
    el(
      "p",
      { class: "lead" },
      `${counted(task.features.length, "feature")}, ${counted(task.classes.length, "class", "classes")}; pixels from `,
      `${formatRational(task.low)} to ${formatRational(task.high)}`,
      task.channels > 1 ? ` in ${task.channels} channels. ` : ". ",
      "Each square of a template shows the values that a pixel may have: ",
      "the lowest above the diagonal, the highest below; ",
      "where it is hatched, any value will do.",
    ),
    cards,
    el("h3", {}, "Classes"),
    el(
      "p",
      { class: "lead" },
      "An image contains a feature if one of its windows exhibits it, and avoids it if all windows are clear of it.",
    ),
    classes,
  );
}

/**
 * When an image is of a class, in words with the features' names.
 * @param {Model} model
 * @param {number} number of the class
 */
export function condition(model, number) {
  const { alternatives } = model.task.classes[number];
  if (alternatives === null) return el("span", {}, "no other class");
  const parts = alternatives.map(({ requires, forbids }) => {
    const words = [
      ...(requires.length ? ["contains ", ...joined(model, requires)] : []),
      ...(requires.length && forbids.length ? [", "] : []),
      ...(forbids.length ? ["avoids ", ...joined(model, forbids)] : []),
    ];
    return el("span", { class: "alternative" }, words.length ? words : "any image");
  });
  return el(
    "span",
    {},
    parts.flatMap((part, i) => (i ? [" or ", part] : [part])),
  );
}

/**
 * @param {Model} model
 * @param {number[]} features
 */
function joined(model, features) {
  return features.flatMap((f, i) => [
    ...(i ? [i === features.length - 1 ? " and " : ", "] : []),
    named(model.task.features[f].name),
  ]);
}

/**
 * @param {Model} model
 * @param {Feature} feature
 * @param {number} number
 */
function card(model, feature, number) {
  const { channels } = model.task;
  const readout = el("p", { class: "readout" }, " ");
  const holder = el("div", { class: "drawn" });
  const intervals = el("div", {});
  let [template, channel] = [0, channels === 3 ? -1 : 0];
  /** Draws the template and channel chosen. */
  function draw() {
    fill(holder, templateGrid(model, feature, template, channel, readout).element);
    fill(intervals, intervalAxis(model, feature.templates[template]));
  }
  const pickers = el("div", { class: "pickers" });
  if (feature.templates.length > 1) {
    const names = feature.templates.map((_, t) => `template ${t}`);
    pickers.append(
      picker("Template", names, 0, (chosen) => {
        template = chosen;
        draw();
        model.chosen = true;
        model.choose(number, template);
      }),
    );
  }
  if (channels > 1)
    pickers.append(
      channelPicker(model, channel, (chosen) => {
        channel = chosen;
        draw();
      }),
    );
  draw();
  return el(
    "article",
    { class: "card feature" },
    el("h3", {}, named(feature.name)),
    el("p", { class: "dim" }, `${feature.rows}×${feature.columns}, gap ${formatRational(feature.gap)}`),
    holder,
    intervals,
    pickers,
    readout,
    el(
      "button",
      {
        type: "button",
        class: "quiet",
        click: () => {
          model.chosen = true;
          model.choose(number, template);
          model.point();
          place("images").scrollIntoView();
          say(`looking for ${feature.name}`);
        },
      },
      "Look for it in an image",
    ),
  );
}

/**
 * A choice among names.
 * @param {string} label
 * @param {readonly string[]} names
 * @param {number} chosen
 * @param {(number: number) => void} change
 */
export function picker(label, names, chosen, change) {
  const select = el(
    "select",
    { "aria-label": label },
    names.map((name, i) => el("option", { value: i }, name)),
  );
  select.selectedIndex = chosen;
  select.addEventListener("change", () => change(select.selectedIndex));
  return select;
}

/**
 * A choice among channels; -1 stands for all three in colour.
 * @param {Model} model
 * @param {number} chosen
 * @param {(channel: number) => void} change
 */
export function channelPicker(model, chosen, change) {
  const names = model.data.channels.map((name, i) => name || `channel ${i}`);
  const first = model.task.channels === 3 ? ["in colour"] : [];
  return picker("Channel", [...first, ...names], chosen + first.length, (i) => change(i - first.length));
}

/**
 * A template as a grid with its exact intervals.
 * @param {Model} model
 * @param {Feature} feature
 * @param {number} number of the template
 * @param {number} channel -1: all three in colour
 * @param {HTMLElement} readout
 * @param {number} [width] in CSS pixels
 */
export function templateGrid(model, feature, number, channel, readout, width = CARD) {
  const [{ task }, template, cells] = [model, feature.templates[number], feature.rows * feature.columns];
  const shown = channel < 0 ? Array.from({ length: task.channels }, (_, c) => c) : [channel];
  const places = (/** @type {number} */ row, /** @type {number} */ column) =>
    shown.map((c) => c * cells + row * feature.columns + column);
  const colourOf = (/** @type {import("../engine/rational.js").Rational[]} */ values) =>
    pixelColour(task, values, channel < 0 ? -1 : 0);
  const describe = (/** @type {number} */ row, /** @type {number} */ column) =>
    `row ${row}, column ${column}: ` +
    places(row, column)
      .map((p, i) => (shown.length > 1 ? `${model.data.channels[shown[i]]} ` : "") + intervalText(model, template, p))
      .join("; ");
  return new Grid({
    label: `template ${number} of ${feature.name}`,
    rows: feature.rows,
    columns: feature.columns,
    side: Math.max(3, Math.min(48, Math.floor(width / Math.max(feature.rows, feature.columns)))),
    colour: (row, column) => colourOf(places(row, column).map((p) => template.high[p])),
    over: (pen, row, column, x, y, side) => {
      const at = places(row, column);
      const [low, high] = [template.low, template.high].map((ends) => colourOf(at.map((p) => ends[p])));
      drawInterval(
        pen,
        low,
        high,
        at.every((p) => isFree(task, template, p)),
        [x, y, side],
      );
    },
    describe,
    enter: (row, column) => {
      readout.textContent = describe(row, column);
    },
    leave: () => {
      readout.textContent = " ";
    },
  });
}

/**
 * @param {Model} model
 * @param {Template} template
 * @param {number} p
 */
function intervalText(model, template, p) {
  if (isFree(model.task, template, p)) return "any value";
  const [low, high] = [template.low[p], template.high[p]];
  return compare(low, high) ? `from ${bothWays(low)} to ${bothWays(high)}` : `just ${bothWays(low)}`;
}

/**
 * The different intervals of a template as bars over the pixel range.
 * @param {Model} model
 * @param {Template} template
 */
function intervalAxis(model, template) {
  const { low, high } = model.task;
  /** @type {Map<string, {place: number, count: number}>} */
  const found = new Map();
  template.low.forEach((_, place) => {
    const key = intervalText(model, template, place);
    const known = found.get(key);
    if (known) known.count += 1;
    else found.set(key, { place, count: 1 });
  });
  const ordered = Array.from(found).sort((a, b) => compare(template.low[a[1].place], template.low[b[1].place]));
  const bars = ordered.slice(0, MOST_INTERVALS).map(([text, { place, count }], i) => {
    const [a, b] = [template.low[place], template.high[place]].map((x) => 100 * share(x, low, high));
    const kind = isFree(model.task, template, place) ? "free" : "bar";
    const title = svg("title", {}, `${counted(count, "pixel")}: ${text}`);
    return svg("rect", { class: kind, x: Math.min(a, 99), y: 3 + 5 * i, width: Math.max(1, b - a), height: 3 }, title);
  });
  const height = 4 + 5 * bars.length;
  const ends = el(
    "span",
    { class: "ends", "aria-hidden": "true" },
    el("span", {}, formatRational(low)),
    el("span", {}, formatRational(high)),
  );
  const words = ordered.map(([text, { count }]) => `${counted(count, "pixel")} ${text}`);
  const label = `the intervals of its pixels: ${words.join("; ")}`;
  const drawing = svg(
    "svg",
    {
      class: "axis",
      viewBox: `0 0 100 ${height}`,
      role: "img",
      "aria-label": label.slice(0, 400),
      preserveAspectRatio: "none",
    },
    svg("line", { class: "rule", x1: 0, x2: 100, y1: height - 0.5, y2: height - 0.5 }),
    bars,
  );
  drawing.style.height = `${height * LINE}px`;
  return el("div", { class: "intervals" }, drawing, ends);
}

/** The page: reads its data, builds its parts, and shows the first image. */

import { checkCertificate } from "../engine/checker.js";
import { Refused } from "../engine/lines.js";
import { ZERO } from "../engine/rational.js";
import { showCounterexample } from "./counterexample.js";
import { el, fill, place } from "./dom.js";
import { showTask } from "./features.js";
import { gallery } from "./gallery.js";
import { showHeader, showPlaces } from "./header.js";
import { Levels } from "./levels.js";
import { Model } from "./model.js";
import { showProof } from "./proof.js";
import { Verdict } from "./verdict.js";
import { Windows } from "./windows.js";
import { Workbench } from "./workbench.js";

/** @typedef {import("./model.js").PageData} PageData */

/** Milliseconds in which the browser shows the head of the page before all else is built. */
const HEAD_START = 20;

/** Builds the page: its head at once, and the rest a moment later. */
function main() {
  /** @type {PageData} */
  const data = JSON.parse(place("data").textContent ?? "");
  showHeader(data);
  setTimeout(() => build(data), HEAD_START);
}

/**
 * Builds all but the head.
 * @param {PageData} data
 */
function build(data) {
  try {
    show(new Model(data));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    fill(place("task"), el("p", { class: "notice" }, `This page cannot read its statement: ${error.message}.`));
  }
}

/** @param {Model} model */
function show(model) {
  showTask(model);
  const [bench, verdict] = [new Workbench(model), new Verdict(model)];
  const windows = new Windows(model);
  fill(
    place("images"),
    el("h2", { id: "images-heading" }, "Images"),
    el(
      "p",
      { class: "lead" },
      "Choose an image, then change its pixels: what the task and the network say of it is worked out anew each time, ",
      "in exact fractions. Pressed again, a picture shows another image of its configuration.",
    ),
    gallery(model),
    el("div", { class: "bench" }, bench.element, verdict.element),
    windows.element,
  );
  new Levels(model, (field) => {
    bench.frames();
    if (field) bench.mark({ ...field, kind: "field" });
  });
  showProof(model);
  const hasExample = showCounterexample(model);
  showPlaces([
    ...(hasExample ? [/** @type {[string, string]} */ (["counterexample", "Counterexample"])] : []),
    ["task", "Task"],
    ["images", "Images"],
    ["network", "Network"],
    ["proof", "Proof"],
  ]);
  first(model);
  // For the console, and for tests: the page's state, and its checker for any two texts.
  Object.assign(window, { explorer: Object.assign(model, { check: checkCertificate }) });
}

/**
 * Shows the image that the page starts with.
 * @param {Model} model
 */
function first(model) {
  const { counterexample, images, witnesses } = model.data;
  if (counterexample?.whole) {
    model.show(model.written(counterexample.pixels), counterexample.height, counterexample.width, "the counterexample");
    return;
  }
  const drawn = images.find((d) => d.features.length === 1) ?? images[0];
  if (drawn) {
    model.show(model.drawn(drawn.bytes[0]), drawn.height, drawn.width, "a generated image");
    return;
  }
  const [witness] = witnesses.filter((w) => w.whole);
  if (witness) {
    model.show(model.written(witness.pixels), witness.height, witness.width, `the witness of class ${witness.label}`);
    return;
  }
  const { task, statement } = model;
  const [rows, columns] = statement.least.map((n, i) =>
    Math.max(n, ...task.features.map((f) => (i ? f.columns : f.rows)), 8),
  );
  const low = task.low.p === 0n ? ZERO : task.low;
  model.show(new Array(task.channels * rows * columns).fill(low), rows, columns, "all pixels have the lowest value");
}

main();

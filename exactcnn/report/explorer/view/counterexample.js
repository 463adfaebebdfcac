/** The image that a network gets wrong, with what is wrong about it. */

import { parseRational } from "../engine/rational.js";
import { el, fill, named, place } from "./dom.js";
import { previewOf } from "./gallery.js";
import { spelled } from "./numbers.js";

/** @typedef {import("./model.js").Model} Model */

const PICTURE = 200;

/**
 * Shows the counterexample, if there is one.
 * @param {Model} model
 */
export function showCounterexample(model) {
  const example = model.data.counterexample;
  const section = place("counterexample");
  section.hidden = !example;
  if (!example) return false;
  const rows = model.task.classes.map(({ name }, y) => {
    const value = parseRational(example.logits[y]);
    const isLabel = name === example.label;
    const isBest = example.winners.includes(name);
    const remark = [...(isLabel ? ["the label"] : []), ...(isBest ? ["largest"] : [])].join(", ");
    return {
      y,
      isLabel,
      isBest,
      row: el(
        "tr",
        { class: isLabel ? "label" : isBest ? "best" : "" },
        el("th", { scope: "row" }, named(name)),
        el("td", {}, value ? spelled(value) : ""),
        el("td", { class: "dim" }, remark),
      ),
    };
  });
  const shown = rows.length > 16 ? rows.filter((r) => r.isLabel || r.isBest) : rows;
  const others = example.winners.filter((name) => name !== example.label);
  const tied = example.winners.includes(example.label);
  const wrong = tied
    ? ["the label's logit is only as large as that of ", ...listedNames(others), ": it does not lead."]
    : ["the largest logit is that of ", ...listedNames(others), "."];
  const contains = example.features.length ? listedNames(example.features) : ["no feature"];
  const size = `${example.height}×${example.width}`;
  const show = () => {
    model.show(model.written(example.pixels), example.height, example.width, "the counterexample");
    place("images").scrollIntoView();
  };
  fill(
    section,
    el("h2", { id: "counterexample-heading" }, "The counterexample"),
    el(
      "p",
      { class: "lead" },
      `This image of ${size} contains `,
      contains,
      ', so that its class is "',
      named(example.label),
      '"; but ',
      wrong,
    ),
    el(
      "div",
      { class: "side-by-side" },
      picture(model, example),
      el(
        "table",
        { class: "numbers" },
        el(
          "tbody",
          {},
          shown.map((r) => r.row),
        ),
      ),
    ),
    example.whole
      ? el(
          "p",
          {},
          el("button", { type: "button", click: show }, "Show it below"),
          el("span", { class: "dim" }, " Change its pixels, and see how far the fault goes."),
        )
      : el(
          "p",
          { class: "dim" },
          "The image is too large for this page. The command that found it writes it as a file.",
        ),
  );
  return true;
}

/**
 * @param {Model} model
 * @param {import("./model.js").Example} example
 */
function picture(model, example) {
  if (!example.whole) return null;
  const { height, width } = example;
  const canvas = previewOf(model, model.written(example.pixels), height, width, PICTURE);
  canvas.setAttribute("role", "img");
  canvas.removeAttribute("aria-hidden");
  canvas.setAttribute("aria-label", `the counterexample, ${height} by ${width}`);
  return canvas;
}

/** @param {string[]} names */
function listedNames(names) {
  return names.flatMap((name, i) => [...(i ? [i === names.length - 1 ? " and " : ", "] : []), '"', named(name), '"']);
}

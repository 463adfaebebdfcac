/** The head of the page: the task, the answer, and the places to go to. */

import { el, fill, named, place, visible } from "./dom.js";
import { themeSwitch } from "./theme.js";

/** @typedef {import("./model.js").PageData} PageData */

/** @type {Record<string, string>} */
const SIGNS = { PROVED: "✓", REFUTED: "✗", VACUOUS: "∅", UNKNOWN: "?", TIMEOUT: "…" };

/** @param {PageData} data */
export function showHeader(data) {
  const { answer, network, source, task, version } = data;
  const { verdict, claim, facts } = answer;
  const mark = el(
    "span",
    { class: `verdict ${verdict}` },
    el("span", { "aria-hidden": "true" }, `${SIGNS[verdict] ?? ""} `),
    verdict,
  );
  const pairs = [["network", network], ...facts];
  fill(
    place("top"),
    el(
      "div",
      { class: "bar" },
      el("span", { class: "brand" }, "exactcnn"),
      el("span", { class: "dim source", title: visible(source) }, visible(source)),
      themeSwitch(),
    ),
    el("h1", {}, named(task, "title")),
    el("p", { class: "answer" }, mark, el("span", { class: "claim" }, sentence(visible(claim)))),
    el(
      "dl",
      { class: "facts" },
      pairs.map(([name, text]) => el("div", {}, el("dt", {}, name), el("dd", { title: visible(text) }, visible(text)))),
    ),
  );
  fill(
    place("end"),
    el(
      "p",
      {},
      `Made by exactcnn ${version}. All numbers are exact fractions; decimals with ≈ are rounded. `,
      "This page sends nothing anywhere.",
    ),
  );
}

/**
 * Links to the parts that are shown.
 * @param {[string, string][]} parts ids and headings
 */
export function showPlaces(parts) {
  fill(
    place("places"),
    parts.map(([id, text]) => el("a", { href: `#${id}` }, text)),
  );
}

/**
 * @param {string} text
 */
function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1) + (text.endsWith(".") ? "" : ".");
}

/** What follows of the image: features, admissible or not and why, label, logits. Said again with every change. */

import { compare, formatRational, largest, subtract } from "../engine/rational.js";
import { counted, el, fill, named, say, visible } from "./dom.js";
import { bothWays, number, share, spelled } from "./numbers.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("../engine/task.js").Status} Status
 * @typedef {import("../engine/rational.js").Rational} Rational
 */

const MOST_ROWS = 14;
const MOST_LOGITS = 14;
/** @type {Record<string, [string, string]>} */
const STATES = { contains: ["●", "contained"], avoids: ["○", "avoided"], neither: ["◐", "almost there"] };

/** The panel beside the image. */
export class Verdict {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.answer = el("div", { class: "decision" });
    this.features = el("div", {});
    this.logits = el("div", {});
    this.element = el(
      "div",
      { class: "panel" },
      this.answer,
      el("h3", {}, "Features"),
      this.features,
      el("h3", {}, "Logits"),
      this.logits,
    );
    model.on("found", () => this.show());
    model.on("choice", () => this.show());
  }

  /** Shows what was found. */
  show() {
    this.showAnswer();
    this.showFeatures();
    this.showLogits();
  }

  /** Admissible or not, and why. */
  showAnswer() {
    const { model } = this;
    const { decision, problem } = model.found;
    if (!decision) return;
    const { label, reason } = decision;
    const sign = (/** @type {string} */ text) => el("span", { class: "sign", "aria-hidden": "true" }, text);
    if (label === null) {
      fill(
        this.answer,
        el("p", { class: "big not" }, sign("✗"), "Not admissible"),
        el("p", { class: "why" }, `${visible(reason ?? "")}.`),
      );
      this.answer.className = "decision not";
      say(`not admissible: ${reason}`);
      return;
    }
    const { name } = model.task.classes[label];
    const lead = this.lead(label);
    const wrong = lead !== null && lead.p <= 0n;
    const how = lead === null ? (problem ?? "") : wrong ? "The network gets it wrong: " : "The network gets it right: ";
    const by = lead === null ? [] : ["its logit ", ...leadWords(lead), "."];
    fill(
      this.answer,
      el("p", { class: "big" }, sign(wrong ? "✗" : "✓"), "Admissible: ", named(name)),
      el("p", { class: "why" }, how, by),
    );
    this.answer.className = wrong ? "decision wrong" : "decision right";
    const told = lead === null ? problem : `the network is ${wrong ? "wrong" : "right"}, lead ${bothWays(lead)}`;
    say(`admissible, class ${name}; ${told}`);
  }

  /**
   * The label's logit minus the largest other.
   * @param {number} label
   */
  lead(label) {
    const { evaluation } = this.model.found;
    if (!evaluation) return null;
    return subtract(evaluation.logits[label], largest(evaluation.logits.filter((_, y) => y !== label)));
  }

  /** One row a feature: those that are there first, the avoided ones folded where there are many. */
  showFeatures() {
    const { model } = this;
    const statuses = (model.found.decision?.statuses ?? []).map((status, f) => ({ status, f }));
    const many = statuses.length > MOST_ROWS;
    const shown = many
      ? statuses.filter(({ status, f }) => status.state !== "avoids" || f === model.feature).slice(0, MOST_ROWS)
      : statuses;
    const rest = statuses.length - shown.length;
    const table = el(
      "table",
      { class: "statuses" },
      el(
        "tbody",
        {},
        shown.map(({ status, f }) => this.row(status, f)),
      ),
    );
    fill(
      this.features,
      table,
      rest
        ? el("p", { class: "dim" }, `${counted(rest, "feature")} more${many ? "; the others are avoided" : ""}.`)
        : null,
    );
  }

  /**
   * @param {Status} status
   * @param {number} f
   */
  row(status, f) {
    const [sign, word] = STATES[status.state];
    const { gap } = this.model.task.features[f];
    const places = status.exhibiting.length;
    const detail =
      status.state === "contains"
        ? places > 1
          ? `in ${new Set(status.exhibiting.map((p) => `${p.row} ${p.column}`)).size} windows`
          : `at row ${status.exhibiting[0].row}, column ${status.exhibiting[0].column}`
        : status.nearest === null
          ? "no room for a window"
          : "";
    const excess =
      status.nearest !== null && status.state !== "contains"
        ? [
            el("span", { class: "dim" }, "least excess "),
            spelled(status.nearest),
            status.state === "neither" ? el("span", { class: "dim" }, `; gap ${formatRational(gap)}`) : "",
          ]
        : [];
    const choose = () => {
      this.model.chosen = true;
      this.model.choose(f);
      const at = status.exhibiting[0] ?? nearest(status);
      if (at) this.model.look({ row: at.row, column: at.column });
    };
    const chosen = this.model.feature === f;
    return el(
      "tr",
      { class: `${status.state}${chosen ? " chosen" : ""}` },
      el("td", { class: "state" }, el("span", { "aria-hidden": "true" }, sign)),
      el(
        "th",
        { scope: "row" },
        el(
          "button",
          { type: "button", class: "link", click: choose, "aria-pressed": String(chosen) },
          named(status.name),
        ),
      ),
      el("td", {}, el("span", { class: "word" }, word)),
      el("td", { class: "detail" }, detail, excess),
    );
  }

  /** A bar a class, to one scale, with the exact value. */
  showLogits() {
    const { model } = this;
    const { evaluation, decision, problem } = model.found;
    if (!evaluation) {
      fill(this.logits, el("p", { class: "why" }, `The network has no answer: ${problem}.`));
      return;
    }
    const best = largest(evaluation.logits);
    const low = evaluation.logits.reduce((a, b) => (compare(b, a) < 0 ? b : a), { p: 0n, q: 1n });
    const high = largest([best, { p: 0n, q: 1n }]);
    const order = evaluation.logits.map((_, y) => y);
    const many = order.length > MOST_LOGITS;
    if (many) order.sort((a, b) => compare(evaluation.logits[b], evaluation.logits[a]));
    const rows = order
      .slice(0, MOST_LOGITS)
      .map((y) => this.bar(y, evaluation.logits[y], best, [low, high], decision?.label === y));
    const label = decision?.label ?? null;
    const lead = label === null ? null : this.lead(label);
    const words =
      label === null
        ? "The image has no label, so that nothing is claimed about its logits."
        : lead && ["The label's logit ", ...leadWords(lead), this.claimed()];
    fill(
      this.logits,
      el("table", { class: "logits" }, el("tbody", {}, rows)),
      many ? el("p", { class: "dim" }, `the ${MOST_LOGITS} largest of ${order.length}`) : null,
      el("p", { class: "why" }, words),
    );
  }

  /** What was proved of the lead. */
  claimed() {
    const { certificate, answer } = this.model.data;
    if (answer.verdict !== "PROVED" || !certificate) return ".";
    const margin = formatRational(this.model.statement.margin);
    return `; at least ${margin} is proved for every admissible image of the sizes.`;
  }

  /**
   * @param {number} y
   * @param {Rational} value
   * @param {Rational} best
   * @param {[Rational, Rational]} range
   * @param {boolean} isLabel
   */
  bar(y, value, best, [low, high], isLabel) {
    const isBest = compare(value, best) === 0;
    const zero = share({ p: 0n, q: 1n }, low, compare(low, high) < 0 ? high : { p: low.p + low.q, q: low.q });
    const end = compare(low, high) < 0 ? share(value, low, high) : 0;
    const fillBar = el("span", { class: "fill" });
    fillBar.style.left = `${100 * Math.min(zero, end)}%`;
    fillBar.style.width = `${100 * Math.abs(end - zero)}%`;
    const kind = isLabel ? "label" : isBest ? "best" : "";
    const remark = [...(isLabel ? ["label"] : []), ...(isBest ? ["largest"] : [])].join(", ");
    return el(
      "tr",
      { class: kind },
      el("th", { scope: "row" }, named(this.model.task.classes[y].name)),
      el("td", { class: "track" }, el("span", { class: "bar-track", "aria-hidden": "true" }, fillBar)),
      el("td", { class: "figure" }, spelled(value)),
      el("td", { class: "dim remark" }, remark),
    );
  }
}

/**
 * How the label's logit stands to the others.
 * @param {Rational} lead
 */
export function leadWords(lead) {
  if (lead.p > 0n) return ["leads by ", number(lead)];
  if (lead.p < 0n) return ["is behind the largest by ", number({ p: -lead.p, q: lead.q })];
  return ["ties with another"];
}

/**
 * The window that comes nearest to a feature, if one is almost there.
 * @param {Status} status
 */
function nearest(status) {
  return status.offending.length ? status.offending.reduce((a, b) => (compare(b.excess, a.excess) < 0 ? b : a)) : null;
}

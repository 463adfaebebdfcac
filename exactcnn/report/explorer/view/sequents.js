/** A sequent in words and symbols, and its proof: branch by branch, line by line. */

import { bothWays } from "./numbers.js";
import { counted, el, visible } from "./dom.js";
import { listed } from "./lists.js";

/**
 * @typedef {import("../engine/tree.js").ProofView} ProofView
 * @typedef {import("../engine/tree.js").TreeBranch} TreeBranch
 * @typedef {import("../engine/tree.js").TreeStep} TreeStep
 * @typedef {import("../engine/tree.js").Numbered} Numbered
 * @typedef {import("./checking.js").Breaker} Breaker
 */

const FIRST = 10;
const LONGEST = 160;
/** @type {Record<string, string>} */
const RULES = {
  lin: "a sum of rows, each times a positive number",
  sub: "max(0, ·) is monotone, subadditive and positively homogeneous",
  chord: "max(0, ·) lies under its chord",
  maxle: "what is at least each argument is at least their maximum",
  have: "a lemma, proved first",
  split: "one branch for each case of a node",
  cut: "a form is at least 0 or at most 0",
  choose: "one branch for each literal of a clause",
  qed: "a sum of rows closes the branch",
};

/**
 * An inequality as people write it.
 * @param {string} text
 */
function symbols(text) {
  return visible(text)
    .replace(/>=/g, "≥")
    .replace(/\*/g, "·")
    .replace(/-(?=[ 0-9])/g, "−")
    .replace(/^-/, "−");
}

/**
 * A formula; all of a long one is there on hover, and in the page when it is opened.
 * @param {string} text
 */
function formula(text) {
  const shown = symbols(text);
  if (shown.length <= LONGEST) return el("span", { class: "formula" }, shown);
  const more = el(
    "details",
    { class: "long" },
    el("summary", {}, `${shown.slice(0, LONGEST)} …`),
    el("span", { class: "formula" }, shown),
  );
  return el("span", { class: "formula" }, more);
}

/**
 * What has to be shown, and from what.
 * @param {ProofView} view
 * @returns {Node[]}
 */
export function sequentView(view) {
  const { how, place, variables, rows, clauses, goal, interval, same } = view;
  if (how === "none")
    return [
      el(
        "p",
        { class: "dim" },
        "Nothing is claimed here, so that there is nothing to show: pairs of classes take its place.",
      ),
    ];
  const parts = [];
  if (place) parts.push(el("p", {}, el("span", { class: "dim" }, "Where: "), `${place}.`));
  if (goal) parts.push(el("p", { class: "goal" }, el("span", { class: "dim" }, "To show: "), formula(goal)));
  if (interval) {
    const { low, high, wanted } = interval;
    parts.push(
      el(
        "p",
        {},
        `By interval arithmetic, variable by variable, it lies in [${bothWays(low)}, ${bothWays(high)}]; `,
        `wanted is ${bothWays(wanted)}.`,
      ),
    );
  }
  if (same) parts.push(el("p", {}, `The sequent is the same as that of line ${same}, which has a proof.`));
  if (variables.length) {
    parts.push(
      folded(counted(variables.length, "variable"), (body) => {
        listed(
          body,
          variables,
          FIRST,
          ({ name, interval: ends, definition, kind }) =>
            el(
              "p",
              { class: "row" },
              el("span", { class: "formula" }, name),
              el(
                "span",
                { class: "dim" },
                ends
                  ? ` from ${bothWays(ends[0])} to ${bothWays(ends[1])}`
                  : definition
                    ? " = "
                    : kind === "pooled"
                      ? " a pooled channel"
                      : "",
              ),
              definition ? formula(definition) : "",
            ),
          "variable",
        );
      }),
    );
  }
  if (rows.length && how === "prove")
    parts.push(
      folded(`${counted(rows.length, "row")} to start from`, (body) => listed(body, rows, FIRST, rowView, "row")),
    );
  if (clauses.length) {
    parts.push(
      folded(counted(clauses.length, "clause"), (body) => {
        listed(
          body,
          clauses,
          FIRST,
          ({ number, literals }) =>
            el("p", { class: "row" }, el("span", { class: "tag" }, `${number}`), visible(literals.join("  or  "))),
          "clause",
        );
      }),
    );
  }
  return parts;
}

/**
 * @param {string} title
 * @param {(body: HTMLElement) => void} make
 */
function folded(title, make) {
  const body = el("div", { class: "inside" });
  const entry = el("details", { class: "part" }, el("summary", {}, title), body);
  entry.addEventListener("toggle", () => {
    if (entry.open && !body.childElementCount) make(body);
  });
  return entry;
}

/** @param {Numbered} row */
function rowView({ number, text, about }) {
  return el(
    "p",
    { class: "row" },
    el("span", { class: "tag", title: about }, `${number}`),
    formula(text),
    el("span", { class: "dim" }, `  ${about}`),
  );
}

/**
 * A branch and all below it.
 * @param {TreeBranch} branch
 * @param {ProofView} view
 * @param {Breaker} breaker
 * @param {ReadonlyMap<number, string>} [above] the rows that the branch starts with, by number
 */
export function branchView(branch, view, breaker, above = new Map(view.rows.map((row) => [row.number, row.text]))) {
  const known = new Map(above);
  const steps = el("div", { class: "steps" });
  for (const row of branch.rows) {
    known.set(row.number, row.text);
    steps.append(rowView({ ...row, about: "assumed" }));
  }
  const rest = el("div", {});
  steps.append(rest);
  // What a step uses was added before it, so that the rows are gathered before the steps are shown bit by bit.
  const before = branch.steps.map((step) => {
    const rows = new Map(known);
    if (step.adds) known.set(step.adds.number, step.adds.text);
    return rows;
  });
  listed(rest, branch.steps, FIRST, (step, i) => stepView(step, view, breaker, before[i]), "line");
  if (branch.open) rest.append(el("p", { class: "why bad" }, "This branch stays open."));
  if (!branch.title) return steps;
  const closed = lastLine(branch);
  return el(
    "details",
    { class: "branch", open: branch.steps.length < 4 },
    el(
      "summary",
      {},
      el("span", { class: "words" }, visible(branch.title)),
      el("span", { class: "dim" }, closed ? `  closed by ${closed}` : ""),
    ),
    steps,
  );
}

/** @param {TreeBranch} branch */
function lastLine({ steps }) {
  const last = steps[steps.length - 1];
  return last?.closes ? (last.closes === "goal" ? "the goal" : "a contradiction") : "";
}

/**
 * Which clause or node a line is about, in words; empty where the rows say all.
 * @param {TreeStep} step
 * @param {ProofView} view
 */
function subjectOf({ rule, text }, { clauses, variables }) {
  const [, first, , third] = text.split(" ");
  if (rule === "choose") return visible(clauses[Number(first)]?.literals.join("  or  ") ?? "");
  const place = { split: first, chord: first, maxle: first, sub: third }[rule];
  const node = place === undefined ? undefined : variables[Number(place)];
  return node ? symbols(`${node.name} = ${node.definition}`.slice(0, LONGEST)) : "";
}

/**
 * One line: the rule, the rows it uses with their multipliers, and what comes of it.
 * @param {TreeStep} step
 * @param {ProofView} view
 * @param {Breaker} breaker
 * @param {ReadonlyMap<number, string>} known
 */
function stepView(step, view, breaker, known) {
  const { line, rule, text, uses, adds, closes, combination, branches, failed } = step;
  const body = el("div", { class: `step ${rule}${failed ? " bad" : ""}` });
  const head = el(
    "div",
    { class: "step-head" },
    el("span", { class: "rule", title: RULES[rule] ?? "" }, rule),
    el("span", { class: "dim" }, RULES[rule] ?? "no such rule"),
    el("span", { class: "dim line" }, `line ${line}`),
    breaker.button(line),
  );
  body.append(head);
  const subject = subjectOf(step, view);
  if (subject) body.append(el("p", { class: "row" }, subject));
  if (uses.length) {
    const table = el("tbody", {});
    listed(
      table,
      uses,
      FIRST,
      ({ row, factor }) =>
        el(
          "tr",
          {},
          el("td", { class: "factor" }, factor ? `${factor} ×` : ""),
          el("td", { class: "tag" }, `row ${row}`),
          el("td", {}, formula(known.get(row) ?? "?")),
        ),
      "row",
    );
    body.append(el("table", { class: "uses" }, table));
  }
  if (adds)
    body.append(
      el(
        "p",
        { class: "row adds" },
        el("span", { class: "dim" }, "so "),
        el("span", { class: "tag" }, `row ${adds.number}`),
        formula(adds.text),
      ),
    );
  if (closes) {
    const words = closes === "goal" ? "which is the goal" : "a contradiction";
    body.append(
      el(
        "p",
        { class: "row adds" },
        el("span", { class: "dim" }, "adds up to "),
        formula(combination),
        el("span", { class: "closes" }, ` ${words}: the branch is closed.`),
      ),
    );
  }
  if (failed)
    body.append(el("p", { class: "why bad" }, `This line fails: expected ${failed.expected}, got ${failed.got}.`));
  body.append(
    el(
      "p",
      { class: "raw", title: "the line of the certificate" },
      text.length > 400 ? `${text.slice(0, 400)} …` : text,
    ),
  );
  for (const branch of branches) body.append(branchView(branch, view, breaker, known));
  return body;
}

/**
 * Facts, conclusions, border kinds and linear forms in words.
 *
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {import("./statement.js").Kind} Kind
 * @typedef {import("./certificate.js").Fact} Fact
 * @typedef {import("./certificate.js").Conclusion} Conclusion
 * @typedef {import("./forms.js").Row} Row
 */

import { CONST } from "./forms.js";
import { magnitude, numberText } from "./rational.js";

/**
 * A linear form: `4*m[0] - 3`; `0` if it is that.
 * @param {Iterable<[number, bigint]>} form
 * @param {readonly string[]} names of the variables
 */
export function formText(form, names) {
  const terms = [...form].filter(([, c]) => c).sort(([v], [w]) => (v === CONST ? 1 : w === CONST ? -1 : v - w));
  if (!terms.length) return "0";
  const parts = terms.map(([v, c], i) => {
    const size = magnitude(c);
    const term = v === CONST ? `${size}` : size === 1n ? names[v] : `${size}*${names[v]}`;
    return i ? `${c < 0n ? "-" : "+"} ${term}` : `${c < 0n ? "-" : ""}${term}`;
  });
  return parts.join(" ");
}

/**
 * A row: `4*m[0] - 3 >= 0`.
 * @param {Row} row
 * @param {readonly string[]} names
 */
export function inequalityText(row, names) {
  return `${formText(row, names)} >= 0`;
}

/**
 * Names in quotes, as a list: `"a", "b" and "c"`.
 * @param {readonly string[]} names
 */
function listed(names) {
  const quoted = names.map((name) => `"${name}"`);
  const last = quoted.pop() ?? "";
  return quoted.length ? `${quoted.join(", ")} and ${last}` : last;
}

/**
 * The sum of channels that a fact is about: `S_3`, or `2*S_3 + S_4`.
 * @param {Fact} fact
 */
function channelsText(fact) {
  return fact.weights.map(([k, a]) => (a === 1n ? `S_${k}` : `${a}*S_${k}`)).join(" + ");
}

/**
 * What a fact says.
 * @param {Statement} statement
 * @param {Fact} fact
 */
export function factSentence(statement, fact) {
  const { features } = statement.task;
  const name = (/** @type {number} */ f) => features[f]?.name ?? `feature ${f}`;
  const [what, bound] = [channelsText(fact), numberText(fact.bound)];
  if (fact.kind === "floor") return `${what} is at least ${bound} at every position of every image`;
  if (fact.kind === "upper") {
    const clear = fact.avoid.length ? `where all windows are clear of ${listed(fact.avoid.map(name))}` : "everywhere";
    return `${what} is at most ${bound} ${clear}`;
  }
  const template = (features[fact.feature]?.templates.length ?? 0) > 1 ? `template ${fact.template} of ` : "";
  return `where a window exhibits ${template}${listed([name(fact.feature)])}, some position has ${what} >= ${bound}`;
}

/**
 * What the certificate concludes of a logit, or of two.
 * @param {Statement} statement
 * @param {Conclusion} conclusion
 */
export function conclusionSentence(statement, conclusion) {
  const { classes } = statement.task;
  const name = (/** @type {number} */ y) => listed([classes[y]?.name ?? `class ${y}`]);
  const { kind, label, other, bound } = conclusion;
  const own = name(label);
  if (kind === "pair") {
    const margin = numberText(statement.margin);
    return `where an image is of class ${own}, its logit leads that of ${name(other)} by ${margin}`;
  }
  const where = `where the formula of class ${own} ${kind === "right" ? "holds" : "fails"}`;
  if (bound === null) return `nothing is said of the logit of ${own} ${where}`;
  return `${where}, its logit is at ${kind === "right" ? "least" : "most"} ${numberText(bound)}`;
}

/**
 * Which part of its field a position sees, such as `rows 0 to 2 of 3, columns 1 to 2 of 3`.
 * @param {Statement} statement
 * @param {Kind} kind
 */
export function kindText(statement, kind) {
  const whole = kind.every(([[first, last]], a) => first === 0 && last === statement.axes[a].field);
  const inner = kind.every((signature, a) => isUnclipped(statement, signature, a));
  if (whole && inner) return "its whole field lies in the image";
  const parts = kind.map(([[first, last]], a) => {
    const [word, { field }] = [a ? "column" : "row", statement.axes[a]];
    if (first === last) return `no ${word} of ${field}`;
    return last - first === 1 ? `${word} ${first} of ${field}` : `${word}s ${first} to ${last - 1} of ${field}`;
  });
  return `of its field ${parts.join(" and ")} lie in the image`;
}

/**
 * @param {Statement} statement
 * @param {Kind[0]} signature
 * @param {number} axis
 */
function isUnclipped(statement, signature, axis) {
  return signature.every(([first, last], level) => first === 0 && last === statement.axes[axis].lengths[level]);
}

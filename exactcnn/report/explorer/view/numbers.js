/** Exact numbers as people read them. */

import { approximate, compare, formatDecimal, formatRational, subtract } from "../engine/rational.js";
import { el } from "./dom.js";

/** @typedef {import("../engine/rational.js").Rational} Rational */

const LONGEST = 40;

/**
 * A fraction, and what it is about in decimals: "15/16 = 0.9375", "1/3 = 0.333333..".
 * @param {Rational} a
 */
export function bothWays(a) {
  const exact = formatRational(a);
  if (a.q === 1n && exact.length <= LONGEST) return exact;
  const sign = isShortDecimal(a) ? "=" : "≈";
  if (exact.length > LONGEST) return `≈ ${formatDecimal(a)} (a fraction of ${exact.length} characters)`;
  return `${exact} ${sign} ${formatDecimal(a)}`;
}

/**
 * Whether six decimal digits hold the number.
 * @param {Rational} a
 */
function isShortDecimal(a) {
  const [text, dot] = [formatDecimal(a), 10n ** 12n];
  if (text.includes("e") || (a.p * dot) % a.q !== 0n) return false;
  const [whole, part = ""] = text.replace("-", "").split(".");
  const scale = 10n ** BigInt(part.length);
  const p = a.p < 0n ? -a.p : a.p;
  return BigInt(whole + part) * a.q === p * scale;
}

/**
 * A number as an element: the fraction, and both ways on hover.
 * @param {Rational} a
 * @param {string} [kind] a class
 */
export function number(a, kind = "") {
  const exact = formatRational(a);
  const text = exact.length <= 24 ? exact : `≈ ${formatDecimal(a)}`;
  return el("span", { class: `number ${kind}`, title: bothWays(a) }, text.replace("-", "\u2212"));
}

/**
 * The same with its decimals beside it, where there are any.
 * @param {Rational} a
 */
export function spelled(a) {
  const text = bothWays(a);
  const at = text.search(/ [=≈]/);
  const decimal = at < 0 ? null : el("span", { class: "dim decimal" }, text.slice(at).replace("-", "\u2212"));
  return el("span", {}, number(a), decimal);
}

/**
 * Where a number lies between two others, from 0 to 1; for drawing only.
 * @param {Rational} a
 * @param {Rational} low
 * @param {Rational} high
 */
export function share(a, low, high) {
  const [x, y] = [approximate(subtract(a, low)), approximate(subtract(high, low))];
  return Math.min(1, Math.max(0, x / y));
}

/**
 * The number, or the end of [low, high] that is nearest to it.
 * @param {Rational} a
 * @param {Rational} low
 * @param {Rational} high
 */
export function clamped(a, low, high) {
  if (compare(a, low) < 0) return low;
  return compare(a, high) > 0 ? high : a;
}

/**
 * Linear forms in integers, and the rows made of them.
 *
 * A form is a Map from variable to coefficient, its constant under CONST; with a denominator it is Scaled. A row is a
 * form without a common divisor, as pairs sorted by variable, and says that the form is >= 0.
 *
 * @typedef {Map<number, bigint>} Form
 * @typedef {{form: Form, scale: bigint}} Scaled
 * @typedef {[number, bigint][]} Row
 * @typedef {import("./rational.js").Rational} Rational
 */

import { floorDivide, gcd, lcm } from "./rational.js";

export const CONST = -1;

/**
 * The sum of multiples of forms.
 * @param {[bigint, Iterable<[number, bigint]>][]} parts
 * @returns {Form}
 */
export function combined(parts) {
  /** @type {Form} */
  const total = new Map();
  for (const [a, pairs] of parts) {
    if (a === 1n) for (const [v, c] of pairs) total.set(v, (total.get(v) ?? 0n) + c);
    else for (const [v, c] of pairs) total.set(v, (total.get(v) ?? 0n) + a * c);
  }
  return total;
}

/**
 * The form over the greatest common divisor of its coefficients.
 * @param {Form} form
 * @returns {Row}
 */
export function primitive(form) {
  let g = 0n;
  for (const c of form.values()) {
    if (g === 1n) break;
    if (c) g = gcd(g, c);
  }
  /** @type {Row} */
  const row = [];
  for (const [v, c] of form) if (c) row.push([v, g === 1n ? c : c / g]);
  return row.sort((a, b) => a[0] - b[0]);
}

/**
 * The sum of multiples of forms and a constant, all over q.
 * @param {[bigint, Scaled][]} parts
 * @param {bigint} constant
 * @param {bigint} q
 * @returns {Scaled}
 */
export function summed(parts, constant, q) {
  const common = lcm(new Set(parts.map(([, { scale }]) => scale)));
  /** @type {[bigint, Iterable<[number, bigint]>][]} */
  const terms = parts.map(([a, { form, scale }]) => [a * (common / scale), form]);
  return { form: combined([...terms, [common, [[CONST, constant]]]]), scale: q * common };
}

/**
 * The row that says: the form is >= bound (sign 1), or <= bound (sign -1).
 * @param {Scaled} scaled
 * @param {bigint} sign
 * @param {Rational} bound
 */
export function bounded({ form, scale }, sign, bound) {
  return primitive(combined([[sign * bound.q, form], [-sign * bound.p * scale, [[CONST, 1n]]]]));
}

/**
 * The form of one variable.
 * @param {number} v
 * @returns {Scaled}
 */
export function variableForm(v) {
  return { form: new Map([[v, 1n]]), scale: 1n };
}

/**
 * A row as text that equal rows share.
 * @param {Row} row
 */
export function rowText(row) {
  return row.map(([v, c]) => `${v}:${c}`).join(" ");
}

/**
 * The least and the greatest value of a form, rounded outwards; bounds and result are over `fine`.
 * @param {Scaled} scaled
 * @param {[bigint, bigint][]} bounds
 * @param {bigint} fine
 * @returns {[bigint, bigint]}
 */
export function interval({ form, scale }, bounds, fine) {
  let a = (form.get(CONST) ?? 0n) * fine;
  let b = a;
  for (const [v, c] of form) {
    if (v === CONST) continue;
    const [low, high] = bounds[v];
    if (c > 0n) {
      a += c * low;
      b += c * high;
    } else {
      a += c * high;
      b += c * low;
    }
  }
  return [floorDivide(a, scale), -floorDivide(-b, scale)];
}

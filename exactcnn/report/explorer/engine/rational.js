/**
 * Exact rationals over BigInt, in lowest terms, and their text forms.
 *
 * @typedef {{readonly p: bigint, readonly q: bigint}} Rational p/q in lowest terms with q > 0
 */

const EXACT_BELOW = 2n ** 53n;
const RATIO = /^([+-]?[0-9]+)\/([0-9]+)$/;
const DECIMAL = /^([+-]?)([0-9]*)(?:\.([0-9]*))?(?:[eE]([+-]?[0-9]+))?$/;
const MOST_DIGITS = 4096;

/** @type {Rational} */
export const ZERO = { p: 0n, q: 1n };
/** @type {Rational} */
export const ONE = { p: 1n, q: 1n };

/**
 * The magnitude.
 * @param {bigint} a
 */
export function magnitude(a) {
  return a < 0n ? -a : a;
}

/**
 * The greatest common divisor, at least 0.
 * @param {bigint} a
 * @param {bigint} b
 * @returns {bigint}
 */
export function gcd(a, b) {
  a = magnitude(a);
  b = magnitude(b);
  while (b >= EXACT_BELOW) [a, b] = [b, a % b];
  if (b === 0n) return a;
  let [x, y] = [Number(b), Number(a % b)];
  while (y) [x, y] = [y, x % y];
  return BigInt(x);
}

/**
 * The least common multiple of positive integers; 1 of none.
 * @param {Iterable<bigint>} numbers
 */
export function lcm(numbers) {
  let total = 1n;
  for (const n of numbers) if (total % n) total = (total / gcd(total, n)) * n;
  return total;
}

/**
 * The quotient rounded down.
 * @param {bigint} a
 * @param {bigint} b positive
 */
export function floorDivide(a, b) {
  const q = a / b;
  return a < 0n && q * b !== a ? q - 1n : q;
}

/**
 * p/q in lowest terms.
 * @param {bigint | number} p
 * @param {bigint | number} [q] not 0
 * @returns {Rational}
 * @throws {RangeError} q is 0
 */
export function rational(p, q = 1n) {
  let [n, d] = [BigInt(p), BigInt(q)];
  if (d === 0n) throw new RangeError("a denominator is zero");
  if (d < 0n) [n, d] = [-n, -d];
  if (d === 1n) return { p: n, q: d };
  const g = gcd(n, d);
  return { p: n / g, q: d / g };
}

/**
 * @param {Rational} a
 * @param {Rational} b
 */
export function add(a, b) {
  return a.q === b.q ? rational(a.p + b.p, a.q) : rational(a.p * b.q + b.p * a.q, a.q * b.q);
}

/**
 * @param {Rational} a
 * @param {Rational} b
 */
export function subtract(a, b) {
  return add(a, { p: -b.p, q: b.q });
}

/**
 * @param {Rational} a
 * @param {Rational} b
 */
export function multiply(a, b) {
  return rational(a.p * b.p, a.q * b.q);
}

/**
 * @param {Rational} a
 * @param {Rational} b not 0
 * @throws {RangeError} b is 0
 */
export function divide(a, b) {
  return rational(a.p * b.q, a.q * b.p);
}

/**
 * -1, 0 or 1 as a is below, equal to or above b.
 * @param {Rational} a
 * @param {Rational} b
 */
export function compare(a, b) {
  const [x, y] = [a.p * b.q, b.p * a.q];
  return x < y ? -1 : x > y ? 1 : 0;
}

/**
 * Of a non-empty list.
 * @param {readonly Rational[]} numbers
 */
export function largest(numbers) {
  return numbers.reduce((a, b) => (compare(a, b) < 0 ? b : a));
}

/**
 * The exact value of "p/q", an integer or a decimal such as "0.125" or "1e-3".
 * @param {string} text
 * @returns {Rational | null} null if it is none of these, or over 4,096 characters or places long
 */
export function parseRational(text) {
  if (text.length > MOST_DIGITS) return null;
  const ratio = RATIO.exec(text);
  if (ratio) return BigInt(ratio[2]) ? rational(BigInt(ratio[1]), BigInt(ratio[2])) : null;
  const [, sign, whole, part = "", power = "0"] = DECIMAL.exec(text) ?? [];
  if (sign === undefined || whole + part === "") return null;
  if (Math.abs(Number(power)) > MOST_DIGITS) return null;
  const exponent = Number(power) - part.length;
  const digits = BigInt(whole + part) * (sign === "-" ? -1n : 1n);
  return exponent < 0 ? rational(digits, 10n ** BigInt(-exponent)) : rational(digits * 10n ** BigInt(exponent));
}

/**
 * Lowest terms: p, or p/q with q > 1.
 * @param {Rational} a
 */
export function formatRational(a) {
  return a.q === 1n ? String(a.p) : `${a.p}/${a.q}`;
}

/**
 * The nearest floating-point number or one next to it: for drawing, never for a conclusion.
 * @param {Rational} a
 */
export function approximate(a) {
  const shift = Math.max(bits(a.p), bits(a.q)) - 1000;
  if (shift <= 0) return Number(a.p) / Number(a.q);
  const near = Number((a.p << 64n) / a.q);
  return Number.isFinite(near) ? near / 2 ** 64 : Math.sign(near) * Infinity;
}

/**
 * The number of binary digits of the magnitude; 0 of 0.
 * @param {bigint} a
 */
export function bits(a) {
  const digits = magnitude(a).toString(16);
  return digits === "0" ? 0 : 4 * digits.length - Math.clz32(parseInt(digits[0], 16)) + 28;
}

/**
 * Decimal digits of a/b > 0, rounded half to even, and the exponent of the first one: 0.0125 to 3 digits is "125", -2.
 * @param {bigint} a
 * @param {bigint} b
 * @param {number} count
 * @returns {[string, number]}
 */
function significant(a, b, count) {
  let exponent = String(a).length - String(b).length;
  if (exponent >= 0 ? a < b * 10n ** BigInt(exponent) : a * 10n ** BigInt(-exponent) < b) exponent -= 1;
  const shift = count - 1 - exponent;
  const [n, d] = shift >= 0 ? [a * 10n ** BigInt(shift), b] : [a, b * 10n ** BigInt(-shift)];
  let digits = n / d;
  const twice = 2n * (n - digits * d);
  if (twice > d || (twice === d && digits % 2n)) digits += 1n;
  const text = String(digits);
  return text.length > count ? [text.slice(0, count), exponent + 1] : [text, exponent];
}

/**
 * About six significant digits, as the package writes them (Python's `.6g` of a quotient of 28 digits).
 * @param {Rational} a
 */
export function formatDecimal(a) {
  if (a.p === 0n) return "0";
  const [sign, p] = [a.p < 0n ? "-" : "", magnitude(a.p)];
  let [digits, exponent] = significant(p, a.q, 28);
  // A quotient that comes out even keeps no zeros after its last place, but those of an integer.
  const kept = digits.replace(/0+$/, "");
  const places = p % a.q === 0n ? Math.min(28, Math.max(exponent + 1, kept.length)) : kept.length;
  digits = digits.slice(0, places);
  if (places > 6) [digits, exponent] = rounded(digits, exponent);
  if (exponent >= 6 || exponent < -6 || exponent + 1 > digits.length) {
    const rest = digits.length > 1 ? `.${digits.slice(1)}` : "";
    return `${sign}${digits[0]}${rest}e${exponent < 0 ? "-" : "+"}${Math.abs(exponent)}`;
  }
  if (exponent < 0) return `${sign}0.${"0".repeat(-exponent - 1)}${digits}`;
  const after = digits.slice(exponent + 1);
  return sign + digits.slice(0, exponent + 1) + (after ? `.${after}` : "");
}

/**
 * @param {string} digits more than six
 * @param {number} exponent
 * @returns {[string, number]}
 */
function rounded(digits, exponent) {
  const [text, place] = significant(BigInt(digits), 10n ** BigInt(digits.length - 1), 6);
  return [text, exponent + place];
}

/**
 * A rational, with its approximate value where the fraction is long, and instead of it where it is very long.
 * @param {Rational} a
 */
export function numberText(a) {
  const exact = formatRational(a);
  if (exact.length <= 24) return exact;
  const near = formatDecimal(a);
  return exact.length <= 120 ? `${exact} (about ${near})` : `about ${near} (a fraction of ${exact.length} characters)`;
}

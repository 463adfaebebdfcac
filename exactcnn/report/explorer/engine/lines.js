/** Lines and tokens of statements and certificates (FORMAT.md), read strictly; what is refused says where and why. */

import { gcd } from "./rational.js";
import { Sha256 } from "./sha256.js";

const COUNT = /^(?:0|[1-9][0-9]{0,8})$/;
const NUMBER = /^(0|-?[1-9][0-9]{0,3999})(?:\/([1-9][0-9]{0,3999}))?$/;
const NAME = /^(?:[A-Za-z0-9._~-]|%[0-9A-F]{2})+$/;
const PRINTABLE = /^[\x20-\x7e]*$/;
// eslint-disable-next-line no-control-regex
const ASCII = /^[\x00-\x7f]*$/;
const LONGEST_LINE = 2 ** 26;
const MOST_WORDS = 4096;

/** A text that is not what it has to be: what was expected and found; its reader adds the line and the rule. */
export class Refused extends Error {
  /**
   * @param {string} expected
   * @param {unknown} got
   */
  constructor(expected, got) {
    super(`expected ${expected}, got ${shown(got)}`);
    this.name = "Refused";
    this.expected = expected;
    this.got = shown(got);
    this.line = 0;
    this.rule = "";
  }

  /**
   * The same with its place.
   * @param {Lines} lines
   */
  at(lines) {
    this.line = lines.number;
    this.rule = lines.rule;
    this.message = `line ${this.line} rule ${this.rule}: expected ${this.expected}, got ${this.got}`;
    return this;
  }
}

/**
 * What was found, as text of at most 200 characters.
 * @param {unknown} value
 * @returns {string}
 */
function shown(value) {
  const text = Array.isArray(value) ? `[${value.map(shown).join(", ")}]` : String(value);
  return text.slice(0, 200).replace(/[^\x20-\x7e]/g, "?");
}

/**
 * Refuses unless the condition holds.
 * @param {unknown} condition
 * @param {string} expected
 * @param {unknown} got
 * @returns {asserts condition}
 */
export function need(condition, expected, got) {
  if (!condition) throw new Refused(expected, got);
}

/** The lines of a text as tokens, one after another; `rule` is the rule that the line read last is for. */
export class Lines {
  /** @param {string} text */
  constructor(text) {
    this.whole = text;
    this.place = 0;
    this.number = 0;
    this.rule = "";
    this.text = "";
  }

  /**
   * The tokens of the next line.
   * @param {string} rule
   */
  next(rule) {
    const end = this.whole.indexOf("\n", this.place);
    const text = this.whole.slice(this.place, end < 0 ? undefined : end);
    this.number += 1;
    this.rule = rule;
    this.place = end < 0 ? this.whole.length : end + 1;
    const fits = end >= 0 && text.length < LONGEST_LINE && ASCII.test(text);
    need(fits, "a line of ASCII text", text.slice(0, 40) || "the end of the file");
    this.text = text;
    const tokens = text.split(" ");
    need(PRINTABLE.test(text) && !tokens.includes(""), "tokens with one blank between them", text.slice(0, 40));
    return tokens;
  }

  /**
   * The tokens of the next line that stand where `words` has a `?`, and all from `..` on.
   * @param {string} rule
   * @param {string} words
   */
  match(rule, words) {
    return matched(this.next(rule), words);
  }

  /**
   * The tokens of the next line, of which there have to be so many.
   * @param {string} rule
   * @param {number} length
   */
  several(rule, length) {
    const tokens = this.next(rule);
    // The words that the kernel expects, cut off where they would be too many for a text.
    const words = () => new Array(Math.min(length, MOST_WORDS)).fill("?").join(" ");
    if (tokens.length !== length) throw new Refused(words(), tokens.slice(0, length + 1));
    return tokens;
  }

  /** Nothing, if the text ends here. */
  finish() {
    this.number += 1;
    need(this.place >= this.whole.length, "the end of the file", "more bytes");
  }

  /** The SHA-256 of the whole text, which is ASCII. */
  digest() {
    return new Sha256().add(this.whole).hex();
  }
}

/**
 * The tokens that stand where `words` has a `?`, and all from `..` on; the others are the words.
 * @param {readonly string[]} tokens
 * @param {string} words
 */
export function matched(tokens, words) {
  const wanted = words.split(" ");
  if (wanted[wanted.length - 1] === "..") {
    wanted.pop();
    while (wanted.length < tokens.length) wanted.push("?");
  }
  const fits = wanted.length === tokens.length && wanted.every((w, i) => w === "?" || w === tokens[i]);
  need(fits, words, tokens.slice(0, wanted.length + 1));
  return tokens.filter((_, i) => wanted[i] === "?");
}

/**
 * An integer of at most 9 digits.
 * @param {string} token
 * @param {number} [least]
 * @param {number} [below]
 */
export function count(token, least = 0, below = 1e9) {
  const n = COUNT.test(token) ? Number(token) : -1;
  need(n >= 0 && least <= n && n < below, `an integer from ${least} to ${below - 1}`, token);
  return n;
}

/**
 * An integer, or p/q in lowest terms with q > 1.
 * @param {string} token
 * @returns {import("./rational.js").Rational}
 */
export function exactNumber(token) {
  const match = NUMBER.exec(token);
  if (!match) throw new Refused("an integer or p/q", token);
  const [p, q] = [BigInt(match[1]), BigInt(match[2] ?? 1)];
  need(match[2] === undefined || (q > 1n && gcd(p, q) === 1n), "lowest terms", token);
  return { p, q };
}

/**
 * A positive integer.
 * @param {string} token
 */
export function positive(token) {
  const fits = NUMBER.test(token) && !token.includes("/") && token[0] !== "-" && token[0] !== "0";
  need(fits, "a positive integer", token);
  return BigInt(token);
}

/**
 * Different numbers in ascending order.
 * @param {readonly string[]} tokens
 * @param {number} below
 */
export function ascending(tokens, below) {
  const numbers = tokens.map((token) => count(token, 0, below));
  need(numbers.every((n, i) => i === 0 || numbers[i - 1] < n), "ascending numbers", tokens);
  return numbers;
}

/**
 * The name that a token stands for: percent-encoded UTF-8, encoded only where needed; the empty one is `%`.
 * @param {string} token
 */
export function decodedName(token) {
  if (token === "%") return "";
  let plain = "";
  try {
    plain = decodeURIComponent(token.replace(/%(?![0-9A-Fa-f]{2})/g, "%25"));
  } catch {
    throw new Refused("a name in UTF-8", token);
  }
  // What stands for itself must not be encoded, and only capital digits are used.
  const fits = NAME.test(token) && !(token.match(/%../g) ?? []).some((x) => /[A-Za-z0-9._~-]/.test(unhex(x)));
  need(fits, "a name encoded only where needed", token);
  return plain;
}

/** @param {string} code `%` and two hexadecimal digits */
function unhex(code) {
  return String.fromCharCode(parseInt(code.slice(1), 16));
}

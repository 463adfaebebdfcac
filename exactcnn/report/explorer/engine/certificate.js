/**
 * The structure of certificates (FORMAT.md, "Certificate"), read without checking anything: for views.
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./local.js").Window} Window
 * @typedef {import("./witness.js").WitnessText} WitnessText
 *
 * @typedef {object} Block one border kind of a fact, or one class of windows
 * @property {number} line
 * @property {"box" | "prove" | "same"} how
 * @property {[number, number] | null} see how the window is seen along the rows and columns, for `lower` and `joint`
 * @property {Window[]} windows clear ones, for floors and upper facts
 * @property {number} end the line after the block's last one
 *
 * @typedef {object} Fact
 * @property {number} line
 * @property {number} number its place among the facts
 * @property {"floor" | "upper" | "lower" | "joint"} kind
 * @property {[number, bigint][]} weights the channel with weight 1; more than one for `joint`
 * @property {Rational} bound
 * @property {number[]} avoid
 * @property {number} feature -1 for floors and upper facts
 * @property {number} template
 * @property {Block[]} blocks
 *
 * @typedef {object} Conclusion
 * @property {number} line
 * @property {"right" | "wrong" | "pair"} kind
 * @property {number} label
 * @property {number} other of a pair, else -1
 * @property {Rational | null} bound null: `none`, or a pair
 * @property {number} end the line after the proof's last one
 *
 * @typedef {object} CertificateText
 * @property {string} hash the statement's that it names
 * @property {(WitnessText & {line: number})[]} witnesses
 * @property {Fact[]} facts
 * @property {Conclusion[]} head
 * @property {string[]} lines of the text; line n stands at n - 1
 */

import { ascending, count, exactNumber, Lines, matched, need, positive, Refused } from "./lines.js";

/** The words that start lines of proofs. */
export const RULES = ["lin", "sub", "chord", "maxle", "have", "split", "cut", "choose", "qed"];

/** Lines that can be looked at before they are taken. */
class Ahead {
  /** @param {string} text */
  constructor(text) {
    this.lines = new Lines(text);
    this.rule = "certificate";
    /** @type {string[] | null} */
    this.seen = null;
  }

  /** The tokens of the line that is looked at. */
  get tokens() {
    this.seen ??= this.lines.next(this.rule);
    this.lines.rule = this.rule;
    return this.seen;
  }

  /** Its number. */
  get number() {
    return this.tokens ? this.lines.number : 0;
  }

  /** Its first word. */
  get word() {
    return this.tokens[0];
  }

  /**
   * Takes the line.
   * @param {string} words
   */
  take(words) {
    const found = matched(this.tokens, words);
    this.seen = null;
    return found;
  }

  /** Takes the lines of a proof; the number of the line after them. */
  proof() {
    while (RULES.includes(this.word)) this.seen = null;
    return this.number;
  }
}

/**
 * Reads the structure of a certificate. Whether it proves anything, checkCertificate says.
 * @param {string} text
 * @returns {CertificateText}
 * @throws {Refused} with line and rule: the text has no such structure
 */
export function parseCertificate(text) {
  const ahead = new Ahead(text);
  try {
    return readCertificate(ahead, text);
  } catch (error) {
    throw error instanceof Refused ? error.at(ahead.lines) : error;
  }
}

/**
 * @param {Ahead} ahead
 * @param {string} text
 * @returns {CertificateText}
 */
function readCertificate(ahead, text) {
  ahead.take("exactcnn certificate 1");
  const [hash] = ahead.take("statement ?");
  ahead.rule = "witness";
  const witnesses = [];
  while (ahead.word === "witness") witnesses.push(readImage(ahead));
  ahead.rule = "facts";
  const facts = [];
  for (let left = count(ahead.take("facts ?")[0]); left; left -= 1) facts.push(readFact(ahead, facts.length));
  ahead.rule = "head";
  ahead.take("head");
  const head = [];
  while (ahead.word !== "end") head.push(readConclusion(ahead));
  return { hash, witnesses, facts, head, lines: text.split("\n") };
}

/** @param {Ahead} ahead */
function readImage(ahead) {
  const line = ahead.number;
  const numbers = ahead.take("witness ? ? ? ? ? ? ?").map((token) => count(token));
  const rows = [];
  while (ahead.word !== "witness" && ahead.word !== "facts") {
    need(ahead.tokens.length === numbers[2], `${numbers[2]} numbers`, ahead.tokens);
    rows.push(ahead.take("..").map(exactNumber));
  }
  const [label] = numbers;
  return { line, label, core: numbers.slice(1, 3), size: numbers.slice(3, 5), place: numbers.slice(5), rows };
}

/**
 * @param {Ahead} ahead
 * @param {number} number
 * @returns {Fact}
 */
function readFact(ahead, number) {
  const line = ahead.number;
  const plain = { line, number, avoid: [], feature: -1, template: 0 };
  /** @type {Omit<Fact, "blocks">} */
  let fact;
  if (ahead.word === "floor") {
    const [k, bound] = ahead.take("floor ? ?");
    fact = { ...plain, kind: "floor", weights: [[count(k), 1n]], bound: exactNumber(bound) };
  } else if (ahead.word === "upper") {
    const [k, bound, ...avoid] = ahead.take("upper ? ? avoid ..");
    const weights = /** @type {[number, bigint][]} */ ([[count(k), 1n]]);
    fact = { ...plain, kind: "upper", weights, bound: exactNumber(bound), avoid: ascending(avoid, 1e9) };
  } else if (ahead.word === "lower") {
    const [f, t, k, bound] = ahead.take("lower ? ? ? ?");
    const place = { feature: count(f), template: count(t) };
    fact = { ...plain, ...place, kind: "lower", weights: [[count(k), 1n]], bound: exactNumber(bound) };
  } else {
    const [f, t, bound, ...pairs] = ahead.take("joint ? ? ? over ..");
    const place = { feature: count(f), template: count(t) };
    fact = { ...plain, ...place, kind: "joint", weights: weightsOf(pairs, 1e9), bound: exactNumber(bound) };
  }
  const blocks = [];
  while (["box", "prove", "same", "see"].includes(ahead.word)) blocks.push(readBlock(ahead));
  return { ...fact, blocks };
}

/**
 * Channels, ascending, each with a positive weight.
 * @param {string[]} pairs
 * @param {number} below
 * @returns {[number, bigint][]}
 */
export function weightsOf(pairs, below) {
  const channels = ascending(pairs.filter((_, i) => i % 2 === 0), below);
  const factors = pairs.filter((_, i) => i % 2 === 1).map(positive);
  need(channels.length === factors.length && channels.length > 1, "two channels or more, each with a weight", pairs);
  return channels.map((k, i) => [k, factors[i]]);
}

/**
 * The windows `n f t r s ..`.
 * @param {string[]} tokens
 * @returns {Window[]}
 */
export function windowsOf(tokens) {
  const numbers = tokens.map((token) => count(token));
  need(numbers.length && numbers.length === 1 + 4 * numbers[0], "n f t r s ..", tokens);
  const windows = [];
  for (let i = 1; i < numbers.length; i += 4) {
    const [feature, template, row, column] = numbers.slice(i, i + 4);
    windows.push({ feature, template, row, column });
  }
  return windows;
}

/**
 * @param {Ahead} ahead
 * @returns {Block}
 */
function readBlock(ahead) {
  const line = ahead.number;
  /** @type {[number, number] | null} */
  let see = null;
  let tokens = ahead.tokens;
  if (ahead.word === "see") {
    const [i, j, ...rest] = matched(tokens, "see ? ? ..");
    [see, tokens] = [[count(i), count(j)], rest];
  }
  const [how, ...more] = tokens;
  need(how === "box" || how === "prove" || how === "same", "box, prove or same", tokens);
  const windows = see === null && how !== "box" ? windowsOf(more) : [];
  ahead.take(`${ahead.word} ..`);
  return { line, how, see, windows, end: ahead.proof() };
}

/**
 * @param {Ahead} ahead
 * @returns {Conclusion}
 */
function readConclusion(ahead) {
  const { number: line, word: kind } = ahead;
  need(kind === "right" || kind === "wrong" || kind === "pair", "right, wrong, pair or end", kind);
  const [first, second] = ahead.take(`${kind} ? ?`);
  const label = count(first);
  const none = kind !== "pair" && second === "none";
  if (!none) ahead.take("prove");
  const [other, bound] = kind === "pair" ? [count(second), null] : [-1, none ? null : exactNumber(second)];
  return { line, kind, label, other, bound, end: none ? ahead.number : ahead.proof() };
}

/**
 * The checker: whether a certificate proves a statement. It derives all that has to be proved from the statement and
 * never searches; exactcnn/checker/FORMAT.md has the rules, and exactcnn/checker/kernel.py is the program whose word
 * counts.
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./local.js").Window} Window
 * @typedef {import("./forms.js").Row} Row
 * @typedef {import("./statement.js").Kind} Kind
 *
 * @typedef {object} CheckResult
 * @property {"PROVED" | "REJECTED"} verdict
 * @property {number} line of the file that was read last; 0 if proved
 * @property {string} rule
 * @property {string} expected
 * @property {string} got
 * @property {string} text the verdict in one line, as the kernel prints it
 */

import { weightsOf, windowsOf } from "./certificate.js";
import { bounded, interval } from "./forms.js";
import { Facts, HeadSequent } from "./head.js";
import { ascending, count, exactNumber, Lines, matched, need, Refused } from "./lines.js";
import { LocalSequent } from "./local.js";
import { Proof } from "./proof.js";
import { compare, rational } from "./rational.js";
import { Statement } from "./statement.js";
import { checkWitness, readWitness } from "./witness.js";

/** Reads a certificate of a statement; refuses unless it proves it. Its methods, generators, stop now and then. */
class CertificateCheck {
  /**
   * @param {Statement} statement
   * @param {Lines} lines
   */
  constructor(statement, lines) {
    this.statement = statement;
    this.lines = lines;
    this.facts = new Facts(statement);
    /** @type {Map<Kind, Map<number, [bigint, bigint]>>} */
    this.boxes = new Map();
  }

  *run() {
    const { statement, lines } = this;
    lines.match("certificate", "exactcnn certificate 1");
    lines.match("certificate", `statement ${statement.hash}`);
    for (let y = 0; y < statement.task.classes.length; y += 1) {
      checkWitness(statement, readWitness(statement, lines, y));
      yield;
    }
    const number = count(lines.match("facts", "facts ?")[0]);
    for (let j = 0; j < number; j += 1) yield* this.fact(lines.next("facts"), j);
    lines.match("head", "head");
    yield* this.head();
    lines.match("certificate", "end");
    lines.finish();
  }

  /**
   * @param {string[]} tokens
   * @param {number} j
   */
  *fact(tokens, j) {
    const [kind] = tokens;
    need(["floor", "upper", "lower", "joint"].includes(kind), "floor, upper, lower or joint", kind);
    this.lines.rule = kind;
    if (kind === "floor") yield* this.floor(tokens);
    else if (kind === "upper") yield* this.upper(tokens, j);
    else if (kind === "lower") yield* this.lower(tokens);
    else yield* this.joint(tokens);
  }

  /** @param {string[]} tokens */
  *floor(tokens) {
    const [k, least] = matched(tokens, "floor ? ?");
    const [channel, low] = [count(k, 0, this.statement.network.width), exactNumber(least)];
    need(!this.facts.floors.has(channel), "one floor a channel", this.lines.text);
    yield* this.everywhere("floor", channel, 1n, low, []);
    this.facts.floors.set(channel, low);
  }

  /**
   * @param {string[]} tokens
   * @param {number} number
   */
  *upper(tokens, number) {
    const { network, task } = this.statement;
    const [k, most, ...features] = matched(tokens, "upper ? ? avoid ..");
    const [channel, bound] = [count(k, 0, network.width), exactNumber(most)];
    const avoid = ascending(features, task.features.length);
    yield* this.everywhere("upper", channel, -1n, bound, avoid);
    const known = this.facts.uppers.get(channel) ?? [];
    this.facts.uppers.set(channel, [...known, { avoid, bound, number }]);
  }

  /** @param {string[]} tokens */
  *lower(tokens) {
    const [f, t, k, least] = matched(tokens, "lower ? ? ? ?");
    const channel = count(k, 0, this.statement.network.width);
    yield* this.somewhere("lower", f, t, [[channel, 1n]], exactNumber(least));
  }

  /** @param {string[]} tokens */
  *joint(tokens) {
    const [f, t, least, ...pairs] = matched(tokens, "joint ? ? ? over ..");
    const weights = weightsOf(pairs, this.statement.network.width);
    yield* this.somewhere("joint", f, t, weights, exactNumber(least));
  }

  /**
   * Reads a block a kind: sign * S_K >= sign * bound, where all windows are clear of the features to avoid.
   * @param {string} rule
   * @param {number} channel
   * @param {bigint} sign
   * @param {Rational} limit
   * @param {number[]} avoid
   */
  *everywhere(rule, channel, sign, limit, avoid) {
    const { statement, lines } = this;
    /** @type {Set<string>} */
    const proved = new Set();
    for (const kind of statement.kinds) {
      const tokens = lines.next(rule);
      if (tokens.length === 1 && tokens[0] === "box") {
        this.box(kind, channel, sign, limit);
        yield;
        continue;
      }
      const clear = clearWindows(statement, tokens.slice(1), kind, avoid);
      const local = new LocalSequent(statement, [channel], kind, clear, null);
      const goal = bounded(local.value(channel), sign, limit);
      yield* this.proved(tokens.slice(0, 1), local, goal, proved);
    }
  }

  /**
   * Reads a block a class of windows: one that exhibits the template is seen with the weighted sum >= bound.
   * @param {string} rule
   * @param {string} f
   * @param {string} t
   * @param {[number, bigint][]} weights
   * @param {Rational} limit
   */
  *somewhere(rule, f, t, weights, limit) {
    const { statement, lines } = this;
    const { features } = statement.task;
    const feature = count(f, 0, features.length);
    const template = count(t, 0, features[feature].templates.length);
    /** @type {Set<string>} */
    const proved = new Set();
    for (const [rows, columns] of statement.windows(features[feature])) {
      const [i, j, ...tokens] = lines.match(rule, "see ? ? ..");
      const [down, across] = [rows[count(i, 0, rows.length)], columns[count(j, 0, columns.length)]];
      const inside = { feature, template, row: down.offset, column: across.offset };
      const channels = weights.map(([k]) => k);
      const local = new LocalSequent(statement, channels, [down.signature, across.signature], [], inside);
      const form = local.weighted(new Map(weights));
      if (tokens.length === 1 && tokens[0] === "box") {
        const [low] = interval(form, local.intervals(), statement.fine);
        const end = { p: low, q: statement.fine };
        need(compare(limit, end) <= 0, "an interval above the bound", `${low}/${statement.fine}`);
        yield;
        continue;
      }
      yield* this.proved(tokens, local, bounded(form, 1n, limit), proved);
    }
    const key = `${feature} ${template}`;
    const known = this.facts.lowers.get(key) ?? [];
    this.facts.lowers.set(key, [...known, { weights: new Map(weights), bound: limit }]);
  }

  /**
   * Refuses unless interval bounds of S_K at a kind of position give sign * S_K >= sign * limit.
   * @param {Kind} kind
   * @param {number} channel
   * @param {bigint} sign
   * @param {Rational} limit
   */
  box(kind, channel, sign, limit) {
    const { statement } = this;
    let ends = this.boxes.get(kind);
    if (!ends) {
      const channels = Array.from({ length: statement.network.width }, (_, k) => k);
      const everything = new LocalSequent(statement, channels, kind, [], null);
      const bounds = everything.intervals();
      ends = new Map(channels.map((k) => [k, interval(everything.value(k), bounds, statement.fine)]));
      this.boxes.set(kind, ends);
    }
    const [low, high] = ends.get(channel) ?? [0n, 0n];
    const end = { p: sign > 0n ? low : -high, q: statement.fine };
    const fits = compare({ p: sign * limit.p, q: limit.q }, end) <= 0;
    need(fits, "an interval that gives the bound", `${end.p}/${end.q}`);
  }

  /**
   * `prove` with a proof, or `same` as a sequent proved before.
   * @param {string[]} tokens
   * @param {LocalSequent} local
   * @param {Row} goal
   * @param {Set<string>} proved
   */
  *proved(tokens, local, goal, proved) {
    local.goal = goal;
    if (tokens.length === 1 && tokens[0] === "prove") {
      yield* new Proof(this.lines, local).run();
      proved.add(local.key());
      return;
    }
    const known = tokens.length === 1 && tokens[0] === "same" && proved.has(local.key());
    need(known, "prove, or same as one proved", this.lines.text);
    yield;
  }

  *head() {
    const { statement, lines } = this;
    const { classes } = statement.task;
    const [least, most] = [/** @type {(Rational | null)[]} */ ([]), /** @type {(Rational | null)[]} */ ([])];
    for (let y = 0; y < classes.length; y += 1) least.push(yield* this.oneSided("right", y, [y], [], 1n));
    for (let z = 0; z < classes.length; z += 1) most.push(yield* this.oneSided("wrong", z, [], [z], -1n));
    for (let y = 0; y < classes.length; y += 1) {
      for (let z = 0; z < classes.length; z += 1) {
        const [a, b] = [least[y], most[z]];
        const done = a && b && compare(statement.lead, rational(a.p * b.q - b.p * a.q, a.q * b.q)) <= 0;
        if (y === z || done) continue;
        lines.match("pair", `pair ${y} ${z}`);
        yield* this.prove([y], othersThan(statement, y), [[y, 1n], [z, -1n]], statement.lead);
      }
    }
  }

  /**
   * @param {string} rule
   * @param {number} y
   * @param {number[]} holds
   * @param {number[]} fails
   * @param {bigint} sign
   */
  *oneSided(rule, y, holds, fails, sign) {
    const [text] = this.lines.match(rule, `${rule} ${y} ?`);
    if (text === "none") return null;
    const limit = exactNumber(text);
    yield* this.prove(holds, fails, [[y, sign]], { p: sign * limit.p, q: limit.q });
    return limit;
  }

  /**
   * @param {number[]} holds
   * @param {number[]} fails
   * @param {[number, bigint][]} goal
   * @param {Rational} limit
   */
  *prove(holds, fails, goal, limit) {
    this.lines.match("head", "prove");
    yield* new Proof(this.lines, new HeadSequent(this.facts, holds, fails, goal, limit)).run();
  }
}

/**
 * The classes whose formulas fail where class y holds: all but y and `otherwise`, and none if y is `otherwise`.
 * @param {Statement} statement
 * @param {number} y
 */
export function othersThan(statement, y) {
  const { classes } = statement.task;
  if (classes[y].alternatives === null) return [];
  return classes.flatMap((c, x) => (x !== y && c.alternatives !== null ? [x] : []));
}

/**
 * The windows `n f t r s ..` of a block: in the field and the image, of avoided features.
 * @param {Statement} statement
 * @param {string[]} tokens
 * @param {Kind} kind
 * @param {number[]} avoid
 */
export function clearWindows(statement, tokens, kind, avoid) {
  const windows = windowsOf(tokens);
  const order = (/** @type {Window} */ w) => [w.feature, w.template, w.row, w.column];
  const sorted = windows.every((w, i) => i === 0 || before(order(windows[i - 1]), order(w)));
  need(sorted, "ascending windows", tokens);
  const [[top, bottom], [left, right]] = [kind[0][0], kind[1][0]];
  for (const { feature, template, row, column } of windows) {
    const f = statement.task.features[feature];
    const fits = avoid.includes(feature) && template < f.templates.length;
    need(fits, "templates of avoided features", [feature, template]);
    const exists = top <= row && row + f.rows <= bottom && left <= column && column + f.columns <= right;
    need(exists, "windows that exist", [feature, template, row, column]);
  }
  return windows;
}

/**
 * Whether one list of numbers comes before another of the same length.
 * @param {number[]} a
 * @param {number[]} b
 */
function before(a, b) {
  const i = a.findIndex((x, at) => x !== b[at]);
  return i >= 0 && a[i] < b[i];
}

/**
 * Checks in small steps: yields how many lines of the certificate were read, of how many; returns the result.
 * @param {string} statementText
 * @param {string} certificateText
 * @returns {Generator<{line: number, lines: number}, CheckResult, void>}
 */
export function* checkSteps(statementText, certificateText) {
  let lines = new Lines(statementText);
  try {
    const statement = new Statement(lines);
    lines = new Lines(certificateText);
    const total = certificateText.split("\n").length - 1;
    for (const _ of new CertificateCheck(statement, lines).run()) yield { line: lines.number, lines: total };
    const text = `PROVED ${statement.hash} margin ${statement.claim.join(" ")} sizes ${statement.sizes()}`;
    return { verdict: "PROVED", line: 0, rule: "", expected: "", got: "", text };
  } catch (error) {
    // Not expected but for refusals; whatever goes wrong, nothing is proved.
    const known = error instanceof Refused;
    const expected = known ? error.expected : "a checker without errors";
    const got = known ? error.got : String(error);
    const { number: line, rule } = lines;
    const text = `REJECTED line ${line} rule ${rule}: expected ${expected}, got ${got}`;
    return { verdict: "REJECTED", line, rule, expected, got, text };
  }
}

/**
 * Checks at once.
 * @param {string} statementText
 * @param {string} certificateText
 * @returns {CheckResult}
 */
export function checkCertificate(statementText, certificateText) {
  const steps = checkSteps(statementText, certificateText);
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

/**
 * Checks while the page stays alive: works for some milliseconds, then lets other things happen.
 * @param {string} statementText
 * @param {string} certificateText
 * @param {(line: number, lines: number) => boolean | void} [progress] is told now and then; `false` stops the check
 * @param {number} [milliseconds]
 * @returns {Promise<CheckResult | null>} null if it was stopped
 */
export async function checkInSteps(statementText, certificateText, progress = () => {}, milliseconds = 25) {
  const steps = checkSteps(statementText, certificateText);
  for (;;) {
    const start = Date.now();
    let step = steps.next();
    while (!step.done && Date.now() - start < milliseconds) step = steps.next();
    if (step.done) return step.value;
    if (progress(step.value.line, step.value.lines) === false) return null;
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
  }
}

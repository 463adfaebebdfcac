/** The checker in the page: the whole certificate, or one in which a number was broken. */

import { checkInSteps } from "../engine/checker.js";
import { parseRational, formatRational, add, ONE } from "../engine/rational.js";
import { el, fill, say } from "./dom.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("../engine/certificate.js").CertificateText} CertificateText
 * @typedef {import("../engine/checker.js").CheckResult} CheckResult
 */

const NUMBER = /^-?[0-9]+(\/[0-9]+)?$/;
const LONGEST = 220;

/**
 * The panel that checks everything, and the breaker that all lines share.
 * @param {Model} model
 * @param {CertificateText} certificate
 * @param {string} text
 */
export function checkPanel(model, certificate, text) {
  const checker = new Checker(model);
  const breaker = new Breaker(checker, certificate);
  const output = el("div", { class: "check-output" });
  const random = el("div", { class: "check-output" });
  const check = el(
    "button",
    { type: "button", class: "strong", click: () => checker.run(text, output, (result) => [verdict(result)]) },
    "Check the whole certificate here",
  );
  const damage = el("button", { type: "button", click: () => breaker.breakAny(random) }, "Break a number somewhere");
  const panel = el(
    "div",
    { class: "check" },
    el("div", { class: "choices" }, check, damage),
    output,
    random,
    el(
      "p",
      { class: "dim small" },
      "This page checks with a program of its own. The one whose word counts is the kernel: ",
      "python -I -S kernel.py STATEMENT CERTIFICATE. The statement's SHA-256 is ",
      el("span", { class: "number hash" }, model.statement.hash),
      ".",
    ),
  );
  return { panel, breaker };
}

/**
 * A result in words.
 * @param {CheckResult} result
 */
function verdict(result) {
  if (result.verdict === "PROVED") {
    return el(
      "p",
      { class: "result right" },
      el("strong", {}, "✓ PROVED"),
      " Every step holds, and nothing is missing.",
    );
  }
  const { line, rule, expected, got } = result;
  return el(
    "p",
    { class: "result wrong" },
    el("strong", {}, "✗ REJECTED"),
    ` at line ${line}, rule ${rule}: expected ${expected}, got ${got}.`,
  );
}

/** Runs one check at a time. */
class Checker {
  /** @param {Model} model */
  constructor(model) {
    this.model = model;
    this.turn = 0;
  }

  /**
   * Checks a text; shows progress and then what `words` makes of the result.
   * @param {string} text
   * @param {HTMLElement} output
   * @param {(result: CheckResult) => Node[]} words
   */
  async run(text, output, words) {
    const turn = (this.turn += 1);
    const bar = el("progress", { max: 1, value: 0, "aria-label": "how much is checked" });
    const stop = el(
      "button",
      {
        type: "button",
        class: "quiet",
        click: () => {
          this.turn += 1;
        },
      },
      "Stop",
    );
    const note = el("span", { class: "dim" }, "checking");
    fill(output, el("div", { class: "progress" }, bar, note, stop));
    const result = await checkInSteps(this.model.data.statement, text, (line, lines) => {
      bar.value = line / lines;
      note.textContent = `line ${line.toLocaleString("en")} of ${lines.toLocaleString("en")}`;
      return turn === this.turn;
    });
    if (!result) {
      fill(output, el("p", { class: "dim" }, "stopped"));
      return;
    }
    const nodes = words(result);
    fill(output, nodes);
    say(output.textContent ?? "");
  }
}

/** Changes one number of a certificate, and shows which check fails. */
export class Breaker {
  /**
   * @param {Checker} checker
   * @param {CertificateText} certificate
   */
  constructor(checker, certificate) {
    this.checker = checker;
    this.lines = certificate.lines;
    /**
     * How often each line was broken: each time it is another number.
     * @type {Map<number, number>}
     */
    this.presses = new Map();
  }

  /**
   * A button that breaks a number of a line; the outcome appears under it.
   * @param {number} line from 1
   */
  button(line) {
    const output = el("div", { class: "check-output" });
    const button = el(
      "button",
      {
        type: "button",
        class: "quiet small",
        title: "changes one number of this line and checks the whole certificate",
        click: () => this.breakLine(line, output),
      },
      "Break a number",
    );
    if (!this.places(line).length) return el("span", {});
    return el("div", { class: "break" }, button, output);
  }

  /**
   * Which tokens of a line are numbers.
   * @param {number} line
   */
  places(line) {
    const tokens = this.lines[line - 1].split(" ");
    return tokens.flatMap((token, i) => (NUMBER.test(token) ? [i] : []));
  }

  /**
   * @param {number} line
   * @param {HTMLElement} output
   */
  breakLine(line, output) {
    const presses = this.presses.get(line) ?? 0;
    this.presses.set(line, presses + 1);
    const places = this.places(line);
    // The last numbers first: multipliers and bounds stand there.
    return this.broken(line, places[places.length - 1 - (presses % places.length)], output);
  }

  /**
   * Breaks a number that chance picks.
   * @param {HTMLElement} output
   */
  breakAny(output) {
    const lines = this.lines.flatMap((_, i) => (i > 1 && this.places(i + 1).length ? [i + 1] : []));
    const line = lines[Math.floor(Math.random() * lines.length)];
    const places = this.places(line);
    return this.broken(line, places[Math.floor(Math.random() * places.length)], output);
  }

  /**
   * Adds 1 to a number and checks the certificate that results.
   * @param {number} line
   * @param {number} token
   * @param {HTMLElement} output
   */
  async broken(line, token, output) {
    const before = this.lines[line - 1].split(" ");
    const after = [...before];
    after[token] = formatRational(add(parseRational(before[token]) ?? ONE, ONE));
    const text = [...this.lines.slice(0, line - 1), after.join(" "), ...this.lines.slice(line)].join("\n");
    await this.checker.run(text, output, (result) => [
      el("p", { class: "dim" }, `In line ${line}, ${before[token]} became ${after[token]}:`),
      shownLine(before, token, "was"),
      shownLine(after, token, "is"),
      verdict(result),
      result.verdict === "PROVED"
        ? el("p", { class: "dim" }, "What results is another proof of the same statement: this number may differ.")
        : this.failing(result.line, line),
      el("button", { type: "button", class: "quiet small", click: () => fill(output) }, "Put it back"),
    ]);
  }

  /**
   * The line at which the check failed, if it is another than the one that was changed.
   * @param {number} failed
   * @param {number} changed
   */
  failing(failed, changed) {
    const text = this.lines[failed - 1] ?? "";
    if (failed === changed || !text) return el("span", {});
    return el("p", { class: "raw" }, el("span", { class: "dim" }, `line ${failed}: `), cut(text));
  }
}

/** @param {string} text */
function cut(text) {
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}

/**
 * A line with the changed number marked.
 * @param {string[]} tokens
 * @param {number} place
 * @param {string} label
 */
function shownLine(tokens, place, label) {
  const before = tokens.slice(0, place).join(" ");
  const start = before.length > LONGEST / 2 ? `… ${before.slice(-LONGEST / 2)}` : before;
  return el(
    "p",
    { class: "raw" },
    el("span", { class: "dim" }, `${label} `),
    `${start} `,
    el("mark", {}, tokens[place]),
    ` ${tokens
      .slice(place + 1)
      .join(" ")
      .slice(0, LONGEST / 2)}`,
  );
}

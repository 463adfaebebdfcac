/** The proof: what it rests on, as a tree down to every multiplier, with a checker and a way to break it. */

import { parseCertificate } from "../engine/certificate.js";
import { Refused } from "../engine/lines.js";
import { formatRational } from "../engine/rational.js";
import { proofTree } from "../engine/tree.js";
import { conclusionSentence, factSentence } from "../engine/words.js";
import { checkPanel } from "./checking.js";
import { counted, el, fill, place, visible } from "./dom.js";
import { listed } from "./lists.js";
import { branchView, sequentView } from "./sequents.js";

/**
 * @typedef {import("./model.js").Model} Model
 * @typedef {import("../engine/certificate.js").CertificateText} CertificateText
 * @typedef {import("../engine/certificate.js").Fact} Fact
 * @typedef {import("../engine/certificate.js").Block} Block
 * @typedef {import("../engine/certificate.js").Conclusion} Conclusion
 * @typedef {import("../engine/tree.js").Part} Part
 * @typedef {import("../engine/tree.js").ProofView} ProofView
 * @typedef {import("./checking.js").Breaker} Breaker
 */

const FIRST = 12;
/** @type {Record<string, string>} */
const HOW = { box: "by intervals", prove: "by a proof", same: "as one before" };

/** @param {Model} model */
export function showProof(model) {
  const { certificate, noCertificate } = model.data;
  const heading = el("h2", { id: "proof-heading" }, "The proof");
  if (certificate === null) {
    fill(place("proof"), heading, el("p", { class: "notice" }, noCertificate ?? "There is no certificate."));
    return;
  }
  try {
    const parsed = parseCertificate(certificate);
    const { panel, breaker } = checkPanel(model, parsed, certificate);
    fill(place("proof"), heading, lead(parsed), panel, groups(model, parsed, breaker));
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    fill(place("proof"), heading, el("p", { class: "notice" }, `This is no certificate: ${error.message}.`));
  }
}

/** @param {CertificateText} certificate */
function lead(certificate) {
  const { facts, head, witnesses } = certificate;
  return el(
    "p",
    { class: "lead" },
    `${counted(facts.length, "fact")} about single positions of the network hold wherever the position lies, `,
    "whatever the image's size. A global pool carries them to the whole image, and from them follow ",
    `${counted(head.length, "statement")} about logits. `,
    `${counted(witnesses.length, "witness image", "witness images")} show that the theorem is not about nothing. `,
    "Open a fact to see its sequent, its rows, and the multipliers whose sum closes each branch.",
  );
}

/**
 * @param {Model} model
 * @param {CertificateText} certificate
 * @param {Breaker} breaker
 */
function groups(model, certificate, breaker) {
  const { statement } = model;
  const facts = certificate.facts.map((fact) => ({
    fact,
    title: factSymbols(fact),
    words: factSentence(statement, fact),
  }));
  const head = certificate.head.map((conclusion) => ({
    conclusion,
    title: headSymbols(conclusion),
    words: conclusionSentence(statement, conclusion),
  }));
  const tree = el("div", { class: "tree" });
  tree.append(
    group("Facts about one position", facts.length, (body) =>
      listed(
        body,
        facts,
        FIRST,
        ({ fact, title, words }) =>
          folded(title, words, (inside) => openFact(model, certificate, breaker, fact, inside)),
        "fact",
      ),
    ),
    group("Statements about logits", head.length, (body) =>
      listed(
        body,
        head,
        FIRST,
        ({ conclusion, title, words }, i) =>
          folded(title, words, (inside) =>
            openPart(model, certificate, breaker, { conclusion: i }, conclusion.line, inside),
          ),
        "statement",
      ),
    ),
  );
  return tree;
}

/**
 * @param {string} title
 * @param {number} count
 * @param {(body: HTMLElement) => void} make
 */
function group(title, count, make) {
  const body = el("div", { class: "group" });
  make(body);
  return el(
    "details",
    { class: "level", open: true },
    el("summary", {}, el("strong", {}, title), el("span", { class: "dim" }, ` ${count.toLocaleString("en")}`)),
    body,
  );
}

/**
 * An entry that is made when it is opened.
 * @param {string} symbols
 * @param {string} words
 * @param {(inside: HTMLElement) => void} make
 * @param {string} [kind] a class
 */
function folded(symbols, words, make, kind = "") {
  const inside = el("div", { class: "inside" });
  const entry = el(
    "details",
    { class: `entry ${kind}` },
    el(
      "summary",
      {},
      symbols ? el("span", { class: "symbols" }, symbols) : null,
      el("span", { class: "words" }, visible(words)),
    ),
    inside,
  );
  entry.addEventListener("toggle", () => {
    if (entry.open && !inside.childElementCount) make(inside);
  });
  return entry;
}

/** @param {Fact} fact */
function factSymbols(fact) {
  const sum = fact.weights.map(([k, a]) => `${a === 1n ? "" : `${a}·`}S${subscript(k)}`).join(" + ");
  return `${sum} ${fact.kind === "upper" ? "≤" : "≥"} ${short(formatRational(fact.bound))}`;
}

/** @param {Conclusion} conclusion */
function headSymbols({ kind, label, other, bound }) {
  if (kind === "pair") return `logit${subscript(label)} − logit${subscript(other)} ≥ margin`;
  if (bound === null) return `logit${subscript(label)}: none`;
  return `logit${subscript(label)} ${kind === "right" ? "≥" : "≤"} ${short(formatRational(bound))}`;
}

/** @param {number} n */
function subscript(n) {
  return String(n).replace(/[0-9]/g, (digit) => String.fromCharCode(0x2080 + Number(digit)));
}

/** @param {string} text */
function short(text) {
  const shown = text.length > 24 ? `${text.slice(0, 10)}…${text.slice(-6)}` : text;
  return shown.replace("-", "−");
}

/**
 * A fact: one entry a border kind or class of windows.
 * @param {Model} model
 * @param {CertificateText} certificate
 * @param {Breaker} breaker
 * @param {Fact} fact
 * @param {HTMLElement} inside
 */
function openFact(model, certificate, breaker, fact, inside) {
  const kinds = fact.feature < 0 ? "ways to meet the image's border" : "ways to see the window";
  const body = el("div", {});
  const proved = fact.blocks.filter(({ how }) => how === "prove").length;
  const words =
    fact.blocks.length === 1
      ? ""
      : `Shown for each of ${fact.blocks.length.toLocaleString("en")} ${kinds}: ${counted(proved, "proof")}, ` +
        "the others by intervals or because their sequent is the same.";
  inside.append(breaker.button(fact.line), words ? el("p", { class: "dim" }, words) : "", body);
  // Proofs first: the others refer to them.
  const order = fact.blocks
    .map((block, i) => ({ block, i }))
    .sort((a, b) => Number(b.block.how === "prove") - Number(a.block.how === "prove") || a.i - b.i);
  listed(
    body,
    order,
    FIRST,
    ({ block, i }) => blockEntry(model, certificate, breaker, fact, block, i, order.length === 1),
    "way",
  );
}

/**
 * @param {Model} model
 * @param {CertificateText} certificate
 * @param {Breaker} breaker
 * @param {Fact} fact
 * @param {Block} block
 * @param {number} number
 * @param {boolean} only whether there is no other
 */
function blockEntry(model, certificate, breaker, fact, block, number, only) {
  const part = { fact: fact.number, block: number };
  const make = (/** @type {HTMLElement} */ inside) => openPart(model, certificate, breaker, part, block.line, inside);
  if (only) {
    const inside = el("div", { class: "inside" });
    make(inside);
    return inside;
  }
  return folded(`${number + 1}`, `${HOW[block.how]} (line ${block.line})`, make, block.how);
}

/**
 * One obligation: its sequent and its proof.
 * @param {Model} model
 * @param {CertificateText} certificate
 * @param {Breaker} breaker
 * @param {Part} part
 * @param {number} line
 * @param {HTMLElement} inside
 */
function openPart(model, certificate, breaker, part, line, inside) {
  const view = proofTree(model.statement, certificate, part);
  inside.append(...sequentView(view));
  if ("conclusion" in part) inside.prepend(breaker.button(line));
  if (view.tree) inside.append(el("h4", {}, "Proof"), branchView(view.tree, view, breaker));
  if (view.failure)
    inside.append(
      el(
        "p",
        { class: "why bad" },
        `Line ${view.failure.line} fails: expected ${view.failure.expected}, got ${view.failure.got}.`,
      ),
    );
}

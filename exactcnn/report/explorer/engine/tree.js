/**
 * One obligation of a certificate, opened up: the sequent that the checker derives, and its proof as a tree.
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {import("./statement.js").Kind} Kind
 * @typedef {import("./certificate.js").CertificateText} CertificateText
 * @typedef {import("./certificate.js").Fact} Fact
 * @typedef {import("./circuit.js").Sequent} Sequent
 * @typedef {import("./forms.js").Row} Row
 * @typedef {import("./proof.js").Branch} OpenBranch
 * @typedef {import("./proof.js").Step} Step
 *
 * @typedef {{fact: number, block: number} | {conclusion: number}} Part which obligation: places in the lists
 *
 * @typedef {object} Variable
 * @property {string} name such as x[0,1,2] (a pixel: channel, row and column in the field), y1[3,0,0] (a node of the
 *   stem's layer 1), above[..] and below[..] (what a pixel is above or below its interval), m[3] (a pooled channel),
 *   h0[..] (a head's node)
 * @property {"pixel" | "pooled" | "node"} kind
 * @property {{channel: number, row: number, column: number} | null} cell of a pixel
 * @property {[Rational, Rational] | null} interval of a pixel; of all variables where interval arithmetic is the proof
 * @property {string} definition of a node: `max(0, x[0,0,0] - 1/2)`
 *
 * @typedef {object} Numbered
 * @property {number} number
 * @property {Row} row
 * @property {string} text
 * @property {string} about where it comes from
 *
 * @typedef {object} TreeStep
 * @property {number} line of the certificate
 * @property {string} rule
 * @property {string} text the line
 * @property {{row: number, factor: string}[]} uses rows, and what they are multiplied by (empty for `chord`)
 * @property {Numbered | null} adds
 * @property {"contradiction" | "goal" | null} closes the branch: the combination is a negative constant, or gives the
 *   goal
 * @property {string} combination what `qed` combines to
 * @property {TreeBranch[]} branches
 * @property {{expected: string, got: string} | null} failed why the line does not hold
 *
 * @typedef {object} TreeBranch
 * @property {string} title what it assumes; empty for the whole proof
 * @property {Numbered[]} rows that it adds
 * @property {string} goal
 * @property {TreeStep[]} steps
 * @property {boolean} open whether no line closes it
 *
 * @typedef {object} ProofView
 * @property {"box" | "prove" | "same" | "none"} how
 * @property {string} place the border kind or the class of windows, in words; empty for conclusions
 * @property {Variable[]} variables
 * @property {Numbered[]} rows
 * @property {{number: number, literals: string[]}[]} clauses
 * @property {string} goal
 * @property {{low: Rational, high: Rational, wanted: Rational} | null} interval what interval arithmetic gives
 * @property {number} same the line of the equal sequent's proof; 0 if there is none
 * @property {TreeBranch | null} tree
 * @property {{line: number, rule: string, expected: string, got: string} | null} failure
 */

import { clearWindows, othersThan } from "./checker.js";
import { bounded, CONST, interval } from "./forms.js";
import { Facts, HeadSequent } from "./head.js";
import { Lines, need, Refused } from "./lines.js";
import { LocalSequent } from "./local.js";
import { Proof } from "./proof.js";
import { compare, formatRational, ONE, rational } from "./rational.js";
import { formText, inequalityText, kindText } from "./words.js";

/**
 * The facts that a certificate states, as if they were proved, for sequents about logits.
 * @param {Statement} statement
 * @param {CertificateText} certificate
 */
export function statedFacts(statement, certificate) {
  const facts = new Facts(statement);
  for (const { kind, weights, bound, avoid, feature, template, number } of certificate.facts) {
    const [[channel]] = weights;
    if (kind === "floor") facts.floors.set(channel, bound);
    else if (kind === "upper") {
      facts.uppers.set(channel, [...(facts.uppers.get(channel) ?? []), { avoid, bound, number }]);
    } else {
      const key = `${feature} ${template}`;
      facts.lowers.set(key, [...(facts.lowers.get(key) ?? []), { weights: new Map(weights), bound }]);
    }
  }
  return facts;
}

/**
 * One obligation with its proof. What is wrong with it is in `failure`, and in the step of the tree where it shows;
 * errors elsewhere in the certificate do not matter here.
 * @param {Statement} statement
 * @param {CertificateText} certificate
 * @param {Part} part
 * @returns {ProofView}
 * @throws {RangeError} there is no such part
 */
export function proofTree(statement, certificate, part) {
  const opened =
    "fact" in part ? openedFact(statement, certificate, part) : openedConclusion(statement, certificate, part);
  const { sequent, how, place, start, end, rule, failure } = opened;
  /** @type {ProofView} */
  const view = {
    how,
    place,
    variables: sequent ? variablesOf(sequent) : [],
    rows: sequent ? rowsOf(sequent) : [],
    clauses: sequent ? clausesOf(sequent) : [],
    goal: sequent ? inequalityText(sequent.goal, sequent.names) : "",
    interval: opened.interval,
    same: opened.same,
    tree: null,
    failure,
  };
  if (!sequent) return view;
  if (how === "box" && sequent instanceof LocalSequent) withIntervals(view, sequent);
  if (how === "prove") {
    const { tree, failed } = replayed(certificate, sequent, start, end, rule);
    view.tree = tree;
    view.failure = failed;
  }
  return view;
}

/**
 * @typedef {object} Opened
 * @property {Sequent | null} sequent
 * @property {ProofView["how"]} how
 * @property {string} place
 * @property {number} start the proof's first line
 * @property {number} end the line after its last one
 * @property {string} rule
 * @property {ProofView["interval"]} interval
 * @property {number} same
 * @property {ProofView["failure"]} failure
 */

/**
 * @param {Statement} statement
 * @param {CertificateText} certificate
 * @param {{fact: number, block: number}} part
 * @returns {Opened}
 */
function openedFact(statement, certificate, part) {
  const fact = certificate.facts[part.fact];
  const block = fact?.blocks[part.block];
  if (!block) throw new RangeError(`no block ${part.block} of fact ${part.fact}`);
  const { how, line, end } = block;
  /** @type {Opened} */
  const found = {
    sequent: null, how, place: "", start: line + 1, end, rule: fact.kind, interval: null, same: 0, failure: null,
  };
  try {
    const { local, place } = localOf(statement, certificate, fact, part.block);
    [found.sequent, found.place] = [local, place];
    if (how === "box") boxed(statement, local, fact, found);
    if (how === "same") {
      found.same = sameAs(statement, certificate, fact, part.block, local);
      need(found.same, "prove, or same as one proved", certificate.lines[line - 1]);
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    found.failure = { line, rule: fact.kind, expected: error.expected, got: error.got };
  }
  return found;
}

/**
 * The sequent of a fact's block, with its goal.
 * @param {Statement} statement
 * @param {CertificateText} certificate
 * @param {Fact} fact
 * @param {number} number of the block
 */
function localOf(statement, certificate, fact, number) {
  const { task, network } = statement;
  const { see, line } = fact.blocks[number];
  const channels = fact.weights.map(([k]) => k);
  need(channels.every((k) => k < network.width), `channels below ${network.width}`, channels);
  const form = (/** @type {LocalSequent} */ local) => local.weighted(new Map(fact.weights));
  if (fact.kind === "floor" || fact.kind === "upper") {
    const kind = statement.kinds[number];
    need(kind && see === null, "a block for each border kind", certificate.lines[line - 1]);
    const tokens = certificate.lines[line - 1].split(" ").slice(1);
    const clear = tokens.length ? clearWindows(statement, tokens, kind, fact.avoid) : [];
    const local = new LocalSequent(statement, channels, kind, clear, null);
    local.goal = bounded(form(local), fact.kind === "floor" ? 1n : -1n, fact.bound);
    return { local, place: kindText(statement, kind) };
  }
  const feature = task.features[fact.feature];
  const exists = feature && fact.template < feature.templates.length;
  need(exists, "a template of a feature", certificate.lines[fact.line - 1]);
  const seen = statement.windows(feature)[number];
  const [down, across] = seen && see ? [seen[0][see[0]], seen[1][see[1]]] : [];
  need(down && across, "a block for each class of windows", certificate.lines[line - 1]);
  const { template } = fact;
  const inside = { feature: fact.feature, template, row: down.offset, column: across.offset };
  /** @type {Kind} */
  const kind = [down.signature, across.signature];
  const local = new LocalSequent(statement, channels, kind, [], inside);
  local.goal = bounded(form(local), 1n, fact.bound);
  const place = `the window at row ${down.offset}, column ${across.offset} of the field; ${kindText(statement, kind)}`;
  return { local, place };
}

/**
 * Interval arithmetic for a block.
 * @param {Statement} statement
 * @param {LocalSequent} local
 * @param {Fact} fact
 * @param {Opened} found
 */
function boxed(statement, local, fact, found) {
  const { fine } = statement;
  const ends = interval(local.weighted(new Map(fact.weights)), local.intervals(), fine);
  const [low, high] = ends.map((end) => rational(end, fine));
  found.interval = { low, high, wanted: fact.bound };
  const upper = fact.kind === "upper";
  const fits = upper ? compare(high, fact.bound) <= 0 : compare(fact.bound, low) <= 0;
  const expected = fact.feature < 0 ? "an interval that gives the bound" : "an interval above the bound";
  need(fits, expected, formatRational(upper ? high : low));
}

/**
 * The line of the block before this one whose sequent is the same and has a proof; 0 if there is none.
 * @param {Statement} statement
 * @param {CertificateText} certificate
 * @param {Fact} fact
 * @param {number} number
 * @param {LocalSequent} local
 */
function sameAs(statement, certificate, fact, number, local) {
  const key = local.key();
  const before = fact.blocks.slice(0, number);
  const same = before.findIndex(
    ({ how }, i) => how === "prove" && localOf(statement, certificate, fact, i).local.key() === key,
  );
  return same < 0 ? 0 : before[same].line;
}

/**
 * @param {Statement} statement
 * @param {CertificateText} certificate
 * @param {{conclusion: number}} part
 * @returns {Opened}
 */
function openedConclusion(statement, certificate, part) {
  const conclusion = certificate.head[part.conclusion];
  if (!conclusion) throw new RangeError(`no conclusion ${part.conclusion}`);
  const { kind, label, other, bound, line, end } = conclusion;
  /** @type {Opened} */
  const found = {
    sequent: null, how: "none", place: "", start: line + 2, end, rule: kind, interval: null, same: 0, failure: null,
  };
  const { length } = statement.task.classes;
  if (label >= length || other >= length) {
    found.failure = { line, rule: kind, expected: `classes below ${length}`, got: certificate.lines[line - 1] };
    return found;
  }
  const facts = statedFacts(statement, certificate);
  if (kind === "pair") {
    found.how = "prove";
    const fails = othersThan(statement, label);
    found.sequent = new HeadSequent(facts, [label], fails, [[label, 1n], [other, -1n]], statement.lead);
  } else if (bound !== null) {
    found.how = "prove";
    const sign = kind === "right" ? 1n : -1n;
    const [holds, fails] = kind === "right" ? [[label], []] : [[], [label]];
    found.sequent = new HeadSequent(facts, holds, fails, [[label, sign]], { p: sign * bound.p, q: bound.q });
  }
  return found;
}

/**
 * @param {Sequent} sequent
 * @returns {Variable[]}
 */
function variablesOf(sequent) {
  const { unit } = sequent.statement.task;
  return sequent.names.map((name, v) => {
    const node = sequent.nodes.get(v);
    if (node) {
      const scale = { p: node.scale, q: 1n };
      const listed = node.arguments.map((z) => {
        const text = formText(z, sequent.names);
        return compare(scale, ONE) === 0 ? text : `(${text})/${node.scale}`;
      });
      const definition = `max(${[...(node.relu ? ["0"] : []), ...listed].join(", ")})`;
      return { name, kind: "node", cell: null, interval: null, definition };
    }
    const pixel = sequent.pixels[v];
    const cell = sequent instanceof LocalSequent ? sequent.cells[v] : null;
    if (!pixel) return { name, kind: "pooled", cell: null, interval: null, definition: "" };
    const [low, high] = pixel.map((end) => rational(end, unit));
    return { name, kind: "pixel", cell, interval: [low, high], definition: "" };
  });
}

/**
 * The rows that the sequent starts with.
 * @param {Sequent} sequent
 * @returns {Numbered[]}
 */
function rowsOf(sequent) {
  const about = [
    ...sequent.pixels.flatMap((_, x) => [
      `${sequent.names[x]} is at least its least value`,
      `${sequent.names[x]} is at most its greatest value`,
    ]),
    ...sequent.before.map(() => "a fact about a pooled channel"),
    ...[...sequent.nodes.values()].flatMap((node) => {
      const name = sequent.names[node.y];
      const above = node.arguments.map((_, i) => `${name} is at least its argument${node.relu ? "" : ` ${i}`}`);
      return node.relu ? [`${name} is at least 0`, ...above] : above;
    }),
    ...sequent.after.map(() => "a window's excess is at least the gap"),
  ];
  return sequent.rows().map((row, number) => numbered(sequent, number, row, about[number]));
}

/**
 * @param {Sequent} sequent
 * @param {number} number
 * @param {Row} row
 * @param {string} about
 * @returns {Numbered}
 */
function numbered(sequent, number, row, about) {
  return { number, row, text: inequalityText(row, sequent.names), about };
}

/** @param {Sequent} sequent */
function clausesOf(sequent) {
  return sequent.clauses.map((clause, number) => {
    const literals = clause.map((literal) => {
      const name = sequent.atomNames.get(Math.abs(literal)) ?? "";
      return literal > 0 ? name : `not: ${name}`;
    });
    return { number, literals };
  });
}

/**
 * Gives all variables their intervals.
 * @param {ProofView} view
 * @param {LocalSequent} sequent
 */
function withIntervals(view, sequent) {
  const { fine } = sequent.statement;
  sequent.intervals().forEach(([a, b], v) => {
    view.variables[v].interval = [rational(a, fine), rational(b, fine)];
  });
}

/**
 * Replays a proof.
 * @param {CertificateText} certificate
 * @param {Sequent} sequent
 * @param {number} start
 * @param {number} end
 * @param {string} rule
 */
function replayed(certificate, sequent, start, end, rule) {
  // The line after the proof is read too, if the proof is not complete, so that it is refused as the checker does.
  const lines = new Lines(certificate.lines.slice(start - 1, end).map((line) => `${line}\n`).join(""));
  lines.number = start - 1;
  const tree = new Grown(sequent);
  /** @type {ProofView["failure"]} */
  let failed = null;
  try {
    for (const _ of new Proof(lines, sequent, (step) => tree.grow(step)).run());
    if (lines.number + 1 < end) {
      const got = certificate.lines[lines.number];
      failed = { line: lines.number + 1, rule, expected: "nothing more, as no branch is open", got };
    }
  } catch (error) {
    if (!(error instanceof Refused)) throw error;
    const { expected, got } = error.at(lines);
    failed = { line: error.line, rule: error.rule, expected, got };
    if (error.line < end) tree.fail(error, lines.text);
  }
  return { tree: tree.root, failed };
}

/** A tree that grows with the steps of a proof. */
class Grown {
  /** @param {Sequent} sequent */
  constructor(sequent) {
    this.sequent = sequent;
    /** @type {TreeBranch} */
    this.root = { title: "", rows: [], goal: inequalityText(sequent.goal, sequent.names), steps: [], open: true };
    /** The branches that wait for their lines, the next one last. */
    this.waiting = [this.root];
  }

  /** @param {Step} step */
  grow({ line, rule, text, kept, row, branches }) {
    const { sequent } = this;
    const { names } = sequent;
    const branch = this.waiting[this.waiting.length - 1];
    const adds = row && !branches.length && rule !== "qed" ? numbered(sequent, kept, row, `by ${rule}`) : null;
    const closed = rule === "qed" && row;
    const constant = closed && row.every(([v]) => v === CONST);
    /** @type {TreeStep} */
    const step = {
      line,
      rule,
      text,
      uses: usesOf(rule, text),
      adds,
      closes: closed ? (constant && row.length > 0 && row[0][1] < 0n ? "contradiction" : "goal") : null,
      combination: closed ? inequalityText(row, names) : "",
      branches: branches.map((open) => grownBranch(sequent, open)),
      failed: null,
    };
    branch.steps.push(step);
    if (adds) return;
    branch.open = false;
    this.waiting.pop();
    this.waiting.push(...[...step.branches].reverse());
  }

  /**
   * Adds the line that does not hold.
   * @param {Refused} error
   * @param {string} text
   */
  fail({ line, expected, got }, text) {
    const [rule] = text.split(" ");
    const branch = this.waiting[this.waiting.length - 1] ?? this.root;
    const failed = { expected, got };
    const uses = usesOf(rule, text);
    branch.steps.push({ line, rule, text, uses, adds: null, closes: null, combination: "", branches: [], failed });
  }
}

/**
 * @param {Sequent} sequent
 * @param {OpenBranch} open
 * @returns {TreeBranch}
 */
function grownBranch(sequent, { title, kept, more, goal }) {
  const rows = more.map((row, i) => numbered(sequent, kept + i, row, title));
  return { title, rows, goal: inequalityText(goal, sequent.names), steps: [], open: true };
}

/**
 * The rows that a line names, with multipliers.
 * @param {string} rule
 * @param {string} text
 * @returns {{row: number, factor: string}[]}
 */
function usesOf(rule, text) {
  const tokens = text.split(" ").slice(1);
  const starts = { lin: 1, qed: 1, maxle: 2 }[rule];
  if (rule === "chord") return tokens.slice(1, 3).map((row) => ({ row: Number(row), factor: "" }));
  if (rule === "sub") return tokens[0] === "-" ? [] : [{ row: Number(tokens[0]), factor: tokens[1] }];
  const uses = [];
  for (let i = starts ?? tokens.length; i + 1 < tokens.length; i += 2) {
    if (tokens[i] !== "-") uses.push({ row: Number(tokens[i]), factor: tokens[i + 1] });
  }
  return uses;
}

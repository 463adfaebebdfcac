/**
 * Proofs of sequents, rule by rule (FORMAT.md, "Rules"): the checker's heart.
 *
 * @typedef {import("./forms.js").Form} Form
 * @typedef {import("./forms.js").Row} Row
 * @typedef {import("./circuit.js").Sequent} Sequent
 * @typedef {import("./circuit.js").CircuitNode} CircuitNode
 * @typedef {import("./lines.js").Lines} Lines
 *
 * @typedef {object} Branch what is still to be proved
 * @property {number} kept how many rows it keeps
 * @property {Row[]} more rows that it adds
 * @property {ReadonlySet<number>} assumed literals
 * @property {Row} goal
 * @property {string} title what it assumes, for people
 *
 * @typedef {object} Step a line of a proof, for people
 * @property {number} line
 * @property {string} rule
 * @property {string} text the line
 * @property {number} kept how many rows the branch had before the line
 * @property {Row | null} row the row that the line adds, or the combination that `qed` ends with
 * @property {Branch[]} branches that the line opens
 */

import { combined, CONST, primitive } from "./forms.js";
import { ascending, count, matched, need, positive, Refused } from "./lines.js";
import { magnitude } from "./rational.js";

const INTEGERS = /^[0-9A-Za-z_]+(?: (?:0|-?[1-9][0-9]{0,3999}))*$/;
const STEPS = ["lin", "sub", "chord", "maxle"];
const ENDS = ["have", "split", "cut", "choose", "qed"];

/** Reads the proof of one sequent; refuses unless every branch is closed. */
export class Proof {
  /**
   * @param {Lines} lines
   * @param {Sequent} sequent
   * @param {((step: Step) => void) | null} [watch] is told of every line that holds
   */
  constructor(lines, sequent, watch = null) {
    this.lines = lines;
    this.sequent = sequent;
    this.rows = sequent.rows();
    /** @type {ReadonlySet<number>} */
    this.assumed = new Set();
    this.goal = sequent.goal;
    this.watch = watch;
  }

  /** Reads all lines; a generator, so that a page can do something else between them. */
  *run() {
    const { lines, rows } = this;
    /** @type {Branch[]} */
    const open = [{ kept: rows.length, more: [], assumed: this.assumed, goal: this.goal, title: "" }];
    for (let branch = open.pop(); branch; branch = open.pop()) {
      rows.length = branch.kept;
      rows.push(...branch.more);
      this.assumed = branch.assumed;
      this.goal = branch.goal;
      for (;;) {
        yield;
        const tokens = lines.next("proof");
        const [rule] = tokens;
        need(STEPS.includes(rule) || ENDS.includes(rule), "a proof line", rule);
        lines.rule = rule;
        const kept = rows.length;
        if (STEPS.includes(rule)) {
          const row = primitive(this.step(rule, tokens));
          rows.push(row);
          this.watch?.({ line: lines.number, rule, text: lines.text, kept, row, branches: [] });
          continue;
        }
        const { row, branches } = this.end(rule, tokens);
        this.watch?.({ line: lines.number, rule, text: lines.text, kept, row, branches });
        open.push(...branches.reverse());
        break;
      }
    }
  }

  /**
   * @param {string} rule
   * @param {string[]} tokens
   * @returns {Form}
   */
  step(rule, tokens) {
    switch (rule) {
      case "lin":
        need(tokens.length > 2, "one row or more", "none");
        return this.combination(tokens);
      case "sub":
        return this.sub(tokens);
      case "chord":
        return this.chord(tokens);
      default:
        return this.maxle(tokens);
    }
  }

  /**
   * @param {string} rule
   * @param {string[]} tokens
   * @returns {{row: Row | null, branches: Branch[]}}
   */
  end(rule, tokens) {
    switch (rule) {
      case "have": {
        const lemma = this.written(tokens);
        const proof = { ...this.branch([], "the lemma"), goal: lemma };
        return { row: lemma, branches: [proof, this.branch([lemma], "with the lemma")] };
      }
      case "split":
        return { row: null, branches: this.split(tokens) };
      case "cut": {
        const row = this.written(tokens);
        const negated = primitive(combined([[-1n, row]]));
        return { row: null, branches: [this.branch([row], "the form is >= 0"), this.branch([negated], "it is <= 0")] };
      }
      case "choose":
        return { row: null, branches: this.choose(tokens) };
      default:
        return { row: this.close(tokens), branches: [] };
    }
  }

  /**
   * The integers `n a1 b1 .. an bn ..` after the line's first word, with `extra` numbers after the pairs.
   * @param {string[]} tokens
   * @param {string} usage
   * @param {number} extra
   */
  numbers(tokens, usage, extra) {
    need(INTEGERS.test(this.lines.text), usage, this.lines.text);
    const fits = tokens.length > 1 && BigInt(tokens.length - 2 - extra) === 2n * BigInt(tokens[1]);
    need(fits, usage, this.lines.text);
    return tokens.slice(2);
  }

  /**
   * The positive combination of rows that the line names.
   * @param {string[]} tokens
   * @returns {Form}
   */
  combination(tokens) {
    const numbers = this.numbers(tokens, "n r1 a1 .. rn an", 0);
    const { rows } = this;
    /** @type {Form} */
    const total = new Map();
    // Every number is checked before any is used.
    let previous = -1;
    let fits = true;
    for (let i = 0; i < numbers.length; i += 2) {
      const row = Number(numbers[i]);
      fits = fits && row > previous && row < rows.length && BigInt(numbers[i + 1]) > 0n;
      previous = row;
    }
    need(fits, "ascending rows, positive multipliers", this.lines.text);
    for (let i = 0; i < numbers.length; i += 2) {
      const a = BigInt(numbers[i + 1]);
      for (const [v, c] of rows[Number(numbers[i])]) total.set(v, (total.get(v) ?? 0n) + a * c);
    }
    return total;
  }

  /**
   * A positive multiple of a row, or `- 0`: the form 0.
   * @param {string} row
   * @param {string} factor
   * @returns {Form}
   */
  multiple(row, factor) {
    if (row === "-" && factor === "0") return new Map();
    return combined([[positive(factor), this.row(row)]]);
  }

  /** @param {string} token */
  row(token) {
    return this.rows[count(token, 0, this.rows.length)];
  }

  /**
   * @param {string} token
   * @param {boolean} relu
   * @returns {CircuitNode}
   */
  node(token, relu) {
    const node = this.sequent.nodes.get(count(token));
    if (!node || node.relu !== relu) throw new Refused(relu ? "a ReLU node" : "a max node", token);
    return node;
  }

  /**
   * From q*row = sum b_j Z_j - s Z + c: sum b_j Y_j - s Y + max(0, c) >= 0.
   * @param {string[]} tokens
   */
  sub(tokens) {
    const [p, q, v, scale, number, ...pairs] = matched(tokens, "sub ? ? ? ? ? ..");
    need(pairs.length === 2 * count(number), "m pairs", this.lines.text);
    const others = ascending(pairs.filter((_, i) => i % 2 === 0), this.sequent.size);
    const factors = pairs.filter((_, i) => i % 2 === 1).map(positive);
    /** @type {[bigint, CircuitNode][]} */
    const nodes = [[-positive(scale), this.node(v, true)]];
    others.forEach((u, j) => nodes.push([factors[j], this.node(String(u), true)]));
    /** @type {[bigint, Form][]} */
    const terms = nodes.map(([b, node]) => [-b, node.arguments[0]]);
    const rest = combined([[1n, this.multiple(p, q)], ...terms]);
    const constant = rest.get(CONST) ?? 0n;
    rest.delete(CONST);
    need([...rest.values()].every((c) => c === 0n), "a premise about the arguments' combination", this.lines.text);
    /** @type {[bigint, Iterable<[number, bigint]>][]} */
    const parts = nodes.map(([b, node]) => [b * node.scale, [[node.y, 1n]]]);
    return combined([...parts, [constant > 0n ? constant : 0n, [[CONST, 1n]]]]);
  }

  /**
   * From Z >= l and Z <= u with l < 0 < u: u(Z - l) - (u - l)Y >= 0.
   * @param {string[]} tokens
   */
  chord(tokens) {
    const [v, p, q] = matched(tokens, "chord ? ? ?");
    const node = this.node(v, true);
    const [z] = node.arguments;
    const [low, high] = [bound(z, this.row(p), 1n), bound(z, this.row(q), -1n)];
    need(low.p < 0n && high.p > 0n, "bounds below and above 0", [`${low.p}/${low.q}`, `${high.p}/${high.q}`]);
    const [g, least, most] = [low.q * high.q, low.p * high.q, high.p * low.q];
    const slope = (most - least) * g * node.scale;
    return combined([[most * g, z], [-most * least, [[CONST, 1n]]], [-slope, [[node.y, 1n]]]]);
  }

  /**
   * From rows a_i*row_i = E_i - s Z_i, where the E_i differ only in constants: (the largest E_i) - s Y >= 0.
   * @param {string[]} tokens
   */
  maxle(tokens) {
    const [v, scale, ...pairs] = matched(tokens, "maxle ? ? ..");
    const [node, s] = [this.node(v, false), positive(scale)];
    need(pairs.length === 2 * node.arguments.length, "one pair an argument", this.lines.text);
    /** @type {Form | null} */
    let first = null;
    /** @type {bigint | null} */
    let constant = null;
    let equal = true;
    node.arguments.forEach((z, i) => {
      const form = nonZero(combined([[1n, this.multiple(pairs[2 * i], pairs[2 * i + 1])], [s, z]]));
      const own = form.get(CONST) ?? 0n;
      form.delete(CONST);
      if (constant === null || own > constant) constant = own;
      if (first) equal = equal && same(first, form);
      else first = form;
    });
    need(equal, "one form above all arguments", this.lines.text);
    return combined([[1n, first ?? []], [constant ?? 0n, [[CONST, 1n]]], [-s * node.scale, [[node.y, 1n]]]]);
  }

  /**
   * The form that the line writes out.
   * @param {string[]} tokens
   */
  written(tokens) {
    const numbers = this.numbers(tokens, "n v1 a1 .. vn an c", 1);
    /** @type {Form} */
    const form = new Map([[CONST, BigInt(numbers[numbers.length - 1])]]);
    let previous = -1;
    for (let i = 0; i + 1 < numbers.length; i += 2) {
      const [v, a] = [Number(numbers[i]), BigInt(numbers[i + 1])];
      const fits = previous < v && v < this.sequent.size && a;
      need(fits, "ascending variables, coefficients not 0", [numbers[i], a]);
      form.set(v, a);
      previous = v;
    }
    return primitive(form);
  }

  /**
   * @param {Row[]} more
   * @param {string} title
   * @returns {Branch}
   */
  branch(more, title) {
    return { kept: this.rows.length, more, assumed: this.assumed, goal: this.goal, title };
  }

  /** @param {string[]} tokens */
  split(tokens) {
    const [token] = matched(tokens, "split ?");
    const node = this.sequent.nodes.get(count(token));
    if (!node) throw new Refused("a node", token);
    const least = node.arguments.map((z) => primitive(combined([[1n, z], [-node.scale, [[node.y, 1n]]]])));
    const name = this.sequent.names[node.y];
    if (!node.relu) return least.map((row, i) => this.branch([row], `${name} is its argument ${i}`));
    const [z] = node.arguments;
    return [
      this.branch([primitive(z), least[0]], `${name} is its argument, which is >= 0`),
      this.branch([primitive(combined([[-1n, z]])), [[node.y, -1n]]], `${name} is 0, its argument <= 0`),
    ];
  }

  /** @param {string[]} tokens */
  choose(tokens) {
    const { clauses, switched, atomNames } = this.sequent;
    const clause = clauses[count(matched(tokens, "choose ?")[0], 0, clauses.length)];
    const branches = [];
    for (const literal of clause) {
      if (this.assumed.has(-literal)) continue;
      const rows = this.assumed.has(literal) ? [] : (switched.get(literal) ?? []);
      const name = atomNames.get(Math.abs(literal)) ?? "";
      const branch = this.branch(rows, literal > 0 ? name : `not: ${name}`);
      branches.push({ ...branch, assumed: new Set([...this.assumed, literal]) });
    }
    return branches;
  }

  /** @param {string[]} tokens */
  close(tokens) {
    const total = this.combination(tokens);
    const left = nonZero(total);
    const goal = new Map(this.goal);
    const [constant, wanted] = [left.get(CONST) ?? 0n, goal.get(CONST) ?? 0n];
    left.delete(CONST);
    goal.delete(CONST);
    const row = this.watch ? primitive(total) : null;
    if (!left.size) {
      const closes = constant < 0n || (!goal.size && wanted >= 0n);
      need(closes, "a negative constant, or the goal", constant);
      return row;
    }
    const fits = left.size === goal.size && [...left.keys()].every((v) => goal.has(v));
    need(fits, "the goal's variables", this.lines.text);
    const [[v, t]] = left;
    const g = goal.get(v) ?? 0n;
    const multiple = t * g > 0n && [...left].every(([x, c]) => c * g === (goal.get(x) ?? 0n) * t);
    need(multiple, "a multiple of the goal", this.lines.text);
    need(wanted * magnitude(t) >= constant * magnitude(g), "a constant no greater than the goal's", constant);
    return row;
  }
}

/**
 * @param {Form} form
 * @returns {Form}
 */
function nonZero(form) {
  return new Map([...form].filter(([, c]) => c !== 0n));
}

/**
 * @param {Form} a
 * @param {Form} b
 */
function same(a, b) {
  return a.size === b.size && [...a].every(([v, c]) => b.get(v) === c);
}

/**
 * The bound b if the row says Z >= b (sign 1) or Z <= b (sign -1) up to positive scale; not in lowest terms.
 * @param {Form} z
 * @param {Row} row
 * @param {bigint} sign
 */
function bound(z, row, sign) {
  const form = new Map(row);
  const constant = form.get(CONST) ?? 0n;
  form.delete(CONST);
  const pairs = [...z].filter(([v]) => v !== CONST);
  const [v, g] = pairs[0];
  // g * row = t * (Z - its constant) + g * constant
  const t = form.get(v) ?? 0n;
  const multiple = form.size === pairs.length && pairs.every(([x, c]) => (form.get(x) ?? 0n) * g === c * t);
  need(sign * t * g > 0n && multiple, "a row about the node's argument", row.flat());
  return { p: (z.get(CONST) ?? 0n) * magnitude(t) - sign * constant * magnitude(g), q: magnitude(t) };
}

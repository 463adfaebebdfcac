/**
 * Facts, and sequents about logits (FORMAT.md, "Pooled facts" and "Head sequents").
 *
 * @typedef {import("./rational.js").Rational} Rational
 * @typedef {import("./forms.js").Form} Form
 * @typedef {import("./forms.js").Scaled} Scaled
 * @typedef {import("./statement.js").Kind} Kind
 * @typedef {import("./statement.js").Statement} Statement
 * @typedef {import("./statement.js").Alternative} Alternative
 * @typedef {{avoid: number[], bound: Rational, number: number}} UpperFact
 * @typedef {{weights: Form, bound: Rational}} LowerFact
 */

import { looked, placeKey, Sequent, valueAt } from "./circuit.js";
import { bounded, summed, variableForm } from "./forms.js";
import { lcm } from "./rational.js";

/** The facts proved so far, and what they say of pooled channels. */
export class Facts {
  /** @param {Statement} statement */
  constructor(statement) {
    this.statement = statement;
    /** @type {Map<number, Rational>} */
    this.floors = new Map();
    /** @type {Map<number, UpperFact[]>} by channel */
    this.uppers = new Map();
    /** @type {Map<string, LowerFact[]>} by feature and template */
    this.lowers = new Map();
  }

  /**
   * What the pooled channel is at least (sign 1), or at most (sign -1), if every position is.
   * @param {Rational} bound
   * @param {bigint} sign
   * @returns {Rational | null}
   */
  spread(bound, sign) {
    const { network, fewest, greatest } = this.statement;
    if (network.pool !== "sum") return bound;
    const number = sign * bound.p >= 0n ? fewest : greatest;
    return number ? { p: bound.p * number, q: bound.q } : null;
  }

  /**
   * What the weighted sum of pooled channels is at least, if at some position it is at least `bound`.
   * @param {Form} weights
   * @param {Rational} bound
   * @returns {Rational | null}
   */
  somewhere(weights, bound) {
    const { network, fewest, greatest } = this.statement;
    if (network.pool === "max") return bound;
    /** @type {[bigint, Rational][]} */
    const floors = [];
    for (const [k, a] of weights) {
      const floor = this.floors.get(k);
      if (!floor) return null;
      floors.push([a, floor]);
    }
    const q = lcm(floors.map(([, floor]) => floor.q));
    const floor = floors.reduce((sum, [a, x]) => sum + a * x.p * (q / x.q), 0n);
    const number = network.pool === "sum" && floor >= 0n ? fewest : greatest;
    if (number === null) return null;
    const total = bound.p * q + (number - 1n) * floor * bound.q;
    return { p: total, q: bound.q * q * (network.pool === "mean" ? number : 1n) };
  }
}

/** The sequent about logits: the formula of one class holds (or none is said to), those of others fail. */
export class HeadSequent extends Sequent {
  /**
   * @param {Facts} facts
   * @param {number[]} holds
   * @param {number[]} fails
   * @param {[number, bigint][]} goal logits and their factors
   * @param {Rational} bound
   */
  constructor(facts, holds, fails, goal, bound) {
    super(facts.statement);
    const { network } = facts.statement;
    this.facts = facts;
    this.atoms = 0;
    /** @type {Map<number, number>} */
    this.contains = new Map();
    /** @type {Kind} */
    const point = [network.head.map(() => [0, 1]), network.head.map(() => [0, 1])];
    const { looks, needed } = looked(network.head, point, goal.map(([o]) => o));
    /** @type {Map<number, number>} the variables of the pooled channels */
    this.channels = new Map(needed.map(({ channel }) => [channel, this.variable(`m[${channel}]`)]));
    for (const [k, m] of this.channels) {
      const floor = facts.floors.get(k);
      if (floor) this.before.push(...pooledRows(new Map([[m, 1n]]), 1n, facts.spread(floor, 1n)));
      for (const fact of facts.uppers.get(k) ?? []) {
        if (fact.avoid.length) continue;
        this.before.push(...pooledRows(new Map([[m, 1n]]), -1n, facts.spread(fact.bound, -1n)));
      }
    }
    const inputs = new Map([...this.channels].map(([k, m]) => [placeKey(k, 0, 0), variableForm(m)]));
    const values = this.through(network.head, looks, inputs, "h");
    const terms = goal.map(([o, c]) => /** @type {[bigint, Scaled]} */ ([c, valueAt(values, placeKey(o, 0, 0))]));
    this.goal = bounded(summed(terms, 0n, 1n), 1n, bound);
    for (const y of holds) this.formula(y, true);
    for (const z of fails) this.formula(z, false);
    this.switches();
  }

  /** @param {string} name */
  atom(name) {
    this.atoms += 1;
    this.atomNames.set(this.atoms, name);
    return this.atoms;
  }

  /** @param {number} feature */
  literal(feature) {
    return this.contains.get(feature) ?? 0;
  }

  /** @param {Alternative} alternative */
  literals({ requires, forbids }) {
    for (const f of [...requires, ...forbids]) {
      if (!this.contains.has(f)) this.contains.set(f, this.atom(`contains ${this.featureName(f)}`));
    }
    return [...requires.map((f) => this.literal(f)), ...forbids.map((f) => -this.literal(f))];
  }

  /** @param {number} f */
  featureName(f) {
    return `"${this.statement.task.features[f].name}"`;
  }

  /**
   * The clauses of: the formula of class y holds, or fails (that of `otherwise` holds where all others fail).
   * @param {number} y
   * @param {boolean} holds
   */
  formula(y, holds) {
    const { classes } = this.statement.task;
    const own = classes[y].alternatives;
    const owners = own === null ? classes : [classes[y]];
    const listed = owners.flatMap(({ name, alternatives }) => (alternatives ?? []).map((a, i) => ({ name, a, i })));
    const literals = listed.map(({ a }) => this.literals(a));
    if (holds === (own === null)) {
      this.clauses.push(...literals.map((conjunction) => conjunction.map((x) => -x)));
      return;
    }
    const atoms = listed.map(({ name, i }) => this.atom(`alternative ${i} of class "${name}" holds`));
    this.clauses.push(atoms);
    atoms.forEach((atom, i) => this.clauses.push(...literals[i].map((x) => [-atom, x])));
  }

  /** Clauses that introduce templates and avoided sets, and the rows of the facts that they switch on. */
  switches() {
    const { facts } = this;
    for (const f of [...this.contains.keys()].sort((a, b) => a - b)) {
      const { templates } = this.statement.task.features[f];
      const atoms = templates.map((_, t) => this.atom(`a window exhibits template ${t} of ${this.featureName(f)}`));
      this.clauses.push([-this.literal(f), ...atoms]);
      atoms.forEach((atom, t) => {
        const rows = [];
        for (const { weights, bound } of facts.lowers.get(`${f} ${t}`) ?? []) {
          if (![...weights.keys()].every((k) => this.channels.has(k))) continue;
          const form = new Map([...weights].map(([k, a]) => [this.channels.get(k) ?? 0, a]));
          rows.push(...pooledRows(form, 1n, facts.somewhere(weights, bound)));
        }
        this.switched.set(atom, rows);
      });
    }
    const listed = [...this.channels].flatMap(([k, m]) => (facts.uppers.get(k) ?? []).map((fact) => ({ fact, m })));
    listed.sort((a, b) => a.fact.number - b.fact.number);
    for (const { fact, m } of listed) {
      if (!fact.avoid.length) continue;
      const rows = pooledRows(new Map([[m, 1n]]), -1n, facts.spread(fact.bound, -1n));
      if (rows.length && fact.avoid.every((f) => this.contains.has(f))) {
        const atom = this.atom(`avoids ${fact.avoid.map((f) => this.featureName(f)).join(", ")}`);
        this.switched.set(atom, rows);
        this.clauses.push([atom, ...fact.avoid.map((f) => this.literal(f))]);
      }
    }
  }
}

/**
 * @param {Form} form
 * @param {bigint} sign
 * @param {Rational | null} bound
 */
function pooledRows(form, sign, bound) {
  return bound === null ? [] : [bounded({ form, scale: 1n }, sign, bound)];
}

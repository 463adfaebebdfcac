"""Proofs of head sequents (DESIGN section 5, "Prover").

Bounds are carried from the pooled channels to the logits node by node. A clause with several live literals is not
branched on at once: what all its branches agree on becomes a row with a proof of its own (`have`), so that many
clauses cost the sum of their branches and not the product. What is left is a linear question; where the answer is too
weak, clauses are branched on and nodes are split.
"""

from __future__ import annotations

import time
from collections.abc import Hashable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from flint import fmpq

from exactcnn.prover.head_local import Clause, HeadLocal, Literal, Numbering
from exactcnn.prover.relax import Relaxed, closing, least
from exactcnn.prover.rows import (
    After,
    Choose,
    Chord,
    Combined,
    Fact,
    Given,
    Have,
    Leaf,
    Node,
    Proof,
    Row,
    Split,
    Sub,
    identity,
    integral,
    lined_up,
    primitive,
)

__all__ = ["HeadProof", "prove_head"]

_ROUNDS = 4
_NESTED = 3
_DEPTH = 40
_WRONG = 1e-7
_NEAR = 1e-9
_A_LITTLE = fmpq(1, 1 << 20)


@dataclass(frozen=True)
class HeadProof:
    """A bound of the goal's logits with its proof."""

    bound: fmpq
    proof: Proof


class _TooHardError(Exception):
    """The time for one sequent is used up."""


class _NoRoomError(Exception):
    """A bound that is attained was not reached exactly, so that cases would not help."""


def prove_head(numbering: Numbering, wanted: fmpq, seconds: float) -> HeadProof | None:
    """A proof of the bound wanted, or of one a little below it, or of the best one that a single relaxation gives.

    A bound that is attained leaves no room for the rounding of multipliers; a bound a little below it does.
    """
    sequent = numbering.sequent
    if not sequent.goal[0]:
        constant = sequent.goal[1]
        return HeadProof(constant, Leaf(()))
    search = _Search(numbering, seconds)
    root = search.root()
    goal = sequent.bound(wanted)
    try:
        proof = search.at_once(goal, root)
        if proof is None:
            search.refine(root)
            proof = search.at_once(goal, root)
        if proof is not None:
            return HeadProof(wanted, proof)
        near = wanted - _A_LITTLE
        relaxed = search.relaxed(root)
        if relaxed is None or relaxed.bound < near:
            for goal_bound, share in ((wanted, 0.5), (near, 1.0)):
                proof = search.within(share, sequent.bound(goal_bound), root)
                if proof is not None:
                    return HeadProof(goal_bound, proof)
    except _TooHardError:
        relaxed = search.relaxed(root)
    return relaxed


@dataclass(frozen=True)
class _Bound:
    """A bound of an argument, and what is to be added up to show it."""

    value: fmpq
    parts: Sequence[tuple[Fact, fmpq]]

    def fact(self) -> Fact:
        """The fact that states it."""
        return Combined.of(self.parts)


@dataclass
class _State:
    """A branch: what is assumed, and the best bounds known.

    Attributes
    ----------
    low, high: variable -> (bound, fact that states it).
    facts: further rows for the relaxation.
    decided: nodes that were split, with the case.
    trail: the unit clauses chosen in this branch, with the literal that each assumed.
    changed: variables whose bounds became better in this branch.
    haves: facts with proofs of their own that were found in this branch, in order.
    closed: a clause without live literals, which ends the branch.
    """

    assumed: dict[Hashable, bool]
    low: dict[int, tuple[fmpq, Fact]]
    high: dict[int, tuple[fmpq, Fact]]
    facts: list[Fact]
    decided: dict[int, int] = field(default_factory=dict)
    trail: list[tuple[Hashable, Literal]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    haves: list[Have] = field(default_factory=list)
    closed: Hashable = None

    def copy(self) -> _State:
        """A branch that starts here."""
        return _State(dict(self.assumed), dict(self.low), dict(self.high), list(self.facts), dict(self.decided))

    def wrapped(self, proof: Proof | None) -> Proof:
        """The proof, after the unit clauses of this branch."""
        if self.closed is not None:
            proof = Choose(self.closed, ())
        if proof is None:
            raise ValueError("an open branch needs a proof")
        if self.haves:
            proof = After(tuple(self.haves), proof)
        for clause, literal in reversed(self.trail):
            proof = Choose(clause, ((literal, proof),))
        return proof


class _Search:
    def __init__(self, numbering: Numbering, seconds: float) -> None:
        self.numbering = numbering
        self.sequent: HeadLocal = numbering.sequent
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self._above = numbering.above
        self._watch: dict[Hashable, list[Clause]] = {}
        for clause in numbering.clauses:
            for atom, _ in clause.literals:
                self._watch.setdefault(atom, []).append(clause)

    # -- states -------------------------------------------------------------------------------------------------------

    def root(self) -> _State:
        """The state before any case."""
        state = _State({}, {}, {}, list(self.numbering.base))
        for given in self.numbering.base:
            self._bound(state, given)
        self._propagate(state, self.numbering.clauses)
        if state.closed is None:
            self._evaluate(state)
        return state

    def refine(self, state: _State) -> None:
        """Adds what the branches of each clause agree on."""
        if state.closed is None:
            clauses = [c for c in self.numbering.clauses if c.is_premise or self._opened(state, c)]
            self._refine(state, clauses, 0)

    def _opened(self, state: _State, clause: Clause) -> bool:
        """Whether a clause of the features' definitions says something that is not said yet."""
        return any(atom in state.assumed for atom, _ in clause.literals)

    def _live(self, state: _State, clause: Clause) -> list[Literal] | None:
        """The literals that can still be true; None if one is."""
        found = []
        for atom, sign in clause.literals:
            known = state.assumed.get(atom)
            if known is None:
                found.append((atom, sign))
            elif known == sign:
                return None
        return found

    def _assume(self, state: _State, literal: Literal) -> None:
        state.assumed[literal[0]] = literal[1]
        for given in self.numbering.switched.get(literal, ()):
            state.facts.append(given)
            self._bound(state, given)

    def _propagate(self, state: _State, clauses: Iterable[Clause]) -> None:
        """Chooses unit clauses, and those that become unit by it."""
        pending = list(clauses)
        while pending and state.closed is None:
            following: list[Clause] = []
            for clause in pending:
                live = self._live(state, clause)
                if live is None or len(live) > 1:
                    continue
                if not live:
                    state.closed = clause.key
                    return
                state.trail.append((clause.key, live[0]))
                self._assume(state, live[0])
                following += self._watch.get(live[0][0], [])
            pending = following

    def _branch(self, state: _State, literal: Literal, nested: int) -> _State:
        """The state in which a literal is assumed."""
        branch = state.copy()
        self._assume(branch, literal)
        self._propagate(branch, self._watch.get(literal[0], []))
        if branch.closed is None:
            self._evaluate(branch)
            if nested < _NESTED:
                new = [atom for atom in branch.assumed if atom not in state.assumed]
                touched = {c.key: c for atom in new for c in self._watch.get(atom, [])}
                self._refine(branch, list(touched.values()), nested + 1)
        return branch

    # -- bounds -------------------------------------------------------------------------------------------------------

    def _bound(self, state: _State, fact: Fact) -> None:
        """Takes note of a fact about one variable."""
        if len(fact.row.terms) != 1:
            return
        ((v, c),) = fact.row.terms.items()
        bound = fmpq(-fact.row.constant, c)
        table = state.low if c > 0 else state.high
        known = table.get(v)
        if known is None or (bound > known[0] if c > 0 else bound < known[0]):
            table[v] = (bound, fact)
            state.changed.add(v)

    def _argument(self, state: _State, node: Node) -> tuple[_Bound | None, _Bound | None]:
        """Bounds of z from the bounds of its variables."""
        terms, constant = node.arguments[0]
        found: list[_Bound | None] = []
        for tables in ((state.low, state.high), (state.high, state.low)):
            sign = 1 if tables[0] is state.low else -1
            total, parts = fmpq(constant), []
            for v, c in terms.items():
                known = tables[0 if c > 0 else 1].get(v)
                if known is None:
                    break
                total += c * known[0]
                parts.append((known[1], fmpq(sign * c, known[1].row.terms[v])))
            else:
                found.append(_Bound(total / node.scale, parts))
                continue
            found.append(None)
        return found[0], found[1]

    def _evaluate(self, state: _State) -> None:
        """Bounds of the nodes whose arguments have better bounds than before, in order."""
        for node in self.sequent.nodes:
            if not state.changed.isdisjoint(node.arguments[0][0]):
                self._evaluate_node(state, node, *self._argument(state, node))

    def _evaluate_node(self, state: _State, node: Node, low: _Bound | None, high: _Bound | None) -> bool:
        """Bounds of a node from those of its argument; whether they are better."""
        y = node.variable
        better = False
        if high is not None:
            most = max(high.value, fmpq(0))
            if y not in state.high or most < state.high[y][0]:
                fact = Sub.of(high.fact(), node)
                state.high[y] = (most, fact)
                state.facts.append(fact)
                better = True
        if low is not None and low.value > 0 and (y not in state.low or low.value > state.low[y][0]):
            above, stated = self._above[y], low.fact()
            parts = [(above, fmpq(node.scale, above.row.terms[y])), (stated, lined_up(stated, node))]
            state.low[y] = (low.value, Combined.of(parts))
            better = True
        if better:
            state.changed.add(y)
        return better

    # -- what all branches of a clause agree on -----------------------------------------------------------------------

    def _refine(self, state: _State, clauses: Sequence[Clause], nested: int) -> None:
        for _ in range(1 if nested else _ROUNDS):
            changed = False
            for clause in clauses:
                if time.monotonic() > self.end:
                    return
                live = self._live(state, clause)
                if live is not None and len(live) > 1 and self._agreed(state, clause, live, nested):
                    changed = True
                    self._evaluate(state)
            if not changed:
                return

    def _agreed(self, state: _State, clause: Clause, live: Sequence[Literal], nested: int) -> bool:
        """Bounds that hold in every branch of a clause, as facts of the state; whether there were any."""
        branches = [(literal, self._branch(state, literal, nested)) for literal in live]
        open_ones = [b for _, b in branches if b.closed is None]
        if not open_ones:
            return False
        # Only what became better in every branch can be agreed on.
        touched = set.intersection(*(b.changed for b in open_ones))
        changed = False
        for v in range(len(self.sequent.channels)):
            if v in touched:
                changed |= self._agreed_variable(state, clause, branches, open_ones, v)
        for node in self.sequent.nodes:
            terms = node.arguments[0][0]
            if all(not b.changed.isdisjoint(terms) for b in open_ones):
                changed |= self._agreed_argument(state, clause, branches, open_ones, node)
            if not state.changed.isdisjoint(terms):
                self._evaluate_node(state, node, *self._argument(state, node))
            if node.variable in touched:
                changed |= self._agreed_variable(state, clause, branches, open_ones, node.variable)
        return changed

    def _agreed_variable(
        self,
        state: _State,
        clause: Clause,
        branches: Sequence[tuple[Literal, _State]],
        open_ones: Sequence[_State],
        v: int,
    ) -> bool:
        changed = False
        for sign in (1, -1):
            tables = [b.low if sign > 0 else b.high for b in open_ones]
            if any(v not in t for t in tables):
                continue
            values = [t[v][0] for t in tables]
            value = min(values) if sign > 0 else max(values)
            mine = state.low if sign > 0 else state.high
            if v in mine and (value <= mine[v][0] if sign > 0 else value >= mine[v][0]):
                continue
            row = primitive({v: sign * int(value.q)}, -sign * int(value.p))
            facts = iter([t[v][1] for t in tables])
            have = Have(row, self._cases(clause, branches, row, facts))
            mine[v] = (value, have)
            state.facts.append(have)
            state.haves.append(have)
            state.changed.add(v)
            changed = True
        return changed

    def _agreed_argument(
        self,
        state: _State,
        clause: Clause,
        branches: Sequence[tuple[Literal, _State]],
        open_ones: Sequence[_State],
        node: Node,
    ) -> bool:
        mine = self._argument(state, node)
        theirs = [self._argument(b, node) for b in open_ones]
        changed = False
        for side, sign in ((0, 1), (1, -1)):
            bounds = [t[side] for t in theirs]
            present = [b for b in bounds if b is not None]
            if len(present) < len(bounds):
                continue
            value = min(b.value for b in present) if sign > 0 else max(b.value for b in present)
            known = mine[side]
            if known is not None and (value <= known.value if sign > 0 else value >= known.value):
                continue
            terms, constant = node.arguments[0]
            limit = value * node.scale - constant
            q = int(limit.q)
            row = primitive({v: sign * c * q for v, c in terms.items()}, -sign * int(limit.p))
            have = Have(row, self._cases(clause, branches, row, iter([b.fact() for b in present])))
            state.facts.append(have)
            state.haves.append(have)
            agreed = _Bound(value, [(have, fmpq(1))])
            changed |= self._evaluate_node(state, node, agreed if sign > 0 else None, agreed if sign < 0 else None)
        return changed

    def _cases(
        self, clause: Clause, branches: Sequence[tuple[Literal, _State]], row: Row, facts: Iterator[Fact]
    ) -> Proof:
        """The proof of a row by the branches of a clause, each of which has a fact at least as good."""
        listed = []
        for literal, branch in branches:
            if branch.closed is not None:
                listed.append((literal, branch.wrapped(None)))
                continue
            fact = next(facts)
            v = next(iter(row.terms))
            listed.append((literal, branch.wrapped(Leaf(integral([(fact, fmpq(row.terms[v], fact.row.terms[v]))])))))
        return Choose(clause.key, tuple(listed))

    # -- the goal -----------------------------------------------------------------------------------------------------

    def within(self, share: float, goal: Row, state: _State) -> Proof | None:
        """A proof found in this share of the time."""
        self.end = time.monotonic() + share * self.seconds
        try:
            return self.proof(goal, state, 0)
        except (_TooHardError, _NoRoomError):
            return None

    def proof(self, goal: Row, state: _State, depth: int) -> Proof | None:
        """A proof of the goal in a branch."""
        if time.monotonic() > self.end:
            raise _TooHardError
        found = self.at_once(goal, state)
        if found is not None:
            return found
        if depth >= _DEPTH:
            return None
        relaxed, _ = least(self._rows(state, strong=True), goal.terms)
        if relaxed.value is not None and relaxed.value >= -goal.constant - _NEAR * abs(goal.constant):
            raise _NoRoomError
        clause = self._open_clause(state)
        if clause is not None:
            branches = []
            for literal in self._live(state, clause) or []:
                found = self.proof(goal, self._branch(state, literal, 0), depth + 1)
                if found is None:
                    return None
                branches.append((literal, found))
            return state.wrapped(Choose(clause.key, tuple(branches)))
        return self._split(goal, state, relaxed, depth)

    def at_once(self, goal: Row, state: _State) -> Proof | None:
        """A proof of the goal by one relaxation."""
        if state.closed is not None:
            return state.wrapped(None)
        for strong in (False, True):
            parts = closing(self._rows(state, strong=strong), goal.terms, goal.constant)
            if parts is not None:
                return state.wrapped(Leaf(parts))
        return None

    def _split(self, goal: Row, state: _State, relaxed: Relaxed, depth: int) -> Proof | None:
        node = self._most_wrong(relaxed, state)
        if node is None:
            return None
        parts = []
        for case, rows in enumerate(node.cases()):
            branch = state.copy()
            givens = tuple(Given(row) for row in rows)
            branch.decided[node.variable] = case
            branch.facts += givens
            for given in givens:
                self._bound(branch, given)
            self._evaluate(branch)
            found = self.proof(goal, branch, depth + 1)
            if found is None:
                return None
            parts.append((givens, found))
        return state.wrapped(Split(node, tuple(parts)))

    def _open_clause(self, state: _State) -> Clause | None:
        """The next clause to branch on: of the formulas first, then what features in the image or absent mean."""
        for first in (True, False):
            for clause in self.numbering.clauses:
                if clause.is_premise is first and (first or self._opened(state, clause)):
                    live = self._live(state, clause)
                    if live is not None and len(live) > 1:
                        return clause
        return None

    def _rows(self, state: _State, *, strong: bool) -> list[Fact]:
        """The rows of the relaxation."""
        facts = {id(f): f for f in state.facts}
        for table in (state.low, state.high):
            facts.update((id(f), f) for _, f in table.values())
        if strong:
            for node in self.sequent.nodes:
                for fact in self._chords(state, node):
                    facts[id(fact)] = fact
        return list(facts.values())

    def _chords(self, state: _State, node: Node) -> Iterator[Fact]:
        low, high = self._argument(state, node)
        if low is None or high is None or node.variable in state.decided:
            return
        if low.value < 0 < high.value:
            yield Chord.of(node, low.fact(), high.fact(), low.value, high.value)
        elif low.value >= 0:
            yield identity(node, low.fact())

    def _most_wrong(self, relaxed: Relaxed, state: _State) -> Node | None:
        """The node whose value at the relaxation's best point is furthest from what its argument gives."""
        worst, chosen = _WRONG, None
        for node in self.sequent.nodes:
            if node.variable in state.decided:
                continue
            terms, constant = node.arguments[0]
            value = max(0.0, (sum(c * relaxed.point.get(v, 0.0) for v, c in terms.items()) + constant) / node.scale)
            wrong = abs(relaxed.point.get(node.variable, value) - value)
            if wrong > worst:
                worst, chosen = wrong, node
        return chosen

    def relaxed(self, state: _State) -> HeadProof | None:
        """The best bound that one relaxation gives."""
        terms, constant = self.sequent.goal
        row = self.sequent.bound(constant)
        _, exact = least(self._rows(state, strong=True), row.terms)
        if exact is None or state.closed is not None:
            return None
        v = next(iter(terms))
        return HeadProof(constant + exact[0] * terms[v] / row.terms[v], state.wrapped(Leaf(exact[1])))

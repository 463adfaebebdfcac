"""What all branches of a clause agree on.

A clause with several live literals is not branched on at once: what all its branches agree on becomes a row with a
proof of its own (`have`), so that many clauses cost the sum of their branches and not the product.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from flint import fmpq

from exactcnn.prover.head_local import Clause, Literal
from exactcnn.prover.head_state import Argument, Bound, Claim, Evaluator, State, better, bound_row
from exactcnn.prover.rows import Choose, Fact, Have, Leaf, Node, Proof, Row, integral, primitive

__all__ = ["Agreement", "Effort"]


@dataclass(frozen=True)
class Effort:
    """How much is tried: rounds over all clauses, and clauses inside the branches of clauses."""

    rounds: int
    nested: int


@dataclass(frozen=True)
class _Cases:
    """The branches of a clause; those that are not closed have something to say."""

    clause: Clause
    branches: Sequence[tuple[Literal, State]]
    open_ones: Sequence[State]

    def proof(self, row: Row, facts: Sequence[Callable[[], Fact]]) -> Proof:
        """The proof of a row: each open branch has a fact that is at least as good."""
        v, c = next(iter(row.terms.items()))
        listed = []
        following = iter(facts)
        for literal, branch in self.branches:
            if branch.closed is not None:
                listed.append((literal, branch.wrapped(None)))
                continue
            fact = next(following)()
            listed.append((literal, branch.wrapped(Leaf(integral([(fact, fmpq(c, fact.row.terms[v]))])))))
        return Choose(self.clause.key, tuple(listed))


class Agreement:
    """Improves the bounds of a state by looking into the branches of its clauses, up to a point in time."""

    def __init__(self, evaluator: Evaluator, end: float) -> None:
        self.end = end
        self._evaluator = evaluator

    def refine(self, state: State, effort: Effort, enough: Callable[[], bool]) -> None:
        """Adds what the branches of each clause agree on, until it is enough."""
        if state.closed is None:
            evaluator = self._evaluator
            clauses = [c for c in evaluator.numbering.clauses if c.is_premise or evaluator.opened(state, c)]
            self._refine(state, clauses, effort, enough)

    def branch(self, state: State, literal: Literal, effort: Effort) -> State:
        """The state in which a literal is assumed, with what its clauses say then."""
        branch = self._evaluator.branch(state, literal)
        if branch.closed is None and effort.nested:
            new = [atom for atom in branch.assumed if atom not in state.assumed]
            touched = {c.key: c for atom in new for c in self._evaluator.watch.get(atom, [])}
            self._refine(branch, list(touched.values()), Effort(1, effort.nested - 1), _never)
        return branch

    def _refine(self, state: State, clauses: Sequence[Clause], effort: Effort, enough: Callable[[], bool]) -> None:
        for _ in range(effort.rounds):
            changed = False
            for clause in clauses:
                if time.monotonic() > self.end:
                    return
                live = self._evaluator.live(state, clause)
                if live is not None and len(live) > 1 and self._agreed(state, clause, live, effort):
                    changed = True
                    self._evaluator.evaluate(state)
                    if enough():
                        return
            if not changed:
                return

    def _agreed(self, state: State, clause: Clause, live: Sequence[Literal], effort: Effort) -> bool:
        """Bounds that hold in every branch of a clause, as facts of the state; whether there were any."""
        branches = [(literal, self.branch(state, literal, effort)) for literal in live]
        open_ones = [b for _, b in branches if b.closed is None]
        if not open_ones:
            return False
        cases = _Cases(clause, branches, open_ones)
        # Only what became better in every branch can be agreed on.
        touched = set.intersection(*(b.changed for b in open_ones))
        changed = False
        sequent = self._evaluator.sequent
        for v in range(len(sequent.channels)):
            if v in touched:
                changed |= self._agreed_variable(state, cases, v)
        for node in sequent.nodes:
            if all(self._evaluator.concerned(b, node) for b in open_ones):
                changed |= self._agreed_argument(state, cases, node)
            if self._evaluator.concerned(state, node):
                self._evaluator.evaluate_node(state, node, *self._arguments(state, node))
            if node.variable in touched:
                changed |= self._agreed_variable(state, cases, node.variable)
        return changed

    def _arguments(self, state: State, node: Node) -> tuple[Argument | None, Argument | None]:
        return self._evaluator.argument(state, node, 1), self._evaluator.argument(state, node, -1)

    def _agreed_variable(self, state: State, cases: _Cases, v: int) -> bool:
        changed = False
        for sign in (1, -1):
            bounds = [(b.low if sign > 0 else b.high).get(v) for b in cases.open_ones]
            present = [b for b in bounds if b is not None]
            if len(present) < len(bounds):
                continue
            value = min(b.value for b in present) if sign > 0 else max(b.value for b in present)
            agreed = Bound(v, value, sign, partial(_bound, v, value, sign, cases, [b.fact for b in present]))
            if state.note(agreed):
                state.derived.append(agreed)
                changed = True
        return changed

    def _agreed_argument(self, state: State, cases: _Cases, node: Node) -> bool:
        changed = False
        for sign in (1, -1):
            bounds = [self._evaluator.argument(b, node, sign) for b in cases.open_ones]
            present = [b for b in bounds if b is not None]
            if len(present) < len(bounds):
                continue
            value = min(b.value for b in present) if sign > 0 else max(b.value for b in present)
            known = self._evaluator.argument(state, node, sign)
            if known is not None and not better(value, known.value, sign):
                continue
            row = _argument_row(node, value, sign)
            claim = Claim(row, partial(_have, row, cases, [b.fact for b in present]))
            state.facts.append(claim)
            state.derived.append(claim)
            agreed = Argument(value, claim.fact)
            sides = (agreed, None) if sign > 0 else (None, agreed)
            changed |= self._evaluator.evaluate_node(state, node, *sides)
        return changed


def _bound(variable: int, value: fmpq, sign: int, cases: _Cases, facts: Sequence[Callable[[], Fact]]) -> Fact:
    return _have(bound_row(variable, value, sign), cases, facts)


def _have(row: Row, cases: _Cases, facts: Sequence[Callable[[], Fact]]) -> Fact:
    return Have(row, cases.proof(row, facts))


def _argument_row(node: Node, value: fmpq, sign: int) -> Row:
    """The row z >= value (sign 1), or z <= value."""
    terms, constant = node.arguments[0]
    limit = value * node.scale - constant
    q = int(limit.q)
    return primitive({v: sign * c * q for v, c in terms.items()}, -sign * int(limit.p))


def _never() -> bool:
    return False

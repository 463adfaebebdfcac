"""Proofs of head sequents.

Bounds are carried from the pooled channels to the logits node by node (`head_state`), with what all branches of each
clause agree on (`head_agree`). Where that does not reach the bound wanted, a linear relaxation is asked; where this is
too weak, clauses are branched on and nodes are split.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.rational import floor_to_grid
from exactcnn.prover.head_agree import Agreement, Effort
from exactcnn.prover.head_local import Clause, HeadLocal, Numbering
from exactcnn.prover.head_state import Evaluator, State, Stated, made
from exactcnn.prover.relax import Relaxed, closing, least
from exactcnn.prover.rows import Choose, Chord, Fact, Given, Leaf, Node, Proof, Row, Split, identity, integral

__all__ = ["HeadProof", "HeadSearch"]

_LITTLE, _MUCH = Effort(1, 0), Effort(4, 3)
_NONE = Effort(0, 0)
_DEPTH = 40
_WRONG = 1e-7
_NEAR = 1e-9
# What a bound of a dense head may lack, as a share of what is at stake.
_ENOUGH = fmpq(1, 16)
_A_LITTLE = fmpq(1, 1 << 20)
# Binary digits of a bound that would be longer.
_DIGITS = 32


@dataclass(frozen=True)
class HeadProof:
    """A bound of the goal's logits with its proof."""

    bound: fmpq
    proof: Proof


class _TooHardError(Exception):
    """The time for one sequent is used up."""


class _NoRoomError(Exception):
    """A bound that is attained was not reached exactly, so that cases would not help."""


class HeadSearch:
    """Searches proofs of bounds of one head sequent; what was found out for one bound is there for the next."""

    def __init__(self, numbering: Numbering, seconds: float) -> None:
        self.sequent: HeadLocal = numbering.sequent
        self.seconds = seconds
        self.end = time.monotonic() + seconds
        self._evaluator = Evaluator(numbering)
        self._agreement = Agreement(self._evaluator, self.end)
        self._root = self._evaluator.root()
        self._refined = _NONE

    @property
    def absurd(self) -> bool:
        """Whether the premises contradict each other."""
        return self._root.closed is not None

    def relaxed(self, wanted: fmpq | None) -> HeadProof | None:
        """The bound wanted, or the best one that can be had without branching on anything."""
        if not self.sequent.goal[0]:
            return HeadProof(self.sequent.goal[1], Leaf(()))
        if wanted is not None and self.sequent.dense:
            found = self._nearly(wanted)
            if found is not None:
                return found
        elif wanted is not None:
            for effort in self._efforts():
                self._refine(effort, wanted)
                proof = self._added_up(wanted)
                if proof is None and effort is not _NONE:
                    proof = self._at_once(self.sequent.bound(wanted), self._root)
                if proof is not None:
                    return HeadProof(wanted, proof)
        self._refine(_MUCH, wanted)
        return self._best()

    def proof(self, wanted: fmpq) -> HeadProof | None:
        """A proof of the bound wanted, or of one a little below it, or of the best one of a single relaxation.

        A bound that is attained leaves no room for the rounding of multipliers; a bound a little below it does.
        """
        best = self.relaxed(wanted)
        near = wanted - _A_LITTLE
        if best is not None and best.bound >= near:
            return best
        for bound, share in ((wanted, 0.5), (near, 1.0)):
            self.end = time.monotonic() + share * self.seconds
            self._agreement.end = self.end
            try:
                found = self._proof(self.sequent.bound(bound), self._root, 0)
            except (_TooHardError, _NoRoomError):
                continue
            if found is not None:
                return HeadProof(bound, found)
        return best

    # -- without branching --------------------------------------------------------------------------------------------

    def _efforts(self) -> tuple[Effort, ...]:
        """What is worth trying: less than what was done before says nothing new."""
        return (_MUCH,) if self._refined is _MUCH else (_NONE, _LITTLE, _MUCH)

    def _refine(self, effort: Effort, wanted: fmpq | None) -> None:
        if effort is _NONE or self._refined is _MUCH:
            return
        self._refined = effort
        self._agreement.refine(self._root, effort, lambda: wanted is not None and self._reaches(wanted))

    def _nearly(self, wanted: fmpq) -> HeadProof | None:
        """A bound that is nearly as good as the one wanted, by the bounds of the goal's variables.

        Where every logit depends on everything, no bound is attained; and a relaxation has a number for each weight,
        most of them long.
        """
        low, high = self._value(1), self._value(-1)
        if low is None or high is None:
            return None
        least = wanted - _ENOUGH * max(high - low, abs(wanted))
        for effort in self._efforts():
            self._refine(effort, least)
            value = self._value(1)
            if value is not None and value >= least:
                bound = _shortened(value)
                proof = self._added_up(bound)
                return None if proof is None else HeadProof(bound, proof)
        return None

    def _value(self, sign: int) -> fmpq | None:
        """What the bounds of its variables say the goal is at least (sign 1), or at most (sign -1)."""
        terms, total = self.sequent.goal
        for v, c in terms.items():
            known = (self._root.low if sign * c > 0 else self._root.high).get(v)
            if known is None:
                return None
            total += c * known.value
        return total

    def _reaches(self, wanted: fmpq) -> bool:
        """Whether the bounds of its variables give the goal."""
        value = self._value(1)
        return bool(value is not None and value >= wanted)

    def _added_up(self, wanted: fmpq) -> Proof | None:
        """The proof by the bounds of the goal's variables, if they are enough."""
        if self.absurd or not self._reaches(wanted):
            return None
        parts: list[tuple[Fact, fmpq]] = []
        for v, c in self.sequent.goal[0].items():
            fact = (self._root.low if c > 0 else self._root.high)[v].fact()
            parts.append((fact, c / fact.row.terms[v]))
        return self._root.wrapped(Leaf(integral(parts)))

    def _best(self) -> HeadProof | None:
        """The best bound that one relaxation gives."""
        terms, constant = self.sequent.goal
        row = self.sequent.bound(constant)
        _, exact = least(self._rows(self._root, strong=True), row.terms)
        if exact is None or self.absurd:
            return None
        v = next(iter(terms))
        parts = tuple((made(f), a) for f, a in exact[1])
        bound = constant + exact[0] * terms[v] / row.terms[v]
        return HeadProof(_shortened(bound), self._root.wrapped(Leaf(parts)))

    def _at_once(self, goal: Row, state: State) -> Proof | None:
        """A proof of the goal by one relaxation."""
        if state.closed is not None:
            return state.wrapped(None)
        for strong in (False, True):
            parts = closing(self._rows(state, strong=strong), goal.terms, goal.constant)
            if parts is not None:
                return state.wrapped(Leaf(tuple((made(f), a) for f, a in parts)))
        return None

    # -- cases --------------------------------------------------------------------------------------------------------

    def _proof(self, goal: Row, state: State, depth: int) -> Proof | None:
        """A proof of the goal in a branch."""
        if time.monotonic() > self.end:
            raise _TooHardError
        found = self._at_once(goal, state)
        if found is not None:
            return found
        if depth >= _DEPTH:
            return None
        relaxed, _ = least(self._rows(state, strong=True), goal.terms)
        if relaxed.value is not None and relaxed.value >= -goal.constant - _NEAR * abs(goal.constant):
            raise _NoRoomError
        clause = self._open_clause(state)
        if clause is None:
            return self._split(goal, state, relaxed, depth)
        branches = []
        for literal in self._evaluator.live(state, clause) or []:
            found = self._proof(goal, self._agreement.branch(state, literal, _MUCH), depth + 1)
            if found is None:
                return None
            branches.append((literal, found))
        return state.wrapped(Choose(clause.key, tuple(branches)))

    def _open_clause(self, state: State) -> Clause | None:
        """The next clause to branch on: of the formulas first, then what features in the image or absent mean."""
        evaluator = self._evaluator
        for first in (True, False):
            for clause in evaluator.numbering.clauses:
                if clause.is_premise is first and (first or evaluator.opened(state, clause)):
                    live = evaluator.live(state, clause)
                    if live is not None and len(live) > 1:
                        return clause
        return None

    def _split(self, goal: Row, state: State, relaxed: Relaxed, depth: int) -> Proof | None:
        node = self._most_wrong(relaxed, state)
        if node is None:
            return None
        parts = []
        for case, rows in enumerate(node.cases()):
            branch = state.copy()
            givens = tuple(Given(row) for row in rows)
            branch.decided[node.variable] = case
            for given in givens:
                branch.add(given)
            self._evaluator.evaluate(branch)
            found = self._proof(goal, branch, depth + 1)
            if found is None:
                return None
            parts.append((givens, found))
        return state.wrapped(Split(node, tuple(parts)))

    def _rows(self, state: State, *, strong: bool) -> list[Stated]:
        """The rows of the relaxation."""
        rows: list[Stated] = [*state.facts, *state.low.values(), *state.high.values()]
        if strong:
            for node in self.sequent.nodes:
                rows += self._chords(state, node)
        return rows

    def _chords(self, state: State, node: Node) -> Iterator[Fact]:
        low, high = (self._evaluator.argument(state, node, sign) for sign in (1, -1))
        if low is None or high is None or node.variable in state.decided:
            return
        if low.value < 0 < high.value:
            yield Chord.of(node, low.fact(), high.fact(), low.value, high.value)
        elif low.value >= 0:
            yield identity(node, low.fact())

    def _most_wrong(self, relaxed: Relaxed, state: State) -> Node | None:
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


def _shortened(bound: fmpq) -> fmpq:
    """The bound, or one a little below it with a shorter denominator."""
    if int(bound.q).bit_length() <= _DIGITS:
        return bound
    return floor_to_grid(bound, _DIGITS + max(0, int(bound.q).bit_length() - abs(int(bound.p)).bit_length()))

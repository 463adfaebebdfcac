"""Proofs of local sequents.

The form to be bounded is taken apart at its last ReLUs and maxima; what is left is a linear question about the first
layers, and the `sub` rows between the task's excess nodes and the network's nodes usually answer it in one step. Where
they do not, chords are added, and then nodes are split, those first that the relaxation gets most wrong.
"""

from __future__ import annotations

import math
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.prover.local_sequent import LocalSequent
from exactcnn.prover.relax import closing, least
from exactcnn.prover.rows import (
    Chord,
    Combined,
    Fact,
    Given,
    Have,
    Leaf,
    MaxLe,
    Node,
    Proof,
    Row,
    Split,
    Sub,
    combination,
    identity,
    integral,
    lined_up,
    primitive,
)
from exactcnn.prover.sub_facts import forced_facts, subadditive_facts

__all__ = ["LocalSearch", "least_bound", "prove_local"]

_WRONG = 1e-7
# What floats may be wrong by in a value.
_OFF = 1e-6
_DEPTH = 60


class _TooHardError(Exception):
    """The time for one sequent is used up."""


def prove_local(sequent: LocalSequent, seconds: float, *, splits: bool = True) -> Proof | None:
    """A proof of the sequent; None if none was found in time, or (with `splits` False) without splitting nodes."""
    return LocalSearch(sequent).proof(sequent.bound, seconds, splits=splits)


def least_bound(sequent: LocalSequent, seconds: float) -> fmpq | None:
    """The least bound in place of the one in the goal that a relaxation gives; None if it gives none in time."""
    return LocalSearch(sequent).least_bound(seconds)


@dataclass
class LocalSearch:
    """Searches proofs of bounds of one sequent; what was found out for one bound is there for the next."""

    sequent: LocalSequent

    def __post_init__(self) -> None:
        self._end = 0.0
        self._depth = 0
        self._chords: list[Fact] = []
        self._bounded_once = False
        self._optima: dict[tuple[tuple[int, int], ...], _Optimum] = {}

    def proof(self, bound: fmpq, seconds: float, *, splits: bool = True) -> Proof | None:
        """A proof of the sequent with this bound; None as for `prove_local`."""
        goal = self.sequent.at(bound).goal
        if not goal.terms:
            return Leaf(()) if goal.constant >= 0 else None
        self._end, self._depth = time.monotonic() + seconds, _DEPTH if splits else 0
        try:
            return self._proof(goal, list(self.sequent.givens), {}, 0)
        except _TooHardError:
            return None

    def least_bound(self, seconds: float) -> fmpq | None:
        """The least bound that a relaxation gives; None if it gives none in time."""
        value: fmpq | None = fmpq(0)
        if self.sequent.goal.terms:
            self._end = time.monotonic() + seconds
            try:
                value = self._least(self.sequent.goal)
            except _TooHardError:
                return None
        return (
            None if value is None else self.sequent.bound - (value + self.sequent.goal.constant) / self.sequent.factor
        )

    @cached_property
    def _lemmas(self) -> list[Fact]:
        return [*subadditive_facts(self.sequent), *self._forced]

    @cached_property
    def _forced(self) -> list[Have]:
        return list(forced_facts(self.sequent))

    def _proof(self, goal: Row, facts: list[Fact], decided: Mapping[int, int], depth: int) -> Proof | None:
        """A proof of the goal from the facts of a branch; `decided` says which nodes were split above it."""
        if time.monotonic() > self._end:
            raise _TooHardError
        for strong in (False, True):
            parts = self._taken_apart(goal, facts, decided, strong=strong)
            if parts is not None:
                return Leaf(parts)
        if depth >= self._depth:
            return None
        node = self._most_wrong(goal, facts, decided)
        if node is None:
            return None
        branches = []
        for case, rows in enumerate(node.cases()):
            givens = tuple(Given(row) for row in rows)
            found = self._proof(goal, [*facts, *givens], {**decided, node.variable: case}, depth + 1)
            if found is None:
                return None
            branches.append((givens, found))
        return Split(node, tuple(branches))

    def _taken_apart(
        self, goal: Row, facts: list[Fact], decided: Mapping[int, int], *, strong: bool
    ) -> tuple[tuple[Fact, int], ...] | None:
        """The combination that closes the goal, after bounding its last node by its arguments."""
        node = self._last(goal)
        if node is not None and node.variable not in decided:
            coefficient = goal.terms[node.variable]
            bound = fmpq(goal.constant, -coefficient)
            fact = self._node_below(node, bound, facts, decided, strong=strong)
            if fact is not None:
                return integral([(fact, fmpq(coefficient, fact.row.terms[node.variable]))])
        if strong and not decided:
            optimum = self._optimum(goal.terms)
            if optimum.shows(goal):
                return optimum.parts
            if optimum.excludes(goal):
                return None
        lemmas = [*facts, *self._lemmas]
        if strong:
            lemmas += self._all_chords()
        return closing(lemmas, goal.terms, goal.constant)

    def _optimum(self, terms: Mapping[int, int]) -> _Optimum:
        """The least value of a form without nodes to be bounded, by all rows of the sequent."""
        divisor = math.gcd(*terms.values())
        direction = {v: c // divisor for v, c in terms.items()}
        key = tuple(sorted(direction.items()))
        if key not in self._optima:
            relaxed, exact = least([*self.sequent.givens, *self._lemmas, *self._all_chords()], direction)
            value = None if relaxed.absurd else relaxed.value
            self._optima[key] = _Optimum(divisor, value, *((None, ()) if exact is None else exact))
        return replace(self._optima[key], scale=divisor)

    def _least(self, goal: Row) -> fmpq | None:
        """The least value of the goal's terms that a relaxation shows, after the same bounding of nodes."""
        node = self._last(goal)
        if node is None:
            optimum = self._optimum(goal.terms)
            return None if optimum.bound is None else optimum.bound * optimum.scale
        most = [] if node.maximum else [fmpq(0)]
        for terms, constant in node.arguments:
            value = self._least(Row({v: -c for v, c in terms.items()}, 0)) if terms else fmpq(0)
            if value is None:
                return None
            most.append((constant - value) / node.scale)
        return goal.terms[node.variable] * max(most)

    def _last(self, goal: Row) -> Node | None:
        """The node v of a goal `bound - y_v >= 0`, if it is one of the stem's."""
        if len(goal.terms) != 1:
            return None
        ((variable, coefficient),) = goal.terms.items()
        if coefficient > 0 or variable >= self.sequent.network_end:
            return None
        return self.sequent.by_variable.get(variable)

    def _node_below(
        self, node: Node, bound: fmpq, facts: list[Fact], decided: Mapping[int, int], *, strong: bool
    ) -> Fact | None:
        """The fact y <= bound, or a better one."""
        if not node.maximum:
            if bound < 0:
                return None
            premise = self._argument_below(node, 0, bound, facts, decided, strong=strong)
            return None if premise is None else Sub.of(premise, node)
        facts_below: list[Fact | None] = []
        for number, (terms, constant) in enumerate(node.arguments):
            premise = self._argument_below(node, number, bound, facts, decided, strong=strong) if terms else None
            if premise is None and (terms or constant > bound * node.scale):
                return None
            facts_below.append(premise)
        return MaxLe.below(node, bound, facts_below)

    def _argument_below(
        self, node: Node, number: int, bound: fmpq, facts: list[Fact], decided: Mapping[int, int], *, strong: bool
    ) -> Fact | None:
        """The fact z <= bound for an argument: exactly this for a maximum, or a better one for a ReLU."""
        row = _at_most(node, number, bound)
        parts = self._taken_apart(row, facts, decided, strong=strong)
        if parts is None:
            return None
        if not parts or not _combines_to(parts, row):
            return Have(row, Leaf(parts))
        return Combined.of(parts)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _pixel_range(self, pixel: int) -> _Range:
        low, high = self.sequent.givens[2 * pixel : 2 * pixel + 2]
        known: list[Fact] = [low, high, *(f for f in self._forced if f.row.terms.keys() == {pixel})]
        bounds = [(fmpq(-f.row.constant, f.row.terms[pixel]), f) for f in known]
        least, low_fact = max((b for b in bounds if b[1].row.terms[pixel] > 0), key=lambda b: b[0])
        most, high_fact = min((b for b in bounds if b[1].row.terms[pixel] < 0), key=lambda b: b[0])
        return _Range(least, most, low_fact, high_fact)

    def _all_chords(self) -> list[Fact]:
        """Upper bounds of the ReLUs and maxima over the intervals of their arguments, layer by layer."""
        if not self._bounded_once:
            self._bounded_once = True
            known = {v: self._pixel_range(v) for v in range(self.sequent.pixels)}
            for node in self.sequent.nodes:
                if time.monotonic() > self._end:
                    raise _TooHardError
                known[node.variable] = self._bounded(node, known)
        return self._chords

    def _bounded(self, node: Node, known: Mapping[int, _Range]) -> _Range:
        """Interval bounds of a node; rows that say more than they do are put among the chords."""
        ranges = [_interval(node, number, known) for number in range(len(node.arguments))]
        if node.maximum:
            return self._bounded_maximum(node, ranges)
        found = ranges[0]
        if found.low_fact is None or found.high_fact is None:
            raise InternalError("a ReLU of a constant")
        high = Sub.of(found.high_fact, node)
        self._chords.append(high)
        if found.low < 0 < found.high:
            self._chords.append(Chord.of(node, found.low_fact, found.high_fact, found.low, found.high))
        elif found.low >= 0:
            self._chords.append(identity(node, found.low_fact))
        zero = fmpq(0)
        return _Range(max(found.low, zero), max(found.high, zero), self._definition(node, 0), high)

    def _bounded_maximum(self, node: Node, ranges: Sequence[_Range]) -> _Range:
        best = max(range(len(ranges)), key=lambda i: ranges[i].low)
        most = max(r.high for r in ranges)
        below = [
            None if r.high_fact is None else Have(_at_most(node, i, most), Leaf(((r.high_fact, 1),)))
            for i, r in enumerate(ranges)
        ]
        high = MaxLe.below(node, most, below)
        self._chords.append(high)
        base, low_fact = self._definition(node, best), ranges[best].low_fact
        parts: list[tuple[Fact, fmpq]] = [(base, fmpq(node.scale, base.row.terms[node.variable]))]
        if low_fact is not None:
            parts.append((low_fact, lined_up(low_fact, node, best)))
        return _Range(ranges[best].low, most, Combined.of(parts), high)

    def _definition(self, node: Node, number: int) -> Given:
        """A given row of the node's definition."""
        return self.sequent.definitions[node.variable][number]

    # -- splits -------------------------------------------------------------------------------------------------------

    def _most_wrong(self, goal: Row, facts: list[Fact], decided: Mapping[int, int]) -> Node | None:
        """The node whose value at the relaxation's best point is furthest from what its arguments give."""
        target = goal.terms
        last = self._last(goal)
        while last is not None and not last.maximum and last.variable not in decided:
            # The goal is proved through its last ReLU's argument.
            terms, _ = last.arguments[0]
            target = {v: -c for v, c in terms.items()}
            last = self._last(Row(target, 0))
        relaxed, _ = least([*facts, *self._lemmas, *self._all_chords()], target)
        worst, chosen = _WRONG, None
        for node in self.sequent.nodes:
            if node.variable in decided:
                continue
            values = [
                (sum(c * relaxed.point.get(v, 0.0) for v, c in terms.items()) + constant) / node.scale
                for terms, constant in node.arguments
            ]
            value = max(values) if node.maximum else max(0.0, values[0])
            wrong = abs(relaxed.point.get(node.variable, value) - value)
            if wrong > worst:
                worst, chosen = wrong, node
        return chosen


@dataclass(frozen=True)
class _Optimum:
    """What one relaxation says of a form whose coefficients have no common divisor.

    Attributes
    ----------
    scale: what goals have the form's coefficients multiplied by.
    value: the form's least value, as floats see it; None if there is none.
    bound: a lower bound of the form, and the combination of rows that shows it; None if none was found.
    """

    scale: int
    value: float | None
    bound: fmpq | None
    parts: tuple[tuple[Fact, int], ...]

    def shows(self, goal: Row) -> bool:
        """Whether the combination closes the goal."""
        return self.bound is not None and bool(self.scale * self.bound + goal.constant >= 0)

    def excludes(self, goal: Row) -> bool:
        """Whether no combination of the same rows can."""
        return self.value is not None and self.scale * self.value + goal.constant < -_OFF * (1 + abs(goal.constant))


@dataclass(frozen=True)
class _Range:
    """Bounds of a variable or an argument, and the facts that state them (None for a constant)."""

    low: fmpq
    high: fmpq
    low_fact: Fact | None
    high_fact: Fact | None


def _interval(node: Node, number: int, known: Mapping[int, _Range]) -> _Range:
    """The range of an argument over the ranges of its variables."""
    terms, constant = node.arguments[number]
    low = high = fmpq(constant)
    if not terms:
        return _Range(low / node.scale, high / node.scale, None, None)
    below: list[tuple[Fact, fmpq]] = []
    above: list[tuple[Fact, fmpq]] = []
    for v, c in terms.items():
        found = known[v]
        if found.low_fact is None or found.high_fact is None:
            raise InternalError("a variable without bounds")
        first, last = (found.low_fact, found.high_fact) if c > 0 else (found.high_fact, found.low_fact)
        low += c * (found.low if c > 0 else found.high)
        high += c * (found.high if c > 0 else found.low)
        below.append((first, fmpq(c, first.row.terms[v])))
        above.append((last, fmpq(-c, last.row.terms[v])))
    return _Range(low / node.scale, high / node.scale, Combined.of(below), Combined.of(above))


def _at_most(node: Node, number: int, bound: fmpq) -> Row:
    """The row bound - z_number >= 0."""
    terms, constant = node.arguments[number]
    limit = bound * node.scale - constant
    return primitive({v: -c * int(limit.q) for v, c in terms.items()}, int(limit.p))


def _combines_to(parts: Sequence[tuple[Fact, int]], row: Row) -> bool:
    """Whether the combination is the row itself, so that no weakening is needed."""
    return primitive(*combination((f.row, a) for f, a in parts)).key == row.key

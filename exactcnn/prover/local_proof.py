"""Proofs of local sequents (DESIGN section 5, "Prover").

The form to be bounded is taken apart at its last ReLUs and maxima; what is left is a linear question about the first
layers, and the `sub` rows between the task's excess nodes and the network's nodes usually answer it in one step. Where
they do not, chords are added, and then nodes are split, those first that the relaxation gets most wrong.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flint import fmpq

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
    integral,
    primitive,
)
from exactcnn.prover.sub_facts import subadditive_facts

__all__ = ["prove_local"]

_WRONG = 1e-7
_DEPTH = 60


class _TooHardError(Exception):
    """The time for one sequent is used up."""


def prove_local(sequent: LocalSequent, seconds: float) -> Proof | None:
    """A proof of the sequent; None if none was found in time."""
    if not sequent.goal.terms:
        return Leaf(()) if sequent.goal.constant >= 0 else None
    search = _Search(sequent, time.monotonic() + seconds)
    try:
        return search.proof(sequent.goal, list(sequent.givens), {}, 0)
    except _TooHardError:
        return None


@dataclass
class _Search:
    sequent: LocalSequent
    end: float

    def __post_init__(self) -> None:
        self._lemmas = list(subadditive_facts(self.sequent))
        self._ranges = {v: self._pixel_range(v) for v in range(self.sequent.pixels)}
        self._chords: list[Fact] | None = None

    def proof(self, goal: Row, facts: list[Fact], decided: Mapping[int, int], depth: int) -> Proof | None:
        """A proof of the goal from the facts of a branch; `decided` says which nodes were split above it."""
        if time.monotonic() > self.end:
            raise _TooHardError
        for strong in (False, True):
            parts = self._taken_apart(goal, facts, decided, strong=strong)
            if parts is not None:
                return Leaf(parts)
        if depth >= _DEPTH:
            return None
        node = self._most_wrong(goal, facts, decided)
        if node is None:
            return None
        branches = []
        for case, rows in enumerate(node.cases()):
            givens = tuple(Given(row) for row in rows)
            found = self.proof(goal, [*facts, *givens], {**decided, node.variable: case}, depth + 1)
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
        lemmas = [*facts, *self._lemmas]
        if strong:
            lemmas += self._all_chords()
        return closing(lemmas, goal.terms, goal.constant)

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
        facts_below = []
        for number, (terms, _) in enumerate(node.arguments):
            premise = self._argument_below(node, number, bound, facts, decided, strong=strong) if terms else None
            if premise is None:
                return None
            facts_below.append(premise)
        return MaxLe.below(node, bound, facts_below)

    def _argument_below(
        self, node: Node, number: int, bound: fmpq, facts: list[Fact], decided: Mapping[int, int], *, strong: bool
    ) -> Fact | None:
        """The fact z <= bound for an argument: exactly this for a maximum, or a better one for a ReLU."""
        terms, constant = node.arguments[number]
        limit = bound * node.scale - constant
        row = primitive({v: -c * int(limit.q) for v, c in terms.items()}, int(limit.p))
        parts = self._taken_apart(row, facts, decided, strong=strong)
        if parts is None:
            return None
        if not parts or not _combines_to(parts, row):
            return Have(row, Leaf(parts))
        return Combined.of(parts)

    # -- rows ---------------------------------------------------------------------------------------------------------

    def _pixel_range(self, pixel: int) -> tuple[fmpq, fmpq, Fact, Fact]:
        low, high = self.sequent.givens[2 * pixel : 2 * pixel + 2]
        return (
            fmpq(-low.row.constant, low.row.terms[pixel]),
            fmpq(high.row.constant, -high.row.terms[pixel]),
            low,
            high,
        )

    def _all_chords(self) -> list[Fact]:
        """Upper bounds of every ReLU over the interval of its argument, layer by layer."""
        if self._chords is None:
            self._chords = []
            known = dict(self._ranges)
            for node in self.sequent.nodes:
                known[node.variable] = self._bounded(node, known)
        return self._chords

    def _bounded(
        self, node: Node, known: Mapping[int, tuple[fmpq, fmpq, Fact, Fact]]
    ) -> tuple[fmpq, fmpq, Fact, Fact]:
        """Interval bounds of a node; rows that say more than they do are put among the chords."""
        base = self._base(node)
        chords = self._chords if self._chords is not None else []
        if node.maximum:
            ranges = [_interval(a, node.scale, known) for a in node.arguments]
            most = max(r[1] for r in ranges)
            best = max(range(len(ranges)), key=lambda i: ranges[i][0])
            below: list[Fact] = []
            for (terms, constant), (_, _, _, fact) in zip(node.arguments, ranges, strict=True):
                limit = most * node.scale - constant
                row = primitive({v: -c * int(limit.q) for v, c in terms.items()}, int(limit.p))
                if fact is None:
                    return ranges[best][0], most, base[best], base[best]
                below.append(Have(row, Leaf(((fact, 1),))))
            if any(not terms for terms, _ in node.arguments):
                return ranges[best][0], most, base[best], base[best]
            high: Fact = MaxLe.below(node, most, below)
            chords.append(high)
            low_fact = ranges[best][2]
            low = Combined.of([(base[best], _fit(base[best], node)), (low_fact, 1)]) if low_fact else base[best]
            return ranges[best][0], most, low, high
        least, most, low_fact, high_fact = _interval(node.arguments[0], node.scale, known)
        if low_fact is None or high_fact is None:
            raise _TooHardError
        high = Sub.of(high_fact, node)
        chords.append(high)
        if least < 0 < most:
            chords.append(Chord.of(node, low_fact, high_fact, least, most))
        elif least >= 0:
            chords.append(_identity(node, low_fact, self.sequent))
        return max(least, fmpq(0)), max(most, fmpq(0)), base[0], high

    def _base(self, node: Node) -> Sequence[Given]:
        """The given rows of the node's definition."""
        return self.sequent.definitions[node.variable]

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


def _interval(
    argument: tuple[Mapping[int, int], int], scale: int, known: Mapping[int, tuple[fmpq, fmpq, Fact, Fact]]
) -> tuple[fmpq, fmpq, Fact, Fact]:
    """The range of an argument over the ranges of its variables, with the facts that show it (None for a constant)."""
    terms, constant = argument
    low = high = fmpq(constant)
    below, above = [], []
    for v, c in terms.items():
        least, most, low_fact, high_fact = known[v]
        low += c * (least if c > 0 else most)
        high += c * (most if c > 0 else least)
        for parts, fact, sign in ((below, low_fact if c > 0 else high_fact, 1), (above, high_fact if c > 0 else low_fact, -1)):
            parts.append((fact, fmpq(sign * c, fact.row.terms[v])))
    if not terms:
        return low / scale, high / scale, None, None  # type: ignore[return-value]
    return low / scale, high / scale, Combined.of(below), Combined.of(above)


def _fit(base: Given, node: Node) -> int:
    """A placeholder for rows of maxima: the multiplier that lines their argument up is 1 after scaling."""
    return 1


def _identity(node: Node, low_fact: Fact, sequent: LocalSequent) -> Have:
    """z - y >= 0 where z >= 0."""
    cases = node.cases()
    up, down = (tuple(Given(row) for row in rows) for rows in cases)
    row = cases[0][1]
    # Below: z >= 0 and -y >= 0 give z - y >= 0.
    terms, constant = node.arguments[0]
    v = next(iter(terms))
    first = fmpq(terms[v], low_fact.row.terms[v])
    second = fmpq(node.scale)
    return Have(
        row,
        Split(node, ((up, Leaf(((up[1], 1),))), (down, Leaf(integral([(low_fact, first), (down[1], second)]))))),
    )


def _combines_to(parts: Sequence[tuple[Fact, int]], row: Row) -> bool:
    """Whether the combination is the row itself, so that no weakening is needed."""
    return primitive(*combination((f.row, a) for f, a in parts)).key == row.key

"""Rows and facts: what proofs are made of, before they are written down.

A *row* is a form over a sequent's variables with integer coefficients that have no common divisor; it says that the
form is >= 0. A *fact* is a row together with how it is derived: given, or by a rule of THEOREM.md, section 6, from
other facts. Facts are made freely while a proof is searched; only those that it uses are written (see `emit`). Each
is checked exactly as it is made.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from flint import fmpq

from exactcnn.core.errors import InternalError

__all__ = [
    "After",
    "Chord",
    "Choose",
    "Combined",
    "Fact",
    "Given",
    "Have",
    "Leaf",
    "MaxLe",
    "Node",
    "Proof",
    "Row",
    "Split",
    "Sub",
    "combination",
    "identity",
    "integral",
    "lined_up",
    "primitive",
]


Item = TypeVar("Item")


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """`sum(coefficient * variable) + constant >= 0`, primitive integers, no coefficient zero."""

    terms: Mapping[int, int]
    constant: int

    @property
    def key(self) -> tuple[tuple[tuple[int, int], ...], int]:
        """Something to compare rows by."""
        return tuple(sorted(self.terms.items())), self.constant


def primitive(terms: Mapping[int, int], constant: int) -> Row:
    """The row of these integers, divided by their greatest common divisor."""
    kept = {v: c for v, c in terms.items() if c}
    divisor = math.gcd(constant, *kept.values())
    if divisor > 1:
        return Row({v: c // divisor for v, c in kept.items()}, constant // divisor)
    return Row(kept, constant)


def combination(parts: Iterable[tuple[Row, int]]) -> tuple[dict[int, int], int]:
    """`sum(multiplier * row)`, as it is."""
    terms: dict[int, int] = {}
    constant = 0
    for row, multiplier in parts:
        constant += multiplier * row.constant
        for v, c in row.terms.items():
            terms[v] = terms.get(v, 0) + multiplier * c
    return {v: c for v, c in terms.items() if c}, constant


@dataclass(frozen=True, slots=True, eq=False)
class Node:
    """y = max(0, z), or y = max(z_1 .. z_n) with `maximum`, by integers: the arguments Z_i = scale * z_i.

    Attributes
    ----------
    scale: the least positive integer that makes all of them integral.
    arguments: (coefficients, constant) of each Z_i.
    """

    variable: int
    scale: int
    arguments: tuple[tuple[Mapping[int, int], int], ...]
    maximum: bool = False

    def base_rows(self) -> list[Row]:
        """What the definition says at once: y >= 0 and y - z >= 0, or y - z_i >= 0 for each i."""
        above = [
            primitive({self.variable: self.scale} | {v: -c for v, c in terms.items()}, -constant)
            for terms, constant in self.arguments
        ]
        return above if self.maximum else [Row({self.variable: 1}, 0), *above]

    def cases(self) -> list[list[Row]]:
        """The rows of each branch of `split`."""
        rows = []
        for terms, constant in self.arguments:
            below = primitive(dict(terms) | {self.variable: -self.scale}, constant)
            rows.append([below] if self.maximum else [primitive(terms, constant), below])
        if not self.maximum:
            terms, constant = self.arguments[0]
            rows.append([primitive({v: -c for v, c in terms.items()}, -constant), Row({self.variable: -1}, 0)])
        return rows


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """A row that the sequent or the branch provides; `key` says which."""

    row: Row
    key: Hashable = None


@dataclass(frozen=True, slots=True, eq=False)
class Combined:
    """Rule `lin`."""

    row: Row
    parts: tuple[tuple[Fact, int], ...]

    @staticmethod
    def of(parts: Sequence[tuple[Fact, fmpq | int]]) -> Fact:
        """The combination with these positive rational multipliers; a single fact is itself."""
        if len(parts) == 1:
            return parts[0][0]
        whole = integral(parts)
        return Combined(primitive(*combination((f.row, a) for f, a in whole)), whole)


def integral(parts: Sequence[tuple[Item, fmpq | int]]) -> tuple[tuple[Item, int], ...]:
    """The multipliers scaled to integers without a common divisor."""
    if len(parts) == 1:
        return ((parts[0][0], 1),)
    fractions = [(int(a), 1) if isinstance(a, int) else (int(a.p), int(a.q)) for _, a in parts]
    denominator = math.lcm(*(q for _, q in fractions))
    numbers = [p * (denominator // q) for p, q in fractions]
    divisor = math.gcd(*numbers)
    return tuple((f, n // divisor) for (f, _), n in zip(parts, numbers, strict=True))


@dataclass(frozen=True, slots=True, eq=False)
class Sub:
    """Rule `sub`: factor * premise = sum(b * Z_u) - s * Z_v + c gives sum(b * Y_u) - s * Y_v + max(0, c) >= 0."""

    row: Row
    premise: Fact | None
    factor: int
    node: Node
    scale: int
    others: tuple[tuple[Node, int], ...]

    @staticmethod
    def of(premise: Fact | None, node: Node, others: Sequence[tuple[Node, fmpq]] = ()) -> Sub:
        """The row for z_v <= sum(b * z_u) + c, b >= 0 rational, that the premise states (None: c is a constant).

        Raises
        ------
        InternalError: the premise does not state it.
        """
        # s * Z_v, b' * Z_u and q * premise with integers s, b' and q.
        exact = [b * node.scale / u.scale for u, b in others]
        scale = math.lcm(*(int(b.q) for b in exact)) if exact else 1
        factors = [int((b * scale).p) for b in exact]
        rest: dict[int, int] = {}
        constant = 0
        for (u, _), b in zip(others, factors, strict=True):
            _add(rest, u.arguments[0][0], b)
            constant += b * u.arguments[0][1]
        _add(rest, node.arguments[0][0], -scale)
        constant -= scale * node.arguments[0][1]
        rest = {v: c for v, c in rest.items() if c}
        quotient = fmpq(0)
        if premise is not None:
            v, c = next(iter(premise.row.terms.items()))
            quotient = fmpq(rest.get(v, 0), c)
            if quotient <= 0:
                raise InternalError("the premise of `sub` does not fit")
            q = int(quotient.q)
            rest = {v: c * q for v, c in rest.items()}
            constant, scale, factors = constant * q, scale * q, [b * q for b in factors]
            _add(rest, premise.row.terms, -int(quotient.p))
            constant -= int(quotient.p) * premise.row.constant
        if any(rest.values()):
            raise InternalError("the premise of `sub` does not fit")
        terms = {u.variable: b * u.scale for (u, _), b in zip(others, factors, strict=True)}
        _add(terms, {node.variable: 1}, -scale * node.scale)
        row = primitive(terms, max(0, -constant))
        kept = tuple((u, b) for (u, _), b in zip(others, factors, strict=True))
        return Sub(row, premise, int(quotient.p), node, scale, kept)


def _add(terms: dict[int, int], more: Mapping[int, int], factor: int) -> None:
    for v, c in more.items():
        terms[v] = terms.get(v, 0) + factor * c


@dataclass(frozen=True, slots=True, eq=False)
class Chord:
    """Rule `chord`: from z - l >= 0 and u - z >= 0 with l < 0 < u follows u(z - l)/(u - l) - y >= 0."""

    row: Row
    node: Node
    low: Fact
    high: Fact

    @staticmethod
    def of(node: Node, low: Fact, high: Fact, least: fmpq, most: fmpq) -> Chord:
        """The row for z in [least, most], which the two facts state."""
        terms, constant = node.arguments[0]
        slope = most / (most - least) / node.scale
        whole = int(slope.q)
        shift = -least * node.scale
        scaled = {v: c * int(slope.p) for v, c in terms.items()}
        _add(scaled, {node.variable: 1}, -whole)
        offset = (fmpq(constant) + shift) * slope.p
        denominator = int(offset.q)
        row = primitive({v: c * denominator for v, c in scaled.items()}, int(offset.p))
        return Chord(row, node, low, high)


@dataclass(frozen=True, slots=True, eq=False)
class MaxLe:
    """Rule `max-le`: a_i * row_i + s * Z_i = E for all i gives E - s * Y >= 0."""

    row: Row
    node: Node
    scale: int
    parts: tuple[tuple[Fact | None, int], ...]

    @staticmethod
    def below(node: Node, bound: fmpq, facts: Sequence[Fact | None]) -> MaxLe:
        """The row y <= bound, from facts that state z_i <= bound for each argument; None for a constant that is."""
        factors = []
        for (terms, constant), fact in zip(node.arguments, facts, strict=True):
            if fact is not None:
                v, c = next(iter(terms.items()))
                factors.append(fmpq(-c, fact.row.terms[v]))
            elif terms or constant > bound * node.scale:
                raise InternalError("a bound of a maximum that is not one of its arguments")
            else:
                factors.append(fmpq(0))
        scale = math.lcm(*(int(a.q) for a in factors), int((bound * node.scale).q))
        parts = tuple((f, int((a * scale).p)) for f, a in zip(facts, factors, strict=True))
        row = primitive({node.variable: -scale * node.scale}, int((bound * node.scale * scale).p))
        return MaxLe(row, node, scale, parts)


@dataclass(frozen=True, slots=True, eq=False)
class Have:
    """A row with a proof of its own."""

    row: Row
    proof: Proof


Fact = Given | Combined | Sub | Chord | MaxLe | Have


@dataclass(frozen=True, slots=True, eq=False)
class Leaf:
    """Rule `qed`."""

    parts: tuple[tuple[Fact, int], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Split:
    """Rule `split`: for each case the facts that it provides, and its proof."""

    node: Node
    branches: tuple[tuple[tuple[Given, ...], Proof], ...]


@dataclass(frozen=True, slots=True, eq=False)
class Choose:
    """Rule `choose`: the clause by its key, and for each live literal its proof."""

    clause: Hashable
    branches: tuple[tuple[Hashable, Proof], ...] = field(default=())


@dataclass(frozen=True, slots=True, eq=False)
class After:
    """Facts to be derived before a proof goes on, those of them that it uses.

    A fact whose own proof chooses from clauses has to be written where it was found: further down, where more is
    assumed, the clauses have other branches.
    """

    facts: tuple[Fact, ...]
    proof: Proof


Proof = Leaf | Split | Choose | After


def lined_up(fact: Fact, node: Node, number: int = 0) -> fmpq:
    """What multiplies a fact about an argument of a node so that its terms are those of Z_number, up to sign."""
    v, c = next(iter(node.arguments[number][0].items()))
    return abs(fmpq(c, fact.row.terms[v]))


def identity(node: Node, low: Fact) -> Have:
    """The row z - y >= 0 of a ReLU, from a fact that states a bound z >= l >= 0."""
    up, down = (tuple(Given(row) for row in rows) for rows in node.cases())
    # Below: z >= 0 and -y >= 0 give z - y >= 0.
    parts = integral([(low, lined_up(low, node)), (down[1], fmpq(node.scale))])
    return Have(up[1].row, Split(node, ((up, Leaf(((up[1], 1),))), (down, Leaf(parts)))))

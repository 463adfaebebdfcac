"""What the task's nodes say of the network's and of pixels, as facts (see `exactcnn/theorem/local.py`)."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from exactcnn.prover.local_sequent import LocalSequent
from exactcnn.prover.rows import Combined, Fact, Given, Have, Leaf, Node, Split, Sub, combination, integral, primitive

__all__ = ["forced_facts", "subadditive_facts"]

# Of the network's nodes over one pixel and one way, those count that have this much of the weight of the heaviest.
_COUNTS = fmpq(1, 8)


@dataclass(frozen=True)
class _Bounded:
    """e = max(0, slope * pixel + offset) <= factor * y + rest."""

    node: Node
    other: Node
    factor: fmpq
    slope: fmpq
    offset: fmpq
    fact: Sub

    @property
    def rest(self) -> fmpq:
        return fmpq(self.fact.row.constant, -self.fact.row.terms[self.node.variable])


def subadditive_facts(sequent: LocalSequent) -> Iterator[Fact]:
    """The `sub` rows and the paired rows of a sequent."""
    by_pixel = _heaviest(sequent)
    best: dict[int, list[_Bounded]] = {}
    for node in sequent.nodes:
        if node.variable < sequent.network_end:
            continue
        for pixel, slope, offset in _slopes(node, sequent):
            bounded = []
            for other, weight in by_pixel.get((pixel, slope > 0), ()):
                factor = slope / weight
                premise = _premise(sequent, node, other, factor)
                bounded.append(_Bounded(node, other, factor, slope, offset, Sub.of(premise, node, [(other, factor)])))
            yield from (b.fact for b in bounded)
            if bounded:
                best.setdefault(pixel, []).append(min(bounded, key=lambda b: b.rest))
    for nodes in best.values():
        yield from _paired(sequent, nodes)


def forced_facts(sequent: LocalSequent) -> Iterator[Have]:
    """The row z >= c for each node that is alone in a given row y >= c > 0, as with features of one pixel.

    A relaxation says less of z; and where z is of one pixel, this bounds the pixel, and so all nodes over it.
    """
    for given in sequent.givens:
        if len(given.row.terms) != 1 or given.row.constant >= 0:
            continue
        ((variable, times),) = given.row.terms.items()
        if variable < sequent.network_end or times < 0:
            continue
        node = sequent.by_variable[variable]
        up, down = (tuple(Given(r) for r in rows) for rows in node.cases())
        above = integral([(up[1], fmpq(times)), (given, fmpq(-up[1].row.terms[variable]))])
        row = primitive(*combination((f.row, a) for f, a in above))
        yield Have(row, Split(node, ((up, Leaf(above)), (down, Leaf(((down[1], times), (given, 1)))))))


def _heaviest(sequent: LocalSequent) -> dict[tuple[int, bool], list[tuple[Node, fmpq]]]:
    """The network's nodes over single pixels, with their slopes, by pixel and whether the slope is above 0.

    Where all weights were moved, every node of a pixel counts a little; a bound by one of those says nothing.
    """
    weights: dict[int, fmpq] = {}
    found: dict[tuple[int, bool], list[tuple[Node, fmpq]]] = {}
    for node in sequent.nodes:
        if node.variable >= sequent.network_end:
            break
        for terms, _ in node.arguments:
            for v, c in terms.items():
                weights[v] = max(weights.get(v, fmpq(0)), abs(fmpq(c, node.scale)))
        for pixel, slope, _ in _slopes(node, sequent):
            found.setdefault((pixel, slope > 0), []).append((node, slope))
    for v, c in sequent.goal.terms.items():
        weights[v] = max(weights.get(v, fmpq(0)), abs(fmpq(c) / sequent.factor))
    for place, listed in found.items():
        sizes = [abs(slope) * weights.get(node.variable, fmpq(0)) for node, slope in listed]
        least = _COUNTS * max(sizes)
        found[place] = [pair for pair, size in zip(listed, sizes, strict=True) if size >= least]
    return found


def _slopes(node: Node, sequent: LocalSequent) -> list[tuple[int, fmpq, fmpq]]:
    """(pixel, slope, offset) for nodes max(0, slope * pixel + offset + terms of little weight)."""
    if node.maximum:
        return []
    terms, constant = node.arguments[0]
    if len(terms) > 4 or any(v >= sequent.pixels for v in terms):
        return []
    total = sum(map(abs, terms.values()))
    return [(v, fmpq(c, node.scale), fmpq(constant, node.scale)) for v, c in terms.items() if 2 * abs(c) > total]


def _premise(sequent: LocalSequent, node: Node, other: Node, factor: fmpq) -> Fact | None:
    """The fact factor * z_other + c - z_node >= 0; None if the difference is a constant."""
    rest: dict[int, fmpq] = {}
    weighted: tuple[tuple[Node, fmpq], ...] = ((other, factor), (node, fmpq(-1)))
    for part, weight in weighted:
        for v, c in part.arguments[0][0].items():
            rest[v] = rest.get(v, fmpq(0)) + weight * c / part.scale
    needed: list[tuple[Fact, fmpq]] = []
    for v, coefficient in rest.items():
        if coefficient != 0:
            low, high = sequent.givens[2 * v : 2 * v + 2]
            fact = low if coefficient > 0 else high
            needed.append((fact, coefficient / fact.row.terms[v]))
    return Combined.of(needed) if needed else None


def _paired(sequent: LocalSequent, nodes: Sequence[_Bounded]) -> Iterator[Fact]:
    """e1 + e2 <= b1*y1 + b2*y2 + max(d1, d2) for nodes of one pixel that are never both positive."""
    for above in nodes:
        for below in nodes:
            if above.slope > 0 > below.slope and above.rest > 0 and below.rest > 0:
                found = _pair(sequent, above, below)
                if found is not None:
                    yield found


def _pair(sequent: LocalSequent, above: _Bounded, below: _Bounded) -> Have | None:
    # Where z1 >= 0: z2 = slope2 * x + offset2 <= 0, by a multiple of z1 and a constant <= 0.
    if above.node.arguments[0][0].keys() != below.node.arguments[0][0].keys() or len(above.node.arguments[0][0]) != 1:
        return None
    if above.slope * below.offset > below.slope * above.offset:
        return None
    parts: list[tuple[Fact, fmpq]] = []
    for bounded in (above, below):
        parts.append((bounded.fact, fmpq(-1, bounded.fact.row.terms[bounded.node.variable])))
    terms: dict[int, fmpq] = {}
    for fact, weight in parts:
        for v, c in fact.row.terms.items():
            terms[v] = terms.get(v, fmpq(0)) + weight * c
    rest = max(above.rest, below.rest)
    scale = math.lcm(int(rest.q), *(int(c.q) for c in terms.values()))
    row = primitive({v: int((c * scale).p) for v, c in terms.items()}, int((rest * scale).p))
    up, down = (tuple(Given(r) for r in rows) for rows in above.node.cases())
    second = Sub.of(up[0], below.node)
    positive = sequent.definitions  # the first row of a ReLU's definition is y >= 0
    one = [
        parts[0],
        (second, fmpq(-1, second.row.terms[below.node.variable])),
        (positive[below.other.variable][0], below.factor),
    ]
    two = [parts[1], (down[1], fmpq(1)), (positive[above.other.variable][0], above.factor)]
    return Have(row, Split(above.node, ((up, Leaf(integral(one))), (down, Leaf(integral(two))))))

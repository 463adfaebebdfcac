"""Local sequents in the numbering of certificates (`exactcnn/checker/FORMAT.md`).

Unlike the circuits handed to a solver, these share no nodes: pixels come first, then the stem's nodes in the cone of
the channel, layer by layer, then the excess nodes of the hypothesis windows.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from flint import fmpq

from exactcnn.network.model import AvgPool2d, Conv2d, InputUnit, ReLU
from exactcnn.prover.instance import Instance
from exactcnn.prover.rows import Given, Node, Row, primitive
from exactcnn.theorem.local import Placed
from exactcnn.theorem.stem import Kind, Stem, split_network

__all__ = ["LocalSequent", "NumberedStem", "upper_local"]

_Key = tuple[int, ...]
_Form = tuple[dict[_Key, fmpq], fmpq]

_PIXEL, _STEM, _TASK = 0, 1, 2
_LAST_BYTE = 255


@dataclass(frozen=True)
class LocalSequent:
    """A sequent about one output position.

    Attributes
    ----------
    pixels: how many variables are pixels; they come first.
    nodes: the other variables, in order.
    network_end: the first variable that is an excess node.
    rows: the given rows, in order.
    goal: (terms, constant) of a positive multiple of the goal form, integers.
    bound: the goal says that the channel is at most this.
    factor: the multiple.
    """

    pixels: int
    nodes: tuple[Node, ...]
    network_end: int
    rows: tuple[Row, ...]
    goal: Row
    bound: fmpq
    factor: fmpq

    @cached_property
    def key(self) -> object:
        """Equal for identical sequents."""
        nodes = tuple(
            (n.maximum, n.scale, tuple((tuple(sorted(t.items())), c) for t, c in n.arguments)) for n in self.nodes
        )
        return self.pixels, nodes, tuple(r.key for r in self.rows), self.goal.key

    def at(self, bound: fmpq) -> LocalSequent:
        """The same sequent with another bound."""
        constant = fmpq(self.goal.constant) / self.factor + bound - self.bound
        goal, factor = _claim({v: c / self.factor for v, c in self.goal.terms.items()}, constant)
        return replace(self, goal=goal, factor=factor, bound=bound)

    @cached_property
    def givens(self) -> tuple[Given, ...]:
        """The given rows as facts; the key is the row's number."""
        return tuple(Given(row, number) for number, row in enumerate(self.rows))

    @cached_property
    def definitions(self) -> Mapping[int, Sequence[Given]]:
        """The given rows of each node's definition, by its variable."""
        found = {}
        place = 2 * self.pixels
        for node in self.nodes:
            count = len(node.arguments) if node.maximum else 2
            found[node.variable] = self.givens[place : place + count]
            place += count
        return found

    @cached_property
    def by_variable(self) -> Mapping[int, Node]:
        """The nodes by their variables."""
        return {n.variable: n for n in self.nodes}


class NumberedStem:
    """What all local sequents of an instance share: the stem in the network's own unit."""

    def __init__(self, instance: Instance) -> None:
        self.task = instance.task
        self.stem: Stem = split_network(instance.network)[0]
        pixel = instance.task.pixel
        self.scale, self.shift = fmpq(1), fmpq(0)
        if instance.network.unit is InputUnit.BYTE:
            self.scale = fmpq(_LAST_BYTE) / (pixel.high - pixel.low)
            self.shift = -self.scale * pixel.low


def upper_local(shared: NumberedStem, kind: Kind, clear: Sequence[Placed], channel: int, bound: fmpq) -> LocalSequent:
    """If these windows are clear of their templates then S_channel <= bound."""
    cone = _Cone(shared, kind)
    terms, constant = cone.value(len(shared.stem.layers), channel, 0, 0)
    goal = {k: -c for k, c in terms.items()}, bound - constant
    excesses = [cone.excess(number, placed) for number, placed in enumerate(clear)]
    hypotheses = [({k: fmpq(1) for k in keys}, -shared.task.features[p.feature].gap) for keys, p in excesses]
    return cone.sequent(goal, hypotheses, bound)


class _Cone:
    """Collects the pixels and nodes that a sequent is about."""

    def __init__(self, shared: NumberedStem, kind: Kind) -> None:
        self._shared = shared
        self._kind = kind
        self._pixels: set[_Key] = set()
        self._nodes: dict[_Key, tuple[list[_Form], bool]] = {}
        self._known: dict[_Key, _Form] = {}
        self._level = [0]
        for layer in shared.stem.layers:
            self._level.append(self._level[-1] + (0 if isinstance(layer, ReLU) else 1))

    def value(self, depth: int, channel: int, row: int, column: int) -> _Form:
        """The output of layer depth-1 (the network's input for 0)."""
        key = (depth, channel, row, column)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._computed(depth, channel, row, column)
        return known

    def excess(self, number: int, placed: Placed) -> tuple[list[_Key], Placed]:
        """The excess nodes of a window."""
        pixel = self._shared.task.pixel
        box = self._shared.task.features[placed.feature].templates[placed.template]
        keys: list[_Key] = []
        for (channel, i, j), low, high in zip(
            np.ndindex(box.shape), box.low.rationals(), box.high.rationals(), strict=True
        ):
            place: _Key = (_PIXEL, channel, placed.row + i, placed.column + j)
            self._pixels.add(place)
            sides: list[tuple[int, _Form]] = []
            if high < pixel.high:
                sides.append((0, ({place: fmpq(1)}, -high)))
            if low > pixel.low:
                sides.append((1, ({place: fmpq(-1)}, low)))
            for side, form in sides:
                key: _Key = (_TASK, number, channel, i, j, side)
                self._nodes[key] = ([form], False)
                keys.append(key)
        return keys, placed

    def sequent(self, goal: _Form, hypotheses: Sequence[_Form], bound: fmpq) -> LocalSequent:
        """Everything collected, numbered."""
        pixel = self._shared.task.pixel
        order = [*sorted(self._pixels), *sorted(self._nodes)]
        number = {key: n for n, key in enumerate(order)}
        rows = []
        for n in range(len(self._pixels)):
            rows.append(primitive({n: int(pixel.low.q)}, -int(pixel.low.p)))
            rows.append(primitive({n: -int(pixel.high.q)}, int(pixel.high.p)))
        nodes = []
        for key in order[len(self._pixels) :]:
            forms, maximum = self._nodes[key]
            nodes.append(_node(number[key], [_numbered(f, number) for f in forms], maximum))
            rows += nodes[-1].base_rows()
        rows += [_row(_numbered(h, number)) for h in hypotheses]
        end = next((number[k] for k in order if k[0] == _TASK), len(order))
        claim, factor = _claim(*_numbered(goal, number))
        return LocalSequent(len(self._pixels), tuple(nodes), end, tuple(rows), claim, bound, factor)

    def _computed(self, depth: int, channel: int, row: int, column: int) -> _Form:
        shared = self._shared
        if depth == 0:
            key = (_PIXEL, channel, row, column)
            self._pixels.add(key)
            return {key: shared.scale}, shared.shift
        layer = shared.stem.layers[depth - 1]
        if isinstance(layer, ReLU):
            terms, constant = self.value(depth - 1, channel, row, column)
            if not terms:
                return {}, max(fmpq(0), constant)
            return self._node((_STEM, depth - 1, channel, row, column), [(terms, constant)], maximum=False)
        level = self._level[depth - 1]
        down, right = layer.stride
        if isinstance(layer, Conv2d):
            weights, constant = shared.stem.taps(depth - 1, channel)
            parts = [
                (w, self.value(depth - 1, source, row * down + i, column * right + j))
                for source, i, j, w in weights
                if self._inside(level, row * down + i, column * right + j)
            ]
            return _sum(parts, constant)
        rows, columns = layer.kernel
        places = [(row * down + i, column * right + j) for i in range(rows) for j in range(columns)]
        values = [self.value(depth - 1, channel, r, c) for r, c in places if self._inside(level, r, c)]
        if isinstance(layer, AvgPool2d):
            return _sum([(fmpq(1, rows * columns), v) for v in values], fmpq(0))
        if all(not terms for terms, _ in values):
            return {}, max((c for _, c in values), default=fmpq(0))
        return self._node((_STEM, depth - 1, channel, row, column), values, maximum=True)

    def _node(self, key: _Key, forms: list[_Form], *, maximum: bool) -> _Form:
        self._nodes[key] = (forms, maximum)
        return {key: fmpq(1)}, fmpq(0)

    def _inside(self, level: int, row: int, column: int) -> bool:
        (top, bottom), (left, right) = self._kind[0][level], self._kind[1][level]
        return top <= row < bottom and left <= column < right


def _sum(parts: Sequence[tuple[fmpq, _Form]], constant: fmpq) -> _Form:
    terms: dict[_Key, fmpq] = {}
    for weight, (more, offset) in parts:
        constant = constant + weight * offset
        for key, c in more.items():
            terms[key] = terms.get(key, fmpq(0)) + weight * c
    return {k: c for k, c in terms.items() if c != 0}, constant


def _numbered(form: _Form, number: Mapping[_Key, int]) -> tuple[dict[int, fmpq], fmpq]:
    return {number[k]: c for k, c in form[0].items()}, form[1]


def _claim(terms: Mapping[int, fmpq], constant: fmpq) -> tuple[Row, fmpq]:
    """The row of a goal, and by what the form was multiplied."""
    claim = _row((terms, constant))
    first, whole = next(((fmpq(claim.terms[v]), c) for v, c in terms.items()), (fmpq(claim.constant), constant))
    return claim, first / whole if whole != 0 else fmpq(1)


def _row(form: tuple[Mapping[int, fmpq], fmpq]) -> Row:
    terms, constant = form
    scale = math.lcm(int(fmpq(constant).q), *(int(c.q) for c in terms.values()))
    return primitive({v: int((c * scale).p) for v, c in terms.items()}, int((constant * scale).p))


def _node(variable: int, forms: Sequence[tuple[Mapping[int, fmpq], fmpq]], maximum: bool) -> Node:
    scale = math.lcm(*(int(x.q) for terms, constant in forms for x in (constant, *terms.values())))
    arguments = tuple(
        ({v: int((c * scale).p) for v, c in terms.items()}, int((constant * scale).p)) for terms, constant in forms
    )
    return Node(variable, scale, arguments, maximum)

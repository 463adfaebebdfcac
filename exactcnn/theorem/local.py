"""Local facts (THEOREM.md, section 3): sequents about one output position of the stem.

The `sub` rows. The task's excess is a sum of e = max(0, z') with z' = s*x + c', and the network has nodes
y = max(0, z) with z = w*x + c on the same pixel x. Where w has the sign of s, take b = s/w > 0 and
d = max(0, c' - b*c) >= 0; then b*z + d - z' = b*c + d - c' is a *constant*, and it is >= 0 by the choice of d: that is
the premise of rule `sub`, proved by one exact subtraction, and the row b*y + d - e >= 0 follows.

The paired rows. A pixel has up to two excess nodes, one above its interval and one below it: e1 = max(0, s1*x + c1)
and e2 = max(0, s2*x + c2) with s1 > 0 > s2. Where the constant -s2*(s1*x + c1) + s1*(s2*x + c2) = s1*c2 - s2*c1 is
<= 0, which is one exact comparison, they are never both positive, so that e1 + e2 is one of them, and hence at most
b1*y1 + b2*y2 + max(d1, d2): the row says so. The two rows by themselves would give d1 + d2; without this, networks
whose thresholds are relaxed on both sides need a case split a pixel.

The plain bounds. With no y at all the rule is: where z' <= u, e <= max(0, u). The bound u comes from exact interval
arithmetic over the pixels' intervals and the bounds of earlier nodes.

No row is made in any other way.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.box import Box
from exactcnn.core.circuit import CircuitBuilder, Input, Relu, Sequent, Variable
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.stem import FieldPixels, Kind, Pixel, Stem, StemCircuit

__all__ = ["LocalSequent", "Placed", "excess_form", "lower_sequent", "plain_bounds", "sub_rows", "upper_sequent"]

_ZERO = fmpq(0)


@dataclass(frozen=True, order=True)
class Placed:
    """Template `template` of feature `feature` (numbers in the task) with its window at (row, column) of the field."""

    feature: int
    template: int
    row: int
    column: int


@dataclass(frozen=True)
class LocalSequent:
    """A sequent about one position, and which of its variables is which field pixel."""

    sequent: Sequent
    pixels: Mapping[Pixel, int]


def lower_sequent(
    task: Task, stem: Stem, kind: Kind, placed: Placed, weights: Sequence[tuple[int, int]], bound: fmpq
) -> LocalSequent:
    """If the window exhibits the template then the weighted sum of channels is at least `bound`."""
    feature = task.features[placed.feature]
    box = feature.templates[placed.template]

    def interval(pixel: Pixel) -> tuple[fmpq, fmpq]:
        source, row, column = pixel[0], pixel[1] - placed.row, pixel[2] - placed.column
        if 0 <= row < feature.height and 0 <= column < feature.width:
            return box.low.item(source, row, column), box.high.item(source, row, column)
        return task.pixel.low, task.pixel.high

    builder = CircuitBuilder()
    pixels = FieldPixels(builder, interval)
    circuit = StemCircuit(stem, kind, pixels, builder)
    goal = Affine.const(-bound)
    for channel, weight in weights:
        goal = goal + circuit.output(channel).scaled(fmpq(weight))
    left = " + ".join(f"S_{k}" if a == 1 else f"{a} S_{k}" for k, a in weights)
    title = (
        f"lower: a window at ({placed.row}, {placed.column}) of the field exhibits {_name(feature, placed)} "
        f"=> {left} >= {bound}"
    )
    rows = tuple(plain_bounds(builder.variables))
    return LocalSequent(Sequent(builder.circuit(), goal=goal, lemmas=rows, title=title), pixels.numbers)


def upper_sequent(
    task: Task, stem: Stem, kind: Kind, clear: tuple[Placed, ...], channel: int, bound: fmpq
) -> LocalSequent:
    """If all these windows are clear of their templates then S_channel <= bound.

    Fewer windows make a stronger sequent; the caller names those that matter.
    """
    builder = CircuitBuilder()
    pixels = FieldPixels(builder, lambda _: (task.pixel.low, task.pixel.high))
    output = StemCircuit(stem, kind, pixels, builder).output(channel)
    network_end = len(builder.variables)
    hypotheses = []
    for placed in clear:
        feature = task.features[placed.feature]
        box = feature.templates[placed.template]
        hypotheses.append(excess_form(builder, pixels, task, box, placed.row, placed.column).shifted(-feature.gap))
    titles = ", ".join(f"{_name(task.features[p.feature], p)} at ({p.row}, {p.column})" for p in clear)
    return LocalSequent(
        Sequent(
            builder.circuit(),
            hypotheses=tuple(hypotheses),
            goal=Affine.const(bound) - output,
            lemmas=tuple(sub_rows(builder, network_end)),
            title=f"upper: windows of the field clear of [{titles}] => S_{channel} <= {bound}",
        ),
        pixels.numbers,
    )


def plain_bounds(variables: Sequence[Variable]) -> list[Affine]:
    """Rows u - y >= 0 for all nodes of a circuit whose inputs are bounded; see the module's text."""
    intervals: list[tuple[fmpq, fmpq]] = []
    rows = []
    for number, variable in enumerate(variables):
        if isinstance(variable, Input):
            if variable.low is None or variable.high is None:
                raise ValueError(f"input {number} is not bounded")
            intervals.append((variable.low, variable.high))
            continue
        arguments = (variable.argument,) if isinstance(variable, Relu) else variable.arguments
        ranges = [a.bounds(intervals.__getitem__) for a in arguments]
        if isinstance(variable, Relu):
            ranges.append((_ZERO, _ZERO))
        intervals.append((max(low for low, _ in ranges), max(high for _, high in ranges)))
        rows.append(Affine.const(intervals[-1][1]) - Affine.variable(number))
    return rows


def sub_rows(builder: CircuitBuilder, network_end: int) -> list[Affine]:
    """The `sub` rows and the paired rows for task nodes (numbers from `network_end`) and network nodes before them."""
    by_pixel: dict[int, list[tuple[int, fmpq, fmpq]]] = {}
    for number, variable in enumerate(builder.variables[:network_end]):
        form = _univariate(builder, variable)
        if form:
            by_pixel.setdefault(form[0], []).append((number, form[1], form[2]))
    rows: list[Affine] = []
    best: dict[int, list[_Bounded]] = {}
    for number, variable in enumerate(builder.variables[network_end:], start=network_end):
        task_form = _univariate(builder, variable)
        if not task_form:
            continue
        pixel, slope, offset = task_form
        bounded = [
            _Bounded(slope, offset, max(_ZERO, offset - slope / weight * bias), number, node, slope / weight)
            for node, weight, bias in by_pixel.get(pixel, ())
            if slope / weight > 0
        ]
        rows += [b.form.shifted(b.rest) for b in bounded]
        if bounded:
            best.setdefault(pixel, []).append(min(bounded, key=lambda b: b.rest))
    return rows + [row for nodes in best.values() for row in _paired_rows(nodes)]


@dataclass(frozen=True)
class _Bounded:
    """A task node e = max(0, slope * pixel + offset) with factor * y + rest - e >= 0, y a network node."""

    slope: fmpq
    offset: fmpq
    rest: fmpq
    number: int
    node: int
    factor: fmpq

    @property
    def form(self) -> Affine:
        """The form factor * y - e."""
        return Affine.of([(self.node, self.factor), (self.number, fmpq(-1))])


def _paired_rows(nodes: Sequence[_Bounded]) -> Iterator[Affine]:
    """The paired rows for the task nodes of one pixel, where they say more than the two rows together."""
    for above in nodes:
        for below in nodes:
            opposite = above.slope > 0 > below.slope
            if opposite and above.rest and below.rest and above.slope * below.offset <= below.slope * above.offset:
                yield (above.form + below.form).shifted(max(above.rest, below.rest))


def _univariate(builder: CircuitBuilder, variable: object) -> tuple[int, fmpq, fmpq] | None:
    """(pixel, slope, offset) of a node max(0, slope * pixel + offset)."""
    if isinstance(variable, Relu) and len(variable.argument.terms) == 1:
        pixel, slope = variable.argument.terms[0]
        if isinstance(builder.variables[pixel], Input):
            return pixel, slope, variable.argument.constant
    return None


def excess_form(
    builder: CircuitBuilder, pixel: Callable[[Pixel], Affine], task: Task, box: Box, row: int, column: int
) -> Affine:
    """The excess over a template of the window whose top-left pixel is (row, column) (THEOREM.md, section 1)."""
    terms: list[tuple[int, fmpq]] = []
    for (channel, i, j), low, high in zip(
        np.ndindex(box.shape), box.low.rationals(), box.high.rationals(), strict=True
    ):
        if low <= task.pixel.low and high >= task.pixel.high:
            continue
        value = pixel((channel, row + i, column + j))
        if high < task.pixel.high:
            terms += builder.relu(value.shifted(-high)).terms
        if low > task.pixel.low:
            terms += builder.relu((-value).shifted(low)).terms
    return Affine.of(terms)


def _name(feature: Feature, placed: Placed) -> str:
    return f'"{feature.name}" template {placed.template}'

"""Local facts (DESIGN section 4): sequents about one output position of the stem.

The `sub` rows. The task's excess is a sum of e = max(0, z') with z' = s*x + c', and the network has nodes
y = max(0, z) with z = w*x + c on the same pixel x. Where w has the sign of s, take b = s/w > 0 and
d = max(0, c' - b*c) >= 0; then b*z + d - z' = b*c + d - c' is a *constant*, and it is >= 0 by the choice of d: that is
the premise of rule `sub`, proved by one exact subtraction, and the row b*y + d - e >= 0 follows. No row is made in
any other way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.box import Box
from exactcnn.core.circuit import CircuitBuilder, Input, Relu, Sequent
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.stem import FieldPixels, Kind, Pixel, Stem, StemCircuit

__all__ = ["LocalSequent", "Placed", "excess_form", "lower_sequent", "sub_rows", "upper_sequent"]

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


def lower_sequent(task: Task, stem: Stem, kind: Kind, placed: Placed, channel: int, bound: fmpq) -> LocalSequent:
    """If the window exhibits the template then S_channel >= bound."""
    feature = task.features[placed.feature]
    box = feature.templates[placed.template]

    def interval(pixel: Pixel) -> tuple[fmpq, fmpq]:
        source, row, column = pixel[0], pixel[1] - placed.row, pixel[2] - placed.column
        if 0 <= row < feature.height and 0 <= column < feature.width:
            return box.low.item(source, row, column), box.high.item(source, row, column)
        return task.pixel.low, task.pixel.high

    builder = CircuitBuilder()
    pixels = FieldPixels(builder, interval)
    goal = StemCircuit(stem, kind, pixels, builder).output(channel).shifted(-bound)
    title = (
        f"lower: a window at ({placed.row}, {placed.column}) of the field exhibits {_name(feature, placed)} "
        f"=> S_{channel} >= {bound}"
    )
    return LocalSequent(Sequent(builder.circuit(), goal=goal, title=title), pixels.numbers)


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


def sub_rows(builder: CircuitBuilder, network_end: int) -> list[Affine]:
    """Rows b*y + d - e >= 0 for task nodes e (numbers from `network_end`) and network nodes y on the same pixel."""
    by_pixel: dict[int, list[tuple[int, fmpq, fmpq]]] = {}
    for number, variable in enumerate(builder.variables[:network_end]):
        form = _univariate(builder, variable)
        if form:
            by_pixel.setdefault(form[0], []).append((number, form[1], form[2]))
    rows = []
    for number, variable in enumerate(builder.variables[network_end:], start=network_end):
        task_form = _univariate(builder, variable)
        if not task_form:
            continue
        pixel, slope, offset = task_form
        for node, weight, bias in by_pixel.get(pixel, ()):
            factor = slope / weight
            if factor > 0:
                rest = max(_ZERO, offset - factor * bias)
                rows.append(Affine.of([(node, factor), (number, fmpq(-1))], rest))
    return rows


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
    """The excess over a template of the window whose top-left corner is the pixel (row, column) (DESIGN section 1)."""
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

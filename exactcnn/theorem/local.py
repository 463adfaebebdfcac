"""Local facts (DESIGN section 4): sequents about one output position of the stem.

The `sub` rows. The task's excess is a sum of e = max(0, z') with z' = s*x + c', and the network has nodes
y = max(0, z) with z = w*x + c on the same pixel x. Where w has the sign of s, take b = s/w > 0 and
d = max(0, c' - b*c) >= 0; then b*z + d - z' = b*c + d - c' is a *constant*, and it is >= 0 by the choice of d: that is
the premise of rule `sub`, proved by one exact subtraction, and the row b*y + d - e >= 0 follows. No row is made in
any other way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.box import Box
from exactcnn.core.circuit import CircuitBuilder, Input, Relu, Sequent
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.stem import Kind, Pixel, Stem, StemCircuit

__all__ = ["LocalSequent", "Placed", "lower_sequent", "sub_rows", "upper_sequent"]

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

    circuit = StemCircuit(stem, kind, interval, CircuitBuilder())
    goal = circuit.output(channel).shifted(-bound)
    title = (
        f"lower: a window at ({placed.row}, {placed.column}) of the field exhibits {_name(feature, placed)} "
        f"=> S_{channel} >= {bound}"
    )
    return LocalSequent(Sequent(circuit.builder.circuit(), goal=goal, title=title), circuit.pixels)


def upper_sequent(
    task: Task, stem: Stem, kind: Kind, clear: tuple[Placed, ...], channel: int, bound: fmpq
) -> LocalSequent:
    """If all these windows are clear of their templates then S_channel <= bound.

    Fewer windows make a stronger sequent; the caller names those that matter.
    """
    circuit = StemCircuit(stem, kind, lambda _: (task.pixel.low, task.pixel.high), CircuitBuilder())
    output = circuit.output(channel)
    network_nodes = list(circuit.builder.variables)
    hypotheses = []
    for placed in clear:
        feature = task.features[placed.feature]
        excess = _excess(circuit, task, feature.templates[placed.template], placed)
        hypotheses.append(excess.shifted(-feature.gap))
    titles = ", ".join(f"{_name(task.features[p.feature], p)} at ({p.row}, {p.column})" for p in clear)
    return LocalSequent(
        Sequent(
            circuit.builder.circuit(),
            hypotheses=tuple(hypotheses),
            goal=Affine.const(bound) - output,
            lemmas=tuple(sub_rows(circuit.builder, len(network_nodes))),
            title=f"upper: windows of the field clear of [{titles}] => S_{channel} <= {bound}",
        ),
        circuit.pixels,
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


def _excess(circuit: StemCircuit, task: Task, box: Box, placed: Placed) -> Affine:
    """The excess of the window at the placed offset over the template (DESIGN section 1)."""
    terms: list[tuple[int, fmpq]] = []
    channels, height, width = box.shape
    for channel in range(channels):
        for row in range(height):
            for column in range(width):
                low, high = box.low.item(channel, row, column), box.high.item(channel, row, column)
                if low <= task.pixel.low and high >= task.pixel.high:
                    continue
                pixel = circuit.pixel(channel, placed.row + row, placed.column + column)
                if high < task.pixel.high:
                    terms += circuit.builder.relu(pixel.shifted(-high)).terms
                if low > task.pixel.low:
                    terms += circuit.builder.relu((-pixel).shifted(low)).terms
    return Affine.of(terms)


def _name(feature: Feature, placed: Placed) -> str:
    return f'"{feature.name}" template {placed.template}'

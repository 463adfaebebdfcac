"""Sequents about whole images of one small size: for what local facts cannot decide."""

from __future__ import annotations

from collections.abc import Mapping

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder, Sequent
from exactcnn.task.model import Task
from exactcnn.theorem.formulas import Formulas
from exactcnn.theorem.head import Head, HeadCircuit
from exactcnn.theorem.local import excess_form, sub_rows
from exactcnn.theorem.stem import Pixel, Stem, StemCircuit

__all__ = ["whole_sequent"]

Switch = tuple[int, tuple[Affine, ...]]


def whole_sequent(
    task: Task,
    size: tuple[int, int],
    label: int,
    wrong: tuple[Stem, Head, str, int] | None = None,
) -> tuple[Sequent, Mapping[Pixel, int]]:
    """About all admissible images of one size with class number `label`: there is none, or the network is right.

    Parameters
    ----------
    size: (H, W).
    wrong: stem, head and kind of global pool of a network, and another class. Without it the goal is absurd, so that
        the sequent says that there is no such image; with it the goal is the label's lead over that class.

    Returns
    -------
    The sequent and the variable of each pixel (channel, row, column).
    """
    builder = CircuitBuilder()
    height, width = size
    pixels = {
        (c, i, j): builder.input(task.pixel.low, task.pixel.high)
        for c in range(len(task.channels))
        for i in range(height)
        for j in range(width)
    }
    goal = Affine.const(-1)
    if wrong is not None:
        stem, head, pool, other = wrong
        pooled = _Pooled(stem, pool, size, pixels, builder)
        logits = HeadCircuit(head, builder, pooled.channel)
        goal = logits.logit(label) - logits.logit(other)
    network_end = len(builder.variables)
    formulas = Formulas(task)
    formulas.exactly(label)
    switches = [s for f in range(len(task.features)) for s in _windows(task, f, size, pixels, builder, formulas)]
    names = [c.name for c in task.classes]
    claim = "there is none" if wrong is None else f'logit "{names[label]}" - logit "{names[wrong[3]]}" >= 0'
    sequent = Sequent(
        builder.circuit(),
        atoms=formulas.atoms,
        clauses=tuple(formulas.clauses),
        switches=tuple(switches),
        goal=goal,
        lemmas=tuple(sub_rows(builder, network_end)),
        title=f'whole image: admissible {height}x{width} images of class "{names[label]}": {claim}',
    )
    return sequent, pixels


class _Pooled:
    """The pooled channels of an image of this size, as forms over its pixels."""

    def __init__(
        self, stem: Stem, pool: str, size: tuple[int, int], pixels: Mapping[Pixel, int], builder: CircuitBuilder
    ) -> None:
        self._pool = pool
        self._builder = builder
        rows, columns = stem.rows.extents(size[0]), stem.columns.extents(size[1])
        if rows is None or columns is None:
            raise ValueError(f"the stem is not defined at {size}")
        self._positions = []
        for i in range(rows[-1]):
            for j in range(columns[-1]):
                kind = stem.rows.signature(i, size[0]), stem.columns.signature(j, size[1])
                pixel = _Shifted(pixels, stem.rows.start(i), stem.columns.start(j))
                self._positions.append(StemCircuit(stem, kind, pixel, builder))

    def channel(self, index: int) -> Affine:
        """The maximum, sum or mean over all positions."""
        forms = [position.output(index) for position in self._positions]
        if self._pool == "max":
            return self._builder.maximum(tuple(forms))
        total = Affine.of([t for form in forms for t in form.terms], sum((f.constant for f in forms), fmpq(0)))
        return total if self._pool == "sum" else total.scaled(fmpq(1, len(forms)))


class _Shifted:
    """Field pixels of one position, as pixels of the image."""

    def __init__(self, pixels: Mapping[Pixel, int], row: int, column: int) -> None:
        self._pixels, self._row, self._column = pixels, row, column

    def __call__(self, pixel: Pixel) -> Affine:
        channel, row, column = pixel
        return Affine.variable(self._pixels[channel, row + self._row, column + self._column])


def _windows(
    task: Task,
    number: int,
    size: tuple[int, int],
    pixels: Mapping[Pixel, int],
    builder: CircuitBuilder,
    formulas: Formulas,
) -> list[Switch]:
    """The feature is contained (some window exhibits it) or avoided (all windows are clear)."""
    feature = task.features[number]
    contains = formulas.contains(number)
    whole = _Shifted(pixels, 0, 0)
    exhibits: list[int] = []
    clear: list[Affine] = []
    switches: list[Switch] = []
    for row in range(size[0] - feature.height + 1):
        for column in range(size[1] - feature.width + 1):
            for box in feature.templates:
                excess = excess_form(builder, whole, task, box, row, column)
                clear.append(excess.shifted(-feature.gap))
                atom = formulas.atom()
                exhibits.append(atom)
                # The excess is a sum of terms >= 0, so "at most 0" says that the window lies in the box.
                switches.append((atom, (-excess,)))
    formulas.clauses.append((-contains, *exhibits))
    switches.append((-contains, tuple(clear)))
    return switches

"""Tasks and networks small enough to be written down by hand."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.rational import parse_rational
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Conv2d, Dense
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass

__all__ = ["conv", "dense", "drawn", "feature", "numbers", "one_class", "task"]

Number = str | int
Rows = Sequence[Sequence[Number]]


def numbers(values: object, shape: tuple[int, ...]) -> ExactTensor:
    """Nested lists of integers and texts such as "1/3" as a tensor of this shape."""
    flat: list[fmpq] = []

    def collect(value: object) -> None:
        if isinstance(value, (list, tuple)):
            for entry in value:
                collect(entry)
        else:
            flat.append(parse_rational(str(value)))

    collect(values)
    return ExactTensor.from_rationals(flat, shape)


def drawn(*rows: str, tolerance: Number = "1/8", pixel: PixelRange | None = None) -> Box:
    """A template of one channel: `.` is the pixel range's low, `#` its high, `?` any pixel."""
    pixel = pixel or PixelRange()
    ends = {".": (pixel.low, pixel.low), "#": (pixel.high, pixel.high)}
    shape = (1, len(rows), len(rows[0]))
    step = parse_rational(str(tolerance))
    intervals = [
        (pixel.low, pixel.high) if c == "?" else (ends[c][0] - step, ends[c][1] + step) for row in rows for c in row
    ]
    low, high = (ExactTensor.from_rationals([i[side] for i in intervals], shape) for side in (0, 1))
    return Box(low, high).cut(pixel.low, pixel.high)


def feature(name: str, *rows: str, gap: Number = "1/2", tolerance: Number = "1/8") -> Feature:
    """A feature of one template, drawn as for `drawn`."""
    return Feature(name, (drawn(*rows, tolerance=tolerance),), parse_rational(str(gap)))


def one_class(name: str, requires: str = "", forbids: str = "") -> TaskClass:
    """A class of one alternative; features are named one after another with blanks between."""
    return TaskClass(name, (Alternative(frozenset(requires.split()), frozenset(forbids.split())),))


def task(features: Sequence[Feature], classes: Sequence[TaskClass], pixel: PixelRange | None = None) -> Task:
    """A task of one channel."""
    return Task("tiny", tuple(features), tuple(classes), pixel=pixel or PixelRange())


def conv(weight: object, shape: tuple[int, int, int, int], bias: object, **more: tuple[int, ...]) -> Conv2d:
    """A convolution with `numbers` for weight and bias."""
    return Conv2d(numbers(weight, shape), numbers(bias, (shape[0],)), **more)  # type: ignore[arg-type]


def dense(weight: Rows, bias: Sequence[Number]) -> Dense:
    """A dense layer with `numbers` for weight and bias."""
    return Dense(numbers(weight, (len(weight), len(weight[0]))), numbers(bias, (len(bias),)))

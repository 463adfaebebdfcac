"""Which values the pixels of a generated image may take, given where its templates stand."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Window
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.model import Feature, GeneratorSpec, PixelRange, Task
from exactcnn.task.packing import Rect

__all__ = ["ByteCanvas", "generator_of", "placed_boxes", "rect_of"]

_BACKGROUND_SHARE = 8


def generator_of(task: Task) -> GeneratorSpec:
    """How the task's images are made: its own `[generator]` or, without one, the default.

    The default background is the lowest eighth of the pixel range in every channel, the default spacing 1.

    Raises
    ------
    InputError: a background interval that is empty or leaves the pixel range, or a negative spacing.
    """
    pixel = task.pixel
    if task.generator is None:
        eighth = pixel.low + (pixel.high - pixel.low) / _BACKGROUND_SHARE
        return GeneratorSpec(background=((pixel.low, eighth),) * len(task.channels))
    for low, high in task.generator.background:
        if not pixel.low <= low <= high <= pixel.high:
            raise InputError(
                "the generator's background is no interval of the pixel range",
                source=task.source,
                place="[generator] background",
                found=f"[{low}, {high}]",
                expected=f"low <= high, both in [{pixel.low}, {pixel.high}]",
            )
    if task.generator.spacing < 0:
        raise InputError(
            "the generator's spacing is negative",
            source=task.source,
            place="[generator] spacing",
            found=str(task.generator.spacing),
            expected="0 or more",
        )
    return task.generator


def placed_boxes(task: Task, spec: GeneratorSpec) -> Mapping[str, tuple[Box, ...]]:
    """What the generator draws in the place of each feature's templates.

    It is the template itself, but for don't-care pixels (those that may take any value of the pixel range): they are
    drawn like background, so that they look like it.
    """
    return {f.name: tuple(_placed(task, t, spec) for t in f.templates) for f in task.features}


def _placed(task: Task, template: Box, spec: GeneratorSpec) -> Box:
    pixel = task.pixel
    lows, highs = template.low.tolist(), template.high.tolist()
    for channel, (low, high) in enumerate(spec.background):
        for row_low, row_high in zip(lows[channel], highs[channel], strict=True):
            for column, interval in enumerate(zip(row_low, row_high, strict=True)):
                if interval == (pixel.low, pixel.high):
                    row_low[column], row_high[column] = low, high
    return Box(ExactTensor.from_rationals(lows, template.shape), ExactTensor.from_rationals(highs, template.shape))


def rect_of(window: Window, feature: Feature) -> Rect:
    """Where a placed template stands."""
    return Rect(window.row, window.column, feature.height, feature.width)


_Bytes = NDArray[np.int64]


@dataclass(frozen=True)
class ByteCanvas:
    """The bytes 0..255 that the generator may draw, as inclusive bounds; byte k means `PixelRange.from_byte(k)`.

    Attributes
    ----------
    background: the bounds of each channel.
    templates: for each feature and template the bounds, two arrays of the template's shape.
    """

    task: Task
    background: tuple[tuple[int, int], ...]
    templates: Mapping[str, tuple[tuple[_Bytes, _Bytes], ...]]

    @staticmethod
    def of(task: Task, spec: GeneratorSpec) -> ByteCanvas:
        """The bounds of every template and of the background.

        Raises
        ------
        InputError: an interval holds no multiple of 1/255 of the pixel range.
        """
        background = []
        for channel, (low, high) in zip(task.channels, spec.background, strict=True):
            first, last = _byte_bounds(task.pixel, low, high)
            if first > last:
                raise _no_byte(task, "the background", "[generator] background", channel, (low, high))
            background.append((first, last))
        templates = {
            name: tuple(_template_bytes(task, name, number, box) for number, box in enumerate(boxes))
            for name, boxes in placed_boxes(task, spec).items()
        }
        return ByteCanvas(task, tuple(background), templates)

    def bounds(self, placements: Iterable[Window], height: int, width: int) -> tuple[_Bytes, _Bytes]:
        """The bounds of all pixels of an image with these placements; two arrays (C, height, width)."""
        shape = (len(self.background), height, width)
        low, high = np.empty(shape, dtype=np.int64), np.empty(shape, dtype=np.int64)
        for channel, (first, last) in enumerate(self.background):
            low[channel], high[channel] = first, last
        for window in placements:
            lowest, highest = self.templates[window.feature][window.template]
            rows = slice(window.row, window.row + lowest.shape[1])
            columns = slice(window.column, window.column + lowest.shape[2])
            low[:, rows, columns], high[:, rows, columns] = lowest, highest
        return low, high

    def image(self, values: _Bytes) -> ExactTensor:
        """The exact image that an array of bytes means."""
        low, unit = self._scale
        return ExactTensor.from_integers(values).scaled(unit) + ExactTensor.full((), low)

    @cached_property
    def _scale(self) -> tuple[fmpq, fmpq]:
        return self.task.pixel.low, (self.task.pixel.high - self.task.pixel.low) / 255


def _byte_bounds(pixel: PixelRange, low: fmpq, high: fmpq) -> tuple[int, int]:
    """The first and the last byte whose value is in [low, high]."""
    scale = 255 / (pixel.high - pixel.low)
    return int(((low - pixel.low) * scale).ceil()), int(((high - pixel.low) * scale).floor())


def _template_bytes(task: Task, name: str, number: int, box: Box) -> tuple[_Bytes, _Bytes]:
    pairs = list(zip(box.low.rationals(), box.high.rationals(), strict=True))
    bounds = np.array([_byte_bounds(task.pixel, low, high) for low, high in pairs], dtype=np.int64)
    lowest, highest = bounds[:, 0].reshape(box.shape), bounds[:, 1].reshape(box.shape)
    for place, interval in enumerate(pairs):
        if bounds[place, 0] > bounds[place, 1]:
            channel, row, column = (int(i) for i in np.unravel_index(place, box.shape))
            where = f"template {number + 1}, row {row + 1}, column {column + 1}"
            raise _no_byte(task, f'feature "{name}"', where, task.channels[channel], interval)
    return lowest, highest


def _no_byte(task: Task, what: str, place: str, channel: str, interval: tuple[fmpq, fmpq]) -> InputError:
    return InputError(
        f"{what} has a pixel that no byte 0..255 can show",
        source=task.source,
        place=f'{place}, channel "{channel}"' if channel else place,
        found=f"the interval [{interval[0]}, {interval[1]}]",
        expected="an interval that holds a multiple of 1/255 of the pixel range",
        hint="A tolerance of 1/510 of the pixel range always suffices.",
    )

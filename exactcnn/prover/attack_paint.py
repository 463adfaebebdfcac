"""Scenes as pixels: floats to search with, rationals to keep; and uneven grounds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exactcnn.core.tensor import ExactTensor
from exactcnn.prover.attack_floats import Floats
from exactcnn.prover.attack_scenes import Scene
from exactcnn.task.generator import Draws
from exactcnn.task.model import Task
from exactcnn.task.packing import Rect

__all__ = ["Painter", "grounds"]


@dataclass
class Painter:
    """Turns scenes into pixels: floats to search with, rationals to keep."""

    task: Task
    _limits: dict[tuple[int, int, int], tuple[NDArray[np.object_], NDArray[np.object_]]] = field(default_factory=dict)

    @cached_property
    def span(self) -> tuple[float, float]:
        """The pixel range."""
        low, high = ExactTensor.from_rationals([self.task.pixel.low, self.task.pixel.high]).floats().tolist()
        return low, high

    @cached_property
    def boxes(self) -> Mapping[tuple[int, int], tuple[Floats, Floats, Floats, NDArray[np.bool_]]]:
        """(feature, template) -> low, high, the drawn value, and which pixels are not don't-cares.

        The middle of an interval is what was drawn, unless the interval was cut at an end of the pixel range.
        """
        found = {}
        pixel = self.task.pixel
        for number, feature in enumerate(self.task.features):
            for t, box in enumerate(feature.templates):
                low, high = box.low.floats(), box.high.floats()
                idle = box.low.at_most(ExactTensor.full((), pixel.low)) & ExactTensor.full((), pixel.high).at_most(
                    box.high
                )
                bottom, top = low <= self.span[0], high >= self.span[1]
                drawn = np.where(bottom & ~top, low, np.where(top & ~bottom, high, (low + high) / 2))
                found[number, t] = low, high, drawn, np.asarray(~idle, dtype=np.bool_)
        return found

    def limits(self, scene: Scene) -> tuple[Floats, Floats]:
        """(C, h, w) lower and upper ends of what keeps the scene's templates exhibited."""
        shape = len(self.task.channels), *scene.size
        low, high = np.full(shape, self.span[0]), np.full(shape, self.span[1])
        for place in scene.places:
            if not place.miss:
                part = _window(place.rect)
                least, most, _, _ = self.boxes[place.feature, place.template]
                low[part], high[part] = least, most
        return low, high

    def fixed(self, scene: Scene) -> NDArray[np.bool_]:
        """(C, h, w): which pixels the scene's templates and near misses take up."""
        taken = np.zeros((len(self.task.channels), *scene.size), dtype=np.bool_)
        for place in scene.places:
            taken[_window(place.rect)] |= self.boxes[place.feature, place.template][3]
        return taken

    def missed(self, scene: Scene) -> NDArray[np.bool_]:
        """(C, h, w): which pixels lie in the windows of near misses."""
        taken = np.zeros((len(self.task.channels), *scene.size), dtype=np.bool_)
        for place in scene.places:
            if place.miss:
                taken[_window(place.rect)] = True
        return taken

    def painted(self, scene: Scene, ground: Floats, shade: int | None = None) -> Floats:
        """The scene on a ground (C, h, w); `shade` 0 or 1 draws templates at the low or high end."""
        image = ground.copy()
        for place in scene.places:
            low, high, drawn, cares = self.boxes[place.feature, place.template]
            part = image[_window(place.rect)]
            part[cares] = (drawn if shade is None else (low, high)[shade])[cares]
            for pixel in place.miss:
                middle = low[pixel] + high[pixel]
                part[pixel] = self.span[0] if middle > self.span[0] + self.span[1] else self.span[1]
        return image

    def exact(self, scene: Scene, image: Floats, grid: int) -> ExactTensor:
        """The nearest image whose pixels are multiples of 1/grid of the pixel range; where a template's interval holds
        no such value, its centre.
        """
        low, high = self.task.pixel.low, self.task.pixel.high
        steps = np.rint((image - self.span[0]) / (self.span[1] - self.span[0]) * grid)
        levels = np.clip(steps, 0, grid).astype(np.int64).astype(object)
        values: NDArray[np.object_] | None = None
        for place in scene.places:
            if place.miss:
                continue
            part, (least, most) = _window(place.rect), self._steps(place.feature, place.template, grid)
            levels[part] = np.minimum(np.maximum(levels[part], least), most)
        result = ExactTensor.from_integers(levels, grid).scaled(high - low) + ExactTensor.full((), low)
        for place in scene.places:
            least, most = self._steps(place.feature, place.template, grid)
            empty = np.argwhere(least > most)
            if not place.miss and empty.size:
                values = np.array(result.tolist(), dtype=object) if values is None else values
                centre = self.task.features[place.feature].templates[place.template].centre()
                for c, i, j in empty.tolist():
                    values[c, place.rect.row + i, place.rect.column + j] = centre.item(c, i, j)
        return result if values is None else ExactTensor.from_rationals(values, shape=values.shape)

    def _steps(self, feature: int, template: int, grid: int) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
        """The least and the greatest multiple of 1/grid in each pixel's interval."""
        key = feature, template, grid
        if key not in self._limits:
            box, pixel = self.task.features[feature].templates[template], self.task.pixel
            scale = grid / (pixel.high - pixel.low)
            least, most = np.empty(box.shape, dtype=object), np.empty(box.shape, dtype=object)
            least[...] = np.reshape([int(((v - pixel.low) * scale).ceil()) for v in box.low.rationals()], box.shape)
            most[...] = np.reshape([int(((v - pixel.low) * scale).floor()) for v in box.high.rationals()], box.shape)
            self._limits[key] = least, most
        return self._limits[key]


def _window(rect: Rect) -> tuple[slice, slice, slice]:
    return slice(None), slice(rect.row, rect.bottom), slice(rect.column, rect.right)


def grounds(task: Task, size: tuple[int, int], draws: Draws, count: int) -> Iterator[Floats]:
    """Uneven grounds (C, h, w): noise, ramps, halves, stripes, blots."""
    low, high = (float(v.p) / float(v.q) for v in (task.pixel.low, task.pixel.high))
    shape = len(task.channels), *size
    for number in range(count):
        kind = number % 6
        a, b = draws.below(256) / 255, draws.below(256) / 255
        if kind == 0:
            unit = _noise(shape, draws)
        elif kind == 1:
            unit = np.clip(a + (_noise(shape, draws) - 0.5) / 4, 0, 1)
        elif kind == 2:
            unit = np.broadcast_to(a + (b - a) * np.linspace(0, 1, size[1]), shape).copy()
        elif kind == 3:
            unit = np.full(shape, a)
            unit[:, : 1 + draws.below(size[0])] = b
        elif kind == 4:
            period = 1 + draws.below(4)
            unit = np.where((np.arange(size[1]) // period % 2 == 0)[None, None, :], a, b) + np.zeros(shape)
        else:
            unit = np.full(shape, a)
            for _ in range(1 + draws.below(4)):
                top, left = draws.below(size[0]), draws.below(size[1])
                unit[:, top : top + 1 + draws.below(6), left : left + 1 + draws.below(6)] = draws.below(256) / 255
        yield low + (high - low) * unit


def _noise(shape: tuple[int, ...], draws: Draws) -> Floats:
    return np.asarray(draws.between(np.zeros(shape, dtype=np.int64), np.full(shape, 255, dtype=np.int64)) / 255)

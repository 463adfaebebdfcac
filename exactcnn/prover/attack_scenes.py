"""Where templates and near misses stand in a candidate image.

A near miss is a template in which some pixels are changed by enough in total to make the window clear of it. Everything
is drawn from a seed, and nothing is concluded here: `replay` decides every image.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.sizes import SizeRange
from exactcnn.task.canvas import generator_of
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.generator import Draws
from exactcnn.task.model import Task
from exactcnn.task.packing import Rect, pack
from exactcnn.task.selection import configurations, first_configuration

__all__ = ["Layouts", "Place", "Scene", "stretched_index"]

_PACKING_STEPS = 20_000
_SEARCH_STEPS = 20_000
_PLAIN_SIDE = 64
_CONFIGURATIONS = 3


@dataclass(frozen=True)
class Place:
    """A template in an image.

    Attributes
    ----------
    miss: the pixels (channel, row, column in the window) that make it a near miss; empty for the template itself.
    """

    feature: int
    template: int
    rect: Rect
    miss: tuple[tuple[int, int, int], ...] = ()


@dataclass(frozen=True)
class Scene:
    """A layout: what stands where in a core, one row and one column of which are repeated up to the whole image's size.

    Attributes
    ----------
    label: the number of the class that the image is meant to have.
    size: rows and columns of the core.
    whole: of the image.
    repeated: the row and the column of the core that are repeated.
    """

    label: int
    places: tuple[Place, ...]
    size: tuple[int, int]
    whole: tuple[int, int]
    repeated: tuple[int, int] = (-1, -1)


def stretched_index(length: int, target: int, place: int) -> NDArray[np.intp]:
    """Which row of the core each row of the image shows."""
    place %= length
    return np.array([*range(place), *[place] * (target - length), *range(place, length)], dtype=np.intp)


@dataclass
class Layouts:
    """Scenes drawn from a seed.

    Attributes
    ----------
    unfit: names of features that no image of the range has room for.
    stride: the network's steps down and across; features are put at all phases of them.
    """

    task: Task
    sizes: SizeRange
    stride: tuple[int, int]
    unfit: frozenset[str]
    _packed: dict[tuple[int, ...], tuple[int, int] | None] = field(default_factory=dict)

    @cached_property
    def spacing(self) -> int:
        """The generator's least distance between templates."""
        return generator_of(self.task).spacing

    @cached_property
    def configurations(self) -> Mapping[int, list[frozenset[str]]]:
        """Class -> a few of its small configurations."""
        return {label: self._small(c.name) for label, c in enumerate(self.task.classes)}

    def _small(self, name: str) -> list[frozenset[str]]:
        found: dict[frozenset[str], None] = {}
        effort = Effort(_SEARCH_STEPS)
        try:
            for number, one in enumerate(
                configurations(self.task, effort, label=name, exclude=self.unfit, extend=False)
            ):
                found[one] = None
                if number + 1 == _CONFIGURATIONS:
                    break
        except OutOfEffortError:
            pass
        return sorted(found, key=lambda c: (len(c), sorted(c)))

    def larger(self, label: int, draws: Draws) -> frozenset[str] | None:
        """A configuration of the class with a random feature more than it needs, if there is one."""
        names = [f.name for f in self.task.features if f.name not in self.unfit]
        if not names:
            return None
        extra = frozenset({draws.choice(names)})
        name = self.task.classes[label].name
        try:
            return first_configuration(self.task, Effort(_SEARCH_STEPS), label=name, include=extra, exclude=self.unfit)
        except OutOfEffortError:
            return None

    def scene(self, label: int, configuration: frozenset[str], draws: Draws, *, misses: int = 0) -> Scene | None:
        """The features of the configuration, and near misses of others, at random places; None if they do not fit."""
        chosen = [n for n, f in enumerate(self.task.features) if f.name in configuration]
        others = [n for n, f in enumerate(self.task.features) if n not in chosen and f.name not in self.unfit]
        near = draws.shuffled(others)[:misses]
        if len(near) < misses:
            return None
        needed = self._room(tuple(chosen + near))
        if needed is None:
            return None
        size, whole = self._sizes(needed, draws)
        rects = self._rects(chosen + near, size, draws)
        if rects is None:
            return None
        repeated = _blank(rects, 0, size[0]), _blank(rects, 1, size[1])
        if any(line is None and s != w for line, s, w in zip(repeated, size, whole, strict=True)):
            return None
        places = tuple(
            self._place(number, rect, draws, miss=position >= len(chosen))
            for position, (number, rect) in enumerate(zip(chosen + near, rects, strict=True))
        )
        return Scene(label, places, size, whole, (_or_last(repeated[0]), _or_last(repeated[1])))

    def _place(self, number: int, rect: Rect, draws: Draws, *, miss: bool) -> Place:
        feature = self.task.features[number]
        template = draws.below(len(feature.templates))
        return Place(number, template, rect, self._missed(number, template, draws) if miss else ())

    def _missed(self, number: int, template: int, draws: Draws) -> tuple[tuple[int, int, int], ...]:
        """Random pixels that, moved to the far end of the pixel range, take the window as far away as the gap."""
        feature, pixel = self.task.features[number], self.task.pixel
        box = feature.templates[template]
        shape = box.shape
        sides = zip(box.low.rationals(), box.high.rationals(), strict=True)
        far = [max(low - pixel.low, pixel.high - high) for low, high in sides]
        order = draws.shuffled([n for n, distance in enumerate(far) if distance > 0])
        # One pixel that is enough by itself is easier to see than several that are together.
        order.sort(key=lambda n: far[n] < feature.gap)
        total, chosen = fmpq(0), []
        for n in order:
            if total >= feature.gap:
                break
            total += far[n]
            chosen.append((n // (shape[1] * shape[2]), n // shape[2] % shape[1], n % shape[2]))
        return tuple(chosen)

    def _room(self, features: tuple[int, ...]) -> tuple[int, int] | None:
        """A small core of the range with room for the features; None if none was found."""
        if features not in self._packed:
            self._packed[features] = self._searched(features)
        return self._packed[features]

    def _searched(self, features: tuple[int, ...]) -> tuple[int, int] | None:
        windows = [(self.task.features[n].height, self.task.features[n].width) for n in features]
        least = max((h for h, _ in windows), default=1), max((w for _, w in windows), default=1)
        side = int(sum((h + self.spacing) * (w + self.spacing) for h, w in windows) ** 0.5)
        largest = self.sizes.max_height or (1 << 30), self.sizes.max_width or (1 << 30)
        previous = None
        for step in range(16):
            grown = side + step * max(1, side // 6)
            size = min(max(least[0], grown), largest[0]), min(max(least[1], grown), largest[1])
            if size == previous or size[0] < least[0] or size[1] < least[1]:
                break
            previous = size
            try:
                if pack(windows, size, self.spacing, Effort(_PACKING_STEPS)) is not None:
                    return size
            except OutOfEffortError:
                continue
        return None

    def _sizes(self, needed: tuple[int, int], draws: Draws) -> tuple[tuple[int, int], tuple[int, int]]:
        """A core with a little more room than needed, and the image that it is stretched to."""
        size, whole = [], []
        bounds = ((self.sizes.min_height, self.sizes.max_height), (self.sizes.min_width, self.sizes.max_width))
        for least, (low, high), stride in zip(needed, bounds, self.stride, strict=True):
            length = (max(least, low) if low <= _PLAIN_SIDE else least) + draws.below(stride + 3)
            length = length if high is None else min(length, high)
            target = max(length, low) + (draws.below(stride + 1) if length < low else 0)
            size.append(length)
            whole.append(target if high is None else min(target, high))
        return (size[0], size[1]), (whole[0], whole[1])

    def _rects(self, features: list[int], size: tuple[int, int], draws: Draws) -> list[Rect] | None:
        """Random places, now and then at the border or as near to each other as may be; packed where none are left."""
        windows = [(self.task.features[n].height, self.task.features[n].width) for n in features]
        for spacing in (draws.choice((self.spacing, 0)), self.spacing):
            placed: dict[int, Rect] = {}
            for n in draws.shuffled(list(range(len(windows)))):
                rect = _free(windows[n], size, list(placed.values()), spacing, draws)
                if rect is None:
                    break
                placed[n] = rect
            if len(placed) == len(windows):
                return [placed[n] for n in range(len(windows))]
        try:
            return pack(windows, size, self.spacing, Effort(_PACKING_STEPS))
        except OutOfEffortError:
            return None


def _free(
    window: tuple[int, int], size: tuple[int, int], others: list[Rect], spacing: int, draws: Draws
) -> Rect | None:
    rows, columns = size[0] - window[0] + 1, size[1] - window[1] + 1
    if rows < 1 or columns < 1:
        return None
    free = np.ones((rows, columns), dtype=np.bool_)
    for other in others:
        above, left = max(other.row - window[0] - spacing + 1, 0), max(other.column - window[1] - spacing + 1, 0)
        free[above : other.bottom + spacing, left : other.right + spacing] = False
    border = np.zeros_like(free)
    border[[0, -1], :] = border[:, [0, -1]] = True
    options = np.flatnonzero(free & border) if draws.below(3) == 0 else np.flatnonzero(free)
    if not options.size:
        options = np.flatnonzero(free)
    if not options.size:
        return None
    row, column = divmod(int(options[draws.below(options.size)]), columns)
    return Rect(row, column, *window)


def _blank(rects: list[Rect], axis: int, length: int) -> int | None:
    """A row (column) that no window covers."""
    spans = [(r.row, r.bottom) if axis == 0 else (r.column, r.right) for r in rects]
    return next((i for i in range(length - 1, -1, -1) if not any(a <= i < b for a, b in spans)), None)


def _or_last(line: int | None) -> int:
    return -1 if line is None else line

"""Putting images together: templates and found patches on a plain background.

Nothing here concludes anything: every image made is a candidate, and `replay` says exactly what it is.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.outcome import Stretched
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.canvas import generator_of
from exactcnn.task.decide import decide
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.model import Task
from exactcnn.task.packing import Rect, pack

__all__ = ["FREE", "Anchor", "Background", "Item", "backgrounds", "compose", "template_item"]

Background = tuple[fmpq, ...]
"""One value a channel."""

_PACKING_STEPS = 20_000
_LARGEST_CORE = 512


@dataclass(frozen=True)
class Anchor:
    """Where an item may stand along one axis.

    `free`: anywhere. `start`: its first row is `offset`. `end`: its last row is `offset` rows before the image's last.
    `phase`: its first row is `offset` modulo the stride. `room`: how many rows there are after it at least.
    """

    kind: Literal["free", "start", "end", "phase"]
    offset: int = 0
    room: int = 0


FREE = Anchor("free")


@dataclass(frozen=True)
class Item:
    """A patch to be put into an image.

    Attributes
    ----------
    values: (C, h, w).
    known: (C, h, w) Booleans: where False, the background shows.
    """

    values: ExactTensor
    known: NDArray[np.bool_]
    row: Anchor = FREE
    column: Anchor = FREE

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        return self.values.shape[1], self.values.shape[2]


def template_item(
    task: Task,
    feature: int,
    template: int,
    *,
    values: ExactTensor | None = None,
    row: Anchor = FREE,
    column: Anchor = FREE,
) -> Item:
    """A template as an item: at its centre unless `values` (C, a, b) are given; don't-cares show the background."""
    box = task.features[feature].templates[template]
    cares = ~(
        box.low.at_most(ExactTensor.full((), task.pixel.low)) & ExactTensor.full((), task.pixel.high).at_most(box.high)
    )
    return Item(box.centre() if values is None else values, np.asarray(cares, dtype=np.bool_), row, column)


def backgrounds(task: Task) -> list[Background]:
    """Plain backgrounds, those clear of every feature first (all of them if none is)."""
    spec = generator_of(task)
    low, high = task.pixel.low, task.pixel.high
    levels = [low, high, (low + high) / 2, low + (high - low) / 4, high - (high - low) / 4]
    found: list[Background] = [tuple(a for a, _ in spec.background), tuple((a + b) / 2 for a, b in spec.background)]
    found += [tuple(level for _ in task.channels) for level in levels]
    if len(task.channels) > 1:
        for channel in range(len(task.channels)):
            found.append(tuple(high if c == channel else low for c in range(len(task.channels))))
            found.append(tuple(low if c == channel else high for c in range(len(task.channels))))
    distinct = list(dict.fromkeys(found))
    rows, columns = task.largest_window
    clean = [b for b in distinct if decide(task, _plain(b, rows, columns)).configuration == frozenset()]
    return clean or distinct


def compose(
    items: Sequence[Item], background: Background, sizes: SizeRange, stride: tuple[int, int], spacing: int
) -> Iterator[Stretched]:
    """Images of the range that hold all items, the smallest first; few of them, and none if no place was found."""
    for height, width in _core_sizes(items, sizes, spacing):
        target = _target(height, sizes.min_height, stride[0]), _target(width, sizes.min_width, stride[1])
        if target not in sizes:
            continue
        places = _places(items, (height, width), stride, spacing)
        if places is None:
            continue
        picture = _stretched(items, places, background, (height, width), target)
        if picture is not None:
            yield picture
            return


def _core_sizes(items: Sequence[Item], sizes: SizeRange, spacing: int) -> Iterator[tuple[int, int]]:
    """Sizes of cores to try, growing: as tall and wide as every item needs, then larger."""
    rows = max((i.size[0] + i.row.offset + i.row.room for i in items), default=1)
    columns = max((i.size[1] + i.column.offset + i.column.room for i in items), default=1)
    area = sum((i.size[0] + spacing) * (i.size[1] + spacing) for i in items)
    most_rows = min(sizes.max_height or _LARGEST_CORE, _LARGEST_CORE)
    most_columns = min(sizes.max_width or _LARGEST_CORE, _LARGEST_CORE)
    side = max(1, int(area**0.5))
    previous = None
    for step in range(24):
        grown = side + step * max(1, side // 8)
        # One blank row and column more than needed, so that there is one to repeat.
        size = min(max(rows + 1, grown), most_rows), min(max(columns + 1, grown), most_columns)
        if size != previous and size[0] >= rows and size[1] >= columns:
            yield size
        previous = size


def _target(core: int, least: int, stride: int) -> int:
    """The length of the image for a core: at least the range's least, and a whole number of steps longer."""
    return core if core >= least else core + -(-(least - core) // stride) * stride


def _places(items: Sequence[Item], size: tuple[int, int], stride: tuple[int, int], spacing: int) -> list[Rect] | None:
    fixed: dict[int, Rect] = {}
    loose: list[int] = []
    for number, item in enumerate(items):
        starts = [
            _starts(anchor, extent, length, step)
            for anchor, extent, length, step in zip((item.row, item.column), item.size, size, stride, strict=True)
        ]
        if item.row == FREE and item.column == FREE:
            loose.append(number)
            continue
        places = (Rect(i, j, *item.size) for i in starts[0] for j in starts[1])
        rect = next((p for p in places if all(p.apart(other, spacing) for other in fixed.values())), None)
        if rect is None:
            return None
        fixed[number] = rect
    try:
        found = pack([items[n].size for n in loose], size, spacing, Effort(_PACKING_STEPS), fixed=list(fixed.values()))
    except OutOfEffortError:
        return None
    if found is None:
        return None
    fixed.update(zip(loose, found, strict=True))
    return [fixed[n] for n in range(len(items))]


def _starts(anchor: Anchor, extent: int, length: int, stride: int) -> list[int]:
    """The rows at which an item may start."""
    last = length - extent
    if anchor.kind == "start":
        starts = [anchor.offset]
    elif anchor.kind == "end":
        starts = [last - anchor.offset]
    else:
        starts = [i for i in range(last + 1) if anchor.kind == "free" or (i - anchor.offset) % stride == 0]
    return [i for i in starts if 0 <= i <= last - anchor.room]


def _stretched(
    items: Sequence[Item],
    places: Sequence[Rect],
    background: Background,
    core: tuple[int, int],
    target: tuple[int, int],
) -> Stretched | None:
    """The image; None where it has to grow but no row or column of pure background lies at the right place."""
    row, column = -1, -1
    if target[0] > core[0]:
        blank = _blank([(p.row, p.bottom, i.row) for i, p in zip(items, places, strict=True)], core[0])
        if blank is None:
            return None
        row = blank
    if target[1] > core[1]:
        blank = _blank([(p.column, p.right, i.column) for i, p in zip(items, places, strict=True)], core[1])
        if blank is None:
            return None
        column = blank
    image = _plain(background, *core).fractions()
    for item, place in zip(items, places, strict=True):
        part: NDArray[Any] = image[:, place.row : place.bottom, place.column : place.right]
        part[item.known] = item.values.fractions()[item.known]
    return Stretched(ExactTensor.from_rationals(image, shape=image.shape), *target, row, column)


def _blank(spans: Sequence[tuple[int, int, Anchor]], length: int) -> int | None:
    """The last place that no item covers, behind all that hangs on the start and before all that hangs on the end."""
    first = max((end for _, end, anchor in spans if anchor.kind in ("start", "phase")), default=0)
    last = min((start for start, _, anchor in spans if anchor.kind == "end"), default=length)
    for place in range(last - 1, first - 1, -1):
        if not any(start <= place < end for start, end, _ in spans):
            return place
    return None


def _plain(background: Background, height: int, width: int) -> ExactTensor:
    column = ExactTensor.from_rationals(list(background)).reshape(len(background), 1, 1)
    return column + ExactTensor.zeros((len(background), height, width))

"""Every way to place a configuration's templates in an image of one size, written without the task's generator."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import combinations

from exactcnn.core.outcome import Window
from exactcnn.task.model import Feature, Task

__all__ = ["configurations", "count_bound", "fitting", "placements"]


def fitting(task: Task, height: int, width: int) -> list[Feature]:
    """The features whose windows fit into an image of this size."""
    return [f for f in task.features if f.height <= height and f.width <= width]


def configurations(task: Task, height: int, width: int) -> Iterator[tuple[Feature, ...]]:
    """The sets of fitting features that satisfy exactly one class, small sets first."""
    features = fitting(task, height, width)
    for size in range(len(features) + 1):
        for chosen in combinations(features, size):
            if task.label(frozenset(f.name for f in chosen)) is not None:
                yield chosen


def count_bound(task: Task, height: int, width: int) -> int:
    """How many placements there are when the distance between templates is not looked at."""
    return sum(
        math.prod(len(f.templates) * (height - f.height + 1) * (width - f.width + 1) for f in chosen)
        for chosen in configurations(task, height, width)
    )


def placements(chosen: Sequence[Feature], height: int, width: int, spacing: int) -> Iterator[tuple[Window, ...]]:
    """All choices of a template and a place for each of these features whose windows keep the distance."""

    def extended(placed: list[tuple[Feature, Window]], rest: Sequence[Feature]) -> Iterator[tuple[Window, ...]]:
        if not rest:
            yield tuple(window for _, window in placed)
            return
        feature = rest[0]
        for row in range(height - feature.height + 1):
            for column in range(width - feature.width + 1):
                if all(_apart(feature, row, column, *other, spacing) for other in placed):
                    for template in range(len(feature.templates)):
                        window = Window(feature.name, template, row, column)
                        yield from extended([*placed, (feature, window)], rest[1:])

    return extended([], chosen)


def _apart(feature: Feature, row: int, column: int, other: Feature, window: Window, spacing: int) -> bool:
    """Whether `spacing` whole rows or columns lie between a feature's window at a place and a placed one."""
    return (
        row >= window.row + other.height + spacing
        or window.row >= row + feature.height + spacing
        or column >= window.column + other.width + spacing
        or window.column >= column + feature.width + spacing
    )

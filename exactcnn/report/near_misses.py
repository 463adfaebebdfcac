"""What an image nearly contains: why a network may take it for another."""

from __future__ import annotations

from dataclasses import dataclass, replace

from flint import fmpq

from exactcnn.core.outcome import Example, Window
from exactcnn.task.decide import decide
from exactcnn.task.model import Task

__all__ = ["Nearly", "near_misses"]

_MOST_PIXELS = 96 * 96
_NEAR = fmpq(5, 4)


@dataclass(frozen=True)
class Nearly:
    """The window of an image that is nearest to a feature which the image avoids.

    Attributes
    ----------
    window: its place, and the template that it is nearest to.
    excess: its excess over that template; at least the gap.
    gap: the feature's.
    """

    window: Window
    excess: fmpq
    gap: fmpq


def near_misses(example: Example, task: Task) -> tuple[Nearly, ...]:
    """Where the image is less than a gap and a quarter away from a feature that it avoids, one window a feature.

    Nothing is said of images of more than 96 times 96 pixels.
    """
    picture = example.picture
    if picture.height * picture.width > _MOST_PIXELS:
        return ()
    near = {f.name: replace(f, gap=_NEAR * f.gap) for f in task.features if f.name not in example.features}
    # With a wider gap, the windows that are no longer clear are the near ones.
    wider = replace(task, features=tuple(near.get(f.name, f) for f in task.features))
    found = []
    for feature, status in zip(task.features, decide(wider, picture.image(), limit=_MOST_PIXELS).statuses, strict=True):
        if feature.name in near and status.offending:
            miss = min(status.offending, key=lambda m: (m.excess, m.window.row, m.window.column))
            found.append(Nearly(miss.window, miss.excess, feature.gap))
    return tuple(found)

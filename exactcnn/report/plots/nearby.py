"""An image near a counterexample that the network gets right.

The nearest of all such images is not looked for: from each of a few images that are admissible and classified right,
pixels are changed to the counterexample's, one after another, for as long as the image stays admissible and right. In
the result no further pixel can be changed alone. The nearest of these results is taken; it is checked exactly.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from exactcnn.core.outcome import Example, Stretched, Window
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.task.decide import decide
from exactcnn.task.model import Task

__all__ = ["Nearby", "nearby_right"]

_MOST_PIXELS = 40 * 40
_MOST_CHECKS = 4000
_ROUNDS = 3


@dataclass(frozen=True)
class Nearby:
    """An admissible image that the network gets right, beside one that it gets wrong.

    Attributes
    ----------
    example: the image, with its label, features and logits.
    changed: the pixels (channel, row, column) that differ from the counterexample's.
    distance: the sum of the differences, the L1 distance of the two images.
    """

    example: Example
    changed: tuple[tuple[int, int, int], ...]
    distance: fmpq

    @property
    def order(self) -> tuple[int, fmpq]:
        """The smaller, the nearer: first by the number of changed pixels, then by how much they change."""
        return len(self.changed), self.distance


def nearby_right(task: Task, network: Network, example: Example) -> Nearby | None:
    """The nearest that was found to a counterexample; None if nothing was, or the image has over 1,600 pixels."""
    picture = example.picture
    if picture.height * picture.width > _MOST_PIXELS:
        return None
    search = _Search(task, network, picture.image())
    best: Nearby | None = None
    for start in _starts(task, example, search.target):
        found = search.approach(start)
        if found is not None and (
            best is None or (len(found.changed), found.distance) < (len(best.changed), best.distance)
        ):
            best = found
    return best


class _Search:
    def __init__(self, task: Task, network: Network, target: ExactTensor) -> None:
        self.task, self.network, self.target = task, network, target
        self.names = [c.name for c in task.classes]
        self.left = _MOST_CHECKS

    def approach(self, start: ExactTensor) -> Nearby | None:
        """From `start` towards the target, halves of the pixels first, then each alone."""
        if self.right(start) is None:
            return None
        values, wanted = start.rationals(), self.target.rationals()
        for _ in range(_ROUNDS):
            before = list(values)
            differing = [i for i, (a, b) in enumerate(zip(values, wanted, strict=True)) if a != b]
            self._take(values, wanted, differing)
            if values == before:
                break
        image = ExactTensor.from_rationals(values, self.target.shape)
        example = self.right(image)
        if example is None:
            return None
        changed = [tuple(int(i) for i in p) for p in np.argwhere((image - self.target).nonzero())]
        distance = sum((abs(a - b) for a, b in zip(values, wanted, strict=True)), fmpq(0))
        return Nearby(example, tuple((c, i, j) for c, i, j in changed), distance)

    def _take(self, values: list[fmpq], wanted: list[fmpq], places: list[int]) -> None:
        """Takes over the target's values at all of these places, or at as many as halving finds."""
        if not places or self.left <= 0:
            return
        kept = [values[i] for i in places]
        for i in places:
            values[i] = wanted[i]
        if self.right(ExactTensor.from_rationals(values, self.target.shape)) is not None:
            return
        for i, value in zip(places, kept, strict=True):
            values[i] = value
        if len(places) > 1:
            middle = len(places) // 2
            self._take(values, wanted, places[:middle])
            self._take(values, wanted, places[middle:])

    def right(self, image: ExactTensor) -> Example | None:
        """What the image is, if it is admissible and classified right."""
        self.left -= 1
        decision = decide(self.task, image, limit=1)
        if decision.label is None or decision.configuration is None:
            return None
        scores = tuple(logits(self.network, image.reshape(1, *image.shape), self.task.pixel)[0].rationals())
        windows = tuple(w for s in decision.statuses if s.state == "contains" for w in s.exhibiting[:1])
        features = tuple(f.name for f in self.task.features if f.name in decision.configuration)
        found = Example(Stretched.plain(image), decision.label, features, windows, scores)
        return found if found.lead(self.names.index(decision.label)) > 0 else None


def _starts(task: Task, example: Example, target: ExactTensor) -> Iterator[ExactTensor]:
    """Images like the counterexample: its windows at other values, moved, or left out, on quieter backgrounds."""
    low = ExactTensor.full(target.shape, task.pixel.low)
    middle = _pasted(task, target, example.windows)
    yield middle
    for shade in (low, ExactTensor.full(target.shape, (task.pixel.low + task.pixel.high) / 2)):
        yield _pasted(task, shade, example.windows)
        for down, right in ((-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (1, 1)):
            moved = tuple(Window(w.feature, w.template, w.row + down, w.column + right) for w in example.windows)
            if all(_inside(task, w, target) for w in moved):
                yield _pasted(task, shade, moved)
        yield shade


def _inside(task: Task, window: Window, image: ExactTensor) -> bool:
    feature = task.features[task.feature_index[window.feature]]
    return 0 <= window.row <= image.shape[1] - feature.height and 0 <= window.column <= image.shape[2] - feature.width


def _pasted(task: Task, image: ExactTensor, windows: tuple[Window, ...]) -> ExactTensor:
    """The image with the middles of the templates in these windows."""
    values = np.array(image.rationals(), dtype=object).reshape(image.shape)
    for window in windows:
        feature = task.features[task.feature_index[window.feature]]
        rows = slice(window.row, window.row + feature.height)
        columns = slice(window.column, window.column + feature.width)
        centre = feature.templates[window.template].centre()
        values[:, rows, columns] = np.array(centre.rationals(), dtype=object).reshape(centre.shape)
    return ExactTensor.from_rationals(values.tolist())

"""A decider for tiny instances that shares nothing with the package's: every image on a grid, in plain fractions."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from itertools import product

import numpy as np

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.task.model import Feature, Task

__all__ = ["admissible_label", "grid_images", "wrong_image"]

Pixels = list[list[list[Fraction]]]

_BATCH = 512


def wrong_image(
    task: Task, network: Network, height: int, width: int, grid: Sequence[Fraction]
) -> tuple[ExactTensor, str] | None:
    """The first admissible image (C, H, W) over the grid that the network gets wrong, and its label; None if none."""
    waiting: list[tuple[Pixels, str]] = []
    for image in grid_images(len(task.channels), height, width, grid):
        label = admissible_label(task, image)
        if label is not None:
            waiting.append((image, label))
        if len(waiting) == _BATCH:
            found = _first_wrong(task, network, waiting)
            if found is not None:
                return found
            waiting.clear()
    return _first_wrong(task, network, waiting) if waiting else None


def grid_images(channels: int, height: int, width: int, grid: Sequence[Fraction]) -> Iterator[Pixels]:
    """Every image whose pixels are all on the grid."""
    for flat in product(grid, repeat=channels * height * width):
        values = iter(flat)
        yield [[[next(values) for _ in range(width)] for _ in range(height)] for _ in range(channels)]


def admissible_label(task: Task, image: Pixels) -> str | None:
    """The image's label, or None if it is not admissible: THEOREM.md, section 1, word for word."""
    configuration = set()
    for feature in task.features:
        excesses = _excesses(feature, image)
        if any(excess == 0 for excess in excesses):
            configuration.add(feature.name)
        elif any(excess < Fraction(int(feature.gap.p), int(feature.gap.q)) for excess in excesses):
            return None
    names = [
        c.name
        for c in task.classes
        if any(a.requires <= configuration and a.forbids.isdisjoint(configuration) for a in c.alternatives)
    ]
    if not names:
        names = [c.name for c in task.classes if c.otherwise]
    return names[0] if len(names) == 1 else None


def _excesses(feature: Feature, image: Pixels) -> list[Fraction]:
    """The excess of every window over every template."""
    result = []
    for template in feature.templates:
        low, high = template.low.fractions(), template.high.fractions()
        for top in range(len(image[0]) - feature.height + 1):
            for left in range(len(image[0][0]) - feature.width + 1):
                total = Fraction(0)
                for (c, i, j), lower in np.ndenumerate(low):
                    value = image[c][top + i][left + j]
                    total += max(Fraction(0), value - high[c, i, j]) + max(Fraction(0), lower - value)
                result.append(total)
    return result


def _first_wrong(task: Task, network: Network, images: Sequence[tuple[Pixels, str]]) -> tuple[ExactTensor, str] | None:
    batch = ExactTensor.from_rationals([image for image, _ in images])
    rows = logits(network, batch, task.pixel).fractions()
    names = [c.name for c in task.classes]
    for number, ((_, label), row) in enumerate(zip(images, rows, strict=True)):
        k = names.index(label)
        if any(value >= row[k] for j, value in enumerate(row) if j != k):
            return batch[number], label
    return None

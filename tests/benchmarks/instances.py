"""Random tasks of any number of features, the same on every machine, whose features keep well apart."""

from __future__ import annotations

import itertools
import random

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.model import Alternative, Feature, GeneratorSpec, PixelRange, Task, TaskClass

__all__ = ["instance", "patterns"]

_GAP = fmpq(1, 2)
_TOLERANCE = fmpq(1, 16)
_BACKGROUND = fmpq(1, 8)
_TRIES = 100_000


def instance(features: int, size: int, classes: int, seed: int = 0) -> Task:
    """A task of `features` black-and-white patterns of size x size pixels.

    Class i has the features i, i + classes, i + 2 classes, .. as its group. With one feature in the group it requires
    it; with more it requires two neighbours of the group (one alternative each). Every alternative forbids the first
    feature of the next group. So the text of the task grows linearly with the number of features, each class has
    images, and the labels of images with features of several groups are not obvious.
    """
    if not 2 <= classes <= features:
        raise InputError("between two and as many classes as features are possible", found=str(classes))
    names = [f"f{k}" for k in range(features)]
    boxes = [_box(pattern) for pattern in patterns(features, size, seed)]
    return Task(
        name=f"{features}-features-{size}x{size}-{classes}-classes",
        features=tuple(Feature(n, (b,), _GAP) for n, b in zip(names, boxes, strict=True)),
        classes=tuple(
            TaskClass(f"c{i}", _alternatives(names[i::classes], names[(i + 1) % classes])) for i in range(classes)
        ),
        generator=GeneratorSpec(((fmpq(0), _BACKGROUND),), spacing=1),
    )


def patterns(count: int, size: int, seed: int = 0) -> list[NDArray[np.int64]]:
    """0/1 patterns that differ from each other, from a dark ground, and from any shifted copy of one another on a dark
    ground, in at least 3 pixels (2 for sizes below 4)."""
    distance = 3 if size >= 4 else 2
    source = random.Random(f"{size}-{seed}")
    found: list[NDArray[np.int64]] = []
    centres = np.empty((0,), dtype=np.uint64)
    seen = np.empty((0,), dtype=np.uint64)
    for _ in range(_TRIES):
        if len(found) == count:
            return found
        pattern = np.array([[source.randint(0, 1) for _ in range(size)] for _ in range(size)], dtype=np.int64)
        centre, shifts = _as_bits(pattern), _shifted(pattern)
        # A shift of a pattern against itself may be close: an image that contains the feature may also contain it
        # twice. Only windows of other patterns have to stay clear.
        if np.bitwise_count(centre).min() < distance or np.bitwise_count(centre ^ seen).min(initial=99) < distance:
            continue
        if np.bitwise_count(centres[:, None] ^ shifts[None, :]).min(initial=99) < distance:
            continue
        found.append(pattern)
        centres, seen = np.append(centres, centre), np.append(seen, shifts)
    raise InputError("not so many patterns keep apart", found=f"{count} of {size}x{size}")


def _as_bits(*windows: NDArray[np.int64]) -> NDArray[np.uint64]:
    """Each window's pixels as the bits of one number (up to 64 pixels)."""
    weights = np.uint64(1) << np.arange(windows[0].size, dtype=np.uint64)
    return np.array([(w.reshape(-1).astype(np.uint64) * weights).sum(dtype=np.uint64) for w in windows])


def _shifted(pattern: NDArray[np.int64]) -> NDArray[np.uint64]:
    """All windows that meet the pattern on a dark ground."""
    size = len(pattern)
    field = np.pad(pattern, size - 1)
    steps = range(2 * size - 1)
    return _as_bits(*(field[i : i + size, j : j + size] for i in steps for j in steps))


def _box(pattern: NDArray[np.int64]) -> Box:
    drawn, pixel = ExactTensor.from_integers(pattern[None]), PixelRange()
    return Box(drawn, drawn).widened(_TOLERANCE).cut(pixel.low, pixel.high)


def _alternatives(group: list[str], rival: str) -> tuple[Alternative, ...]:
    """Two neighbours of the group, or its only feature; never together with the rival."""
    pairs = [frozenset(pair) for pair in itertools.pairwise(group)] or [frozenset(group)]
    return tuple(Alternative(requires=pair, forbids=frozenset({rival})) for pair in pairs)

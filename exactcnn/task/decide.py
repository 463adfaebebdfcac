"""The exact decision for one image: which features it contains, which it avoids, and its label (THEOREM.md, section 1).

The excess of a window is a sum of max(0, x - high) and max(0, low - x) over its pixels, so the excesses of all windows
over a template are one convolution, with weights 0 and 1, of the maps max(0, x - t) and max(0, t - x), one map a
distinct channel, threshold and sign. Templates share maps, and are convolved together in groups that bound both the
maps and the memory; large images are taken in bands of rows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any, Literal

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.convolution import convolve2d
from exactcnn.core.outcome import Window
from exactcnn.core.tensor import ExactTensor, tier_for
from exactcnn.task.images import require_image
from exactcnn.task.model import Feature, PixelRange, Task

__all__ = ["Decision", "FeatureStatus", "NearMiss", "decide", "decide_batch"]

_MAX_MAPS = 64
_MAX_TEMPLATES = 256
_BAND_BYTES = 1 << 26
_SHOWN = 3

State = Literal["contains", "avoids", "neither"]
_MapKey = tuple[int, fmpq, int]
"""Channel, threshold, and the sign: 1 for max(0, x - threshold), -1 for max(0, threshold - x)."""


@dataclass(frozen=True)
class NearMiss:
    """A window that neither exhibits a feature nor is clear of it.

    Attributes
    ----------
    window: its place, and the template that it is nearest to (the first of several).
    excess: its excess over that template, between 0 and the feature's gap.
    """

    window: Window
    excess: fmpq


@dataclass(frozen=True)
class FeatureStatus:
    """What an image has to do with one feature.

    Attributes
    ----------
    name: the feature.
    state: "contains" when some window exhibits it, "avoids" when all windows are clear of it, "neither" otherwise.
    exhibiting: the windows that exhibit it, by row, column and template: all of them, or the first `limit`.
    exhibiting_count: how many there are.
    nearest: the least excess over all windows and templates; None if no window fits into the image.
    offending: the windows neither exhibiting nor clear, by row and column: all of them, or the first `limit`.
    offending_count: how many there are. They do no harm when the feature is contained.
    """

    name: str
    state: State
    exhibiting: tuple[Window, ...]
    exhibiting_count: int
    nearest: fmpq | None
    offending: tuple[NearMiss, ...]
    offending_count: int


@dataclass(frozen=True)
class Decision:
    """What a task says of an image.

    Attributes
    ----------
    statuses: one a feature, in the task's order.
    configuration: the features contained, if all the others are avoided; None otherwise.
    satisfied: the classes that the configuration satisfies, in the task's order; empty without a configuration.
    label: the class, if the image is admissible.
    reason: why the image is not admissible, in words; None if it is.
    """

    statuses: tuple[FeatureStatus, ...]
    configuration: frozenset[str] | None
    satisfied: tuple[str, ...]
    label: str | None
    reason: str | None

    @property
    def admissible(self) -> bool:
        """Whether every feature is contained or avoided and exactly one class is satisfied."""
        return self.label is not None


def decide(task: Task, image: ExactTensor, *, limit: int = 1000) -> Decision:
    """Decides an image exactly.

    Parameters
    ----------
    task: the task.
    image: (C, H, W), pixel values.
    limit: how many exhibiting and how many offending windows a feature are listed; all are counted.

    Raises
    ------
    InputError: the image has another shape than the task's images, or a pixel outside the pixel range.
    """
    require_image(image, len(task.channels), task.pixel)
    tallies = {f.name: _Tally(limit) for f in task.features}
    for group in _groups(_ByIdentity(task)):
        _scan(group, image, tallies)
    return _judge(task, tuple(tallies[f.name].status(f.name) for f in task.features))


def decide_batch(task: Task, images: ExactTensor, *, limit: int = 1000) -> Iterator[Decision]:
    """Decides the images (N, C, H, W) one after another; see `decide`."""
    return (decide(task, images[i], limit=limit) for i in range(len(images)))


# -- what the maps are, and which templates go together ----------------------------------------------------------------


@dataclass(frozen=True)
class _Group:
    """Features of one window size that are convolved together.

    Attributes
    ----------
    channel: the channel of each map, (M,).
    threshold, sign: of each map, (M, 1, 1).
    weight: (T, M, a, b) of 0 and 1; the features' templates one after another.
    starts: each feature's first template, (F,).
    """

    features: tuple[Feature, ...]
    channel: NDArray[np.intp]
    threshold: ExactTensor
    sign: ExactTensor
    weight: ExactTensor
    starts: NDArray[np.intp]


class _ByIdentity:
    """A task as a key of a cache: equal to itself only, so that no task has to be hashed pixel by pixel."""

    def __init__(self, task: Task) -> None:
        self.task = task

    def __hash__(self) -> int:
        return id(self.task)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByIdentity) and other.task is self.task


@lru_cache(maxsize=4)
def _groups(key: _ByIdentity) -> tuple[_Group, ...]:
    """All features of the task in groups of at most `_MAX_TEMPLATES` templates and `_MAX_MAPS` maps, where possible."""
    by_shape: dict[tuple[int, int], list[Feature]] = {}
    for feature in key.task.features:
        by_shape.setdefault((feature.height, feature.width), []).append(feature)
    groups = []
    for features in by_shape.values():
        members: list[Feature] = []
        uses: list[_Uses] = []
        keys: set[_MapKey] = set()
        for feature in features:
            used = [_uses(t.low, t.high, key.task.pixel) for t in feature.templates]
            more = keys.union(*used)
            if members and (len(more) > _MAX_MAPS or len(uses) + len(used) > _MAX_TEMPLATES):
                groups.append(_group(members, uses))
                members, uses, more = [], [], set().union(*used)
            members.append(feature)
            uses.extend(used)
            keys = more
        groups.append(_group(members, uses))
    return tuple(groups)


_Uses = dict[_MapKey, list[tuple[int, int]]]
"""For each map that a template needs, the pixels (row, column) at which it needs it."""


def _uses(low: ExactTensor, high: ExactTensor, pixel: PixelRange) -> _Uses:
    """The maps of one template; a bound at the end of the pixel range costs nothing on any image."""
    uses: _Uses = {}
    channels, height, width = low.shape
    places = [(c, i, j) for c in range(channels) for i in range(height) for j in range(width)]
    for bounds, sign, idle in ((high, 1, pixel.high), (low, -1, pixel.low)):
        for (channel, row, column), value in zip(places, bounds.rationals(), strict=True):
            if value != idle:
                uses.setdefault((channel, value, sign), []).append((row, column))
    return uses


def _group(features: Sequence[Feature], uses: Sequence[_Uses]) -> _Group:
    keys = sorted(set().union(*uses), key=lambda k: (k[0], k[2], k[1]))
    place = {key: i for i, key in enumerate(keys)}
    weight = np.zeros((len(uses), len(keys), features[0].height, features[0].width), dtype=tier_for(1))
    for template, used in enumerate(uses):
        for key, pixels in used.items():
            rows, columns = zip(*pixels, strict=True)
            weight[template, place[key], rows, columns] = 1
    counts = [len(f.templates) for f in features]
    return _Group(
        features=tuple(features),
        channel=np.array([k[0] for k in keys], dtype=np.intp),
        threshold=ExactTensor.from_rationals([k[1] for k in keys], (len(keys), 1, 1)),
        sign=ExactTensor.from_integers(np.array([k[2] for k in keys], dtype=np.int64).reshape(-1, 1, 1)),
        weight=ExactTensor(weight),
        starts=np.cumsum([0, *counts[:-1]]).astype(np.intp),
    )


# -- one image --------------------------------------------------------------------------------------------------------


@dataclass
class _Tally:
    """What was seen of one feature so far."""

    limit: int
    exhibiting: list[Window] = field(default_factory=list)
    exhibiting_count: int = 0
    nearest: fmpq | None = None
    offending: list[NearMiss] = field(default_factory=list)
    offending_count: int = 0

    def status(self, name: str) -> FeatureStatus:
        state: State = "contains" if self.exhibiting_count else "neither" if self.offending_count else "avoids"
        return FeatureStatus(
            name,
            state,
            tuple(self.exhibiting),
            self.exhibiting_count,
            self.nearest,
            tuple(self.offending),
            self.offending_count,
        )


def _scan(group: _Group, image: ExactTensor, tallies: dict[str, _Tally]) -> None:
    """Looks at all windows of the group's features, band by band."""
    templates, maps, height, width = group.weight.shape
    rows, columns = image.shape[1] - height + 1, image.shape[2] - width + 1
    if rows < 1 or columns < 1:
        return
    bytes_a_row = 8 * image.shape[2] * (templates + maps * (width + 2))
    band = max(1, _BAND_BYTES // bytes_a_row)
    for top in range(0, rows, band):
        part = image[:, top : min(top + band, rows) + height - 1]
        levels = (part[group.channel] - group.threshold).times(group.sign).relu()
        excess = convolve2d(levels.reshape(1, *levels.shape), group.weight)[0]
        _record(group, excess, top, tallies)


def _record(group: _Group, excess: ExactTensor, top: int, tallies: dict[str, _Tally]) -> None:
    """Adds a band of excesses (T, rows, columns) to the tallies of the group's features."""
    numbers, denominator = excess.numerators, excess.denominator
    least = np.minimum.reduceat(numbers, group.starts, axis=0)
    lowest = least.min(axis=(1, 2))
    # An integer n is below gap * denominator exactly when n <= ceil(gap * denominator) - 1; cut to the largest number
    # there is, so that the comparison stays inside the tier.
    ceilings = [min(int((f.gap * denominator).ceil()) - 1, excess.bound) for f in group.features]
    limits = np.array(ceilings, dtype=object).astype(numbers.dtype).reshape(-1, 1, 1)
    offending = (least > 0) & (least <= limits)
    exhibited = np.add.reduceat(numbers == 0, group.starts, axis=0, dtype=np.int64).sum(axis=(1, 2))
    offended = offending.sum(axis=(1, 2))
    for index, feature in enumerate(group.features):
        tally = tallies[feature.name]
        nearest = fmpq(int(lowest[index]), denominator)
        tally.nearest = nearest if tally.nearest is None else min(nearest, tally.nearest)
        if not (exhibited[index] or offended[index]):
            continue
        tally.exhibiting_count += int(exhibited[index])
        tally.offending_count += int(offended[index])
        start = group.starts[index]
        own = numbers[start : start + len(feature.templates)]
        for row, column, template in _first(np.moveaxis(own == 0, 0, 2), tally.limit - len(tally.exhibiting)):
            tally.exhibiting.append(Window(feature.name, template, top + row, column))
        for row, column in _first(offending[index], tally.limit - len(tally.offending)):
            template = int(own[:, row, column].argmin())
            window = Window(feature.name, template, top + row, column)
            tally.offending.append(NearMiss(window, fmpq(int(own[template, row, column]), denominator)))


def _first(marks: NDArray[np.bool_], count: int) -> Iterable[Any]:
    """The first places, in row-major order, that are marked."""
    if count <= 0:
        return ()
    found = np.flatnonzero(marks)[:count]
    return zip(*(axis.tolist() for axis in np.unravel_index(found, marks.shape)), strict=True)


# -- the answer -------------------------------------------------------------------------------------------------------


def _judge(task: Task, statuses: tuple[FeatureStatus, ...]) -> Decision:
    unclear = [s for s in statuses if s.state == "neither"]
    if unclear:
        return Decision(statuses, None, (), None, _almost_there(task, unclear))
    configuration = frozenset(s.name for s in statuses if s.state == "contains")
    satisfied = task.satisfied(configuration)
    if len(satisfied) == 1:
        return Decision(statuses, configuration, satisfied, satisfied[0], None)
    shown = ", ".join(f'"{s.name}"' for s in statuses if s.state == "contains") or "no feature"
    reason = (
        f"the image contains {shown}, and that satisfies more than one class: "
        + ", ".join(f'"{name}"' for name in satisfied)
        if satisfied
        else f"the image contains {shown}, and that satisfies no class"
    )
    return Decision(statuses, configuration, satisfied, None, reason)


def _almost_there(task: Task, unclear: Sequence[FeatureStatus]) -> str:
    parts = []
    for status in unclear[:_SHOWN]:
        gap = task.features[task.feature_index[status.name]].gap
        where = min(status.offending, key=lambda miss: miss.excess, default=None)
        at = f" in the window at row {where.window.row}, column {where.window.column}" if where else ""
        parts.append(
            f'feature "{status.name}" is only almost there{at}: '
            f"the excess is {where.excess if where else status.nearest}, where 0 or at least {gap} is needed"
        )
    more = len(unclear) - len(parts)
    return "; ".join(parts) + (f"; and {more} more" if more else "")

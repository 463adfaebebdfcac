"""Which placed templates can together make a window look like a feature that nobody placed: exact, by search.

Pixels of a generated image are independent in their intervals, so the least excess of a window over a template is the
sum over its pixels of the distance between two intervals: the template's and the one that the pixel is drawn from. That
is the background's interval except where a placed template covers the pixel. Templates are `spacing` apart, so each
pixel is covered at most once, and the sum splits into one non-negative cost for every placed template that overlaps the
window and one for every pixel left to the background.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.box import Box
from exactcnn.core.outcome import Window
from exactcnn.core.tensor import ExactTensor, cast_numerators, tier_for
from exactcnn.task.canvas import placed_boxes
from exactcnn.task.effort import Effort
from exactcnn.task.model import GeneratorSpec, Task
from exactcnn.task.packing import Rect

__all__ = ["Arrangement", "Overlap", "Scene", "Target"]

Costs = NDArray[Any]

_CELLS_A_STEP = 1 << 15


@dataclass(frozen=True)
class Overlap:
    """A placed template that overlaps the window of a target.

    Attributes
    ----------
    placed: the template, with its row and column relative to the window's.
    rect: where it stands, relative to the window.
    cost: the least excess of the window over the target, in the pixels that it covers.
    saving: what the background would cost there, less `cost`.
    """

    placed: Window
    rect: Rect
    cost: int
    saving: int


@dataclass(frozen=True)
class Arrangement:
    """Placed templates, relative to a window at row 0 and column 0, that let it come too close to a target."""

    target: Target
    overlaps: tuple[Overlap, ...]

    @property
    def names(self) -> frozenset[str]:
        """The features that are placed."""
        return frozenset(o.placed.feature for o in self.overlaps)

    @property
    def extent(self) -> Rect:
        """The least rectangle around the window and the placed templates."""
        rects = [self.target.window, *(o.rect for o in self.overlaps)]
        top, left = min(r.row for r in rects), min(r.column for r in rects)
        return Rect(top, left, max(r.bottom for r in rects) - top, max(r.right for r in rects) - left)


@dataclass(frozen=True)
class _Family:
    """All placed templates of one window size, stacked: bounds (T, C, h, w)."""

    owners: tuple[tuple[str, int], ...]
    low: Costs
    high: Costs


class Scene:
    """The intervals of a task and its generator as integers over one denominator."""

    def __init__(self, task: Task, spec: GeneratorSpec) -> None:
        self.task = task
        self.spec = spec
        boxes = placed_boxes(task, spec)
        self.boxes = boxes
        self._denominator, self._largest_cost = _common_scale(task, spec, boxes)
        # Twice the largest cost leaves room for doubled values and for the gap.
        self._dtype = tier_for(2 * self._largest_cost)
        by_shape: dict[tuple[int, ...], list[tuple[str, int]]] = {}
        for feature in task.features:
            for number in range(len(feature.templates)):
                by_shape.setdefault(feature.templates[0].shape, []).append((feature.name, number))
        self.families = tuple(
            _Family(
                tuple(owners),
                np.stack([self._scaled(boxes[name][number].low) for name, number in owners]),
                np.stack([self._scaled(boxes[name][number].high) for name, number in owners]),
            )
            for owners in by_shape.values()
        )

    def targets(self) -> Iterator[Target]:
        """Every template of every feature, as something that may appear unasked."""
        for feature in self.task.features:
            # A whole number reaches the gap when it reaches the gap rounded up; no cost tells two gaps beyond it apart.
            gap = min(int((feature.gap * self._denominator).ceil()), self._largest_cost + 1)
            for number, template in enumerate(feature.templates):
                low, high = self._scaled(template.low), self._scaled(template.high)
                yield Target(self, feature.name, number, low, high, self._background_costs(low, high), gap)

    def picture(self, placements: Iterable[Window], size: tuple[int, int], target: Target, window: Rect) -> ExactTensor:
        """The image (C, H, W) with these placements that comes nearest to the target in the window.

        Pixels outside the window are in the middle of their intervals.
        """
        low = np.empty((len(self.task.channels), *size), dtype=self._dtype)
        high = low.copy()
        for channel, (first, last) in enumerate(self.spec.background):
            low[channel], high[channel] = self._integer(first), self._integer(last)
        for placed in placements:
            box = self.boxes[placed.feature][placed.template]
            rows = slice(placed.row, placed.row + box.shape[1])
            columns = slice(placed.column, placed.column + box.shape[2])
            low[:, rows, columns], high[:, rows, columns] = self._scaled(box.low), self._scaled(box.high)
        # Twice every value, so that midpoints are whole.
        doubled = low + high
        part = (slice(None), slice(window.row, window.bottom), slice(window.column, window.right))
        low, high = low[part], high[part]
        nearest = np.where(low > target.high, 2 * low, 2 * high)
        shared_low, shared_high = np.maximum(low, target.low), np.minimum(high, target.high)
        doubled[part] = np.where(shared_low <= shared_high, shared_low + shared_high, nearest)
        return ExactTensor(doubled, 2 * self._denominator)

    def value(self, cost: int) -> fmpq:
        """What an integer cost means."""
        return fmpq(cost, self._denominator)

    def _background_costs(self, low: Costs, high: Costs) -> Costs:
        ends = [(self._integer(a), self._integer(b)) for a, b in self.spec.background]
        below = np.array([a for a, _ in ends], dtype=self._dtype).reshape(-1, 1, 1)
        above = np.array([b for _, b in ends], dtype=self._dtype).reshape(-1, 1, 1)
        return np.asarray(_distance(below, above, low, high).sum(axis=0))

    def _integer(self, value: fmpq) -> int:
        return int((value * self._denominator).p)

    def _scaled(self, tensor: ExactTensor) -> Costs:
        return cast_numerators(tensor.over(self._denominator).numerators, self._dtype)


def _common_scale(task: Task, spec: GeneratorSpec, boxes: Mapping[str, tuple[Box, ...]]) -> tuple[int, int]:
    """A denominator of all values, and a bound on the cost of any window in its units."""
    tensors = [t for f in task.features for b in (*f.templates, *boxes[f.name]) for t in (b.low, b.high)]
    values = [v for interval in spec.background for v in interval]
    values += [task.pixel.low, task.pixel.high]
    denominator = math.lcm(*(t.denominator for t in tensors), *(int(v.q) for v in values))
    largest = max(abs(int((v * denominator).p)) for v in values)
    pixels = len(task.channels) * max(f.height * f.width for f in task.features)
    return denominator, 2 * max(largest, 1) * pixels


def _distance(low: Costs, high: Costs, other_low: Costs, other_high: Costs) -> Costs:
    """The distance between two intervals, entry by entry."""
    gap = np.maximum(low - other_high, other_low - high)
    return np.asarray(np.maximum(gap, np.zeros((), dtype=gap.dtype)))


@dataclass(frozen=True)
class Target:
    """A template that may appear in a window although its feature was not placed.

    Attributes
    ----------
    feature, template: which.
    low, high: its bounds, (C, a, b), in the scene's integers.
    background: the cost of each pixel of the window, (a, b), where nothing covers it.
    gap: the least cost that is clear.
    """

    scene: Scene
    feature: str
    template: int
    low: Costs
    high: Costs
    background: Costs
    gap: int

    @property
    def window(self) -> Rect:
        """The window, at row 0 and column 0."""
        return Rect(0, 0, *self.background.shape)

    def overlaps(self, *, helpful: bool, among: Collection[str] | None = None) -> Iterator[Overlap]:
        """The placed templates of other features that overlap the window at a cost below the gap.

        `helpful` leaves out those that save nothing against the background; `among` leaves out other features.
        """
        for family in self.scene.families:
            height, width = family.low.shape[2:]
            for row in range(1 - height, self.window.height):
                for column in range(1 - width, self.window.width):
                    yield from self._overlaps_at(family, row, column, helpful, among)

    def _overlaps_at(
        self, family: _Family, row: int, column: int, helpful: bool, among: Collection[str] | None
    ) -> Iterator[Overlap]:
        height, width = family.low.shape[2:]
        mine, theirs = [], []
        for start, length, own in ((row, height, self.window.height), (column, width, self.window.width)):
            mine.append(slice(max(start, 0), min(start + length, own)))
            theirs.append(slice(max(-start, 0), min(own - start, length)))
        plain = self.background[mine[0], mine[1]].sum()
        if helpful and plain <= 0:
            return
        distances = _distance(
            family.low[:, :, theirs[0], theirs[1]],
            family.high[:, :, theirs[0], theirs[1]],
            self.low[:, mine[0], mine[1]],
            self.high[:, mine[0], mine[1]],
        )
        costs = distances.sum(axis=(1, 2, 3))
        for index in np.flatnonzero(costs < min(self.gap, plain) if helpful else costs < self.gap).tolist():
            name, number = family.owners[index]
            if name != self.feature and (among is None or name in among):
                cost = int(costs[index])
                placed = Window(name, number, row, column)
                yield Overlap(placed, Rect(row, column, height, width), cost, int(plain) - cost)

    def arrangements(
        self, possible: Callable[[frozenset[str]], bool], most: tuple[int, int], effort: Effort
    ) -> Iterator[Arrangement]:
        """Arrangements that let the window come closer than the gap: every other one contains one of these.

        Parameters
        ----------
        possible: whether these features can be placed together while the target's is not; when it says no, more
            features are not possible either.
        most: the largest image's height and width.

        Raises
        ------
        OutOfEffortError: the search became too long.
        """
        return _Cover(self, possible, most, effort).run()


@dataclass(frozen=True)
class _Partial:
    """A node of the search.

    Attributes
    ----------
    chosen: numbers of overlaps.
    paid: their costs, and those of the pixels left to the background so far.
    usable: the overlaps that may still be chosen.
    open: the costly pixels neither covered nor paid for.
    """

    chosen: tuple[int, ...]
    paid: int
    usable: NDArray[np.bool_]
    open: NDArray[np.bool_]


class _Cover:
    """Depth-first search for helpful overlaps that cover the costly pixels of a target's window.

    A costly pixel is either left to the background, and paid for, or covered by some overlap, whose whole cost is paid.
    All costs are non-negative, so a branch ends when the gap is paid.
    """

    def __init__(
        self,
        target: Target,
        possible: Callable[[frozenset[str]], bool],
        most: tuple[int, int],
        effort: Effort,
    ) -> None:
        self.target = target
        self.possible = possible
        self.most = most
        self.effort = effort
        self.items: Sequence[Overlap] = list(target.overlaps(helpful=True))
        self.cost = np.array([o.cost for o in self.items], dtype=target.background.dtype)
        covers = np.zeros((len(self.items), *target.background.shape), dtype=np.bool_)
        for place, overlap in enumerate(self.items):
            rect = overlap.rect
            covers[place, max(rect.row, 0) : rect.bottom, max(rect.column, 0) : rect.right] = True
        self.covers = covers.reshape(len(self.items), target.background.size)
        self.ends = np.array(
            [(o.rect.row, o.rect.bottom, o.rect.column, o.rect.right) for o in self.items], dtype=np.int64
        ).reshape(-1, 4)
        names = {f.name: i for i, f in enumerate(target.scene.task.features)}
        self.owner = np.array([names[o.placed.feature] for o in self.items], dtype=np.int64)
        self.background = target.background.reshape(-1)

    def run(self) -> Iterator[Arrangement]:
        """The arrangements of `Target.arrangements`."""
        if not self._fits(()) or not self.possible(frozenset()):
            return
        first = _Partial((), 0, np.ones(len(self.items), dtype=np.bool_), self.background > 0)
        # A stack of its own: as many pixels may be left to the background, one after another, as a window has.
        stack: list[Iterator[_Partial]] = [iter((first,))]
        while stack:
            partial = next(stack[-1], None)
            if partial is None:
                stack.pop()
                continue
            self.effort.spend(1 + self.covers.size // _CELLS_A_STEP)
            if partial.paid + int(self.background[partial.open].sum()) < self.target.gap:
                yield Arrangement(self.target, tuple(self.items[i] for i in partial.chosen))
            else:
                stack.append(self._branches(partial))

    def _branches(self, partial: _Partial) -> Iterator[_Partial]:
        """The ways to settle one more pixel."""
        usable = partial.usable & (self.cost < self.target.gap - partial.paid)
        counts = self.covers[usable].sum(axis=0)
        lost = partial.open & (counts == 0)
        paid = partial.paid + int(self.background[lost].sum())
        if paid >= self.target.gap:
            return
        still_open = partial.open & ~lost
        # The pixel with the fewest ways to cover it makes the fewest branches. One is open: else all were paid above.
        pixel = int(np.where(still_open, counts, len(self.items) + 1).argmin())
        ways = np.flatnonzero(usable & self.covers[:, pixel])
        for item in ways[np.argsort(self.cost[ways], kind="stable")].tolist():
            more = (*partial.chosen, item)
            if self._fits(more) and self.possible(frozenset(self.items[i].placed.feature for i in more)):
                yield _Partial(
                    more,
                    paid + self.items[item].cost,
                    usable & self._compatible(item),
                    still_open & ~self.covers[item],
                )
            # Whatever holds this one has been seen.
            usable[item] = False
        paid += int(self.background[pixel])
        if paid < self.target.gap:
            still_open[pixel] = False
            yield _Partial(partial.chosen, paid, usable & ~self.covers[:, pixel], still_open)

    def _fits(self, chosen: tuple[int, ...]) -> bool:
        extent = Arrangement(self.target, tuple(self.items[i] for i in chosen)).extent
        return extent.height <= self.most[0] and extent.width <= self.most[1]

    def _compatible(self, item: int) -> NDArray[np.bool_]:
        """The overlaps of other features that keep their distance from one."""
        top, bottom, left, right = self.ends[item].tolist()
        spacing = self.target.scene.spec.spacing
        apart = (
            (self.ends[:, 0] >= bottom + spacing)
            | (self.ends[:, 1] + spacing <= top)
            | (self.ends[:, 2] >= right + spacing)
            | (self.ends[:, 3] + spacing <= left)
        )
        return np.asarray(apart & (self.owner != self.owner[item]), dtype=np.bool_)

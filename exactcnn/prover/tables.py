"""Interval bounds of every channel: everywhere, by border kind, and where a window exhibits a template.

These are exact and cheap (one convolution a question), and they propose all the facts that are then proved.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor, concatenate, stack
from exactcnn.prover.instance import Instance, WindowClass
from exactcnn.solvers.pool import Deadline
from exactcnn.theorem.bounds import field_bounds, unknown_fields
from exactcnn.theorem.geometry import Seen
from exactcnn.theorem.local import Placed
from exactcnn.theorem.stem import Kind

__all__ = ["Sight", "Tables", "Trigger", "Weights"]

Sight = tuple[Seen, Seen]
"""One way in which a position sees a window: along the rows and along the columns."""

Weights = tuple[tuple[int, int], ...]
"""Channels, ascending, with positive integers: what is summed."""

_CHUNK = 256


@dataclass(frozen=True)
class Trigger:
    """A template that makes a channel fire: where it exhibits, the channel is at least `bound`."""

    placed: Placed
    kind: Kind
    bound: fmpq


@dataclass
class _Group:
    """All templates of one window size.

    Attributes
    ----------
    members: (feature, template), in order.
    bounds: for every sight, a lower bound (T, K) of the channels where the template is exhibited.
    classes: the classes of windows of this size.
    """

    members: list[tuple[int, int]]
    bounds: dict[Sight, ExactTensor] = field(default_factory=dict)
    classes: list[WindowClass] = field(default_factory=list)


class Tables:
    """Interval bounds of an instance, computed once.

    Deep stems with padding have thousands of ways to see a window, so that everything that is asked for here may raise
    OutOfTimeError where a deadline is given.
    """

    def __init__(self, instance: Instance, deadline: Deadline | None = None) -> None:
        self._instance = instance
        self._deadline = Deadline(None) if deadline is None else deadline

    @cached_property
    def by_kind(self) -> Mapping[Kind, Box]:
        """(K,) bounds of the channels at positions of each border kind, on any image."""
        instance = self._instance
        pixel = instance.task.pixel
        anything = unknown_fields(instance.stem, 1, pixel.low, pixel.high)
        found = {}
        for kind in instance.kinds:
            self._deadline.remaining()
            bounds = field_bounds(instance.stem, kind, anything)
            found[kind] = Box(bounds.low[0], bounds.high[0])
        return found

    @cached_property
    def everywhere(self) -> Box:
        """(K,) bounds of the channels at all positions, on any image."""
        kinds = list(self.by_kind.values())
        return Box(stack([b.low for b in kinds]).min(0), stack([b.high for b in kinds]).max(0))

    @cached_property
    def lower(self) -> Mapping[tuple[int, int], Mapping[int, fmpq]]:
        """(feature, template) -> channel -> a bound that some position reaches, wherever the window is.

        Only bounds above the channel's lower bound everywhere are listed.
        """
        least = self.everywhere.low
        found: dict[tuple[int, int], dict[int, fmpq]] = {}
        for group in self._groups:
            if not group.classes:
                continue
            best = self._guaranteed(group)
            for t, k in np.argwhere(least.less(best)).tolist():
                found.setdefault(group.members[t], {})[k] = best.item(t, k)
        return found

    @cached_property
    def triggers(self) -> Mapping[int, list[Trigger]]:
        """Channel -> the templates that make it fire above its lower bound everywhere, the strongest first."""
        least = self.everywhere.low
        found: dict[int, list[Trigger]] = {}
        for group in self._groups:
            for (rows, columns), bounds in group.bounds.items():
                kind = rows.signature, columns.signature
                for t, k in np.argwhere(least.less(bounds)).tolist():
                    placed = Placed(*group.members[t], rows.offset, columns.offset)
                    found.setdefault(k, []).append(Trigger(placed, kind, bounds.item(t, k)))
        for listed in found.values():
            listed.sort(key=lambda trigger: (-trigger.bound, trigger.placed))
        return found

    def jointly(self, feature: int, template: int, weights: Weights) -> fmpq | None:
        """What the weighted sum of channels reaches at some position, wherever a window exhibits the template.

        None if there is no such window in any image.
        """
        group, index = self._place[feature, template]
        least: fmpq | None = None
        for rows, columns in group.classes:
            self._deadline.remaining()
            values = [_weighted(group.bounds[r, c], index, weights) for r in rows for c in columns]
            best = max(values, default=_weighted(self.everywhere.low, None, weights))
            least = best if least is None else min(least, best)
        return least

    def raised(self, feature: int, template: int) -> frozenset[int]:
        """The channels that the template raises above what they are at least anyway, in some sight."""
        return self._raised.get((feature, template), frozenset())

    @cached_property
    def _raised(self) -> Mapping[tuple[int, int], frozenset[int]]:
        found: dict[tuple[int, int], set[int]] = {}
        for k, triggers in self.triggers.items():
            for trigger in triggers:
                found.setdefault((trigger.placed.feature, trigger.placed.template), set()).add(k)
        return {member: frozenset(channels) for member, channels in found.items()}

    def sights(self, feature: int, template: int, weights: Weights, bound: fmpq) -> list[Sight] | None:
        """For every class of windows, a sight that reaches the bound (distinct ones only); None if a class has none."""
        group, index = self._place[feature, template]
        chosen: dict[Sight, None] = {}
        for rows, columns in group.classes:
            sight = next(
                (
                    (r, c)
                    for r in rows
                    for c in columns
                    if (r, c) in group.bounds and _weighted(group.bounds[r, c], index, weights) >= bound
                ),
                None,
            )
            if sight is None:
                return None
            chosen[sight] = None
        return list(chosen)

    def sight(
        self, feature: int, template: int, weights: Weights, bound: fmpq, window_class: WindowClass
    ) -> tuple[int, int] | None:
        """Which way of seeing a class of windows, along the rows and the columns, reaches the bound."""
        group, index = self._place[feature, template]
        rows, columns = window_class
        for i, r in enumerate(rows):
            for j, c in enumerate(columns):
                if _weighted(group.bounds[r, c], index, weights) >= bound:
                    return i, j
        return None

    def weakest_classes(self, feature: int, template: int, channel: int) -> list[WindowClass]:
        """The classes of windows of this template, those that guarantee the channel least first."""
        group, index = self._place[feature, template]

        def strength(window_class: WindowClass) -> fmpq:
            values = [group.bounds[r, c].item(index, channel) for r in window_class[0] for c in window_class[1]]
            return max(values, default=self.everywhere.low.item(channel))

        return sorted(group.classes, key=strength)

    def widest(self, feature: int, template: int) -> int:
        """A template of the feature that holds all of this one, if there is any: clear of it is clear of this one.

        Of several the one whose ends are this one's at the fewest pixels: there the excess over it says most.
        """
        known = self._widest.get((feature, template))
        if known is None:
            known = self._widest[feature, template] = self._around(feature, template)
        return known

    @cached_property
    def _widest(self) -> dict[tuple[int, int], int]:
        return {}

    @cached_property
    def _ends(self) -> dict[int, tuple[NDArray[np.float64], NDArray[np.float64]]]:
        return {}

    def _around(self, feature: int, template: int) -> int:
        boxes, pixel = self._instance.task.features[feature].templates, self._instance.task.pixel
        if len(boxes) == 1:
            return template
        if feature not in self._ends:
            self._ends[feature] = np.stack([b.low.floats() for b in boxes]), np.stack([b.high.floats() for b in boxes])
        lows, highs = self._ends[feature]
        own, axes = boxes[template], (1, 2, 3)
        # Rounding to floats keeps the order, so that none is missed; of those that are found exact numbers decide.
        may = (lows <= lows[template]).all(axis=axes) & (highs >= highs[template]).all(axis=axes)
        inner = ~own.low.at_most(ExactTensor.full((), pixel.low)), ~ExactTensor.full((), pixel.high).at_most(own.high)
        shared = ((lows == lows[template]) & inner[0]).sum(axis=axes) + ((highs == highs[template]) & inner[1]).sum(
            axis=axes
        )
        for other in sorted(np.flatnonzero(may).tolist(), key=lambda t: (int(shared[t]), t)):
            box = boxes[other]
            if bool(box.low.at_most(own.low).all()) and bool(own.high.at_most(box.high).all()):
                return int(other)
        return template

    @cached_property
    def _place(self) -> Mapping[tuple[int, int], tuple[_Group, int]]:
        return {member: (group, i) for group in self._groups for i, member in enumerate(group.members)}

    @cached_property
    def _groups(self) -> list[_Group]:
        instance = self._instance
        by_size: dict[tuple[int, int], _Group] = {}
        for number, feature in enumerate(instance.task.features):
            group = by_size.setdefault((feature.height, feature.width), _Group([]))
            group.members += [(number, template) for template in range(len(feature.templates))]
        for (height, width), group in by_size.items():
            group.classes = list(instance.window_classes(height, width))
            sights = {(r, c): None for rows, columns in group.classes for r in rows for c in columns}
            for sight in sights:
                group.bounds[sight] = self._exhibited(group, sight)
        return list(by_size.values())

    def _exhibited(self, group: _Group, sight: Sight) -> ExactTensor:
        """(T, K) lower bounds where each template is exhibited at the sight's offset."""
        instance = self._instance
        stem, pixel = instance.stem, instance.task.pixel
        rows, columns = sight
        parts = []
        for start in range(0, len(group.members), _CHUNK):
            self._deadline.remaining()
            boxes = [instance.task.features[f].templates[t] for f, t in group.members[start : start + _CHUNK]]
            fields = unknown_fields(stem, len(boxes), pixel.low, pixel.high)
            height, width = boxes[0].shape[1:]
            window = (slice(rows.offset, rows.offset + height), slice(columns.offset, columns.offset + width))
            known = Box(
                _pasted(fields.low, stack([b.low for b in boxes]), window),
                _pasted(fields.high, stack([b.high for b in boxes]), window),
            )
            parts.append(field_bounds(stem, (rows.signature, columns.signature), known).low)
        return concatenate(parts)

    def _guaranteed(self, group: _Group) -> ExactTensor:
        """(T, K): the least over the classes of the best over the sights."""
        worst: ExactTensor | None = None
        floor = self.everywhere.low + ExactTensor.zeros((len(group.members), 1))
        for rows, columns in group.classes:
            best = floor
            for r in rows:
                for c in columns:
                    best = best.maximum(group.bounds[r, c])
            worst = best if worst is None else worst.minimum(best)
        return floor if worst is None else worst


def _weighted(bounds: ExactTensor, index: int | None, weights: Weights) -> fmpq:
    """The weighted sum of bounds (T, K) of one template's channels, or of bounds (K,)."""
    return sum((a * bounds.item(*(() if index is None else (index,)), k) for k, a in weights), fmpq(0))


def _pasted(fields: ExactTensor, patch: ExactTensor, window: tuple[slice, slice]) -> ExactTensor:
    """The fields (N, C, R, S) with the patch (N, C, a, b) in the window."""
    both = concatenate([fields.reshape(-1), patch.reshape(-1)])
    numerators = both.numerators[: fields.size].reshape(fields.shape).copy()
    numerators[:, :, window[0], window[1]] = both.numerators[fields.size :].reshape(patch.shape)
    return ExactTensor(numerators, both.denominator)

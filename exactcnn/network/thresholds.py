"""Thresholds and gaps of the built detectors: what THEOREM.md, section 2 calls relaxing outwards.

Why a detector is right. Let `e` be the excess of a window over a template, and `e'` the excess over the relaxed box
[low', high'] with low' <= low and high' >= high. A pixel is above its interval or below it, never both, so relaxing
changes its part of the excess by at most the larger of the two sides' relaxations; let `delta` be the sum of those
over the template. Then e - delta <= e' <= e, and with 0 < g' <= gap - delta the detector max(0, 1 - e'/g') is
exactly 1 where e = 0 and exactly 0 where e >= gap.

Everything here is integers over one denominator, so that a thousand templates take a fraction of a second.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.errors import InputError
from exactcnn.core.rational import floor_power_of_two
from exactcnn.network.model import InputUnit
from exactcnn.task.model import Task

__all__ = ["FINEST_BITS", "Arithmetic", "DetectorPlan", "Threshold", "plan_detectors"]

Arithmetic = Literal["dyadic", "rational"]
Integers = NDArray[Any]
FINEST_BITS = 8
"""The finest dyadic grid that thresholds are put on is 2^-8, the grid of 8-bit images."""


@dataclass(frozen=True)
class Threshold:
    """One first-layer channel: max(0, x - value) if `above`, else max(0, value - x), x in the plan's unit."""

    channel: int
    above: bool
    value: fmpq


@dataclass(frozen=True)
class DetectorPlan:
    """Everything that the stem of a built network needs to know.

    Attributes
    ----------
    thresholds: the distinct thresholds, by channel, then side (below first), then value.
    taps: (n, 4) integers: template, threshold, row, column; the relaxed excess of a template is the sum of its taps.
    windows: rows and columns of each template; templates are numbered feature by feature.
    features: the feature, by its place in the task, that each template belongs to.
    gaps: g' of each template, positive.
    bits: thresholds are multiples of 2^-bits; None where they are exact.
    unit: what thresholds and gaps are measured in.
    """

    thresholds: tuple[Threshold, ...]
    taps: NDArray[np.int64]
    windows: tuple[tuple[int, int], ...]
    features: tuple[int, ...]
    gaps: tuple[fmpq, ...]
    bits: int | None
    unit: InputUnit


@dataclass(frozen=True)
class _Pixels:
    """All pixels of all templates one after another, as integers over `denominator`, in the plan's unit.

    `low` and `high` are the drawn intervals, `wide_low` and `wide_high` those widened by the slack; `floor` and
    `ceiling` the ends of the pixel range; `starts` says where each template begins. The denominator is a multiple
    of 2^FINEST_BITS.
    """

    denominator: int
    low: Integers
    high: Integers
    wide_low: Integers
    wide_high: Integers
    floor: int
    ceiling: int
    starts: NDArray[np.int64]

    def relaxed(self, bits: int | None) -> tuple[Integers, Integers]:
        """The widened intervals rounded outwards to the grid (not at all for None), cut to the pixel range."""
        low, high = self.wide_low, self.wide_high
        if bits is not None:
            # A multiple of `step` over the denominator is a multiple of 2^-bits.
            step = self.denominator >> bits
            low, high = low // step * step, -(-high // step) * step
        return np.maximum(low, self.floor), np.minimum(high, self.ceiling)

    def costs(self, low: Integers, high: Integers) -> list[fmpq]:
        """For each template the delta of this module's text, for these relaxed intervals."""
        sums = np.add.reduceat(np.maximum(high - self.high, self.low - low), self.starts)
        return [fmpq(int(n), self.denominator) for n in sums]


def plan_detectors(task: Task, *, arithmetic: Arithmetic, slack: fmpq, unit: InputUnit) -> DetectorPlan:
    """Thresholds, taps and gaps for every template of the task.

    Half of `slack * gap` widens the intervals, in equal parts over the template's constrained pixels, and half is
    kept out of g'. Rational arithmetic then takes g' = what is left of the gap. Dyadic arithmetic rounds thresholds
    outwards to a grid 2^-d and takes the largest power of two that is left. The grids are nested, so the finest one
    (d = 8) gives every template its largest g'; the task gets the smallest d that gives all templates the same g'
    as d = 8 does, hence what an exact grid would give wherever some d <= 8 reaches that.

    Raises
    ------
    InputError: an unknown arithmetic, a slack outside [0, 1), or a gap that the finest grid uses up.
    """
    if arithmetic not in ("dyadic", "rational"):
        raise InputError("unknown arithmetic", found=repr(arithmetic), expected='"dyadic" or "rational"')
    if not 0 <= slack < 1:
        raise InputError("the slack is not a part of the gap", found=str(slack), expected="0 <= slack < 1")
    gaps = [_in_unit(task, unit, f.gap, length=True) for f in task.features for _ in f.templates]
    pixels = _widened(_drawn(task, unit), [gap * slack / 2 for gap in gaps])
    usable = [gap - gap * slack / 2 for gap in gaps]
    bits = None
    if arithmetic == "rational":
        chosen = [left - cost for left, cost in zip(usable, pixels.costs(*pixels.relaxed(None)), strict=True)]
    else:
        bits, chosen = _choose_grid(task, pixels, usable, unit)
    thresholds, taps = _collect(task, pixels, pixels.relaxed(bits))
    owners = [(index, f) for index, f in enumerate(task.features) for _ in f.templates]
    return DetectorPlan(
        thresholds=thresholds,
        taps=taps,
        windows=tuple((f.height, f.width) for _, f in owners),
        features=tuple(index for index, _ in owners),
        gaps=tuple(chosen),
        bits=bits,
        unit=unit,
    )


def _in_unit(task: Task, unit: InputUnit, value: fmpq, *, length: bool = False) -> fmpq:
    """A pixel value, or a difference of two (`length`), in the network's unit."""
    if unit is InputUnit.PIXEL:
        return value
    origin = fmpq(0) if length else task.pixel.low
    return (value - origin) * 255 / (task.pixel.high - task.pixel.low)


def _drawn(task: Task, unit: InputUnit) -> _Pixels:
    """The task's own intervals, not widened."""
    boxes = [t for f in task.features for t in f.templates]
    low, high = task.pixel.low, task.pixel.high
    shared = math.lcm(*(b.low.denominator for b in boxes), *(b.high.denominator for b in boxes))
    # value = (n/shared - origin) * scale, with all three denominators and the grid's folded into one.
    origin, scale = (fmpq(0), fmpq(1)) if unit is InputUnit.PIXEL else (low, 255 / (high - low))
    ends = [_in_unit(task, unit, end) for end in (low, high)]
    denominator = math.lcm(shared * int(origin.q) * int(scale.q), *(int(end.q) for end in ends), 1 << FINEST_BITS)
    factor = scale * fmpq(denominator, shared)
    shift = origin * scale * denominator

    def numerators(tensors: list[Any]) -> Integers:
        flat = np.concatenate([(t.integers() * (shared // t.denominator)).reshape(-1) for t in tensors])
        return flat * int(factor.p) - int(shift.p)

    lows, highs = numerators([b.low for b in boxes]), numerators([b.high for b in boxes])
    starts = np.cumsum([0] + [b.low.size for b in boxes[:-1]])
    floor, ceiling = (int((end * denominator).p) for end in ends)
    return _Pixels(denominator, lows, highs, lows, highs, floor, ceiling, starts)


def _widened(pixels: _Pixels, budgets: list[fmpq]) -> _Pixels:
    """The pixels with each template's budget spent, in equal parts, on widening its constrained pixels."""
    if not any(budgets):
        return pixels
    constrained = ((pixels.low > pixels.floor) | (pixels.high < pixels.ceiling)).astype(np.int64)
    counts = np.add.reduceat(constrained, pixels.starts)
    shares = [budget / max(int(count), 1) for budget, count in zip(budgets, counts, strict=True)]
    factor = math.lcm(pixels.denominator, *(int(s.q) for s in shares)) // pixels.denominator
    denominator = pixels.denominator * factor
    lengths = np.diff(np.append(pixels.starts, pixels.low.size))
    amounts = np.array([int((s * denominator).p) for s in shares], dtype=object).repeat(lengths)
    low, high = pixels.low * factor, pixels.high * factor
    return _Pixels(
        denominator,
        low,
        high,
        low - amounts,
        high + amounts,
        pixels.floor * factor,
        pixels.ceiling * factor,
        pixels.starts,
    )


def _choose_grid(task: Task, pixels: _Pixels, usable: list[fmpq], unit: InputUnit) -> tuple[int, list[fmpq]]:
    """The coarsest grid that gives every template as large a g' as the finest does, and those g'."""
    costs = pixels.costs(*pixels.relaxed(FINEST_BITS))
    for number, (left, cost) in enumerate(zip(usable, costs, strict=True)):
        if left <= cost:
            raise _too_small(task, number, left, cost, unit)
    best = [floor_power_of_two(left - cost) for left, cost in zip(usable, costs, strict=True)]
    for bits in range(FINEST_BITS):
        costs = pixels.costs(*pixels.relaxed(bits))
        if all(cost + gap <= left for left, cost, gap in zip(usable, costs, best, strict=True)):
            return bits, best
    return FINEST_BITS, best


def _too_small(task: Task, number: int, usable: fmpq, cost: fmpq, unit: InputUnit) -> InputError:
    """The error for a template whose gap is used up by the finest grid."""
    name, template = [(f.name, i) for f in task.features for i in range(len(f.templates))][number]
    measure = "" if unit is InputUnit.PIXEL else " (in byte units)"
    short = cost - usable
    return InputError(
        f'the gap of feature "{name}" is too small for dyadic weights: rounding the thresholds of template {template} '
        f"outwards to multiples of 2^-{FINEST_BITS} uses up {cost}{measure}, "
        + (f"{short} more than there is" if short else "all that there is"),
        source=task.source,
        found=f"a usable gap of {usable}{measure}",
        expected=f"more than {cost}{measure}",
        hint='Enlarge the gap, draw on a coarser grid, or build with arithmetic="rational".',
    )


def _collect(
    task: Task, pixels: _Pixels, relaxed: tuple[Integers, Integers]
) -> tuple[tuple[Threshold, ...], NDArray[np.int64]]:
    """The distinct thresholds and the taps that use them; sides at the ends of the pixel range give nothing."""
    shapes = [t.shape for f in task.features for t in f.templates]
    places = np.concatenate(
        [
            np.column_stack([np.full(math.prod(shape), number), np.indices(shape).reshape(3, -1).T])
            for number, shape in enumerate(shapes)
        ]
    )
    low, high = relaxed
    keys: list[tuple[int, bool, int]] = []
    rows = []
    for above, values, active in ((False, low, low > pixels.floor), (True, high, high < pixels.ceiling)):
        kept = active.astype(bool)
        rows.append(places[kept])
        keys += [(int(c), above, int(v)) for c, v in zip(places[kept, 1], values[kept], strict=True)]
    order = sorted(set(keys))
    index = {key: i for i, key in enumerate(order)}
    taps = np.concatenate(rows)
    taps[:, 1] = [index[key] for key in keys]
    return tuple(Threshold(c, above, fmpq(v, pixels.denominator)) for c, above, v in order), taps.astype(np.int64)

"""A template's excess and detector as functions of one or two pixels: their exact linear pieces.

All other pixels of the window stay at those of a given window, so that the excess is a constant `rest` plus what the
chosen pixels add. max(0, x - high) + max(0, low - x) bends at `low` and `high`, and the detector max(0, 1 - excess/gap)
bends once more where the excess reaches the gap: every breakpoint is solved for, none is sampled.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import InputUnit
from exactcnn.network.thresholds import Arithmetic, plan_detectors
from exactcnn.task.model import PixelRange, Task

__all__ = ["Detector", "Piece", "Place", "Region", "Zone", "detector_of", "line_pieces", "plane_pieces", "zones"]

Place = tuple[int, int, int]
"""A pixel of a window: channel, row, column."""
Point = tuple[fmpq, fmpq]
_ZERO, _ONE = fmpq(0), fmpq(1)


@dataclass(frozen=True)
class Detector:
    """max(0, 1 - excess/gap) of one template.

    Attributes
    ----------
    feature, template: whose it is.
    box: the intervals that the excess is measured to, (channels, height, width): the task's own, or those that a
        built network relaxed outwards.
    gap: where the detector reaches 0; the task's gap, or what the relaxation left of it.
    drawn, drawn_gap: the task's own intervals and gap, which say what exhibiting and being clear mean.
    pixel: the pixel range.
    """

    feature: str
    template: int
    box: Box
    gap: fmpq
    drawn: Box
    drawn_gap: fmpq
    pixel: PixelRange

    def excess(self, window: ExactTensor) -> fmpq:
        """The excess of a window of the template's shape."""
        return self.box.excess(window)

    def level(self, window: ExactTensor) -> fmpq:
        """The detector's value at a window of the template's shape."""
        return max(_ZERO, 1 - self.box.excess(window) / self.gap)

    def interval(self, place: Place) -> tuple[fmpq, fmpq]:
        """The interval of one pixel.

        Raises
        ------
        InputError: the window has no such pixel.
        """
        shape = self.box.shape
        if not all(0 <= i < n for i, n in zip(place, shape, strict=True)):
            raise InputError(
                "the window has no such pixel",
                found=f"channel {place[0]}, row {place[1]}, column {place[2]}",
                expected=f"{shape[0]} channels, {shape[1]} rows, {shape[2]} columns, counted from 0",
            )
        return self.box.low.item(*place), self.box.high.item(*place)

    def rest(self, window: ExactTensor, places: Sequence[Place]) -> fmpq:
        """The excess of a window without what these pixels add to it."""
        parts = (self.interval(place) for place in places)
        return self.excess(window) - sum(
            (_distance(window.item(*p), *i) for p, i in zip(places, parts, strict=True)), _ZERO
        )


def detector_of(task: Task, feature: str, template: int = 0, *, arithmetic: Arithmetic = "rational") -> Detector:
    """A template's detector.

    Parameters
    ----------
    arithmetic: "rational" for the task's own thresholds and gap; "dyadic" for those of the network that `build` makes.

    Raises
    ------
    InputError: no such feature or template, or a gap too small for dyadic weights.
    """
    index = task.feature_index.get(feature)
    if index is None:
        known = ", ".join(f'"{f.name}"' for f in task.features)
        raise InputError("no such feature", source=task.source, found=f'"{feature}"', expected=f"one of {known}")
    owner = task.features[index]
    if not 0 <= template < len(owner.templates):
        raise InputError(
            f'feature "{feature}" has no such template',
            source=task.source,
            found=str(template),
            expected=f"0 to {len(owner.templates) - 1}",
        )
    drawn = owner.templates[template]
    plan = plan_detectors(task, arithmetic=arithmetic, slack=_ZERO, unit=InputUnit.PIXEL)
    number = sum(len(f.templates) for f in task.features[:index]) + template
    ends = {
        False: ExactTensor.full(drawn.shape, task.pixel.low).tolist(),
        True: ExactTensor.full(drawn.shape, task.pixel.high).tolist(),
    }
    for _, tap, row, column in plan.taps[plan.taps[:, 0] == number].tolist():
        threshold = plan.thresholds[tap]
        ends[threshold.above][threshold.channel][row][column] = threshold.value
    low, high = (
        ExactTensor.from_rationals([v for plane in ends[side] for line in plane for v in line], drawn.shape)
        for side in (False, True)
    )
    return Detector(feature, template, Box(low, high), plan.gaps[number], drawn, owner.gap, task.pixel)


def _distance(x: fmpq, low: fmpq, high: fmpq) -> fmpq:
    return max(_ZERO, x - high, low - x)


# -- one pixel --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Piece:
    """slope * x + constant on [start, end]."""

    start: fmpq
    end: fmpq
    slope: fmpq
    constant: fmpq

    def value(self, x: fmpq) -> fmpq:
        """The piece's value at x."""
        return self.slope * x + self.constant


@dataclass(frozen=True)
class Zone:
    """What windows with this pixel in [start, end] are: "exhibits", "neither" or "clear" (of this one template)."""

    start: fmpq
    end: fmpq
    state: str


def line_pieces(detector: Detector, place: Place, window: ExactTensor) -> tuple[tuple[Piece, ...], tuple[Piece, ...]]:
    """The excess and the detector as functions of one pixel: their maximal linear pieces, from left to right.

    Parameters
    ----------
    place: the pixel.
    window: gives all other pixels their values, (channels, height, width).

    Raises
    ------
    InputError: the window has no such pixel.
    """
    low, high = detector.interval(place)
    rest = detector.rest(window, [place])
    ends = (detector.pixel.low, detector.pixel.high)
    excess = _joined(
        [
            Piece(max(ends[0], start), min(ends[1], end), slope, constant)
            for start, end, slope, constant in (
                (ends[0], low, fmpq(-1), low + rest),
                (low, high, _ZERO, rest),
                (high, ends[1], _ONE, rest - high),
            )
        ]
    )
    level: list[Piece] = []
    for piece in excess:
        rising = Piece(piece.start, piece.end, -piece.slope / detector.gap, 1 - piece.constant / detector.gap)
        level += _clipped(rising)
    return excess, _joined(level)


def _clipped(piece: Piece) -> list[Piece]:
    """max(0, piece), in up to two pieces."""
    first, last = piece.value(piece.start), piece.value(piece.end)
    nought = Piece(piece.start, piece.end, _ZERO, _ZERO)
    if first <= 0 and last <= 0:
        return [nought]
    if first >= 0 and last >= 0:
        return [piece]
    root = -piece.constant / piece.slope
    return [Piece(piece.start, root, *_line(piece, first)), Piece(root, piece.end, *_line(piece, last))]


def _line(piece: Piece, value: fmpq) -> tuple[fmpq, fmpq]:
    return (piece.slope, piece.constant) if value > 0 else (_ZERO, _ZERO)


def _joined(pieces: Sequence[Piece]) -> tuple[Piece, ...]:
    """Without pieces of length 0, and with neighbours that continue each other as one."""
    result: list[Piece] = []
    for piece in pieces:
        if piece.start >= piece.end:
            continue
        last = result[-1] if result else None
        if last is not None and (last.slope, last.constant) == (piece.slope, piece.constant):
            result[-1] = Piece(last.start, piece.end, piece.slope, piece.constant)
        else:
            result.append(piece)
    return tuple(result)


def zones(detector: Detector, place: Place, window: ExactTensor) -> tuple[Zone, ...]:
    """Where the pixel makes the window exhibit the template, be clear of it, or neither, by the task's own words."""
    own = Detector(
        detector.feature,
        detector.template,
        detector.drawn,
        detector.drawn_gap,
        detector.drawn,
        detector.drawn_gap,
        detector.pixel,
    )
    excess, level = line_pieces(own, place, window)
    cuts = sorted({x for pieces in (excess, level) for p in pieces for x in (p.start, p.end)})
    found: list[Zone] = []
    for start, end in pairwise(cuts):
        middle = (start + end) / 2
        value = next(p.value(middle) for p in excess if p.start <= middle <= p.end)
        state = "exhibits" if value == 0 else "clear" if value >= own.gap else "neither"
        if found and found[-1].state == state:
            start = found.pop().start
        found.append(Zone(start, end, state))
    return tuple(found)


# -- two pixels -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Region:
    """slope_x * x + slope_y * y + constant on a convex polygon.

    Attributes
    ----------
    corners: in order around the polygon, at least three.
    """

    corners: tuple[Point, ...]
    slope_x: fmpq
    slope_y: fmpq
    constant: fmpq

    def value(self, x: fmpq, y: fmpq) -> fmpq:
        """The function's value."""
        return self.slope_x * x + self.slope_y * y + self.constant

    @property
    def area(self) -> fmpq:
        """The polygon's area."""
        twice = _ZERO
        for (x, y), (u, v) in zip(self.corners, (*self.corners[1:], self.corners[0]), strict=True):
            twice += x * v - u * y
        return abs(twice) / 2

    @property
    def is_zero(self) -> bool:
        """Whether the function is 0 here."""
        return self.slope_x == self.slope_y == self.constant == 0

    def inside(self, x_range: tuple[fmpq, fmpq], y_range: tuple[fmpq, fmpq]) -> Region | None:
        """The part in a rectangle; None if it has no area."""
        part = self.corners
        for number, (low, high) in enumerate((x_range, y_range)):
            part = _cut(part, lambda *p, n=number, end=low: p[n] - end)
            part = _cut(part, lambda *p, n=number, end=high: end - p[n])
        return Region(part, self.slope_x, self.slope_y, self.constant) if part else None

    def between(self, low: fmpq, high: fmpq) -> tuple[Point, ...]:
        """The corners of the part where low <= value <= high; none if it has no area."""
        part = _cut(self.corners, lambda x, y: self.value(x, y) - low)
        return _cut(part, lambda x, y: high - self.value(x, y))


def plane_pieces(detector: Detector, first: Place, second: Place, window: ExactTensor) -> tuple[Region, ...]:
    """The detector as a function of two pixels, as linear pieces that fill the square of all their values.

    A piece where the detector is positive is maximal; the rest, where it is 0, comes in several.

    Parameters
    ----------
    first, second: the pixels, along x and along y.
    window: gives all other pixels their values, (channels, height, width).

    Raises
    ------
    InputError: the window has no such pixel, or the two are one.
    """
    if first == second:
        raise InputError("two different pixels are needed", found=f"{first} twice")
    rest = detector.rest(window, [first, second])
    regions = []
    for x_start, x_end, x_slope, x_constant in _sides(detector, first):
        for y_start, y_end, y_slope, y_constant in _sides(detector, second):
            square = ((x_start, y_start), (x_end, y_start), (x_end, y_end), (x_start, y_end))
            scale = -1 / detector.gap
            whole = Region(square, scale * x_slope, scale * y_slope, 1 + scale * (rest + x_constant + y_constant))
            regions += _signed(whole)
    return tuple(regions)


def _sides(detector: Detector, place: Place) -> list[tuple[fmpq, fmpq, fmpq, fmpq]]:
    """Start, end, slope and constant of one pixel's part of the excess."""
    low, high = detector.interval(place)
    parts = [
        (detector.pixel.low, low, fmpq(-1), low),
        (low, high, _ZERO, _ZERO),
        (high, detector.pixel.high, _ONE, -high),
    ]
    return [part for part in parts if part[0] < part[1]]


def _signed(region: Region) -> list[Region]:
    """max(0, region), in up to two pieces."""
    positive = _cut(region.corners, region.value)
    negative = _cut(region.corners, lambda x, y: -region.value(x, y))
    parts = []
    if positive and not region.is_zero:
        parts.append(Region(positive, region.slope_x, region.slope_y, region.constant))
    if negative:
        parts.append(Region(negative, _ZERO, _ZERO, _ZERO))
    return parts


def _cut(corners: Sequence[Point], value: Callable[[fmpq, fmpq], fmpq]) -> tuple[Point, ...]:
    """The part of a convex polygon where an affine function is at least 0; nothing if that has no area."""
    kept: list[Point] = []
    for here, there in zip(corners, (*corners[1:], *corners[:1]), strict=True):
        a, b = value(*here), value(*there)
        if a >= 0:
            kept.append(here)
        if (a > 0 > b) or (a < 0 < b):
            share = a / (a - b)
            kept.append((here[0] + share * (there[0] - here[0]), here[1] + share * (there[1] - here[1])))
    distinct = tuple(dict.fromkeys(kept))
    return distinct if len(distinct) >= 3 else ()

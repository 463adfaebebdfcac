"""Boxes: the excess is the L1 distance, and its extremes over another box are attained."""

from __future__ import annotations

from itertools import product

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor

T = ExactTensor
NUMBERS = st.builds(fmpq, st.integers(-6, 6), st.sampled_from([1, 2, 3]))


@st.composite
def boxes(draw: st.DrawFn, size: int = 3) -> Box:
    intervals = draw(st.lists(st.tuples(NUMBERS, NUMBERS).map(sorted), min_size=size, max_size=size))
    return Box(*(T.from_rationals([i[side] for i in intervals]) for side in (0, 1)))


def tensor(*values: fmpq | int) -> T:
    return T.from_rationals(list(values))


def distance(box: Box, point: list[fmpq]) -> fmpq:
    zero = fmpq(0)
    return sum(
        (max(zero, p - h, lo - p) for p, lo, h in zip(point, box.low.rationals(), box.high.rationals(), strict=True)),
        zero,
    )


@given(boxes(), st.lists(NUMBERS, min_size=3, max_size=3))
def test_excess(box: Box, point: list[fmpq]) -> None:
    excess = box.excess(tensor(*point))
    assert excess == distance(box, point)
    inside = all(lo <= p <= h for p, lo, h in zip(point, box.low.rationals(), box.high.rationals(), strict=True))
    assert (excess == 0) == inside


@given(boxes(), boxes())
def test_extreme_excesses_over_another_box(box: Box, other: Box) -> None:
    corners = product(*zip(other.low.rationals(), other.high.rationals(), strict=True))
    assert box.largest_excess(other) == max(distance(box, list(corner)) for corner in corners)
    # The nearest point, entry by entry: the interval's own point nearest to the box.
    nearest = other.low.maximum(box.low.minimum(other.high))
    nearest = nearest.minimum(box.high.maximum(other.low))
    assert box.smallest_excess(other) == box.excess(nearest)
    assert box.smallest_excess(other) == other.smallest_excess(box)


@given(boxes(), NUMBERS.filter(lambda v: v >= 0))
def test_widened(box: Box, amount: fmpq) -> None:
    wide = box.widened(amount)
    assert wide.smallest_excess(box) == 0
    assert wide.largest_excess(box) == 0
    assert box.largest_excess(wide) == 3 * amount


@given(boxes())
def test_cut_and_centre(box: Box) -> None:
    cut = box.cut(fmpq(0), fmpq(1))
    assert all(0 <= v <= 1 for v in cut.low.rationals() + cut.high.rationals())
    assert cut.cut(fmpq(0), fmpq(1)) == cut
    assert box.excess(box.centre()) == 0
    assert box.centre() - box.low == box.high - box.centre()


def test_scalar_and_empty_boxes() -> None:
    assert Box(T.full((), 1), T.full((), 2)).excess(T.full((), 5)) == 3
    assert Box(T.zeros((0,)), T.zeros((0,))).excess(T.zeros((0,))) == 0


@pytest.mark.parametrize(
    ("low", "high"),
    [(tensor(1), tensor(0)), (tensor(0, 0), tensor(0)), (tensor(0, 1), tensor(1, fmpq(2**70 - 1, 2**70)))],
)
def test_refused(low: T, high: T) -> None:
    with pytest.raises(ValueError, match="box"):
        Box(low, high)

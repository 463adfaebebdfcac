"""The exact search for places against all places."""

from __future__ import annotations

from itertools import pairwise, product

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.packing import Rect, area_needed, growing, pack

SIDES = st.integers(1, 3)
EFFORT = 10**6


def cells(rect: Rect) -> set[tuple[int, int]]:
    return set(product(range(rect.row, rect.bottom), range(rect.column, rect.right)))


def far_enough(first: Rect, second: Rect, spacing: int) -> bool:
    """Whether the first, widened by the spacing on all sides, holds no pixel of the second."""
    wide = Rect(first.row - spacing, first.column - spacing, first.height + 2 * spacing, first.width + 2 * spacing)
    return not cells(wide) & cells(second)


def good(found: list[Rect], size: tuple[int, int], spacing: int, fixed: list[Rect], free: Rect | None) -> bool:
    everything = fixed + found
    return (
        all(rect.inside(*size) for rect in found)
        and all(free is None or not cells(free) & cells(rect) for rect in found)
        and all(
            far_enough(a, b, spacing)
            for k, a in enumerate(everything)
            for b in everything[:k]
            if a in found or b in found
        )
    )


def some_place_for_all(
    windows: list[tuple[int, int]], size: tuple[int, int], spacing: int, fixed: list[Rect], free: Rect | None
) -> bool:
    places = [[Rect(i, j, h, w) for i in range(size[0] - h + 1) for j in range(size[1] - w + 1)] for h, w in windows]
    return any(good(list(found), size, spacing, fixed, free) for found in product(*places))


@given(
    st.lists(st.tuples(SIDES, SIDES), max_size=3),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.integers(0, 2),
    st.lists(st.builds(Rect, st.integers(0, 3), st.integers(0, 3), st.integers(1, 2), st.integers(1, 2)), max_size=1),
    st.one_of(st.none(), st.builds(Rect, st.integers(0, 3), st.integers(0, 3), SIDES, SIDES)),
)
@example([(1, 1)], (3, 1), 1, [Rect(0, 0, 1, 1)], None)
@example([(1, 1)], (1, 4), 2, [Rect(0, 0, 1, 1)], None)
@example([(2, 1)], (5, 1), 1, [], Rect(0, 0, 3, 1))
@example([(1, 2)], (1, 3), 0, [], Rect(0, 0, 1, 1))
@example([(1, 1), (1, 1)], (4, 1), 1, [], Rect(0, 0, 1, 1))
@settings(max_examples=150)
def test_finds_a_place_exactly_when_there_is_one(
    windows: list[tuple[int, int]], size: tuple[int, int], spacing: int, fixed: list[Rect], free: Rect | None
) -> None:
    found = pack(windows, size, spacing, Effort(EFFORT), fixed=fixed, keep_free=free)
    if found is None:
        assert not some_place_for_all(windows, size, spacing, fixed, free)
    else:
        assert [(r.height, r.width) for r in found] == windows
        assert good(found, size, spacing, fixed, free)


@given(st.builds(Rect, SIDES, SIDES, SIDES, SIDES), st.builds(Rect, SIDES, SIDES, SIDES, SIDES), st.integers(0, 3))
def test_apart_is_symmetric_and_means_no_shared_pixel_after_widening(a: Rect, b: Rect, spacing: int) -> None:
    assert a.apart(b, spacing) is b.apart(a, spacing) is far_enough(a, b, spacing)


def test_perfect_fits_and_one_less() -> None:
    # Four dominoes around a middle that is kept free: the only way at 3x3.
    dominoes = [(1, 2), (2, 1), (1, 2), (2, 1)]
    assert pack(dominoes, (3, 3), 0, Effort(EFFORT), keep_free=Rect(1, 1, 1, 1)) is not None
    assert pack(dominoes, (3, 3), 0, Effort(EFFORT), keep_free=Rect(0, 0, 1, 1)) is None
    squares = [(2, 2)] * 4
    assert pack(squares, (5, 5), 1, Effort(EFFORT)) is not None
    assert pack(squares, (5, 4), 1, Effort(EFFORT)) is None
    assert 4 * area_needed((2, 2), 1) == area_needed((5, 5), 1)


def test_a_search_too_long_says_so() -> None:
    with pytest.raises(OutOfEffortError):
        pack([(2, 2)] * 6, (7, 7), 1, Effort(50))


def test_large_images_and_many_windows_are_quick() -> None:
    windows = [(11, 6)] * 100
    found = pack(windows, (4096, 4096), 1, Effort(EFFORT))
    assert found is not None
    assert all(a.apart(b, 1) for k, a in enumerate(found) for b in found[:k])


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 200), st.integers(0, 9), st.integers(1, 10))
def test_growing_goes_by_area_and_ends_at_the_largest(
    height: int, width: int, taller: int, wider: int, steps: int
) -> None:
    sizes = growing((height, width), (height + taller, width + wider), steps)
    assert sizes[0] == (height, width)
    assert sizes[-1] == (height + taller, width + wider)
    assert all(a[0] * a[1] <= b[0] * b[1] and a != b for a, b in pairwise(sizes))
    assert len(sizes) <= (2 * steps + 1) ** 2
    if steps >= max(taller, wider):
        assert len(sizes) == (taller + 1) * (wider + 1)

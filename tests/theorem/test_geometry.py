"""Border kinds and representative lengths against every length there is, up to far beyond any period."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.stems import Visible, axes, defined_from, visible

from exactcnn.network.model import AvgPool2d, GlobalPool, Network
from exactcnn.theorem.geometry import Axis, Level, Seen

FAR = 60
PLAIN = Axis((Level(3, 1, 1, 1),))


def seen_by_all(axis: Axis, row: int, size: int, length: int) -> frozenset[tuple[int, Visible]]:
    """Brute force: every position whose field, clipped or not, holds the window; by offset and visibility."""
    extents = axis.extents(length)
    assert extents is not None
    found = set()
    for position in range(extents[-1]):
        start = axis.start(position)
        if start <= row and row + size <= start + len(visible(axis, position, length)[0]):
            found.add((row - start, visible(axis, position, length)))
    return frozenset(found)


def patterns(axis: Axis, lengths: list[int]) -> set[Visible]:
    found = set()
    for length in lengths:
        extents = axis.extents(length)
        found |= {visible(axis, i, length) for i in range(extents[-1] if extents else 0)}
    return found


def window_patterns(axis: Axis, size: int, lengths: list[int]) -> set[frozenset[tuple[int, Visible]]]:
    return {seen_by_all(axis, row, size, n) for n in lengths for row in range(n - size + 1)}


@settings(max_examples=120)
@given(axis=axes(), length=st.integers(1, 20))
def test_a_signature_says_which_places_exist(axis: Axis, length: int) -> None:
    extents = axis.extents(length)
    for position in range(extents[-1] if extents else 0):
        for (first, last), there in zip(axis.signature(position, length), visible(axis, position, length), strict=True):
            assert 0 <= first <= last <= len(there)
            assert there == tuple(first <= place < last for place in range(len(there)))


@settings(max_examples=60)
@given(
    axis=axes(),
    sizes=st.sets(st.integers(1, 4), min_size=1, max_size=3),
    least=st.integers(0, 12),
    span=st.sampled_from([0, 1, 3, 10, None, None]),
)
def test_representatives_stand_for_every_length(axis: Axis, sizes: set[int], least: int, span: int | None) -> None:
    least += defined_from(axis)
    most = None if span is None else least + span
    lengths = axis.lengths(least, most, sizes)
    far = max(FAR, max(lengths) + 3 * axis.stride)
    everything = list(range(least, (far if most is None else most) + 1))
    assert all(least <= n and (most is None or n <= most) for n in lengths.values())
    assert patterns(axis, list(lengths)) == patterns(axis, everything)
    assert len(axis.kinds(list(lengths))) == len(patterns(axis, everything))
    for size in sizes:
        assert window_patterns(axis, size, list(lengths)) == window_patterns(axis, size, everything)


@settings(max_examples=60)
@given(axis=axes(), sizes=st.sets(st.integers(1, 4), min_size=1, max_size=2), least=st.integers(0, 12))
def test_a_representative_has_just_what_its_length_has(axis: Axis, sizes: set[int], least: int) -> None:
    for representative, length in axis.lengths(least + defined_from(axis), None, sizes).items():
        assert (length - representative) % axis.stride == 0
        assert patterns(axis, [representative]) == patterns(axis, [length])
        for size in sizes:
            assert window_patterns(axis, size, [representative]) == window_patterns(axis, size, [length])


@settings(max_examples=60)
@given(axis=axes(), size=st.integers(1, 5), length=st.integers(1, 16))
def test_classes_of_windows_are_what_positions_see(axis: Axis, size: int, length: int) -> None:
    if axis.extents(length) is None:
        return
    classes = axis.windows(size, [length])
    found = set()
    for seen, (row, where) in classes.items():
        assert where == length
        shown = {(s.offset, tuple(clip)) for s in seen for clip in [s.signature]}
        assert len(shown) == len(seen)
        found.add(frozenset((s.offset, _places(axis, s)) for s in seen))
        assert frozenset((s.offset, _places(axis, s)) for s in seen) == seen_by_all(axis, row, size, length)
    assert found == window_patterns(axis, size, [length])


def _places(axis: Axis, seen: Seen) -> Visible:
    return tuple(
        tuple(first <= place < last for place in range(axis.range_length(level)))
        for level, (first, last) in enumerate(seen.signature)
    )


@given(axis=axes(), length=st.integers(1, 30))
def test_kinds_name_a_position_that_has_them(axis: Axis, length: int) -> None:
    for signature, (position, where) in axis.kinds([length]).items():
        assert where == length
        assert axis.signature(position, length) == signature


@given(rows=axes(), columns=axes(), height=st.integers(1, 12), width=st.integers(1, 12))
def test_extents_are_the_networks(rows: Axis, columns: Axis, height: int, width: int) -> None:
    """Mean pools take any padding, and one axis can be made trivial where the other has more levels."""
    trivial = Level(1, 1, 0, 0)
    depth = max(len(rows.levels), len(columns.levels))
    down = rows.levels + (trivial,) * (depth - len(rows.levels))
    right = columns.levels + (trivial,) * (depth - len(columns.levels))
    layers = tuple(
        AvgPool2d((r.kernel, c.kernel), (r.stride, c.stride), (r.before, c.before, r.after, c.after))
        for r, c in zip(down, right, strict=True)
    )
    size = Network((*layers, GlobalPool()), 1).output_size(height, width)
    found = rows.extents(height), columns.extents(width)
    if size is None:
        assert None in found
    else:
        assert (found[0][-1], found[1][-1]) == size


def test_a_plain_convolution_has_three_kinds_in_large_images() -> None:
    assert list(PLAIN.kinds([9])) == [((1, 3),), ((0, 3),), ((0, 2),)]
    assert list(PLAIN.kinds([1])) == [((1, 2),)]


def test_a_field_wholly_in_the_padding_sees_nothing() -> None:
    axis = Axis((Level(1, 1, 3, 3),))
    assert axis.signature(0, 2) == ((0, 0),)
    assert axis.signature(3, 2) == ((0, 1),)
    assert axis.signature(7, 2) == ((0, 0),)


def test_few_lengths_are_enough() -> None:
    assert len(PLAIN.lengths(1, None, {3})) <= 8
    assert len(PLAIN.lengths(5000, None, {3})) == 1
    assert list(PLAIN.lengths(5000, 9000, {3}).values()) == [5000]


@pytest.mark.parametrize("position", [-1, 5])
def test_positions_that_do_not_exist_have_no_signature(position: int) -> None:
    with pytest.raises(ValueError, match="no position"):
        PLAIN.signature(position, 5)

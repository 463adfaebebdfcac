"""Interval bounds hold for every image of the box, at every position, and are exact where the box is a point."""

from __future__ import annotations

from fractions import Fraction

from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import tensors
from support.stems import defined_from, stem_of, stem_values, stems
from support.tiny import conv

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import ReLU
from exactcnn.theorem.bounds import field_bounds, unknown_fields
from exactcnn.theorem.stem import Stem

EIGHTHS = st.builds(Fraction, st.integers(-4, 8), st.just(8))


@st.composite
def stems_with_boxes(draw: st.DrawFn) -> tuple[Stem, Box, ExactTensor]:
    """A stem, a box of images, and an image of the box."""
    channels = draw(st.integers(1, 2))
    stem = draw(stems(channels=channels))
    shape = (
        channels,
        defined_from(stem.rows) + draw(st.integers(0, 2)),
        defined_from(stem.columns) + draw(st.integers(0, 2)),
    )
    ends = [draw(tensors(shape, EIGHTHS)) for _ in range(2)]
    box = Box(ends[0].minimum(ends[1]), ends[0].maximum(ends[1]))
    shares = draw(tensors(shape, st.sampled_from([Fraction(0), Fraction(1), Fraction(1, 3)])))
    return stem, box, box.low + (box.high - box.low).times(shares)


def fields(stem: Stem, box: Box, i: int, j: int) -> Box:
    """The unclipped field of a position; what lies outside the image is anything at all."""
    low, high = (_field(stem, t, i, j, value) for t, value in ((box.low, fmpq(-77)), (box.high, fmpq(99))))
    return Box(low, high)


def _field(stem: Stem, image: ExactTensor, i: int, j: int, outside: fmpq) -> ExactTensor:
    around = stem.rows.field + stem.columns.field + 99
    padded = image.pad(((0, 0), (around, around), (around, around)), outside)
    top, left = stem.rows.start(i) + around, stem.columns.start(j) + around
    field = padded[:, top : top + stem.rows.field, left : left + stem.columns.field]
    return field.reshape(1, *field.shape)


@settings(max_examples=80)
@given(triple=stems_with_boxes())
def test_bounds_hold_everywhere(triple: tuple[Stem, Box, ExactTensor]) -> None:
    stem, box, image = triple
    values = stem_values(stem, image)
    height, width = image.shape[1:]
    for i in range(values.shape[1]):
        for j in range(values.shape[2]):
            kind = stem.rows.signature(i, height), stem.columns.signature(j, width)
            bounds = field_bounds(stem, kind, fields(stem, box, i, j))
            assert bounds.shape == (1, stem.out_channels)
            assert bounds.low[0].at_most(values[:, i, j]).all()
            assert values[:, i, j].at_most(bounds.high[0]).all()


@settings(max_examples=80)
@given(triple=stems_with_boxes())
def test_points_are_exact_and_what_is_outside_does_not_matter(triple: tuple[Stem, Box, ExactTensor]) -> None:
    stem, _, image = triple
    values = stem_values(stem, image)
    for i in range(values.shape[1]):
        for j in range(values.shape[2]):
            kind = stem.rows.signature(i, image.shape[1]), stem.columns.signature(j, image.shape[2])
            for outside in (fmpq(-50), fmpq(50)):
                point = _field(stem, image, i, j, outside)
                bounds = field_bounds(stem, kind, Box(point, point))
                assert bounds.low[0] == values[:, i, j]
                assert bounds.high[0] == values[:, i, j]


def test_many_fields_at_once() -> None:
    stem = stem_of((conv([1, -2], (1, 1, 1, 2), ["1/2"]), ReLU()), 1)
    low = ExactTensor.from_integers([[[[0, 0]]], [[[1, 0]]]])
    high = ExactTensor.from_integers([[[[1, 1]]], [[[1, 1]]]])
    bounds = field_bounds(stem, (((0, 1),), ((0, 2),)), Box(low, high))
    assert bounds.low.rationals() == [0, 0]
    assert bounds.high.rationals() == [fmpq(3, 2), fmpq(3, 2)]
    # The second column lies outside the image, where a convolution sees 0.
    clipped = field_bounds(stem, (((0, 1),), ((0, 1),)), Box(low, high))
    assert clipped.low.rationals() == [fmpq(1, 2), fmpq(3, 2)]
    assert clipped.high.rationals() == [fmpq(3, 2), fmpq(3, 2)]


def test_unknown_fields_span_the_pixel_range() -> None:
    stem = stem_of((conv([1] * 12, (1, 2, 2, 3), [0]),), 2)
    box = unknown_fields(stem, 4, fmpq(-1), fmpq(1, 3))
    assert box.shape == (4, 2, 2, 3)
    assert set(box.low.rationals()) == {fmpq(-1)}
    assert set(box.high.rationals()) == {fmpq(1, 3)}

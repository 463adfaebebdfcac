"""The circuit of every position computes what the network computes there, on random images."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import tensors
from support.stems import defined_from, stem_of, stem_values, stems
from support.tiny import conv, dense

from exactcnn.core.circuit import CircuitBuilder, Input
from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import AvgPool2d, Flatten, GlobalPool, MaxPool2d, Network, ReLU
from exactcnn.theorem.stem import FieldPixels, Pixel, Stem, StemCircuit, Unsupported, split_network

ZERO, ONE = fmpq(0), fmpq(1)


def circuit_values(stem: Stem, image: ExactTensor) -> ExactTensor:
    """The stem's values by its circuits alone."""
    height, width = image.shape[1:]
    rows, columns = stem.rows.extents(height), stem.columns.extents(width)
    assert rows is not None
    assert columns is not None
    values = []
    for channel in range(stem.out_channels):
        for i in range(rows[-1]):
            for j in range(columns[-1]):
                values.append(circuit_value(stem, image, channel, i, j))
    return ExactTensor.from_rationals(values, (stem.out_channels, rows[-1], columns[-1]))


def circuit_value(stem: Stem, image: ExactTensor, channel: int, i: int, j: int) -> fmpq:
    builder = CircuitBuilder()
    pixels = FieldPixels(builder, lambda _: (ZERO, ONE))
    kind = stem.rows.signature(i, image.shape[1]), stem.columns.signature(j, image.shape[2])
    output = StemCircuit(stem, kind, pixels, builder).output(channel)
    top, left = stem.rows.start(i), stem.columns.start(j)
    inputs = {n: image.item(c, top + row, left + column) for (c, row, column), n in pixels.numbers.items()}
    values = builder.circuit().evaluate(inputs)
    return output.evaluate(values.__getitem__)


@st.composite
def stems_with_images(draw: st.DrawFn) -> tuple[Stem, ExactTensor]:
    channels = draw(st.integers(1, 2))
    stem = draw(stems(channels=channels))
    height = defined_from(stem.rows) + draw(st.integers(0, 3))
    width = defined_from(stem.columns) + draw(st.integers(0, 3))
    values = st.builds(Fraction, st.integers(0, 8), st.just(8))
    return stem, draw(tensors((channels, height, width), values))


@settings(max_examples=100)
@given(pair=stems_with_images())
def test_circuits_compute_what_the_layers_do(pair: tuple[Stem, ExactTensor]) -> None:
    stem, image = pair
    assert circuit_values(stem, image) == stem_values(stem, image)


@pytest.mark.parametrize("layers", [(), (ReLU(),)])
def test_a_stem_without_windows_has_positions_of_one_pixel(layers: tuple[ReLU, ...]) -> None:
    stem = stem_of(layers, 1)
    image = ExactTensor.from_rationals([fmpq(1, 4), fmpq(-1, 4)], (1, 1, 2))
    assert (stem.rows.field, stem.columns.field, stem.rows.stride) == (1, 1, 1)
    assert circuit_values(stem, image) == stem_values(stem, image)


def test_pixels_are_made_when_asked_for() -> None:
    """A kernel of zeros but for one place looks at that place only."""
    stem = stem_of((conv([[[[0, 0], [0, 3]]]], (1, 1, 2, 2), ["1/2"]),), 1)
    builder = CircuitBuilder()
    asked: list[Pixel] = []

    def interval(pixel: Pixel) -> tuple[fmpq, fmpq]:
        asked.append(pixel)
        return ZERO, ONE

    pixels = FieldPixels(builder, interval)
    output = StemCircuit(stem, (((0, 2),), ((0, 2),)), pixels, builder).output(0)
    assert asked == [(0, 1, 1)]
    assert builder.variables == [Input(ZERO, ONE)]
    assert output.terms == ((0, fmpq(3)),)
    assert output.constant == fmpq(1, 2)


def test_places_outside_count_as_zero_for_means_and_not_at_all_for_maxima() -> None:
    image = ExactTensor.full((1, 1, 1), fmpq(-1))
    mean, largest = (stem_of((kind((2, 2), (2, 2), (1, 1, 1, 1)),), 1) for kind in (AvgPool2d, MaxPool2d))
    assert circuit_values(mean, image).rationals() == [fmpq(-1, 4)]
    assert circuit_values(largest, image).rationals() == [fmpq(-1)]


def test_splitting() -> None:
    first, head = conv([1], (1, 1, 1, 1), [0]), dense([[1], [2]], [0, 0])
    stem, pool, layers = split_network(Network((first, ReLU(), GlobalPool("sum"), Flatten(), head, ReLU()), 1))
    assert stem.layers == (first, ReLU())
    assert pool == GlobalPool("sum")
    assert layers == (head, ReLU())
    assert stem.out_channels == 1
    assert stem_of((), 3).out_channels == 3


def test_a_network_that_flattens_is_not_supported() -> None:
    with pytest.raises(Unsupported, match="flattens"):
        split_network(Network((Flatten(), dense([[1], [2]], [0, 0])), 1))


def test_sizes_at_which_the_stem_is_defined() -> None:
    stem = stem_of((conv([1] * 6, (1, 1, 3, 2), [0]),), 1)
    stem.require_defined(SizeRange(3, None, 2, None))
    with pytest.raises(InputError) as refusal:
        stem.require_defined(SizeRange())
    assert (refusal.value.found, refusal.value.expected) == ("sizes any", "height at least 3")
    assert '"3x3..any"' in (refusal.value.hint or "")
    with pytest.raises(InputError, match="width 1"):
        stem.require_defined(SizeRange(3, None, 1, None))


def test_only_convolutions_have_taps() -> None:
    stem = stem_of((conv([0, 2], (1, 2, 1, 1), ["1/3"]), ReLU()), 2)
    assert stem.taps(0, 0) == ([(1, 0, 0, fmpq(2))], fmpq(1, 3))
    with pytest.raises(TypeError, match="no convolution"):
        stem.taps(1, 0)

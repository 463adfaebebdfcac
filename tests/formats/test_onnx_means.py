"""Mean pools over the places inside the image: against the definition in rationals, and onnxruntime."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.onnx_graphs import GraphMaker, agree, pictures, whole

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_file import from_onnx
from exactcnn.network.evaluate import evaluate
from exactcnn.network.model import AvgPool2d, Conv2d


@dataclass(frozen=True)
class Axis:
    """One axis of a mean pool on an image of this length."""

    length: int
    kernel: int
    stride: int
    before: int
    after: int


@st.composite
def axes(draw: st.DrawFn) -> Axis:
    kernel = draw(st.integers(1, 4))
    reach = st.integers(0, kernel - 1)
    return Axis(draw(st.integers(1, 6)), kernel, draw(st.integers(1, 4)), draw(reach), draw(reach))


def windows(axis: Axis, *, up: bool, counted: bool) -> list[tuple[list[int], int]]:
    """By window, the places that it has in the image, and the number that it divides by."""
    room = axis.length + axis.before + axis.after - axis.kernel
    count = (-(-room // axis.stride) if up else room // axis.stride) + 1
    found = []
    for number in range(count):
        start = number * axis.stride - axis.before
        span = range(start, start + axis.kernel)
        inside = [p for p in span if 0 <= p < axis.length]
        if start < axis.length:
            found.append((inside, len([p for p in span if p < axis.length + axis.after]) if counted else len(inside)))
    return found


def mean_pool(image: np.ndarray, rows: Axis, columns: Axis, *, up: bool, counted: bool) -> list[fmpq]:
    """What the operator's definition gives, row by row."""
    found = []
    for down, height in windows(rows, up=up, counted=counted):
        for right, width in windows(columns, up=up, counted=counted):
            total = sum((fmpq(int(4 * image[i, j]), 4) for i in down for j in right), fmpq(0))
            found.append(total / (height * width))
    return found


@given(rows=axes(), columns=axes(), up=st.booleans(), counted=st.booleans(), seed=st.integers(0, 99))
@settings(max_examples=150)
def test_the_definition_in_rationals_and_onnxruntime(
    rows: Axis, columns: Axis, up: bool, counted: bool, seed: int
) -> None:
    assume(all(windows(axis, up=up, counted=counted) for axis in (rows, columns)))
    g = GraphMaker(("N", 1, rows.length, columns.length))
    out = g.add(
        "AveragePool",
        "x",
        kernel_shape=[rows.kernel, columns.kernel],
        strides=[rows.stride, columns.stride],
        pads=[rows.before, columns.before, rows.after, columns.after],
        ceil_mode=int(up),
        count_include_pad=int(counted),
    )
    data, images = g.data(out), pictures(1, 1, rows.length, columns.length, seed=seed)
    network = agree(data, images, tolerance=1e-6)
    exact = evaluate(network, ExactTensor.from_floats(images))
    assert list(exact.rationals()) == mean_pool(images[0, 0], rows, columns, up=up, counted=counted)


BORDERS = [
    {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]},
    {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "strides": [2, 2]},
    {"kernel_shape": [2, 3], "pads": [1, 0, 0, 0], "strides": [1, 3]},
    {"kernel_shape": [3, 2], "pads": [0, 1, 2, 0]},
    {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
    {"kernel_shape": [2, 4], "pads": [1, 1, 1, 2], "strides": [2, 3], "ceil_mode": 1, "count_include_pad": 1},
    {"kernel_shape": [3, 2], "auto_pad": "SAME_UPPER"},
    {"kernel_shape": [2, 4], "auto_pad": "SAME_LOWER"},
]
"""Attributes with which the divisor is smaller at a border."""


@pytest.mark.parametrize("attributes", BORDERS)
@pytest.mark.parametrize("kind", ["GlobalMaxPool", "GlobalAveragePool"])
def test_one_network_for_images_of_every_size(attributes: dict[str, object], kind: str) -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    # The convolution's bias is not zero: what is padded is its result, not its input.
    inner = g.conv("x", whole(3, 2, 1, 1, seed=1), [5, -4, 3])
    out = g.conv(g.add("AveragePool", g.add("Relu", inner), **attributes), whole(2, 3, 1, 1, seed=2), [1, 2])
    sizes = [(h, w) for h in (2, 3, 4, 7, 8) for w in (3, 4, 5, 9)]
    network = agree(g.pooled(out, kind), *(pictures(2, 2, *s, seed=n) for n, s in enumerate(sizes)), tolerance=1e-6)
    assert network.input_size is None
    assert network.rewritten
    assert not any(isinstance(layer, AvgPool2d) for layer in network.layers)


@pytest.mark.parametrize("pool", ["inside", "counted"])
def test_a_mean_pool_beside_other_values(pool: str) -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    start = g.add("Relu", g.conv("x", whole(2, 2, 3, 3, seed=3), [1, 2], pads=[1, 1, 1, 1]))
    first = g.add("AveragePool", start, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    counts = int(pool == "counted")
    other = g.add("AveragePool", start, kernel_shape=[1, 3], pads=[0, 1, 0, 1], count_include_pad=counts)
    joined = g.add("Concat", g.add("Sub", first, start), g.add("Relu", other), "x", axis=1)
    agree(g.pooled(joined), *(pictures(2, 2, *s, seed=5) for s in [(1, 1), (1, 4), (3, 2), (6, 5)]), tolerance=1e-6)


def test_a_pool_after_the_places_are_gone_is_of_one_place() -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    whole_image = g.add("GlobalMaxPool", "x")
    mean = g.add("AveragePool", whole_image, kernel_shape=[3, 2], pads=[1, 0, 1, 1], count_include_pad=1)
    inside = g.add("AveragePool", mean, kernel_shape=[3, 2], pads=[1, 0, 1, 1])
    most = g.add("MaxPool", inside, kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    network = agree(g.data(g.add("Flatten", most)), pictures(2, 2, 4, 5), tolerance=1e-6)
    weights = network.layers[-1]
    assert not isinstance(weights, Conv2d)


def test_a_mean_without_reach_stays_a_mean_pool() -> None:
    g = GraphMaker()
    out = g.add("AveragePool", "x", kernel_shape=[3, 2], strides=[2, 2], pads=[0, 0, 0, 0])
    network = from_onnx(g.pooled(out), "net.onnx")
    assert isinstance(network.layers[0], AvgPool2d)
    assert not network.rewritten


def test_too_many_weights_are_refused_by_name() -> None:
    g = GraphMaker(("N", 512, "H", "W"))
    out = g.add("AveragePool", "x", kernel_shape=[9, 9], pads=[8, 8, 8, 8])
    with pytest.raises(InputError, match=r'"n0" \(AveragePool\): too many weights'):
        from_onnx(g.pooled(out), "net.onnx")

"""Hypothesis strategies for small networks and batches of images."""

from __future__ import annotations

from fractions import Fraction
from itertools import count

import numpy as np
from hypothesis import strategies as st

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
)

__all__ = ["batches", "dyadics", "networks", "rationals", "smallest_side", "tensors"]


def rationals() -> st.SearchStrategy[Fraction]:
    """Small fractions, many of them integers."""
    return st.builds(Fraction, st.integers(-9, 9), st.sampled_from([1, 1, 2, 3, 4, 10]))


def dyadics() -> st.SearchStrategy[Fraction]:
    """Small fractions whose denominator is a power of two."""
    return st.builds(Fraction, st.integers(-8, 8), st.sampled_from([1, 1, 2, 4]))


@st.composite
def tensors(draw: st.DrawFn, shape: tuple[int, ...], values: st.SearchStrategy[Fraction]) -> ExactTensor:
    """A tensor of a given shape."""
    size = int(np.prod(shape))
    return ExactTensor.from_rationals(draw(st.lists(values, min_size=size, max_size=size)), shape).reshape(*shape)


@st.composite
def batches(
    draw: st.DrawFn, channels: int, height: int, width: int, *, most: int = 2, denominator: int = 255
) -> ExactTensor:
    """A batch (N, C, H, W) of 0 to `most` images with pixels k/denominator in [0, 1]."""
    shape = (draw(st.integers(0, most)), channels, height, width)
    return draw(tensors(shape, st.integers(0, denominator).map(lambda k: Fraction(k, denominator))))


@st.composite
def networks(
    draw: st.DrawFn,
    *,
    channels: int | None = None,
    outputs: int | None = None,
    values: st.SearchStrategy[Fraction] | None = None,
    pools: tuple[str, ...] = ("max", "sum", "mean"),
    unit: InputUnit | None = None,
    size: tuple[int, int] | None = None,
) -> Network:
    """A small network: up to three layers with windows, a global pool, one or two dense layers.

    Given a `size`, the network is defined there and may have a flatten instead of the global pool, so that it may be
    defined at no other size.
    """
    values = rationals() if values is None else values
    channels = draw(st.integers(1, 2)) if channels is None else channels
    width, place = channels, size
    layers: list[Layer] = []
    for _ in range(draw(st.integers(0, 3))):
        layer = draw(_local_layers(width, values))
        after = _size_after(layer, width, place) if place else None
        if place and after is None:
            continue
        place = after
        layers.append(layer)
        if isinstance(layer, Conv2d):
            width = layer.weight.shape[0]
            layers += draw(st.sampled_from([[ReLU()], []]))
    if place and width * place[0] * place[1] <= 32 and draw(st.booleans()):
        layers.append(Flatten())
        width *= place[0] * place[1]
    else:
        layers += draw(st.sampled_from([[ReLU()], [], []]))
        layers.append(GlobalPool(draw(st.sampled_from(pools))))
        layers += draw(st.sampled_from([[Flatten()], [], []]))
    for last in draw(st.sampled_from([[True], [False, True]])):
        hidden = draw(st.integers(1, 3))
        into = outputs if last and outputs is not None else hidden
        layers.append(Dense(draw(tensors((into, width), values)), draw(tensors((into,), values))))
        layers += [] if last else [ReLU()]
        width = into
    return Network(tuple(layers), channels, draw(st.sampled_from(InputUnit)) if unit is None else unit)


@st.composite
def _local_layers(draw: st.DrawFn, width: int, values: st.SearchStrategy[Fraction]) -> Layer:
    """A convolution (most of the time) or local pool."""
    sides = st.integers(1, 3)
    kernel = draw(st.tuples(sides, sides))
    stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (2, 2), (3, 3)]))
    kind = draw(st.sampled_from(["conv", "conv", "max", "mean"]))
    if kind == "conv":
        padding = draw(st.tuples(*[st.integers(0, 3)] * 4))
        outputs = draw(st.integers(1, 3))
        weight = draw(tensors((outputs, width, *kernel), values))
        return Conv2d(weight, draw(tensors((outputs,), values)), stride, padding)
    padding = tuple(draw(st.integers(0, side - 1)) for side in (*kernel, *kernel))
    return (MaxPool2d if kind == "max" else AvgPool2d)(kernel, stride, padding)


def _size_after(layer: Layer, width: int, size: tuple[int, int]) -> tuple[int, int] | None:
    inputs = layer.weight.shape[1] if isinstance(layer, Conv2d) else width
    return Network((layer, GlobalPool()), inputs).output_size(*size)


def smallest_side(network: Network) -> int:
    """The least side of a square image that the network is defined at, global pools taken for granted."""
    return next(side for side in count(1) if network.output_size(side, side) is not None)

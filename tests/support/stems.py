"""Random axes and stems, and what they do, computed from the definitions of the layers alone."""

from __future__ import annotations

from fractions import Fraction

from hypothesis import strategies as st
from support.networks import tensors

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.apply import apply_layer
from exactcnn.network.model import AvgPool2d, Conv2d, GlobalPool, Layer, MaxPool2d, Network, ReLU
from exactcnn.theorem.geometry import Axis, Level
from exactcnn.theorem.stem import Stem, split_network

__all__ = ["Visible", "axes", "defined_from", "stem_of", "stem_values", "stems", "visible"]

Visible = tuple[tuple[bool, ...], ...]


def axes(*, most: int = 3) -> st.SearchStrategy[Axis]:
    """One to three levels with kernels 1-4, strides 1-3 and paddings 0-3: also padding beyond the kernel."""
    level = st.builds(Level, st.integers(1, 4), st.integers(1, 3), st.integers(0, 3), st.integers(0, 3))
    return st.lists(level, min_size=1, max_size=most).map(lambda levels: Axis(tuple(levels)))


def visible(axis: Axis, position: int, length: int) -> Visible:
    """For every level but the last, which places of the position's range exist; followed down from the position."""
    lengths = [length]
    for level in axis.levels:
        lengths.append((lengths[-1] + level.before + level.after - level.kernel) // level.stride + 1)
    places = [position]
    found = []
    for level, extent in zip(reversed(axis.levels), reversed(lengths[:-1]), strict=True):
        first, last = places[0] * level.stride - level.before, places[-1] * level.stride - level.before + level.kernel
        places = list(range(first, last))
        found.append(tuple(0 <= place < extent for place in places))
    return tuple(reversed(found))


@st.composite
def stems(draw: st.DrawFn, *, channels: int = 1, least: int = 0, most: int = 3, padding: int = 3) -> Stem:
    """Convolutions, local pools and ReLUs, with strides and paddings, also beyond the kernel."""
    values = st.builds(Fraction, st.integers(-3, 3), st.sampled_from([1, 1, 2, 3]))
    sides = st.integers(1, 3)
    width = channels
    layers: list[Layer] = draw(st.sampled_from([[], [], [ReLU()]]))
    for _ in range(draw(st.integers(least, most))):
        kernel = draw(st.tuples(sides, sides))
        stride = draw(st.sampled_from([(1, 1), (1, 1), (2, 1), (1, 2), (2, 2), (3, 2)]))
        kind = draw(st.sampled_from(["conv", "conv", "conv", "max", "mean"]))
        around = draw(st.tuples(*[st.integers(0, padding)] * 4))
        if kind == "conv":
            outputs = draw(st.integers(1, 2))
            weight, bias = draw(tensors((outputs, width, *kernel), values)), draw(tensors((outputs,), values))
            layers.append(Conv2d(weight, bias, stride, around))
            width = outputs
        elif kind == "max":
            around = tuple(min(p, side - 1) for p, side in zip(around, kernel * 2, strict=True))
            layers.append(MaxPool2d(kernel, stride, around))
        else:
            layers.append(AvgPool2d(kernel, stride, around))
        layers += draw(st.sampled_from([[ReLU()], []]))
    return stem_of(tuple(layers), channels)


def stem_of(layers: tuple[Layer, ...], channels: int) -> Stem:
    """The stem of a network with these layers before its global pool."""
    return split_network(Network((*layers, GlobalPool()), channels))[0]


def stem_values(stem: Stem, image: ExactTensor) -> ExactTensor:
    """The values (K, rows, columns) at all positions of an image (C, H, W)."""
    value = image.reshape(1, *image.shape)
    for layer in stem.layers:
        value = apply_layer(layer, value)
    return value[0]


def defined_from(axis: Axis) -> int:
    """The least length at which every window of the axis fits."""
    return next(n for n in range(1, 200) if axis.extents(n) is not None)

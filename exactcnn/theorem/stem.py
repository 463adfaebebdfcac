"""A network taken apart into stem, global pool and head, and the stem's circuits, one output position at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder
from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    MaxPool2d,
    Network,
    ReLU,
    SpatialLayer,
    kernel_of,
)
from exactcnn.theorem.geometry import Axis, Level, Signature

__all__ = ["FieldPixels", "Kind", "Pixel", "Stem", "StemCircuit", "StemLayer", "Unsupported", "split_network"]

Kind = tuple[Signature, Signature]
"""A border kind: the signatures along the rows and along the columns."""

Tap = tuple[int, int, int, fmpq]
"""Input channel, row and column in the kernel, weight."""

Pixel = tuple[int, int, int]
"""Channel, row and column, relative to the unclipped field's top-left corner."""


StemLayer = Conv2d | ReLU | MaxPool2d | AvgPool2d
"""What a stem is made of."""


class Unsupported(Exception):  # noqa: N818 - not an error of the user: it becomes the verdict UNKNOWN
    """The modular method has no rule for this shape of network; the text says which."""


@dataclass(frozen=True)
class Stem:
    """The layers before the global pool."""

    layers: tuple[StemLayer, ...]
    in_channels: int

    @cached_property
    def spatial(self) -> tuple[SpatialLayer, ...]:
        """The layers that look at more than one place (or could)."""
        return tuple(layer for layer in self.layers if not isinstance(layer, ReLU))

    @cached_property
    def out_channels(self) -> int:
        """K, the number of channels that are pooled."""
        widths = [layer.weight.shape[0] for layer in self.layers if isinstance(layer, Conv2d)]
        return widths[-1] if widths else self.in_channels

    @cached_property
    def rows(self) -> Axis:
        """The geometry down the image."""
        return _axis(Level(kernel_of(s)[0], s.stride[0], s.padding[0], s.padding[2]) for s in self.spatial)

    @cached_property
    def columns(self) -> Axis:
        """The geometry across the image."""
        return _axis(Level(kernel_of(s)[1], s.stride[1], s.padding[1], s.padding[3]) for s in self.spatial)

    def taps(self, depth: int, channel: int) -> tuple[list[Tap], fmpq]:
        """Non-zero weights and bias of one output channel of convolution `layers[depth]`."""
        known = self._taps.get((depth, channel))
        if known is None:
            layer = self.layers[depth]
            if not isinstance(layer, Conv2d):
                raise TypeError(f"layer {depth} is no convolution")
            kernel = layer.weight[channel]
            places = np.argwhere(kernel.nonzero()).tolist()
            taps = [(i, r, c, kernel.item(i, r, c)) for i, r, c in places]
            known = self._taps[depth, channel] = taps, layer.bias.item(channel)
        return known

    @cached_property
    def _taps(self) -> dict[tuple[int, int], tuple[list[Tap], fmpq]]:
        return {}

    @cached_property
    def compositions(self) -> dict[tuple[int, Kind], tuple[ExactTensor, ExactTensor]]:
        """Runs of linear layers as one map each, as far as needed: by the first layer's number and the kind."""
        return {}

    def require_defined(self, sizes: SizeRange) -> None:
        """Raises InputError unless the stem is defined at every size of the range."""
        for axis, least, name in (
            (self.rows, sizes.min_height, "height"),
            (self.columns, sizes.min_width, "width"),
        ):
            if axis.extents(least) is None:
                enough = next(n for n in range(least, least + axis.field + 2) if axis.extents(n) is not None)
                raise InputError(
                    f"the network is not defined on images of {name} {least}",
                    found=f"sizes {sizes}",
                    expected=f"{name} at least {enough}",
                    hint=f'Give a range that starts there, such as --size "{enough}x{enough}..any"',
                )


def _axis(levels: Iterable[Level]) -> Axis:
    """The axis of these levels; a stem without any looks at one pixel, as a window of one place does."""
    return Axis(tuple(levels) or (Level(1, 1, 0, 0),))


def split_network(network: Network) -> tuple[Stem, GlobalPool, tuple[Dense | ReLU, ...]]:
    """Stem, pool and head of a network in pixel units.

    Raises
    ------
    Unsupported: the network flattens the image instead of pooling it.
    """
    for number, layer in enumerate(network.layers):
        if isinstance(layer, GlobalPool):
            before = network.layers[:number]
            stem = tuple(x for x in before if isinstance(x, (Conv2d, ReLU, MaxPool2d, AvgPool2d)))
            head = tuple(x for x in network.layers[number + 1 :] if isinstance(x, (Dense, ReLU)))
            return Stem(stem, network.channels), layer, head
        if isinstance(layer, Flatten):
            break
    raise Unsupported("the modular method needs a global pool between the stem and the head, and this network flattens")


class FieldPixels:
    """The pixels of one receptive field as inputs, made when they are first asked for."""

    def __init__(self, builder: CircuitBuilder, interval: Callable[[Pixel], tuple[fmpq, fmpq]]) -> None:
        self.numbers: dict[Pixel, int] = {}
        self._builder = builder
        self._interval = interval

    def __call__(self, pixel: Pixel) -> Affine:
        """The pixel as a variable."""
        if pixel not in self.numbers:
            self.numbers[pixel] = self._builder.input(*self._interval(pixel))
        return Affine.variable(self.numbers[pixel])


class StemCircuit:
    """Builds the circuit of one output position of a stem.

    Parameters
    ----------
    stem: the stem.
    kind: the border kind of the position.
    pixel: the form of a field pixel that lies inside the image.
    builder: collects the variables; the task's own nodes go into the same one.
    """

    def __init__(self, stem: Stem, kind: Kind, pixel: Callable[[Pixel], Affine], builder: CircuitBuilder) -> None:
        self.builder = builder
        self.kind = kind
        self.pixel = pixel
        self._stem = stem
        self._known: dict[tuple[int, int, int, int], Affine] = {}
        # The level (0 = image) that each layer's *output* belongs to.
        self._level = [0]
        for layer in stem.layers:
            self._level.append(self._level[-1] + (0 if isinstance(layer, ReLU) else 1))

    def output(self, channel: int) -> Affine:
        """S_channel at the position, as a form over the builder's variables."""
        return self._value(len(self._stem.layers), channel, 0, 0)

    def inside(self, level: int, row: int, column: int) -> bool:
        """Whether a place of a level's unclipped range exists at all."""
        if level == len(self.kind[0]):
            return True
        (top, bottom), (left, right) = self.kind[0][level], self.kind[1][level]
        return top <= row < bottom and left <= column < right

    def _value(self, depth: int, channel: int, row: int, column: int) -> Affine:
        """The output of layer depth-1 (the image for 0) at a place relative to its unclipped range."""
        key = (depth, channel, row, column)
        known = self._known.get(key)
        if known is None:
            known = self._known[key] = self._computed(depth, channel, row, column)
        return known

    def _computed(self, depth: int, channel: int, row: int, column: int) -> Affine:
        if depth == 0:
            return self.pixel((channel, row, column))
        layer = self._stem.layers[depth - 1]
        if isinstance(layer, ReLU):
            return self.builder.relu(self._value(depth - 1, channel, row, column))
        down, right = layer.stride
        level = self._level[depth - 1]

        def below(source: int, i: int, j: int) -> Affine | None:
            place = (row * down + i, column * right + j)
            return self._value(depth - 1, source, *place) if self.inside(level, *place) else None

        if isinstance(layer, Conv2d):
            weights, bias = self._stem.taps(depth - 1, channel)
            terms: list[tuple[int, fmpq]] = []
            for source, i, j, weight in weights:
                value = below(source, i, j)
                if value is not None:
                    terms += [(v, c * weight) for v, c in value.terms]
                    bias = bias + value.constant * weight
            return Affine.of(terms, bias)
        rows, columns = layer.kernel
        values = [below(channel, i, j) for i in range(rows) for j in range(columns)]
        present = [v for v in values if v is not None]
        if isinstance(layer, MaxPool2d):
            return self.builder.maximum(tuple(present))
        return Affine.of(
            [(v, c) for value in present for v, c in value.terms], sum((v.constant for v in present), fmpq(0))
        ).scaled(fmpq(1, rows * columns))

"""Layers and networks: data only, exact weights.

Shapes are channel first: a batch is (N, C, H, W) up to a global pool or `Flatten`, and (N, K) after it. Padding is
explicit: (top, left, bottom, right).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal

from exactcnn.core.convolution import window_count
from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor

__all__ = [
    "AvgPool2d",
    "Conv2d",
    "Dense",
    "Flatten",
    "GlobalPool",
    "InputUnit",
    "Layer",
    "MaxPool2d",
    "Network",
    "Padding",
    "Pair",
    "ReLU",
    "SpatialLayer",
    "kernel_of",
]

Pair = tuple[int, int]
Padding = tuple[int, int, int, int]
NO_PADDING: Padding = (0, 0, 0, 0)
_MOST_SIDE = 1024


class InputUnit(Enum):
    """What an input number means: the pixel value itself, or a byte k for low + (high - low) * k/255."""

    PIXEL = "pixel"
    BYTE = "byte"


@dataclass(frozen=True)
class Conv2d:
    """Cross-correlation with zero padding: weight (O, I, a, b), bias (O,)."""

    weight: ExactTensor
    bias: ExactTensor
    stride: Pair = (1, 1)
    padding: Padding = NO_PADDING


@dataclass(frozen=True)
class ReLU:
    """max(0, x), entry by entry."""


@dataclass(frozen=True)
class MaxPool2d:
    """Local maxima; padded places never win (they count as minus infinity), and output size rounds down."""

    kernel: Pair
    stride: Pair
    padding: Padding = NO_PADDING


@dataclass(frozen=True)
class AvgPool2d:
    """Local means over kernel[0] * kernel[1] places, padded zeros counted; output size rounds down."""

    kernel: Pair
    stride: Pair
    padding: Padding = NO_PADDING


@dataclass(frozen=True)
class GlobalPool:
    """One number a channel: the maximum, sum or mean over all positions."""

    kind: Literal["max", "sum", "mean"] = "max"


@dataclass(frozen=True)
class Flatten:
    """(N, C, H, W) to (N, C*H*W), row-major; nothing after a global pool."""


@dataclass(frozen=True)
class Dense:
    """Weight (O, I) and bias (O,)."""

    weight: ExactTensor
    bias: ExactTensor


Layer = Conv2d | ReLU | MaxPool2d | AvgPool2d | GlobalPool | Flatten | Dense
SpatialLayer = Conv2d | MaxPool2d | AvgPool2d


@dataclass(frozen=True)
class Network:
    """A sequence of layers from images to logits.

    Attributes
    ----------
    layers: in order of application.
    channels: the number of input channels C.
    unit: what an input number means.
    source: the file that the network came from, for messages; not part of the network's meaning.
    input_size: the only (H, W) at which the layers mean what the network they stand for means; None if they do at
        every size. A network of a file that flattens images of one size, for instance, has one.
    rewritten: whether the layers compute the file's function by other operations than the file's own (a scale folded
        into a convolution, a value carried past a ReLU as a difference): equal in exact arithmetic, so that nothing
        about the layers' rounding carries over to the file's; not part of the network's meaning.
    notes: what a user has to know about how the layers stand for a file; not part of the network's meaning.

    Raises
    ------
    InputError: layers that do not fit together, named by number and kind; or they are not defined at `input_size`.
    """

    layers: tuple[Layer, ...]
    channels: int
    unit: InputUnit = InputUnit.PIXEL
    source: str | None = field(default=None, compare=False)
    input_size: Pair | None = None
    rewritten: bool = field(default=False, compare=False)
    notes: tuple[str, ...] = field(default=(), compare=False)

    def __post_init__(self) -> None:
        self._final_width()
        if self.input_size is not None and self.output_size(*self.input_size) is None:
            raise InputError("the network is not defined at its own image size", found=_by(self.input_size))

    def require_sizes(self, sizes: SizeRange) -> None:
        """Nothing, if the layers mean what they stand for at every size of the range.

        Raises
        ------
        InputError: they do at one other size only; or they flatten images for a dense layer that takes another number
            of places.
        """
        if self.input_size is not None and sizes != SizeRange.fixed(*self.input_size):
            raise InputError(
                "the network takes images of one size only",
                source=self.source,
                found=f"size {sizes}",
                expected=_by(self.input_size),
                hint=f"Give the size {_by(self.input_size)}",
            )
        places = self._places_taken()
        if places is None:
            return
        ends = (sizes.min_height, sizes.min_width), (sizes.max_height, sizes.max_width)
        for height, width in ends:
            found = None if height is None or width is None else self._positions(height, width)
            if height is None or width is None or (found is not None and found[0] * found[1] != places):
                side = next(
                    (n for n in range(1, _MOST_SIDE) if math.prod(self._positions(n, n) or (0,)) == places), None
                )
                raise InputError(
                    "the network flattens images for a dense layer that takes another number of places",
                    source=self.source,
                    found=f"size {sizes}" if found is None else f"{_by(found)} places at size {height}x{width}",
                    expected=f"{places} places",
                    hint="Give the one size that it was made for" + (f", such as {side}x{side}" if side else ""),
                )

    def _places_taken(self) -> int | None:
        """How many places a flatten gives to the dense layer after it (0: it fits none); None without such a pair."""
        channels = self.channels
        for number, layer in enumerate(self.layers):
            if isinstance(layer, GlobalPool):
                return None
            if isinstance(layer, Conv2d):
                channels = layer.weight.shape[0]
            if isinstance(layer, Flatten):
                dense = next((x for x in self.layers[number:] if isinstance(x, Dense)), None)
                if dense is None:
                    return None
                whole, rest = divmod(dense.weight.shape[1], channels)
                return 0 if rest else whole
        return None

    def _final_width(self) -> int | None:
        """The number of logits (None if it depends on the image's size), after checking that the layers fit."""
        width: int | None = self.channels
        flat = False
        for number, layer in enumerate(self.layers):
            place = f"layer {number} ({type(layer).__name__})"
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d, GlobalPool)) and flat:
                raise InputError("a spatial layer after the image was pooled or flattened", place=place)
            if isinstance(layer, Dense) and not flat:
                raise InputError("a dense layer before any global pool or flatten", place=place)
            if isinstance(layer, (Conv2d, Dense)):
                _check_weights(layer, width, place)
                width = layer.weight.shape[0]
            elif isinstance(layer, Flatten) and not flat:
                width = None
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                _check_window(layer, place)
            flat = flat or isinstance(layer, (GlobalPool, Flatten))
        if not flat:
            raise InputError("the network never leaves the image plane", expected="a global pool or a flatten")
        return width

    @property
    def outputs(self) -> int | None:
        """The number of logits; None if it depends on the image's size."""
        return self._final_width()

    def output_size(self, height: int, width: int) -> Pair | None:
        """Rows and columns of positions that reach the global pool or flatten, for an image of this size.

        None if some layer's window does not fit or a dense layer takes another number of places, so that the network is
        not defined at this size, or if the layers mean what they stand for at another size only.
        """
        if self.input_size not in (None, (height, width)):
            return None
        found, places = self._positions(height, width), self._places_taken()
        return None if found is None or (places is not None and math.prod(found) != places) else found

    def _positions(self, height: int, width: int) -> Pair | None:
        """Rows and columns of positions after the last window, wherever the layers' windows fit."""
        for layer in self.layers:
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                (rows, columns), (down, right) = kernel_of(layer), layer.stride
                top, left, bottom, end = layer.padding
                height = window_count(height + top + bottom, rows, down)
                width = window_count(width + left + end, columns, right)
                if height < 1 or width < 1:
                    return None
        return height, width


def _by(size: Pair) -> str:
    return f"{size[0]}x{size[1]}"


def kernel_of(layer: SpatialLayer) -> Pair:
    """Rows and columns of the layer's window."""
    if isinstance(layer, Conv2d):
        return layer.weight.shape[2], layer.weight.shape[3]
    return layer.kernel


def _check_weights(layer: Conv2d | Dense, width: int | None, place: str) -> None:
    axes = 4 if isinstance(layer, Conv2d) else 2
    if layer.weight.ndim != axes or 0 in layer.weight.shape:
        raise InputError(
            "a weight of the wrong shape", place=place, found=str(layer.weight.shape), expected=f"{axes} axes"
        )
    outputs, inputs = layer.weight.shape[:2]
    if layer.bias.shape != (outputs,):
        raise InputError(
            "a bias of the wrong shape", place=place, found=str(layer.bias.shape), expected=f"({outputs},)"
        )
    if width is not None and inputs != width:
        raise InputError("a layer of the wrong width", place=place, found=str(inputs), expected=str(width))


def _check_window(layer: SpatialLayer, place: str) -> None:
    rows, columns = kernel_of(layer)
    if min(*layer.stride, rows, columns) < 1 or min(layer.padding) < 0:
        raise InputError("kernel and stride must be positive and padding not negative", place=place)
    if isinstance(layer, MaxPool2d) and (max(layer.padding[0::2]) >= rows or max(layer.padding[1::2]) >= columns):
        raise InputError("the padding of a max pool covers a whole window", place=place)

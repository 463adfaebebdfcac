"""Every layer of a network over affine forms: affine layers are substituted, maxima become variables."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    MaxPool2d,
    Network,
    Padding,
    Pair,
    ReLU,
)
from exactcnn.oracles.formula import Formula, weighted_sum
from exactcnn.task.model import PixelRange

__all__ = ["Planes", "encode_network"]

Planes = list[list[list[Affine]]]
"""One form a place: channel, row, column."""


def encode_network(formula: Formula, network: Network, image: Planes, pixel: PixelRange) -> list[Affine]:
    """The logits as forms over the variables of `formula`, to which the network's maxima are added.

    Parameters
    ----------
    image: pixel values, one form a pixel.
    pixel: what the pixel values' range is; only a network that takes bytes needs it.

    Raises
    ------
    InputError: the network is not defined for images of this size.
    """
    planes = _in_bytes(image, pixel) if network.unit is InputUnit.BYTE else image
    flat: list[Affine] | None = None
    for number, layer in enumerate(network.layers):
        place = f"layer {number} ({type(layer).__name__})"
        if flat is not None:
            flat = _flat_layer(formula, layer, flat, place)
        elif isinstance(layer, GlobalPool):
            flat = [_global_pool(formula, layer, plane) for plane in planes]
        elif isinstance(layer, Flatten):
            flat = [form for plane in planes for row in plane for form in row]
        else:
            planes = _spatial_layer(formula, layer, planes, place)
    if flat is None:
        raise InputError("the network never leaves the image plane", source=network.source)
    return flat


def _in_bytes(image: Planes, pixel: PixelRange) -> Planes:
    """The input numbers of a network that takes bytes: 255 (x - low) / (high - low) for a pixel value x."""
    scale = 255 / (pixel.high - pixel.low)
    return [[[form.scaled(scale).shifted(-pixel.low * scale) for form in row] for row in plane] for plane in image]


# -- after a global pool or flatten -----------------------------------------------------------------------------------


def _flat_layer(formula: Formula, layer: object, values: list[Affine], place: str) -> list[Affine]:
    if isinstance(layer, Flatten):
        return values
    if isinstance(layer, ReLU):
        return [formula.rectified(form) for form in values]
    if isinstance(layer, Dense):
        return _dense(layer, values, place)
    raise InputError("a layer that cannot stand after a global pool or flatten", place=place)


def _dense(layer: Dense, values: list[Affine], place: str) -> list[Affine]:
    outputs, inputs = layer.weight.shape
    if inputs != len(values):
        raise InputError(
            "the network is not defined for images of this size",
            place=place,
            found=f"{len(values)} numbers",
            expected=f"{inputs} numbers",
        )
    weights, biases = layer.weight.rationals(), layer.bias.rationals()
    rows = (weights[o * inputs : (o + 1) * inputs] for o in range(outputs))
    return [weighted_sum(zip(row, values, strict=True), bias) for row, bias in zip(rows, biases, strict=True)]


def _global_pool(formula: Formula, layer: GlobalPool, plane: list[list[Affine]]) -> Affine:
    forms = [form for row in plane for form in row]
    if layer.kind == "max":
        return formula.maximum(forms)
    factor = fmpq(1) if layer.kind == "sum" else fmpq(1, len(forms))
    return weighted_sum((factor, form) for form in forms)


# -- on the image plane -----------------------------------------------------------------------------------------------


def _spatial_layer(formula: Formula, layer: object, planes: Planes, place: str) -> Planes:
    if isinstance(layer, ReLU):
        return [[[formula.rectified(form) for form in row] for row in plane] for plane in planes]
    if isinstance(layer, Conv2d):
        return _convolution(layer, planes, place)
    if isinstance(layer, MaxPool2d):

        def largest(forms: list[Affine]) -> Affine:
            if not forms:
                raise InputError("a window of the layer lies wholly in its padding", place=place)
            return formula.maximum(forms)

        return _pooled(layer, planes, largest, place)
    if isinstance(layer, AvgPool2d):
        share = fmpq(1, layer.kernel[0] * layer.kernel[1])
        return _pooled(layer, planes, lambda forms: weighted_sum((share, form) for form in forms), place)
    raise InputError("a layer that cannot stand on the image plane", place=place)


def _corners(planes: Planes, kernel: Pair, stride: Pair, padding: Padding, place: str) -> tuple[range, range]:
    """The top rows and the left columns of a layer's windows; negative in the padding.

    Raises
    ------
    InputError: no window fits.
    """
    top, left, bottom, right = padding
    height, width = len(planes[0]), len(planes[0][0])
    rows = range(-top, height + bottom - kernel[0] + 1, stride[0])
    columns = range(-left, width + right - kernel[1] + 1, stride[1])
    if not rows or not columns:
        raise InputError(
            "the network is not defined for images of this size",
            place=place,
            found=f"{height + top + bottom}x{width + left + right} places with padding",
            expected=f"at least {kernel[0]}x{kernel[1]}",
        )
    return rows, columns


def _inside(plane: list[list[Affine]], row: int, column: int) -> bool:
    return 0 <= row < len(plane) and 0 <= column < len(plane[0])


def _pooled(
    layer: MaxPool2d | AvgPool2d, planes: Planes, combine: Callable[[list[Affine]], Affine], place: str
) -> Planes:
    """`combine` over the places of each window that are not padding."""
    rows, columns = _corners(planes, layer.kernel, layer.stride, layer.padding, place)

    def window(plane: list[list[Affine]], top: int, left: int) -> list[Affine]:
        places = ((top + r, left + c) for r in range(layer.kernel[0]) for c in range(layer.kernel[1]))
        return [plane[r][c] for r, c in places if _inside(plane, r, c)]

    return [[[combine(window(plane, top, left)) for left in columns] for top in rows] for plane in planes]


def _convolution(layer: Conv2d, planes: Planes, place: str) -> Planes:
    kernel = (layer.weight.shape[2], layer.weight.shape[3])
    rows, columns = _corners(planes, kernel, layer.stride, layer.padding, place)
    return [
        [[_output(planes, taps, bias, top, left) for left in columns] for top in rows]
        for taps, bias in zip(_taps(layer.weight), layer.bias.rationals(), strict=True)
    ]


Tap = tuple[int, int, int, fmpq]


def _taps(weight: ExactTensor) -> list[list[Tap]]:
    """For each output channel its weights that are not 0: input channel, row, column, weight."""
    outputs, inputs, height, width = weight.shape
    values = iter(weight.rationals())
    result = []
    for _ in range(outputs):
        places = ((c, r, k) for c in range(inputs) for r in range(height) for k in range(width))
        result.append([(*place, value) for place in places if (value := next(values)) != 0])
    return result


def _output(planes: Planes, taps: Sequence[Tap], bias: fmpq, top: int, left: int) -> Affine:
    def terms() -> Iterator[tuple[fmpq, Affine]]:
        for channel, row, column, value in taps:
            if _inside(planes[channel], top + row, left + column):
                yield value, planes[channel][top + row][left + column]

    return weighted_sum(terms(), bias)

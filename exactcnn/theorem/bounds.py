"""Exact interval bounds of a stem at one output position, for many fields at once.

Intervals of rationals in, intervals of rationals out (where the learning of facts starts): each bound is
itself a proof, by monotonicity of every step, and it costs one exact convolution.
"""

from __future__ import annotations

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.convolution import convolve2d
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import AvgPool2d, Conv2d, MaxPool2d, ReLU
from exactcnn.theorem.stem import Kind, Stem

__all__ = ["field_bounds", "unknown_fields"]

_HALF = fmpq(1, 2)


def unknown_fields(stem: Stem, count: int, low: fmpq, high: fmpq) -> Box:
    """Fields about which nothing is known: (count, C, rows, columns), every pixel in [low, high]."""
    shape = (count, stem.in_channels, stem.rows.field, stem.columns.field)
    return Box(ExactTensor.full(shape, low), ExactTensor.full(shape, high))


def field_bounds(stem: Stem, kind: Kind, fields: Box) -> Box:
    """Bounds of all channels at a position of this kind.

    Parameters
    ----------
    fields: (N, C, rows, columns) over the unclipped field; what lies outside the image is ignored.

    Returns
    -------
    (N, K).
    """
    rows, columns = kind
    bounds = _clipped(fields, rows[0], columns[0])
    level = 0
    for layer in stem.layers:
        if isinstance(layer, ReLU):
            bounds = Box(bounds.low.relu(), bounds.high.relu())
            continue
        around = _around(stem, kind, level)
        match layer:
            case Conv2d():
                bounds = _through_conv(_padded(bounds, around, fmpq(0)), layer)
            case AvgPool2d():
                padded = _padded(bounds, around, fmpq(0))
                bounds = Box(_mean(padded.low, layer), _mean(padded.high, layer))
            case MaxPool2d():
                # Below everything that exists, so that it never wins; places that do not exist are cut off again.
                least = (
                    -fmpq(bounds.low.bound, bounds.low.denominator)
                    - fmpq(bounds.high.bound, bounds.high.denominator)
                    - 1
                )
                padded = _padded(bounds, around, least)
                bounds = Box(_maxima(padded.low, layer), _maxima(padded.high, layer))
        level += 1
        if level < len(rows):
            bounds = _clipped(bounds, rows[level], columns[level])
    count, width = bounds.shape[:2]
    return Box(bounds.low.reshape(count, width), bounds.high.reshape(count, width))


def _clipped(box: Box, rows: tuple[int, int], columns: tuple[int, int]) -> Box:
    key = (slice(None), slice(None), slice(*rows), slice(*columns))
    return Box(box.low[key], box.high[key])


def _around(stem: Stem, kind: Kind, level: int) -> tuple[tuple[int, int], tuple[int, int]]:
    """How much of the level's unclipped range is missing above and below, left and right."""
    missing = []
    for axis, signature in ((stem.rows, kind[0]), (stem.columns, kind[1])):
        length = axis.range_length(level)
        start, end = signature[level]
        missing.append((start, length - end))
    return missing[0], missing[1]


def _padded(box: Box, around: tuple[tuple[int, int], tuple[int, int]], value: fmpq) -> Box:
    widths = ((0, 0), (0, 0), *around)
    return Box(box.low.pad(widths, value), box.high.pad(widths, value))


def _through_conv(box: Box, layer: Conv2d) -> Box:
    # Centre and radius: the radius goes through the weights' magnitudes, which makes two convolutions, not four.
    centre = convolve2d(box.centre(), layer.weight, layer.bias, layer.stride)
    if box.low is box.high:
        return Box(centre, centre)
    magnitude = layer.weight.maximum(-layer.weight)
    radius = convolve2d((box.high - box.low).scaled(_HALF), magnitude, None, layer.stride)
    return Box(centre - radius, centre + radius)


def _mean(tensor: ExactTensor, layer: AvgPool2d) -> ExactTensor:
    rows, columns = layer.kernel
    total: ExactTensor | None = None
    for part in _shifts(tensor, layer):
        total = part if total is None else total + part
    return (tensor if total is None else total).scaled(fmpq(1, rows * columns))


def _maxima(tensor: ExactTensor, layer: MaxPool2d) -> ExactTensor:
    best: ExactTensor | None = None
    for part in _shifts(tensor, layer):
        best = part if best is None else best.maximum(part)
    return tensor if best is None else best


def _shifts(tensor: ExactTensor, layer: MaxPool2d | AvgPool2d) -> list[ExactTensor]:
    """The tensor's entries under each place of the pooling window, over all steps."""
    (rows, columns), (down, right) = layer.kernel, layer.stride
    height, width = tensor.shape[2] - rows + 1, tensor.shape[3] - columns + 1
    return [tensor[:, :, i : i + height : down, j : j + width : right] for i in range(rows) for j in range(columns)]

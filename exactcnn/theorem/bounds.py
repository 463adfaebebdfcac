"""Exact interval bounds of a stem at one output position, for many fields at once.

Intervals of rationals in, intervals of rationals out (where the learning of facts starts): each bound is
itself a proof, by monotonicity of every step, and it costs one exact convolution.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.convolution import convolve2d
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import AvgPool2d, Conv2d, MaxPool2d, ReLU
from exactcnn.theorem.stem import Kind, Stem, StemLayer

__all__ = ["field_bounds", "unknown_fields"]

_HALF = fmpq(1, 2)
_MOST_COMPOSED = 2**24
"""The most numbers of the images by which linear layers are composed."""


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
    bounds, level = _clipped(fields, kind, 0), 0
    for start, run in _runs(stem.layers):
        bounds = _through_run(stem, kind, bounds, start, run, level)
        level += 0 if isinstance(run[0], ReLU) else len(run)
    count, width = bounds.shape[:2]
    return Box(bounds.low.reshape(count, width), bounds.high.reshape(count, width))


def _runs(layers: Sequence[StemLayer]) -> list[tuple[int, list[StemLayer]]]:
    """The layers, linear ones that follow each other together, with the number of the first."""
    runs: list[tuple[int, list[StemLayer]]] = []
    for number, layer in enumerate(layers):
        if runs and isinstance(layer, (Conv2d, AvgPool2d)) and isinstance(runs[-1][1][0], (Conv2d, AvgPool2d)):
            runs[-1][1].append(layer)
        else:
            runs.append((number, [layer]))
    return runs


def _through_run(stem: Stem, kind: Kind, bounds: Box, start: int, run: list[StemLayer], level: int) -> Box:
    """The bounds after these layers, the first of which is number `start` and takes this level.

    Taken one by one, linear layers would forget what their places have in common: bounds of a value that is shifted
    and shifted back would not cancel it. So several of them become one map.
    """
    if len(run) > 1 and bounds.low is not bounds.high:
        composed = _composed(stem, kind, bounds.shape[1:], start, run, level)
        if composed is not None:
            return _through_map(bounds, *composed)
    for layer in run:
        bounds = _through(stem, kind, bounds, layer, level)
        level += 0 if isinstance(layer, ReLU) else 1
    return bounds


def _composed(
    stem: Stem, kind: Kind, shape: tuple[int, ...], start: int, run: list[StemLayer], level: int
) -> tuple[ExactTensor, ExactTensor] | None:
    """What each place of the level adds (C * r * s, K, r', s'), and what is there without them (1, K, r', s').

    None if no place exists, or the map is too large to be worth it.
    """
    known = stem.compositions.get((start, kind))
    if known is None:
        size = math.prod(shape)
        widest = max(layer.weight.shape[0] if isinstance(layer, Conv2d) else shape[0] for layer in run)
        if size == 0 or size * size // shape[0] * widest > _MOST_COMPOSED:
            return None
        # The images that are 1 at one place and 0 at the others, and after them the image that is 0 everywhere.
        units = ExactTensor.from_integers(np.eye(size + 1, size, dtype=np.int64)).reshape(size + 1, *shape)
        images = Box(units, units)
        for number, layer in enumerate(run):
            images = _through(stem, kind, images, layer, level + number)
        alone = images.low[size:]
        known = stem.compositions[start, kind] = (images.low[:size] - alone).reduced(), alone
    return known


def _through_map(bounds: Box, places: ExactTensor, alone: ExactTensor) -> Box:
    size, *shape = places.shape
    matrix = places.reshape(size, -1)
    centre = bounds.centre().reshape(-1, size).matmul(matrix).reshape(-1, *shape) + alone
    spread = (bounds.high - bounds.low).scaled(_HALF).reshape(-1, size)
    radius = spread.matmul(matrix.maximum(-matrix)).reshape(-1, *shape)
    return Box(centre - radius, centre + radius)


def _through(stem: Stem, kind: Kind, bounds: Box, layer: StemLayer, level: int) -> Box:
    """The bounds after a layer that takes this level."""
    if isinstance(layer, ReLU):
        return Box(bounds.low.relu(), bounds.high.relu())
    around = _around(stem, kind, level)
    match layer:
        case Conv2d():
            bounds = _through_conv(_padded(bounds, around, fmpq(0)), layer)
        case AvgPool2d():
            padded = _padded(bounds, around, fmpq(0))
            low = _mean(padded.low, layer)
            bounds = Box(low, low if padded.high is padded.low else _mean(padded.high, layer))
        case MaxPool2d():
            # Below everything that exists, so that it never wins; places that do not exist are cut off again.
            least = (
                -fmpq(bounds.low.bound, bounds.low.denominator) - fmpq(bounds.high.bound, bounds.high.denominator) - 1
            )
            padded = _padded(bounds, around, least)
            bounds = Box(_maxima(padded.low, layer), _maxima(padded.high, layer))
    return _clipped(bounds, kind, level + 1)


def _clipped(box: Box, kind: Kind, level: int) -> Box:
    """What of a level's unclipped range exists; all of it after the last level."""
    rows, columns = kind
    if level == len(rows):
        return box
    key = (slice(None), slice(None), slice(*rows[level]), slice(*columns[level]))
    low = box.low[key]
    return Box(low, low if box.high is box.low else box.high[key])


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
    low = box.low.pad(widths, value)
    return Box(low, low if box.high is box.low else box.high.pad(widths, value))


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

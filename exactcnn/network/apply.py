"""Exact evaluation of one layer."""

from __future__ import annotations

from collections.abc import Callable

from flint import fmpq

from exactcnn.core.convolution import convolve2d, convolve2d_peaks, window_count
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    Layer,
    MaxPool2d,
    Padding,
    Pair,
    ReLU,
    SpatialLayer,
    kernel_of,
)

__all__ = ["apply_layer", "apply_window", "check_window", "window_peaks"]


def apply_layer(layer: Layer, x: ExactTensor) -> ExactTensor:
    """The layer's exact output.

    Parameters
    ----------
    layer: any layer of `exactcnn.network.model`.
    x: (N, C, H, W), or (N, K) after a global pool or flatten.

    Returns
    -------
    (N, C', H', W') or (N, K').

    Raises
    ------
    InputError: an input with the wrong number of axes, channels or values, or smaller than the layer's window.
    """
    if isinstance(layer, ReLU):
        return x.relu()
    if isinstance(layer, Flatten):
        return x if x.ndim == 2 else x.reshape(x.shape[0], x.shape[1] * x.shape[2] * x.shape[3])
    if isinstance(layer, Dense):
        return _dense(layer, x)
    if x.ndim != 4:
        raise InputError("a spatial layer needs images", found=f"{x.ndim} axes", expected="4 axes (N, C, H, W)")
    if isinstance(layer, GlobalPool):
        return _global_pool(layer, x)
    check_window(layer, x.shape[1:])
    return apply_window(layer, x, layer.padding)


def check_window(layer: SpatialLayer, shape: tuple[int, ...]) -> None:
    """Nothing, if a layer with a window fits an input of shape (C, H, W).

    Raises
    ------
    InputError: the number of channels is wrong, or not even one window fits.
    """
    channels, height, width = shape
    if isinstance(layer, Conv2d) and channels != layer.weight.shape[1]:
        raise InputError("the wrong number of channels", found=str(channels), expected=str(layer.weight.shape[1]))
    top, left, bottom, right = layer.padding
    rows, columns = kernel_of(layer)
    if height + top + bottom < rows or width + left + right < columns:
        raise InputError(
            "the network is not defined at this image size: not one window fits",
            found=f"{height + top + bottom}x{width + left + right} places (padding included)",
            expected=f"at least {rows}x{columns}",
        )


def apply_window(layer: SpatialLayer, x: ExactTensor, padding: Padding) -> ExactTensor:
    """A layer with a window, applied with another padding than its own (a band of rows has none inside the image)."""
    frame = _frame(padding)
    if isinstance(layer, Conv2d):
        return convolve2d(x.pad(frame), layer.weight, layer.bias, layer.stride)
    if isinstance(layer, MaxPool2d):
        # Each window holds a real place (a max pool's padding is narrower than its kernel), so that padded places
        # with the least value of all never raise a maximum.
        least = x.min((0, 1, 2, 3)).item() if x.size and any(padding) else fmpq(0)
        return _sweep(x.pad(frame, least), layer, ExactTensor.maximum)
    total = _sweep(x.pad(frame), layer, ExactTensor.__add__)
    return total.scaled(fmpq(1, layer.kernel[0] * layer.kernel[1]))


def window_peaks(layer: SpatialLayer, x: ExactTensor, padding: Padding) -> ExactTensor:
    """The maxima (N, C') over all places of what `apply_window` gives."""
    if isinstance(layer, Conv2d):
        return convolve2d_peaks(x.pad(_frame(padding)), layer.weight, layer.bias, layer.stride)
    return apply_window(layer, x, padding).max((2, 3))


def _frame(padding: Padding) -> tuple[Pair, Pair, Pair, Pair]:
    top, left, bottom, right = padding
    return (0, 0), (0, 0), (top, bottom), (left, right)


def _dense(layer: Dense, x: ExactTensor) -> ExactTensor:
    inputs = layer.weight.shape[1]
    if x.ndim != 2:
        raise InputError("a dense layer needs vectors", found=f"{x.ndim} axes", expected="2 axes (N, K)")
    if x.shape[1] != inputs:
        raise InputError(
            "a dense layer got the wrong number of values",
            found=str(x.shape[1]),
            expected=str(inputs),
            hint="After a flatten this number depends on the image's size; the network fits some sizes only",
        )
    return x.matmul(layer.weight.transpose(1, 0)) + layer.bias


def _global_pool(layer: GlobalPool, x: ExactTensor) -> ExactTensor:
    if layer.kind == "max":
        return x.max((2, 3))
    total = x.sum((2, 3))
    return total if layer.kind == "sum" else total.scaled(fmpq(1, x.shape[2] * x.shape[3]))


def _sweep(
    x: ExactTensor, layer: MaxPool2d | AvgPool2d, join: Callable[[ExactTensor, ExactTensor], ExactTensor]
) -> ExactTensor:
    """`join` over each window of a padded x: along the rows first, then along the columns."""
    (rows, columns), (down, right) = layer.kernel, layer.stride
    height, width = window_count(x.shape[2], rows, down), window_count(x.shape[3], columns, right)
    result = x[:, :, :, : (width - 1) * right + 1 : right]
    for column in range(1, columns):
        result = join(result, x[:, :, :, column : column + (width - 1) * right + 1 : right])
    lines, result = result, result[:, :, : (height - 1) * down + 1 : down]
    for row in range(1, rows):
        result = join(result, lines[:, :, row : row + (height - 1) * down + 1 : down])
    return result

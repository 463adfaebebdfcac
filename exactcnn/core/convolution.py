"""Exact two-dimensional convolution, the one heavy loop of the package."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from exactcnn.core.tensor import ExactTensor, cast_numerators, tier_for

__all__ = ["convolve2d", "window_count"]

# Numbers in one block of columns: large enough for BLAS, small enough for the caches.
_BLOCK = 1 << 17
# Multiplications in one call of BLAS.
_PRODUCT = 1 << 19


def window_count(length: int, kernel: int, stride: int) -> int:
    """How many windows of `kernel` fit at steps of `stride` in a padded `length` (0 if none)."""
    return (length - kernel) // stride + 1 if length >= kernel else 0


def convolve2d(
    images: ExactTensor, weight: ExactTensor, bias: ExactTensor | None = None, stride: tuple[int, int] = (1, 1)
) -> ExactTensor:
    """Cross-correlation, as in every deep-learning framework, without padding.

    Parameters
    ----------
    images: (N, I, H, W).
    weight: (O, I, a, b), with a <= H and b <= W.
    bias: (O,), or None for zero.
    stride: steps down and to the right.

    Returns
    -------
    (N, O, (H-a)//s+1, (W-b)//t+1). The tier is chosen from the exact bound max_o sum|w_o| * max|x| + |bias_o|, which
    every partial sum of the accumulation obeys too, in whatever order it is made.
    """
    kernel, offsets, denominator = _over_one_denominator(images.denominator, weight, bias)
    bound = max(_row_sum(kernel), 1) * images.bound + offsets.bound
    dtype = tier_for(max(bound, kernel.bound))
    outputs, _, rows, columns = weight.shape
    count, _, height, width = images.shape
    out = window_count(height, rows, stride[0]), window_count(width, columns, stride[1])
    result = np.empty((count, outputs, *out), dtype=dtype)
    if result.size:
        _accumulate(
            result,
            cast_numerators(images.numerators, dtype),
            cast_numerators(kernel.numerators, dtype),
            cast_numerators(offsets.numerators, dtype),
            stride,
        )
    return ExactTensor(result, denominator)


def _over_one_denominator(
    unit: int, weight: ExactTensor, bias: ExactTensor | None
) -> tuple[ExactTensor, ExactTensor, int]:
    """Integers k, c and d with (k * x + c)/d = weight * x/unit + bias, without a common factor: the least tier."""
    product = unit * weight.denominator
    if bias is None:
        bias = ExactTensor.zeros((weight.shape[0],))
    denominator = math.lcm(product, bias.denominator)
    kernel = ExactTensor(weight.numerators).scaled(denominator // product)
    offsets = ExactTensor(bias.numerators).scaled(denominator // bias.denominator)
    divisor = math.gcd(denominator, kernel.content, offsets.content)
    return kernel.divided(divisor), offsets.divided(divisor), denominator // divisor


def _row_sum(kernel: ExactTensor) -> int:
    """The largest sum of magnitudes that goes into one output."""
    outputs = kernel.shape[0]
    magnitudes = np.abs(kernel.numerators)
    return ExactTensor(magnitudes).reshape(outputs, kernel.size // outputs).sum(1).bound


def _accumulate(
    result: NDArray[Any],
    source: NDArray[Any],
    taps: NDArray[Any],
    offsets: NDArray[Any],
    stride: tuple[int, int],
) -> None:
    """Writes the convolution into `result`, as one matrix product for each block of columns (im2col)."""
    outputs, *taps_shape = taps.shape
    count, _, out_height, out_width = result.shape
    view, wide = _windows(source, (taps_shape[1], taps_shape[2]), (out_height, out_width), stride)
    depth = math.prod(taps_shape)
    matrix = np.concatenate([taps.reshape(outputs, depth), offsets[:, None]], axis=1)
    places = max(1, _BLOCK // (depth + 1))
    rows = min(out_height, max(1, places // wide))
    images = min(count, max(1, places // (rows * wide)))
    # The last line of ones makes the matrix product add the bias.
    buffer = np.empty((depth + 1) * images * rows * wide, dtype=source.dtype)
    for first in range(0, count, images):
        part = view[first : first + images]
        for top in range(0, out_height, rows):
            band = part[:, :, :, :, top : top + rows].transpose(1, 2, 3, 0, 4, 5)
            size = math.prod(band.shape[3:])
            block = buffer[: (depth + 1) * size].reshape(depth + 1, size)
            block[depth] = 1
            np.copyto(block[:depth].reshape(band.shape), band)
            product = _product(matrix, block).reshape(outputs, *band.shape[3:])
            target = result[first : first + images, :, top : top + rows]
            np.copyto(target, product[..., :out_width].transpose(1, 0, 2, 3))


def _product(matrix: NDArray[Any], block: NDArray[Any]) -> NDArray[Any]:
    """The matrix product, in pieces that BLAS libraries do in the calling thread.

    For larger ones they start threads of their own, and waiting for those costs more here than they bring: on a busy
    machine a hundred times more.
    """
    (outputs, depth), size = matrix.shape, block.shape[1]
    product = np.empty((outputs, size), dtype=block.dtype)
    rows = min(outputs, 64)
    columns = max(32, _PRODUCT // (rows * depth))
    for top in range(0, outputs, rows):
        part = matrix[top : top + rows]
        for left in range(0, size, columns):
            ahead = slice(left, left + columns)
            np.matmul(part, block[:, ahead], out=product[top : top + rows, ahead])
    return product


def _windows(
    source: NDArray[Any], kernel: tuple[int, int], out: tuple[int, int], stride: tuple[int, int]
) -> tuple[NDArray[Any], int]:
    """A view v[n, i, row, column, y, x] of the input under tap (row, column) of the window at (y, x); x's length.

    With unit steps, x runs on over the whole padded line and beyond its end: lines then follow each other without a
    break and are copied at memory speed. What stands in the columns from out[1] on means nothing.
    """
    count, channels, height, width = source.shape
    wide = width if stride == (1, 1) and 4 * width <= 5 * out[1] else out[1]
    # Running on past the last line needs a few more places.
    flat = np.zeros(source.size + wide - out[1], dtype=source.dtype)
    flat[: source.size].reshape(source.shape)[...] = source
    step = flat.itemsize
    line = width * step
    view = as_strided(
        flat,
        (count, channels, *kernel, out[0], wide),
        (channels * height * line, height * line, line, step, stride[0] * line, stride[1] * step),
        writeable=False,
    )
    return view, wide

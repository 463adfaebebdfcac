"""Exact two-dimensional convolution, the one heavy loop of the package."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exactcnn.core.tensor import ExactTensor, cast_numerators, tier_for

__all__ = ["convolve2d", "window_count"]


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
    every partial sum of the accumulation obeys too.
    """
    count, _, height, width = images.shape
    outputs, _, rows, columns = weight.shape
    down, right = stride
    out_height, out_width = window_count(height, rows, down), window_count(width, columns, right)
    product = images.denominator * weight.denominator
    denominator = product if bias is None else math.lcm(product, bias.denominator)
    scaled = weight.scaled(denominator // product) if denominator != product else weight
    kernel = ExactTensor(scaled.numerators)
    offsets = (
        None
        if bias is None
        else ExactTensor(bias.over(bias.denominator).numerators).scaled(denominator // bias.denominator)
    )
    # The row sums are taken over Python integers: they are few, and the bound itself must not overflow.
    row_sums = np.abs(kernel.integers()).reshape(outputs, -1).sum(axis=1) if kernel.size else np.zeros(outputs, object)
    bound = max((int(s) for s in row_sums), default=0) * images.bound + (0 if offsets is None else offsets.bound)
    dtype = tier_for(max(bound, images.bound, kernel.bound))
    source = cast_numerators(images.numerators, dtype)
    taps = cast_numerators(kernel.numerators, dtype)
    result = np.zeros((count, outputs, out_height * out_width), dtype=dtype)
    if offsets is not None:
        result += cast_numerators(offsets.numerators, dtype)[None, :, None]
    _accumulate(result, source, taps, (out_height, out_width), stride)
    return ExactTensor(result.reshape(count, outputs, out_height, out_width), denominator)


def _accumulate(
    result: NDArray[Any], source: NDArray[Any], taps: NDArray[Any], out: tuple[int, int], stride: tuple[int, int]
) -> None:
    """Adds the convolution to `result` (N, O, pixels), one kernel row at a time: the columns stay in cache."""
    down, right = stride
    out_height, out_width = out
    for row in range(taps.shape[2]):
        # Columns of zero weights (small templates in a large kernel, 1 x 1 inputs) cost nothing.
        used = [
            (channel, column)
            for channel in range(taps.shape[1])
            for column in range(taps.shape[3])
            if np.any(taps[:, channel, row, column])
        ]
        if not used:
            continue
        matrix = np.ascontiguousarray(np.stack([taps[:, channel, row, column] for channel, column in used], axis=1))
        columns = np.empty((len(used), out_height, out_width), dtype=source.dtype)
        for image in range(source.shape[0]):
            for place, (channel, column) in enumerate(used):
                columns[place] = source[
                    image,
                    channel,
                    row : row + (out_height - 1) * down + 1 : down,
                    column : column + (out_width - 1) * right + 1 : right,
                ]
            result[image] += np.matmul(matrix, columns.reshape(len(used), -1))

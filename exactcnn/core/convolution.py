"""Exact two-dimensional convolution, the one heavy loop of the package."""

from __future__ import annotations

import math
import threading
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from exactcnn.core.tensor import ExactTensor, cast_numerators, tier_for

__all__ = ["convolve2d", "window_count"]

# Numbers in one block and its product: enough for BLAS, and little enough to stay in the caches.
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
    """Integers k, c and d with (k * x + c)/d = weight * x/unit + bias, without a common factor: the least tier.

    k and c are the numerators of the tensors returned. What was once found out about the weights is kept: they are
    the same tensors where nothing has to be changed.
    """
    product = unit * weight.denominator
    if bias is None:
        bias = ExactTensor.zeros((weight.shape[0],))
    denominator = math.lcm(product, bias.denominator)
    factors = denominator // product, denominator // bias.denominator
    divisor = math.gcd(denominator, weight.content * factors[0], bias.content * factors[1])
    return _rescaled(weight, factors[0], divisor), _rescaled(bias, factors[1], divisor), denominator // divisor


def _rescaled(tensor: ExactTensor, factor: int, divisor: int) -> ExactTensor:
    """Numerators times a factor and then divided by a divisor, which leaves no rest."""
    common = math.gcd(factor, divisor)
    return tensor.scaled(factor // common).divided(divisor // common)


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
    """Writes the convolution into `result`: a step of t to the right is t convolutions of every t-th column."""
    if not taps.size:
        result[...] = offsets[:, None, None]
        return
    down, right = stride
    for phase in range(min(right, taps.shape[3])):
        part = _Lines(np.ascontiguousarray(source[:, :, :, phase::right]), taps[:, :, :, phase::right], down)
        part.add_to(result, offsets if phase == 0 else None)


class _Lines:
    """A convolution with steps of one to the right, as matrix products on blocks of lines.

    Output lines are as long as input lines, so that all lines of an image follow each other without a break: then a
    block is copied at memory speed, and a shift by some columns is a shift of the whole block. What stands in the last
    columns, beyond the last window, means nothing (but obeys the bound) and is dropped at the end.

    The shifts of the kernel's columns are made either on the input, one line of the block for each column (im2col),
    or on the product, one line of the product for each column: whichever moves fewer numbers.
    """

    def __init__(self, source: NDArray[Any], taps: NDArray[Any], down: int) -> None:
        outputs, inputs, rows, columns = taps.shape
        on_input = inputs * rows * (columns - 1) <= 2 * outputs * columns
        spread = columns if on_input else 1
        self._shifts = columns // spread
        self._outputs = outputs
        self._depth = inputs * rows * spread
        # (shift, output) times (input, row, spread column).
        self._matrix = taps.transpose(3, 0, 1, 2).reshape(self._shifts * outputs, self._depth)
        if on_input:
            self._matrix = taps.reshape(outputs, self._depth)
        self._view = _windows(source, (rows, spread), down)

    def add_to(self, result: NDArray[Any], offsets: NDArray[Any] | None) -> None:
        """Adds to `result`; where offsets are given, `result` holds nothing yet and becomes the sum plus these."""
        (count, _, out_height, _), wide = result.shape, self._view.shape[-1]
        places = max(1, _BLOCK // (self._depth + len(self._matrix)))
        rows = min(out_height, max(1, places // wide))
        images = min(count, max(1, places // (rows * wide)))
        for first in range(0, count, images):
            for top in range(0, out_height, rows):
                target = result[first : first + images, :, top : top + rows]
                lines = self._lines(slice(first, first + images), slice(top, min(top + rows, out_height)))
                sums = lines[..., : target.shape[3]].transpose(1, 0, 2, 3)
                if offsets is None:
                    target += sums
                else:
                    np.add(sums, offsets[:, None, None], out=target)

    def _lines(self, images: slice, rows: slice) -> NDArray[Any]:
        """Output lines (O, n, rows, wide) without offsets."""
        part = self._view[images, :, :, :, rows].transpose(1, 2, 3, 0, 4, 5)
        size = math.prod(part.shape[3:])
        block, product = _scratch.arrays(part.dtype, (self._depth, size), (len(self._matrix), size))
        np.copyto(block.reshape(part.shape), part)
        _multiply(self._matrix, block, product)
        shifted = product.reshape(self._shifts, self._outputs, size)
        total: NDArray[Any] = shifted[0]
        for shift in range(1, self._shifts):
            total[:, : size - shift] += shifted[shift, :, shift:]
        return total.reshape(self._outputs, *part.shape[3:])


class _Scratch(threading.local):
    """Memory for blocks that each thread uses again and again: fresh pages cost more than writing to them."""

    def __init__(self) -> None:
        self._memory = np.empty(0)

    def arrays(self, dtype: np.dtype[Any], first: tuple[int, int], second: tuple[int, int]) -> list[NDArray[Any]]:
        """Two arrays whose contents mean nothing; they last until the next call."""
        shapes = first, second
        sizes = [rows * columns for rows, columns in shapes]
        if dtype.hasobject or sum(sizes) > 2 * _BLOCK:
            return [np.empty(shape, dtype=dtype) for shape in shapes]
        if not self._memory.size:
            self._memory = np.empty(2 * _BLOCK)
        memory = self._memory.view(dtype)
        return [memory[: sizes[0]].reshape(first), memory[sizes[0] : sum(sizes)].reshape(second)]


_scratch = _Scratch()


def _multiply(matrix: NDArray[Any], block: NDArray[Any], product: NDArray[Any]) -> None:
    """Writes the matrix product, in pieces that BLAS libraries do in the calling thread.

    For larger ones they start threads of their own, and waiting for those costs more here than they bring: on a busy
    machine a hundred times more. Numpy is given many pieces in one call, during which other threads can run.
    """
    (outputs, depth), size = matrix.shape, block.shape[1]
    rows = min(outputs, 64)
    columns = min(size, max(32, _PRODUCT // (rows * depth)))
    even = size - size % columns
    for top in range(0, outputs, rows):
        part, target = matrix[top : top + rows], product[top : top + rows]
        np.matmul(part, _pieces(block[:, :even], columns), out=_pieces(target[:, :even], columns))
        if even < size:
            np.matmul(part, block[:, even:], out=target[:, even:])


def _pieces(lines: NDArray[Any], columns: int) -> NDArray[Any]:
    """A view (n, L, columns) of lines (L, n * columns); cutting an axis in two never needs a copy."""
    return lines.reshape(len(lines), -1, columns).transpose(1, 0, 2)


def _windows(source: NDArray[Any], kernel: tuple[int, int], down: int) -> NDArray[Any]:
    """A view v[n, i, row, column, y, x] of the input under tap (row, column) of the window at (y, x).

    x runs over whole input lines, and with a column added on into the next line.
    """
    count, channels, height, width = source.shape
    rows, columns = kernel
    # The last line runs on too.
    flat = np.zeros(source.size + columns - 1, dtype=source.dtype)
    flat[: source.size].reshape(source.shape)[...] = source
    step = flat.itemsize
    line = width * step
    return as_strided(
        flat,
        (count, channels, rows, columns, window_count(height, rows, down), width),
        (channels * height * line, height * line, line, step, down * line, step),
        writeable=False,
    )

"""Exact two-dimensional convolution, the one heavy loop of the package."""

from __future__ import annotations

import math
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from exactcnn.core.tensor import ExactTensor, cast_numerators, tier_for

__all__ = ["convolve2d", "convolve2d_peaks", "window_count"]

# Numbers in one block and its product: enough for BLAS, and little enough to stay in the caches.
_BLOCK = 1 << 19
# Multiplications in one call of BLAS.
_PRODUCT = 1 << 18
# Outputs, and numbers added up for each, in one call of BLAS.
_OUTPUTS, _DEPTH = 32, 256
# Columns of a matrix: narrower images stand side by side; fewer than _SHORT are too few.
_COLUMNS, _SHORT = 96, 48


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
    lines, offsets, denominator = _prepared(images, weight, bias, stride)
    result = np.empty(lines.shape, dtype=lines.matrix.dtype)
    for block in lines.blocks():
        target = result[block.images, :, block.rows]
        groups, _, outputs, together, _ = block.sums.shape
        parted = target.reshape(groups, together, outputs, *target.shape[2:])
        np.add(block.sums.transpose(0, 3, 2, 1, 4), offsets[:, None, None], out=parted)
    return ExactTensor(result, denominator)


def convolve2d_peaks(
    images: ExactTensor, weight: ExactTensor, bias: ExactTensor | None = None, stride: tuple[int, int] = (1, 1)
) -> ExactTensor:
    """(N, O): the maximum of `convolve2d` over all places, without that tensor in memory.

    Parameters
    ----------
    as of `convolve2d`.

    Raises
    ------
    ValueError: not one window fits.
    """
    lines, offsets, denominator = _prepared(images, weight, bias, stride)
    if 0 in lines.shape[2:]:
        raise ValueError("the maximum over no places")
    peaks = np.empty(lines.shape[:2], dtype=lines.matrix.dtype)
    for block in lines.blocks():
        target = peaks[block.images]
        # Line by line first: that runs along memory.
        highest = block.sums.max(axis=1).max(axis=-1).transpose(0, 2, 1).reshape(target.shape)
        if block.rows.start == 0:
            target[...] = highest
        else:
            np.maximum(target, highest, out=target)
    return ExactTensor(peaks + offsets, denominator)


def _prepared(
    images: ExactTensor, weight: ExactTensor, bias: ExactTensor | None, stride: tuple[int, int]
) -> tuple[_Lines, NDArray[Any], int]:
    """The convolution without offsets, the offsets, and the denominator of both, in a tier that holds their sum."""
    kernel, offsets, denominator = _over_one_denominator(images.denominator, weight, bias)
    bound = max(kernel.row_bound, 1) * images.bound + offsets.bound
    dtype = tier_for(max(bound, kernel.bound))
    source, taps = (cast_numerators(t.numerators, dtype) for t in (images, kernel))
    return _Lines.of(source, taps, stride), cast_numerators(offsets.numerators, dtype), denominator


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


@dataclass(frozen=True)
class _Block:
    """Some output lines of some images.

    Attributes
    ----------
    images, rows: which.
    sums: (groups of images, lines, outputs, images of a group, places), without offsets; until the next block is made.
    """

    images: slice
    rows: slice
    sums: NDArray[Any]


@dataclass(frozen=True)
class _Lines:
    """A convolution as matrix products, one or some for each output line.

    In a block, each input line is written down once for each column of the kernel, moved by that column and cut to
    the output's places. What an output line is made of, line by line of the kernel, then stands together: it is a
    matrix as it is, without the copy for each line of the kernel that im2col makes. Two things are done differently
    where that moves fewer numbers or makes larger products:

    - The kernel's columns are told apart by the product, not by the block, and moved when they are added up.
    - Short output lines go into one matrix, for which the block does hold a copy for each line of the kernel.

    Images whose lines are short stand side by side.

    Attributes
    ----------
    source: (N, I, H, W).
    matrix: (O, a * I * b), the weights with the kernel's lines outermost; (b * O, a * I) with columns told apart.
    kernel: (a, b).
    stride: steps down and to the right.
    shape: (N, O, output lines, places of an output line).
    shifts: how many columns the product tells apart: b or 1.
    together: how many images stand side by side.
    flat: whether all output lines of a block go into one matrix.
    """

    source: NDArray[Any]
    matrix: NDArray[Any]
    kernel: tuple[int, int]
    stride: tuple[int, int]
    shape: tuple[int, int, int, int]
    shifts: int
    together: int
    flat: bool

    @staticmethod
    def of(source: NDArray[Any], taps: NDArray[Any], stride: tuple[int, int]) -> _Lines:
        """The convolution of `source` (N, I, H, W) with `taps` (O, I, a, b)."""
        outputs, inputs, rows, columns = taps.shape
        count, _, lines, places = source.shape
        height, width = window_count(lines, rows, stride[0]), window_count(places, columns, stride[1])
        shifts = columns if inputs * (columns - 1) > 2 * outputs * columns else 1
        if shifts > 1:
            matrix = taps.transpose(3, 0, 2, 1).reshape(shifts * outputs, rows * inputs)
        else:
            matrix = taps.transpose(0, 2, 1, 3).reshape(outputs, rows * inputs * columns)
        flat = rows == 1 or min(count * width, _COLUMNS) < _SHORT
        most = max(1, _COLUMNS // max(1, width * height if flat else width))
        together = -(-count // -(-count // most)) if count else 1
        shape = count, outputs, height, width
        return _Lines(source, np.ascontiguousarray(matrix), (rows, columns), stride, shape, shifts, together, flat)

    def blocks(self) -> Iterator[_Block]:
        """All output lines, a few at a time."""
        if not math.prod(self.shape):
            return
        count, _, height, _ = self.shape
        step = height
        while step > 1 and self._entries(step) > _BLOCK:
            step = -(-step // 2)
        most = self.together * max(1, _BLOCK // self._entries(step))
        for first in range(0, count, most):
            images = min(most, count - first)
            whole = first + images - images % self.together
            for top in range(0, height, step):
                rows = slice(top, min(top + step, height))
                if first < whole:
                    yield self._block(slice(first, whole), rows, self.together)
                if whole < first + images:
                    yield self._block(slice(whole, first + images), rows, images % self.together)

    def _entries(self, rows: int) -> int:
        """The numbers in a block of images side by side and its product, of so many output lines."""
        lines = self.kernel[0] * rows if self.flat else (rows - 1) * self.stride[0] + self.kernel[0]
        spread: int = self.source.shape[1] * (self.kernel[1] // self.shifts)
        return self.together * self._places() * (lines * spread + rows * len(self.matrix))

    def _places(self) -> int:
        """The places of a line in a block: those of the output, or of the input where the product is moved."""
        return self.shape[3] if self.shifts == 1 else self.source.shape[3]

    def _block(self, images: slice, rows: slice, together: int) -> _Block:
        """The output lines `rows` of `images`, whose number is a multiple of `together`."""
        source, columns = self.source[images, :, rows.start * self.stride[0] :], self.kernel[1] // self.shifts
        groups, count, places = len(source) // together, rows.stop - rows.start, self._places()
        (height, depth), (taps, _), down = self.matrix.shape, self.kernel, self.stride[0]
        image, channel, line, place = source.strides
        right = self.stride[1] * place if self.shifts == 1 else place
        inner = [(source.shape[1], channel), (columns, place)]
        outer, across = (groups, together * image), [(together, image), (places, right)]
        if self.flat:
            axes = [outer, (taps, line), *inner, (count, down * line), *across]
        else:
            axes = [outer, ((count - 1) * down + taps, line), *inner, *across]
        shape, strides = zip(*axes, strict=True)
        size, products = together * places, groups * count * height * together * places
        spread, product = _scratch.arrays(source.dtype, math.prod(shape), products)
        np.copyto(spread.reshape(shape), as_strided(source, shape, strides, writeable=False))
        if self.flat:
            windows = spread.reshape(groups, depth, count * size)
            _multiply(self.matrix, windows, product.reshape(groups, height, count * size))
            sums = product.reshape(groups, height, count, together, places).swapaxes(1, 2)
        else:
            a_row = size * spread.itemsize
            a_line = depth // taps * a_row
            steps = shape[1] * a_line, down * a_line, a_row, spread.itemsize
            windows = as_strided(spread, (groups, count, depth, size), steps, writeable=False)
            _multiply(self.matrix, windows, product.reshape(groups, count, height, size))
            sums = product.reshape(groups, count, height, together, places)
        return _Block(images, rows, self._added_up(sums))

    def _added_up(self, sums: NDArray[Any]) -> NDArray[Any]:
        """The sum over the columns that the product tells apart, each moved to its place."""
        if self.shifts == 1:
            return sums
        outputs, last = self.shape[1], (self.shape[3] - 1) * self.stride[1]
        moved = [
            sums[:, :, shift * outputs : (shift + 1) * outputs, :, shift : shift + last + 1 : self.stride[1]]
            for shift in range(self.shifts)
        ]
        for other in moved[1:]:
            moved[0] += other
        return moved[0]


class _Scratch(threading.local):
    """Memory for blocks that each thread uses again and again: fresh pages cost more than writing to them."""

    def __init__(self) -> None:
        self._memory = np.empty(0)

    def arrays(self, dtype: np.dtype[Any], first: int, second: int) -> list[NDArray[Any]]:
        """Two arrays of so many numbers, whose contents mean nothing; they last until the next call."""
        if dtype.hasobject or first + second > _BLOCK:
            return [np.empty(first, dtype=dtype), np.empty(second, dtype=dtype)]
        if self._memory.size * self._memory.itemsize < (first + second) * dtype.itemsize:
            self._memory = np.empty(first + second)
        memory = self._memory.view(dtype)
        return [memory[:first], memory[first : first + second]]


_scratch = _Scratch()


def _multiply(matrix: NDArray[Any], windows: NDArray[Any], product: NDArray[Any]) -> None:
    """Writes matrix (O, D) times windows (.., D, size) into product (.., O, size), in pieces for one thread of BLAS.

    For larger pieces BLAS libraries start threads of their own, and waiting for those costs more here than they bring:
    on a busy machine a hundred times more. Numpy is given many pieces in one call, during which other threads can run.
    """
    (outputs, depth), size = matrix.shape, windows.shape[-1]
    if depth == 1:
        np.multiply(matrix, windows, out=product)
        return
    if not depth:
        product[...] = 0
    for top in range(0, outputs, _OUTPUTS):
        for low in range(0, depth, _DEPTH):
            part = matrix[top : top + _OUTPUTS, low : low + _DEPTH]
            below, target = windows[..., low : low + _DEPTH, :], product[..., top : top + _OUTPUTS, :]
            columns = min(size, max(16, _PRODUCT // part.size // 16 * 16))
            even = size - size % columns
            sums = target if low == 0 else np.empty(target.shape, dtype=target.dtype)
            np.matmul(part, _pieces(below[..., :even], columns), out=_pieces(sums[..., :even], columns))
            if even < size:
                np.matmul(part, below[..., even:], out=sums[..., even:])
            if low:
                target += sums


def _pieces(lines: NDArray[Any], columns: int) -> NDArray[Any]:
    """A view (.., n, L, columns) of lines (.., L, n * columns); cutting an axis in two never needs a copy."""
    return np.swapaxes(lines.reshape(*lines.shape[:-1], -1, columns), -2, -3)

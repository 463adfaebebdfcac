"""The image-shaped part of a network, evaluated in pieces.

A piece is a few whole images or a band of output rows of one image. Each position of each layer sees exactly the
inputs that it would see in one go, so pieces change nothing in the result; but memory stays bounded however large the
image is, and the numbers in hand fit the processor's caches.
"""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce
from typing import TypeVar

from flint import fmpq

from exactcnn.core.convolution import window_count
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.network.apply import apply_layer, apply_window, check_window, window_peaks
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Flatten,
    GlobalPool,
    Layer,
    MaxPool2d,
    Padding,
    ReLU,
    SpatialLayer,
    kernel_of,
)

__all__ = ["Stem"]

# Numbers in the largest layer of one piece.
_PIECE = 1 << 18
# Multiplications that are worth a thread, and where threads share the work a piece: half a millisecond or more.
_SHARE = 1 << 25
# Pieces a thread, so that none waits long for the last one.
_PIECES_A_THREAD = 4

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")
_Windowed = Callable[[SpatialLayer, ExactTensor, Padding], ExactTensor]


@dataclass(frozen=True)
class Stem:
    """The layers up to and including the global pool or flatten, at one image size.

    Attributes
    ----------
    layers: those before the pool, from the network's first on; without a ReLU right before a global maximum.
    pool: the global pool or flatten.
    clipped: whether a ReLU stood right before a global maximum; as it is monotone, it is applied after it.
    heights: rows of the image, then rows that come out of each layer.
    width: columns that come out of the last layer.
    row_entries: a bound on the numbers that one image takes in any layer, for each row that comes out of the last.
        What a convolution right before a global maximum gives does not count: it is never in memory as a whole.
    work: about how many multiplications one image takes.
    """

    layers: tuple[Layer, ...]
    pool: GlobalPool | Flatten
    clipped: bool
    heights: tuple[int, ...]
    width: int
    row_entries: int
    work: int

    @staticmethod
    def of(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> Stem:
        """The stem of a network's layers at an image of shape (C, H, W).

        Raises
        ------
        InputError: the network is not defined at this size; the layer is named.
        """
        channels, height, width = shape
        heights, entries, work = [height], [channels * height * width], 0
        for number, layer in enumerate(layers):
            if isinstance(layer, (GlobalPool, Flatten)):
                clipped = layer == GlobalPool("max") and number > 0 and isinstance(layers[number - 1], ReLU)
                kept = layers[: number - 1 if clipped else number]
                if layer == GlobalPool("max") and kept and isinstance(kept[-1], Conv2d):
                    entries.pop()
                a_row = -(-max(entries) // height)
                return Stem(kept, layer, clipped, tuple(heights[: len(kept) + 1]), width, a_row, work + sum(entries))
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                try:
                    check_window(layer, (channels, height, width))
                except InputError as error:
                    raise error.located(place=f"layer {number} ({type(layer).__name__})") from None
                (rows, columns), (top, left, bottom, right) = kernel_of(layer), layer.padding
                height, width = height + top + bottom, width + left + right
                entries.append(channels * height * width)
                height, width = (
                    window_count(height, rows, layer.stride[0]),
                    window_count(width, columns, layer.stride[1]),
                )
                if isinstance(layer, Conv2d):
                    channels, work = layer.weight.shape[0], work + layer.weight.size * height * width
                entries.append(channels * height * width)
            heights.append(height)
        raise InputError("the network never leaves the image plane", expected="a global pool or a flatten")

    @property
    def depth(self) -> int:
        """How many of the network's layers the stem takes in."""
        return len(self.layers) + self.clipped + 1

    def apply(self, batch: ExactTensor, threads: int | None = None) -> ExactTensor:
        """The pooled or flattened values (N, K) of a batch (N, C, H, W) of the stem's image size.

        At most `threads` share the work, None for one a core.
        """
        count = batch.shape[0]
        worth = count * self.work // _SHARE
        # Python integers are not computed with in several threads at a time.
        busy = (
            1 if worth < 2 or batch.numerators.dtype == object else min(_cores() if threads is None else threads, worth)
        )
        images, bands = self._parts(count, busy)
        # An empty batch goes through once too, for its shape.
        groups = [batch[first : first + images] for first in range(0, max(count, 1), images)]
        pieces = [(group, *band) for group in groups for band in bands]
        done = _shared(lambda piece: self._piece(*piece), pieces, busy)
        joined = [self._joined(done[first : first + len(bands)]) for first in range(0, len(done), len(bands))]
        return concatenate(joined)

    def _parts(self, count: int, threads: int) -> tuple[int, list[tuple[int, int]]]:
        """How many images go into a piece, and the bands of rows [first, last) that each image is cut into."""
        rows = self.heights[-1]
        most = max(1, _PIECE // self.row_entries)
        if threads > 1:
            fair, worth = count * rows // (threads * _PIECES_A_THREAD), _SHARE * rows // self.work
            most = max(1, min(most, max(fair, worth)))
        bands = -(-rows // most)
        step = -(-rows // bands)
        return max(1, most // rows), [(top, min(top + step, rows)) for top in range(0, rows, step)]

    def _piece(self, images: ExactTensor, first: int, last: int) -> ExactTensor:
        """What is kept of one piece: its part of the pooled values, or all of it for a flatten."""
        if isinstance(self.pool, Flatten):
            return self._band(images, first, last, apply_window)
        if self.pool.kind == "sum" or self.pool.kind == "mean":
            return self._band(images, first, last, apply_window).sum((2, 3))
        peaks = self._band(images, first, last, window_peaks)
        return peaks if peaks.ndim == 2 else peaks.max((2, 3))

    def _joined(self, bands: list[ExactTensor]) -> ExactTensor:
        """The pooled values of a few images from what was kept of all their bands."""
        if isinstance(self.pool, Flatten):
            return apply_layer(self.pool, concatenate(bands, axis=2))
        if self.pool.kind == "max":
            highest = reduce(ExactTensor.maximum, bands)
            return highest.relu() if self.clipped else highest
        total = reduce(ExactTensor.__add__, bands)
        return total if self.pool.kind == "sum" else total.scaled(fmpq(1, self.heights[-1] * self.width))

    def _band(self, images: ExactTensor, first: int, last: int, finish: _Windowed) -> ExactTensor:
        """Output rows first..last-1 of the last layer before the pool, done by `finish` if it has a window."""
        ranges = list(self._needed(first, last))
        have, x = ranges[-1], images[:, :, ranges[-1][0] : ranges[-1][1]]
        for number, layer in enumerate(self.layers):
            low, high = ranges[-2 - number]
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                how = finish if number == len(self.layers) - 1 else apply_window
                x = _apply_rows(layer, x, have[0], self.heights[number], (low, high), how)
            else:
                x = apply_layer(layer, x)
            have = low, high
        return x

    def _needed(self, first: int, last: int) -> Iterator[tuple[int, int]]:
        """From the last layer's output back to the image: the rows [low, high), never none, that the band rests on."""
        yield first, last
        for number in range(len(self.layers) - 1, -1, -1):
            layer, height = self.layers[number], self.heights[number]
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                start, stop = _rows_seen(layer, first, last)
                first = min(max(start, 0), height - 1)
                last = max(min(stop, height), first + 1)
            yield first, last


def _shared(work: Callable[[_Item], _Result], items: Sequence[_Item], threads: int) -> list[_Result]:
    """What `work` makes of each item, in their order; this thread and at most `threads` - 1 others do it."""
    helpers = min(threads, len(items)) - 1
    if helpers < 1:
        return [work(item) for item in items]
    left, done = deque(enumerate(items)), dict[int, _Result]()

    def run() -> None:
        while True:
            try:
                number, item = left.popleft()  # atomic
            except IndexError:
                return
            try:
                done[number] = work(item)
            except BaseException:
                left.clear()
                raise

    # This thread works too: it need not be woken up, and a scheduler has fewer threads to find cores for.
    with ThreadPoolExecutor(helpers) as pool:
        running = [pool.submit(run) for _ in range(helpers)]
        run()
        for helper in running:
            helper.result()
    return [done[number] for number in range(len(items))]


def _rows_seen(layer: SpatialLayer, first: int, last: int) -> tuple[int, int]:
    """The input rows [start, stop) under the windows of output rows [first, last); padding rows are outside [0, H)."""
    down, top = layer.stride[0], layer.padding[0]
    return first * down - top, (last - 1) * down + kernel_of(layer)[0] - top


def _apply_rows(
    layer: SpatialLayer, x: ExactTensor, have: int, height: int, rows: tuple[int, int], how: _Windowed
) -> ExactTensor:
    """Output rows [rows[0], rows[1]) of a layer whose whole input has `height` rows, `x` being those from `have` on."""
    start, stop = _rows_seen(layer, *rows)
    low, high = (min(max(edge, 0), height) for edge in (start, stop))
    # Windows may lie wholly in the padding: then low = high, and the frame alone makes up the rows.
    top = min(max(low - start, 0), stop - start)
    bottom = stop - start - top - (high - low)
    _, left, _, right = layer.padding
    return how(layer, x[:, :, low - have : high - have], (top, left, bottom, right))


def _cores() -> int:
    """The processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1

"""The image-shaped part of a network, evaluated in pieces.

A piece is a few whole images or a band of output rows of one image. Each position of each layer sees exactly the
inputs that it would see in one go, so pieces change nothing in the result; but memory stays bounded however large the
image is, and the numbers in hand fit the processor's caches.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import reduce

from flint import fmpq

from exactcnn.core.convolution import window_count
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.network.apply import apply_layer, apply_window, check_window
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Flatten,
    GlobalPool,
    Layer,
    MaxPool2d,
    ReLU,
    SpatialLayer,
    kernel_of,
)

__all__ = ["Stem"]

# Numbers in the largest layer of one piece.
_PIECE = 1 << 18


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
    """

    layers: tuple[Layer, ...]
    pool: GlobalPool | Flatten
    clipped: bool
    heights: tuple[int, ...]
    width: int
    row_entries: int

    @staticmethod
    def of(layers: tuple[Layer, ...], shape: tuple[int, ...]) -> Stem:
        """The stem of a network's layers at an image of shape (C, H, W).

        Raises
        ------
        InputError: the network is not defined at this size; the layer is named.
        """
        channels, height, width = shape
        heights, entries = [height], channels * height * width
        for number, layer in enumerate(layers):
            if isinstance(layer, (GlobalPool, Flatten)):
                clipped = layer == GlobalPool("max") and number > 0 and isinstance(layers[number - 1], ReLU)
                kept = number - 1 if clipped else number
                return Stem(layers[:kept], layer, clipped, tuple(heights[: kept + 1]), width, -(-entries // height))
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                try:
                    check_window(layer, (channels, height, width))
                except InputError as error:
                    raise error.located(place=f"layer {number} ({type(layer).__name__})") from None
                (rows, columns), (top, left, bottom, right) = kernel_of(layer), layer.padding
                height, width = height + top + bottom, width + left + right
                entries = max(entries, channels * height * width)
                height, width = (
                    window_count(height, rows, layer.stride[0]),
                    window_count(width, columns, layer.stride[1]),
                )
                channels = layer.weight.shape[0] if isinstance(layer, Conv2d) else channels
                entries = max(entries, channels * height * width)
            heights.append(height)
        raise InputError("the network never leaves the image plane", expected="a global pool or a flatten")

    @property
    def depth(self) -> int:
        """How many of the network's layers the stem takes in."""
        return len(self.layers) + self.clipped + 1

    def apply(self, batch: ExactTensor, threads: int = 1) -> ExactTensor:
        """The pooled or flattened values (N, K) of a batch (N, C, H, W) of the stem's image size."""
        count, rows = batch.shape[0], self.heights[-1]
        images = max(1, _PIECE // (self.row_entries * rows))
        step = min(rows, max(1, _PIECE // self.row_entries)) if images == 1 else rows
        bands = [(top, min(top + step, rows)) for top in range(0, rows, step)]
        # An empty batch goes through once too, for its shape.
        groups = [batch[first : first + images] for first in range(0, max(count, 1), images)]
        pieces = [(group, *band) for group in groups for band in bands]
        if threads > 1 and len(pieces) > 1:
            with ThreadPoolExecutor(threads) as pool:
                done = list(pool.map(lambda piece: self._piece(*piece), pieces))
        else:
            done = [self._piece(*piece) for piece in pieces]
        joined = [self._joined(done[first : first + len(bands)]) for first in range(0, len(done), len(bands))]
        return concatenate(joined)

    def _piece(self, images: ExactTensor, first: int, last: int) -> ExactTensor:
        """What is kept of one piece: its part of the pooled values, or all of it for a flatten."""
        band = self._band(images, first, last)
        if isinstance(self.pool, Flatten):
            return band
        return band.max((2, 3)) if self.pool.kind == "max" else band.sum((2, 3))

    def _joined(self, bands: list[ExactTensor]) -> ExactTensor:
        """The pooled values of a few images from what was kept of all their bands."""
        if isinstance(self.pool, Flatten):
            return apply_layer(self.pool, concatenate(bands, axis=2))
        if self.pool.kind == "max":
            highest = reduce(ExactTensor.maximum, bands)
            return highest.relu() if self.clipped else highest
        total = reduce(ExactTensor.__add__, bands)
        return total if self.pool.kind == "sum" else total.scaled(fmpq(1, self.heights[-1] * self.width))

    def _band(self, images: ExactTensor, first: int, last: int) -> ExactTensor:
        """Output rows first..last-1 of the last layer before the pool."""
        ranges = list(self._needed(first, last))
        have, x = ranges[-1], images[:, :, ranges[-1][0] : ranges[-1][1]]
        for number, layer in enumerate(self.layers):
            low, high = ranges[-2 - number]
            if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
                x = _apply_rows(layer, x, have[0], self.heights[number], (low, high))
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


def _rows_seen(layer: SpatialLayer, first: int, last: int) -> tuple[int, int]:
    """The input rows [start, stop) under the windows of output rows [first, last); padding rows are outside [0, H)."""
    down, top = layer.stride[0], layer.padding[0]
    return first * down - top, (last - 1) * down + kernel_of(layer)[0] - top


def _apply_rows(layer: SpatialLayer, x: ExactTensor, have: int, height: int, rows: tuple[int, int]) -> ExactTensor:
    """Output rows [rows[0], rows[1]) of a layer whose whole input has `height` rows, `x` being those from `have` on."""
    start, stop = _rows_seen(layer, *rows)
    low, high = (min(max(edge, 0), height) for edge in (start, stop))
    # Windows may lie wholly in the padding: then low = high, and the frame alone makes up the rows.
    top = min(max(low - start, 0), stop - start)
    bottom = stop - start - top - (high - low)
    _, left, _, right = layer.padding
    return apply_window(layer, x[:, :, low - have : high - have], (top, left, bottom, right))

"""Near misses that a network likes best: windows clear of every feature at which a channel is as high as was found.

A window starts as a template and is moved away from it, a fraction of the gap at a time, by those pixels whose moves
lower the channel least. Floats choose the moves, rationals keep them; `replay` decides every image.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import AvgPool2d, Conv2d, GlobalPool, Layer, MaxPool2d, Network, ReLU
from exactcnn.prover.attack_floats import FloatNetwork, Floats
from exactcnn.prover.compose import FREE, Anchor, Background, Item, template_item
from exactcnn.prover.instance import Instance
from exactcnn.theorem.geometry import Axis, Signature
from exactcnn.theorem.local import Placed
from exactcnn.theorem.stem import Kind

__all__ = ["NearMiss", "NearMisses"]

_PARTS = 256
_SHARE = 4
_ROUNDS = 2 * _PARTS
_TINY = 1e-9
_WORK = 6e9


@dataclass(frozen=True)
class NearMiss:
    """A window that is clear of all features of its size.

    Attributes
    ----------
    feature: the one that it nearly is.
    response: (K,) the stem's channels at a position that sees it, as floats.
    """

    feature: int
    item: Item
    response: Floats


@dataclass(frozen=True)
class _Templates:
    """Templates of one size (T of them), exactly and as floats (T, C, h, w); their features' gaps, too."""

    boxes: list[Box]
    exact_gaps: list[fmpq]
    lows: Floats
    highs: Floats
    gaps: Floats

    def excesses(self, x: Floats) -> Floats:
        """(T,) the excess of a window over each."""
        total = np.maximum(self.lows - x, 0) + np.maximum(x - self.highs, 0)
        return np.asarray(total.sum(axis=(1, 2, 3)))

    def avoided(self, window: ExactTensor) -> bool:
        """Whether the window is clear of all, exactly."""
        return all(box.excess(window) >= gap for box, gap in zip(self.boxes, self.exact_gaps, strict=True))


@dataclass(frozen=True)
class _Moves:
    """Moves (N of them) of one pixel each, further out of a template: where, which way, the value then, and by how
    much the excess grows.
    """

    places: NDArray[np.intp]
    upward: NDArray[np.bool_]
    after: Floats
    gain: Floats

    def cheapest(self, cost: Floats, count: int) -> Iterator[tuple[tuple[int, ...], bool]]:
        """So many of the moves that cost least for what they gain, of each pixel one."""
        taken: set[tuple[int, ...]] = set()
        for n in np.argsort(np.maximum(cost, 0) / self.gain, kind="stable").tolist():
            place = tuple(self.places[n].tolist())
            if place not in taken:
                taken.add(place)
                yield place, bool(self.upward[n])
            if len(taken) == count:
                return


def _moves(x: Floats, low: Floats, high: Floats, span: tuple[float, float], size: float) -> _Moves:
    """All moves to `size` further out of a template than the pixel is, or just out of it, within the pixel range."""
    up, down = np.minimum(np.maximum(x, high) + size, span[1]), np.maximum(np.minimum(x, low) - size, span[0])
    before = np.maximum(low - x, 0) + np.maximum(x - high, 0)
    gains = (up - high) - before, (low - down) - before
    above, below = np.argwhere(gains[0] > _TINY * size), np.argwhere(gains[1] > _TINY * size)
    return _Moves(
        np.concatenate([above, below]),
        np.arange(len(above) + len(below)) < len(above),
        np.concatenate([up[tuple(above.T)], down[tuple(below.T)]]),
        np.concatenate([gains[0][tuple(above.T)], gains[1][tuple(below.T)]]),
    )


@dataclass
class NearMisses:
    """Makes near misses on a plain ground.

    No near miss is begun once floats added up very many products.
    """

    instance: Instance
    ground: Background

    def __post_init__(self) -> None:
        self._network = FloatNetwork(self._unpadded(None))
        self._single: dict[int, FloatNetwork] = {}
        self._rest: dict[int, float] = {}
        self._sizes: dict[tuple[int, int], _Templates] = {}

    @property
    def work(self) -> float:
        """How many products were added up."""
        return self._network.work + sum(n.work for n in self._single.values())

    @property
    def tired(self) -> bool:
        """Whether that is enough."""
        return self.work > _WORK

    @cached_property
    def _level(self) -> Floats:
        """(C, 1, 1) the ground."""
        return np.array([float(v.p) / float(v.q) for v in self.ground])[:, None, None]

    @cached_property
    def _span(self) -> tuple[float, float]:
        pixel = self.instance.task.pixel
        return float(pixel.low.p) / float(pixel.low.q), float(pixel.high.p) / float(pixel.high.q)

    def find(self, channel: int, placed: Placed, kind: Kind) -> NearMiss | None:
        """A near miss of a template seen as `placed` at which the channel is above what it is elsewhere; None if none
        was found, or the position does not see the whole window in the midst of an image.
        """
        stem, task = self.instance.stem, self.instance.task
        feature = task.features[placed.feature]
        anchors = (
            _anchor(stem.rows, kind[0], self.instance.row_kinds[kind[0]][0], placed.row, feature.height),
            _anchor(stem.columns, kind[1], self.instance.column_kinds[kind[1]][0], placed.column, feature.width),
        )
        if anchors[0] is None or anchors[1] is None or self.tired:
            return None
        item = template_item(task, placed.feature, placed.template, row=anchors[0], column=anchors[1])
        moved = self._moved(channel, placed, item)
        if moved is None:
            return None
        response = self._network.logits(self._fields(placed, moved.values.floats()[None], moved.known))[0]
        return NearMiss(placed.feature, moved, response) if self._seen(channel, float(response[channel])) else None

    # -- moves --------------------------------------------------------------------------------------------------------

    def _moved(self, channel: int, placed: Placed, item: Item) -> Item | None:
        """The item, moved until it is clear of every template of its size; None if the channel does not see it then."""
        templates = self._of_size(item.size)
        values: NDArray[Any] = np.array(item.values.tolist(), dtype=object)
        ground = np.broadcast_to(np.array(self.ground, dtype=object)[:, None, None], values.shape)
        values[~item.known] = ground[~item.known]
        step = self.instance.task.features[placed.feature].gap / _PARTS
        size = float(step.p) / float(step.q)
        for _ in range(_ROUNDS):
            x = ExactTensor.from_rationals(values, shape=values.shape).floats()
            short = templates.gaps - templates.excesses(x)
            if (short <= _TINY * templates.gaps).all():
                exact = ExactTensor.from_rationals(values, shape=values.shape)
                return replace(item, values=exact) if templates.avoided(exact) else None
            worst = int(short.argmax())
            moves = _moves(x, templates.lows[worst], templates.highs[worst], self._span, size)
            now, then = self._values(channel, placed, item, x, moves)
            if not len(moves.gain) or not self._seen(channel, now):
                return None
            count = max(1, int(short[worst] / size) // _SHARE)
            for place, upward in moves.cheapest(now - then, count):
                values[place] = self._end(values[place], templates.boxes[worst], place, step, upward=upward)
        return None

    def _end(self, value: fmpq, box: Box, place: tuple[int, ...], step: fmpq, *, upward: bool) -> fmpq:
        """The value after one of these moves, exactly."""
        pixel = self.instance.task.pixel
        if upward:
            return min(max(value, box.high.item(*place)) + step, pixel.high)
        return max(min(value, box.low.item(*place)) - step, pixel.low)

    def _values(self, channel: int, placed: Placed, item: Item, x: Floats, moves: _Moves) -> tuple[float, Floats]:
        """The channel as it is, and after each move."""
        windows = np.repeat(x[None], len(moves.places) + 1, axis=0)
        windows[(np.arange(1, len(windows)), *moves.places.T)] = moves.after
        found = self._one(channel).logits(self._fields(placed, windows, item.known))[:, 0]
        return float(found[0]), found[1:]

    def _fields(self, placed: Placed, windows: Floats, known: NDArray[np.bool_]) -> Floats:
        """(N, C, R, S) fields on the ground that see the windows."""
        stem = self.instance.stem
        shape = len(windows), stem.in_channels, stem.rows.field, stem.columns.field
        fields = np.broadcast_to(self._level, shape).copy()
        part = fields[:, :, placed.row : placed.row + known.shape[1], placed.column : placed.column + known.shape[2]]
        part[:, known] = windows[:, known]
        return fields

    # -- what is known ------------------------------------------------------------------------------------------------

    def _of_size(self, size: tuple[int, int]) -> _Templates:
        """All templates of a size, the widest first: out of a wide one is out of those within it, too."""
        if size not in self._sizes:
            features = [f for f in self.instance.task.features if (f.height, f.width) == size]
            found = [(box, f.gap) for f in features for box in f.templates]
            found.sort(key=lambda pair: -float((pair[0].high.floats() - pair[0].low.floats()).sum()))
            self._sizes[size] = _Templates(
                [box for box, _ in found],
                [gap for _, gap in found],
                np.stack([box.low.floats() for box, _ in found]),
                np.stack([box.high.floats() for box, _ in found]),
                np.array([float(gap.p) / float(gap.q) for _, gap in found]),
            )
        return self._sizes[size]

    def _seen(self, channel: int, value: float) -> bool:
        """Whether the channel is above what it is on nothing but ground."""
        if channel not in self._rest:
            stem = self.instance.stem
            shape = 1, stem.in_channels, stem.rows.field, stem.columns.field
            self._rest[channel] = float(self._one(channel).logits(np.broadcast_to(self._level, shape).copy())[0, 0])
        rest = self._rest[channel]
        return value > rest + _TINY * (1 + abs(rest))

    def _one(self, channel: int) -> FloatNetwork:
        if channel not in self._single:
            self._single[channel] = FloatNetwork(self._unpadded(channel))
        return self._single[channel]

    def _unpadded(self, channel: int | None) -> Network:
        """The stem at one position that sees its whole field; only one channel of the last convolution, or all."""
        layers: list[Layer] = []
        last = max((n for n, layer in enumerate(self.instance.stem.layers) if isinstance(layer, Conv2d)), default=-1)
        for number, layer in enumerate(self.instance.stem.layers):
            if isinstance(layer, ReLU):
                layers.append(layer)
                continue
            bare: Conv2d | MaxPool2d | AvgPool2d = replace(layer, padding=(0, 0, 0, 0))
            if isinstance(bare, Conv2d) and number == last and channel is not None:
                bare = replace(bare, weight=_slice(bare.weight, channel), bias=_slice(bare.bias, channel))
            layers.append(bare)
        return Network((*layers, GlobalPool("max")), channels=self.instance.stem.in_channels)


def _slice(tensor: ExactTensor, place: int) -> ExactTensor:
    part = tensor[place]
    return part.reshape(1, *part.shape)


def _anchor(axis: Axis, signature: Signature, position: int, offset: int, size: int) -> Anchor | None:
    """How a window has to stand to be seen at this offset; None unless the position sees it whole and no border."""
    whole = all(begin == 0 and end == axis.range_length(level) for level, (begin, end) in enumerate(signature))
    if not whole or offset < 0 or offset + size > axis.field:
        return None
    return FREE if axis.stride == 1 else Anchor("phase", (axis.start(position) + offset) % axis.stride)

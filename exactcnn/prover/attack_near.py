"""Near misses that a network likes best: windows clear of every feature at which a channel is as high as was found.

A window starts as a template, or as what a linear program makes of it, and is moved away from all templates, a fraction
of the gap at a time, by those pixels whose moves lower the channel least. Floats choose the moves, rationals keep them;
`replay` decides every image.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import AvgPool2d, Conv2d, GlobalPool, Layer, MaxPool2d, Network, ReLU
from exactcnn.prover.attack_exchange import Table
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
# How many values a pixel may take in a linear program, how many there are of all pixels, and into how many equal parts
# the pixel range is divided for that at least.
_VALUES = 48
_CANDIDATES = 8192
_STEPS = 8
# Shares are multiples of one part of so many; how often a step is halved at most.
_GRID = 1 << 12
_HALVINGS = 12


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
        self._raw: dict[int, FloatNetwork] = {}
        self._rest: dict[int, float] = {}
        self._sizes: dict[tuple[int, int], _Templates] = {}

    @property
    def work(self) -> float:
        """How many products were added up."""
        return self._network.work + sum(n.work for n in (*self._single.values(), *self._raw.values()))

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
        found = []
        for start in (item, *self._exchanged(channel, placed, item)):
            moved = self._moved(channel, placed, start)
            if moved is not None:
                response = self._network.logits(self._fields(placed, moved.values.floats()[None], moved.known))[0]
                found.append(NearMiss(placed.feature, moved, response))
        best = max(found, key=lambda miss: float(miss.response[channel]), default=None)
        return best if best is not None and self._seen(channel, float(best.response[channel])) else None

    # -- the start ----------------------------------------------------------------------------------------------------

    def _exchanged(self, channel: int, placed: Placed, item: Item) -> list[Item]:
        """The item with other values, of which the channel would be highest if each pixel added to it by itself.

        Where a pixel has shares of several values, it takes the largest share's in one item and their mean in another:
        the mean of neighbouring values adds what they add, and is as far from the templates.
        """
        templates, pixels = self._of_size(item.size), np.argwhere(item.known)
        values = self._candidates(templates, item, pixels)
        if values is None:
            return []
        numbers = np.array([[float(v.p) / float(v.q) for v in listed] for listed in values])
        count, each = numbers.shape
        start = self._on_ground(item).floats()
        windows = np.repeat(start[None], count * each + 1, axis=0)
        places = tuple(np.repeat(pixels, each, axis=0).T)
        windows[(np.arange(1, len(windows)), *places)] = numbers.ravel()
        answers = self._before_relu(channel).logits(self._fields(placed, windows, item.known))[:, 0]
        low, high = (side[(slice(None), *pixels.T)][:, :, None] for side in (templates.lows, templates.highs))
        excesses = np.maximum(low - numbers, 0) + np.maximum(numbers - high, 0)
        near = np.flatnonzero(templates.excesses(start) < templates.gaps)
        shares = Table((answers[1:] - answers[0]).reshape(count, each), excesses, templates.gaps).best(near)
        if shares is None:
            return []
        largest = [listed[n] for listed, n in zip(values, shares.argmax(axis=1).tolist(), strict=True)]
        means = [_mean(listed, weights) for listed, weights in zip(values, shares, strict=True)]
        found = []
        for chosen in [largest] if means == largest else [largest, means]:
            exact: NDArray[Any] = np.array(item.values.tolist(), dtype=object)
            for place, value in zip(pixels.tolist(), chosen, strict=True):
                exact[tuple(place)] = value
            found.append(replace(item, values=ExactTensor.from_rationals(exact, shape=exact.shape)))
        return found

    def _candidates(self, templates: _Templates, item: Item, pixels: NDArray[np.intp]) -> list[list[fmpq]] | None:
        """By pixel, as many values to choose from: the item's own, ends of templates there, and equal steps between."""
        pixel = self.instance.task.pixel
        most = min(_VALUES, _CANDIDATES // max(1, len(pixels)))
        if most <= _STEPS:
            return None
        step = (pixel.high - pixel.low) / _STEPS
        even = [pixel.low + step * n for n in range(_STEPS + 1)]
        found = []
        for place in pixels.tolist():
            ends = {side.item(*place) for box in templates.boxes for side in (box.low, box.high)}
            listed = [item.values.item(*place), *even, *sorted(ends)]
            kept = list(dict.fromkeys(listed))
            found.append([*kept[:1], *_spread(kept[1:], most - 1)])
        return found

    def _before_relu(self, channel: int) -> FloatNetwork:
        """The channel before the ReLU at the stem's end, which would hide how far from firing it is."""
        if channel not in self._raw:
            network = self._unpadded(channel)
            layers = [*network.layers[:-1]]
            while layers and isinstance(layers[-1], ReLU):
                layers.pop()
            self._raw[channel] = FloatNetwork(replace(network, layers=(*layers, network.layers[-1])))
        return self._raw[channel]

    # -- moves --------------------------------------------------------------------------------------------------------

    def _moved(self, channel: int, placed: Placed, item: Item) -> Item | None:
        """The item, moved until it is clear of every template of its size; None if the channel does not see it then."""
        templates = self._of_size(item.size)
        values: NDArray[Any] = np.array(self._on_ground(item).tolist(), dtype=object)
        longest = self.instance.task.features[placed.feature].gap / _PARTS
        for _ in range(_ROUNDS):
            x = ExactTensor.from_rationals(values, shape=values.shape).floats()
            short = templates.gaps - templates.excesses(x)
            if (short <= _TINY * templates.gaps).all():
                exact = ExactTensor.from_rationals(values, shape=values.shape)
                return replace(item, values=exact) if templates.avoided(exact) else None
            worst = int(short.argmax())
            step = _step(longest, float(short[worst]))
            size = float(step.p) / float(step.q)
            moves = _moves(x, templates.lows[worst], templates.highs[worst], self._span, size)
            now, then = self._values(channel, placed, item, x, moves)
            if not len(moves.gain) or not self._seen(channel, now):
                return None
            count = max(1, int(short[worst] / size) // _SHARE)
            for place, upward in moves.cheapest(now - then, count):
                values[place] = self._end(values[place], templates.boxes[worst], place, step, upward=upward)
        return None

    def _on_ground(self, item: Item) -> ExactTensor:
        """The item's values, and the ground's where it leaves the pixel open."""
        values: NDArray[Any] = np.array(item.values.tolist(), dtype=object)
        ground = np.broadcast_to(np.array(self.ground, dtype=object)[:, None, None], values.shape)
        values[~item.known] = ground[~item.known]
        return ExactTensor.from_rationals(values, shape=values.shape)

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


def _spread(values: list[fmpq], count: int) -> list[fmpq]:
    """So many of the values, evenly chosen; the last ones again where there are fewer."""
    if len(values) <= count:
        return [*values, *values[-1:] * (count - len(values))]
    return [values[n * (len(values) - 1) // (count - 1)] for n in range(count)]


def _mean(values: Sequence[fmpq], shares: Floats) -> fmpq:
    """The mean by these shares, rounded: a short number if the values are."""
    whole = np.rint(shares * _GRID).astype(int)
    whole[whole.argmax()] += _GRID - whole.sum()
    return sum((v * n for v, n in zip(values, whole.tolist(), strict=True)), fmpq(0)) / _GRID


def _step(longest: fmpq, short: float) -> fmpq:
    """The longest step, halved until it is hardly more than what is short."""
    step = longest
    for _ in range(_HALVINGS):
        if short > float(step.p) / float(step.q) / 2:
            break
        step = step / 2
    return step


def _slice(tensor: ExactTensor, place: int) -> ExactTensor:
    part = tensor[place]
    return part.reshape(1, *part.shape)


def _anchor(axis: Axis, signature: Signature, position: int, offset: int, size: int) -> Anchor | None:
    """How a window has to stand to be seen at this offset; None unless the position sees it whole and no border."""
    whole = all(begin == 0 and end == axis.range_length(level) for level, (begin, end) in enumerate(signature))
    if not whole or offset < 0 or offset + size > axis.field:
        return None
    return FREE if axis.stride == 1 else Anchor("phase", (axis.start(position) + offset) % axis.stride)

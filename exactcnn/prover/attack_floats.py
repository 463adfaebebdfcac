"""A network in floating point, with gradients: only a guide to where wrong images may be.

Nothing that is computed here concludes anything; `replay` decides every image that is found. Inside, arrays are
(C, N, H, W) and (K, N), so that a convolution is one product of matrices without any transposing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    Layer,
    MaxPool2d,
    Network,
    Padding,
    Pair,
    ReLU,
)

__all__ = ["FloatNetwork", "Floats", "interval_bounds", "leads"]

Floats = NDArray[np.float64]
_Back = Callable[[Floats], Floats]
"""From the gradient by a layer's output to the gradient by its input."""

_CHUNK_NUMBERS = 1 << 24


def leads(logits: Floats, label: int) -> Floats:
    """(N,) the label's logit minus the largest other, for logits (N, K)."""
    others = np.delete(logits, label, axis=1)
    return np.asarray(logits[:, label] - others.max(axis=1))


@dataclass
class FloatNetwork:
    """The layers with float64 weights.

    Attributes
    ----------
    network: it takes pixel values.
    work: how many products were added up so far, for limits that do not depend on the machine.
    """

    network: Network
    work: float = 0.0
    _weights: dict[int, tuple[Floats, Floats]] = field(default_factory=dict)

    def logits(self, batch: Floats) -> Floats:
        """(N, K) of (N, C, H, W)."""
        rows = self.at_once(batch.shape[2:])
        return np.concatenate([self._forward(batch[i : i + rows], None) for i in range(0, len(batch), rows)])

    def lead_and_slope(self, batch: Floats, label: int) -> tuple[Floats, Floats]:
        """(N,) leads of the label and their gradients (N, C, H, W)."""
        trace: list[_Back] = []
        values = self._forward(batch, trace)
        rival = np.where(np.arange(values.shape[1]) == label, -np.inf, values).argmax(axis=1)
        slope = np.zeros_like(values)
        slope[:, label] = 1
        slope[np.arange(len(values)), rival] = -1
        slope = slope.T
        for back in reversed(trace):
            slope = back(slope)
        return leads(values, label), slope.transpose(1, 0, 2, 3)

    def _forward(self, batch: Floats, trace: list[_Back] | None) -> Floats:
        x = batch.transpose(1, 0, 2, 3)
        for number in range(len(self.network.layers)):
            x, back = self._applied(number, x)
            if trace is not None:
                trace.append(back)
        return x.T

    def _applied(self, number: int, x: Floats) -> tuple[Floats, _Back]:
        layer = self.network.layers[number]
        match layer:
            case Conv2d():
                return self._convolved(number, layer, x)
            case ReLU():
                return np.maximum(x, 0), lambda d: d * (x > 0)
            case MaxPool2d():
                return _maxima(x, layer)
            case AvgPool2d():
                return _means(x, layer)
            case GlobalPool():
                return _pooled(x, layer.kind)
            case Flatten():
                if x.ndim == 2:
                    return x, lambda d: d
                channels, count, rows, columns = x.shape
                flat = x.transpose(0, 2, 3, 1).reshape(-1, count)
                return flat, lambda d: d.reshape(channels, rows, columns, count).transpose(0, 3, 1, 2)
            case Dense():
                weight, bias = self._floats(number, layer)
                self.work += x.shape[1] * weight.size
                return weight @ x + bias[:, None], lambda d: weight.T @ d

    def _convolved(self, number: int, layer: Conv2d, x: Floats) -> tuple[Floats, _Back]:
        weight, bias = self._floats(number, layer)
        outputs, _, a, b = weight.shape
        padded = _padded(x, layer.padding, 0.0)
        size = _positions(padded, (a, b), layer.stride)
        patches = _patches(padded, (a, b), layer.stride)
        flat, places = weight.reshape(outputs, -1), x.shape[1] * size[0] * size[1]
        self.work += places * flat.size
        y = flat @ patches.reshape(-1, places) + bias[:, None]

        def back(d: Floats) -> Floats:
            self.work += places * flat.size
            spread = (flat.T @ d.reshape(outputs, -1)).reshape(patches.shape)
            result = np.zeros_like(padded)
            for i in range(a):
                for j in range(b):
                    _part(result, i, j, size, layer.stride)[...] += spread[:, i, j]
            return _unpadded(result, layer.padding, x.shape)

        return y.reshape(outputs, x.shape[1], *size), back

    def _floats(self, number: int, layer: Conv2d | Dense) -> tuple[Floats, Floats]:
        if number not in self._weights:
            self._weights[number] = layer.weight.floats(), layer.bias.floats()
        return self._weights[number]

    def at_once(self, size: Sequence[int]) -> int:
        """How many images of this size may be worked on together, by what the largest layer makes of each."""
        return max(1, _CHUNK_NUMBERS // max(1, int(size[0]) * int(size[1]) * self._widest))

    @cached_property
    def _widest(self) -> int:
        widths = [self.network.channels]
        for layer in self.network.layers:
            if isinstance(layer, Conv2d):
                widths += [layer.weight.shape[0], int(np.prod(layer.weight.shape[1:]))]
        return max(widths)


def interval_bounds(layers: Sequence[Layer], low: Floats, high: Floats) -> tuple[Floats, Floats]:
    """About what a stem's channels are at least and at most, (N, K), where fields (N, C, H, W) lie in an interval.

    The layers are applied without padding, to fields that one position sees whole.
    """
    ends = [low.transpose(1, 0, 2, 3), high.transpose(1, 0, 2, 3)]
    for layer in layers:
        if isinstance(layer, Conv2d):
            weight, bias = layer.weight.floats(), layer.bias.floats()
            flat = weight.reshape(weight.shape[0], -1)
            size = _positions(ends[0], weight.shape[2:], layer.stride)
            lows, highs = (_patches(e, weight.shape[2:], layer.stride).reshape(flat.shape[1], -1) for e in ends)
            middle, reach = flat @ (lows + highs) / 2 + bias[:, None], np.abs(flat) @ (highs - lows) / 2
            ends = [v.reshape(weight.shape[0], len(low), *size) for v in (middle - reach, middle + reach)]
        elif isinstance(layer, ReLU):
            ends = [np.maximum(e, 0) for e in ends]
        elif isinstance(layer, MaxPool2d):
            ends = [_maxima(e, replace(layer, padding=(0, 0, 0, 0)))[0] for e in ends]
        elif isinstance(layer, AvgPool2d):
            ends = [_means(e, replace(layer, padding=(0, 0, 0, 0)))[0] for e in ends]
    return ends[0][:, :, 0, 0].T, ends[1][:, :, 0, 0].T


def _padded(x: Floats, padding: Padding, value: float) -> Floats:
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value) if any(padding) else x


def _unpadded(x: Floats, padding: Padding, shape: tuple[int, ...]) -> Floats:
    top, left = padding[:2]
    return x[:, :, top : top + shape[2], left : left + shape[3]]


def _positions(x: Floats, kernel: Pair, stride: Pair) -> Pair:
    """Rows and columns of positions."""
    return (x.shape[2] - kernel[0]) // stride[0] + 1, (x.shape[3] - kernel[1]) // stride[1] + 1


def _patches(x: Floats, kernel: Pair, stride: Pair) -> Floats:
    """(C, a, b, N, rows, columns): what each entry of the windows reads."""
    size = _positions(x, kernel, stride)
    found = np.empty((x.shape[0], *kernel, x.shape[1], *size))
    for i in range(kernel[0]):
        for j in range(kernel[1]):
            found[:, i, j] = _part(x, i, j, size, stride)
    return found


def _part(x: Floats, i: int, j: int, size: Pair, stride: Pair) -> Floats:
    """The places that entry (i, j) of the windows reads, one a window: a view."""
    rows = slice(i, i + (size[0] - 1) * stride[0] + 1, stride[0])
    return x[:, :, rows, j : j + (size[1] - 1) * stride[1] + 1 : stride[1]]


def _maxima(x: Floats, layer: MaxPool2d) -> tuple[Floats, _Back]:
    padded = _padded(x, layer.padding, -np.inf)
    a, b = layer.kernel
    size = _positions(padded, layer.kernel, layer.stride)
    parts = np.stack([_part(padded, i, j, size, layer.stride) for i in range(a) for j in range(b)])
    which = parts.argmax(axis=0)

    def back(d: Floats) -> Floats:
        result = np.zeros(padded.shape)
        for entry in range(a * b):
            _part(result, *divmod(entry, b), size, layer.stride)[...] += d * (which == entry)
        return _unpadded(result, layer.padding, x.shape)

    return parts.max(axis=0), back


def _means(x: Floats, layer: AvgPool2d) -> tuple[Floats, _Back]:
    padded = _padded(x, layer.padding, 0.0)
    a, b = layer.kernel
    size = _positions(padded, layer.kernel, layer.stride)
    places = [(i, j) for i in range(a) for j in range(b)]

    def back(d: Floats) -> Floats:
        result = np.zeros(padded.shape)
        for i, j in places:
            _part(result, i, j, size, layer.stride)[...] += d / (a * b)
        return _unpadded(result, layer.padding, x.shape)

    total = np.zeros((*x.shape[:2], *size))
    for i, j in places:
        total += _part(padded, i, j, size, layer.stride)
    return total / (a * b), back


def _pooled(x: Floats, kind: str) -> tuple[Floats, _Back]:
    flat = x.reshape(*x.shape[:2], -1)
    if kind == "max":
        which = flat.argmax(axis=2)

        def back(d: Floats) -> Floats:
            result = np.zeros_like(flat)
            np.put_along_axis(result, which[..., None], d[..., None], axis=2)
            return result.reshape(x.shape)

        return np.take_along_axis(flat, which[..., None], axis=2)[..., 0], back
    share = 1.0 if kind == "sum" else 1.0 / flat.shape[2]
    return flat.sum(axis=2) * share, lambda d: np.broadcast_to(d[:, :, None, None] * share, x.shape)

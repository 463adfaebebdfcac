"""A network in floating point, with gradients: only a guide to where wrong images may be.

Nothing that is computed here concludes anything; `replay` decides every image that is found.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    MaxPool2d,
    Network,
    Padding,
    Pair,
    ReLU,
)

__all__ = ["FloatNetwork", "Floats", "leads"]

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
        rows = max(1, _CHUNK_NUMBERS // self._numbers(batch.shape[2:]))
        return np.concatenate([self._forward(batch[i : i + rows], None) for i in range(0, len(batch), rows)])

    def lead_and_slope(self, batch: Floats, label: int) -> tuple[Floats, Floats]:
        """(N,) leads of the label and their gradients (N, C, H, W)."""
        trace: list[_Back] = []
        values = self._forward(batch, trace)
        rival = np.where(np.arange(values.shape[1]) == label, -np.inf, values).argmax(axis=1)
        slope = np.zeros_like(values)
        slope[:, label] = 1
        slope[np.arange(len(values)), rival] = -1
        for back in reversed(trace):
            slope = back(slope)
        return leads(values, label), slope

    def _forward(self, x: Floats, trace: list[_Back] | None) -> Floats:
        for number in range(len(self.network.layers)):
            x, back = self._applied(number, x)
            if trace is not None:
                trace.append(back)
        return x

    def _applied(self, number: int, x: Floats) -> tuple[Floats, _Back]:
        layer = self.network.layers[number]
        match layer:
            case Conv2d():
                return self._convolved(number, layer, x)
            case ReLU():
                on = x > 0
                return x * on, lambda d: d * on
            case MaxPool2d():
                return _maxima(x, layer)
            case AvgPool2d():
                return _means(x, layer)
            case GlobalPool():
                return _pooled(x, layer.kind)
            case Flatten():
                shape = x.shape
                return x.reshape(len(x), -1), lambda d: d.reshape(shape)
            case Dense():
                weight, bias = self._floats(number, layer)
                self.work += x.shape[0] * weight.size
                return x @ weight.T + bias, lambda d: d @ weight

    def _convolved(self, number: int, layer: Conv2d, x: Floats) -> tuple[Floats, _Back]:
        weight, bias = self._floats(number, layer)
        outputs, inputs, a, b = weight.shape
        padded = _padded(x, layer.padding, 0.0)
        windows = _windows(padded, (a, b), layer.stride)
        count, _, rows, columns = windows.shape[:4]
        patches = windows.transpose(0, 2, 3, 1, 4, 5).reshape(-1, inputs * a * b)
        flat = weight.reshape(outputs, -1)
        self.work += patches.shape[0] * flat.size
        y = (patches @ flat.T + bias).reshape(count, rows, columns, outputs).transpose(0, 3, 1, 2)

        def back(d: Floats) -> Floats:
            self.work += 2 * patches.shape[0] * flat.size
            spread = (d.transpose(0, 2, 3, 1).reshape(-1, outputs) @ flat).reshape(count, rows, columns, inputs, a, b)
            result = np.zeros_like(padded)
            for i in range(a):
                for j in range(b):
                    _part(result, i, j, (rows, columns), layer.stride)[...] += spread[..., i, j].transpose(0, 3, 1, 2)
            return _unpadded(result, layer.padding, x.shape)

        return y, back

    def _floats(self, number: int, layer: Conv2d | Dense) -> tuple[Floats, Floats]:
        if number not in self._weights:
            self._weights[number] = layer.weight.floats(), layer.bias.floats()
        return self._weights[number]

    def _numbers(self, size: Sequence[int]) -> int:
        """About how many numbers the largest layer makes of one image."""
        return max(1, int(size[0]) * int(size[1]) * self._widest)

    @cached_property
    def _widest(self) -> int:
        widths = [self.network.channels]
        for layer in self.network.layers:
            if isinstance(layer, Conv2d):
                widths += [layer.weight.shape[0], int(np.prod(layer.weight.shape[1:]))]
        return max(widths)


def _padded(x: Floats, padding: Padding, value: float) -> Floats:
    top, left, bottom, right = padding
    return np.pad(x, ((0, 0), (0, 0), (top, bottom), (left, right)), constant_values=value) if any(padding) else x


def _unpadded(x: Floats, padding: Padding, shape: tuple[int, ...]) -> Floats:
    top, left = padding[:2]
    return x[:, :, top : top + shape[2], left : left + shape[3]]


def _windows(x: Floats, kernel: Pair, stride: Pair) -> Floats:
    """(N, C, rows, columns, a, b), a view."""
    return sliding_window_view(x, kernel, axis=(2, 3))[:, :, :: stride[0], :: stride[1]]


def _part(x: Floats, i: int, j: int, size: Pair, stride: Pair) -> Floats:
    """The places that entry (i, j) of the windows reads, one a window: a view."""
    rows = slice(i, i + (size[0] - 1) * stride[0] + 1, stride[0])
    return x[:, :, rows, j : j + (size[1] - 1) * stride[1] + 1 : stride[1]]


def _maxima(x: Floats, layer: MaxPool2d) -> tuple[Floats, _Back]:
    padded = _padded(x, layer.padding, -np.inf)
    a, b = layer.kernel
    windows = _windows(padded, layer.kernel, layer.stride)
    size = windows.shape[2], windows.shape[3]
    flat = windows.reshape(*windows.shape[:4], a * b)
    which = flat.argmax(axis=-1)
    y = np.take_along_axis(flat, which[..., None], axis=-1)[..., 0]

    def back(d: Floats) -> Floats:
        result = np.zeros(padded.shape)
        for entry in range(a * b):
            _part(result, *divmod(entry, b), size, layer.stride)[...] += d * (which == entry)
        return _unpadded(result, layer.padding, x.shape)

    return y, back


def _means(x: Floats, layer: AvgPool2d) -> tuple[Floats, _Back]:
    padded = _padded(x, layer.padding, 0.0)
    a, b = layer.kernel
    windows = _windows(padded, layer.kernel, layer.stride)
    size = windows.shape[2], windows.shape[3]

    def back(d: Floats) -> Floats:
        result = np.zeros(padded.shape)
        for entry in range(a * b):
            _part(result, *divmod(entry, b), size, layer.stride)[...] += d / (a * b)
        return _unpadded(result, layer.padding, x.shape)

    return np.asarray(windows.mean(axis=(4, 5))), back


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

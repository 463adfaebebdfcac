"""Networks evaluated entry by entry in plain fractions: the definitions of the layers, and nothing else."""

from __future__ import annotations

from fractions import Fraction
from itertools import product

import numpy as np

from exactcnn.network.model import AvgPool2d, Conv2d, Dense, Flatten, GlobalPool, Layer, MaxPool2d, Network, ReLU

__all__ = ["naive_convolution", "naive_layer", "naive_network"]

ZERO = Fraction(0)


def naive_network(network: Network, batch: np.ndarray) -> np.ndarray:
    """The logits (N, K) of an object array (N, C, H, W) of fractions."""
    for layer in network.layers:
        batch = naive_layer(layer, batch)
    return batch


def naive_layer(layer: Layer, x: np.ndarray) -> np.ndarray:
    """One layer's output."""
    match layer:
        case Conv2d():
            weight, bias = layer.weight.fractions(), layer.bias.fractions()
            return naive_convolution(x, weight, bias, layer.stride, layer.padding)
        case ReLU():
            return _filled(x.shape, lambda *i: max(ZERO, x[i]))
        case MaxPool2d() | AvgPool2d():
            return _local_pool(layer, x)
        case GlobalPool():
            places = x.shape[2] * x.shape[3]
            pools = {"max": max, "sum": sum, "mean": lambda v: sum(v) / Fraction(places)}
            return _filled(x.shape[:2], lambda n, c: pools[layer.kind](list(x[n, c].flat)))
        case Flatten():
            return x.reshape(x.shape[0], int(np.prod(x.shape[1:])))
        case Dense():
            weight, bias = layer.weight.fractions(), layer.bias.fractions()
            return _filled(
                (x.shape[0], len(bias)), lambda n, o: bias[o] + sum(w * v for w, v in zip(weight[o], x[n], strict=True))
            )


def naive_convolution(
    x: np.ndarray,
    weight: np.ndarray,
    bias: np.ndarray,
    stride: tuple[int, int] = (1, 1),
    padding: tuple[int, int, int, int] = (0, 0, 0, 0),
) -> np.ndarray:
    """The cross-correlation of object arrays of fractions."""
    outputs, inputs, rows, columns = weight.shape
    out = _out_size(x, (rows, columns), stride, padding)

    def entry(n: int, o: int, i: int, j: int) -> Fraction:
        total = bias[o]
        for c, a, b in product(range(inputs), range(rows), range(columns)):
            value = _at(x, n, c, i * stride[0] - padding[0] + a, j * stride[1] - padding[1] + b)
            total += weight[o, c, a, b] * (ZERO if value is None else value)
        return total

    return _filled((x.shape[0], outputs, *out), entry)


def _local_pool(layer: MaxPool2d | AvgPool2d, x: np.ndarray) -> np.ndarray:
    rows, columns = layer.kernel
    out = _out_size(x, layer.kernel, layer.stride, layer.padding)

    def entry(n: int, c: int, i: int, j: int) -> Fraction:
        top, left = i * layer.stride[0] - layer.padding[0], j * layer.stride[1] - layer.padding[1]
        values = [_at(x, n, c, top + a, left + b) for a, b in product(range(rows), range(columns))]
        real = [v for v in values if v is not None]
        return max(real) if isinstance(layer, MaxPool2d) else sum(real, ZERO) / (rows * columns)

    return _filled((*x.shape[:2], *out), entry)


def _at(x: np.ndarray, n: int, c: int, row: int, column: int) -> Fraction | None:
    """The entry, or None outside the image."""
    inside = 0 <= row < x.shape[2] and 0 <= column < x.shape[3]
    return x[n, c, row, column] if inside else None


def _out_size(
    x: np.ndarray, kernel: tuple[int, int], stride: tuple[int, int], padding: tuple[int, int, int, int]
) -> tuple[int, int]:
    padded = x.shape[2] + padding[0] + padding[2], x.shape[3] + padding[1] + padding[3]
    down, right = ((p - k) // s + 1 for p, k, s in zip(padded, kernel, stride, strict=True))
    return down, right


def _filled(shape: tuple[int, ...], entry: object) -> np.ndarray:
    result = np.empty(shape, dtype=object)
    for index in np.ndindex(*shape):
        result[index] = entry(*index)
    return result

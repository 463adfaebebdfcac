"""Networks whose last convolution has a stride of two and a copy of its channels for each phase.

No channel of theirs sees a template wherever it is, but the four copies together do.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Conv2d, Dense, GlobalPool, Layer, Network

__all__ = ["PHASES", "phased"]

PHASES = ((0, 0), (0, 1), (1, 0), (1, 1))


def phased(
    network: Network,
    pool: str = "max",
    phases: tuple[tuple[int, int], ...] = PHASES,
    scales: tuple[int, ...] = (1, 1, 1, 1),
) -> Network:
    """A built network with its template layer at these phases, and the copies of each channel summed by the head.

    The copies answer as many times as strongly as `scales` says, which the head makes up for.
    """
    convolutions = [n for n, layer in enumerate(network.layers) if isinstance(layer, Conv2d)]
    dense = next(n for n, layer in enumerate(network.layers) if isinstance(layer, Dense))
    layers: list[Layer] = []
    for number, layer in enumerate(network.layers):
        if number == convolutions[-1] and isinstance(layer, Conv2d):
            layers.append(_shifted(layer, phases, scales))
        elif number == dense and isinstance(layer, Dense):
            copies = [_array(layer.weight) / fmpq(s) for s, _ in zip(scales, phases, strict=False)]
            layers.append(Dense(_tensor(np.concatenate(copies, axis=1)), layer.bias))
        else:
            layers.append(GlobalPool(pool) if isinstance(layer, GlobalPool) else layer)
    return replace(network, layers=tuple(layers))


def _shifted(layer: Conv2d, phases: tuple[tuple[int, int], ...], scales: tuple[int, ...]) -> Conv2d:
    weight = _array(layer.weight)
    outputs, inputs, rows, columns = weight.shape
    copies, biases = [], []
    for (down, right), scale in zip(phases, scales, strict=False):
        larger = np.zeros((outputs, inputs, rows + 1, columns + 1), dtype=object)
        larger[:, :, down : down + rows, right : right + columns] = weight * fmpq(scale)
        biases += [b * scale for b in layer.bias.rationals()]
        copies.append(larger)
    top, left, bottom, end = layer.padding
    return Conv2d(
        _tensor(np.concatenate(copies)), ExactTensor.from_rationals(biases), (2, 2), (top, left, bottom + 1, end + 1)
    )


def _array(tensor: ExactTensor) -> np.ndarray[tuple[int, ...], np.dtype[np.object_]]:
    values = np.empty(tensor.size, dtype=object)
    values[:] = tensor.rationals()
    return values.reshape(tensor.shape)


def _tensor(values: np.ndarray[tuple[int, ...], np.dtype[np.object_]]) -> ExactTensor:
    return ExactTensor.from_rationals(list(values.ravel()), values.shape)

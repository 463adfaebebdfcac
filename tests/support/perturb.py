"""Networks all of whose numbers are moved a little."""

from __future__ import annotations

import random

from flint import fmpq

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Conv2d, Dense, Layer, Network

__all__ = ["perturbed"]


def perturbed(network: Network, bits: int, seed: int, *, zeros: bool = False) -> Network:
    """The network with every weight and bias moved by at most 2^-bits; zero weights stay zero unless `zeros`."""
    source = random.Random(seed)

    def moved(tensor: ExactTensor) -> ExactTensor:
        values = [
            v + fmpq(source.randint(-8, 8), 1 << (bits + 3)) if v != 0 or zeros else v for v in tensor.rationals()
        ]
        return ExactTensor.from_rationals(values, tensor.shape)

    def changed(layer: Layer) -> Layer:
        if isinstance(layer, Conv2d):
            return Conv2d(moved(layer.weight), moved(layer.bias), layer.stride, layer.padding)
        return Dense(moved(layer.weight), moved(layer.bias)) if isinstance(layer, Dense) else layer

    return Network(tuple(changed(layer) for layer in network.layers), network.channels, network.unit)

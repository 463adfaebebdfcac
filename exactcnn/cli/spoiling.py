"""Networks with one weight spoilt, for the demonstration and the self-check."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
from flint import fmpq

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Conv2d, Network
from exactcnn.task.model import Task

__all__ = ["spoilt_networks", "with_weight"]


def with_weight(network: Network, layer_number: int, place: tuple[int, int, int, int], value: fmpq) -> Network:
    """The network with one weight of a convolution replaced."""
    layer = network.layers[layer_number]
    if not isinstance(layer, Conv2d):
        raise TypeError(f"layer {layer_number} is no convolution")
    weights = np.array(layer.weight.rationals(), dtype=object).reshape(layer.weight.shape)
    weights[place] = value
    changed = replace(layer, weight=ExactTensor.from_rationals(weights, shape=weights.shape))
    return replace(network, layers=(*network.layers[:layer_number], changed, *network.layers[layer_number + 1 :]))


def spoilt_networks(network: Network, task: Task) -> Iterator[tuple[Network, str]]:
    """Built networks one of whose detectors no longer looks at one pixel, with what was done; middle pixels first."""
    number = max(n for n, layer in enumerate(network.layers) if isinstance(layer, Conv2d))
    layer = network.layers[number]
    if not isinstance(layer, Conv2d):
        raise TypeError("no convolution")
    owners = [f.name for f in task.features for _ in f.templates]
    # The last input channel says only which pixels lie inside the image.
    places = [tuple(int(i) for i in p) for p in np.argwhere(layer.weight.nonzero()) if p[1] < layer.weight.shape[1] - 1]
    middle = [(layer.weight.shape[2] - 1) / 2, (layer.weight.shape[3] - 1) / 2]
    places.sort(key=lambda p: (abs(p[2] - middle[0]) + abs(p[3] - middle[1]), p))
    for template, source, row, column in places:
        old = layer.weight.item(template, source, row, column)
        what = (
            f"layer {number}, weight ({template}, {source}, {row}, {column}): {old} becomes 0, so that the detector of "
            f'"{owners[template]}" looks less closely at row {row}, column {column} of its window'
        )
        yield with_weight(network, number, (template, source, row, column), fmpq(0)), what

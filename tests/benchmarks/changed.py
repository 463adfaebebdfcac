"""What others do to a network's weights, all of it exact: moved a little, rounded to few bits, set to zero.

    python tests/benchmarks/changed.py TASK CHANGE [--slack 1/2] -o NET.onnx

writes the network of a shipped task after a change: int8, float16, pruned, perturbed or dense.
"""

from __future__ import annotations

import argparse
import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
from flint import fmpq

from exactcnn.core.rational import floor_power_of_two
from exactcnn.core.tensor import ExactTensor
from exactcnn.examples import catalogue
from exactcnn.formats.network_file import save_network
from exactcnn.formats.task_file import load_task
from exactcnn.network.construct import build_network
from exactcnn.network.model import Conv2d, Dense, Layer, Network

__all__ = ["CHANGES", "dense", "halved", "perturbed", "pruned", "quantised"]

_STEPS = 8
_LARGEST = 127
_SCALE_BITS = 22


def perturbed(network: Network, bits: int = 12, seed: int = 0) -> Network:
    """Every weight and bias that is not zero moved by a random multiple of 2^-(bits + 3), by at most 2^-bits."""
    move = _moves(bits, seed)
    return _changed(network, lambda tensor, _: _each(tensor, lambda value: move(value) if value != 0 else value))


def dense(network: Network, bits: int = 12, seed: int = 0) -> Network:
    """Every weight and bias moved so, those that are zero too: as further training would do."""
    move = _moves(bits, seed)
    return _changed(network, lambda tensor, _: _each(tensor, move))


def quantised(network: Network) -> Network:
    """The weights of every layer as 8-bit integers times one scale a layer, short enough for float32; biases stay."""

    def rounded(tensor: ExactTensor, is_bias: bool) -> ExactTensor:
        largest = max((abs(v) for v in tensor.rationals()), default=fmpq(0))
        if is_bias or largest == 0:
            return tensor
        unit = floor_power_of_two(largest) / (1 << _SCALE_BITS)
        scale = (largest / _LARGEST / unit).ceil() * unit
        return _each(tensor, lambda v: max(-_LARGEST, min(_LARGEST, int((v / scale + fmpq(1, 2)).floor()))) * scale)

    return _changed(network, rounded)


def halved(network: Network) -> Network:
    """All weights and biases as float16."""
    return _changed(network, lambda tensor, _: _each(tensor, lambda v: _exact(np.float16(float(v.p) / float(v.q)))))


def pruned(network: Network, share: fmpq | None = None) -> Network:
    """A share (a tenth) of each layer's weights set to zero: of those that are not zero the smallest, ties by place."""
    part = fmpq(1, 10) if share is None else share

    def cut(tensor: ExactTensor, is_bias: bool) -> ExactTensor:
        values = tensor.rationals()
        places = sorted((p for p, v in enumerate(values) if v != 0), key=lambda p: (abs(values[p]), p))
        for place in places[: 0 if is_bias else int((len(places) * part).floor())]:
            values[place] = fmpq(0)
        return ExactTensor.from_rationals(values, tensor.shape)

    return _changed(network, cut)


CHANGES: dict[str, Callable[[Network], Network]] = {
    "int8": quantised,
    "float16": halved,
    "pruned": pruned,
    "perturbed": perturbed,
    "dense": dense,
}


def _moves(bits: int, seed: int) -> Callable[[fmpq], fmpq]:
    source = random.Random(seed)
    return lambda value: value + fmpq(source.randint(-_STEPS, _STEPS), _STEPS << bits)


def _changed(network: Network, change: Callable[[ExactTensor, bool], ExactTensor]) -> Network:
    def one(layer: Layer) -> Layer:
        if not isinstance(layer, Conv2d | Dense):
            return layer
        return replace(layer, weight=change(layer.weight, False), bias=change(layer.bias, True))

    return replace(network, layers=tuple(one(layer) for layer in network.layers))


def _each(tensor: ExactTensor, change: Callable[[fmpq], fmpq]) -> ExactTensor:
    return ExactTensor.from_rationals([change(v) for v in tensor.rationals()], tensor.shape)


def _exact(value: np.floating) -> fmpq:
    return fmpq(*float(value).as_integer_ratio())


def main() -> None:
    """Writes one network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("task", choices=catalogue.names())
    parser.add_argument("change", choices=CHANGES)
    parser.add_argument("--slack", default="0", help="the share of the gaps that the built network leaves over")
    parser.add_argument("-o", "--output", type=Path, required=True, metavar="NET.onnx")
    options = parser.parse_args()
    network = build_network(load_task(catalogue.path(options.task)), slack=options.slack)
    save_network(options.output, CHANGES[options.change](network))


if __name__ == "__main__":
    main()

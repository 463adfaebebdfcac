"""Hypothesis strategies that spoil one weight, bias, padding, stride, pool or class row of a network."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from flint import fmpq
from hypothesis import strategies as st

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import AvgPool2d, Conv2d, Dense, GlobalPool, Layer, MaxPool2d, Network

__all__ = ["KINDS", "spoilt"]

Spoilt = tuple[Network, str]

_SHIFTS = [fmpq(p, q) for p, q in ((1, 1), (-1, 1), (2, 1), (-2, 1), (1, 2), (-1, 2), (1, 16), (-1, 16), (5, 1))]


def spoilt(network: Network, kinds: tuple[str, ...] | None = None) -> st.SearchStrategy[Spoilt]:
    """A network that differs from the given one in one place, with a description of the change.

    The change may be harmless. `kinds` limits what is changed (names in `KINDS`); kinds for which the network has no
    place are left out.
    """
    chosen = kinds or tuple(KINDS)
    places = {
        kind: [n for n, layer in enumerate(network.layers) if isinstance(layer, KINDS[kind][0])] for kind in chosen
    }
    usable = [kind for kind in chosen if places[kind]]

    @st.composite
    def draw_one(draw: st.DrawFn) -> Spoilt:
        kind = draw(st.sampled_from(usable))
        # The class rows are those of the last dense layer.
        number = places[kind][-1] if kind == "class row" else draw(st.sampled_from(places[kind]))
        layer, what = KINDS[kind][1](draw, network.layers[number])
        layers = (*network.layers[:number], layer, *network.layers[number + 1 :])
        return replace(network, layers=layers), f"layer {number} ({type(layer).__name__}): {what}"

    return draw_one()


def _changed(draw: st.DrawFn, tensor: ExactTensor) -> tuple[ExactTensor, str]:
    """A tensor with one entry changed."""
    values = tensor.rationals()
    index = draw(st.integers(0, len(values) - 1))
    old = values[index]
    candidates = [old + shift for shift in _SHIFTS] + [v for v in (-old, fmpq(0)) if v != old]
    values[index] = draw(st.sampled_from(candidates))
    return ExactTensor.from_rationals(values, tensor.shape), f"entry {index} from {old} to {values[index]}"


def _weight(draw: st.DrawFn, layer: Conv2d | Dense) -> tuple[Layer, str]:
    weight, what = _changed(draw, layer.weight)
    return replace(layer, weight=weight), f"weight {what}"


def _bias(draw: st.DrawFn, layer: Conv2d | Dense) -> tuple[Layer, str]:
    bias, what = _changed(draw, layer.bias)
    return replace(layer, bias=bias), f"bias {what}"


def _padding(draw: st.DrawFn, layer: Conv2d) -> tuple[Layer, str]:
    side = draw(st.integers(0, 3))
    padding = list(layer.padding)
    padding[side] += draw(st.sampled_from([1, -1] if padding[side] else [1]))
    changed = (padding[0], padding[1], padding[2], padding[3])
    return replace(layer, padding=changed), f"padding from {layer.padding} to {changed}"


def _stride(draw: st.DrawFn, layer: Conv2d | MaxPool2d | AvgPool2d) -> tuple[Layer, str]:
    stride = draw(st.sampled_from([s for s in ((1, 1), (1, 2), (2, 1), (2, 2)) if s != layer.stride]))
    return replace(layer, stride=stride), f"stride from {layer.stride} to {stride}"


def _pool(draw: st.DrawFn, layer: GlobalPool | MaxPool2d | AvgPool2d) -> tuple[Layer, str]:
    if isinstance(layer, GlobalPool):
        kind = draw(st.sampled_from([k for k in ("max", "sum", "mean") if k != layer.kind]))
        return GlobalPool(kind), f"kind from {layer.kind} to {kind}"
    other = AvgPool2d if isinstance(layer, MaxPool2d) else MaxPool2d
    return other(layer.kernel, layer.stride, layer.padding), f"turned into {other.__name__}"


def _class_row(draw: st.DrawFn, layer: Dense) -> tuple[Layer, str]:
    """Two rows swapped, one copied over another, or one row zeroed; a single row is zeroed."""
    count = layer.weight.shape[0]
    first = draw(st.integers(0, count - 1))
    change = draw(st.sampled_from(["zero", "swap", "copy"] if count > 1 else ["zero"]))
    order = list(range(count))
    if change == "zero":
        mask = ExactTensor.from_integers([[0 if k == first else 1] for k in order])
        weight, bias = layer.weight.times(mask), layer.bias.times(mask.reshape(count))
        return replace(layer, weight=weight, bias=bias), f"row {first} zeroed"
    second = draw(st.sampled_from([k for k in order if k != first]))
    order[first] = second
    if change == "swap":
        order[second] = first
    return replace(layer, weight=layer.weight[order], bias=layer.bias[order]), f"{change} of rows {first} and {second}"


Change = Callable[..., tuple[Layer, str]]
KINDS: dict[str, tuple[type | tuple[type, ...], Change]] = {
    "weight": ((Conv2d, Dense), _weight),
    "bias": ((Conv2d, Dense), _bias),
    "padding": (Conv2d, _padding),
    "stride": ((Conv2d, MaxPool2d, AvgPool2d), _stride),
    "pool": ((GlobalPool, MaxPool2d, AvgPool2d), _pool),
    "class row": (Dense, _class_row),
}
"""What can be spoilt: the layers that have it, and how."""

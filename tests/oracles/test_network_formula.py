from __future__ import annotations

import pytest
import z3
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.tiny import conv, dense

from exactcnn.core.affine import Affine
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import logits
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
)
from exactcnn.oracles.formula import Formula
from exactcnn.oracles.network_formula import Planes, encode_network
from exactcnn.task.model import PixelRange

PIXEL = PixelRange(fmpq(-1), fmpq(2))
WEIGHTS = st.sampled_from([fmpq(p, q) for p, q in ((0, 1), (1, 1), (-1, 1), (1, 2), (-2, 3), (3, 1))])


def tensors(*shape: int) -> st.SearchStrategy[ExactTensor]:
    count = int(ExactTensor.zeros(shape).size)
    return st.lists(WEIGHTS, min_size=count, max_size=count).map(lambda v: ExactTensor.from_rationals(v, shape))


@st.composite
def networks(draw: st.DrawFn, channels: int, height: int, width: int) -> Network:
    """A random network for one image size."""
    layers: list[Layer] = []
    count = channels
    for _ in range(draw(st.integers(0, 3))):
        kind = draw(st.sampled_from(["conv", "conv", "relu", "max", "average"]))
        kernel = (draw(st.integers(1, 3)), draw(st.integers(1, 3)))
        stride = (draw(st.integers(1, 2)), draw(st.integers(1, 2)))
        # A max pool's padding has to be narrower than its kernel.
        padding = tuple(draw(st.integers(0, min(side - 1, 2) if kind == "max" else 2)) for side in kernel * 2)
        more = {"stride": stride, "padding": padding}
        if kind == "conv":
            outputs = draw(st.integers(1, 2))
            layers.append(Conv2d(draw(tensors(outputs, count, *kernel)), draw(tensors(outputs)), **more))
            count = outputs
        else:
            pools = {"relu": ReLU, "max": MaxPool2d, "average": AvgPool2d}
            layers.append(ReLU() if kind == "relu" else pools[kind](kernel, **more))
    sizes = Network((*layers, GlobalPool()), channels=channels).output_size(height, width)
    assume(sizes is not None)
    flat = draw(st.sampled_from([GlobalPool("max"), GlobalPool("sum"), GlobalPool("mean"), Flatten()]))
    inputs = count * sizes[0] * sizes[1] if isinstance(flat, Flatten) else count
    head = (
        flat,
        Dense(draw(tensors(2, inputs)), draw(tensors(2))),
        ReLU(),
        Dense(draw(tensors(2, 2)), draw(tensors(2))),
    )
    return Network((*layers, *head), channels=channels, unit=draw(st.sampled_from(InputUnit)))


@st.composite
def cases(draw: st.DrawFn) -> tuple[Network, ExactTensor]:
    """A network and an image (C, H, W) of pixel values."""
    shape = (draw(st.integers(1, 2)), draw(st.integers(1, 4)), draw(st.integers(1, 4)))
    count = shape[0] * shape[1] * shape[2]
    pixels = st.lists(st.integers(-8, 16).map(lambda n: fmpq(n, 8)), min_size=count, max_size=count)
    return draw(networks(*shape)), ExactTensor.from_rationals(draw(pixels), shape)


def expected(network: Network, image: ExactTensor) -> list[fmpq]:
    return logits(network, image.reshape(1, *image.shape), PIXEL).rationals()


@settings(max_examples=100)
@given(cases())
def test_on_a_constant_image_the_forms_are_the_logits(case: tuple[Network, ExactTensor]) -> None:
    network, image = case
    planes = [[[Affine.const(value) for value in row] for row in plane] for plane in image.tolist()]
    formula = Formula()
    assert encode_network(formula, network, planes, PIXEL) == [Affine.const(v) for v in expected(network, image)]
    assert not formula.lines


@settings(max_examples=40)
@given(cases())
def test_the_image_decides_every_variable(case: tuple[Network, ExactTensor]) -> None:
    network, image = case
    formula = Formula()
    planes: Planes = [
        [
            [formula.real(f"x_{c}_{i}_{j}", PIXEL.low, PIXEL.high) for j in range(image.shape[2])]
            for i in range(image.shape[1])
        ]
        for c in range(image.shape[0])
    ]
    found = encode_network(formula, network, planes, PIXEL)
    for plane, values in zip(planes, image.tolist(), strict=True):
        for row, numbers in zip(plane, values, strict=True):
            for form, value in zip(row, numbers, strict=True):
                formula.add(formula.at_least_zero(form.shifted(-value)))
                formula.add(formula.at_least_zero((-form).shifted(value)))
    text = formula.text()
    assert _check(text) == z3.sat
    for form, value in zip(found, expected(network, image), strict=True):
        for side in (form.shifted(-value), (-form).shifted(value)):
            formula.add(f"(not {formula.at_least_zero(side)})")
            assert _check(formula.text()) == z3.unsat
            formula.lines.pop()


@pytest.mark.parametrize(
    ("layers", "place"),
    [
        ((conv([1] * 4, (1, 1, 2, 2), [0]), GlobalPool()), "layer 0 (Conv2d)"),
        ((ReLU(), MaxPool2d((1, 3), (1, 1)), GlobalPool()), "layer 1 (MaxPool2d)"),
        ((Flatten(), dense([[1, 1, 1]], [0])), "layer 1 (Dense)"),
    ],
)
def test_a_network_undefined_at_this_size_is_refused_by_layer(layers: tuple[Layer, ...], place: str) -> None:
    network = Network(layers, channels=1)
    with pytest.raises(InputError) as caught:
        encode_network(Formula(), network, [[[Affine.const(0), Affine.const(1)]]], PIXEL)
    assert caught.value.place == place


def _check(text: str) -> z3.CheckSatResult:
    solver = z3.Solver(ctx=z3.Context())
    solver.from_string(text)
    return solver.check()

"""Bounds of float32's rounding: against executions in float32 in random orders, and against the kernel's own bound."""

from __future__ import annotations

import io
import random
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.networks import networks, smallest_side
from support.tasks import tasks

from exactcnn.checker import kernel
from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.statement import Execution, format_statement
from exactcnn.network.apply import apply_layer
from exactcnn.network.evaluate import logits
from exactcnn.network.model import AvgPool2d, Conv2d, Dense, Flatten, GlobalPool, InputUnit, MaxPool2d, Network, ReLU
from exactcnn.prover.instance import Instance
from exactcnn.task.model import PixelRange, Task
from exactcnn.theorem.facts import PoolingRule
from exactcnn.theorem.rounding import rounding_of
from exactcnn.theorem.stem import Unsupported

F = np.float32
UNIT = PixelRange(fmpq(0), fmpq(1))
ONE = PoolingRule("max", 1, None)


def _long() -> st.SearchStrategy[Fraction]:
    """Numbers that float32 holds, most of them with many digits."""
    return st.builds(Fraction, st.integers(-(2**24), 2**24), st.sampled_from([2**20, 2**23, 2**24]))


def _short() -> st.SearchStrategy[Fraction]:
    return st.builds(Fraction, st.integers(-8, 8), st.sampled_from([1, 2, 4]))


@st.composite
def _cases(draw: st.DrawFn, values: st.SearchStrategy[Fraction]) -> tuple[Network, int]:
    network = draw(networks(channels=1, outputs=2, values=values, unit=InputUnit.PIXEL))
    assume(any(isinstance(layer, GlobalPool) for layer in network.layers))
    return network, smallest_side(network)


def _pooling(network: Network, side: int) -> PoolingRule:
    """How many positions an image of this side has."""
    images = ExactTensor.zeros((1, 1, side, side))
    for layer in network.layers:
        if isinstance(layer, GlobalPool):
            return PoolingRule(layer.kind, images.shape[2] * images.shape[3], images.shape[2] * images.shape[3])
        images = apply_layer(layer, images)
    raise AssertionError("no global pool")


class _Execution:
    """One execution in float32: the order of every sum is random, and so is whether products are fused into it."""

    def __init__(self, seed: int) -> None:
        self.random = random.Random(seed)

    def total(self, terms: list[tuple[np.float32, np.float32]]) -> np.float32:
        """A sum of products, as a random binary tree or one by one."""
        self.random.shuffle(terms)
        if self.random.random() < 0.5:
            parts = [F(a * b) for a, b in terms]
            while len(parts) > 1:
                parts.append(
                    F(parts.pop(self.random.randrange(len(parts))) + parts.pop(self.random.randrange(len(parts))))
                )
            return parts[0] if parts else F(0)
        total = F(0)
        for a, b in terms:
            # The exact product and sum, rounded once: fused multiply-add.
            exact = Fraction(float(a)) * Fraction(float(b)) + Fraction(float(total))
            total = _rounded(exact) if self.random.random() < 0.5 else F(total + F(a * b))
        return total

    def divided(self, total: np.float32, n: int) -> np.float32:
        """A quotient, or the product with the rounded reciprocal."""
        return F(total / F(n)) if self.random.random() < 0.5 else F(total * F(F(1) / F(n)))

    def run(self, network: Network, image: np.ndarray) -> list[np.float32]:
        x = image
        for layer in network.layers:
            x = self.layer(layer, x)
        return list(x.reshape(-1))

    def layer(self, layer: object, x: np.ndarray) -> np.ndarray:
        match layer:
            case ReLU():
                return np.maximum(x, F(0))
            case Flatten():
                return x.reshape(-1)
            case GlobalPool(kind="max"):
                return x.reshape(x.shape[0], -1).max(axis=1)
            case GlobalPool(kind=kind):
                sums = [self.total([(v, F(1)) for v in row]) for row in x.reshape(x.shape[0], -1)]
                count = x.shape[1] * x.shape[2]
                return np.array([self.divided(s, count) if kind == "mean" else s for s in sums], dtype=F)
            case Dense():
                weight, bias = _floats(layer.weight), _floats(layer.bias)
                sums = [self.total([*zip(row, x, strict=True), (b, F(1))]) for row, b in zip(weight, bias, strict=True)]
                return np.array(sums, dtype=F)
            case Conv2d():
                weight, bias = _floats(layer.weight), _floats(layer.bias)
                return self.windows(
                    x,
                    layer,
                    len(weight),
                    weight.shape[2:],
                    F(0),
                    lambda o, cut: self.total(
                        [*zip(weight[o].reshape(-1), cut.reshape(-1), strict=True), (bias[o], F(1))]
                    ),
                )
            case MaxPool2d():
                return self.windows(x, layer, len(x), layer.kernel, F(-np.inf), lambda o, cut: cut[o].max())
            case AvgPool2d():
                cells = layer.kernel[0] * layer.kernel[1]
                return self.windows(
                    x,
                    layer,
                    len(x),
                    layer.kernel,
                    F(0),
                    lambda o, cut: self.divided(self.total([(v, F(1)) for v in cut[o].reshape(-1)]), cells),
                )
        raise TypeError(layer)

    def windows(self, x, layer, outputs, kernel, blank, value):  # type: ignore[no-untyped-def]
        top, left, bottom, right = layer.padding
        wide = np.pad(x, ((0, 0), (top, bottom), (left, right)), constant_values=blank)
        rows = range(0, wide.shape[1] - kernel[0] + 1, layer.stride[0])
        columns = range(0, wide.shape[2] - kernel[1] + 1, layer.stride[1])
        cuts = [[wide[:, i : i + kernel[0], j : j + kernel[1]] for j in columns] for i in rows]
        return np.array([[[value(o, cut) for cut in line] for line in cuts] for o in range(outputs)], dtype=F)


def _rounded(value: Fraction) -> np.float32:
    """The nearest float32; through float64 only where that is exact."""
    near = F(float(value))
    return min(
        (near, np.nextafter(near, F(-np.inf)), np.nextafter(near, F(np.inf))),
        key=lambda f: abs(Fraction(float(f)) - value),
    )


def _floats(tensor: ExactTensor) -> np.ndarray:
    values = [float(int(v.p)) / float(int(v.q)) for v in tensor.rationals()]
    return np.array(values, dtype=F).reshape(tensor.shape)


def _exact(network: Network, image: np.ndarray) -> list[fmpq]:
    values = [fmpq(*float(v).as_integer_ratio()) for v in image.reshape(-1)]
    batch = ExactTensor.from_rationals(values, (1, *image.shape))
    return list(logits(network, batch, UNIT)[0].rationals())


def _off(network: Network, image: np.ndarray, seed: int) -> fmpq:
    """How far an execution's logits are from the exact ones."""
    computed = _Execution(seed).run(network, image)
    pairs = zip(computed, _exact(network, image), strict=True)
    return max(abs(fmpq(*float(c).as_integer_ratio()) - e) for c, e in pairs)


@settings(max_examples=60, deadline=None)
@given(case=_cases(_long()), seed=st.integers(0, 2**32))
def test_no_execution_is_further_off(case: tuple[Network, int], seed: int) -> None:
    network, side = case
    bound = rounding_of(network, UNIT, _pooling(network, side), None)
    image = np.random.default_rng(seed).random((1, side, side)).astype(F)
    assert _off(network, image, seed) <= bound.error


@settings(max_examples=60, deadline=None)
@given(case=_cases(_short()), seed=st.integers(0, 2**32), bits=st.integers(0, 8))
def test_an_error_of_0_means_the_same_bits(case: tuple[Network, int], seed: int, bits: int) -> None:
    network, side = case
    bound = rounding_of(network, UNIT, _pooling(network, side), fmpq(1, 2**bits))
    image = (np.random.default_rng(seed).integers(0, 2**bits + 1, (1, side, side)) / 2**bits).astype(F)
    assert _off(network, image, seed) <= bound.error


def _layers(*layers: object) -> Network:
    return Network(tuple(layers), 1, InputUnit.PIXEL)  # type: ignore[arg-type]


def _dense(rows: list[list[str]], bias: list[str]) -> Dense:
    weight = [fmpq(*map(int, w.split("/"))) if "/" in w else fmpq(int(w)) for row in rows for w in row]
    values = [fmpq(*map(int, w.split("/"))) if "/" in w else fmpq(int(w)) for w in bias]
    shape = (len(rows), len(rows[0]))
    return Dense(ExactTensor.from_rationals(weight, shape), ExactTensor.from_rationals(values, (len(bias),)))


def test_a_bound_by_hand() -> None:
    """One product and a bias: k = 3 roundings of 1*1 + 1/2, and nothing to lose in steps."""
    network = _layers(GlobalPool("max"), _dense([["1"], ["0"]], ["1/2", "0"]))
    expected = fmpq(3, 2) * fmpq(3, 2**24 - 3) + 3 * fmpq(1, 2) ** 148
    assert rounding_of(network, UNIT, ONE, None).error == expected
    assert rounding_of(network, UNIT, ONE, fmpq(1, 256)).error == 0
    assert rounding_of(network, UNIT, ONE, fmpq(1, 2**22)).error == 0
    # With weights in halves the steps are of 2^-24, and 3/2 is more than 2^24 of them.
    assert rounding_of(network, UNIT, ONE, fmpq(1, 2**23)).error == expected


@pytest.mark.parametrize("weight", ["1/3", "16777217/2", f"1/{2**127}", f"{2**127}"])
def test_weights_that_float32_does_not_hold(weight: str) -> None:
    network = _layers(GlobalPool("max"), _dense([[weight], ["0"]], ["0", "0"]))
    with pytest.raises(InputError, match="weights that float32 holds"):
        rounding_of(network, UNIT, ONE, None)


@pytest.mark.parametrize("step", [fmpq(1, 3), fmpq(2), fmpq(0), fmpq(3, 4)])
def test_steps_that_are_none(step: fmpq) -> None:
    with pytest.raises(InputError, match="not a step"):
        rounding_of(_layers(GlobalPool("max")), UNIT, ONE, step)


def test_what_has_no_bound() -> None:
    with pytest.raises(Unsupported, match="any number of positions"):
        rounding_of(_layers(GlobalPool("sum")), UNIT, PoolingRule("sum", 1, None), None)
    large = _dense([[f"{2**120}"]], ["0"])
    with pytest.raises(Unsupported, match="overflow"):
        rounding_of(_layers(GlobalPool("max"), large, large), UNIT, ONE, None)
    with pytest.raises(Unsupported, match="too many"):
        rounding_of(_layers(GlobalPool("sum")), UNIT, PoolingRule("sum", 1, 2**23), None)


@st.composite
def _instances(draw: st.DrawFn) -> tuple[Task, Network, int]:
    task = draw(tasks())
    network = draw(
        networks(
            channels=len(task.channels), outputs=len(task.classes), values=draw(st.sampled_from([_short(), _long()]))
        )
    )
    return task, network, smallest_side(network)


@settings(max_examples=60, deadline=None)
@given(drawn=_instances(), more=st.integers(0, 2), step=st.sampled_from([None, fmpq(1), fmpq(1, 256)]))
def test_the_kernel_has_the_same_bound(drawn: tuple[Task, Network, int], more: int, step: fmpq | None) -> None:
    task, network, side = drawn
    sizes = SizeRange(side, side + more, side, side)
    try:
        instance = Instance(task, network, sizes)
    except (Unsupported, InputError):
        assume(False)
    bound = rounding_of(network, task.pixel, instance.pooling, step)
    text = format_statement(task, network, sizes, fmpq(1, 7), None, Execution(step))
    read = kernel.Statement(kernel.Lines(io.BytesIO(text.encode())))
    exact = Fraction(int(bound.error.p), int(bound.error.q))
    theirs = (Fraction(*read.margin) - Fraction(1, 7)) / 2
    assert exact <= theirs <= exact + Fraction(1, 2**150)
    assert (exact == 0) == (theirs == 0)

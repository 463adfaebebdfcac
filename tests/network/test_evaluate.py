"""Exact evaluation against the definitions, against onnxruntime's shapes of failure, and in pieces."""

from __future__ import annotations

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from typing import ClassVar

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.naive import naive_layer, naive_network
from support.networks import batches, networks, rationals, smallest_side, tensors

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network import bands
from exactcnn.network.evaluate import apply_layer, evaluate, in_pixel_units, logits
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    MaxPool2d,
    Network,
    ReLU,
)
from exactcnn.task.model import PixelRange

SHIFTED = PixelRange(fmpq(-1, 2), fmpq(3))
T = ExactTensor


def conv(weight: list, bias: list, **options: tuple) -> Conv2d:
    return Conv2d(T.from_rationals(weight), T.from_rationals(bias), **options)


def dense(weight: list, bias: list) -> Dense:
    return Dense(T.from_rationals(weight), T.from_rationals(bias))


def same(tensor: T, expected: np.ndarray) -> bool:
    return tensor.shape == expected.shape and bool(np.all(tensor.fractions() == expected))


@st.composite
def instances(draw: st.DrawFn) -> tuple[Network, T]:
    """A network and a batch at a size where it is defined."""
    if draw(st.booleans()):
        size = draw(st.integers(1, 5)), draw(st.integers(1, 5))
        network = draw(networks(size=size))
    else:
        network = draw(networks())
        side = smallest_side(network)
        size = side + draw(st.integers(0, 4)), side + draw(st.integers(0, 4))
    return network, draw(batches(network.channels, *size))


@given(instances())
@settings(max_examples=60)
def test_equals_the_definitions(instance: tuple[Network, T]) -> None:
    network, batch = instance
    assert same(evaluate(network, batch), naive_network(network, batch.fractions()))


@given(instances(), st.sampled_from([1, 7, 40, 200]))
@settings(max_examples=60)
def test_pieces_change_nothing(instance: tuple[Network, T], piece: int) -> None:
    network, batch = instance
    whole = evaluate(network, batch)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bands, "_PIECE", piece)
        assert evaluate(network, batch) == whole
        patch.setattr(bands, "_SHARE", 1)
        assert evaluate(network, batch, threads=1) == whole
        assert evaluate(network, batch, threads=3) == whole


@given(instances())
@settings(max_examples=25)
def test_layer_by_layer_is_the_same(instance: tuple[Network, T]) -> None:
    network, batch = instance
    x = batch
    for layer in network.layers:
        x = apply_layer(layer, x)
    assert x == evaluate(network, batch)


def test_windows_wholly_in_the_padding(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = (
        conv([[[[2, 1], [1, 3]]]], [fmpq(1, 3)], padding=(5, 4, 6, 3)),
        conv([[[[1], [1]]]], [-1], padding=(3, 0, 3, 0)),
    )
    network = Network((*layers, Flatten()), 1)
    batch = T.from_integers([[[[5, 7]]]], 10)
    monkeypatch.setattr(bands, "_PIECE", 1)
    assert same(evaluate(network, batch), naive_network(network, batch.fractions()))


@pytest.mark.parametrize("values", [[-5, -3, -4, -2], [0, 0, 0, 0], [-(2**70), -(2**70) - 1, -(2**80), -3]])
def test_padding_never_wins_a_maximum(values: list[int]) -> None:
    layer = MaxPool2d((2, 2), (1, 1), (1, 1, 1, 1))
    x = T.from_integers(values).reshape(1, 1, 2, 2)
    pooled = apply_layer(layer, x)
    assert same(pooled, naive_layer(layer, x.fractions()))
    assert pooled.max((0, 1, 2, 3)) == x.max((0, 1, 2, 3))


def test_average_counts_padded_zeros() -> None:
    pooled = apply_layer(AvgPool2d((2, 2), (1, 1), (1, 1, 0, 0)), T.from_integers([[[[4]]]]))
    assert pooled.tolist() == [[[[fmpq(1)]]]]


def test_output_size_rounds_down() -> None:
    for layer in (MaxPool2d((2, 2), (2, 2)), AvgPool2d((2, 2), (2, 2)), conv([[[[1, 1], [1, 1]]]], [0], stride=(2, 2))):
        assert apply_layer(layer, T.zeros((1, 1, 5, 3))).shape == (1, 1, 2, 1)


@pytest.mark.parametrize("scale", [2**20, 2**40, 2**60, 2**100])
def test_every_tier(scale: int) -> None:
    network = Network(
        (
            conv([[[[scale, -1]]], [[[1, fmpq(1, scale)]]]], [fmpq(1, 3), -scale]),
            ReLU(),
            GlobalPool("sum"),
            dense([[scale, 1]], [fmpq(-1, 7)]),
        ),
        1,
    )
    batch = T.from_rationals([[[[fmpq(1, scale + 1), fmpq(3, 5), scale], [fmpq(-2, 3), 0, fmpq(7, scale)]]]])
    assert same(evaluate(network, batch), naive_network(network, batch.fractions()))


class CountedThreads(ThreadPoolExecutor):
    """Thread pools that write down how many threads they were made for: one less than share the work."""

    made: ClassVar[list[int]] = []

    def __init__(self, threads: int) -> None:
        self.made.append(threads)
        super().__init__(threads)


@pytest.fixture
def threads_made(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    monkeypatch.setattr(CountedThreads, "made", [])
    monkeypatch.setattr(bands, "ThreadPoolExecutor", CountedThreads)
    monkeypatch.setattr(bands, "_cores", lambda: 5)
    return CountedThreads.made


# 7 * 7 * 3 * 30 multiplications a place.
WIDE = Network((Conv2d(T.full((30, 3, 7, 7), fmpq(1, 3)), T.full((30,), -9)), ReLU(), GlobalPool()), 3)


@pytest.mark.parametrize(
    ("threads", "count", "side", "made"),
    [(1, 9, 100, []), (2, 9, 100, [1]), (3, 1, 150, [1]), (None, 9, 100, [4]), (None, 1, 40, []), (8, 5, 10, [])],
)
def test_threads_are_asked_for_and_worth_it(
    threads: int | None, count: int, side: int, made: list[int], threads_made: list[int]
) -> None:
    rng = np.random.default_rng(2)
    batch = T.from_integers(rng.integers(0, 256, (count, 3, side, side)), 255)
    result = evaluate(WIDE, batch, threads=threads)
    assert threads_made == made
    assert result == evaluate(WIDE, batch, threads=1)
    window = np.lib.stride_tricks.sliding_window_view(batch.numerators.astype(int).sum(1), (7, 7), axis=(1, 2))
    peaks = window.sum((3, 4)).max((1, 2))
    assert result == T.from_integers(np.repeat((peaks - 9 * 765)[:, None], 30, axis=1), 765).relu()


@pytest.mark.parametrize("threads", [0, -1])
def test_fewer_threads_than_one(threads: int) -> None:
    with pytest.raises(ValueError, match="threads"):
        evaluate(WIDE, T.zeros((1, 3, 9, 9)), threads=threads)


@pytest.mark.parametrize("threads", [1, 2, 7])
def test_an_error_in_any_thread_is_raised(threads: int) -> None:
    started = []

    def work(item: int) -> int:
        started.append(item)
        if item == 5:
            raise IndexError("five")
        time.sleep(0.001)
        return -item

    assert bands._shared(work, [1, 2, 3], threads) == [-1, -2, -3]
    assert bands._shared(work, [], threads) == []
    with pytest.raises(IndexError, match="five"):
        bands._shared(work, list(range(3000)), threads)
    assert len(started) < 3003


def test_python_integers_are_left_to_one_thread(threads_made: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    batch = T.from_integers(np.full((2, 1, 60, 60), 2**70, dtype=object))
    network = Network((conv([[[[1, -1]]]], [1]), GlobalPool()), 1)
    monkeypatch.setattr(bands, "_SHARE", 1)
    assert evaluate(network, batch, threads=4).tolist() == [[fmpq(1)]] * 2
    assert threads_made == []


def test_large_image_takes_little_memory() -> None:
    weight = T.from_integers(np.arange(40 * 2).reshape(40, 2, 1, 1) % 7 - 3)
    # Without pieces the second layer alone would take 40 * 512 * 512 * 4 bytes = 42 MB, its columns as much again.
    network = Network(
        (conv([[[[1, -1]]], [[[0, 1]]]], [0, 0]), ReLU(), Conv2d(weight, T.zeros((40,))), ReLU(), GlobalPool("max")), 1
    )
    rng = np.random.default_rng(1)
    batch = T.from_integers(rng.integers(0, 256, (1, 1, 512, 512)), 255)
    tracemalloc.start()
    result = evaluate(network, batch)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert result.shape == (1, 40)
    assert peak < 24 * 2**20


# -- refusals ---------------------------------------------------------------------------------------------------------


TWO_BY_THREE = Network((conv([[[[1, 1, 1], [1, 1, 1]]]], [0]), GlobalPool()), 1)


@pytest.mark.parametrize("shape", [(1, 1, 1, 3), (1, 1, 2, 2), (0, 1, 1, 1)])
def test_image_too_small(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"layer 0 \(Conv2d\).*not one window fits.*at least 2x3"):
        evaluate(TWO_BY_THREE, T.zeros(shape))


def test_image_too_small_for_a_later_layer() -> None:
    network = Network((MaxPool2d((2, 2), (2, 2)), AvgPool2d((3, 3), (1, 1)), GlobalPool()), 1, source="deep.xnet")
    evaluate(network, T.zeros((1, 1, 6, 6)))
    with pytest.raises(InputError, match=r"deep.xnet: layer 1 \(AvgPool2d\).*found 3x2"):
        evaluate(network, T.zeros((1, 1, 6, 5)))


@pytest.mark.parametrize("shape", [(1, 2, 4, 4), (1, 4, 4), (1, 1, 4, 0), (4, 4), ()])
def test_wrong_batch(shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError, match=r"cannot read these images.*\(N, 1, H, W\)"):
        evaluate(TWO_BY_THREE, T.zeros(shape))


def test_flatten_at_another_size() -> None:
    network = Network((Flatten(), dense([[1, 1, 1, 1]], [0])), 1)
    assert evaluate(network, T.full((1, 1, 2, 2), fmpq(1, 4))).tolist() == [[fmpq(1)]]
    assert evaluate(network, T.zeros((1, 1, 1, 4))).shape == (1, 1)
    with pytest.raises(InputError, match=r"found 2x3 places at size 2x3; expected 4 places"):
        evaluate(network, T.zeros((1, 1, 2, 3)))


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (GlobalPool(), (1, 2)),
        (MaxPool2d((1, 1), (1, 1)), (2, 2, 2)),
        (dense([[1]], [0]), (1, 1, 1, 1)),
        (dense([[1]], [0]), (1, 2)),
        (conv([[[[1]]]], [0]), (1, 2, 3, 3)),
    ],
)
def test_layer_on_a_wrong_input(layer: object, shape: tuple[int, ...]) -> None:
    with pytest.raises(InputError):
        apply_layer(layer, T.zeros(shape))


def test_no_images() -> None:
    network = Network((GlobalPool("mean"), dense([[1], [2]], [0, 0])), 1)
    assert evaluate(network, T.zeros((0, 1, 3, 3))).shape == (0, 2)


# -- units ------------------------------------------------------------------------------------------------------------


@given(st.data())
@settings(max_examples=40)
def test_rewritten_for_pixel_values(data: st.DataObject) -> None:
    network = data.draw(networks(unit=InputUnit.BYTE))
    pixel = data.draw(st.sampled_from([PixelRange(), PixelRange(fmpq(0), fmpq(5, 3)), SHIFTED]))
    side = smallest_side(network) + 1
    images = data.draw(tensors((2, network.channels, side, side), rationals()))
    try:
        rewritten = in_pixel_units(network, pixel)
    except InputError:
        assert pixel is SHIFTED
        return
    assert rewritten.unit is InputUnit.PIXEL
    assert evaluate(rewritten, images) == logits(network, images, pixel) == logits(rewritten, images, pixel)


def test_bytes_are_what_png_bytes_mean() -> None:
    network = Network((GlobalPool("max"), dense([[1]], [0])), 1, InputUnit.BYTE)
    for byte in (0, 1, 77, 255):
        for pixel in (PixelRange(), SHIFTED):
            images = T.full((1, 1, 1, 1), pixel.from_byte(byte))
            assert logits(network, images, pixel).tolist() == [[fmpq(byte)]]
            assert logits(in_pixel_units(network, pixel), images, pixel).tolist() == [[fmpq(byte)]]


def test_pixel_networks_stay() -> None:
    assert in_pixel_units(TWO_BY_THREE, SHIFTED) is TWO_BY_THREE


HEAD = (GlobalPool("max"), dense([[1]], [0]))


@pytest.mark.parametrize(
    ("layers", "named"),
    [
        ((conv([[[[1]]]], [0], padding=(0, 0, 1, 0)), *HEAD), r"layer 0 \(Conv2d\)"),
        ((AvgPool2d((2, 2), (1, 1), (0, 1, 0, 0)), *HEAD), r"layer 0 \(AvgPool2d\)"),
        ((MaxPool2d((2, 2), (1, 1), (0, 1, 0, 0)), ReLU(), *HEAD), r"layer 1 \(ReLU\)"),
        ((GlobalPool("sum"), dense([[1]], [0])), r"layer 0 \(GlobalPool\)"),
    ],
)
def test_not_rewritable_unless_the_range_starts_at_0(layers: tuple, named: str) -> None:
    network = Network(layers, 1, InputUnit.BYTE)
    images = T.from_rationals([[[[Fraction(1, 3), Fraction(1, 2)], [1, 0]]]])
    assert evaluate(in_pixel_units(network, PixelRange()), images) == logits(network, images, PixelRange())
    with pytest.raises(InputError, match=named):
        in_pixel_units(network, SHIFTED)


def test_nothing_to_fold_into() -> None:
    with pytest.raises(InputError, match="no weights"):
        in_pixel_units(Network((ReLU(), GlobalPool()), 1, InputUnit.BYTE), PixelRange())

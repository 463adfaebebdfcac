"""Exact convolution against plain fractions, on both sides of every tier's limit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.naive import naive_convolution

from exactcnn.core import convolution
from exactcnn.core.convolution import convolve2d, convolve2d_peaks, window_count
from exactcnn.core.tensor import ExactTensor

T = ExactTensor
LIMITS = [(2**24, "float32", "float64"), (2**53, "float64", "int64"), (2**63 - 1, "int64", "object")]


@st.composite
def problems(draw: st.DrawFn) -> tuple[T, T, T | None, tuple[int, int]]:
    """Images, weight, bias and stride that fit each other."""
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 4))
    inputs, outputs = draw(st.integers(1, 3)), draw(st.integers(1, 3))
    images = (draw(st.integers(0, 3)), inputs, rows + draw(st.integers(0, 4)), columns + draw(st.integers(0, 4)))

    def tensor(shape: tuple[int, ...]) -> T:
        seed = draw(st.integers(0, 2**32 - 1))
        bits = draw(st.sampled_from([1, 8, 20, 30, 50, 62, 90]))
        rng = np.random.default_rng(seed)
        words = [int(w) for w in rng.integers(0, 2**30, (int(np.prod(shape)), 3)).ravel()]
        flat = [((a << 60) + (b << 30) + c) >> (90 - bits) for a, b, c in zip(*[iter(words)] * 3, strict=True)]
        signs = rng.integers(-1, 2, len(flat)).tolist()
        values = np.empty(len(flat), dtype=object)
        values[:] = [s * v for s, v in zip(signs, flat, strict=True)]
        return T.from_integers(values.reshape(shape), draw(st.sampled_from([1, 2, 6, 255, 2**31])))

    bias = tensor((outputs,)) if draw(st.booleans()) else None
    stride = draw(st.tuples(st.integers(1, 3), st.integers(1, 3)))
    return tensor(images), tensor((outputs, inputs, rows, columns)), bias, stride


def reference(images: T, weight: T, bias: T | None, stride: tuple[int, int]) -> np.ndarray:
    offsets = np.array([Fraction(0)] * weight.shape[0], dtype=object) if bias is None else bias.fractions()
    return naive_convolution(images.fractions(), weight.fractions(), offsets, stride)


def equal(result: T, expected: np.ndarray) -> bool:
    return result.shape == expected.shape and bool(np.all(result.fractions() == expected))


@given(problems())
@settings(max_examples=120)
def test_equals_fractions(problem: tuple[T, T, T | None, tuple[int, int]]) -> None:
    expected = reference(*problem)
    assert equal(convolve2d(*problem), expected)
    assert equal(convolve2d_peaks(*problem), expected.max(axis=(2, 3)))


def settled(patch: pytest.MonkeyPatch, **sizes: int) -> None:
    for name, size in sizes.items():
        patch.setattr(convolution, name, size)


@given(problems(), st.sampled_from([1, 30, 200]), st.sampled_from([1, 50]), st.sampled_from([0, 9, 128]))
@settings(max_examples=100)
def test_blocks_change_nothing(
    problem: tuple[T, T, T | None, tuple[int, int]], block: int, product: int, columns: int
) -> None:
    whole = convolve2d(*problem)
    with pytest.MonkeyPatch.context() as patch:
        settled(patch, _BLOCK=block, _PRODUCT=product, _OUTPUTS=2, _DEPTH=3, _COLUMNS=columns, _SHORT=columns // 3)
        assert convolve2d(*problem) == whole
        assert convolve2d_peaks(*problem) == whole.max((2, 3))


@pytest.mark.parametrize(("inputs", "outputs"), [(1, 20), (2, 33), (6, 1), (90, 40)])
@pytest.mark.parametrize("short", [0, 48])
def test_no_product_is_large(inputs: int, outputs: int, short: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large ones would make BLAS libraries start threads of their own."""
    largest = 0
    real = np.matmul

    def watched(left: np.ndarray, right: np.ndarray, out: np.ndarray) -> None:
        nonlocal largest
        largest = max(largest, left.shape[-2] * left.shape[-1] * right.shape[-1])
        real(left, right, out=out)

    monkeypatch.setattr(np, "matmul", watched)
    settled(monkeypatch, _SHORT=short)
    rng = np.random.default_rng(5)
    images, weight = rng.integers(-9, 10, (2, inputs, 9, 150)), rng.integers(-9, 10, (outputs, inputs, 3, 4))
    result = convolve2d(T.from_integers(images), T.from_integers(weight))
    windows = np.lib.stride_tricks.sliding_window_view(images.astype(float), (3, 4), axis=(2, 3))
    expected = np.tensordot(windows, weight.astype(float), axes=((1, 4, 5), (1, 2, 3)))
    assert np.array_equal(result.numerators, expected.transpose(0, 3, 1, 2))
    assert 1000 < largest <= 1 << 18


def test_no_maximum_over_no_places() -> None:
    with pytest.raises(ValueError, match="no places"):
        convolve2d_peaks(T.zeros((1, 1, 2, 5)), T.zeros((1, 1, 3, 3)))
    assert convolve2d_peaks(T.zeros((0, 1, 3, 3)), T.zeros((2, 1, 3, 3))).shape == (0, 2)


def test_many_outputs_and_columns() -> None:
    rng = np.random.default_rng(3)
    images, weight = rng.integers(-9, 10, (2, 2, 12, 11)), rng.integers(-9, 10, (70, 2, 3, 4))
    windows = np.lib.stride_tricks.sliding_window_view(images, (3, 4), axis=(2, 3))
    expected = np.einsum("nchwij,ocij->nohw", windows, weight)
    result = convolve2d(T.from_integers(images), T.from_integers(weight))
    assert np.array_equal(result.numerators, expected)


@pytest.mark.parametrize(("limit", "here", "beyond"), LIMITS)
@pytest.mark.parametrize("part", ["product", "bias", "row"])
def test_tier_exactly_at_the_limit(limit: int, here: str, beyond: str, part: str) -> None:
    """The bound row sum * max|x| + |bias| at the limit, and one beyond it: the next tier, and the right numbers."""
    for value, tier in ((limit, here), (limit + 1, beyond)):
        if part == "product":
            images, weight, bias = [[[[value, -value]]]], [[[[1]]]], [0]
        elif part == "bias":
            images, weight, bias = [[[[1, -1]]]], [[[[value - 5]]]], [5]
        else:
            images, weight, bias = [[[[1, 1, 1]]]], [[[[value - 7, 7]]]], [0]
        problem = T.from_integers(images), T.from_integers(weight), T.from_integers(bias), (1, 1)
        result = convolve2d(*problem)
        assert result.numerators.dtype.name == tier
        assert bool(np.all(result.fractions() == reference(*problem)))


def test_cancelling_sums_are_exact() -> None:
    """2^30 - 2^30 + 1 in any order: partial sums beyond 2^24, a small result."""
    weight = T.from_integers([[[[2**30, -(2**30), 1]]]])
    assert convolve2d(T.from_integers([[[[1, 1, 1]]]]), weight).item(0, 0, 0, 0) == 1


def test_common_factors_leave_the_narrowest_tier() -> None:
    """Weights 2^20 over images k/2^20: the factor is divided out before the tier is chosen."""
    result = convolve2d(T.from_integers([[[[2**20 - 1]]]], 2**20), T.from_integers([[[[2**20]]]]), T.from_integers([3]))
    assert result.item(0, 0, 0, 0) == 2**20 + 2
    assert result.numerators.dtype == np.float32


def test_zero_weights() -> None:
    result = convolve2d(T.full((1, 1, 2, 2), 2**80), T.zeros((1, 1, 2, 2)), T.from_integers([1], 3))
    assert [str(v) for v in result.rationals()] == ["1/3"]


def test_no_channels() -> None:
    for bias in (None, T.from_integers([2**70, 1], 3)):
        result = convolve2d(T.zeros((2, 0, 3, 3)), T.zeros((2, 0, 2, 2)), bias)
        assert result.shape == (2, 2, 2, 2)
        assert result.max((0, 2, 3)) == (T.zeros((2,)) if bias is None else bias)
        assert convolve2d_peaks(T.zeros((2, 0, 3, 3)), T.zeros((2, 0, 2, 2)), bias) == result.max((2, 3))


@pytest.mark.parametrize("on_input", [True, False])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (1, 2)])
def test_columns_shifted_on_either_side(
    on_input: bool, stride: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many outputs of few inputs, or few of many: the two ways to shift a kernel's columns."""
    inputs, outputs = (1, 20) if on_input else (6, 1)
    rng = np.random.default_rng(8)
    images = T.from_integers(rng.integers(-9, 10, (3, inputs, 7, 9)), 4)
    weight = T.from_integers(rng.integers(-9, 10, (outputs, inputs, 3, 4)), 3)
    bias = T.from_integers(rng.integers(-9, 10, outputs), 7)
    expected = reference(images, weight, bias, stride)
    assert equal(convolve2d(images, weight, bias, stride), expected)
    monkeypatch.setattr(convolution, "_SHORT", 0)
    assert equal(convolve2d(images, weight, bias, stride), expected)


def test_views_of_any_order() -> None:
    """Images that are a part of others, or stand backwards or turned in memory."""
    rng = np.random.default_rng(9)
    whole = T.from_integers(rng.integers(-9, 10, (6, 2, 9, 12)))
    weight = T.from_integers(rng.integers(-9, 10, (3, 2, 2, 3)))
    for images in (whole[::-2, :, 1:7, ::-1], whole[1:4, ::-1, ::3], whole.transpose(0, 1, 3, 2)):
        assert equal(convolve2d(images, weight), reference(images, weight, None, (1, 1)))


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "count"), [(5, 3, 1, 3), (5, 3, 2, 2), (5, 3, 3, 1), (3, 3, 7, 1), (2, 3, 1, 0)]
)
def test_window_count(length: int, kernel: int, stride: int, count: int) -> None:
    assert window_count(length, kernel, stride) == count

"""Exact convolution against plain fractions, on both sides of every tier's limit."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.naive import naive_convolution

from exactcnn.core import convolution
from exactcnn.core.convolution import convolve2d, window_count
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


@given(problems())
@settings(max_examples=120)
def test_equals_fractions(problem: tuple[T, T, T | None, tuple[int, int]]) -> None:
    result, expected = convolve2d(*problem), reference(*problem)
    assert result.shape == expected.shape
    assert bool(np.all(result.fractions() == expected))


@given(problems(), st.sampled_from([1, 30, 200]), st.sampled_from([1, 50]))
@settings(max_examples=60)
def test_blocks_change_nothing(problem: tuple[T, T, T | None, tuple[int, int]], block: int, product: int) -> None:
    whole = convolve2d(*problem)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(convolution, "_BLOCK", block)
        patch.setattr(convolution, "_PRODUCT", product)
        assert convolve2d(*problem) == whole


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


@pytest.mark.parametrize("on_input", [True, False])
@pytest.mark.parametrize("stride", [(1, 1), (2, 3), (1, 2)])
def test_columns_shifted_on_either_side(on_input: bool, stride: tuple[int, int]) -> None:
    """Many outputs of few inputs, or few of many: the two ways to shift a kernel's columns."""
    inputs, outputs = (1, 20) if on_input else (6, 1)
    rng = np.random.default_rng(8)
    images = T.from_integers(rng.integers(-9, 10, (3, inputs, 7, 9)), 4)
    weight = T.from_integers(rng.integers(-9, 10, (outputs, inputs, 3, 4)), 3)
    bias = T.from_integers(rng.integers(-9, 10, outputs), 7)
    result = convolve2d(images, weight, bias, stride)
    assert bool(np.all(result.fractions() == reference(images, weight, bias, stride)))


@pytest.mark.parametrize(
    ("length", "kernel", "stride", "count"), [(5, 3, 1, 3), (5, 3, 2, 2), (5, 3, 3, 1), (3, 3, 7, 1), (2, 3, 1, 0)]
)
def test_window_count(length: int, kernel: int, stride: int, count: int) -> None:
    assert window_count(length, kernel, stride) == count

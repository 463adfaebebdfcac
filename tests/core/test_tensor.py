"""Exact tensors against plain fractions, on both sides of every tier's limit."""

from __future__ import annotations

import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from exactcnn.core.tensor import ExactTensor, cast_numerators, concatenate, stack, tier_for

T = ExactTensor
LIMITS = (2**24, 2**53, 2**63 - 1)
KINDS = ("float32", "float64", "int64", "object")

# Numbers close to a tier's limit, or whose sums and products are.
EDGES = [
    side * (base + shift)
    for base in (2**12, 2**24, 2**26, 2**31, 2**53, 2**63)
    for shift in (-1, 0, 1)
    for side in (1, -1)
]
NUMERATORS = st.one_of(st.integers(-9, 9), st.sampled_from(EDGES), st.integers(-(2**70), 2**70))
DENOMINATORS = st.sampled_from([1, 1, 2, 3, 255, 2**24, 2**40, 3**40])
SHAPES = st.sampled_from([(), (1,), (3,), (0,), (2, 3), (3, 1), (1, 2, 3)])


@st.composite
def arrays(draw: st.DrawFn, shape: tuple[int, ...] | None = None) -> tuple[T, np.ndarray]:
    """A tensor and the fractions it stands for."""
    shape = draw(SHAPES) if shape is None else shape
    size = math.prod(shape)
    largest = draw(st.sampled_from([2**10, 2**24, 2**53, 2**63, 2**80]))
    numbers = draw(st.lists(NUMERATORS.filter(lambda n: abs(n) <= largest), min_size=size, max_size=size))
    denominator = draw(DENOMINATORS)
    expected = np.empty(size, dtype=object)
    expected[:] = [Fraction(n, denominator) for n in numbers]
    integers = np.empty(size, dtype=object)
    integers[:] = numbers
    return T.from_integers(integers.reshape(shape), denominator), expected.reshape(shape)


@st.composite
def pairs(draw: st.DrawFn) -> tuple[tuple[T, np.ndarray], tuple[T, np.ndarray]]:
    """Two tensors of broadcastable shapes."""
    first, second = draw(st.sampled_from([((2, 3), (2, 3)), ((2, 3), ()), ((2, 1), (1, 3)), ((3,), (2, 3)), ((), ())]))
    return draw(arrays(first)), draw(arrays(second))


def agree(tensor: T, expected: object) -> bool:
    """Whether the tensor is sound (its numbers fit its tier) and equal to the fractions."""
    expected = np.asarray(expected, dtype=object)
    assert tensor.numerators.dtype.name in KINDS
    exact = [int(n) for n in tensor.numerators.flat]
    limit = dict(zip(KINDS, LIMITS, strict=False)).get(tensor.numerators.dtype.name)
    assert limit is None or all(abs(n) <= limit for n in exact)
    return tensor.shape == expected.shape and all(
        Fraction(n, tensor.denominator) == f for n, f in zip(exact, expected.flat, strict=True)
    )


def each(function: Callable[..., Fraction], *operands: np.ndarray) -> np.ndarray:
    return np.asarray(np.frompyfunc(function, len(operands), 1)(*operands), dtype=object)


# -- tiers ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("limit", "here", "beyond"), list(zip(LIMITS, KINDS[:3], KINDS[1:], strict=True)))
def test_tier_limits(limit: int, here: str, beyond: str) -> None:
    assert tier_for(limit).name == here
    assert tier_for(limit + 1).name == beyond
    for sign in (1, -1):
        assert T.from_integers([sign * limit]).numerators.dtype.name == here
        assert T.from_integers([sign * (limit + 1)]).numerators.dtype.name == beyond
        assert T.from_integers([sign * (limit + 1)]).item(0) == sign * (limit + 1)


@pytest.mark.parametrize("limit", LIMITS)
def test_no_operation_slips_over_a_limit(limit: int) -> None:
    top, one, two = T.from_integers([limit, -limit]), T.from_integers([1, -1]), T.from_integers([2, 2])
    assert (top + one).rationals() == [limit + 1, -limit - 1]
    assert (top - (-one)).rationals() == [limit + 1, -limit - 1]
    assert top.times(two).rationals() == [2 * limit, -2 * limit]
    assert top.scaled(3).rationals() == [3 * limit, -3 * limit]
    assert top.over(7).rationals() == [limit, -limit]
    assert concatenate([top, top]).reshape(2, 2).transpose(1, 0).sum(1).rationals() == [2 * limit, -2 * limit]
    assert top.reshape(1, 2).matmul(two.reshape(2, 1)).rationals() == [0]
    assert top.reshape(2, 1).matmul(T.from_integers([[limit]])).rationals() == [limit**2, -(limit**2)]
    assert top.pad(((1, 0),), 2 * limit).rationals() == [2 * limit, limit, -limit]
    assert (top == top + T.from_integers([0, 1])) is False
    assert top.less(top + one).tolist() == [True, False]


def test_lone_numbers_keep_their_tier() -> None:
    for value in (2**63, -(2**63), 2**64, -(2**63) - 1, 2**63 - 1):
        lone = T.from_integers([value, value])[0]
        for same in (lone, lone.max(()), T.from_integers([value, 0]).sum(0), T.zeros(()) - (-lone)):
            assert same.shape == ()
            assert same.item() == value
        assert lone.scaled(2).item() == (lone + lone).item() == 2 * value


def test_other_array_types_are_refused() -> None:
    for dtype in (np.int32, np.uint64, np.bool_, np.float16):
        with pytest.raises(TypeError, match="from_integers"):
            T(np.zeros(2, dtype=dtype))


def test_cast_makes_python_integers() -> None:
    for dtype in (np.float32, np.float64, np.int64):
        cast = cast_numerators(np.array([1, 2], dtype=dtype), np.dtype(object))
        assert [type(v) for v in cast] == [int, int]


def test_immutable() -> None:
    values = np.array([2**60, 1], dtype=np.int64)
    tensor = T.from_integers(values)
    values[0] = 0
    assert tensor.item(0) == 2**60
    with pytest.raises(ValueError, match="read-only"):
        tensor.numerators[0] = 1


# -- making -----------------------------------------------------------------------------------------------------------


@given(arrays())
def test_making_and_reading(pair: tuple[T, np.ndarray]) -> None:
    tensor, expected = pair
    assert agree(tensor, expected)
    assert np.array_equal(tensor.fractions(), expected)
    assert tensor.rationals() == [fmpq(f.numerator, f.denominator) for f in expected.flat]
    assert T.from_rationals(expected.tolist(), expected.shape) == tensor
    assert T.from_rationals(tensor.rationals(), tensor.shape) == tensor
    assert (tensor.size, tensor.ndim) == (expected.size, expected.ndim)
    for index in np.ndindex(*expected.shape):
        assert tensor.item(*index) == tensor[index].item()


def test_from_rationals_takes_every_exact_type() -> None:
    mixed = T.from_rationals([1, fmpq(1, 2), Fraction(-1, 3), Decimal("0.25")])
    assert mixed.rationals() == [1, fmpq(1, 2), fmpq(-1, 3), fmpq(1, 4)]
    assert T.from_rationals([], (0, 2)).shape == (0, 2)
    assert T.from_rationals([[1, 2], [3, 4]]).tolist() == [[fmpq(1), fmpq(2)], [fmpq(3), fmpq(4)]]


@pytest.mark.parametrize("values", [[1.0], [0.5], np.array([1.0]), [None], ["1"], np.array([1, 2.5], dtype=object)])
def test_from_integers_takes_integers_only(values: object) -> None:
    with pytest.raises(TypeError):
        T.from_integers(values)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int8", "uint64", "int64"])
def test_from_integers_of_every_integer_type(dtype: str) -> None:
    info = (0, 1) if dtype == "bool" else (np.iinfo(dtype).min, np.iinfo(dtype).max)
    assert T.from_integers(np.array(info, dtype=dtype)).rationals() == [int(i) for i in info]


def test_denominators_are_positive() -> None:
    for denominator in (0, -1):
        with pytest.raises(ValueError, match="not positive"):
            T.from_integers([1], denominator)


@given(st.lists(st.floats(allow_nan=False, allow_infinity=False), max_size=4), st.sampled_from([16, 32, 64]))
def test_from_floats(values: list[float], bits: int) -> None:
    with np.errstate(over="ignore"):
        array = np.array(values).astype(f"float{bits}")
    if np.all(np.isfinite(array)):
        tensor = T.from_floats(array)
        assert agree(tensor, np.array([Fraction(float(v)) for v in array] + [None], dtype=object)[:-1])
        assert np.array_equal(tensor.floats(), array.astype(np.float64))


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_from_floats_refuses(value: float) -> None:
    with pytest.raises(ValueError, match="finite"):
        T.from_floats(np.array([1.0, value]))


def test_full() -> None:
    assert T.full((2,), fmpq(2**80, 3)).rationals() == [fmpq(2**80, 3)] * 2
    assert T.zeros((2, 0)).shape == (2, 0)
    assert T.full((), 5).item() == 5


# -- reading ----------------------------------------------------------------------------------------------------------


@given(arrays())
def test_floats_are_nearest(pair: tuple[T, np.ndarray]) -> None:
    tensor, expected = pair
    for got, fraction in zip(tensor.floats().flat, expected.flat, strict=True):
        assert got == pytest.approx(float(fraction), rel=1e-15)


def test_floats_beyond_their_range() -> None:
    assert T.from_integers([10**400, -(10**400), 0]).floats().tolist() == [math.inf, -math.inf, 0]


@given(pairs())
def test_equality_and_order(both: tuple) -> None:
    (a, x), (b, y) = both
    assert (a == b) == (x.shape == y.shape and bool(np.all(x == y)))
    assert np.array_equal(a.less(b), each(lambda p, q: p < q, x, y).astype(bool))
    assert np.array_equal(a.at_most(b), each(lambda p, q: p <= q, x, y).astype(bool))
    assert np.array_equal(a.nonzero(), (x != 0).astype(bool))


@given(arrays())
def test_reduced_is_equal_and_least(pair: tuple[T, np.ndarray]) -> None:
    tensor, expected = pair
    reduced = tensor.reduced()
    assert agree(reduced, expected)
    assert reduced == tensor
    assert reduced.denominator == math.lcm(*(f.denominator for f in expected.flat))
    assert reduced.numerators.dtype == tier_for(reduced.bound)
    assert hash(tensor.scaled(fmpq(6, 6)).over(6 * tensor.denominator)) == hash(tensor)


def test_equality_with_other_things() -> None:
    assert T.zeros((1,)) != 0
    assert T.zeros((1,)) != T.zeros((1, 1))
    assert "shape=(1,), denominator=1" in repr(T.zeros((1,)))
    assert len(T.zeros((3, 2))) == 3


@given(arrays())
def test_content_and_divided(pair: tuple[T, np.ndarray]) -> None:
    tensor, expected = pair
    numerators = [int(n) for n in tensor.integers().flat]
    content = tensor.content
    assert content == math.gcd(*numerators)
    if content:
        assert agree(tensor.divided(content), expected / Fraction(content))
        with pytest.raises(ValueError, match="does not divide"):
            tensor.divided(2 * content)
    else:
        assert agree(tensor.divided(3**60), expected)


# -- arithmetic -------------------------------------------------------------------------------------------------------


@given(pairs())
@settings(max_examples=120)
def test_entrywise_operations(both: tuple) -> None:
    (a, x), (b, y) = both
    assert agree(a + b, x + y)
    assert agree(a - b, x - y)
    assert agree(a.times(b), x * y)
    assert agree(a.maximum(b), each(max, x, y))
    assert agree(a.minimum(b), each(min, x, y))


@given(arrays(), NUMERATORS, DENOMINATORS)
def test_one_operand(pair: tuple[T, np.ndarray], numerator: int, denominator: int) -> None:
    tensor, expected = pair
    assert agree(-tensor, each(lambda p: -p, expected))
    assert agree(tensor.relu(), each(lambda p: max(p, Fraction(0)), expected))
    factor = Fraction(numerator, denominator)
    assert agree(tensor.scaled(fmpq(numerator, denominator)), each(lambda p: p * factor, expected))
    assert agree(tensor.over(tensor.denominator * denominator), expected)
    padded = tensor.pad([(1, 2)] * tensor.ndim, fmpq(numerator, denominator))
    widths = [(1, 2)] * expected.ndim
    assert agree(padded, np.pad(expected, widths, constant_values=factor) if widths else expected)


def test_over_needs_a_multiple() -> None:
    for denominator in (2, 0, -3):
        with pytest.raises(ValueError, match="no multiple"):
            T.from_integers([1], 3).over(denominator)


@given(st.data())
def test_along_axes(data: st.DataObject) -> None:
    tensor, expected = data.draw(arrays((2, 3, 2)))
    for axes in (0, 1, (0, 2), (0, 1, 2), (-1,)):
        assert agree(tensor.sum(axes), expected.sum(axis=axes))
        assert agree(tensor.max(axes), expected.max(axis=axes))
        assert agree(tensor.min(axes), expected.min(axis=axes))
    assert agree(tensor.reshape(3, 4), expected.reshape(3, 4))
    assert agree(tensor.transpose(2, 0, 1), expected.transpose(2, 0, 1))
    assert agree(tensor[:, 1], expected[:, 1])
    assert agree(tensor[1, ::2], expected[1, ::2])


@given(st.data())
def test_joining(data: st.DataObject) -> None:
    (a, x), (b, y) = data.draw(arrays((2, 3))), data.draw(arrays((2, 3)))
    assert agree(concatenate([a, b]), np.concatenate([x, y]))
    assert agree(concatenate([a, b], axis=1), np.concatenate([x, y], axis=1))
    assert agree(stack([a, b], axis=1), np.stack([x, y], axis=1))


@given(st.data())
def test_matmul(data: st.DataObject) -> None:
    rows, inner, columns = (data.draw(st.integers(1, 4)) for _ in range(3))
    (a, x), (b, y) = data.draw(arrays((rows, inner))), data.draw(arrays((inner, columns)))
    assert agree(a.matmul(b), x.dot(y))

"""Tensors of exact rationals: integer numerators over one common denominator.

The numerators live in the narrowest array type that provably holds them: floating-point arrays, so
that BLAS can be used, while every partial sum is below 2^24 (float32) or 2^53 (float64) and hence exact; int64 below
2^63; Python integers otherwise. Each operation bounds its result *before* it computes and picks the tier from that
bound, so nothing can overflow or round silently.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.rational import as_rational

__all__ = ["ExactTensor", "cast_numerators", "concatenate", "stack", "tier_for"]

Numerators = NDArray[Any]
_INT64 = 2**63 - 1
_TIERS: tuple[tuple[int, np.dtype[Any]], ...] = (
    (2**24, np.dtype(np.float32)),
    (2**53, np.dtype(np.float64)),
    (_INT64, np.dtype(np.int64)),
)
_OBJECT: np.dtype[Any] = np.dtype(object)
_DTYPES = frozenset((*(dtype for _, dtype in _TIERS), _OBJECT))


def tier_for(bound: int) -> np.dtype[Any]:
    """The narrowest array type in which integers of magnitude at most `bound` add, subtract and multiply exactly."""
    for limit, dtype in _TIERS:
        if bound <= limit:
            return dtype
    return _OBJECT


def cast_numerators(array: Numerators, dtype: np.dtype[Any]) -> Numerators:
    """`array` in another tier; the caller has shown that every entry fits."""
    if array.dtype == dtype:
        return array
    if dtype == _OBJECT and array.dtype.kind == "f":
        # astype(object) on a float array would leave Python floats in it.
        return array.astype(np.int64).astype(object)
    return array.astype(dtype)


class ExactTensor:
    """An immutable n-dimensional array of rationals.

    Attributes
    ----------
    numerators: integers, stored as float32, float64, int64 or Python integers (see the module's text).
    denominator: the common denominator, positive; not necessarily in lowest terms.
    """

    # Not functools.cached_property: threads would wait for each other's maxima at its lock.
    __slots__ = ("_bound", "_content", "_row_bound", "denominator", "numerators")

    numerators: Numerators
    denominator: int
    _bound: int | None
    _content: int | None
    _row_bound: int | None

    def __init__(self, numerators: Numerators | int, denominator: int = 1) -> None:
        if denominator <= 0:
            raise ValueError(f"denominator {denominator} is not positive")
        # Arrays of Python integers without axes come out of numpy's functions as bare integers.
        dtype = None if isinstance(numerators, (np.ndarray, np.generic)) else _OBJECT
        view = np.asarray(numerators, dtype=dtype).view()
        if view.dtype not in _DTYPES:
            raise TypeError(f"numerators of type {view.dtype}; use from_integers")
        view.flags.writeable = False
        self.numerators = view
        self.denominator = denominator
        self._bound = None
        self._content = None
        self._row_bound = None

    # -- making ---------------------------------------------------------------------------------------------------

    @staticmethod
    def from_integers(values: NDArray[Any] | Sequence[Any] | int, denominator: int = 1) -> ExactTensor:
        """`values / denominator` for an integer array of any integer type, or nested lists of Python integers.

        Raises
        ------
        TypeError: an entry is not an integer.
        """
        array = np.asarray(values)
        if array.dtype.kind not in "iub":
            array = np.asarray(values, dtype=object)
            if not all(isinstance(v, int) for v in array.flat):
                raise TypeError("from_integers takes integers only")
        bound = max(abs(int(array.max())), abs(int(array.min()))) if array.size else 0
        own = cast_numerators(array, tier_for(bound))
        return ExactTensor(own.copy() if own is values else own, denominator)

    @staticmethod
    def from_rationals(values: Any, shape: tuple[int, ...] | None = None) -> ExactTensor:
        """The tensor of nested sequences (or an object array) of `fmpq`, `Fraction`, `Decimal` or integers.

        `shape`, if given, is the result's shape (row-major); it also makes empty tensors possible.
        """
        array = np.empty(shape, dtype=object) if shape is not None else np.array(values, dtype=object)
        flat = [as_rational(v) for v in (np.array(values, dtype=object).flat if shape is not None else array.flat)]
        denominator = math.lcm(*(int(v.q) for v in flat)) if flat else 1
        scaled = [int(v.p) * (denominator // int(v.q)) for v in flat]
        bound = max(map(abs, scaled), default=0)
        numerators = np.empty(len(flat), dtype=object)
        numerators[:] = scaled
        return ExactTensor(cast_numerators(numerators.reshape(array.shape), tier_for(bound)), denominator)

    @staticmethod
    def full(shape: tuple[int, ...], value: fmpq | int) -> ExactTensor:
        """A tensor with one value everywhere."""
        rational = fmpq(value)
        numerator = int(rational.p)
        dtype = tier_for(abs(numerator))
        return ExactTensor(np.full(shape, numerator, dtype=dtype), int(rational.q))

    @staticmethod
    def zeros(shape: tuple[int, ...]) -> ExactTensor:
        """A tensor of zeros."""
        return ExactTensor.full(shape, 0)

    @staticmethod
    def from_floats(values: NDArray[Any]) -> ExactTensor:
        """The exact dyadic values of a finite float16, float32 or float64 array.

        Raises
        ------
        ValueError: an entry is NaN or infinite.
        """
        if not np.all(np.isfinite(values)):
            raise ValueError("not every number is finite")
        # Weights are often zeros, and those that are not often repeat.
        flat = values.reshape(-1)
        places = np.flatnonzero(flat)
        distinct, which = np.unique(flat[places], return_inverse=True)
        ratios = [float(v).as_integer_ratio() for v in distinct]
        denominator = max((q for _, q in ratios), default=1)
        scaled = np.empty(len(ratios), dtype=object)
        scaled[:] = [p * (denominator // q) for p, q in ratios]
        found = ExactTensor.from_integers(scaled).numerators
        numerators = np.zeros(flat.shape, dtype=found.dtype)
        numerators[places] = found[which]
        return ExactTensor(numerators.reshape(values.shape), denominator)

    # -- reading --------------------------------------------------------------------------------------------------

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.numerators.shape

    @property
    def ndim(self) -> int:
        """The number of axes."""
        return self.numerators.ndim

    @property
    def size(self) -> int:
        """The number of entries."""
        return self.numerators.size

    @property
    def bound(self) -> int:
        """The largest magnitude of a numerator."""
        if self._bound is None:
            self._bound = _largest(self.numerators)
        return self._bound

    @property
    def content(self) -> int:
        """The greatest common divisor of the numerators (0 if all are 0)."""
        if self._content is None:
            self._content = _common_divisor(self.numerators)
        return self._content

    @property
    def row_bound(self) -> int:
        """The largest sum of magnitudes of the numerators under one index of the first axis."""
        if self._row_bound is None:
            rows, size = len(self), self.size
            magnitudes = ExactTensor(np.abs(self.numerators))
            self._row_bound = magnitudes.reshape(rows, size // rows).sum(1).bound if size else 0
        return self._row_bound

    def item(self, *index: int) -> fmpq:
        """One entry."""
        return fmpq(int(self.numerators[index]), self.denominator)

    def integers(self) -> NDArray[Any]:
        """The numerators as Python integers in an object array."""
        return cast_numerators(self.numerators, _OBJECT)

    def rationals(self) -> list[fmpq]:
        """The entries in row-major order."""
        return [fmpq(n, self.denominator) for n in self.integers().flat]

    def tolist(self) -> Any:
        """Nested lists of `fmpq` (one `fmpq` for a tensor without axes)."""
        flat = np.empty(self.size, dtype=object)
        flat[:] = self.rationals()
        return flat.reshape(self.shape).tolist()

    def fractions(self) -> NDArray[Any]:
        """The entries as an object array of `fractions.Fraction`."""
        flat = np.empty(self.size, dtype=object)
        flat[:] = [Fraction(n, self.denominator) for n in self.integers().flat]
        return flat.reshape(self.shape)

    def floats(self) -> NDArray[np.float64]:
        """The nearest float64 of each entry: for pictures and for guessing, never for concluding."""
        if self.numerators.dtype == _OBJECT or self.denominator > 2**53:
            flat = [_nearest(n, self.denominator) for n in self.integers().flat]
            return np.array(flat, dtype=np.float64).reshape(self.shape)
        # One correctly rounded division of two exact floats (an int64 numerator is rounded first: still only a guide).
        return np.asarray(self.numerators, dtype=np.float64) / float(self.denominator)

    def __getitem__(self, key: Any) -> ExactTensor:
        return ExactTensor(self.numerators[key], self.denominator)

    def __len__(self) -> int:
        return len(self.numerators)

    def __repr__(self) -> str:
        return f"ExactTensor(shape={self.shape}, denominator={self.denominator}, tier={self.numerators.dtype})"

    def __eq__(self, other: object) -> bool:
        """Same shape and the same rational in every place."""
        if not isinstance(other, ExactTensor):
            return NotImplemented
        if self.shape != other.shape:
            return False
        left, right, _ = _comparable(self, other)
        return bool(np.array_equal(left, right))

    def __hash__(self) -> int:
        reduced = self.reduced()
        return hash((reduced.shape, reduced.denominator, tuple(reduced.integers().flat)))

    def reduced(self) -> ExactTensor:
        """The same tensor with the least common denominator and the narrowest tier."""
        divisor = math.gcd(self.denominator, self.content) if self.denominator > 1 else 1
        return ExactTensor(self.divided(divisor).numerators, self.denominator // divisor)

    # -- shape ----------------------------------------------------------------------------------------------------

    def reshape(self, *shape: int) -> ExactTensor:
        """The same entries in another shape (row-major)."""
        return ExactTensor(self.numerators.reshape(shape), self.denominator)

    def transpose(self, *axes: int) -> ExactTensor:
        """The same entries with the axes permuted."""
        return ExactTensor(self.numerators.transpose(axes), self.denominator)

    def pad(self, widths: Sequence[tuple[int, int]], value: fmpq | int = 0) -> ExactTensor:
        """Entries `value` added before and after each axis, `widths` a pair an axis."""
        if not any(before or after for before, after in widths):
            return self
        fill = fmpq(value)
        tensor = self if fill == 0 else self.over(math.lcm(self.denominator, int(fill.q)))
        numerator = int(fill.p) * (tensor.denominator // int(fill.q))
        dtype = tier_for(max(tensor.bound, abs(numerator)))
        shape = tuple(before + n + after for n, (before, after) in zip(tensor.shape, widths, strict=True))
        padded = np.full(shape, numerator, dtype=dtype)
        inside = tuple(slice(before, before + n) for n, (before, _) in zip(tensor.shape, widths, strict=True))
        padded[inside] = cast_numerators(tensor.numerators, dtype)
        return ExactTensor(padded, tensor.denominator)

    # -- arithmetic -----------------------------------------------------------------------------------------------

    def over(self, denominator: int) -> ExactTensor:
        """The same tensor over a multiple of its denominator.

        Raises
        ------
        ValueError: the denominator is no multiple of this tensor's.
        """
        factor, rest = divmod(denominator, self.denominator)
        if rest or factor <= 0:
            raise ValueError(f"{denominator} is no multiple of {self.denominator}")
        if factor == 1:
            return self
        return ExactTensor(_times(self.numerators, self.bound, factor), denominator)

    def __add__(self, other: ExactTensor) -> ExactTensor:
        left, right, denominator = _aligned(self, other)
        return ExactTensor(left + right, denominator)

    def __sub__(self, other: ExactTensor) -> ExactTensor:
        left, right, denominator = _aligned(self, other)
        return ExactTensor(left - right, denominator)

    def __neg__(self) -> ExactTensor:
        return ExactTensor(-self.numerators, self.denominator)

    def scaled(self, factor: fmpq | int) -> ExactTensor:
        """Every entry times one number."""
        if factor == 1:
            return self
        rational = fmpq(factor)
        numerators = _times(self.numerators, self.bound, int(rational.p))
        return ExactTensor(numerators, self.denominator * int(rational.q))

    def divided(self, divisor: int) -> ExactTensor:
        """The numerators divided by a common divisor (the denominator stays), in the narrowest tier.

        Raises
        ------
        ValueError: some numerator is no multiple of the divisor.
        """
        if divisor == 1:
            narrow = cast_numerators(self.numerators, tier_for(self.bound))
            return self if narrow is self.numerators else ExactTensor(narrow, self.denominator)
        if divisor <= 0 or self.content % divisor:
            raise ValueError(f"{divisor} does not divide every numerator")
        # Whole-number division is not for floating-point arrays.
        wide = _OBJECT if self.numerators.dtype == _OBJECT or divisor > _INT64 else np.dtype(np.int64)
        quotients = np.asarray(cast_numerators(self.numerators, wide) // divisor, dtype=wide)
        return ExactTensor(cast_numerators(quotients, tier_for(self.bound // divisor)), self.denominator)

    def times(self, other: ExactTensor) -> ExactTensor:
        """Entry by entry products (with broadcasting)."""
        dtype = tier_for(max(self.bound * other.bound, self.bound, other.bound))
        product = cast_numerators(self.numerators, dtype) * cast_numerators(other.numerators, dtype)
        return ExactTensor(product, self.denominator * other.denominator)

    def relu(self) -> ExactTensor:
        """max(0, entry) everywhere."""
        zero = 0 if self.numerators.dtype == _OBJECT else self.numerators.dtype.type(0)
        return ExactTensor(np.maximum(self.numerators, zero), self.denominator)

    def maximum(self, other: ExactTensor) -> ExactTensor:
        """Entry by entry maxima (with broadcasting)."""
        left, right, denominator = _comparable(self, other)
        return ExactTensor(np.maximum(left, right), denominator)

    def minimum(self, other: ExactTensor) -> ExactTensor:
        """Entry by entry minima (with broadcasting)."""
        left, right, denominator = _comparable(self, other)
        return ExactTensor(np.minimum(left, right), denominator)

    def max(self, axis: int | tuple[int, ...]) -> ExactTensor:
        """The maximum along the axes, which are dropped."""
        return ExactTensor(self.numerators.max(axis=axis), self.denominator)

    def min(self, axis: int | tuple[int, ...]) -> ExactTensor:
        """The minimum along the axes, which are dropped."""
        return ExactTensor(self.numerators.min(axis=axis), self.denominator)

    def sum(self, axis: int | tuple[int, ...]) -> ExactTensor:
        """The sum along the axes, which are dropped."""
        axes = (axis,) if isinstance(axis, int) else axis
        count = math.prod(self.shape[a] for a in axes)
        widened = cast_numerators(self.numerators, tier_for(self.bound * max(count, 1)))
        return ExactTensor(widened.sum(axis=axis), self.denominator)

    def matmul(self, other: ExactTensor) -> ExactTensor:
        """The matrix product over the last two axes (broadcasting the others)."""
        bound = self.bound * other.bound * max(self.shape[-1], 1)
        dtype = tier_for(max(bound, self.bound, other.bound))
        product = np.matmul(cast_numerators(self.numerators, dtype), cast_numerators(other.numerators, dtype))
        return ExactTensor(product, self.denominator * other.denominator)

    # -- comparing: Boolean arrays --------------------------------------------------------------------------------

    def less(self, other: ExactTensor) -> NDArray[np.bool_]:
        """Where this is strictly below `other` (with broadcasting)."""
        left, right, _ = _comparable(self, other)
        return np.asarray(left < right, dtype=np.bool_)

    def at_most(self, other: ExactTensor) -> NDArray[np.bool_]:
        """Where this is at most `other` (with broadcasting)."""
        left, right, _ = _comparable(self, other)
        return np.asarray(left <= right, dtype=np.bool_)

    def nonzero(self) -> NDArray[np.bool_]:
        """Where the entries are not 0."""
        return np.asarray(self.numerators != 0, dtype=np.bool_)


def _largest(numerators: Numerators) -> int:
    return max(int(numerators.max()), -int(numerators.min())) if numerators.size else 0


def _common_divisor(numerators: Numerators) -> int:
    if numerators.dtype == _OBJECT:
        return math.gcd(*numerators.flat)
    return int(np.gcd.reduce(numerators.astype(np.int64).ravel()))


def _nearest(numerator: int, denominator: int) -> float:
    """The nearest float64 of a fraction, infinite beyond their range."""
    try:
        return numerator / denominator
    except OverflowError:
        return math.inf if numerator > 0 else -math.inf


def _times(numerators: Numerators, bound: int, factor: int) -> Numerators:
    """The numerators times an integer, in a tier that holds the result."""
    dtype = tier_for(max(bound * abs(factor), abs(factor)))
    number = factor if dtype == _OBJECT else dtype.type(factor)
    return np.asarray(cast_numerators(numerators, dtype) * number, dtype=dtype)


def _aligned(left: ExactTensor, right: ExactTensor) -> tuple[Numerators, Numerators, int]:
    """Both numerators over one denominator, in a tier that holds their sum and difference."""
    denominator = math.lcm(left.denominator, right.denominator)
    first, second = left.over(denominator), right.over(denominator)
    dtype = tier_for(first.bound + second.bound)
    return cast_numerators(first.numerators, dtype), cast_numerators(second.numerators, dtype), denominator


def _comparable(left: ExactTensor, right: ExactTensor) -> tuple[Numerators, Numerators, int]:
    """Both numerators over one denominator and in one tier."""
    if left.denominator == right.denominator and left.numerators.dtype == right.numerators.dtype:
        # Nothing grows here, so that no bound has to be looked for.
        return left.numerators, right.numerators, left.denominator
    (first, second), denominator = _common((left, right))
    return first, second, denominator


def _common(tensors: Iterable[ExactTensor]) -> tuple[list[Numerators], int]:
    """All numerators over one denominator and in one tier."""
    listed = list(tensors)
    denominator = math.lcm(*(t.denominator for t in listed))
    aligned = [t.over(denominator) for t in listed]
    dtype = tier_for(max(t.bound for t in aligned))
    return [cast_numerators(t.numerators, dtype) for t in aligned], denominator


def concatenate(tensors: Sequence[ExactTensor], axis: int = 0) -> ExactTensor:
    """The tensors one after another along an axis."""
    arrays, denominator = _common(tensors)
    return ExactTensor(np.concatenate(arrays, axis=axis), denominator)


def stack(tensors: Sequence[ExactTensor], axis: int = 0) -> ExactTensor:
    """The tensors one after another along a new axis."""
    arrays, denominator = _common(tensors)
    return ExactTensor(np.stack(arrays, axis=axis), denominator)

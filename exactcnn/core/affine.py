"""Sparse affine forms over numbered variables, with exact coefficients."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from flint import fmpq

__all__ = ["Affine"]

_ZERO = fmpq(0)


@dataclass(frozen=True, slots=True)
class Affine:
    """`sum(coefficient * variable) + constant`.

    Attributes
    ----------
    terms: pairs (variable, coefficient), by ascending variable, no coefficient zero.
    constant: the constant term.
    """

    terms: tuple[tuple[int, fmpq], ...]
    constant: fmpq

    def __hash__(self) -> int:
        # Hashing a rational takes a modular inverse; the variables and the leading numbers tell forms apart as well.
        leading = (int(self.terms[0][1].p), int(self.terms[0][1].q)) if self.terms else ()
        return hash((tuple(v for v, _ in self.terms), leading, int(self.constant.p), int(self.constant.q)))

    @staticmethod
    def of(terms: Mapping[int, fmpq] | Iterable[tuple[int, fmpq]] = (), constant: fmpq | int = 0) -> Affine:
        """The form with these terms; a variable named twice has its coefficients added."""
        if isinstance(terms, Mapping):
            collected = dict(terms)
        else:
            collected = {}
            for variable, coefficient in terms:
                collected[variable] = collected.get(variable, _ZERO) + coefficient
        kept = tuple(sorted((v, c) for v, c in collected.items() if c != 0))
        return Affine(kept, fmpq(constant))

    @staticmethod
    def variable(index: int) -> Affine:
        """The form that is one variable."""
        return Affine(((index, fmpq(1)),), _ZERO)

    @staticmethod
    def const(value: fmpq | int) -> Affine:
        """The constant form."""
        return Affine((), fmpq(value))

    def __add__(self, other: Affine) -> Affine:
        if not other.terms:
            return Affine(self.terms, self.constant + other.constant)
        return Affine.of((*self.terms, *other.terms), self.constant + other.constant)

    def __neg__(self) -> Affine:
        return Affine(tuple((v, -c) for v, c in self.terms), -self.constant)

    def __sub__(self, other: Affine) -> Affine:
        return self + -other

    def scaled(self, factor: fmpq | int) -> Affine:
        """The form times a number."""
        if factor == 0:
            return Affine((), _ZERO)
        return Affine(tuple((v, c * factor) for v, c in self.terms), self.constant * factor)

    def shifted(self, amount: fmpq | int) -> Affine:
        """The form plus a number."""
        return Affine(self.terms, self.constant + amount)

    @property
    def is_constant(self) -> bool:
        """Whether no variable occurs."""
        return not self.terms

    def evaluate(self, value: Callable[[int], fmpq]) -> fmpq:
        """The form's value where variable i has the value `value(i)`."""
        total = self.constant
        for variable, coefficient in self.terms:
            total += coefficient * value(variable)
        return total

    def bounds(self, interval: Callable[[int], tuple[fmpq, fmpq]]) -> tuple[fmpq, fmpq]:
        """The exact range over independent intervals `interval(i)` of the variables."""
        low = high = self.constant
        for variable, coefficient in self.terms:
            lo, hi = interval(variable)
            if coefficient > 0:
                low += coefficient * lo
                high += coefficient * hi
            else:
                low += coefficient * hi
                high += coefficient * lo
        return low, high

"""Exact rationals: python-flint's `fmpq`, with strict parsing and dyadic helpers."""

from __future__ import annotations

import re
from decimal import Decimal
from fractions import Fraction

from flint import fmpq

from exactcnn.core.errors import InputError

__all__ = [
    "Rational",
    "as_rational",
    "ceil_to_grid",
    "floor_power_of_two",
    "floor_to_grid",
    "format_rational",
    "is_dyadic",
    "parse_rational",
    "rational_from_float",
    "to_fraction",
]

Rational = fmpq
"""The number type of the whole package."""

# ASCII only on purpose: Python's own int() also reads other scripts' digits, underscores and blanks.
_RATIO = re.compile(r"([+-]?[0-9]+)/([0-9]+)", re.ASCII)
_DECIMAL = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE]([+-]?[0-9]+))?", re.ASCII)
_MAX_EXPONENT = 4096
_MAX_LENGTH = 4096


def parse_rational(text: str) -> fmpq:
    """The exact value of `"p/q"`, an integer or a decimal such as `"0.125"` or `"1e-3"`.

    Raises
    ------
    InputError: the text is none of these, its denominator is 0, it is over 4,096 characters long,
        or its decimal exponent is beyond 4,096.
    """
    if len(text) <= _MAX_LENGTH:
        ratio = _RATIO.fullmatch(text)
        if ratio:
            numerator, denominator = int(ratio[1]), int(ratio[2])
            if denominator != 0:
                return fmpq(numerator, denominator)
            raise InputError("a denominator is zero", found=repr(text), expected="p/q with q > 0")
        decimal = _DECIMAL.fullmatch(text)
        if decimal and abs(int(decimal[1] or 0)) <= _MAX_EXPONENT:
            return as_rational(Fraction(Decimal(text)))
    found = repr(text if len(text) <= 40 else text[:40] + "..")
    raise InputError("not a rational number", found=found, expected='a number such as 1, 0.25 or "1/4"')


def as_rational(value: int | Fraction | Decimal | fmpq) -> fmpq:
    """The same number as an `fmpq`."""
    if isinstance(value, fmpq):
        return value
    if isinstance(value, Decimal):
        value = Fraction(value)
    if isinstance(value, Fraction):
        return fmpq(value.numerator, value.denominator)
    return fmpq(value)


def rational_from_float(value: float) -> fmpq:
    """The exact dyadic value of a binary floating-point number.

    Raises
    ------
    InputError: the value is NaN or infinite.
    """
    try:
        return fmpq(*value.as_integer_ratio())
    except (ValueError, OverflowError):
        raise InputError("a number is not finite", found=str(value), expected="a finite number") from None


def to_fraction(value: fmpq) -> Fraction:
    """The same number as a `fractions.Fraction`."""
    return Fraction(int(value.p), int(value.q))


def format_rational(value: fmpq) -> str:
    """Lowest terms: `p` or `p/q` with q > 1."""
    return str(value)


def is_dyadic(value: fmpq) -> bool:
    """Whether the denominator is a power of two."""
    denominator = int(value.q)
    return denominator & (denominator - 1) == 0


def floor_to_grid(value: fmpq, bits: int) -> fmpq:
    """The largest multiple of 2^-bits that is at most `value`."""
    scale = 1 << bits
    return fmpq((value * scale).floor(), scale)


def ceil_to_grid(value: fmpq, bits: int) -> fmpq:
    """The smallest multiple of 2^-bits that is at least `value`."""
    return -floor_to_grid(-value, bits)


def floor_power_of_two(value: fmpq) -> fmpq:
    """The largest power of two (of any integer exponent) that is at most `value` > 0.

    Raises
    ------
    ValueError: `value` is not positive.
    """
    if value <= 0:
        raise ValueError(f"no power of two is at most {value}")
    exponent = int(value.p).bit_length() - int(value.q).bit_length()
    power = fmpq(1 << exponent) if exponent >= 0 else fmpq(1, 1 << -exponent)
    return power if power <= value else power / 2

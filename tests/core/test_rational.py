"""Reading, writing and rounding rationals."""

from __future__ import annotations

import math
from decimal import Decimal
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from exactcnn.core.errors import InputError
from exactcnn.core.rational import (
    as_rational,
    ceil_to_grid,
    floor_power_of_two,
    floor_to_grid,
    format_rational,
    is_dyadic,
    parse_rational,
    rational_from_float,
    to_fraction,
)

RATIONALS = st.builds(fmpq, st.integers(-(10**30), 10**30), st.integers(1, 10**30))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0", fmpq(0)),
        ("-0", fmpq(0)),
        ("+7", fmpq(7)),
        ("007", fmpq(7)),
        ("6/4", fmpq(3, 2)),
        ("-1/3", fmpq(-1, 3)),
        ("0.1", fmpq(1, 10)),
        (".5", fmpq(1, 2)),
        ("5.", fmpq(5)),
        ("-1.25e-2", fmpq(-1, 80)),
        ("1E3", fmpq(1000)),
        ("0.1000000000000000055511151231257827", fmpq(1000000000000000055511151231257827, 10**34)),
        ("1e4096", fmpq(10**4096)),
        ("1" * 4096, fmpq(int("1" * 4096))),
    ],
)
def test_parse(text: str, value: fmpq) -> None:
    assert parse_rational(text) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        " 1",
        "1 ",
        "1\n",
        "1/2\n",
        "1_000",
        "1__0",
        "nan",
        "inf",
        "-Infinity",
        "0x10",
        "1/0",
        "0/0",
        "1/-2",
        "1/2/3",
        "1.5/2",
        "1 / 2",
        "e3",
        ".",
        "+-1",
        "--1",
        "1e",
        "1e4097",
        "1e-4097",
        "1e999999999999",
        "1e1.5",
        "1,5",
        "١٢",
        "½",
        "1" * 4097,
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(InputError) as caught:
        parse_rational(text)
    assert len(str(caught.value)) < 200


@given(RATIONALS)
def test_text_round_trip(value: fmpq) -> None:
    assert parse_rational(format_rational(value)) == value
    assert format_rational(value) == str(to_fraction(value))


@given(st.integers(), st.fractions(), st.decimals(allow_nan=False, allow_infinity=False, places=9))
def test_conversions(integer: int, fraction: Fraction, decimal: Decimal) -> None:
    assert to_fraction(as_rational(integer)) == integer
    assert to_fraction(as_rational(fraction)) == fraction
    assert to_fraction(as_rational(decimal)) == Fraction(decimal)
    assert as_rational(fmpq(1, 3)) == fmpq(1, 3)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_floats_are_read_exactly(value: float) -> None:
    assert to_fraction(rational_from_float(value)) == Fraction(value)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_other_floats_are_refused(value: float) -> None:
    with pytest.raises(InputError, match="not finite"):
        rational_from_float(value)


@given(RATIONALS, st.integers(0, 40))
def test_grid(value: fmpq, bits: int) -> None:
    step = fmpq(1, 2**bits)
    floor, ceiling = floor_to_grid(value, bits), ceil_to_grid(value, bits)
    assert floor <= value < floor + step
    assert ceiling - step < value <= ceiling
    for rounded in (floor, ceiling):
        assert (rounded / step).q == 1
        assert is_dyadic(rounded)


@given(RATIONALS.filter(lambda v: v > 0))
def test_floor_power_of_two(value: fmpq) -> None:
    power = floor_power_of_two(value)
    assert power <= value < 2 * power
    assert is_dyadic(power)
    assert is_dyadic(1 / power)


@pytest.mark.parametrize("exponent", [-70, -1, 0, 1, 70])
def test_powers_of_two_are_their_own_floor(exponent: int) -> None:
    power = fmpq(2) ** exponent
    assert floor_power_of_two(power) == power
    assert floor_power_of_two(power - power / 2**90) == power / 2


@pytest.mark.parametrize("value", [0, -1])
def test_no_power_of_two_below(value: int) -> None:
    with pytest.raises(ValueError, match="no power of two"):
        floor_power_of_two(fmpq(value))


def test_is_dyadic() -> None:
    assert all(is_dyadic(v) for v in (fmpq(0), fmpq(-3), fmpq(5, 2**80)))
    assert not any(is_dyadic(v) for v in (fmpq(1, 3), fmpq(1, 6), fmpq(1, 10)))

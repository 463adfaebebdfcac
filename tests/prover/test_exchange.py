"""The best choice of a value for each pixel, against all choices."""

from __future__ import annotations

import itertools
import subprocess
import sys
from fractions import Fraction

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from exactcnn.prover.attack_exchange import Table
from exactcnn.prover.attack_near import _mean, _step
from exactcnn.prover.highs import Columns, minimised

NUMBERS = st.integers(-8, 8).map(float)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    pixels, values, templates = draw(st.integers(1, 4)), draw(st.integers(1, 3)), draw(st.integers(1, 3))

    def array(*shape: int, least: int) -> np.ndarray:
        count = int(np.prod(shape))
        return np.array(draw(st.lists(st.integers(least, 8), min_size=count, max_size=count)), dtype=float).reshape(
            shape
        )

    excesses = array(templates, pixels, values, least=0)
    # The gap can be reached: some choice is far enough from each template.
    gaps = excesses[:, np.arange(pixels), [draw(st.integers(0, values - 1)) for _ in range(pixels)]].sum(axis=1)
    return Table(array(pixels, values, least=-8), excesses, gaps)


@settings(max_examples=100)
@given(table=tables())
def test_no_choice_far_enough_is_better_than_the_shares(table: Table) -> None:
    pixels, values = table.gains.shape
    shares = table.best(np.arange(len(table.gaps)))
    assert shares is not None
    assert shares.min() >= -1e-9
    assert shares.sum(axis=1) == pytest.approx(np.ones(pixels))
    assert ((table.excesses * shares).sum(axis=(1, 2)) >= table.gaps - 1e-6).all()
    rows = np.arange(pixels)
    far = [
        table.gains[rows, list(choice)].sum()
        for choice in itertools.product(range(values), repeat=pixels)
        if (table.excesses[:, rows, list(choice)].sum(axis=1) >= table.gaps).all()
    ]
    assert (table.gains * shares).sum() >= max(far) - 1e-6


def test_the_gap_is_paid_by_the_pixel_that_costs_least() -> None:
    gains = np.array([[0.0, -3.0], [0.0, -1.0], [0.0, -2.0]])
    excesses = np.array([[[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]])
    for gap, paid in ((0.5, [0, 0.5, 0]), (1.0, [0, 1, 0]), (1.25, [0, 1, 0.25]), (2.0, [0, 1, 1])):
        assert Table(gains, excesses, np.array([gap])).best(np.array([0]))[:, 1] == pytest.approx(paid)


def test_templates_that_come_near_later_are_looked_at_then() -> None:
    gains = np.array([[0.0, 5.0, 4.0]])
    excesses = np.array([[[0.0, 2.0, 2.0]], [[2.0, 0.0, 2.0]]])
    assert Table(gains, excesses, np.array([1.0, 2.0])).best(np.array([0])) == pytest.approx(np.array([[0, 0, 1]]))


@given(st.lists(st.integers(0, 100), min_size=1, max_size=6).filter(any), st.data())
def test_means_are_within_the_values_and_near_the_mean(weights: list[int], data: st.DataObject) -> None:
    values = data.draw(st.lists(st.fractions(0, 16, max_denominator=8), min_size=len(weights), max_size=len(weights)))
    shares = np.array(weights) / sum(weights)
    mean = _mean([fmpq(v.numerator, v.denominator) for v in values], shares)
    assert min(values) <= Fraction(int(mean.p), int(mean.q)) <= max(values)
    assert float(mean.p) / float(mean.q) == pytest.approx(float(np.dot(shares, [float(v) for v in values])), abs=0.05)


@pytest.mark.parametrize(("short", "expected"), [(9.0, fmpq(1)), (0.6, fmpq(1)), (0.3, fmpq(1, 2)), (0.1, fmpq(1, 8))])
def test_steps_are_hardly_longer_than_what_is_short(short: float, expected: fmpq) -> None:
    assert _step(fmpq(1), short) == expected


def test_no_way() -> None:
    assert Table(np.zeros((2, 2)), np.ones((1, 2, 2)), np.array([3.0])).best(np.array([0])) is None


@pytest.mark.parametrize(
    ("cost", "low", "high", "status", "value"),
    [
        ([1.0, 2.0], [3.0], None, "optimal", 3.0),
        ([1.0, 2.0], [3.0], [9.0], "optimal", 3.0),
        ([-1.0, 2.0], [3.0], [9.0], "optimal", -9.0),
        ([-1.0, 2.0], [3.0], [np.inf], "unbounded", None),
        ([1.0, 2.0], [-3.0], None, "infeasible", None),
    ],
)
def test_small_programs(
    cost: list[float], low: list[float], high: list[float] | None, status: str, value: float | None
) -> None:
    found = minimised(cost, Columns([0, 1, 2], [0, 0], [1.0, 1.0]), low, high)
    assert found.status == status
    assert value is None or np.dot(cost, found.values) == pytest.approx(value)


def test_the_solver_says_nothing() -> None:
    # In a process of its own: there is one solver in each, and what it prints would pass by Python's stdout.
    code = (
        "from exactcnn.prover.highs import Columns, minimised\n"
        "assert minimised([1.0], Columns([0, 1], [0], [1.0]), [3.0]).values == [3.0]"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"", b"")

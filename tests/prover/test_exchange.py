"""The best choice of a value for each pixel, against all choices."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exactcnn.prover.attack_exchange import Table
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
def test_no_choice_far_enough_is_better_but_for_what_rounding_costs(table: Table) -> None:
    pixels, values = table.gains.shape
    everything = np.arange(len(table.gaps))
    chosen = table.best(everything)
    assert chosen is not None
    rows = np.arange(pixels)
    total = table.gains[rows, chosen].sum()
    far = [
        table.gains[rows, list(choice)].sum()
        for choice in itertools.product(range(values), repeat=pixels)
        if (table.excesses[:, rows, list(choice)].sum(axis=1) >= table.gaps).all()
    ]
    # As many pixels as there are templates may have shares of several values.
    lost = np.sort(table.gains.max(axis=1) - table.gains.min(axis=1))[::-1][: len(table.gaps)].sum()
    assert total >= max(far) - lost - 1e-6


def test_the_gap_is_paid_by_the_pixel_that_costs_least() -> None:
    gains = np.array([[0.0, -3.0], [0.0, -1.0], [0.0, -2.0]])
    excesses = np.array([[[0.0, 1.0], [0.0, 1.0], [0.0, 1.0]]])
    assert Table(gains, excesses, np.array([1.0])).best(np.array([0])).tolist() == [0, 1, 0]
    assert Table(gains, excesses, np.array([2.0])).best(np.array([0])).tolist() == [0, 1, 1]


def test_templates_that_come_near_later_are_looked_at_then() -> None:
    gains = np.array([[0.0, 5.0, 4.0]])
    excesses = np.array([[[0.0, 2.0, 2.0]], [[2.0, 0.0, 2.0]]])
    assert Table(gains, excesses, np.array([1.0, 2.0])).best(np.array([0])).tolist() == [2]


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

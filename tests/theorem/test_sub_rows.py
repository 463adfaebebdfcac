"""The lemmas of local sequents hold wherever the circuit's equations do, and say what a proof needs of them."""

from __future__ import annotations

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder
from exactcnn.theorem.local import sub_rows

ZERO, ONE = fmpq(0), fmpq(1)
eighths = st.integers(-8, 16).map(lambda n: fmpq(n, 8))
slopes = st.sampled_from([fmpq(n, 2) for n in (-4, -2, -1, 1, 2, 4)])
nodes = st.lists(st.tuples(slopes, eighths), max_size=4)


def circuit_of(network: list[tuple[fmpq, fmpq]], task: list[tuple[fmpq, fmpq]]) -> tuple[CircuitBuilder, list[Affine]]:
    """One pixel x in [0, 1] with nodes max(0, slope * x + offset); the rows about them."""
    builder = CircuitBuilder()
    pixel = Affine.variable(builder.input(ZERO, ONE))
    for slope, offset in network:
        builder.relu(pixel.scaled(slope).shifted(offset))
    end = len(builder.variables)
    for slope, offset in task:
        builder.relu(pixel.scaled(slope).shifted(offset))
    return builder, sub_rows(builder, end)


@given(network=nodes, task=nodes, x=st.integers(0, 48).map(lambda n: fmpq(n, 48)))
def test_rows_hold_at_every_pixel_value(
    network: list[tuple[fmpq, fmpq]], task: list[tuple[fmpq, fmpq]], x: fmpq
) -> None:
    builder, rows = circuit_of(network, task)
    values = builder.circuit().evaluate({0: x})
    for row in rows:
        assert row.evaluate(values.__getitem__) >= 0


def interval_nodes(low: fmpq, high: fmpq) -> list[tuple[fmpq, fmpq]]:
    """The excess nodes of a pixel: above `high` and below `low`."""
    return [(ONE, -high), (-ONE, low)]


def test_two_sides_are_paid_for_once() -> None:
    """Relaxed by 1/64 above and by 1/128 below, the pixel's excess is at most 1/64 more than the network's."""
    builder, rows = circuit_of(interval_nodes(fmpq(31, 128), fmpq(33, 64)), interval_nodes(fmpq(1, 4), fmpq(1, 2)))
    assert len(builder.variables) == 5
    assert [row.constant for row in rows] == [fmpq(1, 64), fmpq(1, 128), fmpq(1, 64)]
    assert dict(rows[-1].terms) == {1: ONE, 2: ONE, 3: -ONE, 4: -ONE}


@pytest.mark.parametrize(
    ("network", "task"),
    [
        # An interval upside down: both nodes can be positive at once.
        (interval_nodes(fmpq(1, 4), fmpq(3, 4)), interval_nodes(fmpq(1, 2), fmpq(7, 16))),
        # Nodes on one side only.
        ([(ONE, fmpq(-3, 4))], [(ONE, fmpq(-1, 2)), (fmpq(2), fmpq(-1))]),
        # One side is not relaxed: the two rows by themselves say as much.
        (interval_nodes(fmpq(1, 8), fmpq(3, 4)), interval_nodes(fmpq(1, 4), fmpq(3, 4))),
        # No network node bounds one of the sides.
        ([(ONE, fmpq(-3, 4))], interval_nodes(fmpq(1, 4), fmpq(1, 2))),
    ],
)
def test_no_paired_row(network: list[tuple[fmpq, fmpq]], task: list[tuple[fmpq, fmpq]]) -> None:
    _, rows = circuit_of(network, task)
    assert rows
    assert all(len(row.terms) == 2 for row in rows)


def test_touching_sides_make_a_pair() -> None:
    """An interval of one point still has one positive side at most."""
    _, rows = circuit_of(interval_nodes(fmpq(1, 4), fmpq(3, 4)), interval_nodes(fmpq(1, 2), fmpq(1, 2)))
    assert [len(row.terms) for row in rows] == [2, 2, 4]

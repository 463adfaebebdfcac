"""Circuits: equal nodes once, constants folded, and values that are those of the definitions."""

from __future__ import annotations

from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Circuit, CircuitBuilder, Input, Maximum, Relu, Sequent

ZERO, ONE = fmpq(0), fmpq(1)
X, Y = Affine.variable(0), Affine.variable(1)

small = st.integers(-4, 4).map(lambda n: fmpq(n, 2))
steps = st.lists(
    st.tuples(st.sampled_from(["relu", "max"]), st.lists(st.tuples(small, small, small), min_size=1, max_size=3)),
    max_size=6,
)


def two_inputs() -> CircuitBuilder:
    builder = CircuitBuilder()
    builder.input(ZERO, ONE)
    builder.input(None, None)
    return builder


def test_equal_nodes_are_made_once() -> None:
    builder = two_inputs()
    first = builder.relu(X - Y)
    assert builder.relu(X + -Y) == first
    assert builder.relu(Y - X) != first
    largest = builder.maximum((X, first))
    assert builder.maximum((X, first)) == largest
    assert len(builder.variables) == 5


def test_inputs_are_never_merged() -> None:
    builder = CircuitBuilder()
    assert [builder.input(ZERO, ONE) for _ in range(3)] == [0, 1, 2]


@pytest.mark.parametrize(("value", "expected"), [(-3, 0), (0, 0), (3, 3)])
def test_relu_of_a_constant_is_a_constant(value: int, expected: int) -> None:
    builder = two_inputs()
    assert builder.relu(Affine.const(value)) == Affine.const(expected)
    assert builder.relu(X - X + Affine.const(value)) == Affine.const(expected)
    assert len(builder.variables) == 2


def test_maxima_of_few() -> None:
    builder = two_inputs()
    assert builder.maximum((X,)) == X
    assert builder.maximum((X, X, X)) == X
    assert builder.maximum((Affine.const(2), Affine.const(5))) == Affine.const(5)
    assert len(builder.variables) == 2
    builder.maximum((X, Y, X))
    assert builder.variables[-1] == Maximum((X, Y))
    # A constant beside a variable is an argument like any other.
    builder.maximum((X, Affine.const(0)))
    assert builder.variables[-1] == Maximum((X, Affine.const(0)))


def test_the_circuit_is_a_snapshot() -> None:
    builder = two_inputs()
    before = builder.circuit()
    builder.relu(X)
    assert before == Circuit((Input(ZERO, ONE), Input(None, None)))
    assert builder.circuit().variables[2] == Relu(X)


@given(steps=steps, x=small, y=small)
def test_values_are_those_of_the_definitions(
    steps: list[tuple[str, list[tuple[fmpq, fmpq, fmpq]]]], x: fmpq, y: fmpq
) -> None:
    """Each step applies relu or max to forms over the two inputs and the step before."""
    builder = two_inputs()
    form, value = Affine.const(1), Fraction(1)
    for kind, rows in steps:
        forms = [X.scaled(a) + Y.scaled(b) + form.scaled(c) for a, b, c in rows]
        values = [_fraction(a) * _fraction(x) + _fraction(b) * _fraction(y) + _fraction(c) * value for a, b, c in rows]
        if kind == "relu":
            form, value = builder.relu(forms[0]), max(Fraction(0), values[0])
        else:
            form, value = builder.maximum(tuple(forms)), max(values)
    found = builder.circuit().evaluate({0: x, 1: y})
    assert len(found) == len(builder.variables)
    assert _fraction(form.evaluate(found.__getitem__)) == value


def test_titles_are_no_part_of_a_sequents_meaning() -> None:
    circuit = two_inputs().circuit()
    assert Sequent(circuit, goal=X, title="a") == Sequent(circuit, goal=X, title="b")
    assert hash(Sequent(circuit, goal=X, title="a")) == hash(Sequent(circuit, goal=X))
    for other in (
        Sequent(circuit, goal=Y),
        Sequent(circuit, goal=X, hypotheses=(Y,)),
        Sequent(circuit, goal=X, atoms=1),
        Sequent(circuit, goal=X, clauses=((),)),
        Sequent(circuit, goal=X, switches=((1, (Y,)),)),
        Sequent(Circuit(()), goal=X),
    ):
        assert other != Sequent(circuit, goal=X)


def _fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))

"""cvc5 behind the package's protocol."""

from __future__ import annotations

import importlib.util
from typing import Any

import pytest
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder, Sequent
from exactcnn.solvers.base import Status
from exactcnn.solvers.second_opinion import Question, cross_check, named_solver

pytestmark = pytest.mark.skipif(
    importlib.util.find_spec("cvc5") is None, reason="cvc5 is in the extra `solvers`: `make test-extras` runs this"
)

X, Y = Affine.variable(0), Affine.variable(1)


def _ramp(goal: Affine, **more: Any) -> Sequent:
    """x in [0, 1], y = max(0, x - 1/2)."""
    builder = CircuitBuilder()
    builder.input(fmpq(0), fmpq(1))
    builder.relu(X.shifted(fmpq(-1, 2)))
    return Sequent(builder.circuit(), goal=goal, **more)


def test_what_holds() -> None:
    solver = named_solver("cvc5")
    assert solver.name.startswith("cvc5 1.")
    assert solver.decide(_ramp(X - Y), timeout=20).status is Status.HOLDS


def test_a_counterexample_is_a_point() -> None:
    sequent = _ramp(
        Y.shifted(fmpq(-1, 4)), atoms=2, clauses=((1, 2), (-2,)), switches=((1, (X.shifted(fmpq(-1, 3)),)),)
    )
    answer = named_solver("cvc5").decide(sequent)
    assert answer.status is Status.FAILS
    x = answer.values[0]
    assert x >= fmpq(1, 3)
    assert sequent.circuit.evaluate({0: x}) == [x, answer.values[1]]
    assert answer.values[1] < fmpq(1, 4)
    assert answer.atoms == {1}


def test_a_title_is_no_command() -> None:
    assert named_solver("cvc5").decide(_ramp(Affine.const(-1), title="a\n(assert false)")).status is Status.FAILS


def test_it_gives_second_opinions() -> None:
    (found,) = cross_check(["cvc5"], [Question("one", _ramp(X - Y), ((_ramp(X - Y), X - Y),))])
    assert (found.confirmed, found.undecided) == (1, ())

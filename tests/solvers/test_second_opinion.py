"""Solvers asked about what was proved: agreement, silence, and the disagreement that must not be missed."""

from __future__ import annotations

import pytest
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder, Sequent
from exactcnn.core.errors import InputError, InternalError
from exactcnn.solvers import second_opinion
from exactcnn.solvers.base import Answer, Status
from exactcnn.solvers.second_opinion import Question, confirmed, cross_check, named_solver
from exactcnn.solvers.z3_solver import Z3Solver

X, Y = Affine.variable(0), Affine.variable(1)


def _ramp(goal: Affine) -> Sequent:
    """x in [0, 1], y = max(0, x - 1/2)."""
    builder = CircuitBuilder()
    builder.input(fmpq(0), fmpq(1))
    builder.relu(X.shifted(fmpq(-1, 2)))
    return Sequent(builder.circuit(), goal=goal)


TRUE, FALSE = _ramp(X - Y), _ramp(Y.shifted(fmpq(-1, 4)))


class Mute:
    """A solver that never knows."""

    name = "mute 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None) -> Answer:
        return Answer(Status.OPEN)


def test_agreement() -> None:
    (found,) = cross_check(["z3", "z3"], [Question("one", TRUE), Question("two", TRUE)])
    assert found.solver == Z3Solver().name
    assert (found.confirmed, found.undecided) == (2, ())


def test_a_counterexample_is_an_internal_error_that_names_the_sequent() -> None:
    with pytest.raises(InternalError, match=r"z3 .* has a counterexample .*: two"):
        cross_check(["z3"], [Question("one", TRUE), Question("two", FALSE)])


def test_what_stays_open_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "named_solver", lambda name: Mute())
    (found,) = cross_check(["z3"], [Question("one", TRUE)])
    assert (found.confirmed, found.undecided) == (0, ("one",))


def test_time_that_runs_out_leaves_the_rest_open() -> None:
    (found,) = cross_check(["z3"], [Question("one", TRUE), Question("two", TRUE)], timeout=1e-9)
    assert (found.confirmed, found.undecided) == (0, ("one", "two"))


def test_inequalities_are_used_only_where_the_solver_confirms_them() -> None:
    good, bad = X - Y, Y.shifted(fmpq(-1, 4))
    question = Question("main", _ramp(X), ((_ramp(bad), bad), (_ramp(good), good)))
    assert confirmed(Z3Solver(), question).lemmas == (good,)
    # An inequality that is false makes nothing provable.
    with pytest.raises(InternalError):
        cross_check(["z3"], [Question("main", FALSE, ((_ramp(bad), bad),))])


def test_progress_is_told() -> None:
    told = []
    cross_check(["z3"], [Question("one", TRUE)], progress=lambda stage, done, total: told.append((stage, done, total)))
    assert told == [(f"asking {Z3Solver().name}", 1, 1)]


@pytest.mark.parametrize("name", ["", "Z3", "yices", "z3 "])
def test_unknown_solvers(name: str) -> None:
    with pytest.raises(InputError, match="no solver of that name"):
        named_solver(name)


def test_a_solver_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(second_opinion, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"not installed.*cvc5.*exactcnn\[solvers\]"):
        named_solver("cvc5")

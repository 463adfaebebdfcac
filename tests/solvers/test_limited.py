"""A solver with a deadline: what it is asked, and what happens when time is up."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass, field

import pytest
from flint import fmpq

from exactcnn.core.circuit import Circuit, Sequent
from exactcnn.solvers.base import Answer, Minimum, Status
from exactcnn.solvers.limited import LimitedSolver
from exactcnn.solvers.pool import Deadline, OutOfTimeError
from exactcnn.solvers.z3_solver import Z3Solver

QUESTION = Sequent(Circuit(()))


@dataclass
class Noting:
    """Answers what it was told to after some time, and notes the time limits it was given."""

    answer: Answer = Answer(Status.OPEN)  # noqa: RUF009 - frozen
    minimum: Minimum = Minimum(None)  # noqa: RUF009 - frozen
    sleeps: float = 0.0
    limits: list[float | None] = field(default_factory=list)
    name: str = "noting 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        self.limits.append(timeout)
        time.sleep(self.sleeps)
        return self.answer

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        self.limits.append(timeout)
        time.sleep(self.sleeps)
        return self.minimum


def test_without_a_deadline_nothing_changes() -> None:
    behind = Noting()
    limited = LimitedSolver(behind, Deadline(None))
    assert limited.decide(QUESTION, timeout=5) == behind.answer
    assert limited.minimise(QUESTION) == behind.minimum
    assert behind.limits == [5, None]
    assert limited.name == "noting 1"


def test_no_question_may_take_longer_than_is_left() -> None:
    behind = Noting()
    limited = LimitedSolver(behind, Deadline(10))
    limited.decide(QUESTION, timeout=60)
    limited.decide(QUESTION)
    limited.minimise(QUESTION, timeout=2)
    assert [round(limit or 0) for limit in behind.limits] == [10, 10, 2]


def test_no_question_is_asked_when_time_is_up() -> None:
    behind = Noting()
    limited = LimitedSolver(behind, Deadline(0))
    for ask in (limited.decide, limited.minimise):
        with pytest.raises(OutOfTimeError):
            ask(QUESTION)
    assert behind.limits == []


def test_a_question_that_time_cut_off_is_no_answer() -> None:
    behind = Noting(sleeps=0.1)
    for ask in (LimitedSolver(behind, Deadline(0.05)).decide, LimitedSolver(behind, Deadline(0.05)).minimise):
        with pytest.raises(OutOfTimeError):
            ask(QUESTION)


def test_an_answer_that_came_late_is_still_one() -> None:
    behind = Noting(Answer(Status.HOLDS), Minimum(fmpq(1)), sleeps=0.1)
    assert LimitedSolver(behind, Deadline(0.05)).decide(QUESTION).status is Status.HOLDS
    assert LimitedSolver(behind, Deadline(0.05)).minimise(QUESTION).value == 1


def test_it_can_be_sent_to_other_processes() -> None:
    limited = pickle.loads(pickle.dumps(LimitedSolver(Z3Solver(), Deadline(100))))
    assert limited.decide(QUESTION, timeout=5).status is Status.FAILS

"""An image that is shown to be got wrong is the answer, whatever else would be said: VACUOUS, UNKNOWN or TIMEOUT."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from support.outcomes import REFUTED, YES_NO, check_outcome
from support.tiny import conv, dense, one_class

from exactcnn import api
from exactcnn.core.circuit import Sequent
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.formats.statement import Execution
from exactcnn.network.model import GlobalPool, Network, ReLU
from exactcnn.prover import limits
from exactcnn.prover.settings import Settings
from exactcnn.prover.verify import verify_modular
from exactcnn.solvers.base import Answer, Minimum
from exactcnn.solvers.pool import OutOfTimeError
from exactcnn.task.model import Task


@dataclass(frozen=True)
class Late:
    """Has no time for any question."""

    name: str = "late 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        raise OutOfTimeError

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        raise OutOfTimeError


def answered(subject: Task, network: Network, timeout: float | None = None, sizes: str = "any") -> Outcome:
    """The outcome where every question to the solver takes all the time there is."""
    settings = Settings(timeout=timeout, workers=1, confirm=lambda *_: None)
    return check_outcome(subject, network, verify_modular(subject, network, SizeRange.parse(sizes), Late(), settings))


def near_misses_wrong(*more: tuple[int, int]) -> Network:
    """The dot's network, but it takes grey pixels for dots, too; plain images are right.

    `more` are weight and bias of the logits of other classes.
    """
    first = conv([[[["1"]]]], (1, 1, 1, 1), [0])
    last = dense([[1], [-1], *([w] for w, _ in more)], [0, "5/8", *(b for _, b in more)])
    return Network((first, ReLU(), GlobalPool("max"), last), 1)


CONTRADICTORY = one_class("never", "dot", "dot")
"""A class that is empty, which takes a question to the solver to be found out."""
EMPTY_FIRST = replace(YES_NO, classes=(CONTRADICTORY, *YES_NO.classes))
EMPTY_LAST = replace(YES_NO, classes=(*YES_NO.classes, CONTRADICTORY))


def last_wins(subject: Task) -> Network:
    """A network whose last logit is always the largest."""
    first = conv([[[["1"]]]], (1, 1, 1, 1), [0])
    last = dense([[0]] * len(subject.classes), [0] * (len(subject.classes) - 1) + [1])
    return Network((first, ReLU(), GlobalPool("max"), last), 1)


def test_a_class_that_takes_all_the_time_does_not_hide_an_image_of_the_next() -> None:
    outcome = answered(EMPTY_FIRST, last_wins(EMPTY_FIRST))
    assert outcome.verdict is REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.label == "y"


def test_no_room_in_a_certificate_does_not_hide_an_image(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_WEIGHTS", 0)
    network = near_misses_wrong()
    outcome = check_outcome(YES_NO, network, api.verify(YES_NO, network, workers=1))
    assert outcome.verdict is REFUTED


def test_neither_do_no_room_and_an_empty_class(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_WEIGHTS", 0)
    network = near_misses_wrong((0, -9))
    outcome = check_outcome(EMPTY_LAST, network, api.verify(EMPTY_LAST, network, workers=1))
    assert outcome.verdict is REFUTED


def test_an_empty_class_does_not_hide_an_image() -> None:
    network = near_misses_wrong((0, -9))
    outcome = check_outcome(EMPTY_LAST, network, api.verify(EMPTY_LAST, network, workers=1))
    assert outcome.verdict is REFUTED


def test_with_a_time_limit_images_are_looked_for_before_a_solver_is_asked() -> None:
    network = near_misses_wrong()
    outcome = answered(YES_NO, network, timeout=600)
    assert outcome.verdict is REFUTED


def test_no_rule_for_float32_does_not_hide_an_image() -> None:
    """A sum over any number of positions has no bound of its rounding, and the network is wrong without any."""
    first = conv([[[["2"]]]], (1, 1, 1, 1), ["-1/4"])
    network = Network((first, ReLU(), GlobalPool("sum"), dense([[1], [-1]], [0, "1/2"])), 1)
    settings = Settings(workers=1, confirm=lambda *_: None, float32=Execution(None))
    outcome = verify_modular(YES_NO, network, SizeRange(), Late(), settings)
    assert check_outcome(YES_NO, network, outcome).verdict is REFUTED


def test_no_rule_for_float32_is_said_before_the_work() -> None:
    """The network is right, and a solver would have to be asked: it is not."""
    first = conv([[[["2"]]]], (1, 1, 1, 1), ["-3/4"])
    network = Network((first, ReLU(), GlobalPool("sum"), dense([[1], [-1]], [0, "1/2"])), 1)
    settings = Settings(workers=1, confirm=lambda *_: None, float32=Execution(None))
    outcome = verify_modular(YES_NO, network, SizeRange(), Late(), settings)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "no bound of float32's rounding" in str(outcome.reason)
    assert [report.witness is not None for report in outcome.classes] == [True, True]


def test_a_deep_stem_is_attacked_before_any_fact_is_sought() -> None:
    wrong = near_misses_wrong()
    same = conv([[[["1"]]]], (1, 1, 1, 1), [0])
    deep = replace(wrong, layers=(same, ReLU(), same, ReLU(), same, ReLU(), *wrong.layers))
    outcome = answered(YES_NO, deep)
    assert outcome.verdict is REFUTED
    assert set(outcome.obligations.values()) == {0}

"""Minima are guesses and models are claims: a solver that gets them wrong never makes an answer wrong."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest
from flint import fmpq
from support.outcomes import HALF, ONE, PROVED, YES_NO, check_outcome
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.core.circuit import Input, Sequent
from exactcnn.core.errors import InternalError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Network
from exactcnn.prover.head_bounds import HeadContext, best_bound, one_sided
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import LowerJob, UpperJob, prove_lower, prove_upper
from exactcnn.prover.tables import Tables
from exactcnn.prover.verify import Settings, verify_modular
from exactcnn.prover.whole import find_image, find_wrong_image
from exactcnn.solvers.base import Answer, Minimum, Status
from exactcnn.solvers.pool import Deadline
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Task
from exactcnn.theorem.facts import PooledFacts
from exactcnn.theorem.formulas import NOTHING_KNOWN

HONEST = Z3Solver()
FOREVER = Deadline(None)


@dataclass(frozen=True)
class Liar:
    """z3, with minima that are too large by `more`, none at all, or said to be of nothing."""

    more: fmpq | None = None
    infeasible: bool = False
    name: str = "liar 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        return HONEST.decide(sequent, timeout=timeout, core=core)

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        least = HONEST.minimise(sequent, timeout=timeout)
        if self.more is None or least.value is None:
            return Minimum(None, infeasible=self.infeasible)
        return replace(least, value=least.value + self.more)


@dataclass(frozen=True)
class Dreamer:
    """Has a model for everything, with all inputs at the low end of their intervals."""

    name: str = "dreamer 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        inputs = {n: v.low or fmpq(0) for n, v in enumerate(sequent.circuit.variables) if isinstance(v, Input)}
        return Answer(Status.FAILS, dict(enumerate(sequent.circuit.evaluate(inputs))))

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        return Minimum(None)


def instance_of(subject: Task, sizes: str = "2x2", network: Network | None = None) -> Instance:
    return Instance(subject, network or api.build(subject, arithmetic="rational"), SizeRange.parse(sizes))


def detector_job(instance: Instance, features: frozenset[int]) -> UpperJob:
    """Bound the first detector by 0 at all kinds, with nothing known of the windows."""
    return UpperJob(0, features, fmpq(0), tuple((kind, ()) for kind in instance.kinds))


def test_a_least_upper_bound_is_found_and_proved() -> None:
    instance = instance_of(YES_NO)
    result = prove_upper(instance, HONEST, detector_job(instance, frozenset()), 10)
    assert (result.bound, result.open_reason) == (ONE, "")
    assert result.peak is not None
    assert result.peak.value == 1


@pytest.mark.parametrize("more", [fmpq(1, 1000), ONE])
def test_a_wrong_least_upper_bound_is_not_kept(more: fmpq) -> None:
    instance = instance_of(YES_NO)
    result = prove_upper(instance, Liar(more), detector_job(instance, frozenset()), 10)
    assert result.bound is None
    assert result.open_reason == "the least upper bound did not hold"


def test_no_least_upper_bound() -> None:
    instance = instance_of(YES_NO)
    result = prove_upper(instance, Liar(), detector_job(instance, frozenset()), 10)
    assert result.bound is None
    assert result.peak is not None
    assert result.peak.value > 0


def test_a_lower_bound_that_is_too_high_is_denied() -> None:
    instance = instance_of(YES_NO)
    tables = Tables(instance)
    assert tables.lower[0, 0][0] == 1
    sights = tables.sights(0, 0, ((0, 1),), ONE)
    assert sights is not None
    assert tables.sights(0, 0, ((0, 1),), ONE + 1) is None
    assert prove_lower(instance, HONEST, LowerJob(0, 0, ((0, 1),), ONE, tuple(sights)), 10)[2] == ""
    _, _, why = prove_lower(instance, HONEST, LowerJob(0, 0, ((0, 1),), ONE + 1, tuple(sights)), 10)
    assert why.startswith("the solver denies lower:")


@pytest.mark.parametrize("solver", [Liar(fmpq(1, 8)), Liar(), Liar(infeasible=True)])
def test_a_wrong_bound_on_a_logit_is_not_kept(solver: Liar) -> None:
    instance = instance_of(YES_NO)
    unit = (fmpq(0), ONE)
    facts = PooledFacts((unit,), {(0, 0): {0: ONE}}, {})
    honest = best_bound(HeadContext(instance, facts, NOTHING_KNOWN, HONEST), (one_sided(0, holds=True), 10))
    assert (honest.value, honest.impossible) == (ONE, False)
    found = best_bound(HeadContext(instance, facts, NOTHING_KNOWN, solver), (one_sided(0, holds=True), 10))
    assert found.value is None
    assert not found.impossible


@pytest.mark.parametrize("solver", [Liar(fmpq(1, 8)), Liar(), Liar(infeasible=True)])
@pytest.mark.parametrize("sizes", ["2x2", "any"])
def test_no_answer_rests_on_a_minimum(solver: Liar, sizes: str) -> None:
    network = api.build(YES_NO)
    found = verify_modular(YES_NO, network, SizeRange.parse(sizes), solver, Settings(workers=1))
    check_outcome(YES_NO, network, found)
    # What is left to prove it with are whole images of one small size.
    assert found.verdict is (PROVED if sizes == "2x2" else Verdict.UNKNOWN)


def test_margins_that_cannot_be_found_are_not_made_up() -> None:
    network = api.build(YES_NO)
    found = verify_modular(YES_NO, network, SizeRange.fixed(2, 2), Liar(HALF), Settings(workers=1))
    assert (found.verdict, found.margin, found.margin_attained) == (PROVED, None, False)
    assert found.obligations["whole image"] == 2


def test_images_that_are_not_what_was_asked_for() -> None:
    """A black image is none of a dot, and none that the network gets wrong."""
    instance = instance_of(YES_NO)
    with pytest.raises(InternalError, match="meant to have class \"y\" has 'n'"):
        find_image(instance, Dreamer(), FOREVER, (2, 2), 0)
    with pytest.raises(InternalError, match="meant to be misclassified leads by 1"):
        find_wrong_image(instance, Dreamer(), FOREVER, (2, 2), 1, 0)
    with pytest.raises(InternalError, match='meant to have class "y"'):
        find_wrong_image(instance, Dreamer(), FOREVER, (2, 2), 0, 1)


def test_a_dreamer_refutes_nothing() -> None:
    subject = task(
        [feature("ab", "#."), feature("cd", "##")], [one_class("both", "ab cd"), one_class("none", "", "ab")]
    )
    with pytest.raises(InternalError):
        verify_modular(subject, api.build(subject), SizeRange.fixed(1, 2), Dreamer(), Settings(workers=1))

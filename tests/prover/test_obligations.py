"""The obligations that can be exported are those that the answer rests on."""

from __future__ import annotations

import pytest
import z3
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.formats.smtlib import sequent_script
from exactcnn.prover.obligations import collect_obligations
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver

TASK = task(
    [feature("bar", "##"), feature("dot", ".#.", gap="1/4")],
    [one_class("bar", "bar", "dot"), one_class("dot", "dot"), one_class("none", "", "bar dot")],
)


def test_they_are_as_many_as_the_outcome_says_and_each_can_be_decided_again() -> None:
    found, outcome = collect_obligations(TASK, api.build(TASK), SizeRange(), Z3Solver())
    assert outcome.verdict is Verdict.PROVED
    held = [o for o in found if o.status is Status.HOLDS]
    for kind in ("upper", "lower", "head"):
        names = [o.name for o in found if o.kind == kind]
        assert names == [f"{kind}-{n}" for n in range(1, len(names) + 1)]
        assert sum(o.kind == kind for o in held) == outcome.obligations[kind]
    for obligation in found:
        solver = z3.Solver()
        solver.from_string(sequent_script(obligation.sequent))
        assert (solver.check() == z3.unsat) == (obligation.status is Status.HOLDS)


@pytest.mark.parametrize("sizes", ["any", "1x1..4x4"])
def test_collecting_changes_no_answer(sizes: str) -> None:
    network, chosen = api.build(TASK), SizeRange.parse(sizes)
    _, outcome = collect_obligations(TASK, network, chosen, Z3Solver())
    plain = api.verify(TASK, network, sizes=chosen, workers=1)
    assert (outcome.verdict, outcome.margin) == (plain.verdict, plain.margin)
    assert (outcome.evidence, plain.evidence) == ("smt", "certificate")


def test_no_time_leaves_none() -> None:
    found, outcome = collect_obligations(TASK, api.build(TASK), SizeRange(), Z3Solver(), timeout=1e-9)
    assert (found, outcome.verdict) == ([], Verdict.TIMEOUT)

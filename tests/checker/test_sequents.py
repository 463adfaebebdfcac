"""The sequents of certificates, taken from the kernel's own run: solvers that know nothing of proofs confirm them."""

from __future__ import annotations

import io

import pytest
from flint import fmpq
from support.kernel_cases import NAMES, golden

from exactcnn.checker.kernel import Reject
from exactcnn.checker.sequents import Claim, claims
from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Input, Relu, Sequent
from exactcnn.formats.kernel_sequent import from_kernel, inequality
from exactcnn.solvers.base import Status
from exactcnn.solvers.second_opinion import Question, confirmed
from exactcnn.solvers.z3_solver import Z3Solver

X, M = Affine.variable(0), Affine.variable(0)


def _claims(name: str) -> list[Claim]:
    return claims(*(io.BytesIO(text.encode()) for text in golden(name)))


def _sequents(name: str) -> list[Sequent]:
    return [from_kernel(c.sequent, c.sequent.st.unit, c.name) for c in _claims(name)]


def test_the_sequents_of_the_documented_certificate() -> None:
    """FORMAT.md says what each of them is."""
    upper, lower, *head = _sequents("lamp")
    assert upper.title == "upper 0 1/4 avoid 0, line 9"
    assert upper.circuit.variables == (Input(fmpq(0), fmpq(1)), Relu((-X).shifted(fmpq(3, 4))))
    assert upper.hypotheses == (Affine.variable(1).scaled(2).shifted(-1),)
    assert upper.goal == X.scaled(-4).shifted(1)
    assert lower.circuit.variables == (Input(fmpq(3, 4), fmpq(1)),)
    assert lower.goal == X.scaled(4).shifted(-3)
    assert [s.title.split(",")[0] for s in head] == ["right 0", "right 1", "wrong 0", "wrong 1"]
    right = head[0]
    assert right.circuit.variables == (Input(None, None),)
    assert right.clauses == ((2,), (-2, 1), (-1, 3), (4, 1))
    assert right.switches == ((3, (M.scaled(4).shifted(-3),)), (4, (M.scaled(-4).shifted(1),)))
    assert right.atoms == 4
    assert right.goal == M.scaled(4).shifted(-3)


@pytest.mark.parametrize("name", ["lamp", *NAMES])
def test_a_solver_confirms_all_of_them(name: str) -> None:
    solver = Z3Solver()
    found = _claims(name)
    assert any(c.interval for c in found)
    assert any(not c.interval for c in found)
    for claim in found:
        sequent = from_kernel(claim.sequent, claim.sequent.st.unit, claim.name)
        question = Question(claim.name, sequent, tuple(inequality(sequent, row) for row in claim.inequalities))
        assert solver.decide(confirmed(solver, question)).status is Status.HOLDS, claim.name


@pytest.mark.parametrize("name", ["lamp", "sum", "templates"])
def test_they_say_no_more_than_was_proved(name: str) -> None:
    """Goals a little stronger fail somewhere: the sequents are not empty words."""
    solver = Z3Solver()
    stronger = [
        Sequent(s.circuit, s.hypotheses, s.atoms, s.clauses, s.switches, s.goal.shifted(-4)) for s in _sequents(name)
    ]
    assert any(solver.decide(s).status is Status.FAILS for s in stronger)


def test_inequalities_stand_alone() -> None:
    """A row over some variables, with the definitions of just those that it depends on."""
    main = next(s for s in _sequents("sum") if s.title.startswith("upper"))
    last = max(v for v, variable in enumerate(main.circuit.variables) if isinstance(variable, Relu))
    alone, form = inequality(main, ((-1, 2), (last, 1)), "title")
    assert form == Affine.variable(last).shifted(2)
    assert alone.title == "title"
    assert not alone.hypotheses
    assert len(alone.circuit.variables) < len(main.circuit.variables)
    assert alone.goal == Affine.variable(len(alone.circuit.variables) - 1).shifted(2)
    assert Z3Solver().decide(alone).status is Status.HOLDS


def test_a_rejected_certificate_has_none() -> None:
    statement, certificate = golden("lamp")
    with pytest.raises(Reject):
        claims(io.BytesIO(statement.encode()), io.BytesIO(certificate.replace("right 0 3/4", "right 0 7/8").encode()))

"""The solver's answers: models that satisfy the script exactly, cores that suffice, minima that are attained."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Mapping
from dataclasses import replace

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Circuit, CircuitBuilder, Input, Sequent
from exactcnn.solvers.base import Answer, Minimum, Status
from exactcnn.solvers.z3_solver import Z3Solver

SOLVER = Z3Solver()
ZERO, ONE = fmpq(0), fmpq(1)
INPUTS, ATOMS = 2, 3

halves = st.integers(-4, 4).map(lambda n: fmpq(n, 2))
quarters = st.integers(0, 4).map(lambda n: fmpq(n, 4))
numbers = st.integers(1, ATOMS)
literals = st.integers(1, ATOMS).flatmap(lambda n: st.sampled_from([n, -n]))


@st.composite
def sequents(draw: st.DrawFn) -> Sequent:
    """Two inputs in [0, 1], up to three nodes, hypotheses, clauses and switches."""
    builder = CircuitBuilder()
    for _ in range(INPUTS):
        builder.input(ZERO, ONE)

    def form() -> Affine:
        terms = [(v, draw(halves)) for v in range(len(builder.variables))]
        return Affine.of(terms, draw(halves))

    for _ in range(draw(st.integers(0, 3))):
        if draw(st.booleans()):
            builder.relu(form())
        else:
            builder.maximum((form(), form()))
    forms = [form() for _ in range(6)]
    clauses = draw(st.lists(st.lists(literals, max_size=3).map(tuple), max_size=4))
    count = draw(st.integers(0, 2))
    switches = tuple((draw(literals), tuple(forms[:k])) for k in (1, 2)[:count])
    return Sequent(
        builder.circuit(),
        hypotheses=tuple(forms[2 : 2 + draw(st.integers(0, 2))]),
        atoms=ATOMS,
        clauses=tuple(clauses),
        switches=switches,
        goal=forms[5],
    )


def premises_hold(sequent: Sequent, values: list[fmpq], atoms: frozenset[int]) -> bool:
    def true(literal: int) -> bool:
        return (abs(literal) in atoms) == (literal > 0)

    forms = list(sequent.hypotheses)
    for literal, switched in sequent.switches:
        forms += switched if true(literal) else ()
    clauses = all(any(true(literal) for literal in clause) for clause in sequent.clauses)
    return clauses and all(form.evaluate(values.__getitem__) >= 0 for form in forms)


def check_point(sequent: Sequent, values: Mapping[int, fmpq], atoms: frozenset[int]) -> fmpq:
    """The goal's value at a point, after checking that the point is one of the sequent's."""
    inputs = {n: values[n] for n, v in enumerate(sequent.circuit.variables) if isinstance(v, Input)}
    assert sequent.circuit.evaluate(inputs) == [values[n] for n in range(len(sequent.circuit.variables))]
    assert all(ZERO <= value <= ONE for value in inputs.values())
    assert premises_hold(sequent, [values[n] for n in range(len(values))], atoms)
    return sequent.goal.evaluate(values.__getitem__)


@settings(max_examples=120)
@given(sequent=sequents(), core=st.booleans())
def test_a_counterexample_is_one(sequent: Sequent, core: bool) -> None:
    answer = SOLVER.decide(sequent, core=core)
    assert answer.status is not Status.OPEN
    if answer.status is Status.FAILS:
        assert check_point(sequent, answer.values, answer.atoms) < 0


@settings(max_examples=60)
@given(sequent=sequents(), points=st.lists(st.tuples(quarters, quarters), max_size=8), atoms=st.sets(numbers))
def test_what_holds_has_no_counterexample(sequent: Sequent, points: list[tuple[fmpq, fmpq]], atoms: set[int]) -> None:
    if SOLVER.decide(sequent).status is not Status.HOLDS:
        return
    for x, y in points:
        values = sequent.circuit.evaluate({0: x, 1: y})
        if premises_hold(sequent, values, frozenset(atoms)):
            assert sequent.goal.evaluate(values.__getitem__) >= 0


@settings(max_examples=80)
@given(sequent=sequents())
def test_the_core_is_enough(sequent: Sequent) -> None:
    answer = SOLVER.decide(sequent, core=True)
    assert answer.status is SOLVER.decide(sequent).status
    if answer.status is Status.HOLDS:
        kept = tuple(
            (literal, tuple(form for j, form in enumerate(forms) if (i, j) in answer.core))
            for i, (literal, forms) in enumerate(sequent.switches)
        )
        assert SOLVER.decide(replace(sequent, switches=kept)).status is Status.HOLDS


@settings(max_examples=80)
@given(sequent=sequents())
def test_a_minimum_is_attained_and_is_the_least(sequent: Sequent) -> None:
    least = SOLVER.minimise(sequent)
    if least.infeasible:
        assert SOLVER.decide(replace(sequent, goal=Affine.const(-1))).status is Status.HOLDS
        return
    assert least.value is not None
    assert check_point(sequent, least.values, least.atoms) == least.value
    assert SOLVER.decide(replace(sequent, goal=sequent.goal.shifted(-least.value))).status is Status.HOLDS


def test_a_core_leaves_out_what_is_not_needed() -> None:
    builder = CircuitBuilder()
    builder.input(ZERO, ONE)
    x = Affine.variable(0)
    sequent = Sequent(
        builder.circuit(),
        atoms=2,
        clauses=((1,), (2,)),
        switches=((2, (x.shifted(-fmpq(1, 8)),)), (1, (x, x.shifted(-fmpq(1, 2))))),
        goal=x.shifted(-fmpq(1, 2)),
    )
    assert SOLVER.decide(sequent, core=True) == Answer(Status.HOLDS, core=frozenset({(1, 1)}))


def test_no_least_value() -> None:
    builder = CircuitBuilder()
    builder.input(None, ONE)
    assert SOLVER.minimise(Sequent(builder.circuit(), goal=Affine.variable(0))) == Minimum(None)


@pytest.mark.parametrize("goal", [Affine.const(fmpq(3, 7)), Affine.const(-2)])
def test_a_constant_goal(goal: Affine) -> None:
    sequent = Sequent(Circuit(()), goal=goal)
    assert SOLVER.minimise(sequent).value == goal.constant
    assert SOLVER.decide(sequent).status is (Status.HOLDS if goal.constant >= 0 else Status.FAILS)


def test_numbers_of_any_length() -> None:
    tiny = fmpq(1, 10) ** 4400
    builder = CircuitBuilder()
    builder.input(tiny, ONE)
    sequent = Sequent(builder.circuit(), goal=Affine.variable(0))
    assert SOLVER.minimise(sequent).value == tiny
    answer = SOLVER.decide(replace(sequent, goal=Affine.const(2 * tiny) - Affine.variable(0).scaled(3)))
    assert answer.status is Status.FAILS
    assert answer.values[0] > tiny * 2 / 3


def pigeons(holes: int) -> Sequent:
    """One more pigeon than there are holes: true, but far beyond a solver of clauses."""
    place = [[p * holes + h + 1 for h in range(holes)] for p in range(holes + 1)]
    clauses = [tuple(row) for row in place]
    clauses += [(-place[p][h], -place[q][h]) for h in range(holes) for p in range(holes + 1) for q in range(p)]
    return Sequent(Circuit(()), atoms=holes * (holes + 1), clauses=tuple(clauses))


def test_a_time_limit_leaves_the_question_open() -> None:
    answer = SOLVER.decide(pigeons(12), timeout=0.2)
    assert answer.status is Status.OPEN
    assert answer.reason
    assert SOLVER.minimise(pigeons(12), timeout=0.2) == Minimum(None)


def test_small_pigeon_holes_are_no_trouble() -> None:
    assert SOLVER.decide(pigeons(3)).status is Status.HOLDS
    assert SOLVER.minimise(pigeons(3)).infeasible


@pytest.mark.skipif(os.name != "posix", reason="signals of this kind are POSIX's")
def test_an_interrupt_is_handed_on() -> None:
    timer = threading.Timer(0.5, lambda: os.kill(os.getpid(), signal.SIGINT))
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        SOLVER.decide(pigeons(12), timeout=20)
    timer.join()


def test_the_name_carries_the_version() -> None:
    name, version = SOLVER.name.split()
    assert name == "z3"
    assert version[0].isdigit()

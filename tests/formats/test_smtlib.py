"""Sequents as scripts: every solver here reads them, and all give the answer that brute evaluation expects."""

from __future__ import annotations

from pathlib import Path

import pytest
import z3
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.external_solvers import ask, installed

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder, Sequent
from exactcnn.formats.smtlib import declarations, guard_names, sequent_script, smt_affine, smt_rational

ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
X, Y = Affine.variable(0), Affine.variable(1)


def ramp(goal: Affine, **more: object) -> Sequent:
    """x in [0, 1] and y = max(0, x - 1/2), z = max(x, 1 - x)."""
    builder = CircuitBuilder()
    builder.input(ZERO, ONE)
    builder.relu(X.shifted(-HALF))
    builder.maximum((X, (-X).shifted(1)))
    return Sequent(builder.circuit(), goal=goal, **more)  # type: ignore[arg-type]


Z = Affine.variable(2)
FALSE = Affine.const(-1)
EXAMPLES = {
    "relu at most": (ramp(Affine.const(HALF) - Y), True),
    "relu not below": (ramp(Affine.const(fmpq(1, 4)) - Y), False),
    "relu attains": (ramp(Y - X.shifted(-HALF)), True),
    "maximum at least": (ramp(Z.shifted(-HALF)), True),
    "maximum not more": (ramp(Z.shifted(fmpq(-51, 100))), False),
    "hypothesis": (ramp(Y.shifted(fmpq(-1, 4)), hypotheses=(X.shifted(fmpq(-3, 4)),)), True),
    "hypotheses that cannot be met": (ramp(FALSE, hypotheses=(X.shifted(-2),)), True),
    "no hypothesis": (ramp(FALSE), False),
    "empty clause": (ramp(FALSE, clauses=((),)), True),
    "clauses": (ramp(FALSE, atoms=2, clauses=((1, 2), (-1,), (-2,))), True),
    "clause": (ramp(FALSE, atoms=2, clauses=((1, 2), (-1,))), False),
    "switch on": (ramp(Y, atoms=1, clauses=((1,),), switches=((1, (X.shifted(-2), X)),)), True),
    "switch decides": (ramp(X.shifted(-HALF), atoms=1, clauses=((1,),), switches=((1, (X.shifted(-HALF),)),)), True),
    "switch off": (ramp(X.shifted(-HALF), atoms=1, clauses=((-1,),), switches=((1, (X.shifted(-HALF),)),)), False),
    "negated switch": (ramp(X.shifted(-HALF), atoms=1, clauses=((-1,),), switches=((-1, (X.shifted(-HALF),)),)), True),
    "constant goal": (ramp(Affine.const(0)), True),
    "two lines of title": (ramp(FALSE, title="first\n(assert false)"), False),
    "a title with a NUL": (ramp(FALSE, title="a\0b\x1b[31m\u2028(assert false)"), False),
    "a title with a NUL on what holds": (ramp(Affine.const(0), title="a\0b"), True),
    "no variables": (Sequent(CircuitBuilder().circuit(), atoms=1, clauses=((1,), (-1,))), True),
}


@pytest.mark.parametrize("name", EXAMPLES)
@pytest.mark.parametrize("solver", installed())
def test_all_solvers_agree(solver: str, name: str, tmp_path: Path) -> None:
    sequent, holds = EXAMPLES[name]
    script = tmp_path / "script.smt2"
    for guarded in (False, True):
        script.write_text(sequent_script(sequent, guarded=guarded), encoding="utf-8")
        reply = ask(solver, script, 20)
        assert reply.answer == ("unsat" if holds else "sat"), reply.text


def test_the_solvers_of_the_development_set_are_there() -> None:
    assert "z3" in installed()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (fmpq(0), "0.0"),
        (fmpq(7), "7.0"),
        (fmpq(-7), "(- 7.0)"),
        (fmpq(2, 3), "(/ 2.0 3.0)"),
        (fmpq(-2, 3), "(- (/ 2.0 3.0))"),
    ],
)
def test_rationals(value: fmpq, text: str) -> None:
    assert smt_rational(value) == text


@given(numerator=st.integers(-(10**30), 10**30), denominator=st.integers(1, 10**30))
@settings(max_examples=30)
def test_rationals_are_read_back_exactly(numerator: int, denominator: int) -> None:
    value = fmpq(numerator, denominator)
    solver = z3.Solver()
    solver.from_string(f"(declare-const x Real)(assert (= x {smt_rational(value)}))")
    assert solver.check() == z3.sat
    found = solver.model()[z3.Real("x")]
    assert fmpq(found.numerator_as_long(), found.denominator_as_long()) == value


def test_numbers_of_any_length() -> None:
    """Python refuses to write integers of more than 4,300 digits by itself."""
    value = fmpq(1, 10) ** 5000
    assert len(smt_rational(value)) > 5000
    solver = z3.Solver()
    solver.from_string(f"(declare-const x Real)(assert (and (> x 0.0) (< x {smt_rational(value)})))")
    assert solver.check() == z3.sat


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (Affine.const(0), "0.0"),
        (Affine.const(fmpq(-1, 2)), "(- (/ 1.0 2.0))"),
        (X, "x0"),
        (-X, "(* (- 1.0) x0)"),
        (X.scaled(HALF) + Y, "(+ (* (/ 1.0 2.0) x0) x1)"),
        (X.shifted(3), "(+ x0 3.0)"),
    ],
)
def test_affine_forms(form: Affine, text: str) -> None:
    assert smt_affine(form) == text


def test_what_is_declared() -> None:
    builder = CircuitBuilder()
    builder.input(ZERO, None)
    builder.relu(X.shifted(-HALF))
    assert declarations(builder.variables) == [
        "(declare-const x0 Real)",
        "(assert (>= x0 0.0))",
        "(declare-const x1 Real)",
        "(assert (>= x1 0.0))",
        "(assert (>= (+ (* (- 1.0) x0) x1) (- (/ 1.0 2.0))))",
        "(assert (or (<= x1 0.0) (>= (+ x0 (* (- 1.0) x1)) (/ 1.0 2.0))))",
    ]


def test_guards_switch_single_forms() -> None:
    sequent = ramp(X.shifted(-HALF), atoms=1, clauses=((1,),), switches=((1, (X, X.shifted(-HALF))),))
    assert guard_names(sequent) == ["s0_0", "s0_1"]
    script = sequent_script(sequent, guarded=True)
    assert script.endswith("(check-sat-assuming (s0_0 s0_1))\n")
    solver = z3.Solver()
    solver.from_string(script)
    assert solver.check(z3.Bool("s0_0"), z3.Bool("s0_1")) == z3.unsat
    assert solver.check(z3.Bool("s0_1")) == z3.unsat
    assert solver.check(z3.Bool("s0_0")) == z3.sat


def test_without_the_goal() -> None:
    script = sequent_script(ramp(Affine.const(5)), negate_goal=False)
    solver = z3.Solver()
    solver.from_string(script)
    assert solver.check() == z3.sat

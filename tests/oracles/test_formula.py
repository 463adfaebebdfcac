from __future__ import annotations

import pytest
import z3
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st

from exactcnn.core.affine import Affine
from exactcnn.oracles.formula import FALSE, TRUE, Formula, conjunction, disjunction, negation, weighted_sum


def eighths(low: int, high: int) -> st.SearchStrategy[fmpq]:
    return st.integers(8 * low, 8 * high).map(lambda n: fmpq(n, 8))


def test_junctions_fold_constants() -> None:
    assert conjunction([]) == TRUE
    assert conjunction(["a", TRUE]) == "a"
    assert conjunction(["a", FALSE]) == FALSE
    assert conjunction(["a", "b"]) == "(and a b)"
    assert disjunction([]) == FALSE
    assert disjunction(["a", FALSE]) == "a"
    assert disjunction(["a", TRUE]) == TRUE
    assert [negation(t) for t in (TRUE, FALSE, "a")] == [FALSE, TRUE, "(not a)"]


def test_weighted_sum_cancels_terms() -> None:
    x, y = Affine.variable(0), Affine.variable(1)
    total = weighted_sum([(fmpq(2), x.shifted(1)), (fmpq(-2), x), (fmpq(1, 3), y)], fmpq(1))
    assert total == Affine.of({1: fmpq(1, 3)}, 3)


def test_a_maximum_that_is_decided_by_bounds_needs_no_variable() -> None:
    formula = Formula()
    x = formula.real("x", fmpq(0), fmpq(1))
    before = len(formula.lines)
    assert formula.rectified(x) == x
    assert formula.rectified(x.shifted(-1)) == Affine.const(0)
    assert formula.maximum([x, x.shifted(2)]) == x.shifted(2)
    assert formula.maximum([Affine.const(1), Affine.const(fmpq(3, 2))]) == Affine.const(fmpq(3, 2))
    assert len(formula.lines) == before


def test_equal_maxima_share_a_variable() -> None:
    formula = Formula()
    x = formula.real("x", fmpq(-1), fmpq(1))
    assert formula.rectified(x) == formula.maximum([Affine.const(0), x])
    assert formula.rectified(x) != formula.rectified(x.scaled(2))


@pytest.mark.parametrize(
    ("shift", "expected"), [(fmpq(0), TRUE), (fmpq(-1), "(>= x 1.0)"), (fmpq(-9, 8), FALSE), (fmpq(1), TRUE)]
)
def test_a_literal_is_folded_only_where_the_bounds_decide_it(shift: fmpq, expected: str) -> None:
    formula = Formula()
    x = formula.real("x", fmpq(0), fmpq(1))
    assert formula.at_least_zero(x.shifted(shift)) == expected


@settings(max_examples=40)
@given(
    rows=st.lists(st.tuples(eighths(-3, 3), eighths(-3, 3), eighths(-3, 3)), min_size=1, max_size=4),
    x=eighths(-1, 1),
    y=eighths(0, 2),
)
def test_a_maximum_is_the_maximum(rows: list[tuple[fmpq, fmpq, fmpq]], x: fmpq, y: fmpq) -> None:
    point = [x, y]
    formula = Formula()
    formula.real("x", fmpq(-1), fmpq(1))
    formula.real("y", fmpq(0), fmpq(2))
    forms = [Affine.of({0: a, 1: b}, c) for a, b, c in rows]
    result = formula.maximum(forms)
    expected = max(f.evaluate(point.__getitem__) for f in forms)
    low, high = formula.range(result)
    assert low <= expected <= high
    for index, value in enumerate(point):
        away = Affine.variable(index).shifted(-value)
        formula.add(conjunction([formula.at_least_zero(away), formula.at_least_zero(-away)]))
    difference = result.shifted(-expected)
    assert _check(formula.text()) == z3.sat
    equal = conjunction([formula.at_least_zero(difference), formula.at_least_zero(-difference)])
    assert _check(formula.text() + f"(assert {negation(equal)})") == z3.unsat


def test_a_comment_stays_one_line_of_ascii() -> None:
    formula = Formula()
    formula.comment("class 'a\n(assert false)' \u2603")
    assert formula.text().count("\n") == 1
    assert formula.text().isascii()


def _check(text: str) -> z3.CheckSatResult:
    solver = z3.Solver(ctx=z3.Context())
    solver.from_string(text)
    return solver.check()

"""Sparse affine forms behave as the functions they stand for."""

from __future__ import annotations

from itertools import product

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st

from exactcnn.core.affine import Affine

COEFFICIENTS = st.builds(fmpq, st.integers(-4, 4), st.integers(1, 3))
FORMS = st.builds(Affine.of, st.lists(st.tuples(st.integers(0, 3), COEFFICIENTS), max_size=5), COEFFICIENTS)
POINTS = st.lists(COEFFICIENTS, min_size=4, max_size=4)


def value(form: Affine, point: list[fmpq]) -> fmpq:
    return form.evaluate(point.__getitem__)


def well_formed(form: Affine) -> bool:
    variables = [v for v, _ in form.terms]
    return variables == sorted(set(variables)) and all(c != 0 for _, c in form.terms)


@given(FORMS, FORMS, POINTS, COEFFICIENTS)
def test_operations(a: Affine, b: Affine, point: list[fmpq], factor: fmpq) -> None:
    results = {
        a + b: value(a, point) + value(b, point),
        a - b: value(a, point) - value(b, point),
        -a: -value(a, point),
        a.scaled(factor): value(a, point) * factor,
        a.shifted(factor): value(a, point) + factor,
    }
    for form, expected in results.items():
        assert value(form, point) == expected
        assert well_formed(form)


@given(FORMS, FORMS)
def test_one_form_for_one_function(a: Affine, b: Affine) -> None:
    assert a + b == b + a
    assert (a - a) == Affine.const(0)
    assert (a + b) - b == a
    assert hash(a + b) == hash(b + a)


def test_making() -> None:
    assert Affine.of([(2, fmpq(1)), (0, fmpq(3)), (2, fmpq(-1))], 5) == Affine.of({0: fmpq(3)}, 5)
    assert Affine.of({1: fmpq(0)}).is_constant
    assert Affine.variable(3).terms == ((3, fmpq(1)),)
    assert Affine.const(fmpq(1, 2)).constant == fmpq(1, 2)
    assert Affine.variable(1).scaled(0) == Affine.const(0)
    assert not Affine.variable(1).is_constant


@given(FORMS, st.lists(st.tuples(COEFFICIENTS, COEFFICIENTS).map(sorted), min_size=4, max_size=4))
def test_bounds_are_attained_at_corners(form: Affine, box: list[list[fmpq]]) -> None:
    low, high = form.bounds(lambda i: (box[i][0], box[i][1]))
    corners = [value(form, list(corner)) for corner in product(*box)]
    assert (low, high) == (min(corners), max(corners))


def test_evaluate_asks_for_its_own_variables_only() -> None:
    with pytest.raises(KeyError):
        Affine.variable(1).evaluate({}.__getitem__)
    assert Affine.const(2).evaluate({}.__getitem__) == 2

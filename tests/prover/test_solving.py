"""Sparse linear equations, solved exactly in numbers >= 0."""

from __future__ import annotations

from flint import fmpq, fmpq_mat
from hypothesis import given, settings
from hypothesis import strategies as st

from exactcnn.prover.solving import nonnegative_solution

SMALL = st.integers(-3, 3)


@st.composite
def systems(draw: st.DrawFn) -> tuple[list[dict[int, int]], list[int]]:
    """Sparse columns over a few equations, and numbers >= 0 for the unknowns."""
    rows, count = draw(st.integers(1, 6)), draw(st.integers(1, 7))
    drawn = draw(st.lists(st.dictionaries(st.integers(0, rows - 1), SMALL), min_size=count, max_size=count))
    columns = [{r: a for r, a in column.items() if a} for column in drawn]
    return columns, draw(st.lists(st.integers(0, 4), min_size=count, max_size=count))


def combined(columns: list[dict[int, int]], values: list[fmpq] | list[int]) -> dict[int, fmpq]:
    """The sides that the values give, without those that are 0."""
    total: dict[int, fmpq] = {}
    for column, x in zip(columns, values, strict=True):
        for r, a in column.items():
            total[r] = total.get(r, fmpq(0)) + a * x
    return {r: x for r, x in total.items() if x != 0}


@settings(deadline=None, max_examples=200)
@given(systems())
def test_what_is_found_is_a_solution(system: tuple[list[dict[int, int]], list[int]]) -> None:
    columns, values = system
    right = combined(columns, values)
    found = nonnegative_solution(columns, right)
    places = sorted({r for column in columns for r in column})
    flat = [fmpq(column.get(r, 0)) for r in places for column in columns]
    if fmpq_mat(len(places), len(columns), flat).rank() == len(columns):
        assert found == values
    elif found is not None:
        assert combined(columns, found) == right
        assert min(found) >= 0


@settings(deadline=None, max_examples=100)
@given(systems(), st.integers(0, 6), st.integers(1, 3))
def test_other_sides_are_met_exactly_or_not_at_all(
    system: tuple[list[dict[int, int]], list[int]], place: int, more: int
) -> None:
    columns, values = system
    right = combined(columns, values)
    right[place] = right.get(place, fmpq(0)) + more
    found = nonnegative_solution(columns, right)
    if found is not None:
        assert combined(columns, found) == {r: x for r, x in right.items() if x != 0}
        assert min(found) >= 0


def test_a_chain_of_equations_is_solved_from_its_end() -> None:
    size = 1000
    columns = [{i: 2, i + 1: -1} for i in range(size)]
    found = nonnegative_solution(columns, {0: fmpq(2) ** size, size: fmpq(-1)})
    assert found == [fmpq(2) ** (size - 1 - i) for i in range(size)]
    assert nonnegative_solution(columns, {size: fmpq(-1)}) is None


def test_a_negative_value_is_no_solution() -> None:
    assert nonnegative_solution([{0: 1}], {0: fmpq(-1)}) is None
    assert nonnegative_solution([{0: 1, 1: 1}, {0: 1, 1: -1}], {0: fmpq(1), 1: fmpq(3)}) is None


def test_an_equation_without_unknowns_has_to_hold() -> None:
    assert nonnegative_solution([{0: 2}], {0: fmpq(1), 7: fmpq(1)}) is None
    assert nonnegative_solution([{0: 2}], {0: fmpq(1), 7: fmpq(0)}) == [fmpq(1, 2)]
    assert nonnegative_solution([], {}) is None

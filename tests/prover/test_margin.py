"""Brackets of tolerances and gaps."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from support.tiny import drawn, feature, one_class, task

from exactcnn import api
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.prover.margin import (
    StoppedError,
    gap_bracket,
    simplest_between,
    tolerance_bracket,
    widened_task,
    with_gaps_scaled,
)
from exactcnn.task.model import Feature, PixelRange, Task

DOT = task([feature("dot", "#", gap=1)], [one_class("with", "dot"), one_class("without", "", "dot")])
HALF = fmpq(1, 2)


def answering(rule: Callable[[fmpq, fmpq], Verdict]) -> tuple[Callable[[Task], Outcome], list[tuple[fmpq, fmpq]]]:
    """A verifier of `DOT`'s variants that goes by their extra tolerance and gap, and the pairs that it was asked."""
    asked: list[tuple[fmpq, fmpq]] = []

    def verify(changed: Task) -> Outcome:
        drawn = DOT.features[0].templates[0].low.item(0, 0, 0)
        found = changed.features[0]
        asked.append((drawn - found.templates[0].low.item(0, 0, 0), found.gap))
        verdict = rule(*asked[-1])
        return Outcome(verdict, "tiny", SizeRange(), "modular", ("with", "without"), reason="made up")

    return verify, asked


# -- simple rationals -------------------------------------------------------------------------------------------------


@given(st.fractions(0, 4, max_denominator=40), st.fractions(0, 4, max_denominator=40))
def test_the_simplest_rational_has_the_least_denominator(first: object, second: object) -> None:
    low, high = (fmpq(f.numerator, f.denominator) for f in sorted([first, second]))  # type: ignore[attr-defined]
    if low == high:
        with pytest.raises(ValueError, match="between"):
            simplest_between(low, high)
        return
    found = simplest_between(low, high)
    assert low < found < high
    for denominator in range(1, int(found.q) + 1):
        numerators = range(int((low * denominator).floor()), int((high * denominator).ceil()) + 1)
        inside = [fmpq(n, denominator) for n in numerators if low < fmpq(n, denominator) < high]
        if inside:
            assert min(inside) == found
            break


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [((0, 1), (1, 1), (1, 2)), ((0, 1), (1, 2), (1, 3)), ((1, 3), (1, 2), (2, 5)), ((5, 2), (9, 2), (3, 1))],
)
def test_named_simplest_rationals(low: tuple[int, int], high: tuple[int, int], expected: tuple[int, int]) -> None:
    assert simplest_between(fmpq(*low), fmpq(*high)) == fmpq(*expected)


def test_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="between"):
        simplest_between(fmpq(-1), fmpq(1))


# -- changed tasks ----------------------------------------------------------------------------------------------------


def test_widened_templates_stay_in_the_pixel_range() -> None:
    box = widened_task(DOT, fmpq(1, 4)).features[0].templates[0]
    assert (box.low.item(0, 0, 0), box.high.item(0, 0, 0)) == (fmpq(5, 8), fmpq(1))
    assert widened_task(DOT, fmpq(0)) == DOT


def test_gaps_are_scaled_and_nothing_else() -> None:
    scaled = with_gaps_scaled(DOT, fmpq(1, 3))
    assert [f.gap for f in scaled.features] == [fmpq(1, 3)]
    assert with_gaps_scaled(scaled, fmpq(3)) == DOT


# -- bisection --------------------------------------------------------------------------------------------------------


@given(st.integers(1, 254), st.booleans())
def test_a_limit_on_the_grid_is_found(place: int, included: bool) -> None:
    limit = fmpq(place, 256)

    def rule(delta: fmpq, _: fmpq) -> Verdict:
        return Verdict.PROVED if delta < limit or (included and delta == limit) else Verdict.REFUTED

    # Deltas beyond 7/8 are cut off by the pixel range and cannot be told apart.
    verify, _ = answering(rule)
    bracket = tolerance_bracket(DOT, verify, bits=8)
    if place >= 224:
        return
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert bracket.holds.value <= limit <= bracket.fails.value
    assert limit in (bracket.holds.value, bracket.fails.value)
    assert bracket.fails.value - bracket.holds.value <= fmpq(1, 256)
    assert bracket.open == ()


@pytest.mark.parametrize("included", [True, False])
def test_a_simple_limit_off_the_grid_becomes_an_end(included: bool) -> None:
    third = fmpq(1, 3)
    verify, asked = answering(
        lambda delta, _: Verdict.PROVED if delta < third or (included and delta == third) else Verdict.VACUOUS
    )
    bracket = tolerance_bracket(DOT, verify, bits=12)
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert (bracket.holds.value if included else bracket.fails.value) == third
    assert bracket.fails.outcome.verdict is Verdict.VACUOUS
    assert bracket.tried == len(asked) == len(set(asked))


def test_no_answer_widens_the_bracket() -> None:
    def rule(delta: fmpq, _: fmpq) -> Verdict:
        return Verdict.PROVED if delta < fmpq(1, 4) else Verdict.UNKNOWN if delta < HALF else Verdict.REFUTED

    bracket = tolerance_bracket(DOT, answering(rule)[0], bits=10)
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert bracket.holds.value == fmpq(255, 1024)
    assert bracket.fails.value == HALF
    assert bracket.open
    assert all(fmpq(1, 4) <= t.value < HALF for t in bracket.open)


def test_a_proof_beyond_no_answer_counts() -> None:
    """Neither holding nor failing is monotone: what is known last on the way to the failure is what is reported."""

    def rule(delta: fmpq, _: fmpq) -> Verdict:
        if fmpq(1, 4) <= delta < fmpq(3, 8):
            return Verdict.TIMEOUT
        return Verdict.PROVED if delta < HALF else Verdict.REFUTED

    bracket = tolerance_bracket(DOT, answering(rule)[0], bits=6)
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert bracket.fails.value == HALF
    assert bracket.holds.value > fmpq(3, 8) or bracket.open


def test_nothing_but_no_answer_leaves_the_bracket_open() -> None:
    bracket = tolerance_bracket(DOT, answering(lambda delta, _: Verdict.UNKNOWN)[0], bits=4)
    assert (bracket.holds, bracket.fails, bracket.tried) == (None, None, 1)
    bracket = tolerance_bracket(
        DOT, answering(lambda delta, _: Verdict.PROVED if delta == 0 else Verdict.UNKNOWN)[0], bits=4
    )
    assert bracket.holds is not None
    assert (bracket.holds.value, bracket.fails) == (0, None)
    assert len(bracket.open) == bracket.tried - 1


def test_an_instance_that_always_holds_has_no_limit() -> None:
    verify, _ = answering(lambda *_: Verdict.PROVED)
    widest = tolerance_bracket(DOT, verify, bits=8)
    assert widest.holds is not None
    assert (widest.holds.value, widest.fails, widest.tried) == (1, None, 2)
    smallest = gap_bracket(DOT, verify, bits=8)
    assert smallest.holds is not None
    assert (smallest.holds.value, smallest.fails) == (fmpq(1, 256), None)


def test_gaps_are_never_zero() -> None:
    verify, asked = answering(lambda *_: Verdict.PROVED)
    gap_bracket(DOT, verify, bits=5)
    assert min(gap for _, gap in asked) > 0


def test_the_gap_of_a_refuted_task_is_searched_upwards() -> None:
    verify, _ = answering(lambda _, gap: Verdict.PROVED if gap >= 3 else Verdict.REFUTED)
    bracket = gap_bracket(DOT, verify, bits=6)
    assert bracket.drawn.outcome.verdict is Verdict.REFUTED
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert (bracket.holds.value, bracket.fails.value) == (3, fmpq(191, 64))


def test_the_gap_of_a_vacuous_task_is_searched_downwards() -> None:
    def rule(_: fmpq, gap: fmpq) -> Verdict:
        return Verdict.VACUOUS if gap > HALF else Verdict.PROVED if gap > fmpq(1, 8) else Verdict.REFUTED

    bracket = gap_bracket(DOT, answering(rule)[0], bits=6)
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert (bracket.holds.value, bracket.fails.value) == (fmpq(9, 64), fmpq(1, 8))


@pytest.mark.parametrize("drawn_is_vacuous", [True, False])
def test_a_narrow_range_of_gaps_is_found_between_refuted_and_vacuous(drawn_is_vacuous: bool) -> None:
    low, high = (fmpq(9, 16), fmpq(5, 8)) if drawn_is_vacuous else (fmpq(9, 8), fmpq(5, 4))
    # 4/7 is the simplest factor between 36/64 and 37/64; between 72/64 and 73/64 none is simple.
    first = fmpq(4, 7) if drawn_is_vacuous else fmpq(73, 64)

    def rule(_: fmpq, gap: fmpq) -> Verdict:
        return Verdict.REFUTED if gap <= low else Verdict.PROVED if gap <= high else Verdict.VACUOUS

    bracket = gap_bracket(DOT, answering(rule)[0], bits=6)
    assert bracket.holds is not None
    assert bracket.fails is not None
    assert (bracket.holds.value, bracket.fails.value) == (first, low)


@pytest.mark.parametrize("verdict", [Verdict.REFUTED, Verdict.VACUOUS])
def test_a_task_that_holds_at_no_gap_has_none(verdict: Verdict) -> None:
    bracket = gap_bracket(DOT, answering(lambda *_: verdict)[0], bits=6)
    assert bracket.holds is None
    assert bracket.fails is bracket.drawn


def test_progress_is_told_of() -> None:
    told: list[tuple[str, int, int]] = []
    verify, asked = answering(lambda delta, _: Verdict.PROVED if delta < HALF else Verdict.REFUTED)
    tolerance_bracket(DOT, verify, bits=8, progress=lambda *step: told.append(step))
    assert len(told) == len(asked)
    assert all(done < total for _, done, total in told)


# -- with the real thing ----------------------------------------------------------------------------------------------


def test_the_limits_of_a_built_network_are_exact() -> None:
    """D = 1 - 2 * excess (for a gap of 1/2) has to stay above 1/2 on a dot, and below it where there is none."""
    subject = task([feature("dot", "#", gap=HALF)], [one_class("with", "dot"), one_class("without", "", "dot")])
    network = api.build(subject)

    def verify(changed: Task) -> Outcome:
        return api.verify(changed, network, workers=1)

    tolerance = tolerance_bracket(subject, verify, bits=8)
    assert tolerance.holds is not None
    assert tolerance.fails is not None
    assert (tolerance.holds.value, tolerance.fails.value) == (fmpq(63, 256), fmpq(1, 4))
    assert tolerance.fails.outcome.counterexample is not None
    gap = gap_bracket(subject, verify, bits=8)
    assert gap.holds is not None
    assert gap.fails is not None
    assert (gap.holds.value, gap.fails.value) == (fmpq(129, 256), HALF)


def test_tolerances_are_in_the_unit_of_the_pixel_range() -> None:
    wide = PixelRange(fmpq(0), fmpq(255))
    subject = task(
        [Feature("dot", (drawn("#", tolerance=0, pixel=wide),), fmpq(1))],
        [one_class("with", "dot"), one_class("without", "", "dot")],
        pixel=wide,
    )
    asked: list[Task] = []

    def verify(changed: Task) -> Outcome:
        asked.append(changed)
        verdict = Verdict.PROVED if len(asked) == 1 else Verdict.REFUTED
        return Outcome(verdict, "tiny", SizeRange(), "modular", ("with", "without"))

    bracket = tolerance_bracket(subject, verify, bits=4)
    lows = [t.features[0].templates[0].low.item(0, 0, 0) for t in asked]
    # Multiples of 255/16, and last the simplest rational below the first of them.
    assert lows == [255 - d for d in (0, 255, fmpq(255, 2), fmpq(255, 4), fmpq(255, 8), fmpq(255, 16), 1)]
    assert bracket.fails is not None
    assert bracket.fails.value == 1


# -- stopped searches -------------------------------------------------------------------------------------------------


def stopping(rule: Callable[[fmpq, fmpq], Verdict], after: int) -> Callable[[Task], Outcome]:
    """A verifier that answers so many times, and then no more."""
    verify, asked = answering(rule)

    def limited(changed: Task) -> Outcome:
        if len(asked) == after:
            raise StoppedError
        return verify(changed)

    return limited


@pytest.mark.parametrize("after", range(1, 12))
def test_a_stopped_search_of_a_tolerance_gives_what_is_known(after: int) -> None:
    limit = fmpq(1, 3)

    def rule(delta: fmpq, _: fmpq) -> Verdict:
        return Verdict.PROVED if delta < limit else Verdict.REFUTED

    whole = tolerance_bracket(DOT, answering(rule)[0], bits=8)
    bracket = tolerance_bracket(DOT, stopping(rule, after), bits=8)
    assert bracket.tried == min(after, whole.tried)
    assert bracket.complete == (bracket == whole)
    assert bracket.holds is not None
    assert bracket.holds.value < limit
    assert (bracket.fails is None) == (after == 1)
    if bracket.fails is not None:
        assert bracket.fails.value >= limit
        assert bracket.fails.value - bracket.holds.value <= fmpq(1, 2 ** (after - 2)) or bracket.complete


@pytest.mark.parametrize("after", range(1, 12))
def test_a_stopped_search_of_a_gap_gives_what_is_known(after: int) -> None:
    limit = fmpq(1, 3)

    def rule(_: fmpq, gap: fmpq) -> Verdict:
        return Verdict.PROVED if gap > limit else Verdict.REFUTED

    bracket = gap_bracket(DOT, stopping(rule, after), bits=8)
    assert bracket.holds is not None
    assert bracket.holds.value > limit
    assert bracket.fails is None or bracket.fails.value <= limit


def test_a_search_that_is_stopped_before_anything_held() -> None:
    bracket = gap_bracket(DOT, stopping(lambda *_: Verdict.REFUTED, 3), bits=8)
    assert (bracket.holds, bracket.complete, bracket.tried) == (None, False, 3)
    assert bracket.fails == bracket.drawn


def test_a_search_that_is_stopped_at_once_has_no_bracket() -> None:
    for search in (tolerance_bracket, gap_bracket):
        with pytest.raises(StoppedError):
            search(DOT, stopping(lambda *_: Verdict.PROVED, 0), bits=8)


def test_the_task_as_drawn_is_not_tried_twice() -> None:
    verify, asked = answering(lambda *_: Verdict.UNKNOWN)
    drawn = tolerance_bracket(DOT, verify, bits=8).drawn.outcome
    assert gap_bracket(DOT, verify, bits=8, drawn=drawn).drawn.outcome == drawn
    assert len(asked) == 1

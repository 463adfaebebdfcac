"""The pooling rule against pools of random values."""

from __future__ import annotations

import pytest
from flint import fmpq
from hypothesis import given
from hypothesis import strategies as st
from support.stems import stem_of
from support.tiny import conv

from exactcnn.core.sizes import SizeRange
from exactcnn.network.model import GlobalPool
from exactcnn.theorem.facts import PoolingRule

values = st.integers(-6, 6).map(lambda n: fmpq(n, 2))


def pooled(kind: str, numbers: list[fmpq]) -> fmpq:
    total = sum(numbers, fmpq(0))
    return {"max": max(numbers), "sum": total, "mean": total / len(numbers)}[kind]


@st.composite
def pools(draw: st.DrawFn) -> tuple[PoolingRule, list[fmpq]]:
    """A rule, and values at some number of positions that it allows."""
    numbers = draw(st.lists(values, min_size=1, max_size=6))
    least = draw(st.integers(1, len(numbers)))
    most = draw(st.sampled_from([None, len(numbers), len(numbers) + 2]))
    return PoolingRule(draw(st.sampled_from(["max", "sum", "mean"])), least, most), numbers


@given(pool=pools(), slack=st.integers(0, 2))
def test_upper_bounds(pool: tuple[PoolingRule, list[fmpq]], slack: int) -> None:
    rule, numbers = pool
    bound = rule.at_most(max(numbers) + slack)
    assert bound is None or pooled(rule.kind, numbers) <= bound


@given(pool=pools(), slack=st.integers(0, 2), lower=st.integers(0, 2))
def test_lower_bounds(pool: tuple[PoolingRule, list[fmpq]], slack: int, lower: int) -> None:
    rule, numbers = pool
    low = min(numbers) - slack
    somewhere = max(low, max(numbers) - lower)
    bound = rule.at_least(low, somewhere)
    assert bound is None or pooled(rule.kind, numbers) >= bound


@given(pool=pools())
def test_bounds_on_any_image(pool: tuple[PoolingRule, list[fmpq]]) -> None:
    rule, numbers = pool
    low, high = rule.base((min(numbers), max(numbers)))
    value = pooled(rule.kind, numbers)
    assert low is None or low <= value
    assert high is None or value <= high


@pytest.mark.parametrize(
    ("rule", "low", "somewhere", "bound"),
    [
        (PoolingRule("max", 1, None), -5, 2, 2),
        (PoolingRule("sum", 4, None), 0, 2, 2),
        (PoolingRule("sum", 4, None), 1, 2, 5),
        (PoolingRule("sum", 4, None), -1, 2, None),
        (PoolingRule("sum", 4, 9), -1, 2, -6),
        (PoolingRule("mean", 4, None), -1, 2, -1),
        (PoolingRule("mean", 4, 6), 0, 3, "1/2"),
    ],
)
def test_lower_bounds_are_the_best_there_are(
    rule: PoolingRule, low: int, somewhere: int, bound: int | str | None
) -> None:
    assert rule.at_least(fmpq(low), fmpq(somewhere)) == _number(bound)


@pytest.mark.parametrize(
    ("rule", "high", "bound"),
    [
        (PoolingRule("max", 1, None), 3, 3),
        (PoolingRule("mean", 1, None), 3, 3),
        (PoolingRule("sum", 4, None), 3, None),
        (PoolingRule("sum", 4, None), 0, 0),
        (PoolingRule("sum", 4, None), -2, -8),
        (PoolingRule("sum", 4, 9), 3, 27),
        (PoolingRule("sum", 4, 9), -2, -8),
    ],
)
def test_upper_bounds_are_the_best_there_are(rule: PoolingRule, high: int, bound: int | None) -> None:
    assert rule.at_most(fmpq(high)) == _number(bound)


def _number(value: int | str | None) -> fmpq | None:
    return None if value is None else fmpq(*(int(part) for part in str(value).split("/")))


@pytest.mark.parametrize(
    ("sizes", "least", "most"),
    [
        ("5x7", 2 * 3, 2 * 3),
        ("5x7..6x9", 2 * 3, 3 * 4),
        ("5x7..any", 2 * 3, None),
    ],
)
def test_positions_are_counted(sizes: str, least: int, most: int | None) -> None:
    stem = stem_of((conv([1] * 4, (1, 1, 2, 2), [0], stride=(2, 2)),), 1)
    assert PoolingRule.of(GlobalPool("mean"), stem, SizeRange.parse(sizes)) == PoolingRule("mean", least, most)


def test_a_range_open_in_one_direction_has_no_most() -> None:
    stem = stem_of((conv([1], (1, 1, 1, 1), [0]),), 1)
    assert PoolingRule.of(GlobalPool("sum"), stem, SizeRange(2, 4, 3, None)) == PoolingRule("sum", 6, None)

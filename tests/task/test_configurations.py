"""Counting configurations against counting them one by one."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain, combinations

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import task_classes

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.configurations import count_configurations, possible_configurations
from exactcnn.task.model import Alternative, Feature, Task, TaskClass

DOT = Box(ExactTensor.full((1, 1, 1), 1), ExactTensor.full((1, 1, 1), 1))


def task(features: int, classes: Sequence[TaskClass]) -> Task:
    return Task("test", tuple(Feature(f"f{i}", (DOT,), fmpq(1, 2)) for i in range(features)), tuple(classes))


def way(requires: str = "", forbids: str = "") -> Alternative:
    return Alternative(frozenset(requires.split()), frozenset(forbids.split()))


def one_by_one(task: Task) -> dict[frozenset[str], str]:
    names = [f.name for f in task.features]
    subsets = chain.from_iterable(combinations(names, k) for k in range(len(names) + 1))
    result = {}
    for subset in map(frozenset, subsets):
        holding = [
            c.name for c in task.classes if any(a.requires <= subset and not a.forbids & subset for a in c.alternatives)
        ]
        holding = holding or [c.name for c in task.classes if c.otherwise]
        if len(holding) == 1:
            result[subset] = holding[0]
    return result


@given(st.data())
@settings(max_examples=200)
def test_counts_agree_with_going_through_all(data: st.DataObject) -> None:
    features = data.draw(st.integers(1, 7))
    # Features beyond those that the classes may name are free.
    named = [f"f{i}" for i in range(data.draw(st.integers(1, features)))]
    drawn = task(features, data.draw(task_classes(named, max_classes=5, max_alternatives=3)))
    expected = one_by_one(drawn)
    assert count_configurations(drawn) == len(expected)
    assert dict(possible_configurations(drawn)) == expected


@given(st.data())
@settings(max_examples=100)
def test_counts_agree_for_sparse_classes(data: st.DataObject) -> None:
    names = [f"f{i}" for i in range(9)]
    literals = st.lists(st.sampled_from(names), max_size=3).map(frozenset)
    ways = st.lists(st.builds(Alternative, literals, literals), min_size=1, max_size=2)
    count = data.draw(st.integers(2, 6))
    classes = [TaskClass(f"class{i}", tuple(data.draw(ways))) for i in range(count)]
    if data.draw(st.booleans()):
        classes.append(TaskClass("rest", (), otherwise=True))
    drawn = task(len(names), classes)
    assert count_configurations(drawn) == len(one_by_one(drawn))


REST = TaskClass("rest", (), otherwise=True)


@pytest.mark.parametrize(
    ("features", "classes", "expected"),
    [
        (1, [TaskClass("a", (way("f0"),)), REST], 2),
        (1, [TaskClass("a", (way("f0"),)), TaskClass("b", (way("f0"),))], 0),
        (1, [TaskClass("a", (way("f0"),)), TaskClass("b", (way("", "f0"),))], 2),
        (2, [TaskClass("always", (way(),)), REST], 4),
        (2, [TaskClass("always", (way(),)), TaskClass("too", (way(),))], 0),
        (2, [TaskClass("always", (way(),)), TaskClass("a", (way("f0"),))], 2),
        (3, [TaskClass("never", (way("f0", "f0"),)), TaskClass("a", (way("f1"),))], 4),
        (3, [TaskClass("never", (way("f0", "f0"),)), REST], 8),
        (3, [TaskClass("a", (way("f0"),)), TaskClass("b", (way("f1"),)), TaskClass("c", (way("f2"),))], 3),
        (3, [TaskClass("a", (way("f0"), way("f1"))), TaskClass("b", (way("f1"), way("f2")))], 2),
    ],
)
def test_small_cases(features: int, classes: list[TaskClass], expected: int) -> None:
    assert count_configurations(task(features, classes)) == expected


def test_many_independent_classes() -> None:
    classes = [TaskClass(f"class{i}", (way(f"f{3 * i} f{3 * i + 1}", f"f{3 * i + 2}"),)) for i in range(300)]
    # Each class holds in one way out of eight, independently of the others.
    assert count_configurations(task(1000, classes)) == 300 * 7**299 * 2**100
    assert count_configurations(task(1000, [*classes, REST])) == (300 * 7**299 + 7**300) * 2**100


def test_a_long_chain() -> None:
    classes = [TaskClass(f"class{i}", (way(f"f{i} f{i + 1}"),)) for i in range(1500)]
    # No two neighbours at all, or exactly one pair of neighbours, in a row of 1501 bits.
    none = [1, 2]
    for _ in range(1500):
        none.append(none[-1] + none[-2])
    # One pair at i, i+1: what is left of it ends in 0, what is right of it begins with 0.
    left = [1, *none]
    one = sum(left[i] * left[1501 - i - 2] for i in range(1500))
    assert count_configurations(task(1501, [*classes, REST])) == none[1501] + one


def test_classes_that_exclude_each_other() -> None:
    names = [f"f{i}" for i in range(200)]
    classes = [TaskClass(n, (way(n, " ".join(m for m in names if m != n)),)) for n in names]
    assert count_configurations(task(200, classes)) == 200


def test_too_hard_is_said() -> None:
    classes = [
        TaskClass(f"class{i}", (way(" ".join(f"f{(i * k + k * k) % 40}" for k in range(1, 5)), f"f{39 - i % 7}"),))
        for i in range(40)
    ]
    assert count_configurations(task(40, classes), steps=100) is None


def test_too_many_to_list_is_said() -> None:
    drawn = task(5, [TaskClass("a", (way("f0"),)), REST])
    assert len(list(possible_configurations(drawn, limit=32))) == 32
    with pytest.raises(InputError, match=r"too many configurations to list; found 2\^5; expected at most 31"):
        possible_configurations(drawn, limit=31)


def test_the_first_feature_changes_fastest() -> None:
    listed = [c for c, _ in possible_configurations(task(2, [TaskClass("a", (way("f0"),)), REST]))]
    assert listed == [frozenset(), {"f0"}, {"f1"}, {"f0", "f1"}]

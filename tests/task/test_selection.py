"""The search for configurations against all sets of features."""

from __future__ import annotations

from itertools import product

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import task_classes

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.model import Alternative, Feature, Task, TaskClass
from exactcnn.task.selection import Room, configurations, first_configuration

EFFORT = 10**6


def dots(classes: tuple[TaskClass, ...], count: int) -> Task:
    box = Box(ExactTensor.full((1, 1, 1), 1), ExactTensor.full((1, 1, 1), 1))
    return Task("dots", tuple(Feature(f"f{k}", (box,), fmpq(1, 2)) for k in range(count)), classes)


NAMES = [f"f{k}" for k in range(5)]
SOME = st.frozensets(st.sampled_from(NAMES), max_size=2)


@given(
    task_classes(NAMES, max_classes=4, max_alternatives=3),
    SOME,
    SOME,
    st.one_of(st.none(), st.integers(0, 3)),
    st.permutations(NAMES),
    st.one_of(st.none(), st.lists(st.integers(1, 3), min_size=6, max_size=6)),
)
@settings(max_examples=200)
def test_finds_exactly_the_configurations_there_are(
    classes: tuple[TaskClass, ...],
    include: frozenset[str],
    exclude: frozenset[str],
    wanted: int | None,
    order: list[str],
    needs: list[int] | None,
) -> None:
    task = dots(classes, len(NAMES))
    label = None if wanted is None else task.classes[wanted % len(task.classes)].name
    room = None if needs is None else Room(dict(zip(NAMES, needs, strict=False)), needs[-1] + 3)
    options = {"label": label, "include": include, "exclude": exclude, "order": order, "room": room}
    expected = set()
    for chosen in product((False, True), repeat=len(NAMES)):
        names = frozenset(n for n, there in zip(NAMES, chosen, strict=True) if there)
        own = task.label(names)
        asked = own is not None and label in (None, own) and include <= names and not exclude & names
        if asked and (room is None or sum(room.needs[n] for n in names) <= room.limit):
            expected.add(names)
    found = list(configurations(task, Effort(EFFORT), **options))
    assert len(found) == len(set(found))
    assert set(found) == expected
    few = list(configurations(task, Effort(EFFORT), extend=False, **options))
    assert set(few) <= expected
    assert all(any(f <= e and task.label(f) == task.label(e) for f in few) for e in expected)
    first = first_configuration(task, Effort(EFFORT), **options)
    assert (first in expected) if expected else first is None


def test_thousands_of_features() -> None:
    classes = tuple(
        TaskClass(f"c{k}", (Alternative(frozenset({f"f{10 * k}", f"f{10 * k + 1}"}), frozenset({f"f{10 * k + 2}"})),))
        for k in range(100)
    )
    task = dots((*classes, TaskClass("none", otherwise=True)), 1000)
    # Everything of all other classes: each of them has to fail by its forbidden feature.
    include = frozenset(f"f{10 * k + i}" for k in range(100) for i in (0, 1))
    found = first_configuration(task, Effort(EFFORT), label="c7", include=include, exclude=frozenset({"f9"}))
    assert found is not None
    assert task.label(found) == "c7"
    assert found == include | {f"f{10 * k + 2}" for k in range(100) if k != 7}
    assert first_configuration(task, Effort(EFFORT), label="c7", exclude=frozenset({"f70"})) is None
    # As deep as there are features, which Python could not nest.
    deep = configurations(task, Effort(10_000), label="none")
    assert all(len(next(deep)) >= 0 for _ in range(2000))


def test_a_search_too_long_says_so() -> None:
    task = dots((TaskClass("none", otherwise=True), TaskClass("one", (Alternative(frozenset({"f0"})),))), 5)
    with pytest.raises(OutOfEffortError):
        list(configurations(task, Effort(3)))


def test_shares_of_effort_spend_the_whole() -> None:
    whole = Effort(10)
    part = whole.share(5)
    part.spend(5)
    with pytest.raises(OutOfEffortError):
        part.spend()
    assert whole.left == 4
    with pytest.raises(OutOfEffortError):
        whole.share(100).spend(5)

"""Witnesses and reasons: each class gets one or the other wherever the small sizes can be decided."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.outcomes import DOT, PLAIN, REST, RING, YES_NO
from support.partitions import partition_tasks
from support.tiny import drawn, feature, one_class, task

from exactcnn.core.sizes import SizeRange
from exactcnn.network.construct import build_network
from exactcnn.oracles.monolithic import verify_monolithic
from exactcnn.prover.instance import Instance
from exactcnn.prover.witness import ClassSearch, Search
from exactcnn.solvers.pool import Deadline, OutOfTimeError
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.decide import decide
from exactcnn.task.model import Feature, Task, TaskClass


def search(subject: Task, sizes: str = "any") -> Search:
    instance = Instance(subject, build_network(subject, arithmetic="rational"), SizeRange.parse(sizes))
    return Search(instance, Z3Solver(), Deadline(None))


def found_for(subject: Task, name: str, sizes: str = "any") -> ClassSearch:
    index = [c.name for c in subject.classes].index(name)
    found = search(subject, sizes).run(index)
    assert found.index == index
    if found.witness is not None:
        assert found.vacuous is None
        picture = found.witness.picture
        assert (picture.height, picture.width) in SizeRange.parse(sizes)
        if max(picture.height, picture.width) < 100:
            assert decide(subject, picture.image()).label == name
    return found


@settings(max_examples=40)
@given(subject=partition_tasks(max_side=2), height=st.integers(1, 3), width=st.integers(1, 3))
def test_classes_are_decided_as_by_the_monolithic_method(subject: Task, height: int, width: int) -> None:
    sizes = f"{height}x{width}"
    oracle = verify_monolithic(subject, build_network(subject, arithmetic="rational"), height, width, timeout=20)
    for report in oracle.classes:
        found = found_for(subject, report.name, sizes)
        if report.witness is not None:
            assert found.witness is not None
        if report.vacuous is not None:
            assert found.vacuous


@settings(max_examples=25)
@given(subject=partition_tasks(max_side=2))
def test_reasons_hold_at_every_size_of_the_range(subject: Task) -> None:
    """What is said to be empty at any size is empty at one."""
    for task_class in subject.classes:
        found = found_for(subject, task_class.name)
        if found.vacuous:
            assert found_for(subject, task_class.name, "3x3").witness is None


@pytest.mark.parametrize("sizes", ["any", "1x1", "1x1..2x9", "3x3..any", "5000x5000", "7x1000000..any"])
def test_a_class_that_needs_nothing(sizes: str) -> None:
    assert found_for(YES_NO, "n", sizes).witness is not None
    assert found_for(YES_NO, "y", sizes).witness is not None


def test_templates_that_cover_each_other() -> None:
    """Two features that fit into 1x3 only where they share a pixel, which no composition of patches does."""
    subject = task(
        [feature("ab", "#."), feature("bc", ".#")], [one_class("both", "ab bc"), one_class("not", "", "ab bc"), REST]
    )
    found = found_for(subject, "both", "1x3")
    assert found.witness is not None
    assert {s.name for s in found.witness.decision.statuses if s.state == "contains"} == {"ab", "bc"}


def test_no_room_is_decided_by_smt() -> None:
    subject = task([feature("ab", "#."), feature("cd", "##")], [one_class("both", "ab cd"), REST])
    assert found_for(subject, "both", "1x2").vacuous == "no image of size 1x2 has room for it (decided by SMT)"
    assert found_for(subject, "both", "1x2..1x3").witness is not None
    assert found_for(subject, "both", "1x2..2x2").witness is not None


def test_configurations_that_are_not_minimal() -> None:
    """Whoever contains the ring contains the bar, so that `ring` alone is not to be had, but both are."""
    subject = task([RING, feature("bar", "###")], [one_class("with ring", "ring"), one_class("without", "", "ring")])
    found = found_for(subject, "with ring")
    assert found.witness is not None
    assert found.witness.decision.configuration == {"ring", "bar"}


def test_implications_that_exclude_a_class_are_named_and_no_others() -> None:
    subject = task(
        [feature("narrow", "#."), feature("wide", "#?"), DOT, feature("dark", ".")],
        [one_class("x", "narrow", "wide"), one_class("y", "wide dot")],
    )
    reason = found_for(subject, "x").vacuous or ""
    assert reason.count("every template of") == 1
    assert '"narrow" lies inside one of "wide"' in reason


def test_features_that_fit_nowhere_and_features_that_nothing_avoids() -> None:
    always = feature("always", "??")
    subject = task([RING, always], [one_class("x", "ring"), one_class("y", "", "always"), REST])
    assert 'fit into no image of size 2x2: "ring" (3x3)' in (found_for(subject, "x", "2x2").vacuous or "")
    assert (
        found_for(subject, "y", "1x2..any").vacuous == 'no image avoids "always": every window is nearer than the gap'
    )
    # An image of one column has no room for it, and so avoids it.
    assert found_for(subject, "y").witness is not None


def test_a_first_template_that_cannot_be_used() -> None:
    """The first template of `two` is within the gap of `dark`, which the class forbids, in images too large for SMT."""
    two = Feature("two", (drawn("..", "##"), drawn("##", "##")), fmpq(1, 2))
    subject = task([two, feature("dark", "..")], [one_class("x", "two", "dark"), one_class("y", "", "two")])
    # Backgrounds have to be bright then, too.
    assert found_for(subject, "x", "20x20..any").witness is not None


def test_templates_that_together_leave_nothing_clear() -> None:
    both = Feature("both", (drawn("##"), drawn("..")), fmpq(15, 16))
    subject = task([both], [one_class("x", "both"), one_class("y", "", "both")])
    assert found_for(subject, "y", "1x2..any").vacuous == 'no image avoids "both": every window is nearer than the gap'
    # An image of one column has no room for it.
    assert found_for(subject, "y").witness is not None


def test_several_classes_with_the_same_images() -> None:
    subject = task([DOT, RING], [one_class("x", "dot"), one_class("y", "dot ring"), TaskClass("z", otherwise=True)])
    assert 'implies that of class "x"' in (found_for(subject, "y").vacuous or "")
    assert found_for(subject, "x").witness is not None


def test_time_is_kept() -> None:
    late = search(PLAIN)
    late._deadline = Deadline(0)
    with pytest.raises(OutOfTimeError):
        late.run(0)


def test_realising_a_configuration() -> None:
    chosen = search(PLAIN)
    both = chosen.realise(frozenset({"dot", "ring"}), "ring")
    assert both is not None
    assert both.decision.configuration == {"dot", "ring"}
    assert chosen.realise(frozenset({"dot"}), "ring") is None
    crowded = replace(chosen.instance, sizes=SizeRange.fixed(3, 3))
    assert Search(crowded, Z3Solver(), Deadline(None)).realise(frozenset({"ring"}), "ring") is not None

"""Reasons why a class has no image: none of them is ever contradicted by an image."""

from __future__ import annotations

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import images, tasks
from support.tiny import drawn, feature, one_class, task

from exactcnn.core.sizes import SizeRange
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.decide import decide
from exactcnn.task.model import Feature, Task, TaskClass
from exactcnn.theorem.formulas import NOTHING_KNOWN, Known
from exactcnn.theorem.vacuity import (
    configuration_sequent,
    contradiction,
    implications,
    nowhere_clear,
    unavoidable,
    unfitting,
)

SOLVER = Z3Solver()
ANY = SizeRange()
YES, NO = one_class("yes", "a"), one_class("no", "", "a")


def known_at(subject: Task, sizes: SizeRange) -> Known:
    pairs = tuple((i.first, i.second) for i in implications(subject))
    return Known(unfitting(subject, sizes), unavoidable(subject, sizes), pairs)


@settings(max_examples=120)
@given(data=st.data())
def test_what_geometry_says_holds_on_images(data: st.DataObject) -> None:
    subject = data.draw(tasks(max_side=2, max_channels=1))
    image = data.draw(images(subject, max_height=4, max_width=4))
    known = known_at(subject, SizeRange.fixed(*image.shape[1:]))
    states = [s.state for s in decide(subject, image).statuses]
    contained = {n for n, state in enumerate(states) if state == "contains"}
    avoided = {n for n, state in enumerate(states) if state == "avoids"}
    assert not contained & known.absent
    assert not avoided & known.present
    for first, second in known.implied:
        assert not (first in contained and second in avoided)


@settings(max_examples=80)
@given(data=st.data())
def test_a_configuration_that_occurs_is_possible(data: st.DataObject) -> None:
    subject = data.draw(tasks(max_side=2, max_channels=1))
    image = data.draw(images(subject, max_height=4, max_width=4))
    label = decide(subject, image).label
    if label is None:
        return
    index = [c.name for c in subject.classes].index(label)
    known = known_at(subject, SizeRange.fixed(*image.shape[1:]))
    sequent, _ = configuration_sequent(subject, index, known)
    assert SOLVER.decide(sequent).status is Status.FAILS
    assert all(SOLVER.decide(s).status is Status.FAILS for s, _ in contradiction(subject, index))


@settings(max_examples=60)
@given(subject=tasks(max_side=1, max_channels=1))
def test_configurations_found_have_just_the_class(subject: Task) -> None:
    names = [f.name for f in subject.features]
    for index, task_class in enumerate(subject.classes):
        sequent, atoms = configuration_sequent(subject, index, NOTHING_KNOWN)
        answer = SOLVER.decide(sequent)
        if answer.status is Status.FAILS:
            found = frozenset(names[f] for f, atom in atoms.items() if atom in answer.atoms)
            assert subject.label(found) == task_class.name
        else:
            assert answer.status is Status.HOLDS
            some = [s for s, _ in contradiction(subject, index) if SOLVER.decide(s).status is Status.HOLDS]
            assert some, "a class without any configuration has a reason of its own"


def two(first: Feature, second: Feature) -> Task:
    return task([first, second], [one_class("x", "a", "b"), one_class("y", "b"), TaskClass("z", otherwise=True)])


@pytest.mark.parametrize(
    ("inner", "outer", "pairs"),
    [
        # The same box, and a box inside another.
        (("#.",), ("#.",), [(0, 1), (1, 0)]),
        (("#.",), ("#?",), [(0, 1)]),
        (("#?",), ("#.",), [(1, 0)]),
        # A larger template that holds the smaller one, at any place of it.
        (("..", ".#"), ("#",), [(0, 1)]),
        (("#",), ("..", ".#"), [(1, 0)]),
        # Nothing to do with each other.
        (("#.",), (".#",), []),
        (("##",), ("#", "#"), []),
    ],
)
def test_boxes_inside_others(inner: tuple[str, ...], outer: tuple[str, ...], pairs: list[tuple[int, int]]) -> None:
    subject = two(feature("a", *inner), feature("b", *outer))
    assert [(i.first, i.second) for i in implications(subject)] == pairs


@pytest.mark.parametrize(("gap", "implied"), [("1/4", []), ("255/1024", []), ("257/1024", [(0, 1)])])
def test_nearness_is_measured_against_the_gap(gap: str, implied: list[tuple[int, int]]) -> None:
    """Two boxes that differ by 1/4 in one pixel: a window of one may be as far as 1/4 from the other."""
    subject = two(feature("a", "#", tolerance="1/2", gap=1), feature("b", "#", tolerance="1/4", gap=gap))
    found = [i for i in implications(subject) if i.first == 0]
    assert [(i.first, i.second) for i in found] == implied
    assert all(i.excess == fmpq(1, 4) for i in found)


def test_every_template_has_to_be_near() -> None:
    several = tuple(Feature(name, (drawn("#."), drawn(".#")), fmpq(1, 2)) for name in "ab")
    single = feature("a", "#."), feature("b", "#.")
    assert [(i.first, i.second) for i in implications(two(several[0], single[1]))] == [(1, 0)]
    assert [(i.first, i.second) for i in implications(two(single[0], several[1]))] == [(0, 1)]
    assert [(i.first, i.second) for i in implications(two(*several))] == [(0, 1), (1, 0)]


def test_implications_explain_themselves() -> None:
    inside = two(feature("a", "#"), feature("b", "?"))
    (reason,) = [i for i in implications(inside) if i.first == 0]
    assert reason.explain(inside) == (
        'every template of "a" lies inside one of "b", whose gap is 1/2: no image can contain "a" and avoid "b"'
    )
    near = two(feature("a", "#", tolerance="1/2"), feature("b", "#", tolerance="1/4"))
    (reason,) = [i for i in implications(near) if i.first == 0]
    assert 'every template of "a" is within 1/4 of one of "b"' in reason.explain(near)


def test_features_that_nothing_avoids() -> None:
    always = feature("a", "?", gap="1/2")
    nearly = feature("a", "#", tolerance="3/4", gap="1/2")
    barely = feature("a", "#", tolerance="1/2", gap="1/2")
    large = feature("a", "??", "??")
    for subject, sizes, found in (
        (always, ANY, {0}),
        (nearly, ANY, {0}),
        (barely, ANY, set()),
        (large, ANY, set()),
        (large, SizeRange(2, None, 2, None), {0}),
        (large, SizeRange(2, None, 1, None), set()),
    ):
        assert unavoidable(task([subject], [YES, NO]), sizes) == found


@settings(max_examples=60)
@given(data=st.data())
def test_nowhere_clear_is_never_contradicted(data: st.DataObject) -> None:
    subject = data.draw(tasks(max_side=2, max_channels=1, max_templates=3))
    image = data.draw(images(subject, max_height=3, max_width=3))
    for number, status in enumerate(decide(subject, image).statuses):
        nowhere = SOLVER.decide(nowhere_clear(subject, number)).status is Status.HOLDS
        assert nowhere or number not in unavoidable(subject, SizeRange(9, None, 9, None))
        assert not (nowhere and status.state == "avoids" and status.nearest is not None)


@pytest.mark.parametrize(("gap", "holds"), [(fmpq(7, 8), False), (fmpq(15, 16), True)])
def test_templates_that_leave_no_room_together(gap: fmpq, holds: bool) -> None:
    """Black up to 1/8 and white from 7/8 on: a pixel of each is 7/8 away from both, and no window farther."""
    both = Feature("f", (drawn("##"), drawn("..")), gap)
    subject = task([both], [one_class("x", "f"), one_class("y", "", "f")])
    assert (SOLVER.decide(nowhere_clear(subject, 0)).status is Status.HOLDS) is holds
    assert unavoidable(subject, SizeRange(2, None, 2, None)) == set()


def test_features_that_fit_nowhere() -> None:
    subject = two(feature("a", "##", "##", "##"), feature("b", "###"))
    for sizes, found in (("any", set()), ("3x3", set()), ("2x3", {0}), ("3x2", {1}), ("1x1..2x2", {0, 1})):
        assert unfitting(subject, SizeRange.parse(sizes)) == found
    assert unfitting(subject, SizeRange(1, 2, 1, None)) == {0}


def reasons(subject: Task, index: int) -> list[str]:
    return [reason for s, reason in contradiction(subject, index) if SOLVER.decide(s).status is Status.HOLDS]


def test_the_simplest_reason_comes_first() -> None:
    features = [feature("a", "#"), feature("b", "#.")]
    absurd = task(features, [one_class("x", "a", "a"), NO])
    assert reasons(absurd, 0)[0] == 'the formula of class "x" contradicts itself'
    equal = task(features, [one_class("x", "a"), one_class("y", "a"), NO])
    assert reasons(equal, 0)[0] == 'the formula of class "x" equals that of class "y"'
    narrower = task(features, [one_class("x", "a b"), one_class("y", "a"), NO])
    assert reasons(narrower, 0)[0] == 'the formula of class "x" implies that of class "y"'
    assert reasons(narrower, 1) == []
    covered = task(features, [one_class("x", "a"), one_class("y", "a b"), one_class("z", "a", "b")])
    assert reasons(covered, 0) == ['every configuration of class "x" also satisfies another class']
    nothing_left = task(features, [YES, NO, TaskClass("z", otherwise=True)])
    assert reasons(nothing_left, 2) == ["the other classes cover every configuration"]

"""The modular method on classes without images, and at the exact limit of the gap."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import fmpq
from support.outcomes import (
    DOT,
    ONE,
    PROVED,
    REFUTED,
    REST,
    RING,
    VACUOUS,
    answer,
)
from support.tiny import dense, drawn, feature, one_class, task

from exactcnn import api
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import (
    Network,
)
from exactcnn.task.model import Feature, Task

# -- classes without images --------------------------------------------------------------------------------------------


def test_a_box_inside_another() -> None:
    """Whoever exhibits the narrow template exhibits the wide one: forbidding that leaves no image."""
    narrow, wide = feature("narrow", "#."), feature("wide", "#?")
    subject = task([narrow, wide], [one_class("only narrow", "narrow", "wide"), one_class("wide", "wide"), REST])
    found = answer(subject)
    assert found.verdict is VACUOUS
    reason = found.classes[0].vacuous or ""
    assert 'every template of "narrow" lies inside one of "wide"' in reason
    assert 'no image can contain "narrow" and avoid "wide"' in reason
    assert [r.vacuous is None for r in found.classes] == [False, True, True]
    assert answer(task([narrow, wide], [one_class("only wide", "wide", "narrow"), REST])).verdict is PROVED


def test_a_smaller_template_inside_a_larger() -> None:
    subject = task([RING, feature("bar", "###")], [one_class("ring alone", "ring", "bar"), REST])
    found = answer(subject)
    assert found.verdict is VACUOUS
    assert 'every template of "ring" lies inside one of "bar"' in (found.classes[0].vacuous or "")


def test_equal_classes() -> None:
    subject = task([DOT, RING], [one_class("x", "dot"), one_class("y", "dot"), REST])
    found = answer(subject)
    assert found.verdict is VACUOUS
    assert found.classes[0].vacuous == 'the formula of class "x" equals that of class "y"'
    assert found.classes[1].vacuous == 'the formula of class "y" equals that of class "x"'
    assert found.classes[2].witness is not None


def test_a_class_that_contradicts_itself() -> None:
    found = answer(task([DOT], [one_class("x", "dot", "dot"), one_class("y", "dot"), REST]))
    assert found.verdict is VACUOUS
    assert found.classes[0].vacuous == 'the formula of class "x" contradicts itself'


def test_nothing_left_over() -> None:
    found = answer(task([DOT], [one_class("x", "dot"), one_class("y", "", "dot"), REST]))
    assert found.verdict is VACUOUS
    assert found.classes[2].vacuous == "the other classes cover every configuration"


def test_a_feature_that_nothing_avoids() -> None:
    subject = task([feature("any", "?"), DOT], [one_class("x", "dot", "any"), one_class("y", "any")])
    found = answer(subject)
    assert found.verdict is VACUOUS
    assert found.classes[0].vacuous == 'no image avoids "any": every window is nearer than the gap'


CROSS, BOX, STEP = feature("cross", ".#.", "###", ".#."), RING, feature("step", "##.", "#..", "...")
CROWDED = task([CROSS, BOX, STEP], [one_class("all", "cross ring step"), one_class("none", "", "cross ring step")])


def test_a_class_that_fits_only_in_larger_images() -> None:
    small = answer(CROWDED, sizes="4x4")
    assert small.verdict is VACUOUS
    assert small.classes[0].vacuous == "no image of size 4x4 has room for it (decided by SMT)"
    for sizes in ("16x16", "any", "4x4..any"):
        found = answer(CROWDED, sizes=sizes)
        assert (found.verdict, found.margin) == (PROVED, ONE)


# -- the gap -----------------------------------------------------------------------------------------------------------

GAP = fmpq(1, 3)
SLIGHTLY_LESS = GAP * (1 - fmpq(1, 2**40))


def gap_task(gap: fmpq) -> Task:
    return task([Feature("f", (drawn("#.", tolerance="1/16"),), gap)], [one_class("y", "f"), one_class("n", "", "f")])


def amplified(threshold: fmpq) -> Network:
    """The detector D of gap 1/3, with logits D/threshold for `y` and 1 for `n`."""
    stem = api.build(gap_task(GAP), arithmetic="rational").layers[:5]
    return Network((*stem, dense([[str(1 / threshold)], [0]], [0, 1])), 1)


def test_the_gap_exactly_at_the_limit() -> None:
    found = answer(gap_task(GAP), api.build(gap_task(GAP), arithmetic="rational"))
    assert (found.verdict, found.margin, found.margin_attained) == (PROVED, ONE, True)


def test_the_gap_one_part_in_2_to_the_40_beyond_the_limit() -> None:
    """The detector rises to 2^-40 on an image that just avoids the feature, which the margin pays for twice."""
    found = answer(gap_task(SLIGHTLY_LESS), api.build(gap_task(GAP), arithmetic="rational"))
    assert (found.verdict, found.margin) == (PROVED, 1 - fmpq(1, 2**39))


@pytest.mark.parametrize(
    ("gap", "threshold", "verdict"),
    [
        (GAP, fmpq(1, 2**41), PROVED),
        (SLIGHTLY_LESS, fmpq(1, 2**39), PROVED),
        (SLIGHTLY_LESS, fmpq(1, 2**40), REFUTED),
        (SLIGHTLY_LESS, fmpq(1, 2**41), REFUTED),
        # Just above what the detector reaches.
        (SLIGHTLY_LESS, fmpq(1, 2**40) + fmpq(1, 2**80), PROVED),
    ],
)
def test_a_network_that_sees_one_part_in_2_to_the_40(gap: fmpq, threshold: fmpq, verdict: Verdict) -> None:
    for sizes in ("any", "3x3"):
        assert answer(gap_task(gap), amplified(threshold), sizes).verdict is verdict


def test_the_template_slightly_wider_than_the_network_allows() -> None:
    """Wider by 2^-40: the detector falls short of 1 by as many gaps, for each pixel that is wider."""
    network = api.build(gap_task(GAP), arithmetic="rational")
    wide = replace(
        gap_task(GAP), features=(Feature("f", (drawn("#.", tolerance=str(fmpq(1, 16) + fmpq(1, 2**40))),), GAP),)
    )
    found = answer(wide, network)
    assert (found.verdict, found.margin) == (PROVED, 1 - 2 * fmpq(2, 2**40) / GAP)

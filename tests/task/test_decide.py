"""The exact decision against a naive one in plain fractions, and its words, limits and refusals."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import images, tasks

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.task import decide as module
from exactcnn.task.decide import decide, decide_batch
from exactcnn.task.model import Alternative, Feature, Task, TaskClass


@dataclass
class Naive:
    """A feature's status as the definitions say it, window by window."""

    state: str
    exhibiting: list[tuple[int, int, int]]
    nearest: Fraction | None
    offending: list[tuple[int, int, int, Fraction]]


def naive_status(feature: Feature, image: ExactTensor) -> Naive:
    pixels = image.fractions()
    bounds = [(t.low.fractions(), t.high.fractions()) for t in feature.templates]
    gap = Fraction(int(feature.gap.p), int(feature.gap.q))
    result = Naive("avoids", [], None, [])
    _, rows, columns = pixels.shape
    for top, left in product(range(rows - feature.height + 1), range(columns - feature.width + 1)):
        excesses = []
        for low, high in bounds:
            total = Fraction(0)
            for c, i, j in np.ndindex(*low.shape):
                x = pixels[c, top + i, left + j]
                if x > high[c, i, j]:
                    total += x - high[c, i, j]
                elif x < low[c, i, j]:
                    total += low[c, i, j] - x
            excesses.append(total)
        least = min(excesses)
        result.nearest = least if result.nearest is None else min(least, result.nearest)
        result.exhibiting += [(top, left, t) for t, e in enumerate(excesses) if e == 0]
        if 0 < least < gap:
            result.offending.append((top, left, excesses.index(least), least))
    if result.exhibiting:
        result.state = "contains"
    elif result.offending:
        result.state = "neither"
    return result


def check(task: Task, image: ExactTensor) -> str:
    decision = decide(task, image)
    expected = [naive_status(f, image) for f in task.features]
    for feature, status, naive in zip(task.features, decision.statuses, expected, strict=True):
        assert status.name == feature.name
        assert status.state == naive.state
        assert [(w.row, w.column, w.template) for w in status.exhibiting] == naive.exhibiting
        assert status.exhibiting_count == len(naive.exhibiting)
        assert status.nearest == (None if naive.nearest is None else fmpq(*naive.nearest.as_integer_ratio()))
        assert [(m.window.row, m.window.column, m.window.template) for m in status.offending] == [
            o[:3] for o in naive.offending
        ]
        assert [m.excess for m in status.offending] == [fmpq(*o[3].as_integer_ratio()) for o in naive.offending]
        assert status.offending_count == len(naive.offending)
    states = {n.state for n in expected}
    contained = {f.name for f, n in zip(task.features, expected, strict=True) if n.state == "contains"}
    if "neither" in states:
        assert decision.configuration is None
        assert decision.satisfied == ()
        assert "only almost there" in (decision.reason or "")
        assert not decision.admissible
        return "neither"
    assert decision.configuration == contained
    named = [
        c.name
        for c in task.classes
        if any(
            all(r in contained for r in a.requires) and not any(f in contained for f in a.forbids)
            for a in c.alternatives
        )
    ]
    satisfied = named or [c.name for c in task.classes if c.otherwise]
    assert list(decision.satisfied) == satisfied
    assert decision.label == (satisfied[0] if len(satisfied) == 1 else None)
    assert decision.admissible == (len(satisfied) == 1)
    assert (decision.reason is None) == decision.admissible
    return "admissible" if decision.admissible else "no label"


@given(st.data())
@settings(max_examples=150)
def test_decide_agrees_with_the_definitions(data: st.DataObject) -> None:
    task = data.draw(tasks())
    check(task, data.draw(images(task)))


def test_strategies_reach_every_answer() -> None:
    seen: set[str] = set()

    @given(st.data())
    @settings(max_examples=60, database=None)
    def run(data: st.DataObject) -> None:
        task = data.draw(tasks())
        seen.add(check(task, data.draw(images(task))))

    run()
    assert seen == {"neither", "admissible", "no label"}


@given(st.data())
@settings(max_examples=25)
def test_small_groups_and_bands_change_nothing(data: st.DataObject) -> None:
    task = data.draw(tasks(max_features=4))
    image = data.draw(images(task, max_height=6))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_MAX_MAPS", 2)
        patch.setattr(module, "_MAX_TEMPLATES", 2)
        patch.setattr(module, "_BAND_BYTES", 1)
        module._groups.cache_clear()
        check(task, image)
    module._groups.cache_clear()


def dot(value: fmpq, *, gap: fmpq, name: str = "dot") -> Feature:
    box = Box(ExactTensor.full((1, 1, 1), value), ExactTensor.full((1, 1, 1), value))
    return Feature(name, (box,), gap)


def two_classes(*features: Feature) -> Task:
    first = features[0].name
    return Task(
        "test",
        features,
        (TaskClass("with", (Alternative(requires=frozenset([first])),)), TaskClass("without", (), otherwise=True)),
    )


def row(*values: fmpq | int | str) -> ExactTensor:
    numbers = [fmpq(*map(int, v.split("/"))) if isinstance(v, str) else v for v in values]
    return ExactTensor.from_rationals(numbers, (len(numbers),)).reshape(1, 1, len(numbers))


@pytest.mark.parametrize("bits", [1, 20, 40, 60, 200])
def test_the_gap_is_exact_in_every_tier(bits: int) -> None:
    tiny = fmpq(1, 2**bits)
    task = two_classes(dot(fmpq(1), gap=fmpq(1, 2)))
    assert decide(task, row(fmpq(1, 2), 0)).label == "without"
    inside = decide(task, row(fmpq(1, 2) + tiny / 2, 0))
    assert inside.statuses[0].state == "neither"
    assert inside.statuses[0].nearest == fmpq(1, 2) - tiny / 2
    assert decide(task, row(fmpq(1, 2) + tiny / 2, 1)).label == "with"
    assert decide(task, row(fmpq(1) - tiny, 0)).statuses[0].state == ("avoids" if bits == 1 else "neither")


def test_a_gap_between_the_numerators_is_not_rounded() -> None:
    # Over the denominator 3, the gap 1/2 lies between the excesses 1/3 and 2/3.
    task = two_classes(dot(fmpq(1), gap=fmpq(1, 2)))
    assert [m.excess for m in decide(task, row("2/3", "1/3")).statuses[0].offending] == [fmpq(1, 3)]
    assert decide(task, row("1/3", "1/3")).label == "without"


def test_a_contained_feature_may_have_other_windows_in_between() -> None:
    decision = decide(two_classes(dot(fmpq(1), gap=fmpq(1, 2))), row(1, "3/4", 0))
    assert decision.label == "with"
    assert decision.statuses[0].state == "contains"
    assert [(m.window.column, m.excess) for m in decision.statuses[0].offending] == [(1, fmpq(1, 4))]


def test_an_image_smaller_than_the_window_avoids_the_feature() -> None:
    box = Box(ExactTensor.zeros((1, 3, 1)), ExactTensor.zeros((1, 3, 1)))
    decision = decide(two_classes(Feature("tall", (box,), fmpq(1, 2))), ExactTensor.zeros((1, 2, 9)))
    assert decision.label == "without"
    assert decision.statuses[0].nearest is None


def test_a_gap_larger_than_any_excess_is_never_reached() -> None:
    decision = decide(two_classes(dot(fmpq(1), gap=fmpq(10**40))), row(0, 0))
    assert decision.statuses[0].state == "neither"
    assert decision.statuses[0].offending_count == 2


def test_a_feature_of_dont_cares_is_everywhere() -> None:
    box = Box(ExactTensor.zeros((1, 1, 2)), ExactTensor.full((1, 1, 2), 1))
    decision = decide(two_classes(Feature("any", (box,), fmpq(1))), row(0, "1/3", 1))
    assert decision.statuses[0].exhibiting_count == 2
    assert decision.label == "with"


def test_windows_beyond_the_limit_are_counted() -> None:
    task = two_classes(dot(fmpq(0), gap=fmpq(1, 2)), dot(fmpq(1, 4), gap=fmpq(1), name="grey"))
    first, second = decide(task, ExactTensor.zeros((1, 7, 9)), limit=5).statuses
    assert (len(first.exhibiting), first.exhibiting_count) == (5, 63)
    assert (len(second.offending), second.offending_count) == (5, 63)
    assert [(w.row, w.column) for w in first.exhibiting] == [(0, c) for c in range(5)]
    (none, _) = decide(task, ExactTensor.zeros((1, 7, 9)), limit=0).statuses
    assert none.exhibiting == ()
    assert none.state == "contains"


def test_the_reason_names_window_and_distance() -> None:
    features = [dot(fmpq(1), gap=fmpq(1, 2), name=f"dot{i}") for i in range(5)]
    reason = decide(two_classes(*features), row(0, "7/8", "3/4")).reason or ""
    assert 'feature "dot0" is only almost there in the window at row 0, column 1' in reason
    assert "the excess is 1/8, where 0 or at least 1/2 is needed" in reason
    assert reason.endswith("and 2 more")


def test_the_reason_names_the_classes() -> None:
    ink = dot(fmpq(1), gap=fmpq(1, 2))
    always = Alternative(requires=frozenset(["dot"]))
    both = Task("t", (ink,), (TaskClass("a", (always,)), TaskClass("b", (always,))))
    assert decide(both, row(1)).reason == 'the image contains "dot", and that satisfies more than one class: "a", "b"'
    assert decide(both, row(0)).reason == "the image contains no feature, and that satisfies no class"


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (ExactTensor.zeros((2, 3, 3)), "shape (2, 3, 3)"),
        (ExactTensor.zeros((3, 3)), "shape (3, 3)"),
        (ExactTensor.zeros((1, 0, 3)), "shape (1, 0, 3)"),
        (row(0, 0, "9/8"), "channel 0, row 0, column 2 (counted from 0): a pixel outside the pixel range; found 9/8"),
        (row(-1, 5), "found -1; expected a value in [0, 1]"),
    ],
)
def test_what_is_no_image_of_the_task_is_refused(image: ExactTensor, part: str) -> None:
    with pytest.raises(InputError) as caught:
        decide(two_classes(dot(fmpq(1), gap=fmpq(1, 2))), image)
    assert part in str(caught.value)


def test_a_batch_is_its_images() -> None:
    task = two_classes(dot(fmpq(1), gap=fmpq(1, 2)))
    batch = ExactTensor.from_integers([[[[0, 1]]], [[[0, 0]]]])
    assert [d.label for d in decide_batch(task, batch)] == ["with", "without"]
    assert list(decide_batch(task, batch)) == [decide(task, batch[0]), decide(task, batch[1])]


def test_a_thousand_features_are_decided_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    features = []
    for number in range(1000):
        centre = ExactTensor.from_integers(rng.integers(0, 2, (1, 5, 5)))
        features.append(
            Feature(f"f{number}", (Box(centre, centre).widened(fmpq(1, 16)).cut(fmpq(0), fmpq(1)),), fmpq(1, 2))
        )
    task = two_classes(*features)
    image = ExactTensor.from_integers(rng.integers(0, 256, (1, 40, 40)), 255)
    statuses = decide(task, image).statuses
    assert len(statuses) == 1000
    for number in (0, 499, 999):
        assert statuses[number] == decide(two_classes(features[number]), image).statuses[0]

"""The audit against every placement of tiny tasks, and against accidental features that were planted."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.tasks import task_classes, tasks

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Window
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.task.audit import AuditResult, audit
from exactcnn.task.decide import decide
from exactcnn.task.generator import Sample, generate
from exactcnn.task.model import Alternative, Feature, GeneratorSpec, PixelRange, Task, TaskClass

DARK = ((fmpq(0), fmpq(1, 8)),)
MOST_PLACEMENTS = 400


# -- an independent decider: every placement, with pixels as near to the offended template as they can be --------------


def placements_of(task: Task, height: int, width: int) -> Iterator[tuple[Window, ...]]:
    """All choices of a configuration of exactly one class, of templates, and of places."""
    spacing = task.generator.spacing
    for chosen in product((False, True), repeat=len(task.features)):
        features = [f for f, there in zip(task.features, chosen, strict=True) if there]
        if task.label(frozenset(f.name for f in features)) is None:
            continue
        places = [
            [
                (Window(f.name, t, i, j), (i, i + f.height, j, j + f.width))
                for t in range(len(f.templates))
                for i in range(height - f.height + 1)
                for j in range(width - f.width + 1)
            ]
            for f in features
        ]
        for placed in product(*places):
            spans = [span for _, span in placed]
            pairs = [(a, b) for k, a in enumerate(spans) for b in spans[:k]]
            if all(max(a[0] - b[1], b[0] - a[1], a[2] - b[3], b[2] - a[3]) >= spacing for a, b in pairs):
                yield tuple(window for window, _ in placed)


class Intervals:
    """The task's intervals as integers over one denominator."""

    def __init__(self, task: Task) -> None:
        values = [v for f in task.features for t in f.templates for b in (t.low, t.high) for v in b.rationals()]
        values += [v for pair in task.generator.background for v in pair] + [task.pixel.low, task.pixel.high]
        self.denominator = math.lcm(*(int(v.q) for v in values))
        self.task = task
        self.background = [tuple(self.whole(v) for v in pair) for pair in task.generator.background]
        self.boxes = {f.name: [(self.array(t.low), self.array(t.high)) for t in f.templates] for f in task.features}

    def whole(self, value: fmpq) -> int:
        return int((value * self.denominator).p)

    def array(self, tensor: ExactTensor) -> np.ndarray:
        return np.array([self.whole(v) for v in tensor.rationals()], dtype=np.int64).reshape(tensor.shape)

    def picture(self, placements: tuple[Window, ...], height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
        low = np.empty((len(self.background), height, width), dtype=np.int64)
        high = low.copy()
        for channel, (first, last) in enumerate(self.background):
            low[channel], high[channel] = first, last
        whole_range = self.whole(self.task.pixel.low), self.whole(self.task.pixel.high)
        for window in placements:
            lowest, highest = self.boxes[window.feature][window.template]
            for c, i, j in np.ndindex(lowest.shape):
                interval = int(lowest[c, i, j]), int(highest[c, i, j])
                if interval != whole_range:
                    low[c, window.row + i, window.column + j], high[c, window.row + i, window.column + j] = interval
        return low, high

    def accident(self, placements: tuple[Window, ...], height: int, width: int) -> Window | None:
        """A window that can come too close to a feature that is not placed."""
        low, high = self.picture(placements, height, width)
        drawn = {w.feature for w in placements}
        for feature in self.task.features:
            if feature.name in drawn:
                continue
            for template, (lowest, highest) in enumerate(self.boxes[feature.name]):
                for i, j in product(range(height - feature.height + 1), range(width - feature.width + 1)):
                    rows, columns = slice(i, i + feature.height), slice(j, j + feature.width)
                    gaps = np.maximum(low[:, rows, columns] - highest, lowest - high[:, rows, columns])
                    if fmpq(int(np.maximum(gaps, 0).sum()), self.denominator) < feature.gap:
                        return Window(feature.name, template, i, j)
        return None


def by_hand(task: Task, height: int, width: int) -> Verdict:
    intervals, verdict = Intervals(task), Verdict.VACUOUS
    for number, placements in enumerate(placements_of(task, height, width)):
        assume(number < MOST_PLACEMENTS)
        if intervals.accident(placements, height, width) is not None:
            return Verdict.REFUTED
        verdict = Verdict.PROVED
    return verdict


def check_sample(task: Task, result: AuditResult) -> None:
    """The sample is one that the generator can make, and it is wrong."""
    sample, window = result.sample, result.window
    assert isinstance(sample, Sample)
    assert window is not None
    height, width = sample.image.shape[1:]
    assert (height, width) in result.sizes
    assert sample.label == task.label(sample.configuration)
    assert sample.configuration == {w.feature for w in sample.placements}
    assert window.feature not in sample.configuration
    spans = {
        w: (w.row, w.row + f.height, w.column, w.column + f.width)
        for w in sample.placements
        for f in task.features
        if f.name == w.feature
    }
    assert all(a >= 0 and b <= height and c >= 0 and d <= width for a, b, c, d in spans.values())
    for a, b in ((a, b) for a in spans.values() for b in spans.values() if a is not b):
        assert max(a[0] - b[1], b[0] - a[1], a[2] - b[3], b[2] - a[3]) >= task.generator.spacing
    intervals = Intervals(task)
    low, high = intervals.picture(sample.placements, height, width)
    drawn = Box(
        ExactTensor.from_integers(low, intervals.denominator), ExactTensor.from_integers(high, intervals.denominator)
    )
    assert drawn.excess(sample.image) == 0
    feature = task.features[task.feature_index[window.feature]]
    part = sample.image[:, window.row : window.row + feature.height, window.column : window.column + feature.width]
    assert feature.templates[window.template].excess(part) == result.excess < feature.gap
    assert decide(task, sample.image).configuration != sample.configuration


# -- tasks that are often close to the edge ----------------------------------------------------------------------------


@st.composite
def sharp_tasks(draw: st.DrawFn) -> Task:
    """Black and white templates without two that are equal, so that only neighbours can make accidents."""
    shapes = draw(st.lists(st.sampled_from([(1, 2), (2, 1), (1, 3), (2, 2), (1, 1), (2, 3)]), min_size=2, max_size=3))
    features = []
    for number, (height, width) in enumerate(shapes):
        ink = draw(st.lists(st.sampled_from([1, 1, 0]), min_size=height * width, max_size=height * width))
        low = [fmpq(15, 16) * v for v in ink]
        high = [fmpq(1, 16) + fmpq(15, 16) * v for v in ink]
        box = Box(
            ExactTensor.from_rationals(low, (1, height, width)), ExactTensor.from_rationals(high, (1, height, width))
        )
        gap = draw(st.sampled_from([fmpq(1, 2), fmpq(13, 16), fmpq(7, 8), fmpq(1)]))
        features.append(Feature(f"f{number}", (box,), gap))
    return Task(
        name="sharp",
        features=tuple(features),
        classes=draw(task_classes([f.name for f in features], max_classes=3)),
        generator=GeneratorSpec(DARK, draw(st.integers(0, 2))),
    )


@given(
    st.one_of(sharp_tasks(), sharp_tasks(), tasks(generator=True, max_features=3, max_side=2)),
    st.integers(1, 4),
    st.integers(1, 4),
)
@settings(max_examples=120)
def test_fixed_sizes_agree_with_every_placement(task: Task, height: int, width: int) -> None:
    result = audit(task, SizeRange.fixed(height, width))
    assert result.verdict is by_hand(task, height, width), result.reason
    if result.verdict is Verdict.REFUTED:
        check_sample(task, result)


@given(sharp_tasks(), st.integers(1, 4), st.integers(2, 4))
@settings(max_examples=60)
def test_any_size_covers_every_size(task: Task, height: int, width: int) -> None:
    everywhere = audit(task)
    here = by_hand(task, height, width)
    if everywhere.verdict is Verdict.PROVED:
        assert here is not Verdict.REFUTED
    elif everywhere.verdict is Verdict.VACUOUS:
        assert here is Verdict.VACUOUS
    else:
        assert everywhere.verdict is Verdict.REFUTED
        check_sample(task, everywhere)
        size = everywhere.sample.image.shape[1:]
        assert audit(task, SizeRange.fixed(*size)).verdict is Verdict.REFUTED


@given(sharp_tasks(), st.integers(2, 4), st.integers(2, 4))
@settings(max_examples=40)
def test_the_largest_size_of_a_range_decides(task: Task, height: int, width: int) -> None:
    result = audit(task, SizeRange(1, height, 2, width))
    assert result.verdict is by_hand(task, height, width)
    if result.verdict is Verdict.REFUTED:
        check_sample(task, result)


# -- planted accidents -------------------------------------------------------------------------------------------------


def drawn(name: str, *rows: str, gap: fmpq | None = None) -> Feature:
    """A feature of one template: '#' bright, '.' dark, '?' any; tolerance 1/16."""
    bounds = {"#": (fmpq(15, 16), fmpq(1)), ".": (fmpq(0), fmpq(1, 16)), "?": (fmpq(0), fmpq(1))}
    low = [[[bounds[c][0] for c in row] for row in rows]]
    high = [[[bounds[c][1] for c in row] for row in rows]]
    box = Box(ExactTensor.from_rationals(low), ExactTensor.from_rationals(high))
    return Feature(name, (box,), fmpq(1, 2) if gap is None else gap)


def needs(name: str, *required: str, forbids: tuple[str, ...] = ()) -> TaskClass:
    return TaskClass(name, (Alternative(frozenset(required), frozenset(forbids)),))


def apart(*features: Feature, spacing: int, background: tuple[tuple[fmpq, fmpq], ...] = DARK) -> Task:
    """The last feature is never drawn alone: only the others can make it, by accident."""
    *parts, whole = features
    names = [f.name for f in parts]
    classes = (needs("parts", *names, forbids=(whole.name,)), needs("all", *names, whole.name))
    return Task("apart", features, classes, generator=GeneratorSpec(background, spacing))


POST, TALL_POST = drawn("post", "##", "##"), drawn("tall post", "##", "##", "##")


@pytest.mark.parametrize(
    ("spacing", "verdict"), [(0, Verdict.REFUTED), (1, Verdict.REFUTED), (2, Verdict.PROVED), (3, Verdict.PROVED)]
)
def test_an_accident_across_two_neighbours_and_spacing_that_prevents_it(spacing: int, verdict: Verdict) -> None:
    task = apart(POST, TALL_POST, drawn("gate", "##.##", "##.##"), spacing=spacing)
    result = audit(task)
    assert result.verdict is verdict
    if verdict is Verdict.REFUTED:
        check_sample(task, result)
        assert result.window.feature == "gate"
        assert result.excess == 0
        assert result.sample.label == "parts"
        # Nothing smaller holds both posts with a column between them.
        assert result.sample.image.shape == (1, 3, 5)
        assert audit(task, SizeRange.fixed(3, 5)).verdict is Verdict.REFUTED
        assert audit(task, SizeRange.fixed(3, 4 + spacing)).verdict is (
            Verdict.PROVED if spacing == 0 else Verdict.REFUTED
        )
        assert audit(task, SizeRange.parse("7x9..any")).sample.image.shape == (1, 7, 9)


def test_at_a_size_without_room_for_the_accident_the_task_is_safe() -> None:
    task = apart(POST, TALL_POST, drawn("gate", "##.##", "##.##"), spacing=1)
    assert audit(task, SizeRange.fixed(6, 4)).verdict is Verdict.PROVED
    assert audit(task, SizeRange.fixed(4, 4)).verdict is Verdict.VACUOUS
    assert audit(task, SizeRange(5, None, 1, 4)).verdict is Verdict.PROVED
    assert audit(task, SizeRange(5, None, 1, 5)).verdict is Verdict.REFUTED


def test_the_gap_decides_at_its_exact_value() -> None:
    # The dark column of the gate meets a background of 1/2 .. 1 where it may be 1/16 at most: 2 * 7/16 = 7/8.
    bright = ((fmpq(1, 2), fmpq(1)),)
    for gap, verdict in ((fmpq(7, 8), Verdict.PROVED), (fmpq(7, 8) + fmpq(1, 2**80), Verdict.REFUTED)):
        # Dark posts, so that the bright background alone is far from them.
        dark, tall = drawn("dark", "..", ".."), drawn("tall", "..", "..", "..")
        task = apart(dark, tall, drawn("gate", ".....", ".....", gap=gap), spacing=1, background=bright)
        result = audit(task)
        assert result.verdict is verdict
        if verdict is Verdict.REFUTED:
            check_sample(task, result)
            assert result.excess == fmpq(7, 8)


def test_four_neighbours_together() -> None:
    blocks = [drawn(f"block{h}{w}", *["#" * w] * h) for h, w in ((2, 2), (2, 3), (3, 2), (3, 3))]
    window = drawn("window", "##.##", "##.##", ".....", "##.##", "##.##")
    result = audit(apart(*blocks, window, spacing=1))
    assert result.verdict is Verdict.REFUTED
    check_sample(apart(*blocks, window, spacing=1), result)
    assert result.excess == 0
    assert audit(apart(*blocks[1:], window, spacing=1)).verdict is Verdict.PROVED
    assert audit(apart(*blocks, window, spacing=2)).verdict is Verdict.PROVED


def test_the_background_alone_can_be_an_accident() -> None:
    task = Task(
        name="dark",
        features=(drawn("night", "...", gap=fmpq(1, 4)), drawn("star", "#")),
        classes=(needs("night", "night"), needs("star", "star", forbids=("night",))),
    )
    result = audit(task)
    assert result.verdict is Verdict.REFUTED
    check_sample(replace(task, generator=GeneratorSpec(DARK)), result)
    assert result.window.feature == "night"
    assert result.sample.label == "star"
    # An image too small for the window avoids the feature.
    assert audit(task, SizeRange.fixed(4, 2)).verdict is Verdict.PROVED


def test_dont_care_pixels_are_drawn_like_background() -> None:
    # The middle of "open" may be anything, but is drawn dark: it never looks like "line", though the box holds "###".
    features = (drawn("open", "#?#"), drawn("line", "###"))
    classes = (needs("open", "open", forbids=("line",)), needs("both", "open", "line"))
    assert audit(Task("care", features, classes, generator=GeneratorSpec(DARK))).verdict is Verdict.PROVED
    light = Task("care", features, classes, generator=GeneratorSpec(((fmpq(0), fmpq(1)),)))
    result = audit(light)
    assert result.verdict is Verdict.REFUTED
    check_sample(light, result)


def test_a_feature_that_no_class_leaves_out_is_no_accident() -> None:
    features = (drawn("post", "#", "#"), drawn("dot", "#"))
    # Every post holds a dot, and every class needs the dot too: what is drawn is what is there.
    classes = (needs("post", "post", "dot"), needs("dot", "dot", forbids=("post",)))
    assert audit(Task("dots", features, classes, generator=GeneratorSpec(DARK))).verdict is Verdict.PROVED
    classes = (needs("post", "post", forbids=("dot",)), needs("dot", "dot", forbids=("post",)))
    assert audit(Task("dots", features, classes, generator=GeneratorSpec(DARK))).verdict is Verdict.REFUTED


def test_several_templates_and_channels() -> None:
    def box(*channels: str) -> Box:
        value = {"#": fmpq(1), ".": fmpq(0)}
        rows = [[[value[c] for c in channel]] for channel in channels]
        return Box(ExactTensor.from_rationals(rows), ExactTensor.from_rationals(rows))

    red, green = box("#", "."), box(".", "#")
    mixed = Feature("mixed", (box("##", ".."), box("#.", ".#")), fmpq(1, 2))
    task = Task(
        name="colours",
        features=(Feature("red", (red,), fmpq(1, 2)), Feature("green", (green,), fmpq(1, 2)), mixed),
        classes=(needs("two", "red", "green", forbids=("mixed",)), needs("mixed", "mixed", "red", "green")),
        channels=("r", "g"),
        generator=GeneratorSpec(((fmpq(0), fmpq(0)),) * 2, 0),
    )
    result = audit(task)
    assert result.verdict is Verdict.REFUTED
    check_sample(task, result)
    assert (result.window.feature, result.window.template) == ("mixed", 1)
    assert audit(replace(task, generator=GeneratorSpec(((fmpq(0), fmpq(0)),) * 2, 1))).verdict is Verdict.PROVED


def test_other_pixel_ranges_and_numbers_beyond_machine_words() -> None:
    shift, unit = fmpq(10**20, 7), fmpq(1, 3**60)
    pixel = PixelRange(shift, shift + unit)

    def moved(feature: Feature) -> Feature:
        ends = [
            ExactTensor.from_rationals([shift + unit * v for v in b.rationals()], b.shape)
            for b in (feature.templates[0].low, feature.templates[0].high)
        ]
        return Feature(feature.name, (Box(*ends),), feature.gap * unit)

    parts = POST, TALL_POST, drawn("gate", "##.##", "##.##")
    for spacing, verdict in ((1, Verdict.REFUTED), (2, Verdict.PROVED)):
        task = Task(
            "far",
            tuple(moved(f) for f in parts),
            apart(*parts, spacing=spacing).classes,
            pixel=pixel,
            generator=GeneratorSpec(((shift, shift + unit / 8),), spacing),
        )
        assert audit(task).verdict is verdict


# -- tight images: the rest of a configuration has to go somewhere -----------------------------------------------------


def levels(name: str, *rows: str, gap: fmpq) -> Feature:
    """A feature of exact pixels: digit n means n/8."""
    values = [[[fmpq(int(c), 8) for c in row] for row in rows]]
    return Feature(name, (Box(*[ExactTensor.from_rationals(values)] * 2),), gap)


BLACK = ((fmpq(0), fmpq(0)),)


@pytest.mark.parametrize(("dots", "width", "gap"), [(1, 4, 1), (2, 5, 2), (3, 3, 3)])
def test_templates_forced_into_the_window_may_leave_it_too_close(dots: int, width: int, gap: int) -> None:
    # Each dot costs its brightness in the dark window, which is as wide as the image.
    parts = [levels(f"dot{k}", str(8 - k), gap=fmpq(1, 16)) for k in range(dots)]
    cost = sum((fmpq(8 - k, 8) for k in range(dots)), fmpq(0))
    for least, verdict in ((cost, Verdict.PROVED), (cost + fmpq(1, 1000), Verdict.REFUTED)):
        night = levels("night", "0" * width, gap=least)
        task = apart(*parts, night, spacing=0, background=BLACK)
        result = audit(task, SizeRange.fixed(1, width))
        assert result.verdict is verdict
        if verdict is Verdict.REFUTED:
            check_sample(task, result)
            assert result.excess == cost <= gap


def test_a_feature_more_than_needed_can_make_the_accident() -> None:
    # Window 8004 is the whole image. "m" on its 8 and "a" in its middle leave 3/4, which is clear; "b" on its 4, which
    # no class asks for, brings it down to 1/4.
    m, a, b = levels("m", "8", gap=fmpq(1, 8)), levels("a", "20", gap=fmpq(1, 8)), levels("b", "4", gap=fmpq(1, 8))
    t = levels("t", "8004", gap=fmpq(3, 4))
    classes = (needs("one", "m", "a", forbids=("t",)), needs("two", "m", "a", "b", "t"))
    task = Task("more", (m, a, b, t), classes, generator=GeneratorSpec(BLACK, 0))
    result = audit(task, SizeRange.fixed(1, 4))
    assert result.verdict is Verdict.REFUTED
    check_sample(task, result)
    assert result.sample.configuration == {"m", "a", "b"}
    without = replace(task, classes=(needs("one", "m", "a", forbids=("t", "b")), needs("two", "m", "a", "b", "t")))
    assert audit(without, SizeRange.fixed(1, 4)).verdict is Verdict.PROVED


def test_the_window_may_have_to_be_in_the_middle() -> None:
    # Two lying and two standing dominoes fill a 3x3 image but for its middle, and in no other way.
    parts = [
        levels("lying", "78", gap=fmpq(1, 8)),
        levels("lying too", "87", gap=fmpq(1, 8)),
        levels("standing", "7", "8", gap=fmpq(1, 8)),
        levels("standing too", "8", "7", gap=fmpq(1, 8)),
    ]
    task = apart(*parts, levels("hole", "0", gap=fmpq(1, 8)), spacing=0, background=BLACK)
    result = audit(task, SizeRange.fixed(3, 3))
    assert result.verdict is Verdict.REFUTED
    check_sample(task, result)
    assert (result.window.row, result.window.column) == (1, 1)


@pytest.mark.parametrize("name", ["_SEARCH_STEPS", "_COMPLETION_STEPS", "_ALL_STEPS", "_ALL_COMPLETION_STEPS"])
def test_a_search_too_long_is_unknown_and_never_safe(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(f"exactcnn.task.audit.{name}", 1)
    task = apart(POST, TALL_POST, drawn("gate", "##.##", "##.##"), spacing=1)
    result = audit(task, SizeRange.fixed(6, 6))
    assert result.verdict is Verdict.UNKNOWN
    assert "too long" in result.reason


# -- with the generator ------------------------------------------------------------------------------------------------


def test_what_is_proved_safe_never_has_to_be_redrawn_and_never_fails() -> None:
    task = apart(POST, TALL_POST, drawn("gate", "##.##", "##.##"), spacing=2)
    assert audit(task).verdict is Verdict.PROVED
    for sample in generate(task, count=30, height=9, width=12, seed=5):
        assert decide(task, sample.image).configuration == sample.configuration


def test_no_configuration_at_all_is_vacuous() -> None:
    features = (drawn("a", "#"), drawn("b", "##"))
    classes = (needs("one", "a"), needs("same", "a"))
    result = audit(Task("equal", features, classes))
    assert result.verdict is Verdict.VACUOUS
    assert result.sample is None


@pytest.mark.parametrize(
    ("spec", "word"),
    [
        (GeneratorSpec(DARK, -1), "spacing"),
        (GeneratorSpec(((fmpq(1, 2), fmpq(1, 4)),)), "background"),
        (GeneratorSpec(((fmpq(0), fmpq(3, 2)),)), "background"),
    ],
)
def test_an_unusable_generator_is_refused(spec: GeneratorSpec, word: str) -> None:
    task = apart(POST, TALL_POST, drawn("gate", "##.##", "##.##"), spacing=1)
    with pytest.raises(InputError, match=word):
        audit(replace(task, generator=spec))


def test_progress_goes_from_nothing_to_all() -> None:
    seen: list[tuple[str, int, int]] = []
    task = apart(POST, TALL_POST, drawn("gate", "##.##", "##.##"), spacing=2)
    audit(task, progress=lambda *step: seen.append(step))
    assert seen == [("templates", k, 3) for k in range(4)]

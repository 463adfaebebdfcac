"""Generated images: the same for the same seed, admissible, and lossless as bytes."""

from __future__ import annotations

import hashlib
from collections import Counter
from dataclasses import replace
from itertools import islice

import numpy as np
import pytest
from flint import fmpq
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from support.tasks import tasks

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.canvas import generator_of
from exactcnn.task.decide import decide
from exactcnn.task.generator import Sample, candidates, generate, generate_configuration
from exactcnn.task.model import Alternative, Feature, GeneratorSpec, PixelRange, Task, TaskClass

DARK = ((fmpq(0), fmpq(1, 8)),)


def drawn(name: str, *rows: str, tolerance: fmpq | None = None) -> Feature:
    """A feature of one template: '#' bright, '.' dark, '?' any."""
    slack = fmpq(1, 16) if tolerance is None else tolerance
    bounds = {"#": (1 - slack, fmpq(1)), ".": (fmpq(0), slack), "?": (fmpq(0), fmpq(1))}
    low = [[[bounds[c][0] for c in row] for row in rows]]
    high = [[[bounds[c][1] for c in row] for row in rows]]
    return Feature(name, (Box(ExactTensor.from_rationals(low), ExactTensor.from_rationals(high)),), fmpq(1, 2))


def needs(name: str, *required: str, forbids: tuple[str, ...] = ()) -> TaskClass:
    return TaskClass(name, (Alternative(frozenset(required), frozenset(forbids)),))


CROSS, RING, BAR = drawn("cross", ".#.", "###", ".#."), drawn("ring", "###", "#.#", "###"), drawn("bar", "?####")
SIGNS = Task(
    name="signs",
    features=(CROSS, RING, BAR),
    classes=(needs("plus", "cross", forbids=("ring",)), TaskClass("else", otherwise=True)),
    generator=GeneratorSpec(DARK, 1),
)


def digest(samples: list[Sample]) -> str:
    parts = []
    for sample in samples:
        pixels = ",".join(str(v) for v in sample.image.rationals())
        parts.append(f"{sample.label} {sorted(sample.configuration)} {sample.placements} {pixels}")
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def test_the_same_seed_gives_the_same_images_on_every_platform() -> None:
    first = list(generate(SIGNS, count=6, height=9, width=11, seed=20))
    assert digest(first) == digest(list(generate(SIGNS, count=6, height=9, width=11, seed=20)))
    # Pinned: a change here changes everybody's data sets.
    assert digest(first)[:12] == "d4b8154ca0ce"


def test_seeds_and_sizes_matter_and_the_count_does_not() -> None:
    first = list(generate(SIGNS, count=6, height=9, width=11, seed=20))
    assert digest(first) != digest(list(generate(SIGNS, count=6, height=9, width=11, seed=21)))
    assert digest(first[:4]) == digest(list(generate(SIGNS, count=4, height=9, width=11, seed=20)))
    assert len({digest([s]) for s in first}) == 6
    assert list(generate(SIGNS, count=0, height=9, width=11, seed=20)) == []


def check(task: Task, sample: Sample, height: int, width: int) -> None:
    spec = generator_of(task)
    assert sample.image.shape == (len(task.channels), height, width)
    decision = decide(task, sample.image)
    assert decision.admissible
    assert decision.label == sample.label == task.label(sample.configuration)
    assert decision.configuration == sample.configuration
    assert [w.feature for w in sample.placements] == [f.name for f in task.features if f.name in sample.configuration]
    background = np.ones((height, width), dtype=bool)
    spans = []
    for window in sample.placements:
        feature = task.features[task.feature_index[window.feature]]
        rows = slice(window.row, window.row + feature.height)
        columns = slice(window.column, window.column + feature.width)
        assert background[rows, columns].shape == (feature.height, feature.width)
        assert background[rows, columns].all()
        background[rows, columns] = False
        assert feature.templates[window.template].excess(sample.image[:, rows, columns]) == 0
        spans.append((rows.start, rows.stop, columns.start, columns.stop))
    for a, b in ((a, b) for k, a in enumerate(spans) for b in spans[:k]):
        assert max(a[0] - b[1], b[0] - a[1], a[2] - b[3], b[2] - a[3]) >= spec.spacing
    for channel, (low, high) in enumerate(spec.background):
        values = sample.image[channel].fractions()[background]
        assert all(low <= fmpq(v.numerator, v.denominator) <= high for v in values)
    span = task.pixel.high - task.pixel.low
    bytes_ = [(v - task.pixel.low) * 255 / span for v in sample.image.rationals()]
    assert all(int(b.q) == 1 and 0 <= b <= 255 for b in bytes_)


@st.composite
def drawable_tasks(draw: st.DrawFn) -> Task:
    """Tasks every interval of which holds a byte, with a class for whatever no other takes."""
    task = draw(tasks(generator=True, max_classes=3))
    slack = (task.pixel.high - task.pixel.low) / 510
    wide = [
        replace(f, templates=tuple(t.widened(slack).cut(task.pixel.low, task.pixel.high) for t in f.templates))
        for f in task.features
    ]
    classes = [c for c in task.classes if not c.otherwise]
    return replace(task, features=tuple(wide), classes=(*classes, TaskClass("rest", otherwise=True)))


@given(drawable_tasks(), st.integers(4, 12), st.integers(4, 12), st.integers(0, 2**70))
# Many random tasks have a class that nothing satisfies, or images that can't be admissible.
@settings(max_examples=30, suppress_health_check=[HealthCheck.filter_too_much])
def test_every_image_is_what_it_says(task: Task, height: int, width: int, seed: int) -> None:
    try:
        samples = list(generate(task, count=3, height=height, width=width, seed=seed))
    except InputError:
        assume(False)
    assert len(samples) == 3
    for sample in samples:
        check(task, sample, height, width)


def test_all_classes_configurations_and_places_turn_up() -> None:
    samples = list(generate(SIGNS, count=300, height=9, width=11, seed=1))
    labels = Counter(s.label for s in samples)
    assert min(labels.values()) > 110
    assert {s.configuration for s in samples if s.label == "plus"} == {
        frozenset({"cross"}),
        frozenset({"cross", "bar"}),
    }
    elsewhere = {s.configuration for s in samples if s.label == "else"}
    assert {frozenset(), frozenset({"bar"}), frozenset({"ring"}), frozenset({"cross", "ring"})} <= elsewhere
    rows = {w.row for s in samples for w in s.placements if w.feature == "cross"}
    columns = {w.column for s in samples for w in s.placements if w.feature == "cross"}
    assert rows == set(range(7))
    assert columns == set(range(9))
    assert {v for s in samples for v in s.image.rationals()} >= {fmpq(k, 255) for k in (*range(32), *range(240, 256))}


def test_every_alternative_turns_up_alone() -> None:
    """Features of another alternative of the class come by chance, not with every image."""
    pairs = [("cross", "bar"), ("cross", "ring"), ("bar", "ring")]
    alternatives = tuple(Alternative(frozenset(pair), frozenset()) for pair in pairs)
    task = replace(SIGNS, classes=(TaskClass("two", alternatives), TaskClass("fewer", otherwise=True)))
    samples = list(generate(task, count=200, height=12, width=12, seed=5))
    found = Counter(s.configuration for s in samples if s.label == "two")
    assert set(found) == {*(frozenset(pair) for pair in pairs), frozenset({"cross", "bar", "ring"})}
    assert min(found.values()) >= 5
    assert max(Counter(s.configuration for s in samples if s.label == "fewer").values()) < 100


def test_an_alternative_that_forbids_another_ones_feature() -> None:
    alternatives = (
        Alternative(frozenset({"cross"}), frozenset({"bar"})),
        Alternative(frozenset({"bar"}), frozenset({"cross", "ring"})),
    )
    task = replace(SIGNS, classes=(TaskClass("one", alternatives), needs("ringed", "ring", "bar", forbids=("cross",))))
    samples = list(generate(task, count=120, height=12, width=12, seed=5))
    found = {s.configuration for s in samples if s.label == "one"}
    assert found == {frozenset({"cross"}), frozenset({"cross", "ring"}), frozenset({"bar"})}
    for sample in samples:
        check(task, sample, 12, 12)


def test_classes_that_ask_for_features_no_alternative_names() -> None:
    # "other" fails only where its own feature comes with the one that "main" forbids.
    classes = (needs("main", "cross", "ring", forbids=("bar",)), needs("bars", "bar"))
    task = replace(SIGNS, classes=classes)
    for sample in generate(task, count=20, height=12, width=12, seed=3):
        check(task, sample, 12, 12)


def test_many_features_and_words() -> None:
    letters = tuple(
        drawn(
            f"l{k}",
            "######",
            *["#" + "".join("#" if (k >> (4 * i + j)) & 1 else "." for j in range(4)) + "#" for i in range(2)],
            "######",
        )
        for k in range(1, 255, 5)
    )
    words = [("l1", "l6", "l11"), ("l16", "l21"), ("l251", "l246", "l241")]
    classes = (*(needs("".join(w), *w) for w in words), TaskClass("none", otherwise=True))
    task = Task("letters", letters, classes, generator=GeneratorSpec(DARK, 1))
    labels = set()
    for sample in islice(generate(task, count=40, height=40, width=40, seed=9), 40):
        check(task, sample, 40, 40)
        labels.add(sample.label)
    assert labels == {c.name for c in classes}


def test_a_tight_image_is_filled_though_random_places_rarely_fit() -> None:
    features = tuple(drawn(f"f{k}", *["#" * 2] * 2, tolerance=fmpq(1, 20 + k)) for k in range(9))
    names = [f.name for f in features]
    # They contain one another, so all are asked for at once.
    task = Task("tight", features, (needs("all", *names), needs("never", names[0], forbids=tuple(names[1:]))))
    with pytest.raises(InputError, match='"never"'):
        next(generate(task, count=9, height=8, width=8, seed=1))
    task = replace(task, classes=(needs("all", *names), TaskClass("else", otherwise=True)))
    labels = {s.label for s in generate(task, count=8, height=8, width=8, seed=1)}
    assert labels == {"all", "else"}


def test_other_pixel_ranges() -> None:
    pixel = PixelRange(fmpq(-1), fmpq(2))
    box = Box(ExactTensor.full((1, 1, 2), 1), ExactTensor.full((1, 1, 2), 2))
    task = Task(
        "wide",
        (Feature("bright", (box,), fmpq(1, 3)),),
        (needs("bright", "bright"), TaskClass("else", otherwise=True)),
        pixel=pixel,
    )
    assert generator_of(task).background == ((fmpq(-1), fmpq(-1) + fmpq(3, 8)),)
    assert generator_of(task).spacing == 1
    for sample in generate(task, count=5, height=3, width=4, seed=0):
        check(task, sample, 3, 4)


def test_a_class_that_does_not_fit_is_named_with_a_size_that_has_room() -> None:
    with pytest.raises(InputError, match=r'class "both" fits in images of 3x6.*at least 3x7') as caught:
        generate(
            replace(SIGNS, classes=(needs("both", "cross", "ring"), TaskClass("else", otherwise=True))),
            count=1,
            height=3,
            width=6,
            seed=0,
        )
    assert '"cross", "ring"' in str(caught.value)
    task = replace(SIGNS, classes=(needs("both", "cross", "ring"), TaskClass("else", otherwise=True)))
    assert len(list(generate(task, count=9, height=3, width=7, seed=0))) == 9


def test_a_class_that_nothing_satisfies_alone_is_named() -> None:
    task = replace(SIGNS, classes=(needs("one", "cross"), needs("two", "cross", "ring")))
    with pytest.raises(InputError, match='no set of features satisfies class "two" and no other'):
        generate(task, count=1, height=9, width=9, seed=0)


def test_an_interval_without_a_byte_is_named() -> None:
    box = Box(
        ExactTensor.from_rationals([[[fmpq(1), fmpq(1, 2)]]]), ExactTensor.from_rationals([[[fmpq(1), fmpq(1, 2)]]])
    )
    feature = Feature("half", (box,), fmpq(1, 2))
    task = Task("half", (feature,), (needs("half", "half"), TaskClass("else", otherwise=True)))
    with pytest.raises(InputError, match=r'template 1, row 1, column 2: feature "half".*1/2'):
        generate(task, count=1, height=4, width=4, seed=0)
    narrow = replace(SIGNS, generator=GeneratorSpec(((fmpq(1, 500), fmpq(1, 400)),)))
    with pytest.raises(InputError, match=r"the background.*\[1/500, 1/400\]"):
        generate(narrow, count=1, height=9, width=9, seed=0)


def test_a_task_whose_images_are_never_admissible_is_refused_with_the_reason() -> None:
    # A post always holds a dot.
    task = Task(
        "dots",
        (drawn("post", "#", "#"), drawn("dot", "#")),
        (needs("post", "post", forbids=("dot",)), needs("dot", "dot", forbids=("post",))),
    )
    with pytest.raises(InputError, match=r'class "post".*contains.*audit'):
        list(generate(task, count=20, height=4, width=4, seed=0))


@pytest.mark.parametrize(("name", "value"), [("count", -1), ("height", 0), ("width", -3), ("seed", -1)])
def test_bad_numbers_are_refused_before_anything_is_drawn(name: str, value: int) -> None:
    options = {"count": 1, "height": 9, "width": 9, "seed": 0} | {name: value}
    with pytest.raises(InputError, match=name):
        generate(SIGNS, **options)


def test_candidates_hold_what_was_asked_for() -> None:
    wanted = frozenset({"cross", "ring"})
    found = list(candidates(SIGNS, wanted, 12, 16))
    assert found == list(candidates(SIGNS, wanted, 12, 16))
    assert any(decide(SIGNS, image).configuration == wanted for image, _ in found)
    for image, placements in found:
        assert image.shape == (1, 12, 16)
        assert {w.feature for w in placements} == wanted
    assert list(candidates(SIGNS, wanted, 3, 6)) == []
    assert len(list(candidates(SIGNS, frozenset(), 1, 1))) == 9


def test_images_of_one_configuration() -> None:
    for configuration in (frozenset[str](), frozenset({SIGNS.features[0].name})):
        made = list(generate_configuration(SIGNS, configuration, count=3, height=9, width=11, seed=4))
        assert len(made) == 3
        assert digest(made) == digest(
            list(generate_configuration(SIGNS, configuration, count=3, height=9, width=11, seed=4))
        )
        for sample in made:
            decision = decide(SIGNS, sample.image)
            assert (decision.configuration, decision.label) == (configuration, sample.label)
            assert {w.feature for w in sample.placements} == configuration


def test_a_configuration_without_room_has_no_image() -> None:
    everything = frozenset(f.name for f in SIGNS.features)
    assert list(generate_configuration(SIGNS, everything, count=2, height=1, width=1, seed=4)) == []

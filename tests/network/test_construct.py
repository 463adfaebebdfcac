from __future__ import annotations

from dataclasses import replace
from itertools import chain, combinations, product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.detection import (
    BUILDS,
    HALF,
    ONE,
    REST,
    TINY,
    ZERO,
    check,
    detection_task,
    feature,
    has,
    image,
    pooled,
)
from support.tasks import images, tasks

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.network import construct
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import apply_layer, evaluate, logits
from exactcnn.network.model import Conv2d, GlobalPool, InputUnit, Network
from exactcnn.task.decide import decide
from exactcnn.task.model import Feature, Task, TaskClass

# -- random tasks -----------------------------------------------------------------------------------------------------


@settings(max_examples=150)
@given(tasks(), st.sampled_from(BUILDS), st.sampled_from([ZERO, fmpq(1, 4)]), st.data())
def test_random_tasks_and_images(task: Task, build: tuple[str, InputUnit], slack: fmpq, data: st.DataObject) -> None:
    network = build_network(task, arithmetic=build[0], unit=build[1], slack=slack)
    for _ in range(3):
        check(task, network, data.draw(images(task)))


@settings(max_examples=50)
@given(tasks(max_features=2, max_templates=1), st.sampled_from(BUILDS), st.data())
def test_random_images_that_contain_a_feature(task: Task, build: tuple[str, InputUnit], data: st.DataObject) -> None:
    """The image is a template's window, whole; the task's classes are replaced by ones that cover everything."""
    one = data.draw(st.sampled_from(task.features))
    task = replace(task, classes=(has("there", (one.name, "")), REST))
    box = one.templates[0]
    ends = data.draw(st.lists(st.sampled_from([0, HALF, 1]), min_size=box.low.size, max_size=box.low.size))
    share = ExactTensor.from_rationals(ends).reshape(*box.shape)
    picture = box.low + (box.high - box.low).times(share)
    network = build_network(task, arithmetic=build[0], unit=build[1])
    label = check(task, network, picture)
    assert label in {"there", None}
    assert pooled(task, network, picture)[task.feature_index[one.name]] == 1


# -- borders and sizes ------------------------------------------------------------------------------------------------

WINDOWS = {"cross": ".#./###/.#.", "bar": "###", "post": "#/#/.", "ring": "###/#.#/###", "corner": "##/#."}


@pytest.mark.parametrize("build", BUILDS)
def test_every_placement_of_windows_of_different_sizes(build: tuple[str, InputUnit]) -> None:
    """Each feature alone, at every place including corners and edges, on images from its own size upwards."""
    for name, patch in WINDOWS.items():
        task = detection_task(feature(name, patch), feature("wide", "#.#.#"), feature("tall", "#/./#/./#"))
        network = build_network(task, arithmetic=build[0], unit=build[1])
        rows = patch.split("/")
        for height, width in ((len(rows), len(rows[0])), (len(rows), 6), (5, len(rows[0])), (5, 5)):
            for top, left in np.ndindex(height - len(rows) + 1, width - len(rows[0]) + 1):
                canvas = np.zeros((1, height, width), dtype=np.int64)
                canvas[0, top : top + len(rows), left : left + len(rows[0])] = image(patch).numerators[0]
                assert check(task, network, ExactTensor.from_integers(canvas)) == f"is {name}"


@pytest.mark.parametrize("build", BUILDS)
def test_a_template_cut_off_by_the_border_is_not_detected(build: tuple[str, InputUnit]) -> None:
    """The padding has the value of a drawn background, so that only the inside channel tells it from one."""
    task = detection_task(feature("dot", "#./.."), feature("plus", "..../.##./.##./...."))
    network = build_network(task, arithmetic=build[0], unit=build[1])
    for height, width in ((2, 2), (3, 4), (4, 4)):
        for row, column in np.ndindex(height, width):
            canvas = np.zeros((1, height, width), dtype=np.int64)
            canvas[0, row, column] = 1
            whole = row < height - 1 and column < width - 1
            picture = ExactTensor.from_integers(canvas)
            assert check(task, network, picture) == ("is dot" if whole else "rest")
            assert pooled(task, network, picture)[0] == int(whole)


@pytest.mark.parametrize("build", BUILDS)
def test_images_thinner_or_smaller_than_the_largest_window(build: tuple[str, InputUnit]) -> None:
    task = detection_task(feature("large", "##.##/#...#/##.##"), feature("bar", "##"), feature("post", "#/#"))
    network = build_network(task, arithmetic=build[0], unit=build[1])
    for text, label in (
        ("#", "rest"),
        (".", "rest"),
        ("##", "is bar"),
        ("#/#", "is post"),
        ("...##", "is bar"),
        ("./././#/#", "is post"),
        ("##.##/#...#", "rest"),
        ("##.##/#...#/##.##", "rest"),
        (".#/.#", "is post"),
        ("../##", "is bar"),
        ("#./.#", "rest"),
    ):
        assert check(task, network, image(text)) == label, text
    assert pooled(task, network, image("##.##/#...#")) == [ZERO, ONE, ONE]
    assert pooled(task, network, image("##.##/#...#/##.##")) == [ONE, ONE, ONE]


def test_a_feature_as_large_as_the_image() -> None:
    task = detection_task(feature("face", "#...#/.#.#./..#..", "#...#/...../##.##"))
    network = build_network(task)
    assert check(task, network, image("#...#/.#.#./..#..")) == "is face"
    assert check(task, network, image("#...#/...../##.##")) == "is face"
    assert check(task, network, image("...../...../.....")) == "rest"
    assert check(task, network, image("#...#/.#.#.")) == "rest"


def test_a_template_of_don_t_cares_is_there_when_it_fits() -> None:
    task = detection_task(feature("room", "??/??/??"))
    network = build_network(task)
    assert network.layers[0].weight.shape[0] == 1
    for height, width in ((3, 2), (4, 4)):
        assert check(task, network, ExactTensor.full((1, height, width), fmpq(1, 3))) == "is room"
    for height, width in ((2, 2), (3, 1), (1, 1)):
        assert check(task, network, ExactTensor.full((1, height, width), fmpq(1, 3))) == "rest"


# -- detectors --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("build", BUILDS)
def test_a_detector_is_one_on_every_corner_of_its_box(build: tuple[str, InputUnit]) -> None:
    task = detection_task(Feature("f", (Box(*_wide_box()),), fmpq(1, 2)))
    network = build_network(task, arithmetic=build[0], unit=build[1])
    template = task.features[0].templates[0]
    ends = list(zip(template.low.rationals(), template.high.rationals(), strict=True))
    corners = ExactTensor.from_rationals([list(corner) for corner in product(*ends)]).reshape(-1, *template.shape)
    stem = Network(network.layers[:5], 1, network.unit)
    assert set(logits(stem, corners, task.pixel).rationals()) == {ONE}


def _wide_box() -> tuple[ExactTensor, ExactTensor]:
    low = ExactTensor.from_rationals([[[fmpq(1, 3), ZERO, fmpq(2, 7)], [fmpq(9, 10), fmpq(1, 5), ZERO]]])
    high = ExactTensor.from_rationals([[[fmpq(2, 3), fmpq(1, 9), fmpq(2, 7)], [ONE, fmpq(1, 4), ONE]]])
    return low, high


@pytest.mark.parametrize("build", BUILDS)
@pytest.mark.parametrize("gap", [HALF, fmpq(1, 3), fmpq(5, 7)])
def test_a_detector_is_zero_from_the_gap_on(build: tuple[str, InputUnit], gap: fmpq) -> None:
    task = detection_task(Feature("f", (Box(*_wide_box()),), gap))
    network = build_network(task, arithmetic=build[0], unit=build[1])
    template = task.features[0].templates[0]
    for place in np.ndindex(template.shape):
        low, high = template.low.item(*place), template.high.item(*place)
        for value in (low - gap, high + gap):
            if not 0 <= value <= 1:
                continue
            values = np.array(template.centre().tolist(), dtype=object)
            values[place] = value
            picture = ExactTensor.from_rationals(values)
            assert template.excess(picture) == gap
            assert pooled(task, network, picture) == [ZERO]
            assert check(task, network, picture) == "rest"


def test_the_gap_at_the_limit_and_one_part_in_2_to_the_40_beyond_it() -> None:
    """Two features exactly a gap apart: right at the limit; an image 2^-40 nearer is not admissible and only graded."""
    first, second = feature("f", "#.", tolerance=ZERO, gap=ONE), feature("g", "##", tolerance=ZERO, gap=ONE)
    task = detection_task(first, second)
    for arithmetic in ("dyadic", "rational"):
        network = build_network(task, arithmetic=arithmetic)
        assert check(task, network, image("#.")) == "is f"
        assert check(task, network, image("##")) == "is g"
        near = ExactTensor.from_rationals([[[ONE, TINY]]])
        assert decide(task, near).label is None
        assert pooled(task, network, near) == [ONE - TINY, TINY]
    apart = detection_task(first, Feature("g", second.templates, ONE + TINY))
    network = build_network(apart, arithmetic="rational")
    assert decide(apart, image("#.")).label is None
    assert pooled(apart, network, image("#."))[1] == TINY / (ONE + TINY)


# -- classes ----------------------------------------------------------------------------------------------------------

FORMULAS = [
    # one alternative a class, with and without `otherwise`
    (has("A", ("a", "")), has("B", ("", "a"))),
    (REST, has("A", ("a b", "c")), has("B", ("", "a b c"))),
    # several alternatives; in one of them every literal is forbidden
    (has("A", ("a", "b"), ("b", "a")), has("B", ("", "a b c")), REST, has("C", ("a b c", ""))),
    # always true, contradictory, and the same alternative twice
    (has("A", ("", "")), has("B", ("a b", "a"))),
    (has("A", ("a", ""), ("a", "")), has("B", ("a b", "a"), ("c", "")), REST),
]


@pytest.mark.parametrize("classes", FORMULAS)
def test_the_head_computes_every_class_formula(classes: tuple[TaskClass, ...]) -> None:
    """Every configuration, each contained feature shown by any non-empty set of its templates."""
    task = Task("head", (feature("a", "#", "."), feature("b", "##"), feature("c", "..", ".#", "#.")), classes)
    head = build_network(task).layers[5:]
    owners = ["a", "a", "b", "c", "c", "c"]
    for shown in chain.from_iterable(combinations(range(6), n) for n in range(7)):
        configuration = frozenset(owners[t] for t in shown)
        values = ExactTensor.from_integers([[int(t in shown) for t in range(6)]])
        for layer in head:
            values = apply_layer(layer, values)
        assert values.rationals() == [
            HALF if c.otherwise else ONE if c.formula_holds(configuration) else ZERO for c in classes
        ]


def test_shapes_of_the_layers() -> None:
    task = detection_task(feature("a", "#.#"), feature("b", "#/#", "./."))
    network = build_network(task)
    assert [type(layer).__name__ for layer in network.layers] == [
        *("Conv2d", "ReLU", "Conv2d", "ReLU", "GlobalPool"),
        *("Dense", "ReLU", "Dense", "ReLU", "Dense"),
    ]
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    assert (second.weight.shape[2:], second.padding, network.layers[4]) == ((2, 3), (0, 0, 1, 2), GlobalPool("max"))
    assert network.outputs == 3
    for size in ((1, 1), (1, 9), (7, 2)):
        assert network.output_size(*size) == size


# -- size -------------------------------------------------------------------------------------------------------------


def test_a_thousand_features_build_in_seconds() -> None:
    random = np.random.default_rng(0)
    features = []
    for index in range(1000):
        middle = ExactTensor.from_integers(random.integers(0, 101, (1, 5, 5)), 100)
        features.append(Feature(f"f{index}", (Box(middle, middle).widened(fmpq(1, 16)).cut(ZERO, ONE),), HALF))
    classes = tuple(has(f"c{k}", (f"f{k} f{k + 100}", f"f{k + 500}"), (f"f{k + 200}", "")) for k in range(100))
    task = Task("large", tuple(features), classes)
    network = build_network(task)
    template = features[777].templates[0]
    pictures = concatenate([t.low.reshape(1, 1, 5, 5) for t in (template, features[250].templates[0])])
    stem = Network(network.layers[:5], 1)
    found = evaluate(stem, pictures)
    assert [np.flatnonzero(found.numerators[i]).tolist() for i in range(2)] == [[777], [250]]


def test_too_many_weights_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(construct, "_MOST_WEIGHTS", 11)
    task = detection_task(feature("f", "#."))
    with pytest.raises(InputError, match="too many weights") as caught:
        build_network(detection_task(feature("f", "#."), feature("g", "..")))
    assert "2 templates x 2 distinct thresholds x 1 x 2" in str(caught.value)
    assert build_network(task).outputs == 2

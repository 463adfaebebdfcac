from __future__ import annotations

import time
from dataclasses import replace
from itertools import chain, combinations, product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import images, tasks
from support.tiny import drawn

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.network import construct
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import apply_layer, evaluate, in_pixel_units, logits
from exactcnn.network.model import Conv2d, Dense, GlobalPool, InputUnit, Network
from exactcnn.network.thresholds import plan_detectors
from exactcnn.task.decide import decide
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass

ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
SIXTEENTH = fmpq(1, 16)
TINY = fmpq(1, 2**40)
BUILDS = list(product(("dyadic", "rational"), InputUnit))
ZERO_ONE = PixelRange()


def feature(name: str, *patches: str, gap: fmpq = HALF, tolerance: fmpq = SIXTEENTH) -> Feature:
    """A feature from patches such as ".#/#?"."""
    return Feature(name, tuple(drawn(*p.split("/"), tolerance=str(tolerance)) for p in patches), gap)


def has(name: str, *alternatives: tuple[str, str]) -> TaskClass:
    """A class from pairs of space-separated names (required, forbidden)."""
    return TaskClass(name, tuple(Alternative(frozenset(r.split()), frozenset(f.split())) for r, f in alternatives))


REST = TaskClass("rest", otherwise=True)


def detection_task(*features: Feature, pixel: PixelRange = ZERO_ONE) -> Task:
    """One class a feature, satisfied when that one alone is there, and `otherwise`."""
    names = [f.name for f in features]
    classes = [has(f"is {n}", (n, " ".join(m for m in names if m != n))) for n in names]
    return Task("detection", features, (*classes, REST), pixel=pixel)


def image(rows: str) -> ExactTensor:
    return ExactTensor.from_integers(np.array([[[int(c == "#") for c in row] for row in rows.split("/")]]))


def scores(task: Task, network: Network, picture: ExactTensor) -> list[fmpq]:
    return logits(network, picture.reshape(1, *picture.shape), task.pixel).rationals()


def pooled(task: Task, network: Network, picture: ExactTensor) -> list[fmpq]:
    """The pooled detectors m_t."""
    stem = Network(network.layers[:5], network.channels, network.unit)
    return scores(task, stem, picture)


def expected_logits(task: Task, label: str) -> list[fmpq]:
    return [HALF if c.otherwise else ONE if c.name == label else ZERO for c in task.classes]


def check(task: Task, network: Network, picture: ExactTensor) -> str | None:
    """The label, after checking that the logits are exactly those promised; None if the image is not admissible."""
    label = decide(task, picture).label
    if label is not None:
        assert scores(task, network, picture) == expected_logits(task, label), label
    return label


# -- random tasks -----------------------------------------------------------------------------------------------------

RANGES = [ZERO_ONE, PixelRange(fmpq(-1), fmpq(2)), PixelRange(fmpq(1, 3), fmpq(5, 3))]


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


@pytest.mark.parametrize("unit", InputUnit)
def test_a_gap_that_the_finest_grid_uses_up(unit: InputUnit) -> None:
    """Thresholds 1/3 and 2/3 cost 1/768 a pixel on the grid 2^-8. In byte units they would be the whole numbers 85 and
    170: 1/768 beyond those, they cost 2/768 of a byte.
    """
    template = Box(ExactTensor.full((1, 1, 3), fmpq(1, 3)), ExactTensor.full((1, 1, 3), fmpq(2, 3)))
    cost = fmpq(3, 768)
    if unit is InputUnit.BYTE:
        template, cost = template.widened(fmpq(1, 768 * 255)), fmpq(6, 768 * 255)
    for gap, builds in ((cost, False), (cost - TINY, False), (cost / 2, False), (cost + TINY, True)):
        task = detection_task(Feature("narrow", (template,), gap))
        build_network(task, arithmetic="rational", unit=unit)
        if builds:
            assert plan_detectors(task, arithmetic="dyadic", slack=ZERO, unit=unit).gaps[0] <= TINY * 255
            check(task, build_network(task, unit=unit), ExactTensor.full((1, 2, 3), HALF))
            continue
        with pytest.raises(InputError, match='the gap of feature "narrow" is too small') as caught:
            build_network(task, unit=unit)
        scale = 1 if unit is InputUnit.PIXEL else 255
        missing = (cost - gap) * scale
        assert ("all that there is" if missing == 0 else f"{missing} more than there is") in str(caught.value)
        assert 'arithmetic="rational"' in str(caught.value)
        assert ("byte units" in str(caught.value)) == (unit is InputUnit.BYTE)


# -- weights ----------------------------------------------------------------------------------------------------------


def _photo_task(pixel: PixelRange = ZERO_ONE) -> Task:
    """Three channels, 5 x 5 and 3 x 4, thresholds anywhere."""
    random = np.random.default_rng(5)
    features = []
    for name, shape in (("a", (3, 5, 5)), ("b", (3, 3, 4))):
        middle = ExactTensor.from_integers(random.integers(0, 101, shape), 100)
        middle = middle.scaled(pixel.high - pixel.low) + ExactTensor.full((), pixel.low)
        wide = Box(middle, middle).widened(fmpq(1, 30)).cut(pixel.low, pixel.high)
        features.append(Feature(name, (wide,), fmpq(2, 3) * (pixel.high - pixel.low)))
    return Task("photo", tuple(features), (has("A", ("a", "")), has("B", ("b", "a")), REST), tuple("rgb"), pixel)


@pytest.mark.parametrize(("unit", "pixel"), [*product(InputUnit, RANGES[:2]), (InputUnit.BYTE, RANGES[2])])
def test_dyadic_networks_are_exact_in_float32(unit: InputUnit, pixel: PixelRange) -> None:
    """Weights are float32, and any partial sum is a multiple of a power of two that is below 2^24 of it."""
    network = build_network(_photo_task(pixel), unit=unit)
    low, high, step = (0, 255, ONE) if unit is InputUnit.BYTE else (pixel.low, pixel.high, fmpq(1, 256))
    largest, units = [max(abs(low), abs(high))] * network.channels, [step] * network.channels
    for layer in network.layers:
        if not isinstance(layer, (Conv2d, Dense)):
            continue
        for tensor in (layer.weight, layer.bias):
            floats = tensor.floats().astype(np.float32)
            assert ExactTensor.from_floats(floats) == tensor
        bounds = []
        for weights, bias in zip(layer.weight.tolist(), layer.bias.rationals(), strict=True):
            per_input = [np.array(w, dtype=object).reshape(-1) for w in weights]
            summands = [(w * u, abs(w) * m) for ws, u, m in zip(per_input, units, largest, strict=True) for w in ws]
            grid = min([_power_in(s) for s, _ in summands if s] + ([_power_in(bias)] if bias else []), default=ONE)
            total = sum((m for _, m in summands), ZERO) + abs(bias)
            assert total < 2**24 * grid
            bounds.append((total, grid))
        # The stem's largest values after ReLU: pixels within their range, detectors within [0, 1].
        first = layer is network.layers[0]
        largest = [high - low if first else ONE for _ in bounds]
        units = [grid for _, grid in bounds]


def _power_in(value: fmpq) -> fmpq:
    """The largest power of two that divides a dyadic number."""
    numerator = abs(int(value.p))
    return fmpq(numerator & -numerator, int(value.q))


@pytest.mark.parametrize(
    ("patch", "tolerance", "gap", "bits", "chosen"),
    [
        # 15/16 is 7/8 on the grid 2^-3: four pixels cost 1/4 there, nothing on 2^-4
        ("##/##", fmpq(1, 16), HALF, 4, HALF),
        ("##/##", fmpq(1, 16), fmpq(3, 4), 3, HALF),
        ("##/##", fmpq(1, 4), HALF, 2, HALF),
        # 9/10 is on no grid, so that a gap of 1/2 never leaves 1/2; 3/4 on 2^-2 leaves 7/20, 7/8 on 2^-3 leaves 21/40
        ("#", fmpq(1, 10), HALF, 2, fmpq(1, 4)),
        ("#", fmpq(1, 10), fmpq(11, 20), 3, HALF),
        ("#", ZERO, ONE, 0, ONE),
        ("#", ZERO, ONE - TINY, 0, HALF),
        ("??", ZERO, fmpq(3), 0, fmpq(2)),
    ],
)
def test_the_coarsest_grid_that_keeps_the_gap(patch: str, tolerance: fmpq, gap: fmpq, bits: int, chosen: fmpq) -> None:
    task = detection_task(feature("f", patch, gap=gap, tolerance=tolerance))
    plan = plan_detectors(task, arithmetic="dyadic", slack=ZERO, unit=InputUnit.PIXEL)
    assert (plan.bits, plan.gaps) == (bits, (chosen,))


def test_rational_weights_keep_thresholds_and_gaps() -> None:
    task = detection_task(feature("f", "#?/..", gap=fmpq(5, 7), tolerance=fmpq(1, 10)))
    plan = plan_detectors(task, arithmetic="rational", slack=ZERO, unit=InputUnit.PIXEL)
    assert (plan.bits, plan.gaps) == (None, (fmpq(5, 7),))
    assert [(t.above, t.value) for t in plan.thresholds] == [(False, fmpq(9, 10)), (True, fmpq(1, 10))]
    # Three constrained pixels share half the slack, the other half is kept out of g'.
    slack = plan_detectors(task, arithmetic="rational", slack=fmpq(3, 10), unit=InputUnit.PIXEL)
    wide = fmpq(5, 7) * fmpq(3, 10) / 6
    assert slack.gaps == (fmpq(5, 7) * fmpq(7, 10),)
    assert [t.value for t in slack.thresholds] == [fmpq(9, 10) - wide, fmpq(1, 10) + wide]


def test_thresholds_are_shared_and_those_at_the_ends_left_out() -> None:
    task = detection_task(feature("a", "#.#/?.."), feature("b", ".#"), feature("c", "#", "."))
    first = build_network(task).layers[0]
    assert isinstance(first, Conv2d)
    assert first.weight.rationals() == [-1, 1, 0]
    assert first.bias.rationals() == [fmpq(15, 16), fmpq(-1, 16), 1]


@pytest.mark.parametrize("arithmetic", ["dyadic", "rational"])
def test_byte_networks_read_every_byte_as_pixel_networks_read_its_value(arithmetic: str) -> None:
    pixel = PixelRange(fmpq(-1, 2), fmpq(3, 2))
    low, high = [[[fmpq(-1, 7), fmpq(19, 20)]]], [[[HALF, fmpq(21, 20)]]]
    template = Box(ExactTensor.from_rationals(low), ExactTensor.from_rationals(high))
    task = detection_task(Feature("f", (template,), fmpq(1, 3)), pixel=pixel)
    network = build_network(task, arithmetic=arithmetic, unit=InputUnit.BYTE)
    raw = np.array([[[[k, m]]] for k in range(256) for m in (0, 190, 191, 192, 255)])
    values = ExactTensor.from_rationals([pixel.from_byte(k) for k in range(256)])
    pictures = values[raw]
    found = evaluate(network, ExactTensor.from_integers(raw))
    assert found == logits(in_pixel_units(network, pixel), pictures, pixel)
    plain = logits(build_network(task, arithmetic=arithmetic), pictures, pixel)
    if arithmetic == "rational":
        assert found == plain
    labels = [decide(task, picture).label for picture in pictures[::7]]
    for label, row, other in zip(labels, found[::7].tolist(), plain[::7].tolist(), strict=True):
        if label is not None:
            assert row == other == expected_logits(task, label)
    assert {*labels} == {"is f", "rest", None}


# -- slack ------------------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(tasks(), st.sampled_from(["dyadic", "rational"]), st.sampled_from([fmpq(1, 8), HALF, fmpq(7, 8)]), st.data())
def test_thresholds_moved_within_the_slack_change_no_logit(
    task: Task, arithmetic: str, slack: fmpq, data: st.DataObject
) -> None:
    try:
        network = build_network(task, arithmetic=arithmetic, slack=slack)
    except InputError as error:
        assert "too small" in str(error)  # noqa: PT017
        return
    most = min(f.gap * slack / (2 * t.low.size) for f in task.features for t in f.templates)
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    count = first.bias.size - 1
    moves = [most * m for m in data.draw(st.lists(st.sampled_from([-1, 1]), min_size=count, max_size=count))]
    moved = Conv2d(first.weight, first.bias + ExactTensor.from_rationals([*moves, ZERO]))
    perturbed = Network((moved, *network.layers[1:]), network.channels)
    for _ in range(3):
        check(task, perturbed, data.draw(images(task)))


def test_other_weights_moved_within_the_slack_keep_the_lead() -> None:
    """Gains of the template layer up by slack/4 of themselves, its biases by 1/16, head weights by 1/32."""
    slack = HALF
    task = Task(
        "slack",
        (feature("cross", ".#./###/.#."), feature("bar", "##"), feature("post", "#/#")),
        (has("A", ("cross", "")), has("B", ("bar", "cross post")), has("C", ("post", "cross bar")), REST),
    )
    network = build_network(task, slack=slack)
    random = np.random.default_rng(3)
    pictures = [image(t) for t in (".....", "..##.", "#..../#....", ".#..../###.../.#....", "...#./..###/...#.")]
    for _ in range(20):
        layers = []
        for number, layer in enumerate(network.layers):
            if isinstance(layer, (Conv2d, Dense)) and number > 0:
                share = fmpq(1, 16) if isinstance(layer, Conv2d) else fmpq(1, 32)
                noise = ExactTensor.from_integers(random.integers(-8, 9, layer.weight.shape), 8).scaled(share)
                shift = ExactTensor.from_integers(random.integers(-8, 9, layer.bias.shape), 8).scaled(share)
                if isinstance(layer, Conv2d):
                    layers.append(Conv2d(layer.weight, layer.bias + shift, layer.stride, layer.padding))
                else:
                    layers.append(Dense(layer.weight + layer.weight.times(noise), layer.bias + shift))
            else:
                layers.append(layer)
        for picture in pictures:
            label = decide(task, picture).label
            row = scores(task, Network(tuple(layers), 1), picture)
            index = [c.name for c in task.classes].index(str(label))
            assert row[index] > max(v for i, v in enumerate(row) if i != index), (label, row)


@pytest.mark.parametrize("slack", [fmpq(-1, 8), ONE, fmpq(2)])
def test_slack_outside_its_range(slack: fmpq) -> None:
    with pytest.raises(InputError, match="slack") as caught:
        build_network(detection_task(feature("f", "#")), slack=slack)
    assert "0 <= slack < 1" in str(caught.value)


def test_unknown_arithmetic() -> None:
    with pytest.raises(InputError, match=r"unknown arithmetic.*'float'"):
        build_network(detection_task(feature("f", "#")), arithmetic="float")  # type: ignore[arg-type]


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
    start = time.perf_counter()
    network = build_network(task)
    assert time.perf_counter() - start < 5
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

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.detection import (
    HALF,
    ONE,
    REST,
    TINY,
    ZERO,
    check,
    detection_task,
    expected_logits,
    feature,
    has,
    image,
    scores,
)
from support.tasks import images, tasks

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import evaluate, in_pixel_units, logits
from exactcnn.network.model import Conv2d, Dense, InputUnit, Network
from exactcnn.network.thresholds import plan_detectors
from exactcnn.task.decide import decide
from exactcnn.task.model import Feature, PixelRange, Task

RANGES = [PixelRange(), PixelRange(fmpq(-1), fmpq(2)), PixelRange(fmpq(1, 3), fmpq(5, 3))]


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


def _photo_task(pixel: PixelRange = RANGES[0]) -> Task:
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
        largest = [max(high - low, ONE) if first else ONE for _ in bounds]
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

"""The modular method on networks with other pools, units, strides and shapes than those that are built."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import fmpq
from support.outcomes import (
    HALF,
    ONE,
    PLAIN,
    PROVED,
    REFUTED,
    REST,
    RING,
    YES_NO,
    answer,
    with_layer,
    with_pool,
)
from support.tiny import conv, dense, drawn, feature, one_class, task

from exactcnn import api
from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    GlobalPool,
    InputUnit,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
)
from exactcnn.task.model import Feature, PixelRange, Task

# -- other pools and units ---------------------------------------------------------------------------------------------


def test_a_sum_pool_is_as_good_where_nothing_is_negative() -> None:
    found = answer(PLAIN, with_pool(api.build(PLAIN), "sum"))
    assert (found.verdict, found.margin) == (PROVED, HALF)
    assert found.obligations["upper"] > 0


def test_a_sum_pool_adds_up_what_a_maximum_forgets() -> None:
    """A detector that gives 1/16 on every window of a black image, which sixteen windows bring to 1."""
    subject = task([feature("f", "#", tolerance=0, gap=1)], [one_class("y", "f"), one_class("n", "", "f")])
    network = api.build(subject, arithmetic="rational")
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    leaking = with_layer(network, 2, replace(second, bias=ExactTensor.from_rationals([fmpq(1, 16)], (1,))))
    assert answer(subject, leaking).verdict is PROVED
    for sizes, verdict in (("1x7", PROVED), ("1x8", REFUTED), ("3x3", REFUTED), ("any", REFUTED), ("1x1..2x3", PROVED)):
        assert answer(subject, with_pool(leaking, "sum"), sizes).verdict is verdict, sizes


@pytest.mark.parametrize(("sizes", "verdict"), [("1x1", PROVED), ("1x2", REFUTED), ("4x4", REFUTED), ("any", REFUTED)])
def test_a_mean_pool_dilutes_features(sizes: str, verdict: Verdict) -> None:
    subject = YES_NO
    assert answer(subject, with_pool(api.build(subject), "mean"), sizes).verdict is verdict


def test_a_mean_pool_scaled_for_one_size() -> None:
    subject = YES_NO
    network = with_pool(api.build(subject), "mean")
    first = network.layers[5]
    assert isinstance(first, Dense)
    scaled = with_layer(network, 5, replace(first, weight=first.weight.scaled(12)))
    found = answer(subject, scaled, "3x4")
    assert (found.verdict, found.margin) == (PROVED, ONE)
    for sizes, verdict in (("2x3..3x4", PROVED), ("4x4", PROVED), ("4x6", REFUTED), ("any", REFUTED)):
        assert answer(subject, scaled, sizes).verdict is verdict, sizes


@pytest.mark.parametrize("arithmetic", ["dyadic", "rational"])
def test_a_network_that_reads_bytes(arithmetic: str) -> None:
    network = api.build(PLAIN, arithmetic=arithmetic, unit=InputUnit.BYTE)  # type: ignore[arg-type]
    found = answer(PLAIN, network)
    assert (found.verdict, found.margin) == (PROVED, HALF)
    assert answer(PLAIN, replace(network, unit=InputUnit.PIXEL)).verdict is REFUTED


def test_another_pixel_range() -> None:
    pixel = PixelRange(fmpq(-1), fmpq(3))
    shade = Feature("shade", (drawn("#", tolerance="1/8", pixel=pixel),), HALF)
    subject = task([shade], [one_class("y", "shade"), one_class("n", "", "shade")], pixel)
    assert answer(subject).verdict is PROVED
    assert answer(subject, api.build(subject, unit=InputUnit.BYTE)).verdict is PROVED


def test_channels() -> None:
    red = Feature("red", (_colour(1, 0),), HALF)
    green = Feature("green", (_colour(0, 1),), HALF)
    classes = (one_class("red", "red", "green"), one_class("green", "green", "red"), REST)
    subject = Task("colours", (red, green), classes, ("r", "g"))
    assert answer(subject).verdict is PROVED
    network = api.build(subject)
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    swapped = with_layer(network, 0, replace(first, weight=first.weight[:, [1, 0]]))
    assert answer(subject, swapped).verdict is REFUTED


def _colour(*values: int) -> Box:
    high = ExactTensor.from_integers([[[v]] for v in values])
    return Box(high, high)


# -- strides, local pools, other shapes of network ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sizes", "verdict"),
    [("1x1", PROVED), ("1x2", REFUTED), ("2x1", REFUTED), ("5x5", REFUTED), ("any", REFUTED), ("4096x4096", REFUTED)],
)
def test_a_stride_spoils_a_dot_where_it_bites(sizes: str, verdict: Verdict) -> None:
    subject = YES_NO
    network = api.build(subject)
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    strided = with_layer(network, 2, replace(second, stride=(2, 2)))
    if sizes == "4096x4096":
        found = api.verify(subject, strided, sizes=sizes, workers=1)
    else:
        found = answer(subject, strided, sizes)
    assert found.verdict is verdict


def test_a_stride_along_one_axis_only() -> None:
    subject = task([RING], [one_class("y", "ring"), one_class("n", "", "ring")])
    network = api.build(subject)
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    strided = with_layer(network, 2, replace(second, stride=(1, 2)))
    # Three columns have one place for the window, which is the first; four have two.
    for sizes, verdict in (("3x3", PROVED), ("9x3", PROVED), ("3x4", REFUTED), ("3x3..3x4", REFUTED), ("any", REFUTED)):
        assert answer(subject, strided, sizes).verdict is verdict, sizes


@pytest.mark.parametrize("local", [MaxPool2d((2, 2), (2, 2)), MaxPool2d((3, 3), (2, 2), (1, 1, 1, 1))])
def test_a_local_maximum_before_the_global_one(local: MaxPool2d) -> None:
    """It loses nothing where its windows cover everything; rounding down may leave the last row out."""
    network = api.build(PLAIN)
    layers = (*network.layers[:4], local, *network.layers[4:])
    pooled = replace(network, layers=layers)
    if local.padding == (0, 0, 0, 0):
        assert answer(PLAIN, pooled, "4x4").verdict is PROVED
        assert answer(PLAIN, pooled, "5x5").verdict is REFUTED
        assert answer(PLAIN, pooled, "4x4..any").verdict is REFUTED
    else:
        assert answer(PLAIN, pooled, "4x4..any").verdict is PROVED


def test_an_average_blurs_a_dot() -> None:
    subject = YES_NO
    blurred = Network((AvgPool2d((2, 2), (1, 1)), *api.build(subject).layers), 1)
    assert answer(subject, blurred, "2x2").verdict is REFUTED
    trivial = Network((AvgPool2d((1, 1), (1, 1)), *api.build(subject).layers), 1)
    assert answer(subject, trivial).verdict is PROVED


@pytest.mark.parametrize("first", [(), (ReLU(),), (MaxPool2d((2, 2), (1, 1), (0, 0, 1, 1)),)])
def test_networks_without_convolutions(first: tuple[Layer, ...]) -> None:
    """The largest pixel itself tells a white dot from black."""
    subject = task([feature("dot", "#", tolerance="1/4")], [one_class("y", "dot"), one_class("n", "", "dot")])
    network = Network((*first, GlobalPool(), dense([[2], [0]], [0, 1])), 1)
    found = answer(subject, network)
    # The dot is at least 3/4; without it pixels are at most 3/4 - 1/2.
    assert (found.verdict, found.margin) == (PROVED, HALF)
    assert (
        answer(subject, replace(network, layers=(*first, GlobalPool(), dense([[1], [0]], [0, 1])))).verdict is REFUTED
    )


@pytest.mark.parametrize("padding", [(3, 3, 3, 3), (0, 0, 0, 4), (2, 0, 0, 0)])
def test_padding_beyond_the_kernel(padding: tuple[int, int, int, int]) -> None:
    """Positions wholly in the padding see nothing; they are no reason to give up."""
    subject = task([feature("dot", "#", tolerance="1/4")], [one_class("y", "dot"), one_class("n", "", "dot")])
    head = dense([[2], [0]], [0, 1])
    for bias, verdict in ((0, PROVED), (1, REFUTED)):
        network = Network((conv([1], (1, 1, 1, 1), [bias], padding=padding), ReLU(), GlobalPool(), head), 1)
        assert answer(subject, network).verdict is verdict
    twice = conv([1] * 4, (1, 1, 2, 2), [0], padding=(1, 1, 1, 1))
    network = Network((conv([1], (1, 1, 1, 1), [0], padding=padding), ReLU(), twice, GlobalPool(), head), 1)
    assert answer(subject, network).verdict is REFUTED


def test_two_rows_of_the_head_swapped() -> None:
    network = api.build(PLAIN)
    last = network.layers[-1]
    assert isinstance(last, Dense)
    order = [1, 0, 2]
    swapped = replace(last, weight=last.weight[order], bias=last.bias[order])
    assert answer(PLAIN, with_layer(network, len(network.layers) - 1, swapped)).verdict is REFUTED


def test_constant_logits_are_never_right() -> None:
    network = Network((conv([0], (1, 1, 1, 1), [1]), GlobalPool(), dense([[0], [0]], [1, 0])), 1)
    subject = YES_NO
    assert answer(subject, network).verdict is REFUTED
    tied = Network((conv([0], (1, 1, 1, 1), [1]), GlobalPool(), dense([[0], [0]], [1, 1])), 1)
    assert answer(subject, tied).verdict is REFUTED

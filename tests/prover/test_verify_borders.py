"""The modular method at the borders of images and of ranges: windows that hardly fit, or not at all."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from support.outcomes import (
    DOT,
    HALF,
    ONE,
    PLAIN,
    PROVED,
    REFUTED,
    REST,
    RING,
    VACUOUS,
    answer,
    check_outcome,
    with_layer,
)
from support.tiny import conv, dense, feature, one_class, task

from exactcnn import api
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import (
    Conv2d,
    Flatten,
    GlobalPool,
    Network,
)

# -- windows at the borders --------------------------------------------------------------------------------------------

SIZES = task([feature("ring", "###", "#.#", "###"), feature("bar", "##")], [one_class("bar", "bar", "ring"), REST])
"""A window of 3x3 and one of 1x2."""


def shifted(row: int, column: int, padding: tuple[int, int, int, int]) -> Network:
    """The network built for SIZES with its small template at another place of the 3x3 kernel, and padded so."""
    network = api.build(SIZES)
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    values = second.weight.fractions()
    small = values[1].copy()
    values[1] = 0
    values[1][:, row, column : column + 2] = small[:, 0, :2]
    weight = ExactTensor.from_rationals(values, shape=values.shape)
    return with_layer(network, 2, replace(second, weight=weight, padding=padding))


@pytest.mark.parametrize(("row", "column"), list(product(range(3), range(2))))
def test_a_small_window_is_seen_at_every_corner_and_edge(row: int, column: int) -> None:
    padding = (row, column, 2 - row, 1 - column)
    found = answer(SIZES, shifted(row, column, padding), "1x2..any")
    assert (found.verdict, found.margin, found.margin_attained) == (PROVED, HALF, True)


@pytest.mark.parametrize("side", range(4))
@pytest.mark.parametrize(("row", "column"), list(product(range(3), range(2))))
def test_a_small_window_is_missed_at_the_edge_that_is_not_padded(row: int, column: int, side: int) -> None:
    padding = [row, column, 2 - row, 1 - column]
    if padding[side] == 0:
        return
    padding[side] -= 1
    found = answer(SIZES, shifted(row, column, tuple(padding)), "3x3..any")
    assert found.verdict is REFUTED
    example = found.counterexample
    assert example is not None
    assert example.label == "bar"
    (window,) = example.windows
    height, width = example.picture.height, example.picture.width
    edges = {0: window.row == 0, 1: window.column == 0, 2: window.row == height - 1, 3: window.column == width - 2}
    assert edges[side], "the bar stands where the network does not look"


def test_padding_must_not_fake_a_feature() -> None:
    """A dark feature is exhibited by zeros; without the inside channel the padding would show it."""
    dark = task(
        [feature("dark", "..", tolerance="1/4"), RING], [one_class("dark", "dark"), one_class("not", "", "dark")]
    )
    network = api.build(dark)
    assert answer(dark, network).verdict is PROVED
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    # Leave the inside channel out and pay for it in the bias.
    values = second.weight.fractions()
    missing = values[:, -1].sum(axis=(1, 2))
    values[:, -1] = 0
    bias = second.bias.fractions() + missing
    naive = replace(
        second,
        weight=ExactTensor.from_rationals(values, shape=values.shape),
        bias=ExactTensor.from_rationals(bias, shape=bias.shape),
    )
    found = answer(dark, with_layer(network, 2, naive))
    assert found.verdict is REFUTED
    assert found.counterexample is not None
    assert found.counterexample.label == "not"


@pytest.mark.parametrize("sizes", ["3x3", "3x3..3x9", "3x4", "4x3", "3x3..any"])
def test_a_feature_as_large_as_the_image(sizes: str) -> None:
    found = answer(task([RING], [one_class("yes", "ring"), one_class("no", "", "ring")]), sizes=sizes)
    assert (found.verdict, found.margin) == (PROVED, ONE)


@pytest.mark.parametrize("sizes", ["1x2", "1x9", "1x2..1x12", "9x1", "2x1..9x1"])
def test_images_of_one_row_or_column(sizes: str) -> None:
    drawing = ("#.",) if sizes.startswith("1x") else ("#", ".")
    subject = task([feature("step", *drawing)], [one_class("yes", "step"), one_class("no", "", "step")])
    assert answer(subject, sizes=sizes).verdict is PROVED


def test_a_single_pixel() -> None:
    subject = task([DOT], [one_class("yes", "dot"), one_class("no", "", "dot")])
    for sizes in ("1x1", "1x1..1x2", "any"):
        assert answer(subject, sizes=sizes).verdict is PROVED


def test_images_smaller_than_the_largest_window() -> None:
    """At 2x2 no ring fits; the network is right there, but the ring's class is empty."""
    subject = task([RING, DOT], [one_class("ring", "ring"), one_class("dot", "dot", "ring"), REST])
    found = answer(subject, sizes="2x2")
    assert found.verdict is VACUOUS
    assert 'it needs features that fit into no image of size 2x2: "ring" (3x3)' in (found.reason or "")
    assert [bool(r.witness) for r in found.classes] == [False, True, True]
    without = task([RING, DOT], [one_class("dot", "dot", "ring"), one_class("none", "", "dot ring")])
    for sizes in ("1x1", "2x2", "2x9", "1x1..2x2", "any"):
        assert answer(without, sizes=sizes).verdict is PROVED


# -- sizes -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sizes", ["any", "5x5..any", "3x3..6x6", "3x9..4x9", "7x7", "4096x4096", "3x3..4096x9"])
def test_ranges(sizes: str) -> None:
    found = api.verify(PLAIN, sizes=sizes, workers=1)
    assert (found.verdict, found.margin, found.margin_attained) == (PROVED, HALF, True)
    assert str(found.sizes) == sizes
    for report in found.classes:
        assert report.witness is not None
        assert (report.witness.picture.height, report.witness.picture.width) in found.sizes


def test_large_images_cost_no_more_than_small_ones() -> None:
    small, large = (api.verify(PLAIN, sizes=sizes, workers=1) for sizes in ("8x8", "4096x4096"))
    assert small.obligations == large.obligations
    # An image of that size could not even be held in memory.
    assert api.verify(PLAIN, sizes="100000000x100000000", workers=1).verdict is Verdict.PROVED


def test_a_network_that_is_not_defined_at_small_sizes() -> None:
    network = api.build(PLAIN)
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    unpadded = with_layer(network, 2, replace(second, padding=(0, 0, 0, 0)))
    with pytest.raises(InputError) as refusal:
        api.verify(PLAIN, unpadded)
    error = refusal.value
    assert "not defined on images of height 1" in error.message
    assert (error.found, error.expected) == ("sizes any", "height at least 3")
    assert '"3x3..any"' in (error.hint or "")
    # There it is defined, but the dots at the bottom and right edges are not seen.
    assert answer(PLAIN, unpadded, "3x3..any").verdict is REFUTED
    with pytest.raises(InputError, match="width 2"):
        api.verify(PLAIN, unpadded, sizes="5x2..any")


def test_networks_that_do_not_fit_the_task() -> None:
    with pytest.raises(InputError, match="other images than the task"):
        api.verify(PLAIN, Network((conv([1, 1], (1, 2, 1, 1), [0]), GlobalPool(), dense([[1]] * 3, [0] * 3)), 2))
    with pytest.raises(InputError, match="another number of logits"):
        api.verify(PLAIN, Network((conv([1], (1, 1, 1, 1), [0]), GlobalPool(), dense([[1]] * 2, [0] * 2)), 1))


@pytest.mark.parametrize("method", ["monolithic", "enumerate"])
def test_other_methods_work_at_one_size(method: str) -> None:
    for sizes in ("any", "3x3..4x4"):
        with pytest.raises(InputError, match="works at one size"):
            api.verify(PLAIN, sizes=sizes, method=method)  # type: ignore[arg-type]


def test_a_network_that_flattens() -> None:
    """Nothing is proved about it, but at one size it is attacked: a black pixel ties, unless there is a bias."""
    for bias, verdict in (("5/8", Verdict.UNKNOWN), (0, REFUTED)):
        network = Network((Flatten(), dense([[1], [0], [0]], [0, -1, bias])), 1)
        with pytest.raises(InputError, match="takes another number of places"):
            api.verify(PLAIN, network, sizes="any")
        found = api.verify(PLAIN, network, sizes="1x1")
        assert found.verdict is verdict
        if verdict is REFUTED:
            check_outcome(PLAIN, network, found)
        else:
            assert "flattens" in (found.reason or "")

"""Faults of many kinds, each hidden where only certain images show it: the refuter finds such an image."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.outcomes import PLAIN, PROVED, REFUTED, YES_NO, answer, with_layer, with_pool
from support.stems import axes, defined_from
from support.tiny import conv, dense, feature, one_class, task

from exactcnn import api
from exactcnn.core.box import Box
from exactcnn.core.outcome import Outcome
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Conv2d, GlobalPool, Network, ReLU
from exactcnn.prover.compose import Anchor
from exactcnn.prover.refute import _anchor, _window_anchors
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.geometry import Axis


def starts(anchor: Anchor, size: int, length: int, stride: int) -> list[int]:
    """Where an item of this size may stand."""
    fixed = {"start": anchor.offset, "end": length - anchor.offset - size}
    if anchor.kind in fixed:
        return [fixed[anchor.kind]]
    return [i for i in range(length - size + 1) if anchor.kind == "free" or i % stride == anchor.offset % stride]


@settings(max_examples=80)
@given(axis=axes(most=2), data=st.data())
def test_a_patch_of_a_field_is_seen_in_the_same_way_elsewhere(axis: Axis, data: st.DataObject) -> None:
    """Some place that the anchor allows in a longer image has a position of the same signature over the patch."""
    length = defined_from(axis) + data.draw(st.integers(0, 12))
    extents = axis.extents(length)
    assert extents is not None
    position = data.draw(st.integers(0, extents[-1] - 1))
    signature = axis.signature(position, length)
    (first, last), anchor = _anchor(axis, signature, (position, length))
    assert (first, last) == signature[0]
    if first == last:
        return
    longer = length + axis.stride * data.draw(st.integers(0, 3))
    more = axis.extents(longer)
    assert more is not None
    same = {axis.start(i) + first for i in range(more[-1]) if axis.signature(i, longer) == signature}
    allowed = starts(anchor, last - first, longer, axis.stride)
    both_ends = any(clip > 0 for clip, _ in signature) and any(
        end < axis.range_length(level) for level, (_, end) in enumerate(signature)
    )
    if longer == length or not both_ends:
        assert same & set(allowed)


@given(size=st.integers(1, 3), start=st.integers(0, 6), rest=st.integers(0, 6), stride=st.integers(1, 3))
def test_windows_are_tried_from_both_ends(size: int, start: int, rest: int, stride: int) -> None:
    length = start + size + rest
    anchors = _window_anchors(start, size, length, stride)
    assert all(start in starts(anchor, size, length, stride) for anchor in anchors)
    assert {anchor.kind for anchor in anchors} == {"start", "end", "phase" if stride > 1 else "free"}


def refuted(network: Network, sizes: str = "any", subject: Task = PLAIN) -> Outcome:
    found = answer(subject, network, sizes)
    assert found.verdict is REFUTED
    return found


def second(network: Network) -> Conv2d:
    layer = network.layers[2]
    assert isinstance(layer, Conv2d)
    return layer


@pytest.mark.parametrize("stride", [(2, 1), (1, 2), (2, 2), (3, 3)])
@pytest.mark.parametrize("sizes", ["any", "9x9", "6x6..any"])
def test_a_phase_that_is_skipped(stride: tuple[int, int], sizes: str) -> None:
    network = api.build(PLAIN)
    found = refuted(with_layer(network, 2, replace(second(network), stride=stride)), sizes)
    assert found.counterexample is not None
    assert any(w.row % stride[0] or w.column % stride[1] for w in found.counterexample.windows)


def test_a_pixel_that_is_not_looked_at() -> None:
    """The ring's centre may be white for all the network cares: an image with that avoids the ring."""
    network = api.build(PLAIN)
    values = second(network).weight.fractions()
    values[1, :-1, 1, 1] = 0
    blind = replace(second(network), weight=ExactTensor.from_rationals(values, shape=values.shape))
    found = refuted(with_layer(network, 2, blind))
    assert found.counterexample is not None
    assert "ring" not in found.counterexample.features


def test_a_threshold_that_is_too_strict() -> None:
    """Dots of exactly the least brightness are lost by a first layer that asks for 1/64 more."""
    network = api.build(YES_NO, arithmetic="rational")
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    bias = first.bias.rationals()
    strict = replace(first, bias=ExactTensor.from_rationals([bias[0] + fmpq(17, 64), *bias[1:]], (len(bias),)))
    found = refuted(with_layer(network, 0, strict), subject=YES_NO)
    assert found.counterexample is not None
    assert found.counterexample.label == "y"


@pytest.mark.parametrize(("threshold", "verdict"), [("3/2", PROVED), ("25/16", REFUTED)])
def test_faults_that_add_up_over_features(threshold: str, verdict: Verdict) -> None:
    """One faint dot is bearable, two are not: pooled maxima of two channels, each at least 3/4, against a threshold."""
    red, green = (Feature(name, (_colour(name == "red"),), fmpq(3, 4)) for name in ("red", "green"))
    classes = (one_class("both", "red green"), one_class("none", "", "red green"))
    subject = Task("colours", (red, green), classes, ("r", "g"))
    # Brightness of the two channels added up; a small share keeps the logits of `none` apart from 0.
    stem = (conv([1, 0, 0, 1], (2, 2, 1, 1), [0, 0]), ReLU(), GlobalPool())
    network = Network((*stem, dense([[1, 1], [0, 0]], ["1/100", threshold])), 2)
    found = answer(subject, network)
    assert found.verdict is verdict
    if found.counterexample is not None:
        assert found.counterexample.label == "both"


def _colour(is_red: bool) -> Box:
    """A pixel with one channel at 3/4 or more, the other anything."""
    low = [fmpq(3, 4) if chosen else fmpq(0) for chosen in (is_red, not is_red)]
    return Box(ExactTensor.from_rationals(low, (2, 1, 1)), ExactTensor.full((2, 1, 1), fmpq(1)))


@pytest.mark.parametrize(("pool", "sizes"), [("sum", "any"), ("mean", "any"), ("sum", "4x4..40x40"), ("mean", "9x9")])
def test_pools_that_depend_on_the_size(pool: Literal["sum", "mean"], sizes: str) -> None:
    """A bias that each black position adds to a sum, and a dot that a mean takes a share of."""
    subject = task([feature("f", "#", tolerance=0, gap=1)], [one_class("y", "f"), one_class("n", "", "f")])
    network = api.build(subject, arithmetic="rational")
    leak = ExactTensor.from_rationals([fmpq(1, 32)], (1,))
    leaking = with_layer(network, 2, replace(second(network), bias=second(network).bias + leak))
    assert answer(subject, leaking, sizes).verdict is PROVED
    found = refuted(with_pool(leaking, pool), sizes, subject)
    assert found.counterexample is not None
    assert found.counterexample.picture.height > 1


def test_something_else_that_fires() -> None:
    """Any pixel between 0 and 1/2 turns a second detector on, which no feature has to do with."""
    # 1/4 - |x - 1/4| as 1/4 - max(0, x - 1/4) - max(0, 1/4 - x), positive between 0 and 1/2.
    stem = (
        conv([1, -1, -1], (3, 1, 1, 1), ["-1/4", "1/4", "7/8"]),
        ReLU(),
        conv([[-1, -1, 0], [0, 0, -2]], (2, 3, 1, 1), ["1/4", 1]),
        ReLU(),
        GlobalPool(),
    )
    for weight, verdict in ((1, PROVED), (4, REFUTED)):
        network = Network((*stem, dense([[weight, 1], [0, 0]], ["-1/2", 0])), 1)
        assert answer(YES_NO, network).verdict is verdict


def test_a_tie_that_only_the_faintest_dot_makes() -> None:
    """The largest pixel against 3/4, which a dot may just have; every brighter one is classified right."""
    subject = task([feature("dot", "#", tolerance="1/4")], [one_class("y", "dot"), one_class("n", "", "dot")])
    for threshold, verdict in (("47/64", PROVED), ("3/4", REFUTED)):
        network = Network((GlobalPool(), dense([[1], [0]], [0, threshold])), 1)
        found = answer(subject, network)
        assert found.verdict is verdict
        if found.counterexample is not None:
            assert found.counterexample.logits == (fmpq(3, 4), fmpq(3, 4))


def test_a_class_that_is_always_second() -> None:
    """Equal logits are wrong: the label's has to be strictly the largest."""
    network = api.build(YES_NO)
    layers = [*network.layers, dense([[1, 0], [1, 0]], [0, 0])]
    refuted(replace(network, layers=tuple(layers)), subject=YES_NO)


def test_the_answer_is_the_same_from_a_range_and_from_its_sizes() -> None:
    """The fault shows at odd heights only."""
    network = api.build(YES_NO)
    layers = (*network.layers[:2], replace(second(network), stride=(2, 1)), *network.layers[3:])
    shifted = Network((conv([1], (1, 1, 1, 1), [0]), *layers), 1)
    at = {n: answer(YES_NO, shifted, f"{n}x1").verdict for n in (1, 2, 3)}
    assert at == {1: PROVED, 2: REFUTED, 3: REFUTED}
    assert answer(YES_NO, shifted, "1x1..1x9").verdict is PROVED
    assert answer(YES_NO, shifted, "1x1..2x1").verdict is REFUTED

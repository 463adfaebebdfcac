from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.brute import admissible_label
from support.partitions import partition_tasks
from support.spoil import spoilt
from support.tiny import dense, feature, one_class, task

from exactcnn.core.errors import InputError
from exactcnn.core.rational import parse_rational
from exactcnn.core.verdict import Verdict
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import logits
from exactcnn.network.model import GlobalPool, Network, ReLU
from exactcnn.oracles import enumeration
from exactcnn.oracles.enumeration import verify_enumerate
from exactcnn.oracles.monolithic import verify_monolithic
from exactcnn.oracles.placements import configurations, count_bound, placements
from exactcnn.task.model import GeneratorSpec, Task, TaskClass

DOT = feature("dot", "#")
BAR = feature("bar", "##")
SQUARE = feature("square", "#.", ".#")
WITH_DOT = task([DOT], [one_class("has", "dot"), one_class("not", forbids="dot")])
BLIND = Network((GlobalPool("max"), dense([[0], [0]], [0, 1])), channels=1)


# -- placements -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("spacing", "count"), [(0, 12), (1, 6), (2, 2), (3, 0)])
def test_two_pixels_keep_their_distance_in_a_row(spacing: int, count: int) -> None:
    other = replace(DOT, name="other")
    assert len(list(placements([DOT, other], 1, 4, spacing))) == count


def test_placements_are_those_that_pass_the_definition() -> None:
    pair = (SQUARE, BAR)
    found = {tuple((w.row, w.column) for w in windows) for windows in placements(pair, 4, 4, 1)}
    expected = set()
    for (r, c), (s, d) in product(product(range(3), range(3)), product(range(4), range(3))):
        free_rows = max(s - (r + 2), r - (s + 1))
        free_columns = max(d - (c + 2), c - (d + 2))
        if free_rows >= 1 or free_columns >= 1:
            expected.add(((r, c), (s, d)))
    assert found == expected
    assert expected


def test_every_template_is_placed() -> None:
    two = replace(DOT, templates=(DOT.templates[0], feature("dark", ".").templates[0]))
    assert {w.template for (w,) in placements([two], 1, 1, 1)} == {0, 1}


def test_only_configurations_of_one_class_whose_features_fit() -> None:
    instance = task([DOT, BAR], [one_class("a", "dot"), one_class("b", "bar"), TaskClass("rest", (), True)])
    assert [[f.name for f in c] for c in configurations(instance, 1, 2)] == [[], ["dot"], ["bar"]]
    assert [[f.name for f in c] for c in configurations(instance, 2, 1)] == [[], ["dot"]]
    assert count_bound(instance, 1, 3) == 1 + 3 + 2


# -- verdicts ---------------------------------------------------------------------------------------------------------


def test_no_counterexample_is_no_proof() -> None:
    calls: list[tuple[str, int, int]] = []
    outcome = verify_enumerate(WITH_DOT, build_network(WITH_DOT), 2, 2, progress=lambda *call: calls.append(call))
    assert (outcome.verdict, outcome.evidence, outcome.method) == (Verdict.UNKNOWN, "none", "enumerate")
    # The empty configuration with 3 backgrounds; 4 places with 3 choices of template and 3 of background.
    assert "39 admissible images of 5 placements" in str(outcome.reason)
    assert "proves nothing" in str(outcome.reason)
    assert [r.witness is not None for r in outcome.classes] == [True, True]
    assert calls[-1] == ("enumerate", 5, 5)


def test_a_wrong_network_is_refuted_with_an_image() -> None:
    outcome = verify_enumerate(WITH_DOT, BLIND, 2, 2)
    assert (outcome.verdict, outcome.evidence) == (Verdict.REFUTED, "replay")
    example = outcome.counterexample
    assert example is not None
    assert (example.label, example.features) == ("has", ("dot",))
    assert example.lead(0) <= 0
    image = example.picture.image()
    assert admissible_label(WITH_DOT, image.fractions().tolist()) == "has"
    assert tuple(logits(BLIND, image.reshape(1, 1, 2, 2), WITH_DOT.pixel).rationals()) == example.logits


@pytest.mark.parametrize("value", ["0", "1/16", "1/8", "3/4", "7/8", "1"])
def test_both_ends_and_the_middle_of_templates_and_background_are_tried(value: str) -> None:
    wide = task([feature("dot", "#", tolerance="1/4", gap="1/2")], WITH_DOT.classes)
    spike = parse_rational(value)
    bright = spike > fmpq(1, 2)
    # A tent of height 2 and width 1/32 around one value turns the right answer round there and nowhere else.
    slope = -128 if bright else 128
    layers = (
        GlobalPool("max"),
        dense([[1]] * 4, [0, str(fmpq(1, 64) - spike), str(-spike), str(-fmpq(1, 64) - spike)]),
        ReLU(),
        dense([[1, slope, -2 * slope, slope], [0, 0, 0, 0]], [0, "1/2"]),
    )
    outcome = verify_enumerate(wide, Network(layers, channels=1), 1, 1)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.picture.image().rationals() == [spike]
    assert outcome.counterexample.label == ("has" if bright else "not")


def test_a_class_without_images_has_no_witness() -> None:
    instance = task([DOT, BAR], [one_class("both", "bar", "dot"), one_class("none", forbids="bar")])
    outcome = verify_enumerate(instance, build_network(instance), 1, 2)
    assert outcome.verdict is Verdict.UNKNOWN
    assert [r.witness is None for r in outcome.classes] == [True, False]
    # A bar alone cannot be: each of its images shows dots too.
    assert "9 inadmissible images skipped" in str(outcome.reason)


def test_background_and_spacing_come_from_the_generator() -> None:
    grey = replace(WITH_DOT, generator=GeneratorSpec(((fmpq(1, 2), fmpq(1, 2)),), spacing=0))
    outcome = verify_enumerate(grey, build_network(grey), 1, 2)
    # A background of 1/2 is in between: only a pixel that is a dot makes the image admissible.
    assert "6 admissible images of 3 placements" in str(outcome.reason)
    assert "1 inadmissible" in str(outcome.reason)


def test_batches_leave_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    whole = verify_enumerate(WITH_DOT, build_network(WITH_DOT), 2, 3)
    monkeypatch.setattr(enumeration, "_BATCH", 7)
    assert verify_enumerate(WITH_DOT, build_network(WITH_DOT), 2, 3).reason == whole.reason


def test_no_time_is_a_timeout() -> None:
    outcome = verify_enumerate(WITH_DOT, build_network(WITH_DOT), 3, 3, timeout=0.0)
    assert outcome.verdict is Verdict.TIMEOUT
    assert "out of time" in str(outcome.reason)


def test_too_many_placements_are_refused_with_their_number() -> None:
    pair = task([DOT, SQUARE], [one_class("both", "dot square"), one_class("none", forbids="dot square")])
    with pytest.raises(InputError) as caught:
        verify_enumerate(pair, build_network(pair), 40, 40)
    assert f"found {1 + 40 * 40 * 39 * 39} placements" in str(caught.value)
    assert "2000000" in str(caught.value)


def test_too_many_features_are_refused() -> None:
    dots = [replace(DOT, name=f"d{k}") for k in range(21)]
    many = task(dots, [one_class("a", "d0"), one_class("b", forbids="d0")])
    with pytest.raises(InputError, match=r"2\^21 sets"):
        verify_enumerate(many, BLIND, 1, 1)


def test_a_network_that_does_not_fit_is_refused() -> None:
    with pytest.raises(InputError, match="number of logits"):
        verify_enumerate(WITH_DOT, Network((GlobalPool(), dense([[1]], [0])), channels=1), 2, 2)


# -- against the other oracle -----------------------------------------------------------------------------------------


@settings(max_examples=30)
@given(
    data=st.data(),
    instance=partition_tasks(max_features=2, generator=True),
    size=st.sampled_from([(1, 2), (2, 2), (2, 3)]),
)
def test_what_enumeration_refutes_the_formula_refutes(
    data: st.DataObject, instance: Task, size: tuple[int, int]
) -> None:
    built = build_network(instance, arithmetic="rational")
    assert verify_enumerate(instance, built, *size).verdict is Verdict.UNKNOWN
    network, what = data.draw(spoilt(built))
    try:
        outcome = verify_enumerate(instance, network, *size)
    except InputError:
        assume("padding" not in what)
        raise
    other = verify_monolithic(instance, network, *size, timeout=20)
    if outcome.verdict is Verdict.REFUTED:
        assert other.verdict is Verdict.REFUTED, what
    for mine, theirs in zip(outcome.classes, other.classes, strict=False):
        assert not (mine.witness and theirs.vacuous), mine.name

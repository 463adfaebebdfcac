from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import assume, event, given, settings
from hypothesis import strategies as st
from support.brute import admissible_label, grid_images, wrong_image
from support.external_solvers import ask, installed
from support.partitions import partition_tasks
from support.spoil import spoilt
from support.tasks import tasks
from support.tiny import conv, dense, drawn, feature, one_class, task

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError, InternalError
from exactcnn.core.outcome import Example, Outcome
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import logits
from exactcnn.network.model import (
    AvgPool2d,
    Flatten,
    GlobalPool,
    InputUnit,
    MaxPool2d,
    Network,
    ReLU,
)
from exactcnn.oracles import monolithic
from exactcnn.oracles.monolithic import monolithic_smtlib, verify_monolithic
from exactcnn.task.decide import decide
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass

LIMIT = 20.0

DOT = feature("dot", "#")
BAR = feature("bar", "##")
POST = feature("post", "#", "#")
SQUARE = feature("square", "#.", ".#")

WITH_DOT = task([DOT], [one_class("has", "dot"), one_class("not", forbids="dot")])
OTHERWISE = task([DOT, BAR], [one_class("pair", "bar"), one_class("single", "dot", "bar"), TaskClass("rest", (), True)])
SQUARES = task([SQUARE, POST], [one_class("square", "square", "post"), one_class("plain", forbids="square")])


def check_wrong(instance: Task, network: Network, example: Example | None) -> None:
    """The counterexample is an admissible image with this label, features and windows, and its logits are wrong."""
    assert example is not None
    image = example.picture.image()
    decision = decide(instance, image)
    assert (decision.admissible, decision.label) == (True, example.label)
    assert decision.configuration == frozenset(example.features)
    assert {w.feature for w in example.windows} == set(example.features)
    found = logits(network, image.reshape(1, *image.shape), instance.pixel).rationals()
    assert tuple(found) == example.logits
    names = [c.name for c in instance.classes]
    assert example.lead(names.index(example.label)) <= 0


def check(instance: Task, network: Network, height: int, width: int) -> Outcome:
    """The outcome, with what must hold for every outcome."""
    outcome = verify_monolithic(instance, network, height, width, timeout=LIMIT)
    assert (outcome.method, str(outcome.sizes)) == ("monolithic", f"{height}x{width}")
    assert outcome.class_names == tuple(c.name for c in instance.classes)
    if outcome.verdict is Verdict.REFUTED:
        assert outcome.evidence == "replay"
        check_wrong(instance, network, outcome.counterexample)
    else:
        assert outcome.counterexample is None
        assert [r.name for r in outcome.classes] == list(outcome.class_names)
    if outcome.verdict is Verdict.PROVED:
        assert outcome.evidence == "smt"
        assert outcome.solvers[0].startswith("z3 ")
        for report in outcome.classes:
            assert report.witness is not None
            assert decide(instance, report.witness.picture.image()).label == report.name
    return outcome


# -- built networks are proved; classes without images are named ------------------------------------------------------


@pytest.mark.parametrize(
    ("instance", "height", "width"),
    [
        (WITH_DOT, 1, 1),
        (WITH_DOT, 2, 3),
        (WITH_DOT, 4, 4),
        (OTHERWISE, 1, 2),
        (OTHERWISE, 3, 3),
        (SQUARES, 3, 3),
    ],
)
def test_a_built_network_is_proved(instance: Task, height: int, width: int) -> None:
    assert check(instance, build_network(instance), height, width).verdict is Verdict.PROVED


@pytest.mark.parametrize(
    ("instance", "height", "width", "vacuous"),
    [
        (task([DOT], [one_class("a", "dot"), one_class("b", "dot")]), 2, 2, ["a", "b"]),
        # Every window that exhibits a bar shows a dot too.
        (task([DOT, BAR], [one_class("a", "bar", "dot"), one_class("b", "dot")]), 2, 2, ["a"]),
        (task([DOT, BAR], [one_class("a", "bar"), one_class("b", forbids="bar")]), 3, 1, ["a"]),
        (task([DOT, POST], [one_class("a", "post"), one_class("b", forbids="post")]), 1, 3, ["a"]),
        (task([DOT], [one_class("a"), TaskClass("rest", (), True)]), 1, 1, ["rest"]),
        # Two separate dots' worth of room is missing: a dark pixel beside a bright one does not fit into 1x1.
        (
            task([DOT, feature("dark", ".")], [one_class("both", "dot dark"), one_class("one", forbids="dark")]),
            1,
            1,
            ["both"],
        ),
    ],
)
def test_a_class_without_images_is_named(instance: Task, height: int, width: int, vacuous: list[str]) -> None:
    outcome = check(instance, build_network(instance), height, width)
    assert outcome.verdict is Verdict.VACUOUS
    assert [r.name for r in outcome.classes if r.vacuous] == vacuous
    assert all(r.witness for r in outcome.classes if r.name not in vacuous)
    assert all(f'"{name}"' in str(outcome.reason) for name in vacuous)


def test_a_wrong_image_weighs_more_than_a_class_without_images() -> None:
    instance = task([DOT, BAR], [one_class("a", "bar", "dot"), one_class("b", "dot"), one_class("c", forbids="dot")])
    network = Network((GlobalPool("max"), dense([[0], [0], [0]], [0, 0, 0])), channels=1)
    assert check(instance, network, 1, 2).verdict is Verdict.REFUTED


def test_a_tie_is_wrong() -> None:
    tied = Network((GlobalPool("max"), dense([[0], [0]], [1, 1])), channels=1)
    assert check(WITH_DOT, tied, 1, 1).verdict is Verdict.REFUTED


def test_the_gap_is_sharp() -> None:
    # has: x >= 7/8; not: x <= 7/8 - 1/2 = 3/8. A threshold network at t leads by more than 0 iff 3/8 < t < 7/8.
    for threshold, verdict in (("3/8", Verdict.REFUTED), ("7/8", Verdict.REFUTED), ("5/8", Verdict.PROVED)):
        network = Network((GlobalPool("max"), dense([[1], [0]], [0, threshold])), channels=1)
        assert check(WITH_DOT, network, 2, 2).verdict is verdict
    for tiny, verdict in ((fmpq(1, 2**40), Verdict.PROVED), (fmpq(0), Verdict.REFUTED)):
        network = Network((GlobalPool("max"), dense([[1], [0]], [0, str(fmpq(3, 8) + tiny)])), channels=1)
        assert check(WITH_DOT, network, 2, 2).verdict is verdict


def test_other_pixel_ranges_and_several_templates() -> None:
    pixel = PixelRange(fmpq(-2), fmpq(3))
    ends = [(-2, -1), (2, 3)]
    boxes = tuple(Box(ExactTensor.full((1, 1, 1), a), ExactTensor.full((1, 1, 1), b)) for a, b in ends)
    extreme = Feature("extreme", boxes, fmpq(1))
    instance = task([extreme], [one_class("yes", "extreme"), one_class("no", forbids="extreme")], pixel)
    assert check(instance, build_network(instance), 1, 2).verdict is Verdict.PROVED
    # Only bright pixels are seen, dark ones are missed.
    half = Network((GlobalPool("max"), dense([[1], [0]], [0, "3/2"])), channels=1)
    outcome = check(instance, half, 1, 2)
    assert outcome.verdict is Verdict.REFUTED
    assert outcome.counterexample is not None
    assert outcome.counterexample.label == "yes"


def test_channels_are_told_apart() -> None:
    pixels = ExactTensor.from_integers([[[1]], [[0]]])
    red = Feature("red", (Box(pixels, pixels),), fmpq(1, 2))
    instance = Task("colours", (red,), (one_class("a", "red"), one_class("b", forbids="red")), ("r", "g"))
    assert check(instance, build_network(instance), 1, 2).verdict is Verdict.PROVED
    swapped = Network((GlobalPool("max"), dense([[0, 1], [0, 0]], [0, "1/2"])), channels=2)
    assert check(instance, swapped, 1, 1).verdict is Verdict.REFUTED


def test_alternatives_hold_one_at_a_time() -> None:
    either = TaskClass("same", (Alternative(frozenset({"dot", "bar"})), Alternative(frozenset(), frozenset({"dot"}))))
    instance = task([DOT, BAR], [either, one_class("single", "dot", "bar")])
    assert check(instance, build_network(instance), 1, 3).verdict is Verdict.PROVED


# -- every layer, against networks whose answer is known --------------------------------------------------------------

BRIGHT = dense([[1], [0]], [0, "1/2"])

RIGHT_FOR_DOT = {
    "average over single pixels": (AvgPool2d((1, 1), (1, 1)), GlobalPool("max"), BRIGHT),
    "local maxima": (MaxPool2d((2, 2), (1, 1), (1, 0, 0, 1)), GlobalPool("max"), BRIGHT),
    "local maxima with a stride": (MaxPool2d((2, 2), (2, 2), (1, 1, 1, 1)), GlobalPool("max"), BRIGHT),
    "local maxima, flattened": (
        MaxPool2d((2, 2), (1, 1)),
        Flatten(),
        dense([[1], [0]], [0, "1/2"]),
    ),
    "negated and rectified": (
        conv([-1], (1, 1, 1, 1), ["7/8"]),
        ReLU(),
        conv([-2], (1, 1, 1, 1), [1]),
        ReLU(),
        GlobalPool("sum"),
        dense([[1], [0]], [0, "1/2"]),
    ),
}

WRONG_FOR_DOT = {
    "a mean is too weak": (GlobalPool("mean"), BRIGHT),
    "a sum is too strong": (GlobalPool("sum"), BRIGHT),
    "a stride skips pixels": (conv([1], (1, 1, 1, 1), [0], stride=(2, 1)), GlobalPool("max"), BRIGHT),
    "output size rounds down": (MaxPool2d((1, 1), (1, 2), (0, 0, 0, 0)), GlobalPool("max"), BRIGHT),
    "padding counts in means": (AvgPool2d((2, 2), (1, 1), (1, 1, 1, 1)), GlobalPool("max"), BRIGHT),
    "the corner alone": (Flatten(), dense([[1, 0, 0, 0], [0, 0, 0, 0]], [0, "1/2"])),
    "padded zeros in a convolution": (
        conv([-1], (1, 1, 1, 1), [0], padding=(1, 0, 0, 0)),
        GlobalPool("max"),
        dense([[-1], [0]], [0, "1/2"]),
    ),
}


@pytest.mark.parametrize("name", RIGHT_FOR_DOT)
def test_a_network_that_finds_dots_is_proved(name: str) -> None:
    assert check(WITH_DOT, Network(RIGHT_FOR_DOT[name], channels=1), 2, 2).verdict is Verdict.PROVED


@pytest.mark.parametrize("name", WRONG_FOR_DOT)
def test_a_network_that_misses_dots_is_refuted(name: str) -> None:
    network = Network(WRONG_FOR_DOT[name], channels=1)
    assert check(WITH_DOT, network, 2, 2).verdict is Verdict.REFUTED


def test_a_network_of_bytes() -> None:
    network = build_network(WITH_DOT, unit=InputUnit.BYTE)
    assert network.unit is InputUnit.BYTE
    assert check(WITH_DOT, network, 2, 2).verdict is Verdict.PROVED
    # 255 * 3/8 = 95.6 and 255 * 7/8 = 223.1 are the ends of the gap.
    for threshold, verdict in (
        (95, Verdict.REFUTED),
        (96, Verdict.PROVED),
        (223, Verdict.PROVED),
        (224, Verdict.REFUTED),
    ):
        simple = Network((GlobalPool("max"), dense([[1], [0]], [0, threshold])), channels=1, unit=InputUnit.BYTE)
        assert check(WITH_DOT, simple, 1, 2).verdict is verdict


def test_a_network_of_bytes_over_another_pixel_range() -> None:
    pixel = PixelRange(fmpq(-1), fmpq(1))
    dot = Feature("dot", (drawn("#", pixel=pixel),), fmpq(1, 2))
    instance = task([dot], [one_class("has", "dot"), one_class("not", forbids="dot")], pixel)
    # The gap between 3/8 and 7/8 lies between the bytes 175.3 and 239.1.
    for threshold, verdict in ((175, Verdict.REFUTED), (176, Verdict.PROVED), (240, Verdict.REFUTED)):
        layers = (
            conv([1], (1, 1, 1, 1), [0], padding=(1, 0, 0, 0)),
            GlobalPool("max"),
            dense([[1], [0]], [0, threshold]),
        )
        assert check(instance, Network(layers, channels=1, unit=InputUnit.BYTE), 1, 2).verdict is verdict


# -- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "fragment"),
    [
        (Network((conv([1] * 9, (1, 1, 3, 3), [0]), GlobalPool(), BRIGHT), channels=1), "not defined at this"),
        (Network((Flatten(), dense([[1], [0]], [0, 0])), channels=1), "found 2x2 places"),
        (Network((GlobalPool(), dense([[1]], [0])), channels=1), "number of logits"),
        (Network((GlobalPool(), dense([[1, 1], [0, 0]], [0, 0])), channels=2), "number of channels"),
    ],
)
def test_a_network_that_does_not_fit_is_refused(network: Network, fragment: str) -> None:
    with pytest.raises(InputError) as caught:
        verify_monolithic(WITH_DOT, network, 2, 2)
    assert fragment in str(caught.value)
    with pytest.raises(InputError):
        monolithic_smtlib(WITH_DOT, network, 2, 2)


def test_no_time_is_a_timeout() -> None:
    outcome = verify_monolithic(WITH_DOT, build_network(WITH_DOT), 2, 2, timeout=0.0)
    assert outcome.verdict is Verdict.TIMEOUT
    assert "whether the network errs" in str(outcome.reason)
    assert '"has"' in str(outcome.reason)


def test_a_model_that_does_not_replay_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(monolithic, "encode_network", lambda formula, network, image, pixel: [image[0][0][0]] * 2)
    with pytest.raises(InternalError, match="are right"):
        verify_monolithic(WITH_DOT, build_network(WITH_DOT), 1, 1)


def test_an_inadmissible_model_is_a_bug(monkeypatch: pytest.MonkeyPatch) -> None:
    looser = task([feature("dot", "#", tolerance="3/4")], WITH_DOT.classes)
    wrong = Network((GlobalPool("max"), dense([[0], [0]], [0, 1])), channels=1)
    real = monolithic.encode_task
    monkeypatch.setattr(monolithic, "encode_task", lambda formula, _, h, w: real(formula, looser, h, w))
    monkeypatch.setattr(monolithic, "_rational", lambda value: fmpq(1, 2))
    with pytest.raises(InternalError, match="inadmissible"):
        verify_monolithic(WITH_DOT, wrong, 1, 1)


# -- random instances -------------------------------------------------------------------------------------------------

SMALL_TASKS = st.one_of(
    tasks(max_features=2, max_side=2, max_channels=1, max_classes=3), partition_tasks(max_features=2)
)
SIZES = st.sampled_from([(1, 1), (1, 2), (2, 1), (2, 2), (1, 3)])


def grid_of(instance: Task) -> list[Fraction]:
    """The ends of the pixel range and of some intervals, and a value between: at most five."""
    low, high = (Fraction(int(v.p), int(v.q)) for v in (instance.pixel.low, instance.pixel.high))
    ends: set[Fraction] = set()
    for box in instance.features[0].templates:
        ends.update(v for side in (box.low, box.high) for v in side.fractions().flat)
    return sorted({low, high, (low + high) / 2, *sorted(ends)[:2]})


def labels_on_grid(instance: Task, height: int, width: int) -> Iterator[str]:
    for image in grid_images(1, height, width, grid_of(instance)):
        label = admissible_label(instance, image)
        if label is not None:
            yield label


@settings(max_examples=40)
@given(instance=SMALL_TASKS, size=SIZES)
def test_a_built_network_is_never_refuted(instance: Task, size: tuple[int, int]) -> None:
    outcome = check(instance, build_network(instance, arithmetic="rational"), *size)
    assert outcome.verdict in (Verdict.PROVED, Verdict.VACUOUS)
    possible = {r.name for r in outcome.classes if r.witness}
    assert set(labels_on_grid(instance, *size)) <= possible


@settings(max_examples=60)
@given(data=st.data(), instance=SMALL_TASKS, size=SIZES)
def test_a_spoilt_network_is_judged_as_by_brute_force(
    data: st.DataObject, instance: Task, size: tuple[int, int]
) -> None:
    network, what = data.draw(spoilt(build_network(instance, arithmetic="rational")))
    try:
        outcome = check(instance, network, *size)
    except InputError:
        event("not defined at this size")
        assume("padding" not in what)  # less padding, and a window is larger than the image
        raise
    event(outcome.verdict.value)
    found = wrong_image(instance, network, *size, grid_of(instance))
    assert outcome.verdict in (Verdict.PROVED, Verdict.VACUOUS, Verdict.REFUTED)
    if found is not None:
        assert outcome.verdict is Verdict.REFUTED, f"{what}; {found}"


# -- other solvers read the same script -------------------------------------------------------------------------------


@pytest.mark.parametrize("solver", ["z3", "yices", "cvc5"])
@pytest.mark.parametrize("name", ["right", "wrong", "empty"])
def test_other_solvers_agree_on_the_script(solver: str, name: str, tmp_path: Path) -> None:
    if solver not in installed():
        pytest.skip(f"{solver} is not installed")
    mean = Network(
        (
            GlobalPool("mean"),
            dense(
                [
                    [
                        1,
                    ],
                    [0],
                    [0],
                ],
                [0, "1/3", "-2/7"],
            ),
        ),
        channels=1,
    )
    instance, network, expected = {
        "right": (OTHERWISE, build_network(OTHERWISE), "unsat"),
        "wrong": (OTHERWISE, mean, "sat"),
        "empty": (task([SQUARE], [one_class("a", "square"), one_class("b", "square")]), None, "unsat"),
    }[name]
    path = tmp_path / "query.smt2"
    path.write_text(monolithic_smtlib(instance, network or build_network(instance), 3, 3), encoding="ascii")
    reply = ask(solver, path, LIMIT)
    assert reply.answer == expected, reply.text

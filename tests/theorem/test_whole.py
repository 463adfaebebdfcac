"""Sequents about whole images: their points are images, and they hold just where no image is wrong."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.brute import admissible_label, grid_images, wrong_image
from support.networks import networks
from support.tasks import images, tasks
from support.tiny import feature, one_class, task

from exactcnn.core.affine import Affine
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import logits
from exactcnn.network.model import GlobalPool, InputUnit, Network
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.decide import decide
from exactcnn.task.model import PixelRange, TaskClass
from exactcnn.theorem.head import Head
from exactcnn.theorem.stem import split_network
from exactcnn.theorem.whole import whole_sequent

SOLVER = Z3Solver()
THIRDS = [Fraction(0), Fraction(1, 3), Fraction(1)]
DOT = task([feature("a", "#", tolerance=0)], [one_class("yes", "a"), one_class("no", "", "a")])


def parts(network: Network, other: int) -> tuple[object, Head, str, int]:
    stem, pool, head = split_network(network)
    return stem, Head(head, stem.out_channels), pool.kind, other


@settings(max_examples=50)
@given(data=st.data())
def test_the_goal_is_the_lead_and_the_lemmas_hold(data: st.DataObject) -> None:
    subject = data.draw(tasks(max_side=2, max_channels=1, max_features=2))
    network = data.draw(
        networks(channels=1, outputs=len(subject.classes), unit=InputUnit.PIXEL)
        | st.just(build_network(subject, arithmetic="rational"))
    )
    image = data.draw(images(subject, max_height=3, max_width=3))
    size = image.shape[1], image.shape[2]
    if network.output_size(*size) is None:
        return
    label, other = 0, 1
    sequent, pixels = whole_sequent(subject, size, label, parts(network, other))
    values = sequent.circuit.evaluate({n: image.item(*pixel) for pixel, n in pixels.items()})
    scores = logits(network, image.reshape(1, *image.shape), subject.pixel).rationals()
    assert sequent.goal.evaluate(values.__getitem__) == scores[label] - scores[other]
    for row in sequent.lemmas:
        assert row.evaluate(values.__getitem__) >= 0


@settings(max_examples=60)
@given(data=st.data())
def test_the_premises_say_that_the_image_is_admissible(data: st.DataObject) -> None:
    """With the pixels fixed, the sequent fails for just the image's label."""
    subject = data.draw(tasks(max_side=2, max_channels=1, max_features=2))
    image = data.draw(images(subject, max_height=3, max_width=3))
    decision = decide(subject, image)
    for label, task_class in enumerate(subject.classes):
        sequent, pixels = whole_sequent(subject, (image.shape[1], image.shape[2]), label)
        fixed = []
        for pixel, n in pixels.items():
            value = Affine.variable(n).shifted(-image.item(*pixel))
            fixed += [value, -value]
        status = SOLVER.decide(replace(sequent, hypotheses=tuple(fixed))).status
        assert status is (Status.FAILS if decision.label == task_class.name else Status.HOLDS)


@settings(max_examples=25)
@given(data=st.data())
def test_what_holds_has_no_wrong_image_on_a_grid(data: st.DataObject) -> None:
    subject = data.draw(tasks(max_side=2, max_channels=1, max_features=2, max_classes=2, pixel=PixelRange()))
    network = build_network(subject, arithmetic="rational")
    pool = GlobalPool(data.draw(st.sampled_from(["max", "sum", "mean"])))
    network = replace(network, layers=tuple(pool if isinstance(x, GlobalPool) else x for x in network.layers))
    proved = True
    for label in (0, 1):
        sequent, _ = whole_sequent(subject, (2, 2), label, parts(network, 1 - label))
        strict = replace(sequent, hypotheses=(-sequent.goal,), goal=Affine.const(-1))
        proved = proved and SOLVER.decide(strict).status is Status.HOLDS
        empty = SOLVER.decide(whole_sequent(subject, (2, 2), label)[0]).status is Status.HOLDS
        labels = {admissible_label(subject, image) for image in grid_images(1, 2, 2, THIRDS)}
        assert not (empty and subject.classes[label].name in labels)
    if proved:
        assert wrong_image(subject, network, 2, 2, THIRDS) is None


@pytest.mark.parametrize(("size", "label", "empty"), [((1, 1), 0, False), ((1, 1), 1, False)])
def test_known_answers(size: tuple[int, int], label: int, empty: bool) -> None:
    sequent, pixels = whole_sequent(DOT, size, label)
    assert len(pixels) == size[0] * size[1]
    assert (SOLVER.decide(sequent).status is Status.HOLDS) is empty


def test_no_room() -> None:
    subject = task([feature("a", "##")], [one_class("yes", "a"), TaskClass("no", otherwise=True)])
    assert SOLVER.decide(whole_sequent(subject, (1, 1), 0)[0]).status is Status.HOLDS
    assert SOLVER.decide(whole_sequent(subject, (1, 1), 1)[0]).status is Status.FAILS
    assert SOLVER.decide(whole_sequent(subject, (1, 2), 0)[0]).status is Status.FAILS


def test_the_least_lead_is_that_of_the_construction() -> None:
    network = build_network(DOT)
    sequent, pixels = whole_sequent(DOT, (2, 2), 0, parts(network, 1))
    least = SOLVER.minimise(sequent)
    assert least.value == 1
    values = [least.values[pixels[0, i, j]] for i in range(2) for j in range(2)]
    assert decide(DOT, ExactTensor.from_rationals(values, (1, 2, 2))).label == "yes"
    assert sequent.title == 'whole image: admissible 2x2 images of class "yes": logit "yes" - logit "no" >= 0'


def test_sizes_at_which_the_network_is_not_defined() -> None:
    large = task([feature("a", "##", "##")], [one_class("yes", "a"), one_class("no", "", "a")])
    network = build_network(large)
    unpadded = [replace(x, padding=(0, 0, 0, 0)) if hasattr(x, "padding") else x for x in network.layers]
    with pytest.raises(ValueError, match="not defined"):
        whole_sequent(large, (1, 1), 0, parts(replace(network, layers=tuple(unpadded)), 1))

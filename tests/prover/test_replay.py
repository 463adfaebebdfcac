"""Large images replayed through small ones: decisions, logits and windows are those of the whole image."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.networks import networks
from support.spoil import spoilt
from support.tasks import images, tasks
from support.tiny import conv, dense, feature, one_class, task

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Stretched
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import logits
from exactcnn.network.model import GlobalPool, InputUnit, MaxPool2d, Network, ReLU
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import replay, shrunk
from exactcnn.task.decide import decide
from exactcnn.task.model import Task

DOT = task(
    [feature("dot", "#."), feature("bar", "##", "##")], [one_class("a", "dot", "bar"), one_class("b", "", "dot")]
)


def pooled_by(network: Network, kind: str) -> Network:
    pool = GlobalPool(kind)  # type: ignore[arg-type]
    return replace(network, layers=tuple(pool if isinstance(x, GlobalPool) else x for x in network.layers))


@st.composite
def pictures(draw: st.DrawFn) -> tuple[Instance, Stretched]:
    """A network built, spoilt or random, and an image any row and column of whose core is repeated."""
    subject = draw(tasks(max_side=2, max_channels=1, max_features=2, max_classes=3))
    if draw(st.booleans()):
        network = draw(networks(channels=1, outputs=len(subject.classes), unit=InputUnit.PIXEL))
    else:
        network = pooled_by(build_network(subject), draw(st.sampled_from(["max", "sum", "mean"])))
        network, _ = draw(spoilt(network, ("weight", "padding", "stride")))
    core = draw(images(subject, max_height=4, max_width=4))
    height, width = (n + draw(st.sampled_from([0, 1, 5, 17, 30])) for n in core.shape[1:])
    assume(network.output_size(height, width) is not None)
    row, column = (draw(st.integers(-n, n - 1)) for n in core.shape[1:])
    return Instance(subject, network, SizeRange.fixed(height, width)), Stretched(core, height, width, row, column)


@settings(max_examples=120)
@given(pair=pictures())
def test_replay_is_that_of_the_whole_image(pair: tuple[Instance, Stretched]) -> None:
    instance, picture = pair
    whole = picture.image()
    found = replay(instance, picture)
    assert (
        list(found.logits) == logits(instance.network, whole.reshape(1, *whole.shape), instance.task.pixel).rationals()
    )
    expected = decide(instance.task, whole)
    assert found.decision.label == expected.label
    assert found.decision.configuration == expected.configuration
    assert [s.state for s in found.decision.statuses] == [s.state for s in expected.statuses]
    assert [s.nearest for s in found.decision.statuses] == [s.nearest for s in expected.statuses]
    if expected.admissible:
        check_example(instance, picture, whole)


def check_example(instance: Instance, picture: Stretched, whole: ExactTensor) -> None:
    found = replay(instance, picture)
    example = found.example(instance)
    assert example.picture is picture
    assert frozenset(example.features) == found.decision.configuration
    assert {w.feature for w in example.windows} == set(example.features)
    for window in example.windows:
        one = instance.task.features[instance.task.feature_index[window.feature]]
        part = whole[:, window.row : window.row + one.height, window.column : window.column + one.width]
        assert one.templates[window.template].excess(part) == 0
    index = [c.name for c in instance.task.classes].index(example.label)
    assert found.lead(instance) == example.lead(index)


@given(pair=pictures())
@settings(max_examples=60)
def test_the_small_image_is_small(pair: tuple[Instance, Stretched]) -> None:
    instance, picture = pair
    small = shrunk(instance, picture)
    stem = instance.stem
    for axis, core, length, window in (
        (stem.rows, picture.core.shape[1], small.height, instance.task.largest_window[0]),
        (stem.columns, picture.core.shape[2], small.width, instance.task.largest_window[1]),
    ):
        assert core <= length <= core + max(axis.field, window) + 2 * axis.stride
    assert (picture.height - small.height) % stem.rows.stride == 0
    assert (picture.width - small.width) % stem.columns.stride == 0


@pytest.mark.parametrize("kind", ["max", "sum", "mean"])
@pytest.mark.parametrize("place", range(3))
def test_huge_images_are_quick(kind: str, place: int) -> None:
    network = pooled_by(build_network(DOT), kind)
    core = ExactTensor.from_integers([[[0, 0, 0], [0, 1, 0], [0, 0, 0]]])
    size = 10**9
    found = replay(Instance(DOT, network, SizeRange()), Stretched(core, size, size, place, 0))
    assert found.decision.configuration == frozenset({"dot"})
    (window,) = found.example(Instance(DOT, network, SizeRange())).windows
    # The column that is repeated comes before the dot, which moves to the end.
    assert window.column == size - 2
    assert window.row == (size - 2 if place == 0 else 1)


def test_a_sum_over_many_positions() -> None:
    """Every position of a huge image adds 1/3, but for the one column that lies in the padding."""
    first = conv(["1/3"], (1, 1, 1, 1), [0], stride=(2, 1), padding=(0, 1, 0, 0))
    network = Network((first, ReLU(), GlobalPool("sum"), dense([[1], [0]], [0, 5])), 1)
    subject = task([feature("dot", "#")], [one_class("a", "dot"), one_class("b", "", "dot")])
    height, width = 10**6 + 1, 10**6
    white = ExactTensor.full((1, 1, 1), fmpq(1))
    found = replay(Instance(subject, network, SizeRange()), Stretched(white, height, width))
    assert found.logits == (fmpq((height + 1) // 2 * width, 3), 5)


def test_only_admissible_images_are_examples() -> None:
    instance = Instance(DOT, build_network(DOT), SizeRange())
    grey = replay(instance, Stretched.plain(ExactTensor.from_rationals([fmpq(3, 4), fmpq(0)], (1, 1, 2))))
    assert grey.decision.label is None
    with pytest.raises(InternalError, match="admissible"):
        grey.example(instance)


def test_pools_without_convolutions() -> None:
    """A local pool right on the image, with a stride that the repeated rows are counted in."""
    subject: Task = task([feature("dot", "#")], [one_class("a", "dot"), one_class("b", "", "dot")])
    head = build_network(subject).layers[5:]
    network = Network((MaxPool2d((2, 2), (2, 2)), GlobalPool("max"), *head), 1)
    core = ExactTensor.from_integers([[[0, 0], [0, 1]]])
    picture = Stretched(core, 31, 31, 0, 0)
    found = replay(Instance(subject, network, SizeRange(2, None, 2, None)), picture)
    whole = picture.image()
    assert list(found.logits) == logits(network, whole.reshape(1, *whole.shape), subject.pixel).rationals()

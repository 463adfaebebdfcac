"""The kernel and the package, which share no code, say the same of random tasks and networks."""

from __future__ import annotations

import io
from fractions import Fraction

from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.kernel_cases import golden
from support.networks import networks, smallest_side
from support.tasks import images, tasks

from exactcnn.checker import kernel
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Stretched
from exactcnn.core.rational import format_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.statement import format_statement
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.prover.instance import Instance
from exactcnn.task.decide import decide
from exactcnn.task.model import Task
from exactcnn.theorem.stem import Unsupported


def _statement(task: Task, network: Network, sizes: SizeRange) -> kernel.Statement:
    text = format_statement(task, network, sizes, fmpq(1, 7), None)
    return kernel.Statement(kernel.Lines(io.BytesIO(text.encode())))


@st.composite
def _instances(draw: st.DrawFn) -> tuple[Task, Network, int]:
    task = draw(tasks())
    network = draw(networks(channels=len(task.channels), outputs=len(task.classes)))
    assume(network.outputs is not None)
    return task, network, smallest_side(network)


@settings(max_examples=40, deadline=None)
@given(drawn=_instances(), wide=st.integers(0, 3), most=st.sampled_from([None, 0, 2]))
def test_border_kinds_and_classes_of_windows(drawn: tuple[Task, Network, int], wide: int, most: int | None) -> None:
    task, network, side = drawn
    sizes = SizeRange(side, None if most is None else side + most, side + wide, None)
    try:
        instance = Instance(task, network, sizes)
        theirs = instance.kinds
    except (Unsupported, InputError):
        return
    ours = _statement(task, network, sizes)
    assert theirs == ours.kinds
    assert (instance.pooling.least, instance.pooling.most) == (ours.fewest, ours.greatest)
    for feature, own in zip(task.features, ours.features, strict=True):
        classes = instance.window_classes(feature.height, feature.width)
        assert [
            (tuple((s.offset, s.signature) for s in r), tuple((s.offset, s.signature) for s in c)) for r, c in classes
        ] == ours.windows(own)


def _replayed(task: Task, network: Network, picture: Stretched) -> tuple[list[int] | None, list[Fraction]]:
    """The classes satisfied (None: a feature is neither contained nor avoided) and the logits, by the kernel."""
    statement = _statement(task, network, SizeRange.fixed(picture.height, picture.width))
    h, w = picture.core.shape[1:]
    numbers = [format_rational(v) for v in picture.core.rationals()]
    place = f"{picture.row % h} {picture.column % w}"
    text = [f"witness 0 {h} {w} {picture.height} {picture.width} {place}"]
    text += [" ".join(numbers[i : i + w]) for i in range(0, len(numbers), w)]
    lines = kernel.Lines(io.BytesIO("".join(line + "\n" for line in text).encode()))
    witness = kernel.Witness(statement, lines, 0, {})
    lines.finish()
    try:
        satisfied = witness.satisfied()
    except kernel.Reject:
        satisfied = None
    values, q = witness.logits()
    return satisfied, [Fraction(x, q) for x in values]


@settings(max_examples=40, deadline=None)
@given(drawn=_instances(), data=st.data())
def test_replayed_images(drawn: tuple[Task, Network, int], data: st.DataObject) -> None:
    task, network, side = drawn
    if not any(type(layer).__name__ == "GlobalPool" for layer in network.layers):
        return
    core = data.draw(images(task, height=side, width=side))
    height, width = side + data.draw(st.integers(0, 30)), side + data.draw(st.integers(0, 30))
    picture = Stretched(core, height, width, data.draw(st.integers(0, side - 1)), data.draw(st.integers(0, side - 1)))
    image: ExactTensor = picture.image()
    satisfied, values = _replayed(task, network, picture)
    decision = decide(task, image)
    names = [task.classes[y].name for y in satisfied] if satisfied is not None else None
    assert names == (None if decision.configuration is None else list(decision.satisfied))
    expected = logits(network, image.reshape(1, *image.shape), task.pixel)
    assert values == [Fraction(int(v.p), int(v.q)) for v in expected[0].rationals()]


def test_bytes_of_a_range_that_no_template_mentions() -> None:
    """The image's common denominator has to hold the range's least pixel too: here thirds, which stand nowhere else."""
    statement, _ = golden("lamp")
    weight = "1/255"
    changes = (
        ("pixel 0 1", "pixel -1/3 1"),
        ("input pixel", "input byte"),
        ("dense out 2 in 1\n1\n0\nbias 0 1/2", f"dense out 2 in 1\n{weight}\n0\nbias 0 5/8"),
        ("margin 1/4", "margin 1/100"),
    )
    for old, new in changes:
        assert old in statement
        statement = statement.replace(old, new)
    read = kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
    lines = kernel.Lines(io.BytesIO(b"witness 0 1 1 1 1 0 0\n3/4\n"))
    values, q = kernel.Witness(read, lines, 0, {}).logits()
    assert [Fraction(x, q) for x in values] == [Fraction(13, 16), Fraction(5, 8)]

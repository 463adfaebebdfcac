"""Images put together from patches: everything stands where it was asked to, at the sizes that were asked for."""

from __future__ import annotations

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.outcomes import PLAIN, RING
from support.tasks import tasks
from support.tiny import drawn, feature, one_class, task

from exactcnn.core.outcome import Stretched
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.prover.compose import FREE, Anchor, Item, backgrounds, compose, template_item
from exactcnn.task.decide import decide
from exactcnn.task.model import GeneratorSpec, Task

BLACK = (fmpq(0),)
anchors = st.sampled_from(
    [
        FREE,
        *(Anchor(kind, n) for kind in ("start", "end") for n in (0, 1, 2)),
        Anchor("start", 1, 2),
        Anchor("phase", 0),
        Anchor("phase", 1),
    ]
)


def block(value: int, rows: int, columns: int, row: Anchor = FREE, column: Anchor = FREE) -> Item:
    values = ExactTensor.full((1, rows, columns), fmpq(value))
    return Item(values, np.ones((1, rows, columns), dtype=np.bool_), row, column)


def whole(picture: Stretched) -> np.ndarray:
    return np.array([[int(v * 1) for v in row] for row in picture.image().tolist()[0]])


@st.composite
def orders(draw: st.DrawFn) -> tuple[list[Item], SizeRange, tuple[int, int], int]:
    sides = st.integers(1, 3)
    items = [
        block(n + 1, draw(sides), draw(sides), draw(anchors), draw(anchors)) for n in range(draw(st.integers(0, 3)))
    ]
    height, width = draw(st.integers(1, 14)), draw(st.integers(1, 14))
    most = draw(st.sampled_from([None, 0, 4]))
    sizes = SizeRange(height, None if most is None else height + most, width, None if most is None else width + most)
    return items, sizes, draw(st.sampled_from([(1, 1), (2, 1), (2, 3)])), draw(st.integers(0, 2))


@settings(max_examples=150)
@given(order=orders())
def test_everything_stands_where_it_should(order: tuple[list[Item], SizeRange, tuple[int, int], int]) -> None:
    items, sizes, stride, spacing = order
    for picture in compose(items, BLACK, sizes, stride, spacing):
        assert (picture.height, picture.width) in sizes
        image = whole(picture)
        assert image.shape == (picture.height, picture.width)
        found = []
        for number, item in enumerate(items):
            rows, columns = np.nonzero(image == number + 1)
            box = (rows.min(), rows.max() + 1, columns.min(), columns.max() + 1)
            # Nothing of it is hidden, repeated or torn.
            assert (box[1] - box[0], box[3] - box[2]) == item.size
            assert len(rows) == item.size[0] * item.size[1]
            for anchor, start, end, length, step in (
                (item.row, box[0], box[1], picture.height, stride[0]),
                (item.column, box[2], box[3], picture.width, stride[1]),
            ):
                check_anchor(anchor, start, end, length, step)
            found.append(box)
        for i, a in enumerate(found):
            for b in found[:i]:
                apart = max(a[0] - b[1], b[0] - a[1], a[2] - b[3], b[2] - a[3])
                assert apart >= spacing


def check_anchor(anchor: Anchor, start: int, end: int, length: int, stride: int) -> None:
    assert length - end >= anchor.room
    if anchor.kind == "start":
        assert start == anchor.offset
    elif anchor.kind == "end":
        assert end == length - anchor.offset
    elif anchor.kind == "phase":
        assert (start - anchor.offset) % stride == 0


@pytest.mark.parametrize(
    ("row", "column"), [(a, b) for a in ("start", "end", "free") for b in ("start", "end", "free")]
)
@pytest.mark.parametrize("sizes", ["any", "3x3", "40x50", "1000x1000..any"])
def test_one_patch_is_always_placed(row: str, column: str, sizes: str) -> None:
    item = block(1, 2, 2, Anchor(row), Anchor(column))  # type: ignore[arg-type]
    (picture,) = compose([item], BLACK, SizeRange.parse(sizes), (1, 1), 1)
    assert (picture.height, picture.width) in SizeRange.parse(sizes)
    assert max(picture.core.shape) < 60


def test_no_room_no_image() -> None:
    assert list(compose([block(1, 3, 3)], BLACK, SizeRange.fixed(2, 9), (1, 1), 0)) == []
    assert list(compose([block(1, 2, 2), block(2, 2, 2)], BLACK, SizeRange.fixed(3, 3), (1, 1), 0)) == []
    start = Anchor("start")
    same = [block(1, 2, 2, start, start), block(2, 1, 1, start, start)]
    assert list(compose(same, BLACK, SizeRange(), (1, 1), 0)) == []


def test_an_exact_fit() -> None:
    (picture,) = compose([block(1, 2, 2), block(2, 2, 2)], BLACK, SizeRange.fixed(2, 4), (1, 1), 0)
    assert sorted(whole(picture).flat) == [1, 1, 1, 1, 2, 2, 2, 2]


def test_what_is_not_known_shows_the_background() -> None:
    item = template_item(task([feature("f", "#?.")], [one_class("a", "f"), one_class("b")]), 0, 0)
    assert item.known.tolist() == [[[True, False, True]]]
    (picture,) = compose([item], (fmpq(1, 2),), SizeRange.fixed(1, 3), (1, 1), 0)
    assert picture.image().rationals() == [fmpq(15, 16), fmpq(1, 2), fmpq(1, 16)]


def test_values_of_a_template() -> None:
    box = drawn("#.")
    subject = task([feature("f", "#.")], [one_class("a", "f"), one_class("b")])
    assert template_item(subject, 0, 0).values == box.centre()
    assert template_item(subject, 0, 0, values=box.high, row=Anchor("end")).values == box.high


def test_clean_backgrounds_come_first() -> None:
    assert backgrounds(PLAIN)[0] == BLACK
    dark = task([feature("dark", ".", gap="1/4")], [one_class("a", "dark"), one_class("b")])
    found = backgrounds(dark)
    assert BLACK not in found
    for value in found:
        plain = ExactTensor.full((1, 1, 1), value[0])
        assert decide(dark, plain).configuration == frozenset()
    generator = GeneratorSpec(((fmpq(1, 8), fmpq(1, 4)),))
    first = backgrounds(Task("t", (RING,), (*PLAIN.classes[-1:], one_class("x", "ring")), generator=generator))
    assert first[:2] == [(fmpq(1, 8),), (fmpq(3, 16),)]


@settings(max_examples=30)
@given(subject=tasks(max_side=2))
def test_there_is_always_a_background(subject: Task) -> None:
    found = backgrounds(subject)
    assert found
    assert len(set(found)) == len(found)
    for background in found:
        assert len(background) == len(subject.channels)
        assert all(subject.pixel.low <= value <= subject.pixel.high for value in background)

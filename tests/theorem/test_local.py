"""Local sequents: their points are fields of pixels, and their goals follow wherever they are said to hold."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from support.networks import tensors
from support.stems import stem_of, stems
from support.tasks import features
from support.tiny import conv, feature, one_class, task

from exactcnn.core.affine import Affine
from exactcnn.core.box import Box
from exactcnn.core.circuit import CircuitBuilder, Input, Relu
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import ReLU
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import PixelRange, Task
from exactcnn.theorem.bounds import field_bounds
from exactcnn.theorem.local import (
    LocalSequent,
    Placed,
    excess_form,
    lower_sequent,
    plain_bounds,
    sub_rows,
    upper_sequent,
)
from exactcnn.theorem.stem import FieldPixels, Kind, Stem

SOLVER = Z3Solver()
UNIT = PixelRange()
ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
SHARES = st.sampled_from([Fraction(n, 8) for n in range(9)])


@st.composite
def scenes(draw: st.DrawFn) -> tuple[Task, Stem, Kind, Placed, ExactTensor]:
    """A one-feature task, a stem, a border kind, a window in its field, and a field (C, R, S) of pixels."""
    subject = draw(features("f", max_side=2, max_templates=2))
    subject_task = Task("t", (subject,), (one_class("a", "f"), one_class("b", "", "f")))
    stem = draw(stems(least=1, most=2, padding=1))
    assume(stem.rows.field <= 6 and stem.columns.field <= 6)
    lengths = [list(axis.lengths(axis.field + 2, None, {1, 2})) for axis in (stem.rows, stem.columns)]
    kinds = [sorted(axis.kinds(n)) for axis, n in zip((stem.rows, stem.columns), lengths, strict=True)]
    kind = draw(st.sampled_from(kinds[0])), draw(st.sampled_from(kinds[1]))
    (top, bottom), (left, right) = kind[0][0], kind[1][0]
    assume(bottom - top >= subject.height and right - left >= subject.width)
    row = draw(st.integers(top, bottom - subject.height))
    column = draw(st.integers(left, right - subject.width))
    placed = Placed(0, draw(st.integers(0, len(subject.templates) - 1)), row, column)
    return subject_task, stem, kind, placed, draw(tensors((1, stem.rows.field, stem.columns.field), SHARES))


def exhibited(scene: tuple[Task, Stem, Kind, Placed, ExactTensor]) -> ExactTensor:
    """The field with the window pushed into the template's box."""
    subject, _, _, placed, field = scene
    box = subject.features[0].templates[placed.template]
    values = field.fractions()
    window = values[:, placed.row : placed.row + box.shape[1], placed.column : placed.column + box.shape[2]]
    window[...] = box.low.fractions() + (box.high.fractions() - box.low.fractions()) * window
    return ExactTensor.from_rationals(values, shape=values.shape)


def output(stem: Stem, kind: Kind, field: ExactTensor, channel: int) -> fmpq:
    """The stem's value at the position, exactly."""
    point = field.reshape(1, *field.shape)
    return field_bounds(stem, kind, Box(point, point)).low.item(0, channel)


def excess(subject: Task, placed: Placed, field: ExactTensor) -> fmpq:
    box = subject.features[placed.feature].templates[placed.template]
    window = field[:, placed.row : placed.row + box.shape[1], placed.column : placed.column + box.shape[2]]
    return box.excess(window)


def at(local: LocalSequent, field: ExactTensor) -> list[fmpq]:
    """All variables where the pixels are the field's; the circuit may ask for any of them."""
    return local.sequent.circuit.evaluate({n: field.item(*pixel) for pixel, n in local.pixels.items()})


@settings(max_examples=60)
@given(scene=scenes(), bound=st.integers(-6, 6).map(lambda n: fmpq(n, 2)))
def test_lower_sequents_speak_of_exhibiting_windows(
    scene: tuple[Task, Stem, Kind, Placed, ExactTensor], bound: fmpq
) -> None:
    subject, stem, kind, placed, _ = scene
    field = exhibited(scene)
    channel = stem.out_channels - 1
    local = lower_sequent(subject, stem, kind, placed, ((channel, 1),), bound)
    values = at(local, field)
    assert local.sequent.goal.evaluate(values.__getitem__) == output(stem, kind, field, channel) - bound
    assert local.sequent.hypotheses == ()
    for row in local.sequent.lemmas:
        assert row.evaluate(values.__getitem__) >= 0
    # The field is one that the sequent speaks of: every pixel lies in its variable's interval.
    for number, variable in enumerate(local.sequent.circuit.variables):
        assert not isinstance(variable, Input) or variable.low <= values[number] <= variable.high
    if SOLVER.decide(local.sequent, timeout=5).status is Status.HOLDS:
        assert output(stem, kind, field, channel) >= bound


@settings(max_examples=60)
@given(scene=scenes(), bound=st.integers(-2, 8).map(lambda n: fmpq(n, 2)))
def test_upper_sequents_speak_of_clear_windows(
    scene: tuple[Task, Stem, Kind, Placed, ExactTensor], bound: fmpq
) -> None:
    subject, stem, kind, placed, field = scene
    channel = stem.out_channels - 1
    local = upper_sequent(subject, stem, kind, (placed,), channel, bound)
    for pixel in [p for p in local.pixels if p[0] == 0]:
        assert all(0 <= place < length for place, length in zip(pixel[1:], field.shape[1:], strict=True))
    values = at(local, field)
    (hypothesis,) = local.sequent.hypotheses
    gap = subject.features[0].gap
    assert hypothesis.evaluate(values.__getitem__) == excess(subject, placed, field) - gap
    assert local.sequent.goal.evaluate(values.__getitem__) == bound - output(stem, kind, field, channel)
    for row in local.sequent.lemmas:
        assert row.evaluate(values.__getitem__) >= 0
    holds = SOLVER.decide(local.sequent, timeout=5).status is Status.HOLDS
    if holds and excess(subject, placed, field) >= gap:
        assert output(stem, kind, field, channel) <= bound


@settings(max_examples=60)
@given(scene=scenes())
def test_lemmas_add_nothing(scene: tuple[Task, Stem, Kind, Placed, ExactTensor]) -> None:
    """They are consequences: without them the solver gives the same answer."""
    subject, stem, kind, placed, field = scene
    bound = output(stem, kind, field, 0)
    for local in (
        upper_sequent(subject, stem, kind, (placed,), 0, bound),
        lower_sequent(subject, stem, kind, placed, ((0, 1),), bound),
    ):
        with_rows = SOLVER.decide(local.sequent, timeout=5).status
        without = SOLVER.decide(replace(local.sequent, lemmas=()), timeout=5).status
        assert Status.OPEN in (with_rows, without) or with_rows is without


@settings(max_examples=80)
@given(data=st.data())
def test_the_excess_is_that_of_the_box(data: st.DataObject) -> None:
    pixel = data.draw(st.sampled_from([UNIT, PixelRange(fmpq(-1), fmpq(1))]))
    subject = data.draw(features("f", 2, pixel, max_side=3, max_templates=1))
    subject_task = Task("t", (subject,), (one_class("a", "f"), one_class("b")), ("r", "g"), pixel)
    box = subject.templates[0]
    shares = data.draw(tensors(box.shape, SHARES))
    window = ExactTensor.full((), pixel.low) + shares.scaled(pixel.high - pixel.low)
    builder = CircuitBuilder()
    pixels = FieldPixels(builder, lambda _: (pixel.low, pixel.high))
    form = excess_form(builder, pixels, subject_task, box, 3, 5)
    values = builder.circuit().evaluate({n: window.item(c, i - 3, j - 5) for (c, i, j), n in pixels.numbers.items()})
    assert form.evaluate(values.__getitem__) == box.excess(window)


def test_dont_cares_and_ends_of_the_range_cost_nothing() -> None:
    builder = CircuitBuilder()
    pixels = FieldPixels(builder, lambda _: (ZERO, ONE))
    subject = task([feature("f", "#?.", tolerance="1/4")], [one_class("a", "f"), one_class("b", "", "f")])
    form = excess_form(builder, pixels, subject, subject.features[0].templates[0], 0, 0)
    # Two pixels are looked at, and each only from the side at which its interval can be left.
    assert set(pixels.numbers) == {(0, 0, 0), (0, 0, 2)}
    assert builder.variables[1::2] == [
        Relu(Affine.variable(0).scaled(-1).shifted(fmpq(3, 4))),
        Relu(Affine.variable(2).shifted(fmpq(-1, 4))),
    ]
    assert form == Affine.variable(1) + Affine.variable(3)


@settings(max_examples=80)
@given(data=st.data())
def test_plain_bounds_hold(data: st.DataObject) -> None:
    halves = st.integers(-4, 4).map(lambda n: fmpq(n, 2))
    builder = CircuitBuilder()
    ends = [sorted([data.draw(halves), data.draw(halves)]) for _ in range(2)]
    for low, high in ends:
        builder.input(low, high)
    for _ in range(data.draw(st.integers(1, 4))):
        forms = [
            Affine.of([(v, data.draw(halves)) for v in range(len(builder.variables))], data.draw(halves))
            for _ in range(2)
        ]
        if data.draw(st.booleans()):
            builder.relu(forms[0])
        else:
            builder.maximum(tuple(forms))
    shares = [data.draw(SHARES) for _ in ends]
    point = {
        n: low + (high - low) * fmpq(*_pair(s)) for n, ((low, high), s) in enumerate(zip(ends, shares, strict=True))
    }
    values = builder.circuit().evaluate(point)
    rows = plain_bounds(builder.variables)
    assert len(rows) == len(builder.variables) - 2
    for row in rows:
        assert row.evaluate(values.__getitem__) >= 0


def test_plain_bounds_need_bounded_inputs() -> None:
    builder = CircuitBuilder()
    builder.input(ZERO, None)
    with pytest.raises(ValueError, match="not bounded"):
        plain_bounds(builder.variables)


# -- which rows are made ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("network", "goal"),
    [
        # Steeper, flatter and shifted nodes: b = 1/w, d = what the shift costs.
        ((2, "-1/2"), (HALF, ZERO)),
        ((HALF, "-1/8"), (fmpq(2), ZERO)),
        ((1, "-1/2"), (ONE, fmpq(1, 4))),
        ((1, "1/2"), (ONE, ZERO)),
    ],
)
def test_a_sub_row_pays_for_the_shift(network: tuple[object, str], goal: tuple[fmpq, fmpq]) -> None:
    builder = CircuitBuilder()
    pixel = Affine.variable(builder.input(ZERO, ONE))
    slope, offset = fmpq(*_pair(network[0])), fmpq(*_pair(network[1]))
    builder.relu(pixel.scaled(slope).shifted(offset))
    end = len(builder.variables)
    builder.relu(pixel.shifted(fmpq(-1, 4)))
    factor, rest = goal
    assert sub_rows(builder, end) == [Affine.of([(1, factor), (2, fmpq(-1))], rest)]


def _pair(value: object) -> tuple[int, int]:
    fraction = Fraction(str(value))
    return fraction.numerator, fraction.denominator


def test_no_row_without_its_premise() -> None:
    builder = CircuitBuilder()
    pixel, other = (Affine.variable(builder.input(ZERO, ONE)) for _ in range(2))
    builder.relu((-pixel).shifted(1))  # the other sign
    builder.relu(other.shifted(-HALF))  # another pixel
    builder.relu((pixel + other).shifted(-HALF))  # two pixels
    node = builder.relu(pixel.shifted(fmpq(-1, 8)))
    builder.relu(node.shifted(fmpq(-1, 8)))  # a node, no pixel
    end = len(builder.variables)
    builder.relu(pixel.shifted(fmpq(-1, 4)))
    assert sub_rows(builder, end) == [Affine.of([(5, ONE), (7, fmpq(-1))])]


def test_a_task_node_that_the_network_has_too_needs_no_row() -> None:
    """Hash-consing makes them one variable, numbered among the network's."""
    builder = CircuitBuilder()
    pixel = Affine.variable(builder.input(ZERO, ONE))
    builder.relu(pixel.shifted(-HALF))
    end = len(builder.variables)
    builder.relu(pixel.shifted(-HALF))
    assert sub_rows(builder, end) == []


# -- titles and kinds -------------------------------------------------------------------------------------------------


def test_a_sequent_depends_on_what_the_position_sees() -> None:
    """At a border kind without the window's last row, the network sees zeros there; the task's window is elsewhere."""
    stem = stem_of((conv([1, 1], (1, 1, 2, 1), [0], padding=(0, 0, 1, 0)), ReLU()), 1)
    subject = task([feature("dot", "#", tolerance=0)], [one_class("a", "dot"), one_class("b", "", "dot")])
    whole, last = (((0, 2),), ((0, 1),)), (((0, 1),), ((0, 1),))
    for kind, least in ((whole, ONE), (last, ONE)):
        placed = Placed(0, 0, 0, 0)
        local = lower_sequent(subject, stem, kind, placed, ((0, 1),), least)
        assert SOLVER.decide(local.sequent).status is Status.HOLDS
    most = {whole: fmpq(2), last: ONE}
    for kind, bound in most.items():
        assert SOLVER.decide(upper_sequent(subject, stem, kind, (), 0, bound).sequent).status is Status.HOLDS
        below = upper_sequent(subject, stem, kind, (), 0, bound - fmpq(1, 100)).sequent
        assert SOLVER.decide(below).status is Status.FAILS


def test_titles_name_the_feature_and_the_window() -> None:
    stem = stem_of((conv([1], (1, 1, 1, 1), [0]),), 1)
    subject = task([feature("dot", "#")], [one_class("a", "dot"), one_class("b", "", "dot")])
    kind = ((0, 1),), ((0, 1),)
    lower = lower_sequent(subject, stem, kind, Placed(0, 0, 0, 0), ((0, 1),), HALF)
    upper = upper_sequent(subject, stem, kind, (Placed(0, 0, 0, 0),), 0, HALF)
    assert lower.sequent.title == 'lower: a window at (0, 0) of the field exhibits "dot" template 0 => S_0 >= 1/2'
    assert upper.sequent.title == 'upper: windows of the field clear of ["dot" template 0 at (0, 0)] => S_0 <= 1/2'

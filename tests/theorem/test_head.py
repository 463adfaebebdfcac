"""Head sequents: logits as forms, facts switched on by what an image contains, statements that mean what they say."""

from __future__ import annotations

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import rationals, tensors
from support.tasks import tasks
from support.tiny import dense, drawn, feature, one_class, task

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.apply import apply_layer
from exactcnn.network.model import Dense, ReLU
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.facts import PooledFacts, UpperFact
from exactcnn.theorem.formulas import Known
from exactcnn.theorem.head import Head, HeadCircuit, HeadSequent, HeadStatement, head_sequent

SOLVER = Z3Solver()
ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
UNIT = (ZERO, ONE)
TWO_FEATURES = [feature("a", "#"), feature("b", "##")]
PAIR = task(TWO_FEATURES, [one_class("x", "a", "b"), one_class("y", "b", "a")])
# One channel a feature, logits x - y and y - x of the pooled channels.
CROSS = Head((dense([[1, -1], [-1, 1]], [0, 0]),), 2)
FACTS = PooledFacts(
    base=(UNIT, UNIT),
    lower={(0, 0): {0: ONE}, (1, 0): {1: fmpq(3, 4)}},
    upper={0: (UpperFact(frozenset({0}), 0, ZERO),), 1: (UpperFact(frozenset({1}), 1, fmpq(1, 4)),)},
)


def heads(width: int, outputs: int) -> st.SearchStrategy[tuple[Dense | ReLU, ...]]:
    @st.composite
    def one(draw: st.DrawFn) -> tuple[Dense | ReLU, ...]:
        layers: list[Dense | ReLU] = draw(st.sampled_from([[], [ReLU()]]))
        into = width
        for last in draw(st.sampled_from([[True], [False, True], [False, False, True]])):
            out = outputs if last else draw(st.integers(1, 3))
            layers.append(Dense(draw(tensors((out, into), rationals())), draw(tensors((out,), rationals()))))
            layers += draw(st.sampled_from([[ReLU()], []]))
            into = out
        return tuple(layers)

    return one()


@settings(max_examples=60)
@given(layers=heads(3, 2), point=tensors((1, 3), rationals()))
def test_logits_are_those_of_the_layers(layers: tuple[Dense | ReLU, ...], point: ExactTensor) -> None:
    builder = CircuitBuilder()
    numbers = [builder.input(None, None) for _ in range(3)]
    circuit = HeadCircuit(Head(layers, 3), builder, lambda k: Affine.variable(numbers[k]))
    forms = [circuit.logit(index) for index in range(2)]
    values = builder.circuit().evaluate(dict(enumerate(point.rationals())))
    expected = point
    for layer in layers:
        expected = apply_layer(layer, expected)
    assert [form.evaluate(values.__getitem__) for form in forms] == expected.rationals()


def test_no_layers_at_all() -> None:
    builder = CircuitBuilder()
    circuit = HeadCircuit(Head((), 2), builder, lambda k: Affine.variable(k))
    assert circuit.logit(1) == Affine.variable(1)


def test_only_dense_layers_have_taps() -> None:
    head = Head((dense([[0, 2]], ["1/3"]), ReLU()), 2)
    assert head.taps(0, 0) == ([(1, fmpq(2))], fmpq(1, 3))
    with pytest.raises(TypeError, match="not dense"):
        head.taps(1, 0)


def test_only_what_a_logit_needs_is_mentioned() -> None:
    head = Head((dense([[1, 0], [0, 1]], [0, 0]), ReLU(), dense([[0, 1], [0, 0]], [0, 5])), 2)
    found = sequent(head, FACTS, holds=(0,), logits=((0, ONE),), bound=ZERO)
    assert list(found.channels) == [1]
    constant = sequent(head, FACTS, holds=(0,), logits=((1, ONE),), bound=ZERO)
    assert constant.sequent.goal == Affine.const(5)
    assert constant.sequent.clauses == ()


def sequent(
    head: Head,
    facts: PooledFacts,
    *,
    holds: tuple[int, ...] = (),
    fails: tuple[int, ...] = (),
    logits: tuple[tuple[int, fmpq], ...],
    bound: fmpq,
    subject: Task = PAIR,
    known: Known | None = None,
) -> HeadSequent:
    statement = HeadStatement(holds, fails, logits)
    return head_sequent(subject, head, facts, statement, bound, known or Known())


def decided(found: HeadSequent) -> Status:
    return SOLVER.decide(found.sequent).status


@pytest.mark.parametrize(
    ("holds", "fails", "logits", "bound", "status"),
    [
        # x's images contain a and avoid b: m_0 = 1 and m_1 <= 1/4.
        ((0,), (), ((0, ONE),), fmpq(3, 4), Status.HOLDS),
        ((0,), (), ((0, ONE),), fmpq(49, 64), Status.FAILS),
        ((0,), (1,), ((0, ONE), (1, -ONE)), fmpq(3, 2), Status.HOLDS),
        # y's contain b and avoid a: m_1 >= 3/4 and m_0 <= 0.
        ((1,), (), ((1, ONE),), fmpq(3, 4), Status.HOLDS),
        ((1,), (), ((1, ONE),), ONE, Status.FAILS),
        # Where x's formula fails, a may still be there together with b.
        ((), (0,), ((0, -ONE),), fmpq(-1, 4), Status.HOLDS),
        ((), (0,), ((0, -ONE),), ZERO, Status.FAILS),
        # Nothing is known without premises.
        ((), (), ((0, ONE),), fmpq(-1), Status.HOLDS),
        ((), (), ((0, ONE),), fmpq(-3, 4), Status.FAILS),
    ],
)
def test_statements(
    holds: tuple[int, ...], fails: tuple[int, ...], logits: tuple[tuple[int, fmpq], ...], bound: fmpq, status: Status
) -> None:
    assert decided(sequent(CROSS, FACTS, holds=holds, fails=fails, logits=logits, bound=bound)) is status


def test_upper_facts_about_features_that_are_not_in_play_are_left_out() -> None:
    facts = PooledFacts((UNIT, UNIT), {}, {0: (UpperFact(frozenset({0, 1}), 0, ZERO),)})
    only_a = task(TWO_FEATURES, [one_class("x", "a"), one_class("y", "", "a")])
    found = sequent(CROSS, facts, fails=(0,), logits=((0, -ONE),), bound=ZERO, subject=only_a)
    assert found.facts == {}
    assert decided(found) is Status.FAILS


def test_an_upper_fact_needs_all_its_features_absent() -> None:
    facts = PooledFacts((UNIT, UNIT), {}, {0: (UpperFact(frozenset({0, 1}), 0, ZERO),)})
    neither = task(TWO_FEATURES, [one_class("x", "", "a b"), one_class("y", "a", "b")])
    least = ((0, -ONE),)
    head = Head((dense([[1, 0], [0, 1]], [0, 0]),), 2)
    assert decided(sequent(head, facts, holds=(0,), logits=least, bound=ZERO, subject=neither)) is Status.HOLDS
    assert decided(sequent(head, facts, holds=(1,), logits=least, bound=ZERO, subject=neither)) is Status.FAILS
    assert decided(sequent(head, facts, logits=least, bound=ZERO, subject=neither)) is Status.FAILS


def test_one_of_several_templates_is_exhibited() -> None:
    several = Feature("a", (drawn("#."), drawn(".#")), HALF)
    subject = task([several], [one_class("x", "a"), one_class("y", "", "a")])
    facts = PooledFacts((UNIT, UNIT), {(0, 0): {0: ONE}, (0, 1): {1: HALF}}, {})
    both = Head((dense([[1, 1], [0, 0]], [0, 0]),), 2)
    for bound, status in ((HALF, Status.HOLDS), (fmpq(5, 8), Status.FAILS), (ONE, Status.FAILS)):
        assert decided(sequent(both, facts, holds=(0,), logits=((0, ONE),), bound=bound, subject=subject)) is status
    first = Head((dense([[1, 0], [0, 0]], [0, 0]),), 2)
    assert decided(sequent(first, facts, holds=(0,), logits=((0, ONE),), bound=HALF, subject=subject)) is Status.FAILS


def test_what_is_known_of_configurations() -> None:
    question = {"fails": (0,), "logits": ((0, -ONE),), "bound": ZERO}
    assert decided(sequent(CROSS, FACTS, **question)) is Status.FAILS
    # No image with both, and none with a alone: then a is never there, since x's formula fails.
    assert decided(sequent(CROSS, FACTS, **question, known=Known(absent=frozenset({0})))) is Status.HOLDS
    assert decided(sequent(CROSS, FACTS, **question, known=Known(implied=((0, 1),)))) is Status.FAILS
    assert decided(sequent(CROSS, FACTS, **question, known=Known(present=frozenset({0, 1})))) is Status.FAILS


def test_channels_without_bounds() -> None:
    facts = PooledFacts(((None, None), (ZERO, ZERO)), {(0, 0): {0: ONE}}, {})
    found = sequent(CROSS, facts, holds=(0,), logits=((0, ONE),), bound=ONE)
    assert decided(found) is Status.HOLDS
    # The second channel is known to be 0 and needs no variable.
    assert list(found.channels) == [0]
    assert decided(sequent(CROSS, facts, holds=(0,), logits=((1, ONE),), bound=fmpq(-100))) is Status.FAILS


def test_the_parts_are_named() -> None:
    found = sequent(CROSS, FACTS, holds=(0,), logits=((0, ONE),), bound=fmpq(3, 4))
    core = SOLVER.decide(found.sequent, core=True).core
    used = {found.facts[place] for place in core}
    assert used == {("lower", 0, 0, 0), UpperFact(frozenset({1}), 1, fmpq(1, 4))}
    assert set(found.features) == {0, 1}
    assert found.templates[0, 0] == found.features[0]


def test_titles() -> None:
    subject = task(TWO_FEATURES, [one_class(f"c{i}", "a") for i in range(6)])
    short = HeadStatement((0,), (1,), ((0, ONE), (1, -ONE))).describe(subject, HALF)
    assert short == 'head: "c0" holds and "c1" fails => 1 * logit "c0" + -1 * logit "c1" >= 1/2'
    long = HeadStatement((0,), (1, 2, 3, 4, 5), ((0, ONE),)).describe(subject, HALF)
    assert '"c2" fails and 3 more fail => ' in long


@settings(max_examples=50)
@given(data=st.data())
def test_a_possible_image_never_breaks_a_statement(data: st.DataObject) -> None:
    """Pooled values and configurations that agree with the facts, checked against what the solver says of them."""
    subject = data.draw(tasks(max_side=1, max_channels=1, max_features=2, max_classes=3))
    configuration = frozenset(f.name for f in subject.features if data.draw(st.booleans()))
    label = subject.label(configuration)
    if label is None:
        return
    y = [c.name for c in subject.classes].index(label)
    z = data.draw(st.integers(0, len(subject.classes) - 1))
    eighths = st.integers(0, 8).map(lambda n: fmpq(n, 8))
    point = [data.draw(eighths) for _ in range(2)]
    lower = {}
    for number, one in enumerate(subject.features):
        shown = data.draw(st.integers(0, len(one.templates) - 1))
        for template in range(len(one.templates)):
            true = one.name in configuration and template == shown
            lower[number, template] = {k: point[k] * data.draw(eighths) if true else data.draw(eighths) for k in (0, 1)}
    upper: dict[int, tuple[UpperFact, ...]] = {}
    for k in (0, 1):
        some = data.draw(st.frozensets(st.integers(0, len(subject.features) - 1), min_size=1))
        true = all(subject.features[f].name not in configuration for f in some)
        bound = point[k] + (1 - point[k]) * data.draw(eighths) if true else data.draw(eighths)
        upper[k] = (UpperFact(some, k, bound),)
    layers = data.draw(heads(2, len(subject.classes)))
    value = ExactTensor.from_rationals(point, (1, 2))
    for layer in layers:
        value = apply_layer(layer, value)
    logits = value.rationals()
    facts = PooledFacts((UNIT, UNIT), lower, upper)
    fails = tuple(i for i, c in enumerate(subject.classes) if not c.otherwise and i != y)
    for holds, failing, combination in (
        ((y,), (), ((y, ONE),)),
        ((), tuple(i for i in (z,) if i != y), ((z, -ONE),)),
        ((y,), fails if not subject.classes[y].otherwise else (), ((y, ONE), (z, -ONE))),
    ):
        achieved = sum((c * logits[i] for i, c in combination), ZERO)
        statement = HeadStatement(holds, failing, combination)
        found = head_sequent(subject, Head(layers, 2), facts, statement, achieved + fmpq(1, 1000))
        assert SOLVER.decide(found.sequent).status is Status.FAILS

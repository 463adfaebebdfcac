"""Class formulas as clauses: satisfied by just the configurations that satisfy the class."""

from __future__ import annotations

from itertools import product

from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import tasks
from support.tiny import feature, one_class, task

from exactcnn.task.model import Task, TaskClass
from exactcnn.theorem.formulas import Formulas, Known

small_tasks = tasks(max_side=1, max_channels=1)


def satisfiable(formulas: Formulas, configuration: frozenset[str]) -> bool:
    """Whether the clauses can be met with the feature atoms as the configuration says."""
    names = [f.name for f in formulas.task.features]
    fixed = {atom: names[f] in configuration for f, atom in formulas.features.items()}
    free = [n for n in range(1, formulas.atoms + 1) if n not in fixed]
    for bits in product((False, True), repeat=len(free)):
        value = {**fixed, **dict(zip(free, bits, strict=True))}
        if all(any(value[abs(n)] == (n > 0) for n in clause) for clause in formulas.clauses):
            return True
    return False


def configurations(subject: Task) -> list[frozenset[str]]:
    names = [f.name for f in subject.features]
    return [
        frozenset(n for n, bit in zip(names, bits, strict=True) if bit) for bits in product((0, 1), repeat=len(names))
    ]


def holds(subject: Task, index: int, configuration: frozenset[str]) -> bool:
    chosen = subject.classes[index]
    return (
        (chosen.name in subject.satisfied(configuration)) if chosen.otherwise else chosen.formula_holds(configuration)
    )


@settings(max_examples=60)
@given(subject=small_tasks, data=st.data())
def test_holds_fails_exactly(subject: Task, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, len(subject.classes) - 1))
    makers = {
        "holds": lambda f: f.holds(index),
        "fails": lambda f: f.fails(index),
        "exactly": lambda f: f.exactly(index),
    }
    for name, make in makers.items():
        formulas = Formulas(subject)
        make(formulas)
        for configuration in configurations(subject):
            expected = {
                "holds": holds(subject, index, configuration),
                "fails": not holds(subject, index, configuration),
                "exactly": subject.label(configuration) == subject.classes[index].name,
            }[name]
            assert satisfiable(formulas, configuration) == expected, name


@settings(max_examples=40)
@given(
    subject=small_tasks,
    absent=st.frozensets(st.integers(0, 2)),
    present=st.frozensets(st.integers(0, 2)),
    implied=st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3),
)
def test_what_is_known(
    subject: Task, absent: frozenset[int], present: frozenset[int], implied: list[tuple[int, int]]
) -> None:
    formulas = Formulas(subject)
    for number in range(len(subject.features)):
        formulas.contains(number)
    formulas.assume(Known(absent, present, tuple(implied)))
    for configuration in configurations(subject):
        there = {n for n, f in enumerate(subject.features) if f.name in configuration}
        inside = set(range(len(subject.features)))
        expected = (
            not there & absent
            and present & inside <= there
            and all(b in there for a, b in implied if a in there and b in inside)
        )
        assert satisfiable(formulas, configuration) == expected


def test_what_is_known_of_features_never_mentioned_is_left_out() -> None:
    subject = task([feature("a", "#"), feature("b", "#")], [one_class("x", "a"), one_class("y", "", "a")])
    formulas = Formulas(subject)
    formulas.holds(0)
    formulas.assume(Known(frozenset({1}), frozenset({1}), ((0, 1), (1, 0))))
    assert list(formulas.features) == [0]
    assert formulas.clauses == [(-2, 1), (2,)] or formulas.clauses == [(-1, 2), (1,)]


@given(subject=small_tasks, features=st.frozensets(st.integers(0, 2), min_size=1))
def test_a_literal_for_all_being_absent(subject: Task, features: frozenset[int]) -> None:
    chosen = frozenset(f for f in features if f < len(subject.features))
    if not chosen:
        return
    formulas = Formulas(subject)
    literal = formulas.all_absent(chosen)
    for configuration in configurations(subject):
        names = {subject.features[f].name for f in chosen}
        # It has to be true where all are absent, and may be false as soon as one is there.
        formulas.clauses.append((-literal,))
        assert satisfiable(formulas, configuration) == bool(names & configuration)
        formulas.clauses[-1] = (literal,)
        assert satisfiable(formulas, configuration) or bool(names & configuration)
        formulas.clauses.pop()


def test_an_alternative_that_asks_for_nothing() -> None:
    subject = task([feature("a", "#")], [one_class("all"), TaskClass("none", otherwise=True)])
    for index, expected in ((0, True), (1, False)):
        formulas = Formulas(subject)
        formulas.holds(index)
        assert satisfiable(formulas, frozenset()) is expected
        formulas = Formulas(subject)
        formulas.fails(index)
        assert satisfiable(formulas, frozenset({"a"})) is not expected

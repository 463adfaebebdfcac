"""Which configurations admissible images can have, and why a class may have none.

Two kinds of reason are geometric. If every template of f holds a window that lies, whatever its pixels in the
template's intervals, at less than g's gap from some template of g, then an image that contains f cannot avoid g. And
if no window at all reaches g's gap from all its templates, then no image with room for g avoids g; with one template
that is the template's largest excess, with several it is a question to the solver about one window.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.box import Box
from exactcnn.core.circuit import Circuit, CircuitBuilder, Sequent
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor, stack
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.formulas import Formulas, Known
from exactcnn.theorem.local import excess_form
from exactcnn.theorem.stem import FieldPixels

__all__ = [
    "Implication",
    "configuration_sequent",
    "contradiction",
    "implications",
    "nowhere_clear",
    "unavoidable",
    "unfitting",
]


@dataclass(frozen=True)
class Implication:
    """An admissible image that contains `first` contains `second` (numbers of features in the task).

    Attributes
    ----------
    excess: the largest excess over `second` of the window in question, below its gap.
    """

    first: int
    second: int
    excess: fmpq

    def explain(self, task: Task) -> str:
        """The reason in words."""
        first, second = task.features[self.first], task.features[self.second]
        inside = "lies inside one" if self.excess == 0 else f"is within {self.excess} of one"
        return (
            f'every template of "{first.name}" {inside} of "{second.name}", whose gap is {second.gap}: '
            f'no image can contain "{first.name}" and avoid "{second.name}"'
        )


def implications(task: Task) -> list[Implication]:
    """All pairs of features such that the first cannot be contained while the second is avoided."""
    found = []
    groups = _by_size(task)
    for second, feature in enumerate(task.features):
        for (height, width), (owners, templates) in groups.items():
            if height < feature.height or width < feature.width:
                continue
            nearest = _nearest_inside(templates, feature).rationals()
            worst: dict[int, fmpq] = {}
            for owner, excess in zip(owners, nearest, strict=True):
                worst[owner] = max(worst.get(owner, excess), excess)
            found += [Implication(f, second, e) for f, e in worst.items() if f != second and e < feature.gap]
    return sorted(found, key=lambda i: (i.first, i.second))


def _by_size(task: Task) -> dict[tuple[int, int], tuple[list[int], Box]]:
    """All templates by window size: the feature of each, and their boxes as one (N, C, a, b)."""
    members: dict[tuple[int, int], list[tuple[int, Box]]] = {}
    for number, feature in enumerate(task.features):
        for template in feature.templates:
            members.setdefault((feature.height, feature.width), []).append((number, template))
    return {
        size: ([n for n, _ in listed], Box(stack([t.low for _, t in listed]), stack([t.high for _, t in listed])))
        for size, listed in members.items()
    }


def _nearest_inside(templates: Box, feature: Feature) -> ExactTensor:
    """(N,): the least, over windows inside each template and the feature's templates, of the largest excess."""
    best: ExactTensor | None = None
    for row in range(templates.shape[2] - feature.height + 1):
        for column in range(templates.shape[3] - feature.width + 1):
            key = (..., slice(row, row + feature.height), slice(column, column + feature.width))
            low, high = templates.low[key], templates.high[key]
            for other in feature.templates:
                # Per pixel the excess is convex: an end of the interval attains its maximum (see Box.largest_excess).
                excess = (high - other.high).relu().maximum((other.low - low).relu()).sum((1, 2, 3))
                best = excess if best is None else best.minimum(excess)
    return ExactTensor.zeros((templates.shape[0],)) if best is None else best


def unavoidable(task: Task, sizes: SizeRange) -> frozenset[int]:
    """Features that no image of the range avoids, since one template is near every window, and there is a window.

    Where several templates do that together, `nowhere_clear` says so.
    """
    found = []
    for number, feature in enumerate(task.features):
        if sizes.min_height < feature.height or sizes.min_width < feature.width:
            continue
        shape = feature.templates[0].shape
        anything = Box(ExactTensor.full(shape, task.pixel.low), ExactTensor.full(shape, task.pixel.high))
        if any(t.largest_excess(anything) < feature.gap for t in feature.templates):
            found.append(number)
    return frozenset(found)


def nowhere_clear(task: Task, number: int) -> Sequent:
    """A sequent that holds exactly when no window is clear of the feature."""
    feature = task.features[number]
    builder = CircuitBuilder()
    pixels = FieldPixels(builder, lambda _: (task.pixel.low, task.pixel.high))
    hypotheses = tuple(excess_form(builder, pixels, task, box, 0, 0).shifted(-feature.gap) for box in feature.templates)
    return Sequent(builder.circuit(), hypotheses=hypotheses, title=f'no window is clear of "{feature.name}"')


def unfitting(task: Task, sizes: SizeRange) -> frozenset[int]:
    """Features whose windows fit into no image of the range."""
    return frozenset(
        n
        for n, f in enumerate(task.features)
        if (sizes.max_height is not None and f.height > sizes.max_height)
        or (sizes.max_width is not None and f.width > sizes.max_width)
    )


def configuration_sequent(task: Task, index: int, known: Known) -> tuple[Sequent, dict[int, int]]:
    """A sequent that holds exactly when no configuration satisfies just class `index` under what is known.

    The mapping gives the atom of each feature mentioned.
    """
    formulas = Formulas(task)
    formulas.exactly(index)
    for first, second in known.implied:
        formulas.contains(first)
        formulas.contains(second)
    for feature in known.absent | known.present:
        formulas.contains(feature)
    formulas.assume(known)
    return _propositional(formulas), formulas.features


def contradiction(task: Task, index: int) -> Iterator[tuple[Sequent, str]]:
    """Sequents that each would explain why class `index` has no configuration, simplest first, with the explanation."""
    chosen = task.classes[index]
    alone = Formulas(task)
    alone.holds(index)
    if chosen.otherwise:
        yield _propositional(alone), "the other classes cover every configuration"
        return
    yield _propositional(alone), f'the formula of class "{chosen.name}" contradicts itself'
    for other, task_class in enumerate(task.classes):
        if other == index or task_class.otherwise:
            continue
        both = Formulas(task)
        both.holds(index)
        both.fails(other)
        how = "equals" if set(task_class.alternatives) == set(chosen.alternatives) else "implies"
        yield _propositional(both), f'the formula of class "{chosen.name}" {how} that of class "{task_class.name}"'
    exact = Formulas(task)
    exact.exactly(index)
    yield _propositional(exact), f'every configuration of class "{chosen.name}" also satisfies another class'


def _propositional(formulas: Formulas) -> Sequent:
    return Sequent(Circuit(()), atoms=formulas.atoms, clauses=tuple(formulas.clauses), goal=Affine.const(-1))

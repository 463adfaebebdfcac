"""Head sequents (THEOREM.md, section 3): from facts about pooled channels to bounds on logits.

Atoms of a head sequent: "the image contains f", "it has a window that exhibits template t of f", "it avoids every
feature of A", and "alternative i of class y holds". Facts are switched on by them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder, Sequent
from exactcnn.network.model import Dense, ReLU
from exactcnn.task.model import Task
from exactcnn.theorem.facts import JointFact, PooledFacts, UpperFact
from exactcnn.theorem.formulas import NOTHING_KNOWN, Formulas, Known

__all__ = ["Head", "HeadCircuit", "HeadSequent", "HeadStatement", "UsedFact", "head_sequent"]

Tap = tuple[int, fmpq]


class Head:
    """The layers after the global pool, as affine forms over the pooled channels, output by output."""

    def __init__(self, layers: tuple[Dense | ReLU, ...], width: int) -> None:
        self.layers = layers
        self.width = width
        self._taps: dict[tuple[int, int], tuple[list[Tap], fmpq]] = {}

    def taps(self, depth: int, output: int) -> tuple[list[Tap], fmpq]:
        """Non-zero weights and bias of one output of dense layer `layers[depth]`."""
        known = self._taps.get((depth, output))
        if known is None:
            layer = self.layers[depth]
            if not isinstance(layer, Dense):
                raise TypeError(f"layer {depth} of the head is not dense")
            row = layer.weight[output]
            places = [int(i) for i in np.flatnonzero(row.nonzero())]
            known = self._taps[depth, output] = [(i, row.item(i)) for i in places], layer.bias.item(output)
        return known


@dataclass(frozen=True)
class HeadStatement:
    """What is claimed: under these class formulas, the goal's combination of logits is at least `bound`.

    Attributes
    ----------
    holds: classes whose formula holds (at most one).
    fails: classes whose formula fails.
    logits: coefficients of the logits in the goal.
    """

    holds: tuple[int, ...]
    fails: tuple[int, ...]
    logits: tuple[tuple[int, fmpq], ...]

    def describe(self, task: Task, bound: fmpq) -> str:
        """The statement in one line."""
        names = [c.name for c in task.classes]
        premises = [f'"{names[y]}" holds' for y in self.holds] + [f'"{names[z]}" fails' for z in self.fails]
        if len(premises) > 4:
            premises = [*premises[:3], f"{len(premises) - 3} more fail"]
        terms = " + ".join(f'{c} * logit "{names[i]}"' for i, c in self.logits)
        return f"head: {' and '.join(premises)} => {terms} >= {bound}"


UsedFact = tuple[str, int, int, int] | JointFact | UpperFact
"""("lower", feature, template, channel), a fact about several channels, or an upper fact."""


@dataclass(frozen=True)
class HeadSequent:
    """A head sequent with the meaning of its parts.

    Attributes
    ----------
    facts: the fact behind form j of switch i.
    channels: pooled channel -> variable.
    features: feature number -> its atom "contains".
    templates: (feature, template) -> its atom "has a window that exhibits it".
    """

    sequent: Sequent
    facts: Mapping[tuple[int, int], UsedFact]
    channels: Mapping[int, int]
    features: Mapping[int, int]
    templates: Mapping[tuple[int, int], int]


class HeadCircuit:
    """Builds logits as forms, with only the nodes that they need.

    Parameters
    ----------
    pooled: the form of a pooled channel.
    """

    def __init__(self, head: Head, builder: CircuitBuilder, pooled: Callable[[int], Affine]) -> None:
        self._head = head
        self._builder = builder
        self._pooled = pooled
        self._known: dict[tuple[int, int], Affine] = {}

    def logit(self, index: int) -> Affine:
        """The logit of class number `index`."""
        return self._value(len(self._head.layers), index)

    def _value(self, depth: int, index: int) -> Affine:
        """Output `index` of the head's layer depth-1 (the pooled channel for 0)."""
        known = self._known.get((depth, index))
        if known is None:
            known = self._known[depth, index] = self._computed(depth, index)
        return known

    def _computed(self, depth: int, index: int) -> Affine:
        if depth == 0:
            return self._pooled(index)
        if isinstance(self._head.layers[depth - 1], ReLU):
            return self._builder.relu(self._value(depth - 1, index))
        taps, constant = self._head.taps(depth - 1, index)
        terms: list[tuple[int, fmpq]] = []
        for source, weight in taps:
            form = self._value(depth - 1, source)
            terms += [(v, c * weight) for v, c in form.terms]
            constant = constant + form.constant * weight
        return Affine.of(terms, constant)


class _Builder:
    """Collects one head sequent."""

    def __init__(self, task: Task, head: Head, facts: PooledFacts) -> None:
        self.facts = facts
        self.formulas = Formulas(task)
        self.circuit = CircuitBuilder()
        self.channels: dict[int, int] = {}
        self.logits = HeadCircuit(head, self.circuit, self._pooled)

    def _pooled(self, channel: int) -> Affine:
        low, high = self.facts.base[channel]
        if low is not None and low == high:
            return Affine.const(low)
        self.channels[channel] = self.circuit.input(low, high)
        return Affine.variable(self.channels[channel])

    def templates(self) -> dict[tuple[int, int], int]:
        """Atoms "a window exhibits template t of f" for the features in play; one holds where f is contained."""
        found: dict[tuple[int, int], int] = {}
        for feature, contains in self.formulas.features.items():
            count = len(self.formulas.task.features[feature].templates)
            atoms = [contains] if count == 1 else [self.formulas.atom() for _ in range(count)]
            found.update({(feature, template): atom for template, atom in enumerate(atoms)})
            if count > 1:
                self.formulas.clauses.append((-contains, *atoms))
        return found

    def switches(
        self, templates: Mapping[tuple[int, int], int]
    ) -> tuple[list[tuple[int, tuple[Affine, ...]]], dict[tuple[int, int], UsedFact]]:
        """The facts about the channels in the cone, on the atoms that are in play."""
        switches: list[tuple[int, tuple[Affine, ...]]] = []
        meaning: dict[tuple[int, int], UsedFact] = {}
        for (feature, template), atom in templates.items():
            known = self.facts.lower.get((feature, template), {})
            found: list[tuple[UsedFact, Affine]] = []
            for k in sorted(self.channels):
                if k in known:
                    form = Affine.variable(self.channels[k]).shifted(-known[k])
                    found.append((("lower", feature, template, k), form))
            for joint, bound in self.facts.joint.get((feature, template), ()):
                if all(k in self.channels for k, _ in joint.weights):
                    terms = [(self.channels[k], fmpq(a)) for k, a in joint.weights]
                    found.append((joint, Affine.of(terms, -bound)))
            if found:
                meaning.update({(len(switches), place): fact for place, (fact, _) in enumerate(found)})
                switches.append((atom, tuple(form for _, form in found)))
        in_play = frozenset(self.formulas.features)
        for k in sorted(self.channels):
            for fact in self.facts.upper.get(k, ()):
                if fact.features <= in_play:
                    literal = self.formulas.all_absent(fact.features)
                    meaning[len(switches), 0] = fact
                    switches.append((literal, (Affine.const(fact.bound) - Affine.variable(self.channels[k]),)))
        return switches, meaning


def head_sequent(
    task: Task,
    head: Head,
    facts: PooledFacts,
    statement: HeadStatement,
    bound: fmpq,
    known: Known = NOTHING_KNOWN,
) -> HeadSequent:
    """The sequent of a statement about logits, under what is known of the images' configurations."""
    builder = _Builder(task, head, facts)
    goal = Affine.const(-bound)
    for index, coefficient in statement.logits:
        goal = goal + builder.logits.logit(index).scaled(coefficient)
    formulas = builder.formulas
    if not goal.is_constant:
        for index in statement.holds:
            formulas.holds(index)
        for index in statement.fails:
            formulas.fails(index)
        formulas.assume(known)
    templates = builder.templates()
    switches, meaning = builder.switches(templates)
    sequent = Sequent(
        builder.circuit.circuit(),
        atoms=formulas.atoms,
        clauses=tuple(formulas.clauses),
        switches=tuple(switches),
        goal=goal,
        title=statement.describe(task, bound),
    )
    return HeadSequent(sequent, meaning, builder.channels, formulas.features, templates)

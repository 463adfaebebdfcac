"""Head sequents (DESIGN section 4): from facts about pooled channels to bounds on logits.

Atoms of a head sequent: "the image contains f", "it has a window that exhibits template t of f", "it avoids every
feature of A", and "alternative i of class y holds". Facts are switched on by them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import CircuitBuilder, Sequent
from exactcnn.network.model import Dense, ReLU
from exactcnn.task.model import Alternative, Task
from exactcnn.theorem.facts import PooledFacts, UpperFact

__all__ = ["Head", "HeadSequent", "HeadStatement", "UsedFact", "head_sequent"]

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


UsedFact = tuple[str, int, int, int] | UpperFact
"""("lower", feature, template, channel), or an upper fact."""


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


@dataclass
class _Builder:
    """Collects one head sequent."""

    task: Task
    head: Head
    facts: PooledFacts
    circuit: CircuitBuilder = field(default_factory=CircuitBuilder)
    channels: dict[int, int] = field(default_factory=dict)
    features: dict[int, int] = field(default_factory=dict)
    templates: dict[tuple[int, int], int] = field(default_factory=dict)
    clauses: list[tuple[int, ...]] = field(default_factory=list)
    atoms: int = 0
    _known: dict[tuple[int, int], Affine] = field(default_factory=dict)

    def value(self, depth: int, index: int) -> Affine:
        """Output `index` of the head's layer depth-1 (the pooled channel for 0)."""
        known = self._known.get((depth, index))
        if known is None:
            known = self._known[depth, index] = self._computed(depth, index)
        return known

    def _computed(self, depth: int, index: int) -> Affine:
        if depth == 0:
            low, high = self.facts.base[index]
            if low is not None and low == high:
                return Affine.const(low)
            self.channels[index] = self.circuit.input(low, high)
            return Affine.variable(self.channels[index])
        if isinstance(self.head.layers[depth - 1], ReLU):
            return self.circuit.relu(self.value(depth - 1, index))
        taps, constant = self.head.taps(depth - 1, index)
        terms: list[tuple[int, fmpq]] = []
        for source, weight in taps:
            form = self.value(depth - 1, source)
            terms += [(v, c * weight) for v, c in form.terms]
            constant = constant + form.constant * weight
        return Affine.of(terms, constant)

    def atom(self) -> int:
        self.atoms += 1
        return self.atoms

    def feature(self, name: str) -> int:
        """The atom "contains"; a feature with several templates also gets one atom a template."""
        number = self.task.feature_index[name]
        if number not in self.features:
            contains = self.features[number] = self.atom()
            count = len(self.task.features[number].templates)
            atoms = [contains] if count == 1 else [self.atom() for _ in range(count)]
            for template, atom in enumerate(atoms):
                self.templates[number, template] = atom
            if count > 1:
                self.clauses.append((-contains, *atoms))
        return self.features[number]

    def literals(self, alternative: Alternative) -> list[int]:
        return [self.feature(n) for n in sorted(alternative.requires)] + [
            -self.feature(n) for n in sorted(alternative.forbids)
        ]

    def some_alternative(self, alternatives: Iterable[Alternative]) -> None:
        """At least one of the alternatives holds."""
        chosen = []
        for alternative in alternatives:
            atom = self.atom()
            chosen.append(atom)
            self.clauses += [(-atom, literal) for literal in self.literals(alternative)]
        self.clauses.append(tuple(chosen))

    def no_alternative(self, alternatives: Iterable[Alternative]) -> None:
        """None of the alternatives holds."""
        self.clauses += [tuple(-literal for literal in self.literals(a)) for a in alternatives]

    def holds(self, index: int) -> None:
        chosen = self.task.classes[index]
        if chosen.otherwise:
            for other in self.task.classes:
                self.no_alternative(other.alternatives)
        else:
            self.some_alternative(chosen.alternatives)

    def fails(self, index: int) -> None:
        chosen = self.task.classes[index]
        if chosen.otherwise:
            self.some_alternative(a for other in self.task.classes for a in other.alternatives)
        else:
            self.no_alternative(chosen.alternatives)

    def switches(self) -> tuple[list[tuple[int, tuple[Affine, ...]]], dict[tuple[int, int], UsedFact]]:
        """The facts about the channels in the cone, on the atoms that are in play."""
        switches: list[tuple[int, tuple[Affine, ...]]] = []
        meaning: dict[tuple[int, int], UsedFact] = {}
        for (feature, template), atom in self.templates.items():
            known = self.facts.lower.get((feature, template), {})
            used = [k for k in sorted(self.channels) if k in known]
            if used:
                for place, k in enumerate(used):
                    meaning[len(switches), place] = ("lower", feature, template, k)
                forms = tuple(Affine.variable(self.channels[k]).shifted(-known[k]) for k in used)
                switches.append((atom, forms))
        for k in sorted(self.channels):
            for fact in self.facts.upper.get(k, ()):
                if fact.features <= self.features.keys():
                    literal = self.all_absent(fact.features)
                    meaning[len(switches), 0] = fact
                    switches.append((literal, (Affine.const(fact.bound) - Affine.variable(self.channels[k]),)))
        return switches, meaning

    def all_absent(self, features: frozenset[int]) -> int:
        """A literal that holds where none of the features is contained."""
        atoms = [self.features[f] for f in sorted(features)]
        if len(atoms) == 1:
            return -atoms[0]
        absent = self.atom()
        self.clauses.append((absent, *atoms))
        return absent


def head_sequent(
    task: Task,
    head: Head,
    facts: PooledFacts,
    statement: HeadStatement,
    bound: fmpq,
    implied: Iterable[tuple[str, str]] = (),
) -> HeadSequent:
    """The sequent of a statement about logits.

    Parameters
    ----------
    implied: pairs (f, g) such that an admissible image which contains f contains g.
    """
    builder = _Builder(task, head, facts)
    goal = Affine.const(-bound)
    for index, coefficient in statement.logits:
        goal = goal + builder.value(len(head.layers), index).scaled(coefficient)
    if not goal.is_constant:
        for index in statement.holds:
            builder.holds(index)
        for index in statement.fails:
            builder.fails(index)
    for first, second in implied:
        pair = task.feature_index[first], task.feature_index[second]
        if pair[0] in builder.features and pair[1] in builder.features:
            builder.clauses.append((-builder.features[pair[0]], builder.features[pair[1]]))
    switches, meaning = builder.switches()
    sequent = Sequent(
        builder.circuit.circuit(),
        atoms=builder.atoms,
        clauses=tuple(builder.clauses),
        switches=tuple(switches),
        goal=goal,
        title=statement.describe(task, bound),
    )
    return HeadSequent(sequent, meaning, builder.channels, builder.features, builder.templates)

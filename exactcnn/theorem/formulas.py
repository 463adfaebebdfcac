"""Class formulas as clauses over atoms "the image contains f"."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from exactcnn.task.model import Alternative, Task

__all__ = ["NOTHING_KNOWN", "Formulas", "Known"]


@dataclass(frozen=True)
class Known:
    """What holds of the configuration of every admissible image of the sizes, by geometry (numbers of features).

    Attributes
    ----------
    absent: features that fit into no image.
    present: features that no image avoids.
    implied: pairs (f, g) such that an image which contains f contains g.
    """

    absent: frozenset[int] = frozenset()
    present: frozenset[int] = frozenset()
    implied: tuple[tuple[int, int], ...] = ()


NOTHING_KNOWN = Known()


class Formulas:
    """Collects clauses about the configuration of an admissible image.

    Attributes
    ----------
    features: feature number -> its atom, for the features mentioned so far.
    clauses: disjunctions of literals; n means atom n, -n its negation.
    atoms: how many atoms there are.
    """

    def __init__(self, task: Task) -> None:
        self.task = task
        self.features: dict[int, int] = {}
        self.clauses: list[tuple[int, ...]] = []
        self.atoms = 0

    def atom(self) -> int:
        """A new atom."""
        self.atoms += 1
        return self.atoms

    def contains(self, feature: int) -> int:
        """The atom "the image contains feature number `feature`"."""
        if feature not in self.features:
            self.features[feature] = self.atom()
        return self.features[feature]

    def holds(self, index: int) -> None:
        """The formula of class number `index` holds."""
        chosen = self.task.classes[index]
        if chosen.otherwise:
            for other in self.task.classes:
                self._none_of(other.alternatives)
        else:
            self._some_of(chosen.alternatives)

    def fails(self, index: int) -> None:
        """The formula of class number `index` fails."""
        chosen = self.task.classes[index]
        if chosen.otherwise:
            self._some_of(a for other in self.task.classes for a in other.alternatives)
        else:
            self._none_of(chosen.alternatives)

    def exactly(self, index: int) -> None:
        """The class holds and no other does."""
        self.holds(index)
        if not self.task.classes[index].otherwise:
            for other, task_class in enumerate(self.task.classes):
                if other != index and not task_class.otherwise:
                    self.fails(other)

    def assume(self, known: Known) -> None:
        """What is known of the features mentioned so far."""
        for feature, atom in self.features.items():
            if feature in known.absent:
                self.clauses.append((-atom,))
            if feature in known.present:
                self.clauses.append((atom,))
        for first, second in known.implied:
            if first in self.features and second in self.features:
                self.clauses.append((-self.features[first], self.features[second]))

    def all_absent(self, features: frozenset[int]) -> int:
        """A literal that is true where none of the features is contained."""
        atoms = [self.contains(f) for f in sorted(features)]
        if len(atoms) == 1:
            return -atoms[0]
        absent = self.atom()
        self.clauses.append((absent, *atoms))
        return absent

    def _literals(self, alternative: Alternative) -> list[int]:
        index = self.task.feature_index
        required = [self.contains(index[n]) for n in sorted(alternative.requires)]
        return required + [-self.contains(index[n]) for n in sorted(alternative.forbids)]

    def _some_of(self, alternatives: Iterable[Alternative]) -> None:
        chosen = []
        for alternative in alternatives:
            atom = self.atom()
            chosen.append(atom)
            self.clauses += [(-atom, literal) for literal in self._literals(alternative)]
        self.clauses.append(tuple(chosen))

    def _none_of(self, alternatives: Iterable[Alternative]) -> None:
        self.clauses += [tuple(-literal for literal in self._literals(a)) for a in alternatives]

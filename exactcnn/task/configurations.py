"""Configurations and the classes' formulas: counting those that have a label, and listing them where they are few.

Counting is exact model counting. Write N0 and N1 for the numbers of configurations in which no class and exactly one
class holds (`otherwise` left aside). Classes that share no feature are independent, so that N0 multiplies and N1
follows the product rule; within a connected set of classes one feature is fixed both ways, and equal remainders are
counted once.
"""

from __future__ import annotations

from collections.abc import Generator, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import product
from math import prod

from exactcnn.core.errors import InputError
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.model import Task

__all__ = ["count_configurations", "possible_configurations"]

_STEPS = 200_000
_SHUFFLE = 0x9E3779B1  # Odd, so that multiples of it modulo 2^32 are a permutation, and a well mixed one.

_Term = tuple[int, int]
"""An alternative as two bit masks over variables: those that have to be true, and those that have to be false."""
_Formula = tuple[_Term, ...]
"""A class: its alternatives, sorted, none twice, none of them (0, 0)."""
_Classes = tuple[_Formula, ...]
_Counts = tuple[int, int]
"""How many assignments make no class hold, and how many exactly one."""
_Search = Generator[_Classes, _Counts, _Counts]
"""Asks for the counts of smaller sets of classes and returns its own; Python's own stack would be too shallow."""


def possible_configurations(task: Task, limit: int = 1 << 16) -> Iterator[tuple[frozenset[str], str]]:
    """All configurations that satisfy exactly one class, each with that class.

    Fewer features first within the order of binary counting: the first feature of the task changes fastest.

    Raises
    ------
    InputError: there are more than `limit` sets of features to go through.
    """
    names = [f.name for f in task.features]
    if 1 << len(names) > limit:
        raise InputError("too many configurations to list", found=f"2^{len(names)}", expected=f"at most {limit}")
    return _labelled(task, names)


def _labelled(task: Task, names: list[str]) -> Iterator[tuple[frozenset[str], str]]:
    for bits in product((False, True), repeat=len(names)):
        configuration = frozenset(n for n, there in zip(reversed(names), bits, strict=True) if there)
        label = task.label(configuration)
        if label is not None:
            yield configuration, label


def count_configurations(task: Task, *, steps: int = _STEPS) -> int | None:
    """How many configurations satisfy exactly one class; None if `steps` do not suffice to count them."""
    problem = _problem(task)
    counter = _Counter(problem.sizes, Effort(steps))
    try:
        none, one = counter.count(problem.classes)
    except OutOfEffortError:
        return None
    none, one = ((none, one), (0, none), (0, 0))[min(problem.holding, 2)]
    labelled = one + (none if any(c.otherwise for c in task.classes) else 0)
    # Features that no class depends on are free.
    return labelled << (len(task.features) - counter.features(_support(problem.classes)))


@dataclass(frozen=True)
class _Problem:
    """The classes over variables, each of which stands for one feature or for several.

    Attributes
    ----------
    sizes: for each variable, how many features it stands for.
    classes: the formulas of the classes that hold for some values of the variables and fail for others.
    holding: how many classes always hold.
    """

    sizes: tuple[int, ...]
    classes: _Classes
    holding: int


def _problem(task: Task) -> _Problem:
    """Features that the same alternatives require, and none forbids (or the other way round), become one variable.

    The variable is true when all of them are as the alternatives want them: one way out of 2^k.
    """
    terms = [
        [(a.requires, a.forbids) for a in c.alternatives if not a.requires & a.forbids]
        for c in task.classes
        if not c.otherwise
    ]
    wanted: dict[str, set[tuple[int, int]]] = {}
    banned: dict[str, set[tuple[int, int]]] = {}
    for number, alternatives in enumerate(terms):
        for place, (requires, forbids) in enumerate(alternatives):
            for name in requires:
                wanted.setdefault(name, set()).add((number, place))
            for name in forbids:
                banned.setdefault(name, set()).add((number, place))
    groups: dict[object, list[str]] = {}
    for feature in task.features:
        positive, negative = wanted.get(feature.name, set()), banned.get(feature.name, set())
        if positive and negative:
            groups[feature.name] = [feature.name]
        elif positive or negative:
            groups.setdefault((bool(positive), frozenset(positive or negative)), []).append(feature.name)
    variable = {name: v for v, names in enumerate(groups.values()) for name in names}
    mixed = {name for name in wanted if name in banned}
    formulas, holding = [], 0
    for alternatives in terms:
        formula = {
            (
                _mask(variable[n] for n in (*requires, *(forbids - mixed))),
                _mask(variable[n] for n in forbids & mixed),
            )
            for requires, forbids in alternatives
        }
        if (0, 0) in formula:
            holding += 1
        elif formula:
            formulas.append(tuple(sorted(formula)))
    return _Problem(tuple(len(names) for names in groups.values()), tuple(sorted(formulas)), holding)


@dataclass
class _Counter:
    """Counts the assignments to the variables that occur in a set of classes."""

    sizes: tuple[int, ...]
    effort: Effort
    known: dict[_Classes, _Counts] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._large = _mask(v for v, size in enumerate(self.sizes) if size > 1)

    def features(self, mask: int) -> int:
        """How many features these variables stand for."""
        return mask.bit_count() + sum(self.sizes[v] - 1 for v in _bits(mask & self._large))

    def count(self, classes: _Classes) -> _Counts:
        """The counts of a set of classes."""
        stack = [self._search(classes)]
        answer: _Counts | None = None
        while True:
            try:
                asked = next(stack[-1]) if answer is None else stack[-1].send(answer)
            except StopIteration as done:
                answer = done.value
                stack.pop()
                if not stack:
                    return done.value  # type: ignore[no-any-return]
                continue
            stack.append(self._search(asked))
            answer = None

    def _search(self, classes: _Classes) -> _Search:
        none, one = 1, 0
        for part in _components(classes):
            if part not in self.known:
                self.effort.spend(sum(len(formula) for formula in part))
                self.known[part] = yield from self._connected(part)
            part_none, part_one = self.known[part]
            none, one = none * part_none, none * part_one + one * part_none
        return none, one

    def _connected(self, classes: _Classes) -> _Search:
        if len(classes) == 1:
            parts = _components(tuple((term,) for term in classes[0]))
            if len(parts) > 1:
                return (yield from self._several(classes[0], parts))
            if len(classes[0]) == 1:
                return self._alone(classes[0][0])
        return (yield from self._split(classes))

    def _alone(self, term: _Term) -> _Counts:
        """The counts of a class of a single alternative."""
        true, false = term
        # A true variable is one way out of 2^size, a false one all the others.
        ways = prod((1 << self.sizes[v]) - 1 for v in _bits(false & self._large))
        return (1 << self.features(true | false)) - ways, ways

    def _several(self, formula: _Formula, parts: list[_Classes]) -> _Search:
        """The counts of a single class whose alternatives fall into parts without common variables."""
        none = 1
        for part in parts:
            # The class fails when each part of it does.
            part_none, _ = yield (tuple(term for (term,) in part),)
            none *= part_none
        return none, (1 << self.features(_support((formula,)))) - none

    def _split(self, classes: _Classes) -> _Search:
        """The counts, from those with one variable fixed."""
        support = _support(classes)
        bit = _most_shared(classes)
        none = one = 0
        for value in (True, False):
            holding, rest = _fixed(classes, bit, value)
            if holding > 1:
                continue
            rest_none, rest_one = yield rest
            ways = 1 if value else (1 << self.features(bit)) - 1
            ways <<= self.features(support & ~bit & ~_support(rest))
            none += ways * rest_none if not holding else 0
            one += ways * (rest_none if holding else rest_one)
        return none, one


def _mask(variables: Iterable[int]) -> int:
    mask = 0
    for variable in variables:
        mask |= 1 << variable
    return mask


def _bits(mask: int) -> Iterator[int]:
    """The numbers of the bits that are set, ascending."""
    while mask:
        lowest = mask & -mask
        yield lowest.bit_length() - 1
        mask ^= lowest


def _support(classes: _Classes) -> int:
    mask = 0
    for formula in classes:
        for true, false in formula:
            mask |= true | false
    return mask


def _components(classes: _Classes) -> list[_Classes]:
    """The classes in sets that share no variable."""
    parts: list[tuple[int, list[_Formula]]] = []
    for formula in classes:
        mask, members = _support((formula,)), [formula]
        apart = []
        for other_mask, others in parts:
            if mask & other_mask:
                mask, members = mask | other_mask, others + members
            else:
                apart.append((other_mask, others))
        parts = [*apart, (mask, members)]
    return [tuple(sorted(members)) for _, members in parts]


def _most_shared(classes: _Classes) -> int:
    """The bit of the variable that occurs in most classes, then in most alternatives.

    Of several, the one that comes first in a fixed shuffled order: classes are often written in a row or a ring, each
    sharing features with the next, and cuts in random places leave short pieces.
    """
    best = _most_frequent([_support((formula,)) for formula in classes], -1)
    best = _most_frequent([true | false for formula in classes for true, false in formula], best)
    return 1 << min(_bits(best), key=lambda variable: variable * _SHUFFLE & 0xFFFFFFFF)


def _most_frequent(masks: list[int], among: int) -> int:
    """Those of the bits of `among` that are set in most of the masks."""
    # Column sums of all bits at once: planes[i] holds the i-th binary digit of every bit's count.
    planes: list[int] = []
    for mask in masks:
        carry = mask
        for i, plane in enumerate(planes):
            planes[i], carry = plane ^ carry, plane & carry
            if not carry:
                break
        else:
            planes.append(carry)
    for plane in reversed(planes):
        among = among & plane or among
    return among


def _fixed(classes: _Classes, bit: int, value: bool) -> tuple[int, _Classes]:
    """With one variable fixed: how many classes hold for sure, and those that are still open."""
    holding = 0
    rest = []
    for formula in classes:
        kept: set[_Term] = set()
        for true, false in formula:
            if (false if value else true) & bit:
                continue
            kept.add((true & ~bit, false & ~bit))
        if (0, 0) in kept:
            holding += 1
        elif kept:
            rest.append(tuple(sorted(kept)))
    return holding, tuple(rest)

"""Head sequents in the numbering of certificates (`exactcnn/checker/FORMAT.md`)."""

from __future__ import annotations

import math
import weakref
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from flint import fmpq

from exactcnn.network.model import ReLU
from exactcnn.prover.rows import Given, Node, Row, primitive
from exactcnn.task.model import Alternative, Task
from exactcnn.theorem.head import Head, HeadStatement

__all__ = ["Atom", "Clause", "FactRow", "HeadLocal", "Literal", "Numbering", "head_local"]

Atom = tuple[int | str, ...]
"""("c", f), ("e", f, t), ("a", number) or ("z", fact)."""

Literal = tuple[Atom, bool]

# In so many nodes variables are, on the average, where a head counts as dense.
_MANY = 4

_Form = tuple[dict[tuple[int, ...], fmpq], fmpq]


@dataclass(frozen=True)
class FactRow:
    """What a fact of the certificate gives the head: a sum of channels is bounded by `value` (after pooling).

    Attributes
    ----------
    kind: floor, top (an upper bound on all images), upper (on images that avoid `features`), lower, or joint: lower of
        several channels.
    weights: the channels summed, ascending, with positive integers; one channel with 1 but for joint.
    features: for upper the features avoided, for lower and joint the feature and the template.
    local: the bound at a position, as the certificate states it.
    value: the bound of the pooled channel.
    """

    kind: str
    weights: tuple[tuple[int, int], ...]
    features: tuple[int, ...]
    local: fmpq
    value: fmpq

    def __hash__(self) -> int:
        # Hashing a rational takes a modular inverse; these tell facts apart as well.
        return hash((self.kind, self.weights, self.features))

    @property
    def channel(self) -> int:
        """The channel, or the first one."""
        return self.weights[0][0]

    def row(self, variable: Mapping[int, int]) -> Row | None:
        """The bound as a row over the channels' variables; None if one of them has none."""
        if not all(k in variable for k, _ in self.weights):
            return None
        sign = -1 if self.kind in ("top", "upper") else 1
        terms = {variable[k]: sign * a * int(self.value.q) for k, a in self.weights}
        return primitive(terms, -sign * int(self.value.p))


@dataclass(frozen=True)
class Clause:
    """A disjunction; the key tells it from others. Those of the class formulas are premises."""

    key: Hashable
    literals: tuple[Literal, ...]
    is_premise: bool = False


@dataclass(frozen=True)
class HeadLocal:
    """A head sequent.

    Attributes
    ----------
    channels: the pooled channels in the cone, ascending; variable i is channels[i].
    nodes: the ReLU nodes, the variables after them.
    goal: the goal without its bound: terms and constant (rational).
    premises: the clauses of the class formulas, in order.
    in_play: the features that they mention.
    """

    task: Task
    channels: tuple[int, ...]
    nodes: tuple[Node, ...]
    goal: tuple[Mapping[int, fmpq], fmpq]
    premises: tuple[Clause, ...]
    in_play: frozenset[int]

    @cached_property
    def variable(self) -> Mapping[int, int]:
        """Pooled channel -> variable."""
        return {k: n for n, k in enumerate(self.channels)}

    @cached_property
    def size(self) -> int:
        """How many weights the nodes and the goal have."""
        return len(self.goal[0]) + sum(len(node.arguments[0][0]) for node in self.nodes)

    @property
    def dense(self) -> bool:
        """Whether most variables count in many nodes, as they do where no weight is 0."""
        return self.size > _MANY * (len(self.channels) + len(self.nodes))

    def bound(self, value: fmpq) -> Row:
        """The row `goal - value`."""
        terms, constant = self.goal
        constant = constant - value
        scale = math.lcm(int(constant.q), *(int(c.q) for c in terms.values()))
        return primitive({v: int((c * scale).p) for v, c in terms.items()}, int((constant * scale).p))


class Numbering:
    """A head sequent with a list of facts: its clauses, its rows, and what literals switch on.

    Attributes
    ----------
    base: the given rows, in order.
    above: for each node the row y - z >= 0.
    clauses: all clauses, in order; `number` has the place of each by its key.
    switched: the rows that each literal provides.
    """

    def __init__(self, sequent: HeadLocal, facts: Sequence[FactRow]) -> None:
        self.sequent = sequent
        rows = ((fact, fact.row(sequent.variable)) for fact in facts)
        in_cone = [(fact, Given(row, fact)) for fact, row in rows if row is not None]
        bounds: dict[tuple[int, str], list[Given]] = {}
        for fact, given in in_cone:
            bounds.setdefault((fact.channel, fact.kind), []).append(given)
        self.base: list[Given] = []
        for k in sequent.channels:
            for kind in ("floor", "top"):
                self.base += bounds.get((k, kind), ())
        self.above: dict[int, Given] = {}
        for node in sequent.nodes:
            nonnegative, above = (Given(r, ("node", node.variable, i)) for i, r in enumerate(node.base_rows()))
            self.base += [nonnegative, above]
            self.above[node.variable] = above
        self.clauses: list[Clause] = list(sequent.premises)
        self.switched: dict[Literal, list[Given]] = {}
        for f in sorted(sequent.in_play):
            templates = range(len(sequent.task.features[f].templates))
            literals = (((("c", f), False)), *((("e", f, t), True) for t in templates))
            self.clauses.append(Clause(("e", f), literals))
        for fact, given in in_cone:
            if fact.kind in ("lower", "joint"):
                self.switched.setdefault((("e", *fact.features), True), []).append(given)
            elif fact.kind == "upper" and sequent.in_play.issuperset(fact.features):
                atom: Atom = ("z", fact.channel, *fact.features, str(fact.value))
                contains = tuple((("c", f), True) for f in fact.features)
                self.clauses.append(Clause(("z", fact), ((atom, True), *contains)))
                self.switched[atom, True] = [given]
        self.number = {clause.key: n for n, clause in enumerate(self.clauses)}


def head_local(task: Task, head: Head, statement: HeadStatement) -> HeadLocal:
    """The sequent of a statement about logits."""
    values = _VALUES.setdefault(head, _Values(head))
    terms: dict[tuple[int, ...], fmpq] = {}
    constant = fmpq(0)
    reached: set[tuple[int, ...]] = set()
    for index, coefficient in statement.logits:
        (more, offset), below = values.value(len(head.layers), index)
        reached |= below
        constant += coefficient * offset
        for key, c in more.items():
            terms[key] = terms.get(key, fmpq(0)) + coefficient * c
    order = tuple(values.order(reached))
    number, nodes = values.numbered(order)
    channels = tuple(k for depth, k in order if depth == -1)
    goal = {number[k]: c for k, c in terms.items() if c != 0}, constant
    premises = _Premises(task)
    for index in statement.holds:
        premises.holds(index)
    for index in statement.fails:
        premises.fails(index)
    return HeadLocal(task, channels, nodes, goal, tuple(premises.clauses), frozenset(premises.features))


class _Values:
    """Forms of a head's values over pooled channels (-1, k) and nodes (layer, index), as far as they were asked for."""

    def __init__(self, head: Head) -> None:
        self._head = weakref.proxy(head)
        self._nodes: dict[tuple[int, ...], tuple[_Form, frozenset[tuple[int, ...]]]] = {}
        self._known: dict[tuple[int, int], tuple[_Form, frozenset[tuple[int, ...]]]] = {}
        self._integers: dict[tuple[int, ...], tuple[int, Mapping[tuple[int, ...], int], int]] = {}
        # Where every logit depends on everything, all sequents have the same nodes.
        self._last: tuple[Sequence[tuple[int, ...]], Mapping[tuple[int, ...], int], tuple[Node, ...]] = ((), {}, ())

    def value(self, depth: int, index: int) -> tuple[_Form, frozenset[tuple[int, ...]]]:
        """Output `index` of the head's layer depth-1 (the pooled channel for 0), and what it is computed from.

        The latter has the keys of the form, and of terms that cancel.
        """
        known = self._known.get((depth, index))
        if known is None:
            known = self._known[depth, index] = self._computed(depth, index)
        return known

    def order(self, reached: Iterable[tuple[int, ...]]) -> list[tuple[int, ...]]:
        """All channels and nodes that these depend on, in the order of variables."""
        seen = set(reached)
        pending = list(seen)
        while pending:
            key = pending.pop()
            if key[0] >= 0:
                more = self._nodes[key][1] - seen
                seen |= more
                pending += more
        return sorted(seen)

    def numbered(self, order: tuple[tuple[int, ...], ...]) -> tuple[Mapping[tuple[int, ...], int], tuple[Node, ...]]:
        """The variables of these channels and nodes, and the nodes."""
        if self._last[0] != order:
            number = {key: n for n, key in enumerate(order)}
            nodes = tuple(self._node(number, key) for key in order if key[0] >= 0)
            self._last = order, number, nodes
        return self._last[1:]

    def _computed(self, depth: int, index: int) -> tuple[_Form, frozenset[tuple[int, ...]]]:
        if depth == 0:
            return ({(-1, index): fmpq(1)}, fmpq(0)), frozenset({(-1, index)})
        if isinstance(self._head.layers[depth - 1], ReLU):
            form, below = self.value(depth - 1, index)
            if not form[0]:
                return ({}, max(fmpq(0), form[1])), below
            node = depth - 1, index
            self._nodes[node] = form, below
            return ({node: fmpq(1)}, fmpq(0)), frozenset({node})
        taps, constant = self._head.taps(depth - 1, index)
        terms: dict[tuple[int, ...], fmpq] = {}
        reached: set[tuple[int, ...]] = set()
        for source, weight in taps:
            (more, offset), below = self.value(depth - 1, source)
            reached |= below
            constant = constant + weight * offset
            for key, c in more.items():
                terms[key] = terms.get(key, fmpq(0)) + weight * c
        return ({k: c for k, c in terms.items() if c != 0}, constant), frozenset(reached)

    def _node(self, number: Mapping[tuple[int, ...], int], key: tuple[int, ...]) -> Node:
        if key not in self._integers:
            terms, constant = self._nodes[key][0]
            common = math.lcm(int(constant.q), *(int(c.q) for c in terms.values()))
            whole = {k: int((c * common).p) for k, c in terms.items()}
            self._integers[key] = common, whole, int((constant * common).p)
        scale, integers, offset = self._integers[key]
        return Node(number[key], scale, (({number[k]: c for k, c in integers.items()}, offset),))


_VALUES: weakref.WeakKeyDictionary[Head, _Values] = weakref.WeakKeyDictionary()


class _Premises:
    """The clauses of class formulas."""

    def __init__(self, task: Task) -> None:
        self._task = task
        self._alternatives = 0
        self.clauses: list[Clause] = []
        self.features: set[int] = set()

    def holds(self, index: int) -> None:
        """The formula of a class holds."""
        chosen = self._task.classes[index]
        if not chosen.otherwise:
            self._some_of(chosen.alternatives)
            return
        for number, other in enumerate(self._task.classes):
            if number != index:
                self._none_of(other.alternatives)

    def fails(self, index: int) -> None:
        """The formula of a class fails."""
        chosen = self._task.classes[index]
        if chosen.otherwise:
            self._some_of(a for n, c in enumerate(self._task.classes) if n != index for a in c.alternatives)
        else:
            self._none_of(chosen.alternatives)

    def _add(self, literals: Iterable[Literal]) -> None:
        self.clauses.append(Clause(("premise", len(self.clauses)), tuple(literals), is_premise=True))

    def _literals(self, alternative: Alternative) -> list[Literal]:
        index = self._task.feature_index
        required = sorted(index[n] for n in alternative.requires)
        forbidden = sorted(index[n] for n in alternative.forbids)
        self.features.update(required, forbidden)
        found: list[Literal] = [(("c", f), True) for f in required]
        return found + [(("c", f), False) for f in forbidden]

    def _some_of(self, alternatives: Iterable[Alternative]) -> None:
        listed = list(alternatives)
        atoms: list[Atom] = [("a", self._alternatives + i) for i in range(len(listed))]
        self._alternatives += len(listed)
        self._add((atom, True) for atom in atoms)
        for atom, alternative in zip(atoms, listed, strict=True):
            for literal in self._literals(alternative):
                self._add([(atom, False), literal])

    def _none_of(self, alternatives: Iterable[Alternative]) -> None:
        for alternative in alternatives:
            self._add((atom, not sign) for atom, sign in self._literals(alternative))

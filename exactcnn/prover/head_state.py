"""What is known in one branch of a head's proof: assumptions, and the best bound of every variable.

Bounds are carried from the pooled channels to the logits node by node. They are many, and few of them get into a
proof: what derives a bound is written down (as `Bound.fact`) only when a proof uses it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial

from flint import fmpq

from exactcnn.core.rational import ceil_to_grid, floor_to_grid
from exactcnn.prover.head_local import Atom, Clause, FactRow, HeadLocal, Literal, Numbering
from exactcnn.prover.rows import (
    After,
    Choose,
    Combined,
    Fact,
    Given,
    Have,
    Leaf,
    Node,
    Proof,
    Row,
    Sub,
    lined_up,
    primitive,
)

__all__ = ["Argument", "Bound", "Claim", "Evaluator", "State", "Stated", "better", "bound_row", "made", "places"]

# Binary places of bounds in dense heads, of what is in an interval of width 1: every proof has a number for each
# weight, which should be a short one.
GRID_BITS = 10
# What a variable can do to a node, as a share of what all of them together can, for it to be looked at again when a
# bound of that variable became better: where all weights were moved, every node depends on every variable.
_COUNTS = 1.0 / 512
# How much better a bound has to be, as a share of what is left between it and the other one.
_NOTICED = fmpq(1, 1 << 10)


@dataclass(slots=True, eq=False)
class Bound:
    """A bound of one variable: at least `value` (sign 1) or at most (sign -1)."""

    variable: int
    value: fmpq
    sign: int
    make: Callable[[], Fact]
    made: Fact | None = None

    @property
    def row(self) -> Row:
        """The bound as a row: primitive, so that whatever derives it has the same one."""
        return bound_row(self.variable, self.value, self.sign) if self.made is None else self.made.row

    def fact(self) -> Fact:
        """What derives it."""
        if self.made is None:
            self.made = self.make()
        return self.made


@dataclass(slots=True, eq=False)
class Claim:
    """Another row whose derivation is put off."""

    row: Row
    make: Callable[[], Fact]
    made: Fact | None = None

    def fact(self) -> Fact:
        """What derives it."""
        if self.made is None:
            self.made = self.make()
        return self.made


Stated = Bound | Claim | Fact
"""Something with a row."""


def made(stated: Stated) -> Fact:
    """The fact itself."""
    return stated.fact() if isinstance(stated, (Bound, Claim)) else stated


def better(value: fmpq, known: fmpq, sign: int) -> bool:
    """Whether a lower bound (sign 1) or an upper bound is better than another."""
    return bool(value > known if sign > 0 else value < known)


def bound_row(variable: int, value: fmpq, sign: int) -> Row:
    """The row variable >= value (sign 1), or variable <= value (sign -1)."""
    return primitive({variable: sign * int(value.q)}, -sign * int(value.p))


@dataclass(frozen=True, slots=True, eq=False)
class Argument:
    """A bound of a node's argument z."""

    value: fmpq
    fact: Callable[[], Fact]


@dataclass
class State:
    """A branch: what is assumed, and the best bounds known.

    Attributes
    ----------
    low, high: by variable.
    facts: rows about several variables.
    joint: those of them that are facts about several channels.
    decided: nodes that were split, with the case.
    trail: the unit clauses chosen in this branch, with the literal that each assumed.
    changed: variables whose bounds became better in this branch.
    derived: rows with proofs of their own that were found in this branch, in order.
    closed: a clause without live literals, which ends the branch.
    coarse: whether bounds that become hardly better are no news (of dense heads).
    """

    assumed: dict[Atom, bool] = field(default_factory=dict)
    low: dict[int, Bound] = field(default_factory=dict)
    high: dict[int, Bound] = field(default_factory=dict)
    facts: list[Stated] = field(default_factory=list)
    decided: dict[int, int] = field(default_factory=dict)
    trail: list[tuple[Hashable, Literal]] = field(default_factory=list)
    changed: set[int] = field(default_factory=set)
    derived: list[Bound | Claim] = field(default_factory=list)
    closed: Hashable = None
    joint: list[Given] = field(default_factory=list)
    coarse: bool = False

    def copy(self) -> State:
        """A branch that starts here."""
        return State(
            self.assumed.copy(),
            self.low.copy(),
            self.high.copy(),
            self.facts.copy(),
            self.decided.copy(),
            joint=self.joint.copy(),
            coarse=self.coarse,
        )

    def wrapped(self, proof: Proof | None) -> Proof:
        """The proof, after the unit clauses of this branch and the rows derived in it that were asked for so far."""
        if self.closed is not None:
            proof = Choose(self.closed, ())
        if proof is None:
            raise ValueError("an open branch needs a proof")
        needed = tuple(d.made for d in self.derived if d.made is not None)
        if needed:
            proof = After(needed, proof)
        for clause, literal in reversed(self.trail):
            proof = Choose(clause, ((literal, proof),))
        return proof

    def note(self, bound: Bound) -> bool:
        """Takes note of a bound if it is better than the one known; whether it is."""
        table, opposite = (self.low, self.high) if bound.sign > 0 else (self.high, self.low)
        known, other = table.get(bound.variable), opposite.get(bound.variable)
        if known is not None and not better(bound.value, known.value, bound.sign):
            return False
        table[bound.variable] = bound
        if self.coarse and known is not None and other is not None:
            noticed = abs(bound.value - known.value) > _NOTICED * abs(other.value - known.value)
        else:
            noticed = True
        if noticed:
            self.changed.add(bound.variable)
        return noticed

    def add(self, given: Given) -> None:
        """Takes note of a row that is given."""
        if len(given.row.terms) != 1:
            self.facts.append(given)
            if isinstance(given.key, FactRow):
                self.joint.append(given)
                self.changed.update(given.row.terms)
            return
        ((v, c),) = given.row.terms.items()
        self.note(Bound(v, fmpq(-given.row.constant, c), 1 if c > 0 else -1, partial(_itself, given), given))


def _itself(fact: Fact) -> Fact:
    return fact


class Evaluator:
    """Draws the conclusions of assumptions: unit clauses, and bounds of nodes."""

    def __init__(self, numbering: Numbering) -> None:
        self.numbering = numbering
        self.sequent: HeadLocal = numbering.sequent
        self.watch: dict[Atom, list[Clause]] = {}
        for clause in numbering.clauses:
            for atom, _ in clause.literals:
                self.watch.setdefault(atom, []).append(clause)
        self._heavy: dict[int, frozenset[int]] = {}
        self._places: dict[int, int] = {}

    def root(self) -> State:
        """The state before any case."""
        state = State(coarse=self.sequent.dense)
        for given in self.numbering.base:
            state.add(given)
        self.propagate(state, self.numbering.clauses)
        if state.closed is None:
            self.evaluate(state)
            if state.coarse:
                self._heavy = {node.variable: _heavy(state, node) for node in self.sequent.nodes}
        return state

    def concerned(self, state: State, node: Node) -> bool:
        """Whether variables that matter to a node have better bounds than before."""
        return not state.changed.isdisjoint(self._heavy.get(node.variable, node.arguments[0][0]))

    # -- clauses ------------------------------------------------------------------------------------------------------

    def live(self, state: State, clause: Clause) -> list[Literal] | None:
        """The literals that can still be true; None if one is."""
        found = []
        assumed = state.assumed
        for literal in clause.literals:
            known = assumed.get(literal[0])
            if known is None:
                found.append(literal)
            elif known is literal[1]:
                return None
        return found

    def opened(self, state: State, clause: Clause) -> bool:
        """Whether a clause of the features' definitions says something that is not said yet."""
        return any(atom in state.assumed for atom, _ in clause.literals)

    def assume(self, state: State, literal: Literal) -> None:
        """Assumes a literal, and takes the rows that it provides; then clauses may have become unit."""
        state.assumed[literal[0]] = literal[1]
        for given in self.numbering.switched.get(literal, ()):
            state.add(given)

    def propagate(self, state: State, clauses: Iterable[Clause]) -> None:
        """Chooses unit clauses, and those that become unit by it."""
        pending = list(clauses)
        while pending and state.closed is None:
            following: list[Clause] = []
            for clause in pending:
                live = self.live(state, clause)
                if live is None or len(live) > 1:
                    continue
                if not live:
                    state.closed = clause.key
                    return
                state.trail.append((clause.key, live[0]))
                self.assume(state, live[0])
                following += self.watch.get(live[0][0], [])
            pending = following

    def branch(self, state: State, literal: Literal) -> State:
        """The state in which a literal is assumed."""
        branch = state.copy()
        self.assume(branch, literal)
        self.propagate(branch, self.watch.get(literal[0], []))
        if branch.closed is None:
            self.evaluate(branch)
        return branch

    # -- bounds -------------------------------------------------------------------------------------------------------

    def argument(self, state: State, node: Node, sign: int) -> Argument | None:
        """A bound of z from the bounds of its variables: the greatest lower one (sign 1) or the least upper one.

        Facts about several channels at once, each in turn, stand in for the bounds of theirs.
        """
        terms, constant = node.arguments[0]
        best = _summed(state, terms, constant, sign)
        for given in state.joint:
            for factor in {fmpq(sign * terms.get(v, 0), a) for v, a in given.row.terms.items()}:
                if factor > 0:
                    # The form is (form - sign * factor * row) + sign * factor * row, and the row is at least 0.
                    row = given.row
                    rest = {v: fmpq(c) for v, c in terms.items()}
                    for u, a in row.terms.items():
                        rest[u] = rest.get(u, fmpq(0)) - sign * factor * a
                    found = _summed(state, rest, constant - sign * factor * row.constant, sign, [(given, factor)])
                    if found is not None and (best is None or better(found.value, best.value, sign)):
                        best = found
        return None if best is None else Argument(best.value / node.scale, best.fact)

    def evaluate(self, state: State) -> None:
        """Bounds of the nodes whose arguments have better bounds than before, in order."""
        for node in self.sequent.nodes:
            if self.concerned(state, node):
                self.evaluate_node(state, node, self.argument(state, node, 1), self.argument(state, node, -1))

    def evaluate_node(self, state: State, node: Node, low: Argument | None, high: Argument | None) -> bool:
        """Bounds of a node from those of its argument; whether they are better."""
        y, improved = node.variable, False
        if high is not None:
            most = max(high.value, fmpq(0))
            most = ceil_to_grid(most, self._bits(node, low, high)) if state.coarse else most
            improved = state.note(Bound(y, most, -1, partial(_below, high, node, most)))
        if low is not None and low.value > 0:
            least = floor_to_grid(low.value, self._bits(node, low, high)) if state.coarse else low.value
            improved |= state.note(Bound(y, least, 1, partial(_above, low, node, self.numbering.above[y], least)))
        return improved

    def _bits(self, node: Node, low: Argument | None, high: Argument | None) -> int:
        """The places of a node's bounds."""
        known = self._places.get(node.variable)
        if known is None:
            width = fmpq(1) if low is None or high is None else high.value - low.value
            known = self._places[node.variable] = places(width)
        return known


def places(width: fmpq) -> int:
    """Binary places of bounds of what is somewhere in an interval of this width."""
    return GRID_BITS + max(0, int(width.q).bit_length() - int(width.p).bit_length())


def _summed(
    state: State,
    terms: Mapping[int, int | fmpq],
    constant: int | fmpq,
    sign: int,
    more: Sequence[tuple[Given, fmpq]] = (),
) -> Argument | None:
    """A bound of a form from the bounds of its variables; `more` is what proves it beside them."""
    above, below = (state.low, state.high) if sign > 0 else (state.high, state.low)
    total, parts = fmpq(constant), list[tuple[Bound, int | fmpq]]()
    for v, c in terms.items():
        if c == 0:
            continue
        known = above.get(v) if c > 0 else below.get(v)
        if known is None:
            return None
        total += c * known.value
        parts.append((known, sign * c))
    return Argument(total, partial(_stated, parts, more))


def _stated(parts: Sequence[tuple[Bound, int | fmpq]], more: Sequence[tuple[Given, fmpq]]) -> Fact:
    """The sum of multiples of bounds, each of its variable, and of given rows."""
    return Combined.of([*more, *((b.fact(), fmpq(c) / b.row.terms[b.variable]) for b, c in parts)])


def _heavy(state: State, node: Node) -> frozenset[int]:
    """The variables that matter to a node."""
    sizes = {}
    for v, c in node.arguments[0][0].items():
        low, high = state.low.get(v), state.high.get(v)
        if low is None or high is None:
            return frozenset(node.arguments[0][0])
        sizes[v] = float(abs(c) * (high.value - low.value))
    least = _COUNTS * sum(sizes.values())
    return frozenset(v for v, size in sizes.items() if size >= least)


def _below(high: Argument, node: Node, most: fmpq) -> Fact:
    """The row y <= max(0, u) from z <= u, or a weaker one."""
    return _weakened(Sub.of(high.fact(), node), bound_row(node.variable, most, -1))


def _above(low: Argument, node: Node, definition: Given, least: fmpq) -> Fact:
    """The row y >= l from z >= l, or a weaker one."""
    stated = low.fact()
    parts = [(definition, fmpq(node.scale, definition.row.terms[node.variable])), (stated, lined_up(stated, node))]
    return _weakened(Combined.of(parts), bound_row(node.variable, least, 1))


def _weakened(fact: Fact, row: Row) -> Fact:
    """The row as a fact, from one that says as much of the same variable, or more."""
    return fact if fact.row.constant == row.constant and fact.row.terms == row.terms else Have(row, Leaf(((fact, 1),)))

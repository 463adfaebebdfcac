"""Circuits and sequents (THEOREM.md, section 6): what every obligation is made of.

A circuit is a list of variables. An input carries its interval; a node is y = max(0, z) or y = max(z_1 .. z_n) with
affine forms over *earlier* variables, so affine layers leave no trace. A sequent says: whatever the inputs, if the
hypotheses hold and the clauses can be satisfied, then the goal is >= 0.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flint import fmpq

from exactcnn.core.affine import Affine

__all__ = ["Circuit", "CircuitBuilder", "Input", "Maximum", "Relu", "Sequent", "Variable"]

_ZERO = fmpq(0)


@dataclass(frozen=True, slots=True)
class Input:
    """An input variable with its closed interval; an end None is open to infinity."""

    low: fmpq | None
    high: fmpq | None

    def __hash__(self) -> int:
        # See Affine.__hash__ for why not the rationals themselves.
        return hash(tuple(None if end is None else (int(end.p), int(end.q)) for end in (self.low, self.high)))


@dataclass(frozen=True, slots=True)
class Relu:
    """y = max(0, argument)."""

    argument: Affine


@dataclass(frozen=True, slots=True)
class Maximum:
    """y = the largest of the arguments (at least two)."""

    arguments: tuple[Affine, ...]


Variable = Input | Relu | Maximum


@dataclass(frozen=True)
class Circuit:
    """Variables in order; the forms of a node mention smaller numbers only."""

    variables: tuple[Variable, ...]

    def evaluate(self, inputs: Mapping[int, fmpq]) -> list[fmpq]:
        """The value of every variable, given the inputs'."""
        values: list[fmpq] = []
        for number, variable in enumerate(self.variables):
            match variable:
                case Input():
                    values.append(inputs[number])
                case Relu(argument):
                    values.append(max(_ZERO, argument.evaluate(values.__getitem__)))
                case Maximum(arguments):
                    values.append(max(a.evaluate(values.__getitem__) for a in arguments))
        return values


@dataclass(frozen=True)
class Sequent:
    """Hypotheses, clauses and a goal over a circuit.

    Attributes
    ----------
    circuit: the variables.
    hypotheses: forms that are >= 0.
    atoms: the number of propositional atoms, numbered from 1.
    clauses: disjunctions of literals; literal n means atom n, literal -n its negation.
    switches: forms that are >= 0 where a literal is true.
    goal: the form to be shown >= 0.
    lemmas: forms that are >= 0 as a *consequence* of the circuit (rule `sub`): they add nothing but guidance.
    title: what the sequent says, for people; not part of its meaning.
    """

    circuit: Circuit
    hypotheses: tuple[Affine, ...] = ()
    atoms: int = 0
    clauses: tuple[tuple[int, ...], ...] = ()
    switches: tuple[tuple[int, tuple[Affine, ...]], ...] = ()
    goal: Affine = field(default_factory=lambda: Affine.const(-1))
    lemmas: tuple[Affine, ...] = ()
    title: str = field(default="", compare=False)


class CircuitBuilder:
    """Collects variables; equal nodes are made once (hash-consing)."""

    def __init__(self) -> None:
        self.variables: list[Variable] = []
        self._nodes: dict[Variable, Affine] = {}

    def input(self, low: fmpq | None, high: fmpq | None) -> int:
        """A new input; its number."""
        self.variables.append(Input(low, high))
        return len(self.variables) - 1

    def relu(self, argument: Affine) -> Affine:
        """max(0, argument): a constant where the argument is one, else a variable."""
        if argument.is_constant:
            return Affine.const(max(_ZERO, argument.constant))
        return self._node(Relu(argument))

    def maximum(self, arguments: tuple[Affine, ...]) -> Affine:
        """The largest argument: itself if there is one, a constant if all are, else a variable."""
        distinct = tuple(dict.fromkeys(arguments))
        if len(distinct) == 1:
            return distinct[0]
        if all(a.is_constant for a in distinct):
            return Affine.const(max(a.constant for a in distinct))
        return self._node(Maximum(distinct))

    def circuit(self) -> Circuit:
        """The circuit so far."""
        return Circuit(tuple(self.variables))

    def _node(self, node: Relu | Maximum) -> Affine:
        known = self._nodes.get(node)
        if known is None:
            self.variables.append(node)
            known = self._nodes[node] = Affine.variable(len(self.variables) - 1)
        return known

"""Sequents of the checker's kernel in the package's own form, to be written as SMT-LIB or put to a solver.

The kernel keeps rows of integers; here they become affine forms over the same variables, nothing added or left out.
This module knows the kernel's sequents by their attributes only and imports nothing of the checker.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Circuit, Input, Maximum, Relu, Sequent, Variable

__all__ = ["KernelNode", "KernelSequent", "from_kernel", "inequality"]

Pairs = Sequence[tuple[int, int]]
_CONSTANT = -1


class KernelNode(Protocol):
    """y = max(0, z) or the largest argument; `scale` times the arguments are the integer forms `arguments`."""

    @property
    def relu(self) -> bool:
        """Whether it is a ReLU."""
        ...

    @property
    def scale(self) -> int:
        """The arguments' common denominator."""
        ...

    @property
    def arguments(self) -> Sequence[Mapping[int, int]]:
        """Coefficients by variable; the constant under -1."""
        ...


class KernelSequent(Protocol):
    """What the kernel keeps of a sequent; see `exactcnn/checker/kernel.py`."""

    @property
    def size(self) -> int:
        """The number of variables."""
        ...

    @property
    def pixels(self) -> Sequence[tuple[int, int]]:
        """The intervals of the first variables, over the statement's unit."""
        ...

    @property
    def nodes(self) -> Mapping[int, KernelNode]:
        """The variables that are no inputs."""
        ...

    @property
    def before(self) -> Sequence[Pairs]:
        """Hypotheses."""
        ...

    @property
    def after(self) -> Sequence[Pairs]:
        """More hypotheses."""
        ...

    @property
    def clauses(self) -> Sequence[tuple[int, ...]]:
        """Disjunctions of literals."""
        ...

    @property
    def switched(self) -> Mapping[int, Sequence[Pairs]]:
        """The rows that a literal switches on."""
        ...

    @property
    def goal(self) -> Pairs:
        """What is shown to be >= 0."""
        ...


def from_kernel(sequent: KernelSequent, unit: int, title: str = "") -> Sequent:
    """The sequent, variables numbered as the kernel numbers them; `unit` is the statement's common denominator."""
    literals = {abs(n) for clause in sequent.clauses for n in clause} | {abs(n) for n in sequent.switched}
    return Sequent(
        Circuit(tuple(_variable(sequent, v, unit) for v in range(sequent.size))),
        tuple(_affine(row) for row in (*sequent.before, *sequent.after)),
        max(literals, default=0),
        tuple(sequent.clauses),
        tuple((n, tuple(map(_affine, rows))) for n, rows in sequent.switched.items() if rows),
        _affine(sequent.goal),
        title=title,
    )


def inequality(sequent: Sequent, row: Pairs, title: str = "") -> tuple[Sequent, Affine]:
    """A row as a sequent of its own, about only those variables of a sequent that it depends on; and as a form.

    Nothing is assumed but the definitions of these variables and the inputs' intervals.
    """
    form = _affine(row)
    needed = {v for v, _ in form.terms}
    variables = sequent.circuit.variables
    for number in range(len(variables) - 1, -1, -1):
        if number in needed:
            needed.update(v for argument in _arguments(variables[number]) for v, _ in argument.terms)
    numbers = {old: new for new, old in enumerate(sorted(needed))}
    own = tuple(_renumbered(variables[old], numbers) for old in numbers)
    return Sequent(Circuit(own), goal=_moved(form, numbers), title=title), form


def _affine(row: Pairs) -> Affine:
    terms = {v: fmpq(c) for v, c in row if v != _CONSTANT}
    return Affine.of(terms, dict(row).get(_CONSTANT, 0))


def _variable(sequent: KernelSequent, number: int, unit: int) -> Variable:
    node = sequent.nodes.get(number)
    if node is not None:
        forms = tuple(_affine(list(z.items())).scaled(fmpq(1, node.scale)) for z in node.arguments)
        return Relu(forms[0]) if node.relu else Maximum(forms)
    if number < len(sequent.pixels):
        low, high = sequent.pixels[number]
        return Input(fmpq(low, unit), fmpq(high, unit))
    return Input(None, None)


def _arguments(variable: Variable) -> Iterable[Affine]:
    match variable:
        case Relu(argument):
            return (argument,)
        case Maximum(arguments):
            return arguments
        case Input():
            return ()


def _renumbered(variable: Variable, numbers: Mapping[int, int]) -> Variable:
    match variable:
        case Relu(argument):
            return Relu(_moved(argument, numbers))
        case Maximum(arguments):
            return Maximum(tuple(_moved(a, numbers) for a in arguments))
        case Input():
            return variable


def _moved(form: Affine, numbers: Mapping[int, int]) -> Affine:
    return Affine(tuple((numbers[v], c) for v, c in form.terms), form.constant)

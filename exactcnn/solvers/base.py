"""What a decision procedure can be asked about a sequent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

from flint import fmpq

from exactcnn.core.circuit import Sequent

__all__ = ["Answer", "Decider", "Minimum", "Solver", "Status"]


class Status(Enum):
    """Whether a sequent holds, fails (with a counterexample), or stayed open."""

    HOLDS = "holds"
    FAILS = "fails"
    OPEN = "open"


@dataclass(frozen=True)
class Answer:
    """A decided sequent.

    Attributes
    ----------
    values: for FAILS, the value of every circuit variable in the counterexample.
    atoms: for FAILS, the atoms that are true in it.
    core: for HOLDS where asked for, the switched forms that the proof used, as (index of the switch, number in it).
    reason: for OPEN, the solver's word for why.
    """

    status: Status
    values: Mapping[int, fmpq] = field(default_factory=dict)
    atoms: frozenset[int] = frozenset()
    core: frozenset[tuple[int, int]] = frozenset()
    reason: str = ""


@dataclass(frozen=True)
class Minimum:
    """The least value of a sequent's goal form under its hypotheses, and a point that attains it.

    `value` is None if the form has no lower bound or the solver gave up; `infeasible` if no point exists at all.
    A minimum is a *guess* to its users: a bound is kept only after `decide` proved it.
    """

    value: fmpq | None
    values: Mapping[int, fmpq] = field(default_factory=dict)
    atoms: frozenset[int] = frozenset()
    infeasible: bool = False


class Decider(Protocol):
    """A decision procedure for sequents; `name` carries its version."""

    @property
    def name(self) -> str:
        """Name and version."""
        ...

    def decide(self, sequent: Sequent, *, timeout: float | None = None) -> Answer:
        """Whether the sequent holds; `timeout` in seconds."""
        ...


class Solver(Decider, Protocol):
    """A decision procedure that also says what a proof used, and minimises."""

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        """Whether the sequent holds; `timeout` in seconds."""
        ...

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        """The least value of the goal form under the hypotheses and clauses; `timeout` in seconds."""
        ...

"""The sequents of a certificate as the kernel derives them from the statement: for solvers that confirm them.

Standard library and the kernel only. The kernel's own run is what collects them, so that they are what was checked.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import BinaryIO

from exactcnn.checker.kernel import (
    Certificate,
    Form,
    Kind,
    Lines,
    Local,
    Number,
    Proof,
    Row,
    Scaled,
    Sequent,
    Statement,
    Task,
    bounded,
    primitive,
)

__all__ = ["Claim", "claims"]


@dataclass(frozen=True, eq=False)
class Claim:
    """A sequent that a certificate shows.

    Attributes
    ----------
    name: the fact or the statement about logits as the certificate writes it, and the line that shows it.
    sequent: what was shown, as the kernel keeps it.
    interval: whether interval arithmetic showed it, not a proof.
    inequalities: rows that the proof derived by the rules `sub` and `have`. Most follow from the nodes' definitions and
        the inputs' intervals; others need what a branch of the proof assumes.
    """

    name: str
    sequent: Sequent
    interval: bool
    inequalities: tuple[Row, ...] = field(default=())


def claims(statement: BinaryIO, certificate: BinaryIO) -> list[Claim]:
    """All sequents of a certificate that the kernel accepts, in its order; sequents shown by `same` stand there once.

    Raises
    ------
    Reject: the kernel does not accept it.
    """
    listing = _Listing(Statement(Lines(statement)), Lines(certificate))
    return listing.found


class _Recorded(Proof):
    """A proof that keeps what the rules `sub` and `have` gave."""

    def __init__(self, lines: Lines, sequent: Sequent) -> None:
        self.derived: dict[Row, None] = {}
        super().__init__(lines, sequent)

    def _sub(self, tokens: list[str]) -> Form:
        form = super()._sub(tokens)
        self.derived[primitive(form)] = None
        return form

    def _have(self, tokens: list[str]) -> list[Task]:
        lemma, rest = super()._have(tokens)
        self.derived[lemma[3]] = None
        return [lemma, rest]


class _Listing(Certificate):
    """A certificate's check that keeps its sequents."""

    def __init__(self, st: Statement, lines: Lines) -> None:
        self.found: list[Claim] = []
        self.about = ""
        super().__init__(st, lines)

    def _floor(self, tokens: list[str], number: int) -> None:
        self.about = " ".join(tokens)
        super()._floor(tokens, number)

    def _upper(self, tokens: list[str], number: int) -> None:
        self.about = " ".join(tokens)
        super()._upper(tokens, number)

    def _lower(self, tokens: list[str], number: int) -> None:
        self.about = " ".join(tokens)
        super()._lower(tokens, number)

    def _prove(self, holds: list[int], fails: list[int], goal: dict[int, int], least: Number) -> None:
        word = "pair" if len(goal) > 1 else "right" if holds else "wrong"
        self.about = " ".join([word, *map(str, goal)])
        super()._prove(holds, fails, goal, least)

    def _box(self, kind: Kind, channel: int, sign: int, least: Number) -> None:
        super()._box(kind, channel, sign, least)
        local = Local(self.st, [channel], kind, [], [])
        local.goal = bounded(local.values[channel], sign, least)
        self._keep(local, self.lines.number, interval=True)

    def _joint(self, tokens: list[str], number: int) -> None:
        self.about = " ".join(tokens)
        super()._joint(tokens, number)

    def _inside(self, local: Local, form: Scaled, least: Number) -> None:
        super()._inside(local, form, least)
        local.goal = bounded(form, 1, least)
        self._keep(local, self.lines.number, interval=True)

    def _close(self, sequent: Sequent) -> None:
        line = self.lines.number
        self._keep(sequent, line, interval=False, inequalities=_Recorded(self.lines, sequent).derived)

    def _keep(self, sequent: Sequent, line: int, *, interval: bool, inequalities: Iterable[Row] = ()) -> None:
        self.found.append(Claim(f"{self.about}, line {line}", sequent, interval, tuple(inequalities)))

"""Which proofs a certificate refers to by `same`, as the kernel finds out: for its translation into other forms.

Standard library and the kernel only. The line does not say which proof it means. It is that of an equal sequent, and
the kernel derives the sequents while it checks.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO

from exactcnn.checker.kernel import Certificate, Lines, Local, Row, Statement

__all__ = ["Checked", "checked"]


@dataclass(frozen=True, eq=False)
class Checked:
    """What the kernel knows of a certificate that it accepted.

    Attributes
    ----------
    statement: what is proved.
    same: of each line of the certificate (from 1) that says `same`, the line with `prove` before the proof it means.
    """

    statement: Statement
    same: dict[int, int] = field(default_factory=dict)


def checked(statement: BinaryIO, certificate: BinaryIO) -> Checked:
    """The references of a certificate that the kernel accepts.

    Raises
    ------
    Reject: the kernel does not accept it.
    """
    found = Checked(Statement(Lines(statement)))
    _Watched(found, Lines(certificate))
    return found


class _Watched(Certificate):
    """A certificate's check that keeps where each sequent was proved."""

    def __init__(self, found: Checked, lines: Lines) -> None:
        self.found = found
        self.fact: object = None
        self.proofs: dict[object, int] = {}
        super().__init__(found.statement, lines)

    def _proved(self, tokens: list[str], local: Local, goal: Row, proved: set[object]) -> None:
        line = self.lines.number
        super()._proved(tokens, local, goal, proved)
        if self.fact is not proved:
            # `same` is about the proofs of one fact, which share this set.
            self.fact, self.proofs = proved, {}
        if tokens == ["prove"]:
            self.proofs.setdefault(local.key(), line)
        else:
            self.found.same[line] = self.proofs[local.key()]

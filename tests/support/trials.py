"""What becomes of a changed certificate: rejected, still a proof, or a bug."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass

from support.certificate_mutants import Mutant
from support.certified import checked
from support.claims import Claims, Judge

from exactcnn.core.errors import ExactCnnError

__all__ = ["Fate", "Trial"]

_REJECTED = re.compile(r"REJECTED line [0-9]+ rule ([a-z]+): expected (.*), got ", re.DOTALL)
_CAUGHT = "a kernel without errors"


@dataclass(frozen=True)
class Fate:
    """What the kernel said of a mutant, and whether that was right.

    Attributes
    ----------
    proved: whether it accepted.
    rule: the rule that it rejected with.
    problems: why its answer was wrong; empty if it was not.
    """

    proved: bool
    rule: str = ""
    problems: tuple[str, ...] = ()


class Trial:
    """A statement with a certificate that the kernel accepts, and judgements of their mutants.

    Parameters
    ----------
    confirm: whether z3 has to confirm all claims of the certificate first; if not, they count as known.
    """

    def __init__(self, statement: str, certificate: str, *, confirm: bool = True) -> None:
        self.statement, self.certificate = statement, certificate
        proved, self.line = checked(statement, certificate)
        judge = Judge(statement)
        claims = judge.claims(certificate) if proved else Claims()
        self.problems = [] if proved else [self.line]
        if confirm:
            self.problems += judge.refuted(claims)
        judge.known = claims
        self._judge = judge

    def fate(self, mutant: Mutant) -> Fate:
        """What the kernel says, judged."""
        try:
            proved, line = checked(mutant.statement, mutant.certificate)
        except Exception as error:
            return Fate(False, "", (f"the kernel raised {error!r}",))
        if proved:
            return Fate(True, "", tuple(self._wrong(mutant, line)))
        match = _REJECTED.match(line)
        if match is None:
            return Fate(False, "", (f"the kernel said {line!r}",))
        return Fate(False, match[1], (line,) if match[2] == _CAUGHT else ())

    def _wrong(self, mutant: Mutant, line: str) -> list[str]:
        """What is wrong with accepting it."""
        judge = self._judge
        if mutant.statement == self.statement:
            if line != self.line:
                return [f"the kernel said {line!r}"]
        else:
            sha256 = hashlib.sha256(mutant.statement.encode()).hexdigest()
            if not line.startswith(f"PROVED {sha256} {mutant.statement.splitlines()[2]} sizes "):
                return [f"the kernel said {line!r}"]
            try:
                judge = Judge(mutant.statement)
            except (ExactCnnError, ValueError) as error:
                return [f"the package cannot read the statement: {error}"]
        return judge.refuted(judge.claims(mutant.certificate))

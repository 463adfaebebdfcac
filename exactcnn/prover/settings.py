"""How to verify."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from exactcnn.formats.statement import Execution
from exactcnn.solvers.pool import Deadline

__all__ = ["Confirm", "Effort", "Progress", "Settings"]

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how many of its steps are done, and how many there are."""

Confirm = Callable[[str, str], str | None]
"""Takes a statement and a certificate; says why they are rejected, or None."""


@dataclass(frozen=True)
class Effort:
    """What may be spent on one thing that is asked for.

    Attributes
    ----------
    query: seconds for one question to the solver.
    proof: seconds for the search of one proof.
    deadline: of all of it; None for that of the whole verification.
    """

    query: float
    proof: float = 20.0
    deadline: Deadline | None = None


def _silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


@dataclass(frozen=True)
class Settings:
    """How to verify.

    Attributes
    ----------
    timeout: seconds for everything; None for no limit.
    query_timeout: seconds for one question to the solver.
    workers: processes; None for one a core.
    confirm: the checker: takes a statement and a certificate, and says why it rejects them (None: it accepts). With it
        nothing is PROVED without a certificate, and a solver is asked only where no proof was found at once; without
        it a solver decides everything, and its word is the evidence.
    source_sha256: of the ONNX file that the network came from.
    float32: what images float32 execution is to be proved right on; None: exact arithmetic is what is proved.
    """

    timeout: float | None = None
    query_timeout: float = 60.0
    workers: int | None = None
    progress: Progress = _silent
    confirm: Confirm | None = None
    source_sha256: str | None = None
    float32: Execution | None = None

    @property
    def effort(self) -> Effort:
        """What may be spent where an answer depends on it."""
        return Effort(self.query_timeout)

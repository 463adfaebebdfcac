"""The closed set of answers and their exit codes."""

from __future__ import annotations

from enum import Enum

__all__ = ["EXIT_BAD_INPUT", "EXIT_INTERNAL", "Verdict"]

EXIT_BAD_INPUT = 4
EXIT_INTERNAL = 5


class Verdict(Enum):
    """What `verify` can answer; `exit_code` is the process's exit code."""

    PROVED = "PROVED"
    REFUTED = "REFUTED"
    VACUOUS = "VACUOUS"
    UNKNOWN = "UNKNOWN"
    TIMEOUT = "TIMEOUT"

    @property
    def exit_code(self) -> int:
        """0 proved, 1 refuted, 2 vacuous, 3 unknown or timeout."""
        return {"PROVED": 0, "REFUTED": 1, "VACUOUS": 2, "UNKNOWN": 3, "TIMEOUT": 3}[self.value]

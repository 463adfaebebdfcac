"""The verifications of `exactcnn margin`: within a time limit for all of them, and until an interrupt."""

from __future__ import annotations

import time
from collections.abc import Callable

from exactcnn.cli.progress import ProgressDisplay
from exactcnn.core.outcome import Outcome
from exactcnn.core.verdict import Verdict
from exactcnn.prover.margin import Bracket, StoppedError, gap_bracket, tolerance_bracket
from exactcnn.task.model import Task

__all__ = ["TimedVerifier", "brackets"]

_HALF = 1 / 2
# What a single verification may take of the time left, and seconds that it may take in any case.
_PART, _LEAST = 1 / 4, 1.0


class TimedVerifier:
    """Verifies within a time limit for everything, and no more after it or after an interrupt.

    Attributes
    ----------
    interrupted, late: whether it was stopped by Ctrl-C, or by the time limit.
    """

    def __init__(self, verify: Callable[[Task, float], Outcome], seconds: float) -> None:
        self._verify = verify
        self._end = time.monotonic() + seconds
        self._until = self._end
        self._first: float | None = None
        self.interrupted = self.late = False

    def share(self, part: float) -> None:
        """Allows the next verifications a part of the time that is left."""
        now = time.monotonic()
        self._until = now + part * (self._end - now)

    def __call__(self, task: Task) -> Outcome:
        """The outcome; a single one may take a part of the time only, since the next may be easier.

        Raises
        ------
        StoppedError: no more is verified.
        KeyboardInterrupt: the first one was interrupted.
        """
        started = time.monotonic()
        left = self._until - started
        if self.interrupted or left <= 0:
            self.late |= not self.interrupted
            raise StoppedError
        allowed = left if self._first is None else min(left, max(left * _PART, 2 * self._first + _LEAST))
        try:
            outcome = self._verify(task, allowed)
        except KeyboardInterrupt:
            if self._first is None:
                raise
            self.interrupted = True
            raise StoppedError from None
        if self._first is None:
            self._first = time.monotonic() - started
            self.late |= outcome.verdict is Verdict.TIMEOUT
        elif outcome.verdict is Verdict.TIMEOUT and allowed == left:
            self.late = True
            raise StoppedError
        return outcome


def brackets(task: Task, verified: TimedVerifier, bits: int, progress: ProgressDisplay) -> tuple[Bracket, Bracket]:
    """The brackets of the tolerance and of the gap; the first has half of the time, the second what is left."""
    verified.share(_HALF)
    tolerance = tolerance_bracket(task, verified, bits=bits, progress=progress)
    verified.share(1)
    drawn = tolerance.drawn.outcome
    return tolerance, gap_bracket(task, verified, bits=bits, progress=progress, drawn=drawn)

"""A bound on how long a search may take, counted in steps so that it is the same on every machine."""

from __future__ import annotations

__all__ = ["Effort", "OutOfEffortError"]


class OutOfEffortError(Exception):
    """A search has used up its steps: its question stays open. Never shown to people as such."""


class Effort:
    """Counts a search's steps down.

    Attributes
    ----------
    left: the steps that remain; a share of another effort spends both.
    """

    def __init__(self, steps: int, parent: Effort | None = None) -> None:
        self.left = steps
        self._parent = parent

    def share(self, steps: int) -> Effort:
        """At most `steps` of this effort, for one part of the work."""
        return Effort(steps, self)

    def spend(self, steps: int = 1) -> None:
        """One step, or several.

        Raises
        ------
        OutOfEffortError: none is left.
        """
        self.left -= steps
        if self._parent is not None:
            self._parent.spend(steps)
        if self.left < 0:
            raise OutOfEffortError

"""A solver that never works beyond a deadline."""

from __future__ import annotations

from dataclasses import dataclass

from exactcnn.core.circuit import Sequent
from exactcnn.solvers.base import Answer, Minimum, Solver, Status
from exactcnn.solvers.pool import Deadline

__all__ = ["LimitedSolver"]


@dataclass
class LimitedSolver:
    """Another solver, with every question cut off at the deadline.

    Every question raises OutOfTimeError when the deadline has passed, and also when that is why it stayed open.

    Attributes
    ----------
    asked: whether it was asked anything so far, in this process.
    """

    solver: Solver
    deadline: Deadline
    asked: bool = False

    @property
    def name(self) -> str:
        """Name and version of the solver behind it."""
        return self.solver.name

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        """Whether the sequent holds; see `solvers.base.Solver`."""
        answer = self.solver.decide(sequent, timeout=self._allowed(timeout), core=core)
        if answer.status is Status.OPEN:
            self.deadline.remaining()
        return answer

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        """The least value of the goal form; see `solvers.base.Solver`."""
        least = self.solver.minimise(sequent, timeout=self._allowed(timeout))
        if least.value is None and not least.infeasible:
            self.deadline.remaining()
        return least

    def _allowed(self, timeout: float | None) -> float | None:
        allowed = self.deadline.remaining() if timeout is None else self.deadline.at_most(timeout)
        self.asked = True
        return allowed

"""All obligations of an instance as they are put to the solver, to be exported."""

from __future__ import annotations

from dataclasses import dataclass

from exactcnn.core.circuit import Sequent
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.network.model import Network
from exactcnn.prover.verify import Progress, Settings, verify_modular
from exactcnn.solvers.base import Answer, Minimum, Solver, Status
from exactcnn.task.model import Task

__all__ = ["Obligation", "collect_obligations"]

_KINDS = ("upper", "lower", "head")


@dataclass(frozen=True)
class Obligation:
    """A sequent that the modular method asked about.

    Attributes
    ----------
    name: its kind and its number in that kind, such as "upper-3".
    status: what the solver said of it. One that fails is a bound that was tried and then weakened.
    """

    name: str
    kind: str
    sequent: Sequent
    status: Status


def collect_obligations(
    task: Task,
    network: Network,
    sizes: SizeRange,
    solver: Solver,
    *,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> tuple[list[Obligation], Outcome]:
    """Verifies the instance once and keeps every local and head sequent that the solver decided, in that order.

    Nothing is made up for the export: these are the questions that the answer rests on.

    Raises
    ------
    InputError: as `verify_modular`.
    """
    recorder = _Recorder(solver)
    settings = Settings(timeout=timeout, workers=1)
    if progress is not None:
        settings = Settings(timeout=timeout, workers=1, progress=progress)
    outcome = verify_modular(task, network, sizes, recorder, settings)
    return recorder.obligations(), outcome


class _Recorder:
    """A solver that remembers what it was asked."""

    def __init__(self, solver: Solver) -> None:
        self._solver = solver
        self._asked: dict[Sequent, Status] = {}

    @property
    def name(self) -> str:
        """Name and version of the solver behind it."""
        return self._solver.name

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        """The solver's answer."""
        answer = self._solver.decide(sequent, timeout=timeout, core=core)
        self._asked[sequent] = answer.status
        return answer

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        """The solver's minimum, which is a guess and no obligation."""
        return self._solver.minimise(sequent, timeout=timeout)

    def obligations(self) -> list[Obligation]:
        """The local and head sequents, numbered by kind."""
        counts = dict.fromkeys(_KINDS, 0)
        found = []
        for sequent, status in self._asked.items():
            kind = sequent.title.partition(":")[0]
            if kind in counts:
                counts[kind] += 1
                found.append(Obligation(f"{kind}-{counts[kind]}", kind, sequent, status))
        return found

"""Solvers asked about sequents that were proved already: a second opinion, never a proof (THEOREM.md, section 6).

On sequents with many ReLUs a solver needs the inequalities that the proof derived. It gets none of them
on trust: it first decides each as a sequent of its own, and is handed only those that it confirmed.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from importlib.util import find_spec

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Sequent
from exactcnn.core.errors import InputError, InternalError
from exactcnn.core.outcome import CrossCheck
from exactcnn.solvers.base import Decider, Status
from exactcnn.solvers.pool import Deadline, OutOfTimeError, Workers

__all__ = ["SOLVERS", "Question", "confirmed", "cross_check", "named_solver"]

SOLVERS = ("z3", "cvc5")
_SECONDS = 60.0
_CANDIDATE_SECONDS = 2.0


@dataclass(frozen=True)
class Question:
    """A sequent that was proved.

    Attributes
    ----------
    name: how messages call it.
    candidates: inequalities that may help, each as a sequent of its own and as a form over the main one's variables.
    """

    name: str
    sequent: Sequent
    candidates: tuple[tuple[Sequent, Affine], ...] = ()


def named_solver(name: str) -> Decider:
    """A solver by its name.

    Raises
    ------
    InputError: there is none of that name, or it is not installed.
    """
    if name not in SOLVERS:
        raise InputError("no solver of that name", found=repr(name), expected=" or ".join(SOLVERS))
    if name == "z3":
        from exactcnn.solvers.z3_solver import Z3Solver

        return Z3Solver()
    if find_spec(name) is None:
        raise InputError(
            "the solver is not installed", found=name, hint='`pip install "exactcnn[solvers]"` installs it'
        )
    from exactcnn.solvers.cvc5_solver import Cvc5Solver

    return Cvc5Solver()


def cross_check(
    names: Sequence[str],
    questions: Sequence[Question],
    *,
    timeout: float | None = None,
    workers: int | None = None,
    progress: Callable[[str, int, int], None] | None = None,
) -> tuple[CrossCheck, ...]:
    """What each solver says of each sequent.

    Parameters
    ----------
    timeout: seconds for everything; what is left then counts as open. A single question has at most a minute.
    workers: processes; None for one a core.

    Raises
    ------
    InputError: a solver is unknown or not installed.
    InternalError: a solver has a counterexample to a sequent that was proved.
    """
    solvers = [named_solver(name) for name in dict.fromkeys(names)]
    found = []
    deadline = Deadline(timeout)
    with Workers(tuple(questions), workers) as pool:
        for solver in solvers:
            statuses: list[Status] = []
            with contextlib.suppress(OutOfTimeError):
                jobs = [(solver, number) for number in range(len(questions))]
                for status in pool.run(_asked, jobs, deadline):
                    if status is Status.FAILS:
                        wrong = questions[len(statuses)].name
                        raise InternalError(f"{solver.name} has a counterexample to what was proved: {wrong}")
                    statuses.append(status)
                    if progress is not None:
                        progress(f"asking {solver.name}", len(statuses), len(questions))
            statuses += [Status.OPEN] * (len(questions) - len(statuses))
            undecided = [q.name for q, s in zip(questions, statuses, strict=True) if s is Status.OPEN]
            found.append(CrossCheck(solver.name, len(questions) - len(undecided), tuple(undecided)))
    return tuple(found)


def confirmed(solver: Decider, question: Question) -> Sequent:
    """A question's sequent, with those candidates as lemmas that the solver decides to hold by themselves."""
    lemmas = [
        form
        for alone, form in question.candidates
        if solver.decide(alone, timeout=_CANDIDATE_SECONDS).status is Status.HOLDS
    ]
    return replace(question.sequent, lemmas=tuple(lemmas))


def _asked(questions: tuple[Question, ...], job: tuple[Decider, int]) -> Status:
    solver, number = job
    return solver.decide(confirmed(solver, questions[number]), timeout=_SECONDS).status

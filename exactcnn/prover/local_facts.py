"""Proving local facts: the jobs that run in worker processes.

An upper fact is proposed from the tables (which templates make a channel fire, and how strongly) and proved by the
solver for every border kind at which interval bounds do not suffice. A lower fact's bound comes from the tables; the
solver confirms it. Equal sequents, which most border kinds lead to, are decided once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.circuit import Sequent
from exactcnn.prover.instance import Instance
from exactcnn.prover.tables import Sight, Tables, Trigger
from exactcnn.solvers.base import Solver, Status
from exactcnn.theorem.local import LocalSequent, Placed, lower_sequent, upper_sequent
from exactcnn.theorem.stem import Kind, Pixel

__all__ = ["LowerJob", "Peak", "UpperJob", "UpperResult", "prove_lower", "prove_upper", "upper_jobs"]

_MOST_FEATURES = 4


@dataclass(frozen=True)
class UpperJob:
    """Bound a channel on images that avoid certain features.

    Attributes
    ----------
    features: the features A that are avoided (numbers in the task).
    target: the least bound that could possibly hold, and hence the one to try first.
    kinds: border kinds at which interval bounds do not give the target, with the windows whose clearness is used.
    """

    channel: int
    features: frozenset[int]
    target: fmpq
    kinds: tuple[tuple[Kind, tuple[Placed, ...]], ...]


@dataclass(frozen=True)
class Peak:
    """The pixels of a field, clear of the features avoided, at which a channel is as high as `value`."""

    kind: Kind
    pixels: Mapping[Pixel, fmpq]
    value: fmpq


@dataclass(frozen=True)
class UpperResult:
    """What became of an upper job.

    Attributes
    ----------
    bound: the bound proved, or None.
    obligations: how many different sequents were proved for it.
    peak: where the target is exceeded most, if the bound is above the target.
    open_reason: why the solver could not do better, if that is what happened.
    """

    job: UpperJob
    bound: fmpq | None
    obligations: int
    peak: Peak | None = None
    open_reason: str = ""


@dataclass(frozen=True)
class LowerJob:
    """Confirm a lower bound of a channel where a window exhibits a template, at these sights."""

    feature: int
    template: int
    channel: int
    bound: fmpq
    sights: tuple[Sight, ...]


def upper_jobs(tables: Tables, channel: int) -> list[UpperJob]:
    """Jobs for one channel, the strongest statement (fewest features avoided) first.

    With the features ordered by how strongly they make the channel fire, avoiding the first n leaves the strength of
    the next one as the least conceivable bound; a channel that nothing makes fire is bounded on all images.
    """
    triggers = tables.triggers.get(channel, [])
    floor = tables.everywhere.low.item(channel)
    if tables.everywhere.high.item(channel) <= floor:
        return []
    strength: dict[int, fmpq] = {}
    for trigger in triggers:
        strength.setdefault(trigger.placed.feature, trigger.bound)  # they come strongest first
    ordered = list(strength)
    jobs = []
    for count in range(min(1, len(ordered)), min(len(ordered), _MOST_FEATURES) + 1):
        target = strength[ordered[count]] if count < len(ordered) else floor
        jobs.append(_job(tables, channel, frozenset(ordered[:count]), target, triggers))
        if target == floor:
            break
    return jobs


def _job(tables: Tables, channel: int, features: frozenset[int], target: fmpq, triggers: list[Trigger]) -> UpperJob:
    kinds = []
    for kind, bounds in tables.by_kind.items():
        if bounds.high.item(channel) > target:
            used = {t.placed: None for t in triggers if t.kind == kind and t.placed.feature in features}
            kinds.append((kind, tuple(used)))
    return UpperJob(channel, features, target, tuple(kinds))


def prove_upper(instance: Instance, solver: Solver, job: UpperJob, timeout: float | None) -> UpperResult:
    """The best bound that can be proved; the target where it holds."""
    bound = job.target
    peak: Peak | None = None
    decided: dict[Sequent, None] = {}
    for kind, clear in job.kinds:
        local = _upper(instance, job, kind, clear, bound)
        if local.sequent in decided:
            continue
        answer = solver.decide(local.sequent, timeout=timeout)
        if answer.status is Status.FAILS:
            # Raise the bound to the exact supremum, which z3's simplex gives as a rational, and prove that.
            unbounded = _upper(instance, job, kind, clear, fmpq(0))
            least = solver.minimise(unbounded.sequent, timeout=timeout)
            value = -least.value if least.value is not None else None
            values = least.values if value is not None else answer.values
            if value is None:
                reached = bound - local.sequent.goal.evaluate(values.__getitem__)
                peak = Peak(kind, {p: values[n] for p, n in local.pixels.items()}, reached)
                return UpperResult(job, None, len(decided), peak, "no least upper bound was found in time")
            peak = Peak(kind, {p: values[n] for p, n in unbounded.pixels.items()}, value)
            bound = value
            local = _upper(instance, job, kind, clear, bound)
            answer = solver.decide(local.sequent, timeout=timeout)
        if answer.status is not Status.HOLDS:
            return UpperResult(job, None, len(decided), peak, answer.reason or "the least upper bound did not hold")
        decided[local.sequent] = None
    return UpperResult(job, bound, len(decided), peak)


def _upper(instance: Instance, job: UpperJob, kind: Kind, clear: tuple[Placed, ...], bound: fmpq) -> LocalSequent:
    return upper_sequent(instance.task, instance.stem, kind, clear, job.channel, bound)


def prove_lower(instance: Instance, solver: Solver, job: LowerJob, timeout: float | None) -> tuple[LowerJob, int, str]:
    """The job, how many different sequents were proved, and why not all (empty if all were)."""
    decided: dict[Sequent, None] = {}
    for rows, columns in job.sights:
        placed = Placed(job.feature, job.template, rows.offset, columns.offset)
        kind = rows.signature, columns.signature
        sequent = lower_sequent(instance.task, instance.stem, kind, placed, job.channel, job.bound).sequent
        if sequent in decided:
            continue
        answer = solver.decide(sequent, timeout=timeout)
        if answer.status is not Status.HOLDS:
            return job, len(decided), answer.reason or f"the solver denies {sequent.title}"
        decided[sequent] = None
    return job, len(decided), ""

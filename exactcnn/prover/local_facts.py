"""Proving local facts: the jobs that run in worker processes.

An upper fact is proposed from the tables (which templates make a channel fire, and how strongly) and proved by the
solver for every border kind at which interval bounds do not suffice. A lower fact's bound comes from the tables; the
solver confirms it. Equal sequents, which most border kinds lead to, are decided once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from flint import fmpq

from exactcnn.core.circuit import Sequent
from exactcnn.prover.instance import Instance
from exactcnn.prover.tables import Sight, Tables, Trigger
from exactcnn.solvers.base import Solver, Status
from exactcnn.theorem.local import LocalSequent, Placed, lower_sequent, upper_sequent
from exactcnn.theorem.stem import Kind, Pixel

__all__ = [
    "ChannelJob",
    "LowerJob",
    "Peak",
    "UpperJob",
    "UpperResult",
    "channel_job",
    "prove_channel",
    "prove_lower",
    "prove_upper",
]

_MOST_FEATURES = 4


@dataclass(frozen=True)
class UpperJob:
    """Bound a channel on images that avoid certain features.

    Attributes
    ----------
    features: the features A that are avoided (numbers in the task).
    target: the channel's lower bound everywhere, which no upper bound can beat, and hence the one to try first.
    kinds: border kinds at which interval bounds do not give the target, with the windows whose clearness is used: those
        that make the channel fire, of each the widest template around it.
    """

    channel: int
    features: frozenset[int]
    target: fmpq
    kinds: tuple[tuple[Kind, tuple[Placed, ...]], ...]


@dataclass(frozen=True)
class ChannelJob:
    """Bound one channel in several ways.

    Attributes
    ----------
    alone: each of the features that make the channel fire most, or at least half as much, avoided alone.
    together: growing sets of features, tried one after another where no single feature was enough.
    """

    alone: tuple[UpperJob, ...]
    together: tuple[UpperJob, ...]


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
    proofs: the lines of the proof at each kind, by number, at which interval bounds do not give the bound; None if the
        bound has no proof but a solver's word.
    """

    job: UpperJob
    bound: fmpq | None
    obligations: int
    peak: Peak | None = None
    open_reason: str = ""
    proofs: Mapping[int, Sequence[str]] | None = None


@dataclass(frozen=True)
class LowerJob:
    """Confirm a lower bound of a weighted sum of channels where a window exhibits a template, at these sights."""

    feature: int
    template: int
    weights: tuple[tuple[int, int], ...]
    bound: fmpq
    sights: tuple[Sight, ...]


def channel_job(tables: Tables, channel: int) -> ChannelJob | None:
    """What to try for a channel; None if interval bounds say all there is to say.

    A channel that nothing is seen to make fire is bounded on all images (the set of avoided features is empty).
    """
    triggers = tables.triggers.get(channel, [])
    if tables.everywhere.high.item(channel) <= tables.everywhere.low.item(channel):
        return None
    strength: dict[int, fmpq] = {}
    for trigger in triggers:
        strength.setdefault(trigger.placed.feature, trigger.bound)  # they come strongest first
    ordered = list(strength)
    # Perturbed weights make another feature, whose templates come near, fire the channel more than its own does; what
    # fires it half as much as the strongest may be its own.
    least = tables.everywhere.low.item(channel)
    strongest = [f for f in ordered if 2 * (strength[f] - least) >= strength[ordered[0]] - least]
    sets = [frozenset(ordered[:count]) for count in range(min(2, len(ordered)), min(len(ordered), _MOST_FEATURES) + 1)]
    return ChannelJob(
        tuple(_job(tables, channel, frozenset({f}), triggers) for f in strongest[:_MOST_FEATURES]),
        tuple(_job(tables, channel, features, triggers) for features in dict.fromkeys(sets) if len(features) != 1),
    )


def _job(tables: Tables, channel: int, features: frozenset[int], triggers: list[Trigger]) -> UpperJob:
    target = tables.everywhere.low.item(channel)
    kinds = []
    for kind, bounds in tables.by_kind.items():
        if bounds.high.item(channel) > target:
            seen = {t.placed: None for t in triggers if t.kind == kind and t.placed.feature in features}
            used = {replace(p, template=tables.widest(p.feature, p.template)): None for p in seen}
            kinds.append((kind, tuple(used)))
    return UpperJob(channel, features, target, tuple(kinds))


def prove_channel(job: ChannelJob, prove: Callable[[UpperJob], UpperResult]) -> list[UpperResult]:
    """The bounds proved: each feature alone, then sets of features until one reaches the target."""
    results = [prove(upper) for upper in job.alone]
    for upper in job.together:
        if any(r.bound == r.job.target for r in results):
            break
        results.append(prove(upper))
    return results


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
            if least.value is None:
                reached = bound - local.sequent.goal.evaluate(answer.values.__getitem__)
                peak = Peak(kind, {p: answer.values[n] for p, n in local.pixels.items()}, reached)
                return UpperResult(job, None, len(decided), peak, "no least upper bound was found in time")
            bound = -least.value
            peak = Peak(kind, {p: least.values[n] for p, n in unbounded.pixels.items()}, bound)
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
        sequent = lower_sequent(instance.task, instance.stem, kind, placed, job.weights, job.bound).sequent
        if sequent in decided:
            continue
        answer = solver.decide(sequent, timeout=timeout)
        if answer.status is not Status.HOLDS:
            return job, len(decided), answer.reason or f"the solver denies {sequent.title}"
        decided[sequent] = None
    return job, len(decided), ""

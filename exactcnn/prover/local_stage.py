"""Facts at one position for a whole instance: upper facts of all channels, and the lower facts that the head uses."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TypeVar

from flint import fmpq

from exactcnn.prover.head_bounds import HeadBound
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import ChannelJob, LowerJob, UpperResult, channel_job, prove_lower
from exactcnn.prover.local_sequent import NumberedStem
from exactcnn.prover.settings import Effort, Settings
from exactcnn.prover.tables import Tables, Weights
from exactcnn.prover.upper_proof import UpperShared, channel_at_once, channel_decided, with_proof
from exactcnn.solvers.base import Solver
from exactcnn.solvers.pool import Deadline, Workers
from exactcnn.theorem.facts import JointFact, UpperFact

__all__ = ["LocalStage", "Uppers"]

Job = TypeVar("Job")

_MANY = 8
_SOON = 0.5
# Of how many channels a few are bounded first, and how many.
_SAMPLED_FROM, _SAMPLE = 32, 8

Uppers = Mapping[int, Sequence[UpperResult]]
"""What became of the upper jobs, by channel."""


class LocalStage:
    """Proves local facts.

    Parameters
    ----------
    certified: whether proofs by the kernel's rules are wanted; otherwise the solver's word is enough.

    Attributes
    ----------
    complete: whether all is known of the channels that can be known.
    """

    def __init__(
        self,
        instance: Instance,
        tables: Tables,
        solver: Solver,
        settings: Settings,
        deadline: Deadline,
        certified: bool,
    ) -> None:
        self._tables = tables
        self._settings = settings
        self._deadline = deadline
        self._certified = certified
        self.complete = False
        self._found: list[tuple[ChannelJob, list[UpperResult]]] = []
        self._sampled: dict[int, list[UpperResult]] = {}
        stem = NumberedStem(instance)
        self._shared = UpperShared(instance, tables, stem, solver, settings.query_timeout, deadline)

    @cached_property
    def _jobs(self) -> list[ChannelJob]:
        channels = range(self._shared.instance.stem.out_channels)
        return [job for job in (channel_job(self._tables, k) for k in channels) if job is not None]

    def doubtful(self) -> list[UpperResult]:
        """What is wanted of the channels, as if nothing of it were proved, where the facts may well fall short of it.

        A few of many channels tell: if most of them do not reach their targets, an attack should come before the rest.
        """
        if not self._certified or len(self._jobs) <= _SAMPLED_FROM:
            return []
        sample = range(0, len(self._jobs), len(self._jobs) // _SAMPLE)
        self._sampled = dict(zip(sample, self._run(channel_at_once, [self._jobs[n] for n in sample]), strict=True))
        short = [found for found in self._sampled.values() if not any(r.bound == r.job.target for r in found)]
        wanted = [UpperResult(job.alone[0], None, 0) for job in self._jobs if job.alone]
        return wanted if 2 * len(short) > len(sample) else []

    def uppers(self) -> Uppers:
        """Upper bounds of the channels that interval bounds do not settle.

        Where proofs are wanted, only those that have one at once: `decided` has the others, if it turns out that they
        are needed.
        """
        jobs = self._jobs
        self._found = [(job, []) for job in jobs]
        if not self._certified:
            return self.decided()
        left = [n for n in range(len(jobs)) if n not in self._sampled]
        found = self._sampled | dict(zip(left, self._run(channel_at_once, [jobs[n] for n in left]), strict=True))
        self._found = [(job, found[n]) for n, job in enumerate(jobs)]
        targets = [(job, [r for r in found if r.bound == r.job.target]) for job, found in self._found]
        self.complete = all(len(found) >= max(1, len(job.alone)) for job, found in targets)
        return _by_channel(found for _, found in self._found)

    @property
    def _near(self) -> int:
        """Of how many channels relaxations gave bounds, but not their targets."""
        return sum(any(r.bound != r.job.target for r in found) for _, found in self._found)

    @property
    def shortest(self) -> float:
        """Seconds of the solver that `decided` may take for the channels whose bounds are not their targets."""
        return _SOON * self._near if self._near > _MANY else 0.0

    def decided(self, effort: Effort | None = None) -> Uppers:
        """The best upper bounds of the same channels, as the solver finds them where there are no proofs.

        Where relaxations gave bounds of many channels, but not their targets, the solver cannot have long for each.
        """
        self._shared = replace(self._shared, soon=_SOON if self._near > _MANY else None)
        return _by_channel(self._run(channel_decided, self._found, effort))

    def _run(
        self,
        function: Callable[[UpperShared, Job], list[UpperResult]],
        jobs: Sequence[Job],
        effort: Effort | None = None,
    ) -> Iterator[list[UpperResult]]:
        spent = effort or self._settings.effort
        deadline = spent.deadline or self._deadline
        with Workers(replace(self._shared, timeout=spent.query), self._settings.workers) as workers:
            for done, found in enumerate(workers.run(function, jobs, deadline)):
                self._settings.progress("upper facts", done, len(jobs))
                yield found

    def with_proofs(
        self, uppers: Uppers, used: Iterable[UpperResult], effort: Effort | None = None
    ) -> tuple[Uppers, list[UpperResult]]:
        """The upper facts, those used with proofs; and those used for whose bounds no proof was found.

        The latter have weaker bounds, or none, in what is returned first.
        """
        spent = effort or self._settings.effort
        deadline = spent.deadline or self._deadline
        seconds = deadline.at_most(spent.proof)
        jobs = [(result, seconds) for result in used if result.proofs is None]
        changed = {channel: list(results) for channel, results in uppers.items()}
        weaker = []
        with Workers(self._shared, self._settings.workers) as workers:
            for (old, _), new in zip(jobs, workers.run(with_proof, jobs, deadline), strict=True):
                listed = changed[old.job.channel]
                listed[listed.index(old)] = new
                if new.bound != old.bound:
                    weaker.append(old)
        return changed, weaker

    def lowers(self, bounds: Sequence[HeadBound]) -> tuple[int, str | None]:
        """How many obligations the lower facts are that the head's proofs use; in words what is not proved of them.

        Interval arithmetic proves each of them, and the kernel does the same; where a solver's word counts, it decides
        the sequents that they come to.
        """
        jobs = []
        for feature, template, weights, bound in sorted(self._needed(bounds)):
            sights = self._tables.sights(feature, template, weights, bound)
            if sights is None:
                what = " + ".join(f"{a} S_{k}" for k, a in weights)
                return 0, f"no position is known to see every window of feature {feature} with {what} >= {bound}"
            jobs.append(LowerJob(feature, template, weights, bound, tuple(sights)))
        if self._certified:
            self._settings.progress("lower facts", 0, 1)
            return len(jobs), None
        proved = 0
        with Workers(self._shared, self._settings.workers) as workers:
            for done, (_, count, why) in enumerate(workers.run(_lower_by_solver, jobs, self._deadline)):
                self._settings.progress("lower facts", done, len(jobs))
                if why:
                    return proved, why
                proved += count
        return proved, None

    def _needed(self, bounds: Sequence[HeadBound]) -> Iterator[tuple[int, int, Weights, fmpq]]:
        """Feature, template, weights and bound of the facts used that say what a template raises."""
        if self._certified:
            for row in {row for b in bounds for row in b.rows if row.kind in ("lower", "joint")}:
                feature, template = row.features
                yield feature, template, row.weights, row.local
            return
        for fact in {fact for b in bounds for fact in b.used}:
            if isinstance(fact, JointFact):
                yield fact.feature, fact.template, fact.weights, fact.bound
            elif not isinstance(fact, UpperFact):
                _, feature, template, channel = fact
                yield feature, template, ((channel, 1),), self._tables.lower[feature, template][channel]


def _by_channel(results: Iterable[list[UpperResult]]) -> Uppers:
    return {found[0].job.channel: found for found in results if found}


def _lower_by_solver(shared: UpperShared, job: LowerJob) -> tuple[LowerJob, int, str]:
    return prove_lower(shared.instance, shared.solver, job, shared.timeout)

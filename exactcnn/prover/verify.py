"""The modular method: facts at one position, the pooling rule, the head - for all sizes at once (DESIGN section 4)."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Certificate, ClassReport, Example, Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.formats.statement import Execution
from exactcnn.network.model import Network
from exactcnn.prover.emit import NoCertificateError, Proved, TooMuchRoundingError, emit
from exactcnn.prover.head_bounds import HeadBound, HeadContext, best_bound, one_sided, pairwise
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import ChannelJob, LowerJob, Peak, UpperResult, channel_job, prove_channel, prove_lower
from exactcnn.prover.refute import Refuter
from exactcnn.prover.replay import Replay
from exactcnn.prover.tables import Tables
from exactcnn.prover.whole import least_lead
from exactcnn.prover.witness import ClassSearch, Search
from exactcnn.solvers.base import Solver
from exactcnn.solvers.limited import LimitedSolver
from exactcnn.solvers.pool import Deadline, OutOfTimeError, Workers
from exactcnn.task.configurations import count_configurations
from exactcnn.task.model import Task
from exactcnn.theorem.facts import PooledFacts, UpperFact
from exactcnn.theorem.formulas import NOTHING_KNOWN
from exactcnn.theorem.head import HeadStatement
from exactcnn.theorem.rounding import Rounding, rounding_of
from exactcnn.theorem.stem import Unsupported

__all__ = ["Progress", "Settings", "verify_modular"]

Progress = Callable[[str, int, int], None]
"""Called with a stage's name, how many of its steps are done, and how many there are."""


Confirm = Callable[[str, str], str | None]
"""Takes a statement and a certificate; says why they are rejected, or None."""

_LINES = 6
_UNCERTIFIED = "proved by z3, but no certificate was found"
# How many statements that failed are searched for wrong images, once one of them stayed open.
_SEARCHES = 8


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
        nothing is PROVED without a certificate; without it an SMT solver's word is the evidence.
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


def verify_modular(
    task: Task, network: Network, sizes: SizeRange, solver: Solver, settings: Settings | None = None
) -> Outcome:
    """Verifies an instance.

    Raises
    ------
    InputError: the network does not fit the task, or is not defined at every size of the range; or float32 execution
        was asked for, and a weight is no float32 number.
    """
    chosen = settings or Settings()
    started = time.monotonic()
    blank = Outcome(
        Verdict.UNKNOWN,
        task.name,
        sizes,
        "modular",
        tuple(c.name for c in task.classes),
        solvers=(solver.name,),
    )
    try:
        instance = Instance(task, network, sizes)
        rounding = None
        if chosen.float32 is not None:
            rounding = rounding_of(network, task.pixel, instance.pooling, chosen.float32.step)
    except Unsupported as unsupported:
        return replace(blank, reason=str(unsupported), seconds=time.monotonic() - started)
    deadline = Deadline(chosen.timeout)
    run = _Run(instance, LimitedSolver(solver, deadline), chosen, deadline, blank, rounding)
    try:
        outcome = run.outcome()
    except OutOfTimeError:
        outcome = run.so_far(Verdict.TIMEOUT, f"the time limit of {chosen.timeout:g} s was reached")
    return replace(outcome, seconds=time.monotonic() - started)


@dataclass
class _Run:
    """One verification: what is known so far."""

    instance: Instance
    solver: Solver
    settings: Settings
    deadline: Deadline
    blank: Outcome
    rounding: Rounding | None = None
    searches: list[ClassSearch] = field(default_factory=list)
    obligations: dict[str, int] = field(default_factory=lambda: {"upper": 0, "lower": 0, "head": 0})
    margins: list[fmpq | None] = field(default_factory=list)

    def outcome(self) -> Outcome:
        """The answer."""
        search = Search(self.instance, self.solver, self.deadline)
        wrong = self._witnesses(search)
        if wrong is not None:
            return self._refuted(wrong)
        tables = Tables(self.instance)
        with Workers((self.instance, self.solver, self.settings.query_timeout), self.settings.workers) as workers:
            uppers = self._uppers(tables, workers)
            facts = _pooled(self.instance, tables, uppers)
            bounds, failed = self._heads(facts, search)
            if failed:
                refuter = Refuter(search, tables, _peaks(uppers), self.solver, self.deadline)
                ended = self._beyond_facts(refuter, failed, uppers)
                if ended is not None:
                    return ended
            unconfirmed = self._lowers(tables, bounds, workers)
        if unconfirmed is not None:
            return self.so_far(Verdict.UNKNOWN, unconfirmed)
        answer = self._proved()
        if self.settings.confirm is None or answer.verdict is not Verdict.PROVED:
            return answer
        return self._certified(answer, tables, uppers, bounds)

    def _certified(
        self,
        answer: Outcome,
        tables: Tables,
        uppers: Mapping[int, list[UpperResult]],
        bounds: Sequence[HeadBound],
    ) -> Outcome:
        """The answer with a certificate that the checker accepts; UNKNOWN if none was found.

        Raises
        ------
        InternalError: the checker rejects the certificate.
        """
        self.settings.progress("certificate", 0, 1)
        if "whole image" in self.obligations:
            why: str = "some statements were decided on whole images"
            return self.so_far(Verdict.UNKNOWN, f"{_UNCERTIFIED}: {why}")
        pictures = [s.witness.picture for s in self.searches if s.witness is not None]
        try:
            emission = emit(
                Proved(self.instance, tables, uppers, bounds, pictures),
                self.settings.source_sha256,
                self.deadline,
                self.settings.workers,
                self.rounding,
            )
        except NoCertificateError as error:
            return self.so_far(Verdict.UNKNOWN, f"{_UNCERTIFIED}: {error}")
        except TooMuchRoundingError as error:
            return self.so_far(Verdict.UNKNOWN, f"right in exact arithmetic, but open for float32: {error}")
        rejected = self.settings.confirm(emission.statement, emission.certificate) if self.settings.confirm else None
        if rejected is not None:
            raise InternalError(f"the checker rejects the certificate: {rejected}")
        self.settings.progress("certificate", 1, 1)
        leads = [s.witness.lead(self.instance) for s in self.searches if s.witness is not None]
        return replace(
            answer,
            margin=emission.margin,
            margin_attained=min(leads) == emission.margin,
            evidence="certificate",
            certificate=Certificate(emission.statement, emission.certificate),
            float32=emission.float32,
        )

    def _beyond_facts(
        self,
        refuter: Refuter,
        failed: Sequence[tuple[HeadBound, int, int]],
        uppers: Mapping[int, list[UpperResult]],
    ) -> Outcome | None:
        """What became of the statements that the facts do not prove; None if all were proved on whole images."""
        unproved: Outcome | None = None
        for number, (bound, label, other) in enumerate(failed):
            if unproved is not None and number >= _SEARCHES:
                break
            self.settings.progress("searching a counterexample", number, len(failed))
            found = refuter.run(bound, label, other)
            if isinstance(found, Replay):
                return self._refuted(found)
            if found is None:
                # Another statement may still fail on an image that can be found.
                unproved = unproved or self._unproved(bound, uppers)
            elif unproved is None:
                self._proved_whole(found, label, other)
        return unproved

    def _proved_whole(self, sizes: Sequence[tuple[int, int]], label: int, other: int) -> None:
        """Counts what was proved about all images of these sizes, and finds the leads for the margin."""
        self.obligations["whole image"] = self.obligations.get("whole image", 0) + len(sizes)
        if not any(s.vacuous for s in self.searches):
            self.margins += [least_lead(self.instance, self.solver, self.deadline, s, label, other) for s in sizes]

    def so_far(self, verdict: Verdict, reason: str | None, unproved: str | None = None) -> Outcome:
        """An outcome with what is known of the classes; VACUOUS instead, if that was found."""
        reports = self._reports()
        empty = [r for r in reports if r.vacuous]
        if empty and verdict is not Verdict.REFUTED:
            verdict, unproved = Verdict.VACUOUS, None
            reason = "; ".join(f'class "{r.name}" has no admissible image: {r.vacuous}' for r in empty)
        return replace(
            self.blank, verdict=verdict, reason=reason, unproved=unproved, classes=reports, obligations=self.obligations
        )

    def _witnesses(self, search: Search) -> Replay | None:
        """Searches every class; an image that the network gets wrong ends it all."""
        classes = self.instance.task.classes
        for index in range(len(classes)):
            self.settings.progress("finding witnesses", index, len(classes))
            found = search.run(index)
            self.searches.append(found)
            if found.witness is not None and found.witness.lead(self.instance) <= 0:
                return found.witness
        self.settings.progress("finding witnesses", len(classes), len(classes))
        return None

    def _uppers(self, tables: Tables, workers: Workers[tuple[Instance, Solver, float]]) -> dict[int, list[UpperResult]]:
        proposed = [channel_job(tables, k) for k in range(self.instance.stem.out_channels)]
        jobs = [job for job in proposed if job is not None]
        results: dict[int, list[UpperResult]] = {}
        for done, found in enumerate(workers.run(_channel, jobs, self.deadline)):
            self.settings.progress("upper facts", done, len(jobs))
            for result in found:
                results.setdefault(result.job.channel, []).append(result)
                self.obligations["upper"] += result.obligations
        return results

    def _heads(self, facts: PooledFacts, search: Search) -> tuple[list[HeadBound], list[tuple[HeadBound, int, int]]]:
        """The bounds that prove the margin, and those statements (with label and other class) that failed."""
        task = self.instance.task
        empty = {s.index for s in self.searches if s.vacuous}
        labels = [y for y in range(len(task.classes)) if y not in empty]
        context = HeadContext(self.instance, facts, NOTHING_KNOWN, self.solver)
        with Workers(context, self.settings.workers) as workers:
            rights = self._bounds(workers, [one_sided(y, holds=True) for y in labels])
            wrongs = self._bounds(workers, [one_sided(z, holds=False) for z in range(len(task.classes))])
        for y, right in zip(labels, rights, strict=True):
            if right.impossible and any(s.index == y and s.witness for s in self.searches):
                raise InternalError(f'class "{task.classes[y].name}" was proved empty, but has a witness')
        used = [b for b in (*rights, *wrongs) if b.value is not None or b.impossible]
        left, self.margins = [], []
        for y, right in zip(labels, rights, strict=True):
            for z, wrong in enumerate(wrongs):
                if y != z and not _leads(right, wrong):
                    left.append((y, z))
                elif y != z and right.value is not None and wrong.value is not None:
                    self.margins.append(right.value + wrong.value)
        if not left:
            return used, []
        pairs, failed = self._pairs(context, search, left)
        return used + pairs, failed

    def _pairs(
        self, context: HeadContext, search: Search, left: Sequence[tuple[int, int]]
    ) -> tuple[list[HeadBound], list[tuple[HeadBound, int, int]]]:
        """Statements about pairs of classes, with all that is known of the label's images."""
        task = self.instance.task
        otherwise = [c.otherwise for c in task.classes]
        proved, failed = [], []
        with Workers(replace(context, known=search.known), self.settings.workers) as workers:
            bounds = self._bounds(workers, [pairwise(y, z, otherwise) for y, z in left])
        for bound, (y, z) in zip(bounds, left, strict=True):
            if bound.impossible or (bound.value is not None and bound.value > 0):
                proved.append(bound)
                if bound.value is not None:
                    self.margins.append(bound.value)
            else:
                failed.append((bound, y, z))
        return proved, failed

    def _bounds(self, workers: Workers[HeadContext], statements: list[HeadStatement]) -> list[HeadBound]:
        jobs = [(statement, self.settings.query_timeout) for statement in statements]
        found = []
        for done, bound in enumerate(workers.run(best_bound, jobs, self.deadline)):
            self.settings.progress("head", done, len(jobs))
            self.obligations["head"] += bound.obligations
            found.append(bound)
        return found

    def _lowers(
        self, tables: Tables, bounds: Sequence[HeadBound], workers: Workers[tuple[Instance, Solver, float]]
    ) -> str | None:
        """Confirms the lower facts that the head's proofs use; says why if one cannot be."""
        needed = sorted({fact for b in bounds for fact in b.used if not isinstance(fact, UpperFact)})
        jobs = []
        for _, feature, template, channel in needed:
            bound = tables.lower[feature, template][channel]
            sights = tables.sights(feature, template, channel, bound)
            if sights is None:
                return f"no position is known to see every window of feature {feature} with S_{channel} >= {bound}"
            jobs.append(LowerJob(feature, template, channel, bound, tuple(sights)))
        for done, (_, count, why) in enumerate(workers.run(_lower, jobs, self.deadline)):
            self.settings.progress("lower facts", done, len(jobs))
            if why:
                return why
            self.obligations["lower"] += count
        return None

    def _proved(self) -> Outcome:
        open_classes = [
            self.instance.task.classes[s.index].name for s in self.searches if s.witness is None and s.vacuous is None
        ]
        if open_classes:
            names = ", ".join(f'"{n}"' for n in open_classes)
            return self.so_far(
                Verdict.UNKNOWN, f"the network is right, but no witness image and no reason against one: {names}"
            )
        answer = self.so_far(Verdict.PROVED, None)
        if answer.verdict is not Verdict.PROVED:
            return answer
        # A statement proved on whole images may lack a bound: the lead is positive, but by how much is not known.
        known = [m for m in self.margins if m is not None]
        margin = min(known) if known and len(known) == len(self.margins) else None
        leads = [s.witness.lead(self.instance) for s in self.searches if s.witness is not None]
        if margin is not None and min(leads) < margin:
            raise InternalError(f"a margin of {margin} was proved, but a witness leads by {min(leads)} only")
        return replace(
            answer,
            margin=margin,
            margin_attained=min(leads) == margin,
            configurations=count_configurations(self.instance.task),
            evidence="smt",
        )

    def _refuted(self, wrong: Replay) -> Outcome:
        return replace(
            self.so_far(Verdict.REFUTED, None), evidence="replay", counterexample=wrong.example(self.instance)
        )

    def _unproved(self, failed: HeadBound, uppers: Mapping[int, list[UpperResult]]) -> Outcome:
        """UNKNOWN, with the statement that failed and the facts that would have been needed."""
        task = self.instance.task
        if failed.value is None:
            lines = [f"no bound at all was found for: {failed.statement.describe(task, fmpq(0))}"]
        else:
            lines = [f"the best that the facts give is {failed.statement.describe(task, failed.value)}"]
        field: ExactTensor | None = None
        channels = failed.sequent.channels if failed.sequent is not None else {}
        for result in (r for k in sorted(channels) for r in uppers.get(k, [])):
            if result.bound != result.job.target:
                absent = ", ".join(f'"{task.features[f].name}"' for f in sorted(result.job.features)) or "nothing"
                most = "no bound" if result.bound is None else f"at most {result.bound}"
                lines.append(f"channel {result.job.channel}, avoiding {absent}: {most}, wanted {result.job.target}")
                if field is None and result.peak is not None:
                    field = _field(self.instance, result.peak)
        unknown = self.so_far(
            Verdict.UNKNOWN, "the facts do not prove it, and no wrong image was found", "; ".join(lines[:_LINES])
        )
        return replace(unknown, unproved_field=field) if unknown.verdict is Verdict.UNKNOWN else unknown

    def _reports(self) -> tuple[ClassReport, ...]:
        reports = []
        for index, task_class in enumerate(self.instance.task.classes):
            found = self.searches[index] if index < len(self.searches) else ClassSearch(index)
            witness: Example | None = found.witness.example(self.instance) if found.witness else None
            reports.append(ClassReport(task_class.name, witness, found.vacuous))
        return tuple(reports)


def _field(instance: Instance, peak: Peak) -> ExactTensor:
    """The field at a peak; pixels that do not matter are at the pixel range's low end."""
    stem = instance.stem
    values = np.full((stem.in_channels, stem.rows.field, stem.columns.field), instance.task.pixel.low, dtype=object)
    for pixel, value in peak.pixels.items():
        values[pixel] = value
    return ExactTensor.from_rationals(values, shape=values.shape)


def _leads(right: HeadBound, wrong: HeadBound) -> bool:
    """Whether the two one-sided bounds settle the pair: a_y - b_z > 0, or one of the premises is impossible."""
    if right.impossible or wrong.impossible:
        return True
    return right.value is not None and wrong.value is not None and right.value + wrong.value > 0


def _channel(context: tuple[Instance, Solver, float], job: ChannelJob) -> list[UpperResult]:
    instance, solver, timeout = context
    return prove_channel(instance, solver, job, timeout)


def _lower(context: tuple[Instance, Solver, float], job: LowerJob) -> tuple[LowerJob, int, str]:
    instance, solver, timeout = context
    return prove_lower(instance, solver, job, timeout)


def _peaks(uppers: Mapping[int, list[UpperResult]]) -> dict[int, list[UpperResult]]:
    return {channel: [r for r in results if r.peak is not None] for channel, results in uppers.items()}


def _pooled(instance: Instance, tables: Tables, uppers: Mapping[int, list[UpperResult]]) -> PooledFacts:
    """The pooling rule applied to all local facts."""
    pooling = instance.pooling
    lows, highs = tables.everywhere.low.rationals(), tables.everywhere.high.rationals()
    base = tuple(pooling.base(pair) for pair in zip(lows, highs, strict=True))
    lower: dict[tuple[int, int], dict[int, fmpq]] = {}
    for key, known in tables.lower.items():
        for channel, bound in known.items():
            pooled = pooling.at_least(lows[channel], bound)
            floor = base[channel][0]
            if pooled is not None and (floor is None or pooled > floor):
                lower.setdefault(key, {})[channel] = pooled
    upper: dict[int, tuple[UpperFact, ...]] = {}
    for channel, results in uppers.items():
        facts = []
        for result in results:
            most = pooling.at_most(result.bound) if result.bound is not None else None
            if most is not None:
                facts.append(UpperFact(result.job.features, channel, most))
        upper[channel] = tuple(facts)
    return PooledFacts(base, lower, upper)

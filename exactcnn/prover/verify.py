"""The modular method: facts at one position, the pooling rule, the head - for all sizes (THEOREM.md, section 3)."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Certificate, ClassReport, Example, Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Network
from exactcnn.prover.attack_sums import added_up
from exactcnn.prover.counterexample import attacked, attacked_at, facts_hopeless, made_plain
from exactcnn.prover.emit import NoCertificateError, TooMuchRoundingError, emit
from exactcnn.prover.fact_book import FactBook, in_order
from exactcnn.prover.head_bounds import HeadBound
from exactcnn.prover.head_stage import Heads, HeadStage
from exactcnn.prover.instance import Instance
from exactcnn.prover.joint import joint_facts
from exactcnn.prover.limits import beyond_the_checker
from exactcnn.prover.local_facts import Peak, UpperResult
from exactcnn.prover.local_stage import LocalStage, Uppers
from exactcnn.prover.refute import Refuter
from exactcnn.prover.replay import Replay
from exactcnn.prover.settings import Effort, Progress, Settings
from exactcnn.prover.tables import Tables
from exactcnn.prover.whole import least_lead
from exactcnn.prover.witness import ClassSearch, Search
from exactcnn.solvers.base import Solver
from exactcnn.solvers.limited import LimitedSolver
from exactcnn.solvers.pool import Deadline, OutOfTimeError, Workers
from exactcnn.task.configurations import count_configurations
from exactcnn.task.model import Task
from exactcnn.theorem.rounding import Rounding, rounding_of
from exactcnn.theorem.stem import Unsupported

__all__ = ["Progress", "Settings", "verify_modular"]

_LINES = 6
_UNCERTIFIED = "proved by z3, but no certificate was found"
# How many statements that failed are searched for wrong images, once one of them stayed open.
_SEARCHES = 8
# Images of near misses with more pixels than this are shown as they were found.
_SHOWN_PLAIN = 1024
# Seconds for one question and for one proof, where they can make the margin greater and no more than that; and for all
# of it, if the proof that there is did not take longer.
_SOON = 2.0
_IMPROVING = 6.0


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
    blank = Outcome(Verdict.UNKNOWN, task.name, sizes, "modular", tuple(c.name for c in task.classes))
    try:
        instance = Instance(task, network, sizes)
        rounding = None
        if chosen.float32 is not None:
            rounding = rounding_of(network, task.pixel, instance.pooling, chosen.float32.step)
    except Unsupported as unsupported:
        outcome = _without_a_method(replace(blank, reason=str(unsupported)), task, network, chosen)
        return replace(outcome, seconds=time.monotonic() - started)
    deadline = Deadline(chosen.timeout)
    run = _Run(instance, LimitedSolver(solver, deadline), chosen, deadline, blank, rounding)
    try:
        outcome = run.outcome()
    except OutOfTimeError:
        outcome = run.so_far(Verdict.TIMEOUT, f"the time limit of {chosen.timeout:g} s was reached")
    return replace(outcome, seconds=time.monotonic() - started)


def _without_a_method(unknown: Outcome, task: Task, network: Network, settings: Settings) -> Outcome:
    """What an attack says of a network that there is no rule for, at one size: REFUTED, or what was known before.

    Raises
    ------
    InputError: the network is not defined at this size.
    """
    sizes, wrong = unknown.sizes, None
    unknown = replace(unknown, classes=tuple(ClassReport(c.name) for c in task.classes))
    if sizes.is_fixed:
        size, deadline = (sizes.min_height, sizes.min_width), Deadline(settings.timeout)
        with contextlib.suppress(OutOfTimeError):
            wrong = attacked_at(task, network, size, deadline, settings.progress)
    if wrong is None:
        return unknown
    return replace(unknown, verdict=Verdict.REFUTED, reason=None, evidence="replay", counterexample=wrong)


@dataclass
class _Run:
    """One verification: what is known so far."""

    instance: Instance
    solver: LimitedSolver
    settings: Settings
    deadline: Deadline
    blank: Outcome
    rounding: Rounding | None = None
    asked: bool = False
    searches: list[ClassSearch] = field(default_factory=list)
    obligations: dict[str, int] = field(default_factory=lambda: {"upper": 0, "lower": 0, "head": 0})
    started: float = field(default_factory=time.monotonic)

    def outcome(self) -> Outcome:
        """The answer."""
        search = Search(self.instance, self.solver, self.deadline)
        wrong = self._witnesses(search)
        if wrong is not None:
            return self._refuted(wrong)
        foreign = facts_hopeless(self.instance)
        wrong = attacked(self.instance, self.deadline, self.settings.progress) if foreign else None
        if wrong is not None:
            return self._refuted(wrong, plain=True)
        certified = self.settings.confirm is not None
        too_large = beyond_the_checker(self.instance) if certified else None
        if too_large is not None:
            return self.so_far(Verdict.UNKNOWN, too_large)
        tables = Tables(self.instance, self.deadline)
        local = LocalStage(self.instance, tables, self.solver, self.settings, self.deadline, certified=certified)
        head = HeadStage(search, self.searches, self.solver, self.settings, self.deadline, certified=certified)
        book = FactBook(self.instance, tables, local.uppers())
        heads = head.at_once(book) if certified else None
        if heads is None:
            wrong = self._added_up(search, book)
            if wrong is not None:
                return self._refuted(wrong, plain=wrong.picture.height * wrong.picture.width > _SHOWN_PLAIN)
            book = book if local.complete else book.changed(uppers=local.decided())
            heads = head.run(book)
            book, heads = self._jointly(head, book, heads)
        elif all(s.witness for s in self.searches) and not head.enough(heads):
            book, heads = self._improved(local, head, book, heads)
        self._count(book, heads)
        if heads.failed:
            refuter = Refuter(search, tables, _peaks(book.uppers), self.solver, self.deadline)
            ended = self._beyond_facts(refuter, heads, book.uppers)
            if ended is not None and ended.verdict is not Verdict.REFUTED and not foreign:
                wrong = attacked(self.instance, self.deadline, self.settings.progress)
                ended = ended if wrong is None else self._refuted(wrong, plain=True)
            if ended is not None:
                return ended
        self.obligations["lower"], unconfirmed = local.lowers(heads.proved)
        if unconfirmed is not None:
            return self.so_far(Verdict.UNKNOWN, unconfirmed)
        answer = self._proved(heads)
        if not certified or answer.verdict is not Verdict.PROVED:
            return answer
        if "whole image" in self.obligations:
            return self.so_far(Verdict.UNKNOWN, f"{_UNCERTIFIED}: some statements were decided on whole images")
        found = self._with_proofs(local, head, book, heads)
        return found if isinstance(found, Outcome) else self._certified(answer, *found)

    def _added_up(self, search: Search, book: FactBook) -> Replay | None:
        """An image full of near misses that the network gets wrong, where facts fall short of their targets."""
        results = [result for listed in book.uppers.values() for result in listed]
        return added_up(search, book.tables, self.searches, results, self.deadline, self.settings.progress)

    def _jointly(self, head: HeadStage, book: FactBook, heads: Heads) -> tuple[FactBook, Heads]:
        """Facts about several channels at once, where those about one leave something open; and what they give."""
        failed = [heads.pairs[pair].statement for pair in heads.failed]
        joints = joint_facts(book, failed)
        if not joints:
            return book, heads
        more = book.changed(joints=joints)
        found = head.run(more)
        return (more, found) if len(found.failed) < len(heads.failed) else (book, heads)

    def _count(self, book: FactBook, heads: Heads) -> None:
        """Takes note of what was proved, and by whom: bounds without a proof are a solver's."""
        results = [result for listed in book.uppers.values() for result in listed]
        self.asked |= any(r.proofs is None for r in results) or any(b.asked for b in heads.bounds)
        self.obligations["upper"] = sum(r.obligations for r in results)
        self.obligations["head"] = heads.obligations

    def _improved(self, local: LocalStage, head: HeadStage, book: FactBook, heads: Heads) -> tuple[FactBook, Heads]:
        """Facts and bounds with a greater margin, where a solver finds them soon; else those that there are.

        It is not asked where it could not look at all channels: networks that were rounded or moved a little have
        many bounds near their targets, and the margin would hardly be greater.
        """
        spent = max(_IMPROVING, time.monotonic() - self.started)
        if local.shortest > _IMPROVING:
            return book, heads
        left = self.deadline.remaining()
        effort = Effort(_SOON, _SOON, Deadline(spent if left is None else min(spent, left / 2)))
        self.asked = True
        try:
            more = book if local.complete else book.changed(uppers=local.decided(effort))
            found = self._with_proofs(local, head, more, head.run(more, effort), effort)
        except OutOfTimeError:
            self.deadline.remaining()
            return book, heads
        if isinstance(found, Outcome):
            return book, heads
        before, after = heads.margin, found[1].margin
        return found if before is not None and after is not None and after >= before else (book, heads)

    def _with_proofs(
        self, local: LocalStage, head: HeadStage, book: FactBook, heads: Heads, effort: Effort | None = None
    ) -> tuple[FactBook, Heads] | Outcome:
        """Facts with proofs, and what they give the head: where a solver's bound has none, a weaker one may do."""
        while True:
            rows = in_order(row for b in heads.bounds for row in b.rows)
            results = [result for row in rows if (result := book.result(row)) is not None]
            uppers, weaker = local.with_proofs(book.uppers, results, effort)
            book = book.changed(uppers=uppers)
            if not weaker:
                return book, heads
            heads = head.run(book, effort)
            self.asked |= any(b.asked for b in heads.bounds)
            if heads.failed:
                lost = weaker[0]
                avoided = ", ".join(f'"{self.instance.task.features[f].name}"' for f in sorted(lost.job.features))
                what = f"S_{lost.job.channel} <= {lost.bound} on images that avoid {avoided or 'nothing'}"
                return self.so_far(Verdict.UNKNOWN, f"{_UNCERTIFIED}: no proof was found for {what}")

    def _certified(self, answer: Outcome, book: FactBook, heads: Heads) -> Outcome:
        """The answer with a certificate that the checker accepts; UNKNOWN if there is none.

        Raises
        ------
        InternalError: the checker rejects the certificate.
        """
        self.settings.progress("certificate", 0, 1)
        pictures = [s.witness.picture for s in self.searches if s.witness is not None]
        try:
            source, workers = self.settings.source_sha256, self.settings.workers
            emission = emit(book, heads, pictures, source, self.deadline, workers, self.rounding)
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

    def _beyond_facts(self, refuter: Refuter, heads: Heads, uppers: Uppers) -> Outcome | None:
        """What became of the statements that the facts do not prove; None if all were proved on whole images."""
        unproved: Outcome | None = None
        for number, (label, other) in enumerate(heads.failed):
            if unproved is not None and number >= _SEARCHES:
                break
            self.settings.progress("searching a counterexample", number, len(heads.failed))
            bound = heads.pairs[label, other]
            found = refuter.run(bound, label, other)
            if isinstance(found, Replay):
                return self._refuted(found)
            if found is None:
                # Another statement may still fail on an image that can be found.
                unproved = unproved or self._unproved(bound, uppers)
            elif unproved is None:
                self._proved_whole(heads, found, label, other)
        return unproved

    def _proved_whole(self, heads: Heads, sizes: Sequence[tuple[int, int]], label: int, other: int) -> None:
        """Counts what was proved about all images of these sizes, and finds the leads for the margin."""
        self.obligations["whole image"] = self.obligations.get("whole image", 0) + len(sizes)
        if not any(s.vacuous for s in self.searches):
            heads.leads += [least_lead(self.instance, self.solver, self.deadline, s, label, other) for s in sizes]

    def so_far(self, verdict: Verdict, reason: str | None, unproved: str | None = None) -> Outcome:
        """An outcome with what is known of the classes; VACUOUS instead, if that was found."""
        reports = self._reports()
        empty = [r for r in reports if r.vacuous]
        if empty and verdict is not Verdict.REFUTED:
            verdict, unproved = Verdict.VACUOUS, None
            reason = "; ".join(f'class "{r.name}" has no admissible image: {r.vacuous}' for r in empty)
        return replace(
            self.blank,
            verdict=verdict,
            reason=reason,
            unproved=unproved,
            classes=reports,
            obligations=self.obligations,
            solvers=(self.solver.name,) if self.asked or self.solver.asked else (),
        )

    def _witnesses(self, search: Search) -> Replay | None:
        """Searches every class; an image that the network gets wrong ends it all."""
        classes = range(len(self.instance.task.classes))
        with Workers((search, self.solver), self.settings.workers) as workers:
            for index, (found, asked) in enumerate(workers.run(_search, classes, self.deadline)):
                self.settings.progress("finding witnesses", index, len(classes))
                self.searches.append(found)
                self.asked |= asked
                if found.witness is not None and found.witness.lead(self.instance) <= 0:
                    return found.witness
        self.settings.progress("finding witnesses", len(classes), len(classes))
        return None

    def _proved(self, heads: Heads) -> Outcome:
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
        known = [lead for lead in heads.leads if lead is not None]
        margin = min(known) if known and len(known) == len(heads.leads) else None
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

    def _refuted(self, wrong: Replay, *, plain: bool = False) -> Outcome:
        shown = wrong if plain else made_plain(self.instance, wrong, self.deadline)
        blank = self.so_far(Verdict.REFUTED, None)
        return replace(blank, evidence="replay", counterexample=shown.example(self.instance))

    def _unproved(self, failed: HeadBound, uppers: Uppers) -> Outcome:
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


def _search(context: tuple[Search, LimitedSolver], index: int) -> tuple[ClassSearch, bool]:
    """What the search found for a class, and whether the solver was asked.

    Of the features in the witness's decision only those that it contains are kept.
    """
    search, solver = context
    found = search.run(index)
    if found.witness is not None:
        found = replace(found, witness=found.witness.shortened())
    return found, solver.asked


def _peaks(uppers: Uppers) -> dict[int, list[UpperResult]]:
    return {channel: [r for r in results if r.peak is not None] for channel, results in uppers.items()}

"""The modular method: facts at one position, the pooling rule, the head - for all sizes (THEOREM.md, section 3)."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Certificate, Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Network, ReLU
from exactcnn.prover.attack_sums import added_up
from exactcnn.prover.counterexample import attacked, facts_hopeless, made_plain, without_a_method
from exactcnn.prover.emit import NoCertificateError, TooMuchRoundingError, emit
from exactcnn.prover.fact_book import FactBook, in_order
from exactcnn.prover.findings import Findings, Stage
from exactcnn.prover.head_stage import Heads, HeadStage
from exactcnn.prover.instance import Instance
from exactcnn.prover.joint import joint_facts
from exactcnn.prover.limits import beyond_the_checker
from exactcnn.prover.local_facts import UpperResult
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
from exactcnn.task.model import Task
from exactcnn.theorem.rounding import Rounding, rounding_of
from exactcnn.theorem.stem import Unsupported

__all__ = ["Progress", "Settings", "verify_modular"]

_UNCERTIFIED = "proved by z3, but no certificate was found"
# How many statements that failed are searched for wrong images, once one of them stayed open.
_SEARCHES = 8
# Images of near misses with more pixels than this are shown as they were found.
_SHOWN_PLAIN = 1024
# Seconds for one question and for one proof, where they can make the margin greater and no more than that; and for all
# of it, if the proof that there is did not take longer.
_SOON = 2.0
_IMPROVING = 6.0
# The part of the time left that an attack may take before a solver is asked, where time is limited.
_ATTACK = 1 / 4
# Stems of so many ReLU layers are attacked before facts about them are sought: those take minutes, an attack seconds.
_DEEP = 4


def verify_modular(
    task: Task, network: Network, sizes: SizeRange, solver: Solver, settings: Settings | None = None
) -> Outcome:
    """Verifies an instance.

    Raises
    ------
    InputError: the network does not fit the task, or is not defined at every size of the range; or float32 execution
        was asked for, and a weight is no float32 number.
    """
    given = settings or Settings()
    stage = Stage(given.progress)
    chosen = replace(given, progress=stage)
    started = time.monotonic()
    deadline = Deadline(chosen.timeout)
    blank = Outcome(Verdict.UNKNOWN, task.name, sizes, "modular", tuple(c.name for c in task.classes))
    try:
        instance = Instance(task, network, sizes)
    except Unsupported as unsupported:
        outcome = without_a_method(replace(blank, reason=str(unsupported)), task, network, deadline, stage)
        return replace(outcome, seconds=time.monotonic() - started)
    rounding, hopeless = _beforehand(instance, chosen)
    limited = LimitedSolver(solver, deadline)
    run = _Run(instance, limited, chosen, deadline, Findings(instance, limited, blank), rounding, hopeless)
    try:
        outcome = run.outcome()
    except OutOfTimeError:
        outcome = run.findings.timed_out(chosen.timeout, stage)
    return replace(outcome, seconds=time.monotonic() - started)


def _beforehand(instance: Instance, settings: Settings) -> tuple[Rounding | None, str | None]:
    """A bound of float32's rounding, if that is asked for; and why the instance cannot be PROVED, if that is known."""
    rounding = None
    if settings.float32 is not None:
        try:
            step = settings.float32.step
            rounding = rounding_of(instance.network, instance.task.pixel, instance.pooling, step)
        except Unsupported as unsupported:
            return None, str(unsupported)
    return rounding, None if settings.confirm is None else beyond_the_checker(instance)


@dataclass
class _Run:
    """One verification.

    Attributes
    ----------
    hopeless: why the instance cannot be PROVED, where that is known beforehand: it may still be REFUTED.
    """

    instance: Instance
    solver: LimitedSolver
    settings: Settings
    deadline: Deadline
    findings: Findings
    rounding: Rounding | None = None
    hopeless: str | None = None
    attacked: bool = False
    summed: bool = False
    started: float = field(default_factory=time.monotonic)

    def outcome(self) -> Outcome:
        """The answer."""
        certified, findings = self.settings.confirm is not None, self.findings
        search = Search(self.instance, self.solver, self.deadline)
        wrong = self._witnesses(search)
        if wrong is not None:
            return self._refuted(wrong)
        if self.hopeless is not None or facts_hopeless(self.instance):
            wrong = self._attacked(self.deadline)
            if wrong is not None:
                return findings.refuted(wrong)
        if self.hopeless is not None:
            return findings.unknown(self.hopeless)
        if sum(isinstance(layer, ReLU) for layer in self.instance.stem.layers) >= _DEEP:
            wrong = self._soon_attacked()
            if wrong is not None:
                return findings.refuted(wrong)
        tables = Tables(self.instance, self.deadline)
        local = LocalStage(self.instance, tables, self.solver, self.settings, self.deadline, certified=certified)
        head = HeadStage(search, findings.searches, self.solver, self.settings, self.deadline, certified=certified)
        refuted = self._added_up(search, tables, local.doubtful())
        if refuted is not None:
            return refuted
        book = FactBook(self.instance, tables, local.uppers())
        findings.count(book.uppers)
        heads = head.at_once(book) if certified else None
        if heads is None:
            refuted = self._soon_refuted(search, book)
            if refuted is not None:
                return refuted
            book = book if local.complete else book.changed(uppers=local.decided())
            heads = head.run(book)
            findings.count(book.uppers, heads)
            book, heads = self._jointly(head, book, heads)
        elif findings.complete and not head.enough(heads):
            book, heads = self._improved(local, head, book, heads)
        findings.count(book.uppers, heads)
        ended = self._beyond_facts(search, tables, heads, book.uppers) if heads.failed else None
        return ended or self._concluded(local, head, book, heads)

    def _concluded(self, local: LocalStage, head: HeadStage, book: FactBook, heads: Heads) -> Outcome:
        """The answer where every statement about the head was proved: PROVED, but for what a certificate lacks."""
        findings = self.findings
        findings.obligations["lower"], unconfirmed = local.lowers(heads.proved)
        if unconfirmed is not None:
            return findings.unknown(unconfirmed)
        answer = findings.proved(heads)
        if self.settings.confirm is None or answer.verdict is not Verdict.PROVED:
            return answer
        if "whole image" in findings.obligations:
            return findings.unknown(f"{_UNCERTIFIED}: some statements were decided on whole images")
        found = self._with_proofs(local, head, book, heads)
        return found if isinstance(found, Outcome) else self._certified(answer, *found)

    # -- images that the network gets wrong -------------------------------------------------------------------------

    def _witnesses(self, search: Search) -> Replay | None:
        """Searches every class; an image that the network gets wrong ends it all.

        Plain images of all classes come first, so that none has to wait for what only a solver can tell of another.
        """
        classes = range(len(self.instance.task.classes))
        searches = self.findings.searches
        with Workers((search, self.solver), self.settings.workers) as workers:
            for index, (found, _) in enumerate(workers.run(_plain, classes, self.deadline)):
                self.settings.progress("finding witnesses", index, len(classes))
                searches.append(found)
                if found.witness is not None and found.witness.lead(self.instance) <= 0:
                    return found.witness
            left = [found.index for found in searches if found.witness is None]
            for done, (found, asked) in enumerate(workers.run(_thorough, left, self.deadline)):
                self.settings.progress("finding witnesses", len(classes) - len(left) + done, len(classes))
                searches[found.index] = found
                self.findings.asked |= asked
                if found.witness is not None and found.witness.lead(self.instance) <= 0:
                    return found.witness
        self.settings.progress("finding witnesses", len(classes), len(classes))
        return None

    def _attacked(self, deadline: Deadline) -> Replay | None:
        """What an attack finds; it is tried once."""
        if self.attacked:
            return None
        self.attacked = True
        return attacked(self.instance, deadline, self.settings.progress)

    def _soon_refuted(self, search: Search, book: FactBook) -> Outcome | None:
        """REFUTED, if a wrong image is found without asking the solver: where time is limited, it may take it all."""
        refuted = self._added_up(search, book.tables, [r for listed in book.uppers.values() for r in listed])
        if refuted is not None:
            return refuted
        # Without a limit there is time for it after the solver.
        wrong = None if self.deadline.remaining() is None else self._soon_attacked()
        return None if wrong is None else self.findings.refuted(wrong)

    def _soon_attacked(self) -> Replay | None:
        """What an attack finds; in a share of the time, where time is limited."""
        left = self.deadline.remaining()
        try:
            return self._attacked(self.deadline if left is None else Deadline(_ATTACK * left))
        except OutOfTimeError:
            # What it may still find, it finds later if there is time.
            self.attacked = False
            return None

    def _added_up(self, search: Search, tables: Tables, results: Sequence[UpperResult]) -> Outcome | None:
        """REFUTED, if near misses of these facts make a wrong image together; it is tried once."""
        if self.summed or not results:
            return None
        self.summed = True
        wrong = added_up(search, tables, self.findings.searches, results, self.deadline, self.settings.progress)
        if wrong is None:
            return None
        return self._refuted(wrong, plain=wrong.picture.height * wrong.picture.width > _SHOWN_PLAIN)

    def _beyond_facts(self, search: Search, tables: Tables, heads: Heads, uppers: Uppers) -> Outcome | None:
        """What became of the statements that the facts do not prove; None if all were proved on whole images."""
        refuter = Refuter(search, tables, _peaks(uppers), self.solver, self.deadline)
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
                unproved = unproved or self.findings.unproved(bound, uppers)
            elif unproved is None:
                self._proved_whole(heads, found, label, other)
        wrong = None if unproved is None else self._attacked(self.deadline)
        return unproved if wrong is None else self.findings.refuted(wrong)

    def _proved_whole(self, heads: Heads, sizes: Sequence[tuple[int, int]], label: int, other: int) -> None:
        """Counts what was proved about all images of these sizes, and finds the leads for the margin."""
        obligations = self.findings.obligations
        obligations["whole image"] = obligations.get("whole image", 0) + len(sizes)
        if not self.findings.empty:
            heads.leads += [least_lead(self.instance, self.solver, self.deadline, s, label, other) for s in sizes]

    def _refuted(self, wrong: Replay, *, plain: bool = False) -> Outcome:
        return self.findings.refuted(wrong if plain else made_plain(self.instance, wrong, self.deadline))

    # -- proofs -----------------------------------------------------------------------------------------------------

    def _jointly(self, head: HeadStage, book: FactBook, heads: Heads) -> tuple[FactBook, Heads]:
        """Facts about several channels at once, where those about one leave something open; and what they give."""
        failed = [heads.pairs[pair].statement for pair in heads.failed]
        joints = joint_facts(book, failed)
        if not joints:
            return book, heads
        more = book.changed(joints=joints)
        found = head.run(more)
        return (more, found) if len(found.failed) < len(heads.failed) else (book, heads)

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
        self.findings.asked = True
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
            self.findings.asked |= any(b.asked for b in heads.bounds)
            if heads.failed:
                lost = weaker[0]
                avoided = ", ".join(f'"{self.instance.task.features[f].name}"' for f in sorted(lost.job.features))
                what = f"S_{lost.job.channel} <= {lost.bound} on images that avoid {avoided or 'nothing'}"
                return self.findings.unknown(f"{_UNCERTIFIED}: no proof was found for {what}")

    def _certified(self, answer: Outcome, book: FactBook, heads: Heads) -> Outcome:
        """The answer with a certificate that the checker accepts; UNKNOWN if there is none.

        Raises
        ------
        InternalError: the checker rejects the certificate.
        """
        self.settings.progress("certificate", 0, 1)
        witnesses = self.findings.witnesses
        try:
            source, workers = self.settings.source_sha256, self.settings.workers
            pictures = [witness.picture for witness in witnesses]
            emission = emit(book, heads, pictures, source, self.deadline, workers, self.rounding)
        except NoCertificateError as error:
            return self.findings.unknown(f"{_UNCERTIFIED}: {error}")
        except TooMuchRoundingError as error:
            return self.findings.unknown(f"right in exact arithmetic, but open for float32: {error}")
        rejected = self.settings.confirm(emission.statement, emission.certificate) if self.settings.confirm else None
        if rejected is not None:
            raise InternalError(f"the checker rejects the certificate: {rejected}")
        self.settings.progress("certificate", 1, 1)
        return replace(
            answer,
            margin=emission.margin,
            margin_attained=min(w.lead(self.instance) for w in witnesses) == emission.margin,
            evidence="certificate",
            certificate=Certificate(emission.statement, emission.certificate),
            float32=emission.float32,
        )


def _plain(context: tuple[Search, LimitedSolver], index: int) -> tuple[ClassSearch, bool]:
    return _searched(context, context[0].plain(index))


def _thorough(context: tuple[Search, LimitedSolver], index: int) -> tuple[ClassSearch, bool]:
    return _searched(context, context[0].thorough(index))


def _searched(context: tuple[Search, LimitedSolver], found: ClassSearch) -> tuple[ClassSearch, bool]:
    """What a search found for a class, and whether the solver was asked.

    Of the features in the witness's decision only those that it contains are kept.
    """
    if found.witness is not None:
        found = replace(found, witness=found.witness.shortened())
    return found, context[1].asked


def _peaks(uppers: Uppers) -> dict[int, list[UpperResult]]:
    return {channel: [r for r in results if r.peak is not None] for channel, results in uppers.items()}

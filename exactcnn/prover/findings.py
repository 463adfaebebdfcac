"""What one verification found so far, and the outcome that it makes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import ClassReport, Example, Outcome
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.prover.head_bounds import HeadBound
from exactcnn.prover.head_stage import Heads
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import Peak
from exactcnn.prover.local_stage import Uppers
from exactcnn.prover.replay import Replay
from exactcnn.prover.settings import Progress
from exactcnn.prover.witness import ClassSearch
from exactcnn.solvers.limited import LimitedSolver
from exactcnn.task.configurations import count_configurations

__all__ = ["Findings", "Stage"]

_LINES = 6
# What may help where the facts do not tell: images of so few pixels are decided whole (`prover.whole`).
_SMALL, _PIXELS = 8, 64


@dataclass
class Stage:
    """The stage that a verification has reached: takes note of it, and passes it on."""

    progress: Progress
    name: str = "reading the network"
    done: int = 0
    total: int = 0

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Says that `done` of the stage's `total` steps are done."""
        self.name, self.done, self.total = stage, done, total
        self.progress(stage, done, total)

    def __str__(self) -> str:
        if self.total and self.done >= self.total:
            return f'after the stage "{self.name}"'
        steps = f" ({self.done} of {self.total} done)" if self.total > 1 else ""
        return f'in the stage "{self.name}"{steps}'


@dataclass
class Findings:
    """What is known so far.

    Attributes
    ----------
    blank: the outcome without anything found.
    asked: whether something rests on the word of a solver.
    heads: what the facts gave the head, when that was last found out.
    """

    instance: Instance
    solver: LimitedSolver
    blank: Outcome
    asked: bool = False
    searches: list[ClassSearch] = field(default_factory=list)
    obligations: dict[str, int] = field(default_factory=lambda: {"upper": 0, "lower": 0, "head": 0})
    heads: Heads | None = None

    @property
    def empty(self) -> bool:
        """Whether some class was shown to have no image."""
        return any(s.vacuous for s in self.searches)

    @property
    def complete(self) -> bool:
        """Whether every class has a witness."""
        return len(self.searches) == len(self.instance.task.classes) and all(s.witness for s in self.searches)

    @property
    def witnesses(self) -> list[Replay]:
        """The witnesses, in the order of the classes."""
        return [s.witness for s in self.searches if s.witness is not None]

    def count(self, uppers: Uppers, heads: Heads | None = None) -> None:
        """Takes note of what was proved, and by whom: bounds without a proof are a solver's."""
        results = [result for listed in uppers.values() for result in listed]
        self.asked |= any(r.proofs is None for r in results)
        self.obligations["upper"] = sum(r.obligations for r in results)
        if heads is not None:
            self.heads = heads
            self.asked |= any(b.asked for b in heads.bounds)
            self.obligations["head"] = heads.obligations

    def so_far(
        self, verdict: Verdict, reason: str | None, unproved: str | None = None, advice: Sequence[str] = ()
    ) -> Outcome:
        """An outcome with what is known of the classes; VACUOUS instead, if that was found."""
        reports = self._reports()
        empty = [r for r in reports if r.vacuous]
        if empty and verdict is not Verdict.REFUTED:
            verdict, unproved, advice = Verdict.VACUOUS, None, ()
            reason = "; ".join(f'class "{r.name}" has no admissible image: {r.vacuous}' for r in empty)
        return replace(
            self.blank,
            verdict=verdict,
            reason=reason,
            unproved=unproved,
            advice=tuple(advice),
            classes=reports,
            obligations=self.obligations,
            solvers=(self.solver.name,) if self.asked or self.solver.asked else (),
        )

    def unknown(self, reason: str) -> Outcome:
        """UNKNOWN for a reason that more work would not change."""
        return self.so_far(Verdict.UNKNOWN, reason)

    def refuted(self, shown: Replay) -> Outcome:
        """REFUTED with this image."""
        blank = self.so_far(Verdict.REFUTED, None)
        return replace(blank, evidence="replay", counterexample=shown.example(self.instance))

    def timed_out(self, seconds: float | None, stage: Stage) -> Outcome:
        """TIMEOUT, with the stage that was reached and the best that was found."""
        best = None
        if self.heads is not None and self.heads.failed:
            bounds = [self.heads.pairs[pair] for pair in self.heads.failed]
            # Those without any bound are the worst.
            worst = min(bounds, key=lambda b: (b.value is not None, b.value or fmpq(0)))
            best = self._best(worst)
        elif self.heads is not None:
            best = "every statement about the head was proved, and what was missing is the certificate"
        limit = "the time limit" if seconds is None else f"the time limit of {seconds:g} s"
        advice = ("more time (--timeout)", *self._smaller())
        return self.so_far(Verdict.TIMEOUT, f"{limit} was reached {stage}", best, advice)

    def proved(self, heads: Heads) -> Outcome:
        """PROVED by the word of a solver, or what stands in the way of it."""
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
        leads = [witness.lead(self.instance) for witness in self.witnesses]
        if margin is not None and min(leads) < margin:
            raise InternalError(f"a margin of {margin} was proved, but a witness leads by {min(leads)} only")
        return replace(
            answer,
            margin=margin,
            margin_attained=min(leads) == margin,
            configurations=count_configurations(self.instance.task),
            evidence="smt",
        )

    def unproved(self, failed: HeadBound, uppers: Uppers) -> Outcome:
        """UNKNOWN, with the statement that failed and the facts that would have been needed."""
        task = self.instance.task
        lines = [self._best(failed)]
        field: ExactTensor | None = None
        channels = failed.sequent.channels if failed.sequent is not None else {}
        for result in (r for k in sorted(channels) for r in uppers.get(k, [])):
            if result.bound != result.job.target:
                absent = ", ".join(f'"{task.features[f].name}"' for f in sorted(result.job.features)) or "nothing"
                most = "no bound" if result.bound is None else f"at most {result.bound}"
                lines.append(f"channel {result.job.channel}, avoiding {absent}: {most}, wanted {result.job.target}")
                if field is None and result.peak is not None:
                    field = _field(self.instance, result.peak)
        reason = "the facts do not prove it, and no wrong image was found"
        unknown = self.so_far(Verdict.UNKNOWN, reason, "; ".join(lines[:_LINES]), self._smaller())
        return replace(unknown, unproved_field=field) if unknown.verdict is Verdict.UNKNOWN else unknown

    def _best(self, bound: HeadBound) -> str:
        if bound.value is None:
            return f"no bound at all was found for: {bound.statement.describe(self.instance.task, fmpq(0))}"
        return f"the best that the facts give is {bound.statement.describe(self.instance.task, bound.value)}"

    def _smaller(self) -> tuple[str, ...]:
        """Smaller images, if the given ones are not small: what can be decided of them whole."""
        sizes, windows = self.instance.sizes, self.instance.task.largest_window
        small = max(_SMALL, *windows)
        if (
            sizes.max_height is not None
            and sizes.max_width is not None
            and sizes.max_height * sizes.max_width <= _PIXELS
        ):
            return ()
        if small * small * len(self.instance.task.channels) > _PIXELS or (small, small) not in sizes:
            return ()
        return (f"one small size (--size {small}x{small}), where images are decided whole",)

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

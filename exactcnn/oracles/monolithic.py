"""One QF_LRA formula over all pixels, positions and configurations at a fixed size, decided by z3.

It shares nothing with the modular method beyond the task, the network and exact numbers, so that the two can disagree
(`make bench` measures its cost: it is an oracle for small sizes and the baseline of the benchmarks). What z3 reads is
the text that `monolithic_smtlib` gives, so that other solvers can be asked the very same question.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any, Literal

import z3
from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import ClassReport, Example, Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.core.z3_interrupt import check
from exactcnn.network.model import Network
from exactcnn.oracles.formula import Formula, disjunction, negation
from exactcnn.oracles.network_formula import encode_network
from exactcnn.oracles.replay import check_fit, is_wrong, replay
from exactcnn.oracles.task_formula import encode_task
from exactcnn.task.model import Task

__all__ = ["monolithic_smtlib", "verify_monolithic"]

Answer = Literal["sat", "unsat", "unknown", "timeout"]

# The question whether the network errs comes first, but must leave some time to find that a class is vacuous.
_SHARE_OF_MAIN_QUESTION = 0.75
_OUT_OF_TIME = ("timeout", "canceled")


def monolithic_smtlib(task: Task, network: Network, height: int, width: int) -> str:
    """A complete SMT-LIB 2 script (QF_LRA) that is satisfiable exactly when the network errs at this size.

    A model is an admissible image (pixel x_<channel>_<row>_<column>) whose label's logit is not strictly the largest.

    Raises
    ------
    InputError: the network does not fit the task, or is not defined at this size.
    """
    return "(set-logic QF_LRA)\n" + _misclassification(task, network, height, width) + "(check-sat)\n"


def verify_monolithic(
    task: Task, network: Network, height: int, width: int, *, timeout: float | None = None
) -> Outcome:
    """Decides the instance at one size with one formula.

    Parameters
    ----------
    timeout: seconds for all questions together; None for no limit.

    Returns
    -------
    REFUTED (an image that replays), else VACUOUS (a class without any admissible image), else UNKNOWN or TIMEOUT, else
    PROVED. A proof rests on z3's word alone (evidence "smt") and comes without a margin: it says that the lead is
    positive, not how large it is.

    Raises
    ------
    InputError: the network does not fit the task, or is not defined at this size.
    InternalError: z3's image does not replay as a wrong one.
    """
    check_fit(task, network, height, width)
    return _Run(task, network, height, width, _Clock(timeout)).outcome()


def _misclassification(task: Task, network: Network, height: int, width: int) -> str:
    """Declarations and assertions, without logic and commands."""
    check_fit(task, network, height, width)
    formula = Formula()
    terms = encode_task(formula, task, height, width)
    formula.comment("the network")
    logits = encode_network(formula, network, terms.image, task.pixel)
    formula.comment("the label's logit is not strictly the largest")
    for k, label in enumerate(terms.labels):
        overtaken = disjunction(formula.at_least_zero(v - logits[k]) for j, v in enumerate(logits) if j != k)
        formula.add(disjunction([negation(label), overtaken]))
    return formula.text()


class _Clock:
    """Seconds since the start, and what is left of a limit."""

    def __init__(self, timeout: float | None) -> None:
        self._start = time.monotonic()
        self._timeout = timeout

    @property
    def seconds(self) -> float:
        return time.monotonic() - self._start

    def left(self, share: float = 1.0) -> float | None:
        """Seconds until this share of the limit is used up; None for no limit."""
        return None if self._timeout is None else max(0.0, share * self._timeout - self.seconds)


class _Question:
    """An assertion set in a z3 solver of its own, which can be asked several times."""

    def __init__(self, text: str) -> None:
        self._context = z3.Context()
        self._solver = z3.SolverFor("QF_LRA", ctx=self._context)
        self._solver.from_string(text)

    def ask(self, seconds: float | None, assumption: str | None = None) -> Answer:
        """Whether the assertions are satisfiable, together with one Boolean variable if it is named."""
        if seconds is not None:
            milliseconds = int(seconds * 1000)
            if milliseconds == 0:
                return "timeout"
            self._solver.set("timeout", milliseconds)
        assumptions = [] if assumption is None else [z3.Bool(assumption, self._context)]
        answer = check(self._solver, *assumptions)
        if answer == z3.sat:
            return "sat"
        if answer == z3.unsat:
            return "unsat"
        reason = self._solver.reason_unknown()
        return "timeout" if reason in _OUT_OF_TIME else "unknown"

    def image(self, task: Task, height: int, width: int) -> ExactTensor:
        """The image (C, H, W) of the model found last, exactly."""
        model = self._solver.model()
        shape = (len(task.channels), height, width)
        values = [
            _rational(model.eval(z3.Real(f"x_{c}_{i}_{j}", self._context), model_completion=True))
            for c in range(shape[0])
            for i in range(height)
            for j in range(width)
        ]
        return ExactTensor.from_rationals(values, shape)


def _rational(value: Any) -> fmpq:
    """A numeral of a z3 model; linear real arithmetic has rational models only."""
    if not z3.is_rational_value(value):
        raise InternalError(f"z3 gave a pixel that is no rational number: {value}")
    return fmpq(value.numerator_as_long(), value.denominator_as_long())


@dataclass(frozen=True)
class _Run:
    """One call of `verify_monolithic`."""

    task: Task
    network: Network
    height: int
    width: int
    clock: _Clock

    def outcome(self) -> Outcome:
        main = _Question(_misclassification(self.task, self.network, self.height, self.width))
        answer = main.ask(self.clock.left(_SHARE_OF_MAIN_QUESTION))
        if answer == "sat":
            example = self._replayed(main, "is classified wrongly")
            if not is_wrong(self.task, example):
                raise InternalError(
                    f'z3 says that the network errs on an image of class "{example.label}", but its replayed logits'
                    f" {', '.join(map(str, example.logits))} are right"
                )
            return self._answer(Verdict.REFUTED, evidence="replay", counterexample=example)
        return self._with_classes(answer)

    def _with_classes(self, main: Answer) -> Outcome:
        """The outcome when no wrong image is known after the main question."""
        reports, answers = self._class_reports()
        for report in reports:
            if report.witness is not None and is_wrong(self.task, report.witness):
                if main == "unsat":
                    raise InternalError(f'z3 says that no image is wrong, but a witness of "{report.name}" is')
                return self._answer(Verdict.REFUTED, evidence="replay", counterexample=report.witness)
        vacuous = [r.vacuous for r in reports if r.vacuous is not None]
        open_answers = [a for a in (main, *answers) if a in ("timeout", "unknown")]
        if vacuous:
            return self._answer(Verdict.VACUOUS, evidence="smt", classes=reports, reason="; ".join(vacuous))
        if not open_answers:
            return self._answer(Verdict.PROVED, evidence="smt", classes=reports)
        verdict = Verdict.TIMEOUT if "timeout" in open_answers else Verdict.UNKNOWN
        reason = self._open_reason(verdict, main, [r.name for r in reports if r.witness is None])
        return self._answer(verdict, classes=reports, reason=reason)

    def _class_reports(self) -> tuple[tuple[ClassReport, ...], list[Answer]]:
        """Asks for an admissible image of each class."""
        formula = Formula()
        labels = encode_task(formula, self.task, self.height, self.width).labels
        question = _Question(formula.text())
        reports, answers = [], []
        for task_class, label in zip(self.task.classes, labels, strict=True):
            answers.append(question.ask(self.clock.left(), label))
            reports.append(self._class_report(task_class.name, question, answers[-1]))
        return tuple(reports), answers

    def _class_report(self, name: str, question: _Question, answer: Answer) -> ClassReport:
        if answer == "sat":
            example = self._replayed(question, f'has class "{name}"')
            if example.label != name:
                raise InternalError(f'z3\'s witness of class "{name}" replays as class "{example.label}"')
            return ClassReport(name, witness=example)
        if answer == "unsat":
            return ClassReport(name, vacuous=f'no {self.height}x{self.width} image is admissible with class "{name}"')
        return ClassReport(name)

    def _replayed(self, question: _Question, claim: str) -> Example:
        example = replay(self.task, self.network, question.image(self.task, self.height, self.width))
        if example is None:
            raise InternalError(f"z3 says that an admissible image {claim}, but its image replays as inadmissible")
        return example

    def _open_reason(self, verdict: Verdict, main: Answer, classes: list[str]) -> str:
        questions = [] if main == "unsat" else ["whether the network errs"]
        questions += [f'whether class "{name}" has an admissible image' for name in classes]
        how = "ran out of time" if verdict is Verdict.TIMEOUT else "gave up"
        return f"z3 {how} on {', '.join(questions)} at {self.height}x{self.width}"

    def _answer(
        self,
        verdict: Verdict,
        *,
        evidence: str = "none",
        classes: tuple[ClassReport, ...] = (),
        counterexample: Example | None = None,
        reason: str | None = None,
    ) -> Outcome:
        return Outcome(
            verdict=verdict,
            task=self.task.name,
            sizes=SizeRange.fixed(self.height, self.width),
            method="monolithic",
            class_names=tuple(c.name for c in self.task.classes),
            classes=classes,
            evidence=evidence,
            solvers=(f"z3 {z3.get_version_string()}",),
            counterexample=counterexample,
            reason=reason,
            seconds=self.clock.seconds,
        )

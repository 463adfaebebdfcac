"""How far an instance can be stretched before it stops to hold: brackets of rationals, found by bisection.

The network is held fixed while the task is changed. Every answer is a *bracket*: at one end the instance was verified
to hold, at the other not to; nothing is claimed about the values between them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from flint import fmpq

from exactcnn.core.outcome import Outcome
from exactcnn.core.verdict import Verdict
from exactcnn.task.model import Feature, Task

__all__ = [
    "Bracket",
    "StoppedError",
    "Trial",
    "gap_bracket",
    "simplest_between",
    "tolerance_bracket",
    "widened_task",
    "with_gaps_scaled",
]

Verifier = Callable[[Task], Outcome]
Progress = Callable[[str, int, int], None]


class StoppedError(Exception):
    """Raised by a verifier that is not to be asked again: what is known so far is the answer."""


_FAILING = (Verdict.REFUTED, Verdict.VACUOUS)
_DOUBLINGS = 10


@dataclass(frozen=True)
class Trial:
    """The outcome at one value."""

    value: fmpq
    outcome: Outcome

    @property
    def holds(self) -> bool:
        """Whether the instance was proved."""
        return self.outcome.verdict is Verdict.PROVED

    @property
    def fails(self) -> bool:
        """Whether it was refuted, or found vacuous."""
        return self.outcome.verdict in _FAILING


@dataclass(frozen=True)
class Bracket:
    """What was found of one quantity.

    Attributes
    ----------
    drawn: the trial of the task as it is drawn.
    holds: the last value at which the instance was proved; None if it was proved nowhere.
    fails: the nearest value beyond it at which it was refuted or vacuous; None if there was none.
    open: trials between the two that gave no answer, by value.
    tried: how many values were tried.
    complete: whether the search came to its end, so that the bracket is as narrow as was asked for.
    """

    drawn: Trial
    holds: Trial | None
    fails: Trial | None
    open: tuple[Trial, ...]
    tried: int
    complete: bool = True


def widened_task(task: Task, amount: fmpq) -> Task:
    """The task with every template interval widened by `amount` >= 0 on both sides, cut to the pixel range."""
    pixel = task.pixel

    def widened(feature: Feature) -> Feature:
        boxes = tuple(t.widened(amount).cut(pixel.low, pixel.high) for t in feature.templates)
        return replace(feature, templates=boxes)

    return replace(task, features=tuple(widened(f) for f in task.features))


def with_gaps_scaled(task: Task, factor: fmpq) -> Task:
    """The task with every gap multiplied by `factor` > 0."""
    return replace(task, features=tuple(replace(f, gap=f.gap * factor) for f in task.features))


def tolerance_bracket(task: Task, verify: Verifier, *, bits: int = 20, progress: Progress | None = None) -> Bracket:
    """The largest extra tolerance at which the instance still holds.

    Values are multiples of 2^-bits of the pixel range's length; at the end the simplest rational between the two ends
    is tried as well, if its denominator is at most 2^(bits/2).

    Raises
    ------
    StoppedError: the verifier raised it at the task as it is drawn. Later it ends the search: see `Bracket.complete`.
    """
    length = task.pixel.high - task.pixel.low
    step = length / (1 << bits)
    trials = _Trials(lambda value: verify(widened_task(task, value)), step, bits + 3, "tolerance", progress)
    drawn = trials.at(0)
    # With intervals as wide as the pixel range nothing is left to detect.
    return trials.found(drawn, rising=True, search=lambda: _tolerance(trials, drawn, 1 << bits))


def _tolerance(trials: _Trials, drawn: Trial, length: int) -> Bracket:
    if not drawn.holds:
        return trials.bracket(drawn, None, drawn if drawn.fails else None)
    return trials.narrowed(drawn, 0, length)


def gap_bracket(
    task: Task,
    verify: Verifier,
    *,
    bits: int = 20,
    progress: Progress | None = None,
    drawn: Outcome | None = None,
) -> Bracket:
    """The smallest factor by which all gaps can be multiplied so that the instance still holds.

    A smaller gap admits more images. Where the task as drawn is refuted, larger factors are tried, where it is vacuous
    smaller ones: powers of two up to 2^10, or down to 2^-10 (at least 2^-bits), and then factors between a refuted and
    a vacuous one. Values are multiples of 2^-bits, and one simple rational as in `tolerance_bracket`. `fails` is None
    where even 2^-bits held: 0 is no gap.

    Parameters
    ----------
    drawn: the outcome of the task as it is drawn, if it is known.

    Raises
    ------
    StoppedError: as in `tolerance_bracket`.
    """
    one = 1 << bits
    trials = _Trials(lambda value: verify(with_gaps_scaled(task, value)), fmpq(1, one), bits + 3, "gap", progress)
    trial = trials.at(one) if drawn is None else trials.known(one, drawn)
    return trials.found(trial, rising=False, search=lambda: _gap(trials, trial, bits))


def _gap(trials: _Trials, drawn: Trial, bits: int) -> Bracket:
    one = 1 << bits
    if drawn.holds:
        return trials.narrowed(drawn, one, 0)
    refuted = drawn.outcome.verdict is Verdict.REFUTED
    if not drawn.fails:
        return trials.bracket(drawn, None, None)
    found = trials.searched(one, upwards=refuted, steps=_DOUBLINGS if refuted else min(_DOUBLINGS, bits))
    if found is None:
        return trials.bracket(drawn, None, drawn)
    return trials.narrowed(drawn, *found)


class _Trials:
    """Outcomes at multiples of a step, each found once.

    Place 0 of the gap is no gap at all: it is never tried and counts as failing.
    """

    def __init__(
        self, run: Callable[[fmpq], Outcome], step: fmpq, expected: int, quantity: str, progress: Progress | None
    ) -> None:
        self._run = run
        self._step = step
        self._expected = expected
        self._quantity = quantity
        self._progress = progress
        self._known: dict[fmpq, Trial] = {}

    def at(self, place: int) -> Trial:
        """The trial at a multiple of the step."""
        return self._tried(self._step * place)

    def known(self, place: int, outcome: Outcome) -> Trial:
        """The trial at a multiple of the step whose outcome is known."""
        trial = Trial(self._step * place, outcome)
        self._known[trial.value] = trial
        return trial

    def found(self, drawn: Trial, *, rising: bool, search: Callable[[], Bracket]) -> Bracket:
        """What a search gives; if it is stopped, the bracket of what is known by then.

        Where limits are looked for at growing values, the instance holds below them (`rising`), else above.
        """
        try:
            return search()
        except StoppedError:
            fails = [t for t in self._known.values() if t.fails]
            held = [t for t in self._known.values() if t.holds]
            if not held:
                return replace(self.bracket(drawn, None, drawn if drawn.fails else None), complete=False)
            first = (min if rising else max)(held, key=lambda t: t.value)
            # The failure that comes first, and what held last on the way to it.
            beyond = [t for t in fails if (t.value > first.value) == rising]
            if not beyond:
                last = (max if rising else min)(held, key=lambda t: t.value)
                return replace(self.bracket(drawn, last, None), complete=False)
            limit = (min if rising else max)(beyond, key=lambda t: t.value)
            holds = self._last_held(limit.value, rising=rising)
            return replace(self.bracket(drawn, holds, limit), complete=False)

    def _tried(self, value: fmpq) -> Trial:
        if value not in self._known:
            if self._progress is not None:
                self._progress(self._quantity, len(self._known), max(self._expected, len(self._known) + 1))
            self._known[value] = Trial(value, self._run(value))
        return self._known[value]

    def _exists(self, place: int) -> bool:
        return place > 0 or self._quantity != "gap"

    def searched(self, start: int, *, upwards: bool, steps: int) -> tuple[int, int] | None:
        """A place that holds and one below it that is refuted (or 0), from one that is refuted or vacuous."""
        last = start
        for _ in range(steps):
            following = 2 * last if upwards else last // 2
            trial = self.at(following)
            if trial.holds:
                return following, last if upwards else 0
            if trial.outcome.verdict is not self.at(start).outcome.verdict:
                return self._between(min(last, following), max(last, following)) if trial.fails else None
            last = following
        return None

    def _between(self, refuted: int, vacuous: int) -> tuple[int, int] | None:
        """A place that holds, between one that is refuted and a vacuous one, and a refuted one below it."""
        while vacuous - refuted > 1:
            middle = (refuted + vacuous) // 2
            trial = self.at(middle)
            if trial.holds:
                return middle, refuted
            if not trial.fails:
                return None
            if trial.outcome.verdict is Verdict.REFUTED:
                refuted = middle
            else:
                vacuous = middle
        return None

    def narrowed(self, drawn: Trial, holding: int, failing: int) -> Bracket:
        """The bracket between a place where the instance holds and one further on, by bisection."""
        if self._exists(failing) and self.at(failing).holds:
            return self.bracket(drawn, self.at(failing), None)
        good, beyond = self._bisected(holding, failing, lambda trial: trial.holds)
        bad = beyond
        if self._exists(beyond) and not self.at(beyond).fails:
            # Nothing is known there: the nearest failure is further on.
            if self._exists(failing) and not self.at(failing).fails:
                return self.bracket(drawn, self.at(good), None)
            _, bad = self._bisected(beyond, failing, lambda trial: not trial.fails)
        if not self._exists(bad):
            return self.bracket(drawn, self.at(good), None)
        fails = self.at(bad)
        return self.bracket(drawn, *self._tightened(self._last_held(fails.value, rising=failing > holding), fails))

    def _last_held(self, limit: fmpq, *, rising: bool) -> Trial:
        """The trial nearest to the limit, on the side that the bisection came from, at which the instance held."""
        held = [t for t in self._known.values() if t.holds and (t.value < limit) == rising]
        return max(held, key=lambda t: t.value) if rising else min(held, key=lambda t: t.value)

    def _bisected(self, first: int, last: int, accepted: Callable[[Trial], bool]) -> tuple[int, int]:
        """Neighbouring places, the first of them accepted and the other not, from two such places."""
        while abs(last - first) > 1:
            middle = (first + last) // 2
            if accepted(self.at(middle)):
                first = middle
            else:
                last = middle
        return first, last

    def _tightened(self, holds: Trial, fails: Trial) -> tuple[Trial, Trial]:
        """One end moved to the simplest rational between them: limits that come from a task are often simple."""
        simple = simplest_between(min(holds.value, fails.value), max(holds.value, fails.value))
        if int(simple.q) ** 2 > int(self._step.q):
            return holds, fails
        found = self._tried(simple)
        if found.holds:
            return found, fails
        return holds, found if found.fails else fails

    def bracket(self, drawn: Trial, holds: Trial | None, fails: Trial | None) -> Bracket:
        """The bracket with the open trials inside it."""
        unanswered = [t for t in self._known.values() if not t.holds and not t.fails]
        return Bracket(drawn, holds, fails, tuple(sorted(unanswered, key=lambda t: t.value)), len(self._known))


def simplest_between(low: fmpq, high: fmpq) -> fmpq:
    """The rational strictly between two others, 0 <= low < high, with the least denominator (then numerator).

    It is the first node of the Stern-Brocot tree inside the interval.

    Raises
    ------
    ValueError: the interval is empty or reaches below 0.
    """
    if not 0 <= low < high:
        raise ValueError(f"no rationals between {low} and {high}")
    terms: list[int] = []
    bottom, top = low, high
    while True:
        whole = int(bottom.floor())
        if whole + 1 < top:
            terms.append(whole + 1)
            break
        terms.append(whole)
        # Both lie in [whole, whole + 1]: go on with the reciprocals of their rests, which change sides.
        rest_low, rest_high = bottom - whole, top - whole
        if rest_low == 0:
            # Below rest_high <= 1 the simplest is 1/n with the least n > 1/rest_high.
            terms.append(int((1 / rest_high).floor()) + 1)
            break
        bottom, top = 1 / rest_high, 1 / rest_low
    value = fmpq(terms.pop())
    while terms:
        value = terms.pop() + 1 / value
    return value

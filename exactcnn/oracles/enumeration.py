"""Every placement of the generator at a fixed size, tried exactly: an oracle that can refute but never prove.

A placement puts one template of each contained feature of an admissible configuration at a place of its own, at least
the generator's spacing apart, on a background. Its images are the placement with all template pixels at their
centres, lows or highs, and all background pixels at their low, middle or high.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import ClassReport, Example, Outcome, Window
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.oracles.placements import configurations, count_bound, fitting, placements
from exactcnn.oracles.replay import check_fit, example_from, is_wrong
from exactcnn.task.decide import decide
from exactcnn.task.model import GeneratorSpec, Task

__all__ = ["PLACEMENT_LIMIT", "verify_enumerate"]

PLACEMENT_LIMIT = 2_000_000
"""More placements than this are refused."""

_FEATURE_LIMIT = 20  # 2^20 sets of features are still gone through quickly
_BATCH = 256
Progress = Callable[[str, int, int], None]


def verify_enumerate(
    task: Task,
    network: Network,
    height: int,
    width: int,
    *,
    timeout: float | None = None,
    progress: Progress | None = None,
) -> Outcome:
    """Tries every placement at one size, each with up to nine choices of exact pixel values.

    Parameters
    ----------
    timeout: seconds, or None for no limit.
    progress: called with ("enumerate", placements done, the most placements there can be).

    Returns
    -------
    REFUTED with the first wrong image; TIMEOUT; otherwise UNKNOWN with what was covered: images that are no placement
    with these values were not looked at. Each class has the first of its admissible images as witness, if there was
    one. Images that turn out not to be admissible are skipped and counted.

    Raises
    ------
    InputError: the network does not fit the task or is not defined at this size, or there are more than 2,000,000
        placements (counted without regard to spacing).
    """
    start = time.monotonic()
    check_fit(task, network, height, width)
    total = _checked_total(task, height, width)
    run = _Run(task, network, height, width)
    deadline = None if timeout is None else start + timeout
    timed_out = False
    for batch in run.batches():
        run.evaluate(batch)
        if progress is not None:
            progress("enumerate", min(run.placed, total), total)
        if run.wrong is not None:
            break
        if deadline is not None and time.monotonic() > deadline:
            timed_out = True
            break
    else:
        if progress is not None:
            progress("enumerate", total, total)
    return run.outcome(time.monotonic() - start, total if timed_out else None)


def _checked_total(task: Task, height: int, width: int) -> int:
    """The most placements there can be, if they are few enough.

    Raises
    ------
    InputError: they are too many.
    """
    features = len(fitting(task, height, width))
    if features > _FEATURE_LIMIT:
        found = f"2^{features} sets of features"
    elif (total := count_bound(task, height, width)) > PLACEMENT_LIMIT:
        found = f"{total} placements"
    else:
        return total
    raise InputError(
        f"too much to enumerate at {height}x{width}",
        source=task.source,
        found=found,
        expected=f"at most {PLACEMENT_LIMIT} placements of at most {_FEATURE_LIMIT} features",
        hint="Use a smaller size, or the modular method, which needs no enumeration",
    )


def _default_generator(task: Task) -> GeneratorSpec:
    """For a task that does not say how its images are made: the lowest eighth of the pixel range, spacing 1."""
    low, high = task.pixel.low, task.pixel.high
    return GeneratorSpec(((low, low + (high - low) / 8),) * len(task.channels))


@dataclass
class _Canvas:
    """Templates and backgrounds as integers over one denominator.

    Attributes
    ----------
    templates: by feature name and template number: centre, lows, highs, each (C, a, b).
    backgrounds: low, middle, high, each (C, 1, 1).
    """

    denominator: int
    templates: dict[tuple[str, int], list[NDArray[Any]]]
    backgrounds: list[NDArray[Any]]

    @staticmethod
    def of(task: Task, generator: GeneratorSpec) -> _Canvas:
        """The canvas of a task."""
        exact = {(f.name, k): [t.centre(), t.low, t.high] for f in task.features for k, t in enumerate(f.templates)}
        shape = (len(task.channels), 1, 1)
        ends = [[low for low, _ in generator.background], [high for _, high in generator.background]]
        middle = [(low + high) / 2 for low, high in generator.background]
        grounds = [ExactTensor.from_rationals(values, shape) for values in (ends[0], middle, ends[1])]
        denominator = math.lcm(*(t.denominator for ts in (*exact.values(), grounds) for t in ts))
        scaled = {key: _distinct([t.over(denominator).integers() for t in ts]) for key, ts in exact.items()}
        return _Canvas(denominator, scaled, _distinct([t.over(denominator).integers() for t in grounds]))

    def images(self, windows: tuple[Window, ...], height: int, width: int) -> Iterator[NDArray[Any]]:
        """The images (C, height, width) of a placement, as numerators."""
        patches = [self.templates[w.feature, w.template] for w in windows]
        for choice in range(max((len(p) for p in patches), default=1)):
            for ground in self.backgrounds:
                image = np.broadcast_to(ground, (ground.shape[0], height, width)).copy()
                for window, values in zip(windows, patches, strict=True):
                    patch = values[choice % len(values)]
                    rows = slice(window.row, window.row + patch.shape[1])
                    image[:, rows, window.column : window.column + patch.shape[2]] = patch
                yield image


def _distinct(arrays: list[NDArray[Any]]) -> list[NDArray[Any]]:
    """Only the first when all are equal (then so are the centre and both ends), else all."""
    return arrays[:1] if all(np.array_equal(arrays[0], a) for a in arrays[1:]) else arrays


@dataclass
class _Run:
    """One enumeration and what it has met so far.

    Attributes
    ----------
    placed: placements whose images have been made.
    admissible, inadmissible: images of each kind that were looked at.
    wrong: the first wrong image.
    witnesses: by class name, the first admissible image.
    """

    task: Task
    network: Network
    height: int
    width: int
    placed: int = 0
    admissible: int = 0
    inadmissible: int = 0
    wrong: Example | None = None
    witnesses: dict[str, Example] = field(default_factory=dict)

    def batches(self) -> Iterator[ExactTensor]:
        """All images in batches (N, C, H, W)."""
        generator = self.task.generator or _default_generator(self.task)
        canvas = _Canvas.of(self.task, generator)
        waiting: list[NDArray[Any]] = []
        for chosen in configurations(self.task, self.height, self.width):
            for windows in placements(chosen, self.height, self.width, generator.spacing):
                waiting.extend(canvas.images(windows, self.height, self.width))
                self.placed += 1
                while len(waiting) >= _BATCH:
                    yield ExactTensor.from_integers(np.stack(waiting[:_BATCH]), canvas.denominator)
                    del waiting[:_BATCH]
        if waiting:
            yield ExactTensor.from_integers(np.stack(waiting), canvas.denominator)

    def evaluate(self, batch: ExactTensor) -> None:
        """Decides and classifies a batch, up to the first wrong image."""
        rows = logits(self.network, batch, self.task.pixel).tolist()
        for index, values in enumerate(rows):
            example = example_from(batch[index], decide(self.task, batch[index]), values)
            if example is None:
                self.inadmissible += 1
                continue
            self.admissible += 1
            self.witnesses.setdefault(example.label, example)
            if is_wrong(self.task, example):
                self.wrong = example
                return

    def outcome(self, seconds: float, unfinished: int | None) -> Outcome:
        """The answer; `unfinished` is the bound on the number of placements if the time ran out."""
        verdict = Verdict.REFUTED if self.wrong else Verdict.UNKNOWN if unfinished is None else Verdict.TIMEOUT
        return Outcome(
            verdict=verdict,
            task=self.task.name,
            sizes=SizeRange.fixed(self.height, self.width),
            method="enumerate",
            class_names=tuple(c.name for c in self.task.classes),
            classes=tuple(ClassReport(c.name, witness=self.witnesses.get(c.name)) for c in self.task.classes),
            evidence="replay" if self.wrong else "none",
            counterexample=self.wrong,
            reason=None if self.wrong else self._covered(unfinished),
            seconds=seconds,
        )

    def _covered(self, unfinished: int | None) -> str:
        of = "all" if unfinished is None else f"at most {unfinished}"
        how = "no counterexample" if unfinished is None else "out of time; no counterexample so far"
        return (
            f"{how} among {self.admissible} admissible images of {self.placed} placements ({of} at"
            f" {self.height}x{self.width}; template pixels at their centres, lows and highs, background at its low,"
            f" middle and high; {self.inadmissible} inadmissible images skipped); other images were not looked at,"
            " so this proves nothing"
        )

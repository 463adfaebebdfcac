"""When the prover attacks a network, and how a wrong image is made fit to be shown."""

from __future__ import annotations

import contextlib
from dataclasses import replace

import numpy as np

from exactcnn.core.outcome import ClassReport, Example, Outcome, Stretched
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.evaluate import in_pixel_units, logits
from exactcnn.network.model import Network
from exactcnn.prover.attack import Attack, Hit, Progress, Subject, subject_of
from exactcnn.prover.attack_floats import interval_bounds
from exactcnn.prover.attack_simplify import hit_of, simplified
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import Replay
from exactcnn.solvers.pool import Deadline, OutOfTimeError
from exactcnn.task.decide import decide
from exactcnn.task.model import Task
from exactcnn.theorem.vacuity import unfitting

__all__ = ["attacked", "attacked_at", "facts_hopeless", "made_plain", "without_a_method"]

_SAMPLED = 8
_SLIGHT = 1e-6


def facts_hopeless(instance: Instance) -> bool:
    """Whether some feature is seen to raise no channel above what it is at least anyway, so that no lower fact about it
    will be found, by intervals in floats at positions that see the feature's first template amid unknown pixels.
    """
    stem, task = instance.stem, instance.task
    low, high = ExactTensor.from_rationals([task.pixel.low, task.pixel.high]).floats().tolist()
    size = stem.rows.field, stem.columns.field
    for feature in task.features[:_SAMPLED]:
        box = feature.templates[0]
        offsets = [
            (row, column)
            for row in _middle(size[0] - feature.height, stem.rows.stride)
            for column in _middle(size[1] - feature.width, stem.columns.stride)
        ]
        # The last field is unknown everywhere.
        lows = np.full((len(offsets) + 1, stem.in_channels, *size), low)
        highs = np.full_like(lows, high)
        for n, (row, column) in enumerate(offsets):
            lows[n, :, row : row + feature.height, column : column + feature.width] = box.low.floats()
            highs[n, :, row : row + feature.height, column : column + feature.width] = box.high.floats()
        least, _ = interval_bounds(stem.layers, lows, highs)
        floor = least[-1]
        if not (least[:-1] > floor + _SLIGHT * (1 + np.abs(floor))).any():
            return True
    return False


def _middle(last: int, stride: int) -> range:
    """Offsets of a window about the middle of a field, at all phases of the stride."""
    first = max(0, (last - stride) // 2)
    return range(first, min(last, first + stride) + 1)


def attacked(instance: Instance, deadline: Deadline, progress: Progress) -> Replay | None:
    """An admissible image that the network gets wrong, if an attack finds one.

    Raises
    ------
    OutOfTimeError: the deadline passed.
    """
    attack = Attack(subject_of(instance), deadline, progress)
    hit = attack.run()
    return None if hit is None else _simplified(attack, hit).replay


def attacked_at(
    task: Task, network: Network, size: tuple[int, int], deadline: Deadline, progress: Progress
) -> Example | None:
    """An image of one size that the network gets wrong, if an attack finds one, for a network of any shape.

    Raises
    ------
    InputError: the network is not defined at this size.
    OutOfTimeError: the deadline passed.
    """
    sizes = SizeRange.fixed(*size)
    network = in_pixel_units(network, task.pixel)

    def judge(picture: Stretched) -> Replay:
        image = picture.image()
        values = logits(network, image.reshape(1, *image.shape), task.pixel)[0].rationals()
        return Replay(picture, decide(task, image), tuple(values))

    unfit = frozenset(task.features[n].name for n in unfitting(task, sizes))
    attack = Attack(Subject(task, network, sizes, (1, 1), judge, lambda picture: picture, unfit), deadline, progress)
    hit = attack.run()
    if hit is None:
        return None
    found = _simplified(attack, hit).replay
    contained = [s for s in found.decision.statuses if s.state == "contains"]
    windows = tuple(s.exhibiting[0] for s in contained)
    label = found.decision.label or ""
    return Example(found.picture, label, tuple(s.name for s in contained), windows, found.logits)


def without_a_method(unknown: Outcome, task: Task, network: Network, deadline: Deadline, progress: Progress) -> Outcome:
    """What an attack says of a network that there is no rule for, at one size: REFUTED, or what was known before.

    Raises
    ------
    InputError: the network is not defined at this size.
    """
    sizes, wrong = unknown.sizes, None
    unknown = replace(unknown, classes=tuple(ClassReport(c.name) for c in task.classes))
    if sizes.is_fixed:
        size = sizes.min_height, sizes.min_width
        with contextlib.suppress(OutOfTimeError):
            wrong = attacked_at(task, network, size, deadline, progress)
    if wrong is None:
        return unknown
    return replace(unknown, verdict=Verdict.REFUTED, reason=None, evidence="replay", counterexample=wrong)


def made_plain(instance: Instance, wrong: Replay, deadline: Deadline) -> Replay:
    """A wrong image as plain as was found within the deadline; at worst the given one."""
    if _is_plain(wrong.picture):
        return wrong
    attack = Attack(subject_of(instance), deadline, _silent)
    hit = hit_of(attack, wrong)
    return wrong if hit is None else _simplified(attack, hit).replay


def _simplified(attack: Attack, hit: Hit) -> Hit:
    try:
        return simplified(attack, hit)
    except OutOfTimeError:
        return hit


def _silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


def _is_plain(picture: Stretched) -> bool:
    """Whether all pixels of each channel are equal: nothing can be taken away."""
    values = picture.core.numerators.reshape(picture.core.shape[0], -1)
    return bool((values == values[:, :1]).all())

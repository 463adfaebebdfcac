"""Deciding small images whole, by SMT: the last resort of the witness search and of the refuter."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Sequent
from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import Replay, replay
from exactcnn.solvers.base import Solver, Status
from exactcnn.solvers.pool import Deadline
from exactcnn.theorem.stem import Pixel
from exactcnn.theorem.whole import whole_sequent

__all__ = ["Nowhere", "find_image", "find_wrong_image", "least_lead", "small_sizes"]

_PIXELS = 64
_WINDOWS = 400
_SECONDS = 20.0
_LEAD_SECONDS = 5.0
_SIZES = 9
_SAMPLED_SIZES = 2
_TINY = 6


class Nowhere:
    """Proved: no image of the size is what was asked for."""


def small_sizes(instance: Instance) -> tuple[list[tuple[int, int]], bool]:
    """Sizes of the range that are small enough to be decided whole, and whether these are all sizes of the range.

    Where they are not all, a proof at some sizes would prove nothing; the two largest are named, and those of a few
    pixels, which are quickly decided, in case they have the images that are looked for: windows that do not fit are one
    way to avoid a feature.
    """
    sizes, task = instance.sizes, instance.task
    rows, columns = task.largest_window
    step_down, step_right = instance.stem.rows.stride, instance.stem.columns.stride
    last_height = sizes.max_height or max(sizes.min_height, rows + 1 + step_down)
    last_width = sizes.max_width or max(sizes.min_width, columns + 1 + step_right)
    count = (last_height - sizes.min_height + 1) * (last_width - sizes.min_width + 1)
    if count > 4096:
        last_height = min(last_height, max(sizes.min_height, rows + 1 + step_down))
        last_width = min(last_width, max(sizes.min_width, columns + 1 + step_right))
    found = [
        (h, w)
        for h in range(sizes.min_height, last_height + 1)
        for w in range(sizes.min_width, last_width + 1)
        if h * w * len(task.channels) <= _PIXELS and _window_count(instance, h, w) <= _WINDOWS
    ]
    # The largest first: where several features have to fit, the smallest sizes say nothing.
    found.sort(key=lambda size: (-size[0] * size[1], size))
    complete = sizes.max_height is not None and sizes.max_width is not None and len(found) == count <= _SIZES
    if complete:
        return found, True
    tiny = [size for size in found[_SAMPLED_SIZES:] if size[0] * size[1] <= _TINY]
    return [*found[:_SAMPLED_SIZES], *tiny], False


def _window_count(instance: Instance, height: int, width: int) -> int:
    return sum(
        max(0, height - f.height + 1) * max(0, width - f.width + 1) * len(f.templates) for f in instance.task.features
    )


def find_image(
    instance: Instance, solver: Solver, deadline: Deadline, size: tuple[int, int], label: int
) -> Replay | Nowhere | None:
    """An admissible image of the size with this label; None if the solver did not decide it.

    Raises
    ------
    InternalError: the solver's image has another label.
    """
    sequent, pixels = whole_sequent(instance.task, size, label)
    found = _asked(instance, solver, deadline, sequent, pixels)
    if isinstance(found, Replay):
        _require_label(instance, found, label)
    return found


def find_wrong_image(
    instance: Instance, solver: Solver, deadline: Deadline, size: tuple[int, int], label: int, other: int
) -> Replay | Nowhere | None:
    """Such an image on which the logit of `other` is at least the label's.

    Raises
    ------
    InternalError: the solver's image has another label, or the network is right about it.
    """
    sequent, pixels = _lead(instance, size, label, other)
    # The goal "lead > 0" is strict, so its negation is asked for as a hypothesis.
    asked = replace(sequent, hypotheses=(-sequent.goal,), goal=Affine.const(-1))
    found = _asked(instance, solver, deadline, asked, pixels)
    if isinstance(found, Replay):
        _require_label(instance, found, label)
        if found.lead(instance) > 0:
            raise InternalError(f"an image meant to be misclassified leads by {found.lead(instance)} when replayed")
    return found


def _require_label(instance: Instance, found: Replay, label: int) -> None:
    name = instance.task.classes[label].name
    if found.decision.label != name:
        raise InternalError(f'an image meant to have class "{name}" has {found.decision.label!r} when replayed')


def least_lead(
    instance: Instance, solver: Solver, deadline: Deadline, size: tuple[int, int], label: int, other: int
) -> fmpq | None:
    """The least lead of the label over the other class on images of one size, proved; None if it was not found."""
    sequent, _ = _lead(instance, size, label, other)
    least = solver.minimise(sequent, timeout=deadline.at_most(_LEAD_SECONDS)).value
    if least is None:
        return None
    claim = replace(sequent, goal=sequent.goal.shifted(-least))
    proved = solver.decide(claim, timeout=deadline.at_most(_SECONDS)).status is Status.HOLDS
    return least if proved else None


def _lead(instance: Instance, size: tuple[int, int], label: int, other: int) -> tuple[Sequent, Mapping[Pixel, int]]:
    network = instance.stem, instance.head, instance.pooling.kind, other
    return whole_sequent(instance.task, size, label, network)


def _asked(
    instance: Instance, solver: Solver, deadline: Deadline, sequent: Sequent, pixels: Mapping[Pixel, int]
) -> Replay | Nowhere | None:
    answer = solver.decide(sequent, timeout=deadline.at_most(_SECONDS))
    if answer.status is Status.HOLDS:
        return Nowhere()
    if answer.status is Status.OPEN:
        return None
    values = np.empty(tuple(1 + max(pixel[axis] for pixel in pixels) for axis in range(3)), dtype=object)
    for pixel, number in pixels.items():
        values[pixel] = answer.values[number]
    return replay(instance, Stretched.plain(ExactTensor.from_rationals(values, shape=values.shape)))

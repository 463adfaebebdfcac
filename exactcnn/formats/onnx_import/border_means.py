"""Mean pools whose divisor is smaller at the border, as convolutions.

A window that reaches beyond the image has fewer places to take the mean of. The sum over the window is a convolution
that pads with zeros; what is left is to multiply its value at each place by one over the number of places, which is the
number of rows times the number of columns. Along one axis that number depends on how far the window reaches beyond
either end, so the factor is a combination of masks "at least j from the start" times "at least l from the end". A mask
is a convolution, too: shifted by l towards the end, what is nearer to the end than l falls out of the image, and
shifting back leaves zeros there. So a combination of masks is at most three convolutions of a channel for each mask,
exact at every size, also where the image is smaller than the window.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from flint import fmpq

from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.chain import check_count
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.steps import LinearStep, Window
from exactcnn.formats.onnx_import.view import CHANNEL_FIRST
from exactcnn.network.model import Pair

__all__ = ["MOST_BETWEEN", "Border", "border_means"]

MOST_BETWEEN = 6
"""The most values between the input and the output of a mean pool: three convolutions an axis follow the first."""


@dataclass(frozen=True)
class Border:
    """How the windows of a mean pool reach beyond the image along one axis.

    Attributes
    ----------
    kernel: the window's length.
    reach: how far the first window starts before the image, and the last one possible ends after it.
    counted: how many places before and after the image are counted, as zeros; the others are not.
    """

    kernel: int
    reach: Pair
    counted: Pair

    @property
    def constant(self) -> bool:
        """Whether all windows count the same number of places."""
        return self.reach[0] <= self.counted[0] and self.reach[1] <= self.counted[1]

    @property
    def only_factor(self) -> fmpq:
        """One over the number of places that the one window counts where the image is one place long."""
        return fmpq(1, self.count(0, sum(self.reach) + 1 - self.kernel))

    def count(self, start: int, end: int) -> int:
        """The places counted by the window that is this far from the first, and from the last at stride 1."""
        missing = (max(0, r - d - c) for r, d, c in zip(self.reach, (start, end), self.counted, strict=True))
        return self.kernel - sum(missing)

    def masks(self) -> dict[Pair, fmpq]:
        """The factor 1 / count as a sum: by (j, l) the part of all places at least j from the start and l from the end.

        Where a window would count no place there is no image for it (the count is the image's length if it reaches
        beyond both ends), and the factor is whatever saves a mask.
        """
        first, last = self.reach
        factor: dict[Pair, fmpq] = {}
        for start in reversed(range(first + 1)):
            for end in reversed(range(last + 1)):
                count = self.count(start, end)
                if count >= 1:
                    factor[start, end] = fmpq(1, count)
                else:
                    near, far = factor[start + 1, end], factor[start, end + 1]
                    factor[start, end] = near + far - factor[start + 1, end + 1]
        found = {}
        for start, end in factor:
            sides = [(start - i, end - j, (-1) ** (i + j)) for i in (0, 1) for j in (0, 1)]
            total = sum((sign * factor[i, j] for i, j, sign in sides if i >= 0 and j >= 0), fmpq(0))
            if total != 0:
                found[start, end] = total
        return found


class _Shift(NamedTuple):
    """A term of a convolution along one axis, between groups of channels; the shift is towards the end."""

    after: int
    before: int
    shift: int
    factor: fmpq


def border_means(
    node: Node, names: Sequence[str], channels: int, rows: Border, columns: Border, stride: Pair
) -> LinearStep:
    """A mean pool as steps, the first of which has the others to follow.

    Parameters
    ----------
    names: the node's input and output, and `MOST_BETWEEN` names for what is between.
    channels: of the input, each pooled by itself.
    rows, columns: the window along the two axes.
    stride: of the windows.

    Raises
    ------
    InputError: it takes too many weights.
    """
    source, output, *between = names
    windows = [_sums(channels, (rows, columns), stride)]
    for axis, border in enumerate((rows, columns)):
        stages = [] if border.constant else _masked(border)
        for number, shifts in enumerate(stages, start=1):
            windows.append(_along(axis, shifts, channels, stride[axis] if number == len(stages) else 1))
    inner = between[: len(windows) - 1]
    step: LinearStep | None = None
    for (weight, window), start, end in zip(
        reversed(windows), reversed([source, *inner]), reversed([*inner, output]), strict=True
    ):
        step = LinearStep(
            node, start, end, CHANNEL_FIRST, weight, ExactTensor.zeros((weight.shape[0],)), window, then=step
        )
    if step is None:
        raise node.error("a mean pool without windows")
    return step


def _sums(channels: int, borders: tuple[Border, Border], stride: Pair) -> tuple[ExactTensor, Window]:
    """The sums over the windows; along an axis with one divisor already divided, and strided."""
    (rows, columns), divisor, steps = (b.kernel for b in borders), 1, [1, 1]
    for axis, border in enumerate(borders):
        if border.constant:
            divisor, steps[axis] = divisor * border.kernel, stride[axis]
    check_count((channels, channels, rows, columns))
    eye = np.eye(channels, dtype=np.int64).reshape(channels, channels, 1, 1)
    weight = ExactTensor.from_integers(np.broadcast_to(eye, (channels, channels, rows, columns)), divisor)
    (top, bottom), (left, right) = (b.reach for b in borders)
    return weight, Window((rows, columns), (steps[0], steps[1]), (top, left, bottom, right))


def _masked(border: Border) -> list[list[_Shift]]:
    """The convolutions that multiply by the factor.

    With D and U for shifts by one towards the end and the start, the mask (j, l) is D^j U^(j+l) D^l: first each
    distance l from the end has a group of channels, then each mask, and then the masks are added up.
    """
    masks = border.masks()
    distances = sorted({last for _, last in masks})
    away = [_Shift(group, 0, last, fmpq(1)) for group, last in enumerate(distances)]
    stages = [away] if any(distances) else []
    group_of = {last: group for group, last in enumerate(distances)}
    if not any(first for first, _ in masks):
        return [*stages, [_Shift(0, group_of[last], -last, factor) for (_, last), factor in masks.items()]]
    numbered = list(enumerate(masks.items()))
    back = [_Shift(group, group_of[last], -first - last, fmpq(1)) for group, ((first, last), _) in numbered]
    summed = [_Shift(0, group, first, factor) for group, ((first, _), factor) in numbered]
    return [*stages, back, summed]


def _along(axis: int, shifts: list[_Shift], channels: int, stride: int) -> tuple[ExactTensor, Window]:
    """The convolution of these shifts along rows (axis 0) or columns (axis 1)."""
    before, after = max(0, *(s.shift for s in shifts)), max(0, *(-s.shift for s in shifts))
    outputs, inputs = channels * (1 + max(s.after for s in shifts)), channels * (1 + max(s.before for s in shifts))
    length = before + after + 1
    check_count((outputs, inputs, length))
    taps = np.full((outputs, inputs, length), fmpq(0), dtype=object)
    each = np.arange(channels)
    for s in shifts:
        taps[s.after * channels + each, s.before * channels + each, before - s.shift] = s.factor
    weight = ExactTensor.from_rationals(taps.ravel().tolist(), taps.shape)
    if axis == 0:
        return weight.reshape(outputs, inputs, length, 1), Window((length, 1), (stride, 1), (before, 0, after, 0))
    return weight.reshape(outputs, inputs, 1, length), Window((1, length), (1, stride), (0, before, 0, after))

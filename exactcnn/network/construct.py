"""The construction of THEOREM.md, section 2: from a task to a network with zero error on every image size.

Why the network is right, on an admissible image of any size:

- A position's window of template t either lies inside the image, where the stem gives D_t = max(0, 1 - e'/g'), which
  `exactcnn.network.thresholds` shows to be 1 where the window exhibits t and 0 where it is clear of it; or k >= 1 of
  its pixels lie outside. There every padded channel is 0, the "inside" channel too, so that the unit computes
  max(0, 1 - k - e'/g') = 0, e' being the part of the excess that is seen.
- All windows inside the image are positions, so the global maximum m_t is 1 where t is exhibited, and 0 on an image
  that avoids the feature; always 0 <= m_t <= 1. So r_f = max(0, 1 - sum m_t) is exactly 0 if f is contained, 1 if not.
- An alternative of n literals, each exactly 0 or 1, gives max(0, sum - (n - 1)): 1 if all hold, else 0. A class gives
  1 - max(0, 1 - sum of its alternatives): 1 if one holds, else 0. `otherwise` gives 1/2. So the label's logit is 1 and
  the others are 0 (or 1/2), or the label is `otherwise` and the others are 0: a lead of 1, or of 1/2.
"""

from __future__ import annotations

import math

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, tier_for
from exactcnn.network.model import Conv2d, Dense, GlobalPool, InputUnit, Layer, Network, ReLU
from exactcnn.network.thresholds import Arithmetic, DetectorPlan, plan_detectors
from exactcnn.task.model import Task

__all__ = ["build_network"]

_MOST_WEIGHTS = 10**8


def build_network(
    task: Task,
    *,
    arithmetic: Arithmetic = "dyadic",
    slack: fmpq = fmpq(0),  # noqa: B008 - an immutable number
    unit: InputUnit = InputUnit.PIXEL,
) -> Network:
    """The network of THEOREM.md, section 2; every template of every feature gets a channel, used by a class or not.

    Parameters
    ----------
    task: what to detect and to tell apart;
        its pixel range is relied on, so that thresholds at its ends need no channel.
    arithmetic: "dyadic" relaxes thresholds outwards to a grid 2^-d, d <= 8, and rounds gaps down to powers of two, so
        that every weight is exact in float32. If moreover the pixels are multiples of 2^-8 (whole bytes for
        `InputUnit.BYTE`), all sums of template t's unit are multiples of u = min(1, 2^-8/g') and at most
        n * (range/g' + 1) large, n the window's pixels in all channels: exact in float32 in any order while that is
        at most 2^24 * u. "rational" keeps thresholds and gaps exact.
    slack: the part of each gap, in [0, 1), reserved for changed weights: while no first-layer bias moves by more than
        slack * gap / (2 * constrained pixels), the logits on admissible images do not change at all.
    unit: what the network takes;
        with `InputUnit.BYTE` thresholds and gaps are in byte units, and raw bytes go in.

    Returns
    -------
    Layers Conv2d 1x1, ReLU, Conv2d A x B (A, B the largest window's sides; padded by A-1 below and B-1 on the right, so
    that it is defined at every size), ReLU, GlobalPool max, then Dense with ReLU between; the logits in the order of
    `task.classes`.

    Raises
    ------
    InputError: an unknown arithmetic, a slack outside [0, 1), a gap too small for dyadic weights, or more than 10^8
        weights in the second layer (rational templates with very many different thresholds).
    """
    plan = plan_detectors(task, arithmetic=arithmetic, slack=fmpq(slack), unit=unit)
    stem = (_threshold_layer(plan, len(task.channels)), ReLU(), _template_layer(plan), ReLU(), GlobalPool("max"))
    return Network((*stem, *_head(task, plan)), channels=len(task.channels), unit=unit)


def _threshold_layer(plan: DetectorPlan, channels: int) -> Conv2d:
    """One output a threshold, x - high' or low' - x, and last the "inside" channel, constantly 1."""
    signs = [1 if t.above else -1 for t in plan.thresholds]
    weight = np.zeros((len(signs) + 1, channels, 1, 1), dtype=np.int64)
    for index, (threshold, sign) in enumerate(zip(plan.thresholds, signs, strict=True)):
        weight[index, threshold.channel] = sign
    bias = [-sign * t.value for t, sign in zip(plan.thresholds, signs, strict=True)]
    return Conv2d(ExactTensor.from_integers(weight), ExactTensor.from_rationals([*bias, fmpq(1)]))


def _template_layer(plan: DetectorPlan) -> Conv2d:
    """One output a template: (pixels inside the image) - (n - 1) - (relaxed excess)/g', n pixels in its window."""
    height, width = max(h for h, _ in plan.windows), max(w for _, w in plan.windows)
    shape = (len(plan.gaps), len(plan.thresholds) + 1, height, width)
    if math.prod(shape) > _MOST_WEIGHTS:
        raise InputError(
            "the second layer would have too many weights",
            found=f"{len(plan.gaps)} templates x {len(plan.thresholds)} distinct thresholds x {height} x {width}",
            expected=f"at most {_MOST_WEIGHTS} weights",
            hint='arithmetic="dyadic" shares thresholds between templates.',
        )
    # Over the common denominator of all 1/g', each tap of template t is the integer -denominator/g'.
    denominator = math.lcm(*(int(gap.p) for gap in plan.gaps))
    slopes = [int((denominator / gap).p) for gap in plan.gaps]
    dtype = tier_for(max(denominator, *slopes))
    weight = np.zeros(shape, dtype=dtype)
    templates, thresholds, rows, columns = plan.taps.T
    weight[templates, thresholds, rows, columns] = (-np.array(slopes, dtype=object)[templates]).astype(dtype)
    for index, (rows_in, columns_in) in enumerate(plan.windows):
        weight[index, -1, :rows_in, :columns_in] = denominator
    bias = ExactTensor.from_integers([1 - h * w for h, w in plan.windows])
    return Conv2d(ExactTensor(weight, denominator), bias, padding=(0, 0, height - 1, width - 1))


def _head(task: Task, plan: DetectorPlan) -> tuple[Layer, ...]:
    """From the pooled detectors to the logits."""
    absence = np.zeros((len(task.features), len(plan.features)), dtype=np.int64)
    absence[list(plan.features), range(len(plan.features))] = -1
    named = [(index, c) for index, c in enumerate(task.classes) if not c.otherwise]
    # alternatives of class z take the places owner == z among all alternatives.
    alternatives = [(owner, a) for owner, (_, c) in enumerate(named) for a in c.alternatives]
    literals = np.zeros((len(alternatives), len(task.features)), dtype=np.int64)
    offsets = np.ones(len(alternatives), dtype=np.int64)
    for row, (_, alternative) in enumerate(alternatives):
        # Literals 1 - r_f and r_f, less (their number - 1). Added up, not set: a feature may be in both sets.
        for name in alternative.requires:
            literals[row, task.feature_index[name]] -= 1
        for name in alternative.forbids:
            literals[row, task.feature_index[name]] += 1
            offsets[row] -= 1
    layers: list[Layer] = [_dense(absence, np.ones(len(task.features), dtype=np.int64)), ReLU()]
    layers += [_dense(literals, offsets), ReLU()]
    several = len(alternatives) > len(named)
    if several:
        merged = np.zeros((len(named), len(alternatives)), dtype=np.int64)
        merged[[owner for owner, _ in alternatives], range(len(alternatives))] = -1
        layers += [_dense(merged, np.ones(len(named), dtype=np.int64)), ReLU()]
    # In half units, because `otherwise` has the constant logit 1/2.
    outputs = np.zeros((len(task.classes), len(named)), dtype=np.int64)
    outputs[[index for index, _ in named], range(len(named))] = -2 if several else 2
    constants = np.array([1 if c.otherwise else 2 if several else 0 for c in task.classes], dtype=np.int64)
    return (*layers, _dense(outputs, constants, 2))


def _dense(weight: NDArray[np.int64], bias: NDArray[np.int64], denominator: int = 1) -> Dense:
    """A dense layer of integers over a small denominator."""
    return Dense(
        ExactTensor.from_integers(weight, denominator).reduced(), ExactTensor.from_integers(bias, denominator).reduced()
    )

"""When the prover attacks a network, and how a wrong image is made fit to be shown."""

from __future__ import annotations

import numpy as np

from exactcnn.core.outcome import Stretched
from exactcnn.network.model import Conv2d, GlobalPool, Network, ReLU
from exactcnn.prover.attack import Attack, Progress, subject_of
from exactcnn.prover.attack_simplify import hit_of, simplified
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import Replay
from exactcnn.solvers.pool import Deadline, OutOfTimeError

__all__ = ["attacked", "looks_built", "made_plain"]

_LIKENESS = 0.05


def looks_built(network: Network) -> bool:
    """Whether the network has the shape of DESIGN section 3: such a one is quickly proved, also when it was perturbed,
    pruned or quantised, so that an attack before the proof would be a waste. A guess that no answer rests on.
    """
    head = network.layers[:5]
    kinds = tuple(type(layer) for layer in head)
    if kinds != (Conv2d, ReLU, Conv2d, ReLU, GlobalPool):
        return False
    first, pool = head[0], head[4]
    if not (isinstance(first, Conv2d) and isinstance(pool, GlobalPool)) or first.weight.shape[2:] != (1, 1):
        return False
    weights = np.sort(np.abs(first.weight.floats().reshape(first.weight.shape[0], -1)), axis=1)
    largest = float(weights.max(initial=0.0))
    # One channel and sign a threshold, all of one scale; the channel that says what is inside the image has no weight.
    near = np.abs(weights[:, -1] - largest) <= _LIKENESS * largest
    alone = weights.shape[1] == 1 or bool((weights[:, :-1] <= _LIKENESS * largest).all())
    return pool.kind == "max" and alone and bool((near | (weights[:, -1] <= _LIKENESS * largest)).all())


def attacked(instance: Instance, deadline: Deadline, progress: Progress, rounds: int) -> Replay | None:
    """A wrong image found by so many rounds of an attack, made plain."""
    attack = Attack(subject_of(instance), deadline, progress)
    hit = attack.run(rounds)
    if hit is None:
        return None
    try:
        return simplified(attack, hit).replay
    except OutOfTimeError:
        return hit.replay


def made_plain(instance: Instance, wrong: Replay, deadline: Deadline) -> Replay:
    """A wrong image as plain as was found within the deadline; at worst the given one."""
    if _is_plain(wrong.picture):
        return wrong
    attack = Attack(subject_of(instance), deadline, _silent)
    hit = hit_of(attack, wrong)
    try:
        return wrong if hit is None else simplified(attack, hit).replay
    except OutOfTimeError:
        return wrong


def _silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


def _is_plain(picture: Stretched) -> bool:
    """Whether all pixels of each channel are equal: nothing can be taken away."""
    values = picture.core.numerators.reshape(picture.core.shape[0], -1)
    return bool((values == values[:, :1]).all())

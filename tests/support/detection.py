"""Tasks that ask which of a few drawn features is there alone, and exact checks of networks built for them."""

from __future__ import annotations

from itertools import product

import numpy as np
from flint import fmpq
from support.tiny import drawn

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import logits
from exactcnn.network.model import InputUnit, Network
from exactcnn.task.decide import decide
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass

__all__ = [
    "BUILDS",
    "HALF",
    "ONE",
    "REST",
    "TINY",
    "ZERO",
    "check",
    "detection_task",
    "expected_logits",
    "feature",
    "has",
    "image",
    "pooled",
    "scores",
]

ZERO, ONE, HALF = fmpq(0), fmpq(1), fmpq(1, 2)
SIXTEENTH = fmpq(1, 16)
TINY = fmpq(1, 2**40)
BUILDS = list(product(("dyadic", "rational"), InputUnit))
ZERO_ONE = PixelRange()


def feature(name: str, *patches: str, gap: fmpq = HALF, tolerance: fmpq = SIXTEENTH) -> Feature:
    """A feature from patches such as ".#/#?"."""
    return Feature(name, tuple(drawn(*p.split("/"), tolerance=str(tolerance)) for p in patches), gap)


def has(name: str, *alternatives: tuple[str, str]) -> TaskClass:
    """A class from pairs of space-separated names (required, forbidden)."""
    return TaskClass(name, tuple(Alternative(frozenset(r.split()), frozenset(f.split())) for r, f in alternatives))


REST = TaskClass("rest", otherwise=True)


def detection_task(*features: Feature, pixel: PixelRange = ZERO_ONE) -> Task:
    """One class a feature, satisfied when that one alone is there, and `otherwise`."""
    names = [f.name for f in features]
    classes = [has(f"is {n}", (n, " ".join(m for m in names if m != n))) for n in names]
    return Task("detection", features, (*classes, REST), pixel=pixel)


def image(rows: str) -> ExactTensor:
    return ExactTensor.from_integers(np.array([[[int(c == "#") for c in row] for row in rows.split("/")]]))


def scores(task: Task, network: Network, picture: ExactTensor) -> list[fmpq]:
    return logits(network, picture.reshape(1, *picture.shape), task.pixel).rationals()


def pooled(task: Task, network: Network, picture: ExactTensor) -> list[fmpq]:
    """The pooled detectors m_t."""
    stem = Network(network.layers[:5], network.channels, network.unit)
    return scores(task, stem, picture)


def expected_logits(task: Task, label: str) -> list[fmpq]:
    return [HALF if c.otherwise else ONE if c.name == label else ZERO for c in task.classes]


def check(task: Task, network: Network, picture: ExactTensor) -> str | None:
    """The label, after checking that the logits are exactly those promised; None if the image is not admissible."""
    label = decide(task, picture).label
    if label is not None:
        assert scores(task, network, picture) == expected_logits(task, label), label
    return label

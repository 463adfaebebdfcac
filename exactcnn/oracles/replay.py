"""From an exact image to an `Example`: the task's decision and the network's logits, both evaluated exactly."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Example, Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.task.decide import Decision, decide
from exactcnn.task.model import Task

__all__ = ["check_fit", "example_from", "is_wrong", "replay"]


def check_fit(task: Task, network: Network, height: int, width: int) -> None:
    """Nothing, if the network can answer the task on images of this size.

    Raises
    ------
    InputError: other channels, another number of logits than classes, or the network is not defined at this size.
    """
    if network.channels != len(task.channels):
        raise InputError(
            "the network reads another number of channels than the task has",
            source=network.source,
            found=str(network.channels),
            expected=str(len(task.channels)),
        )
    blank = ExactTensor.full((1, len(task.channels), height, width), task.pixel.low)
    found = logits(network, blank, task.pixel).shape[1]
    if found != len(task.classes):
        raise InputError(
            "the network has another number of logits than the task has classes",
            source=network.source,
            found=str(found),
            expected=str(len(task.classes)),
        )


def replay(task: Task, network: Network, image: ExactTensor) -> Example | None:
    """What the task and the network say of an image (C, H, W); None if it is not admissible."""
    decision = decide(task, image)
    values = logits(network, image.reshape(1, *image.shape), task.pixel).rationals()
    return example_from(image, decision, values)


def example_from(image: ExactTensor, decision: Decision, values: Sequence[fmpq]) -> Example | None:
    """The example of a decided image with these logits; None if the image is not admissible."""
    if not decision.admissible or decision.label is None or decision.configuration is None:
        return None
    contained = [status for status in decision.statuses if status.name in decision.configuration]
    return Example(
        picture=Stretched(image, image.shape[1], image.shape[2]),
        label=decision.label,
        features=tuple(status.name for status in contained),
        windows=tuple(window for status in contained for window in status.exhibiting),
        logits=tuple(values),
    )


def is_wrong(task: Task, example: Example) -> bool:
    """Whether the label's logit is not strictly the largest."""
    label = next(i for i, c in enumerate(task.classes) if c.name == example.label)
    return example.lead(label) <= 0

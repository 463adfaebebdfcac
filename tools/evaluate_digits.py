"""What the shipped task `digits` says of real scans that its making did not see.

    python tools/evaluate_digits.py

counts, exactly, how many of the scans kept apart by tools/make_digits.py are admissible images of the task, whether
their labels are the digits that people wrote, and whether the network that exactcnn builds gives them those labels.
It needs scikit-learn (the extra `data`).
"""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from exactcnn import api
from exactcnn.core.tensor import ExactTensor
from exactcnn.examples import catalogue
from exactcnn.network.evaluate import logits
from exactcnn.task.decide import decide

sys.path.insert(0, str(Path(__file__).parent))

from make_digits import NAMES, SIDE, TRAINING, scans


@dataclass(frozen=True)
class Evaluation:
    """Counts of scans.

    Attributes
    ----------
    scans: all that were looked at.
    admissible: those that the task gives a label.
    as_written: of these, those whose label is the digit that was written.
    network_right: of the admissible ones, those whose label has the strictly largest logit.
    unseen: of the others, those that contain no digit, but avoid them all.
    """

    scans: int
    admissible: int
    as_written: int
    network_right: int
    unseen: int


def evaluate(first: int = TRAINING, last: int | None = None) -> Evaluation:
    """The counts for the scans number `first` to `last` (excluded; by default to the end)."""
    task = api.load_task(catalogue.path("digits"))
    values, digits = (part[first:last] for part in scans())
    images = ExactTensor.from_integers(values.reshape(-1, 1, SIDE, SIDE).astype(np.int64))
    outputs = logits(api.build(task), images, task.pixel)
    classes = [c.name for c in task.classes]
    admissible = as_written = network_right = unseen = 0
    for number, digit in enumerate(digits.tolist()):
        decision = decide(task, images[number])
        unseen += decision.configuration == frozenset()
        if not decision.admissible:
            continue
        admissible += 1
        as_written += decision.label == NAMES[digit]
        scores = outputs[number].rationals()
        right = scores.pop(classes.index(decision.label))
        network_right += right > max(scores)
    return Evaluation(len(digits), admissible, as_written, network_right, unseen)


def report(found: Evaluation) -> str:
    """The counts in words."""
    return (
        f"scans that the task was not made from   {found.scans}\n"
        f"admissible                              {found.admissible} "
        f"({100 * found.admissible / found.scans:.1f} %)\n"
        f"  labelled with the digit written       {found.as_written}\n"
        f"  given their label by the network      {found.network_right}\n"
        f"not admissible                          {found.scans - found.admissible}\n"
        f"  without any digit, says the task      {found.unseen}\n"
        f"  too near to a digit to be without it  {found.scans - found.admissible - found.unseen}\n"
    )


if __name__ == "__main__":
    sys.stdout.write(report(evaluate()))

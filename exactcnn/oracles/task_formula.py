"""A task over the pixels of one image size: contained and avoided features, classes, admissibility."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.box import Box
from exactcnn.oracles.formula import Formula, conjunction, disjunction, negation, weighted_sum
from exactcnn.oracles.network_formula import Planes
from exactcnn.task.model import Feature, Task, TaskClass

__all__ = ["TaskTerms", "encode_task"]


@dataclass(frozen=True)
class TaskTerms:
    """What `encode_task` added to a formula.

    Attributes
    ----------
    image: the pixels' variables, named x_<channel>_<row>_<column>.
    labels: for each class of the task a Boolean term: the image has this label.
    """

    image: Planes
    labels: tuple[str, ...]


def encode_task(formula: Formula, task: Task, height: int, width: int) -> TaskTerms:
    """Asserts that an image of this size is admissible.

    One Boolean a feature says that it is contained (some window exhibits some template) and its negation that it is
    avoided (every window is clear of every template), so that nothing in between is left; exactly one class holds.
    """
    low, high = task.pixel.low, task.pixel.high
    formula.comment(f"task {task.name!r}, images of {height}x{width}")
    image = [
        [[formula.real(f"x_{c}_{i}_{j}", low, high) for j in range(width)] for i in range(height)]
        for c in range(len(task.channels))
    ]
    contained = {
        feature.name: _encode_feature(formula, feature, f"f_{k}", image) for k, feature in enumerate(task.features)
    }
    return TaskTerms(image, _encode_classes(formula, task, contained))


def _encode_feature(formula: Formula, feature: Feature, name: str, image: Planes) -> str:
    """The Boolean that says that the image contains the feature."""
    formula.comment(f"{name}: contains {feature.name!r}")
    contains = formula.boolean(name)
    windows = list(_windows(feature, image))
    exhibited = disjunction(
        _exhibits(formula, template, window) for template in feature.templates for window in windows
    )
    clear = conjunction(
        formula.at_least_zero(_excess(formula, template, window).shifted(-feature.gap))
        for template in feature.templates
        for window in windows
    )
    formula.add(disjunction([negation(contains), exhibited]))
    formula.add(disjunction([contains, clear]))
    return contains


def _windows(feature: Feature, image: Planes) -> Iterator[list[Affine]]:
    """The pixels of every window of the feature's size, in the order of a template's entries; none if none fits."""
    for top in range(len(image[0]) - feature.height + 1):
        for left in range(len(image[0][0]) - feature.width + 1):
            yield [
                pixel
                for plane in image
                for row in plane[top : top + feature.height]
                for pixel in row[left : left + feature.width]
            ]


def _intervals(template: Box) -> Iterator[tuple[fmpq, fmpq]]:
    return zip(template.low.rationals(), template.high.rationals(), strict=True)


def _exhibits(formula: Formula, template: Box, window: list[Affine]) -> str:
    """The window lies in the template's box."""
    return conjunction(
        term
        for pixel, (low, high) in zip(window, _intervals(template), strict=True)
        for term in (
            formula.at_least_zero(pixel.shifted(-low)),
            formula.at_least_zero((-pixel).shifted(high)),
        )
    )


def _excess(formula: Formula, template: Box, window: list[Affine]) -> Affine:
    """The sum over pixels of max(0, pixel - high) + max(0, low - pixel)."""
    return weighted_sum(
        (fmpq(1), formula.rectified(form))
        for pixel, (low, high) in zip(window, _intervals(template), strict=True)
        for form in (pixel.shifted(-high), (-pixel).shifted(low))
    )


def _encode_classes(formula: Formula, task: Task, contained: dict[str, str]) -> tuple[str, ...]:
    """One Boolean a class, tied to its formula; exactly one of them holds."""
    labels = []
    for k, task_class in enumerate(task.classes):
        formula.comment(f"k_{k}: class {task_class.name!r}")
        labels.append(formula.boolean(f"k_{k}"))
    named = [label for label, c in zip(labels, task.classes, strict=True) if not c.otherwise]
    for label, task_class in zip(labels, task.classes, strict=True):
        meaning = negation(disjunction(named)) if task_class.otherwise else _class_term(task_class, contained)
        formula.add(f"(= {label} {meaning})")
    formula.add(disjunction(labels))
    for k, first in enumerate(labels):
        for second in labels[:k]:
            formula.add(negation(conjunction([second, first])))
    return tuple(labels)


def _class_term(task_class: TaskClass, contained: dict[str, str]) -> str:
    return disjunction(
        conjunction(
            [contained[name] for name in sorted(alternative.requires)]
            + [negation(contained[name]) for name in sorted(alternative.forbids)]
        )
        for alternative in task_class.alternatives
    )

"""Statements (`.stmt`): what a certificate proves, as canonical text (`exactcnn/checker/FORMAT.md`).

A statement holds the task, the network with its exact weights, the range of sizes and the claimed margin. Each meaning
has one byte sequence, so that the SHA-256 of the text names it.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.formats.xnet import format_xnet
from exactcnn.network.model import Network
from exactcnn.task.model import Alternative, Feature, Task, TaskClass

__all__ = ["Execution", "encoded_name", "format_statement", "statement_sha256"]

_HEADER = "exactcnn statement 1"


@dataclass(frozen=True)
class Execution:
    """Float32 execution, on images whose numbers are all float32 or, with `step`, multiples of that power of two."""

    step: fmpq | None = None


def format_statement(
    task: Task,
    network: Network,
    sizes: SizeRange,
    margin: fmpq,
    source_sha256: str | None,
    execution: Execution | None = None,
) -> str:
    """The statement "the network has zero error on the task's images of these sizes, with this margin".

    Parameters
    ----------
    margin: > 0.
    execution: None for exact arithmetic; else the statement and its margin are about float32 execution.
    source_sha256: the SHA-256 of the ONNX file that the network was read from, if it was.

    Raises
    ------
    InputError: the margin is not positive, or the network is too large for its text form.
    """
    if margin <= 0:
        raise InputError("a statement claims no margin", found=str(margin), expected="> 0")
    high, wide = (n if n is not None else "any" for n in (sizes.max_height, sizes.max_width))
    lines = [
        _HEADER,
        f"sizes {sizes.min_height} {high} {sizes.min_width} {wide}",
        f"margin {format_rational(margin)}{_execution(execution)}",
        f"source {source_sha256 or 'none'}",
        *_task_lines(task),
        "network",
    ]
    return "\n".join(lines) + "\n" + format_xnet(network) + "end\n"


def _execution(execution: Execution | None) -> str:
    if execution is None:
        return ""
    return " float32" if execution.step is None else f" float32 step {format_rational(execution.step)}"


def statement_sha256(text: str) -> str:
    """The name of a statement: the SHA-256 of its bytes, in lower-case hexadecimal digits."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def encoded_name(name: str) -> str:
    """A name as one token: percent-encoded UTF-8; the empty name is `%`."""
    return quote(name, safe="") or "%"


def _task_lines(task: Task) -> Iterator[str]:
    low, high = format_rational(task.pixel.low), format_rational(task.pixel.high)
    yield f"task {encoded_name(task.name)} channels {len(task.channels)} pixel {low} {high}"
    yield f"features {len(task.features)}"
    for feature in task.features:
        yield from _feature_lines(feature)
    yield f"classes {len(task.classes)}"
    for task_class in task.classes:
        yield from _class_lines(task, task_class)


def _feature_lines(feature: Feature) -> Iterator[str]:
    gap, count = format_rational(feature.gap), len(feature.templates)
    name = encoded_name(feature.name)
    yield f"feature {name} {feature.height} {feature.width} gap {gap} templates {count}"
    for template in feature.templates:
        yield "template"
        yield from _template_lines(template)


def _template_lines(template: Box) -> Iterator[str]:
    width = template.shape[2]
    pairs = [
        f"{format_rational(low)} {format_rational(high)}"
        for low, high in zip(template.low.rationals(), template.high.rationals(), strict=True)
    ]
    for start in range(0, len(pairs), width):
        yield " ".join(pairs[start : start + width])


def _class_lines(task: Task, task_class: TaskClass) -> Iterator[str]:
    name = encoded_name(task_class.name)
    if task_class.otherwise:
        yield f"class {name} otherwise"
        return
    yield f"class {name} alternatives {len(task_class.alternatives)}"
    for alternative in task_class.alternatives:
        yield _alternative_line(task, alternative)


def _alternative_line(task: Task, alternative: Alternative) -> str:
    requires = sorted(task.feature_index[n] for n in alternative.requires)
    forbids = sorted(task.feature_index[n] for n in alternative.forbids)
    return " ".join(["alternative requires", *map(str, requires), "forbids", *map(str, forbids)])

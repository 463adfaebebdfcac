"""Tasks of black-and-white patterns as task files."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InternalError
from exactcnn.formats.files import atomic_write
from exactcnn.formats.task_file import load_task
from exactcnn.task.model import Alternative, Feature, Task, TaskClass

__all__ = ["write_task"]


def write_task(task: Task, path: Path) -> None:
    """Writes a task file with drawn patches.

    Raises
    ------
    InternalError: read back, the file is another task: it has more than black and white pixels, or other tolerances
        than the default.
    """
    atomic_write(path, "\n".join(_lines(task)) + "\n")
    if load_task(path) != task:
        raise InternalError(f'the task "{task.name}" is not what its file says')


def _lines(task: Task) -> Iterable[str]:
    yield from ("[task]", f'name = "{task.name}"')
    for feature in task.features:
        yield from ("", "[[feature]]", f'name = "{feature.name}"', f'gap = "{feature.gap}"', *_patch(feature))
    for task_class in task.classes:
        yield from ("", "[[class]]", f'name = "{task_class.name}"', _formula(task_class))
    if task.generator is not None:
        (low, high), *_ = task.generator.background
        yield from ("", "[generator]", f'background = ["{low}", "{high}"]', f"spacing = {task.generator.spacing}")


def _patch(feature: Feature) -> Iterable[str]:
    yield "patches = ["
    for template in feature.templates:
        yield from ('"""', *_drawing(template), '""",')
    yield "]"


def _drawing(template: Box) -> Iterable[str]:
    middle = template.centre()
    _, rows, columns = middle.shape
    for row in range(rows):
        yield "".join("#" if middle.item(0, row, column) > fmpq(1, 2) else "." for column in range(columns))


def _formula(task_class: TaskClass) -> str:
    if task_class.otherwise:
        return "otherwise = true"
    return f"any = [{', '.join(_alternative(a) for a in task_class.alternatives)}]"


def _alternative(alternative: Alternative) -> str:
    return f"{{requires = {_names(alternative.requires)}, forbids = {_names(alternative.forbids)}}}"


def _names(names: Iterable[str]) -> str:
    return "[" + ", ".join(f'"{name}"' for name in sorted(names)) + "]"

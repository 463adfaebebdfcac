"""The notebooks as files: stripped, complete, with exercises that have checks and solutions. CI runs them elsewhere."""

from __future__ import annotations

import ast
import importlib.util
import json
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

Cells = list[dict[str, Any]]


def tool(name: str) -> Any:
    """A script of tools/ as a module."""
    spec = importlib.util.spec_from_file_location(name, ROOT / "tools" / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


solving = tool("solve_notebooks")


def content(path: Path) -> dict[str, Any]:
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result


def tags(cell: dict[str, Any]) -> list[str]:
    return list(cell["metadata"].get("tags", []))


def source(cell: dict[str, Any]) -> str:
    return "".join(cell["source"])


def python(cell: dict[str, Any]) -> str:
    """A code cell without IPython's own lines."""
    return "\n".join("" if line.startswith("%") else line for line in source(cell).splitlines())


def test_they_are_numbered_and_listed() -> None:
    assert NOTEBOOKS
    assert [p.name[:3] for p in NOTEBOOKS] == [f"0{n}-" for n in range(1, len(NOTEBOOKS) + 1)]
    readme = (ROOT / "notebooks" / "README.md").read_text(encoding="utf-8")
    assert all(p.name in readme for p in NOTEBOOKS)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_nothing_that_was_computed_is_kept(path: Path) -> None:
    notebook = content(path)
    assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
    assert set(notebook["metadata"]) == {"kernelspec", "language_info"}
    assert notebook["metadata"]["language_info"] == {"name": "python"}
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"tags"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None
    ids = [cell["id"] for cell in notebook["cells"]]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_every_notebook_opens_asserts_and_ends_in_exercises(path: Path) -> None:
    cells: Cells = content(path)["cells"]
    first = source(cells[0])
    assert first.startswith(f"# {int(path.name[:2])}. ")
    for word in ("**You need**", "**Time**", "**Afterwards**"):
        assert word in first
    assert source(cells[1]).startswith("%load_ext exactcnn\n")
    heading = next(n for n, c in enumerate(cells) if c["cell_type"] == "markdown" and "## Exercises" in source(c))
    claims = [c for c in cells[:heading] if c["cell_type"] == "code" and "assert " in source(c)]
    assert len(claims) >= 3
    exercises = [n for n, c in enumerate(cells) if "exercise" in tags(c)]
    assert len(exercises) >= 3
    assert all(n > heading for n in exercises)
    assert "check" in tags(cells[-1])
    for number in exercises:
        assert tags(cells[number + 1]) == ["check"]
        assert "assert" in source(cells[number + 1])
    assert "\N{EM DASH}" not in path.read_text(encoding="utf-8")


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_solutions_fit_and_are_python(path: Path) -> None:
    notebook = content(path)
    plain = solving.solved(notebook, solving.solutions_of(path), plain=True)
    assert len(plain["cells"]) == len(notebook["cells"])
    full = solving.solved(notebook, solving.solutions_of(path))
    exercises = sum("exercise" in tags(c) for c in notebook["cells"])
    assert len(full["cells"]) == len(notebook["cells"]) + 2 * exercises
    for cell in full["cells"]:
        if cell["cell_type"] == "code":
            ast.parse(python(cell))


def cell(name: str, text: str, tag: str | None = None) -> dict[str, Any]:
    return {"id": name, "cell_type": "code", "metadata": {"tags": [tag]} if tag else {}, "source": [text]}


EXERCISE, CHECK = cell("e", "a = ...", "exercise"), cell("e-check", "assert a == 1", "check")


@pytest.mark.parametrize(
    ("cells", "solutions", "message"),
    [
        ([EXERCISE, CHECK], {}, "no solution of e"),
        ([EXERCISE, CHECK], {"e": "a = 1", "f": ""}, "solutions of no exercise: f"),
        ([EXERCISE], {"e": "a = 1"}, "no check follows e"),
        ([EXERCISE, cell("x", "1"), CHECK], {"e": "a = 1"}, "no check follows e"),
        ([cell("e", "a = 1", "exercise"), CHECK], {"e": "a = 1"}, "nothing is left to be done in e"),
    ],
)
def test_exercises_that_are_not_complete(cells: Cells, solutions: dict[str, str], message: str) -> None:
    with pytest.raises(solving.NotebookError, match=message):
        solving.solved({"cells": cells}, solutions)


def run(cells: Cells) -> None:
    space: dict[str, object] = {}
    for entry in cells:
        exec(source(entry), space)


def test_a_check_has_to_fail_first_and_to_pass_then() -> None:
    run(solving.solved({"cells": [EXERCISE, CHECK]}, {"e": "a = 1"})["cells"])
    with pytest.raises(AssertionError, match="without an answer"):
        run(solving.solved({"cells": [EXERCISE, cell("e-check", "assert a", "check")]}, {"e": "a = 1"})["cells"])
    with pytest.raises(AssertionError):
        run(solving.solved({"cells": [EXERCISE, CHECK]}, {"e": "a = 2"})["cells"])

"""Copies of the notebooks with the exercises solved, to be run by continuous integration or read by instructors.

    python tools/solve_notebooks.py -o out/notebooks [--plain] [NOTEBOOK ...]

An exercise is a cell with the tag `exercise`; its solution stands under its cell's id in notebooks/solutions/NN.py; the
cell after it has the tag `check`. In a copy the check first has to fail with the exercise as it is, and then to pass
with the solution. `--plain` leaves the failing attempt out.
"""

from __future__ import annotations

import argparse
import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent.parent / "notebooks"
HEADING = re.compile(r"^# %% ([\w-]+)\n", re.MULTILINE)

Cell = dict[str, Any]


class NotebookError(Exception):
    """A notebook and its solutions do not fit together."""


def solutions_of(notebook: Path) -> dict[str, str]:
    """The solutions of a notebook, by the id of their cells."""
    path = notebook.parent / "solutions" / f"{notebook.name[:2]}.py"
    parts = HEADING.split(path.read_text(encoding="utf-8"))
    return {name: text.strip("\n") for name, text in zip(parts[1::2], parts[2::2], strict=True)}


def solved(content: dict[str, Any], solutions: dict[str, str], *, plain: bool = False) -> dict[str, Any]:
    """The notebook with its exercises solved.

    Parameters
    ----------
    content: the notebook.
    solutions: by the id of the exercises' cells.
    plain: leave out the attempt that has to fail.

    Raises
    ------
    NotebookError: an exercise without a solution, without `...` or without a check behind it, or a spare solution.
    """
    cells: list[Cell] = []
    left = dict(solutions)
    originals: list[Cell] = content["cells"]
    for cell, following in zip(originals, [*originals[1:], None], strict=True):
        if "exercise" not in cell["metadata"].get("tags", ()):
            cells.append(cell)
            continue
        name = cell["id"]
        if following is None or "check" not in following["metadata"].get("tags", ()):
            raise NotebookError(f"no check follows {name}")
        if "..." not in "".join(cell["source"]):
            raise NotebookError(f"nothing is left to be done in {name}")
        if name not in left:
            raise NotebookError(f"there is no solution of {name}")
        if not plain:
            cells += [cell, _code(f"{name}-fails", _has_to_fail("".join(following["source"])))]
        cells.append(_code(f"{name}-solved", left.pop(name)))
    if left:
        raise NotebookError("solutions of no exercise: " + ", ".join(left))
    return content | {"cells": cells}


def _code(name: str, source: str) -> Cell:
    return {
        "cell_type": "code",
        "id": name,
        "metadata": {},
        "execution_count": None,
        "outputs": [],
        "source": source.splitlines(keepends=True),
    }


def _has_to_fail(check: str) -> str:
    return (
        "passed = True\n"
        "try:\n"
        f"    exec({check!r})\n"
        "except AssertionError:\n"
        "    passed = False\n"
        'assert not passed, "the check passes without an answer"\n'
    )


def main() -> int:
    """0 if all copies were written."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path, help="by default all")
    parser.add_argument("-o", "--output", type=Path, required=True, help="the folder to write to")
    parser.add_argument("--plain", action="store_true", help="only the solutions, for reading")
    options = parser.parse_args()
    options.output.mkdir(parents=True, exist_ok=True)
    for path in options.notebooks or sorted(HERE.glob("[0-9]*.ipynb")):
        content = json.loads(path.read_text(encoding="utf-8"))
        try:
            result = solved(content, solutions_of(path), plain=options.plain)
        except NotebookError as error:
            sys.stderr.write(f"{path.name}: {error}\n")
            return 1
        (options.output / path.name).write_text(json.dumps(result, indent=1, ensure_ascii=False) + "\n", "utf-8")
    data = HERE / "data"
    if data.is_dir():
        shutil.copytree(data, options.output / "data", dirs_exist_ok=True)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

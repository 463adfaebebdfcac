"""What the commands share: consoles, options, sizes, files."""

from __future__ import annotations

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange

if TYPE_CHECKING:
    from flint import fmpq
    from rich.console import Console

__all__ = [
    "JsonOption",
    "NetworkOption",
    "SizeOption",
    "TaskArgument",
    "TimeoutOption",
    "WorkersOption",
    "file_stem",
    "note",
    "one_size",
    "parse_sizes",
    "print_json",
    "rational_option",
    "require_folder",
    "seconds",
    "solver_names",
    "stderr",
    "stdout",
]

TaskArgument = Annotated[Path, typer.Argument(metavar="TASK", help="The task file (TOML).", show_default=False)]
NetworkOption = Annotated[
    Path | None,
    typer.Option(
        "--network", metavar="NET", help="The network, .onnx or .xnet; by default one is built.", show_default=False
    ),
]
SizeOption = Annotated[str, typer.Option("--size", metavar="SIZE", help="HxW, HxW..HxW, HxW..any or any.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object instead of text.")]
TimeoutOption = Annotated[
    float | None, typer.Option("--timeout", metavar="S", help="Give up after this many seconds.", show_default=False)
]
WorkersOption = Annotated[
    int | None, typer.Option("--workers", metavar="N", min=1, help="Processes; one a core by default.")
]


def stdout() -> Console:
    """The console of results: plain text, no colours when piped."""
    return _console(error=False)


def stderr() -> Console:
    """The console of messages."""
    return _console(error=True)


def _console(*, error: bool) -> Console:
    from exactcnn.cli.console import PlainConsole

    return PlainConsole(error=error)


def note(text: str) -> None:
    """A message on stderr."""
    stderr().print(text, soft_wrap=True, style="dim")


def print_json(value: Mapping[str, object]) -> None:
    """One object on stdout."""
    typer.echo(json.dumps(value, indent=2))


def parse_sizes(text: str) -> SizeRange:
    """The sizes that --size gives.

    Raises
    ------
    InputError: they are no sizes.
    """
    try:
        return SizeRange.parse(text)
    except InputError as error:
        raise error.located(place="--size") from None


def one_size(text: str) -> tuple[int, int]:
    """The single size that --size gives, (height, width).

    Raises
    ------
    InputError: it is no size, or more than one.
    """
    sizes = parse_sizes(text)
    if not sizes.is_fixed:
        raise InputError("more than one size", place="--size", found=text, expected="one size HxW, such as 32x32")
    return sizes.min_height, sizes.min_width


def seconds(value: float | None) -> float | None:
    """A time limit.

    Raises
    ------
    InputError: it is not a positive, finite number.
    """
    if value is not None and not (math.isfinite(value) and value > 0):
        raise InputError("not a time limit", place="--timeout", found=str(value), expected="a number of seconds > 0")
    return value


def rational_option(text: str, option: str) -> fmpq:
    """A rational number that an option gives.

    Raises
    ------
    InputError: it is none.
    """
    from exactcnn.core.rational import parse_rational

    try:
        return parse_rational(text)
    except InputError as error:
        raise error.located(place=option) from None


def solver_names(text: str | None) -> tuple[str, ...]:
    """The solvers that --cross-check gives.

    Raises
    ------
    InputError: there is no solver of a name.
    """
    if text is None:
        return ()
    from exactcnn.solvers.second_opinion import SOLVERS

    names = tuple(text.split(","))
    for name in names:
        if name not in SOLVERS:
            expected = f"{' or '.join(SOLVERS)}, several with a comma between"
            raise InputError("no solver of that name", place="--cross-check", found=repr(name), expected=expected)
    return names


def require_folder(path: Path) -> None:
    """Makes sure, before long work starts, that a file can be written at a path.

    Raises
    ------
    InputError: the folder does not exist or cannot be written, or the path is a folder.
    """
    folder = path.parent
    if not folder.is_dir():
        raise InputError("the folder to write to does not exist", source=str(path), expected=f"a folder {folder}")
    if path.is_dir():
        raise InputError("the file cannot be written", source=str(path), found="a folder", expected="a file")
    if not os.access(folder, os.W_OK):
        raise InputError("the folder cannot be written", source=str(folder))


def file_stem(name: str) -> str:
    """A name as a part of a file name: other characters than letters, digits, `-` and `_` become `-`."""
    return re.sub(r"[^\w-]+", "-", name).strip("-") or "task"

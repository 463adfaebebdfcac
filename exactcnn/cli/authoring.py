"""`exactcnn new` and `exactcnn build`."""

from __future__ import annotations

import contextlib
import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exactcnn.cli.common import TaskArgument, file_stem, note, stdout
from exactcnn.core.errors import InputError

if TYPE_CHECKING:
    from exactcnn.network.model import Network

__all__ = ["ArithmeticName", "UnitName", "build", "describe_network", "new", "scaffold"]

_SCAFFOLD = '''\
# A task for exactcnn: which features images can contain, and which classes
# follow from them. Check it with `exactcnn verify {file}`.

[task]
name = {name}
# Two windows count as different only when their pixels differ by at least the
# gap in total. A window nearer than that to a feature, without being the
# feature, makes an image inadmissible: the network is free to say anything.
gap = "1/2"
# A drawn pixel v stands for all values from v - tolerance to v + tolerance.
tolerance = "1/16"

# A feature is a drawing: '.' is 0, '#' is 1, a digit n is n/9, '?' is any
# pixel. Features may have any sizes; `patches = [...]` gives several drawings
# of one feature.
[[feature]]
name = "cross"
patch = """
.#.
###
.#.
"""

[[feature]]
name = "ring"
patch = """
####
#..#
#..#
####
"""

# A class says which features an image of it contains and which it avoids.
[[class]]
name = "cross"
requires = ["cross"]
forbids = ["ring"]

[[class]]
name = "ring"
requires = ["ring"]
forbids = ["cross"]

[[class]]
name = "both"
requires = ["cross", "ring"]

# Images that satisfy no other class belong to this one.
[[class]]
name = "neither"
otherwise = true

# How `exactcnn generate` draws images: background pixels lie in this interval,
# and at least `spacing` rows or columns lie between two features.
[generator]
background = ["0", "1/8"]
spacing = 1
'''


class ArithmeticName(StrEnum):
    """What the weights are."""

    DYADIC = "dyadic"
    RATIONAL = "rational"


class UnitName(StrEnum):
    """What the network reads."""

    PIXEL = "pixel"
    BYTES = "bytes"


def scaffold(name: str, file: str) -> str:
    """A commented task of this name, which `verify` proves."""
    return _SCAFFOLD.format(name=_quoted(name), file=file)


def _quoted(name: str) -> str:
    # JSON's strings are TOML's basic strings but for the one control character that JSON leaves as it is.
    return json.dumps(name, ensure_ascii=False).replace("\x7f", "\\u007f")


def copied(example: str, name: str, path: Path) -> dict[Path, bytes | str]:
    """A shipped task under another name, as the file `path`, and the pictures beside it that it refers to.

    Raises
    ------
    InputError: no task of the name `example` is shipped.
    """
    from exactcnn.examples import catalogue
    from exactcnn.formats.files import read_bytes, read_text

    if example not in catalogue.names():
        shipped = ", ".join(catalogue.names())
        raise InputError("no such task is shipped", place="--example", found=example, expected=f"one of {shipped}")
    file = catalogue.path(example)
    text = read_text(file).replace(f"name = {_quoted(example)}", f"name = {_quoted(name)}", 1)
    pictures = {path.parent / p.relative_to(file.parent): read_bytes(p) for p in catalogue.pictures(example)}
    return {path: text, **pictures}


def new(
    name: Annotated[str, typer.Argument(metavar="NAME", help="The task's name.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="FILE", help="The file to write.", show_default="NAME.toml")
    ] = None,
    example: Annotated[
        str | None,
        typer.Option("--example", metavar="TASK", help="Copy a shipped task: digits, letters, shapes or signs."),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace the file if it is there.")] = False,
) -> None:
    """Write a small, commented task file to start from.

    The task has two features and four classes, and verify proves it as it is.

    Examples:
      exactcnn new signs
      exactcnn new "road signs" -o tasks/signs.toml
      exactcnn new shapes --example shapes
    """
    from exactcnn.examples import catalogue
    from exactcnn.formats.files import atomic_write_all
    from exactcnn.formats.task_file import parse_task

    # Many give the name of the file.
    name = name.removesuffix(".toml") or name
    path = output if output is not None else Path(f"{file_stem(name)}.toml")
    if example is None:
        files: dict[Path, bytes | str] = {path: scaffold(name, " ".join(str(path).split()))}
    else:
        files = copied(example, name, path)
    for file in files:
        if file.exists() and not force:
            hint = "Give another name with -o, or --force to replace it"
            raise InputError("the file is there already", source=str(file), hint=hint)
    # The pictures of a copy are not there yet.
    parse_task(str(files[path]), source=str(path), folder=catalogue.path(example).parent if example else path.parent)
    for folder in {file.parent for file in files if path.parent.is_dir()}:
        # Where this fails, writing fails as well, and says why.
        with contextlib.suppress(OSError):
            folder.mkdir(exist_ok=True)
    atomic_write_all(files)
    for file in files:
        note(f"wrote {file}")
    stdout().print(f"exactcnn verify {path}", soft_wrap=True)


def build(
    task: TaskArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="NET", help="NET.onnx or NET.xnet.", show_default=False)
    ],
    arithmetic: Annotated[
        ArithmeticName, typer.Option("--arithmetic", help="dyadic: weights that float32 holds exactly.")
    ] = ArithmeticName.DYADIC,
    slack: Annotated[
        str, typer.Option("--slack", metavar="Q", help="The part of the gap, from 0 to below 1, kept in reserve.")
    ] = "0",
    unit: Annotated[
        UnitName, typer.Option("--input", help="bytes: the network reads raw bytes 0..255.")
    ] = UnitName.PIXEL,
) -> None:
    """Build the network that solves a task with zero error.

    Weights are exact: an ONNX file holds them without loss or is not written.

    Examples:
      exactcnn build signs.toml -o signs.onnx
      exactcnn build signs.toml -o signs.onnx --input bytes --slack 1/4
      exactcnn build signs.toml -o signs.xnet --arithmetic rational
    """
    from exactcnn import api
    from exactcnn.core.rational import parse_rational
    from exactcnn.formats.network_file import save_network
    from exactcnn.network.model import InputUnit

    try:
        reserve = parse_rational(slack)
    except InputError as error:
        raise error.located(place="--slack") from None
    chosen = InputUnit.BYTE if unit is UnitName.BYTES else InputUnit.PIXEL
    network = api.build(api.load_task(task), arithmetic=arithmetic.value, slack=reserve, unit=chosen)
    save_network(output, network)
    note(f"wrote {output}")
    stdout().print("\n".join(describe_network(network)), soft_wrap=True)


def describe_network(network: Network) -> list[str]:
    """One line a layer with weights, and what it does."""
    from exactcnn.network.model import Conv2d, Dense, GlobalPool, ReLU

    lines = [f"input: {network.channels} channel(s), {network.unit.value} values"]
    for number, layer in enumerate(network.layers):
        relu = " + ReLU" if isinstance(next(iter(network.layers[number + 1 :]), None), ReLU) else ""
        if isinstance(layer, Conv2d):
            outputs, inputs, height, width = layer.weight.shape
            lines.append(f"convolution {height}x{width}: {inputs} to {outputs} channels{relu}")
        elif isinstance(layer, Dense):
            outputs, inputs = layer.weight.shape
            lines.append(f"dense: {inputs} to {outputs}{relu}")
        elif isinstance(layer, GlobalPool):
            lines.append(f"global {layer.kind} over all positions")
        elif not isinstance(layer, ReLU):
            lines.append(type(layer).__name__)
    return lines

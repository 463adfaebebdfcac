"""Running the command line inside the test process, and task files to run it on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from typer.testing import CliRunner

from exactcnn.cli.main import app

__all__ = ["DOT", "DOT_NETWORK", "DOT_SPOILT", "Ran", "lines", "run", "write"]

DOT = """\
[task]
name = "dot"

[[feature]]
name = "dot"
patch = "#"

[[class]]
name = "with"
requires = ["dot"]

[[class]]
name = "without"
forbids = ["dot"]
"""
"""The smallest task that says something: a bright pixel, or none."""

DOT_NETWORK = """\
exactcnn network 1
input pixel channels 1
conv out 1 in 1 rows 1 columns 1 stride 1 1 padding 0 0 0 0
2
bias -7/8
relu
globalpool max
dense out 2 in 1
1
-1
bias 0 1
end
"""
"""A network for `DOT` that is right: its channel is at least 1 on a dot and 0 where all pixels are clear of one."""

DOT_SPOILT = DOT_NETWORK.replace("bias -7/8", "bias -1/4")
"""The same with one bias wrong: a pixel of 7/16 is no dot, and yet its channel is 5/8."""


@dataclass(frozen=True)
class Ran:
    """What a command did."""

    code: int
    out: str
    err: str


def run(*args: object) -> Ran:
    """Runs `exactcnn ARGS`."""
    result = CliRunner().invoke(app, [str(a) for a in args], catch_exceptions=False)
    return Ran(result.exit_code, result.stdout, result.stderr)


def write(path: Path, text: str) -> Path:
    """Writes a text file; its path."""
    path.write_text(text, encoding="utf-8")
    return path


def lines(text: str) -> list[str]:
    """The lines that say anything."""
    return [line for line in text.splitlines() if line.strip()]

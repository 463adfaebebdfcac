"""Texts of small tasks, and what they mean in short."""

from __future__ import annotations

from pathlib import Path

import pytest
from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.formats.task_file import parse_task
from exactcnn.task.model import Task

__all__ = ["COLOUR", "GOOD", "box_of", "intervals", "minimal", "pairs", "parse", "q", "refusal"]

GOOD = '''[task]
name = "signs"
gap = "1/2"
tolerance = "1/16"

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
###
#?#
###
"""
gap = 0.75

[[class]]
name = "plus-only"
requires = ["cross"]
forbids = ["ring"]

[[class]]
name = "neither"
otherwise = true

[generator]
background = ["0", "1/8"]
spacing = 2
'''

COLOUR = """[task]
name = "colour"
channels = ["red", "green"]

[[feature]]
name = "dot"
patch.red = "#"
patch.green = "."

[[class]]
name = "a"
requires = ["dot"]

[[class]]
name = "b"
otherwise = true
"""


def parse(text: str, folder: Path = Path()) -> Task:
    return parse_task(text, source="x.toml", folder=folder)


def refusal(text: str, folder: Path = Path()) -> InputError:
    with pytest.raises(InputError) as caught:
        parse(text, folder)
    assert caught.value.source == "x.toml"
    assert "\n" not in str(caught.value)
    return caught.value


def minimal(feature: str, header: str = "") -> str:
    """A task whose single feature has these keys."""
    return (
        f'[task]\nname = "t"\n{header}\n[[feature]]\nname = "f"\n{feature}\n'
        '[[class]]\nname = "a"\nrequires = ["f"]\n[[class]]\nname = "b"\notherwise = true\n'
    )


def box_of(feature: str, header: str = "", folder: Path = Path(), number: int = 0) -> Box:
    return parse(minimal(feature, header), folder).features[0].templates[number]


def q(text: str | int) -> fmpq:
    return fmpq(*map(int, str(text).split("/")))


def pairs(box: Box) -> list[tuple[fmpq, fmpq]]:
    return list(zip(box.low.rationals(), box.high.rationals(), strict=True))


def intervals(*texts: str) -> list[tuple[fmpq, fmpq]]:
    return [(q(a), q(b)) for a, b in (t.split() for t in texts)]

"""Instances with certificates, made once, and the checker as a function of texts."""

from __future__ import annotations

import io
from functools import cache
from pathlib import Path

import exactcnn.examples
from exactcnn import api
from exactcnn.checker import kernel
from exactcnn.core.outcome import Certificate, Outcome
from exactcnn.core.verdict import Verdict
from exactcnn.formats.task_file import parse_task
from exactcnn.network.model import Network
from exactcnn.task.model import Task

__all__ = ["CORNERS", "checked", "corners", "shipped", "verified"]

CORNERS = """
[task]
name = "corners"
gap = "1/2"
tolerance = "1/8"

[[feature]]
name = "corner"
patches = [\"\"\"
##
#.
\"\"\", \"\"\"
##
.#
\"\"\"]

[[feature]]
name = "bar"
patch = \"\"\"
4#4
\"\"\"

[[class]]
name = "corner-only"
requires = ["corner"]
forbids = ["bar"]

[[class]]
name = "bar"
any = [{requires = ["bar"], forbids = ["corner"]}, {requires = ["bar", "corner"]}]

[[class]]
name = "neither"
otherwise = true
"""
"""Two features, one of them with two templates and one with grey pixels; an alternative more than is needed."""


def checked(statement: str, certificate: str) -> tuple[bool, str]:
    """The kernel's verdict on two texts (characters that are no bytes become question marks)."""
    streams = [io.BytesIO(text.encode("latin-1", "replace")) for text in (statement, certificate)]
    return kernel.check(*streams)


def verified(task: Task, network: Network, sizes: str = "any") -> tuple[Outcome, Certificate]:
    """An outcome that is PROVED, with its certificate."""
    outcome = api.verify(task, network, sizes=sizes, workers=1)
    assert outcome.verdict is Verdict.PROVED, outcome.reason
    assert outcome.certificate is not None
    return outcome, outcome.certificate


@cache
def corners() -> tuple[Task, Network, Certificate]:
    """A small instance with all kinds of lines in its certificate."""
    task = parse_task(CORNERS, source="corners.toml", folder=Path())
    network = api.build(task)
    return task, network, verified(task, network)[1]


@cache
def shipped(name: str) -> tuple[Task, Network]:
    """A shipped task with the network built from it."""
    task = api.load_task(Path(exactcnn.examples.__path__[0]) / f"{name}.toml")
    return task, api.build(task)

"""Pages of the explorer, made once, and tasks that call themselves all kinds of things."""

from __future__ import annotations

import time
from functools import cache
from typing import Any

from flint import fmpq

from exactcnn import api
from exactcnn.core.box import Box
from exactcnn.core.outcome import Certificate, Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.examples import catalogue
from exactcnn.formats.statement_reader import Statement, read_statement
from exactcnn.network.model import Network
from exactcnn.report.explorer_page import explorer_page
from exactcnn.task.model import Alternative, Feature, Task, TaskClass

__all__ = ["HOSTILE", "hostile_task", "page", "page_of_texts", "shipped_page", "unproved", "until"]

HOSTILE = (
    "<img src=x onerror=\"window.hacked='img'\">",
    "</script><script>window.hacked='script'</script>",
    '"><svg onload="window.hacked=\'svg\'">',
    "'; window.hacked='quote'; //",
    "${window.hacked='template'}@@SCRIPT@@",
    "<!-- \u2028 & &lt; \\u003c",
    "\u202eevil\u2066 \U0001f600 שלום مرحبا",
    "n" * 200,
    "",
)


def hostile_task() -> Task:
    """A small task with a feature and a class of every hostile name."""

    def box(k: int) -> Box:
        # A bright pixel, and then k of 16 parts of brightness: all features differ by the gap.
        values = [fmpq(1), fmpq(k, 16)]
        tensor = ExactTensor.from_rationals(values, (2,)).reshape(1, 1, 2)
        return Box(tensor, tensor)

    features = tuple(Feature(name, (box(k),), fmpq(1, 32)) for k, name in enumerate(HOSTILE))
    names = [f.name for f in features]
    classes = [
        TaskClass(name, (Alternative(frozenset({name}), frozenset(set(names) - {name})),)) for name in names[:-1]
    ]
    return Task("</title><script>window.hacked='title'</script>", features, (*classes, TaskClass("", otherwise=True)))


def unproved(task: Task, verdict: Verdict = Verdict.UNKNOWN, reason: str = "nothing was tried") -> Outcome:
    """An outcome without a certificate."""
    names = tuple(c.name for c in task.classes)
    return Outcome(verdict, task.name, SizeRange(), "modular", names, reason=reason)


def page(task: Task, outcome: Outcome, network: Network | None = None) -> str:
    """The page about an outcome; the network is built where none is given."""
    net = api.build(task) if network is None else network
    return explorer_page(task, net, outcome, network_name="built from the task", source="task.toml")


@cache
def shipped_page(name: str) -> str:
    """The page of a shipped task with its certificate."""
    task = api.load_task(catalogue.path(name))
    return page(task, api.verify(task, api.build(task)))


@cache
def page_of_texts(statement: str, certificate: str | None = None) -> tuple[str, Statement]:
    """The page of a statement (with a certificate), and what it is about."""
    found = read_statement(statement, "x.stmt")
    names = tuple(c.name for c in found.task.classes)
    proof = None if certificate is None else Certificate(statement, certificate)
    verdict = Verdict.UNKNOWN if proof is None else Verdict.PROVED
    outcome = Outcome(verdict, found.task.name, found.sizes, "modular", names, margin=found.margin, certificate=proof)
    return page(found.task, outcome, found.network), found


def until(opened: Any, expression: str, seconds: float = 10) -> Any:
    """Waits until an expression is true in a page; its value. (A page that forbids `eval` cannot wait by itself.)"""
    end = time.monotonic() + seconds
    while not (found := opened.evaluate(expression)):
        assert time.monotonic() < end, f"still not so: {expression}"
        opened.wait_for_timeout(20)
    return found

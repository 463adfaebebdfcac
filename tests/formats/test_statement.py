"""Statements: one byte sequence for one meaning."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import given, settings
from support.tasks import tasks

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.formats.statement import encoded_name, format_statement, statement_sha256
from exactcnn.formats.task_file import parse_task
from exactcnn.formats.xnet import format_xnet
from exactcnn.network.construct import build_network
from exactcnn.task.model import Task

TEXT = """
[task]
name = "signs & ways"
gap = "1/2"
tolerance = "1/8"
pixel = [-1, 1]
channels = ["red", "green"]

[[feature]]
name = "dot"
low = {red = [["0", "-1/2"]], green = [["-1", "1/3"]]}
high = {red = [["1", "1/2"]], green = [["1", "1"]]}

[[feature]]
name = "bar"
gap = "3/4"
patches = [{red = "#.", green = "??"}, {red = ".#", green = "??"}]

[[class]]
name = "both"
requires = ["bar", "dot"]

[[class]]
name = "ones"
any = [{requires = ["bar"], forbids = ["dot"]}, {requires = ["dot"], forbids = ["bar"]}]

[[class]]
name = "rest"
otherwise = true
"""

STATEMENT = """\
exactcnn statement 1
sizes 2 any 3 9
margin 1/2
source none
task signs%20%26%20ways channels 2 pixel -1 1
features 2
feature dot 1 2 gap 1/2 templates 1
template
0 1 -1/2 1/2
-1 1 1/3 1
feature bar 1 2 gap 3/4 templates 2
template
7/8 1 -1 -7/8
-1 1 -1 1
template
-1 -7/8 7/8 1
-1 1 -1 1
classes 3
class both alternatives 1
alternative requires 0 1 forbids
class ones alternatives 2
alternative requires 1 forbids 0
alternative requires 0 forbids 1
class rest otherwise
network
"""

SIZES = SizeRange(2, None, 3, 9)


def _task() -> Task:
    return parse_task(TEXT, source="signs.toml", folder=Path())


def _text(task: Task, **changes: object) -> str:
    network = build_network(_task())
    given_values = {"sizes": SIZES, "margin": fmpq(1, 2), "source_sha256": None} | changes
    return format_statement(task, network, **given_values)  # type: ignore[arg-type]


def test_a_statement_is_written_as_documented() -> None:
    assert _text(_task()) == STATEMENT + format_xnet(build_network(_task())) + "end\n"


def test_the_hash_is_that_of_the_bytes() -> None:
    assert statement_sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


@pytest.mark.parametrize(
    ("changes", "line"),
    [
        ({"sizes": SizeRange()}, "sizes 1 any 1 any"),
        ({"sizes": SizeRange.fixed(4, 5)}, "sizes 4 4 5 5"),
        ({"margin": fmpq(3)}, "margin 3"),
        ({"source_sha256": "ab" * 32}, "source " + "ab" * 32),
    ],
)
def test_what_is_claimed_stands_in_the_statement(changes: dict[str, object], line: str) -> None:
    assert line in _text(_task(), **changes).split("\n")
    assert _text(_task(), **changes) != _text(_task())


def test_names_of_channels_and_files_do_not_matter() -> None:
    task = replace(_task(), source=None, channels=("a", "b"))
    assert _text(task) == _text(_task())


@pytest.mark.parametrize(
    ("name", "token"),
    [
        ("", "%"),
        ("a-b_c.d~E9", "a-b_c.d~E9"),
        ("%", "%25"),
        ("a b", "a%20b"),
        ("a/b", "a%2Fb"),
        ("Ü", "%C3%9C"),
        ("\n", "%0A"),
    ],
)
def test_names_are_one_token(name: str, token: str) -> None:
    assert encoded_name(name) == token


@pytest.mark.parametrize("margin", [fmpq(0), fmpq(-1)])
def test_a_margin_is_positive(margin: fmpq) -> None:
    with pytest.raises(InputError, match="claims no margin"):
        _text(_task(), margin=margin)


@settings(max_examples=40)
@given(tasks())
def test_every_line_has_the_tokens_that_its_header_announces(task: Task) -> None:
    network = build_network(task, arithmetic="rational")
    lines = format_statement(task, network, SizeRange(), fmpq(1), None).split("\n")
    assert lines[-2:] == ["end", ""]
    assert all(token for line in lines[:-1] for token in line.split(" "))
    templates = sum(len(f.templates) for f in task.features)
    rows = sum(len(f.templates) * f.height * len(task.channels) for f in task.features)
    alternatives = sum(len(c.alternatives) for c in task.classes)
    assert (
        lines.index("network") == 5 + 1 + len(task.features) + templates + rows + 1 + len(task.classes) + alternatives
    )

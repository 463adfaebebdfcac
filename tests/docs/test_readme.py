"""The README's examples, run in order in one folder: files are written, commands and Python sessions are compared."""

from __future__ import annotations

import doctest
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = Path(__file__).parents[2] / "README.md"
BLOCK = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
CHANGING = [(re.compile(r"\b\d+\.\d+ s\b"), "TIME")]


def blocks(language: str) -> list[str]:
    return [text for found, text in BLOCK.findall(README.read_text()) if found == language]


def plain(text: str) -> list[str]:
    """The lines without what changes from run to run, and without blanks at their ends."""
    for pattern, word in CHANGING:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.strip().splitlines()]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for text in blocks("toml"):
        name = text.splitlines()[0].removeprefix("# ")
        (tmp_path / name).write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_the_readme_has_examples_of_each_kind() -> None:
    assert len(blocks("toml")) == 1
    assert len(blocks("console")) >= 1
    assert len(blocks("python")) >= 1


@pytest.mark.parametrize("block", blocks("console"), ids=lambda text: text.splitlines()[0])
def test_commands_print_what_the_readme_says(block: str, folder: Path) -> None:
    command, _, expected = block.partition("\n")
    words = command.removeprefix("$ ").split()
    assert words[0] == "exactcnn"
    result = subprocess.run(
        [sys.executable, "-m", *words],
        cwd=folder,
        env={**os.environ, "COLUMNS": "100"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert result.stderr == ""
    assert plain(result.stdout) == plain(expected)


@pytest.mark.usefixtures("folder")
def test_python_sessions_do_what_the_readme_says() -> None:
    parser = doctest.DocTestParser()
    for number, block in enumerate(blocks("python")):
        session = parser.get_doctest(block, {}, f"README block {number}", str(README), 0)
        runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
        report: list[str] = []
        runner.run(session, out=report.append)
        assert runner.failures == 0, "".join(report)


def test_commands_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"`exactcnn (\w+)", README.read_text()))
    listed = subprocess.run(
        [sys.executable, "-m", "exactcnn", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert named
    assert not [name for name in named if not re.search(rf"^│ {name} ", listed, re.MULTILINE)]


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README.read_text())
    local = [t for t in targets if "://" not in t]
    assert local
    assert not [t for t in local if not (README.parent / t).exists()]

"""`exactcnn verify --certificate`, `check` and `explain`."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from support.commands import DOT, DOT_SPOILT, run, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with the task `dot.toml`, its certificate, and a network that is wrong."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    ran = run("verify", "dot.toml", "--certificate", "dot.cert")
    assert ran.code == 0
    assert "wrote dot.stmt" in ran.err
    assert "wrote dot.cert" in ran.err
    return tmp_path


def test_an_accepted_certificate(folder: Path) -> None:
    ran = run("check", "dot.stmt", "dot.cert")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("PROVED ")
    assert ran.out.endswith(" sizes any\n")
    assert ran.out.count("\n") == 1


def test_a_rejected_certificate(folder: Path) -> None:
    text = (folder / "dot.cert").read_text()
    write(folder / "dot.cert", text.replace("right 0 1\n", "right 0 2\n"))
    for command in (["check", "dot.stmt", "dot.cert"], ["explain", "dot.cert"]):
        ran = run(*command)
        assert (ran.code, ran.err) == (1, "")
        assert ran.out.startswith("REJECTED line ")
        assert ran.out.count("\n") == 1


def test_files_in_the_wrong_order_are_rejected(folder: Path) -> None:
    ran = run("check", "dot.cert", "dot.stmt")
    assert ran.code == 1
    assert "dot.cert is a certificate and dot.stmt a statement: exchange them" in ran.err


@pytest.mark.parametrize(
    "command",
    [
        ["check", "dot.stmt", "dot.cert"],
        ["explain", "dot.cert"],
        ["explain", "dot.cert", "--html", "dot.html"],
        ["export", "dot.cert", "--to", "coq", "-o", "dot.v"],
    ],
)
@pytest.mark.parametrize("old", ["dot.stmt", "dot.cert"])
def test_a_file_that_was_left_behind_is_named(folder: Path, command: list[str], old: str) -> None:
    kept = (folder / old).read_bytes()
    assert run("verify", "dot.toml", "--size", "3x3..any", "--certificate", "dot.cert").code == 0
    write(folder / old, kept.decode())
    os.utime(folder / old, (1, 1))
    ran = run(*command)
    assert ran.code == (4 if command[0] == "export" else 1)
    said = " ".join(ran.err.split())
    assert "dot.cert proves another statement than dot.stmt" in said
    assert f"{old} is the older one" in said
    assert "`exactcnn verify TASK --certificate dot.cert` writes both anew" in said
    assert not (folder / "dot.html").exists()
    assert not (folder / "dot.v").exists()
    assert run("verify", "dot.toml", "--certificate", "dot.cert").code == 0
    assert run("check", "dot.stmt", "dot.cert").code == 0


def test_times_alone_do_not_matter(folder: Path) -> None:
    os.utime(folder / "dot.cert", (1, 1))
    ran = run("check", "dot.stmt", "dot.cert")
    assert (ran.code, ran.err) == (0, "")


def test_a_changed_statement_of_the_same_time(folder: Path) -> None:
    text = (folder / "dot.stmt").read_text()
    write(folder / "dot.stmt", text.replace("margin 1\n", "margin 1/3\n"))
    for name in ("dot.stmt", "dot.cert"):
        os.utime(folder / name, (1, 1))
    ran = run("check", "dot.stmt", "dot.cert")
    assert ran.code == 1
    assert "written at the same time" in " ".join(ran.err.split())


@pytest.mark.parametrize("command", [["check", "dot.stmt", "none.cert"], ["explain", "none.cert"]])
def test_a_file_that_is_not_there(folder: Path, command: list[str]) -> None:
    ran = run(*command)
    assert (ran.code, ran.out) == (4, "")
    assert "there is no such file" in ran.err


def test_a_certificate_in_words(folder: Path) -> None:
    ran = run("explain", "dot.cert")
    assert (ran.code, ran.err) == (0, "")
    for part in ("claim: on every admissible image", "facts about one position", "rules used", "checked: PROVED "):
        assert part in ran.out
    (folder / "dot.stmt").rename(folder / "other.stmt")
    assert run("explain", "dot.cert", "--statement", "other.stmt").out == ran.out


def test_no_certificate_of_what_is_wrong(folder: Path) -> None:
    ran = run("verify", "dot.toml", "--network", "wrong.xnet", "--certificate", "wrong.cert")
    assert ran.code == 1
    assert not (folder / "wrong.cert").exists()
    assert not (folder / "wrong.stmt").exists()


@pytest.mark.parametrize("name", ["dot.txt", "dot"])
def test_a_name_that_is_none_for_a_certificate(folder: Path, name: str) -> None:
    ran = run("verify", "dot.toml", "--certificate", name)
    assert ran.code == 4
    assert "a name that ends in .cert" in ran.err

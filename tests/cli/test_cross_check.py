"""`exactcnn verify --cross-check`, and the sequents of a certificate as scripts that other solvers confirm."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import pytest
from support.commands import DOT, run, write
from support.external_solvers import ask, installed

from exactcnn import api
from exactcnn.core.errors import InputError

SHIPPED = Path(__file__).parent.parent.parent / "proofs" / "certificates"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the task `dot.toml` and its certificate."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    assert run("verify", "dot.toml", "--certificate", "dot.cert").code == 0
    return tmp_path


def test_another_solver_is_asked(folder: Path) -> None:
    ran = run("verify", "dot.toml", "--cross-check", "z3")
    assert ran.code == 0
    assert re.search(r"cross-check +z3 \S+ confirms each of the [1-9]\d* sequents", ran.out)
    form = json.loads(run("verify", "dot.toml", "--cross-check", "z3", "--json").out)
    (check,) = form["cross_checks"]
    assert check["undecided"] == []
    assert check["confirmed"] == len(api.sequents("dot.stmt", "dot.cert"))
    assert "cross_checks" not in json.loads(run("verify", "dot.toml", "--json").out)


def test_a_kept_certificate_is_cross_checked() -> None:
    (found,) = api.cross_check(SHIPPED / "shapes.stmt", SHIPPED / "shapes.cert", ["z3"])
    assert (found.confirmed > 100, found.undecided) == (True, ())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--cross-check", "z4"], "--cross-check: no solver of that name; found 'z4'"),
        (["--cross-check", ""], "no solver of that name; found ''"),
        (["--cross-check", "z3,"], "no solver of that name; found ''"),
        (["--cross-check", "z3", "--method", "monolithic", "--size", "2x2"], "only the modular method"),
    ],
)
def test_what_cannot_be_asked(folder: Path, options: list[str], words: str) -> None:
    ran = run("verify", "dot.toml", *options)
    assert (ran.code, ran.out) == (4, "")
    assert words in ran.err


def test_sequents_are_listed(folder: Path) -> None:
    ran = run("export", "dot.cert", "--to", "smtlib", "--list")
    assert (ran.code, ran.err) == (0, "")
    listed = ran.out.splitlines()
    assert len(listed) == len(api.sequents("dot.stmt", "dot.cert")) + 1
    for word in ("upper", "lower", "right", "wrong"):
        assert any(re.match(rf" +\d+  {word} \S.*, line \d+", line) for line in listed)


@pytest.mark.parametrize("solver", installed())
def test_solvers_confirm_every_sequent_from_the_command_line(folder: Path, solver: str) -> None:
    number = len(api.sequents("dot.stmt", "dot.cert"))
    for what in range(1, number + 1):
        assert run("export", "dot.cert", "--to", "smtlib", "--what", what, "-o", "one.smt2").code == 0
        reply = ask(solver, folder / "one.smt2", 30)
        assert reply.answer == "unsat", (what, reply.text)


@pytest.mark.parametrize("solver", installed())
def test_solvers_confirm_a_sequent_with_many_relus(tmp_path: Path, solver: str) -> None:
    """The hardest upper fact of a shipped certificate, and an inequality that its proof derived."""
    for name in ("shapes.stmt", "shapes.cert"):
        shutil.copy(SHIPPED / name, tmp_path / name)
    certificate, script = tmp_path / "shapes.cert", tmp_path / "one.smt2"
    questions = api.sequents(certificate.with_suffix(".stmt"), certificate)
    hardest = max(range(len(questions)), key=lambda n: len(questions[n].candidates)) + 1
    for what in (f"{hardest}", f"{hardest}.2"):
        assert run("export", certificate, "--to", "smtlib", "--what", what, "-o", script).code == 0
        assert ask(solver, script, 60).answer == "unsat"


def test_all_in_one_script(folder: Path) -> None:
    assert run("export", "dot.cert", "--to", "smtlib", "--what", "all", "-o", "all.smt2").code == 0
    text = (folder / "all.smt2").read_text()
    assert text.count("(check-sat)") == len(api.sequents("dot.stmt", "dot.cert"))
    assert text.count("(reset)") == text.count("(check-sat)") - 1


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--to", "latex", "-o", "x"], "a certificate is no task"),
        (["--to", "smtlib", "-o", "x"], "which sequent?"),
        (["--to", "smtlib", "--what", "0", "-o", "x"], "no such sequent"),
        (["--to", "smtlib", "--what", "999", "-o", "x"], "no such sequent"),
        (["--to", "smtlib", "--what", "upper", "-o", "x"], "no such sequent"),
        (["--to", "smtlib", "--what", "2.1", "-o", "x"], "no such inequality"),
        (["--to", "smtlib", "--what", "1"], "nowhere to write to"),
    ],
)
def test_what_cannot_be_written(folder: Path, options: list[str], words: str) -> None:
    ran = run("export", "dot.cert", *options)
    assert (ran.code, ran.out) == (4, "")
    assert words in ran.err
    assert not (folder / "x").exists()


def test_a_certificate_that_is_rejected(folder: Path) -> None:
    text = (folder / "dot.cert").read_text()
    write(folder / "dot.cert", text.replace("right 0 1\n", "right 0 2\n"))
    ran = run("export", "dot.cert", "--to", "smtlib", "--list")
    assert (ran.code, ran.out) == (4, "")
    assert "dot.cert: the checker rejects the certificate" in ran.err
    (folder / "dot.stmt").unlink()
    with pytest.raises(InputError, match="no such file"):
        api.sequents("dot.stmt", "dot.cert")

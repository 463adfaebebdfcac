"""`exactcnn explain TASK|CERT|OUTCOME --html OUT`."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from support.commands import DOT, DOT_NETWORK, DOT_SPOILT, run, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "dot.xnet", DOT_NETWORK)
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    return tmp_path


def data_of(path: Path) -> dict[str, Any]:
    found = re.search(r'<script type="application/json" id="data">(.*?)</script>', path.read_text("utf-8"), re.DOTALL)
    assert found is not None
    data: dict[str, Any] = json.loads(found[1])
    return data


def answered(folder: Path, *arguments: str) -> Path:
    """What `verify --json` prints, as a file."""
    return write(folder / "answer.json", run("verify", "dot.toml", *arguments, "--json").out)


def test_a_task_is_verified_first(folder: Path) -> None:
    ran = run("explain", "dot.toml", "--html", "dot.html")
    assert (ran.code, ran.out) == (0, "")
    assert "wrote dot.html" in ran.err
    data = data_of(folder / "dot.html")
    assert data["answer"]["verdict"] == "PROVED"
    assert data["certificate"].startswith("exactcnn certificate 1")
    assert data["network"] == "built from the task"


def test_a_task_with_a_network_and_sizes(folder: Path) -> None:
    assert run("explain", "dot.toml", "--html", "x.html", "--network", "wrong.xnet", "--size", "3x4").code == 0
    data = data_of(folder / "x.html")
    assert data["answer"]["verdict"] == "REFUTED"
    assert (data["counterexample"]["height"], data["counterexample"]["width"]) == (3, 4)
    assert data["certificate"] is None
    assert "3 3 4 4" in data["statement"]


def test_a_certificate(folder: Path) -> None:
    run("verify", "dot.toml", "--certificate", "dot.cert")
    assert run("explain", "dot.cert", "--html", "dot.html").code == 0
    data = data_of(folder / "dot.html")
    assert data["certificate"] == (folder / "dot.cert").read_text("ascii")
    assert data["statement"] == (folder / "dot.stmt").read_text("ascii")
    (folder / "dot.stmt").rename(folder / "other.stmt")
    assert run("explain", "dot.cert", "--html", "again.html", "--statement", "other.stmt").code == 0
    assert data_of(folder / "again.html") == data


def test_a_rejected_certificate_has_no_page(folder: Path) -> None:
    run("verify", "dot.toml", "--certificate", "dot.cert")
    text = (folder / "dot.cert").read_text("ascii")
    write(folder / "dot.cert", text.replace("end\n", "end \n"))
    ran = run("explain", "dot.cert", "--html", "dot.html")
    assert ran.code == 1
    assert ran.out.startswith("REJECTED line")
    assert not (folder / "dot.html").exists()


def test_an_outcome_that_was_refuted(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet")
    assert run("explain", answer, "--html", "x.html").code == 0
    data = data_of(folder / "x.html")
    assert data["answer"]["verdict"] == "REFUTED"
    assert data["counterexample"]["label"] == "without"
    assert data["counterexample"]["winners"] == ["with"]
    assert "nothing to prove" in data["noCertificate"]


def test_an_outcome_with_its_certificate_and_without(folder: Path) -> None:
    answer = answered(folder, "--certificate", "dot.cert")
    assert run("explain", answer, "--html", "x.html").code == 0
    assert data_of(folder / "x.html")["certificate"] is not None
    # Another proof under the same name is not that of the outcome.
    run("verify", "dot.toml", "--size", "2x2", "--certificate", "dot.cert")
    assert run("explain", answer, "--html", "y.html").code == 0
    data = data_of(folder / "y.html")
    assert data["certificate"] is None
    assert data["answer"]["verdict"] == "PROVED"


def test_an_outcome_elsewhere_names_its_files(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet")
    moved = folder / "below"
    moved.mkdir()
    for name in ("dot.toml", "wrong.xnet", answer.name):
        (folder / name).rename(moved / name)
    assert run("explain", "below/answer.json", "--html", "x.html").code == 0
    assert data_of(folder / "x.html")["network"] == "wrong.xnet"


def test_the_counterexample_of_another_network_is_refused(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet")
    ran = run("explain", answer, "--html", "x.html", "--network", "dot.xnet")
    assert ran.code == 4
    assert "the counterexample is none for this task and this network" in ran.err
    assert not (folder / "x.html").exists()


def test_a_changed_counterexample_is_refused(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet")
    form = json.loads(answer.read_text("utf-8"))
    form["counterexample"]["logits"]["with"] = "7"
    write(answer, json.dumps(form))
    assert run("explain", answer, "--html", "x.html").code == 4


def test_the_outcome_of_another_task_is_refused(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet")
    write(folder / "other.toml", DOT.replace('name = "dot"', 'name = "other"', 1))
    ran = run("explain", answer, "--html", "x.html", "--task", "other.toml")
    assert ran.code == 4
    assert "another task" in ran.err


def test_an_outcome_that_does_not_say_where_its_task_is(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet")
    form = json.loads(answer.read_text("utf-8"))
    del form["sources"]
    write(answer, json.dumps(form))
    assert "--task TASK" in run("explain", answer, "--html", "x.html").err
    more = ("--task", "dot.toml", "--network", "wrong.xnet")
    assert run("explain", answer, "--html", "x.html", *more).code == 0


def test_a_perturbed_task(folder: Path) -> None:
    answer = answered(folder, "--network", "wrong.xnet", "--perturb", "1/64")
    assert json.loads(answer.read_text("utf-8"))["sources"]["perturb"] == "1/64"
    assert run("explain", answer, "--html", "x.html").code == 0
    assert "59/64" in data_of(folder / "x.html")["statement"]


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["dot.xnet", "--html", "x.html"], "a name that ends in .toml, .cert or .json"),
        (["dot.toml", "--html", "x.txt"], "a name that ends in .html"),
        (["dot.toml", "--html", "none/x.html"], "does not exist"),
        (["none.toml", "--html", "x.html"], "there is no such file"),
        (["none.json", "--html", "x.html"], "there is no such file"),
        (["none.cert", "--html", "x.html"], "there is no such file"),
        (["dot.toml", "dot.toml", "--html", "x.html"], "unexpected"),
        (["dot.toml", "--html", "x.html", "--plot", "x.svg"], "--plot has no meaning with --html"),
        (["dot.toml", "--html", "x.html", "--dark"], "--dark has no meaning with --html"),
        (["dot.toml", "--html", "x.html", "--what", "network"], "--what has no meaning with --html"),
        (["dot.toml", "--html", "x.html", "--task", "dot.toml"], "--task has no meaning for a task"),
        (["dot.toml", "--html", "x.html", "--statement", "x.stmt"], "--statement has no meaning for a task"),
        (["dot.toml", "--html", "x.html", "--size", "big"], "not a size of images"),
        (["dot.cert", "--html", "x.html", "--network", "dot.xnet"], "--network has no meaning for a certificate"),
        (["dot.json", "--html", "x.html", "--size", "3x3"], "--size has no meaning for an outcome"),
        (["dot.toml", "--timeout", "5"], "--timeout has a meaning with --html only"),
        (["dot.toml", "--task", "dot.toml"], "--task has a meaning with --html only"),
    ],
)
def test_what_makes_no_page(folder: Path, arguments: list[str], words: str) -> None:
    ran = run("explain", *arguments)
    assert ran.code == 4
    assert words in ran.err
    assert not (folder / "x.html").exists()

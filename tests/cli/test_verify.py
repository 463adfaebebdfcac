"""`exactcnn verify`: verdicts, exit codes, JSON, files."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from support.commands import DOT, DOT_NETWORK, DOT_SPOILT, lines, run, write

from exactcnn import api
from exactcnn.core.outcome import Outcome
from exactcnn.core.rational import parse_rational
from exactcnn.core.verdict import Verdict
from exactcnn.formats.image_file import read_image
from exactcnn.network.evaluate import logits
from exactcnn.task.decide import decide
from exactcnn.task.model import PixelRange

CONTRADICTORY = DOT.replace('forbids = ["dot"]', 'forbids = ["dot"]\nrequires = ["dot"]')
FLATTENING = """\
exactcnn network 1
input pixel channels 1
flatten
dense out 2 in 1
1
-1
bias 0 1
end
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty working folder with the task `dot.toml` and networks that are right and wrong."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "right.xnet", DOT_NETWORK)
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    return tmp_path


def verified(*args: object) -> tuple[int, dict[str, Any], str]:
    """Exit code, the one JSON object on stdout, stderr."""
    ran = run("verify", *args, "--json")
    value = json.loads(ran.out)
    assert isinstance(value, dict)
    return ran.code, value, ran.err


# -- verdicts and exit codes ------------------------------------------------------------------------------------------


def test_a_built_network_is_proved(folder: Path) -> None:
    ran = run("verify", "dot.toml")
    assert ran.code == 0
    assert ran.out.startswith("PROVED")
    for part in ("margin", "1 (attained", "configurations", "2", "certificate", "kernel", "upper", "without", "sizes"):
        assert part in ran.out
    assert ran.err == ""
    assert sorted(p.name for p in folder.iterdir()) == ["dot.toml", "right.xnet", "wrong.xnet"]


def test_a_given_network_is_proved(folder: Path) -> None:
    code, value, _ = verified("dot.toml", "--network", "right.xnet")
    assert (code, value["verdict"], value["margin"]) == (0, "PROVED", "1")


def test_a_wrong_network_is_refuted_with_an_image_that_replays(folder: Path) -> None:
    ran = run("verify", "dot.toml", "--network", "wrong.xnet")
    assert ran.code == 1
    assert ran.out.startswith("REFUTED")
    assert '"without"' in ran.out
    assert len([line for line in lines(ran.err) if line.startswith("wrote ")]) == 3
    task, network = api.load_task("dot.toml"), api.load_network("wrong.xnet")
    image = read_image(folder / "dot-counterexample.txt", 1, PixelRange())
    values = logits(network, image.reshape(1, *image.shape), task.pixel)[0].rationals()
    label = decide(task, image).label
    assert label is not None
    index = [c.name for c in task.classes].index(label)
    assert values[index] <= max(v for i, v in enumerate(values) if i != index)
    assert (folder / "dot-counterexample.png").read_bytes().startswith(b"\x89PNG")
    assert read_image(folder / "dot-counterexample.npy", 1, PixelRange()).shape == image.shape


def test_a_contradictory_class_is_vacuous(folder: Path) -> None:
    write(folder / "empty.toml", CONTRADICTORY)
    code, value, _ = verified("empty.toml")
    assert (code, value["verdict"]) == (2, "VACUOUS")
    assert "without" in value["reason"]
    assert value["classes"][1]["vacuous"]
    assert value["margin"] is None


def test_a_feature_larger_than_the_image_is_vacuous(folder: Path) -> None:
    write(folder / "wide.toml", DOT.replace('patch = "#"', 'patch = "####"'))
    assert run("verify", "wide.toml", "--size", "4x3").code == 2
    assert run("verify", "wide.toml", "--size", "1x5").code == 0


def test_a_network_without_a_rule_is_unknown(folder: Path) -> None:
    write(folder / "flat.xnet", FLATTENING)
    code, value, _ = verified("dot.toml", "--network", "flat.xnet", "--size", "1x1")
    assert (code, value["verdict"]) == (3, "UNKNOWN")
    assert "flatten" in value["reason"]


def test_enumeration_proves_nothing(folder: Path) -> None:
    code, value, _ = verified("dot.toml", "--method", "enumerate", "--size", "2x2")
    assert (code, value["verdict"], value["method"]) == (3, "UNKNOWN", "enumerate")


def test_no_time_is_a_timeout(folder: Path) -> None:
    code, value, _ = verified("dot.toml", "--timeout", "1e-9")
    assert (code, value["verdict"]) == (3, "TIMEOUT")
    assert "time limit" in value["reason"]


@pytest.mark.parametrize(("network", "expected"), [("right.xnet", 0), ("wrong.xnet", 1)])
def test_the_monolithic_method_agrees(folder: Path, network: str, expected: int) -> None:
    ran = run("verify", "dot.toml", "--network", network, "--method", "monolithic", "--size", "2x2")
    assert ran.code == expected


@pytest.mark.parametrize("verdict", list(Verdict))
def test_every_verdict_has_its_exit_code_and_a_headline(
    folder: Path, monkeypatch: pytest.MonkeyPatch, verdict: Verdict
) -> None:
    plain = api.verify(api.load_task("dot.toml"))
    answer = Outcome(verdict, "dot", plain.sizes, "modular", plain.class_names, reason="for a reason")
    monkeypatch.setattr(api, "verify", lambda *_, **__: answer)
    ran = run("verify", "dot.toml")
    assert ran.code == {"PROVED": 0, "REFUTED": 1, "VACUOUS": 2, "UNKNOWN": 3, "TIMEOUT": 3}[verdict.value]
    assert ran.out.startswith(verdict.value)
    assert len([v for v in Verdict if ran.out.startswith(v.value)]) == 1


# -- JSON -------------------------------------------------------------------------------------------------------------


def test_the_json_object_has_all_that_is_promised(folder: Path) -> None:
    _, value, err = verified("dot.toml", "--size", "2x2..3x4")
    assert err == ""
    assert value["sizes"] == "2x2..3x4"
    assert value["configurations"] == 2
    assert value["evidence"] == "certificate"
    assert len(value["statement"]) == 64
    assert value["seconds"] >= 0
    assert {c["name"] for c in value["classes"]} == {"with", "without"}
    assert [w["label"] for w in value["witnesses"]] == ["with", "without"]
    assert value["files"] == []
    assert not {"counterexample", "reason", "unproved"} & set(value)
    witness = value["witnesses"][0]
    assert witness["features"] == ["dot"]
    assert set(witness["logits"]) == {"with", "without"}
    assert parse_rational(witness["lead"]) == 1


def test_the_json_counterexample_is_the_saved_image(folder: Path) -> None:
    code, value, _ = verified("dot.toml", "--network", "wrong.xnet", "--counterexample", "here")
    assert code == 1
    assert value["files"] == ["here.png", "here.npy", "here.txt"]
    image = value["counterexample"]["image"]
    rows = [[parse_rational(v) for v in row.split(" ")] for row in image["pixels"][0]]
    assert rows == read_image(folder / "here.txt", 1, PixelRange()).tolist()[0]
    logit = {k: parse_rational(v) for k, v in value["counterexample"]["logits"].items()}
    label = value["counterexample"]["label"]
    assert logit[label] <= max(v for k, v in logit.items() if k != label)
    assert parse_rational(value["counterexample"]["lead"]) <= fmpq(0)


# -- files ------------------------------------------------------------------------------------------------------------


def test_a_huge_counterexample_is_saved_as_core_and_rule(folder: Path) -> None:
    ran = run("verify", "dot.toml", "--network", "wrong.xnet", "--size", "4096x5000")
    assert ran.code == 1
    assert "its core is saved" in ran.err
    rule = (folder / "dot-counterexample.txt").read_text().splitlines()
    assert rule[1] == "size 1 4096 5000"
    core = read_image(folder / "dot-counterexample-core.txt", 1, PixelRange())
    name, *shape = rule[2].split(" ")[1:]
    assert (name, [int(n) for n in shape]) == ("dot-counterexample-core.txt", list(core.shape))
    down, right = (rule[3].split(" "), rule[4].split(" "))
    assert core.shape[1] - 1 + int(down[-1]) == 4096
    assert core.shape[2] - 1 + int(right[-1]) == 5000
    assert not (folder / "dot-counterexample.npy").exists()


def test_the_default_prefix_is_a_plain_file_name(folder: Path) -> None:
    write(folder / "odd.toml", DOT.replace('name = "dot"\n\n[[feature]]', 'name = "../a b/c"\n\n[[feature]]'))
    assert run("verify", "odd.toml", "--network", "wrong.xnet").code == 1
    assert (folder / "a-b-c-counterexample.png").exists()


def test_a_prefix_with_dots_keeps_them(folder: Path) -> None:
    assert run("verify", "dot.toml", "--network", "wrong.xnet", "--counterexample", "run.1").code == 1
    assert (folder / "run.1.png").exists()


@pytest.mark.parametrize("network", ["right.xnet", "wrong.xnet"])
def test_the_report_is_written_for_any_verdict(folder: Path, network: str) -> None:
    run("verify", "dot.toml", "--network", network, "--report", "page.html")
    page = (folder / "page.html").read_text(encoding="utf-8")
    assert page.startswith("<!doctype html>")
    assert ("REFUTED" if network == "wrong.xnet" else "PROVED") in page


def test_folders_that_are_not_there_are_found_before_the_work(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(api, "verify", lambda *_, **__: pytest.fail("verified"))
    for option, path in (("--counterexample", "no/where"), ("--report", "no/page.html"), ("--report", ".")):
        ran = run("verify", "dot.toml", option, path)
        assert ran.code == 4
        assert len(lines(ran.err)) == 1

"""Every way to give bad input: exit code 4, one message with file, place, found and expected, nothing written."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from support.commands import DOT, DOT_NETWORK, lines, run, write

from exactcnn import api
from exactcnn.core.errors import InternalError

TASK_ERRORS = {
    "bad-toml": ("[task\nname = 1", ["line 1"]),
    "unknown-key": (DOT.replace('patch = "#"', 'patch = "#"\ncolour = 3'), ["colour", "feature"]),
    "unknown-table": (DOT + "\n[extra]\n", ["extra"]),
    "ragged": (DOT.replace('"#"', '"""\n##\n#\n"""'), ["line 2", "found 1 pixels", "expected 2 pixels"]),
    "unknown-character": (DOT.replace('"#"', '"x"'), ["found 'x'"]),
    "unknown-feature": (DOT.replace('forbids = ["dot"]', 'forbids = ["dit"]'), ['"dit"', 'expected one of "dot"']),
    "nan": (DOT.replace('patch = "#"', 'patch = "#"\ngap = nan'), ["gap", "nan"]),
    "infinite": (DOT.replace('patch = "#"', 'patch = "#"\ntolerance = inf'), ["tolerance", "inf"]),
    "overflow": (DOT.replace('patch = "#"', 'patch = "#"\ngap = 1e99999'), ["gap", "1e99999"]),
    "no-gap": (DOT.replace('patch = "#"', 'patch = "#"\ngap = 0'), ["gap", "found 0"]),
    "one-class": (DOT[: DOT.rindex("[[class]]")], ["class", "expected 2"]),
    "no-picture": (DOT.replace('patch = "#"', 'image = "no.png"'), ["no.png"]),
    "bad-picture": (DOT.replace('patch = "#"', 'image = "bad.png"'), ["bad.png"]),
}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with a good task, a good network, and files that are neither."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "dot.xnet", DOT_NETWORK)
    write(tmp_path / "bad.xnet", DOT_NETWORK.replace("bias -7/8", "bias nan"))
    write(tmp_path / "two.xnet", DOT_NETWORK.replace("input pixel channels 1", "input pixel channels 2"))
    write(
        tmp_path / "valid.xnet",
        DOT_NETWORK.replace("rows 1 columns 1 stride", "rows 1 columns 2 stride").replace("\n2\n", "\n2 0\n"),
    )
    (tmp_path / "bad.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    (tmp_path / "latin.toml").write_bytes(DOT.replace('"dot"', '"d\xf6t"').encode("latin-1"))
    np.save(tmp_path / "nan.npy", np.array([[0.5, np.nan]]))
    np.save(tmp_path / "bright.npy", np.array([[0.5, 1.5]]))
    np.save(tmp_path / "colours.npy", np.zeros((3, 2, 2)))
    (tmp_path / "full").mkdir()
    write(tmp_path / "full" / "something", "")
    return tmp_path


def refused(folder: Path, *args: object) -> str:
    """The one message of a command that must refuse its input and leave everything as it was."""
    before = {p: p.stat().st_mtime_ns for p in folder.rglob("*")}
    ran = run(*args)
    assert ran.code == 4, (ran.out, ran.err)
    assert ran.out == ""
    (message,) = lines(ran.err)
    assert message.startswith("error: ")
    assert "Traceback" not in message
    assert {p: p.stat().st_mtime_ns for p in folder.rglob("*")} == before
    return message


@pytest.mark.parametrize("case", TASK_ERRORS)
def test_bad_task_files(folder: Path, case: str) -> None:
    text, parts = TASK_ERRORS[case]
    write(folder / "broken.toml", text)
    message = refused(folder, "verify", "broken.toml")
    assert "broken.toml" in message
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    ("args", "parts"),
    [
        (["verify", "none.toml"], ["none.toml", "no such file"]),
        (["verify", "full"], ["full", "folder"]),
        (["verify", "latin.toml"], ["latin.toml", "UTF-8", "0xf6", "line"]),
        (["verify", "bad.png"], ["bad.png"]),
        (["verify", "dot.toml", "--network", "none.xnet"], ["none.xnet", "no such file"]),
        (["verify", "dot.toml", "--network", "dot.toml"], ["dot.toml", ".xnet or .onnx"]),
        (["verify", "dot.toml", "--network", "bad.xnet"], ["bad.xnet", "line", "nan"]),
        (["verify", "dot.toml", "--network", "two.xnet"], ["two.xnet"]),
        (["verify", "dot.toml", "--network", "valid.xnet"], ["not defined", "width", "expected", "--size"]),
        (["verify", "dot.toml", "--size", "12"], ["--size", "'12'", "HxW"]),
        (["verify", "dot.toml", "--size", "0x4"], ["--size", "'0x4'"]),
        (["verify", "dot.toml", "--size", "8x8..4x4"], ["--size", "empty"]),
        (["verify", "dot.toml", "--timeout", "nan"], ["--timeout", "nan"]),
        (["verify", "dot.toml", "--timeout", "0"], ["--timeout", "0"]),
        (["verify", "dot.toml", "--method", "monolithic"], ["monolithic", "one size", "any"]),
        (["audit", "dot.toml", "--size", "x"], ["--size", "'x'"]),
        (["margin", "dot.toml", "--size", "x"], ["--size", "'x'"]),
        (["build", "dot.toml", "-o", "no/net.onnx"], ["no/net.onnx", "folder", "does not exist"]),
        (["build", "dot.toml", "-o", "dot.toml/net.onnx"], ["dot.toml/net.onnx"]),
        (["build", "dot.toml", "-o", "net.pt"], ["net.pt", ".xnet or .onnx"]),
        (["build", "dot.toml", "-o", "net.onnx", "--slack", "many"], ["--slack", "'many'"]),
        (["build", "dot.toml", "-o", "net.onnx", "--slack", "1"], ["slack", "1"]),
        (["generate", "dot.toml", "-o", "full"], ["full", "not empty"]),
        (["generate", "dot.toml", "-o", "new", "--size", "any"], ["--size", "any", "one size"]),
        (["generate", "dot.toml", "-o", "dot.toml/new"], ["dot.toml"]),
        (["classify", "dot.xnet", "none.png"], ["none.png", "no such file"]),
        (["classify", "dot.xnet", "bad.png"], ["bad.png", "PNG"]),
        (["classify", "dot.xnet", "nan.npy"], ["nan.npy", "row 0, column 1", "nan"]),
        (["classify", "dot.xnet", "bright.npy"], ["bright.npy", "column 1", "3/2"]),
        (["classify", "dot.xnet", "colours.npy"], ["colours.npy", "(3, 2, 2)"]),
        (["classify", "dot.xnet", "dot.toml"], ["dot.toml", ".png"]),
        (["classify", "two.xnet", "bright.npy", "--task", "dot.toml"], ["two.xnet"]),
        (["new", "dot"], ["dot.toml", "there already", "--force"]),
        (["new", "two\nlines", "-o", "two.toml"], ["two.toml", "name", "printable"]),
        (["new", "dot", "-o", "no/where.toml"], ["no/where.toml", "does not exist"]),
        (["new", "mine", "--example", "shape"], ["--example", "found shape", "letters, shapes"]),
        (["new", "two\nlines", "-o", "two.toml", "--example", "signs"], ["two.toml", "name", "printable"]),
        (["new", "mine", "-o", "no/where.toml", "--example", "signs"], ["no/where.toml", "does not exist"]),
        (["verify", "shapes"], ["shapes: there is no such file", "exactcnn new shapes --example shapes"]),
        (["demo", "-o", "dot.toml/demo"], ["dot.toml"]),
        (["export", "dot.toml", "--to", "smtlib"], ["--output"]),
        (["export", "dot.toml", "--to", "smtlib", "-o", "a.smt2"], ["--what", "monolithic"]),
        (["export", "dot.toml", "--to", "smtlib", "-o", "a.smt2", "--what", "upper-9"], ["--what", "'upper-9'"]),
        (["export", "dot.toml", "--to", "smtlib", "-o", "a.smt2", "--what", "monolithic"], ["--size", "one size"]),
        (["export", "dot.toml", "--to", "latex", "-o", "a.tex", "--what", "nothing"], ["--what", "'nothing'"]),
        (["export", "dot.toml", "--to", "latex", "-o", "a.tex", "--what", "detector:dit"], ['"dit"', '"dot"']),
        (["export", "dot.toml", "--to", "latex", "-o", "a.tex", "--what", "excess:dot:7"], ["found 7"]),
        (["export", "dot.toml", "--to", "sympy", "-o", "a.py"], ["--size", "one size"]),
        (["export", "dot.toml", "--to", "sympy", "-o", "no/a.py", "--what", "excess:dot"], ["no/a.py"]),
    ],
    ids=lambda value: "_".join(value).replace("/", ".") if isinstance(value, list) and value[0].islower() else "",
)
def test_bad_files_and_values(folder: Path, args: list[str], parts: list[str]) -> None:
    message = refused(folder, *args)
    for part in parts:
        assert part in message


@pytest.mark.parametrize(
    "args",
    [
        ["verify"],
        ["verify", "dot.toml", "--colour"],
        ["verify", "dot.toml", "more.toml"],
        ["verify", "dot.toml", "--method", "magic"],
        ["verify", "dot.toml", "--workers", "0"],
        ["verify", "dot.toml", "--timeout", "soon"],
        ["verify", "dot.toml", "--size"],
        ["build", "dot.toml"],
        ["build", "dot.toml", "-o", "a.onnx", "--arithmetic", "float"],
        ["generate", "dot.toml", "-o", "new", "--count", "0"],
        ["generate", "dot.toml", "-o", "new", "--seed", "-1"],
        ["classify", "dot.xnet"],
        ["export", "dot.toml", "-o", "a"],
        ["margin", "dot.toml", "--bits", "0"],
        ["frobnicate"],
        ["--frobnicate"],
    ],
    ids=" ".join,
)
def test_bad_command_lines(folder: Path, args: list[str]) -> None:
    assert "--help" in refused(folder, *args)


def test_a_gap_too_small_for_dyadic_weights_is_refused_by_how_much(folder: Path) -> None:
    write(folder / "tiny.toml", DOT.replace('patch = "#"', 'patch = "#"\ngap = "1/1000000000"\ntolerance = "1/3"'))
    message = refused(folder, "build", "tiny.toml", "-o", "net.onnx")
    assert "tiny.toml" in message
    assert "rational" in message
    assert run("build", "tiny.toml", "-o", "net.xnet", "--arithmetic", "rational").code == 0


def test_a_class_that_does_not_fit_cannot_be_generated(folder: Path) -> None:
    write(folder / "wide.toml", DOT.replace('patch = "#"', 'patch = "####"'))
    message = refused(folder, "generate", "wide.toml", "-o", "new", "--size", "3x3")
    assert "with" in message


def test_rational_weights_are_refused_as_onnx_by_layer_and_weight(folder: Path) -> None:
    write(folder / "third.toml", DOT.replace('patch = "#"', 'patch = "#"\ntolerance = "1/3"'))
    message = refused(folder, "build", "third.toml", "-o", "net.onnx", "--arithmetic", "rational")
    assert "net.onnx" in message
    assert "layer" in message


def test_networks_with_weights_that_are_not_finite_are_refused(folder: Path) -> None:
    import onnx
    from onnx import numpy_helper

    assert run("build", "dot.toml", "-o", "good.onnx").code == 0
    model = onnx.load(str(folder / "good.onnx"))
    initializer = model.graph.initializer[0]
    values = numpy_helper.to_array(initializer).copy()
    values.flat[0] = np.nan
    initializer.CopyFrom(numpy_helper.from_array(values, initializer.name))
    onnx.save(model, str(folder / "nan.onnx"))
    message = refused(folder, "verify", "dot.toml", "--network", "nan.onnx")
    assert "nan.onnx" in message
    assert "finite" in message


def test_a_damaged_onnx_file_is_refused(folder: Path) -> None:
    (folder / "damaged.onnx").write_bytes(b"\x08\x09no model at all")
    assert "damaged.onnx" in refused(folder, "verify", "dot.toml", "--network", "damaged.onnx")


# -- what is not the user's fault -------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [RuntimeError("deep inside"), InternalError("two parts disagree"), OSError("odd")])
def test_bugs_are_said_to_be_bugs(folder: Path, monkeypatch: pytest.MonkeyPatch, error: Exception) -> None:
    def broken(_: object) -> None:
        raise error

    monkeypatch.setattr(api, "load_task", broken)
    ran = run("verify", "dot.toml")
    assert (ran.code, ran.out) == (5, "")
    assert len(lines(ran.err)) == 1
    assert str(error) in ran.err
    assert "bug" in ran.err
    assert "Traceback" not in ran.err
    assert "Traceback" in run("--debug", "verify", "dot.toml").err


def test_an_interrupt_is_said(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(api, "load_task", interrupted)
    ran = run("verify", "dot.toml")
    assert (ran.code, ran.out, ran.err) == (3, "", "interrupted\n")


def test_messages_about_the_command_line_read_as_sentences() -> None:
    assert run("verfy").err.startswith("error: No such command 'verfy'. Did you mean 'verify'? `exactcnn --help` ")
    wrong = run("verify", "x.toml", "--method", "magic").err
    assert "'magic' is not one of" in wrong
    assert "Value error" not in wrong


def test_a_new_task_may_be_named_by_its_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert run("new", "s.toml").code == 0
    assert [p.name for p in tmp_path.iterdir()] == ["s.toml"]
    assert 'name = "s"' in (tmp_path / "s.toml").read_text(encoding="utf-8")

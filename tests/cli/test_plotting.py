"""`exactcnn explain TASK --plot OUT`."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from support.commands import DOT, DOT_SPOILT, run, write


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    write(tmp_path / "image.txt", "exactcnn image 1\nsize 1 2 2\n0 1/2\n1 0\n")
    return tmp_path


@pytest.mark.parametrize(
    "more",
    [
        [],
        ["--what", "template:dot"],
        ["--what", "detector:dot:0", "--dark"],
        ["--what", "network", "--size", "4x4"],
        ["--what", "logits"],
        ["--what", "logits", "--network", "wrong.xnet", "--size", "2x2"],
        ["--what", "counterexample", "--network", "wrong.xnet", "--size", "2x2"],
    ],
    ids=" ".join,
)
@pytest.mark.usefixtures("folder")
def test_pictures_from_the_command_line(more: list[str]) -> None:
    ran = run("explain", "dot.toml", "--plot", "out.svg", *more)
    assert (ran.code, ran.out) == (0, "")
    assert "wrote out.svg" in ran.err
    assert "<svg" in Path("out.svg").read_text(encoding="utf-8")


def test_a_heat_map_of_an_image(folder: Path) -> None:
    from exactcnn.core.tensor import ExactTensor
    from exactcnn.formats.image_file import write_image_text

    write_image_text(folder / "image.txt", ExactTensor.from_integers([[[0, 1], [1, 0]]]))
    ran = run("explain", "dot.toml", "--plot", "out.png", "--what", "heat:dot", "--image", "image.txt")
    assert ran.code == 0
    assert Path("out.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--plot", "out.gif"], "not a name for a picture"),
        (["--plot", "none/out.svg"], "does not exist"),
        (["--plot", "out.svg", "--what", "ring"], "nothing of that name"),
        (["--plot", "out.svg", "--what", "detector"], "nothing of that name"),
        (["--plot", "out.svg", "--what", "network:x"], "nothing of that name"),
        (["--plot", "out.svg", "--what", "detector:ring"], "no such feature"),
        (["--plot", "out.svg", "--what", "detector:dot:1"], "no such template"),
        (["--plot", "out.svg", "--what", "heat:dot"], "an image is needed"),
        (["--plot", "out.svg", "--what", "counterexample"], "no counterexample"),
        (["--plot", "out.svg", "--what", "plane:dot"], "two different pixels"),
    ],
)
def test_pictures_that_make_no_sense(folder: Path, more: list[str], message: str) -> None:
    ran = run("explain", "dot.toml", *more)
    assert (ran.code, ran.out) == (4, "")
    assert message in ran.err
    assert not list(folder.glob("out.*"))


@pytest.mark.usefixtures("folder")
def test_without_matplotlib_the_message_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [n for n in sys.modules if n.startswith("exactcnn.report.plots")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    ran = run("explain", "dot.toml", "--plot", "out.svg")
    assert ran.code == 4
    assert "exactcnn[plot]" in ran.err

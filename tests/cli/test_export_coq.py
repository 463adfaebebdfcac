"""`exactcnn export X.cert --to coq`."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import DOT, run, write
from support.coq_reader import statement_of
from support.kernel_cases import golden

CLAIM = "Theorem claim_holds :\n  Networks.zero_error (task_of claim) (network_of claim) sizes (1)%R\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the task `dot.toml` and its certificate, and one about float32."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    assert run("verify", "dot.toml", "--certificate", "dot.cert").code == 0
    for suffix, text in zip(("stmt", "cert"), golden("rounded"), strict=True):
        write(tmp_path / f"rounded.{suffix}", text)
    return tmp_path


def test_a_theorem_is_written(folder: Path) -> None:
    ran = run("export", "dot.cert", "--to", "coq", "-o", "dot.v")
    assert (ran.code, ran.out, ran.err.strip()) == (0, "", "wrote dot.v")
    text = (folder / "dot.v").read_text()
    assert statement_of(text) == (folder / "dot.stmt").read_text()
    assert CLAIM in text
    assert "exactcnn export dot.cert --to coq -o dot.v\n" in text
    assert text.endswith("Qed.\n\nPrint Assumptions claim_holds.\n")
    # The same bytes from any place, under any name of the output.
    (folder / "elsewhere").mkdir()
    assert run("export", folder / "dot.cert", "--to", "coq", "-o", "elsewhere/other.v").code == 0
    assert (folder / "elsewhere/other.v").read_text() == text


def test_a_range_of_sizes(folder: Path) -> None:
    assert run("verify", "dot.toml", "--size", "2x3..4x3", "--certificate", "small.cert").code == 0
    assert run("export", "small.cert", "--to", "coq", "-o", "small.v").code == 0
    assert ":= 2 <= height <= 4 /\\ width = 3.\n" in (folder / "small.v").read_text()


def test_hostile_file_names(folder: Path) -> None:
    for suffix in ("stmt", "cert"):
        (folder / f"dot.{suffix}").rename(folder / f'(*"\u20ac.{suffix}')
    assert run("export", '(*"\u20ac.cert', "--to", "coq", "-o", "dot.v").code == 0
    text = (folder / "dot.v").read_text()
    assert "exactcnn export %28%2A%22%E2%82%AC.cert --to coq" in text
    assert text.isascii()
    assert '"' not in text


def test_a_margin_of_float32_execution(folder: Path) -> None:
    assert run("export", "rounded.cert", "--to", "coq", "-o", "rounded.v").code == 0
    text = (folder / "rounded.v").read_text()
    assert statement_of(text) == (folder / "rounded.stmt").read_text()
    assert "  Executions.float_zero_error (task_of claim) (network_of claim) sizes (1 / 2)%R None\n" in text


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["dot.cert", "--to", "coq"], ["--output", "nowhere to write to"]),
        (["dot.cert", "--to", "coq", "--list"], ["--list", "coq has no parts"]),
        (["dot.cert", "--to", "coq", "-o", "a.v", "--what", "1"], ["--what", "coq has no parts"]),
        (["dot.cert", "--to", "coq", "-o", "no/a.v"], ["no/a.v", "folder"]),
        (
            ["dot.toml", "--to", "coq", "-o", "a.v"],
            ["coq is for certificates", "a .cert file", "--certificate OUT.cert"],
        ),
        (["none.cert", "--to", "coq", "-o", "a.v"], ["none.stmt", "no such file"]),
        (["dot.cert", "--to", "latex", "-o", "a.v"], ["--to", "smtlib or coq"]),
    ],
)
def test_what_is_refused(folder: Path, options: list[str], words: list[str]) -> None:
    ran = run("export", *options)
    assert (ran.code, ran.out) == (4, "")
    for word in words:
        assert word in " ".join(ran.err.split())
    assert not (folder / "a.v").exists()


@pytest.mark.parametrize(
    ("suffix", "old", "new"),
    [("stmt", "margin 1", "margin 2"), ("cert", "witness 0", "witness 1"), ("cert", "facts", "fact\u00e9")],
)
def test_what_the_kernel_rejects_is_refused(folder: Path, suffix: str, old: str, new: str) -> None:
    path = folder / f"dot.{suffix}"
    text = path.read_text()
    changed = text.replace(old, new, 1)
    assert changed != text
    write(path, changed)
    ran = run("export", "dot.cert", "--to", "coq", "-o", "a.v")
    assert (ran.code, ran.out) == (4, "")
    assert "dot.cert: the checker rejects the certificate; found REJECTED line" in " ".join(ran.err.split())
    assert not (folder / "a.v").exists()

"""Whatever the bytes, the kernel says PROVED or REJECTED in one line, or that it cannot read; never a traceback."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.kernel_cases import NAMES, golden

from exactcnn.checker import kernel

_WORDS = [
    "0",
    "1",
    "-1",
    "2",
    "1/2",
    "-",
    "any",
    "none",
    "box",
    "same",
    "prove",
    "qed",
    "split",
    "999999999",
    "1*0",
    "%",
]


def _run(statement: bytes, certificate: bytes) -> str:
    proved, line = kernel.check(io.BytesIO(statement), io.BytesIO(certificate))
    assert line.startswith("PROVED " if proved else "REJECTED line ")
    assert line.isascii()
    assert "\n" not in line
    assert "a kernel without errors" not in line
    return line


@st.composite
def _damaged(draw: st.DrawFn, text: str) -> bytes:
    """The text with a few tokens or lines changed, swapped, doubled or dropped, or a few bytes changed."""
    lines = [line.split(" ") for line in text.split("\n")]
    for _ in range(draw(st.integers(1, 3))):
        i = draw(st.integers(0, len(lines) - 1))
        j = draw(st.integers(0, max(0, len(lines[i]) - 1)))
        match draw(st.sampled_from(["token", "number", "drop", "double", "line", "again", "swap"])):
            case "token" if lines[i]:
                lines[i][j] = draw(st.sampled_from(_WORDS))
            case "number" if lines[i] and lines[i][j].lstrip("-").isdigit():
                lines[i][j] = str(int(lines[i][j]) + draw(st.sampled_from([-1, 1, 10**9, 10**4100])))[:5000]
            case "drop":
                del lines[i][j : j + 1]
            case "double":
                lines[i] += lines[i][-1:]
            case "line" if len(lines) > 1:
                del lines[i]
            case "again":
                lines.insert(i, list(lines[i]))
            case "swap":
                k = draw(st.integers(0, len(lines) - 1))
                lines[i], lines[k] = lines[k], lines[i]
    data = bytearray("\n".join(" ".join(line) for line in lines).encode())
    if draw(st.integers(0, 3)) == 0 and data:
        data[draw(st.integers(0, len(data) - 1))] = draw(st.integers(0, 255))
    return bytes(data)


@pytest.fixture(autouse=True)
def _long_numbers() -> object:
    before = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)  # for the test's own numbers
    yield
    sys.set_int_max_str_digits(before)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), name=st.sampled_from(["lamp", *NAMES]))
def test_damaged_certificates(data: st.DataObject, name: str) -> None:
    statement, certificate = golden(name)
    _run(statement.encode(), data.draw(_damaged(certificate)))


@settings(max_examples=200, deadline=None)
@given(data=st.data(), name=st.sampled_from(["lamp", *NAMES]))
def test_damaged_statements(data: st.DataObject, name: str) -> None:
    statement, certificate = golden(name)
    changed = data.draw(_damaged(statement))
    named = certificate.replace(
        kernel.hashlib.sha256(statement.encode()).hexdigest(), kernel.hashlib.sha256(changed).hexdigest()
    )
    _run(changed, named.encode())


@settings(max_examples=50, deadline=None)
@given(statement=st.binary(max_size=80), certificate=st.binary(max_size=80))
def test_any_bytes(statement: bytes, certificate: bytes) -> None:
    assert _run(statement, certificate).startswith("REJECTED line 1 rule statement")


def test_the_program_alone(tmp_path: Path) -> None:
    statement, certificate = golden("lamp")
    (tmp_path / "a.stmt").write_text(statement)
    (tmp_path / "a.cert").write_text(certificate)
    (tmp_path / "b.cert").write_text(certificate.replace("qed 1 0 1", "qed 1 0 0"))
    digest = kernel.hashlib.sha256(statement.encode()).hexdigest()
    for name, code, text in (
        ("a.cert", 0, f"PROVED {digest} margin 1/4 sizes any\n"),
        ("b.cert", 1, "REJECTED line 21 rule qed: expected ascending rows, positive multipliers, got qed 1 0 0\n"),
        ("c.cert", 4, ""),
    ):
        command = [sys.executable, "-I", "-S", kernel.__file__, str(tmp_path / "a.stmt"), str(tmp_path / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (done.returncode, done.stdout) == (code, text)
        assert "Traceback" not in done.stderr
    assert (
        subprocess.run([sys.executable, "-I", "-S", kernel.__file__], capture_output=True, check=False).returncode == 4
    )


@pytest.mark.parametrize("lost", [">/dev/full", ">&-", "<&- >&- 2>&-", ""])
def test_a_verdict_that_nobody_can_read_is_none(tmp_path: Path, lost: str) -> None:
    """The disk is full, there is no stdout, or its reader has gone: exit code 4, and nothing but that."""
    for suffix, text in zip(("stmt", "cert"), golden("lamp"), strict=True):
        (tmp_path / f"a.{suffix}").write_text(text)
    reader, writer = os.pipe()
    os.close(reader)
    for names in (["a.stmt", "a.cert"], ["a.cert", "a.cert"]):
        command = ["sh", "-c", f'"$@" {lost}', "sh", sys.executable, "-I", "-S", kernel.__file__, *names]
        done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False, cwd=tmp_path)
        assert (done.returncode, done.stderr) == (4, "")
    os.close(writer)

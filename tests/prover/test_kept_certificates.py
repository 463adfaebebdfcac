"""The certificates in proofs/certificates: accepted, and about the shipped tasks as they are."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from flint import fmpq
from support.certified import shipped

from exactcnn import api
from exactcnn.checker import kernel
from exactcnn.core.rational import parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.examples import catalogue
from exactcnn.formats.statement import format_statement

_FOLDER = Path(__file__).parents[2] / "proofs" / "certificates"
_LIMIT = 1 << 20


def test_every_shipped_task_has_one() -> None:
    assert sorted(p.stem for p in _FOLDER.glob("*.cert")) == sorted(catalogue.names())


@pytest.mark.parametrize("name", catalogue.names())
def test_a_kept_certificate_is_accepted_and_up_to_date(name: str) -> None:
    statement, certificate = _FOLDER / f"{name}.stmt", _FOLDER / f"{name}.cert"
    text = statement.read_text()
    margin = parse_rational(text.split("\n")[2].removeprefix("margin "))
    task, network = shipped(name)
    assert text == format_statement(task, network, SizeRange(), margin, None)
    assert margin in (fmpq(1), fmpq(1, 2))
    assert certificate.stat().st_size < _LIMIT
    valid, verdict = api.check(statement, certificate)
    assert valid, verdict


def test_the_kernel_runs_alone() -> None:
    files = [str(_FOLDER / f"letters.{kind}") for kind in ("stmt", "cert")]
    found = subprocess.run(
        [sys.executable, "-I", "-S", kernel.__file__, *files], capture_output=True, text=True, check=False
    )
    assert (found.returncode, found.stderr) == (0, "")
    assert found.stdout.startswith("PROVED ")

"""The table of what the README's claims rest on: up to date, and about things that exist."""

from __future__ import annotations

import runpy
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
CLAIM = '[[part]]\ntitle = "Part"\n[[part.claim]]\ntext = "a claim"\nstatus = ["tested"]\nwhere = ["README.md"]\n'


@pytest.fixture(scope="module")
def tool() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "tools" / "trust_table.py"))


def test_the_readme_is_up_to_date_and_all_that_is_named_exists(
    tool: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    code = tool["main"](["--check"])
    assert (code, capsys.readouterr().err) == (0, "")


def test_every_status_is_used(tool: dict[str, Any]) -> None:
    parts = tool["read_claims"]((ROOT / "proofs" / "TRUST.toml").read_text())
    assert {s for claims in parts.values() for c in claims for s in c.status} == set(tool["STATUS"])


def test_a_changed_claim_makes_the_readme_out_of_date(tool: dict[str, Any]) -> None:
    readme = (ROOT / "README.md").read_text()
    parts = tool["read_claims"](CLAIM)
    changed = tool["updated"](readme, parts)
    assert changed != readme
    assert "| a claim | tested | [README.md](README.md) |" in changed
    # Only the table changes, and writing it again changes nothing.
    start, end = readme.index(tool["START"]), readme.index(tool["END"])
    assert changed.startswith(readme[:start])
    assert changed.endswith(readme[end:])
    assert tool["updated"](changed, parts) == changed


@pytest.mark.parametrize(
    ("where", "found"),
    [
        ("README.md: Measured", True),
        ("README.md: Imagined", False),
        ("tests/docs/test_trust.py: test_named_things_are_looked_up", True),
        ("tests/docs/test_trust.py: test_nothing", False),
        ("proofs/coq/Soundness.v: check_sound", True),
        ("proofs/coq/Soundness.v: check_soun", False),
        ("proofs/coq/Nothing.v: check_sound", False),
        ("proofs/TRUST.toml", True),
        ("proofs/TRUST.toml: part", False),
        ("proofs", True),
        ("nowhere.py", False),
    ],
)
def test_named_things_are_looked_up(tool: dict[str, Any], where: str, found: bool) -> None:
    parts = tool["read_claims"](CLAIM.replace("README.md", where))
    assert (not list(tool["missing"](parts))) is found


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ('"tested"', '"believed"'),
        ('["tested"]', "[]"),
        ('["README.md"]', "[]"),
        ('status = ["tested"]\n', ""),
        ('"a claim"', "1"),
        ('text = "a claim"', 'text = "a claim"\nproof = "none"'),
        ('title = "Part"', 'title = "Part"\nnote = ""'),
    ],
)
def test_what_is_no_trust_file(tool: dict[str, Any], right: str, wrong: str) -> None:
    assert right in CLAIM
    with pytest.raises((TypeError, ValueError), match=r"a claim|among|a part"):
        tool["read_claims"](CLAIM.replace(right, wrong))


def test_the_markers_have_to_be_there(tool: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="has to hold once"):
        tool["updated"]("no markers", tool["read_claims"](CLAIM))

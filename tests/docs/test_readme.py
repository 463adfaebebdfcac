"""The README: it has examples of each kind (`test_examples.py` runs them), and names what exists."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"


def test_the_readme_has_examples_of_each_kind() -> None:
    text = README.read_text("utf-8")
    for language in ("toml", "console", "python"):
        assert f"\n```{language}\n" in text


def test_commands_named_in_the_readme_exist() -> None:
    named = set(re.findall(r"`exactcnn (\w+)", README.read_text()))
    listed = subprocess.run(
        [sys.executable, "-m", "exactcnn", "--help"], capture_output=True, text=True, timeout=60, check=True
    ).stdout
    assert named
    assert not [name for name in named if not re.search(rf"^│ {name} ", listed, re.MULTILINE)]


def test_links_lead_somewhere() -> None:
    targets = re.findall(r"\]\(([^)#]+)\)", README.read_text())
    local = [t for t in targets if "://" not in t]
    assert local
    assert not [t for t in local if not (README.parent / t).exists()]

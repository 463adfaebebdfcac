"""The in-page engine's tests need node; where it is missing they fail with this message rather than be skipped."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

BATCH = Path(__file__).with_name("batch.mjs")


@pytest.fixture(scope="session")
def engine() -> Callable[[Sequence[dict[str, Any]]], list[Any]]:
    """Puts questions to the engine, many in one process."""
    node = shutil.which("node")
    if node is None:
        pytest.fail("the page's engine was not tested: node is missing (Debian: apt-get install nodejs)", pytrace=False)

    def ask(questions: Sequence[dict[str, Any]]) -> list[Any]:
        done = subprocess.run([node, BATCH], input=json.dumps(questions), capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        answers = json.loads(done.stdout)
        assert len(answers) == len(questions)
        return answers

    return ask

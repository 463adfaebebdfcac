"""These tests need the extracted checker (make extracted); where it is not built they fail rather than be skipped."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.extracted import PROGRAM, Both, Extracted


@pytest.fixture
def extracted(tmp_path: Path) -> Extracted:
    """The extracted checker."""
    if not PROGRAM.exists():
        pytest.fail(f"{PROGRAM} is missing: make extracted builds it, and needs OCaml and zarith", pytrace=False)
    return Extracted(tmp_path)


@pytest.fixture
def both(extracted: Extracted) -> Both:
    """The kernel and the extracted checker."""
    return Both(extracted)

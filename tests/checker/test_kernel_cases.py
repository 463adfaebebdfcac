"""The table of what the kernel accepts and rejects."""

from __future__ import annotations

import pytest
from support.kernel_cases import Case, all_cases

from exactcnn.checker import kernel

CASES = all_cases()


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_case(case: Case) -> None:
    assert case.run(kernel) is case.accept


def test_as_many_rejects_as_accepts() -> None:
    assert sum(not case.accept for case in CASES) > sum(case.accept for case in CASES)
    assert len({case.name for case in CASES}) == len(CASES)

"""What the checker has no room for is UNKNOWN, with the reason, and no internal error."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.commands import DOT

from exactcnn import api
from exactcnn.checker import kernel
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.formats.task_file import parse_task
from exactcnn.network.model import Conv2d, Dense, GlobalPool, Network, ReLU
from exactcnn.prover import limits
from exactcnn.prover.instance import Instance
from exactcnn.prover.limits import beyond_the_checker


def _network(rows: int, stride: int = 1) -> Network:
    """The network of the task `dot`, its first window longer than it need be."""
    weight = ExactTensor.from_integers([[[[2]] + [[0]] * (rows - 1)]])
    first = Conv2d(weight, ExactTensor.from_integers([-1]), (stride, 1), (0, 0, rows - 1, 0))
    last = Dense(ExactTensor.from_integers([[1], [-1]]), ExactTensor.from_integers([0, 1]))
    return Network((first, ReLU(), GlobalPool("max"), last), 1)


TASK = parse_task(DOT, source="dot.toml", folder=Path())


def test_the_limits_are_the_kernels() -> None:
    assert (limits.LARGEST, limits.MOST_WEIGHTS) == (kernel.LARGEST, kernel.MOST_WEIGHTS)


@pytest.mark.parametrize(("rows", "stride", "fits"), [(512, 1, True), (513, 1, False), (1, 512, True), (1, 513, False)])
def test_long_windows_and_steps(rows: int, stride: int, fits: bool) -> None:
    instance = Instance(TASK, _network(rows, stride), SizeRange(1, None, 1, None))
    reason = beyond_the_checker(instance)
    assert (reason is None) is fits
    if not fits:
        assert "up to 512 rows; there is one of 513" in str(reason)


def test_the_answer_is_unknown() -> None:
    outcome = api.verify(TASK, _network(513), sizes="3x3", workers=1)
    assert outcome.verdict is Verdict.UNKNOWN
    assert "the checker takes fields" in str(outcome.reason)

"""The modular method against the clock, with several workers, and what its outcome says."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
import pytest
from flint import fmpq
from support.certified import corners
from support.outcomes import (
    PLAIN,
    PROVED,
    REST,
    YES_NO,
    answer,
    check_outcome,
)
from support.perturb import perturbed
from support.tiny import conv, dense, feature, one_class, task

from exactcnn import api
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import (
    Conv2d,
    Dense,
    GlobalPool,
    Network,
    ReLU,
)
from exactcnn.prover import verify
from exactcnn.prover.refute import Refuter
from exactcnn.prover.verify import Settings, verify_modular
from exactcnn.solvers.pool import OutOfTimeError
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Task


def hard_network(subject: Task, share: fmpq) -> Network:
    """The network built for a task of dots, with a share of a function added that no solver can bound quickly."""
    network = api.build(subject)
    first, second, head = network.layers[0], network.layers[2], network.layers[5]
    assert isinstance(first, Conv2d)
    assert isinstance(second, Conv2d)
    assert isinstance(head, Dense)
    rough = conv([((7 * i * i + 3 * i) % 17) - 8 for i in range(6 * 25)], (6, 1, 5, 5), [1, -1, 2, -2, 3, -3])
    rougher = conv([((5 * i * i + i) % 13) - 6 for i in range(6 * 9)], (1, 6, 3, 3), [0])
    one = replace(_beside(first, rough, shared=True), padding=(2, 2, 2, 2))
    two = replace(_beside(second, rougher, shared=False), padding=(1, 1, 1, 1))
    weight = head.weight.fractions()
    wider = ExactTensor.from_rationals(
        [[*row, int(n == 0) * share] for n, row in enumerate(weight)], (len(weight), len(weight[0]) + 1)
    )
    return Network((one, ReLU(), two, ReLU(), GlobalPool(), replace(head, weight=wider), *network.layers[6:]), 1)


def _beside(narrow: Conv2d, wide: Conv2d, *, shared: bool) -> Conv2d:
    """Two convolutions on the same channels, or on channels of their own; the first has a 1x1 kernel."""
    (o, i, _, _), (p, j, rows, columns) = narrow.weight.shape, wide.weight.shape
    values = np.full((o + p, i if shared else i + j, rows, columns), fmpq(0), dtype=object)
    values[:o, :i, rows // 2, columns // 2] = narrow.weight.fractions()[:, :, 0, 0]
    values[o:, -j:] = wide.weight.fractions()
    bias = [*narrow.bias.rationals(), *wide.bias.rationals()]
    return Conv2d(ExactTensor.from_rationals(values, shape=values.shape), ExactTensor.from_rationals(bias, (o + p,)))


@pytest.mark.parametrize("seconds", [1e-6, 0.01])
def test_a_tiny_time_limit(seconds: float) -> None:
    found = answer(PLAIN, timeout=seconds)
    assert found.verdict is Verdict.TIMEOUT
    assert found.reason is not None
    assert found.reason.startswith(f"the time limit of {seconds:g} s was reached ")
    assert 'the stage "' in found.reason
    assert found.advice[0] == "more time (--timeout)"


def test_a_time_limit_is_kept() -> None:
    subject = YES_NO
    started = time.monotonic()
    found = api.verify(subject, hard_network(subject, fmpq(1, 4000)), sizes="9x9", workers=1, timeout=2)
    assert found.verdict is Verdict.TIMEOUT
    assert all(r.witness for r in found.classes)
    # Without the limit it takes minutes; a loaded machine may be slow to notice that it has passed.
    assert time.monotonic() - started < 60


def test_a_timeout_says_how_far_it_got(monkeypatch: pytest.MonkeyPatch) -> None:
    """The head's bounds are found, one of them falls short, and the time is over while images are looked for."""

    def late(*_: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(verify, "added_up", lambda *_: None)
    monkeypatch.setattr(Refuter, "run", late)
    grey = Network((conv(1, (1, 1, 1, 1), [0]), ReLU(), GlobalPool("max"), dense([[1], [-1]], [0, "5/8"])), 1)
    found = verify_modular(YES_NO, grey, SizeRange(), Z3Solver(), Settings(workers=1))
    assert found.verdict is Verdict.TIMEOUT
    assert found.reason == 'the time limit was reached in the stage "searching a counterexample"'
    assert str(found.unproved).startswith("the best that the facts give is ")
    assert found.obligations["head"] > 0
    assert all(report.witness for report in found.classes)
    assert [text.split(" (")[0] for text in found.advice] == ["more time", "one small size"]


def test_an_attack_that_takes_its_share_of_the_time_does_not_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def late(*_: object) -> None:
        raise OutOfTimeError

    monkeypatch.setattr(verify, "attacked", late)
    network = perturbed(api.build(corners()[0], slack="1/2"), 8, 3)
    settings = Settings(workers=1, timeout=600, confirm=lambda *_: None)
    found = verify_modular(corners()[0], network, SizeRange(), Z3Solver(), settings)
    assert check_outcome(corners()[0], network, found).verdict is PROVED


def test_questions_that_stay_open_are_not_always_needed() -> None:
    """With a smaller share of the rough function interval bounds are enough, whatever became of the better ones."""
    subject = YES_NO
    network = hard_network(subject, fmpq(1, 10**6))
    found = verify_modular(subject, network, SizeRange.fixed(9, 9), Z3Solver(), Settings(query_timeout=0.2, workers=1))
    assert check_outcome(subject, network, found).verdict is PROVED


def test_no_greater_margin_is_sought_at_any_price() -> None:
    """The least upper bound of a rough function, whose interval bounds are good enough, would take minutes."""
    network = hard_network(YES_NO, fmpq(1, 10**6))
    found = api.verify(YES_NO, network, sizes="9x9", workers=1, timeout=60)
    assert check_outcome(YES_NO, network, found).verdict is PROVED
    assert found.margin is not None
    assert found.margin > fmpq(99, 100)


def test_two_workers_give_the_same_outcome_as_one() -> None:
    """Sixty features and as many channels, so that the work is really shared out."""
    drawings = [f"{n:09b}".replace("0", ".").replace("1", "#") for n in range(1, 500, 8)]
    features = [feature(f"f{n}", d[:3], d[3:6], d[6:]) for n, d in enumerate(drawings)]
    subject = task(features, [one_class("first", "f0", "f1"), one_class("second", "f1", "f0"), REST])
    network = api.build(subject)
    one, two = (api.verify(subject, network, workers=n) for n in (1, 2))
    assert replace(one, seconds=0.0) == replace(two, seconds=0.0)
    assert one.verdict is PROVED


def test_progress_is_shown() -> None:
    stages: list[tuple[str, int, int]] = []
    api.verify(PLAIN, workers=1, progress=lambda *step: stages.append(step))
    assert {s for s, _, _ in stages} == {"finding witnesses", "upper facts", "head", "lower facts", "certificate"}
    assert all(0 <= done <= total for _, done, total in stages)


def test_what_the_outcome_says() -> None:
    found = answer(PLAIN)
    assert found.task == "tiny"
    assert found.method == "modular"
    assert found.configurations == 4
    assert found.class_names == ("dot", "ring", "rest")
    assert found.obligations["head"] > 0
    assert found.obligations["lower"] > 0
    # Nothing was left to be asked.
    assert found.solvers == ()


def test_solvers_that_were_asked_are_named() -> None:
    network = api.build(YES_NO)
    found = verify_modular(YES_NO, network, SizeRange(), Z3Solver(), Settings(workers=1))
    assert [name.split()[0] for name in found.solvers] == ["z3"]
    assert check_outcome(YES_NO, network, found).evidence == "smt"
    assert found.unproved is None

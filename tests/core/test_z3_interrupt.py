"""Ctrl-C while z3 computes: never lost, and the computation ends."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator

import pytest
import z3

from exactcnn.core.z3_interrupt import check

PIGEONS = 11


def pigeonhole() -> z3.Solver:
    """One pigeon more than holes: far too hard."""
    solver = z3.SolverFor("QF_LRA", ctx=z3.Context())
    sits = [[z3.Bool(f"p{i}_{j}", solver.ctx) for j in range(PIGEONS)] for i in range(PIGEONS + 1)]
    for row in sits:
        solver.add(z3.Or(row))
    for hole in range(PIGEONS):
        for one in range(PIGEONS + 1):
            for other in range(one):
                solver.add(z3.Or(z3.Not(sits[one][hole]), z3.Not(sits[other][hole])))
    return solver


@pytest.fixture
def seen() -> Iterator[list[int]]:
    """SIGUSR1 is noted."""
    found: list[int] = []
    before = signal.signal(signal.SIGUSR1, lambda number, frame: found.append(number))
    yield found
    signal.signal(signal.SIGUSR1, before)


def soon(number: int, seconds: float) -> threading.Timer:
    timer = threading.Timer(seconds, lambda: os.kill(os.getpid(), number))
    timer.start()
    return timer


@pytest.mark.parametrize("seconds", [0.05, 0.1, 0.2, 0.5])
def test_ctrl_c_ends_a_long_computation(seconds: float) -> None:
    solver = pigeonhole()
    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):  # noqa: PT012 - the signal may come before z3 begins
        soon(signal.SIGINT, seconds)
        check(solver)
    assert time.monotonic() - started < 60


def test_other_signals_wait_and_end_nothing(seen: list[int]) -> None:
    solver = pigeonhole()
    solver.set("timeout", 1000)
    timer = soon(signal.SIGUSR1, 0.1)
    assert check(solver) == z3.unknown
    timer.join()
    assert seen == [signal.SIGUSR1]


def test_what_listened_to_signals_before_listens_again() -> None:
    solver = z3.Solver()
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    before = signal.set_wakeup_fd(writer)
    try:
        assert check(solver) == z3.sat
        assert signal.set_wakeup_fd(writer) == writer
    finally:
        signal.set_wakeup_fd(before)
        os.close(reader)
        os.close(writer)


def test_a_thread_of_its_own_may_ask() -> None:
    found: list[object] = []
    optimiser = z3.Optimize(ctx=z3.Context())
    thread = threading.Thread(target=lambda: found.append(check(optimiser)))
    thread.start()
    thread.join()
    assert found == [z3.sat]


def test_assumptions_are_handed_on() -> None:
    solver = z3.Solver()
    p = z3.Bool("p")
    solver.add(z3.Not(p))
    assert (check(solver), check(solver, p)) == (z3.sat, z3.unsat)

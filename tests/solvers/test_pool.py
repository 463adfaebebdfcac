"""Jobs in this process and in worker processes: same results, same order, errors and deadlines come through."""

from __future__ import annotations

import multiprocessing
import os
import time

import pytest

from exactcnn.solvers.pool import Deadline, OutOfTimeError, Workers

FOREVER = Deadline(None)
MANY = list(range(200))


def scaled(factor: int, job: int) -> int:
    return factor * job


def where(_: object, __: object) -> int:
    return os.getpid()


def fails_at_90(_: object, job: int) -> int:
    if job == 90:
        raise ValueError(f"job {job}")
    return job


def slow(seconds: float, job: int) -> int:
    time.sleep(seconds)
    return job


def soon_alone() -> bool:
    """Whether the worker processes are gone within a moment."""
    end = time.monotonic() + 5
    while multiprocessing.active_children() and time.monotonic() < end:
        time.sleep(0.01)
    return not multiprocessing.active_children()


@pytest.mark.parametrize("count", [1, 2, None])
@pytest.mark.parametrize("jobs", [[], [3], MANY, MANY[::-1]])
def test_results_come_in_the_order_of_the_jobs(count: int | None, jobs: list[int]) -> None:
    with Workers(10, count) as workers:
        assert list(workers.run(scaled, jobs, FOREVER)) == [10 * job for job in jobs]


def test_few_jobs_stay_in_this_process() -> None:
    with Workers(None, 2) as workers:
        assert set(workers.run(where, MANY[:40], FOREVER)) == {os.getpid()}
        assert os.getpid() not in set(workers.run(where, MANY, FOREVER))
    with Workers(None, 1) as workers:
        assert set(workers.run(where, MANY, FOREVER)) == {os.getpid()}


def test_the_context_goes_to_every_process_once() -> None:
    with Workers(3, 2) as workers:
        assert list(workers.run(scaled, MANY, FOREVER)) == list(workers.run(scaled, MANY, FOREVER))


@pytest.mark.parametrize("count", [1, 2])
def test_errors_come_through(count: int) -> None:
    with Workers(None, count) as workers, pytest.raises(ValueError, match="job 90"):
        list(workers.run(fails_at_90, MANY, FOREVER))


@pytest.mark.parametrize("count", [1, 2])
def test_a_deadline_ends_the_work(count: int) -> None:
    started = time.monotonic()
    with pytest.raises(OutOfTimeError), Workers(0.05, count) as workers:
        list(workers.run(slow, MANY, Deadline(0.3)))
    assert time.monotonic() - started < 40
    assert soon_alone()


def test_workers_are_ended_without_waiting() -> None:
    started = time.monotonic()
    workers = Workers(60.0, 2)
    with pytest.raises(OutOfTimeError):
        next(workers.run(slow, MANY, Deadline(0.2)))
    workers.close(kill=True)
    assert time.monotonic() - started < 40
    assert soon_alone()


def test_closing_twice_is_fine() -> None:
    workers = Workers(1, 2)
    workers.close()
    assert list(workers.run(scaled, MANY, FOREVER)) == MANY
    workers.close()
    workers.close(kill=True)
    assert list(workers.run(scaled, MANY, FOREVER)) == MANY
    workers.close()


def test_deadlines() -> None:
    assert FOREVER.remaining() is None
    assert FOREVER.at_most(3) == 3
    long = Deadline(100)
    assert 99 < (long.remaining() or 0) <= 100
    assert long.at_most(3) == 3
    assert 99 < long.at_most(300) <= 100
    with pytest.raises(OutOfTimeError):
        Deadline(0).remaining()
    with pytest.raises(OutOfTimeError):
        Deadline(-1).at_most(3)

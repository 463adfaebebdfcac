"""Many small jobs on all cores: in this process while they are few, in worker processes when they are many."""

from __future__ import annotations

import concurrent.futures
import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

__all__ = ["Deadline", "OutOfTimeError", "Workers"]

Context = TypeVar("Context")
Job = TypeVar("Job")
Result = TypeVar("Result")

_FEW = 48
_BATCHES_PER_WORKER = 16


class OutOfTimeError(Exception):
    """The time that the user allowed is used up."""


class Deadline:
    """A point in time; `None` seconds is never."""

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    def remaining(self) -> float | None:
        """Seconds left, None without a limit.

        Raises
        ------
        OutOfTimeError: none are left.
        """
        if self._end is None:
            return None
        left = self._end - time.monotonic()
        if left <= 0:
            raise OutOfTimeError
        return left

    def at_most(self, seconds: float) -> float:
        """The smaller of `seconds` and what is left."""
        left = self.remaining()
        return seconds if left is None else min(seconds, left)


class Workers(Generic[Context]):
    """Runs functions of (context, job) over lists of jobs; the context is sent to each process once.

    Parameters
    ----------
    context: what every job needs; it must be picklable.
    count: how many processes; None for the number of cores.
    """

    def __init__(self, context: Context, count: int | None = None) -> None:
        self._context = context
        self._count = count if count is not None else os.cpu_count() or 1
        self._pool: concurrent.futures.ProcessPoolExecutor | None = None

    def run(
        self, function: Callable[[Context, Job], Result], jobs: Sequence[Job], deadline: Deadline
    ) -> Iterator[Result]:
        """The results, in the order of the jobs.

        Raises
        ------
        OutOfTimeError: the deadline passed before all were there.
        """
        if self._count <= 1 or len(jobs) <= _FEW:
            for job in jobs:
                deadline.remaining()
                yield function(self._context, job)
            return
        pool = self._started()
        size = max(1, len(jobs) // (self._count * _BATCHES_PER_WORKER))
        batches = [jobs[i : i + size] for i in range(0, len(jobs), size)]
        futures = [pool.submit(_work, function, batch) for batch in batches]
        try:
            for future in futures:
                yield from future.result(timeout=deadline.remaining())
        except TimeoutError:
            raise OutOfTimeError from None

    def close(self, *, kill: bool = False) -> None:
        """Ends the processes; with `kill` without waiting for what they are doing."""
        if self._pool is None:
            return
        if kill:
            for process in list((self._pool._processes or {}).values()):
                process.terminate()
        self._pool.shutdown(wait=not kill, cancel_futures=True)
        self._pool = None

    def __enter__(self) -> Workers[Context]:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self.close(kill=kind is not None)

    def _started(self) -> concurrent.futures.ProcessPoolExecutor:
        if self._pool is None:
            # Forking keeps the start-up time of large tasks low; where there is no fork, spawning does the same work.
            method = "fork" if "fork" in multiprocessing.get_all_start_methods() else "spawn"
            self._pool = concurrent.futures.ProcessPoolExecutor(
                self._count, multiprocessing.get_context(method), _start, (self._context,)
            )
        return self._pool


_context: object = None


def _start(context: object) -> None:
    global _context
    _context = context
    # An interrupt is the parent's business: it ends its workers.
    signal.signal(signal.SIGINT, signal.SIG_IGN)


def _work(function: Callable[[Any, Job], Result], jobs: Sequence[Job]) -> list[Result]:
    return [function(_context, job) for job in jobs]

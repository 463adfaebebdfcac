"""A progress bar on stderr for what takes longer than a second."""

from __future__ import annotations

import os
import sys
import threading
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import Progress, TaskID

__all__ = ["ProgressDisplay"]

_DELAY = 0.8
_INTERVAL = 0.1

# Worker processes may be forked while a bar is on the screen. The lock keeps the drawing thread out of the terminal's
# own locks at that moment, so that no child inherits one that nobody will ever release.
_drawing = threading.Lock()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_drawing.acquire, after_in_parent=_drawing.release, after_in_child=_drawing.release)


class ProgressDisplay:
    """A callback (stage, done, total) and the bar that shows what it was last called with.

    Nothing is drawn in the first second, nor where stderr is no terminal. A thread of its own draws, so that the clock
    goes on while a solver thinks.

    Parameters
    ----------
    title: what is shown until the first call.
    """

    def __init__(self, title: str) -> None:
        self._state = (title, 0, 0)
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None

    def __call__(self, stage: str, done: int, total: int) -> None:
        """Says that `done` of the stage's `total` steps are done (a total of 0 is an unknown one)."""
        self._state = (stage, done, total)

    def __enter__(self) -> ProgressDisplay:
        if sys.stderr is not None and sys.stderr.isatty():
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._ended.set()
        if self._thread is not None:
            self._thread.join()

    def _run(self) -> None:
        if self._ended.wait(_DELAY):
            return
        with _drawing:
            progress = _bar()
            stage = self._state[0]
            task = progress.add_task(stage, total=None)
            progress.start()
        while not self._ended.wait(_INTERVAL):
            with _drawing:
                stage = self._draw(progress, task, stage)
        with _drawing:
            progress.stop()

    def _draw(self, progress: Progress, task: TaskID, shown: str) -> str:
        """Draws the latest state; the stage that is shown now."""
        stage, done, total = self._state
        if stage != shown:
            progress.reset(task, description=stage)
        progress.update(task, completed=done, total=total or None)
        progress.refresh()
        return stage


def _bar() -> Progress:
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        MofNCompleteColumn,
        Progress,
        TextColumn,
        TimeElapsedColumn,
        TimeRemainingColumn,
    )

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("so far,"),
        TimeRemainingColumn(),
        TextColumn("left"),
        console=Console(stderr=True),
        auto_refresh=False,
        transient=True,
        redirect_stdout=False,
        redirect_stderr=False,
    )

"""Ctrl-C while z3 computes.

z3's own handler takes the signal away from Python, and now and then nothing comes of it: the answer was just there, or
the computation does not look. So the signal stays Python's, which raises KeyboardInterrupt as soon as the call returns,
and a thread that is woken by it makes z3 return.
"""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = ["check"]

# Seconds between calls to stop: one that comes before z3 has begun is lost.
_AGAIN = 0.05


def check(solver: Any, *assumptions: Any) -> Any:
    """What `solver.check` (of a z3.Solver or z3.Optimize) says.

    Raises
    ------
    KeyboardInterrupt: Ctrl-C was pressed; other signals wait, as they do for any call of a library.
    """
    solver.set("ctrl_c", False)
    with _watched(solver.ctx):
        return solver.check(*assumptions)


@contextmanager
def _watched(context: Any) -> Iterator[None]:
    """Stops the context's computation when the main thread, if this is it, gets the signal SIGINT."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    reader, writer = socket.socketpair()
    with reader, writer:
        writer.setblocking(False)
        done = threading.Event()

        def watch() -> None:
            while received := reader.recv(64):
                while signal.SIGINT in received and not done.is_set():
                    context.interrupt()
                    done.wait(_AGAIN)

        watcher = threading.Thread(target=watch, daemon=True)
        watcher.start()
        before = signal.set_wakeup_fd(writer.fileno(), warn_on_full_buffer=False)
        try:
            yield
        finally:
            signal.set_wakeup_fd(before)
            done.set()
            writer.close()
            watcher.join()

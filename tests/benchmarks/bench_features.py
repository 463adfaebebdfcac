"""How verification grows with the number of features: time and memory of the whole process.

    python tests/benchmarks/bench_features.py [--features 10,30,100,300,1000] [--classes 100] [--workers N]

Features are 5x5, at any size; there are as many classes as features, and at most `--classes`. The memory is the most
that the process and its workers held together, memory that they share counted in each of them. The growth between two
rows is the exponent e in time = constant * features^e. The target is 60 s and 2 GB for 1,000 features.
"""

from __future__ import annotations

import argparse
import math
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from instances import instance
from measuring import Run, Table, child_environment, run_process, verdict_line
from task_text import write_task

from exactcnn.core.verdict import Verdict
from exactcnn.formats.network_file import save_network
from exactcnn.network.construct import build_network

__all__ = ["main", "measure"]

FEATURES = (10, 30, 100, 300, 1000)
CLASSES = 100
TARGET_SECONDS = 60.0
TARGET_MEGABYTES = 2000.0
_LIMIT = 600.0
_PATTERN = 5


def measure(
    features: Sequence[int] = FEATURES, classes: int = CLASSES, workers: int | None = None
) -> tuple[Table, bool]:
    """Prints the table; whether every answer was PROVED within the target."""
    table = Table(
        f"exactcnn verify at any size, whole process: features of {_PATTERN}x{_PATTERN}",
        [
            ("features", 8),
            ("classes", 7),
            ("verdict", 8),
            ("time", 8),
            ("a feature", 9),
            ("growth", 6),
            ("peak memory", 11),
        ],
    ).start()
    reached, previous = True, None
    for count in features:
        run = _run(count, min(count, classes), workers)
        proved = run.code == Verdict.PROVED.exit_code
        growth = "-"
        if previous is not None:
            growth = f"{math.log(run.seconds / previous[1]) / math.log(count / previous[0]):.2f}"
        previous = count, run.seconds
        table.add(
            str(count),
            str(min(count, classes)),
            "PROVED" if proved else "failed",
            f"{run.seconds:.2f} s",
            f"{run.seconds / count * 1000:.1f} ms",
            growth,
            "-" if run.peak is None else f"{run.peak:.0f} MB",
        )
        if not proved:
            table.note(run.errors.strip()[-500:] or f"exit code {run.code}")
        small = run.peak is None or run.peak < TARGET_MEGABYTES
        reached = reached and proved and run.seconds < TARGET_SECONDS and small
    table.note(verdict_line(f"{TARGET_SECONDS:g} s and {TARGET_MEGABYTES / 1000:g} GB in every row", reached=reached))
    return table, reached


def _run(features: int, classes: int, workers: int | None) -> Run:
    """One verification of an instance written to files."""
    with tempfile.TemporaryDirectory() as folder:
        task_file, network_file = Path(folder) / "task.toml", Path(folder) / "network.onnx"
        task = instance(features, _PATTERN, classes)
        write_task(task, task_file)
        save_network(network_file, build_network(task))
        command = [sys.executable, "-m", "exactcnn", "verify", str(task_file), "--network", str(network_file)]
        command += ["--workers", str(workers)] if workers else []
        return run_process(command, limit=_LIMIT, environment=child_environment(), memory=True)


def main() -> int:
    """0 if the target was reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--features", default=",".join(map(str, FEATURES)), help="numbers of features, ascending")
    parser.add_argument("--classes", type=int, default=CLASSES, help="at most so many classes")
    parser.add_argument("--workers", type=int, default=None, help="processes; one a core by default")
    options = parser.parse_args()
    _, reached = measure([int(n) for n in options.features.split(",")], options.classes, options.workers)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

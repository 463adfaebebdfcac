"""Verification of ten 5x5 features and ten classes as a whole process: what `exactcnn verify` takes at any size.

    python tests/benchmarks/bench_verify.py [--repeat 5] [--sizes any,8x8,28x28,512x512,4096x4096] [--features 10]

Every time runs from starting Python to its end: reading the task and the network, the proof, and a witness image for
every class. The network is an ONNX file. The target is 2 s at any size, and the same at every other.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from instances import instance
from measuring import Table, child_environment, run_process, verdict_line
from task_text import write_task

from exactcnn.core.verdict import Verdict
from exactcnn.formats.network_file import save_network
from exactcnn.network.construct import build_network

__all__ = ["main", "measure"]

SIZES = ("any", "8x8", "28x28", "512x512", "4096x4096")
TARGET = 2.0
_LIMIT = 120.0
_PATTERN = 5


def measure(sizes: Sequence[str] = SIZES, repeat: int = 5, features: int = 10) -> tuple[Table, bool]:
    """Prints the table; whether every answer was PROVED within the target."""
    table = Table(
        f"exactcnn verify, whole process: {features} features of {_PATTERN}x{_PATTERN}, {features} classes, "
        f"{repeat} runs each",
        [("size", 10), ("verdict", 8), ("best", 8), ("median", 8), ("worst", 8)],
    ).start()
    reached = True
    with tempfile.TemporaryDirectory() as folder:
        task_file, network_file = Path(folder) / "task.toml", Path(folder) / "network.onnx"
        task = instance(features, _PATTERN, features)
        write_task(task, task_file)
        save_network(network_file, build_network(task))
        for size in sizes:
            command = [sys.executable, "-m", "exactcnn", "verify", str(task_file), "--network", str(network_file)]
            runs = [
                run_process([*command, "--size", size], limit=_LIMIT, environment=child_environment())
                for _ in range(repeat)
            ]
            proved = all(run.code == Verdict.PROVED.exit_code for run in runs)
            times = [run.seconds for run in runs]
            median = statistics.median(times)
            table.add(size, "PROVED" if proved else "failed", *(f"{t:.2f} s" for t in (min(times), median, max(times))))
            if not proved:
                table.note(next(r for r in runs if r.code != Verdict.PROVED.exit_code).errors.strip()[-500:])
            reached = reached and proved and median < TARGET
    table.note(verdict_line(f"a median under {TARGET:g} s at every size", reached=reached))
    return table, reached


def main() -> int:
    """0 if the target was reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--repeat", type=int, default=5, help="runs at each size")
    parser.add_argument("--sizes", default=",".join(SIZES), help="what is given to --size, one after another")
    parser.add_argument("--features", type=int, default=10, help="how many features, and classes")
    options = parser.parse_args()
    _, reached = measure(options.sizes.split(","), options.repeat, options.features)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

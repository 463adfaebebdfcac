"""Networks of the shipped tasks after what others do to weights: what the answer is, and what it takes.

    python tests/benchmarks/bench_foreign.py [--tasks shapes,letters,signs,digits] [--slack 0] [--limit 120]

Each network is built, then changed (`changed.py`): its weights rounded to 8 bits or to float16, the smallest tenth of
each layer's weights set to zero, all that are not zero moved by up to 2^-12 (perturbed), or those that are zero as well
(dense). It is written to an ONNX file and verified at any size. Some of them are right and some are not: without
`--slack` a built network leaves nothing over for changes. The target is an answer, PROVED or REFUTED, within 60 s of
the processor for each.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from changed import CHANGES
from measuring import Table, child_environment, run_process, verdict_line

from exactcnn.core.verdict import Verdict
from exactcnn.examples import catalogue
from exactcnn.formats.network_file import save_network
from exactcnn.formats.task_file import load_task
from exactcnn.network.construct import build_network

__all__ = ["main", "measure"]

TASKS = ("shapes", "letters", "signs", "digits")
TARGET = 60.0
_LIMIT = 120.0
_WORDS = {verdict.exit_code: verdict.value for verdict in (Verdict.PROVED, Verdict.REFUTED, Verdict.VACUOUS)}


def measure(tasks: Sequence[str] = TASKS, slack: str = "0", limit: float = _LIMIT) -> tuple[Table, bool]:
    """Prints the table; whether every network was decided within the target."""
    table = Table(
        f"exactcnn verify at any size, networks of shipped tasks (slack {slack}) after a change, whole process",
        [("task", 8), ("change", 10), ("answer", 8), ("time", 8), ("processor", 9), ("certificate", 11)],
    ).start()
    reached = True
    for name in tasks:
        path = catalogue.path(name)
        network = build_network(load_task(path), slack=slack)
        for change, apply in CHANGES.items():
            with tempfile.TemporaryDirectory() as folder:
                network_file, certificate = Path(folder) / "net.onnx", Path(folder) / "net.cert"
                save_network(network_file, apply(network))
                command = [sys.executable, "-m", "exactcnn", "verify", str(path), "--network", str(network_file)]
                command += ["--certificate", str(certificate), "--timeout", f"{limit:g}"]
                run = run_process(command, limit=2 * limit, environment=child_environment())
                size = f"{certificate.stat().st_size / 1000:.0f} kB" if certificate.exists() else "-"
            answer = _WORDS.get(-1 if run.code is None else run.code, "open")
            table.add(name, change, answer, f"{run.seconds:.2f} s", f"{run.processor:.2f} s", size)
            if answer == "open":
                table.note((run.errors or run.output).strip()[-300:])
            reached = reached and answer in ("PROVED", "REFUTED") and run.processor < TARGET
    table.note(verdict_line(f"every network decided within {TARGET:g} s of the processor", reached=reached))
    return table, reached


def main() -> int:
    """0 if the target was reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--tasks", default=",".join(TASKS), help="shipped tasks")
    parser.add_argument("--slack", default="0", help="the share of the gaps that the built networks leave over")
    parser.add_argument("--limit", type=float, default=_LIMIT, help="seconds for each network")
    options = parser.parse_args()
    _, reached = measure(options.tasks.split(","), options.slack, options.limit)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

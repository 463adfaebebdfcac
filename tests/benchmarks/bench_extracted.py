"""The checker extracted from Coq against the kernel, on the certificates of the shipped tasks.

    python tests/benchmarks/bench_extracted.py [--rounds 3]

Whole processes, one after another, in processor seconds (the least of the rounds). Both check the same files,
witnesses included. Target: the extracted checker is at least twice as fast as the kernel on each of them. Needs the
program that `make -C proofs/ocaml` builds.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from measuring import Table, run_process

__all__ = ["main", "measure"]

ROOT = Path(__file__).parents[2]
PROGRAM = ROOT / "proofs" / "ocaml" / "build" / "exactcnn-check"
_LIMIT = 600.0
_TARGET = 2.0


def measure(rounds: int = 3) -> Table:
    """Prints the table; it has no rows where the program is not built."""
    table = Table(
        f"kernel.py and the checker extracted from Coq, processor seconds, least of {rounds}",
        [("certificate", 12), ("kernel", 10), ("extracted", 10), ("ratio", 8), ("target", 9)],
    ).start()
    if not PROGRAM.exists():
        table.note("not measured: proofs/ocaml/build/exactcnn-check is missing (make -C proofs/ocaml, needs OCaml)")
        return table
    kernel = [sys.executable, "-I", "-S", str(ROOT / "exactcnn" / "checker" / "kernel.py")]
    for statement in sorted((ROOT / "proofs" / "certificates").glob("*.stmt")):
        files = [str(statement), str(statement.with_suffix(".cert"))]
        times = [min(_seconds([*command, *files]) for _ in range(rounds)) for command in (kernel, [str(PROGRAM)])]
        ratio = times[0] / times[1]
        verdict = "reached" if ratio >= _TARGET else "missed"
        table.add(statement.stem, f"{times[0]:.2f}", f"{times[1]:.2f}", f"{ratio:.1f}", verdict)
    missed = sum(row[-1] == "missed" for row in table.rows)
    table.note(f"target: {_TARGET:g} times as fast on each: {f'missed on {missed}' if missed else 'reached'}")
    return table


def _seconds(command: list[str]) -> float:
    done = run_process(command, limit=_LIMIT)
    if done.code != 0:
        raise RuntimeError(f"{command[0]} refused {command[-1]}")
    return done.processor


def main() -> int:
    """0 if there was something to measure, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=3, help="how often each file is checked")
    return 0 if measure(parser.parse_args().rounds).rows else 1


if __name__ == "__main__":
    raise SystemExit(main())

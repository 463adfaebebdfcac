"""All benchmarks, one after another.

    python tests/benchmarks/run_all.py [--full] [-o RESULTS.md]

The quick run takes a few minutes: small monolithic instances with a limit of 10 s. The full one goes on to the sizes
and the limit of 120 s that the targets name, which takes about an hour. Times mean little while other work keeps the
machine busy; the first lines say how busy it was.
"""

from __future__ import annotations

import argparse
import datetime
import time
from pathlib import Path

import bench_extracted
import bench_features
import bench_foreign
import bench_inference
import bench_kernel
import bench_learned
import bench_monolithic
import bench_verify
from measuring import Table, facts, verdict_line

from exactcnn.formats.files import atomic_write

__all__ = ["main"]

_QUICK_SIZES = (4, 8, 12)
_QUICK_LIMIT = 10.0


def run(*, full: bool) -> tuple[list[Table], dict[str, bool]]:
    """Runs everything; the tables, and what was reached."""
    verify, in_time = bench_verify.measure(repeat=9 if full else 5)
    features, linear = bench_features.measure()
    learned, even = bench_learned.measure()
    dense, short = bench_learned.measure_dense()
    inference, fast = bench_inference.measure(rounds=12 if full else 6)
    branches, checked = bench_kernel.measure()
    extracted = bench_extracted.measure()
    changed = []
    if full:
        table, decided = bench_foreign.measure()
        changed.append(table)
        against, agree = bench_monolithic.measure()
        # A network that shares no maximum with the task: what a solver meets outside our own constructions.
        apart, agree_apart = bench_monolithic.measure(slack="1/4")
        against, agree = against + apart, agree and agree_apart
    else:
        against, agree = bench_monolithic.measure(_QUICK_SIZES, _QUICK_LIMIT)
    reached = {
        "verification in time": in_time,
        "a thousand features": linear,
        "facts learned": even,
        "dense heads": short,
        "inference": fast,
        "the kernel": checked,
        "answers agree": agree,
    }
    if full:
        reached["changed networks decided"] = decided
    return [verify, features, learned, dense, inference, branches, extracted, *changed, *against], reached


def main() -> int:
    """0 if every target was reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--full", action="store_true", help="all sizes, limits of 120 s: about an hour")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="write the tables as Markdown, too")
    options = parser.parse_args()
    start, machine = time.perf_counter(), facts()
    print("\n".join(machine))
    tables, reached = run(full=options.full)
    lines = [verdict_line(what, reached=met) for what, met in reached.items()]
    print("\n" + "\n".join(lines) + f"\n{time.perf_counter() - start:.0f} s in all")
    if options.output is not None:
        date = datetime.datetime.now(datetime.UTC).date().isoformat()
        head = [f"# Benchmarks, {date}", "", *(f"- {line}" for line in (*machine, *lines)), ""]
        atomic_write(options.output, "\n".join([*head, *(table.markdown() for table in tables)]))
    return 0 if all(reached.values()) else 1


if __name__ == "__main__":
    raise SystemExit(main())

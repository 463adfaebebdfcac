"""Which changes of certificates the kernel meets with what: many mutants, counted by rule and kind of change.

    python tests/mutation/matrix.py --count 100000 --seed 1 -o proofs/MUTATIONS.md

Mutants are made of the shipped certificates, of the golden ones and of random small ones
(`support/small_instances.py`). What the kernel accepts is judged by z3 on the package's own sequents
(`support/claims.py`). A wrong acceptance, an error and an answer that is neither PROVED nor REJECTED end with exit
code 1, and the mutant is kept in a folder.
"""

from __future__ import annotations

import argparse
import multiprocessing
import os
import random
import signal
import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import FrameType

sys.path.insert(0, str(Path(__file__).parents[1]))

from support.certificate_mutants import CHANGES, HITS, Mutant, mutants
from support.kernel_cases import NAMES, golden
from support.small_instances import small_instance
from support.trials import Trial

import exactcnn.prover.emit
import exactcnn.prover.verify  # noqa: F401 - once, before the processes are forked
from exactcnn.core.errors import InternalError

SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"
SOURCES = ("shipped", "golden", "random")
# Of a thousand mutants; a check of a shipped certificate takes up to seconds.
_SHARES = {"digits": 0.5, "letters": 1.5, "shapes": 1.5, "signs": 1, "golden": 350}
_OWN = [kind for kind in CHANGES if not kind.startswith("statement, new")]
_A_JOB = {"shipped": 20, "golden": 5000, "random": 240}
_SECONDS = 300
_KEPT = 5


@dataclass(frozen=True)
class Job:
    """Mutants to be made of one certificate.

    Attributes
    ----------
    source, name: which certificate; of random ones, the name is a seed.
    seed: that of the mutants.
    first, count: how many mutants of this seed other jobs make before it, and how many it makes.
    """

    source: str
    name: str
    seed: int
    first: int
    count: int


@dataclass
class Tally:
    """What was found.

    Attributes
    ----------
    cells: (what was hit, kind of change, whether the kernel accepted) -> how many mutants.
    rules: the rule that rejected -> how many mutants.
    sources: "shipped", "golden" or "random" -> how many mutants; with " certificates", how many certificates.
    failures: (in words, statement, certificate) of mutants that the kernel answered wrongly.
    """

    cells: Counter[tuple[str, str, bool]] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    sources: Counter[str] = field(default_factory=Counter)
    failures: list[tuple[str, str, str]] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Adds what another job found."""
        self.cells += other.cells
        self.rules += other.rules
        self.sources += other.sources
        self.failures += other.failures

    @property
    def total(self) -> int:
        """The number of mutants."""
        return self.cells.total()

    def accepted(self) -> int:
        """The number of mutants that are still proofs."""
        return sum(n for (_, _, proved), n in self.cells.items() if proved)


# -- one job ----------------------------------------------------------------------------------------------------------


def _texts(job: Job) -> tuple[str, str] | None:
    if job.source == "shipped":
        statement, certificate = ((SHIPPED / f"{job.name}.{ending}").read_text() for ending in ("stmt", "cert"))
        return statement, certificate
    if job.source == "golden":
        return golden(job.name)
    made = small_instance(int(job.name))
    return None if made is None else (made.statement, made.text)


def _late(number: int, frame: FrameType | None) -> None:
    raise TimeoutError(f"more than {_SECONDS} seconds")


def run(job: Job) -> Tally:
    """Makes the mutants of one certificate and judges them."""
    tally = Tally()
    try:
        texts = _texts(job)
    except InternalError as error:
        tally.failures.append((f"{job.source} {job.name}: {error}", "", ""))
        return tally
    if texts is None:
        tally.sources["not proved"] += 1
        return tally
    shipped = job.source == "shipped"
    trial = Trial(*texts, confirm=not shipped)
    if trial.problems:
        tally.failures.append((f"{job.source} {job.name}, unchanged: {trial.problems}", *texts))
        return tally
    signal.signal(signal.SIGALRM, _late)
    made = mutants(*texts, job.first + job.count, job.seed, _OWN if shipped else None)
    for mutant in islice(made, job.first, None):
        signal.alarm(_SECONDS)
        fate = trial.fate(mutant)
        signal.alarm(0)
        tally.cells[mutant.hit, mutant.kind, fate.proved] += 1
        if not fate.proved:
            tally.rules[fate.rule] += 1
        if fate.problems and len(tally.failures) < _KEPT:
            tally.failures.append(_failure(job, mutant, fate.problems))
    tally.sources[job.source] += tally.total
    tally.sources[f"{job.source} certificates"] += job.first == 0
    return tally


def _failure(job: Job, mutant: Mutant, problems: Sequence[str]) -> tuple[str, str, str]:
    text = f"{job.source} {job.name}, {mutant.kind} at {mutant.hit} ({mutant.what}): " + "; ".join(problems)
    return text, mutant.statement, mutant.certificate


def _work(job: Job, answer: Connection) -> None:
    """A process of its own for every job, so that memory stays bounded and a crash is noticed."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    answer.send(run(job))
    answer.close()


# -- all jobs ---------------------------------------------------------------------------------------------------------


class Plan:
    """Which job is next: those about files spread among those about random certificates, which fill up the count."""

    def __init__(self, count: int, seed: int, sources: Sequence[str]) -> None:
        self.count, self.seed, self.random = count, seed, "random" in sources
        self.fixed = list(_fixed(count, seed, sources))
        random.Random(seed).shuffle(self.fixed)
        self._all, self._numbers = len(self.fixed), 0
        self._rest = max(1, count - sum(job.count for job in self.fixed))

    def next(self, made: int, running: int) -> Job | None:
        """The next job, if any; `made` mutants are there and `running` are on the way."""
        missing = self.count - made - running - sum(job.count for job in self.fixed)
        if self.fixed and (not self.random or missing <= 0 or self._behind(missing)):
            return self.fixed.pop()
        if not self.random or missing <= 0:
            return None
        self._numbers += 1
        number = self.seed * 10**6 + self._numbers
        return Job("random", str(number), number, 0, min(missing, _A_JOB["random"]))

    def _behind(self, missing: int) -> bool:
        """Whether fewer of the jobs about files have begun than of the others."""
        return 1 - len(self.fixed) / self._all <= 1 - missing / self._rest


def _fixed(count: int, seed: int, sources: Sequence[str]) -> Iterator[Job]:
    """Jobs about certificates that are files; without random ones they share all mutants."""
    listed = [("shipped", p.stem) for p in sorted(SHIPPED.glob("*.cert"))] + [("golden", n) for n in ("lamp", *NAMES)]
    shares = [
        (source, name, _SHARES.get(name, _SHARES["golden"] / (len(NAMES) + 1)))
        for source, name in listed
        if source in sources
    ]
    whole = 1000 if "random" in sources else sum(share for *_, share in shares)
    before = 0.0
    for source, name, share in shares:
        number, first = round(count * (before + share) / whole) - round(count * before / whole), 0
        before += share
        while first < number:
            yield Job(source, name, seed, first, min(number - first, _A_JOB[source]))
            first += _A_JOB[source]


def run_all(plan: Plan, workers: int) -> Tally:
    """Runs all jobs, each in a process of its own, and says on the standard error stream how far it is."""
    context = multiprocessing.get_context("fork" if "fork" in multiprocessing.get_all_start_methods() else None)
    tally, progress = Tally(), _Progress(plan.count)
    running: dict[Connection, tuple[multiprocessing.process.BaseProcess, Job]] = {}
    try:
        while True:
            while len(running) < workers:
                job = plan.next(tally.total, sum(j.count for _, j in running.values()))
                if job is None:
                    break
                answer, end = context.Pipe(duplex=False)
                process = context.Process(target=_work, args=(job, end), daemon=True)
                with _uninterrupted():
                    process.start()
                end.close()
                running[answer] = process, job
            if not running:
                return tally
            for answer in wait(list(running), timeout=5):
                process, job = running.pop(answer)
                tally.add(_answer(answer, process, job))
            progress.show(tally)
    finally:
        for process, _ in running.values():
            process.terminate()
        progress.end()


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Has Ctrl-C wait: Python ignores exceptions in what it does around a fork, and so one that comes then is lost."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _answer(answer: Connection, process: multiprocessing.process.BaseProcess, job: Job) -> Tally:
    try:
        found = answer.recv()
    except EOFError:
        process.join()
        found = Tally(failures=[(f"{job}: the process ended with code {process.exitcode}", "", "")])
    answer.close()
    process.join()
    return found


class _Progress:
    """A line on the standard error stream: rewritten on a terminal, a new one every half minute elsewhere."""

    def __init__(self, count: int) -> None:
        self._count, self._start, self._shown = count, time.monotonic(), 0.0
        self._terminal = sys.stderr.isatty()

    def show(self, tally: Tally) -> None:
        now = time.monotonic()
        if now - self._shown < (0.5 if self._terminal else 30) or not tally.total:
            return
        self._shown = now
        left = (now - self._start) * (self._count - tally.total) / tally.total
        text = f"{tally.total:,} of {self._count:,} mutants, {tally.accepted():,} still proofs, "
        text += f"{len(tally.failures)} failures, about {int(left / 60)}:{int(left % 60):02} left"
        sys.stderr.write(f"\r\x1b[K{text}" if self._terminal else f"{text}\n")
        sys.stderr.flush()

    def end(self) -> None:
        if self._terminal:
            sys.stderr.write("\n")


# -- the report -------------------------------------------------------------------------------------------------------

_TABLES = {
    "Changes of tokens": list(CHANGES)[:6],
    "Changes of lines": list(CHANGES)[6:11],
    "Changes of proofs, blocks and facts": list(CHANGES)[11:20],
    "Changes of hash and statement": list(CHANGES)[20:],
}
_INTRO = """\
# Mutants of certificates

Certificates, and statements, changed in one place, and what the kernel said of them. Made with

    {command}

{total} mutants: {rejected} rejected, {accepted} accepted and still proofs, {wrong} answered wrongly. No two mutants of
one certificate are alike. They were made of

{sources}
- (random instances that were not proved and so have no certificate: {skipped}).

A cell is the number of mutants rejected; after a `+` the number of those that are still proofs, such as a combination
of rows with another multiplier where there is slack, or a weaker fact that is strong enough. An accepted mutant counts
as still a proof if three things hold: the kernel's line names the statement (the changed one, where a statement was
changed); z3 confirms all that the mutant claims and the old certificate did not; and its claims are enough. z3 is asked
about sequents that the package works out by itself (`exactcnn/theorem`), not about the kernel's. It also confirmed all
claims of the golden and random certificates themselves, and for changed statements all claims about these. Statements
of the shipped tasks are changed with the old hash left only, since to confirm all their claims would take too long.

A row is what was hit: the kind of line, or the statement. A swap counts for the first line, a copy for the line that it
overwrites.
"""


def markdown(tally: Tally, command: str) -> str:
    """The report."""
    accepted, total = tally.accepted(), tally.total
    counts = tally.sources
    sources = [f"- {counts[f'{s} certificates']} {s} certificates: {counts[s]:,} mutants" for s in SOURCES if counts[s]]
    lines = [
        _INTRO.format(
            command=command,
            total=f"{total:,}",
            rejected=f"{total - accepted:,}",
            accepted=f"{accepted:,}",
            wrong=len(tally.failures) or "none",
            sources="\n".join(sources),
            skipped=counts["not proved"],
        )
    ]
    for title, kinds in _TABLES.items():
        own = [kind for kind in kinds if any(tally.cells[hit, kind, ok] for hit in HITS for ok in (True, False))]
        if own:
            lines += [f"## {title}", "", *_table(tally, own), ""]
    lines += ["## The rule that rejected", "", "| rule | mutants |", "|---|---|"]
    lines += [f"| {rule} | {n:,} |" for rule, n in sorted(tally.rules.items(), key=lambda x: (-x[1], x[0]))]
    return "\n".join(lines) + "\n"


def _table(tally: Tally, kinds: Sequence[str]) -> Iterable[str]:
    def cell(hit: str, kind: str) -> str:
        no, yes = (tally.cells[hit, kind, ok] for ok in (False, True))
        return f"{no:,}" + (f" + {yes:,}" if yes else "") if no or yes else ""

    yield f"| | {' | '.join(kinds)} |"
    yield "|---" * (len(kinds) + 1) + "|"
    for hit in HITS:
        cells = [cell(hit, kind) for kind in kinds]
        if any(cells):
            yield f"| {hit} | {' | '.join(cells)} |"


def _keep(failures: Sequence[tuple[str, str, str]], folder: Path) -> None:
    """Writes the mutants that were answered wrongly, to become golden files once the bug is mended."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, (text, statement, certificate) in enumerate(failures):
        sys.stderr.write(f"FAILURE {number}: {text[:2000]}\n")
        for ending, content in (("txt", text + "\n"), ("stmt", statement), ("cert", certificate)):
            (folder / f"{number}.{ending}").write_bytes(content.encode("latin-1", "replace"))
    sys.stderr.write(f"written to {folder}\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """0 if every answer was right, 1 if not, 130 if interrupted."""
    parser = argparse.ArgumentParser(description="Mutants of certificates, counted by rule and kind of change.")
    parser.add_argument("--count", type=int, default=100_000, help="how many mutants")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1, help="processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--sources", default=",".join(SOURCES), help=f"which certificates: {','.join(SOURCES)}")
    parser.add_argument("--failures", type=Path, default=Path("out/mutants"), help="where wrong answers are kept")
    parser.add_argument("-o", "--output", type=Path, help="where the report goes, besides standard output")
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser.parse_args(given)
    sources = options.sources.split(",")
    if options.count < 1 or options.workers < 1 or not set(sources) <= set(SOURCES):
        parser.error("a count and workers from 1, and sources among " + ", ".join(SOURCES))
    try:
        tally = run_all(Plan(options.count, options.seed, sources), options.workers)
    except KeyboardInterrupt:
        sys.stderr.write("interrupted, nothing written\n")
        return 130
    report = markdown(tally, " ".join(["python tests/mutation/matrix.py", *given]))
    sys.stdout.write(report)
    if tally.failures:
        _keep(tally.failures, options.failures)
        return 1
    if options.output:
        options.output.write_text(report, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())

"""Seeded bugs: one line of the package changed, and the tests that have to notice.

Run as a script it reads mutants as JSON from its input and prints, for each, what became of its tests. All mutants
share one start-up: a process is forked for each, imports the package with the one changed module, and ends.
"""

from __future__ import annotations

import importlib.machinery
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from types import CodeType, ModuleType

import hypothesis
import pytest

__all__ = ["CAUGHT", "SURVIVED", "Mutant", "fates"]

ROOT = Path(__file__).parents[2]
SURVIVED, CAUGHT, BROKEN = "survived", "caught", "broken"
# Exit codes of the forked processes; a Python that dies of an error ends with none of them.
_CODES = {SURVIVED: 40, CAUGHT: 41, BROKEN: 42}


@dataclass(frozen=True)
class Mutant:
    """A bug.

    Attributes
    ----------
    module: the module's name.
    old: text that stands in its source exactly once.
    new: what stands there instead.
    tests: ids of tests (files or functions, from the root on), one of which has to fail.
    """

    module: str
    old: str
    new: str
    tests: tuple[str, ...]

    @property
    def path(self) -> Path:
        """The module's source file."""
        return ROOT / Path(*self.module.split(".")).with_suffix(".py")

    def source(self) -> str:
        """The changed source.

        Raises
        ------
        ValueError: the text to change is not there, or is there twice.
        """
        text = self.path.read_text(encoding="utf-8")
        if text.count(self.old) != 1:
            raise ValueError(f"{self.module} has {self.old!r} {text.count(self.old)} times")
        return text.replace(self.old, self.new)


def fates(mutants: Sequence[Mutant], timeout: float = 300) -> list[str]:
    """Whether each mutant survived its tests, was caught by one that failed, or broke them before they could run."""
    done = subprocess.run(
        [sys.executable, __file__],
        input=json.dumps([asdict(m) for m in mutants]),
        capture_output=True,
        text=True,
        timeout=timeout,
        cwd=ROOT,
        check=True,
    )
    return done.stdout.split()


class _Changed(importlib.machinery.SourceFileLoader):
    """Loads one module from changed source."""

    changed: str = ""

    def get_code(self, fullname: str) -> CodeType:
        return compile(self.changed, self.path, "exec", dont_inherit=True)


class _Finder:
    """Finds the one module that is changed, before all others look."""

    def __init__(self, mutant: Mutant) -> None:
        self._mutant = mutant

    def find_spec(
        self, name: str, path: Sequence[str] | None = None, target: ModuleType | None = None
    ) -> importlib.machinery.ModuleSpec | None:
        if name != self._mutant.module:
            return None
        loader = _Changed(name, str(self._mutant.path))
        loader.changed = self._mutant.source()
        return importlib.machinery.ModuleSpec(name, loader, origin=str(self._mutant.path))


class _Watcher:
    """Notes what fails: a test while it runs, or anything before that."""

    fate = SURVIVED

    def pytest_sessionstart(self) -> None:
        """A failing example is enough: it need not be made small."""
        phases = (hypothesis.Phase.explicit, hypothesis.Phase.generate)
        hypothesis.settings.register_profile("mutants", hypothesis.settings.get_profile("suite"), phases=phases)
        hypothesis.settings.load_profile("mutants")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.fate is SURVIVED:
            self.fate = CAUGHT if report.when == "call" else BROKEN

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed:
            self.fate = BROKEN


def _run(mutant: Mutant) -> str:
    """The mutant's fate, from a process of its own."""
    child = os.fork()
    if child:
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        return next((fate for fate, known in _CODES.items() if known == code), BROKEN)

    silence = os.open(os.devnull, os.O_WRONLY)
    os.dup2(silence, 1)
    os.dup2(silence, 2)
    sys.meta_path.insert(0, _Finder(mutant))  # type: ignore[arg-type]
    watcher = _Watcher()
    # Plain asserts, since modules that are already loaded cannot be rewritten.
    code = pytest.main(["-x", "-q", "--assert=plain", "-p", "no:cacheprovider", *mutant.tests], plugins=[watcher])
    if watcher.fate is SURVIVED and code != pytest.ExitCode.OK:
        watcher.fate = BROKEN
    os._exit(_CODES[watcher.fate])


def _main() -> None:
    # What every mutant needs and none changes.
    import flint  # noqa: F401
    import numpy as np  # noqa: F401
    import z3  # noqa: F401

    for entry in json.load(sys.stdin):
        print(_run(Mutant(**{**entry, "tests": tuple(entry["tests"])})), flush=True)  # noqa: T201


if __name__ == "__main__":
    _main()

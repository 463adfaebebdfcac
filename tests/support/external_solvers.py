"""Other SMT solvers asked in processes of their own: z3 and yices by their programs, cvc5 by its Python package."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

__all__ = ["Reply", "ask", "installed"]

_PROGRAMS = {"z3": "z3", "yices": "yices-smt2"}
_NAMES = ("z3", "yices", "cvc5")
# One argument, the script's path; prints what each command answers.
_CVC5 = """
import sys, cvc5
solver = cvc5.Solver()
parser = cvc5.InputParser(solver)
parser.setFileInput(cvc5.InputLanguage.SMT_LIB_2_6, sys.argv[1])
symbols = parser.getSymbolManager()
while not (command := parser.nextCommand()).isNull():
    print(command.invoke(solver, symbols), end="", flush=True)
"""


@dataclass(frozen=True)
class Reply:
    """What a solver said: sat, unsat, unknown, or timeout, memory (killed) or error with the text; and the seconds."""

    answer: str
    seconds: float
    text: str = ""


def installed() -> tuple[str, ...]:
    """The solvers that can be asked here."""
    return tuple(name for name in _NAMES if _command(name) is not None)


def ask(name: str, script: Path, timeout: float) -> Reply:
    """One solver's answer to a script with one (check-sat); the process is killed after `timeout` seconds."""
    command = _command(name)
    if command is None:
        raise FileNotFoundError(f"{name} is not installed")
    start = time.perf_counter()
    try:
        done = subprocess.run(
            [*command, str(script)], capture_output=True, text=True, timeout=timeout, check=False, encoding="utf-8"
        )
    except subprocess.TimeoutExpired:
        return Reply("timeout", time.perf_counter() - start)
    seconds = time.perf_counter() - start
    words = done.stdout.split()
    if len(words) == 1 and words[0] in ("sat", "unsat", "unknown"):
        return Reply(words[0], seconds)
    return Reply("error", seconds, (done.stdout + done.stderr).strip()[-500:] or f"exit code {done.returncode}")


def _command(name: str) -> Sequence[str] | None:
    if name == "cvc5":
        return [sys.executable, "-c", _CVC5] if find_spec("cvc5") else None
    program = Path(sys.executable).parent / _PROGRAMS[name]
    return [str(program)] if program.exists() else None

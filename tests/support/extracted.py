"""The extracted checker (`proofs/ocaml`) as a program, put beside the kernel."""

from __future__ import annotations

import io
import subprocess
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from exactcnn.checker import kernel

__all__ = ["PROGRAM", "Both", "Extracted", "run"]

PROGRAM = Path(__file__).parents[2] / "proofs" / "ocaml" / "build" / "exactcnn-check"
_CODES = {"PROVED": 0, "REJECTED": 1}


def run(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    """Runs the program."""
    return subprocess.run([PROGRAM, *arguments], capture_output=True, text=True, check=False)


class Extracted:
    """Stands where a kernel is expected: `check` has the same arguments and answers."""

    def __init__(self, folder: Path) -> None:
        self.paths = folder / "case.stmt", folder / "case.cert"

    def check(self, statement: BinaryIO, certificate: BinaryIO) -> tuple[bool, str]:
        """Whether the certificate proves the statement, and the program's line; its exit code has to fit."""
        for path, stream in zip(self.paths, (statement, certificate), strict=True):
            path.write_bytes(stream.read())
        done = run(*self.paths)
        verdict = next((word for word in _CODES if done.stdout.startswith(f"{word} ")), "")
        if not verdict or done.returncode != _CODES[verdict] or done.stderr or done.stdout.count("\n") != 1:
            raise ValueError(f"{done.returncode}: {done.stdout!r} {done.stderr!r}")
        return verdict == "PROVED", done.stdout.rstrip("\n")


@dataclass
class Both:
    """Answers of the kernel and of the extracted checker to the same questions.

    Attributes
    ----------
    counts: the verdicts that both gave -> how often.
    disagreements: the kernel's line, the program's line, and the two texts.
    """

    extracted: Extracted
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    disagreements: list[tuple[str, str, str, str]] = field(default_factory=list)

    def ask(self, pairs: Iterable[tuple[str, str]]) -> None:
        """Puts statements with certificates to both."""
        for pair in pairs:
            lines = [self._line(checker, pair) for checker in (kernel, self.extracted)]
            verdicts = lines[0].split(" ")[0], lines[1].split(" ")[0]
            self.counts[verdicts] += 1
            if not _agree(*lines):
                self.disagreements.append((*lines, *pair))

    @staticmethod
    def _line(checker: Any, pair: tuple[str, str]) -> str:
        return str(checker.check(*(io.BytesIO(text.encode()) for text in pair))[1])


def _agree(ours: str, theirs: str) -> bool:
    if theirs.startswith("PROVED "):
        return ours == theirs
    return not ours.startswith("PROVED ")

"""Small statements with certificates for the kernel, and what to ask a kernel about them."""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

__all__ = ["FOLDER", "NAMES", "Case", "Change", "Kernel", "documented", "edited", "golden", "replaced", "verdict"]

Change = tuple[str, str]
Kernel = Any
FOLDER = Path(__file__).parent.parent / "golden" / "accept"
FORMAT = Path(__file__).parent.parent.parent / "exactcnn" / "checker" / "FORMAT.md"
NAMES = tuple(sorted(p.stem for p in FOLDER.glob("*.cert")))


@dataclass(frozen=True)
class Case:
    """A question to a kernel and the right answer."""

    name: str
    accept: bool
    run: Callable[[Kernel], bool]


@cache
def documented() -> tuple[str, str]:
    """The statement and the certificate of FORMAT.md, remarks removed."""
    text = FORMAT.read_text()
    found = [re.search(rf"<!-- {w} -->\n```text\n(.*?)```", text, re.DOTALL) for w in ("statement", "certificate")]
    files = [match[1] if match else "" for match in found]
    return files[0], "".join(line.split("  ")[0] + "\n" for line in files[1].splitlines())


@cache
def golden(name: str) -> tuple[str, str]:
    """A statement and its certificate; `lamp` is that of FORMAT.md."""
    if name == "lamp":
        return documented()
    return (FOLDER / f"{name}.stmt").read_text(), (FOLDER / f"{name}.cert").read_text()


def edited(name: str, statement: tuple[str, str] | None, *changes: tuple[str, str]) -> tuple[str, str]:
    """A golden pair with texts replaced (once each); the certificate names the changed statement."""
    stmt, cert = golden(name)
    if statement:
        stmt = replaced(stmt, *statement)
        cert = re.sub(r"statement \w{64}", f"statement {hashlib.sha256(stmt.encode()).hexdigest()}", cert)
    for change in changes:
        cert = replaced(cert, *change)
    return stmt, cert


def replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"{old!r} does not occur")
    return text.replace(old, new, 1)


def verdict(kernel: Kernel, pair: tuple[str, str]) -> bool:
    """Whether the kernel says PROVED."""
    proved, line = kernel.check(*(io.BytesIO(text.encode()) for text in pair))
    if proved is not line.startswith("PROVED "):
        raise ValueError(line)
    return bool(proved)

"""Whether a statement and a certificate were made for each other, in words for who has to mend it."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from exactcnn.formats.files import read_bytes

__all__ = ["mismatch"]

_NAMED = re.compile(rb"exactcnn certificate \d+\nstatement ([0-9a-f]{64})\n")
_STATEMENT = b"exactcnn statement "


def mismatch(statement: Path, certificate: Path) -> str | None:
    """Which of the two files is old and how to mend it; None if the certificate names the statement, or names none.

    Only the bytes decide whether they belong together; the times of the files only say which one was left behind.

    Raises
    ------
    InputError: a file cannot be read.
    """
    claim, proof = read_bytes(statement), read_bytes(certificate)
    if proof.startswith(_STATEMENT) and _NAMED.match(claim):
        return f"{statement} is a certificate and {certificate} a statement: exchange them"
    named = _NAMED.match(proof)
    digest = hashlib.sha256(claim).hexdigest()
    if named is None or named[1].decode() == digest:
        return None
    return (
        f"{certificate} proves another statement than {statement}: it names the SHA-256 {named[1].decode()[:12]}.., "
        f"and the file's is {digest[:12]}... {_left_behind(statement, certificate)} "
        f"`exactcnn verify TASK --certificate {certificate.with_suffix('.cert').name}` writes both anew"
    )


def _left_behind(statement: Path, certificate: Path) -> str:
    times = [path.stat().st_mtime_ns for path in (statement, certificate)]
    if times[0] == times[1]:
        return "Both files were written at the same time."
    old, new = (certificate, statement) if times[0] > times[1] else (statement, certificate)
    return f"{old} is the older one: {new} was written after it."

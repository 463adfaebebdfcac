"""Certificates as commands need them: accepted by the kernel, or the command ends."""

from __future__ import annotations

from pathlib import Path

import typer

from exactcnn.cli.common import note
from exactcnn.core.verdict import Verdict

__all__ = ["require_proof"]


def require_proof(statement: Path, certificate: Path) -> str:
    """The kernel's line of an accepted certificate; that of another is printed, and what a person needs to mend it.

    Raises
    ------
    InputError: a file cannot be read.
    typer.Exit: the kernel rejects the certificate.
    """
    from exactcnn import api
    from exactcnn.formats.pairing import mismatch

    proved, text = api.check(statement, certificate)
    if proved:
        return text
    typer.echo(text)
    why = mismatch(statement, certificate)
    if why is not None:
        note(why)
    raise typer.Exit(Verdict.REFUTED.exit_code)

"""`exactcnn check` and `exactcnn explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exactcnn.cli.common import stdout
from exactcnn.core.verdict import Verdict

__all__ = ["check", "explain"]

_REJECTED = Verdict.REFUTED.exit_code

StatementArgument = Annotated[
    Path, typer.Argument(metavar="STATEMENT", help="What is claimed (.stmt).", show_default=False)
]
CertificateArgument = Annotated[
    Path, typer.Argument(metavar="CERTIFICATE", help="The proof (.cert).", show_default=False)
]


def check(statement: StatementArgument, certificate: CertificateArgument) -> None:
    """Check a certificate with the independent kernel.

    The same as: python -I -S exactcnn/checker/kernel.py STATEMENT CERTIFICATE

    Examples:
      exactcnn verify signs.toml --certificate signs.cert
      exactcnn check signs.stmt signs.cert

    Exit codes: 0 proved, 1 rejected.
    """
    from exactcnn import api

    proved, text = api.check(statement, certificate)
    typer.echo(text)
    raise typer.Exit(0 if proved else _REJECTED)


def explain(
    certificate: CertificateArgument,
    statement: Annotated[
        Path | None,
        typer.Option("--statement", metavar="STMT", help="Its statement.", show_default="CERTIFICATE as .stmt"),
    ] = None,
) -> None:
    """Say in words what a certificate proves, and how.

    Examples:
      exactcnn explain signs.cert
      exactcnn explain signs.cert --statement signs.stmt

    Exit codes: 0 proved, 1 rejected.
    """
    from exactcnn import api
    from exactcnn.formats.certificate_summary import summary_lines
    from exactcnn.formats.files import read_text

    claim = certificate.with_suffix(".stmt") if statement is None else statement
    proved, text = api.check(claim, certificate)
    if not proved:
        typer.echo(text)
        raise typer.Exit(_REJECTED)
    console = stdout()
    for line in summary_lines(read_text(claim), read_text(certificate)):
        console.print(line, soft_wrap=True)
    console.print(f"checked: {text}", soft_wrap=True)

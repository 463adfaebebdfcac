"""`exactcnn check` and `exactcnn explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exactcnn.cli.common import NetworkOption, SizeOption, stdout
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
    certificate: Annotated[
        Path,
        typer.Argument(metavar="SUBJECT", help="A proof (.cert); with --plot a task (TOML).", show_default=False),
    ],
    statement: Annotated[
        Path | None,
        typer.Option("--statement", metavar="STMT", help="Its statement.", show_default="SUBJECT as .stmt"),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="OUT", help="Draw a task as .svg, .pdf or .png instead.", show_default=False),
    ] = None,
    what: Annotated[str, typer.Option("--what", metavar="WHAT", help="What to draw; see above.")] = "features",
    network: NetworkOption = None,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="IMAGE", help="The image of a heat map.", show_default=False)
    ] = None,
    size: SizeOption = "any",
    dark: Annotated[bool, typer.Option("--dark", help="Draw on a dark ground.")] = False,
) -> None:
    """Say in words what a certificate proves, and how; or draw a task.

    With --plot, --what is features, template:F, detector:F (one pixel moves),
    plane:F (two do), heat:F (with --image), network, logits (of the witnesses,
    or of a counterexample), or counterexample; F is FEATURE or
    FEATURE:TEMPLATE. Pictures need matplotlib, the extra "plot".

    Examples:
      exactcnn explain signs.cert
      exactcnn explain signs.cert --statement signs.stmt
      exactcnn explain signs.toml --plot cross.svg --what detector:cross
      exactcnn explain signs.toml --plot wrong.png --what counterexample --network mine.onnx

    Exit codes: 0 proved, 1 rejected.
    """
    if plot is not None:
        from exactcnn.cli.plotting import PlotRequest
        from exactcnn.cli.plotting import plot as draw

        draw(PlotRequest(certificate, plot, what, network, image, size, dark))
        return
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

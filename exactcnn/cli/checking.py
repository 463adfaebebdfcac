"""`exactcnn check` and `exactcnn explain`."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from exactcnn.cli.certified import require_proof
from exactcnn.cli.common import NetworkOption, SizeOption, TimeoutOption, stdout
from exactcnn.cli.networks import BatchNormName, BatchNormOption
from exactcnn.core.errors import InputError

__all__ = ["check", "explain"]

_WHAT = "features"

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
    typer.echo(require_proof(statement, certificate))


def explain(
    certificate: Annotated[
        Path,
        typer.Argument(
            metavar="SUBJECT",
            help="A proof (.cert); with --plot a task (TOML); with --html one of these, or an outcome (.json).",
            show_default=False,
        ),
    ],
    statement: Annotated[
        Path | None,
        typer.Option("--statement", metavar="STMT", help="Its statement.", show_default="SUBJECT as .stmt"),
    ] = None,
    plot: Annotated[
        Path | None,
        typer.Option("--plot", metavar="OUT", help="Draw a task as .svg, .pdf or .png instead.", show_default=False),
    ] = None,
    what: Annotated[str, typer.Option("--what", metavar="WHAT", help="What to draw; see above.")] = _WHAT,
    html: Annotated[
        Path | None,
        typer.Option("--html", metavar="OUT", help="Write a page to explore instead.", show_default=False),
    ] = None,
    task: Annotated[
        Path | None,
        typer.Option("--task", metavar="TASK", help="The task of an outcome.", show_default="what the outcome names"),
    ] = None,
    network: NetworkOption = None,
    batch_norm: BatchNormOption = BatchNormName.EXACT,
    image: Annotated[
        Path | None, typer.Option("--image", metavar="IMAGE", help="The image of a heat map.", show_default=False)
    ] = None,
    size: SizeOption = "any",
    dark: Annotated[bool, typer.Option("--dark", help="Draw on a dark ground.")] = False,
    timeout: TimeoutOption = None,
) -> None:
    """Say in words what a certificate proves, and how; or draw a task, or write a page to explore.

    With --plot, --what is features, template:F, detector:F (one pixel moves),
    plane:F (two do), heat:F (with --image), network, logits (of the witnesses,
    or of a counterexample), or counterexample; F is FEATURE or
    FEATURE:TEMPLATE. Pictures need matplotlib, the extra "plot".

    With --html, SUBJECT is a task (verified first), a certificate, or what
    verify --json printed. The page holds the features, images to paint on,
    and the proof as a tree; it needs no network connection.

    Examples:
      exactcnn explain signs.cert
      exactcnn explain signs.cert --statement signs.stmt
      exactcnn explain signs.toml --plot cross.svg --what detector:cross
      exactcnn explain signs.toml --plot wrong.png --what counterexample --network mine.onnx
      exactcnn explain signs.toml --html signs.html
      exactcnn explain answer.json --html answer.html

    Exit codes: 0 proved, 1 rejected.
    """
    if html is not None:
        _require_plain(plot, image, what, dark)
        from exactcnn.cli.exploring import ExplorerRequest, explore

        explore(ExplorerRequest(certificate, html, statement, task, network, size, timeout, batch_norm))
        return
    if task is not None or timeout is not None:
        option = "--timeout" if task is None else "--task"
        raise InputError(f"{option} has a meaning with --html only", place=option)
    if plot is not None:
        from exactcnn.cli.plotting import PlotRequest
        from exactcnn.cli.plotting import plot as draw

        draw(PlotRequest(certificate, plot, what, network, image, size, dark, batch_norm))
        return
    if network is not None or batch_norm is not BatchNormName.EXACT:
        option = "--batch-norm" if network is None else "--network"
        raise InputError(f"{option} has a meaning with --plot or --html only", place=option)
    from exactcnn.formats.certificate_summary import summary_lines
    from exactcnn.formats.files import read_text

    claim = certificate.with_suffix(".stmt") if statement is None else statement
    text = require_proof(claim, certificate)
    console = stdout()
    for line in summary_lines(read_text(claim), read_text(certificate)):
        console.print(line, soft_wrap=True)
    console.print(f"checked: {text}", soft_wrap=True)


def _require_plain(plot: Path | None, image: Path | None, what: str, dark: bool) -> None:
    """Nothing, if no option that draws is given.

    Raises
    ------
    InputError: one of them is.
    """
    given = {"--plot": plot is not None, "--image": image is not None, "--what": what != _WHAT, "--dark": dark}
    for option, is_given in given.items():
        if is_given:
            raise InputError(f"{option} has no meaning with --html", place=option)

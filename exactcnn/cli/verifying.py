"""`exactcnn verify`."""

from __future__ import annotations

import os
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exactcnn.cli.common import (
    JsonOption,
    NetworkOption,
    SizeOption,
    TaskArgument,
    TimeoutOption,
    WorkersOption,
    file_stem,
    note,
    parse_sizes,
    print_json,
    rational_option,
    require_folder,
    seconds,
    solver_names,
    stdout,
)
from exactcnn.cli.networks import BatchNormName, BatchNormOption, read_network

if TYPE_CHECKING:
    from exactcnn.core.outcome import Outcome
    from exactcnn.task.model import Task

__all__ = ["MethodName", "verify"]


class MethodName(StrEnum):
    """The methods of `verify`."""

    MODULAR = "modular"
    MONOLITHIC = "monolithic"
    ENUMERATE = "enumerate"


def verify(
    task: TaskArgument,
    network: NetworkOption = None,
    batch_norm: BatchNormOption = BatchNormName.EXACT,
    size: SizeOption = "any",
    method: Annotated[
        MethodName,
        typer.Option("--method", help="modular: all sizes at once; monolithic, enumerate: one size, as an oracle."),
    ] = MethodName.MODULAR,
    timeout: TimeoutOption = None,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
    counterexample: Annotated[
        Path | None,
        typer.Option(
            "--counterexample",
            metavar="PREFIX",
            help="Where a counterexample goes: PREFIX.png, .npy and .txt.",
            show_default="TASKNAME-counterexample",
        ),
    ] = None,
    certificate: Annotated[
        Path | None,
        typer.Option(
            "--certificate",
            metavar="OUT.cert",
            help="Keep the proof: OUT.cert, and OUT.stmt beside it.",
            show_default=False,
        ),
    ] = None,
    cross_check: Annotated[
        str | None,
        typer.Option(
            "--cross-check",
            metavar="SOLVERS",
            help="Have other solvers decide every sequent of the proof, too: z3, cvc5, or both with a comma.",
            show_default=False,
        ),
    ] = None,
    float32: Annotated[
        bool,
        typer.Option("--float32", help="Prove float32 execution right, too, on all admissible float32 images."),
    ] = False,
    step: Annotated[
        str | None,
        typer.Option(
            "--step",
            metavar="S",
            help="Float32, on images whose numbers are multiples of S: 1/256, or 1 where bytes are read.",
            show_default=False,
        ),
    ] = None,
    perturb: Annotated[
        str, typer.Option("--perturb", metavar="E", help="Widen every template by E in every pixel first: 1/255.")
    ] = "0",
    report: Annotated[
        Path | None, typer.Option("--report", metavar="OUT.html", help="Write a page about it.", show_default=False)
    ] = None,
) -> None:
    """Prove that a network is right on every admissible image, or show one that it gets wrong.

    Examples:
      exactcnn verify signs.toml
      exactcnn verify signs.toml --network mine.onnx --size 28x28
      exactcnn verify signs.toml --size 8x8..any --report signs.html
      exactcnn verify signs.toml --certificate signs.cert
      exactcnn verify signs.toml --cross-check z3,cvc5
      exactcnn verify signs.toml --float32 --step 1/256
      exactcnn verify signs.toml --perturb 1/255
      exactcnn verify tiny.toml --size 4x4 --method monolithic
      exactcnn verify signs.toml --json > answer.json

    Exit codes: 0 proved, 1 refuted, 2 vacuous, 3 unknown or timeout.
    """
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay

    sizes, limit = parse_sizes(size), seconds(timeout)
    for path in (counterexample, certificate, report):
        if path is not None:
            require_folder(path)
    subject = api.load_task(task)
    net = api.build(subject) if network is None else read_network(network, batch_norm)
    with ProgressDisplay("verifying") as progress:
        outcome = api.verify(
            subject,
            net,
            sizes=sizes,
            method=method.value,
            timeout=limit,
            workers=workers,
            progress=progress,
            certificate=certificate,
            cross_check=solver_names(cross_check),
            float32=float32,
            step=None if step is None else rational_option(step, "--step"),
            perturb=rational_option(perturb, "--perturb"),
        )
    name = "built from the task" if network is None else str(network)
    files = _save(outcome, subject, counterexample)
    if certificate is not None and outcome.certificate is not None:
        files += [certificate.with_suffix(".stmt"), certificate]
    if report is not None:
        from exactcnn.formats.files import atomic_write
        from exactcnn.report.html import outcome_page

        atomic_write(report, outcome_page(outcome, subject, network=name))
        files.append(report)
    if as_json:
        from exactcnn.report.json_form import outcome_json

        given = None if network is None else str(network)
        sources = {"task": str(task), "network": given, "batch_norm": batch_norm.value, "perturb": perturb}
        print_json(outcome_json(outcome, files=[str(f) for f in files], sources=sources))
    else:
        from exactcnn.report.terminal import outcome_block

        stdout().print(outcome_block(outcome, subject, network=name))
    for file in files:
        note(f"wrote {file}")
    raise typer.Exit(outcome.verdict.exit_code)


def _save(outcome: Outcome, task: Task, prefix: Path | None) -> list[Path]:
    """Saves the counterexample, if there is one; the files."""
    from exactcnn.cli.saving import save_picture

    if outcome.counterexample is None:
        return []
    if prefix is None:
        # Nobody asked for these files by name, so a folder that cannot be written must not cost the answer.
        if not os.access(Path(), os.W_OK):
            note("the counterexample is not saved: this folder cannot be written. Use --counterexample PREFIX.")
            return []
        prefix = Path(f"{file_stem(task.name)}-counterexample")
    picture = outcome.counterexample.picture
    files = save_picture(picture, task.pixel, prefix)
    if any(f.stem == prefix.name + "-core" for f in files):
        note(
            f"the image has {picture.height}x{picture.width} pixels: its core is saved, and {prefix.name}.txt says how "
            "it is stretched"
        )
    return files

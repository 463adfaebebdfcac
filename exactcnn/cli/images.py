"""`exactcnn generate`, `exactcnn audit` and `exactcnn classify`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exactcnn.cli.common import (
    JsonOption,
    SizeOption,
    TaskArgument,
    file_stem,
    note,
    one_size,
    parse_sizes,
    print_json,
    require_folder,
    stdout,
)
from exactcnn.cli.networks import BatchNormName, BatchNormOption, read_network

if TYPE_CHECKING:
    from exactcnn.cli.classification import Classified
    from exactcnn.task.audit import AuditResult
    from exactcnn.task.model import Task

__all__ = ["audit", "classify", "generate"]


def generate(
    task: TaskArgument,
    output: Annotated[
        Path, typer.Option("--output", "-o", metavar="DIR", help="A new or empty folder.", show_default=False)
    ],
    count: Annotated[int, typer.Option("--count", metavar="N", min=1, help="How many images.")] = 100,
    size: Annotated[str, typer.Option("--size", metavar="HxW", help="Their size.")] = "32x32",
    seed: Annotated[int, typer.Option("--seed", metavar="S", min=0, help="The same seed makes the same images.")] = 0,
) -> None:
    """Draw admissible images of a task: PNG files, labels.csv and images.jsonl.

    Every image is checked exactly before it is written.

    Examples:
      exactcnn generate signs.toml -o images --count 500 --size 48x48 --seed 7
    """
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay
    from exactcnn.formats.dataset import write_dataset
    from exactcnn.task import generator

    height, width = one_size(size)
    subject = api.load_task(task)
    with ProgressDisplay("images") as progress:
        samples = generator.generate(subject, count=count, height=height, width=width, seed=seed)
        written = write_dataset(output, subject, samples, seed=seed, total=count, progress=progress)
    stdout().print(f"{written} images of size {height}x{width} in {output}", soft_wrap=True)


def audit(
    task: TaskArgument,
    size: SizeOption = "any",
    as_json: JsonOption = False,
    image: Annotated[
        Path | None,
        typer.Option(
            "--image",
            metavar="PREFIX",
            help="Where an inadmissible image goes: PREFIX.png, .npy and .txt.",
            show_default="TASKNAME-accident",
        ),
    ] = None,
) -> None:
    """Prove that the generator can never make an inadmissible image, or show one.

    Neighbouring templates and background can make features that nobody placed;
    the audit considers all of their places and all pixel values.

    Examples:
      exactcnn audit signs.toml
      exactcnn audit signs.toml --size 32x32

    Exit codes: 0 safe, 1 unsafe, 2 no image can be made, 3 unknown.
    """
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay
    from exactcnn.cli.saving import save_picture
    from exactcnn.core.outcome import Stretched
    from exactcnn.task import audit as auditing

    sizes = parse_sizes(size)
    if image is not None:
        require_folder(image)
    subject = api.load_task(task)
    with ProgressDisplay("auditing") as progress:
        result = auditing.audit(subject, sizes, progress=progress)
    files: list[Path] = []
    if result.sample is not None:
        prefix = image if image is not None else Path(f"{file_stem(subject.name)}-accident")
        files = save_picture(Stretched.plain(result.sample.image), subject.pixel, prefix)
    if as_json:
        print_json(_audit_json(result, files))
    else:
        _show_audit(result, subject)
    for file in files:
        note(f"wrote {file}")
    raise typer.Exit(result.verdict.exit_code)


def _audit_json(result: AuditResult, files: list[Path]) -> dict[str, Any]:
    from exactcnn.report.json_form import image_json, window_json

    form: dict[str, Any] = {
        "verdict": result.verdict.value,
        "task": result.task,
        "sizes": str(result.sizes),
        "reason": result.reason,
        "targets": result.targets,
        "arrangements": result.arrangements,
    }
    if result.sample is not None:
        form["label"] = result.sample.label
        form["placements"] = [window_json(w) for w in result.sample.placements]
        form["pixels"] = image_json(result.sample.image)
    if result.window is not None:
        form["window"] = window_json(result.window)
        form["excess"] = str(result.excess)
    return form | {"files": [str(f) for f in files]}


def _show_audit(result: AuditResult, task: Task) -> None:
    from rich.padding import Padding
    from rich.text import Text

    from exactcnn.core.verdict import Verdict
    from exactcnn.report.pictures import Picture, image_colours
    from exactcnn.report.terminal import verdict_style, window_table

    word = {Verdict.PROVED: "SAFE", Verdict.REFUTED: "UNSAFE"}.get(result.verdict, result.verdict.value)
    console = stdout()
    console.print(Text.assemble((word, verdict_style(result.verdict)), "  ", result.reason), soft_wrap=True)
    if result.sample is not None:
        console.print(Text("\ndrawn into it", style="dim"))
        console.print(Padding(window_table(result.sample.placements), (0, 0, 0, 2)))
        console.print()
        console.print(Padding(Picture(image_colours(result.sample.image, task.pixel)), (0, 0, 0, 2)))


def classify(
    network: Annotated[Path, typer.Argument(metavar="NET", help="The network, .onnx or .xnet.", show_default=False)],
    images: Annotated[
        list[Path], typer.Argument(metavar="IMAGE...", help="Images: .png, .npy or exact .txt.", show_default=False)
    ],
    task: Annotated[
        Path | None,
        typer.Option("--task", metavar="TASK", help="Also say what the task says of each.", show_default=False),
    ] = None,
    batch_norm: BatchNormOption = BatchNormName.EXACT,
    threads: Annotated[
        int | None,
        typer.Option("--threads", metavar="N", min=1, help="Threads for large images; one a core by default."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Evaluate a network on images, exactly.

    With a task, also: whether each image is admissible and why not, its label,
    and which windows exhibit its features. Without one, pixels lie in 0..1.

    Examples:
      exactcnn classify signs.onnx photo.png
      exactcnn classify signs.onnx images/*.png --task signs.toml --json

    Exit codes: 0, or 1 if an admissible image is classified wrongly.
    """
    from exactcnn import api
    from exactcnn.cli.classification import classified, classified_json, show_classified
    from exactcnn.cli.progress import ProgressDisplay

    net = read_network(network, batch_norm)
    subject = None if task is None else api.load_task(task)
    found: list[Classified] = []
    with ProgressDisplay("images") as progress:
        for number, path in enumerate(images):
            progress("images", number, len(images))
            found.append(classified(net, subject, path, threads=threads))
    if as_json:
        print_json({"network": str(network), "images": [classified_json(c) for c in found]})
    else:
        console = stdout()
        for entry in found:
            show_classified(console, entry)
    raise typer.Exit(1 if any(c.correct is False for c in found) else 0)

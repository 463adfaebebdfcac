"""`exactcnn demo`: a shipped task from the drawing to the proof, and a spoilt network to its counterexample."""

from __future__ import annotations

import itertools
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exactcnn.cli.common import note, stdout

if TYPE_CHECKING:
    from rich.console import Console, RenderableType

    from exactcnn.core.outcome import Outcome
    from exactcnn.network.model import Network
    from exactcnn.task.generator import Sample
    from exactcnn.task.model import Task

__all__ = ["demo"]

_SIZE = 28
_SAMPLES = 6
_SHOWN = 3
_SECONDS = 20.0
_TRIES = 12


def demo(
    output: Annotated[Path, typer.Option("--output", "-o", metavar="DIR", help="Where everything is written.")] = Path(
        "out/demo"
    ),
) -> None:
    """Show everything on a shipped task: draw, build, prove, generate, spoil, refute.

    It takes a few seconds and explains itself.

    Examples:
      exactcnn demo
      exactcnn demo -o /tmp/demo
    """
    from exactcnn import api
    from exactcnn.examples import catalogue

    folder = _made(output)
    console = stdout()
    task = api.load_task(catalogue.path("shapes"))
    _show_task(console, task)
    network = api.build(task)
    _show_network(console, network, folder)
    outcome = _show_proof(console, task, network, folder)
    samples = _show_samples(console, task, network, folder)
    spoilt = _show_refutation(console, task, network, folder)
    _write_sheet(task, samples, outcome, spoilt, folder)
    console.print()
    console.rule(style="dim")
    console.print(f"everything is in {folder}; shapes.png shows it at a glance. Now your own task:", soft_wrap=True)
    console.print("  exactcnn new mine && exactcnn verify mine.toml")


def _made(folder: Path) -> Path:
    """The folder, which now exists.

    Raises
    ------
    InputError: it cannot be made.
    """
    from exactcnn.core.errors import InputError

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            "the folder to write to cannot be made", source=str(folder), found=error.strerror or str(error)
        ) from None
    return folder


def _heading(console: Console, text: str) -> None:
    console.print()
    console.rule(text, align="left", style="dim")
    console.print()


def _side_by_side(pictures: list[tuple[str, RenderableType]]) -> RenderableType:
    from rich.columns import Columns
    from rich.console import Group
    from rich.text import Text

    return Columns([Group(picture, Text(caption, style="dim")) for caption, picture in pictures], padding=(1, 3))


def _show_task(console: Console, task: Task) -> None:
    from rich.padding import Padding

    from exactcnn.report.pictures import Picture, template_colours
    from exactcnn.report.terminal import plain_table
    from exactcnn.report.wording import condition_text

    _heading(console, f"1. A task: {len(task.features)} features, {len(task.classes)} classes")
    art = [(f.name, Picture(template_colours(f.templates[0], task.pixel))) for f in task.features]
    console.print(Padding(_side_by_side([(name, picture) for name, picture in art]), (0, 0, 1, 2)))
    table = plain_table("class", "an image is of this class when it")
    for task_class in task.classes:
        table.add_row(task_class.name, condition_text(task_class))
    console.print(Padding(table, (0, 0, 0, 2)))


def _show_network(console: Console, network: Network, folder: Path) -> None:
    from exactcnn.cli.authoring import describe_network
    from exactcnn.formats.network_file import save_network

    _heading(console, "2. A network, built from the drawings")
    for line in describe_network(network):
        console.print(f"  {line}")
    save_network(folder / "shapes.onnx", network)
    note(f"  wrote {folder / 'shapes.onnx'}: every weight is exact in float32")


def _show_proof(console: Console, task: Task, network: Network, folder: Path) -> Outcome:
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay
    from exactcnn.formats.files import atomic_write
    from exactcnn.report.html import outcome_page
    from exactcnn.report.terminal import outcome_block

    _heading(console, "3. The proof: every admissible image, of every size")
    with ProgressDisplay("verifying") as progress:
        outcome = api.verify(task, network, progress=progress)
    console.print(outcome_block(outcome, task, network="shapes.onnx"))
    page = folder / "shapes.html"
    atomic_write(page, outcome_page(outcome, task, network="shapes.onnx"))
    note(f"  wrote {page}")
    return outcome


def _show_samples(console: Console, task: Task, network: Network, folder: Path) -> list[Sample]:
    from rich.padding import Padding

    from exactcnn.formats.image_file import write_png
    from exactcnn.network.evaluate import logits
    from exactcnn.report.pictures import Picture, image_colours
    from exactcnn.report.wording import winners
    from exactcnn.task.generator import generate

    _heading(console, f"4. Images of the task, {_SIZE}x{_SIZE}, each decided exactly")
    samples = list(generate(task, count=_SAMPLES, height=_SIZE, width=_SIZE, seed=1))
    names = [c.name for c in task.classes]
    right, art = 0, []
    for number, sample in enumerate(samples):
        values = logits(network, sample.image.reshape(1, *sample.image.shape), task.pixel)[0].rationals()
        right += winners(values, names) == [sample.label]
        if number < _SHOWN:
            art.append((sample.label, Picture(image_colours(sample.image, task.pixel))))
        write_png(folder / f"image-{number}-{sample.label}.png", sample.image, task.pixel)
    console.print(Padding(_side_by_side([(name, picture) for name, picture in art]), (0, 0, 0, 2)))
    console.print()
    console.print(f"  the network is right on {right} of {len(samples)}, as proved")
    return samples


def _show_refutation(console: Console, task: Task, network: Network, folder: Path) -> Outcome | None:
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay
    from exactcnn.cli.saving import save_picture
    from exactcnn.cli.spoiling import spoilt_networks
    from exactcnn.core.verdict import Verdict
    from exactcnn.report.terminal import outcome_block

    _heading(console, "5. One weight spoilt, and the exact image that shows it")
    what, outcome = "", None
    with ProgressDisplay("verifying the spoilt network") as progress:
        for spoilt, change in itertools.islice(spoilt_networks(network, task), _TRIES):
            found = api.verify(task, spoilt, timeout=_SECONDS, progress=progress)
            if found.verdict is Verdict.REFUTED:
                what, outcome = change, found
                break
    if outcome is None:
        console.print("  none of the weights tried did any harm")
        return None
    console.print(f"  {what}")
    console.print()
    console.print(outcome_block(outcome, task, network="shapes.onnx with one weight spoilt"))
    if outcome.counterexample is not None:
        for file in save_picture(outcome.counterexample.picture, task.pixel, folder / "counterexample"):
            note(f"  wrote {file}")
    return outcome


def _write_sheet(task: Task, samples: list[Sample], outcome: Outcome, spoilt: Outcome | None, folder: Path) -> None:
    from exactcnn.formats.files import atomic_write
    from exactcnn.report.pictures import image_colours, template_colours, viewable
    from exactcnn.report.sheet import contact_sheet

    pixel = task.pixel
    rows = [
        ("features", [(f.name, template_colours(f.templates[0], pixel)) for f in task.features]),
        ("generated images", [(s.label, image_colours(s.image, pixel)) for s in samples]),
        (
            f"{outcome.verdict.value}: a witness image for every class",
            [
                (r.name, image_colours(viewable(r.witness.picture)[0], pixel))
                for r in outcome.classes
                if r.witness is not None
            ],
        ),
    ]
    if spoilt is not None and spoilt.counterexample is not None:
        wrong = spoilt.counterexample
        caption = f"is {wrong.label}"
        rows.append(
            ("REFUTED once one weight is spoilt", [(caption, image_colours(viewable(wrong.picture)[0], pixel))])
        )
    atomic_write(folder / "shapes.png", contact_sheet(rows))
    note(f"  wrote {folder / 'shapes.png'}")

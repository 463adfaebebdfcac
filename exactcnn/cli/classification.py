"""One image through a network and, if there is one, past the task: what `exactcnn classify` shows."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from flint import fmpq
from rich.console import Console
from rich.padding import Padding
from rich.text import Text

from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational
from exactcnn.formats.image_file import read_image
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.report.json_form import window_json
from exactcnn.report.terminal import logit_table, plain_table
from exactcnn.report.wording import winners
from exactcnn.task.decide import Decision, FeatureStatus, decide
from exactcnn.task.model import PixelRange, Task

__all__ = ["Classified", "classified", "classified_json", "show_classified"]

_SHOWN_WINDOWS = 3


@dataclass(frozen=True)
class Classified:
    """An image with the network's logits and the task's decision.

    Attributes
    ----------
    size: (H, W).
    names: of the classes; numbers where there is no task.
    decision: None without a task.
    """

    path: Path
    size: tuple[int, int]
    names: tuple[str, ...]
    values: tuple[fmpq, ...]
    decision: Decision | None

    @property
    def chosen(self) -> str | None:
        """The class of the strictly largest logit; None in a tie."""
        named = winners(self.values, self.names)
        return named[0] if len(named) == 1 else None

    @property
    def correct(self) -> bool | None:
        """Whether the network is right; None where the task has no opinion."""
        if self.decision is None or self.decision.label is None:
            return None
        return self.chosen == self.decision.label


def classified(network: Network, task: Task | None, path: Path, *, threads: int | None = None) -> Classified:
    """Reads an image and evaluates everything about it, exactly.

    Parameters
    ----------
    threads: at most how many share the work; None for one a core.

    Raises
    ------
    InputError: the image cannot be read, or the network or task cannot take it.
    """
    pixel = PixelRange() if task is None else task.pixel
    if task is not None:
        from exactcnn.prover.instance import require_fit

        require_fit(task, network)
    image = read_image(path, network.channels, pixel)
    values = tuple(logits(network, image.reshape(1, *image.shape), pixel, threads=threads)[0].rationals())
    if task is not None and len(values) != len(task.classes):
        raise InputError(
            "the network has another number of logits than the task has classes",
            source=network.source,
            found=f"{len(values)} at size {image.shape[1]}x{image.shape[2]}",
            expected=f"{len(task.classes)}, one a class in the task's order",
        )
    names = tuple(str(i) for i in range(len(values))) if task is None else tuple(c.name for c in task.classes)
    decision = None if task is None else decide(task, image)
    return Classified(path, (image.shape[1], image.shape[2]), names, values, decision)


def classified_json(entry: Classified) -> dict[str, Any]:
    """The entry as JSON; the task's keys only where there is a task."""
    form: dict[str, Any] = {
        "image": str(entry.path),
        "size": f"{entry.size[0]}x{entry.size[1]}",
        "logits": {n: format_rational(v) for n, v in zip(entry.names, entry.values, strict=True)},
        "class": entry.chosen,
    }
    if entry.decision is not None:
        form |= {
            "admissible": entry.decision.admissible,
            "label": entry.decision.label,
            "correct": entry.correct,
            "features": [_status_json(s) for s in entry.decision.statuses],
        }
        if entry.decision.reason is not None:
            form["reason"] = entry.decision.reason
    return form


def _status_json(status: FeatureStatus) -> dict[str, Any]:
    return {
        "name": status.name,
        "state": status.state,
        "nearest": None if status.nearest is None else format_rational(status.nearest),
        "windows": [window_json(w) for w in status.exhibiting],
        "offending": [window_json(m.window) | {"excess": format_rational(m.excess)} for m in status.offending],
    }


def show_classified(console: Console, entry: Classified) -> None:
    """Prints the entry."""
    height, width = entry.size
    console.print(Text.assemble((str(entry.path), "bold"), f"  {height}x{width}"), soft_wrap=True)
    console.print(Padding(_verdict(entry), (0, 0, 0, 2)))
    label = entry.decision.label if entry.decision else None
    console.print(Padding(logit_table(entry.values, entry.names, label), (0, 0, 0, 2)))
    if entry.decision is not None:
        table = plain_table("feature", "state", "nearest excess", "windows (row, column)")
        for status in entry.decision.statuses:
            nearest = "no window fits" if status.nearest is None else format_rational(status.nearest)
            style = {"contains": "green", "avoids": "dim"}.get(status.state, "red")
            table.add_row(status.name, Text(status.state, style=style), nearest, _windows(status))
        console.print(Padding(table, (1, 0, 0, 2)))
    console.print()


def _verdict(entry: Classified) -> Text:
    tie = "no class: the largest logit is shared"
    chosen = tie if entry.chosen is None else f'class "{entry.chosen}"'
    text = Text(f"network: {chosen}")
    if entry.decision is not None:
        if entry.decision.label is None:
            text.append(f"\ntask: not admissible: {entry.decision.reason}", "yellow")
        else:
            text.append(f'\ntask: admissible, class "{entry.decision.label}"; ')
            text.append("the network is right", "green") if entry.correct else text.append("WRONG", "bold red")
    return text


def _windows(status: FeatureStatus) -> str:
    if status.exhibiting_count:
        shown = [f"({w.row}, {w.column})" for w in status.exhibiting[:_SHOWN_WINDOWS]]
        count, word = status.exhibiting_count, "exhibit it"
    elif status.offending_count:
        shown = [f"({m.window.row}, {m.window.column}): {m.excess}" for m in status.offending[:_SHOWN_WINDOWS]]
        count, word = status.offending_count, "come too close"
    else:
        return ""
    more = ", .." if count > len(shown) else ""
    return f"{count} {word}: {', '.join(shown)}{more}"

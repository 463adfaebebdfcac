"""An outcome as blocks of text for the terminal."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from flint import fmpq
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from exactcnn.core.outcome import ClassReport, Example, Outcome, Window
from exactcnn.core.verdict import Verdict
from exactcnn.report.near_misses import Nearly, near_misses
from exactcnn.report.pictures import Picture, image_colours, viewable
from exactcnn.report.wording import claim, cross_check_text, evidence_text, float32_text, number_text, winners
from exactcnn.task.model import Task

__all__ = [
    "example_block",
    "facts_table",
    "logit_table",
    "outcome_block",
    "plain_table",
    "verdict_style",
    "window_table",
]

_SHOWN_SIDE = 64


def verdict_style(verdict: Verdict) -> str:
    """The colour of a verdict."""
    return {"PROVED": "bold green", "REFUTED": "bold red", "VACUOUS": "bold yellow"}.get(verdict.value, "bold magenta")


def outcome_block(outcome: Outcome, task: Task, *, network: str | None = None) -> RenderableType:
    """Everything there is to say about an outcome."""
    return Group(*_blocks(outcome, task, network))


def _blocks(outcome: Outcome, task: Task, network: str | None) -> Iterator[RenderableType]:
    yield Text.assemble((outcome.verdict.value, verdict_style(outcome.verdict)), "  ", claim(outcome))
    yield ""
    facts = [("task", outcome.task)]
    if network is not None:
        facts.append(("network", network))
    facts.append(("sizes", str(outcome.sizes)))
    if outcome.margin is not None:
        attained = "attained by a witness: the best possible" if outcome.margin_attained else "a lower bound"
        facts.append(("margin", f"{number_text(outcome.margin)} ({attained})"))
    if outcome.configurations is not None:
        facts.append(("configurations", f"{outcome.configurations:,}"))
    facts.append(("method", outcome.method))
    facts.append(("evidence", evidence_text(outcome)))
    facts += [("float32", float32_text(outcome.float32))] if outcome.float32 is not None else []
    facts += [("cross-check", cross_check_text(c)) for c in outcome.cross_checks]
    if any(outcome.obligations.values()):
        counts = ", ".join(f"{count} {kind}" for kind, count in outcome.obligations.items())
        facts.append(("obligations", counts))
    facts += [("may help", text) for text in outcome.advice]
    facts.append(("time", f"{outcome.seconds:.2f} s"))
    yield facts_table(facts)
    if outcome.counterexample is not None:
        yield ""
        yield Text("the counterexample", style="bold")
        yield example_block(outcome.counterexample, task, outcome.class_names)
        return
    if outcome.unproved_field is not None and max(outcome.unproved_field.shape[1:]) <= _SHOWN_SIDE:
        yield ""
        yield Text("a receptive field that shows why", style="bold")
        yield Padding(Picture(image_colours(outcome.unproved_field, task.pixel)), (0, 0, 0, 2))
    if outcome.classes:
        yield ""
        yield _class_table(outcome.classes, outcome.class_names)


def facts_table(facts: Sequence[tuple[str, str]]) -> RenderableType:
    """Names and values, one pair a line."""
    table = Table.grid(padding=(0, 2))
    table.add_column(style="dim", no_wrap=True)
    table.add_column(overflow="fold")
    for name, value in facts:
        table.add_row(name, value)
    return Padding(table, (0, 0, 0, 2))


def plain_table(*columns: str) -> Table:
    """An empty table in the style of all tables here."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _class_table(reports: Sequence[ClassReport], names: Sequence[str]) -> RenderableType:
    table = plain_table("class", "witness", "features in it", "lead")
    for report in reports:
        if report.witness is not None:
            picture = report.witness.picture
            lead = number_text(report.witness.lead(list(names).index(report.name)))
            shown = ", ".join(report.witness.features) or "none"
            table.add_row(report.name, f"{picture.height}x{picture.width}", shown, lead)
        elif report.vacuous is not None:
            table.add_row(report.name, Text("none", style="yellow"), f"no admissible image: {report.vacuous}", "")
        else:
            table.add_row(report.name, Text("open", style="magenta"), "neither a witness nor a reason was found", "")
    return Padding(table, (0, 0, 0, 2))


def example_block(example: Example, task: Task, class_names: Sequence[str]) -> RenderableType:
    """An image with its label, logits, windows and, if it is small, a picture."""
    picture = example.picture
    winning = ", ".join(f'"{n}"' for n in winners(example.logits, class_names))
    blocks: list[RenderableType] = [
        facts_table(
            [
                ("image", f"{picture.height}x{picture.width}"),
                ("label", f'"{example.label}" (what the task says)'),
                ("network", f"largest logit: {winning}"),
                ("features", ", ".join(example.features) or "none"),
            ]
        ),
        "",
        Padding(logit_table(example.logits, class_names, example.label), (0, 0, 0, 2)),
    ]
    if example.windows:
        blocks += ["", Padding(window_table(example.windows), (0, 0, 0, 2))]
    nearly = near_misses(example, task)
    if nearly:
        blocks += ["", Padding(_near_table(nearly), (0, 0, 0, 2))]
    shown, remark = viewable(picture)
    if max(shown.shape[1:]) <= _SHOWN_SIDE:
        blocks += ["", Padding(Picture(image_colours(shown, task.pixel)), (0, 0, 0, 2))]
        if remark:
            blocks.append(Padding(Text(f"({remark})", style="dim"), (0, 0, 0, 2)))
    return Group(*blocks)


def logit_table(logits: Sequence[fmpq], class_names: Sequence[str], label: str | None = None) -> RenderableType:
    """Each class with its exact logit, the largest ones marked; long fractions with their approximate value."""
    largest = max(logits)
    table = plain_table("class", "logit", "")
    for name, value in zip(class_names, logits, strict=True):
        marks = [*(["the label"] if name == label else []), *(["largest"] if value == largest else [])]
        wrong = value == largest and label is not None and name != label
        style = "red" if wrong else "green" if name == label else ""
        table.add_row(Text(name, style=style), number_text(value), ", ".join(marks))
    return table


def _near_table(misses: Sequence[Nearly]) -> RenderableType:
    """Which windows are nearly what."""
    table = plain_table("nearly", "template", "row", "column", "excess", "gap")
    for miss in misses:
        window = miss.window
        places = str(window.template), str(window.row), str(window.column)
        table.add_row(window.feature, *places, number_text(miss.excess), number_text(miss.gap))
    return table


def window_table(windows: Sequence[Window]) -> RenderableType:
    """Which windows exhibit what."""
    table = plain_table("feature", "template", "row", "column")
    for window in windows:
        table.add_row(window.feature, str(window.template), str(window.row), str(window.column))
    return table

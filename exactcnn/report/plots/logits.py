"""Logits with the margin: who leads on an image, and by how much."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Example, Outcome
from exactcnn.report.near_misses import Nearly
from exactcnn.report.pictures import image_colours, viewable
from exactcnn.report.plots.cells import draw_cells, outline
from exactcnn.report.plots.theme import LIGHT, SIZE, Theme, fraction_text, new_figure, put, shown, style, title
from exactcnn.report.wording import number_text
from exactcnn.task.model import Task

__all__ = ["draw_example_image", "draw_logits", "logits_figure", "witnesses_figure"]

_MOST_ROWS = 6
_MOST_BARS = 12
_MOST_NEAR = 2


def logits_figure(example: Example, task: Task, *, theme: Theme = LIGHT) -> Figure:
    """One image with the logits that the network gives it, and the label's lead."""
    names = [c.name for c in task.classes]
    lead = example.lead(names.index(example.label))
    says = f"leads by {number_text(lead)}" if lead > 0 else f"does not lead: {number_text(lead)}"
    figure = new_figure(theme, 12, 5.6, f"the label {shown(example.label)} {says}")
    left, right = figure.subplots(1, 2, width_ratios=(1, 1.5))
    draw_example_image(left, example, task, theme)
    draw_logits(right, example.logits, names, example.label, theme)
    return figure


def witnesses_figure(outcome: Outcome, task: Task, *, theme: Theme = LIGHT) -> Figure:
    """The witness of each class with its logits; what is proved of the margin stands above.

    Raises
    ------
    InputError: the outcome has no witnesses.
    """
    found = [r.witness for r in outcome.classes if r.witness is not None]
    if not found:
        raise InputError("there is no witness to draw", found=f"the verdict {outcome.verdict.value}")
    listed = found[:_MOST_ROWS]
    heading = f"{outcome.verdict.value}: {len(listed)} of {len(found)} witnesses" if len(listed) < len(found) else ""
    if outcome.margin is not None:
        attained = "and some witness leads by no more" if outcome.margin_attained else "at least"
        heading = f"on every admissible image the label leads by {number_text(outcome.margin)}, {attained}"
    bars = min(len(task.classes), _MOST_BARS)
    figure = new_figure(theme, 12, 1.0 + len(listed) * (1.0 + 0.5 * bars), heading or outcome.verdict.value)
    axes = figure.subplots(len(listed), 2, width_ratios=(1, 2), squeeze=False)
    names = [c.name for c in task.classes]
    everything = [float(v) for w in listed for v in w.logits]
    ends = min(0.0, *everything), max(0.0, *everything)
    for (left, right), witness in zip(axes, listed, strict=True):
        draw_example_image(left, witness, task, theme)
        draw_logits(right, witness.logits, names, witness.label, theme, margin=outcome.margin, ends=ends)
    return figure


def draw_example_image(ax: Axes, example: Example, task: Task, theme: Theme, *, nearly: Sequence[Nearly] = ()) -> None:
    """The image with a frame around each window that exhibits something, and a dashed one around each near miss."""
    picture, remark = viewable(example.picture)
    colours = image_colours(picture, task.pixel)
    draw_cells(ax, colours, theme, numbers=max(colours.shape[:2]) <= 16)
    if remark is None and colours.shape[:2] == picture.shape[1:]:
        for window in example.windows:
            feature = task.features[task.feature_index[window.feature]]
            outline(ax, window.row, window.column, feature.height, feature.width, theme.second, weight=2.5)
        for miss in nearly:
            feature = task.features[task.feature_index[miss.window.feature]]
            place = miss.window.row, miss.window.column, feature.height, feature.width
            outline(ax, *place, theme.second, weight=2.5, linestyle=(0, (3, 2)))
    size = f"{example.picture.height}x{example.picture.width}"
    contains = ", ".join(shown(name, 16) for name in example.features[:3]) or "no feature"
    more = f" and {len(example.features) - 3} more" if len(example.features) > 3 else ""
    text = f"{size}, contains {contains}{more}" + ("" if remark is None else "\n(its core)")
    for miss in nearly[:_MOST_NEAR]:
        gap = fraction_text(miss.gap)
        away = (
            f"{fraction_text(miss.excess)} away, gap {gap}" if miss.excess != miss.gap else f"just its gap, {gap}, away"
        )
        text += f"\nnearly {shown(miss.window.feature, 16)} (dashed): {away}"
    put(ax, 0, -0.03, text, theme, transform=ax.transAxes, va="top", color=theme.dim, fontsize=SIZE - 1)


def draw_logits(
    ax: Axes,
    logits: Sequence[fmpq],
    names: Sequence[str],
    label: str,
    theme: Theme,
    *,
    margin: fmpq | None = None,
    ends: tuple[float, float] | None = None,
) -> None:
    """One bar a class with its exact logit; the distance from the label's bar to the best other is the lead.

    Parameters
    ----------
    margin: if given, the part below the label's logit that no other reaches is hatched.
    ends: the least and the largest logit that there has to be room for; by default those drawn.
    """
    order = sorted(range(len(names)), key=lambda i: (names[i] != label, -logits[i], i))[:_MOST_BARS]
    order.sort()
    style(ax, theme, labels=["logit"])
    values = [float(logits[i]) for i in order]
    low, high = ends or (min(0.0, *values), max(0.0, *values))
    span = (high - low) or 1.0
    own = names.index(label)
    rival = max((i for i in range(len(names)) if i != own), key=lambda i: logits[i])
    wrong = logits[rival] >= logits[own]
    for line, (index, value) in enumerate(zip(order, values, strict=True)):
        is_label = index == own
        bad = wrong and index != own and logits[index] >= logits[own]
        colour = theme.first if is_label else theme.second if bad else theme.dim
        ax.barh(line, value, height=0.56, color=colour, alpha=1 if is_label or bad else 0.45, linewidth=0)
        if value == 0:
            ax.plot([0, 0], [line - 0.28, line + 0.28], color=colour, linewidth=3)
        mark = "  (label)" if is_label else ""
        put(
            ax,
            max(value, 0) + 0.015 * span,
            line,
            fraction_text(logits[index]) + mark,
            theme,
            va="center",
            weight="bold" if is_label or bad else "normal",
            color=colour if is_label or bad else theme.ink,
        )
    ax.set_yticks(range(len(order)), [shown(names[i], 20) for i in order], parse_math=False)
    if rival in order:
        _draw_lead(
            ax,
            (logits[own], logits[rival]),
            (order.index(own), order.index(rival)),
            high + 0.6 * span,
            0.02 * span,
            theme,
        )
    ax.axvline(0, color=theme.dim, linewidth=1)
    ax.set_xlim(low - 0.02 * span, high + 1.15 * span)
    ax.set_ylim(len(order) - 0.4, -0.6)
    _logit_ticks(ax, [logits[i] for i in order], 0.08 * span)
    if len(order) < len(names):
        title(ax, f"the label and the {len(order) - 1} largest of {len(names) - 1} others", theme, dim=True)
    if margin is not None:
        ax.axvspan(
            float(logits[own] - margin),
            float(logits[own]),
            facecolor="none",
            edgecolor=theme.line,
            hatch="//",
            linewidth=0,
            zorder=0,
        )


def _logit_ticks(ax: Axes, logits: Sequence[fmpq], apart: float) -> None:
    """The exact logits as ticks, if all of them are short; else round numbers."""
    exact = sorted({*logits, fmpq(0)})
    if any(fraction_text(v).startswith("≈") for v in exact):
        return
    kept = [v for n, v in enumerate(exact) if n == 0 or float(v - exact[n - 1]) > apart]
    ax.set_xticks([float(v) for v in kept], [fraction_text(v) for v in kept], parse_math=False)


def _draw_lead(
    ax: Axes, logits: tuple[fmpq, fmpq], lines: tuple[int, int], at: float, reach: float, theme: Theme
) -> None:
    """A bracket from the label's logit to the best other, with their difference."""
    lead = logits[0] - logits[1]
    colour = theme.first if lead > 0 else theme.second
    ax.plot([at, at], [lines[0], lines[1]], color=colour, linewidth=2.5)
    for line in lines:
        ax.plot([at - reach, at], [line, line], color=colour, linewidth=2.5)
    word = "a tie: lead" if lead == 0 else "lead"
    put(ax, at, sum(lines) / 2, f"  {word} {fraction_text(lead)}", theme, va="center", color=colour, weight="bold")

"""A detector as a function of one pixel, with its exact linear pieces."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise
from typing import Any

from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.thresholds import Arithmetic
from exactcnn.report.plots.pieces import (
    Detector,
    Piece,
    Place,
    Zone,
    detector_of,
    line_pieces,
    zones,
)
from exactcnn.report.plots.theme import LIGHT, Theme, fraction_text, new_figure, put, shown, style, title
from exactcnn.task.model import Task

__all__ = ["affine_text", "detector_figure", "most_constrained", "place_text"]

# Shares of the width of an axis: of zones that have room for their names, and of a letter of a tick's label.
_WIDE, _NARROW, _LETTER = 0.14, 0.022, 0.012


def affine_text(terms: Sequence[tuple[fmpq, str]], constant: fmpq) -> str:
    """A linear form as people write it, such as `3 - 8x`: the constant first where the first term is negative."""
    parts = [(c, name) for c, name in terms if c != 0]
    pieces = [(constant, "")] if constant != 0 or not parts else []
    ordered = [*pieces, *parts] if parts and parts[0][0] < 0 else [*parts, *pieces]
    text = ""
    for place, (value, name) in enumerate(ordered):
        size = abs(value)
        body = name if name and size == 1 else fraction_text(size) + name
        if name and size.q != 1 and size != 1:
            body = f"({fraction_text(size)}){name}"
        sign = "\N{MINUS SIGN}" if value < 0 else ""
        text += (f" {sign or '+'} " if place else sign) + body
    return text


def most_constrained(detector: Detector, count: int) -> list[Place]:
    """The pixels with the narrowest intervals (row by row where they are equal): the ones worth looking at."""
    channels, height, width = detector.box.shape
    places = [(c, i, j) for c in range(channels) for i in range(height) for j in range(width)]
    widths = {place: detector.interval(place) for place in places}
    return sorted(places, key=lambda place: (widths[place][1] - widths[place][0], place))[:count]


# -- one pixel --------------------------------------------------------------------------------------------------------


def detector_figure(
    task: Task,
    feature: str,
    template: int = 0,
    *,
    place: Place | None = None,
    window: ExactTensor | None = None,
    arithmetic: Arithmetic = "rational",
    theme: Theme = LIGHT,
) -> Figure:
    """Excess and detector while one pixel moves through the pixel range and all others stand still.

    Parameters
    ----------
    place: the pixel that moves, (channel, row, column); by default one with a narrow interval.
    window: what the others are, (channels, height, width); by default the middle of the template.
    arithmetic: "rational" for the task's own thresholds and gap; "dyadic" for those of the network that `build` makes.

    Raises
    ------
    InputError: no such feature, template or pixel.
    """
    detector = detector_of(task, feature, template, arithmetic=arithmetic)
    chosen = place or most_constrained(detector, 1)[0]
    base = detector.drawn.centre() if window is None else window
    excess, level = line_pieces(detector, chosen, base)
    heading = f"{shown(feature)}: pixel x {place_text(task, chosen)} moves, the others stand still"
    figure = new_figure(theme, 10.5, 8.2, heading)
    upper, lower = figure.subplots(2, 1, sharex=True)
    found = zones(detector, chosen, base)
    for ax, pieces in ((upper, excess), (lower, level)):
        _shade_zones(ax, found, theme)
        _draw_pieces(ax, pieces, theme)
        style(ax, theme)
    limit = float(detector.gap)
    upper.axhline(limit, color=theme.second, linewidth=2, linestyle=(0, (5, 3)))
    highest = max(limit, *(float(p.value(x)) for p in excess for x in (p.start, p.end)))
    upper.set_ylim(-0.06 * highest, 1.28 * highest)
    lower.set_ylim(-0.1, 1.45)
    _ticks(upper, [fmpq(0), detector.gap, *(p.value(x) for p in excess for x in (p.start, p.end))], "y")
    title(upper, "excess: how far the window is from the template", theme)
    title(lower, f"detector: max(0, 1 \N{MINUS SIGN} {_over(detector.gap)})", theme)
    put(
        upper,
        float(detector.pixel.low),
        limit,
        f"gap {fraction_text(detector.gap)}",
        theme,
        color=theme.second,
        va="bottom",
        ha="left",
    )
    _ticks(lower, [fmpq(0), fmpq(1)], "y")
    _ticks(lower, (x for p in (*level, *excess) for x in (p.start, p.end)), "x")
    style(lower, theme, labels=["x"])
    _name_zones(upper, found, theme)
    _name_pieces(lower, level, theme)
    return figure


def _over(gap: fmpq) -> str:
    """The excess divided by the gap, in symbols."""
    if gap == 1:
        return "excess"
    inverse = 1 / gap
    return f"{inverse} excess" if inverse.q == 1 else f"excess/({fraction_text(gap)})"


def place_text(task: Task, place: Place) -> str:
    """Where a pixel of a window is, in words."""
    channel = f", {shown(task.channels[place[0]], 12)}" if len(task.channels) > 1 else ""
    return f"(row {place[1]}, column {place[2]}{channel})"


def _shade_zones(ax: Axes, found: Iterable[Zone], theme: Theme) -> None:
    for zone in found:
        if zone.state != "clear":
            ax.axvspan(
                float(zone.start),
                float(zone.end),
                facecolor=theme.first if zone.state == "exhibits" else "none",
                edgecolor="none" if zone.state == "exhibits" else theme.line,
                hatch=None if zone.state == "exhibits" else "//",
                alpha=0.22 if zone.state == "exhibits" else 0.9,
                linewidth=0,
                zorder=0,
            )


def _name_zones(ax: Axes, found: Sequence[Zone], theme: Theme) -> None:
    """The zones' names along the top: upright where they are narrow, beside them where they are very narrow."""
    top = ax.get_ylim()[1]
    start, span = float(found[0].start), float(found[-1].end - found[0].start)
    for zone in found:
        middle, share = float(zone.start + zone.end) / 2, float(zone.end - zone.start) / span
        level = 0.97 * top
        where: dict[str, Any] = {"ha": "center", "rotation": 0 if share >= _WIDE else 90}
        if share < _NARROW:
            right = middle > start + span / 2
            where = {"ha": "right" if right else "left"}
            middle += (-0.02 if right else 0.02) * span
            level *= 0.78
        around = {"facecolor": theme.paper, "edgecolor": "none", "pad": 2, "alpha": 0.8}
        weight = "bold" if zone.state == "exhibits" else "normal"
        put(ax, middle, level, zone.state, theme, va="top", bbox=around, weight=weight, **where)


def _draw_pieces(ax: Axes, pieces: Sequence[Piece], theme: Theme) -> None:
    for number, piece in enumerate(pieces):
        ends = [float(piece.start), float(piece.end)]
        ax.plot(
            ends,
            [float(piece.value(piece.start)), float(piece.value(piece.end))],
            color=theme.first,
            linewidth=4,
            solid_capstyle="round",
            zorder=3,
        )
        if number:
            ax.plot(
                ends[:1],
                [float(piece.value(piece.start))],
                "o",
                color=theme.paper,
                markersize=9,
                zorder=4,
                markeredgecolor=theme.first,
                markeredgewidth=2.5,
            )
            ax.axvline(ends[0], color=theme.dim, linewidth=1, linestyle=(0, (1, 2)), zorder=1)


def _name_pieces(ax: Axes, pieces: Sequence[Piece], theme: Theme) -> None:
    """Each piece's formula, at its middle."""
    span = float(pieces[-1].end - pieces[0].start)
    around = {"facecolor": theme.paper, "edgecolor": "none", "pad": 2, "alpha": 0.85}
    for piece in pieces:
        middle = float(piece.start + piece.end) / 2
        height = float(piece.value(piece.start) + piece.value(piece.end)) / 2
        side = "center"
        if piece.slope != 0:
            side = "right" if piece.slope > 0 else "left"
            middle += (-0.02 if piece.slope > 0 else 0.02) * span
        elif height > 0.5:
            left, right = float(pieces[0].start), float(pieces[-1].end)
            side = "right" if middle > right - 0.2 * span else "left" if middle < left + 0.2 * span else "center"
        put(
            ax,
            middle,
            height + 0.07,
            affine_text([(piece.slope, "x")], piece.constant),
            theme,
            ha=side,
            va="bottom",
            color=theme.first,
            weight="bold",
            bbox=around,
            zorder=6,
        )


def _ticks(ax: Axes, values: Iterable[fmpq], axis: str) -> None:
    """Exact values as ticks; of two that would touch, the later one is lowered."""
    exact = sorted(set(values))
    low, high = ax.get_xlim() if axis == "x" else ax.get_ylim()
    if axis == "x":
        low, high = float(exact[0]), float(exact[-1])
    labels = [fraction_text(v) for v in exact]
    if axis == "x":
        down = False
        for number, (before, after) in enumerate(pairwise(exact), 1):
            room = float(after - before) / (high - low)
            down = not down and room < _LETTER * (len(labels[number - 1]) + len(labels[number]) + 1) / 2
            labels[number] = "\n" + labels[number] if down else labels[number]
        ax.set_xticks([float(v) for v in exact], labels, parse_math=False)
        ax.set_xlim(low - 0.02 * (high - low), high + 0.02 * (high - low))
        return
    kept = [v for n, v in enumerate(exact) if n == 0 or float(v - exact[n - 1]) > 0.05 * (high - low)]
    ax.set_yticks([float(v) for v in kept], [fraction_text(v) for v in kept], parse_math=False)

"""Time and size of proofs against the size of the images."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from exactcnn.core.errors import InputError
from exactcnn.report.plots.theme import LIGHT, SIZE, Theme, new_figure, put, shown, style, title

__all__ = ["Measurement", "scaling_figure", "series"]

_MARKERS = "osD^v"


@dataclass(frozen=True)
class Measurement:
    """One run.

    Attributes
    ----------
    method: what was run; runs of one method make a line.
    side: the image's side in pixels; None for "any size", which is drawn as a level line.
    seconds: how long it took, or after how long it was given up.
    size: the proof's length in bytes, if there is one to keep.
    finished: whether there was an answer.
    """

    method: str
    side: int | None
    seconds: float
    size: int | None = None
    finished: bool = True


def series(measurements: Sequence[Measurement]) -> dict[str, list[Measurement]]:
    """The measurements of each method, by side; methods in the order of their first appearance."""
    found: dict[str, list[Measurement]] = {}
    for measurement in measurements:
        found.setdefault(measurement.method, []).append(measurement)
    return {name: sorted(runs, key=lambda m: m.side or 0) for name, runs in found.items()}


def scaling_figure(measurements: Sequence[Measurement], *, theme: Theme = LIGHT, heading: str | None = None) -> Figure:
    """Time, and the proof's length where there is one, against the image's side; logarithmic scales.

    Runs that were given up are drawn hollow, with an arrow: they would have taken longer.

    Raises
    ------
    InputError: no measurement has a side, or one is not positive.
    """
    sides = [m.side for m in measurements if m.side is not None]
    if not sides or min(sides) < 1 or any(m.seconds <= 0 for m in measurements):
        raise InputError("nothing that can be drawn against the size of images", expected="sides and seconds > 0")
    with_sizes = [m for m in measurements if m.size is not None]
    count = 2 if with_sizes else 1
    figure = new_figure(theme, 7.6 * count, 6.4, heading or "proofs against the size of the image")
    axes = figure.subplots(1, count, squeeze=False)[0]
    _draw(axes[0], measurements, theme, sizes=False)
    title(axes[0], "time", theme)
    if with_sizes:
        _draw(axes[1], with_sizes, theme, sizes=True)
        title(axes[1], "length of the proof", theme)
    return figure


def _draw(ax: Axes, measurements: Sequence[Measurement], theme: Theme, *, sizes: bool) -> None:
    ax.set_xscale("log", base=2)
    ax.set_yscale("log")
    style(ax, theme, labels=["side of the image (pixels)", "bytes" if sizes else "seconds"])
    ax.grid(visible=True, which="major", axis="y", color=theme.line, linewidth=0.8)
    sides = sorted({m.side for m in measurements if m.side is not None})
    low, high = (sides[0], sides[-1]) if sides else (1, 2)
    colours = (theme.first, theme.second, theme.third, theme.fourth, theme.dim)
    for number, (name, runs) in enumerate(series(measurements).items()):
        colour, marker = colours[number % len(colours)], _MARKERS[number % len(_MARKERS)]
        placed = [m for m in runs if m.side is not None]
        if placed:
            _draw_line(ax, placed, colour, marker, theme, sizes=sizes)
            last = placed[-1]
            _label(ax, last.side or high, _height(last, sizes=sizes), name, colour, theme)
        for run in (m for m in runs if m.side is None):
            ax.axhline(_height(run, sizes=sizes), color=colour, linewidth=3, linestyle=(0, (6, 3)))
            ax.annotate(
                shown(f"{name}, any size"),
                (low, _height(run, sizes=sizes)),
                (0, 6),
                textcoords="offset points",
                color=colour,
                fontsize=SIZE,
                weight="bold",
                parse_math=False,
            )
    labels, labelled = [], 0
    for side in sides:
        # Labels that would run into each other are left out; the ticks stay.
        labels.append(str(side) if side >= labelled * (high / low) ** 0.045 else "")
        labelled = side if labels[-1] else labelled
    ax.set_xticks(sides, labels)
    ax.set_xticks([], minor=True)
    ax.margins(y=0.14)
    ax.yaxis.set_major_formatter(lambda value, _: f"{value:,g}" if value < 1e6 else f"{value:.0e}")
    ax.set_xlim(low / 1.15, high * (high / low) ** 0.42 * 1.15)


def _height(run: Measurement, *, sizes: bool) -> float:
    return float(run.size or 1) if sizes else run.seconds


def _draw_line(ax: Axes, runs: Sequence[Measurement], colour: str, marker: str, theme: Theme, *, sizes: bool) -> None:
    done = [m for m in runs if m.finished]
    points = [(m.side or 1, _height(m, sizes=sizes)) for m in runs]
    ax.plot(*zip(*points, strict=True), color=colour, linewidth=1.5, linestyle=(0, (2, 2)))
    if done:
        solid = [(m.side or 1, _height(m, sizes=sizes)) for m in done]
        ax.plot(*zip(*solid, strict=True), color=colour, linewidth=3, marker=marker, markersize=9)
    for run in (m for m in runs if not m.finished):
        place = (run.side or 1, _height(run, sizes=sizes))
        ax.plot(*place, marker=marker, markersize=10, color=theme.paper, markeredgecolor=colour, markeredgewidth=2.5)
        arrow = {"arrowstyle": "-|>", "color": colour, "linewidth": 2}
        ax.annotate("", place, (0, 30), textcoords="offset points", arrowprops=arrow | {"arrowstyle": "<|-"})


def _label(ax: Axes, side: float, height: float, name: str, colour: str, theme: Theme) -> None:
    around = {"facecolor": theme.paper, "edgecolor": "none", "pad": 2, "alpha": 0.85}
    put(ax, side * 1.14, height, shown(name), theme, color=colour, weight="bold", va="center", bbox=around, zorder=6)

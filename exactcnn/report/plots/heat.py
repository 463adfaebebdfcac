"""Excess and detector over an image: which windows are near a template."""

from __future__ import annotations

import numpy as np
from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.thresholds import Arithmetic
from exactcnn.report.pictures import Colours, image_colours
from exactcnn.report.plots.cells import draw_cells, mark, outline, painted, write_cells
from exactcnn.report.plots.maps import detector_map, excess_map
from exactcnn.report.plots.pieces import detector_of
from exactcnn.report.plots.theme import LIGHT, SIZE, Theme, fraction_text, new_figure, put, shown, title
from exactcnn.task.model import Task

__all__ = ["heat_figure", "window_states"]

_WRITTEN = 7
_LONGEST = 6
_LEGIBLE = 8.0
_MOST_FRAMES = 24


def window_states(excess: ExactTensor, gap: fmpq) -> dict[str, list[tuple[int, int]]]:
    """The windows (row, column) of an excess map by what they are of this template: exhibits, neither, clear."""
    exhibits = ~excess.nonzero()
    clear = ExactTensor.full((), gap).at_most(excess)
    states = {"exhibits": exhibits, "neither": ~exhibits & ~clear, "clear": clear}
    return {name: [(int(r), int(c)) for r, c in np.argwhere(marks)] for name, marks in states.items()}


def heat_figure(
    task: Task,
    image: ExactTensor,
    feature: str,
    template: int = 0,
    *,
    arithmetic: Arithmetic = "rational",
    theme: Theme = LIGHT,
) -> Figure:
    """The image, the excess of each of its windows, and the detector at each.

    Parameters
    ----------
    image: (C, H, W), pixel values.
    arithmetic: "rational" for the task's own thresholds and gap; "dyadic" for those of the network that `build` makes.

    Raises
    ------
    InputError: no such feature or template, or the image is none of the task's or too small for a window.
    """
    detector = detector_of(task, feature, template, arithmetic=arithmetic)
    excess, level = excess_map(detector, image), detector_map(detector, image)
    drawn = excess_map(detector_of(task, feature, template), image)
    states = window_states(drawn, detector.drawn_gap)
    counts = ", ".join(
        f"{len(places)} {'clear' if name == 'clear' else 'exhibiting' if name == 'exhibits' else 'neither'}"
        for name, places in states.items()
    )
    figure = new_figure(theme, 16, 6.6, f"{shown(feature)}: {excess.size} windows ({counts})")
    axes = figure.subplots(1, 3)
    colours = image_colours(image, task.pixel)
    draw_cells(axes[0], colours, theme)
    title(axes[0], f"image, {image.shape[1]}x{image.shape[2]}", theme)
    height, width = detector.box.shape[1:]
    if colours.shape[:2] == image.shape[1:]:
        for row, column in states["exhibits"][:_MOST_FRAMES]:
            outline(axes[0], row, column, height, width, theme.second)
    _draw_map(axes[1], excess, painted(theme.ramp(theme.second), _nearness(excess, detector.gap)), theme, states)
    title(axes[1], "excess of the window with this top left pixel", theme)
    mark(axes[1], states["neither"], theme.ink, hatch="///")
    _draw_map(axes[2], level, painted(theme.ramp(), level.floats()), theme, states)
    title(axes[2], "detector", theme)
    for ax in axes[1:]:
        for row, column in states["exhibits"][:_MOST_FRAMES]:
            outline(ax, row, column, 1, 1, theme.ink, weight=3)
    smallest, largest = min(excess.rationals()), max(level.rationals())
    gap = fraction_text(detector.gap)
    hatched = "; hatched: neither" if states["neither"] else ""
    _caption(axes[1], f"smallest {fraction_text(smallest)}; pale from the gap {gap} on{hatched}", theme)
    framed = "; framed: exhibits" if states["exhibits"] else ""
    _caption(axes[2], f"largest {fraction_text(largest)}{framed}", theme)
    return figure


def _nearness(excess: ExactTensor, gap: fmpq) -> NDArray[np.float64]:
    """How strongly a window is coloured: from 1 at excess 0, with a step down at the gap, to 0 at the largest."""
    levels, limit = excess.floats(), float(gap)
    largest = max(float(levels.max()), 2 * limit)
    beyond = 0.3 * (largest - levels) / (largest - limit)
    clear = ExactTensor.full((), gap).at_most(excess)
    return np.asarray(np.where(clear, beyond, 1 - 0.45 * levels / limit), dtype=np.float64)


def _draw_map(
    ax: Axes, levels: ExactTensor, colours: Colours, theme: Theme, states: dict[str, list[tuple[int, int]]]
) -> None:
    """Squares in their colours with their exact values: all of them in a small map, in a larger one those not clear."""
    draw_cells(ax, colours, theme)
    side = max(levels.shape)
    chosen = {(r, c) for places in states.values() for r, c in places} - (
        set(states["clear"]) if side > _WRITTEN else set()
    )
    texts = [
        [fraction_text(v, _LONGEST) if (row, column) in chosen else "" for column, v in enumerate(line)]
        for row, line in enumerate(levels.tolist())
    ]
    longest = max(len(text) for line in texts for text in line)
    size = min(SIZE, 440 / (side * max(longest, 2)))
    if size >= _LEGIBLE:
        write_cells(ax, texts, colours, theme, size=size)


def _caption(ax: Axes, text: str, theme: Theme) -> None:
    put(ax, 0, -0.03, text, theme, transform=ax.transAxes, color=theme.dim, va="top")

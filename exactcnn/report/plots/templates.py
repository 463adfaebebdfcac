"""Templates with their tolerance: what each pixel may be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import numpy as np
from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure

from exactcnn.core.box import Box
from exactcnn.report.pictures import Colours, image_colours
from exactcnn.report.plots.cells import draw_cells
from exactcnn.report.plots.pieces import detector_of
from exactcnn.report.plots.theme import LIGHT, SIZE, Theme, fraction_text, new_figure, put, shown, style, title
from exactcnn.report.wording import number_text
from exactcnn.task.model import PixelRange, Task

__all__ = ["features_figure", "interval_counts", "template_figure"]

_MOST_TILES = 30
_MOST_BARS = 10


def interval_counts(template: Box, channel: int, pixel: PixelRange) -> tuple[tuple[fmpq, fmpq, int], ...]:
    """The different intervals (low, high) of a channel's pixels and how many pixels have them, from dark to bright.

    Pixels that may be anything come last.
    """
    part = Box(template.low[channel], template.high[channel])
    pairs = Counter(zip(part.low.rationals(), part.high.rationals(), strict=True))
    anything = (pixel.low, pixel.high)
    ordered = sorted(pairs, key=lambda pair: (pair == anything, pair[0] + pair[1], pair[0]))
    return tuple((low, high, pairs[low, high]) for low, high in ordered)


def template_figure(task: Task, feature: str, template: int = 0, *, theme: Theme = LIGHT) -> Figure:
    """One template, its pixels drawn at the middle of their intervals, beside the intervals themselves.

    Raises
    ------
    InputError: no such feature or template.
    """
    box = detector_of(task, feature, template).drawn
    channels = box.shape[0]
    owner = task.features[task.feature_index[feature]]
    which = f", template {template} of {len(owner.templates)}" if len(owner.templates) > 1 else ""
    heading = f"{shown(feature)}{which}: {owner.height}x{owner.width} pixels, gap {number_text(owner.gap)}"
    figure = new_figure(theme, 11, 1.0 + 4.2 * channels, heading)
    grid = figure.add_gridspec(channels, 2, width_ratios=(1, 1.25))
    for channel, name in enumerate(task.channels):
        left, right = (figure.add_subplot(grid[channel, side]) for side in (0, 1))
        _draw_template(left, box, channel, task.pixel, theme)
        title(left, f"{shown(name)}: the drawing" if name else "the drawing", theme)
        _draw_intervals(right, interval_counts(box, channel, task.pixel), task.pixel, theme)
        title(right, "what its pixels may be", theme, pad=30)
    return figure


def _draw_template(ax: Axes, box: Box, channel: int, pixel: PixelRange, theme: Theme, *, numbers: bool = True) -> None:
    """One channel, pixels that may be anything coloured and crossed out."""
    draw_cells(
        ax,
        _colours(Box(box.low[channel : channel + 1], box.high[channel : channel + 1]), pixel, theme),
        theme,
        numbers=numbers,
    )
    _cross_out(ax, _free(box, pixel, channel))


def _cross_out(ax: Axes, places: Iterable[tuple[int, int]]) -> None:
    for row, column in places:
        for ends in ((0.3, 0.7), (0.7, 0.3)):
            ax.plot([column + 0.3, column + 0.7], [row + ends[0], row + ends[1]], color="#ffffff", linewidth=1.2)


def _free(box: Box, pixel: PixelRange, channel: int) -> list[tuple[int, int]]:
    return [
        (row, column)
        for row, column in np.ndindex(box.shape[1:])
        if box.low.item(channel, row, column) == pixel.low and box.high.item(channel, row, column) == pixel.high
    ]


def _colours(box: Box, pixel: PixelRange, theme: Theme) -> Colours:
    """The middles as colours, pixels that may be anything in every channel in the theme's colour for it."""
    colours = image_colours(box.centre(), pixel)
    if colours.shape[:2] == box.shape[1:]:
        for row, column in _free_everywhere(box, pixel):
            colours[row, column] = [round(255 * part) for part in to_rgb(theme.free)]
    return colours


def _free_everywhere(box: Box, pixel: PixelRange) -> set[tuple[int, int]]:
    return set.intersection(*(set(_free(box, pixel, c)) for c in range(box.shape[0])))


def _draw_intervals(ax: Axes, intervals: Sequence[tuple[fmpq, fmpq, int]], pixel: PixelRange, theme: Theme) -> None:
    """Each different interval as a bar over the pixel range, filled with the greys that it allows."""
    style(ax, theme, labels=["pixel value"])
    low, high = float(pixel.low), float(pixel.high)
    span = high - low
    listed = intervals[-_MOST_BARS:] if len(intervals) > _MOST_BARS else intervals
    for line, (start, end, count) in enumerate(listed):
        left, right = float(start), float(end)
        levels = np.linspace((left - low) / span, (right - low) / span, 24)
        edges = np.linspace(left, right, 25)
        anything = (start, end) == (pixel.low, pixel.high)
        for share, x0, x1 in zip(levels, edges, edges[1:], strict=False):
            ax.barh(line, x1 - x0, left=x0, height=0.62, color=str(round(float(share), 4)), linewidth=0)
        frame = theme.free if anything else theme.first
        hatch = "xx" if anything else None
        ax.barh(line, right - left, left=left, height=0.62, fill=False, linewidth=2, edgecolor=frame, hatch=hatch)
        _label_interval(ax, (start, end, count), line, pixel, theme)
    left_out = len(intervals) - len(listed)
    if left_out:
        put(ax, low, -0.75, f"and {left_out} more intervals, darker ones", theme, color=theme.dim, va="center")
    ax.set_yticks([])
    ax.spines["left"].set_visible(False)
    ax.set_xlim(low - 0.03 * span, high + 0.03 * span)
    ax.set_ylim(len(listed) - 0.2, -1.1 if left_out else -0.5)
    ax.set_xticks([low, (low + high) / 2, high], [fraction_text(v) for v in _thirds(pixel)])


def _label_interval(ax: Axes, interval: tuple[fmpq, fmpq, int], line: int, pixel: PixelRange, theme: Theme) -> None:
    """What the interval is, on the side of its bar that has more room; on the bar where it is the whole range."""
    start, end, count = interval
    pixels = f"{count} pixel" if count == 1 else f"{count} pixels"
    step = float(pixel.high - pixel.low) * 0.025
    if (start, end) == (pixel.low, pixel.high):
        around = {"facecolor": theme.paper, "edgecolor": "none", "pad": 4}
        put(ax, float(start + end) / 2, line, f"{pixels}: anything", theme, ha="center", va="center", bbox=around)
        return
    text = f"{pixels}: {fraction_text(start)}" + ("" if start == end else f" to {fraction_text(end)}")
    if pixel.high - end > start - pixel.low:
        put(ax, float(end) + step, line, text, theme, va="center")
    else:
        put(ax, float(start) - step, line, text, theme, ha="right", va="center")


def _thirds(pixel: PixelRange) -> tuple[fmpq, fmpq, fmpq]:
    return pixel.low, (pixel.low + pixel.high) / 2, pixel.high


def features_figure(task: Task, *, theme: Theme = LIGHT) -> Figure:
    """All features of a task, one tile each (their first templates), with sizes and gaps."""
    listed = task.features[:_MOST_TILES]
    columns = min(len(listed), 6 if len(listed) > 8 else 4)
    rows = -(-len(listed) // columns)
    left = len(task.features) - len(listed)
    more = f", the first {len(listed)}" if left else ""
    count = len(task.features)
    heading = f"{shown(task.name)}: {count} feature{'s' if count > 1 else ''}{more}"
    figure = new_figure(theme, max(2.7 * columns, 6.5), 0.8 + 3.2 * rows, heading)
    axes = figure.subplots(rows, columns, squeeze=False)
    for ax in axes.flat[len(listed) :]:
        ax.set_axis_off()
    side = max(max(f.height, f.width * (1 if len(task.channels) in (1, 3) else len(task.channels))) for f in listed)
    for ax, feature in zip(axes.flat, listed, strict=False):
        box = feature.templates[0]
        colours = _colours(box, task.pixel, theme)
        draw_cells(ax, colours, theme, numbers=False)
        if colours.shape[:2] == box.shape[1:]:
            _cross_out(ax, _free_everywhere(box, task.pixel))
        # One scale for all tiles, each at the top and in the middle of its place.
        ax.set_ylim(1.02 * side, -0.02 * side)
        ax.set_xlim(colours.shape[1] / 2 - 0.52 * side, colours.shape[1] / 2 + 0.52 * side)
        templates = f", {len(feature.templates)} templates" if len(feature.templates) > 1 else ""
        size = f"{feature.height}x{feature.width}{templates}, gap {fraction_text(feature.gap)}"
        title(ax, f"{shown(feature.name, 18)}\n", theme, loc="center", size=SIZE + 1, pad=2, weight="bold")
        small = {"fontsize": SIZE - 2, "color": theme.dim, "ha": "center", "va": "bottom"}
        put(ax, 0.5, 1.02, size, theme, transform=ax.transAxes, **small)
    return figure

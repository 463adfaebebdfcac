"""A detector as a function of two pixels: its exact linear pieces as a map and as a landscape."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

from flint import fmpq
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Polygon
from mpl_toolkits.mplot3d.art3d import Poly3DCollection  # type: ignore[import-untyped]

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.thresholds import Arithmetic
from exactcnn.report.plots.detectors import affine_text, most_constrained, place_text
from exactcnn.report.plots.pieces import Place, Region, detector_of, plane_pieces
from exactcnn.report.plots.theme import LIGHT, SIZE, Theme, fraction_text, new_figure, put, shown, style
from exactcnn.task.model import Task

__all__ = ["detector_plane_figure"]

_BANDS = 16


def detector_plane_figure(
    task: Task,
    feature: str,
    template: int = 0,
    *,
    first: Place | None = None,
    second: Place | None = None,
    window: ExactTensor | None = None,
    arithmetic: Arithmetic = "rational",
    theme: Theme = LIGHT,
) -> Figure:
    """The detector while two pixels move: a map of its linear pieces, and the same as a landscape.

    Parameters
    ----------
    first, second: the pixels, along x and y; by default two with narrow intervals.
    window, arithmetic: as for `detector_figure`.

    Raises
    ------
    InputError: no such feature, template or pixel, or one pixel twice.
    """
    detector = detector_of(task, feature, template, arithmetic=arithmetic)
    narrow = most_constrained(detector, 2)
    x_place = first or next((p for p in narrow if p != second), narrow[0])
    # A window of one pixel has no second one, which `plane_pieces` says.
    y_place = second or next((p for p in narrow if p != x_place), x_place)
    base = detector.drawn.centre() if window is None else window
    regions = _in_view(plane_pieces(detector, x_place, y_place, base))
    positive = sum(not r.is_zero for r in regions)
    heading = f"{shown(feature)}: the detector of two pixels, in {positive} linear pieces; elsewhere 0"
    figure = new_figure(theme, 13.5, 7.4, heading)
    grid = figure.add_gridspec(1, 2, width_ratios=(1.15, 1))
    flat = figure.add_subplot(grid[0])
    _draw_plane(flat, regions, theme)
    style(flat, theme, labels=[f"x {place_text(task, x_place)}", f"y {place_text(task, y_place)}"])
    for axis, number in (("x", 0), ("y", 1)):
        _plane_ticks(flat, regions, axis, number)
    flat.set_aspect("equal")
    _name_regions(flat, regions, theme)
    solid = figure.add_subplot(grid[1], projection="3d")
    _draw_landscape(solid, regions, theme)
    return figure


def _in_view(regions: Sequence[Region]) -> list[Region]:
    """The regions cut to a rectangle around those that are not 0, if they are but a small part of the whole."""
    ranges = []
    for number in (0, 1):
        ends = [c[number] for r in regions for c in r.corners]
        inner = [c[number] for r in regions if not r.is_zero for c in r.corners] or ends
        low, high = min(inner), max(inner)
        room = (high - low) / 2
        small = 5 * (high - low) < 2 * (max(ends) - min(ends))
        ranges.append((max(low - room, min(ends)), min(high + room, max(ends))) if small else (min(ends), max(ends)))
    parts = (r.inside(ranges[0], ranges[1]) for r in regions)
    return [part for part in parts if part is not None]


def _bands(region: Region) -> Iterable[tuple[fmpq, tuple[tuple[fmpq, fmpq], ...]]]:
    """The piece cut along its level lines into strips of nearly one colour, each with its middle value."""
    if region.slope_x == region.slope_y == 0:
        yield region.constant, region.corners
        return
    for number in range(_BANDS):
        low, high = fmpq(number, _BANDS), fmpq(number + 1, _BANDS)
        corners = region.between(low, high)
        if corners:
            yield (low + high) / 2, corners


def _floats(corners: Iterable[tuple[fmpq, fmpq]]) -> list[tuple[float, float]]:
    return [(float(x), float(y)) for x, y in corners]


def _draw_plane(ax: Axes, regions: Sequence[Region], theme: Theme) -> None:
    ramp = theme.ramp()
    for region in regions:
        for value, corners in _bands(region):
            colour = ramp(float(value))
            ax.add_patch(Polygon(_floats(corners), facecolor=colour, edgecolor=colour, linewidth=0.4))
    for region in regions:
        if not region.is_zero:
            ax.add_patch(Polygon(_floats(region.corners), fill=False, edgecolor=theme.ink, linewidth=1.8))


def _plane_ticks(ax: Axes, regions: Sequence[Region], axis: str, number: int) -> None:
    """The coordinates at which some piece has a corner."""
    values = sorted({corner[number] for r in regions for corner in r.corners})
    corners = {corner[number] for r in regions if not r.is_zero for corner in r.corners}
    exact = [v for v in values if v in corners or v in (values[0], values[-1])]
    span = float(values[-1] - values[0])
    labels = [fraction_text(v) for v in exact]
    for place in range(1, len(exact)):
        close = float(exact[place] - exact[place - 1]) < (0.06 if axis == "x" else 0.035) * span
        if close and labels[place - 1] and axis == "x" and not labels[place - 1].startswith("\n"):
            labels[place] = "\n" + labels[place]
        elif close and axis == "y" and not labels[place - 1].endswith(" " * 9):
            labels[place] += " " * 9
    ticks = [float(v) for v in exact]
    if axis == "x":
        ax.set_xticks(ticks, labels, parse_math=False)
        ax.set_xlim(float(values[0]), float(values[-1]))
    else:
        ax.set_yticks(ticks, labels, parse_math=False)
        ax.set_ylim(float(values[0]), float(values[-1]))


def _name_regions(ax: Axes, regions: Sequence[Region], theme: Theme) -> None:
    """Formulas of the pieces: inside where there is room, else in a list beside a number."""
    whole = float(sum((r.area for r in regions), fmpq(0)))
    listed = []
    for region in sorted((r for r in regions if not r.is_zero), key=lambda r: (-r.corners[0][1], r.corners[0][0])):
        listed.append(affine_text([(region.slope_x, "x"), (region.slope_y, "y")], region.constant))
        x, y = _centre(region)
        small = float(region.area) < 0.012 * whole
        put(
            ax,
            x,
            y,
            str(len(listed)),
            theme,
            fontsize=SIZE - 2 if small else SIZE + 1,
            ha="center",
            va="center",
            weight="bold",
            bbox={"boxstyle": "circle", "facecolor": theme.paper, "edgecolor": theme.ink, "pad": 0.2},
        )
    lines = "\n".join([*(f"{number}   {text}" for number, text in enumerate(listed, 1)), "elsewhere 0"])
    # In the corner that is farthest from the peak there is the most room.
    right, up = (peak < 0.5 for peak in _peak(regions))
    put(
        ax,
        0.97 if right else 0.03,
        0.97 if up else 0.03,
        lines,
        theme,
        ha="right" if right else "left",
        va="top" if up else "bottom",
        multialignment="left",
        transform=ax.transAxes,
        linespacing=1.5,
        bbox={"facecolor": theme.paper, "edgecolor": theme.line, "pad": 7},
    )


def _peak(regions: Sequence[Region]) -> tuple[float, float]:
    """Where the detector is largest, as shares of the two ranges."""
    region = max(regions, key=lambda r: sum((r.value(*c) for c in r.corners), fmpq(0)) / len(r.corners))
    shares = []
    for number, value in enumerate(_centre(region)):
        ends = [float(c[number]) for r in regions for c in r.corners]
        shares.append((value - min(ends)) / (max(ends) - min(ends)))
    return shares[0], shares[1]


def _centre(region: Region) -> tuple[float, float]:
    count = len(region.corners)
    return tuple(float(sum((c[i] for c in region.corners), fmpq(0))) / count for i in (0, 1))  # type: ignore[return-value]


def _draw_landscape(ax: Any, regions: Sequence[Region], theme: Theme) -> None:
    ramp = theme.ramp()
    ax.computed_zorder = False
    ax.set_box_aspect(None, zoom=0.88)
    faces, colours = [], []
    for region in regions:
        for value, corners in _bands(region):
            faces.append([(float(x), float(y), float(region.value(x, y))) for x, y in corners])
            colours.append(ramp(0.07 + 0.93 * float(value)))
    ax.add_collection3d(Poly3DCollection(faces, facecolors=colours, edgecolors=colours, linewidths=0.3, zorder=1))
    edges = [
        [(float(x), float(y), float(r.value(x, y)) + 0.002) for x, y in r.corners] for r in regions if not r.is_zero
    ]
    ax.add_collection3d(Poly3DCollection(edges, facecolors="none", edgecolors=theme.ink, linewidths=1.4, zorder=2))
    xs, ys = ([c[n] for r in regions for c in r.corners] for n in (0, 1))
    ax.set_facecolor(theme.paper)
    ax.set_xlim(float(min(xs)), float(max(xs)))
    ax.set_ylim(float(min(ys)), float(max(ys)))
    ax.set_zlim(0, 1)
    ends = (
        (ax.xaxis, "x", min(xs), max(xs)),
        (ax.yaxis, "y", min(ys), max(ys)),
        (ax.zaxis, "detector", fmpq(0), fmpq(1)),
    )
    for axis, name, low, high in ends:
        axis.set_pane_color(theme.paper)
        axis.line.set_color(theme.dim)
        axis.set_ticks([float(low), float(high)], [fraction_text(low), fraction_text(high)])
        axis.set_label_text(name, color=theme.ink, fontsize=SIZE)
    ax.tick_params(labelcolor=theme.ink, labelsize=SIZE - 1)
    ax.grid(visible=False)
    x, y = _peak(regions)
    # From the foot of the hill, a little from the side; from a corner if it stands in the middle.
    central = max(abs(x - 0.5), abs(y - 0.5)) < 0.1
    ax.view_init(elev=34, azim=-122 if central else math.degrees(math.atan2(0.5 - y, 0.5 - x)) - 22)

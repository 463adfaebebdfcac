"""Grids of pixels: images, windows and maps as squares that can be outlined, hatched and written into."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Colormap
from matplotlib.patches import Rectangle
from numpy.typing import NDArray

from exactcnn.report.pictures import Colours
from exactcnn.report.plots.theme import SIZE, Theme, put, style

__all__ = ["draw_cells", "mark", "outline", "painted", "readable_on", "write_cells"]

_NUMBERED = 16
_LINED = 40


def draw_cells(ax: Axes, colours: Colours, theme: Theme, *, numbers: bool = True) -> None:
    """Colours (H, W, 3) as squares, row 0 at the top; small grids get lines between the squares.

    Parameters
    ----------
    numbers: whether rows and columns are numbered along the edges, from 0.
    """
    height, width = colours.shape[:2]
    lined = max(height, width) <= _LINED
    settings: dict[str, Any] = {"edgecolors": theme.line, "linewidth": 0.6} if lined else {"antialiased": False}
    ax.pcolormesh(np.arange(width + 1), np.arange(height + 1), colours, **settings)
    _frame(ax, (height, width), theme, numbers=numbers)


def _frame(ax: Axes, shape: tuple[int, int], theme: Theme, *, numbers: bool) -> None:
    height, width = shape
    style(ax, theme, bare=True)
    ax.set_xlim(-0.02 * width, 1.02 * width)
    ax.set_ylim(1.02 * height, -0.02 * height)
    ax.set_aspect("equal")
    if not numbers:
        return
    for axis, length in ((ax.xaxis, width), (ax.yaxis, height)):
        step = max(1, -(-length // _NUMBERED))
        axis.set_ticks([i + 0.5 for i in range(0, length, step)], [str(i) for i in range(0, length, step)])
    ax.tick_params(length=0, labelsize=SIZE - 2, labelcolor=theme.dim)
    ax.xaxis.tick_top()


def outline(
    ax: Axes, row: float, column: float, height: float, width: float, colour: str, *, weight: float = 3, **more: Any
) -> None:
    """A frame around a window."""
    frame = Rectangle((column, row), width, height, fill=False, edgecolor=colour, linewidth=weight, **more)
    frame.set_clip_on(False)
    ax.add_patch(frame)


def mark(ax: Axes, places: Iterable[tuple[int, int]], colour: str, *, hatch: str | None = None) -> None:
    """Squares (row, column) with a frame, or with a hatch over them."""
    # A frame has a light line on either side, so that it stands out on dark squares as well as on light ones.
    strokes: list[dict[str, Any]] = [{"edgecolor": colour, "linewidth": 0, "hatch": hatch}]
    if hatch is None:
        strokes = [{"edgecolor": "#ffffff", "linewidth": 5}, {"edgecolor": colour, "linewidth": 2.5}]
    for row, column in places:
        for stroke in strokes:
            ax.add_patch(Rectangle((column + 0.08, row + 0.08), 0.84, 0.84, fill=False, **stroke))


def painted(colours: Colormap, shares: NDArray[np.float64]) -> Colours:
    """Numbers from 0 to 1 in a colour map."""
    return np.asarray(np.rint(np.asarray(colours(shares))[..., :3] * 255), dtype=np.uint8)


def readable_on(red: float, green: float, blue: float) -> str:
    """Ink for a text on a colour (each part from 0 to 1): black or white."""
    return "#101418" if 0.299 * red + 0.587 * green + 0.114 * blue > 0.5 else "#ffffff"


def write_cells(
    ax: Axes, texts: Sequence[Sequence[str]], colours: Colours, theme: Theme, *, size: float = SIZE - 1
) -> None:
    """A short text in each square, in black or white by the square's colour."""
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            ink = readable_on(*(c / 255 for c in colours[row, column].tolist()))
            put(ax, column + 0.5, row + 0.5, text, theme, color=ink, fontsize=size, ha="center", va="center")

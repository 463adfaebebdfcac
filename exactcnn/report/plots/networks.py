"""A network as a diagram: its layers with their shapes, and the weights that fit into a picture."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Conv2d, Dense, Network
from exactcnn.report.pictures import Colours
from exactcnn.report.plots.cells import draw_cells, painted, readable_on, write_cells
from exactcnn.report.plots.layers import LayerText, layer_texts
from exactcnn.report.plots.theme import LIGHT, SIZE, Theme, fraction_text, new_figure, put, shown, style, title
from exactcnn.task.model import Task

__all__ = ["network_figure"]

_MOST_KERNELS = 4
_MOST_ROWS = 14
_MOST_CLASSES = 4
_LONGEST = 5
_LEGIBLE = 7.0
_NOTE = (
    "weights\n\nBlue is positive,\norange negative,\ndeeper is larger.\n\n"
    "A matrix has a row\nan output; behind\nthe line: its bias."
)


def network_figure(
    network: Network, task: Task | None = None, *, size: tuple[int, int] | None = None, theme: Theme = LIGHT
) -> Figure:
    """The layers from left to right with the shapes that come out of them, and weights below.

    Weights of a convolution are shown for the first outputs, those of a dense layer all together if they fit.

    Parameters
    ----------
    task: names the logits.
    size: the image's height and width; without it shapes are in H and W.

    Raises
    ------
    InputError: the network is not defined at this size.
    """
    blocks = layer_texts(network, size)
    weighted = [(n, b) for n, b in enumerate(blocks) if b.layers and _weights(network, b) is not None]
    numbers = sum(layer.weight.size + layer.bias.size for layer in network.layers if isinstance(layer, (Conv2d, Dense)))
    heading = f"{len(blocks) - 1} steps, {numbers} numbers" + (f", {len(task.classes)} classes" if task else "")
    figure = new_figure(theme, max(2.5 * len(blocks), 11), 7.4, f"network: {heading}")
    grid = figure.add_gridspec(2, 2 * len(blocks), height_ratios=(1, 1.7))
    flow = figure.add_subplot(grid[0, :])
    style(flow, theme, bare=True)
    flow.set_xlim(-0.5, len(blocks) - 0.5)
    flow.set_ylim(-0.1 if task else 0.05, 0.9)
    for place, block in enumerate(blocks):
        ends = place == len(blocks) - 1
        names = _class_names(task) if task is not None and ends else ""
        _draw_block(flow, place, block, theme, last=ends, more=names)
    for place, block in weighted:
        free = place + 1 < len(blocks) and all(place + 1 != other for other, _ in weighted)
        last = 2 * place + (3 if free and _is_spatial(network, block) else 2)
        _draw_weights(figure.add_subplot(grid[1, 2 * place : last]), network, block, place, theme)
    first = figure.add_subplot(grid[1, :2])
    style(first, theme, bare=True)
    put(first, 0.02, 0.96, _NOTE, theme, transform=first.transAxes, va="top", color=theme.dim, linespacing=1.4)
    return figure


def _class_names(task: Task) -> str:
    names = [shown(c.name, 14) for c in task.classes[:_MOST_CLASSES]]
    left = len(task.classes) - len(names)
    return "\n".join([*names, f"and {left} more"] if left else names)


def _is_spatial(network: Network, block: LayerText) -> bool:
    layer = network.layers[block.layers[0]]
    return isinstance(layer, Conv2d) and layer.weight.shape[2:] != (1, 1)


def _weights(network: Network, block: LayerText) -> Conv2d | Dense | None:
    layer = network.layers[block.layers[0]]
    return layer if isinstance(layer, (Conv2d, Dense)) else None


def _draw_block(ax: Axes, place: int, block: LayerText, theme: Theme, *, last: bool, more: str) -> None:
    colour = theme.dim if not block.layers else theme.first if "+" in block.name else theme.third
    ax.add_patch(
        FancyBboxPatch(
            (place - 0.4, 0.34),
            0.8,
            0.36,
            boxstyle="round,pad=0,rounding_size=0.05",
            facecolor=theme.paper,
            edgecolor=colour,
            linewidth=2.5,
            mutation_aspect=0.6,
        )
    )
    name = block.name.replace(" + ReLU", "\n+ ReLU")
    put(ax, place, 0.52, f"{name}", theme, ha="center", va="center", weight="bold", linespacing=1.3)
    put(ax, place, 0.80, block.shape, theme, ha="center", va="center", color=colour, fontsize=SIZE + 1)
    detail = "\n".join(text for text in (block.detail, more) if text)
    put(ax, place, 0.27, detail, theme, ha="center", va="top", color=theme.dim, fontsize=SIZE - 2)
    if block.layers:
        put(ax, place - 0.36, 0.675, str(place), theme, va="top", color=theme.dim, fontsize=SIZE - 2)
    if not last:
        arrow = {"arrowstyle": "-|>", "color": theme.dim, "linewidth": 2, "shrinkA": 0, "shrinkB": 0}
        ax.annotate("", (place + 0.6, 0.52), (place + 0.4, 0.52), arrowprops=arrow)


def _draw_weights(ax: Axes, network: Network, block: LayerText, place: int, theme: Theme) -> None:
    """The weights of one layer: a matrix with its biases, or kernels."""
    layer = _weights(network, block)
    style(ax, theme, bare=True)
    if layer is None:
        return
    if isinstance(layer, Conv2d) and _is_spatial(network, block):
        _draw_kernels(ax, layer, place, theme)
    else:
        outputs, inputs = layer.weight.shape[:2]
        _draw_matrix(ax, layer.weight.reshape(outputs, inputs), layer.bias, place, theme)
    ax.set_anchor("N")


def _shade(values: ExactTensor, theme: Theme) -> Colours:
    """Numbers of both signs as colours, 0 the paper; small numbers keep some colour."""
    floats = values.floats()
    largest = float(np.abs(floats).max(initial=0.0)) or 1.0
    shares = np.sign(floats) * (0.25 + 0.75 * np.abs(floats) / largest) * (floats != 0)
    return painted(theme.diverging(), (shares + 1) / 2)


def _draw_matrix(ax: Axes, matrix: ExactTensor, bias: ExactTensor, place: int, theme: Theme) -> None:
    rows, columns = (min(n, _MOST_ROWS) for n in matrix.shape)
    whole = [[*line[:columns], extra] for line, extra in zip(matrix.tolist()[:rows], bias.tolist(), strict=False)]
    values = ExactTensor.from_rationals([v for line in whole for v in line], (rows, columns + 1))
    colours = _shade(values, theme)
    draw_cells(ax, colours, theme, numbers=False)
    ax.plot([columns, columns], [0, rows], color=theme.ink, linewidth=2.5)
    texts = [[fraction_text(v, _LONGEST) for v in line] for line in whole]
    # The place of a matrix is about 160 by 280 points.
    cell = min(160 / (columns + 1), 280 / rows)
    size = min(SIZE, cell * 1.5 / max(len(t) for line in texts for t in line), 0.6 * cell)
    if size >= _LEGIBLE:
        write_cells(ax, texts, colours, theme, size=size)
    cut = [f"{rows} of its rows"] if rows < matrix.shape[0] else []
    cut += [f"{columns} of its columns"] if columns < matrix.shape[1] else []
    put(ax, 0, rows + 0.2, "\n".join(cut), theme, va="top", color=theme.dim, fontsize=SIZE - 2)
    title(ax, f"{place}: {matrix.shape[0]}x{matrix.shape[1]}", theme, pad=6, weight="bold")


def _draw_kernels(ax: Axes, layer: Conv2d, place: int, theme: Theme) -> None:
    """Kernels of the first output: one tile for each of the input channels with the largest weights."""
    sizes = {c: float(np.abs(layer.weight[0, c].floats()).sum()) for c in range(layer.weight.shape[1])}
    used = [c for c in sorted(sizes, key=lambda c: (-sizes[c], c)) if sizes[c] > 0]
    chosen = sorted(used[:_MOST_KERNELS])
    rows, columns = layer.weight.shape[2:]
    tiles = layer.weight[0][chosen] if chosen else ExactTensor.zeros((0, rows, columns))
    colours = _shade(tiles, theme)
    across = 1 if len(chosen) < 2 else 2
    step_down, step_right = rows * 1.28, columns * 1.12
    ax.set_aspect("equal")
    ax.set_xlim(-0.1, across * step_right)
    ax.set_ylim(-(-len(chosen) // across) * step_down - 0.1 * rows, -0.2 * rows)
    cell = min(240 / (across * step_right), 125 / rows)
    for number, channel in enumerate(chosen):
        top, left = number // across * step_down, number % across * step_right
        edges = np.arange(columns + 1) + left, np.arange(rows + 1) + top
        ax.pcolormesh(*edges, colours[number], edgecolors=theme.line, linewidth=0.6)
        put(ax, left, top - 0.03 * rows, f"input {channel}", theme, va="bottom", color=theme.dim, fontsize=SIZE - 2)
        texts = [[fraction_text(v, _LONGEST) for v in line] for line in tiles[number].tolist()]
        size = min(SIZE - 1, cell * 1.5 / max(len(t) for line in texts for t in line), 0.6 * cell)
        if size >= _LEGIBLE:
            _write_at(ax, texts, colours[number], (top, left), size, theme)
    left_out = len(used) - len(chosen)
    more = f" (and {left_out} more inputs)" if left_out else ""
    title(ax, f"{place}: output 0, bias {fraction_text(layer.bias.item(0))}{more}", theme, pad=6, weight="bold")


def _write_at(
    ax: Axes, texts: Sequence[Sequence[str]], colours: Colours, corner: tuple[float, float], size: float, theme: Theme
) -> None:
    for row, line in enumerate(texts):
        for column, text in enumerate(line):
            ink = readable_on(*(c / 255 for c in colours[row, column].tolist()))
            y, x = corner[0] + row + 0.5, corner[1] + column + 0.5
            put(ax, x, y, text, theme, color=ink, fontsize=size, ha="center", va="center")

"""Pools, over windows and over all places."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Literal

from exactcnn.formats.onnx_import.border_means import MOST_BETWEEN, Border, border_means
from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.fold import axes_of
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.steps import AverageStep, GlobalStep, LinearStep, MaxStep, Window
from exactcnn.formats.onnx_import.values import Axes, Data
from exactcnn.formats.onnx_import.view import CHANNEL_FIRST
from exactcnn.formats.onnx_import.windows import images, pair, window_of
from exactcnn.network.model import NO_PADDING

__all__ = ["POOL_OPERATORS"]


def _max_pool(context: Context, node: Node) -> MaxStep | Data:
    data = images(context, node)
    kernel = pair(node, "kernel_shape", node.integers("kernel_shape"))
    ceiling = node.switch("ceil_mode", default=False)
    # The order in which places are numbered, for an output that is not read.
    node.switch("storage_order", default=False)
    _undilated(node)
    window = window_of(context, node, kernel, ceiling=ceiling)
    _check_pool_padding(node, window)
    if context.chain.vector:
        return data
    return MaxStep(node, node.name(0), node.output, CHANNEL_FIRST, window)


def _undilated(node: Node) -> None:
    dilations = node.integers("dilations", (1, 1))
    if dilations != [1, 1]:
        raise node.error("attribute dilations that exactcnn does not read", found=str(dilations), expected="[1, 1]")


def _check_pool_padding(node: Node, window: Window) -> None:
    rows, columns = window.kernel
    if max(window.padding[0::2]) >= rows or max(window.padding[1::2]) >= columns:
        raise node.error("padding of a pool that covers a whole window", found=str(window.padding))


def _average_pool(context: Context, node: Node) -> AverageStep | LinearStep | Data:
    data = images(context, node)
    kernel = pair(node, "kernel_shape", node.integers("kernel_shape"))
    _undilated(node)
    counts_padding = node.switch("count_include_pad", default=False)
    ceiling = node.switch("ceil_mode", default=False)
    window = window_of(context, node, kernel, ceiling=ceiling)
    # Rounding up is refused together with padding that is not given.
    given = node.integers("pads", (0, 0, 0, 0)) if ceiling else window.padding
    plain = replace(window, padding=(given[0], given[1], given[2], given[3]))
    _check_pool_padding(node, plain)
    chain = context.chain
    if window != plain and None not in chain.size and window.after(chain.size) == plain.after(chain.size):
        chain.use_size()
        window = plain
    counted = plain.padding if counts_padding else NO_PADDING
    rows, columns = (
        Border(
            window.kernel[axis], (window.padding[axis], window.padding[axis + 2]), (counted[axis], counted[axis + 2])
        )
        for axis in (0, 1)
    )
    if chain.vector:
        chain.rewritten = True
        return Data(tuple(f.scaled(rows.only_factor * columns.only_factor) for f in data.forms or ()), data.axes)
    if rows.constant and columns.constant:
        return AverageStep(node, node.name(0), node.output, CHANNEL_FIRST, window)
    chain.rewritten = True
    between = [context.transitions.unused(f"{node.output} {number}") for number in range(MOST_BETWEEN)]
    return border_means(
        node, (node.name(0), node.output, *between), len(data.forms or ()), rows, columns, window.stride
    )


def _global(kind: Literal["max", "mean"]) -> Reading:
    def reading(context: Context, node: Node) -> GlobalStep | Data:
        data = images(context, node)
        if context.chain.vector:
            return data
        return GlobalStep(node, node.name(0), node.output, (("N",), ("C",), (), ()), kind)

    return reading


def _reduce(kind: Literal["max", "mean", "min", "sum"], since: int) -> Reading:
    """Reductions over exactly the places."""

    def reading(context: Context, node: Node) -> GlobalStep | Data:
        data = context.data(node, 0)
        context.forms(node, 0)
        view = context.view(data)
        keep = node.switch("keepdims", default=True)
        node.fixed(noop_with_empty_axes=0)
        given = axes_of(context, node, since)
        chosen = sorted({view.axis(a, node) for a in given or range(view.rank)})
        if given is not None and len(chosen) < len(given):
            raise node.error("an axis named twice", found=str(given))
        reduced = {f for a in chosen for f in data.axes[a] if view.lengths[f] != 1}
        wanted = set() if context.chain.vector else {f for f in "HW" if view.lengths[f] != 1}
        named = {f for a in chosen for f in data.axes[a]}
        if reduced != wanted or (not context.chain.vector and not named & {"H", "W"}):
            raise node.error(
                "a reduction over other axes than rows and columns", found=str(given if given else "all axes")
            )
        axes: list[tuple[str, ...]] = []
        for number, axis in enumerate(data.axes):
            if number not in chosen:
                axes.append(axis)
            elif keep:
                axes.append(())
        _keep_channels(node, data, tuple(axes), named)
        if context.chain.vector:
            return Data(data.forms, tuple(axes))
        if any(view.lengths[f] == 1 for f in "HW"):
            context.chain.use_size()
        if kind != "min":
            return GlobalStep(node, node.name(0), node.output, tuple(axes), kind)
        minus = Data(tuple(-f for f in context.forms(node, 0)), data.axes)
        name = context.transitions.add(minus, f"minus {node.output}")
        return GlobalStep(node, name, node.output, tuple(axes), "max", negated=True)

    return reading


def _keep_channels(node: Node, data: Data, axes: Axes, named: set[str]) -> None:
    if "N" in named or ("C" in named and len(data.forms or ()) != 1):
        raise node.error("a reduction over the batch or the channels", found=f"{len(axes)} axes left")


POOL_OPERATORS: Mapping[str, Reading] = {
    "AveragePool": _average_pool,
    "GlobalAveragePool": _global("mean"),
    "GlobalMaxPool": _global("max"),
    "MaxPool": _max_pool,
    "ReduceMax": _reduce("max", 18),
    "ReduceMean": _reduce("mean", 18),
    "ReduceMin": _reduce("min", 18),
    "ReduceSum": _reduce("sum", 13),
}

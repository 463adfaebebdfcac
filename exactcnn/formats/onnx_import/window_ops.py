"""Operators with windows: convolutions, pools, padding, and the reductions over all places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np
from flint import fmpq

from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.chain import check_count
from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.fold import axes_of
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.steps import AverageStep, GlobalStep, LinearStep, MaxStep, Window
from exactcnn.formats.onnx_import.values import Axes, Data
from exactcnn.formats.onnx_import.view import CHANNEL_FIRST
from exactcnn.network.model import Pair

__all__ = ["WINDOW_OPERATORS"]

_MAX_EXTENT = 512
"""The longest window, step and padding that statements may have."""


def _images(context: Context, node: Node) -> Data:
    """The input, which has to be a batch of images, channels first.

    Raises
    ------
    InputError: its axes are others.
    """
    data = context.data(node, 0)
    if len(data.axes) != 4 or not context.view(data).is_like(CHANNEL_FIRST):
        raise node.error(
            "an input that is no batch of images, channels first",
            found="x".join("*".join(axis) or "1" for axis in data.axes),
            expected="NxCxHxW",
        )
    return Data(context.forms(node, 0), CHANNEL_FIRST)


def _pair(node: Node, name: str, values: Sequence[int], least: int = 1) -> Pair:
    if len(values) != 2:
        raise node.error("a window that is not two-dimensional", found=f"{name} {list(values)}")
    if min(values) < least or max(values) > _MAX_EXTENT:
        raise node.error(
            f"attribute {name} out of range", found=str(list(values)), expected=f"{least} to {_MAX_EXTENT}"
        )
    return values[0], values[1]


def _window(context: Context, node: Node, kernel: Pair, *, ceiling: bool = False) -> Window:
    """The window of a node, its padding found from `auto_pad` where that is given.

    Parameters
    ----------
    kernel: rows and columns that it spans.

    Raises
    ------
    InputError: an attribute out of range, or padding that depends on a size that the file leaves open.
    """
    stride = _pair(node, "strides", node.integers("strides", (1, 1)))
    auto = node.text("auto_pad", "NOTSET")
    given = node.integers("pads", (0, 0, 0, 0))
    if len(given) != 4 or min(given) < 0 or max(given) > _MAX_EXTENT:
        raise node.error("attribute pads out of range", found=str(given), expected=f"four from 0 to {_MAX_EXTENT}")
    if auto in ("SAME_UPPER", "SAME_LOWER"):
        if any(given) or ceiling or node.integers("dilations", (1, 1)) != [1, 1]:
            raise node.error("attribute auto_pad together with pads, dilations or ceil_mode", found=auto)
        before, after = zip(
            *(_same(context, node, axis, kernel[axis], stride[axis], auto) for axis in (0, 1)), strict=True
        )
        window = Window(kernel, stride, (before[0], before[1], after[0], after[1]))
    elif auto in ("NOTSET", "VALID"):
        if auto == "VALID" and any(given):
            raise node.error("attribute auto_pad together with pads", found=auto)
        window = Window(kernel, stride, (given[0], given[1], given[2], given[3]))
    else:
        raise node.error("attribute auto_pad that exactcnn does not read", found=auto)
    if ceiling:
        window = _raised(window)
    if context.chain.vector and not all(n == 1 for n in window.after((1, 1))):
        raise node.error("a window of several places after the places were pooled")
    if any(n is not None and n < 1 for n in window.after(context.chain.size)):
        rows, columns = context.chain.size
        raise node.error(
            "not one window fits", found=f"{rows}x{columns} places", expected=f"at least {kernel[0]}x{kernel[1]}"
        )
    return window


def _same(context: Context, node: Node, axis: int, kernel: int, stride: int, auto: str) -> Pair:
    """Padding before and after with which there are ceil(length / stride) windows."""
    total = max(0, kernel - 1)
    if stride > 1 and kernel > 1:
        length = context.chain.size[axis]
        if length is None:
            raise node.error(
                "padding that depends on the image's size, which the file leaves open",
                found=f"auto_pad {auto} with stride {stride}",
                hint="Fix the image size in the model, or write the padding out",
            )
        context.chain.use_size()
        total = max(0, (-(-length // stride) - 1) * stride + kernel - length)
    less, more = total // 2, total - total // 2
    return (less, more) if auto == "SAME_UPPER" else (more, less)


def _raised(window: Window) -> Window:
    """The window with padding at the end that makes the number of positions round up.

    A last window that would start beyond the image (and the padding before it) is left out, as the standard says.
    """
    (rows, columns), (down, right) = window.kernel, window.stride
    top, left, bottom, end = window.padding
    return Window(
        window.kernel,
        window.stride,
        (top, left, min(bottom + down - 1, max(bottom, rows - 1)), min(end + right - 1, max(end, columns - 1))),
    )


# -- convolution ------------------------------------------------------------------------------------------------------


def _conv(context: Context, node: Node) -> LinearStep:
    data = _images(context, node)
    channels = len(data.forms or ())
    weight = context.exact(node, 1, "weight", 4)
    outputs, each, rows, columns = weight.shape
    groups = node.integer("group", 1)
    if 0 in weight.shape or groups < 1 or outputs % groups or each * groups != channels:
        raise node.error(
            "a weight that does not fit its input",
            found=f"{weight.shape} in {groups} group(s)",
            expected=f"{channels} channels",
        )
    shape = node.integers("kernel_shape", (rows, columns))
    if shape != [rows, columns]:
        raise node.error("kernel_shape differs from the weight", found=str(shape), expected=str([rows, columns]))
    dilations = _pair(node, "dilations", node.integers("dilations", (1, 1)))
    kernel = ((rows - 1) * dilations[0] + 1, (columns - 1) * dilations[1] + 1)
    _pair(node, "kernel_shape", kernel)
    bias = context.exact(node, 2, "bias", 1) if node.name(2) else ExactTensor.zeros((outputs,))
    if bias.shape != (outputs,):
        raise node.error("a bias of the wrong shape", found=str(bias.shape), expected=f"({outputs},)")
    window = _window(context, node, kernel)
    check_count((outputs, channels, *kernel))
    full = _spread(_grouped(weight, groups), kernel, dilations)
    if context.chain.vector:
        row, column = window.padding[:2]
        full, window = full[:, :, row : row + 1, column : column + 1], Window()
    return LinearStep(node, node.name(0), node.output, CHANNEL_FIRST, full, bias, window)


def _grouped(weight: ExactTensor, groups: int) -> ExactTensor:
    """Groups as one kernel with zeros."""
    if groups == 1:
        return weight
    outputs, each, rows, columns = weight.shape
    array = np.zeros((outputs, each * groups, rows, columns), dtype=weight.numerators.dtype)
    share = outputs // groups
    for group in range(groups):
        block = slice(group * share, (group + 1) * share)
        array[block, group * each : (group + 1) * each] = weight.numerators[block]
    return ExactTensor(array, weight.denominator)


def _spread(weight: ExactTensor, kernel: Pair, dilations: Pair) -> ExactTensor:
    """Dilations as a larger kernel with zeros."""
    if dilations == (1, 1):
        return weight
    array = np.zeros((*weight.shape[:2], *kernel), dtype=weight.numerators.dtype)
    array[:, :, :: dilations[0], :: dilations[1]] = weight.numerators
    return ExactTensor(array, weight.denominator)


def _pad(context: Context, node: Node) -> LinearStep | Data:
    """Constant padding of rows and columns: a convolution of one tap that pads."""
    mode = node.text("mode", "constant")
    if mode != "constant":
        raise node.error("attribute mode that exactcnn does not read", found=mode, expected="constant")
    rank = len(context.data(node, 0).axes)
    if node.opset < 11:
        given, value = node.integers("pads"), node.number("value", 0.0) or fmpq(0)
    else:
        given = context.constant(node, 1, "pads").known(node, "pads")
        fill = context.optional(node, 2, "value")
        value = fmpq(0) if fill is None else fill.exact(node, "value").reshape(fill.array.size).item(0)
    axes = list(range(rank))
    if node.opset >= 18 and node.name(3):
        view = context.view(context.data(node, 0))
        axes = [view.axis(a, node) for a in context.constant(node, 3, "axes").known(node, "axes")]
    if len(given) != 2 * len(axes) or len({*axes}) < len(axes):
        raise node.error("not the padding of its axes", found=str(given), expected=f"{2 * len(axes)} numbers")
    amounts = {axis: (given[i], given[i + len(axes)]) for i, axis in enumerate(axes)}
    if not any(given):
        return context.data(node, 0)
    if min(given) < 0 or max(given) > _MAX_EXTENT:
        raise node.error("padding out of range", found=str(given), expected=f"0 to {_MAX_EXTENT}")
    data = context.data(node, 0)
    forms = context.forms(node, 0)
    where: dict[str, tuple[int, int]] = {"H": (0, 0), "W": (0, 0)}
    for axis, amount in amounts.items():
        if any(amount):
            if data.axes[axis] not in (("H",), ("W",)) or context.chain.vector:
                raise node.error("padding along another axis than rows and columns", found=f"axis {axis}")
            where[data.axes[axis][0]] = amount
    (top, bottom), (left, right) = where["H"], where["W"]
    count, name = len(forms), node.name(0)
    if value != 0:
        # Zeros around the difference from that number, which is added everywhere.
        less = Data(tuple(f.shifted(-value) for f in forms), data.axes)
        name = context.transitions.add(less, f"{node.output} before its padding")
    check_count((count, count))
    weight = ExactTensor.from_integers(np.eye(count, dtype=np.int64)).reshape(count, count, 1, 1)
    window = Window((1, 1), (1, 1), (top, left, bottom, right))
    return LinearStep(node, name, node.output, data.axes, weight, ExactTensor.full((count,), value), window)


# -- pools ------------------------------------------------------------------------------------------------------------


def _max_pool(context: Context, node: Node) -> MaxStep | Data:
    _images(context, node)
    kernel = _pair(node, "kernel_shape", node.integers("kernel_shape"))
    ceiling = node.switch("ceil_mode", default=False)
    # The order in which places are numbered, for an output that is not read.
    node.switch("storage_order", default=False)
    _undilated(node)
    window = _window(context, node, kernel, ceiling=ceiling)
    _check_pool_padding(node, window)
    return MaxStep(node, node.name(0), node.output, CHANNEL_FIRST, window)


def _undilated(node: Node) -> None:
    dilations = node.integers("dilations", (1, 1))
    if dilations != [1, 1]:
        raise node.error("attribute dilations that exactcnn does not read", found=str(dilations), expected="[1, 1]")


def _check_pool_padding(node: Node, window: Window) -> None:
    rows, columns = window.kernel
    if max(window.padding[0::2]) >= rows or max(window.padding[1::2]) >= columns:
        raise node.error("padding of a pool that covers a whole window", found=str(window.padding))


def _average_pool(context: Context, node: Node) -> AverageStep:
    _images(context, node)
    kernel = _pair(node, "kernel_shape", node.integers("kernel_shape"))
    _undilated(node)
    counts_padding = node.switch("count_include_pad", default=False)
    ceiling = node.switch("ceil_mode", default=False)
    window = _window(context, node, kernel)
    if ceiling:
        _check_no_overhang(context, node, window)
    if any(window.padding) and not counts_padding:
        raise node.error(
            "a mean over places inside the image only, whose divisor changes at the border",
            found=f"padding {window.padding} with count_include_pad {int(counts_padding)}",
            expected="count_include_pad 1, or no padding",
        )
    _check_pool_padding(node, window)
    return AverageStep(node, node.name(0), node.output, CHANNEL_FIRST, window)


def _check_no_overhang(context: Context, node: Node, window: Window) -> None:
    """Nothing, if rounding up gives as many windows as rounding down."""
    raised = _raised(window)
    if raised == window:
        return
    if None in context.chain.size or raised.after(context.chain.size) != window.after(context.chain.size):
        raise node.error(
            "a mean over windows that reach beyond the image, whose divisor changes there",
            found="ceil_mode 1",
            expected="ceil_mode 0, or a fixed size at which no window reaches beyond",
        )
    context.chain.use_size()


# -- all places -------------------------------------------------------------------------------------------------------


def _global(kind: Literal["max", "mean"]) -> Reading:
    def reading(context: Context, node: Node) -> GlobalStep | Data:
        data = _images(context, node)
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


WINDOW_OPERATORS: Mapping[str, Reading] = {
    "AveragePool": _average_pool,
    "Conv": _conv,
    "GlobalAveragePool": _global("mean"),
    "GlobalMaxPool": _global("max"),
    "MaxPool": _max_pool,
    "Pad": _pad,
    "ReduceMax": _reduce("max", 18),
    "ReduceMean": _reduce("mean", 18),
    "ReduceMin": _reduce("min", 18),
    "ReduceSum": _reduce("sum", 13),
}

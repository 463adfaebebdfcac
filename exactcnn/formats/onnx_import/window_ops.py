"""Convolutions and padding."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from flint import fmpq

from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.chain import check_count
from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.steps import LinearStep, Window
from exactcnn.formats.onnx_import.values import Data
from exactcnn.formats.onnx_import.view import CHANNEL_FIRST
from exactcnn.formats.onnx_import.windows import MAX_EXTENT, images, pair, window_of
from exactcnn.network.model import Pair

__all__ = ["WINDOW_OPERATORS"]


def _conv(context: Context, node: Node) -> LinearStep:
    data = images(context, node)
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
    dilations = pair(node, "dilations", node.integers("dilations", (1, 1)))
    kernel = ((rows - 1) * dilations[0] + 1, (columns - 1) * dilations[1] + 1)
    pair(node, "kernel_shape", kernel)
    bias = context.exact(node, 2, "bias", 1) if node.name(2) else ExactTensor.zeros((outputs,))
    if bias.shape != (outputs,):
        raise node.error("a bias of the wrong shape", found=str(bias.shape), expected=f"({outputs},)")
    window = window_of(context, node, kernel)
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
    if min(given) < 0 or max(given) > MAX_EXTENT:
        raise node.error("padding out of range", found=str(given), expected=f"0 to {MAX_EXTENT}")
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


WINDOW_OPERATORS: Mapping[str, Reading] = {"Conv": _conv, "Pad": _pad}

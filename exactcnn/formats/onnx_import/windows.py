"""Windows of operators: kernels, strides and padding as attributes give them."""

from __future__ import annotations

from collections.abc import Sequence

from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.steps import Window
from exactcnn.formats.onnx_import.values import Data
from exactcnn.formats.onnx_import.view import CHANNEL_FIRST
from exactcnn.network.model import Pair

__all__ = ["MAX_EXTENT", "images", "pair", "raised", "window_of"]

MAX_EXTENT = 512
"""The longest window, step and padding that statements may have."""


def images(context: Context, node: Node) -> Data:
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


def pair(node: Node, name: str, values: Sequence[int], least: int = 1) -> Pair:
    """The two numbers of an attribute, for rows and columns.

    Raises
    ------
    InputError: there are not two, or one is below `least` or too large.
    """
    if len(values) != 2:
        raise node.error("a window that is not two-dimensional", found=f"{name} {list(values)}")
    if min(values) < least or max(values) > MAX_EXTENT:
        raise node.error(f"attribute {name} out of range", found=str(list(values)), expected=f"{least} to {MAX_EXTENT}")
    return values[0], values[1]


def window_of(context: Context, node: Node, kernel: Pair, *, ceiling: bool = False) -> Window:
    """The window of a node, its padding found from `auto_pad` where that is given.

    Parameters
    ----------
    kernel: rows and columns that it spans.

    Raises
    ------
    InputError: an attribute out of range, or padding that depends on a size that the file leaves open.
    """
    stride = pair(node, "strides", node.integers("strides", (1, 1)))
    auto = node.text("auto_pad", "NOTSET")
    given = node.integers("pads", (0, 0, 0, 0))
    if len(given) != 4 or min(given) < 0 or max(given) > MAX_EXTENT:
        raise node.error("attribute pads out of range", found=str(given), expected=f"four from 0 to {MAX_EXTENT}")
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
        window = raised(window)
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


def raised(window: Window) -> Window:
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

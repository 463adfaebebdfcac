"""Operators that only rename axes: nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping

from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.fold import axes_of, float_type
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.values import Data

__all__ = ["SHAPE_OPERATORS"]


def _same(context: Context, node: Node) -> Data:
    return context.data(node, 0)


def _cast(context: Context, node: Node) -> Data:
    kind = float_type(node.integer("to", 0), node)
    node.integer("saturate", 1)
    if kind.kind != "f":
        raise node.error("a cast of image-dependent numbers to integers", found=str(kind), expected="a float type")
    context.chain.rewritten = True
    return context.data(node, 0)


def _dropout(context: Context, node: Node) -> Data:
    node.number("ratio", 0.5)
    node.integer("seed", 0)
    mode = context.optional(node, 2, "training_mode")
    if mode is not None and (mode.array.size != 1 or bool(mode.array.ravel()[0])):
        raise node.error("a dropout in training mode", expected="training_mode false")
    context.optional(node, 1, "ratio")
    return context.data(node, 0)


def _flatten(context: Context, node: Node) -> Data:
    data = context.data(node, 0)
    view = context.view(data)
    number = node.integer("axis", 1)
    axis = number if number == view.rank else view.axis(number, node)
    return Data(data.forms, view.merged(axis))


def _reshape(context: Context, node: Node) -> Data:
    data = context.data(node, 0)
    target = context.constant(node, 1, "shape").integers(node, "shape")
    zero = node.switch("allowzero", default=False) if node.opset >= 14 else False
    if [t for t in target if isinstance(t, int) and t < -1] or target.count(-1) > 1:
        raise node.error("not a shape", found=str(target))
    return Data(data.forms, context.view(data).reshaped(target, node, allow_zero=zero))


def _transpose(context: Context, node: Node) -> Data:
    data = context.data(node, 0)
    view = context.view(data)
    return Data(data.forms, view.transposed(node.integers("perm", range(view.rank)[::-1]), node))


def _squeeze(context: Context, node: Node) -> Data:
    data = context.data(node, 0)
    view = context.view(data)
    given = axes_of(context, node, 13)
    if given is None:
        chosen = [i for i in range(view.rank) if view.length(i) == 1]
        if any(not isinstance(view.length(i), int) for i in range(view.rank)):
            raise node.error(
                "a squeeze of all axes while a length is open",
                hint="Name the axes, or flatten instead; or fix the batch and image size in the model",
            )
    else:
        chosen = [view.axis(number, node) for number in given]
    return Data(data.forms, view.squeezed(chosen, node))


def _unsqueeze(context: Context, node: Node) -> Data:
    data = context.data(node, 0)
    view = context.view(data)
    given = axes_of(context, node, 13) or []
    chosen = sorted(view.axis(number, node, extra=len(given)) for number in given)
    axes = list(data.axes)
    for number in chosen:
        axes.insert(number, ())
    return Data(data.forms, tuple(axes))


SHAPE_OPERATORS: Mapping[str, Reading] = {
    "Cast": _cast,
    "Dropout": _dropout,
    "Flatten": _flatten,
    "Identity": _same,
    "Reshape": _reshape,
    "Squeeze": _squeeze,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}

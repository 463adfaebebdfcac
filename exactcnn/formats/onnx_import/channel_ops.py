"""Operators that pick some of the channels: nothing is computed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from exactcnn.formats.onnx_import.context import Context, NeedsFlattening
from exactcnn.formats.onnx_import.fold import slice_bounds, within
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.values import Axes, Data

__all__ = ["CHANNEL_OPERATORS"]

_END = 2**31 - 1
"""Ends of slices from here on mean the end of the axis."""


def _picked(context: Context, node: Node, axis: int, chosen: Sequence[int], *, drop: bool = False) -> Data:
    """The entries of these numbers along an axis.

    Parameters
    ----------
    drop: whether the axis goes; one entry is chosen then.

    Raises
    ------
    InputError: the entries are images, or places of an image.
    NeedsFlattening: they are places of a flattened image.
    """
    data = context.data(node, 0)
    forms, view = context.forms(node, 0), context.view(data)
    length, long = view.length(axis), [f for f in data.axes[axis] if view.lengths[f] != 1]
    channels = "C" in data.axes[axis] and long in (["C"], [])
    if long and not channels and length != len(chosen):
        if "N" not in long and len(data.axes[axis]) > 1:
            raise NeedsFlattening(node.name(0))
        what = "images of a batch" if "N" in long else "rows or columns"
        raise node.error(f"a choice among the {what}", found=f"axis {axis}", expected="channels")
    if channels:
        forms = tuple(forms[i] for i in chosen)
    elif list(chosen) != list(range(len(chosen))):
        raise node.error("a choice that changes the order of places", found=str(list(chosen)[:8]))
    if {"H", "W"} & {*data.axes[axis]}:
        # The only row or column, or all of them: at another size these may be others.
        context.chain.use_size()
    axes: Axes = tuple(a for i, a in enumerate(data.axes) if i != axis or not drop)
    return Data(forms, axes)


def _length(context: Context, node: Node, axis: int) -> int:
    length = context.view(context.data(node, 0)).length(axis)
    if not isinstance(length, int):
        raise node.error(
            "a choice along an axis whose length the file leaves open",
            found=f"axis {axis}",
            hint="Fix the image size in the model",
        )
    return length


def _gather(context: Context, node: Node) -> Data:
    view = context.view(context.data(node, 0))
    axis = view.axis(node.integer("axis", 0), node)
    which = context.constant(node, 1, "indices")
    length, numbers = _length(context, node, axis), which.known(node, "indices")
    if len(which.shape) > 1 or not numbers or any(not -length <= n < length for n in numbers):
        raise node.error("indices that are not there", found=str(numbers[:8]), expected=f"less than {length}, in a row")
    return _picked(context, node, axis, [n % length for n in numbers], drop=not which.shape)


def _slice(context: Context, node: Node) -> Data:
    view = context.view(context.data(node, 0))
    some: dict[int, list[int]] = {}
    for number, bound in slice_bounds(context, node).items():
        axis = view.axis(number, node)
        if bound.start == 0 and bound.step == 1 and bound.stop >= _END:
            continue
        length = _length(context, node, axis)
        chosen = list(range(length))[slice(*within(bound, length))]
        if chosen != list(range(length)):
            some[axis] = chosen
        elif {"H", "W"} & {*context.data(node, 0).axes[axis]}:
            context.chain.use_size()
    if len(some) > 1:
        raise node.error("a slice along several axes", found=str([*some]), expected="one axis, the channels")
    for axis, chosen in some.items():
        return _picked(context, node, axis, chosen)
    return context.data(node, 0)


def _split(context: Context, node: Node) -> Data:
    """The first output; the others are put where they belong."""
    view = context.view(context.data(node, 0))
    axis = view.axis(node.integer("axis", 0), node)
    length, outputs = _length(context, node, axis), node.outputs
    count = len(outputs)
    if node.opset < 13:
        lengths = node.integers("split")
    else:
        given = context.optional(node, 1, "split")
        lengths = [] if given is None else given.known(node, "split")
    if node.opset >= 18 and node.integer("num_outputs", count) != count:
        raise node.error("attribute num_outputs that is not the number of outputs", expected=str(count))
    if not lengths:
        each = -(-length // count)
        lengths = [each] * (count - 1) + [length - each * (count - 1)]
    if len(lengths) != count or sum(lengths) != length or min(lengths) < 1:
        raise node.error("parts that do not make up the axis", found=str(lengths), expected=f"{length} in all")
    ends = [sum(lengths[: i + 1]) for i in range(count)]
    parts = [_picked(context, node, axis, range(e - n, e)) for e, n in zip(ends, lengths, strict=True)]
    for name, part in zip(outputs[1:], parts[1:], strict=True):
        if name:
            context.transitions.data[name] = part
    return parts[0]


CHANNEL_OPERATORS: Mapping[str, Reading] = {"Gather": _gather, "Slice": _slice, "Split": _split}

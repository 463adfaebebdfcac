"""Operators on constants: what a file computes before it sees an image, such as the shapes of its reshapes."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
from flint import fmpq
from numpy.typing import NDArray
from onnx import TensorProto

from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.formats.onnx_import.context import Context, read_tensor
from exactcnn.formats.onnx_import.graph import MAX_NUMBERS
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.values import Constant, Dim

__all__ = ["FOLDS", "axes_of", "float_type", "inverse", "slice_bounds", "within"]

Fold = Callable[[Context, Node], Constant]
_INT = np.dtype(np.int64)


def float_type(code: int, node: Node) -> np.dtype[Any]:
    """The type that a Cast goes to.

    Raises
    ------
    InputError: it is not one that exactcnn reads.
    """
    kinds: dict[int, np.dtype[Any]] = {
        int(TensorProto.FLOAT): np.dtype(np.float32),
        int(TensorProto.FLOAT16): np.dtype(np.float16),
        int(TensorProto.DOUBLE): np.dtype(np.float64),
        int(TensorProto.INT64): np.dtype(np.int64),
        int(TensorProto.INT32): np.dtype(np.int32),
    }
    if code not in kinds:
        raise node.error("attribute to that exactcnn does not read", found=str(code), expected="a float or int32/int64")
    return kinds[code]


def axes_of(context: Context, node: Node, since: int) -> list[int] | None:
    """The axes of a node, an attribute before version `since` of the operators and an input from there on."""
    if node.opset < since:
        return node.integers("axes") if node.has("axes") else None
    given = context.optional(node, 1, "axes")
    return None if given is None else given.known(node, "axes")


def _constant(_context: Context, node: Node) -> Constant:
    tensor = node.tensor("value")
    if tensor is not None:
        return read_tensor(tensor, node, "attribute value")
    if node.has("value_float"):
        return _rational(node, "value_float", node.number("value_float", None))
    if node.has("value_int"):
        return Constant(np.array(node.integer("value_int", 0), dtype=_INT))
    if node.has("value_ints"):
        return Constant(np.array(node.integers("value_ints"), dtype=_INT))
    raise node.error("a constant of a kind that exactcnn does not read", expected="value, value_float, value_int(s)")


def _rational(node: Node, name: str, value: fmpq | None) -> Constant:
    if value is None:
        raise node.error(f"no attribute {name}")
    return Constant.of(ExactTensor.full((), value))


def _identity(context: Context, node: Node) -> Constant:
    return context.constant(node, 0, "input")


def _cast(context: Context, node: Node) -> Constant:
    given, kind = context.constant(node, 0, "input"), float_type(node.integer("to", 0), node)
    node.integer("saturate", 1)
    if given.denominator is not None:
        if kind.kind == "f":
            return given
        raise node.error("a cast of a computed number to an integer")
    if given.array.dtype == object:
        if kind.kind == "i":
            return given
        given = Constant(np.array(given.known(node, "input"), dtype=_INT).reshape(given.shape))
    if kind.kind == "i" and given.array.dtype.kind == "f":
        given.exact(node, "input")
    with np.errstate(over="ignore", invalid="ignore"):
        return Constant(given.array.astype(kind))


def _transpose(context: Context, node: Node) -> Constant:
    given = context.constant(node, 0, "input")
    order = node.integers("perm", range(given.array.ndim)[::-1])
    if sorted(order) != list(range(given.array.ndim)):
        raise node.error("not an order of the axes", found=str(order))
    return given.map(lambda a: a.transpose(order))


def _reshape(context: Context, node: Node) -> Constant:
    given = context.constant(node, 0, "input")
    node.fixed(allowzero=0)
    target = context.constant(node, 1, "shape").known(node, "shape")
    shape = [given.shape[i] if n == 0 and i < len(given.shape) else n for i, n in enumerate(target)]
    known = math.prod(n for n in shape if n != -1)
    if shape.count(-1) > 1 or min(shape, default=1) < -1 or known == 0 or given.array.size % known:
        raise node.error("a reshape that does not fit", found=str(shape), expected=f"{given.array.size} numbers")
    if -1 not in shape and known != given.array.size:
        raise node.error("a reshape that does not fit", found=str(shape), expected=f"{given.array.size} numbers")
    return given.map(lambda a: a.reshape(shape))


def _unsqueeze(context: Context, node: Node) -> Constant:
    given, axes = context.constant(node, 0, "input"), axes_of(context, node, 13) or []
    rank = given.array.ndim + len(axes)
    if len({a % rank for a in axes if -rank <= a < rank}) < len(axes):
        raise node.error("axes that are not there", found=str(axes))
    return given.map(lambda a: np.expand_dims(a, tuple(axes)))


def _squeeze(context: Context, node: Node) -> Constant:
    given, axes = context.constant(node, 0, "input"), axes_of(context, node, 13)
    rank = given.array.ndim
    chosen = [i for i, n in enumerate(given.shape) if n == 1] if axes is None else axes
    if any(not -rank <= a < rank or given.shape[a] != 1 for a in chosen):
        raise node.error("a squeeze of an axis that has not length 1", found=str(chosen))
    return given.map(lambda a: np.squeeze(a, tuple(chosen)))


def _axis(node: Node, default: int | None, rank: int) -> int:
    axis = node.integer("axis", 0 if default is None else default)
    if not -rank <= axis < rank:
        raise node.error("an axis that is not there", found=str(axis))
    return axis % rank


def _concat(context: Context, node: Node) -> Constant:
    parts = [context.constant(node, i, "input") for i in range(len(node.inputs))]
    axis = _axis(node, None, parts[0].array.ndim)
    shapes = {(*p.shape[:axis], *p.shape[axis + 1 :]) for p in parts}
    if len(shapes) > 1 or len({p.array.ndim for p in parts}) > 1:
        raise node.error("shapes that do not fit", found=str([p.shape for p in parts]))
    if sum(p.array.size for p in parts) > MAX_NUMBERS:
        raise node.error("a tensor that is too large", expected=f"{MAX_NUMBERS} numbers")
    if any(p.array.dtype.kind == "f" or p.denominator is not None for p in parts):
        return Constant.of(concatenate([p.exact(node, "input") for p in parts], axis))
    return Constant(np.concatenate([p.array.astype(object) for p in parts], axis=axis))


def _gather(context: Context, node: Node) -> Constant:
    given = context.constant(node, 0, "input")
    axis = _axis(node, 0, given.array.ndim)
    which = context.constant(node, 1, "indices")
    length = given.shape[axis]
    numbers = which.known(node, "indices")
    if any(not -length <= n < length for n in numbers) or len(numbers) * given.array.size > MAX_NUMBERS:
        raise node.error("indices that are not there", found=str(numbers[:8]))
    picked = np.array(numbers, dtype=np.intp).reshape(which.shape)
    return given.map(lambda a: np.take(a, picked, axis=axis))


def slice_bounds(context: Context, node: Node) -> dict[int, slice]:
    """What a Slice takes along each axis that it names.

    Raises
    ------
    InputError: the bounds depend on the image or do not fit each other.
    """
    if node.opset < 10:
        starts, ends, axes, steps = node.integers("starts"), node.integers("ends"), node.integers("axes"), []
    else:
        parts = [context.optional(node, i, "bounds") for i in range(1, 5)]
        starts, ends, axes, steps = ([] if p is None else p.known(node, "bounds") for p in parts)
    axes = axes or list(range(len(starts)))
    steps = steps or [1] * len(starts)
    if not len(starts) == len(ends) == len(axes) == len(steps) or len({*axes}) < len(axes) or 0 in steps:
        raise node.error("bounds that do not fit", found=f"{len(starts)} starts, {len(ends)} ends")
    return {axis: slice(*bound) for axis, *bound in zip(axes, starts, ends, steps, strict=True)}


def _slice(context: Context, node: Node) -> Constant:
    given = context.constant(node, 0, "input")
    key = [slice(None)] * given.array.ndim
    for axis, bound in slice_bounds(context, node).items():
        if not -given.array.ndim <= axis < given.array.ndim:
            raise node.error("an axis that is not there", found=str(axis))
        key[axis] = slice(*within(bound, given.shape[axis]))
    return given.map(lambda a: a[tuple(key)])


def within(bound: slice, length: int) -> tuple[int, int | None, int]:
    """The bounds as Python means them: the standard clamps an end below 0 after counting it from the end once."""
    start, end, step = (int(n) for n in (bound.start, bound.stop, bound.step))
    start, end = (n + length if n < 0 else n for n in (start, end))
    if step > 0:
        return max(0, min(start, length)), max(0, min(end, length)), step
    start, end = max(0, min(start, length - 1)), max(-1, min(end, length - 1))
    return start, None if end < 0 else end, step


def _shape(context: Context, node: Node) -> Constant:
    value = context.value(node, 0)
    if isinstance(value, Constant):
        lengths: list[int | Dim] = list(value.shape)
    else:
        view = context.view(value)
        lengths = [view.length(axis) for axis in range(view.rank)]
    start, end = node.integer("start", 0), node.integer("end", len(lengths))
    kept = lengths[start:end]
    if not isinstance(value, Constant) and any({"H", "W"} & {*axis} for axis in value.axes[start:end]):
        # The numbers may go anywhere, even into the weights.
        context.chain.use_size()
    array = np.empty(len(kept), dtype=object)
    array[:] = kept
    return Constant(array)


def _neg(context: Context, node: Node) -> Constant:
    return Constant.of(-context.constant(node, 0, "input").exact(node, "input"))


def _arithmetic(context: Context, node: Node) -> Constant:
    left, right = context.constant(node, 0, "input"), context.constant(node, 1, "input")
    try:
        shape = np.broadcast_shapes(left.shape, right.shape)
    except ValueError:
        raise node.error("shapes that do not fit", found=f"{left.shape} and {right.shape}") from None
    if math.prod(shape) > MAX_NUMBERS:
        raise node.error("a tensor that is too large", found=str(shape))
    if all(c.denominator is None and c.array.dtype.kind in "iuO" for c in (left, right)):
        return _whole_arithmetic(node, left, right)
    first, second = left.exact(node, "input"), right.exact(node, "input")
    if node.operator == "Add":
        return Constant.of(first + second)
    if node.operator == "Sub":
        return Constant.of(first - second)
    if node.operator == "Mul":
        return Constant.of(first.times(second))
    return Constant.of(first.times(inverse(second, node)))


def _whole_arithmetic(node: Node, left: Constant, right: Constant) -> Constant:
    first, second = (np.array(c.known(node, "input"), dtype=object).reshape(c.shape or (1,)) for c in (left, right))
    shape = np.broadcast_shapes(left.shape, right.shape)
    if node.operator == "Div":
        if not np.all(second > 0) or not np.all(first >= 0):
            raise node.error("a division of integers that are not positive")
        return Constant(np.asarray(first // second, dtype=object).reshape(shape))
    total = {"Add": np.add, "Sub": np.subtract, "Mul": np.multiply}[node.operator](first, second)
    return Constant(np.asarray(total, dtype=object).reshape(shape))


def inverse(tensor: ExactTensor, node: Node) -> ExactTensor:
    """1 / each entry.

    Raises
    ------
    InputError: an entry is 0.
    """
    values = tensor.rationals()
    if any(v == 0 for v in values):
        raise node.error("a division by zero")
    return ExactTensor.from_rationals([1 / v for v in values], tensor.shape)


def _along_axis(part: ExactTensor, shape: tuple[int, ...], axis: int, node: Node) -> ExactTensor:
    """A scale or zero point, one number for all or one for each index along an axis, shaped to be broadcast."""
    if part.size == 1:
        return part.reshape(*(1,) * len(shape))
    if part.ndim != 1 or not -len(shape) <= axis < len(shape) or part.shape[0] != shape[axis]:
        raise node.error("scales that exactcnn does not read", found=str(part.shape), expected="one, or one an index")
    lengths = [1] * len(shape)
    lengths[axis] = part.shape[0]
    return part.reshape(*lengths)


def _quantised(context: Context, node: Node) -> tuple[Constant, ExactTensor, ExactTensor]:
    """What is (de)quantised, its scales and its zero points."""
    given = context.constant(node, 0, "input")
    axis = node.integer("axis", 1)
    node.fixed(block_size=0)
    node.integer("saturate", 1)
    node.fixed(output_dtype=0, precision=0)
    scale = context.exact(node, 1, "scale")
    zero = context.exact(node, 2, "zero point") if node.name(2) else ExactTensor.zeros(scale.shape)
    return given, _along_axis(scale, given.shape, axis, node), _along_axis(zero, given.shape, axis, node)


def _dequantise(context: Context, node: Node) -> Constant:
    given, scale, zero = _quantised(context, node)
    if given.array.dtype.kind not in "iu" or given.denominator is not None:
        raise node.error("a dequantisation of something else than integers", found=str(given.array.dtype))
    return Constant.of((given.exact(node, "input") - zero).times(scale))


def _quantise(context: Context, node: Node) -> Constant:
    """Rounds to the nearest integer, ties to even, and saturates; refused where float32 might round elsewhere."""
    given, scale, zero = _quantised(context, node)
    kind = context.constant(node, 2, "zero point").array.dtype if node.name(2) else np.dtype(np.uint8)
    if kind not in (np.int8, np.uint8):
        raise node.error("a quantisation to another type", found=str(kind), expected="int8 or uint8")
    exact = given.exact(node, "input").times(inverse(scale, node))
    limits = np.iinfo(kind)
    result: NDArray[Any] = np.empty(exact.shape, dtype=kind)
    flat = result.reshape(-1)
    zeros = zero.times(ExactTensor.full(exact.shape, 1)).rationals()
    for index, (value, offset) in enumerate(zip(exact.rationals(), zeros, strict=True)):
        fraction = Fraction(int(value.p), int(value.q))
        distance = abs(fraction - math.floor(fraction) - Fraction(1, 2))
        if 0 < distance < (abs(fraction) + 1) * Fraction(1, 2**22):
            raise node.error("a quantisation whose rounding depends on the runtime", found=f"{float(fraction)!r}")
        flat[index] = min(max(round(fraction) + int(offset), int(limits.min)), int(limits.max))
    return Constant(result)


def _constant_of_shape(context: Context, node: Node) -> Constant:
    shape = context.constant(node, 0, "shape").known(node, "shape")
    if min(shape, default=1) < 0 or math.prod(shape) > MAX_NUMBERS:
        raise node.error("a tensor that is too large", found=str(shape))
    tensor = node.tensor("value")
    filled = Constant(np.zeros(1, dtype=np.float32)) if tensor is None else read_tensor(tensor, node, "value")
    return filled.map(lambda a: np.broadcast_to(a.reshape((1,) * len(shape)), tuple(shape)))


FOLDS: Mapping[str, Fold] = {
    "Add": _arithmetic,
    "Cast": _cast,
    "Concat": _concat,
    "Constant": _constant,
    "ConstantOfShape": _constant_of_shape,
    "DequantizeLinear": _dequantise,
    "Div": _arithmetic,
    "Gather": _gather,
    "Identity": _identity,
    "Mul": _arithmetic,
    "Neg": _neg,
    "QuantizeLinear": _quantise,
    "Reshape": _reshape,
    "Shape": _shape,
    "Slice": _slice,
    "Squeeze": _squeeze,
    "Sub": _arithmetic,
    "Transpose": _transpose,
    "Unsqueeze": _unsqueeze,
}

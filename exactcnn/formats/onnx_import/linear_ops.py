"""Operators that are affine in the channels: arithmetic with constants, sums, normalisation, dense layers."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.context import Context, NeedsFlattening
from exactcnn.formats.onnx_import.fold import inverse
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.steps import LinearStep, Window
from exactcnn.formats.onnx_import.values import Axes, Constant, Data, Forms

__all__ = ["LINEAR_OPERATORS", "per_channel", "same_axes"]

_MAX_FLOAT32 = float(np.finfo(np.float32).max)
_MIN_FLOAT32 = float(np.finfo(np.float32).tiny)


def per_channel(context: Context, node: Node, data: int, constant: ExactTensor) -> tuple[list[fmpq], Axes]:
    """A constant as one number a channel of an input that it is broadcast to, and the result's axes.

    Raises
    ------
    InputError: the constant differs between images or places, or does not fit.
    NeedsFlattening: it differs between the places of a flattened image.
    """
    value = context.data(node, data)
    forms = context.forms(node, data)
    axes: Axes = ((),) * (constant.ndim - len(value.axes)) + value.axes
    spread = context.view(value, axes).spread(constant, node, len(forms))
    if spread is None:
        raise NeedsFlattening(node.name(data))
    return spread.rationals(), axes


def same_axes(context: Context, node: Node, inputs: Sequence[int]) -> Axes:
    """The axes that these inputs have in common.

    Raises
    ------
    InputError: they have not the same axes or channels.
    """
    first = context.data(node, inputs[0])
    for index in inputs[1:]:
        other = context.data(node, index)
        if len(context.forms(node, index)) != len(context.forms(node, inputs[0])):
            raise node.error(
                "values with different numbers of channels",
                found=f"{len(context.forms(node, inputs[0]))} and {len(context.forms(node, index))}",
            )
        if len(other.axes) != len(first.axes) or not context.view(first).is_like(other.axes):
            raise node.error("values with different axes", found=f"{first.axes} and {other.axes}")
    return first.axes


def _add(context: Context, node: Node) -> Data:
    """Add, Sub, Sum: any inputs."""
    signs = [1] * len(node.inputs)
    if node.operator == "Sub":
        signs[1] = -1
    values = [context.value(node, i) for i in range(len(node.inputs))]
    varying = [i for i, v in enumerate(values) if isinstance(v, Data)]
    axes = same_axes(context, node, varying)
    total: list[Affine] = [f.scaled(signs[varying[0]]) for f in context.forms(node, varying[0])]
    for i in varying[1:]:
        total = [a + b.scaled(signs[i]) for a, b in zip(total, context.forms(node, i), strict=True)]
    for i, value in enumerate(values):
        if isinstance(value, Constant):
            constant = value.exact(node, "constant")
            shifts, axes = per_channel(context, node, varying[0], constant)
            total = [f.shifted(signs[i] * s) for f, s in zip(total, shifts, strict=True)]
    return Data(tuple(total), axes)


def _multiply(context: Context, node: Node) -> Data:
    """Mul and Div by constants."""
    values = [context.value(node, i) for i in range(2)]
    varying = [i for i, v in enumerate(values) if isinstance(v, Data)]
    if len(varying) > 1 or (node.operator == "Div" and varying != [0]):
        raise node.error("a product or quotient of image-dependent values", expected="a constant factor")
    data = varying[0]
    constant = context.exact(node, 1 - data, "constant")
    factors, axes = per_channel(context, node, data, inverse(constant, node) if node.operator == "Div" else constant)
    return Data(_scaled(context.forms(node, data), factors), axes)


def _scaled(forms: Forms, factors: Sequence[fmpq]) -> Forms:
    return tuple(f.scaled(c) for f, c in zip(forms, factors, strict=True))


def _neg(context: Context, node: Node) -> Data:
    return Data(tuple(-f for f in context.forms(node, 0)), context.data(node, 0).axes)


def _mean(context: Context, node: Node) -> Data:
    total = _add(context, node)
    return Data(tuple(f.scaled(fmpq(1, len(node.inputs))) for f in total.forms or ()), total.axes)


def _concat(context: Context, node: Node) -> Data:
    parts = range(len(node.inputs))
    for i in parts:
        if isinstance(context.value(node, i), Constant):
            raise node.error("constants side by side with image-dependent values", found=f'"{node.name(i)}"')
    first = context.data(node, 0)
    view = context.view(first)
    axis = view.axis(node.integer("axis", 1), node)
    forms: list[Affine] = []
    flat = []
    for i in parts:
        data, own = context.data(node, i), context.forms(node, i)
        others = tuple(a if n != axis else () for n, a in enumerate(data.axes))
        if len(others) != view.rank or not view.is_like((*others[:axis], view.axes[axis], *others[axis + 1 :])):
            raise node.error("values with different axes", found=f"{first.axes} and {data.axes}")
        long = [f for f in data.axes[axis] if context.view(data).lengths[f] != 1]
        places = {f for a in data.axes for f in a if f in "HW" and context.view(data).lengths[f] != 1}
        if places and places <= {*long} and ("C" in long or len(own) == 1) and "N" not in long:
            flat.append(node.name(i))
        elif long not in (["C"], []) or (not long and len(own) != 1):
            raise node.error("a concatenation along another axis than the channels", found=str(axis))
        forms += own
    if flat:
        raise NeedsFlattening(*node.inputs)
    axes = tuple(a if n != axis else ("C",) for n, a in enumerate(first.axes))
    if any("C" in a for n, a in enumerate(first.axes) if n != axis):
        # Several channels of length 1 each: the channel's own axis was another one.
        axes = tuple(tuple(f for f in a if n == axis or f != "C") for n, a in enumerate(axes))
    return Data(tuple(forms), axes)


# -- batch normalisation ----------------------------------------------------------------------------------------------


def _batch_norm(context: Context, node: Node) -> Data:
    """(x - mean) / sqrt(variance + epsilon) * scale + shift, channel by channel of axis 1."""
    node.fixed(training_mode=0, spatial=1, is_test=1)
    node.number("momentum", 0.9)
    epsilon = node.number("epsilon", 1e-5) or fmpq(0)
    data = context.data(node, 0)
    if len(data.axes) < 2:
        raise node.error("an input without channels", found=f"{len(data.axes)} axes")
    scale, shift, mean, variance = (
        context.exact(node, i, name, 1).rationals() for i, name in enumerate(("scale", "B", "mean", "var"), 1)
    )
    if len({len(scale), len(shift), len(mean), len(variance)}) > 1:
        raise node.error("statistics of different lengths")
    factors = [_factor(context, node, s, v + epsilon) for s, v in zip(scale, variance, strict=True)]
    shifts = [b - m * f for b, m, f in zip(shift, mean, factors, strict=True)]
    along = (len(scale), *(1,) * (len(data.axes) - 2))
    spread = [ExactTensor.from_rationals(values, (len(scale),)).reshape(*along) for values in (factors, shifts)]
    (times, axes), (plus, _) = (per_channel(context, node, 0, part) for part in spread)
    forms = _scaled(context.forms(node, 0), times)
    return Data(tuple(f.shifted(p) for f, p in zip(forms, plus, strict=True)), axes)


def _factor(context: Context, node: Node, scale: fmpq, square: fmpq) -> fmpq:
    """The factor scale / sqrt(square), exactly or by the rule that the user chose."""
    if square <= 0:
        raise node.error("a variance that is not positive", found=str(square))
    p, q = int(square.p), int(square.q)
    root = math.isqrt(p), math.isqrt(q)
    if root[0] ** 2 == p and root[1] ** 2 == q:
        return scale * fmpq(root[1], root[0])
    if scale == 0:
        return scale
    if context.batch_norm == "exact":
        raise node.error(
            "a batch normalisation that divides by an irrational number",
            found=f"the root of {float(p / q):.9g} (variance + epsilon)",
            hint='Choose the float32 number next to scale / root in its place (batch_norm="float32", '
            "--batch-norm float32), or fold the normalisation into the convolution when the network is exported",
        )
    # 1 / root to about 200 bits, then one rounding to float64 and one to float32.
    shift = 2 * (200 + max(p.bit_length(), q.bit_length()))
    reciprocal = fmpq(math.isqrt((q << shift) // p), 1 << (shift // 2))
    exact = scale * reciprocal
    rounded = float(np.float32(int(exact.p) / int(exact.q)))
    if not _MIN_FLOAT32 <= abs(rounded) <= _MAX_FLOAT32:
        raise node.error("a batch normalisation beyond the range of float32", found=f"{rounded!r}")
    note = f"{node.place}: scale / sqrt(variance + epsilon) is irrational; the float32 number next to it stands for it"
    if note not in context.notes:
        context.notes.append(note)
    return fmpq(*rounded.as_integer_ratio())


# -- dense layers -----------------------------------------------------------------------------------------------------


def _matmul(context: Context, node: Node) -> LinearStep:
    weight = context.exact(node, 1, "weight")
    if isinstance(context.value(node, 0), Constant) or weight.ndim != 2:
        raise node.error("a matrix product that is no dense layer", expected="images times a weight of 2 axes")
    outputs = weight.shape[1]
    return _dense(context, node, weight.transpose(1, 0), ExactTensor.zeros((outputs,)))


def _gemm(context: Context, node: Node) -> LinearStep:
    node.fixed(transA=0)
    alpha, beta = node.number("alpha", 1.0), node.number("beta", 1.0)
    weight = context.exact(node, 1, "weight", 2)
    if alpha != 1 or beta != 1:
        context.chain.rewritten = True
    if not node.switch("transB", default=False):
        weight = weight.transpose(1, 0)
    outputs = weight.shape[0]
    bias = context.exact(node, 2, "bias") if node.name(2) else ExactTensor.zeros((outputs,))
    if bias.ndim > 2 or (bias.ndim == 2 and bias.shape[0] != 1) or (bias.ndim and bias.shape[-1] not in (1, outputs)):
        raise node.error("a bias of the wrong shape", found=str(bias.shape), expected=f"({outputs},)")
    if bias.shape != (outputs,):
        bias = bias.reshape(bias.size)[np.zeros(outputs, dtype=np.intp)] if bias.size == 1 else bias.reshape(outputs)
    if len(context.data(node, 0).axes) != 2:
        raise node.error("an input that is no batch of vectors", found=f"{len(context.data(node, 0).axes)} axes")
    return _dense(context, node, weight.scaled(alpha or 0).reduced(), bias.scaled(beta or 0).reduced())


def _dense(context: Context, node: Node, weight: ExactTensor, bias: ExactTensor) -> LinearStep:
    """A dense layer along the last axis: weight (O, I)."""
    data = context.data(node, 0)
    view = context.view(data)
    last = data.axes[-1] if data.axes else ()
    before = tuple(f for axis in data.axes[:-1] for f in axis)
    long = [f for f in last if view.lengths[f] != 1]
    if "N" in long:
        raise node.error("a product that mixes the images of a batch")
    if data.forms is not None:
        place = not context.chain.vector and all(view.lengths[f] == 1 for f in "HW")
        if {"H", "W"} & {*long} or (place and len(data.axes) == 2):
            if "C" in before and view.lengths["C"] != 1:
                raise node.error("a product along rows or columns", expected="the channels, or all that is flattened")
            raise NeedsFlattening(node.name(0))
        if long not in (["C"], []) or weight.shape[1] != len(data.forms):
            raise node.error(
                "a weight that does not fit its input",
                found=f"{weight.shape[1]} inputs",
                expected=f"{len(data.forms)} channels along the last axis",
            )
    outputs, inputs = weight.shape
    axes = (*(tuple(f for f in axis if f != "C") for axis in data.axes[:-1]), (*(f for f in last if f == "N"), "C"))
    kernel = weight.reshape(outputs, inputs, 1, 1)
    return LinearStep(node, node.name(0), node.output, axes, kernel, bias, Window())


LINEAR_OPERATORS: Mapping[str, Reading] = {
    "Add": _add,
    "BatchNormalization": _batch_norm,
    "Concat": _concat,
    "Div": _multiply,
    "Gemm": _gemm,
    "MatMul": _matmul,
    "Mean": _mean,
    "Mul": _multiply,
    "Neg": _neg,
    "Sub": _add,
    "Sum": _add,
}

"""Piecewise-linear operators: functions of ReLUs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.linear_ops import per_channel, same_axes
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.steps import Activation, Recipe
from exactcnn.formats.onnx_import.values import Constant, Data, Forms

__all__ = ["ACTIVATIONS"]


def _unary(node: Node, context: Context, function: Callable[[Forms], Recipe], *, plain: bool = False) -> Activation:
    axes = context.data(node, 0).axes
    return Activation(node, (node.name(0),), node.output, axes, lambda forms: function(forms[0]), plain)


def _relu(context: Context, node: Node) -> Activation:
    return _unary(node, context, lambda forms: Recipe(forms, tuple), plain=True)


def _leaky(context: Context, node: Node) -> Activation:
    slope = node.number("alpha", 0.01) or fmpq(0)
    return _sloped(node, context, [slope] * len(context.forms(node, 0)))


def _prelu(context: Context, node: Node) -> Activation:
    slopes, axes = per_channel(context, node, 0, context.exact(node, 1, "slope"))
    if len(axes) != len(context.data(node, 0).axes):
        raise node.error("a slope with more axes than what it is applied to")
    return _sloped(node, context, slopes)


def _sloped(node: Node, context: Context, slopes: Sequence[fmpq]) -> Activation:
    """relu(x) - slope * relu(-x)."""

    def recipe(forms: Forms) -> Recipe:
        count = len(forms)
        return Recipe(
            (*forms, *(-f for f in forms)),
            lambda r: tuple(r[i] - r[count + i].scaled(slopes[i]) for i in range(count)),
        )

    return _unary(node, context, recipe)


def _abs(context: Context, node: Node) -> Activation:
    """relu(x) + relu(-x)."""
    return _sloped(node, context, [fmpq(-1)] * len(context.forms(node, 0)))


def _clip(context: Context, node: Node) -> Activation | Data:
    if node.opset < 11:
        # The defaults are the ends of float32's range: no bound.
        limits = [node.number(name, None) for name in ("min", "max")]
        return _clipped(node, context, *limits)
    bounds: list[fmpq | None] = []
    for index in (1, 2):
        constant = context.optional(node, index, "bound")
        if constant is None or _is_unbounded(constant, index):
            bounds.append(None)
            continue
        tensor = constant.exact(node, "bound")
        if tensor.size != 1:
            raise node.error("a bound that is not one number", found=str(tensor.shape))
        bounds.append(tensor.reshape(1).item(0))
    return _clipped(node, context, *bounds)


def _is_unbounded(constant: Constant, index: int) -> bool:
    """Whether the bound is infinite, on its own side."""
    array = constant.array
    sign = -1 if index == 1 else 1
    return constant.denominator is None and array.dtype.kind == "f" and bool((array == sign * float("inf")).all())


def _clipped(node: Node, context: Context, low: fmpq | None, high: fmpq | None) -> Activation | Data:
    """min(max(x, low), high)."""
    if low is None and high is None:
        return context.data(node, 0)
    if low is not None and high is not None and low > high:
        raise node.error("a clip whose lower bound is above its upper one", found=f"{low} > {high}")

    def recipe(forms: Forms) -> Recipe:
        count = len(forms)
        if low is None and high is not None:
            return Recipe(tuple((-f).shifted(high) for f in forms), lambda r: tuple((-v).shifted(high) for v in r))
        above = () if high is None else tuple(f.shifted(-high) for f in forms)
        start = fmpq(0) if low is None else low
        return Recipe(
            (*(f.shifted(-start) for f in forms), *above),
            lambda r: tuple((r[i] - r[count + i] if above else r[i]).shifted(start) for i in range(count)),
        )

    return _unary(node, context, recipe)


def _hard_sigmoid(context: Context, node: Node) -> Activation:
    """min(max(alpha * x + beta, 0), 1)."""
    alpha, beta = node.number("alpha", 0.2) or fmpq(0), node.number("beta", 0.5) or fmpq(0)

    def recipe(forms: Forms) -> Recipe:
        inner = [f.scaled(alpha).shifted(beta) for f in forms]
        count = len(forms)
        return Recipe(
            (*inner, *(f.shifted(-1) for f in inner)), lambda r: tuple(r[i] - r[count + i] for i in range(count))
        )

    return _unary(node, context, recipe)


def _extreme(context: Context, node: Node) -> Activation | Data:
    """Max and Min of two inputs: max(a, b) = relu(a - b) + relu(b) - relu(-b)."""
    values = [context.value(node, i) for i in range(len(node.inputs))]
    varying = [i for i, v in enumerate(values) if isinstance(v, Data)]
    if len(values) == 1:
        return context.data(node, 0)
    if len(values) != 2:
        raise node.error("more than two inputs", found=str(len(values)), hint="Write it as a chain of two inputs each")
    sign = 1 if node.operator == "Max" else -1
    first = varying[0]
    axes = same_axes(context, node, varying)
    bounds: list[fmpq] = []
    if len(varying) == 1:
        constant: ExactTensor = context.exact(node, 1 - first, "constant")
        bounds, axes = per_channel(context, node, first, constant)

    def recipe(forms: Sequence[Forms]) -> Recipe:
        left = [f.scaled(sign) for f in forms[0]]
        count = len(left)
        if bounds:
            return Recipe(
                tuple(f.shifted(-sign * b) for f, b in zip(left, bounds, strict=True)),
                lambda r: tuple(r[i].scaled(sign).shifted(bounds[i]) for i in range(count)),
            )
        right = [f.scaled(sign) for f in forms[1]]
        before: list[Affine] = [a - b for a, b in zip(left, right, strict=True)]
        before += right
        before += [-f for f in right]
        return Recipe(
            tuple(before),
            lambda r: tuple((r[i] + r[count + i] - r[2 * count + i]).scaled(sign) for i in range(count)),
        )

    return Activation(node, tuple(node.name(i) for i in varying), node.output, axes, recipe)


ACTIVATIONS: Mapping[str, Reading] = {
    "Abs": _abs,
    "Clip": _clip,
    "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": _leaky,
    "Max": _extreme,
    "Min": _extreme,
    "PRelu": _prelu,
    "Relu": _relu,
}

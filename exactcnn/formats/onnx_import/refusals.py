"""Why an operator is not read, and what can be done about it."""

from __future__ import annotations

from collections.abc import Sequence

from exactcnn.core.errors import InputError
from exactcnn.formats.onnx_import.node import Node

__all__ = ["ORDER_KEEPING", "unknown"]

ORDER_KEEPING = ("LogSoftmax", "Sigmoid", "Softmax", "Tanh")
"""Functions that are not piecewise linear but keep the order of the numbers: at the end they can be left away."""

_CURVED = frozenset(
    (
        *ORDER_KEEPING,
        *("Celu", "Elu", "Erf", "Exp", "Gelu", "HardSwish", "Log", "Mish", "Pow", "Reciprocal", "Selu", "Softplus"),
        *("Softsign", "Sqrt", "Swish", "Hardmax", "LpPool", "GlobalLpPool", "LRN", "GroupNormalization"),
        *("InstanceNormalization", "LayerNormalization", "LpNormalization", "MeanVarianceNormalization"),
        *("ReduceL2", "ReduceLogSumExp", "ReduceProd", "ReduceSumSquare"),
    )
)
_STEPS = frozenset(("ArgMax", "ArgMin", "Ceil", "Floor", "Round", "Sign", "TopK", "Where", "Equal", "Greater", "Less"))
_SPREADING = frozenset(("ConvTranspose", "DepthToSpace", "GridSample", "Resize", "SpaceToDepth", "Upsample"))


def unknown(node: Node, operators: Sequence[str], *, varying: bool) -> InputError:
    """The refusal of an operator that is not read.

    Parameters
    ----------
    operators: those that are read.
    varying: whether an input of the node depends on the image.
    """
    name = node.operator
    if name in operators:
        what = "depends on the image" if varying else "does not"
        hint = "Quantise the weights only, not what is computed in between" if "uantizeLinear" in name else None
        return node.error(f"an operator that exactcnn does not read where its input {what}", hint=hint)
    if name in _CURVED:
        hint = None
        if name in ORDER_KEEPING:
            hint = "It is left away only as the last one before the output"
        elif "Normalization" in name:
            hint = "Its factors depend on the image; BatchNormalization's do not"
        elif name in ("Elu", "Celu", "Gelu", "HardSwish", "Mish", "Selu", "Softplus", "Swish"):
            hint = "Train the network with Relu, LeakyRelu or Clip instead"
        return node.error("an operator that exactcnn does not read: its function is not piecewise linear", hint=hint)
    if name in _STEPS:
        return node.error(
            "an operator that exactcnn does not read: its function is not continuous",
            hint="End the model with the numbers that it compares, one a class" if name in ("ArgMax", "TopK") else None,
        )
    if name in _SPREADING:
        return node.error(
            "an operator that exactcnn does not read: it spreads places",
            hint="Places can be joined by convolutions and pools only",
        )
    return node.error("an operator that exactcnn does not read", expected=", ".join(operators))

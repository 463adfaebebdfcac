"""ONNX export: float32, without loss or not at all."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import onnx
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

from exactcnn import __version__
from exactcnn.core.errors import InputError, InternalError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    GlobalPool,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
    SpatialLayer,
    kernel_of,
)

__all__ = ["INPUT_KEY", "PRODUCER", "to_onnx"]

INPUT_KEY = "exactcnn.input"
"""The key of the model's metadata that says what an input number means: `pixel` or `byte`."""

PRODUCER = "exactcnn"
_OPSET = 17
_IR_VERSION = 8
_FLOAT32 = np.finfo(np.float32)
_HINT = "Save it as .xnet, which keeps exact rationals, or build it with dyadic weights"


def to_onnx(network: Network) -> bytes:
    """The network as an ONNX model: the same bytes whenever it is written.

    The model has one input `images` (N, C, H, W) and one output `logits` (N, K), both float32, with N, H and W left
    open. Every weight in it is exactly the network's rational; a runtime still rounds what it computes from them
    wherever the exact result is no float32.

    Raises
    ------
    InputError: a weight is no float32 number (or a subnormal one, which runtimes may flush to zero), or an average
        pool's padding covers a whole window, which runtimes refuse; the layer is named.
    """
    graph = _Graph()
    for number, layer in enumerate(network.layers):
        try:
            graph.add(number, layer)
        except InputError as error:
            raise error.located(source=network.source, place=f"layer {number} ({type(layer).__name__})") from None
    model = helper.make_model(
        graph.proto(network),
        producer_name=PRODUCER,
        producer_version=__version__,
        opset_imports=[helper.make_opsetid("", _OPSET)],
        ir_version=_IR_VERSION,
    )
    helper.set_model_props(model, {INPUT_KEY: network.unit.value})
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError) as error:
        raise InternalError(f"the ONNX model written is not valid: {error}") from None
    return bytes(model.SerializeToString(deterministic=True))


class _Graph:
    """A chain of nodes in the making."""

    def __init__(self) -> None:
        self._nodes: list[onnx.NodeProto] = []
        self._weights: list[onnx.TensorProto] = []

    def add(self, number: int, layer: Layer) -> None:
        """Appends a layer."""
        name = f"layer{number}"
        if isinstance(layer, Conv2d):
            self._node("Conv", name, self._parameters(name, layer), **_window(layer))
        elif isinstance(layer, Dense):
            self._node("Gemm", name, self._parameters(name, layer), alpha=1.0, beta=1.0, transA=0, transB=1)
        elif isinstance(layer, MaxPool2d):
            self._node("MaxPool", name, **_window(layer), ceil_mode=0)
        elif isinstance(layer, AvgPool2d):
            _check_average(layer)
            self._node("AveragePool", name, **_window(layer), ceil_mode=0, count_include_pad=1)
        elif isinstance(layer, GlobalPool) and layer.kind == "sum":
            axes = self._initializer(f"{name}.axes", np.array([2, 3], dtype=np.int64))
            self._node("ReduceSum", name, [axes], keepdims=0, noop_with_empty_axes=0)
        elif isinstance(layer, GlobalPool):
            self._node("GlobalMaxPool" if layer.kind == "max" else "GlobalAveragePool", f"{name}.pool")
            self._node("Flatten", name, axis=1)
        elif isinstance(layer, ReLU):
            self._node("Relu", name)
        else:
            self._node("Flatten", name, axis=1)

    def proto(self, network: Network) -> onnx.GraphProto:
        """The whole graph, its last value renamed to `logits`."""
        del self._nodes[-1].output[:]
        self._nodes[-1].output.append("logits")
        images = helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", network.channels, "H", "W"])
        outputs = network.outputs
        logits = helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["N", "K" if outputs is None else outputs])
        return helper.make_graph(self._nodes, "exactcnn", [images], [logits], self._weights)

    def _node(self, operator: str, name: str, extra: Sequence[str] = (), **attributes: Any) -> None:
        before = self._nodes[-1].output[0] if self._nodes else "images"
        self._nodes.append(helper.make_node(operator, [before, *extra], [name], name=name, **attributes))

    def _parameters(self, name: str, layer: Conv2d | Dense) -> list[str]:
        return [
            self._initializer(f"{name}.{kind}", _as_float32(kind, tensor))
            for kind, tensor in (("weight", layer.weight), ("bias", layer.bias))
        ]

    def _initializer(self, name: str, values: NDArray[np.float32] | NDArray[np.int64]) -> str:
        self._weights.append(numpy_helper.from_array(values, name))
        return name


def _window(layer: SpatialLayer) -> dict[str, Any]:
    return {
        "kernel_shape": list(kernel_of(layer)),
        "pads": list(layer.padding),
        "strides": list(layer.stride),
    }


def _check_average(layer: AvgPool2d) -> None:
    rows, columns = layer.kernel
    if max(layer.padding[0::2]) >= rows or max(layer.padding[1::2]) >= columns:
        raise InputError(
            "the padding of an average pool covers a whole window, which ONNX runtimes refuse",
            found=str(layer.padding),
            expected=f"less than {rows} rows and {columns} columns",
            hint="Save it as .xnet",
        )


def _as_float32(kind: str, tensor: ExactTensor) -> NDArray[np.float32]:
    """The tensor as float32 numbers that are equal to it."""
    nearest = np.clip(tensor.floats(), _FLOAT32.min, _FLOAT32.max).astype(np.float32)
    for index in _differing(tensor, nearest):
        place = f"{kind}[{', '.join(map(str, index))}]"
        raise InputError(
            "a weight is no float32 number",
            found=f"{place} = {_short(str(tensor.item(*index)))}",
            expected="0, or a normal float32 number",
            hint=_HINT,
        )
    return nearest


def _differing(tensor: ExactTensor, nearest: NDArray[np.float32]) -> Iterator[tuple[int, ...]]:
    """The places where the floats are not the tensor's numbers, or subnormal."""
    kept = ExactTensor.from_floats(nearest)
    unequal = kept.less(tensor) | tensor.less(kept) | ((nearest != 0) & (np.abs(nearest) < _FLOAT32.tiny))
    for flat in np.flatnonzero(unequal):
        yield tuple(int(i) for i in np.unravel_index(flat, tensor.shape))


def _short(text: str) -> str:
    return text if len(text) <= 60 else text[:60] + ".."

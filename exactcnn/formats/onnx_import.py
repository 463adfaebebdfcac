"""ONNX import: the chains of operators that exactcnn writes, read as the exact rationals they hold.

Anything else is refused by name: nothing in a model is skipped, guessed or approximated.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto, numpy_helper

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_export import INPUT_KEY, PRODUCER
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    Layer,
    MaxPool2d,
    Network,
    Padding,
    Pair,
    ReLU,
)

__all__ = ["from_onnx"]

_OPSETS = range(13, 23)
_FLOATS = {TensorProto.FLOAT: "float32", TensorProto.FLOAT16: "float16", TensorProto.DOUBLE: "float64"}
_OPERATORS = (
    "Conv",
    "Relu",
    "MaxPool",
    "AveragePool",
    "GlobalMaxPool",
    "GlobalAveragePool",
    "ReduceSum",
    "Flatten",
    "Gemm",
)
_POOLS = {"GlobalMaxPool": GlobalPool("max"), "GlobalAveragePool": GlobalPool("mean"), "ReduceSum": GlobalPool("sum")}


def from_onnx(data: bytes, source: str) -> Network:
    """The network of an ONNX model.

    Parameters
    ----------
    data: the file's bytes.
    source: the file's name, for messages.

    Raises
    ------
    InputError: the bytes are no valid ONNX model, or the model is more than a chain of the operators above with
        finite float16, float32 or float64 weights inside the file; the node, its operator and the attribute are named.
    """
    try:
        return _network(_model(data), source)
    except InputError as error:
        raise error.located(source=source) from None


def _model(data: bytes) -> onnx.ModelProto:
    """The model, valid by the onnx library's own checker."""
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise InputError(f"not an ONNX file ({_first_line(error)})") from None
    for tensor in model.graph.initializer:
        # Before the checker, which would look for the other file.
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise InputError("weights that lie in another file", place=f'weight "{tensor.name}"', hint=_ONE_FILE)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise InputError(f"not a valid ONNX model ({_first_line(error)})") from None
    return model


_ONE_FILE = "Save the model as one file"


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _network(model: onnx.ModelProto, source: str) -> Network:
    unit = _check_header(model)
    chain = _Chain(model.graph)
    channels = _channels(model.graph.input[0])
    layers: list[Layer] = []
    nodes = iter(model.graph.node)
    for node in nodes:
        reader = chain.next(node)
        layer, flattened = _layer(reader)
        reader.finish()
        layers.append(layer)
        if not flattened:
            following = next(nodes, None)
            if following is None or following.op_type != "Flatten":
                raise reader.error("a global pool that keeps its axes has to be followed by Flatten")
            flatten = chain.next(following)
            _layer(flatten)
            flatten.finish()
    chain.finish()
    return Network(tuple(layers), channels, unit, source)


def _check_header(model: onnx.ModelProto) -> InputUnit:
    """What surrounds the graph; returns the input's unit."""
    versions = [opset.version for opset in model.opset_import if opset.domain in ("", "ai.onnx")]
    if len(versions) != 1 or versions[0] not in _OPSETS:
        raise InputError(
            "an operator set that exactcnn does not read",
            found=", ".join(map(str, versions)) or "none",
            expected=f"version {_OPSETS[0]} to {_OPSETS[-1]}",
        )
    if model.functions or model.training_info:
        raise InputError("a model with functions or training information of its own", expected="a graph alone")
    graph = model.graph
    if graph.sparse_initializer or graph.quantization_annotation:
        raise InputError("sparse or quantised weights", expected="plain weights")
    for name, values in (("input", graph.input), ("output", graph.output)):
        if len(values) != 1:
            raise InputError(
                f"a graph with more than one {name}" if values else f"a graph without {name}",
                found=", ".join(f'"{v.name}"' for v in values) or "none",
                expected="exactly one",
            )
    units = [str(entry.value) for entry in model.metadata_props if entry.key == INPUT_KEY]
    known = {unit.value: unit for unit in InputUnit}
    # A file of exactcnn's own that lost its end must not pass for one that reads pixel values.
    if len(units) > 1 or any(unit not in known for unit in units) or (not units and model.producer_name == PRODUCER):
        raise InputError(
            f"metadata {INPUT_KEY} that exactcnn does not know",
            found=", ".join(units) or "none",
            expected="pixel or byte",
        )
    return known[units[0]] if units else InputUnit.PIXEL


def _channels(value: onnx.ValueInfoProto) -> int:
    """The fixed number of channels of the graph's input."""
    kind = value.type.tensor_type
    dimensions = kind.shape.dim
    if kind.elem_type not in _FLOATS or len(dimensions) != 4 or dimensions[1].dim_value < 1:
        shape = "x".join(str(d.dim_value or d.dim_param or "?") for d in dimensions)
        raise InputError(
            "an input that is no batch of images",
            place=f'input "{value.name}"',
            found=f"{TensorProto.DataType.Name(kind.elem_type)} {shape}",
            expected="floating-point numbers of shape NxCxHxW with a fixed C",
        )
    return int(dimensions[1].dim_value)


class _Chain:
    """The graph's nodes one after another, each fed by the one before, and the weights they use."""

    def __init__(self, graph: onnx.GraphProto) -> None:
        self._graph = graph
        self._value = graph.input[0].name
        self._weights: dict[str, TensorProto] = {}
        self._used: set[str] = set()
        for tensor in graph.initializer:
            if tensor.name in self._weights or tensor.name == self._value:
                raise InputError("a name given twice", place=f'weight "{tensor.name}"')
            self._weights[tensor.name] = tensor

    def next(self, node: onnx.NodeProto) -> _Node:
        """The node, after checking that it carries the chain on."""
        place = f'node "{node.name or node.output[0]}" ({node.op_type})'
        if node.domain not in ("", "ai.onnx") or node.op_type not in _OPERATORS:
            raise InputError("an operator that exactcnn does not read", place=place, expected=", ".join(_OPERATORS))
        if not node.input or node.input[0] != self._value:
            raise InputError(
                "a graph that is no chain", place=place, found=f"input {list(node.input[:1])}", expected=self._value
            )
        weights = []
        for name in node.input[1:]:
            if name not in self._weights:
                raise InputError(
                    "a graph that is no chain", place=place, found=f'input "{name}"', expected="weights of the model"
                )
            self._used.add(name)
            weights.append(self._weights[name])
        if len(node.output) != 1:
            raise InputError("a node with several outputs", place=place, expected="one")
        self._value = node.output[0]
        return _Node(node, place, weights)

    def finish(self) -> None:
        """Nothing, if the chain ends in the graph's output and has used every weight."""
        output = self._graph.output[0].name
        if self._value != output:
            raise InputError("a graph that is no chain", found=f'last value "{self._value}"', expected=f'"{output}"')
        for name in self._weights:
            if name not in self._used:
                raise InputError("a weight that no node uses", place=f'weight "{name}"')


class _Node:
    """One node: its weights and attributes are taken one by one; `finish` refuses what was left."""

    def __init__(self, node: onnx.NodeProto, place: str, weights: list[TensorProto]) -> None:
        self.operator = node.op_type
        self._place = place
        self._weights = weights
        self._attributes: Mapping[str, onnx.AttributeProto] = {a.name: a for a in node.attribute}
        self._taken: set[str] = set()

    def error(self, message: str, *, found: str | None = None, expected: str | None = None) -> InputError:
        """An error in this node."""
        return InputError(message, place=self._place, found=found, expected=expected)

    def attribute(self, name: str, default: Any) -> Any:
        """An attribute's value, or the default of the standard."""
        self._taken.add(name)
        if name not in self._attributes:
            return default
        value = onnx.helper.get_attribute_value(self._attributes[name])
        return list(value) if isinstance(default, list) else value

    def fixed(self, **wanted: Any) -> None:
        """Refuses an attribute (default: the value wanted) that has another value."""
        for name, value in wanted.items():
            found = self.attribute(name, value)
            if found != value:
                raise self.error(f"attribute {name} that exactcnn does not read", found=str(found), expected=str(value))

    def weight(self, axes: int) -> ExactTensor:
        """The next weight input, exactly."""
        if not self._weights:
            raise self.error("a missing weight")
        tensor = self._weights.pop(0)
        array = self._array(tensor)
        name = f'weight "{tensor.name}"'
        if tensor.data_type not in _FLOATS:
            kind = TensorProto.DataType.Name(tensor.data_type)
            raise self.error(f"{name} of another type", found=kind, expected=", ".join(_FLOATS.values()))
        if array.ndim != axes:
            raise self.error(f"{name} of the wrong shape", found=str(array.shape), expected=f"{axes} axes")
        bad = np.argwhere(~np.isfinite(array))
        if len(bad):
            index = tuple(int(i) for i in bad[0])
            raise self.error(
                f"{name} is not finite", found=f"{array[index]} at {list(index)}", expected="finite numbers"
            )
        return ExactTensor.from_floats(array)

    def axes(self) -> list[int]:
        """The next weight input as a list of axes."""
        if not self._weights:
            return []
        array = self._array(self._weights.pop(0))
        return sorted(int(axis) % 4 for axis in array.ravel())

    def bias(self, count: int) -> ExactTensor:
        """The next weight input, or zeros where it is left out."""
        return self.weight(1) if self._weights else ExactTensor.zeros((count,))

    def finish(self) -> None:
        """Refuses attributes and weights that were not taken."""
        for name in self._attributes:
            if name not in self._taken:
                raise self.error(f"attribute {name} that exactcnn does not read")
        if self._weights:
            raise self.error("a weight too many", found=f'"{self._weights[0].name}"')

    def _array(self, tensor: TensorProto) -> np.ndarray[Any, Any]:
        try:
            return numpy_helper.to_array(tensor)
        except (ValueError, TypeError) as error:
            raise self.error(f'weight "{tensor.name}" cannot be read ({_first_line(error)})') from None


def _layer(node: _Node) -> tuple[Layer, bool]:
    """The node's layer, and whether it leaves a batch of the layer's own shape (a global pool may keep its axes)."""
    operator = node.operator
    if operator == "Conv":
        weight = node.weight(4)
        bias = node.bias(weight.shape[0])
        kernel, stride, padding = _window(node, [*weight.shape[2:]])
        if kernel != weight.shape[2:]:
            raise node.error("kernel_shape differs from the weight", found=str(kernel), expected=str(weight.shape[2:]))
        node.fixed(group=1)
        return Conv2d(weight, bias, stride, padding), True
    if operator in ("MaxPool", "AveragePool"):
        return _local_pool(node), True
    if operator in _POOLS:
        keeps = True
        if operator == "ReduceSum":
            node.fixed(noop_with_empty_axes=0)
            keeps = bool(node.attribute("keepdims", 1))
            axes = node.axes()
            if axes != [2, 3]:
                raise node.error("a sum over other axes than rows and columns", found=str(axes), expected="[2, 3]")
        return _POOLS[operator], not keeps
    if operator == "Flatten":
        node.fixed(axis=1)
        return Flatten(), True
    if operator == "Gemm":
        return _dense(node), True
    return ReLU(), True


def _local_pool(node: _Node) -> MaxPool2d | AvgPool2d:
    kernel, stride, padding = _window(node, [])
    node.fixed(ceil_mode=0)
    if node.operator == "MaxPool":
        node.fixed(storage_order=0)
        return MaxPool2d(kernel, stride, padding)
    if any(padding):
        counted = node.attribute("count_include_pad", 0)
        if counted != 1:
            raise node.error("attribute count_include_pad with padding", found=str(counted), expected="1")
    else:
        node.attribute("count_include_pad", 0)
    return AvgPool2d(kernel, stride, padding)


def _window(node: _Node, kernel: list[int]) -> tuple[Pair, Pair, Padding]:
    """Kernel (with its default), stride and padding of a node with a window."""
    node.fixed(auto_pad=b"NOTSET", dilations=[1, 1])
    rows_columns = node.attribute("kernel_shape", kernel)
    stride = node.attribute("strides", [1, 1])
    padding = node.attribute("pads", [0, 0, 0, 0])
    if len(rows_columns) != 2 or len(stride) != 2 or len(padding) != 4:
        raise node.error("a window that is not two-dimensional")
    (rows, columns), (down, right), (top, left, bottom, end) = rows_columns, stride, padding
    return (rows, columns), (down, right), (top, left, bottom, end)


def _dense(node: _Node) -> Dense:
    node.fixed(alpha=1.0, beta=1.0, transA=0)
    weight = node.weight(2)
    if not node.attribute("transB", 0):
        weight = weight.transpose(1, 0)
    return Dense(weight, node.bias(weight.shape[0]))

"""From bytes to a checked graph: its nodes in order, its weights, its input; nothing is computed here."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import onnx
from google.protobuf.message import DecodeError
from onnx import TensorProto

from exactcnn.core.errors import InputError
from exactcnn.formats.onnx_export import INPUT_KEY, PRODUCER
from exactcnn.network.model import InputUnit

__all__ = ["MAX_NUMBERS", "OPSETS", "Graph", "read_graph"]

OPSETS = range(7, 26)
MAX_NUMBERS = 2 * 10**7
"""The most numbers in one tensor: as many weights as a network's text form may have."""
_MAX_BYTES = 2**28
_MAX_NODES = 10**4
_FLOATS = (TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.DOUBLE)
_OWN_DOMAIN = ("", "ai.onnx")
_ONE_FILE = (
    "Save the model as one file: from PyTorch by torch.onnx.export(..., external_data=False), "
    'and what is already saved by onnx.save(onnx.load("NET.onnx"), "ONE.onnx")'
)


@dataclass(frozen=True)
class Graph:
    """A valid graph with one input and one output.

    Attributes
    ----------
    nodes: those that the output depends on, each after the nodes it depends on.
    weights: initialisers by name.
    input: the input's name.
    shape: the input's dimensions; None where one is open.
    float32: whether the input's numbers are of that type.
    output: the output's name.
    opset: the version of the operators.
    unit: what an input number means.
    """

    nodes: tuple[onnx.NodeProto, ...]
    weights: Mapping[str, TensorProto]
    input: str
    shape: tuple[int | None, ...]
    float32: bool
    output: str
    opset: int
    unit: InputUnit


def read_graph(data: bytes) -> Graph:
    """The graph of a model's bytes.

    Raises
    ------
    InputError: they are no valid model of this shape, by the onnx library's own checker and the rules above.
    """
    if len(data) > _MAX_BYTES:
        raise InputError("a model that is too large", found=f"{len(data)} bytes", expected=f"at most {_MAX_BYTES}")
    try:
        model = onnx.load_model_from_string(data)
    except (DecodeError, ValueError) as error:
        raise InputError(f"not an ONNX file ({_first_line(error)})") from None
    if not model.HasField("graph"):
        raise InputError("not a valid ONNX model (it has no graph)")
    opset = _opset(model)
    # Before the checker, which follows functions into each other, however often that doubles the work.
    if model.functions or model.training_info:
        raise InputError("a model with functions or training information of its own", expected="a graph alone")
    _check_tensors(model.graph)
    order = _sorted(model.graph)
    if order != list(range(len(order))):
        # The standard wants nodes in order, but not every tool writes them so; runtimes sort them too.
        nodes = [onnx.NodeProto.FromString(model.graph.node[i].SerializeToString()) for i in order]
        del model.graph.node[:]
        model.graph.node.extend(nodes)
    try:
        onnx.checker.check_model(model, full_check=True)
    except (onnx.checker.ValidationError, onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise InputError(f"not a valid ONNX model ({_first_line(error)})") from None
    return _graph(model, opset)


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return lines[0][:300] if lines else type(error).__name__


def _check_tensors(graph: onnx.GraphProto) -> None:
    """Nothing, if all tensors lie in this file and are of a bearable size. Before the checker, which reads them."""
    for place, tensor in _tensors(graph):
        if tensor.data_location == TensorProto.EXTERNAL or tensor.external_data:
            raise InputError("weights that lie in another file", place=place, hint=_ONE_FILE)
        if any(length < 0 for length in tensor.dims) or math.prod(tensor.dims) > MAX_NUMBERS:
            shape = "x".join(map(str, tensor.dims))
            raise InputError("a tensor that is too large", place=place, found=shape, expected=f"{MAX_NUMBERS} numbers")


def _tensors(graph: onnx.GraphProto) -> Iterator[tuple[str, TensorProto]]:
    for tensor in graph.initializer:
        yield f'weight "{tensor.name}"', tensor
    for node in graph.node:
        for attribute in node.attribute:
            if attribute.HasField("t"):
                yield f"{place_of(node)}, attribute {attribute.name}", attribute.t
            for tensor in attribute.tensors:
                yield f"{place_of(node)}, attribute {attribute.name}", tensor


def place_of(node: onnx.NodeProto) -> str:
    """How messages name a node."""
    name = node.name or (node.output[0] if node.output else "")
    return f'node "{name}" ({node.op_type})'


def _sorted(graph: onnx.GraphProto) -> list[int]:
    """The nodes' numbers, each after those that it depends on, otherwise in the file's order.

    Raises
    ------
    InputError: too many nodes, a value made twice, or a cycle.
    """
    count = len(graph.node)
    if count > _MAX_NODES:
        raise InputError("a graph with too many nodes", found=str(count), expected=f"at most {_MAX_NODES}")
    maker: dict[str, int] = {}
    for number, node in enumerate(graph.node):
        for name in filter(None, node.output):
            if name in maker:
                raise InputError("not a valid ONNX model (a value is made twice)", place=place_of(node), found=name)
            maker[name] = number
    waits = [{maker[name] for name in node.input if name in maker} for node in graph.node]
    order: list[int] = []
    done = [False] * count
    stack: list[int] = []
    for first in range(count):
        stack.append(first)
        entered: set[int] = set()
        while stack:
            number = stack[-1]
            missing = [n for n in sorted(waits[number], reverse=True) if not done[n]]
            if done[number] or not missing:
                stack.pop()
                if not done[number]:
                    done[number] = True
                    order.append(number)
            elif number in entered:
                raise InputError("not a valid ONNX model (a cycle)", place=place_of(graph.node[number]))
            else:
                entered.add(number)
                stack += missing
    return order


def _graph(model: onnx.ModelProto, opset: int) -> Graph:
    graph = model.graph
    if graph.sparse_initializer or graph.quantization_annotation:
        raise InputError("sparse or quantised weights", expected="plain weights")
    weights = {tensor.name: tensor for tensor in graph.initializer}
    # Older files list their weights as inputs too.
    inputs = [value for value in graph.input if value.name not in weights]
    for name, values in (("input", inputs), ("output", graph.output)):
        if len(values) != 1:
            raise InputError(
                f"a graph with more than one {name}" if values else f"a graph without {name}",
                found=", ".join(f'"{v.name}"' for v in values) or "none",
                expected="exactly one",
            )
    output = graph.output[0].name
    return Graph(
        tuple(_needed(graph, output)),
        weights,
        inputs[0].name,
        _shape(inputs[0]),
        inputs[0].type.tensor_type.elem_type == TensorProto.FLOAT,
        output,
        opset,
        _unit(model),
    )


def _opset(model: onnx.ModelProto) -> int:
    versions = [int(opset.version) for opset in model.opset_import if opset.domain in _OWN_DOMAIN]
    if len(versions) != 1 or versions[0] not in OPSETS:
        raise InputError(
            "an operator set that exactcnn does not read",
            found=", ".join(map(str, versions)) or "none",
            expected=f"version {OPSETS[0]} to {OPSETS[-1]}",
        )
    return versions[0]


def _unit(model: onnx.ModelProto) -> InputUnit:
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


def _shape(value: onnx.ValueInfoProto) -> tuple[int | None, ...]:
    """The input's dimensions: (N, C, H, W), (N, H, W, C) or (N, K)."""
    kind = value.type.tensor_type
    shape = tuple(int(d.dim_value) if d.HasField("dim_value") else None for d in kind.shape.dim)
    if kind.elem_type not in _FLOATS or len(shape) not in (2, 4) or 0 in shape:
        text = "x".join(str(d.dim_value or d.dim_param or "?") for d in kind.shape.dim)
        raise InputError(
            "an input that is no batch of images",
            place=f'input "{value.name}"',
            found=f"{TensorProto.DataType.Name(kind.elem_type)} {text}",
            expected="floating-point numbers of shape NxCxHxW, NxHxWxC or NxK",
        )
    return shape


def _needed(graph: onnx.GraphProto, output: str) -> list[onnx.NodeProto]:
    """The nodes that the output depends on, in the graph's order; what no output depends on computes nothing."""
    names = {output}
    kept = []
    for node in reversed(graph.node):
        if names.intersection(node.output):
            if node.domain not in _OWN_DOMAIN:
                raise InputError(
                    "an operator that exactcnn does not read", place=place_of(node), found=f'domain "{node.domain}"'
                )
            if not node.output[0]:
                raise InputError("a node that is read for another output than its first", place=place_of(node))
            names.update(filter(None, node.input))
            kept.append(node)
    return kept[::-1]

"""A second, independent reader of ONNX files: it rebuilds a statement's network section from a model's bytes.

    python -I -S onnx_reader.py MODEL STATEMENT

says whether the statement's `source` is the SHA-256 of the model's bytes and its network section is what these bytes
hold. Standard library only; it decodes the protobuf wire format by hand and shares no code with the package's
importer. It reads plain float32 chains, as exactcnn exports them and many others do too: convolutions without groups
and dilations, ReLUs, pools, dense layers, one after another. Everything else it refuses by name: such a graph has to be
lowered to a chain first, which only the package's importer does.
"""

from __future__ import annotations

import hashlib
import struct
import sys
from collections.abc import Iterator
from itertools import groupby

__all__ = ["OnnxError", "network_text"]

Value = int | bytes
Message = dict[int, list[Value]]
Attributes = dict[str, list[int] | float]

# The fields that are read or say nothing about what is computed (names, versions, comments, shapes in between), each
# with its wire types: 0 for integers, 2 for texts, messages and packed integers, 5 for float32. Other programs pass
# over a field of another wire type as one that they do not know, so that it must not be read.
_MODEL = {1: "0", 2: "2", 3: "2", 4: "2", 5: "0", 6: "2", 7: "2", 8: "2", 14: "2"}
"""ir_version, producer_name (2), .., graph (7), opset_import (8), metadata_props (14)"""
_GRAPH = {1: "2", 2: "2", 5: "2", 10: "2", 11: "2", 12: "2", 13: "2"}  # node, initializer (5), input (11), output (12)
_NODE = {1: "2", 2: "2", 3: "2", 4: "2", 5: "2", 6: "2"}  # input, output, name, op_type, attribute, doc_string
_ATTRIBUTE = {1: "2", 2: "5", 3: "0", 8: "02", 13: "2", 20: "0"}  # name, f, i, ints, doc_string, type
_TENSOR = {1: "02", 2: "0", 8: "2", 9: "2"}  # dims, data_type, name, raw_data
_VALUE = {1: "2", 2: "2"}  # name, type
_TYPE = {1: "2"}  # tensor_type
_TENSOR_TYPE = {1: "0", 2: "2"}  # elem_type, shape
_SHAPE = {1: "2"}  # dim
_DIMENSION = {1: "0", 2: "2"}  # dim_value, dim_param
_OPERATOR_SET = {1: "2", 2: "0"}  # domain, version
_PROPERTY = {1: "2", 2: "2"}  # key, value
_FLOAT32, _INT64 = 1, 7
_VERSIONS = range(4, 15)  # before 4 every weight is an input as well
_OPSETS = range(13, 26)
_WINDOW: Attributes = {"kernel_shape": [], "pads": [0, 0, 0, 0], "strides": [1, 1], "dilations": [1, 1]}
_OPERATORS: dict[str, Attributes] = {
    # The attributes that are read, with the standard's defaults.
    "Conv": {**_WINDOW, "group": [1]},
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": [0], "transB": [0]},
    "MaxPool": {**_WINDOW, "ceil_mode": [0], "storage_order": [0]},
    "AveragePool": {**_WINDOW, "ceil_mode": [0], "count_include_pad": [0]},
    "GlobalMaxPool": {},
    "GlobalAveragePool": {},
    "ReduceSum": {"keepdims": [1], "noop_with_empty_axes": [0]},
    "Relu": {},
    "Flatten": {"axis": [1]},
}
_SWITCHES = frozenset({"transB", "count_include_pad", "keepdims", "storage_order"})
_ANY = _SWITCHES | {"kernel_shape", "pads", "strides"}
"""The attributes that may have other values than the default."""
_LISTS = frozenset({"kernel_shape", "pads", "strides", "dilations"})
_POOLS = {"GlobalMaxPool": "max", "GlobalAveragePool": "mean"}


class OnnxError(Exception):
    """The bytes are no plain chain; the text says what is wrong with them."""


def network_text(data: bytes) -> str:
    """The network section (`.xnet` text) of a model's bytes.

    Raises
    ------
    OnnxError: they are no ONNX model of a plain chain.
    """
    model = _message(data, _MODEL, "model")
    if _one(model, 1, "version of the format") not in _VERSIONS:
        raise OnnxError(f"the format is not one of versions {_VERSIONS[0]} to {_VERSIONS[-1]}")
    versions = [_message(_bytes(v), _OPERATOR_SET, "operator set") for v in model.get(8, [])]
    if [_text(v, 1) for v in versions] != [""] or _one(versions[0], 2, "version") not in _OPSETS:
        raise OnnxError(f"the operator set is not one of versions {_OPSETS[0]} to {_OPSETS[-1]}")
    graph = _message(_bytes(_one(model, 7, "graph")), _GRAPH, "graph")
    channels, fixed = _channels(graph)
    lines = ["exactcnn network 1", f"input {_unit(model)} channels {channels}", *_layers(graph, fixed), "end"]
    return "\n".join([*lines, ""])


def _unit(model: Message) -> str:
    """What an input number means: the metadata say it, or nobody does."""
    properties = [_message(_bytes(p), _PROPERTY, "metadata") for p in model.get(14, [])]
    units = [_text(p, 2) for p in properties if _text(p, 1) == "exactcnn.input"]
    if not units and _text(model, 2) != "exactcnn":
        return "pixel"
    if len(units) != 1 or units[0] not in ("pixel", "byte"):
        raise OnnxError("the metadata does not say what an input means")
    return units[0]


# -- the wire format --------------------------------------------------------------------------------------------------


def _varint(data: bytes, place: int) -> tuple[int, int]:
    """A number of 64 bits and where it ends."""
    value = 0
    for shift in range(0, 70, 7):
        if place >= len(data):
            raise OnnxError("the file ends too early")
        byte = data[place]
        place += 1
        value |= (byte & 127) << shift
        if byte < 128:
            return value & ((1 << 64) - 1), place
    raise OnnxError("a number of more than 64 bits")


def _message(data: bytes, known: dict[int, str], what: str) -> Message:
    """The fields of a message by number; fixed-size numbers stay bytes."""
    found: Message = {}
    place = 0
    while place < len(data):
        key, end = _varint(data, place)
        number, wire = key >> 3, key & 7
        value: Value
        if number not in known or end - place > 2:
            raise OnnxError(f"field {number} of a {what}, which is not read")
        if str(wire) not in known[number]:
            raise OnnxError(f"wire type {wire} of field {number} of a {what}")
        if wire == 0:
            value, place = _varint(data, end)
        else:
            size, place = _varint(data, end) if wire == 2 else (4, end)
            value = data[place : place + size]
            place += size
            if place > len(data):
                raise OnnxError("the file ends too early")
        found.setdefault(number, []).append(value)
    return found


def _one(message: Message, number: int, what: str) -> Value:
    values = message.get(number, [])
    if len(values) != 1:
        raise OnnxError(f"{len(values)} values of {what} where one is expected")
    return values[0]


def _bytes(value: Value) -> bytes:
    if not isinstance(value, bytes):
        raise OnnxError("a number where a message or a text is expected")
    return value


def _text(message: Message, number: int) -> str:
    """A text field; empty if it is left out."""
    texts = _texts(message, number)
    if len(texts) > 1:
        raise OnnxError(f"{len(texts)} texts where one is expected")
    return texts[0] if texts else ""


def _texts(message: Message, number: int) -> list[str]:
    """A repeated text field."""
    try:
        return [_bytes(value).decode("utf-8") for value in message.get(number, [])]
    except UnicodeDecodeError:
        raise OnnxError("a text that is not UTF-8") from None


def _integers(message: Message, number: int) -> list[int]:
    """A repeated integer field, packed or not."""
    found = []
    for value in message.get(number, []):
        if isinstance(value, int):
            found.append(value)
            continue
        place = 0
        while place < len(value):
            integer, place = _varint(value, place)
            found.append(integer)
    return found


# -- the graph --------------------------------------------------------------------------------------------------------


def _channels(graph: Message) -> tuple[int, bool]:
    """The channels of the graph's only input, a batch of float32 images, and whether rows or columns are fixed."""
    value = _message(_bytes(_one(graph, 11, "input")), _VALUE, "input")
    kind = _message(_bytes(_one(value, 2, "type")), _TYPE, "type")
    tensor = _message(_bytes(_one(kind, 1, "tensor type")), _TENSOR_TYPE, "tensor type")
    shape = _message(_bytes(_one(tensor, 2, "shape")), _SHAPE, "shape")
    sizes = [_message(_bytes(d), _DIMENSION, "dimension") for d in shape.get(1, [])]
    if tensor.get(1) != [_FLOAT32] or len(sizes) != 4 or any(len(s) > 1 for s in sizes):
        raise OnnxError("the input is no batch of float32 images")
    channels = _one(sizes[1], 1, "channels")
    if not isinstance(channels, int) or not 0 < channels < 10**9:
        raise OnnxError("a number of channels that is none")
    return channels, any(1 in s for s in sizes[2:])


class _Tensor:
    """A weight: its shape and its numbers (exact fractions as text, or integers)."""

    def __init__(self, data: bytes) -> None:
        message = _message(data, _TENSOR, "weight")
        self.name, self.shape = _text(message, 8), _integers(message, 1)
        raw, kind = _bytes(_one(message, 9, "raw data")), _one(message, 2, "data type")
        size = 1
        for length in self.shape:
            size *= length
        width = {_FLOAT32: 4, _INT64: 8}.get(kind if isinstance(kind, int) else 0, 0)
        if not width or len(raw) != size * width or size > 2 * 10**7:
            raise OnnxError(f'weight "{self.name}" is no float32 (or int64) tensor of its shape')
        self.kind = kind
        self.integers = list(struct.unpack(f"<{size}q", raw)) if kind == _INT64 else []
        self.numbers = list(map(_exact, struct.unpack(f"<{size}I", raw))) if kind == _FLOAT32 else []

    def transpose(self) -> None:
        """Rows become columns."""
        rows, columns = self.shape
        self.numbers = [self.numbers[i * columns + j] for j in range(columns) for i in range(rows)]
        self.shape = [columns, rows]


def _exact(bits: int) -> str:
    """The float32 with these bits as an exact rational."""
    exponent, fraction = bits >> 23 & 255, bits & 0x7FFFFF
    if exponent == 255:
        raise OnnxError("a weight that is not finite")
    mantissa = fraction | 0x800000 if exponent else fraction
    power = max(exponent, 1) - 150
    if not mantissa:
        return "0"
    while power < 0 and mantissa % 2 == 0:
        mantissa //= 2
        power += 1
    sign = "-" if bits >> 31 else ""
    return f"{sign}{mantissa << power}" if power >= 0 else f"{sign}{mantissa}/{1 << -power}"


def _layers(graph: Message, fixed: bool) -> Iterator[str]:
    """The lines of all layers.

    An image of fixed size that is flattened is something else than a flatten of images of any size.
    """
    tensors = [_Tensor(_bytes(d)) for d in graph.get(5, [])]
    weights = {t.name: t for t in tensors}
    value = _text(_message(_bytes(_one(graph, 11, "input")), _VALUE, "input"), 1)
    # The names of all values; an empty one would stand for an input that is left out.
    known = {"", value, *weights}
    if len(known) != len(tensors) + 2:
        raise OnnxError("two weights of one name, or a weight or an input without a name of its own")
    pending = False  # a global pool that keeps its axes: a Flatten has to follow
    flat = False
    for data in graph.get(1, []):
        node = _message(_bytes(data), _NODE, "node")
        operator, inputs, outputs = _text(node, 4), _texts(node, 1), _texts(node, 2)
        if operator not in _OPERATORS:
            raise OnnxError(f'operator "{operator}", which is not read')
        fits = inputs[:1] == [value] and len(set(inputs)) == len(inputs) and weights.keys() >= set(inputs[1:])
        if not fits or len(outputs) != 1 or outputs[0] in known:
            raise OnnxError("a graph that is no chain")
        if pending and operator != "Flatten":
            raise OnnxError("a global pool without the Flatten that follows it")
        if operator == "Flatten" and fixed and not flat:
            raise OnnxError("a flatten of images of one size")
        taken = [weights.pop(x) for x in inputs[1:]]
        attributes = _attributes(node, operator)
        lines = list(_layer(operator, attributes, taken))
        yield from () if pending else lines
        pending = operator in _POOLS or (operator == "ReduceSum" and attributes["keepdims"] == [1])
        flat = flat or pending or operator in ("Flatten", "ReduceSum")
        value = outputs[0]
        known.add(value)
    last = _text(_message(_bytes(_one(graph, 12, "output")), _VALUE, "output"), 1)
    if weights or pending or value != last or not flat:
        raise OnnxError("a weight that no node uses, or a graph that does not end in logits that are its output")


def _attributes(node: Message, operator: str) -> Attributes:
    """The attributes of a node, with the standard's defaults for those that are left out."""
    found: Attributes = {}
    for data in node.get(5, []):
        message = _message(_bytes(data), _ATTRIBUTE, "attribute")
        name, wanted = _text(message, 1), _OPERATORS[operator]
        if name in found:
            raise OnnxError(f'two attributes "{name}"')
        if name not in wanted:
            raise OnnxError(f'attribute "{name}" of "{operator}", which is not read')
        # The field of the value, and the type that says so: f, ints or i.
        field, kind = (2, 1) if isinstance(wanted[name], float) else (8, 7) if name in _LISTS else (3, 2)
        if _one(message, 20, "attribute type") != kind or message.keys() & {2, 3, 8} != {field}:
            raise OnnxError(f'attribute "{name}" of "{operator}" is of another type')
        if kind == 1:
            (number,) = struct.unpack("<f", _bytes(_one(message, 2, "float")))
            found[name] = float(number)
        else:
            found[name] = _integers(message, field)
            if kind == 2 and len(message[field]) != 1:
                raise OnnxError(f'two values of attribute "{name}"')
    for name, value in found.items():
        if name not in _ANY and value != _OPERATORS[operator][name]:
            raise OnnxError(f'attribute "{name}" of "{operator}", or its value, which is not read')
        if name in _SWITCHES and value not in ([0], [1]):
            raise OnnxError(f'attribute "{name}" of "{operator}" is no switch')
    return _OPERATORS[operator] | found


def _layer(operator: str, attributes: Attributes, weights: list[_Tensor]) -> Iterator[str]:
    """The lines of one layer."""
    if operator in ("Conv", "Gemm"):
        axes = 4 if operator == "Conv" else 2
        if [(len(t.shape), t.kind) for t in weights] not in ([(axes, _FLOAT32), (1, _FLOAT32)], [(axes, _FLOAT32)]):
            raise OnnxError(f"the weights of {operator}")
        weight = weights[0]
        if operator == "Gemm" and attributes["transB"] == [0]:
            weight.transpose()
        outputs, inputs = weight.shape[:2]
        bias = weights[1].numbers if len(weights) > 1 else ["0"] * outputs
        if len(bias) != outputs or 0 in weight.shape:
            raise OnnxError(f"the shapes of the weights of {operator}")
        head = f"out {outputs} in {inputs}"
        yield f"conv {head} {_window(attributes, weight.shape[2:])}" if operator == "Conv" else f"dense {head}"
        each = len(weight.numbers) // outputs
        for o in range(outputs):
            yield _runs(weight.numbers[o * each : (o + 1) * each])
        yield "bias " + _runs(bias)
        return
    if operator == "ReduceSum":
        if [t.integers for t in weights] != [[2, 3]]:
            raise OnnxError("a sum over other axes than rows and columns")
        yield "globalpool sum"
        return
    if weights:
        raise OnnxError(f"{operator} with weights")
    if operator == "AveragePool" and attributes["count_include_pad"] != [1] and attributes["pads"] != [0, 0, 0, 0]:
        raise OnnxError("a mean whose divisor changes at the border")
    if operator in ("MaxPool", "AveragePool"):
        yield f"{'maxpool' if operator == 'MaxPool' else 'avgpool'} {_window(attributes, [])}"
    else:
        yield f"globalpool {_POOLS[operator]}" if operator in _POOLS else operator.lower()


def _window(attributes: Attributes, kernel: list[int]) -> str:
    shape, strides, pads = (attributes[name] for name in ("kernel_shape", "strides", "pads"))
    if not isinstance(shape, list) or not isinstance(strides, list) or not isinstance(pads, list):
        raise OnnxError("a window that is not made of integers")
    shape = shape or kernel
    if (len(shape), len(strides), len(pads)) != (2, 2, 4) or (kernel and kernel != shape):
        raise OnnxError("a window that is not two-dimensional, or not the weight's")
    if max(*shape, *strides, *pads) >= 10**9:
        raise OnnxError("a window that is too large")
    if not kernel and any(pad >= length for pad, length in zip(pads, shape * 2, strict=True)):
        raise OnnxError("padding of a pool that covers a whole window")
    numbers = " ".join(map(str, strides)), " ".join(map(str, pads))
    return f"rows {shape[0]} columns {shape[1]} stride {numbers[0]} padding {numbers[1]}"


def _runs(numbers: list[str]) -> str:
    """Run-length coded."""
    runs = ((text, len(list(group))) for text, group in groupby(numbers))
    return " ".join(text if length == 1 else f"{length}*{text}" for text, length in runs)


def main(arguments: list[str]) -> int:
    """Compares a model with a statement: 0 if they agree, 1 if not, 4 for files that cannot be read."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -I -S onnx_reader.py MODEL STATEMENT\n")
        return 4
    try:
        with open(arguments[0], "rb") as model, open(arguments[1], "rb") as statement:  # noqa: PTH123
            data, text = model.read(), statement.read()
    except OSError as error:
        sys.stderr.write(f"cannot read: {error}\n")
        return 4
    digest = hashlib.sha256(data).hexdigest()
    try:
        section = network_text(data).encode("ascii")
    except OnnxError as error:
        sys.stdout.write(f"DIFFERENT {error}\n")
        return 1
    if f"\nsource {digest}\n".encode() not in text or not text.endswith(b"\nnetwork\n" + section + b"end\n"):
        sys.stdout.write("DIFFERENT the statement is not about this model\n")
        return 1
    sys.stdout.write(f"SAME {digest}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

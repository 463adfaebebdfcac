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

# The fields that are read or say nothing about what is computed (names, versions, comments, shapes in between).
_MODEL = frozenset({1, 2, 3, 4, 5, 6, 7, 8, 14})  # .. producer_name (2), graph (7), opset_import (8), metadata_props
_GRAPH = frozenset({1, 2, 5, 10, 11, 12, 13})  # node (1), initializer (5), input (11), output (12) ..
_NODE = frozenset({1, 2, 3, 4, 5, 6})  # input, output, name, op_type, attribute, doc_string
_ATTRIBUTE = frozenset({1, 2, 3, 8, 13, 20})  # name, f, i, ints, doc_string, type
_TENSOR = frozenset({1, 2, 8, 9})  # dims, data_type, name, raw_data
_FLOAT32, _INT64 = 1, 7
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
    versions = [_message(_bytes(v), frozenset({1, 2}), "operator set") for v in model.get(8, [])]
    if [_text(v, 1) for v in versions] != [""] or _one(versions[0], 2, "version") not in _OPSETS:
        raise OnnxError(f"the operator set is not one of versions {_OPSETS[0]} to {_OPSETS[-1]}")
    graph = _message(_bytes(_one(model, 7, "graph")), _GRAPH, "graph")
    channels, fixed = _channels(graph)
    lines = ["exactcnn network 1", f"input {_unit(model)} channels {channels}", *_layers(graph, fixed), "end"]
    return "\n".join([*lines, ""])


def _unit(model: Message) -> str:
    """What an input number means: the metadata say it, or nobody does."""
    properties = [_message(_bytes(p), frozenset({1, 2}), "metadata") for p in model.get(14, [])]
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


def _message(data: bytes, known: frozenset[int], what: str) -> Message:
    """The fields of a message by number; fixed-size numbers stay bytes."""
    found: Message = {}
    place = 0
    while place < len(data):
        key, place = _varint(data, place)
        number, wire = key >> 3, key & 7
        value: Value
        if number not in known:
            raise OnnxError(f"field {number} of a {what}, which is not read")
        if wire == 0:
            value, place = _varint(data, place)
        elif wire in (2, 5):
            size, place = _varint(data, place) if wire == 2 else (4, place)
            value = data[place : place + size]
            place += size
            if place > len(data):
                raise OnnxError("the file ends too early")
        else:
            raise OnnxError(f"wire type {wire} of a {what}")
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
    values = message.get(number, [b""])
    try:
        return _bytes(values[0] if len(values) == 1 else 0).decode("utf-8")
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
    value = _message(_bytes(_one(graph, 11, "input")), frozenset({1, 2}), "input")
    kind = _message(_bytes(_one(value, 2, "type")), frozenset({1}), "type")
    tensor = _message(_bytes(_one(kind, 1, "tensor type")), frozenset({1, 2}), "tensor type")
    shape = _message(_bytes(_one(tensor, 2, "shape")), frozenset({1}), "shape")
    sizes = [_message(_bytes(d), frozenset({1, 2}), "dimension") for d in shape.get(1, [])]
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
    weights = {t.name: t for t in (_Tensor(_bytes(d)) for d in graph.get(5, []))}
    if len(weights) != len(graph.get(5, [])):
        raise OnnxError("two weights of one name")
    value = _text(_message(_bytes(_one(graph, 11, "input")), frozenset({1, 2}), "input"), 1)
    pending = False  # a global pool that keeps its axes: a Flatten has to follow
    flat = False
    for data in graph.get(1, []):
        node = _message(_bytes(data), _NODE, "node")
        operator, inputs = _text(node, 4), [_bytes(x).decode("utf-8", "replace") for x in node.get(1, [])]
        if operator not in _OPERATORS:
            raise OnnxError(f'operator "{operator}", which is not read')
        outputs = [_bytes(x).decode("utf-8", "replace") for x in node.get(2, [])]
        if inputs[:1] != [value] or any(x not in weights for x in inputs[1:]) or len(outputs) != 1:
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
    last = _text(_message(_bytes(_one(graph, 12, "output")), frozenset({1, 2}), "output"), 1)
    if weights or pending or value != last or not flat:
        raise OnnxError("a weight that no node uses, or a graph that does not end in logits that are its output")


def _attributes(node: Message, operator: str) -> Attributes:
    """The attributes of a node, with the standard's defaults for those that are left out."""
    found: Attributes = {}
    for data in node.get(5, []):
        message = _message(_bytes(data), _ATTRIBUTE, "attribute")
        name, kind = _text(message, 1), _one(message, 20, "attribute type")
        if name in found:
            raise OnnxError(f'two attributes "{name}"')
        if kind == 1:
            (number,) = struct.unpack("<f", _bytes(_one(message, 2, "float")).ljust(4)[:4])
            found[name] = float(number)
        else:
            found[name] = _integers(message, 3 if kind == 2 else 8)
    wanted = _OPERATORS[operator]
    for name, value in found.items():
        if name not in wanted or (name not in _ANY and value != wanted[name]):
            raise OnnxError(f'attribute "{name}" of "{operator}", or its value, which is not read')
        if name in _SWITCHES and value not in ([0], [1]):
            raise OnnxError(f'attribute "{name}" of "{operator}" is no switch')
    return wanted | found


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

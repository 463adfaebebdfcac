"""A second, independent reader of the ONNX files that exactcnn writes: it rebuilds a statement's network section.

    python -I -S onnx_reader.py MODEL STATEMENT

says whether the statement's `source` is the SHA-256 of the model's bytes and its network section is what these bytes
hold. Standard library only; it decodes the protobuf wire format by hand and shares no code with the package's
importer. It reads float32 chains as exactcnn exports them, and refuses everything else by name.
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

_MODEL = frozenset({1, 2, 3, 7, 8, 14})  # ir_version, producer_name and _version, graph, opset_import, metadata_props
_GRAPH = frozenset({1, 2, 5, 11, 12})  # node, name, initializer, input, output
_NODE = frozenset({1, 2, 3, 4, 5})  # input, output, name, op_type, attribute
_ATTRIBUTE = frozenset({1, 2, 3, 8, 20})  # name, f, i, ints, type
_TENSOR = frozenset({1, 2, 8, 9})  # dims, data_type, name, raw_data
_FLOAT32, _INT64 = 1, 7
_OPSET = 17
_WINDOW: Attributes = {"kernel_shape": [], "pads": [], "strides": []}
_OPERATORS: dict[str, Attributes] = {
    # The attributes that exactcnn writes; where a value stands here, no other is read.
    "Conv": _WINDOW,
    "Gemm": {"alpha": 1.0, "beta": 1.0, "transA": [0], "transB": [1]},
    "MaxPool": {**_WINDOW, "ceil_mode": [0]},
    "AveragePool": {**_WINDOW, "ceil_mode": [0], "count_include_pad": [1]},
    "GlobalMaxPool": {},
    "GlobalAveragePool": {},
    "ReduceSum": {"keepdims": [0], "noop_with_empty_axes": [0]},
    "Relu": {},
    "Flatten": {"axis": [1]},
}
_POOLS = {"GlobalMaxPool": "max", "GlobalAveragePool": "mean"}


class OnnxError(Exception):
    """The bytes are no model as exactcnn writes them; the text says what is wrong with them."""


def network_text(data: bytes) -> str:
    """The network section (`.xnet` text) of a model's bytes.

    Raises
    ------
    OnnxError: they are no ONNX model as exactcnn writes it.
    """
    model = _message(data, _MODEL, "model")
    versions = [_message(_bytes(v), frozenset({1, 2}), "operator set") for v in model.get(8, [])]
    if [(_text(v, 1), v.get(2)) for v in versions] != [("", [_OPSET])]:
        raise OnnxError(f"the operator set is not version {_OPSET}")
    properties = [_message(_bytes(p), frozenset({1, 2}), "metadata") for p in model.get(14, [])]
    if [_text(p, 1) for p in properties] != ["exactcnn.input"] or _text(properties[0], 2) not in ("pixel", "byte"):
        raise OnnxError("the metadata does not say what an input means")
    graph = _message(_bytes(_one(model, 7, "graph")), _GRAPH, "graph")
    lines = [
        "exactcnn network 1",
        f"input {_text(properties[0], 2)} channels {_channels(graph)}",
        *_layers(graph),
        "end",
    ]
    return "\n".join([*lines, ""])


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
            raise OnnxError(f"field {number} of a {what}, which exactcnn does not write")
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


def _channels(graph: Message) -> int:
    """The channels of the graph's only input, a batch of float32 images."""
    value = _message(_bytes(_one(graph, 11, "input")), frozenset({1, 2}), "input")
    kind = _message(_bytes(_one(value, 2, "type")), frozenset({1}), "type")
    tensor = _message(_bytes(_one(kind, 1, "tensor type")), frozenset({1, 2}), "tensor type")
    shape = _message(_bytes(_one(tensor, 2, "shape")), frozenset({1}), "shape")
    sizes = [_message(_bytes(d), frozenset({1, 2}), "dimension") for d in shape.get(1, [])]
    if tensor.get(1) != [_FLOAT32] or [list(s) for s in sizes] != [[2], [1], [2], [2]]:
        raise OnnxError("the input is no batch of float32 images")
    channels = _one(sizes[1], 1, "channels")
    if not isinstance(channels, int) or not 0 < channels < 10**9:
        raise OnnxError("a number of channels that is none")
    return channels


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


def _layers(graph: Message) -> Iterator[str]:
    """The lines of all layers."""
    weights = {t.name: t for t in (_Tensor(_bytes(d)) for d in graph.get(5, []))}
    if len(weights) != len(graph.get(5, [])):
        raise OnnxError("two weights of one name")
    value = _text(_message(_bytes(_one(graph, 11, "input")), frozenset({1, 2}), "input"), 1)
    pending = False  # a global pool that keeps its axes: a Flatten has to follow
    for data in graph.get(1, []):
        node = _message(_bytes(data), _NODE, "node")
        operator, inputs = _text(node, 4), [_bytes(x).decode("utf-8", "replace") for x in node.get(1, [])]
        if operator not in _OPERATORS:
            raise OnnxError(f'operator "{operator}", which exactcnn does not write')
        if inputs[:1] != [value] or any(x not in weights for x in inputs[1:]):
            raise OnnxError("a graph that is no chain")
        if pending and operator != "Flatten":
            raise OnnxError("a global pool without the Flatten that follows it")
        taken = [weights.pop(x) for x in inputs[1:]]
        lines = list(_layer(operator, _attributes(node, operator), taken))
        yield from () if pending else lines
        pending = operator in _POOLS
        value = _text(node, 2)
    last = _text(_message(_bytes(_one(graph, 12, "output")), frozenset({1, 2}), "output"), 1)
    if weights or pending or value != last:
        raise OnnxError("a weight that no node uses, or a graph that does not end in its output")


def _attributes(node: Message, operator: str) -> Attributes:
    """The attributes of a node: all that exactcnn writes for this operator, and no others."""
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
    if found.keys() != wanted.keys() or any(value not in ([], found[name]) for name, value in wanted.items()):
        raise OnnxError(f'attributes of "{operator}" that exactcnn does not write')
    return found


def _layer(operator: str, attributes: Attributes, weights: list[_Tensor]) -> Iterator[str]:
    """The lines of one layer."""
    if operator in ("Conv", "Gemm"):
        axes = 4 if operator == "Conv" else 2
        if [(len(t.shape), t.kind) for t in weights] != [(axes, _FLOAT32), (1, _FLOAT32)]:
            raise OnnxError(f"the weights of {operator}")
        weight, bias = weights
        outputs, inputs = weight.shape[:2]
        if bias.shape != [outputs] or 0 in weight.shape:
            raise OnnxError(f"the shapes of the weights of {operator}")
        head = f"out {outputs} in {inputs}"
        yield f"conv {head} {_window(attributes, weight.shape[2:])}" if operator == "Conv" else f"dense {head}"
        each = len(weight.numbers) // outputs
        for o in range(outputs):
            yield _runs(weight.numbers[o * each : (o + 1) * each])
        yield "bias " + _runs(bias.numbers)
        return
    if operator == "ReduceSum":
        if [t.integers for t in weights] != [[2, 3]]:
            raise OnnxError("a sum over other axes than rows and columns")
        yield "globalpool sum"
        return
    if weights:
        raise OnnxError(f"{operator} with weights")
    if operator in ("MaxPool", "AveragePool"):
        yield f"{'maxpool' if operator == 'MaxPool' else 'avgpool'} {_window(attributes, [])}"
    else:
        yield f"globalpool {_POOLS[operator]}" if operator in _POOLS else operator.lower()


def _window(attributes: Attributes, kernel: list[int]) -> str:
    shape, strides, pads = (attributes[name] for name in ("kernel_shape", "strides", "pads"))
    if not isinstance(shape, list) or not isinstance(strides, list) or not isinstance(pads, list):
        raise OnnxError("a window that is not made of integers")
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

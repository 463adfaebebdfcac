"""Odd encodings of ONNX files: the second reader reads them as everybody does, or refuses them."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.onnx_graphs import GraphMaker, whole
from support.onnx_wire import Field, Message, changed, parsed

from exactcnn.checker.onnx_reader import OnnxError, network_text
from exactcnn.core.errors import InputError
from exactcnn.formats.onnx_file import from_onnx
from exactcnn.formats.xnet import format_xnet


def _model(kind: str) -> bytes:
    g = GraphMaker()
    if kind == "max":
        value = g.conv("x", whole(2, 1, 2, 2), whole(2, seed=4), pads=[1, 0, 0, 1], strides=[1, 2])
        value = g.add("MaxPool", g.add("Relu", value), kernel_shape=[2, 2], strides=[2, 1])
        value = g.add("Flatten", g.add("GlobalMaxPool", value))
    elif kind == "sum":
        value = g.add("AveragePool", "x", kernel_shape=[2, 2], pads=[1, 1, 0, 0], count_include_pad=1)
        value = g.add("ReduceSum", g.conv(value, whole(2, 1, 1, 1)), g.ints(2, 3), keepdims=0)
    else:
        value = g.add("Flatten", g.add("GlobalAveragePool", g.conv("x", whole(2, 1, 1, 1))), axis=1)
    return g.data(g.add("Gemm", value, g.weight(whole(2, 2)), g.weight(whole(2, seed=3)), transB=1, alpha=1.0))


_MODELS = {kind: parsed(_model(kind)) for kind in ("max", "sum", "mean")}


def _copied(kind: str) -> Message:
    return parsed(_MODELS[kind].data())


def _node(model: Message, operator: bytes) -> Message:
    return next(m for m in model.messages() if m.kind == "node" and m.get(4).value == operator)


def _attribute(model: Message, name: bytes) -> Message:
    return next(m for m in model.messages() if m.kind == "attribute" and m.get(1).value == name)


@pytest.mark.parametrize("kind", _MODELS)
def test_the_models_are_put_together_again(kind: str) -> None:
    data = _model(kind)
    assert _MODELS[kind].data() == data
    assert network_text(data) == format_xnet(from_onnx(data, "a test"))


@settings(max_examples=200, deadline=None)
@given(kind=st.sampled_from(sorted(_MODELS)), seed=st.integers(0, 2**32))
def test_changed_fields_are_refused_or_read_alike(kind: str, seed: int) -> None:
    data = changed(_MODELS[kind], Random(seed))
    try:
        text = network_text(data)
    except OnnxError:
        return
    try:
        network = from_onnx(data, "a test")
    except InputError:  # types and shapes that the file declares, which the second reader passes over
        return
    assert text == format_xnet(network)


def _switch_of_another_wire_type(model: Message) -> None:
    # A field that others pass over: to them the switch is 0.
    field = _attribute(model, b"transB").get(3)
    field.wire, field.value = 5, b"\x01\x81\x80\x00"


def _packed_integer(model: Message) -> None:
    field = _attribute(model, b"transB").get(3)
    field.wire, field.value = 2, b"\x01"


def _padding_of_another_wire_type(model: Message) -> None:
    pads = _attribute(model, b"pads")
    pads.fields = [f for f in pads.fields if f.number != 8] + [Field(8, 5, b"\x01\x00\x00\x01")]


def _number_of_another_wire_type(model: Message) -> None:
    field = _attribute(model, b"alpha").get(2)
    field.wire = 2


def _switch_given_twice(model: Message) -> None:
    _attribute(model, b"transB").fields.append(Field(3, 0, 0))


def _switch_that_is_a_list(model: Message) -> None:
    switch = _attribute(model, b"transB")
    switch.get(20).value, switch.get(3).number = 7, 8


def _list_that_is_a_number(model: Message) -> None:
    strides = _attribute(model, b"strides")
    strides.get(20).value = 2
    for field in strides.fields:
        field.number = 3 if field.number == 8 else field.number


def _two_values_of_a_switch(model: Message) -> None:
    _attribute(model, b"transB").fields.append(Field(8, 0, 0))


def _weight_without_a_name(model: Message) -> None:
    # An empty name stands for an input that is left out, and so for no bias.
    bias = _node(model, b"Gemm").fields[2].value
    for message in model.messages():
        for field in message.fields:
            field.value = b"" if field.value == bias else field.value


def _names_that_are_no_texts(model: Message) -> None:
    gemm = _node(model, b"Gemm")
    bias = gemm.fields[2].value
    tensor = next(m for m in model.messages() if m.kind == "tensor" and m.get(8).value == bias)
    tensor.get(8).value, gemm.fields[2].value = "\ufffd".encode(), b"\xff"


def _input_that_is_a_weight(model: Message) -> None:
    # Its default; the images stand in its place.
    conv = _node(model, b"Conv")
    for tensor in [m for m in model.messages() if m.kind == "tensor" and m.get(8).value == conv.fields[1].value]:
        tensor.get(8).value = b"x"
    conv.fields[1].value = b"x"


def _value_made_twice(model: Message) -> None:
    relu, pool = _node(model, b"Relu"), _node(model, b"MaxPool")
    relu.get(2).value = pool.get(1).value = b"x"


def _value_that_is_a_weight(model: Message) -> None:
    relu, pool = _node(model, b"Relu"), _node(model, b"MaxPool")
    relu.get(2).value = pool.get(1).value = _node(model, b"Gemm").fields[1].value


def _weight_used_twice(model: Message) -> None:
    gemm = _node(model, b"Gemm")
    gemm.fields[2].value = gemm.fields[1].value


def _format_of_long_ago(model: Message) -> None:
    model.get(1).value = 3


def _mean_that_is_all_padding(model: Message) -> None:
    pads = _attribute(model, b"pads")
    pads.fields = [Field(8, 0, 2) if f.number == 8 else f for f in pads.fields]


def _weights_elsewhere(model: Message) -> None:
    next(m for m in model.messages() if m.kind == "tensor").fields.append(Field(14, 0, 1))


def _numbers_and_raw_data(model: Message) -> None:
    next(m for m in model.messages() if m.kind == "tensor").fields.append(Field(4, 2, b"\0\0\0\0"))


def _function(model: Message) -> None:
    model.fields.append(Field(25, 2, b"\x0a\x04Relu"))


def _other_operators(model: Message) -> None:
    model.fields.append(Field(8, 2, b"\x0a\x05other\x10\x01"))


def _domain_of_a_node(model: Message) -> None:
    _node(model, b"Conv").fields.append(Field(7, 2, b"other"))


@pytest.mark.parametrize(
    ("change", "kind", "words"),
    [
        (_switch_of_another_wire_type, "max", "wire type 5 of field 3"),
        (_packed_integer, "max", "wire type 2 of field 3"),
        (_padding_of_another_wire_type, "max", "wire type 5 of field 8"),
        (_number_of_another_wire_type, "max", "wire type 2 of field 2"),
        (_switch_given_twice, "max", 'two values of attribute "transB"'),
        (_switch_that_is_a_list, "max", "of another type"),
        (_list_that_is_a_number, "max", "of another type"),
        (_two_values_of_a_switch, "max", "of another type"),
        (_weight_without_a_name, "max", "without a name of its own"),
        (_names_that_are_no_texts, "max", "not UTF-8"),
        (_input_that_is_a_weight, "mean", "without a name of its own"),
        (_value_made_twice, "max", "no chain"),
        (_value_that_is_a_weight, "max", "no chain"),
        (_weight_used_twice, "max", "no chain"),
        (_format_of_long_ago, "max", "the format is not"),
        (_mean_that_is_all_padding, "sum", "covers a whole window"),
        (_weights_elsewhere, "max", "field 14 of a weight"),
        (_numbers_and_raw_data, "max", "field 4 of a weight"),
        (_function, "max", "field 25 of a model"),
        (_other_operators, "max", "operator set"),
        (_domain_of_a_node, "max", "field 7 of a node"),
    ],
)
def test_what_others_would_read_differently_is_refused(
    change: Callable[[Message], None], kind: str, words: str
) -> None:
    model = _copied(kind)
    change(model)
    with pytest.raises(OnnxError, match=words):
        network_text(model.data())


def test_packed_lists_are_read() -> None:
    model = _copied("max")
    pads = _attribute(model, b"pads")
    packed = bytes(f.value for f in pads.fields if f.number == 8)
    pads.fields = [f for f in pads.fields if f.number != 8] + [Field(8, 2, packed)]
    data = model.data()
    assert data != _model("max")
    assert network_text(data) == network_text(_model("max")) == format_xnet(from_onnx(data, "a test"))

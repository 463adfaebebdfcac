"""ONNX: lossless or refused on the way out, exact or refused on the way in, and the same numbers in onnxruntime."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime
import pytest
from flint import fmpq
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import TensorProto, helper, numpy_helper
from support.networks import batches, dyadics, networks, rationals, smallest_side
from support.tiny import conv, dense

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.network_file import load_network, save_network
from exactcnn.formats.onnx_file import from_onnx, to_onnx
from exactcnn.network.evaluate import apply_layer, evaluate
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    MaxPool2d,
    Network,
    ReLU,
)

T = ExactTensor
CONV = conv([1, "1/2", -3, 0], (2, 1, 1, 2), ["1/4", -1], stride=(1, 2), padding=(0, 3, 1, 0))
EVERY = Network(
    (
        CONV,
        ReLU(),
        MaxPool2d((2, 2), (2, 1), (1, 0, 0, 1)),
        AvgPool2d((2, 1), (1, 1), (0, 0, 1, 0)),
        GlobalPool("max"),
        dense([[1, "-3/8"], [0, 5]], [2, "1/1024"]),
    ),
    1,
    InputUnit.BYTE,
)


def runtime(data: bytes, batch: T) -> np.ndarray:
    """The logits of onnxruntime."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    return session.run(["logits"], {"images": batch.floats().astype(np.float32)})[0]


def all_float32(network: Network, batch: T) -> bool:
    """Whether every value on the way, and every partial sum, is a multiple of one power of two below 2^24 of them."""
    x = batch
    for layer in network.layers:
        x = apply_layer(layer, x)
        power = x.denominator & (x.denominator - 1) == 0
        if not power or x.numerators.dtype != np.float32 or _dense_bound(layer, x) > 2**24:
            return False
    return True


def _dense_bound(layer: object, x: T) -> int:
    return x.bound * max(x.shape[1:]) if isinstance(layer, (Dense, GlobalPool)) else 0


# -- out and in again -------------------------------------------------------------------------------------------------


@given(st.one_of(networks(values=dyadics()), networks(values=dyadics(), size=(3, 4))))
@settings(max_examples=60)
def test_round_trip(network: Network) -> None:
    data = to_onnx_or_padding(network)
    again = from_onnx(data, "net.onnx")
    assert again == network
    assert again.source == "net.onnx"
    assert to_onnx(again) == data


def to_onnx_or_padding(network: Network) -> bytes:
    onnx_can_hold = all(
        not isinstance(layer, AvgPool2d)
        or (max(layer.padding[0::2]) < layer.kernel[0] and max(layer.padding[1::2]) < layer.kernel[1])
        for layer in network.layers
    )
    assume(onnx_can_hold)
    return to_onnx(network)


@st.composite
def instances(draw: st.DrawFn, values: st.SearchStrategy, denominator: int) -> tuple[Network, T]:
    network = draw(networks(values=values))
    side = smallest_side(network) + draw(st.integers(0, 5))
    batch = draw(batches(network.channels, side, side, denominator=denominator))
    assume(len(batch))
    return network, batch


@given(instances(dyadics(), 256))
@settings(max_examples=60)
def test_bit_equal_with_onnxruntime(instance: tuple[Network, T]) -> None:
    network, batch = instance
    data = to_onnx_or_padding(network)
    assume(all_float32(network, batch))
    assert np.array_equal(runtime(data, batch).astype(np.float64), evaluate(network, batch).floats())


@given(instances(dyadics(), 255))
@settings(max_examples=40)
def test_close_to_onnxruntime(instance: tuple[Network, T]) -> None:
    network, batch = instance
    data = to_onnx_or_padding(network)
    exact = evaluate(network, batch).floats()
    scale = max(1.0, float(np.abs(exact).max()))
    # Sums that cancel lose more than the result's own digits; the widest test networks lose about 10 bits.
    assert np.allclose(runtime(data, batch), exact, rtol=1e-3, atol=1e-3 * scale)


def test_every_layer_bit_equal() -> None:
    network = Network(EVERY.layers, 1)
    rng = np.random.default_rng(5)
    batch = T.from_integers(rng.integers(0, 257, (8, 1, 9, 11)), 256)
    assert all_float32(network, batch)
    assert np.array_equal(runtime(to_onnx(network), batch).astype(np.float64), evaluate(network, batch).floats())


def test_negative_maxima_beside_padding_agree() -> None:
    network = Network((conv([-1], (1, 1, 1, 1), [-2]), MaxPool2d((2, 2), (1, 1), (1, 1, 1, 1)), GlobalPool("sum")), 1)
    batch = T.from_integers([[[[1, 2], [3, 4]]]], 4)
    assert evaluate(network, batch).item(0, 0) < 0
    assert runtime(to_onnx(network), batch).tolist() == evaluate(network, batch).floats().tolist()


def test_flatten_at_its_size() -> None:
    network = Network((ReLU(), Flatten(), dense([[1, 2, 3, 4]], [0])), 1)
    data = to_onnx(network)
    assert from_onnx(data, "net.onnx") == network
    assert runtime(data, T.from_integers([[[[1, 2], [3, 4]]]])).tolist() == [[30]]


def test_what_the_file_says() -> None:
    model = onnx.load_model_from_string(to_onnx(EVERY))
    onnx.checker.check_model(model, full_check=True)
    assert model.producer_name == "exactcnn"
    assert model.producer_version
    assert {p.key: p.value for p in model.metadata_props} == {"exactcnn.input": "byte"}
    assert [d.dim_param or d.dim_value for d in model.graph.input[0].type.tensor_type.shape.dim] == ["N", 1, "H", "W"]
    assert [d.dim_param or d.dim_value for d in model.graph.output[0].type.tensor_type.shape.dim] == ["N", 2]
    assert all(t.data_type in (TensorProto.FLOAT, TensorProto.INT64) for t in model.graph.initializer)
    assert to_onnx(EVERY) == to_onnx(EVERY)


def test_files(tmp_path: Path) -> None:
    path = tmp_path / "net.onnx"
    save_network(path, EVERY)
    assert path.read_bytes() == to_onnx(EVERY)
    assert load_network(path) == EVERY
    path.write_bytes(b"not a model")
    with pytest.raises(InputError, match=r"net\.onnx: not an ONNX file"):
        load_network(path)


# -- weights that float32 cannot hold ---------------------------------------------------------------------------------


EDGES = [fmpq(2**24), fmpq(2**24 - 1, 2**126), fmpq(1, 2**126), fmpq((2**24 - 1) * 2**104), fmpq(2**24 + 2), fmpq(0)]
BEYOND = [
    fmpq(1, 3),
    fmpq(1, 10),
    fmpq(2**24 + 1),
    fmpq(2**24 + 1, 2**24),
    fmpq(1, 2**127),
    fmpq(1, 2**149),
    fmpq(1, 2**2000),
    fmpq(2**128),
    fmpq(10**400),
    fmpq(2**53 + 1),
    fmpq(2**63 + 1),
    fmpq(1) + fmpq(1, 2**40),
]


@pytest.mark.parametrize("value", EDGES)
@pytest.mark.parametrize("sign", [1, -1])
def test_held(value: fmpq, sign: int) -> None:
    network = Network((GlobalPool(), dense([[1, str(sign * value)]], [0])), 2)
    assert from_onnx(to_onnx(network), "net.onnx") == network


@pytest.mark.parametrize("value", BEYOND)
@pytest.mark.parametrize("sign", [1, -1])
def test_not_held(value: fmpq, sign: int, tmp_path: Path) -> None:
    layer = Dense(T.from_rationals([[fmpq(1), sign * value]]), T.zeros((1,)))
    with pytest.raises(InputError) as caught:
        save_network(tmp_path / "net.onnx", Network((GlobalPool(), layer), 2))
    error = caught.value
    assert error.place == "layer 1 (Dense)"
    assert error.found == f"weight[0, 1] = {sign * value}" or str(sign * value)[:60] in str(error.found)
    assert ".xnet" in str(error.hint)
    assert list(tmp_path.iterdir()) == []


def test_bias_not_held() -> None:
    with pytest.raises(InputError, match=r"layer 0 \(Conv2d\).*bias\[1\] = 1/7"):
        to_onnx(Network((conv([1, 2], (2, 1, 1, 1), [1, "1/7"]), GlobalPool()), 1))


@given(networks(values=rationals()))
@settings(max_examples=30)
def test_exact_or_refused(network: Network) -> None:
    try:
        data = to_onnx(network)
    except InputError:
        return
    assert from_onnx(data, "net.onnx") == network


def test_average_padding_as_wide_as_the_kernel() -> None:
    with pytest.raises(InputError, match=r"layer 0 \(AvgPool2d\).*covers a whole window"):
        to_onnx(Network((AvgPool2d((2, 2), (1, 1), (2, 0, 0, 0)), GlobalPool()), 1))


# -- other models -----------------------------------------------------------------------------------------------------


def spoilt(change: Callable[[onnx.ModelProto], None], network: Network = EVERY) -> bytes:
    model = onnx.load_model_from_string(to_onnx(network))
    change(model)
    return model.SerializeToString()


def node(model: onnx.ModelProto, operator: str) -> onnx.NodeProto:
    return next(n for n in model.graph.node if n.op_type == operator)


def attribute(operator: str, name: str, value: object) -> Callable[[onnx.ModelProto], None]:
    """A change that sets an attribute of the first node with an operator."""

    def change(model: onnx.ModelProto) -> None:
        changed = node(model, operator)
        kept = [a for a in changed.attribute if a.name != name]
        del changed.attribute[:]
        changed.attribute.extend([*kept, helper.make_attribute(name, value)])

    return change


def weights(name: str, array: np.ndarray) -> Callable[[onnx.ModelProto], None]:
    """A change that replaces an initialiser."""

    def change(model: onnx.ModelProto) -> None:
        tensor = next(t for t in model.graph.initializer if t.name == name)
        tensor.CopyFrom(numpy_helper.from_array(array, name))

    return change


@pytest.mark.parametrize(
    ("operator", "name", "value"),
    [
        ("Conv", "dilations", [0, 1]),
        ("Conv", "group", 2),
        ("Conv", "auto_pad", "SAME_UPPER"),
        ("Conv", "auto_pad", "VALID"),  # with pads
        ("Conv", "kernel_shape", [2, 1]),
        ("Conv", "pads", [0, -1, 0, 0]),
        ("Conv", "strides", [0, 1]),
        ("MaxPool", "dilations", [2, 2]),
        ("MaxPool", "pads", [2, 0, 0, 0]),
        ("MaxPool", "auto_pad", "SAME_LOWER"),
        ("AveragePool", "count_include_pad", 2),
        ("Flatten", "axis", 2),
        ("Flatten", "axis", -1),
        ("Gemm", "transA", 1),
        ("Relu", "unheard_of", 1),
    ],
)
def test_attributes_refused(operator: str, name: str, value: object) -> None:
    with pytest.raises(InputError) as caught:
        from_onnx(spoilt(attribute(operator, name, value)), "net.onnx")
    assert str(caught.value).startswith("net.onnx: ")


def test_refusal_names_node_operator_and_attribute() -> None:
    with pytest.raises(InputError, match=r'node "layer2" \(MaxPool\): attribute dilations .*found \[2, 2\]; expected'):
        from_onnx(spoilt(attribute("MaxPool", "dilations", [2, 2])), "net.onnx")


def test_sum_without_axes_kept_apart() -> None:
    network = Network((GlobalPool("sum"), ReLU()), 1)
    with pytest.raises(InputError, match=r"noop_with_empty_axes.*found 1; expected 0"):
        from_onnx(spoilt(attribute("ReduceSum", "noop_with_empty_axes", 1), network), "net.onnx")


def test_pools_that_keep_their_axes() -> None:
    """With a Flatten after it or without one, the same network."""
    network = Network((GlobalPool("sum"), Flatten()), 1)

    def keep(model: onnx.ModelProto) -> None:
        attribute("ReduceSum", "keepdims", 1)(model)

    assert from_onnx(spoilt(keep, network), "net.onnx") == Network((GlobalPool("sum"),), 1)

    def drop(model: onnx.ModelProto) -> None:
        model.graph.node.remove(node(model, "Flatten"))
        model.graph.node[-1].output[0] = "logits"
        shape = ["N", 1, 1, 1]
        model.graph.output[0].CopyFrom(helper.make_tensor_value_info("logits", TensorProto.FLOAT, shape))

    for kind in ("max", "mean"):
        network = Network((GlobalPool(kind),), 1)
        assert from_onnx(spoilt(drop, network), "net.onnx") == network


@pytest.mark.parametrize("axes", [[2], [3, 3], [1, 2], [1, 2, 3], []])
def test_sums_over_other_axes(axes: list[int]) -> None:
    network = Network((GlobalPool("sum"), ReLU()), 1)
    with pytest.raises(InputError):
        from_onnx(spoilt(weights("layer0.axes", np.array(axes, dtype=np.int64)), network), "net.onnx")


@pytest.mark.parametrize("axes", [[2, 3], [3, 2], [-1, -2], [2, -1]])
def test_the_same_axes(axes: list[int]) -> None:
    network = Network((GlobalPool("sum"), ReLU()), 1)
    assert from_onnx(spoilt(weights("layer0.axes", np.array(axes, dtype=np.int64)), network), "net.onnx") == network


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("name", ["layer0.weight", "layer5.bias"])
def test_weights_not_finite(bad: float, name: str) -> None:
    model = onnx.load_model_from_string(to_onnx(EVERY))
    array = numpy_helper.to_array(next(t for t in model.graph.initializer if t.name == name)).copy()
    array.flat[-1] = bad
    with pytest.raises(InputError, match=rf'weight "{name}" is not finite') as caught:
        from_onnx(spoilt(weights(name, array)), "net.onnx")
    assert f"at {[length - 1 for length in array.shape]}" in str(caught.value.found)


@pytest.mark.parametrize("kind", [np.float16, np.float64])
def test_other_widths_are_read_exactly(kind: type) -> None:
    value = kind(0.1)
    code = helper.np_dtype_to_tensor_dtype(np.dtype(kind))

    def change(model: onnx.ModelProto) -> None:
        for side in (model.graph.input[0], model.graph.output[0]):
            side.type.tensor_type.elem_type = code
        weights("layer1.weight", np.array([[value]], dtype=kind))(model)
        weights("layer1.bias", np.array([0], dtype=kind))(model)

    network = from_onnx(spoilt(change, Network((GlobalPool(), dense([[1]], [0])), 1)), "net.onnx")
    assert network.layers[1].weight.rationals() == [fmpq(*float(value).as_integer_ratio())]


def test_gemm_either_way_round_and_without_bias() -> None:
    def change(model: onnx.ModelProto) -> None:
        gemm = node(model, "Gemm")
        del gemm.input[2]
        del gemm.attribute[:]
        del model.graph.initializer[1]
        weights("layer1.weight", np.array([[1], [2]], dtype=np.float32))(model)

    network = Network((GlobalPool(), dense([[1, 2]], [0])), 2)
    assert from_onnx(spoilt(change, network), "net.onnx") == network


def renamed(old: str, new: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        node(model, old).op_type = new

    return change


def second_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("more", TensorProto.FLOAT, ["N", 1, "H", "W"]))


def weight_as_input(model: onnx.ModelProto) -> None:
    model.graph.input.append(helper.make_tensor_value_info("layer0.bias", TensorProto.FLOAT, [2]))


def second_output(model: onnx.ModelProto) -> None:
    model.graph.output.append(helper.make_tensor_value_info("layer1", TensorProto.FLOAT, ["N", 2, "H", "W"]))


def branch(model: onnx.ModelProto) -> None:
    """A residual connection: the ReLU's input added to its output."""
    relu = node(model, "Relu")
    relu.output[0] = "clipped"
    add = helper.make_node("Add", ["clipped", relu.input[0]], ["layer1"], name="add")
    model.graph.node.insert(2, add)


def skip(model: onnx.ModelProto) -> None:
    """The max pool reads the convolution, and the ReLU nothing reads."""
    node(model, "MaxPool").input[0] = "layer0"


def cycle(model: onnx.ModelProto) -> None:
    node(model, "Conv").input[0] = "layer1"


def swapped(model: onnx.ModelProto) -> None:
    first, second = (onnx.NodeProto.FromString(n.SerializeToString()) for n in model.graph.node[:2])
    model.graph.node[0].CopyFrom(second)
    model.graph.node[1].CopyFrom(first)


def computed_weight(model: onnx.ModelProto) -> None:
    node(model, "Conv").input[1] = "images"


def no_flatten(model: onnx.ModelProto) -> None:
    flatten = node(model, "Flatten")
    flatten.op_type = "Relu"
    del flatten.attribute[:]


def early_output(model: onnx.ModelProto) -> None:
    model.graph.output[0].name = "layer4"


def external(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.data_location = TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value="weights.bin")
    tensor.ClearField("raw_data")


def short_weights(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:-1]


def integer_weights(model: onnx.ModelProto) -> None:
    weights("layer0.weight", np.ones((2, 1, 1, 2), dtype=np.int32))(model)


def mixed_widths(model: onnx.ModelProto) -> None:
    weights("layer0.weight", np.ones((2, 1, 1, 2), dtype=np.float64))(model)


def flat_weights(model: onnx.ModelProto) -> None:
    weights("layer0.weight", np.ones((2, 1, 2), dtype=np.float32))(model)


def wrong_bias(model: onnx.ModelProto) -> None:
    weights("layer5.bias", np.ones(3, dtype=np.float32))(model)


def unused_weight(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(numpy_helper.from_array(np.ones(1, dtype=np.float32), "spare"))


def twice(model: onnx.ModelProto) -> None:
    model.graph.initializer.append(model.graph.initializer[0])


def sparse(model: onnx.ModelProto) -> None:
    values = numpy_helper.from_array(np.ones(1, dtype=np.float32), "sparse")
    indices = numpy_helper.from_array(np.zeros(1, dtype=np.int64), "indices")
    model.graph.sparse_initializer.append(helper.make_sparse_tensor(values, indices, [3]))


def functions(model: onnx.ModelProto) -> None:
    body = [helper.make_node("Relu", ["x"], ["y"])]
    model.functions.append(helper.make_function("own", "F", ["x"], ["y"], body, [helper.make_opsetid("", 17)]))
    model.opset_import.append(helper.make_opsetid("own", 1))


def opset(*versions: int) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        del model.opset_import[:]
        model.opset_import.extend(helper.make_opsetid("", v) for v in versions)

    return change


def metadata(**entries: str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        del model.metadata_props[:]
        for key, value in entries.items():
            model.metadata_props.add(key=key.replace("_", "."), value=value)

    return change


def channels(value: int | str) -> Callable[[onnx.ModelProto], None]:
    def change(model: onnx.ModelProto) -> None:
        shape = ["N", value, "H", "W"]
        model.graph.input[0].CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, shape))

    return change


def flat_input(model: onnx.ModelProto) -> None:
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("images", TensorProto.FLOAT, ["N", 1]))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (renamed("Relu", "Tanh"), r'node "layer1" \(Tanh\): an operator that exactcnn does not read'),
        (renamed("Relu", "NoSuchOperator"), "not a valid ONNX model"),
        (second_input, 'more than one input; found "images", "more"'),
        (second_output, "more than one output"),
        (cycle, "not a valid ONNX model"),
        (computed_weight, r'node "layer0" \(Conv\): weight that depends on the image; found input "images"'),
        (no_flatten, "not a valid ONNX model"),
        (external, r'weight "layer0.weight": weights that lie in another file'),
        (short_weights, "not a valid ONNX model.*layer0.weight"),
        (integer_weights, "not a valid ONNX model.*int32"),
        (mixed_widths, "not a valid ONNX model.*double"),
        (flat_weights, r'"layer0.weight" of the wrong shape; found \(2, 1, 2\)'),
        (wrong_bias, r'node "layer5" \(Gemm\): a bias of the wrong shape'),
        (twice, "layer0.weight.*not unique"),
        (sparse, "sparse or quantised"),
        (functions, "functions"),
        (opset(6), "found 6; expected version 7 to 25"),
        (opset(99), "found 99"),
        (opset(), "found none"),
        (opset(17, 17), "found 17, 17"),
        (metadata(exactcnn_input="float"), "found float; expected pixel or byte"),
        (metadata(), "found none; expected pixel or byte"),
        (channels("C"), "no batch of images"),
        (channels(2), r'node "layer0" \(Conv\): a weight that does not fit its input'),
        (flat_input, "not a valid ONNX model"),
        (lambda model: model.ClearField("graph"), "not a valid ONNX model"),
        (lambda model: model.graph.ClearField("node"), "not a valid ONNX model"),
        (lambda model: model.ClearField("ir_version"), "ir_version"),
    ],
)
def test_models_refused(change: Callable[[onnx.ModelProto], None], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_onnx(spoilt(change), "net.onnx")
    assert str(caught.value).startswith("net.onnx: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (weight_as_input, EVERY.layers),
        (unused_weight, EVERY.layers),
        (swapped, EVERY.layers),
        (skip, (EVERY.layers[0], *EVERY.layers[2:])),
        (early_output, EVERY.layers[:5]),
    ],
)
def test_what_makes_no_difference(change: Callable[[onnx.ModelProto], None], expected: tuple[object, ...]) -> None:
    """Weights that may be overridden or are not used, another order of the nodes, and nodes that no output needs."""
    assert from_onnx(spoilt(change), "net.onnx").layers == expected


@pytest.mark.parametrize("version", [13, 15, 17, 22, 25])
def test_operator_sets_read(version: int) -> None:
    def change(model: onnx.ModelProto) -> None:
        opset(version)(model)
        model.ir_version = 10

    assert from_onnx(spoilt(change), "net.onnx") == EVERY


def test_other_producers_need_no_metadata() -> None:
    def change(model: onnx.ModelProto) -> None:
        metadata()(model)
        model.producer_name = "another"

    assert from_onnx(spoilt(change), "net.onnx").unit is InputUnit.PIXEL


def test_every_truncation_is_refused() -> None:
    data = to_onnx(EVERY)
    for length in range(len(data)):
        with pytest.raises(InputError):
            from_onnx(data[:length], "net.onnx")


@given(st.integers(0, len(to_onnx(EVERY)) - 1), st.integers(0, 255))
@settings(max_examples=150)
def test_another_byte_is_a_network_or_refused(place: int, byte: int) -> None:
    data = bytearray(to_onnx(EVERY))
    data[place] = byte
    try:
        network = from_onnx(bytes(data), "net.onnx")
    except InputError:
        return
    assert isinstance(network.layers[0], Conv2d)

"""What the importer refuses, each with its node, operator and attribute; and files that are no models."""

from __future__ import annotations

import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper
from support.onnx_graphs import GraphMaker, whole

from exactcnn.core.errors import InputError
from exactcnn.formats.onnx_file import from_onnx

Make = Callable[[GraphMaker], bytes]


def node(operator: str, *constants: object, **attributes: object) -> Make:
    """A model of one node on the image, then a global pool."""

    def make(g: GraphMaker) -> bytes:
        return g.pooled(g.add(operator, "x", *(g.weight(c) for c in constants), **attributes))

    return make


def conv_with(**attributes: object) -> Make:
    return lambda g: g.pooled(g.conv("x", whole(2, 1, 3, 3), **attributes))


def product(g: GraphMaker) -> bytes:
    return g.pooled(g.add("Mul", "x", "x"))


def activations_quantised(g: GraphMaker) -> bytes:
    zero = g.weight(0, np.uint8)
    q = g.add("QuantizeLinear", "x", g.weight(0.5), zero)
    return g.pooled(g.add("DequantizeLinear", q, g.weight(0.5), zero))


def ambiguous_rounding(g: GraphMaker) -> bytes:
    zero = g.weight(0, np.int8)
    near = np.nextafter(np.float32(0.5), np.float32(1))
    q = g.add("QuantizeLinear", g.weight([[[[near]]]]), g.weight(1), zero)
    return g.pooled(g.add("Conv", "x", g.add("DequantizeLinear", q, g.weight(1), zero)))


def early_value(g: GraphMaker) -> bytes:
    small = g.add("MaxPool", "x", kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    return g.pooled(g.add("Add", g.add("GlobalMaxPool", small), g.add("GlobalMaxPool", "x")))


def beside_max_pool(g: GraphMaker) -> bytes:
    pooled = g.add("MaxPool", "x", kernel_shape=[3, 3], pads=[1, 1, 1, 1])
    return g.pooled(g.add("Add", pooled, "x"))


def two_pools(g: GraphMaker) -> bytes:
    return g.data(g.add("Concat", g.add("GlobalMaxPool", "x"), g.add("GlobalAveragePool", "x"), axis=1))


def unequal_windows(g: GraphMaker) -> bytes:
    left = g.conv("x", whole(1, 1, 3, 3), strides=[2, 2], pads=[1, 1, 1, 1])
    return g.pooled(g.add("Add", left, g.conv("x", whole(1, 1, 2, 2), strides=[2, 2])))


def rows_concatenated(g: GraphMaker) -> bytes:
    return g.pooled(g.add("Concat", "x", "x", axis=2))


def split_channels(g: GraphMaker) -> bytes:
    out = g.conv("x", whole(4, 1, 1, 1))
    return g.pooled(g.add("Reshape", g.add("Reshape", out, g.ints(0, 2, 2, -1)), g.ints(0, 4, 1, -1)))


def batch_mixed(g: GraphMaker) -> bytes:
    out = g.conv("x", whole(2, 1, 1, 1))
    return g.data(g.add("Transpose", g.add("Flatten", g.add("GlobalMaxPool", out)), perm=[1, 0]))


def channels_reduced(g: GraphMaker) -> bytes:
    return g.data(g.add("ReduceMean", g.conv("x", whole(2, 1, 1, 1)), axes=[1, 2, 3]))


def whole_numbers(g: GraphMaker) -> bytes:
    return g.pooled(g.add("Cast", g.add("Cast", "x", to=TensorProto.INT64), to=TensorProto.FLOAT))


def training(g: GraphMaker) -> bytes:
    return g.pooled(g.add("Dropout", "x", g.weight(0.5), g.weight(True, np.bool_)))


def image_out(g: GraphMaker) -> bytes:
    return g.data(g.add("Relu", "x"))


def constant_out(g: GraphMaker) -> bytes:
    return g.data(g.add("Identity", g.weight([[1.0]])))


def mask(g: GraphMaker) -> bytes:
    g.nodes.append(helper.make_node("MaxPool", ["x"], ["p", "indices"], name="pool", kernel_shape=[2, 2]))
    return g.pooled(g.add("Cast", "indices", to=TensorProto.FLOAT))


def infinite(g: GraphMaker) -> bytes:
    return g.pooled(g.conv("x", [[[[np.inf]]]]))


def nan_in_constant(g: GraphMaker) -> bytes:
    return g.pooled(g.add("Add", "x", g.add("Identity", g.weight(np.nan))))


def zero_division(g: GraphMaker) -> bytes:
    return g.pooled(g.add("Div", "x", g.weight(0)))


def negative_variance(g: GraphMaker) -> bytes:
    return g.pooled(g.add("BatchNormalization", "x", *(g.weight([v]) for v in (1, 0, 0, -1))))


def pad(*pads: int, mode: str = "constant", value: float = 0.0) -> Make:
    return lambda g: g.pooled(g.add("Pad", "x", g.ints(*pads), g.weight(value), mode=mode))


REFUSALS: list[tuple[Make, str]] = [
    (node("Tanh"), r'"n0" \(Tanh\): an operator that exactcnn does not read'),
    (node("Sigmoid"), r'"n0" \(Sigmoid\): an operator.*not piecewise linear'),
    (node("Elu"), r'"n0" \(Elu\)'),
    (node("Exp"), r'"n0" \(Exp\)'),
    (node("ConvTranspose", whole(1, 1, 2, 2)), r'"n0" \(ConvTranspose\)'),
    (node("InstanceNormalization", [1], [0]), r'"n0" \(InstanceNormalization\)'),
    (node("LRN", size=3), r'"n0" \(LRN\)'),
    (node("LpPool", kernel_shape=[2, 2]), r'"n0" \(LpPool\)'),
    (product, r'"n0" \(Mul\): a product or quotient of image-dependent values'),
    (node("Pow", 2), r'"n0" \(Pow\)'),
    (
        activations_quantised,
        r'"n0" \(QuantizeLinear\): an operator that exactcnn does not read where its input depends',
    ),
    (ambiguous_rounding, r'"n0" \(QuantizeLinear\): a quantisation whose rounding depends on the runtime'),
    (early_value, r'"n0" \(MaxPool\): an operator that changes the places while another value.*found "x"'),
    (beside_max_pool, r'"n0" \(MaxPool\): an operator that changes the places while another value'),
    (two_pools, r"\(GlobalAveragePool\): global pools of different kinds side by side; found max and mean"),
    (unequal_windows, r"\(Conv\): windows side by side that do not give as many positions at every size"),
    (rows_concatenated, r'"n0" \(Concat\): a concatenation along another axis than the channels'),
    (split_channels, r'"n1" \(Reshape\): a reshape that is no grouping'),
    (batch_mixed, r'output "v3": an output that mixes the images of a batch'),
    (training, r'"n0" \(Dropout\): a dropout in training mode'),
    (image_out, r"the network never leaves the image plane"),
    (constant_out, r'output "v0": an output that does not depend on the image'),
    (mask, r'"n1" \(Cast\): an input that nothing computes; found "indices"'),
    (infinite, r'"n0" \(Conv\): weight "w0" is not finite; found inf at \[0, 0, 0, 0\]'),
    (nan_in_constant, r'"n1" \(Add\): constant is not finite; found nan'),
    (zero_division, r'"n0" \(Div\): a division by zero'),
    (negative_variance, r'"n0" \(BatchNormalization\): a variance that is not positive'),
    (conv_with(pads=[600, 0, 0, 0]), r"attribute pads out of range.*512"),
    (conv_with(dilations=[300, 1]), r"out of range.*\[601, 3\]"),
    (conv_with(auto_pad="SAME_UPPER", dilations=[2, 2]), r"attribute auto_pad together with pads, dilations"),
    (
        node("MaxPool", kernel_shape=[2, 2], ceil_mode=-2),
        r"attribute ceil_mode out of range; found -2; expected 0 or 1",
    ),
    (node("MaxPool", kernel_shape=[2, 2], dilations=[2, 1]), r"attribute dilations .*found \[2, 1\]"),
    (node("MaxPool", kernel_shape=[2, 2], pads=[2, 0, 0, 0]), r"covers a whole window"),
    (node("AveragePool", kernel_shape=[2, 2], pads=[0, 0, 2, 0]), r"covers a whole window"),
    (node("AveragePool", kernel_shape=[2, 2], count_include_pad=2), r"count_include_pad out of range; found 2"),
    (
        node("AveragePool", kernel_shape=[2, 2], auto_pad="SAME_LOWER", ceil_mode=1),
        r"attribute auto_pad together with pads, dilations or ceil_mode",
    ),
    (node("ReduceMean", axes=[3]), r'"n0" \(ReduceMean\): a reduction over other axes than rows and columns'),
    (channels_reduced, r'"n1" \(ReduceMean\): a reduction over other axes than rows and columns; found \[1, 2, 3\]'),
    (node("ReduceMax"), r'"n0" \(ReduceMax\): a reduction'),
    (pad(0, 0, 1, 1, 0, 0, 1, 1, mode="reflect"), r'"n0" \(Pad\): attribute mode .*reflect'),
    (pad(0, 0, -1, 0, 0, 0, 0, 0), r'"n0" \(Pad\): padding out of range'),
    (pad(0, 1, 0, 0, 0, 0, 0, 0), r'"n0" \(Pad\): padding along another axis'),
    (pad(0, 0, 1, 0, 0, 0, 0, 0, value=float("inf")), r'"n0" \(Pad\): value is not finite'),
    (node("Clip", 2, 1), r'"n0" \(Clip\): a clip whose lower bound is above'),
    (whole_numbers, r'"n0" \(Cast\): a cast of image-dependent numbers to integers'),
    (node("Add", whole(5, 1, 1)), r"a constant that does not fit what it is applied to; found length 5 along axis 1"),
]


@pytest.mark.parametrize(("make", "message"), REFUSALS)
def test_refused_by_name(make: Make, message: str) -> None:
    g = GraphMaker()
    with pytest.raises(InputError, match=message) as caught:
        from_onnx(make(g), "net.onnx")
    assert str(caught.value).startswith("net.onnx: ")
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("constant", "message"),
    [
        (whole(2, 1, 1, 1), "a constant that differs between images of a batch|does not fit"),
        (whole(1, 1, 4, 1, seed=1), "a constant that differs between places of an image"),
        (whole(1, 3, 1, 1), "does not fit what it is applied to|larger"),
        (whole(2, 1, 1, 1, 1), "found length 2 along axis 0; expected 1 or 1"),
    ],
)
def test_constants_of_other_shapes(constant: np.ndarray, message: str) -> None:
    g = GraphMaker((2, 1, 4, 4))
    with pytest.raises(InputError, match=message):
        from_onnx(g.pooled(g.add("Add", "x", g.weight(constant))), "net.onnx")


def test_a_constant_that_is_the_same_everywhere_may_have_any_shape() -> None:
    g = GraphMaker((2, 1, 4, 4))
    network = from_onnx(g.pooled(g.add("Add", "x", g.weight(np.ones((2, 1, 4, 4))))), "net.onnx")
    assert network.input_size == (4, 4)


# -- files that are no models -----------------------------------------------------------------------------------------


def changed(change: Callable[[onnx.ModelProto], None]) -> bytes:
    g = GraphMaker()
    model = onnx.load_model_from_string(g.pooled(g.add("Relu", g.conv("x", whole(2, 1, 3, 3)))))
    change(model)
    return bytes(model.SerializeToString())


def huge(model: onnx.ModelProto) -> None:
    tensor = model.graph.initializer[0]
    tensor.dims[:] = [10**9, 10**9]


def long_constant(model: onnx.ModelProto) -> None:
    value = helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0])
    value.dims[:] = [2**40]
    model.graph.node.insert(0, helper.make_node("Constant", [], ["big"], value=value))


def negative(model: onnx.ModelProto) -> None:
    model.graph.initializer[0].dims[0] = -1


def external_attribute(model: onnx.ModelProto) -> None:
    value = helper.make_tensor("t", TensorProto.FLOAT, [1], [0.0])
    value.external_data.add(key="location", value="/etc/passwd")
    model.graph.node.insert(0, helper.make_node("Constant", [], ["big"], value=value))


def cycle(model: onnx.ModelProto) -> None:
    model.graph.node[0].input[0] = model.graph.node[1].output[0]


def itself(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = model.graph.node[1].output[0]


def twice(model: onnx.ModelProto) -> None:
    model.graph.node[2].output[0] = model.graph.node[1].output[0]


def nobody(model: onnx.ModelProto) -> None:
    model.graph.node[1].input[0] = "nobody"


def many_nodes(model: onnx.ModelProto) -> None:
    for i in range(10_001):
        model.graph.node.append(helper.make_node("Relu", ["x"], [f"spare{i}"]))


def odd_type(model: onnx.ModelProto) -> None:
    model.graph.input[0].type.tensor_type.elem_type = TensorProto.BFLOAT16


def wrong_output(model: onnx.ModelProto) -> None:
    shape = ["N", 7]
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("v3", TensorProto.FLOAT, shape))


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (huge, r'weight "w0": a tensor that is too large; found 1000000000x1000000000'),
        (long_constant, r'node "big" \(Constant\), attribute value: a tensor that is too large'),
        (negative, r'weight "w0": a tensor that is too large|not a valid'),
        (external_attribute, r"attribute value: weights that lie in another file"),
        (cycle, r"not a valid ONNX model \(a cycle\)"),
        (itself, r"not a valid ONNX model \(a cycle\)"),
        (twice, r"not a valid ONNX model \(a value is made twice\)"),
        (nobody, "not a valid ONNX model.*nobody"),
        (many_nodes, "too many nodes; found 10005"),
        (odd_type, "not a valid ONNX model|no batch of images"),
        (wrong_output, "not a valid ONNX model.*2"),
    ],
)
def test_malformed(change: Callable[[onnx.ModelProto], None], message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        from_onnx(changed(change), "net.onnx")
    assert "\n" not in str(caught.value)


def kernels_that_multiply() -> bytes:
    """A few bytes that ask for 10^9 weights: 1000 channels, one a group, joined into one."""
    g = GraphMaker(("N", 1, "H", "W"))
    wide = g.conv("x", np.ones((4000, 1, 1, 1)))
    return g.pooled(g.conv(wide, np.ones((4000, 1, 9, 9)), group=4000))


def flattened_that_multiply() -> bytes:
    """A pixel by pixel product with a constant that is different everywhere, on an image of 100x100."""
    g = GraphMaker(("N", 1, 100, 100))
    return g.data(g.add("Mul", g.add("Flatten", "x"), g.weight(np.arange(10_000))))


def filled_that_multiply() -> bytes:
    g = GraphMaker()
    constant = g.add("ConstantOfShape", g.ints(100_000, 100_000))
    return g.pooled(g.add("Add", "x", constant))


def doubling() -> bytes:
    """Concatenations that double the channels thirty times."""
    g = GraphMaker()
    value = "x"
    for _ in range(30):
        value = g.add("Concat", value, value, axis=1)
    return g.pooled(value)


def doubled_constants() -> bytes:
    g = GraphMaker()
    constant = g.add("ConstantOfShape", g.ints(1000, 100))
    for _ in range(40):
        constant = g.add("Concat", constant, constant, axis=0)
    return g.pooled(g.add("Add", "x", constant))


def constants_time_and_again() -> bytes:
    g = GraphMaker()
    constant = g.add("ConstantOfShape", g.ints(1000, 1000))
    for _ in range(60):
        constant = g.add("Transpose", constant)
    return g.pooled(g.add("Add", "x", g.add("Gather", constant, g.ints(0), axis=0)))


def squares_of_squares() -> bytes:
    g = GraphMaker()
    constant = g.weight(1.5)
    for _ in range(60):
        constant = g.add("Mul", constant, constant)
    return g.pooled(g.add("Mul", "x", constant))


def channels_time_and_again() -> bytes:
    g = GraphMaker()
    value, many = g.conv("x", whole(2, 1, 1, 1)), g.weight(np.zeros(20_000), np.int64)
    for _ in range(200):
        value = g.add("Gather", value, many, axis=1)
    return g.pooled(g.add("Gather", value, g.ints(0), axis=1))


def functions_of_functions() -> bytes:
    """Each calls the one before twice."""
    model = onnx.load_model_from_string(GraphMaker().pooled("x"))
    own = helper.make_opsetid("own", 1)
    opsets = [helper.make_opsetid("", 17), own]
    for i in range(30):
        calls = [("x", "y"), ("y", "z")]
        nodes = [helper.make_node(f"F{i - 1}" if i else "Relu", [a], [b], domain="own" if i else "") for a, b in calls]
        model.functions.append(helper.make_function("own", f"F{i}", ["x"], ["z"], nodes, opsets))
    model.opset_import.append(own)
    model.graph.node.insert(0, helper.make_node("F29", ["x"], ["start"], domain="own"))
    model.graph.node[1].input[0] = "start"
    return bytes(model.SerializeToString())


MUCH = [
    kernels_that_multiply,
    flattened_that_multiply,
    filled_that_multiply,
    doubling,
    constants_time_and_again,
    squares_of_squares,
    functions_of_functions,
]


@pytest.mark.parametrize("make", MUCH)
def test_small_files_that_ask_for_much_are_refused_soon(make: Callable[[], bytes]) -> None:
    data = make()
    tracemalloc.start()
    started = time.process_time()
    try:
        with pytest.raises(InputError, match=r"too (many|large)|functions"):
            from_onnx(data, "net.onnx")
        assert tracemalloc.get_traced_memory()[1] < 2**30
    finally:
        tracemalloc.stop()
    assert time.process_time() - started < 30


@pytest.mark.parametrize("make", [doubled_constants, channels_time_and_again])
def test_numbers_are_counted_before_they_are_made(make: Callable[[], bytes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("exactcnn.formats.onnx_import.fold.MAX_NUMBERS", 500_000)
    monkeypatch.setattr("exactcnn.formats.onnx_import.lower._MAX_FORMS", 200_000)
    with pytest.raises(InputError, match=r"too (many|large)"):
        from_onnx(make(), "net.onnx")


def test_many_nodes_take_no_longer_each() -> None:
    g = GraphMaker()
    value = g.conv("x", whole(2, 1, 2, 2))
    for _ in range(1000):
        value = g.add("Relu", g.add("Identity", g.add("Neg", value)))
    data = g.pooled(value)
    started = time.process_time()
    from_onnx(data, "net.onnx")
    assert time.process_time() - started < 15

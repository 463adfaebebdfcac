"""Every operator that is lowered, against onnxruntime: bit for bit, as all numbers are small dyadic ones."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from onnx import TensorProto
from support.onnx_graphs import GraphMaker, agree, pictures, whole

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.formats.onnx_file import from_onnx
from exactcnn.network.model import Conv2d, Dense, GlobalPool, MaxPool2d, ReLU

SIZES = [(7, 8), (8, 7), (9, 9), (12, 10)]


def batches(channels: int = 1, sizes: list[tuple[int, int]] = SIZES) -> list[np.ndarray]:
    return [pictures(2, channels, *size, seed=i) for i, size in enumerate(sizes)]


# -- convolutions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"strides": [2, 1]},
        {"strides": [3, 2], "pads": [1, 0, 2, 3]},
        {"dilations": [2, 3]},
        {"dilations": [3, 1], "strides": [1, 2], "pads": [2, 1, 0, 1]},
        {"auto_pad": "SAME_UPPER"},
        {"auto_pad": "SAME_LOWER"},
        {"auto_pad": "VALID", "strides": [2, 2]},
        {"kernel_shape": [3, 2], "group": 1},
    ],
)
def test_convolution(attributes: dict[str, Any]) -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    out = g.conv("x", whole(3, 2, 3, 2, seed=1), whole(3, seed=2), **attributes)
    network = agree(g.pooled(out), *batches(2))
    assert [type(layer) for layer in network.layers] == [Conv2d, GlobalPool]


@pytest.mark.parametrize("groups", [2, 4])
def test_groups(groups: int) -> None:
    g = GraphMaker(("N", 4, "H", "W"))
    out = g.conv("x", whole(8, 4 // groups, 2, 3, seed=3), group=groups, dilations=[2, 1])
    agree(g.pooled(out), *batches(4))


@pytest.mark.parametrize("auto", ["SAME_UPPER", "SAME_LOWER"])
@pytest.mark.parametrize("stride", [2, 3])
@pytest.mark.parametrize("size", [(5, 6), (6, 7), (7, 9), (8, 4)])
def test_same_padding_with_a_stride_at_a_fixed_size(auto: str, stride: int, size: tuple[int, int]) -> None:
    g = GraphMaker(("N", 1, *size))
    out = g.conv("x", whole(2, 1, 3, 4, seed=4), whole(2, seed=5), auto_pad=auto, strides=[stride, stride])
    network = agree(g.pooled(out, "GlobalAveragePool"), pictures(2, 1, *size), tolerance=1e-6)
    assert network.input_size == size
    with pytest.raises(InputError, match="one size only"):
        agree(g.data(out), pictures(1, 1, 11, 11))


def test_same_padding_with_a_stride_at_open_size_is_refused() -> None:
    g = GraphMaker()
    out = g.conv("x", whole(2, 1, 3, 3), auto_pad="SAME_UPPER", strides=[2, 2])
    with pytest.raises(InputError, match=r'"n0" \(Conv\): padding that depends on the image.*auto_pad SAME_UPPER'):
        from_onnx(g.pooled(out), "net.onnx")


def test_same_padding_of_one_place_needs_no_size() -> None:
    g = GraphMaker()
    out = g.conv("x", whole(2, 1, 1, 1), auto_pad="SAME_UPPER", strides=[2, 3])
    assert agree(g.pooled(out), *batches()).input_size is None


# -- pools ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        {"kernel_shape": [3, 2]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "pads": [1, 1, 1, 1]},
        {"kernel_shape": [2, 3], "strides": [3, 2], "pads": [0, 2, 1, 0]},
        {"kernel_shape": [3, 3], "strides": [2, 2], "ceil_mode": 1},
        {"kernel_shape": [2, 2], "strides": [3, 3], "ceil_mode": 1},
        {"kernel_shape": [3, 2], "strides": [4, 3], "pads": [1, 0, 1, 1], "ceil_mode": 1},
        {"kernel_shape": [3, 3], "auto_pad": "SAME_UPPER"},
        {"kernel_shape": [2, 4], "auto_pad": "SAME_LOWER"},
        {"kernel_shape": [2, 4], "auto_pad": "VALID", "strides": [2, 2]},
        {"kernel_shape": [2, 2], "storage_order": 1},
        {"kernel_shape": [2, 2], "dilations": [1, 1]},
    ],
)
def test_max_pool(attributes: dict[str, Any]) -> None:
    sizes = [(h, w) for h in range(6, 10) for w in (7, 8)]
    g = GraphMaker()
    out = g.add("MaxPool", g.conv("x", whole(2, 1, 2, 2, seed=6), [-9, 2]), **attributes)
    network = agree(g.data(g.add("ReduceSum", out, g.ints(2, 3), keepdims=0)), *batches(1, sizes))
    assert isinstance(network.layers[1], MaxPool2d)


@pytest.mark.parametrize(
    "attributes",
    [
        {"kernel_shape": [2, 2], "strides": [2, 2]},
        {"kernel_shape": [4, 1], "strides": [1, 3]},
        {"kernel_shape": [2, 4], "pads": [1, 0, 1, 3], "count_include_pad": 1, "strides": [2, 1]},
        {"kernel_shape": [2, 2], "ceil_mode": 1},
        {"kernel_shape": [2, 2], "count_include_pad": 0, "pads": [0, 0, 0, 0]},
        {"kernel_shape": [1, 2], "auto_pad": "VALID"},
        {"kernel_shape": [1, 4], "auto_pad": "SAME_UPPER", "count_include_pad": 1},
    ],
)
def test_average_pool(attributes: dict[str, Any]) -> None:
    g = GraphMaker()
    agree(g.pooled(g.add("AveragePool", "x", **attributes)), *batches())


def test_average_pool_that_rounds_up_to_what_it_was() -> None:
    g = GraphMaker(("N", 1, 8, 6))
    out = g.add("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    network = agree(g.pooled(out), pictures(2, 1, 8, 6))
    assert network.input_size == (8, 6)


@pytest.mark.parametrize("kind", ["GlobalMaxPool", "GlobalAveragePool"])
def test_global_pools(kind: str) -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    network = agree(g.pooled("x", kind), pictures(2, 2, 8, 4), pictures(2, 2, 2, 16), pictures(1, 2, 1, 1))
    assert network.layers == (GlobalPool("max" if "Max" in kind else "mean"),)


@pytest.mark.parametrize("operator", ["ReduceMax", "ReduceMean", "ReduceSum"])
@pytest.mark.parametrize("axes", [[2, 3], [-1, -2], [3, -2]])
@pytest.mark.parametrize("keep", [0, 1])
@pytest.mark.parametrize("opset", [11, 13, 18, 22])
def test_reductions(operator: str, axes: list[int], keep: int, opset: int) -> None:
    g = GraphMaker(("N", 2, "H", "W"), opset=opset)
    as_input = opset >= (13 if operator == "ReduceSum" else 18)
    inputs = ["x", g.ints(*axes)] if as_input else ["x"]
    out = g.add(operator, *inputs, keepdims=keep, **({} if as_input else {"axes": axes}))
    kinds = {"ReduceMax": "max", "ReduceMean": "mean", "ReduceSum": "sum"}
    network = agree(g.data(out), pictures(2, 2, 8, 4), pictures(2, 2, 2, 2))
    assert network.layers == (GlobalPool(kinds[operator]),)  # type: ignore[arg-type]


def test_maxima_commute_with_growing_maps_only() -> None:
    for sign, following in ((1, GlobalPool), (-1, Conv2d)):
        g = GraphMaker()
        relu = g.add("Relu", g.conv("x", whole(2, 1, 2, 2, seed=1)))
        scaled = g.add("Mul", relu, g.weight([[[sign * 2]], [[3]]]))
        network = agree(g.pooled(g.add("Add", scaled, g.weight([1]))), *batches())
        assert isinstance(network.layers[2], following)


# -- activations ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "attributes", "constants"),
    [
        ("Relu", {}, []),
        ("LeakyRelu", {"alpha": 0.25}, []),
        ("LeakyRelu", {"alpha": -0.5}, []),
        ("PRelu", {}, [[[[0.5]], [[-2]]]]),
        ("PRelu", {}, [[0.25]]),
        ("Abs", {}, []),
        ("Neg", {}, []),
        ("Clip", {}, [-1, 2]),
        ("Clip", {}, [0, 6]),
        ("Clip", {}, ["", 1]),
        ("Clip", {}, [0.5]),
        ("Clip", {}, []),
        ("Clip", {}, [1, 1]),
        ("Clip", {}, [-np.inf, 1]),
        ("HardSigmoid", {"alpha": 0.5, "beta": 0.25}, []),
        ("Max", {}, [[1]]),
        ("Min", {}, [[[[1]], [[-1]]]]),
        ("Min", {}, [[0.5]]),
    ],
)
def test_activation(operator: str, attributes: dict[str, Any], constants: list[Any]) -> None:
    g = GraphMaker()
    before = g.conv("x", whole(2, 1, 2, 3, seed=7), [1, -2], pads=[0, 1, 1, 0])
    names = [c if isinstance(c, str) else g.weight(c) for c in constants]
    out = g.add(operator, before, *names, **attributes)
    agree(g.data(g.add("ReduceSum", out, g.ints(2, 3), keepdims=0)), *batches())


@pytest.mark.parametrize("operator", ["Max", "Min"])
def test_extremes_of_two_values(operator: str) -> None:
    g = GraphMaker()
    left, right = (g.conv("x", whole(2, 1, 3, 3, seed=s), [s, 1], pads=[1, 1, 1, 1]) for s in (1, 2))
    agree(g.data(g.add("ReduceSum", g.add(operator, left, right), g.ints(2, 3), keepdims=0)), *batches())


def test_default_slopes_are_the_float32_numbers() -> None:
    g = GraphMaker()
    network = from_onnx(g.pooled(g.add("LeakyRelu", "x")), "net.onnx")
    last = network.layers[2]
    assert isinstance(last, Conv2d)
    assert last.weight.item(0, 1, 0, 0) == -fmpq(*float(np.float32(0.01)).as_integer_ratio())


def test_clip_before_opset_11_has_attributes() -> None:
    g = GraphMaker(opset=9)
    agree(g.pooled(g.add("Clip", "x", min=-0.5, max=1.0)), *batches())


# -- arithmetic -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("operator", "constant", "swapped"),
    [
        ("Add", 2, False),
        ("Add", [[[1]], [[-2]]], True),
        ("Add", [[[[1]], [[-2]]]], False),
        ("Add", np.full((2, 1, 1), 3), False),
        ("Sub", [[[1]], [[-2]]], False),
        ("Sub", 1, True),
        ("Mul", [[[2]], [[-3]]], False),
        ("Mul", [[[2]], [[0]]], True),
        ("Mul", 0.5, False),
        ("Div", [[[2]], [[-4]]], False),
        ("Sum", 3, False),
    ],
)
def test_arithmetic_with_constants(operator: str, constant: Any, swapped: bool) -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    before = g.conv("x", whole(2, 2, 2, 2, seed=8), pads=[1, 0, 0, 1])
    parts = [before, g.weight(constant)]
    out = g.add(operator, *(reversed(parts) if swapped else parts))
    out = g.conv(g.add("Relu", out), whole(3, 2, 2, 2, seed=9), [1, 2, 3], pads=[1, 1, 1, 1])
    agree(g.pooled(out), *batches(2))


def test_division_by_three_is_exact() -> None:
    g = GraphMaker()
    network = from_onnx(g.pooled(g.add("Div", "x", g.weight(3))), "net.onnx")
    agree(g.pooled(g.add("Div", "x", g.weight(3))), *batches(), tolerance=1e-6)
    assert [layer.weight.item(0, 0, 0, 0) for layer in network.layers if isinstance(layer, Conv2d)] in (
        [],
        [fmpq(1, 3)],
    )


def test_constants_before_padding_are_kept_out_of_it() -> None:
    """What a convolution sees outside the image is 0, and not the constant that was added inside."""
    g = GraphMaker()
    out = g.conv(g.add("Add", "x", g.weight(5)), whole(2, 1, 3, 3, seed=1), pads=[1, 1, 1, 1])
    network = agree(g.data(g.add("ReduceSum", out, g.ints(2, 3), keepdims=0)), *batches())
    assert len(network.layers) == 3


def test_constants_before_an_unpadded_convolution_join_it() -> None:
    g = GraphMaker()
    out = g.conv(g.add("Add", g.add("Mul", "x", g.weight(2)), g.weight(5)), whole(2, 1, 3, 3, seed=1), [1, 2])
    assert len(agree(g.pooled(out), *batches()).layers) == 2


def test_padded_means_of_shifted_values() -> None:
    g = GraphMaker()
    out = g.add("Add", g.add("Relu", g.conv("x", whole(2, 1, 2, 2))), g.weight(3))
    out = g.add("AveragePool", out, kernel_shape=[2, 2], pads=[1, 1, 1, 1], count_include_pad=1)
    agree(g.pooled(out), *batches())


def test_sums_of_shifted_values() -> None:
    g = GraphMaker()
    out = g.add("Sub", g.add("MaxPool", "x", kernel_shape=[2, 2]), g.weight(3))
    agree(g.data(g.add("ReduceSum", out, g.ints(2, 3))), *batches())


@pytest.mark.parametrize("opset", [7, 9, 14, 15, 22])
def test_batch_normalisation_with_rational_roots(opset: int) -> None:
    g = GraphMaker(opset=opset)
    before = g.conv("x", whole(3, 1, 2, 2, seed=10))
    statistics = [[1, -2, 0.5], [0, 1, 2], [1, -1, 0], [4 - 2**-16, 0.25 - 2**-16, 1 - 2**-16]]
    out = g.add("BatchNormalization", before, *map(g.weight, statistics), epsilon=2.0**-16)
    network = agree(g.pooled(g.add("Relu", out)), *batches())
    assert [type(layer) for layer in network.layers] == [Conv2d, ReLU, GlobalPool]
    assert network.notes == ()


def test_batch_normalisation_with_irrational_roots() -> None:
    g = GraphMaker()
    before = g.conv("x", whole(2, 1, 2, 2, seed=10))
    statistics = [[1, -2], [0, 1], [1, -1], [0.5, 4]]
    data = g.pooled(g.add("BatchNormalization", before, *map(g.weight, statistics)))
    with pytest.raises(InputError, match=r'"n1" \(BatchNormalization\).*irrational.*0\.50001.*--batch-norm float32'):
        from_onnx(data, "net.onnx")
    network = agree(data, *batches(), batch_norm="float32", tolerance=1e-6)
    (note,) = network.notes
    assert "irrational" in note
    assert '"n1"' in note


def test_batch_normalisation_right_on_the_image() -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    statistics = [[1, 2], [0, 1], [1, -1], [4, 1]]
    normal = g.add("BatchNormalization", "x", *map(g.weight, statistics), epsilon=0.0)
    agree(g.pooled(g.conv(normal, whole(2, 2, 3, 3), [1, 2], pads=[1, 1, 1, 1])), *batches(2))


@pytest.mark.parametrize(
    ("pads", "opset", "value"), [([0, 0, 1, 2, 0, 0, 0, 3], 9, 0), ([0, 0, 1, 2, 0, 0, 2, 1], 13, 0)]
)
def test_padding(pads: list[int], opset: int, value: float) -> None:
    g = GraphMaker(opset=opset)
    out = g.add("Pad", "x", pads=pads, mode="constant", value=0.0) if opset < 11 else g.add("Pad", "x", g.ints(*pads))
    network = agree(g.pooled(g.conv(out, whole(2, 1, 3, 2), [1, 2], strides=[2, 1], pads=[1, 0, 0, 1])), *batches())
    assert [type(layer) for layer in network.layers] == [Conv2d, GlobalPool]
    g.nodes.pop(), g.nodes.pop(), g.nodes.pop()
    network = agree(g.pooled(g.add("MaxPool", out, kernel_shape=[2, 2])), *batches())
    assert [type(layer) for layer in network.layers] == [Conv2d, MaxPool2d, GlobalPool]


def test_padding_with_axes() -> None:
    g = GraphMaker(opset=18)
    out = g.add("Pad", "x", g.ints(2, 1), g.weight(0), g.ints(-1))
    agree(g.pooled(g.add("Relu", out), "GlobalAveragePool"), *batches(1, [(8, 5), (4, 13)]))


# -- branches ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("activation", ["Relu", "LeakyRelu", None])
def test_residual(activation: str | None) -> None:
    g = GraphMaker()
    start = g.conv("x", whole(2, 1, 3, 3, seed=1), [1, -1], pads=[1, 1, 1, 1])
    if activation:
        start = g.add(activation, start, **({"alpha": 0.5} if activation == "LeakyRelu" else {}))
    inner = g.add("Relu", g.conv(start, whole(3, 2, 3, 3, seed=2), [1, 0, -1], pads=[1, 1, 1, 1]))
    inner = g.conv(inner, whole(2, 3, 3, 3, seed=3, low=-1, high=1), [0, 1], pads=[1, 1, 1, 1])
    agree(g.pooled(g.add("Relu", g.add("Add", inner, start))), *batches())


def test_residual_with_a_stride_and_a_projection() -> None:
    g = GraphMaker()
    start = g.add("Relu", g.conv("x", whole(2, 1, 3, 3, seed=1), pads=[1, 1, 1, 1]))
    inner = g.add("Relu", g.conv(start, whole(3, 2, 3, 3, seed=2), [1, 2, 3], strides=[2, 2], pads=[1, 1, 1, 1]))
    inner = g.conv(inner, whole(3, 3, 3, 3, seed=3, low=-1, high=1), pads=[1, 1, 1, 1])
    short = g.conv(start, whole(3, 2, 1, 1, seed=4), [1, 0, 2], strides=[2, 2])
    agree(g.pooled(g.add("Relu", g.add("Add", inner, short))), *batches())


def test_projections_that_agree_at_a_fixed_size_only() -> None:
    g = GraphMaker(("N", 1, 8, 8))
    left = g.conv("x", whole(2, 1, 3, 3, seed=2), [1, 2], strides=[2, 2], pads=[1, 1, 1, 1])
    right = g.conv(g.add("AveragePool", "x", kernel_shape=[2, 2], strides=[2, 2]), whole(2, 1, 1, 1, seed=3))
    network = agree(g.pooled(g.add("Add", left, right)), pictures(2, 1, 8, 8))
    assert network.input_size == (8, 8)


def test_branches_joined_by_concatenation() -> None:
    g = GraphMaker()
    start = g.add("Relu", g.conv("x", whole(2, 1, 1, 1, seed=1)))
    wide = g.add("Relu", g.conv(start, whole(2, 2, 5, 5, seed=2, low=-1, high=1), pads=[2, 2, 2, 2]))
    deep = g.add("Relu", g.conv(start, whole(1, 2, 1, 1, seed=3)))
    deep = g.add("Relu", g.conv(deep, whole(2, 1, 3, 3, seed=4), [1, 2], pads=[1, 1, 1, 1]))
    mean = g.add("AveragePool", start, kernel_shape=[1, 1])
    out = g.add("Concat", wide, deep, start, mean, axis=1)
    agree(g.pooled(g.conv(out, whole(2, 8, 2, 2, seed=5, low=-1, high=1))), *batches())


def test_a_flatten_keeps_channels_that_are_alike() -> None:
    g = GraphMaker()
    out = g.add("Concat", "x", "x", g.add("Sub", "x", "x"), axis=1)
    agree(g.data(g.add("Flatten", out)), pictures(2, 1, 3, 2))


def test_a_value_used_twice() -> None:
    g = GraphMaker()
    left = g.conv("x", whole(2, 1, 3, 3, seed=1), [1, 0], pads=[1, 1, 1, 1])
    agree(g.pooled(g.add("Add", g.add("Relu", left), g.add("Mul", left, g.weight(2)))), *batches())
    g.nodes.pop(), g.nodes.pop()
    agree(g.pooled(g.add("Add", left, left)), *batches())


# -- dense layers and flattening --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"transB": 1},
        {"alpha": 0.5, "beta": 2.0, "transB": 1},
        {"alpha": 0.0},
    ],
)
@pytest.mark.parametrize("bias", [None, [1, 2, 3], [[1, 2, 3]], 2, [4]])
def test_gemm(attributes: dict[str, Any], bias: Any) -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    weight = whole(2, 3, seed=1)
    names = [g.weight(weight.T if attributes.get("transB") else weight), *([] if bias is None else [g.weight(bias)])]
    pooled = g.add("Flatten", g.add("GlobalMaxPool", "x"))
    agree(g.data(g.add("Gemm", pooled, *names, **attributes)), *batches(2))


def head(g: GraphMaker, value: str, inputs: int) -> str:
    """Two dense layers with a ReLU in between."""
    hidden = g.add("Add", g.add("MatMul", value, g.weight(whole(inputs, 3, seed=11))), g.weight([1, -1, 0]))
    return g.add("Gemm", g.add("Relu", hidden), g.weight(whole(3, 2, seed=12)), g.weight([1, 2]))


def flattened(g: GraphMaker, value: str, how: str) -> str:
    """The value flattened; the batch size is open unless it says otherwise."""
    if how == "flatten":
        return g.add("Flatten", value)
    if how == "reshape":
        return g.add("Reshape", value, g.ints(-1, 2 * 4 * 3))
    if how == "reshape zero":
        return g.add("Reshape", value, g.ints(0, -1))
    batch = g.add("Gather", g.add("Shape", value), g.weight(0, np.int64), axis=0)
    shape = g.add("Concat", g.add("Unsqueeze", batch, g.ints(0)), g.ints(-1), axis=0)
    return g.add("Reshape", value, shape)


@pytest.mark.parametrize("how", ["flatten", "reshape", "reshape zero", "shape"])
def test_flattening_at_a_fixed_size(how: str) -> None:
    g = GraphMaker(("N", 1, 5, 4))
    out = g.add("Relu", g.conv("x", whole(2, 1, 2, 2, seed=1), [1, 0]))
    network = agree(g.data(head(g, flattened(g, out, how), 24)), pictures(3, 1, 5, 4))
    assert network.input_size == (5, 4)
    assert [type(layer) for layer in network.layers] == [Conv2d, ReLU, Conv2d, GlobalPool, ReLU, Dense]
    with pytest.raises(InputError, match="one size only; found size 6x5; expected 5x4"):
        network.require_sizes(SizeRange.fixed(6, 5))


@pytest.mark.parametrize("batch", ["N", 1, 3])
def test_channels_last_all_the_way(batch: int | str) -> None:
    g = GraphMaker((batch, 5, 4, 3))
    first = g.add("Transpose", g.add("Mul", "x", g.weight(0.5)), perm=[0, 3, 1, 2])
    out = g.add("Transpose", g.conv(first, whole(2, 3, 2, 2, seed=1)), perm=[0, 2, 3, 1])
    out = g.add("Relu", g.add("Add", out, g.weight([1, -1])))
    out = g.add("Reshape", out, g.ints(-1, 24))
    count = batch if isinstance(batch, int) else 2
    network = agree(g.data(head(g, out, 24)), pictures(count, 5, 4, 3), last=True)
    assert network.channels == 3
    assert any("channels last" in note for note in network.notes)


def test_a_single_channel_moved_by_a_reshape() -> None:
    g = GraphMaker(("N", 5, 4, 1))
    out = g.conv(g.add("Reshape", "x", g.ints(-1, 1, 5, 4)), whole(2, 1, 2, 2))
    agree(g.pooled(out), pictures(2, 5, 4, 1), last=True)


def test_without_a_batch_axis() -> None:
    g = GraphMaker((1, 1, 5, 4))
    out = g.add("Relu", g.conv("x", whole(2, 1, 2, 2, seed=1), [1, 0]))
    out = g.add("Reshape", out, g.ints(24))
    out = g.add("Add", g.add("MatMul", out, g.weight(whole(24, 3, seed=2))), g.weight([1, 2, 3]))
    agree(g.data(out), pictures(1, 1, 5, 4))


def test_squeezed_and_unsqueezed() -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    pooled = g.add("Squeeze", g.add("GlobalAveragePool", "x"), g.ints(3, 2))
    out = g.add("Unsqueeze", pooled, g.ints(2, -1))
    out = g.conv(out, whole(3, 2, 1, 1, seed=2), [1, 2, 3])
    agree(g.data(g.add("Flatten", g.add("Relu", out))), pictures(2, 2, 8, 2))


def test_rest_of_the_view_operators() -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    out = g.add("Identity", g.add("Dropout", "x", g.weight(0.5), g.weight(False, np.bool_)))
    out = g.add("Cast", g.add("Cast", out, to=TensorProto.DOUBLE), to=TensorProto.FLOAT)
    out = g.add("Reshape", g.add("GlobalMaxPool", out), g.ints(0, 2))
    agree(g.data(out), *batches(2))


def test_constants_by_node_and_folded() -> None:
    g = GraphMaker(("N", 2, "H", "W"))
    weight = g.add("Transpose", g.weight(whole(3, 2, seed=1)), perm=[1, 0])
    scale = g.add("Mul", g.add("Constant", value_float=0.5), g.weight([2, 4, 8]))
    shape = g.add("Slice", g.add("Constant", value_ints=[7, 0, -1]), g.ints(1), g.ints(3))
    pooled = g.add("Reshape", g.add("GlobalMaxPool", "x"), shape)
    out = g.add("Div", g.add("MatMul", pooled, weight), g.add("Neg", g.add("Cast", scale, to=TensorProto.FLOAT)))
    agree(g.data(out), *batches(2))


def test_constants_for_each_entry_of_a_flattened_image() -> None:
    g = GraphMaker(("N", 1, 3, 2))
    out = g.add("Flatten", g.conv("x", whole(2, 1, 2, 1, seed=1)))
    out = g.add("Add", g.add("Mul", out, g.weight(whole(8, seed=2))), g.weight(whole(8, seed=3)))
    agree(g.data(g.add("Gemm", g.add("Relu", out), g.weight(whole(8, 2, seed=4)))), pictures(3, 1, 3, 2))


def test_normalisation_and_concatenation_of_flattened_images() -> None:
    g = GraphMaker(("N", 1, 3, 2))
    left = g.add("Flatten", g.conv("x", whole(2, 1, 2, 1, seed=1)))
    right = g.add("Flatten", g.conv("x", whole(1, 1, 2, 1, seed=2)))
    both = g.add("Concat", left, right, axis=1)
    statistics = [whole(12, seed=3), whole(12, seed=4), whole(12, seed=5), [4] * 12]
    out = g.add("BatchNormalization", both, *map(g.weight, statistics), epsilon=0.0)
    agree(g.data(g.add("Gemm", out, g.weight(whole(12, 2, seed=6)))), pictures(3, 1, 3, 2))


def test_images_as_outputs() -> None:
    g = GraphMaker(("N", 1, 4, 3))
    out = g.add("Relu", g.conv("x", whole(2, 1, 2, 2, seed=1), [1, -1]))
    network = agree(g.data(out), pictures(2, 1, 4, 3))
    assert any("image" in note for note in network.notes)


def test_vectors_as_inputs() -> None:
    g = GraphMaker(("N", 4))
    network = agree(g.data(head(g, g.add("Relu", "x"), 4)), pictures(3, 4))
    assert (network.channels, network.input_size) == (4, (1, 1))


def test_one_place_left() -> None:
    g = GraphMaker(("N", 1, 4, 4))
    out = g.add("MaxPool", g.conv("x", whole(3, 1, 3, 3), [1, 2, 3]), kernel_shape=[2, 2])
    network = agree(g.data(head(g, g.add("Flatten", out), 3)), pictures(2, 1, 4, 4))
    assert [type(layer) for layer in network.layers] == [Conv2d, MaxPool2d, GlobalPool, Dense, ReLU, Dense]


# -- types of weights -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("per_channel", [False, True])
@pytest.mark.parametrize("kind", [np.int8, np.uint8])
def test_weights_of_eight_bits(kind: Any, per_channel: bool) -> None:
    g = GraphMaker()
    rng = np.random.default_rng(1)
    limits = np.iinfo(kind)
    quantised = rng.integers(limits.min, limits.max + 1, (2, 1, 3, 3))
    scale, zero = ([0.25, 0.5], [3, 1]) if per_channel else (0.25, 7)
    names = [g.weight(quantised, kind), g.weight(scale), g.weight(zero, kind)]
    weight = g.add("DequantizeLinear", *names, **({"axis": 0} if per_channel else {}))
    bias = g.add("DequantizeLinear", g.weight([5, -6], np.int32), g.weight(0.5))
    network = agree(g.pooled(g.add("Relu", g.add("Conv", "x", weight, bias))), *batches())
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    scales, zeros = (scale, zero) if per_channel else ([scale] * 2, [zero] * 2)
    assert first.weight.item(1, 0, 2, 2) == (int(quantised[1, 0, 2, 2]) - zeros[1]) * fmpq(
        *scales[1].as_integer_ratio()
    )


def test_weights_that_are_quantised_in_the_file() -> None:
    g = GraphMaker()
    zero = g.weight(1, np.int8)
    weight = g.weight(np.array([[[[0.3, -0.6], [100, -100]]]]))
    quantised = g.add("QuantizeLinear", weight, g.weight(0.25), zero)
    weight = g.add("DequantizeLinear", quantised, g.weight(0.25), zero)
    agree(g.pooled(g.add("Conv", "x", weight)), *batches())


@pytest.mark.parametrize(("dtype", "code"), [(np.float16, TensorProto.FLOAT16), (np.float64, TensorProto.DOUBLE)])
def test_weights_of_other_widths(dtype: Any, code: int) -> None:
    g = GraphMaker()
    weight = g.add("Cast", g.weight(np.array([[[[0.1, -0.3]]]]), dtype), to=TensorProto.FLOAT)
    agree(g.pooled(g.add("Conv", "x", weight)), *batches(), tolerance=1e-6)
    g = GraphMaker(dtype=code)
    g.nodes, g.weights = [], []
    data = g.pooled(g.add("Conv", "x", g.weight(np.array([[[[0.1, -0.3]]]]), dtype)))
    network = from_onnx(data, "net.onnx")
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    assert first.weight.item(0, 0, 0, 0) == fmpq(*float(dtype(0.1)).as_integer_ratio())


# -- whether the layers are the file's own operations ------------------------------------------------------------------


def test_plain_networks_are_not_rewritten() -> None:
    g = GraphMaker(("N", 2, 6, 5))
    out = g.conv("x", whole(4, 1, 3, 3, seed=1), [1, 2, 3, 4], group=2, dilations=[2, 1], auto_pad="NOTSET")
    out = g.add("AveragePool", g.add("Relu", out), kernel_shape=[1, 2])
    out = g.add("Relu", g.add("Gemm", g.add("Flatten", out), g.weight(whole(16, 3)), g.weight([1, 2, 3])))
    out = g.add("MatMul", g.add("Identity", out), g.weight(whole(3, 2)))
    # The bias is added last, which is one order of the sum.
    out = g.add("Add", out, g.weight([0.5, 1]))
    assert not agree(g.data(out), pictures(2, 2, 6, 5)).rewritten


def _scaled(g: GraphMaker) -> str:
    return g.add("Mul", g.add("Relu", "x"), g.weight(3))


def _shifted(g: GraphMaker) -> str:
    return g.add("Add", "x", g.weight(3))


def _two_biases(g: GraphMaker) -> str:
    return g.add("Add", g.conv("x", whole(1, 1, 1, 1), [1]), g.weight(3))


def _carried(g: GraphMaker) -> str:
    return g.add("Add", g.add("Relu", "x"), "x")


def _side_by_side(g: GraphMaker) -> str:
    return g.add("Concat", g.conv("x", whole(1, 1, 1, 1)), g.conv("x", whole(1, 1, 1, 1)), axis=1)


def _leaky(g: GraphMaker) -> str:
    return g.add("LeakyRelu", "x")


def _dequantised(g: GraphMaker) -> str:
    return g.add("Conv", "x", g.add("DequantizeLinear", g.weight([[[[3]]]], np.int8), g.weight(0.1)))


def _cast(g: GraphMaker) -> str:
    return g.add("Cast", g.add("Cast", "x", to=TensorProto.FLOAT16), to=TensorProto.FLOAT)


@pytest.mark.parametrize("make", [_scaled, _shifted, _two_biases, _carried, _side_by_side, _leaky, _dequantised, _cast])
def test_other_networks_say_that_they_are_rewritten(make: Callable[[GraphMaker], str]) -> None:
    g = GraphMaker()
    assert from_onnx(g.pooled(make(g)), "net.onnx").rewritten


def test_weights_of_a_dense_layer_that_are_scaled_are_rewritten() -> None:
    g = GraphMaker()
    dense = g.add("Gemm", g.add("Flatten", g.add("GlobalMaxPool", "x")), g.weight([[3]]), alpha=0.1)
    assert from_onnx(g.data(dense), "net.onnx").rewritten


def test_float64_models_are_rewritten() -> None:
    g = GraphMaker(dtype=TensorProto.DOUBLE)
    assert from_onnx(g.pooled(g.add("Relu", "x")), "net.onnx").rewritten


# -- what rests on the image's size -----------------------------------------------------------------------------------


def test_a_fixed_size_that_nothing_rests_on_is_no_limit() -> None:
    g = GraphMaker((1, 1, 8, 8))
    data = g.pooled(g.add("Relu", g.conv("x", whole(2, 1, 3, 3, seed=1))), "GlobalAveragePool")
    assert from_onnx(data, "net.onnx").input_size is None


def test_a_factor_computed_from_the_shape_rests_on_the_size() -> None:
    g = GraphMaker(("N", 1, 4, 2))
    height = g.add("Gather", g.add("Shape", "x"), g.weight(2, np.int64))
    out = g.add("Div", "x", g.add("Cast", height, to=TensorProto.FLOAT))
    assert agree(g.pooled(out), pictures(2, 1, 4, 2)).input_size == (4, 2)


def test_axes_that_are_alike_at_one_place_only_rest_on_the_size() -> None:
    g = GraphMaker((2, 1, 1, 1))
    turned = g.add("Transpose", "x", perm=[0, 1, 3, 2])
    out = g.add("Add", g.conv(turned, whole(2, 1, 1, 1)), g.conv("x", whole(2, 1, 1, 1, seed=1)))
    assert agree(g.pooled(out), pictures(2, 1, 1, 1)).input_size == (1, 1)


def test_a_mean_over_the_only_row_rests_on_the_size() -> None:
    g = GraphMaker(("N", 1, 1, 4))
    out = g.add("ReduceMean", "x", axes=[3])
    assert agree(g.data(out), pictures(2, 1, 1, 4)).input_size == (1, 4)


@pytest.mark.parametrize("opset", [7, 8, 10, 11, 12, 13, 16, 18, 20, 21, 23, 24, 25])
def test_operator_sets(opset: int) -> None:
    g = GraphMaker((2, 1, "H", "W"), opset=opset)
    start = g.conv("x", whole(2, 1, 3, 3, seed=1), [1, -1], auto_pad="SAME_UPPER")
    start = g.add("BatchNormalization", start, *(g.weight([v, 1]) for v in (2, 1, -1, 1)), epsilon=0.0)
    start = g.add("Relu", start)
    inner = g.add("LeakyRelu", g.conv(start, whole(2, 2, 1, 1, seed=2)), alpha=0.5)
    out = g.add("Concat", g.add("Add", inner, start), g.add("Dropout", start), axis=1)
    out = g.add("MaxPool", out, kernel_shape=[3, 3], strides=[2, 2], pads=[1, 1, 1, 1])
    out = g.add("AveragePool", out, kernel_shape=[2, 1])
    out = g.add("Reshape", g.add("GlobalMaxPool", out), g.ints(2, -1))
    out = g.add("Transpose", g.add("Transpose", out, perm=[1, 0]), perm=[1, 0])
    out = g.add("Gemm", out, g.weight(whole(4, 3, seed=3)), g.weight([1, 2, 3]))
    agree(g.data(out), *batches())

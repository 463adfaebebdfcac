"""What exporters write: channels picked, padding by other numbers, minima, and a softmax at the end."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from onnx import TensorProto, helper
from support.onnx_graphs import GraphMaker, agree, pictures, run_onnx, whole

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.lower import from_onnx
from exactcnn.network.evaluate import evaluate
from exactcnn.network.model import Conv2d, GlobalPool

SMALL, LARGE = -(2**63), 2**63 - 1


def batches(channels: int = 1) -> list[np.ndarray]:
    return [pictures(2, channels, *size, seed=i) for i, size in enumerate([(7, 8), (9, 6)])]


def split(g: GraphMaker, value: str, parts: list[int], axis: int = 1) -> list[str]:
    """The parts of a value."""
    names = [f"part{i}" for i in range(len(parts))]
    inputs = [value, g.ints(*parts)] if g.opset >= 13 else [value]
    more = {} if g.opset >= 13 else {"split": parts}
    g.nodes.append(helper.make_node("Split", inputs, names, name="split", axis=axis, **more))
    return names


# -- channels picked --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opset", [11, 13, 18, 23])
def test_the_larger_of_two_halves(opset: int) -> None:
    g = GraphMaker(opset=opset)
    first, second = split(g, g.conv("x", whole(4, 1, 3, 3)), [3, 1], axis=-3)
    out = g.add("Concat", g.add("Relu", second), first, axis=1)
    agree(g.pooled(g.add("Relu", out)), *batches())


def test_parts_of_their_own_number() -> None:
    g = GraphMaker(opset=18)
    value = g.conv("x", whole(5, 1, 2, 2))
    g.nodes.append(helper.make_node("Split", [value], ["a", "b"], name="split", axis=1, num_outputs=2))
    agree(g.pooled(g.add("Concat", "b", g.add("Relu", "a"), axis=1)), *batches())


@pytest.mark.parametrize(
    ("start", "end", "step", "count"),
    [(1, 3, 1, 2), (-2, LARGE, 1, 2), (-1, SMALL, -1, 4), (0, -1, 2, 2), (3, 0, -2, 2)],
)
def test_slices_of_channels(start: int, end: int, step: int, count: int) -> None:
    g = GraphMaker()
    value = g.conv("x", whole(4, 1, 3, 3))
    out = g.add("Slice", value, g.ints(start, 0), g.ints(end, LARGE), g.ints(1, 2), g.ints(step, 1))
    network = agree(g.pooled(out), *batches())
    assert network.outputs == count


def test_slices_before_opset_10_have_attributes() -> None:
    g = GraphMaker(opset=9)
    out = g.add("Slice", g.conv("x", whole(4, 1, 3, 3)), axes=[1], starts=[1], ends=[9])
    assert agree(g.pooled(out), *batches()).outputs == 3


def test_channels_in_another_order() -> None:
    g = GraphMaker(("N", 3, "H", "W"))
    turned = g.add("Gather", "x", g.ints(2, 1, -3), axis=1)
    agree(g.pooled(g.add("Relu", g.conv(turned, whole(2, 3, 2, 2)))), *batches(3))


def test_one_channel() -> None:
    g = GraphMaker(("N", 3, "H", "W"))
    grey = g.add("Unsqueeze", g.add("Gather", "x", g.weight(1, np.int64), axis=1), g.ints(1))
    agree(g.pooled(g.conv(grey, whole(2, 1, 2, 2))), *batches(3))


def test_a_grey_image_three_times() -> None:
    g = GraphMaker()
    agree(g.pooled(g.conv(g.add("Gather", "x", g.ints(0, 0, 0), axis=1), whole(2, 3, 2, 2))), *batches())


def test_the_only_place_picked() -> None:
    """`x[:, :, 0, 0]` after a global pool."""
    g = GraphMaker()
    pooled = g.add("GlobalMaxPool", g.add("Relu", g.conv("x", whole(3, 1, 3, 3))))
    zero = g.weight(0, np.int64)
    out = g.add("Gather", g.add("Gather", pooled, zero, axis=3), zero, axis=2)
    assert agree(g.data(g.add("MatMul", out, g.weight(whole(3, 2)))), *batches()).input_size is None


def test_a_part_of_what_is_flattened() -> None:
    g = GraphMaker(("N", 1, 4, 4))
    flat = g.add("Flatten", g.conv("x", whole(2, 1, 2, 2)))
    out = g.add("Slice", flat, g.ints(3), g.ints(11), g.ints(1))
    network = agree(g.data(g.add("MatMul", out, g.weight(whole(8, 2)))), pictures(2, 1, 4, 4))
    assert network.input_size == (4, 4)


def rows(g: GraphMaker) -> str:
    return g.add("Slice", "x", g.ints(1), g.ints(LARGE), g.ints(2))


def every_row(g: GraphMaker) -> str:
    return g.add("Gather", "x", g.ints(3, 2, 1, 0), axis=2)


def images(g: GraphMaker) -> str:
    return g.add("Slice", "x", g.ints(0), g.ints(1), g.ints(0))


def two_axes(g: GraphMaker) -> str:
    return g.add("Slice", g.conv("x", whole(2, 1, 1, 1)), g.ints(0, 0), g.ints(1, 2), g.ints(1, 3))


def nothing(g: GraphMaker) -> str:
    return split(g, g.conv("x", whole(4, 1, 3, 3)), [4, 0])[0]


def beyond(g: GraphMaker) -> str:
    return g.add("Gather", g.conv("x", whole(2, 1, 1, 1)), g.ints(-3, 1), axis=1)


@pytest.mark.parametrize(
    ("make", "shape", "message"),
    [
        (rows, (2, 1, 4, 4), "a choice among the rows or columns; found axis 2; expected channels"),
        (rows, (2, 1, "H", 4), "length the file leaves open"),
        (every_row, (2, 1, 4, 4), "a choice that changes the order of places"),
        (images, (2, 1, 4, 4), "a choice among the images of a batch"),
        (two_axes, (2, 1, 4, 4), r"a slice along several axes; found \[1, 3\]"),
        (nothing, (2, 1, 4, 4), r"parts that do not make up the axis; found \[4, 0\]"),
        (beyond, (2, 1, 4, 4), "indices that are not there|out of bounds"),
    ],
)
def test_choices_that_are_refused(
    make: Callable[[GraphMaker], str], shape: tuple[int | str, ...], message: str
) -> None:
    g = GraphMaker(shape)
    with pytest.raises(InputError, match=message) as caught:
        from_onnx(g.pooled(make(g)), "net.onnx")
    assert str(caught.value).startswith("net.onnx: ")


def test_a_slice_of_all_rows_rests_on_their_number() -> None:
    g = GraphMaker(("N", 1, 4, 4))
    out = g.add("Slice", "x", g.ints(0), g.ints(4), g.ints(2))
    assert agree(g.pooled(out), pictures(2, 1, 4, 4)).input_size == (4, 4)
    g = GraphMaker(("N", 1, 4, 4))
    out = g.add("Slice", "x", g.ints(0), g.ints(LARGE), g.ints(2))
    assert agree(g.pooled(out), pictures(2, 1, 4, 4)).input_size is None


# -- padding ----------------------------------------------------------------------------------------------------------


def test_padding_whose_amounts_are_turned_about() -> None:
    """Amounts by axis, last axis first, as PyTorch keeps them, become those of the standard in the graph."""
    g = GraphMaker()
    amounts = g.add("Reshape", g.ints(1, 0, 2, 1, 0, 0, 0, 0), g.ints(-1, 2))
    turned = g.add("Slice", amounts, g.ints(-1), g.ints(SMALL), g.ints(0), g.ints(-1))
    pads = g.add("Cast", g.add("Reshape", g.add("Transpose", turned, perm=[1, 0]), g.ints(-1)), to=TensorProto.INT64)
    network = agree(g.pooled(g.conv(g.add("Pad", "x", pads), whole(2, 1, 3, 3))), *batches())
    conv = network.layers[0]
    assert isinstance(conv, Conv2d)
    assert conv.padding == (2, 1, 1, 0)


@pytest.mark.parametrize("value", [0.5, -2.0])
@pytest.mark.parametrize("then", ["Conv", "MaxPool", "Relu"])
def test_padding_with_a_number(value: float, then: str) -> None:
    g = GraphMaker(opset=13)
    start = g.add("Sub", g.conv("x", whole(2, 1, 2, 2)), g.weight([[[1]], [[3]]]))
    out = g.add("Pad", start, g.ints(0, 0, 1, 2, 0, 0, 3, 0), g.weight(value))
    if then == "Conv":
        out = g.conv(out, whole(2, 2, 3, 3), [1, -1])
    elif then == "MaxPool":
        out = g.add("MaxPool", out, kernel_shape=[2, 2], strides=[2, 2])
    else:
        out = g.add("Relu", out)
    agree(g.pooled(out), *batches())


def test_names_of_the_graph_are_its_own() -> None:
    """Values that the importer names itself get names that the file has not."""
    g, pads = GraphMaker(), (0, 0, 1, 1, 0, 0, 1, 1)
    named = "v0 before its padding"
    g.nodes.append(helper.make_node("Relu", ["x"], [named], name="relu"))
    g.nodes.append(helper.make_node("Pad", [named, g.ints(*pads), g.weight(2)], ["v0"], name="pad"))
    g.nodes.append(helper.make_node("Identity", ["v0"], ["minus v3"], name="same"))
    value = g.conv("minus v3", whole(2, 1, 3, 3))
    agree(g.data(g.add("Flatten", g.add("ReduceMin", value, axes=[2, 3]))), *batches())


# -- minima -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("opset", [13, 18])
def test_minima(opset: int) -> None:
    g = GraphMaker(("N", 2, "H", "W"), opset=opset)
    least = g.add("ReduceMin", "x", g.ints(2, 3)) if opset >= 18 else g.add("ReduceMin", "x", axes=[2, 3])
    network = agree(g.data(g.add("Flatten", g.add("Sub", g.add("GlobalMaxPool", "x"), least))), *batches(2))
    assert GlobalPool("max") in network.layers


# -- the end ----------------------------------------------------------------------------------------------------------


def ended(operator: str, *, opset: int = 17, copied: bool = False, **attributes: int) -> tuple[bytes, bytes]:
    """A model without and with a function at its end."""
    g = GraphMaker(opset=opset)
    flat = g.add("Flatten", g.add("GlobalMaxPool", g.add("Relu", g.conv("x", whole(3, 1, 3, 3) / 4))))
    dense = g.add("Gemm", flat, g.weight(whole(3, 4, seed=1) / 4), g.weight([0, 1, 0, 0.5]))
    without = g.data(dense)
    out = g.add(operator, dense, **attributes)
    return without, g.data(g.add("Identity", out) if copied else out)


@pytest.mark.parametrize(
    ("operator", "opset", "attributes"),
    [
        ("Softmax", 11, {}),
        ("Softmax", 11, {"axis": 1}),
        ("Softmax", 17, {}),
        ("Softmax", 17, {"axis": 1}),
        ("LogSoftmax", 17, {"axis": -1}),
        ("Sigmoid", 13, {}),
        ("Tanh", 13, {}),
    ],
)
@pytest.mark.parametrize("copied", [False, True])
def test_the_last_function_is_left_away_if_it_keeps_the_order(
    operator: str, opset: int, attributes: dict[str, int], copied: bool
) -> None:
    plain, data = ended(operator, opset=opset, copied=copied, **attributes)
    network = from_onnx(data, "net.onnx")
    assert network == from_onnx(plain, "net.onnx")
    assert network.rewritten
    (note,) = network.notes
    assert f"({operator}): left away; it keeps the order of the logits" in note
    batch = pictures(4, 1, 6, 7)
    exact = evaluate(network, ExactTensor.from_floats(batch)).floats()
    assert np.array_equal(run_onnx(data, batch).argmax(axis=1), exact.argmax(axis=1))


def over_the_batch(g: GraphMaker) -> str:
    return g.add("Softmax", g.add("Flatten", g.add("GlobalMaxPool", "x")), axis=0)


def over_rows(g: GraphMaker) -> str:
    return g.add("Flatten", g.add("Softmax", g.conv("x", whole(2, 1, 1, 1)), axis=2))


def places_apart(g: GraphMaker) -> str:
    return g.add("Softmax", g.conv("x", whole(2, 1, 1, 1)), axis=1)


def twice(g: GraphMaker) -> str:
    flat = g.add("Flatten", g.add("GlobalMaxPool", g.conv("x", whole(2, 1, 1, 1))))
    return g.add("Add", g.add("Softmax", flat), flat)


def before_a_layer(g: GraphMaker) -> str:
    flat = g.add("Flatten", g.add("GlobalMaxPool", g.conv("x", whole(2, 1, 1, 1))))
    return g.add("MatMul", g.add("Sigmoid", flat), g.weight(whole(2, 2)))


def after_another(g: GraphMaker) -> str:
    return g.add("Softmax", g.add("Sigmoid", g.add("Flatten", g.add("GlobalMaxPool", "x"))))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (over_the_batch, r'"n2" \(Softmax\): a softmax over other numbers than the logits of one image; found axis 0'),
        (over_rows, r'"n1" \(Softmax\).*not piecewise linear.*only as the last'),
        (places_apart, r'"n1" \(Softmax\): a softmax over other numbers'),
        (twice, r'"n3" \(Softmax\).*not piecewise linear.*only as the last'),
        (before_a_layer, r'"n3" \(Sigmoid\).*not piecewise linear'),
        (after_another, r'"n2" \(Sigmoid\).*not piecewise linear'),
    ],
)
def test_other_softmaxes_are_refused(make: Callable[[GraphMaker], str], message: str) -> None:
    g = GraphMaker((2, 1, 3, 3))
    with pytest.raises(InputError, match=message):
        from_onnx(g.data(make(g)), "net.onnx")


@pytest.mark.parametrize(
    ("operator", "message"),
    [
        ("ArgMax", r"not continuous. End the model with the numbers that it compares"),
        ("Elu", r"not piecewise linear. Train the network with Relu"),
        ("Resize", r"it spreads places. Places can be joined"),
        ("InstanceNormalization", r"not piecewise linear. Its factors depend on the image"),
        ("NonMaxSuppression", r"does not read; expected Abs, Add"),
    ],
)
def test_refusals_say_why(operator: str, message: str) -> None:
    from exactcnn.formats.onnx_import.lower import OPERATORS
    from exactcnn.formats.onnx_import.node import Node
    from exactcnn.formats.onnx_import.refusals import unknown

    made = unknown(Node(helper.make_node(operator, ["x"], ["y"]), 17), OPERATORS, varying=True)
    with pytest.raises(InputError, match=message):
        raise made

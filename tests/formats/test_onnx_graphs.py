"""Random graphs with branches, and graphs with every operator in a row: the imported network computes the same."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from onnx import helper
from support.onnx_graphs import GraphMaker, also_read, pictures, run_onnx

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.lower import from_onnx
from exactcnn.network.evaluate import evaluate

LIMIT = 2**24


def _python_slice(start: int, end: int, step: int, length: int) -> slice:
    """What the standard's bounds mean; there, an end before the first entry is clamped and not counted anew."""
    start, end = (n + length if n < 0 else n for n in (start, end))
    return slice(start, None if step < 0 and end < 0 else max(end, 0), step)


class _Drawn:
    """A graph in the making: values at the same places with their numbers of channels."""

    def __init__(self, draw: st.DrawFn, size: tuple[int, int] | None) -> None:
        self.draw = draw
        self.channels = draw(st.integers(1, 2))
        opset = draw(st.sampled_from([11, 13, 17, 18, 21, 25]))
        self.graph = GraphMaker(("N", self.channels, *(size or ("H", "W"))), opset=opset)
        self.values = [("x", self.channels)]

    def array(self, *shape: int) -> np.ndarray:
        numbers = self.draw(st.lists(st.integers(-2, 2), min_size=int(np.prod(shape)), max_size=int(np.prod(shape))))
        return np.array(numbers, dtype=np.float32).reshape(shape)

    def pick(self) -> tuple[str, int]:
        return self.draw(st.sampled_from(self.values))

    def layer(self) -> None:
        """One more value at the same places."""
        g, (value, channels) = self.graph, self.pick()
        kind = self.draw(
            st.sampled_from(["conv", "conv", "relu", "relu", "leaky", "clip", "affine", "add", "concat", "max", "pick"])
        )
        partners = [v for v, c in self.values if c == channels]
        if kind == "conv":
            outputs = self.draw(st.integers(1, 2))
            rows, columns = self.draw(st.sampled_from([(1, 1), (3, 3), (1, 3), (2, 1)]))
            top, left = self.draw(st.integers(0, rows - 1)), self.draw(st.integers(0, columns - 1))
            pads = [top, left, rows - 1 - top, columns - 1 - left]
            out = g.conv(value, self.array(outputs, channels, rows, columns), self.array(outputs), pads=pads)
            channels = outputs
        elif kind == "relu":
            out = g.add("Relu", value)
        elif kind == "leaky":
            out = g.add("LeakyRelu", value, alpha=self.draw(st.sampled_from([0.5, -1.0, 2.0])))
        elif kind == "clip":
            out = g.add("Clip", value, g.weight(-1), g.weight(self.draw(st.integers(0, 3))))
        elif kind == "affine":
            scaled = g.add("Mul", value, g.weight(self.array(channels, 1, 1)))
            out = g.add("Sub", scaled, g.weight(self.array(channels, 1, 1)))
        elif kind == "add":
            out = g.add(self.draw(st.sampled_from(["Add", "Sub"])), value, self.draw(st.sampled_from(partners)))
        elif kind == "pick":
            out, channels = self.picked(value, channels)
        elif kind == "max":
            out = g.add(self.draw(st.sampled_from(["Max", "Min"])), value, self.draw(st.sampled_from(partners)))
        else:
            other, more = self.pick()
            out, channels = g.add("Concat", value, other, axis=1), channels + more
        self.values.append((out, channels))

    def picked(self, value: str, channels: int) -> tuple[str, int]:
        """Some of the channels, in some order; and their number."""
        g, draw = self.graph, self.draw
        numbers = st.integers(-channels, channels - 1)
        kind = draw(st.sampled_from(["Gather", "Slice", "Split"]))
        if kind == "Gather":
            which = draw(st.lists(numbers, min_size=1, max_size=3))
            return g.add("Gather", value, g.ints(*which), axis=1), len(which)
        if kind == "Slice":
            start, end, step = (
                draw(numbers),
                draw(st.integers(-channels - 1, channels + 1)),
                draw(st.sampled_from([1, 2, -1])),
            )
            assume(count := len(np.arange(channels)[_python_slice(start, end, step, channels)]))
            return g.add("Slice", value, g.ints(start), g.ints(end), g.ints(1), g.ints(step)), count
        first = draw(st.integers(1, channels))
        parts = [first, channels - first] if first < channels else [channels]
        names = [f"{value} part {len(g.nodes)} {i}" for i in range(len(parts))]
        inputs, more = ([value, g.ints(*parts)], {}) if g.opset >= 13 else ([value], {"split": parts})
        g.nodes.append(helper.make_node("Split", inputs, names, name=names[0], axis=1, **more))
        last = len(parts) - 1
        return names[last], parts[last]

    def change_places(self) -> None:
        """A convolution with a stride, or a pool; nothing else is left at the places before."""
        g, (value, channels) = self.graph, self.pick()
        kernel = self.draw(st.sampled_from([[2, 2], [3, 2], [1, 1]]))
        pads = [self.draw(st.integers(0, k - 1)) for k in (*kernel, *kernel)]
        strides = self.draw(st.sampled_from([[1, 1], [2, 2], [2, 1]]))
        kind = self.draw(st.sampled_from(["conv", "max", "mean", "pad"]))
        attributes = {"pads": pads, "strides": strides}
        if kind == "conv":
            outputs = self.draw(st.integers(1, 2))
            out = g.conv(value, self.array(outputs, channels, *kernel), self.array(outputs), **attributes)
            if self.draw(st.booleans()):
                # A second convolution beside it, with as many windows.
                out = g.add("Add", out, g.conv(value, self.array(outputs, channels, *kernel), **attributes))
            channels = outputs
        elif kind == "pad":
            amounts = [0, 0, *pads[:2], 0, 0, *pads[2:]]
            out = g.add("Pad", value, g.ints(*amounts), g.weight(self.draw(st.sampled_from([0, 1, -0.5]))))
        elif kind == "max":
            ceil = self.draw(st.integers(0, 1))
            out = g.add("MaxPool", value, kernel_shape=kernel, ceil_mode=ceil, **attributes)
        else:
            out = g.add(
                "AveragePool", value, kernel_shape=[2, 2], count_include_pad=1, pads=[1, 0, 0, 1], strides=strides
            )
        self.values = [(out, channels)]

    def finish(self, kind: str) -> bytes:
        g, (value, channels) = self.graph, self.pick()
        if kind.startswith("Reduce"):
            inputs, more = (
                ([g.ints(2, 3)], {}) if g.opset >= (13 if kind == "ReduceSum" else 18) else ([], {"axes": [2, 3]})
            )
            flat = g.add(kind, value, *inputs, keepdims=0, **more)
        else:
            flat = g.add("Flatten", g.add(kind, value))
        hidden = g.add("Relu", g.add("Gemm", flat, g.weight(self.array(channels, 3)), g.weight(self.array(3))))
        return g.data(g.add("Add", g.add("MatMul", hidden, g.weight(self.array(3, 2))), g.weight(self.array(2))))


@st.composite
def graphs(draw: st.DrawFn) -> tuple[bytes, np.ndarray]:
    """A model and a batch of images for it."""
    size = draw(st.sampled_from([(5, 6), (6, 5), (8, 8)]))
    drawn = _Drawn(draw, size if draw(st.booleans()) else None)
    for _ in range(draw(st.integers(1, 2))):
        for _ in range(draw(st.integers(0, 4))):
            drawn.layer()
        drawn.change_places()
    for _ in range(draw(st.integers(0, 2))):
        drawn.layer()
    data = drawn.finish(draw(st.sampled_from(["GlobalMaxPool", "ReduceSum", "ReduceMin", "ReduceMax"])))
    return data, pictures(2, drawn.channels, *size, seed=draw(st.integers(0, 99)))


@given(graphs())
@settings(max_examples=150, deadline=None)
def test_random_graphs(instance: tuple[bytes, np.ndarray]) -> None:
    data, batch = instance
    network = from_onnx(data, "net.onnx")
    also_read(data, network)
    exact = evaluate(network, ExactTensor.from_floats(batch))
    assume(exact.bound < LIMIT)
    # A sum of floats that grow beyond 2^24 in between may still come back; these cases are close all the same.
    found = run_onnx(data, batch).astype(np.float64)
    assert np.allclose(found, exact.floats(), rtol=1e-5, atol=1e-4)


@given(graphs(), st.data())
@settings(max_examples=150, deadline=None)
def test_another_byte_is_a_network_or_one_message(instance: tuple[bytes, np.ndarray], data: st.DataObject) -> None:
    model = bytearray(instance[0])
    place = data.draw(st.integers(0, len(model) - 1))
    kind = data.draw(st.sampled_from(["change", "cut", "drop"]))
    if kind == "change":
        model[place] = data.draw(st.integers(0, 255))
    elif kind == "cut":
        del model[place:]
    else:
        del model[place]
    message = "net.onnx: "
    try:
        from_onnx(bytes(model), "net.onnx")
    except InputError as error:
        message = str(error)
    assert message.startswith("net.onnx: ")
    assert "\n" not in message

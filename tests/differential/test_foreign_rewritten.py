"""Networks that are right, and spoilt ones, written as other tools might: in ONNX, each layer by other operators.

The answer has to be that of one formula over all pixels, and that of the network before it was written anew.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
from hypothesis import Phase, assume, given, seed, settings
from hypothesis import strategies as st
from support.networks import smallest_side
from support.onnx_graphs import GraphMaker
from support.outcomes import check_outcome
from support.partitions import partition_tasks
from support.spoil import spoilt

from exactcnn import api
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.formats.onnx_import.lower import from_onnx
from exactcnn.network.model import Conv2d, Dense, GlobalPool, MaxPool2d, Network, ReLU

DECIDED = (Verdict.PROVED, Verdict.REFUTED, Verdict.VACUOUS)


class _Writer:
    """A network's layers as operators of other kinds."""

    def __init__(self, draw: st.DrawFn, channels: int) -> None:
        self.draw, self.graph = draw, GraphMaker(("N", channels, "H", "W"), dtype=11)
        self.value = "x"

    def number(self, values: Any) -> str:
        return self.graph.weight(values, np.float64)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> None:
        self.value = self.graph.add(operator, self.value, *inputs, **attributes)

    def floats(self, tensor: ExactTensor) -> np.ndarray:
        array = tensor.floats()
        assume(ExactTensor.from_floats(array) == tensor)
        return array

    @staticmethod
    def axes(kind: str) -> dict[str, list[int]]:
        """Of a sum they are an input."""
        return {} if kind == "ReduceSum" else {"axes": [2, 3]}

    def layer(self, layer: object) -> None:
        draw = self.draw
        if isinstance(layer, Conv2d):
            self.convolution(layer)
        elif isinstance(layer, ReLU):
            self.relu(draw(st.sampled_from(["Relu", "Max", "Clip", "half", "LeakyRelu"])))
        elif isinstance(layer, MaxPool2d):
            self.add("MaxPool", kernel_shape=layer.kernel, strides=layer.stride, pads=layer.padding)
        elif isinstance(layer, GlobalPool):
            kind = {"max": "ReduceMax", "mean": "ReduceMean", "sum": "ReduceSum"}[layer.kind]
            self.add(kind, *([self.graph.ints(2, 3)] if kind == "ReduceSum" else []), keepdims=0, **self.axes(kind))
        elif isinstance(layer, Dense):
            weight = self.floats(layer.weight)
            if draw(st.booleans()):
                self.add("Gemm", self.number(weight), self.number(self.floats(layer.bias)), transB=1)
            else:
                self.add("MatMul", self.number(weight.T))
                self.add("Add", self.number(self.floats(layer.bias)))
        else:
            assume(False)

    def convolution(self, layer: Conv2d) -> None:
        weight, bias = self.floats(layer.weight), self.floats(layer.bias)
        kind, shape = self.draw(st.sampled_from(["plain", "normal", "parts", "pad"])), (-1, 1, 1)
        attributes: dict[str, Any] = {"strides": layer.stride, "pads": layer.padding}
        if kind == "plain":
            self.add("Conv", self.number(weight), self.number(bias), **attributes)
        elif kind == "normal":
            # (2x - 1) / 2 * 1 + bias + 1/2
            self.add("Conv", self.number(2 * weight), **attributes)
            ones = np.ones(len(bias))
            self.add("BatchNormalization", *map(self.number, (ones, bias + 0.5, ones, 4 * ones)), epsilon=0.0)
        elif kind == "parts":
            start, half = self.value, np.trunc(weight)
            self.add("Conv", self.number(half), **attributes)
            first, self.value = self.value, start
            self.add("Conv", self.number(weight - half), **attributes)
            self.add("Add", first)
            self.add("Add", self.number(bias.reshape(shape)))
        else:
            top, left, bottom, right = layer.padding
            self.add("Pad", self.graph.ints(0, 0, top, left, 0, 0, bottom, right))
            self.add("Conv", self.number(weight), self.number(bias), strides=layer.stride)

    def relu(self, kind: str) -> None:
        start = self.value
        if kind == "Relu":
            self.add("Relu")
        elif kind == "Max":
            self.add("Max", self.number(0))
        elif kind == "Clip":
            self.add("Clip", self.number(0))
        elif kind == "LeakyRelu":
            # With slope -1 it is |x|, and relu(x) = (|x| + x) / 2.
            self.add("LeakyRelu", alpha=-1.0)
            self.add("Add", start)
            self.add("Div", self.number(2))
        else:
            self.add("Mul", self.number(4))
            self.add("Relu")
            self.add("Mul", self.number(0.25))


def written(draw: st.DrawFn, network: Network) -> Network:
    """The network, written anew and read."""
    writer = _Writer(draw, network.channels)
    for layer in network.layers:
        writer.layer(layer)
    return from_onnx(writer.graph.data(writer.value), "net.onnx")


def test_networks_written_by_other_operators_get_the_same_answer() -> None:
    tally: Counter[str] = Counter()

    @seed(11)
    @settings(max_examples=40, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        task = data.draw(partition_tasks(max_channels=2, max_side=2))
        try:
            network = api.build(task, slack=data.draw(st.sampled_from(["0", "1/4"])))
        except InputError:  # a gap too small for dyadic weights
            return
        if data.draw(st.booleans()):
            network, _ = data.draw(spoilt(network))
        foreign = written(data.draw, network)
        side = data.draw(st.integers(2, 3))
        if max(smallest_side(network), smallest_side(foreign)) > side:
            return
        size = f"{side}x{side}"
        answers = [
            api.verify(task, foreign, sizes=size, method="monolithic", timeout=20),
            check_outcome(task, network, api.verify(task, network, sizes=size, workers=1, timeout=60)),
            check_outcome(task, foreign, api.verify(task, foreign, sizes=size, workers=1, timeout=60)),
        ]
        assert len({a.verdict for a in answers if a.verdict in DECIDED}) <= 1, [a.verdict for a in answers]
        tally[" ".join(a.verdict.value for a in answers)] += 1

    run()
    assert tally["PROVED PROVED PROVED"] >= 5, tally
    assert tally["REFUTED REFUTED REFUTED"] >= 5, tally
    assert sum(n for names, n in tally.items() if "UNKNOWN" in names or "TIMEOUT" in names) <= 3, tally

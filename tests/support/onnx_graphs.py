"""Small ONNX graphs made by hand, and what onnxruntime says of them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import onnxruntime
from onnx import TensorProto, helper, numpy_helper, shape_inference

from exactcnn.checker.onnx_reader import OnnxError, network_text
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.lower import BatchNorm, from_onnx
from exactcnn.formats.xnet import format_xnet
from exactcnn.network.evaluate import evaluate
from exactcnn.network.model import Network

__all__ = ["GraphMaker", "agree", "also_read", "pictures", "run_onnx", "whole"]

OPEN = ("N", 1, "H", "W")


class GraphMaker:
    """A graph with one input `x`; nodes and weights are added one by one."""

    def __init__(self, shape: Sequence[int | str] = OPEN, *, opset: int = 17, dtype: int = TensorProto.FLOAT) -> None:
        self.shape, self.opset, self.dtype = list(shape), opset, dtype
        self.nodes: list[Any] = []
        self.weights: list[Any] = []

    def weight(self, values: Any, dtype: Any = np.float32, name: str | None = None) -> str:
        """An initialiser; its name."""
        label = name or f"w{len(self.weights)}"
        self.weights.append(numpy_helper.from_array(np.array(values, dtype=dtype), label))
        return label

    def ints(self, *values: int) -> str:
        """An initialiser of int64."""
        return self.weight(list(values), np.int64)

    def add(self, operator: str, *inputs: str, **attributes: Any) -> str:
        """A node; its output's name."""
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(operator, list(inputs), [output], name=f"n{len(self.nodes)}", **attributes))
        return output

    def conv(self, value: str, weight: Any, bias: Any = None, **attributes: Any) -> str:
        """A convolution."""
        more = [] if bias is None else [self.weight(bias)]
        return self.add("Conv", value, self.weight(weight), *more, **attributes)

    def data(self, output: str) -> bytes:
        """The model's bytes."""
        images = helper.make_tensor_value_info("x", self.dtype, self.shape)
        logits = helper.make_tensor_value_info(output, self.dtype, None)
        graph = helper.make_graph(self.nodes, "g", [images], [logits], self.weights)
        opset = helper.make_opsetid("", self.opset)
        model = helper.make_model(graph, opset_imports=[opset], ir_version=8)
        # The checker wants the output's shape.
        found = shape_inference.infer_shapes(model, data_prop=True).graph.output[0]
        model.graph.output[0].CopyFrom(found)
        return bytes(model.SerializeToString())

    def pooled(self, value: str, kind: str = "GlobalMaxPool") -> bytes:
        """The bytes of the model that pools this value and flattens it."""
        return self.data(self.add("Flatten", self.add(kind, value), axis=1))


def run_onnx(data: bytes, batch: np.ndarray) -> np.ndarray:
    """The output of onnxruntime, a row an image."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    found = session.run(None, {session.get_inputs()[0].name: batch})[0]
    return np.asarray(found).reshape(len(batch), -1)


def whole(*shape: int, seed: int = 0, low: int = -3, high: int = 3) -> np.ndarray:
    """Small integers, as float32: sums and products of them are exact."""
    return np.random.default_rng(seed).integers(low, high + 1, shape).astype(np.float32)


def pictures(*shape: int, seed: int = 0) -> np.ndarray:
    """Images with pixels k/4 from -2 to 2."""
    return whole(*shape, seed=seed, low=-8, high=8) / np.float32(4)


def also_read(data: bytes, network: Network) -> bool:
    """Whether the reader beside the kernel reads the model too; asserts that it finds the same network."""
    try:
        text = network_text(data)
    except OnnxError:
        return False
    assert text == format_xnet(network)
    return True


def agree(
    data: bytes,
    *batches: np.ndarray,
    batch_norm: BatchNorm = "exact",
    tolerance: float = 0.0,
    last: bool = False,
    end: Callable[[np.ndarray], np.ndarray] = np.positive,
) -> Network:
    """Asserts that the imported network computes what onnxruntime does, bit for bit (or nearly); the network.

    `last`: the model's images have their channels last. `end`: a function at the model's end that the network has not.
    """
    network = from_onnx(data, "net.onnx", batch_norm=batch_norm)
    also_read(data, network)
    for batch in batches:
        images = batch.transpose(0, 3, 1, 2) if last else batch.reshape(*batch.shape, *(1,) * (4 - batch.ndim))
        exact = end(evaluate(network, ExactTensor.from_floats(images)).floats())
        found = run_onnx(data, batch).astype(np.float64)
        assert found.shape == exact.shape
        if tolerance:
            assert np.allclose(found, exact, rtol=tolerance, atol=tolerance * max(1.0, float(np.abs(exact).max())))
        else:
            assert np.array_equal(found, exact)
    return network

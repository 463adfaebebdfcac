"""The second reader of ONNX files agrees with the package's importer byte for byte, and refuses everything else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import dyadics, networks
from support.onnx_graphs import GraphMaker, whole

from exactcnn.checker import onnx_reader
from exactcnn.checker.onnx_reader import OnnxError, network_text
from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.examples import catalogue
from exactcnn.formats.onnx_file import from_onnx, to_onnx
from exactcnn.formats.statement import format_statement
from exactcnn.formats.task_file import load_task
from exactcnn.formats.xnet import format_xnet
from exactcnn.network.construct import build_network
from exactcnn.network.model import Network


@settings(max_examples=60, deadline=None)
@given(network=networks(values=dyadics()))
def test_both_readers_give_the_same_text(network: Network) -> None:
    try:
        data = to_onnx(network)
    except InputError:  # an average pool that ONNX cannot hold
        return
    assert network_text(data) == format_xnet(from_onnx(data, "a test"))


@pytest.fixture(scope="module")
def model() -> bytes:
    return to_onnx(build_network(load_task(catalogue.path("shapes"))))


def test_a_built_network(model: bytes) -> None:
    assert network_text(model) == format_xnet(from_onnx(model, "a test"))


@settings(max_examples=150, deadline=None)
@given(data=st.data())
def test_a_changed_file_is_refused_or_still_read_alike(model: bytes, data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(model) - 1))
    kind = data.draw(st.sampled_from(["change", "cut", "drop"]))
    new = bytes([data.draw(st.integers(0, 255))])
    changed = {
        "change": model[:place] + new + model[place + 1 :],
        "cut": model[:place],
        "drop": model[:place] + model[place + 1 :],
    }
    try:
        text = network_text(changed[kind])
    except OnnxError:
        return
    assert text == format_xnet(from_onnx(changed[kind], "a test"))


@pytest.mark.parametrize("data", [b"", b"\x00", b"\xff" * 20, b"hello", b"\x3a\x05ab"])
def test_bytes_that_are_no_model(data: bytes) -> None:
    with pytest.raises(OnnxError):
        network_text(data)


# -- chains that others wrote -----------------------------------------------------------------------------------------


@st.composite
def chains(draw: st.DrawFn) -> bytes:
    """A plain chain, with attributes left out or written down, of fixed or open size."""
    shape = draw(st.sampled_from([("N", 1, "H", "W"), (1, 1, 9, 9), ("N", 1, 9, "W"), (2, 1, "H", "W")]))
    g = GraphMaker(shape, opset=draw(st.sampled_from([13, 17, 20])))
    value, channels = "x", 1

    def pads(kernel: list[int]) -> dict[str, list[int]]:
        return draw(st.sampled_from([{}, {"pads": [0, 0, 0, 0]}, {"pads": [k - 1 for k in (*kernel, *kernel)]}]))

    for _ in range(draw(st.integers(0, 4))):
        kind = draw(st.sampled_from(["conv", "relu", "max", "mean"]))
        kernel = draw(st.sampled_from([[1, 1], [2, 2], [3, 2]]))
        more = draw(st.sampled_from([{}, {"strides": [1, 1]}, {"strides": [1, 2]}])) | pads(kernel)
        if kind == "conv":
            outputs = draw(st.integers(1, 3))
            more |= draw(st.sampled_from([{}, {"kernel_shape": kernel, "group": 1, "dilations": [1, 1]}]))
            bias = draw(st.sampled_from([None, whole(outputs, seed=2)]))
            value = g.conv(value, whole(outputs, channels, *kernel, seed=draw(st.integers(0, 9))), bias, **more)
            channels = outputs
        elif kind == "relu":
            value = g.add("Relu", value)
        elif kind == "max":
            value = g.add("MaxPool", value, kernel_shape=kernel, **more)
        else:
            counted = {"count_include_pad": 1} if any(more.get("pads", [])) else {}
            value = g.add("AveragePool", value, kernel_shape=kernel, **more, **counted)
    pool = draw(st.sampled_from(["GlobalMaxPool", "GlobalAveragePool", "kept sum", "sum"]))
    if "sum" in pool:
        value = g.add("ReduceSum", value, g.ints(2, 3), **({} if "kept" in pool else {"keepdims": 0}))
    else:
        value = g.add(pool, value)
    if pool != "sum":
        value = g.add("Flatten", value, **draw(st.sampled_from([{}, {"axis": 1}])))
    weight = whole(channels, 2, seed=draw(st.integers(0, 9)))
    turned = draw(st.booleans())
    bias = [g.weight(whole(2, seed=3))] if draw(st.booleans()) else []
    names = [g.weight(weight.T if turned else weight), *bias]
    return g.data(g.add("Gemm", value, *names, **({"transB": 1} if turned else {})))


@settings(max_examples=80, deadline=None)
@given(data=chains())
def test_both_readers_agree_about_plain_chains(data: bytes) -> None:
    assert network_text(data) == format_xnet(from_onnx(data, "a test"))


def _grouped(g: GraphMaker) -> str:
    return g.conv("x", whole(2, 1, 2, 2), group=1, dilations=[2, 1])


def _normalised(g: GraphMaker) -> str:
    return g.add("BatchNormalization", "x", *(g.weight([v]) for v in (1, 0, 0, 4)), epsilon=0.0)


def _residual(g: GraphMaker) -> str:
    return g.add("Add", g.add("Relu", "x"), "x")


def _rounded_up(g: GraphMaker) -> str:
    return g.add("MaxPool", "x", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)


def _padded(g: GraphMaker) -> str:
    return g.conv("x", whole(1, 1, 3, 3), auto_pad="SAME_UPPER")


def _scaled(g: GraphMaker) -> str:
    return g.add("Mul", "x", g.weight(2))


def _quantised(g: GraphMaker) -> str:
    return g.add("Conv", "x", g.add("DequantizeLinear", g.weight([[[[3]]]], np.int8), g.weight(0.5)))


@pytest.mark.parametrize("make", [_grouped, _normalised, _residual, _rounded_up, _padded, _scaled, _quantised])
def test_what_has_to_be_lowered_is_refused(make: Callable[[GraphMaker], str]) -> None:
    g = GraphMaker()
    data = g.pooled(make(g))
    from_onnx(data, "a test")
    with pytest.raises(OnnxError):
        network_text(data)


def test_a_flatten_of_images_of_one_size_is_refused() -> None:
    g = GraphMaker((1, 1, 2, 2))
    data = g.data(g.add("Gemm", g.add("Flatten", "x"), g.weight(whole(4, 2))))
    from_onnx(data, "a test")
    with pytest.raises(OnnxError, match="flatten of images of one size"):
        network_text(data)


def test_other_axes_of_a_sum_are_refused() -> None:
    g = GraphMaker(("N", 1, "H", 1))
    with pytest.raises(OnnxError, match="other axes"):
        network_text(g.data(g.add("ReduceSum", "x", g.ints(1, 2), keepdims=0)))


@pytest.mark.parametrize(
    ("bits", "text"),
    [
        (0x00000000, "0"),
        (0x80000000, "0"),
        (0x3F800000, "1"),
        (0xBF800000, "-1"),
        (0x3E000000, "1/8"),
        (0xC0400000, "-3"),
        (0x00000001, f"1/{1 << 149}"),
        (0x7F7FFFFF, str((1 << 128) - (1 << 104))),
        (0x3DCCCCCD, "13421773/134217728"),
    ],
)
def test_floats_are_read_exactly(bits: int, text: str) -> None:
    assert onnx_reader._exact(bits) == text


@pytest.mark.parametrize("bits", [0x7F800000, 0xFF800000, 0x7FC00000])
def test_numbers_that_are_not_finite(bits: int) -> None:
    with pytest.raises(OnnxError, match="finite"):
        onnx_reader._exact(bits)


def test_the_program_compares_a_model_with_a_statement(model: bytes, tmp_path: Path) -> None:
    task = load_task(catalogue.path("shapes"))
    network = from_onnx(model, "a test")
    digest = hashlib.sha256(model).hexdigest()
    from flint import fmpq

    right = format_statement(task, network, SizeRange(), fmpq(1, 2), digest)
    (tmp_path / "m.onnx").write_bytes(model)
    (tmp_path / "right.stmt").write_text(right)
    (tmp_path / "wrong.stmt").write_text(right.replace("globalpool max", "globalpool sum"))
    (tmp_path / "other.stmt").write_text(right.replace(digest, "0" * 64))
    for statement, code in (("right.stmt", 0), ("wrong.stmt", 1), ("other.stmt", 1), ("none.stmt", 4)):
        command = [
            sys.executable,
            "-I",
            "-S",
            onnx_reader.__file__,
            str(tmp_path / "m.onnx"),
            str(tmp_path / statement),
        ]
        assert subprocess.run(command, capture_output=True, check=False).returncode == code

"""The second reader of ONNX files agrees with the package's importer byte for byte, and refuses everything else."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import dyadics, networks

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

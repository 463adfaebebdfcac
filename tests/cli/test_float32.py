"""`exactcnn verify --float32`, `--step` and `--perturb`."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path

import onnx
import pytest
from onnx import TensorProto, helper
from support.commands import DOT, DOT_NETWORK, run, write

from exactcnn import api


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the task `dot.toml`."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "dot.xnet", DOT_NETWORK)
    return tmp_path


def test_any_float32_image(folder: Path) -> None:
    ran = run("verify", "dot.toml", "--network", "dot.xnet", "--float32", "--json", "--certificate", "dot.cert")
    assert ran.code == 0
    form = json.loads(ran.out)
    error, margin = (Fraction(form["float32"][name]) for name in ("error", "margin"))
    assert form["float32"]["step"] is None
    assert 0 < error < Fraction(1, 2**20)
    assert Fraction(form["margin"]) - 3 * error < margin < Fraction(form["margin"]) - 2 * error
    assert (folder / "dot.stmt").read_text().splitlines()[2] == f"margin {form['float32']['margin']} float32"
    checked = run("check", "dot.stmt", "dot.cert")
    assert checked.code == 0
    assert f"margin {form['float32']['margin']} float32 sizes any" in checked.out
    explained = run("explain", "dot.cert")
    assert "float32" in explained.out


def test_images_of_steps(folder: Path) -> None:
    ran = run("verify", "dot.toml", "--network", "dot.xnet", "--step", "1/256", "--certificate", "dot.cert")
    assert ran.code == 0
    assert "the exact logits, bit for bit" in ran.out
    assert "margin 1 float32 step 1/256\n" in (folder / "dot.stmt").read_text()
    assert "float32" not in run("verify", "dot.toml", "--network", "dot.xnet").out


def test_a_margin_that_rounding_may_cost(folder: Path) -> None:
    """Logits near 1 that lead by 2^-23, which is less than what rounding may cost where pixels have all digits."""
    write(folder / "near.xnet", DOT_NETWORK.replace("1\n-1\nbias 0 1", "1/4194304\n0\nbias 1 8388609/8388608"))
    assert run("verify", "dot.toml", "--network", "near.xnet").code == 0
    ran = run("verify", "dot.toml", "--network", "near.xnet", "--float32")
    assert ran.code == 3
    assert "right in exact arithmetic, but open for float32: rounding may move each logit by up to" in ran.out


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--step", "1/3"], "not a step of float32 images; found 1/3"),
        (["--step", "2"], "not a step"),
        (["--step", "x"], "--step"),
        (["--float32", "--method", "monolithic", "--size", "2x2"], "only the modular method"),
        (["--perturb", "-1/8"], "no negative number"),
        (["--perturb", "1/0"], "--perturb"),
    ],
)
def test_what_cannot_be_asked(folder: Path, options: list[str], words: str) -> None:
    ran = run("verify", "dot.toml", *options)
    assert (ran.code, ran.out) == (4, "")
    assert words in ran.err


def test_weights_that_are_no_floats(folder: Path) -> None:
    assert run("build", "dot.toml", "--arithmetic", "rational", "-o", "third.xnet").code == 0
    text = (folder / "third.xnet").read_text()
    write(folder / "third.xnet", text.replace("bias 2*0\nend", "bias 2*1/3\nend"))
    ran = run("verify", "dot.toml", "--network", "third.xnet", "--float32")
    assert ran.code == 4
    assert "float32 execution needs weights that float32 holds; found 1/3" in ran.err


def test_a_file_whose_operations_are_its_layers(folder: Path) -> None:
    api.save_network("dot.onnx", api.build(api.load_task("dot.toml")))
    assert run("verify", "dot.toml", "--network", "dot.onnx", "--float32").code == 0


def test_a_file_whose_operations_are_others(folder: Path) -> None:
    """LeakyRelu is right in exact arithmetic, but rounds elsewhere than the layers that stand for it."""
    tensors = [
        helper.make_tensor("w", TensorProto.FLOAT, (1, 1, 1, 1), [2.0]),
        helper.make_tensor("b", TensorProto.FLOAT, (1,), [-0.875]),
        helper.make_tensor("v", TensorProto.FLOAT, (2, 1), [1.0, -1.0]),
        helper.make_tensor("c", TensorProto.FLOAT, (2,), [0.0, 1.0]),
    ]
    nodes = [
        helper.make_node("Conv", ["x", "w", "b"], ["y"]),
        helper.make_node("LeakyRelu", ["y"], ["z"], alpha=0.0625),
        helper.make_node("GlobalMaxPool", ["z"], ["m"]),
        helper.make_node("Flatten", ["m"], ["f"]),
        helper.make_node("Gemm", ["f", "v", "c"], ["l"], transB=1),
    ]
    x = helper.make_tensor_value_info("x", TensorProto.FLOAT, ("n", 1, "h", "w0"))
    out = helper.make_tensor_value_info("l", TensorProto.FLOAT, ("n", 2))
    model = helper.make_model(
        helper.make_graph(nodes, "g", [x], [out], tensors), opset_imports=[helper.make_opsetid("", 17)]
    )
    onnx.save(model, "leaky.onnx")
    assert run("verify", "dot.toml", "--network", "leaky.onnx").code == 0
    ran = run("verify", "dot.toml", "--network", "leaky.onnx", "--float32")
    assert ran.code == 4
    assert "leaky.onnx: float32 execution is proved right only where" in ran.err


def test_widened_templates(folder: Path) -> None:
    """A dot has a pixel of 1 and is missed below 3/4 or so: how far the widening may go is what `margin` says."""
    assert run("verify", "dot.toml", "--network", "dot.xnet", "--perturb", "1/16").code == 0
    ran = run("verify", "dot.toml", "--network", "dot.xnet", "--perturb", "1/4")
    assert ran.code == 1
    assert run("verify", "dot.toml", "--network", "dot.xnet", "--perturb", "0").code == 0

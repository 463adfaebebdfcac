"""Networks that exactcnn did not build, from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from support.commands import DOT, lines, run, write
from support.onnx_graphs import GraphMaker, whole

STATISTICS = [[2], [0.125], [0.5], [4]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the task `dot.toml`: a pixel of 1, or all pixels at most 1/2."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    return tmp_path


def logits(g: GraphMaker, pooled: str) -> bytes:
    """One pooled channel v becomes the logits v and 1 - v."""
    flat = g.add("Flatten", pooled)
    return g.data(g.add("Gemm", flat, g.weight([[1], [-1]]), g.weight([0, 1]), transB=1))


def normalised(pool: str = "GlobalMaxPool", *, epsilon: float = 0.0) -> bytes:
    """Convolution, normalisation, ReLU, max pool, and a global pool: right about dots if that is a maximum."""
    g = GraphMaker(opset=11)
    # (4x - 5/4 - 1/2) / 2 * 2 + 1/8 = 4x - 13/8
    out = g.add("BatchNormalization", g.conv("x", [[[[4]]]], [-1.25]), *map(g.weight, STATISTICS), epsilon=epsilon)
    out = g.add("MaxPool", g.add("Relu", out), kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1)
    return logits(g, g.add(pool, out))


def residual() -> bytes:
    """relu(3x - 2) + relu(-x/4) beside a path that is carried past it: x - 1 + relu(..)."""
    g = GraphMaker()
    start = g.conv("x", [[[[2]]]], [-1.25])
    inner = g.conv(g.add("Relu", start), np.zeros((1, 1, 3, 3)), pads=[1, 1, 1, 1])
    return logits(g, g.add("GlobalMaxPool", g.add("Relu", g.add("Add", start, inner))))


def smoothed(factor: float, **attributes: Any) -> bytes:
    """The channel max(0, 2x - 7/8), the mean of its 3x3 surroundings as far as they are inside, and times a factor."""
    g = GraphMaker()
    start = g.add("Relu", g.conv("x", [[[[2]]]], [-0.875]))
    mean = g.add("AveragePool", start, **{"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]} | attributes)
    return logits(g, g.add("Mul", g.add("GlobalMaxPool", mean), g.weight(factor)))


def quantised() -> bytes:
    """Weights of 8 bits: relu((16 * x) / 8 - 9/8), and a global mean."""
    g = GraphMaker()
    weight = g.add("DequantizeLinear", g.weight([[[[20]]]], np.int8), g.weight(0.125), g.weight(4, np.int8))
    out = g.add("Relu", g.add("Conv", "x", weight, g.weight([-1.125])))
    return logits(g, g.add("GlobalMaxPool", out))


def flattening() -> bytes:
    """One weight for each pixel of a 2x2 image: it is right where it looks."""
    g = GraphMaker(("N", 1, 2, 2))
    dense = g.add(
        "Gemm", g.add("Flatten", "x"), g.weight(whole(4, 2, low=1, high=1) * [1, -1]), g.weight([-0.75, 0.75])
    )
    return g.data(dense)


def verified(data: bytes, *args: object) -> tuple[int, dict[str, Any], str]:
    """Exit code, the one JSON object on stdout, stderr."""
    Path("net.onnx").write_bytes(data)
    ran = run("verify", "dot.toml", "--network", "net.onnx", *args, "--json")
    value = json.loads(ran.out) if ran.out else {}
    return ran.code, value, ran.err


@pytest.mark.parametrize("make", [normalised, residual, quantised])
def test_networks_that_are_right_are_proved_at_every_size(folder: Path, make: Any) -> None:
    code, value, _ = verified(make(), "--certificate", "net.cert")
    assert (code, value["verdict"], value["evidence"]) == (0, "PROVED", "certificate")
    assert run("check", "net.stmt", "net.cert").code == 0
    # Read by the importer alone: the statement still names the file.
    assert "source none" not in (folder / "net.stmt").read_text(encoding="ascii")


def test_a_mean_of_what_is_inside_the_image_is_proved_at_every_size(folder: Path) -> None:
    data = smoothed(4.0, kernel_shape=[1, 3], pads=[0, 1, 0, 1])
    code, value, _ = verified(data, "--certificate", "net.cert")
    assert (code, value["verdict"], value["evidence"]) == (0, "PROVED", "certificate")
    assert run("check", "net.stmt", "net.cert").code == 0
    # The divisor is part of weights, which is another order of operations than the file's.
    code, value, err = verified(data, "--float32")
    assert (code, value) == (4, {})
    assert "float32" in err


def test_a_mean_is_refuted_just_where_no_window_is_smaller(folder: Path) -> None:
    # A dot counts a half or more near the border, and a third two columns away from it.
    data = smoothed(1.25, kernel_shape=[1, 3], pads=[0, 1, 0, 1])
    assert verified(data, "--size", "1x1..9x4")[1]["verdict"] == "PROVED"
    for sizes in ("5x5", "1x1..any"):
        code, value, _ = verified(data, "--size", sizes)
        assert (code, value["verdict"]) == (1, "REFUTED")


def test_a_window_in_the_middle_of_a_larger_image_is_tried(folder: Path) -> None:
    # A dot counts a quarter or more unless it is four columns or further away from both borders.
    data = smoothed(2.25, kernel_shape=[1, 5], pads=[0, 2, 0, 2])
    code, value, _ = verified(data, "--size", "1x1..any")
    assert (code, value["verdict"]) == (1, "REFUTED")
    assert value["counterexample"]["image"]["width"] >= 9


def test_a_mean_loses_a_single_dot(folder: Path) -> None:
    code, value, _ = verified(normalised("GlobalAveragePool"), "--size", "2x2..any")
    assert (code, value["verdict"]) == (1, "REFUTED")


def test_a_mean_of_one_pixel_is_proved(folder: Path) -> None:
    code, value, _ = verified(normalised("GlobalAveragePool"), "--size", "1x1")
    assert (code, value["verdict"]) == (0, "PROVED")


def test_irrational_normalisation_is_refused_or_replaced_by_choice(folder: Path) -> None:
    data = normalised(epsilon=1e-3)
    code, _, err = verified(data)
    assert code == 4
    assert "irrational" in err
    assert len(lines(err)) <= 4
    code, value, err = verified(data, "--batch-norm", "float32", "--certificate", "net.cert")
    assert (code, value["verdict"]) == (0, "PROVED")
    assert "float32 number next to it" in err
    # The statement is not about the file alone, so it does not name it.
    assert "source none" in (folder / "net.stmt").read_text(encoding="ascii")


@pytest.mark.parametrize("options", [("--plot", "out.svg", "--what", "logits"), ("--html", "out.html")])
def test_irrational_normalisation_is_explained_by_the_same_choice(folder: Path, options: tuple[str, ...]) -> None:
    Path("net.onnx").write_bytes(normalised(epsilon=1e-3))
    ran = run("explain", "dot.toml", *options, "--network", "net.onnx", "--size", "2x2")
    assert ran.code == 4
    assert "irrational" in ran.err
    assert not Path(options[1]).exists()
    ran = run("explain", "dot.toml", *options, "--network", "net.onnx", "--size", "2x2", "--batch-norm", "float32")
    assert (ran.code, Path(options[1]).is_file()) == (0, True)
    assert "float32 number next to it" in ran.err


def test_an_outcome_says_how_its_network_was_read(folder: Path) -> None:
    _, value, _ = verified(normalised(epsilon=1e-3), "--batch-norm", "float32")
    explain = ("explain", "answer.json", "--html", "out.html")
    write(Path("answer.json"), json.dumps(value))
    assert run(*explain).code == 0
    del value["sources"]["batch_norm"]
    write(Path("answer.json"), json.dumps(value))
    ran = run(*explain)
    assert ran.code == 4
    assert "irrational" in ran.err
    assert run(*explain, "--batch-norm", "float32").code == 0
    value["sources"]["batch_norm"] = "rounded"
    write(Path("answer.json"), json.dumps(value))
    ran = run(*explain)
    assert ran.code == 4
    assert "'rounded'" in ran.err


def test_how_a_network_is_read_has_no_meaning_for_a_certificate(folder: Path) -> None:
    verified(normalised(), "--certificate", "net.cert")
    for options in (["--batch-norm", "float32"], ["--network", "net.onnx"]):
        ran = run("explain", "net.cert", *options)
        assert ran.code == 4
        assert f"{options[0]} has a meaning with --plot or --html only" in ran.err
    ran = run("explain", "net.cert", "--html", "out.html", "--batch-norm", "float32")
    assert ran.code == 4
    assert "--batch-norm has no meaning for a certificate" in ran.err


def test_a_network_of_one_size_wants_that_size(folder: Path) -> None:
    code, _, err = verified(flattening())
    assert code == 4
    assert "images of one size only" in err
    code, value, _ = verified(flattening(), "--size", "2x2")
    # Two pixels of 1/2 are no dot, and add up to one.
    assert (code, value["verdict"]) == (1, "REFUTED")
    for method in ("monolithic", "enumerate"):
        assert verified(flattening(), "--size", "3x3", "--method", method)[0] == 4


def test_classify(folder: Path) -> None:
    np.save("dot.npy", np.array([[[0, 1], [0, 0]]], dtype=np.float32))
    for data, expected in ((normalised(), 0), (residual(), 0), (quantised(), 0), (flattening(), 0)):
        Path("net.onnx").write_bytes(data)
        ran = run("classify", "net.onnx", "dot.npy", "--task", "dot.toml", "--json")
        assert ran.code == expected
        assert json.loads(ran.out)["images"][0]["class"] == "with"
    np.save("dot.npy", np.array([[[0, 1, 0], [0, 0, 0]]], dtype=np.float32))
    ran = run("classify", "net.onnx", "dot.npy", "--task", "dot.toml")
    assert (ran.code, ran.out) == (4, "")
    assert "one size only" in ran.err


def test_unsupported_operators_are_named(folder: Path) -> None:
    g = GraphMaker()
    Path("net.onnx").write_bytes(logits(g, g.add("GlobalMaxPool", g.add("Tanh", "x"))))
    for command in (("verify", "dot.toml", "--network", "net.onnx"), ("classify", "net.onnx", "dot.toml")):
        ran = run(*command)
        assert (ran.code, ran.out) == (4, "")
        assert '"n0" (Tanh)' in ran.err
        assert "Traceback" not in ran.err


def external() -> bytes:
    model = onnx.load_model_from_string(residual())
    tensor = model.graph.initializer[0]
    tensor.external_data.add(key="location", value="weights.bin")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.ClearField("raw_data")
    return bytes(model.SerializeToString())


def not_finite() -> bytes:
    g = GraphMaker()
    return logits(g, g.add("GlobalMaxPool", g.conv("x", [[[[float("nan")]]]])))


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "not a valid ONNX model"),
        (residual()[:-40], "not a"),
        (residual()[:200], "not a"),
        (external(), "another file"),
        (not_finite(), "not finite"),
        (b"\x00" * 1000, "not a"),
    ],
)
def test_malformed_files_end_with_one_message(folder: Path, data: bytes, message: str) -> None:
    Path("net.onnx").write_bytes(data)
    for command in (
        ("verify", "dot.toml", "--network", "net.onnx", "--report", "out.html", "--certificate", "out.cert"),
        ("classify", "net.onnx", "dot.toml"),
    ):
        ran = run(*command)
        assert (ran.code, ran.out) == (4, "")
        assert message in " ".join(ran.err.split())
        assert ran.err.count("error:") == 1
    assert sorted(p.name for p in folder.iterdir()) == ["dot.toml", "net.onnx"]


def test_such_networks_are_not_saved_in_files_that_cannot_say_their_size(folder: Path) -> None:
    from exactcnn import api
    from exactcnn.core.errors import InputError

    Path("net.onnx").write_bytes(flattening())
    network = api.load_network("net.onnx")
    for name in ("out.xnet", "out.onnx"):
        with pytest.raises(InputError, match=r"one size only.*found 2x2"):
            api.save_network(name, network)
        assert not Path(name).exists()

"""Networks made by others: the files of a folder beside the checkout, by the table in `README.md`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnx
import pytest
from support.onnx_graphs import agree

from exactcnn.core.errors import InputError
from exactcnn.formats.onnx_import.lower import from_onnx
from exactcnn.network.model import Network

FOLDER = Path(__file__).parents[3] / "shared" / "data"
TABLE = [
    [cell.strip() for cell in line.split("|")[1:-1]]
    for line in Path(__file__).with_name("README.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and ".onnx" in line.split("|")[1]
]
ENDS = {"sigmoid": lambda x: 1 / (1 + np.exp(-x)), "tanh": np.tanh}

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason="no folder of networks made by others beside the checkout")


def images(data: bytes, seed: int) -> np.ndarray:
    """A batch for the model's input, of the batch size that it wants."""
    graph = onnx.load_model_from_string(data).graph
    weights = {tensor.name for tensor in graph.initializer}
    (value,) = (v for v in graph.input if v.name not in weights)
    shape = [d.dim_value or 2 for d in value.type.tensor_type.shape.dim]
    return np.random.default_rng(seed).integers(-256, 257, shape).astype(np.float32) / np.float32(256)


def compared(path: Path, batch_norm: str = "exact") -> Network:
    data = path.read_bytes()
    last = any("channels last" in note for note in from_onnx(data, path.name, batch_norm=batch_norm).notes)  # type: ignore[arg-type]
    batches = [images(data, seed) for seed in range(3)]
    end = ENDS.get(path.stem, np.positive)
    return agree(data, *batches, tolerance=1e-5, last=last, batch_norm=batch_norm, end=end)  # type: ignore[arg-type]


def test_every_file_is_in_the_table() -> None:
    assert sorted(str(path.relative_to(FOLDER).as_posix()) for path in FOLDER.rglob("*.onnx")) == sorted(
        row[0] for row in TABLE
    )


@pytest.mark.parametrize(("name", "size", "refusal"), TABLE)
def test_file(name: str, size: str, refusal: str) -> None:
    path = FOLDER / name
    if refusal:
        with pytest.raises(InputError) as caught:
            from_onnx(path.read_bytes(), name)
        assert refusal in str(caught.value)
        assert "\n" not in str(caught.value)
    else:
        found = compared(path).input_size
        assert found is not None
        assert size == f"{found[0]}x{found[1]}"


def test_a_file_and_its_simplified_form_are_one_network() -> None:
    first, second = (
        from_onnx((FOLDER / "conv" / f"cifar_base_kw{end}.onnx").read_bytes(), "net.onnx") for end in ("", "_simp")
    )
    assert first == second


def test_normalisation_by_choice() -> None:
    assert compared(FOLDER / "onnx-ops" / "batchnorm.onnx", "float32").notes

"""Network files, by suffix: `.xnet` (exact rationals as text) and `.onnx`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from exactcnn.core.errors import InputError
from exactcnn.formats.files import atomic_write, read_bytes
from exactcnn.formats.xnet import format_xnet, parse_xnet
from exactcnn.network.model import Network

__all__ = ["load_network", "save_network"]

_SUFFIXES = ".xnet or .onnx"


def load_network(path: Path, *, batch_norm: Literal["exact", "float32"] = "exact") -> Network:
    """The network of a file.

    Parameters
    ----------
    batch_norm: for `.onnx`, what becomes of a batch normalisation whose factor is irrational: "exact" refuses it,
        "float32" takes the float32 number next to it, and says so in the network's notes.

    Raises
    ------
    InputError: another suffix, a file that cannot be read, or one that is not exactly a network of its format.
    """
    suffix = _suffix(path)
    data = read_bytes(path)
    if suffix == ".xnet":
        # Each byte becomes one character; the reader refuses all that are not ASCII, with their line.
        return parse_xnet(data.decode("latin-1"), str(path))
    # Loaded only where it is needed: the onnx library takes a good part of a second.
    from exactcnn.formats.onnx_file import from_onnx

    return from_onnx(data, str(path), batch_norm=batch_norm)


def save_network(path: Path, network: Network) -> None:
    """Writes the network to a file, the whole of it or nothing.

    Raises
    ------
    InputError: another suffix, a weight that the format cannot hold, or a file that cannot be written; or a network
        that means something at one image size only, which no format can say.
    """
    if network.input_size is not None:
        height, width = network.input_size
        raise InputError(
            "a network for images of one size only, which its file could not say",
            source=str(path),
            found=f"{height}x{width}",
        )
    if _suffix(path) == ".xnet":
        atomic_write(path, format_xnet(network))
        return
    from exactcnn.formats.onnx_file import to_onnx

    try:
        atomic_write(path, to_onnx(network))
    except InputError as error:
        raise error.located(source=str(path)) from None


def _suffix(path: Path) -> str:
    suffix = path.suffix.lower()
    if suffix not in (".xnet", ".onnx"):
        raise InputError("not a network file", source=str(path), found=repr(path.suffix), expected=_SUFFIXES)
    return suffix

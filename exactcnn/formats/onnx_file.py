"""ONNX files, both ways. Importing this module loads the onnx library."""

from __future__ import annotations

from exactcnn.formats.onnx_export import INPUT_KEY, to_onnx
from exactcnn.formats.onnx_import.lower import from_onnx

__all__ = ["INPUT_KEY", "from_onnx", "to_onnx"]

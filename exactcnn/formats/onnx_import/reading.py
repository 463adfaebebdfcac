"""How one operator is read."""

from __future__ import annotations

from collections.abc import Callable

from exactcnn.formats.onnx_import.context import Context
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.steps import Step
from exactcnn.formats.onnx_import.values import Data

__all__ = ["Reading"]

Reading = Callable[[Context, Node], Data | Step]
"""From a node with at least one image-dependent input to its value, or to the step that makes it."""

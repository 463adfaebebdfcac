"""What an operator can see while it is read: constants, views of image-dependent values, the versions and choices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from onnx import TensorProto, numpy_helper

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.chain import Chain
from exactcnn.formats.onnx_import.graph import MAX_NUMBERS
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.transition import Transitions
from exactcnn.formats.onnx_import.values import Axes, Constant, Data, Forms, Value
from exactcnn.formats.onnx_import.view import View

__all__ = ["BatchNorm", "Context", "NeedsFlattening"]

BatchNorm = Literal["exact", "float32"]
"""What becomes of an irrational scale / sqrt(variance + epsilon): refused, or the nearest float32 is put there."""

_MOST_COMPUTED = 2 * MAX_NUMBERS
_LONGEST = 2**14
_KINDS = {
    TensorProto.FLOAT: "float32",
    TensorProto.FLOAT16: "float16",
    TensorProto.DOUBLE: "float64",
    TensorProto.INT8: "int8",
    TensorProto.UINT8: "uint8",
    TensorProto.INT16: "int16",
    TensorProto.UINT16: "uint16",
    TensorProto.INT32: "int32",
    TensorProto.INT64: "int64",
    TensorProto.BOOL: "bool",
}


class NeedsFlattening(Exception):  # noqa: N818 - no error: the driver flattens and reads the node again
    """A node can only be read once the places of these values have been gathered."""

    def __init__(self, *names: str) -> None:
        super().__init__(", ".join(names))
        self.names = names


@dataclass
class Context:
    """The state of an import.

    Attributes
    ----------
    weights: initialisers by name, not read yet.
    batch: the number of images in a batch; None where the file leaves it open.
    batch_norm: what to do about irrational batch normalisation.
    notes: what a user has to know about the import.
    """

    chain: Chain
    weights: Mapping[str, TensorProto]
    batch: int | None
    batch_norm: BatchNorm
    notes: list[str] = field(default_factory=list)
    transitions: Transitions = field(init=False)
    constants: dict[str, Constant] = field(default_factory=dict)
    _computed: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        self.transitions = Transitions(self.chain)

    def count(self, node: Node, constant: Constant) -> None:
        """Counts a constant that the file computes.

        Raises
        ------
        InputError: there are too many numbers in all, or they are too long.
        """
        self._computed += constant.array.size
        if self._computed > _MOST_COMPUTED:
            raise node.error("a tensor that is too large, with those before it", expected=f"{_MOST_COMPUTED} numbers")
        if constant.denominator is not None:
            longest = max((int(n).bit_length() for n in constant.array.ravel()), default=0)
            if max(longest, constant.denominator.bit_length()) > _LONGEST:
                raise node.error("a constant of too many digits", expected=f"at most {_LONGEST} binary ones")

    def knows(self, name: str) -> bool:
        """Whether the value of a name is there."""
        return name in self.constants or name in self.weights or name in self.transitions.data

    def value(self, node: Node, index: int) -> Value:
        """The value of an input.

        Raises
        ------
        InputError: the input is left out.
        """
        name = node.name(index)
        if not name:
            raise node.error("a missing input", expected=f"input {index}")
        data = self.transitions.data.get(name)
        if data is not None:
            return data
        if name not in self.constants:
            self.constants[name] = read_tensor(self.weights[name], node, f'weight "{name}"')
        return self.constants[name]

    def constant(self, node: Node, index: int, what: str) -> Constant:
        """The constant of an input.

        Raises
        ------
        InputError: it depends on the image.
        """
        value = self.value(node, index)
        if isinstance(value, Data):
            raise node.error(f"{what} that depends on the image", found=f'input "{node.name(index)}"')
        return value

    def optional(self, node: Node, index: int, what: str) -> Constant | None:
        """The constant of an input that may be left out."""
        return self.constant(node, index, what) if node.name(index) else None

    def exact(self, node: Node, index: int, what: str, axes: int | None = None) -> ExactTensor:
        """The exact values of an input, with this number of axes."""
        label = f'weight "{node.name(index)}"'
        constant = self.constant(node, index, what)
        if axes is not None and constant.array.ndim != axes:
            raise node.error(f"{label} of the wrong shape", found=str(constant.shape), expected=f"{axes} axes")
        if constant.denominator is not None or constant.array.dtype != np.float32:
            # Computed by the file, in whatever precision, or of another width.
            self.chain.rewritten = True
        return constant.exact(node, label)

    def data(self, node: Node, index: int) -> Data:
        """The image-dependent value of an input.

        Raises
        ------
        InputError: it is a constant.
        """
        value = self.value(node, index)
        if isinstance(value, Constant):
            raise node.error(
                "an operator that is read for values that depend on the image only",
                found=f'the constant "{node.name(index)}"',
            )
        return value

    def forms(self, node: Node, index: int) -> Forms:
        """The forms of an image-dependent input."""
        self.data(node, index)
        try:
            return self.transitions.forms(node.name(index))
        except InputError as error:
            raise error.located(place=node.place) from None

    def view(self, data: Data, axes: Axes | None = None) -> View:
        """The axes of a value, with the lengths that are known."""
        width = self.chain.width if data.forms is None else len(data.forms)
        rows, columns = self.chain.size
        lengths = {"N": self.batch, "C": width, "H": rows, "W": columns}
        return View(data.axes if axes is None else axes, lengths, self.chain.use_size)


def read_tensor(tensor: TensorProto, node: Node, what: str) -> Constant:
    """A tensor of the file.

    Raises
    ------
    InputError: its type is not one that exactcnn reads, or it cannot be read.
    """
    if tensor.data_type not in _KINDS:
        kind = TensorProto.DataType.Name(tensor.data_type)
        raise node.error(f"{what} of another type", found=kind, expected=", ".join(_KINDS.values()))
    try:
        return Constant(numpy_helper.to_array(tensor))
    except (ValueError, TypeError) as error:
        raise node.error(f"{what} cannot be read ({str(error).splitlines()[0] if str(error) else error!r})") from None

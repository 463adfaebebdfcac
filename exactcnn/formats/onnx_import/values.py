"""What a name of the graph can stand for: a constant, or numbers that depend on the image."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from exactcnn.core.affine import Affine
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.node import Node

__all__ = ["Axes", "Constant", "Data", "Dim", "Forms", "Value", "as_exact"]

Forms = tuple[Affine, ...]
"""One affine form a channel, over the numbers ("slots") that the network has computed so far."""

Axes = tuple[tuple[str, ...], ...]
"""The axes of a tensor, each a row-major product of N (batch), C (channels), H and W (places); () has length 1."""


@dataclass(frozen=True)
class Dim:
    """A length that the file leaves open: the product of these factors."""

    factors: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Constant:
    """A tensor that does not depend on the image.

    Attributes
    ----------
    array: numbers of a numpy type; or Python integers (and `Dim`s) as objects.
    denominator: what the array's integers are divided by; None unless they are numerators.
    """

    array: NDArray[Any]
    denominator: int | None = None

    @staticmethod
    def of(tensor: ExactTensor) -> Constant:
        """The constant with these exact values."""
        return Constant(tensor.integers(), tensor.denominator)

    def map(self, change: Callable[[NDArray[Any]], NDArray[Any]]) -> Constant:
        """The constant with its entries moved about."""
        return Constant(np.asarray(change(self.array)), self.denominator)

    @property
    def shape(self) -> tuple[int, ...]:
        """The lengths of the axes."""
        return self.array.shape

    def integers(self, node: Node, what: str) -> list[int | Dim]:
        """The entries as integers or open lengths, in row-major order.

        Raises
        ------
        InputError: they are something else.
        """
        if self.denominator is not None or self.array.dtype.kind not in "iuO":
            raise node.error(f"{what} that is not made of integers", found=str(self.array.dtype))
        return [v if isinstance(v, Dim) else int(v) for v in self.array.ravel()]

    def known(self, node: Node, what: str) -> list[int]:
        """The entries as integers.

        Raises
        ------
        InputError: they are something else, or the file leaves one open.
        """
        values = self.integers(node, what)
        known = [v for v in values if isinstance(v, int)]
        if len(known) < len(values):
            raise node.error(
                f"{what} that depends on a length that the file leaves open", hint="Fix the image size in the model"
            )
        return known

    def exact(self, node: Node, what: str) -> ExactTensor:
        """The entries as exact rationals.

        Raises
        ------
        InputError: they are no finite numbers of a type that exactcnn reads.
        """
        return as_exact(self, node, what)


def as_exact(constant: Constant, node: Node, what: str) -> ExactTensor:
    """The entries of a constant as exact rationals; see `Constant.exact`."""
    array = constant.array
    if constant.denominator is not None:
        return ExactTensor.from_integers(array, constant.denominator)
    if array.dtype.kind in "iu":
        return ExactTensor.from_integers(array)
    if array.dtype not in (np.float16, np.float32, np.float64):
        raise node.error(f"{what} of another type", found=str(array.dtype), expected="float16, float32, float64")
    bad = np.argwhere(~np.isfinite(array))
    if len(bad):
        index = tuple(int(i) for i in bad[0])
        raise node.error(f"{what} is not finite", found=f"{array[index]} at {list(index)}", expected="finite numbers")
    return ExactTensor.from_floats(array)


@dataclass(frozen=True, eq=False)
class Data:
    """A tensor that depends on the image.

    Attributes
    ----------
    forms: one a channel; the same at every position. None for the flattened places of images of open size.
    axes: how the channels and places make up the tensor.
    """

    forms: Forms | None
    axes: Axes


Value = Constant | Data

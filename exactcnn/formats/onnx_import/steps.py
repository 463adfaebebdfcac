"""What an operator asks of the network: the steps that make layers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from exactcnn.core.affine import Affine
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.values import Axes, Forms
from exactcnn.network.model import NO_PADDING, Padding, Pair

__all__ = ["Activation", "AverageStep", "Flattening", "GlobalStep", "LinearStep", "MaxStep", "Recipe", "Step", "Window"]


@dataclass(frozen=True)
class Window:
    """Kernel, stride and padding (top, left, bottom, right)."""

    kernel: Pair = (1, 1)
    stride: Pair = (1, 1)
    padding: Padding = NO_PADDING

    @property
    def keeps_size(self) -> bool:
        """Whether there is a place for each place, at every size."""
        top, left, bottom, right = self.padding
        return self.stride == (1, 1) and (top + bottom + 1, left + right + 1) == self.kernel

    def after(self, size: tuple[int | None, int | None]) -> tuple[int | None, int | None]:
        """Rows and columns of windows (0 or less: none fits); None where open."""
        total = self.padding[0] + self.padding[2], self.padding[1] + self.padding[3]
        rows, columns = (
            None if n is None else (n + p - k) // s + 1
            for n, p, k, s in zip(size, total, self.kernel, self.stride, strict=True)
        )
        return rows, columns


@dataclass(frozen=True)
class Recipe:
    """A function of ReLUs: the forms that they are applied to, and the result as forms over their outputs."""

    before: tuple[Affine, ...]
    after: Callable[[Sequence[Affine]], Forms]


@dataclass(frozen=True, eq=False)
class LinearStep:
    """A convolution: weight (O, C, a, b), bias (O,); on vectors the window is 1 x 1.

    `then` is the step to be taken of its output, where the node needs several.
    """

    node: Node
    input: str
    output: str
    axes: Axes
    weight: ExactTensor
    bias: ExactTensor
    window: Window
    then: LinearStep | None = None


@dataclass(frozen=True, eq=False)
class MaxStep:
    """A local max pool."""

    node: Node
    input: str
    output: str
    axes: Axes
    window: Window


@dataclass(frozen=True, eq=False)
class AverageStep:
    """A local mean pool that counts padded zeros."""

    node: Node
    input: str
    output: str
    axes: Axes
    window: Window


@dataclass(frozen=True, eq=False)
class GlobalStep:
    """A pool over all places; `negated` says that the result is minus the pool of its input, as a minimum is."""

    node: Node
    input: str
    output: str
    axes: Axes
    kind: Literal["max", "sum", "mean"]
    negated: bool = False


@dataclass(frozen=True, eq=False)
class Activation:
    """A piecewise-linear function, entry by entry; `recipe` takes the inputs' forms.

    `plain` says that it is a ReLU and nothing else.
    """

    node: Node
    inputs: tuple[str, ...]
    output: str
    axes: Axes
    recipe: Callable[[Sequence[Forms]], Recipe]
    plain: bool = False


@dataclass(frozen=True, eq=False)
class Flattening:
    """The places have to be gathered before the node can be read."""

    node: Node
    inputs: tuple[str, ...]


Step = LinearStep | MaxStep | AverageStep | GlobalStep | Activation | Flattening

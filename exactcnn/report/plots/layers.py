"""A network's layers in words, with the shapes that come out of them."""

from __future__ import annotations

from dataclasses import dataclass

from exactcnn.core.errors import InputError
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
    kernel_of,
)

__all__ = ["LayerText", "layer_texts"]


@dataclass(frozen=True)
class LayerText:
    """One block of the diagram.

    Attributes
    ----------
    name: what the layer is.
    shape: what comes out of it, such as `3 x H x W`.
    detail: how many numbers it has, and how they are laid out; empty if it has none.
    layers: the numbers of the layers that it stands for: one, or one with the ReLU behind it.
    """

    name: str
    shape: str
    detail: str
    layers: tuple[int, ...]


def layer_texts(network: Network, size: tuple[int, int] | None = None) -> list[LayerText]:
    """The blocks of the diagram, the image first.

    Parameters
    ----------
    size: the image's height and width; without it shapes are in H and W, where that is possible.

    Raises
    ------
    InputError: a layer's window does not fit into an image of this size.
    """
    if size is not None and network.output_size(*size) is None:
        raise InputError("the network is not defined on images of this size", found=f"{size[0]}x{size[1]}")
    unit = "bytes" if network.unit is InputUnit.BYTE else "pixel values"
    height, width = _Length.start("H", size and size[0]), _Length.start("W", size and size[1])
    shape = f"{network.channels} x {height} x {width}"
    blocks = [LayerText("image", shape, unit, ())]
    channels = network.channels
    for number, layer in enumerate(network.layers):
        if isinstance(layer, ReLU) and len(blocks) > 1 and not blocks[-1].name.endswith("ReLU"):
            last = blocks[-1]
            blocks[-1] = LayerText(last.name + " + ReLU", last.shape, last.detail, (*last.layers, number))
            continue
        if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
            height, width = (length.after(layer, axis) for axis, length in enumerate((height, width)))
        if isinstance(layer, (Conv2d, Dense)):
            channels = layer.weight.shape[0]
        flat = isinstance(layer, (GlobalPool, Dense)) or (isinstance(layer, ReLU) and "x" not in shape)
        shape = str(channels) if flat else f"{channels} x {height} x {width}"
        if isinstance(layer, Flatten):
            shape = f"{channels} * {height} * {width}"
        blocks.append(LayerText(_name(layer), shape, _detail(layer), (number,)))
    return blocks


@dataclass(frozen=True)
class _Length:
    """A number of rows or columns: known, or a letter plus a number, or just some number."""

    letter: str
    known: int | None
    offset: int | None = 0

    @staticmethod
    def start(letter: str, known: int | None) -> _Length:
        return _Length(letter, known)

    def after(self, layer: Conv2d | MaxPool2d | AvgPool2d, axis: int) -> _Length:
        padding = layer.padding[axis] + layer.padding[axis + 2]
        kernel, stride = kernel_of(layer)[axis], layer.stride[axis]
        if self.known is not None:
            return _Length(self.letter, (self.known + padding - kernel) // stride + 1)
        if self.offset is None or stride != 1:
            return _Length(self.letter + "'" if self.offset is not None else self.letter, None, None)
        return _Length(self.letter, None, self.offset + padding - kernel + 1)

    def __str__(self) -> str:
        if self.known is not None:
            return str(self.known)
        if not self.offset:
            return self.letter
        return f"({self.letter}{'+' if self.offset > 0 else '-'}{abs(self.offset)})"


def _name(layer: Layer) -> str:
    if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
        kind = {Conv2d: "convolution", MaxPool2d: "max pool", AvgPool2d: "mean pool"}[type(layer)]
        rows, columns = kernel_of(layer)
        stride = "" if layer.stride == (1, 1) else f", step {layer.stride[0]}"
        return f"{kind} {rows}x{columns}{stride}"
    if isinstance(layer, GlobalPool):
        return f"global {layer.kind}"
    return {ReLU: "ReLU", Flatten: "flatten", Dense: "dense"}[type(layer)]


def _detail(layer: Layer) -> str:
    parts = []
    if isinstance(layer, (Conv2d, Dense)):
        count = int(layer.weight.nonzero().sum())
        parts.append(f"{count} of {layer.weight.size} weights not 0")
    if isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)) and any(layer.padding):
        parts.append("padding " + " ".join(str(p) for p in layer.padding))
    return "\n".join(parts)

"""Exact evaluation of a network on batches of images."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol

from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.apply import apply_layer
from exactcnn.network.bands import Stem
from exactcnn.network.model import AvgPool2d, Conv2d, Dense, GlobalPool, InputUnit, Layer, Network, ReLU

__all__ = ["PixelInterval", "apply_layer", "evaluate", "in_pixel_units", "logits"]

_LAST_BYTE = 255


class PixelInterval(Protocol):
    """The closed interval of pixel values, such as a task's pixel range."""

    @property
    def low(self) -> fmpq:
        """The pixel value that byte 0 means."""
        ...

    @property
    def high(self) -> fmpq:
        """The pixel value that byte 255 means."""
        ...


def evaluate(network: Network, batch: ExactTensor, *, threads: int | None = None) -> ExactTensor:
    """The network's exact logits.

    Parameters
    ----------
    network: any network.
    batch: (N, C, H, W), in the network's own unit.
    threads: at most how many share the work; None for one a core. The result is the same, bit for bit, and small work
        is not shared.

    Returns
    -------
    (N, K).

    Raises
    ------
    InputError: the batch has the wrong number of axes or channels, or the network is not defined at this image size;
        the layer is named.
    ValueError: fewer threads than one.
    """
    if threads is not None and threads < 1:
        raise ValueError(f"{threads} threads")
    if batch.ndim != 4 or batch.shape[1] != network.channels or 0 in batch.shape[2:]:
        raise InputError(
            "the network cannot read these images",
            source=network.source,
            found=f"shape {batch.shape}",
            expected=f"(N, {network.channels}, H, W), not empty",
        )
    # A network read from a file may stand for it at one image size only.
    network.require_sizes(SizeRange.fixed(*batch.shape[2:]))
    try:
        stem = Stem.of(network.layers, batch.shape[1:])
    except InputError as error:
        raise error.located(source=network.source) from None
    x = stem.apply(batch, threads)
    for number in range(stem.depth, len(network.layers)):
        layer = network.layers[number]
        try:
            x = apply_layer(layer, x)
        except InputError as error:
            raise error.located(source=network.source, place=_place(number, layer)) from None
    return x


def logits(network: Network, images: ExactTensor, pixel: PixelInterval, *, threads: int | None = None) -> ExactTensor:
    """The network's exact logits for images given as pixel values.

    Parameters
    ----------
    network: any network.
    images: (N, C, H, W), pixel values; converted to bytes (not necessarily whole ones) if the network reads bytes.
    pixel: the pixel range.
    threads: as of `evaluate`.

    Returns
    -------
    (N, K).

    Raises
    ------
    InputError: as `evaluate`.
    """
    if network.unit is InputUnit.PIXEL:
        return evaluate(network, images, threads=threads)
    bytes_a_pixel = fmpq(_LAST_BYTE) / (pixel.high - pixel.low)
    shifted = images if pixel.low == 0 else images - ExactTensor.full((), pixel.low)
    return evaluate(network, shifted.scaled(bytes_a_pixel), threads=threads)


def in_pixel_units(network: Network, pixel: PixelInterval) -> Network:
    """The network that reads pixel values and gives, for every image, exactly the logits of the given one.

    The map from pixel values to bytes, k = (x - low) * 255/(high - low), is folded into the first layer with weights;
    the layers before it (pools, flatten) have to commute with the map.

    Raises
    ------
    InputError: a layer does not commute with the map, or pads with zeros, which mean byte 0 and not pixel value 0
        (where low is 0 these are the same); the layer is named.
    """
    if network.unit is InputUnit.PIXEL:
        return network
    scale = fmpq(_LAST_BYTE) / (pixel.high - pixel.low)
    offset = -scale * pixel.low
    for number, layer in enumerate(network.layers):
        if offset != 0 and isinstance(layer, (Conv2d, AvgPool2d)) and any(layer.padding):
            raise _unfoldable("its padded zeros mean byte 0, which is not pixel value 0", network, number)
        if isinstance(layer, (Conv2d, Dense)):
            folded = _folded(layer, scale, offset)
            layers = (*network.layers[:number], folded, *network.layers[number + 1 :])
            return replace(network, layers=layers, unit=InputUnit.PIXEL)
        if offset != 0 and (isinstance(layer, ReLU) or (isinstance(layer, GlobalPool) and layer.kind == "sum")):
            raise _unfoldable("it does not commute with the shift from pixel values to bytes", network, number)
    raise InputError(
        "a network that reads bytes cannot be rewritten for pixel values", source=network.source, found="no weights"
    )


def _folded(layer: Conv2d | Dense, scale: fmpq, offset: fmpq) -> Conv2d | Dense:
    """The layer that does to x what the given one does to scale * x + offset, where it is not padded."""
    weight = layer.weight.scaled(scale).reduced()
    total = layer.weight.sum(tuple(range(1, layer.weight.ndim)))
    return replace(layer, weight=weight, bias=(layer.bias + total.scaled(offset)).reduced())


def _unfoldable(why: str, network: Network, number: int) -> InputError:
    return InputError(
        f"a network that reads bytes cannot be rewritten for pixel values: {why}",
        source=network.source,
        place=_place(number, network.layers[number]),
        hint="Use a pixel range that starts at 0, or a network that reads pixel values",
    )


def _place(number: int, layer: Layer) -> str:
    return f"layer {number} ({type(layer).__name__})"

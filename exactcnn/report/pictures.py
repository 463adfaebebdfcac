"""Images and templates as colours, for terminals and pages: rounded to bytes, to look at and not to conclude from."""

from __future__ import annotations

import base64
import io
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from rich.console import Console, ConsoleOptions
from rich.measure import Measurement
from rich.style import Style
from rich.text import Text

from exactcnn.core.box import Box
from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.model import PixelRange

__all__ = ["Colours", "Picture", "image_colours", "png_bytes", "png_data_uri", "template_colours", "viewable"]

Colours = NDArray[np.uint8]
"""(H, W, 3): red, green and blue bytes."""

_SHADES = " ░▒▓█"
_ASCII_SHADES = " .+*#"
_ANY_PIXEL = (70, 90, 140)
_SEPARATOR = 128
_VIEWABLE_PIXELS = 256 * 256


def viewable(picture: Stretched) -> tuple[ExactTensor, str | None]:
    """What of a picture to show: the whole of it if it is small, else its core with a note on how it is stretched."""
    if picture.is_plain or picture.height * picture.width <= _VIEWABLE_PIXELS:
        return picture.image(), None
    height, width = picture.core.shape[1:]
    parts = []
    if picture.height > height:
        parts.append(f"row {picture.row % height} is repeated until it is {picture.height} high")
    if picture.width > width:
        parts.append(f"column {picture.column % width} is repeated until it is {picture.width} wide")
    return picture.core, f"only the core of the image; {', and '.join(parts)}"


def image_colours(image: ExactTensor, pixel: PixelRange) -> Colours:
    """An image (C, H, W) as colours: three channels are red, green and blue, others stand side by side in grey."""
    span = (image - ExactTensor.full((), pixel.low)).scaled(1 / (pixel.high - pixel.low))
    shares = np.clip(span.floats(), 0.0, 1.0)
    return _coloured(np.rint(shares * 255).astype(np.uint8))


def template_colours(template: Box, pixel: PixelRange) -> Colours:
    """A template's centre as colours; a pixel that may be anything in every channel is a dull blue."""
    colours = image_colours(template.centre(), pixel)
    free = (template.low.at_most(ExactTensor.full((), pixel.low))) & (
        ExactTensor.full((), pixel.high).at_most(template.high)
    )
    if template.shape[0] in (1, 3):
        colours[free.all(axis=0)] = _ANY_PIXEL
    return colours


def _coloured(levels: Colours) -> Colours:
    """(C, H, W) levels as (H, W', 3) colours."""
    if len(levels) == 3:
        return np.ascontiguousarray(np.moveaxis(levels, 0, 2))
    gap = np.full((levels.shape[1], 1), _SEPARATOR, dtype=np.uint8)
    parts: list[Colours] = []
    for channel in levels:
        parts += [gap, channel] if parts else [channel]
    return np.repeat(np.concatenate(parts, axis=1)[:, :, None], 3, axis=2)


@dataclass(frozen=True)
class Picture:
    """Colours as a rich renderable: half blocks where there is colour, two shades a pixel where there is none."""

    colours: Colours

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        width = self._width(console)
        return Measurement(width, width)

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> Iterator[Text]:
        height, width = self.colours.shape[:2]
        if self._width(console) > options.max_width:
            yield Text(f"({height} x {width} pixels: too wide to be shown here)")
        elif console.color_system is not None:
            yield from self._half_blocks()
        else:
            yield from self._shades(_ASCII_SHADES if options.ascii_only else _SHADES)

    def _width(self, console: Console) -> int:
        return int(self.colours.shape[1]) * (1 if console.color_system is not None else 2)

    def _half_blocks(self) -> Iterator[Text]:
        height, width = self.colours.shape[:2]
        for row in range(0, height, 2):
            line = Text(no_wrap=True, end="\n")
            for column in range(width):
                upper = _rgb(self.colours[row, column])
                lower = _rgb(self.colours[row + 1, column]) if row + 1 < height else "default"
                line.append("▀", Style.parse(f"{upper} on {lower}"))
            yield line

    def _shades(self, shades: str) -> Iterator[Text]:
        levels = self.colours.mean(axis=2)
        steps = np.clip((levels * len(shades) / 256).astype(int), 0, len(shades) - 1)
        for row in steps:
            yield Text("".join(shades[step] * 2 for step in row), no_wrap=True)


def _rgb(colour: Colours) -> str:
    red, green, blue = (int(c) for c in colour)
    return f"#{red:02x}{green:02x}{blue:02x}"


def png_bytes(colours: Colours, *, scale: int = 1) -> bytes:
    """The colours as a PNG file, each pixel a square of `scale` pixels."""
    from PIL import Image

    enlarged = np.repeat(np.repeat(colours, scale, axis=0), scale, axis=1)
    buffer = io.BytesIO()
    Image.fromarray(enlarged).save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def png_data_uri(colours: Colours) -> str:
    """The colours as a PNG inside a `data:` address, one pixel a pixel: pages enlarge it themselves."""
    return "data:image/png;base64," + base64.b64encode(png_bytes(colours)).decode("ascii")

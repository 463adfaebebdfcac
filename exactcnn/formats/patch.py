"""Templates as people give them: drawn with characters, as PNG pictures, or as explicit intervals.

Every template is a box of shape (channels, height, width) inside the pixel range. A drawn value v means
[v - tolerance, v + tolerance], cut to the pixel range (THEOREM.md, section 1).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.toml_nodes import Node, Table
from exactcnn.task.model import PixelRange

__all__ = ["Canvas", "by_channel", "drawn_template", "explicit_template", "picture_template"]

_SHARES = {".": fmpq(0), "#": fmpq(1)} | {str(n): fmpq(n, 9) for n in range(10)}
_ANY = "?"
_CHARACTERS = "'.' for the lowest value, '#' for the highest, 0-9 for n/9 of the way, '?' for any value"

Interval = tuple[fmpq, fmpq]
Plane = list[list[Interval]]


@dataclass(frozen=True)
class Canvas:
    """What a template is drawn on.

    Attributes
    ----------
    channels: the task's channels, `("",)` if it has a single unnamed one.
    pixel: the pixel range.
    tolerance: how far a pixel may be from its drawn value.
    folder: where relative paths of pictures start.
    """

    channels: tuple[str, ...]
    pixel: PixelRange
    tolerance: fmpq
    folder: Path

    def around(self, value: fmpq) -> Interval:
        """The interval that a drawn value means."""
        return max(value - self.tolerance, self.pixel.low), min(value + self.tolerance, self.pixel.high)


def by_channel(node: Node, channels: tuple[str, ...], expected: str) -> list[Node]:
    """The values of a table with one key a channel, in the order of the channels.

    A task with a single channel has the value itself in place of the table; if that channel is named, either will do.

    Raises
    ------
    InputError: a table where the channels have no names, no table where there are several, a channel that is missing.
    """
    if node.is_table:
        if channels == ("",):
            raise node.refuse("a table by channels, but the task's channel has no name", expected=expected)
        table = node.table(channels)
        return [table.need(name, f"one value a channel: {', '.join(channels)}") for name in channels]
    if len(channels) > 1:
        key = node.place.rpartition("key ")[2].partition(",")[0]
        raise node.refuse(
            "the task has several channels and this says nothing of them",
            expected=f"a table with a key a channel: {', '.join(channels)}",
            hint=f"Write {key}.{channels[0]} = .. and so on." if key.isidentifier() else None,
        )
    return [node]


def drawn_template(node: Node, canvas: Canvas) -> Box:
    """The template of a patch drawn with characters, one drawing a channel.

    Raises
    ------
    InputError: an empty or ragged drawing, an unknown character, channels of different sizes.
    """
    intervals = {c: canvas.around(_share(canvas.pixel, s)) for c, s in _SHARES.items()}
    intervals[_ANY] = (canvas.pixel.low, canvas.pixel.high)
    nodes = by_channel(node, canvas.channels, "a drawing")
    return _template([_drawn_plane(n, intervals) for n in nodes], node)


def _share(pixel: PixelRange, share: fmpq) -> fmpq:
    return pixel.low + (pixel.high - pixel.low) * share


def _drawn_plane(node: Node, intervals: dict[str, Interval]) -> Plane:
    lines = node.string().removesuffix("\n").split("\n")
    if lines == [""]:
        raise node.refuse("an empty drawing", expected="at least one row of one pixel")
    plane: Plane = []
    for number, line in enumerate(lines, 1):
        for column, character in enumerate(line, 1):
            if character not in intervals:
                raise node.refuse(
                    "an unknown character in a drawing",
                    found=f"{character!r} in line {number}, column {column} of the drawing",
                    expected=_CHARACTERS,
                )
        if len(line) != len(lines[0]) or not line:
            raise node.refuse(
                "the rows of a drawing differ in length",
                found=f"{len(line)} pixels in line {number} of the drawing",
                expected=f"{len(lines[0])} pixels as in line 1" if lines[0] else "at least one pixel",
            )
        plane.append([intervals[character] for character in line])
    return plane


def explicit_template(table: Table, canvas: Canvas) -> Box:
    """The template whose intervals the keys `low` and `high` give, in pixel values; no tolerance is added.

    Intervals are cut to the pixel range.

    Raises
    ------
    InputError: one key without the other, ragged rows, different sizes, a low above its high, an interval that lies
        outside the pixel range.
    """
    both = "low and high together, nested lists of numbers: rows of pixel values"
    low, high = table.need("low", both), table.need("high", both)
    planes: list[Plane] = []
    channels = zip(by_channel(low, canvas.channels, both), by_channel(high, canvas.channels, both), strict=True)
    for low_node, high_node in channels:
        lows, highs = _numbers(low_node), _numbers(high_node)
        if (len(lows), len(lows[0])) != (len(highs), len(highs[0])):
            raise high_node.refuse(
                "low and high differ in size",
                found=f"{len(highs)} x {len(highs[0])}",
                expected=f"{len(lows)} x {len(lows[0])} as in low",
            )
        rows = zip(lows, highs, strict=True)
        planes.append([[_interval(a, b, canvas.pixel) for a, b in zip(*pair, strict=True)] for pair in rows])
    return _template(planes, low)


def _numbers(node: Node) -> list[list[tuple[Node, fmpq]]]:
    rows = [row.items("a row of numbers", "column") for row in node.items("rows of numbers", "row")]
    if not rows or not rows[0]:
        raise node.refuse("an empty list of pixel values", expected="at least one row of one pixel")
    for number, row in enumerate(rows, 1):
        if len(row) != len(rows[0]):
            raise node.refuse(
                "the rows differ in length",
                found=f"{len(row)} numbers in row {number}",
                expected=f"{len(rows[0])} as in row 1",
            )
    return [[(entry, entry.rational()) for entry in row] for row in rows]


def _interval(low: tuple[Node, fmpq], high: tuple[Node, fmpq], pixel: PixelRange) -> Interval:
    (_, bottom), (node, top) = low, high
    if bottom > top:
        raise node.refuse("an interval whose low is above its high", found=f"[{bottom}, {top}]", expected="low <= high")
    if bottom > pixel.high or top < pixel.low:
        raise node.refuse(
            "an interval outside the pixel range",
            found=f"[{bottom}, {top}]",
            expected=f"some value in [{pixel.low}, {pixel.high}]",
        )
    return max(bottom, pixel.low), min(top, pixel.high)


def picture_template(node: Node, canvas: Canvas) -> Box:
    """The template of a PNG picture: byte k means the pixel value low + (high - low) * k/255, within the tolerance.

    Wholly transparent pixels (alpha 0) are don't-cares.

    Raises
    ------
    InputError: the picture cannot be read, its channels are not the task's, or a pixel is half transparent.
    """
    # Pillow is loaded only where a task has pictures.
    from exactcnn.formats.image_file import read_png

    text = node.string()
    if not text:
        raise node.refuse("an empty path", expected="the path of a PNG file")
    try:
        values, opaque = read_png(canvas.folder / text, len(canvas.channels))
    except InputError as error:
        origin = f"{error.source}, {error.place}" if error.place else error.source
        raise node.refuse(
            f"{origin}: {error.message}", found=error.found, expected=error.expected, hint=error.hint
        ) from None
    intervals = [canvas.around(canvas.pixel.from_byte(byte)) for byte in range(256)]
    whole = (canvas.pixel.low, canvas.pixel.high)
    planes = [
        [
            [intervals[byte] if seen else whole for byte, seen in zip(row, mask, strict=True)]
            for row, mask in zip(plane, opaque.tolist(), strict=True)
        ]
        for plane in values.tolist()
    ]
    return _template(planes, node)


def _template(planes: Sequence[Plane], node: Node) -> Box:
    sizes = [(len(plane), len(plane[0])) for plane in planes]
    for number, size in enumerate(sizes, 1):
        if size != sizes[0]:
            raise node.refuse(
                "the channels of a template differ in size",
                found=f"{size[0]} x {size[1]} in channel {number}",
                expected=f"{sizes[0][0]} x {sizes[0][1]} as in channel 1",
            )
    shape = (len(planes), *sizes[0])
    flat = [interval for plane in planes for row in plane for interval in row]
    low = ExactTensor.from_rationals([i[0] for i in flat]).reshape(*shape)
    high = ExactTensor.from_rationals([i[1] for i in flat]).reshape(*shape)
    return Box(low, high)

"""Images in files: PNG, NPY, and an exact text.

PNG (`.png`)
    8 bits or fewer a sample; byte k means the pixel value low + (high - low) * k/255. Greyscale for one channel (colour
    whose three samples agree everywhere will do), colour for three; palettes are looked up. Images with transparent
    pixels, 16-bit samples and animations are refused.
NPY (`.npy`)
    An array (H, W), for one channel, or (C, H, W). uint8 means bytes as in PNG; floats of up to 64 bits are the exact
    dyadic pixel values that they are. Other types are refused.
Text (`.txt`)
    ASCII lines, each ended by one line feed, numbers separated by single blanks::

        exactcnn image 1
        size CHANNELS HEIGHT WIDTH
        channel 0
        0 1/2 1
        ..

    After `channel k`, for k = 0, 1, .., stand HEIGHT lines of WIDTH pixel values: integers or p/q in lowest terms with
    q > 1. There is one way to write each image, and the reader takes no other.
"""

from __future__ import annotations

import io
import re
import struct
import tokenize
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from flint import fmpq, fmpz
from numpy.typing import NDArray

from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.files import atomic_write, read_bytes
from exactcnn.task.images import require_image
from exactcnn.task.model import PixelRange

__all__ = [
    "format_image_text",
    "parse_image_text",
    "read_image",
    "read_png",
    "write_image_text",
    "write_npy",
    "write_png",
]

_PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY_TYPES = (0, 4)
_HEADING = "exactcnn image 1"
_SIZE = re.compile(r"size ([1-9][0-9]{0,8}) ([1-9][0-9]{0,8}) ([1-9][0-9]{0,8})", re.ASCII)
_VALUE = re.compile(r"(-?[0-9]+)(?:/([0-9]+))?", re.ASCII)
# What numpy's reader raises on broken files, besides ValueError: its header is parsed as a Python literal.
_NPY_ERRORS = (ValueError, TypeError, EOFError, OSError, MemoryError, RecursionError, SyntaxError, tokenize.TokenError)


def read_image(path: Path, channels: int, pixel: PixelRange) -> ExactTensor:
    """The image (channels, H, W) in a file, by its suffix: .png, .npy or .txt (see the module's text).

    Raises
    ------
    InputError: another suffix, a file that cannot be read, other channels, or a pixel outside the pixel range.
    """
    suffix = path.suffix.lower()
    if suffix == ".png":
        image = _bytes_to_pixels(_opaque_png(path, channels), pixel)
    elif suffix == ".npy":
        image = _read_npy(path, channels, pixel)
    elif suffix == ".txt":
        image = parse_image_text(_ascii(path), source=str(path))
    else:
        raise InputError(
            "not a kind of image file", source=str(path), found=suffix or "no suffix", expected=".png, .npy or .txt"
        )
    require_image(image, channels, pixel, source=str(path))
    return image


def _bytes_to_pixels(values: NDArray[np.uint8], pixel: PixelRange) -> ExactTensor:
    shares = ExactTensor.from_integers(values).scaled((pixel.high - pixel.low) / 255)
    return shares + ExactTensor.full((), pixel.low)


# -- PNG ---------------------------------------------------------------------------------------------------------------


def read_png(path: Path, channels: int) -> tuple[NDArray[np.uint8], NDArray[np.bool_]]:
    """The bytes (channels, H, W) of a PNG file, and which pixels (H, W) are opaque.

    Palettes and samples of 1, 2 or 4 bits become the bytes that they stand for. Transparent pixels keep their colour.

    Raises
    ------
    InputError: the file cannot be read or is no PNG, has 16-bit samples or several frames, fits another number of
        channels, or has pixels that are neither opaque nor wholly transparent.
    """
    data = read_bytes(path)
    source = str(path)
    if not data.startswith(_PNG_SIGNATURE) or len(data) < 33:
        raise InputError("not a PNG file", source=source)
    depth, colour_type = data[24], data[25]
    if depth > 8:
        # Pillow would drop the low bits of some of these without a word.
        raise InputError(
            "a PNG of more than 8 bits a sample",
            source=source,
            found=f"{depth} bits",
            expected="at most 8",
            hint="Save it with 8 bits, or use .npy.",
        )
    colours = _decode_png(data, source, grey_with_key=colour_type == 0 and depth < 8)
    alpha = colours[3]
    if not np.isin(alpha, (0, 255)).all():
        row, column = (int(i) for i in np.argwhere((alpha != 0) & (alpha != 255))[0])
        raise InputError(
            "a half transparent pixel",
            source=source,
            place=f"row {row}, column {column} (counted from 0)",
            found=f"alpha {alpha[row, column]}",
            expected="alpha 255, or 0",
        )
    opaque = np.asarray(alpha == 255)
    return _as_channels(colours[:3], opaque, channels, colour_type in _GREY_TYPES, source), opaque


def _decode_png(data: bytes, source: str, *, grey_with_key: bool) -> NDArray[np.uint8]:
    """Red, green, blue and alpha, (4, H, W)."""
    from PIL import Image

    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as picture:
            if getattr(picture, "n_frames", 1) != 1:
                raise InputError("an animated PNG", source=source, expected="a single picture")
            if grey_with_key and "transparency" in picture.info:
                # Pillow compares the transparent sample before it scales the others up to bytes.
                raise InputError("a PNG of fewer than 8 bits with a transparent grey", source=source)
            if picture.mode == "P" and int(np.asarray(picture).max()) >= _palette_length(data):
                # Pillow would show such pixels as black.
                raise InputError("a PNG whose pixels point beyond its palette", source=source)
            array = np.asarray(picture.convert("RGBA"), dtype=np.uint8)
    except (OSError, ValueError, SyntaxError, EOFError, IndexError, struct.error, zlib.error) as error:
        raise InputError(f"a PNG that cannot be read ({error})", source=source) from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning, MemoryError) as error:
        raise InputError(f"a PNG that is too large ({error})", source=source) from None
    return np.ascontiguousarray(np.moveaxis(array, 2, 0))


def _palette_length(data: bytes) -> int:
    """How many colours the PNG's palette chunk holds; 0 if there is none before the pixels."""
    place = len(_PNG_SIGNATURE)
    while place + 8 <= len(data):
        length, kind = struct.unpack(">I4s", data[place : place + 8])
        if kind == b"PLTE":
            return int(length) // 3
        if kind == b"IDAT":
            return 0
        place += int(length) + 12
    return 0


def _as_channels(
    colours: NDArray[np.uint8], opaque: NDArray[np.bool_], channels: int, is_grey: bool, source: str
) -> NDArray[np.uint8]:
    if channels == 1:
        coloured = ((colours[0] != colours[1]) | (colours[0] != colours[2])) & opaque
        if coloured.any():
            row, column = (int(i) for i in np.argwhere(coloured)[0])
            raise InputError(
                "a colour picture for a task with one channel",
                source=source,
                place=f"row {row}, column {column} (counted from 0)",
                found=f"the colour {tuple(int(c) for c in colours[:, row, column])}",
                expected="greyscale",
            )
        return colours[:1]
    if channels != 3:
        raise InputError(
            "a PNG for a task whose images it cannot hold",
            source=source,
            expected=f"{channels} channels; a PNG has 1 or 3",
            hint="Use .npy or the text format.",
        )
    if is_grey:
        raise InputError("a greyscale picture for a task with three channels", source=source, expected="colour")
    return colours


def _opaque_png(path: Path, channels: int) -> NDArray[np.uint8]:
    values, opaque = read_png(path, channels)
    if not opaque.all():
        row, column = (int(i) for i in np.argwhere(~opaque)[0])
        raise InputError(
            "a transparent pixel in an image",
            source=str(path),
            place=f"row {row}, column {column} (counted from 0)",
            expected="an opaque picture",
        )
    return values


def write_png(path: Path, image: ExactTensor, pixel: PixelRange) -> None:
    """Writes an image (1 or 3, H, W) as PNG: each pixel as the nearest byte, halves upwards.

    What is written is the image itself exactly if its pixels are of the form low + (high - low) * k/255.

    Raises
    ------
    InputError: another number of channels, a pixel outside the pixel range, or the file cannot be written.
    """
    from PIL import Image

    if image.ndim != 3 or image.shape[0] not in (1, 3):
        raise InputError(
            "an image that a PNG cannot hold",
            source=str(path),
            found=f"a tensor of shape {image.shape}",
            expected="1 or 3 channels",
            hint="Use .npy or the text format.",
        )
    require_image(image, image.shape[0], pixel, source=str(path))
    scaled = (image - ExactTensor.full((), pixel.low)).scaled(fmpq(255) / (pixel.high - pixel.low))
    doubled = scaled.scaled(2).integers() + scaled.denominator
    values = (doubled // (2 * scaled.denominator)).astype(np.uint8)
    picture = Image.fromarray(np.ascontiguousarray(values[0] if len(values) == 1 else np.moveaxis(values, 0, 2)))
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    atomic_write(path, buffer.getvalue())


# -- NPY ---------------------------------------------------------------------------------------------------------------


def _read_npy(path: Path, channels: int, pixel: PixelRange) -> ExactTensor:
    source = str(path)
    array = _load_npy(read_bytes(path), source)
    if array.ndim == 2 and channels == 1:
        array = array[None]
    if array.ndim != 3 or array.shape[0] != channels:
        last = array.ndim == 3 and array.shape[2] == channels
        raise InputError(
            "an array that is no image of this task",
            source=source,
            found=f"shape {array.shape}",
            expected=f"({channels}, height, width)" + (" or (height, width)" if channels == 1 else ""),
            hint="Channels come first." if last else None,
        )
    if array.dtype == np.uint8:
        return _bytes_to_pixels(array, pixel)
    if array.dtype.kind != "f" or array.dtype.itemsize > 8:
        raise InputError(
            "an array of a type that says no pixel values",
            source=source,
            found=str(array.dtype),
            expected="uint8 (bytes), float16, float32 or float64 (pixel values)",
        )
    unusable = np.argwhere(~np.isfinite(array))
    if len(unusable):
        channel, row, column = (int(i) for i in unusable[0])
        raise InputError(
            "a pixel that is not a finite number",
            source=source,
            place=f"channel {channel}, row {row}, column {column} (counted from 0)",
            found=str(array[channel, row, column]),
        )
    return ExactTensor.from_floats(array)


def _load_npy(data: bytes, source: str) -> NDArray[Any]:
    if not data.startswith(b"\x93NUMPY"):
        raise InputError("not an NPY file", source=source)
    try:
        array = np.load(io.BytesIO(data), allow_pickle=False)
    except _NPY_ERRORS as error:
        raise InputError(f"an NPY file that cannot be read ({error})", source=source) from None
    return np.asarray(array)


def write_npy(path: Path, image: ExactTensor) -> None:
    """Writes an image (C, H, W) as a float64 array.

    A pixel whose value is no float64 (one that is not dyadic, such as 1/3) is rounded to the nearest one;
    `write_image_text` is exact.

    Raises
    ------
    InputError: the file cannot be written.
    """
    buffer = io.BytesIO()
    np.save(buffer, image.floats(), allow_pickle=False)
    atomic_write(path, buffer.getvalue())


# -- text --------------------------------------------------------------------------------------------------------------


def write_image_text(path: Path, image: ExactTensor) -> None:
    """Writes an image (C, H, W) as exact text.

    Raises
    ------
    InputError: the file cannot be written.
    """
    atomic_write(path, format_image_text(image))


def format_image_text(image: ExactTensor) -> str:
    """The exact text of an image (C, H, W); see the module's text.

    Raises
    ------
    ValueError: not three axes, or one of length 0.
    """
    if image.ndim != 3 or image.size == 0:
        raise ValueError(f"an image of shape {image.shape}")
    channels, height, width = image.shape
    lines = [_HEADING, f"size {channels} {height} {width}"]
    values = [format_rational(v) for v in image.rationals()]
    for channel in range(channels):
        lines.append(f"channel {channel}")
        starts = range(channel * height * width, (channel + 1) * height * width, width)
        lines += [" ".join(values[start : start + width]) for start in starts]
    return "\n".join(lines) + "\n"


def parse_image_text(text: str, *, source: str) -> ExactTensor:
    """The image (C, H, W) of an exact text.

    Raises
    ------
    InputError: the text is not exactly in the format; the line is named.
    """
    lines = text.split("\n")
    if lines[0] != _HEADING:
        raise _bad_line(source, 1, lines[0], _HEADING)
    size = _SIZE.fullmatch(lines[1]) if len(lines) > 1 else None
    if size is None:
        raise _bad_line(source, 2, lines[1] if len(lines) > 1 else "", "size CHANNELS HEIGHT WIDTH")
    channels, height, width = (int(n) for n in size.groups())
    last = 2 + channels * (height + 1)
    if len(lines) <= last or lines[last] != "" or len(lines) > last + 1:
        raise InputError(
            "an image text of the wrong length",
            source=source,
            found=f"{len(lines) - (not lines[-1])} lines" + ("" if not lines[-1] else ", the last one not ended"),
            expected=f"{last} lines, each ended by a line feed",
        )
    values: list[fmpq] = []
    for number in range(3, last + 1):
        channel, row = divmod(number - 3, height + 1)
        line = lines[number - 1]
        if row:
            values += _row(line, width, source, number)
        elif line != f"channel {channel}":
            raise _bad_line(source, number, line, f"channel {channel}")
    return ExactTensor.from_rationals(values, (channels * height * width,)).reshape(channels, height, width)


def _row(line: str, width: int, source: str, number: int) -> list[fmpq]:
    tokens = line.split(" ")
    if len(tokens) != width:
        raise InputError(
            "a row of the wrong length",
            source=source,
            place=f"line {number}",
            found=f"{len(tokens)} entries",
            expected=f"{width} numbers separated by single blanks",
        )
    return [_value(token, source, number) for token in tokens]


def _value(token: str, source: str, number: int) -> fmpq:
    match = _VALUE.fullmatch(token)
    # flint reads integers of any length; the written form decides whether the token is the one way to write its value.
    if match and (match[2] is None or match[2].strip("0")):
        value = fmpq(fmpz(match[1]), fmpz(match[2] or "1"))
        if format_rational(value) == token:
            return value
    raise _bad_line(source, number, token, "an integer or p/q in lowest terms with q > 1")


def _bad_line(source: str, number: int, found: str, expected: str) -> InputError:
    shown = found if len(found) <= 60 else found[:60] + ".."
    return InputError(
        "not a line of an image text", source=source, place=f"line {number}", found=repr(shown), expected=expected
    )


def _ascii(path: Path) -> str:
    try:
        return read_bytes(path).decode("ascii")
    except UnicodeDecodeError as error:
        raise InputError(
            "the file is not ASCII text",
            source=str(path),
            place=f"line {error.object.count(10, 0, error.start) + 1}",
            found=f"the byte 0x{error.object[error.start]:02x}",
        ) from None

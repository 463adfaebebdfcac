"""Writing the images that a command shows."""

from __future__ import annotations

from pathlib import Path

from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.model import PixelRange

__all__ = ["save_picture"]

_LARGEST = 2048 * 2048


def save_picture(picture: Stretched, pixel: PixelRange, prefix: Path) -> list[Path]:
    """Writes PREFIX.png (where a PNG can hold the channels), PREFIX.npy and the exact PREFIX.txt; the files written.

    An image of more than 2048 x 2048 pixels is not written out: its core goes to PREFIX-core.png, .npy and .txt, and
    PREFIX.txt says how the core is stretched.

    Raises
    ------
    InputError: a file cannot be written.
    """
    if picture.is_plain or picture.height * picture.width <= _LARGEST:
        return _save_image(picture.image(), pixel, prefix)
    from exactcnn.formats.files import atomic_write

    core = prefix.with_name(prefix.name + "-core")
    written = _save_image(picture.core, pixel, core)
    rule = _with_suffix(prefix, ".txt")
    atomic_write(rule, _stretching(picture, core.name))
    return [*written, rule]


def _save_image(image: ExactTensor, pixel: PixelRange, prefix: Path) -> list[Path]:
    from exactcnn.formats.image_file import write_image_text, write_npy, write_png

    written = []
    if image.shape[0] in (1, 3):
        written.append(_with_suffix(prefix, ".png"))
        write_png(written[-1], image, pixel)
    written.append(_with_suffix(prefix, ".npy"))
    write_npy(written[-1], image)
    written.append(_with_suffix(prefix, ".txt"))
    write_image_text(written[-1], image)
    return written


def _with_suffix(prefix: Path, suffix: str) -> Path:
    """The prefix with a suffix added to it, whatever dots it has."""
    return prefix.with_name(prefix.name + suffix)


def _stretching(picture: Stretched, core: str) -> str:
    """How the image is made from its core, exactly."""
    channels, height, width = picture.core.shape
    row, column = picture.row % height, picture.column % width
    lines = [
        "exactcnn stretched image 1",
        f"size {channels} {picture.height} {picture.width}",
        f"core {core}.txt {channels} {height} {width}",
        f"repeat row {row} {picture.height - height + 1}",
        f"repeat column {column} {picture.width - width + 1}",
        "# The image is the core with that row written so many times, and then that column so many times.",
        "# Rows and columns are counted from 0. All other rows and columns are there once.",
    ]
    return "\n".join(lines) + "\n"

"""A contact sheet: pictures with captions in one PNG."""

from __future__ import annotations

import io
from collections.abc import Sequence

import numpy as np

from exactcnn.report.pictures import Colours

__all__ = ["contact_sheet"]

_PAPER = (251, 250, 247)
_INK = (28, 33, 40)
_MARGIN = 16
_CAPTION = 18


def contact_sheet(rows: Sequence[tuple[str, Sequence[tuple[str, Colours]]]], *, cell: int = 112) -> bytes:
    """Rows of pictures as a PNG file.

    Parameters
    ----------
    rows: each a title and its pictures with captions; pictures are enlarged by whole factors to fit into cells.
    cell: the side of a cell in pixels.
    """
    from PIL import Image, ImageDraw

    columns = max(len(pictures) for _, pictures in rows)
    row_height = _CAPTION + cell + _CAPTION + _MARGIN
    sheet = Image.new("RGB", (_MARGIN + columns * (cell + _MARGIN), _MARGIN + len(rows) * row_height), _PAPER)
    pen = ImageDraw.Draw(sheet)
    for number, (title, pictures) in enumerate(rows):
        top = _MARGIN + number * row_height
        pen.text((_MARGIN, top), _printable(title), fill=_INK)
        for place, (caption, colours) in enumerate(pictures):
            left = _MARGIN + place * (cell + _MARGIN)
            scale = max(1, cell // max(colours.shape[:2]))
            picture = np.repeat(np.repeat(colours, scale, axis=0), scale, axis=1)[:cell, :cell]
            sheet.paste(Image.fromarray(np.ascontiguousarray(picture)), (left, top + _CAPTION))
            pen.text((left, top + _CAPTION + picture.shape[0] + 3), _printable(caption), fill=_INK)
    buffer = io.BytesIO()
    sheet.save(buffer, format="PNG", optimize=True)
    return buffer.getvalue()


def _printable(text: str) -> str:
    """The text in the letters that every build of Pillow's default font has."""
    return text.encode("latin-1", errors="replace").decode("latin-1")

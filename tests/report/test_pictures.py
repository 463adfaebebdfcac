"""Images as colours, blocks and PNG files."""

from __future__ import annotations

import io

import numpy as np
import pytest
from flint import fmpq
from PIL import Image
from rich.console import Console
from rich.measure import Measurement
from support.tiny import drawn, numbers

from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.report.pictures import Picture, image_colours, png_bytes, png_data_uri, template_colours, viewable
from exactcnn.report.sheet import contact_sheet
from exactcnn.task.model import PixelRange

UNIT = PixelRange()
CHECKED = numbers([[["0", "1"], ["1", "0"], ["1/2", "1/4"]]], (1, 3, 2))


def rendered(picture: Picture, *, colour: bool = False, width: int = 80, ascii_only: bool = False) -> str:
    """What a console of that kind prints."""
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii" if ascii_only else "utf-8")
    console = Console(
        file=file, width=width, force_terminal=colour, color_system="truecolor" if colour else None, markup=False
    )
    console.print(picture)
    file.seek(0)
    return file.read()


def test_levels_are_shares_of_the_pixel_range() -> None:
    image = numbers([[["-1", "0", "1"]]], (1, 1, 3))
    colours = image_colours(image, PixelRange(fmpq(-1), fmpq(1)))
    assert colours.tolist() == [[[0, 0, 0], [128, 128, 128], [255, 255, 255]]]


def test_three_channels_are_a_colour_and_two_stand_side_by_side() -> None:
    image = numbers([[["1"]], [["0"]], [["1/3"]]], (3, 1, 1))
    assert image_colours(image, UNIT).tolist() == [[[255, 0, 85]]]
    both = image_colours(image[:2], UNIT)
    assert both[:, :, 0].tolist() == [[255, 128, 0]]


def test_free_pixels_of_a_template_stand_out() -> None:
    colours = template_colours(drawn("#?."), UNIT)
    assert colours[0, 0].tolist() == [239, 239, 239]
    assert len(set(colours[0, 1].tolist())) == 3
    assert colours[0, 2].tolist() == [16, 16, 16]


def test_shades_without_colour() -> None:
    assert rendered(Picture(image_colours(CHECKED, UNIT))) == "  ██\n██  \n▒▒░░\n"


def test_letters_where_there_are_no_blocks() -> None:
    text = rendered(Picture(image_colours(CHECKED, UNIT)), ascii_only=True)
    assert text.isascii()
    assert text.splitlines()[0] == "  ##"


def test_half_blocks_hold_two_rows_in_their_exact_colours() -> None:
    text = rendered(Picture(image_colours(CHECKED, UNIT)), colour=True)
    assert text.count("▀") == 4
    assert "38;2;0;0;0;48;2;255;255;255" in text
    assert "38;2;128;128;128" in text
    assert len(text.splitlines()) == 2


def test_what_is_too_wide_says_so() -> None:
    picture = Picture(np.zeros((2, 50, 3), dtype=np.uint8))
    assert "too wide" in rendered(picture, width=60)
    assert "too wide" not in rendered(picture, width=60, colour=True)


def test_a_picture_measures_itself() -> None:
    console = Console(color_system=None)
    assert Measurement.get(console, console.options, Picture(np.zeros((2, 7, 3), dtype=np.uint8))).maximum == 14


@pytest.mark.parametrize("scale", [1, 3])
def test_png_files_hold_the_colours(scale: int) -> None:
    colours = image_colours(CHECKED, UNIT)
    with Image.open(io.BytesIO(png_bytes(colours, scale=scale))) as picture:
        assert np.array_equal(np.asarray(picture)[::scale, ::scale], colours)
    assert png_data_uri(colours).startswith("data:image/png;base64,iVBOR")


def test_small_stretched_images_are_shown_whole_and_large_ones_as_cores() -> None:
    core = ExactTensor.from_integers([[[0, 1], [1, 0]]])
    shown, remark = viewable(Stretched(core, 3, 2, 0))
    assert (shown.shape, remark) == ((1, 3, 2), None)
    shown, remark = viewable(Stretched(core, 4096, 4096))
    assert shown.shape == (1, 2, 2)
    assert remark is not None
    assert "row 1 is repeated" in remark
    assert "4096 wide" in remark


def test_a_contact_sheet_is_a_picture_of_all_rows() -> None:
    colours = image_colours(CHECKED, UNIT)
    with Image.open(io.BytesIO(contact_sheet([("one", [("a", colours)] * 3), ("\u4e2d", [("b", colours)])]))) as sheet:
        assert sheet.width > 3 * 112
        assert sheet.height > 2 * 112

"""Image files: what is read is exact, what cannot be an image is refused by name."""

from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from support.tasks import images, tasks

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.image_file import (
    format_image_text,
    parse_image_text,
    read_image,
    read_png,
    write_image_text,
    write_npy,
    write_png,
)
from exactcnn.task.model import PixelRange

UNIT = PixelRange()
WIDE = PixelRange(fmpq(-1), fmpq(3))


def ramp(*shape: int) -> np.ndarray[Any, np.dtype[np.uint8]]:
    return (np.arange(int(np.prod(shape))) * 37 % 256).astype(np.uint8).reshape(shape)


def save(path: Path, array: Any, mode: str | None = None, **options: Any) -> Path:
    picture = Image.fromarray(array)
    (picture.convert(mode) if mode else picture).save(path, **options)
    return path


def refusal(path: Path, channels: int = 1, pixel: PixelRange = UNIT) -> str:
    with pytest.raises(InputError) as caught:
        read_image(path, channels, pixel)
    assert caught.value.source == str(path)
    return str(caught.value)


# -- PNG ------------------------------------------------------------------------------------------------------------


def test_every_byte_of_a_grey_png_is_its_share_of_the_range(tmp_path: Path) -> None:
    path = save(tmp_path / "a.PNG", np.arange(256, dtype=np.uint8).reshape(16, 16))
    image = read_image(path, 1, WIDE)
    assert image.shape == (1, 16, 16)
    assert image.rationals() == [fmpq(-1) + fmpq(4 * k, 255) for k in range(256)]


def test_colour_png_is_channel_first(tmp_path: Path) -> None:
    array = ramp(2, 5, 3)
    image = read_image(save(tmp_path / "a.png", array), 3, UNIT)
    assert image == ExactTensor.from_integers(np.moveaxis(array, 2, 0), 255)


@pytest.mark.parametrize("mode", ["1", "L", "LA", "RGB", "RGBA", "P"])
def test_black_and_white_reads_the_same_in_every_mode(tmp_path: Path, mode: str) -> None:
    array = np.array([[0, 255, 0], [255, 255, 0]], dtype=np.uint8)
    image = read_image(save(tmp_path / "a.png", array, mode), 1, UNIT)
    assert image == ExactTensor.from_integers(array[None] // 255)


def test_palettes_are_looked_up(tmp_path: Path) -> None:
    picture = Image.fromarray(np.array([[0, 1], [2, 1]], dtype=np.uint8), mode=None).convert("P")
    picture.putpalette([10, 20, 30, 40, 50, 60, 70, 80, 90])
    picture.save(tmp_path / "a.png")
    values, opaque = read_png(tmp_path / "a.png", 3)
    assert values[:, 0, 1].tolist() == [40, 50, 60]
    assert values[:, 1, 0].tolist() == [70, 80, 90]
    assert opaque.all()


def test_pixels_beyond_the_palette_are_refused(tmp_path: Path) -> None:
    palette = chunk(b"PLTE", bytes([1, 1, 1, 2, 2, 2]))
    (tmp_path / "a.png").write_bytes(raw_png(8, 3, b"\0\1", palette))
    assert read_png(tmp_path / "a.png", 1)[0].tolist() == [[[2]]]
    for data in (raw_png(8, 3, b"\0\2", palette), raw_png(8, 3, b"\0\0")):
        (tmp_path / "a.png").write_bytes(data)
        assert "pixels point beyond its palette" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("bits", [1, 2, 4])
def test_few_bits_are_scaled_to_bytes(tmp_path: Path, bits: int) -> None:
    top = (1 << bits) - 1
    (tmp_path / "a.png").write_bytes(raw_png(bits, 0, bytes([0]) + bytes([top << (8 - bits)])))
    values, _ = read_png(tmp_path / "a.png", 1)
    assert values.tolist() == [[[255]]]
    (tmp_path / "a.png").write_bytes(raw_png(bits, 0, bytes([0]) + bytes([1 << (8 - bits)])))
    assert read_image(tmp_path / "a.png", 1, UNIT).item(0, 0, 0) == fmpq(1, top)


def raw_png(depth: int, colour_type: int, rows: bytes, extra: bytes = b"") -> bytes:
    """A PNG of one pixel."""
    header = struct.pack(">IIBBBBB", 1, 1, depth, colour_type, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", zlib.compress(rows))
        + chunk(b"IEND", b"")
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


@pytest.mark.parametrize(("colour_type", "samples"), [(0, 1), (2, 3), (4, 2), (6, 4)])
def test_sixteen_bits_are_refused(tmp_path: Path, colour_type: int, samples: int) -> None:
    (tmp_path / "a.png").write_bytes(raw_png(16, colour_type, bytes(1 + 2 * samples)))
    assert "a PNG of more than 8 bits a sample; found 16 bits" in refusal(tmp_path / "a.png", 3)


def test_a_transparent_grey_of_few_bits_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(raw_png(2, 0, b"\0\x40", chunk(b"tRNS", b"\0\1")))
    assert "fewer than 8 bits with a transparent grey" in refusal(tmp_path / "a.png")


def test_a_transparent_grey_of_eight_bits_is_seen(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(raw_png(8, 0, b"\0\x40", chunk(b"tRNS", b"\0\x40")))
    assert not read_png(tmp_path / "a.png", 1)[1].any()
    assert "row 0, column 0 (counted from 0): a transparent pixel in an image" in refusal(tmp_path / "a.png")


def test_channels_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    array = np.zeros((2, 3, 3), dtype=np.uint8)
    array[1, 2] = (9, 9, 8)
    colour = save(tmp_path / "colour.png", array)
    text = refusal(colour, 1)
    assert "row 1, column 2 (counted from 0): a colour picture for a task with one channel" in text
    assert "found the colour (9, 9, 8); expected greyscale" in text
    assert "2 channels; a PNG has 1 or 3" in refusal(colour, 2)
    assert "a greyscale picture for a task with three channels" in refusal(save(tmp_path / "grey.png", ramp(2, 3)), 3)


def test_transparent_pixels(tmp_path: Path) -> None:
    array = np.full((1, 3, 4), 255, dtype=np.uint8)
    array[0, 1, 3] = 0
    path = save(tmp_path / "a.png", array)
    assert read_png(path, 3)[1].tolist() == [[True, False, True]]
    assert "row 0, column 1 (counted from 0): a transparent pixel" in refusal(path, 3)
    array[0, 2, 3] = 128
    save(path, array)
    assert "row 0, column 2 (counted from 0): a half transparent pixel; found alpha 128" in refusal(path, 3)


def broken_pngs() -> dict[str, bytes]:
    buffer = io.BytesIO()
    Image.fromarray(ramp(20, 20)).save(buffer, format="PNG")
    good = buffer.getvalue()
    return {
        "empty": b"",
        "text": b"hello, I am no picture at all, just a text",
        "signature only": good[:8],
        "header only": good[:33],
        "cut": good[: len(good) // 2],
        "checksum": good[:29] + b"\0\0\0\0" + good[33:],
        "no data": good[:33] + chunk(b"IEND", b""),
        "depth 3": raw_png(3, 0, b"\0\0"),
        "colour type 5": raw_png(8, 5, b"\0\0"),
    }


@pytest.mark.parametrize("kind", broken_pngs())
def test_broken_pngs_are_refused(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.png").write_bytes(broken_pngs()[kind])
    assert "not a PNG file" in refusal(tmp_path / "a.png") or "a PNG that cannot be read" in refusal(tmp_path / "a.png")


def test_a_jpeg_by_the_name_of_png_is_refused(tmp_path: Path) -> None:
    save(tmp_path / "a.png", ramp(8, 8), format="JPEG")
    assert "not a PNG file" in refusal(tmp_path / "a.png")


def test_an_animation_is_refused(tmp_path: Path) -> None:
    frames = [Image.fromarray(ramp(4, 4)), Image.fromarray(ramp(4, 4)[::-1].copy())]
    frames[0].save(tmp_path / "a.png", save_all=True, append_images=frames[1:])
    assert "an animated PNG" in refusal(tmp_path / "a.png")


def test_a_picture_of_billions_of_pixels_is_refused(tmp_path: Path) -> None:
    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 0, 0, 0, 0)
    data = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0")) + chunk(b"IEND", b"")
    (tmp_path / "a.png").write_bytes(data)
    assert "a PNG that is too large" in refusal(tmp_path / "a.png")


@pytest.mark.parametrize("channels", [1, 3])
def test_written_bytes_are_read_back(tmp_path: Path, channels: int) -> None:
    values = ramp(channels, 5, 7)
    image = ExactTensor.from_rationals([WIDE.from_byte(int(b)) for b in values.flat]).reshape(*values.shape)
    write_png(tmp_path / "a.png", image, WIDE)
    assert read_image(tmp_path / "a.png", channels, WIDE) == image


def test_other_values_are_written_as_the_nearest_byte(tmp_path: Path) -> None:
    exact = [fmpq(1, 510), fmpq(1, 510) - fmpq(1, 2**90), fmpq(3, 510), fmpq(1, 3), fmpq(509, 510), fmpq(508, 510)]
    write_png(tmp_path / "a.png", ExactTensor.from_rationals(exact, (6,)).reshape(1, 1, 6), UNIT)
    assert read_png(tmp_path / "a.png", 1)[0].tolist() == [[[1, 0, 2, 85, 255, 254]]]


@pytest.mark.parametrize(
    ("image", "part"),
    [
        (ExactTensor.zeros((2, 3, 3)), "an image that a PNG cannot hold"),
        (ExactTensor.zeros((3, 3)), "an image that a PNG cannot hold"),
        (ExactTensor.full((1, 2, 2), 2), "a pixel outside the pixel range"),
    ],
)
def test_what_cannot_be_written_as_png(tmp_path: Path, image: ExactTensor, part: str) -> None:
    with pytest.raises(InputError, match=part):
        write_png(tmp_path / "a.png", image, UNIT)
    assert not (tmp_path / "a.png").exists()


# -- NPY ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, ">f4", ">f8"])
def test_floats_are_the_dyadics_they_are(tmp_path: Path, dtype: Any) -> None:
    array = np.array([[0.1, 1 / 3], [0.5, 1.0]], dtype=dtype)
    np.save(tmp_path / "a.npy", array)
    expected = [fmpq(*float(v).as_integer_ratio()) for v in array.flat]
    assert read_image(tmp_path / "a.npy", 1, UNIT).rationals() == expected
    np.save(tmp_path / "a.npy", np.asfortranarray(np.stack([array, array])))
    assert read_image(tmp_path / "a.npy", 2, UNIT).rationals() == expected * 2


def test_uint8_means_bytes(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", ramp(3, 4, 5))
    assert read_image(tmp_path / "a.npy", 3, WIDE).item(2, 3, 4) == WIDE.from_byte(int(ramp(3, 4, 5)[2, 3, 4]))


def test_a_dyadic_image_is_read_back_from_npy(tmp_path: Path) -> None:
    image = ExactTensor.from_integers(ramp(2, 3, 4), 256)
    write_npy(tmp_path / "a.npy", image)
    assert np.load(tmp_path / "a.npy").dtype == np.float64
    assert read_image(tmp_path / "a.npy", 2, UNIT) == image


@pytest.mark.parametrize(
    ("array", "channels", "part"),
    [
        (np.zeros((2, 3), dtype=np.int64), 1, "found int64; expected uint8 (bytes), float16, float32 or float64"),
        (np.zeros((2, 3), dtype=bool), 1, "found bool"),
        (np.zeros((2, 3), dtype=np.complex64), 1, "found complex64"),
        (np.zeros((2, 3), dtype=np.longdouble), 1, "a type that says no pixel values"),
        (np.zeros((2, 3), dtype="U1"), 1, "found <U1"),
        (np.zeros((2, 3)), 3, "found shape (2, 3); expected (3, height, width)"),
        (np.zeros((4, 5, 3)), 3, "found shape (4, 5, 3); expected (3, height, width). Channels come first."),
        (np.zeros((2, 4, 5)), 1, "expected (1, height, width) or (height, width)"),
        (np.zeros(7), 1, "found shape (7,)"),
        (np.zeros((0, 7)), 1, "found a tensor of shape (1, 0, 7)"),
        (np.array([[0.0, np.nan]]), 1, "channel 0, row 0, column 1 (counted from 0): a pixel that is not a finite"),
        (
            np.array([[-np.inf, np.nan]]),
            1,
            "column 0 (counted from 0): a pixel that is not a finite number; found -inf",
        ),
        (np.array([[0.5], [1.5]]), 1, "row 1, column 0 (counted from 0): a pixel outside the pixel range; found 3/2"),
    ],
)
def test_arrays_that_are_no_images(tmp_path: Path, array: Any, channels: int, part: str) -> None:
    np.save(tmp_path / "a.npy", array)
    assert part in refusal(tmp_path / "a.npy", channels)


def test_pickles_and_broken_files_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npy"
    np.save(path, np.array([[{}]], dtype=object), allow_pickle=True)
    assert "an NPY file that cannot be read" in refusal(path)
    np.save(path, np.zeros((5, 5)))
    good = path.read_bytes()
    np.savez(tmp_path / "a.npz", np.zeros((5, 5)))
    for broken in (
        b"",
        b"no array",
        (tmp_path / "a.npz").read_bytes(),
        good[:6],
        good[:40],
        good[:-1],
        good.replace(b"(5, 5)", b"(5,,5)"),
        good.replace(b"(5, 5)", b"(9**9)"),
        good.replace(b"'<f8'", b"'<q8'"),
        good.replace(b"(5, 5)", b"(5, 99999999999999)"),
        good.replace(b"{'descr'", b"(('descr'"),
    ):
        path.write_bytes(broken)
        assert "not an NPY file" in refusal(path) or "an NPY file that cannot be read" in refusal(path)


# -- text -----------------------------------------------------------------------------------------------------------

TEXT = "exactcnn image 1\nsize 2 1 3\nchannel 0\n0 1/2 1\nchannel 1\n-1/3 2 -7\n"


def test_the_text_of_an_image() -> None:
    image = ExactTensor.from_rationals([fmpq(0), fmpq(1, 2), fmpq(1), fmpq(-1, 3), fmpq(2), fmpq(-7)], (6,))
    assert format_image_text(image.reshape(2, 1, 3)) == TEXT
    assert parse_image_text(TEXT, source="x") == image.reshape(2, 1, 3)


@given(st.data())
@settings(max_examples=40)
def test_text_is_read_back_exactly(data: st.DataObject) -> None:
    image = data.draw(images(data.draw(tasks())))
    assert parse_image_text(format_image_text(image), source="x") == image


def test_text_files_keep_numbers_of_any_length(tmp_path: Path) -> None:
    huge = fmpq(10**9000 + 1, 10**9001)
    image = ExactTensor.from_rationals([huge, fmpq(1, 3)], (2,)).reshape(1, 2, 1)
    write_image_text(tmp_path / "a.txt", image)
    assert read_image(tmp_path / "a.txt", 1, UNIT) == image


@pytest.mark.parametrize(
    ("old", "new", "part"),
    [
        ("image 1", "image 2", "line 1: not a line of an image text; found 'exactcnn image 2'"),
        ("exactcnn image 1\n", "", "line 1"),
        ("size 2 1 3", "size 2 1", "line 2: not a line of an image text; found 'size 2 1'"),
        ("size 2 1 3", "size 2 01 3", "line 2"),
        ("size 2 1 3", "size 2 0 3", "line 2"),
        ("size 2 1 3", "size 2 1 3 ", "line 2"),
        ("size 2 1 3", "size 2 2 3", "found 6 lines; expected 8 lines, each ended by a line feed"),
        ("size 2 1 3", "size 999999999 999999999 3", "an image text of the wrong length"),
        ("channel 1", "channel 2", "line 5: not a line of an image text; found 'channel 2'; expected channel 1"),
        ("0 1/2 1", "0  1/2 1", "line 4: a row of the wrong length; found 4 entries; expected 3"),
        ("0 1/2 1", "0 1/2", "line 4: a row of the wrong length"),
        ("0 1/2 1", "0 2/4 1", "line 4: not a line of an image text; found '2/4'"),
        ("0 1/2 1", "0 0.5 1", "found '0.5'; expected an integer or p/q in lowest terms with q > 1"),
        ("0 1/2 1", "0 1/0 1", "found '1/0'"),
        ("0 1/2 1", "0 1/2 1/1", "found '1/1'"),
        ("0 1/2 1", "-0 1/2 1", "found '-0'"),
        ("0 1/2 1", "00 1/2 1", "found '00'"),
        ("0 1/2 1", "+1 1/2 1", "found '+1'"),
        ("0 1/2 1", "0 1/-2 1", "found '1/-2'"),
        ("0 1/2 1", "0 1_0/2 1", "found '1_0/2'"),
        ("0 1/2 1", "0 nan 1", "found 'nan'"),
        ("0 1/2 1", "0 1/2 1\r", "found '1\\r'"),
        ("-7\n", "-7", "found 6 lines, the last one not ended"),
        ("-7\n", "-7\n\n", "an image text of the wrong length"),
        ("-7\n", "-7\n1", "an image text of the wrong length"),
    ],
)
def test_any_other_text_is_refused(old: str, new: str, part: str) -> None:
    assert old in TEXT
    with pytest.raises(InputError) as caught:
        parse_image_text(TEXT.replace(old, new), source="x.txt")
    assert caught.value.source == "x.txt"
    assert part in str(caught.value)


def test_text_files_are_checked_against_the_task(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(TEXT)
    assert "found a tensor of shape (2, 1, 3); expected (1, height, width)" in refusal(tmp_path / "a.txt", 1)
    assert "channel 1, row 0, column 0 (counted from 0): a pixel outside the pixel range" in refusal(
        tmp_path / "a.txt", 2
    )
    (tmp_path / "a.txt").write_bytes(b"exactcnn image 1\nsize 1 1 1\nchannel 0\n\xd9\xa1\n")
    assert "line 4: the file is not ASCII text; found the byte 0xd9" in refusal(tmp_path / "a.txt")


@pytest.mark.parametrize("shape", [(2, 3), (1, 0, 2)])
def test_what_has_no_text(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match="an image of shape"):
        format_image_text(ExactTensor.zeros(shape))


# -- other ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.png.gz"])
def test_other_kinds_of_files_are_refused(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_bytes(b"")
    assert "not a kind of image file" in refusal(tmp_path / name)


@pytest.mark.parametrize("name", ["a.png", "a.npy", "a.txt"])
def test_missing_files_are_named(tmp_path: Path, name: str) -> None:
    assert refusal(tmp_path / name).endswith(f"{name}: there is no such file")

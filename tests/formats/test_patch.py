"""Templates: drawings, explicit intervals, pictures, channels; what they mean and what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flint import fmpq
from PIL import Image
from support.task_text import COLOUR, box_of, intervals, minimal, pairs, parse, refusal

from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.task_file import load_task


def test_digits_are_ninths_of_the_range() -> None:
    box = box_of('patch = "0123456789"', "tolerance = 0\npixel = [-1, 2]")
    assert box.low == box.high
    assert box.low.rationals() == [fmpq(-1) + fmpq(3 * n, 9) for n in range(10)]


def test_drawings_are_scaled_to_the_pixel_range_and_cut_to_it() -> None:
    box = box_of('patch = ".#?4"', 'pixel = ["-1", "3"]\ntolerance = "1/2"')
    assert pairs(box) == intervals("-1 -1/2", "5/2 3", "-1 3", "5/18 23/18")
    assert pairs(box_of('patch = ".#"', "tolerance = 7")) == intervals("0 1", "0 1")


def test_several_templates_keep_their_order() -> None:
    feature = parse(
        minimal(
            'patches = [".#", "#."]\npatch = "##"\nlow = [[0, 0]]\nhigh = [["1/2", 0.25]]\n'
            "intervals = [{low = [[0, 1]], high = [[0, 1]]}]",
            "tolerance = 0",
        )
    ).features[0]
    assert [pairs(t) for t in feature.templates] == [
        intervals("1 1", "1 1"),
        intervals("0 0", "1 1"),
        intervals("1 1", "0 0"),
        intervals("0 1/2", "0 1/4"),
        intervals("0 0", "1 1"),
    ]


def test_explicit_intervals_are_cut_but_not_widened() -> None:
    box = box_of("low = [[-1, 0.5], [0, 1]]\nhigh = [[2, 0.5], [0, 5]]", "tolerance = 0.25")
    assert box.shape == (1, 2, 2)
    assert pairs(box) == intervals("0 1", "1/2 1/2", "0 0", "1 1")


@pytest.mark.parametrize(
    "text", ['".#\\n#."', '".#\\n#.\\n"', '"""\n.#\n#."""', '"""\n.#\n#.\n"""', "'''\n.#\r\n#.\r\n'''"]
)
def test_the_last_line_end_does_not_matter(text: str) -> None:
    assert box_of(f"patch = {text}").shape == (1, 2, 2)


def test_channels() -> None:
    task = parse(COLOUR)
    assert task.channels == ("red", "green")
    assert pairs(task.features[0].templates[0]) == intervals("15/16 1", "0 1/16")
    header = 'channels = ["red", "green"]'
    box = box_of("low.green = [[0.5]]\nhigh.green = [[1]]\nlow.red = [[0]]\nhigh.red = [[0.25]]", header)
    assert pairs(box) == intervals("0 1/4", "1/2 1")
    second = box_of('patches = [{red = ".", green = "."}, {green = "#", red = "?"}]', header, number=1)
    assert pairs(second) == intervals("0 1", "15/16 1")


@pytest.mark.parametrize("patch", ['patch = "#"', 'patch.ink = "#"'])
def test_a_single_named_channel_may_be_named_or_not(patch: str) -> None:
    task = parse(minimal(patch, 'channels = ["ink"]'))
    assert task.channels == ("ink",)
    assert pairs(task.features[0].templates[0]) == intervals("15/16 1")


# -- pictures -------------------------------------------------------------------------------------------------------


def save(path: Path, array: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.array(array, dtype=np.uint8)).save(path)


def test_pictures_are_found_beside_the_task_file(tmp_path: Path) -> None:
    save(tmp_path / "sub/a.png", [[0, 255], [51, 102]])
    save(tmp_path / "sub/pictures/b.png", [[1, 2], [3, 4]])
    text = minimal('image = "a.png"\nimages = ["pictures/b.png"]', "tolerance = 0")
    (tmp_path / "sub/t.toml").write_text(text)
    first, second = load_task(tmp_path / "sub/t.toml").features[0].templates
    assert first.low == first.high == ExactTensor.from_integers([[[0, 5], [1, 2]]], 5).minimum(ExactTensor.full((), 1))
    assert second.low == ExactTensor.from_integers([[[1, 2], [3, 4]]], 255)


def test_pictures_have_the_tolerance_and_transparent_pixels_are_any_value(tmp_path: Path) -> None:
    save(tmp_path / "a.png", [[[0, 255, 51, 255], [9, 9, 9, 0]]])
    box = box_of('image = "a.png"', 'channels = ["r", "g", "b"]\npixel = [0, 2]\ntolerance = "1/5"', tmp_path)
    assert pairs(box) == intervals("0 1/5", "0 2", "9/5 2", "0 2", "1/5 3/5", "0 2")


@pytest.mark.parametrize(
    ("keys", "channels", "parts"),
    [
        ('image = "no.png"', "", ["key image: ", "no.png: there is no such file"]),
        ('image = "text.png"', "", ["text.png: not a PNG file"]),
        ('images = ["grey.png", "text.png"]', "", ["key images, number 2: ", "text.png: not a PNG file"]),
        ('image = ""', "", ["an empty path"]),
        ('image = "."', "", ["this is a folder"]),
        ('image = "grey.png"', 'channels = ["r", "g", "b"]', ["a greyscale picture for a task with three channels"]),
        ('image = "colour.png"', "", ["row 0, column 0", "a colour picture", "found the colour (1, 2, 3)"]),
        ('image = "half.png"', "", ["row 0, column 0", "a half transparent pixel; found alpha 7; expected alpha 255"]),
        ("image = 3", "", ["key image: a value of the wrong type; found the integer 3; expected a string"]),
        ('images = "grey.png"', "", ["expected a list, each entry as for image"]),
    ],
)
def test_pictures_that_cannot_be_used(tmp_path: Path, keys: str, channels: str, parts: list[str]) -> None:
    (tmp_path / "text.png").write_text("no picture")
    save(tmp_path / "grey.png", [[1, 2]])
    save(tmp_path / "colour.png", [[[1, 2, 3]]])
    save(tmp_path / "half.png", [[[1, 1, 1, 7]]])
    text = str(refusal(minimal(keys, channels), tmp_path))
    assert text.startswith('x.toml: [[feature]] number 1 "f", key image')
    assert all(part in text for part in parts), text


@pytest.mark.parametrize(
    ("keys", "place", "message", "found"),
    [
        ("low = [[0]]\nhigh = [[1, 1]]", "key high", "low and high differ in size", "1 x 2"),
        ("low = [[0, 0], [0]]\nhigh = [[1]]", "key low", "the rows differ in length", "1 numbers in row 2"),
        ("low = []\nhigh = []", "key low", "an empty list of pixel values", None),
        ("low = [[]]\nhigh = [[]]", "key low", "an empty list of pixel values", None),
        ("low = [[1]]\nhigh = [[0.5]]", "key high, row 1, column 1", "whose low is above its high", "[1, 1/2]"),
        ("low = [[0, 2]]\nhigh = [[1, 3]]", "key high, row 1, column 2", "outside the pixel range", "[2, 3]"),
        ("low = [[-3]]\nhigh = [[-2]]", "key high, row 1, column 1", "outside the pixel range", "[-3, -2]"),
        ("low = [[0], [nan]]\nhigh = [[1], [1]]", "key low, row 2, column 1", "a number is not finite", "nan"),
        ("low = [0]\nhigh = [1]", "key low, row 1", "a value of the wrong type", "the integer 0"),
        ("low = 0\nhigh = 1", "key low", "a value of the wrong type", "the integer 0"),
        ("low = [['x']]\nhigh = [[1]]", "key low, row 1, column 1", "not a rational number", "'x'"),
        ("low.a = [[0]]\nhigh = [[1]]", "key low", "a table by channels", None),
        ("intervals = [{low = [[0]]}]", "key intervals, number 1", "the key high is missing", None),
        ("intervals = [[0]]", "key intervals, number 1", "a value of the wrong type", "an array of 1"),
        ("intervals = {}", "key intervals", "a value of the wrong type", "a table"),
        ('patches = ["#", 3]', "key patches, number 2", "a value of the wrong type", "the integer 3"),
        ('patch.red = "#"', "key patch", "a table by channels, but the task's channel has no name", None),
    ],
)
def test_templates_that_cannot_be_used(keys: str, place: str, message: str, found: str | None) -> None:
    error = refusal(minimal(keys))
    assert error.place == f'[[feature]] number 1 "f", {place}'
    assert message in error.message
    assert error.found == found


@pytest.mark.parametrize(
    ("old", "new", "place", "message", "hint"),
    [
        ('patch.green = "."', "", "key patch", "the key green is missing", None),
        ('patch.green = "."', 'patch.grene = "."', "key patch", "an unknown key", "Did you mean green?"),
        ('patch.green = "."', 'patch.green = ".."', "key patch", "the channels of a template differ in size", None),
        ('patch.green = "."', "patch.green = 0", "key patch, key green", "a value of the wrong type", None),
        ('patch.green = "."', 'patch.green = "x"', "key patch, key green", "an unknown character in a drawing", None),
        ('patch.red = "#"\npatch.green = "."', 'patch = "#"', "key patch", "several channels", "Write patch.red = .."),
        ('patch.red = "#"\npatch.green = "."', 'patches = ["#"]', "key patches, number 1", "several channels", None),
        ('patch.red = "#"\npatch.green = "."', "low = [[0]]\nhigh = [[1]]", "key low", "several channels", None),
    ],
)
def test_channels_that_do_not_fit(old: str, new: str, place: str, message: str, hint: str | None) -> None:
    assert old in COLOUR
    error = refusal(COLOUR.replace(old, new))
    assert error.place == f'[[feature]] number 1 "dot", {place}'
    assert message in error.message
    assert (hint or "") in (error.hint or "")

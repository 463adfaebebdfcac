"""Makes the shipped task `letters`: the capitals of the bitmap font inside Pillow, and animals spelt with them.

    python tools/make_letters.py

writes exactcnn/examples/letters.toml. It needs a Pillow with `ImageFont.load_default_imagefont`.
"""

from __future__ import annotations

import string
from pathlib import Path

from PIL import ImageFont

TARGET = Path(__file__).parents[1] / "exactcnn" / "examples" / "letters.toml"

WORDS = ("cat", "dog", "fish", "bird", "wolf", "lynx", "zebra", "quail", "mouse", "viper", "jay", "yak")

# The cell that holds every capital: rows and columns of the line that Pillow draws. Letters may begin one column to
# the left of their place (column -1) and end one row below the base line (the tail of Q).
ROWS = range(3, 10)
COLUMNS = range(-1, 6)

HEADER = """\
# Letters: the capitals of a real bitmap font, and the animals that can be spelt with them.
#
# An image belongs to an animal if all letters of its name are there, wherever they stand, and none of a few letters
# that would spell another animal too. Letters that are in neither list do not matter. All other images are `none`.
#
# The glyphs are those of Pillow's built-in bitmap font, 8 point Courier Bold, cut to one cell of 7 x 7 pixels.
# This file is written by tools/make_letters.py.
#
# Pillow took the font from the X Window System, which has it under these terms:
#   Copyright 1984-1989, 1994 Adobe Systems Incorporated.
#   Copyright 1988, 1994 Digital Equipment Corporation.
#   Adobe is a trademark of Adobe Systems Incorporated which may be registered in certain jurisdictions. Permission to
#   use these trademarks is hereby granted only in association with the images described in this file.
#   Permission to use, copy, modify, distribute and sell this software and its documentation for any purpose and
#   without fee is hereby granted, provided that the above copyright notices appear in all copies and that both those
#   copyright notices and this permission notice appear in supporting documentation, and that the names of Adobe
#   Systems and Digital Equipment Corporation not be used in advertising or publicity pertaining to distribution of the
#   software without specific, written prior permission. Adobe Systems and Digital Equipment Corporation make no
#   representations about the suitability of this software for any purpose. It is provided "as is" without express or
#   implied warranty.

[task]
name = "letters"
gap = "1/2"
tolerance = "1/8"
"""

GENERATOR = """
[[class]]
name = "none"
otherwise = true

[generator]
background = ["0", "1/8"]
spacing = 1
"""


def glyph(letter: str) -> list[str]:
    """The letter's rows: `#` where there is ink, `.` elsewhere."""
    font = ImageFont.load_default_imagefont()
    # The space in front keeps the column that a letter may have to the left of its place.
    mask = font.getmask(f" {letter} ")
    start = int(font.getlength(" "))
    width = mask.size[0]
    rows = ["".join("#" if mask.getpixel((x, y)) else "." for x in range(width)) for y in range(mask.size[1])]
    cell = [rows[y][start + COLUMNS.start : start + COLUMNS.stop] for y in ROWS]
    if "".join(cell).count("#") != "".join(rows).count("#"):
        raise ValueError(f"the letter {letter} does not fit the cell")
    return cell


def forbidden(word: str) -> list[str]:
    """Letters without which no other word can be spelt, as few as a greedy choice finds, in alphabetical order."""
    open_words = [set(other) - set(word) for other in WORDS if other != word]
    chosen: set[str] = set()
    while open_words:
        best = max(string.ascii_lowercase, key=lambda letter: sum(letter in rest for rest in open_words))
        chosen.add(best)
        open_words = [rest for rest in open_words if best not in rest]
    return sorted(chosen)


def names(letters: str | list[str]) -> str:
    """The letters as a TOML list of features."""
    return "[" + ", ".join(f'"{letter.upper()}"' for letter in letters) + "]"


def text() -> str:
    """The task file."""
    features = [
        f'\n[[feature]]\nname = "{letter}"\npatch = """\n{chr(10).join(glyph(letter))}\n"""\n'
        for letter in string.ascii_uppercase
    ]
    classes = [
        f'\n[[class]]\nname = "{word}"\nrequires = {names(word)}\nforbids = {names(forbidden(word))}\n'
        for word in WORDS
    ]
    return HEADER + "".join(features) + "".join(classes) + GENERATOR


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8", newline="\n")

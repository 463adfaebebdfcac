"""Ranges of sizes as people write them."""

from __future__ import annotations

import pytest

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("any", SizeRange()),
        ("28x32", SizeRange(28, 28, 32, 32)),
        ("8x9..16x17", SizeRange(8, 16, 9, 17)),
        ("5x6..any", SizeRange(5, None, 6, None)),
        ("1x1..1x1", SizeRange.fixed(1, 1)),
        ("999999999x1", SizeRange.fixed(999999999, 1)),
    ],
)
def test_parse(text: str, expected: SizeRange) -> None:
    assert SizeRange.parse(text) == expected
    assert SizeRange.parse(str(expected)) == expected


@pytest.mark.parametrize(
    "text",
    [
        "",
        "28",
        "28x",
        "x28",
        "0x5",
        "5x0",
        "05x5",
        "-5x5",
        "5 x 5",
        "5X5",
        "5x5x5",
        "5x5\n",
        "any..5x5",
        "any..any",
        "5x5..",
        "..5x5",
        "5x5...any",
        "8x8..7x9",
        "8x8..9x7",
        "1000000000x1",
        "\u0665x\u0665",
    ],
)
def test_parse_refuses(text: str) -> None:
    with pytest.raises(InputError, match="size"):
        SizeRange.parse(text)


@pytest.mark.parametrize("bounds", [(0, 1, 1, 1), (1, 1, 0, 1), (2, 1, 1, 1), (1, None, 3, 2)])
def test_empty_ranges_are_refused(bounds: tuple[int, int | None, int, int | None]) -> None:
    with pytest.raises(InputError, match="empty range"):
        SizeRange(*bounds)


def test_contains() -> None:
    sizes = SizeRange.parse("2x3..4x5")
    assert [s for s in ((1, 3), (2, 2), (2, 3), (4, 5), (5, 5), (4, 6), (3, 4)) if s in sizes] == [
        (2, 3),
        (4, 5),
        (3, 4),
    ]
    assert (10**9, 1) in SizeRange()
    assert (4, 10**9) in SizeRange.parse("4x4..any")
    assert (3, 10**9) not in SizeRange.parse("4x4..any")


def test_is_fixed() -> None:
    assert SizeRange.parse("3x4").is_fixed
    assert not any(SizeRange.parse(t).is_fixed for t in ("any", "3x4..3x5", "3x4..any"))


def test_text_of_half_open_ranges() -> None:
    assert str(SizeRange(1, None, 2, 3)) == "1x2..anyx3"

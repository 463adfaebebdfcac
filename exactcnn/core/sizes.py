"""Ranges of image sizes, as people write them: `28x28`, `8x8..16x16`, `5x5..any`, `any`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from exactcnn.core.errors import InputError

__all__ = ["SizeRange"]

_SIZE = re.compile(r"([1-9][0-9]{0,8})x([1-9][0-9]{0,8})", re.ASCII)


@dataclass(frozen=True)
class SizeRange:
    """All sizes H x W with min_height <= H <= max_height and the same for W; a maximum None is no limit."""

    min_height: int = 1
    max_height: int | None = None
    min_width: int = 1
    max_width: int | None = None

    def __post_init__(self) -> None:
        for low, high in ((self.min_height, self.max_height), (self.min_width, self.max_width)):
            if low < 1 or (high is not None and high < low):
                raise InputError(
                    "an empty range of image sizes", found=str(self), expected="a range such as 8x8..16x16"
                )

    @staticmethod
    def fixed(height: int, width: int) -> SizeRange:
        """Just one size."""
        return SizeRange(height, height, width, width)

    @staticmethod
    def parse(text: str) -> SizeRange:
        """The range that a person wrote.

        Raises
        ------
        InputError: the text is no size, range or `any`.
        """
        if text == "any":
            return SizeRange()
        first, dots, last = text.partition("..")
        low = _SIZE.fullmatch(first)
        high = _SIZE.fullmatch(last)
        if low and not dots:
            return SizeRange.fixed(int(low[1]), int(low[2]))
        if low and last == "any":
            return SizeRange(int(low[1]), None, int(low[2]), None)
        if low and high:
            return SizeRange(int(low[1]), int(high[1]), int(low[2]), int(high[2]))
        raise InputError(
            "not a size of images", found=repr(text), expected="HxW, HxW..HxW, HxW..any or any (height first)"
        )

    @property
    def is_fixed(self) -> bool:
        """Whether the range is one size."""
        return self.min_height == self.max_height and self.min_width == self.max_width

    def __contains__(self, size: tuple[int, int]) -> bool:
        height, width = size
        return (
            self.min_height <= height
            and self.min_width <= width
            and (self.max_height is None or height <= self.max_height)
            and (self.max_width is None or width <= self.max_width)
        )

    def __str__(self) -> str:
        if self == SizeRange():
            return "any"
        first = f"{self.min_height}x{self.min_width}"
        if self.is_fixed:
            return first
        if self.max_height is None and self.max_width is None:
            return f"{first}..any"
        # A range open in one direction only cannot be written by a person, but a message may still have to show it.
        return f"{first}..{self.max_height or 'any'}x{self.max_width or 'any'}"

"""Border kinds: which parts of a receptive field lie outside the image (THEOREM.md, section 3).

Rows and columns are independent, so everything here is about one axis. An output position i of the stem needs the
levels' ranges [A_l, B_l), where level 0 is the image; each range is known up to its place in i, and clipped to the
level's own extent [0, H_l). The *signature* of a position is the clip at every level, relative to A_l: two positions
with one signature compute the same function of their fields.

Why finitely many heights are enough. Let S be the product of the strides, `top` the first position whose ranges all
start at 0 or later, and j(H) the number of positions whose ranges all end at H_l or earlier. Going from H to H + S
moves every H_l by the levels' share of S, so j and the number of positions grow by one, the signatures of positions
below j(H) stay, and position i + 1 at H + S has the signature of position i >= top at H. Let V be the largest number
of positions that see one window whole. If j(H) > top + V and H >= S + window, then each position (each window) of
H + S either sees nothing clipped at its end, and is found at H in the same place, or nothing clipped at its start,
and is found at H one step earlier. So all heights beyond that point repeat with period S.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from exactcnn.core.convolution import window_count

__all__ = ["Axis", "Level", "Seen", "Signature"]

Signature = tuple[tuple[int, int], ...]
"""For every level but the last: the clip [start, end) of its range, relative to the range's unclipped start.

A range that lies wholly in the padding has the clip (0, 0).
"""


@dataclass(frozen=True)
class Level:
    """One spatial layer along one axis: its window, its step, and its padding before and after."""

    kernel: int
    stride: int
    before: int
    after: int


@dataclass(frozen=True)
class Seen:
    """How a position sees a window: the window's offset in the unclipped field, and the position's signature."""

    offset: int
    signature: Signature


@dataclass(frozen=True)
class Axis:
    """The geometry of a stem along one axis."""

    levels: tuple[Level, ...]

    @cached_property
    def stride(self) -> int:
        """Input pixels from one output position to the next."""
        product = 1
        for level in self.levels:
            product *= level.stride
        return product

    @cached_property
    def origin(self) -> int:
        """Where the unclipped field of position 0 starts: 0 or negative."""
        return self._starts(0)[0]

    @cached_property
    def field(self) -> int:
        """The length of the unclipped field."""
        return self._ranges(0)[0][1] - self.origin

    def range_length(self, level: int) -> int:
        """The length of the unclipped range of a level (0 is the image)."""
        start, end = self._ranges(0)[level]
        return end - start

    def extents(self, length: int) -> list[int] | None:
        """The lengths of all levels, the image's first; None if a window does not fit somewhere."""
        extents = [length]
        for level in self.levels:
            extents.append(window_count(extents[-1] + level.before + level.after, level.kernel, level.stride))
            if extents[-1] < 1:
                return None
        return extents

    def start(self, position: int) -> int:
        """The first image row (possibly negative) of the unclipped field."""
        return self.origin + position * self.stride

    def signature(self, position: int, length: int) -> Signature:
        """The position's signature in an image of this length, on which the stem must be defined."""
        extents = self.extents(length)
        if extents is None or not 0 <= position < extents[-1]:
            raise ValueError(f"no position {position} at length {length}")
        return tuple(
            _clip(start, end, extent)
            for (start, end), extent in zip(self._ranges(position)[:-1], extents[:-1], strict=True)
        )

    def lengths(self, least: int, most: int | None, windows: Collection[int] = (1,)) -> dict[int, int]:
        """Lengths that stand for all lengths of the range: representative -> a length of the range it stands for.

        A representative has the same signatures, and the same classes of windows of the given lengths, as every
        length of the range that is mapped to it; see the module's text.
        """
        settled = self._settled(min(windows), max(windows))
        found: dict[int, int] = {}
        last = max(least, settled) + self.stride - 1
        for length in range(least, (last if most is None else min(most, last)) + 1):
            representative = length if length < settled else settled + (length - settled) % self.stride
            found.setdefault(representative, length)
        return found

    def kinds(self, lengths: Sequence[int]) -> dict[Signature, tuple[int, int]]:
        """Every signature at these lengths, with one (position, length) that has it."""
        found: dict[Signature, tuple[int, int]] = {}
        for length in lengths:
            extents = self.extents(length)
            for position in range(extents[-1] if extents else 0):
                found.setdefault(self.signature(position, length), (position, length))
        return found

    def windows(self, size: int, lengths: Sequence[int]) -> dict[tuple[Seen, ...], tuple[int, int]]:
        """Every way in which a window can be seen: its class -> one (start row, length) of that class."""
        found: dict[tuple[Seen, ...], tuple[int, int]] = {}
        for length in lengths:
            for row in range(length - size + 1):
                found.setdefault(tuple(self.seen(row, size, length)), (row, length))
        return found

    def seen(self, row: int, size: int, length: int) -> Iterator[Seen]:
        """All positions whose unclipped field holds the window [row, row + size), with the window's offset in it."""
        extents = self.extents(length)
        for position in self._seeing(row, size):
            if extents is not None and 0 <= position < extents[-1]:
                yield Seen(row - self.start(position), self.signature(position, length))

    def _seeing(self, row: int, size: int) -> range:
        """Positions (possibly not existing ones) whose unclipped field holds the window."""
        # start(i) <= row and row + size <= start(i) + field
        first = -((-(row + size - self.field - self.origin)) // self.stride)
        last = (row - self.origin) // self.stride
        return range(first, last + 1)

    def _settled(self, shortest: int, longest: int) -> int:
        """A length from which on everything repeats with period `stride`; see the module's text."""
        top = 0
        while any(start < 0 for start in self._starts(top)):
            top += 1
        seeing = max(0, (self.field - shortest) // self.stride + 1)
        length = self.stride + longest
        while self._unclipped(length) <= top + seeing:
            length += 1
        return length

    def _unclipped(self, length: int) -> int:
        """j(H): how many positions have all their ranges end inside the levels."""
        extents = self.extents(length)
        if extents is None:
            return 0
        position = extents[-1]
        while position > 0 and any(
            end > extent for (_, end), extent in zip(self._ranges(position - 1), extents, strict=True)
        ):
            position -= 1
        return position

    def _starts(self, position: int) -> list[int]:
        return [start for start, _ in self._ranges(position)]

    def _ranges(self, position: int) -> list[tuple[int, int]]:
        """The unclipped ranges [A_l, B_l) of all levels, the image's first."""
        ranges = [(position, position + 1)]
        for level in reversed(self.levels):
            start, end = ranges[-1]
            ranges.append((start * level.stride - level.before, (end - 1) * level.stride - level.before + level.kernel))
        return ranges[::-1]


def _clip(start: int, end: int, extent: int) -> tuple[int, int]:
    """The part of the range [start, end) that lies in [0, extent), relative to `start`."""
    first, last = max(0, -start), min(end, extent) - start
    return (first, last) if first < last else (0, 0)

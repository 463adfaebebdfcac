"""Placing windows in an image, `spacing` apart: at random, or by an exact search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import product

from exactcnn.task.effort import Effort

__all__ = ["Rect", "area_needed", "growing", "pack"]


@dataclass(frozen=True, slots=True)
class Rect:
    """A window's top row, left column, height and width."""

    row: int
    column: int
    height: int
    width: int

    @property
    def bottom(self) -> int:
        """The first row below."""
        return self.row + self.height

    @property
    def right(self) -> int:
        """The first column to the right."""
        return self.column + self.width

    def apart(self, other: Rect, spacing: int) -> bool:
        """Whether at least `spacing` whole rows or columns lie between the two."""
        return (
            self.bottom + spacing <= other.row
            or other.bottom + spacing <= self.row
            or self.right + spacing <= other.column
            or other.right + spacing <= self.column
        )

    def inside(self, height: int, width: int) -> bool:
        """Whether the window lies in an image of this size."""
        return self.row >= 0 and self.column >= 0 and self.bottom <= height and self.right <= width

    def moved(self, down: int, right: int) -> Rect:
        """The same window elsewhere."""
        return Rect(self.row + down, self.column + right, self.height, self.width)


def pack(
    windows: Sequence[tuple[int, int]],
    size: tuple[int, int],
    spacing: int,
    effort: Effort,
    *,
    fixed: Sequence[Rect] = (),
    keep_free: Rect | None = None,
) -> list[Rect] | None:
    """A place for every window (height, width) in an image of that size, or None if there is no way at all.

    Any arrangement can be pushed up and left until every window touches the border, the part that is kept free, or has
    just `spacing` to another window; hence its row is a starting row plus heights and spacings of other windows, and
    it is enough to try those.

    Parameters
    ----------
    fixed: windows that are there already, from which the new ones keep their distance.
    keep_free: a part of the image that no new window may overlap (touching is allowed).

    Raises
    ------
    OutOfEffortError: the search became too long.
    """
    height, width = size
    rows = _candidates(
        [0, *(r.bottom + spacing for r in fixed), *([keep_free.bottom] if keep_free else [])],
        [h + spacing for h, _ in windows],
        height - min((h for h, _ in windows), default=0),
    )
    columns = _candidates(
        [0, *(r.right + spacing for r in fixed), *([keep_free.right] if keep_free else [])],
        [w + spacing for _, w in windows],
        width - min((w for _, w in windows), default=0),
    )
    # Large windows first: they have the fewest places.
    order = sorted(range(len(windows)), key=lambda i: (-windows[i][0] * windows[i][1], i))
    search = _Packing([windows[i] for i in order], rows, columns, size, spacing, effort, keep_free)
    placed = search.run(list(fixed))
    if placed is None:
        return None
    by_window = dict(zip(order, placed, strict=True))
    return [by_window[i] for i in range(len(windows))]


def area_needed(window: tuple[int, int], spacing: int) -> int:
    """What a window takes of an image's own `area_needed`: the sum over placed windows never exceeds it."""
    return (window[0] + spacing) * (window[1] + spacing)


def growing(start: tuple[int, int], most: tuple[int, int], steps: int = 24) -> list[tuple[int, int]]:
    """Sizes from `start` up to `most` by ascending area, about `steps` heights and widths where there are more."""
    heights, widths = (
        sorted({*range(first, last, max(1, (last - first) // steps)), last})
        for first, last in zip(start, most, strict=True)
    )
    return sorted(product(heights, widths), key=lambda size: (size[0] * size[1], abs(size[0] - size[1])))


def _candidates(starts: Sequence[int], steps: Sequence[int], last: int) -> list[int]:
    """Every start plus every sum of some of the steps that is between 0 and `last`."""
    # One bit a position: adding a step to all of them is one shift.
    found = 0
    for start in starts:
        if 0 <= start <= last:
            found |= 1 << start
    mask = (1 << max(last + 1, 0)) - 1
    for step in steps:
        found |= found << step & mask
    return [i for i in range(last + 1) if found >> i & 1] if last >= 0 else []


@dataclass(frozen=True)
class _Packing:
    """Depth-first search over the candidate places."""

    windows: Sequence[tuple[int, int]]
    rows: Sequence[int]
    columns: Sequence[int]
    size: tuple[int, int]
    spacing: int
    effort: Effort
    keep_free: Rect | None

    def run(self, fixed: list[Rect]) -> list[Rect] | None:
        """The places of all windows, in order, or None."""
        placed = list(fixed)
        tried = [0]
        while len(tried) <= len(self.windows):
            found = self._next(len(tried) - 1, tried[-1], placed)
            if found is not None:
                tried[-1], rect = found
                placed.append(rect)
                tried.append(0)
            elif len(tried) == 1:
                return None
            else:
                tried.pop()
                placed.pop()
        return placed[len(fixed) :]

    def _next(self, index: int, start: int, placed: Sequence[Rect]) -> tuple[int, Rect] | None:
        """The first free place of a window from number `start` on, with the number after it."""
        window_height, window_width = self.windows[index]
        for number in range(start, len(self.rows) * len(self.columns)):
            self.effort.spend()
            row, column = divmod(number, len(self.columns))
            rect = Rect(self.rows[row], self.columns[column], window_height, window_width)
            if self._free(rect, placed):
                return number + 1, rect
        return None

    def _free(self, rect: Rect, placed: Sequence[Rect]) -> bool:
        return (
            rect.inside(*self.size)
            and (self.keep_free is None or rect.apart(self.keep_free, 0))
            and all(rect.apart(other, self.spacing) for other in placed)
        )

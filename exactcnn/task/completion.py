"""From a few placed templates around a window to a whole image with all features of a configuration."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from exactcnn.core.outcome import Window
from exactcnn.task.arrangements import Arrangement, Overlap
from exactcnn.task.effort import Effort
from exactcnn.task.model import Feature
from exactcnn.task.packing import Rect, pack

__all__ = ["Completion", "complete"]


@dataclass(frozen=True)
class Completion:
    """Where everything stands in an image.

    Attributes
    ----------
    window: the window that comes too close to the arrangement's target.
    placements: one for each feature of the configuration, in the task's order.
    """

    window: Rect
    placements: tuple[Window, ...]


def complete(
    arrangement: Arrangement, configuration: frozenset[str], size: tuple[int, int], effort: Effort
) -> Completion | None:
    """An image of that size with the arrangement, in which the rest of the configuration is placed too.

    The arrangement may stand anywhere, and further templates may overlap the window as long as it stays closer to the
    target than the gap. None means that there is no such image at all.

    Raises
    ------
    OutOfEffortError: the search became too long.
    """
    return _Completing(arrangement, configuration, size, effort).run()


class _Completing:
    def __init__(
        self, arrangement: Arrangement, configuration: frozenset[str], size: tuple[int, int], effort: Effort
    ) -> None:
        self.target = arrangement.target
        self.task = self.target.scene.task
        self.arrangement = arrangement
        self.configuration = configuration
        self.size = size
        self.effort = effort

    def run(self) -> Completion | None:
        """First with the rest clear of the window, which nearly always works; then with more in the window."""
        rest = [f for f in self.task.features if f.name in self.configuration and f.name not in self.arrangement.names]
        for window in self._windows():
            found = self._pack(window, self.arrangement.overlaps, rest)
            if found is not None:
                return found
        more = list(self.target.overlaps(helpful=False, among={f.name for f in rest}))
        for overlaps in self._enlarged(self.arrangement.overlaps, more):
            names = {o.placed.feature for o in overlaps}
            for window in self._windows():
                found = self._pack(window, overlaps, [f for f in rest if f.name not in names])
                if found is not None:
                    return found
        return None

    def _windows(self) -> Iterator[Rect]:
        """All places of the window that keep the arrangement in the image: the corners first."""
        extent = self.arrangement.extent
        last_row, last_column = self.size[0] - extent.height, self.size[1] - extent.width
        if last_row < 0 or last_column < 0:
            return
        corners = [(row, column) for row in {0, last_row} for column in {0, last_column}]
        corners.sort()
        others = (
            (row, column)
            for row in range(last_row + 1)
            for column in range(last_column + 1)
            if (row, column) not in corners
        )
        for places in (corners, others):
            for row, column in places:
                self.effort.spend()
                yield self.target.window.moved(row - extent.row, column - extent.column)

    def _enlarged(self, overlaps: tuple[Overlap, ...], more: Sequence[Overlap]) -> Iterator[tuple[Overlap, ...]]:
        """The overlaps with one or more others, at a cost below the gap."""
        spacing, background = self.target.scene.spec.spacing, int(self.target.background.sum())
        for place, extra in enumerate(more):
            self.effort.spend()
            enlarged = (*overlaps, extra)
            if sum(o.cost for o in enlarged) < self.target.gap and all(
                extra.placed.feature != o.placed.feature and extra.rect.apart(o.rect, spacing) for o in overlaps
            ):
                if background - sum(o.saving for o in enlarged) < self.target.gap:
                    yield enlarged
                # One may cost more than the background and the next save it again.
                yield from self._enlarged(enlarged, more[place + 1 :])

    def _pack(self, window: Rect, overlaps: Sequence[Overlap], rest: Sequence[Feature]) -> Completion | None:
        fixed = [o.rect.moved(window.row, window.column) for o in overlaps]
        if not all(rect.inside(*self.size) for rect in fixed):
            return None
        shapes = [(f.height, f.width) for f in rest]
        spacing = self.target.scene.spec.spacing
        found = pack(shapes, self.size, spacing, self.effort, fixed=fixed, keep_free=window)
        if found is None:
            return None
        placed = {
            o.placed.feature: Window(o.placed.feature, o.placed.template, rect.row, rect.column)
            for o, rect in zip(overlaps, fixed, strict=True)
        }
        placed |= {f.name: Window(f.name, 0, rect.row, rect.column) for f, rect in zip(rest, found, strict=True)}
        return Completion(window, tuple(placed[f.name] for f in self.task.features if f.name in placed))

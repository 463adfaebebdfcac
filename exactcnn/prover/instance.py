"""An instance made ready for the modular method: parts of the network, border kinds, classes of windows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.network.evaluate import in_pixel_units
from exactcnn.network.model import Network
from exactcnn.task.model import Task
from exactcnn.theorem.facts import PoolingRule
from exactcnn.theorem.geometry import Axis, Seen, Signature
from exactcnn.theorem.head import Head
from exactcnn.theorem.stem import Kind, Stem, split_network

__all__ = ["Instance", "WindowClass"]

WindowClass = tuple[tuple[Seen, ...], tuple[Seen, ...]]
"""All ways in which the positions see a window, along the rows and along the columns."""


@dataclass(frozen=True)
class Instance:
    """A task, a network and a size range.

    Raises
    ------
    InputError: the network's channels, logits or sizes do not fit the task and the range.
    Unsupported: the modular method has no rule for a network of this shape.
    """

    task: Task
    network: Network
    sizes: SizeRange

    def __post_init__(self) -> None:
        require_fit(self.task, self.network)
        self.network.require_sizes(self.sizes)
        self.stem.require_defined(self.sizes)

    @cached_property
    def pixel_network(self) -> Network:
        """The network, rewritten to take pixel values."""
        return in_pixel_units(self.network, self.task.pixel)

    @cached_property
    def _parts(self) -> tuple[Stem, Head, PoolingRule]:
        stem, pool, head = split_network(self.pixel_network)
        return stem, Head(head, stem.out_channels), PoolingRule.of(pool, stem, self.sizes)

    @property
    def stem(self) -> Stem:
        """The layers before the global pool, in pixel units."""
        return self._parts[0]

    @property
    def head(self) -> Head:
        """The layers after the global pool."""
        return self._parts[1]

    @property
    def pooling(self) -> PoolingRule:
        """The global pool's rule at the sizes of the range."""
        return self._parts[2]

    @cached_property
    def heights(self) -> Mapping[int, int]:
        """Representative heights, each with a height of the range that it stands for."""
        windows = {f.height for f in self.task.features}
        return self.stem.rows.lengths(self.sizes.min_height, self.sizes.max_height, windows)

    @cached_property
    def widths(self) -> Mapping[int, int]:
        """Representative widths, each with a width of the range that it stands for."""
        windows = {f.width for f in self.task.features}
        return self.stem.columns.lengths(self.sizes.min_width, self.sizes.max_width, windows)

    @cached_property
    def row_kinds(self) -> Mapping[Signature, tuple[int, int]]:
        """Signatures along the rows, each with a (position, representative height) that has it."""
        return self.stem.rows.kinds(list(self.heights))

    @cached_property
    def column_kinds(self) -> Mapping[Signature, tuple[int, int]]:
        """Signatures along the columns, each with a (position, representative width) that has it."""
        return self.stem.columns.kinds(list(self.widths))

    @cached_property
    def kinds(self) -> list[Kind]:
        """All border kinds of the range."""
        return [(r, c) for r in self.row_kinds for c in self.column_kinds]

    def window_classes(self, height: int, width: int) -> Mapping[WindowClass, tuple[tuple[int, int], tuple[int, int]]]:
        """All ways of seeing a window of this size: class -> (row, height) and (column, width) of one that has it."""
        known = self._window_classes.get((height, width))
        if known is None:
            rows = self._windows(self.stem.rows, height, self.heights)
            columns = self._windows(self.stem.columns, width, self.widths)
            known = {(r, c): (rows[r], columns[c]) for r in rows for c in columns}
            self._window_classes[height, width] = known
        return known

    @cached_property
    def _window_classes(self) -> dict[tuple[int, int], Mapping[WindowClass, tuple[tuple[int, int], tuple[int, int]]]]:
        return {}

    @staticmethod
    def _windows(axis: Axis, size: int, lengths: Mapping[int, int]) -> Mapping[tuple[Seen, ...], tuple[int, int]]:
        return axis.windows(size, list(lengths))


def require_fit(task: Task, network: Network) -> None:
    """Raises InputError unless the network takes the task's channels and has a logit for every class."""
    if network.channels != len(task.channels):
        raise InputError(
            "the network takes other images than the task has",
            source=network.source,
            found=f"{network.channels} input channel(s)",
            expected=f"{len(task.channels)}",
            hint="A network's channels are the second axis of its input; a task names its own by channels = [..]",
        )
    outputs = network.outputs
    if outputs is not None and outputs != len(task.classes):
        raise InputError(
            "the network has another number of logits than the task has classes",
            source=network.source,
            found=str(outputs),
            expected=f"{len(task.classes)}, one a class in the task's order",
            hint="A single number s between two classes can be exported as the two numbers -s and s"
            if outputs == 1 and len(task.classes) == 2
            else None,
        )

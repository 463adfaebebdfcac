"""Facts about pooled channels, as the head sees them (THEOREM.md, section 3, "Pooling")."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from flint import fmpq

from exactcnn.core.sizes import SizeRange
from exactcnn.network.model import GlobalPool
from exactcnn.theorem.geometry import Axis
from exactcnn.theorem.stem import Stem

__all__ = ["Interval", "JointFact", "PooledFacts", "PoolingRule", "UpperFact"]

Interval = tuple[fmpq | None, fmpq | None]
"""A closed interval; an end None is open to infinity."""


@dataclass(frozen=True)
class UpperFact:
    """On images that avoid all these features (numbers in the task), the pooled channel is at most `bound`."""

    features: frozenset[int]
    channel: int
    bound: fmpq


@dataclass(frozen=True)
class JointFact:
    """Where a window exhibits a template, some position has a weighted sum of channels of at least `bound`.

    It says more than bounds of single channels where another channel answers in another place: with a stride of two,
    say, one for each phase (THEOREM.md, section 3, "lower", with several weights).

    Attributes
    ----------
    weights: channels, ascending, with positive integers.
    """

    feature: int
    template: int
    weights: tuple[tuple[int, int], ...]
    bound: fmpq


@dataclass(frozen=True)
class PooledFacts:
    """All that is known of the pooled channels.

    Attributes
    ----------
    base: for every channel, bounds on any image.
    lower: (feature, template) -> channel -> bound: on images with a window that exhibits the template.
    upper: channel -> facts on images that avoid certain features.
    joint: (feature, template) -> facts about several channels, each with its bound of the pooled channels' sum.
    """

    base: tuple[Interval, ...]
    lower: Mapping[tuple[int, int], Mapping[int, fmpq]]
    upper: Mapping[int, tuple[UpperFact, ...]]
    joint: Mapping[tuple[int, int], tuple[tuple[JointFact, fmpq], ...]] = field(default_factory=dict)


@dataclass(frozen=True)
class PoolingRule:
    """What bounds at the positions say about the pooled channel.

    Attributes
    ----------
    kind: max, sum or mean.
    least, most: how many positions there are at the sizes in question (`most` None: no limit).
    """

    kind: str
    least: int
    most: int | None

    @staticmethod
    def of(pool: GlobalPool, stem: Stem, sizes: SizeRange) -> PoolingRule:
        """The rule for a pool over all positions of a stem that is defined at all these sizes."""
        least = _positions(stem.rows, sizes.min_height) * _positions(stem.columns, sizes.min_width)
        most = None
        if sizes.max_height is not None and sizes.max_width is not None:
            most = _positions(stem.rows, sizes.max_height) * _positions(stem.columns, sizes.max_width)
        return PoolingRule(pool.kind, least, most)

    def base(self, everywhere: tuple[fmpq, fmpq]) -> Interval:
        """Bounds of the pooled channel from bounds at every position."""
        low, high = everywhere
        return self.at_least(low, low), self.at_most(high)

    def at_most(self, high: fmpq) -> fmpq | None:
        """An upper bound of the pooled channel if every position is at most `high`."""
        if self.kind != "sum":
            return high
        if high <= 0:
            return high * self.least
        return None if self.most is None else high * self.most

    def at_least(self, low: fmpq, somewhere: fmpq) -> fmpq | None:
        """A lower bound if every position is at least `low` and some position at least `somewhere` >= `low`."""
        if self.kind == "max":
            return somewhere
        if self.kind == "mean":
            # low + (somewhere - low)/n, which falls with n.
            return low if self.most is None else low + (somewhere - low) / self.most
        # somewhere + (n - 1) * low
        if low >= 0:
            return somewhere + low * (self.least - 1)
        return None if self.most is None else somewhere + low * (self.most - 1)


def _positions(axis: Axis, length: int) -> int:
    extents = axis.extents(length)
    return extents[-1] if extents else 0

"""Boxes of closed rational intervals, one interval an entry of a tensor shape."""

from __future__ import annotations

from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.tensor import ExactTensor

__all__ = ["Box"]


@dataclass(frozen=True)
class Box:
    """All tensors x with low <= x <= high, entry by entry.

    Raises
    ------
    ValueError: the shapes differ, or some low is above its high.
    """

    low: ExactTensor
    high: ExactTensor

    def __post_init__(self) -> None:
        if self.low.shape != self.high.shape:
            raise ValueError(f"box of shapes {self.low.shape} and {self.high.shape}")
        if not self.low.at_most(self.high).all():
            raise ValueError("a box whose low is above its high")

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of the box's tensors."""
        return self.low.shape

    def centre(self) -> ExactTensor:
        """The midpoint."""
        return (self.low + self.high).scaled(fmpq(1, 2))

    def widened(self, amount: fmpq) -> Box:
        """Every interval widened by `amount` >= 0 on both sides."""
        step = ExactTensor.full((), amount)
        return Box(self.low - step, self.high + step)

    def cut(self, low: fmpq, high: fmpq) -> Box:
        """Every interval clipped into [low, high]."""
        floor, ceiling = ExactTensor.full((), low), ExactTensor.full((), high)
        return Box(
            self.low.maximum(floor).minimum(ceiling),
            self.high.maximum(floor).minimum(ceiling),
        )

    def excess(self, point: ExactTensor) -> fmpq:
        """The L1 distance of a point of the box's shape to the box (THEOREM.md, section 1)."""
        total = (point - self.high).relu() + (self.low - point).relu()
        return total.sum(tuple(range(total.ndim))).item()

    def largest_excess(self, other: Box) -> fmpq:
        """The largest excess over this box of any point of `other`, a box of the same shape."""
        # Per entry max(0, x-high) + max(0, low-x) is convex in x: an end of the interval attains the maximum.
        above, below = (other.high - self.high).relu(), (self.low - other.low).relu()
        return above.maximum(below).sum(tuple(range(above.ndim))).item()

    def smallest_excess(self, other: Box) -> fmpq:
        """The smallest excess over this box of any point of `other`: their L1 distance."""
        gap = (other.low - self.high).relu() + (self.low - other.high).relu()
        return gap.sum(tuple(range(gap.ndim))).item()

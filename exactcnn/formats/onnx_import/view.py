"""Axes of tensors as products of batch, channels and places: what reshapes and transposes change.

Nothing moves in memory here: a reshape regroups the factors, a transpose permutes the groups.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.values import Axes, Dim

__all__ = ["CHANNEL_FIRST", "CHANNEL_LAST", "View"]

CHANNEL_FIRST: Axes = (("N",), ("C",), ("H",), ("W",))
CHANNEL_LAST: Axes = (("N",), ("H",), ("W",), ("C",))


@dataclass(frozen=True)
class View:
    """The axes of one tensor, with the lengths of their factors.

    Attributes
    ----------
    axes: groups of factors.
    lengths: by factor; None where the file leaves it open.
    used: called with H or W when something rests on its length.
    """

    axes: Axes
    lengths: Mapping[str, int | None]
    used: Callable[[], None]

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.axes)

    @property
    def factors(self) -> tuple[str, ...]:
        """All factors in row-major order, those of length 1 left out."""
        return tuple(f for axis in self.axes for f in axis if self.lengths[f] != 1)

    def is_like(self, axes: Axes) -> bool:
        """Whether these axes are the same but for factors of length 1."""
        found = tuple(map(self._long, self.axes)) == tuple(map(self._long, axes))
        if found and self._places(self.axes) != self._places(axes):
            # The same because there is one row or column: at another size they would not be.
            self.used()
        return found

    @staticmethod
    def _places(axes: Axes) -> list[list[str]]:
        return [[f for f in axis if f in "HW"] for axis in axes]

    def _long(self, axis: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(f for f in axis if self.lengths[f] != 1)

    def length(self, axis: int) -> int | Dim:
        """The length of an axis."""
        long = self._long(self.axes[axis])
        known = [n for f in long if (n := self.lengths[f]) is not None]
        return math.prod(known) if len(known) == len(long) else Dim(long)

    def axis(self, number: int, node: Node, *, extra: int = 0) -> int:
        """An axis' number from 0, however it was counted.

        Raises
        ------
        InputError: there is no such axis.
        """
        rank = self.rank + extra
        if not -rank <= number < rank:
            raise node.error("an axis that is not there", found=str(number), expected=f"less than {rank}")
        return number % rank

    def transposed(self, order: Sequence[int], node: Node) -> Axes:
        """The axes in another order."""
        if sorted(order) != list(range(self.rank)):
            raise node.error("not an order of the axes", found=str(list(order)))
        return tuple(self.axes[i] for i in order)

    def merged(self, axis: int) -> Axes:
        """Two axes: those before `axis`, and the others."""
        return tuple(f for a in self.axes[:axis] for f in a), tuple(f for a in self.axes[axis:] for f in a)

    def squeezed(self, axes: Sequence[int], node: Node) -> Axes:
        """The axes without some of length 1."""
        for number in axes:
            if self.length(number) != 1:
                raise node.error("a squeeze of an axis that is not known to have length 1", found=f"axis {number}")
            if {"H", "W"} & {*self.axes[number]}:
                self.used()
        return tuple(a for i, a in enumerate(self.axes) if i not in axes)

    # -- reshape --------------------------------------------------------------------------------------------------

    def reshaped(self, target: Sequence[int | Dim], node: Node, *, allow_zero: bool = False) -> Axes:
        """The axes after a reshape.

        Parameters
        ----------
        target: lengths; -1 for what is left, 0 for the length that the axis had (unless `allow_zero`).

        Raises
        ------
        InputError: the target splits a factor, or cannot be matched while a length is open.
        """
        wanted: list[int | tuple[str, ...]] = []
        for i, entry in enumerate(target):
            if isinstance(entry, Dim):
                wanted.append(entry.factors)
            elif entry == 0 and not allow_zero:
                if i >= self.rank:
                    raise node.error("a reshape that keeps an axis that is not there", found=f"axis {i}")
                wanted.append(self._long(self.axes[i]))
            else:
                wanted.append(entry)
        rest = list(self.factors)
        if -1 not in wanted:
            groups = [self._take(rest, w, node, last=False) for w in wanted]
        else:
            place = wanted.index(-1)
            groups = [self._take(rest, w, node, last=False) for w in wanted[:place]]
            after = [self._take(rest, w, node, last=True) for w in reversed(wanted[place + 1 :])]
            groups += [tuple(rest), *reversed(after)]
            rest = []
        if rest:
            raise self._unmatched(node)
        return tuple(groups)

    def _take(self, rest: list[str], wanted: int | tuple[str, ...], node: Node, *, last: bool) -> tuple[str, ...]:
        """Takes the factors of one axis from an end of those that are left."""
        if isinstance(wanted, tuple):
            count = len(wanted)
            found = tuple(rest[len(rest) - count :] if last else rest[:count])
            if found != wanted:
                raise self._unmatched(node)
        else:
            product, count = 1, 0
            while product < wanted and count < len(rest):
                length = self.lengths[rest[-1 - count] if last else rest[count]]
                if length is None:
                    raise self._unmatched(node, hint="Fix the batch and image size in the model")
                product, count = product * length, count + 1
            if product != wanted:
                raise self._unmatched(node)
            found = tuple(rest[len(rest) - count :] if last else rest[:count])
            if {"H", "W"} & {*found}:
                self.used()
        del rest[len(rest) - count if last else 0 : len(rest) if last else count]
        return found

    @staticmethod
    def _unmatched(node: Node, hint: str | None = None) -> Exception:
        return node.error("a reshape that is no grouping of batch, channels and places", hint=hint)

    # -- constants along the axes ---------------------------------------------------------------------------------

    def spread(self, constant: ExactTensor, node: Node, channels: int) -> ExactTensor | None:
        """A constant that is broadcast to this tensor, as one number a channel.

        Returns
        -------
        (C,), or None if it differs between places of a flattened image.

        Raises
        ------
        InputError: it differs between images, or between places of an image that is not flattened; or it does not fit.
        """
        shape = constant.shape
        shape = (1,) * (self.rank - len(shape)) + shape
        long: list[int] = []
        factors: list[str] = []
        for number, n in enumerate(shape):
            if n == 1:
                continue
            if self.length(number) != n:
                raise node.error(
                    "a constant that does not fit what it is applied to",
                    found=f"length {n} along axis {number}",
                    expected=f"1 or {self.length(number)}",
                )
            for factor in self._long(self.axes[number]):
                factors.append(factor)
                long.append(int(self.lengths[factor] or 0))
        spread = constant.reshape(*long)
        flattened = not any(self._long(axis) in (("H",), ("W",)) for axis in self.axes)
        for factor in "NHW":
            if factor in factors:
                axis = factors.index(factor)
                first = spread[(slice(None),) * axis + (slice(0, 1),)]
                if not bool(np.all(spread.numerators == first.numerators)):
                    if factor != "N" and flattened:
                        return None
                    kind = "images of a batch" if factor == "N" else "places of an image"
                    raise node.error(f"a constant that differs between {kind}", found=f"axis {factor}")
                spread = spread[(slice(None),) * axis + (0,)]
                factors.remove(factor)
                if factor != "N":
                    self.used()
        return spread if factors else spread.reshape(1)[np.zeros(channels, dtype=np.intp)]

"""The best window of those whose pixels take given values, where what each pixel adds is known from a table.

A window that is clear of many templates at once has to be far enough from each of them in total, and which pixels pay
for that is a linear program: shares of values for each pixel, the response to be as high as can be. Few pixels get more
than one value.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from exactcnn.prover.attack_floats import Floats
from exactcnn.prover.highs import Columns, minimised

__all__ = ["Table"]

_ROUNDS = 4
_TINY = 1e-9


@dataclass(frozen=True)
class Table:
    """What P pixels add with each of B values.

    Attributes
    ----------
    gains: (P, B) to the response.
    excesses: (T, P, B) to the excess over each template.
    gaps: (T,) what the excesses have to come to.
    """

    gains: Floats
    excesses: Floats
    gaps: Floats

    def best(self, first: NDArray[np.intp]) -> Floats | None:
        """(P, B) what share each value has of a pixel; None if there is no way, or no program was solved.

        Only templates that the window found comes too near are looked at, those numbered in `first` from the start.
        """
        near, shares = first, None
        for _ in range(_ROUNDS):
            shares = self._shares(near)
            if shares is None:
                return None
            short = self.gaps - (self.excesses * shares).sum(axis=(1, 2))
            more = np.setdiff1d(np.flatnonzero(short > _TINY * self.gaps), near)
            if not more.size:
                break
            near = np.concatenate([near, more])
        return shares

    def _shares(self, near: NDArray[np.intp]) -> Floats | None:
        pixels, values = self.gains.shape
        count = pixels * values
        # A column has its pixel's row first, where the shares add up to 1, and then the rows of the templates.
        weights = np.concatenate([np.ones((1, count)), self.excesses[near].reshape(len(near), count)]).T
        index = np.empty(weights.shape, dtype=np.int32)
        index[:, 0] = np.repeat(np.arange(pixels), values)
        index[:, 1:] = pixels + np.arange(len(near))
        kept = weights != 0
        starts = np.concatenate([[0], np.cumsum(kept.sum(axis=1))]).astype(np.int32)
        low = np.concatenate([np.ones(pixels), self.gaps[near]])
        high = np.concatenate([np.ones(pixels), np.full(len(near), np.inf)])
        found = minimised(-self.gains.ravel(), Columns(starts, index[kept], weights[kept]), low, high)
        if found.status != "optimal":
            return None
        return np.array(found.values).reshape(pixels, values)

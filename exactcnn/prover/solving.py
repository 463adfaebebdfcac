"""Exact solutions of sparse linear equations, for the multipliers of proofs.

The equations are those of a basis of a linear program, or nearly: most of them have one unknown that is not known yet,
or an unknown that no other equation has. These are put aside one by one, and only what is left is eliminated as a
dense matrix.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from flint import fmpq, fmpq_mat

__all__ = ["nonnegative_solution"]

_MOST_DENSE = 200


def nonnegative_solution(columns: Sequence[Mapping[int, int]], right: Mapping[int, fmpq]) -> list[fmpq] | None:
    """One x >= 0 with sum(x_i * columns[i]) = right; None if there is none, or if it was not found.

    Parameters
    ----------
    columns: for each unknown the equations that it is in, each with its coefficient, which is not 0.
    right: the right sides; those that are not listed are 0.
    """
    system = _System(columns, right)
    return system.solution() if columns and system.peeled() and system.eliminated() else None


class _System:
    """What is left of the equations.

    Attributes
    ----------
    found: the unknowns that have values.
    rest: the right sides, less what is found.
    open: for each equation that is left the unknowns in it that are left.
    later: (unknown, equation) pairs, in the order in which they were put aside: each unknown follows from its equation
        when all others are known.
    """

    def __init__(self, columns: Sequence[Mapping[int, int]], right: Mapping[int, fmpq]) -> None:
        self.columns = columns
        self.found: dict[int, fmpq] = {}
        self.rest: dict[int, fmpq] = {r: fmpq(0) for column in columns for r in column}
        self.rest.update(right)
        self.open: dict[int, set[int]] = {r: set() for r in self.rest}
        for c, column in enumerate(columns):
            for r in column:
                self.open[r].add(c)
        self.later: list[tuple[int, int]] = []

    def peeled(self) -> bool:
        """Puts aside what follows at once; False if it shows that there is no solution."""
        rows = [r for r, unknowns in self.open.items() if len(unknowns) <= 1]
        while rows:
            r = rows.pop()
            unknowns = self.open.pop(r, None)
            if unknowns is None:
                continue
            if not unknowns:
                if self.rest[r] != 0:
                    return False
                continue
            (c,) = unknowns
            value = self.rest[r] / self.columns[c][r]
            if value < 0:
                return False
            rows += self._set(c, value)
        self._put_aside()
        return True

    def _set(self, c: int, value: fmpq) -> list[int]:
        """Gives an unknown its value; the equations that have one unknown left, or none."""
        self.found[c] = value
        short = []
        for r, a in self.columns[c].items():
            self.rest[r] -= a * value
            if r in self.open:
                self.open[r].discard(c)
                if len(self.open[r]) <= 1:
                    short.append(r)
        return short

    def _put_aside(self) -> None:
        """Unknowns that no other equation has: each is found from its equation, when all others are known."""
        left = {
            c: {r for r in column if r in self.open} for c, column in enumerate(self.columns) if c not in self.found
        }
        single = [c for c, rows in left.items() if len(rows) == 1]
        while single:
            c = single.pop()
            if len(left[c]) != 1:
                continue
            (r,) = left[c]
            self.later.append((c, r))
            for other in self.open.pop(r):
                left[other].discard(r)
                if len(left[other]) == 1:
                    single.append(other)

    def eliminated(self) -> bool:
        """Solves what is left as a dense matrix; unknowns that it leaves free are 0."""
        unknowns = sorted(set().union(*self.open.values()))
        if len(unknowns) > _MOST_DENSE:
            return False
        if unknowns:
            flat = [x for r in self.open for x in (*(fmpq(self.columns[c].get(r, 0)) for c in unknowns), self.rest[r])]
            reduced, rank = fmpq_mat(len(self.open), len(unknowns) + 1, flat).rref()
            column = 0
            for row in range(rank):
                while reduced[row, column] == 0:
                    column += 1
                value = reduced[row, len(unknowns)]
                if column == len(unknowns) or value < 0:
                    return False
                self._set(unknowns[column], value)
        aside = {c for c, _ in self.later}
        for c in range(len(self.columns)):
            if c not in self.found and c not in aside:
                self.found[c] = fmpq(0)
        for c, r in reversed(self.later):
            value = self.rest[r] / self.columns[c][r]
            if value < 0:
                return False
            self._set(c, value)
        return True

    def solution(self) -> list[fmpq]:
        """The values of all unknowns."""
        return [self.found[c] for c in range(len(self.columns))]

"""Linear relaxations: which combination of rows bounds a form.

HiGHS works in floating point and only guides: it says which rows to combine. The multipliers are made rational by
rounding, or by solving exactly on the support, and a combination is returned only if it is exact.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Protocol, TypeVar

import numpy as np
from flint import fmpq

from exactcnn.prover.highs import Columns, minimised
from exactcnn.prover.rows import Row, combination, integral
from exactcnn.prover.solving import nonnegative_solution

__all__ = ["Relaxed", "closing", "least"]

_ROUND = 1 << 12
_ZERO = 1e-9
# Bits of the grids of weights, and of multipliers that are short; how many weights are rounded to fractions at most.
_GRIDS = (16, 28, 44)
_SHORT = 64
_MOST_ROUNDED = 500
# In place of a variable.
_CONSTANT = -1


class _Stated(Protocol):
    @property
    def row(self) -> Row: ...


Stated = TypeVar("Stated", bound=_Stated)
"""Something with a row."""


@dataclass(frozen=True)
class Relaxed:
    """The least value of a form under rows, as floating point sees it.

    Attributes
    ----------
    value: a lower bound of the form; None if it has none.
    weights: a weight for each fact; those of a contradiction if `absurd`.
    basic: the facts in the optimal basis.
    point: variable -> value where the bound is attained.
    absurd: no point satisfies the rows.
    """

    value: float | None
    weights: Sequence[float]
    basic: Sequence[int]
    point: Mapping[int, float]
    absurd: bool = False


def closing(facts: Sequence[Stated], terms: Mapping[int, int], constant: int) -> tuple[tuple[Stated, int], ...] | None:
    """Integer multipliers that show `terms + constant >= 0` (or a contradiction), as `qed` takes them; None if the
    relaxation is too weak.
    """
    goal = fmpq(constant)
    relaxed = _solve(facts, terms)
    if relaxed.absurd:
        return _exact(facts, relaxed, {}, fmpq(0), strict=True)
    if relaxed.value is None or relaxed.value + float(goal) < -1e-6 * (1 + abs(float(goal))):
        return None
    return _exact(facts, relaxed, terms, goal)


def least(
    facts: Sequence[Stated], terms: Mapping[int, int]
) -> tuple[Relaxed, tuple[fmpq, tuple[tuple[Stated, int], ...]] | None]:
    """The relaxation's least value of a form without constant, with the exact combination that shows a bound."""
    relaxed = _solve(facts, terms)
    if relaxed.value is None or relaxed.absurd:
        return relaxed, None
    parts = _exact(facts, relaxed, terms, None)
    if parts is None:
        return relaxed, None
    found, offset = combination((f.row, a) for f, a in parts)
    if not terms:
        return relaxed, (fmpq(0), ())
    v = next(iter(terms))
    return relaxed, (-fmpq(offset) * terms[v] / found[v], parts)


def _solve(facts: Sequence[Stated], terms: Mapping[int, int]) -> Relaxed:
    """Minimises sum(weight * constant) over weights >= 0 whose combination has the form's terms (the dual program)."""
    variables = sorted({v for f in facts for v in f.row.terms} | set(terms))
    place = {v: i for i, v in enumerate(variables)}
    scales = [max(map(abs, f.row.terms.values()), default=1) for f in facts]
    target = max(map(abs, terms.values()), default=1)
    right = np.zeros(len(variables))
    for v, c in terms.items():
        right[place[v]] = c / target
    cost = np.array([f.row.constant / s for f, s in zip(facts, scales, strict=True)])
    starts, index, value = [0], [], []
    for f, s in zip(facts, scales, strict=True):
        for v, c in f.row.terms.items():
            index.append(place[v])
            value.append(c / s)
        starts.append(len(index))
    best = minimised(cost, Columns(starts, index, value), right)
    if best.status == "unbounded":
        # A contradiction: a combination that is a negative constant.
        more_starts, more_index, more_value = [0], [], []
        for number in range(len(facts)):
            more_index += [*index[starts[number] : starts[number + 1]], len(variables)]
            more_value += [*value[starts[number] : starts[number + 1]], cost[number]]
            more_starts.append(len(more_index))
        right = np.zeros(len(variables) + 1)
        right[-1] = -1.0
        best = minimised(np.ones(len(facts)), Columns(more_starts, more_index, more_value), right)
        if best.status != "optimal":
            return Relaxed(None, (), (), {})
        return Relaxed(None, [w / s for w, s in zip(best.values, scales, strict=True)], best.basic, {}, absurd=True)
    if best.status != "optimal":
        return Relaxed(None, (), (), {})
    bound = -float(np.dot(best.values, cost)) * target
    point = {v: -float(best.duals[i]) for v, i in place.items()}
    return Relaxed(bound, [w * target / s for w, s in zip(best.values, scales, strict=True)], best.basic, point)


def _exact(
    facts: Sequence[Stated], relaxed: Relaxed, terms: Mapping[int, int], goal: fmpq | None, *, strict: bool = False
) -> tuple[tuple[Stated, int], ...] | None:
    """Exact multipliers near the weights: they give the terms, and with them `goal` - the constant >= 0.

    `strict`: the terms are none, and the combination has to be a negative constant.
    """
    support = [i for i, w in enumerate(relaxed.weights) if w > _ZERO * _size(facts[i])]

    def shown(weights: Sequence[tuple[int, fmpq]] | None) -> tuple[tuple[Stated, int], ...] | None:
        parts = _integers(facts, weights)
        return parts if _shows(parts, terms, goal, strict=strict) else None

    parts = shown(_rounded(facts, relaxed, support)) if len(support) <= _MOST_ROUNDED else None
    if parts is not None:
        return parts
    basis = sorted({*support, *relaxed.basic})
    solved = shown(_contradictory(facts, basis) if strict else _solved(facts, basis, terms))
    if solved is not None and all(a.bit_length() <= _SHORT for _, a in solved):
        return solved
    # Exact solutions of many equations are long numbers; where there is room for it, shorter ones do.
    for bits in _GRIDS[-1:] if goal is None else _GRIDS:
        parts = shown(_repaired(facts, relaxed, terms, bits))
        if parts is not None:
            return parts
    return solved


def _integers(facts: Sequence[Stated], weights: Sequence[tuple[int, fmpq]] | None) -> tuple[tuple[Stated, int], ...]:
    return integral([(facts[i], w) for i, w in weights]) if weights else ()


def _shows(parts: Sequence[tuple[Stated, int]], terms: Mapping[int, int], goal: fmpq | None, *, strict: bool) -> bool:
    """Whether the combination is what `_exact` promises."""
    found, offset = combination((f.row, a) for f, a in parts)
    if strict:
        return not found and offset < 0
    factor = _factor(found, terms)
    return factor is not None and (goal is None or goal * factor >= offset)


def _size(fact: _Stated) -> float:
    return 1.0 / max(map(abs, fact.row.terms.values()), default=1)


def _rounded(facts: Sequence[Stated], relaxed: Relaxed, support: Sequence[int]) -> list[tuple[int, fmpq]]:
    """The weights, in units of each row's largest coefficient, as simple fractions."""
    found = []
    for i in support:
        scale = max(map(abs, facts[i].row.terms.values()), default=1)
        near = Fraction(relaxed.weights[i] * scale).limit_denominator(_ROUND)
        if near > 0:
            found.append((i, fmpq(near.numerator, near.denominator) / scale))
    return found


def _repaired(
    facts: Sequence[Stated], relaxed: Relaxed, terms: Mapping[int, int], bits: int
) -> list[tuple[int, fmpq]] | None:
    """The weights on a grid; what they lack is made up by bounds of single variables, at a small cost."""
    bounds: dict[tuple[int, bool], tuple[fmpq, int]] = {}
    weights: dict[int, fmpq] = {}
    target = max(map(abs, terms.values()), default=1)
    for i, (fact, near) in enumerate(zip(facts, relaxed.weights, strict=True)):
        unit = _unit(fact.row, target, bits)
        grid = round(near / unit)
        if grid > 0:
            weights[i] = grid * fmpq(*unit.as_integer_ratio())
        if len(fact.row.terms) == 1:
            ((v, c),) = fact.row.terms.items()
            cost = fmpq(fact.row.constant, abs(c))
            if (v, c > 0) not in bounds or cost < bounds[v, c > 0][0]:
                bounds[v, c > 0] = cost, i
    rest = {v: fmpq(c) for v, c in terms.items()}
    for i, weight in weights.items():
        for v, c in facts[i].row.terms.items():
            rest[v] = rest.get(v, fmpq(0)) - weight * c
    for v, missing in rest.items():
        for i, weight in _made_up(facts, bounds, v, missing, (target, bits)):
            weights[i] = weights.get(i, fmpq(0)) + weight
        if missing != 0 and (v, missing > 0) not in bounds:
            return None
    return sorted(weights.items())


def _made_up(
    facts: Sequence[Stated],
    bounds: Mapping[tuple[int, bool], tuple[fmpq, int]],
    v: int,
    missing: fmpq,
    grid: tuple[int, int],
) -> list[tuple[int, fmpq]]:
    """The bounds of a variable that give so much of it.

    One alone would have the odd part of its coefficient in the common denominator of all weights. A little more of it
    on the grid, and the other bound for what this is too much, avoid that.
    """
    if missing == 0 or (v, missing > 0) not in bounds:
        return []
    i = bounds[v, missing > 0][1]
    coefficient = facts[i].row.terms[v]
    weight = missing / coefficient
    _, back = bounds.get((v, missing < 0), (None, None))
    if back is None or _odd(coefficient) <= _odd(facts[back].row.terms[v]):
        return [(i, weight)]
    unit = fmpq(*_unit(facts[i].row, *grid).as_integer_ratio())
    more = (weight / unit).ceil() * unit
    return [(i, more), (back, (missing - more * coefficient) / facts[back].row.terms[v])]


def _unit(row: Row, target: int, bits: int) -> float:
    """The step of the weights of a row, a power of two: so many bits below what makes it as large as the target."""
    scale = max(map(abs, row.terms.values()), default=1)
    return math.ldexp(1.0, target.bit_length() - scale.bit_length() - bits)


def _odd(coefficient: int) -> int:
    """The odd part."""
    return abs(coefficient) // (coefficient & -coefficient)


def _factor(found: Mapping[int, int], terms: Mapping[int, int]) -> fmpq | None:
    """The positive factor between two lists of terms; None if there is none."""
    if not terms:
        return None if found else fmpq(1)
    if found.keys() != terms.keys():
        return None
    v = next(iter(terms))
    factor = fmpq(found[v], terms[v])
    return factor if factor > 0 and all(found[u] == factor * c for u, c in terms.items()) else None


def _solved(facts: Sequence[Stated], support: Sequence[int], terms: Mapping[int, int]) -> list[tuple[int, fmpq]] | None:
    """The weights on the support that give the terms exactly; None if there are none, or not all are >= 0."""
    columns = [facts[i].row.terms for i in support]
    return _positive(support, nonnegative_solution(columns, {v: fmpq(c) for v, c in terms.items()}))


def _contradictory(facts: Sequence[Stated], support: Sequence[int]) -> list[tuple[int, fmpq]] | None:
    """Weights on the support that give the constant -1; None if there are none, or not all are >= 0."""
    rows = [facts[i].row for i in support]
    columns = [{**row.terms, _CONSTANT: row.constant} if row.constant else row.terms for row in rows]
    return _positive(support, nonnegative_solution(columns, {_CONSTANT: fmpq(-1)}))


def _positive(support: Sequence[int], values: Sequence[fmpq] | None) -> list[tuple[int, fmpq]] | None:
    return None if values is None else [(i, x) for i, x in zip(support, values, strict=True) if x > 0]

"""A growing QF_LRA formula as SMT-LIB 2 text: reals with exact bounds, maxima, literals.

Every real number in the formula is an affine form over declared variables (`core.affine.Affine`); the only other
thing that a network or an excess needs is a maximum, which becomes a fresh variable. Constants are folded by exact
interval bounds, and equal maxima share one variable. Booleans are plain SMT-LIB 2 terms.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from flint import fmpq

from exactcnn.core.affine import Affine

__all__ = ["FALSE", "TRUE", "Formula", "conjunction", "disjunction", "negation", "weighted_sum"]

TRUE = "true"
FALSE = "false"


def conjunction(terms: Iterable[str]) -> str:
    """The `and` of Boolean terms, with `true` and `false` folded."""
    return _junction("and", terms, neutral=TRUE, absorbing=FALSE)


def disjunction(terms: Iterable[str]) -> str:
    """The `or` of Boolean terms, with `true` and `false` folded."""
    return _junction("or", terms, neutral=FALSE, absorbing=TRUE)


def negation(term: str) -> str:
    """The `not` of a Boolean term, with `true` and `false` folded."""
    return {TRUE: FALSE, FALSE: TRUE}.get(term, f"(not {term})")


def _junction(operator: str, terms: Iterable[str], *, neutral: str, absorbing: str) -> str:
    kept = [t for t in terms if t != neutral]
    if absorbing in kept:
        return absorbing
    if len(kept) < 2:
        return kept[0] if kept else neutral
    return f"({operator} {' '.join(kept)})"


def weighted_sum(terms: Iterable[tuple[fmpq, Affine]], constant: fmpq | int = 0) -> Affine:
    """`constant + sum(weight * form)`."""
    total = fmpq(constant)
    collected: dict[int, fmpq] = {}
    for weight, form in terms:
        total += weight * form.constant
        for variable, coefficient in form.terms:
            collected[variable] = collected.get(variable, fmpq(0)) + weight * coefficient
    return Affine.of(collected, total)


class Formula:
    """Declarations and assertions, in the order in which they were made.

    Attributes
    ----------
    lines: SMT-LIB 2 commands, one an entry.
    """

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._names: list[str] = []
        self._bounds: list[tuple[fmpq, fmpq]] = []
        self._maxima: dict[frozenset[Affine], Affine] = {}

    # -- numbers --------------------------------------------------------------------------------------------------

    def real(self, name: str, low: fmpq, high: fmpq) -> Affine:
        """A new real variable between two bounds, which are asserted."""
        variable = len(self._names)
        self._names.append(name)
        self._bounds.append((low, high))
        self.lines.append(f"(declare-fun {name} () Real)")
        self.lines.append(f"(assert (<= {_number(low)} {name} {_number(high)}))")
        return Affine.variable(variable)

    def maximum(self, forms: Sequence[Affine]) -> Affine:
        """The largest of one or more forms: a form already there, a constant, or a new variable."""
        ranges = [self.range(form) for form in forms]
        floor = max(low for low, _ in ranges)
        # A form that never exceeds the floor cannot beat the form (or constant) that never falls below it.
        kept = {form: low for form, (low, high) in zip(forms, ranges, strict=True) if high > floor}
        if floor not in kept.values():
            kept[Affine.const(floor)] = floor
        if len(kept) == 1:
            return next(iter(kept))
        key = frozenset(kept)
        if key not in self._maxima:
            self._maxima[key] = self._new_maximum(list(kept), floor, max(high for _, high in ranges))
        return self._maxima[key]

    def _new_maximum(self, forms: list[Affine], low: fmpq, high: fmpq) -> Affine:
        result = self.real(f"m_{len(self._maxima)}", low, high)
        for form in forms:
            if not form.is_constant:
                self.add(self.at_least_zero(result - form))
        # A constant argument is the floor, which the variable's lower bound already asserts.
        self.add(disjunction(self._literal(form - result) for form in forms))
        return result

    def rectified(self, form: Affine) -> Affine:
        """max(0, form)."""
        return self.maximum([form, Affine.const(0)])

    def range(self, form: Affine) -> tuple[fmpq, fmpq]:
        """Exact bounds of a form over the variables' intervals."""
        return form.bounds(self._bounds.__getitem__)

    # -- truths ---------------------------------------------------------------------------------------------------

    def boolean(self, name: str) -> str:
        """A new Boolean variable."""
        self.lines.append(f"(declare-fun {name} () Bool)")
        return name

    def at_least_zero(self, form: Affine) -> str:
        """The term `form >= 0`; `true` or `false` where the variables' intervals decide it."""
        low, high = self.range(form)
        if low >= 0:
            return TRUE
        return FALSE if high < 0 else self._literal(form)

    def _literal(self, form: Affine) -> str:
        """`form >= 0` as text, with the constant on the right."""
        terms = [
            self._names[variable] if coefficient == 1 else f"(* {_number(coefficient)} {self._names[variable]})"
            for variable, coefficient in form.terms
        ]
        left = terms[0] if len(terms) == 1 else f"(+ {' '.join(terms)})"
        return f"(>= {left} {_number(-form.constant)})"

    def add(self, term: str) -> None:
        """Asserts a Boolean term."""
        if term != TRUE:
            self.lines.append(f"(assert {term})")

    def comment(self, text: str) -> None:
        """A line for the reader; anything but printable ASCII is escaped, so that it stays one line."""
        self.lines.append("; " + text.encode("unicode_escape").decode("ascii"))

    def text(self) -> str:
        """All lines."""
        return "\n".join(self.lines) + "\n"


def _number(value: fmpq) -> str:
    """A rational as an SMT-LIB 2 term of sort Real."""
    magnitude = abs(value)
    text = f"{magnitude.p}.0" if magnitude.q == 1 else f"(/ {magnitude.p}.0 {magnitude.q}.0)"
    return f"(- {text})" if value < 0 else text

"""Pieces of Coq text: numbers, lists, and names that no comment trips over."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import groupby

__all__ = ["WIDTH", "integer", "listed", "ratio", "runs", "shown_name"]

WIDTH = 118


def integer(value: int | str) -> str:
    """An integer, in parentheses where it is negative, so that it can be an argument."""
    text = str(value)
    return f"({text})" if text.startswith("-") else text


def ratio(text: str) -> str:
    """A number of a statement or certificate, an integer or p/q, as numerator and denominator."""
    p, _, q = text.partition("/")
    return f"(Ratio {integer(p)} {q or '1'})"


def listed(items: Iterable[str], indent: int = 0) -> str:
    """A list, its lines at most `WIDTH` long where its items are; those after the first are indented."""
    lines, length = ["["], indent + 1
    for number, item in enumerate(items):
        if number:
            lines[-1] += ";"
        if number and length + len(item) + 3 > WIDTH:
            lines.append(" " * (indent + 1) + item)
            length = indent + 1 + len(item)
        else:
            lines[-1] += f" {item}" if number else item
            length += len(item) + 2
    return "\n".join(lines) + "]"


def runs(values: Sequence[int], indent: int = 0) -> str:
    """A list of numbers, equal neighbours joined to `n*VALUE` as in a statement's network."""
    found = []
    for value, group in groupby(values):
        length = len(list(group))
        found.append(integer(value) if length == 1 else f"{length}*{integer(value)}")
    return listed(found, indent)


def shown_name(token: str) -> str:
    """A name as a statement encodes it, but for blanks: letters, digits and `. _ ~ - %`; no quote, bracket or star."""
    return token.replace("%20", " ")

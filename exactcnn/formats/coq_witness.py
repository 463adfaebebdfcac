"""The witnesses of a certificate as Coq definitions of the type in `proofs/coq/Evaluation.v`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from math import lcm

from exactcnn.formats.coq_statement import Names
from exactcnn.formats.coq_text import listed, runs, shown_name

__all__ = ["witness_lines"]

_FIRST = 2  # the line after the certificate's header


def witness_lines(certificate: str, channels: int, names: Names) -> Iterator[str]:
    """Definitions up to that of `witnesses`: an image of every class, in order.

    Parameters
    ----------
    certificate: the text of a certificate that the kernel accepted.
    """
    lines = certificate.split("\n")
    yield "(** * The witnesses: an image of every class *)"
    yield ""
    place = _FIRST
    for number, name in enumerate(names.classes):
        _, _, rows, columns, height, width, row, column = lines[place].split(" ")
        body = lines[place + 1 : place + 1 + channels * int(rows)]
        place += 1 + len(body)
        stretched = f": row {row} and column {column} of these {rows} x {columns} repeated"
        yield f"(** Of class {number}, [{shown_name(name)}]:"
        yield f"    {height} x {width} pixels{stretched if (rows, columns) != (height, width) else ''}. *)"
        yield from _witness(number, (rows, columns, height, width, row, column), body)
    yield f"Definition witnesses : list witness := {listed((f'witness_{n}' for n in range(len(names.classes))), 2)}."
    yield ""


def _witness(number: int, sides: Sequence[str], body: Sequence[str]) -> Iterator[str]:
    numbers = [[Fraction(token) for token in line.split(" ")] for line in body]
    unit = lcm(*(x.denominator for row in numbers for x in row))
    rows = [runs([int(x * unit) for x in row], 5) for row in numbers]
    size = int(sides[0])
    planes = ["[" + ";\n     ".join(rows[i : i + size]) + "]" for i in range(0, len(rows), size)]
    yield f"Definition witness_{number} : witness := Witness {' '.join(sides)} {unit} (core"
    yield f"   [{(';' + chr(10) + '    ').join(planes)}]%runs)."
    yield ""

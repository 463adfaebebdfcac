"""Certificates (`.cert`): the text around proofs (`exactcnn/checker/FORMAT.md` has the grammar)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.outcome import Stretched
from exactcnn.core.rational import format_rational

__all__ = [
    "Block",
    "format_certificate",
    "head_line",
    "joint_line",
    "lower_line",
    "plain_line",
    "upper_line",
    "witness_lines",
]

_HEADER = "exactcnn certificate 1"


@dataclass(frozen=True)
class Block:
    """A fact or a head line, followed by the lines of its proofs."""

    line: str
    proof: Sequence[str] = ()


def format_certificate(
    statement_sha256: str, witnesses: Sequence[Stretched], facts: Sequence[Block], head: Sequence[Block]
) -> str:
    """The whole text.

    Parameters
    ----------
    witnesses: one image a class, in order.
    facts: in order.
    head: the right lines, the wrong lines and the pair lines, in order.
    """
    lines = [_HEADER, f"statement {statement_sha256}"]
    for index, picture in enumerate(witnesses):
        lines += witness_lines(index, picture)
    lines.append(f"facts {len(facts)}")
    lines += _flat(facts)
    lines.append("head")
    lines += _flat(head)
    return "\n".join([*lines, "end", ""])


def witness_lines(index: int, picture: Stretched) -> list[str]:
    """An image of class number `index`: its core, its size, and which row and column of the core are repeated."""
    channels, height, width = picture.core.shape
    row, column = picture.row % height, picture.column % width
    values = [format_rational(v) for v in picture.core.rationals()]
    lines = [f"witness {index} {height} {width} {picture.height} {picture.width} {row} {column}"]
    return lines + [" ".join(values[start : start + width]) for start in range(0, channels * height * width, width)]


def plain_line(channel: int, bound: fmpq) -> str:
    """`floor`: the channel is at least the bound at every position."""
    return f"floor {channel} {format_rational(bound)}"


def upper_line(channel: int, bound: fmpq, features: Iterable[int]) -> str:
    """`upper`: the channel is at most the bound where windows are clear of these features."""
    return " ".join([f"upper {channel} {format_rational(bound)} avoid", *map(str, features)])


def lower_line(feature: int, template: int, channel: int, bound: fmpq) -> str:
    """`lower`: some position that sees an exhibiting window has the channel at the bound or above."""
    return f"lower {feature} {template} {channel} {format_rational(bound)}"


def joint_line(feature: int, template: int, bound: fmpq, weights: Iterable[tuple[int, int]]) -> str:
    """`joint`: some position that sees an exhibiting window has the weighted sum of channels at the bound or above."""
    pairs = [str(n) for pair in weights for n in pair]
    return " ".join([f"joint {feature} {template} {format_rational(bound)} over", *pairs])


def head_line(word: str, classes: Sequence[int], bound: fmpq | None = None) -> str:
    """`right Y A`, `wrong Z B` or `pair Y Z`; without a bound `right` and `wrong` say `none`."""
    if word == "pair":
        return f"pair {classes[0]} {classes[1]}"
    return f"{word} {classes[0]} {'none' if bound is None else format_rational(bound)}"


def _flat(blocks: Iterable[Block]) -> list[str]:
    return [line for block in blocks for line in (block.line, *block.proof)]

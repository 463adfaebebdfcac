"""From proofs to a statement and a certificate (FORMAT.md).

Only the facts that the head's proofs use are kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.outcome import Float32, Stretched
from exactcnn.core.rational import format_rational
from exactcnn.formats.certificate import (
    Block,
    format_certificate,
    head_line,
    joint_line,
    lower_line,
    plain_line,
    upper_line,
)
from exactcnn.formats.statement import Execution, format_statement, statement_sha256
from exactcnn.prover.fact_book import FactBook, in_order
from exactcnn.prover.head_bounds import HeadBound
from exactcnn.prover.head_local import FactRow, Numbering, head_local
from exactcnn.prover.head_stage import Heads
from exactcnn.prover.written import written
from exactcnn.solvers.pool import Deadline, Workers
from exactcnn.theorem.head import Head
from exactcnn.theorem.rounding import Rounding

__all__ = ["Emission", "NoCertificateError", "TooMuchRoundingError", "emit"]

# Binary digits of a margin that is rounded down.
_PRECISION = 32


class NoCertificateError(Exception):
    """Something that a solver proved has no proof by the kernel's rules, or none was found; the text says what."""


class TooMuchRoundingError(Exception):
    """Float32 rounding may cost more than the margin; the text says how much."""


@dataclass(frozen=True)
class Emission:
    """A statement, its certificate and the margin in exact arithmetic; what they claim of float32, if they do."""

    statement: str
    certificate: str
    margin: fmpq
    float32: Float32 | None = None


def emit(
    book: FactBook,
    heads: Heads,
    witnesses: Sequence[Stretched],
    source_sha256: str | None,
    deadline: Deadline,
    workers: int | None,
    rounding: Rounding | None = None,
) -> Emission:
    """The statement and the certificate; with `rounding` they are about float32 execution.

    Parameters
    ----------
    witnesses: one image a class.

    Raises
    ------
    NoCertificateError: some part has no proof.
    TooMuchRoundingError: rounding may cost more than the margin.
    OutOfTimeError: the deadline passed.
    """
    instance = book.instance
    if heads.failed or heads.uncertified:
        y, z = (heads.failed + heads.uncertified)[0]
        names = instance.task.classes[y].name, instance.task.classes[z].name
        raise NoCertificateError(f'no proof was found that the logit of "{names[0]}" leads that of "{names[1]}"')
    margin = min(lead for lead in heads.leads if lead is not None)
    lines = list(_lines(heads))
    facts = _needed(book, lines)
    blocks = [_fact_block(book, fact) for fact in facts]
    with Workers(_Shared(book, instance.head, facts, lines), workers) as pool:
        written_lines = list(pool.run(_head_block, range(len(lines)), deadline))
    claim = None if rounding is None else _float32(rounding, margin)
    statement = format_statement(
        instance.task,
        instance.network,
        instance.sizes,
        margin if claim is None else claim.margin,
        source_sha256,
        None if claim is None else Execution(claim.step),
    )
    text = format_certificate(statement_sha256(statement), witnesses, blocks, written_lines)
    return Emission(statement, text, margin, claim)


def _float32(rounding: Rounding, margin: fmpq) -> Float32:
    """What holds of float32 execution where the exact lead is at least `margin`."""
    left = margin - 2 * rounding.error
    if rounding.error == 0:
        return Float32(rounding.step, rounding.error, left)
    if left <= 0:
        near, lead = f"{float(rounding.error):.3g}", format_rational(margin)
        raise TooMuchRoundingError(f"rounding may move each logit by up to {near}, and the exact margin is {lead}")
    # A short number a little below, since the checker rounds its own bound of the error outwards.
    scale = fmpq(2) ** (_PRECISION + int(left.q).bit_length() - int(left.p).bit_length())
    return Float32(rounding.step, rounding.error, ((left * scale).floor() - 1) / scale)


# -- the head ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Line:
    """A line about logits (without a bound it claims nothing)."""

    word: str
    classes: tuple[int, ...]
    bound: HeadBound | None


class _Shared:
    """All lines of the head, and the certificate's facts by channel."""

    def __init__(self, book: FactBook, head: Head, facts: Sequence[FactRow], lines: Sequence[_Line]) -> None:
        self.task = book.instance.task
        self.head = head
        self.lines = lines
        self._by_channel: dict[int, list[tuple[int, FactRow]]] = {}
        for place, fact in enumerate(facts):
            self._by_channel.setdefault(fact.channel, []).append((place, fact))

    def facts(self, channels: Iterable[int]) -> list[FactRow]:
        """The facts about these channels, in the certificate's order."""
        found = [pair for k in channels for pair in self._by_channel.get(k, ())]
        return [fact for _, fact in sorted(found, key=lambda pair: pair[0])]


def _lines(heads: Heads) -> Iterator[_Line]:
    for word, bounds in (("right", heads.rights), ("wrong", heads.wrongs)):
        for index, bound in enumerate(bounds):
            yield _Line(word, (index,), bound if bound is not None and bound.proof is not None else None)
    for pair, bound in heads.pairs.items():
        yield _Line("pair", pair, bound)


def _head_block(shared: _Shared, number: int) -> Block:
    line = shared.lines[number]
    if line.bound is None or line.bound.proof is None:
        return Block(head_line(line.word, line.classes))
    sequent = head_local(shared.task, shared.head, line.bound.statement)
    numbering = Numbering(sequent, shared.facts(sequent.channels))
    lines = written(line.bound.proof.proof, numbering.base, numbering.number, numbering.switched)
    sign = 1 if line.word == "right" else -1
    return Block(head_line(line.word, line.classes, sign * line.bound.proof.bound), ["prove", *lines])


# -- facts at one position --------------------------------------------------------------------------------------------


def _needed(book: FactBook, lines: Sequence[_Line]) -> list[FactRow]:
    """The facts that the proofs use, and those that pooling them relies on."""
    used = {row for line in lines if line.bound is not None for row in line.bound.rows}
    if book.instance.pooling.kind != "max":
        used |= {book.floor(k) for row in used if row.kind in ("lower", "joint") for k, _ in row.weights}
    return in_order(used)


def _fact_block(book: FactBook, fact: FactRow) -> Block:
    """The fact with its proofs: kinds at which interval bounds give it need none."""
    kinds = len(book.instance.kinds)
    if fact.kind == "floor":
        return Block(plain_line(fact.channel, fact.local), ["box"] * kinds)
    if fact.kind in ("lower", "joint"):
        return _lower_block(book, fact)
    result = book.result(fact)
    proofs = result.proofs if result is not None else {}
    if proofs is None:
        raise NoCertificateError(f"no proof was found for S_{fact.channel} <= {fact.local}")
    lines = [line for number in range(kinds) for line in proofs.get(number, ("box",))]
    return Block(upper_line(fact.channel, fact.local, fact.features), lines)


def _lower_block(book: FactBook, fact: FactRow) -> Block:
    """The fact with a way of seeing each class of windows."""
    feature, template = fact.features
    shape = book.instance.task.features[feature]
    lines = []
    for rows, columns in book.instance.window_classes(shape.height, shape.width):
        place = book.tables.sight(feature, template, fact.weights, fact.local, (rows, columns))
        if place is None:
            what = " + ".join(f"{a} S_{k}" for k, a in fact.weights)
            raise NoCertificateError(f"no position sees every window of feature {feature} with {what} at its bound")
        lines.append(f"see {place[0]} {place[1]} box")
    if fact.kind == "joint":
        return Block(joint_line(feature, template, fact.local, fact.weights), lines)
    return Block(lower_line(feature, template, fact.channel, fact.local), lines)

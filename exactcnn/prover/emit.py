"""From what a verification proved to a statement and a certificate (DESIGN section 6).

Only the facts that the head's proofs use are kept. Every sequent is proved again here, by the rules of the kernel; a
solver's word counts for nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.outcome import Float32, Stretched
from exactcnn.core.rational import format_rational
from exactcnn.formats.certificate import Block, format_certificate, head_line, lower_line, plain_line, upper_line
from exactcnn.formats.statement import Execution, format_statement, statement_sha256
from exactcnn.prover.head_bounds import HeadBound, one_sided, pairwise
from exactcnn.prover.head_local import FactRow, HeadLocal, Numbering, head_local
from exactcnn.prover.head_proof import HeadProof, HeadSearch
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import UpperResult
from exactcnn.prover.local_proof import prove_local
from exactcnn.prover.local_sequent import NumberedStem, upper_local
from exactcnn.prover.tables import Tables
from exactcnn.prover.written import used_keys, written
from exactcnn.solvers.pool import Deadline, Workers
from exactcnn.theorem.facts import UpperFact
from exactcnn.theorem.head import Head, HeadStatement
from exactcnn.theorem.local import Placed
from exactcnn.theorem.rounding import Rounding
from exactcnn.theorem.stem import Kind

__all__ = ["Emission", "NoCertificateError", "Proved", "TooMuchRoundingError", "emit"]

_SECONDS = 20.0
# Binary digits of a margin that is rounded down.
_PRECISION = 32


class NoCertificateError(Exception):
    """Something that a solver proved has no proof by the kernel's rules, or none was found; the text says what."""


class TooMuchRoundingError(Exception):
    """Float32 rounding may cost more than the margin; the text says how much."""


@dataclass(frozen=True)
class Proved:
    """What a verification proved.

    Attributes
    ----------
    uppers: upper facts, by channel.
    bounds: the head's bounds.
    witnesses: one image a class.
    """

    instance: Instance
    tables: Tables
    uppers: Mapping[int, Sequence[UpperResult]]
    bounds: Sequence[HeadBound]
    witnesses: Sequence[Stretched]


@dataclass(frozen=True)
class Emission:
    """A statement, its certificate and the margin in exact arithmetic; what they claim of float32, if they do."""

    statement: str
    certificate: str
    margin: fmpq
    float32: Float32 | None = None


def emit(
    proved: Proved,
    source_sha256: str | None,
    deadline: Deadline,
    workers: int | None,
    rounding: Rounding | None = None,
) -> Emission:
    """The statement and the certificate; with `rounding` they are about float32 execution.

    Raises
    ------
    NoCertificateError: no proof was found for some part.
    TooMuchRoundingError: rounding may cost more than the margin.
    OutOfTimeError: the deadline passed.
    """
    head = _head(proved, deadline, workers)
    facts = _needed(proved, head)
    blocks = _fact_blocks(proved, facts, deadline, workers)
    instance = proved.instance
    claim = None if rounding is None else _float32(rounding, head.margin)
    statement = format_statement(
        instance.task,
        instance.network,
        instance.sizes,
        head.margin if claim is None else claim.margin,
        source_sha256,
        None if claim is None else Execution(claim.step),
    )
    lines = [_head_block(line, facts) for line in head.lines]
    text = format_certificate(statement_sha256(statement), proved.witnesses, blocks, lines)
    return Emission(statement, text, head.margin, claim)


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
class _HeadLine:
    """A line about logits, its sequent and its proof (None: the line claims nothing)."""

    word: str
    classes: tuple[int, ...]
    bound: fmpq | None
    sequent: HeadLocal | None
    proof: HeadProof | None


@dataclass(frozen=True)
class _HeadLines:
    lines: list[_HeadLine]
    margin: fmpq


@dataclass(frozen=True)
class _HeadJob:
    statement: HeadStatement
    wanted: fmpq
    seconds: float


@dataclass(frozen=True)
class _HeadShared:
    """What the head's sequents share: the facts available, of which each uses some."""

    instance: Instance
    head: Head
    facts: tuple[FactRow, ...]


def _head(proved: Proved, deadline: Deadline, workers: int | None) -> _HeadLines:
    task = proved.instance.task
    count = len(task.classes)
    known = {b.statement: b.value for b in proved.bounds}
    shared = _HeadShared(proved.instance, proved.instance.head, tuple(_available(proved)))
    one = [one_sided(y, holds=True) for y in range(count)] + [one_sided(z, holds=False) for z in range(count)]
    with Workers(shared, workers) as pool:
        found = _proofs(pool, one, known, deadline)
        rights, wrongs = found[:count], found[count:]
        leads = {
            (y, z): right.bound + wrong.bound if right and wrong else None
            for y, right in enumerate(rights)
            for z, wrong in enumerate(wrongs)
            if y != z
        }
        otherwise = [c.otherwise for c in task.classes]
        left = [pair for pair, lead in leads.items() if lead is None or lead <= 0]
        statements = [pairwise(y, z, otherwise) for y, z in left]
        pairs = _proofs(pool, statements, known, deadline)
    for (y, z), pair in zip(left, pairs, strict=True):
        if pair is None or pair.bound <= 0:
            names = task.classes[y].name, task.classes[z].name
            raise NoCertificateError(f'no proof was found that the logit of "{names[0]}" leads that of "{names[1]}"')
    margin = min([lead for lead in leads.values() if lead is not None and lead > 0] + [p.bound for p in pairs if p])
    lines = [
        _line("right" if n < count else "wrong", (n % count,), s, p, shared)
        for n, (s, p) in enumerate(zip(one, found, strict=True))
    ]
    lines += [_line("pair", pair, s, p, shared) for pair, s, p in zip(left, statements, pairs, strict=True)]
    return _HeadLines(lines, margin)


def _proofs(
    pool: Workers[_HeadShared],
    statements: Sequence[HeadStatement],
    known: Mapping[HeadStatement, fmpq | None],
    deadline: Deadline,
) -> list[HeadProof | None]:
    wanted = [known.get(s) for s in statements]
    seconds = deadline.at_most(_SECONDS)
    jobs = [None if w is None else _HeadJob(s, w, seconds) for s, w in zip(statements, wanted, strict=True)]
    return list(pool.run(_prove_head, jobs, deadline))


def _prove_head(shared: _HeadShared, job: _HeadJob | None) -> HeadProof | None:
    if job is None:
        return None
    sequent = head_local(shared.instance.task, shared.head, job.statement)
    return HeadSearch(Numbering(sequent, shared.facts), job.seconds).proof(job.wanted)


def _line(
    word: str, classes: tuple[int, ...], statement: HeadStatement, proof: HeadProof | None, shared: _HeadShared
) -> _HeadLine:
    if proof is None:
        return _HeadLine(word, classes, None, None, None)
    sequent = head_local(shared.instance.task, shared.head, statement)
    return _HeadLine(word, classes, proof.bound if word == "right" else -proof.bound, sequent, proof)


def _head_block(line: _HeadLine, facts: Sequence[FactRow]) -> Block:
    text = head_line(line.word, line.classes, line.bound)
    if line.sequent is None or line.proof is None:
        return Block(text)
    numbering = Numbering(line.sequent, facts)

    lines = written(line.proof.proof, numbering.base, numbering.number, numbering.switched)
    return Block(text, ["prove", *lines])


def _available(proved: Proved) -> list[FactRow]:
    """All facts that the head's proofs may use: bounds of every channel, and what the solver's proofs used."""
    instance = proved.instance
    pooling = instance.pooling
    found: list[FactRow] = []
    everywhere = list(
        zip(proved.tables.everywhere.low.rationals(), proved.tables.everywhere.high.rationals(), strict=True)
    )
    for k, (low, high) in enumerate(everywhere):
        floor, top = pooling.base((low, high))
        found += [FactRow("floor", k, (), low, floor)] if floor is not None else []
        found += [FactRow("top", k, (), high, top)] if top is not None else []
    used = {fact for bound in proved.bounds for fact in bound.used}
    for fact in used:
        if isinstance(fact, UpperFact):
            local = _local_bound(proved, fact)
            kind = "upper" if fact.features else "top"
            found.append(FactRow(kind, fact.channel, tuple(sorted(fact.features)), local, fact.bound))
        else:
            _, feature, template, channel = fact
            local = proved.tables.lower[feature, template][channel]
            pooled = pooling.at_least(everywhere[channel][0], local)
            if pooled is not None:
                found.append(FactRow("lower", channel, (feature, template), local, pooled))
    return sorted(found, key=_order)


def _local_bound(proved: Proved, fact: UpperFact) -> fmpq:
    """The bound at a position behind a pooled upper fact."""
    for result in proved.uppers.get(fact.channel, ()):
        if (
            result.job.features == fact.features
            and result.bound is not None
            and proved.instance.pooling.at_most(result.bound) == fact.bound
        ):
            return result.bound
    raise NoCertificateError("a fact of the head's proof was not found again")


def _order(fact: FactRow) -> tuple[int, int, tuple[int, ...], fmpq]:
    kinds = ("floor", "top", "upper", "lower")
    return kinds.index(fact.kind), fact.channel, fact.features, fact.local


def _needed(proved: Proved, head: _HeadLines) -> list[FactRow]:
    """The facts that the proofs use, and those that pooling them relies on."""
    used: set[FactRow] = set()
    for line in head.lines:
        if line.proof is not None:
            for key in used_keys(line.proof.proof):
                if isinstance(key, tuple) and key[:1] == ("z",):
                    key = key[1]
                if isinstance(key, FactRow):
                    used.add(key)
    if proved.instance.pooling.kind != "max":
        channels = {f.channel for f in used if f.kind == "lower"}
        used |= {f for f in _available(proved) if f.kind == "floor" and f.channel in channels}
        low = proved.tables.everywhere.low
        have = {f.channel for f in used if f.kind == "floor"}
        for k in channels - have:
            # It gives the head nothing by itself.
            used.add(FactRow("floor", k, (), low.item(k), low.item(k)))
    return sorted(used, key=_order)


# -- facts at one position --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _UpperJob:
    """An upper fact, and the kinds at which the kernel's intervals do not give it, by number."""

    fact: FactRow
    kinds: tuple[tuple[int, Kind, tuple[Placed, ...]], ...]
    seconds: float


def _fact_blocks(proved: Proved, facts: Sequence[FactRow], deadline: Deadline, workers: int | None) -> list[Block]:
    seconds = deadline.at_most(_SECONDS)
    jobs = [_upper_job(proved, fact, seconds) for fact in facts if fact.kind in ("top", "upper")]
    with Workers(NumberedStem(proved.instance), workers) as pool:
        results = iter(list(pool.run(_prove_upper, jobs, deadline)))
    blocks = []
    for fact in facts:
        if fact.kind == "floor":
            blocks.append(Block(plain_line(fact.channel, fact.local), ["box"] * len(proved.instance.kinds)))
        elif fact.kind == "lower":
            blocks.append(_lower_block(proved, fact))
        else:
            proofs = next(results)
            if isinstance(proofs, str):
                raise NoCertificateError(proofs)
            lines = []
            for number in range(len(proved.instance.kinds)):
                lines += proofs.get(number, ["box"])
            blocks.append(Block(upper_line(fact.channel, fact.local, fact.features), lines))
    return blocks


def _upper_job(proved: Proved, fact: FactRow, seconds: float) -> _UpperJob:
    features = frozenset(fact.features)
    windows: dict[Kind, tuple[Placed, ...]] = {}
    for result in proved.uppers.get(fact.channel, ()):
        if result.job.features == features and result.bound == fact.local:
            windows = dict(result.job.kinds)
    kinds = []
    for number, (kind, bounds) in enumerate(proved.tables.by_kind.items()):
        if bounds.high.item(fact.channel) > fact.local:
            kinds.append((number, kind, tuple(sorted(windows.get(kind, ())))))
    return _UpperJob(fact, tuple(kinds), seconds)


def _prove_upper(shared: NumberedStem, job: _UpperJob) -> dict[int, list[str]] | str:
    """The lines of each kind that needs a proof; or, in words, what was not proved."""
    fact = job.fact
    known: set[object] = set()
    found = {}
    for number, kind, clear in job.kinds:
        sequent = upper_local(shared, kind, clear, fact.channel, fact.local)
        windows = " ".join([str(len(clear)), *(f"{p.feature} {p.template} {p.row} {p.column}" for p in clear)])
        if sequent.key in known:
            found[number] = [f"same {windows}"]
            continue
        proof = prove_local(sequent, job.seconds)
        if proof is None:
            return f"no proof was found for S_{fact.channel} <= {fact.local} on images that avoid {fact.features}"
        known.add(sequent.key)
        found[number] = [f"prove {windows}", *written(proof, sequent.givens)]
    return found


def _lower_block(proved: Proved, fact: FactRow) -> Block:
    """The fact with a way of seeing each class of windows."""
    feature, template = fact.features
    shape = proved.instance.task.features[feature]
    lines = []
    for rows, columns in proved.instance.window_classes(shape.height, shape.width):
        place = proved.tables.sight(feature, template, fact.channel, fact.local, (rows, columns))
        if place is None:
            raise NoCertificateError(f"no position sees every window of feature {feature} with S_{fact.channel}")
        lines.append(f"see {place[0]} {place[1]} box")
    return Block(lower_line(feature, template, fact.channel, fact.local), lines)

"""What a certificate claims, read without the kernel, and whether z3 confirms it: judges changed certificates."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from flint import fmpq

from exactcnn.core.circuit import Sequent
from exactcnn.core.outcome import Stretched
from exactcnn.core.rational import parse_rational
from exactcnn.core.tensor import ExactTensor
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import replay
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.theorem.facts import PooledFacts, UpperFact
from exactcnn.theorem.head import HeadStatement, head_sequent
from exactcnn.theorem.local import Placed, lower_sequent, upper_sequent

__all__ = ["Claims", "read_claims", "refuted_claims"]


@dataclass(frozen=True)
class Claims:
    """Everything in a certificate but its proofs.

    Attributes
    ----------
    witnesses, facts, head: as tokens; a witness with its pixels, a fact with its border kinds or window classes.
    """

    witnesses: tuple[tuple[str, ...], ...]
    facts: tuple[tuple[tuple[str, ...], tuple[tuple[str, ...], ...]], ...]
    head: tuple[tuple[str, ...], ...]


def read_claims(certificate: str, channels: int) -> Claims:
    """The claims of a certificate that the kernel accepted."""
    lines = [tuple(line.split(" ")) for line in certificate.split("\n")]
    witnesses, facts, head = [], [], []
    for number, tokens in enumerate(lines):
        if tokens[0] == "witness":
            pixels = lines[number + 1 : number + 1 + channels * int(tokens[2])]
            witnesses.append(tokens + tuple(t for row in pixels for t in row))
        elif tokens[0] in ("floor", "upper", "lower"):
            facts.append((tokens, []))
        elif tokens[0] in ("box", "same", "see") or (tokens[0] == "prove" and len(tokens) > 1):
            facts[-1][1].append(tokens)
        elif tokens[0] in ("right", "wrong", "pair"):
            head.append(tokens)
    return Claims(tuple(witnesses), tuple((f, tuple(p)) for f, p in facts), tuple(head))


def refuted_claims(instance: Instance, claims: Claims, known: Claims, margin: fmpq) -> list[str]:
    """The claims that are wrong, among those that are not in `known`."""
    solver = Z3Solver()
    wrong = [" ".join(w) for w in claims.witnesses if w not in known.witnesses and not _is_witness(instance, w, margin)]
    for fact, places in claims.facts:
        if (fact, places) not in known.facts:
            for sequent in _local(instance, fact, places):
                if solver.decide(sequent).status is not Status.HOLDS:
                    wrong.append(f"{' '.join(fact)}: {sequent.title}")
    if (claims.facts, claims.head) != (known.facts, known.head):
        for sequent in _head(instance, claims, margin):
            if solver.decide(sequent).status is not Status.HOLDS:
                wrong.append(sequent.title)
    return wrong


def _is_witness(instance: Instance, tokens: tuple[str, ...], margin: fmpq) -> bool:
    index, height, width, *rest = map(int, tokens[1:8])
    values = np.array([parse_rational(t) for t in tokens[8:]], dtype=object)
    channels = len(instance.task.channels)
    core = ExactTensor.from_rationals(list(values), (channels, height, width))
    picture = Stretched(core, *rest)
    pixel = instance.task.pixel
    inside = all(pixel.low <= v <= pixel.high for v in values) and (rest[0], rest[1]) in instance.sizes
    found = replay(instance, picture)
    return inside and found.decision.label == instance.task.classes[index].name and found.lead(instance) >= margin


def _local(instance: Instance, fact: tuple[str, ...], places: tuple[tuple[str, ...], ...]) -> Iterator[Sequent]:
    """What the fact says at each kind or class of windows."""
    task, stem = instance.task, instance.stem
    if fact[0] == "lower":
        feature, template, channel = map(int, fact[1:4])
        shape = task.features[feature]
        classes = list(instance.window_classes(shape.height, shape.width))
        assert len(classes) == len(places)
        for (rows, columns), place in zip(classes, places, strict=True):
            r, c = rows[int(place[1])], columns[int(place[2])]
            placed = Placed(feature, template, r.offset, c.offset)
            kind = r.signature, c.signature
            yield lower_sequent(task, stem, kind, placed, channel, parse_rational(fact[4])).sequent
        return
    channel, bound = int(fact[1]), parse_rational(fact[2])
    assert len(instance.kinds) == len(places)
    for kind, place in zip(instance.kinds, places, strict=True):
        numbers = [int(t) for t in place[2:]]
        clear = tuple(Placed(*numbers[i : i + 4]) for i in range(0, len(numbers), 4))
        assert all(str(p.feature) in fact[4:] for p in clear)
        local = upper_sequent(task, stem, kind, clear, channel, bound).sequent
        if fact[0] == "floor":
            # S - bound instead of bound - S.
            local = Sequent(local.circuit, goal=-local.goal, title=" ".join(fact))
        yield local


def _head(instance: Instance, claims: Claims, margin: fmpq) -> Iterator[Sequent]:
    """The statements about logits, from the facts of the certificate (for networks with a global maximum)."""
    assert instance.pooling.kind == "max"
    width = instance.stem.out_channels
    low: list[fmpq | None] = [None] * width
    high: list[fmpq | None] = [None] * width
    lower: dict[tuple[int, int], dict[int, fmpq]] = {}
    upper: dict[int, tuple[UpperFact, ...]] = {}
    for fact, _ in claims.facts:
        if fact[0] == "lower":
            feature, template, channel = map(int, fact[1:4])
            found = lower.setdefault((feature, template), {})
            bound = parse_rational(fact[4])
            found[channel] = max(bound, found.get(channel, bound))
            continue
        channel, bound = int(fact[1]), parse_rational(fact[2])
        avoided = frozenset(map(int, fact[4:]))
        if fact[0] == "floor":
            before = low[channel]
            low[channel] = bound if before is None else max(before, bound)
        elif avoided:
            upper[channel] = (*upper.get(channel, ()), UpperFact(avoided, channel, bound))
        else:
            above = high[channel]
            high[channel] = bound if above is None else min(above, bound)
    facts = PooledFacts(tuple(zip(low, high, strict=True)), lower, upper)
    otherwise = [c.otherwise for c in instance.task.classes]
    for word, *rest in claims.head:
        if rest[-1] == "none":
            continue
        index = int(rest[0])
        if word == "pair":
            fails = [z for z, other in enumerate(otherwise) if z != index and not other and not otherwise[index]]
            goal = ((index, fmpq(1)), (int(rest[1]), fmpq(-1)))
            statement, bound = HeadStatement((index,), tuple(fails), goal), margin
        elif word == "right":
            statement, bound = HeadStatement((index,), (), ((index, fmpq(1)),)), parse_rational(rest[1])
        else:
            statement, bound = HeadStatement((), (index,), ((index, fmpq(-1)),)), -parse_rational(rest[1])
        yield head_sequent(instance.task, instance.head, facts, statement, bound).sequent

"""What a certificate claims, read without the kernel, and whether z3 confirms it: judges changed certificates.

The sequents are the package's own (`exactcnn.theorem`), worked out from the statement by code that the kernel does not
share; the facts about positions become facts about pooled channels by the package's rule for maxima, sums and means.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq
from support.statements import read_statement

from exactcnn.core.circuit import Circuit, Sequent
from exactcnn.core.outcome import Stretched
from exactcnn.core.rational import parse_rational
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.smtlib import sequent_script
from exactcnn.prover.replay import replay
from exactcnn.solvers.base import Status
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.theorem.facts import Interval, JointFact, PooledFacts, UpperFact
from exactcnn.theorem.head import HeadStatement, head_sequent
from exactcnn.theorem.local import Placed, lower_sequent, upper_sequent

__all__ = ["Claims", "Judge", "read_claims"]

Tokens = tuple[str, ...]
Fact = tuple[Tokens, tuple[Tokens, ...]]

_SECONDS = 30.0


@dataclass(frozen=True)
class Claims:
    """Everything in a certificate but its proofs.

    Attributes
    ----------
    witnesses, facts, head: as tokens; a witness with its pixels, a fact with its border kinds or window classes.
    """

    witnesses: tuple[Tokens, ...] = ()
    facts: tuple[Fact, ...] = ()
    head: tuple[Tokens, ...] = ()


def read_claims(certificate: str, channels: int) -> Claims:
    """The claims of a certificate that the kernel accepted."""
    lines = [tuple(line.split(" ")) for line in certificate.split("\n")]
    witnesses, facts, head = [], [], []
    for number, tokens in enumerate(lines):
        if tokens[0] == "witness":
            pixels = lines[number + 1 : number + 1 + channels * int(tokens[2])]
            witnesses.append(tokens + tuple(t for row in pixels for t in row))
        elif tokens[0] in ("floor", "upper", "lower", "joint"):
            facts.append((tokens, []))
        elif tokens[0] in ("box", "same", "see") or (tokens[0] == "prove" and len(tokens) > 1):
            facts[-1][1].append(tokens)
        elif tokens[0] in ("right", "wrong", "pair"):
            head.append(tokens)
    return Claims(tuple(witnesses), tuple((f, tuple(p)) for f, p in facts), tuple(head))


class Judge:
    """Judges certificates of one statement that a kernel accepted; equal sequents are decided once.

    Parameters
    ----------
    statement: the text.
    known: the claims of a certificate that need no confirmation.
    """

    def __init__(self, statement: str, known: Claims | None = None) -> None:
        self.instance, self.margin = read_statement(statement)
        self.known = known or Claims()
        self._solver = Z3Solver()
        self._decided: dict[str, Status] = {}

    def claims(self, certificate: str) -> Claims:
        """What the certificate claims."""
        return read_claims(certificate, len(self.instance.task.channels))

    def refuted(self, claims: Claims) -> list[str]:
        """The claims that are wrong or undecided, among those not known; and what is missing from a proof."""
        known = self.known
        wrong = [" ".join(w) for w in claims.witnesses if w not in known.witnesses and not self._is_witness(w)]
        for fact in claims.facts:
            if fact not in known.facts:
                wrong += self._undecided(self._local(fact))
                if len(fact[1]) != self._places(fact[0]):
                    wrong.append(f"{' '.join(fact[0])}: {len(fact[1])} places")
        if (claims.facts, claims.head) != (known.facts, known.head):
            wrong += self._undecided(self._head(claims))
        return wrong + self._missing(claims)

    def _undecided(self, sequents: Iterator[Sequent]) -> list[str]:
        found = []
        for sequent in sequents:
            script = sequent_script(replace(sequent, title=""))
            if script not in self._decided:
                self._decided[script] = self._solver.decide(sequent, timeout=_SECONDS).status
            if self._decided[script] is not Status.HOLDS:
                found.append(f"{self._decided[script].value}: {sequent.title}")
        return found

    def _missing(self, claims: Claims) -> list[str]:
        """Classes without a witness, and pairs of classes of which nothing is claimed."""
        names = [str(y) for y in range(len(self.instance.task.classes))]
        found = [] if [w[1] for w in claims.witnesses] == names else ["a witness of every class"]
        sides = {tokens[:2]: tokens[2] for tokens in claims.head if tokens[0] != "pair"}
        for y in names:
            for z in names:
                ends = sides.get(("right", y), "none"), sides.get(("wrong", z), "none")
                done = "none" not in ends and parse_rational(ends[0]) - parse_rational(ends[1]) >= self.margin
                if y != z and not done and ("pair", y, z) not in claims.head:
                    found.append(f"nothing about {y} against {z}")
        return found

    def _is_witness(self, tokens: Tokens) -> bool:
        index, height, width, *rest = map(int, tokens[1:8])
        values = np.array([parse_rational(t) for t in tokens[8:]], dtype=object)
        task = self.instance.task
        core = ExactTensor.from_rationals(list(values), (len(task.channels), height, width))
        inside = all(task.pixel.low <= v <= task.pixel.high for v in values) and tuple(rest[:2]) in self.instance.sizes
        found = replay(self.instance, Stretched(core, *rest))
        right = found.decision.label == task.classes[index].name
        return inside and right and found.lead(self.instance) >= self.margin

    def _places(self, fact: Tokens) -> int:
        """How many border kinds or classes of windows the fact is about."""
        if fact[0] not in ("lower", "joint"):
            return len(self.instance.kinds)
        shape = self.instance.task.features[int(fact[1])]
        return len(self.instance.window_classes(shape.height, shape.width))

    def _local(self, fact: Fact) -> Iterator[Sequent]:
        """What the fact says at each kind or class of windows."""
        task, stem = self.instance.task, self.instance.stem
        tokens, places = fact
        if tokens[0] in ("lower", "joint"):
            feature, template = map(int, tokens[1:3])
            weights, bound = _weighted(tokens)
            shape = task.features[feature]
            for (rows, columns), place in zip(
                self.instance.window_classes(shape.height, shape.width), places, strict=False
            ):
                r, c = rows[int(place[1])], columns[int(place[2])]
                placed = Placed(feature, template, r.offset, c.offset)
                kind = r.signature, c.signature
                yield lower_sequent(task, stem, kind, placed, weights, bound).sequent
            return
        channel, bound = int(tokens[1]), parse_rational(tokens[2])
        for kind, place in zip(self.instance.kinds, places, strict=False):
            numbers = [int(t) for t in place[2:]]
            clear = tuple(Placed(*numbers[i : i + 4]) for i in range(0, len(numbers), 4))
            if any(str(p.feature) not in tokens[4:] for p in clear):
                yield Sequent(Circuit(()), title=f"0 >= 1, since {' '.join(place)} is of features that are not avoided")
            local = upper_sequent(task, stem, kind, clear, channel, bound).sequent
            if tokens[0] == "floor":
                # S - bound instead of bound - S; the rows that are consequences of the circuit stay so.
                local = replace(local, goal=-local.goal, title=" ".join(tokens))
            yield local

    def _pooled(self, facts: tuple[Fact, ...]) -> PooledFacts:
        """What the facts say of the pooled channels."""
        rule = self.instance.pooling
        floors = {int(f[1]): parse_rational(f[2]) for f, _ in facts if f[0] == "floor"}
        base: list[Interval] = [(None, None)] * self.instance.stem.out_channels
        for channel, low in floors.items():
            base[channel] = rule.at_least(low, low), None
        lower: dict[tuple[int, int], dict[int, fmpq]] = {}
        upper: dict[int, tuple[UpperFact, ...]] = {}
        joint: dict[tuple[int, int], tuple[tuple[JointFact, fmpq], ...]] = {}
        for fact, _ in facts:
            if fact[0] == "upper":
                channel, high = int(fact[1]), rule.at_most(parse_rational(fact[2]))
                if high is not None:
                    own = UpperFact(frozenset(map(int, fact[4:])), channel, high)
                    upper[channel] = (*upper.get(channel, ()), own)
            elif fact[0] == "joint":
                weights, somewhere = _weighted(fact)
                if rule.kind == "max" or all(k in floors for k, _ in weights):
                    low = sum((a * floors.get(k, fmpq(0)) for k, a in weights), fmpq(0))
                    bound = rule.at_least(low, somewhere)
                    if bound is not None:
                        own_joint = JointFact(int(fact[1]), int(fact[2]), weights, somewhere), bound
                        key = int(fact[1]), int(fact[2])
                        joint[key] = (*joint.get(key, ()), own_joint)
            elif fact[0] == "lower":
                feature, template, channel = map(int, fact[1:4])
                somewhere = parse_rational(fact[4])
                if rule.kind == "max" or channel in floors:
                    bound = rule.at_least(floors.get(channel, somewhere), somewhere)
                    if bound is not None:
                        found = lower.setdefault((feature, template), {})
                        found[channel] = max(bound, found.get(channel, bound))
        return PooledFacts(tuple(base), lower, upper, joint)

    def _head(self, claims: Claims) -> Iterator[Sequent]:
        """The statements about logits, from the facts of the certificate."""
        facts = self._pooled(claims.facts)
        otherwise = [c.otherwise for c in self.instance.task.classes]
        for word, *rest in claims.head:
            if rest[-1] == "none":
                continue
            index = int(rest[0])
            if word == "pair":
                fails = [z for z, other in enumerate(otherwise) if z != index and not other and not otherwise[index]]
                goal = ((index, fmpq(1)), (int(rest[1]), fmpq(-1)))
                statement, bound = HeadStatement((index,), tuple(fails), goal), self.margin
            elif word == "right":
                statement, bound = HeadStatement((index,), (), ((index, fmpq(1)),)), parse_rational(rest[1])
            else:
                statement, bound = HeadStatement((), (index,), ((index, fmpq(-1)),)), -parse_rational(rest[1])
            yield head_sequent(self.instance.task, self.instance.head, facts, statement, bound).sequent


def _weighted(fact: Tokens) -> tuple[tuple[tuple[int, int], ...], fmpq]:
    """The channels that a lower or joint fact sums, with their weights, and its bound."""
    if fact[0] == "lower":
        return ((int(fact[3]), 1),), parse_rational(fact[4])
    return tuple(zip(map(int, fact[5::2]), map(int, fact[6::2]), strict=True)), parse_rational(fact[3])

"""Proofs as the lines of a certificate.

A derived fact is written where it is first needed in a branch, and can be used until the branch ends. Row numbers are
those of the kernel: given rows first, then each derived row, and the rows that a branch provides.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from exactcnn.prover.rows import (
    After,
    Choose,
    Chord,
    Combined,
    Fact,
    Given,
    Have,
    Leaf,
    MaxLe,
    Proof,
    Row,
    Split,
    Sub,
)

__all__ = ["used_keys", "written"]

Switched = Mapping[Any, Sequence[Given]]


def written(
    proof: Proof,
    givens: Sequence[Given],
    clauses: Mapping[Hashable, int] | None = None,
    switched: Switched | None = None,
) -> list[str]:
    """The lines of a proof.

    Parameters
    ----------
    givens: the sequent's rows, in order.
    clauses: the number of each clause, by its key.
    switched: the rows that a literal provides.
    """
    writer = _Writer(givens, clauses or {}, switched or {})
    writer.proof(proof)
    return writer.lines


class _Writer:
    def __init__(self, givens: Sequence[Given], clauses: Mapping[Hashable, int], switched: Switched) -> None:
        self.lines: list[str] = []
        self._clauses = clauses
        self._switched = switched
        self._number: dict[Hashable, int] = {}
        self._order: list[Hashable] = []
        for given in givens:
            self._add(given)

    def proof(self, proof: Proof) -> None:
        """Writes a proof; what it derived is forgotten at its end."""
        mark = len(self._order)
        match proof:
            case Leaf(parts):
                self.lines.append(f"qed {self._weights(parts)}")
            case Split(node, branches):
                self._shared([rest for _, rest in branches])
                self.lines.append(f"split {node.variable}")
                for givens, rest in branches:
                    self._branch(givens, rest)
            case Choose(clause, cases):
                self._shared([rest for _, rest in cases])
                self.lines.append(f"choose {self._clauses[clause]}")
                for literal, rest in cases:
                    self._branch(self._switched.get(literal, ()), rest)
            case After(facts, rest):
                used = _reached(rest)
                for fact in facts:
                    if id(fact) in used:
                        self._place(fact)
                self.proof(rest)
        self._forget(mark)

    def _shared(self, branches: Sequence[Proof]) -> None:
        """Writes what several branches use and none of them is needed for, so that it is written once."""
        if len(branches) < 2:
            return
        count: dict[int, int] = {}
        found: dict[int, Proof | Fact] = {}
        for branch in branches:
            for key, item in self._unwritten(branch).items():
                count[key] = count.get(key, 0) + 1
                found[key] = item
        self._place_free(item for key, item in found.items() if count[key] > 1)

    def _place_free(self, items: Iterable[Proof | Fact]) -> None:
        """Writes those facts that rest on rows that are there already, and choose from no clause."""
        known: dict[int, bool] = {}
        for item in items:
            if isinstance(item, (Combined, Sub, Chord, MaxLe, Have)) and self._is_free(item, known):
                self._place(item)

    def _unwritten(self, proof: Proof) -> dict[int, Proof | Fact]:
        """All parts of a proof that are not there already."""
        return _reached(proof, lambda item: _name(item) in self._number)

    def _is_free(self, item: Proof | Fact, known: dict[int, bool]) -> bool:
        """Whether something rests on rows that are there already, and chooses from no clause."""
        if id(item) not in known:
            if _name(item) in self._number:
                known[id(item)] = True
            elif isinstance(item, (Given, Choose, Split, After)):
                known[id(item)] = False
            else:
                known[id(item)] = all(self._is_free(child, known) for child in _children(item))
        return known[id(item)]

    def _branch(self, givens: Sequence[Given], proof: Proof) -> None:
        mark = len(self._order)
        for given in givens:
            self._add(given)
        self.proof(proof)
        self._forget(mark)

    def _add(self, fact: Fact) -> int:
        name = _name(fact)
        self._order.append(name)
        # A row that is given twice keeps its first number.
        return self._number.setdefault(name, len(self._order) - 1)

    def _forget(self, mark: int) -> None:
        for number, name in enumerate(self._order[mark:], start=mark):
            if self._number.get(name) == number:
                del self._number[name]
        del self._order[mark:]

    def _weights(self, parts: Sequence[tuple[Fact, int]]) -> str:
        """`n r1 a1 ..`, rows ascending, each once."""
        total: dict[int, int] = {}
        for fact, weight in parts:
            number = self._place(fact)
            total[number] = total.get(number, 0) + weight
        return " ".join([str(len(total)), *(f"{r} {a}" for r, a in sorted(total.items()))])

    def _place(self, fact: Fact) -> int:
        """The row's number, after writing what derives it."""
        known = self._number.get(_name(fact))
        if known is not None:
            return known
        match fact:
            case Combined(_, parts):
                self.lines.append(f"lin {self._weights(parts)}")
            case Sub():
                self._sub(fact)
            case Chord(_, node, low, high):
                first, second = self._place(low), self._place(high)
                self.lines.append(f"chord {node.variable} {first} {second}")
            case MaxLe(_, node, scale, parts):
                pairs = " ".join("- 0" if f is None else f"{self._place(f)} {a}" for f, a in parts)
                self.lines.append(f"maxle {node.variable} {scale} {pairs}")
            case Have(row, proof):
                # What is derived inside is forgotten at its end.
                if isinstance(proof, Leaf):
                    for part, _ in proof.parts:
                        self._place(part)
                else:
                    self._place_free(self._unwritten(proof).values())
                self.lines.append(f"have {_form(row)}")
                self.proof(proof)
            case Given():
                raise KeyError(f"a row that is not given here: {fact.key}")
        return self._add(fact)

    def _sub(self, fact: Sub) -> None:
        premise = "-" if fact.premise is None else str(self._place(fact.premise))
        others = sorted((u.variable, b) for u, b in fact.others)
        tail = "".join(f" {v} {b}" for v, b in others)
        self.lines.append(f"sub {premise} {fact.factor} {fact.node.variable} {fact.scale} {len(others)}{tail}")


def _name(fact: Proof | Fact) -> Hashable:
    """What a fact is known by: its key, if it is given by the sequent, or itself."""
    return fact.key if isinstance(fact, Given) and fact.key is not None else id(fact)


def _form(row: Row) -> str:
    terms = sorted(row.terms.items())
    return " ".join([str(len(terms)), *(f"{v} {c}" for v, c in terms), str(row.constant)])


def used_keys(proof: Proof) -> set[Hashable]:
    """The keys of all given rows and chosen clauses that a proof uses."""
    found: set[Hashable] = set()
    for item in _reached(proof).values():
        if isinstance(item, Given):
            found.add(item.key)
        elif isinstance(item, Choose):
            found.add(item.clause)
    return found


def _reached(proof: Proof, known: Callable[[Proof | Fact], bool] = lambda _: False) -> dict[int, Proof | Fact]:
    """All parts of a proof, by their ids; without those that are known, and what only they rest on."""
    seen: dict[int, Proof | Fact] = {}
    pending: list[Proof | Fact] = [proof]
    while pending:
        item = pending.pop()
        if id(item) not in seen and not known(item):
            seen[id(item)] = item
            pending += _children(item)
    return seen


def _children(item: Proof | Fact) -> Iterator[Proof | Fact]:
    match item:
        case Leaf(parts) | Combined(_, parts):
            yield from (f for f, _ in parts)
        case MaxLe():
            yield from (f for f, _ in item.parts if f is not None)
        case Sub():
            if item.premise is not None:
                yield item.premise
        case Chord():
            yield from (item.low, item.high)
        case Have() | After():
            # Facts that are only offered are not used.
            yield item.proof
        case Split(_, branches) | Choose(_, branches):
            yield from (p for _, p in branches)

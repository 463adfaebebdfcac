"""Certificates (and statements) changed in one place: one function a kind of change, used by tests and by the matrix.

A change is made to the lines of one file. Which line is changed is drawn in two steps, first the kind of line and then
one of that kind, so that rare rules are hit as often as common ones.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

__all__ = ["CHANGES", "HITS", "Mutant", "mutants"]

Lines = list[str]
Span = tuple[int, int]
"""The lines from the first number up to before the second."""

_RULES = ("lin", "sub", "chord", "maxle", "have", "split", "cut", "choose", "qed")
_FACTS = ("floor", "upper", "lower", "joint")
_PLACES = ("box", "same", "see")
_HEAD = ("right", "wrong", "pair")
HITS = (
    "header",
    "witness",
    "facts",
    *_FACTS,
    "see",
    "box",
    "same",
    "prove",
    "head",
    *_HEAD,
    *_RULES,
    "end",
    "statement",
)
"""What a change can hit: the kinds of lines of a certificate, and the statement."""

_OTHERS = ("0", "1", "2", "-1", "1/2", "box", "same", "prove", "qed", "-", "none", "007", "1e3", "+1", "", "1_0")
_NUMBER = re.compile(r"-?[0-9]+(?:/[0-9]+)?")


@dataclass(frozen=True)
class Mutant:
    """A changed pair of texts.

    Attributes
    ----------
    kind: the kind of change, a key of `CHANGES`.
    hit: what was changed, one of `HITS`.
    what: the change in words.
    """

    kind: str
    hit: str
    what: str
    statement: str
    certificate: str


@dataclass(frozen=True)
class _Change:
    hit: str
    what: str
    lines: Lines


class _Text:
    """A file's lines and their structure."""

    def __init__(self, text: str, hits: Sequence[str]) -> None:
        self.lines = text.rstrip("\n").split("\n")
        self.hits = hits

    @staticmethod
    def certificate(text: str) -> _Text:
        hits: list[str] = []
        for line in text.rstrip("\n").split("\n"):
            word = line.split(" ")[0]
            if word in ("exactcnn", "statement"):
                hits.append("header")
            else:
                hits.append(word if word in HITS else "witness")
        return _Text(text, hits)

    @staticmethod
    def statement(text: str) -> _Text:
        return _Text(text, ["statement"] * text.count("\n"))

    @cached_property
    def _by_hit(self) -> dict[str, list[int]]:
        found: dict[str, list[int]] = {}
        for number, hit in enumerate(self.hits):
            found.setdefault(hit, []).append(number)
        return found

    def line(self, source: random.Random, least: int = 1) -> int:
        """A line of at least so many different tokens, all kinds of lines alike."""
        while True:
            place = source.choice(self._by_hit[source.choice(list(self._by_hit))])
            if least == 1 or len(set(self.lines[place].split(" "))) >= least:
                return place

    @cached_property
    def proofs(self) -> list[Span]:
        """The lines of each proof."""
        found = []
        for number, hit in enumerate(self.hits):
            if hit in _RULES and self.hits[number - 1] not in _RULES:
                found.append((number, self._after(number, _RULES)))
        return found

    @cached_property
    def blocks(self) -> list[Span]:
        """Each place of a fact and each statement about logits, with its proof."""
        found = []
        for number, hit in enumerate(self.hits):
            if hit in _HEAD:
                found.append((number, self._after(number + 1, ("prove", *_RULES))))
            elif hit in _PLACES or (hit == "prove" and self.hits[number - 1] not in _HEAD):
                found.append((number, self._after(number + 1, _RULES)))
        return found

    @cached_property
    def facts(self) -> list[Span]:
        """Each fact with its blocks."""
        inside = (*_PLACES, "prove", *_RULES)
        return [(n, self._after(n + 1, inside)) for n, hit in enumerate(self.hits) if hit in _FACTS]

    @property
    def counted(self) -> int:
        """The line that says how many facts there are."""
        return self.hits.index("facts")

    def _after(self, start: int, words: Sequence[str]) -> int:
        """The first line from here on that is of none of these kinds."""
        while start < len(self.hits) and self.hits[start] in words:
            start += 1
        return start

    def edited(self, place: int, tokens: Sequence[str]) -> Lines:
        """The lines with one of them changed."""
        return self.spliced((place, place + 1), [" ".join(tokens)])

    def spliced(self, span: Span, new: Sequence[str]) -> Lines:
        """The lines with some of them replaced."""
        return [*self.lines[: span[0]], *new, *self.lines[span[1] :]]

    def swapped(self, first: Span, second: Span) -> Lines:
        """The lines with two spans in each other's place."""
        (a, b), (c, d) = sorted((first, second))
        lines = self.lines
        return [*lines[:a], *lines[c:d], *lines[b:c], *lines[a:b], *lines[d:]]


# -- tokens -----------------------------------------------------------------------------------------------------------


def _token_changed(text: _Text, source: random.Random) -> _Change:
    place = text.line(source)
    row = text.lines[place].split(" ")
    number = source.randrange(len(row))
    token = row[number]
    options = [t for t in _OTHERS if t != token]
    if token.lstrip("-").isdigit():
        options += [str(int(token) + step) for step in (1, -1, 2, 7)] * 3
        options += [f"-{token}", f"{token}0", f"{token}/3"]
    row[number] = source.choice(options)
    return _Change(text.hits[place], f"{token} -> {row[number]}", text.edited(place, row))


def _last_digit_changed(text: _Text, source: random.Random) -> _Change | None:
    """A number, or one end of a fraction, one more or less."""
    place = text.line(source)
    row = text.lines[place].split(" ")
    numbers = [i for i, token in enumerate(row) if _NUMBER.fullmatch(token)]
    if not numbers:
        return None
    number = source.choice(numbers)
    token = row[number]
    parts = token.split("/")
    end = source.randrange(len(parts))
    parts[end] = str(int(parts[end]) + source.choice([1, -1]))
    row[number] = "/".join(parts)
    return _Change(text.hits[place], f"{token} -> {row[number]}", text.edited(place, row))


def _token_dropped(text: _Text, source: random.Random) -> _Change:
    place = text.line(source)
    row = text.lines[place].split(" ")
    token = row.pop(source.randrange(len(row)))
    return _Change(text.hits[place], f"dropped {token}", text.edited(place, row))


def _token_doubled(text: _Text, source: random.Random) -> _Change:
    place = text.line(source)
    row = text.lines[place].split(" ")
    number = source.randrange(len(row))
    row.insert(number, row[number])
    return _Change(text.hits[place], f"doubled {row[number]}", text.edited(place, row))


def _tokens_swapped(text: _Text, source: random.Random) -> _Change:
    place = text.line(source, least=2)
    row = text.lines[place].split(" ")
    first = source.randrange(len(row))
    second = source.choice([i for i, token in enumerate(row) if token != row[first]])
    row[first], row[second] = row[second], row[first]
    return _Change(text.hits[place], f"swapped {row[first]} and {row[second]}", text.edited(place, row))


def _pair_moved(text: _Text, source: random.Random) -> _Change | None:
    """Two neighbouring tokens taken out or written twice, with the count before them corrected: other multipliers."""
    rules = [n for n, hit in enumerate(text.hits) if hit in ("lin", "qed", "sub", "maxle", "have", "cut")]
    if not rules:
        return None
    place = source.choice(rules)
    row = text.lines[place].split(" ")
    start = 5 if row[0] == "sub" else 1
    pairs = list(range(start + 1, len(row) - 1, 2))
    if not pairs or not row[start].isdigit():
        return None
    number, more = source.choice(pairs), source.choice([1, -1])
    pair = row[number : number + 2]
    row[number : number + 2] = pair * (1 + more)
    if more > 0:
        row[number + 2] = str(int(row[number + 2]) + 1) if row[number + 2].isdigit() else row[number + 2]
    row[start] = str(int(row[start]) + more)
    what = f"{'doubled' if more > 0 else 'dropped'} the pair {' '.join(pair)}"
    return _Change(text.hits[place], what, text.edited(place, row))


# -- lines ------------------------------------------------------------------------------------------------------------


def _line_dropped(text: _Text, source: random.Random) -> _Change:
    place = text.line(source)
    return _Change(text.hits[place], f"dropped {text.lines[place]}", text.spliced((place, place + 1), []))


def _line_doubled(text: _Text, source: random.Random) -> _Change:
    place = text.line(source)
    return _Change(text.hits[place], f"doubled {text.lines[place]}", text.spliced((place, place), [text.lines[place]]))


def _lines_swapped(text: _Text, source: random.Random) -> _Change | None:
    first = text.line(source)
    second = first + source.choice([1, 1, 2, 9])
    if second >= len(text.lines):
        return None
    lines = text.swapped((first, first + 1), (second, second + 1))
    return _Change(text.hits[first], f"swapped lines {first + 1} and {second + 1}", lines)


def _line_copied(text: _Text, source: random.Random) -> _Change:
    old, place = text.line(source), text.line(source)
    what = f"line {old + 1} over line {place + 1}"
    return _Change(text.hits[place], what, text.spliced((place, place + 1), [text.lines[old]]))


def _cut_short(text: _Text, source: random.Random) -> _Change:
    place = text.line(source)
    return _Change(text.hits[place], f"cut before line {place + 1}", text.lines[:place])


# -- proofs, blocks, facts --------------------------------------------------------------------------------------------


def _proof_dropped(text: _Text, source: random.Random) -> _Change:
    span = source.choice(text.proofs)
    return _Change("prove", f"dropped the proof from line {span[0] + 1} on", text.spliced(span, []))


def _proof_doubled(text: _Text, source: random.Random) -> _Change:
    a, b = source.choice(text.proofs)
    return _Change("prove", f"doubled the proof from line {a + 1} on", text.spliced((b, b), text.lines[a:b]))


def _proofs_swapped(text: _Text, source: random.Random) -> _Change | None:
    if len(text.proofs) < 2:
        return None
    first, second = source.sample(text.proofs, 2)
    what = f"swapped the proofs from lines {first[0] + 1} and {second[0] + 1} on"
    return _Change("prove", what, text.swapped(first, second))


def _block(text: _Text, source: random.Random) -> Span:
    """A block, all kinds of lines that start one alike."""
    hits = sorted({text.hits[a] for a, _ in text.blocks})
    hit = source.choice(hits)
    return source.choice([span for span in text.blocks if text.hits[span[0]] == hit])


def _block_dropped(text: _Text, source: random.Random) -> _Change:
    span = _block(text, source)
    return _Change(text.hits[span[0]], f"dropped the block from line {span[0] + 1} on", text.spliced(span, []))


def _block_doubled(text: _Text, source: random.Random) -> _Change:
    a, b = _block(text, source)
    return _Change(text.hits[a], f"doubled the block from line {a + 1} on", text.spliced((b, b), text.lines[a:b]))


def _blocks_swapped(text: _Text, source: random.Random) -> _Change | None:
    first, second = _block(text, source), _block(text, source)
    if first == second:
        return None
    what = f"swapped the blocks from lines {first[0] + 1} and {second[0] + 1} on"
    return _Change(text.hits[first[0]], what, text.swapped(first, second))


def _fact_dropped(text: _Text, source: random.Random) -> _Change:
    """A fact left out, and the number of facts corrected."""
    a, b = source.choice(text.facts)
    return _Change(text.hits[a], f"left out {text.lines[a]}", _recounted(text, text.spliced((a, b), []), -1))


def _fact_doubled(text: _Text, source: random.Random) -> _Change:
    """A fact stated and proved twice, and the number of facts corrected."""
    a, b = source.choice(text.facts)
    lines = _recounted(text, text.spliced((b, b), text.lines[a:b]), 1)
    return _Change(text.hits[a], f"doubled {text.lines[a]}", lines)


def _facts_swapped(text: _Text, source: random.Random) -> _Change | None:
    if len(text.facts) < 2:
        return None
    first, second = source.sample(text.facts, 2)
    what = f"swapped {text.lines[first[0]]} and {text.lines[second[0]]}"
    return _Change(text.hits[first[0]], what, text.swapped(first, second))


def _recounted(text: _Text, lines: Lines, more: int) -> Lines:
    lines[text.counted] = f"facts {len(text.facts) + more}"
    return lines


def _hash_changed(text: _Text, source: random.Random) -> _Change:
    word, old = text.lines[1].split(" ")
    number = source.randrange(len(old))
    digits = [d for d in "0123456789abcdefABCDEF" if d != old[number]]
    new = old[:number] + source.choice(digits) + old[number + 1 :]
    return _Change("header", f"hash {old[:8]}.. changed at digit {number}", text.edited(1, [word, new]))


# -- statements -------------------------------------------------------------------------------------------------------


def _statement_changed(text: _Text, source: random.Random) -> _Change | None:
    """One change of any kind that needs no structure, numbers more often than words."""
    kinds = [_last_digit_changed] * 5 + [_token_changed, _token_dropped, _token_doubled, _tokens_swapped]
    kinds += [_line_dropped, _line_doubled, _lines_swapped, _line_copied]
    return source.choice(kinds)(text, source)


_Maker = Callable[[_Text, random.Random], _Change | None]
_LEFT, _CORRECTED = "statement, old hash", "statement, new hash"
CHANGES: dict[str, _Maker] = {
    "token": _token_changed,
    "number +-1": _last_digit_changed,
    "token dropped": _token_dropped,
    "token doubled": _token_doubled,
    "tokens swapped": _tokens_swapped,
    "pair more or less": _pair_moved,
    "line dropped": _line_dropped,
    "line doubled": _line_doubled,
    "lines swapped": _lines_swapped,
    "line copied": _line_copied,
    "cut short": _cut_short,
    "proof dropped": _proof_dropped,
    "proof doubled": _proof_doubled,
    "proofs swapped": _proofs_swapped,
    "block dropped": _block_dropped,
    "block doubled": _block_doubled,
    "blocks swapped": _blocks_swapped,
    "fact dropped": _fact_dropped,
    "fact doubled": _fact_doubled,
    "facts swapped": _facts_swapped,
    "hash": _hash_changed,
    _LEFT: _statement_changed,
    _CORRECTED: _statement_changed,
}
"""The kinds of change. The last two change the statement; the certificate names the old one still, or the new one."""

_WEIGHTS = {"token": 4, "number +-1": 4, "pair more or less": 2}


def mutants(
    statement: str, certificate: str, count: int, seed: int, kinds: Sequence[str] | None = None
) -> Iterator[Mutant]:
    """Different changed pairs, none of them the given one; fewer than `count` if they run out.

    Parameters
    ----------
    kinds: keys of `CHANGES`; None for all. Changes of tokens are drawn more often than others.
    """
    source = random.Random(seed)
    chosen = [k for k in CHANGES if kinds is None or k in kinds]
    weights = [_WEIGHTS.get(k, 1) for k in chosen]
    texts = {True: _Text.certificate(certificate), False: _Text.statement(statement)}
    old = hashlib.sha256(statement.encode()).hexdigest()
    seen = {_digest(statement, certificate)}
    misses = 0
    while len(seen) <= count and misses < 1000:
        kind = source.choices(chosen, weights)[0]
        own = kind not in (_LEFT, _CORRECTED)
        change = CHANGES[kind](texts[own], source)
        misses += 1
        if change is None:
            continue
        made = "".join(line + "\n" for line in change.lines)
        pair = (statement, made) if own else (made, certificate)
        if kind == _CORRECTED:
            new = hashlib.sha256(made.encode("latin-1", "replace")).hexdigest()
            pair = made, certificate.replace(old, new, 1)
        digest = _digest(*pair)
        if digest not in seen:
            seen.add(digest)
            misses = 0
            yield Mutant(kind, change.hit, change.what, *pair)


def _digest(*texts: str) -> bytes:
    return hashlib.sha256("\0".join(texts).encode("utf-8", "replace")).digest()

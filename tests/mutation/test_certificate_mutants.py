"""Certificates with one place changed: rejected, or still a proof of the same statement."""

from __future__ import annotations

import random
from collections.abc import Iterator

import pytest
from flint import fmpq
from support.certified import checked, corners
from support.claims import read_claims, refuted_claims

from exactcnn.core.sizes import SizeRange
from exactcnn.prover.instance import Instance

_MUTANTS = 2400
_OTHERS = ["0", "1", "2", "-1", "1/2", "box", "same", "prove", "qed", "-", "none", "007", "1e3", "+1", "", "1_0"]


def _changed_token(rows: list[list[str]], source: random.Random) -> str:
    row = source.choice(rows)
    place = source.randrange(len(row))
    token = row[place]
    options = [t for t in _OTHERS if t != token]
    if token.lstrip("-").isdigit():
        options += [str(int(token) + step) for step in (1, -1, 2, 7)] * 3
        options += [f"-{token}", f"{token}0", f"{token}/3"]
    row[place] = source.choice(options)
    return f"{token} -> {row[place]}"


def _dropped_token(rows: list[list[str]], source: random.Random) -> str:
    row = source.choice(rows)
    return f"dropped {row.pop(source.randrange(len(row)))}"


def _doubled_token(rows: list[list[str]], source: random.Random) -> str:
    row = source.choice(rows)
    place = source.randrange(len(row))
    row.insert(place, row[place])
    return f"doubled {row[place]}"


def _swapped_tokens(rows: list[list[str]], source: random.Random) -> str:
    row = source.choice([r for r in rows if len(set(r)) > 1])
    first = source.randrange(len(row))
    second = source.choice([i for i, t in enumerate(row) if t != row[first]])
    row[first], row[second] = row[second], row[first]
    return f"swapped {row[first]} and {row[second]}"


def _dropped_line(rows: list[list[str]], source: random.Random) -> str:
    return f"dropped {' '.join(rows.pop(source.randrange(len(rows))))}"


def _doubled_line(rows: list[list[str]], source: random.Random) -> str:
    place = source.randrange(len(rows))
    rows.insert(place, list(rows[place]))
    return f"doubled {' '.join(rows[place])}"


def _swapped_lines(rows: list[list[str]], source: random.Random) -> str:
    first = source.randrange(len(rows) - 1)
    second = min(len(rows) - 1, first + source.choice([1, 1, 2, 9]))
    rows[first], rows[second] = rows[second], rows[first]
    return f"swapped lines {first} and {second}"


def _copied_line(rows: list[list[str]], source: random.Random) -> str:
    source_place, place = source.randrange(len(rows)), source.randrange(len(rows))
    rows[place] = list(rows[source_place])
    return f"line {source_place} over {place}"


def _cut_short(rows: list[list[str]], source: random.Random) -> str:
    place = source.randrange(len(rows))
    del rows[place:]
    return f"cut before line {place}"


_KINDS = [_changed_token] * 6 + [
    _dropped_token,
    _doubled_token,
    _swapped_tokens,
    _dropped_line,
    _doubled_line,
    _swapped_lines,
    _copied_line,
    _cut_short,
]


def _mutants(text: str, count: int) -> Iterator[tuple[str, str]]:
    source = random.Random(20)
    lines = text.rstrip("\n").split("\n")
    seen = {text}
    while len(seen) <= count:
        rows = [line.split(" ") for line in lines]
        what = source.choice(_KINDS)(rows, source)
        mutant = "".join(" ".join(row) + "\n" for row in rows)
        if mutant not in seen:
            seen.add(mutant)
            yield what, mutant


@pytest.mark.parametrize("part", range(4))
def test_a_mutant_is_rejected_or_still_a_proof(part: int) -> None:
    task, network, certificate = corners()
    instance = Instance(task, network, SizeRange())
    proved = checked(certificate.statement, certificate.text)[1]
    known = read_claims(certificate.text, 1)
    accepted = 0
    for number, (what, mutant) in enumerate(_mutants(certificate.text, _MUTANTS)):
        if number % 4 != part:
            continue
        valid, text = checked(certificate.statement, mutant)
        assert text.startswith("PROVED " if valid else "REJECTED line "), what
        if valid:
            accepted += 1
            assert text == proved, what
            assert refuted_claims(instance, read_claims(mutant, 1), known, fmpq(1, 2)) == [], what
    # Some changes are harmless, such as another multiplier of a fact that has slack; most are not.
    assert 0 < accepted < _MUTANTS // 4 // 8


def test_the_oracle_knows_a_wrong_claim() -> None:
    task, network, certificate = corners()
    instance = Instance(task, network, SizeRange())
    known = read_claims(certificate.text, 1)
    for right, wrong in [
        ("floor 0 0\n", "floor 0 1\n"),
        ("upper 1 0 avoid 0\n", "upper 1 -1 avoid 0\n"),
        ("lower 1 0 2 1\n", "lower 1 0 2 2\n"),
        ("right 0 1\n", "right 0 3/2\n"),
        ("wrong 0 0\n", "wrong 0 -1\n"),
        ("witness 0 3 3", "witness 1 3 3"),
    ]:
        assert right in certificate.text
        claims = read_claims(certificate.text.replace(right, wrong), 1)
        assert refuted_claims(instance, claims, known, fmpq(1, 2)), wrong
    assert refuted_claims(instance, known, read_claims("", 1), fmpq(1, 2)) == []


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("\n", "\r\n"),
        ("end\n", "end\n\n"),
        ("end\n", "end"),
        ("end\n", "end\nend\n"),
        ("exactcnn certificate 1", "exactcnn certificate 2"),
        ("exactcnn certificate 1", "\ufeffexactcnn certificate 1"),
        ("floor 0 0\n", "floor 0 -0\n"),
        ("floor 0 0\n", "floor 0 0/1\n"),
        ("floor 0 0\n", "floor  0 0\n"),
        ("floor 0 0\n", "floor 0 0 \n"),
        ("right 0 1\n", "right 0 2/2\n"),
        ("facts 9\n", "facts 09\n"),
        ("head\n", "head\nhead\n"),
        ("qed 0\n", "qed 0 \n"),
        ("\nstatement ", "\nstatement 0"),
    ],
)
def test_other_spellings_are_rejected(right: str, wrong: str) -> None:
    certificate = corners()[2]
    assert right in certificate.text
    valid, text = checked(certificate.statement, certificate.text.replace(right, wrong))
    assert not valid
    assert text.startswith("REJECTED line ")

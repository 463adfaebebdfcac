"""Certificates with one place changed: rejected, or still a proof of the same statement.

`matrix.py` beside this does the same with many more, and says what kinds of changes met which rules.
"""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from support.certificate_mutants import CHANGES, HITS, mutants
from support.certified import checked, corners
from support.claims import Judge
from support.kernel_cases import NAMES, golden
from support.small_instances import small_instance
from support.trials import Fate, Trial

SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"
_OWN = [kind for kind in CHANGES if not kind.startswith("statement")]


def _fates(trial: Trial, count: int, seed: int, kinds: Sequence[str] | None = None) -> Counter[bool]:
    """How many mutants are accepted and rejected; none wrongly."""
    assert not trial.problems
    found: Counter[bool] = Counter()
    for mutant in mutants(trial.statement, trial.certificate, count, seed, kinds):
        fate = trial.fate(mutant)
        assert not fate.problems, f"{mutant.kind}, {mutant.hit}: {mutant.what}"
        found[fate.proved] += 1
    return found


@pytest.mark.parametrize("part", range(3))
def test_mutants_of_a_certificate_with_all_kinds_of_lines(part: int) -> None:
    certificate = corners()[2]
    found = _fates(Trial(certificate.statement, certificate.text), 270, part)
    # Some changes are harmless, such as another multiplier of a fact that has slack; most are not.
    assert found.total() == 270
    assert 0 < found[True] < 270 // 4


@pytest.mark.parametrize("name", ["lamp", *NAMES])
def test_mutants_of_golden_certificates(name: str) -> None:
    found = _fates(Trial(*golden(name)), 100, 20)
    assert found.total() == 100
    assert found[True] < 50


@pytest.mark.parametrize("seed", [3, 8])
def test_mutants_of_random_certificates(seed: int) -> None:
    certificate = small_instance(seed)
    assert certificate is not None
    found = _fates(Trial(certificate.statement, certificate.text), 60, seed)
    assert found.total() == 60
    assert found[True] < 30


def test_mutants_of_a_shipped_certificate() -> None:
    texts = [(SHIPPED / f"letters.{ending}").read_text() for ending in ("stmt", "cert")]
    found = _fates(Trial(*texts, confirm=False), 12, 0, _OWN)
    assert found.total() == 12


def test_every_kind_of_change_and_of_line_occurs() -> None:
    pairs = [golden(name) for name in ("lamp", *NAMES)]
    certificate = corners()[2]
    found = [m for pair in [*pairs, (certificate.statement, certificate.text)] for m in mutants(*pair, 300, 1)]
    assert {m.kind for m in found} == set(CHANGES)
    assert {m.hit for m in found} == set(HITS)
    assert len({(m.statement, m.certificate) for m in found}) == len(found)


def test_mutants_are_reproducible() -> None:
    assert list(mutants(*golden("lamp"), 50, 7)) == list(mutants(*golden("lamp"), 50, 7))
    assert list(mutants(*golden("lamp"), 50, 7)) != list(mutants(*golden("lamp"), 50, 8))


# -- the judge --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("floor 0 0\n", "floor 0 1\n"),
        ("upper 1 0 avoid 0\n", "upper 1 -1 avoid 0\n"),
        ("upper 1 0 avoid 0\n", "upper 1 0 avoid 1\n"),
        ("lower 1 0 2 1\n", "lower 1 0 2 2\n"),
        ("right 0 1\n", "right 0 3/2\n"),
        ("right 0 1\n", "right 0 none\n"),
        ("right 0 1\n", "right 0 1/4\n"),
        ("wrong 0 0\n", "wrong 0 -1\n"),
        ("witness 0 3 3", "witness 1 3 3"),
        ("facts 9\nfloor 0 0\nbox\n", "facts 9\nfloor 0 0\n"),
    ],
)
def test_the_judge_knows_a_wrong_claim(right: str, wrong: str) -> None:
    certificate = corners()[2]
    assert right in certificate.text
    for known in (True, False):
        judge = Judge(certificate.statement)
        assert judge.refuted(judge.claims(certificate.text)) == []
        if known:
            judge.known = judge.claims(certificate.text)
        assert judge.refuted(judge.claims(certificate.text.replace(right, wrong)))


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("sum", ("sizes 1 2 2 2", "sizes 1 9 2 9")),
        ("meanmix", ("sizes 1 1 2 2", "sizes 1 1 2 3")),
        ("summax", ("sizes 1 1 2 2", "sizes 1 1 2 3")),
        ("mean", ("bias 0 3/8", "bias 0 1/8")),
        ("bytes", ("input byte", "input pixel")),
        ("maxle", ("gap 1/2", "gap 1/4")),
        ("pairs", ("margin 1/4", "margin 3/8")),
        ("mixed", ("alternative requires 0 forbids 1", "alternative requires 0 forbids")),
    ],
)
def test_the_judge_knows_another_statement(name: str, change: tuple[str, str]) -> None:
    statement, certificate = golden(name)
    assert change[0] in statement
    judge = Judge(statement.replace(*change, 1))
    assert judge.refuted(judge.claims(certificate))


def test_a_kernel_that_is_wrong_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    statement, certificate = golden("lamp")
    trial = Trial(statement, certificate)
    changed = certificate.replace("right 0 3/4", "right 0 7/8")
    mutant = next(mutants(statement, certificate, 1, 0, ["token"]))
    mutant = type(mutant)("token", "right", "3/4 -> 7/8", statement, changed)
    assert trial.fate(mutant) == Fate(False, "qed")
    answers = {
        (True, trial.line): True,
        (True, trial.line.replace("margin 1/4", "margin 1")): True,
        (False, "REJECTED line 3 rule qed: expected a kernel without errors, got KeyError"): False,
        (False, "no"): False,
    }
    for answer, proved in answers.items():
        monkeypatch.setattr("support.trials.checked", lambda *_, a=answer: a)
        fate = trial.fate(mutant)
        assert fate.problems, answer
        assert fate.proved is proved
    monkeypatch.setattr("support.trials.checked", lambda *_: 1 // 0)
    assert trial.fate(mutant).problems


def test_the_judge_reads_statements_as_they_are_written() -> None:
    statement, certificate = golden("lamp")
    other = statement.replace("margin 1/4", "margin 1/8")
    sha256 = hashlib.sha256(other.encode()).hexdigest()
    lines = certificate.splitlines(keepends=True)
    assert Trial(other, "".join([lines[0], f"statement {sha256}\n", *lines[2:]])).problems == []
    assert Trial(other, certificate).problems


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

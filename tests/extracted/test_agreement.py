"""The extracted checker and the kernel give the same answers: to shipped, golden and changed certificates."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from support.certificate_mutants import mutants
from support.certified import corners
from support.extracted import Both, Extracted, run
from support.kernel_cases import NAMES, Case, all_cases, documented, golden
from support.small_instances import small_instance

SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"


class Asked(Exception):  # noqa: N818 - no error
    """A case put a statement and a certificate to a kernel."""


class _Stub:
    """A kernel that only answers whole files, and only by saying that it was asked."""

    def check(self, *_: object) -> Any:
        raise Asked


def _about_files(case: Case) -> bool:
    try:
        case.run(_Stub())
    except Asked:
        return True
    except AttributeError:
        return False
    return False


CASES = [case for case in all_cases() if _about_files(case)]


def _shipped(name: str) -> tuple[str, str]:
    return (SHIPPED / f"{name}.stmt").read_text(), (SHIPPED / f"{name}.cert").read_text()


@pytest.mark.parametrize("name", sorted(path.stem for path in SHIPPED.glob("*.cert")))
def test_shipped_certificates_are_accepted(both: Both, name: str) -> None:
    both.ask([_shipped(name)])
    assert both.counts == {("PROVED", "PROVED"): 1}


def test_the_table_of_cases(both: Both) -> None:
    pairs: list[tuple[str, str]] = []

    class Recorder:
        def check(self, statement: io.BytesIO, certificate: io.BytesIO) -> tuple[bool, str]:
            texts = [stream.read().decode("latin-1") for stream in (statement, certificate)]
            if all(text.isascii() for text in texts):
                pairs.append((texts[0], texts[1]))
            return False, "REJECTED"

    for case in CASES:
        case.run(Recorder())
    assert len(pairs) > 200
    both.ask(pairs)
    assert not both.disagreements
    assert both.counts["PROVED", "PROVED"] >= 10
    assert both.counts["REJECTED", "REJECTED"] > 150


@pytest.mark.parametrize("name", ["lamp", *NAMES])
def test_mutants_of_golden_certificates(both: Both, name: str) -> None:
    both.ask((m.statement, m.certificate) for m in mutants(*golden(name), 200, 5))
    assert not both.disagreements
    assert both.counts.total() == 200


@pytest.mark.parametrize("seed", range(12))
def test_mutants_of_random_certificates(both: Both, seed: int) -> None:
    certificate = small_instance(seed)
    if certificate is None:
        return
    both.ask([(certificate.statement, certificate.text)])
    both.ask((m.statement, m.certificate) for m in mutants(certificate.statement, certificate.text, 60, seed))
    assert not both.disagreements
    assert both.counts["PROVED", "PROVED"]


def test_mutants_of_a_certificate_with_all_kinds_of_lines(both: Both) -> None:
    certificate = corners()[2]
    both.ask((m.statement, m.certificate) for m in mutants(certificate.statement, certificate.text, 300, 4))
    assert not both.disagreements


def test_mutants_of_a_shipped_certificate(both: Both) -> None:
    both.ask((m.statement, m.certificate) for m in mutants(*_shipped("shapes"), 12, 3))
    assert not both.disagreements
    assert both.counts["REJECTED", "REJECTED"] > 6


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["lamp", *NAMES, "digits", "signs"])
def test_a_statement_is_printed_as_it_stands(extracted: Extracted, name: str) -> None:
    text = _shipped(name)[0] if name in ("digits", "signs") else golden(name)[0]
    extracted.paths[0].write_text(text)
    done = run("--statement", extracted.paths[0])
    assert done.returncode == 0
    assert done.stdout == text
    assert done.stderr == f"sha256 {hashlib.sha256(text.encode()).hexdigest()}\n"


@pytest.mark.parametrize("length", [0, 1, 55, 56, 63, 64, 65, 119, 120, 1000])
def test_hashes_of_all_lengths(extracted: Extracted, length: int) -> None:
    statement, certificate = documented()
    statement = statement.replace("task lamp", f"task lamp{'x' * length}")
    digest = hashlib.sha256(statement.encode()).hexdigest()
    certificate = certificate.replace(certificate.split("\n")[1], f"statement {digest}")
    proved, line = extracted.check(io.BytesIO(statement.encode()), io.BytesIO(certificate.encode()))
    assert proved
    assert line == f"PROVED {digest} margin 1/4 sizes any"


@pytest.mark.parametrize("damage", [b"\xff", b"\x00", b"\r\n", b"\t", b"\n", b"", b" \n", b"end\n"])
@pytest.mark.parametrize("which", [0, 1])
def test_bytes_after_the_last_line(extracted: Extracted, which: int, damage: bytes) -> None:
    texts = [text.encode() for text in documented()]
    texts[which] += damage
    assert extracted.check(*map(io.BytesIO, texts))[0] is (damage == b"")


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ((), 4),
        (("nowhere.stmt", "nowhere.cert"), 4),
        (("--statement", "nowhere.stmt"), 4),
        (("--help",), 4),
        (("/", "/"), 4),
    ],
)
def test_what_cannot_be_read(extracted: Extracted, arguments: tuple[str, ...], code: int) -> None:
    done = run(*arguments)
    assert done.returncode == code
    assert not done.stdout
    assert done.stderr


def test_long_proofs_need_no_stack(extracted: Extracted) -> None:
    statement, certificate = documented()
    end = "qed 2 4 2 6 1\n"
    assert certificate.count(end) == 1
    long = certificate.replace(end, "have 0 1\nqed 0\n" * 300_000 + end)
    proved, _ = extracted.check(io.BytesIO(statement.encode()), io.BytesIO(long.encode()))
    assert proved


def test_more_lines_than_the_stack_holds_are_rejected(extracted: Extracted) -> None:
    statement, certificate = documented()
    head = certificate[: certificate.index("upper 0")].replace("facts 2", "facts 1")
    text = head + "floor 0 0\n" + "box\n" * 2_000_000
    proved, line = extracted.check(io.BytesIO(statement.encode()), io.BytesIO(text.encode()))
    assert not proved
    assert line.startswith("REJECTED ")

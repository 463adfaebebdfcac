"""Certificates as Coq files: what the text says. tests/coq has Coq read such files (`make coq-export`)."""

from __future__ import annotations

import hashlib
import io
import re
from pathlib import Path

import pytest
from support.coq_reader import definitions, statement_of, witnesses_of
from support.kernel_cases import NAMES, edited, golden

from exactcnn import __version__
from exactcnn.checker.references import checked
from exactcnn.core.errors import InputError
from exactcnn.formats.coq import coq_theorem
from exactcnn.formats.coq_certificate import CertificateTerms
from exactcnn.formats.coq_statement import Names
from exactcnn.formats.coq_text import integer, listed, ratio, runs
from exactcnn.formats.statement import encoded_name

SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"
GOLDEN = Path(__file__).parents[1] / "golden" / "coq" / "lamp.v"
COVERED = ("lamp", *sorted(NAMES))
HOSTILE = (
    "(* ",
    '"',
    "*)",
    '(*"*)',
    "𝄞🙂",
    "a" * 200,
    "Qed. Abort.",
    "[x]",
    "#\n",
    "\\",
    "%",
    "",
    "i0",
    "{| |}",
    "π π",
)


def _theorem(pair: tuple[str, str], name: str = "name") -> str:
    return coq_theorem(*pair, checked(*(io.BytesIO(text.encode()) for text in pair)), name, __version__)


def _shipped(name: str) -> tuple[str, str]:
    return (SHIPPED / f"{name}.stmt").read_text(), (SHIPPED / f"{name}.cert").read_text()


def _rehashed(pair: tuple[str, str]) -> tuple[str, str]:
    """The pair with the statement's name in the certificate."""
    digest = hashlib.sha256(pair[0].encode()).hexdigest()
    return pair[0], re.sub(r"statement \w{64}", f"statement {digest}", pair[1])


def test_the_documented_certificate() -> None:
    """Read it as an example: tests/golden/coq/README.md has the command that makes it anew."""
    assert _theorem(golden("lamp"), "lamp") == GOLDEN.read_text().replace("exactcnn 0.1.0", f"exactcnn {__version__}")


@pytest.mark.parametrize("name", COVERED)
def test_the_file_claims_the_statement(name: str) -> None:
    pair = golden(name)
    text = _theorem(pair)
    assert statement_of(text) == re.sub(r"\nsource \w+\n", "\nsource none\n", pair[0])
    assert witnesses_of(text) == pair[1].split("\nfacts ")[0].split("\n")[2:]


@pytest.mark.parametrize("name", ["shapes", "letters", "signs"])
def test_the_files_of_shipped_certificates_claim_their_statements(name: str) -> None:
    pair = _shipped(name)
    text = _theorem(pair)
    assert statement_of(text) == pair[0]
    assert witnesses_of(text) == pair[1].split("\nfacts ")[0].split("\n")[2:]
    assert text == _theorem(pair)
    assert max(map(len, text.partition("(** * The certificate")[0].splitlines())) <= 120


def test_witnesses_may_have_any_size() -> None:
    """Coq shortens long runs of equal rows, as the kernel does."""
    sides = "1000000 1000"
    swaps = ((f"witness {y} 1 1 {n} {n}", f"witness {y} 1 1 {sides}") for y, n in ((0, 3), (1, 1)))
    text = _theorem(edited("lamp", ("sizes 1 any 1 any", "sizes 1000000 any 1000 any"), *swaps))
    assert f"Witness 1 1 {sides} 0 0 4" in text
    assert "Lemma seen : check_witnesses claim witnesses = true." in text


@pytest.mark.parametrize(
    ("claim", "words"),
    [
        ("1/5 float32", "sizes (1 / 5)%R None"),
        ("1/4 float32 step 1/256", "sizes (1 / 4)%R (Some (1 / 256)%R)"),
        ("1/4 float32 step 1", "sizes (1 / 4)%R (Some (1 / 1)%R)"),
    ],
)
def test_margins_of_float32_execution(claim: str, words: str) -> None:
    pair = edited("lamp", ("margin 1/4", f"margin {claim}"))
    text = _theorem(pair)
    assert statement_of(text) == pair[0]
    assert f"  Executions.float_zero_error (task_of claim) (network_of claim) {words}\n" in text
    assert "Networks.zero_error" not in text
    assert "any execution in binary32" in text
    assert (f"integer multiples of {claim.split(' ')[-1]}.\n" in text) is ("step" in claim)
    assert "check_instance" not in text


def test_exact_margins_say_nothing_of_float32() -> None:
    assert "binary32" not in _theorem(golden("lamp"))
    assert "loat" not in _theorem(golden("lamp"))


@pytest.mark.parametrize("fact", ["ceiling 0 1", "upper"])
def test_facts_of_another_version_are_named(fact: str) -> None:
    terms = CertificateTerms(f"facts 1\n{fact}_new 0 1\nhead\nend\n", Names("t", ["f"], ["a", "b"]), {}, 1, [1])
    with pytest.raises(InputError, match="line 2: the checker in Coq does not know this kind of fact") as error:
        list(terms.lines())
    assert error.value.found == f"{fact}_new 0 1".split(" ")[0]


@pytest.mark.parametrize(
    ("sizes", "proposition", "words"),
    [
        ("1 any 1 any", "1 <= height /\\ 1 <= width", "height 1 or more, width 1 or more"),
        ("3 3 2 9", "height = 3 /\\ 2 <= width <= 9", "height 3, width 2 to 9"),
        ("3 any 3 3", "3 <= height /\\ width = 3", "height 3 or more, width 3"),
    ],
)
def test_sizes(sizes: str, proposition: str, words: str) -> None:
    witnesses = ("witness 0 1 1 3 3", "witness 1 1 1 1 1"), ("witness 0 1 1 3 3", "witness 1 1 1 3 3")
    pair = edited("lamp", ("sizes 1 any 1 any", f"sizes {sizes}"), (witnesses[0][1], witnesses[1][1]))
    text = _theorem(pair)
    assert f"Definition sizes (height width : Z) : Prop := {proposition}.\n" in text
    assert "sizes (1 / 4)%R\n" in text
    assert f"    of {words}, the logit" in text


def test_a_margin_that_is_an_integer() -> None:
    """The network's weights times four: a real number needs no division."""
    stmt, cert = edited(
        "lamp",
        ("margin 1/4", "margin 1"),
        ("right 0 3/4", "right 0 3"),
        ("right 1 1/2", "right 1 2"),
        ("wrong 0 1/4", "wrong 0 1"),
        ("wrong 1 1/2", "wrong 1 2"),
    )
    pair = stmt.replace("\n1\n0\nbias 0 1/2", "\n4\n0\nbias 0 2"), cert
    pair = _rehashed(pair)
    text = _theorem(pair)
    assert "sizes (1)%R\n" in text
    assert "|apply whole|" in text
    assert "  margin := Ratio 1 1;\n" in text


def _named(title: str) -> tuple[str, str]:
    """The lamp with the task's, the feature's and the first class's name replaced."""
    stmt, cert = golden("lamp")
    token = encoded_name(title)
    for word in ("task lamp", "feature bright", "class on"):
        stmt = stmt.replace(word, f"{word.split()[0]} {token}", 1)
    return _rehashed((stmt, cert))


@pytest.mark.parametrize("title", HOSTILE)
def test_names_cannot_leave_their_remarks(title: str) -> None:
    text, pair = _theorem(_named(title), title), _named(title)
    assert text.isascii()
    assert statement_of(text) == pair[0]
    plain = _theorem(golden("lamp"))
    assert _outside(text) == _outside(plain)
    # Quotation marks open strings in Coq's comments, too.
    assert '"' not in text
    assert text.count("(*") == text.count("*)") == plain.count("(*")


def _outside(text: str) -> str:
    """What stands outside comments."""
    return re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)


def test_equal_proofs_are_written_once_and_references_are_followed() -> None:
    pair = golden("avg")
    assert "\nsame " in pair[1]
    terms = definitions(_theorem(pair))
    proofs = [t for n, t in terms.items() if n.startswith("proof_")]
    assert len({repr(p) for p in proofs}) == len(proofs) < pair[1].count("\nprove") + pair[1].count("\nsame")
    found = checked(*(io.BytesIO(text.encode()) for text in pair))
    lines = pair[1].split("\n")
    assert found.same
    for here, there in found.same.items():
        assert there < here
        assert lines[here - 1].split(" ")[0] in ("same", "see")
        assert lines[there - 1].split(" ")[0] in ("prove", "see")
        assert not any(lines[i].startswith(("floor", "upper", "lower", "joint")) for i in range(there, here))


def test_pieces() -> None:
    assert [integer(3), integer(-3), integer("-12")] == ["3", "(-3)", "(-12)"]
    assert [ratio("3/4"), ratio("-3/4"), ratio("5")] == ["(Ratio 3 4)", "(Ratio (-3) 4)", "(Ratio 5 1)"]
    assert runs([0, 0, 0, -1, -1, 2]) == "[3*0; 2*(-1); 2]"
    assert (runs([]), listed([])) == ("[]", "[]")
    wrapped = listed([f"item_{n}" for n in range(40)], 4)
    assert max(map(len, wrapped.splitlines())) <= 118
    assert re.sub(r"\s+", " ", wrapped) == "[" + "; ".join(f"item_{n}" for n in range(40)) + "]"

"""A prover that lies, against the kernel: false statements with an image known that refutes them, and false facts."""

from __future__ import annotations

import io
import sys
import types
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import pytest
from support.kernel_cases import golden, verdict
from support.liar import CannotProveError, Liar

from exactcnn.checker import kernel

SOURCE = Path(kernel.__file__).read_text()
# Small ones: maxima, sums and means.
NAMES = ("lamp", "mean", "meanmix", "pairs", "sum", "summax")


def _witnesses(name: str) -> str:
    return golden(name)[1].split("\n", 2)[2].split("facts ")[0]


def _leads(name: str, statement: str) -> list[Fraction]:
    """By how much the labels of the golden witnesses lead."""
    read = kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
    lines, found = kernel.Lines(io.BytesIO(_witnesses(name).encode())), []
    for y, _ in enumerate(read.classes):
        values, q = (witness := kernel.Witness(read, lines, y, {})).logits()
        assert witness.satisfied() == [y]
        found.append(Fraction(values[y] - max(x for z, x in enumerate(values) if z != y), q))
    return found


def _too_much(name: str) -> str:
    """The statement with a margin that the witness which leads least refutes."""
    lines = golden(name)[0].split("\n")
    lines[2] = f"margin {min(_leads(name, golden(name)[0])) + Fraction(1, 1000)}"
    return "\n".join(lines)


@pytest.mark.parametrize("name", NAMES)
def test_what_is_true_is_proved(name: str) -> None:
    statement = golden(name)[0]
    assert verdict(kernel, (statement, Liar(kernel, statement).certificate(_witnesses(name))))


@pytest.mark.parametrize("name", NAMES)
def test_no_proof_of_more_than_an_image_bears(name: str) -> None:
    with pytest.raises(CannotProveError):
        Liar(kernel, _too_much(name)).certificate(_witnesses(name))


def _lies(name: str) -> list[tuple[str, str]]:
    """False statements with certificates in which all is right but the claim of one fact."""
    statement, found = _too_much(name), []
    liar = Liar(kernel, statement)
    for number, _ in enumerate(liar.found):
        with suppress(CannotProveError):
            found.append((statement, liar.certificate(_witnesses(name), (number, Fraction(300)))))
    return found


@pytest.mark.parametrize("name", NAMES)
def test_no_lie_about_a_fact_is_believed(name: str) -> None:
    lies = _lies(name)
    assert lies
    for statement, certificate in lies:
        # What refutes the statement is a witness too; one that leads enough would have to stand in its place.
        without = _patched(*_NO_WITNESSES)
        proved, text = without.check(io.BytesIO(statement.encode()), io.BytesIO(certificate.encode()))
        assert not proved
        assert " rule qed: expected " in text
        assert not verdict(kernel, (statement, certificate))


_NO_WITNESSES = ("lead = logits[y] - max(x for z, x in enumerate(logits) if z != y)", "return")

# Bugs with which some of these statements would be proved.
_BUGS = {
    "the goal's constant": ("need(wanted * abs(t) >= constant * abs(g),", "need(True,"),
    "any goal": ('need(left.keys() == goal.keys(), "the goal', 'return []\n        need(True, "the goal'),
}


def _patched(old: str, new: str, *more: str) -> types.ModuleType:
    assert old in SOURCE
    source = SOURCE.replace(_NO_WITNESSES[0], _NO_WITNESSES[1], 1).replace(old, new, 1)
    module = types.ModuleType("patched_kernel")
    sys.modules[module.__name__] = module
    exec(compile(source, "patched_kernel", "exec"), module.__dict__)
    return module


@pytest.mark.parametrize("bug", _BUGS)
def test_a_kernel_that_checks_less_believes_the_lies(bug: str) -> None:
    assert any(verdict(_patched(*_BUGS[bug]), lie) for lie in _lies("lamp"))


def test_no_lie_is_needed_where_forbidden_features_are_not_negated() -> None:
    hole = _patched("+ [-self.contains[f] for f in alternative[1]]", "+ [self.contains[f] for f in alternative[1]]")
    statement = _too_much("lamp")
    assert verdict(hole, (statement, Liar(hole, statement).certificate(_witnesses("lamp"))))

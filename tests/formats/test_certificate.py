"""The text around proofs."""

from __future__ import annotations

import re

import pytest
from flint import fmpq
from support.certified import checked, corners

from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.certificate import (
    Block,
    format_certificate,
    head_line,
    lower_line,
    plain_line,
    upper_line,
    witness_lines,
)
from exactcnn.formats.certificate_summary import summary_lines


def test_the_parts_stand_in_order() -> None:
    picture = Stretched.plain(ExactTensor.from_integers([[[0, 1]]]))
    text = format_certificate(
        "00ff", [picture, picture], [Block("floor 0 0", ["box"])], [Block("right 0 1", ["prove", "qed 0"])]
    )
    assert text == (
        "exactcnn certificate 1\nstatement 00ff\nwitness 0 1 2 1 2 0 1\n0 1\nwitness 1 1 2 1 2 0 1\n0 1\n"
        "facts 1\nfloor 0 0\nbox\nhead\nright 0 1\nprove\nqed 0\nend\n"
    )


def test_a_stretched_image_is_its_core_and_what_is_repeated() -> None:
    core = ExactTensor.from_rationals([fmpq(k, 3) for k in range(12)], (2, 2, 3))
    lines = witness_lines(4, Stretched(core, 4096, 3, -2, 1))
    assert lines == ["witness 4 2 3 4096 3 0 1", "0 1/3 2/3", "1 4/3 5/3", "2 7/3 8/3", "3 10/3 11/3"]


@pytest.mark.parametrize(
    ("line", "text"),
    [
        (plain_line(3, fmpq(-1, 2)), "floor 3 -1/2"),
        (upper_line(1, fmpq(2), ()), "upper 1 2 avoid"),
        (upper_line(1, fmpq(2), (0, 7)), "upper 1 2 avoid 0 7"),
        (lower_line(1, 2, 3, fmpq(1, 4)), "lower 1 2 3 1/4"),
        (head_line("right", (2,), fmpq(1)), "right 2 1"),
        (head_line("wrong", (2,), None), "wrong 2 none"),
        (head_line("pair", (2, 0)), "pair 2 0"),
    ],
)
def test_lines(line: str, text: str) -> None:
    assert line == text


def test_a_certificate_is_described_in_words() -> None:
    _, _, certificate = corners()
    assert checked(certificate.statement, certificate.text)[0]
    text = "\n".join(summary_lines(certificate.statement, certificate.text))
    assert 'of the task "corners"' in text
    assert "leads all others by at least 1/2" in text
    assert "classes, each with a witness image: corner-only, bar, neither" in text
    assert 'channel 0 is at most 0 on images that avoid "corner"' in text
    assert 'where a window exhibits "corner" (template 1), channel 1 reaches 1' in text
    assert 'where the formula of "bar" fails, its logit is at most 0' in text
    splits = len(re.findall(r"^split ", certificate.text, re.MULTILINE))
    assert splits > 0
    assert f"split {splits}," in text
    assert "largest number: 2 digits" in text

"""Outcomes as JSON, as text and as a page."""

from __future__ import annotations

import json
from dataclasses import replace
from html.parser import HTMLParser

import pytest
from flint import fmpq
from rich.console import Console
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.core.outcome import ClassReport, Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.report.html import outcome_page
from exactcnn.report.json_form import outcome_json
from exactcnn.report.terminal import outcome_block
from exactcnn.report.wording import claim, condition_text, evidence_text, number_text, size_text, winners
from exactcnn.task.model import Alternative, TaskClass

NAME = "<b>bar</b>"
TASK = task([feature("bar", "##")], [one_class(NAME, "bar"), one_class("[red]none", "", "bar")])
PROVED = api.verify(TASK, workers=1)
REFUTED = api.verify(TASK, next(spoilt_networks(api.build(TASK), TASK))[0], sizes="3x3..any", workers=1)
UNKNOWN = replace(
    PROVED,
    verdict=Verdict.UNKNOWN,
    margin=None,
    classes=(ClassReport(NAME), ClassReport("[red]none", vacuous="because <it> is so")),
    reason="out of ideas",
    unproved="logit >= 1",
    unproved_field=ExactTensor.full((1, 2, 3), fmpq(1, 2)),
)
ALL = [PROVED, REFUTED, UNKNOWN]


def text_of(outcome: Outcome) -> str:
    """What a pipe gets."""
    console = Console(width=140, color_system=None, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(outcome_block(outcome, TASK, network="some.xnet"))
    return capture.get()


class Tags(HTMLParser):
    """Checks that tags are closed in order, and collects what a page refers to."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.references: list[str] = []
        self.words = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.references += [value or "" for key, value in attrs if key in ("src", "href")]
        if tag not in ("meta", "img"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def test_the_outcomes_are_what_these_tests_think() -> None:
    assert [o.verdict for o in ALL] == [Verdict.PROVED, Verdict.REFUTED, Verdict.UNKNOWN]


@pytest.mark.parametrize("outcome", ALL, ids=lambda o: o.verdict.value)
def test_json_is_made_of_plain_values(outcome: Outcome) -> None:
    form = outcome_json(outcome, files=["a.png"])
    assert json.loads(json.dumps(form)) == form
    assert form["files"] == ["a.png"]
    assert [c["name"] for c in form["classes"]] == list(outcome.class_names)
    assert ("counterexample" in form) == (outcome.verdict is Verdict.REFUTED)
    assert ("unproved_field" in form) == (outcome.verdict is Verdict.UNKNOWN)


def test_counts_beyond_doubles_are_texts() -> None:
    assert outcome_json(replace(PROVED, configurations=2**53))["configurations"] == 2**53
    assert outcome_json(replace(PROVED, configurations=2**53 + 1))["configurations"] == str(2**53 + 1)
    assert outcome_json(replace(PROVED, configurations=None))["configurations"] is None


def test_stretched_images_are_cores_in_json() -> None:
    large = api.verify(TASK, sizes="300x400", workers=1)
    image = outcome_json(large)["witnesses"][0]["image"]
    assert (image["height"], image["width"]) == (300, 400)
    assert len(image["core"][0]) < 20
    assert 0 <= image["repeated_row"] < len(image["core"][0])
    assert 0 <= image["repeated_column"] < len(image["core"][0][0].split(" "))


@pytest.mark.parametrize("outcome", ALL, ids=lambda o: o.verdict.value)
def test_the_page_is_well_formed_and_self_contained(outcome: Outcome) -> None:
    page = outcome_page(outcome, TASK, network="<net>.onnx")
    tags = Tags()
    tags.feed(page)
    assert tags.open == []
    assert tags.references
    assert all(r.startswith("data:image/png;base64,") for r in tags.references)
    assert "<script" not in page
    assert "<b>bar" not in page
    assert NAME in tags.words
    assert "<net>.onnx" in tags.words
    assert outcome.verdict.value in tags.words
    assert ("Every obligation" in tags.words) == (outcome.verdict is Verdict.PROVED)


@pytest.mark.parametrize("outcome", ALL, ids=lambda o: o.verdict.value)
def test_the_text_names_everything(outcome: Outcome) -> None:
    text = text_of(outcome)
    assert text.startswith(outcome.verdict.value)
    assert NAME in text
    assert "[red]none" in text
    assert "some.xnet" in text
    assert "\x1b" not in text


def test_the_text_of_a_refutation_shows_label_logits_windows_and_picture() -> None:
    text = text_of(REFUTED)
    assert REFUTED.counterexample is not None
    assert f'label     "{REFUTED.counterexample.label}"' in text
    assert "largest" in text
    assert "█" in text or "▓" in text
    witness = text_of(replace(REFUTED, counterexample=PROVED.classes[0].witness))
    assert "template" in witness


def test_the_text_of_no_answer_says_what_is_missing() -> None:
    text = text_of(UNKNOWN)
    assert "out of ideas; logit >= 1" in text
    assert "receptive field" in text
    assert "because <it> is so" in text


def test_ties_and_overtaking_are_worded_apart() -> None:
    example = REFUTED.counterexample
    assert example is not None
    tied = replace(REFUTED, counterexample=replace(example, logits=(fmpq(1), fmpq(1))))
    assert "is tied between" in claim(tied)
    index = REFUTED.class_names.index(example.label)
    taken = replace(REFUTED, counterexample=replace(example, logits=tuple(fmpq(i != index) for i in range(2))))
    assert "is taken for" in claim(taken)
    assert winners([fmpq(1), fmpq(2), fmpq(2)], ["a", "b", "c"]) == ["b", "c"]


def test_long_fractions_are_shortened_and_said_to_be() -> None:
    assert number_text(fmpq(1, 3)) == "1/3"
    middle = number_text(fmpq(10**30 + 1, 3))
    assert middle.startswith("1000000000000000000000000000001/3 (about 3.33333e+29")
    assert "about 1e-5000 (a fraction of 5003 characters)" in number_text(fmpq(1, 10**5000)).lower()


@pytest.mark.parametrize(
    ("sizes", "expected"), [("any", "of any size"), ("3x4", "of size 3x4"), ("3x4..any", "of sizes 3x4..any")]
)
def test_sizes_in_words(sizes: str, expected: str) -> None:
    assert size_text(SizeRange.parse(sizes)) == expected


def test_conditions_in_words() -> None:
    several = TaskClass("c", (Alternative(frozenset("ab"), frozenset("c")), Alternative(frozenset(), frozenset("d"))))
    assert condition_text(several) == "contains a and b, avoids c; or avoids d"
    assert condition_text(TaskClass("c", (), otherwise=True)) == "is of no other class"
    assert condition_text(TaskClass("c", (Alternative(),))) == "is any image"


def test_evidence_names_the_statement_or_the_solver() -> None:
    assert PROVED.certificate is not None
    assert evidence_text(PROVED).endswith(f"checked by the kernel; statement {PROVED.certificate.sha256}")
    assert "z3" in evidence_text(replace(PROVED, evidence="smt", solvers=("z3 5",), certificate=None))
    assert evidence_text(REFUTED).startswith("replay")
    assert evidence_text(replace(PROVED, evidence="none", solvers=())) == "none"

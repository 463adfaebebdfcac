"""What objects show in notebooks."""

from __future__ import annotations

import sys
from dataclasses import replace
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest
from flint import fmpq
from support.tiny import feature, numbers, one_class, task

import exactcnn
from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.core.outcome import ClassReport, Outcome, Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.report import notebook
from exactcnn.report.notebook import (
    certificate_html,
    enable,
    example_html,
    feature_html,
    image_html,
    network_html,
    outcome_html,
    rational_latex,
    stretched_html,
    task_html,
)
from exactcnn.report.plots.templates import features_figure
from exactcnn.task.model import Alternative, PixelRange, Task, TaskClass

HOSTILE = [
    "<script>alert(1)</script>",
    "\"><img src=x onerror='alert(1)'>",
    "fox \N{FOX FACE}",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil\x07",
    "\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}",
    "y" * 200,
]


def named(name: str) -> Task:
    """A task whose every name is or has this one."""
    features = [feature(name, "##"), feature("other " + name, "#", gap="1/4")]
    classes = [TaskClass("c" + name, (Alternative(frozenset({name})),)), TaskClass(name, otherwise=True)]
    return replace(task(features, classes), name=name)


TASK = task([feature("bar", "##")], [one_class("yes", "bar"), one_class("no", "", "bar")])
NETWORK = api.build(TASK)
PROVED = api.verify(TASK, workers=1)
REFUTED = api.verify(TASK, next(spoilt_networks(NETWORK, TASK))[0], sizes="3x3..any", workers=1)


class Page(HTMLParser):
    """Tags and words; fails on tags that are not closed in order."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: set[str] = set()
        self.attributes: list[tuple[str, str | None]] = []
        self.words = ""
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.add(tag)
        self.attributes += attrs
        if tag not in ("img", "br"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words += data


def safe(html: str) -> str:
    """The words of a page, after checking that it runs nothing and loads nothing."""
    page = Page(html)
    assert page.seen.isdisjoint({"script", "a", "link", "iframe", "object", "style"})
    for name, value in page.attributes:
        assert not name.startswith("on")
        assert name not in ("href", "srcset")
        if name == "src":
            assert value is not None
            assert value.startswith("data:image/png;base64,")
    return page.words


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_are_only_ever_text(name: str) -> None:
    subject = named(name)
    network = api.build(subject)
    outcome = api.verify(subject, network, workers=1)
    assert outcome.certificate is not None
    witness = outcome.classes[0].witness
    assert witness is not None
    pages = [
        task_html(subject),
        feature_html(subject.features[0]),
        network_html(network),
        outcome_html(outcome),
        outcome_html(replace(outcome, classes=(ClassReport(name, vacuous=name),), reason=name, unproved=name)),
        example_html(witness, outcome.class_names),
        image_html(ExactTensor.zeros((1, 2, 2)), None, name),
        certificate_html(outcome.certificate),
    ]
    words = [safe(page) for page in pages]
    shown = name.replace("\N{RIGHT-TO-LEFT OVERRIDE}", "<U+202E>").replace("\x07", "<U+0007>")
    for number in (0, 1, 3, 4, 5, 6, 7):
        assert shown in words[number], number


def test_a_task_lists_features_and_classes() -> None:
    words = safe(task_html(TASK))
    assert "bar: 1x2, gap 1/2" in words
    assert "contains bar" in words
    assert "avoids bar" in words


def test_pixels_show_their_exact_values() -> None:
    words = safe(image_html(numbers([[["1/3", "0"]]], (1, 1, 2))))
    assert "row 0, column 0: 1/3" in words
    assert "row 0, column 1: 0" in words
    colour = safe(image_html(numbers([[["1/3"]], [["0"]], [["1"]]], (3, 1, 1))))
    assert "row 0, column 0: 1/3, 0, 1" in colour


def test_large_images_and_odd_channels_are_pictures_without_values() -> None:
    assert "<title>" not in image_html(ExactTensor.zeros((1, 33, 33)))
    assert "<title>" not in image_html(ExactTensor.zeros((2, 3, 3)))
    assert "<title>" in image_html(ExactTensor.zeros((1, 32, 32)))
    words = safe(stretched_html(Stretched(ExactTensor.zeros((1, 2, 2)), 4096, 4096)))
    assert "only the core" in words


def test_images_beyond_the_usual_range_are_drawn_whole() -> None:
    image = numbers([[["-1", "3"]]], (1, 1, 2))
    assert 'fill="#000000"' in image_html(image)
    assert 'fill="#ffffff"' in image_html(image)
    assert 'fill="#808080"' in image_html(numbers([[["0"]]], (1, 1, 1)), PixelRange(fmpq(-1), fmpq(1)))


@pytest.mark.parametrize(
    ("value", "expected"),
    [(fmpq(7, 8), "$\\frac{7}{8}$"), (fmpq(-1, 2), "$-\\frac{1}{2}$"), (fmpq(3), "$3$"), (fmpq(-3), "$-3$")],
)
def test_fractions_as_formulas(value: fmpq, expected: str) -> None:
    assert rational_latex(value) == expected


def test_verdicts_say_what_they_found() -> None:
    assert "every admissible image of any size is classified right" in safe(outcome_html(PROVED))
    assert "witness of yes: leads by 1" in safe(outcome_html(PROVED))
    refuted = safe(outcome_html(REFUTED))
    assert "The counterexample:" in refuted
    assert "the label" in refuted
    assert "witness of" not in refuted
    field = ExactTensor.full((1, 2, 3), fmpq(1, 2))
    unknown: Outcome = replace(PROVED, verdict=Verdict.UNKNOWN, margin=None, unproved_field=field, reason="why")
    assert "A receptive field that shows why" in safe(outcome_html(unknown))


def test_tensors_that_are_no_images_show_as_text() -> None:
    assert notebook._tensor_html(ExactTensor.zeros((2, 2))) is not None
    assert notebook._tensor_html(ExactTensor.zeros((3, 2, 2))) is not None
    assert notebook._tensor_html(ExactTensor.zeros((5, 2, 2))) is None
    assert notebook._tensor_html(ExactTensor.zeros((4,))) is None
    assert notebook._tensor_html(ExactTensor.zeros((0, 2))) is None


class Formatter:
    """IPython's formatter, as far as it is used."""

    def __init__(self) -> None:
        self.found: dict[object, object] = {}

    def for_type(self, kind: type, function: object) -> None:
        self.found[kind] = function

    def for_type_by_name(self, module: str, name: str, function: object) -> None:
        self.found[f"{module}.{name}"] = function


class Shell:
    """IPython's shell, as far as it is used."""

    def __init__(self) -> None:
        self.display_formatter = self
        self.formatters = {kind: Formatter() for kind in ("text/html", "text/latex")}


def test_the_extension_registers_what_there_is() -> None:
    shell = Shell()
    exactcnn.load_ipython_extension(shell)  # type: ignore[attr-defined]
    assert {Task, Outcome, ExactTensor} <= shell.formatters["text/html"].found.keys()
    assert fmpq in shell.formatters["text/latex"].found
    draw = shell.formatters["text/html"].found["matplotlib.figure.Figure"]
    assert callable(draw)
    assert draw(features_figure(TASK)).startswith('<img alt="figure"')


def test_the_running_shell_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    shells: list[Shell | None] = [Shell(), None]
    monkeypatch.setitem(sys.modules, "IPython", SimpleNamespace(get_ipython=lambda: shells[0]))
    enable()
    first = shells.pop(0)
    assert first is not None
    assert Task in first.formatters["text/html"].found
    enable()

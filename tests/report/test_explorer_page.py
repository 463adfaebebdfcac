"""The explorer's page as a text: self-contained, safe with any name, small."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
from html.parser import HTMLParser
from typing import Any

import pytest
from flint import fmpq
from support.explorer_pages import HOSTILE, hostile_task, page, shipped_page, unproved

from exactcnn import api
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Example, Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.examples import catalogue
from exactcnn.report import explorer_data
from exactcnn.report.explorer_page import explorer_script
from exactcnn.report.plots.theme import DARK, LIGHT, Theme
from exactcnn.task.decide import decide
from exactcnn.task.model import Alternative, Task, TaskClass

MEGABYTE = 1_000_000


class Elements(HTMLParser):
    """The elements of a page with their attributes and texts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []
        self.texts: dict[str, str] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        if self.found:
            tag, attributes = self.found[-1]
            self.texts.setdefault(attributes.get("id") or tag, data)


def data_of(text: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(Elements(text).texts["data"])
    return found


def test_the_page_of_the_demo_is_small() -> None:
    assert len(shipped_page("shapes").encode()) < 2 * MEGABYTE


def test_nothing_is_loaded_and_nothing_else_may_run() -> None:
    elements = Elements(shipped_page("shapes"))
    policy = next(a["content"] for t, a in elements.found if t == "meta" and a.get("http-equiv"))
    assert policy is not None
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for tag, attributes in elements.found:
        assert "src" not in attributes
        assert not any(name.startswith("on") or name == "style" for name in attributes)
        assert tag not in ("link", "iframe", "object", "embed", "form", "base")
        if tag == "a":
            assert (attributes["href"] or "").startswith("#")
    for kind, text in (("script", elements.texts["script"]), ("style", elements.texts["style"])):
        digest = base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
        assert f"{kind}-src 'sha256-{digest}'" in policy


def test_the_script_is_the_modules() -> None:
    assert Elements(shipped_page("shapes")).texts["script"] == explorer_script()


def test_hostile_names_stay_in_the_data() -> None:
    task = hostile_task()
    text = page(task, unproved(task, reason=" ".join(HOSTILE)))
    assert [tag for tag, _ in Elements(text).found].count("script") == 2
    data = data_of(text)
    assert all(name in data["answer"]["claim"] for name in HOSTILE)
    assert data["task"] == task.name
    # What follows the names is still there, and no name was read as a place to put something.
    assert text.count(explorer_script()) == 1
    assert text.rstrip().endswith("</html>")


def test_the_title_is_escaped() -> None:
    task = hostile_task()
    text = page(task, unproved(task))
    assert "</title><script>" not in text
    assert f"<title>UNKNOWN: {html.escape(task.name)}</title>" in text


def test_generated_images_are_what_they_say() -> None:
    task = api.load_task(catalogue.path("shapes"))
    data = data_of(shipped_page("shapes"))
    assert len(data["images"]) >= 30
    assert {entry["label"] for entry in data["images"]} == {c.name for c in task.classes}
    for entry in data["images"][::7]:
        height, width = entry["height"], entry["width"]
        for text in entry["bytes"]:
            values = [fmpq(k, 255) for k in base64.b64decode(text)]
            image = ExactTensor.from_rationals(values, (len(values),)).reshape(1, height, width)
            decision = decide(task, image)
            assert decision.label == entry["label"]
            assert decision.configuration == {task.features[f].name for f in entry["features"]}


def test_without_a_certificate_the_page_says_why() -> None:
    task = api.load_task(catalogue.path("shapes"))
    for verdict, words in (
        (Verdict.UNKNOWN, "neither a proof nor an image"),
        (Verdict.VACUOUS, "no admissible image"),
        (Verdict.PROVED, "No certificate is at hand"),
    ):
        data = data_of(page(task, unproved(task, verdict)))
        assert data["certificate"] is None
        assert words in data["noCertificate"]


def test_a_large_certificate_is_left_out_and_the_page_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_data, "_LARGEST_CERTIFICATE", 1000)
    task = api.load_task(catalogue.path("shapes"))
    data = data_of(page(task, api.verify(task, api.build(task))))
    assert data["certificate"] is None
    assert "too much for a page" in data["noCertificate"]
    assert data["answer"]["verdict"] == "PROVED"


def test_a_large_network_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(explorer_data, "_LARGEST_STATEMENT", 1000)
    task = api.load_task(catalogue.path("shapes"))
    with pytest.raises(InputError, match="too large for a page"):
        page(task, unproved(task))


def test_a_large_counterexample_is_shown_by_its_core() -> None:
    task = hostile_task()
    core = Stretched(ExactTensor.full((1, 2, 2), fmpq(0)), 5000, 5000)
    label = task.classes[-1].name
    example = Example(core, label, (), (), (fmpq(1),) * len(task.classes))
    outcome = unproved(task, Verdict.REFUTED)
    text = page(task, type(outcome)(**{**outcome.__dict__, "counterexample": example}))
    found = data_of(text)["counterexample"]
    assert (found["whole"], found["height"], len(found["pixels"][0])) == (False, 5000, 2)


def test_many_features_and_configurations_stay_small() -> None:
    base = api.load_task(catalogue.path("shapes")).features[0]
    features = tuple(type(base)(f"f{n}", base.templates, base.gap) for n in range(60))
    names = [f.name for f in features]
    classes = (TaskClass("some", tuple(Alternative(frozenset({n})) for n in names)), TaskClass("none", otherwise=True))
    task = Task("many", features, classes)
    text = page(task, unproved(task))
    data = data_of(text)
    # All features are the same here, so that no image contains just one; the page says that there are none.
    assert len(data["images"]) + len(data["missing"]) <= 64
    assert data["more"] is True
    assert len(text) < 2 * MEGABYTE


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_colours_are_those_of_the_figures(theme: Theme) -> None:
    style = Elements(shipped_page("shapes")).texts["style"]
    start = style.index(":root {") if theme is LIGHT else style.index(':root[data-theme="dark"]')
    block = style[start : style.index("}", start)]
    found = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", block))
    for name in ("paper", "ink", "dim", "line", "first", "second", "third", "fourth", "free"):
        assert found[name] == getattr(theme, name), name


def test_the_two_dark_themes_are_one() -> None:
    style = Elements(shipped_page("shapes")).texts["style"]
    blocks = re.findall(r"\{\s*(color-scheme: dark;[^}]*)\}", style)
    assert len(blocks) == 2
    assert len({re.sub(r"\s+", " ", block) for block in blocks}) == 1

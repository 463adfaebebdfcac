"""What the page says of images and certificates, in a real browser, against the package and the kernel."""

from __future__ import annotations

import random
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from flint import fmpq
from support.certified import checked, corners
from support.explorer_pages import page_of_texts, until
from support.kernel_cases import NAMES, golden

from exactcnn.core.rational import format_rational
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.statement_reader import Statement
from exactcnn.network.evaluate import logits
from exactcnn.report.json_form import image_json
from exactcnn.task.decide import decide
from exactcnn.task.generator import generate_configuration

Open = Callable[..., Any]
SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"

# Each image goes the way that a painted one goes, and what is read back is what the reader sees, and the exact state.
READ = """images => images.map(({ pixels, rows, columns, changes }) => {
  explorer.show(explorer.written(pixels), rows, columns, "given");
  explorer.paint(changes.map(([place]) => place), changes.map(([, text]) => explorer.written([[text]])[0]));
  explorer.evaluate();
  const text = x => x === null ? null : x.q === 1n ? `${x.p}` : `${x.p}/${x.q}`;
  const { decision, evaluation } = explorer.found;
  const words = [...document.querySelectorAll(".statuses tr")].map(row => row.querySelector(".word").textContent);
  return {
    said: document.querySelector(".decision .big").textContent,
    shown: [...document.querySelectorAll(".logits .number")].map(e => e.title),
    words,
    label: decision.label,
    chosen: explorer.feature,
    statuses: decision.statuses.map(s => [s.state, s.exhibiting.length, text(s.nearest)]),
    logits: evaluation.logits.map(text),
  };
})"""
WORDS = {"contains": "contained", "avoids": "avoided", "neither": "almost there"}


@cache
def _texts(name: str) -> tuple[str, str]:
    """A statement and its certificate."""
    if name == "corners":
        certificate = corners()[2]
        return certificate.statement, certificate.text
    return (SHIPPED / f"{name}.stmt").read_text("ascii"), (SHIPPED / f"{name}.cert").read_text("ascii")


def _case(about: Statement, source: random.Random, seed: int) -> tuple[dict[str, Any], ExactTensor]:
    """A generated image, or an empty one, with some pixels painted over, with values of all kinds."""
    task = about.task
    low, span = task.pixel.low, task.pixel.high - task.pixel.low
    side = max(task.largest_window) + source.randint(1, 12)
    names = source.sample([f.name for f in task.features], k=min(len(task.features), source.randint(0, 2)))
    blank = ExactTensor.full((len(task.channels), side, side + 1), low)
    made = generate_configuration(task, frozenset(names), count=1, height=side, width=side + 1, seed=seed)
    image = next((sample.image for sample in made), blank)
    values = image.rationals()
    changes = []
    for _ in range(source.choice([0, 0, 1, 1, 2, 5])):
        place = source.randrange(len(values))
        share = source.choice([fmpq(0), fmpq(1), fmpq(1, 64), fmpq(31, 32), fmpq(source.randrange(998), 997)])
        values[place] = low + span * share
        changes.append([place, format_rational(values[place])])
    painted = ExactTensor.from_rationals(values, (len(values),)).reshape(*image.shape)
    return {"pixels": image_json(image), "rows": side, "columns": side + 1, "changes": changes}, painted


@pytest.mark.parametrize(("name", "count"), [("shapes", 140), ("signs", 60), ("letters", 60), ("corners", 240)])
def test_painted_images(opened: Open, name: str, count: int) -> None:
    text, about = page_of_texts(_texts(name)[0])
    source = random.Random(name)
    cases = [_case(about, source, seed) for seed in range(count)]
    answers = opened(text).evaluate(READ, [case for case, _ in cases])
    labels = [c.name for c in about.task.classes]
    seen = set()
    for answer, (_, image) in zip(answers, cases, strict=True):
        decision = decide(about.task, image)
        assert answer["statuses"] == [
            [s.state, s.exhibiting_count, None if s.nearest is None else format_rational(s.nearest)]
            for s in decision.statuses
        ]
        words = [WORDS[s.state] for s in decision.statuses]
        # Where there are many features, those that are avoided are folded, but for the one that is looked for.
        folded = [w for n, w in enumerate(words) if n == answer["chosen"] or w != "avoided"]
        assert answer["words"] == (words if len(words) <= 14 else folded[:14])
        values = logits(about.network, image.reshape(1, *image.shape), about.task.pixel).rationals()
        assert answer["logits"] == [format_rational(v) for v in values]
        assert [t.split(" ")[0] for t in answer["shown"]][: len(values)] == answer["logits"]
        assert answer["label"] == (None if decision.label is None else labels.index(decision.label))
        said = "✗Not admissible" if decision.label is None else f"Admissible: {decision.label}"
        assert said in answer["said"]
        seen.add(answer["said"].split(" ")[0])
    assert len(seen) > 1


def test_a_painted_image_with_real_presses(opened: Open) -> None:
    text, about = page_of_texts(_texts("corners")[0])
    page = opened(text, height=2400)
    page.evaluate("explorer.show(new Array(64).fill(explorer.task.low), 8, 8, 'blank')")
    field = page.get_by_label("value to paint with, as a fraction or a decimal")
    image = [[fmpq(0)] * 8 for _ in range(8)]
    page.locator(".image-frame").scroll_into_view_if_needed()
    box = page.locator(".image-frame canvas").bounding_box()
    source = random.Random(7)
    for _ in range(12):
        row, column, value = source.randrange(8), source.randrange(8), fmpq(source.randrange(14), 13)
        field.fill(format_rational(value))
        page.mouse.click(box["x"] + (column + 0.5) * box["width"] / 8, box["y"] + (row + 0.5) * box["height"] / 8)
        image[row][column] = value
    # A stroke from one corner to the other.
    field.fill("0.75")
    page.mouse.move(box["x"] + 4, box["y"] + 4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] - 4, box["y"] + box["height"] - 4, steps=3)
    page.mouse.up()
    for place in range(8):
        image[place][place] = fmpq(3, 4)
    until(page, "explorer.waiting === 0")
    tensor = ExactTensor.from_rationals([v for row in image for v in row], (64,)).reshape(1, 8, 8)
    found = page.evaluate("explorer.pixels.map(x => x.q === 1n ? `${x.p}` : `${x.p}/${x.q}`)")
    assert found == [format_rational(v) for v in tensor.rationals()]
    shown = page.eval_on_selector_all(".logits .number", "all => all.map(e => e.title.split(' ')[0])")
    values = logits(about.network, tensor.reshape(1, 1, 8, 8), about.task.pixel).rationals()
    assert shown == [format_rational(v) for v in values]
    for _ in range(13):
        page.get_by_role("button", name="Undo").click()
    assert page.evaluate("explorer.pixels.every(x => x.p === 0n)")


def test_values_outside_the_range_are_not_painted(opened: Open) -> None:
    page = opened(page_of_texts(_texts("corners")[0])[0])
    field = page.get_by_label("value to paint with, as a fraction or a decimal")
    for wrong in ("3/2", "-1", "one", "1/0", ""):
        field.fill(wrong)
        assert field.get_attribute("aria-invalid") == "true"
    field.blur()
    assert field.input_value() == "1"


def _spoilt(pair: tuple[str, str], source: random.Random) -> tuple[str, str]:
    """The certificate with one number changed."""
    statement, text = pair
    lines = text.split("\n")
    numbered = [n for n, line in enumerate(lines) if n > 1 and any(t.isdigit() for t in line.split(" "))]
    number = source.choice(numbered)
    tokens = lines[number].split(" ")
    place = source.choice([i for i, t in enumerate(tokens) if t.isdigit()])
    tokens[place] = str(int(tokens[place]) + 1)
    lines[number] = " ".join(tokens)
    return statement, "\n".join(lines)


def test_the_checker_in_the_page_and_the_kernel(opened: Open) -> None:
    source = random.Random(3)
    pairs = [golden(name) for name in NAMES]
    pairs += [_spoilt(pair, source) for pair in pairs for _ in range(3)]
    page = opened(page_of_texts(_texts("corners")[0])[0])
    answers = page.evaluate("pairs => pairs.map(([a, b]) => explorer.check(a, b).text)", pairs)
    for pair, answer in zip(pairs, answers, strict=True):
        proved, text = checked(*pair)
        assert answer.split(" ")[0] == ("PROVED" if proved else "REJECTED")
        if proved:
            assert answer == text
        else:
            assert answer.split(" ")[:5] == text.split(" ")[:5]


def test_the_buttons_of_the_proof(opened: Open) -> None:
    page = opened(page_of_texts(*_texts("corners"))[0])
    proof = page.locator("#proof")
    proof.get_by_role("button", name="Check the whole certificate here").click()
    proof.locator(".result.right").wait_for()
    assert "PROVED" in proof.locator(".result.right").inner_text()
    proof.get_by_role("button", name="Break a number somewhere").click()
    proof.locator(".check-output mark").first.wait_for()
    entry = proof.locator("details.entry").first
    entry.locator("summary").first.click()
    entry.get_by_role("button", name="Break a number").first.click()
    entry.locator(".result").first.wait_for()
    assert "REJECTED" in entry.locator(".result").first.inner_text()
    assert entry.locator("mark").count() == 2
    entry.get_by_role("button", name="Put it back").first.click()
    assert entry.locator(".result").count() == 0


def test_every_obligation_can_be_opened(opened: Open) -> None:
    page = opened(page_of_texts(*_texts("corners"))[0])
    opened_all = """() => {
      for (let round = 0; round < 30; round += 1) {
        for (const more of document.querySelectorAll("#proof button.more")) more.click();
        for (const entry of document.querySelectorAll("#proof details:not([open])")) {
          entry.open = true;
          entry.dispatchEvent(new Event("toggle"));
        }
      }
      const all = selector => [...document.querySelectorAll(selector)];
      return [all("#proof .bad").map(e => e.textContent), all("#proof .step").length, all("#proof .closes").length];
    }"""
    bad, steps, closed = page.evaluate(opened_all)
    assert bad == []
    certificate = _texts("corners")[1].split("\n")
    rules = ("lin", "sub", "chord", "maxle", "have", "split", "cut", "choose", "qed")
    assert steps == sum(line.split(" ")[0] in rules for line in certificate)
    assert closed == sum(line.split(" ")[0] == "qed" for line in certificate)


@pytest.mark.parametrize("name", NAMES)
def test_every_kind_of_network_has_its_page(opened: Open, name: str) -> None:
    shown = opened(page_of_texts(*golden(name))[0])
    for section in ("#task", "#images", "#network", "#proof"):
        shown.locator(section).scroll_into_view_if_needed()
    until(shown, "document.querySelectorAll('#network .level').length > 2")
    for entry in shown.locator("#network details, #proof details.entry").all():
        entry.evaluate("e => { e.open = true; }")
    shown.locator("#proof").get_by_role("button", name="Check the whole certificate here").click()
    shown.locator("#proof .result.right").first.wait_for()
    assert shown.locator("#proof .bad").count() == 0

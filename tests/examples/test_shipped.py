"""Every shipped task: sound, safe, admissible images, and the same as its script makes it."""

from __future__ import annotations

import runpy
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq

from exactcnn import api
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.examples import catalogue
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Conv2d, Dense, Network
from exactcnn.task.audit import audit
from exactcnn.task.decide import decide
from exactcnn.task.generator import generate
from exactcnn.task.model import Task

TOOLS = Path(__file__).parents[2] / "tools"
HALF = fmpq(1, 2)

# A size with room for some features, the least lead, and how many configurations have exactly one class.
SHIPPED = {
    "digits": ((12, 12), fmpq(1), 10),
    "letters": ((32, 40), HALF, 2**26),
    "shapes": ((28, 28), HALF, 2**6),
    "signs": ((32, 32), HALF, 2**8),
}


@lru_cache
def task_of(name: str) -> Task:
    return api.load_task(catalogue.path(name))


@lru_cache
def network_of(name: str) -> Network:
    return api.build(task_of(name))


def verified(name: str, sizes: str) -> Outcome:
    # Only the digits have enough templates for a second process to pay.
    return api.verify(task_of(name), network_of(name), sizes=sizes, workers=2 if name == "digits" else 1)


def check_proved(name: str, outcome: Outcome) -> None:
    assert outcome.verdict is Verdict.PROVED
    assert outcome.margin == SHIPPED[name][1]
    assert outcome.margin_attained
    assert outcome.configurations == SHIPPED[name][2]
    witnesses = {report.name: report.witness for report in outcome.classes}
    assert list(witnesses) == [c.name for c in task_of(name).classes]
    for label, witness in witnesses.items():
        assert witness is not None
        assert decide(task_of(name), witness.picture.image()).label == label


def test_catalogue() -> None:
    assert catalogue.names() == tuple(SHIPPED)
    with pytest.raises(KeyError):
        catalogue.path("mnist")


@pytest.mark.parametrize("name", SHIPPED)
def test_file(name: str) -> None:
    file = catalogue.path(name)
    text = file.read_bytes()
    assert len(text) < 300_000
    assert text.startswith(b"# " + name.capitalize().encode())
    assert b"\r" not in text
    assert task_of(name).name == name
    assert task_of(name).generator is not None


@pytest.mark.parametrize("name", SHIPPED)
def test_weights_are_dyadic(name: str) -> None:
    """The default arithmetic: every weight is a fraction whose denominator is a power of two."""
    layers = [layer for layer in network_of(name).layers if isinstance(layer, Conv2d | Dense)]
    assert layers
    for layer in layers:
        for tensor in (layer.weight, layer.bias):
            assert tensor is None or tensor.denominator & (tensor.denominator - 1) == 0


@pytest.mark.parametrize("name", SHIPPED)
def test_proved_at_any_size(name: str) -> None:
    check_proved(name, verified(name, "any"))


@pytest.mark.parametrize("name", SHIPPED)
def test_proved_at_a_size(name: str) -> None:
    height, width = SHIPPED[name][0]
    check_proved(name, verified(name, f"{height}x{width}"))


@pytest.mark.parametrize("name", SHIPPED)
def test_generator_is_safe_at_any_size(name: str) -> None:
    result = audit(task_of(name), SizeRange.parse("any"))
    assert result.verdict is Verdict.PROVED
    assert result.targets == sum(len(f.templates) for f in task_of(name).features)


@pytest.mark.parametrize("name", SHIPPED)
def test_generated_images(name: str) -> None:
    task, (height, width) = task_of(name), SHIPPED[name][0]
    classes = [c.name for c in task.classes]
    samples = list(generate(task, count=6, height=height, width=width, seed=3))
    scores = [
        logits(network_of(name), s.image.reshape(1, len(task.channels), height, width), task.pixel)[0].rationals()
        for s in samples
    ]
    assert len({s.label for s in samples}) > 1
    for sample, outputs in zip(samples, scores, strict=True):
        decision = decide(task, sample.image)
        assert decision.label == sample.label
        assert decision.configuration == sample.configuration
        label = outputs.pop(classes.index(sample.label))
        assert label - max(outputs) >= SHIPPED[name][1]


@pytest.mark.parametrize("name", ["letters", "digits"])
def test_script_makes_the_committed_file(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    if name == "digits":
        pytest.importorskip("sklearn", reason="the scans come from scikit-learn, which is not installed")
    if name == "letters" and not hasattr(pytest.importorskip("PIL.ImageFont"), "load_default_imagefont"):
        pytest.skip("this version of Pillow does not give its bitmap font away by name")
    # On the path as it is when the script is run.
    monkeypatch.syspath_prepend(str(TOOLS))
    made = runpy.run_path(str(TOOLS / f"make_{name}.py"))["text"]()
    assert made.encode() == catalogue.path(name).read_bytes()


def recount(task: Task, scans: np.ndarray, digits: np.ndarray) -> tuple[int, int, int]:
    """Admissible scans, those of them with the right label, and those that avoid every digit; without `decide`."""
    nearest = []
    for feature in task.features:
        # Twice the value of everything, in integers; a scan is a single window.
        low, high = (
            np.array([[int(2 * v) for v in end.rationals()] for end in ends])
            for ends in ([t.low for t in feature.templates], [t.high for t in feature.templates])
        )
        doubled = 2 * scans[:, None]
        nearest.append((np.maximum(doubled - high, 0) + np.maximum(low - doubled, 0)).sum(-1).min(1))
    excess = np.stack(nearest, axis=1)
    contained, clear = excess == 0, excess >= 2
    admissible = (contained.sum(1) == 1) & (contained | clear).all(1)
    right = admissible & contained[np.arange(len(digits)), digits]
    return int(admissible.sum()), int(right.sum()), int(clear.all(1).sum())


def test_digits_on_scans_kept_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    """The figure in the file's header: 353 of 599 scans, counted here in another way than by `decide`."""
    pytest.importorskip("sklearn", reason="the scans come from scikit-learn, which is not installed")
    monkeypatch.syspath_prepend(str(TOOLS))
    tool = runpy.run_path(str(TOOLS / "evaluate_digits.py"))
    scans, digits = tool["scans"]()
    scans, digits = scans[1198:].astype(np.int64), digits[1198:]
    assert recount(task_of("digits"), scans, digits) == (353, 353, 192)
    header = catalogue.path("digits").read_text(encoding="utf-8").partition("[task]")[0]
    assert "Of the 599 scans kept apart, 353 are admissible" in header

    # The script, which asks `decide` and the network, on some of them.
    found = tool["evaluate"](1198, 1238)
    admissible, as_written, unseen = recount(task_of("digits"), scans[:40], digits[:40])
    assert (found.scans, found.admissible, found.as_written, found.unseen) == (40, admissible, as_written, unseen)
    assert found.network_right == found.admissible > 0
    assert f"admissible                              {admissible} " in tool["report"](found)


def test_digits_are_apart() -> None:
    """Templates of different digits: no image within the gap of one is in another's box."""
    boxes = [(number, t) for number, f in enumerate(task_of("digits").features) for t in f.templates]
    low, high = (
        np.array([[int(2 * v) for v in end.rationals()] for end in ends])
        for ends in ([t.low for _, t in boxes], [t.high for _, t in boxes])
    )
    digit = np.array([number for number, _ in boxes])
    distance = (np.maximum(low[:, None] - high, 0) + np.maximum(low - high[:, None], 0)).sum(-1)
    assert distance[digit[:, None] != digit].min() >= 2

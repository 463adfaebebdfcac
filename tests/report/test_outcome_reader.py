"""Outcomes read back from the object that `verify --json` prints."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Example, Outcome, Stretched, Window
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.report.json_form import outcome_json
from exactcnn.report.outcome_reader import read_outcome

PICTURE = Stretched(ExactTensor.from_rationals([fmpq(1, 3), fmpq(0), fmpq(1), fmpq(2, 7)], (4,)).reshape(1, 2, 2), 2, 2)
EXAMPLE = Example(PICTURE, "b", ("f",), (Window("f", 0, 1, 1),), (fmpq(1, 2), fmpq(-1, 3)))


def outcome(**changes: Any) -> Outcome:
    plain: dict[str, Any] = {
        "verdict": Verdict.REFUTED,
        "task": "t",
        "sizes": SizeRange(),
        "method": "modular",
        "class_names": ("a", "b"),
        "counterexample": EXAMPLE,
        "evidence": "replay",
        "seconds": 1.5,
    }
    return Outcome(**(plain | changes))


def form(**changes: Any) -> dict[str, Any]:
    return outcome_json(outcome(), files=["x.png"], sources={"task": "t.toml", "network": None}) | changes


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"counterexample": Example(PICTURE.resized(40, 2000), "b", ("f",), (), (fmpq(0), fmpq(0)))},
        {"verdict": Verdict.PROVED, "counterexample": None, "margin": fmpq(1, 2), "configurations": 2**70},
        {"verdict": Verdict.UNKNOWN, "counterexample": None, "reason": "no", "unproved": "S_1 <= 2"},
        {"verdict": Verdict.VACUOUS, "counterexample": None, "reason": "no room", "sizes": SizeRange(2, None, 3, 9)},
        {"sizes": SizeRange(5, 5, 6, 6)},
    ],
)
def test_what_was_written_is_read(changes: dict[str, Any]) -> None:
    expected = outcome(**changes)
    text = json.dumps(outcome_json(expected, files=["x.png"], sources={"task": "t.toml", "network": None}))
    read = read_outcome(text, "x.json")
    assert (read.sources, read.files, read.statement) == ({"task": "t.toml"}, ("x.png",), None)
    found, example = read.outcome, expected.counterexample
    for name in ("verdict", "task", "sizes", "method", "class_names", "margin", "configurations", "reason", "unproved"):
        assert getattr(found, name) == getattr(expected, name), name
    if example is not None:
        assert found.counterexample is not None
        assert found.counterexample.picture.image() == example.picture.image()
        assert found.counterexample.logits == example.logits
        assert found.counterexample.windows == example.windows


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        "{}",
        "null",
        "[" * 100_000,
        '{"verdict": "PROVED", "verdict": "PROVED"}',
        json.dumps(form(verdict="MAYBE")),
        json.dumps(form(verdict="PROVED")),
        json.dumps(form(sizes="large")),
        json.dumps(form(sizes="3x3..anyx")),
        json.dumps(form(task=7)),
        json.dumps(form(margin=0.5)),
        json.dumps(form(margin="1/0")),
        json.dumps(form(seconds=float("nan"))),
        json.dumps(form(classes=[{"name": "a"}])),
        json.dumps(form(files=None)),
        json.dumps(form(sources={"task": 1})),
        json.dumps(form(sources=[])),
        json.dumps({k: v for k, v in form().items() if k != "counterexample"}),
        json.dumps(form(counterexample=form()["counterexample"] | {"label": "c"})),
        json.dumps(form(counterexample=form()["counterexample"] | {"logits": {"a": "1"}})),
        json.dumps(
            form(counterexample=form()["counterexample"] | {"image": {"height": 2, "width": 2, "pixels": [["0"]]}})
        ),
        json.dumps(form(counterexample=form()["counterexample"] | {"image": {"height": 2, "width": 2, "pixels": []}})),
    ],
)
def test_what_is_no_outcome_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no outcome"):
        read_outcome(text, "x.json")

"""The page's engine against the package: the same numbers, windows, labels and logits, and against the kernel."""

from __future__ import annotations

import random
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.networks import networks
from support.tasks import images, tasks

from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational, parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.formats.statement import format_statement, statement_sha256
from exactcnn.network.evaluate import logits
from exactcnn.report.wording import number_text
from exactcnn.task.decide import Decision, decide

Engine = Callable[[list[dict[str, Any]]], list[Any]]
Case = tuple[dict[str, Any], dict[str, Any]]


def test_numbers_and_their_texts(engine: Engine) -> None:
    source = random.Random(1)
    texts = ["0", "-1/2", ".5", "5.", "+3", "1e-7", "999999.5", "9999995e-1", "1234565", "1.5e3", "1e4096", "-0.00"]
    texts += ["", "1e", "/", "1/0", "--1", "1e4097", "1_0", " 1", "1/2/3", "0x1", "NaN", "1/-2", "9" * 5000]
    for _ in range(1500):
        p = source.randrange(10 ** source.choice([1, 3, 8, 20, 40, 80]))
        q = source.choice(
            [1, 2, 10, 10 ** source.randrange(30), source.randrange(1, 10 ** source.choice([1, 5, 20, 40]))]
        )
        texts.append(f"{source.choice(['', '-'])}{p}/{q}")
    answers = engine([{"op": "number", "text": text} for text in texts])
    assert answers == [_number(text) for text in texts]


def _number(text: str) -> list[str] | None:
    try:
        value = parse_rational(text)
    except InputError:
        return None
    return [format_rational(value), f"{Decimal(int(value.p)) / Decimal(int(value.q)):.6g}", number_text(value)]


def test_random_images(engine: Engine) -> None:
    cases: list[Case] = []

    @settings(max_examples=580, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        cases.extend(_drawn(data))

    collect()
    assert len(cases) >= 500
    answers = engine([question for question, _ in cases])
    for (question, expected), answer in zip(cases, answers, strict=True):
        assert {key: answer[key] for key in expected} == expected, question
    # Nothing is compared in vain: all kinds of images occur.
    labels = [expected["label"] for _, expected in cases]
    assert 50 < sum(label is None for label in labels) < 450
    assert {s["state"] for _, expected in cases for s in expected["statuses"]} == {"contains", "avoids", "neither"}


def _drawn(data: st.DataObject) -> list[Case]:
    task = data.draw(tasks())
    network = data.draw(networks(channels=len(task.channels), outputs=len(task.classes)))
    image = data.draw(images(task))
    _, rows, columns = image.shape
    sizes = SizeRange.fixed(rows, columns)
    try:
        statement = format_statement(task, network, sizes, parse_rational("1/3"), None)
        found = logits(network, image.reshape(1, *image.shape), task.pixel)
    except InputError:  # not defined at this size
        return []
    values = [format_rational(x) for x in image.rationals()]
    question = {"op": "image", "statement": statement, "shape": list(image.shape), "values": values}
    expected = {
        "hash": statement_sha256(statement),
        "logits": [format_rational(x) for x in found.rationals()],
        **_decision(decide(task, image)),
    }
    return [(question, expected)]


def _decision(found: Decision) -> dict[str, Any]:
    order = [s.name for s in found.statuses]
    return {
        "label": found.label,
        "reason": found.reason,
        "configuration": None if found.configuration is None else [n for n in order if n in found.configuration],
        "satisfied": list(found.satisfied),
        "statuses": [
            {
                "state": s.state,
                "nearest": None if s.nearest is None else format_rational(s.nearest),
                "exhibiting": [[w.template, w.row, w.column] for w in s.exhibiting],
                "offending": [
                    [m.window.template, m.window.row, m.window.column, format_rational(m.excess)] for m in s.offending
                ],
            }
            for s in found.statuses
        ],
    }

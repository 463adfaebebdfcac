"""The page's engine against the package: the same numbers, windows, labels and logits, and against the kernel."""

from __future__ import annotations

import io
import json
import random
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, cast

import pytest
from flint import fmpq
from hypothesis import Phase, given, settings
from hypothesis import strategies as st
from support.certificate_mutants import mutants
from support.certified import checked, corners
from support.kernel_cases import NAMES, edited, golden
from support.kernel_changes import FINE, PAIRS, STATEMENTS
from support.kernel_rules import RULE_CASES
from support.kernel_units import ERRORS, NO_ERROR_BOUND
from support.networks import networks
from support.small_instances import small_instance
from support.tasks import images, tasks

from exactcnn.checker import kernel
from exactcnn.core.errors import InputError
from exactcnn.core.rational import format_rational, parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.statement import format_statement, statement_sha256
from exactcnn.network.evaluate import logits
from exactcnn.report.wording import number_text
from exactcnn.task.decide import Decision, decide

Engine = Callable[[list[dict[str, Any]]], list[Any]]
Case = tuple[dict[str, Any], dict[str, Any]]
Pair = tuple[str, str]
RULES = ("lin", "sub", "chord", "maxle", "have", "split", "cut", "choose", "qed")
SEEDS = (0, 2, 3, 8, 11, 13, 17, 18, 19, 24)  # of small instances
SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"
REJECTED = re.compile(r"REJECTED line (?P<line>[0-9]+) rule (?P<rule>[a-z]+): (?P<rest>.*)", re.DOTALL)


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

    @settings(max_examples=200, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
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


def _drawn(data: st.DataObject) -> Iterator[Case]:
    task = data.draw(tasks(max_templates=4))
    network = data.draw(networks(channels=len(task.channels), outputs=len(task.classes)))
    for number in range(3):
        image = data.draw(images(task))
        if number == 2:
            image = _moved(image, task.pixel.low)
        sizes = SizeRange.fixed(*image.shape[1:])
        try:
            statement = format_statement(task, network, sizes, parse_rational("1/3"), None)
            found = logits(network, image.reshape(1, *image.shape), task.pixel)
        except InputError:  # not defined at this size
            continue
        values = [format_rational(x) for x in image.rationals()]
        question = {"op": "image", "statement": statement, "shape": list(image.shape), "values": values}
        expected = {
            "hash": statement_sha256(statement),
            "logits": [format_rational(x) for x in found.rationals()],
            **_decision(decide(task, image)),
        }
        yield question, expected


def test_shapes_of_random_networks(engine: Engine) -> None:
    """Border kinds and classes of windows, of networks with strides and padding, in ranges of sizes."""
    texts: list[str] = []

    @settings(max_examples=120, deadline=None, database=None, derandomize=True, phases=[Phase.generate])
    @given(st.data())
    def collect(data: st.DataObject) -> None:
        task = data.draw(tasks(max_templates=1, max_channels=1))
        network = data.draw(networks(channels=1, outputs=len(task.classes)))
        least = [data.draw(st.integers(1, 9)) for _ in range(2)]
        most = [data.draw(st.one_of(st.none(), st.integers(n, n + 12))) for n in least]
        sizes = SizeRange(least[0], most[0], least[1], most[1])
        texts.append(format_statement(task, network, sizes, parse_rational("1"), None))

    collect()
    expected = [_shape(text) for text in texts]
    assert engine([{"op": "shape", "statement": text} for text in texts]) == expected
    assert sum(found is not None for found in expected) > 60
    assert None in expected


def _shape(statement: str) -> dict[str, Any] | None:
    """What the kernel derives, as JSON has it."""
    try:
        found = kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
    except kernel.Reject:
        return None
    greatest = "null" if found.greatest is None else str(found.greatest)
    shape = {
        "lengths": found.lengths,
        "kinds": found.kinds,
        "positions": [str(found.fewest), greatest],
        "windows": [found.windows(feature) for feature in found.features],
    }
    return cast("dict[str, Any]", json.loads(json.dumps(shape)))


def _moved(image: ExactTensor, low: fmpq) -> ExactTensor:
    """The image a little nearer to the lowest value, so little that its numbers go far beyond 2^53."""
    values = [x - (x - low) / 3**60 for x in image.rationals()]
    return ExactTensor.from_rationals(values, image.shape)


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


# -- the checker ------------------------------------------------------------------------------------------------------


def _same_verdicts(engine: Engine, pairs: list[Pair]) -> list[str]:
    """The kernel's lines; the page's checker says the same, at the same line, of the same rule, for the same reason."""
    answers = engine([{"op": "check", "statement": s, "certificate": c} for s, c in pairs])
    lines = [checked(*pair)[1] for pair in pairs]
    for pair, line, answer in zip(pairs, lines, answers, strict=True):
        match = REJECTED.fullmatch(line)
        if match is None:
            assert answer["text"] == line, pair
            continue
        assert answer["verdict"] == "REJECTED", (line, pair)
        assert (answer["line"], answer["rule"]) == (int(match["line"]), match["rule"]), (line, answer, pair)
        # What was found is worded differently here and there.
        assert match["rest"].startswith(f"expected {answer['expected']}, got "), (line, answer, pair)
    return lines


def _rejected(lines: list[str]) -> int:
    return sum(line.startswith("REJECTED ") for line in lines)


def test_golden_and_shipped_certificates(engine: Engine) -> None:
    pairs = [golden(name) for name in ("lamp", *NAMES)]
    files = sorted(SHIPPED.glob("*.stmt"))
    pairs += [(f.read_text(), f.with_suffix(".cert").read_text()) for f in files]
    assert len(files) == 4
    assert not _rejected(_same_verdicts(engine, pairs))


def test_certificates_that_the_kernel_has_to_accept_or_to_reject(engine: Engine) -> None:
    pairs = [edited(name, statement, *changes) for name, statement, changes in (*PAIRS, *FINE)]
    lines = _same_verdicts(engine, [*pairs, *(edited("lamp", change) for change in STATEMENTS)])
    assert 0 < _rejected(lines) < len(lines)


@pytest.mark.parametrize(
    "bias",
    ["*0 1/2", "2**0", "02*0", "2*", "2*0*0", "+2*0", "2*0/1", "0 1*1/2", "0 1/2*2", "*", "3*0", "-0 1/2", "2*00"],
)
def test_other_spellings_of_numbers(engine: Engine, bias: str) -> None:
    assert _rejected(_same_verdicts(engine, [edited("lamp", ("bias 0 1/2", f"bias {bias}"))]))


def test_single_rules(engine: Engine) -> None:
    answers = engine([{"op": "rule", "goal": goal, "proof": proof} for _, goal, proof, _ in RULE_CASES])
    for (rule, goal, proof, accept), answer in zip(RULE_CASES, answers, strict=True):
        assert answer is accept, f"{rule}: {goal} by {proof}"


def test_bounds_of_rounding_errors(engine: Engine) -> None:
    cases = [(*edit, step) for *edit, step, _ in ERRORS] + [(*edit, None) for edit in NO_ERROR_BOUND]
    texts = [golden(name)[0].replace(old, new, 1) for name, old, new, _ in cases]
    steps = [None if step is None else f"{step[0]}/{step[1]}" for *_, step in cases]
    questions = [{"op": "error", "statement": text, "step": step} for text, step in zip(texts, steps, strict=True)]
    expected = [_error(text, step) for text, (*_, step) in zip(texts, cases, strict=True)]
    assert engine(questions) == expected
    assert None in expected
    assert "0" in expected


def _error(statement: str, step: tuple[int, int] | None) -> str | None:
    """The kernel's bound, over 2^256."""
    try:
        return str(kernel.Rounding(kernel.Statement(kernel.Lines(io.BytesIO(statement.encode()))), step).error)
    except kernel.Reject:
        return None


def _small_pairs() -> Iterator[Pair]:
    yield from (golden(name) for name in ("lamp", *NAMES))
    certificates = [corners()[2], *map(small_instance, SEEDS)]
    assert None not in certificates
    pairs = [(c.statement, c.text) for c in certificates if c is not None]
    words = ("channels 2", "input byte", "float32", "globalpool sum", "globalpool mean", "maxpool", "sizes 1 any 1 any")
    assert all(any(word in statement for statement, _ in pairs) for word in words)
    yield from pairs


@pytest.mark.parametrize(
    ("fact", "proved"),
    [
        ("upper 0 1 avoid", True),
        ("upper 0 9/8 avoid", True),
        ("upper 0 3/4 avoid", False),
        ("upper 0 7/8 avoid 0", False),
        ("floor 0 0", True),
        ("floor 0 -1", True),
        ("floor 0 1/8", False),
    ],
)
def test_bounds_by_intervals(engine: Engine, fact: str, proved: bool) -> None:
    """The map of `lamp` is the image itself."""
    statement, certificate = golden("lamp")
    lines = certificate.splitlines()
    place = lines.index("head")
    lines[place:place] = [fact, "box"]
    lines[lines.index("facts 2")] = "facts 3"
    (line,) = _same_verdicts(engine, [(statement, "\n".join(lines) + "\n")])
    refused = re.match(rf"REJECTED line {place + 2} rule {fact.split()[0]}: expected an interval", line)
    assert (refused is None) is proved


def test_mutants(engine: Engine) -> None:
    pairs = [(m.statement, m.certificate) for pair in _small_pairs() for m in mutants(*pair, 45, 4)]
    assert len(pairs) > 1000
    lines = _same_verdicts(engine, pairs)
    assert 500 < _rejected(lines) < len(pairs)


def test_mutants_of_a_shipped_certificate(engine: Engine) -> None:
    texts = [(SHIPPED / f"letters.{ending}").read_text() for ending in ("stmt", "cert")]
    assert _rejected(_same_verdicts(engine, [(m.statement, m.certificate) for m in mutants(*texts, 8, 0)])) > 4


def test_opened_obligations_of_mutants(engine: Engine) -> None:
    mutated = [m for pair in _small_pairs() for m in mutants(*pair, 25, 6)]
    pairs = [(m.statement, m.certificate) for m in mutated]
    questions = [{"op": op, "statement": s, "certificate": c} for s, c in pairs for op in ("check", "failures")]
    answers = engine(questions)
    shown = 0
    for check, failures in zip(answers[::2], answers[1::2], strict=True):
        if check["verdict"] == "PROVED":
            assert failures == []
        elif failures is not None and check["rule"] in RULES:
            found = {key: check[key] for key in ("line", "rule", "expected", "got")}
            assert found in failures
            shown += 1
    assert shown > 100


def test_damaged_bytes(engine: Engine) -> None:
    source = random.Random(5)
    pairs = []
    for _ in range(150):
        texts = list(golden(source.choice(("lamp", *NAMES))))
        which = source.randrange(2)
        place = source.randrange(len(texts[which]))
        kept = texts[which][place + source.choice([0, 1, 1, 9]) :]
        texts[which] = (
            texts[which][:place] + source.choice(["", "\n", " ", "\r", "\0", "\x85", "é", "%", "9" * 4001]) + kept
        )
        pairs.append((texts[0], texts[1]))
    assert _rejected(_same_verdicts(engine, pairs)) > 100

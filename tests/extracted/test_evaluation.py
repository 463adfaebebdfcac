"""The evaluator extracted from Coq and the package agree on images: features, labels, logits."""

from __future__ import annotations

import random
from collections import Counter
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from flint import fmpq
from support.extracted import Extracted, run
from support.kernel_cases import NAMES, golden
from support.small_instances import small_instance

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.statement_reader import Statement, read_statement
from exactcnn.network.evaluate import logits
from exactcnn.task.decide import decide

SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"


def _images(statement: Statement, source: random.Random, count: int) -> list[np.ndarray]:
    """Random images, their pixels at the ends of templates' intervals, between them, and next to them."""
    task = statement.task
    ends = {Fraction(int(x.p), int(x.q)) for x in (task.pixel.low, task.pixel.high)}
    for f in task.features:
        for box in f.templates:
            ends |= set(box.low.fractions().flat) | set(box.high.fractions().flat)
    values = sorted(ends)
    values += [(a + b) / 2 for a, b in pairwise(values)]
    sizes = statement.sizes
    ranges = (sizes.min_height, sizes.max_height), (sizes.min_width, sizes.max_width)
    found = []
    for _ in range(count):
        shape = tuple(source.randint(least, least + 5 if most is None else most) for least, most in ranges)
        few = source.sample(values, min(len(values), 2)) if source.random() < 0.6 else values
        image = np.empty((len(task.channels), *shape), dtype=object)
        image.flat = [source.choice(few) for _ in range(image.size)]
        found.append(image)
    return found


def _ours(statement: Statement, image: np.ndarray) -> list[str]:
    """What the package says, in the words of the program."""
    task = statement.task
    tensor = ExactTensor.from_rationals(image)
    decision = decide(task, tensor)
    states = [s.state for s in decision.statuses]
    numbers = logits(statement.network, ExactTensor.from_rationals(image[None]), task.pixel).fractions()[0]
    listed = {
        word: " ".join([word, *(str(i) for i, s in enumerate(states) if s == word)]) for word in ("contains", "avoids")
    }
    return [listed["contains"], listed["avoids"], " ".join(["logits", *map(str, numbers)])]


def _label(statement: Statement, image: np.ndarray) -> str | None:
    """The label, if every feature is contained or avoided."""
    decision = decide(statement.task, ExactTensor.from_rationals(image))
    if decision.configuration is None:
        return None
    names = [c.name for c in statement.task.classes]
    return f"label {'none' if decision.label is None else names.index(decision.label)}"


def _compared(extracted: Extracted, text: str, seed: int, count: int) -> Counter[str]:
    statement = read_statement(text, "case.stmt")
    images = _images(statement, random.Random(seed), count)
    extracted.paths[0].write_text(text)
    blocks = [
        f"image {x.shape[1]} {x.shape[2]}\n" + "".join(" ".join(map(str, row)) + "\n" for plane in x for row in plane)
        for x in images
    ]
    extracted.paths[1].write_text("".join(blocks))
    done = run("--evaluate", *extracted.paths)
    assert done.returncode == 0, done.stdout + done.stderr
    lines = done.stdout.splitlines()
    assert len(lines) == 4 * len(images)
    found: Counter[str] = Counter()
    for n, image in enumerate(images):
        assert lines[4 * n + 1 : 4 * n + 4] == _ours(statement, image)
        label = _label(statement, image)
        if label is not None:
            assert lines[4 * n] == label
        found[label or "undecided"] += 1
    return found


@pytest.mark.parametrize("name", ["lamp", *NAMES])
def test_golden_networks(extracted: Extracted, name: str) -> None:
    found = _compared(extracted, golden(name)[0], 7, 25)
    assert len(found) > 1


@pytest.mark.parametrize("seed", range(8))
def test_random_networks(extracted: Extracted, seed: int) -> None:
    certificate = small_instance(seed)
    if certificate is not None:
        assert _compared(extracted, certificate.statement, seed, 25).total() == 25


def test_a_shipped_network(extracted: Extracted) -> None:
    assert _compared(extracted, (SHIPPED / "shapes.stmt").read_text(), 1, 3).total() == 3


def test_pixels_outside_the_range_are_refused(extracted: Extracted) -> None:
    text = golden("lamp")[0]
    extracted.paths[0].write_text(text)
    extracted.paths[1].write_text("image 1 1\n2\n")
    assert run("--evaluate", *extracted.paths).stdout.startswith("REJECTED line 2")
    with pytest.raises(InputError):
        decide(read_statement(text, "lamp").task, ExactTensor.from_rationals([[[fmpq(2)]]]))

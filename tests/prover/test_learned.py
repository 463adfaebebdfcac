"""How much has to be learned of a network that was moved a little: as much for each feature, however many there are."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from flint import fmpq
from support.outcomes import PROVED, check_outcome
from support.perturb import perturbed
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.prover.head_proof import _shortened
from exactcnn.task.model import Task


def distinct(count: int, side: int = 4) -> list[tuple[str, ...]]:
    """Random patterns of which any two differ in at least three pixels, none of them nearly black."""
    source, found = random.Random(5), list[tuple[str, ...]]()
    while len(found) < count:
        drawn = "".join(source.choice(".#") for _ in range(side * side))
        others = ["." * side * side, *("".join(f) for f in found)]
        if all(sum(a != b for a, b in zip(drawn, other, strict=True)) >= 3 for other in others):
            found.append(tuple(drawn[i : i + side] for i in range(0, side * side, side)))
    return found


def subject(count: int) -> Task:
    """A class for each pair of features, which forbids one of the next pair."""
    names = [f"f{n}" for n in range(count)]
    features = [feature(name, *rows) for name, rows in zip(names, distinct(count), strict=True)]
    classes = [one_class(f"c{n}", f"{names[n]} {names[n + 1]}", names[(n + 2) % count]) for n in range(0, count, 2)]
    return task(features, classes)


def facts(count: int) -> Counter[str]:
    """The facts in the certificate of a built network all of whose weights were moved."""
    chosen = subject(count)
    network = perturbed(api.build(chosen, slack="1/4"), 12, 3)
    found = check_outcome(chosen, network, api.verify(chosen, network, workers=1))
    assert found.verdict is PROVED
    assert found.certificate is not None
    kinds = Counter(line.split(" ", 1)[0] for line in found.certificate.text.splitlines())
    return Counter({kind: kinds[kind] for kind in ("floor", "upper", "lower", "joint")})


def test_facts_grow_as_the_features_do() -> None:
    ten, twenty = facts(10), facts(20)
    assert min(ten["upper"], ten["lower"]) >= 10
    assert twenty == Counter({kind: 2 * number for kind, number in ten.items()})


@pytest.mark.parametrize("power", [0, 40, -40])
@pytest.mark.parametrize("sign", [1, -1])
def test_long_bounds_are_rounded_down(sign: int, power: int) -> None:
    scale = fmpq(2) ** power
    short, long = sign * fmpq(5, 7), sign * fmpq(3**50, 7**28) * scale
    assert _shortened(short) == short
    rounded = _shortened(long)
    assert rounded < long
    assert long - rounded <= abs(long) / 2**30
    assert int(rounded.q).bit_length() <= 34 + max(0, -power)

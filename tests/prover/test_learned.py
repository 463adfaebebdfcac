"""How much has to be learned of a network that was moved a little: as much for each feature, however many there are."""

from __future__ import annotations

import itertools
import random
from collections import Counter
from dataclasses import replace

import pytest
from flint import fmpq
from support.outcomes import PROVED, REFUTED, check_outcome, with_layer
from support.perturb import perturbed
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Dense
from exactcnn.prover.head_bounds import one_sided
from exactcnn.prover.head_local import head_local
from exactcnn.prover.head_proof import _shortened
from exactcnn.prover.instance import Instance
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


def proof(count: int, *, zeros: bool = False) -> list[str]:
    """The certificate of a built network whose weights were moved: those that are not zero, or all."""
    chosen = subject(count)
    network = perturbed(api.build(chosen, slack="1/4"), 12, 3, zeros=zeros)
    found = check_outcome(chosen, network, api.verify(chosen, network, workers=1))
    assert found.verdict is PROVED
    assert found.certificate is not None
    if zeros:
        # No solver was asked.
        assert found.solvers == ()
    return found.certificate.text.splitlines()


def facts(lines: list[str]) -> Counter[str]:
    """How many facts of each kind there are in a certificate."""
    kinds = Counter(line.split(" ", 1)[0] for line in lines)
    return Counter({kind: kinds[kind] for kind in ("floor", "upper", "lower", "joint")})


def test_facts_grow_as_the_features_do() -> None:
    ten, twenty = facts(proof(10)), facts(proof(20))
    assert min(ten["upper"], ten["lower"]) >= 10
    assert twenty == Counter({kind: 2 * number for kind, number in ten.items()})


def test_where_zero_weights_were_moved_facts_grow_so_and_each_bound_is_written_once() -> None:
    proofs = {count: proof(count, zeros=True) for count in (10, 20)}
    known = {count: facts(lines) for count, lines in proofs.items()}
    assert min(known[10]["upper"], known[10]["lower"]) >= 10
    # One upper bound a channel on all images more.
    assert known[20].total() == 2 * known[10].total()
    for count, lines in proofs.items():
        head = lines[lines.index("head") :]
        statements = [i for i, line in enumerate(head) if line.startswith(("right", "wrong", "pair"))]
        assert len(statements) == count
        for start, end in itertools.pairwise([*statements, len(head) - 1]):
            # The features, the alternatives and the logit are so many nodes.
            sums = [line for line in head[start:end] if line.startswith("lin")]
            assert len(sums) <= 3 * (count + count // 2 + 1)
        longest = max(len(token) for line in head for token in line.split(" "))
        assert longest <= 24


def test_a_dense_network_with_one_wrong_weight_is_refuted() -> None:
    chosen = subject(6)
    network = perturbed(api.build(chosen, slack="1/4"), 12, 3, zeros=True)
    place, last = max((n, layer) for n, layer in enumerate(network.layers) if isinstance(layer, Dense))
    values = last.weight.rationals()
    # The first class's logit takes no note of its own alternative.
    values[values.index(max(values[: last.weight.shape[1]]))] = fmpq(0)
    spoilt = replace(last, weight=ExactTensor.from_rationals(values, last.weight.shape))
    wrong = with_layer(network, place, spoilt)
    assert check_outcome(chosen, wrong, api.verify(chosen, wrong, workers=1)).verdict is REFUTED


def test_heads_are_dense_where_no_weight_is_zero() -> None:
    chosen = subject(10)
    built = api.build(chosen, slack="1/4")
    for network, expected in (
        (built, False),
        (perturbed(built, 12, 3), False),
        (perturbed(built, 12, 3, zeros=True), True),
    ):
        head = Instance(chosen, network, SizeRange.parse("any")).head
        sequents = [head_local(chosen, head, one_sided(index, holds=True)) for index in range(len(chosen.classes))]
        assert [sequent.dense for sequent in sequents] == [expected] * len(sequents)
        # Sequents with the same variables have the same nodes.
        assert (sequents[0].nodes is sequents[1].nodes) is expected


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

"""Errors that add up: networks that are wrong only where many channels err at once."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction

import pytest
from flint import fmpq
from support.brute import admissible_label
from support.certified import checked
from support.naive import naive_network
from support.outcomes import PROVED, REFUTED, check_outcome
from support.tiny import numbers, one_class, task

from exactcnn.core.box import Box
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import concatenate
from exactcnn.core.verdict import Verdict
from exactcnn.network.construct import build_network
from exactcnn.network.model import Conv2d, Network
from exactcnn.prover.attack_near import NearMiss, NearMisses
from exactcnn.prover.attack_sums import added_up
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import UpperResult
from exactcnn.prover.local_stage import LocalStage
from exactcnn.prover.tables import Tables
from exactcnn.prover.verify import Settings, verify_modular
from exactcnn.prover.witness import Search
from exactcnn.solvers.pool import Deadline
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Feature, Task, TaskClass
from exactcnn.theorem.geometry import Axis
from exactcnn.theorem.local import Placed
from exactcnn.theorem.stem import Kind

GAP = fmpq(1, 16)
GREYS = (("1/8", "1/4"), ("3/8", "1/2"), ("5/8", "3/4"))


def greys() -> Task:
    """Three features, two pixels of one grey each; a class without any of them, and all other images."""
    boxes = [Box(numbers([a, a], (1, 1, 2)), numbers([b, b], (1, 1, 2))) for a, b in GREYS]
    features = [Feature(name, (box,), GAP) for name, box in zip(("dark", "grey", "light"), boxes, strict=True)]
    return task(features, [one_class("none", "", "dark grey light"), TaskClass("some", otherwise=True)])


def loosened(by: str) -> Network:
    """Each channel answers on near misses with 2 * by / GAP: both pixels are by so much too far out unnoticed."""
    return _loosened(greys(), by)


def _loosened(subject: Task, by: str) -> Network:
    network = build_network(subject, arithmetic="rational")
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    thresholds = first.weight.shape[0] - 1
    moved = first.bias - numbers([by] * thresholds + ["0"], (thresholds + 1,))
    return replace(network, layers=(replace(first, bias=moved), *network.layers[1:]))


def many_greys() -> Task:
    """Forty such features: more channels than are looked at one by one before an attack."""
    boxes = [
        Box(numbers([fmpq(4 * n, 160)] * 2, (1, 1, 2)), numbers([fmpq(4 * n + 1, 160)] * 2, (1, 1, 2)))
        for n in range(40)
    ]
    features = [Feature(f"grey{n}", (box,), fmpq(1, 160)) for n, box in enumerate(boxes)]
    names = " ".join(f.name for f in features)
    return task(features, [one_class("none", "", names), TaskClass("some", otherwise=True)])


def many_loosened(by: str) -> Network:
    """The same of forty channels."""
    return _loosened(many_greys(), by)


def first_few(network: Network) -> list[UpperResult]:
    """What an attack is asked to look at before the facts."""
    instance, solver, deadline = Instance(many_greys(), network, SizeRange()), Z3Solver(), Deadline(None)
    return LocalStage(instance, Tables(instance), solver, Settings(workers=1), deadline, certified=True).doubtful()


def verified(network: Network, sizes: str = "any") -> Outcome:
    chosen = Settings(workers=1, confirm=_rejected)
    return check_outcome(greys(), network, verify_modular(greys(), network, SizeRange.parse(sizes), Z3Solver(), chosen))


def _rejected(statement: str, certificate: str) -> str | None:
    valid, text = checked(statement, certificate)
    return None if valid else text


# "none" has 1 - 3 * 2 * by / GAP = 1 - 96 * by at the least, "some" has 1/2.
@pytest.mark.parametrize("by", ["1/192", "1/150"])
def test_errors_of_three_channels_make_one_wrong_image(by: str) -> None:
    network = loosened(by)
    outcome = verified(network)
    assert outcome.verdict is REFUTED
    assert outcome.solvers == ()
    example = outcome.counterexample
    assert example is not None
    assert example.label == "none"
    image = example.picture.image().fractions()
    assert admissible_label(greys(), image.tolist()) == "none"
    none, some = naive_network(network, image[None])[0].tolist()
    assert none <= some == Fraction(1, 2)


@pytest.mark.parametrize("by", ["1/193", "1/400"])
def test_a_little_less_and_it_is_proved(by: str) -> None:
    outcome = verified(loosened(by))
    assert outcome.verdict is PROVED
    assert outcome.margin is not None
    assert 0 < outcome.margin <= fmpq(1, 2) - 96 * fmpq(1, int(by.split("/")[1]))


def test_an_image_needs_room_for_all_of_them() -> None:
    network = loosened("1/192")
    # Proved by whole images, of which there are no certificates.
    assert verified(network, "1x3").verdict is Verdict.UNKNOWN
    assert verified(network, "1x8").verdict is REFUTED


def test_near_misses_are_clear_and_seen() -> None:
    instance = Instance(greys(), loosened("1/192"), SizeRange())
    tables = Tables(instance)
    makers = NearMisses(instance, (fmpq(0),))
    for channel in range(3):
        triggers = [t for t in tables.triggers[channel] if _inner(instance.stem.rows, instance.stem.columns, t.kind)]
        miss = makers.find(channel, triggers[0].placed, triggers[0].kind)
        assert miss is not None
        assert miss.feature == channel
        assert greys().features[channel].templates[0].excess(miss.item.values) == GAP
        assert miss.response[channel] == pytest.approx(1 / 6)


def test_no_near_miss_is_seen_by_a_network_as_it_was_built() -> None:
    instance = Instance(greys(), build_network(greys(), arithmetic="rational"), SizeRange())
    tables = Tables(instance)
    makers = NearMisses(instance, (fmpq(0),))
    found = [makers.find(k, t.placed, t.kind) for k, triggers in tables.triggers.items() for t in triggers]
    assert found
    assert not any(found)


def test_many_channels_that_all_err_a_little_are_attacked_first() -> None:
    assert first_few(build_network(many_greys(), arithmetic="rational")) == []
    wanted = first_few(many_loosened("1/1000"))
    assert [result.job.channel for result in wanted] == list(range(40))
    assert all(result.bound is None for result in wanted)


def test_a_near_miss_is_looked_for_beyond_the_middle_of_a_template() -> None:
    # The channel errs where the first pixel is 3/8: inside the template, but not in its middle, nor outside.
    box = Box(numbers(["1/4", "1/4"], (1, 1, 2)), numbers(["3/4", "3/4"], (1, 1, 2)))
    subject = task([Feature("pair", (box,), GAP)], [one_class("yes", "pair"), TaskClass("no", otherwise=True)])
    built = build_network(subject, arithmetic="rational")
    first, relu, second, *rest = built.layers
    assert isinstance(first, Conv2d)
    assert isinstance(second, Conv2d)
    # A tent over [1/4, 1/2] of height 1/2.
    weight = concatenate([first.weight, numbers(["1", "1", "1"], (3, 1, 1, 1))])
    bias = concatenate([first.bias, numbers(["-1/4", "-3/8", "-1/2"], (3,))])
    tent = numbers(["4", "0", "-8", "0", "4", "0"], (1, 3, 1, 2))
    layers = (Conv2d(weight, bias), relu, replace(second, weight=concatenate([second.weight, tent], axis=1)), *rest)
    instance = Instance(subject, replace(built, layers=layers), SizeRange())
    placed = Placed(0, 0, 0, 0)
    kind = next(k for k in instance.kinds if _inner(instance.stem.rows, instance.stem.columns, k))
    miss = NearMisses(instance, (fmpq(0),)).find(0, placed, kind)
    assert miss is not None
    assert miss.item.values.rationals()[0] == fmpq(3, 8)
    assert box.excess(miss.item.values) == GAP
    assert miss.response[0] == pytest.approx(1 / 2)


@pytest.mark.parametrize(("by", "looked_at"), [("1/1000000", 5), ("1/40000", 40)])
def test_near_misses_that_promise_little_are_given_up_early(
    monkeypatch: pytest.MonkeyPatch, by: str, looked_at: int
) -> None:
    network = many_loosened(by)
    instance, deadline = Instance(many_greys(), network, SizeRange()), Deadline(None)
    search, channels = Search(instance, Z3Solver(), deadline), set()
    find = NearMisses.find

    def counted(makers: NearMisses, channel: int, placed: Placed, kind: Kind) -> NearMiss | None:
        channels.add(channel)
        return find(makers, channel, placed, kind)

    monkeypatch.setattr(NearMisses, "find", counted)
    classes = [search.run(index) for index in range(2)]
    assert added_up(search, Tables(instance), classes, first_few(network), deadline, lambda *_: None) is None
    assert len(channels) == looked_at


def _inner(rows: Axis, columns: Axis, kind: object) -> bool:
    return all(
        begin == 0 and end == axis.range_length(level)
        for axis, signature in zip((rows, columns), kind, strict=True)  # type: ignore[call-overload]
        for level, (begin, end) in enumerate(signature)
    )

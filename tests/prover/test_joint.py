"""Facts about several channels at once: networks that no fact about one channel proves."""

from __future__ import annotations

from itertools import product

import pytest
from flint import fmpq
from support.certified import checked
from support.phased import PHASES, phased
from support.tiny import drawn, feature, one_class, task

from exactcnn import api
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.prover import joint, verify
from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_bounds import one_sided
from exactcnn.prover.instance import Instance
from exactcnn.prover.joint import joint_facts
from exactcnn.prover.tables import Tables
from exactcnn.task.model import Feature, Task

BAR = task([feature("bar", "##")], [one_class("bar", "bar"), one_class("none", forbids="bar")])
BOTH = task(
    [Feature("corner", (drawn("##", "#."), drawn("##", ".#")), fmpq(1, 2)), feature("dot", "...", ".#.", "...")],
    [
        one_class("corner", "corner", "dot"),
        one_class("dot", "dot", "corner"),
        one_class("both", "corner dot"),
        one_class("none", forbids="corner dot"),
    ],
)
SCALES = [(1, 1, 1, 1), (1, 2, 3, 1)]


def answer(subject: Task, phases: tuple[tuple[int, int], ...] = PHASES, sizes: str = "any", **more: object) -> Outcome:
    network = phased(api.build(subject), phases=phases, **more)  # type: ignore[arg-type]
    return api.verify(subject, network, sizes=sizes, timeout=60, workers=1)


@pytest.mark.parametrize("subject", [BAR, BOTH], ids=["bar", "both"])
@pytest.mark.parametrize("scales", SCALES)
def test_a_channel_for_each_phase_is_proved_at_every_size(subject: Task, scales: tuple[int, ...]) -> None:
    found = answer(subject, scales=scales)
    assert (found.verdict, found.margin) == (Verdict.PROVED, 1)
    assert found.certificate is not None
    joint = [line for line in found.certificate.text.splitlines() if line.startswith("joint ")]
    assert len(joint) == sum(len(f.templates) for f in subject.features)
    assert checked(found.certificate.statement, found.certificate.text)[0]


def test_single_channels_do_not_prove_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(verify, "joint_facts", lambda book, statements: [])
    assert answer(BAR).verdict is Verdict.UNKNOWN


@pytest.mark.parametrize(("sizes", "verdict"), [("2x2..4x4", Verdict.PROVED), ("any", Verdict.PROVED)])
def test_sums_of_positions(sizes: str, verdict: Verdict) -> None:
    found = answer(BAR, sizes=sizes, pool="sum", scales=(1, 2, 1, 1))
    assert found.verdict is verdict
    assert found.certificate is not None
    assert "\njoint 0 0 2 over 0 2 1 1 2 2 3 2\n" in found.certificate.text
    assert found.certificate.text.count("\nfloor ") == 4


@pytest.mark.parametrize("missing", range(4))
def test_a_phase_too_few_is_refuted_where_it_bites(missing: int) -> None:
    """A bar (1x2) in an image of 1x3 stands at columns 0 and 1; at 1x2 only phase (0, 0) is met."""
    phases = PHASES[:missing] + PHASES[missing + 1 :]
    down, right = PHASES[missing]
    assert answer(BAR, phases).verdict is Verdict.REFUTED
    for height, width in product((1, 2), (2, 3)):
        bites = down < height and right < width - 1
        found = answer(BAR, phases, f"{height}x{width}")
        assert found.verdict is (Verdict.REFUTED if bites else Verdict.PROVED), (height, width)


def test_the_modular_method_agrees_with_one_formula_over_all_pixels() -> None:
    for phases in (PHASES, PHASES[1:], PHASES[:3]):
        for sizes in ("1x3", "2x3"):
            network = phased(api.build(BAR), phases=phases)
            whole = api.verify(BAR, network, sizes=sizes, method="monolithic", timeout=60)
            assert answer(BAR, phases, sizes).verdict is whole.verdict


def test_what_is_reached_jointly() -> None:
    """Each way of seeing the bar has a position where one of the four channels is 1."""
    network = phased(api.build(BAR), scales=(1, 2, 3, 1))
    tables = Tables(Instance(BAR, network, SizeRange(1, None, 1, None)))
    assert tables.lower == {}
    assert tables.raised(0, 0) == {0, 1, 2, 3}
    assert tables.jointly(0, 0, ((0, 6), (1, 3), (2, 2), (3, 6))) == 6
    assert tables.jointly(0, 0, ((0, 6), (1, 3), (2, 1), (3, 6))) == 3
    assert tables.jointly(0, 0, ((0, 6), (1, 3), (3, 6))) == 0
    everywhere = ((0, 1), (1, 1), (2, 1), (3, 1))
    assert tables.sights(0, 0, everywhere, fmpq(1)) is not None
    assert tables.sights(0, 0, everywhere, fmpq(2)) is None


def test_no_more_sums_are_tried_than_the_limit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two corners, a dot and a bound on tried sums: the first two are found, the third is not."""
    monkeypatch.setattr(joint, "_MOST", 2)
    instance = Instance(BOTH, phased(api.build(BOTH)), SizeRange(1, None, 1, None))
    book = FactBook(instance, Tables(instance), {})
    statements = [one_sided(y, holds=True) for y in range(4)]
    assert len(joint_facts(book, statements)) == 2
    monkeypatch.undo()
    assert {(f.feature, f.template) for f in joint_facts(book, statements)} == {(0, 0), (0, 1), (1, 0)}

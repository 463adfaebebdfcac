"""The modular method against three oracles that share nothing with it, on random small tasks and networks.

One formula over all pixels of one size, every image that the generator can make, and every image on a grid. The
networks are built ones, and built ones spoilt in one to three places. Never may one method prove what another refutes;
the modular method may leave questions open, but few.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest
from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from support.brute import admissible_label, grid_images, wrong_image
from support.outcomes import check_example, check_outcome, with_pool
from support.partitions import partition_tasks
from support.spoil import spoilt
from support.tasks import tasks

from exactcnn import api
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import GlobalPool, InputUnit, MaxPool2d, Network
from exactcnn.task.model import PixelRange, Task

PROVED, REFUTED, VACUOUS = Verdict.PROVED, Verdict.REFUTED, Verdict.VACUOUS
OPEN = (Verdict.UNKNOWN, Verdict.TIMEOUT)
MOST_OPEN = 0.02
GRID = [Fraction(0), Fraction(1, 2), Fraction(1)]

Check = Callable[[st.DataObject, Counter[str]], None]


def for_random_instances(check: Check, number: int, count: int) -> Counter[str]:
    """Runs a check on `count` instances of their own for each number; what the modular method answered, counted."""
    tally: Counter[str] = Counter()

    @seed(number)
    @settings(max_examples=count, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        check(data, tally)

    run()
    decided = sum(tally[v.value] for v in Verdict)
    assert tally["UNKNOWN"] + tally["TIMEOUT"] <= max(1, MOST_OPEN * decided), tally
    return tally


def network_for(data: st.DataObject, task: Task, *, pools: tuple[str, ...] = ("max",)) -> Network:
    """A network built for the task, and more often than not spoilt; now and then with a local pool before the last."""
    arithmetic = data.draw(st.sampled_from(["rational", "rational", "dyadic"]))
    unit = InputUnit.BYTE if task.pixel.low == 0 and data.draw(st.integers(0, 5)) == 0 else InputUnit.PIXEL
    try:
        network = api.build(task, arithmetic=arithmetic, unit=unit)
    except InputError:  # a gap too small for dyadic weights
        network = api.build(task, arithmetic="rational")
    network = with_pool(network, data.draw(st.sampled_from(pools)))  # type: ignore[arg-type]
    if data.draw(st.integers(0, 6)) == 0:
        sides = data.draw(st.tuples(st.integers(1, 2), st.integers(1, 2)))
        place = next(n for n, layer in enumerate(network.layers) if isinstance(layer, GlobalPool))
        local = MaxPool2d(sides, data.draw(st.sampled_from([(1, 1), sides])), (0, 0, sides[0] - 1, sides[1] - 1))
        network = replace(network, layers=(*network.layers[:place], local, *network.layers[place:]))
    for _ in range(data.draw(st.sampled_from([0, 1, 1, 1, 2, 3]))):
        network, _ = data.draw(spoilt(network))
    return network


def modular(task: Task, network: Network, sizes: str, tally: Counter[str]) -> Outcome | None:
    """The checked outcome, counted; None where the network is not defined at every size."""
    try:
        found = api.verify(task, network, sizes=sizes, workers=1, timeout=60)
    except InputError as refusal:
        if "not defined" in refusal.message or "reads bytes" in refusal.message:
            return None
        raise
    tally[found.verdict.value] += 1
    return check_outcome(task, network, found)


def monolithic(task: Task, network: Network, height: int, width: int) -> Outcome | None:
    try:
        found = api.verify(task, network, sizes=f"{height}x{width}", method="monolithic", timeout=10)
    except InputError:
        return None
    if found.counterexample is not None:
        assert check_example(task, network, found, found.counterexample) <= 0
    return found


def agree(ours: Outcome, theirs: Outcome, tally: Counter[str]) -> None:
    """The same answer, unless one of them has none.

    Where a class is empty, a wrong image of another class may stay undiscovered: that counts as left open.
    """
    if (ours.verdict, theirs.verdict) == (VACUOUS, REFUTED):
        tally["UNKNOWN"] += 1
    elif ours.verdict not in OPEN and theirs.verdict not in OPEN:
        assert ours.verdict is theirs.verdict
    for mine, other in zip(ours.classes, theirs.classes, strict=False):
        assert not (mine.witness and other.vacuous), mine.name
        assert not (mine.vacuous and other.witness), mine.name


@pytest.mark.parametrize("number", range(5))
def test_one_size(number: int) -> None:
    def check(data: st.DataObject, tally: Counter[str]) -> None:
        task = data.draw(partition_tasks(max_channels=2, max_side=2 + (number == 0)))
        network = network_for(data, task, pools=("max", "max", "sum", "mean"))
        height, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
        ours = modular(task, network, f"{height}x{width}", tally)
        if ours is None:
            return
        theirs = monolithic(task, network, height, width)
        assert theirs is not None
        agree(ours, theirs, tally)

    tally = for_random_instances(check, number, 50)
    assert min(tally[v.value] for v in (PROVED, REFUTED, VACUOUS)) > 0, tally


@pytest.mark.parametrize("number", range(2))
def test_tasks_that_make_no_sense(number: int) -> None:
    """Contradictory, equal and impossible classes of up to three alternatives."""

    def check(data: st.DataObject, tally: Counter[str]) -> None:
        task = data.draw(tasks(max_alternatives=3, max_side=2))
        network = network_for(data, task)
        height, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
        ours = modular(task, network, f"{height}x{width}", tally)
        theirs = monolithic(task, network, height, width)
        if ours is not None and theirs is not None:
            agree(ours, theirs, tally)

    tally = for_random_instances(check, 100 + number, 40)
    assert tally["VACUOUS"] > 0


@pytest.mark.parametrize("number", range(3))
def test_ranges(number: int) -> None:
    """A range is refuted if one of its sizes is, and proved only if none is; what is empty is empty at every size."""

    def check(data: st.DataObject, tally: Counter[str]) -> None:
        task = data.draw(partition_tasks(max_side=2))
        network = network_for(data, task, pools=("max", "max", "sum", "mean"))
        height, width = data.draw(st.integers(1, 2)), data.draw(st.integers(1, 2))
        last = data.draw(st.sampled_from(["any", "any", f"{height + 1}x{width}", f"{height + 1}x{width + 1}"]))
        sizes = f"{height}x{width}..{last}"
        ours = modular(task, network, sizes, tally)
        if ours is None:
            return
        chosen = SizeRange.parse(sizes)
        for i in range(height, min(chosen.max_height or 3, 3) + 1):
            for j in range(width, min(chosen.max_width or 3, 3) + 1):
                theirs = monolithic(task, network, i, j)
                assert theirs is not None
                if theirs.verdict is REFUTED:
                    assert ours.verdict is not PROVED, (i, j)
                    tally["UNKNOWN"] += ours.verdict is VACUOUS
                for mine, other in zip(ours.classes, theirs.classes, strict=False):
                    assert not (mine.vacuous and other.witness), (mine.name, i, j)

    tally = for_random_instances(check, 200 + number, 25)
    assert tally["PROVED"] > 0
    assert tally["REFUTED"] > 0


def test_any_size_and_one_size() -> None:
    """What is proved at any size is proved at each; what is refuted at one size is refuted at any."""

    def check(data: st.DataObject, tally: Counter[str]) -> None:
        task = data.draw(partition_tasks(max_side=3, max_templates=1))
        network = network_for(data, task)
        everywhere = modular(task, network, "3x3..any", tally)
        height, width = data.draw(st.integers(3, 9)), data.draw(st.integers(3, 9))
        here = modular(task, network, f"{height}x{width}", tally)
        if everywhere is None or here is None:
            return
        if everywhere.verdict is PROVED:
            assert here.verdict in (PROVED, VACUOUS, *OPEN)
        if here.verdict is REFUTED:
            assert everywhere.verdict is not PROVED
            tally["UNKNOWN"] += everywhere.verdict is VACUOUS

    for_random_instances(check, 300, 40)


@pytest.mark.parametrize("number", range(2))
def test_every_image_of_the_generator(number: int) -> None:
    """What an enumerated image refutes is refuted."""

    def check(data: st.DataObject, tally: Counter[str]) -> None:
        task = data.draw(partition_tasks(max_side=2, generator=True))
        network = network_for(data, task)
        height, width = data.draw(st.integers(1, 3)), data.draw(st.integers(1, 3))
        ours = modular(task, network, f"{height}x{width}", tally)
        if ours is None:
            return
        theirs = api.verify(task, network, sizes=f"{height}x{width}", method="enumerate", timeout=0.5)
        assert theirs.verdict is not PROVED
        if theirs.verdict is REFUTED:
            assert ours.verdict is not PROVED
            tally["UNKNOWN"] += ours.verdict is VACUOUS

    for_random_instances(check, 400 + number, 40)


@pytest.mark.parametrize("number", range(2))
def test_every_image_on_a_grid(number: int) -> None:
    """No image in tenths of the range is wrong where the network is proved right, or of a class said to be empty."""

    def check(data: st.DataObject, tally: Counter[str]) -> None:
        task = data.draw(partition_tasks(max_side=2, max_features=2))
        if task.pixel != PixelRange():
            return
        network = network_for(data, task, pools=("max", "sum", "mean"))
        sizes = data.draw(st.sampled_from(["1x3", "2x2", "any", "1x2..2x2"]))
        ours = modular(task, network, sizes, tally)
        if ours is None:
            return
        for height, width in ((1, 3), (2, 2)):
            if (height, width) not in ours.sizes:
                continue
            wrong = wrong_image(task, network, height, width, GRID)
            assert wrong is None or ours.verdict is not PROVED
            labels = {admissible_label(task, image) for image in grid_images(1, height, width, GRID)}
            assert not labels & {r.name for r in ours.classes if r.vacuous}

    for_random_instances(check, 500 + number, 40)

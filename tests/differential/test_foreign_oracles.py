"""Random networks that nobody built: the modular method with its attack against one formula over all pixels."""

from __future__ import annotations

from collections import Counter

from hypothesis import Phase, given, seed, settings
from hypothesis import strategies as st
from support.brute import admissible_label
from support.naive import naive_network
from support.networks import networks, smallest_side
from support.outcomes import check_outcome
from support.tasks import tasks

from exactcnn import api
from exactcnn.core.outcome import Outcome
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import InputUnit, Network
from exactcnn.task.model import Task

LARGEST = 4
DECIDED = (Verdict.PROVED, Verdict.REFUTED, Verdict.VACUOUS)


def require_genuine(task: Task, network: Network, found: Outcome) -> None:
    """The counterexample is admissible and wrong by the definitions alone."""
    example = found.counterexample
    if example is None:
        return
    image = example.picture.image().fractions()
    assert admissible_label(task, image.tolist()) == example.label
    values = naive_network(network, image[None])[0].tolist()
    index = [c.name for c in task.classes].index(example.label)
    assert values[index] <= max(v for i, v in enumerate(values) if i != index)


def test_random_networks_get_the_same_answer_as_from_one_formula() -> None:
    tally: Counter[str] = Counter()

    @seed(5)
    @settings(max_examples=60, database=None, phases=[Phase.generate])
    @given(data=st.data())
    def run(data: st.DataObject) -> None:
        task = data.draw(tasks())
        side = data.draw(st.integers(2, LARGEST))
        network = data.draw(
            networks(channels=len(task.channels), outputs=len(task.classes), unit=InputUnit.PIXEL, size=(side, side))
        )
        if smallest_side(network) > side:
            return
        size = f"{side}x{side}"
        one_formula = api.verify(task, network, sizes=size, method="monolithic", timeout=20)
        modular = check_outcome(task, network, api.verify(task, network, sizes=size, workers=1, timeout=60))
        require_genuine(task, network, modular)
        if one_formula.verdict in DECIDED and modular.verdict in DECIDED:
            assert modular.verdict is one_formula.verdict
        tally[f"{one_formula.verdict.value} {modular.verdict.value}"] += 1

    run()
    wrong = sum(count for names, count in tally.items() if names.startswith("REFUTED"))
    assert wrong >= 20, tally
    assert tally["REFUTED REFUTED"] >= 0.9 * wrong, tally

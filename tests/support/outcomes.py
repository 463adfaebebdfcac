"""What an outcome must show for itself, checked with the task's and the network's own evaluation; a task to try."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

from flint import fmpq
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.core.outcome import Example, Outcome
from exactcnn.core.verdict import Verdict
from exactcnn.network.evaluate import logits
from exactcnn.network.model import GlobalPool, Layer, Network
from exactcnn.task.decide import decide
from exactcnn.task.model import Task, TaskClass

__all__ = [
    "DOT",
    "HALF",
    "ONE",
    "PLAIN",
    "PROVED",
    "REFUTED",
    "REST",
    "RING",
    "VACUOUS",
    "YES_NO",
    "answer",
    "check_example",
    "check_outcome",
    "with_layer",
    "with_pool",
]

PROVED, REFUTED, VACUOUS = Verdict.PROVED, Verdict.REFUTED, Verdict.VACUOUS
ONE, HALF = fmpq(1), fmpq(1, 2)
RING = feature("ring", "###", "#.#", "###")
DOT = feature("dot", "#")
REST = TaskClass("rest", otherwise=True)
PLAIN = task([DOT, RING], [one_class("dot", "dot", "ring"), one_class("ring", "ring"), REST])
YES_NO = task([DOT], [one_class("y", "dot"), one_class("n", "", "dot")])

_LARGEST = 200


def answer(subject: Task, network: Network | None = None, sizes: str = "any", timeout: float | None = None) -> Outcome:
    """The modular method's outcome for a network, or for the one that is built, after `check_outcome`."""
    chosen = api.build(subject) if network is None else network
    return check_outcome(subject, chosen, api.verify(subject, chosen, sizes=sizes, workers=1, timeout=timeout))


def with_layer(network: Network, number: int, layer: Layer) -> Network:
    """The network with another layer in one place."""
    return replace(network, layers=(*network.layers[:number], layer, *network.layers[number + 1 :]))


def with_pool(network: Network, kind: Literal["max", "sum", "mean"]) -> Network:
    """The network with another global pool."""
    pool = GlobalPool(kind)
    return replace(network, layers=tuple(pool if isinstance(x, GlobalPool) else x for x in network.layers))


def check_outcome(task: Task, network: Network, outcome: Outcome) -> Outcome:
    """The outcome, after checking its witnesses, its counterexample, and that the parts fit the verdict."""
    assert [r.name for r in outcome.classes] == [c.name for c in task.classes]
    assert (outcome.counterexample is None) == (outcome.verdict is not Verdict.REFUTED)
    leads = []
    for report in outcome.classes:
        if report.witness is not None:
            assert report.vacuous is None
            assert report.witness.label == report.name
            leads.append(check_example(task, network, outcome, report.witness))
    if outcome.verdict is Verdict.REFUTED:
        assert outcome.evidence == "replay"
        assert outcome.counterexample is not None
        assert check_example(task, network, outcome, outcome.counterexample) <= 0
    if outcome.verdict is Verdict.PROVED:
        assert (outcome.evidence, outcome.certificate is None) in [("certificate", False), ("smt", True)]
        assert outcome.solvers or outcome.evidence == "certificate"
        assert len(leads) == len(task.classes)
        assert all(lead > 0 for lead in leads)
        if outcome.margin is not None:
            assert 0 < outcome.margin <= min(leads)
            assert outcome.margin_attained == (outcome.margin == min(leads))
    if outcome.verdict is Verdict.VACUOUS:
        assert any(r.vacuous for r in outcome.classes)
        assert outcome.reason
    if outcome.verdict in (Verdict.UNKNOWN, Verdict.TIMEOUT):
        assert outcome.reason
    return outcome


def check_example(task: Task, network: Network, outcome: Outcome, example: Example) -> fmpq:
    """The label's lead on the example's image, after checking all that the example says."""
    picture = example.picture
    assert (picture.height, picture.width) in outcome.sizes
    assert max(picture.height, picture.width) <= _LARGEST, "too large to be checked whole"
    image = picture.image()
    decision = decide(task, image)
    assert decision.label == example.label
    assert decision.configuration == frozenset(example.features)
    scores = logits(network, image.reshape(1, *image.shape), task.pixel)[0].rationals()
    assert scores == list(example.logits)
    assert {w.feature for w in example.windows} == set(example.features)
    for window in example.windows:
        feature = task.features[task.feature_index[window.feature]]
        part = image[:, window.row : window.row + feature.height, window.column : window.column + feature.width]
        assert feature.templates[window.template].excess(part) == 0
    index = [c.name for c in task.classes].index(example.label)
    assert example.lead(index) == scores[index] - max(v for i, v in enumerate(scores) if i != index)
    return example.lead(index)

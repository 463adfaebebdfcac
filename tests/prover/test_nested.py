"""Templates that lie within others of their feature: a typical drawing, and the intervals around it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.certified import checked
from support.outcomes import PROVED, check_outcome
from support.tasks import tasks
from support.tiny import numbers, one_class, task

from exactcnn.core.box import Box
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.construct import build_network
from exactcnn.network.model import Conv2d, Network
from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_bounds import BookContext, CertifiedJob, one_sided, relaxed_bound
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import channel_job
from exactcnn.prover.local_sequent import NumberedStem
from exactcnn.prover.tables import Tables
from exactcnn.prover.upper_proof import UpperShared, channel_at_once
from exactcnn.prover.verify import Settings, verify_modular
from exactcnn.solvers.pool import Deadline
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Feature, Task
from exactcnn.theorem.formulas import NOTHING_KNOWN

SOLVER = Z3Solver()
GAP = fmpq(1, 8)


def box(low: str, high: str) -> Box:
    """Two pixels side by side in one interval."""
    return Box(numbers([low, low], (1, 1, 2)), numbers([high, high], (1, 1, 2)))


def nested() -> Task:
    """A feature of a template, and of a wider one around it."""
    bar = Feature("bar", (box("3/8", "1/2"), box("1/4", "3/4")), GAP)
    return task([bar], [one_class("yes", "bar"), one_class("no", "", "bar")])


def loosened(network: Network, by: str) -> Network:
    """All thresholds moved outwards, so that each channel answers on near misses of its own template."""
    first = network.layers[0]
    assert isinstance(first, Conv2d)
    thresholds = first.weight.shape[0] - 1
    moved = first.bias - numbers([by] * thresholds + ["0"], (thresholds + 1,))
    return replace(network, layers=(replace(first, bias=moved), *network.layers[1:]))


def facts(instance: Instance) -> FactBook:
    """The facts that relaxations prove."""
    tables = Tables(instance)
    shared = UpperShared(instance, tables, NumberedStem(instance), SOLVER, 10.0, Deadline(None))
    jobs = [channel_job(tables, k) for k in range(instance.stem.out_channels)]
    return FactBook(instance, tables, {n: channel_at_once(shared, job) for n, job in enumerate(jobs) if job})


def test_the_wider_template_says_what_it_means_to_avoid_the_one_within() -> None:
    subject = nested()
    network = loosened(build_network(subject, arithmetic="rational"), "1/64")
    book = facts(Instance(subject, network, SizeRange()))
    for listed in book.uppers.values():
        for result in listed:
            assert {w.template for _, windows in result.job.kinds for w in windows} <= {1}
    # Of the gap of 1/8 both pixels may have 1/64 that the wider template's channel does not see.
    assert [[r.bound for r in book.uppers[k]] for k in (0, 1)] == [[0], [fmpq(1, 4)]]


def test_it_is_proved_with_a_certificate() -> None:
    subject = nested()
    network = loosened(build_network(subject, arithmetic="rational"), "1/64")
    outcome = verify_modular(subject, network, SizeRange(), SOLVER, Settings(workers=1, confirm=_rejected))
    found = check_outcome(subject, network, outcome)
    assert found.verdict is PROVED
    assert found.margin == fmpq(1, 2)


def _rejected(statement: str, certificate: str) -> str | None:
    valid, text = checked(statement, certificate)
    return None if valid else text


def test_every_template_keeps_a_lower_fact_where_one_channel_answers_most_for_both() -> None:
    subject = nested()
    network = build_network(subject, arithmetic="rational")
    second = network.layers[2]
    assert isinstance(second, Conv2d)
    # The wider template's channel, 1/64 more of it.
    weights, biases = (np.array(t.tolist(), dtype=object) for t in (second.weight, second.bias))
    weights[1], biases[1] = weights[1] * fmpq(65, 64), biases[1] * fmpq(65, 64)
    louder = replace(
        second,
        weight=ExactTensor.from_rationals(weights, weights.shape),
        bias=ExactTensor.from_rationals(biases, biases.shape),
    )
    network = replace(network, layers=(*network.layers[:2], louder, *network.layers[3:]))
    instance = Instance(subject, network, SizeRange())
    book = facts(instance)
    assert book.tables.lower[0, 0][1] > book.tables.lower[0, 0][0]
    found = relaxed_bound(
        BookContext(book, NOTHING_KNOWN, SOLVER), CertifiedJob(one_sided(0, holds=True), None, 10, 10)
    )
    assert found is not None
    assert found.value == 1


@settings(max_examples=40)
@given(data=st.data())
def test_the_template_chosen_holds_all_of_the_one_within(data: st.DataObject) -> None:
    subject = data.draw(tasks(max_features=2, max_side=2, max_templates=3, max_channels=1, max_classes=2))
    tables = Tables(Instance(subject, build_network(subject), SizeRange()))
    for f, feature in enumerate(subject.features):
        for t, inner in enumerate(feature.templates):
            chosen = tables.widest(f, t)
            assert feature.templates[chosen].largest_excess(inner) == 0
            around = [o for o, b in enumerate(feature.templates) if o != t and b.largest_excess(inner) == 0]
            assert (chosen != t) <= (chosen in around)
            # One that is wider everywhere is not passed over.
            assert chosen != t or not any(inner.largest_excess(feature.templates[o]) > 0 for o in around)

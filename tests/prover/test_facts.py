"""Every fact that the modular method believes of a network, tried on images: random networks, exact evaluation."""

from __future__ import annotations

from dataclasses import replace

from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import networks
from support.spoil import spoilt
from support.stems import defined_from
from support.tasks import images, tasks

from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.apply import apply_layer
from exactcnn.network.construct import build_network
from exactcnn.network.model import GlobalPool, InputUnit, Network
from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_bounds import HeadContext, best_bound, one_sided, pairwise
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import LowerJob, channel_job, prove_channel, prove_lower, prove_upper
from exactcnn.prover.tables import Tables
from exactcnn.prover.witness import Search
from exactcnn.solvers.pool import Deadline
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.decide import Decision, decide
from exactcnn.task.model import Task
from exactcnn.theorem.facts import PooledFacts

SOLVER = Z3Solver()


@st.composite
def instances(draw: st.DrawFn) -> tuple[Instance, list[ExactTensor]]:
    """An instance with a network built, spoilt or random, and images of its sizes."""
    task = draw(tasks(max_features=2, max_side=2, max_templates=2, max_channels=1, max_classes=3))
    network = draw(networks_for(task))
    bare = Instance(task, network, SizeRange(40, None, 40, None))
    height, width = (defined_from(axis) + draw(st.integers(0, 2)) for axis in (bare.stem.rows, bare.stem.columns))
    height, width = min(height, 6), min(width, 6)
    if network.output_size(height, width) is None:
        height, width = (defined_from(axis) for axis in (bare.stem.rows, bare.stem.columns))
    upper = draw(st.sampled_from([(height, width), (height + 1, width + 2), (None, None)]))
    sizes = SizeRange(height, upper[0], width, upper[1])
    tall, wide = ((u or low + 3) for u, low in zip(upper, (height, width), strict=True))
    shown = [
        draw(images(task, height=draw(st.integers(height, tall)), width=draw(st.integers(width, wide))))
        for _ in range(4)
    ]
    return Instance(task, network, sizes), shown


@st.composite
def networks_for(draw: st.DrawFn, task: Task) -> Network:
    if draw(st.integers(0, 3)) == 0:
        return draw(networks(channels=len(task.channels), outputs=len(task.classes), unit=InputUnit.PIXEL))
    network = build_network(task, arithmetic="rational")
    pool = GlobalPool(draw(st.sampled_from(["max", "max", "sum", "mean"])))
    network = replace(network, layers=tuple(pool if isinstance(la, GlobalPool) else la for la in network.layers))
    for _ in range(draw(st.integers(0, 2))):
        network, _ = draw(spoilt(network))
    return network


def pooled_values(network: Network, image: ExactTensor) -> list[fmpq]:
    value = image.reshape(1, *image.shape)
    for layer in network.layers:
        value = apply_layer(layer, value)
        if isinstance(layer, GlobalPool):
            break
    return value[0].rationals()


def logits(network: Network, image: ExactTensor) -> list[fmpq]:
    value = image.reshape(1, *image.shape)
    for layer in network.layers:
        value = apply_layer(layer, value)
    return value[0].rationals()


def facts_of(instance: Instance) -> PooledFacts:
    tables = Tables(instance)
    uppers = {}
    for channel in range(instance.stem.out_channels):
        job = channel_job(tables, channel)
        if job is not None:
            uppers[channel] = prove_channel(job, lambda upper: prove_upper(instance, SOLVER, upper, 10))
    for (feature, template), known in tables.lower.items():
        for channel, bound in known.items():
            sights = tables.sights(feature, template, ((channel, 1),), bound)
            assert sights is not None
            job = LowerJob(feature, template, ((channel, 1),), bound, tuple(sights))
            assert prove_lower(instance, SOLVER, job, 10)[2] == ""
    return FactBook(instance, tables, uppers).pooled


def check_pooled(task: Task, facts: PooledFacts, decision: Decision, values: list[fmpq]) -> None:
    for (low, high), value in zip(facts.base, values, strict=True):
        assert low is None or low <= value
        assert high is None or value <= high
    for (feature, template), known in facts.lower.items():
        shown = {w.template for w in decision.statuses[feature].exhibiting}
        if template in shown:
            for channel, bound in known.items():
                assert values[channel] >= bound
    avoided = {n for n, s in enumerate(decision.statuses) if s.state == "avoids"}
    for channel, listed in facts.upper.items():
        for fact in listed:
            if fact.features <= avoided:
                assert values[channel] <= fact.bound


@settings(max_examples=40)
@given(drawn=instances())
def test_pooled_facts_hold_on_images(drawn: tuple[Instance, list[ExactTensor]]) -> None:
    instance, shown = drawn
    facts = facts_of(instance)
    for image in shown:
        check_pooled(instance.task, facts, decide(instance.task, image), pooled_values(instance.pixel_network, image))


@settings(max_examples=40)
@given(drawn=instances())
def test_bounds_on_logits_hold_on_admissible_images(drawn: tuple[Instance, list[ExactTensor]]) -> None:
    instance, shown = drawn
    task = instance.task
    context = HeadContext(instance, facts_of(instance), Search(instance, SOLVER, Deadline(None)).known, SOLVER)
    otherwise = [c.otherwise for c in task.classes]
    for image in shown:
        label = decide(task, image).label
        if label is None:
            continue
        values = logits(instance.pixel_network, image)
        y = [c.name for c in task.classes].index(label)
        least = best_bound(context, (one_sided(y, holds=True), 10))
        assert not least.impossible
        assert least.value is None or values[y] >= least.value
        for z in range(len(values)):
            if z != y:
                most = best_bound(context, (one_sided(z, holds=False), 10))
                assert not most.impossible
                assert most.value is None or -values[z] >= most.value
                lead = best_bound(context, (pairwise(y, z, otherwise), 10))
                assert not lead.impossible
                assert lead.value is None or values[y] - values[z] >= lead.value

"""The attack: floats that guide it, images that it proposes, and what it may never do: call a right network wrong."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.brute import admissible_label
from support.naive import naive_network
from support.networks import networks, smallest_side
from support.outcomes import PLAIN, REFUTED, YES_NO, check_outcome
from support.stems import stems
from support.tasks import tasks
from support.tiny import conv, dense

from exactcnn import api
from exactcnn.core.outcome import Stretched
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import evaluate
from exactcnn.network.model import GlobalPool, InputUnit, Network, ReLU
from exactcnn.prover.attack import Attack, Hit, subject_of
from exactcnn.prover.attack_floats import FloatNetwork, interval_bounds, leads
from exactcnn.prover.attack_simplify import hit_of, simplified
from exactcnn.prover.counterexample import attacked, facts_hopeless, made_plain
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import replay
from exactcnn.prover.tables import Tables
from exactcnn.solvers.pool import Deadline, OutOfTimeError
from exactcnn.task.model import Task
from exactcnn.theorem.stem import Stem

ROOT = Path(__file__).parents[2]
SHAPES = ROOT / "exactcnn" / "examples" / "shapes.toml"
TRAINED = ROOT / "tests" / "golden" / "networks"
NAMES = ("averages", "detectors", "pools")


def silent(stage: str, done: int, total: int) -> None:
    """No progress is shown."""


def attack_on(task: Task, network: Network, sizes: str, seconds: float | None = None) -> tuple[Instance, Attack]:
    instance = Instance(task, network, SizeRange.parse(sizes))
    return instance, Attack(subject_of(instance), Deadline(seconds), silent)


def require_wrong(task: Task, network: Network, hit: Hit) -> str:
    """The label, after checking by definitions alone that the image is admissible and that the network is wrong."""
    image = hit.replay.picture.image().fractions()
    label = admissible_label(task, image.tolist())
    assert label is not None
    assert label == hit.replay.decision.label
    values = naive_network(network, image[None])[0].tolist()
    index = [c.name for c in task.classes].index(label)
    assert values[index] <= max(v for i, v in enumerate(values) if i != index)
    return label


# -- floats ------------------------------------------------------------------------------------------------------------


@settings(max_examples=60)
@given(data=st.data())
def test_floats_are_near_the_exact_logits_and_slopes_near_differences(data: st.DataObject) -> None:
    network = data.draw(networks(outputs=3, unit=InputUnit.PIXEL))
    side = smallest_side(network) + data.draw(st.integers(0, 3))
    draws = np.random.default_rng(data.draw(st.integers(0, 99)))
    levels = draws.integers(0, 256, (3, network.channels, side, side + 1))
    floats, batch = FloatNetwork(network), levels / 255
    values = floats.logits(batch)
    exact = evaluate(network, ExactTensor.from_integers(levels, 255)).floats()
    scale = 1 + np.abs(exact).max()
    assert np.abs(values - exact).max() <= 1e-9 * scale
    lead, slope = floats.lead_and_slope(batch, 1)
    assert np.allclose(lead, leads(values, 1))
    # Kinks are rare: most of the random directions have none within the step.
    step, way = 1e-6, draws.normal(size=batch.shape)
    ahead, behind = (leads(floats.logits(batch + side * step * way), 1) for side in (1, -1))
    expected, found = (ahead - behind) / (2 * step), (slope * way).sum(axis=(1, 2, 3))
    smooth = np.abs(ahead + behind - 2 * lead) <= 1e-9 * scale
    assert np.allclose(expected[smooth], found[smooth], rtol=1e-3, atol=1e-4 * scale)


@settings(max_examples=40)
@given(stem=stems(), number=st.integers(0, 99))
def test_intervals_hold_what_a_stem_does_inside_them(stem: Stem, number: int) -> None:
    draws = np.random.default_rng(number)
    shape = (4, stem.in_channels, stem.rows.field, stem.columns.field)
    ends = np.sort(draws.random((2, *shape)), axis=0)
    low, high = interval_bounds(stem.layers, ends[0], ends[1])
    for share in (np.zeros(shape), draws.random(shape), np.ones(shape)):
        point = ends[0] + share * (ends[1] - ends[0])
        values, _ = interval_bounds(stem.layers, point, point)
        assert (low - 1e-7 <= values).all()
        assert (values <= high + 1e-7).all()


@pytest.mark.parametrize("unit", InputUnit)
def test_facts_are_hoped_for_where_features_raise_channels(unit: InputUnit) -> None:
    for task in (PLAIN, api.load_task(SHAPES)):
        assert not facts_hopeless(Instance(task, api.build(task, unit=unit), SizeRange.parse("any")))
    blind = Network((conv([0], (1, 1, 1, 1), [1]), GlobalPool(), dense([[1], [0]], [0, 0])), 1)
    assert facts_hopeless(Instance(YES_NO, blind, SizeRange.parse("any")))


# -- trained networks --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("sizes", ["13x13..any", "24x24"])
def test_trained_networks_are_refuted(name: str, sizes: str) -> None:
    """By an image in bytes on a plain ground, about which onnxruntime is wrong as well."""
    task, network = api.load_task(SHAPES), api.load_network(TRAINED / f"{name}.onnx")
    found = check_outcome(task, network, api.verify(task, network, sizes=sizes, workers=1))
    assert found.verdict is REFUTED
    example = found.counterexample
    assert example is not None
    image = example.picture.image()
    assert admissible_label(task, image.fractions().tolist()) == example.label
    assert all((value * 255).q == 1 for value in image.rationals())
    ground = image.floats()[0].copy()
    for window in example.windows:
        feature = task.features[task.feature_index[window.feature]]
        ground[window.row : window.row + feature.height, window.column : window.column + feature.width] = np.nan
    assert len(np.unique(ground[~np.isnan(ground)])) <= 1
    session = onnxruntime.InferenceSession(TRAINED / f"{name}.onnx", providers=["CPUExecutionProvider"])
    scores = session.run(None, {"image": image.floats()[None].astype(np.float32)})[0][0]
    assert task.classes[int(scores.argmax())].name != example.label


def test_naive_fractions_agree_that_a_trained_network_is_wrong() -> None:
    task, network = api.load_task(SHAPES), api.load_network(TRAINED / "pools.onnx")
    _, attack = attack_on(task, network, "13x13..any")
    hit = attack.run()
    assert hit is not None
    require_wrong(task, network, simplified(attack, hit))


def test_the_same_seed_finds_the_same_image() -> None:
    task, network = api.load_task(SHAPES), api.load_network(TRAINED / "averages.onnx")
    hits = [attack_on(task, network, "20x20")[1].run() for _ in range(2)]
    assert hits[0] is not None
    assert hits[1] is not None
    assert hits[0].core == hits[1].core


# -- hits are genuine --------------------------------------------------------------------------------------------------


@settings(max_examples=40)
@given(data=st.data())
def test_hits_on_random_networks_are_wrong_by_definition(data: st.DataObject) -> None:
    """Also where bytes do not meet the templates' intervals, with several channels and odd pixel ranges."""
    task = data.draw(tasks())
    network = data.draw(networks(channels=len(task.channels), outputs=len(task.classes), unit=InputUnit.PIXEL))
    least = max(smallest_side(network), 2)
    sizes = data.draw(st.sampled_from([f"{least}x{least}..any", f"{least + 1}x{least + 2}"]))
    _, attack = attack_on(task, network, sizes)
    hit = attack.run()
    if hit is None:
        return
    label = require_wrong(task, network, hit)
    assert (hit.scene.whole) in SizeRange.parse(sizes)
    plain = simplified(attack, hit)
    assert require_wrong(task, network, plain) == label
    assert plain.scene.whole == hit.scene.whole


@settings(max_examples=8)
@given(task=tasks(), kind=st.sampled_from(["max", "sum"]))
def test_a_network_that_is_right_is_never_hit(task: Task, kind: str) -> None:
    network = api.build(task, arithmetic="rational")
    if kind == "max":
        _, attack = attack_on(task, network, "5x5")
        assert attack.run() is None


# -- plain images ------------------------------------------------------------------------------------------------------

DIM = Network((conv([1], (1, 1, 1, 1), ["-15/16"]), ReLU(), GlobalPool(), dense([[16], [0]], [0, "1/2"])), 1)
"""Wants a dot of at least 31/32, where 7/8 is enough."""


def test_a_picture_from_elsewhere_is_made_plain() -> None:
    instance = Instance(YES_NO, DIM, SizeRange.parse("9x9"))
    draws = np.random.default_rng(0)
    values = np.array([fmpq(int(v), 1021) for v in draws.integers(0, 300, 81)], dtype=object).reshape(1, 9, 9)
    values[0, 4, 6] = fmpq(901, 1021)
    wrong = replay(instance, Stretched.plain(ExactTensor.from_rationals(values, shape=values.shape)))
    assert wrong.decision.label == "y"
    found = made_plain(instance, wrong, Deadline(None))
    assert found.decision.label == "y"
    assert found.lead(instance) <= 0
    levels = sorted(set(found.picture.core.rationals()))
    assert len(levels) == 2
    assert levels[0] == 0
    assert found.picture.core.item(0, 4, 6) == levels[1] >= fmpq(7, 8)


def test_what_is_needed_stays() -> None:
    """The sum of eight grey pixels is what is wrong: as many stay, and everything else goes."""
    network = Network((conv([1], (1, 1, 1, 1), [0]), GlobalPool("sum"), dense([[1], [0]], [0, "2"])), 1)
    instance = Instance(YES_NO, network, SizeRange.parse("8x8"))
    draws = np.random.default_rng(1)
    core = ExactTensor.from_integers(draws.integers(30, 90, (1, 8, 8)), 255)
    wrong = replay(instance, Stretched.plain(core))
    assert (wrong.decision.label, wrong.lead(instance) <= 0) == ("n", True)
    found = made_plain(instance, wrong, Deadline(None))
    assert found.lead(instance) <= 0
    assert len(set(found.picture.core.rationals())) <= 2


def test_a_stretched_picture_keeps_its_windows() -> None:
    _, attack = attack_on(YES_NO, DIM, "40x50..any")
    core = ExactTensor.from_integers(np.array([[[0, 0, 0], [225, 0, 60], [0, 0, 0]]]), 255)
    wrong = attack.subject.judge(Stretched(core, 40, 50, 2, 1))
    hit = hit_of(attack, wrong)
    assert hit is not None
    assert [(p.rect.row, p.rect.column) for p in hit.scene.places] == [(1, 0)]
    plain = simplified(attack, hit)
    assert plain.scene.whole == (40, 50)
    assert plain.core.item(0, 1, 2) == 0
    assert attack.subject.wrong(plain.replay)


def test_no_time_is_no_answer_but_a_hit_stays_a_hit() -> None:
    instance, attack = attack_on(YES_NO, DIM, "9x9")
    hit = attack.run()
    assert hit is not None
    late = Deadline(0)
    with pytest.raises(OutOfTimeError):
        attacked(instance, late, silent)
    assert made_plain(instance, hit.replay, late) is hit.replay


def test_tables_of_deep_stems_keep_to_the_time_limit() -> None:
    """Thousands of ways to see a window take minutes, and they would not be interrupted otherwise."""
    instance = Instance(api.load_task(SHAPES), api.load_network(TRAINED / "pools.onnx"), SizeRange.parse("24x24"))
    for ask in (lambda tables: tables.everywhere, lambda tables: tables.lower):
        with pytest.raises(OutOfTimeError):
            ask(Tables(instance, Deadline(0)))

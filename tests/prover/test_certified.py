"""Proofs first: a solver is asked only where no proof is found at once, and what it proves is proved again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.certified import checked, corners
from support.networks import networks
from support.outcomes import ONE, PLAIN, PROVED, YES_NO, check_outcome
from support.perturb import perturbed
from support.stems import defined_from
from support.tasks import tasks
from support.tiny import conv, dense, feature, one_class, task

from exactcnn import api
from exactcnn.core.circuit import Sequent
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.network.construct import build_network
from exactcnn.network.model import Dense, GlobalPool, InputUnit, Network, ReLU
from exactcnn.prover import upper_proof, verify
from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_bounds import BookContext, CertifiedJob, best_bound, certified_bound, one_sided, relaxed_bound
from exactcnn.prover.head_local import head_local
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import ChannelJob, UpperJob, channel_job, prove_channel, prove_upper
from exactcnn.prover.local_proof import least_bound, prove_local
from exactcnn.prover.local_sequent import NumberedStem, upper_local
from exactcnn.prover.tables import Tables
from exactcnn.prover.upper_proof import UpperShared, channel_at_once, channel_decided, with_proof
from exactcnn.prover.verify import Settings, verify_modular
from exactcnn.solvers.base import Answer, Minimum, Solver, Status
from exactcnn.solvers.pool import Deadline, OutOfTimeError
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Task
from exactcnn.theorem.formulas import NOTHING_KNOWN

HONEST = Z3Solver()


@dataclass
class Counting:
    """z3, with the titles of what it was asked."""

    asked: list[str] = field(default_factory=list)
    name: str = "counting 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        self.asked.append(sequent.title)
        return HONEST.decide(sequent, timeout=timeout, core=core)

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        self.asked.append(sequent.title)
        return HONEST.minimise(sequent, timeout=timeout)


@pytest.fixture
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """All the time that is needed for what only makes a margin greater, however busy the machine is."""
    for name in ("_SOON", "_IMPROVING"):
        monkeypatch.setattr(verify, name, 600.0)
    monkeypatch.setattr(upper_proof, "_QUICK_SECONDS", 600.0)
    monkeypatch.setattr(upper_proof, "_MOST_SECONDS", 600.0)


def rejected(statement: str, certificate: str) -> str | None:
    valid, text = checked(statement, certificate)
    return None if valid else text


def verified(subject: Task, network: Network, solver: Counting | None = None, sizes: str = "any") -> Outcome:
    """The outcome with a certificate wanted; one process."""
    chosen = Settings(workers=1, confirm=rejected)
    found = verify_modular(subject, network, SizeRange.parse(sizes), solver or Counting(), chosen)
    return check_outcome(subject, network, found)


def shared_of(instance: Instance) -> UpperShared:
    return UpperShared(instance, Tables(instance), NumberedStem(instance), HONEST, 10.0, Deadline(None))


@pytest.mark.parametrize("arithmetic", ["dyadic", "rational"])
@pytest.mark.parametrize("unit", [InputUnit.PIXEL, InputUnit.BYTE])
def test_no_solver_is_asked_about_built_networks(arithmetic: str, unit: InputUnit) -> None:
    for subject in (PLAIN, YES_NO, corners()[0]):
        solver = Counting()
        found = verified(subject, build_network(subject, arithmetic=arithmetic, unit=unit), solver)  # type: ignore[arg-type]
        assert (found.verdict, found.evidence, found.solvers) == (PROVED, "certificate", ())
        assert found.margin_attained
        assert solver.asked == []


@pytest.mark.usefixtures("patience")
def test_a_solver_is_asked_where_relaxations_do_not_tell_and_named() -> None:
    subject = corners()[0]
    solver = Counting()
    network = perturbed(api.build(subject, slack="1/2"), 8, 3)
    found = verified(subject, network, solver)
    assert (found.verdict, found.evidence, found.solvers) == (PROVED, "certificate", ("counting 1",))
    assert any(title.startswith("head:") for title in solver.asked)
    by_solver = verify_modular(subject, network, SizeRange(), HONEST, Settings(workers=1))
    assert (by_solver.margin, by_solver.evidence) == (found.margin, "smt")


def test_facts_that_the_head_does_not_need_are_not_asked_about() -> None:
    """A third channel that no relaxation bounds by its least value, and that no logit depends on."""
    network = api.build(YES_NO)
    first, second, head = network.layers[0], network.layers[2], network.layers[5]
    # The stem of YES_NO: 1x1 convolutions to (dark, inside) and to the detector.
    assert first.weight.shape == (2, 1, 1, 1)  # type: ignore[union-attr]
    assert second.weight.shape == (1, 2, 1, 1)  # type: ignore[union-attr]
    wider = conv([*second.weight.rationals(), "-1/2", "1"], (2, 2, 1, 1), [*second.bias.rationals(), "-1/4"])  # type: ignore[union-attr]
    rows = head.weight.fractions()  # type: ignore[union-attr]
    more = dense([[*row, 0] for row in rows], head.bias.rationals())  # type: ignore[union-attr]
    other = Network((first, ReLU(), wider, ReLU(), GlobalPool(), more, *network.layers[6:]), 1)
    solver = Counting()
    found = verified(YES_NO, other, solver)
    assert (found.verdict, found.margin, solver.asked) == (PROVED, ONE, [])
    assert any("S_1" in title for title in _asked_without_proofs(YES_NO, other))


def _asked_without_proofs(subject: Task, network: Network) -> list[str]:
    solver = Counting()
    verify_modular(subject, network, SizeRange(), solver, Settings(workers=1))
    return solver.asked


# -- upper facts ------------------------------------------------------------------------------------------------------


def detector(instance: Instance, tables: Tables) -> UpperJob:
    job = channel_job(tables, 0)
    assert job is not None
    return job.alone[0]


def test_what_is_proved_at_once_is_what_the_solver_proves() -> None:
    instance = Instance(PLAIN, api.build(PLAIN), SizeRange())
    shared = shared_of(instance)
    for channel in range(instance.stem.out_channels):
        job = channel_job(shared.tables, channel)
        assert job is not None
        found = channel_at_once(shared, job)
        assert found
        decided = channel_decided(shared, (job, found))
        by_solver = prove_channel(job, lambda upper: prove_upper(instance, HONEST, upper, 10))
        assert [(r.job, r.bound) for r in decided] == [(r.job, r.bound) for r in by_solver]
        assert [r for r in decided if r.proofs is not None] == found


def moved_instance() -> Instance:
    subject = corners()[0]
    return Instance(subject, perturbed(api.build(subject, slack="0"), 8, 3), SizeRange())


def test_a_solvers_bound_gets_a_proof() -> None:
    shared = shared_of(moved_instance())
    result = prove_upper(shared.instance, HONEST, detector(shared.instance, shared.tables), 10)
    assert result.bound is not None
    assert result.bound > result.job.target
    proved = with_proof(shared, (result, 10.0))
    assert proved.proofs
    assert proved.bound == result.bound
    assert with_proof(shared, (proved, 0.0)) is proved


def test_where_the_target_fails_a_relaxation_gives_a_bound_near_it_with_a_proof() -> None:
    subject = corners()[0]
    shared = shared_of(Instance(subject, perturbed(api.build(subject, slack="0"), 12, 3), SizeRange()))
    jobs = [job for job in (channel_job(shared.tables, k) for k in range(shared.instance.stem.out_channels)) if job]
    near = 0
    for job in jobs:
        for result in channel_at_once(shared, job):
            assert result.proofs is not None
            assert result.bound is not None
            least = prove_upper(shared.instance, HONEST, result.job, 10).bound
            assert least is not None
            assert least <= result.bound <= least + fmpq(1, 8)
            near += result.bound > result.job.target
    assert near


def test_bounds_far_from_the_target_are_left_to_the_solver() -> None:
    shared = shared_of(Instance(PLAIN, api.build(PLAIN), SizeRange()))
    job = channel_job(shared.tables, 0)
    assert job is not None
    blind = replace(job.alone[0], kinds=tuple((kind, ()) for kind, _ in job.alone[0].kinds))
    assert channel_at_once(shared, ChannelJob((blind,), ())) == []


def test_a_bound_without_any_proof_is_none() -> None:
    shared = shared_of(moved_instance())
    result = prove_upper(shared.instance, HONEST, detector(shared.instance, shared.tables), 10)
    assert with_proof(shared, (result, -1.0)).bound is None


def without_exact_proofs(monkeypatch: pytest.MonkeyPatch, least: fmpq) -> list[fmpq]:
    """Makes the search of proofs fail for bounds above 0 that are weakened by less than this; those that it proved."""
    search, weaker = upper_proof._proofs, []
    attained: dict[UpperJob, fmpq] = {}

    def proofs(
        shared: UpperShared, job: UpperJob, bound: fmpq, seconds: float, *, splits: bool
    ) -> Mapping[int, Sequence[str]] | None:
        if bound > job.target:
            first = attained.setdefault(job, bound)
            if bound < first + least:
                return None
            weaker.append(bound - first)
        return search(shared, job, bound, seconds, splits=splits)

    monkeypatch.setattr(upper_proof, "_proofs", proofs)
    return weaker


@pytest.mark.usefixtures("patience")
def test_a_weaker_bound_will_do(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = corners()[0]
    network = perturbed(api.build(subject, slack="0"), 8, 3)
    best = verified(subject, network)
    weaker = without_exact_proofs(monkeypatch, fmpq(1, 1 << 30))
    found = verified(subject, network)
    assert (best.verdict, found.verdict) == (PROVED, PROVED)
    assert weaker
    assert best.margin is not None
    assert found.margin is not None
    assert best.margin - fmpq(1, 1000) < found.margin < best.margin


def test_bounds_that_have_no_proofs_leave_the_answer_open(monkeypatch: pytest.MonkeyPatch) -> None:
    subject = corners()[0]
    without_exact_proofs(monkeypatch, fmpq(10**6))
    found = verified(subject, perturbed(api.build(subject, slack="0"), 8, 3))
    assert found.verdict is Verdict.UNKNOWN
    assert (found.reason or "").startswith("proved by z3, but no certificate was found: no proof was found for S_")


@st.composite
def random_instances(draw: st.DrawFn) -> Instance:
    subject = draw(tasks(max_features=2, max_side=2, max_templates=2, max_channels=1, max_classes=3))
    network = draw(networks(channels=len(subject.channels), outputs=len(subject.classes), unit=InputUnit.PIXEL))
    bare = Instance(subject, network, SizeRange(40, None, 40, None))
    height, width = (defined_from(axis) for axis in (bare.stem.rows, bare.stem.columns))
    return Instance(subject, network, SizeRange(height, None, width, None))


@settings(max_examples=30)
@given(instance=random_instances())
def test_relaxed_bounds_are_bounds_and_have_proofs(instance: Instance) -> None:
    """On random networks: no least upper bound is below what an exact solver attains, and what is weaker is proved."""
    shared = shared_of(instance)
    for channel in range(min(2, instance.stem.out_channels)):
        for job in [j for j in [channel_job(shared.tables, channel)] if j is not None]:
            for upper in (*job.alone, *job.together)[:2]:
                exact = prove_upper(instance, HONEST, upper, 5)
                if exact.bound is None:
                    continue
                for kind, clear in upper.kinds:
                    sequent = upper_local(shared.stem, kind, clear, channel, fmpq(3))
                    bound = least_bound(sequent, 10)
                    if bound is None:
                        continue
                    again = upper_local(shared.stem, kind, clear, channel, bound)
                    assert prove_local(again, 10, splits=False) is not None
                    slightly = upper_local(shared.stem, kind, clear, channel, bound + fmpq(1, 10**6))
                    assert prove_local(slightly, 10, splits=False) is not None
                if len(upper.kinds) == 1 and bound is not None:
                    assert bound >= exact.bound


# -- the head ---------------------------------------------------------------------------------------------------------


def book_of(instance: Instance) -> FactBook:
    tables = Tables(instance)
    jobs = [channel_job(tables, k) for k in range(instance.stem.out_channels)]
    uppers = {
        n: prove_channel(job, lambda upper: prove_upper(instance, HONEST, upper, 10))
        for n, job in enumerate(jobs)
        if job is not None
    }
    return FactBook(instance, tables, uppers)


@pytest.mark.parametrize("bits", [None, 8, 12])
def test_bounds_on_logits_are_the_solvers_and_have_proofs(bits: int | None) -> None:
    subject = corners()[0]
    network = api.build(subject, slack="1/2")
    instance = Instance(subject, network if bits is None else perturbed(network, bits, 5, zeros=True), SizeRange())
    context = BookContext(book_of(instance), NOTHING_KNOWN, HONEST)
    for index in range(len(subject.classes)):
        for holds in (True, False):
            statement = one_sided(index, holds=holds)
            best = best_bound(context.solving, (statement, 10))
            found = certified_bound(context, CertifiedJob(statement, None, 10, 10))
            assert found.value == best.value
            assert found.proof is not None
            assert best.value is not None
            assert best.value - fmpq(1, 1 << 20) <= found.proof.bound <= best.value


def test_what_an_image_attains_needs_no_solver() -> None:
    instance = Instance(PLAIN, api.build(PLAIN), SizeRange())
    book = book_of(instance)
    context = BookContext(book, NOTHING_KNOWN, HONEST)
    statement = one_sided(0, holds=True)
    for reach, settled in ((ONE, True), (fmpq(2), False), (None, False)):
        job = CertifiedJob(statement, reach, 10, 10)
        found = relaxed_bound(context, job)
        assert found is not None
        assert (found.value, found.attained) == (ONE, settled)
        bound = certified_bound(context, job)
        assert (bound.value, bound.asked) == (ONE, not settled)
        assert bound.proof is not None
        assert bound.proof.bound == 1


def test_premises_that_contradict_each_other_have_no_bound() -> None:
    rest = [one_class("y", "dot"), one_class("n", "", "dot")]
    subject = task([feature("dot", "#")], [one_class("never", "dot", "dot"), *rest])
    network = api.build(task([feature("dot", "#")], [one_class("sometimes", "dot"), *rest]))
    book = book_of(Instance(subject, network, SizeRange()))
    job = CertifiedJob(one_sided(0, holds=True), None, 10, 10)
    context = BookContext(book, NOTHING_KNOWN, HONEST)
    assert relaxed_bound(context, job) is None
    assert certified_bound(context, job).impossible


def test_of_the_lower_facts_one_a_template_and_one_a_channel_come_first() -> None:
    """A bar and its twin raise each other's channels; the dot in them raises its own."""
    features = [feature("bar", "##"), feature("twin", "##"), feature("dot", "#")]
    subject = task(features, [one_class("y", "bar twin dot"), one_class("n", "", "dot")])
    instance = Instance(subject, api.build(subject), SizeRange())
    book = book_of(instance)
    sequent = head_local(subject, instance.head, one_sided(0, holds=True))
    rows, chosen = book.rows(sequent), book.main_rows(sequent)
    lowers = [row for row in chosen if row.kind == "lower"]
    assert sum(row.kind == "lower" for row in rows) > 4
    assert len({row.features for row in lowers}) == len({row.channel for row in lowers}) == len(lowers) == 3
    assert [row for row in chosen if row.kind != "lower"] == [row for row in rows if row.kind != "lower"]
    job = CertifiedJob(one_sided(0, holds=True), ONE, 10, 10)
    found = relaxed_bound(BookContext(book, NOTHING_KNOWN, HONEST), job)
    assert found is not None
    assert {row for row in found.rows if row.kind == "lower"} == set(lowers)


# -- greater margins --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Mute:
    """Answers nothing."""

    name: str = "mute 1"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        return Answer(Status.OPEN, reason="no comment")

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        return Minimum(None)


@dataclass(frozen=True)
class Late(Mute):
    """Has no time."""

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        raise OutOfTimeError


@pytest.mark.parametrize("solver", [Mute(), Late()])
def test_what_relaxations_prove_stands_whatever_the_solver_says(solver: Solver) -> None:
    """The head is moved, so that no image attains what is proved of it; the stem is the one that was built."""
    subject = corners()[0]
    built = api.build(subject)
    pairs = zip(built.layers, perturbed(built, 8, 3).layers, strict=True)
    network = Network(tuple(moved if isinstance(old, Dense) else old for old, moved in pairs), 1)
    best = verified(subject, network)
    found = verify_modular(subject, network, SizeRange(), solver, Settings(workers=1, confirm=rejected))
    assert (check_outcome(subject, network, found).verdict, found.solvers) == (PROVED, ("mute 1",))
    assert best.margin is not None
    assert found.margin is not None
    assert 0 < found.margin <= best.margin

"""Upper facts by the kernel's rules: a proof first, and a solver only where none is found at once.

A channel is bounded by its least value everywhere, if it can be: that is what relaxations prove of a detector whose
feature is avoided. Where they do not, and the head needs to know more, the solver says whether it is true, and what the
least upper bound is; proofs of bounds that the solver found are searched later, with more effort, and only where the
head uses them. A bound that is attained may have no proof that the search finds; then a slightly weaker one is proved.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from flint import fmpq

from exactcnn.core.rational import ceil_to_grid
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import ChannelJob, UpperJob, UpperResult, prove_channel, prove_upper
from exactcnn.prover.local_proof import LocalSearch
from exactcnn.prover.local_sequent import NumberedStem, upper_local
from exactcnn.prover.tables import Tables
from exactcnn.prover.written import written
from exactcnn.solvers.base import Solver
from exactcnn.solvers.pool import Deadline
from exactcnn.theorem.local import Placed
from exactcnn.theorem.stem import Kind

__all__ = ["UpperShared", "channel_at_once", "channel_decided", "with_proof"]

_GRID_BITS = 20
_QUICK_SECONDS = 5.0
# More for each border kind that needs a proof, up to so much: windows smaller than the largest have many.
_KIND_SECONDS = 3.0
_MOST_SECONDS = 40.0
# How much of the way from the target to the bound on any image a bound may be, to be of use before a solver is asked.
_NEAR = fmpq(1, 4)
# They are large, and deep stems have thousands of border kinds.
_KEPT = 8


@dataclass(frozen=True)
class UpperShared:
    """What all upper facts of an instance share.

    Attributes
    ----------
    timeout: seconds for one question to the solver.
    deadline: of everything.
    soon: seconds for one question about a channel of which relaxations gave a bound already; None: as many as for
        others.
    """

    instance: Instance
    tables: Tables
    stem: NumberedStem
    solver: Solver
    timeout: float
    deadline: Deadline
    soon: float | None = None


def channel_at_once(shared: UpperShared, job: ChannelJob) -> list[UpperResult]:
    """What one relaxation proves: the targets of the job, or for single features the least bounds near them."""
    searches = _Searches(shared)
    found = [result for upper in job.alone if (result := _at_once(searches, upper)) is not None]
    for upper in job.together:
        result = None if found else _at_once(searches, upper)
        found += [] if result is None else [result]
    if not found:
        found = [result for upper in job.alone if (result := _nearly(searches, upper)) is not None]
    return found


@dataclass
class _Searches:
    """Searches for the bounds of a channel at the border kinds; a few are kept for other bounds of the same channel."""

    shared: UpperShared
    _kept: dict[tuple[UpperJob, int], LocalSearch] = field(default_factory=dict)

    def open_kinds(self, job: UpperJob, bound: fmpq) -> Iterator[tuple[int, Sequence[Placed], LocalSearch]]:
        """The kinds at which interval bounds do not give the bound, by number, with the windows that are clear."""
        windows = dict(job.kinds)
        for number, (kind, bounds) in enumerate(self.shared.tables.by_kind.items()):
            if bounds.high.item(job.channel) > bound:
                clear = sorted(windows.get(kind, ()))
                yield number, clear, self._search(job, number, kind, clear)

    def _search(self, job: UpperJob, number: int, kind: Kind, clear: Sequence[Placed]) -> LocalSearch:
        search = self._kept.get((job, number))
        if search is None:
            search = LocalSearch(upper_local(self.shared.stem, kind, clear, job.channel, job.target))
            if len(self._kept) < _KEPT:
                self._kept[job, number] = search
        return search


def channel_decided(shared: UpperShared, job: tuple[ChannelJob, Sequence[UpperResult]]) -> list[UpperResult]:
    """What is known, and what the solver says of the rest."""
    whole, found = job
    known = {result.job: result for result in found}
    near = any(result.bound != result.job.target for result in found)
    seconds = shared.timeout if shared.soon is None or not near else min(shared.soon, shared.timeout)

    def prove(upper: UpperJob) -> UpperResult:
        before = known.get(upper)
        if before is not None and before.bound == upper.target:
            return before
        result = prove_upper(shared.instance, shared.solver, upper, seconds)
        if before is None or before.bound is None or (result.bound is not None and result.bound < before.bound):
            return result
        return replace(before, peak=result.peak, open_reason=result.open_reason)

    return [prove(upper) for upper in whole.alone] if near and shared.soon is not None else prove_channel(whole, prove)


def with_proof(shared: UpperShared, job: tuple[UpperResult, float]) -> UpperResult:
    """The result with a proof of its bound, or of a weaker one; without any bound if none is found in so many seconds.

    The weaker bounds: a little more than the bound, and what a relaxation gives.
    """
    result, seconds = job
    if result.bound is None or result.proofs is not None:
        return result
    searches = _Searches(shared)
    for bound, share in _bounds(searches, result.job, result.bound):
        proofs = _proofs(searches, result.job, bound, share * seconds, splits=True)
        if proofs is not None:
            return replace(result, bound=bound, proofs=proofs)
    return replace(result, bound=None)


def _at_once(searches: _Searches, job: UpperJob) -> UpperResult | None:
    proofs = _proofs(searches, job, job.target, _quick(searches.shared, job), splits=False)
    if proofs is None:
        return None
    return UpperResult(job, job.target, _different(proofs), proofs=proofs)


def _quick(shared: UpperShared, job: UpperJob) -> float:
    """Seconds for relaxations at all border kinds."""
    return shared.deadline.at_most(min(_MOST_SECONDS, _QUICK_SECONDS + _KIND_SECONDS * len(job.kinds)))


def _nearly(searches: _Searches, job: UpperJob) -> UpperResult | None:
    """The least bound that a relaxation gives, rounded up, if it is nearer the target than the bound on any image."""
    shared = searches.shared
    most, end = job.target, time.monotonic() + _quick(shared, job)
    known: set[object] = set()
    for _, _, search in searches.open_kinds(job, job.target):
        key = search.sequent.key, search.sequent.factor
        if key in known:
            continue
        known.add(key)
        bound = search.least_bound(end - time.monotonic())
        if bound is None:
            return None
        most = max(most, ceil_to_grid(bound, _GRID_BITS))
    if most - job.target > _NEAR * (shared.tables.everywhere.high.item(job.channel) - job.target):
        return None
    proofs = _proofs(searches, job, most, end - time.monotonic(), splits=False)
    return None if proofs is None else UpperResult(job, most, _different(proofs), proofs=proofs)


def _different(proofs: Mapping[int, Sequence[str]]) -> int:
    return sum(lines[0].startswith("prove") for lines in proofs.values())


def _bounds(searches: _Searches, job: UpperJob, bound: fmpq) -> Iterator[tuple[fmpq, float]]:
    """Bounds to be tried, each with its share of the time."""
    yield bound, 0.5
    yield ceil_to_grid(bound, _GRID_BITS) + fmpq(1, 1 << _GRID_BITS), 0.4
    found = [search.least_bound(_QUICK_SECONDS) for _, _, search in searches.open_kinds(job, bound)]
    known = [b for b in found if b is not None]
    if known and len(known) == len(found):
        yield max(bound, ceil_to_grid(max(known), _GRID_BITS)), 0.1


def _proofs(
    searches: _Searches, job: UpperJob, bound: fmpq, seconds: float, *, splits: bool
) -> Mapping[int, Sequence[str]] | None:
    """The lines of each kind that needs a proof; None if one has none that was found in time."""
    end = time.monotonic() + seconds
    known: set[object] = set()
    found = {}
    for number, clear, search in searches.open_kinds(job, bound):
        key = search.sequent.key, search.sequent.factor
        windows = " ".join([str(len(clear)), *(f"{p.feature} {p.template} {p.row} {p.column}" for p in clear)])
        if key in known:
            found[number] = [f"same {windows}"]
            continue
        proof = search.proof(bound, end - time.monotonic(), splits=splits)
        if proof is None:
            return None
        known.add(key)
        found[number] = [f"prove {windows}", *written(proof, search.sequent.givens)]
    return found

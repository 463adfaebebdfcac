"""Bounds on logits: by a solver, with the facts that its proof used, or by proofs of the kernel's rules."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.rational import ceil_to_grid, floor_to_grid
from exactcnn.prover.fact_book import FactBook, in_order
from exactcnn.prover.head_local import FactRow, HeadLocal, Numbering, head_local
from exactcnn.prover.head_proof import HeadProof, HeadSearch
from exactcnn.prover.head_state import places
from exactcnn.prover.instance import Instance
from exactcnn.prover.rows import Leaf
from exactcnn.prover.written import used_keys
from exactcnn.solvers.base import Minimum, Solver, Status
from exactcnn.theorem.facts import PooledFacts
from exactcnn.theorem.formulas import Known
from exactcnn.theorem.head import HeadSequent, HeadStatement, UsedFact, head_sequent

__all__ = [
    "BookContext",
    "CertifiedJob",
    "HeadBound",
    "HeadContext",
    "best_bound",
    "certified_bound",
    "one_sided",
    "pairwise",
    "relaxed_bound",
]


# What proofs may lack: they are also searched a little below the bound.
_A_LITTLE = fmpq(1, 1 << 18)


@dataclass(frozen=True)
class HeadContext:
    """What every head sequent needs: the instance, the facts, what is known of configurations, the solver."""

    instance: Instance
    facts: PooledFacts
    known: Known
    solver: Solver


@dataclass(frozen=True)
class HeadBound:
    """The best proved lower bound of a combination of logits.

    Attributes
    ----------
    value: the bound; None if none was proved.
    impossible: proved that no image satisfies the premises at all.
    used: the facts in the solver's proof.
    obligations: sequents proved for it (0 where the combination is a constant).
    minimum, sequent: where the facts attain the value, to build an image from.
    proof: a proof of the value by the kernel's rules, where one was found; without it a solver's word is behind it.
    rows: the facts in that proof.
    attained: whether an image attains the value, so that there is no greater bound.
    """

    statement: HeadStatement
    value: fmpq | None
    impossible: bool = False
    used: frozenset[UsedFact] = field(default_factory=frozenset)
    obligations: int = 0
    minimum: Minimum | None = None
    sequent: HeadSequent | None = None
    proof: HeadProof | None = None
    rows: frozenset[FactRow] = field(default_factory=frozenset)
    attained: bool = False

    @property
    def asked(self) -> bool:
        """Whether a solver was asked about it."""
        return self.sequent is not None


def best_bound(context: HeadContext, job: tuple[HeadStatement, float | None]) -> HeadBound:
    """The greatest bound that the facts allow, confirmed by a second query whose core says which facts it needs."""
    return _best_bound(context, *job, None)


def _best_bound(
    context: HeadContext, statement: HeadStatement, timeout: float | None, proved: HeadProof | None
) -> HeadBound:
    """As `best_bound`; what has a proof already needs no confirmation."""
    plain = _sequent(context, statement, fmpq(0))
    if plain.sequent.goal.is_constant:
        return HeadBound(statement, plain.sequent.goal.constant)
    least = context.solver.minimise(plain.sequent, timeout=timeout)
    if least.infeasible:
        absurd = replace(plain, sequent=replace(plain.sequent, goal=Affine.const(-1)))
        return _confirmed(context, statement, absurd, None, least, timeout)
    if least.value is None:
        return HeadBound(statement, None, sequent=plain)
    if proved is not None and proved.bound == least.value:
        return HeadBound(statement, least.value, obligations=1, minimum=least, sequent=plain)
    return _confirmed(context, statement, _sequent(context, statement, least.value), least.value, least, timeout)


def _sequent(context: HeadContext, statement: HeadStatement, bound: fmpq) -> HeadSequent:
    instance = context.instance
    return head_sequent(instance.task, instance.head, context.facts, statement, bound, context.known)


def _confirmed(
    context: HeadContext,
    statement: HeadStatement,
    sequent: HeadSequent,
    value: fmpq | None,
    least: Minimum,
    timeout: float | None,
) -> HeadBound:
    answer = context.solver.decide(sequent.sequent, timeout=timeout, core=True)
    if answer.status is not Status.HOLDS:
        return HeadBound(statement, None, minimum=least, sequent=sequent)
    used = frozenset(sequent.facts[place] for place in answer.core)
    return HeadBound(statement, value, value is None, used, 1, least, sequent)


@dataclass(frozen=True)
class BookContext:
    """The facts of an instance, what is known of configurations, and a solver."""

    book: FactBook
    known: Known
    solver: Solver

    @cached_property
    def solving(self) -> HeadContext:
        """The same for sequents that go to the solver."""
        return HeadContext(self.book.instance, self.book.pooled, self.known, self.solver)


@dataclass(frozen=True)
class CertifiedJob:
    """A statement to be proved by the kernel's rules.

    Attributes
    ----------
    reach: a value that the combination of logits takes on some image, so that no greater bound holds; None if there is
        no such image.
    timeout: seconds for one question to the solver.
    seconds: for the search of a proof.
    """

    statement: HeadStatement
    reach: fmpq | None
    timeout: float | None
    seconds: float


def relaxed_bound(context: BookContext, job: CertifiedJob) -> HeadBound | None:
    """The greatest bound of which a proof is found without branching, if there is any; no solver is asked."""
    book = context.book
    sequent = head_local(book.instance.task, book.instance.head, job.statement)
    if not sequent.goal[0]:
        return _constant(job, sequent)
    search = HeadSearch(Numbering(sequent, _main_rows(book, sequent)), job.seconds)
    found = None if search.absurd else search.relaxed(job.reach)
    return None if found is None else _proved(job, found)


def certified_bound(context: BookContext, job: CertifiedJob) -> HeadBound:
    """The greatest bound with a proof that was found; the solver says how great it can be, where no image does.

    `value` is what the solver says; the bound of the proof may be less, or there may be no proof.
    """
    book = context.book
    sequent = head_local(book.instance.task, book.instance.head, job.statement)
    if not sequent.goal[0]:
        return _constant(job, sequent)
    search = HeadSearch(Numbering(sequent, _main_rows(book, sequent)), job.seconds)
    found = None if search.absurd else search.relaxed(job.reach)
    if found is not None and found.bound == job.reach:
        return _proved(job, found)
    bound = _best_bound(context.solving, job.statement, job.timeout, found)
    if bound.impossible:
        return bound
    if bound.value is None:
        return bound if found is None else replace(bound, value=found.bound, proof=found, rows=_rows(found))
    if bound.value <= 0 and len(job.statement.logits) > 1:
        # A lead that is not positive settles nothing, with a proof or without.
        return bound
    if found is None or found.bound != bound.value:
        found = _searched(job, sequent, book, bound, found)
    return bound if found is None else replace(bound, proof=found, rows=_rows(found))


def _main_rows(book: FactBook, sequent: HeadLocal) -> list[FactRow]:
    """The facts that say what the channels are for; in dense heads with short numbers, because they multiply."""
    rows = book.main_rows(sequent)
    if not sequent.dense or book.instance.pooling.kind != "max":
        return rows
    return in_order(_shortened(book, row) if book.result(row) is None else row for row in rows)


def _shortened(book: FactBook, row: FactRow) -> FactRow:
    """A fact of interval arithmetic with a bound that has few binary places, if it had many."""
    low, high = book.base[row.channel]
    if low is None or high is None or high <= low or row.value != row.local:
        return row
    bits = places(high - low)
    if int(row.local.q).bit_length() <= bits:
        return row
    bound = (ceil_to_grid if row.kind in ("top", "upper") else floor_to_grid)(row.local, bits)
    return replace(row, local=bound, value=bound)


def _searched(
    job: CertifiedJob, sequent: HeadLocal, book: FactBook, bound: HeadBound, known: HeadProof | None
) -> HeadProof | None:
    """The best proof: from the facts that the solver used, or from all where those are not enough.

    The solver may have used what is known by geometry instead; often the facts say the same in another way.
    """
    if bound.value is None:
        return known
    best = known
    for rows in (book.used_rows(sequent, bound.used), book.rows(sequent)):
        found = HeadSearch(Numbering(sequent, rows), job.seconds).proof(bound.value)
        best = max((p for p in (best, found) if p is not None), key=lambda p: p.bound, default=None)
        if best is not None and best.bound >= bound.value - _A_LITTLE:
            break
    return best


def _proved(job: CertifiedJob, proof: HeadProof) -> HeadBound:
    attained = proof.bound == job.reach
    return HeadBound(job.statement, proof.bound, obligations=1, proof=proof, rows=_rows(proof), attained=attained)


def _constant(job: CertifiedJob, sequent: HeadLocal) -> HeadBound:
    value = sequent.goal[1]
    return HeadBound(job.statement, value, proof=HeadProof(value, Leaf(())), attained=True)


def _rows(proof: HeadProof) -> frozenset[FactRow]:
    """The facts that a proof uses, as rows or by their clauses."""
    keys = (k[1] if isinstance(k, tuple) and k[:1] == ("z",) else k for k in used_keys(proof.proof))
    return frozenset(k for k in keys if isinstance(k, FactRow))


def one_sided(index: int, *, holds: bool) -> HeadStatement:
    """The least logit of a class whose formula holds, or minus the greatest of one whose formula fails."""
    if holds:
        return HeadStatement((index,), (), ((index, fmpq(1)),))
    return HeadStatement((), (index,), ((index, fmpq(-1)),))


def pairwise(label: int, other: int, classes: Sequence[bool]) -> HeadStatement:
    """The least lead of the label over another class, on images of just that label.

    `classes` says of each class whether it is `otherwise`.
    """
    fails = tuple(z for z, otherwise in enumerate(classes) if z != label and not otherwise and not classes[label])
    return HeadStatement((label,), fails, ((label, fmpq(1)), (other, fmpq(-1))))

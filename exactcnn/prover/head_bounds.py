"""Bounds on logits, and from them the margin."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.prover.instance import Instance
from exactcnn.solvers.base import Minimum, Solver, Status
from exactcnn.theorem.facts import PooledFacts
from exactcnn.theorem.formulas import Known
from exactcnn.theorem.head import HeadSequent, HeadStatement, UsedFact, head_sequent

__all__ = ["HeadBound", "HeadContext", "best_bound"]


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
    used: the facts in the proof.
    obligations: sequents proved for it (0 where the combination is a constant).
    minimum, sequent: where the facts attain the value, to build an image from.
    """

    statement: HeadStatement
    value: fmpq | None
    impossible: bool = False
    used: frozenset[UsedFact] = field(default_factory=frozenset)
    obligations: int = 0
    minimum: Minimum | None = None
    sequent: HeadSequent | None = None


def best_bound(context: HeadContext, job: tuple[HeadStatement, float | None]) -> HeadBound:
    """The greatest bound that the facts allow, confirmed by a second query whose core says which facts it needs."""
    statement, timeout = job
    plain = _sequent(context, statement, fmpq(0))
    if plain.sequent.goal.is_constant:
        return HeadBound(statement, plain.sequent.goal.constant)
    least = context.solver.minimise(plain.sequent, timeout=timeout)
    if least.infeasible:
        absurd = replace(plain, sequent=replace(plain.sequent, goal=Affine.const(-1)))
        return _confirmed(context, statement, absurd, None, least, timeout)
    if least.value is None:
        return HeadBound(statement, None, sequent=plain)
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

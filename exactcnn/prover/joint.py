"""Facts about several channels at once, learned where those about one channel are not enough (THEOREM.md, section 3).

With a stride, a template is seen at several phases, and a network may have a channel for each: then no single channel
answers wherever the template is, but their sum does. Which sums matter is read off the head: those that its first
nodes, and the statement itself, take of pooled channels.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping

from flint import fmpq

from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_local import HeadLocal, head_local
from exactcnn.prover.tables import Weights
from exactcnn.theorem.facts import JointFact
from exactcnn.theorem.head import HeadStatement

__all__ = ["joint_facts"]


def joint_facts(book: FactBook, statements: Iterable[HeadStatement]) -> list[JointFact]:
    """Facts that say more than those about single channels, on sums that the statements take of channels.

    Interval arithmetic proves them, as it does those about single channels.

    Raises
    ------
    OutOfTimeError: the deadline of the book's tables passed.
    """
    task, tables = book.instance.task, book.tables
    found: dict[JointFact, None] = {}
    for statement in statements:
        sequent = head_local(task, book.instance.head, statement)
        sums = dict.fromkeys(_sums(sequent))
        for feature in sorted(sequent.in_play) if sums else ():
            for template in range(len(task.features[feature].templates)):
                for weights in dict.fromkeys(_restricted(book, feature, template, weights) for weights in sums):
                    bound = tables.jointly(feature, template, weights) if len(weights) > 1 else None
                    if bound is not None and bound > _apart(book, feature, template, weights):
                        found[JointFact(feature, template, weights, bound)] = None
    return list(found)


def _sums(sequent: HeadLocal) -> Iterator[Weights]:
    """The sums of channels that raise, or that lower, the goal or a node."""
    forms: list[Mapping[int, int | fmpq]] = [sequent.goal[0], *(node.arguments[0][0] for node in sequent.nodes)]
    for terms in forms:
        for sign in (1, -1):
            chosen = {
                sequent.channels[v]: fmpq(sign * c)
                for v, c in terms.items()
                if v < len(sequent.channels) and sign * c > 0
            }
            if len(chosen) > 1:
                yield _integers(chosen)


def _integers(weights: Mapping[int, fmpq]) -> Weights:
    """Integers without a common divisor in the same proportion."""
    scale = math.lcm(*(int(c.q) for c in weights.values()))
    whole = {k: int((c * scale).p) for k, c in weights.items()}
    divisor = math.gcd(*whole.values())
    return tuple((k, whole[k] // divisor) for k in sorted(whole))


def _restricted(book: FactBook, feature: int, template: int, weights: Weights) -> Weights:
    """The part about channels that the template raises: others add no more than their bounds do by themselves."""
    raised = set(book.tables.raised(feature, template, (k for k, _ in weights)))
    kept = {k: fmpq(a) for k, a in weights if k in raised}
    return _integers(kept) if kept else ()


def _apart(book: FactBook, feature: int, template: int, weights: Weights) -> fmpq:
    """What the bounds of single channels say of the sum."""
    known = book.tables.lower.get((feature, template), {})
    return sum((a * known.get(k, book.tables.everywhere.low.item(k)) for k, a in weights), fmpq(0))

"""Facts about several channels at once, learned where those about one channel are not enough (THEOREM.md, section 3).

With a stride, a template is seen at several phases, and a network may have a channel for each: then no single channel
answers wherever the template is, but their sum does. Which sums matter is read off the head: those that its first
nodes, and the statement itself, take of pooled channels.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Iterator, Mapping

from flint import fmpq

from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_local import HeadLocal, head_local
from exactcnn.prover.tables import Weights
from exactcnn.theorem.facts import JointFact
from exactcnn.theorem.head import HeadStatement

__all__ = ["joint_facts"]

# How many sums are tried: heads of trained networks take many more, of which none is of use.
_MOST = 2000


def joint_facts(book: FactBook, statements: Iterable[HeadStatement]) -> list[JointFact]:
    """Facts that say more than those about single channels, on sums that the statements take of channels.

    Interval arithmetic proves them, as it does those about single channels.

    Raises
    ------
    OutOfTimeError: the deadline of the book's tables passed.
    """
    task, tables = book.instance.task, book.tables
    questions: dict[tuple[int, int, Weights], None] = {}
    for statement in statements:
        sequent = head_local(task, book.instance.head, statement)
        for weights in dict.fromkeys(_sums(sequent)):
            for feature in sorted(sequent.in_play):
                for template in range(len(task.features[feature].templates)):
                    raised = tables.raised(feature, template)
                    # Channels that the template does not raise add no more than their bounds do by themselves.
                    kept = {k: fmpq(a) for k, a in weights if k in raised}
                    if len(kept) > 1:
                        questions[feature, template, _integers(kept)] = None
        if len(questions) > _MOST:
            break
    found = []
    for feature, template, weights in itertools.islice(questions, _MOST):
        bound = tables.jointly(feature, template, weights)
        if bound is not None and bound > _apart(book, feature, template, weights):
            found.append(JointFact(feature, template, weights, bound))
    return found


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


def _apart(book: FactBook, feature: int, template: int, weights: Weights) -> fmpq:
    """What the bounds of single channels say of the sum."""
    known = book.tables.lower.get((feature, template), {})
    return sum((a * known.get(k, book.tables.everywhere.low.item(k)) for k, a in weights), fmpq(0))

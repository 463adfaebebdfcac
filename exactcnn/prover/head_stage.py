"""The head's statements: which bounds on logits, or on leads of one class over another, prove the instance."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.prover.fact_book import FactBook
from exactcnn.prover.head_bounds import (
    BookContext,
    CertifiedJob,
    HeadBound,
    best_bound,
    certified_bound,
    one_sided,
    pairwise,
    relaxed_bound,
)
from exactcnn.prover.head_local import head_local
from exactcnn.prover.settings import Effort, Settings
from exactcnn.prover.witness import ClassSearch, Search
from exactcnn.solvers.base import Solver
from exactcnn.solvers.pool import Deadline, Workers
from exactcnn.theorem.formulas import NOTHING_KNOWN, Known
from exactcnn.theorem.head import HeadStatement

__all__ = ["HeadStage", "Heads", "Pair"]

# The share of the least lead of a witness that a margin has to be for no greater one to be looked for.
_NEARLY = fmpq(3, 4)

Pair = tuple[int, int]
"""A label and another class."""


@dataclass
class Heads:
    """The bounds found.

    Attributes
    ----------
    rights, wrongs: for each class, the bounds from "its formula holds" (None for classes without images) and "fails".
    pairs: for each pair that those do not settle.
    failed: the pairs among them that are not proved.
    uncertified: pairs that a solver proved, but for which no proof was found.
    leads: lower bounds of the label's lead, one for each pair that was proved; None where only its sign is known.
    obligations: how many sequents were proved.
    """

    rights: list[HeadBound | None]
    wrongs: list[HeadBound]
    pairs: dict[Pair, HeadBound] = field(default_factory=dict)
    failed: list[Pair] = field(default_factory=list)
    uncertified: list[Pair] = field(default_factory=list)
    leads: list[fmpq | None] = field(default_factory=list)
    obligations: int = 0

    @property
    def margin(self) -> fmpq | None:
        """The least lead, if all pairs have proofs."""
        known = [lead for lead in self.leads if lead is not None]
        return min(known) if len(known) == len(self.leads) and not self.failed and not self.uncertified else None

    @property
    def attained(self) -> bool:
        """Whether no bound can be greater."""
        return all(b.attained for b in self.bounds)

    @property
    def bounds(self) -> list[HeadBound]:
        """All bounds."""
        return [b for b in (*self.rights, *self.wrongs, *self.pairs.values()) if b is not None]

    @property
    def proved(self) -> list[HeadBound]:
        """All bounds but those of pairs that are not proved."""
        failed = {id(self.pairs[pair]) for pair in self.failed}
        return [b for b in self.bounds if id(b) not in failed]


class _OpenError(Exception):
    """A relaxation gave nothing."""


class HeadStage:
    """Proves the head's statements.

    Parameters
    ----------
    searches: what was found of the classes' images.
    certified: whether proofs by the kernel's rules are wanted; otherwise the solver's word is enough.
    """

    def __init__(
        self,
        search: Search,
        searches: Sequence[ClassSearch],
        solver: Solver,
        settings: Settings,
        deadline: Deadline,
        *,
        certified: bool,
    ) -> None:
        self._search = search
        self._solver = solver
        self._settings = settings
        self._deadline = deadline
        self._certified = certified
        self._instance = search.instance
        self._empty = {s.index for s in searches if s.vacuous}
        self._witnesses = {s.index: s.witness for s in searches if s.witness is not None}

    def at_once(self, book: FactBook) -> Heads | None:
        """Bounds that prove all there is to prove, by relaxations and without any solver; None if these do not."""
        try:
            heads = self._run(book, None)
        except _OpenError:
            return None
        return None if heads.failed else heads

    def run(self, book: FactBook, effort: Effort | None = None) -> Heads:
        """The bounds, and what they do not prove."""
        return self._run(book, effort or self._settings.effort)

    def enough(self, heads: Heads) -> bool:
        """Whether no solver needs to be asked for a greater margin: there is none, or in a dense head hardly one.

        Where every logit depends on everything, questions about them take long, and no bound is attained.
        """
        leads = [witness.lead(self._instance) for witness in self._witnesses.values()]
        if heads.attained or heads.margin is None or not leads:
            return heads.attained
        sequent = head_local(self._instance.task, self._instance.head, heads.bounds[0].statement)
        return sequent.dense and heads.margin >= _NEARLY * min(leads)

    def _run(self, book: FactBook, effort: Effort | None) -> Heads:
        count = len(self._instance.task.classes)
        labels = [y for y in range(count) if y not in self._empty]
        statements = [one_sided(y, holds=True) for y in labels] + [one_sided(z, holds=False) for z in range(count)]
        found = self._bounds(book, statements, NOTHING_KNOWN, effort)
        rights = dict(zip(labels, found, strict=False))
        heads = Heads([rights.get(y) for y in range(count)], found[len(labels) :])
        for y, right in rights.items():
            if right.impossible and y in self._witnesses:
                name = self._instance.task.classes[y].name
                raise InternalError(f'class "{name}" was proved empty, but has a witness')
        left = []
        for y, right in rights.items():
            for z, wrong in enumerate(heads.wrongs):
                if y != z and not self._leads(right, wrong):
                    left.append((y, z))
                elif y != z:
                    heads.leads += _lead(self._value(right), self._value(wrong))
        if left:
            self._pairs(heads, book, left, effort)
        heads.obligations = sum(b.obligations for b in heads.bounds)
        return heads

    def _pairs(self, heads: Heads, book: FactBook, left: Sequence[Pair], effort: Effort | None) -> None:
        """Statements about pairs of classes, with all that is known of the label's images."""
        otherwise = [c.otherwise for c in self._instance.task.classes]
        statements = [pairwise(y, z, otherwise) for y, z in left]
        # What is known by geometry takes long to find out, and relaxations have no use for it.
        known = NOTHING_KNOWN if effort is None else self._search.known
        bounds = {b.statement: b for b in self._bounds(book, statements, known, effort)}
        for pair, statement in zip(left, statements, strict=True):
            bound = heads.pairs[pair] = bounds[statement]
            value = self._value(bound)
            if value is not None and value > 0:
                heads.leads.append(value)
            elif bound.value is not None and bound.value > 0:
                heads.uncertified.append(pair)
            elif not bound.impossible:
                heads.failed.append(pair)

    def _bounds(
        self, book: FactBook, statements: Sequence[HeadStatement], known: Known, effort: Effort | None
    ) -> list[HeadBound]:
        """The bounds of statements; without an effort by relaxations alone.

        Raises
        ------
        _OpenError: relaxations have none.
        """
        spent = effort or self._settings.effort
        deadline = spent.deadline or self._deadline
        seconds = deadline.at_most(spent.proof)
        jobs = [CertifiedJob(s, self._reach(s), spent.query, seconds) for s in statements]
        function = relaxed_bound if effort is None else certified_bound if self._certified else _by_solver
        found = []
        with Workers(BookContext(book, known, self._solver), self._settings.workers) as workers:
            for done, bound in enumerate(workers.run(function, jobs, deadline)):
                self._settings.progress("head", done, len(jobs))
                if bound is None:
                    raise _OpenError
                found.append(bound)
        return found

    def _reach(self, statement: HeadStatement) -> fmpq | None:
        """The least value of the combination on a witness that the statement is about."""
        values = []
        for y, witness in self._witnesses.items():
            # A witness is of its own class and of no other.
            if set(statement.holds) <= {y} and y not in statement.fails:
                values.append(sum((c * witness.logits[z] for z, c in statement.logits), fmpq(0)))
        return min(values, default=None)

    def _value(self, bound: HeadBound) -> fmpq | None:
        """The bound that counts."""
        if not self._certified:
            return bound.value
        return None if bound.proof is None else bound.proof.bound

    def _leads(self, right: HeadBound, wrong: HeadBound) -> bool:
        """Whether the two one-sided bounds settle the pair: a_y - b_z > 0, or one of the premises is impossible."""
        if right.impossible or wrong.impossible:
            return True
        lead = _lead(self._value(right), self._value(wrong))
        return bool(lead and lead[0] > 0)


def _lead(right: fmpq | None, wrong: fmpq | None) -> list[fmpq]:
    return [] if right is None or wrong is None else [right + wrong]


def _by_solver(context: BookContext, job: CertifiedJob) -> HeadBound:
    return best_bound(context.solving, (job.statement, job.timeout))

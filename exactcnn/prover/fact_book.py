"""What was proved of the channels, as the head's sequents and certificates take it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property

from flint import fmpq

from exactcnn.prover.head_local import FactRow, HeadLocal
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import UpperResult
from exactcnn.prover.tables import Tables, Weights
from exactcnn.theorem.facts import Interval, JointFact, PooledFacts, UpperFact
from exactcnn.theorem.head import UsedFact

__all__ = ["FactBook", "in_order"]

_KINDS = ("floor", "top", "upper", "lower", "joint")


class FactBook:
    """All facts about the pooled channels of an instance: bounds on any image, upper facts, lower facts.

    Parameters
    ----------
    uppers: upper facts by channel; those without a bound say nothing.
    joints: facts about several channels at once, where those about one are not enough.
    """

    def __init__(
        self,
        instance: Instance,
        tables: Tables,
        uppers: Mapping[int, Sequence[UpperResult]],
        joints: Sequence[JointFact] = (),
    ) -> None:
        self.instance = instance
        self.tables = tables
        self.uppers = uppers
        self.joints = joints

    def changed(
        self,
        *,
        uppers: Mapping[int, Sequence[UpperResult]] | None = None,
        joints: Sequence[JointFact] | None = None,
    ) -> FactBook:
        """The same facts with others in place of these."""
        return FactBook(
            self.instance,
            self.tables,
            self.uppers if uppers is None else uppers,
            self.joints if joints is None else joints,
        )

    @cached_property
    def _ends(self) -> tuple[list[fmpq], list[fmpq]]:
        """The least and the greatest value of each channel at a position."""
        everywhere = self.tables.everywhere
        return everywhere.low.rationals(), everywhere.high.rationals()

    @cached_property
    def base(self) -> tuple[Interval, ...]:
        """Bounds of each pooled channel on any image."""
        return tuple(self.instance.pooling.base(pair) for pair in zip(*self._ends, strict=True))

    @cached_property
    def pooled(self) -> PooledFacts:
        """The pooling rule applied to all local facts."""
        lower: dict[tuple[int, int], dict[int, fmpq]] = {}
        for feature, template in self.tables.lower:
            for channel in self.tables.lower[feature, template]:
                pooled = self._at_least(feature, template, channel)
                if pooled is not None:
                    lower.setdefault((feature, template), {})[channel] = pooled
        upper: dict[int, tuple[UpperFact, ...]] = {}
        for channel, results in self.uppers.items():
            found = [(r, self._at_most(r)) for r in results]
            upper[channel] = tuple(UpperFact(r.job.features, channel, most) for r, most in found if most is not None)
        joint: dict[tuple[int, int], list[tuple[JointFact, fmpq]]] = {}
        for fact in self.joints:
            pooled = self._together(fact)
            if pooled is not None:
                joint.setdefault((fact.feature, fact.template), []).append((fact, pooled))
        return PooledFacts(self.base, lower, upper, {key: tuple(facts) for key, facts in joint.items()})

    def rows(self, sequent: HeadLocal) -> list[FactRow]:
        """The facts that a head sequent can use, in the order of certificates."""
        return in_order(self._rows(sequent.channels, sequent.in_play))

    def main_rows(self, sequent: HeadLocal) -> list[FactRow]:
        """Those of them that say what the channels are for: of the lower facts one a template, on different channels
        where that can be had by taking the greatest first.

        A network whose weights are all moved a little has a lower fact for each pair of a template and a channel, and
        a proof that uses them all is no better but longer.
        """
        rows = self.rows(sequent)
        lowers = sorted((r for r in rows if r.kind == "lower"), key=lambda r: (-r.local, r.channel, r.features))
        chosen: list[FactRow] = []
        templates, channels = set(), set()
        for row in lowers:
            if row.features not in templates and row.channel not in channels:
                templates.add(row.features)
                channels.add(row.channel)
                chosen.append(row)
        # A template within another one raises its channel as well, and may have taken it.
        for row in lowers:
            if row.features not in templates:
                templates.add(row.features)
                chosen.append(row)
        return in_order([*(r for r in rows if r.kind != "lower"), *chosen])

    def used_rows(self, sequent: HeadLocal, used: Iterable[UsedFact]) -> list[FactRow]:
        """Those that a solver's proof used, and the bounds on any image."""
        names = {
            (f.channel, tuple(sorted(f.features)))
            if isinstance(f, UpperFact)
            else ("joint", f.feature, f.template, f.weights)
            if isinstance(f, JointFact)
            else f
            for f in used
        }

        def kept(row: FactRow) -> bool:
            if row.kind == "lower":
                return ("lower", *row.features, row.channel) in names
            if row.kind == "joint":
                return ("joint", *row.features, row.weights) in names
            return self.result(row) is None or (row.channel, row.features) in names

        return [row for row in self.rows(sequent) if kept(row)]

    def result(self, row: FactRow) -> UpperResult | None:
        """What an upper fact comes from; None for bounds on any image."""
        if row.kind not in ("upper", "top"):
            return None
        matching = (r for r in self.uppers.get(row.channel, ()) if tuple(sorted(r.job.features)) == row.features)
        return next((r for r in matching if r.bound == row.local), None)

    def floor(self, channel: int) -> FactRow:
        """The lower bound of a channel on any image; it may give the head nothing by itself."""
        low = self._ends[0][channel]
        floor = self.base[channel][0]
        return FactRow("floor", ((channel, 1),), (), low, low if floor is None else floor)

    def _rows(self, channels: Sequence[int], features: Iterable[int]) -> Iterator[FactRow]:
        in_play = frozenset(features)
        lows, highs = self._ends
        for k in channels:
            floor, top = self.base[k]
            if floor is not None:
                yield FactRow("floor", ((k, 1),), (), lows[k], floor)
            if top is not None:
                yield FactRow("top", ((k, 1),), (), highs[k], top)
            for result in self.uppers.get(k, ()):
                most = self._at_most(result)
                if most is not None and result.bound is not None and result.job.features <= in_play:
                    kind = "upper" if result.job.features else "top"
                    yield FactRow(kind, ((k, 1),), tuple(sorted(result.job.features)), result.bound, most)
        for feature in in_play:
            for template in range(len(self.instance.task.features[feature].templates)):
                known = self.tables.lower.get((feature, template), {})
                for k in channels:
                    pooled = self._at_least(feature, template, k) if k in known else None
                    if pooled is not None:
                        yield FactRow("lower", ((k, 1),), (feature, template), known[k], pooled)
        for fact in self.joints:
            together = self._together(fact) if fact.feature in in_play else None
            if together is not None:
                yield FactRow("joint", fact.weights, (fact.feature, fact.template), fact.bound, together)

    def _at_most(self, result: UpperResult) -> fmpq | None:
        return None if result.bound is None else self.instance.pooling.at_most(result.bound)

    def _at_least(self, feature: int, template: int, channel: int) -> fmpq | None:
        """The pooled lower bound of a lower fact, if it is better than that on any image."""
        bound = self.tables.lower[feature, template][channel]
        pooled = self.instance.pooling.at_least(self._ends[0][channel], bound)
        floor = self.base[channel][0]
        return pooled if pooled is not None and (floor is None or pooled > floor) else None

    def _together(self, fact: JointFact) -> fmpq | None:
        """What the weighted sum of pooled channels is at least on images with the template."""
        low = sum((a * self._ends[0][k] for k, a in fact.weights), fmpq(0))
        return self.instance.pooling.at_least(low, fact.bound)


def in_order(rows: Iterable[FactRow]) -> list[FactRow]:
    """The order of certificates."""
    return sorted(set(rows), key=_order)


def _order(fact: FactRow) -> tuple[int, Weights, tuple[int, ...], fmpq]:
    return _KINDS.index(fact.kind), fact.weights, fact.features, fact.local

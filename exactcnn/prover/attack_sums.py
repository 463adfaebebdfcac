"""Errors that add up: an image full of near misses, each of which a network takes for a small part of a feature.

A network that was rounded or moved a little answers a little where it should not answer at all. One such answer is
harmless, but a logit that adds up many channels adds up their errors, each from a window of its own, and an image has
room for all of them. The pooled channels of an image are about the maxima over its windows, so that which near misses
to take is decided without any image; one is made at the end, and `replay` decides it.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np

from exactcnn.core.outcome import Stretched
from exactcnn.network.model import GlobalPool, Network
from exactcnn.prover.attack_floats import FloatNetwork, Floats, leads
from exactcnn.prover.attack_near import NearMiss, NearMisses
from exactcnn.prover.compose import Item, template_item
from exactcnn.prover.local_facts import UpperResult
from exactcnn.prover.replay import Replay, replay
from exactcnn.prover.settings import Progress
from exactcnn.prover.tables import Tables, Trigger
from exactcnn.prover.witness import ClassSearch, Search
from exactcnn.solvers.pool import Deadline
from exactcnn.task.canvas import generator_of
from exactcnn.task.decide import decide

__all__ = ["added_up"]

_STAGE = "adding up near misses"
_TEMPLATES = 3
_TRIES = 4
# In so many turns near misses are collected: often a few of them are enough.
_PARTS = 8
# With more facts than this the attack ends as soon as all of them promise to take away less than this part of a lead.
_FEW, _WORTH = 32, 1 / 4
# How small a lead has to be: so that exact numbers will confirm it; or, if there is none such, so that it may be a tie.
_SURE, _TIE = -1e-7, 1e-9


def added_up(
    search: Search,
    tables: Tables,
    classes: Sequence[ClassSearch],
    open_facts: Iterable[UpperResult],
    deadline: Deadline,
    progress: Progress,
) -> Replay | None:
    """An admissible image that the network gets wrong, made of near misses of the features of these facts.

    Parameters
    ----------
    classes: what was found of the classes' images: near misses are put beside the features in them.
    open_facts: upper facts that fell short of their targets.

    Raises
    ------
    OutOfTimeError: the deadline passed.
    """
    if search.instance.pooling.kind != "max":
        return None
    facts = [r for r in open_facts if r.bound != r.job.target]
    work = _Work(search, tables, deadline, progress)
    for part in range(_PARTS):
        progress(_STAGE, part, _PARTS)
        if not work.collect(facts[part::_PARTS]):
            continue
        for found in classes:
            wrong = None if found.witness is None else work.beside(found.index, found.witness)
            if wrong is not None:
                return wrong
        if len(facts) > _FEW and work.taken_away * _PARTS < _WORTH * (part + 1):
            break
    progress(_STAGE, _PARTS, _PARTS)
    return None


@dataclass
class _Work:
    """Near misses, and what they do to leads.

    Attributes
    ----------
    taken_away: the greatest part of a lead that all of them together take away.
    """

    search: Search
    tables: Tables
    deadline: Deadline
    progress: Progress
    misses: list[NearMiss] = field(default_factory=list)
    taken_away: float = 0.0

    def __post_init__(self) -> None:
        instance = self.search.instance
        layers = instance.pixel_network.layers
        pool = next(n for n, layer in enumerate(layers) if isinstance(layer, GlobalPool))
        self._pooled = FloatNetwork(Network(layers[: pool + 1], channels=instance.stem.in_channels))
        self._head = FloatNetwork(
            Network((GlobalPool("max"), *layers[pool + 1 :]), channels=instance.stem.out_channels)
        )
        self._clear: dict[int, bool] = {}
        self._makers = NearMisses(instance, self.search.backgrounds[0])

    def collect(self, facts: Iterable[UpperResult]) -> bool:
        """Near misses for each of the facts, from the templates that raise its channel most; whether there are any."""
        before = len(self.misses)
        for result in facts:
            self.deadline.remaining()
            found = [
                miss
                for trigger in self._templates(result)
                if (miss := self._makers.find(result.job.channel, trigger.placed, trigger.kind)) is not None
            ]
            if found:
                self.misses.append(max(found, key=lambda miss: float(miss.response[result.job.channel])))
        return len(self.misses) > before

    def _templates(self, result: UpperResult) -> list[Trigger]:
        """The templates that raise the channel most, each where it is seen best in the midst of an image."""
        instance = self.search.instance
        chosen: dict[tuple[int, int], Trigger] = {}
        for trigger in self.tables.triggers.get(result.job.channel, []):
            placed = trigger.placed
            whole = all(
                begin == 0 and end == axis.range_length(level)
                for axis, signature in zip((instance.stem.rows, instance.stem.columns), trigger.kind, strict=True)
                for level, (begin, end) in enumerate(signature)
            )
            if whole and placed.feature in result.job.features:
                chosen.setdefault((placed.feature, placed.template), trigger)
            if len(chosen) == _TEMPLATES:
                break
        return list(chosen.values())

    def beside(self, label: int, witness: Replay) -> Replay | None:
        """A wrong image of the class: the features of its witness, and near misses beside them."""
        task = self.search.instance.task
        names = {s.name: s.exhibiting[0] for s in witness.decision.statuses if s.state == "contains"}
        items = [template_item(task, task.feature_index[n], w.template) for n, w in sorted(names.items())]
        picture = self._picture(items)
        if picture is None:
            return None
        base = self._pooled.logits(picture.image().floats()[None])[0]
        others = [m for m in self.misses if task.features[m.feature].name not in names]
        if others:
            together = np.stack([base, *(m.response for m in others)])
            before, after = (
                float(self._lead(base[None], label)[0]),
                float(self._lead(together.max(axis=0)[None], label)[0]),
            )
            self.taken_away = max(self.taken_away, 1 - after / before if before > 0 else 1.0)
        for _ in range(_TRIES):
            self.deadline.remaining()
            chosen = self._chosen(base, others, label, _SURE) or self._chosen(base, others, label, _TIE)
            if not chosen:
                return None
            bad = [m for m in chosen if not self._is_clear(m)]
            if bad:
                others = [m for m in others if all(m is not b for b in bad)]
                continue
            return self._confirmed([*items, *(m.item for m in chosen)])
        return None

    def _chosen(self, base: Floats, misses: Sequence[NearMiss], label: int, most: float) -> list[NearMiss] | None:
        """Few near misses with which the label's lead is at most this; None if all of them are not enough."""
        if not misses:
            return None
        responses = np.stack([m.response for m in misses])
        left, taken, pooled = list(range(len(misses))), [], base
        while self._lead(pooled[None], label)[0] > most:
            if not left:
                return None
            after = np.maximum(pooled, responses[left])
            # Where no lead falls yet, because something else has to be made up for first, the largest answers.
            best = int(np.lexsort((-after.sum(axis=1), self._lead(after, label)))[0])
            pooled = after[best]
            taken.append(left.pop(best))
        for n in list(taken):
            fewer = [m for m in taken if m != n]
            if self._lead(responses[fewer].max(axis=0, initial=-np.inf)[None].clip(min=base), label)[0] <= most:
                taken = fewer
        return [misses[n] for n in taken]

    def _lead(self, pooled: Floats, label: int) -> Floats:
        return leads(self._head.logits(pooled[:, :, None, None]), label)

    def _is_clear(self, miss: NearMiss) -> bool:
        """Whether the near miss by itself is no feature, wherever a window stands."""
        known = self._clear.get(id(miss))
        if known is None:
            picture = self._picture([miss.item])
            known = (
                picture is not None and decide(self.search.instance.task, picture.image()).configuration == frozenset()
            )
            self._clear[id(miss)] = known
        return known

    def _confirmed(self, items: list[Item]) -> Replay | None:
        instance = self.search.instance
        spec = generator_of(instance.task)
        for spacing in dict.fromkeys((spec.spacing, max(spec.spacing, *instance.task.largest_window))):
            for picture in self.search.composed(items, self.search.backgrounds[0], spacing):
                self.deadline.remaining()
                found = replay(instance, picture)
                if found.decision.admissible and found.lead(instance) <= 0:
                    return found
        return None

    def _picture(self, items: list[Item]) -> Stretched | None:
        spec = generator_of(self.search.instance.task)
        spacing = max(spec.spacing, *self.search.instance.task.largest_window)
        return next(self.search.composed(items, self.search.backgrounds[0], spacing), None)

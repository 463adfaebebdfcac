"""A witness image for every class, or the reason why it has none."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property

from exactcnn.core.circuit import Sequent
from exactcnn.core.outcome import Stretched
from exactcnn.prover.compose import Background, Item, backgrounds, compose, template_item
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import Replay, replay
from exactcnn.prover.whole import Nowhere, find_image, small_sizes
from exactcnn.solvers.base import Solver, Status
from exactcnn.solvers.pool import Deadline
from exactcnn.task.canvas import generator_of
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.model import Feature
from exactcnn.task.selection import configurations
from exactcnn.theorem.formulas import Known
from exactcnn.theorem.vacuity import (
    Implication,
    configuration_sequent,
    contradiction,
    implications,
    nowhere_clear,
    unavoidable,
    unfitting,
)

__all__ = ["ClassSearch", "Search"]

_SEARCH_STEPS = 50_000
_CONFIGURATIONS = 3
_BACKGROUNDS = 4
_TEMPLATES = 3
_SOLVER_SECONDS = 20.0


@dataclass(frozen=True)
class ClassSearch:
    """What the search found for one class: an admissible image, a reason why there is none, or neither."""

    index: int
    witness: Replay | None = None
    vacuous: str | None = None


class Search:
    """Searches admissible images class by class; what does not depend on the class is computed once."""

    def __init__(self, instance: Instance, solver: Solver, deadline: Deadline) -> None:
        self.instance = instance
        self._solver = solver
        self._deadline = deadline

    @cached_property
    def backgrounds(self) -> list[Background]:
        """Plain backgrounds to try, the clean ones if there are any."""
        return backgrounds(self.instance.task)[:_BACKGROUNDS]

    @cached_property
    def implications(self) -> list[Implication]:
        """Features that cannot be contained without others."""
        return implications(self.instance.task)

    @cached_property
    def known(self) -> Known:
        """What holds of the configuration of every admissible image, by geometry."""
        task, sizes = self.instance.task, self.instance.sizes
        pairs = tuple((pair.first, pair.second) for pair in self.implications)
        return Known(unfitting(task, sizes), unavoidable(task, sizes) | self._nowhere_clear(), pairs)

    def _nowhere_clear(self) -> frozenset[int]:
        """Features of several templates that no image of the range avoids."""
        task, sizes = self.instance.task, self.instance.sizes
        return frozenset(
            n
            for n, f in enumerate(task.features)
            if len(f.templates) > 1
            and f.height <= sizes.min_height
            and f.width <= sizes.min_width
            and self._holds(nowhere_clear(task, n))
        )

    def plain(self, index: int) -> ClassSearch:
        """A witness for class number `index` with a simple configuration, if one is found without any solver."""
        name = self.instance.task.classes[index].name
        for configuration in self._simple(name):
            witness = self.realise(configuration, name)
            if witness:
                return ClassSearch(index, witness)
        return ClassSearch(index)

    def run(self, index: int) -> ClassSearch:
        """A witness for class number `index`, or the reason why no image can be one."""
        found = self.plain(index)
        return found if found.witness is not None else self.thorough(index)

    def thorough(self, index: int) -> ClassSearch:
        """The same as `run` for a class for which `plain` found nothing."""
        name = self.instance.task.classes[index].name
        possible, reason = self._possible(index)
        if reason is not None:
            return ClassSearch(index, vacuous=reason)
        if possible is not None:
            witness = self.realise(possible, name)
            if witness:
                return ClassSearch(index, witness)
        return self._by_solver(index)

    def configuration(self, index: int) -> frozenset[str] | None:
        """A small configuration of class number `index`, if one was found quickly."""
        return next(self._simple(self.instance.task.classes[index].name), None)

    def realise(self, configuration: frozenset[str], label: str) -> Replay | None:
        """An admissible image of this label with these features, on a plain background."""
        for picture in self.pictures(configuration):
            found = replay(self.instance, picture)
            if found.decision.label == label:
                return found
        return None

    def pictures(self, configuration: frozenset[str], extra: Iterable[Item] = ()) -> Iterator[Stretched]:
        """Candidate images that hold these features and patches."""
        task = self.instance.task
        patches = list(extra)
        chosen = [n for n, f in enumerate(task.features) if f.name in configuration]
        counts = [len(task.features[n].templates) for n in chosen]
        spec = generator_of(task)
        spacings = dict.fromkeys((spec.spacing, max(spec.spacing, *task.largest_window), 0))
        # The first templates of all features, then the second ones: the first may be too near to another feature.
        for turn in range(min(_TEMPLATES, max(counts, default=1))):
            items = [template_item(task, n, turn % count) for n, count in zip(chosen, counts, strict=True)] + patches
            for spacing, background in itertools.product(spacings, self.backgrounds):
                self._deadline.remaining()
                yield from self.composed(items, background, spacing)

    def composed(self, items: list[Item], background: Background, spacing: int) -> Iterator[Stretched]:
        """Images of the range with these items, if places for them were found."""
        stem = self.instance.stem
        return compose(items, background, self.instance.sizes, (stem.rows.stride, stem.columns.stride), spacing)

    def _simple(self, name: str) -> Iterator[frozenset[str]]:
        """A few small configurations of the class, from its formula alone."""
        task = self.instance.task
        unfit = frozenset(task.features[n].name for n in unfitting(task, self.instance.sizes))
        try:
            found = configurations(task, Effort(_SEARCH_STEPS), label=name, exclude=unfit, extend=False)
            yield from itertools.islice(found, _CONFIGURATIONS)
        except OutOfEffortError:
            return

    def _possible(self, index: int) -> tuple[frozenset[str] | None, str | None]:
        """A configuration that geometry does not exclude, or the reason why there is none."""
        instance, task = self.instance, self.instance.task
        for sequent, reason in contradiction(task, index):
            if self._holds(sequent):
                return None, reason
        known = Known(absent=self.known.absent)
        if self._impossible(index, known):
            names = ", ".join(f'"{task.features[n].name}" ({_size(task.features[n])})' for n in sorted(known.absent))
            return None, f"it needs features that fit into no image of size {instance.sizes}: {names}"
        known = replace(known, present=self.known.present)
        if self._impossible(index, known):
            names = ", ".join(f'"{task.features[n].name}"' for n in sorted(known.present))
            return None, f"no image avoids {names}: every window is nearer than the gap"
        sequent, atoms = configuration_sequent(task, index, self.known)
        answer = self._solver.decide(sequent, timeout=self._deadline.at_most(_SOLVER_SECONDS))
        if answer.status is Status.HOLDS:
            return None, self._geometric_reason(index)
        if answer.status is Status.OPEN:
            return None, None
        chosen = frozenset(task.features[f].name for f, atom in atoms.items() if atom in answer.atoms)
        return self._pruned(chosen, task.classes[index].name), None

    def _geometric_reason(self, index: int) -> str:
        """The implications that exclude the class, as few as removing them one by one leaves."""
        kept = list(self.implications)
        for pair in list(kept):
            fewer = [p for p in kept if p is not pair]
            known = replace(self.known, implied=tuple((p.first, p.second) for p in fewer))
            if self._impossible(index, known):
                kept = fewer
        return "; ".join(pair.explain(self.instance.task) for pair in kept)

    def _impossible(self, index: int, known: Known) -> bool:
        return self._holds(configuration_sequent(self.instance.task, index, known)[0])

    def _pruned(self, configuration: frozenset[str], label: str) -> frozenset[str]:
        """The configuration without features that it does not need."""
        task = self.instance.task
        forward: dict[str, set[str]] = {}
        for pair in self.implications:
            first, second = task.features[pair.first].name, task.features[pair.second].name
            forward.setdefault(first, set()).add(second)
        for name in sorted(configuration):
            fewer = configuration - {name}
            closed = all(forward.get(other, set()) <= fewer for other in fewer)
            if closed and task.label(fewer) == label:
                configuration = fewer
        return configuration

    def _by_solver(self, index: int) -> ClassSearch:
        """Small sizes decided by SMT: an image, or no room at the only sizes there are."""
        sizes = self.instance.sizes
        tried, complete = small_sizes(self.instance)
        for size in tried:
            found = find_image(self.instance, self._solver, self._deadline, size, index)
            if isinstance(found, Replay):
                return ClassSearch(index, found)
            complete = complete and isinstance(found, Nowhere)
        if complete:
            return ClassSearch(index, vacuous=f"no image of size {sizes} has room for it (decided by SMT)")
        return ClassSearch(index)

    def _holds(self, sequent: Sequent) -> bool:
        answer = self._solver.decide(sequent, timeout=self._deadline.at_most(_SOLVER_SECONDS))
        return answer.status is Status.HOLDS


def _size(feature: Feature) -> str:
    return f"{feature.height}x{feature.width}"

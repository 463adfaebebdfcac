"""Searching for a wrong image from nothing but the task and the network: floats propose, `replay` decides.

The rounds go from plain images to odd ones, so that what is found is easy to see: features on the task's own ground at
every phase of the stride and at the borders; the same with a near miss of another feature; other plain grounds; uneven
grounds; and last, gradient descent on the label's lead, first inside the templates only, then everywhere. All of it is
the same on every machine: draws come from a seed, and effort is counted in products, not in seconds.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from exactcnn.core.outcome import Stretched
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Network
from exactcnn.prover.attack_floats import FloatNetwork, Floats, leads
from exactcnn.prover.attack_paint import Painter, grounds
from exactcnn.prover.attack_scenes import Layouts, Scene, stretched_index
from exactcnn.prover.compose import backgrounds
from exactcnn.prover.instance import Instance
from exactcnn.prover.replay import Replay, replay, shrunk
from exactcnn.solvers.pool import Deadline
from exactcnn.task.canvas import generator_of
from exactcnn.task.generator import Draws
from exactcnn.task.model import Task
from exactcnn.theorem.vacuity import unfitting

__all__ = ["Attack", "Candidate", "Hit", "Progress", "Subject", "subject_of"]

Progress = Callable[[str, int, int], None]

_SEED = 20230700919
BYTES = 255
_GRIDS = (BYTES, BYTES << 8, BYTES << 20)
_ROUND_WORK = 1e9
_SCENES = 240
_MOST_LAYOUTS = 12
_BATCH = 32
_VIEW_PIXELS = 1 << 16
_GRADIENT_STARTS = 48
_STEPS = 48
_FIRST_STEP, _LAST_STEP = 0.15, 1 / 255
_MOMENTUM = 0.75
_CONFIRMED = 16
_REPAIRS = 6


@dataclass(frozen=True)
class Subject:
    """What is attacked.

    Attributes
    ----------
    network: it takes pixel values.
    stride: image rows and columns from one position of the stem to the next.
    judge: decides an image and evaluates the network on it, exactly.
    view: a picture, of the same core and repeated row and column, on which the network does the same.
    unfit: names of features that no image of the range has room for.
    """

    task: Task
    network: Network
    sizes: SizeRange
    stride: tuple[int, int]
    judge: Callable[[Stretched], Replay]
    view: Callable[[Stretched], Stretched]
    unfit: frozenset[str]

    def wrong(self, found: Replay) -> bool:
        """Whether the image is admissible and the label's logit is not the strictly largest."""
        if found.decision.label is None:
            return False
        index = [c.name for c in self.task.classes].index(found.decision.label)
        return found.logits[index] <= max(v for i, v in enumerate(found.logits) if i != index)


def subject_of(instance: Instance) -> Subject:
    """An instance of the modular method as a subject."""
    maximum = instance.pooling.kind == "max"
    unfit = frozenset(instance.task.features[n].name for n in unfitting(instance.task, instance.sizes))
    return Subject(
        instance.task,
        instance.pixel_network,
        instance.sizes,
        (instance.stem.rows.stride, instance.stem.columns.stride),
        lambda picture: replay(instance, picture),
        lambda picture: shrunk(instance, picture) if maximum else picture,
        unfit,
    )


@dataclass(frozen=True)
class Candidate:
    """An image to try: a scene and its pixels, as floats; and from which image it was moved, if from one."""

    scene: Scene
    image: Floats
    start: Floats | None = None


@dataclass(frozen=True)
class Hit:
    """An exact image of a scene, and what the task and the network say of it."""

    scene: Scene
    core: ExactTensor
    replay: Replay


@dataclass
class Attack:
    """One search.

    Attributes
    ----------
    progress: called with a stage's name, how many of its steps are done, and how many there are.
    """

    subject: Subject
    deadline: Deadline
    progress: Progress
    seed: int = _SEED
    _best: list[tuple[float, int, Candidate]] = field(default_factory=list)
    _count: int = 0

    def __post_init__(self) -> None:
        task = self.subject.task
        self.floats = FloatNetwork(self.subject.network)
        self.layouts = Layouts(task, self.subject.sizes, self.subject.stride, self.subject.unfit)
        self.painter = Painter(task)
        own = tuple(low for low, _ in generator_of(task).background)
        values = dict.fromkeys((own, *backgrounds(task)))
        self.plain_values = [np.array(v, dtype=object) for v in values]
        self.plain = [np.array([float(v.p) / float(v.q) for v in level]) for level in values]

    def run(self) -> Hit | None:
        """An admissible image that the network gets wrong, if one was found."""
        stages: tuple[Callable[[], Iterable[Candidate]], ...] = (
            self._ordinary,
            self._near_misses,
            self._other_grounds,
            self._uneven,
        )
        total = len(stages) + 2
        for number in range(total):
            self.progress("attacking", number, total)
            if number < len(stages):
                hits = self._hits(stages[number]())
            else:
                hits = self._descended(everywhere=number > len(stages))
            found = self._confirmed(hits)
            if found is not None:
                return found
        self.progress("attacking", total, total)
        return None

    def picture(self, scene: Scene, core: ExactTensor) -> Stretched:
        """The image of a core."""
        return Stretched(core, *scene.whole, *scene.repeated)

    # -- what is tried --------------------------------------------------------------------------------------------

    def _scenes(self, number: int, misses: tuple[int, ...] = (0,)) -> Iterator[Scene]:
        """Scenes of all classes in turn, so that a limit on effort cuts all of them alike."""
        draws = Draws(self.seed, number)
        labels = [label for label, found in self.layouts.configurations.items() if found]
        for turn in range(_MOST_LAYOUTS if labels else 0):
            if turn * len(labels) > _SCENES:
                return
            for label in labels:
                larger = self.layouts.larger(label, draws)
                chosen = [*self.layouts.configurations[label], *([larger] if larger is not None else [])]
                for configuration in chosen:
                    scene = self.layouts.scene(label, configuration, draws, misses=misses[turn % len(misses)])
                    if scene is not None and self._viewable(scene):
                        yield scene

    def _viewable(self, scene: Scene) -> bool:
        rows, columns = self.index(scene)
        return len(rows) * len(columns) <= _VIEW_PIXELS

    def _ordinary(self) -> Iterator[Candidate]:
        for scene in self._scenes(0):
            yield Candidate(scene, self.painter.painted(scene, self._ground(scene, self.plain[0])))

    def _near_misses(self) -> Iterator[Candidate]:
        for scene in self._scenes(1, misses=(1, 1, 2)):
            yield Candidate(scene, self.painter.painted(scene, self._ground(scene, self.plain[0])))

    def _other_grounds(self) -> Iterator[Candidate]:
        for scene in self._scenes(2):
            for level in self.plain[1:]:
                yield Candidate(scene, self.painter.painted(scene, self._ground(scene, level)))
            for shade in (0, 1):
                yield Candidate(scene, self.painter.painted(scene, self._ground(scene, self.plain[0]), shade))

    def _uneven(self) -> Iterator[Candidate]:
        draws = Draws(self.seed, 4)
        for number, scene in enumerate(self._scenes(3, misses=(0, 1))):
            for ground in grounds(self.subject.task, scene.size, draws, 2 + number % 3):
                yield Candidate(scene, self.painter.painted(scene, ground))

    @staticmethod
    def _ground(scene: Scene, level: Floats) -> Floats:
        return np.broadcast_to(level[:, None, None], (len(level), *scene.size))

    # -- floats ---------------------------------------------------------------------------------------------------

    def _hits(self, candidates: Iterable[Candidate]) -> list[tuple[float, Candidate]]:
        """The candidates that floats hold to be wrong, those with the fewest features first; all are remembered."""
        limit = self.floats.work + _ROUND_WORK
        waiting: dict[tuple[int, ...], list[tuple[int, Candidate]]] = {}
        hits: list[tuple[float, Candidate]] = []

        def flush(group: list[tuple[int, Candidate]]) -> None:
            self.deadline.remaining()
            views = np.stack([self._view(c) for _, c in group])
            values = self.floats.logits(views)
            for (number, candidate), row in zip(group, values, strict=True):
                lead = float(leads(row[None], candidate.scene.label)[0])
                self._best.append((lead, number, candidate))
                if lead <= self._tolerance(row):
                    hits.append((lead, candidate))
            group.clear()

        for candidate in candidates:
            rows, columns = self.index(candidate.scene)
            group = waiting.setdefault((len(rows), len(columns)), [])
            group.append((self._count, candidate))
            self._count += 1
            if len(group) == _BATCH:
                flush(group)
                if self.floats.work > limit:
                    break
        for group in waiting.values():
            if group:
                flush(group)
        self._best.sort(key=lambda entry: entry[:2])
        del self._best[4 * _GRADIENT_STARTS :]
        return sorted(hits, key=lambda hit: (len(hit[1].scene.places), hit[1].scene.whole, hit[0]))

    @staticmethod
    def _tolerance(logits: Floats) -> float:
        """What floats may be wrong by, about: ties count as wrong."""
        return 1e-9 * (1.0 + float(np.abs(logits).max()))

    def index(self, scene: Scene) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Which rows and columns of a scene's core the network has to be shown."""
        shape = len(self.subject.task.channels), *scene.size
        small = self.subject.view(Stretched(ExactTensor.zeros(shape), *scene.whole, *scene.repeated))
        return (
            stretched_index(scene.size[0], small.height, scene.repeated[0]),
            stretched_index(scene.size[1], small.width, scene.repeated[1]),
        )

    def _view(self, candidate: Candidate) -> Floats:
        rows, columns = self.index(candidate.scene)
        return candidate.image[:, rows[:, None], columns[None, :]]

    def _descended(self, *, everywhere: bool) -> list[tuple[float, Candidate]]:
        """Gradient descent from the images that came nearest to being wrong."""
        starts = [candidate for _, _, candidate in self._spread()]
        limit = self.floats.work + 2 * _ROUND_WORK
        found: list[tuple[float, Candidate]] = []
        groups: dict[tuple[object, ...], list[Candidate]] = {}
        for start in starts:
            groups.setdefault((start.scene.label, start.scene.size, start.scene.whole), []).append(start)
        for group in groups.values():
            rows, columns = self.index(group[0].scene)
            batch = min(_BATCH, self.floats.at_once((len(rows), len(columns))))
            for first in range(0, len(group), batch):
                if self.floats.work > limit:
                    break
                found += self._descent(group[first : first + batch], everywhere)
        return sorted((hit for hit in found if hit[0] < 0), key=lambda hit: hit[0])

    def _spread(self) -> list[tuple[float, int, Candidate]]:
        """The best starts, not all of one class."""
        share = max(4, _GRADIENT_STARTS // max(1, len(self.subject.task.classes)))
        counts: dict[int, int] = {}
        chosen: list[tuple[float, int, Candidate]] = []
        for entry in self._best:
            label = entry[2].scene.label
            counts[label] = counts.get(label, 0) + 1
            if counts[label] <= share and len(chosen) < _GRADIENT_STARTS:
                chosen.append(entry)
        return chosen

    def _descent(self, group: list[Candidate], everywhere: bool) -> list[tuple[float, Candidate]]:
        """Steps of falling size against the sign of the lead's slope, with momentum; the best image of each start."""
        label, starts = group[0].scene.label, np.stack([c.image for c in group])
        low, high = self._bounds(group, starts, everywhere)
        indices = [self.index(c.scene) for c in group]
        images, moving = starts, np.zeros_like(starts)
        best, lowest = starts.copy(), np.full(len(group), np.inf)
        for step in range(_STEPS + 1):
            self.deadline.remaining()
            views = np.stack([x[:, r[:, None], c[None, :]] for x, (r, c) in zip(images, indices, strict=True)])
            lead, slope = self.floats.lead_and_slope(views, label)
            better = lead < lowest
            best[better], lowest[better] = images[better], lead[better]
            if step == _STEPS:
                break
            own = np.zeros_like(images)
            for n, (rows, columns) in enumerate(indices):
                for channel in range(own.shape[1]):
                    np.add.at(own[n, channel], np.ix_(rows, columns), slope[n, channel])
            scale = np.abs(own).mean(axis=(1, 2, 3), keepdims=True)
            moving = _MOMENTUM * moving + own / np.where(scale > 0, scale, 1)
            size = _FIRST_STEP * (_LAST_STEP / _FIRST_STEP) ** (step / _STEPS)
            images = np.clip(images - size * (self.painter.span[1] - self.painter.span[0]) * np.sign(moving), low, high)
        return [
            (float(lead), Candidate(c.scene, image, c.image))
            for lead, c, image in zip(lowest, group, best, strict=True)
        ]

    def _bounds(self, group: list[Candidate], starts: Floats, everywhere: bool) -> tuple[Floats, Floats]:
        """What the pixels may be: within the templates' intervals; outside them as they are, unless `everywhere`."""
        lows, highs = zip(*(self.painter.limits(c.scene) for c in group), strict=True)
        low, high = np.stack(lows), np.stack(highs)
        if everywhere:
            return low, high
        held = np.stack([~self.painter.fixed(c.scene) | self.painter.missed(c.scene) for c in group])
        return np.where(held, starts, low), np.where(held, starts, high)

    # -- exact ----------------------------------------------------------------------------------------------------

    def _confirmed(self, hits: Iterable[tuple[float, Candidate]]) -> Hit | None:
        """The first of the hits that is admissible and wrong."""
        for _, candidate in itertools.islice(hits, _CONFIRMED):
            self.deadline.remaining()
            image: Floats | None = candidate.image
            for _ in range(_REPAIRS):
                if image is None:
                    break
                found = self._on_a_grid(candidate.scene, image)
                if self.subject.wrong(found.replay):
                    return found
                image = self._repaired(found, candidate, image)
        return None

    def _on_a_grid(self, scene: Scene, image: Floats) -> Hit:
        """The exact image nearest to the floats: in bytes, or on a finer grid where bytes are too coarse."""
        for grid in _GRIDS:
            core = self.painter.exact(scene, image, grid)
            found = Hit(scene, core, self.subject.judge(self.picture(scene, core)))
            if found.replay.decision.label is None or self.subject.wrong(found.replay):
                break
        return found

    def _repaired(self, hit: Hit, candidate: Candidate, image: Floats) -> Floats | None:
        """The image with the start's pixels in all windows that made it inadmissible; None if there are none."""
        start, scene = candidate.start, candidate.scene
        if start is None or scene.size != scene.whole or hit.replay.decision.label is not None:
            return None
        wanted = {self.subject.task.features[p.feature].name for p in scene.places if not p.miss}
        reset = np.zeros(image.shape, dtype=np.bool_)
        for status in hit.replay.decision.statuses:
            if status.name not in wanted:
                feature = self.subject.task.features[self.subject.task.feature_index[status.name]]
                for window in (*status.exhibiting, *(miss.window for miss in status.offending)):
                    rows = slice(window.row, window.row + feature.height)
                    reset[:, rows, window.column : window.column + feature.width] = True
        low, high = self.painter.limits(scene)
        reset &= image != start
        return np.clip(np.where(reset, start, image), low, high) if reset.any() else None

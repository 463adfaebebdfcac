"""Proves that every image the generator can ever make is admissible, or shows one that is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial

from flint import fmpq

from exactcnn.core.errors import InternalError
from exactcnn.core.outcome import Window
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.task.arrangements import Arrangement, Scene
from exactcnn.task.canvas import generator_of
from exactcnn.task.completion import Completion, complete
from exactcnn.task.decide import decide
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.generator import Sample, place_all, room_in
from exactcnn.task.model import Feature, Task
from exactcnn.task.packing import growing
from exactcnn.task.selection import configurations, first_configuration

__all__ = ["AuditResult", "audit"]

_SEARCH_STEPS = 20_000
_ALL_STEPS = 200_000
_SMALLER_STEPS = 2_000
_COMPLETION_STEPS = 20_000
_ALL_COMPLETION_STEPS = 1_000_000


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes
    ----------
    verdict: PROVED (safe), REFUTED (unsafe: `sample` shows it), VACUOUS (the generator makes no image at all at these
        sizes) or UNKNOWN.
    task: the task's name.
    sizes: the sizes that the answer is about.
    reason: the answer in words.
    sample: for REFUTED, an image that the generator can make and whose features are not those drawn into it.
    window: the window of the sample that comes too close to a feature's template, which it names.
    excess: its excess over that template.
    targets: how many templates were looked for in windows where nobody placed them.
    arrangements: how many ways to come too close to one were found, and followed up.
    """

    verdict: Verdict
    task: str
    sizes: SizeRange
    reason: str
    sample: Sample | None = None
    window: Window | None = None
    excess: fmpq | None = None
    targets: int = 0
    arrangements: int = 0


def audit(
    task: Task, sizes: SizeRange | None = None, *, progress: Callable[[str, int, int], None] | None = None
) -> AuditResult:
    """Whether the generator can ever make an image whose features are not those drawn into it.

    It is about every image with real pixels in their intervals, at any size of the range, with any configuration of
    exactly one class, each contained feature placed once as any of its templates and any two `spacing` apart. Such an
    image certainly contains what was drawn; it goes wrong only where a window comes closer than the gap to a feature
    that was not drawn. Whether neighbouring templates and background can do that depends on their relative places
    only, so all sizes are covered at once. An image that goes wrong stays wrong when background is added at its bottom
    or right, so that the largest size of a range decides for all.

    `sizes` is by default any size.

    Raises
    ------
    InputError: the task's generator is not usable.
    """
    return _Audit(task, SizeRange() if sizes is None else sizes).run(progress)


class _Audit:
    def __init__(self, task: Task, sizes: SizeRange) -> None:
        self.task = task
        self.sizes = sizes
        self.spec = generator_of(task)
        self.scene = Scene(task, self.spec)
        self.most = self._enough()
        self.room = room_in(task, self.most, self.spec.spacing)
        self.searching = Effort(_ALL_STEPS)
        self.completing = Effort(_ALL_COMPLETION_STEPS)
        self.possibilities: dict[tuple[str, frozenset[str]], bool] = {}
        self.open: list[str] = []
        self.followed = 0

    def _enough(self) -> tuple[int, int]:
        """The largest size of the range; where it has no limit, one with room for everything side by side."""
        largest = self.task.largest_window
        tall = 3 * largest[0] + sum(f.height + self.spec.spacing for f in self.task.features)
        wide = 3 * largest[1] + sum(f.width + self.spec.spacing for f in self.task.features)
        return (
            self.sizes.max_height or max(tall, self.sizes.min_height),
            self.sizes.max_width or max(wide, self.sizes.min_width),
        )

    def run(self, progress: Callable[[str, int, int], None] | None) -> AuditResult:
        """The audit of all targets."""
        total = sum(len(f.templates) for f in self.task.features)
        try:
            if not self._makes_images():
                return self._result(Verdict.VACUOUS, "no configuration fits: there is nothing to make", 0)
        except OutOfEffortError:
            self.open.append("whether any configuration fits")
        for number, target in enumerate(self.scene.targets()):
            if progress is not None:
                progress("templates", number, total)
            try:
                effort = self.searching.share(_SEARCH_STEPS)
                for arrangement in target.arrangements(partial(self._possible, target.feature), self.most, effort):
                    found = self._realise(arrangement)
                    if found is not None:
                        return self._refuted(arrangement, *found, number + 1)
            except OutOfEffortError:
                self.open.append(f'how feature "{target.feature}" may come about by accident')
        if progress is not None:
            progress("templates", total, total)
        if self.open:
            first = self.open[0]
            more = f" (and {len(self.open) - 1} more)" if len(self.open) > 1 else ""
            return self._result(Verdict.UNKNOWN, f"the search became too long; open: {first}{more}", total)
        reason = "in every image the generator can make, all windows are clear of the features that were not drawn"
        return self._result(Verdict.PROVED, reason, total)

    def _result(self, verdict: Verdict, reason: str, targets: int) -> AuditResult:
        return AuditResult(verdict, self.task.name, self.sizes, reason, targets=targets, arrangements=self.followed)

    def _makes_images(self) -> bool:
        """Whether some configuration fits into the largest size.

        Raises
        ------
        OutOfEffortError: the search became too long.
        """
        effort = Effort(_ALL_COMPLETION_STEPS)
        found = configurations(self.task, effort, room=self.room, extend=False)
        return any(place_all(self.task, c, self.most, effort) is not None for c in found)

    def _possible(self, feature: str, names: frozenset[str]) -> bool:
        """Whether a configuration with these features and without that one may be drawn."""
        key = feature, names
        if key not in self.possibilities:
            try:
                found = first_configuration(
                    self.task, Effort(_SEARCH_STEPS), include=names, exclude=frozenset({feature}), room=self.room
                )
                self.possibilities[key] = found is not None
            except OutOfEffortError:
                self.possibilities[key] = True
        return self.possibilities[key]

    def _realise(self, arrangement: Arrangement) -> tuple[frozenset[str], tuple[int, int], Completion] | None:
        """An image with the arrangement, as small as was found; None if there is none, or (see `open`) none was found.

        Its parts: the configuration, the size, and where everything stands.
        """
        self.followed += 1
        effort = self.completing.share(_COMPLETION_STEPS)
        try:
            for configuration in self._configurations(arrangement, effort):
                most = self._enough_for(arrangement, configuration)
                found = complete(arrangement, configuration, most, effort)
                if found is not None:
                    return configuration, *self._smaller(arrangement, configuration, most, found)
        except OutOfEffortError:
            names = ", ".join(f'"{n}"' for n in sorted(arrangement.names)) or "the background alone"
            self.open.append(
                f'whether {names} can come too close to feature "{arrangement.target.feature}" in an image of this size'
            )
        return None

    def _configurations(self, arrangement: Arrangement, effort: Effort) -> Iterator[frozenset[str]]:
        """All configurations that the arrangement may belong to, small ones first."""
        # The second round repeats the first one's few; a feature more can matter, as it may overlap the window.
        for extend in (False, True):
            yield from configurations(
                self.task,
                effort,
                include=arrangement.names,
                exclude=frozenset({arrangement.target.feature}),
                room=self.room,
                extend=extend,
            )

    def _enough_for(self, arrangement: Arrangement, configuration: frozenset[str]) -> tuple[int, int]:
        """A size that has room for all this if any size of the range has: below or beside the arrangement."""
        extent, rest = arrangement.extent, self._features(configuration - arrangement.names)
        tall = extent.height + sum(f.height + self.spec.spacing for f in rest)
        wide = extent.width + sum(f.width + self.spec.spacing for f in rest)
        return (
            min(self.most[0], max(tall, self.sizes.min_height)),
            min(self.most[1], max(wide, self.sizes.min_width)),
        )

    def _smaller(
        self, arrangement: Arrangement, configuration: frozenset[str], most: tuple[int, int], found: Completion
    ) -> tuple[tuple[int, int], Completion]:
        """The same in the smallest image, of a few sizes up to `most`, in which it is found quickly."""
        extent, features = arrangement.extent, self._features(configuration)
        least = (
            max(self.sizes.min_height, extent.height, *(f.height for f in features)),
            max(self.sizes.min_width, extent.width, *(f.width for f in features)),
        )
        for size in growing(least, most):
            if size != most and room_in(self.task, size, self.spec.spacing).holds(configuration):
                try:
                    smaller = complete(arrangement, configuration, size, Effort(_SMALLER_STEPS))
                except OutOfEffortError:
                    continue
                if smaller is not None:
                    return size, smaller
        return most, found

    def _features(self, names: frozenset[str]) -> list[Feature]:
        return [f for f in self.task.features if f.name in names]

    def _refuted(
        self,
        arrangement: Arrangement,
        configuration: frozenset[str],
        size: tuple[int, int],
        found: Completion,
        targets: int,
    ) -> AuditResult:
        """The answer with an image, which `decide` has to confirm.

        Raises
        ------
        InternalError: it does not.
        """
        target = arrangement.target
        image = self.scene.picture(found.placements, size, target, found.window)
        decision = decide(self.task, image)
        label = self.task.label(configuration)
        feature = self.task.features[self.task.feature_index[target.feature]]
        part = image[:, found.window.row : found.window.bottom, found.window.column : found.window.right]
        excess = feature.templates[target.template].excess(part)
        if decision.configuration == configuration or label is None or excess >= feature.gap:
            raise InternalError(f'the audit of task "{self.task.name}" found an image that decide() finds right')
        drawn = ", ".join(f.name for f in self._features(configuration)) or "no feature"
        reason = (
            f'in an image of class "{label}" made from {drawn}, the window at row {found.window.row}, column '
            f'{found.window.column} comes closer to feature "{feature.name}", which was not drawn, than its gap '
            f"{feature.gap}: its excess is {excess}"
        )
        return AuditResult(
            Verdict.REFUTED,
            self.task.name,
            self.sizes,
            reason,
            sample=Sample(image, label, configuration, found.placements),
            window=Window(feature.name, target.template, found.window.row, found.window.column),
            excess=excess,
            targets=targets,
            arrangements=self.followed,
        )

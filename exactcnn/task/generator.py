"""Admissible images drawn at random, reproducible by their seed and checked exactly."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Window
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.canvas import ByteCanvas, generator_of
from exactcnn.task.decide import decide
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.model import Alternative, GeneratorSpec, Task, TaskClass
from exactcnn.task.packing import Rect, area_needed, growing, pack
from exactcnn.task.selection import Room, configurations, first_configuration, first_of_alternative

__all__ = ["Sample", "candidates", "generate", "generate_configuration", "place_all", "room_in"]

_T = TypeVar("_T")

_MOST_EXTRA = 2
_PLACING_TRIES = 8
_DRAWING_TRIES = 100
_SEARCH_STEPS = 20_000
_LONG_SEARCH_STEPS = 400_000


@dataclass(frozen=True)
class Sample:
    """An image that the generator can make.

    Attributes
    ----------
    image: (C, H, W), in pixel values.
    label: its class.
    configuration: the features drawn into it.
    placements: where each of them stands, in the task's order.
    """

    image: ExactTensor
    label: str
    configuration: frozenset[str]
    placements: tuple[Window, ...]


class Draws:
    """Random draws that are the same on every platform and with every version of numpy.

    They use nothing but the raw 64-bit output of PCG64 seeded with SeedSequence(seed, spawn_key=(number,)), both of
    which numpy guarantees never to change, and integer arithmetic: a draw below n is (upper 32 bits * n) >> 32.
    """

    def __init__(self, seed: int, number: int) -> None:
        self._bits = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(number,)))

    def below(self, n: int) -> int:
        """One of 0..n-1, for 0 < n <= 2^32."""
        return (int(self._bits.random_raw()) >> 32) * n >> 32

    def choice(self, options: Sequence[_T]) -> _T:
        """One of the options."""
        return options[self.below(len(options))]

    def shuffled(self, options: Sequence[_T]) -> list[_T]:
        """The options in random order."""
        result = list(options)
        for last in range(len(result) - 1, 0, -1):
            other = self.below(last + 1)
            result[last], result[other] = result[other], result[last]
        return result

    def between(self, low: NDArray[np.int64], high: NDArray[np.int64]) -> NDArray[np.int64]:
        """An integer of each interval [low, high], of at most 2^31 integers."""
        raw = np.asarray(self._bits.random_raw(low.size), dtype=np.uint64) >> np.uint64(32)
        counts = (high - low + 1).astype(np.uint64)
        return low + (raw.reshape(low.shape) * counts >> np.uint64(32)).astype(np.int64)


def generate(task: Task, *, count: int, height: int, width: int, seed: int) -> Iterator[Sample]:
    """Random admissible images, every class equally likely, each checked with `decide`.

    A sample depends on the task, the size, the seed and its own number only, not on `count`. Its configuration is
    drawn from the small ones of its class: a random alternative, up to two random features more, and whatever else is
    needed so that just one class is satisfied. Every contained feature is placed once, as one of its templates; pixels
    are multiples of 1/255 of the pixel range, so that a PNG holds the image without loss.

    Raises
    ------
    InputError: a negative count or seed, an empty size, an interval that holds no byte value, a class that no
        configuration satisfies alone or that does not fit in the size; or, while images are drawn, a class none of
        whose images turned out admissible.
    """
    for name, value, least in (("count", count, 0), ("height", height, 1), ("width", width, 1), ("seed", seed, 0)):
        if value < least:
            raise InputError(
                f"the {name} of the images to generate is too small", found=str(value), expected=f">= {least}"
            )
    plan = _Plan(task, (height, width))
    return (plan.sample(Draws(seed, number)) for number in range(count))


class _Plan:
    """What all samples of one size share."""

    def __init__(self, task: Task, size: tuple[int, int]) -> None:
        self.task = task
        self.size = size
        self.spec = generator_of(task)
        self.canvas = ByteCanvas.of(task, self.spec)
        self.room = room_in(task, size, self.spec.spacing)
        # One configuration and placement that fits, for each class: the drawing falls back on it.
        self.sure = {c.name: self._fitting(c) for c in task.classes}

    def sample(self, draws: Draws) -> Sample:
        """One sample."""
        task_class = draws.choice(self.task.classes)
        reason: str | None = None
        for _ in range(_DRAWING_TRIES):
            configuration, places = self._drawn(task_class, draws)
            placements = _placements(self.task, places, draws)
            image = self.canvas.image(draws.between(*self.canvas.bounds(placements, *self.size)))
            decision = decide(self.task, image)
            if decision.label == task_class.name and decision.configuration == configuration and decision.admissible:
                return Sample(image, task_class.name, configuration, placements)
            reason = decision.reason or f"it contains {_listed(decision.configuration or frozenset())}"
        raise InputError(
            f'none of {_DRAWING_TRIES} images drawn for class "{task_class.name}" was admissible with its features',
            source=self.task.source,
            found=f"in the last one: {reason}",
            hint="`exactcnn audit` shows how templates and background make features that nobody placed.",
        )

    def _drawn(self, task_class: TaskClass, draws: Draws) -> tuple[frozenset[str], Mapping[str, Rect]]:
        """A random configuration of the class with random places."""
        configuration = self._drawn_configuration(task_class, draws)
        if configuration is not None:
            for _ in range(_PLACING_TRIES):
                places = _random_places(self.task, self.spec, self.size, configuration, draws)
                if places is not None:
                    return configuration, places
        return self.sure[task_class.name]

    def _drawn_configuration(self, task_class: TaskClass, draws: Draws) -> frozenset[str] | None:
        host = draws.choice(task_class.alternatives) if task_class.alternatives else Alternative()
        order = draws.shuffled([f.name for f in self.task.features])
        settled = host.requires | host.forbids
        free = [name for name in order if name not in settled and self.room.holds(frozenset({name}))]
        for extra in range(min(draws.below(_MOST_EXTRA + 1), len(free)), -1, -1):
            try:
                found = first_of_alternative(
                    self.task,
                    Effort(_SEARCH_STEPS),
                    label=task_class.name,
                    host=host,
                    include=frozenset(free[:extra]),
                    order=order,
                    room=self.room,
                )
            except OutOfEffortError:
                continue
            if found is not None:
                return found
        return None

    def _fitting(self, task_class: TaskClass) -> tuple[frozenset[str], Mapping[str, Rect]]:
        """A configuration of the class and places for it.

        Raises
        ------
        InputError: there is none, or none was found.
        """
        effort = Effort(_LONG_SEARCH_STEPS)
        open_question = False
        try:
            # Smaller configurations fit where larger ones do, so the short list is enough.
            for found in configurations(self.task, effort, label=task_class.name, room=self.room, extend=False):
                try:
                    places = place_all(self.task, found, self.size, effort.share(_SEARCH_STEPS))
                except OutOfEffortError:
                    open_question = True
                    continue
                if places is not None:
                    return found, places
        except OutOfEffortError:
            open_question = True
        raise self._does_not_fit(task_class, open_question)

    def _does_not_fit(self, task_class: TaskClass, open_question: bool) -> InputError:
        size = f"{self.size[0]}x{self.size[1]}"
        try:
            found = first_configuration(self.task, Effort(_SEARCH_STEPS), label=task_class.name)
        except OutOfEffortError:
            found, open_question = None, True
        if found is None and not open_question:
            return InputError(
                f'no set of features satisfies class "{task_class.name}" and no other class',
                source=self.task.source,
                expected="classes each of which some image satisfies alone",
            )
        found_word = "was found to fit" if open_question else "fits"
        return InputError(
            f'no configuration of class "{task_class.name}" {found_word} in images of {size}',
            source=self.task.source,
            expected=None if found is None else self._large_enough(found),
            hint="Make the images larger.",
        )

    def _large_enough(self, configuration: frozenset[str]) -> str | None:
        """A size, not far from the least, that has room for the configuration; in words."""
        chosen = [f for f in self.task.features if f.name in configuration]
        spacing = self.spec.spacing
        start = max(self.size[0], *(f.height for f in chosen)), max(self.size[1], *(f.width for f in chosen))
        most = start[0] + sum(f.height + spacing for f in chosen), start[1] + sum(f.width + spacing for f in chosen)
        for size in growing(start, most):
            try:
                if place_all(self.task, configuration, size, Effort(_SEARCH_STEPS)) is not None:
                    return f"at least {size[0]}x{size[1]}, say, for {_listed(configuration)}"
            except OutOfEffortError:
                continue
        return None


def _random_places(
    task: Task, spec: GeneratorSpec, size: tuple[int, int], configuration: frozenset[str], draws: Draws
) -> Mapping[str, Rect] | None:
    """Every feature of the configuration, one after another, at a random place among those still free."""
    places: dict[str, Rect] = {}
    for name in draws.shuffled([f.name for f in task.features if f.name in configuration]):
        feature = task.features[task.feature_index[name]]
        if feature.height > size[0] or feature.width > size[1]:
            return None
        free = np.ones((size[0] - feature.height + 1, size[1] - feature.width + 1), dtype=np.bool_)
        for other in places.values():
            above = max(other.row - feature.height - spec.spacing + 1, 0)
            left = max(other.column - feature.width - spec.spacing + 1, 0)
            free[above : other.bottom + spec.spacing, left : other.right + spec.spacing] = False
        options = np.flatnonzero(free)
        if not options.size:
            return None
        row, column = divmod(int(options[draws.below(options.size)]), free.shape[1])
        places[name] = Rect(row, column, feature.height, feature.width)
    return places


def generate_configuration(
    task: Task,
    configuration: frozenset[str],
    *,
    count: int,
    height: int,
    width: int,
    seed: int,
    canvas: ByteCanvas | None = None,
) -> Iterator[Sample]:
    """Random admissible images that contain just these features, drawn like those of `generate`, each checked.

    There are fewer than `count`, or none, where the features were not found to fit or no image drawn was admissible.

    Parameters
    ----------
    canvas: the task's, where it is at hand; None makes one, which takes long where there are many features.

    Raises
    ------
    InputError: an interval of the task holds no byte value.
    """
    spec, size = generator_of(task), (height, width)
    canvas = ByteCanvas.of(task, spec) if canvas is None else canvas
    try:
        sure = place_all(task, configuration, size, Effort(_SEARCH_STEPS))
    except OutOfEffortError:
        sure = None
    for number in range(count):
        draws = Draws(seed, number)
        for _ in range(_PLACING_TRIES):
            places = _random_places(task, spec, size, configuration, draws) or sure
            if places is None:
                continue
            placements = _placements(task, places, draws)
            image = canvas.image(draws.between(*canvas.bounds(placements, height, width)))
            decision = decide(task, image)
            if decision.label is not None and decision.configuration == configuration:
                yield Sample(image, decision.label, configuration, placements)
                break


def _placements(task: Task, places: Mapping[str, Rect], draws: Draws) -> tuple[Window, ...]:
    """A random template of each placed feature, in the task's order."""
    return tuple(
        Window(f.name, draws.below(len(f.templates)), places[f.name].row, places[f.name].column)
        for f in task.features
        if f.name in places
    )


def room_in(task: Task, size: tuple[int, int], spacing: int) -> Room:
    """Which features can be in an image of this size together, as far as their areas tell."""
    limit = area_needed(size, spacing)
    needs = {
        f.name: area_needed((f.height, f.width), spacing) if Rect(0, 0, f.height, f.width).inside(*size) else limit + 1
        for f in task.features
    }
    return Room(needs, limit)


def place_all(
    task: Task, configuration: frozenset[str], size: tuple[int, int], effort: Effort, spacing: int | None = None
) -> Mapping[str, Rect] | None:
    """A place for each feature of the configuration, or None if the image is too small.

    `spacing`, if given, replaces the generator's.

    Raises
    ------
    OutOfEffortError: the search became too long.
    """
    least = generator_of(task).spacing if spacing is None else spacing
    if not room_in(task, size, least).holds(configuration):
        return None
    chosen = [f for f in task.features if f.name in configuration]
    places = pack([(f.height, f.width) for f in chosen], size, least, effort)
    return None if places is None else {f.name: place for f, place in zip(chosen, places, strict=True)}


def candidates(
    task: Task, configuration: frozenset[str], height: int, width: int
) -> Iterator[tuple[ExactTensor, tuple[Window, ...]]]:
    """Some images of the generator's kind that hold these features, with their placements; the same every time.

    They differ in the distances between the templates, in which templates are used, and in whether pixels are at the
    middle, the bottom or the top of their intervals. Nothing is promised of them (an accidental feature may be there):
    whoever uses one asks `decide`. There are none where no place for the features was found.

    Raises
    ------
    InputError: an interval of the task holds no byte value.
    """
    canvas = ByteCanvas.of(task, generator_of(task))
    chosen = [f for f in task.features if f.name in configuration]
    least, most = generator_of(task).spacing, max(task.largest_window)
    for spacing in dict.fromkeys((least, (least + most) // 2, most)):
        if spacing < least:
            continue
        try:
            places = place_all(task, configuration, (height, width), Effort(_SEARCH_STEPS), spacing)
        except OutOfEffortError:
            continue
        if places is None:
            continue
        for template in range(max((len(f.templates) for f in chosen), default=1)):
            placements = tuple(
                Window(f.name, template % len(f.templates), places[f.name].row, places[f.name].column) for f in chosen
            )
            low, high = canvas.bounds(placements, height, width)
            for values in ((low + high) // 2, low, high):
                yield canvas.image(values), placements


def _listed(names: frozenset[str]) -> str:
    return ", ".join(f'"{n}"' for n in sorted(names)) or "no feature"

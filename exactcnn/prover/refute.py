"""From an obligation that failed to an exact admissible image that the network gets wrong (THEOREM.md, section 3).

The images tried are guided by what the facts allow: the configuration of the abstract counterexample, its templates
at the windows that the network sees worst, and the fields in which a channel is high although its features are absent.
Only `replay` decides.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Sequent
from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.prover.compose import FREE, Anchor, Background, Item, template_item
from exactcnn.prover.head_bounds import HeadBound
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_facts import Peak, UpperResult
from exactcnn.prover.replay import Replay, replay
from exactcnn.prover.tables import Tables
from exactcnn.prover.whole import Nowhere, find_wrong_image, small_sizes
from exactcnn.prover.witness import Search
from exactcnn.solvers.base import Solver, Status
from exactcnn.solvers.pool import Deadline
from exactcnn.task.canvas import generator_of
from exactcnn.theorem.geometry import Axis, Signature
from exactcnn.theorem.local import Placed, lower_sequent

__all__ = ["Refuter"]

_PLACES = 24
_CONFIGURATION_IMAGES = 6
_MINIMISE_SECONDS = 2.0
_GROWTH = (2, 8, 256)
_LARGEST_SIDE = 1 << 20


@dataclass(frozen=True)
class Refuter:
    """Searches for wrong images; `peaks` are the upper facts that fell short of their targets."""

    search: Search
    tables: Tables
    peaks: Mapping[int, list[UpperResult]]
    solver: Solver
    deadline: Deadline
    _worst: dict[tuple[int, int, int], ExactTensor | None] = field(default_factory=dict)
    _tried: set[int] = field(default_factory=set)

    @property
    def instance(self) -> Instance:
        """The instance."""
        return self.search.instance

    def run(self, failed: HeadBound, label: int, other: int) -> Replay | list[tuple[int, int]] | None:
        """An admissible image that the network gets wrong, found near the failed statement about these classes.

        Where the range has only a few small sizes, each is decided whole; if there is no such image at any of them,
        the sizes are returned, and the statement is proved after all.
        """
        for picture in self._candidates(failed, label):
            self.deadline.remaining()
            if self._known(picture):
                continue
            found = replay(self.instance, picture)
            if found.decision.admissible and found.lead(self.instance) <= 0:
                return found
        sizes, complete = small_sizes(self.instance)
        for size in sizes:
            answer = find_wrong_image(self.instance, self.solver, self.deadline, size, label, other)
            if isinstance(answer, Replay):
                return answer
            complete = complete and isinstance(answer, Nowhere)
        return sizes if complete else None

    def _known(self, picture: Stretched) -> bool:
        """Whether the picture was tried before: different items often make the same small image.

        Pictures are told apart by a hash; if two ever shared one, the second would not be tried, and nothing else.
        """
        core = picture.core
        places = picture.row % core.shape[1], picture.column % core.shape[2]
        key = hash((core.shape, core.denominator, tuple(core.numerators.flat), picture.height, picture.width, *places))
        known = key in self._tried
        self._tried.add(key)
        return known

    def _candidates(self, failed: HeadBound, label: int) -> Iterator[Stretched]:
        configuration = self._configuration(failed, label)
        if configuration is None:
            return
        for picture in itertools.islice(self.search.pictures(configuration), _CONFIGURATION_IMAGES):
            yield picture
            yield from self._grown(picture)
        patches = self._patches(failed, configuration)
        for background in self.search.backgrounds:
            for patch in patches:
                yield from self._with(configuration, {}, [patch], background)
            if len(patches) > 1:
                yield from self._with(configuration, {}, patches, background)
            yield from self._with(configuration, self._all_worst(configuration, failed), [], background)
            for name in sorted(configuration):
                for item in self._placements(name, failed):
                    yield from self._with(configuration, {name: item}, [], background)
                    for patch in patches:
                        yield from self._with(configuration, {name: item}, [patch], background)

    def _grown(self, picture: Stretched) -> Iterator[Stretched]:
        """The picture in larger sizes: sums grow and means fade with the number of positions, maxima do not."""
        if self.instance.pooling.kind == "max":
            return
        sizes, last = self.instance.sizes, (picture.height, picture.width)
        for factor in _GROWTH:
            height = max(picture.height, min(picture.height * factor, sizes.max_height or _LARGEST_SIDE))
            width = max(picture.width, min(picture.width * factor, sizes.max_width or _LARGEST_SIDE))
            if (height, width) != last:
                last = height, width
                yield picture.resized(height, width)

    def _configuration(self, failed: HeadBound, label: int) -> frozenset[str] | None:
        """The features of the abstract counterexample, if they make an image of this label."""
        task = self.instance.task
        name = task.classes[label].name
        if failed.sequent is not None and failed.minimum is not None:
            true = failed.minimum.atoms
            chosen = frozenset(task.features[f].name for f, atom in failed.sequent.features.items() if atom in true)
            if task.label(chosen) == name:
                return chosen
        return self.search.configuration(label)

    def _with(
        self, configuration: frozenset[str], special: Mapping[str, Item], extra: list[Item], background: Background
    ) -> Iterator[Stretched]:
        task = self.instance.task
        items = [special.get(n) or template_item(task, task.feature_index[n], 0) for n in sorted(configuration)]
        for spacing in dict.fromkeys((generator_of(task).spacing, max(task.largest_window))):
            yield from self.search.composed([*items, *extra], background, spacing)

    def _patches(self, failed: HeadBound, configuration: frozenset[str]) -> list[Item]:
        """The fields that make channels of the cone high although their features are absent."""
        channels = failed.sequent.channels if failed.sequent is not None else {}
        names = [f.name for f in self.instance.task.features]
        found = []
        for channel in sorted(channels):
            for result in self.peaks.get(channel, []):
                # A field wholly in the padding has no pixels to show.
                if (
                    result.peak
                    and result.peak.pixels
                    and not any(names[f] in configuration for f in result.job.features)
                ):
                    found.append(self._patch(result.peak))
        return found

    def _patch(self, peak: Peak) -> Item:
        instance = self.instance
        rows, row = _anchor(instance.stem.rows, peak.kind[0], instance.row_kinds[peak.kind[0]])
        columns, column = _anchor(instance.stem.columns, peak.kind[1], instance.column_kinds[peak.kind[1]])
        shape = len(instance.task.channels), rows[1] - rows[0], columns[1] - columns[0]
        values = np.full(shape, instance.task.pixel.low, dtype=object)
        known = np.zeros(shape, dtype=np.bool_)
        for (channel, i, j), value in peak.pixels.items():
            place = channel, i - rows[0], j - columns[0]
            values[place], known[place] = value, True
        return Item(ExactTensor.from_rationals(values, shape=shape), known, row, column)

    def _all_worst(self, configuration: frozenset[str], failed: HeadBound) -> dict[str, Item]:
        """Every feature with the pixels that the network likes least, for faults that add up over features."""
        task = self.instance.task
        items = {}
        for name in configuration:
            number = task.feature_index[name]
            channels = self._cone(failed, number, 0)
            worst = self._worst_pixels(number, 0, channels[0]) if channels else None
            if worst is not None:
                items[name] = template_item(task, number, 0, values=worst)
        return items

    def _cone(self, failed: HeadBound, feature: int, template: int) -> list[int]:
        """The channels of the failed statement that the template is known to raise; if there are none, any one."""
        channels = sorted(failed.sequent.channels) if failed.sequent is not None else []
        known = self.tables.lower.get((feature, template), {})
        return [k for k in channels if k in known] or channels[:1]

    def _placements(self, name: str, failed: HeadBound) -> Iterator[Item]:
        """The templates of a feature where the network sees them worst, with the pixels that it likes least."""
        instance, task = self.instance, self.instance.task
        number = task.feature_index[name]
        feature = task.features[number]
        classes = instance.window_classes(feature.height, feature.width)
        for template in range(len(feature.templates)):
            for channel in self._cone(failed, number, template):
                seen: set[tuple[Anchor, Anchor]] = set()
                for window_class in self.tables.weakest_classes(number, template, channel):
                    (row, height), (column, width) = classes[window_class]
                    exactly = _inside(row, feature.height, height), _inside(column, feature.width, width)
                    for anchors in itertools.chain(
                        itertools.product(
                            _window_anchors(row, feature.height, height, instance.stem.rows.stride),
                            _window_anchors(column, feature.width, width, instance.stem.columns.stride),
                        ),
                        [exactly],
                    ):
                        if anchors not in seen and len(seen) < _PLACES:
                            seen.add(anchors)
                            yield from self._variants(number, template, channel, anchors)

    def _variants(self, feature: int, template: int, channel: int, anchors: tuple[Anchor, Anchor]) -> Iterator[Item]:
        task = self.instance.task
        box = task.features[feature].templates[template]
        row, column = anchors
        worst = self._worst_pixels(feature, template, channel)
        for values in (None, box.low, box.high, *([worst] if worst is not None else [])):
            yield template_item(task, feature, template, values=values, row=row, column=column)

    def _worst_pixels(self, feature: int, template: int, channel: int) -> ExactTensor | None:
        """Pixels in the template's box that make the channel least at the position that sees it best."""
        key = feature, template, channel
        if key not in self._worst:
            self._worst[key] = self._minimised(feature, template, channel)
        return self._worst[key]

    def _minimised(self, feature: int, template: int, channel: int) -> ExactTensor | None:
        instance = self.instance
        floor = self.tables.everywhere.low.item(channel)
        bound = self.tables.lower.get((feature, template), {}).get(channel, floor)
        sights = self.tables.sights(feature, template, ((channel, 1),), bound)
        if not sights:
            return None
        rows, columns = sights[0]
        placed = Placed(feature, template, rows.offset, columns.offset)
        kind = rows.signature, columns.signature
        local = lower_sequent(instance.task, instance.stem, kind, placed, ((channel, 1),), bound)
        point = self._lowest(local.sequent)
        if point is None:
            return None
        box = instance.task.features[feature].templates[template]
        values = np.array(box.centre().tolist(), dtype=object)
        for (channel_in, i, j), number in local.pixels.items():
            place = channel_in, i - placed.row, j - placed.column
            if 0 <= place[1] < values.shape[1] and 0 <= place[2] < values.shape[2]:
                values[place] = point[number]
        return ExactTensor.from_rationals(values, shape=values.shape)

    def _lowest(self, sequent: Sequent) -> Mapping[int, fmpq] | None:
        """Values at which the goal form is least: where it is 0, if it can be, since that is quicker to ask."""
        attained = replace(sequent, hypotheses=(*sequent.hypotheses, -sequent.goal), goal=Affine.const(-1))
        answer = self.solver.decide(attained, timeout=self.deadline.at_most(_MINIMISE_SECONDS))
        if answer.status is Status.FAILS:
            return answer.values
        least = self.solver.minimise(sequent, timeout=self.deadline.at_most(_MINIMISE_SECONDS))
        return None if least.value is None else least.values


def _inside(start: int, size: int, length: int) -> Anchor:
    """Where a window in the middle of an image sees what the one at `start` in a line of `length` sees."""
    return Anchor("start", start, room=length - start - size)


def _window_anchors(start: int, size: int, length: int, stride: int) -> list[Anchor]:
    """Ways to have a window see what the one at `start` in a line of `length` sees, in a longer line."""
    anchors = [Anchor("start", start), Anchor("end", length - start - size)]
    return [*anchors, Anchor("phase", start % stride)] if stride > 1 else [*anchors, FREE]


def _anchor(axis: Axis, signature: Signature, example: tuple[int, int]) -> tuple[tuple[int, int], Anchor]:
    """The part of the field that exists, and how a patch of it has to stand in an image to have this signature."""
    position, length = example
    first, last = signature[0]
    start = axis.start(position)
    if any(clip > 0 for clip, _ in signature):
        return (first, last), Anchor("start", start + first)
    if any(end < axis.range_length(level) for level, (_, end) in enumerate(signature)):
        return (first, last), Anchor("end", length - (start + last))
    return (first, last), Anchor("phase", (start + first) % axis.stride)

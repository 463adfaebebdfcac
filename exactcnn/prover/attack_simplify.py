"""Making a wrong image plain, so that a person sees what the network gets wrong.

Near misses and features go that are not needed, then everything of the ground that is not needed, then what is left
of the tolerances, and last the number of grey levels. Floats say what is worth trying; after each stage the image is
decided and the network evaluated exactly, and a stage whose image is not wrong any more is undone.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.outcome import Window
from exactcnn.core.tensor import ExactTensor
from exactcnn.prover.attack import BYTES, Attack, Hit
from exactcnn.prover.attack_floats import Floats, leads
from exactcnn.prover.attack_scenes import Place, Scene, stretched_index
from exactcnn.prover.replay import Replay
from exactcnn.task.decide import decide
from exactcnn.task.packing import Rect

__all__ = ["hit_of", "simplified"]

_MOST_PIXELS = 96 * 96
_BLOCKS = (16, 8, 4, 2, 1)
_LEVELS = (1, 2, 4, 8, 16)
_MOST_DECISIONS = 1500


def hit_of(attack: Attack, found: Replay) -> Hit | None:
    """An image that was found otherwise as a hit: its templates stand where the first windows exhibit them.

    None if the image is too large to be worked on, or a window covers a repeated row or column.
    """
    picture, task = found.picture, attack.subject.task
    size = picture.core.shape[1], picture.core.shape[2]
    if found.decision.label is None or size[0] * size[1] > _MOST_PIXELS:
        return None
    small = attack.subject.view(picture)
    rows = stretched_index(size[0], small.height, picture.row)
    columns = stretched_index(size[1], small.width, picture.column)
    places = []
    for status in found.decision.statuses:
        place = next((p for w in status.exhibiting if (p := _placed(attack, w, rows, columns)) is not None), None)
        if place is None and status.state == "contains":
            return None
        if place is not None:
            places.append(place)
    label = [c.name for c in task.classes].index(found.decision.label)
    scene = Scene(label, tuple(places), size, (picture.height, picture.width), (picture.row, picture.column))
    return Hit(scene, picture.core, found)


def _placed(attack: Attack, window: Window, rows: NDArray[np.intp], columns: NDArray[np.intp]) -> Place | None:
    number = attack.subject.task.feature_index[window.feature]
    feature = attack.subject.task.features[number]
    down, right = rows[window.row :][: feature.height], columns[window.column :][: feature.width]
    if down[-1] - down[0] != feature.height - 1 or right[-1] - right[0] != feature.width - 1:
        return None
    return Place(number, window.template, Rect(int(down[0]), int(right[0]), feature.height, feature.width))


def simplified(attack: Attack, hit: Hit) -> Hit:
    """A wrong image that is as plain as was found; at worst the given one.

    Raises
    ------
    OutOfTimeError: the attack's deadline passed.
    """
    if hit.scene.size[0] * hit.scene.size[1] > _MOST_PIXELS:
        return hit
    work = _Simplifier(attack, hit)
    work.fewer_places()
    work.even_ground()
    work.drawn_templates()
    work.few_levels()
    return work.hit


@dataclass
class _Simplifier:
    attack: Attack
    hit: Hit
    decisions: int = 0

    def fewer_places(self) -> None:
        """Leaves out near misses, then features, that are not needed."""
        scene = self.hit.scene
        for place in sorted(scene.places, key=lambda p: (not p.miss, -p.rect.height * p.rect.width)):
            fewer = tuple(p for p in self.hit.scene.places if p is not place)
            for level in self._commonest():
                core = self._exact()
                part = self._part(place)
                core[part] = np.broadcast_to(level[:, None, None], core[part].shape)
                if self._kept(replace(self.hit.scene, places=fewer), core):
                    break

    def even_ground(self) -> None:
        """One value for the whole ground; where that does not do, as much of it as possible."""
        ground = ~self.attack.painter.fixed(self.hit.scene)
        if not ground.any():
            return
        for level in self._plain():
            core = self._exact()
            core[ground] = self._filled(level)[ground]
            if self._kept(self.hit.scene, core):
                return
        core = self._exact()
        grounds = [self._filled(level) for level in self._plain()]
        self._towards(max(grounds, key=lambda g: int((core[ground] == g[ground]).sum())), ground)

    def drawn_templates(self) -> None:
        """The templates as they are drawn, in bytes if bytes lie in their intervals."""
        scene, painter = self.hit.scene, self.attack.painter
        drawn = painter.painted(scene, self.hit.core.floats())
        target = np.array(painter.exact(scene, drawn, BYTES).tolist(), dtype=object)
        cares = np.zeros(target.shape, dtype=np.bool_)
        for place in scene.places:
            if not place.miss:
                cares[self._part(place)] |= painter.boxes[place.feature, place.template][3]
        core = self._exact()
        core[cares] = target[cares]
        if not self._kept(scene, core):
            self._towards(target, cares)
        # Pixels that could not be as drawn may yet be bytes, so that a PNG holds the image without loss.
        self._kept(scene, np.array(painter.exact(scene, self.hit.core.floats(), BYTES).tolist(), dtype=object))

    def few_levels(self) -> None:
        """What is left of the ground in as few grey levels as will do."""
        pixel = self.attack.subject.task.pixel
        ground = ~self.attack.painter.fixed(self.hit.scene)
        old = self._exact()
        for levels in (*_LEVELS, BYTES):
            core = old.copy()
            for place in np.argwhere(ground).tolist():
                share = (old[tuple(place)] - pixel.low) / (pixel.high - pixel.low) * levels + fmpq(1, 2)
                core[tuple(place)] = pixel.low + (pixel.high - pixel.low) * fmpq(int(share.floor()), levels)
            if self._kept(self.hit.scene, core):
                return

    # -- steps ----------------------------------------------------------------------------------------------------

    def _towards(self, target: NDArray[np.object_], where: NDArray[np.bool_]) -> None:
        """Moves as many of these pixels as possible to their targets: in blocks, ever smaller ones."""
        before, goal = self.hit, ExactTensor.from_rationals(target, shape=target.shape).floats()
        image = self.hit.core.floats()
        moved = np.zeros(where.shape, dtype=np.bool_)
        tie = 1e-9 if self._lead(image[None])[0] > -1e-6 else 0.0
        for size in _BLOCKS:
            blocks = list(_blocks(where & ~moved & (image != goal), size))
            for block in self._ranked(image, goal, blocks):
                if self.decisions > _MOST_DECISIONS:
                    break
                tried = np.where(block, goal, image)
                if self._lead(tried[None])[0] <= tie and self._admissible(target, moved | block):
                    image, moved = tried, moved | block
        core = self._exact()
        core[moved] = target[moved]
        if not self._kept(self.hit.scene, core):
            self.hit = before

    def _ranked(self, image: Floats, goal: Floats, blocks: Sequence[NDArray[np.bool_]]) -> list[NDArray[np.bool_]]:
        """The blocks whose move leaves the network most wrong first."""
        found: list[tuple[float, int]] = []
        for first in range(0, len(blocks), 64):
            batch = np.stack([np.where(b, goal, image) for b in blocks[first : first + 64]])
            found += [(float(lead), first + n) for n, lead in enumerate(self._lead(batch))]
        return [blocks[n] for _, n in sorted(found)]

    def _lead(self, cores: Floats) -> Floats:
        self.attack.deadline.remaining()
        rows, columns = self.attack.index(self.hit.scene)
        values = self.attack.floats.logits(cores[:, :, rows[:, None], columns[None, :]])
        return leads(values, self.hit.scene.label)

    def _admissible(self, target: NDArray[np.object_], moved: NDArray[np.bool_]) -> bool:
        """Whether the image with these pixels moved still has the label."""
        self.decisions += 1
        core = self._exact()
        core[moved] = target[moved]
        picture = self.attack.picture(self.hit.scene, ExactTensor.from_rationals(core, shape=core.shape))
        decision = decide(self.attack.subject.task, self.attack.subject.view(picture).image())
        return decision.label == self.hit.replay.decision.label

    def _kept(self, scene: Scene, core: NDArray[np.object_]) -> bool:
        """Takes the image over if it is admissible and wrong."""
        self.attack.deadline.remaining()
        found = self._judged(scene, core)
        same = found.replay.decision.label == self.hit.replay.decision.label
        if same and self.attack.subject.wrong(found.replay):
            self.hit = found
            return True
        return False

    def _judged(self, scene: Scene, core: NDArray[np.object_]) -> Hit:
        exact = ExactTensor.from_rationals(core, shape=core.shape)
        return Hit(scene, exact, self.attack.subject.judge(self.attack.picture(scene, exact)))

    def _exact(self) -> NDArray[np.object_]:
        return np.array(self.hit.core.tolist(), dtype=object)

    def _part(self, place: Place) -> tuple[slice, slice, slice]:
        rect = place.rect
        return slice(None), slice(rect.row, rect.bottom), slice(rect.column, rect.right)

    def _plain(self) -> list[NDArray[np.object_]]:
        """Plain grounds, the task's own first."""
        return self.attack.plain_values

    def _filled(self, level: NDArray[np.object_]) -> NDArray[np.object_]:
        shape = self.hit.core.shape
        return np.broadcast_to(level[:, None, None], shape)

    def _commonest(self) -> Iterator[NDArray[np.object_]]:
        """The ground's commonest value, then the task's own ground."""
        ground = ~self.attack.painter.fixed(self.hit.scene)
        core = self._exact()
        common = []
        for channel in range(core.shape[0]):
            values = core[channel][ground[channel]].tolist()
            if not values:
                break
            common.append(max(values, key=values.count))
        else:
            yield np.array(common, dtype=object)
        yield self._plain()[0]


def _blocks(where: NDArray[np.bool_], size: int) -> Iterator[NDArray[np.bool_]]:
    """The parts of a mask (C, h, w) in squares of this size, all channels together."""
    for top in range(0, where.shape[1], size):
        for left in range(0, where.shape[2], size):
            part = np.zeros_like(where)
            window = slice(None), slice(top, top + size), slice(left, left + size)
            part[window] = where[window]
            if part.any():
                yield part

"""Makes the shipped task `digits` from the handwritten digits of scikit-learn.

    python tools/make_digits.py

writes exactcnn/examples/digits.toml in some seconds. It needs numpy and scikit-learn (the extra `data`).

The first 1198 scans are for training. Nothing is random and all numbers are integers, so that the same file comes out
everywhere:

1. Every training scan is a cluster of its own. Clusters of the same digit are merged, those first whose common
   interval hull is smallest, while the hull stays apart from the hulls of all other digits.
2. Hulls that a shifted scan of another digit could touch are dropped.
3. Every hull of at least eight scans grows, pixel by pixel and level by level, as far as it stays apart from all
   other digits, and from all that a window can see of another digit that stands anywhere on background. These become
   templates, and so does the most typical scan of each.

Apart means: by at least the gap, between the intervals with half a level more on either side.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

TARGET = Path(__file__).parents[1] / "exactcnn" / "examples" / "digits.toml"
NAMES = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
TRAINING = 1198
SIDE, LEVELS = 8, 16
PIXELS = SIDE * SIDE
GAP = 1
LEAST_SCANS = 8
"""Smaller hulls are no templates; those of other digits keep apart from them all the same."""

Integers = NDArray[np.int16]

HEADER = """\
# Digits: real scans. The features are the ten digits; an image is of class "three" if it contains a three and no other
# digit, wherever it stands.
#
# Pixels have the values 0..16 of scikit-learn's 8 x 8 scans (load_digits), which are the test set of "Optical
# Recognition of Handwritten Digits" by E. Alpaydin and C. Kaynak, 1998, UCI Machine Learning Repository, CC BY 4.0.
# A digit's templates are boxes learnt from the first {training} scans: hulls of similar scans, widened while no other
# digit is touched. Before them comes the most typical scan of each hull; it lies in the hull and is there to be drawn.
# Half a level is added everywhere, so that scans stored as bytes are still seen. This file is written by
# tools/make_digits.py.
#
# Of the 599 scans kept apart, 353 are admissible, all with the right label, and the network that exactcnn builds gives
# every one of them that label. The other 246 are in no template's box, so that the task gives them no label.
# `python tools/evaluate_digits.py` counts this. How small a hull may be was chosen for the time that a proof takes,
# with such counts in view; everything else comes from the first 1198 scans alone.

[task]
name = "digits"
pixel = [0, 16]
gap = {gap}
tolerance = 0
"""

FOOTER = """
[generator]
background = [0, "1/2"]
spacing = 1
"""


@dataclass
class Hulls:
    """Boxes [low, high] of whole levels, (n, 64) each, with the digit of each and the numbers of its scans."""

    low: Integers
    high: Integers
    digits: NDArray[np.int64]
    members: list[list[int]]

    def kept(self, keep: list[int]) -> Hulls:
        """Some of them, in this order."""
        return Hulls(self.low[keep], self.high[keep], self.digits[keep], [self.members[i] for i in keep])


def scans() -> tuple[Integers, NDArray[np.int64]]:
    """All scans, (1797, 64), and which digits they are."""
    from sklearn.datasets import load_digits

    data = load_digits()
    return data.data.astype(np.int16), data.target.astype(np.int64)


def apart(low: Integers, high: Integers, lows: Integers, highs: Integers) -> Integers:
    """How far boxes with half a level more on either side are apart: the distances summed over the last axis."""
    return np.maximum(np.maximum(low - highs, lows - high) - 1, 0).sum(-1, dtype=np.int16)


def cluster(values: Integers, digits: NDArray[np.int64]) -> Hulls:
    """Step 1: hulls, the largest cluster first."""
    count = len(values)
    low, high = values.copy(), values.copy()
    members = [[i] for i in range(count)]
    alive, version = np.ones(count, dtype=np.bool_), [0] * count
    queue = []
    for i in range(count):
        mates = i + 1 + np.flatnonzero(digits[i + 1 :] == digits[i])
        costs = np.abs(values[mates] - values[i]).sum(1).tolist()
        queue += [(cost, i, j, 0, 0) for cost, j in zip(costs, mates.tolist(), strict=True)]
    heapq.heapify(queue)
    while queue:
        _, i, j, version_i, version_j = heapq.heappop(queue)
        if not alive[i] or not alive[j] or (version[i], version[j]) != (version_i, version_j):
            continue
        bottom, top = np.minimum(low[i], low[j]), np.maximum(high[i], high[j])
        others = alive & (digits != digits[i])
        if apart(bottom, top, low[others], high[others]).min() < GAP:
            continue
        low[i], high[i], alive[j] = bottom, top, False
        members[i] += members[j]
        version[i] += 1
        mates = np.flatnonzero(alive & (digits == digits[i]))
        costs = (np.maximum(high[mates], top) - np.minimum(low[mates], bottom)).sum(1).tolist()
        for cost, mate in zip(costs, mates.tolist(), strict=True):
            if mate != i:
                heapq.heappush(queue, (cost, i, mate, version[i], version[mate]))
    order = sorted(np.flatnonzero(alive).tolist(), key=lambda i: (-len(members[i]), i))
    return Hulls(low, high, digits, members).kept(order)


BACKGROUND, OUTSIDE = PIXELS, PIXELS + 1
"""Pixels 64 and 65 of a digit: the background, which is 0, and what lies outside the window and may be anything."""


def shifts() -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """What a window sees of a digit that is shifted, for all shifts with a common pixel and for one with none.

    Returns
    -------
    seen: (shifts, 64), the digit's pixel that is seen at each pixel of the window, or BACKGROUND.
    place: (shifts, 64), the window's pixel at which each pixel of the digit is seen, or OUTSIDE.
    """
    steps = [(dy, dx) for dy in range(1 - SIDE, SIDE) for dx in range(1 - SIDE, SIDE)] + [(SIDE, SIDE)]
    seen = np.full((len(steps), PIXELS), BACKGROUND)
    place = np.full((len(steps), PIXELS), OUTSIDE)
    for number, (dy, dx) in enumerate(steps):
        for row in range(max(0, dy), min(SIDE, SIDE + dy)):
            for column in range(max(0, dx), min(SIDE, SIDE + dx)):
                at, pixel = row * SIDE + column, (row - dy) * SIDE + column - dx
                seen[number, at], place[number, pixel] = pixel, at
    return seen, place


class Grower:
    """Steps 2 and 3.

    `distance[i, j, s]` is how far hull i is from what a window sees of hull j at shift s.
    """

    def __init__(self, hulls: Hulls) -> None:
        self.seen, self.place = shifts()
        ends = np.zeros((len(hulls.low), 2), dtype=np.int16)
        low, high = np.hstack([hulls.low, ends]), np.hstack([hulls.high, ends])
        distance = np.stack(
            [apart(low[:, None, :PIXELS], high[:, None, :PIXELS], low[:, at], high[:, at]) for at in self.seen], axis=2
        )
        keep = self._harmless(distance.min(axis=2), hulls)
        self.hulls = hulls.kept(keep)
        self.low, self.high = low[keep], high[keep]
        self.high[:, OUTSIDE] = LEVELS
        self.distance = distance[np.ix_(keep, keep)]
        self.others = [np.flatnonzero(self.hulls.digits != digit) for digit in self.hulls.digits]
        # The largest hulls come first.
        self.growing = sum(len(m) >= LEAST_SCANS for m in self.hulls.members)

    @staticmethod
    def _harmless(nearest: Integers, hulls: Hulls) -> list[int]:
        """Hulls none of which touches another digit; those with many touches a scan are dropped first."""
        keep = list(range(len(hulls.low)))
        touches = (nearest < GAP) & (hulls.digits[:, None] != hulls.digits[None])
        touches |= touches.T
        while touches[np.ix_(keep, keep)].any():
            worst = max(keep, key=lambda i: (touches[i, keep].sum() / len(hulls.members[i]), -i))
            keep.remove(worst)
        return keep

    def grow(self) -> Hulls:
        """The templates: each large hull grown in its turn by one level a pixel and side, while it can."""
        open_steps = [(i, pixel, up) for i in range(self.growing) for pixel in range(PIXELS) for up in (False, True)]
        while open_steps:
            open_steps = [step for step in open_steps if self._step(*step)]
        grown = Hulls(self.low[:, :PIXELS], self.high[:, :PIXELS], self.hulls.digits, self.hulls.members)
        return grown.kept(list(range(self.growing)))

    def _step(self, i: int, pixel: int, up: bool) -> bool:
        """Widens one interval by one level if that keeps hull i apart from the others."""
        end = int(self.high[i, pixel] if up else self.low[i, pixel])
        if end == (LEVELS if up else 0):
            return False
        others = self.others[i]
        # Which of the others' pixels come nearer by one level where they meet this one.
        nearer = self.low[others] > end + 1 if up else self.high[others] < end - 1
        # First what hull i's window sees of the others, then what theirs see of hull i.
        mine = self.distance[i, others] - nearer[:, self.seen[:, pixel]]
        if mine.min() < GAP:
            return False
        theirs = self.distance[others, i] - nearer[:, self.place[:, pixel]]
        if theirs.min() < GAP:
            return False
        self.distance[i, others], self.distance[others, i] = mine, theirs
        (self.high if up else self.low)[i, pixel] += 1 if up else -1
        return True


def typical(values: Integers, members: list[int]) -> int:
    """The scan of a cluster that is nearest to all others together."""
    scans_of = np.asarray(sorted(members))
    distances = np.abs(values[scans_of][:, None] - values[scans_of][None]).sum(axis=(1, 2))
    return int(scans_of[distances.argmin()])


def box(low: Integers, high: Integers) -> str:
    """A template of levels low..high, with half a level more on either side, as an entry of `intervals`."""

    def rows(doubled: list[int]) -> str:
        # Halves as decimals; TOML reads them exactly.
        words = [f"{n // 2}.5" if n % 2 else str(n // 2) for n in doubled]
        return ",\n".join("[" + ",".join(words[r : r + SIDE]) + "]" for r in range(0, PIXELS, SIDE))

    lows = np.maximum(2 * low - 1, 0).tolist()
    highs = np.minimum(2 * high + 1, 2 * LEVELS).tolist()
    return f"{{ low = [\n{rows(lows)}], high = [\n{rows(highs)}] }},\n"


def text() -> str:
    """The task file."""
    values, digits = (part[:TRAINING] for part in scans())
    hulls = Grower(cluster(values, digits)).grow()
    parts = [HEADER.format(training=TRAINING, gap=GAP)]
    for digit in range(10):
        own = np.flatnonzero(hulls.digits == digit).tolist()
        drawn = [typical(values, hulls.members[i]) for i in own]
        boxes = [box(values[scan], values[scan]) for scan in drawn] + [box(hulls.low[i], hulls.high[i]) for i in own]
        parts.append(f'\n[[feature]]\nname = "{digit}"\nintervals = [\n{"".join(boxes)}]\n')
    for digit, name in enumerate(NAMES):
        rest = ", ".join(f'"{other}"' for other in range(10) if other != digit)
        parts.append(f'\n[[class]]\nname = "{name}"\nrequires = ["{digit}"]\nforbids = [{rest}]\n')
    return "".join(parts) + FOOTER


if __name__ == "__main__":
    TARGET.write_text(text(), encoding="utf-8", newline="\n")

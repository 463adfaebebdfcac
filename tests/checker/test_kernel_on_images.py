"""What the kernel derives from a statement holds of real images, evaluated from the definitions.

Each position of the stem has one of the border kinds, each window is seen in one of the ways listed, every row of a
local sequent holds at the image's pixels, and some assignment of the head sequent's atoms is true of the image.
"""

from __future__ import annotations

import io
from fractions import Fraction
from itertools import product
from random import Random

import pytest
from support.kernel_images import Instance, Level, Picture, instance, picture, signature

from exactcnn.checker import kernel

CONST = kernel.CONST


def _read(st: Instance) -> kernel.Statement:
    return kernel.Statement(kernel.Lines(io.BytesIO(st.text().encode())))


def _value(form: dict[int, int] | kernel.Row, point: list[Fraction]) -> Fraction:
    return sum((c * (1 if v == CONST else point[v]) for v, c in dict(form).items()), Fraction(0))


def _with_nodes(sequent: kernel.Sequent, inputs: list[Fraction]) -> list[Fraction]:
    """The values of all variables; every row that is always there holds."""
    point = list(inputs)
    for y, node in sequent.nodes.items():
        assert y == len(point)
        arguments = [_value(z, point) / node.scale for z in node.arguments]
        point.append(max([*arguments, Fraction(0)] if node.relu else arguments))
    assert len(point) == sequent.size
    for row in sequent.rows():
        assert _value(row, point) >= 0, row
    return point


# -- positions --------------------------------------------------------------------------------------------------------


class Positions:
    """All positions of a picture: where their fields start, and their kinds."""

    def __init__(self, st: Instance, read: kernel.Statement, seen: Picture) -> None:
        self.st, self.read, self.seen = st, read, seen
        self.size = len(seen.image[0]), len(seen.image[0][0])
        self.levels = st.levels(0), st.levels(1)
        self.shape = len(seen.values[0]), len(seen.values[0][0])
        self.signatures = [
            [signature(levels, i, n) for i in range(m)]
            for levels, n, m in zip(self.levels, self.size, self.shape, strict=True)
        ]
        self.fields = [_field(levels) for levels in self.levels]

    def all(self) -> list[tuple[int, int]]:
        """Every position."""
        return list(product(*map(range, self.shape)))

    def kind(self, position: tuple[int, int]) -> kernel.Kind:
        """Its kind, by the definition."""
        return self.signatures[0][position[0]], self.signatures[1][position[1]]

    def start(self, axis: int, place: int) -> int:
        """Where the position's field starts along an axis."""
        step, origin, _ = self.fields[axis]
        return place * step + origin

    def sights(self, axis: int, place: int, size: int) -> tuple[kernel.Sight, ...]:
        """How a window is seen along an axis."""
        length, found = self.fields[axis][2], []
        for i, own in enumerate(self.signatures[axis]):
            start = self.start(axis, i)
            if start <= place and place + size <= start + length:
                found.append((place - start, own))
        return tuple(found)

    def holds(self, position: tuple[int, int], clear: list[kernel.Window], inside: list[kernel.Window]) -> None:
        """The local sequent of all channels: its rows hold of the picture, and its forms are the stem's values."""
        channels = range(len(self.seen.values))
        kind = self.kind(position)
        local = kernel.Local(self.read, channels, kind, clear, inside)
        _, places = kernel.looked(self.read.stem, kind, channels)
        for f, t, r, s in clear:
            places.update((k, i + r, j + s) for k, i, j in self.read.features[f].templates[t])
        down, across = self.start(0, position[0]), self.start(1, position[1])
        point = _with_nodes(local, [self._pixel(k, down + i, across + j) for k, i, j in sorted(places)])
        bounds = local.intervals()
        assert all(a <= x * self.read.fine <= b for x, (a, b) in zip(point, bounds, strict=True))
        for k in channels:
            form, scale = local.values[k]
            expected = self.seen.values[k][position[0]][position[1]]
            assert _value(form, point) == scale * expected
            low, high = kernel.interval(local.values[k], bounds, self.read.fine)
            assert low <= expected * self.read.fine <= high

    def _pixel(self, k: int, row: int, column: int) -> Fraction:
        assert 0 <= row < self.size[0]
        assert 0 <= column < self.size[1]
        return self.seen.image[k][row][column]


def _field(levels: list[Level]) -> tuple[int, int, int]:
    """The step, the first start and the length of fields along an axis."""

    def ends(first: int, last: int) -> tuple[int, int]:
        for level in reversed(levels):
            first, last = first * level.step - level.before, last * level.step - level.before + level.kernel - 1
        return first, last

    (a, b), (c, _) = ends(0, 0), ends(1, 1)
    return c - a, a, b - a + 1


def _local_check(positions: Positions, random: Random) -> None:
    st, read, seen = positions.st, positions.read, positions.seen
    kinds = set(read.kinds)
    for position in positions.all():
        kind = positions.kind(position)
        assert kind in kinds
        if random.random() > 0.1:
            continue
        (top, bottom), (left, right) = kind[0][0], kind[1][0]
        down, across = positions.start(0, position[0]), positions.start(1, position[1])
        clear = []
        for f, feature in enumerate(st.features):
            for r, s in product(range(top, bottom - feature.rows + 1), range(left, right - feature.columns + 1)):
                if (down + r, across + s) in seen.clear[f]:
                    clear += [(f, t, r, s) for t in range(len(feature.templates))]
        positions.holds(position, sorted(random.sample(clear, min(len(clear), 2))), [])


def _window_check(positions: Positions, random: Random) -> None:
    st, read, seen = positions.st, positions.read, positions.seen
    for f, feature in enumerate(st.features):
        down, across = ({c[axis] for c in read.windows(read.features[f])} for axis in (0, 1))
        for row, column in seen.windows[f]:
            rows, columns = positions.sights(0, row, feature.rows), positions.sights(1, column, feature.columns)
            assert rows in down
            assert columns in across
        for t, places in enumerate(seen.exhibited[f]):
            for row, column in list(places)[:2]:
                candidates = [
                    (i, j)
                    for i, j in positions.all()
                    if 0 <= row - positions.start(0, i) <= positions.fields[0][2] - feature.rows
                    and 0 <= column - positions.start(1, j) <= positions.fields[1][2] - feature.columns
                ]
                if candidates:
                    i, j = random.choice(candidates)
                    offset = row - positions.start(0, i), column - positions.start(1, j)
                    positions.holds((i, j), [], [(f, t, *offset)])


# -- heads ------------------------------------------------------------------------------------------------------------


def _number(x: Fraction) -> kernel.Number:
    return x.numerator, x.denominator


def _facts(read: kernel.Statement, st: Instance, seen: Picture, random: Random) -> kernel.Facts:
    """Facts that are true of the picture; what they say of other pictures is anything."""
    facts = kernel.Facts(read)
    flat = [[x for row in table for x in row] for table in seen.values]
    slack = [Fraction(0), Fraction(0), Fraction(1, 3), Fraction(2)]
    for k, values in enumerate(flat):
        if random.random() < 0.8:
            facts.floors[k] = _number(min(values) - random.choice(slack))
    for number in range(random.choice([0, 2, 5])):
        k, avoid = random.randrange(len(flat)), [f for f in range(len(st.features)) if random.random() < 0.5]
        true = max(flat[k]) + random.choice(slack)
        bound = true if all(seen.avoids(f) for f in avoid) else Fraction(random.randint(-9, 9))
        facts.uppers.setdefault(k, []).append((number, _number(bound), tuple(avoid)))
    for _ in range(random.choice([0, 2, 5])):
        f = random.randrange(len(st.features))
        t = random.randrange(len(st.features[f].templates))
        chosen = sorted(random.sample(range(len(flat)), random.randint(1, len(flat))))
        weights = {k: random.choice([1, 1, 2]) for k in chosen}
        best = max(sum(a * flat[k][p] for k, a in weights.items()) for p in range(len(flat[0])))
        bound = best - random.choice(slack) if seen.exhibited[f][t] else Fraction(random.randint(-9, 9))
        facts.lowers.setdefault((f, t), []).append((weights, _number(Fraction(bound))))
    return facts


def _satisfied(clauses: list[tuple[int, ...]], true: frozenset[int]) -> bool:
    """Whether the assumptions can be made an assignment that satisfies all clauses."""
    for clause in clauses:
        if true.intersection(clause):
            continue
        return any(-x not in true and _satisfied(clauses, true | {x}) for x in clause)
    return True


def _head_check(read: kernel.Statement, st: Instance, seen: Picture, random: Random) -> bool:
    if not all(seen.contains(f) or seen.avoids(f) for f in range(len(st.features))):
        return False
    stands = [
        listed is not None and any(all(map(seen.contains, a)) and not any(map(seen.contains, b)) for a, b in listed)
        for listed in st.classes
    ]
    for y, listed in enumerate(st.classes):
        if listed is None:
            stands[y] = not any(stands)
    label = stands.index(True) if stands.count(True) == 1 else None
    y, z = random.sample(range(len(stands)), 2)
    premises: list[tuple[list[int], list[int], dict[int, int]]] = [
        ([y], [], {y: 1}) if stands[y] else ([], [y], {y: -1}),
        ([z], [], {z: 1}) if stands[z] else ([], [z], {z: -1}),
    ]
    if label is not None:
        others = [x for x, listed in enumerate(st.classes) if x != label and listed is not None]
        other = random.choice([x for x in range(len(stands)) if x != label])
        premises.append(([label], others if st.classes[label] is not None else [], {label: 1, other: -1}))
    for holds, fails, goal in premises:
        facts = _facts(read, st, seen, random)
        lead = sum((a * seen.logits[k] for k, a in goal.items()), Fraction(0))
        shift = random.choice([Fraction(0), Fraction(1, 5), Fraction(-2)])
        head = kernel.Head(facts, holds, fails, goal, _number(lead + shift))
        point = _with_nodes(head, [seen.pooled[k] for k in head.channels])
        found = _value(head.goal, point)
        assert (found > 0, found == 0) == (shift < 0, shift == 0)
        wrong = {a for a, rows in head.switched.items() if any(_value(row, point) < 0 for row in rows)}
        known = {c if seen.contains(f) else -c for f, c in head.contains.items()}
        assert _satisfied(head.clauses, frozenset(known | {-a for a in wrong}))
    return True


def _check(seed: int) -> tuple[int, int]:
    """How many pictures were checked, and how many of them had heads to check."""
    random, st = Random(seed), instance(seed)
    read = _read(st)
    heads = 0
    for _ in range(4):
        seen = picture(st, random)
        positions = Positions(st, read, seen)
        number = len(positions.all())
        assert read.fewest <= number
        assert read.greatest is None or number <= read.greatest
        _local_check(positions, random)
        _window_check(positions, random)
        heads += _head_check(read, st, seen, random)
    return 4, heads


@pytest.mark.parametrize("part", range(4))
def test_what_is_derived_holds_of_images(part: int) -> None:
    found = [_check(100 * part + i) for i in range(25)]
    assert sum(heads for _, heads in found) > 20

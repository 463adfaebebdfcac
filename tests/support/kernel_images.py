"""Random statements as text, random images, and what the definitions say of them, in plain fractions.

Nothing here uses the package: what the kernel derives from a statement is held against real images.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from itertools import product
from random import Random

__all__ = ["Instance", "Level", "Picture", "instance", "picture", "signature"]

Window = tuple[int, int]  # row and column of its first pixel
Table = list[list[list[Fraction]]]  # channel, row, column
Spatial = tuple[int, ...]  # rows, columns, steps, paddings: as a statement writes them


@dataclass(frozen=True)
class Level:
    """A layer with a window, along one axis."""

    kernel: int
    step: int
    before: int
    after: int

    def length(self, n: int) -> int:
        """The length of its output."""
        return (n + self.before + self.after - self.kernel) // self.step + 1


@dataclass(frozen=True)
class Layer:
    """A layer: its word, its window, its weights (output, input, row, column) and biases."""

    word: str
    window: Spatial = (1, 1, 1, 1, 0, 0, 0, 0)
    weights: tuple[tuple[tuple[tuple[Fraction, ...], ...], ...], ...] = ()
    bias: tuple[Fraction, ...] = ()

    def lines(self) -> list[str]:
        """The layer in a statement."""
        shape = f" out {len(self.weights)} in {len(self.weights[0])}" if self.weights else ""
        a, b, s, t, *around = self.window
        places = f" rows {a} columns {b} stride {s} {t} padding {' '.join(map(str, around))}"
        rows = [_runs([w for table in output for row in table for w in row]) for output in self.weights]
        head = self.word + shape + ("" if self.word in ("relu", "dense") else places)
        return [head, *rows, *(["bias " + _runs(self.bias)] if self.weights else [])]

    def levels(self) -> tuple[Level, Level]:
        """Along the rows and along the columns."""
        a, b, s, t, top, left, bottom, right = self.window
        return Level(a, s, top, bottom), Level(b, t, left, right)

    def applied(self, x: Table) -> Table:
        """The layer's output, from the definition."""
        if self.word == "relu":
            return [[[max(Fraction(0), v) for v in row] for row in table] for table in x]
        down, across = self.levels()
        height, width = down.length(len(x[0])), across.length(len(x[0][0]))
        outputs = range(len(self.weights) or len(x))
        return [[[self._entry(x, o, i, j) for j in range(width)] for i in range(height)] for o in outputs]

    def _entry(self, x: Table, o: int, i: int, j: int) -> Fraction:
        down, across = self.levels()
        seen = []
        for a, b in product(range(down.kernel), range(across.kernel)):
            row, column = i * down.step - down.before + a, j * across.step - across.before + b
            if 0 <= row < len(x[0]) and 0 <= column < len(x[0][0]):
                seen.append((a, b, row, column))
        if self.word == "maxpool":
            return max(x[o][row][column] for _, _, row, column in seen)
        if self.word == "avgpool":
            return sum((x[o][row][column] for _, _, row, column in seen), Fraction(0)) / (down.kernel * across.kernel)
        terms = (self.weights[o][k][a][b] * x[k][row][column] for a, b, row, column in seen for k in range(len(x)))
        return self.bias[o] + sum(terms, Fraction(0))


@dataclass(frozen=True)
class Feature:
    """A feature: its window's size, its gap, its templates (channel, row, column: the interval's ends)."""

    rows: int
    columns: int
    gap: Fraction
    templates: tuple[dict[tuple[int, int, int], tuple[Fraction, Fraction]], ...]


@dataclass(frozen=True)
class Instance:
    """A statement and what it means. A class is a list of alternatives (required, forbidden), or None: otherwise."""

    channels: int
    pixel: tuple[Fraction, Fraction]
    byte: bool
    features: tuple[Feature, ...]
    classes: tuple[list[tuple[list[int], list[int]]] | None, ...]
    stem: tuple[Layer, ...]
    pool: str
    head: tuple[Layer, ...]
    least: tuple[int, int]
    most: tuple[int | None, int | None]

    def text(self) -> str:
        """The statement."""
        (h, w), (high, wide) = self.least, self.most
        lines = [
            "exactcnn statement 1",
            f"sizes {h} {high or 'any'} {w} {wide or 'any'}",
            "margin 1/7",
            "source none",
            f"task t channels {self.channels} pixel {self.pixel[0]} {self.pixel[1]}",
            f"features {len(self.features)}",
        ]
        for n, f in enumerate(self.features):
            lines.append(f"feature f{n} {f.rows} {f.columns} gap {f.gap} templates {len(f.templates)}")
            for t in f.templates:
                lines.append("template")
                for k, i in product(range(self.channels), range(f.rows)):
                    lines.append(" ".join(f"{a} {b}" for a, b in (t[k, i, j] for j in range(f.columns))))
        lines.append(f"classes {len(self.classes)}")
        for n, listed in enumerate(self.classes):
            lines.append(f"class c{n} " + ("otherwise" if listed is None else f"alternatives {len(listed)}"))
            for first, second in listed or []:
                lines.append(" ".join(map(str, ["alternative requires", *first, "forbids", *second])))
        lines += ["network", "exactcnn network 1", f"input {'byte' if self.byte else 'pixel'} channels {self.channels}"]
        lines += [line for layer in self.stem for line in layer.lines()] + [f"globalpool {self.pool}"]
        lines += [line for layer in self.head for line in layer.lines()] + ["end", "end", ""]
        return "\n".join(lines)

    def levels(self, axis: int) -> list[Level]:
        """The stem along an axis."""
        return [layer.levels()[axis] for layer in self.stem if layer.word != "relu"] or [Level(1, 1, 0, 0)]


def _runs(numbers: list[Fraction] | tuple[Fraction, ...]) -> str:
    found: list[tuple[Fraction, int]] = []
    for x in numbers:
        if found and found[-1][0] == x:
            found[-1] = x, found[-1][1] + 1
        else:
            found.append((x, 1))
    return " ".join(f"{n}*{x}" if n > 1 else str(x) for x, n in found)


def signature(levels: list[Level], position: int, length: int) -> tuple[tuple[int, int], ...]:
    """What exists of the range that a position needs, level by level, followed down from the position."""
    lengths = [length]
    for level in levels:
        lengths.append(level.length(lengths[-1]))
    first, last, found = position, position, []
    for level, extent in zip(reversed(levels), reversed(lengths[:-1]), strict=True):
        first, last = first * level.step - level.before, last * level.step - level.before + level.kernel - 1
        real = [place - first for place in range(first, last + 1) if 0 <= place < extent]
        found.insert(0, (real[0], real[-1] + 1) if real else (0, 0))
    return tuple(found)


# -- random instances -------------------------------------------------------------------------------------------------


def _numbers(random: Random, n: int) -> list[Fraction]:
    return [random.choice([Fraction(0), Fraction(1), Fraction(random.randint(-3, 3), 2)]) for _ in range(n)]


def _weighted(random: Random, word: str, inputs: int, outputs: int, window: Spatial) -> Layer:
    def table() -> tuple[tuple[Fraction, ...], ...]:
        return tuple(tuple(_numbers(random, window[1])) for _ in range(window[0]))

    weights = tuple(tuple(table() for _ in range(inputs)) for _ in range(outputs))
    return Layer(word, window, weights, tuple(_numbers(random, outputs)))


def _stem(random: Random, channels: int) -> tuple[list[Layer], int]:
    layers: list[Layer] = []
    for _ in range(random.choice([0, 1, 1, 2, 3])):
        word = random.choice(["conv", "conv", "maxpool", "avgpool", "relu"])
        sides = [random.choice([1, 1, 2, 3]) for _ in range(2)]
        around = [random.choice([0, 0, 1, 2, 3]) for _ in range(4)]
        if word == "maxpool":
            around = [min(p, side - 1) for p, side in zip(around, sides * 2, strict=True)]
        window = (*sides, random.choice([1, 1, 2, 3]), random.choice([1, 1, 2]), *around)
        if word == "conv":
            outputs = random.choice([1, 2])
            layers.append(_weighted(random, word, channels, outputs, window))
            channels = outputs
        else:
            layers.append(Layer(word, (1, 1, 1, 1, 0, 0, 0, 0) if word == "relu" else window))
    return layers, channels


def _feature(random: Random, channels: int, grid: list[Fraction]) -> Feature:
    rows, columns = random.choice([1, 1, 2, 3]), random.choice([1, 2, 2])
    places = list(product(range(channels), range(rows), range(columns)))

    def ends() -> tuple[Fraction, Fraction]:
        a, b = sorted(random.choices(grid, k=2))
        return a, b

    templates = tuple({p: ends() for p in places} for _ in range(random.choice([1, 1, 2])))
    return Feature(rows, columns, random.choice([Fraction(1, 2), Fraction(1), Fraction(1, 3)]), templates)


def instance(seed: int) -> Instance:
    """A random instance; the network need not have anything to do with the task."""
    random = Random(seed)
    low, high = random.choice([(0, 1), (-1, 2), (Fraction(1, 3), 1), (0, 255)])
    pixel = Fraction(low), Fraction(high)
    grid = [pixel[0] + (pixel[1] - pixel[0]) * Fraction(i, 4) for i in range(5)]
    channels = random.choice([1, 1, 2])
    features = tuple(_feature(random, channels, grid) for _ in range(random.choice([1, 2, 2])))
    classes: list[list[tuple[list[int], list[int]]] | None] = []
    for _ in range(random.choice([2, 3])):
        alternatives = []
        for _ in range(random.choice([1, 1, 2])):
            sides = [random.choice([0, 1, 2]) for _ in features]
            first, second = ([f for f, x in enumerate(sides) if x == side] for side in (0, 1))
            alternatives.append((first, second))
        classes.append(alternatives)
    if random.choice([False, True]):
        classes[random.randrange(len(classes))] = None
    stem, width = _stem(random, channels)
    point = (1, 1, 1, 1, 0, 0, 0, 0)
    head: list[Layer] = []
    for _ in range(random.choice([0, 1])):
        head += [_weighted(random, "dense", width, 2, point), Layer("relu")]
        width = 2
    head.append(_weighted(random, "dense", width, len(classes), point))
    pool = random.choice(["max", "sum", "mean"])
    least = tuple(_least([layer.levels()[axis] for layer in stem if layer.word != "relu"]) for axis in (0, 1))
    least = least[0] + random.choice([0, 0, 1, 4]), least[1] + random.choice([0, 0, 2])
    most = tuple(random.choice([None, n, n + random.randint(0, 3)]) for n in least)
    byte = random.choice([False, False, True])
    return Instance(
        channels, pixel, byte, features, tuple(classes), tuple(stem), pool, tuple(head), least, (most[0], most[1])
    )


def _least(levels: list[Level]) -> int:
    """The least length at which a window fits everywhere."""
    for n in range(1, 200):
        length = n
        for level in levels:
            length = level.length(length) if length > 0 else 0
        if length > 0:
            return n
    raise ValueError("no length")


# -- images -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Picture:
    """An image with the stem's values, the pooled channels, the logits, and what the task says of its windows.

    `exhibited` and `clear` have the windows of each feature: exhibited ones by template.
    """

    image: Table
    values: Table
    pooled: list[Fraction]
    logits: list[Fraction]
    exhibited: list[list[set[Window]]]
    clear: list[set[Window]]
    windows: list[set[Window]]

    def contains(self, feature: int) -> bool:
        """Whether some window exhibits the feature."""
        return any(self.exhibited[feature])

    def avoids(self, feature: int) -> bool:
        """Whether all windows are clear of the feature."""
        return self.clear[feature] == self.windows[feature]


def _excess(image: Table, template: dict[tuple[int, int, int], tuple[Fraction, Fraction]], r: int, s: int) -> Fraction:
    total = Fraction(0)
    for (k, i, j), (a, b) in template.items():
        x = image[k][r + i][s + j]
        total += max(Fraction(0), x - b) + max(Fraction(0), a - x)
    return total


def picture(st: Instance, random: Random) -> Picture:
    """A random image of a size in the range, a window of a feature now and then stamped on it."""
    sides = []
    for a, b in zip(st.least, st.most, strict=True):
        sides.append(random.randint(a, a + random.choice([0, 2, 7]) if b is None else b))
    height, width = sides
    low, high = st.pixel
    grounds = [low, high, *(x for f in st.features for t in f.templates for ends in t.values() for x in ends)]
    few = random.choices(grounds, k=random.choice([1, 2, 4]))
    image = [[[random.choice(few) for _ in range(width)] for _ in range(height)] for _ in range(st.channels)]
    for f in st.features:
        if random.random() < 0.6 and height >= f.rows and width >= f.columns:
            r, s = random.randint(0, height - f.rows), random.randint(0, width - f.columns)
            for (k, i, j), ends in random.choice(f.templates).items():
                image[k][r + i][s + j] = random.choice(ends)
    values = [[[255 * (x - low) / (high - low) if st.byte else x for x in row] for row in table] for table in image]
    for layer in st.stem:
        values = layer.applied(values)
    flat = [[x for row in table for x in row] for table in values]
    pools = {"max": max, "sum": sum, "mean": lambda v: sum(v) / Fraction(len(v))}
    pooled = [Fraction(pools[st.pool](v)) for v in flat]
    head = [[[x]] for x in pooled]
    for layer in st.head:
        head = layer.applied(head)
    exhibited, clear, windows = [], [], []
    for f in st.features:
        places = set(product(range(height - f.rows + 1), range(width - f.columns + 1)))
        excess = {p: [_excess(image, t, *p) for t in f.templates] for p in places}
        exhibited.append([{p for p in places if excess[p][t] == 0} for t in range(len(f.templates))])
        clear.append({p for p in places if min(excess[p]) >= f.gap})
        windows.append(places)
    return Picture(image, values, pooled, [row[0][0] for row in head], exhibited, clear, windows)

"""The kernel: checks that a certificate proves a statement. See FORMAT.md beside it for both formats and all rules.

    python -I -S kernel.py STATEMENT CERTIFICATE

One file, standard library only, integers only. It derives everything that has to be proved from the statement, and
never searches: each step is written in the certificate and checked here. A number p/q is a pair (p, q), q > 0, in
lowest terms. A form is a dict from variable to coefficient, with the constant under CONST; a row is such a form as a
tuple of sorted pairs, scaled to integers without a common divisor, and says that the form is >= 0.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from math import gcd, lcm
from operator import mul
from typing import BinaryIO

Rational = tuple[int, int]
Form = dict[int, int]
Scaled = tuple[Form, int]  # a form and the positive denominator it is divided by
Row = tuple[tuple[int, int], ...]
Signature = tuple[tuple[int, int], ...]
Sight = tuple[int, Signature]  # a window's offset in the field of a position, and that position's signature
Kind = tuple[Signature, Signature]
Place = tuple[int, int, int]
Vector = tuple[tuple[int, ...], int]  # integers and their positive common denominator

CONST = -1
MOST_DIGITS = 4000
LONGEST_LINE = 1 << 26
LARGEST = 1024
INTEGER = re.compile(r"0|-?[1-9][0-9]{0,3999}")
INTEGERS = re.compile(r"(?: (?:0|-?[1-9][0-9]{0,3999}))*")
COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
NUMBER = re.compile(r"(0|-?[1-9][0-9]{0,3999})(?:/([1-9][0-9]{0,3999}))?")
NAME = re.compile(r"%|(?:[A-Za-z0-9._~-]|%[0-9A-F][0-9A-F])+")
RESERVED = re.compile(r"[^A-Za-z0-9._~-]")
HASH = re.compile(r"[0-9a-f]{64}")


class Reject(Exception):  # noqa: N818 - a verdict, not an error
    """The certificate does not prove the statement: the rule that fails, what it expects, and what it got."""

    def __init__(self, rule: str, expected: str, got: object) -> None:
        super().__init__(rule)
        try:
            text = str(got)
        except ValueError:  # an integer with too many digits to be written
            text = "a number that is too long"
        self.rule, self.expected, self.got = rule, expected, text[:200]


# -- tokens -----------------------------------------------------------------------------------------------------------


class Lines:
    """The lines of a file, one after another, as tokens; `digest` is the SHA-256 of what was read."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.number, self.text, self.digest = stream, 0, "", hashlib.sha256()

    def next(self, rule: str) -> list[str]:
        """The tokens of the next line."""
        raw = self.stream.readline(LONGEST_LINE)
        self.number += 1
        self.digest.update(raw)
        if not raw.endswith(b"\n") or not raw.isascii():
            raise Reject(rule, "a line of ASCII text", "the end of the file" if not raw else raw[:40])
        self.text = raw[:-1].decode("ascii")
        tokens = self.text.split(" ")
        if "" in tokens or not self.text.isprintable():
            raise Reject(rule, "tokens separated by one blank", repr(self.text[:40]))
        return tokens

    def expect(self, rule: str, *words: str) -> list[str]:
        """The tokens of the next line, which starts with these words, without them."""
        tokens = self.next(rule)
        if tokens[: len(words)] != list(words):
            raise Reject(rule, " ".join(words), self.text)
        return tokens[len(words) :]

    def finish(self, rule: str) -> None:
        """Nothing, if the file ends here."""
        self.number += 1
        if self.stream.read(1):
            raise Reject(rule, "the end of the file", "more bytes")


def integer(rule: str, token: str) -> int:
    """An integer."""
    if not INTEGER.fullmatch(token):
        raise Reject(rule, "an integer", token)
    return int(token)


def count(rule: str, token: str, least: int = 0, most: int = 10**9) -> int:
    """An integer of at most 9 digits, at least `least` and below `most`."""
    if not COUNT.fullmatch(token) or not least <= int(token) < most:
        raise Reject(rule, f"an integer from {least} to {most - 1}", token)
    return int(token)


def rational(rule: str, token: str) -> Rational:
    """An integer, or p/q in lowest terms with q > 1."""
    match = NUMBER.fullmatch(token)
    if not match:
        raise Reject(rule, "an integer or p/q", token)
    p, q = int(match[1]), int(match[2] or 1)
    if match[2] is not None and (q == 1 or gcd(p, q) != 1):
        raise Reject(rule, "a fraction in lowest terms", token)
    return p, q


def ascending(rule: str, tokens: list[str], most: int) -> tuple[int, ...]:
    """Different numbers below `most` in ascending order."""
    numbers = [count(rule, token, 0, most) for token in tokens]
    for first, second in zip(numbers, numbers[1:]):
        if first >= second:
            raise Reject(rule, "ascending numbers", f"{first} {second}")
    return tuple(numbers)


def pattern(rule: str, tokens: list[str], words: str) -> list[str]:
    """The tokens that stand where the pattern has a `?`; elsewhere they are the pattern's words."""
    wanted = words.split(" ")
    if len(wanted) != len(tokens) or any(w not in ("?", t) for w, t in zip(wanted, tokens)):
        raise Reject(rule, words, " ".join(tokens))
    return [t for w, t in zip(wanted, tokens) if w == "?"]


# -- rationals and forms ----------------------------------------------------------------------------------------------


def reduced(p: int, q: int) -> Rational:
    """p/q in lowest terms (q not 0)."""
    g = gcd(p, q) if q > 0 else -gcd(p, q)
    return p // g, q // g


def plus(a: Rational, b: Rational) -> Rational:
    """a + b."""
    return reduced(a[0] * b[1] + b[0] * a[1], a[1] * b[1])


def minus(a: Rational, b: Rational) -> Rational:
    """a - b."""
    return plus(a, (-b[0], b[1]))


def times(a: Rational, n: int) -> Rational:
    """A * n."""
    return reduced(a[0] * n, a[1])


def less(a: Rational, b: Rational) -> bool:
    """Whether a < b."""
    return a[0] * b[1] < b[0] * a[1]


def show(a: Rational) -> str:
    """The number as text."""
    return str(a[0]) if a[1] == 1 else f"{a[0]}/{a[1]}"


def primitive(form: Form) -> Row:
    """The form over the greatest common divisor of its coefficients (a positive scaling), as a row."""
    g = gcd(*form.values()) or 1
    return tuple(sorted((v, c // g) for v, c in form.items() if c))


def combined(*parts: tuple[int, Iterable[tuple[int, int]]]) -> Form:
    """The sum of integer multiples of forms."""
    total: Form = {}
    for a, pairs in parts:
        for v, c in pairs:
            total[v] = total.get(v, 0) + a * c
    return total


def lowest(form: Form, q: int) -> Scaled:
    """The same form/q with the least positive denominator, without zero coefficients."""
    g = gcd(q, *form.values())
    return {v: c // g for v, c in form.items() if c}, q // g


def added(parts: Iterable[tuple[int, Scaled]], constant: int, q: int) -> Scaled:
    """(The sum of integer multiples of scaled forms, plus a constant) over q."""
    listed = list(parts)
    common = lcm(*(d for _, (_, d) in listed)) if listed else 1
    total = {CONST: constant * common}
    for weight, (form, d) in listed:
        factor = weight * (common // d)
        for v, c in form.items():
            total[v] = total.get(v, 0) + factor * c
    return lowest(total, q * common)


def is_constant(form: Form) -> bool:
    """Whether no variable occurs (forms here have no zero coefficients)."""
    return not form or (len(form) == 1 and CONST in form)


# -- the statement ----------------------------------------------------------------------------------------------------


class Layer:
    """A layer: its window, and for `conv` and `dense` integer weights over one positive denominator an output."""

    def __init__(self, word: str, rows: int = 1, columns: int = 1) -> None:
        self.word, self.rows, self.columns = word, rows, columns
        self.down = self.right = 1
        self.top = self.left = self.bottom = self.end = 0
        self.inputs = self.outputs = 0
        self.taps: list[list[tuple[int, int, int, int]]] = []  # per output: input channel, row, column, weight
        self.bias: list[int] = []
        self.scale: list[int] = []

    def seen(self, channel: int) -> list[tuple[int, int, int, int]]:
        """What an output channel looks at: input channel, row and column in the window, integer weight."""
        if self.taps:
            return self.taps[channel]
        return [(channel, i, j, 1) for i in range(self.rows) for j in range(self.columns)]


class Feature:
    """A feature: its window's size, its gap, and its templates as intervals by (channel, row, column)."""

    def __init__(self, name: str, rows: int, columns: int, gap: Rational) -> None:
        self.name, self.rows, self.columns, self.gap = name, rows, columns, gap
        self.templates: list[dict[Place, tuple[Rational, Rational]]] = []


Alternative = tuple[tuple[int, ...], tuple[int, ...]]


class Statement:
    """What is claimed, and what follows from it about shapes: border kinds, classes of windows, pooling."""

    def __init__(self, lines: Lines) -> None:
        rule = "statement"
        lines.expect(rule, "exactcnn", "statement", "1")
        self._sizes(lines)
        self.margin = rational(rule, pattern(rule, lines.next(rule), "margin ?")[0])
        if self.margin[0] <= 0:
            raise Reject(rule, "a margin above 0", show(self.margin))
        source = pattern(rule, lines.next(rule), "source ?")[0]
        if source != "none" and not HASH.fullmatch(source):
            raise Reject(rule, "a SHA-256 or none", source)
        task = pattern(rule, lines.next(rule), "task ? channels ? pixel ? ?")
        _name(task[0])
        self.channels = count(rule, task[1], 1)
        self.pixel = rational(rule, task[2]), rational(rule, task[3])
        if not less(*self.pixel):
            raise Reject(rule, "a pixel range that is not empty", lines.text)
        number = count(rule, pattern(rule, lines.next(rule), "features ?")[0], 1)
        self.features = [self._feature(lines) for _ in range(number)]
        _distinct([f.name for f in self.features])
        number = count(rule, pattern(rule, lines.next(rule), "classes ?")[0], 2)
        self.classes: list[list[Alternative] | None] = []  # None: otherwise
        _distinct([self._class(lines) for _ in range(number)])
        if self.classes.count(None) > 1:
            raise Reject(rule, "at most one class `otherwise`", self.classes.count(None))
        lines.expect(rule, "network")
        self._network(lines)
        if lines.next(rule) != ["end"]:
            raise Reject(rule, "end", lines.text)
        lines.finish(rule)
        self.hash = lines.digest.hexdigest()
        self._geometry()

    def _sizes(self, lines: Lines) -> None:
        rule = "statement"
        ends = pattern(rule, lines.next(rule), "sizes ? ? ? ?")
        self.least = count(rule, ends[0], 1), count(rule, ends[2], 1)
        self.most = tuple(None if t == "any" else count(rule, t, 1) for t in ends[1::2])
        if any(most is not None and most < least for least, most in zip(self.least, self.most)):
            raise Reject(rule, "a range of sizes that is not empty", lines.text)

    def _feature(self, lines: Lines) -> Feature:
        rule = "statement"
        found = pattern(rule, lines.next(rule), "feature ? ? ? gap ? templates ?")
        rows, columns = (count(rule, token, 1, LARGEST + 1) for token in found[1:3])
        feature = Feature(_name(found[0]), rows, columns, rational(rule, found[3]))
        if feature.gap[0] <= 0:
            raise Reject(rule, "a gap above 0", found[3])
        for _ in range(count(rule, found[4], 1)):
            pattern(rule, lines.next(rule), "template")
            template = {}
            for line in range(self.channels * rows):
                tokens = lines.next(rule)
                if len(tokens) != 2 * columns:
                    raise Reject(rule, f"{columns} intervals", lines.text)
                numbers = [rational(rule, token) for token in tokens]
                for j in range(columns):
                    low, high = numbers[2 * j], numbers[2 * j + 1]
                    if less(low, self.pixel[0]) or less(high, low) or less(self.pixel[1], high):
                        raise Reject(rule, "an interval inside the pixel range", f"{show(low)} {show(high)}")
                    template[line // rows, line % rows, j] = low, high
            feature.templates.append(template)
        return feature

    def _class(self, lines: Lines) -> str:
        rule = "statement"
        tokens = lines.next(rule)
        if len(tokens) == 3 and tokens[2] == "otherwise":
            self.classes.append(None)
            pattern(rule, tokens, "class ? otherwise")
            return _name(tokens[1])
        name, number = pattern(rule, tokens, "class ? alternatives ?")
        alternatives = []
        for _ in range(count(rule, number, 1)):
            tokens = lines.expect(rule, "alternative", "requires")
            if tokens.count("forbids") != 1:
                raise Reject(rule, "requires .. forbids ..", lines.text)
            place = tokens.index("forbids")
            sides = tokens[:place], tokens[place + 1 :]
            required, forbidden = (ascending(rule, side, len(self.features)) for side in sides)
            alternatives.append((required, forbidden))
        self.classes.append(alternatives)
        return _name(name)

    def _network(self, lines: Lines) -> None:
        rule = "network"
        lines.expect(rule, "exactcnn", "network", "1")
        unit, channels = pattern(rule, lines.next(rule), "input ? channels ?")
        if unit not in ("pixel", "byte") or count(rule, channels, 1) != self.channels:
            raise Reject(rule, f"input pixel or byte channels {self.channels}", lines.text)
        self.bytes = unit == "byte"
        self.stem: list[Layer] = []
        self.head: list[Layer] = []
        self.pool = ""
        width = self.channels
        while (tokens := lines.next(rule)) != ["end"]:
            if tokens[0] == "globalpool" and not self.pool:
                (self.pool,) = pattern(rule, tokens, "globalpool ?")
                if self.pool not in ("max", "sum", "mean"):
                    raise Reject(rule, "globalpool max, sum or mean", lines.text)
                self.width = width
                continue
            layer = _layer(lines, tokens, width)
            if layer.word not in (
                ("relu", "dense", "flatten") if self.pool else ("relu", "conv", "maxpool", "avgpool")
            ):
                raise Reject(rule, "a stem, a global pool and a head of dense layers", lines.text)
            width = layer.outputs
            if layer.word != "flatten":
                (self.head if self.pool else self.stem).append(layer)
        if not self.pool or width != len(self.classes):
            raise Reject(rule, f"a global pool and {len(self.classes)} logits", f"{width} outputs")

    def _geometry(self) -> None:
        spatial = [layer for layer in self.stem if layer.word != "relu"]
        self.axes = (
            Axis([(s.rows, s.down, s.top, s.bottom) for s in spatial]),
            Axis([(s.columns, s.right, s.left, s.end) for s in spatial]),
        )
        sizes = [f.rows for f in self.features], [f.columns for f in self.features]
        self.lengths = [
            axis.representatives(least, most, windows)
            for axis, least, most, windows in zip(self.axes, self.least, self.most, sizes)
        ]
        rows, columns = (axis.kinds(lengths) for axis, lengths in zip(self.axes, self.lengths))
        self.kinds: list[Kind] = [(r, c) for r in rows for c in columns]
        self.positions = 1
        for axis, length in zip(self.axes, self.least):
            extents = axis.extents(length)
            if not extents:
                raise Reject("network", "a network defined at every size of the range", f"length {length}")
            self.positions *= extents[-1]
        self.most_positions: int | None = None
        if self.most[0] is not None and self.most[1] is not None:
            self.most_positions = self.axes[0].extents(self.most[0])[-1] * self.axes[1].extents(self.most[1])[-1]

    def sizes(self) -> str:
        """The range of sizes in words."""
        (h, w), (most_h, most_w) = self.least, self.most
        if (h, w, most_h, most_w) == (1, 1, None, None):
            return "any"
        if (h, w) == (most_h, most_w):
            return f"{h}x{w}"
        end = "any" if most_h is None and most_w is None else f"{most_h or 'any'}x{most_w or 'any'}"
        return f"{h}x{w}..{end}"

    def window_classes(self, rows: int, columns: int) -> list[tuple[tuple[Sight, ...], tuple[Sight, ...]]]:
        """All classes of windows of this size: how the positions see them along the rows and along the columns."""
        down, right = (axis.windows(n, lengths) for axis, n, lengths in zip(self.axes, (rows, columns), self.lengths))
        return [(r, c) for r in down for c in right]

    def input_form(self, variable: int) -> Scaled:
        """What the network reads for a pixel."""
        if not self.bytes:
            return {variable: 1}, 1
        (p, q), (n, d) = self.pixel[0], minus(self.pixel[1], self.pixel[0])
        # 255 * (x - p/q) / (n/d)
        return lowest({variable: 255 * d * q, CONST: -255 * d * p}, n * q)


def _name(token: str) -> str:
    if not NAME.fullmatch(token):
        raise Reject("statement", "a percent-encoded name", token)
    parts = [] if token == "%" else token.split("%")
    raw = b"".join([p.encode() if i == 0 else bytes([int(p[:2], 16)]) + p[2:].encode() for i, p in enumerate(parts)])
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Reject("statement", "a name in UTF-8", token) from None
    if (RESERVED.sub(lambda c: "".join(f"%{b:02X}" for b in c[0].encode()), text) or "%") != token:
        raise Reject("statement", "a name percent-encoded only where needed", token)
    return token


def _distinct(names: list[str]) -> None:
    if len(set(names)) != len(names):
        raise Reject("statement", "different names", " ".join(names)[:60])


def _layer(lines: Lines, tokens: list[str], width: int) -> Layer:
    """A layer of the network section, after `width` channels."""
    rule, word = "network", tokens[0]
    if word in ("relu", "flatten"):
        pattern(rule, tokens, word)
        layer = Layer(word)
        layer.outputs = width
        return layer
    window = "rows ? columns ? stride ? ? padding ? ? ? ?"
    shapes = {"conv": f"conv out ? in ? {window}", "dense": "dense out ? in ?"}
    if word not in (*shapes, "maxpool", "avgpool"):
        raise Reject(rule, "a layer", lines.text)
    numbers = [count(rule, token) for token in pattern(rule, tokens, shapes.get(word, f"{word} {window}"))]
    outputs, inputs = (numbers.pop(0), numbers.pop(0)) if word in shapes else (width, width)
    layer = Layer(word)
    if numbers:
        layer.rows, layer.columns, layer.down, layer.right = numbers[:4]
        layer.top, layer.left, layer.bottom, layer.end = numbers[4:]
    layer.inputs, layer.outputs = inputs, outputs
    if (
        inputs != width
        or min(outputs, layer.rows, layer.columns, layer.down, layer.right) < 1
        or max(numbers, default=0) > LARGEST
    ):
        raise Reject(rule, f"a layer of {width} inputs with a window", lines.text)
    if word == "maxpool" and (
        max(layer.top, layer.bottom) >= layer.rows or max(layer.left, layer.end) >= layer.columns
    ):
        raise Reject(rule, "less padding than a max pool's window", lines.text)
    if word in shapes:
        _weights(lines, layer)
    else:
        layer.scale = [layer.rows * layer.columns if word == "avgpool" else 1] * outputs
        layer.bias = [0] * outputs
    return layer


def _weights(lines: Lines, layer: Layer) -> None:
    size = layer.inputs * layer.rows * layer.columns
    places = [(k, i, j) for k in range(layer.inputs) for i in range(layer.rows) for j in range(layer.columns)]
    rows = [_values(lines.next("network"), size) for _ in range(layer.outputs)]
    bias = _values(lines.expect("network", "bias"), layer.outputs)
    for row, constant in zip(rows, bias):
        q = lcm(constant[1], *{d for _, d in row})
        layer.scale.append(q)
        layer.bias.append(constant[0] * (q // constant[1]))
        layer.taps.append([(*place, p * (q // d)) for place, (p, d) in zip(places, row) if p])


def _values(tokens: list[str], size: int) -> list[Rational]:
    """Run-length coded numbers."""
    found: list[Rational] = []
    previous = None
    for token in tokens:
        run, star, text = token.rpartition("*")
        length = count("network", run, 2) if star else 1
        value = rational("network", text)
        if value == previous or len(found) + length > size:
            raise Reject("network", f"{size} numbers, equal neighbours joined", token)
        found += [value] * length
        previous = value
    if len(found) != size:
        raise Reject("network", f"{size} numbers", len(found))
    return found


class Axis:
    """The stem's windows along one axis (FORMAT.md, "Border kinds"): levels (kernel, stride, before, after)."""

    def __init__(self, levels: list[tuple[int, int, int, int]]) -> None:
        self.levels = levels or [(1, 1, 0, 0)]
        starts, lengths, steps = [0], [1], [1]
        for kernel, stride, before, _ in reversed(self.levels):
            starts.insert(0, starts[0] * stride - before)
            lengths.insert(0, (lengths[0] - 1) * stride + kernel)
            steps.insert(0, steps[0] * stride)
        # Position i needs [starts + i * steps, .. + lengths) of each level, the image's first.
        self.starts, self.lengths, self.steps = starts, lengths, steps
        self.stride, self.field = steps[0], lengths[0]
        if max(self.stride, self.field, -starts[0]) > LARGEST:
            raise Reject("network", f"a field, stride and padding of at most {LARGEST}", (starts[0], self.field))
        # The first position whose ranges all start at 0 or later.
        self.top = max(0, *(-(start // step) for start, step in zip(starts, steps)))

    def extents(self, length: int) -> list[int]:
        """The lengths of all levels, the image's first; empty if a window does not fit."""
        found = [length]
        for kernel, stride, before, after in self.levels:
            found.append((found[-1] + before + after - kernel) // stride + 1)
            if found[-1] < 1:
                return []
        return found

    def signature(self, position: int, extents: list[int]) -> Signature:
        """The part of each range that exists, relative to the range's start."""
        found = []
        for start, length, step, extent in zip(self.starts, self.lengths, self.steps, extents[:-1]):
            begin = start + position * step
            first, last = max(0, -begin), min(length, extent - begin)
            found.append((first, last) if first < last else (0, 0))
        return tuple(found)

    def unclipped(self, extents: list[int]) -> int:
        """How many positions have all their ranges end inside the levels."""
        ends = (
            (extent - start - length) // step + 1
            for start, length, step, extent in zip(self.starts, self.lengths, self.steps, extents)
        )
        return max(0, min(extents[-1], *ends)) if extents else 0

    def representatives(self, least: int, most: int | None, windows: list[int]) -> list[int]:
        """Lengths at which every signature and every class of windows of the range occurs."""
        seeing = max(0, (self.field - min(windows)) // self.stride + 1)
        settled = self.stride + max(windows)
        while self.unclipped(self.extents(settled)) <= self.top + seeing:
            settled += 1
        last = max(least, settled) + self.stride - 1
        lengths = range(least, (last if most is None else min(last, most)) + 1)
        return list(dict.fromkeys(n if n < settled else settled + (n - settled) % self.stride for n in lengths))

    def kinds(self, lengths: list[int]) -> list[Signature]:
        """All signatures at these lengths, in order of first occurrence."""
        found: dict[Signature, None] = {}
        for length in lengths:
            extents = self.extents(length)
            for position in range(extents[-1] if extents else 0):
                found[self.signature(position, extents)] = None
        return list(found)

    def windows(self, size: int, lengths: list[int]) -> list[tuple[Sight, ...]]:
        """All ways in which the positions see a window of this size, in order of first occurrence."""
        found: dict[tuple[Sight, ...], None] = {}
        for length in lengths:
            extents = self.extents(length)
            for row in range(length - size + 1):
                first = -((self.starts[0] + self.field - row - size) // self.stride)
                last = (row - self.starts[0]) // self.stride
                sights = (
                    (row - self.starts[0] - position * self.stride, self.signature(position, extents))
                    for position in range(max(0, first), min(last + 1, extents[-1]))
                )
                found[tuple(sights)] = None
        return list(found)


# -- circuits and sequents --------------------------------------------------------------------------------------------


class Node:
    """A variable y = max(0, z) or y = max(z_1 .. z_n): the arguments times `scale` are integer forms."""

    def __init__(self, relu: bool, arguments: list[Scaled]) -> None:
        self.relu = relu
        self.scale = lcm(*(q for _, q in arguments))
        self.arguments = [{v: c * (self.scale // q) for v, c in form.items()} for form, q in arguments]


class Sequent:
    """Variables, rows that hold, clauses over atoms, rows that a literal switches on, and a goal row."""

    def __init__(self) -> None:
        self.size = 0
        self.rows: list[Row] = []
        self.nodes: dict[int, Node] = {}
        self.bounds: list[tuple[Rational, Rational]] = []  # of the variables that are pixels
        self.clauses: list[tuple[int, ...]] = []
        self.switched: dict[int, list[Row]] = {}
        self.goal: Row = ()

    def variable(self) -> int:
        """A new variable."""
        self.size += 1
        return self.size - 1

    def pixel(self, low: Rational, high: Rational) -> int:
        """A new variable in [low, high]; pixels come before all nodes."""
        x = self.variable()
        self.bounds.append((low, high))
        self.rows += [primitive({x: low[1], CONST: -low[0]}), primitive({x: -high[1], CONST: high[0]})]
        return x

    def maximum(self, relu: bool, arguments: list[Scaled]) -> Scaled:
        """max(0, z), or the largest of the arguments: a constant where they are, else a new variable."""
        node = Node(relu, arguments)
        if all(is_constant(form) for form in node.arguments):
            best = max(form.get(CONST, 0) for form in node.arguments)
            return lowest({CONST: max(0, best) if relu else best}, node.scale)
        y = self.variable()
        self.nodes[y] = node
        if relu:
            self.rows.append(((y, 1),))
        self.rows += [primitive(combined((node.scale, ((y, 1),)), (-1, z.items()))) for z in node.arguments]
        return {y: 1}, 1

    def box(self, form: Form) -> Rational:
        """A lower bound of the form by interval arithmetic from the pixels' bounds."""
        low, high = [a for a, _ in self.bounds], [b for _, b in self.bounds]
        for node in self.nodes.values():
            ends = [_interval(z, low, high) for z in node.arguments]
            worst = [(0, 1)] if node.relu else []
            lows = worst + [reduced(a, q * node.scale) for a, _, q in ends]
            highs = worst + [reduced(b, q * node.scale) for _, b, q in ends]
            low.append(_largest(lows))
            high.append(_largest(highs))
        a, _, q = _interval(form, low, high)
        return reduced(a, q)

    def key(self) -> tuple[object, ...]:
        """Equal for sequents that say the same of the same variables (their rows, nodes and goals)."""
        nodes = tuple((n.relu, n.scale, *(tuple(sorted(z.items())) for z in n.arguments)) for n in self.nodes.values())
        return self.size, tuple(self.rows), nodes, self.goal


def _interval(form: Form, low: list[Rational], high: list[Rational]) -> tuple[int, int, int]:
    """(a, b, q): the form lies in [a/q, b/q]."""
    q = lcm(*(low[v][1] for v in form if v >= 0), *(high[v][1] for v in form if v >= 0))
    a = b = form.get(CONST, 0) * q
    for v, c in form.items():
        if v >= 0:
            x, y = c * low[v][0] * (q // low[v][1]), c * high[v][0] * (q // high[v][1])
            a, b = (a + x, b + y) if c > 0 else (a + y, b + x)
    return a, b, q


def _largest(numbers: list[Rational]) -> Rational:
    best = numbers[0]
    for number in numbers[1:]:
        if less(best, number):
            best = number
    return best


Window = tuple[int, int, int, int]  # feature, template, row and column in the field


class Local:
    """The sequent about S_K at one position: the circuit, with `value` the form of S_K."""

    def __init__(self, st: Statement, channel: int, kind: Kind, clear: list[Window], inside: Window | None) -> None:
        self.st, self.kind = st, kind
        self.sequent = Sequent()
        needed = self._needed(channel)
        pixels = set(needed[0])
        for f, t, r, s in clear:
            pixels.update((k, i + r, j + s) for k, i, j in st.features[f].templates[t])
        box = st.features[inside[0]].templates[inside[1]] if inside else {}
        row, column = inside[2:] if inside else (0, 0)
        self.pixels: dict[Place, int] = {}
        for k, i, j in sorted(pixels):
            interval = box.get((k, i - row, j - column), st.pixel)
            self.pixels[k, i, j] = self.sequent.pixel(*interval)
        self.value = self._stem(needed, channel)
        for window in clear:
            self.sequent.rows.append(self._clear(*window))

    def _needed(self, channel: int) -> list[set[Place]]:
        """The places of every layer's input (and of the last one's output) that S_K depends on."""
        needed = [{(channel, 0, 0)}]
        level = len(self.st.axes[0].levels) if any(x.word != "relu" for x in self.st.stem) else 0
        for layer in reversed(self.st.stem):
            if layer.word == "relu":
                needed.insert(0, needed[0])
                continue
            level -= 1
            needed.insert(0, {below for place in needed[0] for below, _ in self._below(layer, level, place)})
        return needed

    def _below(self, layer: Layer, level: int, place: Place) -> Iterator[tuple[Place, int]]:
        """The existing places that one place of a layer's output looks at, with integer weights."""
        (top, bottom), (left, right) = self.kind[0][level], self.kind[1][level]
        channel, row, column = place
        for k, i, j, weight in layer.seen(channel):
            r, c = row * layer.down + i, column * layer.right + j
            if top <= r < bottom and left <= c < right:
                yield (k, r, c), weight

    def _stem(self, needed: list[set[Place]], channel: int) -> Scaled:
        values = {place: self.st.input_form(x) for place, x in self.pixels.items()}
        level = 0
        for layer, places in zip(self.st.stem, needed[1:]):
            below, values = values, {}
            for place in sorted(places):
                if layer.word == "relu":
                    values[place] = self.sequent.maximum(True, [below[place]])
                    continue
                parts = [(weight, below[p]) for p, weight in self._below(layer, level, place)]
                if layer.word == "maxpool":
                    values[place] = self.sequent.maximum(False, [form for _, form in parts])
                else:
                    values[place] = added(parts, layer.bias[place[0]], layer.scale[place[0]])
            level += layer.word != "relu"
        return values[channel, 0, 0]

    def _clear(self, f: int, t: int, r: int, s: int) -> Row:
        """Excess - gap >= 0 for one window, with its task nodes."""
        feature = self.st.features[f]
        terms: list[tuple[int, Scaled]] = []
        for (k, i, j), (low, high) in sorted(feature.templates[t].items()):
            x = self.pixels[k, i + r, j + s]
            if less(high, self.st.pixel[1]):
                terms.append((1, self.sequent.maximum(True, [({x: high[1], CONST: -high[0]}, high[1])])))
            if less(self.st.pixel[0], low):
                terms.append((1, self.sequent.maximum(True, [({x: -low[1], CONST: low[0]}, low[1])])))
        excess, q = added(terms, 0, 1)
        return primitive(combined((feature.gap[1], excess.items()), (-q * feature.gap[0], ((CONST, 1),))))

    def claim(self, sign: int, bound: Rational) -> None:
        """Set the goal: S_K >= bound (sign 1) or S_K <= bound (sign -1)."""
        form, q = self.value
        total = combined((sign * bound[1], form.items()), (-sign * bound[0] * q, ((CONST, 1),)))
        self.sequent.goal = primitive(total)


class Facts:
    """The facts proved so far, and what they say of the pooled channels."""

    def __init__(self, st: Statement) -> None:
        self.st = st
        self.floors: dict[int, list[Rational]] = {}
        self.uppers: dict[int, list[tuple[int, Rational, tuple[int, ...]]]] = {}
        self.lowers: dict[tuple[int, int], list[tuple[int, Rational]]] = {}

    def spread(self, bound: Rational, upwards: bool) -> Rational | None:
        """What the pooled channel is at most (or, upwards, at least) if every position is."""
        if self.st.pool != "sum":
            return bound
        fewest = bound[0] >= 0 if upwards else bound[0] <= 0
        number = self.st.positions if fewest else self.st.most_positions
        return None if number is None else times(bound, number)

    def somewhere(self, channel: int, bound: Rational) -> Rational | None:
        """What the pooled channel is at least if some position is at least `bound`."""
        if self.st.pool == "max":
            return bound
        floors = self.floors.get(channel)
        if not floors:
            return None
        low = _largest(floors)
        fewest = self.st.pool == "sum" and low[0] >= 0
        number = self.st.positions if fewest else self.st.most_positions
        if number is None:
            return None
        if self.st.pool == "sum":
            return plus(bound, times(low, number - 1))
        gain = minus(bound, low)
        return plus(low, reduced(gain[0], gain[1] * number)) if gain[0] > 0 else None


class Head:
    """The sequent about logits under class formulas."""

    def __init__(
        self, facts: Facts, holds: int | None, fails: list[int], goal: dict[int, int], bound: Rational
    ) -> None:
        self.facts, self.st = facts, facts.st
        self.sequent = Sequent()
        self.atoms = 0
        self.contains: dict[int, int] = {}
        self.channels: dict[int, int] = {}
        form, q = added(((c, z) for c, z in self._logits(goal)), 0, 1)
        self.sequent.goal = primitive(combined((bound[1], form.items()), (-bound[0] * q, ((CONST, 1),))))
        if holds is not None:
            self._formula(holds, True)
        for z in fails:
            self._formula(z, False)
        self._switches()

    def _logits(self, goal: dict[int, int]) -> list[tuple[int, Scaled]]:
        head = self.st.head
        needed = [set(goal)]
        for layer in reversed(head):
            inputs = needed[0] if layer.word == "relu" else {k for o in needed[0] for k, *_ in layer.taps[o]}
            needed.insert(0, inputs)
        values: dict[int, Scaled] = {}
        for channel in sorted(needed[0]):
            values[channel] = {self._pooled(channel): 1}, 1
        for layer, outputs in zip(head, needed[1:]):
            below, values = values, {}
            for o in sorted(outputs):
                if layer.word == "relu":
                    values[o] = self.sequent.maximum(True, [below[o]])
                else:
                    values[o] = added([(w, below[k]) for k, _, _, w in layer.taps[o]], layer.bias[o], layer.scale[o])
        return [(c, values[o]) for o, c in goal.items()]

    def _pooled(self, channel: int) -> int:
        m = self.channels[channel] = self.sequent.variable()
        for bound in self.facts.floors.get(channel, []):
            self.sequent.rows += _bounded(m, 1, self.facts.spread(bound, True))
        for _, bound, avoid in self.facts.uppers.get(channel, []):
            if not avoid:
                self.sequent.rows += _bounded(m, -1, self.facts.spread(bound, False))
        return m

    def _atom(self) -> int:
        self.atoms += 1
        return self.atoms

    def _literals(self, alternative: Alternative) -> list[int]:
        for f in (*alternative[0], *alternative[1]):
            if f not in self.contains:
                self.contains[f] = self._atom()
        return [self.contains[f] for f in alternative[0]] + [-self.contains[f] for f in alternative[1]]

    def _formula(self, y: int, holds: bool) -> None:
        """The clauses of: the formula of class y holds (or fails)."""
        own = self.st.classes[y]
        if own is not None:
            alternatives = own
        else:
            alternatives = [a for other in self.st.classes if other is not None for a in other]
            holds = not holds
        if not holds:
            self.sequent.clauses += [tuple(-literal for literal in self._literals(a)) for a in alternatives]
            return
        atoms = [self._atom() for _ in alternatives]
        self.sequent.clauses.append(tuple(atoms))
        for atom, alternative in zip(atoms, alternatives):
            self.sequent.clauses += [(-atom, literal) for literal in self._literals(alternative)]

    def _switches(self) -> None:
        for f in sorted(self.contains):
            atoms = [self._atom() for _ in self.st.features[f].templates]
            self.sequent.clauses.append((-self.contains[f], *atoms))
            for t, atom in enumerate(atoms):
                rows = self.sequent.switched[atom] = []
                for channel, bound in self.facts.lowers.get((f, t), []):
                    if channel in self.channels:
                        rows += _bounded(self.channels[channel], 1, self.facts.somewhere(channel, bound))
        found = [
            (j, k, bound, avoid) for k in self.channels for j, bound, avoid in self.facts.uppers.get(k, []) if avoid
        ]
        for _, channel, bound, avoid in sorted(found):
            rows = _bounded(self.channels[channel], -1, self.facts.spread(bound, False))
            if rows and all(f in self.contains for f in avoid):
                atom = self._atom()
                self.sequent.clauses.append((atom, *(self.contains[f] for f in avoid)))
                self.sequent.switched[atom] = rows


def _bounded(m: int, sign: int, bound: Rational | None) -> list[Row]:
    """The row m >= bound (sign 1) or m <= bound (sign -1); none without a bound."""
    return [] if bound is None else [primitive({m: sign * bound[1], CONST: -sign * bound[0]})]


# -- proofs -----------------------------------------------------------------------------------------------------------


class Task:
    """A branch still to be proved: the rows it keeps, those it adds, the literals assumed, its goal."""

    def __init__(self, kept: int, more: list[Row], assumed: frozenset[int], goal: Row) -> None:
        self.kept, self.more, self.assumed, self.goal = kept, more, assumed, goal


class Proof:
    """Reads the proof of one sequent from the certificate; raises Reject unless each branch is closed."""

    def __init__(self, lines: Lines, sequent: Sequent) -> None:
        self.lines, self.sequent = lines, sequent
        self.rows = list(sequent.rows)
        rules: dict[str, Callable[[list[str]], Row]] = {
            "lin": self._lin,
            "sub": self._sub,
            "chord": self._chord,
            "maxle": self._maxle,
        }
        ends: dict[str, Callable[[list[str], Task], list[Task]]] = {
            "have": self._have,
            "split": self._split,
            "cut": self._cut,
            "choose": self._choose,
            "qed": self._qed,
        }
        tasks = [Task(len(self.rows), [], frozenset(), sequent.goal)]
        while tasks:
            task = tasks.pop()
            del self.rows[task.kept :]
            self.rows += task.more
            tokens = lines.next("proof")
            while tokens[0] in rules:
                self.rows.append(rules[tokens[0]](tokens))
                tokens = lines.next("proof")
            if tokens[0] not in ends:
                raise Reject("proof", "a proof line", lines.text)
            tasks += reversed(ends[tokens[0]](tokens, task))

    def _combination(self, rule: str, least: int) -> Form:
        """The combination `n r1 a1 .. rn an` of rows that the line gives after its first word."""
        if not INTEGERS.fullmatch(self.lines.text, len(rule)):
            raise Reject(rule, "n r1 a1 .. rn an", self.lines.text)
        numbers = list(map(int, self.lines.text.split(" ")[1:]))
        if not numbers or numbers[0] < least or len(numbers) != 2 * numbers[0] + 1:
            raise Reject(rule, f"n r1 a1 .. rn an, n >= {least}", self.lines.text)
        total: Form = {}
        previous = -1
        for r, a in zip(numbers[1::2], numbers[2::2]):
            if not previous < r < len(self.rows) or a <= 0:
                raise Reject(rule, f"ascending rows below {len(self.rows)}, positive multipliers", f"{r} {a}")
            previous = r
            for v, c in self.rows[r]:
                total[v] = total.get(v, 0) + a * c
        return total

    def _row(self, rule: str, token: str) -> Row:
        return self.rows[count(rule, token, 0, len(self.rows))]

    def _scaled_row(self, rule: str, row: str, factor: str) -> Form:
        """A positive multiple of a row, or `- 0`: the form 0."""
        if row == "-" and factor == "0":
            return {}
        return combined((self._positive(rule, factor), self._row(rule, row)))

    def _positive(self, rule: str, token: str) -> int:
        value = integer(rule, token)
        if value <= 0:
            raise Reject(rule, "a positive integer", token)
        return value

    def _node(self, rule: str, token: str, relu: bool) -> Node:
        node = self.sequent.nodes.get(count(rule, token))
        if node is None or node.relu is not relu:
            raise Reject(rule, "a ReLU node" if relu else "a max node", token)
        return node

    def _lin(self, _: list[str]) -> Row:
        return primitive(self._combination("lin", 1))

    def _sub(self, tokens: list[str]) -> Row:
        """From q*row = sum b_j Z_j - s Z + c: sum b_j Y_j - s Y + max(0, c) >= 0."""
        if len(tokens) < 6 or len(tokens) != 6 + 2 * count("sub", tokens[5]):
            raise Reject("sub", "sub p q v s m u1 b1 .. um bm", self.lines.text)
        premise = self._scaled_row("sub", tokens[1], tokens[2])
        node, s = self._node("sub", tokens[3], True), self._positive("sub", tokens[4])
        bounding, result, previous = combined((-s, node.arguments[0].items())), {int(tokens[3]): -s * node.scale}, -1
        for u, b in zip(tokens[6::2], tokens[7::2]):
            other, factor = self._node("sub", u, True), self._positive("sub", b)
            if int(u) <= previous or u == tokens[3]:
                raise Reject("sub", "ascending nodes other than the bounded one", u)
            previous = int(u)
            bounding = combined((1, bounding.items()), (factor, other.arguments[0].items()))
            result[previous] = factor * other.scale
        rest = combined((1, premise.items()), (-1, bounding.items()))
        constant = rest.pop(CONST, 0)
        if any(rest.values()):
            raise Reject("sub", "the premise to be the arguments' combination plus a constant", dict(rest))
        result[CONST] = max(0, constant)
        return primitive(result)

    def _chord(self, tokens: list[str]) -> Row:
        """From z - l >= 0, u - z >= 0, l < 0 < u: u(z-l)/(u-l) - y >= 0."""
        v, p, q = pattern("chord", tokens, "chord ? ? ?")
        node = self._node("chord", v, True)
        z = node.arguments[0]
        below, a = _offset(z, self._row("chord", p), 1)  # Z >= below/a
        above, b = _offset(z, self._row("chord", q), -1)  # Z <= above/b
        if not below < 0 < above:
            raise Reject("chord", "a lower bound below 0 and an upper bound above 0", ((below, a), (above, b)))
        # Times a*b > 0: above*(a*Z - below) - (above*a - below*b)*Y >= 0.
        slope = above * a - below * b
        form = combined((above * a, z.items()), (-above * below, ((CONST, 1),)), (-slope * node.scale, ((int(v), 1),)))
        return primitive(form)

    def _maxle(self, tokens: list[str]) -> Row:
        """From rows a_i*row_i = E - s Z_i (up to constants, the largest counts): E - s Y >= 0."""
        if len(tokens) < 3:
            raise Reject("maxle", "maxle v s r1 a1 .. rn an", self.lines.text)
        node, s = self._node("maxle", tokens[1], False), self._positive("maxle", tokens[2])
        if len(tokens) != 3 + 2 * len(node.arguments):
            raise Reject("maxle", f"{len(node.arguments)} pairs, one an argument", self.lines.text)
        bounds = []
        for r, a, z in zip(tokens[3::2], tokens[4::2], node.arguments):
            form = combined((1, self._scaled_row("maxle", r, a).items()), (s, z.items()))
            bounds.append((form.pop(CONST, 0), {x: c for x, c in form.items() if c}))
        constant, form = max(bounds, key=lambda bound: bound[0])
        if any(other != form for _, other in bounds):
            raise Reject("maxle", "one form above all arguments", self.lines.text)
        return primitive(
            combined((1, form.items()), (constant, ((CONST, 1),)), (-s * node.scale, ((int(tokens[1]), 1),)))
        )

    def _form(self, rule: str) -> Row:
        """The integer form `n v1 a1 .. vn an c` that the line gives after its first word."""
        if not INTEGERS.fullmatch(self.lines.text, len(rule)):
            raise Reject(rule, "n v1 a1 .. vn an c", self.lines.text)
        numbers = list(map(int, self.lines.text.split(" ")[1:]))
        if len(numbers) < 2 or len(numbers) != 2 * numbers[0] + 2:
            raise Reject(rule, "n v1 a1 .. vn an c", self.lines.text)
        form, previous = {CONST: numbers[-1]}, -1
        for v, a in zip(numbers[1:-1:2], numbers[2:-1:2]):
            if not previous < v < self.sequent.size or a == 0:
                raise Reject(rule, f"ascending variables below {self.sequent.size}, coefficients not 0", f"{v} {a}")
            form[v] = a
            previous = v
        return primitive(form)

    def _have(self, _: list[str], task: Task) -> list[Task]:
        lemma = self._form("have")
        kept = len(self.rows)
        return [Task(kept, [], task.assumed, lemma), Task(kept, [lemma], task.assumed, task.goal)]

    def _split(self, tokens: list[str], task: Task) -> list[Task]:
        (v,) = pattern("split", tokens, "split ?")
        node = self.sequent.nodes.get(count("split", v))
        if node is None:
            raise Reject("split", "a node", v)
        y = ((int(v), node.scale),)
        above = [primitive(combined((1, z.items()), (-1, y))) for z in node.arguments]
        if not node.relu:
            return [Task(len(self.rows), [row], task.assumed, task.goal) for row in above]
        z = node.arguments[0]
        branches = [[primitive(z), above[0]], [primitive(combined((-1, z.items()))), ((int(v), -1),)]]
        return [Task(len(self.rows), rows, task.assumed, task.goal) for rows in branches]

    def _cut(self, _: list[str], task: Task) -> list[Task]:
        row = self._form("cut")
        branches = row, primitive(combined((-1, row)))
        return [Task(len(self.rows), [branch], task.assumed, task.goal) for branch in branches]

    def _choose(self, tokens: list[str], task: Task) -> list[Task]:
        (c,) = pattern("choose", tokens, "choose ?")
        clause = self.sequent.clauses[count("choose", c, 0, len(self.sequent.clauses))]
        branches = []
        for literal in clause:
            if -literal not in task.assumed:
                rows = [] if literal in task.assumed else self.sequent.switched.get(literal, [])
                branches.append(Task(len(self.rows), rows, task.assumed | {literal}, task.goal))
        return branches

    def _qed(self, _: list[str], task: Task) -> list[Task]:
        total = self._combination("qed", 0)
        constant = total.pop(CONST, 0)
        left = {v: c for v, c in total.items() if c}
        goal = dict(task.goal)
        wanted = goal.pop(CONST, 0)
        if not left and (constant < 0 or (not goal and wanted >= 0)):
            return []
        if left.keys() == goal.keys() and left:
            v = next(iter(left))
            t, g = left[v], goal[v]
            same = t * g > 0 and all(left[x] * g == goal[x] * t for x in left)
            if same and wanted * abs(t) >= constant * abs(g):
                return []
        raise Reject("qed", "a negative constant, or the goal", (left, constant, "for the goal", task.goal))


def _offset(z: Form, row: Row, sign: int) -> tuple[int, int]:
    """(n, a), a > 0: the row says Z >= n/a (sign 1) or Z <= n/a (sign -1)."""
    form = dict(row)
    pairs = {v: c for v, c in z.items() if v != CONST}
    constant = form.pop(CONST, 0)
    v = next(iter(pairs))
    a, d = form.get(v, 0) * sign, pairs[v]
    if a * d <= 0 or form.keys() != pairs.keys() or any(form[x] * sign * d != pairs[x] * a for x in pairs):
        raise Reject("chord", "a row about the node's argument", row)
    # row = sign*(a/d)*(Z - Zc) + constant >= 0, a/d > 0
    a, d = abs(a), abs(d)
    return a * z.get(CONST, 0) - sign * constant * d, a


# -- witnesses --------------------------------------------------------------------------------------------------------

Pixels = tuple[Rational, ...]  # one number a channel
Image = list[list[Pixels]]
Grid = list[list[int]]


class Replay:
    """Exact evaluation of images; equal neighbourhoods are computed once (grids hold numbers of vectors)."""

    def __init__(self, st: Statement) -> None:
        self.st = st
        self.numbers: dict[Vector, int] = {}
        self.vectors: list[Vector] = []
        self.known: list[dict[tuple[int, ...], int]] = [{} for _ in st.stem]
        self.dense = [_dense(layer) for layer in st.stem]

    def witness(self, lines: Lines, y: int) -> None:
        """Reads an image: it must be admissible, of class y, and logit y must lead by the margin."""
        rule, st = "witness", self.st
        tokens = pattern(rule, lines.next(rule), "witness ? ? ? ? ? ? ?")
        label, h, w, height, width, row, column = (count(rule, token) for token in tokens)
        sides = list(zip((h, w), (height, width), (row, column), st.least, st.most))
        if label != y or any(
            not (place < core <= whole and least <= whole and (most is None or whole <= most))
            for core, whole, place, least, most in sides
        ):
            raise Reject(rule, f"an image of class {y} with a size in the range", lines.text)
        image = self._image(lines, h, w)
        reach = max(f.rows for f in st.features), max(f.columns for f in st.features)
        small = [
            _shrunk(core, whole, max(r, a.field), a.stride) for (core, whole, *_), r, a in zip(sides, reach, st.axes)
        ]
        satisfied = _satisfied(st, self._contained(_stretched(image, small, (row, column))))
        if satisfied != [y]:
            raise Reject(rule, f"an admissible image of class {y}", f"classes {satisfied}")
        logits, q = self._logits(image, small, (height, width), (row, column))
        lead = logits[y] - max(x for z, x in enumerate(logits) if z != y)
        if less((lead, q), st.margin):
            raise Reject(rule, f"a lead of at least {show(st.margin)}", (lead, q))

    def _image(self, lines: Lines, h: int, w: int) -> Image:
        st, rows = self.st, []
        for _ in range(st.channels * h):
            row = [rational("witness", token) for token in lines.next("witness")]
            if len(row) != w or any(less(x, st.pixel[0]) or less(st.pixel[1], x) for x in row):
                raise Reject("witness", f"{w} numbers in the pixel range", lines.text)
            rows.append(row)
        return [[tuple(rows[k * h + i][j] for k in range(st.channels)) for j in range(w)] for i in range(h)]

    def _contained(self, image: Image) -> set[int]:
        """The features that the image contains; all others must be avoided."""
        features = self.st.features
        bounds = [x for f in features for t in f.templates for pair in t.values() for x in pair]
        q = lcm(
            *{d for _, d in bounds}, *{f.gap[1] for f in features}, *{d for line in image for x in line for _, d in x}
        )
        values = {x: tuple(p * (q // d) for p, d in x) for line in image for x in line}
        scaled = [[values[x] for x in line] for line in image]
        windows = {size: _windows(scaled, *size) for size in {(f.rows, f.columns) for f in features}}
        contained = set()
        for number, f in enumerate(features):
            gap = f.gap[0] * (q // f.gap[1])
            nearest = gap
            for template in f.templates:
                box = [(k, i * f.columns + j, *(p * (q // d) for p, d in ends)) for (k, i, j), ends in template.items()]
                nearest = min(nearest, *(_excess(window, box, gap) for window in windows[f.rows, f.columns]), gap)
            if nearest == 0:
                contained.add(number)
            elif nearest < gap:
                raise Reject("witness", f"feature {number} contained or avoided", (nearest, q))
        return contained

    def _logits(self, image: Image, small: list[int], whole: tuple[int, int], place: tuple[int, int]) -> Vector:
        """The logits on the stretched image: a maximum is that of the small one, a sum grows evenly with each step."""
        pooled = self._pooled(image, small, place)
        if self.st.pool != "max":
            steps = [(n - m) // axis.stride for n, m, axis in zip(whole, small, self.st.axes)]

            def at(i: int, j: int) -> Vector:
                size = [m + k * axis.stride for m, k, axis in zip(small, (i, j), self.st.axes)]
                return self._pooled(image, size, place)

            down, right = min(steps[0], 1), min(steps[1], 1)
            first, second, both = at(down, 0), at(0, right), at(down, right)
            corner, pooled = pooled, _weighted([(1, pooled), (steps[0], first), (-steps[0], pooled)])
            pooled = _weighted([(1, pooled), (steps[1], second), (-steps[1], corner)])
            n = steps[0] * steps[1]
            pooled = _weighted([(1, pooled), (n, both), (-n, first), (-n, second), (n, corner)])
        if self.st.pool == "mean":
            rows, columns = (axis.extents(n)[-1] for axis, n in zip(self.st.axes, whole))
            pooled = pooled[0], pooled[1] * rows * columns
        for layer in self.st.head:
            pooled = _applied(layer, _dense(layer), [pooled])
        return pooled

    def _pooled(self, image: Image, size: list[int], place: tuple[int, int]) -> Vector:
        """The maximum or the sum over all positions of the stem."""
        low, span = self.st.pixel[0], minus(self.st.pixel[1], self.st.pixel[0])
        read = {x: x for line in image for x in line}
        if self.st.bytes:
            read = {x: tuple(_byte(minus(v, low), span) for v in x) for x in read}
        numbers = {x: self._number(_weighted_point(v)) for x, v in read.items()}
        grid = [[numbers[x] for x in line] for line in _stretched(image, size, place)]
        for depth, layer in enumerate(self.st.stem):
            grid = self._layer(depth, layer, grid)
        counts: dict[int, int] = {}
        for line in grid:
            for number in line:
                counts[number] = counts.get(number, 0) + 1
        if self.st.pool != "max":
            return _weighted([(n, self.vectors[number]) for number, n in counts.items()])
        return _maximum([self.vectors[number] for number in counts])

    def _number(self, vector: Vector) -> int:
        g = gcd(vector[1], *vector[0])
        vector = tuple(x // g for x in vector[0]), vector[1] // g
        if vector not in self.numbers:
            self.numbers[vector] = len(self.vectors)
            self.vectors.append(vector)
        return self.numbers[vector]

    def _layer(self, depth: int, layer: Layer, grid: Grid) -> Grid:
        known, outside = self.known[depth], -1
        wide = [[outside] * layer.left + line + [outside] * layer.end for line in grid]
        blank = [outside] * (len(grid[0]) + layer.left + layer.end)
        wide = [blank] * layer.top + wide + [blank] * layer.bottom
        result = []
        for i in range(0, len(wide) - layer.rows + 1, layer.down):
            band = wide[i : i + layer.rows]
            line = []
            for j in range(0, len(blank) - layer.columns + 1, layer.right):
                key = tuple([number for row in band for number in row[j : j + layer.columns]])
                if key not in known:
                    zero: Vector = ((0,) * layer.inputs, 1)
                    cells = [self.vectors[n] if n >= 0 else zero for n in key if n >= 0 or layer.word != "maxpool"]
                    known[key] = self._number(_applied(layer, self.dense[depth], cells))
                line.append(known[key])
            result.append(line)
        return result


def _dense(layer: Layer) -> tuple[list[list[int]], list[int], int]:
    """Weights by output, then row, column and input channel, and biases, over one denominator."""
    q = lcm(*layer.scale) if layer.scale else 1
    rows = []
    for taps, scale in zip(layer.taps, layer.scale):
        row = [0] * (layer.rows * layer.columns * layer.inputs)
        for k, i, j, weight in taps:
            row[(i * layer.columns + j) * layer.inputs + k] = weight * (q // scale)
        rows.append(row)
    return rows, [b * (q // scale) for b, scale in zip(layer.bias, layer.scale)], q


def _applied(layer: Layer, dense: tuple[list[list[int]], list[int], int], cells: list[Vector]) -> Vector:
    """One layer at one place: the cells of its window in order (for a max pool only those that exist)."""
    if layer.word == "relu":
        return tuple(max(0, x) for x in cells[0][0]), cells[0][1]
    if layer.word == "maxpool":
        return _maximum(cells)
    if layer.word == "avgpool":
        total, q = _weighted([(1, cell) for cell in cells])
        return total, q * layer.rows * layer.columns
    weights, bias, scale = dense
    q = lcm(*{d for _, d in cells})
    values = [x * (q // d) for cell, d in cells for x in cell]
    return tuple([sum(map(mul, row, values)) + b * q for row, b in zip(weights, bias)]), scale * q


def _weighted(parts: list[tuple[int, Vector]]) -> Vector:
    q = lcm(*{d for _, (_, d) in parts})
    columns = zip(*([n * (q // d) * x for x in vector] for n, (vector, d) in parts))
    return tuple(map(sum, columns)), q


def _maximum(vectors: list[Vector]) -> Vector:
    q = lcm(*{d for _, d in vectors})
    return tuple(map(max, zip(*([x * (q // d) for x in vector] for vector, d in vectors)))), q


def _weighted_point(values: Pixels) -> Vector:
    q = lcm(*(d for _, d in values))
    return tuple(p * (q // d) for p, d in values), q


def _byte(above: Rational, span: Rational) -> Rational:
    """255 * above / span."""
    return reduced(255 * above[0] * span[1], above[1] * span[0])


def _shrunk(core: int, length: int, reach: int, stride: int) -> int:
    """The length left when `stride` lines are taken from a long enough run, again and again (FORMAT.md, "Witnesses")."""
    excess = length - core + 1 - (reach + 2 * stride - 1)
    return length if excess < 0 else length - (excess // stride + 1) * stride


def _stretched(image: Image, size: list[int], place: tuple[int, int]) -> Image:
    """The image with one row and one column repeated until it has this size."""
    rows, columns = (
        [*range(p), *[p] * (n - m), *range(p, m)] for n, m, p in zip(size, (len(image), len(image[0])), place)
    )
    return [[image[i][j] for j in columns] for i in rows]


def _windows(image: list[list[tuple[int, ...]]], rows: int, columns: int) -> list[tuple[tuple[int, ...], ...]]:
    """The different windows of this size, each as its pixels row by row."""
    found: dict[tuple[tuple[int, ...], ...], None] = {}
    for i in range(len(image) - rows + 1):
        band = image[i : i + rows]
        for j in range(len(image[0]) - columns + 1):
            found[tuple([x for line in band for x in line[j : j + columns]])] = None
    return list(found)


def _excess(window: tuple[tuple[int, ...], ...], box: list[tuple[int, ...]], enough: int) -> int:
    """The window's excess over a template, or `enough` if it is at least that."""
    total = 0
    for channel, place, low, high in box:
        x = window[place][channel]
        if x > high:
            total += x - high
        elif x < low:
            total += low - x
        if total >= enough:
            return enough
    return total


def _satisfied(st: Statement, contained: set[int]) -> list[int]:
    """The classes whose formulas hold; `otherwise` where no other does."""
    found = [
        y
        for y, alternatives in enumerate(st.classes)
        if any(contained.issuperset(a) and contained.isdisjoint(b) for a, b in alternatives or ())
    ]
    return found or [y for y, alternatives in enumerate(st.classes) if alternatives is None]


# -- the certificate --------------------------------------------------------------------------------------------------


class Certificate:
    """Reads a certificate of a statement; raises Reject unless it proves it."""

    def __init__(self, st: Statement, lines: Lines) -> None:
        self.st, self.lines, self.facts = st, lines, Facts(st)
        lines.expect("certificate", "exactcnn", "certificate", "1")
        (named,) = pattern("certificate", lines.next("certificate"), "statement ?")
        if named != st.hash:
            raise Reject("certificate", f"statement {st.hash}", named)
        replay = Replay(st)
        for y in range(len(st.classes)):
            replay.witness(lines, y)
        number = count("facts", pattern("facts", lines.next("facts"), "facts ?")[0])
        for j in range(number):
            tokens = lines.next("facts")
            rules = {"floor": self._floor, "upper": self._upper, "lower": self._lower}
            if tokens[0] not in rules:
                raise Reject("facts", "floor, upper or lower", lines.text)
            rules[tokens[0]](j, tokens)
        pattern("head", lines.next("head"), "head")
        self._head()
        pattern("certificate", lines.next("certificate"), "end")
        lines.finish("certificate")

    def _settle(self, tokens: list[str], local: Local, proved: set[object]) -> None:
        """One block of a fact: `box`, `prove` with a proof, or `same`."""
        sequent = local.sequent
        if tokens == ["box"]:
            bound = sequent.box(dict(sequent.goal))
            if bound[0] < 0:
                raise Reject("box", "interval arithmetic to give the goal", bound)
        elif tokens == ["prove"]:
            Proof(self.lines, sequent)
            proved.add(sequent.key())
        elif tokens != ["same"] or sequent.key() not in proved:
            raise Reject("block", "box, prove, or same as a sequent proved for this fact", self.lines.text)

    def _floor(self, _: int, tokens: list[str]) -> None:
        k, bound = pattern("floor", tokens, "floor ? ?")
        channel, low = count("floor", k, 0, self.st.width), rational("floor", bound)
        proved: set[object] = set()
        for kind in self.st.kinds:
            local = Local(self.st, channel, kind, [], None)
            local.claim(1, low)
            self._settle(self.lines.next("floor"), local, proved)
        self.facts.floors.setdefault(channel, []).append(low)

    def _upper(self, j: int, tokens: list[str]) -> None:
        k, bound = pattern("upper", tokens[:4], "upper ? ? avoid")
        channel, high = count("upper", k, 0, self.st.width), rational("upper", bound)
        avoid = ascending("upper", tokens[4:], len(self.st.features))
        proved: set[object] = set()
        for kind in self.st.kinds:
            tokens = self.lines.next("upper")
            clear = self._clear(tokens, kind, avoid) if tokens != ["box"] else []
            local = Local(self.st, channel, kind, clear, None)
            local.claim(-1, high)
            self._settle(tokens[:1], local, proved)
        self.facts.uppers.setdefault(channel, []).append((j, high, avoid))

    def _clear(self, tokens: list[str], kind: Kind, avoid: tuple[int, ...]) -> list[Window]:
        """The windows `n f t r s ..` after the first token: inside the field and the image, of avoided features."""
        rule = "upper"
        numbers = [count(rule, token) for token in tokens[1:]]
        if not numbers or len(numbers) != 1 + 4 * numbers[0]:
            raise Reject(rule, "n f t r s ..", self.lines.text)
        windows = [(f, t, r, s) for f, t, r, s in zip(*(numbers[i::4] for i in range(1, 5)))]
        (top, bottom), (left, right) = kind[0][0], kind[1][0]
        for f, t, r, s in windows:
            feature = self.st.features[f] if f in avoid else None
            if feature is None or t >= len(feature.templates):
                raise Reject(rule, "templates of avoided features", f"{f} {t}")
            if r < top or r + feature.rows > bottom or s < left or s + feature.columns > right:
                raise Reject(rule, "windows inside the field and the image", f"{r} {s}")
        if any(a >= b for a, b in zip(windows, windows[1:])):
            raise Reject(rule, "ascending windows", self.lines.text)
        return windows

    def _lower(self, _: int, tokens: list[str]) -> None:
        rule = "lower"
        f, t, k, bound = pattern(rule, tokens, "lower ? ? ? ?")
        number = count(rule, f, 0, len(self.st.features))
        feature = self.st.features[number]
        template = count(rule, t, 0, len(feature.templates))
        channel, low = count(rule, k, 0, self.st.width), rational(rule, bound)
        proved: set[object] = set()
        for rows, columns in self.st.window_classes(feature.rows, feature.columns):
            tokens = self.lines.expect(rule, "see")
            if len(tokens) != 3:
                raise Reject(rule, "see i j and box, prove or same", self.lines.text)
            (r, below), (s, right) = (
                rows[count(rule, tokens[0], 0, len(rows))],
                columns[count(rule, tokens[1], 0, len(columns))],
            )
            local = Local(self.st, channel, (below, right), [], (number, template, r, s))
            local.claim(1, low)
            self._settle(tokens[2:], local, proved)
        self.facts.lowers.setdefault((number, template), []).append((channel, low))

    def _head(self) -> None:
        everyone = range(len(self.st.classes))
        least = [self._one_sided("right", y, 1) for y in everyone]
        most = [self._one_sided("wrong", z, -1) for z in everyone]
        for y in everyone:
            for z in everyone:
                a, b = least[y], most[z]
                if z == y or (a is not None and b is not None and not less(minus(a, b), self.st.margin)):
                    continue
                pattern("pair", self.lines.next("pair"), f"pair {y} {z}")
                fails = (
                    []
                    if self.st.classes[y] is None
                    else [x for x in everyone if x != y and self.st.classes[x] is not None]
                )
                self._prove(y, fails, {y: 1, z: -1}, self.st.margin)

    def _one_sided(self, rule: str, y: int, sign: int) -> Rational | None:
        """`right y A` or `wrong y B` with its proof; nothing for `none`."""
        (text,) = pattern(rule, self.lines.next(rule), f"{rule} {y} ?")
        if text == "none":
            return None
        bound = rational(rule, text)
        if sign > 0:
            self._prove(y, [], {y: 1}, bound)
        else:
            self._prove(None, [y], {y: -1}, (-bound[0], bound[1]))
        return bound

    def _prove(self, holds: int | None, fails: list[int], goal: dict[int, int], bound: Rational) -> None:
        pattern("head", self.lines.next("head"), "prove")
        Proof(self.lines, Head(self.facts, holds, fails, goal, bound).sequent)


def check(statement: BinaryIO, certificate: BinaryIO) -> tuple[bool, str]:
    """Whether the certificate proves the statement, and the verdict in one line."""
    lines = Lines(statement)
    try:
        st = Statement(lines)
        lines = Lines(certificate)
        Certificate(st, lines)
    except Reject as reject:
        text = f"line {lines.number} rule {reject.rule}: expected {reject.expected}, got {reject.got}"
        return False, "REJECTED " + text.replace("\n", " ").encode("ascii", "replace").decode()
    return True, f"PROVED {st.hash} margin {show(st.margin)} sizes {st.sizes()}"


def main(arguments: list[str]) -> int:
    """Checks the two files named; 0 for PROVED, 1 for REJECTED, 4 for files that cannot be read."""
    if len(arguments) != 2:
        sys.stderr.write("usage: python -I -S kernel.py STATEMENT CERTIFICATE\n")
        return 4
    try:
        with open(arguments[0], "rb") as statement, open(arguments[1], "rb") as certificate:  # noqa: PTH123
            proved, text = check(statement, certificate)
    except OSError as error:
        sys.stderr.write(f"cannot read: {error}\n")
        return 4
    sys.stdout.write(text + "\n")
    return 0 if proved else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

"""The kernel: checks that a certificate proves a statement. FORMAT.md beside it has both formats and every rule.

    python -I -S kernel.py STATEMENT CERTIFICATE

One file, standard library only, exact arithmetic only. It derives all that has to be proved from the statement and
never searches. A form is a dict from variable to integer coefficient, its constant under CONST; with a denominator it
is `Scaled`. A row is a form without a common divisor, as sorted pairs, and says that the form is >= 0.
"""

from __future__ import annotations

import hashlib
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from fractions import Fraction
from itertools import product
from math import gcd, lcm
from operator import mul
from typing import BinaryIO

Form = dict[int, int]
Scaled = tuple[Form, int]
Row = tuple[tuple[int, int], ...]
Place = tuple[int, int, int]  # channel, row, column
Signature = tuple[tuple[int, int], ...]
Kind = tuple[Signature, Signature]  # along the rows and along the columns
Sight = tuple[int, Signature]  # a window's offset in a position's field, and the position's signature
Window = tuple[int, int, int, int]  # feature, template, row and column in the field
Alternative = tuple[tuple[int, ...], tuple[int, ...]]  # features required and forbidden
Pixels = tuple[int, ...]  # one number a channel
Grid = list[list[Pixels]]

CONST = -1
LARGEST = 512  # of windows, steps, paddings and fields
MOST_WEIGHTS = 2 * 10**7  # in a layer
COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
INTEGERS = re.compile(r"\w+(?: (?:0|-?[1-9][0-9]{0,3999}))*", re.ASCII)
NUMBER = re.compile(r"(0|-?[1-9][0-9]{0,3999})(?:/([1-9][0-9]{0,3999}))?")
NAME = re.compile(r"%|(?:[A-Za-z0-9._~-]|%[0-9A-F][0-9A-F])+")
HASH = re.compile(r"[0-9a-f]{64}")


class Reject(Exception):  # noqa: N818 - a verdict, not an error
    """What was expected, and what was found instead."""


def need(condition: object, expected: str, got: object) -> None:
    """Rejects unless the condition holds."""
    if not condition:
        raise Reject(expected, got)


# -- tokens -----------------------------------------------------------------------------------------------------------


class Lines:
    """The lines of a file as tokens, one after another; `rule` is the rule that the line read last is for."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.number, self.rule, self.text, self.digest = stream, 0, "", "", hashlib.sha256()

    def next(self, rule: str) -> list[str]:
        """The tokens of the next line."""
        raw = self.stream.readline(1 << 26)
        self.number += 1
        self.rule = rule
        self.digest.update(raw)
        need(raw.endswith(b"\n") and raw.isascii(), "a line of ASCII text", raw[:40] or "the end of the file")
        self.text = raw[:-1].decode("ascii")
        tokens = self.text.split(" ")
        need("" not in tokens and self.text.isprintable(), "tokens with one blank between them", raw[:40])
        return tokens

    def match(self, rule: str, words: str) -> list[str]:
        """The tokens of the next line that stand where `words` has a `?`, and all from `..` on."""
        return matched(self.next(rule), words)

    def finish(self) -> None:
        """Nothing, if the file ends here."""
        self.number += 1
        need(not self.stream.read(1), "the end of the file", "more bytes")


def matched(tokens: list[str], words: str) -> list[str]:
    """The tokens that stand where `words` has a `?`, and all from `..` on; the others are the words."""
    wanted = words.split(" ")
    if wanted[-1] == "..":
        wanted[-1:] = ["?"] * (len(tokens) - len(wanted) + 1)
    fits = len(wanted) == len(tokens) and all(w in ("?", t) for w, t in zip(wanted, tokens))
    need(fits, words, tokens[: len(wanted) + 1])
    return [t for w, t in zip(wanted, tokens) if w == "?"]


def count(token: str, least: int = 0, below: int = 10**9) -> int:
    """An integer of at most 9 digits."""
    need(COUNT.fullmatch(token) and least <= int(token) < below, f"an integer from {least} to {below - 1}", token)
    return int(token)


def rational(token: str) -> Fraction:
    """An integer, or p/q in lowest terms with q > 1."""
    match = NUMBER.fullmatch(token)
    if not match:
        raise Reject("an integer or p/q", token)
    p, q = int(match[1]), int(match[2] or 1)
    need(match[2] is None or (q > 1 and gcd(p, q) == 1), "lowest terms", token)
    return Fraction(p, q)


def ascending(tokens: list[str], below: int) -> tuple[int, ...]:
    """Different numbers in ascending order."""
    numbers = tuple(count(token, 0, below) for token in tokens)
    need(all(a < b for a, b in zip(numbers, numbers[1:])), "ascending numbers", tokens)
    return numbers


# -- forms ------------------------------------------------------------------------------------------------------------


def combined(*parts: tuple[int, Iterable[tuple[int, int]]]) -> Form:
    """The sum of multiples of forms."""
    total: Form = {}
    for a, pairs in parts:
        for v, c in pairs:
            total[v] = total.get(v, 0) + a * c
    return total


def primitive(form: Form) -> Row:
    """The form over the greatest common divisor of its coefficients, as a row."""
    g = gcd(*form.values()) or 1
    return tuple(sorted((v, c // g) for v, c in form.items() if c))


def summed(parts: list[tuple[int, Scaled]], constant: int, q: int) -> Scaled:
    """The sum of multiples of forms and a constant, all over q, with the least denominator."""
    common = lcm(*(d for _, (_, d) in parts))
    total = combined(*((a * (common // d), form.items()) for a, (form, d) in parts), (common, ((CONST, constant),)))
    g = gcd(q * common, *total.values())
    return {v: c // g for v, c in total.items() if c}, q * common // g


def bounded(form: Scaled, sign: int, bound: Fraction) -> Row:
    """The row that says: the form is >= bound (sign 1), or <= bound (sign -1)."""
    p, q = bound.numerator, bound.denominator
    return primitive(combined((sign * q, form[0].items()), (-sign * p * form[1], ((CONST, 1),))))


# -- the statement ----------------------------------------------------------------------------------------------------


class Layer:
    """A layer; the weights of `conv` and `dense` (and of `avgpool`) are integers over `scale`."""

    def __init__(self, word: str, outputs: int, inputs: int, window: list[int]) -> None:
        self.word, self.outputs, self.inputs, self.scale = word, outputs, inputs, 1
        self.rows, self.columns, self.down, self.right, self.top, self.left, self.bottom, self.end = window
        self.taps: list[list[tuple[int, int, int, int]]] = []  # an output: input channel, row, column, weight
        self.bias: list[int] = []
        self.matrix: list[list[int]] = []

    def seen(self, channel: int) -> list[tuple[int, int, int, int]]:
        """What an output looks at: input channel, row and column in the window, weight."""
        pool = [(channel, i, j, 1) for i in range(self.rows) for j in range(self.columns)] if not self.taps else []
        return self.taps[channel] if self.taps else pool

    def dense(self) -> list[list[int]]:
        """The weights of each output, zeros included, in the order of a window's cells."""
        if not self.matrix:
            width = self.inputs * self.rows * self.columns
            self.matrix = [[0] * width for _ in self.taps]
            for row, taps in zip(self.matrix, self.taps):
                for k, i, j, weight in taps:
                    row[(i * self.columns + j) * self.inputs + k] = weight
        return self.matrix

    def weights(self, lines: Lines) -> None:
        """Reads the weights and the biases."""
        size = self.inputs * self.rows * self.columns
        need(self.outputs * size <= MOST_WEIGHTS, f"at most {MOST_WEIGHTS} weights", self.outputs * size)
        rows = [values(lines.next("network"), size) for _ in range(self.outputs)]
        bias = values(lines.match("network", "bias .."), self.outputs)
        self.scale = lcm(*{x.denominator for row in (bias, *rows) for x in row})
        need(self.scale.bit_length() < 1 << 16, "a common denominator below 2^65536", "more")
        self.bias = [int(x * self.scale) for x in bias]
        places = list(product(range(self.inputs), range(self.rows), range(self.columns)))
        self.taps = [[(*place, int(x * self.scale)) for place, x in zip(places, row) if x] for row in rows]


def values(tokens: list[str], size: int) -> list[Fraction]:
    """Run-length coded numbers."""
    found: list[Fraction] = []
    for token in tokens:
        run, star, text = token.rpartition("*")
        length, value = count(run, 2) if star else 1, rational(text)
        need(not found or found[-1] != value, "equal neighbours joined", token)
        need(len(found) + length <= size, f"{size} numbers", token)
        found += [value] * length
    need(len(found) == size, f"{size} numbers", len(found))
    return found


class Feature:
    """A feature: its name, its window's size, its gap, and the intervals of its templates."""

    def __init__(self, lines: Lines, channels: int, low: Fraction, high: Fraction) -> None:
        found = lines.match("statement", "feature ? ? ? gap ? templates ?")
        self.name, self.gap = name(found[0]), rational(found[3])
        self.rows, self.columns = (count(token, 1, LARGEST + 1) for token in found[1:3])
        need(self.gap > 0, "a gap above 0", found[3])
        self.templates: list[dict[Place, tuple[Fraction, Fraction]]] = []
        for _ in range(count(found[4], 1)):
            lines.match("statement", "template")
            template = {}
            for line in range(channels * self.rows):
                ends = [rational(token) for token in lines.match("statement", " ".join("??" * self.columns))]
                for j, (a, b) in enumerate(zip(ends[::2], ends[1::2])):
                    need(low <= a <= b <= high, "intervals inside the pixel range", lines.text)
                    template[line // self.rows, line % self.rows, j] = a, b
            self.templates.append(template)


class Statement:
    """What is claimed, and what it says about shapes: border kinds, classes of windows, numbers of positions."""

    def __init__(self, lines: Lines) -> None:
        def line(words: str) -> list[str]:
            return lines.match("statement", words)

        line("exactcnn statement 1")
        ends = line("sizes ? ? ? ?")
        self.least = count(ends[0], 1), count(ends[2], 1)
        self.most = [None if t == "any" else count(t, a) for t, a in zip(ends[1::2], self.least)]
        self.margin = rational(line("margin ?")[0])
        need(self.margin > 0, "a margin above 0", lines.text)
        (source,) = line("source ?")
        need(source == "none" or HASH.fullmatch(source), "a SHA-256 or none", source)
        task, channels, low, high = line("task ? channels ? pixel ? ?")
        name(task)
        self.channels, self.pixel = count(channels, 1), (rational(low), rational(high))
        need(self.pixel[0] < self.pixel[1], "a range of pixels", lines.text)
        number = count(line("features ?")[0], 1)
        self.features = [Feature(lines, self.channels, *self.pixel) for _ in range(number)]
        # Templates and gaps over one denominator, for the witnesses: channel, place in the window, least, greatest.
        borders = {x for f in self.features for t in f.templates for pair in t.values() for x in pair}
        self.common = lcm(*{x.denominator for x in (*self.pixel, *borders, *(f.gap for f in self.features))})
        self.boxes = [
            [
                [
                    (k, i * f.columns + j, int(a * self.common), int(b * self.common))
                    for (k, i, j), (a, b) in template.items()
                ]
                for template in f.templates
            ]
            for f in self.features
        ]
        number = count(line("classes ?")[0], 2)
        self.classes: list[list[Alternative] | None] = []  # None: otherwise
        names = [self._class(lines) for _ in range(number)]
        need(self.classes.count(None) < 2, "one class `otherwise`", "more")
        for listed in ([f.name for f in self.features], names):
            need(len(set(listed)) == len(listed), "different names", listed)
        line("network")
        self._network(lines)
        line("end")
        lines.finish()
        self.hash = lines.digest.hexdigest()
        self._geometry()

    def _class(self, lines: Lines) -> str:
        title, *more = lines.match("statement", "class ? ..")
        if more == ["otherwise"]:
            self.classes.append(None)
            return name(title)
        alternatives = []
        for _ in range(count(matched(more, "alternatives ?")[0], 1)):
            tokens = lines.match("statement", "alternative requires ..")
            need(tokens.count("forbids") == 1, "requires .. forbids ..", lines.text)
            place = tokens.index("forbids")
            sides = [ascending(side, len(self.features)) for side in (tokens[:place], tokens[place + 1 :])]
            alternatives.append((sides[0], sides[1]))
        self.classes.append(alternatives)
        return name(title)

    def _network(self, lines: Lines) -> None:
        lines.match("network", "exactcnn network 1")
        self.unit, channels = lines.match("network", "input ? channels ?")
        need(self.unit in ("pixel", "byte"), "pixel or byte", self.unit)
        width = count(channels, self.channels, self.channels + 1)
        self.stem: list[Layer] = []
        self.head: list[Layer] = []
        self.pool = ""
        while (tokens := lines.next("network")) != ["end"]:
            if tokens[0] == "globalpool" and not self.pool:
                self.pool, self.width = matched(tokens, "globalpool ?")[0], width
                need(self.pool in ("max", "sum", "mean"), "max, sum or mean", self.pool)
                continue
            words = ("relu", "dense", "flatten") if self.pool else ("relu", "conv", "maxpool", "avgpool")
            need(tokens[0] in words, f"one of {words}", tokens[0])
            layer = _layer(lines, tokens, width)
            width = layer.outputs
            if layer.word != "flatten":
                (self.head if self.pool else self.stem).append(layer)
        need(self.pool and width == len(self.classes), f"a global pool and {len(self.classes)} logits", width)

    def _geometry(self) -> None:
        spatial = [layer for layer in self.stem if layer.word != "relu"]
        down = Axis([(s.rows, s.down, s.top, s.bottom) for s in spatial], {f.rows for f in self.features})
        right = Axis([(s.columns, s.right, s.left, s.end) for s in spatial], {f.columns for f in self.features})
        self.axes = down, right
        self.lengths = [a.representatives(x, y) for a, x, y in zip(self.axes, self.least, self.most)]
        rows, columns = (axis.kinds(lengths) for axis, lengths in zip(self.axes, self.lengths))
        self.kinds: list[Kind] = [(r, c) for r in rows for c in columns]
        first = [axis.extents(length) for axis, length in zip(self.axes, self.least)]
        need(all(first), "a network defined at every size", f"least size {self.least}")
        last = [axis.extents(length) if length else None for axis, length in zip(self.axes, self.most)]
        self.fewest = first[0][-1] * first[1][-1]
        self.greatest = last[0][-1] * last[1][-1] if last[0] and last[1] else None

    def sizes(self) -> str:
        """The range of sizes in words."""
        (h, w), (most_h, most_w) = self.least, self.most
        if (h, w) == (most_h, most_w):
            return f"{h}x{w}"
        end = "any" if most_h is None and most_w is None else f"{most_h or 'any'}x{most_w or 'any'}"
        return "any" if (h, w, end) == (1, 1, "any") else f"{h}x{w}..{end}"

    def windows(self, feature: Feature) -> list[tuple[tuple[Sight, ...], tuple[Sight, ...]]]:
        """All classes of windows of a feature: how the positions see them along the rows and along the columns."""
        sizes = feature.rows, feature.columns
        down, right = (a.windows(size, lengths) for a, size, lengths in zip(self.axes, sizes, self.lengths))
        return [(r, c) for r in down for c in right]

    def read(self, x: Scaled) -> Scaled:
        """What the network reads for a pixel's form."""
        if self.unit == "pixel":
            return x
        low, factor = self.pixel[0], 255 / (self.pixel[1] - self.pixel[0])
        p, q = factor.numerator, factor.denominator
        return summed([(p * low.denominator, x)], -p * low.numerator, q * low.denominator)


def name(text: str) -> str:
    """A percent-encoded name, encoded only where needed."""
    need(NAME.fullmatch(text), "a percent-encoded name", text)
    raw = re.sub(rb"%(..)", lambda m: bytes([int(m[1], 16)]), text.encode()) if text != "%" else b""
    try:
        raw.decode("utf-8")
    except UnicodeDecodeError:
        raise Reject("a name in UTF-8", text) from None
    again = re.sub(rb"[^A-Za-z0-9._~-]", lambda m: b"%%%02X" % m[0][0], raw).decode() or "%"
    need(again == text, "a name encoded only where needed", text)
    return text


def _layer(lines: Lines, tokens: list[str], width: int) -> Layer:
    """A layer of the network section after `width` channels, with its weights."""
    word = tokens[0]
    shape = " out ? in ?" if word in ("conv", "dense") else ""
    window = " rows ? columns ? stride ? ? padding ? ? ? ?" if word in ("conv", "maxpool", "avgpool") else ""
    numbers = [count(token) for token in matched(tokens, word + shape + window)]
    outputs, inputs = (numbers.pop(0), numbers.pop(0)) if shape else (width, width)
    numbers = numbers or [1, 1, 1, 1, 0, 0, 0, 0]
    need(inputs == width and outputs, f"{width} inputs, and outputs", lines.text)
    need(min(numbers[:4]) > 0 and max(numbers) <= LARGEST, f"a window, step and padding up to {LARGEST}", lines.text)
    layer = Layer(word, outputs, inputs, numbers)
    padded = max(layer.top, layer.bottom) >= layer.rows or max(layer.left, layer.end) >= layer.columns
    need(word != "maxpool" or not padded, "less padding than a max pool's window", lines.text)
    if shape:
        layer.weights(lines)
    elif word in ("maxpool", "avgpool"):
        layer.scale, layer.bias = layer.rows * layer.columns if word == "avgpool" else 1, [0] * outputs
    return layer


class Axis:
    """The stem along one axis (FORMAT.md, "Border kinds"); levels: kernel, step, padding before and after."""

    def __init__(self, levels: list[tuple[int, int, int, int]], windows: set[int]) -> None:
        self.levels, self.sizes = levels or [(1, 1, 0, 0)], windows
        # Of each level (the image's first), position i needs [starts + i * steps, starts + i * steps + lengths).
        self.starts, self.lengths, self.steps = [0], [1], [1]
        for kernel, step, before, _ in reversed(self.levels):
            self.starts.insert(0, self.starts[0] * step - before)
            self.lengths.insert(0, (self.lengths[0] - 1) * step + kernel)
            self.steps.insert(0, self.steps[0] * step)
            large = max(self.steps[0], self.lengths[0], -self.starts[0])
            need(large <= LARGEST, f"a field, step and padding of at most {LARGEST}", large)
        self.stride, self.field, self.origin = self.steps[0], self.lengths[0], self.starts[0]

    def extents(self, length: int) -> list[int]:
        """The lengths of all levels, the image's first; empty if a window does not fit."""
        found = [length]
        for kernel, step, before, after in self.levels:
            found.append((found[-1] + before + after - kernel) // step + 1)
            if found[-1] < 1:
                return []
        return found

    def signature(self, position: int, extents: list[int]) -> Signature:
        """The part of the range that exists, for each level but the last, relative to the range's start."""
        found = []
        for start, length, step, extent in zip(self.starts, self.lengths, self.steps, extents[:-1]):
            begin = start + position * step
            first, last = max(0, -begin), min(length, extent - begin)
            found.append((first, last) if first < last else (0, 0))
        return tuple(found)

    def representatives(self, least: int, most: int | None) -> list[int]:
        """Lengths at which every signature and every class of windows of the range occurs."""
        top = max(-(start // step) for start, step in zip(self.starts, self.steps))
        seeing = max(0, (self.field - min(self.sizes)) // self.stride + 1)
        settled = self.stride + max(self.sizes)
        while self._unclipped(self.extents(settled)) <= top + seeing:
            settled += 1
        last = max(least, settled) + self.stride - 1
        lengths = range(least, (last if most is None else min(last, most)) + 1)
        return list(dict.fromkeys(n if n < settled else settled + (n - settled) % self.stride for n in lengths))

    def _unclipped(self, extents: list[int]) -> int:
        """How many positions have all their ranges end inside the levels."""
        ranges = zip(self.starts, self.lengths, self.steps, extents)
        ends = [(extent - start - length) // step + 1 for start, length, step, extent in ranges]
        return max(0, min(ends)) if extents else 0

    def kinds(self, lengths: list[int]) -> list[Signature]:
        """All signatures at these lengths, in order of first occurrence."""
        found: dict[Signature, None] = {}
        for extents in map(self.extents, lengths):
            found.update((self.signature(i, extents), None) for i in range(extents[-1] if extents else 0))
        return list(found)

    def windows(self, size: int, lengths: list[int]) -> list[tuple[Sight, ...]]:
        """All ways in which the positions see a window of this size, in order of first occurrence."""
        found: dict[tuple[Sight, ...], None] = {}
        for length in lengths:
            extents = self.extents(length)
            for row in range(length - size + 1):
                first = -((self.origin + self.field - row - size) // self.stride)
                seeing = range(max(0, first), min((row - self.origin) // self.stride + 1, extents[-1]))
                offset = row - self.origin
                found[tuple((offset - i * self.stride, self.signature(i, extents)) for i in seeing)] = None
        return list(found)


# -- circuits and sequents --------------------------------------------------------------------------------------------


class Node:
    """y = max(0, z) or y = max(z_1 .. z_n): `scale` (the least possible) times the arguments are integer forms."""

    def __init__(self, y: int, relu: bool, arguments: list[Scaled]) -> None:
        self.y, self.relu, self.scale = y, relu, lcm(*(q for _, q in arguments))
        self.arguments = [{v: c * (self.scale // q) for v, c in form.items()} for form, q in arguments]

    def rows(self) -> list[Row]:
        """The node is at least 0, if it is a ReLU, and at least each argument."""
        above = [primitive(combined((self.scale, ((self.y, 1),)), (-1, z.items()))) for z in self.arguments]
        return [((self.y, 1),), *above] if self.relu else above


class Sequent:
    """Inputs (pixels with intervals, or pooled channels), nodes, hypotheses; clauses that switch rows on; a goal."""

    def __init__(self) -> None:
        self.size = 0
        self.pixels: list[tuple[Fraction, Fraction]] = []
        self.nodes: dict[int, Node] = {}
        self.before: list[Row] = []  # rows that come before those of the nodes, and rows that come after
        self.after: list[Row] = []
        self.clauses: list[tuple[int, ...]] = []
        self.switched: dict[int, list[Row]] = {}
        self.goal: Row = ()

    def variable(self) -> int:
        """A new variable."""
        self.size += 1
        return self.size - 1

    def maximum(self, relu: bool, arguments: list[Scaled]) -> Scaled:
        """max(0, z) or the largest argument: a constant where the arguments are, else a new node."""
        node = Node(self.size, relu, arguments)
        if all(form.keys() <= {CONST} for form in node.arguments):
            numbers = [form.get(CONST, 0) for form in node.arguments]
            return summed([], max(0, *numbers) if relu else max(numbers), node.scale)
        self.nodes[self.variable()] = node
        return {node.y: 1}, 1

    def rows(self) -> list[Row]:
        """All rows, in their order."""
        ends = (row for x, (a, b) in enumerate(self.pixels) for row in (({x: 1}, 1, a), ({x: 1}, -1, b)))
        pixels = [bounded((form, 1), sign, bound) for form, sign, bound in ends]
        return pixels + self.before + [row for node in self.nodes.values() for row in node.rows()] + self.after

    def intervals(self) -> list[tuple[Fraction, Fraction]]:
        """Bounds of every variable, by interval arithmetic from the pixels' intervals."""
        found = list(self.pixels)
        for node in self.nodes.values():
            ends = [interval((z, node.scale), found) for z in node.arguments] + [(Fraction(0), Fraction(0))] * node.relu
            found.append((max(a for a, _ in ends), max(b for _, b in ends)))
        return found

    def key(self) -> object:
        """Equal for sequents that say the same (rows and goal of the same numbered pixels and nodes)."""
        nodes = [(n.relu, n.scale, *(tuple(sorted(z.items())) for z in n.arguments)) for n in self.nodes.values()]
        return self.size, tuple(self.rows()), tuple(nodes), self.goal


def interval(form: Scaled, bounds: list[tuple[Fraction, Fraction]]) -> tuple[Fraction, Fraction]:
    """The least and the greatest value of a form where each variable lies within its bounds."""
    terms = [(c, bounds[v]) for v, c in form[0].items() if v != CONST]
    q = lcm(*(x.denominator for _, ends in terms for x in ends))
    a = b = form[0].get(CONST, 0) * q
    for c, (low, high) in terms:
        x, y = (c * end.numerator * (q // end.denominator) for end in ((low, high) if c > 0 else (high, low)))
        a, b = a + x, b + y
    return Fraction(a, q * form[1]), Fraction(b, q * form[1])


class Local:
    """The sequent about S_K (for the channels given) at one position, in which certain windows are clear.

    `inside` is a window whose pixels lie in its template's intervals. `values` are the forms of S_K.
    """

    def __init__(
        self, st: Statement, channels: Iterable[int], kind: Kind, clear: list[Window], inside: list[Window]
    ) -> None:
        self.st, self.kind, self.sequent = st, kind, Sequent()
        looks = self._looks(channels)
        pixels = {p for below in looks[0].values() for p, _ in below} if looks else {(k, 0, 0) for k in channels}
        for f, t, r, s in clear:
            pixels.update((k, i + r, j + s) for k, i, j in st.features[f].templates[t])
        boxes = {(k, i + r, j + s): x for f, t, r, s in inside for (k, i, j), x in st.features[f].templates[t].items()}
        numbers = {place: self.sequent.variable() for place in sorted(pixels)}
        self.sequent.pixels = [boxes.get(place, st.pixel) for place in numbers]
        values = {place: st.read(({x: 1}, 1)) for place, x in numbers.items()}
        for layer, places in zip(st.stem, looks):
            below, values = values, {}
            for place in sorted(places):
                parts = [(weight, below[p]) for p, weight in places[place]]
                if layer.word in ("relu", "maxpool"):
                    values[place] = self.sequent.maximum(layer.word == "relu", [form for _, form in parts])
                else:
                    values[place] = summed(parts, layer.bias[place[0]], layer.scale)
        self.values = {k: values[k, 0, 0] for k in channels}
        self.sequent.after = [self._clear(window, numbers) for window in clear]

    def _looks(self, channels: Iterable[int]) -> list[dict[Place, list[tuple[Place, int]]]]:
        """For each layer: every place of its output that is needed, with the existing places it looks at."""
        found: list[dict[Place, list[tuple[Place, int]]]] = []
        needed = {(k, 0, 0) for k in channels}
        level = sum(layer.word != "relu" for layer in self.st.stem)
        for layer in reversed(self.st.stem):
            level -= layer.word != "relu"
            relu = layer.word == "relu"
            found.insert(0, {p: [(p, 1)] if relu else list(self._below(layer, level, p)) for p in needed})
            needed = {p for below in found[0].values() for p, _ in below}
        return found

    def _below(self, layer: Layer, level: int, place: Place) -> Iterator[tuple[Place, int]]:
        (top, bottom), (left, right) = self.kind[0][level], self.kind[1][level]
        for k, i, j, weight in layer.seen(place[0]):
            r, c = place[1] * layer.down + i, place[2] * layer.right + j
            if top <= r < bottom and left <= c < right:
                yield (k, r, c), weight

    def _clear(self, window: Window, numbers: dict[Place, int]) -> Row:
        """The window's excess is at least the gap."""
        f, t, r, s = window
        feature, (least, most) = self.st.features[f], self.st.pixel
        terms: list[tuple[int, Scaled]] = []
        for (k, i, j), (low, high) in sorted(feature.templates[t].items()):
            x = numbers[k, i + r, j + s]
            above = {x: high.denominator, CONST: -high.numerator}, high.denominator
            under = {x: -low.denominator, CONST: low.numerator}, low.denominator
            ends = [above] * (high < most) + [under] * (low > least)
            terms += [(1, self.sequent.maximum(True, [end])) for end in ends]
        return bounded(summed(terms, 0, 1), 1, feature.gap)


class Facts:
    """The facts proved so far, and what they say of pooled channels."""

    def __init__(self, st: Statement) -> None:
        self.st = st
        self.floors: dict[int, list[Fraction]] = {}
        self.uppers: dict[int, list[tuple[int, Fraction, tuple[int, ...]]]] = {}
        self.lowers: dict[tuple[int, int], list[tuple[int, Fraction]]] = {}

    def spread(self, bound: Fraction, sign: int) -> Fraction | None:
        """What the pooled channel is at least (sign 1), or at most (sign -1), if every position is."""
        if self.st.pool != "sum":
            return bound
        number = self.st.fewest if sign * bound >= 0 else self.st.greatest
        return None if number is None else bound * number

    def somewhere(self, channel: int, bound: Fraction) -> Fraction | None:
        """What the pooled channel is at least, if some position is at least `bound`."""
        if self.st.pool == "max":
            return bound
        low = max(self.floors.get(channel, ()), default=None)
        if low is None:
            return None
        number = self.st.fewest if self.st.pool == "sum" and low >= 0 else self.st.greatest
        if number is None:
            return None
        if self.st.pool == "sum":
            return bound + low * (number - 1)
        return low + (bound - low) / number if bound > low else None


class Head:
    """The sequent about logits: the formula of one class holds (or none is said to), those of others fail."""

    def __init__(self, facts: Facts, holds: list[int], fails: list[int], goal: dict[int, int], bound: Fraction) -> None:
        self.facts, self.st, self.sequent = facts, facts.st, Sequent()
        self.atoms = 0
        self.contains: dict[int, int] = {}
        self.channels: dict[int, int] = {}
        values = self._logits(set(goal))
        self.sequent.goal = bounded(summed([(c, values[o]) for o, c in goal.items()], 0, 1), 1, bound)
        for y in holds:
            self._formula(y, True)
        for z in fails:
            self._formula(z, False)
        self._switches()

    def _logits(self, goal: set[int]) -> dict[int, Scaled]:
        needed = [goal]
        for layer in reversed(self.st.head):
            needed.insert(0, {k for o in needed[0] for k, *_ in layer.taps[o]} if layer.taps else needed[0])
        self.channels = {k: self.sequent.variable() for k in sorted(needed[0])}
        for k, m in self.channels.items():
            for floor in self.facts.floors.get(k, ()):
                self.sequent.before += self._pooled(m, 1, self.facts.spread(floor, 1))
            for _, high, avoid in self.facts.uppers.get(k, ()):
                self.sequent.before += self._pooled(m, -1, None if avoid else self.facts.spread(high, -1))
        values: dict[int, Scaled] = {k: ({m: 1}, 1) for k, m in self.channels.items()}
        for layer, outputs in zip(self.st.head, needed[1:]):
            below, values = values, {}
            for o in sorted(outputs):
                if layer.word == "relu":
                    values[o] = self.sequent.maximum(True, [below[o]])
                else:
                    values[o] = summed([(w, below[k]) for k, _, _, w in layer.taps[o]], layer.bias[o], layer.scale)
        return values

    def _pooled(self, m: int, sign: int, bound: Fraction | None) -> list[Row]:
        return [] if bound is None else [bounded(({m: 1}, 1), sign, bound)]

    def _atom(self) -> int:
        self.atoms += 1
        return self.atoms

    def _literals(self, alternative: Alternative) -> list[int]:
        for f in (*alternative[0], *alternative[1]):
            if f not in self.contains:
                self.contains[f] = self._atom()
        return [self.contains[f] for f in alternative[0]] + [-self.contains[f] for f in alternative[1]]

    def _formula(self, y: int, holds: bool) -> None:
        """The clauses of: the formula of class y holds, or fails (that of `otherwise` holds where all others fail)."""
        own = self.st.classes[y]
        alternatives = own if own is not None else [a for other in self.st.classes for a in other or ()]
        literals = [self._literals(a) for a in alternatives]
        if holds is (own is None):
            self.sequent.clauses += [tuple(-x for x in listed) for listed in literals]
            return
        atoms = [self._atom() for _ in alternatives]
        self.sequent.clauses.append(tuple(atoms))
        self.sequent.clauses += [(-atom, x) for atom, listed in zip(atoms, literals) for x in listed]

    def _switches(self) -> None:
        """Clauses that introduce templates and avoided sets, and the rows of the facts that they switch on."""
        for f in sorted(self.contains):
            atoms = [self._atom() for _ in self.st.features[f].templates]
            self.sequent.clauses.append((-self.contains[f], *atoms))
            for t, atom in enumerate(atoms):
                known = [x for x in self.facts.lowers.get((f, t), ()) if x[0] in self.channels]
                pooled = [(self.channels[k], self.facts.somewhere(k, low)) for k, low in known]
                self.sequent.switched[atom] = [row for m, low in pooled for row in self._pooled(m, 1, low)]
        found = [(*fact, k) for k in self.channels for fact in self.facts.uppers.get(k, ()) if fact[2]]
        for _, high, avoid, k in sorted(found):
            rows = self._pooled(self.channels[k], -1, self.facts.spread(high, -1))
            if rows and all(f in self.contains for f in avoid):
                self.sequent.switched[self._atom()] = rows
                self.sequent.clauses.append((self.atoms, *(self.contains[f] for f in avoid)))


# -- proofs -----------------------------------------------------------------------------------------------------------


class Task:
    """A branch to be proved: how many rows it keeps, those it adds, the literals assumed, its goal."""

    def __init__(self, kept: int, more: list[Row], assumed: frozenset[int], goal: Row) -> None:
        self.kept, self.more, self.assumed, self.goal = kept, more, assumed, goal


class Proof:
    """Reads the proof of one sequent; rejects unless every branch is closed. One method a rule (FORMAT.md, "Rules")."""

    def __init__(self, lines: Lines, sequent: Sequent) -> None:
        self.lines, self.sequent, self.rows = lines, sequent, sequent.rows()
        steps = {"lin": self._lin, "sub": self._sub, "chord": self._chord, "maxle": self._maxle}
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
            self.rows[task.kept :] = task.more
            while (tokens := self._next())[0] in steps:
                self.rows.append(primitive(steps[tokens[0]](tokens)))
            need(tokens[0] in ends, "a proof line", tokens[0])
            tasks += reversed(ends[tokens[0]](tokens, task))

    def _next(self) -> list[str]:
        tokens = self.lines.next("proof")
        self.lines.rule = tokens[0] if tokens[0].isalpha() else "proof"
        return tokens

    def _numbers(self, usage: str, extra: int) -> list[int]:
        """The integers `n a1 b1 .. an bn ..` after the line's first word, with `extra` numbers after the pairs."""
        need(INTEGERS.fullmatch(self.lines.text), usage, self.lines.text)
        numbers = [int(token) for token in self.lines.text.split(" ")[1:]]
        need(numbers and len(numbers) == 1 + 2 * numbers[0] + extra, usage, self.lines.text)
        return numbers

    def _combination(self) -> Form:
        """The positive combination of rows that the line names."""
        numbers = self._numbers("n r1 a1 .. rn an", 0)
        chosen, factors = numbers[1::2], numbers[2::2]
        fits = not chosen or (chosen[0] >= 0 and chosen[-1] < len(self.rows) and chosen == sorted(set(chosen)))
        need(fits and min(factors, default=1) > 0, "ascending rows, positive multipliers", self.lines.text)
        total: Form = {}
        get = total.get
        for r, a in zip(chosen, factors):
            for v, c in self.rows[r]:
                total[v] = get(v, 0) + a * c
        return total

    def _multiple(self, row: str, factor: str) -> Form:
        """A positive multiple of a row, or `- 0`: the form 0."""
        if (row, factor) == ("-", "0"):
            return {}
        return combined((positive(factor), self._row(row)))

    def _row(self, token: str) -> Row:
        return self.rows[count(token, 0, len(self.rows))]

    def _node(self, token: str, relu: bool) -> Node:
        node = self.sequent.nodes.get(count(token))
        if node is None or node.relu is not relu:
            raise Reject("a ReLU node" if relu else "a max node", token)
        return node

    def _lin(self, _: list[str]) -> Form:
        total = self._combination()
        need(self.lines.text != "lin 0", "one row or more", "none")
        return total

    def _sub(self, tokens: list[str]) -> Form:
        """From q*row = sum b_j Z_j - s Z + c: sum b_j Y_j - s Y + max(0, c) >= 0."""
        p, q, v, scale, number, *pairs = matched(tokens, "sub ? ? ? ? ? ..")
        need(len(pairs) == 2 * count(number), "m pairs", self.lines.text)
        others, factors = ascending(pairs[::2], self.sequent.size), [positive(b) for b in pairs[1::2]]
        nodes = [(-positive(scale), self._node(v, True))]
        nodes += [(b, self._node(str(u), True)) for u, b in zip(others, factors)]
        arguments = combined(*((b, node.arguments[0].items()) for b, node in nodes))
        rest = combined((1, self._multiple(p, q).items()), (-1, arguments.items()))
        constant = rest.pop(CONST, 0)
        need(not any(rest.values()), "a premise about the arguments' combination", rest)
        return combined(*((b * node.scale, ((node.y, 1),)) for b, node in nodes), (max(0, constant), ((CONST, 1),)))

    def _chord(self, tokens: list[str]) -> Form:
        """From Z >= l and Z <= u with l < 0 < u: u(Z - l) - (u - l)Y >= 0."""
        v, p, q = matched(tokens, "chord ? ? ?")
        node = self._node(v, True)
        z = node.arguments[0]
        low, high = offset(z, self._row(p), 1), offset(z, self._row(q), -1)
        need(low < 0 < high, "bounds below and above 0", (low, high))
        g = lcm(low.denominator, high.denominator)
        least, most = int(low * g), int(high * g)
        slope = (most - least) * g * node.scale
        return combined((most * g, z.items()), (-most * least, ((CONST, 1),)), (-slope, ((node.y, 1),)))

    def _maxle(self, tokens: list[str]) -> Form:
        """From rows a_i*row_i = E_i - s Z_i, where the E_i differ only in constants: (the largest E_i) - s Y >= 0."""
        v, scale, *pairs = matched(tokens, "maxle ? ? ..")
        node, s = self._node(v, False), positive(scale)
        need(len(pairs) == 2 * len(node.arguments), "one pair an argument", self.lines.text)
        bounds = []
        for r, a, z in zip(pairs[::2], pairs[1::2], node.arguments):
            form = combined((1, self._multiple(r, a).items()), (s, z.items()))
            bounds.append((form.pop(CONST, 0), {x: c for x, c in form.items() if c}))
        need(all(form == bounds[0][1] for _, form in bounds), "one form above all arguments", self.lines.text)
        constant = max(constant for constant, _ in bounds)
        return combined((1, bounds[0][1].items()), (constant, ((CONST, 1),)), (-s * node.scale, ((node.y, 1),)))

    def _form(self) -> Row:
        """The form that the line writes out."""
        numbers = self._numbers("n v1 a1 .. vn an c", 1)
        form, previous = {CONST: numbers.pop()}, -1
        for v, a in zip(numbers[1::2], numbers[2::2]):
            need(previous < v < self.sequent.size and a, "ascending variables, coefficients not 0", (v, a))
            form[v], previous = a, v
        return primitive(form)

    def _branches(self, task: Task, branches: list[list[Row]]) -> list[Task]:
        return [Task(len(self.rows), rows, task.assumed, task.goal) for rows in branches]

    def _have(self, _: list[str], task: Task) -> list[Task]:
        lemma = self._form()
        return [Task(len(self.rows), [], task.assumed, lemma), *self._branches(task, [[lemma]])]

    def _split(self, tokens: list[str], task: Task) -> list[Task]:
        node = self.sequent.nodes.get(count(matched(tokens, "split ?")[0]))
        if node is None:
            raise Reject("a node", tokens[1])
        least = [primitive(combined((1, z.items()), (-node.scale, ((node.y, 1),)))) for z in node.arguments]
        if not node.relu:
            return self._branches(task, [[row] for row in least])
        z = node.arguments[0]
        return self._branches(task, [[primitive(z), least[0]], [primitive(combined((-1, z.items()))), ((node.y, -1),)]])

    def _cut(self, _: list[str], task: Task) -> list[Task]:
        row = self._form()
        return self._branches(task, [[row], [primitive(combined((-1, row)))]])

    def _choose(self, tokens: list[str], task: Task) -> list[Task]:
        clause = self.sequent.clauses[count(matched(tokens, "choose ?")[0], 0, len(self.sequent.clauses))]
        branches = []
        for literal in clause:
            if -literal not in task.assumed:
                rows = [] if literal in task.assumed else self.sequent.switched.get(literal, [])
                branches.append(Task(len(self.rows), rows, task.assumed | {literal}, task.goal))
        return branches

    def _qed(self, _: list[str], task: Task) -> list[Task]:
        total, goal = self._combination(), dict(task.goal)
        constant, wanted = total.pop(CONST, 0), goal.pop(CONST, 0)
        left = {v: c for v, c in total.items() if c}
        if not left:
            need(constant < 0 or (not goal and wanted >= 0), "a negative constant, or the goal", (constant, task.goal))
            return []
        need(left.keys() == goal.keys(), "the goal's variables", (left, task.goal))
        v = next(iter(left))
        t, g = left[v], goal[v]
        need(t * g > 0 and all(left[x] * g == goal[x] * t for x in left), "a multiple of the goal", (left, task.goal))
        need(wanted * abs(t) >= constant * abs(g), "a constant no greater than the goal's", (constant, left, task.goal))
        return []


def positive(token: str) -> int:
    """A positive integer."""
    need(NUMBER.fullmatch(token) and "/" not in token and token[0] not in "-0", "a positive integer", token)
    return int(token)


def offset(z: Form, row: Row, sign: int) -> Fraction:
    """The bound b if the row says Z >= b (sign 1) or Z <= b (sign -1) up to positive scale."""
    form, pairs = dict(row), {v: c for v, c in z.items() if v != CONST}
    constant = form.pop(CONST, 0)
    v = next(iter(pairs))
    a = Fraction(form.get(v, 0), pairs[v])  # row = a * (Z - its constant) + constant
    same = form.keys() == pairs.keys() and all(form[x] == a * pairs[x] for x in pairs)
    need(sign * a > 0 and same, "a row about the node's argument", row)
    return z.get(CONST, 0) - constant / a


# -- witnesses --------------------------------------------------------------------------------------------------------


class Witness:
    """An image of class y, read and re-evaluated: it must be admissible, and logit y must lead by the margin."""

    def __init__(self, st: Statement, lines: Lines, y: int) -> None:
        self.st = st
        numbers = [count(token) for token in lines.match("witness", f"witness {y} ? ? ? ? ? ?")]
        self.core, self.whole, self.place = numbers[:2], numbers[2:4], numbers[4:]
        sides = list(zip(self.core, self.whole, self.place, st.least, st.most))
        fits = all(p < c <= n and a <= n and (b is None or n <= b) for c, n, p, a, b in sides)
        need(fits, "a core in an image of the range", lines.text)
        h, w = self.core
        rows: list[list[Fraction]] = []
        for _ in range(st.channels * h):
            rows.append([rational(token) for token in lines.next("witness")])
            need(
                len(rows[-1]) == w and st.pixel[0] <= min(rows[-1]) and max(rows[-1]) <= st.pixel[1],
                f"{w} numbers in the pixel range",
                lines.text,
            )
        self.q = lcm(st.common, *{x.denominator for row in rows for x in row})
        whole = [[int(x * self.q) for x in row] for row in rows]
        self.image = [[tuple(whole[k * h + i][j] for k in range(st.channels)) for j in range(w)] for i in range(h)]
        reach = max(f.rows for f in st.features), max(f.columns for f in st.features)
        shrinks = zip(self.core, self.whole, reach, st.axes)
        self.small = [_shrunk(c, n, max(r, axis.field), axis.stride) for c, n, r, axis in shrinks]
        satisfied = self._satisfied()
        need(satisfied == [y], f"an admissible image of class {y}", f"of classes {satisfied}")
        logits = self._logits()
        lead = logits[y] - max(x for z, x in enumerate(logits) if z != y)
        need(lead >= st.margin, "a lead of the margin", lead)

    def _satisfied(self) -> list[int]:
        """The classes whose formulas hold; rejects unless each feature is contained or avoided."""
        st, contained = self.st, set()
        image = self._stretched(self.image, self.small)
        windows = {(f.rows, f.columns): _windows(image, f.rows, f.columns) for f in st.features}
        for number, f in enumerate(st.features):
            gap = int(f.gap * self.q)
            nearest, m = gap, self.q // st.common
            for template in st.boxes[number]:
                box = template if m == 1 else [(k, place, a * m, b * m) for k, place, a, b in template]
                nearest = min([nearest, *(_excess(window, box, gap) for window in windows[f.rows, f.columns])])
            need(nearest in (0, gap), "each feature contained or avoided", f"feature {number} neither")
            contained |= {number} if nearest == 0 else set()
        found = [
            y
            for y, listed in enumerate(st.classes)
            if any(contained.issuperset(a) and contained.isdisjoint(b) for a, b in listed or ())
        ]
        return found or [y for y, listed in enumerate(st.classes) if listed is None]

    def _logits(self) -> list[Fraction]:
        """A maximum is that of the small image; a sum grows by the same amount with each step down and right."""
        st, base = self.st, self._pooled(0, 0)
        if st.pool != "max":
            down, right = ((n - m) // axis.stride for n, m, axis in zip(self.whole, self.small, st.axes))
            first, second, both = (
                self._pooled(i, j) for i, j in ((min(down, 1), 0), (0, min(right, 1)), (min(down, 1), min(right, 1)))
            )
            base = [
                a + down * (b - a) + right * (c - a) + down * right * (d - b - c + a)
                for a, b, c, d in zip(base, first, second, both)
            ]
        if st.pool == "mean":
            rows, columns = (axis.extents(n)[-1] for axis, n in zip(st.axes, self.whole))
            base = [x / (rows * columns) for x in base]
        for layer in st.head:
            if layer.word == "relu":
                base = [max(Fraction(0), x) for x in base]
            else:
                base = [
                    (sum((w * base[k] for k, _, _, w in taps), Fraction(b))) / layer.scale
                    for taps, b in zip(layer.taps, layer.bias)
                ]
        return base

    def _pooled(self, down: int, right: int) -> list[Fraction]:
        """The maximum or the sum of the stem's outputs, the image taken that many steps larger."""
        st, q, image = self.st, self.q, self.image
        if st.unit == "byte":
            low, factor = st.pixel[0], 255 / (st.pixel[1] - st.pixel[0])
            p, q = factor.numerator, self.q * factor.denominator
            image = [[tuple(p * (x - int(low * self.q)) for x in cell) for cell in line] for line in image]
        steps = zip(self.small, (down, right), st.axes)
        grid = self._stretched(image, [m + n * axis.stride for m, n, axis in steps])
        for layer in st.stem:
            grid, q = _applied(layer, grid, q), q * layer.scale
        join: Callable[[Iterable[int]], int] = max if st.pool == "max" else sum
        cells = [cell for line in grid for cell in line]
        return [Fraction(join(column), q) for column in zip(*cells)]

    def _stretched(self, image: Grid, size: list[int]) -> Grid:
        """The image with its row and its column repeated until it has this size."""
        rows, columns = ([*range(p), *[p] * (n - m), *range(p, m)] for n, m, p in zip(size, self.core, self.place))
        return [[image[i][j] for j in columns] for i in rows]


def _shrunk(core: int, length: int, reach: int, stride: int) -> int:
    """What is left when `stride` lines are taken from a long run, again and again (FORMAT.md, "Witnesses")."""
    excess = length - core + 1 - (reach + 2 * stride - 1)
    return length if excess < 0 else length - (excess // stride + 1) * stride


def _windows(image: Grid, rows: int, columns: int) -> list[tuple[Pixels, ...]]:
    """The different windows of this size, each as its pixels row by row."""
    bands = (image[i : i + rows] for i in range(len(image) - rows + 1))
    starts = range(len(image[0]) - columns + 1)
    return list({tuple([x for line in band for x in line[j : j + columns]]): None for band in bands for j in starts})


def _excess(window: tuple[Pixels, ...], box: list[tuple[int, int, int, int]], enough: int) -> int:
    """The window's excess over a template, or `enough` if it is at least that."""
    total = 0
    for channel, place, low, high in box:
        x = window[place][channel]
        if not low <= x <= high:
            total += x - high if x > high else low - x
            if total >= enough:
                return enough
    return total


def _applied(layer: Layer, grid: Grid, q: int) -> Grid:
    """A layer's outputs times `layer.scale` (the inputs are over q); equal windows are computed once."""
    nowhere: list[Pixels] = [()]
    blank = nowhere * (layer.left + len(grid[0]) + layer.end)
    wide = [nowhere * layer.left + line + nowhere * layer.end for line in grid]
    wide = [blank] * layer.top + wide + [blank] * layer.bottom
    nothing, known = (0,) * layer.inputs, {}

    def value(cells: tuple[Pixels, ...]) -> Pixels:
        if layer.word == "relu":
            return tuple([max(0, x) for x in cells[0]])
        if layer.word == "maxpool":
            return tuple(map(max, zip(*filter(None, cells))))
        if layer.word == "avgpool":
            return tuple(map(sum, zip(*(cell or nothing for cell in cells))))
        inputs = [x for cell in cells for x in cell or nothing]
        return tuple([sum(map(mul, row, inputs)) + b * q for row, b in zip(layer.dense(), layer.bias)])

    result = []
    for i in range(0, len(wide) - layer.rows + 1, layer.down):
        band, line = wide[i : i + layer.rows], []
        for j in range(0, len(blank) - layer.columns + 1, layer.right):
            cells = tuple([cell for row in band for cell in row[j : j + layer.columns]])
            if cells not in known:
                known[cells] = value(cells)
            line.append(known[cells])
        result.append(line)
    return result


# -- the certificate --------------------------------------------------------------------------------------------------


class Certificate:
    """Reads a certificate of a statement; rejects unless it proves it."""

    def __init__(self, st: Statement, lines: Lines) -> None:
        self.st, self.lines, self.facts = st, lines, Facts(st)
        self.boxes: dict[Kind, dict[int, tuple[Fraction, Fraction]]] = {}
        lines.match("certificate", "exactcnn certificate 1")
        lines.match("certificate", f"statement {st.hash}")
        for y in range(len(st.classes)):
            Witness(st, lines, y)
        facts = {"floor": self._floor, "upper": self._upper, "lower": self._lower}
        for j in range(count(lines.match("facts", "facts ?")[0])):
            tokens = lines.next("facts")
            need(tokens[0] in facts, "floor, upper or lower", tokens[0])
            lines.rule = tokens[0]
            facts[tokens[0]](tokens, j)
        lines.match("head", "head")
        self._head()
        lines.match("certificate", "end")
        lines.finish()

    def _channel(self, token: str) -> int:
        return count(token, 0, self.st.width)

    def _box(self, kind: Kind, channel: int) -> tuple[Fraction, Fraction]:
        """Interval bounds of S_K at a kind of position."""
        if kind not in self.boxes:
            everything = Local(self.st, range(self.st.width), kind, [], [])
            bounds = everything.sequent.intervals()
            self.boxes[kind] = {k: interval(form, bounds) for k, form in everything.values.items()}
        return self.boxes[kind][channel]

    def _proved(self, tokens: list[str], local: Local, goal: Row, proved: set[object]) -> None:
        """`prove` with a proof, or `same` as a sequent proved before."""
        local.sequent.goal = goal
        if tokens == ["prove"]:
            Proof(self.lines, local.sequent)
            proved.add(local.sequent.key())
        else:
            need(tokens == ["same"] and local.sequent.key() in proved, "prove, or same as one proved", self.lines.text)

    def _floor(self, tokens: list[str], _: int) -> None:
        k, bound = matched(tokens, "floor ? ?")
        channel, low, proved = self._channel(k), rational(bound), set[object]()
        for kind in self.st.kinds:
            tokens = self.lines.next("floor")
            if tokens == ["box"]:
                need(self._box(kind, channel)[0] >= low, "an interval above the floor", self._box(kind, channel))
                continue
            local = Local(self.st, [channel], kind, [], [])
            self._proved(tokens, local, bounded(local.values[channel], 1, low), proved)
        self.facts.floors.setdefault(channel, []).append(low)

    def _upper(self, tokens: list[str], j: int) -> None:
        k, bound, *features = matched(tokens, "upper ? ? avoid ..")
        channel, high, proved = self._channel(k), rational(bound), set[object]()
        avoid = ascending(features, len(self.st.features))
        for kind in self.st.kinds:
            tokens = self.lines.next("upper")
            if tokens == ["box"]:
                need(self._box(kind, channel)[1] <= high, "an interval below the bound", self._box(kind, channel))
                continue
            clear = self._clear(tokens, kind, avoid)
            local = Local(self.st, [channel], kind, clear, [])
            self._proved(tokens[:1], local, bounded(local.values[channel], -1, high), proved)
        self.facts.uppers.setdefault(channel, []).append((j, high, avoid))

    def _clear(self, tokens: list[str], kind: Kind, avoid: tuple[int, ...]) -> list[Window]:
        """The windows `n f t r s ..` after the first token: in the field and the image, of avoided features."""
        numbers = [count(token) for token in tokens[1:]]
        need(numbers and len(numbers) == 1 + 4 * numbers[0], "n f t r s ..", self.lines.text)
        windows = list(zip(numbers[1::4], numbers[2::4], numbers[3::4], numbers[4::4]))
        need(all(a < b for a, b in zip(windows, windows[1:])), "ascending windows", self.lines.text)
        (top, bottom), (left, right) = kind[0][0], kind[1][0]
        for f, t, r, s in windows:
            need(f in avoid and t < len(self.st.features[f].templates), "templates of avoided features", (f, t))
            down, across = r + self.st.features[f].rows, s + self.st.features[f].columns
            need(top <= r and down <= bottom and left <= s and across <= right, "windows that exist", (f, t, r, s))
        return windows

    def _lower(self, tokens: list[str], _: int) -> None:
        f, t, k, bound = matched(tokens, "lower ? ? ? ?")
        number, channel, low, proved = (
            count(f, 0, len(self.st.features)),
            self._channel(k),
            rational(bound),
            set[object](),
        )
        template = count(t, 0, len(self.st.features[number].templates))
        for rows, columns in self.st.windows(self.st.features[number]):
            i, j, *tokens = self.lines.match("lower", "see ? ? ..")
            (r, down), (s, right) = rows[count(i, 0, len(rows))], columns[count(j, 0, len(columns))]
            local = Local(self.st, [channel], (down, right), [], [(number, template, r, s)])
            if tokens == ["box"]:
                least = interval(local.values[channel], local.sequent.intervals())[0]
                need(least >= low, "an interval above the bound", least)
                continue
            self._proved(tokens, local, bounded(local.values[channel], 1, low), proved)
        self.facts.lowers.setdefault((number, template), []).append((channel, low))

    def _head(self) -> None:
        classes = self.st.classes
        least = [self._one_sided("right", y, [y], [], 1) for y in range(len(classes))]
        most = [self._one_sided("wrong", z, [], [z], -1) for z in range(len(classes))]
        for y, a in enumerate(least):
            for z, b in enumerate(most):
                if y != z and (a is None or b is None or a - b < self.st.margin):
                    self.lines.match("pair", f"pair {y} {z}")
                    fails = [
                        x for x in range(len(classes)) if x != y and classes[x] is not None and classes[y] is not None
                    ]
                    self._prove([y], fails, {y: 1, z: -1}, self.st.margin)

    def _one_sided(self, rule: str, y: int, holds: list[int], fails: list[int], sign: int) -> Fraction | None:
        (text,) = self.lines.match(rule, f"{rule} {y} ?")
        if text == "none":
            return None
        bound = rational(text)
        self._prove(holds, fails, {y: sign}, sign * bound)
        return bound

    def _prove(self, holds: list[int], fails: list[int], goal: dict[int, int], bound: Fraction) -> None:
        self.lines.match("head", "prove")
        Proof(self.lines, Head(self.facts, holds, fails, goal, bound).sequent)


def check(statement: BinaryIO, certificate: BinaryIO) -> tuple[bool, str]:
    """Whether the certificate proves the statement, and the verdict in one line."""
    lines = Lines(statement)
    try:
        st = Statement(lines)
        lines = Lines(certificate)
        Certificate(st, lines)
    except Reject as reject:
        expected = str(reject.args[0])
        try:
            got = str(reject.args[1])[:200]
        except ValueError:  # an integer with too many digits to be written
            got = "a number that is too long"
    except (ArithmeticError, AttributeError, LookupError, MemoryError, RuntimeError, TypeError, ValueError) as error:
        # Not expected; but whatever goes wrong, nothing is proved.
        expected, got = "a kernel without errors", type(error).__name__
    else:
        return True, f"PROVED {st.hash} margin {st.margin} sizes {st.sizes()}"
    text = f"line {lines.number} rule {lines.rule}: expected {expected}, got {got}"
    return False, "REJECTED " + text.replace("\n", " ").encode("ascii", "replace").decode()


def main(arguments: list[str]) -> int:
    """Checks the two files named: 0 for PROVED, 1 for REJECTED, 4 for files that cannot be read."""
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

"""The kernel: checks that a certificate proves a statement. FORMAT.md beside it has both formats and every rule.

    python -I -S kernel.py STATEMENT CERTIFICATE

One file, standard library only, integers only. It derives all that has to be proved from the statement and never
searches. A number p/q is a pair of integers. A form is a dict from variable to integer coefficient, its constant under
CONST; with a denominator it is `Scaled`. A row is a form without a common divisor, as sorted pairs, and says that the
form is >= 0. The ends of templates, gaps and pixels are integers over the statement's `unit`.
"""

from __future__ import annotations

import hashlib
import os
import re
import sys
from collections.abc import Callable, Iterable
from itertools import product
from math import gcd, lcm
from operator import mul
from typing import BinaryIO
from urllib.parse import quote, unquote

Number = tuple[int, int]  # p/q with q > 0
Form = dict[int, int]
Scaled = tuple[Form, int]
Row = tuple[tuple[int, int], ...]
Place = tuple[int, int, int]  # channel, row, column
Looks = dict[Place, list[tuple[Place, int]]]  # of each place of a layer's output: the places it looks at, their weights
Signature = tuple[tuple[int, int], ...]
Kind = tuple[Signature, Signature]  # along the rows and along the columns
Sight = tuple[int, Signature]  # a window's offset in a position's field, and the position's signature
Window = tuple[int, int, int, int]  # feature, template, row and column in the field
Alternative = tuple[tuple[int, ...], tuple[int, ...]]  # features required and forbidden
Grid = list[list[tuple[int, ...]]]  # rows of cells with one number a channel

CONST = -1
FINE = 1 << 256  # bounds of rounding errors are integers over this
LARGEST = 512  # of windows, steps, paddings and fields
MOST_WEIGHTS = 2 * 10**7  # in a layer
COUNT = re.compile(r"0|[1-9][0-9]{0,8}")
INTEGERS = re.compile(r"\w+(?: (?:0|-?[1-9][0-9]{0,3999}))*", re.ASCII)
NUMBER = re.compile(r"(0|-?[1-9][0-9]{0,3999})(?:/([1-9][0-9]{0,3999}))?")
HASH = re.compile(r"[0-9a-f]{64}")


class Reject(Exception):  # noqa: N818 - a verdict, not an error
    """What was expected, and what was found instead."""


def need(condition: object, expected: str, got: object) -> None:
    """Rejects unless the condition holds."""
    if not condition:
        raise Reject(expected, got)


# -- tokens and numbers -----------------------------------------------------------------------------------------------


class Lines:
    """The lines of a file as tokens, one after another; `rule` is the rule that the line read last is for."""

    def __init__(self, stream: BinaryIO) -> None:
        self.stream, self.number, self.rule, self.text, self.digest = stream, 0, "", "", hashlib.sha256()

    def next(self, rule: str) -> list[str]:
        """The tokens of the next line."""
        raw = self.stream.readline(1 << 26)
        self.number, self.rule = self.number + 1, rule
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


def rational(token: str) -> Number:
    """An integer, or p/q in lowest terms with q > 1."""
    match = NUMBER.fullmatch(token)
    if not match:
        raise Reject("an integer or p/q", token)
    p, q = int(match[1]), int(match[2] or 1)
    need(match[2] is None or (q > 1 and gcd(p, q) == 1), "lowest terms", token)
    return p, q


def at_most(a: Number, b: Number) -> bool:
    """Whether a <= b."""
    return a[0] * b[1] <= b[0] * a[1]


def ascending(tokens: list[str], below: int) -> tuple[int, ...]:
    """Different numbers in ascending order."""
    numbers = tuple(count(token, 0, below) for token in tokens)
    need(all(a < b for a, b in zip(numbers, numbers[1:])), "ascending numbers", tokens)
    return numbers


def name(text: str) -> str:
    """A percent-encoded name, encoded only where needed; the empty one is `%`."""
    try:
        plain = "" if text == "%" else unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise Reject("a name in UTF-8", text) from None
    need((quote(plain, safe="") or "%") == text, "a name encoded only where needed", text)
    return text


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
    """The sum of multiples of forms and a constant, all over q."""
    common = lcm(*(d for _, (_, d) in parts))
    total = combined(*((a * (common // d), form.items()) for a, (form, d) in parts), (common, ((CONST, constant),)))
    return total, q * common


def bounded(form: Scaled, sign: int, bound: Number) -> Row:
    """The row that says: the form is >= bound (sign 1), or <= bound (sign -1)."""
    return primitive(combined((sign * bound[1], form[0].items()), (-sign * bound[0] * form[1], ((CONST, 1),))))


# -- the statement ----------------------------------------------------------------------------------------------------


class Layer:
    """A layer; the weights and biases of `conv` and `dense` (and of `avgpool`) are integers over `scale`."""

    def __init__(self, lines: Lines, tokens: list[str], width: int) -> None:
        self.word, self.scale = tokens[0], 1
        shape = " out ? in ?" if self.word in ("conv", "dense") else ""
        window = " rows ? columns ? stride ? ? padding ? ? ? ?" if self.word in ("conv", "maxpool", "avgpool") else ""
        numbers = [count(token) for token in matched(tokens, self.word + shape + window)]
        self.outputs, self.inputs = (numbers.pop(0), numbers.pop(0)) if shape else (width, width)
        numbers = numbers or [1, 1, 1, 1, 0, 0, 0, 0]
        need(self.inputs == width and self.outputs, f"{width} inputs, and outputs", lines.text)
        need(min(numbers[:4]) > 0 and max(numbers) <= LARGEST, f"windows, paddings up to {LARGEST}", lines.text)
        self.rows, self.columns, self.down, self.right, self.top, self.left, self.bottom, self.end = numbers
        padded = max(self.top, self.bottom) >= self.rows or max(self.left, self.end) >= self.columns
        need(self.word != "maxpool" or not padded, "less padding than a max pool's window", lines.text)
        self.taps: list[list[tuple[int, int, int, int]]] = []  # an output: input channel, row, column, weight
        self.bias = [0] * self.outputs
        if shape:
            self._weights(lines)
        elif self.word == "avgpool":
            self.scale = self.rows * self.columns
        self.norm = max((sum(abs(w) for *_, w in taps) for taps in self.taps), default=0)
        self.known: dict[int, tuple[list[int], int]] = {}

    def _weights(self, lines: Lines) -> None:
        size = self.inputs * self.rows * self.columns
        need(self.outputs * size <= MOST_WEIGHTS, f"at most {MOST_WEIGHTS} weights", self.outputs * size)
        rows = [values(lines.next("network"), size) for _ in range(self.outputs)]
        bias = values(lines.match("network", "bias .."), self.outputs)
        self.scale = lcm(*{q for row in (bias, *rows) for _, q in row})
        need(self.scale.bit_length() < 1 << 16, "a common denominator below 2^65536", "more")
        self.bias = [p * (self.scale // q) for p, q in bias]
        places = list(product(range(self.inputs), range(self.rows), range(self.columns)))
        self.taps = [[(*place, p * (self.scale // q)) for place, (p, q) in zip(places, row) if p] for row in rows]

    def below(self, place: Place, rows: tuple[int, int], columns: tuple[int, int]) -> list[tuple[Place, int]]:
        """What the output at a place looks at, as far as it exists, with weights."""
        k, row, column = place[0], place[1] * self.down, place[2] * self.right
        taps = self.taps[k] if self.taps else [(k, i, j, 1) for i in range(self.rows) for j in range(self.columns)]
        seen = [((channel, row + i, column + j), weight) for channel, i, j, weight in taps]
        return [x for x in seen if rows[0] <= x[0][1] < rows[1] and columns[0] <= x[0][2] < columns[1]]

    def packed(self, width: int) -> tuple[list[int], int]:
        """Of each input in a window, its weights for all outputs, packed; and the biases."""
        if width not in self.known:
            matrix = [[0] * self.outputs for _ in range(self.rows * self.columns * self.inputs)]
            for o, taps in enumerate(self.taps):
                for k, i, j, weight in taps:
                    matrix[(i * self.columns + j) * self.inputs + k][o] = weight
            self.known[width] = [pack(column, width) for column in matrix], pack(self.bias, width)
        return self.known[width]


def values(tokens: list[str], size: int) -> list[Number]:
    """Run-length coded numbers."""
    found: list[Number] = []
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

    def __init__(self, lines: Lines, channels: int, low: Number, high: Number) -> None:
        title, rows, columns, gap, templates = lines.match("statement", "feature ? ? ? gap ? templates ?")
        self.name, self.rows, self.columns = name(title), count(rows, 1, LARGEST + 1), count(columns, 1, LARGEST + 1)
        self.gap, self.number = rational(gap), count(templates, 1)
        need(self.gap[0] > 0, "a gap above 0", gap)
        self.read: list[dict[Place, tuple[Number, Number]]] = []
        for _ in range(self.number):
            lines.match("statement", "template")
            self.read.append({})
            for k, i in product(range(channels), range(self.rows)):
                ends = [rational(token) for token in lines.match("statement", " ".join("??" * self.columns))]
                for j, (a, b) in enumerate(zip(ends[::2], ends[1::2])):
                    inside = at_most(low, a) and at_most(a, b) and at_most(b, high)
                    need(inside, "intervals inside the pixel range", lines.text)
                    self.read[-1][k, i, j] = a, b

    def scale(self, unit: int) -> None:
        """The gap and the intervals as integers over `unit`."""
        self.least = whole(self.gap, unit)
        self.templates = [{p: (whole(a, unit), whole(b, unit)) for p, (a, b) in t.items()} for t in self.read]


def whole(x: Number, unit: int) -> int:
    """A number times a multiple of its denominator."""
    return x[0] * (unit // x[1])


class Statement:
    """What is claimed, and what it says about shapes: border kinds, classes of windows, numbers of positions."""

    def __init__(self, lines: Lines) -> None:
        def line(words: str) -> list[str]:
            return lines.match("statement", words)

        line("exactcnn statement 1")
        ends = line("sizes ? ? ? ?")
        self.least = count(ends[0], 1), count(ends[2], 1)
        self.most = [None if t == "any" else count(t, a) for t, a in zip(ends[1::2], self.least)]
        self.claim = line("margin ..")
        execution = self.claim[1:]
        need(execution in ([], ["float32"]) or execution[:2] == ["float32", "step"], "float32 step S", lines.text)
        self.margin = rational(self.claim[0]) if self.claim else (0, 1)
        need(self.margin[0] > 0, "a margin above 0", lines.text)
        step = rational(matched(execution, "float32 step ?")[0]) if len(execution) > 1 else None
        need(step is None or (step[0] == 1 and power_of_two(step[1])), "a step 1 or 1/2^n", lines.text)
        (source,) = line("source ?")
        need(source == "none" or HASH.fullmatch(source), "a SHA-256 or none", source)
        task, channels, low, high = line("task ? channels ? pixel ? ?")
        name(task)
        self.channels, least, most = count(channels, 1), rational(low), rational(high)
        need(not at_most(most, least), "a range of pixels", lines.text)
        number = count(line("features ?")[0], 1)
        self.features = [Feature(lines, self.channels, least, most) for _ in range(number)]
        borders = [x for f in self.features for t in f.read for ends in t.values() for x in ends]
        self.unit = lcm(*{q for _, q in (least, most, *borders, *(f.gap for f in self.features))})
        self.pixel = whole(least, self.unit), whole(most, self.unit)
        for feature in self.features:
            feature.scale(self.unit)
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
        if execution:
            # A computed lead is at most two errors below the exact one.
            (p, q), error = self.margin, Rounding(self, step).error
            self.margin = p * FINE + 2 * error * q, q * FINE

    def _class(self, lines: Lines) -> str:
        title, *more = lines.match("statement", "class ? ..")
        alternatives: list[Alternative] | None = None
        if more != ["otherwise"]:
            alternatives = []
            for _ in range(count(matched(more, "alternatives ?")[0], 1)):
                tokens = lines.match("statement", "alternative requires ..")
                need(tokens.count("forbids") == 1, "requires .. forbids ..", lines.text)
                place = tokens.index("forbids")
                first, second = (ascending(x, len(self.features)) for x in (tokens[:place], tokens[place + 1 :]))
                alternatives.append((first, second))
        self.classes.append(alternatives)
        return name(title)

    def _network(self, lines: Lines) -> None:
        lines.match("network", "exactcnn network 1")
        self.input, channels = lines.match("network", "input ? channels ?")
        need(self.input in ("pixel", "byte"), "pixel or byte", self.input)
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
            layer = Layer(lines, tokens, width)
            width = layer.outputs
            if layer.word != "flatten":
                (self.head if self.pool else self.stem).append(layer)
        need(self.pool and width == len(self.classes), f"a global pool and {len(self.classes)} logits", width)
        # Interval bounds of S_K are integers over `fine`: every layer divides by its scale, reading bytes by the range.
        self.fine = self.unit * (self.pixel[1] - self.pixel[0])
        for layer in self.stem:
            self.fine *= layer.scale

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

    def read(self, x: int) -> Scaled:
        """What the network reads for a pixel: itself, or 255 (x - low) / (high - low)."""
        low, high = self.pixel
        return ({x: 1}, 1) if self.input == "pixel" else ({x: 255 * self.unit, CONST: -255 * low}, high - low)


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


# -- rounding ---------------------------------------------------------------------------------------------------------


def power_of_two(n: int) -> bool:
    """Whether a positive integer is one."""
    return n & (n - 1) == 0


class Rounding:
    """How far computed logits may be from exact ones in binary32 (FORMAT.md, "float32").

    Of each channel `ends` has bounds of the exact values and of the error, over FINE and rounded outwards. As long as
    every number is an integer multiple of `step` and at most 2^24 of them, nothing is rounded.
    """

    def __init__(self, st: Statement, step: Number | None) -> None:
        low, high = (0, 255 * FINE) if st.input == "byte" else (x * FINE for x in st.pixel)
        ends = (low, high) if st.input == "byte" else (low // st.unit, -(-high // st.unit))
        self.step = None if step is None else FINE // step[1]
        self.ends = [(*ends, 0)] * st.channels
        for layer in st.stem:
            self._through(layer)
        if st.pool != "max":
            self._pooled(st)
        for layer in st.head:
            self._through(layer)
        self.error = max(error for _, _, error in self.ends)

    def _through(self, layer: Layer) -> None:
        if layer.word in ("relu", "maxpool"):
            floor = layer.word == "relu"
            self.ends = [(max(0, a), max(0, b), e) if floor else (a, b, e) for a, b, e in self.ends]
            return
        if layer.top + layer.left + layer.bottom + layer.end:
            self.ends = [(min(0, a), max(0, b), e) for a, b, e in self.ends]
        for weight in {w for taps in layer.taps for *_, w in taps} | set(layer.bias):
            need(float32(weight, layer.scale), "weights that float32 holds", f"{weight}/{layer.scale}")
        cells = layer.rows * layer.columns
        rows = [[(k, w) for k, _, _, w in taps] for taps in layer.taps]
        rows = rows or [[(k, 1)] * cells for k in range(layer.outputs)]
        self._summed(rows, layer.bias, layer.scale, layer.word == "avgpool")

    def _pooled(self, st: Statement) -> None:
        number = st.greatest
        if number is None:
            raise Reject("a greatest size where positions are summed", st.sizes())
        mean = st.pool == "mean"
        if mean and st.fewest != number:
            self.step = None  # which divisions are exact depends on the size
        # The least sum of fewer positions may be nearer to 0, so that 0 is taken in.
        self.ends = [(min(0, a * number), max(0, b * number), e * number) for a, b, e in self.ends]
        self._summed([[(k, 1)] for k in range(st.width)], [0] * st.width, number if mean else 1, mean, number)

    def _summed(
        self, rows: list[list[tuple[int, int]]], bias: list[int], scale: int, mean: bool, more: int = 0
    ) -> None:
        """Sums of products and a bias, in any order, over `scale`; `more` roundings than terms."""
        before = self.ends
        fits = self.step is not None and power_of_two(scale) and self.step >= (scale * FINE) >> 126
        largest, found = 0, []
        for row, b in zip(rows, bias):
            a = c = b * FINE
            size, error = abs(b) * FINE, 0
            for k, w in row:
                low, high, e = before[k]
                a, c = (a + w * low, c + w * high) if w > 0 else (a + w * high, c + w * low)
                size, error = size + abs(w) * (max(-low, high) + e), error + abs(w) * e
            found.append((a // scale, -(-c // scale), size, error, len(row) + 2 + more))
            largest = max(largest, size)
        limit = FINE if mean else scale * FINE  # a mean's sum is computed before it is divided
        need(largest < limit << 126, "numbers far below float32's largest", largest)
        exact = fits and self.step is not None and largest <= self.step << 24
        self.step = self.step // scale if exact and self.step is not None else None
        self.ends = []
        for a, c, size, error, roundings in found:
            need(roundings < 1 << 23, "fewer terms", roundings)
            # (1 + 2^-24)^n - 1 <= n / (2^24 - n); a product or quotient that underflows is off by 2^-150 at most.
            lost = 0 if exact else -(-size * roundings // ((1 << 24) - roundings)) + (scale * roundings * FINE >> 148)
            self.ends.append((a, c, -(-(error + lost) // scale)))


def float32(p: int, q: int) -> bool:
    """Whether p/q is a number of binary32 that is normal, or 0."""
    if p == 0:
        return True
    g = gcd(p, q)
    p, q = abs(p) // g, q // g
    exponent = p.bit_length() - q.bit_length()
    return power_of_two(q) and (p // (p & -p)).bit_length() <= 24 and -126 <= exponent <= 126


# -- circuits and sequents --------------------------------------------------------------------------------------------


class Node:
    """y = max(0, z) or y = max(z_1 .. z_n): `scale` (the least possible) times the arguments are integer forms."""

    def __init__(self, y: int, relu: bool, arguments: list[Scaled]) -> None:
        common = lcm(*(q for _, q in arguments))
        forms = [{v: c * (common // q) for v, c in form.items() if c} for form, q in arguments]
        g = gcd(common, *(c for form in forms for c in form.values()))
        self.y, self.relu, self.scale = y, relu, common // g
        self.arguments = [{v: c // g for v, c in form.items()} for form in forms]

    def rows(self) -> list[Row]:
        """The node is at least 0, if it is a ReLU, and at least each argument."""
        above = [primitive(combined((self.scale, ((self.y, 1),)), (-1, z.items()))) for z in self.arguments]
        return [((self.y, 1),), *above] if self.relu else above


class Sequent:
    """Inputs (pixels with intervals, or pooled channels), nodes, hypotheses; clauses that switch rows on; a goal."""

    def __init__(self, st: Statement) -> None:
        self.st, self.size = st, 0
        self.pixels: list[tuple[int, int]] = []
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
            return {CONST: max(0, *numbers) if relu else max(numbers)}, node.scale
        self.nodes[self.variable()] = node
        return {node.y: 1}, 1

    def through(self, layers: list[Layer], looks: list[Looks], values: dict[Place, Scaled]) -> dict[Place, Scaled]:
        """The forms of the last layer's outputs from those of the first one's inputs."""
        for layer, places in zip(layers, looks):
            below, values = values, {}
            for place in sorted(places):
                parts = [(weight, below[p]) for p, weight in places[place]]
                if layer.word in ("relu", "maxpool"):
                    values[place] = self.maximum(layer.word == "relu", [form for _, form in parts])
                else:
                    values[place] = summed(parts, layer.bias[place[0]], layer.scale)
        return values

    def rows(self) -> list[Row]:
        """All rows, in their order."""
        ends = [(x, sign, bound) for x, pair in enumerate(self.pixels) for sign, bound in zip((1, -1), pair)]
        pixels = [bounded(({x: 1}, 1), sign, (bound, self.st.unit)) for x, sign, bound in ends]
        return pixels + self.before + [row for node in self.nodes.values() for row in node.rows()] + self.after

    def intervals(self) -> list[tuple[int, int]]:
        """Bounds of every variable over `fine`, by interval arithmetic from the pixels' intervals."""
        factor = self.st.fine // self.st.unit
        found = [(a * factor, b * factor) for a, b in self.pixels]
        for node in self.nodes.values():
            ends = [interval((z, node.scale), found, self.st.fine) for z in node.arguments] + [(0, 0)] * node.relu
            found.append((max(a for a, _ in ends), max(b for _, b in ends)))
        return found

    def key(self) -> object:
        """Equal for sequents that say the same (rows and goal of the same numbered pixels and nodes)."""
        nodes = [(n.relu, n.scale, *(tuple(sorted(z.items())) for z in n.arguments)) for n in self.nodes.values()]
        return self.size, tuple(self.rows()), tuple(nodes), self.goal


def interval(form: Scaled, bounds: list[tuple[int, int]], fine: int) -> tuple[int, int]:
    """The least and the greatest value of a form, rounded outwards; bounds and result are over `fine`."""
    a = b = form[0].get(CONST, 0) * fine
    for v, c in form[0].items():
        if v != CONST:
            low, high = bounds[v] if c > 0 else bounds[v][::-1]
            a, b = a + c * low, b + c * high
    return a // form[1], -(-b // form[1])


def looked(layers: list[Layer], kind: Kind, channels: Iterable[int]) -> tuple[list[Looks], set[Place]]:
    """What outputs at a position of this kind look at, layer by layer; and the inputs that they need."""
    found: list[Looks] = []
    needed = {(k, 0, 0) for k in channels}
    level = sum(layer.word != "relu" for layer in layers)
    for layer in reversed(layers):
        if layer.word == "relu":
            found.insert(0, {p: [(p, 1)] for p in needed})
        else:
            level -= 1
            found.insert(0, {p: layer.below(p, kind[0][level], kind[1][level]) for p in needed})
            needed = {p for below in found[0].values() for p, _ in below}
    return found, needed


class Local(Sequent):
    """The sequent about S_K (for the channels given) at one position, in which certain windows are clear.

    `inside` is a window whose pixels lie in its template's intervals. `values` are the forms of S_K.
    """

    def __init__(
        self, st: Statement, channels: Iterable[int], kind: Kind, clear: list[Window], inside: list[Window]
    ) -> None:
        super().__init__(st)
        looks, pixels = looked(st.stem, kind, channels)
        for f, t, r, s in clear:
            pixels.update((k, i + r, j + s) for k, i, j in st.features[f].templates[t])
        boxes = {(k, i + r, j + s): x for f, t, r, s in inside for (k, i, j), x in st.features[f].templates[t].items()}
        numbers = {place: self.variable() for place in sorted(pixels)}
        self.pixels = [boxes.get(place, st.pixel) for place in numbers]
        values = self.through(st.stem, looks, {place: st.read(x) for place, x in numbers.items()})
        self.values = {k: values[k, 0, 0] for k in channels}
        self.after = [self._clear(window, numbers) for window in clear]

    def _clear(self, window: Window, numbers: dict[Place, int]) -> Row:
        """The window's excess is at least the gap."""
        f, t, r, s = window
        feature, (least, most), unit = self.st.features[f], self.st.pixel, self.st.unit
        terms: list[tuple[int, Scaled]] = []
        for (k, i, j), (low, high) in sorted(feature.templates[t].items()):
            x = numbers[k, i + r, j + s]
            above, under = ({x: unit, CONST: -high}, unit), ({x: -unit, CONST: low}, unit)
            terms += [(1, self.maximum(True, [end])) for end in [above] * (high < most) + [under] * (low > least)]
        return bounded(summed(terms, 0, 1), 1, feature.gap)


class Facts:
    """The facts proved so far, and what they say of pooled channels."""

    def __init__(self, st: Statement) -> None:
        self.st = st
        self.floors: dict[int, Number] = {}
        self.uppers: dict[int, list[tuple[int, Number, tuple[int, ...]]]] = {}
        self.lowers: dict[tuple[int, int], list[tuple[Form, Number]]] = {}  # of weights by channel

    def spread(self, bound: Number, sign: int) -> Number | None:
        """What the pooled channel is at least (sign 1), or at most (sign -1), if every position is."""
        number = 1
        if self.st.pool == "sum":
            number = self.st.fewest if sign * bound[0] >= 0 else self.st.greatest or 0
        return (bound[0] * number, bound[1]) if number else None

    def somewhere(self, weights: Form, bound: Number) -> Number | None:
        """What the weighted sum of pooled channels is at least, if at some position it is at least `bound`."""
        if self.st.pool == "max":
            return bound
        if not weights.keys() <= self.floors.keys():
            return None
        q = lcm(*(self.floors[k][1] for k in weights))
        floor = sum(a * whole(self.floors[k], q) for k, a in weights.items())
        number = self.st.fewest if self.st.pool == "sum" and floor >= 0 else self.st.greatest
        if number is None:
            return None
        total = bound[0] * q + (number - 1) * floor * bound[1]
        return total, bound[1] * q * (number if self.st.pool == "mean" else 1)


class Head(Sequent):
    """The sequent about logits: the formula of one class holds (or none is said to), those of others fail."""

    def __init__(self, facts: Facts, holds: list[int], fails: list[int], goal: dict[int, int], bound: Number) -> None:
        super().__init__(facts.st)
        self.facts, self.atoms = facts, 0
        self.contains: dict[int, int] = {}
        point = ((0, 1),) * len(self.st.head)
        looks, needed = looked(self.st.head, (point, point), goal)
        self.channels = {k: self.variable() for k, _, _ in sorted(needed)}
        for k, m in self.channels.items():
            if k in facts.floors:
                self.before += self._pooled({m: 1}, 1, facts.spread(facts.floors[k], 1))
            for _, high, avoid in facts.uppers.get(k, ()):
                self.before += self._pooled({m: 1}, -1, None if avoid else facts.spread(high, -1))
        values = self.through(self.st.head, looks, {(k, 0, 0): ({m: 1}, 1) for k, m in self.channels.items()})
        self.goal = bounded(summed([(c, values[o, 0, 0]) for o, c in goal.items()], 0, 1), 1, bound)
        for y in holds:
            self._formula(y, True)
        for z in fails:
            self._formula(z, False)
        self._switches()

    def _pooled(self, form: Form, sign: int, bound: Number | None) -> list[Row]:
        return [] if bound is None else [bounded((form, 1), sign, bound)]

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
            self.clauses += [tuple(-x for x in listed) for listed in literals]
            return
        atoms = [self._atom() for _ in alternatives]
        self.clauses.append(tuple(atoms))
        self.clauses += [(-atom, x) for atom, listed in zip(atoms, literals) for x in listed]

    def _switches(self) -> None:
        """Clauses that introduce templates and avoided sets, and the rows of the facts that they switch on."""
        for f in sorted(self.contains):
            atoms = [self._atom() for _ in self.st.features[f].templates]
            self.clauses.append((-self.contains[f], *atoms))
            for t, atom in enumerate(atoms):
                known = [x for x in self.facts.lowers.get((f, t), ()) if x[0].keys() <= self.channels.keys()]
                pooled = [
                    ({self.channels[k]: a for k, a in w.items()}, self.facts.somewhere(w, low)) for w, low in known
                ]
                self.switched[atom] = [row for form, low in pooled for row in self._pooled(form, 1, low)]
        found = [(*fact, k) for k in self.channels for fact in self.facts.uppers.get(k, ()) if fact[2]]
        for _, high, avoid, k in sorted(found):
            rows = self._pooled({self.channels[k]: 1}, -1, self.facts.spread(high, -1))
            if rows and all(f in self.contains for f in avoid):
                self.switched[self._atom()] = rows
                self.clauses.append((self.atoms, *(self.contains[f] for f in avoid)))


# -- proofs -----------------------------------------------------------------------------------------------------------

# A branch to be proved: how many rows it keeps, those it adds, the literals assumed, its goal.
Task = tuple[int, list[Row], frozenset[int], Row]


class Proof:
    """Reads the proof of one sequent; rejects unless every branch is closed. One method a rule (FORMAT.md, "Rules")."""

    def __init__(self, lines: Lines, sequent: Sequent) -> None:
        self.lines, self.sequent, self.rows = lines, sequent, sequent.rows()
        self.assumed, self.goal = frozenset[int](), sequent.goal
        steps: dict[str, Callable[[list[str]], Form]] = {
            "lin": self._lin,
            "sub": self._sub,
            "chord": self._chord,
            "maxle": self._maxle,
        }
        ends: dict[str, Callable[[list[str]], list[Task]]] = {
            "have": self._have,
            "split": self._split,
            "cut": self._cut,
            "choose": self._choose,
            "qed": self._qed,
        }
        tasks: list[Task] = [(len(self.rows), [], self.assumed, self.goal)]
        while tasks:
            kept, more, self.assumed, self.goal = tasks.pop()
            self.rows[kept:] = more
            while (tokens := lines.next("proof"))[0] in steps:
                lines.rule = tokens[0]
                self.rows.append(primitive(steps[tokens[0]](tokens)))
            need(tokens[0] in ends, "a proof line", tokens[0])
            lines.rule = tokens[0]
            tasks += reversed(ends[tokens[0]](tokens))

    def _numbers(self, tokens: list[str], usage: str, extra: int) -> list[int]:
        """The integers `n a1 b1 .. an bn ..` after the line's first word, with `extra` numbers after the pairs."""
        need(INTEGERS.fullmatch(self.lines.text), usage, self.lines.text)
        numbers = [int(token) for token in tokens[1:]]
        need(numbers and len(numbers) == 1 + 2 * numbers[0] + extra, usage, self.lines.text)
        return numbers

    def _combination(self, tokens: list[str]) -> Form:
        """The positive combination of rows that the line names."""
        numbers = self._numbers(tokens, "n r1 a1 .. rn an", 0)
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

    def _lin(self, tokens: list[str]) -> Form:
        need(len(tokens) > 2, "one row or more", "none")
        return self._combination(tokens)

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
        low, high = bound(z, self._row(p), 1), bound(z, self._row(q), -1)
        need(low[0] < 0 < high[0], "bounds below and above 0", (low, high))
        g, least, most = low[1] * high[1], low[0] * high[1], high[0] * low[1]
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

    def _form(self, tokens: list[str]) -> Row:
        """The form that the line writes out."""
        numbers = self._numbers(tokens, "n v1 a1 .. vn an c", 1)
        form, previous = {CONST: numbers.pop()}, -1
        for v, a in zip(numbers[1::2], numbers[2::2]):
            need(previous < v < self.sequent.size and a, "ascending variables, coefficients not 0", (v, a))
            form[v], previous = a, v
        return primitive(form)

    def _branches(self, *branches: list[Row]) -> list[Task]:
        return [(len(self.rows), rows, self.assumed, self.goal) for rows in branches]

    def _have(self, tokens: list[str]) -> list[Task]:
        lemma = self._form(tokens)
        return [(len(self.rows), [], self.assumed, lemma), *self._branches([lemma])]

    def _split(self, tokens: list[str]) -> list[Task]:
        node = self.sequent.nodes.get(count(matched(tokens, "split ?")[0]))
        if node is None:
            raise Reject("a node", tokens[1])
        least = [primitive(combined((1, z.items()), (-node.scale, ((node.y, 1),)))) for z in node.arguments]
        if not node.relu:
            return self._branches(*([row] for row in least))
        z = node.arguments[0]
        return self._branches([primitive(z), least[0]], [primitive(combined((-1, z.items()))), ((node.y, -1),)])

    def _cut(self, tokens: list[str]) -> list[Task]:
        row = self._form(tokens)
        return self._branches([row], [primitive(combined((-1, row)))])

    def _choose(self, tokens: list[str]) -> list[Task]:
        clause = self.sequent.clauses[count(matched(tokens, "choose ?")[0], 0, len(self.sequent.clauses))]
        branches = []
        for literal in clause:
            if -literal not in self.assumed:
                rows = [] if literal in self.assumed else self.sequent.switched.get(literal, [])
                branches.append((len(self.rows), rows, self.assumed | {literal}, self.goal))
        return branches

    def _qed(self, tokens: list[str]) -> list[Task]:
        total, goal = self._combination(tokens), dict(self.goal)
        constant, wanted = total.pop(CONST, 0), goal.pop(CONST, 0)
        left = {v: c for v, c in total.items() if c}
        if not left:
            need(constant < 0 or (not goal and wanted >= 0), "a negative constant, or the goal", (constant, self.goal))
            return []
        need(left.keys() == goal.keys(), "the goal's variables", (left, self.goal))
        v = next(iter(left))
        t, g = left[v], goal[v]
        need(t * g > 0 and all(left[x] * g == goal[x] * t for x in left), "a multiple of the goal", (left, self.goal))
        need(wanted * abs(t) >= constant * abs(g), "a constant no greater than the goal's", (constant, left, self.goal))
        return []


def positive(token: str) -> int:
    """A positive integer."""
    need(NUMBER.fullmatch(token) and "/" not in token and token[0] not in "-0", "a positive integer", token)
    return int(token)


def bound(z: Form, row: Row, sign: int) -> Number:
    """The bound b if the row says Z >= b (sign 1) or Z <= b (sign -1) up to positive scale."""
    form, pairs = dict(row), {v: c for v, c in z.items() if v != CONST}
    constant = form.pop(CONST, 0)
    v = next(iter(pairs))
    t, g = form.get(v, 0), pairs[v]  # g * row = t * (Z - its constant) + g * constant
    same = form.keys() == pairs.keys() and all(form[x] * g == pairs[x] * t for x in pairs)
    need(sign * t * g > 0 and same, "a row about the node's argument", row)
    return z.get(CONST, 0) * abs(t) - sign * constant * abs(g), abs(t)


# -- witnesses --------------------------------------------------------------------------------------------------------


class Witness:
    """An image of class y; `known` keeps packed excesses from one image to the next."""

    def __init__(self, st: Statement, lines: Lines, y: int, known: dict[object, int]) -> None:
        self.st, self.known = st, known
        numbers = [count(token) for token in lines.match("witness", f"witness {y} ? ? ? ? ? ?")]
        core, size, self.place = numbers[:2], numbers[2:4], numbers[4:]
        sides = list(zip(core, size, self.place, st.least, st.most))
        fits = all(p < c <= n and a <= n and (b is None or n <= b) for c, n, p, a, b in sides)
        need(fits, "a core in an image of the range", lines.text)
        rows: list[list[Number]] = []
        for _ in range(st.channels * core[0]):
            rows.append([rational(token) for token in lines.match("witness", " ".join("?" * core[1]))])
            inside = all(st.pixel[0] * q <= p * st.unit <= st.pixel[1] * q for p, q in rows[-1])
            need(inside, "numbers in the pixel range", lines.text)
        self.q = lcm(st.unit, *{q for row in rows for _, q in row})
        layers = [[[whole(x, self.q) for x in row] for row in rows[i :: core[0]]] for i in range(core[0])]
        image = [list(zip(*line)) for line in layers]
        reach = max(f.rows for f in st.features), max(f.columns for f in st.features)
        # A long run is shortened by whole steps (FORMAT.md, "Witnesses"); `more` says by how many.
        excess = [n - c + 2 - max(r, a.field) - 2 * a.stride for c, n, r, a in zip(core, size, reach, st.axes)]
        self.more = [max(0, x // axis.stride + 1) for x, axis in zip(excess, st.axes)]
        places = []
        for c, n, p, k, axis in zip(core, size, self.place, self.more, st.axes):
            places.append([*range(p), *[p] * (n - k * axis.stride - c), *range(p, c)])
        self.image: Grid = [[image[i][j] for j in places[1]] for i in places[0]]

    def check(self, y: int) -> None:
        """Rejects unless the image is admissible, of class y, and logit y leads by the margin."""
        satisfied = self.satisfied()
        need(satisfied == [y], f"an admissible image of class {y}", f"of classes {satisfied}")
        logits, q = self.logits()
        lead = logits[y] - max(x for z, x in enumerate(logits) if z != y)
        need(at_most(self.st.margin, (lead, q)), "a lead of the margin", (lead, q))

    def satisfied(self) -> list[int]:
        """The classes whose formulas hold; rejects unless each feature is contained or avoided."""
        st, m, contained = self.st, self.q // self.st.unit, set[int]()
        nearest = [f.least * m for f in st.features]
        for rows, columns in {(f.rows, f.columns) for f in st.features}:
            group = [f for f, x in enumerate(st.features) if (x.rows, x.columns) == (rows, columns)]
            boxes = [(f, t) for f in group for t in st.features[f].templates]
            most = (st.pixel[1] - st.pixel[0]) * m * st.channels * rows * columns
            width = most.bit_length() // 8 + 1
            for window in _windows(self.image, rows, columns):
                total = 0
                for place, cell in enumerate(window):
                    for k, x in enumerate(cell):
                        key = rows, columns, m, k, place, x
                        if key not in self.known:
                            at = k, place // columns, place % columns
                            ends = [(t[at][0] * m - x, x - t[at][1] * m) for _, t in boxes]
                            self.known[key] = pack([max(0, *pair) for pair in ends], width)
                        total += self.known[key]
                for (f, _), excess in zip(boxes, unpack(total, len(boxes), width)):
                    nearest[f] = min(nearest[f], excess)
        for f, (feature, excess) in enumerate(zip(st.features, nearest)):
            need(excess in (0, feature.least * m), "each feature contained or avoided", f"feature {f} neither")
            contained |= set() if excess else {f}
        found = [
            y
            for y, listed in enumerate(st.classes)
            if any(contained.issuperset(a) and contained.isdisjoint(b) for a, b in listed or ())
        ]
        return found or [y for y, listed in enumerate(st.classes) if listed is None]

    def logits(self) -> tuple[list[int], int]:
        """The logits and their denominator."""
        st, q, grid = self.st, self.q, self.image
        if st.input == "byte":
            low, high = (x * (q // st.unit) for x in st.pixel)
            grid, q = [[tuple(255 * (x - low) for x in cell) for cell in line] for line in grid], high - low
        for layer in st.stem:
            grid, q = applied(layer, grid, q), q * layer.scale
        if st.pool == "max":
            pooled = [max(column) for column in zip(*(cell for line in grid for cell in line))]
        else:
            # Positions in the run that was shortened are alike; the first of them stands for those left out.
            times = []
            for length, p, more, axis in zip((len(grid), len(grid[0])), self.place, self.more, st.axes):
                first = -((axis.origin - p) // axis.stride)
                times.append([1 + more * (i == first) for i in range(length)])
            pooled = [0] * st.width
            for a, line in zip(times[0], grid):
                for b, cell in zip(times[1], line):
                    pooled = [x + a * b * y for x, y in zip(pooled, cell)]
            q *= sum(times[0]) * sum(times[1]) if st.pool == "mean" else 1
        grid = [[tuple(pooled)]]
        for layer in st.head:
            grid, q = applied(layer, grid, q), q * layer.scale
        return list(grid[0][0]), q


def _windows(image: Grid, rows: int, columns: int) -> set[tuple[tuple[int, ...], ...]]:
    """The different windows of this size, each as its cells row by row."""
    bands = (image[i : i + rows] for i in range(len(image) - rows + 1))
    starts = range(len(image[0]) - columns + 1)
    return {tuple([x for line in band for x in line[j : j + columns]]) for band in bands for j in starts}


def pack(numbers: list[int], width: int) -> int:
    """The sum of numbers[i] * 256^(width * i): a sum of multiples of packed lists is that of the lists, packed."""
    signs = [b"".join([max(0, s * x).to_bytes(width, "little") for x in numbers]) for s in (1, -1)]
    return int.from_bytes(signs[0], "little") - int.from_bytes(signs[1], "little")


def unpack(total: int, length: int, width: int) -> list[int]:
    """The numbers packed, if each is at least -2^(8 * width - 1) and less than 2^(8 * width - 1)."""
    half = 1 << (8 * width - 1)
    shift = int.from_bytes(half.to_bytes(width, "little") * length, "little")
    raw = (total + shift).to_bytes(width * length, "little")
    return [int.from_bytes(raw[i : i + width], "little") - half for i in range(0, len(raw), width)]


def applied(layer: Layer, grid: Grid, q: int) -> Grid:
    """A layer's outputs times `layer.scale` (the inputs are over q); equal windows are computed once."""
    nowhere: list[tuple[int, ...]] = [()]
    blank = nowhere * (layer.left + len(grid[0]) + layer.end)
    wide = [nowhere * layer.left + line + nowhere * layer.end for line in grid]
    wide = [blank] * layer.top + wide + [blank] * layer.bottom
    nothing, known = (0,) * layer.inputs, dict[object, tuple[int, ...]]()
    largest = max(1, *(abs(x) for line in grid for cell in line for x in cell))
    # No output, and no weight, exceeds this number in magnitude.
    most = largest * layer.norm + q * max(map(abs, layer.bias))
    width = most.bit_length() // 8 + 1
    columns, bias = layer.packed(width) if layer.taps else ([], 0)

    def value(cells: tuple[tuple[int, ...], ...]) -> tuple[int, ...]:
        if layer.word == "relu":
            return tuple([max(0, x) for x in cells[0]])
        if layer.word == "maxpool":
            return tuple(map(max, zip(*filter(None, cells))))
        if layer.word == "avgpool":
            return tuple(map(sum, zip(*(cell or nothing for cell in cells))))
        inputs = [x for cell in cells for x in cell or nothing]
        return tuple(unpack(sum(map(mul, inputs, columns)) + q * bias, layer.outputs, width))

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
        self.boxes: dict[Kind, dict[int, tuple[int, int]]] = {}
        lines.match("certificate", "exactcnn certificate 1")
        lines.match("certificate", f"statement {st.hash}")
        known: dict[object, int] = {}
        for y in range(len(st.classes)):
            Witness(st, lines, y, known).check(y)
        facts = {"floor": self._floor, "upper": self._upper, "lower": self._lower, "joint": self._joint}
        for j in range(count(lines.match("facts", "facts ?")[0])):
            tokens = lines.next("facts")
            need(tokens[0] in facts, "floor, upper, lower or joint", tokens[0])
            lines.rule = tokens[0]
            facts[tokens[0]](tokens, j)
        lines.match("head", "head")
        self._head()
        lines.match("certificate", "end")
        lines.finish()

    def _box(self, kind: Kind, channel: int, sign: int, least: Number) -> None:
        """Rejects unless interval bounds of S_K at a kind of position give sign * S_K >= sign * least."""
        if kind not in self.boxes:
            everything = Local(self.st, range(self.st.width), kind, [], [])
            bounds = everything.intervals()
            self.boxes[kind] = {k: interval(x, bounds, self.st.fine) for k, x in everything.values.items()}
        low, high = self.boxes[kind][channel]
        end, wanted = low if sign > 0 else -high, (sign * least[0], least[1])
        need(at_most(wanted, (end, self.st.fine)), "an interval that gives the bound", (end, self.st.fine))

    def _inside(self, local: Local, form: Scaled, least: Number) -> None:
        """Rejects unless interval bounds give form >= least in a local sequent."""
        end = interval(form, local.intervals(), self.st.fine)[0], self.st.fine
        need(at_most(least, end), "an interval above the bound", end)

    def _close(self, sequent: Sequent) -> None:
        """Reads the proof of a sequent."""
        Proof(self.lines, sequent)

    def _proved(self, tokens: list[str], local: Local, goal: Row, proved: set[object]) -> None:
        """`prove` with a proof, or `same` as a sequent proved before."""
        local.goal = goal
        if tokens == ["prove"]:
            self._close(local)
            proved.add(local.key())
        else:
            need(tokens == ["same"] and local.key() in proved, "prove, or same as one proved", self.lines.text)

    def _everywhere(self, rule: str, channel: int, sign: int, least: Number, avoid: tuple[int, ...]) -> None:
        """Reads a block a kind: sign * S_K >= sign * bound, where all windows are clear of the features to avoid."""
        proved = set[object]()
        for kind in self.st.kinds:
            tokens = self.lines.next(rule)
            if tokens == ["box"]:
                self._box(kind, channel, sign, least)
                continue
            clear = self._clear(tokens, kind, avoid)
            local = Local(self.st, [channel], kind, clear, [])
            self._proved(tokens[:1], local, bounded(local.values[channel], sign, least), proved)

    def _floor(self, tokens: list[str], _: int) -> None:
        k, least = matched(tokens, "floor ? ?")
        channel, low = count(k, 0, self.st.width), rational(least)
        need(channel not in self.facts.floors, "one floor a channel", self.lines.text)
        self._everywhere("floor", channel, 1, low, ())
        self.facts.floors[channel] = low

    def _upper(self, tokens: list[str], j: int) -> None:
        k, most, *features = matched(tokens, "upper ? ? avoid ..")
        channel, high, avoid = count(k, 0, self.st.width), rational(most), ascending(features, len(self.st.features))
        self._everywhere("upper", channel, -1, high, avoid)
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
        f, t, k, least = matched(tokens, "lower ? ? ? ?")
        self._somewhere("lower", f, t, {count(k, 0, self.st.width): 1}, rational(least))

    def _joint(self, tokens: list[str], _: int) -> None:
        f, t, least, *pairs = matched(tokens, "joint ? ? ? over ..")
        channels, factors = ascending(pairs[::2], self.st.width), [positive(a) for a in pairs[1::2]]
        need(len(channels) == len(factors) > 1, "two channels or more, each with a weight", self.lines.text)
        self._somewhere("joint", f, t, dict(zip(channels, factors)), rational(least))

    def _somewhere(self, rule: str, f: str, t: str, weights: Form, low: Number) -> None:
        """Reads a block a class of windows: one that exhibits the template is seen with the weighted sum >= low."""
        number = count(f, 0, len(self.st.features))
        template, proved = count(t, 0, len(self.st.features[number].templates)), set[object]()
        for rows, columns in self.st.windows(self.st.features[number]):
            i, j, *tokens = self.lines.match(rule, "see ? ? ..")
            (r, down), (s, right) = rows[count(i, 0, len(rows))], columns[count(j, 0, len(columns))]
            local = Local(self.st, weights, (down, right), [], [(number, template, r, s)])
            form = summed([(a, local.values[k]) for k, a in weights.items()], 0, 1)
            if tokens == ["box"]:
                self._inside(local, form, low)
                continue
            self._proved(tokens, local, bounded(form, 1, low), proved)
        self.facts.lowers.setdefault((number, template), []).append((weights, low))

    def _head(self) -> None:
        classes, margin = self.st.classes, self.st.margin
        least = [self._one_sided("right", y, [y], [], 1) for y in range(len(classes))]
        most = [self._one_sided("wrong", z, [], [z], -1) for z in range(len(classes))]
        for (y, a), (z, b) in product(enumerate(least), enumerate(most)):
            done = a and b and at_most(margin, (a[0] * b[1] - b[0] * a[1], a[1] * b[1]))
            if y != z and not done:
                self.lines.match("pair", f"pair {y} {z}")
                others = [x for x in range(len(classes)) if x != y and classes[x] is not None]
                self._prove([y], others if classes[y] is not None else [], {y: 1, z: -1}, margin)

    def _one_sided(self, rule: str, y: int, holds: list[int], fails: list[int], sign: int) -> Number | None:
        (text,) = self.lines.match(rule, f"{rule} {y} ?")
        if text == "none":
            return None
        p, q = rational(text)
        self._prove(holds, fails, {y: sign}, (sign * p, q))
        return p, q

    def _prove(self, holds: list[int], fails: list[int], goal: dict[int, int], least: Number) -> None:
        self.lines.match("head", "prove")
        self._close(Head(self.facts, holds, fails, goal, least))


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
        return True, f"PROVED {st.hash} margin {' '.join(st.claim)} sizes {st.sizes()}"
    text = f"line {lines.number} rule {lines.rule}: expected {expected}, got {got}"
    return False, "REJECTED " + text.replace("\n", " ").encode("ascii", "replace").decode()


def said(text: str, code: int, descriptor: int) -> int:
    """The exit code that goes with a line; 4 if the line could not be written, since silence is no verdict."""
    try:
        return code if os.write(descriptor, line := f"{text}\n".encode(errors="backslashreplace")) == len(line) else 4
    except OSError:
        return 4


def main(arguments: list[str]) -> int:
    """Checks the two files named: 0 for PROVED, 1 for REJECTED, 4 for files not read or a line not written."""
    if len(arguments) != 2:
        return said("usage: python -I -S kernel.py STATEMENT CERTIFICATE", 4, 2)
    try:
        with open(arguments[0], "rb") as statement, open(arguments[1], "rb") as certificate:  # noqa: PTH123
            proved, text = check(statement, certificate)
    except OSError as error:
        return said(f"cannot read: {error}", 4, 2)
    return said(text, 0 if proved else 1, 1)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

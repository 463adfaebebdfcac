"""`.xnet`: networks with exact rational weights, as text.

ASCII, lines ended by a line feed, tokens on a line separated by one space; no comments, no blank lines, nothing after
the last line. Each network has exactly one such text, and the reader takes no other. Upper case stands for numbers:

    exactcnn network 1
    input UNIT channels C               UNIT: pixel or byte
    LAYER ...                           any number of layers, first to last
    end

A layer is one of

    conv out O in I rows A columns B stride S T padding TOP LEFT BOTTOM RIGHT
    dense out O in I
    maxpool rows A columns B stride S T padding TOP LEFT BOTTOM RIGHT
    avgpool rows A columns B stride S T padding TOP LEFT BOTTOM RIGHT
    globalpool max                      or sum, or mean
    relu
    flatten

`conv` and `dense` are followed by O lines, one an output, with its weights (for `conv` by input channel, then row, then
column), and by one line `bias VALUE ...` with O values.

Lists of values are run-length coded: a VALUE that stands n >= 2 times in a row within a line is written once, as
`n*VALUE`; so no two neighbours on a line are equal. A VALUE is an integer, or p/q in lowest terms with q >= 2; no sign
but `-`, no leading zeros, no `-0`; p and q have at most 4,000 digits. Other numbers are non-negative integers of at
most 9 digits without leading zeros. A network has at most 2 * 10^7 weights, biases not counted.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Iterator
from itertools import pairwise

import numpy as np
from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    InputUnit,
    Layer,
    MaxPool2d,
    Network,
    ReLU,
)

__all__ = ["format_xnet", "parse_xnet"]

_HEADER = "exactcnn network 1"
_INPUT = "input UNIT channels +"
_WINDOW = "rows + columns + stride + + padding # # # #"
_CONV = f"conv out + in + {_WINDOW}"
_DENSE = "dense out + in +"
_MAX_WEIGHTS = 2 * 10**7
_MAX_DIGITS = 4000
_COUNT = re.compile(r"0|[1-9][0-9]{0,8}", re.ASCII)
_VALUE = re.compile(r"(?:([1-9][0-9]{0,8})\*)?(0|-?[1-9][0-9]*)(?:/([1-9][0-9]*))?", re.ASCII)


# -- writing ----------------------------------------------------------------------------------------------------------


def format_xnet(network: Network) -> str:
    """The network's text.

    Raises
    ------
    InputError: a weight has more than 4,000 digits, or a layer has too many weights.
    """
    size = sum(layer.weight.size for layer in network.layers if isinstance(layer, (Conv2d, Dense)))
    if size > _MAX_WEIGHTS:
        raise InputError(
            "too many weights for .xnet", source=network.source, found=str(size), expected=f"at most {_MAX_WEIGHTS}"
        )
    lines = [_HEADER, f"input {network.unit.value} channels {_spaced([network.channels])}"]
    for number, layer in enumerate(network.layers):
        try:
            lines += _layer_lines(layer)
        except InputError as error:
            raise error.located(source=network.source, place=f"layer {number} ({type(layer).__name__})") from None
    return "\n".join([*lines, "end", ""])


def _layer_lines(layer: Layer) -> list[str]:
    if isinstance(layer, Conv2d):
        outputs, inputs, *kernel = layer.weight.shape
        head = f"conv out {outputs} in {inputs} {_window(tuple(kernel), layer.stride, layer.padding)}"
        return [head, *_weight_lines(layer)]
    if isinstance(layer, Dense):
        outputs, inputs = layer.weight.shape
        return [f"dense out {outputs} in {inputs}", *_weight_lines(layer)]
    if isinstance(layer, (MaxPool2d, AvgPool2d)):
        word = "maxpool" if isinstance(layer, MaxPool2d) else "avgpool"
        return [f"{word} {_window(layer.kernel, layer.stride, layer.padding)}"]
    if isinstance(layer, GlobalPool):
        return [f"globalpool {layer.kind}"]
    return ["relu" if isinstance(layer, ReLU) else "flatten"]


def _window(kernel: tuple[int, ...], stride: tuple[int, ...], padding: tuple[int, ...]) -> str:
    rows, columns = kernel
    return f"rows {_spaced([rows])} columns {_spaced([columns])} stride {_spaced(stride)} padding {_spaced(padding)}"


def _spaced(numbers: Iterable[int]) -> str:
    texts = [str(number) for number in numbers]
    for text in texts:
        if not _COUNT.fullmatch(text):
            raise InputError("a size too large for .xnet", found=text, expected="at most 9 digits")
    return " ".join(texts)


def _weight_lines(layer: Conv2d | Dense) -> Iterator[str]:
    outputs = layer.weight.shape[0]
    rows = layer.weight.reshape(outputs, layer.weight.size // outputs)
    known: dict[int, str] = {}
    for output in range(outputs):
        yield " ".join(_runs(rows[output], known))
    yield " ".join(("bias", *_runs(layer.bias, {})))


def _runs(values: ExactTensor, known: dict[int, str]) -> Iterator[str]:
    """The run-length coded values; `known` keeps texts by numerator."""
    numerators = values.numerators
    changes = np.flatnonzero(numerators[1:] != numerators[:-1]) + 1
    starts = [0, *changes.tolist(), values.size]
    for start, stop in pairwise(starts):
        numerator = int(numerators[start])
        text = known.get(numerator)
        if text is None:
            text = known[numerator] = _value_text(fmpq(numerator, values.denominator))
        yield text if stop == start + 1 else f"{stop - start}*{text}"


def _value_text(value: fmpq) -> str:
    text = str(value)
    if max(len(part) for part in text.lstrip("-").split("/")) > _MAX_DIGITS:
        raise InputError("a weight has too many digits for .xnet", expected=f"at most {_MAX_DIGITS}")
    return text


# -- reading ----------------------------------------------------------------------------------------------------------


def parse_xnet(text: str, source: str) -> Network:
    """The network that a text describes.

    Parameters
    ----------
    text: the whole text.
    source: the file's name, for messages.

    Raises
    ------
    InputError: the text is not exactly what `format_xnet` writes; the line, what it holds and what was expected are
        named.
    """
    reader = _Reader(text, source)
    tokens = reader.line(_HEADER)
    if tokens != _HEADER.split(" "):
        raise reader.error("not an .xnet file of version 1", " ".join(tokens), _HEADER)
    tokens = reader.line(_INPUT)
    units = {unit.value: unit for unit in InputUnit}
    if len(tokens) != 4 or tokens[0] != "input" or tokens[2] != "channels" or tokens[1] not in units:
        raise reader.error("not the line of the input", " ".join(tokens), "input pixel channels C, or input byte ..")
    unit, channels = units[tokens[1]], reader.count(tokens[3], least=1)
    layers = []
    while (tokens := reader.line("a layer or end")) != ["end"]:
        layers.append(_layer(reader, tokens))
    reader.finish()
    try:
        return Network(tuple(layers), channels, unit, source)
    except InputError as error:
        raise error.located(source=source) from None


class _Reader:
    """The lines of a text, one after another, as tokens."""

    def __init__(self, text: str, source: str) -> None:
        self._source = source
        self._lines = text.split("\n")
        self._number = 0
        self._weights = 0

    def line(self, expected: str) -> list[str]:
        """The tokens of the next line."""
        if self._number >= len(self._lines) - 1:
            unfinished = self._lines[-1]
            self._number += 1
            if unfinished:
                raise self.error("the last line is not ended", unfinished, "a line feed at its end")
            raise self.error("the text ends too early", "the end of the file", expected)
        line = self._lines[self._number]
        self._number += 1
        for character in line:
            if not " " <= character <= "~":
                raise self.error("a character that .xnet does not use", character, "printable ASCII")
        tokens = line.split(" ")
        if "" in tokens:
            raise self.error("a blank line or a blank too many", line, expected)
        return tokens

    def finish(self) -> None:
        """Nothing, if nothing follows."""
        if self._number != len(self._lines) - 1 or self._lines[-1]:
            self._number += 1
            raise self.error("text after the end", self._lines[self._number - 1], "nothing after `end`")

    def error(self, message: str, found: str, expected: str) -> InputError:
        """An error in the line read last."""
        shown = repr(found if len(found) <= 60 else found[:60] + "..")
        return InputError(message, source=self._source, place=f"line {self._number}", found=shown, expected=expected)

    def reserve(self, weights: int) -> None:
        """Nothing, if the network may have so many more weights."""
        self._weights += weights
        if self._weights > _MAX_WEIGHTS:
            raise self.error("too many weights", str(self._weights), f"at most {_MAX_WEIGHTS} in the network")

    def count(self, token: str, *, least: int = 0) -> int:
        """A non-negative integer of at most 9 digits."""
        if not _COUNT.fullmatch(token) or int(token) < least:
            raise self.error("not a count", token, f"an integer of at least {least} and at most 9 digits")
        return int(token)

    def fields(self, tokens: list[str], pattern: str) -> list[int]:
        """The numbers of a line that follows a pattern: words, `+` for positive numbers, `#` for non-negative ones."""
        words = pattern.split(" ")
        if len(words) != len(tokens):
            raise self.error("the wrong number of words in a line", " ".join(tokens), pattern)
        numbers = []
        for word, token in zip(words, tokens, strict=True):
            if word in "+#":
                numbers.append(self.count(token, least=int(word == "+")))
            elif word != token:
                raise self.error("an unknown word", token, f"`{word}` of: {pattern}")
        return numbers

    def values(self, tokens: list[str], count: int) -> list[fmpq]:
        """`count` values, run-length coded."""
        result: list[fmpq] = []
        previous = None
        for token in tokens:
            run, value = self._value(token)
            if value == previous:
                raise self.error("equal neighbours that are not joined into one run", token, "one token n*VALUE")
            if len(result) + run > count:
                raise self.error("too many values in a line", token, f"{count} values in all")
            result += [value] * run
            previous = value
        if len(result) < count:
            raise self.error("too few values in a line", f"{len(result)} values", f"{count} values")
        return result

    def _value(self, token: str) -> tuple[int, fmpq]:
        """One run: its length and its value."""
        match = _VALUE.fullmatch(token)
        if not match:
            raise self.error("not a value", token, "an integer or p/q, or n*VALUE with n >= 2")
        run, numerator, denominator = match.groups()
        if max(len(numerator.lstrip("-")), len(denominator or "")) > _MAX_DIGITS:
            raise self.error("a value with too many digits", token, f"at most {_MAX_DIGITS}")
        if run == "1":
            raise self.error("a run of one", token, "the value alone")
        value = fmpq(int(numerator), int(denominator or 1))
        if denominator is not None and int(value.q) != int(denominator):
            raise self.error("a fraction that is not in lowest terms", token, _shortened(value))
        if denominator == "1":
            raise self.error("a fraction with denominator 1", token, _shortened(value))
        return int(run or 1), value


def _shortened(value: fmpq) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:60] + ".."


def _layer(reader: _Reader, tokens: list[str]) -> Layer:
    """The layer that starts with these tokens, its weights read from the lines that follow."""
    word = tokens[0]
    if word == "conv":
        outputs, inputs, rows, columns, down, right, *padding = reader.fields(tokens, _CONV)
        weight, bias = _weights(reader, (outputs, inputs, rows, columns))
        return Conv2d(weight, bias, (down, right), _padding(padding))
    if word == "dense":
        outputs, inputs = reader.fields(tokens, _DENSE)
        return Dense(*_weights(reader, (outputs, inputs)))
    if word in ("maxpool", "avgpool"):
        rows, columns, down, right, *padding = reader.fields(tokens, f"{word} {_WINDOW}")
        kind = MaxPool2d if word == "maxpool" else AvgPool2d
        return kind((rows, columns), (down, right), _padding(padding))
    match tokens:
        case ["globalpool", "max"]:
            return GlobalPool("max")
        case ["globalpool", "sum"]:
            return GlobalPool("sum")
        case ["globalpool", "mean"]:
            return GlobalPool("mean")
        case ["relu"]:
            return ReLU()
        case ["flatten"]:
            return Flatten()
    known = "conv, dense, maxpool, avgpool, globalpool max|sum|mean, relu, flatten or end"
    raise reader.error("not a layer", " ".join(tokens), known)


def _padding(numbers: list[int]) -> tuple[int, int, int, int]:
    top, left, bottom, right = numbers
    return top, left, bottom, right


def _weights(reader: _Reader, shape: tuple[int, ...]) -> tuple[ExactTensor, ExactTensor]:
    outputs = shape[0]
    each = math.prod(shape[1:])
    reader.reserve(outputs * each)
    rows = []
    for _ in range(outputs):
        rows += reader.values(reader.line(f"{each} weights"), each)
    tokens = reader.line(f"bias and {outputs} values")
    if tokens[0] != "bias":
        raise reader.error("not the line of biases", tokens[0], f"bias and {outputs} values")
    bias = reader.values(tokens[1:], outputs)
    return ExactTensor.from_rationals(rows, shape), ExactTensor.from_rationals(bias, (outputs,))

"""A statement as Coq definitions of the types in `proofs/coq/Instance.v`.

The numbers are those that the kernel read: ends of intervals over the statement's unit, weights over a layer's scale.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import TYPE_CHECKING

from exactcnn.core.errors import InputError
from exactcnn.formats.coq_text import WIDTH, integer, listed, ratio, runs, shown_name

if TYPE_CHECKING:
    from exactcnn.checker.kernel import Feature, Layer, Statement

__all__ = ["Names", "names_of", "size_terms", "size_words", "statement_lines"]

_POOLS = {"max": "PoolMax", "sum": "PoolSum", "mean": "PoolMean"}
_NAMED_INTERVALS = 64
_HINT = "proofs/README.md says what the checker in Coq covers"

Interval = tuple[int, int]


@dataclass(frozen=True)
class Names:
    """The names in a statement, encoded as they stand there."""

    task: str
    features: Sequence[str]
    classes: Sequence[str]


def names_of(text: str) -> Names:
    """The names in the text of a statement that the kernel has read."""
    found: dict[str, list[str]] = {"task": [], "feature": [], "class": []}
    for line in text.split("\n"):
        word, _, rest = line.partition(" ")
        if word == "network":
            break
        if word in found:
            found[word].append(rest.split(" ")[0])
    return Names(found["task"][0], found["feature"], found["class"])


def statement_lines(st: Statement, names: Names) -> Iterator[str]:
    """Definitions up to that of `claim`, the statement."""
    intervals = {pair: f"i{n}" for n, pair in enumerate(_intervals(st))}
    if len(intervals) > _NAMED_INTERVALS:
        intervals = {}
    yield from _task_lines(st, names, intervals)
    yield from _class_lines(st, names)
    yield from _network_lines(st)
    yield from _claim_lines(st)


# -- the task ---------------------------------------------------------------------------------------------------------


def _intervals(st: Statement) -> list[Interval]:
    found = {pair: None for f in st.features for template in f.templates for _, pair in sorted(template.items())}
    return list(found)


def _task_lines(st: Statement, names: Names, intervals: dict[Interval, str]) -> Iterator[str]:
    yield f"(** * The task [{shown_name(names.task)}] *)"
    yield ""
    if intervals:
        yield f"(** The templates' intervals; their ends are over {st.unit}. *)"
        for (low, high), name in intervals.items():
            remark = " (* any pixel *)" if (low, high) == st.pixel else ""
            yield f"Definition {name} : Z * Z := ({low}, {high}).{remark}"
        yield ""
    for number, feature in enumerate(st.features):
        size = f"{feature.rows} x {feature.columns}"
        yield f"(** Feature {number}: [{shown_name(names.features[number])}],"
        yield f"    windows of {size} pixels; templates are listed channel by channel, row by row. *)"
        yield f"Definition feature_{number} : feature :="
        yield f"  Feature {feature.rows} {feature.columns} {ratio(_fraction(feature.gap))}"
        yield f"    [{(';' + chr(10) + '     ').join(_template(feature, t, intervals) for t in feature.templates)}]."
        yield ""


def _fraction(number: tuple[int, int]) -> str:
    return f"{number[0]}/{number[1]}"


def _template(feature: Feature, template: dict[tuple[int, int, int], Interval], intervals: dict[Interval, str]) -> str:
    """One line a row of the window."""
    pairs = [intervals.get(pair) or f"({pair[0]}, {pair[1]})" for _, pair in sorted(template.items())]
    rows = ["; ".join(pairs[i : i + feature.columns]) for i in range(0, len(pairs), feature.columns)]
    return "[" + ";\n      ".join(rows) + "]"


def _class_lines(st: Statement, names: Names) -> Iterator[str]:
    for number, alternatives in enumerate(st.classes):
        yield f"(** Class {number}: [{shown_name(names.classes[number])}]"
        if alternatives is None:
            yield "    where no other class holds. *)"
            yield f"Definition class_{number} : class := Otherwise."
            yield ""
            continue
        options = [_literals(a, b, names) for a, b in alternatives]
        words = "; or ".join(options) + ". *)"
        yield from (f"    {line}" for line in wrap(words, WIDTH - 4, break_on_hyphens=False, break_long_words=False))
        terms = [f"Alternative {_naturals(a)} {_naturals(b)}" for a, b in alternatives]
        yield f"Definition class_{number} : class := AnyOf"
        yield f"  {listed(terms, 2)}."
        yield ""


def _literals(required: Sequence[int], forbidden: Sequence[int], names: Names) -> str:
    parts = [f"contains [{shown_name(names.features[f])}]" for f in required]
    parts += [f"avoids [{shown_name(names.features[f])}]" for f in forbidden]
    return " and ".join(parts) or "is any image"


def _naturals(numbers: Sequence[int]) -> str:
    return f"[{'; '.join(map(str, numbers))}]%nat"


# -- the network ------------------------------------------------------------------------------------------------------


def _network_lines(st: Statement) -> Iterator[str]:
    yield "(** * The network: weights by output, then by input channel, row and column, equal neighbours joined. *)"
    yield ""
    for number, layer in enumerate(st.stem):
        yield f"Definition stem_{number} : stem_layer :="
        yield f"  {_stem_layer(layer)}."
        yield ""
    for number, layer in enumerate(st.head):
        yield f"Definition head_{number} : head_layer :="
        yield f"  {_head_layer(layer)}."
        yield ""


def _stem_layer(layer: Layer) -> str:
    down = f"(Axis.Level {layer.rows} {layer.down} {layer.top} {layer.bottom})"
    across = f"(Axis.Level {layer.columns} {layer.right} {layer.left} {layer.end})"
    match layer.word:
        case "relu":
            return "SRelu"
        case "maxpool":
            return f"SMaxPool {down} {across}"
        case "avgpool":
            return f"SAvgPool {down} {across}"
        case "conv":
            return f"conv {layer.inputs} {down} {across} {layer.scale}\n{_weights(layer)}"
    raise _unknown(layer)


def _head_layer(layer: Layer) -> str:
    match layer.word:
        case "relu":
            return "SDenseRelu"
        case "dense":
            return f"dense {layer.inputs} {layer.scale}\n{_weights(layer)}"
    raise _unknown(layer)


def _unknown(layer: Layer) -> InputError:
    return InputError("the checker in Coq does not know this layer", found=layer.word, hint=_HINT)


def _weights(layer: Layer) -> str:
    outputs = []
    for taps in layer.taps:
        row = [0] * (layer.inputs * layer.rows * layer.columns)
        for channel, i, j, weight in taps:
            row[(channel * layer.rows + i) * layer.columns + j] = weight
        outputs.append(runs(row, 5))
    joined = ";\n     ".join(outputs)
    return f"    [{joined}]%runs\n    {runs(layer.bias, 4)}%runs"


# -- the claim --------------------------------------------------------------------------------------------------------


def _claim_lines(st: Statement) -> Iterator[str]:
    most = ["None" if n is None else f"Some {n}" for n in st.most]
    yield "(** * The statement *)"
    yield ""
    yield "Definition claim : statement := {|"
    yield f"  least_height := {st.least[0]}; least_width := {st.least[1]};"
    yield f"  most_height := {most[0]}; most_width := {most[1]};"
    yield f"  margin := {ratio(st.claim[0])[1:-1]};"
    yield f"  grid := {st.unit};"
    yield f"  channels := {st.channels};"
    yield f"  dark := {integer(st.pixel[0])}; bright := {integer(st.pixel[1])};"
    yield f"  bytes := {'true' if st.input == 'byte' else 'false'};"
    yield f"  features := {_numbered('feature', len(st.features))};"
    yield f"  classes := {_numbered('class', len(st.classes))};"
    yield f"  stem := {_numbered('stem', len(st.stem))};"
    yield f"  pool := {_POOLS[st.pool]};"
    yield f"  head := {_numbered('head', len(st.head))}"
    yield "|}."
    yield ""


def _numbered(word: str, length: int) -> str:
    return listed((f"{word}_{n}" for n in range(length)), 14)


def size_terms(st: Statement) -> str:
    """The sizes of the range, as a proposition about `height` and `width`."""
    sides = zip(("height", "width"), st.least, st.most, strict=True)
    return " /\\ ".join(_between(side, least, most, "<=") for side, least, most in sides)


def size_words(st: Statement) -> str:
    """The same in words."""
    words = []
    for side, least, most in zip(("height", "width"), st.least, st.most, strict=True):
        end = "or more" if most is None else f"to {most}"
        words.append(f"{side} {least}" if least == most else f"{side} {least} {end}")
    return ", ".join(words)


def _between(side: str, least: int, most: int | None, sign: str) -> str:
    if least == most:
        return f"{side} = {least}"
    return f"{least} {sign} {side}" + ("" if most is None else f" {sign} {most}")

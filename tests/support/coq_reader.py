"""The statement that an exported Coq file claims, read back from its definitions: shares no code with what wrote them.

Only what such files contain is understood: applications, lists, pairs, runs `n*VALUE`, records.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from fractions import Fraction
from itertools import groupby
from typing import Any

__all__ = ["definitions", "statement_of", "witnesses_of"]

Term = Any
_TOKEN = re.compile(r"\{\||\|\}|:=|%\w+|[\[\](){};,*]|-?\d+|[A-Za-z_][\w.]*")


def definitions(text: str) -> dict[str, Term]:
    """The terms of a file's definitions by name: lists, tuples for applications and pairs, dicts for records."""
    plain = re.sub(r"\(\*.*?\*\)", "", text, flags=re.DOTALL)
    found = re.findall(r"^Definition (\w+) : [^:]*? :=\s*(.*?)\. *$", plain, flags=re.DOTALL | re.MULTILINE)
    return {name: _Reader(term).whole() for name, term in found}


class _Reader:
    def __init__(self, text: str) -> None:
        self.tokens = [t for t in _TOKEN.findall(text) if t[0] != "%"]
        if re.sub(r"\s|%\w+", "", text).replace("++", "") != "".join(self.tokens):
            raise ValueError(text[:200])
        self.next = 0

    def whole(self) -> Term:
        term = self.term()
        if self.next != len(self.tokens):
            raise ValueError(self.tokens[self.next :][:20])
        return term

    def peek(self) -> str:
        return self.tokens[self.next] if self.next < len(self.tokens) else ""

    def take(self) -> str:
        self.next += 1
        return self.tokens[self.next - 1]

    def term(self) -> Term:
        parts = [self.atom()]
        if self.peek() == "*":
            self.take()
            return "run", parts[0], self.atom()
        while self.peek() not in ("", ";", ",", ")", "]", "|}", "*"):
            parts.append(self.atom())
        return parts[0] if len(parts) == 1 else tuple(parts)

    def atom(self) -> Term:
        token = self.take()
        if token == "[":
            return self.until("]")
        if token == "{|":
            fields = {}
            while True:
                name = self.take()
                if self.take() != ":=":
                    raise ValueError(name)
                fields[name] = self.term()
                if self.take() == "|}":
                    return fields
        if token == "(":
            parts = self.until(")", ",")
            return parts[0] if len(parts) == 1 else tuple(parts)
        return int(token) if re.fullmatch(r"-?\d+", token) else token

    def until(self, end: str, between: str = ";") -> list[Term]:
        found = []
        while self.peek() != end:
            found.append(self.term())
            if self.peek() != end and self.take() != between:
                raise ValueError(self.tokens[max(0, self.next - 10) : self.next])
        self.take()
        return found


def statement_of(text: str) -> str:
    """The statement that the definition `claim` stands for, its source `none`; names from the remarks."""
    known = {n: t for n, t in definitions(text).items() if not n.startswith(("fact_", "proof_", "evidence"))}
    claim = {k: _resolved(v, known) for k, v in known["claim"].items()}
    grid = claim["grid"]
    features, classes = _names(text, "Feature"), _names(text, "Class")
    sizes = [claim[k] for k in ("least_height", "most_height", "least_width", "most_width")]
    (task,) = re.findall(r"^\(\*\* \* The task \[(.*)\] \*\)$", text, re.MULTILINE)
    ends = [str(Fraction(claim[k], grid)) for k in ("dark", "bright")]
    lines = [
        "exactcnn statement 1",
        "sizes " + " ".join("any" if n == "None" else str(n[1] if isinstance(n, tuple) else n) for n in sizes),
        f"margin {_ratio(claim['margin'])}{_execution(text)}",
        "source none",
        f"task {task.replace(' ', '%20')} channels {claim['channels']} pixel {' '.join(ends)}",
        f"features {len(claim['features'])}",
    ]
    for name, (_, rows, columns, gap, templates) in zip(features, claim["features"], strict=True):
        lines.append(f"feature {name} {rows} {columns} gap {_ratio(gap)} templates {len(templates)}")
        for template in templates:
            lines.append("template")
            flat = [str(Fraction(end, grid)) for pair in template for end in pair]
            width = 2 * columns
            lines += [" ".join(flat[i : i + width]) for i in range(0, len(flat), width)]
    lines.append(f"classes {len(claim['classes'])}")
    for name, term in zip(classes, claim["classes"], strict=True):
        lines += [f"class {name} otherwise"] if term == "Otherwise" else _alternatives(name, term[1])
    unit = "byte" if claim["bytes"] == "true" else "pixel"
    lines += ["network", "exactcnn network 1", f"input {unit} channels {claim['channels']}"]
    lines += [line for layer in claim["stem"] for line in _layer(layer)]
    lines.append(f"globalpool {claim['pool'].removeprefix('Pool').lower()}")
    lines += [line for layer in claim["head"] for line in _layer(layer)]
    return "\n".join([*lines, "end", "end", ""])


def _execution(text: str) -> str:
    """What the theorem says of float32 in a statement's words."""
    found = re.findall(
        r"^  Executions\.float_zero_error .*? sizes \(.*?\)%R (None|\(Some \(1 / (\d+)\)%R\))", text, re.MULTILINE
    )
    if not found:
        return ""
    ((step, q),) = found
    return " float32" if step == "None" else f" float32 step {Fraction(1, int(q))}"


def witnesses_of(text: str) -> list[str]:
    """The lines of a certificate that give the witnesses."""
    known = definitions(text)
    lines = []
    for label, name in enumerate(known["witnesses"]):
        _, h, w, height, width, row, column, unit, (_, planes) = known[name]
        lines.append(f"witness {label} {h} {w} {height} {width} {row} {column}")
        for line in (line for plane in planes for line in plane):
            lines.append(" ".join(str(Fraction(x, unit)) for x in _numbers(line)))
    return lines


def _resolved(term: Term, known: dict[str, Term]) -> Term:
    if isinstance(term, list):
        return [_resolved(t, known) for t in term]
    if isinstance(term, tuple):
        return tuple(_resolved(t, known) for t in term)
    return _resolved(known[term], known) if isinstance(term, str) and term in known else term


def _names(text: str, word: str) -> list[str]:
    found = re.findall(rf"^\(\*\* {word} (\d+): \[(.*)\],?$", text, re.MULTILINE)
    if [int(number) for number, _ in found] != list(range(len(found))):
        raise ValueError(found)
    return [name.replace(" ", "%20") for _, name in found]


def _ratio(term: Term) -> str:
    word, over, under = term
    if word != "Ratio" or str(Fraction(over, under)) != (f"{over}/{under}" if under > 1 else str(over)):
        raise ValueError(term)
    return str(Fraction(over, under))


def _alternatives(name: str, terms: Sequence[Term]) -> list[str]:
    lines = [f"class {name} alternatives {len(terms)}"]
    for _, required, forbidden in terms:
        lines.append(" ".join(["alternative requires", *map(str, required), "forbids", *map(str, forbidden)]))
    return lines


def _layer(term: Term) -> list[str]:
    if isinstance(term, str):
        return [{"SRelu": "relu", "SDenseRelu": "relu"}[term]]
    word, *rest = term
    if word in ("SMaxPool", "SAvgPool"):
        return [f"{word[1:].lower()} {_window(*rest)}"]
    inputs, *levels, unit, outputs, bias = rest
    shape = f"out {len(outputs)} in {inputs}" + (f" {_window(*levels)}" if levels else "")
    return [f"{word} {shape}", *(_values(row, unit) for row in outputs), f"bias {_values(bias, unit)}"]


def _window(down: Term, across: Term) -> str:
    (_, rows, step, top, bottom), (_, columns, right, left, end) = down, across
    return f"rows {rows} columns {columns} stride {step} {right} padding {top} {left} {bottom} {end}"


def _numbers(terms: Sequence[Term]) -> list[int]:
    return [x for t in terms for x in ([t[2]] * t[1] if isinstance(t, tuple) else [t])]


def _values(terms: Sequence[Term], unit: int) -> str:
    groups = [(value, len(list(group))) for value, group in groupby(_numbers(terms))]
    return " ".join(("" if n == 1 else f"{n}*") + str(Fraction(value, unit)) for value, n in groups)

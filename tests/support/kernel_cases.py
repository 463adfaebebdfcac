"""What the kernel has to accept and to reject: small certificates, changed in one place each, and single rules.

Every case takes a kernel (a module), so that the same table also judges patched kernels.
"""

from __future__ import annotations

import hashlib
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from typing import Any

__all__ = ["Case", "all_cases", "documented", "edited", "golden", "verdict"]

Kernel = Any
FOLDER = Path(__file__).parent.parent / "golden" / "accept"
FORMAT = Path(__file__).parent.parent.parent / "exactcnn" / "checker" / "FORMAT.md"
NAMES = tuple(sorted(p.stem for p in FOLDER.glob("*.cert")))


@dataclass(frozen=True)
class Case:
    """A question to a kernel and the right answer."""

    name: str
    accept: bool
    run: Callable[[Kernel], bool]


@cache
def documented() -> tuple[str, str]:
    """The statement and the certificate of FORMAT.md, remarks removed."""
    text = FORMAT.read_text()
    found = [re.search(rf"<!-- {w} -->\n```text\n(.*?)```", text, re.DOTALL) for w in ("statement", "certificate")]
    files = [match[1] if match else "" for match in found]
    return files[0], "".join(line.split("  ")[0] + "\n" for line in files[1].splitlines())


@cache
def golden(name: str) -> tuple[str, str]:
    """A statement and its certificate; `lamp` is that of FORMAT.md."""
    if name == "lamp":
        return documented()
    return (FOLDER / f"{name}.stmt").read_text(), (FOLDER / f"{name}.cert").read_text()


def edited(name: str, statement: tuple[str, str] | None, *changes: tuple[str, str]) -> tuple[str, str]:
    """A golden pair with texts replaced (once each); the certificate names the changed statement."""
    stmt, cert = golden(name)
    if statement:
        stmt = _replaced(stmt, *statement)
        cert = re.sub(r"statement \w{64}", f"statement {hashlib.sha256(stmt.encode()).hexdigest()}", cert)
    for change in changes:
        cert = _replaced(cert, *change)
    return stmt, cert


def _replaced(text: str, old: str, new: str) -> str:
    if old not in text:
        raise ValueError(f"{old!r} does not occur")
    return text.replace(old, new, 1)


def verdict(kernel: Kernel, pair: tuple[str, str]) -> bool:
    """Whether the kernel says PROVED."""
    proved, line = kernel.check(*(io.BytesIO(text.encode()) for text in pair))
    if proved is not line.startswith("PROVED "):
        raise ValueError(line)
    return bool(proved)


def all_cases() -> list[Case]:
    """All cases; their names are different."""
    cases = [Case(f"golden {name}", True, lambda k, n=name: verdict(k, golden(n))) for name in ("lamp", *NAMES)]
    for name, statement, changes in _PAIRS:
        label = f"{name}: {statement or ''} {changes}"
        cases.append(Case(label, False, lambda k, p=(name, statement, changes): verdict(k, edited(p[0], p[1], *p[2]))))
    for name, statement, changes in _FINE:
        label = f"{name}: {statement or ''} {changes}"
        cases.append(Case(label, True, lambda k, p=(name, statement, changes): verdict(k, edited(p[0], p[1], *p[2]))))
    for change in _STATEMENTS:
        cases.append(Case(f"statement: {change}", False, lambda k, c=change: verdict(k, edited("lamp", c))))
        if change not in _MEANING:
            cases.append(Case(f"unread statement: {change}", False, lambda k, c=change: _read(k, edited("lamp", c)[0])))
    cases += [*_rule_cases(), *_unit_cases()]
    return cases


def _read(kernel: Kernel, statement: str) -> bool:
    """Whether the kernel reads a statement, whatever its certificate."""
    try:
        kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
    except kernel.Reject:
        return False
    return True


def _unit_cases() -> Iterator[Case]:
    """Single functions."""
    c = -1
    yield Case("summed", True, lambda k: k.summed([(1, ({0: 1}, 2))], 3, 1) == ({0: 1, c: 6}, 2))
    yield Case("interval", True, lambda k: k.interval(({0: -1, c: 1}, 2), [(0, 6)], 6) == (0, 3))
    # -1/2 lies between -1/3 and -2/3
    yield Case("interval rounded outwards", True, lambda k: k.interval(({0: 1}, 2), [(-3, -3)], 3) == (-2, -1))
    yield Case("constant ReLU", True, lambda k: k.Sequent(None).maximum(True, [({c: -1}, 2)])[0][c] == 0)
    yield Case(
        "constant maximum", True, lambda k: k.Sequent(None).maximum(False, [({c: -1}, 2), ({c: -3}, 1)]) == ({c: -1}, 2)
    )
    yield Case("packed", True, lambda k: k.unpack(3 * k.pack([1, -2, 0], 2) + k.pack([0, 0, 5], 2), 3, 2) == [3, -6, 5])
    yield Case("width of a packed number", True, lambda k: k.unpack(k.pack([-128, 127, 1], 1), 3, 1) == [-128, 127, 1])
    for a, b, expected in _COMPARED:
        yield Case(f"at most: {a} {b}", expected, lambda k, a=a, b=b: k.at_most(a, b))
    for pool, known, bound, expected in _POOLED:
        yield Case(
            f"pooled: {pool} {known} {bound}", True, lambda k, a=(pool, known, bound), e=expected: _pooled(k, *a) == e
        )
    for pool, weighted in _WEIGHTED:
        name = f"pooled: {pool}, a weighted sum"
        yield Case(name, True, lambda k, p=pool, e=weighted: _weighted(k, p) == e)
    below = golden("lamp")[0].replace("3/4 1\n", "0 1/4\n")
    yield Case("pixel above a template", True, lambda k: _witness(k, below, "1 1 1 1 0 0\n1").satisfied() == [1])
    yield Case("pixel below a template", True, lambda k: _witness(k, _LAMP, "1 1 1 1 0 0\n0").satisfied() == [1])
    large = _LAMP.replace("1\n0\nbias 0 1/2", f"{2**70}\n0\nbias 0 1/2")
    yield Case(
        "a weight larger than all outputs", True, lambda k: _witness(k, large, "1 1 1 1 0 0\n0").logits()[0][0] == 0
    )
    yield Case("a lead above the margin", True, lambda k: _leads(k, _LAMP, "1 1 1 1 0 0\n3/4"))
    yield Case(
        "a lead below the margin", False, lambda k: _leads(k, _LAMP.replace("1/4\nsou", "3/8\nsou"), "1 1 1 1 0 0\n3/4")
    )
    third = golden("mixed")[0].replace("margin 1/2", "margin 3/4")
    own = golden("mixed")[1].split("witness 0 ")[1].split("\nwitness 1")[0]
    yield Case("a lead over one class only", False, lambda k: _leads(k, third, own))
    yield Case("a lead below 0", False, lambda k: _leads(k, _LAMP.replace("bias 0", "bias -1"), "1 1 1 1 0 0\n1"))
    for pool in ("sum", "mean"):
        for short, full in _RUNS:
            yield Case(f"long runs: {pool} {short}", True, lambda k, p=pool, a=short, b=full: _same_logits(k, p, a, b))
    for p, q, holds in _FLOATS:
        yield Case(f"float32: {p}/{q}", holds, lambda k, p=p, q=q: k.float32(p, q))
    for name, old, new, step, expected in _ERRORS:
        yield Case(
            f"rounding: {name} {new} {step}", True, lambda k, a=(name, old, new, step), e=expected: _error(k, *a) == e
        )
    for name, old, new in _NO_ERROR_BOUND:
        yield Case(
            f"no bound of rounding: {name} {new}", False, lambda k, a=(name, old, new): _error(k, *a, None) is not None
        )
    yield Case("numbers of positions", True, lambda k: _positions(k) == (6, 12))


def _witness(kernel: Kernel, statement: str, text: str) -> Any:
    """The image of class 0 that a certificate gives by this text."""
    lines = kernel.Lines(io.BytesIO(f"witness 0 {text}\n".encode()))
    return kernel.Witness(kernel.Statement(kernel.Lines(io.BytesIO(statement.encode()))), lines, 0, {})


def _leads(kernel: Kernel, statement: str, text: str) -> bool:
    try:
        _witness(kernel, statement, text).check(0)
    except kernel.Reject:
        return False
    return True


def _same_logits(kernel: Kernel, pool: str, short: str, full: str) -> bool:
    """Whether an image has the same logits with its runs written short and in full."""
    statement = (
        golden("sum")[0].replace("globalpool sum", f"globalpool {pool}").replace("sizes 1 2 2 2", "sizes 1 99 2 99")
    )
    statement = statement.replace("stride 1 1", "stride 2 1")
    values = [_witness(kernel, statement, text).logits() for text in (short, full)]
    return [Fraction(x, values[0][1]) for x in values[0][0]] == [Fraction(x, values[1][1]) for x in values[1][0]]


def _error(kernel: Kernel, name: str, old: str, new: str, step: tuple[int, int] | None) -> Any:
    """The kernel's bound of float32's error, in units that hide underflow; None where it has none."""
    statement = _replaced(golden(name)[0], old, new)
    try:
        read = kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
        return _coarse(Fraction(kernel.Rounding(read, step).error, kernel.FINE))
    except kernel.Reject:
        return None


def _coarse(error: Fraction) -> int:
    """An error in units of 2^-110."""
    return round(error * 2**110)


def _bound(k: int, size: int) -> int:
    """What a sum with magnitudes `size` loses at most in k roundings, but for underflow."""
    return _coarse(size * _lost(k))


def _facts(kernel: Kernel, pool: str, floors: dict[int, tuple[int, int]], most: int | None) -> Any:
    facts = kernel.Facts(SimpleNamespace(pool=pool, fewest=2, greatest=most))
    facts.floors = floors
    return facts


def _pooled(kernel: Kernel, pool: str, most: int | None, bound: int) -> list[Fraction | None]:
    """At least and at most (bound at all positions), at least (bound at one) above floors none, -1 and 1."""
    number = (3 * bound, 3)
    facts = _facts(kernel, pool, {}, most)
    found = [facts.spread(number, 1), facts.spread(number, -1), facts.somewhere({0: 1}, number)]
    for low in (-1, 1):
        found.append(_facts(kernel, pool, {0: (2 * low, 2)}, most).somewhere({0: 1}, number))
    return [None if x is None else Fraction(*x) for x in found]


# 2*m_0 + 3*m_1, at some position at least 5/2, with floors 1/2 and -1/4, and -1/2; then with one floor only.
_WEIGHTED = (
    ("max", [Fraction(5, 2), Fraction(5, 2), Fraction(5, 2)]),
    ("sum", [Fraction(11, 4), Fraction(0), None]),
    ("mean", [Fraction(5, 8), Fraction(0), None]),
)


def _weighted(kernel: Kernel, pool: str) -> list[Fraction | None]:
    floors = [{0: (1, 2), 1: (-1, 4)}, {0: (1, 2), 1: (-1, 2)}, {0: (1, 2)}]
    found = [_facts(kernel, pool, known, 6).somewhere({0: 2, 1: 3}, (5, 2)) for known in floors]
    return [None if x is None else Fraction(*x) for x in found]


def _positions(kernel: Kernel) -> tuple[int, int | None]:
    text = golden("sum")[0].replace("sizes 1 2 2 2", "sizes 2 3 4 5")
    statement = kernel.Statement(kernel.Lines(io.BytesIO(text.encode())))
    return statement.fewest, statement.greatest


_LAMP = golden("lamp")[0]


def _lost(k: int) -> Fraction:
    return Fraction(k, 2**24 - k)


def _error_of_sum(kind: int) -> int:
    """The network of `sum`: max(0, a + b - 5/4) at one or two positions, pooled (max, sum, mean), and a dense layer."""
    error, high = _lost(4) * Fraction(13, 4), Fraction(3, 4)
    if kind:
        error, high = 2 * error, 2 * high
        error += _lost(5) * (high + error)
    if kind == 2:
        error, high = error / 2, high / 2
    return _coarse(error + _lost(3) * (high + error))


def _error_of_mean_in_steps() -> int:
    """The same mean where the convolution loses nothing: one position or two are divided by one or two."""
    error = _lost(5) * Fraction(3, 2) / 2
    return _coarse(error + _lost(3) * (Fraction(3, 4) + error))


_FLOATS = [
    (0, 1, True),
    (-3, 8, True),
    (2**24 - 1, 1, True),
    (2**24 + 1, 1, False),
    (2**24 + 2, 1, True),
    (1, 3, False),
    (6, 2, True),
    (1, 2**126, True),
    (1, 2**127, False),
    (2**126, 1, True),
    (2**127, 1, False),
]
_ERRORS = [
    ("lamp", "bias 0 1/2", "bias 0 1/2", None, _bound(3, 1)),
    ("lamp", "1\n0\nbias", "-3\n0\nbias", None, _bound(3, 3)),
    ("lamp", "bias 0 1/2", "bias 1 1/2", None, _bound(3, 2)),
    ("lamp", "bias 0 1/2", "bias -1 1/2", None, _bound(3, 2)),
    ("lamp", "pixel 0 1", "pixel -4 1", None, _bound(3, 4)),
    ("lamp", "input pixel", "input byte", None, _bound(3, 255)),
    ("lamp", "bias 0 1/2", "bias 0 1/2", (1, 2**23), 0),
    ("lamp", "bias 0 1/2", "bias 0 1/2", (1, 2**24), _bound(3, 1)),
    ("lamp", "input pixel", "input byte", (1, 1), 0),
    ("lamp", "bias 0 1/2", "bias 0 1/2\nrelu", None, _bound(3, 1)),
    # two layers: the first one's error goes through the second one's weights
    (
        "lamp",
        "bias 0 1/2",
        "bias 0 1/2\ndense out 2 in 2\n-2 0\n2*0\nbias 2*0",
        None,
        _coarse(2 * _lost(3) + 2 * (1 + _lost(3)) * _lost(3)),
    ),
    # the second layer's steps are half the first one's
    ("lamp", "bias 0 1/2", "bias 0 1/2\ndense out 2 in 2\n-3 0\n2*0\nbias 2*0", (1, 2**22), _bound(3, 3)),
    # after rounding nothing is exact any more, however small
    (
        "lamp",
        "bias 0 1/2",
        "bias -1 1/2\nrelu\ndense out 2 in 2\n1 0\n2*0\nbias 2*0",
        (1, 2**24),
        _coarse(2 * _lost(3) * (1 + _lost(3))),
    ),
    # positions: at most two; a division more for the mean
    ("sum", "globalpool sum", "globalpool max", None, _error_of_sum(0)),
    ("sum", "globalpool sum", "globalpool sum", None, _error_of_sum(1)),
    ("sum", "globalpool sum", "globalpool mean", None, _error_of_sum(2)),
    ("sum", "globalpool sum", "globalpool sum", (1, 2**8), 0),
    ("sum", "globalpool sum", "globalpool mean", (1, 2**8), _error_of_mean_in_steps()),
]
_NO_ERROR_BOUND = [
    ("lamp", "1\n0\nbias", "1/3\n0\nbias"),
    ("lamp", "bias 0 1/2", "bias 0 1/5"),
    ("lamp", "1\n0\nbias", f"{2**127}\n0\nbias"),
    ("lamp", "bias 0 1/2", f"bias 0 1/2\ndense out 2 in 2\n{2**126} 0\n2*0\nbias 2*0"),
    # a mean below 2^126 of numbers whose sum is not
    (
        "lamp",
        "globalpool max",
        f"conv out 1 in 1 rows 1 columns 1 stride 1 1 padding 0 0 0 0\n{2**125}\nbias 0\n"
        "avgpool rows 1 columns 2 stride 1 1 padding 0 0 0 1\nglobalpool max",
    ),
    (
        "sum",
        "globalpool sum",
        f"conv out 1 in 1 rows 1 columns 1 stride 1 1 padding 0 0 0 0\n{2**126}\nbias 0\nglobalpool mean",
    ),
    ("lamp", "globalpool max", "globalpool sum"),
    ("lamp", "globalpool max", "globalpool mean"),
]
_COMPARED = [
    ((1, 2), (1, 2), True),
    ((2, 3), (1, 2), False),
    ((-1, 2), (-1, 3), True),
    ((0, 1), (0, 5), True),
]
# Rows of three pixels, the second of which stands there 60 times; columns likewise.
_RUNS = [
    ("3 3 62 3 1 0\n1 1 0\n7/8 1 3/4\n0 1 1", "62 3 62 3 0 0\n1 1 0\n" + 60 * "7/8 1 3/4\n" + "0 1 1"),
    (
        "1 3 1 62 0 1\n1 3/4 1",
        "1 62 1 62 0 0\n1 " + 60 * "3/4 " + "1",
    ),
    ("1 3 1 63 0 2\n1 1 3/4", "1 63 1 63 0 0\n1 1" + 61 * " 3/4"),
]
_POOLED: list[tuple[str, int | None, int, list[Any]]] = [
    ("max", 6, 4, [4, 4, 4, 4, 4]),
    ("sum", 6, 4, [8, 24, None, -1, 5]),
    ("sum", 6, -4, [-24, -8, None, -9, -3]),
    ("sum", None, 4, [8, None, None, None, 5]),
    ("sum", None, -4, [None, -8, None, None, -3]),
    ("mean", 6, 4, [4, 4, None, Fraction(-1, 6), Fraction(3, 2)]),
    ("mean", 6, -4, [-4, -4, None, Fraction(-3, 2), Fraction(1, 6)]),
    ("mean", None, 4, [4, 4, None, None, None]),
]

_BRIGHT = "feature bright 1 1 gap 1/2 templates 1\ntemplate\n3/4 1\n"
_OFF = "class off alternatives 1\nalternative requires forbids 0\n"
_OVERLAPS = ("alternative requires 0 forbids\n", "alternative requires forbids\n")
_STATEMENTS = [
    *(
        ("margin 1/4", f"margin 1/4 {execution}")
        for execution in (
            "float64",
            "float32 step",
            "float32 step 2",
            "float32 step 1/3",
            "float32 step 0",
            "step 1",
            "float32 1",
        )
    ),
    ("margin 1/4", "margin float32"),
    ("margin 1/4", "margin 1/4 float32"),  # rounding is not paid for
    ("margin 1/4", f"margin {2**23 - 1}/{2**25} float32"),  # nor in full
    ("margin 1/4", f"margin {2**20 - 1}/{2**22} float32"),
    ("margin 1/4", f"margin 1/4 float32 step 1/{2**24}"),  # too small a step
    *((_OFF, _OFF.replace("alternatives 1", "alternatives 2") + more) for more in _OVERLAPS),  # `on` is never alone
    ("sizes 1 any 1 any", "sizes 01 any 1 any"),
    ("pixel 0 1\nfeatures 1\n" + _BRIGHT, "pixel 1 1\nfeatures 1\n" + _BRIGHT.replace("3/4", "1")),
    ("dense out 2 in 1\n1\n0\n", "dense out 2 in 2\n1 0\n0 1\n"),
    ("bias 0 1/2", "bias 1/2"),
    ("sizes 1 any 1 any", "sizes 3 2 1 any"),
    ("pixel 0 1", "pixel 0 1/1"),
    ("3/4 1\n", "3/4 2/2\n"),
    *(
        (("margin 1/4", f"margin {m}"))
        for m in ("2/8", "+1/4", "0.25", "01/4", "1/04", "-1/4", "0", "1/0", "1/-4", "1/4 1", "", "1_0", "1e1")
    ),
    ("margin 1/4", "margin 1/3"),
    ("exactcnn statement 1", "exactcnn statement 2"),
    ("sizes 1 any 1 any", "sizes 0 any 1 any"),
    ("sizes 1 any 1 any", "sizes 2 1 1 any"),
    ("sizes 1 any 1 any", "sizes any any 1 any"),
    ("sizes 1 any 1 any", "sizes 1 any 1"),
    ("sizes 1 any 1 any", "sizes 2 any 1 any"),  # the witness of `off` is too low
    ("sizes 1 any 1 any", "sizes 1 2 1 any"),  # the witness of `on` is too high
    ("sizes 1 any 1 any", "sizes 1 any 2 any"),
    ("sizes 1 any 1 any", "sizes 1 any 1 2"),
    ("source none", "source NONE"),
    ("source none", "source " + "0" * 63),
    ("source none", "source " + "A" * 64),
    *(
        (("task lamp", f"task {n}"))
        for n in ("l%61mp", "lamp%", "lamp%2", "lamp%2f", "lamp%FF", "l%C3%A", "lämp", "l/mp", "%%", "l  mp")
    ),
    ("channels 1 pixel 0 1", "channels 0 pixel 0 1"),
    ("channels 1 pixel 0 1", "channels 2 pixel 0 1"),
    ("pixel 0 1", "pixel 1 0"),
    ("pixel 0 1", "pixel 1 1"),
    ("pixel 0 1", "pixel 0 7/8"),  # the template leaves the range
    ("features 1\n" + _BRIGHT, "features 0\n"),
    ("features 1\n" + _BRIGHT, "features 2\n" + _BRIGHT + _BRIGHT),  # two of one name
    ("features 1", "features 2"),
    ("gap 1/2", "gap 0"),
    ("gap 1/2", "gap -1/2"),
    ("gap 1/2", "gap 3/8"),  # too small for the upper fact
    ("templates 1", "templates 0"),
    ("templates 1\ntemplate\n3/4 1\n", "templates 0\n"),
    ("3/4 1\n", "1 3/4\n"),
    ("3/4 1\n", "3/4 1 1\n"),
    ("3/4 1\n", "3/4 2\n"),
    ("3/4 1\n", "-1 1\n"),
    ("3/4 1\n", "3/4\n"),
    ("bright 1 1 gap", "bright 0 1 gap"),
    ("bright 1 1 gap", "bright 1 2 gap"),
    ("classes 2", "classes 1"),
    ("classes 2", "classes 3"),
    (
        "class on alternatives 1\nalternative requires 0 forbids\n" + _OFF,
        "class on otherwise\nclass off otherwise\n",
    ),
    ("class off", "class on"),
    ("class off alternatives 1\nalternative requires forbids 0\n", "class off alternatives 0\n"),
    ("requires 0 forbids", "requires 1 forbids"),
    ("requires 0 forbids", "requires 0 0 forbids"),
    ("requires 0 forbids", "requires 0 forbids forbids"),
    ("requires 0 forbids", "requires 0"),
    ("requires 0 forbids", "requires forbids"),  # now `on` always holds
    ("exactcnn network 1", "exactcnn network 2"),
    ("input pixel channels 1", "input pixel channels 2"),
    ("input pixel channels 1", "input float channels 1"),
    ("input pixel", "input byte"),  # the logits are 255 times as large
    ("globalpool max", "globalpool median"),
    ("globalpool max\n", ""),
    ("globalpool max\n", "globalpool max\nglobalpool max\n"),
    ("globalpool max", "globalpool sum"),
    ("globalpool max", "globalpool mean"),
    ("globalpool max\n", "maxpool rows 1 columns 1 stride 1 1 padding 1 0 0 0\nglobalpool max\n"),
    ("globalpool max\n", "maxpool rows 0 columns 1 stride 1 1 padding 0 0 0 0\nglobalpool max\n"),
    ("globalpool max\n", "maxpool rows 1 columns 1 stride 0 1 padding 0 0 0 0\nglobalpool max\n"),
    ("globalpool max\n", "maxpool rows 2 columns 1 stride 1 1 padding 0 0 0 0\nglobalpool max\n"),  # undefined at 1x1
    ("globalpool max\n", "maxpool rows 5000 columns 1 stride 1 1 padding 4999 0 4999 0\nglobalpool max\n"),
    ("globalpool max\n", "dense out 1 in 1\n1\nbias 0\nglobalpool max\n"),
    ("globalpool max\n", "globalpool max\nconv out 1 in 1 rows 1 columns 1 stride 1 1 padding 0 0 0 0\n1\nbias 0\n"),
    ("globalpool max\n", "softmax\nglobalpool max\n"),
    ("dense out 2 in 1", "dense out 2 in 2"),
    ("dense out 2 in 1", "dense out 0 in 1"),
    ("dense out 2 in 1\n1\n0\nbias 0 1/2\n", "dense out 3 in 1\n1\n0\n0\nbias 0 1/2 0\n"),
    ("1\n0\nbias", "1\nbias"),
    ("1\n0\nbias", "1 0\nbias"),
    ("1\n0\nbias", "1\n-0\nbias"),
    ("bias 0 1/2", "bias 1*0 1/2"),
    ("bias 0 1/2", "bias 0 0"),
    ("bias 0 1/2", "bias 0 1/2 0"),
    ("bias 0 1/2", "bias 2*0"),
    ("bias 0 1/2", "bias 0 5/8"),
    ("end\nend\n", "end\n"),
    ("end\nend\n", "end\nend"),
    ("end\nend\n", "end\nend\n\n"),
    ("end\nend\n", "end\nend\nend\n"),
]

_MEANING = {  # read, but not proved by the certificate
    ("margin 1/4", "margin 1/3"),
    ("margin 1/4", "margin 1/4 float32"),
    ("margin 1/4", f"margin {2**23 - 1}/{2**25} float32"),
    ("margin 1/4", f"margin {2**20 - 1}/{2**22} float32"),
    ("margin 1/4", f"margin 1/4 float32 step 1/{2**24}"),
    ("sizes 1 any 1 any", "sizes 2 any 1 any"),
    ("sizes 1 any 1 any", "sizes 1 2 1 any"),
    ("sizes 1 any 1 any", "sizes 1 any 2 any"),
    ("sizes 1 any 1 any", "sizes 1 any 1 2"),
    ("gap 1/2", "gap 3/8"),
    ("requires 0 forbids", "requires forbids"),
    ("input pixel", "input byte"),
    ("globalpool max", "globalpool sum"),
    ("globalpool max", "globalpool mean"),
    ("bias 0 1/2", "bias 2*0"),
    ("bias 0 1/2", "bias 0 5/8"),
    *((_OFF, _OFF.replace("alternatives 1", "alternatives 2") + more) for more in _OVERLAPS),
}
_PROOF = "prove 1 0 0 0 0\nsplit 1\nqed 2 4 2 6 1\nqed 2 4 1 6 2\n"
_WITNESS = "witness 0 1 1 3 3 0 0\n1\n"
_RIGHT = "prove\nchoose 0\nchoose 1\nchoose 2\nqed 1 0 1\nright"
_PAIR = "pair 0 1\nprove\nchoose 0\nchoose 1\nchoose 3\nqed 1 0 1\n"
_WRONG = "prove\nchoose 0\nchoose 2\nqed 1 0 1\nwrong"
_FAR = (  # a window that does not exist at the first border kind, with a proof that would do
    "prove 2 0 0 0 0 0 0 1 1\nsplit 2\nsplit 4\nqed 3 10 2 11 4 13 1\nqed 2 10 1 13 2\n"
    "prove 1 0 0 1 0\nsplit 1\nsplit 2\nqed 3 5 2 6 4 8 1\nqed 2 5 1 8 2\n"
)
_TWO = (
    "prove 2 0 0 1 0 0 0 1 1\nsplit 2\nsplit 3\nqed 3 10 2 12 4 14 1\nqed 2 10 1 14 2\n"
    "split 4\nqed 3 11 2 12 4 14 1\nqed 2 11 1 14 2\n"
)
_NEAR = "prove 1 0 0 1 1\nsplit 1\nsplit 2\nqed 3 5 2 6 4 8 1\nqed 2 5 1 8 2\nsame 1 0 0 1 0\n"

Change = tuple[str, str]


def _another_sum(weights: str) -> tuple[Change, ...]:
    """A fact more about a sum of channels in `phases`, and the proofs whose rows it moves."""
    return (
        ("facts 5\n", f"facts 6\njoint 0 0 -9 over {weights}\n" + 9 * "see 0 0 box\n"),
        ("sub 4 1 4 1 0\nlin 2 3 1 5 1\nqed 1 6 1\n", "sub 5 1 4 1 0\nlin 2 3 1 6 1\nqed 1 7 1\n"),
        ("sub 4 1 4 1 0\nsub 5 1 5 1 0\nqed 1 6 1\n", "sub 5 1 4 1 0\nsub 6 1 5 1 0\nqed 1 7 1\n"),
    )


_PAIRS: list[tuple[str, Change | None, tuple[Change, ...]]] = [
    # witnesses
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n1/2\n"),)),  # neither on nor off
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n0\n"),)),  # off
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n2\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 0\n1 1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 1 0\n1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 3 3 0 1\n1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 2 1 1 1 0 0\n1\n1\n"),)),
    ("lamp", None, ((_WITNESS, "witness 1 1 1 3 3 0 0\n1\n"),)),
    ("lamp", None, ((_WITNESS, ""),)),
    ("lamp", None, ((_WITNESS, _WITNESS + _WITNESS),)),
    (
        "lamp",
        None,
        (
            (_WITNESS, "witness 0 2 1 2 1 0 0\n1\n1/2\n"),
            ("witness 1 1 1 1 1 0 0\n1/4", "witness 1 2 1 2 1 0 0\n1/4\n1/2"),
        ),
    ),
    ("lamp", None, (("1/4\nfacts", "-1\nfacts"),)),
    (
        "lamp",
        ("margin 1/4", "margin 1/100"),
        (("1/4\nfacts", "3/8\nfacts"),),
    ),  # neither on nor off, and the lead would do
    # the header, the frame
    ("lamp", None, (("exactcnn certificate 1", "exactcnn certificate 2"),)),
    ("lamp", None, (("statement 6", "statement 7"),)),
    ("lamp", None, (("end\n", "end\nend\n"),)),
    ("lamp", None, (("end\n", "end"),)),
    ("lamp", None, (("\nend\n", "\n"),)),
    ("lamp", None, (("head\n", ""),)),
    ("lamp", None, (("facts 2", "facts 1"),)),
    ("lamp", None, (("facts 2", "facts 3"),)),
    # facts
    ("lamp", None, (("upper 0 1/4", "upper 0 1/5"),)),
    ("lamp", None, (("upper 0 1/4", "upper 0 1"),)),
    ("lamp", None, (("upper 0 1/4", "upper 1 1/4"),)),
    ("lamp", None, (("upper 0 1/4 avoid 0", "upper 0 1/4 avoid 1"),)),
    ("lamp", None, (("upper 0 1/4 avoid 0", "upper 0 1/4 avoid 0 0"),)),
    ("lamp", None, ((_PROOF, "box\n"),)),
    ("lamp", None, ((_PROOF, "same 1 0 0 0 0\n"),)),
    ("lamp", None, ((_PROOF, ""),)),
    ("lamp", None, ((_PROOF, _PROOF + _PROOF),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 1 0 0 1 0"),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 1 0 1 0 0"),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 1 1 0 0 0"),)),
    ("lamp", None, (("prove 1 0 0 0 0", "prove 0"),)),
    ("lamp", None, ((_PROOF, "prove 2 0 0 0 0 0 0 0 0\nsplit 1\nqed 2 6 2 9 1\nqed 2 6 1 9 2\n"),)),
    # an upper fact that avoids nothing but uses a clear window, and the head that would follow from it
    (
        "lamp",
        None,
        (("avoid 0", "avoid"), (_RIGHT, _RIGHT.replace("qed 1 0 1", "qed 1 1 1")), (_WRONG, "prove\nqed 1 0 1\nwrong")),
    ),
    ("lamp", None, (("lower 0 0 0 3/4", "lower 0 0 0 7/8"),)),
    ("lamp", None, (("lower 0 0 0 3/4", "lower 1 0 0 3/4"),)),
    ("lamp", None, (("lower 0 0 0 3/4", "lower 0 1 0 3/4"),)),
    ("lamp", None, (("see 0 0 box", "see 1 0 box"),)),
    ("lamp", None, (("see 0 0 box", "see 0 1 box"),)),
    ("lamp", None, (("see 0 0 box", "see 0 0 same"),)),
    ("lamp", None, (("see 0 0 box\n", ""),)),
    ("lamp", None, (("see 0 0 box", "see 0 0 prove\nqed 1 1 1"),)),
    ("pool2", None, ((_NEAR, _FAR),)),
    ("pool2", None, ((_TWO, "same 2 0 0 1 0 0 0 1 1\n"),)),
    ("pool2", None, (("lower 0 0 0 3/4\nsee 0 0 box\n", "lower 0 0 0 3/4\n"),)),
    ("avg", None, (("lower 0 0 0 1/2", "lower 0 0 0 2/3"),)),
    ("bar", None, (("upper 0 0 avoid 0\nbox\n", "upper 0 0 avoid 0\nbox\nbox\n"),)),
    ("sum", None, (("floor 0 0", "floor 0 1"),)),
    ("sum", None, (("facts 3\nfloor 0 0\nbox\n", "facts 4\nfloor 0 0\nbox\nfloor 0 0\nbox\n"),)),
    # sums of channels
    ("phases", None, (("joint 0 0 6 over", "joint 0 0 7 over"),)),
    ("phases", None, (("joint 0 0 6 over", "joint 0 0 5 over"),)),
    ("phases", None, (("joint 0 0 6 over", "joint 0 1 6 over"),)),
    ("phases", None, (("joint 0 0 6 over", "joint 0 0 6"),)),
    *(
        ("phases", None, (("over 0 6 1 3 2 2 3 6\n", f"over {weights}\n"),))
        for weights in (
            "0 6 1 3 2 1 3 6",
            "0 6 1 3 2 2",
            "0 6 1 3 2 2 3",
            "0 6 1 3 2 2 3 6 7",
            "1 3 0 6 2 2 3 6",
            "0 6 0 6 1 3 2 2 3 6",
            "0 6 1 3 2 2 4 6",
            "0 6 1 3 2 2 3 0",
            "0 6 1 3 2 2 3 12/2",
        )
    ),
    ("phases", None, (("joint 0 0 6 over 0 6 1 3 2 2 3 6\nsee 0 0 box\n", "joint 0 0 6 over 0 6 1 3 2 2 3 6\n"),)),
    ("phases", None, _another_sum("0 1")),
    ("phases", None, _another_sum("0 -1 1 1")),
    ("phases", None, _another_sum("0 1 1 1 2")),
    ("phasesum", None, (("facts 9\n", "facts 8\n"), ("floor 3 0\n" + 6 * "box\n", ""))),
    ("phasesum", None, (("floor 3 0\n", "floor 3 -1\n"),)),
    # heads
    ("lamp", None, (("right 0 3/4", "right 0 7/8"),)),
    ("lamp", None, (("right 1 1/2", "right 1 3/4"),)),
    ("lamp", None, (("wrong 0 1/4", "wrong 0 0"),)),
    ("lamp", None, (("wrong 1 1/2", "wrong 1 1/4"),)),
    ("lamp", None, (("right 0 3/4\n" + _RIGHT, "right 0 none\nright"),)),
    ("lamp", None, (("wrong 0 1/4\n" + _WRONG, "wrong 0 none\nwrong"),)),
    ("lamp", None, (("wrong 1 1/2\nprove\nqed 0\n", "wrong 1 none\n"),)),
    ("lamp", None, (("right 1 1/2\nprove\nqed 0\n", ""),)),
    ("lamp", None, (("qed 0\nend", "qed 0\n" + _PAIR + "end"),)),  # a pair that is not left over
    ("lamp", None, (("right 0 3/4", "right 0 1/2"),)),  # a pair that is left over, and its proof is missing
    (
        "lamp",
        None,
        (("right 0 3/4", "right 0 1/2"), ("qed 0\nend", "qed 0\n" + _PAIR.replace("0 1\n", "1 0\n", 1) + "end")),
    ),
    ("lamp", None, ((_RIGHT, "prove\nchoose 2\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_RIGHT, "prove\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_RIGHT, "prove\nchoose 0\nchoose 1\nchoose 1\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_RIGHT, "prove\nchoose 3\nchoose 1\nchoose 2\nqed 1 0 1\nright"),)),
    ("lamp", None, ((_WRONG, "prove\nchoose 0\nchoose 1\nqed 1 0 1\nwrong"),)),
    ("lamp", None, ((_WRONG, "prove\nchoose 2\nqed 1 0 1\nwrong"),)),
    ("mixed", None, (("wrong 0 0\n", "wrong 0 -1\n"),)),
    ("mixed", None, (("right 2 1/2\n", "right 2 1\n"),)),
    ("templates", ("templates 2\n", "templates 3\ntemplate\n7/8 1 7/8 1\n"), ()),
    ("templates", ("\n2*-1\nbias 1\nrelu\n", "\n-1 0\nbias 1\nrelu\n"), ()),
    # pools other than the maximum: other numbers of positions
    ("sum", ("sizes 1 2 2 2", "sizes 1 3 2 2"), ()),
    ("sum", ("sizes 1 2 2 2", "sizes 1 2 2 3"), ()),
    ("sum", ("sizes 1 2 2 2", "sizes 1 any 2 2"), ()),
    ("summax", ("sizes 1 1 2 2", "sizes 1 1 2 3"), ()),
    ("meanmix", ("sizes 1 1 2 2", "sizes 1 1 2 3"), ()),
    ("meanmix", ("sizes 1 1 2 2", "sizes 1 1 2 any"), ()),
    ("mean", ("sizes 1 1 2 2", "sizes 1 1 2 3"), ()),
    ("summax", ("pixel 0 1", "pixel -1 1"), ()),
    ("meanmix", ("pixel 0 1", "pixel -1 1"), ()),
    # networks changed a little
    ("bar", ("gap 1/2", "gap 7/16"), ()),
    ("bytes", ("input byte", "input pixel"), ()),
    ("bar", ("input pixel", "input byte"), ()),
    ("maxpool", ("padding 0 1 0 1\n2*1\nbias -1", "padding 0 1 0 1\n2*1\nbias -3/4"), ()),
    ("maxpool", ("padding 0 0 0 1", "padding 0 1 0 1"), ()),
    ("avg", ("bias -2 1/4", "bias -1/2 1/4"), ()),
    ("mixed", ("alternative requires 0 forbids 1", "alternative requires 0 forbids"), ()),
]
_NETWORK = "network\nexactcnn network 1\ninput pixel channels 1\nglobalpool max\ndense out 2 in 1\n1\n"
_FINE: list[tuple[str, Change | None, tuple[Change, ...]]] = [
    ("phases", None, _another_sum("0 1 1 1")),
    (  # the logit of `otherwise` is 1 - m
        "lamp",
        (_OFF + _NETWORK + "0\nbias 0 1/2", "class off otherwise\n" + _NETWORK + "-1\nbias 0 1"),
        (
            ("right 1 1/2\nprove\nqed 0\n", "right 1 3/4\nprove\nchoose 0\nchoose 2\nqed 1 0 1\n"),
            ("wrong 1 1/2\nprove\nqed 0\n", "wrong 1 1/4\nprove\nchoose 0\nchoose 1\nchoose 2\nqed 1 0 1\n"),
        ),
    ),
    ("lamp", ("task lamp", "task %E2%98%80%20"), ()),
    ("lamp", ("task lamp", "task %"), ()),
    ("lamp", ("source none", "source " + "0123456789abcdef" * 4), ()),
    ("lamp", ("margin 1/4", "margin 1/5"), ()),
    # float32: logits m and 1/2, whose lead is 1/4 and nothing to spare
    ("lamp", ("margin 1/4", "margin 1/5 float32"), ()),
    ("lamp", ("margin 1/4", f"margin {2**18 - 1}/{2**20} float32"), ()),
    ("lamp", ("margin 1/4", "margin 1/4 float32 step 1/256"), ()),
    ("lamp", ("margin 1/4", "margin 1/4 float32 step 1"), ()),
    ("lamp", ("margin 1/4", f"margin 1/4 float32 step 1/{2**23}"), ()),
    ("sum", ("margin 1/8", "margin 1/9 float32"), ()),
    ("lamp", ("globalpool max\n", "globalpool max\nflatten\n"), ()),
    ("lamp", None, ((_WITNESS, "witness 0 1 1 100000000 100000000 0 0\n3/4\n"),)),
    ("lamp", None, ((_WITNESS, "witness 0 2 2 999 7 1 0\n1 0\n0 0\n"),)),
    ("lamp", None, (("right 0 3/4", "right 0 1/2"), ("qed 0\nend", "qed 0\n" + _PAIR + "end"))),
    ("lamp", None, (("wrong 1 1/2\nprove\nqed 0\n", "wrong 1 none\n" + _PAIR),)),
    ("summax", ("sizes 1 1 2 2", "sizes 1 1 1 2"), ()),
    ("bar", ("padding 0 0 0 1", "padding 0 1 0 0"), ()),
    ("pool2", ("stride 2 2", "stride 2 1"), ()),
    ("avg", ("4\n-1\nbias", "4\n-1/2\nbias"), ()),
    ("lamp", None, (("see 0 0 box", "see 0 0 prove\nqed 1 0 4"),)),
    (
        "lamp",
        None,
        (
            ("upper 0 1/4 avoid 0\n", "upper 0 1 avoid\nbox\nupper 0 1/4 avoid 0\n"),
            ("facts 2", "facts 3"),
            (_RIGHT, _RIGHT.replace("qed 1 0 1", "qed 1 1 1")),
            (_WRONG, _WRONG.replace("qed 1 0 1", "qed 1 1 1")),
        ),
    ),
    ("lamp", ("class off alternatives 1\nalternative requires forbids 0\n", "class off otherwise\n"), ()),
]


# -- single rules -----------------------------------------------------------------------------------------------------


def _arena(kernel: Kernel) -> Any:
    """x in [-1, 1], y1 = max(0, x), y2 = max(0, x/2 + 1/4), y3 = max(x, -x, 1/4).

    Rows: 0 x+1, 1 1-x, 2 y1, 3 y1-x, 4 y2, 5 4y2-2x-1, 6 y3-x, 7 y3+x, 8 4y3-1.
    Clauses: (1, 2), (-1, 3), (-2,), (), (4,); literal 3 switches on the row 2x-1, literal 4 the row -2x-1.
    """
    c = kernel.CONST
    sequent = kernel.Sequent(SimpleNamespace(unit=2))
    x = sequent.variable()
    sequent.pixels = [(-2, 2)]
    sequent.maximum(True, [({x: 1}, 1)])
    sequent.maximum(True, [({x: 2, c: 1}, 4)])
    sequent.maximum(False, [({x: 1}, 1), ({x: -1}, 1), ({c: 1}, 4)])
    sequent.clauses = [(1, 2), (-1, 3), (-2,), (), (4,)]
    sequent.switched = {3: [((c, -1), (x, 2))], 4: [((c, -1), (x, -2))]}
    return sequent


def _proved(kernel: Kernel, goal: str, proof: str) -> bool:
    """Whether the kernel takes this proof of this goal (`constant c0 c1 c2 c3`, coefficients of the variables)."""
    sequent = _arena(kernel)
    numbers = [int(n) for n in goal.split()]
    sequent.goal = kernel.primitive({v - 1: n for v, n in enumerate(numbers)})
    lines = kernel.Lines(io.BytesIO("".join(line + "\n" for line in proof.split(";")).encode()))
    try:
        kernel.Proof(lines, sequent)
        lines.finish()
    except kernel.Reject:
        return False
    return True


def _rule_cases() -> Iterator[Case]:
    for rule, goal, proof, accept in _RULES:
        name = f"{rule}: {goal} by {proof}"
        yield Case(name, accept, lambda k, g=goal, p=proof: _proved(k, g, p))


_CHORD1 = "1 1 -2"  # x + 1 - 2*y1
_CHORD2 = "3 3 0 -8"  # 3x + 3 - 8*y2
_RULES: list[tuple[str, str, str, bool]] = [
    ("qed", "1 1", "qed 1 0 1", True),
    ("qed", "1 1", "qed 1 0 7", True),
    ("qed", "2 1", "qed 1 0 1", True),
    ("qed", "0 1", "qed 1 0 1", False),
    ("qed", "1 2", "qed 1 0 1", False),
    ("qed", "1 -1", "qed 1 0 1", False),
    ("qed", "1 -1", "qed 1 1 1", True),
    ("qed", "1 1", "qed 1 1 1", False),
    ("qed", "1 1", "qed 1 0 0", False),
    ("qed", "-1 -1", "qed 1 0 -1", False),
    ("qed", "1 1", "qed 0", False),
    ("qed", "0", "qed 0", True),
    ("qed", "1", "qed 0", True),
    ("qed", "-1", "qed 0", False),
    ("qed", "-1", "qed 2 0 1 1 1", False),
    ("qed", "3 0 0 0 1", "qed 1 4 1", False),
    ("qed", "0 0 1 0 0", "qed 2 2 1 2 1", False),
    ("qed", "0 0 2 0 0", "qed 2 3 1 2 1", False),
    ("qed", "1 1", "qed 1 9 1", False),
    ("qed", "1 1", "qed 1 -1 1", False),
    ("qed", "1 1", "qed 1 -9 1", False),
    ("qed", "1 1", "qed 2 0 1 2 0", False),
    ("qed", "1 1", "qed 2 0 1", False),
    ("qed", "1 1", "qed 1 0 1 1", False),
    ("qed", "1 1", "qed", False),
    ("qed", "1 1", "qed 1 0 1 ", False),
    ("qed", "1 1", "qed 1 0 01", False),
    ("qed", "1 1", "qed 1 0 +1", False),
    ("qed", "1 1", "qed 1 0 1/1", False),
    ("qed", "1 1", "qed 1 0 1;qed 1 0 1", False),
    ("qed", "1 1", "done 1 0 1", False),
    ("qed", "1 1 1", "qed 1 0 1", False),
    ("qed", "1 1 0 0 0", "qed 2 0 1 4 1", False),
    ("lin", "1 1 1", "lin 2 0 1 2 1;qed 1 9 1", True),
    ("lin", "1 1 1", "lin 2 0 1 2 1;qed 1 10 1", False),
    ("lin", "1 1 2", "lin 2 0 1 2 1;qed 1 9 1", False),
    ("lin", "2 0 1 0 0", "lin 3 0 1 1 1 2 1;qed 1 9 1", True),
    ("lin", "1 0 1 0 0", "lin 3 0 1 1 1 2 1;qed 1 9 1", False),
    ("lin", "1 1 1", "lin 2 2 1 0 1;qed 1 9 1", False),
    ("lin", "1 1 1", "lin 2 0 1 2 0;qed 1 9 1", False),
    ("lin", "1 1 -1", "lin 2 0 1 2 -1;qed 1 9 1", False),
    ("lin", "0", "lin 0;qed 0", False),
    ("chord", _CHORD1, "chord 1 0 1;qed 1 9 1", True),
    ("chord", "0 1 -2", "chord 1 0 1;qed 1 9 1", False),
    ("chord", "1 1 -3", "chord 1 0 1;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 1 1 0;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 1 0 0;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 1 0 3;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 3 0 1;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 0 0 1;qed 1 9 1", False),
    ("chord", _CHORD2, "chord 2 0 1;qed 1 9 1", True),
    ("chord", "2 3 0 -8", "chord 2 0 1;qed 1 9 1", False),
    ("chord", "-1", "cut 1 0 2 1;chord 2 9 1;qed 0;qed 0", False),  # from Z >= 0: no lower bound below 0
    ("chord", "0 0 -1", "cut 1 0 1 0;chord 1 0 9;qed 1 10 1;qed 0", False),
    ("chord", "0 1 -1", "cut 1 0 1 0;chord 1 9 1;qed 1 10 1;qed 0", False),
    ("chord", "1 1 0 0 -2", "chord 3 0 1;qed 1 9 1", False),  # y3 is no ReLU of its first argument
    ("chord", "-1 2 -1", "choose 2;choose 0;choose 1;chord 1 9 1;qed 1 10 1", False),  # 1/2 <= x
    ("chord", "-1 -1 -1", "choose 4;chord 1 0 9;qed 1 10 1", False),  # x <= -1/2
    ("chord", "1 2 -3", "choose 4;chord 1 9 1;qed 1 10 1", False),  # x <= -1/2 taken for x >= -1/2
    ("chord", "1 1 -3", "choose 2;choose 0;choose 1;chord 1 0 9;qed 1 10 1", False),  # x >= 1/2 taken for x <= 1/2
    ("chord", "1 5 -6", "lin 2 0 1 7 4;chord 1 9 1;qed 1 10 1", False),  # a row about other variables too
    ("sub", "0 0 0 -1", "sub 0 -2 2 1 0;qed 1 9 1", False),  # x >= -1 times -2
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 1 2;qed 1 9 1", True),
    ("sub", "0 0 2 -4", "sub - 0 2 1 1 1 2;qed 1 9 1", False),
    ("sub", "1 0 1 -4", "sub - 0 2 1 1 1 1;qed 1 9 1", False),
    ("sub", "0 0 -1 2", "sub - 0 1 2 1 2 1;qed 1 9 1", True),  # 2*x <= 2*x + 1, so Y1 twice is at most Y2: c = -1
    ("sub", "-1 0 -2 4", "sub - 0 1 2 1 2 1;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 1 2 2 1 0;qed 1 9 1", True),
    ("sub", "2 0 0 -4", "sub 1 2 2 1 0;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 0 2 2 1 0;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 1 -2 2 1 0;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 1 1 2 1 0;qed 1 9 1", False),
    ("sub", "0 0 0 4", "sub 0 2 2 -1 0;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 1 -2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 1 0;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 0 1 1 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 1 2 1 1 1 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 2 1 1 1 1;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 3 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 0 1 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1;qed 1 9 1", False),
    ("sub", "0 0 0 0 1", "sub 1 1 3 1 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 1 4 0 4 - 0;qed 1 9 1", True),
    ("maxle", "1 0 0 0 -2", "maxle 3 1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "0 0 0 0 -1", "maxle 3 1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 0 4 1 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 1 4 0 4;qed 1 9 1", False),
    ("maxle", "1 4 0 0 -4", "maxle 3 1 - 0 - 0 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -4", "maxle 3 1 - 0 - 0 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 -1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 1 4 0 -4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 1 1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 4 1 16 0 16 - 0;qed 1 9 1", True),
    ("have", "1 1 1", "have 2 0 1 1 1 1;qed 2 0 1 2 1;qed 1 9 1", True),
    ("have", "1 1 1", "have 2 0 1 1 1 1;qed 1 9 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 1 1 1;qed 2 0 1 2 1", False),
    ("have", "-1", "have 0 -1;qed 1 9 1;qed 0", False),
    ("have", "1 1 1", "have 2 1 1 0 1 1;qed 2 0 1 2 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 1 0 1;qed 2 0 1 2 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 7 1 1;qed 2 0 1 2 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 1 1;qed 2 0 1 2 1;qed 1 9 1", False),
    (
        "have",
        "1 1 1",
        "have 2 0 1 1 1 1;lin 2 0 1 2 1;qed 1 9 1;qed 1 10 1",
        False,
    ),  # rows of the lemma's proof are gone
    ("split", "1 1 -2", "split 1;qed 2 0 1 2 1;qed 2 0 1 10 1", False),
    ("split", _CHORD1, "split 1;qed 2 1 1 10 2;qed 2 0 1 10 2", True),
    ("split", _CHORD1, "split 1;qed 2 1 1 10 2", False),
    ("split", _CHORD1, "split 1;qed 2 0 1 10 2;qed 2 1 1 10 2", False),
    ("split", "0 1", "split 1;qed 1 9 1;qed 1 9 1", False),
    ("split", "0 1 -1", "split 1;qed 1 10 1;qed 2 9 1 10 1", False),
    ("split", "0 1 -1", "split 1;qed 1 10 1;qed 1 10 1", False),
    ("split", "0 1", "split 0;qed 1 9 1;qed 1 9 1", False),
    ("split", "1 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1;lin 1 9 4;lin 2 0 1 1 1;qed 1 9 1", True),
    ("split", "1 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1;qed 1 9 1", True),
    ("split", "1 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1", False),
    ("split", "0 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1;qed 1 9 1", False),
    ("cut", _CHORD1, "cut 1 0 1 0;split 1;qed 2 1 1 11 2;qed 2 0 1 11 2;split 1;qed 2 1 1 11 2;qed 2 0 1 11 2", True),
    ("cut", "0 1", "cut 1 0 1 0;qed 1 9 1;qed 1 9 1", False),
    ("cut", "0 1", "cut 1 0 1 0;qed 1 9 1", False),
    ("cut", "0 -1", "cut 1 0 1 0;qed 1 9 1;qed 1 9 1", False),
    ("cut", "0 1", "cut 1 0 1 1;qed 1 9 1;qed 0", False),
    ("cut", "-1", "cut 0 1;qed 1 9 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 2;choose 0;choose 1;qed 1 9 1", True),
    ("choose", "-1 2", "choose 0;choose 1;qed 1 9 1;choose 2", True),
    ("choose", "-1 2", "choose 0;choose 1;qed 1 9 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 0;choose 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 1;qed 1 9 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 1;choose 0;choose 2;qed 1 9 1", True),
    ("choose", "-1", "choose 3", True),
    ("choose", "-1", "choose 5", False),
    ("choose", "-1", "choose 4;choose 2;choose 0;choose 1;qed 2 9 1 10 1", True),
    ("choose", "-1", "choose 2", False),
    ("choose", "-1", "choose 2;choose 2;choose 0;choose 1;choose 1;qed 1 10 1", False),
    ("choose", "-1 2", "choose 0;choose 1;choose 1;qed 1 10 1;choose 2", False),  # assumed twice, its row added once
    ("choose", "-1 2", "choose 0 1;choose 1;qed 1 9 1;choose 2", False),
]

"""What single functions of the kernel have to answer."""

from __future__ import annotations

import io
from collections.abc import Iterator
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from support.kernel_pairs import Case, Kernel, golden, replaced

__all__ = ["ERRORS", "NO_ERROR_BOUND", "unit_cases"]


def unit_cases() -> Iterator[Case]:
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
    for name, old, new, step, expected in ERRORS:
        yield Case(
            f"rounding: {name} {new} {step}", True, lambda k, a=(name, old, new, step), e=expected: _error(k, *a) == e
        )
    for name, old, new in NO_ERROR_BOUND:
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
    statement = replaced(golden(name)[0], old, new)
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
ERRORS = [
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
NO_ERROR_BOUND = [
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

"""A network unrolled at one image size: every layer as sympy expressions over the layer before it.

`Max` is built unevaluated throughout: sympy would otherwise compare all arguments with each other, and flatten nested
maxima that readers want to see as the layers they come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.convolution import window_count
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import (
    AvgPool2d,
    Conv2d,
    Dense,
    Flatten,
    GlobalPool,
    Layer,
    MaxPool2d,
    Network,
    Padding,
    Pair,
    ReLU,
    kernel_of,
)

__all__ = ["Expr", "MOST_TERMS", "Naming", "guard_terms", "maximum", "pixel_symbol", "rational", "unnamed", "unroll"]

Expr = Any
"""A `sympy.Expr`; sympy's own annotations are partial."""
Grid = NDArray[Any]
MOST_TERMS = 200_000
"""Larger networks are refused: sympy takes seconds for these, and minutes for ten times as many."""
Naming = Callable[[int, tuple[int, ...], Expr], Expr]
"""What stands for the value of a ReLU or maximum: (layer, place, expression) to expression."""


def pixel_symbol(channel: int, row: int, column: int) -> Expr:
    """The symbol x_{channel,row,column} of one input number; all counted from 0."""
    return sympy.Symbol(f"x_{{{channel},{row},{column}}}", real=True)


def unroll(network: Network, height: int, width: int, name: Naming) -> list[Expr]:
    """The logits, every ReLU and maximum passed through `name`."""
    if network.output_size(height, width) is None:
        raise InputError(
            "the network is not defined at this size", source=network.source, found=f"{height}x{width} images"
        )
    terms = network.channels * height * width
    guard_terms("the network", terms, height, width)
    values = _each((network.channels, height, width), lambda place: pixel_symbol(place[0], place[1], place[2]))
    for number, layer in enumerate(network.layers):
        terms += _terms(layer, values.shape)
        guard_terms("the network", terms, height, width)
        values = _apply(layer, values, partial(name, number))
    return list(values.reshape(-1))


def unnamed(_number: int, _place: tuple[int, ...], expression: Expr) -> Expr:
    """The naming that names nothing."""
    return expression


def _terms(layer: Layer, shape: tuple[int, ...]) -> int:
    """How many terms the layer's expressions have on an input of this shape, or places if that is more."""
    if isinstance(layer, Dense):
        return int(np.count_nonzero(layer.weight.numerators))
    if not isinstance(layer, (Conv2d, MaxPool2d, AvgPool2d)):
        return math.prod(shape)
    (rows, columns), (down, right) = kernel_of(layer), layer.stride
    top, left, bottom, end = layer.padding
    height, width = shape[1] + top + bottom, shape[2] + left + end
    positions = window_count(height, rows, down) * window_count(width, columns, right)
    taps = np.count_nonzero(layer.weight.numerators) if isinstance(layer, Conv2d) else shape[0] * rows * columns
    return max(int(taps) * positions, shape[0] * height * width)


def _apply(layer: Layer, x: Grid, name: Callable[[tuple[int, ...], Expr], Expr]) -> Grid:
    """One layer on (C, H, W) or (K,) expressions."""
    if isinstance(layer, Conv2d):
        return _convolved(layer, x)
    if isinstance(layer, ReLU):
        return _each(x.shape, lambda place: name(place, maximum([sympy.S.Zero, x[place]])))
    if isinstance(layer, MaxPool2d):
        windows = _windows(x, layer.kernel, layer.stride, layer.padding, None)
        return _each(
            windows.shape[:3], lambda place: name(place, maximum([e for e in windows[place].flat if e is not None]))
        )
    if isinstance(layer, AvgPool2d):
        windows = _windows(x, layer.kernel, layer.stride, layer.padding, sympy.S.Zero)
        share = sympy.Rational(1, math.prod(layer.kernel))
        return _each(windows.shape[:3], lambda place: _combined([(share, e) for e in windows[place].flat]))
    if isinstance(layer, GlobalPool):
        return _pooled(layer, x, name)
    if isinstance(layer, Flatten):
        return x.reshape(-1)
    rows = _affine_rows(layer.weight, layer.bias)
    return _each((len(rows),), lambda place: _affine(rows[place[0]], x))


def _pooled(layer: GlobalPool, x: Grid, name: Callable[[tuple[int, ...], Expr], Expr]) -> Grid:
    """One expression a channel."""
    if layer.kind == "max":
        return _each(x.shape[:1], lambda place: name(place, maximum(x[place].flat)))
    share = sympy.S.One if layer.kind == "sum" else sympy.Rational(1, math.prod(x.shape[1:]))
    return _each(x.shape[:1], lambda place: _combined([(share, e) for e in x[place].flat]))


def _convolved(layer: Conv2d, x: Grid) -> Grid:
    """Cross-correlation."""
    windows = _windows(x, (layer.weight.shape[2], layer.weight.shape[3]), layer.stride, layer.padding, sympy.S.Zero)
    rows = _affine_rows(layer.weight, layer.bias)
    # (C, H', W', a, b) to (H', W', C * a * b), the order of a weight's row.
    fields = windows.transpose(1, 2, 0, 3, 4).reshape(*windows.shape[1:3], -1)
    return _each((len(rows), *fields.shape[:2]), lambda place: _affine(rows[place[0]], fields[place[1:]]))


def _windows(x: Grid, kernel: Pair, stride: Pair, padding: Padding, fill: Expr | None) -> Grid:
    """All windows, (C, H', W', a, b), of the expressions padded with `fill`."""
    top, left, bottom, right = padding
    padded = np.full((x.shape[0], x.shape[1] + top + bottom, x.shape[2] + left + right), fill, dtype=object)
    padded[:, top : top + x.shape[1], left : left + x.shape[2]] = x
    windows: Grid = np.lib.stride_tricks.sliding_window_view(padded, kernel, axis=(1, 2))
    return windows[:, :: stride[0], :: stride[1]]


def _each(shape: tuple[int, ...], value: Callable[[tuple[int, ...]], Expr]) -> Grid:
    """The array of this shape with `value(place)` in every place, asked for in row-major order."""
    result = np.empty(shape, dtype=object)
    for place in np.ndindex(shape):
        result[place] = value(place)
    return result


_Row = tuple[list[tuple[int, Expr]], Expr]


def _affine_rows(weight: ExactTensor, bias: ExactTensor) -> list[_Row]:
    """For each output the non-zero weights, by their place in a flattened field, and the bias."""
    flat = weight.reshape(weight.shape[0], -1)
    rows = []
    for output in range(flat.shape[0]):
        places = np.flatnonzero(flat.numerators[output]).tolist()
        taps = [(place, rational(flat.item(output, place))) for place in places]
        rows.append((taps, rational(bias.item(output))))
    return rows


def _affine(row: _Row, field: Grid) -> Expr:
    """Weights times the field, plus the bias."""
    taps, bias = row
    return _combined([(weight, field[place]) for place, weight in taps], bias)


def _combined(terms: Sequence[tuple[Expr, Expr]], constant: Expr = sympy.S.Zero) -> Expr:
    """A linear combination, zeros left out."""
    return sympy.Add(*(weight * term for weight, term in terms if term is not sympy.S.Zero), constant)


def maximum(terms: Iterable[Expr]) -> Expr:
    """The maximum: numbers compared at once, everything else left as it is."""
    distinct = dict.fromkeys(terms)
    numbers = [t for t in distinct if t.is_Number]
    others = [t for t in distinct if not t.is_Number]
    if numbers:
        others.append(max(numbers))
    return others[0] if len(others) == 1 else sympy.Max(*others, evaluate=False)


def guard_terms(what: str, terms: int, height: int, width: int) -> None:
    """Refuses what would take sympy minutes."""
    if terms > MOST_TERMS:
        raise InputError(
            f"{what} would have too many terms to be written symbolically",
            found=f"about {terms} at {height}x{width}",
            expected=f"at most {MOST_TERMS}",
            hint="Choose a smaller image size, or a single detector.",
        )


def rational(value: fmpq) -> Expr:
    """The same number in sympy."""
    return sympy.Rational(int(value.p), int(value.q))

"""Detectors and whole networks as exact sympy expressions: to read, to typeset, and as a second way to evaluate.

Nothing here calls the tensor evaluation of `exactcnn.network`, so that the two can disagree. Importing this module
imports sympy, which takes a while: other modules import it only where they need it.

`Max` is built unevaluated throughout: sympy would otherwise compare all arguments with each other, and flatten nested
maxima that readers want to see as the layers they come from.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal

import numpy as np
import sympy
from flint import fmpq
from numpy.typing import NDArray

from exactcnn.core.errors import InputError, InternalError
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
    Padding,
    Pair,
    ReLU,
)
from exactcnn.network.thresholds import Arithmetic, plan_detectors
from exactcnn.task.model import Feature, Task

__all__ = [
    "Form",
    "SymbolicNetwork",
    "detector",
    "evaluate_expressions",
    "excess",
    "network_expressions",
    "pixel_symbol",
    "symbolic_network",
    "to_latex",
]

Expr = Any
"""A `sympy.Expr`; sympy's own annotations are partial."""
Form = Literal["max", "piecewise"]
Grid = NDArray[Any]
_MOST_TERMS = 200_000


def pixel_symbol(channel: int, row: int, column: int) -> Expr:
    """The symbol x_{channel,row,column} of one input number; all counted from 0."""
    return sympy.Symbol(f"x_{{{channel},{row},{column}}}", real=True)


# -- detectors --------------------------------------------------------------------------------------------------------


def excess(task: Task, feature: str, template: int = 0, *, form: Form = "max") -> Expr:
    """The excess of the window at row 0, column 0 over a template, as the task defines it (DESIGN section 1).

    Sides of an interval at an end of the pixel range are left out: no pixel is beyond them.

    Parameters
    ----------
    task: the task;
        its pixel range is taken for granted.
    feature: a feature's name.
    template: the template's number in that feature, from 0.
    form: a sum of Max(0, x - high) and Max(0, low - x), or with "piecewise"
        one Piecewise a pixel.

    Raises
    ------
    InputError: no such feature or template.
    """
    box = _feature(task, feature, template).templates[template]
    sides: dict[tuple[int, int, int], list[tuple[bool, fmpq]]] = {}
    for place in np.ndindex(box.shape):
        low, high = box.low.item(*place), box.high.item(*place)
        if low > task.pixel.low:
            sides.setdefault(place, []).append((False, low))
        if high < task.pixel.high:
            sides.setdefault(place, []).append((True, high))
    return _distance(sides, form)


def detector(
    task: Task,
    feature: str,
    template: int = 0,
    *,
    form: Form = "max",
    arithmetic: Arithmetic = "rational",
    slack: fmpq = fmpq(0),  # noqa: B008 - an immutable number
    unit: InputUnit = InputUnit.PIXEL,
) -> Expr:
    """D = max(0, 1 - excess/g') of DESIGN section 3, for the window at row 0, column 0.

    With the default arithmetic and slack this is the textbook detector, with the task's own thresholds and gap; with
    those of a build it is what that network computes at a position whose window lies inside the image.

    Raises
    ------
    InputError: no such feature or template, or what `build_network` refuses.
    """
    owner = _feature(task, feature, template)
    plan = plan_detectors(task, arithmetic=arithmetic, slack=fmpq(slack), unit=unit)
    number = sum(len(f.templates) for f in task.features[: task.feature_index[owner.name]]) + template
    sides: dict[tuple[int, int, int], list[tuple[bool, fmpq]]] = {}
    for _, index, row, column in plan.taps[plan.taps[:, 0] == number].tolist():
        threshold = plan.thresholds[index]
        sides.setdefault((threshold.channel, row, column), []).append((threshold.above, threshold.value))
    gap = _rational(plan.gaps[number])
    distance = _distance(sides, form)
    # Left alone, sympy would spread 1/g' over the sum.
    level = 1 - (sympy.Mul(1 / gap, distance, evaluate=False) if distance.is_Add and gap != 1 else distance / gap)
    if form == "piecewise" and not distance.is_Number:
        # The condition keeps its Max: sympy folds a Piecewise inside one into 3^n cases.
        below = sympy.StrictLessThan(_distance(sides, "max"), gap, evaluate=False)
        return sympy.Piecewise((level, below), (sympy.S.Zero, True), evaluate=False)
    return _maximum([sympy.S.Zero, level])


def _distance(sides: dict[tuple[int, int, int], list[tuple[bool, fmpq]]], form: Form) -> Expr:
    """The sum over pixels of how far each is above or below its thresholds."""
    terms = []
    for place, thresholds in sorted(sides.items()):
        x = pixel_symbol(*place)
        beyond = [x - _rational(v) if above else _rational(v) - x for above, v in sorted(thresholds)]
        if form == "max":
            terms += [_maximum([sympy.S.Zero, b]) for b in beyond]
        else:
            terms.append(sympy.Piecewise(*((b, b > 0) for b in beyond), (sympy.S.Zero, True)))
    return sympy.Add(*terms)


def _feature(task: Task, name: str, template: int) -> Feature:
    """The feature of this name, after checking that it has that template."""
    index = task.feature_index.get(name)
    if index is None:
        known = ", ".join(f'"{f.name}"' for f in task.features)
        raise InputError("no such feature", source=task.source, found=f'"{name}"', expected=f"one of {known}")
    feature = task.features[index]
    if not 0 <= template < len(feature.templates):
        raise InputError(
            f'feature "{name}" has no such template',
            source=task.source,
            found=str(template),
            expected=f"0 to {len(feature.templates) - 1}",
        )
    return feature


# -- networks ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class SymbolicNetwork:
    """A network at one size, with a symbol for every ReLU and maximum.

    Attributes
    ----------
    shape: (C, H, W) of the image.
    steps: pairs (symbol, expression), each over pixels and symbols of earlier steps. The activation of layer l's
        channel k is h^{(l)}_{k,i,j} in the image plane and h^{(l)}_{k} after it.
    logits: over pixels and the steps' symbols, in the network's order.
    """

    shape: tuple[int, int, int]
    steps: tuple[tuple[Expr, Expr], ...]
    logits: tuple[Expr, ...]

    def evaluate(self, image: ExactTensor) -> list[fmpq]:
        """The logits at one image (C, H, W) in the network's own unit, step by step.

        Raises
        ------
        InputError: an image of another shape.
        """
        if image.shape != self.shape:
            raise InputError("an image of another shape", found=str(image.shape), expected=str(self.shape))
        values = _pixel_values(image)
        for symbol, expression in self.steps:
            values[symbol] = expression.xreplace(values)
        return [_fmpq(logit.xreplace(values)) for logit in self.logits]


def symbolic_network(network: Network, height: int, width: int) -> SymbolicNetwork:
    """The network at one image size, its size linear in the number of multiplications.

    Raises
    ------
    InputError: the network is not defined at this size, or would have more than 200,000 terms.
    """
    steps: list[tuple[Expr, Expr]] = []

    def named(number: int, place: tuple[int, ...], expression: Expr) -> Expr:
        if expression.is_Number or expression.is_Symbol:
            return expression
        symbol = sympy.Symbol(f"h^{{({number})}}_{{{','.join(map(str, place))}}}", real=True)
        steps.append((symbol, expression))
        return symbol

    logits = _walk(network, height, width, named)
    return SymbolicNetwork((network.channels, height, width), tuple(steps), tuple(logits))


def network_expressions(network: Network, height: int, width: int) -> list[Expr]:
    """The logits, each as one expression over the pixels x_{c,i,j} in the network's own unit.

    Shared parts are shared in memory, but a printed expression repeats them; `symbolic_network` keeps them apart.

    Raises
    ------
    InputError: the network is not defined at this size, or written out would have more than 200,000 terms.
    """
    short = symbolic_network(network, height, width)
    lengths: dict[Expr, int] = {}
    for symbol, expression in short.steps:
        lengths[symbol] = _written_length(expression, lengths)
    _guard("the expressions", sum(_written_length(e, lengths) for e in short.logits), height, width)
    return _walk(network, height, width, _unnamed)


def evaluate_expressions(expressions: Iterable[Expr], image: ExactTensor) -> list[fmpq]:
    """The exact values that sympy gives the expressions at one image (C, H, W), in the unit they were made for.

    Each shared subexpression is evaluated once.

    Raises
    ------
    InputError: an expression has a symbol that is no pixel of the image.
    """
    known = _pixel_values(image)
    return [_fmpq(_evaluated(expression, known)) for expression in expressions]


def to_latex(item: Expr | SymbolicNetwork) -> str:
    """LaTeX of an expression, or of a network as an `align*` with one line a step and a logit."""
    if not isinstance(item, SymbolicNetwork):
        return str(sympy.latex(item))
    lines = [(sympy.latex(symbol), sympy.latex(expression)) for symbol, expression in item.steps]
    lines += [(f"y_{{{index}}}", sympy.latex(logit)) for index, logit in enumerate(item.logits)]
    body = " \\\\\n".join(f"{left} &= {right}" for left, right in lines)
    return f"\\begin{{align*}}\n{body}\n\\end{{align*}}"


# -- layer by layer ---------------------------------------------------------------------------------------------------

Naming = Callable[[int, tuple[int, ...], Expr], Expr]
"""What stands for the value of a ReLU or maximum: (layer, place, expression) to expression."""


def _walk(network: Network, height: int, width: int, name: Naming) -> list[Expr]:
    """The logits, every ReLU and maximum passed through `name`."""
    if network.output_size(height, width) is None:
        raise InputError(
            "the network is not defined at this size", source=network.source, found=f"{height}x{width} images"
        )
    values: Grid = np.empty((network.channels, height, width), dtype=object)
    for place in np.ndindex(values.shape):
        values[place] = pixel_symbol(*place)
    terms = 0
    for number, layer in enumerate(network.layers):
        terms += _terms(layer, values.shape)
        _guard("the network", terms, height, width)
        values = _apply(layer, values, partial(name, number))
    return list(values.reshape(-1))


def _unnamed(_number: int, _place: tuple[int, ...], expression: Expr) -> Expr:
    """The naming that names nothing."""
    return expression


def _terms(layer: Layer, shape: tuple[int, ...]) -> int:
    """How many terms the layer's expressions have, not counting padding."""
    if isinstance(layer, Conv2d):
        return int(np.count_nonzero(layer.weight.numerators)) * math.prod(shape[1:]) // math.prod(layer.stride)
    if isinstance(layer, Dense):
        return int(np.count_nonzero(layer.weight.numerators))
    if isinstance(layer, (MaxPool2d, AvgPool2d)):
        return math.prod(shape) * math.prod(layer.kernel) // math.prod(layer.stride)
    return math.prod(shape)


def _apply(layer: Layer, x: Grid, name: Callable[[tuple[int, ...], Expr], Expr]) -> Grid:
    """One layer on (C, H, W) or (K,) expressions."""
    if isinstance(layer, Conv2d):
        return _convolved(layer, x)
    if isinstance(layer, ReLU):
        return _each(x.shape, lambda place: name(place, _maximum([sympy.S.Zero, x[place]])))
    if isinstance(layer, MaxPool2d):
        windows = _windows(x, layer.kernel, layer.stride, layer.padding, None)
        return _each(
            windows.shape[:3], lambda place: name(place, _maximum([e for e in windows[place].flat if e is not None]))
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
        return _each(x.shape[:1], lambda place: name(place, _maximum(x[place].flat)))
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
        taps = [(place, _rational(flat.item(output, place))) for place in places]
        rows.append((taps, _rational(bias.item(output))))
    return rows


def _affine(row: _Row, field: Grid) -> Expr:
    """Weights times the field, plus the bias."""
    taps, bias = row
    return _combined([(weight, field[place]) for place, weight in taps], bias)


def _combined(terms: Sequence[tuple[Expr, Expr]], constant: Expr = sympy.S.Zero) -> Expr:
    """A linear combination, zeros left out."""
    return sympy.Add(*(weight * term for weight, term in terms if term is not sympy.S.Zero), constant)


def _maximum(terms: Iterable[Expr]) -> Expr:
    """The maximum: numbers compared at once, everything else left as it is."""
    distinct = dict.fromkeys(terms)
    numbers = [t for t in distinct if t.is_Number]
    others = [t for t in distinct if not t.is_Number]
    if numbers:
        others.append(max(numbers))
    return others[0] if len(others) == 1 else sympy.Max(*others, evaluate=False)


# -- evaluating and measuring -----------------------------------------------------------------------------------------


def _pixel_values(image: ExactTensor) -> dict[Expr, Expr]:
    """Each pixel symbol's value."""
    if image.ndim != 3:
        raise InputError("not one image", found=str(image.shape), expected="a tensor of shape (C, H, W)")
    return {pixel_symbol(*place): _rational(image.item(*place)) for place in np.ndindex(image.shape)}


def _evaluated(expression: Expr, known: dict[Expr, Expr]) -> Expr:
    """The expression's number; `known` is added to. An explicit stack, because networks can be deep."""
    pending = [expression]
    while pending:
        node = pending[-1]
        if node in known:
            pending.pop()
        elif not node.args:
            if node.is_Symbol:
                raise InputError("the image has no such pixel", found=str(node))
            known[pending.pop()] = node
        else:
            missing = [a for a in node.args if a not in known]
            if missing:
                pending += missing
            else:
                known[pending.pop()] = node.func(*(known[a] for a in node.args))
    return known[expression]


def _written_length(expression: Expr, lengths: dict[Expr, int]) -> int:
    """How many leaves the expression has once every step's symbol is replaced by what it stands for."""
    if not expression.args:
        return lengths.get(expression, 1)
    return sum(_written_length(a, lengths) for a in expression.args)


def _guard(what: str, terms: int, height: int, width: int) -> None:
    """Refuses what would take sympy minutes."""
    if terms > _MOST_TERMS:
        raise InputError(
            f"{what} would have too many terms to be written symbolically",
            found=f"about {terms} at {height}x{width}",
            expected=f"at most {_MOST_TERMS}",
            hint="Choose a smaller image size, or a single detector.",
        )


def _rational(value: fmpq) -> Expr:
    """The same number in sympy."""
    return sympy.Rational(int(value.p), int(value.q))


def _fmpq(value: Expr) -> fmpq:
    """The same number back."""
    if not value.is_Rational:
        raise InternalError(f"sympy left {value} where a rational was due")
    return fmpq(int(value.p), int(value.q))

"""Detectors and whole networks as exact sympy expressions: to read, to typeset, and as a second way to evaluate.

Nothing here calls the tensor evaluation of `exactcnn.network`, so that the two can disagree. Importing this module
imports sympy, which takes a while: other modules import it only where they need it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

import numpy as np
import sympy
from flint import fmpq

from exactcnn.core.errors import InputError, InternalError
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import InputUnit, Network
from exactcnn.network.thresholds import Arithmetic, plan_detectors
from exactcnn.network.unroll import Expr, guard_terms, maximum, pixel_symbol, rational, unnamed, unroll
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

Form = Literal["max", "piecewise"]


# -- detectors --------------------------------------------------------------------------------------------------------


def excess(task: Task, feature: str, template: int = 0, *, form: Form = "max") -> Expr:
    """The excess of the window at row 0, column 0 over a template, as the task defines it (THEOREM.md, section 1).

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
    """D = max(0, 1 - excess/g') of THEOREM.md, section 2, for the window at row 0, column 0.

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
    gap = rational(plan.gaps[number])
    distance = _distance(sides, form)
    # Left alone, sympy would spread 1/g' over the sum.
    level = 1 - (sympy.Mul(1 / gap, distance, evaluate=False) if distance.is_Add and gap != 1 else distance / gap)
    if form == "piecewise" and not distance.is_Number:
        # The condition keeps its Max: sympy folds a Piecewise inside one into 3^n cases.
        below = sympy.StrictLessThan(_distance(sides, "max"), gap, evaluate=False)
        return sympy.Piecewise((level, below), (sympy.S.Zero, True), evaluate=False)
    return maximum([sympy.S.Zero, level])


def _distance(sides: dict[tuple[int, int, int], list[tuple[bool, fmpq]]], form: Form) -> Expr:
    """The sum over pixels of how far each is above or below its thresholds."""
    terms = []
    for place, thresholds in sorted(sides.items()):
        x = pixel_symbol(*place)
        beyond = [x - rational(v) if above else rational(v) - x for above, v in sorted(thresholds)]
        if form == "max":
            terms += [maximum([sympy.S.Zero, b]) for b in beyond]
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

    logits = unroll(network, height, width, named)
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
    guard_terms("the expressions", sum(_written_length(e, lengths) for e in short.logits), height, width)
    return unroll(network, height, width, unnamed)


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


# -- evaluating and measuring -----------------------------------------------------------------------------------------


def _pixel_values(image: ExactTensor) -> dict[Expr, Expr]:
    """Each pixel symbol's value."""
    if image.ndim != 3:
        raise InputError("not one image", found=str(image.shape), expected="a tensor of shape (C, H, W)")
    return {pixel_symbol(*place): rational(image.item(*place)) for place in np.ndindex(image.shape)}


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


def _fmpq(value: Expr) -> fmpq:
    """The same number back."""
    if not value.is_Rational:
        raise InternalError(f"sympy left {value} where a rational was due")
    return fmpq(int(value.p), int(value.q))

"""Steps carried out: layers are made, and every value that is still needed is carried past them exactly.

A convolution carries a value by a kernel of one tap. A ReLU carries numbers known to be >= 0 as they are and others as
x = relu(x) - relu(-x) in neighbouring channels. Pools carry nothing, but commute with some maps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor, concatenate
from exactcnn.formats.onnx_import.chain import MAX_WORK, Chain, check_count, matrix, substituted
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.steps import Activation, AverageStep, GlobalStep, LinearStep, MaxStep, Window
from exactcnn.formats.onnx_import.values import Axes, Data, Forms
from exactcnn.network.model import AvgPool2d, Flatten, GlobalPool, MaxPool2d, ReLU

__all__ = ["Transitions"]


class Transitions:
    """The chain of layers and the image-dependent values that are still needed, by name.

    Attributes
    ----------
    taken: all names of the graph.
    """

    def __init__(self, chain: Chain) -> None:
        self.chain = chain
        self.data: dict[str, Data] = {}
        self.taken: frozenset[str] = frozenset()

    def add(self, data: Data, name: str) -> str:
        """Puts in a value that the graph has no name for; the name that it gets."""
        name = self.unused(name)
        self.data[name] = data
        return name

    def unused(self, name: str) -> str:
        """The name, or one like it that no value has."""
        while name in self.taken or name in self.data:
            name += "'"
        return name

    def forms(self, name: str) -> Forms:
        """The forms of a value.

        Raises
        ------
        InputError: it has flattened places of images of open size.
        """
        forms = self.data[name].forms
        if forms is None:
            self.chain.known_width()
            raise InputError("an operator after a flatten of images of open size")
        return forms

    def _put(self, name: str, forms: Forms | None, axes: Axes | None = None) -> None:
        self.data[name] = Data(forms, self.data[name].axes if axes is None else axes)

    # -- ReLU -----------------------------------------------------------------------------------------------------

    def activate(self, group: Sequence[Activation], carried: Iterable[str]) -> None:
        """Piecewise-linear functions, all by one ReLU layer."""
        kept = list(carried)
        if self.chain.width is None:
            (step,) = group
            if not step.plain or kept:
                self.chain.known_width()
            self.chain.add(ReLU())
            self.data[step.output] = Data(None, step.axes)
            return
        chain = self.chain
        chain.rewritten = chain.rewritten or bool(kept) or not all(step.plain for step in group)
        recipes = [step.recipe([self.forms(name) for name in step.inputs]) for step in group]
        rows = _Rows()
        results = [[rows.add(f) for f in recipe.before] for recipe in recipes]
        carries = {name: [self._past_relu(f, rows) for f in self.forms(name)] for name in kept}
        if rows.forms:
            if not self.chain.is_identity(tuple(rows.forms)):
                self.chain.emit(rows.forms)
            self.chain.add(ReLU())
            self.chain.nonnegative = [True] * len(rows.forms)
        for step, recipe, places in zip(group, recipes, results, strict=True):
            clipped = [
                Affine.const(max(fmpq(0), place)) if isinstance(place, fmpq) else Affine.variable(place)
                for place in places
            ]
            self.data[step.output] = Data(recipe.after(clipped), step.axes)
        for name, forms in carries.items():
            self._put(name, tuple(forms))

    def _past_relu(self, form: Affine, rows: _Rows) -> Affine:
        """The form over the ReLU layer's outputs; asks for the rows that it needs."""
        if all(self.chain.nonnegative[v] for v, _ in form.terms):
            return rows.moved(form)
        up, down = rows.place(form), rows.place(-form)
        return Affine.variable(up) - Affine.variable(down)

    # -- convolutions ---------------------------------------------------------------------------------------------

    def convolve(self, group: Sequence[LinearStep], carried: Iterable[str]) -> None:
        """Convolutions (or dense layers) side by side, in one layer."""
        kept = list(carried)
        chain = self.chain
        window = _merged([step.window for step in group], [step.node for step in group], chain)
        if len(group) == 1 and not kept and chain.is_identity(self.data[group[0].input].forms):
            (step,) = group
            chain.linear(step.weight, step.bias, step.window.stride, step.window.padding, padded_only=_pads_only(step))
            self._resize(window)
            self.data[step.output] = Data(_variables(range(step.weight.shape[0])), step.axes)
            return
        self._prepare(group, kept)
        plain = all(f == Affine.variable(f.terms[0][0] if f.terms else -1) for s in group for f in self.forms(s.input))
        chain.rewritten = chain.rewritten or bool(kept) or len(group) > 1 or not plain
        width = chain.known_width()
        rows = _Rows()
        carries = {name: [self._past_linear(f, rows) for f in self.forms(name)] for name in kept}
        known = [self.chain.nonnegative[f.terms[0][0]] and f == Affine.variable(f.terms[0][0]) for f in rows.forms]
        top, left = window.padding[:2]
        weights, biases = [], []
        if rows.forms:
            check_count((len(rows.forms), width, *window.kernel))
            weight, bias = matrix(rows.forms, width)
            weights.append(_placed(weight.reshape(*weight.shape, 1, 1), window, top, left))
            biases.append(bias)
        for step in group:
            weight, shift = substituted(step.weight, self.forms(step.input), width)
            place = top - step.window.padding[0], left - step.window.padding[1]
            weights.append(_placed(weight, window, *place))
            biases.append(step.bias + shift)
        check_count((sum(w.shape[0] for w in weights), width, *window.kernel))
        chain.linear(concatenate(weights).reduced(), concatenate(biases).reduced(), window.stride, window.padding)
        chain.nonnegative[: len(known)] = known
        self._resize(window)
        first = len(rows.forms)
        for step in group:
            outputs = step.weight.shape[0]
            self.data[step.output] = Data(_variables(range(first, first + outputs)), step.axes)
            first += outputs
        for name, forms in carries.items():
            self._put(name, tuple(forms))

    def _past_linear(self, form: Affine, rows: _Rows) -> Affine:
        if not form.terms:
            return form
        if all(self.chain.nonnegative[v] for v, _ in form.terms):
            return rows.moved(form)
        return Affine.variable(rows.place(form.shifted(-form.constant))).shifted(form.constant)

    def _prepare(self, group: Sequence[LinearStep], kept: Sequence[str]) -> None:
        """Makes layers of the inputs' maps where these cannot be part of the convolution.

        A convolution that pads sees zeros outside, and not the constants that its input has inside.
        """
        work = 0
        for step in group:
            forms = self.forms(step.input)
            work += sum(len(f.terms) for f in forms) * step.weight.size // max(1, step.weight.shape[1])
            if any(step.window.padding) and any(f.constant != 0 for f in forms):
                work = MAX_WORK + 1
        if work > MAX_WORK:
            self._make({*kept, *(step.input for step in group)})

    def _resize(self, window: Window) -> None:
        if not self.chain.vector:
            self.chain.size = window.after(self.chain.size)

    # -- pools ----------------------------------------------------------------------------------------------------

    def max_pool(self, group: Sequence[MaxStep]) -> None:
        """Max pools of one window."""
        self._settle({step.input for step in group}, _grows_in_one)
        window = _same_window(group)
        self.chain.add(MaxPool2d(window.kernel, window.stride, window.padding))
        self._pooled(group, window)

    def average_pool(self, group: Sequence[AverageStep]) -> None:
        """Mean pools of one window."""
        window = _same_window(group)
        self._settle({step.input for step in group}, _has_no_constant if any(window.padding) else _is_affine)
        self.chain.add(AvgPool2d(window.kernel, window.stride, window.padding))
        self._pooled(group, window)

    def global_pool(self, group: Sequence[GlobalStep]) -> None:
        """Pools over all places, of one kind."""
        kind = group[0].kind
        for step in group:
            if step.kind != kind:
                raise step.node.error("global pools of different kinds side by side", found=f"{kind} and {step.kind}")
        commutes = {"max": _grows_in_one, "mean": _is_affine, "sum": _has_no_constant}[kind]
        self._settle({step.input for step in group}, commutes)
        self.chain.leave(GlobalPool(kind), self.chain.width)
        for step in group:
            forms = self.forms(step.input)
            self.data[step.output] = Data(tuple(-f for f in forms) if step.negated else forms, step.axes)

    def _pooled(self, group: Sequence[MaxStep] | Sequence[AverageStep], window: Window) -> None:
        self.chain.size = window.after(self.chain.size)
        for step in group:
            self.data[step.output] = Data(self.data[step.input].forms, step.axes)

    def _settle(self, names: set[str], commutes: object) -> None:
        """Makes a layer of the values' maps, unless the pool commutes with them and no slot is idle."""
        distinct = dict.fromkeys(f for name in sorted(names) for f in self.forms(name))
        if self.chain.is_identity(tuple(distinct)):
            return
        used = {v for f in distinct for v, _ in f.terms}
        idle = len(used) < self.chain.known_width()
        if self.chain.joins or idle or not callable(commutes) or not all(commutes(f) for f in distinct):
            self._make(names)

    def _make(self, names: set[str]) -> None:
        """Makes a layer whose slots are the values' forms, and the values these slots."""
        rows = _Rows()
        moved = {name: tuple(Affine.variable(rows.place(f)) for f in self.forms(name)) for name in sorted(names)}
        if not self.chain.is_identity(tuple(rows.forms)):
            self.chain.emit(rows.forms)
        for name, forms in moved.items():
            self._put(name, forms)

    # -- flatten --------------------------------------------------------------------------------------------------

    def flatten(self, orders: Mapping[str, tuple[tuple[str, ...], Axes]], node: Node | None) -> None:
        """Places become slots.

        Parameters
        ----------
        orders: by value, its factors (of C, H and W) in row-major order, and its axes afterwards.
        node: the node that needs it, for messages.
        """
        chain = self.chain
        rows, columns = chain.size
        if rows is None or columns is None:
            self._flatten_open(orders, node)
            return
        chain.use_size()
        if chain.joins and not all(chain.is_identity(self.forms(name)) for name in orders):
            self._make({*orders})
        if rows == columns == 1:
            # A maximum over one place commutes with everything.
            chain.leave(GlobalPool("max"), chain.width, one_place=True)
            for name, (_, axes) in orders.items():
                self._put(name, self.forms(name), axes)
            return
        terms = sum(len(f.terms) for name in orders for f in self.forms(name))
        if terms > chain.known_width() * len(orders):
            self._make({*orders})
        check_count((chain.known_width(), rows, columns))
        chain.gather(rows, columns)
        for name, (order, axes) in orders.items():
            self._put(name, _gathered(self.forms(name), order, rows, columns), axes)

    def _flatten_open(self, orders: Mapping[str, tuple[tuple[str, ...], Axes]], node: Node | None) -> None:
        if len(orders) != 1 or any(list(o) != [f for f in "CHW" if f in o] for o, _ in orders.values()):
            raise InputError(
                "a flatten that cannot be read without the image's size",
                place=None if node is None else node.place,
                hint="Fix the image size in the model",
            )
        ((name, (_, axes)),) = orders.items()
        forms = self.forms(name)
        if not self.chain.is_identity(forms):
            # Channel by channel, even where two are alike.
            self.chain.emit(forms)
        self.chain.leave(Flatten(), None)
        self._put(name, None, axes)


class _Rows:
    """Distinct forms, in the order in which they were asked for."""

    def __init__(self) -> None:
        self._numbers: dict[Affine, int] = {}

    @property
    def forms(self) -> list[Affine]:
        """All of them."""
        return list(self._numbers)

    def place(self, form: Affine) -> int:
        """The number of a form."""
        return self._numbers.setdefault(form, len(self._numbers))

    def add(self, form: Affine) -> int | fmpq:
        """The number of a form; a constant itself."""
        return self.place(form) if form.terms else form.constant

    def moved(self, form: Affine) -> Affine:
        """A form over these rows, each of its slots being one."""
        return Affine.of([(self.place(Affine.variable(v)), c) for v, c in form.terms], form.constant)


def _variables(numbers: Iterable[int]) -> Forms:
    return tuple(map(Affine.variable, numbers))


def _grows_in_one(form: Affine) -> bool:
    return len(form.terms) <= 1 and all(c > 0 for _, c in form.terms)


def _is_affine(form: Affine) -> bool:
    return len(form.terms) >= 0


def _has_no_constant(form: Affine) -> bool:
    return form.constant == 0


def _pads_only(step: LinearStep) -> bool:
    count = step.weight.shape[0]
    eye = ExactTensor.from_integers(np.eye(count, dtype=np.int64)).reshape(count, count, 1, 1)
    return step.node.operator == "Pad" and step.weight == eye and not step.bias.nonzero().any()


def _same_window(group: Sequence[MaxStep] | Sequence[AverageStep]) -> Window:
    for step in group:
        if step.window != group[0].window:
            raise step.node.error(
                "pools with different windows side by side", found=f"{step.window}", expected=f"{group[0].window}"
            )
    return group[0].window


def _merged(windows: Sequence[Window], nodes: Sequence[Node], chain: Chain) -> Window:
    """One window that holds all of these, and gives as many positions at every size (or at the known one)."""
    if len(windows) == 1:
        return windows[0]
    kernel, padding = [0, 0], [0, 0, 0, 0]
    for axis in (0, 1):
        steps = {w.stride[axis] for w in windows}
        spare = {w.padding[axis] + w.padding[axis + 2] - w.kernel[axis] for w in windows}
        before = max(w.padding[axis] for w in windows)
        kernel[axis] = before + max(w.kernel[axis] - w.padding[axis] for w in windows)
        after = max(spare) + kernel[axis] - before
        length = chain.size[axis]
        counts = {w.after((length, length))[axis] for w in windows}
        if len(steps) == 1 and len(spare) > 1 and length is not None and len(counts) == 1:
            chain.use_size()
            count = counts.pop() or 0
            after = max(0, (count - 1) * windows[0].stride[axis] + kernel[axis] - before - length)
        elif len(steps) > 1 or len(spare) > 1:
            raise nodes[-1].error(
                "windows side by side that do not give as many positions at every size",
                found=", ".join(sorted(node.place for node in nodes)),
            )
        padding[axis], padding[axis + 2] = before, after
    return Window((kernel[0], kernel[1]), windows[0].stride, (padding[0], padding[1], padding[2], padding[3]))


def _placed(weight: ExactTensor, window: Window, row: int, column: int) -> ExactTensor:
    """A kernel inside a larger one."""
    rows, columns = weight.shape[2:]
    after = window.kernel[0] - row - rows, window.kernel[1] - column - columns
    return weight.pad(((0, 0), (0, 0), (row, after[0]), (column, after[1])))


def _gathered(forms: Forms, order: tuple[str, ...], rows: int, columns: int) -> Forms:
    """The forms of a flattened value: entry by entry in the order of its factors."""
    places = np.arange(len(forms) * rows * columns).reshape(len(forms), rows, columns)
    axes = [*order, *(f for f in "CHW" if f not in order)]
    flat = places.transpose(["CHW".index(f) for f in axes]).ravel().tolist()
    each = rows * columns
    found = []
    for entry in flat:
        form, place = forms[entry // each], entry % each
        found.append(Affine(tuple((v * each + place, c) for v, c in form.terms), form.constant))
    return tuple(found)

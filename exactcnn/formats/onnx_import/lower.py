"""ONNX files as networks: every supported graph is lowered, exactly, to a sequence of layers.

A graph is read node by node. What is affine in the channels (constants, normalisation, sums, concatenation) only
changes the forms in which values are written over the numbers that the last layer gives; what is not becomes a step,
and steps that can be taken side by side become one layer. Nothing is skipped, guessed or approximated: whatever has no
exact lowering is refused, with the node, its operator and the attribute.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from heapq import heappop, heappush

import numpy as np
import onnx

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.onnx_import.activation_ops import ACTIVATIONS
from exactcnn.formats.onnx_import.chain import Chain, check_count, identity
from exactcnn.formats.onnx_import.channel_ops import CHANNEL_OPERATORS
from exactcnn.formats.onnx_import.context import BatchNorm, Context, NeedsFlattening
from exactcnn.formats.onnx_import.fold import FOLDS
from exactcnn.formats.onnx_import.graph import Graph, read_graph
from exactcnn.formats.onnx_import.linear_ops import LINEAR_OPERATORS
from exactcnn.formats.onnx_import.node import Node
from exactcnn.formats.onnx_import.pool_ops import POOL_OPERATORS
from exactcnn.formats.onnx_import.reading import Reading
from exactcnn.formats.onnx_import.refusals import ORDER_KEEPING, unknown
from exactcnn.formats.onnx_import.shape_ops import SHAPE_OPERATORS
from exactcnn.formats.onnx_import.steps import (
    Activation,
    AverageStep,
    Flattening,
    GlobalStep,
    LinearStep,
    MaxStep,
    Step,
)
from exactcnn.formats.onnx_import.transition import Transitions
from exactcnn.formats.onnx_import.values import Axes, Data, Forms
from exactcnn.formats.onnx_import.view import CHANNEL_FIRST, CHANNEL_LAST
from exactcnn.formats.onnx_import.window_ops import WINDOW_OPERATORS
from exactcnn.network.model import Flatten, Network

__all__ = ["OPERATORS", "from_onnx"]

_READINGS: Mapping[str, Reading] = {
    **SHAPE_OPERATORS,
    **CHANNEL_OPERATORS,
    **LINEAR_OPERATORS,
    **ACTIVATIONS,
    **WINDOW_OPERATORS,
    **POOL_OPERATORS,
}
OPERATORS = tuple(sorted({*_READINGS, *FOLDS}))
"""The operators that are read; some of them for constants only."""

_MAX_CHANNELS = 2**18
_MAX_FORMS = 2**22
_ELEMENTWISE = ("Identity", "Cast", "Dropout", "Mul", "Add", "Sub", "Div")


def from_onnx(data: bytes, source: str, *, batch_norm: BatchNorm = "exact") -> Network:
    """The network of an ONNX model.

    Parameters
    ----------
    data: the file's bytes.
    source: the file's name, for messages.
    batch_norm: what becomes of a batch normalisation whose factor is irrational: "exact" refuses it, "float32" puts the
        float32 number next to the factor in its place and says so in the network's notes.

    Raises
    ------
    InputError: the bytes are no valid ONNX model, or it does something that is not supported; the node, its operator
        and the attribute are named.
    """
    try:
        graph = read_graph(data)
        network = _Lowering(graph, batch_norm).network(source)
    except InputError as error:
        raise error.located(source=source) from None
    return network


class _Lowering:
    """One import."""

    def __init__(self, graph: Graph, batch_norm: BatchNorm) -> None:
        self._graph = graph
        axes = _input_axes(graph)
        lengths: dict[str, int | None] = {"H": 1, "W": 1}
        lengths |= {axis[0]: length for axis, length in zip(axes, graph.shape, strict=True)}
        channels = lengths["C"]
        if channels is None:
            raise InputError(
                "an input that is no batch of images",
                place=f'input "{graph.input}"',
                found="x".join("?" if n is None else str(n) for n in graph.shape),
                expected="a fixed number of channels on the second axis",
                hint="Images whose channels come last are read if the graph begins with a Transpose by [0, 3, 1, 2]",
            )
        self._image = lengths["H"], lengths["W"]
        self._channels = channels
        self._context = Context(Chain(channels, self._image), graph.weights, lengths["N"], batch_norm)
        chain = self._context.chain
        self._values = self._context.transitions
        self._values.taken = frozenset(n for node in graph.nodes for n in (*node.input, *node.output))
        self._values.data[graph.input] = Data(_slots(chain), axes)
        if axes == CHANNEL_LAST:
            self._context.notes.append("the model's images have their channels last")
        self._nodes = [Node(node, graph.opset) for node in graph.nodes]
        self._numbers = {node.output: number for number, node in enumerate(self._nodes)}
        self._pending = dict(self._numbers)
        self._waiting: list[Step] = []
        self._candidates = [*range(len(self._nodes))]
        self._takers: dict[str, list[int]] = {}
        for number, node in enumerate(self._nodes):
            for name in node.inputs:
                self._takers.setdefault(name, []).append(number)
        self._uses = Counter(name for node in self._nodes for name in node.inputs)
        self._forms = 0
        self._before_copies = _last(graph)

    def network(self, source: str) -> Network:
        """The whole graph, lowered."""
        while self._pending or self._waiting:
            self._read_ready()
            if self._waiting:
                self._take_steps()
            elif self._pending:
                node = self._nodes[next(iter(self._pending.values()))]
                missing = next(n for n in node.inputs if n and not self._context.knows(n))
                raise node.error("an input that nothing computes", found=f'"{missing}"')
        self._finish()
        context = self._context
        height, width = self._image
        size = (height, width) if context.chain.size_used and height is not None and width is not None else None
        layers = tuple(context.chain.layers)
        return Network(
            layers,
            self._channels,
            self._graph.unit,
            source,
            input_size=size,
            rewritten=context.chain.rewritten or not self._graph.float32,
            notes=tuple(context.notes),
        )

    # -- reading --------------------------------------------------------------------------------------------------

    def _read_ready(self) -> None:
        """Reads all nodes whose inputs are there, in the graph's order."""
        while self._candidates:
            node = self._nodes[heappop(self._candidates)]
            if node.output in self._pending and all(self._context.knows(name) for name in node.inputs if name):
                del self._pending[node.output]
                self._uses.subtract(node.inputs)
                self._read(node)

    def _wait(self, step: Step) -> None:
        self._waiting.append(step)
        self._uses.update(_inputs(step))

    def _known(self, names: Iterable[str]) -> None:
        """Has the nodes looked at again that wait for these values."""
        for name in names:
            for number in self._takers.get(name, []):
                heappush(self._candidates, number)

    def _read(self, node: Node) -> None:
        context = self._context
        varying = any(name in self._values.data for name in node.inputs) and node.operator != "Shape"
        reading = _READINGS.get(node.operator)
        if node.operator in ORDER_KEEPING and node.output == self._before_copies:
            reading = _left_away
        if (reading is None) if varying else (node.operator not in FOLDS):
            raise unknown(node, OPERATORS, varying=varying)
        try:
            if varying and reading is not None:
                value = reading(context, node)
                if isinstance(value, Data):
                    self._check_channels(node, value)
                    self._values.data[node.output] = self._kept_flatten(node, value)
                else:
                    self._wait(value)
            else:
                constant = FOLDS[node.operator](context, node)
                context.count(node, constant)
                context.constants[node.output] = constant
        except NeedsFlattening as needed:
            self._wait(Flattening(node, needed.names))
            return
        except InputError as error:
            raise error.located(place=node.place) from None
        node.finish()
        self._known(node.outputs)

    def _check_channels(self, node: Node, value: Data) -> None:
        """A small file may join values to ever more channels, and do so time and again."""
        count = len(value.forms or ())
        self._forms += count
        if count > _MAX_CHANNELS or self._forms > _MAX_FORMS:
            most = _MAX_CHANNELS if count > _MAX_CHANNELS else f"{_MAX_FORMS} in all"
            raise node.error("too many channels", found=str(max(count, self._forms)), expected=f"at most {most}")

    def _kept_flatten(self, node: Node, value: Data) -> Data:
        """The value; a flatten of what is flat is kept as the layer that it is, and others are done at once if need be.

        With an image size that is open the places can't be gathered later.
        """
        chain = self._context.chain
        if node.operator != "Flatten":
            return value
        was = self._values.data[node.name(0)]
        alone = not self._live()
        if chain.vector and len(was.axes) == 2 and alone and chain.is_identity(was.forms):
            chain.add(Flatten())
        elif not chain.vector and None in chain.size:
            name = node.output
            self._values.data[name] = value
            if not alone:
                raise node.error(
                    "a flatten beside other values while the image's size is open",
                    hint="Fix the image size in the model",
                )
            self._flatten((name,), node)
            return self._values.data[name]
        return value

    # -- steps ----------------------------------------------------------------------------------------------------

    def _take_steps(self) -> None:
        """Carries out the steps that come first: those that keep the places, then ReLUs, then the others."""
        group = self._next_group()
        chosen = {id(step) for step in group}
        self._waiting = [s for s in self._waiting if id(s) not in chosen]
        for step in group:
            self._uses.subtract(_inputs(step))
        try:
            self._carry_out(group)
        except InputError as error:
            raise error.located(place=group[0].node.place) from None
        for step in group:
            if isinstance(step, LinearStep) and step.then is not None:
                self._wait(step.then)
        live = self._live()
        self._values.data = {name: data for name, data in self._values.data.items() if name in live}
        self._known(step.output for step in group if not isinstance(step, Flattening))

    def _next_group(self) -> list[Step]:
        vector = self._context.chain.vector
        keeping: list[Step] = [
            s for s in self._waiting if isinstance(s, (LinearStep, AverageStep)) and (vector or s.window.keeps_size)
        ]
        activations: list[Step] = [s for s in self._waiting if isinstance(s, Activation)]
        windows: list[Step] = [s for s in self._waiting if isinstance(s, (LinearStep, AverageStep, MaxStep))]
        pools: list[Step] = [s for s in self._waiting if isinstance(s, GlobalStep)]
        choices = keeping, activations, windows, pools, self._waiting
        return list(next(c for c in choices if c))

    def _carry_out(self, group: list[Step]) -> None:
        live = self._live()
        linear = [s for s in group if isinstance(s, LinearStep)]
        means = [s for s in group if isinstance(s, AverageStep)]
        maxima = [s for s in group if isinstance(s, MaxStep)]
        windows: list[LinearStep | AverageStep] = [*linear, *means]
        activations = [s for s in group if isinstance(s, Activation)]
        pools = [s for s in group if isinstance(s, GlobalStep)]
        flattenings = [s for s in group if isinstance(s, Flattening)]
        if activations:
            self._values.activate(activations, live)
            return
        keeping = all(s.window.keeps_size for s in windows) and not maxima
        if (linear or means) and not maxima and (linear or live):
            group_of_all = [*linear, *(_as_convolution(s, self._values) for s in means)]
            if not keeping and not self._context.chain.vector:
                self._require_none(live, group)
            self._values.convolve(group_of_all, live)
            return
        self._require_none(live, group)
        if maxima and (linear or means):
            raise maxima[0].node.error(
                "a max pool beside other windows", found=", ".join(s.node.place for s in windows)
            )
        if maxima:
            self._values.max_pool(maxima)
        elif means:
            self._values.average_pool(means)
        elif pools:
            self._values.global_pool(pools)
        else:
            self._gather(flattenings)

    def _require_none(self, live: set[str], group: list[Step]) -> None:
        """Nothing, if no value but those that the steps take is still needed (or all steps flatten)."""
        if live and not all(isinstance(s, Flattening) for s in group):
            raise group[0].node.error(
                "an operator that changes the places while another value at these places is still needed",
                found=", ".join(f'"{name}"' for name in sorted(live)),
            )

    def _gather(self, steps: list[Flattening]) -> None:
        """Flattens, and has the nodes read again."""
        names = self._live() | {name for step in steps for name in step.inputs if name in self._values.data}
        self._flatten(tuple(sorted(names)), steps[0].node)
        for step in steps:
            number = self._numbers[step.node.output]
            self._pending[step.node.output] = number
            self._uses.update(step.node.inputs)
            heappush(self._candidates, number)

    def _flatten(self, names: tuple[str, ...], node: Node) -> None:
        """Flattens these values, each of which has all places along one axis."""
        orders: dict[str, tuple[tuple[str, ...], Axes]] = {}
        for name in names:
            data = self._values.data[name]
            view = self._context.view(data)
            lengths = [[f for f in axis if f != "N" and view.lengths[f] != 1] for axis in data.axes]
            long = [axis for axis in lengths if axis]
            if len(long) > 1:
                raise node.error("a flatten while another value still has its places", found=f'"{name}"')
            order = tuple(long[0]) if long else ()
            number = lengths.index(list(order)) if long else len(data.axes) - 1
            axes = tuple(
                tuple(f for f in axis if f == "N") + (("C",) if i == number else ()) for i, axis in enumerate(data.axes)
            )
            orders[name] = order, axes
        self._values.flatten(orders, node)

    def _live(self) -> set[str]:
        """The image-dependent values that are still needed."""
        return {name for name in self._values.data if name == self._graph.output or self._uses[name] > 0}

    def _finish(self) -> None:
        """Makes the logits: the output's numbers, in row-major order for each image."""
        name, context = self._graph.output, self._context
        data = self._values.data.get(name)
        if data is None:
            raise InputError("an output that does not depend on the image", place=f'output "{name}"')
        factors = context.view(data).factors
        if "N" in factors[1:]:
            raise InputError("an output that mixes the images of a batch", place=f'output "{name}"')
        chain = context.chain
        if not chain.vector:
            if None in chain.size:
                raise InputError("the network never leaves the image plane", expected="a global pool or a flatten")
            if len([axis for axis in data.axes if {"C", "H", "W"} & {*axis} & {*factors}]) > 1:
                context.notes.append("the model's output is an image; its numbers are the logits, row by row")
            order = tuple(f for f in factors if f != "N")
            self._values.flatten({name: (order, (("N",), ("C",)))}, None)
        forms = self._values.data[name].forms
        if forms is not None and not chain.is_identity(forms):
            chain.emit(forms)


def _slots(chain: Chain) -> Forms:
    return identity(chain.known_width())


def _inputs(step: Step) -> list[str]:
    if isinstance(step, Flattening):
        return step.node.inputs
    return [*step.inputs] if isinstance(step, Activation) else [step.input]


def _as_convolution(step: AverageStep, values: Transitions) -> LinearStep:
    """A mean pool as a convolution, a channel by itself."""
    count, (rows, columns) = len(values.forms(step.input)), step.window.kernel
    check_count((count, count, rows, columns))
    values.chain.rewritten = True
    eye = np.eye(count, dtype=np.int64).reshape(count, count, 1, 1)
    weight = ExactTensor.from_integers(np.broadcast_to(eye, (count, count, rows, columns)), rows * columns)
    return LinearStep(step.node, step.input, step.output, step.axes, weight, ExactTensor.zeros((count,)), step.window)


def _last(graph: Graph) -> str:
    """The name of the output before what copies it."""
    makers = {node.output[0]: node for node in graph.nodes}
    name = graph.output
    while name in makers and makers[name].op_type in ("Cast", "Identity"):
        name = makers[name].input[0]
    return name


def _left_away(context: Context, node: Node) -> Data:
    """What a function that keeps the order of the logits is applied to.

    Raises
    ------
    InputError: a softmax that does not take the logits of one image together.
    """
    data = context.data(node, 0)
    if "Softmax" in node.operator:
        view = context.view(data)
        axis = view.axis(node.integer("axis", 1 if node.opset < 13 else -1), node)
        together = range(axis, view.rank) if node.opset < 13 else [axis]
        inside = {f for i in together for f in data.axes[i] if view.lengths[f] != 1}
        outside = {f for i in range(view.rank) if i not in together for f in data.axes[i] if view.lengths[f] != 1}
        if "N" in inside or outside - {"N"}:
            raise node.error("a softmax over other numbers than the logits of one image", found=f"axis {axis}")
    context.chain.rewritten = True
    context.notes.append(
        f"{node.place}: left away; it keeps the order of the logits, and the logits here are the numbers before it"
    )
    return data


# -- the input --------------------------------------------------------------------------------------------------------


def _input_axes(graph: Graph) -> Axes:
    """How the input's axes are meant: channels first, unless the graph begins by moving the last axis there."""
    if len(graph.shape) == 2:
        return (("N",), ("C",))
    names, turned = {graph.input}, []
    for node in graph.nodes:
        if not names.intersection(node.input):
            continue
        if node.op_type in _ELEMENTWISE:
            names.update(node.output)
        else:
            turned.append(_turns(node, graph))
    return CHANNEL_LAST if turned and all(turned) else CHANNEL_FIRST


def _turns(node: onnx.NodeProto, graph: Graph) -> bool:
    """Whether the node takes images whose channels come last."""
    if node.op_type == "Transpose":
        return any(a.name == "perm" and list(a.ints) == [0, 3, 1, 2] for a in node.attribute)
    # A single last channel may also be moved by a reshape.
    return node.op_type == "Reshape" and graph.shape[3] == 1 and graph.shape[1] != 1

"""One node: its inputs, and its attributes taken one by one; what nobody takes is refused."""

from __future__ import annotations

from collections.abc import Sequence

import onnx
from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.formats.onnx_import.graph import place_of

__all__ = ["Node"]

_KINDS = onnx.AttributeProto


class Node:
    """A node of the graph.

    Attributes
    ----------
    operator: its name.
    place: how messages name it.
    inputs: names; "" for one that is left out.
    outputs: names; "" for one that is left out.
    output: the first output's name; of most operators the only one that is read.
    opset: the version of the operators.
    """

    def __init__(self, proto: onnx.NodeProto, opset: int) -> None:
        self.proto = proto
        self.operator = str(proto.op_type)
        self.place = place_of(proto)
        self.inputs = [str(name) for name in proto.input]
        self.outputs = [str(name) for name in proto.output]
        self.output = self.outputs[0] if self.outputs else ""
        self.opset = opset
        self._attributes = {str(a.name): a for a in proto.attribute}
        self._taken: set[str] = set()

    def error(
        self, message: str, *, found: str | None = None, expected: str | None = None, hint: str | None = None
    ) -> InputError:
        """An error in this node."""
        return InputError(message, place=self.place, found=found, expected=expected, hint=hint)

    def name(self, index: int) -> str:
        """The name of an input; "" if it is left out."""
        return self.inputs[index] if index < len(self.inputs) else ""

    def has(self, name: str) -> bool:
        """Whether an attribute is given."""
        return name in self._attributes

    def tensor(self, name: str) -> onnx.TensorProto | None:
        """A tensor attribute."""
        found = self._take(name, _KINDS.TENSOR)
        return None if found is None else found.t

    def integer(self, name: str, default: int) -> int:
        """An integer attribute, or the standard's default."""
        found = self._take(name, _KINDS.INT)
        return default if found is None else int(found.i)

    def switch(self, name: str, *, default: bool) -> bool:
        """An attribute that is 0 or 1.

        Raises
        ------
        InputError: it is another number, which runtimes take in different ways.
        """
        value = self.integer(name, int(default))
        if value not in (0, 1):
            raise self.error(f"attribute {name} out of range", found=str(value), expected="0 or 1")
        return value == 1

    def integers(self, name: str, default: Sequence[int] = ()) -> list[int]:
        """A list of integers."""
        found = self._take(name, _KINDS.INTS)
        return list(default) if found is None else [int(i) for i in found.ints]

    def number(self, name: str, default: float | None) -> fmpq | None:
        """A float32 attribute as the exact rational it is; the default is rounded to float32 as well.

        Raises
        ------
        InputError: it is not finite.
        """
        found = self._take(name, _KINDS.FLOAT)
        if found is None and default is None:
            return None
        value = float(found.f) if found is not None else float(onnx.helper.make_attribute(name, float(default or 0)).f)
        if value - value != 0:
            raise self.error(f"attribute {name} is not finite", found=str(value))
        return fmpq(*value.as_integer_ratio())

    def text(self, name: str, default: str) -> str:
        """A text attribute."""
        found = self._take(name, _KINDS.STRING)
        return default if found is None else found.s.decode("utf-8", "replace")

    def fixed(self, **wanted: int) -> None:
        """Refuses an integer attribute (default: the value wanted) that has another value."""
        for name, value in wanted.items():
            found = self.integer(name, value)
            if found != value:
                raise self.error(f"attribute {name} that exactcnn does not read", found=str(found), expected=str(value))

    def finish(self) -> None:
        """Refuses attributes that nobody took."""
        for name in self._attributes:
            if name not in self._taken:
                raise self.error(f"attribute {name} that exactcnn does not read")

    def at_most(self, inputs: int) -> None:
        """Refuses more inputs than an operator has."""
        if any(self.inputs[inputs:]):
            raise self.error("an input too many", found=f'"{self.inputs[inputs]}"')

    def _take(self, name: str, kind: int) -> onnx.AttributeProto | None:
        self._taken.add(name)
        found = self._attributes.get(name)
        if found is not None and found.type != kind:
            raise self.error(f"attribute {name} of another type")
        return found

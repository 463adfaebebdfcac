"""ONNX files taken apart into the fields of their messages, changed there, and put together again."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from copy import deepcopy
from dataclasses import dataclass
from random import Random

__all__ = ["Field", "Message", "changed", "parsed", "varint"]

# The fields that are messages themselves, by the message that they are in.
_INNER = {
    "model": {7: "graph", 8: "operator set", 14: "property"},
    "graph": {1: "node", 5: "tensor", 11: "value", 12: "value", 13: "value"},
    "node": {5: "attribute"},
    "value": {2: "type"},
    "type": {1: "tensor type"},
    "tensor type": {2: "shape"},
    "shape": {1: "dimension"},
}
_FIELDS = range(1, 26)
_INTEGERS = [0, 1, 2, 3, 4, 5, 6, 7, 8, 13, 16, 30, 2**31, 2**32 + 1, 2**63, 2**64 - 1]


@dataclass
class Field:
    """A field: its number, its wire type (0, 1, 2 or 5) and its value."""

    number: int
    wire: int
    value: int | bytes | Message

    def data(self) -> bytes:
        """The field's bytes."""
        value = self.value.data() if isinstance(self.value, Message) else self.value
        if isinstance(value, int):
            return varint(self.number << 3 | self.wire) + varint(value)
        size = varint(len(value)) if self.wire == 2 else b""
        return varint(self.number << 3 | self.wire) + size + value


@dataclass
class Message:
    """A message: what it is, and its fields in their order."""

    kind: str
    fields: list[Field]

    def data(self) -> bytes:
        """The message's bytes."""
        return b"".join(field.data() for field in self.fields)

    def messages(self) -> Iterator[Message]:
        """This one and all in it."""
        yield self
        for field in self.fields:
            if isinstance(field.value, Message):
                yield from field.value.messages()

    def get(self, *numbers: int) -> Field:
        """The first field with this number, in the first with the number before, and so on."""
        field = next(f for f in self.fields if f.number == numbers[0])
        return field.value.get(*numbers[1:]) if isinstance(field.value, Message) and numbers[1:] else field

    def texts(self) -> list[bytes]:
        """All short texts in it."""
        found = [f.value for m in self.messages() for f in m.fields]
        return [value for value in found if isinstance(value, bytes) and len(value) < 12]


def varint(n: int) -> bytes:
    """A number of 64 bits."""
    found = bytearray()
    while n > 127:
        found.append(n & 127 | 128)
        n >>= 7
    return bytes([*found, n])


def _number(data: bytes, place: int) -> tuple[int, int]:
    n = shift = 0
    while True:
        n |= (data[place] & 127) << shift
        place, shift = place + 1, shift + 7
        if data[place - 1] < 128:
            return n, place


def parsed(data: bytes, kind: str = "model") -> Message:
    """The fields of a message that a program wrote."""
    fields, place = [], 0
    while place < len(data):
        key, place = _number(data, place)
        number, wire = key >> 3, key & 7
        value: int | bytes | Message
        if wire == 0:
            value, place = _number(data, place)
        else:
            size, place = _number(data, place) if wire == 2 else ({1: 8, 5: 4}[wire], place)
            value, place = data[place : place + size], place + size
            inner = _INNER.get(kind, {}).get(number)
            if wire == 2 and inner is not None:
                value = parsed(value, inner)
        fields.append(Field(number, wire, value))
    return Message(kind, fields)


# -- changes ----------------------------------------------------------------------------------------------------------


def _again(message: Message, _: Message, random: Random) -> None:
    if message.fields:
        message.fields.insert(random.randrange(len(message.fields) + 1), deepcopy(random.choice(message.fields)))


def _dropped(message: Message, _: Message, random: Random) -> None:
    if message.fields:
        message.fields.pop(random.randrange(len(message.fields)))


def _moved(message: Message, _: Message, random: Random) -> None:
    random.shuffle(message.fields)


def _another_wire_type(message: Message, _: Message, random: Random) -> None:
    if message.fields:
        field = random.choice(message.fields)
        value = field.value.data() if isinstance(field.value, Message) else field.value
        field.wire = random.choice([0, 1, 2, 5])
        content = value if isinstance(value, bytes) else varint(value)
        if field.wire == 0:
            field.value = value if isinstance(value, int) else random.choice(_INTEGERS)
        else:
            size = {1: 8, 5: 4}.get(field.wire, len(content))
            field.value = (content + bytes([1] * size))[:size]


def _another_number(message: Message, _: Message, random: Random) -> None:
    if message.fields:
        random.choice(message.fields).number = random.choice(_FIELDS)


def _new_integer(message: Message, _: Message, random: Random) -> None:
    message.fields.append(Field(random.choice(_FIELDS), 0, random.choice(_INTEGERS)))


def _new_text(message: Message, model: Message, random: Random) -> None:
    message.fields.append(Field(random.choice(_FIELDS), 2, random.choice([*model.texts(), b"", b"\xff"])))


def _another_integer(message: Message, _: Message, random: Random) -> None:
    numbers = [f for f in message.fields if f.wire == 0]
    if numbers:
        random.choice(numbers).value = random.choice(_INTEGERS)


def _taken_over(message: Message, model: Message, random: Random) -> None:
    other = random.choice([m for m in model.messages() if m.kind == message.kind])
    message.fields += deepcopy(other.fields[: random.randrange(len(other.fields) + 1)])


def _renamed(_: Message, model: Message, random: Random) -> None:
    names = model.texts()
    old, new = random.choice(names), random.choice([*names, b"", b"\xff", "\ufffd".encode()])
    for message in list(model.messages()):
        for field in message.fields:
            if field.value == old:
                field.value = new


_CHANGES: list[Callable[[Message, Message, Random], None]] = [
    _again,
    _dropped,
    _moved,
    _another_wire_type,
    _another_number,
    _new_integer,
    _new_text,
    _another_integer,
    _taken_over,
    _renamed,
]


def changed(model: Message, random: Random) -> bytes:
    """The bytes of the model with one change to three, as often in one kind of message as in another."""
    model = deepcopy(model)
    for _ in range(random.choice([1, 1, 1, 2, 3])):
        messages = list(model.messages())
        kind = random.choice(sorted({m.kind for m in messages}))
        random.choice(_CHANGES)(random.choice([m for m in messages if m.kind == kind]), model, random)
    return model.data()

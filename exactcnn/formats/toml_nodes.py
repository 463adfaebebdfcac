"""TOML values that know where they stand, so that every complaint names file, table and key.

Floats keep the text they were written in (`TomlFloat`) and become exact decimals; nothing is ever rounded.
"""

from __future__ import annotations

import difflib
import re
import tomllib
from dataclasses import dataclass

from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.rational import parse_rational

__all__ = ["Node", "Table", "TomlFloat", "read_toml"]

_LINE = re.compile(r"\(at (line [0-9]+, column [0-9]+|end of document)\)")
_SHOWN = 60


class TomlFloat(str):
    """A TOML float as it was written, such as `0.125` or `1e-3`."""

    __slots__ = ()


def read_toml(text: str, source: str) -> Node:
    """The whole document as a node.

    Raises
    ------
    InputError: the text is not TOML; the line is named.
    """
    try:
        document = tomllib.loads(text, parse_float=TomlFloat)
    except tomllib.TOMLDecodeError as error:
        message = str(error)
        where = _LINE.search(message)
        raise InputError(
            f"not valid TOML: {_LINE.sub('', message).strip()}",
            source=source,
            place=where[1] if where else None,
        ) from None
    except (ValueError, RecursionError) as error:
        # Integers of thousands of digits, or arrays nested thousands deep.
        kind = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"TOML that cannot be read: {kind}", source=source) from None
    return Node(document, source, "")


@dataclass(frozen=True, slots=True)
class Node:
    """A TOML value and its place, such as `[[feature]] number 2 "cross", key gap`."""

    value: object
    source: str
    place: str

    def refuse(
        self, message: str, *, found: str | None = None, expected: str | None = None, hint: str | None = None
    ) -> InputError:
        """The error that this value gives rise to, for the caller to raise."""
        return InputError(
            message, source=self.source, place=self.place or None, found=found, expected=expected, hint=hint
        )

    def _wrong_type(self, expected: str) -> InputError:
        return self.refuse("a value of the wrong type", found=_describe(self.value), expected=expected)

    def string(self) -> str:
        """The value, which has to be a string."""
        if isinstance(self.value, str) and not isinstance(self.value, TomlFloat):
            return self.value
        raise self._wrong_type("a string")

    def name(self) -> str:
        """The value, which has to be a printable string, not empty, with no blank at either end."""
        text = self.string()
        if text and text.isprintable() and text == text.strip():
            return text
        raise self.refuse(
            "not a usable name", found=_describe(text), expected="printable characters, no blank at either end"
        )

    def boolean(self) -> bool:
        """The value, which has to be true or false."""
        if isinstance(self.value, bool):
            return self.value
        raise self._wrong_type("true or false")

    def integer(self, least: int) -> int:
        """The value, which has to be an integer not below `least`."""
        if isinstance(self.value, bool) or not isinstance(self.value, int):
            raise self._wrong_type("an integer")
        if self.value < least:
            raise self.refuse("an integer that is too small", found=str(self.value), expected=f"at least {least}")
        return self.value

    def rational(self) -> fmpq:
        """The exact value of an integer, a float as it is written, or a string such as `"1/8"`."""
        value = self.value
        if isinstance(value, int) and not isinstance(value, bool):
            return fmpq(value)
        if not isinstance(value, str):
            raise self._wrong_type('a number such as 1, 0.25 or "1/4"')
        text = value.replace("_", "") if isinstance(value, TomlFloat) else value
        if text.lstrip("+-") in ("inf", "nan"):
            raise self.refuse("a number is not finite", found=text, expected="a finite number")
        try:
            return parse_rational(text)
        except InputError as error:
            raise error.located(source=self.source, place=self.place) from None

    def items(self, expected: str, each: str = "number") -> list[Node]:
        """The entries of the array, which has to be one; `each` is what one entry is called in messages."""
        if not isinstance(self.value, list):
            raise self._wrong_type(expected)
        return [Node(v, self.source, f"{self.place}, {each} {i}") for i, v in enumerate(self.value, 1)]

    def strings(self, expected: str) -> list[Node]:
        """The entries of an array of strings, none given twice."""
        nodes = self.items(expected)
        seen: set[str] = set()
        for node in nodes:
            text = node.string()
            if text in seen:
                raise node.refuse("the same name twice in one list", found=_describe(text))
            seen.add(text)
        return nodes

    def tables(self, header: str, known: tuple[str, ...]) -> list[Table]:
        """The tables of an array of tables `[[header]]`; each is placed by its number and, if it has one, its name."""
        if not isinstance(self.value, list) or not all(isinstance(v, dict) for v in self.value):
            raise Node(self.value, self.source, f"[{header}]")._wrong_type(f"tables headed [[{header}]]")
        return [
            Node(entry, self.source, f"[[{header}]] number {i}{_named(entry)}").table(known)
            for i, entry in enumerate(self.value, 1)
        ]

    @property
    def is_table(self) -> bool:
        """Whether the value is a table."""
        return isinstance(self.value, dict)

    def table(self, known: tuple[str, ...], expected: str = "a table") -> Table:
        """The value, which has to be a table with no keys but the known ones."""
        if not isinstance(self.value, dict):
            raise self._wrong_type(expected)
        for key in self.value:
            if key not in known:
                close = difflib.get_close_matches(key, known, n=1)
                raise self.refuse(
                    "an unknown key",
                    found=_describe(key),
                    expected="one of " + ", ".join(known),
                    hint=f"Did you mean {close[0]}?" if close else None,
                )
        return Table(self, self.value)


@dataclass(frozen=True, slots=True)
class Table:
    """A TOML table, all of whose keys are known."""

    node: Node
    entries: dict[str, object]

    @property
    def place(self) -> str:
        """Where the table stands."""
        return self.node.place

    def refuse(
        self, message: str, *, found: str | None = None, expected: str | None = None, hint: str | None = None
    ) -> InputError:
        """The error that this table gives rise to, for the caller to raise."""
        return self.node.refuse(message, found=found, expected=expected, hint=hint)

    def get(self, key: str) -> Node | None:
        """The value of the key, or None if the table does not have it."""
        if key not in self.entries:
            return None
        place = f"{self.place}, key {key}" if self.place else f"key {key}"
        return Node(self.entries[key], self.node.source, place)

    def need(self, key: str, expected: str) -> Node:
        """The value of a key that has to be there."""
        node = self.get(key)
        if node is None:
            raise self.refuse(f"the key {key} is missing", expected=expected)
        return node


def _named(entry: object) -> str:
    name = entry.get("name") if isinstance(entry, dict) else None
    return f" {_describe(name)}" if isinstance(name, str) and not isinstance(name, TomlFloat) else ""


def _describe(value: object) -> str:
    """The value as people would name it in an error message, on one line."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, TomlFloat):
        return f"the float {_short(value)}"
    if isinstance(value, str):
        text = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in value)
        return f'"{_short(text)}"'
    if isinstance(value, int):
        return f"the integer {value}" if abs(value) < 10**_SHOWN else "a very long integer"
    if isinstance(value, list):
        return f"an array of {len(value)}"
    return "a table" if isinstance(value, dict) else "a date or time"


def _short(text: str) -> str:
    return text if len(text) <= _SHOWN else text[:_SHOWN] + ".."

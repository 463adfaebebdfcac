"""The sections of this project's docstrings, `name: text` under an underlined heading, as lists that Sphinx shows."""

from __future__ import annotations

import re
from collections.abc import Mapping

__all__ = ["as_fields"]

_SECTIONS = ("Parameters", "Attributes", "Returns", "Raises")
_ENTRY = re.compile(r"^(?P<names>[A-Za-z_][\w.]*(?:, [A-Za-z_][\w.]*)*): (?P<text>.*)$")


def as_fields(lines: list[str], errors: Mapping[str, str]) -> list[str]:
    """The lines of a docstring with each section as a field that holds a definition list; all else as it was.

    Parameters
    ----------
    errors: where the classes that `Raises` names are documented, by name.

    Raises
    ------
    ValueError: a section holds something else than entries.
    """
    done: list[str] = []
    section = ""
    for number, line in enumerate(lines):
        rule = lines[number + 1] if number + 1 < len(lines) else ""
        if line in _SECTIONS and rule and set(rule) == {"-"}:
            section = line
            done += ["", f":{section}:"]
        elif not section:
            done.append(line)
        elif not line or line.startswith(" "):
            done.append(f"    {line}" if line else "")
        elif set(line) != {"-"}:
            done += _entry(line, section, errors)
    return done


def _entry(line: str, section: str, errors: Mapping[str, str]) -> list[str]:
    found = _ENTRY.match(line)
    if found is None:
        if section == "Returns":
            return [f"    {line}"]
        raise ValueError(f"not an entry `name: text` of {section}: {line!r}")
    names = found["names"].split(", ")
    if section == "Raises":
        terms = [f":py:exc:`~{errors[name]}`" if name in errors else f"``{name}``" for name in names]
    else:
        terms = [f"``{name}``" for name in names]
    return [f"    {', '.join(terms)}", f"        {found['text']}"]

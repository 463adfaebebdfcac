"""The reference of the command line, as Markdown, from the commands' own signatures and docstrings."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable, Iterator
from enum import Enum
from pathlib import Path
from typing import Any

from typer import Typer
from typer.models import ArgumentInfo, ParameterInfo

__all__ = ["commands", "reference"]


def commands(app: Typer) -> dict[str, Callable[..., Any]]:
    """The functions behind the commands, by name, in the order of `--help`."""
    found = {}
    for info in app.registered_commands:
        if info.callback is not None and not info.hidden:
            found[info.name or info.callback.__name__.replace("_", "-")] = info.callback
    return found


def reference(app: Typer, program: str) -> str:
    """A section a command: summary, usage, arguments and options, examples."""
    return "\n".join(_command(name, callback, program) for name, callback in commands(app).items())


def _command(name: str, callback: Callable[..., Any], program: str) -> str:
    summary, *rest = inspect.cleandoc(callback.__doc__ or "").split("\n\n")
    rows = list(_parameters(callback))
    arguments = [row for row in rows if not row[0].startswith("`-")]
    options = [row for row in rows if row[0].startswith("`-")]
    usage = " ".join([program, name, *("[OPTIONS]" for _ in options[:1]), *(row[0].strip("`") for row in arguments)])
    parts = [f"({program}-{name})=\n## {program} {name}\n", _prose(summary), f"```text\n{usage}\n```\n"]
    for part in rest:
        heading, _, lines = part.partition("\n")
        if heading == "Examples:":
            parts.append("Examples:\n\n```text\n" + inspect.cleandoc(lines) + "\n```\n")
        else:
            parts.append(_prose(part))
    for title, table in (("argument", arguments), ("option", options)):
        if table:
            parts.append(f"| {title} | meaning | default |\n|---|---|---|")
            parts.append("\n".join(f"| {' | '.join(row)} |" for row in table) + "\n")
    return "\n".join(parts)


def _prose(text: str) -> str:
    return " ".join(text.split()) + "\n"


def _parameters(callback: Callable[..., Any]) -> Iterator[tuple[str, str, str]]:
    """Names, meanings and defaults, ready for a table."""
    hints = typing.get_type_hints(callback, include_extras=True)
    for name, parameter in inspect.signature(callback).parameters.items():
        kind, info = typing.get_args(hints[name])[:2]
        if not isinstance(info, ParameterInfo) or info.hidden:
            continue
        # A pipe would end the cell; typer's markup in help texts is not used here.
        help_text = (info.help or "").replace("|", "\\|")
        yield _name(name, kind, info), help_text, _default(parameter.default, info)


def _name(name: str, kind: Any, info: ParameterInfo) -> str:
    if isinstance(info, ArgumentInfo):
        return f"`{info.metavar or name.upper()}`"
    # Inside `Annotated`, typer takes an option's first spelling for what is elsewhere its default.
    spelled = [word for word in (info.default, *(info.param_decls or ())) if isinstance(word, str)]
    names = ", ".join(spelled or [f"--{name.replace('_', '-')}"])
    return f"`{names}`" if kind is bool else f"`{names} {info.metavar or _values(kind)}`"


def _values(kind: Any) -> str:
    for choice in (kind, *typing.get_args(kind)):
        if isinstance(choice, type) and issubclass(choice, Enum):
            return ",".join(member.value for member in choice)
    for choice in (kind, *typing.get_args(kind)):
        if isinstance(choice, type) and choice is not type(None):
            return choice.__name__.upper()
    return "VALUE"


def _default(default: object, info: ParameterInfo) -> str:
    if default is inspect.Parameter.empty or default is ...:
        return "required"
    if isinstance(info.show_default, str):
        return info.show_default
    if default is None or default is False or default == "" or info.show_default is False:
        return ""
    if isinstance(default, Enum):
        return f"`{default.value}`"
    return f"`{default.as_posix() if isinstance(default, Path) else default}`"

"""The explorer's program: its modules joined to one script that needs no server and no other file.

The modules are plain ES modules. Each becomes a function that is called once and hands out what the module exports, in
an order in which whatever a module imports comes before it; so names of different modules cannot meet. Only the forms
that the modules need are understood; every other `import` or `export` is refused, so that nothing is joined wrongly.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import PurePosixPath

from exactcnn.core.errors import InternalError

__all__ = ["joined_modules"]

_IMPORT = re.compile(
    r'^import \{(?P<names>[^}]*)\} from "(?P<path>\.{1,2}/[A-Za-z0-9_./-]+\.js)";[ \t]*$', re.MULTILINE
)
_EXPORT = re.compile(r"^export (?P<kind>(?:async )?function\*?|class|const) (?P<name>[A-Za-z_$][\w$]*)", re.MULTILINE)
_OTHER = re.compile(r"^(?:import|export)\b.*$", re.MULTILINE)
_NAME = re.compile(r"[A-Za-z_$][\w$]*")
_CLOSING = re.compile(r"</script|<!--", re.IGNORECASE)


def joined_modules(entry: str, read: Callable[[str], str]) -> str:
    """One script that does what the module `entry` does.

    Parameters
    ----------
    entry: the path of a module, such as `view/main.js`.
    read: the text of the module at a path.

    Raises
    ------
    InternalError: modules that import each other in a circle, a form of import or export that is not understood, an
        import of what a module does not export, or a text that would end the script early.
    """
    modules: dict[str, _Module] = {}
    _collect(entry, read, modules, ())
    numbers = {path: number for number, path in enumerate(modules)}
    parts = []
    for path, module in modules.items():
        for target, names in module.imports:
            missing = [name for name, _ in names if name not in modules[target].exports]
            if missing:
                raise _refusal(path, f"{target} exports no {missing[0]}")
        parts.append(_wrapped(module, numbers))
    script = "\n".join(parts)
    if _CLOSING.search(script):
        raise _refusal(entry, "a text that would end the script early")
    return script


class _Module:
    """A module's text without its imports and exports.

    Attributes
    ----------
    imports: the paths of imported modules, each with pairs of a name there and the name here.
    exports: the names of what is exported.
    """

    def __init__(self, path: str, text: str) -> None:
        self.path = path
        self.imports = [(_resolved(path, m["path"]), _pairs(path, m["names"])) for m in _IMPORT.finditer(text)]
        self.exports = [m["name"] for m in _EXPORT.finditer(text)]
        self.body = _EXPORT.sub(lambda m: f"{m['kind']} {m['name']}", _IMPORT.sub("", text))
        other = _OTHER.search(self.body)
        if other is not None:
            raise _refusal(path, other[0])


def _refusal(path: str, found: str) -> InternalError:
    return InternalError(f"the explorer's module {path} cannot be joined to the others: {found}")


def _resolved(path: str, target: str) -> str:
    parts: list[str] = []
    for part in (PurePosixPath(path).parent / target).parts:
        if part != "..":
            parts.append(part)
        elif parts:
            parts.pop()
        else:
            raise _refusal(path, f"an import from outside: {target}")
    return "/".join(parts)


def _pairs(path: str, names: str) -> list[tuple[str, str]]:
    pairs = []
    for entry in filter(None, (n.strip() for n in names.split(","))):
        there, _, here = entry.partition(" as ")
        if not _NAME.fullmatch(there) or (here and not _NAME.fullmatch(here)):
            raise _refusal(path, f"import of {entry}")
        pairs.append((there, here or there))
    return pairs


def _collect(path: str, read: Callable[[str], str], modules: dict[str, _Module], above: tuple[str, ...]) -> None:
    """Adds a module after all that it imports."""
    if path in above:
        raise _refusal(path, f"it imports itself: {' > '.join((*above, path))}")
    if path in modules:
        return
    module = _Module(path, read(path))
    for target, _ in module.imports:
        _collect(target, read, modules, (*above, path))
    modules[path] = module


def _wrapped(module: _Module, numbers: Mapping[str, int]) -> str:
    lines = [f"// {module.path}", f"const module{numbers[module.path]} = (() => {{"]
    for target, names in module.imports:
        inner = ", ".join(there if there == here else f"{there}: {here}" for there, here in names)
        lines.append(f"const {{ {inner} }} = module{numbers[target]};")
    lines += [module.body.strip("\n"), f"return {{ {', '.join(module.exports)} }};", "})();", ""]
    return "\n".join(lines)

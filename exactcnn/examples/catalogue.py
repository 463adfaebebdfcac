"""Which tasks are shipped, and where they are."""

from __future__ import annotations

from importlib.resources import as_file, files
from pathlib import Path

__all__ = ["names", "path", "pictures"]

_PACKAGE = "exactcnn.examples"
_SUFFIX = ".toml"


def names() -> tuple[str, ...]:
    """The names of the shipped tasks, in alphabetical order."""
    entries = (entry.name for entry in files(_PACKAGE).iterdir())
    return tuple(sorted(name.removesuffix(_SUFFIX) for name in entries if name.endswith(_SUFFIX)))


def path(name: str) -> Path:
    """The file of a shipped task; pictures that it refers to lie beside it.

    Raises
    ------
    KeyError: no such task is shipped.
    """
    if name not in names():
        raise KeyError(name)
    # The package is a folder of plain files (zipped packages are not supported), so that the path stays valid.
    with as_file(files(_PACKAGE) / (name + _SUFFIX)) as file:
        return file


def pictures(name: str) -> tuple[Path, ...]:
    """The pictures that a shipped task refers to, below the folder of its file.

    Raises
    ------
    KeyError: no such task is shipped.
    """
    folder = path(name).with_suffix("")
    return tuple(sorted(folder.iterdir())) if folder.is_dir() else ()

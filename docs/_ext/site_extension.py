"""What this site adds to Sphinx: text of other documents, links to files, the commands, pictures, docstrings."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import commands
import docstrings
import files
import inclusion
import pictures
from sphinx.application import Sphinx

__all__ = ["setup"]

_COMMANDS = "```{commands}\n```"
_ERRORS = {name: f"exactcnn.{name}" for name in ("ExactCnnError", "InputError", "InternalError")}


def _homes(srcdir: Path) -> dict[str, str]:
    """The page that stands for each file of which a page takes the whole text."""
    homes = {"README.md": "/index.md"}
    for page in sorted(srcdir.rglob("*.md")):
        for file, section in inclusion.sources(page.read_text("utf-8")):
            if section is None:
                homes[file] = f"/{page.relative_to(srcdir).as_posix()}"
    return homes


def _pictures(app: Sphinx) -> Path:
    """Beside what else Sphinx keeps between two builds."""
    return Path(app.doctreedir) / "pictures"


def _draw(app: Sphinx) -> None:
    pictures.draw_all(Path(app.srcdir).parent / "README.md", _pictures(app))


def _read_page(app: Sphinx, _docname: str, content: list[str]) -> None:
    root = Path(app.srcdir).parent
    for file, _ in inclusion.sources(content[0]):
        app.env.note_dependency(str(root / file))
    content[0] = inclusion.expanded(content[0], root, _homes(Path(app.srcdir)))
    content[0] = pictures.with_pictures(content[0], os.path.relpath(_pictures(app), app.srcdir))
    if _COMMANDS in content[0]:
        from exactcnn.cli.main import app as command_line

        content[0] = content[0].replace(_COMMANDS, commands.reference(command_line, "exactcnn"))


def _docstring(*event: Any) -> None:
    lines = event[-1]
    lines[:] = docstrings.as_fields(lines, _ERRORS)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx's entry point."""
    app.connect("builder-inited", _draw)
    app.connect("source-read", _read_page)
    app.connect("autodoc-process-docstring", _docstring)
    app.connect("doctree-resolved", files.resolve_links)
    app.connect("html-collect-pages", files.file_pages)
    app.connect("build-finished", files.copy_files)
    return {"parallel_read_safe": False, "parallel_write_safe": False}

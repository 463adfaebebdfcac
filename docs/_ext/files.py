"""Links to files of the project, `repo:path`: each file that is linked to gets a page, and a copy to download."""

from __future__ import annotations

import inspect
import posixpath
import re
import shutil
from collections.abc import Iterator
from html import escape
from importlib import import_module
from pathlib import Path
from typing import Any
from urllib.parse import quote

from docutils import nodes
from pictures import EXAMPLES
from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import get_lexer_by_name, get_lexer_for_filename
from pygments.util import ClassNotFound
from sphinx.application import Sphinx

import exactcnn
from notebooks import notebook_html

__all__ = ["SCHEME", "copy_files", "file_pages", "resolve_links", "source_link"]

SCHEME, EXAMPLE = "repo:", "example:"
_FOLDER = "files"
# What Python, Jupyter and Coq leave behind.
_LEAVE_OUT = {"__pycache__", ".vo", ".vok", ".vos", ".glob"}
_LONGEST = 300_000
# What declares a name, by the file's ending.
_DECLARED = {
    ".py": r"^ *(?:def|class) {}\b",
    ".v": r"^ *(?:Theorem|Lemma|Corollary|Definition|Fixpoint|Example) {}\b",
}
_LANGUAGES = {".v": "rocq", ".stmt": "text", ".cert": "text", ".xnet": "text"}


def _page_of(path: str) -> str:
    return f"{_FOLDER}/{path or 'project'}"


def _root(app: Sphinx) -> Path:
    return Path(app.srcdir).parent


def _linked(app: Sphinx) -> dict[str, set[str]]:
    """The pages that link to each file."""
    found: dict[str, set[str]] = getattr(app.env, "project_files", {})
    app.env.project_files = found  # type: ignore[attr-defined]
    return found


def resolve_links(app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """Lets `repo:` links lead to the pages of files, and `example:` links to example pages.

    Raises
    ------
    ValueError: there is no such file.
    """
    for link in doctree.findall(nodes.reference):
        target = link.get("refuri", "")
        if target.startswith(EXAMPLE):
            start = posixpath.dirname(app.builder.get_target_uri(docname))
            link["refuri"] = posixpath.relpath(f"{EXAMPLES}/{target.removeprefix(EXAMPLE)}", start or ".")
        if not target.startswith(SCHEME):
            continue
        path, mark, place = target.removeprefix(SCHEME).partition("#")
        path = posixpath.normpath(path)
        place = place or _declaration(_root(app) / path, link.astext())
        mark = "#" if place else ""
        if not (_root(app) / path).exists():
            raise ValueError(f"{docname}: a link leads to a file that does not exist: {path}")
        _linked(app).setdefault(path, set()).add(docname)
        link["refuri"] = app.builder.get_relative_uri(docname, _page_of(path)) + mark + place


def _declaration(path: Path, name: str) -> str:
    """The anchor of the line that declares a name; empty if none does."""
    pattern = _DECLARED.get(path.suffix)
    if pattern is None or not path.is_file() or not re.fullmatch(r"\w+", name):
        return ""
    found = re.search(pattern.format(name), path.read_text("utf-8"), re.MULTILINE)
    return f"line-{found.string.count(chr(10), 0, found.end()) + 1}" if found else ""


def source_link(domain: str, info: dict[str, str]) -> str | None:
    """Where the reference's `[source]` of an object leads to: its line on its file's page."""
    if domain != "py" or not info["module"]:
        return None
    item: Any = import_module(info["module"])
    for name in info["fullname"].split("."):
        item = inspect.unwrap(getattr(item, name, None))  # type: ignore[arg-type]
    item = item.fget if isinstance(item, property) else getattr(item, "func", item)
    try:
        path = Path(inspect.getsourcefile(item) or "")
        line = inspect.getsourcelines(item)[1]
    except TypeError:
        # No class, function or method, but a value.
        return None
    # The package may be installed elsewhere; its files are the same as those of this folder.
    inside = path.relative_to(Path(exactcnn.__file__).parent).as_posix()
    return f"{SCHEME}exactcnn/{inside}#line-{max(line, 1)}"


def _all_linked(app: Sphinx) -> list[str]:
    """The linked files and folders, and what the folders hold."""
    found = set()
    for path in _linked(app):
        full = _root(app) / path
        found.add(path)
        if full.is_dir():
            found |= {inner.relative_to(_root(app)).as_posix() for inner in _inside(full)}
    return sorted(found)


def _inside(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.iterdir()):
        if (
            path.name not in _LEAVE_OUT
            and not path.name.startswith(".")
            and path.suffix not in (".vo", ".vok", ".vos", ".glob")
        ):
            yield path
            if path.is_dir():
                yield from _inside(path)


def file_pages(app: Sphinx) -> Iterator[tuple[str, dict[str, Any], str]]:
    """The pages of files and folders."""
    for path in _all_linked(app):
        full = _root(app) / path
        body = _listing(full) if full.is_dir() else _content(full)
        title = escape(path)
        heading = "" if full.suffix == ".ipynb" else f"<h1>{title}</h1>\n"
        yield _page_of(path), {"title": title, "body": heading + body}, "page.html"


def _listing(folder: Path) -> str:
    items = []
    for path in sorted(folder.iterdir()):
        if path in set(_inside(folder)):
            items.append(f'<li><a href="{quote(folder.name)}/{quote(path.name)}.html">{escape(path.name)}</a></li>')
    return f"<ul>{''.join(items)}</ul>"


def _content(path: Path) -> str:
    download = f'<p><a href="{quote(path.name)}" download>Download</a></p>'
    data = path.read_bytes()
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return f"{download}<p>No text: {len(data):,} bytes.</p>"
    if path.suffix == ".ipynb":
        hint = "<p>To be read here; downloaded and run it shows figures and checks the exercises.</p>"
        return download + hint + notebook_html(text, lambda code: _highlighted(Path("cell.py"), code, numbers=False))
    if len(text) > _LONGEST:
        return f"{download}<p>{text.count(chr(10)):,} lines. It begins:</p>{_highlighted(path, text[:2000])}"
    return download + _highlighted(path, text)


def _highlighted(path: Path, text: str, *, numbers: bool = True) -> str:
    try:
        language = _LANGUAGES.get(path.suffix)
        lexer = get_lexer_by_name(language) if language else get_lexer_for_filename(path.name)
    except ClassNotFound:
        lexer = get_lexer_by_name("text")
    lines = {"linenos": "inline", "lineanchors": "line"} if numbers else {}
    formatter = HtmlFormatter(cssclass="highlight", **lines)
    return f'<div class="highlight-default">{highlight(text, lexer, formatter)}</div>'


def copy_files(app: Sphinx, error: Exception | None) -> None:
    """Copies the linked files beside their pages, and the example pages."""
    if error is not None or app.builder.format != "html":
        return
    for path in _all_linked(app):
        full = _root(app) / path
        if full.is_file():
            target = Path(app.outdir) / _FOLDER / path
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(full, target)
    shutil.copytree(Path(app.doctreedir) / "pictures" / EXAMPLES, Path(app.outdir) / EXAMPLES, dirs_exist_ok=True)

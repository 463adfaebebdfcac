"""Checks the built documentation site: every link inside it leads somewhere, nothing is loaded from elsewhere.

    python tools/check_site.py out/site

Also, that every command and option of the command line is in the reference. Uses no network.
"""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

COMMANDS = "reference/commands.html"
# What a page loads by itself, other than what a reader may follow.
_LOADED = {
    ("img", "src"),
    ("script", "src"),
    ("link", "href"),
    ("iframe", "src"),
    ("object", "data"),
    ("source", "src"),
}
_ELSEWHERE = re.compile(r"""(?:url\(|@import)\s*["']?((?:https?:)?//[^"')\s]*)""")
# Links between pages that the theme writes for browsers only.
_RELATIONS = {"canonical", "index", "search", "next", "prev"}


class Page(HTMLParser):
    """A page's anchors, and its links with whether they load something."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[tuple[str, bool]] = []
        self.words: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Takes note of names and links."""
        given = {name: value or "" for name, value in attrs}
        self.anchors |= {given[name] for name in ("id", "name") if name in given}
        for name in ("href", "src", "data"):
            if name in given:
                loaded = (tag, name) in _LOADED and given.get("rel") not in _RELATIONS
                self.links.append((given[name], loaded))

    def handle_data(self, data: str) -> None:
        """Takes note of the text."""
        self.words.append(data)


def problems(site: Path) -> Iterator[str]:
    """What is wrong with the links of a site."""
    pages = {
        path: Page(path.read_text("utf-8")) for path in sorted(site.rglob("*.html")) if "_static" not in path.parts
    }
    if not pages:
        yield f"{site}: no pages"
    for path, page in pages.items():
        name = path.relative_to(site)
        for link, loaded in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                if loaded and parts.scheme != "data":
                    yield f"{name}: loads {link}"
                elif parts.scheme not in ("http", "https", "mailto", "data"):
                    yield f"{name}: a link of an unknown kind: {link}"
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            if not target.is_file():
                yield f"{name}: leads nowhere: {link}"
            elif parts.fragment and target in pages and unquote(parts.fragment) not in pages[target].anchors:
                yield f"{name}: no such place on the page: {link}"


def loaded_styles(site: Path) -> Iterator[str]:
    """Style sheets that load something from elsewhere."""
    for path in sorted(site.rglob("*.css")):
        for found in _ELSEWHERE.findall(path.read_text("utf-8")):
            yield f"{path.relative_to(site)}: loads {found}"


def unmentioned(site: Path) -> Iterator[str]:
    """Commands and options that the reference leaves out."""
    from typer.main import get_command

    from exactcnn.cli.main import app

    page = Page((site / COMMANDS).read_text("utf-8"))
    text = "".join(page.words)
    for name, command in get_command(app).commands.items():  # type: ignore[attr-defined]
        if f"exactcnn-{name}" not in page.anchors:
            yield f"{COMMANDS}: nothing about the command {name}"
        for parameter in command.params:
            for spelling in parameter.opts:
                if spelling.startswith("--") and spelling not in text:
                    yield f"{COMMANDS}: nothing about {name} {spelling}"


def main(arguments: list[str] | None = None) -> int:
    """0 if all is well, 1 if something is wrong with the site."""
    parser = argparse.ArgumentParser(description="Checks the built documentation site.")
    parser.add_argument("site", type=Path, help="the folder that holds it")
    site = parser.parse_args(arguments).site.resolve()
    found = [*problems(site), *loaded_styles(site), *unmentioned(site)]
    for line in found:
        sys.stderr.write(line + "\n")
    return int(bool(found))


if __name__ == "__main__":
    sys.exit(main())

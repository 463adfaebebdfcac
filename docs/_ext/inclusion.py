"""Pages that take their text from the project's other documents, so that nothing is written twice.

In a page,

    ```{from} README.md: Commands
    ```

stands for the section of that heading, without the heading, and without a heading's name for the whole file without its
title. A line `from: TEXT` in the block leaves out what stands before the line that begins with TEXT. Headings are moved
below the page's heading before it, and links to files of the project are made ready for `files.py`: `repo:path`.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping
from pathlib import Path

__all__ = ["expanded", "included", "sources"]

_DIRECTIVE = re.compile(
    r"^```\{from\} (?P<file>[^:\n]+?)(?:: (?P<section>[^\n]+))?\n(?:from: (?P<start>[^\n]+)\n)?```$", re.MULTILINE
)
_FENCE = re.compile(r"^(```|~~~)")
_HEADING = re.compile(r"^(#+) (.*)$")
_LINK = re.compile(r"(?<!!)\[([^\]]*)\]\(([^)\s]+)\)")
_IMAGE = re.compile(r"(!\[[^\]]*\]\()([^)\s]+)(\))")


def sources(page: str) -> Iterator[tuple[str, str | None]]:
    """The files that a page takes text from, each with the section or None."""
    for found in _DIRECTIVE.finditer(page):
        yield found["file"], found["section"]


def expanded(page: str, root: Path, homes: Mapping[str, str]) -> str:
    """A page with the project's text in the place of its directives.

    Parameters
    ----------
    root: the project's folder.
    homes: the pages (as `/how-to/onnx.md`) that stand for files, by the files' paths.

    Raises
    ------
    ValueError: a file has no such section.
    """

    def text(found: re.Match[str]) -> str:
        level = _level_at(page, found.start())
        taken = included(root, found["file"], found["section"], level=level, homes=homes)
        return _beginning(taken, found["start"], found["file"]) if found["start"] else taken

    return _DIRECTIVE.sub(text, page)


def _beginning(text: str, start: str, file: str) -> str:
    """The text from the line on that begins with `start`.

    Raises
    ------
    ValueError: no line does, or several do.
    """
    if f"\n{text}".count(f"\n{start}") != 1:
        raise ValueError(f"not one line of the section of {file} begins with {start!r}")
    return start + f"\n{text}".partition(f"\n{start}")[2]


def _level_at(page: str, place: int) -> int:
    """The level of the last heading before a place."""
    levels = [len(marks) for marks, _, _ in _headings(page[:place].splitlines())]
    return levels[-1] if levels else 0


def _headings(lines: list[str]) -> Iterator[tuple[str, str, int]]:
    """Marks, title and number of each line that is a heading, not one inside a fence."""
    fenced = False
    for number, line in enumerate(lines):
        fenced ^= bool(_FENCE.match(line))
        heading = None if fenced else _HEADING.match(line)
        if heading:
            yield heading[1], heading[2], number


def included(root: Path, file: str, section: str | None, *, level: int, homes: Mapping[str, str]) -> str:
    """The text of a file or of one of its sections, with headings below `level` and links made ready.

    Raises
    ------
    ValueError: the file has no such section.
    """
    lines = (root / file).read_text("utf-8").splitlines()
    headings = list(_headings(lines))
    place = next((i for i, (_, title, _) in enumerate(headings) if section in (None, title)), None)
    if place is None:
        raise ValueError(f"{file} has no section {section!r}")
    marks, _, start = headings[place]
    end = next((n for m, _, n in headings[place + 1 :] if len(m) <= len(marks)), len(lines))
    return _adapted(lines[start + 1 : end], level - len(marks), posixpath.dirname(file), root, homes)


def _adapted(lines: list[str], deeper: int, folder: str, root: Path, homes: Mapping[str, str]) -> str:
    done = []
    fenced = False
    for line in lines:
        fenced ^= bool(_FENCE.match(line))
        if fenced:
            done.append(line)
            continue
        heading = _HEADING.match(line)
        moved = f"{'#' * (len(heading[1]) + deeper)} {heading[2]}" if heading else line
        moved = _LINK.sub(lambda m: f"[{m[1]}]({_target(m[2], m[1], folder, root, homes)})", moved)
        done.append(_IMAGE.sub(lambda m: f"{m[1]}/../{posixpath.normpath(posixpath.join(folder, m[2]))}{m[3]}", moved))
    return "\n".join(done).strip("\n") + "\n"


def _target(link: str, words: str, folder: str, root: Path, homes: Mapping[str, str]) -> str:
    """Where a link of a file in `folder` leads to on the site; one whose words are a heading, to that heading."""
    if ":" in link.partition("/")[0] or link.startswith("#"):
        return link
    path, hash_mark, anchor = link.partition("#")
    full = posixpath.normpath(posixpath.join(folder, path))
    if full in homes:
        if not anchor and words in (title for _, title, _ in _headings((root / full).read_text("utf-8").splitlines())):
            hash_mark, anchor = "#", _slug(words)
        return homes[full] + hash_mark + anchor
    if not (root / full).exists():
        raise ValueError(f"a link leads nowhere: {link} in {folder or 'the root'}")
    return f"repo:{full}"


def _slug(title: str) -> str:
    """A heading's anchor, as GitHub and this site make it."""
    return re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-")

"""The examples of a Markdown page, run in order in one new folder and compared with what the page shows.

    python tools/page_examples.py docs/tutorial.md             # says what differs
    python tools/page_examples.py --update docs/tutorial.md    # writes what the commands print into the page

What is run, and what it means:

- a block of any language whose first line is `# NAME` with a suffix is a file, which is written (`toml`, `python`);
- `console`: each line `$ COMMAND` is given to a shell with this Python's programs; the lines up to the next one are
  what it prints on stdout and stderr together. Times change from run to run; a line `...` stands for any lines;
- `python` with `>>>` is a session (doctest); all sessions of a page are one;
- `<!-- with FILE as NAME -->` copies a file of the project into the folder.
"""

from __future__ import annotations

import argparse
import doctest
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import chdir
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
COLUMNS = "100"
_BLOCK = re.compile(r"^```(?P<language>[^`\n]*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL)
_COPY = re.compile(r"^<!-- with (?P<file>\S+) as (?P<name>\S+) -->$", re.MULTILINE)
_NAME = re.compile(r"^# (?P<name>[\w./-]+\.\w+)$")
_PROMPT = "$ "
# Times, versions of solvers, and the names of files whose bytes depend on the version of a library.
_CHANGING = [
    (re.compile(r"\b\d+\.\d+ s\b"), "TIME"),
    (re.compile(r"\b[0-9a-f]{64}\b"), "SHA256"),
    (re.compile(r"\bz3 \d+(\.\d+)+"), "z3 VERSION"),
]


@dataclass(frozen=True)
class Example:
    """A block or a copy: what it is (a language, or "copy"), its text, and where the text stands in the page."""

    kind: str
    text: str
    start: int
    end: int


def examples(page: str) -> list[Example]:
    """All that is run, in the page's order."""
    blocks = [Example(m["language"], m["text"], m.start("text"), m.end("text")) for m in _BLOCK.finditer(page)]
    copies = [Example("copy", f"{m['file']} {m['name']}", m.start(), m.end()) for m in _COPY.finditer(page)]
    return sorted([*blocks, *copies], key=lambda example: example.start)


def plain(text: str) -> list[str]:
    """The lines without what changes from run to run, and without blanks at their ends."""
    for pattern, word in _CHANGING:
        text = pattern.sub(word, text)
    return [line.rstrip() for line in text.strip("\n").splitlines()]


def matches(printed: str, shown: str) -> bool:
    """Whether a command printed what a page shows."""
    parts = [".*" if line == "..." else re.escape(line) for line in plain(shown)]
    pattern = "\n".join(parts).replace("\n.*", "(?:\n.*)?").replace(".*\n", "(?:.*\n)?")
    return re.fullmatch(pattern, "\n".join(plain(printed)), re.DOTALL) is not None


def commands(block: str) -> Iterator[tuple[str, str]]:
    """The commands of a console block, each with what is shown of its output.

    Raises
    ------
    ValueError: the block begins with something else.
    """
    if not block.startswith(_PROMPT):
        raise ValueError(f"a console block begins with {_PROMPT!r}: {block[:60]!r}")
    for part in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
        command, _, shown = part.partition("\n")
        while command.endswith("\\"):
            line, _, shown = shown.partition("\n")
            command = f"{command}\n{line}"
        yield command, shown


def run(command: str, folder: Path) -> str:
    """What a command prints on stdout and stderr."""
    programs = Path(sys.executable).parent
    environment = {**os.environ, "COLUMNS": COLUMNS, "PATH": f"{programs}{os.pathsep}{os.environ.get('PATH', '')}"}
    done = subprocess.run(  # noqa: S603 - a command from this project's own pages
        ["bash", "-c", command],  # noqa: S607 - the shell that readers have
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=300,
        check=False,
    )
    return done.stdout


def differences(page: Path, folder: Path) -> Iterator[tuple[Example, str, str]]:
    """Commands (each an example of its own) and sessions that do something else than a page shows; both texts."""
    text = page.read_text("utf-8")
    session: dict[str, object] = {}
    for example in examples(text):
        if example.kind == "copy":
            file, name = example.text.split()
            shutil.copyfile(ROOT / file, folder / name)
        elif example.kind == "console":
            place = example.start
            for command, shown in commands(example.text):
                printed = run(command, folder)
                whole = f"{_PROMPT}{command}\n{shown}"
                if not matches(printed, shown):
                    part = Example("console", whole, place, place + len(whole))
                    yield part, whole, f"{_PROMPT}{command}\n{_tidy(printed)}"
                place += len(whole)
        elif example.kind == "python" and example.text.startswith(">>>"):
            report = _session(example.text, session, page.name, folder)
            if report:
                yield example, example.text, report
        else:
            _write(example.text, folder)


def _tidy(printed: str) -> str:
    lines = [line.rstrip() for line in printed.strip("\n").splitlines()]
    return "".join(f"{line}\n" for line in lines)


def _write(text: str, folder: Path) -> None:
    name = _NAME.match(text.partition("\n")[0])
    if name:
        (folder / name["name"]).write_text(text, "utf-8")


def _session(text: str, names: dict[str, object], page: str, folder: Path) -> str:
    """What is wrong with a Python session; its names are kept for the next."""
    test = doctest.DocTestParser().get_doctest(text, names, page, page, 0)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    report: list[str] = []
    with chdir(folder):
        runner.run(test, out=report.append, clear_globs=False)
    names.update(test.globs)
    return "".join(report)


def updated(text: str, found: list[tuple[Example, str, str]]) -> str:
    """The page with what its commands printed."""
    for example, _, printed in sorted(found, key=lambda difference: difference[0].start, reverse=True):
        if example.kind == "console":
            text = text[: example.start] + printed + text[example.end :]
    return text


def _differences(page: Path) -> list[tuple[Example, str, str]]:
    with tempfile.TemporaryDirectory() as folder:
        return list(differences(page, Path(folder)))


def main(arguments: list[str] | None = None) -> int:
    """0 if the pages are right (or were mended), 1 if not."""
    parser = argparse.ArgumentParser(description="Runs the examples of Markdown pages.")
    parser.add_argument("pages", type=Path, nargs="+")
    parser.add_argument("--update", action="store_true", help="write what the commands print into the pages")
    parser.add_argument("--workers", type=int, default=1, help="pages that are run at the same time")
    options = parser.parse_args(arguments)
    wrong = 0
    if options.workers > 1:
        with ProcessPoolExecutor(options.workers) as pool:
            results = list(pool.map(_differences, options.pages))
    else:
        results = [_differences(page) for page in options.pages]
    for page, found in zip(options.pages, results, strict=True):
        if options.update:
            page.write_text(updated(page.read_text("utf-8"), found), "utf-8")
        left = [difference for difference in found if not options.update or difference[0].kind != "console"]
        for _, shown, printed in left:
            sys.stderr.write(f"{page}: shown\n{shown}\nbut it is\n{printed}\n")
        wrong += len(left)
    if wrong:
        sys.stderr.write("If this is as it should be, `python tools/page_examples.py --update PAGE` writes it down.\n")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main())

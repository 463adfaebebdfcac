"""A terminal recording for the README: runs the commands and writes what they print as an animated SVG.

    python tools/record_demo.py -o docs/assets/demo.svg
    python tools/record_demo.py --check docs/assets/demo.svg    # do the commands still print this?

The picture moves by CSS alone, loads nothing, and shows its end where motion is not wanted. Times in it change with
every run; everything else is compared by `--check`.
"""

from __future__ import annotations

import argparse
import re
import runpy
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape, unescape
from pathlib import Path

_PAGES = runpy.run_path(str(Path(__file__).with_name("page_examples.py")))

PREPARED = ["""cp "$(python -c 'import exactcnn.checker.kernel as k; print(k.__file__)')" ."""]
SHOWN = [
    "exactcnn new marks",
    "exactcnn verify marks.toml --certificate marks.cert",
    "python -I -S kernel.py marks.stmt marks.cert",
    "exactcnn build marks.toml -o marks.onnx",
    r"sed 's/^tolerance = .*/tolerance = 0.125/' marks.toml > worse.toml",
    "exactcnn verify worse.toml --network marks.onnx",
]
# Seconds: before a command is there, after it, between two lines of output, after the last of them, and at the end.
_BEFORE, _AFTER, _BETWEEN, _READ, _END = 1.0, 0.7, 0.04, 2.4, 7.0
_ROWS, _COLUMNS = 31, 100
_SIZE, _ADVANCE, _LINE, _EDGE, _BAR = 13, 7.83, 18, 14, 26
_COLOURS = {"PROVED": "#3fb950", "REFUTED": "#ff7b72"}


@dataclass(frozen=True)
class Line:
    """A line of the terminal and the second at which it is there."""

    text: str
    time: float

    @property
    def is_command(self) -> bool:
        """Whether somebody typed it."""
        return self.text.startswith("$ ")


def record() -> list[tuple[str, str]]:
    """The commands with what they print."""
    with tempfile.TemporaryDirectory() as folder:
        for command in PREPARED:
            _PAGES["run"](command, Path(folder))
        return [(command, _PAGES["run"](command, Path(folder))) for command in SHOWN]


def timed(session: list[tuple[str, str]]) -> tuple[list[Line], float]:
    """All lines with their times, and the length of the whole."""
    lines: list[Line] = []
    now = 0.0
    for command, printed in session:
        now += _BEFORE if lines else 0
        lines.append(Line(f"$ {command}", now))
        now += _AFTER
        for text in printed.rstrip().splitlines():
            lines.append(Line(text.rstrip(), now))
            now += _BETWEEN
        now += _READ if len(printed.splitlines()) > 2 else 0
    return lines, now + _END


def svg(lines: list[Line], length: float) -> str:
    """The animation."""
    width, height = round(_COLUMNS * _ADVANCE) + 2 * _EDGE, _ROWS * _LINE + _BAR + 2 * _EDGE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
            'role="img" aria-label="A terminal: a task is proved, its certificate checked, and a network refuted">',
            "<style>",
            *_styles(lines, length),
            "</style>",
            f'<clipPath id="screen"><rect width="{width}" height="{_ROWS * _LINE}" y="{_BAR + _EDGE}"/></clipPath>',
            f'<rect class="paper" width="{width}" height="{height}" rx="8"/>',
            *(f'<circle cx="{18 + 18 * i}" cy="16" r="5.5" fill="#484f58"/>' for i in range(3)),
            '<g clip-path="url(#screen)"><g id="roll">',
            *(_shown(number, line) for number, line in enumerate(lines)),
            "</g></g>",
            "</svg>",
            "",
        ]
    )


def _styles(lines: list[Line], length: float) -> Iterator[str]:
    still = max(0, len(lines) - _ROWS) * _LINE
    yield ".paper{fill:#0d1117}"
    fonts = "ui-monospace,Menlo,Consolas,'DejaVu Sans Mono',monospace"
    yield f"text{{font:{_SIZE}px {fonts};fill:#c9d1d9;white-space:pre}}"
    yield ".c{fill:#ffffff;font-weight:600}.p{fill:#8b949e}"
    yield f"#roll{{transform:translateY(-{still}px)}}"
    yield "@media (prefers-reduced-motion:no-preference){"
    for what, name in (("text", "none"), ("#roll", "roll")):
        yield f"{what}{{animation:{name} {length:.2f}s step-end infinite}}"
    times = sorted({line.time for line in lines})
    for number, time in enumerate(times):
        yield f"@keyframes t{number}{{0%{{opacity:0}}{_share(time, length)}{{opacity:1}}}}"
    steps = [
        f"{_share(line.time, length)}{{transform:translateY(-{(i + 1 - _ROWS) * _LINE}px)}}"
        for i, line in enumerate(lines)
        if i >= _ROWS
    ]
    yield f"@keyframes roll{{0%{{transform:none}}{''.join(steps)}}}"
    yield "".join(f"#l{i}{{animation-name:t{times.index(line.time)}}}" for i, line in enumerate(lines))
    yield "}"


def _share(time: float, length: float) -> str:
    return f"{100 * time / length:.2f}%"


def _shown(number: int, line: Line) -> str:
    y = _BAR + _EDGE + (number + 1) * _LINE - 5
    if line.is_command:
        text = f'<tspan class="p">$ </tspan><tspan class="c">{escape(line.text[2:], quote=False)}</tspan>'
    else:
        text = escape(line.text, quote=False)
        for word, colour in _COLOURS.items():
            text = re.sub(rf"^{word}\b", f'<tspan fill="{colour}" font-weight="600">{word}</tspan>', text)
    return f'<text id="l{number}" x="{_EDGE}" y="{y}" xml:space="preserve">{text}</text>'


def texts(picture: str) -> str:
    """The lines that a recording shows, one below the other."""
    found = re.findall(r'<text id="l\d+"[^>]*>(.*)</text>', picture)
    return "\n".join(unescape(re.sub(r"<[^>]*>", "", line)) for line in found)


def main(arguments: list[str] | None = None) -> int:
    """0 if all is well, 1 if a recording shows something else than the commands print now."""
    parser = argparse.ArgumentParser(description="Records the demonstration for the README.")
    parser.add_argument("-o", "--output", type=Path, help="write the animation")
    parser.add_argument("--check", type=Path, help="compare an animation with what the commands print")
    options = parser.parse_args(arguments)
    lines, length = timed(record())
    if options.output is not None:
        options.output.write_text(svg(lines, length), "utf-8")
    if options.check is not None:
        shown = texts(options.check.read_text("utf-8"))
        printed = "\n".join(line.text for line in lines)
        if not _PAGES["matches"](printed, shown):
            sys.stderr.write(f"{options.check} shows\n{shown}\nbut the commands print\n{printed}\n")
            sys.stderr.write(
                f"If this is as it should be, `python tools/record_demo.py -o {options.check}` writes it down.\n"
            )
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

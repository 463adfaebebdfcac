"""The README's examples are run; those of the documentation's pages can be (`make docs` does it); the tool for it."""

from __future__ import annotations

import re
import runpy
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

ROOT = Path(__file__).parents[2]
TOOL = runpy.run_path(str(ROOT / "tools" / "page_examples.py"))


PAGES = sorted((ROOT / "docs").rglob("*.md"))


def test_the_readme_shows_what_happens(tmp_path: Path) -> None:
    found = list(TOOL["differences"](ROOT / "README.md", tmp_path))
    assert not found, "\n".join(f"shown\n{shown}\nbut it is\n{printed}" for _, shown, printed in found)


def test_pages_can_be_run() -> None:
    told = 0
    for page in PAGES:
        for example in TOOL["examples"](page.read_text("utf-8")):
            if example.kind == "console":
                told += len(list(TOOL["commands"](example.text)))
            elif example.kind == "copy":
                assert (ROOT / example.text.split()[0]).is_file()
    assert told > 30


@pytest.mark.parametrize(
    ("printed", "shown", "same"),
    [
        ("a\nb\n", "a\nb\n", True),
        ("a  \nb\n\n", "a\nb", True),
        ("time 0.25 s", "time 1.30 s", True),
        ("a\nb\nc\nd", "a\n...\nd", True),
        ("a\nd", "a\n...\nd", True),
        ("a\nb", "...\nb", True),
        ("a\nb", "a\n...", True),
        ("a", "b", False),
        ("a\nb", "a", False),
        ("a", "a\nb", False),
        ("a\nb\nc", "a\n...\nd", False),
        ("a b", "a ...", False),
        ("margin 1/2", "margin 1/3", False),
        ("axb", "a.b", False),
    ],
)
def test_what_counts_as_printed(printed: str, shown: str, same: bool) -> None:
    assert TOOL["matches"](printed, shown) is same


def test_commands_of_a_block() -> None:
    block = "$ one a\nA\nB\n$ two \\\n    b\n$ three\n$5\n"
    assert list(TOOL["commands"](block)) == [("one a", "A\nB\n"), ("two \\\n    b", ""), ("three", "$5\n")]
    with pytest.raises(ValueError, match="begins with"):
        list(TOOL["commands"]("one\n"))


PAGE = """\
```{{other}} kind of block
```

```text
# not.txt
```

```toml
# two.toml
a = 1
```

```console
$ cat two.toml
# two.toml
a = 1
$ echo 3; echo 4 >&2; exit 1
{said}
```

```python
>>> a = 2
```

```python
>>> a + 2
{sum}
```
"""


def _differences(tmp_path: Path, text: str) -> list[Any]:
    page = tmp_path / "page.md"
    page.write_text(text)
    folder = tmp_path / "run"
    folder.mkdir()
    return list(TOOL["differences"](page, folder))


def test_a_page_that_is_right(tmp_path: Path) -> None:
    assert _differences(tmp_path, PAGE.format(said="3\n4", sum=4)) == []


@pytest.mark.parametrize(("said", "total"), [("3", 4), ("3\n5", 4), ("3\n4", 5)])
def test_a_page_that_is_wrong_can_be_mended(tmp_path: Path, said: str, total: int) -> None:
    text = PAGE.format(said=said, sum=total)
    found = _differences(tmp_path, text)
    assert len(found) == 1
    assert TOOL["updated"](text, found) == PAGE.format(said="3\n4", sum=total)


def test_equal_commands_are_told_apart(tmp_path: Path) -> None:
    text = "```console\n$ echo >> f; wc -l < f\n1\n$ echo >> f; wc -l < f\n1\n$ true\n$ echo >> f; wc -l < f\n```\n"
    found = _differences(tmp_path, text)
    assert len(found) == 2
    right = "```console\n$ echo >> f; wc -l < f\n1\n$ echo >> f; wc -l < f\n2\n$ true\n$ echo >> f; wc -l < f\n3\n```\n"
    assert TOOL["updated"](text, found) == right


def test_the_command_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = tmp_path / "page.md"
    page.write_text(PAGE.format(said="nothing", sum=4))
    assert TOOL["main"]([str(page)]) == 1
    assert "nothing" in capsys.readouterr().err
    assert TOOL["main"](["--update", str(page)]) == 0
    assert page.read_text() == PAGE.format(said="3\n4", sum=4)
    assert TOOL["main"]([str(page)]) == 0


RECORDER = runpy.run_path(str(ROOT / "tools" / "record_demo.py"))


def test_a_recording_holds_what_was_printed() -> None:
    session = [("first <a> & b", "one\n  two  three\n\nPROVED  'x'\n"), ("second", ""), ("third", "REFUTED  <y>")]
    lines, length = RECORDER["timed"](session)
    assert [line.time for line in lines] == sorted(line.time for line in lines)
    assert lines[-1].time < length
    picture = RECORDER["svg"](lines, length)
    ElementTree.fromstring(picture)
    shown = "$ first <a> & b\none\n  two  three\n\nPROVED  'x'\n$ second\n$ third\nREFUTED  <y>"
    assert RECORDER["texts"](picture) == shown


def test_the_recording_in_the_readme_is_of_these_commands() -> None:
    path = ROOT / "docs" / "assets" / "demo.svg"
    lines = RECORDER["texts"](path.read_text("utf-8")).splitlines()
    assert [line[2:] for line in lines if line.startswith("$ ")] == RECORDER["SHOWN"]
    assert path.name in (ROOT / "README.md").read_text("utf-8")


def test_pictures_of_the_documents_are_small_and_load_nothing() -> None:
    for path in sorted((ROOT / "docs" / "assets").iterdir()):
        text = path.read_text("utf-8")
        assert len(text) < 100_000
        assert not re.search(r"(href|src)=.https?:|url\(.?https?:|@import|<script", text)

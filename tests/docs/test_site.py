"""What the documentation site is made with: taken-over text, docstrings, the commands, and the check of links."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

import exactcnn
from exactcnn import api
from exactcnn.cli.main import app

ROOT = Path(__file__).parents[2]
INCLUSION = runpy.run_path(str(ROOT / "docs" / "_ext" / "inclusion.py"))
DOCSTRINGS = runpy.run_path(str(ROOT / "docs" / "_ext" / "docstrings.py"))
COMMANDS = runpy.run_path(str(ROOT / "docs" / "_ext" / "commands.py"))
CHECK = runpy.run_path(str(ROOT / "tools" / "check_site.py"))

SOURCE = """\
# Title

First.

## One

See [the other](../b.md#place), [a file](data.txt), [far](https://example.org/x) and ![a picture](p.svg).

```text
## no heading, [no link](nowhere)
```

### Deeper

More.

## Two

Last.
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "a.md").write_text(SOURCE)
    (tmp_path / "a" / "data.txt").write_text("")
    (tmp_path / "b.md").write_text("# B\n")
    return tmp_path


def _page(project: Path, text: str) -> str:
    expanded: str = INCLUSION["expanded"](text, project, {"b.md": "/pages/b.md"})
    return expanded


def test_a_section_takes_the_place_of_its_directive(project: Path) -> None:
    page = _page(project, "# Page\n\n## Part\n\n```{from} a/a.md: One\n```\n\nAfter.\n")
    assert page == (
        "# Page\n\n## Part\n\n"
        "See [the other](/pages/b.md#place), [a file](repo:a/data.txt), [far](https://example.org/x) and "
        "![a picture](/../a/p.svg).\n\n"
        "```text\n## no heading, [no link](nowhere)\n```\n\n### Deeper\n\nMore.\n\n\nAfter.\n"
    )


def test_a_whole_file_loses_its_title_only(project: Path) -> None:
    page = _page(project, "# Page\n\n```{from} a/a.md\n```\n")
    assert page.startswith("# Page\n\nFirst.\n\n## One\n")
    assert page.endswith("## Two\n\nLast.\n\n")
    assert list(INCLUSION["sources"]("```{from} a/a.md\n```\n```{from} b.md: C: D\n```\n")) == [
        ("a/a.md", None),
        ("b.md", "C: D"),
    ]


def test_what_is_not_there_is_not_taken(project: Path) -> None:
    with pytest.raises(ValueError, match="no section 'Three'"):
        _page(project, "```{from} a/a.md: Three\n```\n")
    (project / "a" / "data.txt").unlink()
    with pytest.raises(ValueError, match=r"leads nowhere: data\.txt"):
        _page(project, "```{from} a/a.md: One\n```\n")


def test_every_page_finds_what_it_takes() -> None:
    taken = 0
    for page in sorted((ROOT / "docs").rglob("*.md")):
        text = page.read_text("utf-8")
        taken += len(list(INCLUSION["sources"](text)))
        assert "```{from}" not in INCLUSION["expanded"](text, ROOT, {})
    assert taken > 10


def test_docstring_sections_become_fields() -> None:
    lines = ["Summary.", "", "Parameters", "----------", "a, b: two", "    things.", "c: one.", "", "Raises", "------"]
    lines += ["InputError: it is bad.", "ValueError, TypeError: worse."]
    assert DOCSTRINGS["as_fields"](lines, {"InputError": "exactcnn.InputError"}) == [
        "Summary.",
        "",
        "",
        ":Parameters:",
        "    ``a``, ``b``",
        "        two",
        "        things.",
        "    ``c``",
        "        one.",
        "",
        "",
        ":Raises:",
        "    :py:exc:`~exactcnn.InputError`",
        "        it is bad.",
        "    ``ValueError``, ``TypeError``",
        "        worse.",
    ]


def test_other_docstrings_stay_as_they_are() -> None:
    lines = ["Parameters", "of a thing.", "", "Raises a question."]
    assert DOCSTRINGS["as_fields"](lines, {}) == lines
    with pytest.raises(ValueError, match="not an entry"):
        DOCSTRINGS["as_fields"](["Raises", "------", "nothing of that form"], {})


def test_the_reference_of_the_commands() -> None:
    text = COMMANDS["reference"](app, "exactcnn")
    names = list(COMMANDS["commands"](app))
    assert names[:4] == ["demo", "new", "build", "verify"]
    assert all(f"\n## exactcnn {name}\n" in text for name in names)
    assert "| `--size SIZE` |" in text
    assert "| `--method modular,monolithic,enumerate` | modular: all sizes" in text
    assert "| `--json` | Print one JSON object instead of text. |  |" in text
    assert "| `--output, -o NET` | NET.onnx or NET.xnet. | required |" in text
    assert "exactcnn verify [OPTIONS] TASK\n" in text


def _site(folder: Path, page: str, other: str = '<p id="there">') -> list[str]:
    (folder / "a").mkdir()
    (folder / "a" / "page.html").write_text(page)
    (folder / "other.html").write_text(other)
    return list(CHECK["problems"](folder.resolve()))


@pytest.mark.parametrize(
    "good",
    [
        '<a href="../other.html">',
        '<a href="../other.html#there">',
        '<p id="here"><a href="#here">',
        '<a href="https://example.org/x">',
        '<img src="data:image/png;base64,AA==">',
        '<a href="page.html?x=1#">',
    ],
)
def test_links_that_lead_somewhere(tmp_path: Path, good: str) -> None:
    assert _site(tmp_path, good) == []


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        ('<a href="other.html">', "leads nowhere"),
        ('<a href="../a">', "leads nowhere"),
        ('<a href="../other.html#here">', "no such place"),
        ('<a href="#here">', "no such place"),
        ('<img src="../picture.svg">', "leads nowhere"),
        ('<script src="https://example.org/x.js">', "loads https"),
        ('<link rel="stylesheet" href="//example.org/x.css">', "loads //"),
        ('<a href="repo:README.md">', "unknown kind"),
    ],
)
def test_links_that_do_not(tmp_path: Path, bad: str, why: str) -> None:
    found = _site(tmp_path, bad)
    assert len(found) == 1
    assert why in found[0]


def test_a_reference_that_leaves_an_option_out(tmp_path: Path) -> None:
    page = tmp_path / "reference" / "commands.html"
    page.parent.mkdir()
    names = "".join(f'<p id="exactcnn-{name}">' for name in COMMANDS["commands"](app))
    text = COMMANDS["reference"](app, "exactcnn")
    page.write_text(names + text)
    assert list(CHECK["unmentioned"](tmp_path)) == []
    page.write_text((names + text).replace("--perturb", "").replace('id="exactcnn-margin"', ""))
    found = "\n".join(CHECK["unmentioned"](tmp_path))
    assert "nothing about verify --perturb" in found
    assert "nothing about the command margin" in found


def test_a_link_whose_words_are_a_heading_leads_to_it(project: Path) -> None:
    (project / "b.md").write_text("# B\n\n## 2. It's a (place)\n")
    (project / "c.md").write_text("# C\n\nSee [2. It's a (place)](b.md), [elsewhere](b.md) and [B](b.md#x).\n")
    page = _page(project, "# Page\n\n```{from} c.md\n```\n")
    assert "(/pages/b.md#2-its-a-place), [elsewhere](/pages/b.md) and [B](/pages/b.md#x)." in page


def test_a_part_of_a_section(project: Path) -> None:
    page = _page(project, "# P\n\n```{from} a/a.md: One\nfrom: ## Deep\n```\n")
    assert page == "# P\n\n## Deeper\n\nMore.\n\n"
    for start in ("Nothing", "```"):
        with pytest.raises(ValueError, match="not one line"):
            _page(project, f"# P\n\n```{{from}} a/a.md: One\nfrom: {start}\n```\n")


@pytest.mark.parametrize(
    ("style", "loads"),
    [
        ("a{background:url(picture.svg)}", False),
        ("a{background:url(\"data:image/svg+xml,<svg xmlns='http://www.w3.org/2000/svg'/>\")}", False),
        ("a{background:url('https://example.org/p.svg')}", True),
        ("a{background:url(//example.org/p.svg)}", True),
        ('@import "https://example.org/style.css";', True),
    ],
)
def test_style_sheets_load_nothing_from_elsewhere(tmp_path: Path, style: str, loads: bool) -> None:
    (tmp_path / "style.css").write_text(style)
    assert bool(list(CHECK["loaded_styles"](tmp_path))) is loads


def test_the_reference_has_all_that_is_public() -> None:
    page = (ROOT / "docs" / "reference" / "python.md").read_text("utf-8")
    named = set(re.findall(r"^\.\. auto\w+:: (\w+)", page, re.MULTILINE))
    public = {*exactcnn.__all__, *api.__all__} - {"__version__"}
    assert public <= named, public - named

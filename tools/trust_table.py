"""The README's table of what its claims rest on, made from `proofs/TRUST.toml`.

python tools/trust_table.py            # writes the table into the README
python tools/trust_table.py --check    # says whether it is up to date, and whether all that it names exists
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
TRUST = ROOT / "proofs" / "TRUST.toml"
START = "<!-- from proofs/TRUST.toml by tools/trust_table.py -->"
END = "<!-- end of the table -->"
STATUS = {
    "coq": "proved in Coq",
    "kernel": "checked by the kernel",
    "paper": "proved on paper",
    "tested": "tested",
    "measured": "measured",
    "assumed": "assumed",
}
# What declares a name, by the file's ending.
_NAMES = {
    ".v": r"^\s*(Theorem|Lemma|Corollary|Definition|Fixpoint|Example)\s+{}\b",
    ".py": r"^\s*(def|class)\s+{}\b",
    ".md": r"^#+ {}$",
}


@dataclass(frozen=True)
class Claim:
    """A claim, its statuses (keys of `STATUS`), why it has them, and where to look (`file` or `file: name`)."""

    text: str
    status: tuple[str, ...]
    why: str
    where: tuple[str, ...]


def read_claims(text: str) -> dict[str, list[Claim]]:
    """The claims of a trust file, by the title of their part.

    Raises
    ------
    ValueError, TypeError: something is missing, unknown, or of another type.
    """
    parts: dict[str, list[Claim]] = {}
    for part in tomllib.loads(text)["part"]:
        if set(part) != {"title", "claim"}:
            raise ValueError(f"a part has a title and claims, not {sorted(part)}")
        parts[part["title"]] = [_claim(entry) for entry in part["claim"]]
    return parts


def _claim(entry: dict[str, object]) -> Claim:
    if not {"text", "status", "where"} <= set(entry) <= {"text", "status", "why", "where"}:
        raise ValueError(f"a claim has text, status, where, and perhaps why: {entry}")
    text, why, status, where = entry["text"], entry.get("why", ""), entry["status"], entry["where"]
    if not (isinstance(text, str) and isinstance(why, str) and isinstance(status, list) and isinstance(where, list)):
        raise TypeError(f"a claim is made of texts and lists of texts: {entry}")
    if not status or not set(status) <= set(STATUS):
        raise ValueError(f"{status} are not among {list(STATUS)}: {text}")
    if not where or not text:
        raise ValueError(f"a claim says where to look: {entry}")
    return Claim(text, tuple(status), why, tuple(where))


def missing(parts: dict[str, list[Claim]], root: Path = ROOT) -> Iterator[str]:
    """Everything named that does not exist."""
    for claim in (claim for claims in parts.values() for claim in claims):
        for place in claim.where:
            file, _, name = place.partition(": ")
            path = root / file
            if not path.exists():
                yield f"{file}: no such file"
            elif name and path.suffix not in _NAMES:
                yield f"{place}: no names are looked up in such files"
            elif name and not re.search(
                _NAMES[path.suffix].format(re.escape(name)), path.read_text("utf-8"), re.MULTILINE
            ):
                yield f"{file}: declares no {name}"


def table(parts: dict[str, list[Claim]]) -> str:
    """The table in Markdown."""
    lines = ["| claim | status | rests on |", "|---|---|---|"]
    for title, claims in parts.items():
        lines.append(f"| **{title}** | | |")
        for claim in claims:
            status = ", ".join(STATUS[s] for s in claim.status)
            lines.append(f"| {claim.text} | {status} | {claim.why + ': ' if claim.why else ''}{_links(claim.where)} |")
    return "\n".join(lines) + "\n"


def _links(where: tuple[str, ...]) -> str:
    """Links by names; those to tests by numbers."""
    links, tests = [], []
    for place in where:
        file, _, name = place.partition(": ")
        if file.startswith("tests/"):
            tests.append(file)
        else:
            links.append(f"[{name or file.rpartition('/')[2]}]({file})")
    if len(tests) == 1:
        links.append(f"[a test]({tests[0]})")
    elif tests:
        links.append("tests " + " ".join(f"[{number}]({file})" for number, file in enumerate(tests, 1)))
    return ", ".join(links)


def updated(readme: str, parts: dict[str, list[Claim]]) -> str:
    """The README with the table between the two markers.

    Raises
    ------
    ValueError: a marker is missing, or is there twice.
    """
    if readme.count(START) != 1 or readme.count(END) != 1:
        raise ValueError(f"the README has to hold once each: {START} and {END}")
    before, _, rest = readme.partition(START)
    return f"{before}{START}\n{table(parts)}{END}{rest.partition(END)[2]}"


def main(arguments: list[str] | None = None) -> int:
    """0 if all is well, 1 if the table is out of date or names what does not exist."""
    parser = argparse.ArgumentParser(description="Writes the README's table of what its claims rest on.")
    parser.add_argument("--check", action="store_true", help="write nothing, say whether it is up to date")
    options = parser.parse_args(arguments)
    parts = read_claims(TRUST.read_text("utf-8"))
    lost = list(missing(parts))
    for line in lost:
        sys.stderr.write(f"{TRUST.name}: {line}\n")
    old = README.read_text("utf-8")
    new = updated(old, parts)
    if options.check:
        if old != new:
            sys.stderr.write("README.md: the table is out of date; run python tools/trust_table.py\n")
        return int(bool(lost) or old != new)
    README.write_text(new, "utf-8")
    return int(bool(lost))


if __name__ == "__main__":
    sys.exit(main())

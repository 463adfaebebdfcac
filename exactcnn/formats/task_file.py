"""Task files: the TOML in which people write tasks.

Numbers
    Integers, floats and strings such as `"1/8"`; a float is the decimal that is written, exactly. Pixel values,
    tolerances, gaps and backgrounds are all in the unit of the pixel range.
`[task]`
    `name` (required); `gap` and `tolerance`, for features without their own: by default 1/2 and 1/16 of the length of
    the pixel range; `channels`, a list of names (by default a single channel without a name); `pixel`, the range
    `[low, high]` (by default `[0, 1]`).
`[[feature]]`
    `name` (required), `gap`, `tolerance`, and templates of one size, in this order if several of the keys are there:

    - `patch`, `patches`: one or several drawings, strings of one line a row. `.` is the lowest pixel value, `#` the
      highest, a digit n is n/9 of the way, `?` is any value. A line end after the last row does not matter.
    - `image`, `images`: one or several PNG files, by paths that start at the task file's folder. Byte k is k/255 of
      the way from the lowest value to the highest; wholly transparent pixels are any value. Greyscale for one
      channel, colour for three.
    - `low` with `high`, or `intervals = [{low = .., high = ..}, ..]`: rows of explicit pixel values. Intervals are cut
      to the pixel range, and no tolerance is added.

    With several channels, `patch`, each of `patches`, `low` and `high` are tables with one key a channel:
    `patch.red = ..`.
`[[class]]`
    `name` (required) and either `requires` and/or `forbids`, lists of names of features; or `any`, a list of such
    alternatives; or `otherwise = true`.
`[generator]`
    `background` (required): an interval `[low, high]`, or a table with one interval a channel; `spacing`: an integer,
    by default 1.

Anything else is refused by name, with its place.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.examples import catalogue
from exactcnn.formats.files import read_text
from exactcnn.formats.patch import Canvas, by_channel, drawn_template, explicit_template, picture_template
from exactcnn.formats.toml_nodes import Node, Table, read_toml
from exactcnn.task.model import Alternative, Feature, GeneratorSpec, PixelRange, Task, TaskClass

__all__ = ["DEFAULT_GAP", "DEFAULT_TOLERANCE", "load_task", "parse_task"]

DEFAULT_GAP = fmpq(1, 2)
"""The gap where none is given, as a share of the pixel range's length."""

DEFAULT_TOLERANCE = fmpq(1, 16)
"""The tolerance where none is given, as a share of the pixel range's length."""

_TEMPLATES = ("patch", "patches", "image", "images", "low", "high", "intervals")
_ANY_TEMPLATE = "one of patch, patches, image, images, low with high, intervals"
_FEATURE_NAMES = "a list of names of features"


@dataclass(frozen=True)
class _Header:
    """The table [task]."""

    name: str
    channels: tuple[str, ...]
    pixel: PixelRange
    gap: fmpq
    tolerance: fmpq


def load_task(path: Path) -> Task:
    """The task in a TOML file.

    Raises
    ------
    InputError: the file cannot be read, is not TOML, or is no task; file, table, key, what was found and what was
        expected are named.
    """
    if path.stem in catalogue.names() and not path.exists():
        hint = f"{path.stem} is a shipped task; `exactcnn new {path.stem} --example {path.stem}` writes a copy"
        raise InputError("there is no such file", source=str(path), hint=hint)
    return parse_task(read_text(path), source=str(path), folder=path.parent)


def parse_task(text: str, *, source: str, folder: Path) -> Task:
    """The task in a TOML text.

    Parameters
    ----------
    text: the whole document.
    source: what messages call it.
    folder: where relative paths of pictures start.

    Raises
    ------
    InputError: as `load_task`.
    """
    root = read_toml(text, source).table(("task", "feature", "class", "generator"))
    task_node = root.need("task", "a table [task] with at least a name")
    header = _header(Node(task_node.value, source, "[task]"))
    feature_tables = root.need("feature", "at least one table [[feature]]").tables(
        "feature", ("name", "gap", "tolerance", *_TEMPLATES)
    )
    class_tables = root.need("class", "at least two tables [[class]]").tables(
        "class", ("name", "requires", "forbids", "any", "otherwise")
    )
    _refuse_twice(feature_tables, "features")
    _refuse_twice(class_tables, "classes")
    features = tuple(_feature(table, header, folder) for table in feature_tables)
    known = frozenset(f.name for f in features)
    generator = root.get("generator")
    try:
        return Task(
            name=header.name,
            features=features,
            classes=tuple(_class(table, known) for table in class_tables),
            channels=header.channels,
            pixel=header.pixel,
            generator=_generator(Node(generator.value, source, "[generator]"), header) if generator else None,
            source=source,
        )
    except InputError as error:
        raise error.located(source=source) from None


def _header(node: Node) -> _Header:
    table = node.table(("name", "gap", "tolerance", "channels", "pixel"))
    name = table.need("name", "the task's name").name()
    channels: tuple[str, ...] = ("",)
    channel_node = table.get("channels")
    if channel_node:
        channels = tuple(n.name() for n in channel_node.strings("a list of names of channels"))
        if not channels:
            raise channel_node.refuse("no channel", expected="at least one name")
    pixel = PixelRange()
    pixel_node = table.get("pixel")
    if pixel_node:
        try:
            pixel = PixelRange(*_pair(pixel_node))
        except InputError as error:
            raise error.located(source=node.source, place=pixel_node.place) from None
    length = pixel.high - pixel.low
    return _Header(
        name=name,
        channels=channels,
        pixel=pixel,
        gap=_gap(table, DEFAULT_GAP * length),
        tolerance=_tolerance(table, DEFAULT_TOLERANCE * length),
    )


def _pair(node: Node) -> tuple[fmpq, fmpq]:
    entries = node.items("an interval [low, high]")
    if len(entries) != 2:
        raise node.refuse("not an interval", found=f"an array of {len(entries)}", expected="[low, high]")
    return entries[0].rational(), entries[1].rational()


def _gap(table: Table, default: fmpq) -> fmpq:
    node = table.get("gap")
    gap = node.rational() if node else default
    if node and gap <= 0:
        raise node.refuse("a gap that is not positive", found=str(gap), expected="a number above 0")
    return gap


def _tolerance(table: Table, default: fmpq) -> fmpq:
    node = table.get("tolerance")
    tolerance = node.rational() if node else default
    if node and tolerance < 0:
        raise node.refuse("a tolerance below 0", found=str(tolerance), expected="a number of at least 0")
    return tolerance


def _refuse_twice(tables: list[Table], kind: str) -> None:
    first: dict[str, int] = {}
    for number, table in enumerate(tables, 1):
        node = table.need("name", "a name, which no other has")
        name = node.name()
        if name in first:
            raise node.refuse(f"two {kind} have the same name", found=f'"{name}" again, after number {first[name]}')
        first[name] = number


def _feature(table: Table, header: _Header, folder: Path) -> Feature:
    name = table.need("name", "the feature's name").name()
    canvas = Canvas(header.channels, header.pixel, _tolerance(table, header.tolerance), folder)
    templates = _templates(table, canvas)
    if not templates:
        raise table.refuse("the feature has no template", expected=_ANY_TEMPLATE)
    try:
        return Feature(name, tuple(templates), _gap(table, header.gap))
    except InputError as error:
        raise error.located(source=table.node.source, place=table.place) from None


def _templates(table: Table, canvas: Canvas) -> list[Box]:
    templates: list[Box] = []
    for single, several, read in (
        ("patch", "patches", drawn_template),
        ("image", "images", picture_template),
    ):
        one, many = table.get(single), table.get(several)
        nodes = ([one] if one else []) + (many.items(f"a list, each entry as for {single}") if many else [])
        templates += [read(node, canvas) for node in nodes]
    if table.get("low") or table.get("high"):
        templates.append(explicit_template(table, canvas))
    intervals = table.get("intervals")
    if intervals:
        shape = "a list of tables {low = .., high = ..}"
        templates += [
            explicit_template(n.table(("low", "high"), "{low = .., high = ..}"), canvas) for n in intervals.items(shape)
        ]
    return templates


def _class(table: Table, known: frozenset[str]) -> TaskClass:
    name = table.need("name", "the class's name").name()
    otherwise_node, any_node = table.get("otherwise"), table.get("any")
    otherwise = otherwise_node.boolean() if otherwise_node else False
    written = (
        ("requires / forbids", table.get("requires") or table.get("forbids")),
        ("any", any_node),
        ("otherwise", otherwise),
    )
    ways = [way for way, given in written if given]
    if len(ways) != 1:
        raise table.refuse(
            "the class says in several ways what it is" if ways else "the class does not say what it is",
            found=" and ".join(ways) or None,
            expected="one of: requires and/or forbids; any = [..]; otherwise = true",
        )
    if otherwise:
        return TaskClass(name, (), otherwise=True)
    if any_node is None:
        return TaskClass(name, (_alternative(table, known),))
    shape = "a list of alternatives {requires = [..], forbids = [..]}"
    alternatives = tuple(
        _alternative(n.table(("requires", "forbids"), "{requires = [..], forbids = [..]}"), known)
        for n in any_node.items(shape, "alternative")
    )
    if not alternatives:
        raise any_node.refuse("no alternative", expected=shape)
    return TaskClass(name, alternatives)


def _alternative(table: Table, known: frozenset[str]) -> Alternative:
    if not table.entries:
        raise table.refuse("an empty alternative", expected="requires and/or forbids")
    return Alternative(_feature_names(table.get("requires"), known), _feature_names(table.get("forbids"), known))


def _feature_names(node: Node | None, known: frozenset[str]) -> frozenset[str]:
    if node is None:
        return frozenset()
    entries = node.strings(_FEATURE_NAMES)
    for entry in entries:
        if entry.string() not in known:
            shown = sorted(known)
            raise entry.refuse(
                "an unknown feature",
                found=f'"{entry.string()}"',
                expected="one of " + ", ".join(f'"{n}"' for n in shown[:20]) + (", .." if len(shown) > 20 else ""),
            )
    return frozenset(entry.string() for entry in entries)


def _generator(node: Node, header: _Header) -> GeneratorSpec:
    table = node.table(("background", "spacing"))
    background = table.need("background", "an interval [low, high], or a table with one interval a channel")
    if background.is_table:
        nodes = by_channel(background, header.channels, "an interval [low, high]")
    else:
        nodes = [background] * len(header.channels)
    spacing = table.get("spacing")
    return GeneratorSpec(tuple(_background(n, header.pixel) for n in nodes), spacing.integer(least=0) if spacing else 1)


def _background(node: Node, pixel: PixelRange) -> tuple[fmpq, fmpq]:
    low, high = _pair(node)
    if not pixel.low <= low <= high <= pixel.high:
        raise node.refuse(
            "not an interval inside the pixel range",
            found=f"[{low}, {high}]",
            expected=f"{pixel.low} <= low <= high <= {pixel.high}",
        )
    return low, high

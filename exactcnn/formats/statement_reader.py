"""Reading statements (`.stmt`) back: the task, the network, the sizes and the margin that a text speaks about.

The kernel reads statements by its own code and decides what they prove; this reader serves those who want to show one.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import unquote

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.rational import parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.statement import Execution, format_statement
from exactcnn.formats.xnet import parse_xnet
from exactcnn.network.model import Network
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass

__all__ = ["Statement", "read_statement"]


@dataclass(frozen=True)
class Statement:
    """What a statement says.

    Attributes
    ----------
    task: its channels have numbers for names where there are several; no statement holds the drawn names.
    margin: what the label's logit is claimed to lead by.
    source_sha256: of the ONNX file that the network came from, if it came from one.
    execution: None for exact arithmetic; else the claim is about float32 execution.
    """

    task: Task
    network: Network
    sizes: SizeRange
    margin: fmpq
    source_sha256: str | None = None
    execution: Execution | None = None


def read_statement(text: str, source: str) -> Statement:
    """The statement that a text is.

    Parameters
    ----------
    source: the file's name, for messages.

    Raises
    ------
    InputError: the text is not exactly what `format_statement` writes.
    """
    try:
        found = _read(text, source)
        canonical = format_statement(
            found.task, found.network, found.sizes, found.margin, found.source_sha256, found.execution
        )
    except (ValueError, IndexError, StopIteration, InputError) as error:
        raise _no_statement(source, str(error)) from None
    if canonical != text:
        lines = zip(text.split("\n"), canonical.split("\n"), strict=False)
        number = next((n for n, (found_line, due) in enumerate(lines, 1) if found_line != due), 0)
        raise _no_statement(source, f"line {number} is not as it has to be")
    return found


def _no_statement(source: str, found: str) -> InputError:
    return InputError("this is no statement of version 1", source=source, found=found or None, expected="a .stmt file")


def _read(text: str, source: str) -> Statement:
    head, mark, rest = text.partition("\nnetwork\n")
    if not mark or not rest.endswith("end\nend\n"):
        raise InputError("no network in it")
    lines = iter(head.split("\n"))
    next(lines)
    sizes = _sizes(_fields(lines, "sizes"))
    margin = _fields(lines, "margin")
    execution = Execution(parse_rational(margin[3]) if len(margin) > 3 else None) if len(margin) > 1 else None
    source_sha256 = _fields(lines, "source")[0]
    task = _task(lines)
    if next(lines, None) is not None:
        raise InputError("more lines than its counts say")
    return Statement(
        task,
        parse_xnet(rest.removesuffix("end\n"), source),
        sizes,
        parse_rational(margin[0]),
        None if source_sha256 == "none" else source_sha256,
        execution,
    )


def _fields(lines: Iterator[str], word: str) -> list[str]:
    """The tokens after the word that a line starts with."""
    tokens = next(lines).split(" ")
    if tokens[0] != word:
        raise InputError(f"{tokens[0]} where {word} was expected")
    return tokens[1:]


def _sizes(fields: list[str]) -> SizeRange:
    low_h, high_h, low_w, high_w = fields
    return SizeRange(int(low_h), _limit(high_h), int(low_w), _limit(high_w))


def _limit(text: str) -> int | None:
    return None if text == "any" else int(text)


def _name(text: str) -> str:
    return "" if text == "%" else unquote(text, errors="strict")


def _task(lines: Iterator[str]) -> Task:
    name, _, channels, _, low, high = _fields(lines, "task")
    count = int(channels)
    features = [_feature(lines, count) for _ in range(int(_fields(lines, "features")[0]))]
    names = [f.name for f in features]
    classes = [_class(lines, names) for _ in range(int(_fields(lines, "classes")[0]))]
    return Task(
        name=_name(name),
        features=tuple(features),
        classes=tuple(classes),
        channels=("",) if count == 1 else tuple(f"channel {n}" for n in range(count)),
        pixel=PixelRange(parse_rational(low), parse_rational(high)),
    )


def _feature(lines: Iterator[str], channels: int) -> Feature:
    name, height, width, _, gap, _, count = _fields(lines, "feature")
    shape = channels, int(height), int(width)
    templates = tuple(_template(lines, shape) for _ in range(int(count)))
    return Feature(_name(name), templates, parse_rational(gap))


def _template(lines: Iterator[str], shape: tuple[int, int, int]) -> Box:
    _fields(lines, "template")
    tokens = [token for _ in range(shape[0] * shape[1]) for token in next(lines).split(" ")]
    numbers = [parse_rational(token) for token in tokens]
    low, high = numbers[::2], numbers[1::2]
    if len(low) != shape[0] * shape[1] * shape[2]:
        raise InputError("a template of another size than its feature says")
    size = (len(low),)
    return Box(
        ExactTensor.from_rationals(low, size).reshape(*shape), ExactTensor.from_rationals(high, size).reshape(*shape)
    )


def _class(lines: Iterator[str], features: list[str]) -> TaskClass:
    fields = _fields(lines, "class")
    if fields[1] == "otherwise":
        return TaskClass(_name(fields[0]), otherwise=True)
    alternatives = []
    for _ in range(int(fields[2])):
        tokens = _fields(lines, "alternative")
        border = tokens.index("forbids")
        required, forbidden = (
            frozenset(features[int(n)] for n in part) for part in (tokens[1:border], tokens[border + 1 :])
        )
        alternatives.append(Alternative(required, forbidden))
    return TaskClass(_name(fields[0]), tuple(alternatives))

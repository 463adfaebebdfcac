"""Statements read back into the package's own objects, so that its theory and z3 can judge a pair of texts.

Nothing of the kernel is used. A statement that the package itself cannot express is refused with `ValueError` or the
package's own errors.
"""

from __future__ import annotations

from urllib.parse import unquote

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.rational import parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.xnet import parse_xnet
from exactcnn.prover.instance import Instance
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass
from exactcnn.theorem.rounding import rounding_of

__all__ = ["read_statement"]


def read_statement(text: str) -> tuple[Instance, fmpq]:
    """The instance and the lead in exact arithmetic that a statement claims.

    A statement about float32 claims a lead of computed logits: the lead of exact ones that it needs is larger by twice
    the most that rounding does.
    """
    top, _, network = text.partition("\nnetwork\n")
    lines = iter([line.split(" ") for line in top.split("\n")])
    next(lines)
    heights_and_widths = [None if t == "any" else int(t) for t in next(lines)[1:]]
    _, margin, *execution = next(lines)
    next(lines)
    _, name, _, channels, _, low, high = next(lines)
    count, pixel = int(channels), PixelRange(parse_rational(low), parse_rational(high))
    features = []
    for _ in range(int(next(lines)[1])):
        _, title, rows, columns, _, gap, _, templates = next(lines)
        boxes = []
        for _ in range(int(templates)):
            next(lines)
            ends = [parse_rational(t) for _ in range(count * int(rows)) for t in next(lines)]
            shape = (count, int(rows), int(columns))
            boxes.append(Box(*(ExactTensor.from_rationals(ends[side::2], shape) for side in (0, 1))))
        features.append(Feature(_name(title), tuple(boxes), parse_rational(gap)))
    names = [f.name for f in features]
    classes = []
    for _ in range(int(next(lines)[1])):
        _, title, *more = next(lines)
        if more == ["otherwise"]:
            classes.append(TaskClass(_name(title), (), otherwise=True))
            continue
        ways = [next(lines)[2:] for _ in range(int(more[1]))]
        classes.append(TaskClass(_name(title), tuple(_alternative(way, names) for way in ways)))
    task = Task(
        _name(name),
        tuple(features),
        tuple(classes),
        channels=("",) if count == 1 else tuple(f"c{i}" for i in range(count)),
        pixel=pixel,
    )
    least_height, height, least_width, width = heights_and_widths
    if least_height is None or least_width is None:
        raise ValueError(text)
    sizes = SizeRange(least_height, height, least_width, width)
    instance = Instance(task, parse_xnet(network.removesuffix("end\n"), "statement"), sizes)
    lead = parse_rational(margin)
    if execution:
        step = parse_rational(execution[2]) if execution[1:] else None
        lead += 2 * rounding_of(instance.network, pixel, instance.pooling, step).error
    return instance, lead


def _name(token: str) -> str:
    return "" if token == "%" else unquote(token, errors="strict")


def _alternative(tokens: list[str], names: list[str]) -> Alternative:
    place = tokens.index("forbids")
    sets = [frozenset(names[int(t)] for t in part) for part in (tokens[:place], tokens[place + 1 :])]
    return Alternative(*sets)

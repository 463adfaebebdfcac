"""Hypothesis strategies for small random tasks, their parts, and images that come close to their features."""

from __future__ import annotations

from collections.abc import Sequence

from flint import fmpq
from hypothesis import strategies as st

from exactcnn.core.box import Box
from exactcnn.core.tensor import ExactTensor
from exactcnn.task.model import Alternative, Feature, GeneratorSpec, PixelRange, Task, TaskClass

__all__ = ["alternatives", "features", "images", "pixel_ranges", "task_classes", "tasks", "templates", "values"]

UNIT = PixelRange()
SHARES = [fmpq(k, 8) for k in range(9)] + [fmpq(1, 3), fmpq(2, 3), fmpq(1, 255)]
GAPS = [fmpq(1, 2), fmpq(1), fmpq(1, 8), fmpq(1, 3), fmpq(3, 2)]


def pixel_ranges() -> st.SearchStrategy[PixelRange]:
    """Mostly [0, 1], sometimes something else."""
    others = [PixelRange(fmpq(-1), fmpq(1)), PixelRange(fmpq(0), fmpq(255)), PixelRange(fmpq(1, 3), fmpq(2))]
    return st.one_of(st.just(UNIT), st.just(UNIT), st.sampled_from(others))


def values(pixel: PixelRange = UNIT) -> st.SearchStrategy[fmpq]:
    """Pixel values: both ends of the range and a few rationals between them."""
    return st.sampled_from([pixel.low + (pixel.high - pixel.low) * share for share in SHARES])


@st.composite
def templates(draw: st.DrawFn, channels: int, height: int, width: int, pixel: PixelRange = UNIT) -> Box:
    """A box (channels, height, width) of don't-cares, drawn pixels with a tolerance, and arbitrary intervals."""
    lows, highs = [], []
    tolerance = (pixel.high - pixel.low) * draw(st.sampled_from([fmpq(0), fmpq(1, 16), fmpq(1, 8)]))
    for _ in range(channels * height * width):
        kind = draw(st.sampled_from(["low", "high", "low", "high", "any", "near", "interval"]))
        if kind == "any":
            low, high = pixel.low, pixel.high
        elif kind == "interval":
            low, high = sorted([draw(values(pixel)), draw(values(pixel))])
        else:
            centre = {"low": pixel.low, "high": pixel.high}.get(kind) if kind != "near" else draw(values(pixel))
            low, high = max(centre - tolerance, pixel.low), min(centre + tolerance, pixel.high)
        lows.append(low)
        highs.append(high)
    shape = (channels, height, width)
    return Box(
        ExactTensor.from_rationals(lows, (len(lows),)).reshape(*shape),
        ExactTensor.from_rationals(highs, (len(highs),)).reshape(*shape),
    )


@st.composite
def features(
    draw: st.DrawFn,
    name: str,
    channels: int = 1,
    pixel: PixelRange = UNIT,
    *,
    max_side: int = 3,
    max_templates: int = 2,
) -> Feature:
    """A feature of 1 x 1 up to max_side x max_side pixels."""
    height, width = draw(st.integers(1, max_side)), draw(st.integers(1, max_side))
    chosen = draw(st.lists(templates(channels, height, width, pixel), min_size=1, max_size=max_templates))
    gap = draw(st.sampled_from(GAPS)) * (pixel.high - pixel.low)
    return Feature(name, tuple(chosen), gap)


@st.composite
def alternatives(draw: st.DrawFn, names: Sequence[str]) -> Alternative:
    """Requires some of the names and forbids some of the others; now and then one of them both ways."""
    roles = [draw(st.sampled_from(["requires", "forbids", "neither"])) for _ in names]
    requires = {n for n, role in zip(names, roles, strict=True) if role == "requires"}
    forbids = {n for n, role in zip(names, roles, strict=True) if role == "forbids"}
    if requires and draw(st.integers(0, 19)) == 19:
        forbids.add(min(requires))
    return Alternative(frozenset(requires), frozenset(forbids))


@st.composite
def task_classes(
    draw: st.DrawFn, names: Sequence[str], *, max_classes: int = 4, max_alternatives: int = 2
) -> tuple[TaskClass, ...]:
    """Two or more classes over the names of features, sometimes with an `otherwise` in any place."""
    count = draw(st.integers(2, max_classes))
    special = draw(st.integers(-count, count - 1))
    result = []
    for number in range(count):
        if number == special:
            result.append(TaskClass(f"class{number}", (), otherwise=True))
            continue
        ways = draw(st.lists(alternatives(names), min_size=1, max_size=max_alternatives))
        result.append(TaskClass(f"class{number}", tuple(ways)))
    return tuple(result)


@st.composite
def tasks(
    draw: st.DrawFn,
    *,
    max_features: int = 3,
    max_side: int = 3,
    max_templates: int = 2,
    max_channels: int = 2,
    max_classes: int = 4,
    max_alternatives: int = 2,
    pixel: PixelRange | None = None,
    generator: bool = False,
) -> Task:
    """A small task. Nothing makes it sensible: classes may be contradictory, equal, or impossible to realise.

    `pixel` fixes the pixel range; `generator` gives the task a generator with a background from the lowest value up.
    """
    channels = draw(st.integers(1, max_channels))
    span = pixel or draw(pixel_ranges())
    names = [f"f{i}" for i in range(draw(st.integers(1, max_features)))]
    drawn = [draw(features(name, channels, span, max_side=max_side, max_templates=max_templates)) for name in names]
    classes = draw(task_classes(names, max_classes=max_classes, max_alternatives=max_alternatives))
    top = span.low + (span.high - span.low) * draw(st.sampled_from([fmpq(0), fmpq(1, 16), fmpq(1, 4)]))
    return Task(
        name="random",
        features=tuple(drawn),
        classes=classes,
        channels=("",) if channels == 1 else tuple(f"c{i}" for i in range(channels)),
        pixel=span,
        generator=GeneratorSpec(((span.low, top),) * channels, draw(st.integers(0, 2))) if generator else None,
    )


@st.composite
def images(
    draw: st.DrawFn,
    task: Task,
    *,
    max_height: int = 5,
    max_width: int = 5,
    height: int | None = None,
    width: int | None = None,
) -> ExactTensor:
    """An image (C, H, W) of the task: a background, some templates placed on it, and a few pixels moved.

    Placed pixels are at an end of the template's interval, and moved ones by a simple share of the gap, so that windows
    that only just exhibit, are only just clear, or are in between, are all common.
    """
    rows, columns = height or draw(st.integers(1, max_height)), width or draw(st.integers(1, max_width))
    span = task.pixel
    pixels: dict[tuple[int, int, int], fmpq] = {}
    uniform = draw(st.booleans())
    background = draw(values(span))
    for place in ((c, i, j) for c in range(len(task.channels)) for i in range(rows) for j in range(columns)):
        pixels[place] = background if uniform else draw(values(span))
    for feature in task.features:
        if feature.height > rows or feature.width > columns or not draw(st.booleans()):
            continue
        template = draw(st.sampled_from(feature.templates))
        top, left = draw(st.integers(0, rows - feature.height)), draw(st.integers(0, columns - feature.width))
        for end, place in zip(
            zip(template.low.rationals(), template.high.rationals(), strict=True),
            ((c, top + i, left + j) for c, i, j in _places(template.shape)),
            strict=True,
        ):
            pixels[place] = end[draw(st.integers(0, 1))]
        if draw(st.booleans()):
            place = draw(st.sampled_from(sorted(pixels)))
            step = feature.gap * draw(st.sampled_from([fmpq(1), fmpq(-1), fmpq(1, 2), fmpq(-1, 2), fmpq(3, 4)]))
            pixels[place] = min(max(pixels[place] + step, span.low), span.high)
    flat = [pixels[place] for place in sorted(pixels)]
    return ExactTensor.from_rationals(flat, (len(flat),)).reshape(len(task.channels), rows, columns)


def _places(shape: tuple[int, ...]) -> list[tuple[int, int, int]]:
    channels, height, width = shape
    return [(c, i, j) for c in range(channels) for i in range(height) for j in range(width)]

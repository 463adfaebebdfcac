"""Looks for a float32 image that refutes a proof about float32 execution: none should be found.

    python tools/search_float32.py [--count 1000000] [--size 32x32] [--step 1/256] [--network NET.onnx] [TASK ...]

For each task (the shipped ones by default) the network is built, or read with `--network`, and PROVED for float32
execution (`--step`: on images of multiples of a power of two), or the script says that it is open. Then onnxruntime
runs the file on `--count` admissible images near the boundary of what is admissible: the generator's placements, with
the pixels of each template and of the background at the ends of their intervals, or next to them, or anywhere between;
and images in which one template is off by just its gap. The computed lead of the label must reach the proved margin,
for batches of several sizes on one thread and on two. With an error bound of 0 some batches are compared with the exact
logits, bit for bit.
It needs onnxruntime (the extra `bench`).
"""

from __future__ import annotations

import argparse
import itertools
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import onnxruntime
from flint import fmpq
from numpy.typing import NDArray

from exactcnn import api
from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Outcome
from exactcnn.core.rational import parse_rational
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.examples import catalogue
from exactcnn.formats.onnx_file import to_onnx
from exactcnn.network.evaluate import logits
from exactcnn.network.model import Network
from exactcnn.task.canvas import generator_of, placed_boxes
from exactcnn.task.decide import decide
from exactcnn.task.generator import Sample, generate
from exactcnn.task.model import Task

Floats = NDArray[np.float32]
Rationals = NDArray[np.object_]
_PLACEMENTS = 400
_BATCHES = (1024, 7, 1024, 64)
_EXACT_BATCHES = 4
_MOST_MISSES = 3
_GRID_BITS = 24


@dataclass(frozen=True)
class Canvas:
    """The intervals that an image's pixels may lie in: float32 numbers inside them (C, H, W), and its class."""

    low: Floats
    high: Floats
    label: int


def inside(low: list[fmpq], high: list[fmpq], step: fmpq | None) -> tuple[Floats, Floats]:
    """The least and the greatest float32 number (multiple of `step`) in each interval."""
    unit = fmpq(1, 2**_GRID_BITS) if step is None else step
    ends = [(-((-a / unit).floor()) * unit, (b / unit).floor() * unit) for a, b in zip(low, high, strict=True)]
    if any(a > b for a, b in ends):
        raise InputError("an interval holds no such number", found=str(step))
    lows, highs = (np.array([_float(e) for e in side], dtype=np.float32) for side in zip(*ends, strict=True))
    return lows, highs


def _float(value: fmpq) -> float:
    """A dyadic number with few digits, as it is."""
    return float(int(value.p)) / float(int(value.q))


def canvases(task: Task, samples: list[Sample], step: fmpq | None) -> Iterator[Canvas]:
    """What the generator may draw with the placements of each sample."""
    spec, boxes = generator_of(task), placed_boxes(task, generator_of(task))
    names = [c.name for c in task.classes]
    for sample in samples:
        channels, height, width = sample.image.shape
        low = np.empty((channels, height, width), dtype=object)
        high = low.copy()
        for channel, (a, b) in enumerate(spec.background):
            low[channel], high[channel] = a, b
        for window in sample.placements:
            box: Box = boxes[window.feature][window.template]
            rows, columns = box.shape[1:]
            part = (slice(None), slice(window.row, window.row + rows), slice(window.column, window.column + columns))
            low[part] = np.array(box.low.rationals(), dtype=object).reshape(box.shape)
            high[part] = np.array(box.high.rationals(), dtype=object).reshape(box.shape)
        ends = inside(list(low.reshape(-1)), list(high.reshape(-1)), step)
        yield Canvas(*(e.reshape(low.shape) for e in ends), names.index(sample.label))


def drawn(canvas: Canvas, count: int, source: np.random.Generator, step: fmpq | None) -> Floats:
    """Images: every pixel at an end of its interval (half of them), next to one, or anywhere."""
    shape = (count, *canvas.low.shape)
    unit = 2.0**-_GRID_BITS if step is None else float(step)
    room = np.floor((canvas.high.astype(float) - canvas.low) / unit + 0.5)
    steps = np.floor(source.random(shape) * (room + 1))
    choice = source.random(shape)
    steps = np.where(choice < 0.25, 0, np.where(choice < 0.5, room, steps))
    steps = np.where((choice >= 0.5) & (choice < 0.6), np.minimum(1, room), steps)
    return (canvas.low + steps * unit).astype(np.float32)


def off_by_the_gap(task: Task, sample: Sample, step: fmpq | None) -> tuple[Floats, int] | None:
    """The sample with one placed template as far off as its gap, in one pixel if that has room for it, else in the
    fewest pixels one after another; the first such image that is admissible.
    """
    unit = fmpq(1, 2**_GRID_BITS) if step is None else step
    for window in sample.placements:
        feature = task.features[task.feature_index[window.feature]]
        box = feature.templates[window.template]
        rows = slice(window.row, window.row + feature.height)
        columns = slice(window.column, window.column + feature.width)
        low, high = (np.array(t.rationals(), dtype=object).reshape(box.shape) for t in (box.low, box.high))
        values = np.array(sample.image.rationals(), dtype=object).reshape(sample.image.shape)
        places = list(np.ndindex(box.shape))
        # A prime step, so that the pixels tried first, and those after them, are spread over the window.
        for start in range(0, min(len(places) * 7, _MOST_MISSES * 7), 7):
            off = _pushed(task, low, high, [places[(start + n) % len(places)] for n in range(len(places))], feature.gap)
            if off is None:
                continue
            changed = values.copy()
            changed[:, rows, columns] = off
            grid = [((v / unit) + fmpq(1, 2)).floor() * unit for v in changed.reshape(-1)]
            label = decide(task, ExactTensor.from_rationals(grid, changed.shape)).label
            if label is not None:
                floats = np.array([_float(v) for v in grid], dtype=np.float32).reshape(changed.shape)
                return floats, [c.name for c in task.classes].index(label)
    return None


def _pushed(task: Task, low: Rationals, high: Rationals, places: list[tuple[int, ...]], gap: fmpq) -> Rationals | None:
    """The middle of a box with pixels outside of it, by the gap in total; None if there is not so much room."""
    found, left = (low + high) * fmpq(1, 2), gap
    for place in places:
        above, below = task.pixel.high - high[place], low[place] - task.pixel.low
        taken = min(left, max(above, below))
        found[place] = high[place] + taken if above >= below else low[place] - taken
        left -= taken
        if left == 0:
            return np.asarray(found, dtype=object)
    return None


def search(task: Task, network: Network, outcome: Outcome, options: argparse.Namespace, step: fmpq | None) -> bool:
    """Whether no image was found whose computed lead is below the proved margin."""
    if outcome.float32 is None:
        return False
    margin, exact = outcome.float32.margin, outcome.float32.error == 0
    least = _float(margin)
    height, width = (int(n) for n in options.size.split("x"))
    samples = list(generate(task, count=_PLACEMENTS, height=height, width=width, seed=options.seed))
    source = np.random.default_rng(options.seed)
    # A file is run as it is: the importer may have lowered it to other layers, whose sums come in another order.
    model = to_onnx(network) if options.network is None else options.network.read_bytes()
    sessions = []
    for threads in (1, 2):
        settings = onnxruntime.SessionOptions()
        settings.intra_op_num_threads = threads
        sessions.append(onnxruntime.InferenceSession(model, settings, providers=["CPUExecutionProvider"]))
    name = sessions[0].get_inputs()[0].name
    near = [found for s in samples if (found := off_by_the_gap(task, s, step)) is not None]
    share = -(-options.count // len(samples))
    drawings = ((drawn(c, share, source, step), c.label) for c in canvases(task, samples, step))
    done, worst, start, compared = 0, np.inf, time.monotonic(), 0
    for number, (images, label) in enumerate(itertools.chain(((image[None], y) for image, y in near), drawings)):
        size = _BATCHES[number % len(_BATCHES)]
        for first in range(0, len(images), size):
            part = images[first : first + size]
            computed = sessions[(number + first) % 2].run(None, {name: part})[0]
            worst, done = min(worst, _leads(computed, label).min()), done + len(part)
            if exact and compared < _EXACT_BATCHES and first == 0 and size > 1:
                compared += 1
                if not _same(task, network, part[:64], computed[:64]):
                    _say(f"{task.name}: other bits than the exact logits")
                    return False
    found = f"least lead {worst:.6g}, proved {least:.6g}"
    took = f"{time.monotonic() - start:.0f} s"
    _say(f"{task.name}: {done} images, {len(near)} of them off by the gap; {found}; {took}")
    return bool(worst >= least)


def _leads(computed: Floats, label: int) -> NDArray[np.float64]:
    wide = computed.astype(np.float64)
    others = np.delete(wide, label, axis=1).max(axis=1)
    return np.asarray(wide[:, label] - others)


def _same(task: Task, network: Network, images: Floats, computed: Floats) -> bool:
    """Whether the computed logits are the exact ones."""
    values = [fmpq(*float(v).as_integer_ratio()) for v in images.reshape(-1)]
    exact = logits(network, ExactTensor.from_rationals(values, images.shape), task.pixel)
    return [fmpq(*float(v).as_integer_ratio()) for v in computed.reshape(-1)] == list(exact.rationals())


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def main() -> int:
    """0 if nothing was found, 1 if a proof is refuted."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("tasks", nargs="*", help="shipped tasks or task files")
    parser.add_argument("--count", type=int, default=1_000_000, help="images a task")
    parser.add_argument("--size", default="32x32", help="their size")
    parser.add_argument("--step", default=None, help="a power of two such as 1/256")
    parser.add_argument("--network", type=Path, default=None, help="an ONNX file in place of the task's own network")
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    step = None if options.step is None else parse_rational(options.step)
    fine = True
    for name in options.tasks or catalogue.names():
        task = api.load_task(Path(name)) if name.endswith(".toml") else api.load_task(catalogue.path(name))
        network = api.build(task) if options.network is None else api.load_network(options.network)
        outcome = api.verify(task, network, float32=True, step=step)
        if outcome.verdict is not Verdict.PROVED:
            _say(f"{task.name}: {outcome.verdict.value}, {outcome.reason}")
            continue
        fine = search(task, network, outcome, options, step) and fine
    return 0 if fine else 1


if __name__ == "__main__":
    sys.exit(main())

"""Small instances with certificates, one a seed: tasks whose classes do not overlap, networks built and then varied."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import product

from flint import fmpq
from support.perturb import perturbed

from exactcnn import api
from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Certificate
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.model import Dense, GlobalPool, InputUnit, MaxPool2d, Network
from exactcnn.prover.instance import Instance
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass

__all__ = ["small_instance", "small_task"]

_SIZES = ("any", "any", "any", "5x5", "3x4..6x6", "4x3..any")


def small_instance(seed: int, seconds: float = 10) -> Certificate | None:
    """The certificate of a random instance, now and then one about float32 execution.

    None where the network cannot be built or is not PROVED in time.
    """
    source = random.Random(seed)
    task = small_task(source)
    float32 = source.random() < 0.15
    try:
        network, sizes = _network(task, source, dyadic=float32)
        step = source.choice([None, "1/256" if network.unit is InputUnit.PIXEL else "1"]) if float32 else None
        outcome = api.verify(task, network, sizes=sizes, workers=1, timeout=seconds, float32=float32, step=step)
    except InputError:
        return None
    return outcome.certificate


def small_task(source: random.Random) -> Task:
    """One to three features of up to 3x3 pixels, in one or two channels; two to four classes, now and then `otherwise`.

    Every class is given by some of the sets of features; sets that are given to none make no image admissible.
    """
    pixel = source.choice([PixelRange()] * 3 + [PixelRange(fmpq(-1), fmpq(1)), PixelRange(fmpq(1, 3), fmpq(2))])
    channels = source.choice([1, 1, 1, 2])
    names = [f"f{i}" for i in range(source.choice([1, 2, 2, 3]))]
    features = tuple(_feature(name, channels, pixel, source) for name in names)
    sets = [
        frozenset(n for n, own in zip(names, chosen, strict=True) if own)
        for chosen in product((0, 1), repeat=len(names))
    ]
    source.shuffle(sets)
    special = source.random() < 0.4
    number = source.randint(2 - special, min(3, len(sets) - special))
    given = source.randint(number, len(sets) - special)
    owners = [*range(number), *(source.randrange(number) for _ in range(given - number))]
    classes = [
        TaskClass(
            f"class{k}",
            tuple(Alternative(s, frozenset(names) - s) for s, y in zip(sets, owners, strict=False) if y == k),
        )
        for k in range(number)
    ]
    if special:
        classes.insert(source.randint(0, number), TaskClass("rest", otherwise=True))
    return Task("small", features, tuple(classes), channels=("",) if channels == 1 else ("a", "b"), pixel=pixel)


def _feature(name: str, channels: int, pixel: PixelRange, source: random.Random) -> Feature:
    span = pixel.high - pixel.low
    height, width = source.choice([(1, 1), (1, 2), (2, 1), (2, 2), (1, 3), (3, 3), (2, 3)])
    tolerance = span * source.choice([fmpq(0), fmpq(1, 16), fmpq(1, 8)])
    shape = channels, height, width
    templates = []
    for _ in range(source.choice([1, 1, 2, 3])):
        ends = [_ends(pixel, tolerance, source) for _ in range(channels * height * width)]
        templates.append(Box(*(ExactTensor.from_rationals([e[side] for e in ends], shape) for side in (0, 1))))
    gap = span * source.choice([fmpq(1, 2), fmpq(1, 2), fmpq(1, 4), fmpq(1, 3), fmpq(1)])
    return Feature(name, tuple(templates), gap)


def _ends(pixel: PixelRange, tolerance: fmpq, source: random.Random) -> tuple[fmpq, fmpq]:
    if source.random() < 0.15:
        return pixel.low, pixel.high
    share = source.choice([fmpq(0), fmpq(1), fmpq(1), fmpq(1, 2)])
    centre = pixel.low + (pixel.high - pixel.low) * share
    return max(centre - tolerance, pixel.low), min(centre + tolerance, pixel.high)


def _network(task: Task, source: random.Random, *, dyadic: bool) -> tuple[Network, SizeRange]:
    """A built network, left as it is or varied so that it may still be right; and sizes for it."""
    variation = source.choice(["none", "none", "moved", "moved", "sum", "mean", "maxpool"])
    unit = source.choice([InputUnit.PIXEL] * 3 + [InputUnit.BYTE])
    slack = "1/4" if variation == "moved" else source.choice(["0", "0", "1/8"])
    rational = source.random() < 0.5 and not dyadic
    network = api.build(task, arithmetic="rational" if rational else "dyadic", slack=slack, unit=unit)
    sizes = SizeRange.parse(source.choice(_SIZES))
    place = next(n for n, layer in enumerate(network.layers) if isinstance(layer, GlobalPool))
    before, after = network.layers[:place], network.layers[place + 1 :]
    if variation == "moved":
        return perturbed(network, source.choice([10, 14]), source.randrange(1 << 30)), sizes
    if variation == "maxpool":
        window = source.choice([(1, 2), (2, 1), (2, 2)])
        local = MaxPool2d(window, (1, 1), (0, 0, window[0] - 1, window[1] - 1))
        return replace(network, layers=(*before, local, GlobalPool("max"), *after)), sizes
    if variation == "sum":
        return replace(network, layers=(*before, GlobalPool("sum"), *after)), sizes
    if variation == "mean":
        sizes = SizeRange.fixed(*source.choice([(3, 3), (4, 3), (3, 5)]))
        number = Instance(task, network, sizes).pooling.least
        first = after[0]
        if isinstance(first, Dense):
            scale = ExactTensor.from_integers([[number]])
            after = (Dense(first.weight.times(scale), first.bias), *after[1:])
        return replace(network, layers=(*before, GlobalPool("mean"), *after)), sizes
    return network, sizes

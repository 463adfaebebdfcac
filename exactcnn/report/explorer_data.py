"""What a page of the explorer shows besides the statement and the certificate: names, images, an outcome's answer."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable, Sequence
from itertools import islice
from typing import Any

import numpy as np
from flint import fmpq

from exactcnn import __version__
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Example, Outcome, Stretched
from exactcnn.core.rational import format_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.formats.statement import Execution, format_statement
from exactcnn.network.model import Network
from exactcnn.report.json_form import image_json, window_json
from exactcnn.report.wording import claim, condition_text, evidence_text, number_text, size_text, winners
from exactcnn.task.canvas import ByteCanvas, generator_of
from exactcnn.task.effort import Effort, OutOfEffortError
from exactcnn.task.generator import generate_configuration, place_all
from exactcnn.task.model import Task
from exactcnn.task.selection import configurations

__all__ = ["page_data"]

_MOST_CONFIGURATIONS = 64
_MOST_BYTES = 400_000
_MOST_WORK = 400_000_000
_TRIES = 8
_IMAGES = 4
_FEW_FEATURES = 12
_LOOKED_AT = 2**_FEW_FEATURES
_STEPS = 20_000
_LARGEST_SIDE = 48
_LEAST_SIDE = 12
_SIZE_STEP = 4
_LARGEST_CERTIFICATE = 4_000_000
_LARGEST_STATEMENT = 16_000_000
_LARGEST_PICTURE = 128 * 128


def page_data(task: Task, network: Network, outcome: Outcome, *, network_name: str, source: str) -> dict[str, Any]:
    """The data as one object of texts, numbers and lists.

    Parameters
    ----------
    network_name: where the network came from, in words.
    source: the file that the page is about.

    Raises
    ------
    InputError: the task and its network are too large for a page.
    """
    certificate = outcome.certificate
    statement = certificate.statement if certificate is not None else _statement(task, network, outcome)
    if len(statement) > _LARGEST_STATEMENT:
        raise InputError(
            "the network is too large for a page",
            source=source,
            found=f"{len(statement):,} characters",
            expected=f"at most {_LARGEST_STATEMENT:,}",
            hint="`exactcnn verify --report` writes a page without the network.",
        )
    embedded = certificate is not None and len(certificate.text) <= _LARGEST_CERTIFICATE
    data = {
        "version": __version__,
        "source": source,
        "network": network_name,
        "task": task.name,
        "channels": list(task.channels),
        "statement": statement,
        "certificate": certificate.text if certificate is not None and embedded else None,
        "noCertificate": None if embedded else _why_no_certificate(outcome),
        "answer": _answer(outcome),
        "conditions": [condition_text(c) for c in task.classes],
        **_images(task, network, outcome.sizes),
    }
    names = outcome.class_names
    data["witnesses"] = [
        _example(r.witness, names) for r in outcome.classes if r.witness is not None and _fits(r.witness.picture)
    ]
    example = outcome.counterexample
    data["counterexample"] = None if example is None else _example(example, names)
    return data


def _statement(task: Task, network: Network, outcome: Outcome) -> str:
    """A statement that nothing proves: it holds the task and the network; the page shows no margin of it."""
    # Some margin has to stand in a statement.
    margin = outcome.margin if outcome.margin is not None and outcome.margin > 0 else fmpq(1)
    execution = None if outcome.float32 is None else Execution(outcome.float32.step)
    return format_statement(task, network, outcome.sizes, margin, None, execution)


def _why_no_certificate(outcome: Outcome) -> str:
    if outcome.certificate is not None:
        size = len(outcome.certificate.text)
        return (
            f"The certificate has {size:,} characters, which is too much for a page. Keep it as a file with "
            "--certificate, and have the kernel check it: exactcnn check STATEMENT CERTIFICATE."
        )
    if outcome.verdict is Verdict.REFUTED:
        return "There is nothing to prove: the network is wrong on the image that the page shows."
    if outcome.verdict is Verdict.VACUOUS:
        return "There is no proof: some class has no admissible image, and a theorem about it would say nothing."
    if outcome.verdict is Verdict.PROVED:
        return (
            "No certificate is at hand: the answer rests on what is named above. "
            "exactcnn verify TASK --certificate X.cert keeps one."
        )
    return "There is no proof: neither a proof nor an image that the network gets wrong was found."


def _answer(outcome: Outcome) -> dict[str, Any]:
    facts = [("sizes", size_text(outcome.sizes).removeprefix("of ").removeprefix("size ").removeprefix("sizes "))]
    if outcome.margin is not None:
        best = "; a witness attains it, so that it is the best possible" if outcome.margin_attained else ""
        facts.append(("margin", number_text(outcome.margin) + best))
    if outcome.configurations is not None:
        facts.append(("configurations", f"{outcome.configurations:,}"))
    if any(outcome.obligations.values()):
        facts.append(("obligations", ", ".join(f"{count} {kind}" for kind, count in outcome.obligations.items())))
    checked = outcome.evidence == "certificate"
    facts.append(("evidence", "every step was checked by the kernel" if checked else evidence_text(outcome)))
    return {"verdict": outcome.verdict.value, "claim": claim(outcome), "facts": [list(f) for f in facts]}


# -- images -----------------------------------------------------------------------------------------------------------


def _images(task: Task, network: Network, sizes: SizeRange) -> dict[str, Any]:
    """Generated images of configurations, as bytes k of pixel values low + (high - low)*k/255."""
    listed, more = _configurations(task)
    try:
        drawn, missing, stopped = _drawn(task, network, sizes, listed)
        note = None
    except InputError as error:
        drawn, missing, stopped, note = [], [], False, f"No images could be generated: {error.message}."
    return {
        "images": drawn,
        "more": more or stopped,
        "missing": [sorted(task.feature_index[n] for n in names) for names in missing],
        "imageNote": note,
    }


def _configurations(task: Task) -> tuple[list[tuple[str, frozenset[str]]], bool]:
    """Configurations with their classes, the smallest of each class first; and whether there are more."""
    by_class: list[list[tuple[str, frozenset[str]]]] = []
    # All of them where there are few; else the short list, which every other one contains one of.
    every = len(task.features) <= _FEW_FEATURES
    more = not every
    most = _LOOKED_AT if every else _MOST_CONFIGURATIONS
    steps = max(most, _STEPS // len(task.features))
    for task_class in task.classes:
        found: list[frozenset[str]] = []
        try:
            found += islice(configurations(task, Effort(steps), label=task_class.name, extend=every), most)
        except OutOfEffortError:
            more = True
        by_class.append([(task_class.name, c) for c in sorted(dict.fromkeys(found), key=_order(task))])
    share = max(1, _MOST_CONFIGURATIONS // len(by_class))
    chosen = [entry for entries in by_class for entry in entries[:share]]
    spare = [entry for entries in by_class for entry in entries[share:]]
    chosen = (chosen + spare)[:_MOST_CONFIGURATIONS]
    total = sum(len(entries) for entries in by_class)
    ranks = {task_class.name: number for number, task_class in enumerate(task.classes)}
    chosen.sort(key=lambda entry: ranks[entry[0]])
    return chosen, more or total > len(chosen)


def _order(task: Task) -> Callable[[frozenset[str]], tuple[int, list[int]]]:
    return lambda names: (len(names), sorted(task.feature_index[n] for n in names))


def _drawn(
    task: Task, network: Network, sizes: SizeRange, listed: Sequence[tuple[str, frozenset[str]]]
) -> tuple[list[dict[str, Any]], list[frozenset[str]], bool]:
    """The images of each configuration; the configurations without any; and whether some were not tried."""
    common = _common_size(task, network, sizes, [names for _, names in listed])
    windows = sum(len(f.templates) * f.height * f.width for f in task.features) * len(task.channels)
    drawn: list[dict[str, Any]] = []
    missing: list[frozenset[str]] = []
    budget, work = _MOST_BYTES, _MOST_WORK
    canvas = ByteCanvas.of(task, generator_of(task))
    for number, (label, names) in enumerate(listed):
        size = _size_for(task, names, sizes, common)
        if size is None:
            missing.append(names)
            continue
        left, pixels = len(listed) - number, size[0] * size[1]
        count = min(
            _IMAGES, budget // left // (pixels * len(task.channels)), max(1, work // left // (pixels * windows))
        )
        if work < 0 or not count:
            return drawn, missing, True
        samples = list(
            generate_configuration(task, names, count=count, height=size[0], width=size[1], seed=number, canvas=canvas)
        )
        work -= pixels * windows * (len(samples) + (count - len(samples)) * _TRIES)
        if not samples:
            missing.append(names)
            continue
        budget -= pixels * len(task.channels) * len(samples)
        drawn.append(
            {
                "label": label,
                "features": sorted(task.feature_index[n] for n in names),
                "height": size[0],
                "width": size[1],
                "bytes": [_bytes_text(task, s.image) for s in samples],
            }
        )
    return drawn, missing, False


def _least_size(network: Network, sizes: SizeRange) -> tuple[int, int]:
    """The least size of the range on which the network is defined, within reason."""
    height, width = sizes.min_height, sizes.min_width
    while network.output_size(height, width) is None and max(height, width) < _LARGEST_SIDE:
        height, width = height + 1, width + 1
    return height, width


def _common_size(task: Task, network: Network, sizes: SizeRange, listed: Iterable[frozenset[str]]) -> tuple[int, int]:
    """A size with room for each of the configurations where that is a small one; all images are best of one size."""
    least = _least_size(network, sizes)
    side = max(_LEAST_SIDE, *least, *(s + s // 2 for s in task.largest_window))
    size = _cut((side, side), sizes)
    for names in sorted(listed, key=len, reverse=True)[:1]:
        found = _size_for(task, names, sizes, size)
        size = found if found is not None and max(found) <= _LARGEST_SIDE else size
    return size


def _cut(size: tuple[int, int], sizes: SizeRange) -> tuple[int, int]:
    """The size of the range that is nearest to a size."""
    height, width = max(size[0], sizes.min_height), max(size[1], sizes.min_width)
    return min(height, sizes.max_height or height), min(width, sizes.max_width or width)


def _size_for(task: Task, names: frozenset[str], sizes: SizeRange, start: tuple[int, int]) -> tuple[int, int] | None:
    """The first size from `start` on, up to some limit, in which the features have room."""
    wanted = [(start[0] + more, start[1] + more) for more in range(0, 2 * _LARGEST_SIDE, _SIZE_STEP)]
    for size in dict.fromkeys(_cut(w, sizes) for w in wanted):
        try:
            if place_all(task, names, size, Effort(_STEPS)) is not None:
                return size
        except OutOfEffortError:
            continue
    return None


def _bytes_text(task: Task, image: ExactTensor) -> str:
    low, span = task.pixel.low, task.pixel.high - task.pixel.low
    values = (image - ExactTensor.full((), low)).scaled(255 / span).reduced()
    return base64.b64encode(np.asarray(values.integers(), dtype=np.uint8).tobytes()).decode("ascii")


# -- examples ---------------------------------------------------------------------------------------------------------


def _fits(picture: Stretched) -> bool:
    return picture.height * picture.width <= _LARGEST_PICTURE


def _example(example: Example, names: Sequence[str]) -> dict[str, Any]:
    """An image with its label and logits; a stretched one in whole where it is small, else its core alone."""
    picture = example.picture
    whole = _fits(picture)
    image = picture.image() if whole else picture.core
    return {
        "label": example.label,
        "features": list(example.features),
        "windows": [window_json(w) for w in example.windows],
        "logits": [format_rational(v) for v in example.logits],
        "winners": winners(example.logits, names),
        "height": picture.height,
        "width": picture.width,
        "whole": whole,
        "pixels": image_json(image),
    }

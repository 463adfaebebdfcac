"""Reading back the JSON object that `verify --json` prints."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Example, Outcome, Stretched, Window
from exactcnn.core.rational import parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict

__all__ = ["ReadOutcome", "read_outcome"]


@dataclass(frozen=True)
class ReadOutcome:
    """An outcome as a file tells it.

    Attributes
    ----------
    outcome: without a certificate, and without reports of the classes.
    sources: where task, network and perturbation came from, as the file says; empty if it does not say.
    files: the names of the files that were written with it.
    statement: the SHA-256 of the statement that was proved, if there was one.
    """

    outcome: Outcome
    sources: Mapping[str, str]
    files: tuple[str, ...]
    statement: str | None


def read_outcome(text: str, source: str) -> ReadOutcome:
    """The outcome that a text says.

    Parameters
    ----------
    source: the file's name, for messages.

    Raises
    ------
    InputError: the text is not what `verify --json` prints.
    """
    try:
        form = json.loads(text, object_pairs_hook=_unique, parse_constant=_no_number)
        return _outcome(form)
    except (json.JSONDecodeError, RecursionError) as error:
        found = str(error)
    except KeyError as error:
        found = f"no entry {error}"
    except (TypeError, ValueError, IndexError, AttributeError) as error:
        found = str(error)
    except InputError as error:
        found = str(error)
    raise InputError(
        "this is no outcome", source=source, found=found, expected="the object that `exactcnn verify --json` prints"
    )


def _unique(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    form = dict(pairs)
    if len(form) < len(pairs):
        raise ValueError("an entry twice in one object")
    return form


def _no_number(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _outcome(form: Any) -> ReadOutcome:
    names = tuple(_text(entry["name"]) for entry in form["classes"])
    example = form.get("counterexample")
    margin, count, reason = form["margin"], form["configurations"], form.get("reason")
    outcome = Outcome(
        verdict=Verdict(form["verdict"]),
        task=_text(form["task"]),
        sizes=_sizes(_text(form["sizes"])),
        method=_text(form["method"]),
        class_names=names,
        margin=None if margin is None else parse_rational(_text(margin)),
        margin_attained=form["margin_attained"] is True,
        configurations=None if count is None else int(count),
        evidence=_text(form["evidence"]),
        solvers=tuple(_text(name) for name in form["solvers"]),
        counterexample=None if example is None else _example(example, names),
        reason=None if reason is None else _text(reason),
        unproved=None if "unproved" not in form else _text(form["unproved"]),
        seconds=float(form["seconds"]),
    )
    if (outcome.verdict is Verdict.REFUTED) != (example is not None):
        raise ValueError(f"the verdict {outcome.verdict.value} {'without' if example is None else 'with'} an image")
    sources = {_text(key): _text(value) for key, value in form.get("sources", {}).items() if value is not None}
    statement = form.get("statement")
    files = tuple(_text(name) for name in form["files"])
    return ReadOutcome(outcome, sources, files, None if statement is None else _text(statement))


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r:.40} where a text was expected")
    return value


def _sizes(text: str) -> SizeRange:
    first, dots, last = text.partition("..")
    if not dots or "any" not in last or last == "any":
        return SizeRange.parse(text)
    # Open in one direction only, as SizeRange writes it: 3x3..anyx8.
    low_h, _, low_w = first.partition("x")
    high_h, _, high_w = last.partition("x")
    return SizeRange(int(low_h), _limit(high_h), int(low_w), _limit(high_w))


def _limit(text: str) -> int | None:
    return None if text == "any" else int(text)


def _example(form: Any, names: Sequence[str]) -> Example:
    label = _text(form["label"])
    if label not in names or set(form["logits"]) != set(names):
        raise ValueError("the classes of the counterexample are not those of the outcome")
    windows = tuple(
        Window(_text(w["feature"]), int(w["template"]), int(w["row"]), int(w["column"])) for w in form["windows"]
    )
    features = tuple(_text(name) for name in form["features"])
    logits: tuple[fmpq, ...] = tuple(parse_rational(_text(form["logits"][name])) for name in names)
    return Example(_picture(form["image"]), label, features, windows, logits)


def _picture(form: Any) -> Stretched:
    height, width = int(form["height"]), int(form["width"])
    if "pixels" in form:
        image = _image(form["pixels"])
        if image.shape[1:] != (height, width):
            raise ValueError("an image of another size than it says")
        return Stretched(image, height, width)
    core = _image(form["core"])
    row, column = int(form["repeated_row"]), int(form["repeated_column"])
    if not (core.shape[1] <= height and core.shape[2] <= width):
        raise ValueError("an image smaller than its core")
    if not (0 <= row < core.shape[1] and 0 <= column < core.shape[2]):
        raise ValueError("a row or column is repeated that is not there")
    return Stretched(core, height, width, row, column)


def _image(form: Any) -> ExactTensor:
    rows = [[[parse_rational(v) for v in _text(row).split(" ")] for row in channel] for channel in form]
    shape = len(rows), len(rows[0]), len(rows[0][0])
    if any(len(channel) != shape[1] or any(len(row) != shape[2] for row in channel) for channel in rows):
        raise ValueError("rows of different lengths in an image")
    values = [v for channel in rows for row in channel for v in row]
    return ExactTensor.from_rationals(values, (len(values),)).reshape(*shape)

"""An outcome as one JSON object: exact numbers are texts `p/q`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from exactcnn.core.outcome import Example, Outcome, Stretched, Window
from exactcnn.core.rational import format_rational
from exactcnn.core.tensor import ExactTensor

__all__ = ["example_json", "image_json", "outcome_json", "window_json"]

_LARGEST_EXACT_NUMBER = 2**53


def outcome_json(
    outcome: Outcome, *, files: Sequence[str] = (), sources: Mapping[str, str | None] | None = None
) -> dict[str, Any]:
    """All of an outcome; `files` are the names of what was written with it, `sources` says what it is about.

    `configurations` is a number up to 2^53 and a text beyond, where many readers would round it. `counterexample`,
    `reason`, `unproved`, `advice`, `unproved_field`, `statement` (a certificate's SHA-256), `float32` and
    `cross_checks` are there only where they apply.
    """
    form: dict[str, Any] = {
        "verdict": outcome.verdict.value,
        "task": outcome.task,
        "sizes": str(outcome.sizes),
        "method": outcome.method,
        "margin": None if outcome.margin is None else format_rational(outcome.margin),
        "margin_attained": outcome.margin_attained,
        "configurations": _count(outcome.configurations),
        "classes": [_class(name, outcome) for name in outcome.class_names],
        "evidence": outcome.evidence,
        "solvers": list(outcome.solvers),
        "obligations": dict(outcome.obligations),
        "seconds": round(outcome.seconds, 3),
        "witnesses": [example_json(r.witness, outcome.class_names) for r in outcome.classes if r.witness is not None],
    }
    if outcome.certificate is not None:
        form["statement"] = outcome.certificate.sha256
    if outcome.float32 is not None:
        claim = outcome.float32
        form["float32"] = {
            "step": None if claim.step is None else format_rational(claim.step),
            "error": format_rational(claim.error),
            "margin": format_rational(claim.margin),
        }
    if outcome.cross_checks:
        form["cross_checks"] = [
            {"solver": c.solver, "confirmed": c.confirmed, "undecided": list(c.undecided)} for c in outcome.cross_checks
        ]
    if outcome.counterexample is not None:
        form["counterexample"] = example_json(outcome.counterexample, outcome.class_names)
    if outcome.reason is not None:
        form["reason"] = outcome.reason
    if outcome.unproved is not None:
        form["unproved"] = outcome.unproved
    if outcome.advice:
        form["advice"] = list(outcome.advice)
    if outcome.unproved_field is not None:
        form["unproved_field"] = image_json(outcome.unproved_field)
    form["files"] = list(files)
    if sources is not None:
        form["sources"] = dict(sources)
    return form


def _count(value: int | None) -> int | str | None:
    return value if value is None or value <= _LARGEST_EXACT_NUMBER else str(value)


def _class(name: str, outcome: Outcome) -> dict[str, Any]:
    report = next((r for r in outcome.classes if r.name == name), None)
    witness = report.witness if report else None
    return {
        "name": name,
        "witness": None if witness is None else f"{witness.picture.height}x{witness.picture.width}",
        "vacuous": report.vacuous if report else None,
    }


def example_json(example: Example, class_names: Sequence[str]) -> dict[str, Any]:
    """An image with what the task and the network say of it."""
    return {
        "label": example.label,
        "lead": format_rational(example.lead(list(class_names).index(example.label))),
        "features": list(example.features),
        "windows": [window_json(w) for w in example.windows],
        "logits": {name: format_rational(value) for name, value in zip(class_names, example.logits, strict=True)},
        "image": _picture(example.picture),
    }


def window_json(window: Window) -> dict[str, Any]:
    """A window that exhibits a template."""
    return {"feature": window.feature, "template": window.template, "row": window.row, "column": window.column}


def _picture(picture: Stretched) -> dict[str, Any]:
    """The image, or its core with the row and column that are repeated until it has its size."""
    form: dict[str, Any] = {"height": picture.height, "width": picture.width}
    if picture.is_plain:
        return form | {"pixels": image_json(picture.core)}
    height, width = picture.core.shape[1:]
    return form | {
        "core": image_json(picture.core),
        "repeated_row": picture.row % height,
        "repeated_column": picture.column % width,
    }


def image_json(image: ExactTensor) -> list[list[str]]:
    """An image (C, H, W): for each channel its rows, each a text of pixel values with blanks between."""
    _, height, width = image.shape
    values = [format_rational(v) for v in image.rationals()]
    rows = [" ".join(values[start : start + width]) for start in range(0, len(values), width)]
    return [rows[start : start + height] for start in range(0, len(rows), height)]

"""Outcomes in words, the same in the terminal and on pages."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from flint import fmpq

from exactcnn.core.outcome import CrossCheck, Float32, Outcome
from exactcnn.core.rational import format_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.core.verdict import Verdict
from exactcnn.task.model import Alternative, TaskClass

__all__ = [
    "claim",
    "condition_text",
    "cross_check_text",
    "evidence_text",
    "float32_text",
    "number_text",
    "size_text",
    "winners",
]

_READABLE = 24
_LONG = 120


def size_text(sizes: SizeRange) -> str:
    """How sizes are spoken of: `of any size`, `of size 28x28`, `of sizes 8x8..16x16`."""
    if sizes == SizeRange():
        return "of any size"
    return f"of size {sizes}" if sizes.is_fixed else f"of sizes {sizes}"


def number_text(value: fmpq) -> str:
    """A rational, with its approximate value where the fraction is long, and instead of it where it is very long."""
    exact = format_rational(value)
    if len(exact) <= _READABLE:
        return exact
    near = f"{Decimal(int(value.p)) / Decimal(int(value.q)):.6g}"
    return f"{exact} (about {near})" if len(exact) <= _LONG else f"about {near} (a fraction of {len(exact)} characters)"


def winners(logits: Sequence[fmpq], class_names: Sequence[str]) -> list[str]:
    """The classes whose logit is the largest: more than one in a tie."""
    largest = max(logits)
    return [name for name, value in zip(class_names, logits, strict=True) if value == largest]


def claim(outcome: Outcome) -> str:
    """What the verdict says, in one sentence."""
    where = size_text(outcome.sizes)
    if outcome.verdict is Verdict.PROVED:
        return f"every admissible image {where} is classified right"
    if outcome.verdict is Verdict.REFUTED and outcome.counterexample is not None:
        example = outcome.counterexample
        named = winners(example.logits, outcome.class_names)
        how = "is tied between" if len(named) > 1 else "is taken for"
        if named and example.label not in named and len(named) > 1:
            how = "gets larger logits for"
        listed = ", ".join(f'"{n}"' for n in named)
        return f'an admissible image of class "{example.label}" {how} {listed}'
    if outcome.verdict is Verdict.VACUOUS:
        return f"nothing is proved: {outcome.reason}"
    text = outcome.reason or "neither proved nor refuted"
    return f"{text}; {outcome.unproved}" if outcome.unproved else text


def evidence_text(outcome: Outcome) -> str:
    """What the answer rests on."""
    solvers = ", ".join(outcome.solvers)
    if outcome.evidence == "smt":
        return f"smt: every obligation was decided by {solvers}"
    if outcome.evidence == "certificate" and outcome.certificate is not None:
        return f"certificate: every step was checked by the kernel; statement {outcome.certificate.sha256}"
    if outcome.evidence == "replay":
        return "replay: the image was decided and the network evaluated on it in exact arithmetic"
    return f"none (asked: {solvers})" if solvers else "none"


def cross_check_text(check: CrossCheck) -> str:
    """What another solver says of a certificate."""
    if not check.undecided:
        return f"{check.solver} confirms each of the {check.confirmed} sequents"
    number = check.confirmed + len(check.undecided)
    return f"{check.solver} confirms {check.confirmed} of {number} sequents, and leaves open: {check.undecided[0]}" + (
        f" and {len(check.undecided) - 1} more" if len(check.undecided) > 1 else ""
    )


def float32_text(found: Float32) -> str:
    """What was proved about float32 execution."""
    images = "" if found.step is None else f" on images of multiples of {format_rational(found.step)}"
    if found.error == 0:
        return f"the exact logits, bit for bit, in any order of summation{images}"
    near, margin = float(found.error), float(found.margin)
    return f"no logit is off by more than {near:.2g}, and the label's leads by at least {margin:.6g}{images}"


def condition_text(task_class: TaskClass) -> str:
    """When an image is of the class."""
    if task_class.otherwise:
        return "is of no other class"
    return "; or ".join(_alternative_text(a) for a in task_class.alternatives)


def _alternative_text(alternative: Alternative) -> str:
    parts = []
    if alternative.requires:
        parts.append("contains " + " and ".join(sorted(alternative.requires)))
    if alternative.forbids:
        parts.append("avoids " + " and ".join(sorted(alternative.forbids)))
    return ", ".join(parts) or "is any image"

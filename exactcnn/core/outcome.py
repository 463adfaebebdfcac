"""What a verification found: plain data, the same whichever method found it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from html import escape

from flint import fmpq

from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict

__all__ = ["Certificate", "ClassReport", "CrossCheck", "Example", "Float32", "Outcome", "Stretched", "Window"]


@dataclass(frozen=True)
class Window:
    """A window that exhibits a template: feature name, template number, top row and left column."""

    feature: str
    template: int
    row: int
    column: int


@dataclass(frozen=True)
class Stretched:
    """An exact image of any size in little memory: a core one row and one column of which are repeated.

    Attributes
    ----------
    core: (C, h, w).
    height, width: the image's size, at least h and w.
    row, column: which row and column of the core are repeated to reach that size; the last ones by default.
    """

    core: ExactTensor
    height: int
    width: int
    row: int = -1
    column: int = -1

    @staticmethod
    def plain(image: ExactTensor) -> Stretched:
        """An image (C, H, W) as it is."""
        return Stretched(image, image.shape[1], image.shape[2])

    @property
    def is_plain(self) -> bool:
        """Whether nothing is repeated."""
        return self.core.shape[1:] == (self.height, self.width)

    def resized(self, height: int, width: int) -> Stretched:
        """The same core with other numbers of repetitions."""
        return Stretched(self.core, height, width, self.row, self.column)

    def image(self) -> ExactTensor:
        """The whole image, (C, height, width)."""
        rows = _repeated(self.core.shape[1], self.height, self.row)
        columns = _repeated(self.core.shape[2], self.width, self.column)
        return self.core[:, rows, :][:, :, columns]


def _repeated(length: int, target: int, place: int) -> list[int]:
    """The indices 0 .. length-1 with `place` repeated until there are `target` of them."""
    place %= length
    return [*range(place), *[place] * (target - length), *range(place, length)]


@dataclass(frozen=True)
class Example:
    """An admissible image with what the task and the network say of it, both exact.

    Attributes
    ----------
    picture: the image.
    label: the class that the task gives it.
    features: the features that it contains, in the task's order.
    windows: for each contained feature, windows that exhibit it (at least one each).
    logits: one a class, in the task's order.
    """

    picture: Stretched
    label: str
    features: tuple[str, ...]
    windows: tuple[Window, ...]
    logits: tuple[fmpq, ...]

    def lead(self, label_index: int) -> fmpq:
        """The label's logit minus the largest of the others: positive when the network is right."""
        others = [v for i, v in enumerate(self.logits) if i != label_index]
        return self.logits[label_index] - max(others)


@dataclass(frozen=True)
class ClassReport:
    """What was found about one class: a witness image, or the reason why no image can have it.

    Neither means that the question stayed open.
    """

    name: str
    witness: Example | None = None
    vacuous: str | None = None


@dataclass(frozen=True)
class Certificate:
    """The texts of a statement and of a certificate that the checker accepted."""

    statement: str
    text: str

    @property
    def sha256(self) -> str:
        """The statement's name."""
        return hashlib.sha256(self.statement.encode("ascii")).hexdigest()


@dataclass(frozen=True)
class CrossCheck:
    """What another solver says of the sequents of a certificate; none of them has a counterexample.

    Attributes
    ----------
    solver: name and version.
    confirmed: how many sequents it decided to hold.
    undecided: the others, by name.
    """

    solver: str
    confirmed: int
    undecided: tuple[str, ...] = ()


@dataclass(frozen=True)
class Float32:
    """What a certificate says of float32 execution (IEEE 754 binary32, any order of summation, fused or not).

    Attributes
    ----------
    step: the power of two of which all numbers that the network reads are integer multiples; None: any float32 numbers.
    error: a bound of `|computed logit - exact logit|`; 0 means that they are equal, bit for bit.
    margin: what the label's computed logit leads by at least.
    """

    step: fmpq | None
    error: fmpq
    margin: fmpq


@dataclass(frozen=True)
class Outcome:
    """The answer to `verify`.

    Attributes
    ----------
    verdict: the answer.
    task: the task's name.
    sizes: the range of image sizes that the answer is about.
    method: "modular", "monolithic" or "enumerate".
    margin: for PROVED, a rational that the label's lead is proved to reach on every admissible image; None if the lead
        was proved positive without a bound.
    margin_attained: whether a witness image leads by exactly `margin`, so that it is the best possible.
    configurations: how many configurations satisfy exactly one class, if they could be counted.
    classes: one report a class, in the task's order.
    evidence: what the answer rests on: "smt" (and `solvers`), "replay" (REFUTED), "none".
    solvers: names and versions of the solvers that were asked.
    obligations: how many obligations of each kind were proved, by name.
    counterexample: for REFUTED, an admissible image that the network gets wrong.
    reason: for VACUOUS, UNKNOWN and TIMEOUT, why.
    unproved: for UNKNOWN, the tightest statement that could not be proved; for TIMEOUT, the best that was reached.
    advice: for UNKNOWN and TIMEOUT, what may help.
    unproved_field: for UNKNOWN, the pixels (C, rows, columns) of one receptive field that show why, if there is one.
    seconds: wall-clock time.
    certificate: for PROVED with the evidence "certificate", what the checker accepted.
    cross_checks: what other solvers said of the certificate's sequents, if they were asked.
    float32: what was proved about float32 execution, if that was asked.
    """

    verdict: Verdict
    task: str
    sizes: SizeRange
    method: str
    class_names: tuple[str, ...]
    margin: fmpq | None = None
    margin_attained: bool = False
    configurations: int | None = None
    classes: tuple[ClassReport, ...] = ()
    evidence: str = "none"
    solvers: tuple[str, ...] = ()
    obligations: Mapping[str, int] = field(default_factory=dict)
    counterexample: Example | None = None
    reason: str | None = None
    unproved: str | None = None
    advice: tuple[str, ...] = ()
    unproved_field: ExactTensor | None = None
    seconds: float = 0.0
    certificate: Certificate | None = None
    cross_checks: tuple[CrossCheck, ...] = ()
    float32: Float32 | None = None

    def _repr_html_(self) -> str:
        """A small table for notebooks; `exactcnn.report` makes whole pages."""
        rows = [("verdict", self.verdict.value), ("task", self.task), ("sizes", str(self.sizes))]
        rows += [("margin", str(self.margin))] if self.margin is not None else []
        rows += [("reason", self.reason)] if self.reason else []
        rows += [("not proved", self.unproved)] if self.unproved else []
        rows += [("what may help", "; ".join(self.advice))] if self.advice else []
        if self.counterexample is not None:
            logits = zip(self.class_names, self.counterexample.logits, strict=True)
            rows.append(("label", self.counterexample.label))
            rows.append(("logits", ", ".join(f"{name}: {value}" for name, value in logits)))
        rows.append(("evidence", ", ".join((self.evidence, *self.solvers))))
        cells = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in rows)
        return f"<table>{cells}</table>"

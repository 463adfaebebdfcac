"""The objects of THEOREM.md, section 1: templates, features, classes, tasks."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError

__all__ = ["Alternative", "Feature", "GeneratorSpec", "PixelRange", "Task", "TaskClass"]


@dataclass(frozen=True)
class PixelRange:
    """The closed interval [low, high] that every pixel lies in.

    Raises
    ------
    InputError: low is not below high.
    """

    low: fmpq = field(default_factory=lambda: fmpq(0))
    high: fmpq = field(default_factory=lambda: fmpq(1))

    def __post_init__(self) -> None:
        if not self.low < self.high:
            raise InputError(
                "the pixel range is empty", found=f"[{self.low}, {self.high}]", expected="its low below its high"
            )

    def from_byte(self, byte: int) -> fmpq:
        """The pixel value that a PNG byte 0..255 means: low + (high - low) * byte/255."""
        return self.low + (self.high - self.low) * fmpq(byte, 255)


@dataclass(frozen=True)
class Feature:
    """A named, non-empty set of templates of one size, with a gap.

    Attributes
    ----------
    name: unique in its task.
    templates: boxes of shape (channels, height, width), inside the task's pixel range.
    gap: the separation g > 0: a window is clear of the feature when its excess over every template is at least g.

    Raises
    ------
    InputError: no template, templates of different shapes, or a gap that is not positive.
    """

    name: str
    templates: tuple[Box, ...]
    gap: fmpq

    def __post_init__(self) -> None:
        if not self.templates:
            raise InputError(f'feature "{self.name}" has no template')
        shapes = {t.shape for t in self.templates}
        if len(shapes) > 1:
            raise InputError(
                f'the templates of feature "{self.name}" differ in size',
                found=", ".join(sorted("x".join(map(str, s[1:])) for s in shapes)),
                expected="one size",
            )
        if self.gap <= 0:
            raise InputError(f'the gap of feature "{self.name}" is not positive', found=str(self.gap), expected="> 0")

    @property
    def height(self) -> int:
        """Rows of a window of this feature."""
        return self.templates[0].shape[1]

    @property
    def width(self) -> int:
        """Columns of a window of this feature."""
        return self.templates[0].shape[2]


@dataclass(frozen=True)
class Alternative:
    """One way to be of a class: contain all of `requires` and avoid all of `forbids` (names of features)."""

    requires: frozenset[str] = frozenset()
    forbids: frozenset[str] = frozenset()

    def holds(self, configuration: frozenset[str]) -> bool:
        """Whether an image with exactly these features is of this alternative."""
        return self.requires <= configuration and not self.forbids & configuration


@dataclass(frozen=True)
class TaskClass:
    """A class: a list of alternatives; `otherwise` (no alternatives) is satisfied when no other class is.

    Raises
    ------
    InputError: neither alternatives nor `otherwise`, or both.
    """

    name: str
    alternatives: tuple[Alternative, ...] = ()
    otherwise: bool = False

    def __post_init__(self) -> None:
        if self.otherwise == bool(self.alternatives):
            raise InputError(
                f'class "{self.name}" needs either alternatives (requires / forbids / any) or otherwise = true'
            )

    def formula_holds(self, configuration: frozenset[str]) -> bool:
        """Whether some alternative holds (never for `otherwise`; see `Task.satisfied`)."""
        return any(a.holds(configuration) for a in self.alternatives)


@dataclass(frozen=True)
class GeneratorSpec:
    """How images are made: background pixels drawn from [low, high], templates placed `spacing` apart.

    Attributes
    ----------
    background: one interval a channel.
    spacing: the least distance in pixels between two placed templates: at least this many whole rows or columns
        of background lie between their windows.
    """

    background: tuple[tuple[fmpq, fmpq], ...]
    spacing: int = 1


@dataclass(frozen=True)
class Task:
    """A feature-based classification task.

    Attributes
    ----------
    name: the task's name.
    channels: names of the channels; a single unnamed channel is `("",)`.
    pixel: the pixel range.
    features: in the order of the task file; names unique.
    classes: in the order of the task file, which is the order of a network's logits; names unique.
    generator: how images are made, if the task says so.
    source: the file that the task came from, for messages; not part of the task's meaning.

    Raises
    ------
    InputError: a name used twice, a class naming an unknown feature, more than one `otherwise`, fewer than two
        classes, a template with other channels than the task or outside the pixel range.
    """

    name: str
    features: tuple[Feature, ...]
    classes: tuple[TaskClass, ...]
    channels: tuple[str, ...] = ("",)
    pixel: PixelRange = field(default_factory=PixelRange)
    generator: GeneratorSpec | None = None
    source: str | None = field(default=None, compare=False)

    def __post_init__(self) -> None:
        for kind, names in (
            ("feature", [f.name for f in self.features]),
            ("class", [c.name for c in self.classes]),
            ("channel", list(self.channels)),
        ):
            for name in names:
                if names.count(name) > 1:
                    raise InputError(f"two {kind} entries have the same name", found=f'"{name}"')
        if not self.features:
            raise InputError("the task has no feature", expected="at least one [[feature]]")
        if len(self.classes) < 2:
            raise InputError(
                "a classification task needs at least two classes", found=str(len(self.classes)), expected="2 or more"
            )
        if sum(c.otherwise for c in self.classes) > 1:
            raise InputError("more than one class is `otherwise`", expected="at most one")
        known = {f.name for f in self.features}
        for task_class in self.classes:
            for alternative in task_class.alternatives:
                for name in sorted((alternative.requires | alternative.forbids) - known):
                    raise InputError(
                        f'class "{task_class.name}" names an unknown feature',
                        found=f'"{name}"',
                        expected="one of " + ", ".join(f'"{n}"' for n in sorted(known)),
                    )
        for feature in self.features:
            for template in feature.templates:
                if template.shape[0] != len(self.channels):
                    raise InputError(
                        f'a template of feature "{feature.name}" has the wrong number of channels',
                        found=str(template.shape[0]),
                        expected=str(len(self.channels)),
                    )
                if template.cut(self.pixel.low, self.pixel.high) != template:
                    raise InputError(
                        f'a template of feature "{feature.name}" leaves the pixel range',
                        expected=f"values in [{self.pixel.low}, {self.pixel.high}]",
                    )
        if self.generator and len(self.generator.background) != len(self.channels):
            raise InputError(
                "the generator's background has the wrong number of channels",
                found=str(len(self.generator.background)),
                expected=str(len(self.channels)),
            )

    @cached_property
    def feature_index(self) -> Mapping[str, int]:
        """Each feature's place in `features`."""
        return {f.name: i for i, f in enumerate(self.features)}

    @cached_property
    def largest_window(self) -> tuple[int, int]:
        """The greatest height and the greatest width of any feature's window."""
        return max(f.height for f in self.features), max(f.width for f in self.features)

    def satisfied(self, configuration: frozenset[str]) -> tuple[str, ...]:
        """The names of all classes that an image with exactly these features satisfies, in the task's order.

        `otherwise` is satisfied exactly when no other class is.
        """
        named = tuple(c.name for c in self.classes if c.formula_holds(configuration))
        return named or tuple(c.name for c in self.classes if c.otherwise)

    def label(self, configuration: frozenset[str]) -> str | None:
        """The one class that the configuration satisfies, or None if there is none or more than one."""
        names = self.satisfied(configuration)
        return names[0] if len(names) == 1 else None

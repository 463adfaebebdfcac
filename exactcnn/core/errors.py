"""The errors that exactcnn raises on purpose.

Every one of them carries what a person needs to mend the input: where, what was found, what was expected.
"""

from __future__ import annotations

__all__ = ["ExactCnnError", "InputError", "InternalError"]


class ExactCnnError(Exception):
    """Base of all errors raised on purpose; `exit_code` is the process's exit code."""

    exit_code = 5


class InputError(ExactCnnError):
    """Something given to exactcnn cannot be used.

    Attributes
    ----------
    message: what is wrong, in one sentence without its place.
    source: the file (or other origin) at fault, if there is one.
    place: where in it: a table and key, a layer, a line.
    found: what stands there.
    expected: what should stand there.
    hint: how to mend it.
    """

    exit_code = 4

    def __init__(
        self,
        message: str,
        *,
        source: str | None = None,
        place: str | None = None,
        found: str | None = None,
        expected: str | None = None,
        hint: str | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.source = source
        self.place = place
        self.found = found
        self.expected = expected
        self.hint = hint

    def located(self, *, source: str | None = None, place: str | None = None) -> InputError:
        """The same error with the missing parts of its place filled in."""
        return InputError(
            self.message,
            source=self.source or source,
            place=self.place or place,
            found=self.found,
            expected=self.expected,
            hint=self.hint,
        )

    def __str__(self) -> str:
        where = ": ".join(part for part in (self.source, self.place) if part)
        parts = [f"{where}: {self.message}" if where else self.message]
        if self.found is not None:
            parts.append(f"found {self.found}")
        if self.expected is not None:
            parts.append(f"expected {self.expected}")
        text = "; ".join(parts)
        return f"{text}. {self.hint}" if self.hint else text


class InternalError(ExactCnnError):
    """Two parts of exactcnn disagree: a bug in exactcnn, never the user's fault."""

    exit_code = 5

"""Rich's console with this program's manners."""

from __future__ import annotations

from typing import NoReturn

from rich.console import Console

__all__ = ["PlainConsole"]

_PIPE_WIDTH = 140


class PlainConsole(Console):
    """Prints text as it is (no markup, no guessed colours); a reader that has gone is an error like any other."""

    def __init__(self, *, error: bool) -> None:
        super().__init__(stderr=error, markup=False, highlight=False, emoji=False)
        if not self.is_terminal:
            # Nothing says how wide a pipe is; 80 columns would cut tables.
            self.width = max(self.width, _PIPE_WIDTH)

    def on_broken_pipe(self) -> NoReturn:
        """Rich would exit with code 1, which here means REFUTED.

        Raises
        ------
        BrokenPipeError: always.
        """
        raise BrokenPipeError

"""The console script `exactcnn`: the commands, and the only place where errors end.

Exit codes: 0 proved or done, 1 refuted, 2 vacuous, 3 unknown, timeout or interrupted, 4 bad input,
5 internal error.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from exactcnn import __version__
from exactcnn.cli.authoring import build, new
from exactcnn.cli.checking import check, explain
from exactcnn.cli.demo import demo
from exactcnn.cli.exporting import export
from exactcnn.cli.images import audit, classify, generate
from exactcnn.cli.margin import margin
from exactcnn.cli.selftest import selftest
from exactcnn.cli.verifying import verify
from exactcnn.core.errors import ExactCnnError, InputError
from exactcnn.core.verdict import EXIT_BAD_INPUT, EXIT_INTERNAL, Verdict

__all__ = ["app", "main"]

# What a stream says whose disk is full.
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_EXIT_INTERRUPTED = Verdict.UNKNOWN.exit_code


class _EscapedError(Exception):
    """Carries, as its cause, an exception that the framework would otherwise handle in a way of its own."""


class _Commands(TyperGroup):
    """All commands; their errors become one message and an exit code."""

    def invoke(self, ctx: Any) -> Any:
        """Runs the chosen command."""
        try:
            result = super().invoke(ctx)
            sys.stdout.flush()
        except (KeyboardInterrupt, EOFError, OSError) as error:
            raise _EscapedError from error
        return result

    def main(self, args: Sequence[str] | None = None, *more: Any, **options: Any) -> Any:
        """Runs the command line and exits."""
        given = list(sys.argv[1:] if args is None else args)
        debug = "--debug" in given
        given = [argument for argument in given if argument != "--debug"]
        options["standalone_mode"] = False
        try:
            code = super().main(given, *more, **options)
        except Exception as error:
            code = _ended_by(error, debug=debug)
        sys.exit(code if isinstance(code, int) else 0)


def _ended_by(error: Exception, *, debug: bool) -> int:
    """Says what ended the command; the exit code."""
    cause: BaseException = error.__cause__ or error if isinstance(error, _EscapedError) else error
    if debug:
        traceback.print_exception(cause)
    if isinstance(cause, OSError) and (isinstance(cause, BrokenPipeError) or cause.errno in _FULL):
        # Nobody reads stdout any more; what is still in its buffer must not raise a second time at the very end.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        if isinstance(cause, BrokenPipeError):
            return _EXIT_INTERRUPTED
        _say("error: ", f"the output cannot be written ({cause.strerror})")
        return EXIT_BAD_INPUT
    if isinstance(cause, (KeyboardInterrupt, typer.Abort)):
        _say("interrupted", "")
        return _EXIT_INTERRUPTED
    if isinstance(cause, InputError):
        _say("error: ", str(cause))
        return cause.exit_code
    # Errors in the command line itself belong to classes that typer keeps in different places in different versions.
    usage = getattr(cause, "format_message", None)
    if usage is not None:
        context = getattr(cause, "ctx", None)
        command = getattr(context, "command_path", "exactcnn")
        message = " ".join(str(usage()).split()).rstrip(".").replace("Value error, ", "")
        message += "" if message.endswith("?") else "."
        _say("error: ", f"{message} `{command} --help` shows what can be given.")
        return EXIT_BAD_INPUT
    detail = str(cause) if isinstance(cause, ExactCnnError) else f"{type(cause).__name__}: {cause}"
    hint = "" if debug else " Run it again with --debug for a traceback."
    _say("internal error: ", f"{detail}. This is a bug in exactcnn; please report it.{hint}")
    return EXIT_INTERNAL


def _say(heading: str, text: str) -> None:
    from rich.text import Text

    from exactcnn.cli.common import stderr

    # The exit code says it, too: an error here would change it to 1, which means REFUTED.
    with contextlib.suppress(OSError):
        stderr().print(Text.assemble((heading, "bold red"), text), soft_wrap=True)


app = typer.Typer(
    name="exactcnn",
    cls=_Commands,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
    add_completion=False,
)


def _version(value: bool) -> None:
    if value:
        typer.echo(f"exactcnn {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    ctx: typer.Context,
    _asked: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    _debug: Annotated[bool, typer.Option("--debug", help="Print a traceback with any error.")] = False,
) -> None:
    """Proves that a convolutional network is right on every image of a task, or shows an image it gets wrong.

    Examples:
      exactcnn demo                          everything, on a shipped task
      exactcnn new signs                     write a task file to start from
      exactcnn verify signs.toml             build a network and prove it
      exactcnn verify signs.toml --network mine.onnx --size 8x8..64x64

    Exit codes: 0 proved or done, 1 refuted, 2 vacuous, 3 unknown or out of
    time, 4 bad input, 5 a bug in exactcnn.
    """
    if ctx.invoked_subcommand is None:
        typer.echo(ctx.get_help())


for _command in (demo, new, build, verify, check, explain, generate, audit, classify, export, margin, selftest):
    app.command()(_command)


def main() -> None:
    """The entry point of the console script."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            # A terminal that cannot show a character gets a stand-in, not an error.
            reconfigure(errors="backslashreplace")
    app()

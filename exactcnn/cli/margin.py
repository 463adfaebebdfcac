"""`exactcnn margin`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from exactcnn.cli.common import (
    JsonOption,
    NetworkOption,
    SizeOption,
    TaskArgument,
    WorkersOption,
    note,
    parse_sizes,
    print_json,
    seconds,
    stdout,
)
from exactcnn.cli.networks import BatchNormName, BatchNormOption, read_network
from exactcnn.core.verdict import Verdict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from flint import fmpq

    from exactcnn.core.outcome import Outcome
    from exactcnn.prover.margin import Bracket, Trial
    from exactcnn.task.model import Task

__all__ = ["margin"]


def margin(
    task: TaskArgument,
    network: NetworkOption = None,
    batch_norm: BatchNormOption = BatchNormName.EXACT,
    size: SizeOption = "any",
    bits: Annotated[
        int, typer.Option("--bits", metavar="B", min=1, max=200, help="Bracket the limits to within 2^-B.")
    ] = 20,
    timeout: Annotated[
        float, typer.Option("--timeout", metavar="S", help="Stop after this many seconds, with what is known by then.")
    ] = 300.0,
    workers: WorkersOption = None,
    as_json: JsonOption = False,
) -> None:
    """Find how much tolerance can be added, and how small the gaps can be.

    The network is held fixed (the built one, unless one is given) while all
    template intervals are widened, and then while all gaps are scaled. Each
    limit is a bracket of exact rationals: proved at one end, refuted or
    vacuous at the other. When the time is up, or at Ctrl-C, the brackets
    found so far are printed.

    Examples:
      exactcnn margin signs.toml
      exactcnn margin signs.toml --network mine.onnx --size 28x28 --bits 10
      exactcnn margin signs.toml --timeout 3600

    Exit codes: those of verify for the task as it is drawn; 3 after Ctrl-C.
    """
    from exactcnn import api
    from exactcnn.cli.margin_trials import TimedVerifier, brackets
    from exactcnn.cli.progress import ProgressDisplay

    sizes = parse_sizes(size)
    seconds(timeout)
    subject = api.load_task(task)
    net = api.build(subject) if network is None else read_network(network, batch_norm)

    def verified(changed: Task, allowed: float) -> Outcome:
        return api.verify(changed, net, sizes=sizes, timeout=allowed, workers=workers)

    trials = TimedVerifier(verified, timeout)
    with ProgressDisplay("margin") as progress:
        tolerance, gap = brackets(subject, trials, bits, progress)
    common = {f.gap for f in subject.features}
    uniform = common.pop() if len(common) == 1 else None
    if as_json:
        form = {"task": subject.name, "sizes": str(sizes), "verdict": tolerance.drawn.outcome.verdict.value}
        gaps = _bracket_json(gap, uniform)
        form["ended"] = "interrupted" if trials.interrupted else "time" if trials.late else "complete"
        print_json(form | {"bits": bits, "tolerance": _bracket_json(tolerance, None), "gap": gaps})
    else:
        console = stdout()
        for line in (*_tolerance_lines(tolerance), "", *_gap_lines(gap, uniform)):
            console.print(line, soft_wrap=True)
    if trials.interrupted:
        note("interrupted: the brackets are those found so far")
        raise typer.Exit(Verdict.UNKNOWN.exit_code)
    if trials.late:
        note(f"the time limit of {timeout:g} s was reached: more time (--timeout) may narrow the brackets")
    raise typer.Exit(tolerance.drawn.outcome.verdict.exit_code)


def _why(trial: Trial) -> str:
    """The answer of a trial in words."""
    from exactcnn.report.wording import claim

    return f"{trial.outcome.verdict.value}: {claim(trial.outcome)}"


def _near(value: fmpq) -> str:
    from exactcnn.report.wording import number_text

    text = number_text(value)
    # Dyadics of many bits are short fractions that nobody can read at a glance.
    return text if "about" in text or int(value.q) < 1000 else f"{text} (about {float(value.p) / float(value.q):.6g})"


def _tolerance_lines(bracket: Bracket) -> Iterator[str]:
    yield "TOLERANCE  every template interval widened by delta on both sides (cut to the pixel range)"
    if bracket.holds is None:
        yield f"  as drawn (delta = 0): {_why(bracket.drawn)}"
        return
    yield f"  PROVED at  delta = {_near(bracket.holds.value)}"
    if bracket.fails is None:
        yield "  no delta up to the length of the pixel range was refuted or vacuous" + _so_far(bracket)
    else:
        yield f"  fails at   delta = {_near(bracket.fails.value)}   {_why(bracket.fails)}"
    yield from _open_lines(bracket, "delta")
    yield (
        f"  A bracket from {bracket.tried} values of delta{_so_far(bracket)}. Between its ends nothing is claimed, and "
        "whether the instance holds is not monotone in the tolerance in general: only the values tried are known."
    )


def _gap_lines(bracket: Bracket, uniform: fmpq | None) -> Iterator[str]:
    yield "GAP  every gap multiplied by lambda (a smaller gap admits more images)"
    if bracket.holds is None:
        yield f"  as drawn (lambda = 1): {_why(bracket.drawn)}"
        yield f"  and PROVED at none of the {bracket.tried} factors tried{_so_far(bracket)}"
        return
    yield f"  PROVED at  lambda = {_near(bracket.holds.value)}{_gap(bracket.holds, uniform)}"
    if bracket.fails is None:
        yield "  no smaller factor on the grid was refuted or vacuous" + _so_far(bracket)
    else:
        gap = _gap(bracket.fails, uniform)
        yield f"  fails at   lambda = {_near(bracket.fails.value)}{gap}   {_why(bracket.fails)}"
    yield from _open_lines(bracket, "lambda")
    yield f"  A bracket from {bracket.tried} values of lambda{_so_far(bracket)}. Between its ends nothing is claimed."


def _so_far(bracket: Bracket) -> str:
    return "" if bracket.complete else " so far: the search was stopped"


def _gap(trial: Trial, uniform: fmpq | None) -> str:
    return "" if uniform is None else f", gap {_near(uniform * trial.value)}"


def _open_lines(bracket: Bracket, symbol: str) -> Iterator[str]:
    for trial in bracket.open[:5]:
        yield f"  no answer at {symbol} = {_near(trial.value)}   {_why(trial)}"
    if len(bracket.open) > 5:
        yield f"  and no answer at {len(bracket.open) - 5} other values"


def _bracket_json(bracket: Bracket, uniform: fmpq | None) -> dict[str, Any]:
    form: dict[str, Any] = {
        "holds_at": None if bracket.holds is None else str(bracket.holds.value),
        "fails_at": None if bracket.fails is None else str(bracket.fails.value),
        "fails_with": None if bracket.fails is None else bracket.fails.outcome.verdict.value,
        "reason": None if bracket.fails is None else _why(bracket.fails),
        "complete": bracket.complete,
        "open": [{"value": str(t.value), "verdict": t.outcome.verdict.value} for t in bracket.open],
        "tried": bracket.tried,
    }
    if uniform is not None:
        form["gap_holds_at"] = None if bracket.holds is None else str(bracket.holds.value * uniform)
        form["gap_fails_at"] = None if bracket.fails is None else str(bracket.fails.value * uniform)
    return form

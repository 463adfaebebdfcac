"""`exactcnn export`."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from exactcnn.cli.common import NetworkOption, SizeOption, note, one_size, parse_sizes, stdout
from exactcnn.cli.networks import BatchNormName, BatchNormOption, read_network
from exactcnn.core.errors import InputError

if TYPE_CHECKING:
    from exactcnn.network.model import Network
    from exactcnn.prover.obligations import Obligation
    from exactcnn.task.model import Task

__all__ = ["export", "template_of"]


SubjectArgument = Annotated[
    Path,
    typer.Argument(
        metavar="TASK", help="The task file (TOML), or a certificate (.cert, its .stmt beside it).", show_default=False
    ),
]


class FormatName(StrEnum):
    """What can be written."""

    SMTLIB = "smtlib"
    SYMPY = "sympy"
    LATEX = "latex"
    COQ = "coq"


def export(
    task: SubjectArgument,
    to: Annotated[FormatName, typer.Option("--to", help="What to write.", show_default=False)],
    output: Annotated[
        Path | None, typer.Option("--output", "-o", metavar="OUT", help="The file to write.", show_default=False)
    ] = None,
    what: Annotated[
        str | None, typer.Option("--what", metavar="WHAT", help="Which part; see above.", show_default=False)
    ] = None,
    listed: Annotated[bool, typer.Option("--list", help="List what there is to write instead.")] = False,
    network: NetworkOption = None,
    batch_norm: BatchNormOption = BatchNormName.EXACT,
    size: SizeOption = "any",
) -> None:
    """Write proof obligations, theorems or the network's formulas for other tools.

    coq, for a certificate: a file for Coq whose last theorem is what the
    certificate proves; proofs/README.md says how to compile it.

    A certificate's sequents go to smtlib: --what is a sequent's number
    (--list shows them), or all. Each script is unsatisfiable exactly if the
    sequent holds: z3, cvc5 or yices-smt2 confirm it with `unsat`. Inequalities
    that they need are asserted only after z3 confirmed each by itself; as
    scripts of their own they have the numbers N.1, N.2 and so on.

    For a task, smtlib: --what is the number or name of an obligation of the modular method
    (--list shows them), all (one script, a reset between), or monolithic (one
    formula at --size HxW). Each script is satisfiable exactly if what it
    stands for is wrong.

    sympy, latex: --what is network (at --size HxW; the default), or
    detector:FEATURE, excess:FEATURE, with :TEMPLATE for another than number 0.

    Examples:
      exactcnn export signs.toml --to smtlib --list
      exactcnn export signs.toml --to smtlib --what upper-1 -o upper.smt2
      exactcnn export signs.toml --to smtlib --what monolithic --size 8x8 -o all.smt2
      exactcnn export signs.cert --to smtlib --what 12 -o sequent.smt2
      exactcnn export signs.cert --to coq -o signs.v
      exactcnn export signs.toml --to latex --what detector:cross -o cross.tex
      exactcnn export tiny.toml --to sympy --size 4x4 -o net.py
    """
    from exactcnn import api
    from exactcnn.formats.files import atomic_write

    if output is None and not listed:
        raise InputError("nowhere to write to", place="--output", expected="-o OUT, or --list")
    if task.suffix == ".cert":
        text = _of_certificate(task, to, what, listed=listed)
        if listed or output is None:
            stdout().print(text, soft_wrap=True)
            return
        atomic_write(output, text)
        note(f"wrote {output}")
        return
    if to is FormatName.COQ:
        hint = "`exactcnn verify TASK --certificate OUT.cert` makes one"
        raise InputError("coq is for certificates", found=str(task), expected="a .cert file", hint=hint)
    subject = api.load_task(task)

    def net() -> Network:
        return api.build(subject) if network is None else read_network(network, batch_norm)

    if to is FormatName.SMTLIB:
        text = _smtlib(subject, net(), what, size, listed=listed)
    elif listed:
        text = "\n".join(_parts(subject))
    else:
        text = _symbolic(subject, net, what or "network", size, latex=to is FormatName.LATEX)
    if listed or output is None:
        stdout().print(text, soft_wrap=True)
        return
    atomic_write(output, text)
    note(f"wrote {output}")


# -- SMT-LIB ----------------------------------------------------------------------------------------------------------


def _smtlib(task: Task, network: Network, what: str | None, size: str, *, listed: bool) -> str:
    from exactcnn.formats.smtlib import sequent_script

    if what == "monolithic" and not listed:
        from exactcnn.oracles.monolithic import monolithic_smtlib

        return monolithic_smtlib(task, network, *one_size(size))
    found = _obligations(task, network, size)
    if listed:
        lines = [f"{n:>4}  {o.name:<10}  {o.status.value:<6}  {o.sequent.title}" for n, o in enumerate(found, 1)]
        return "\n".join([*lines, "      monolithic          one formula over all pixels, with --size HxW"])
    if what is None:
        raise InputError(
            "which obligation?", place="--what", expected="a number, a name, all, or monolithic; --list shows them"
        )
    if what == "all":
        # One logic a script: a reset is what lets a new one begin.
        return "(reset)\n".join(sequent_script(o.sequent) for o in found)
    return sequent_script(_chosen(found, what).sequent)


def _obligations(task: Task, network: Network, size: str) -> list[Obligation]:
    from exactcnn.cli.progress import ProgressDisplay
    from exactcnn.prover.obligations import collect_obligations
    from exactcnn.solvers.z3_solver import Z3Solver

    with ProgressDisplay("collecting obligations") as progress:
        found, outcome = collect_obligations(task, network, parse_sizes(size), Z3Solver(), progress=progress)
    if not found:
        raise InputError(
            "no obligation was put to the solver",
            found=f"{outcome.verdict.value}" + (f": {outcome.reason}" if outcome.reason else ""),
            hint="A witness image alone can decide an instance; `exactcnn verify` shows it",
        )
    return found


def _chosen(found: list[Obligation], what: str) -> Obligation:
    for number, obligation in enumerate(found, 1):
        if what in (str(number), obligation.name):
            return obligation
    names = [o.name for o in found]
    raise InputError(
        "no such obligation",
        place="--what",
        found=repr(what),
        expected=f"1 to {len(found)}, or a name such as {names[0]} or {names[-1]}",
    )


# -- certificates -----------------------------------------------------------------------------------------------------


def _of_certificate(certificate: Path, to: FormatName, what: str | None, *, listed: bool) -> str:
    from exactcnn import api

    if to is FormatName.SMTLIB:
        return _certificate_scripts(certificate, what, listed=listed)
    if to is not FormatName.COQ:
        raise InputError("a certificate is no task", place="--to", found=to.value, expected="smtlib or coq")
    if what is not None or listed:
        option = "--list" if listed else "--what"
        raise InputError("coq has no parts to choose from", place=option, expected="-o OUT.v alone")
    return api.coq_theorem(certificate.with_suffix(".stmt"), certificate)


def _certificate_scripts(certificate: Path, what: str | None, *, listed: bool) -> str:
    from exactcnn import api
    from exactcnn.formats.smtlib import sequent_script
    from exactcnn.solvers.second_opinion import confirmed, named_solver

    questions = api.sequents(certificate.with_suffix(".stmt"), certificate)
    if listed:
        lines = [f"{n:>5}  {q.name.partition(' (')[2].removesuffix(')')}" for n, q in enumerate(questions, 1)]
        return "\n".join([*lines, "  all  all of them, a reset between"])
    if what is None:
        expected = f"1 to {len(questions)}, or all; --list shows them"
        raise InputError("which sequent?", place="--what", expected=expected)
    solver = named_solver("z3")
    if what == "all":
        return "(reset)\n".join(sequent_script(confirmed(solver, q)) for q in questions)
    number, _, inequality = what.partition(".")
    if not number.isdecimal() or not 1 <= int(number) <= len(questions):
        raise InputError("no such sequent", place="--what", found=repr(what), expected=f"1 to {len(questions)}, or all")
    question = questions[int(number) - 1]
    if not inequality:
        return sequent_script(confirmed(solver, question))
    last = len(question.candidates)
    if not inequality.isdecimal() or not 1 <= int(inequality) <= last:
        expected = f"{number}.1 to {number}.{last}" if last else f"{number}: its proof derived none"
        raise InputError("no such inequality", place="--what", found=repr(what), expected=expected)
    return sequent_script(question.candidates[int(inequality) - 1][0])


# -- sympy and LaTeX --------------------------------------------------------------------------------------------------


def _parts(task: Task) -> list[str]:
    """What --what can be."""
    parts = ["network  (with --size HxW)"]
    for feature in task.features:
        for template in range(len(feature.templates)):
            suffix = f":{template}" if template else ""
            parts += [f"{kind}:{feature.name}{suffix}" for kind in ("detector", "excess")]
    return parts


def _symbolic(task: Task, network: Any, what: str, size: str, *, latex: bool) -> str:
    from exactcnn.network import symbolic

    if what == "network":
        whole = symbolic.symbolic_network(network(), *one_size(size))
        return symbolic.to_latex(whole) + "\n" if latex else _network_python(task, whole)
    kind, _, rest = what.partition(":")
    makers = {"detector": symbolic.detector, "excess": symbolic.excess}
    if kind not in makers or not rest:
        raise InputError(
            "nothing of that name can be written",
            place="--what",
            found=repr(what),
            expected="network, detector:FEATURE or excess:FEATURE; --list shows them",
        )
    feature, template = template_of(task, rest)
    expression = makers[kind](task, feature, template)
    if latex:
        return symbolic.to_latex(expression) + "\n"
    return _python(f'{kind} of feature "{feature}", template {template}', f"{kind} = {_source(expression)}\n")


def template_of(task: Task, text: str) -> tuple[str, int]:
    """Feature and template of `FEATURE` or `FEATURE:TEMPLATE`; names may have colons in them."""
    name, _, number = text.rpartition(":")
    if text not in task.feature_index and name and number.isascii() and number.isdigit():
        return name, int(number)
    return text, 0


def _network_python(task: Task, network: Any) -> str:
    steps = "".join(f"    {_source(symbol)}: {_source(expression)},\n" for symbol, expression in network.steps)
    logits = "".join(f"    {_source(e)},  # {c.name!r}\n" for e, c in zip(network.logits, task.classes, strict=True))
    channels, height, width = network.shape
    body = (
        "# Every ReLU and maximum, in order, over pixels and earlier ones.\n"
        f"steps = {{\n{steps}}}\n\nlogits = [\n{logits}]\n"
    )
    return _python(f"network on images of {channels} channel(s), {height}x{width}", body)


def _source(expression: Any) -> str:
    """Python source with exact rationals; x_{0,1,2} becomes x(0, 1, 2), and h^{(3)}_{0,1,2} becomes h(3, 0, 1, 2)."""
    import sympy

    text = sympy.sstr(expression, sympy_integers=True)
    text = re.sub(r"x_\{([0-9,]+)\}", lambda m: f"x({m[1].replace(',', ', ')})", text)
    return re.sub(r"h\^\{\(([0-9]+)\)\}_\{([0-9,]+)\}", lambda m: f"h({m[1]}, {m[2].replace(',', ', ')})", text)


def _python(title: str, body: str) -> str:
    from exactcnn import __version__

    return (
        f'"""{_quotable(title)}, exact; written by exactcnn {__version__}.\n\n'
        "x(c, i, j) is the input number of channel c, row i, column j.\n"
        '"""\n\n'
        "from sympy import Max, Min, Piecewise, S, Symbol  # noqa: F401\n\n\n"
        "def x(*place):\n"
        '    return Symbol("x_{" + ",".join(map(str, place)) + "}", real=True)\n\n\n'
        "def h(layer, *place):\n"
        '    return Symbol("h^{(%d)}_{%s}" % (layer, ",".join(map(str, place))), real=True)\n\n\n' + body
    )


def _quotable(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"""', "'''")

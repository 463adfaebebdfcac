"""The Python interface: load, build, verify."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from flint import fmpq

from exactcnn.core.errors import InputError
from exactcnn.core.outcome import CrossCheck, Outcome
from exactcnn.core.rational import parse_rational
from exactcnn.core.sizes import SizeRange
from exactcnn.network.model import InputUnit, Network
from exactcnn.task.model import Task

if TYPE_CHECKING:
    from exactcnn.formats.statement import Execution
    from exactcnn.prover.verify import Progress
    from exactcnn.solvers.second_opinion import Question

__all__ = [
    "Method",
    "build",
    "check",
    "coq_theorem",
    "cross_check",
    "load_network",
    "load_task",
    "save_network",
    "sequents",
    "verify",
]

Method = Literal["modular", "monolithic", "enumerate"]


def load_task(path: str | os.PathLike[str]) -> Task:
    """The task of a TOML file.

    Raises
    ------
    InputError: the file cannot be read or says something else than a task.
    """
    from exactcnn.formats.task_file import load_task as load

    return load(Path(path))


def load_network(path: str | os.PathLike[str], *, batch_norm: Literal["exact", "float32"] = "exact") -> Network:
    """The network of an `.onnx` or `.xnet` file.

    Parameters
    ----------
    batch_norm: what becomes of a batch normalisation whose scale / sqrt(variance + epsilon) is irrational: "exact"
        refuses it, "float32" takes the float32 number next to it, and says so in the network's notes.

    Raises
    ------
    InputError: the file cannot be read, or holds something that is not supported, which is named.
    """
    from exactcnn.formats.network_file import load_network as load

    return load(Path(path), batch_norm=batch_norm)


def save_network(path: str | os.PathLike[str], network: Network) -> None:
    """Writes a network as `.onnx` (float32, lossless) or `.xnet` (exact rationals), by the path's suffix.

    Raises
    ------
    InputError: the suffix is another one, a weight is no float32 number (for `.onnx`), or the file cannot be written.
    """
    from exactcnn.formats.network_file import save_network as save

    save(Path(path), network)


def build(
    task: Task,
    *,
    arithmetic: Literal["dyadic", "rational"] = "dyadic",
    slack: fmpq | str | int = 0,
    unit: InputUnit = InputUnit.PIXEL,
) -> Network:
    """The network that solves a task with zero error (THEOREM.md, section 2).

    Parameters
    ----------
    arithmetic: "dyadic" for weights that float32 holds exactly; "rational" for the exact thresholds.
    slack: the part of the gap, in [0, 1), that is kept in reserve for perturbed weights.
    unit: whether the network reads pixel values or raw bytes.

    Raises
    ------
    InputError: the gap is too small for dyadic weights, or the slack is out of range.
    """
    from exactcnn.network.construct import build_network

    amount = parse_rational(slack) if isinstance(slack, str) else fmpq(slack)
    return build_network(task, arithmetic=arithmetic, slack=amount, unit=unit)


def verify(
    task: Task,
    network: Network | None = None,
    *,
    sizes: SizeRange | str = "any",
    method: Method = "modular",
    timeout: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
    certificate: str | os.PathLike[str] | None = None,
    cross_check: Sequence[str] = (),
    float32: bool = False,
    step: fmpq | str | int | None = None,
    perturb: fmpq | str | int = 0,
) -> Outcome:
    """Whether the network gives the right class for every admissible image of the sizes.

    Parameters
    ----------
    network: the network; None builds one from the task.
    sizes: `HxW`, `HxW..HxW`, `HxW..any` or `any`; the methods "monolithic" and "enumerate" take one size only.
    method: "modular" for all sizes at once; "monolithic" for one formula over all pixels of one size; "enumerate" for
        the generator's images of one size, which proves nothing but may refute.
    timeout: seconds.
    workers: processes; None for one a core.
    progress: called with (stage, done, total).
    certificate: where the certificate of a PROVED goes, by a name that ends in `.cert`; its statement is written beside
        it as `.stmt`. Only the method "modular" has certificates; with it nothing is PROVED that the checker did not
        accept.
    cross_check: solvers, by name, that are asked about every sequent of the certificate of a PROVED: "z3", "cvc5".
    float32: prove it of the network as executed in IEEE 754 binary32, too, in any order of summation, fused or not, on
        all admissible images whose numbers, as the network reads them, are float32. A refutation stays one in exact
        arithmetic.
    step: with `float32`, only of images whose numbers are integer multiples of this power of two ("1/256", "1").
    perturb: widen every template by this much in every pixel first (cut to the pixel range).

    Raises
    ------
    InputError: the network does not fit the task or the sizes, a file cannot be written, a solver is not installed, or
        the network's weights or its file rule out a statement about float32.
    InternalError: the checker rejects the certificate, or a solver has a counterexample to one of its sequents.
    """
    target = None if certificate is None else _certificate_path(certificate, method)
    if cross_check:
        _require_solvers(cross_check, method)
    chosen = SizeRange.parse(sizes) if isinstance(sizes, str) else sizes
    subject = build(task) if network is None else network
    execution = _execution(subject, step, method) if float32 or step is not None else None
    amount = parse_rational(perturb) if isinstance(perturb, str) else fmpq(perturb)
    if amount != 0:
        from exactcnn.prover.margin import widened_task

        if amount < 0:
            raise InputError("a perturbation is no negative number", found=str(amount), expected=">= 0")
        task = widened_task(task, amount)
    if method == "modular":
        from exactcnn.prover.verify import Settings, verify_modular
        from exactcnn.solvers.z3_solver import Z3Solver

        settings = Settings(
            timeout=timeout,
            workers=workers,
            confirm=_rejected,
            source_sha256=_source_sha256(subject),
            float32=execution,
        )
        if progress is not None:
            settings = replace(settings, progress=progress)
        outcome = verify_modular(task, subject, chosen, Z3Solver(), settings)
        if cross_check and outcome.certificate is not None:
            texts = outcome.certificate.statement, outcome.certificate.text
            opinions = _opinions(texts, cross_check, timeout, workers, progress)
            outcome = replace(outcome, cross_checks=opinions)
        if target is not None and outcome.certificate is not None:
            from exactcnn.formats.files import atomic_write_all

            found = outcome.certificate
            atomic_write_all({target.with_suffix(".stmt"): found.statement, target: found.text})
        return outcome
    if not chosen.is_fixed:
        raise InputError(
            f'the method "{method}" works at one size', found=str(chosen), expected="HxW, such as --size 12x12"
        )
    height, width = chosen.min_height, chosen.min_width
    if method == "monolithic":
        from exactcnn.oracles.monolithic import verify_monolithic

        return verify_monolithic(task, subject, height, width, timeout=timeout)
    from exactcnn.oracles.enumeration import verify_enumerate

    return verify_enumerate(task, subject, height, width, timeout=timeout, progress=progress)


def check(statement: str | os.PathLike[str], certificate: str | os.PathLike[str]) -> tuple[bool, str]:
    """Whether the checker accepts a certificate as a proof of a statement, and its verdict in one line.

    Raises
    ------
    InputError: a file cannot be read.
    """
    from exactcnn.checker import kernel
    from exactcnn.formats.files import read_bytes

    files = [io.BytesIO(read_bytes(Path(path))) for path in (statement, certificate)]
    return kernel.check(files[0], files[1])


def coq_theorem(statement: str | os.PathLike[str], certificate: str | os.PathLike[str]) -> str:
    """A Coq file whose last theorem is what a certificate proves; it needs the compiled files of `proofs/coq`.

    Raises
    ------
    InputError: a file cannot be read, the checker rejects the certificate, or statement or certificate have something
        that the checker in Coq does not know, which is named.
    """
    from exactcnn import __version__
    from exactcnn.checker.references import checked
    from exactcnn.formats import coq
    from exactcnn.formats.files import read_text
    from exactcnn.formats.pairing import mismatch

    source = str(certificate)
    texts = read_text(Path(statement)), read_text(Path(certificate))
    proved, verdict = check(statement, certificate)
    if not proved:
        why = mismatch(Path(statement), Path(certificate))
        raise InputError("the checker rejects the certificate", source=source, found=verdict, hint=why)
    found = checked(*(io.BytesIO(text.encode("ascii")) for text in texts))
    try:
        return coq.coq_theorem(*texts, found, Path(certificate).stem, __version__)
    except InputError as error:
        raise error.located(source=source) from None


def sequents(statement: str | os.PathLike[str], certificate: str | os.PathLike[str]) -> list[Question]:
    """The sequents that a certificate shows, as the checker derives them from the statement.

    Raises
    ------
    InputError: a file cannot be read, or the checker rejects the certificate.
    """
    from exactcnn.formats.files import read_text

    return _questions(read_text(Path(statement)), read_text(Path(certificate)), source=str(certificate))


def cross_check(
    statement: str | os.PathLike[str],
    certificate: str | os.PathLike[str],
    solvers: Sequence[str],
    *,
    timeout: float | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> tuple[CrossCheck, ...]:
    """What solvers ("z3", "cvc5") say of every sequent of a certificate.

    Raises
    ------
    InputError: a file cannot be read, the checker rejects the certificate, or a solver is not installed.
    InternalError: a solver has a counterexample to a sequent that the checker accepted a proof of.
    """
    from exactcnn.formats.files import read_text

    _require_solvers(solvers)
    texts = read_text(Path(statement)), read_text(Path(certificate))
    return _opinions(texts, solvers, timeout, workers, progress, source=str(certificate))


def _opinions(
    texts: tuple[str, str],
    solvers: Sequence[str],
    timeout: float | None,
    workers: int | None,
    progress: Progress | None,
    source: str | None = None,
) -> tuple[CrossCheck, ...]:
    from exactcnn.solvers import second_opinion

    questions = _questions(*texts, source=source)
    return second_opinion.cross_check(solvers, questions, timeout=timeout, workers=workers, progress=progress)


def _questions(statement: str, certificate: str, source: str | None = None) -> list[Question]:
    from exactcnn.checker.kernel import Reject
    from exactcnn.checker.sequents import claims
    from exactcnn.formats.kernel_sequent import from_kernel, inequality
    from exactcnn.solvers.second_opinion import Question

    try:
        found = claims(io.BytesIO(statement.encode("ascii")), io.BytesIO(certificate.encode("ascii")))
    except (Reject, UnicodeEncodeError):
        rejected = "the checker rejects the certificate"
        raise InputError(rejected, source=source, hint="`exactcnn check` says where and why") from None
    questions = []
    for number, claim in enumerate(found, 1):
        sequent = from_kernel(claim.sequent, claim.sequent.st.unit, f"sequent {number} of a certificate: {claim.name}")
        rows = enumerate(claim.inequalities, 1)
        candidates = [inequality(sequent, row, f"inequality {i} for sequent {number}") for i, row in rows]
        questions.append(Question(f"sequent {number} ({claim.name})", sequent, tuple(candidates)))
    return questions


def _require_solvers(names: Sequence[str], method: Method = "modular") -> None:
    from exactcnn.solvers.second_opinion import named_solver

    if method != "modular":
        raise InputError("only the modular method has sequents to cross-check", found=f'the method "{method}"')
    for name in names:
        named_solver(name)


def _execution(network: Network, step: fmpq | str | int | None, method: Method) -> Execution:
    """What a statement about float32 is about.

    Raises
    ------
    InputError: there is no such statement about this network.
    """
    from exactcnn.formats.statement import Execution

    if method != "modular":
        raise InputError("only the modular method proves float32 execution right", found=f'the method "{method}"')
    if network.rewritten:
        raise InputError(
            "float32 execution is proved right only where the network's layers are the file's own operations",
            source=network.source,
            found="operations that were rewritten as others, which round elsewhere",
            expected="a chain of Conv, Relu, MaxPool, AveragePool, a global pool and Gemm",
        )
    return Execution(parse_rational(step) if isinstance(step, str) else None if step is None else fmpq(step))


def _rejected(statement: str, certificate: str) -> str | None:
    """Why the checker rejects the texts; None if it accepts them."""
    from exactcnn.checker import kernel

    proved, text = kernel.check(io.BytesIO(statement.encode("ascii")), io.BytesIO(certificate.encode("ascii")))
    return None if proved else text


def _certificate_path(path: str | os.PathLike[str], method: Method) -> Path:
    found = Path(path)
    if method != "modular":
        raise InputError("only the modular method has certificates", found=f'the method "{method}"', expected="modular")
    if found.suffix != ".cert":
        raise InputError("not a name for a certificate", found=str(found), expected="a name that ends in .cert")
    return found


def _source_sha256(network: Network) -> str | None:
    """The SHA-256 of the ONNX file that a network came from, if the file still holds this network."""
    if network.source is None or Path(network.source).suffix.lower() != ".onnx":
        return None
    from exactcnn.formats.files import read_bytes
    from exactcnn.formats.onnx_file import from_onnx
    from exactcnn.formats.xnet import format_xnet

    try:
        data = read_bytes(Path(network.source))
        same = format_xnet(from_onnx(data, network.source)) == format_xnet(network)
    except InputError:
        return None
    return hashlib.sha256(data).hexdigest() if same else None

"""What `exactcnn explain TASK|CERT|OUTCOME --html OUT` writes."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from exactcnn.cli.certified import require_proof
from exactcnn.cli.common import note, parse_sizes, require_folder
from exactcnn.cli.networks import BatchNormName, read_network
from exactcnn.core.errors import InputError
from exactcnn.core.verdict import Verdict

if TYPE_CHECKING:
    from exactcnn.core.outcome import Certificate, Outcome
    from exactcnn.network.model import Network
    from exactcnn.report.outcome_reader import ReadOutcome
    from exactcnn.task.model import Task

__all__ = ["ExplorerRequest", "explore"]

_BUILT = "built from the task"


@dataclass(frozen=True)
class ExplorerRequest:
    """What the command line asks for.

    Attributes
    ----------
    subject: a task (.toml), a certificate (.cert), or an outcome (.json).
    output: where the page goes.
    statement: of a certificate; beside it by default.
    task: of an outcome; by default the file that the outcome names.
    network: of a task, or of an outcome.
    size: the sizes that a task is verified at.
    timeout: seconds for the verification of a task.
    batch_norm: what becomes of the network's batch normalisation by irrational numbers; an outcome may say it itself.
    """

    subject: Path
    output: Path
    statement: Path | None = None
    task: Path | None = None
    network: Path | None = None
    size: str = "any"
    timeout: float | None = None
    batch_norm: BatchNormName = BatchNormName.EXACT


@dataclass(frozen=True)
class _Subject:
    """What the page is about."""

    task: Task
    network: Network
    outcome: Outcome
    network_name: str


def explore(request: ExplorerRequest) -> None:
    """Writes the page.

    Raises
    ------
    InputError: the subject is none, an option does not belong to it, or a file cannot be read or written.
    typer.Exit: the checker rejects the certificate.
    """
    require_folder(request.output)
    if request.output.suffix.lower() not in (".html", ".htm"):
        raise InputError(
            "not a name for a page", source=str(request.output), expected="a name that ends in .html", place="--html"
        )
    makers = {".toml": _of_task, ".cert": _of_certificate, ".json": _of_outcome}
    maker = makers.get(request.subject.suffix.lower())
    if maker is None:
        raise InputError(
            "a page is made of a task, a certificate or an outcome",
            source=str(request.subject),
            expected="a name that ends in .toml, .cert or .json",
        )
    if request.output.resolve() == request.subject.resolve():
        raise InputError("the page would take the place of what it is about", source=str(request.output))
    found = maker(request)
    from exactcnn.formats.files import atomic_write
    from exactcnn.report.explorer_page import explorer_page

    page = explorer_page(
        found.task,
        found.network,
        found.outcome,
        network_name=found.network_name,
        source=request.subject.name,
    )
    atomic_write(request.output, page)
    note(f"wrote {request.output}: open it in a browser")


def _refuse(request: ExplorerRequest, kind: str, *options: str) -> None:
    """Nothing, if none of these options is given.

    Raises
    ------
    InputError: one of them is, and has no meaning for this kind of subject.
    """
    given = {
        "--statement": request.statement is not None,
        "--task": request.task is not None,
        "--network": request.network is not None,
        "--size": request.size != "any",
        "--timeout": request.timeout is not None,
        "--batch-norm": request.batch_norm is not BatchNormName.EXACT,
    }
    for option in options:
        if given[option]:
            raise InputError(f"{option} has no meaning for {kind}", source=str(request.subject), place=option)


def _of_task(request: ExplorerRequest) -> _Subject:
    """A task: it is verified first."""
    from exactcnn import api
    from exactcnn.cli.progress import ProgressDisplay

    _refuse(request, "a task", "--statement", "--task")
    task = api.load_task(request.subject)
    network, name = _network(request.network, task, request.batch_norm)
    with ProgressDisplay("verifying") as progress:
        outcome = api.verify(task, network, sizes=parse_sizes(request.size), timeout=request.timeout, progress=progress)
    note(f"verified: {outcome.verdict.value}")
    return _Subject(task, network, outcome, name)


def _network(path: Path | None, task: Task, batch_norm: BatchNormName) -> tuple[Network, str]:
    from exactcnn import api

    if path is None:
        return api.build(task), _BUILT
    return read_network(path, batch_norm), path.name


def _of_certificate(request: ExplorerRequest) -> _Subject:
    """A certificate: the kernel checks it first, and the task is the statement's."""
    from exactcnn.core.outcome import Certificate
    from exactcnn.formats.files import read_text

    _refuse(request, "a certificate", "--task", "--network", "--size", "--timeout", "--batch-norm")
    claim = request.subject.with_suffix(".stmt") if request.statement is None else request.statement
    require_proof(claim, request.subject)
    return _proved(Certificate(read_text(claim), read_text(request.subject)), str(claim))


def _proved(certificate: Certificate, source: str) -> _Subject:
    """What an accepted certificate proves."""
    from exactcnn.core.outcome import Outcome
    from exactcnn.formats.statement_reader import read_statement

    statement = read_statement(certificate.statement, source)
    outcome = Outcome(
        verdict=Verdict.PROVED,
        task=statement.task.name,
        sizes=statement.sizes,
        method="modular",
        class_names=tuple(c.name for c in statement.task.classes),
        margin=statement.margin,
        evidence="certificate",
        certificate=certificate,
    )
    return _Subject(statement.task, statement.network, outcome, "in the statement")


def _of_outcome(request: ExplorerRequest) -> _Subject:
    """An outcome: a counterexample is replayed first, and a certificate beside it is checked."""
    from exactcnn.formats.files import read_text
    from exactcnn.report.outcome_reader import read_outcome

    _refuse(request, "an outcome", "--statement", "--size", "--timeout")
    read = read_outcome(read_text(request.subject), str(request.subject))
    certificate = _beside(request, read)
    if certificate is not None:
        return _of_certificate(ExplorerRequest(certificate, request.output))
    task, network, name = _sources(request, read)
    if read.outcome.verdict is Verdict.REFUTED:
        _replayed(request, read.outcome, task, network)
    return _Subject(task, network, read.outcome, name)


def _beside(request: ExplorerRequest, read: ReadOutcome) -> Path | None:
    """The certificate that an outcome names, if the file is still there."""
    if read.statement is None:
        return None
    for name in read.files:
        for found in (Path(name), request.subject.parent / Path(name).name):
            claim = found.with_suffix(".stmt")
            # A later run may have written another proof under the same name.
            if found.suffix == ".cert" and found.is_file() and claim.is_file() and _sha256(claim) == read.statement:
                return found
    return None


def _sha256(path: Path) -> str:
    from exactcnn.formats.files import read_bytes

    return hashlib.sha256(read_bytes(path)).hexdigest()


def _sources(request: ExplorerRequest, read: ReadOutcome) -> tuple[Task, Network, str]:
    """The task and the network that an outcome is about."""
    from exactcnn import api
    from exactcnn.core.rational import parse_rational

    path = request.task or _named(request, read, "task")
    if path is None:
        raise InputError(
            "the outcome does not say where its task is", source=str(request.subject), hint="Name it: --task TASK"
        )
    task = api.load_task(path)
    if task.name != read.outcome.task or tuple(c.name for c in task.classes) != read.outcome.class_names:
        raise InputError(
            "the outcome is about another task",
            source=str(path),
            found=f'"{task.name}"',
            expected=f'"{read.outcome.task}"',
        )
    amount = parse_rational(read.sources.get("perturb", "0"))
    if amount > 0:
        from exactcnn.prover.margin import widened_task

        task = widened_task(task, amount)
    path = request.network or _named(request, read, "network")
    network, name = _network(path, task, _batch_norm(request, read))
    return task, network, name


def _batch_norm(request: ExplorerRequest, read: ReadOutcome) -> BatchNormName:
    """How the outcome's network was read, unless the command line says how."""
    named = read.sources.get("batch_norm", request.batch_norm.value)
    if request.batch_norm is not BatchNormName.EXACT:
        return request.batch_norm
    if named not in list(BatchNormName):
        raise InputError("no way to read batch normalisation", source=str(request.subject), found=repr(named))
    return BatchNormName(named)


def _named(request: ExplorerRequest, read: ReadOutcome, what: str) -> Path | None:
    """The file that an outcome names, found from here or from the outcome's own folder."""
    name = read.sources.get(what)
    if name is None:
        return None
    beside = request.subject.parent / name
    return beside if beside.is_file() and not Path(name).is_file() else Path(name)


def _replayed(request: ExplorerRequest, outcome: Outcome, task: Task, network: Network) -> None:
    """Nothing, if the counterexample is what the outcome says.

    Raises
    ------
    InputError: the task and the network say something else of the image.
    """
    from exactcnn.oracles.replay import is_wrong, replay
    from exactcnn.prover.instance import Instance
    from exactcnn.prover.replay import replay as replay_stretched

    example = outcome.counterexample
    if example is None:
        return
    if example.picture.is_plain:
        found = replay(task, network, example.picture.core)
    else:
        instance = Instance(task, network, outcome.sizes)
        again = replay_stretched(instance, example.picture)
        found = again.example(instance) if again.decision.admissible else None
    if found is None or (found.label, found.logits) != (example.label, example.logits) or not is_wrong(task, found):
        raise InputError(
            "the counterexample is none for this task and this network",
            source=str(request.subject),
            hint="Name the ones that the outcome is about: --task TASK --network NET",
        )

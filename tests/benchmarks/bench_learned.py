"""What has to be learned of a network that exactcnn did not build, and how that grows with the number of features.

    python tests/benchmarks/bench_learned.py [--features 10,30,100,300] [--dense 10,30,100]

The networks are built with a slack of 1/4 and then perturbed: every weight and bias that is not zero is moved by up to
2^-12, so that no two channels, windows or class rows are alike and every bound has to be found. There are half as many
classes as features; each requires two and forbids a third. Each network is read from an ONNX file and verified at any
size. `facts` are those about one position in the certificate. The ratio compares the processor's time, all processes
and the kernel included, with that of the same network before it was perturbed. The target: the same number of facts a
feature in every row, up to a tenth, and a ratio of at most 4.

In the second table the weights that are zero were moved as well, so that every channel counts in every logit. The head
has about so many weights as the square of the number of features then, and a statement for each class and side is
about all of them. The target: no row has more bytes of certificate a weight and statement than the first, and none
takes more than 60 s of the processor.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from changed import dense, perturbed
from instances import instance
from measuring import Run, Table, child_environment, run_process, verdict_line
from task_text import write_task

from exactcnn.checker import kernel
from exactcnn.core.verdict import Verdict
from exactcnn.formats.network_file import save_network
from exactcnn.network.construct import build_network
from exactcnn.network.model import Dense, Network
from exactcnn.task.model import Task

__all__ = ["main", "measure", "measure_dense"]

FEATURES = (10, 30, 100, 300)
DENSE = (10, 30, 100)
MOST_PROCESSOR = 60.0
MOST_SPREAD = 1.1
MOST_RATIO = 4.0
_LIMIT = 600.0
_PATTERN = 5
_SLACK = "1/4"
_FACTS = ("floor", "top", "upper", "lower", "joint")


@dataclass(frozen=True)
class _Learned:
    run: Run
    facts: int
    size: int
    check: float = 0.0


def measure(features: Sequence[int] = FEATURES) -> tuple[Table, bool]:
    """Prints the table; whether every answer was PROVED and the targets are reached."""
    table = Table(
        f"networks of {_PATTERN}x{_PATTERN} features perturbed by 2^-12, exactcnn verify at any size, whole process",
        [
            ("features", 8),
            ("verdict", 8),
            ("facts", 6),
            ("a feature", 9),
            ("certificate", 11),
            ("a feature", 9),
            ("time", 8),
            ("processor", 9),
            ("ratio", 5),
        ],
    ).start()
    rates, ratios, proved = [], [], True
    for count in features:
        task = instance(count, _PATTERN, max(2, count // 2))
        built = build_network(task, slack=_SLACK)
        before, learned = _verified(task, built), _verified(task, perturbed(built))
        right = {before.run.code, learned.run.code} == {Verdict.PROVED.exit_code}
        proved = proved and right
        rates.append(learned.facts / count)
        ratios.append(learned.run.processor / before.run.processor)
        table.add(
            str(count),
            "PROVED" if right else "failed",
            str(learned.facts),
            f"{rates[-1]:.2f}",
            f"{learned.size / 1000:.0f} kB",
            f"{learned.size / count / 1000:.2f} kB",
            f"{learned.run.seconds:.2f} s",
            f"{learned.run.processor:.2f} s",
            f"{ratios[-1]:.2f}",
        )
        if not right:
            table.note((before.run.errors + learned.run.errors).strip()[-500:])
    even = proved and max(rates) <= MOST_SPREAD * min(rates)
    near = proved and max(ratios) <= MOST_RATIO
    table.note(verdict_line("as many facts a feature in every row, up to a tenth", reached=even))
    table.note(verdict_line(f"at most {MOST_RATIO:g} times the time of the network as it was built", reached=near))
    return table, even and near


def measure_dense(features: Sequence[int] = DENSE) -> tuple[Table, bool]:
    """The same for networks whose zero weights were moved, too."""
    table = Table(
        f"networks of {_PATTERN}x{_PATTERN} features all of whose weights were moved, exactcnn verify at any size",
        [
            ("features", 8),
            ("verdict", 8),
            ("facts", 6),
            ("weights", 7),
            ("certificate", 11),
            ("a weight and statement", 22),
            ("time", 8),
            ("processor", 9),
            ("kernel", 7),
        ],
    ).start()
    shares, reached = [], True
    for count in features:
        task = instance(count, _PATTERN, max(2, count // 2))
        network = dense(build_network(task, slack=_SLACK))
        learned = _verified(task, network, checked=True)
        weights = sum(int(layer.weight.size) for layer in network.layers if isinstance(layer, Dense))
        right = learned.run.code == Verdict.PROVED.exit_code
        shares.append(learned.size / (2 * len(task.classes) * weights))
        reached = reached and right and shares[-1] <= shares[0] and learned.run.processor <= MOST_PROCESSOR
        table.add(
            str(count),
            "PROVED" if right else "failed",
            str(learned.facts),
            str(weights),
            f"{learned.size / 1000:.0f} kB",
            f"{shares[-1]:.1f} bytes",
            f"{learned.run.seconds:.2f} s",
            f"{learned.run.processor:.2f} s",
            f"{learned.check:.2f} s",
        )
        if not right:
            table.note((learned.run.errors or learned.run.output).strip()[-500:])
    what = f"no more a weight and statement than in the first row, and at most {MOST_PROCESSOR:g} s of the processor"
    table.note(verdict_line(what, reached=reached))
    return table, reached


def _verified(task: Task, network: Network, *, checked: bool = False) -> _Learned:
    """One verification of an instance written to files; `checked`: the kernel's time is taken by itself as well."""
    with tempfile.TemporaryDirectory() as folder:
        task_file, network_file, certificate = (Path(folder) / name for name in ("task.toml", "net.onnx", "net.cert"))
        write_task(task, task_file)
        save_network(network_file, network)
        command = [sys.executable, "-m", "exactcnn", "verify", str(task_file), "--network", str(network_file)]
        command += ["--certificate", str(certificate)]
        run = run_process(command, limit=_LIMIT, environment=child_environment())
        if not certificate.exists():
            return _Learned(run, 0, 0)
        text = certificate.read_text(encoding="ascii")
        check = 0.0
        if checked:
            files = [str(certificate.with_suffix(".stmt")), str(certificate)]
            check = run_process([sys.executable, "-I", "-S", kernel.__file__, *files], limit=_LIMIT).processor
        return _Learned(run, sum(line.startswith(_FACTS) for line in text.splitlines()), len(text), check)


def main() -> int:
    """0 if the targets were reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--features", default=",".join(map(str, FEATURES)), help="numbers of features, ascending")
    parser.add_argument("--dense", default=",".join(map(str, DENSE)), help="the same for the second table")
    options = parser.parse_args()
    _, reached = measure([int(n) for n in options.features.split(",")])
    _, also = measure_dense([int(n) for n in options.dense.split(",")])
    return 0 if reached and also else 1


if __name__ == "__main__":
    raise SystemExit(main())

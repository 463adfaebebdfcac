"""Exact inference against onnxruntime's float32, on the same network, images, batch and number of threads.

    python tests/benchmarks/bench_inference.py [--task letters] [--side 64] [--batches 1,16,64] [--threads 1,2]

The network is the one built for a shipped task; both engines read it from an ONNX file. Half of the images come from
the task's generator and half are noise; all pixels are multiples of 1/256, so that float32 ought to give the same bits
as exact arithmetic: that is checked. Each engine runs in processes of its own, because onnxruntime's threads keep
spinning between calls and would slow the other; the processes take turns, and the best time of all counts. Both are
given the same number of threads, and the libraries below them may start no more than that. Images start as arrays
(numerators for exact inference, float32 for onnxruntime) and end as an array of logits.
The target is a third of onnxruntime's images a second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from measuring import Table, limited, run_process, verdict_line
from numpy.typing import NDArray

from exactcnn.core.errors import InternalError
from exactcnn.core.tensor import ExactTensor
from exactcnn.examples import catalogue
from exactcnn.formats.network_file import load_network, save_network
from exactcnn.formats.task_file import load_task
from exactcnn.network.construct import build_network
from exactcnn.network.evaluate import evaluate
from exactcnn.task.generator import generate
from exactcnn.task.model import Task

__all__ = ["main", "measure"]

TARGET = 1 / 3
_ENGINES = ("exact", "onnxruntime")
_LEVELS = 256
_SEED = 0
_LIMIT = 600.0


def measure(
    name: str = "letters",
    side: int = 64,
    batches: Sequence[int] = (1, 16, 64),
    threads: Sequence[int] = (1, 2),
    rounds: int = 6,
    seconds: float = 0.5,
) -> tuple[Table, bool]:
    """Prints the table; whether all logits agree and the largest batch reaches the target.

    Each engine has `rounds` processes a number of threads, and in each of them `seconds` a batch.
    """
    table = Table(
        f"inference: network built for the task {name}, images of {side}x{side}",
        [
            ("threads", 7),
            ("batch", 6),
            ("exact", 14),
            ("onnxruntime", 14),
            ("ratio", 6),
            ("logits", 10),
        ],
    ).start()
    reached = True
    with tempfile.TemporaryDirectory() as folder_name:
        folder = Path(folder_name)
        task = load_task(catalogue.path(name))
        save_network(folder / "network.onnx", build_network(task))
        np.save(folder / "images.npy", images(task, side, max(batches)))
        for count in threads:
            runs: dict[str, list[list[float]]] = {engine: [] for engine in _ENGINES}
            for engine in _ENGINES * rounds:
                runs[engine].append(_run(engine, folder, batches, count, seconds))
            for place, batch in enumerate(batches):
                exact, rounded = (np.load(folder / f"{engine}-{batch}.npy") for engine in _ENGINES)
                equal = bool(np.array_equal(exact.view(np.uint32), rounded.view(np.uint32)))
                best = [max(speeds[place] for speeds in runs[engine]) for engine in _ENGINES]
                table.add(
                    str(count),
                    str(batch),
                    *(f"{speed:.0f} images/s" for speed in best),
                    f"{best[0] / best[1]:.2f}",
                    "bit-equal" if equal else "DIFFERENT",
                )
                reached = reached and equal and (batch < max(batches) or best[0] / best[1] >= TARGET)
    table.note(verdict_line(f"equal logits, and a ratio of 1/3 with batches of {max(batches)}", reached=reached))
    return table, reached


def images(task: Task, side: int, count: int) -> NDArray[np.int16]:
    """Numerators over 256: half from the generator, rounded, half noise. For tasks on [0, 1]."""
    noise = np.random.default_rng(_SEED).integers(0, _LEVELS + 1, (count, len(task.channels), side, side))
    for number, sample in enumerate(generate(task, count=(count + 1) // 2, height=side, width=side, seed=_SEED)):
        noise[number] = np.rint(sample.image.floats() * _LEVELS)
    return noise.astype(np.int16)


def _run(engine: str, folder: Path, batches: Sequence[int], threads: int, seconds: float) -> list[float]:
    """Images a second of one engine for each batch, in a process of its own; leaves its logits in the folder."""
    command = [sys.executable, str(Path(__file__).resolve()), "--once", engine, str(folder)]
    command += [",".join(map(str, batches)), str(threads), str(seconds)]
    run = run_process(command, limit=_LIMIT, environment=limited(threads))
    if run.code != 0:
        raise InternalError(f"{engine} failed: {run.errors.strip()[-500:]}")
    return [float(line) for line in run.output.split()]


def _once(engine: str, folder: str, batches: str, threads: str, seconds: str) -> None:
    """Measures one engine; for each batch prints images a second and saves the logits (float32)."""
    start_engine = _exact if engine == "exact" else _onnxruntime
    numerators = np.load(Path(folder) / "images.npy")
    for batch in map(int, batches.split(",")):
        infer = start_engine(Path(folder) / "network.onnx", numerators[:batch], int(threads))
        infer()
        best, end = float("inf"), time.perf_counter() + float(seconds)
        while (start := time.perf_counter()) < end:
            logits = infer()
            best = min(best, time.perf_counter() - start)
        np.save(Path(folder) / f"{engine}-{batch}.npy", logits)
        print(batch / best)


def _exact(network_file: Path, numerators: NDArray[np.int16], threads: int) -> Callable[[], NDArray[np.float32]]:
    network = load_network(network_file)
    batch = ExactTensor.from_integers(numerators, _LEVELS)

    def infer() -> NDArray[np.float32]:
        logits = evaluate(network, batch, threads=threads)
        return logits.floats().astype(np.float32)

    return infer


def _onnxruntime(network_file: Path, numerators: NDArray[np.int16], threads: int) -> Callable[[], NDArray[np.float32]]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(str(network_file), options, providers=["CPUExecutionProvider"])
    feed = {session.get_inputs()[0].name: numerators.astype(np.float32) / np.float32(_LEVELS)}

    def infer() -> NDArray[np.float32]:
        logits: NDArray[np.float32] = session.run(None, feed)[0]
        return logits

    return infer


def main() -> int:
    """0 if the target was reached, else 1."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--task", default="letters", help="a shipped task on pixels from 0 to 1")
    parser.add_argument("--side", type=int, default=64, help="height and width of the images")
    parser.add_argument("--batches", default="1,16,64", help="images in a batch")
    parser.add_argument("--threads", default="1,2", help="numbers of threads")
    parser.add_argument("--rounds", type=int, default=6, help="processes of each engine")
    parser.add_argument("--seconds", type=float, default=0.5, help="for each batch in each process")
    parser.add_argument("--once", nargs=5, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.once:
        _once(*options.once)
        return 0
    batches, threads = ([int(n) for n in text.split(",")] for text in (options.batches, options.threads))
    _, reached = measure(options.task, options.side, batches, threads, options.rounds, options.seconds)
    return 0 if reached else 1


if __name__ == "__main__":
    raise SystemExit(main())

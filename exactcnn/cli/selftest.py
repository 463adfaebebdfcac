"""`exactcnn selftest`: whether this installation works."""

from __future__ import annotations

import platform
from collections.abc import Callable
from fractions import Fraction
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from typing import TYPE_CHECKING

import typer

from exactcnn import __version__
from exactcnn.cli.common import stdout
from exactcnn.core.errors import InternalError
from exactcnn.core.verdict import EXIT_INTERNAL

if TYPE_CHECKING:
    from exactcnn.network.model import Network
    from exactcnn.task.model import Task

__all__ = ["selftest"]

_PACKAGES = ("numpy", "python-flint", "z3-solver", "onnx", "sympy")


def selftest() -> None:
    """Check in a few seconds that this installation proves, refutes and computes right.

    Examples:
      exactcnn selftest

    Exit codes: 0 if every check passed, 5 if not.
    """
    from rich.text import Text

    console = stdout()
    console.print(f"exactcnn {__version__}, Python {platform.python_version()}, {platform.platform()}", soft_wrap=True)
    failed = 0
    for name, check in _CHECKS:
        try:
            detail = check()
        except Exception as error:
            # Whatever goes wrong is what this command is there to tell.
            failed += 1
            console.print(Text.assemble(("FAIL  ", "bold red"), f"{name}: {type(error).__name__}: {error}"))
        else:
            console.print(Text.assemble(("ok    ", "green"), f"{name}: {detail}"), soft_wrap=True)
    if failed:
        console.print(f"{failed} of {len(_CHECKS)} checks failed")
        raise typer.Exit(EXIT_INTERNAL)
    console.print("all checks passed")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise InternalError(message)


def _subject() -> tuple[Task, Network]:
    from pathlib import Path

    from exactcnn import api
    from exactcnn.cli.authoring import scaffold
    from exactcnn.formats.task_file import parse_task

    task = parse_task(scaffold("selftest", "selftest.toml"), source="selftest", folder=Path())
    return task, api.build(task)


def _packages() -> str:
    found = []
    for name in _PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            raise InternalError(f"{name} is not installed") from None
    return ", ".join(found)


def _arithmetic() -> str:
    from exactcnn.core.tensor import ExactTensor

    tiers = []
    for magnitude in (2**6, 2**20, 2**28, 2**40):
        left = [[magnitude - 3, -magnitude + 1], [5, magnitude]]
        right = [[magnitude, 7], [-magnitude + 5, magnitude - 9]]
        product = ExactTensor.from_integers(left, 3).matmul(ExactTensor.from_integers(right, 7))
        expected = [
            [sum(Fraction(left[i][k], 3) * Fraction(right[k][j], 7) for k in range(2)) for j in range(2)]
            for i in range(2)
        ]
        _require(product.fractions().tolist() == expected, f"products of numbers near {magnitude} are wrong")
        tiers.append(str(product.numerators.dtype))
    _require(len(set(tiers)) == len(tiers), f"not every tier was reached: {tiers}")
    return f"products equal fractions.Fraction in {', '.join(tiers)}"


def _proof() -> str:
    from exactcnn import api
    from exactcnn.core.verdict import Verdict

    task, network = _subject()
    outcome = api.verify(task, network, workers=1)
    _require(outcome.verdict is Verdict.PROVED, f"the built network is {outcome.verdict.value}: {outcome.reason}")
    return f"PROVED for any size, margin {outcome.margin}, by a {outcome.evidence}"


def _refutation() -> str:
    from exactcnn import api
    from exactcnn.cli.spoiling import spoilt_networks
    from exactcnn.core.verdict import Verdict
    from exactcnn.network.evaluate import logits
    from exactcnn.task.decide import decide

    task, network = _subject()
    spoilt, what = next(spoilt_networks(network, task))
    outcome = api.verify(task, spoilt, workers=1)
    wrong = outcome.counterexample
    _require(outcome.verdict is Verdict.REFUTED and wrong is not None, f"{what}: {outcome.verdict.value}")
    if wrong is None:
        return ""
    image = wrong.picture.image()
    values = logits(spoilt, image.reshape(1, *image.shape), task.pixel)[0].rationals()
    index = [c.name for c in task.classes].index(wrong.label)
    _require(decide(task, image).label == wrong.label, "the counterexample's label does not replay")
    _require(max(v for i, v in enumerate(values) if i != index) >= values[index], "the counterexample is no error")
    return f"one weight spoilt: REFUTED by an exact {wrong.picture.height}x{wrong.picture.width} image, which replays"


def _monolithic() -> str:
    from exactcnn import api
    from exactcnn.core.verdict import Verdict

    task, network = _subject()
    outcome = api.verify(task, network, sizes="3x3", method="monolithic", timeout=60)
    modular = api.verify(task, network, sizes="3x3", workers=1)
    _require(outcome.verdict is modular.verdict, f"{outcome.verdict.value} against {modular.verdict.value}")
    _require(outcome.verdict is Verdict.VACUOUS, f"{outcome.verdict.value} where a feature is too large to fit")
    return "one formula over all pixels agrees with the modular method at 3x3 (VACUOUS: the ring does not fit)"


def _text_format() -> str:
    from exactcnn import api
    from exactcnn.formats.xnet import format_xnet, parse_xnet

    task, _ = _subject()
    network = api.build(task, arithmetic="rational")
    _require(parse_xnet(format_xnet(network), "selftest") == network, "a network changes on the way through .xnet")
    return "a network survives .xnet unchanged"


def _onnx() -> str:
    from exactcnn.formats.onnx_file import from_onnx, to_onnx

    _, network = _subject()
    data = to_onnx(network)
    _require(from_onnx(data, "selftest") == network, "a network changes on the way through ONNX")
    if find_spec("onnxruntime") is None:
        return "a network survives ONNX unchanged; onnxruntime is not installed, so it was not run"
    return f"a network survives ONNX unchanged; {_run_onnx(data, network)}"


def _run_onnx(data: bytes, network: Network) -> str:
    import numpy as np
    import onnxruntime

    from exactcnn.core.tensor import ExactTensor
    from exactcnn.network.evaluate import evaluate

    # Pixels that are multiples of 2^-8 make every float32 intermediate exact.
    integers = np.random.default_rng(0).integers(0, 257, (4, 1, 9, 11))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(data, options, providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {session.get_inputs()[0].name: (integers / 256).astype(np.float32)})
    exact = evaluate(network, ExactTensor.from_integers(integers, 256))
    _require(ExactTensor.from_floats(np.asarray(found)) == exact, "onnxruntime's logits differ from the exact ones")
    return f"onnxruntime {onnxruntime.__version__} gives the exact logits, bit by bit"


_CHECKS: tuple[tuple[str, Callable[[], str]], ...] = (
    ("packages", _packages),
    ("exact arithmetic", _arithmetic),
    ("proof", _proof),
    ("refutation", _refutation),
    ("second method", _monolithic),
    ("text networks", _text_format),
    ("ONNX", _onnx),
)

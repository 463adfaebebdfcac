"""From outcomes to certificates that the checker accepts."""

from __future__ import annotations

import hashlib
import os
import re
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from flint import fmpq
from support.certified import CORNERS, checked, corners, shipped, verified
from support.perturb import perturbed

from exactcnn import api
from exactcnn.core.errors import InputError, InternalError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.formats.network_file import save_network
from exactcnn.network.model import Conv2d, GlobalPool, InputUnit, MaxPool2d, Network, ReLU
from exactcnn.prover.verify import Settings, verify_modular
from exactcnn.solvers.z3_solver import Z3Solver
from exactcnn.task.model import Alternative, Task, TaskClass

_LIMIT = 1 << 20


def _rules(certificate: str) -> set[str]:
    return {line.split(" ", 1)[0] for line in certificate.split("\n")}


@pytest.mark.parametrize("name", ["shapes", "letters"])
def test_shipped_tasks_have_small_certificates(name: str) -> None:
    task, network = shipped(name)
    outcome, certificate = verified(task, network)
    valid, text = checked(certificate.statement, certificate.text)
    assert valid
    assert text == f"PROVED {certificate.sha256} margin {outcome.margin} sizes any"
    assert outcome.evidence == "certificate"
    assert outcome.margin == fmpq(1, 2)
    assert outcome.margin_attained
    assert len(certificate.text) < _LIMIT // 4


@pytest.mark.parametrize("sizes", ["6x6", "3x9", "2x2..any", "4x4..40x50", "1000x1000"])
def test_ranges_of_sizes(sizes: str) -> None:
    task, network, _ = corners()
    _, certificate = verified(task, network, sizes)
    valid, text = checked(certificate.statement, certificate.text)
    assert valid
    assert text.endswith(f"sizes {sizes}")


def test_sizes_beyond_the_border_kinds_do_not_change_the_proof() -> None:
    task, network, _ = corners()
    proofs = [verified(task, network, sizes)[1].text for sizes in ("1x1..40x40", "1x1..4096x4096")]
    assert re.sub(r"statement \S+", "", proofs[0]) == re.sub(r"statement \S+", "", proofs[1])


@pytest.mark.parametrize("unit", [InputUnit.PIXEL, InputUnit.BYTE])
@pytest.mark.parametrize("arithmetic", ["dyadic", "rational"])
def test_units_and_arithmetics(unit: InputUnit, arithmetic: str) -> None:
    network = api.build(corners()[0], unit=unit, arithmetic=arithmetic)  # type: ignore[arg-type]
    _, certificate = verified(corners()[0], network)
    assert checked(certificate.statement, certificate.text)[0]


@pytest.mark.parametrize(("bits", "zeros"), [(8, False), (12, False), (14, True)])
def test_networks_all_of_whose_weights_are_moved(bits: int, *, zeros: bool) -> None:
    network = perturbed(api.build(corners()[0], slack="1/2"), bits, 3, zeros=zeros)
    outcome, certificate = verified(corners()[0], network)
    assert checked(certificate.statement, certificate.text)[0]
    assert outcome.margin is not None
    assert fmpq(2, 5) < outcome.margin < fmpq(3, 5)


@pytest.mark.parametrize("kind", ["sum", "mean"])
def test_other_global_pools_at_one_size(kind: str) -> None:
    # A sum of clear windows is still 0, and of exhibiting ones at least 1; the mean of 16 positions at least 1/16.
    task, network, _ = corners()
    layers = [GlobalPool(kind) if isinstance(x, GlobalPool) else x for x in network.layers]  # type: ignore[arg-type]
    if kind == "mean":
        dense = layers[5]
        layers[5] = replace(dense, weight=dense.weight.scaled(16))  # type: ignore[union-attr, type-var]
    outcome, certificate = verified(task, Network(tuple(layers), 1), "4x4")
    assert checked(certificate.statement, certificate.text)[0]
    assert outcome.margin == fmpq(1, 2)


def test_maxima_before_the_global_maximum() -> None:
    task, network, _ = corners()
    place = next(i for i, x in enumerate(network.layers) if isinstance(x, GlobalPool))
    local = MaxPool2d((2, 2), (1, 1), (0, 0, 1, 1))
    layers = (*network.layers[:place], local, *network.layers[place:])
    _, certificate = verified(task, Network(layers, 1))
    assert checked(certificate.statement, certificate.text)[0]
    assert "maxle" in _rules(certificate.text)


def test_a_third_convolution() -> None:
    task, network, _ = corners()
    place = next(i for i, x in enumerate(network.layers) if isinstance(x, GlobalPool))
    last = network.layers[place - 2]
    assert isinstance(last, Conv2d)
    channels = last.weight.shape[0]
    unit = ExactTensor.from_integers([[[[int(i == j)]] for j in range(channels)] for i in range(channels)])
    extra = Conv2d(unit, ExactTensor.zeros((channels,)))
    layers = (*network.layers[:place], extra, ReLU(), *network.layers[place:])
    _, certificate = verified(task, Network(layers, 1))
    assert checked(certificate.statement, certificate.text)[0]


def _many(alternatives: int) -> Task:
    """A task with a class of many alternatives that need two features each, one of them with two templates."""
    task = corners()[0]
    base = task.features[1]
    features = [task.features[0]]
    for number in range(alternatives):
        features.append(replace(base, name=f"bar{number}", gap=fmpq(1, 2)))
    ways = tuple(Alternative(frozenset({"corner", f"bar{n}"})) for n in range(alternatives))
    return replace(
        task, features=tuple(features), classes=(TaskClass("some", ways), TaskClass("other", (), otherwise=True))
    )


def test_proofs_about_logits_grow_with_the_alternatives_and_not_with_their_product() -> None:
    lines = []
    for alternatives in (3, 6, 12):
        task = _many(alternatives)
        _, certificate = verified(task, api.build(task))
        head = certificate.text.split("\nhead\n")[1]
        lines.append(head.count("\n"))
    assert lines[2] < 6 * lines[0]


def test_without_the_checker_the_evidence_is_the_solver() -> None:
    task, network, _ = corners()
    outcome = verify_modular(task, network, SizeRange(), Z3Solver(), Settings(workers=1))
    assert (outcome.verdict, outcome.evidence, outcome.certificate) == (Verdict.PROVED, "smt", None)


def test_a_rejected_certificate_is_a_bug() -> None:
    task, network, _ = corners()
    settings = Settings(workers=1, confirm=lambda _, certificate: f"too long: {len(certificate)}")
    with pytest.raises(InternalError, match="the checker rejects the certificate: too long"):
        verify_modular(task, network, SizeRange(), Z3Solver(), settings)


def test_the_same_instance_has_the_same_certificate() -> None:
    task, network, certificate = corners()
    assert verified(task, network)[1] == certificate


# -- files ------------------------------------------------------------------------------------------------------------


def test_the_certificate_is_kept_with_its_statement(tmp_path: Path) -> None:
    task, network, certificate = corners()
    path = tmp_path / "corners.cert"
    assert api.verify(task, network, workers=1, certificate=path).verdict is Verdict.PROVED
    assert path.read_text() == certificate.text
    assert (tmp_path / "corners.stmt").read_text() == certificate.statement
    assert api.check(tmp_path / "corners.stmt", path)[0]


def test_nothing_is_kept_of_what_is_not_proved(tmp_path: Path) -> None:
    task, network, _ = corners()
    wrong = Network((*network.layers[:-1], replace(network.layers[-1], bias=network.layers[-1].bias.scaled(0))), 1)  # type: ignore[union-attr, call-arg]
    assert api.verify(task, wrong, workers=1, certificate=tmp_path / "a.cert").verdict is Verdict.REFUTED
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("path", "method", "message"),
    [("a.txt", "modular", "not a name for a certificate"), ("a.cert", "monolithic", "only the modular method")],
)
def test_certificates_that_cannot_be(path: str, method: str, message: str) -> None:
    task, network, _ = corners()
    with pytest.raises(InputError, match=message):
        api.verify(task, network, sizes="4x4", method=method, certificate=path)  # type: ignore[arg-type]


def test_an_onnx_file_is_named_by_its_hash(tmp_path: Path) -> None:
    task, network, _ = corners()
    path = tmp_path / "net.onnx"
    save_network(path, network)
    _, certificate = verified(task, api.load_network(path))
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    assert f"\nsource {digest}\n" in certificate.statement
    assert checked(certificate.statement, certificate.text)[0]


def test_a_file_that_changed_since_is_not_named(tmp_path: Path) -> None:
    task, network, _ = corners()
    path = tmp_path / "net.onnx"
    save_network(path, network)
    loaded = api.load_network(path)
    save_network(path, perturbed(network, 8, 1))
    assert "\nsource none\n" in verified(task, loaded)[1].statement


def test_a_killed_run_leaves_no_half_certificate(tmp_path: Path) -> None:
    (tmp_path / "corners.toml").write_text(CORNERS)
    command = [sys.executable, "-m", "exactcnn", "verify", "corners.toml", "--certificate", "corners.cert"]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(p for p in sys.path if p)}
    for wait in (0.4, 0.6, 0.8, 1.0):
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        files = {p.name: p for p in tmp_path.iterdir()}
        if "corners.cert" in files:
            assert api.check(files["corners.stmt"], files["corners.cert"])[0]
            files["corners.cert"].unlink()


def test_maxima_that_see_constants_at_the_border() -> None:
    # Padding of the last convolution puts positions without any pixel beside the others: their value is constant.
    task, network, _ = corners()
    place = next(i for i, x in enumerate(network.layers) if isinstance(x, GlobalPool))
    last = network.layers[place - 2]
    assert isinstance(last, Conv2d)
    wide = replace(last, padding=(3, 3, 3, 3))
    local = MaxPool2d((2, 2), (1, 1))
    layers = (*network.layers[: place - 2], wide, ReLU(), local, *network.layers[place:])
    _, certificate = verified(task, Network(layers, 1), "4x4..any")
    assert checked(certificate.statement, certificate.text)[0]
    assert re.search(r"^maxle .* - 0", certificate.text, re.MULTILINE)

"""Certificates of random instances: the checker and the prover share no code and have to agree."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest
from flint import fmpq
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from support.certified import checked, corners
from support.spoil import spoilt
from support.tasks import tasks

from exactcnn import api
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Outcome
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.formats.statement import format_statement
from exactcnn.network.model import Conv2d, Dense, InputUnit, Network

_SIZES = ["any", "any", "6x6", "4x4..9x9", "5x7"]
_BUILT, _SPOILT = 40, 40


class _Count:
    """What became of the instances; an outcome that is PROVED has to have a certificate."""

    def __init__(self) -> None:
        self.found: Counter[str] = Counter()

    def add(self, outcome: Outcome) -> None:
        kind = outcome.verdict.value.lower()
        if outcome.verdict is Verdict.PROVED:
            assert outcome.evidence == "certificate"
            assert outcome.certificate is not None
            valid, text = checked(outcome.certificate.statement, outcome.certificate.text)
            assert valid, text
            assert f" margin {outcome.margin} " in text
        elif "no certificate" in (outcome.reason or ""):
            kind = "no certificate"
        self.found[kind] += 1


def test_built_networks_have_certificates() -> None:
    count = _Count()

    @settings(max_examples=_BUILT, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def instances(data: st.DataObject) -> None:
        task = data.draw(tasks())
        unit = data.draw(st.sampled_from([InputUnit.PIXEL, InputUnit.PIXEL, InputUnit.BYTE]))
        try:
            network = api.build(task, arithmetic=data.draw(st.sampled_from(["dyadic", "rational"])), unit=unit)
            count.add(api.verify(task, network, sizes=data.draw(st.sampled_from(_SIZES)), workers=1))
        except InputError:
            count.found["refused"] += 1

    instances()
    assert count.found["proved"] >= _BUILT // 5, count.found
    assert count.found["no certificate"] == 0, count.found


def test_spoilt_networks_that_are_still_right_have_certificates() -> None:
    count = _Count()

    @settings(max_examples=_SPOILT, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def instances(data: st.DataObject) -> None:
        task = data.draw(tasks(max_features=2, max_classes=3))
        slack = data.draw(st.sampled_from(["0", "1/4", "1/2"]))
        try:
            network, _ = data.draw(spoilt(api.build(task, arithmetic="rational", slack=slack)))
            outcome = api.verify(task, network, sizes=data.draw(st.sampled_from(_SIZES)), workers=1, timeout=20)
            count.add(outcome)
        except InputError:
            count.found["refused"] += 1

    instances()
    assert count.found["proved"] >= _SPOILT // 20, count.found
    assert count.found["no certificate"] <= 1, count.found


# -- certificates of other statements ---------------------------------------------------------------------------------


def _nudged(network: Network, number: int, *, bias: bool, entry: int) -> Network:
    """The network with one number changed in its last bit."""
    layer = network.layers[number]
    assert isinstance(layer, (Conv2d, Dense))
    tensor = layer.bias if bias else layer.weight
    values = tensor.rationals()
    values[entry] += fmpq(1, 1 << 24)
    changed = ExactTensor.from_rationals(values, tensor.shape)
    parts = (layer.weight, changed) if bias else (changed, layer.bias)
    other = Conv2d(*parts, layer.stride, layer.padding) if isinstance(layer, Conv2d) else Dense(*parts)
    return Network((*network.layers[:number], other, *network.layers[number + 1 :]), network.channels, network.unit)


@pytest.mark.parametrize("number", [0, 2, 5, 7, 9])
@pytest.mark.parametrize("bias", [False, True])
def test_a_certificate_is_of_one_network_only(number: int, *, bias: bool) -> None:
    task, network, certificate = corners()
    other = _nudged(network, number, bias=bias, entry=0)
    statement = format_statement(task, other, SizeRange(), fmpq(1, 2), None)
    valid, text = checked(statement, certificate.text)
    assert not valid
    assert "rule statement" in text or "statement" in text


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("sizes 1 any 1 any", "sizes 2 any 1 any"),
        ("sizes 1 any 1 any", "sizes 1 8 1 8"),
        ("margin 1/2", "margin 3/4"),
        ("margin 1/2", "margin 1/4"),
        ("source none", "source " + "0" * 64),
        ("requires 0 forbids 1", "requires 1 forbids 0"),
        ("gap 1/2", "gap 1/4"),
        ("task corners", "task corner"),
        ("7/8 1 ", "3/4 1 "),
    ],
)
def test_a_certificate_is_of_one_statement_only(right: str, wrong: str) -> None:
    _, _, certificate = corners()
    assert right in certificate.statement
    valid, text = checked(certificate.statement.replace(right, wrong, 1), certificate.text)
    assert not valid
    assert text.startswith("REJECTED line ")


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("margin 1/2", "margin 3/4"),
        ("requires 0 forbids 1", "requires 1 forbids 0"),
        ("gap 1/2", "gap 1/4"),
        ("7/8 1 7/8 1", "3/4 1 3/4 1"),
        ("bias ", "bias 1/16777216 "),
    ],
)
def test_the_hash_is_not_all_that_binds_them(right: str, wrong: str) -> None:
    # Even under the right hash the proof does not fit a claim that is wrong.
    _, _, certificate = corners()
    assert right in certificate.statement
    statement = certificate.statement.replace(right, wrong, 1)
    if right == "bias ":
        # One bias of the head is moved: the logits fall short of what the certificate says.
        lines = certificate.statement.split("\n")
        last = max(n for n, line in enumerate(lines) if line.startswith("bias "))
        tokens = lines[last].split(" ")
        tokens[1] = "16777215/16777216" if tokens[1] == "1" else tokens[1] + "/16777216"
        statement = "\n".join([*lines[:last], " ".join(tokens), *lines[last + 1 :]])

    old = hashlib.sha256(certificate.statement.encode()).hexdigest()
    new = hashlib.sha256(statement.encode()).hexdigest()
    assert old != new
    valid, text = checked(statement, certificate.text.replace(old, new))
    assert not valid, text

"""`.xnet`: one text for one network, and no other text is read."""

from __future__ import annotations

from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.networks import networks
from support.tiny import dense

from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats import xnet
from exactcnn.formats.network_file import load_network, save_network
from exactcnn.formats.xnet import format_xnet, parse_xnet
from exactcnn.network.model import GlobalPool, InputUnit, MaxPool2d, Network

TEXT = """exactcnn network 1
input byte channels 2
conv out 2 in 2 rows 1 columns 2 stride 1 2 padding 0 3 1 2
1/2 -3 2*0
4*-1/3
bias 2*1
relu
maxpool rows 2 columns 2 stride 2 2 padding 0 1 0 1
avgpool rows 1 columns 3 stride 1 1 padding 0 0 0 0
globalpool mean
flatten
dense out 1 in 2
0 12345678901234567890/7
bias -5
end
"""


def refused(text: str) -> InputError:
    with pytest.raises(InputError) as caught:
        parse_xnet(text, "net.xnet")
    assert str(caught.value).startswith("net.xnet: ")
    return caught.value


def test_text_both_ways() -> None:
    network = parse_xnet(TEXT, "net.xnet")
    assert format_xnet(network) == TEXT
    assert network.source == "net.xnet"
    assert network.unit is InputUnit.BYTE
    assert network.layers[0].weight.rationals()[:2] == [fmpq(1, 2), fmpq(-3)]
    assert network.layers[0].padding == (0, 3, 1, 2)
    assert network.layers[2] == MaxPool2d((2, 2), (2, 2), (0, 1, 0, 1))
    assert network.layers[6].weight.rationals() == [0, fmpq(12345678901234567890, 7)]


@given(st.one_of(networks(), networks(size=(3, 4))))
@settings(max_examples=60)
def test_round_trip(network: Network) -> None:
    text = format_xnet(network)
    assert parse_xnet(text, "net.xnet") == network
    assert format_xnet(parse_xnet(text, "net.xnet")) == text


def test_the_text_does_not_depend_on_how_the_numbers_are_kept() -> None:
    reduced = dense([["1/2", 0]], ["1/3"])
    other = dense([["1/2", 0]], ["1/3"])
    object.__setattr__(other, "weight", ExactTensor.from_integers([[2**70, 0]], 2**71))
    texts = {format_xnet(Network((GlobalPool(), layer), 2)) for layer in (reduced, other)}
    assert len(texts) == 1


@pytest.mark.parametrize(
    ("line", "old", "new"),
    [
        (1, "exactcnn network 1", "exactcnn network 2"),
        (1, "exactcnn network 1", "\ufeffexactcnn network 1"),
        (2, "input byte channels 2", "input bytes channels 2"),
        (2, "input byte channels 2", "input byte channels 0"),
        (2, "input byte channels 2", "input byte channels 02"),
        (2, "input byte channels 2", "input byte channels 2 "),
        (2, "input byte channels 2", "input  byte channels 2"),
        (2, "input byte channels 2", "input byte channels 1000000000"),
        (2, "input byte channels 2", "input byte channels 2\r"),
        (3, "conv out 2 in", "conv in 2 in"),
        (3, "rows 1", "rows 0"),
        (3, "rows 1", "rows -1"),
        (3, "stride 1 2", "stride 0 2"),
        (3, "padding 0 3 1 2", "padding 0 3 1"),
        (3, "padding 0 3 1 2", "padding 0 3 1 2 0"),
        (3, "padding 0 3 1 2", "padding 0 3 1 1/2"),
        (3, "conv out", "Conv out"),
        (3, "out 2 in 2", "out 9999 in 9999"),
        (4, "1/2 -3 2*0", "2/4 -3 2*0"),
        (4, "1/2 -3 2*0", "1/2 -6/2 2*0"),
        (4, "1/2 -3 2*0", "1/2 -3/1 2*0"),
        (4, "1/2 -3 2*0", "1/2 -3 0/5 0"),
        (4, "1/2 -3 2*0", "1/-2 -3 2*0"),
        (4, "1/2 -3 2*0", "1/0 -3 2*0"),
        (4, "1/2 -3 2*0", "1/02 -3 2*0"),
        (4, "1/2 -3 2*0", "+1/2 -3 2*0"),
        (4, "1/2 -3 2*0", "0.5 -3 2*0"),
        (4, "1/2 -3 2*0", "1e1 -3 2*0"),
        (4, "1/2 -3 2*0", "nan -3 2*0"),
        (4, "1/2 -3 2*0", "inf -3 2*0"),
        (4, "1/2 -3 2*0", "1/2 -03 2*0"),
        (4, "1/2 -3 2*0", "1/2 -3 2*-0"),
        (4, "1/2 -3 2*0", "1/2 -3 0 0"),
        (4, "1/2 -3 2*0", "1*1/2 -3 2*0"),
        (4, "1/2 -3 2*0", "1/2 -3 02*0"),
        (4, "1/2 -3 2*0", "1/2 -3 0*5 2*0"),
        (4, "1/2 -3 2*0", "1/2 -3 2*2*0"),
        (4, "1/2 -3 2*0", "1/2 -3 3*0"),
        (4, "1/2 -3 2*0", "1/2 -3 0"),
        (4, "1/2 -3 2*0", "1/2 -3 999999999*0"),
        (4, "1/2 -3 2*0", "1/2 -3\t2*0"),
        (4, "1/2 -3 2*0", "1/2 -3 1_0 0"),
        (4, "1/2 -3 2*0", "1/2 -3 \u0661 0"),
        (4, "1/2 -3 2*0", f"{'1' * 4001} -3 2*0"),
        (4, "1/2 -3 2*0", f"1/{'1' * 4001} -3 2*0"),
        (5, "4*-1/3", "4*-1/3 0"),
        (6, "bias 2*1", "2*1"),
        (6, "bias 2*1", "bias 1 1"),
        (6, "bias 2*1", "bias 3*1"),
        (6, "bias 2*1\n", ""),
        (7, "relu", "relu 1"),
        (7, "relu", "tanh"),
        (7, "relu", ""),
        (7, "relu", "# relu"),
        (8, "maxpool rows 2", "maxpool rows x"),
        (10, "globalpool mean", "globalpool min"),
        (10, "globalpool mean", "globalpool"),
        (15, "end\n", "end"),
        (15, "end\n", "End\n"),
        (15, "end\n", ""),
        (16, "end\n", "end\n\n"),
        (16, "end\n", "end\nrelu\n"),
        (16, "end\n", "end\nend\n"),
        (16, "end\n", "end\n "),
    ],
)
def test_spoilt(line: int, old: str, new: str) -> None:
    assert old in TEXT
    error = refused(TEXT.replace(old, new, 1))
    assert error.place == f"line {line}"
    assert error.found is not None
    assert error.expected is not None


@pytest.mark.parametrize("text", ["", "\n", "exactcnn network 1\n", "exactcnn network 1", "\x00"])
def test_hardly_anything(text: str) -> None:
    refused(text)


def test_every_shorter_text_is_refused() -> None:
    for length in range(len(TEXT)):
        refused(TEXT[:length])


@given(st.integers(0, len(TEXT) - 1), st.characters(max_codepoint=0x17F))
@settings(max_examples=200)
def test_another_character_is_another_network_or_refused(place: int, character: str) -> None:
    text = TEXT[:place] + character + TEXT[place + 1 :]
    try:
        network = parse_xnet(text, "net.xnet")
    except InputError:
        return
    assert format_xnet(network) == text


def test_layers_that_do_not_fit() -> None:
    error = refused(TEXT.replace("dense out 1 in 2\n0 12345678901234567890/7", "dense out 1 in 1\n3"))
    assert "layer 6 (Dense): a layer of the wrong width; found 1; expected 2" in str(error)


def test_weights_in_all(monkeypatch: pytest.MonkeyPatch) -> None:
    network = parse_xnet(TEXT, "net.xnet")
    monkeypatch.setattr(xnet, "_MAX_WEIGHTS", 10)
    assert parse_xnet(TEXT, "net.xnet") == network
    monkeypatch.setattr(xnet, "_MAX_WEIGHTS", 9)
    assert "line 12: too many weights" in str(refused(TEXT))
    with pytest.raises(InputError, match="too many weights"):
        format_xnet(network)


def test_digits() -> None:
    largest = fmpq(10**4000 - 1)
    for value in (largest, -largest, 1 / largest):
        network = Network((GlobalPool(), dense([[1]], [0])), 1)
        object.__setattr__(network.layers[1], "weight", ExactTensor.from_rationals([[value]]))
        assert parse_xnet(format_xnet(network), "net.xnet") == network
        object.__setattr__(network.layers[1], "weight", ExactTensor.from_rationals([[10 * value]]))
        if abs(value) > 1:
            with pytest.raises(InputError, match=r"layer 1 \(Dense\): a weight has too many digits"):
                format_xnet(network)


def test_sizes_beyond_nine_digits_are_not_written() -> None:
    network = Network((MaxPool2d((1, 1), (10**9, 1)), GlobalPool()), 1)
    with pytest.raises(InputError, match="too large"):
        format_xnet(network)


# -- files ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["net.xnet", "NET.XNET"])
def test_files(tmp_path: Path, name: str) -> None:
    network = parse_xnet(TEXT, "elsewhere")
    save_network(tmp_path / name, network)
    assert (tmp_path / name).read_bytes() == TEXT.encode()
    assert load_network(tmp_path / name) == network


@pytest.mark.parametrize("data", [b"\xef\xbb\xbf" + TEXT.encode(), TEXT.encode("utf-16"), b"\xff" * 9, b""])
def test_files_with_other_bytes(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "net.xnet"
    path.write_bytes(data)
    with pytest.raises(InputError, match=r"net.xnet: line 1"):
        load_network(path)


@pytest.mark.parametrize("name", ["net", "net.txt", "net.xnet.gz", ".xnet"])
def test_other_suffixes(tmp_path: Path, name: str) -> None:
    network = parse_xnet(TEXT, "elsewhere")
    with pytest.raises(InputError, match=r"expected \.xnet or \.onnx"):
        save_network(tmp_path / name, network)
    with pytest.raises(InputError, match=r"expected \.xnet or \.onnx"):
        load_network(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_missing_file(tmp_path: Path) -> None:
    for suffix in ("xnet", "onnx"):
        with pytest.raises(InputError, match="no such file"):
            load_network(tmp_path / f"net.{suffix}")

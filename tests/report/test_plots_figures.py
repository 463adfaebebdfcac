"""What figures show: texts, places and files; not how they look."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from flint import fmpq
from matplotlib.figure import Figure
from matplotlib.text import Text
from numpy.typing import NDArray
from support.tiny import drawn, feature, numbers, one_class, task

from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.examples import catalogue
from exactcnn.network.model import Conv2d, Dense, Flatten, GlobalPool, MaxPool2d, Network, ReLU
from exactcnn.report.plots.counterexamples import counterexample_figure
from exactcnn.report.plots.detectors import affine_text, detector_figure, most_constrained
from exactcnn.report.plots.heat import heat_figure, window_states
from exactcnn.report.plots.layers import layer_texts
from exactcnn.report.plots.logits import logits_figure, witnesses_figure
from exactcnn.report.plots.maps import excess_map
from exactcnn.report.plots.networks import network_figure
from exactcnn.report.plots.pieces import detector_of
from exactcnn.report.plots.planes import detector_plane_figure
from exactcnn.report.plots.scaling import Measurement, scaling_figure, series
from exactcnn.report.plots.templates import features_figure, interval_counts, template_figure
from exactcnn.report.plots.theme import (
    DARK,
    LIGHT,
    Theme,
    figure_bytes,
    fraction_text,
    save_figure,
    shown,
    theme_named,
)
from exactcnn.task.model import Alternative, PixelRange, Task, TaskClass

HOSTILE = [
    "<script>alert(1)</script>",
    "\"'&<b>$\\nosuch{$ \N{FOX FACE}\N{GRINNING FACE}",
    "\N{RIGHT-TO-LEFT OVERRIDE}evil\n\N{HEBREW LETTER SHIN}\N{HEBREW LETTER LAMED}",
    "x" * 200,
    "",
]
q = fmpq


def named(name: str) -> Task:
    """A task whose every name is this one."""
    features = [feature(name, "##", "?."), feature("other " + name, "#")]
    mine = TaskClass("c" + name, (Alternative(frozenset({name})),))
    return replace(task(features, [mine, TaskClass(name, otherwise=True)]), name=name)


TASK = task(
    [feature("cross", ".#.", "###", ".#.", tolerance="1/16"), feature("bar", "#?#")],
    [one_class("a", "cross"), TaskClass("rest", otherwise=True)],
)
NETWORK = api.build(TASK)
PROVED = api.verify(TASK, workers=1)
SPOILT = next(spoilt_networks(NETWORK, TASK))[0]
REFUTED = api.verify(TASK, SPOILT, sizes="5x6", workers=1)
IMAGE = numbers([[["0", "1", "0", "1/3"], ["1", "1", "1", "0"], ["0", "1", "0", "1/2"]]], (1, 3, 4))


def texts(figure: Figure) -> list[str]:
    """Every text in a figure, ticks' labels included."""
    figure.canvas.draw()
    return [t.get_text() for t in figure.findobj(Text) if t.get_text()]  # type: ignore[attr-defined]


def all_figures(subject: Task, image: ExactTensor) -> Iterator[Figure]:
    """One of each kind for a task."""
    name = subject.features[0].name
    network = api.build(subject)
    outcome = api.verify(subject, network, workers=1)
    spoilt = next(spoilt_networks(network, subject))[0]
    yield features_figure(subject, theme=DARK)
    yield template_figure(subject, name)
    yield detector_figure(subject, name, theme=DARK)
    yield detector_plane_figure(subject, name)
    yield heat_figure(subject, image, name)
    yield network_figure(network, subject, theme=DARK)
    yield witnesses_figure(outcome, subject)
    witness = outcome.classes[0].witness
    assert witness is not None
    yield logits_figure(witness, subject)
    yield counterexample_figure(api.verify(subject, spoilt, sizes="3x4", workers=1), subject, spoilt)
    yield scaling_figure([Measurement(name, 4, 1.0, 10), Measurement(name, 8, 2.0, 20, finished=False)])


# -- names ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_names_are_only_ever_text(name: str) -> None:
    """Warnings (of missing letters, say) are errors here."""
    for figure in all_figures(named(name), ExactTensor.zeros((1, 3, 4))):
        found = [t.get_text() for t in figure.findobj(Text)]
        assert all("\N{FOX FACE}" not in t and "\N{RIGHT-TO-LEFT OVERRIDE}" not in t for t in found)
        root = ET.fromstring(figure_bytes(figure, "svg"))
        assert not [e for e in root.iter() if e.tag.endswith(("script", "}b"))]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("plain", "plain"),
        ("<b>", "<b>"),
        ("$x$", "$x$"),
        ("a\nb", "a<U+000A>b"),
        ("\N{FOX FACE}", "<U+1F98A>"),
        ("\N{RIGHT-TO-LEFT OVERRIDE}ab", "<U+202E>ab"),
        ("é", "é"),
    ],
)
def test_shown_names(name: str, expected: str) -> None:
    assert shown(name) == expected


def test_long_names_are_cut_and_say_so() -> None:
    assert shown("x" * 200) == "x" * 31 + "…"
    assert shown("x" * 32) == "x" * 32


# -- numbers ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "expected"),
    [(q(1, 2), "1/2"), (q(-3), "\N{MINUS SIGN}3"), (q(12345678, 87654321), "≈0.141"), (q(10**400, 3), "≈10^400")],
)
def test_fractions_are_exact_or_say_that_they_are_not(value: fmpq, expected: str) -> None:
    assert fraction_text(value) == expected


@pytest.mark.parametrize(
    ("slopes", "constant", "expected"),
    [
        ((q(2),), q(-7, 8), "2x \N{MINUS SIGN} 7/8"),
        ((q(-2),), q(9, 8), "9/8 \N{MINUS SIGN} 2x"),
        ((q(0),), q(1), "1"),
        ((q(0),), q(0), "0"),
        ((q(1),), q(0), "x"),
        ((q(-1),), q(0), "\N{MINUS SIGN}x"),
        ((q(2, 3), q(-1)), q(1), "(2/3)x \N{MINUS SIGN} y + 1"),
    ],
)
def test_linear_forms_in_words(slopes: tuple[fmpq, ...], constant: fmpq, expected: str) -> None:
    assert affine_text(list(zip(slopes, ("x", "y"), strict=False)), constant) == expected


# -- what each figure says --------------------------------------------------------------------------------------------


def test_a_template_lists_its_intervals() -> None:
    assert interval_counts(drawn(".#?", "##?"), 0, PixelRange()) == ((0, q(1, 8), 1), (q(7, 8), 1, 3), (0, 1, 2))
    found = texts(template_figure(TASK, "bar"))
    assert "2 pixels: 7/8 to 1" in found
    assert "1 pixel: anything" in found


def test_all_features_have_their_tile() -> None:
    found = texts(features_figure(api.load_task(catalogue.path("signs"))))
    assert [t for t in ("stop", "parking") if any(t in f for f in found)] == ["stop", "parking"]
    assert "8x7, gap 1" in found


def test_breakpoints_are_labelled_with_fractions() -> None:
    found = texts(detector_figure(TASK, "cross", place=(0, 1, 1)))
    for label in ("7/16", "15/16", "2x \N{MINUS SIGN} 7/8", "exhibits", "neither", "clear", "gap 1/2"):
        assert label in found


def test_the_pieces_of_two_pixels_are_listed() -> None:
    found = texts(detector_plane_figure(TASK, "cross", first=(0, 1, 1), second=(0, 0, 0)))
    listed = next(t for t in found if "elsewhere 0" in t)
    assert listed.count("\n") == 4
    assert "2x \N{MINUS SIGN} 2y \N{MINUS SIGN} 3/4" in listed
    assert "9/16" in found


def test_pixels_with_narrow_intervals_come_first() -> None:
    assert most_constrained(detector_of(TASK, "bar"), 3) == [(0, 0, 0), (0, 0, 2), (0, 0, 1)]


def test_windows_by_what_they_are() -> None:
    excess = ExactTensor.from_rationals([q(0), q(1, 4), q(1, 2), q(3)], (2, 2))
    assert window_states(excess, q(1, 2)) == {"exhibits": [(0, 0)], "neither": [(0, 1)], "clear": [(1, 0), (1, 1)]}


def test_a_heat_map_counts_windows_and_writes_values() -> None:
    found = texts(heat_figure(TASK, IMAGE, "cross"))
    assert "cross: 2 windows (1 exhibiting, 0 neither, 1 clear)" in found
    value = excess_map(detector_of(TASK, "cross"), IMAGE).item(0, 1)
    assert fraction_text(value, 6) in found


def test_shapes_in_the_diagram() -> None:
    assert [b.shape for b in layer_texts(NETWORK)] == ["1 x H x W", "4 x H x W", "2 x H x W", "2", "2", "1", "2"]
    assert layer_texts(NETWORK, (9, 7))[1].shape == "4 x 9 x 7"
    assert layer_texts(NETWORK)[2].name == "convolution 3x3 + ReLU"
    found = texts(network_figure(NETWORK, TASK))
    assert any("rest" in t for t in found)


def test_shapes_with_pools_steps_and_flatten() -> None:
    conv = Conv2d(ExactTensor.full((2, 1, 3, 3), 1), ExactTensor.zeros((2,)), stride=(2, 2))
    net = Network((conv, ReLU(), MaxPool2d((2, 2), (1, 1)), GlobalPool("sum"), _dense(2)), 1)
    assert [b.shape for b in layer_texts(net)] == ["1 x H x W", "2 x H' x W'", "2 x H' x W'", "2", "3"]
    assert layer_texts(net, (9, 9))[2].shape == "2 x 3 x 3"
    valid = Conv2d(ExactTensor.full((2, 1, 3, 3), 1), ExactTensor.zeros((2,)))
    flat = Network((valid, Flatten(), _dense(8)), 1)
    assert [b.shape for b in layer_texts(flat)] == ["1 x H x W", "2 x (H-2) x (W-2)", "2 * (H-2) * (W-2)", "3"]
    network_figure(net)
    network_figure(flat, size=(4, 4))


def _dense(inputs: int) -> Dense:
    return Dense(ExactTensor.full((3, inputs), 1), ExactTensor.zeros((3,)))


def test_a_size_that_the_network_does_not_take() -> None:
    net = Network((MaxPool2d((3, 3), (1, 1)), GlobalPool("max"), _dense(1)), 1)
    with pytest.raises(InputError, match="not defined on images of this size"):
        layer_texts(net, (2, 9))


def test_logits_show_label_lead_and_margin() -> None:
    witness = PROVED.classes[0].witness
    assert witness is not None
    assert {"  lead 1/2", "1  (label)"} <= set(texts(logits_figure(witness, TASK)))
    assert any("on every admissible image the label leads by 1/2" in t for t in texts(witnesses_figure(PROVED, TASK)))


def test_a_counterexample_says_what_differs() -> None:
    found = texts(counterexample_figure(REFUTED, TASK, SPOILT))
    assert "the counterexample" in found
    assert any(t.startswith("right (") and "differ" in t for t in found)
    assert any(t.startswith("REFUTED: this is ") for t in found)


def test_outcomes_without_what_is_to_be_drawn() -> None:
    with pytest.raises(InputError, match="no counterexample"):
        counterexample_figure(PROVED, TASK, NETWORK)
    with pytest.raises(InputError, match="no witness"):
        witnesses_figure(replace(PROVED, classes=()), TASK)


def test_measurements_are_grouped_and_sorted() -> None:
    runs = [Measurement("m", 8, 2.0), Measurement("z", 4, 1.0), Measurement("m", 4, 1.0), Measurement("a", None, 1.0)]
    assert [(n, [m.side for m in r]) for n, r in series(runs).items()] == [("m", [4, 8]), ("z", [4]), ("a", [None])]
    found = texts(scaling_figure(runs))
    assert {"m", "z", "a, any size"} <= set(found)


@pytest.mark.parametrize(
    "runs", [[], [Measurement("m", None, 1.0)], [Measurement("m", 0, 1.0)], [Measurement("m", 4, 0)]]
)
def test_measurements_that_cannot_be_drawn(runs: list[Measurement]) -> None:
    with pytest.raises(InputError, match="nothing that can be drawn"):
        scaling_figure(runs)
    with pytest.raises(InputError):
        scaling_figure([])


# -- files and themes -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("suffix", "start"), [("svg", b"<?xml"), ("pdf", b"%PDF"), ("png", b"\x89PNG")])
def test_files_are_the_same_every_time(suffix: str, start: bytes, tmp_path: Path) -> None:
    make: Callable[[], Figure] = lambda: template_figure(TASK, "cross")  # noqa: E731 - one line twice
    save_figure(make(), tmp_path / f"a.{suffix}")
    data = (tmp_path / f"a.{suffix}").read_bytes()
    assert data.startswith(start)
    assert data == figure_bytes(make(), suffix)


@pytest.mark.parametrize("name", ["a.jpg", "a", "a.svgz"])
def test_suffixes_that_are_no_pictures(name: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="not a name for a picture"):
        save_figure(template_figure(TASK, "cross"), tmp_path / name)
    assert not list(tmp_path.iterdir())
    with pytest.raises(InputError):
        figure_bytes(template_figure(TASK, "cross"), "bmp")


def test_nothing_global_changes() -> None:
    before = dict(mpl.rcParams)
    figure_bytes(features_figure(TASK, theme=DARK), "svg")
    assert dict(mpl.rcParams) == before


def test_themes_have_readable_contrast() -> None:
    assert theme_named("dark") is DARK
    with pytest.raises(InputError):
        theme_named("pink")
    for theme in (LIGHT, DARK):
        for colour in (theme.ink, theme.dim, theme.first, theme.second, theme.third, theme.fourth):
            assert _contrast(colour, theme.paper) >= 4.5, (theme.name, colour)


# How linear red, green and blue look without one kind of cone (Machado, Oliveira and Fernandes 2009, severity 1).
BLINDNESS = {
    "none": [[1, 0, 0], [0, 1, 0], [0, 0, 1]],
    "protan": [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]],
    "deutan": [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]],
    "tritan": [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.303900]],
}


@pytest.mark.parametrize("kind", BLINDNESS)
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda t: t.name)
def test_accents_can_be_told_apart_with_any_colour_vision(theme: Theme, kind: str) -> None:
    """A difference of 10 in CIE Lab is plain to see; signs never rest on colour alone, so that this is enough."""
    seen = [
        _lab(np.array(BLINDNESS[kind]) @ _linear(c)) for c in (theme.first, theme.second, theme.third, theme.fourth)
    ]
    assert float(np.linalg.norm(seen[0] - seen[1])) > 40, "right and wrong"
    for number, one in enumerate(seen):
        for other in seen[:number]:
            assert float(np.linalg.norm(one - other)) > 10


def _linear(colour: str) -> NDArray[np.float64]:
    parts = np.array([int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)])
    return np.where(parts <= 0.04045, parts / 12.92, ((parts + 0.055) / 1.055) ** 2.4)


def _lab(linear: NDArray[np.float64]) -> NDArray[np.float64]:
    """CIE Lab, white point D65."""
    to_xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])
    t = to_xyz @ np.clip(linear, 0, 1) / np.array([0.9505, 1.0, 1.089])
    f = np.where(t > 0.008856, np.cbrt(t), 7.787 * t + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def _contrast(first: str, second: str) -> float:
    """The contrast ratio of WCAG 2."""

    def luminance(colour: str) -> float:
        parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        linear = [p / 12.92 if p <= 0.03928 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]

    light, dark = sorted((luminance(first), luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)

"""What a wrong image nearly contains, in numbers, as text, on pages and in pictures."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from flint import fmpq
from rich.console import Console
from support.outcomes import REST, with_layer
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.core.outcome import Example, Stretched, Window
from exactcnn.core.tensor import ExactTensor
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Conv2d
from exactcnn.report.html import outcome_page
from exactcnn.report.near_misses import near_misses
from exactcnn.report.plots.counterexamples import counterexample_figure
from exactcnn.report.terminal import outcome_block

CROSS = task([feature("cross", ".#.", "###", ".#.")], [one_class("cross", "cross"), REST])


def picture(*rows: str) -> Stretched:
    """Digits as eighths."""
    return Stretched.plain(ExactTensor.from_integers(np.array([[[int(c) for c in row] for row in rows]]), 8))


def seen(*rows: str) -> Example:
    return Example(picture(*rows), "rest", (), (), (fmpq(1), fmpq(0)))


def test_the_nearest_window_is_named_with_its_excess_and_gap() -> None:
    (miss,) = near_misses(seen("00000", "00800", "08880", "00300", "00000"), CROSS)
    assert (miss.window, miss.excess, miss.gap) == (Window("cross", 0, 1, 1), fmpq(1, 2), fmpq(1, 2))


def test_a_quarter_more_than_the_gap_is_far() -> None:
    near = replace(CROSS.features[0], gap=fmpq(3, 8))
    assert near_misses(seen("080", "888", "030"), replace(CROSS, features=(near,))) == ()
    assert near_misses(seen("000", "080", "000"), CROSS) == ()


def test_of_contained_features_and_large_images_nothing_is_said() -> None:
    example = seen("080", "888", "030")
    assert near_misses(example, CROSS)
    assert near_misses(replace(example, features=("cross",)), CROSS) == ()
    large = Stretched.plain(ExactTensor.from_integers(np.zeros((1, 97, 97), dtype=np.int64)))
    assert near_misses(replace(example, picture=large), CROSS) == ()


def test_a_near_miss_that_is_taken_for_the_feature_is_shown() -> None:
    network = api.build(CROSS)
    layer = network.layers[2]
    assert isinstance(layer, Conv2d)
    bias = ExactTensor.from_rationals([b + fmpq(3, 4) for b in layer.bias.rationals()], layer.bias.shape)
    network = with_layer(network, 2, replace(layer, bias=bias))
    outcome = api.verify(CROSS, network, sizes="5x5", workers=1)
    assert outcome.verdict is Verdict.REFUTED
    drawn = [t.get_text() for ax in counterexample_figure(outcome, CROSS, network).axes for t in ax.texts]
    assert any("nearly cross (dashed): just its gap, 1/2, away" in text for text in drawn)
    console = Console(width=140, color_system=None, markup=False, highlight=False)
    with console.capture() as capture:
        console.print(outcome_block(outcome, CROSS, network="some.xnet"))
    lines = [line.split() for line in capture.get().splitlines()]
    assert ["nearly", "template", "row", "column", "excess", "gap"] in lines
    assert any(line[:2] == ["cross", "0"] and line[-2:] == ["1/2", "1/2"] for line in lines)
    assert "Windows that are nearly a feature" in outcome_page(outcome, CROSS, network="some.xnet")

"""Faults of stride, padding and rounding planted in built networks: wrong at exactly the sizes where they bite.

Where a fault bites is decided by a method that shares no code with the prover: the enumeration of the generator's
images, which shows every placement of a feature, and the geometry written out beside each fault.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from support.outcomes import PROVED, REFUTED, REST, check_outcome, with_layer
from support.tiny import feature, one_class, task

from exactcnn import api
from exactcnn.core.verdict import Verdict
from exactcnn.network.model import Conv2d, GlobalPool, MaxPool2d, Network

RING = feature("ring", "###", "#.#", "###")
SUBJECT = task([RING], [one_class("ring", "ring"), REST])
SIZES = [(h, w) for h in (8, 11, 13, 16) for w in (8, 9, 15, 16)]


def second(network: Network) -> Conv2d:
    layer = network.layers[2]
    assert isinstance(layer, Conv2d)
    return layer


def cut_at_the_end() -> Network:
    """A local maximum over 2x2 places in steps of 2 that rounds down: it drops the last row where there are an odd
    number of window positions, and likewise the last column.
    """
    network = api.build(SUBJECT)
    layer = replace(second(network), padding=(0, 0, 0, 0))
    return _with_pool(with_layer(network, 2, layer), MaxPool2d((2, 2), (2, 2)))


def rounded_up() -> Network:
    """The same with a row and a column of padding at the end, as ceil mode does: nothing is lost."""
    network = api.build(SUBJECT)
    layer = replace(second(network), padding=(0, 0, 0, 0))
    return _with_pool(with_layer(network, 2, layer), MaxPool2d((2, 2), (2, 2), (0, 0, 1, 1)))


def padded_at_the_start() -> Network:
    """The same with the padding on the wrong side: windows start a row early and drop the last one of the others."""
    network = api.build(SUBJECT)
    layer = replace(second(network), padding=(0, 0, 0, 0))
    return _with_pool(with_layer(network, 2, layer), MaxPool2d((2, 2), (2, 2), (1, 1, 0, 0)))


def one_phase_missing() -> Network:
    """A maximum over 2 of every 3 rows of positions."""
    network = api.build(SUBJECT)
    layer = replace(second(network), padding=(0, 0, 0, 0))
    return _with_pool(with_layer(network, 2, layer), MaxPool2d((2, 1), (3, 1)))


def narrow() -> Network:
    """Positions two apart, across only: it loses rings at odd columns."""
    network = api.build(SUBJECT)
    return with_layer(network, 2, replace(second(network), stride=(1, 2), padding=(0, 0, 0, 0)))


def _with_pool(network: Network, pool: MaxPool2d) -> Network:
    place = next(n for n, layer in enumerate(network.layers) if isinstance(layer, GlobalPool))
    return replace(network, layers=(*network.layers[:place], pool, *network.layers[place:]))


FAULTS: dict[str, tuple[Callable[[], Network], Callable[[int, int], bool]]] = {
    # A 3x3 window has n - 2 positions along an axis of n.
    "floor": (cut_at_the_end, lambda h, w: h % 2 == 1 or w % 2 == 1),
    "ceil": (rounded_up, lambda h, w: False),
    "padding": (padded_at_the_start, lambda h, w: h % 2 == 0 or w % 2 == 0),
    "phase": (one_phase_missing, lambda h, w: h > 4),
    "stride": (narrow, lambda h, w: w > 3),
}
# Sizes at which a fault that bites at all larger ones does not.
SMALL = {"phase": [(4, 8), (4, 15), (5, 8)], "stride": [(8, 3), (13, 3), (8, 4)]}


@pytest.mark.parametrize("fault", FAULTS)
def test_faults_bite_at_exactly_their_sizes(fault: str) -> None:
    make, bites = FAULTS[fault]
    network = make()
    sizes = SIZES + SMALL.get(fault, [])
    assert {bites(h, w) for h, w in sizes} == ({False} if fault == "ceil" else {False, True})
    for height, width in sizes:
        size = f"{height}x{width}"
        found = check_outcome(SUBJECT, network, api.verify(SUBJECT, network, sizes=size, workers=1))
        assert found.verdict is (REFUTED if bites(height, width) else PROVED), size
        if (height + width) % 3 == 0:
            other = api.verify(SUBJECT, network, sizes=size, method="enumerate")
            assert (other.verdict is REFUTED) == bites(height, width), size


@pytest.mark.parametrize(("size", "verdict"), [("8x8", PROVED), ("9x8", REFUTED)])
def test_one_formula_over_all_pixels_says_the_same(size: str, verdict: Verdict) -> None:
    network = cut_at_the_end()
    assert api.verify(SUBJECT, network, sizes=size, method="monolithic", timeout=60).verdict is verdict


def test_a_range_is_refuted_where_one_of_its_sizes_is() -> None:
    network = cut_at_the_end()
    found = check_outcome(SUBJECT, network, api.verify(SUBJECT, network, sizes="8x8..16x16", workers=1))
    assert found.verdict is REFUTED
    assert found.counterexample is not None
    picture = found.counterexample.picture
    assert picture.height % 2 == 1 or picture.width % 2 == 1

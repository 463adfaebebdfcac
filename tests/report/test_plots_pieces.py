"""Exact linear pieces of detectors, maps of them, and right images near wrong ones."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tiny import drawn, feature, numbers, one_class, task

from exactcnn import api
from exactcnn.cli.spoiling import spoilt_networks
from exactcnn.core.errors import InputError
from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import logits
from exactcnn.report.plots.maps import detector_map, excess_map
from exactcnn.report.plots.nearby import nearby_right
from exactcnn.report.plots.pieces import Detector, Piece, detector_of, line_pieces, plane_pieces, zones
from exactcnn.task.decide import decide
from exactcnn.task.model import Feature, PixelRange

TASK = task(
    [feature("cross", ".#.", "###", ".#.", gap="1/2", tolerance="1/16"), feature("bar", "#?#")],
    [one_class("a", "cross"), one_class("b", "", "cross")],
)
CROSS = detector_of(TASK, "cross")
CENTRE = CROSS.drawn.centre()
MIDDLE, CORNER = (0, 1, 1), (0, 0, 0)
q = fmpq


def share(low: int = 0, high: int = 12) -> st.SearchStrategy[fmpq]:
    """Twelfths of the pixel range."""
    return st.integers(low, high).map(lambda n: fmpq(n, 12))


@st.composite
def detectors(draw: st.DrawFn) -> tuple[Detector, ExactTensor]:
    """A detector of a 1x3 template with any intervals, and a window."""
    ends = [sorted(draw(st.tuples(share(), share()))) for _ in range(3)]
    box = type(CROSS.drawn)(
        ExactTensor.from_rationals([e[0] for e in ends], (1, 1, 3)),
        ExactTensor.from_rationals([e[1] for e in ends], (1, 1, 3)),
    )
    gap = draw(share(1, 30))
    window = ExactTensor.from_rationals([draw(share()) for _ in range(3)], (1, 1, 3))
    return Detector("f", 0, box, gap, box, gap, PixelRange()), window


def with_values(window: ExactTensor, **values: fmpq) -> ExactTensor:
    """The 1x3 window with other values in the columns c0, c1, c2."""
    entries = window.rationals()
    for name, value in values.items():
        entries[int(name[1:])] = value
    return ExactTensor.from_rationals(entries, window.shape)


# -- one pixel --------------------------------------------------------------------------------------------------------


def test_the_breakpoints_of_a_bright_pixel() -> None:
    excess, level = line_pieces(CROSS, MIDDLE, CENTRE)
    assert excess == (Piece(q(0), q(15, 16), q(-1), q(15, 16)), Piece(q(15, 16), q(1), q(0), q(0)))
    assert level == (
        Piece(q(0), q(7, 16), q(0), q(0)),
        Piece(q(7, 16), q(15, 16), q(2), q(-7, 8)),
        Piece(q(15, 16), q(1), q(0), q(1)),
    )


def test_zones_use_the_words_of_the_task() -> None:
    found = [(z.start, z.end, z.state) for z in zones(CROSS, MIDDLE, CENTRE)]
    assert found == [(0, q(7, 16), "clear"), (q(7, 16), q(15, 16), "neither"), (q(15, 16), 1, "exhibits")]
    far = ExactTensor.full((1, 3, 3), q(1, 2))
    assert [z.state for z in zones(CROSS, MIDDLE, far)] == ["clear"]


def test_a_free_pixel_bends_nothing() -> None:
    bar = detector_of(TASK, "bar")
    excess, level = line_pieces(bar, (0, 0, 1), bar.drawn.centre())
    assert excess == (Piece(q(0), q(1), q(0), q(0)),)
    assert level == (Piece(q(0), q(1), q(0), q(1)),)


def test_the_built_detector_has_the_networks_thresholds() -> None:
    odd = task([Feature("f", (drawn("#", tolerance="1/10"),), q(1, 3))], [one_class("a", "f"), one_class("b", "", "f")])
    exact, built = detector_of(odd, "f"), detector_of(odd, "f", arithmetic="dyadic")
    assert exact.interval((0, 0, 0)) == (q(9, 10), 1)
    assert exact.gap == q(1, 3)
    assert built.interval((0, 0, 0))[0] < q(9, 10)
    assert built.gap == q(1, 4)
    network = api.build(odd)
    for value in (q(0), q(2, 3), q(7, 10), q(9, 10), q(1)):
        pixel = ExactTensor.from_rationals([value], (1, 1, 1))
        assert (built.level(pixel) == 1) == (logits(network, pixel.reshape(1, 1, 1, 1), odd.pixel)[0].item(0) == 1)


@given(detectors(), st.integers(0, 2), share())
@settings(max_examples=60)
def test_pieces_are_the_functions_they_describe(pair: tuple[Detector, ExactTensor], column: int, x: fmpq) -> None:
    detector, window = pair
    moved = with_values(window, **{f"c{column}": x})
    excess, level = line_pieces(detector, (0, 0, column), window)
    for pieces, expected in ((excess, detector.excess(moved)), (level, detector.level(moved))):
        assert {p.value(x) for p in pieces if p.start <= x <= p.end} == {expected}
        assert (pieces[0].start, pieces[-1].end) == (0, 1)
        for before, after in pairwise(pieces):
            assert before.end == after.start
            assert before.value(before.end) == after.value(after.start)
            assert before.slope != after.slope


# -- two pixels -------------------------------------------------------------------------------------------------------


def test_the_pieces_of_two_pixels_of_a_cross() -> None:
    regions = plane_pieces(CROSS, MIDDLE, CORNER, CENTRE)
    positive = [r for r in regions if not r.is_zero]
    forms = {(r.slope_x, r.slope_y, r.constant) for r in positive}
    assert forms == {(0, 0, 1), (2, 0, q(-7, 8)), (0, -2, q(9, 8)), (2, -2, q(-3, 4))}
    assert sorted(r.area for r in positive) == [q(1, 256), q(1, 32), q(1, 32), q(1, 8)]


@given(detectors(), share(), share())
@settings(max_examples=60)
def test_regions_fill_the_square_and_are_the_detector(pair: tuple[Detector, ExactTensor], x: fmpq, y: fmpq) -> None:
    detector, window = pair
    regions = plane_pieces(detector, (0, 0, 0), (0, 0, 2), window)
    assert sum((r.area for r in regions), q(0)) == 1
    expected = detector.level(with_values(window, c0=x, c2=y))
    around = [r for r in regions if _inside(r.corners, x, y)]
    assert around
    assert {r.value(x, y) for r in around} == {expected}


@given(detectors())
@settings(max_examples=20)
def test_bands_are_parts_of_their_region(pair: tuple[Detector, ExactTensor]) -> None:
    detector, window = pair
    for region in plane_pieces(detector, (0, 0, 0), (0, 0, 1), window):
        if region.slope_x == region.slope_y == 0:
            continue
        parts = [region.between(q(n, 4), q(n + 1, 4)) for n in range(4)]
        areas = [type(region)(p, q(0), q(0), q(0)).area for p in parts if p]
        assert sum(areas, q(0)) == region.area


@given(detectors(), share(0, 6), share(7, 12))
@settings(max_examples=20)
def test_a_view_is_filled_by_its_parts(pair: tuple[Detector, ExactTensor], low: fmpq, high: fmpq) -> None:
    detector, window = pair
    regions = plane_pieces(detector, (0, 0, 0), (0, 0, 1), window)
    parts = [part for r in regions if (part := r.inside((low, high), (q(0), low + q(1, 12))))]
    assert sum((p.area for p in parts), q(0)) == (high - low) * (low + q(1, 12))
    assert all(low <= x <= high for p in parts for x, _ in p.corners)


def _inside(corners: tuple[tuple[fmpq, fmpq], ...], x: fmpq, y: fmpq) -> bool:
    """Whether a point lies in a convex polygon, given in either direction."""
    sides = [
        (bx - ax) * (y - ay) - (by - ay) * (x - ax)
        for (ax, ay), (bx, by) in zip(corners, (*corners[1:], corners[0]), strict=True)
    ]
    return all(s >= 0 for s in sides) or all(s <= 0 for s in sides)


# -- what is refused --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "template"), [("none", 0), ("cross", 1), ("cross", -1)])
def test_features_and_templates_that_are_not_there(name: str, template: int) -> None:
    with pytest.raises(InputError, match="no such"):
        detector_of(TASK, name, template)


@pytest.mark.parametrize("place", [(1, 0, 0), (0, 3, 0), (0, 0, -1)])
def test_pixels_that_are_not_there(place: tuple[int, int, int]) -> None:
    with pytest.raises(InputError, match="no such pixel"):
        line_pieces(CROSS, place, CENTRE)


def test_one_pixel_twice() -> None:
    with pytest.raises(InputError, match="two different pixels"):
        plane_pieces(CROSS, MIDDLE, MIDDLE, CENTRE)


def test_images_that_no_window_fits_into() -> None:
    with pytest.raises(InputError, match="no window"):
        excess_map(CROSS, ExactTensor.zeros((1, 2, 5)))
    with pytest.raises(InputError, match="outside the pixel range"):
        excess_map(CROSS, ExactTensor.full((1, 5, 5), 2))


# -- maps -------------------------------------------------------------------------------------------------------------


def test_maps_hold_every_window() -> None:
    image = numbers([[["0", "1", "0", "1/3"], ["1", "1", "1", "0"], ["0", "1", "0", "1/2"]]], (1, 3, 4))
    excess = excess_map(CROSS, image)
    assert excess.shape == (1, 2)
    for column in range(2):
        window = image[:, :, column : column + 3]
        assert excess.item(0, column) == CROSS.excess(window)
        assert detector_map(CROSS, image).item(0, column) == CROSS.level(window)
    assert detector_map(CROSS, image).item(0, 0) == 1


# -- right images near wrong ones -------------------------------------------------------------------------------------


def test_the_nearby_image_is_right_and_cannot_come_nearer_by_one_pixel() -> None:
    network = next(spoilt_networks(api.build(TASK), TASK))[0]
    outcome = api.verify(TASK, network, sizes="5x6", workers=1)
    wrong = outcome.counterexample
    assert wrong is not None
    near = nearby_right(TASK, network, wrong)
    assert near is not None
    target, image = wrong.picture.image(), near.example.picture.image()
    differing = {tuple(map(int, p)) for p in np.argwhere((image - target).nonzero())}
    assert set(near.changed) == differing
    assert near.changed
    assert near.distance == sum((abs(image.item(*p) - target.item(*p)) for p in near.changed), q(0))
    assert _right(network, image)
    for place in near.changed:
        values = image.rationals()
        flat = int(np.ravel_multi_index(place, image.shape))
        values[flat] = target.item(*place)
        assert not _right(network, ExactTensor.from_rationals(values, image.shape))


def test_no_nearby_image_of_a_very_large_one() -> None:
    network = next(spoilt_networks(api.build(TASK), TASK))[0]
    wrong = api.verify(TASK, network, sizes="5x6", workers=1).counterexample
    assert wrong is not None
    large = type(wrong)(Stretched(wrong.picture.core, 900, 900), wrong.label, (), (), wrong.logits)
    assert nearby_right(TASK, network, large) is None


def _right(network: object, image: ExactTensor) -> bool:
    label = decide(TASK, image).label
    if label is None:
        return False
    scores = logits(network, image.reshape(1, *image.shape), TASK.pixel)[0].rationals()  # type: ignore[arg-type]
    own = scores.pop([c.name for c in TASK.classes].index(label))
    return own > max(scores)

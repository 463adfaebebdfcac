"""Networks that flatten images: at which sizes they mean something, and what is said at others."""

from __future__ import annotations

import pytest

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.core.tensor import ExactTensor
from exactcnn.network.evaluate import evaluate
from exactcnn.network.model import Conv2d, Dense, Flatten, Network


def flattening(inputs: int) -> Network:
    """Windows of 3x3, two channels, flattened for a dense layer."""
    layers = (
        Conv2d(ExactTensor.full((2, 1, 3, 3), 1), ExactTensor.zeros((2,))),
        Flatten(),
        Dense(ExactTensor.full((3, inputs), 1), ExactTensor.zeros((3,))),
    )
    return Network(layers, 1)


@pytest.mark.parametrize(("sizes", "places"), [("5x5", None), ("3x11", None), ("5x6", "3x4 places at size 5x6")])
def test_a_flatten_takes_sizes_of_so_many_places(sizes: str, places: str | None) -> None:
    network = flattening(18)
    chosen = SizeRange.parse(sizes)
    size = chosen.min_height, chosen.min_width
    if places is None:
        network.require_sizes(chosen)
        assert network.output_size(*size) == (size[0] - 2, size[1] - 2)
        return
    assert network.output_size(*size) is None
    with pytest.raises(InputError, match=f"found {places}; expected 9 places.*such as 5x5"):
        network.require_sizes(chosen)


@pytest.mark.parametrize("sizes", ["any", "5x5..any", "5x5..6x6"])
def test_a_flatten_takes_no_ranges(sizes: str) -> None:
    with pytest.raises(InputError, match=r"flattens images for a dense layer.*the one size"):
        flattening(18).require_sizes(SizeRange.parse(sizes))


def test_a_dense_layer_that_no_size_fits() -> None:
    network = flattening(19)
    assert network.output_size(5, 5) is None
    with pytest.raises(InputError, match="expected 0 places"):
        network.require_sizes(SizeRange.parse("5x5"))


def test_images_of_other_sizes_are_refused_by_evaluation() -> None:
    assert evaluate(flattening(18), ExactTensor.zeros((1, 1, 5, 5))).shape == (1, 3)
    with pytest.raises(InputError, match="found 2x2 places at size 4x4; expected 9 places"):
        evaluate(flattening(18), ExactTensor.zeros((1, 1, 4, 4)))

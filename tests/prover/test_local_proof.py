"""What proofs of local sequents need no cases for."""

from __future__ import annotations

from flint import fmpq
from support.tiny import conv, dense, feature, one_class, task

from exactcnn.core.sizes import SizeRange
from exactcnn.network.model import AvgPool2d, GlobalPool, Network, ReLU
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_proof import prove_local
from exactcnn.prover.local_sequent import NumberedStem, upper_local
from exactcnn.theorem.local import Placed


def test_windows_clear_of_a_feature_of_one_pixel_bound_that_pixel() -> None:
    # The mean of nine detectors of a bright pixel: each is 0 where its pixel is none, without a look at any case.
    subject = task([feature("dot", "#")], [one_class("with", "dot"), one_class("without", "", "dot")])
    detect = conv([2], (1, 1, 1, 1), ["-7/8"])
    network = Network((detect, ReLU(), AvgPool2d((3, 3), (1, 1)), GlobalPool("max"), dense([[1], [-1]], [0, 1])), 1)
    instance = Instance(subject, network, SizeRange.parse("3x3..any"))
    clear = [Placed(0, 0, i, j) for i in range(3) for j in range(3)]
    kind, shared = next(iter(instance.kinds)), NumberedStem(instance)
    assert prove_local(upper_local(shared, kind, clear, 0, fmpq(0)), 20, splits=False) is not None
    # One window that may hold the feature is worth (2 - 7/8) / 9.
    most = fmpq(1, 8)
    assert prove_local(upper_local(shared, kind, clear[1:], 0, most), 20, splits=False) is not None
    assert prove_local(upper_local(shared, kind, clear[1:], 0, most - fmpq(1, 1000)), 20) is None

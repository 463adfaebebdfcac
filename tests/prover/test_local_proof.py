"""How long proofs of local sequents are."""

from __future__ import annotations

from flint import fmpq
from support.tiny import conv, dense, feature, one_class, task

from exactcnn.core.sizes import SizeRange
from exactcnn.network.model import AvgPool2d, GlobalPool, Network, ReLU
from exactcnn.prover.instance import Instance
from exactcnn.prover.local_proof import prove_local
from exactcnn.prover.local_sequent import NumberedStem, upper_local
from exactcnn.prover.rows import After, Proof, Split
from exactcnn.theorem.local import Placed


def _splits(proof: Proof | None) -> int:
    """How many nodes a proof splits, below its lemmas."""
    match proof:
        case Split():
            return 1 + sum(_splits(branch) for _, branch in proof.branches)
        case After():
            return _splits(proof.proof)
    return 0


def test_features_of_one_pixel_are_no_reason_to_look_at_every_case() -> None:
    # The mean of nine detectors of a bright pixel: each is 0 where its pixel is none, and all of them are split once.
    subject = task([feature("dot", "#")], [one_class("with", "dot"), one_class("without", "", "dot")])
    detect = conv([2], (1, 1, 1, 1), ["-7/8"])
    network = Network((detect, ReLU(), AvgPool2d((3, 3), (1, 1)), GlobalPool("max"), dense([[1], [-1]], [0, 1])), 1)
    instance = Instance(subject, network, SizeRange.parse("3x3..any"))
    clear = [Placed(0, 0, i, j) for i in range(3) for j in range(3)]
    proof = prove_local(upper_local(NumberedStem(instance), next(iter(instance.kinds)), clear, 0, fmpq(0)), 20)
    assert proof is not None
    assert _splits(proof) <= 9

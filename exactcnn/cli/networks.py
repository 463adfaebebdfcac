"""Networks as commands read them: the choice about batch normalisation, and what the reader has to know."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from exactcnn.cli.common import note

if TYPE_CHECKING:
    from exactcnn.network.model import Network

__all__ = ["BatchNormName", "BatchNormOption", "read_network"]


class BatchNormName(StrEnum):
    """What becomes of batch normalisation by an irrational number."""

    EXACT = "exact"
    FLOAT32 = "float32"


BatchNormOption = Annotated[
    BatchNormName,
    typer.Option(
        "--batch-norm",
        help="Batch normalisation by an irrational number: refuse it, or take the nearest float32 factor.",
    ),
]


def read_network(path: Path, batch_norm: BatchNormName) -> Network:
    """The network of a file; its notes go to stderr.

    Raises
    ------
    InputError: the file cannot be read, or holds something that is not supported, which is named.
    """
    from exactcnn.formats.network_file import load_network

    network = load_network(path, batch_norm=batch_norm.value)
    for text in network.notes:
        note(f"{path}: {text}")
    return network

"""Trains a small convolutional network with PyTorch on images that exactcnn generated: the one of notebook 7.

    exactcnn generate notebooks/data/signs.toml -o out/train --count 6000 --size 12x12 --seed 1
    exactcnn generate notebooks/data/signs.toml -o out/test --count 2000 --size 12x12 --seed 2
    python tools/train_signs.py out/train out/test -o notebooks/data/trained.onnx

Needs PyTorch, Pillow and numpy, and nothing of exactcnn. It stops when no image of the first folder is wrong and prints
how many of the second folder are right. The seed is fixed, and one thread is used; another version of PyTorch may give
other weights. The file in the repository was made with PyTorch 1.13.1 on a CPU.
"""

from __future__ import annotations

import argparse
import csv
import sys
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

CLASSES = ("pharmacy", "coin", "neither")
FILTERS, HIDDEN = 3, 4
SEED, BATCH, MOST_EPOCHS = 7, 64, 60


def read(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, H, W) with values from 0 to 1, and the numbers of their classes."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = [np.asarray(Image.open(folder / row["image"]).convert("L"), dtype=np.float32) / 255 for row in rows]
    labels = [CLASSES.index(row["label"]) for row in rows]
    return torch.from_numpy(np.stack(images)[:, None]), torch.tensor(labels)


def network() -> nn.Module:
    """A convolution with windows as large as the largest feature, a global maximum, and two dense layers."""
    return nn.Sequential(
        nn.Conv2d(1, FILTERS, 4),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(FILTERS, HIDDEN),
        nn.ReLU(),
        nn.Linear(HIDDEN, len(CLASSES)),
    )


def right(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> int:
    """How many images have the largest logit at their label."""
    with torch.no_grad():
        return int((model(images).argmax(1) == labels).sum())


def train(images: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    """The network after the first epoch that leaves no image wrong, or the last."""
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    model = network()
    steps = torch.optim.Adam(model.parameters(), lr=0.01)
    loss = nn.CrossEntropyLoss()
    for epoch in range(MOST_EPOCHS):
        for batch in torch.randperm(len(images)).split(BATCH):
            steps.zero_grad()
            loss(model(images[batch]), labels[batch]).backward()
            steps.step()
        count = right(model, images, labels)
        sys.stderr.write(f"epoch {epoch + 1}: {count} of {len(images)} right\n")
        if count == len(images):
            break
    return model


def main() -> None:
    """Trains, tests and writes the network."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    options = parser.parse_args()
    images, labels = read(options.train)
    model = train(images, labels)
    images, labels = read(options.test)
    sys.stdout.write(f"test: {right(model, images, labels)} of {len(images)} right\n")
    names = {"input_names": ["image"], "output_names": ["logits"]}
    sizes = {"image": {0: "N", 2: "H", 3: "W"}}
    torch.onnx.export(model, images[:1], str(options.output), opset_version=13, dynamic_axes=sizes, **names)


if __name__ == "__main__":
    main()

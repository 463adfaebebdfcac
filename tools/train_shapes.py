"""Trains three small networks with PyTorch on generated images of the task `shapes`: those of tests/golden/networks.

    exactcnn generate exactcnn/examples/shapes.toml -o out/train --count 12000 --size 24x24 --seed 1
    exactcnn generate exactcnn/examples/shapes.toml -o out/test --count 2000 --size 24x24 --seed 2
    python tools/train_shapes.py out/train out/test -o tests/golden/networks

The files that are kept there were trained on what `generate` drew earlier, without an arrow and a diamond that have no
ring beside them; today's images train other networks.

Needs PyTorch, Pillow and numpy (`pip install torch pillow`, or Debian's `python3-torch`), and nothing of exactcnn.
Prints for each network how many images of the two folders are right. Seeds are fixed, and one thread is used; another
version of PyTorch may give other weights.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch import nn

CLASSES = ("house", "first-aid", "compass", "jewel", "other")
SEED, BATCH, RATE = 3, 64, 0.004


def detectors() -> nn.Module:
    """The shape that exactcnn builds: thresholds, windows as large as a feature, a global maximum, a head."""
    first = nn.Conv2d(1, 3, 1)
    with torch.no_grad():
        # Brightness, darkness, and brightness above the middle; random signs leave channels that are 0 on every image.
        first.weight.copy_(torch.tensor([1.0, -1.0, 1.0]).reshape(3, 1, 1, 1))
        first.bias.copy_(torch.tensor([0.0, 0.5, -0.5]))
    return nn.Sequential(
        first,
        nn.ReLU(),
        nn.Conv2d(3, 12, 9),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(12, 16),
        nn.ReLU(),
        nn.Linear(16, len(CLASSES)),
    )


def pools() -> nn.Module:
    """Small windows with maxima over 2x2 places between them, as in VGG networks."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(8, 12, 3, padding=1),
        nn.BatchNorm2d(12),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(12, 16, 3, padding=1),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
        nn.Linear(16, len(CLASSES)),
    )


def averages() -> nn.Module:
    """A global average over the positions of a stem without padding."""
    return nn.Sequential(
        nn.Conv2d(1, 8, 5, stride=2),
        nn.BatchNorm2d(8),
        nn.ReLU(),
        nn.Conv2d(8, 16, 3),
        nn.BatchNorm2d(16),
        nn.ReLU(),
        nn.Conv2d(16, 24, 3),
        nn.BatchNorm2d(24),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(1),
        nn.Flatten(),
        nn.Linear(24, 16),
        nn.ReLU(),
        nn.Linear(16, len(CLASSES)),
    )


ARCHITECTURES: dict[str, tuple[Callable[[], nn.Module], int]] = {
    "detectors": (detectors, 20),
    "pools": (pools, 20),
    "averages": (averages, 40),
}
"""Each architecture with the most epochs that it is trained for."""


def read(folder: Path) -> tuple[torch.Tensor, torch.Tensor]:
    """Images (N, 1, H, W) with values from 0 to 1, and the numbers of their classes."""
    with (folder / "labels.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    images = [np.asarray(Image.open(folder / row["image"]).convert("L"), dtype=np.float32) / 255 for row in rows]
    labels = [CLASSES.index(row["label"]) for row in rows]
    return torch.from_numpy(np.stack(images)[:, None]), torch.tensor(labels)


def right(model: nn.Module, images: torch.Tensor, labels: torch.Tensor) -> int:
    """How many images have the largest logit at their label."""
    with torch.no_grad():
        batches = zip(images.split(500), labels.split(500), strict=True)
        return sum(int((model(batch).argmax(1) == answers).sum()) for batch, answers in batches)


def train(make: Callable[[], nn.Module], epochs: int, images: torch.Tensor, labels: torch.Tensor) -> nn.Module:
    """The network after the last epoch; the rate falls along a cosine."""
    torch.manual_seed(SEED)
    model = make()
    steps = torch.optim.Adam(model.parameters(), lr=RATE)
    rates = torch.optim.lr_scheduler.CosineAnnealingLR(steps, epochs)
    loss = nn.CrossEntropyLoss()
    for epoch in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(images)).split(BATCH):
            steps.zero_grad()
            found = loss(model(images[batch]), labels[batch])
            found.backward()
            steps.step()
            total += float(found) * len(batch)
        rates.step()
        sys.stderr.write(f"epoch {epoch + 1} of {epochs}: loss {total / len(images):.4f}\n")
    return model.eval()


def main() -> None:
    """Trains, tests and writes the networks."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("train", type=Path)
    parser.add_argument("test", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--only", choices=ARCHITECTURES, help="one architecture")
    options = parser.parse_args()
    torch.set_num_threads(1)
    images, labels = read(options.train)
    tests, answers = read(options.test)
    for name, (make, epochs) in ARCHITECTURES.items():
        if options.only not in (None, name):
            continue
        started = time.monotonic()
        model = train(make, epochs, images, labels)
        weights = sum(p.numel() for p in model.parameters())
        sys.stdout.write(
            f"{name}: {weights} weights, {right(model, images, labels)} of {len(images)} right in training, "
            f"{right(model, tests, answers)} of {len(tests)} in the test, {time.monotonic() - started:.0f} s\n"
        )
        sys.stdout.flush()
        torch.onnx.export(
            model,
            images[:1],
            str(options.output / f"{name}.onnx"),
            opset_version=13,
            input_names=["image"],
            output_names=["logits"],
            dynamic_axes={"image": {0: "N", 2: "H", 3: "W"}},
        )


if __name__ == "__main__":
    main()

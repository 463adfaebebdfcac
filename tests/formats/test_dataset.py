"""Data sets on disk: lossless, complete, or not there at all."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from flint import fmpq

from exactcnn.core.box import Box
from exactcnn.core.errors import InputError
from exactcnn.core.tensor import ExactTensor
from exactcnn.formats.dataset import write_dataset
from exactcnn.formats.image_file import read_image
from exactcnn.task.generator import Sample, generate
from exactcnn.task.model import Alternative, Feature, PixelRange, Task, TaskClass


def colours(channels: int) -> Task:
    """Tasks with awkward names, a shifted pixel range, and several channels."""
    pixel = PixelRange(fmpq(-1), fmpq(1, 3))

    def feature(name: str, shape: tuple[int, int], low: fmpq) -> Feature:
        full = (channels, *shape)
        return Feature(name, (Box(ExactTensor.full(full, low), ExactTensor.full(full, low + fmpq(1, 10))),), fmpq(1, 3))

    names = ("a, b", 'say "ö"')
    return Task(
        name="colours",
        features=(feature(names[0], (2, 3), fmpq(1, 5)), feature(names[1], (3, 1), fmpq(-1, 5))),
        classes=(TaskClass("both", (Alternative(frozenset(names)),)), TaskClass("else", otherwise=True)),
        channels=("",) if channels == 1 else ("r", "g", "b"),
        pixel=pixel,
    )


@pytest.mark.parametrize("channels", [1, 3])
def test_what_is_written_is_read_back_exactly(channels: int, tmp_path: Path) -> None:
    task, folder = colours(channels), tmp_path / "new" / "set"
    samples = list(generate(task, count=7, height=9, width=8, seed=4))
    seen: list[tuple[str, int, int]] = []
    count = write_dataset(folder, task, iter(samples), seed=4, total=7, progress=lambda *step: seen.append(step))
    assert count == 7
    assert seen == [("images", k, 7) for k in range(1, 8)]
    names = [f"{k:05d}.png" for k in range(7)]
    assert sorted(p.name for p in folder.iterdir()) == [*names, "images.jsonl", "labels.csv"]
    for name, sample in zip(names, samples, strict=True):
        assert read_image(folder / name, channels, task.pixel) == sample.image
    with (folder / "labels.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    records = [json.loads(line) for line in (folder / "images.jsonl").read_text(encoding="utf-8").splitlines()]
    for number, (row, record, sample) in enumerate(zip(rows, records, samples, strict=True)):
        features = [f.name for f in task.features if f.name in sample.configuration]
        assert row == {"image": names[number], "label": sample.label, "features": ";".join(features)}
        assert record == {
            "image": names[number],
            "task": "colours",
            "seed": 4,
            "number": number,
            "label": sample.label,
            "configuration": features,
            "placements": [
                {"feature": w.feature, "template": w.template, "row": w.row, "column": w.column}
                for w in sample.placements
            ],
        }


def test_the_same_seed_writes_the_same_bytes(tmp_path: Path) -> None:
    task = colours(1)
    for name in ("one", "two"):
        write_dataset(tmp_path / name, task, generate(task, count=3, height=9, width=8, seed=4), seed=4)
    for file in (tmp_path / "one").iterdir():
        assert file.read_bytes() == (tmp_path / "two" / file.name).read_bytes()


def test_an_empty_folder_is_filled_and_anything_else_is_left_alone(tmp_path: Path) -> None:
    task = colours(1)
    (tmp_path / "empty").mkdir()
    assert write_dataset(tmp_path / "empty", task, [], seed=0) == 0
    assert sorted(p.name for p in (tmp_path / "empty").iterdir()) == ["images.jsonl", "labels.csv"]
    (tmp_path / "file").write_text("mine")
    for name, words in (("empty", "not empty"), ("file", "no folder")):
        before = sorted(tmp_path.rglob("*"))
        with pytest.raises(InputError, match=words):
            write_dataset(tmp_path / name, task, [], seed=0)
        assert sorted(tmp_path.rglob("*")) == before
    assert (tmp_path / "file").read_text() == "mine"


def test_nothing_half_done_stays_behind(tmp_path: Path) -> None:
    task = colours(1)

    def failing() -> Iterator[Sample]:
        yield from generate(task, count=2, height=9, width=8, seed=4)
        raise InputError("no more")

    with pytest.raises(InputError, match="no more"):
        write_dataset(tmp_path / "set", task, failing(), seed=4)
    assert list(tmp_path.iterdir()) == []
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="file"):
        write_dataset(tmp_path / "file" / "set", task, [], seed=4)
    assert [p.name for p in tmp_path.iterdir()] == ["file"]

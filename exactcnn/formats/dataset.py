"""A folder of generated images with their labels."""

from __future__ import annotations

import csv
import io
import json
import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from exactcnn.core.errors import InputError
from exactcnn.formats.image_file import write_png
from exactcnn.task.generator import Sample
from exactcnn.task.model import Task

__all__ = ["write_dataset"]

_DIGITS = 5


def write_dataset(
    folder: Path,
    task: Task,
    samples: Iterable[Sample],
    *,
    seed: int,
    total: int = 0,
    progress: Callable[[str, int, int], None] | None = None,
) -> int:
    """Writes the samples as `00000.png` ..., with `labels.csv` and `images.jsonl`; the number of samples.

    `labels.csv` has the columns image, label, features (joined by semicolons); `images.jsonl` has one object a line:
    image, task, seed, number, label, configuration, placements. The folder appears whole or not at all: everything is
    written beside it first.

    Raises
    ------
    InputError: the folder exists and holds something, or can't be written; and whatever drawing the samples raises.
    """
    _refuse_taken(folder)
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        unfinished = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    except OSError as error:
        raise _unwritable(folder, error) from None
    try:
        count = _write_into(unfinished, task, samples, seed, total, progress)
        # mkdtemp makes a private folder; the finished one gets the rights of any other new folder.
        unfinished.chmod(folder.parent.stat().st_mode & 0o777)
        if folder.exists():
            folder.rmdir()
        unfinished.rename(folder)
    except OSError as error:
        raise _unwritable(folder, error) from None
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return count


def _refuse_taken(folder: Path) -> None:
    if folder.is_symlink() or (folder.exists() and not folder.is_dir()):
        raise InputError("the folder to write to is no folder", source=str(folder), expected="a new or empty folder")
    if folder.exists() and any(folder.iterdir()):
        raise InputError(
            "the folder to write to is not empty",
            source=str(folder),
            expected="a new or empty folder",
            hint="Nothing is overwritten; name another folder or empty this one.",
        )


def _unwritable(folder: Path, error: OSError) -> InputError:
    return InputError("the folder can't be written", source=str(folder), found=error.strerror or str(error))


def _write_into(
    folder: Path,
    task: Task,
    samples: Iterable[Sample],
    seed: int,
    total: int,
    progress: Callable[[str, int, int], None] | None,
) -> int:
    table = io.StringIO(newline="")
    rows = csv.writer(table, lineterminator="\n")
    rows.writerow(["image", "label", "features"])
    records = []
    for number, sample in enumerate(samples):
        name = f"{number:0{_DIGITS}d}.png"
        write_png(folder / name, sample.image, task.pixel)
        features = [f.name for f in task.features if f.name in sample.configuration]
        rows.writerow([name, sample.label, ";".join(features)])
        records.append(json.dumps(_record(task, sample, name, seed, number, features), ensure_ascii=False) + "\n")
        if progress is not None:
            progress("images", number + 1, max(total, number + 1))
    (folder / "labels.csv").write_text(table.getvalue(), encoding="utf-8", newline="\n")
    (folder / "images.jsonl").write_text("".join(records), encoding="utf-8", newline="\n")
    return len(records)


def _record(task: Task, sample: Sample, name: str, seed: int, number: int, features: list[str]) -> dict[str, object]:
    return {
        "image": name,
        "task": task.name,
        "seed": seed,
        "number": number,
        "label": sample.label,
        "configuration": features,
        "placements": [
            {"feature": w.feature, "template": w.template, "row": w.row, "column": w.column} for w in sample.placements
        ],
    }

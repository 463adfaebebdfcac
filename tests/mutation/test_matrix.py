"""The script that counts mutants: what it writes, and that it does not let a wrong answer pass."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from support.kernel_cases import golden
from support.trials import Fate, Trial

SCRIPT = Path(__file__).parent / "matrix.py"


@pytest.fixture
def matrix(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    import matrix

    return matrix


def test_mutants_of_the_golden_certificates(tmp_path: Path) -> None:
    target = tmp_path / "matrix.md"
    options = ["--count", "60", "--workers", "2", "--sources", "golden", "-o", str(target)]
    done = subprocess.run([sys.executable, SCRIPT, *options], capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr
    text = target.read_text()
    assert done.stdout == text
    assert "60 mutants: " in text
    assert f"python tests/mutation/matrix.py {' '.join(options)}" in text
    assert "none answered wrongly" in text
    assert "\n## The rule that rejected\n" in text


def test_what_is_planned_adds_up(matrix: ModuleType) -> None:
    plan = matrix.Plan(10_000, 1, matrix.SOURCES)
    jobs = []
    while job := plan.next(0, sum(j.count for j in jobs)):
        jobs.append(job)
    assert sum(job.count for job in jobs) == 10_000
    assert {job.source for job in jobs} == set(matrix.SOURCES)
    assert len({(job.source, job.name, job.first) for job in jobs}) == len(jobs)
    # Those about files do not come one after another.
    files = [job.source != "random" for job in jobs]
    assert any(files[: len(files) // 3])
    assert any(files[-len(files) // 3 :])


def test_a_job_is_repeatable_and_its_parts_differ(matrix: ModuleType) -> None:
    whole, again = (matrix.run(matrix.Job("golden", "lamp", 1, 0, 30)) for _ in range(2))
    assert whole.cells == again.cells
    parts = [matrix.run(matrix.Job("golden", "lamp", 1, first, 15)) for first in (0, 15)]
    parts[0].add(parts[1])
    assert parts[0].cells == whole.cells
    assert whole.total == 30
    assert not whole.failures
    assert whole.sources == {"golden": 30, "golden certificates": 1} == parts[0].sources


def test_a_wrong_answer_ends_with_exit_code_1(
    matrix: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trial, "fate", lambda self, mutant: Fate(True, "", ("accepted for nothing",)))
    found = matrix.run(matrix.Job("golden", "lamp", 1, 0, 3))
    assert len(found.failures) == 3
    monkeypatch.setattr(matrix, "run_all", lambda plan, workers: found)
    target, folder = tmp_path / "matrix.md", tmp_path / "kept"
    assert matrix.main(["--count", "3", "-o", str(target), "--failures", str(folder)]) == 1
    assert not target.exists()
    assert "accepted for nothing" in (folder / "0.txt").read_text()
    assert (folder / "2.stmt").read_text().startswith("exactcnn statement 1\n")
    assert (folder / "2.cert").exists()


def test_a_certificate_that_is_wrong_itself_is_a_failure(matrix: ModuleType, monkeypatch: pytest.MonkeyPatch) -> None:
    statement, certificate = golden("lamp")
    monkeypatch.setattr(matrix, "golden", lambda name: (statement, certificate.replace("right 0 3/4", "right 0 7/8")))
    found = matrix.run(matrix.Job("golden", "lamp", 1, 0, 3))
    assert len(found.failures) == 1
    assert not found.total


def test_an_interrupt_ends_it_and_writes_nothing(tmp_path: Path) -> None:
    target = tmp_path / "matrix.md"
    command = [sys.executable, SCRIPT, "--count", "6000", "--workers", "1", "--sources", "golden", "-o", target]
    with subprocess.Popen(command, stderr=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        assert " of 6,000 mutants, " in process.stderr.readline()  # the first job is done, others are not
        process.send_signal(signal.SIGINT)
        out, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert error == "interrupted, nothing written\n"
    assert not out
    assert not target.exists()


@pytest.mark.parametrize("options", [["--count", "0"], ["--workers", "0"], ["--sources", "golden,silver"]])
def test_options_that_mean_nothing(matrix: ModuleType, options: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        matrix.main(options)
    assert "among shipped, golden, random" in capsys.readouterr().err

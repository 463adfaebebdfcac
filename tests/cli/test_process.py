"""The installed command as a process: streams, exit codes, signals, start-up."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from support.commands import DOT, DOT_SPOILT, lines, write

COMMAND = [sys.executable, "-m", "exactcnn"]

HARD = """\
[task]
name = "hard"

[[feature]]
name = "a"
patch = \"\"\"
#.#
.#.
#.#
\"\"\"

[[feature]]
name = "b"
patch = \"\"\"
###
#.#
###
\"\"\"

[[class]]
name = "a"
requires = ["a"]
forbids = ["b"]

[[class]]
name = "b"
requires = ["b"]

[[class]]
name = "rest"
otherwise = true
"""


def process(*args: str, cwd: Path, **options: str) -> subprocess.CompletedProcess[str]:
    """Runs the command with both streams piped; `options` are added to the environment."""
    return subprocess.run(
        [*COMMAND, *args], cwd=cwd, capture_output=True, text=True, timeout=120, check=False, env=os.environ | options
    )


def test_results_are_plain_text_on_stdout_when_piped(tmp_path: Path) -> None:
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    ran = process("verify", "dot.toml", "--network", "wrong.xnet", cwd=tmp_path)
    assert ran.returncode == 1
    assert ran.stdout.startswith("REFUTED")
    assert "\x1b" not in ran.stdout + ran.stderr
    assert all(line.startswith("wrote ") for line in lines(ran.stderr))


def test_json_is_one_object_and_nothing_else(tmp_path: Path) -> None:
    write(tmp_path / "dot.toml", DOT)
    ran = process("verify", "dot.toml", "--json", cwd=tmp_path)
    assert (ran.returncode, json.loads(ran.stdout)["verdict"], ran.stderr) == (0, "PROVED", "")


def test_bad_input_has_no_traceback(tmp_path: Path) -> None:
    ran = process("verify", "missing.toml", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert len(lines(ran.stderr)) == 1
    assert "missing.toml" in ran.stderr


def test_a_wrong_option_is_bad_input(tmp_path: Path) -> None:
    ran = process("verify", "--nonsense", cwd=tmp_path)
    assert (ran.returncode, ran.stdout) == (4, "")
    assert len(lines(ran.stderr)) == 1
    assert "Traceback" not in ran.stderr


def test_characters_that_the_terminal_lacks_are_no_error(tmp_path: Path) -> None:
    write(tmp_path / "dot.toml", DOT.replace('name = "with"', 'name = "\u2713 \u706b"'))
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    ran = process("verify", "dot.toml", "--network", "wrong.xnet", cwd=tmp_path, PYTHONIOENCODING="ascii")
    assert ran.returncode == 1
    assert ran.stdout.startswith("REFUTED")
    assert "\\u2713" in ran.stdout


@pytest.mark.parametrize("both", [False, True])
def test_a_full_disk_is_an_error_of_its_own(tmp_path: Path, both: bool) -> None:
    write(tmp_path / "dot.toml", DOT)
    with Path("/dev/full").open("w") as full:
        error = full if both else subprocess.PIPE
        done = subprocess.run(
            [*COMMAND, "verify", "dot.toml"], cwd=tmp_path, stdout=full, stderr=error, text=True, check=False
        )
    # 1 would mean REFUTED.
    assert done.returncode == 4
    if not both:
        assert done.stderr == "error: the output cannot be written (No space left on device)\n"


def test_a_reader_that_goes_away_is_no_error(tmp_path: Path) -> None:
    write(tmp_path / "dot.toml", DOT)
    running = subprocess.Popen(
        [*COMMAND, "verify", "dot.toml"], cwd=tmp_path, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert running.stdout is not None
    assert running.stderr is not None
    running.stdout.close()
    err = running.stderr.read()
    running.stderr.close()
    assert running.wait(60) == 3
    assert err == ""


@pytest.mark.parametrize(
    "args", [["--method", "monolithic", "--size", "16x16"], ["--method", "enumerate", "--size", "28x28"]]
)
def test_an_interrupt_ends_it_with_one_word(tmp_path: Path, args: list[str]) -> None:
    write(tmp_path / "hard.toml", HARD)
    started = time.monotonic()
    process("verify", "hard.toml", "--size", "1x1", cwd=tmp_path)
    running = subprocess.Popen(
        [*COMMAND, "verify", "hard.toml", *args],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    # Long enough to be in the middle of it, however busy the machine is.
    time.sleep(1 + 2 * (time.monotonic() - started))
    assert running.poll() is None, "too fast to be interrupted"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    assert (running.returncode, out, err) == (3, "", "interrupted\n")
    assert [p.name for p in tmp_path.iterdir()] == ["hard.toml"]


def test_an_interrupted_margin_prints_the_brackets_found_so_far(tmp_path: Path) -> None:
    """With brackets that would take for ever, of a task whose first verifications take a moment."""
    write(tmp_path / "dot.toml", DOT)
    started = time.monotonic()
    assert process("margin", "dot.toml", "--bits", "1", cwd=tmp_path).returncode == 0
    running = subprocess.Popen(
        [*COMMAND, "margin", "dot.toml", "--bits", "200", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    time.sleep(1 + time.monotonic() - started)
    assert running.poll() is None, "too fast to be interrupted"
    running.send_signal(signal.SIGINT)
    out, err = running.communicate(timeout=60)
    found = json.loads(out)
    assert (running.returncode, err) == (3, "interrupted: the brackets are those found so far\n")
    assert (found["verdict"], found["ended"]) == ("PROVED", "interrupted")
    assert not found["gap"]["complete"]
    assert found["tolerance"]["holds_at"] is not None


def test_a_margin_ends_with_its_time_limit(tmp_path: Path) -> None:
    write(tmp_path / "dot.toml", DOT)
    ran = process("margin", "dot.toml", "--bits", "200", "--timeout", "2", cwd=tmp_path)
    assert ran.returncode == 0
    assert ran.stdout.count("so far: the search was stopped") >= 1
    assert ran.stderr.startswith("the time limit of 2 s was reached")


def test_help_loads_nothing_heavy() -> None:
    script = "import sys, exactcnn.cli.main; print(*sys.modules)"
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True)
    loaded = set(ran.stdout.split())
    assert not loaded & {"z3", "sympy", "onnx", "onnxruntime", "PIL", "numpy", "rich.progress", "exactcnn.api"}


def test_a_verification_loads_only_what_it_needs(tmp_path: Path) -> None:
    write(tmp_path / "dot.toml", DOT)
    script = (
        "import sys\nfrom exactcnn.cli.main import main\nsys.argv[1:] = ['verify', 'dot.toml']\n"
        "try:\n    main()\nexcept SystemExit:\n    print(*sys.modules)\n"
    )
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=True
    )
    loaded = set(ran.stdout.splitlines()[-1].split())
    assert "highspy" in loaded
    # Proofs were found at once, so that no solver was asked.
    assert not loaded & {"z3", "sympy", "onnx", "onnxruntime", "PIL"}


PROGRESS = """
import sys, time
from exactcnn.cli.progress import ProgressDisplay
with ProgressDisplay("thinking") as progress:
    for i in range({steps}):
        progress("counting", i, 20)
        time.sleep(0.1)
print("result")
"""


@pytest.mark.parametrize(("steps", "shown"), [(14, True), (3, False)])
def test_progress_is_shown_on_a_terminal_after_a_second(steps: int, shown: bool) -> None:
    import pty

    main, terminal = pty.openpty()
    running = subprocess.Popen(
        [sys.executable, "-c", PROGRESS.format(steps=steps)],
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
        env=os.environ | {"TERM": "xterm", "COLUMNS": "100"},
    )
    os.close(terminal)
    out, _ = running.communicate(timeout=60)
    drawn = b""
    try:
        while chunk := os.read(main, 65536):
            drawn += chunk
    except OSError:
        pass  # what a closed terminal gives
    os.close(main)
    assert out == "result\n"
    assert (b"counting" in drawn) is shown
    assert (b"left" in drawn) is shown


def test_progress_is_not_drawn_into_a_pipe() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", PROGRESS.format(steps=12)], capture_output=True, text=True, timeout=60, check=True
    )
    assert (ran.stdout, ran.stderr) == ("result\n", "")

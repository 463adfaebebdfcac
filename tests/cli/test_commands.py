"""The commands beside `verify`, as they are used."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from support.commands import DOT, DOT_NETWORK, DOT_SPOILT, lines, run, write

from exactcnn import __version__, api
from exactcnn.cli.authoring import scaffold
from exactcnn.cli.main import app
from exactcnn.core.outcome import Stretched
from exactcnn.core.tensor import ExactTensor
from exactcnn.examples import catalogue
from exactcnn.formats.image_file import read_image
from exactcnn.task.decide import decide
from exactcnn.task.model import PixelRange

COMMANDS = [
    "demo",
    "new",
    "build",
    "verify",
    "check",
    "explain",
    "generate",
    "audit",
    "classify",
    "export",
    "margin",
    "selftest",
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the task `dot.toml` and networks that are right and wrong."""
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "dot.toml", DOT)
    write(tmp_path / "right.xnet", DOT_NETWORK)
    write(tmp_path / "wrong.xnet", DOT_SPOILT)
    return tmp_path


# -- the program itself -----------------------------------------------------------------------------------------------


def test_the_version_is_the_package_s() -> None:
    ran = run("--version")
    assert (ran.code, ran.out, ran.err) == (0, f"exactcnn {__version__}\n", "")


def test_no_command_shows_the_help() -> None:
    ran = run()
    assert ran.code == 0
    for command in COMMANDS:
        assert command in ran.out


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_examples(command: str) -> None:
    ran = run(command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert f"  exactcnn {command}" in ran.out.replace("\u2502", "")
    assert "Examples:" in ran.out


def test_no_command_is_left_out() -> None:
    assert sorted(c.callback.__name__ for c in app.registered_commands if c.callback) == sorted(COMMANDS)


# -- new and build ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["signs", 'a "quoted" \\ name', "\u00e9\u4e2d"])
def test_a_new_task_is_proved_safe_and_named(folder: Path, name: str) -> None:
    ran = run("new", name, "-o", "fresh.toml")
    assert (ran.code, ran.out.strip()) == (0, "exactcnn verify fresh.toml")
    assert api.load_task("fresh.toml").name == name
    assert run("verify", "fresh.toml").code == 0
    assert run("audit", "fresh.toml").code == 0


def test_a_new_task_goes_to_a_file_of_its_name(folder: Path) -> None:
    assert run("new", "../road signs").code == 0
    assert api.load_task("road-signs.toml").name == "../road signs"


@pytest.mark.parametrize("example", catalogue.names())
def test_a_shipped_task_is_copied_with_its_pictures_under_the_name_given(folder: Path, example: str) -> None:
    (folder / "tasks").mkdir()
    assert run("new", 'my "own"', "--example", example, "-o", "tasks/own.toml").code == 0
    shipped, copy = api.load_task(catalogue.path(example)), api.load_task("tasks/own.toml")
    assert copy == replace(shipped, name='my "own"')
    assert run("new", example, "--example", example).code == 0
    assert (folder / f"{example}.toml").read_bytes() == catalogue.path(example).read_bytes()


def test_a_copy_replaces_no_picture_unasked(folder: Path) -> None:
    (folder / "signs").mkdir()
    (folder / "signs" / "priority.png").write_bytes(b"mine")
    assert run("new", "signs", "--example", "signs").code == 4
    assert (folder / "signs" / "priority.png").read_bytes() == b"mine"
    assert not (folder / "signs.toml").exists()


def test_a_file_is_replaced_only_if_that_is_wanted(folder: Path) -> None:
    assert run("new", "dot").code == 4
    assert (folder / "dot.toml").read_text() == DOT
    assert run("new", "dot", "--force").code == 0
    assert (folder / "dot.toml").read_text() == scaffold("dot", "dot.toml")


@pytest.mark.parametrize("suffix", ["onnx", "xnet"])
@pytest.mark.parametrize("unit", ["pixel", "bytes"])
def test_a_built_network_file_verifies(folder: Path, suffix: str, unit: str) -> None:
    ran = run("build", "dot.toml", "-o", f"net.{suffix}", "--input", unit, "--slack", "1/4")
    assert ran.code == 0
    assert "convolution 1x1" in ran.out
    assert run("verify", "dot.toml", "--network", f"net.{suffix}").code == 0


def test_rational_weights_are_exact_in_text(folder: Path) -> None:
    write(folder / "third.toml", DOT.replace('patch = "#"', 'patch = "#"\ntolerance = "1/3"'))
    assert run("build", "third.toml", "-o", "net.xnet", "--arithmetic", "rational").code == 0
    assert "2/3" in (folder / "net.xnet").read_text()


# -- generate and audit -----------------------------------------------------------------------------------------------


def test_generated_images_are_admissible_with_their_labels(folder: Path) -> None:
    ran = run("generate", "dot.toml", "-o", "made", "--count", "6", "--size", "5x7", "--seed", "3")
    assert ran.code == 0
    assert "6 images of size 5x7" in ran.out
    task = api.load_task("dot.toml")
    with (folder / "made" / "labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 6
    for row in rows:
        image = read_image(folder / "made" / row["image"], 1, PixelRange())
        assert image.shape == (1, 5, 7)
        assert decide(task, image).label == row["label"]


def test_a_seed_makes_the_same_images_again(folder: Path) -> None:
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        run("generate", "dot.toml", "-o", name, "--count", "4", "--size", "4x4", "--seed", str(seed))
    first, again, other = ((folder / n / "00003.png").read_bytes() for n in "abc")
    assert first == again
    assert first != other


UNSAFE = (
    DOT.replace('patch = "#"', 'patch = "##"\n\n[[feature]]\nname = "half"\npatch = "#"')
    .replace("[[class]]", "[[class]]\nname = 'half'\nrequires = ['half']\nforbids = ['dot']\n\n[[class]]", 1)
    .replace('forbids = ["dot"]', 'forbids = ["dot", "half"]')
    + '\n[generator]\nbackground = ["0", "1"]\nspacing = 0\n'
)


def test_an_unsafe_generator_is_shown(folder: Path) -> None:
    write(folder / "unsafe.toml", UNSAFE)
    ran = run("audit", "unsafe.toml", "--image", "shown")
    assert ran.code == 1
    assert ran.out.startswith("UNSAFE")
    image = read_image(folder / "shown.txt", 1, PixelRange())
    found = json.loads(run("audit", "unsafe.toml", "--json", "--image", "again").out)
    assert (found["verdict"], found["files"]) == ("REFUTED", ["again.png", "again.npy", "again.txt"])
    drawn = frozenset(p["feature"] for p in found["placements"])
    assert decide(api.load_task("unsafe.toml"), image).configuration != drawn


def test_a_safe_generator_is_said_to_be_safe(folder: Path) -> None:
    ran = run("audit", "dot.toml", "--size", "8x8")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("SAFE")
    assert json.loads(run("audit", "dot.toml", "--json").out)["verdict"] == "PROVED"


def test_a_generator_that_makes_nothing_is_vacuous(folder: Path) -> None:
    write(folder / "wide.toml", DOT.replace('patch = "#"', 'patch = "##"').replace("forbids", "requires"))
    assert run("audit", "wide.toml", "--size", "1x1").code == 2


# -- classify ---------------------------------------------------------------------------------------------------------


def save(path: Path, *rows: list[float]) -> Path:
    np.save(path, np.array(rows))
    return path


def test_classify_with_few_threads(folder: Path) -> None:
    save(folder / "dark.npy", [0.0, 0.25])
    expected = run("classify", "right.xnet", "dark.npy", "--json")
    assert expected.code == 0
    for number in ("1", "3"):
        ran = run("classify", "right.xnet", "dark.npy", "--json", "--threads", number)
        assert (ran.code, ran.out) == (0, expected.out)
    assert run("classify", "right.xnet", "dark.npy", "--threads", "0").code == 4


def test_images_are_classified_exactly_without_a_task(folder: Path) -> None:
    save(folder / "dark.npy", [0.0, 0.25])
    ran = run("classify", "right.xnet", "dark.npy", "--json")
    assert ran.code == 0
    (entry,) = json.loads(ran.out)["images"]
    assert entry == {"image": "dark.npy", "size": "1x2", "logits": {"0": "0", "1": "1"}, "class": "1"}


def test_the_task_says_what_an_image_is(folder: Path) -> None:
    save(folder / "dot.npy", [0.0, 1.0])
    save(folder / "between.npy", [0.0, 0.75])
    ran = run("classify", "right.xnet", "dot.npy", "between.npy", "--task", "dot.toml")
    assert ran.code == 0
    first, second = ran.out.split("between.npy")
    assert "admissible" in first
    assert "right" in first
    assert "(0, 1)" in first
    assert "not admissible" in second
    assert "3/16" in second


def test_a_wrong_answer_has_its_own_exit_code(folder: Path) -> None:
    save(folder / "grey.npy", [0.0, 0.4375])
    ran = run("classify", "wrong.xnet", "grey.npy", "--task", "dot.toml")
    assert ran.code == 1
    assert "WRONG" in ran.out
    (entry,) = json.loads(run("classify", "wrong.xnet", "grey.npy", "--task", "dot.toml", "--json").out)["images"]
    assert (entry["label"], entry["class"], entry["correct"]) == ("without", "with", False)
    assert run("classify", "right.xnet", "grey.npy", "--task", "dot.toml").code == 0


def test_an_inadmissible_image_is_nobody_s_mistake(folder: Path) -> None:
    save(folder / "between.npy", [0.75])
    ran = run("classify", "right.xnet", "between.npy", "--task", "dot.toml", "--json")
    (entry,) = json.loads(ran.out)["images"]
    assert (ran.code, entry["admissible"], entry["label"], entry["correct"]) == (0, False, None, None)
    assert entry["features"][0]["offending"][0]["excess"] == "3/16"


def test_a_tie_is_no_class(folder: Path) -> None:
    write(folder / "tie.xnet", DOT_NETWORK.replace("bias 0 1", "bias 2*0"))
    save(folder / "dark.npy", [0.0])
    (entry,) = json.loads(run("classify", "tie.xnet", "dark.npy", "--json").out)["images"]
    assert entry["class"] is None
    assert run("classify", "tie.xnet", "dark.npy", "--task", "dot.toml").code == 1


# -- export -----------------------------------------------------------------------------------------------------------


def test_listed_obligations_can_be_written_by_number_and_name(folder: Path) -> None:
    listed = lines(run("export", "dot.toml", "--to", "smtlib", "--list").out)
    names = [line.split()[1] for line in listed if line.split()[0].isdigit()]
    assert {n.partition("-")[0] for n in names} == {"upper", "lower", "head"}
    run("export", "dot.toml", "--to", "smtlib", "--what", "1", "-o", "by-number.smt2")
    run("export", "dot.toml", "--to", "smtlib", "--what", names[0], "-o", "by-name.smt2")
    text = (folder / "by-name.smt2").read_text()
    assert text == (folder / "by-number.smt2").read_text()
    assert text.startswith("; ")
    assert text.endswith("(check-sat)\n")
    run("export", "dot.toml", "--to", "smtlib", "--what", "all", "-o", "all.smt2")
    assert (folder / "all.smt2").read_text().count("(check-sat)") == len(names)


def test_the_monolithic_formula_says_whether_the_network_errs(folder: Path) -> None:
    import z3

    for name, expected in (("right", z3.unsat), ("wrong", z3.sat)):
        options = ["--network", f"{name}.xnet", "--to", "smtlib", "--what", "monolithic", "--size", "2x2"]
        assert run("export", "dot.toml", *options, "-o", f"{name}.smt2").code == 0
        solver = z3.Solver()
        solver.from_string((folder / f"{name}.smt2").read_text())
        assert solver.check() == expected


def test_exported_python_has_the_same_values(folder: Path) -> None:
    import sympy

    options = ["export", "dot.toml", "--network", "right.xnet", "--to", "sympy"]
    assert run(*options, "--size", "2x1", "-o", "net.py").code == 0
    space: dict[str, object] = {}
    exec((folder / "net.py").read_text(), space)  # what was just written, on purpose
    symbol, steps, logits = space["x"], space["steps"], space["logits"]
    assert callable(symbol)
    assert isinstance(steps, dict)
    assert isinstance(logits, list)
    values = {symbol(0, 0, 0): sympy.Rational(15, 16), symbol(0, 1, 0): sympy.Rational(1, 3)}
    for step, expression in steps.items():
        values[step] = expression.subs(values)
    assert [logit.subs(values) for logit in logits] == [1, 0]


def test_a_detector_is_written_as_python_and_latex(folder: Path) -> None:
    import sympy

    assert run("export", "dot.toml", "--to", "sympy", "--what", "detector:dot", "-o", "dot.py").code == 0
    space: dict[str, object] = {}
    exec((folder / "dot.py").read_text(), space)
    symbol, expression = space["x"], space["detector"]
    assert callable(symbol)
    assert isinstance(expression, sympy.Expr)
    assert expression.subs(symbol(0, 0, 0), sympy.Rational(7, 8)) == sympy.Rational(7, 8)
    assert run("export", "dot.toml", "--to", "latex", "--what", "excess:dot:0", "-o", "dot.tex").code == 0
    assert "\\frac{15}{16}" in (folder / "dot.tex").read_text()
    assert lines(run("export", "dot.toml", "--to", "latex", "--list").out)[1:] == ["detector:dot", "excess:dot"]


# -- margin, selftest, demo -------------------------------------------------------------------------------------------


def test_margins_are_brackets_with_both_ends_said(folder: Path) -> None:
    ran = run("margin", "dot.toml", "--network", "right.xnet", "--bits", "8")
    assert ran.code == 0
    assert ran.out.count("PROVED at") == 2
    assert ran.out.count("fails at") == 2
    assert ran.out.count("nothing is claimed") == 2
    found = json.loads(run("margin", "dot.toml", "--network", "right.xnet", "--bits", "8", "--json").out)
    # The channel is 2x - 7/8 and has to be above 1/2 on a dot, and below it elsewhere: the border is 11/16.
    assert (found["tolerance"]["holds_at"], found["tolerance"]["fails_at"]) == ("63/256", "1/4")
    assert found["tolerance"]["fails_with"] == "REFUTED"
    assert (found["gap"]["holds_at"], found["gap"]["fails_at"]) == ("129/256", "1/2")
    assert (found["gap"]["gap_holds_at"], found["gap"]["gap_fails_at"]) == ("129/512", "1/4")


def test_a_network_that_is_wrong_as_drawn_has_no_tolerance_to_spare(folder: Path) -> None:
    ran = run("margin", "dot.toml", "--network", "wrong.xnet", "--bits", "4")
    assert ran.code == 1
    assert "as drawn (delta = 0): REFUTED" in ran.out
    found = json.loads(run("margin", "dot.toml", "--network", "wrong.xnet", "--bits", "4", "--json").out)
    assert found["tolerance"]["holds_at"] is None
    # 2x - 1/4 is below 1/2 where x is below 3/8: the gap has to be more than 15/16 - 3/8.
    assert (found["gap"]["gap_fails_at"], found["gap"]["gap_holds_at"]) == ("9/16", "19/32")


def test_the_self_check_passes() -> None:
    ran = run("selftest")
    assert ran.code == 0
    assert "FAIL" not in ran.out
    assert lines(ran.out)[-1] == "all checks passed"


def test_a_failing_self_check_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    from exactcnn.formats import xnet

    monkeypatch.setattr(xnet, "format_xnet", lambda network: "nothing")
    ran = run("selftest")
    assert ran.code == 5
    assert "FAIL  text networks" in ran.out
    assert lines(ran.out)[-1] == "1 of 7 checks failed"


def test_the_demonstration_shows_proof_and_refutation(folder: Path) -> None:
    ran = run("demo", "-o", "shown")
    assert ran.code == 0
    assert lines(ran.out)[0].startswith("1. ")
    assert ran.out.index("PROVED") < ran.out.index("REFUTED")
    written = {p.name for p in (folder / "shown").iterdir()}
    assert {"shapes.onnx", "shapes.html", "shapes.png", "counterexample.png", "counterexample.txt"} <= written
    assert sum(name.startswith("image-") for name in written) == 6
    task = api.load_task(Path(api.__file__).parent / "examples" / "shapes.toml")
    image = read_image(folder / "shown" / "counterexample.txt", 1, task.pixel)
    assert decide(task, image).admissible
    assert run("demo", "-o", "shown").code == 0, "a second time into the same folder"


def test_a_picture_of_two_channels_is_saved_without_png(folder: Path) -> None:
    from exactcnn.cli.saving import save_picture

    picture = Stretched.plain(ExactTensor.zeros((2, 3, 3)))
    assert [p.name for p in save_picture(picture, PixelRange(), folder / "two")] == ["two.npy", "two.txt"]

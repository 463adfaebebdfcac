"""Coq believes exported certificates, and no changed ones (`make coq-export`, which compiles proofs/coq before).

Not part of `make test`: Coq is needed, and what proofs/coq compiles to.
"""

from __future__ import annotations

import re
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.commands import DOT, run
from support.kernel_cases import NAMES, edited, golden

PROOFS = Path(__file__).parents[2] / "proofs"
COVERED = ("lamp", *sorted(NAMES))


@dataclass(frozen=True)
class Compiled:
    """What Coq did: its exit code, what it printed, and the line at which it stopped."""

    code: int
    out: str
    err: str

    @property
    def line(self) -> int:
        found = re.search(r", line (\d+), characters", self.err)
        return int(found[1]) if found else 0


def _exported(folder: Path, name: str) -> str:
    """The Coq file of a golden or shipped certificate."""
    source = PROOFS / "certificates" / f"{name}.stmt"
    pair = (source.read_text(), source.with_suffix(".cert").read_text()) if source.exists() else golden(name)
    for suffix, text in zip(("stmt", "cert"), pair, strict=True):
        (folder / f"{name}.{suffix}").write_text(text)
    assert run("export", folder / f"{name}.cert", "--to", "coq", "-o", folder / f"{name}.v").code == 0
    return (folder / f"{name}.v").read_text()


def _compiled(folder: Path, text: str) -> Compiled:
    path = folder / "theorem.v"
    path.write_text(text)
    command = ["coqc", "-q", "-Q", str(PROOFS / "coq"), "ExactCNN", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=600, cwd=folder)
    return Compiled(done.returncode, done.stdout, done.stderr)


def _assumptions() -> str:
    """What the audit pins for the last theorem that it is about: the axioms of the standard library's reals."""
    return "Axioms:" + (PROOFS / "coq" / "Audit.expected").read_text().rpartition("Axioms:")[2]


def test_two_axioms_are_pinned() -> None:
    names = re.findall(r"^\S+", _assumptions(), re.MULTILINE)
    assert names == [
        "Axioms:",
        "ClassicalDedekindReals.sig_forall_dec",
        "FunctionalExtensionality.functional_extensionality_dep",
    ]


@pytest.mark.parametrize("name", [*COVERED, "shapes", "letters"])
def test_an_exported_certificate_is_believed(tmp_path: Path, name: str) -> None:
    """`shapes` is the task of `exactcnn demo`."""
    done = _compiled(tmp_path, _exported(tmp_path, name))
    assert (done.code, done.err) == (0, "")
    assert done.out == _assumptions()


@pytest.mark.parametrize("size", ["1x1", "2x3..4x3", "2x3..any", "2000x3000"])
def test_ranges_of_sizes(tmp_path: Path, size: str) -> None:
    (tmp_path / "dot.toml").write_text(DOT)
    assert run("verify", tmp_path / "dot.toml", "--size", size, "--certificate", tmp_path / "dot.cert").code == 0
    assert run("export", tmp_path / "dot.cert", "--to", "coq", "-o", tmp_path / "dot.v").code == 0
    text = (tmp_path / "dot.v").read_text()
    done = _compiled(tmp_path, text)
    assert (done.code, done.out) == (0, _assumptions())
    # And for no other sizes.
    changed = re.sub(r"(?<=Prop := )[12] <= height", "0 <= height", text)
    changed = re.sub(r"(?<= /\\ width = )\d+", "2", changed)
    assert changed != text
    assert _compiled(tmp_path, changed).line > changed[: changed.index("Theorem claim_holds")].count("\n")


PLANTED = [
    # the network
    ("lamp", "a weight", "[[2];", "[[1];"),
    ("lamp", "a bias", "[0; 1]%runs", "[0; 2]%runs"),
    ("lamp", "the scale of weights", "dense 1 2\n", "dense 1 3\n"),
    ("lamp", "a mean", "PoolMax", "PoolMean"),
    ("sum", "a mean instead of a sum", "PoolSum", "PoolMean"),
    ("bar", "padding forgotten", "(Axis.Level 2 1 0 1) 1", "(Axis.Level 2 1 0 0) 1"),
    ("mixed", "padding forgotten along one axis", "(Axis.Level 2 1 0 1) (Axis.Level 2 1 0 1) 1", None),
    ("maxpool", "padding on one side only", "(Axis.Level 2 1 1 1) 1", "(Axis.Level 2 1 1 0) 1"),
    ("mixed", "a threshold", "[6; 7; 8]%runs", "[6; 6; 8]%runs"),
    ("mixed", "a ReLU left out", "stem_0; stem_1; stem_2", "stem_0; stem_2"),
    ("bytes", "pixels read instead of bytes", "bytes := true", "bytes := false"),
    # the task
    ("lamp", "a wider template", "i0 : Z * Z := (3, 4)", "i0 : Z * Z := (2, 4)"),
    ("lamp", "a smaller gap", "Feature 1 1 (Ratio 1 2)", "Feature 1 1 (Ratio 1 4)"),
    ("lamp", "a wider range of pixels", "bright := 4", "bright := 5"),
    ("lamp", "classes exchanged", "classes := [class_0; class_1]", "classes := [class_1; class_0]"),
    # the margin
    ("lamp", "a greater margin", "margin := Ratio 1 4", "margin := Ratio 1 3"),
    ("rounded", "a margin that roundings leave nothing of", "margin := Ratio 1 2", "margin := Ratio 1 1"),
    ("rounded", "weights that binary32 does not hold", "(Axis.Level 1 1 0 0) 8\n", "(Axis.Level 1 1 0 0) 9\n"),
    # the certificate
    ("lamp", "a bound of a fact", "Upper 0 (Ratio 1 4)", "Upper 0 (Ratio 1 5)"),
    ("lamp", "a row", "qed [4; 2; 6; 1]", "qed [4; 2; 5; 1]"),
    ("lamp", "a branch left out", ";\n  qed [4; 1; 6; 2]", ""),
    ("lamp", "a border kind left out", "times 1 ([window", "times 0 ([window"),
    ("lamp", "interval arithmetic is too weak", "([window 0 0 0 0], (by_proof proof_0))", "([window 0 0 0 0], box)"),
    ("lamp", "a fact left out", "[fact_0; fact_1]", "[fact_1]"),
    ("lamp", "a bound of a logit", "Some ((Ratio 3 4), proof_1)", "Some ((Ratio 4 5), proof_1)"),
    ("lamp", "a class that nothing bounds", "Some ((Ratio 3 4), proof_1)", "None"),
    # the witnesses
    ("lamp", "a witness left out", "[witness_0; witness_1]", "[witness_0]"),
    ("lamp", "witnesses exchanged", "[witness_0; witness_1]", "[witness_1; witness_0]"),
    ("lamp", "a witness that is neither", "Witness 1 1 1 1 0 0 4", "Witness 1 1 1 1 0 0 2"),
    ("lamp", "a witness over a negative number", "Witness 1 1 1 1 0 0 4", "Witness 1 1 1 1 0 0 (-4)"),
    ("sum", "a witness that is too large", "Witness 2 2 2 2 1 1 16", "Witness 2 2 3 2 1 1 16"),
    ("pairs", "a pair of classes left out", "[between 0 1 proof_2; ", "["),
]


@pytest.mark.parametrize(("name", "_what", "old", "new"), PLANTED, ids=[f"{p[0]}: {p[1]}" for p in PLANTED])
def test_the_checker_in_coq_refuses(tmp_path: Path, name: str, _what: str, old: str, new: str | None) -> None:
    text = _exported(tmp_path, name)
    assert text.count(old) == 1
    changed = text.replace(old, old.replace("0 1", "0 0", 1) if new is None else new)
    done = _compiled(tmp_path, changed)
    assert done.code == 1
    checked = "check_float claim None" if name == "rounded" else "check_instance claim"
    lemma = "seen : check_witnesses claim witnesses" if "itness" in old else f"accepted : {checked} evidence"
    assert changed.splitlines()[done.line - 2 : done.line] == [
        f"Lemma {lemma} = true.",
        "Proof. vm_cast_no_check (eq_refl true). Qed.",
    ]


def _stepped(folder: Path) -> str:
    """The lamp's margin, of which roundings leave nothing, of float32 execution in steps: there is no rounding."""
    pair = edited("lamp", ("margin 1/4", "margin 1/4 float32 step 1/256"))
    for suffix, text in zip(("stmt", "cert"), pair, strict=True):
        (folder / f"lamp.{suffix}").write_text(text)
    assert run("export", folder / "lamp.cert", "--to", "coq", "-o", folder / "lamp.v").code == 0
    return (folder / "lamp.v").read_text()


def test_margins_of_float32_execution_in_steps(tmp_path: Path) -> None:
    done = _compiled(tmp_path, _stepped(tmp_path))
    assert (done.code, done.out, done.err) == (0, _assumptions(), "")


@pytest.mark.parametrize(
    ("changes", "place"),
    [
        ([("(Some 256)", "None"), ("(Some (1 / 256)%R)", "None")], "Lemma accepted"),
        ([("(Some 256)", "(Some 16777216)"), ("(1 / 256)", "(1 / 16777216)")], "Lemma accepted"),
        ([("(Some (1 / 256)%R)", "None")], "Theorem claim_holds"),
        ([("(1 / 256)", "(1 / 512)")], "Theorem claim_holds"),
        ([("(1 / 4)%R", "(1 / 3)%R")], "Theorem claim_holds"),
    ],
)
def test_other_steps_are_refused(tmp_path: Path, changes: list[tuple[str, str]], place: str) -> None:
    text = _stepped(tmp_path)
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    done = _compiled(tmp_path, text)
    assert done.code == 1
    lemma, theorem = (text[: text.index(word)].count("\n") for word in ("Lemma accepted", "Theorem claim_holds"))
    assert done.line > lemma
    assert (done.line > theorem) is (place == "Theorem claim_holds")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("(1 / 4)%R", "(1 / 3)%R"),
        ("1 <= height", "0 <= height"),
        ("(label < 2)%nat", "(label < 3)%nat"),
        ("(network_of claim)", "(network_of {| least_height := 1 |})"),
        ("claim evidence witnesses accepted", "claim (Certificate [] [] [] []) witnesses eq_refl"),
        ("witnesses accepted seen", "[] accepted eq_refl"),
    ],
)
def test_no_other_theorem_follows(tmp_path: Path, old: str, new: str) -> None:
    text = _exported(tmp_path, "lamp")
    assert text.count(old) == 1
    changed = text.replace(old, new)
    done = _compiled(tmp_path, changed)
    assert done.code == 1
    assert done.line > changed[: changed.index("Theorem claim_holds")].count("\n")


def test_what_is_assumed_is_printed(tmp_path: Path) -> None:
    """A file in which the checker's answer is only assumed compiles; its last lines say so."""
    text = _exported(tmp_path, "lamp").replace("[[2];", "[[1];")
    changed = text.replace("Proof. vm_cast_no_check (eq_refl true). Qed.", "Admitted.")
    done = _compiled(tmp_path, changed)
    assert done.code == 0
    assert done.out != _assumptions()
    assert "accepted : check_instance claim evidence = true" in done.out

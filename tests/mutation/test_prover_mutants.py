"""Bugs seeded into the theorem and the prover: each has to turn a test red."""

from __future__ import annotations

import pytest
from support.mutants import CAUGHT, SURVIVED, Mutant, fates

T, P = "exactcnn.theorem", "exactcnn.prover"
GEOMETRY, STEM, BOUNDS, LOCAL, SUB = (
    f"tests/theorem/test_{name}.py" for name in ("geometry", "stem", "bounds", "local", "sub_rows")
)
POOLING, FORMULAS, VACUITY, HEAD, WHOLE = (
    f"tests/theorem/test_{name}.py" for name in ("facts", "formulas", "vacuity", "head", "whole")
)
REPLAY, WITNESS, REFUTE, FACTS, GUESSES, CERTIFIED = (
    f"tests/prover/test_{name}.py" for name in ("replay", "witness", "refute", "facts", "guesses", "certified")
)
BORDERS, CLASSES, NETWORKS = (f"tests/prover/test_verify_{name}.py" for name in ("borders", "classes", "networks"))
SCRIPTS, SOLVER = "tests/formats/test_smtlib.py", "tests/solvers/test_z3_solver.py"

MUTANTS = {
    # -- border kinds
    "a border kind off by one": Mutant(
        f"{T}.geometry", "min(end, extent) - start", "min(end, extent + 1) - start", (GEOMETRY,)
    ),
    "empty fields are clipped from both sides": Mutant(
        f"{T}.geometry", "return (first, last) if first < last else (0, 0)", "return first, last", (GEOMETRY,)
    ),
    "lengths repeat too early": Mutant(
        f"{T}.geometry",
        "self._unclipped(length) <= top + seeing",
        "self._unclipped(length) < top",
        (f"{GEOMETRY}::test_representatives_stand_for_every_length",),
    ),
    "one length stands for all phases of the stride": Mutant(
        f"{T}.geometry",
        "settled + (length - settled) % self.stride",
        "settled",
        (f"{GEOMETRY}::test_representatives_stand_for_every_length",),
    ),
    "the last window is forgotten": Mutant(
        f"{T}.geometry",
        "for row in range(length - size + 1)",
        "for row in range(length - size)",
        (f"{GEOMETRY}::test_classes_of_windows_are_what_positions_see",),
    ),
    "a position that sees a window is forgotten": Mutant(
        f"{T}.geometry",
        "return range(first, last + 1)",
        "return range(first, max(first, last))",
        (f"{GEOMETRY}::test_classes_of_windows_are_what_positions_see",),
    ),
    # -- circuits and bounds
    "a column beyond the border is seen": Mutant(
        f"{T}.stem", "left <= column < right", "left <= column <= right", (STEM,)
    ),
    "the stride of the rows is used for the columns": Mutant(
        f"{T}.stem", "column * right + j", "column * down + j", (STEM,)
    ),
    "means leave the padding out": Mutant(
        f"{T}.stem", ".scaled(fmpq(1, rows * columns))", ".scaled(fmpq(1, len(present)))", (STEM,)
    ),
    "negative weights narrow the interval": Mutant(
        f"{T}.bounds", "layer.weight.maximum(-layer.weight)", "layer.weight.relu()", (BOUNDS,)
    ),
    "padding wins a maximum": Mutant(
        f"{T}.bounds", "padded = _padded(bounds, around, least)", "padded = _padded(bounds, around, fmpq(0))", (BOUNDS,)
    ),
    # -- local facts
    "windows are clearer than the gap": Mutant(
        f"{T}.local",
        ".shifted(-feature.gap)",
        ".shifted(-2 * feature.gap)",
        (f"{LOCAL}::test_upper_sequents_speak_of_clear_windows",),
    ),
    "the hypothesis loses its gap": Mutant(
        f"{T}.local",
        ".shifted(-feature.gap)",
        "",
        (f"{LOCAL}::test_upper_sequents_speak_of_clear_windows",),
    ),
    "a sub row for slopes of opposite sign": Mutant(
        f"{T}.local", "if slope / weight > 0", "if slope / weight != 0", (SUB,)
    ),
    "a sub row does not pay for the shift": Mutant(
        f"{T}.local", "max(_ZERO, offset - slope / weight * bias)", "_ZERO", (SUB,)
    ),
    "a paired row pays for one side only": Mutant(
        f"{T}.local", "max(above.rest, below.rest)", "min(above.rest, below.rest)", (SUB,)
    ),
    "a paired row for sides that overlap": Mutant(
        f"{T}.local", " and above.slope * below.offset <= below.slope * above.offset", "", (SUB,)
    ),
    "the excess forgets what lies below": Mutant(
        f"{T}.local",
        "builder.relu((-value).shifted(low)).terms",
        "builder.relu((-value).shifted(low)).terms[:0]",
        (f"{LOCAL}::test_the_excess_is_that_of_the_box",),
    ),
    "the window's rows and columns are swapped": Mutant(
        f"{T}.local",
        "pixel[1] - placed.row, pixel[2] - placed.column",
        "pixel[1] - placed.column, pixel[2] - placed.row",
        (LOCAL,),
    ),
    # -- pools, formulas, the head
    "sums forget that positions may be negative": Mutant(
        f"{T}.facts",
        "return None if self.most is None else somewhere + low * (self.most - 1)",
        "return somewhere",
        (POOLING,),
    ),
    "sums of negative positions count the most of them": Mutant(
        f"{T}.facts",
        "return high * self.least",
        "return high * (self.most or self.least)",
        (
            f"{POOLING}::test_upper_bounds_are_the_best_there_are",
            f"{POOLING}::test_upper_bounds",
        ),
    ),
    "a mean is as large as its largest position": Mutant(
        f"{T}.facts",
        "low + (somewhere - low) / self.most",
        "somewhere",
        (f"{POOLING}::test_lower_bounds",),
    ),
    "implications are reversed": Mutant(
        f"{T}.formulas",
        "(-self.features[first], self.features[second])",
        "(self.features[first], -self.features[second])",
        (FORMULAS,),
    ),
    "one absent feature is as good as all": Mutant(
        f"{T}.formulas",
        "if len(atoms) == 1:",
        "if len(atoms) >= 1:",
        (f"{FORMULAS}::test_a_literal_for_all_being_absent",),
    ),
    "a failing class may still have an alternative": Mutant(
        f"{T}.formulas", "tuple(-literal for literal in self._literals(a))", "tuple(self._literals(a))", (FORMULAS,)
    ),
    "all templates are exhibited at once": Mutant(
        f"{T}.head",
        "self.formulas.clauses.append((-contains, *atoms))",
        "self.formulas.clauses += [(-contains, atom) for atom in atoms]",
        (f"{HEAD}::test_one_of_several_templates_is_exhibited",),
    ),
    "upper facts speak of images with the feature": Mutant(
        f"{T}.head",
        "literal = self.formulas.all_absent(fact.features)",
        "literal = -self.formulas.all_absent(fact.features)",
        (f"{HEAD}::test_statements",),
    ),
    # -- reasons
    "as near as the gap is too near": Mutant(
        f"{T}.vacuity",
        "and e < feature.gap",
        "and e <= feature.gap",
        (f"{VACUITY}::test_nearness_is_measured_against_the_gap",),
    ),
    "one near template is enough": Mutant(
        f"{T}.vacuity",
        "max(worst.get(owner, excess), excess)",
        "min(worst.get(owner, excess), excess)",
        (f"{VACUITY}::test_every_template_has_to_be_near",),
    ),
    "features are unavoidable where they do not fit": Mutant(
        f"{T}.vacuity",
        "if sizes.min_height < feature.height or sizes.min_width < feature.width:",
        "if sizes.min_height < feature.height and sizes.min_width < feature.width:",
        (VACUITY,),
    ),
    # -- whole images
    "exhibiting windows may be anywhere outside the box": Mutant(
        f"{T}.whole",
        "switches.append((atom, (-excess,)))",
        "switches.append((atom, (excess,)))",
        (f"{WHOLE}::test_the_premises_say_that_the_image_is_admissible",),
    ),
    "a feature that is not there need not be avoided": Mutant(
        f"{T}.whole",
        "switches.append((-contains, tuple(clear)))",
        "switches.append((-contains, tuple(clear[1:])))",
        (f"{WHOLE}::test_the_premises_say_that_the_image_is_admissible",),
    ),
    # -- large images
    "a run is shrunk too much": Mutant(
        f"{P}.replay", "excess = run - (reach + 2 * stride - 1)", "excess = run - stride", (REPLAY,)
    ),
    "windows in the repeated row move": Mutant(
        f"{P}.replay",
        "if start <= place else",
        "if start < place else",
        (f"{REPLAY}::test_huge_images_are_quick",),
    ),
    "sums forget the rows and columns added together": Mutant(
        f"{P}.replay", "total = total + mixed.scaled(steps_down * steps_right)", "total = total + mixed", (REPLAY,)
    ),
    # -- the method
    "equal logits are right": Mutant(
        f"{P}.head_stage",
        "return bool(lead and lead[0] > 0)",
        "return bool(lead and lead[0] >= 0)",
        (f"{REFUTE}::test_a_tie_that_only_the_faintest_dot_makes",),
    ),
    "a pair of classes is dropped": Mutant(
        f"{P}.head_stage",
        "if y != z and not self._leads(right, wrong):",
        "if y < z and not self._leads(right, wrong):",
        (
            f"{NETWORKS}::test_two_rows_of_the_head_swapped",
            f"{REFUTE}::test_something_else_that_fires",
        ),
    ),
    "only the strongest kind of border is proved": Mutant(
        f"{P}.local_facts",
        "for kind, clear in job.kinds:",
        "for kind, clear in job.kinds[:1]:",
        (
            f"{BORDERS}::test_padding_must_not_fake_a_feature",
            f"{FACTS}::test_pooled_facts_hold_on_images",
        ),
    ),
    "a failed bound is kept": Mutant(
        f"{P}.local_facts",
        "if answer.status is not Status.HOLDS:\n            return UpperResult",
        "if answer.status is Status.OPEN:\n            return UpperResult",
        (f"{GUESSES}::test_a_wrong_least_upper_bound_is_not_kept",),
    ),
    "a window that no position sees well counts as seen": Mutant(
        f"{P}.tables",
        "worst = best if worst is None else worst.minimum(best)",
        "worst = best if worst is None else worst.maximum(best)",
        (f"{NETWORKS}::test_a_stride_spoils_a_dot_where_it_bites",),
    ),
    "a witness of any class will do": Mutant(
        f"{P}.witness", "if found.decision.label == label:", "if found.decision.label is not None:", (WITNESS,)
    ),
    # -- proofs
    "one kind of border has proofs": Mutant(
        f"{P}.upper_proof",
        "if bounds.high.item(job.channel) > bound:",
        "if bounds.high.item(job.channel) > bound and number == 0:",
        (f"{CERTIFIED}::test_no_solver_is_asked_about_built_networks",),
    ),
    "a weaker bound goes by the stronger one's name": Mutant(
        f"{P}.upper_proof",
        "return replace(result, bound=bound, proofs=proofs)",
        "return replace(result, proofs=proofs)",
        (f"{CERTIFIED}::test_a_weaker_bound_will_do",),
    ),
    "any bound is as great as there can be": Mutant(
        f"{P}.head_bounds",
        "attained = proof.bound == job.reach",
        "attained = True",
        (f"{CERTIFIED}::test_what_an_image_attains_needs_no_solver",),
    ),
    "the best branch speaks for all": Mutant(
        f"{P}.head_agree",
        "max(b.value for b in present)\n            agreed",
        "min(b.value for b in present)\n            agreed",
        (f"{CERTIFIED}::test_no_solver_is_asked_about_built_networks",),
    ),
    "witnesses of other classes say what is attained": Mutant(
        f"{P}.head_stage",
        "if set(statement.holds) <= {y} and y not in statement.fails:",
        "if y not in statement.fails:",
        (f"{CERTIFIED}::test_no_solver_is_asked_about_built_networks",),
    ),
    # -- scripts
    "nodes need not attain their value": Mutant(
        "exactcnn.formats.smtlib",
        "(assert (or (<= {name} 0.0) {_at_least_zero(-above)}))",
        "(assert (>= {name} 0.0))",
        (SCRIPTS,),
    ),
    "negated literals are read as plain": Mutant(
        "exactcnn.formats.smtlib",
        'if literal > 0 else f"(not p{-literal})"',
        'if literal > 0 else f"p{-literal}"',
        (SCRIPTS,),
    ),
    "an open question counts as settled": Mutant(
        "exactcnn.solvers.z3_solver",
        "if result == z3.unsat:\n            used",
        "if result != z3.sat:\n            used",
        (f"{SOLVER}::test_a_time_limit_leaves_the_question_open",),
    ),
}


@pytest.mark.parametrize("name", MUTANTS)
def test_a_mutant_is_a_program(name: str) -> None:
    mutant = MUTANTS[name]
    compile(mutant.source(), str(mutant.path), "exec")


def test_every_mutant_is_caught() -> None:
    found = dict(zip(MUTANTS, fates(list(MUTANTS.values())), strict=True))
    assert {name: fate for name, fate in found.items() if fate != CAUGHT} == {}


def test_what_is_unchanged_survives() -> None:
    same = Mutant(
        f"{T}.geometry",
        "min(end, extent) - start",
        "min(extent, end) - start",
        (f"{GEOMETRY}::test_few_lengths_are_enough",),
    )
    absent = Mutant(f"{T}.geometry", "no such text", "", (f"{GEOMETRY}::test_few_lengths_are_enough",))
    assert fates([same, absent]) == [SURVIVED, "broken"]

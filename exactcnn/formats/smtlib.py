"""Sequents as SMT-LIB 2 scripts (logic QF_LRA): what is exported is, byte for byte, what the solvers are asked.

Script conventions: variable i of the circuit is `x<i>`, atom n is `p<n>`. The script asserts the sequent's negation:
`unsat` means that the sequent holds. Each switched hypothesis can be guarded by an assumption `s<i>_<j>`, so that a
solver's core tells which of them a proof needs.
"""

from __future__ import annotations

from collections.abc import Iterable

from flint import fmpq

from exactcnn.core.affine import Affine
from exactcnn.core.circuit import Input, Maximum, Relu, Sequent, Variable

__all__ = ["declarations", "guard_names", "sequent_script", "smt_affine", "smt_rational"]


def smt_rational(value: fmpq) -> str:
    """A rational as an SMT-LIB term of sort Real."""
    # The library's own integers print at any length; Python's stop at 4,300 digits.
    numerator, denominator = abs(value.p), value.q
    magnitude = f"{numerator}.0" if denominator == 1 else f"(/ {numerator}.0 {denominator}.0)"
    return f"(- {magnitude})" if value < 0 else magnitude


def smt_affine(form: Affine) -> str:
    """An affine form as a term."""
    parts = [
        f"x{variable}" if coefficient == 1 else f"(* {smt_rational(coefficient)} x{variable})"
        for variable, coefficient in form.terms
    ]
    if form.constant != 0 or not parts:
        parts.append(smt_rational(form.constant))
    return parts[0] if len(parts) == 1 else f"(+ {' '.join(parts)})"


def _at_least_zero(form: Affine) -> str:
    """`form >= 0`, with the constant on the right: bounds are then read as bounds."""
    return f"(>= {smt_affine(Affine(form.terms, fmpq(0)))} {smt_rational(-form.constant)})"


def sequent_script(sequent: Sequent, *, guarded: bool = False, negate_goal: bool = True) -> str:
    """A complete script up to and including `(check-sat)`.

    Parameters
    ----------
    guarded: guard form j of switch i by the assumption `s<i>_<j>`.
    negate_goal: assert that the goal is below 0; without it, the script only says that the hypotheses can be met.
    """
    lines = [f"; {_printable(line)}" for line in sequent.title.splitlines()]
    if guarded:
        lines.append("(set-option :produce-unsat-assumptions true)")
    lines.append("(set-logic QF_LRA)")
    lines += declarations(sequent.circuit.variables)
    lines += [f"(declare-const p{n} Bool)" for n in range(1, sequent.atoms + 1)]
    guards = guard_names(sequent) if guarded else []
    lines += [f"(declare-const {guard} Bool)" for guard in guards]
    lines += _assertions(sequent, guarded)
    if negate_goal:
        lines.append(f"(assert (< {smt_affine(sequent.goal)} 0.0))")
    lines.append(f"(check-sat-assuming ({' '.join(guards)}))" if guards else "(check-sat)")
    return "\n".join(lines) + "\n"


def _printable(line: str) -> str:
    """A line for a comment: names may hold anything, and a NUL would end the script for a reader written in C."""
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in line)


def guard_names(sequent: Sequent) -> list[str]:
    """The assumptions of the guarded script, in order."""
    return [f"s{i}_{j}" for i, (_, forms) in enumerate(sequent.switches) for j in range(len(forms))]


def declarations(variables: Iterable[Variable]) -> list[str]:
    """Declarations and definitions of a circuit's variables, with the nodes' trivial facts pos and above."""
    lines: list[str] = []
    for number, variable in enumerate(variables):
        name = f"x{number}"
        lines.append(f"(declare-const {name} Real)")
        match variable:
            case Input(low, high):
                if low is not None:
                    lines.append(f"(assert (>= {name} {smt_rational(low)}))")
                if high is not None:
                    lines.append(f"(assert (<= {name} {smt_rational(high)}))")
            case Relu(argument):
                above = Affine.variable(number) - argument
                lines.append(f"(assert (>= {name} 0.0))")
                lines.append(f"(assert {_at_least_zero(above)})")
                lines.append(f"(assert (or (<= {name} 0.0) {_at_least_zero(-above)}))")
            case Maximum(arguments):
                gaps = [Affine.variable(number) - argument for argument in arguments]
                lines += [f"(assert {_at_least_zero(gap)})" for gap in gaps]
                lines.append(f"(assert (or {' '.join(_at_least_zero(-gap) for gap in gaps)}))")
    return lines


def _assertions(sequent: Sequent, guarded: bool) -> list[str]:
    lines = [f"(assert {_at_least_zero(form)})" for form in (*sequent.hypotheses, *sequent.lemmas)]
    for clause in sequent.clauses:
        literals = [_literal(literal) for literal in clause]
        # SMT-LIB has no empty disjunction; an empty clause is how a contradictory formula shows itself.
        disjunction = f"(or {' '.join(literals)})" if len(literals) > 1 else "".join(literals) or "false"
        lines.append(f"(assert {disjunction})")
    for index, (literal, forms) in enumerate(sequent.switches):
        for number, form in enumerate(forms):
            condition = _literal(literal)
            if guarded:
                condition = f"(and s{index}_{number} {condition})"
            lines.append(f"(assert (=> {condition} {_at_least_zero(form)}))")
    return lines


def _literal(literal: int) -> str:
    return f"p{literal}" if literal > 0 else f"(not p{-literal})"

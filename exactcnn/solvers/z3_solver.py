"""The SMT solver z3, asked through the same SMT-LIB text that `export` writes.

It is imported when it is first asked: many instances are proved without it.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from flint import fmpq, fmpz

from exactcnn.core.circuit import Sequent
from exactcnn.core.errors import InternalError
from exactcnn.core.z3_interrupt import check
from exactcnn.formats.smtlib import guard_names, sequent_script
from exactcnn.solvers.base import Answer, Minimum, Status

__all__ = ["Z3Solver"]

_FOREVER = 2**31 - 1


class Z3Solver:
    """Linear real arithmetic with case splits, exact."""

    @property
    def name(self) -> str:
        """Name and version."""
        import z3

        return f"z3 {z3.get_version_string()}"

    def decide(self, sequent: Sequent, *, timeout: float | None = None, core: bool = False) -> Answer:
        """Whether the sequent holds; see `solvers.base.Solver`."""
        import z3

        solver = z3.SolverFor("QF_LRA")
        solver.set("timeout", _milliseconds(timeout))
        solver.from_string(sequent_script(sequent, guarded=core))
        result = check(solver, *(z3.Bool(name) for name in guard_names(sequent) if core))
        if result == z3.unsat:
            used = frozenset(_switch(str(name)) for name in solver.unsat_core()) if core else frozenset()
            return Answer(Status.HOLDS, core=used)
        if result == z3.sat:
            values, atoms = _read(solver.model(), sequent)
            return Answer(Status.FAILS, values, atoms)
        return Answer(Status.OPEN, reason=str(solver.reason_unknown()))

    def minimise(self, sequent: Sequent, *, timeout: float | None = None) -> Minimum:
        """The least value of the goal form; see `solvers.base.Solver`."""
        import z3

        optimiser = z3.Optimize()
        optimiser.set("timeout", _milliseconds(timeout))
        script = sequent_script(sequent, negate_goal=False).removesuffix("(check-sat)\n")
        optimiser.from_string(script)
        goal = z3.Sum([z3.RealVal(str(c)) * z3.Real(f"x{v}") for v, c in sequent.goal.terms])
        handle = optimiser.minimize(goal + z3.RealVal(str(sequent.goal.constant)))
        result = check(optimiser)
        if result == z3.unsat:
            return Minimum(None, infeasible=True)
        if result != z3.sat:
            return Minimum(None)
        bound = optimiser.lower(handle)
        if not _is_number(bound):
            return Minimum(None)  # an infinite value
        values, atoms = _read(optimiser.model(), sequent)
        return Minimum(_rational(bound), values, atoms)


def _milliseconds(timeout: float | None) -> int:
    return _FOREVER if timeout is None else max(1, min(_FOREVER, int(timeout * 1000)))


def _switch(name: str) -> tuple[int, int]:
    index, _, number = name.removeprefix("s").partition("_")
    return int(index), int(number)


def _is_number(value: Any) -> bool:
    import z3

    return bool(z3.is_rational_value(value) or z3.is_int_value(value))


def _rational(value: Any) -> fmpq:
    import z3

    if z3.is_int_value(value):  # optima that are whole numbers come back with sort Int
        return fmpq(fmpz(value.as_string()))
    if not z3.is_rational_value(value):
        raise InternalError(f"z3 gave the value {value}, which is no rational number")
    # By text, since Python's integers are not read beyond 4,300 digits.
    return fmpq(fmpz(value.numerator().as_string()), fmpz(value.denominator().as_string()))


def _read(model: Any, sequent: Sequent) -> tuple[Mapping[int, fmpq], frozenset[int]]:
    import z3

    values = {
        number: _rational(model.eval(z3.Real(f"x{number}"), model_completion=True))
        for number in range(len(sequent.circuit.variables))
    }
    atoms = frozenset(
        n for n in range(1, sequent.atoms + 1) if z3.is_true(model.eval(z3.Bool(f"p{n}"), model_completion=True))
    )
    return values, atoms

"""The SMT solver cvc5, asked through the same SMT-LIB text that `export` writes. An optional dependency."""

from __future__ import annotations

from collections.abc import Mapping

import cvc5
from flint import fmpq

from exactcnn.core.circuit import Sequent
from exactcnn.core.errors import InternalError
from exactcnn.formats.smtlib import sequent_script
from exactcnn.solvers.base import Answer, Status

__all__ = ["Cvc5Solver"]


class Cvc5Solver:
    """Linear real arithmetic with case splits, exact."""

    @property
    def name(self) -> str:
        """Name and version."""
        return f"cvc5 {cvc5.__version__}"

    def decide(self, sequent: Sequent, *, timeout: float | None = None) -> Answer:
        """Whether the sequent holds; see `solvers.base.Decider`."""
        solver = cvc5.Solver()
        solver.setOption("produce-models", "true")
        if timeout is not None:
            solver.setOption("tlimit-per", str(max(1, int(timeout * 1000))))
        parser = cvc5.InputParser(solver)
        script = sequent_script(sequent).removesuffix("(check-sat)\n")
        parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, script, "sequent")
        symbols = parser.getSymbolManager()
        while not (command := parser.nextCommand()).isNull():
            reply = command.invoke(solver, symbols)
            if reply:
                raise InternalError(f"cvc5 does not read a script: {reply.strip()}")
        result = solver.checkSat()
        if result.isUnsat():
            return Answer(Status.HOLDS)
        if result.isSat():
            values = {str(term): solver.getValue(term) for term in symbols.getDeclaredTerms()}
            return Answer(Status.FAILS, _reals(values, sequent), _true_atoms(values, sequent))
        return Answer(Status.OPEN, reason=str(result.getUnknownExplanation()))


def _reals(values: Mapping[str, cvc5.Term], sequent: Sequent) -> dict[int, fmpq]:
    found = {}
    for number in range(len(sequent.circuit.variables)):
        value = values[f"x{number}"].getRealValue()
        found[number] = fmpq(value.numerator, value.denominator)
    return found


def _true_atoms(values: Mapping[str, cvc5.Term], sequent: Sequent) -> frozenset[int]:
    return frozenset(n for n in range(1, sequent.atoms + 1) if values[f"p{n}"].getBooleanValue())

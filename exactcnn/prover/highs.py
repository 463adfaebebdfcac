"""Linear programs by HiGHS, which works in floating point and only guides."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

__all__ = ["Columns", "Minimum", "minimised"]

Numbers = Sequence[float] | NDArray[np.float64]


@dataclass(frozen=True)
class Columns:
    """A sparse matrix, column by column: entries `starts[j]` to `starts[j + 1]` of `index` and `value` are column j."""

    starts: Sequence[int] | NDArray[np.int32]
    index: Sequence[int] | NDArray[np.int32]
    value: Numbers


@dataclass(frozen=True)
class Minimum:
    """What became of a program; the numbers are those of an optimum and empty otherwise.

    Attributes
    ----------
    values: of the variables.
    basic: the variables in the basis.
    duals: of the rows.
    """

    status: Literal["optimal", "unbounded", "infeasible"]
    values: list[float]
    basic: list[int]
    duals: list[float]


_cached: list[Any] = []


def _solver() -> Any:
    """One solver a process."""
    if not _cached:
        import highspy

        class Quiet(highspy.Highs):  # type: ignore[misc,unused-ignore]
            """HiGHS says who it is before the first thing that it does, unless it was silenced before.

            From version 1.16 on the first thing is to enable callbacks, while it is made.
            """

            def enableCallbacks(self) -> None:
                _silence(self)
                super().enableCallbacks()  # type: ignore[no-untyped-call,unused-ignore]

        solver: Any = Quiet()  # type: ignore[no-untyped-call,unused-ignore]
        _silence(solver)
        solver.setOptionValue("presolve", "off")
        solver.setOptionValue("threads", 1)
        solver.setOptionValue("primal_feasibility_tolerance", 1e-9)
        solver.setOptionValue("dual_feasibility_tolerance", 1e-9)
        _cached.append(solver)
    return _cached[0]


def _silence(solver: Any) -> None:
    solver.setOptionValue("output_flag", False)


def minimised(cost: Numbers, columns: Columns, low: Numbers, high: Numbers | None = None) -> Minimum:
    """The least cost of variables >= 0 whose combination of the columns lies between `low` and `high`, row by row.

    `high` is `low` where it is not given, and may hold infinities.
    """
    import highspy

    solver = _solver()
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = len(cost), len(low)
    program.col_cost_ = np.asarray(cost, dtype=float)
    program.col_lower_ = np.zeros(len(cost))
    program.col_upper_ = np.full(len(cost), highspy.kHighsInf)
    program.row_lower_ = np.asarray(low, dtype=float)
    program.row_upper_ = program.row_lower_ if high is None else np.asarray(high, dtype=float)
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = np.asarray(columns.starts, dtype=np.int32)
    program.a_matrix_.index_ = np.asarray(columns.index, dtype=np.int32)
    program.a_matrix_.value_ = np.asarray(columns.value, dtype=float)
    solver.clearModel()
    solver.passModel(program)
    solver.run()
    status = solver.getModelStatus()
    if status in (highspy.HighsModelStatus.kUnbounded, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return Minimum("unbounded", [], [], [])
    if status != highspy.HighsModelStatus.kOptimal:
        return Minimum("infeasible", [], [], [])
    solution, basis = solver.getSolution(), solver.getBasis()
    basic = [i for i, s in enumerate(basis.col_status) if s == highspy.HighsBasisStatus.kBasic]
    return Minimum("optimal", list(solution.col_value), basic, list(solution.row_dual))

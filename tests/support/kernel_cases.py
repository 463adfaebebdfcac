"""What the kernel has to accept and to reject: small certificates, changed in one place each, and single rules.

Every case takes a kernel (a module), so that the same table also judges patched kernels.
"""

from __future__ import annotations

import io

from support.kernel_changes import FINE, MEANING, PAIRS, STATEMENTS
from support.kernel_pairs import NAMES, Case, Kernel, documented, edited, golden, verdict
from support.kernel_rules import rule_cases
from support.kernel_units import unit_cases

__all__ = ["NAMES", "Case", "all_cases", "documented", "edited", "golden", "verdict"]


def all_cases() -> list[Case]:
    """All cases; their names are different."""
    cases = [Case(f"golden {name}", True, lambda k, n=name: verdict(k, golden(n))) for name in ("lamp", *NAMES)]
    for name, statement, changes in PAIRS:
        label = f"{name}: {statement or ''} {changes}"
        cases.append(Case(label, False, lambda k, p=(name, statement, changes): verdict(k, edited(p[0], p[1], *p[2]))))
    for name, statement, changes in FINE:
        label = f"{name}: {statement or ''} {changes}"
        cases.append(Case(label, True, lambda k, p=(name, statement, changes): verdict(k, edited(p[0], p[1], *p[2]))))
    for change in STATEMENTS:
        cases.append(Case(f"statement: {change}", False, lambda k, c=change: verdict(k, edited("lamp", c))))
        if change not in MEANING:
            cases.append(Case(f"unread statement: {change}", False, lambda k, c=change: _read(k, edited("lamp", c)[0])))
    cases += [*rule_cases(), *unit_cases()]
    return cases


def _read(kernel: Kernel, statement: str) -> bool:
    """Whether the kernel reads a statement, whatever its certificate."""
    try:
        kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
    except kernel.Reject:
        return False
    return True

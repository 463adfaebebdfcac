"""Single rules of proofs, on one small circuit."""

from __future__ import annotations

import io
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

from support.kernel_pairs import Case, Kernel

__all__ = ["RULE_CASES", "rule_cases"]


def _arena(kernel: Kernel) -> Any:
    """x in [-1, 1], y1 = max(0, x), y2 = max(0, x/2 + 1/4), y3 = max(x, -x, 1/4).

    Rows: 0 x+1, 1 1-x, 2 y1, 3 y1-x, 4 y2, 5 4y2-2x-1, 6 y3-x, 7 y3+x, 8 4y3-1.
    Clauses: (1, 2), (-1, 3), (-2,), (), (4,); literal 3 switches on the row 2x-1, literal 4 the row -2x-1.
    """
    c = kernel.CONST
    sequent = kernel.Sequent(SimpleNamespace(unit=2))
    x = sequent.variable()
    sequent.pixels = [(-2, 2)]
    sequent.maximum(True, [({x: 1}, 1)])
    sequent.maximum(True, [({x: 2, c: 1}, 4)])
    sequent.maximum(False, [({x: 1}, 1), ({x: -1}, 1), ({c: 1}, 4)])
    sequent.clauses = [(1, 2), (-1, 3), (-2,), (), (4,)]
    sequent.switched = {3: [((c, -1), (x, 2))], 4: [((c, -1), (x, -2))]}
    return sequent


def _proved(kernel: Kernel, goal: str, proof: str) -> bool:
    """Whether the kernel takes this proof of this goal (`constant c0 c1 c2 c3`, coefficients of the variables)."""
    sequent = _arena(kernel)
    numbers = [int(n) for n in goal.split()]
    sequent.goal = kernel.primitive({v - 1: n for v, n in enumerate(numbers)})
    lines = kernel.Lines(io.BytesIO("".join(line + "\n" for line in proof.split(";")).encode()))
    try:
        kernel.Proof(lines, sequent)
        lines.finish()
    except kernel.Reject:
        return False
    return True


def rule_cases() -> Iterator[Case]:
    for rule, goal, proof, accept in RULE_CASES:
        name = f"{rule}: {goal} by {proof}"
        yield Case(name, accept, lambda k, g=goal, p=proof: _proved(k, g, p))


_CHORD1 = "1 1 -2"  # x + 1 - 2*y1
_CHORD2 = "3 3 0 -8"  # 3x + 3 - 8*y2
RULE_CASES: list[tuple[str, str, str, bool]] = [
    ("qed", "1 1", "qed 1 0 1", True),
    ("qed", "1 1", "qed 1 0 7", True),
    ("qed", "2 1", "qed 1 0 1", True),
    ("qed", "0 1", "qed 1 0 1", False),
    ("qed", "1 2", "qed 1 0 1", False),
    ("qed", "1 -1", "qed 1 0 1", False),
    ("qed", "1 -1", "qed 1 1 1", True),
    ("qed", "1 1", "qed 1 1 1", False),
    ("qed", "1 1", "qed 1 0 0", False),
    ("qed", "-1 -1", "qed 1 0 -1", False),
    ("qed", "1 1", "qed 0", False),
    ("qed", "0", "qed 0", True),
    ("qed", "1", "qed 0", True),
    ("qed", "-1", "qed 0", False),
    ("qed", "-1", "qed 2 0 1 1 1", False),
    ("qed", "3 0 0 0 1", "qed 1 4 1", False),
    ("qed", "0 0 1 0 0", "qed 2 2 1 2 1", False),
    ("qed", "0 0 2 0 0", "qed 2 3 1 2 1", False),
    ("qed", "1 1", "qed 1 9 1", False),
    ("qed", "1 1", "qed 1 -1 1", False),
    ("qed", "1 1", "qed 1 -9 1", False),
    ("qed", "1 1", "qed 2 0 1 2 0", False),
    ("qed", "1 1", "qed 2 0 1", False),
    ("qed", "1 1", "qed 1 0 1 1", False),
    ("qed", "1 1", "qed", False),
    ("qed", "1 1", "qed 1 0 1 ", False),
    ("qed", "1 1", "qed 1 0 01", False),
    ("qed", "1 1", "qed 1 0 +1", False),
    ("qed", "1 1", "qed 1 0 1/1", False),
    ("qed", "1 1", "qed 1 0 1;qed 1 0 1", False),
    ("qed", "1 1", "done 1 0 1", False),
    ("qed", "1 1 1", "qed 1 0 1", False),
    ("qed", "1 1 0 0 0", "qed 2 0 1 4 1", False),
    ("lin", "1 1 1", "lin 2 0 1 2 1;qed 1 9 1", True),
    ("lin", "1 1 1", "lin 2 0 1 2 1;qed 1 10 1", False),
    ("lin", "1 1 2", "lin 2 0 1 2 1;qed 1 9 1", False),
    ("lin", "2 0 1 0 0", "lin 3 0 1 1 1 2 1;qed 1 9 1", True),
    ("lin", "1 0 1 0 0", "lin 3 0 1 1 1 2 1;qed 1 9 1", False),
    ("lin", "1 1 1", "lin 2 2 1 0 1;qed 1 9 1", False),
    ("lin", "1 1 1", "lin 2 0 1 2 0;qed 1 9 1", False),
    ("lin", "1 1 -1", "lin 2 0 1 2 -1;qed 1 9 1", False),
    ("lin", "0", "lin 0;qed 0", False),
    ("chord", _CHORD1, "chord 1 0 1;qed 1 9 1", True),
    ("chord", "0 1 -2", "chord 1 0 1;qed 1 9 1", False),
    ("chord", "1 1 -3", "chord 1 0 1;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 1 1 0;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 1 0 0;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 1 0 3;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 3 0 1;qed 1 9 1", False),
    ("chord", _CHORD1, "chord 0 0 1;qed 1 9 1", False),
    ("chord", _CHORD2, "chord 2 0 1;qed 1 9 1", True),
    ("chord", "2 3 0 -8", "chord 2 0 1;qed 1 9 1", False),
    ("chord", "-1", "cut 1 0 2 1;chord 2 9 1;qed 0;qed 0", False),  # from Z >= 0: no lower bound below 0
    ("chord", "0 0 -1", "cut 1 0 1 0;chord 1 0 9;qed 1 10 1;qed 0", False),
    ("chord", "0 1 -1", "cut 1 0 1 0;chord 1 9 1;qed 1 10 1;qed 0", False),
    ("chord", "1 1 0 0 -2", "chord 3 0 1;qed 1 9 1", False),  # y3 is no ReLU of its first argument
    ("chord", "-1 2 -1", "choose 2;choose 0;choose 1;chord 1 9 1;qed 1 10 1", False),  # 1/2 <= x
    ("chord", "-1 -1 -1", "choose 4;chord 1 0 9;qed 1 10 1", False),  # x <= -1/2
    ("chord", "1 2 -3", "choose 4;chord 1 9 1;qed 1 10 1", False),  # x <= -1/2 taken for x >= -1/2
    ("chord", "1 1 -3", "choose 2;choose 0;choose 1;chord 1 0 9;qed 1 10 1", False),  # x >= 1/2 taken for x <= 1/2
    ("chord", "1 5 -6", "lin 2 0 1 7 4;chord 1 9 1;qed 1 10 1", False),  # a row about other variables too
    ("sub", "0 0 0 -1", "sub 0 -2 2 1 0;qed 1 9 1", False),  # x >= -1 times -2
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 1 2;qed 1 9 1", True),
    ("sub", "0 0 2 -4", "sub - 0 2 1 1 1 2;qed 1 9 1", False),
    ("sub", "1 0 1 -4", "sub - 0 2 1 1 1 1;qed 1 9 1", False),
    ("sub", "0 0 -1 2", "sub - 0 1 2 1 2 1;qed 1 9 1", True),  # 2*x <= 2*x + 1, so Y1 twice is at most Y2: c = -1
    ("sub", "-1 0 -2 4", "sub - 0 1 2 1 2 1;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 1 2 2 1 0;qed 1 9 1", True),
    ("sub", "2 0 0 -4", "sub 1 2 2 1 0;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 0 2 2 1 0;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 1 -2 2 1 0;qed 1 9 1", False),
    ("sub", "3 0 0 -4", "sub 1 1 2 1 0;qed 1 9 1", False),
    ("sub", "0 0 0 4", "sub 0 2 2 -1 0;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 1 -2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 1 0;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 0 1 1 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 1 2 1 1 1 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 2 1 1 1 1;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 1 3 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1 0 1 2;qed 1 9 1", False),
    ("sub", "1 0 2 -4", "sub - 0 2 1;qed 1 9 1", False),
    ("sub", "0 0 0 0 1", "sub 1 1 3 1 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 1 4 0 4 - 0;qed 1 9 1", True),
    ("maxle", "1 0 0 0 -2", "maxle 3 1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "0 0 0 0 -1", "maxle 3 1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 0 4 1 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 1 4 0 4;qed 1 9 1", False),
    ("maxle", "1 4 0 0 -4", "maxle 3 1 - 0 - 0 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -4", "maxle 3 1 - 0 - 0 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 -1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 1 1 4 0 -4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 1 1 1 4 0 4 - 0;qed 1 9 1", False),
    ("maxle", "1 0 0 0 -1", "maxle 3 4 1 16 0 16 - 0;qed 1 9 1", True),
    ("have", "1 1 1", "have 2 0 1 1 1 1;qed 2 0 1 2 1;qed 1 9 1", True),
    ("have", "1 1 1", "have 2 0 1 1 1 1;qed 1 9 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 1 1 1;qed 2 0 1 2 1", False),
    ("have", "-1", "have 0 -1;qed 1 9 1;qed 0", False),
    ("have", "1 1 1", "have 2 1 1 0 1 1;qed 2 0 1 2 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 1 0 1;qed 2 0 1 2 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 7 1 1;qed 2 0 1 2 1;qed 1 9 1", False),
    ("have", "1 1 1", "have 2 0 1 1 1;qed 2 0 1 2 1;qed 1 9 1", False),
    (
        "have",
        "1 1 1",
        "have 2 0 1 1 1 1;lin 2 0 1 2 1;qed 1 9 1;qed 1 10 1",
        False,
    ),  # rows of the lemma's proof are gone
    ("split", "1 1 -2", "split 1;qed 2 0 1 2 1;qed 2 0 1 10 1", False),
    ("split", _CHORD1, "split 1;qed 2 1 1 10 2;qed 2 0 1 10 2", True),
    ("split", _CHORD1, "split 1;qed 2 1 1 10 2", False),
    ("split", _CHORD1, "split 1;qed 2 0 1 10 2;qed 2 1 1 10 2", False),
    ("split", "0 1", "split 1;qed 1 9 1;qed 1 9 1", False),
    ("split", "0 1 -1", "split 1;qed 1 10 1;qed 2 9 1 10 1", False),
    ("split", "0 1 -1", "split 1;qed 1 10 1;qed 1 10 1", False),
    ("split", "0 1", "split 0;qed 1 9 1;qed 1 9 1", False),
    ("split", "1 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1;lin 1 9 4;lin 2 0 1 1 1;qed 1 9 1", True),
    ("split", "1 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1;qed 1 9 1", True),
    ("split", "1 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1", False),
    ("split", "0 0 0 0 -1", "split 3;qed 2 1 1 9 1;qed 2 0 1 9 1;qed 1 9 1", False),
    ("cut", _CHORD1, "cut 1 0 1 0;split 1;qed 2 1 1 11 2;qed 2 0 1 11 2;split 1;qed 2 1 1 11 2;qed 2 0 1 11 2", True),
    ("cut", "0 1", "cut 1 0 1 0;qed 1 9 1;qed 1 9 1", False),
    ("cut", "0 1", "cut 1 0 1 0;qed 1 9 1", False),
    ("cut", "0 -1", "cut 1 0 1 0;qed 1 9 1;qed 1 9 1", False),
    ("cut", "0 1", "cut 1 0 1 1;qed 1 9 1;qed 0", False),
    ("cut", "-1", "cut 0 1;qed 1 9 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 2;choose 0;choose 1;qed 1 9 1", True),
    ("choose", "-1 2", "choose 0;choose 1;qed 1 9 1;choose 2", True),
    ("choose", "-1 2", "choose 0;choose 1;qed 1 9 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 0;choose 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 1;qed 1 9 1;qed 1 9 1", False),
    ("choose", "-1 2", "choose 1;choose 0;choose 2;qed 1 9 1", True),
    ("choose", "-1", "choose 3", True),
    ("choose", "-1", "choose 5", False),
    ("choose", "-1", "choose 4;choose 2;choose 0;choose 1;qed 2 9 1 10 1", True),
    ("choose", "-1", "choose 2", False),
    ("choose", "-1", "choose 2;choose 2;choose 0;choose 1;choose 1;qed 1 10 1", False),
    ("choose", "-1 2", "choose 0;choose 1;choose 1;qed 1 10 1;choose 2", False),  # assumed twice, its row added once
    ("choose", "-1 2", "choose 0 1;choose 1;qed 1 9 1;choose 2", False),
]

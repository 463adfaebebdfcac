"""A prover that proves whatever a kernel lets it prove, true or not.

It knows nothing of networks: it takes the sequents that the kernel derives, finds the best bounds that their rows and
nodes allow (z3, exact), and closes every branch with multipliers of its own. With a kernel that derives too little to
be proved, or too much to prove it from, it ends in a certificate of a false statement. It can also lie about a fact:
claim more than it has proved, and go on from there with everything else in order.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import suppress
from fractions import Fraction
from functools import cached_property
from itertools import chain, combinations
from math import lcm
from typing import Any

import z3

__all__ = ["CannotProveError", "Liar"]

Kernel = Any
MOST_BRANCHES = 300


class CannotProveError(Exception):
    """No proof of the goal is left: the lie does not work."""


class Liar:
    """Certificates of a statement, for a kernel (a module)."""

    def __init__(self, kernel: Kernel, statement: str) -> None:
        self.kernel = kernel
        self.statement = kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))

    def certificate(self, witnesses: str, lie: tuple[int, Fraction] | None = None) -> str:
        """The text, with the witnesses' lines as they are; `lie` is a fact's number and by how much it claims more.

        Raises
        ------
        CannotProveError: what is claimed does not follow.
        """
        facts, lines = self.kernel.Facts(self.statement), []
        for number, (kind, claim, bound, proofs) in enumerate(self.found):
            more = lie[1] if lie and lie[0] == number else Fraction(0)
            claimed = bound - more if kind == "upper" else bound + more
            value = claimed.numerator, claimed.denominator
            if kind == "floor":
                facts.floors[claim[0]] = value
                lines.append(f"floor {claim[0]} {claimed}")
            elif kind == "upper":
                facts.uppers.setdefault(claim[0], []).append((number, value, claim[1]))
                lines.append(" ".join(map(str, ["upper", claim[0], claimed, "avoid", *claim[1]])))
            else:
                f, t, weights = claim
                facts.lowers.setdefault((f, t), []).append((weights, value))
                pairs = " ".join(f"{k} {a}" for k, a in weights.items())
                one = f"lower {f} {t} {next(iter(weights))} {claimed}"
                lines.append(one if kind == "lower" else f"joint {f} {t} {claimed} over {pairs}")
            lines += proofs
        head = [f"right {y} none" for y, _ in enumerate(self.statement.classes)]
        head += [f"wrong {y} none" for y, _ in enumerate(self.statement.classes)]
        for y, z, sequent in self._pairs(facts):
            head += [f"pair {y} {z}", "prove", *self._proof(sequent)]
        start = ["exactcnn certificate 1", f"statement {self.statement.hash}", *witnesses.splitlines()]
        return "\n".join([*start, f"facts {len(self.found)}", *lines, "head", *head, "end", ""])

    # -- facts --------------------------------------------------------------------------------------------------------

    def _claims(self) -> Iterator[tuple[str, Any]]:
        st = self.statement
        features = range(len(st.features))
        for k in range(st.width):
            yield "floor", (k, ())
            for n in range(len(st.features) + 1):
                for avoid in combinations(features, n):
                    yield "upper", (k, avoid)
        for f in features:
            for t in range(len(st.features[f].templates)):
                for k in range(st.width):
                    yield "lower", (f, t, {k: 1})
                if st.width > 1:
                    yield "joint", (f, t, dict.fromkeys(range(st.width), 1))

    @cached_property
    def found(self) -> list[tuple[str, Any, Fraction, list[str]]]:
        """All facts that can be proved: what each is about, the best bound, and the blocks of its proof."""
        found = []
        for kind, claim in self._claims():
            with suppress(CannotProveError):
                found.append((kind, claim, *self._fact(kind, claim)))
        return found

    def _fact(self, kind: str, claim: Any) -> tuple[Fraction, list[str]]:
        if kind not in ("floor", "upper"):
            return self._best(self._seen(*claim), 1)
        (k, avoid), sequents = claim, []
        for border in self.statement.kinds:
            clear = self._windows(border, avoid)
            local = self.kernel.Local(self.statement, [k], border, clear, [])
            text = " ".join(map(str, ["prove", len(clear), *chain(*clear)]))
            sequents.append((text, local, local.values[k]))
        return self._best(sequents, 1 if kind == "floor" else -1)

    def _windows(self, kind: Any, avoid: tuple[int, ...]) -> list[tuple[int, int, int, int]]:
        """All windows of features to avoid that the kernel lets it name."""
        (top, bottom), (left, right) = kind[0][0], kind[1][0]
        found = []
        for f in avoid:
            feature = self.statement.features[f]
            for t in range(len(feature.templates)):
                for r in range(top, bottom - feature.rows + 1):
                    found += [(f, t, r, s) for s in range(left, right - feature.columns + 1)]
        return sorted(found)

    def _seen(self, f: int, t: int, weights: dict[int, int]) -> list[tuple[str, Any, Any]]:
        """Of each class of windows, the way of seeing it that gives most."""
        chosen = []
        for rows, columns in self.statement.windows(self.statement.features[f]):
            best: tuple[Fraction, Any] | None = None
            for i, (r, down) in enumerate(rows):
                for j, (s, across) in enumerate(columns):
                    local = self.kernel.Local(self.statement, weights, (down, across), [], [(f, t, r, s)])
                    form = self.kernel.summed([(a, local.values[k]) for k, a in weights.items()], 0, 1)
                    least = self._least(local, form, 1)
                    if best is None or least > best[0]:
                        best = least, (f"see {i} {j} prove", local, form)
            if best is None:
                raise CannotProveError
            chosen.append(best[1])
        return chosen

    def _best(self, sequents: list[tuple[str, Any, Any]], sign: int) -> tuple[Fraction, list[str]]:
        """The best bound (sign 1: from below) of all forms, and the blocks that prove it."""
        least = min(self._least(local, form, sign) for _, local, form in sequents)
        lines = []
        for text, local, form in sequents:
            local.goal = self.kernel.bounded(form, sign, (sign * least.numerator, least.denominator))
            lines += [text, *self._proof(local)]
        return sign * least, lines

    # -- heads --------------------------------------------------------------------------------------------------------

    def _pairs(self, facts: Any) -> Iterator[tuple[int, int, Any]]:
        classes = self.statement.classes
        for y, own in enumerate(classes):
            others = [x for x, listed in enumerate(classes) if x != y and listed is not None]
            for z, _ in enumerate(classes):
                if z != y:
                    fails = others if own is not None else []
                    yield y, z, self.kernel.Head(facts, [y], fails, {y: 1, z: -1}, self.statement.margin)

    # -- sequents -----------------------------------------------------------------------------------------------------

    def _least(self, sequent: Any, form: Any, sign: int) -> Fraction:
        """The least value of sign * form at the points that the kernel's rows and nodes allow."""
        solver = z3.Optimize()
        x = [z3.Real(f"x{v}") for v in range(sequent.size)]
        for row in sequent.rows():
            solver.add(_linear(row, x) >= 0)
        for y, node in sequent.nodes.items():
            ends = [node.scale * x[y] == _linear(z.items(), x) for z in node.arguments]
            solver.add(z3.Or([*ends, x[y] == 0] if node.relu else ends))
        value = z3.Real("value")
        solver.add(value * form[1] == sign * _linear(form[0].items(), x))
        goal = solver.minimize(value)
        found = solver.lower(goal) if solver.check() == z3.sat else None
        if not (z3.is_int_value(found) or z3.is_rational_value(found)):  # no point, or no bound
            raise CannotProveError
        return Fraction(str(found))

    def _proof(self, sequent: Any) -> list[str]:
        """Splits and choices until every branch has an end."""
        proof = object.__new__(self.kernel.Proof)
        proof.sequent, proof.rows, proof.lines = sequent, sequent.rows(), None
        open_: list[tuple[Any, frozenset[int]]] = [((len(proof.rows), [], frozenset(), sequent.goal), frozenset())]
        lines: list[str] = []
        while open_:
            (kept, more, proof.assumed, proof.goal), done = open_.pop()
            proof.rows[kept:] = more
            end = _end(proof.rows, dict(proof.goal), sequent.size)
            if end is not None:
                lines.append(end)
                continue
            clause = next((i for i, c in enumerate(sequent.clauses) if not proof.assumed.intersection(c)), None)
            node = next((y for y in sequent.nodes if y not in done), None)
            if len(lines) > MOST_BRANCHES or clause is node is None:
                raise CannotProveError
            if clause is not None:
                lines.append(f"choose {clause}")
                branches = proof._choose(lines[-1].split())
            else:
                lines.append(f"split {node}")
                branches, done = proof._split(lines[-1].split()), done | {node}
            open_ += [(branch, done) for branch in reversed(branches)]
        return lines


def _linear(pairs: Any, x: list[Any]) -> Any:
    return z3.Sum([z3.RealVal(c) * (1 if v < 0 else x[v]) for v, c in pairs] or [z3.RealVal(0)])


def _end(rows: list[Any], goal: dict[int, int], size: int) -> str | None:
    """A `qed` that closes a branch: the multipliers of a contradiction, or of the goal."""
    constant = goal.pop(-1, 0)
    if not goal and constant >= 0:
        return "qed 0"
    for multiple in [1, 0] if goal else [0]:
        solver = z3.Solver()
        factors = [z3.Real(f"a{i}") for i in range(len(rows))]
        solver.add([a >= 0 for a in factors])
        for v in range(-1, size):
            total = z3.Sum(
                [a * c for a, row in zip(factors, rows, strict=True) for w, c in row if w == v] or [z3.RealVal(0)]
            )
            if v >= 0:
                solver.add(total == multiple * goal.get(v, 0))
            else:
                solver.add(total <= constant if multiple else total < 0)
        if solver.check() == z3.sat:
            model = solver.model()
            values = [Fraction(model.eval(a, model_completion=True).as_fraction()) for a in factors]
            scale = lcm(*(a.denominator for a in values))
            chosen = [f"{i} {a * scale}" for i, a in enumerate(values) if a]
            return " ".join(["qed", str(len(chosen)), *chosen])
    return None

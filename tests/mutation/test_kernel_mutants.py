"""Seeded bugs: one line of the kernel is changed, and the table of cases has to notice."""

from __future__ import annotations

import sys
import types
from pathlib import Path

import pytest
from support.kernel_cases import Case, all_cases

from exactcnn.checker import kernel

SOURCE = Path(kernel.__file__).read_text()

MUTANTS: dict[str, tuple[str, str]] = {
    # tokens
    "leading zeros": ('COUNT = re.compile(r"0|[1-9][0-9]{0,8}")', 'COUNT = re.compile(r"[0-9]{1,9}")'),
    "fractions that are not reduced": ("(q > 1 and gcd(p, q) == 1)", "q > 1"),
    "denominator 1": ("(q > 1 and gcd(p, q) == 1)", "gcd(p, q) == 1"),
    "text behind the end": ('need(not self.stream.read(1), "the end', 'need(True, "the end'),
    "longer lines": ("fits = len(wanted) == len(tokens) and all", "fits = all"),
    "other words": ('all(w in ("?", t) for w, t in zip(wanted, tokens))', "True"),
    "equal numbers in a list": (
        'all(a < b for a, b in zip(numbers, numbers[1:])), "ascending numbers"',
        'True, "ascending numbers"',
    ),
    "names encoded anyhow": ("need(again == text,", "need(True,"),
    "names that are no UTF-8": ('raise Reject("a name in UTF-8", text) from None', "return text"),
    # forms
    "no gcd": ("g = gcd(*form.values()) or 1", "g = 1"),
    "the goal's sign": ("(-sign * p * form[1], ((CONST, 1),))", "(sign * p * form[1], ((CONST, 1),))"),
    "the bound's sign": ("combined((sign * q, form[0].items())", "combined((q, form[0].items())"),
    "the bound's scale": ("(-sign * p * form[1], ", "(-sign * p, "),
    "a constant that is not scaled": ("(common, ((CONST, constant),))", "(1, ((CONST, constant),))"),
    # the statement
    "a margin of 0": ('need(self.margin > 0, "a margin', 'need(self.margin >= 0, "a margin'),
    "a gap of 0": ('need(self.gap > 0, "a gap', 'need(True, "a gap'),
    "templates outside the range": ("need(low <= a <= b <= high", "need(a <= b"),
    "empty intervals": ("need(low <= a <= b <= high", "need(low <= a and b <= high"),
    "an empty range of pixels": ("need(self.pixel[0] < self.pixel[1]", "need(self.pixel[0] <= self.pixel[1]"),
    "two classes otherwise": ("need(self.classes.count(None) < 2", "need(True"),
    "names twice": ("need(len(set(listed)) == len(listed)", "need(True"),
    "an upside-down range": ('None if t == "any" else count(t, a)', 'None if t == "any" else count(t, 1)'),
    "fewer logits": ("need(self.pool and width == len(self.classes)", "need(self.pool"),
    "other inputs": ("need(inputs == width and outputs", "need(outputs"),
    "wide padding of a max pool": ('need(word != "maxpool" or not padded', "need(True"),
    "runs that are not joined": ("need(not found or found[-1] != value", "need(True"),
    "too few weights in a line": ("need(len(found) == size", "need(True"),
    "bytes that are not scaled": ('if self.unit == "pixel":\n            return x', "if True:\n            return x"),
    # border kinds
    "ranges one short": ("(self.lengths[0] - 1) * step + kernel", "self.lengths[0] * step + kernel - 1 - step"),
    "kinds clipped at the start only": ("max(0, -begin), min(length, extent - begin)", "max(0, -begin), length"),
    "kinds clipped at the end only": ("max(0, -begin), min(length, extent - begin)", "0, min(length, extent - begin)"),
    "off by one at the end": ("min(length, extent - begin)", "min(length, extent - begin + 1)"),
    "off by one at the start": ("max(0, -begin), min", "max(0, 1 - begin), min"),
    "padding after forgotten": (
        "(found[-1] + before + after - kernel) // step + 1",
        "(found[-1] + before - kernel) // step + 1",
    ),
    "only the least length": (
        "range(least, (last if most is None else min(last, most)) + 1)",
        "range(least, least + 1)",
    ),
    "too few lengths": ("while self._unclipped(self.extents(settled)) <= top + seeing:", "while False:"),
    "one length too few": ("min(last, most)) + 1)", "min(last, most)))"),
    "the last position": (
        "for i in range(extents[-1] if extents else 0)",
        "for i in range(extents[-1] - 1 if extents else 0)",
    ),
    "kinds of rows only": (
        "[(r, c) for r in rows for c in columns]\n        first",
        "[(r, columns[0]) for r in rows]\n        first",
    ),
    "windows seen by non-positions": ("range(max(0, first), min(", "range(first, min("),
    "classes of windows along rows only": (
        "return [(r, c) for r in down for c in right]",
        "return [(r, right[0]) for r in down]",
    ),
    "the last window": ("for row in range(length - size + 1):", "for row in range(length - size):"),
    # circuits
    "padding read as pixels": ("if top <= r < bottom and left <= c < right:", "if True:"),
    "a level too high": ('level -= layer.word != "relu"', "level -= 0"),
    "a bias forgotten": ("summed(parts, layer.bias[place[0]], layer.scale)", "summed(parts, 0, layer.scale)"),
    "weights that are not scaled": (
        "summed(parts, layer.bias[place[0]], layer.scale)",
        "summed(parts, layer.bias[place[0]], 1)",
    ),
    "a ReLU without its bound 0": ("return [((self.y, 1),), *above] if self.relu else above", "return above"),
    "a maximum at least 0": (
        "return [((self.y, 1),), *above] if self.relu else above",
        "return [((self.y, 1),), *above]",
    ),
    "nodes below their arguments": (
        "combined((self.scale, ((self.y, 1),)), (-1, z.items()))",
        "combined((-self.scale, ((self.y, 1),)), (1, z.items()))",
    ),
    "template intervals everywhere": (
        "[boxes.get(place, st.pixel) for place in numbers]",
        "[min(boxes.values(), default=st.pixel) for place in numbers]",
    ),
    "excess above only": ("[above] * (high < most) + [under] * (low > least)", "[above] * (high < most)"),
    "excess twice the gap": (
        "return bounded(summed(terms, 0, 1), 1, feature.gap)",
        "return bounded(summed(terms, 0, 1), 1, 2 * feature.gap)",
    ),
    "intervals the wrong way round": ("((low, high) if c > 0 else (high, low))", "(low, high)"),
    "constant nodes unclipped": ("max(0, *numbers) if relu else max(numbers)", "max(numbers)"),
    # pooling
    "a sum over the fewest": ("self.st.fewest if sign * bound >= 0 else self.st.greatest", "self.st.fewest"),
    "a sum over the most": ("self.st.fewest if sign * bound >= 0 else self.st.greatest", "self.st.greatest"),
    "a sum like a maximum": (
        'if self.st.pool != "sum":\n            return bound',
        "if True:\n            return bound",
    ),
    "somewhere like a maximum": (
        'if self.st.pool == "max":\n            return bound',
        "if True:\n            return bound",
    ),
    "a mean without its number": ("low + (bound - low) / number if bound", "bound if bound"),
    "a sum without its rest": ("return bound + low * (number - 1)", "return bound"),
    "numbers of positions along rows only": ("self.fewest = first[0][-1] * first[1][-1]", "self.fewest = first[0][-1]"),
    "the most positions unknown": (
        "last[0][-1] * last[1][-1] if last[0] and last[1] else None",
        "first[0][-1] * first[1][-1]",
    ),
    # heads
    "an upper fact that avoids nothing, always": (
        "None if avoid else self.facts.spread(high, -1)",
        "self.facts.spread(high, -1)",
    ),
    "forbidden features not negated": (
        "+ [-self.contains[f] for f in alternative[1]]",
        "+ [self.contains[f] for f in alternative[1]]",
    ),
    "a formula that fails holds": ("if holds is (own is None):", "if not holds:"),
    "one alternative is enough to fail": (
        "self.sequent.clauses += [tuple(-x for x in listed) for listed in literals]",
        "self.sequent.clauses += [tuple(-x for listed in literals for x in listed)]",
    ),
    "alternatives imply nothing": ("self.sequent.clauses += [(-atom, x) for", "self.sequent.clauses += [(atom, x) for"),
    "templates one by one": (
        "self.sequent.clauses.append((-self.contains[f], *atoms))",
        "self.sequent.clauses.extend((-self.contains[f], a) for a in atoms)",
    ),
    "avoided sets for nothing": (
        "self.sequent.clauses.append((self.atoms, *(self.contains[f] for f in avoid)))",
        "self.sequent.clauses.append((self.atoms,))",
    ),
    # rules
    "negative multipliers": ("need(fits and min(factors, default=1) > 0", "need(fits"),
    "multipliers 0": ("need(fits and min(factors, default=1) > 0", "need(fits and min(factors, default=1) >= 0"),
    "rows twice": ("chosen == sorted(set(chosen))", "chosen == sorted(chosen)"),
    "rows from behind": ("(chosen[0] >= 0 and", "("),
    "multipliers ignored": ("total[v] = get(v, 0) + a * c", "total[v] = get(v, 0) + c"),
    "positive means any number": ('and token[0] not in "-0", "a positive', ', "a positive'),
    "sub with any premise": ('need(not any(rest.values()), "a premise', 'need(True, "a premise'),
    "sub without its constant": (
        "(max(0, constant), ((CONST, 1),)))\n\n    def _chord",
        "(0, ((CONST, 1),)))\n\n    def _chord",
    ),
    "sub with a negative constant": (
        "(max(0, constant), ((CONST, 1),)))\n\n    def _chord",
        "(constant, ((CONST, 1),)))\n\n    def _chord",
    ),
    "sub without scales": (
        "combined(*((b * node.scale, ((node.y, 1),)) for b, node in nodes)",
        "combined(*((b, ((node.y, 1),)) for b, node in nodes)",
    ),
    "sub of a max node": ("if node is None or node.relu is not relu:", "if node is None:"),
    "chord without a negative lower bound": ("need(low < 0 < high, ", "need(0 < high, "),
    "chord with a bound below 0 on both sides": ("need(low < 0 < high, ", "need(low < 0, "),
    "chord from any row": ("need(sign * a > 0 and same, ", "need(a, "),
    "chord from rows the wrong way round": ("need(sign * a > 0 and same, ", "need(same, "),
    "chord from other rows": ("need(sign * a > 0 and same, ", "need(sign * a > 0, "),
    "chord without scale": ("slope = (most - least) * g * node.scale", "slope = (most - least) * g"),
    "maxle with different forms": ("need(all(form == bounds[0][1] for _, form in bounds)", "need(True"),
    "maxle with the least constant": (
        "constant = max(constant for constant, _ in bounds)",
        "constant = min(constant for constant, _ in bounds)",
    ),
    "maxle with fewer rows": ("need(len(pairs) == 2 * len(node.arguments)", "need(True"),
    "maxle without scale": (
        "(-s * node.scale, ((node.y, 1),)))\n\n    def _form",
        "(-s, ((node.y, 1),)))\n\n    def _form",
    ),
    "have without its proof": (
        "return [Task(len(self.rows), [], task.assumed, lemma), *self._branches(task, [[lemma]])]",
        "return self._branches(task, [[lemma]])",
    ),
    "have without going on": (
        "return [Task(len(self.rows), [], task.assumed, lemma), *self._branches(task, [[lemma]])]",
        "return [Task(len(self.rows), [], task.assumed, lemma)]",
    ),
    "rows that outlive their branch": ("self.rows[task.kept :] = task.more", "self.rows += task.more"),
    "split of a ReLU: one branch": (
        "[[primitive(z), least[0]], [primitive(combined((-1, z.items()))), ((node.y, -1),)]]",
        "[[primitive(z), least[0]]]",
    ),
    "split of a ReLU: branches mixed up": ("[[primitive(z), least[0]], [", "[[primitive(z), ((node.y, -1),)], ["),
    "split of a maximum: one branch": (
        "return self._branches(task, [[row] for row in least])",
        "return self._branches(task, [[row] for row in least[1:]])",
    ),
    "cut: one branch": (
        "return self._branches(task, [[row], [primitive(combined((-1, row)))]])",
        "return self._branches(task, [[row]])",
    ),
    "cut: no second sign": (
        "return self._branches(task, [[row], [primitive(combined((-1, row)))]])",
        "return self._branches(task, [[row], [row]])",
    ),
    "choose: contradicted for nothing": (
        "if -literal not in task.assumed:",
        "if literal in task.assumed or not task.assumed:",
    ),
    "choose: the first literal only": ("for literal in clause:", "for literal in clause[:1]:"),
    "choose: no contradiction": ("if -literal not in task.assumed:", "if True:"),
    "choose: rows of the other literal": (
        "else self.sequent.switched.get(literal, [])",
        "else self.sequent.switched.get(-literal, [])",
    ),
    "choose: nothing assumed": ("rows, task.assumed | {literal}, task.goal", "rows, task.assumed, task.goal"),
    "qed: constant 0": ("need(constant < 0 or (not goal", "need(constant <= 0 or (not goal"),
    "qed: any constant": ("need(constant < 0 or (not goal", "need(True or (not goal"),
    "qed: a goal below 0": ("(not goal and wanted >= 0)", "(not goal)"),
    "qed: other variables": ("need(left.keys() == goal.keys(), ", "need(left.keys() >= goal.keys(), "),
    "qed: fewer variables": ("need(left.keys() == goal.keys(), ", "need(left.keys() <= goal.keys(), "),
    "qed: a negative multiple": ("need(t * g > 0 and all(", "need(all("),
    "qed: no multiple": ("need(t * g > 0 and all(left[x] * g == goal[x] * t for x in left)", "need(t * g > 0"),
    "qed: the goal's constant": ("need(wanted * abs(t) >= constant * abs(g), ", "need(True, "),
    "qed: the constant's sign": (
        "need(wanted * abs(t) >= constant * abs(g), ",
        "need(wanted * abs(t) <= constant * abs(g), ",
    ),
    "qed: unscaled constants": ("need(wanted * abs(t) >= constant * abs(g), ", "need(wanted >= constant, "),
    # witnesses
    "any class": ("need(satisfied == [y], ", "need(satisfied, "),
    "admissible or not": ("need(satisfied == [y], ", "need(True, "),
    "features in between": ("need(nearest in (0, gap), ", "need(True, "),
    "pixels outside the range": ("st.pixel[0] <= min(rows[-1]) and max(rows[-1]) <= st.pixel[1]", "True"),
    "sizes outside the range": ("all(p < c <= n and a <= n and (b is None or n <= b) for", "all(p < c <= n for"),
    "a core larger than the image": ("all(p < c <= n and a <= n", "all(p < c and a <= n"),
    "a place outside the core": ("all(p < c <= n and a <= n", "all(c <= n and a <= n"),
    # the certificate
    "any statement": (
        'lines.match("certificate", f"statement {st.hash}")',
        'lines.match("certificate", "statement ?")',
    ),
    "no witnesses": (
        "for y in range(len(st.classes)):\n            Witness(st, lines, y)",
        "for y in range(len(st.classes) - 1):\n            Witness(st, lines, y)",
    ),
    "box always": ('need(self._box(kind, channel)[1] <= high, "an', 'need(True, "an'),
    "box of a floor always": ('need(self._box(kind, channel)[0] >= low, "an', 'need(True, "an'),
    "box of a window always": ("need(least >= low, ", "need(True, "),
    "same as anything": ('need(tokens == ["same"] and local.sequent.key() in proved, ', 'need(tokens == ["same"], '),
    "same as another goal or circuit": ("return self.size, tuple(self.rows()), tuple(nodes), self.goal", "return ()"),
    "windows of other features": ("need(f in avoid and t < len(", "need(t < len("),
    "windows outside the image": (
        "need(top <= r and down <= bottom and left <= s and across <= right, ",
        "need(True, ",
    ),
    "windows twice": ("need(all(a < b for a, b in zip(windows, windows[1:])), ", "need(True, "),
    "upper facts one kind short": (
        'for kind in self.st.kinds:\n            tokens = self.lines.next("upper")',
        'for kind in self.st.kinds[:-1]:\n            tokens = self.lines.next("upper")',
    ),
    "lower facts one class short": (
        "in self.st.windows(self.st.features[number]):",
        "in self.st.windows(self.st.features[number])[1:]:",
    ),
    "a lower fact with the upper's sign": (
        "bounded(local.values[channel], 1, low), proved)\n        self.facts.lowers",
        "bounded(local.values[channel], -1, low), proved)\n        self.facts.lowers",
    ),
    "no pairs": ("if y != z and (a is None or b is None or a - b < self.st.margin):", "if False:"),
    "pairs without bounds forgotten": (
        "if y != z and (a is None or b is None or a - b < self.st.margin):",
        "if y != z and a is not None and b is not None and a - b < self.st.margin:",
    ),
    "pairs below the margin forgotten": ("a - b < self.st.margin):", "a - b < 0):"),
    "the wrong side's sign": (
        "self._prove(holds, fails, {y: sign}, sign * bound)",
        "self._prove(holds, fails, {y: 1}, bound)",
    ),
    "the bound's side": (
        "self._prove(holds, fails, {y: sign}, sign * bound)",
        "self._prove(holds, fails, {y: sign}, bound)",
    ),
    "premises mixed up": ('self._one_sided("wrong", z, [], [z], -1)', 'self._one_sided("wrong", z, [z], [], -1)'),
    "proofs of heads skipped": (
        'self.lines.match("head", "prove")\n',
        'self.lines.match("head", "prove")\n        bound -= 10**6\n',
    ),
    "the end not awaited": ('lines.match("certificate", "end")\n        lines.finish()', 'lines.next("certificate")'),
}


def _patched(old: str, new: str) -> types.ModuleType:
    module = types.ModuleType("patched_kernel")
    sys.modules[module.__name__] = module
    exec(compile(SOURCE.replace(old, new, 1), "patched_kernel", "exec"), module.__dict__)
    return module


def _notices(case: Case, module: types.ModuleType) -> bool:
    """Whether a case's answer changes; an error that is none of the kernel's own verdicts counts as noticed."""
    try:
        return case.run(module) is not case.accept
    except Exception:
        return True


CASES = all_cases()


@pytest.mark.parametrize("name", MUTANTS)
def test_mutant_is_caught(name: str) -> None:
    old, new = MUTANTS[name]
    assert SOURCE.count(old) >= 1, "the patched line is gone from the kernel"
    module = _patched(old, new)
    assert any(_notices(case, module) for case in CASES)


def test_there_are_enough() -> None:
    assert len(MUTANTS) >= 40

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
    "names encoded anyhow": ('need((quote(plain, safe="") or "%") == text,', "need(True,"),
    "names that are no UTF-8": ('raise Reject("a name in UTF-8", text) from None', "return text"),
    # forms
    "no gcd": ("g = gcd(*form.values()) or 1", "g = 1"),
    "the goal's sign": ("(-sign * bound[0] * form[1], ((CONST, 1),))", "(sign * bound[0] * form[1], ((CONST, 1),))"),
    "the bound's sign": ("combined((sign * bound[1], form[0].items())", "combined((bound[1], form[0].items())"),
    "the bound's scale": ("(-sign * bound[0] * form[1], ", "(-sign * bound[0], "),
    "comparison without denominators": ("return a[0] * b[1] <= b[0] * a[1]", "return a[0] <= b[0]"),
    "comparison the wrong way round": ("return a[0] * b[1] <= b[0] * a[1]", "return a[0] * b[1] >= b[0] * a[1]"),
    "numbers in other units": ("return x[0] * (unit // x[1])", "return x[0] * unit"),
    "a constant that is not scaled": ("(common, ((CONST, constant),))", "(1, ((CONST, constant),))"),
    # the statement
    "a margin of 0": ('need(self.margin[0] > 0, "a margin', 'need(self.margin[0] >= 0, "a margin'),
    "a gap of 0": ('need(self.gap[0] > 0, "a gap', 'need(True, "a gap'),
    "templates below the range": ("inside = at_most(low, a) and at_most(a, b)", "inside = at_most(a, b)"),
    "templates above the range": ("and at_most(a, b) and at_most(b, high)", "and at_most(a, b)"),
    "empty intervals": ("at_most(low, a) and at_most(a, b) and", "at_most(low, a) and"),
    "an empty range of pixels": ("need(not at_most(most, least)", "need(at_most(least, most)"),
    "two classes otherwise": ("need(self.classes.count(None) < 2", "need(True"),
    "names twice": ("need(len(set(listed)) == len(listed)", "need(True"),
    "an upside-down range": ('None if t == "any" else count(t, a)', 'None if t == "any" else count(t, 1)'),
    "fewer logits": ("need(self.pool and width == len(self.classes)", "need(self.pool"),
    "other inputs": ("need(self.inputs == width and self.outputs", "need(self.outputs"),
    "wide padding of a max pool": ('need(self.word != "maxpool" or not padded', "need(True"),
    "runs that are not joined": ("need(not found or found[-1] != value", "need(True"),
    "too few weights in a line": ("need(len(found) == size", "need(True"),
    "bytes that are not scaled": ('if self.input == "pixel" else', "if True else"),
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
    # rounding
    "rounding forgotten": ("p * FINE + 2 * error * q, q * FINE", "p * FINE, q * FINE"),
    "rounding of one logit only": ("p * FINE + 2 * error * q, q * FINE", "p * FINE + error * q, q * FINE"),
    "any execution": ('need(execution in ([], ["float32"]) or execution[:2] == ["float32", "step"], ', "need(True, "),
    "any step": ("need(step is None or (step[0] == 1 and power_of_two(step[1])), ", "need(True, "),
    "any weights": ("need(float32(weight, layer.scale), ", "need(True, "),
    "weights of 25 digits": ("bit_length() <= 24 and", "bit_length() <= 25 and"),
    "weights with any exponent": ("and -126 <= exponent <= 126", ""),
    "weights that are not dyadic": ("return power_of_two(q) and (p // (p & -p))", "return (p // (p & -p))"),
    "bytes up to 1": ("low, high = (0, 255 * FINE)", "low, high = (0, FINE)"),
    "a ReLU's negative values": (
        "[(max(0, a), max(0, b), e) if floor else (a, b, e)",
        "[(min(0, a), max(0, b), e) if floor else (a, b, e)",
    ),
    "errors that stop at a layer": ("error + abs(w) * e", "error"),
    "errors with the weight's sign": ("error + abs(w) * e", "error + w * e"),
    "sizes without errors": ("abs(w) * (max(-low, high) + e)", "abs(w) * max(-low, high)"),
    "sizes of large values only": ("abs(w) * (max(-low, high) + e)", "abs(w) * (high + e)"),
    "a bias that is not rounded": ("size, error = abs(b) * FINE, 0", "size, error = 0, 0"),
    "a rounding less": ("len(row) + 2 + more", "len(row) + 1 + more"),
    "a bound without its quotient": ("((1 << 24) - roundings)", "(1 << 24)"),
    "steps whatever the sums": ("largest <= self.step << 24", "True"),
    "steps of twice the digits": ("largest <= self.step << 24", "largest <= self.step << 25"),
    "steps with any scale": ("self.step = self.step // scale if exact", "self.step = self.step if exact"),
    "steps after rounding": ("if exact and self.step is not None else None", "if self.step is not None else None"),
    "sums without a limit": ("if number is None:\n            raise Reject", "if False:\n            raise Reject"),
    "numbers that overflow": ("need(largest < limit << 126, ", "need(True, "),
    "means whose sum overflows": ("FINE if mean else scale * FINE", "scale * FINE"),
    "a mean without its division": ("number if mean else 1, mean, number)", "number if mean else 1, mean, 0)"),
    "one position's error": ("e * number) for a, b, e in self.ends]", "e) for a, b, e in self.ends]"),
    "means of any number in steps": ("if mean and st.fewest != number:", "if False:"),
    # circuits
    "padding read as pixels": ("if rows[0] <= x[0][1] < rows[1] and columns[0] <= x[0][2] < columns[1]", "if True"),
    "a level too high": ("level -= 1", "level -= 0"),
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
        "return bounded(summed(terms, 0, 1), 1, (2 * feature.gap[0], feature.gap[1]))",
    ),
    "intervals the wrong way round": ("bounds[v] if c > 0 else bounds[v][::-1]", "bounds[v]"),
    "a least value rounded up": ("return a // form[1], ", "return -(-a // form[1]), "),
    "a greatest value rounded down": ("-(-b // form[1])", "b // form[1]"),
    "nodes of another scale": (
        "self.y, self.relu, self.scale = y, relu, common // g",
        "self.y, self.relu, self.scale = y, relu, common",
    ),
    "constant nodes unclipped": ("max(0, *numbers) if relu else max(numbers)", "max(numbers)"),
    # pooling
    "a sum over the fewest": ("self.st.fewest if sign * bound[0] >= 0 else self.st.greatest or 0", "self.st.fewest"),
    "a sum over the most": (
        "self.st.fewest if sign * bound[0] >= 0 else self.st.greatest or 0",
        "self.st.greatest or 0",
    ),
    "a sum like a maximum": ('if self.st.pool == "sum":', "if False:"),
    "somewhere like a maximum": (
        'if self.st.pool == "max":\n            return bound',
        "if True:\n            return bound",
    ),
    "somewhere without a floor": (
        "if not weights.keys() <= self.floors.keys():\n            return None\n        q",
        "self.floors = {**dict.fromkeys(weights, (0, 1)), **self.floors}\n        q",
    ),
    "one floor is enough": ("if not weights.keys() <= self.floors.keys()", "if weights.keys().isdisjoint(self.floors)"),
    "floors without weights": ("floor = sum(a * whole(self.floors[k], q)", "floor = sum(whole(self.floors[k], q)"),
    "somewhere always the fewest": (
        'self.st.fewest if self.st.pool == "sum" and floor >= 0 else self.st.greatest',
        "self.st.fewest",
    ),
    "somewhere always the most": (
        'self.st.fewest if self.st.pool == "sum" and floor >= 0 else self.st.greatest',
        "self.st.greatest",
    ),
    "a mean without its number": ('(number if self.st.pool == "mean" else 1)', "1"),
    "a sum without its rest": ("+ (number - 1) * floor * bound[1]", ""),
    "a sum with one floor too many": ("+ (number - 1) * floor", "+ number * floor"),
    "two floors of a channel": ("need(channel not in self.facts.floors,", "need(True,"),
    "numbers of positions along rows only": ("self.fewest = first[0][-1] * first[1][-1]", "self.fewest = first[0][-1]"),
    "the most positions unknown": (
        "last[0][-1] * last[1][-1] if last[0] and last[1] else None",
        "first[0][-1] * first[1][-1]",
    ),
    # heads
    "an upper fact that avoids nothing, always": (
        "None if avoid else facts.spread(high, -1)",
        "facts.spread(high, -1)",
    ),
    "forbidden features not negated": (
        "+ [-self.contains[f] for f in alternative[1]]",
        "+ [self.contains[f] for f in alternative[1]]",
    ),
    "a formula that fails holds": ("if holds is (own is None):", "if not holds:"),
    "one alternative is enough to fail": (
        "self.clauses += [tuple(-x for x in listed) for listed in literals]",
        "self.clauses += [tuple(-x for listed in literals for x in listed)]",
    ),
    "alternatives imply nothing": ("self.clauses += [(-atom, x) for", "self.clauses += [(atom, x) for"),
    "templates one by one": (
        "self.clauses.append((-self.contains[f], *atoms))",
        "self.clauses.extend((-self.contains[f], a) for a in atoms)",
    ),
    "avoided sets for nothing": (
        "self.clauses.append((self.atoms, *(self.contains[f] for f in avoid)))",
        "self.clauses.append((self.atoms,))",
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
    "chord without a negative lower bound": ("need(low[0] < 0 < high[0], ", "need(0 < high[0], "),
    "chord with a bound below 0 on both sides": ("need(low[0] < 0 < high[0], ", "need(low[0] < 0, "),
    "chord from any row": ("need(sign * t * g > 0 and same, ", "need(t, "),
    "chord from rows the wrong way round": ("need(sign * t * g > 0 and same, ", "need(same, "),
    "chord from other rows": ("need(sign * t * g > 0 and same, ", "need(sign * t * g > 0, "),
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
        "return [(len(self.rows), [], self.assumed, lemma), *self._branches([lemma])]",
        "return self._branches([lemma])",
    ),
    "have without going on": (
        "return [(len(self.rows), [], self.assumed, lemma), *self._branches([lemma])]",
        "return [(len(self.rows), [], self.assumed, lemma)]",
    ),
    "rows that outlive their branch": ("self.rows[kept:] = more", "self.rows += more"),
    "split of a ReLU: one branch": (
        "[primitive(z), least[0]], [primitive(combined((-1, z.items()))), ((node.y, -1),)]",
        "[primitive(z), least[0]]",
    ),
    "split of a ReLU: branches mixed up": ("[primitive(z), least[0]], [", "[primitive(z), ((node.y, -1),)], ["),
    "split of a maximum: one branch": (
        "return self._branches(*([row] for row in least))",
        "return self._branches(*([row] for row in least[1:]))",
    ),
    "cut: one branch": (
        "return self._branches([row], [primitive(combined((-1, row)))])",
        "return self._branches([row])",
    ),
    "cut: no second sign": (
        "return self._branches([row], [primitive(combined((-1, row)))])",
        "return self._branches([row], [row])",
    ),
    "choose: contradicted for nothing": (
        "if -literal not in self.assumed:",
        "if literal in self.assumed or not self.assumed:",
    ),
    "choose: the first literal only": ("for literal in clause:", "for literal in clause[:1]:"),
    "choose: no contradiction": ("if -literal not in self.assumed:", "if True:"),
    "choose: rows of the other literal": (
        "else self.sequent.switched.get(literal, [])",
        "else self.sequent.switched.get(-literal, [])",
    ),
    "choose: nothing assumed": ("rows, self.assumed | {literal}, self.goal", "rows, self.assumed, self.goal"),
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
    "features in between": ("need(excess in (0, feature.least * m), ", "need(True, "),
    "pixels outside the range": ("all(st.pixel[0] * q <= p * st.unit <= st.pixel[1] * q for p, q in rows[-1])", "True"),
    "excess below the templates only": (
        "pack([max(0, *pair) for pair in ends], width)",
        "pack([max(0, pair[0]) for pair in ends], width)",
    ),
    "excess above the templates only": (
        "pack([max(0, *pair) for pair in ends], width)",
        "pack([max(0, pair[1]) for pair in ends], width)",
    ),
    "excess of one template": ("nearest[f] = min(nearest[f], excess)", "nearest[f] = excess"),
    "a lead that is not one": ("logits[y] - max(x for z, x", "logits[y] - min(x for z, x"),
    "any lead": ("need(at_most(self.st.margin, (lead, q)), ", "need(True, "),
    "too few bytes a number": (
        "most.bit_length() // 8 + 1\n    columns, bias",
        "most.bit_length() // 16 + 1\n    columns, bias",
    ),
    "bytes for outputs only": ("largest = max(1, *(abs(x)", "largest = max(0, *(abs(x)"),
    "biases that are not scaled": (
        "sum(map(mul, inputs, columns)) + q * bias",
        "sum(map(mul, inputs, columns)) + bias",
    ),
    "runs shortened too far": ("n - c + 2 - max(r, a.field) - 2 * a.stride", "n - c + 3 - 2 * a.stride"),
    "rows left out forgotten": ("[1 + more * (i == first) for i in range(length)]", "[1 for i in range(length)]"),
    "other rows repeated": ("first = -((axis.origin - p) // axis.stride)", "first = 0"),
    "sizes outside the range": ("all(p < c <= n and a <= n and (b is None or n <= b) for", "all(p < c <= n for"),
    "a core larger than the image": ("all(p < c <= n and a <= n", "all(p < c and a <= n"),
    "a place outside the core": ("all(p < c <= n and a <= n", "all(c <= n and a <= n"),
    # the certificate
    "any statement": (
        'lines.match("certificate", f"statement {st.hash}")',
        'lines.match("certificate", "statement ?")',
    ),
    "no witnesses": (
        "for y in range(len(st.classes)):\n            Witness(st, lines, y, known)",
        "for y in range(len(st.classes) - 1):\n            Witness(st, lines, y, known)",
    ),
    "box always": ("need(at_most(wanted, (end, self.st.fine)), ", "need(True, "),
    "box of the other end": ("end, wanted = low if sign > 0 else -high", "end, wanted = low if sign > 0 else -low"),
    "box of a floor: the other end": ("end, wanted = low if sign > 0", "end, wanted = high if sign > 0"),
    "box of a window always": ("need(at_most(least, end), ", "need(True, "),
    "same as anything": ('need(tokens == ["same"] and local.key() in proved, ', 'need(tokens == ["same"], '),
    "same as another goal or circuit": ("return self.size, tuple(self.rows()), tuple(nodes), self.goal", "return ()"),
    "windows of other features": ("need(f in avoid and t < len(", "need(t < len("),
    "windows outside the image": (
        "need(top <= r and down <= bottom and left <= s and across <= right, ",
        "need(True, ",
    ),
    "windows twice": ("need(all(a < b for a, b in zip(windows, windows[1:])), ", "need(True, "),
    "facts one kind short": ("for kind in self.st.kinds:", "for kind in self.st.kinds[:-1]:"),
    "lower facts one class short": (
        "in self.st.windows(self.st.features[number]):",
        "in self.st.windows(self.st.features[number])[1:]:",
    ),
    "a weighted sum without weights": (
        "summed([(a, local.values[k]) for k, a in weights.items()], 0, 1)",
        "summed([(1, local.values[k]) for k, a in weights.items()], 0, 1)",
    ),
    "rows without weights": (
        "{self.channels[k]: a for k, a in w.items()}",
        "{self.channels[k]: 1 for k, a in w.items()}",
    ),
    "negative weights": (
        "[positive(a) for a in pairs[1::2]]\n        need(len(ch",
        "[int(a) for a in pairs[1::2]]\n        need(len(ch",
    ),
    "a sum of one": ("len(channels) == len(factors) > 1", "len(channels) == len(factors)"),
    "weights left over": ("len(channels) == len(factors) > 1", "len(channels) > 1"),
    "a lower fact with the upper's sign": (
        "bounded(form, 1, low), proved)",
        "bounded(form, -1, low), proved)",
    ),
    "no pairs": ("if y != z and not done:", "if False:"),
    "pairs without bounds forgotten": ("done = a and b and", "done = not a or not b or"),
    "pairs below the margin forgotten": ("at_most(margin, (a[0]", "at_most((0, 1), (a[0]"),
    "pairs of other bounds": ("(a[0] * b[1] - b[0] * a[1], a[1] * b[1])", "(a[0] - b[0], a[1] * b[1])"),
    "the wrong side's sign": (
        "self._prove(holds, fails, {y: sign}, (sign * p, q))",
        "self._prove(holds, fails, {y: 1}, (p, q))",
    ),
    "the bound's side": (
        "self._prove(holds, fails, {y: sign}, (sign * p, q))",
        "self._prove(holds, fails, {y: sign}, (p, q))",
    ),
    "premises mixed up": ('self._one_sided("wrong", z, [], [z], -1)', 'self._one_sided("wrong", z, [z], [], -1)'),
    "proofs of heads skipped": (
        'self.lines.match("head", "prove")\n',
        'self.lines.match("head", "prove")\n        least = least[0] - 10**6, least[1]\n',
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

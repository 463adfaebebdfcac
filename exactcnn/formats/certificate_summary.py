"""What an accepted certificate proves, and how, in words and numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from urllib.parse import unquote

__all__ = ["summary_lines"]

_FACTS = ("floor", "upper", "lower", "joint")
_HEAD = ("right", "wrong", "pair")
_RULES = ("lin", "sub", "chord", "maxle", "have", "split", "cut", "choose", "qed")
_SHOWN = 12


def summary_lines(statement: str, certificate: str) -> list[str]:
    """A description of texts that the checker accepted."""
    claim = [line.split(" ") for line in statement.split("\n")]
    proof = [line.split(" ") for line in certificate.split("\n")]
    names = _names(claim)
    return [*_claim_lines(claim, names), *_fact_lines(proof, names), *_head_lines(proof, names), *_size_lines(proof)]


def _names(claim: Sequence[Sequence[str]]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {"feature": [], "class": [], "task": []}
    for tokens in claim:
        if tokens[0] == "network":
            break
        if tokens[0] in found:
            found[tokens[0]].append("" if tokens[1] == "%" else unquote(tokens[1]))
    return found


def _claim_lines(claim: Sequence[Sequence[str]], names: dict[str, list[str]]) -> list[str]:
    fields = {tokens[0]: tokens[1:] for tokens in claim[:5]}
    low_h, high_h, low_w, high_w = fields["sizes"]
    source = fields["source"][0]
    return [
        f'claim: on every admissible image of the task "{names["task"][0]}", of height {_range(low_h, high_h)} '
        f"and width {_range(low_w, high_w)}, the logit of the label leads all others by at least {fields['margin'][0]}",
        "network: " + ("exact weights, in the statement" if source == "none" else f"read from ONNX, SHA-256 {source}"),
        f"classes, each with a witness image: {', '.join(names['class'])}",
    ]


def _range(low: str, high: str) -> str:
    if low == high:
        return low
    return f"at least {low}" if high == "any" else f"{low} to {high}"


def _fact_lines(proof: Sequence[Sequence[str]], names: dict[str, list[str]]) -> list[str]:
    facts = [tokens for tokens in proof if tokens[0] in _FACTS]
    lines = [f"facts about one position: {len(facts)}"]
    for tokens in facts[:_SHOWN]:
        lines.append("  " + _fact(tokens, names["feature"]))
    if len(facts) > _SHOWN:
        lines.append(f"  and {len(facts) - _SHOWN} more")
    how = Counter("box" if tokens[0] == "see" else tokens[0] for tokens in proof)
    lines.append(f"  shown by intervals {how['box']} times, by a proof {how['prove']} times (the head's included), ")
    lines[-1] += f"as an earlier one {how['same']} times"
    return lines


def _fact(tokens: Sequence[str], features: Sequence[str]) -> str:
    if tokens[0] == "floor":
        return f"channel {tokens[1]} is at least {tokens[2]} everywhere"
    if tokens[0] == "lower":
        name = features[int(tokens[1])]
        return f'where a window exhibits "{name}" (template {tokens[2]}), channel {tokens[3]} reaches {tokens[4]}'
    if tokens[0] == "joint":
        sums = " + ".join(f"{a} * channel {k}" for k, a in zip(tokens[5::2], tokens[6::2], strict=True))
        name = features[int(tokens[1])]
        return f'where a window exhibits "{name}" (template {tokens[2]}), {sums} reaches {tokens[3]} at one position'
    avoided = ", ".join(f'"{features[int(f)]}"' for f in tokens[4:])
    where = f"on images that avoid {avoided}" if avoided else "everywhere"
    return f"channel {tokens[1]} is at most {tokens[2]} {where}"


def _head_lines(proof: Sequence[Sequence[str]], names: dict[str, list[str]]) -> list[str]:
    lines = []
    for tokens in proof:
        if tokens[0] in _HEAD[:2] and len(tokens) == 3 and tokens[2] != "none":
            verb, side = ("holds", "at least") if tokens[0] == "right" else ("fails", "at most")
            lines.append(
                f'  where the formula of "{names["class"][int(tokens[1])]}" {verb}, its logit is {side} {tokens[2]}'
            )
        elif tokens[0] == "pair":
            label, other = (names["class"][int(n)] for n in tokens[1:])
            lines.append(f'  on images of "{label}", its logit leads that of "{other}" by the margin')
    more = [f"  and {len(lines) - 2 * _SHOWN} more"] if len(lines) > 2 * _SHOWN else []
    return [f"statements about logits: {len(lines)}", *lines[: 2 * _SHOWN], *more]


def _size_lines(proof: Sequence[Sequence[str]]) -> list[str]:
    rules = Counter(tokens[0] for tokens in proof)
    used = ", ".join(f"{rule} {rules[rule]}" for rule in _RULES if rules[rule])
    numbers = (n for tokens in proof if tokens[0] != "statement" for t in tokens for n in re.findall("[0-9]+", t))
    digits = max((len(n) for n in numbers), default=0)
    return [f"rules used: {used}", f"largest number: {digits} digits"]

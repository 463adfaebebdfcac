"""A certificate as Coq definitions of the types in `proofs/coq/Instance.v` and `Checker.v`.

A proof is the list of its lines, as FORMAT.md has them. Equal proofs are defined once.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby

from exactcnn.core.errors import InputError
from exactcnn.formats.coq_statement import Names
from exactcnn.formats.coq_text import integer, listed, ratio, shown_name

__all__ = ["CertificateTerms"]

_RULES = ("lin", "sub", "chord", "maxle", "have", "split", "cut", "choose", "qed")


class CertificateTerms:
    """Reads the text of a certificate that the kernel accepted.

    Parameters
    ----------
    text: the certificate.
    same: of each line (counted from 1) that says `same`, the line with `prove` before the proof that is meant.
    kinds: the number of border kinds.
    windows: of each feature, the number of classes of windows.
    """

    def __init__(
        self,
        text: str,
        names: Names,
        same: Mapping[int, int],
        kinds: int,
        windows: Sequence[int],
    ) -> None:
        self._lines = text.split("\n")
        self._names, self._same = names, same
        self._kinds, self._windows = kinds, windows
        self._next = 0
        self._proofs: dict[str, str] = {}  # a proof's term and its name
        self._of_line: dict[int, str] = {}  # the name of the proof after a line with `prove`
        self._new: list[str] = []  # definitions to be written before the next fact

    def lines(self) -> Iterator[str]:
        """Definitions up to that of `evidence`, the certificate.

        Raises
        ------
        InputError: the certificate has a kind of fact or a rule that the checker in Coq does not know.
        """
        yield "(** * The certificate: a wrong one would be refused. *)"
        yield ""
        while not self._lines[self._next].startswith("facts "):
            self._next += 1  # witnesses
        number = int(self._tokens()[1])
        for fact in range(number):
            tokens = self._tokens()
            remark, term, blocks = self._fact(tokens)
            yield from self._waiting()
            yield f"(** {remark} *)"
            yield f"Definition fact_{fact} : fact := {term} ("
            yield f"{_joined(blocks)})."
            yield ""
        yield from self._head(number)

    def _tokens(self) -> list[str]:
        self._next += 1
        return self._lines[self._next - 1].split(" ")

    def _waiting(self) -> Iterator[str]:
        yield from self._new
        self._new.clear()

    # -- facts --------------------------------------------------------------------------------------------------------

    def _fact(self, tokens: list[str]) -> tuple[str, str, list[str]]:
        """In words, as a term without its blocks, and its blocks."""
        word, *rest = tokens
        if word == "floor":
            k, bound = rest
            blocks = [self._shown(self._tokens()) for _ in range(self._kinds)]
            return f"Channel {k} is at least {bound} everywhere.", f"Floor {k} {ratio(bound)}", blocks
        if word == "upper":
            k, bound, _, *avoided = rest
            blocks = [self._everywhere(self._tokens()) for _ in range(self._kinds)]
            where = ", ".join(f"[{shown_name(self._names.features[int(f)])}]" for f in avoided)
            where = f"on images that avoid {where}" if avoided else "everywhere"
            return (
                f"Channel {k} is at most {bound} {where}.",
                f"Upper {k} {ratio(bound)} [{'; '.join(avoided)}]%nat",
                blocks,
            )
        if word == "lower":
            f, t, k, bound = rest
            blocks = [self._seen(self._tokens()) for _ in range(self._windows[int(f)])]
            name = shown_name(self._names.features[int(f)])
            remark = f"Where a window exhibits template {t} of [{name}], channel {k} reaches {bound}."
            return remark, f"Lower {f} {t} {k} {ratio(bound)}", blocks
        if word == "joint":
            f, t, bound, _, *pairs = rest
            blocks = [self._seen(self._tokens()) for _ in range(self._windows[int(f)])]
            name = shown_name(self._names.features[int(f)])
            remark = f"Where a window exhibits template {t} of [{name}], a sum of channels reaches {bound}."
            return remark, f"Joint {f} {t} (couples {listed(pairs, 4)}) {ratio(bound)}", blocks
        raise InputError(
            "the checker in Coq does not know this kind of fact",
            place=f"line {self._next}",
            found=word,
            expected="floor, upper, lower or joint",
            hint="proofs/README.md says what the checker in Coq covers",
        )

    def _shown(self, tokens: list[str]) -> str:
        """`box`, or by which proof."""
        line = self._next
        if tokens[0] == "box":
            return "box"
        name = self._proof() if tokens[0] == "prove" else self._of_line[self._same[line]]
        return f"(by_proof {name})"

    def _everywhere(self, tokens: list[str]) -> str:
        numbers = tokens[2:]
        clear = [f"window {' '.join(numbers[i : i + 4])}" for i in range(0, len(numbers), 4)]
        return f"({listed(clear, 12)}, {self._shown(tokens)})"

    def _seen(self, tokens: list[str]) -> str:
        _, i, j, *rest = tokens
        return f"(see {i} {j} {self._shown(rest)})"

    # -- the head -----------------------------------------------------------------------------------------------------

    def _head(self, facts: int) -> Iterator[str]:
        sides: dict[str, list[str]] = {"right": [], "wrong": []}
        pairs = []
        self._next += 1  # `head`
        while (tokens := self._tokens())[0] != "end":
            word, y, last = tokens
            if word == "pair":
                pairs.append(f"between {y} {last} {self._next_proof()}")
            elif last == "none":
                sides[word].append("None")
            else:
                sides[word].append(f"Some ({ratio(last)}, {self._next_proof()})")
        yield from self._waiting()
        yield "(** The facts; what each class's formula says of its logit where it holds, and where it fails; pairs of"
        yield "    classes that are left over. *)"
        yield "Definition evidence : certificate := Certificate"
        yield f"  {listed((f'fact_{n}' for n in range(facts)), 2)}"
        for items in (sides["right"], sides["wrong"], pairs):
            yield f"  {listed(items, 2)}" + ("." if items is pairs else "")
        yield ""

    def _next_proof(self) -> str:
        self._tokens()  # `prove`
        return self._proof()

    # -- proofs -------------------------------------------------------------------------------------------------------

    def _proof(self) -> str:
        """Reads a proof after its line `prove`; its name."""
        start, terms = self._next, []
        while (line := self._lines[self._next].split(" "))[0] in _RULES:
            terms.append(_line(line))
            self._next += 1
        body = "[" + ";\n  ".join(terms) + "]"
        if body not in self._proofs:
            self._proofs[body] = f"proof_{len(self._proofs)}"
            self._new += [f"Definition {self._proofs[body]} : proof :=", f" {body}.", ""]
        self._of_line[start] = self._proofs[body]
        return self._proofs[body]


def _line(tokens: Sequence[str]) -> str:
    """A line of a proof as a term of `Packing.v`."""
    word, *rest = tokens
    match word:
        case "lin" | "qed":
            return f"{word} {_numbers(rest[1:])}"
        case "sub":
            return f"sub {_premise(rest[0], rest[1])} {rest[2]} {rest[3]} {_numbers(rest[5:])}"
        case "maxle":
            premises = [_premise(r, a) for r, a in zip(rest[2::2], rest[3::2], strict=True)]
            return f"maxle {rest[0]} {rest[1]} [{'; '.join(premises)}]"
        case "have" | "cut":
            return f"{word} {_numbers(rest[1:-1])} {integer(rest[-1])}"
        case _:  # chord, split, choose: numbers only
            return " ".join(tokens)


def _premise(row: str, factor: str) -> str:
    return "none" if row == "-" else f"(from {row} {factor})"


def _numbers(tokens: Sequence[str]) -> str:
    return f"[{'; '.join(map(integer, tokens))}]"


def _joined(blocks: Sequence[str]) -> str:
    """Blocks, equal neighbours joined."""
    parts = [f"  times {len(list(group))} {block}" for block, group in groupby(blocks)]
    return " ++\n".join(parts) or "  []"

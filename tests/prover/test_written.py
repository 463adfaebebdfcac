"""What is written of a proof, and where."""

from __future__ import annotations

from exactcnn.prover.rows import Choose, Combined, Fact, Given, Have, Leaf, Proof, Row
from exactcnn.prover.written import written

X, Y = Given(Row({0: 1}, 0), "x"), Given(Row({1: 1}, 0), "y")
SWITCHED = Given(Row({2: 1}, 0), "z")
SUM = Combined.of([(X, 1), (Y, 1)])


def lines(proof: Proof) -> list[str]:
    """A proof with the rows x, y and a clause of two literals, the second of which gives the row z."""
    return written(proof, [X, Y], {"clause": 0}, {"b": [SWITCHED]})


def choice(first: Fact, second: Fact) -> Choose:
    """The branches end by these facts."""
    return Choose("clause", (("a", Leaf(((first, 1),))), ("b", Leaf(((second, 1),)))))


def test_what_both_branches_use_is_written_before_them() -> None:
    assert lines(choice(SUM, SUM)) == ["lin 2 0 1 1 1", "choose 0", "qed 1 2 1", "qed 1 2 1"]


def test_what_one_branch_uses_is_written_in_it() -> None:
    assert lines(choice(SUM, X)) == ["choose 0", "lin 2 0 1 1 1", "qed 1 2 1", "qed 1 0 1"]
    assert lines(choice(X, SUM)) == ["choose 0", "qed 1 0 1", "lin 2 0 1 1 1", "qed 1 3 1"]


def test_what_rests_on_a_row_of_a_branch_stays_there() -> None:
    within = Combined.of([(SWITCHED, 1), (SUM, 1)])
    found = lines(choice(X, within))
    assert found == ["choose 0", "qed 1 0 1", "lin 2 0 1 1 1", "lin 2 2 1 3 1", "qed 1 4 1"]
    nested = Choose("clause", (("a", Leaf(((X, 1),))), ("b", choice(within, within))))
    assert lines(nested) == [
        "choose 0",
        "qed 1 0 1",
        "lin 2 0 1 1 1",
        "lin 2 2 1 3 1",
        "choose 0",
        "qed 1 4 1",
        "qed 1 4 1",
    ]


def test_what_a_lemma_uses_is_there_after_it() -> None:
    lemma = Have(Row({0: 1, 1: 1}, 5), Leaf(((SUM, 1),)))
    both = Leaf(((lemma, 1), (SUM, 1)))
    assert lines(both) == ["lin 2 0 1 1 1", "have 2 0 1 1 1 5", "qed 1 2 1", "qed 2 2 1 3 1"]
    chosen = Have(Row({0: 1, 1: 1}, 5), choice(SUM, X))
    assert lines(Leaf(((chosen, 1), (SUM, 1)))) == [
        "lin 2 0 1 1 1",
        "have 2 0 1 1 1 5",
        "choose 0",
        "qed 1 2 1",
        "qed 1 0 1",
        "qed 2 2 1 3 1",
    ]


def test_a_lemma_that_chooses_is_written_in_each_branch() -> None:
    lemma = Have(Row({0: 1, 1: 1}, 5), choice(SUM, SUM))
    found = lines(choice(lemma, lemma))
    assert found.count("have 2 0 1 1 1 5") == 2
    assert found.index("lin 2 0 1 1 1") == 0
    assert found.count("lin 2 0 1 1 1") == 1

"""Statements read back."""

from __future__ import annotations

from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tasks import tasks

from exactcnn.core.errors import InputError
from exactcnn.core.sizes import SizeRange
from exactcnn.formats.statement import Execution, format_statement
from exactcnn.formats.statement_reader import read_statement
from exactcnn.network.construct import build_network

SHIPPED = Path(__file__).parents[2] / "proofs" / "certificates"


@settings(max_examples=25)
@given(
    tasks(),
    st.sampled_from([SizeRange(), SizeRange.fixed(3, 4), SizeRange(2, None, 3, 9)]),
    st.sampled_from([None, Execution(), Execution(fmpq(1, 8))]),
    st.sampled_from([None, "ab" * 32]),
)
def test_what_was_written_is_read(task, sizes, execution, source) -> None:  # type: ignore[no-untyped-def]
    network = build_network(task, arithmetic="rational")
    text = format_statement(task, network, sizes, fmpq(1, 3), source, execution)
    found = read_statement(text, "x.stmt")
    assert (found.sizes, found.margin, found.source_sha256, found.execution) == (sizes, fmpq(1, 3), source, execution)
    assert (found.task.features, found.task.classes) == (task.features, task.classes)
    assert (found.task.name, found.task.pixel) == (task.name, task.pixel)


def test_shipped_statements() -> None:
    found = read_statement((SHIPPED / "shapes.stmt").read_text(encoding="ascii"), "shapes.stmt")
    assert [f.name for f in found.task.features][:2] == ["ring", "cross"]
    assert found.margin == fmpq(1, 2)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("exactcnn statement 1", "exactcnn statement 2"),
        ("gap 1/2", "gap 2/4"),
        ("gap 1/2", "gap"),
        ("features 6", "features 7"),
        ("features 6", "features 5"),
        ("margin 1/2", "margin 0"),
        ("margin 1/2", "margin 1/2 float16"),
        ("sizes 1 any 1 any", "sizes 1 any 1"),
        ("class house", "class ho%75se"),
        ("\nnetwork\n", "\nnet\n"),
        ("globalpool max", "globalpool least"),
        ("relu\n", "relu \n"),
        ("task shapes", "task %ff"),
    ],
)
def test_other_texts_are_refused(old: str, new: str) -> None:
    text = (SHIPPED / "shapes.stmt").read_text(encoding="ascii")
    assert old in text
    with pytest.raises(InputError, match="no statement of version 1"):
        read_statement(text.replace(old, new, 1), "x.stmt")


@pytest.mark.parametrize("text", ["", "exactcnn statement 1\n", "\nnetwork\nend\nend\n", "\0"])
def test_no_statement_at_all(text: str) -> None:
    with pytest.raises(InputError, match="no statement of version 1"):
        read_statement(text, "x.stmt")

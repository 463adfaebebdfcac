"""The extracted checker and the kernel bound the rounding of float32 alike, and refuse the same networks."""

from __future__ import annotations

import hashlib
import io
import random
from collections import Counter
from fractions import Fraction

import pytest
from support.certificate_mutants import mutants
from support.extracted import Both, Extracted, run
from support.kernel_cases import documented, golden
from support.kernel_units import ERRORS, NO_ERROR_BOUND
from support.small_instances import small_instance

from exactcnn.checker import kernel


def _kernels(statement: str, step: tuple[int, int] | None) -> Fraction | None:
    """The kernel's bound, if it has one."""
    try:
        read = kernel.Statement(kernel.Lines(io.BytesIO(statement.encode())))
        return Fraction(kernel.Rounding(read, step).error, kernel.FINE)
    except kernel.Reject:
        return None


def _same(extracted: Extracted, statement: str, step: tuple[int, int] | None) -> str:
    """Compares the bounds; says of which kind they are."""
    if step is not None:
        margin = next(line for line in statement.splitlines() if line.startswith("margin ")).split(" ")[1]
        written = str(Fraction(*step))
        statement = statement.replace(f"margin {margin}\n", f"margin {margin} float32 step {written}\n", 1)
    extracted.paths[0].write_text(statement)
    done = run("--rounding", extracted.paths[0])
    word, *rest = done.stdout.split()
    expected = _kernels(statement, step)
    if expected is None:
        assert word == "REJECTED", statement
        assert done.returncode == 1
        return "refused"
    assert (word, rest) == ("error", [str(expected)]), statement
    assert done.returncode == 0
    return "rounded" if expected else "exact"


def test_the_table_of_cases(extracted: Extracted) -> None:
    kinds = Counter[str]()
    for name, old, new, step, _ in ERRORS:
        kinds[_same(extracted, golden(name)[0].replace(old, new, 1), step)] += 1
    for name, old, new in NO_ERROR_BOUND:
        kinds[_same(extracted, golden(name)[0].replace(old, new, 1), None)] += 1
    assert kinds["refused"] >= len(NO_ERROR_BOUND)
    assert min(kinds["exact"], kinds["rounded"]) >= 3


Numbers = list[int | Fraction]
SHORT: Numbers = [0, 0, 1, -1, Fraction(1, 2), Fraction(-3, 4)]
LONG: Numbers = [*SHORT, Fraction(5, 2**20), 2**24 - 1, Fraction(1, 2**30)]
STRANGE: Numbers = [
    2**24 + 1,
    Fraction(1, 3),
    Fraction(1, 2**126),
    Fraction(1, 2**127),
    2**126,
    2**127,
    Fraction(2**24 - 1, 2**149),
]


def _numbers(source: random.Random, pool: Numbers, size: int) -> str:
    """Weights, seldom strange ones; equal neighbours joined."""
    pool = pool if source.random() < 0.97 else STRANGE
    found: list[list[object]] = []
    for value in (source.choice(pool) for _ in range(size)):
        if found and found[-1][1] == value:
            found[-1][0] = int(str(found[-1][0])) + 1
        else:
            found.append([1, value])
    return " ".join(str(value) if run == 1 else f"{run}*{value}" for run, value in found)


def _layer(source: random.Random, pool: Numbers, width: int) -> tuple[list[str], int]:
    """A layer before the global pool, and its outputs."""
    word = source.choice(["conv", "conv", "relu", "maxpool", "avgpool"])
    if word == "relu":
        return ["relu"], width
    rows, columns = source.choice([(1, 1), (1, 2), (2, 2), (2, 1), (3, 3), (1, 3)])
    padding = [source.randrange(n) if source.random() < 0.4 else 0 for n in (rows, columns, rows, columns)]
    shape = f"rows {rows} columns {columns} stride {source.randint(1, 2)} 1 padding {' '.join(map(str, padding))}"
    if word != "conv":
        return [f"{word} {shape}"], width
    return _weighted(source, pool, "conv", f" {shape}", width, source.randint(1, 3), rows * columns)


def _weighted(
    source: random.Random, pool: Numbers, word: str, shape: str, width: int, outputs: int, cells: int = 1
) -> tuple[list[str], int]:
    rows = [_numbers(source, pool, width * cells) for _ in range(outputs)]
    return [f"{word} out {outputs} in {width}{shape}", *rows, f"bias {_numbers(source, pool, outputs)}"], outputs


def _statement(source: random.Random) -> str:
    """The lamp's task with a random network, sizes, pixel range and step."""
    pool = source.choice([SHORT, LONG])
    width, lines = 1, [f"input {source.choice(['pixel', 'byte'])} channels 1"]
    for _ in range(source.randint(0, 4)):
        more, width = _layer(source, pool, width)
        lines += more
    lines.append(f"globalpool {source.choice(['max', 'sum', 'mean'])}")
    for _ in range(source.randint(0, 2)):
        more, width = _weighted(source, pool, "dense", "", width, source.randint(1, 3))
        lines += [*more, "relu"]
    lines += [*_weighted(source, pool, "dense", "", width, 2)[0], "end"]
    text = documented()[0]
    text = text[: text.index("input ")] + "\n".join(lines) + "\nend\n"
    sizes = source.choice(
        ["1 any 1 any", "4 any 7 any", "8 8 8 8", "5 8 6 9", "8 8 8 11", "16 16 8 8", "4 2000 4 2000"]
    )
    text = text.replace("sizes 1 any 1 any", f"sizes {sizes}")
    return text.replace("pixel 0 1", f"pixel {source.choice(['0 1', '-1 1', '-1/3 7/5', '0 255'])}")


@pytest.mark.parametrize("seed", range(4))
def test_random_networks(extracted: Extracted, seed: int) -> None:
    source, kinds = random.Random(seed), Counter[str]()
    for _ in range(60):
        step = source.choice([None, None, (1, 1), (1, 2), (1, 256), (1, 2**23), (1, 2**140), (1, 2**300)])
        kinds[_same(extracted, _statement(source), step)] += 1
    assert min(kinds["rounded"], kinds["refused"]) >= 10
    assert kinds["exact"] >= 1


@pytest.mark.parametrize("step", ["2", "1/3", "0", "1/6", "3/8", "1/2 1", "01"])
def test_steps_that_are_none(extracted: Extracted, step: str) -> None:
    extracted.paths[0].write_text(golden("lamp")[0].replace("margin 1/4", f"margin 1/4 float32 step {step}"))
    done = run("--rounding", extracted.paths[0])
    assert (done.returncode, done.stdout.split(" ")[0]) == (1, "REJECTED")


@pytest.mark.parametrize("claim", ["float32", "float32 step 1", "float32 step 1/256", f"float32 step 1/{2**300}"])
def test_claims_are_printed_as_they_stand(extracted: Extracted, claim: str) -> None:
    text = golden("lamp")[0].replace("margin 1/4", f"margin 1/4 {claim}")
    extracted.paths[0].write_text(text)
    assert run("--statement", extracted.paths[0]).stdout == text


# -- certificates -----------------------------------------------------------------------------------------------------

# With and without steps; pixels and bytes, one channel and two, maxima and means.
SEEDS = [13, 36, 43, 44, 78, 162, 167, 187, 218, 320, 385]


def _claimed(statement: str, certificate: str, claim: str) -> tuple[str, str]:
    """The pair with another margin line."""
    old = next(line for line in statement.splitlines() if line.startswith("margin "))
    changed = statement.replace(old, f"margin {claim}", 1)
    digests = [hashlib.sha256(text.encode()).hexdigest() for text in (statement, changed)]
    return changed, certificate.replace(*digests, 1)


@pytest.mark.parametrize("seed", SEEDS)
def test_certificates_of_float32_execution(both: Both, seed: int) -> None:
    found = small_instance(seed)
    assert found is not None
    statement, certificate = found.statement, found.text
    margin, _, *step = next(x for x in statement.splitlines() if x.startswith("margin ")).split(" ")[1:]
    both.ask([(statement, certificate)])
    assert both.counts == {("PROVED", "PROVED"): 1}
    more = [str(Fraction(margin) * k) for k in (1 + Fraction(1, 2**30), 1 + Fraction(1, 2**10), Fraction(5, 4), 3)]
    claims = [f"{m} {' '.join(['float32', *step])}" for m in (*more, margin, str(Fraction(margin) / 2))]
    claims += [f"{margin} float32", f"{margin} float32 step 1/{2**20}", f"{margin} float32 step 1/{2**24}", margin]
    both.ask(_claimed(statement, certificate, claim) for claim in claims)
    both.ask((m.statement, m.certificate) for m in mutants(statement, certificate, 30, seed))
    assert not both.disagreements
    assert both.counts["REJECTED", "REJECTED"] > 10
    assert both.counts["PROVED", "PROVED"] > 3


@pytest.mark.parametrize(
    ("name", "claim", "proved"),
    [
        ("lamp", "1/5 float32", True),
        ("lamp", f"{2**18 - 1}/{2**20} float32", True),
        ("lamp", f"{2**23 - 1}/{2**25} float32", False),
        ("lamp", "1/4 float32", False),
        ("lamp", "1/4 float32 step 1/256", True),
        ("lamp", f"1/4 float32 step 1/{2**23}", True),
        ("lamp", f"1/4 float32 step 1/{2**24}", False),
        ("lamp", "1/3 float32 step 1/256", False),
        ("sum", "1/9 float32", True),
        ("sum", "1/8 float32", False),
    ],
)
def test_what_roundings_leave_of_a_margin(both: Both, name: str, claim: str, proved: bool) -> None:
    verdict = "PROVED" if proved else "REJECTED"
    both.ask([_claimed(*golden(name), claim)])
    assert both.counts == {(verdict, verdict): 1}

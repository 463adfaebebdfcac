"""Task files: what each key means, and that everything else is refused with file, table, key, found, expected."""

from __future__ import annotations

from pathlib import Path

import pytest
from flint import fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from support.task_text import COLOUR, GOOD, box_of, intervals, minimal, pairs, parse, q, refusal

from exactcnn.core.errors import InputError
from exactcnn.formats.task_file import load_task
from exactcnn.task.model import Alternative

# -- meaning --------------------------------------------------------------------------------------------------------


def test_the_whole_example() -> None:
    task = parse(GOOD)
    assert (task.name, task.channels, task.source) == ("signs", ("",), "x.toml")
    cross, ring = task.features
    off, on, any_ = (q(0), q("1/16")), (q("15/16"), q(1)), (q(0), q(1))
    assert pairs(cross.templates[0]) == [off, on, off, on, on, on, off, on, off]
    assert pairs(ring.templates[0]) == [on, on, on, on, any_, on, on, on, on]
    assert (cross.gap, ring.gap) == (q("1/2"), q("3/4"))
    assert task.classes[0].alternatives == (Alternative(frozenset({"cross"}), frozenset({"ring"})),)
    assert task.classes[1].otherwise
    assert task.generator is not None
    assert task.generator.background == ((q(0), q("1/8")),)
    assert task.generator.spacing == 2


def test_floats_are_the_decimals_that_are_written() -> None:
    assert pairs(box_of('patch = "#"\ntolerance = 0.1')) == intervals("9/10 1")
    assert pairs(box_of('patch = "."\ntolerance = 1e-3')) == intervals("0 1/1000")
    assert pairs(box_of('patch = "."\ntolerance = "1/3"')) == intervals("0 1/3")
    assert parse(minimal('patch = "."\ngap = 1_0.000_1')).features[0].gap == q("100001/10000")
    tiny = parse(minimal(f'patch = "."\ngap = 0.{"0" * 400}1'))
    assert tiny.features[0].gap == fmpq(1, 10**401)


def test_defaults_are_shares_of_the_pixel_range() -> None:
    feature = parse(minimal('patch = "."')).features[0]
    assert (feature.gap, pairs(feature.templates[0])) == (q("1/2"), intervals("0 1/16"))
    feature = parse(minimal('patch = "."', "pixel = [0, 255]")).features[0]
    assert (feature.gap, pairs(feature.templates[0])) == (q("255/2"), intervals("0 255/16"))


def test_a_feature_overrides_the_defaults() -> None:
    feature = parse(minimal('patch = "."\ngap = 3\ntolerance = 0', "gap = 2\ntolerance = 1")).features[0]
    assert (feature.gap, pairs(feature.templates[0])) == (q(3), intervals("0 0"))


def test_alternatives() -> None:
    task = parse(
        GOOD.replace(
            'requires = ["cross"]\nforbids = ["ring"]',
            'any = [{requires = ["cross"]}, {forbids = ["ring"], requires = []}, '
            '{requires = ["ring"], forbids = ["cross"]}]',
        )
    )
    assert task.classes[0].alternatives == (
        Alternative(frozenset({"cross"})),
        Alternative(frozenset(), frozenset({"ring"})),
        Alternative(frozenset({"ring"}), frozenset({"cross"})),
    )


def test_a_background_by_channel_or_for_all() -> None:
    one = parse(COLOUR + '[generator]\nbackground = [0, "1/4"]\n').generator
    assert one is not None
    assert (one.background, one.spacing) == (((q(0), q("1/4")),) * 2, 1)
    each = parse(COLOUR + "[generator]\nbackground.green = [0, 1]\nbackground.red = [0.5, 0.5]\n").generator
    assert each is not None
    assert each.background == ((q("1/2"), q("1/2")), (q(0), q(1)))
    assert parse(COLOUR).generator is None


def test_files(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    task = load_task(tmp_path / "a.toml")
    assert task == parse(GOOD)
    assert task.source == str(tmp_path / "a.toml")


# -- refusals -------------------------------------------------------------------------------------------------------

CROSS = '[[feature]] number 1 "cross"'
RING = '[[feature]] number 2 "ring"'
PLUS = '[[class]] number 1 "plus-only"'

SPOILT = [
    # text to replace, what by, place, message, found, expected
    ('name = "signs"', "", "[task]", "the key name is missing", None, "the task's name"),
    ('name = "signs"', "name = 3", "[task], key name", "a value of the wrong type", "the integer 3", "a string"),
    ('name = "signs"', 'name = ""', "[task], key name", "not a usable name", '""', "printable characters"),
    ('name = "signs"', 'name = "a\\nb"', "[task], key name", "not a usable name", '"a\\nb"', "printable characters"),
    ('name = "signs"', 'name = " a"', "[task], key name", "not a usable name", '" a"', "no blank at either end"),
    ('gap = "1/2"', 'gaps = "1/2"', "[task]", "an unknown key", '"gaps"', "one of name, gap, tolerance"),
    ('gap = "1/2"', 'gap = "half"', "[task], key gap", "not a rational number", "'half'", "a number such as"),
    ('gap = "1/2"', 'gap = "1/0"', "[task], key gap", "a denominator is zero", "'1/0'", "q > 0"),
    ('gap = "1/2"', 'gap = "nan"', "[task], key gap", "a number is not finite", "nan", "a finite number"),
    ('gap = "1/2"', "gap = nan", "[task], key gap", "a number is not finite", "nan", "a finite number"),
    ('gap = "1/2"', "gap = -inf", "[task], key gap", "a number is not finite", "-inf", "a finite number"),
    ('gap = "1/2"', "gap = 1e9999", "[task], key gap", "not a rational number", "'1e9999'", "a number such as"),
    ('gap = "1/2"', "gap = true", "[task], key gap", "a value of the wrong type", "true", "a number such as"),
    ('gap = "1/2"', "gap = [1, 2]", "[task], key gap", "a value of the wrong type", "an array of 2", "a number"),
    ('gap = "1/2"', "gap = 2024-01-01", "[task], key gap", "a value of the wrong type", "a date or time", "a number"),
    ('gap = "1/2"', "gap = 0", "[task], key gap", "a gap that is not positive", "0", "above 0"),
    ("gap = 0.75", "gap = -0.75", f"{RING}, key gap", "a gap that is not positive", "-3/4", "above 0"),
    ("gap = 0.75", "tolerance = -1", f"{RING}, key tolerance", "a tolerance below 0", "-1", "at least 0"),
    ('tolerance = "1/16"', "tolerance = -1", "[task], key tolerance", "a tolerance below 0", "-1", "at least 0"),
    ('tolerance = "1/16"', "pixel = [1]", "[task], key pixel", "not an interval", "an array of 1", "[low, high]"),
    ('tolerance = "1/16"', "pixel = [1, 1]", "[task], key pixel", "the pixel range is empty", "[1, 1]", "below"),
    ('tolerance = "1/16"', "pixel = 3", "[task], key pixel", "a value of the wrong type", "the integer 3", "[low"),
    ('tolerance = "1/16"', 'pixel = [0, "x"]', "[task], key pixel, number 2", "not a rational", "'x'", "a number"),
    ('tolerance = "1/16"', "channels = []", "[task], key channels", "no channel", None, "at least one name"),
    ('tolerance = "1/16"', 'channels = ["r", "r"]', "[task], key channels, number 2", "the same name", '"r"', None),
    ('tolerance = "1/16"', "channels = [1]", "[task], key channels, number 1", "wrong type", "integer 1", "a string"),
    ('tolerance = "1/16"', 'channels = "red"', "[task], key channels", "wrong type", '"red"', "a list of names"),
    ('tolerance = "1/16"', 'channels = [""]', "[task], key channels, number 1", "not a usable name", '""', None),
    ("###\n.#.", "###\n.#", f"{CROSS}, key patch", "rows of a drawing differ", "2 pixels in line 3", "3 pixels"),
    ("###\n.#.", "\n.#.", f"{CROSS}, key patch", "rows of a drawing differ", "0 pixels in line 2", "3 pixels"),
    ("###\n.#.", "#x#\n.#.", f"{CROSS}, key patch", "unknown character", "'x' in line 2, column 2", "'.' for"),
    ("###\n.#.", "###\n.# ", f"{CROSS}, key patch", "unknown character", "' ' in line 3, column 3", "0-9 for n/9"),
    ("###\n.#.", "#\u0661#\n.#.", f"{CROSS}, key patch", "unknown character", "'\u0661' in line 2", "0-9"),
    ('"""\n.#.\n###\n.#.\n"""', '""', f"{CROSS}, key patch", "an empty drawing", None, "at least one row"),
    ('"""\n.#.\n###\n.#.\n"""', '"\\n"', f"{CROSS}, key patch", "an empty drawing", None, "at least one row"),
    ('"""\n.#.\n###\n.#.\n"""', '"\\n#"', f"{CROSS}, key patch", "rows of a drawing", "0 pixels in line 1", None),
    ('"""\n.#.\n###\n.#.\n"""', "7", f"{CROSS}, key patch", "a value of the wrong type", "the integer 7", "a string"),
    ('"""\n.#.\n###\n.#.\n"""', '["#"]', f"{CROSS}, key patch", "a value of the wrong type", "an array of 1", "string"),
    ('patch = """\n.#.', 'patches = """\n.#.', f"{CROSS}, key patches", "wrong type", None, "a list, each entry"),
    ('patch = """\n.#.', 'pathc = """\n.#.', CROSS, "an unknown key", '"pathc"', "one of name, gap, tolerance, patch"),
    ('patch = """\n.#.\n###\n.#.\n"""', "", CROSS, "the feature has no template", None, "one of patch, patches"),
    ('patch = """\n.#.\n###\n.#.\n"""', "patches = []", CROSS, "the feature has no template", None, "patches"),
    ('patch = """\n.#.\n###\n.#.\n"""', 'patches = ["##", "#"]', CROSS, "differ in size", "1x1, 1x2", "one size"),
    ('patch = """\n.#.\n###\n.#.\n"""', "low = [[0]]", CROSS, "the key high is missing", None, "low and high"),
    ('patch = """\n.#.\n###\n.#.\n"""', "high = [[0]]", CROSS, "the key low is missing", None, "low and high"),
    ('name = "ring"', 'name = "cross"', '[[feature]] number 2 "cross", key name', "same name", '"cross"', None),
    ('name = "ring"', "", "[[feature]] number 2", "the key name is missing", None, "a name"),
    ('name = "neither"', 'name = "plus-only"', '[[class]] number 2 "plus-only", key name', "same name", None, None),
    ('requires = ["cross"]', 'requires = ["star"]', f"{PLUS}, key requires, number 1", "unknown", '"star"', '"cross"'),
    ('forbids = ["ring"]', 'forbids = ["ring", 3]', f"{PLUS}, key forbids, number 2", "wrong type", "3", "a string"),
    ('forbids = ["ring"]', 'forbids = ["ring", "ring"]', f"{PLUS}, key forbids, number 2", "same name", None, None),
    ('forbids = ["ring"]', 'forbids = "ring"', f"{PLUS}, key forbids", "wrong type", '"ring"', "a list of names"),
    ('forbids = ["ring"]', "otherwise = true", PLUS, "several ways", "requires / forbids and otherwise", "one of"),
    ('forbids = ["ring"]', "any = []", PLUS, "several ways", "requires / forbids and any", "one of"),
    ('requires = ["cross"]\nforbids = ["ring"]', "", PLUS, "does not say what it is", None, "otherwise = true"),
    ('requires = ["cross"]\nforbids = ["ring"]', "otherwise = false", PLUS, "does not say what it is", None, None),
    ('requires = ["cross"]\nforbids = ["ring"]', "any = []", f"{PLUS}, key any", "no alternative", None, "requires ="),
    ('requires = ["cross"]\nforbids = ["ring"]', "any = [3]", f"{PLUS}, key any, alternative 1", "type", "3", "{requ"),
    ('requires = ["cross"]\nforbids = ["ring"]', "any = [{}]", f"{PLUS}, key any, alternative 1", "empty", None, None),
    (
        'requires = ["cross"]\nforbids = ["ring"]',
        'any = [{forbids = ["cross"]}, {forbid = ["ring"]}]',
        f"{PLUS}, key any, alternative 2",
        "an unknown key",
        '"forbid"',
        "one of requires, forbids",
    ),
    (
        'requires = ["cross"]\nforbids = ["ring"]',
        'any = [{requires = ["rang"]}]',
        f"{PLUS}, key any, alternative 1, key requires, number 1",
        "an unknown feature",
        '"rang"',
        '"cross", "ring"',
    ),
    ("otherwise = true", "otherwise = 1", '[[class]] number 2 "neither", key otherwise', "type", "1", "true or false"),
    ('[[class]]\nname = "neither"\notherwise = true', "", None, "at least two classes", "1", "2 or more"),
    ('requires = ["cross"]\nforbids = ["ring"]', "otherwise = true", None, "more than one class is", None, "most one"),
    ("[generator]", "[generators]", None, "an unknown key", '"generators"', "one of task, feature, class, generator"),
    ("[generator]", "[[generator]]", "[generator]", "a value of the wrong type", "an array of 1", "a table"),
    ('background = ["0", "1/8"]', "", "[generator]", "the key background is missing", None, "an interval"),
    ('["0", "1/8"]', "[0.5, 0.25]", "[generator], key background", "not an interval inside", "[1/2, 1/4]", "low <="),
    ('["0", "1/8"]', "[0, 2]", "[generator], key background", "not an interval inside", "[0, 2]", "<= 1"),
    ('["0", "1/8"]', "0", "[generator], key background", "a value of the wrong type", "the integer 0", "[low, high]"),
    ('["0", "1/8"]', "{red = [0, 1]}", "[generator], key background", "a table by channels", None, "an interval"),
    ("spacing = 2", "spacing = -1", "[generator], key spacing", "too small", "-1", "at least 0"),
    ("spacing = 2", "spacing = 1.0", "[generator], key spacing", "wrong type", "the float 1.0", "an integer"),
    ("spacing = 2", "spacing = true", "[generator], key spacing", "wrong type", "true", "an integer"),
    ("spacing = 2", "space = 2", "[generator]", "an unknown key", '"space"', "one of background, spacing"),
    ("[task]", "[tsk]", None, "an unknown key", '"tsk"', "one of task, feature, class, generator"),
    ("[task]", "[[task]]", "[task]", "a value of the wrong type", "an array of 1", "a table"),
]


@pytest.mark.parametrize(("old", "new", "place", "message", "found", "expected"), SPOILT)
def test_every_refusal_says_where_and_what(
    old: str, new: str, place: str | None, message: str, found: str | None, expected: str | None
) -> None:
    assert old in GOOD
    error = refusal(GOOD.replace(old, new, 1))
    assert error.place == place
    assert message in error.message
    if found is not None:
        assert found in (error.found or "")
    if expected is not None:
        assert expected in (error.expected or "")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the key task is missing"),
        ('[task]\nname = "t"\n', "the key feature is missing"),
        ('[task]\nname = "t"\n[[feature]]\nname = "f"\npatch = "#"\n', "the key class is missing"),
        ('task = 3\n[[feature]]\nname = "f"\n', "a value of the wrong type"),
        ('[task]\nname = "t"\n[feature]\nname = "f"\n[[class]]\n', "a value of the wrong type"),
        ('class = ["a"]\n[task]\nname = "t"\n[[feature]]\nname = "f"\n', "a value of the wrong type"),
        ('feature = []\nclass = []\n[task]\nname = "t"\n', "the task has no feature"),
    ],
)
def test_missing_tables_are_named(text: str, message: str) -> None:
    assert refusal(text).message == message


def test_a_single_bracket_is_explained() -> None:
    error = refusal(GOOD.replace("[[feature]]", "[feature]", 1).replace("[[feature]]", "[feature.more]", 1))
    assert (error.place, error.expected) == ("[feature]", "tables headed [[feature]]")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("[task]\nname = signs\n", "line 2, column 8"),
        ("[task]\n\nname 3\n", "line 3, column 6"),
        ("[task]\nname = 'a'\nname = 'b'\n", "line 3, column 11"),
        ("[task\n", "line 1, column 6"),
        ('[task]\nname = "', "end of document"),
    ],
)
def test_toml_errors_have_a_line(text: str, place: str) -> None:
    error = refusal(text)
    assert error.message.startswith("not valid TOML: ")
    assert "(at" not in error.message
    assert error.place == place


@pytest.mark.parametrize("text", ["a = " + "[" * 100_000, "a = " + "9" * 5000], ids=["deep", "long"])
def test_toml_that_python_cannot_hold_is_refused(text: str) -> None:
    assert refusal(text).message.startswith(("TOML that cannot be read", "not valid TOML"))


def test_a_misspelt_key_gets_a_hint() -> None:
    assert refusal(GOOD.replace("forbids", "forbid")).hint == "Did you mean forbids?"
    assert refusal(GOOD.replace("spacing", "colour")).hint is None


def test_a_message_reads_as_a_whole() -> None:
    assert str(refusal(GOOD.replace("gap = 0.75", "gap = -inf"))) == (
        'x.toml: [[feature]] number 2 "ring", key gap: a number is not finite; found -inf; expected a finite number'
    )


@given(st.data())
@settings(max_examples=150)
def test_damaged_files_are_tasks_or_refused(data: st.DataObject) -> None:
    text = GOOD
    for _ in range(data.draw(st.integers(1, 3))):
        start = data.draw(st.integers(0, len(text)))
        end = start + data.draw(st.integers(0, 12))
        pieces = ["", "true", "3", "-1.5", "nan", "[]", "{}", '"', "#", "=", "\n", "any = [{}]", "[[class]]\n", "é"]
        text = text[:start] + data.draw(st.sampled_from(pieces)) + text[end:]
    refused: InputError | None = None
    try:
        parse(text)
    except InputError as error:
        refused = error
    if refused is not None:
        assert refused.source == "x.toml"
        assert "\n" not in str(refused)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no\.toml: there is no such file"):
        load_task(tmp_path / "no.toml")
    (tmp_path / "latin.toml").write_bytes('[task]\nname = "Stra\u00dfe"\n'.encode("latin-1"))
    with pytest.raises(InputError, match=r"latin\.toml: line 2: the file is not UTF-8 text; found the byte 0xdf"):
        load_task(tmp_path / "latin.toml")

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.environment import same

numbers = st.one_of(st.integers(-(10**9), 10**9), st.floats(-1e9, 1e9))
plain = st.recursive(
    st.one_of(st.none(), st.booleans(), numbers, st.text()),
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(st.text(), inner, max_size=4)),
    max_leaves=8,
)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("161.25", 161.25),
        (" 161.250000 \n", 161.25),
        ("161", 161.0),
        ("0.30000000000000004", 0.3),
        ("-4", -4),
        ("1e3", 1000),
        ("[1, 2.0, 3]", (1, 2, 3)),
        ("(1, 'a')", [1, "a"]),
        ('["G", 5]', ("G", 5)),
        ("{'A': 1, 'C': 2}", {"C": 2, "A": 1}),
        ('{"1": "x"}', {1: "x"}),
        ("True", True),
        ("true", True),
        ("null", None),
        ("None", None),
        ("  Hello, World\n", "Hello, World"),
        ("12", "12"),
    ],
)
def test_it_reads_the_answer_as_what_was_expected(answer, expected):
    assert same(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("161", 161.25),
        ("161.2", 161.25),
        ("about 161.25", 161.25),
        ("161.25 USD", 161.25),
        ("1,234", 1234),
        ("", 0),
        ("", None),
        ("", []),
        ("true", 1),
        ("1", True),
        ("NaN", math.nan),
        ('"5"', 5),
        ("[1, 2]", [2, 1]),
        ("[1, 2, 3]", [1, 2]),
        ("[1.5]", [1]),
        ("{'A': 1}", {"A": 1, "C": 0}),
        ("{'A': 1, 'C': 0}", {"A": 1}),
        ("hello", "Hello"),
        ("'Hello'", "Hello"),
        ("Hell", "Hello"),
        ("012", "12"),
        ("[1, 2]", {"a": 1}),
    ],
)
def test_it_does_not_take_a_near_miss(answer, expected):
    assert not same(answer, expected)


@pytest.mark.parametrize(
    ("answer", "expected", "decimals", "verdict"),
    [
        ("3.14", math.pi, 2, True),
        ("3.1", math.pi, 2, False),
        ("3.15", math.pi, 2, False),
        ("3.1416", math.pi, 2, True),
        ("0.13", 0.125, 2, True),
        ("1234567.13", 1234567.125, 2, True),
        ("161", 161.25, 0, True),
        ("[1.33, 2.67]", [4 / 3, 8 / 3], 2, True),
        ("[1.33, 2.66]", [4 / 3, 8 / 3], 2, False),
        ("5", math.inf, 2, False),
        ("Infinity", math.inf, 2, True),
    ],
)
def test_decimals_say_how_finely_numbers_are_compared(answer, expected, decimals, verdict):
    assert same(answer, expected, decimals) is verdict


@given(plain)
def test_a_value_is_the_same_as_its_json(value):
    assert same(value if isinstance(value, str) else json.dumps(value), value)


@given(plain)
def test_a_value_is_the_same_as_its_repr(value):
    assert same(value if isinstance(value, str) else repr(value), value)


@given(st.text(), plain)
def test_no_text_makes_it_raise(text, expected):
    assert same(text, expected) in (True, False)


@given(numbers, st.floats(1e-5, 10))
def test_a_number_that_is_off_by_more_than_a_millionth_is_not_the_same(number, factor):
    off = number + max(abs(number), 1.0) * factor
    assert not same(repr(off), number)


@pytest.mark.parametrize("expected", [1, 1.5, 10**400, [1], {"a": 1}, "x", None, True])
@pytest.mark.parametrize(
    "text",
    [
        "(" * 60_000,
        "[" * 60_000 + "]" * 60_000,
        '{"a":' * 60_000,
        "-" * 60_000 + "1",
        "1+" * 30_000 + "1",
        "~" * 60_000,
        "1" * 4_000,
        "1" * 5_000,
        "1if 1else " * 5_000 + "1",
        "{[]: 1}",
        "{0x" + "f" * 5_000 + ": 1}",
        "1e999",
        "'\\d'",
        "\x00",
        "\ud800",
        "a." * 9_000 + "b",
        "not " * 9_000 + "1",
    ],
)
def test_hostile_text_is_just_wrong(text, expected):
    assert same(text, expected) is False

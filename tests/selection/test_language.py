"""The language of conditions: what it means, what it refuses, and where it points."""

import contextlib
import operator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.errors import UsageError
from sca.selection.language import Condition

FACTS = {"avg": 0.5, "turns": 4, "family": "trade", "answer": None, "best": True}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("0 < avg < 1", True),
        ("0 < avg < 0.5", False),
        ("best", True),
        ("not best or turns >= 4", True),
        ("turns / 2 == 2 and turns % 3 == 1", True),
        ("-turns + 4 * 2 > 3", True),
        ("family in ('trade', 'travel')", True),
        ("family not in ['trade']", False),
        ("'rad' in family", True),
        ("family >= 'tr'", True),
        ("'a' in answer", False),
        ("'a' not in answer", True),
        ("answer not in 'abc'", True),
        ("answer not in ('a', 'b')", True),
        ("answer == None", True),
        ("answer != 'x'", True),
        ("answer < 3", False),
        ("not answer < 3", True),
        ("answer + 1 > 0", False),
        ("turns / 0 > 0", False),
        ("avg\n  == .5", True),
        ("best # the shortest\nand avg > 0.9", False),
        ("'a  b' == 'a b'", False),
        ("1or 2", True),
        ("True", True),
    ],
)
def test_a_condition_holds_or_not(text, holds):
    assert Condition(text, FACTS).holds(FACTS) is holds


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("best and\n  averge > 1", "there is no 'averge' here; did you mean avg?\n    averge > 1\n    ^^^^^^"),
        ("-" * 900 + "avg", "nested deeper than 100 levels"),
        ("0 < averge", "there is no 'averge' here; did you mean avg?\n  0 < averge\n      ^^^^^^"),
        ("best == true", "there is no 'true' here; did you mean True?\n  best == true\n          ^^^^"),
        ("'ü' < x", "there is no 'x' here; there are answer, avg, best, family, turns\n  'ü' < x\n        ^"),
        ("turns =< 3", "  turns =< 3\n"),
        ("turns is None", "say == or != in place of `is`"),
        ("len(family) > 3", "this is no part of a condition"),
        ("family.upper()", "this is no part of a condition"),
        ("family[0]", "this is no part of a condition"),
        ("turns ** 9", "this is no part of a condition"),
        ("[t for t in family]", "this is no part of a condition"),
        ("(lambda: 1)", "this is no part of a condition"),
        ("f'{turns}'", "this is no part of a condition"),
        ("b'x'", "this is no part of a condition"),
        ("turns := 3", "  turns := 3\n"),
        ("", "^"),
        ("1 +" * 400 + "1", "longer than 1000 characters"),
        ("(" * 600 + "1" + ")" * 300, ""),
    ],
)
def test_what_is_not_understood_is_pointed_at(text, said):
    with pytest.raises(UsageError) as error:
        Condition(text, FACTS)
    assert said in str(error.value)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("family > 3", "'trade' and 3 have no order\n  family > 3\n  ^^^^^^^^^^"),
        ("1 + family > 3", "'trade' is no number\n  1 + family > 3\n      ^^^^^^"),
        ("'a' * 99 == 'b'", "'a' is no number"),
        ("turns in 4", "`in` asks for text in text"),
    ],
)
def test_text_and_numbers_are_not_mixed(text, said):
    with pytest.raises(UsageError) as error:
        Condition(text, FACTS).holds(FACTS)
    assert said in str(error.value)


numbers = st.integers(-9, 9) | st.floats(-9, 9).map(lambda x: round(x, 2))
signs = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}


@given(numbers, st.sampled_from(sorted(signs)), numbers, st.sampled_from(["and", "or"]), st.booleans())
def test_a_condition_means_what_it_means_in_python(x, sign, y, joint, negated):
    text = f"{'not ' if negated else ''}(x {sign} y) {joint} x + y > x * y"
    expected = eval(text, {"x": x, "y": y})
    assert Condition(text, ["x", "y"]).holds({"x": x, "y": y}) == expected


@given(st.text(max_size=60))
def test_any_text_is_a_condition_or_a_usage_error(text):
    with contextlib.suppress(UsageError):
        Condition(text, FACTS).holds(FACTS)

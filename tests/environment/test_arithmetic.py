import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sca.environment import ToolError
from sca.environment.arithmetic import calculate


@pytest.mark.parametrize(
    ("expression", "value"),
    [
        ("2 + 3 * 4", 14),
        ("(2 + 3) * 4", 20),
        ("7 / 2", 3.5),
        ("7 // 2", 3),
        ("-7 % 3", 2),
        ("2 ** 10", 1024),
        ("2 ** -1", 0.5),
        ("2 ** 0.5", 2**0.5),
        (" 1.5e2\n", 150.0),
        ("+-+3", -3),
        ("10 ** 100", 10**100),
    ],
)
def test_arithmetic_is_worked_out_as_python_does(expression, value):
    result = calculate(expression)
    assert (result, type(result)) == (value, type(value))


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("9**9**9", "the numbers grow too large; use smaller ones"),
        ("9**9**9**9", "the numbers grow too large; use smaller ones"),
        ("10.0**400", "the numbers grow too large; use smaller ones"),
        ("1e999", "the numbers grow too large; use smaller ones"),
        ("1" * 400, "the numbers grow too large; use smaller ones"),
        ("(10**150) * (10**150)", "the numbers grow too large; use smaller ones"),
        ("1 / 0", "division by zero; check the divisor"),
        ("0 ** -1", "division by zero; check the divisor"),
        ("(-8) ** 0.5", "a negative number has no such power; use a whole exponent"),
        ("2 ^ 3", "^ is not a power here; write ** instead"),
        ("1,000 + 5", "one expression without commas, please: write 1000, not 1,000"),
        ("8%", "'8%' is not an arithmetic expression; write plain numbers with + - * / // % ** and parentheses"),
        ("x + 1", "'x' is not arithmetic; write plain numbers with + - * / // % ** and parentheses"),
        ("1 + 1 " * 200, "the expression is longer than 500 characters; work it out in parts"),
    ],
)
def test_what_it_refuses_says_what_to_write(expression, message):
    with pytest.raises(ToolError, match=f"^{re.escape(message)}$"):
        calculate(expression)


HOSTILE = [
    "__import__('os')",
    "(1).real",
    "1j",
    "lambda: 1",
    "\x00",
    "\ud800",
    "(" * 400,
    "f'{1}'",
    "x := 1",
    "1if 1else 2",
]
WRONG = ["", "True", "'a' * 3", "[1]", "1 < 2", "1 if 1 else 2", "1 and 2", "1 << 9"]


@pytest.mark.parametrize("expression", HOSTILE + WRONG)
def test_nothing_but_arithmetic_is_accepted(expression):
    with pytest.raises(ToolError):
        calculate(expression)


def test_a_number_is_no_expression():
    with pytest.raises(ToolError, match="the expression must be text"):
        calculate(12)


@given(st.recursive(
    st.integers(0, 10**6).map(str),
    lambda inner: st.builds("({} {} {})".format, inner, st.sampled_from(["+", "-", "*", "**", "/", "%"]), inner),
    max_leaves=12,
))  # fmt: skip
def test_it_answers_or_refuses_whatever_the_arithmetic(expression):
    try:
        value = calculate(expression)
    except ToolError:
        return
    assert type(value) in (int, float)


@given(st.text(max_size=60))
def test_any_text_is_worked_out_or_refused(text):
    try:
        calculate(text)
    except ToolError:
        return

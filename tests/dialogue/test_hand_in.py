from hypothesis import given
from hypothesis import strategies as st

from sca.dialogue import hand_in
from sca.dialogue.hand_in import HandIn

FULL = HandIn(
    instruction="What is 2 plus 3?",
    evaluation_function="def evaluate(answer):\n    return same(answer, 5)",
    solution="result = 2 + 3",
    failure_cases=["result = 4", "result = 6", "result = 23"],
)


def test_the_full_form_is_read_as_it_was_written():
    assert hand_in.parse(hand_in.render(**FULL.model_dump())) == FULL


def test_the_short_form_becomes_a_check_and_wrong_answers():
    parsed = hand_in.parse(
        "<instruction>\nAdd.\n</instruction>\n<expected_output>\n[1, 'a']\n</expected_output>\n"
        "<example_solution>\nresult = f()\n</example_solution>\n<failure_case>\nnone of it\n</failure_case>"
    )
    assert parsed.evaluation_function == "def evaluate(answer):\n    return same(answer, [1, 'a'])"
    assert parsed.solution == "result = f()"
    assert parsed.failure_cases == ["result = 'none of it'"]


def test_a_value_of_the_short_form_may_be_assigned_to_result():
    parsed = hand_in.parse(
        "<expected_output>\nresult = 12.5\n</expected_output><failure_case>result=3</failure_case>"
        "<failure_case>result == 3</failure_case>"
    )
    assert parsed.evaluation_function == "def evaluate(answer):\n    return same(answer, 12.5)"
    assert parsed.failure_cases == ["result = 3", "result = 'result == 3'"]


def test_a_function_beside_an_expected_output_wins():
    parsed = hand_in.parse(
        "<expected_output>1</expected_output><evaluation_function>def evaluate(): ...</evaluation_function>"
        "<failure_case>result = 2</failure_case>"
    )
    assert (parsed.evaluation_function, parsed.failure_cases) == ("def evaluate(): ...", ["result = 2"])


def test_missing_parts_stay_none():
    assert hand_in.parse("<instruction>\nAdd.\n</instruction>") == HandIn(instruction="Add.")


@given(st.text(max_size=200))
def test_a_short_form_literal_is_python_whatever_it_holds(text):
    if "</expected_output>" in text:
        return
    check = hand_in.parse(f"<expected_output>{text}</expected_output>").evaluation_function
    assert check is not None
    compile(check, "check", "exec")


def test_a_deeply_nested_expected_output_is_taken_as_text():
    nested = "[" * 1_000
    check = hand_in.parse(f"<expected_output>{nested}</expected_output>").evaluation_function
    assert check == f"def evaluate(answer):\n    return same(answer, {nested!r})"


def test_a_set_is_written_in_the_order_in_which_it_was_handed_in():
    check = hand_in.parse("<expected_output>{'b', 'a', 'c'}</expected_output>").evaluation_function
    assert check == "def evaluate(answer):\n    return same(answer, {'b', 'a', 'c'})"


def test_an_escape_that_python_does_not_know_is_the_models_affair():
    check = hand_in.parse(r"<expected_output>'C:\data'</expected_output>").evaluation_function
    assert check is not None
    assert check.endswith(r"same(answer, 'C:\\data')")

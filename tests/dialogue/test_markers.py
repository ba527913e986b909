import pytest

from sca.dialogue.markers import BadTurn, Turn, parse, stops, without_fence

EXECUTOR = ("action", "answer")


@pytest.mark.parametrize(
    ("text", "turn"),
    [
        ("ACTION:\nprint(1)\nEND ACTION", Turn("action", "print(1)")),
        ("THOUGHT: look END THOUGHT ACTION: f() END ACTION", Turn("action", "f()", "look")),
        ("Sure!\nANSWER: 42 END ANSWER\n", Turn("answer", "42")),
        ("ACTION:\n```python\nx = 1\nif x:\n    f()\n```\nEND ACTION", Turn("action", "x = 1\nif x:\n    f()")),
    ],
)
def test_a_turn_is_read(text, turn):
    parsed = parse(text, EXECUTOR)
    assert parsed == turn


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("I will think about it.", "The turn has no marked block."),
        ("THOUGHT: only this END THOUGHT", "The turn has no marked block."),
        ("ACTION:\nf()", "ACTION: is not closed with END ACTION."),
        ("ACTION: f() END ACTION ANSWER: 1 END ANSWER", "The turn has 2 blocks; it must have exactly one."),
        ("RESPONSE: hello END RESPONSE", "RESPONSE cannot be used here."),
    ],
)
def test_what_is_no_turn_is_said(text, problem):
    assert parse(text, EXECUTOR) == BadTurn(problem)


def test_markers_inside_a_block_are_text():
    parsed = parse("ACTION:\nprint('ANSWER: 1')\nEND ACTION", EXECUTOR)
    assert isinstance(parsed, Turn)
    assert parsed.body == "print('ANSWER: 1')"


def test_generation_stops_at_the_ends_of_what_is_allowed():
    assert stops(EXECUTOR) == ("END ACTION", "END ANSWER")


@pytest.mark.parametrize(
    ("code", "clean"),
    [
        ("\nif x:\n    f()\n", "if x:\n    f()"),
        (" f() ", "f()"),
        (" for x in y:\n    f(x)\n", "for x in y:\n    f(x)"),
        ("\n  if x:\n    f()\n", "if x:\n  f()"),
        ("```\n  if x:\n    f()\n```", "if x:\n  f()"),
        ("\r\nif x:\r\n    f()\r\n", "if x:\n    f()"),
        ("\n  \n\nf()", "f()"),
        ('\nx = """a\n   \nb"""', 'x = """a\n   \nb"""'),
        ("\n", ""),
        ("", ""),
    ],
)
def test_code_begins_at_the_left_and_keeps_its_own_indentation(code, clean):
    assert without_fence(code) == clean

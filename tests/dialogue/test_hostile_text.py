"""What a model writes is read on the host: nothing of it raises anything, or costs more than its length."""

import json
import time

import pytest

from sca.dialogue import hand_in
from sca.dialogue.markers import without_fence
from sca.dialogue.observations import compact
from sca.dialogue.setting import Setting
from sca.environment import Start
from sca.judging import opinion
from sca.judging.answers import Answers
from sca.judging.grounding import _derived
from sca.judging.kinship import Kinship
from sca.judging.reading import Document, Library
from sca.judging.wording import says

NUMBERS = ["1" + "0" * 400 + "+1j", "1+" * 4000 + "1", "0x" + "f" * 5000, "-0b" + "1" * 20_000, "9" * 5000, "1e999"]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize("form", ["[{}]", "total: [{}]", "{{'a': {}}}"])
def test_no_printed_number_is_too_odd(form, number):
    printed = form.format(number)
    assert isinstance(compact(printed), str)


@pytest.mark.parametrize("number", NUMBERS)
def test_no_expected_output_is_too_odd(number):
    task = hand_in.parse(f"<expected_output>{number}</expected_output><failure_case>result = {number}</failure_case>")
    assert task.evaluation_function.startswith("def evaluate(answer):\n    return same(answer, ")
    assert task.failure_cases[0].startswith("result = ")


def answers(text, instruction="What is it?"):
    records = [Document("get_order", {}, {"items": [{"name": "Mug"}, {"name": "Tent"}]}, told=True)]
    return Answers(text, instruction, True, Kinship(Library(instruction, records)), "")


def redact(text):
    return Setting.open("retail").redacted(Start("rosalind_okafor_7211"), text)


COSTLY = {
    "openings without an end": lambda: hand_in.parse("<failure_case>" * 100_000),
    "a fence with a run of blanks": lambda: without_fence(f"\n```python\nx = 1{' ' * 500_000}# y\n```\nf()\n"),
    "quotes that nothing closes": lambda: compact("x [" + "\\'" * 100_000),
    "blanks around a bracket": lambda: redact(" " * 30_000 + "(" + " " * 30_000),
    "dots in an answer": lambda: answers("a " + "." * 60_000 + "!").equivalent(),
    "dashes in an instruction": lambda: answers("a b", "-" * 60_000).equivalent(),
    "words and numbers in an answer": lambda: answers("7 Mug " * 10_000).facts,
    "numbers in an argument": lambda: _derived("1 2 " * 16_000 + "77", Library("1.0 2.0 " * 8_000, [])),
    "a long value": lambda: [says(set(), "ab " * 21_000, "ab " * 10_500 + "a") for _ in range(50)],
    "blank lines of a judge": lambda: opinion._STATUS.findall("\n" * 60_000),
}


@pytest.mark.parametrize("read", COSTLY.values(), ids=COSTLY)
def test_nothing_costs_more_than_its_length(read):
    began = time.process_time()
    read()
    assert time.process_time() - began < 5  # a quadratic reading would take minutes


def test_a_value_that_is_long_is_said_where_it_stands():
    text = json.dumps(["one two three"] * 40)
    assert says(set(), text, text[1:-1])
    assert not says(set(), text, text[1:-1].replace("two", "four"))

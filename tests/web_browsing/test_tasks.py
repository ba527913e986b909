"""The test tasks of web browsing ask for all that the benchmark asks for, and give nothing away."""

import re
from collections import Counter

import pytest
from web_browsing.site import FOLDER

from sca.dialogue import prompts
from sca.dialogue.setting import Setting
from sca.records.contract import Task
from sca.records.reading import read

FILE = FOLDER / "tasks" / "test.jsonl"
TASKS = read(FILE, Task).records
SETTING = Setting.open("web_browsing")
NINE = {
    "price", "e-mail", "department", "phone", "expertise", "total", "discounted total", "head count", "whose number",
}  # fmt: skip


def test_there_are_fifty_tasks_and_more_of_the_nine_kinds_and_combinations():
    kinds = Counter(task.origin["kind"] for task in TASKS)
    assert kinds.total() >= 50
    assert kinds.keys() == {*NINE, "several"}
    assert min(kinds.values()) >= 4


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_an_instruction_names_no_tool_and_no_address_of_a_page_and_not_its_answer(task):
    said = task.instruction or ""
    expected = re.search(r"same\(answer, (.*?)(?:, decimals=2)?\)\n", task.evaluation_function)[1]
    assert not re.search(r"\w+_\w+|(?<!\w)/[a-z]", said)
    assert not re.search(rf"(?<![\w.]){re.escape(expected.strip(chr(39)))}(?![\w.])", said)


def test_one_who_writes_tasks_without_acting_is_told_the_start_page():
    assert "Who we are [Clickable '/people']" in prompts.proposer_prompt(SETTING, 0, "full")[-1].content

"""The test tasks of retail: many kinds, each says who the customer is. What all worlds share is in `held_out`."""

import json
import re
from collections import Counter

import pytest
from retail.shop import FOLDER, RETAIL

from environments.retail.tasks import make
from sca.records.contract import Task
from sca.records.reading import read

FILE = FOLDER / "tasks" / "test.jsonl"
TASKS = read(FILE, Task).records
CUSTOMERS = RETAIL.load(FOLDER / "data")["users"]


def test_there_are_a_hundred_tasks_and_more_of_many_kinds():
    kinds = Counter(task.origin["kind"] for task in TASKS)
    assert kinds.total() >= 110
    assert len(kinds) == 11
    assert min(kinds.values()) >= 6


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_an_instruction_says_who_the_customer_is_and_names_no_order_and_no_tool(task):
    user = CUSTOMERS[task.start]
    by_name = user["name"]["last_name"] in task.instruction and user["address"]["zip"] in task.instruction
    assert user["email"] in task.instruction or by_name
    assert not re.search(r"#W\d|\w+_(?:order|user|product|agents)", task.instruction)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"says": [1]}, None),
        ({"sys": [1]}, "sys: missing, or not known"),
        ({"customer": "nobody_1"}, "customer: there is no nobody_1"),
        ({"outcome": {"#W1": {}}}, "outcome: #W1 is not an order of emeka_hoang_3140"),
    ],
)
def test_what_is_wrong_with_a_source_is_said(change, problem):
    source = dict.fromkeys(make.NEEDED, "") | {"customer": "emeka_hoang_3140"} | change
    assert make.problem_of(source, {"users": CUSTOMERS}) == problem


def test_numbers_may_be_written_with_or_without_commas_and_cents():
    source = next(task for task in TASKS if "1013.99 in numbers" in (task.evaluation_function or ""))
    line = next(line for line in source.evaluation_function.splitlines() if "numbers = {" in line)
    found = {}
    for answer in ("It is $1,013.99.", "1013.99", "1,013.990 dollars", "1013.9"):
        space = {"re": re, "answer": answer}
        exec(line.strip(), space)  # a line of our own
        found[answer] = 1013.99 in space["numbers"]
    assert json.dumps(list(found.values())) == "[true, true, true, false]"

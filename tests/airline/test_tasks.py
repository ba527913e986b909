"""The test tasks of airline: many kinds, each says who the traveller is. What all worlds share is in `held_out`."""

import re
from collections import Counter

import pytest
from airline.desk import AIRLINE, FOLDER

from environments.airline.tasks import make
from sca.records.contract import Task
from sca.records.reading import read

TASKS = read(FOLDER / "tasks" / "test.jsonl", Task).records
DESK = AIRLINE.load(FOLDER / "data")


def test_there_are_sixty_tasks_and_more_of_many_kinds():
    kinds = Counter(task.origin["kind"] for task in TASKS)
    assert kinds.total() >= 60
    assert kinds.keys() == {
        "book", "flights", "cancel", "refused", "bags", "passengers", "cabin", "compensation", "several",
        "conditional", "question", "transfer",
    }  # fmt: skip
    assert kinds["refused"] >= 10
    assert sum("AMOUNTS" in task.evaluation_function for task in TASKS) == len(TASKS)


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_an_instruction_says_who_the_traveller_is_and_names_no_tool(task):
    said = task.instruction.replace(task.start, "")
    name = DESK["users"][task.start]["name"]
    assert task.start in task.instruction
    assert name["first_name"] in said
    assert not re.search(r"\w+_(?:reservation|flight|user|agents|certificate)", said)


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"says": [1]}, None),
        ({"sys": [1]}, "sys: missing, or not known"),
        ({"traveller": "nobody_1"}, "traveller: there is no nobody_1"),
        ({"outcome": {"ABC": {}}}, "outcome: ABC is not a reservation of mona_nakata_6640"),
        ({"near_misses": [["a", "b"]]}, "near_misses: 'a' is not in the solution"),
    ],
)
def test_what_is_wrong_with_a_source_is_said(change, problem):
    source = dict.fromkeys(make.NEEDED, "") | {"traveller": "mona_nakata_6640"} | change
    assert make.problem_of(source, DESK) == problem

"""The tasks that ship: complete records, enough of them, and no example that gives a test task away."""

import ast
import difflib
import re
from collections import Counter
from itertools import product
from pathlib import Path

import pytest

from sca import scaffold
from sca.environment.loading import find, load
from sca.records.contract import Task

CALCULATION = find("calculation")
TEST = CALCULATION / "tasks" / "test.jsonl"
EXAMPLES = CALCULATION / "examples.jsonl"


def tasks(path: Path) -> list[Task]:
    return [Task.model_validate_json(line) for line in path.read_text(encoding="utf-8").splitlines()]


def words(text: str | None) -> list[str]:
    return re.findall(r"\w+", (text or "").lower())


def tools_called(task: Task) -> set[str]:
    names = {node.id for node in ast.walk(ast.parse(task.solution or "")) if isinstance(node, ast.Name)}
    return names & set(dir(load(CALCULATION).families[task.family or ""]))


def test_each_family_has_at_least_sixteen_test_tasks():
    counts = Counter(task.family for task in tasks(TEST))
    assert set(counts) == set(load(CALCULATION).families)
    assert min(counts.values()) >= 16


def test_each_family_has_one_or_two_examples():
    assert set(Counter(task.family for task in tasks(EXAMPLES)).values()) <= {1, 2}


@pytest.mark.parametrize("task", tasks(TEST) + tasks(EXAMPLES), ids=lambda task: task.id)
def test_a_task_is_complete_and_uses_one_to_four_tools(task):
    assert task.instruction
    assert task.evaluation_function
    assert len(set(task.failure_cases or [])) >= 3
    assert 1 <= len(tools_called(task)) <= 4


def test_no_two_test_tasks_have_the_same_solution():
    solutions = [task.solution for task in tasks(TEST)]
    assert len(set(solutions)) == len(solutions)


def test_ids_count_up_from_one():
    assert [task.id for task in tasks(TEST)] == [f"calculation-test-{i:06}" for i in range(1, len(tasks(TEST)) + 1)]


@pytest.mark.parametrize("folder", [CALCULATION, scaffold.FOLDER], ids=lambda folder: folder.name)
def test_no_example_is_close_to_a_test_task(folder):
    likeness = {
        (example.id, task.id): difflib.SequenceMatcher(
            None, words(example.instruction), words(task.instruction), autojunk=False
        ).ratio()
        for example, task in product(tasks(folder / "examples.jsonl"), tasks(folder / "tasks" / "test.jsonl"))
    }
    assert {pair: ratio for pair, ratio in likeness.items() if ratio > 0.5} == {}

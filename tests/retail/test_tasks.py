"""The tasks that ship pass every check, in real containers, and between them use every tool in every way."""

import asyncio
import difflib
import json
import re
from collections import Counter

import pytest
from retail.shop import FOLDER, RETAIL

from environments.retail.tasks import make
from sca.dialogue import prompts
from sca.dialogue.setting import Setting
from sca.environment import tools_of
from sca.records.contract import Task
from sca.records.reading import read
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import give_verdict

FILE = FOLDER / "tasks" / "test.jsonl"
TASKS = read(FILE, Task).records
EXAMPLES = read(FOLDER / "examples.jsonl", Task).records
SETTING = Setting.open("retail")
CUSTOMERS = RETAIL.load(FOLDER / "data")["users"]


@pytest.mark.docker
async def test_every_test_task_and_every_example_is_valid():
    async with DockerSandbox(FOLDER, tasks_per_container=40) as sandbox:
        turns = asyncio.Semaphore(8)  # so that no program waits for the processor until its time is up

        async def verdict(task):
            async with turns:
                return await give_verdict(task, sandbox)

        verdicts = await asyncio.gather(*map(verdict, TASKS + EXAMPLES))
    assert {
        task.id: v.reason for task, v in zip(TASKS + EXAMPLES, verdicts, strict=True) if v.reason is not None
    } == {}


def test_the_file_is_what_the_sources_make(tmp_path):
    make.write(make.tasks(), tmp_path / "made.jsonl")
    assert (tmp_path / "made.jsonl").read_bytes() == FILE.read_bytes()


def test_there_are_a_hundred_tasks_and_more_of_many_kinds():
    kinds = Counter(task.origin["kind"] for task in TASKS)
    assert kinds.total() >= 110
    assert len(kinds) == 11
    assert min(kinds.values()) >= 6


@pytest.mark.parametrize("tool", [tool.name for tool in tools_of(RETAIL).values() if tool.name != "think"])
def test_every_tool_that_does_something_is_in_several_solutions(tool):
    assert sum(f"{tool}(" in (task.solution or "") for task in TASKS) >= 3


def test_no_two_tasks_are_told_alike_or_solved_alike():
    assert len({task.instruction for task in TASKS}) == len({task.solution for task in TASKS}) == len(TASKS)


def test_the_opening_words_of_the_instructions_vary():
    openings = Counter(" ".join((task.instruction or "").split()[4:9]) for task in TASKS)
    assert max(openings.values()) <= 2


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


def words(text):
    return re.findall(r"\w+", (text or "").lower())


def runs(text, length=7):
    said = words(text)
    return {tuple(said[place : place + length]) for place in range(len(said) - length + 1)}


def test_no_example_is_close_to_a_test_task_or_of_its_customer():
    closest = max(
        difflib.SequenceMatcher(None, words(example.instruction), words(task.instruction), autojunk=False).ratio()
        for example in EXAMPLES
        for task in TASKS
    )
    assert closest < 0.35
    assert {example.start for example in EXAMPLES}.isdisjoint(task.start for task in TASKS)


@pytest.mark.parametrize("style", ["full", "brief"])
def test_no_prompt_holds_seven_words_in_a_row_of_a_test_task(style):
    seen = [prompts.proposer_prompt(SETTING, 0, style), prompts.executor_prompt(SETTING, TASKS[0], style, 15)]
    seen += [prompts.challenger_prompt(SETTING, index, style, 10, "full") for index in range(len(RETAIL.themes))]
    told = runs(" ".join(message.content for prompt in seen for message in prompt))
    assert len(told) > 100
    assert {task.id: runs(task.instruction) & told for task in TASKS if runs(task.instruction) & told} == {}


def test_the_challenger_is_shown_the_examples():
    prompt = prompts.challenger_prompt(SETTING, 0, "full", 10, "full")[0].content
    assert all(example.instruction in prompt and example.solution in prompt for example in EXAMPLES)

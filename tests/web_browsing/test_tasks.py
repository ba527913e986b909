"""The tasks that ship pass every check, in real containers, and ask for everything that the benchmark asks for."""

import asyncio
import difflib
import json
import re
from collections import Counter
from pathlib import Path

import pytest
from web_browsing.site import FOLDER, WEB

from environments.web_browsing.tasks import make
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
SETTING = Setting.open("web_browsing")
RECORDED = Path(__file__).parent / "recorded.jsonl"
NINE = {
    "price", "e-mail", "department", "phone", "expertise", "total", "discounted total", "head count", "whose number",
}  # fmt: skip


@pytest.mark.docker
async def test_every_test_task_and_every_example_is_valid():
    async with DockerSandbox(FOLDER, tasks_per_container=40) as sandbox:
        turns = asyncio.Semaphore(4)  # so that no program waits for the processor until its time is up

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


def test_there_are_fifty_tasks_and_more_of_the_nine_kinds_and_combinations():
    kinds = Counter(task.origin["kind"] for task in TASKS)
    assert kinds.total() >= 50
    assert kinds.keys() == {*NINE, "several"}
    assert min(kinds.values()) >= 4


@pytest.mark.parametrize("tool", [tool.name for tool in tools_of(WEB).values()])
def test_every_tool_is_in_several_solutions(tool):
    assert sum(f"{tool}(" in (task.solution or "") for task in TASKS) >= 3


def test_no_two_tasks_are_told_alike_or_solved_alike():
    assert len({task.instruction for task in TASKS}) == len({task.solution for task in TASKS}) == len(TASKS)


def test_the_opening_words_of_the_instructions_vary():
    openings = Counter(" ".join((task.instruction or "").split()[:3]) for task in TASKS)
    assert max(openings.values()) <= 3


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_an_instruction_names_no_tool_and_no_address_of_a_page_and_not_its_answer(task):
    said = task.instruction or ""
    expected = re.search(r"same\(answer, (.*?)(?:, decimals=2)?\)\n", task.evaluation_function)[1]
    assert not re.search(r"\w+_\w+|(?<!\w)/[a-z]", said)
    assert not re.search(rf"(?<![\w.]){re.escape(expected.strip(chr(39)))}(?![\w.])", said)


def test_a_failure_case_answers_with_something_else_each_time():
    for task in TASKS:
        assert len(task.failure_cases) == len(set(task.failure_cases)) >= 3


def words(text):
    return re.findall(r"\w+", (text or "").lower())


def runs(text, length=7):
    said = words(text)
    return {tuple(said[place : place + length]) for place in range(len(said) - length + 1)}


def likeness(one, other):
    return difflib.SequenceMatcher(None, words(one), words(other), autojunk=False).ratio()


def test_no_example_is_close_to_a_test_task_or_has_its_answer():
    assert max(likeness(e.instruction, t.instruction) for e in EXAMPLES for t in TASKS) < 0.5
    assert {e.evaluation_function for e in EXAMPLES}.isdisjoint(t.evaluation_function for t in TASKS)


@pytest.mark.parametrize("style", ["full", "brief"])
def test_no_prompt_holds_seven_words_in_a_row_of_a_test_task(style):
    seen = [prompts.proposer_prompt(SETTING, 0, style), prompts.executor_prompt(SETTING, TASKS[0], style, 15)]
    seen += [prompts.challenger_prompt(SETTING, index, style, 10, "full") for index in range(len(WEB.themes))]
    told = " ".join(m.content for prompt in seen for m in prompt).replace(TASKS[0].instruction or "", "")
    assert len(runs(told)) > 20
    assert {
        task.id: runs(task.instruction) & runs(told) for task in TASKS if runs(task.instruction) & runs(told)
    } == {}


def test_no_recorded_reply_holds_seven_words_in_a_row_of_a_test_task():
    texts = [text for line in RECORDED.read_text("utf-8").splitlines() for text in json.loads(line)["texts"]]
    told = runs(" ".join(texts))
    assert len(told) > 50
    assert not any(runs(task.instruction) & told for task in TASKS)


def test_the_challenger_is_shown_the_examples():
    prompt = prompts.challenger_prompt(SETTING, 0, "full", 10, "full")[0].content
    assert all(example.instruction in prompt and example.solution in prompt for example in EXAMPLES)


def test_one_who_writes_tasks_without_acting_is_told_the_start_page():
    assert "Who we are [Clickable '/people']" in prompts.proposer_prompt(SETTING, 0, "full")[-1].content

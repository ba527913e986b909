"""The tasks that ship pass every check, in real containers, come from their sources, and are not told alike."""

import asyncio
import difflib
import re
from collections import Counter

import pytest
from held_out.worlds import MADE

from sca.environment import tools_of
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import give_verdict

made = pytest.mark.parametrize("world", MADE, ids=str)
MOST_ALIKE = {"retail": 0.35, "airline": 0.35, "web_browsing": 0.5}
"""Share of the words that an example may have in common with a test task."""


@pytest.mark.docker
@pytest.mark.parametrize("part", [3, pytest.param(1, marks=pytest.mark.slow)], ids=["a third", "all"])
@made
async def test_test_tasks_and_every_example_are_valid(world, part):
    tasks = world.tasks[::part] + world.examples
    async with DockerSandbox(world.setting.folder, tasks_per_container=40) as sandbox:
        turns = asyncio.Semaphore(8)  # so that no program waits for the processor until its time is up

        async def verdict(task):
            async with turns:
                return await give_verdict(task, sandbox)

        verdicts = await asyncio.gather(*map(verdict, tasks))
    assert {task.id: v.reason for task, v in zip(tasks, verdicts, strict=True) if v.reason is not None} == {}


@made
def test_the_file_is_what_the_sources_make(world, tmp_path):
    world.maker.write(world.maker.tasks(), tmp_path / "made.jsonl")
    assert (tmp_path / "made.jsonl").read_bytes() == world.setting.test_tasks.read_bytes()


@made
def test_every_tool_that_does_something_is_in_several_solutions(world):
    tools = [tool.name for tool in tools_of(world.setting.environment).values() if tool.name != "think"]
    rare = {tool: sum(f"{tool}(" in (task.solution or "") for task in world.tasks) for tool in tools}
    assert {tool: number for tool, number in rare.items() if number < 3} == {}


@made
def test_no_two_tasks_are_told_alike_or_solved_alike(world):
    tasks = world.tasks
    assert len({task.instruction for task in tasks}) == len({task.solution for task in tasks}) == len(tasks)


@made
def test_the_opening_words_of_the_instructions_vary(world):
    first, last = (0, 3) if world.name == "web_browsing" else (4, 9)
    openings = Counter(" ".join((task.instruction or "").split()[first:last]) for task in world.tasks)
    assert max(openings.values()) <= 3


@made
def test_a_failure_case_is_another_one_each_time(world):
    assert [task.id for task in world.tasks if not 3 <= len(task.failure_cases) == len(set(task.failure_cases))] == []


def words(text):
    return re.findall(r"\w+", (text or "").lower())


@made
def test_no_example_is_close_to_a_test_task_or_about_the_same(world):
    closest = max(
        difflib.SequenceMatcher(None, words(example.instruction), words(task.instruction), autojunk=False).ratio()
        for example in world.examples
        for task in world.tasks
    )
    assert closest < MOST_ALIKE[world.name]
    if world.setting.environment.user:
        assert {example.start for example in world.examples}.isdisjoint(task.start for task in world.tasks)
    checks = {example.evaluation_function for example in world.examples}
    assert checks.isdisjoint(task.evaluation_function for task in world.tasks)


@made
def test_the_challenger_is_shown_the_examples(world):
    prompt = world.prompts("full")[0]
    assert all(example.instruction in prompt and example.solution in prompt for example in world.examples)

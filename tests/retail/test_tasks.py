"""The tasks that ship pass every check, in real containers, and between them use every tool that changes a record."""

import asyncio
import re

import pytest
from retail.shop import FOLDER, RETAIL

from sca.environment import tools_of
from sca.records.contract import Task
from sca.records.reading import read
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import give_verdict

TASKS = read(FOLDER / "tasks" / "test.jsonl", Task).records
CUSTOMERS = RETAIL.load(FOLDER / "data")["users"]


@pytest.mark.docker
async def test_every_test_task_is_valid():
    async with DockerSandbox(FOLDER) as sandbox:
        verdicts = await asyncio.gather(*(give_verdict(task, sandbox) for task in TASKS))
    assert {task.id: v.reason for task, v in zip(TASKS, verdicts, strict=True) if v.reason is not None} == {}


def test_every_tool_that_changes_a_record_is_in_some_solution():
    used = {name for task in TASKS for name in re.findall(r"\w+(?=\()", task.solution or "")}
    writes = {tool.name for tool in tools_of(RETAIL).values() if tool.kind == "write" and not tool.ends}
    assert writes <= used


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.id)
def test_an_instruction_says_who_the_customer_is(task):
    assert CUSTOMERS[task.start]["email"] in task.instruction

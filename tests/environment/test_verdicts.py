"""Every task that ships passes every check, in real containers: no-op, solution, near misses, and again elsewhere."""

import asyncio

import pytest

from sca import scaffold
from sca.environment.loading import find
from sca.records.contract import Task
from sca.records.reading import read
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import give_verdict

pytestmark = pytest.mark.docker
AT_ONCE = 4


@pytest.mark.parametrize("folder", [find("calculation"), scaffold.FOLDER], ids=lambda folder: folder.name)
async def test_every_test_task_and_every_example_is_valid(folder):
    files = (folder / "tasks" / "test.jsonl", folder / "examples.jsonl")
    tasks = [task for path in files for task in read(path, Task).records]
    slots = asyncio.Semaphore(AT_ONCE)

    async with DockerSandbox(folder, tasks_per_container=64) as sandbox:

        async def reason(task):
            async with slots:
                return (await give_verdict(task, sandbox)).reason

        reasons = await asyncio.gather(*(reason(task) for task in tasks))
    assert {task.id: why for task, why in zip(tasks, reasons, strict=True) if why is not None} == {}
    assert len(tasks) >= 8

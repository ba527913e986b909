"""The benchmark of the filter that ships: thirty good tasks, and thirty with a planted flaw."""

import asyncio
import importlib.util
import json
from pathlib import Path

import pytest
from retail.shop import FOLDER

from sca.dialogue.setting import Setting
from sca.judging.quality import measure
from sca.judging.thresholds import Thresholds
from sca.judging.verdict import judge
from sca.records.contract import Task
from sca.sandbox.host import DockerSandbox
from sca.stages.validation import judged, surroundings_of, with_flags

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "filter.py"
spec = importlib.util.spec_from_file_location("benchmark_of_the_filter", SCRIPT)
benchmark = importlib.util.module_from_spec(spec)
spec.loader.exec_module(benchmark)
TASKS = benchmark.read_all(benchmark.FOLDER)


def test_the_file_that_ships_is_made_from_the_readable_source():
    shipped = (benchmark.FOLDER / "tasks.jsonl").read_text("utf-8").splitlines()
    assert [Task(**json.loads(line)) for line in shipped] == TASKS


def test_there_are_thirty_good_tasks_and_ten_of_each_flaw():
    kinds = [task.origin["kind"] for task in TASKS]
    assert [kinds.count(kind) for kind in benchmark.KINDS] == [30, 10, 10, 10]


@pytest.mark.docker
async def test_most_flaws_are_flagged_and_hardly_a_good_task():
    surroundings = surroundings_of(Setting.open("retail"))
    async with DockerSandbox(FOLDER) as sandbox, sandbox.box() as one, sandbox.box() as other:

        async def flags(task, box):
            judgement = await judge(task, box, sandbox.limits)
            verdict = judgement.verdict()
            quality = await measure(task, judgement.attempts[0], box, surroundings) if verdict.valid else {}
            verdict = verdict.model_copy(update={"quality": verdict.quality | quality})
            return benchmark.flags(with_flags(judged(task, verdict), Thresholds()))

        async def half(tasks, box):
            return [(task, await flags(task, box)) for task in tasks]

        found = [
            pair for part in await asyncio.gather(half(TASKS[::2], one), half(TASKS[1::2], other)) for pair in part
        ]
    missed = [task.id for task, held in found if task.origin["kind"] != "good" and not held]
    alarms = [task.id for task, held in found if task.origin["kind"] == "good" and held]
    assert len(missed) <= 3, missed
    assert len(alarms) <= 2, alarms

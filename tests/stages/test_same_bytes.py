"""The same seed, environment and engine give the same bytes, however many attempts are alive at a time."""

import json

import pytest

from sca.dialogue.attempts import ModelAgent
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.engines.opening import open_engine
from sca.judging.reward import Judge
from sca.progress import Silence
from sca.records.contract import Task, Trajectory
from sca.records.output import Output
from sca.records.reading import read
from sca.sandbox.host.double import SubprocessSandbox
from sca.stages.rollouts import run_rollouts

SETTING = Setting.open("calculation")
ACT = "ACTION:\nprint(string_length('{}'))\nEND ACTION"
REPLIES = [
    {"key": "calculation-*-a0", "texts": [ACT.format("abc"), "nothing", "ANSWER: marble END ANSWER"]},
    {"key": "calculation-*-a1", "texts": [ACT.format("x" * 500)] * 3 + ["ANSWER: 3 END ANSWER"]},
    {"key": "calculation-*-a2", "texts": ["no", "turn", "here"]},
]


async def rolled_out(folder, concurrency, engine, tasks, attempts, rules, sampling):
    path = folder / f"{concurrency}.jsonl"
    async with engine, SubprocessSandbox(SETTING.folder) as sandbox:
        agent = ModelAgent(SETTING, Asker(engine, sampling, seed=3), rules)
        with Output.open(path, Trajectory, {}) as out:
            made, losses = await run_rollouts(
                tasks, attempts, agent, Judge("check"), sandbox, out,
                run="000000", state_changes=False, concurrency=concurrency, progress=Silence(),
            )  # fmt: skip
            out.finish(counts={})
    assert not losses.lost
    assert len(made) == attempts * len(tasks)
    return path.read_bytes()


@pytest.fixture(scope="module")
def tasks():
    found = read(SETTING.test_tasks, Task).records
    return [task for task in found if task.family == "message_decoder"][:8]


async def test_with_replies_at_any_concurrency(tasks, tmp_path):
    (tmp_path / "replies.jsonl").write_text("".join(json.dumps(reply) + "\n" for reply in REPLIES))
    one, seven, many = [
        await rolled_out(
            tmp_path, at_once, open_engine("replay", str(tmp_path / "replies.jsonl")), tasks, 3, ExecutorRules(),
            Sampling(),
        )
        for at_once in (1, 7, 64)
    ]  # fmt: skip
    assert one == seven == many


async def test_with_a_model_in_fp32_at_any_concurrency(tasks, tmp_path):
    rules, sampling = ExecutorRules("brief", max_turns=3), Sampling(temperature=1.0, max_tokens=32)
    one, seven, many = [
        await rolled_out(
            tmp_path, at_once, open_engine("transformers", None, device="cpu"), tasks[:4], 3, rules, sampling
        )
        for at_once in (1, 7, 64)
    ]
    assert one == seven == many
    assert len({json.loads(line)["messages"][-1]["content"] for line in one.splitlines()}) > 6

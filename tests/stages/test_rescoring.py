"""Stored attempts judged again in real containers: from their calls alone."""

import pytest

from sca.dialogue.setting import Setting
from sca.errors import BadInput
from sca.judging.reward import Judge
from sca.progress import Silence
from sca.records.contract import Task, ToolCall, Trajectory
from sca.records.output import Output
from sca.scaffold import FOLDER
from sca.stages.rescoring import run_rescoring, tasks_of

RETURNED = 'def evaluate(answer):\n    return get_order("A1001")["status"] == "return requested"'
TASK = Task(id="t", environment="shop", instruction="Send it back.", evaluation_function=RETURNED, solution="pass")
CALLS = [
    ToolCall(name="get_order", arguments={"order_id": "A1001"}),
    ToolCall(name="return_items", arguments={}, error="TypeError: return_items() missing a required argument"),
    ToolCall(name="return_items", arguments={"order_id": "A1001", "item_ids": ["teapot-2"]}),
]


def attempt(calls, state_hash, **more):
    fields = {"reward": 0, "outcome": "failure", "answer": "done", **more}
    return Trajectory(
        id="t-a0",
        task_id="t",
        environment="shop",
        attempt=0,
        messages=[],
        calls=calls,
        state_hash=state_hash,
        **fields,
    )


@pytest.fixture
async def states(shop_in_docker):
    """Hash of the fresh state, and of the one after the return."""
    async with shop_in_docker.box(shared=True) as box:
        world = await box.world()
        fresh = await world.state_hash()
        await world.run('return_items("A1001", ["teapot-2"])')
        after = await world.state_hash()
        await world.close()
    return fresh, after


async def judged(stored, sandbox, tmp_path, *, any_state=False):
    with Output.open(tmp_path / "r.jsonl", Trajectory, {}) as out:
        (made,), losses = await run_rescoring(
            [stored], {"t": TASK}, Setting.open(str(FOLDER)), Judge("check"), sandbox, out,
            any_state=any_state, concurrency=2, progress=Silence(),
        )  # fmt: skip
    assert not losses.lost
    return made


pytestmark = pytest.mark.docker


async def test_calls_lead_to_the_state_again_and_the_check_of_today_decides(states, shop_in_docker, tmp_path):
    made = await judged(attempt(CALLS, states[1]), shop_in_docker, tmp_path)
    assert (made.reward, made.outcome) == (1, "success")
    assert made.model_extra["rescored"] == {
        "reward": 0, "outcome": "failure", "state_hash": states[1], "same_state": True,
    }  # fmt: skip


async def test_an_attempt_whose_state_cannot_be_reached_keeps_its_reward(states, shop_in_docker, tmp_path):
    made = await judged(attempt(CALLS, states[0]), shop_in_docker, tmp_path)
    assert (made.reward, made.model_extra["rescored"]["same_state"]) == (0, False)


async def test_on_demand_it_is_judged_at_the_state_of_today(states, shop_in_docker, tmp_path):
    made = await judged(attempt(CALLS, states[0]), shop_in_docker, tmp_path, any_state=True)
    assert (made.reward, made.state_hash) == (1, states[1])


async def test_a_call_that_fits_its_tool_no_more_does_not_end_those_after_it(states, shop_in_docker, tmp_path):
    calls = [ToolCall(name="return_items", arguments={"order": "A1001"}), *CALLS]  # so a parameter was called once
    made = await judged(attempt(calls, states[1]), shop_in_docker, tmp_path)
    assert (made.reward, made.model_extra["rescored"]["same_state"]) == (1, True)


async def test_an_attempt_that_ran_out_of_turns_stays_without_reward(states, shop_in_docker, tmp_path):
    made = await judged(attempt(CALLS, states[1], outcome="out_of_turns"), shop_in_docker, tmp_path)
    assert (made.reward, made.outcome) == (0, "out_of_turns")


def test_an_attempt_without_its_task_is_named():
    with pytest.raises(BadInput, match=r"r\.jsonl: t: is no task of tasks\.jsonl"):
        tasks_of([attempt([], None)], [], "r.jsonl", "tasks.jsonl")


def test_attempts_of_two_runs_that_share_an_id_are_named():
    both = [attempt([], None, run="111111"), attempt([], None, run="222222")]
    with pytest.raises(BadInput, match=r"r\.jsonl: t-a0: id: is of an attempt in several runs"):
        tasks_of(both, [TASK], "r.jsonl", "tasks.jsonl")

"""Rescore: judge stored attempts again, from their recorded tool calls and answers, without a model."""

import inspect
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from sca.dialogue.scheduler import Losses, run_all
from sca.dialogue.setting import Setting
from sca.environment.binding import Parameters
from sca.errors import BadInput, SandboxError, StateLost
from sca.judging.replaying import acts_in, replay
from sca.judging.reward import Judge
from sca.progress import Progress
from sca.records.contract import Task, ToolCall, Trajectory
from sca.records.ids import task_hash
from sca.records.output import Output
from sca.sandbox import Box, Call, Sandbox, World

UNJUDGED = ("out_of_turns", "out_of_context", "malformed")
"""Outcomes without a hand-in: reward 0 whatever the state."""


def tasks_of(attempts: Sequence[Trajectory], tasks: Sequence[Task], file: str, where: str) -> dict[str, Task]:
    """The tasks of the attempts in `file`, by id.

    Raises `BadInput` naming those that `where` does not hold, and attempts of two runs that share an id.
    """
    if shared := [name for name, count in Counter(attempt.id for attempt in attempts).items() if count > 1]:
        hint = "judge the attempts of each run by themselves; sca select --filter \"run == '…'\" takes them out"
        raise BadInput([f"{file}: {name}: id: is of an attempt in several runs" for name in shared], hint=hint)
    known = {task.id: task for task in tasks}
    wanted = dict.fromkeys(attempt.task_id for attempt in attempts)
    if missing := [f"{file}: {task}: is no task of {where}" for task in wanted if task not in known]:
        raise BadInput(missing, hint="name the file of their tasks with --tasks")
    return {task: known[task] for task in wanted}


async def run_rescoring(
    attempts: Sequence[Trajectory],
    tasks: Mapping[str, Task],
    setting: Setting,
    judge: Judge,
    sandbox: Sandbox,
    out: Output[Trajectory],
    *,
    any_state: bool,
    concurrency: int,
    progress: Progress,
) -> tuple[list[Trajectory], Losses[Trajectory]]:
    """Write what `out` lacks of the attempts (all of one environment), judged again, and return it.

    With `any_state` an attempt whose calls now lead to another state is judged at that one; else it keeps its reward.
    Raises `InfraError` when the machinery is down.
    """
    made: list[Trajectory] = []
    successes: int = sum(attempt.reward for attempt in out.records())

    async def work(attempt: Trajectory) -> Trajectory:
        return await _judged(attempt, tasks[attempt.task_id], setting, judge, sandbox, any_state)

    def take(attempt: Trajectory) -> None:
        nonlocal successes
        out.write(attempt)
        made.append(attempt)
        successes += attempt.reward
        progress.update(done=len(out.done), good=successes, tokens=0)

    missing = [attempt for attempt in attempts if attempt.id not in out.done]
    return made, await run_all(missing, work, take, concurrency)


async def _judged(
    attempt: Trajectory, task: Task, setting: Setting, judge: Judge, sandbox: Sandbox, any_state: bool
) -> Trajectory:
    """The attempt with the reward of today, and in `rescored` what it was and whether its calls lead to its state."""
    async with sandbox.box(shared=True) as box:
        world = await box.world(task.family)
        try:
            state = await _make_again(attempt, task, setting, world)
            now: dict[str, Any] = {"state_hash": state, "task_hash": task_hash(task)}
            if state == attempt.state_hash or any_state:
                now |= await _reward(attempt, task, judge, box, world, state)
        except StateLost:
            state, now = None, {}
        finally:
            await world.close()
    before = {
        "reward": attempt.reward,
        "outcome": attempt.outcome,
        "state_hash": attempt.state_hash,
        "same_state": state == attempt.state_hash,
    }
    return attempt.model_copy(update={**now, "rescored": before})


async def _make_again(attempt: Trajectory, task: Task, setting: Setting, world: World) -> str:
    """Make the recorded calls; the hash of the state that they lead to. Raises `StateLost` where a tool hangs."""
    toolset = setting.toolset(task.family)
    kinds = {tool.name: tool.kind for tool in setting.tools(task.family)}
    calls = [_call(call, kinds[call.name], toolset) for call in attempt.calls if call.name in kinds]
    try:
        await replay(acts_in(calls), world)
    except SandboxError:
        await world.state_hash()  # raises StateLost where a tool hung
        raise
    return await world.state_hash()


async def _reward(
    attempt: Trajectory, task: Task, judge: Judge, box: Box, world: World, state_hash: str
) -> dict[str, Any]:
    finished = attempt.outcome not in UNJUDGED
    reward = await judge.reward(task, box, world, state_hash, attempt.answer or "", finished=finished)
    beside = {"own_reward": reward.own, "defects": list(reward.defects) or None}
    told = {"reward": reward.value, "noop_passes": reward.noop_passes, **beside}
    if not finished:
        return told
    return {**told, "outcome": "success" if reward.value else "failure", "detail": reward.detail}


def _call(call: ToolCall, kind: Any, toolset: type) -> Call:
    """A recorded call with its arguments as they were passed; those that never fitted the tool are made no more."""
    error = call.error or ""
    if error.startswith(("TypeError: ", f"the arguments of {call.name} are ")):
        return Call(call.name, kind, call.arguments, call.error)
    bound = inspect.BoundArguments(Parameters(getattr(toolset, call.name)).signature, dict(call.arguments))
    return Call(call.name, kind, call.arguments, call.error, (list(bound.args), dict(bound.kwargs)))

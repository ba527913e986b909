"""The reward of an attempt: does what counts accept the final state and the answer?

    check     the task's own `evaluate` says so
    state     the database, and the marks beside it, are as after the solution on fresh data
    official  TauBench's: the database is as after the benchmark's actions, and all of `outputs` was said

TauBench's rule (https://github.com/sierra-research/tau-bench, `Env.calculate_reward`): the actions are made on fresh
data, errors ignored and those left out that end an episode; each output is looked for, lower-cased, in what was said,
lower-cased and without commas.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from sca.controls import strip_controls
from sca.judging.replaying import Act, replay
from sca.records.contract import Task
from sca.sandbox import Box, Run, World

Kind = Literal["check", "state", "official"]
RewardKind = Kind | Literal["judge"]
"""`judge` is a model's opinion: `sca.judging.opinion`."""


@dataclass(frozen=True)
class Reward:
    """0 or 1, and why it is 0 where that is not plain."""

    value: Literal[0, 1]
    detail: str | None = None
    noop_passes: bool | None = None
    """Whether doing nothing has the same reward of 1; None where that is not known."""
    usage: Mapping[str, int] = field(default_factory=dict)
    """Tokens that a model took to judge: prompt_tokens, completion_tokens …"""


def missing(task: Task, kind: Kind) -> str | None:
    """What a task lacks for this reward, as `FIELD: what is wrong`; None when it lacks nothing."""
    if kind == "check" and task.evaluation_function is None:
        return "evaluation_function: is null; the reward `check` needs one" + (
            ", --reward official goes by the benchmark's actions" if task.actions is not None else ""
        )
    if kind == "state" and task.solution is None and task.actions is None:
        return "solution: is null, and so are actions; the reward `state` needs one of them"
    if kind == "official" and task.actions is None:
        return "actions: is null; the reward `official` needs a benchmark's actions"
    return None


def acts_of(task: Task, known: Collection[str], skipped: Collection[str] = ()) -> list[Act]:
    """A benchmark's actions as calls of tools that there are."""
    return [(a.name, [], a.arguments) for a in task.actions or () if a.name in known and a.name not in skipped]


@dataclass(frozen=True)
class _Target:
    """The end that earns the reward; the same with `noop` for the state as it was before."""

    hash: str
    marks: str
    noop: bool
    problem: str | None = None


@dataclass
class Judge:
    """Rewards the attempts of a run; what it has worked out once of a task, it keeps."""

    kind: Kind
    tools: Callable[[str | None], Collection[str]] = lambda _: ()
    """Names of the tools of a family."""
    ending: Collection[str] = ()
    """Those that end an episode."""
    _targets: dict[str, _Target] = field(default_factory=dict)
    _working: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def reward(
        self, task: Task, box: Box, world: World, state_hash: str, answer: str, *, finished: bool = True
    ) -> Reward:
        """Of an attempt that left `world` with this hash and said `answer`. Raises `SandboxError`."""
        if self.kind == "check":
            return await check_reward(task, world, answer) if finished else Reward(0)
        async with self._working[task.id]:
            if task.id not in self._targets:
                self._targets[task.id] = await self._target(task, box)
        target = self._targets[task.id]
        outputs = task.outputs or [] if self.kind == "official" else []
        noop = target.noop and not outputs
        if target.problem:
            return Reward(0, target.problem)
        if not finished:
            return Reward(0, None, noop)
        if state_hash != target.hash:
            return Reward(0, "the database is not as it should be", noop)
        if self.kind == "state" and await _marks(world) != target.marks:
            return Reward(0, "the marks beside the database are not as they should be", noop)
        unsaid = [output for output in outputs if output.lower() not in answer.lower().replace(",", "")]
        if unsaid:
            return Reward(0, f"was not said: {', '.join(unsaid)}", noop)
        return Reward(1, None, noop)

    async def _target(self, task: Task, box: Box) -> _Target:
        """A machine that starves may end a sound solution for once, so one that fails is run twice."""
        target = await self._reached(task, box)
        return await self._reached(task, box) if target.problem else target

    async def _reached(self, task: Task, box: Box) -> _Target:
        world = await box.world(task.family)
        try:
            before = await world.state_hash(), await _marks(world)
            problem = None
            if self.kind == "official" or task.solution is None:
                skipped = self.ending if self.kind == "official" else ()
                await replay(acts_of(task, self.tools(task.family), skipped), world)
            else:
                run = await world.run(task.solution)
                problem = None if run.status == "ok" else f"the task's solution: {_note(run)}"
            after = await world.state_hash(), await _marks(world)
            noop = before[0] == after[0] if self.kind == "official" else before == after
            return _Target(*after, noop, problem and strip_controls(problem))
        finally:
            await world.close()


async def check_reward(task: Task, world: World, answer: str) -> Reward:
    """Run the task's `evaluate` on a fork of the final state. An exception of it is reward 0, with a note."""
    (run,) = await world.evaluate(task.evaluation_function or "", answer, times=1)
    if run.status == "ok":
        return Reward(1 if run.verdict is True else 0)
    return Reward(0, strip_controls(f"evaluate: {_note(run)}"))


async def _marks(world: World) -> str:
    marks: dict[str, Any] = await world.marks()
    return json.dumps(marks, sort_keys=True)


def _note(run: Run) -> str:
    if run.exception is None:
        return run.status
    return f"{run.exception.type}: {run.exception.message}"

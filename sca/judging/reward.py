"""The reward of an attempt: does what counts accept the final state and the answer?

    check     the task's own `evaluate` says so
    state     the database, and the marks beside it, are as after the solution on fresh data
    official  TauBench's: the database is as after the benchmark's actions, and all of `outputs` was said

TauBench's rule (https://github.com/sierra-research/tau-bench, `Env.calculate_reward`): the actions are made on fresh
data, errors ignored, and those that end an episode change nothing; each output is looked for, lower-cased, in what
was said, lower-cased and without commas. A task with a reference in place of actions has the published check of
answers, see `sca.judging.published`.

Beside the official reward stands our own: the task's check, or else that the database and the marks are as after all
of the actions, a transfer included, and that each output was said, whether or not commas stand in it.
"""

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal

from sca.controls import strip_controls
from sca.errors import StateLost
from sca.judging import published
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
    own: Literal[0, 1] | None = None
    """What our own rule gives, beside an official reward."""
    defects: Sequence[str] = ()
    """What is known to be wrong with a benchmark's task."""


def missing(task: Task, kind: Kind) -> str | None:
    """What a task lacks for this reward, as `FIELD: what is wrong`; None when it lacks nothing."""
    if kind == "check" and task.evaluation_function is None:
        return "evaluation_function: is null; the reward `check` needs one" + (
            ", --reward official goes by the benchmark's actions" if task.actions is not None else ""
        )
    if kind == "state" and task.solution is None and task.actions is None:
        return "solution: is null, and so are actions; the reward `state` needs one of them"
    if kind == "official" and task.actions is None and task.expected_output is None:
        return "actions: is null; the reward `official` needs a benchmark's actions, or its expected_output"
    if kind == "official" and task.actions is None and not published.is_written(task.expected_output or ""):
        return "expected_output: is no value as Python writes it; a text stands in quotes"
    return None


def acts_of(task: Task, known: Collection[str]) -> list[Act]:
    """A benchmark's actions as calls of tools that there are."""
    return [(action.name, [], action.arguments) for action in task.actions or () if action.name in known]


@dataclass(frozen=True)
class _Target:
    """The end that earns the reward; the same with `noop` for the state as it was before."""

    hash: str
    marks: str
    noop: bool
    problem: str | None = None
    refused: Sequence[str] = ()
    """What a benchmark's actions were refused with."""


@dataclass
class Judge:
    """Rewards the attempts of a run; what it has worked out once of a task, it keeps."""

    kind: Kind
    tools: Callable[[str | None], Collection[str]] = lambda _: ()
    """Names of the tools of a family."""
    ending: Collection[str] = ()
    """Those that end an episode."""
    known_defects: Callable[[Task], Sequence[str]] = lambda _: ()
    """What the environment knows to be wrong with a benchmark's task."""
    _targets: dict[str, _Target] = field(default_factory=dict)
    _working: dict[str, asyncio.Lock] = field(default_factory=lambda: defaultdict(asyncio.Lock))

    async def reward(
        self, task: Task, box: Box, world: World, state_hash: str, answer: str, *, finished: bool = True
    ) -> Reward:
        """Of an attempt that left `world` with this hash and said `answer`. Raises `SandboxError`."""
        if self.kind == "check":
            return await check_reward(task, world, answer) if finished else Reward(0)
        if self.kind == "official" and task.actions is None:
            return await self._answered(task, world, answer, finished)
        target = await self.target(task, box)
        outputs = task.outputs or [] if self.kind == "official" else []
        noop = target.noop and not outputs
        if target.problem:
            return Reward(0, target.problem)
        marks = await _marks(world)
        value, detail = _judged(target, state_hash, marks if self.kind == "state" else target.marks, outputs, answer)
        found = Reward(value if finished else 0, detail if finished else None, noop)
        if self.kind == "state":
            return found
        own = await self._own(task, target, world, state_hash, marks, answer) if finished else 0
        return replace(found, own=own, defects=self._defects(task, target))

    async def target(self, task: Task, box: Box) -> _Target:
        """The end that earns the reward, worked out once."""
        async with self._working[task.id]:
            if task.id not in self._targets:
                self._targets[task.id] = await self._target(task, box)
        return self._targets[task.id]

    async def _answered(self, task: Task, world: World, answer: str, finished: bool) -> Reward:
        """By a reference in place of actions."""
        defects = self._defects(task)
        if not finished:
            return Reward(0, own=0, defects=defects)
        official = published.check_source(task.expected_output or "None")
        found = await check_reward(task.model_copy(update={"evaluation_function": official}), world, answer)
        own = await check_reward(task, world, answer)
        return replace(found, noop_passes=False, own=own.value, defects=defects)

    async def _own(
        self, task: Task, target: _Target, world: World, state_hash: str, marks: str, answer: str
    ) -> Literal[0, 1]:
        if task.evaluation_function is not None:
            return (await check_reward(task, world, answer)).value
        outputs = [output.replace(",", "") for output in task.outputs or ()]
        return _judged(target, state_hash, marks, outputs, answer)[0]

    def _defects(self, task: Task, target: _Target | None = None) -> list[str]:
        known = self.tools(task.family)
        strange = {action.name for action in task.actions or ()} - set(known)
        return [
            *(f"no tool {name} here: the action is left out" for name in sorted(strange)),
            *(target.refused if target else ()),
            *(f"the output {o!r} is never found, for its comma" for o in task.outputs or () if "," in o),
            *self.known_defects(task),
            *task.origin.get("defects", ()),
        ]

    async def _target(self, task: Task, box: Box) -> _Target:
        """A machine that starves may end a sound solution for once, so one that fails is run twice."""
        target = await self._reached(task, box)
        return await self._reached(task, box) if target.problem else target

    async def _reached(self, task: Task, box: Box) -> _Target:
        world = await box.world(task.family)
        try:
            before = await world.state_hash(), await _marks(world)
            problem, refused = None, []
            if self.kind == "official" or task.solution is None:
                acts = sorted(acts_of(task, self.tools(task.family)), key=lambda act: act[0] in self.ending)
                calls = await replay(acts, world)  # nothing can be done after one that ends an episode
                refused = [f"the action {call.name} is refused: {call.error}" for call in calls if call.error]
            else:
                run = await world.run(task.solution)
                problem = None if run.status == "ok" else f"the task's solution: {_note(run)}"
            try:
                after = await world.state_hash(), await _marks(world)
            except StateLost as lost:  # the task's doing; raised, it would be taken for the attempt's
                return _Target("", "", False, problem or strip_controls(f"the task's solution: {lost}"))
            noop = before[0] == after[0] if self.kind == "official" else before == after
            return _Target(*after, noop, problem and strip_controls(problem), [*map(strip_controls, refused)])
        finally:
            await world.close()


def _judged(
    target: _Target, state_hash: str, marks: str, outputs: Sequence[str], answer: str
) -> tuple[Literal[0, 1], str | None]:
    if state_hash != target.hash:
        return 0, "the database is not as it should be"
    if marks != target.marks:
        return 0, "the marks beside the database are not as they should be"
    if unsaid := [output for output in outputs if output.lower() not in answer.lower().replace(",", "")]:
        return 0, f"was not said: {', '.join(unsaid)}"
    return 1, None


async def check_reward(task: Task, world: World, answer: str) -> Reward:
    """Run the task's `evaluate` on the final state. An exception of it is reward 0, with a note."""
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

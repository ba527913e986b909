"""What `sca rollout` and `sca eval` share: an agent, the environments of its tasks, attempts into a file."""

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli import engines, roles, users
from sca.cli.containers import Containers

if TYPE_CHECKING:
    from sca.dialogue.attempts import Agent, Job
    from sca.dialogue.scheduler import Losses
    from sca.dialogue.setting import Setting
    from sca.dialogue.user import Users
    from sca.engines import Engine
    from sca.judging.reward import Kind
    from sca.records.contract import Task, Trajectory
    from sca.records.output import Output
    from sca.stages.rollouts import Rollouts

AgentName = Annotated[
    Literal["model", "oracle", "nop"],
    typer.Option(
        "--agent",
        help="Who acts: the model; `oracle` runs the task's solution, or makes a benchmark's actions; `nop` does "
        "nothing.",
    ),
]
RewardName = Annotated[
    Literal["check", "state", "official"],
    typer.Option(
        "--reward",
        help="What an attempt is rewarded for: that the task's `check` passes; that the `state` is as after the "
        "solution; TauBench's `official` rule, for tasks with a benchmark's actions.",
    ),
]
StateChanges = Annotated[
    bool, typer.Option("--state-changes", help="Store which entries of the database each attempt changed.")
]
LIVE = 128
"""Attempts alive at a time: enough to fill an engine's batches."""


@dataclass(frozen=True)
class Work:
    """Attempts to make, and with what."""

    plan: "Rollouts"
    engine: "Engine | None"
    places: "list[tuple[Setting, list[Task]]]"
    attempts: int
    concurrency: int
    containers: Containers
    users: "Users | None" = None
    """None where no task has a user, or nobody speaks to one."""

    def settings(self) -> dict[str, Any]:
        """What the sidecar holds."""
        return self.plan.settings(self.engine.describe() if self.engine else None)

    @property
    def model(self) -> str:
        """Who acts, for messages."""
        return self.engine.model if self.engine else self.plan.agent

    def engines(self) -> "list[Engine]":
        """Those to load, each once: the agent's, and where another model plays the user, the user's."""
        named = [self.engine, self.users.engine if self.users else None]
        return list({id(engine): engine for engine in named if engine is not None}.values())

    @property
    def total(self) -> int:
        """Attempts in all."""
        return self.attempts * sum(len(tasks) for _, tasks in self.places)


def prepare(
    stage: str,
    places: "list[tuple[Setting, list[Task]]]",
    agent: str,
    engine: engines.EngineFlags,
    flags: roles.Flags,
    user: users.Flags,
    *,
    attempts: int,
    seed: int,
    concurrency: int | None,
    containers: Containers,
    reward: "Kind" = "check",
    state_changes: bool = False,
) -> Work:
    """Settle all settings; nothing is loaded yet. Raises `ScaError` where something does not fit."""
    from sca.dialogue.executor import ExecutorRules
    from sca.sandbox import Limits
    from sca.stages.rollouts import Rollouts

    settings = [setting for setting, _ in places]
    if agent != "model":
        given = {**engine.named(), **flags.named(), **user.named()}
        users.refuse(given, f"mean nothing to --agent {agent}, which asks no model")
    with_user = any(setting.environment.user for setting in settings)
    if settings and not with_user:
        names = ", ".join(setting.name for setting in settings)
        users.refuse(user.named(), f"no user takes part in {names}")
    opened, own = engine.open() if agent == "model" else (None, {})
    role = roles.resolve(flags, "executor", own, 15)
    served = users.settle(user, engine, opened, seed) if opened and with_user else None
    plan = Rollouts(
        environments={setting.name: setting.hash for setting, _ in places},
        agent=agent,
        sampling=role.sampling,
        rules=ExecutorRules(role.style, role.max_turns),
        limits=Limits(),
        seed=seed,
        reward=reward,
        state_changes=state_changes,
        stage=stage,
        user=served.describe() if served else None,
    )
    containers.check(settings)
    return Work(plan, opened, places, attempts, concurrency or LIVE, containers, served)


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    attempts: "list[Trajectory]"
    """All that are in the output, those of earlier runs included."""
    wanted: frozenset[str]
    """Ids of the attempts that were asked for."""
    losses: "list[Losses[Job]]"

    @property
    def lost(self) -> int:
        """Attempts that the machinery failed."""
        return sum(len(loss.lost) for loss in self.losses)


def bring_about(work: Work, output: "Output[Trajectory]", out: Path, *, dry_run: bool) -> Outcome | None:
    """Make what an entered output lacks; None for a dry run, which only says what would be done."""
    import asyncio

    from sca.cli.console import say
    from sca.records.ids import attempt_id
    from sca.stages.rollouts import refuse_changed

    tasks = [task for _, members in work.places for task in members]
    wanted = frozenset(attempt_id(task.id, number) for task in tasks for number in range(work.attempts))
    missing = len(wanted - output.done)
    if dry_run:
        say(f"would make {missing} of {work.total} attempts with {work.model}, into {out}")
        _tell_estimate(work, missing, list(output.records()))
        return None
    done: list[Trajectory] = list(output.records())
    refuse_changed(tasks, done, str(out))
    if not missing:
        say("nothing to do: every attempt is there")
        return Outcome(done, wanted, [])
    made, losses = asyncio.run(_make(work, output, missing))
    return Outcome(done + made, wanted, losses)


def _tell_estimate(work: Work, missing: int, earlier: "list[Trajectory]") -> None:
    from sca.cli.console import say
    from sca.cli.planning import Dialogues, estimate
    from sca.dialogue.prompts import executor_prompt
    from sca.selection.facts import turns

    if work.engine is None or not missing:
        return
    rules = work.plan.rules
    prompts = [
        executor_prompt(setting, task, rules.style, rules.max_turns)
        for setting, tasks in work.places
        for task in tasks
    ]
    usages = [{**attempt.usage, "turns": turns(attempt)} for attempt in earlier]
    live = min(work.concurrency, missing)
    for line in estimate(Dialogues(missing, rules.max_turns, work.plan.sampling, live, prompts, usages), work.engine):
        say(line)
    if work.users is not None and work.users.engine is not None:
        say("a simulated user answers each of the agent's responses: as many calls again at most")


async def _make(
    work: Work, output: "Output[Trajectory]", missing: int
) -> "tuple[list[Trajectory], list[Losses[Job]]]":
    from sca.cli.progress import progress
    from sca.judging.reward import Judge
    from sca.records.ids import settings_hash
    from sca.stages.rollouts import run_rollouts

    made: list[Trajectory] = []
    losses = []
    run = settings_hash(work.settings())
    async with AsyncExitStack() as stack:
        for engine in work.engines():
            role = "engine" if engine is work.engine else "user_engine"
            await stack.enter_async_context(engines.running(engine, output, role))
        done = len(output.done)
        meter = stack.enter_context(progress(work.plan.stage, total=done + missing, done=done, good="success"))
        for setting, tasks in work.places:
            async with work.containers.sandbox(setting, work.plan.limits) as sandbox:
                output.note(sandbox=sandbox.describe())
                judge = Judge(work.plan.reward, setting.tool_names, setting.ending_tools)
                some, lost = await run_rollouts(
                    tasks, work.attempts, _agent(work, setting), judge, sandbox, output, run=run,
                    state_changes=work.plan.state_changes, concurrency=work.concurrency, progress=meter,
                )  # fmt: skip
            made += some
            losses.append(lost)
    return made, losses


def _agent(work: Work, setting: "Setting") -> "Agent":
    from sca.dialogue.attempts import ModelAgent, NopAgent, OracleAgent
    from sca.dialogue.turns import Asker

    if work.engine is not None:
        users = work.users if setting.environment.user else None
        return ModelAgent(setting, Asker(work.engine, work.plan.sampling, work.plan.seed), work.plan.rules, users)
    return OracleAgent(setting, work.plan.reward == "official") if work.plan.agent == "oracle" else NopAgent()


def check_attemptable(tasks: "Sequence[Task]", file: str, agent: str, reward: "Kind" = "check") -> None:
    """Raise `BadInput` that names each task without what an attempt of `agent`, or its reward, needs."""
    from sca.errors import BadInput

    check_judgeable(tasks, file, reward)
    problems = []
    for task in tasks:
        if task.instruction is None:
            problems.append(f"{file}: {task.id}: instruction: is null; `sca validate` keeps only tasks that have one")
        if agent == "oracle" and task.solution is None and task.actions is None:
            problems.append(f"{file}: {task.id}: solution: is null; the oracle has nothing to do")
    if problems:
        raise BadInput(problems)


def check_judgeable(tasks: "Iterable[Task]", file: str, reward: "Kind") -> None:
    """Raise `BadInput` that names each task without what its reward needs."""
    from sca.errors import BadInput
    from sca.judging.reward import missing

    if problems := [f"{file}: {task.id}: {problem}" for task in tasks if (problem := missing(task, reward))]:
        raise BadInput(problems)

"""What `sca rollout` and `sca eval` share: an agent, the environments of its tasks, attempts into a file."""

from collections.abc import Iterable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from sca.cli import engines, judges, roles, users
from sca.cli.company import Company
from sca.cli.containers import Containers
from sca.cli.given import refuse

if TYPE_CHECKING:
    from sca.dialogue.attempts import Agent, Job
    from sca.dialogue.scheduler import Losses
    from sca.dialogue.setting import Setting
    from sca.dialogue.user import Users
    from sca.engines import Engine
    from sca.judging.opinion import ModelJudge
    from sca.judging.reward import Judge, Kind, RewardKind
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
        "solution; the benchmark's `official` rule, for its own tasks.",
    ),
]
AnyRewardName = Annotated[
    Literal["check", "state", "official", "judge"],
    typer.Option(
        "--reward",
        help="What an attempt is rewarded for: that the task's `check` passes; that the `state` is as after the "
        "solution; the benchmark's `official` rule, for its own tasks; what a model thinks that reads instruction "
        "and dialogue, `judge`, for tasks without a check.",
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
    judge: "ModelJudge | None" = None
    """None where no model judges."""

    def settings(self) -> dict[str, Any]:
        """What the sidecar holds."""
        return self.plan.settings(self.engine.describe() if self.engine else None)

    @property
    def model(self) -> str:
        """Who acts, for messages."""
        return self.engine.model if self.engine else self.plan.agent

    def engines(self) -> "list[tuple[str, Engine]]":
        """Those to load, each once, with the names of their roles: the agent's, the user's, the judge's."""
        named = {
            "judge_engine": self.judge.engine if self.judge else None,
            "user_engine": self.users.engine if self.users else None,
            "engine": self.engine,
        }
        once = {id(engine): (role, engine) for role, engine in named.items() if engine is not None}
        return list(once.values())

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
    judge: judges.Flags,
    *,
    attempts: int,
    seed: int,
    concurrency: int | None,
    containers: Containers,
    reward: "RewardKind" = "check",
    state_changes: bool = False,
    in_training: bool = False,
) -> Work:
    """Settle all settings; nothing is loaded yet. Raises `ScaError` where something does not fit.

    Where the agent's model is `in_training`, users and a judge get the base model from an engine of their own.
    """
    from sca.dialogue.executor import ExecutorRules
    from sca.sandbox import Limits
    from sca.stages.rollouts import Rollouts

    settings = [setting for setting, _ in places]
    if agent != "model":
        given = {**engine.named(), **flags.named(), **user.named()}
        refuse(given, f"mean nothing to --agent {agent}, which asks no model")
    with_user = any(setting.environment.user for setting in settings)
    if settings and not with_user:
        names = ", ".join(setting.name for setting in settings)
        refuse(user.named(), f"no user takes part in {names}")
    if reward != "judge":
        refuse(judge.named(), f"mean nothing to --reward {reward}, for which no model judges")
    opened, own = engine.open() if agent == "model" else (None, {})
    role = roles.resolve(flags, "executor", own, 15)
    company = Company(engine, None if in_training else opened)
    served = users.settle(user, company, seed) if opened and with_user else None
    judging = judges.settle(judge, company, seed) if reward == "judge" else None
    plan = Rollouts(
        environments={setting.name: setting.hash for setting, _ in places},
        agent=agent,
        sampling=role.sampling,
        rules=ExecutorRules(role.style, role.max_turns, role.observation_limit, role.observations),
        limits=Limits(),
        seed=seed,
        reward=reward,
        state_changes=state_changes,
        stage=stage,
        user=served.describe() if served else None,
        judge=judging.describe() if judging else None,
    )
    containers.check(settings)
    return Work(plan, opened, places, attempts, concurrency or LIVE, containers, served, judging)


@dataclass(frozen=True)
class Outcome:
    """What a run left behind."""

    attempts: "list[Trajectory]"
    """All that are in the output, those of earlier runs included, without dialogue and tokens."""
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
    from sca.stages.rollouts import refuse_changed, slim

    tasks = [task for _, members in work.places for task in members]
    wanted = frozenset(attempt_id(task.id, number) for task in tasks for number in range(work.attempts))
    missing = len(wanted - output.done)
    if dry_run:
        say(f"would make {missing} of {work.total} attempts with {work.model}, into {out}")
        _tell_estimate(work, missing, list(output.records()))
        return None
    done: list[Trajectory] = [slim(attempt) for attempt in output.records()]
    refuse_changed(tasks, done, str(out))
    if not missing:
        say("nothing to do: every attempt is there" if wanted else "nothing to do: there are no tasks")
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
    from sca.records.ids import settings_hash
    from sca.stages.rollouts import run_rollouts

    made: list[Trajectory] = []
    losses = []
    run = settings_hash(work.settings())
    async with AsyncExitStack() as stack:
        for role, engine in work.engines():
            await stack.enter_async_context(engines.running(engine, output, role))
        done = len(output.done)
        meter = stack.enter_context(progress(work.plan.stage, total=done + missing, done=done, good="success"))
        for setting, tasks in work.places:
            async with work.containers.sandbox(setting, work.plan.limits) as sandbox:
                output.note(sandbox=sandbox.describe())
                some, lost = await run_rollouts(
                    tasks, work.attempts, agent_of(work, setting), judge_of(work, setting), sandbox, output, run=run,
                    state_changes=work.plan.state_changes, concurrency=work.concurrency, progress=meter,
                )  # fmt: skip
            made += some
            losses.append(lost)
    return made, losses


def agent_of(work: Work, setting: "Setting") -> "Agent":
    """Who attempts the tasks of an environment."""
    from sca.dialogue.attempts import ModelAgent, NopAgent, OracleAgent
    from sca.dialogue.turns import Asker

    if work.engine is not None:
        users = work.users if setting.environment.user else None
        return ModelAgent(setting, Asker(work.engine, work.plan.sampling, work.plan.seed), work.plan.rules, users)
    return OracleAgent(setting, work.plan.reward == "official") if work.plan.agent == "oracle" else NopAgent()


def judge_of(work: Work, setting: "Setting") -> "Judge | ModelJudge":
    """Who rewards its attempts."""
    if work.judge is not None:
        return work.judge
    if work.plan.reward == "judge":
        raise ValueError("--reward judge needs a model")
    return rule_of(setting, work.plan.reward)


def rule_of(setting: "Setting", reward: "Kind") -> "Judge":
    """Who rewards attempts in an environment where no model judges."""
    from sca.judging.reward import Judge

    return Judge(reward, setting.tool_names, setting.ending_tools, setting.defects)


def check_attemptable(tasks: "Sequence[Task]", file: str, agent: str, reward: "RewardKind" = "check") -> None:
    """Raise `BadInput` that names each task without what an attempt of `agent`, or its reward, needs."""
    from sca.errors import BadInput

    if reward != "judge":
        check_judgeable(tasks, file, reward)
    problems = []
    without = "leave such tasks out with sca select --filter 'instruction != None'"
    for task in tasks:
        if task.instruction is None:
            problems.append(f"{file}: {task.id}: instruction: is null; {without}")
        if agent == "oracle" and (task.solution, task.actions, task.expected_output) == (None, None, None):
            problems.append(f"{file}: {task.id}: solution: is null; the oracle has nothing to do")
    if problems:
        raise BadInput(problems)


def check_judgeable(tasks: "Iterable[Task]", file: str, reward: "Kind") -> None:
    """Raise `BadInput` that names each task without what its reward needs, `UsageError` where it is all of them."""
    from sca.errors import BadInput, UsageError
    from sca.judging.reward import missing

    found = {task.id: missing(task, reward) for task in tasks}
    if len(found) > 1 and len(kinds := set(found.values())) == 1 and (problem := kinds.pop()):
        raise UsageError(f"{file}: all {len(found)} tasks: {problem}")
    if problems := [f"{file}: {task}: {problem}" for task, problem in found.items() if problem]:
        raise BadInput(problems)

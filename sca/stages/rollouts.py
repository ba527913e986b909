"""Rollout: the executor attempts each task several times; one attempt a line, with its reward."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sca.dialogue.attempts import Agent, Job, play
from sca.dialogue.executor import ExecutorRules
from sca.dialogue.scheduler import Losses, run_all
from sca.engines import Sampling
from sca.errors import UsageError
from sca.judging.opinion import ModelJudge
from sca.judging.reward import Judge, RewardKind
from sca.progress import Progress
from sca.records.contract import Task, Trajectory
from sca.records.ids import task_hash
from sca.records.output import Output
from sca.sandbox import Limits, Sandbox


@dataclass(frozen=True)
class Rollouts:
    """Everything that shapes the attempts of a run; which tasks, how many and how concurrently do not."""

    environments: dict[str, str]
    """Name → content hash of each environment that the tasks name."""
    agent: str
    """`model`, `oracle` or `nop`."""
    sampling: Sampling
    rules: ExecutorRules
    limits: Limits
    seed: int
    reward: RewardKind = "check"
    state_changes: bool = False
    """Whether each attempt tells which entries of the database it changed."""
    stage: str = "rollout"
    user: dict[str, Any] | None = None
    """What the simulated users say of themselves; None where there are none."""
    judge: dict[str, Any] | None = None
    """What a model that judges says of itself; None where none does."""

    def settings(self, engine: dict[str, Any] | None) -> dict[str, Any]:
        """What the sidecar holds and the run's hash is made of; `engine` describes the engine."""
        return {
            "stage": self.stage,
            "environments": self.environments,
            "agent": self.agent,
            "engine": engine,
            **({"user": self.user} if self.user else {}),
            "reward": self.reward,
            **({"judge": self.judge} if self.judge else {}),
            **({"state_changes": True} if self.state_changes else {}),
            "sampling": asdict(self.sampling),
            "rules": asdict(self.rules),
            "limits": self.limits.asdict(),
            "seed": self.seed,
        }


async def run_rollouts(
    tasks: Sequence[Task],
    attempts: int,
    agent: Agent,
    judge: Judge | ModelJudge,
    sandbox: Sandbox,
    out: Output[Trajectory],
    *,
    run: str,
    state_changes: bool,
    concurrency: int,
    progress: Progress,
) -> tuple[list[Trajectory], Losses[Job]]:
    """Make the attempts (at tasks of one environment) that `out` lacks, and return them, each `slim`.

    The first attempts of all tasks come before the second ones, so that an interrupted file is of use.
    Raises `InfraError` when the machinery is down.
    """
    successes: int = sum(trajectory.reward for trajectory in out.records())
    tokens = 0
    made: list[Trajectory] = []

    async def work(job: Job) -> Trajectory:
        return await play(job, agent, sandbox, judge, run, state_changes=state_changes)

    def take(trajectory: Trajectory) -> None:
        nonlocal successes, tokens
        out.write(trajectory)
        made.append(slim(trajectory))
        successes += trajectory.reward
        tokens += trajectory.usage.get("completion_tokens", 0)
        progress.update(done=len(out.done), good=successes, tokens=tokens)

    jobs = [Job(task, attempt) for attempt in range(attempts) for task in tasks]
    missing = [job for job in jobs if job.id not in out.done]
    return made, await run_all(missing, work, take, concurrency)


def slim(attempt: Trajectory) -> Trajectory:
    """Without dialogue and tokens, so that the figures of 100,000 attempts need no such memory; the file has them."""
    return attempt.model_copy(update={"messages": [], "tokens": None})


def refuse_changed(tasks: Iterable[Task], earlier: Iterable[Trajectory], where: str) -> None:
    """Raise `UsageError` where a task was attempted before under the same id with other text."""
    now = {task.id: task_hash(task) for task in tasks}
    for attempt in earlier:
        if attempt.task_hash is not None and attempt.task_hash != now.get(attempt.task_id, attempt.task_hash):
            raise UsageError(
                f"{where}: {attempt.task_id} was attempted with another text; name another file with -o, "
                "or make all attempts again with --force"
            )


def count_attempts(attempts: Sequence[Trajectory]) -> dict[str, Any]:
    """Figures for the sidecar and the closing line."""
    tokens = Counter[str]()
    for attempt in attempts:
        tokens.update({name: count for name, count in attempt.usage.items() if name.endswith("_tokens")})
    return {
        "attempts": len(attempts),
        "successes": sum(attempt.reward for attempt in attempts),
        "outcomes": dict(Counter(attempt.outcome for attempt in attempts).most_common()),
        "tool_calls": sum(len(attempt.calls) for attempt in attempts),
        "completion_tokens": 0,
        "prompt_tokens": 0,
        **tokens,
    }

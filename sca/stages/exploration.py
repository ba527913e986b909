"""Explore: challengers look around and write tasks, one episode a line, valid or not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sca.dialogue.challenger import ChallengerRules, explore
from sca.dialogue.proposer import ProposerRules, propose
from sca.dialogue.scheduler import Losses, run_all
from sca.dialogue.setting import Setting
from sca.dialogue.turns import Asker
from sca.engines import Sampling
from sca.progress import Progress
from sca.records.contract import Task
from sca.records.ids import settings_hash, task_id
from sca.records.output import Output
from sca.sandbox import Limits, Sandbox


@dataclass(frozen=True)
class Exploration:
    """Everything that shapes the episodes of a run; their number and their concurrency do not."""

    setting: Setting
    sampling: Sampling
    rules: ChallengerRules | ProposerRules
    """Those of a proposer make it the baseline PAE, in which nobody acts."""
    limits: Limits
    seed: int

    @property
    def method(self) -> str:
        """`sca` or `pae`."""
        return "sca" if isinstance(self.rules, ChallengerRules) else "pae"

    def settings(self, engine: dict[str, Any]) -> dict[str, Any]:
        """What the sidecar holds and the ids' hash is made of; `engine` describes the engine."""
        return {
            "stage": "explore",
            "method": self.method,
            "environment": self.setting.name,
            "environment_hash": self.setting.hash,
            "engine": engine,
            "sampling": asdict(self.sampling),
            "rules": asdict(self.rules),
            **({"limits": self.limits.asdict()} if self.method == "sca" else {}),
            "seed": self.seed,
        }

    def ids(self, engine: dict[str, Any], episodes: int) -> list[str]:
        """Of the first so many episodes, in order."""
        hash6 = settings_hash(self.settings(engine))
        return [task_id(self.setting.name, hash6, index) for index in range(episodes)]


async def run_exploration(
    plan: Exploration,
    asker: Asker,
    sandbox: Sandbox | None,
    out: Output[Task],
    *,
    episodes: int,
    concurrency: int,
    progress: Progress,
) -> tuple[list[Task], Losses[tuple[int, str]]]:
    """Write the episodes that `out` lacks, and return them; only proposers need no sandbox.

    Raises `InfraError` when the machinery is down.
    """
    ids = plan.ids(asker.engine.describe(), episodes)
    handed_in, tokens = sum(map(_handed_in, out.records())), 0

    made: list[Task] = []

    async def work(job: tuple[int, str]) -> Task:
        index, key = job
        if isinstance(plan.rules, ProposerRules):
            return await propose(key, index, plan.setting, asker, plan.rules)
        if sandbox is None:
            raise ValueError("challengers need a sandbox")
        async with sandbox.box(shared=True) as box:
            return await explore(key, index, plan.setting, box, plan.limits, asker, plan.rules)

    def take(task: Task) -> None:
        nonlocal handed_in, tokens
        out.write(task)
        made.append(task)
        handed_in += _handed_in(task)
        tokens += task.origin["usage"].get("completion_tokens", 0)
        progress.update(done=len(out.done), good=handed_in, tokens=tokens)

    missing = [(index, key) for index, key in enumerate(ids) if key not in out.done]
    return made, await run_all(missing, work, take, concurrency)


def count_episodes(tasks: Sequence[Task]) -> dict[str, Any]:
    """Figures for the sidecar and the closing line."""
    usage = [task.origin.get("usage", {}) for task in tasks]
    return {
        "episodes": len(tasks),
        "handed_in": sum(map(_handed_in, tasks)),
        "turns": sum(task.origin.get("turns", 0) for task in tasks),
        "completion_tokens": sum(u.get("completion_tokens", 0) for u in usage),
        "prompt_tokens": sum(u.get("prompt_tokens", 0) for u in usage),
    }


def _handed_in(task: Task) -> bool:
    """Whether the episode ended with a task; one of a proposer has no check."""
    return task.evaluation_function is not None or (task.origin.get("method") == "pae" and bool(task.instruction))

"""Explore: challengers look around and write tasks, one episode a line, valid or not."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from sca.dialogue.challenger import ChallengerRules, explore
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
    rules: ChallengerRules
    limits: Limits
    seed: int

    def settings(self, engine: dict[str, Any]) -> dict[str, Any]:
        """What the sidecar holds and the ids' hash is made of; `engine` describes the engine."""
        return {
            "stage": "explore",
            "method": "sca",
            "environment": self.setting.name,
            "environment_hash": self.setting.hash,
            "engine": engine,
            "sampling": asdict(self.sampling),
            "rules": asdict(self.rules),
            "limits": self.limits.asdict(),
            "seed": self.seed,
        }

    def ids(self, engine: dict[str, Any], episodes: int) -> list[str]:
        """Of the first so many episodes, in order."""
        hash6 = settings_hash(self.settings(engine))
        return [task_id(self.setting.name, hash6, index) for index in range(episodes)]


async def run_exploration(
    plan: Exploration,
    asker: Asker,
    sandbox: Sandbox,
    out: Output[Task],
    *,
    episodes: int,
    concurrency: int,
    progress: Progress,
) -> tuple[list[Task], Losses[tuple[int, str]]]:
    """Write the episodes that `out` lacks, and return them. Raises `InfraError` when the machinery is down."""
    ids = plan.ids(asker.engine.describe(), episodes)
    handed_in, tokens = sum(task.evaluation_function is not None for task in out.records()), 0

    made: list[Task] = []

    async def work(job: tuple[int, str]) -> Task:
        index, key = job
        async with sandbox.box(shared=True) as box:
            return await explore(key, index, plan.setting, box, plan.limits, asker, plan.rules)

    def take(task: Task) -> None:
        nonlocal handed_in, tokens
        out.write(task)
        made.append(task)
        handed_in += task.evaluation_function is not None
        tokens += task.origin["usage"].get("completion_tokens", 0)
        progress.update(done=len(out.done), good=handed_in, tokens=tokens)

    missing = [(index, key) for index, key in enumerate(ids) if key not in out.done]
    return made, await run_all(missing, work, take, concurrency)


def count_episodes(tasks: Sequence[Task]) -> dict[str, Any]:
    """Figures for the sidecar and the closing line."""
    usage = [task.origin.get("usage", {}) for task in tasks]
    return {
        "episodes": len(tasks),
        "handed_in": sum(task.evaluation_function is not None for task in tasks),
        "turns": sum(task.origin.get("turns", 0) for task in tasks),
        "completion_tokens": sum(u.get("completion_tokens", 0) for u in usage),
        "prompt_tokens": sum(u.get("prompt_tokens", 0) for u in usage),
    }

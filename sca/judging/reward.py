"""The reward of an attempt: does the task's own check accept the final state and the answer?"""

from dataclasses import dataclass
from typing import Literal

from sca.controls import strip_controls
from sca.records.contract import Task
from sca.sandbox import Run, World


@dataclass(frozen=True)
class Reward:
    """0 or 1, and why it is 0 where that is not plain."""

    value: Literal[0, 1]
    detail: str | None = None


async def check_reward(task: Task, world: World, answer: str) -> Reward:
    """Run the task's `evaluate` on a fork of the final state. An exception of it is reward 0, with a note."""
    (run,) = await world.evaluate(task.evaluation_function or "", answer, times=1)
    if run.status == "ok":
        return Reward(1 if run.verdict is True else 0)
    return Reward(0, strip_controls(f"evaluate: {_note(run)}"))


def _note(run: Run) -> str:
    if run.exception is None:
        return run.status
    return f"{run.exception.type}: {run.exception.message}"

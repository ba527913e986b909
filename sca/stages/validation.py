"""Validate: throw out the tasks that their own checks, solutions and failure cases contradict.

No model takes part, so this stage needs no GPU and says the same twice.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sca.dialogue.scheduler import Losses, run_all
from sca.errors import UsageError
from sca.judging.confirmation import confirm
from sca.judging.funnel import Filter, admits
from sca.judging.verdict import Judgement, check_hand_in, judge
from sca.progress import Progress
from sca.records.contract import JudgedTask, Task, Verdict
from sca.records.pair import Pair
from sca.sandbox import Limits, Sandbox


@dataclass(frozen=True)
class Validation:
    """Everything that shapes a verdict and where it goes."""

    environments: dict[str, str]
    """Name → content hash of each environment that the tasks name."""
    variant: Filter
    limits: Limits

    def settings(self) -> dict[str, Any]:
        """What the sidecar holds."""
        return {
            "stage": "validate",
            "environments": self.environments,
            "filter": self.variant,
            "limits": self.limits.asdict(),
        }


async def run_validation(
    plan: Validation,
    tasks: Sequence[Task],
    sandbox: Sandbox,
    out: Pair[JudgedTask],
    *,
    concurrency: int,
    progress: Progress,
) -> tuple[list[JudgedTask], Losses[Task]]:
    """Judge the tasks (of one environment) that `out` lacks, and return them.

    Raises `InfraError` when the machinery is down.
    """

    made: list[JudgedTask] = []

    async def work(task: Task) -> JudgedTask:
        return judged(task, await give_verdict(task, sandbox))

    def take(task: JudgedTask) -> None:
        (out.first if admits(plan.variant, task) else out.second).write(task)
        made.append(task)
        first, second = len(out.first.done), len(out.second.done)
        progress.update(done=first + second, good=first, tokens=0)

    missing = [task for task in tasks if task.id not in out.done]
    return made, await run_all(missing, work, take, concurrency)


def refuse_changed(tasks: Sequence[Task], earlier: Iterable[JudgedTask], where: str) -> None:
    """Raise `UsageError` where a task was judged before under the same id with other text."""
    parts = ("instruction", "evaluation_function", "solution", "failure_cases", "family", "environment")
    now = {task.id: task for task in tasks}
    for old in earlier:
        new = now.get(old.id, old)
        changed = [part for part in parts if getattr(new, part) != getattr(old, part)]
        if changed:
            names = ", ".join(changed)
            raise UsageError(f"{where}: {old.id} was judged with another {names}; --force judges all tasks again")


def judged(task: Task, verdict: Verdict) -> JudgedTask:
    """The task with its verdict, unknown fields and all; an older verdict is replaced."""
    fields = {name: value for name, value in task if name != "verdict"}
    return JudgedTask(**fields, verdict=verdict)


async def give_verdict(task: Task, sandbox: Sandbox) -> Verdict:
    """Judge one task in a box of its own, and confirm what is sound in another."""
    judgement = Judgement()
    check_hand_in(task, sandbox.limits, judgement)
    if task.evaluation_function is None or task.solution is None or "parses" in judgement.problems:
        return judgement.verdict()  # no container is needed to see that
    async with sandbox.box() as box:
        judgement = await judge(task, box, sandbox.limits)
    if judgement.sound:
        async with sandbox.box() as box:
            await confirm(task, judgement, box)
    return judgement.verdict()

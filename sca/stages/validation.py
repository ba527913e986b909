"""Validate: throw out the tasks that their own checks, solutions and failure cases contradict.

No model takes part, so this stage needs no GPU and says the same twice.
"""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from sca.dialogue.scheduler import Losses, run_all
from sca.dialogue.setting import Setting
from sca.errors import UsageError
from sca.judging.confirmation import confirm
from sca.judging.duplicates import Duplicates
from sca.judging.funnel import Filter, admits
from sca.judging.quality import measure
from sca.judging.surroundings import Surroundings
from sca.judging.thresholds import STRICTEST, Thresholds
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
    thresholds: Thresholds = field(default_factory=Thresholds)
    quality: bool = True
    """Whether the numbers beside the verdict are worked out."""

    def admits(self, task: JudgedTask) -> bool:
        """Whether a task goes into the first file."""
        return admits(self.variant, task) and not self.thresholds.objections(task)

    def settings(self) -> dict[str, Any]:
        """What the sidecar holds."""
        return {
            "stage": "validate",
            "environments": self.environments,
            "filter": self.variant,
            "limits": self.limits.asdict(),
            "quality": self.quality,
            "thresholds": self.thresholds.asdict(),
        }


async def run_validation(
    plan: Validation,
    tasks: Sequence[Task],
    sandbox: Sandbox,
    out: Pair[JudgedTask],
    *,
    concurrency: int,
    progress: Progress,
    surroundings: Surroundings | None = None,
) -> tuple[list[JudgedTask], Losses[Task]]:
    """Judge the tasks (of one environment) that `out` lacks, and return them.

    `surroundings` are needed for the numbers beside the verdict. Lines are written in the order of the tasks, so that
    of two that do the same it is always the second that is the duplicate; what waits for an earlier one when the run
    is killed is judged again. Raises `InfraError` when the machinery is down.
    """

    made: list[JudgedTask] = []
    known = surroundings if plan.quality else None
    duplicates = Duplicates(plan.thresholds, out.records() if known else ())

    async def work(task: Task) -> JudgedTask:
        return judged(task, await give_verdict(task, sandbox, known))

    def write(task: JudgedTask) -> None:
        task = with_flags(duplicates.mark(task), plan.thresholds)
        (out.first if plan.admits(task) else out.second).write(task)
        made.append(task)
        first, second = len(out.first.done), len(out.second.done)
        progress.update(done=first + second, good=first, tokens=0)

    missing = [task for task in tasks if task.id not in out.done]
    with in_order(missing, write) as take:
        losses = await run_all(missing, work, take, concurrency)
    return made, losses


@contextmanager
def in_order(tasks: Sequence[Task], write: Callable[[JudgedTask], None]) -> Iterator[Callable[[JudgedTask], None]]:
    """Hand on in the order of the tasks what comes as it ends; at the end also what stands after a gap."""
    waiting: dict[str, JudgedTask] = {}
    order = deque(task.id for task in tasks)

    def take(task: JudgedTask) -> None:
        waiting[task.id] = task
        while order and order[0] in waiting:
            write(waiting.pop(order.popleft()))

    try:
        yield take
    finally:
        for name in order:
            if name in waiting:
                write(waiting.pop(name))


def with_flags(task: JudgedTask, thresholds: Thresholds) -> JudgedTask:
    """The task with what could be held against it, and what keeps it out."""
    if "effect" not in task.verdict.quality:
        return task
    told = {**task.verdict.quality, "flags": STRICTEST.objections(task)}
    if refused := thresholds.objections(task):
        told["rejected_for"] = refused
    return task.model_copy(update={"verdict": task.verdict.model_copy(update={"quality": told})})


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


async def give_verdict(task: Task, sandbox: Sandbox, surroundings: Surroundings | None = None) -> Verdict:
    """Judge one task in a box of its own, and confirm what is sound in a shared one, as attempts are judged in.

    So a check that goes by what kind of container it is in is not confirmed.

    With `surroundings` also measure its quality, as soon as its solution passes.
    """
    quality: dict[str, Any] = {}
    judgement = Judgement()
    check_hand_in(task, sandbox.limits, judgement)
    if task.evaluation_function is None or task.solution is None or "parses" in judgement.problems:
        return judgement.verdict()  # no container is needed to see that
    async with sandbox.box() as box:
        judgement = await judge(task, box, sandbox.limits)
        if surroundings and _passes(judgement):
            quality = await measure(task, judgement.attempts[0], box, surroundings)
    if judgement.sound:
        async with sandbox.box(shared=True) as box:
            await confirm(task, judgement, box)
    verdict = judgement.verdict()
    return verdict.model_copy(update={"quality": verdict.quality | quality})


def surroundings_of(setting: Setting) -> Surroundings:
    """What is to be known of an environment for the numbers beside the verdict.

    What takes long with much data is worked out here: later it would hold every other task up.
    """
    state = setting.environment.load(setting.data or setting.folder / "data")
    made = Surroundings(setting.environment, state, setting.policy)
    _ = made.values, made.records, made.starts
    return made


def _passes(judgement: Judgement) -> bool:
    return bool(judgement.attempts) and judgement.attempts[0].passed and "solution_passes" not in judgement.problems

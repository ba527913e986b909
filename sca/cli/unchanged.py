"""TauBench's tasks whose actions change nothing: figures leave them out where published ones do.

Not those of TauBench 2, whose published figures are of all its tasks.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from sca.cli.containers import Containers

if TYPE_CHECKING:
    from sca.dialogue.setting import Setting
    from sca.records.contract import Task

Keep = Annotated[
    bool,
    typer.Option(
        "--keep-unchanged",
        help="Also take those tasks of a benchmark whose actions change nothing; of TauBench's airline they are left "
        "out, as published figures do, since doing nothing is rewarded.",
    ),
]


def leave_out(
    tasks: "Sequence[Task]", setting: "Setting", containers: Containers, *, keep: bool
) -> "tuple[list[Task], int]":
    """The tasks that count, and how many were left out. Raises `UsageError` for a `keep` that means nothing."""
    from sca.errors import UsageError

    concerned = setting.environment.leaves_out_unchanged and any(_of_taubench(task) for task in tasks)
    if not concerned and keep:
        raise UsageError(f"--keep-unchanged means nothing here: no task of {setting.name} in this file is left out")
    if not concerned or keep:
        return list(tasks), 0
    import asyncio

    from sca.cli.console import say

    idle = asyncio.run(_unchanged(tasks, setting, containers))
    if idle:
        say(
            f"left out {len(idle)} of {len(tasks)} tasks, whose actions change nothing, as published figures do; "
            "--keep-unchanged keeps them",
            style="yellow",
        )
    return [task for task in tasks if task.id not in idle], len(idle)


async def _unchanged(tasks: "Sequence[Task]", setting: "Setting", containers: Containers) -> set[str]:
    """Ids of those whose actions, made in the sandbox, leave the database as it was."""
    import asyncio

    from sca.cli.attempting import rule_of
    from sca.sandbox import Limits

    judge = rule_of(setting, "official")
    turns = asyncio.Semaphore(4)
    async with containers.sandbox(setting, Limits()) as sandbox, sandbox.box() as box:

        async def idle(task: "Task") -> bool:
            async with turns:
                return (await judge.target(task, box)).noop

        asked = [task for task in tasks if _of_taubench(task)]
        found = await asyncio.gather(*map(idle, asked))
    return {task.id for task, nothing in zip(asked, found, strict=True) if nothing}


def _of_taubench(task: "Task") -> bool:
    return task.actions is not None and task.origin.get("method") == "taubench"

"""A second opinion on a valid task: other container, other order, states rebuilt from recorded calls alone.

So an accepted end state is one that the tools can bring about, and a check that depends on anything else (time,
memory, what ran before) does not get through.
"""

import random
from collections.abc import Sequence

from sca.judging.replaying import programs
from sca.judging.verdict import Attempted, Judgement, evaluate
from sca.records.contract import Task
from sca.sandbox import Box, Call


async def confirm(task: Task, judgement: Judgement, box: Box) -> None:
    """Note `unstable` where the second opinion differs. Raises `SandboxError` when the sandbox fails."""
    judgement.reach("stable")
    again = Judgement()
    order = list(enumerate(judgement.attempts))
    # In an order that no program can know: process ids and the like then do not tell which attempt is checked.
    random.Random(task.id).shuffle(order)
    for number, attempt in order:
        end_state = (
            judgement.end_state if number == 0 else None
        )  # the solution's; it must be one that tools can reach
        problem = await _differs(task, attempt, end_state, box, again)
        if problem:
            judgement.fail("stable", "unstable", problem)
            return


async def _differs(task: Task, attempt: Attempted, end_state: str | None, box: Box, again: Judgement) -> str | None:
    world = await box.world(task.family)
    try:
        for source in replay(attempt.calls):
            run = await world.run(source)
            if run.status != "ok":
                return f"Its recorded tool calls cannot be made again: {run.status}."
        if end_state is not None and await world.digest() != end_state:
            return "Its recorded tool calls lead to another state in a fresh container."
        passed = await evaluate(
            world, task.evaluation_function or "", attempt.answer, again, "stable", "in a fresh container",
            tolerant=not attempt.passed,
        )  # fmt: skip
    finally:
        await world.close()
    if passed is not attempt.passed or not again.sound:
        return "evaluate decides otherwise on the same state in a fresh container."
    return None


def replay(calls: Sequence[Call]) -> list[str]:
    """Programs that make recorded calls again, those that a tool refused too.

    Reads are left out, and so are calls that never reached their tool for want of arguments that fit.
    """
    acts = [(call.name, *call.made) for call in calls if call.kind != "read" and call.made is not None]
    return list(programs(acts, ignore="ToolError"))

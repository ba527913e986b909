"""A second opinion on a valid task: other container, other order, states rebuilt from recorded calls alone.

So an accepted end state is one that the tools can bring about, and a check that depends on anything else (time,
memory, what ran before) does not get through.
"""

import random
from collections.abc import Sequence

from sca.judging.replaying import acts_in, programs
from sca.judging.verdict import Checked, Judgement, check_again, said
from sca.records.contract import Task
from sca.sandbox import Box, Call, World


async def confirm(task: Task, judgement: Judgement, box: Box) -> None:
    """Note `unstable` where the second opinion differs. Raises `SandboxError` when the sandbox fails."""
    judgement.reach("stable")
    again = Judgement()
    order = list(enumerate(judgement.attempts))
    # In an order that no program can know: process ids and the like then do not tell which attempt is checked.
    random.Random(task.id).shuffle(order)
    checked: list[Checked] = []
    try:
        for number, attempt in order:
            world = await box.world(task.family)
            checked.append(Checked(world, attempt.answer, attempt.passed, "stable", "", tolerant=not attempt.passed))
            # The solution's end state must be one that the tools can bring about.
            problem = await _rebuild(world, attempt.calls, judgement.end_state if number == 0 else None)
            if problem:
                judgement.fail("stable", "unstable", problem)
                return
            (run,) = await world.evaluate(task.evaluation_function or "", attempt.answer, times=1)
            if said(run, again, "stable", "", tolerant=not attempt.passed) is not attempt.passed:
                break
        else:
            await check_again(checked, task, again)
            if again.sound:
                return
        judgement.fail("stable", "unstable", "evaluate decides otherwise on the same state in a fresh container.")
    finally:
        for one in checked:
            await one.world.close()


async def _rebuild(world: World, calls: Sequence[Call], end_state: str | None) -> str | None:
    """Make recorded calls again; what is wrong with the state that they lead to."""
    for source in programs(acts_in(calls)):
        run = await world.run(source, ours=True)
        if run.status != "ok":
            return f"Its recorded tool calls cannot be made again: {run.status}."
    if end_state is not None and await world.digest() != end_state:
        return "Its recorded tool calls lead to another state in a fresh container."
    return None

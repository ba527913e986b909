"""A second opinion on a valid task: other container, other order, states rebuilt from recorded calls alone.

So an accepted end state is one that the tools can bring about, and a check that depends on anything else (time,
memory, what ran before) does not get through.
"""

import json
from collections.abc import Sequence

from sca.judging.verdict import Attempted, Judgement, evaluate
from sca.records.contract import Task
from sca.sandbox import Box, Call

_CALLS_A_PROGRAM = 100  # keeps a replaying program far below the limit on source size for ordinary arguments


async def confirm(task: Task, judgement: Judgement, box: Box) -> None:
    """Note `unstable` where the second opinion differs. Raises `SandboxError` when the sandbox fails."""
    judgement.reach("stable")
    again = Judgement()
    for attempt in reversed(judgement.attempts):
        problem = await _differs(task, attempt, box, again)
        if problem:
            judgement.fail("stable", "unstable", problem)
            return


async def _differs(task: Task, attempt: Attempted, box: Box, again: Judgement) -> str | None:
    world = await box.world(task.family)
    try:
        for source in replay(attempt.calls):
            run = await world.run(source)
            if run.status != "ok":
                return f"Its recorded tool calls cannot be made again: {run.status}."
        if await world.state_hash() != attempt.state_hash:
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
    """Programs that make recorded calls again, those that were refused too; reads are left out."""
    acts = [[call.name, call.arguments] for call in calls if call.kind != "read"]
    return [
        f"import json\nfor name, arguments in json.loads({json.dumps(acts[i : i + _CALLS_A_PROGRAM])!r}):\n"
        "    try:\n        globals()[name](**arguments)\n    except (ToolError, TypeError):\n        pass\n"
        for i in range(0, len(acts), _CALLS_A_PROGRAM)
    ]

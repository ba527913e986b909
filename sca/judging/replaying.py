"""Programs that make known tool calls: recorded ones again, or those that a benchmark's author holds for right."""

import json
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sca.errors import SandboxError
from sca.sandbox import Call, World

Act = tuple[str, list[Any], dict[str, Any]]
"""A tool's name, its positional and its keyword arguments."""
_CALLS_A_PROGRAM = 100
_CHARACTERS_A_PROGRAM = 32_768  # of arguments; with the number of calls it keeps a program within its time and memory


def repeatable(calls: Iterable[Call]) -> list[Call]:
    """Recorded calls but reads and those that never reached their tool for want of arguments that fit."""
    return [call for call in calls if call.kind != "read" and call.made is not None]


def acts_in(calls: Iterable[Call]) -> list[Act]:
    """The repeatable ones of recorded calls, those that a tool refused too."""
    return [(call.name, *call.made) for call in repeatable(calls) if call.made is not None]


def programs(acts: Sequence[Act]) -> Iterator[str]:
    """Source that makes these calls in order, whatever they return or raise.

    One call can be so large that its program is larger than any of a model may be: run them as `ours`.
    """
    part: list[Act] = []
    size = 0
    for act in acts:
        length = len(json.dumps(act))
        if part and (size + length > _CHARACTERS_A_PROGRAM or len(part) == _CALLS_A_PROGRAM):
            yield _program(part)
            part, size = [], 0
        part.append(act)
        size += length
    if part:
        yield _program(part)


async def replay(acts: Sequence[Act], world: World) -> list[Call]:
    """Make calls in `world`, errors of any kind ignored; the calls as they were made.

    The programs are ours and cannot go wrong, so `SandboxError` is raised where one does.
    """
    made: list[Call] = []
    for source in programs(acts):
        run = await world.run(source, ours=True)
        if run.status != "ok":
            raise SandboxError(f"known tool calls could not be made: {run.status}")
        made += run.calls
    return made


def _program(acts: Sequence[Act]) -> str:
    return (
        "import json\n"
        f"for name, args, kwargs in json.loads({json.dumps(acts)!r}):\n"
        f"    try:\n        globals()[name](*args, **kwargs)\n    except Exception:\n        pass\n"
    )

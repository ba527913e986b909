"""Programs of our own that make tool calls in the sandbox: read calls for what they say, recorded calls changed."""

import base64
import json
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sca.errors import StateLost
from sca.judging.replaying import acts_in, programs, repeatable
from sca.judging.surroundings import ToolFacts
from sca.sandbox import Box, Call, Run, Status, World

SECONDS = 30.0
"""Wall time of one task's programs, all together; a check that is slow is not tried again and again."""
_AT_ONCE = 60
"""Calls in one program."""
_ASK = """
import base64, json, zlib

said = []
for name, args, kwargs in json.loads({calls!r}):
    try:
        said.append(["returned", globals()[name](*args, **kwargs)])
    except (ToolError, TypeError) as error:
        said.append(["refused", str(error)])
result = base64.b85encode(zlib.compress(json.dumps(said).encode(), 1)).decode()
"""


async def ask(world: World, calls: Sequence[tuple[ToolFacts, dict[str, Any]]]) -> list[list[Any]]:
    """For each call `["returned", result]` or `["refused", why]`; results too large to bring out are refused."""
    said: list[list[Any]] = []
    for start in range(0, len(calls), _AT_ONCE):
        said += await _ask(world, calls[start : start + _AT_ONCE])
    return said


async def _ask(world: World, calls: Sequence[tuple[ToolFacts, dict[str, Any]]]) -> list[list[Any]]:
    acts = json.dumps([tool.call(arguments) for tool, arguments in calls])
    run = await world.run(_ASK.format(calls=acts), ours=True)
    if run.status == "ok" and run.result is not None:
        said: list[list[Any]] = json.loads(zlib.decompress(base64.b85decode(run.result)))
        return said
    if len(calls) == 1:
        return [["refused", run.status]]
    middle = len(calls) // 2
    return [*await _ask(world, calls[:middle]), *await _ask(world, calls[middle:])]


class UnmeasuredError(Exception):
    """A task's quality is left unknown: its programs take too long, or its calls cannot be made again."""


@dataclass(frozen=True)
class Outcome:
    """What a sequence of calls came to on a fresh state."""

    refused: bool
    """Whether a call was refused that the original's was not."""
    digest: str = ""
    passed: bool | None = None
    """What the check says; None where it was not asked."""


@dataclass
class Bench:
    """Tries sequences of calls against one task's check."""

    box: Box
    family: str | None
    evaluation: str
    answer: str
    known: dict[str, str]
    """Digest of a state → `same` or `untouched`: there is no need to ask the check."""
    programs: int = 0
    seconds: float = 0.0

    async def try_calls(self, calls: Sequence[Call], *, always: bool = False) -> Outcome:
        """Make the calls, and ask the check unless the state is known. Raises `SandboxError`."""
        world = await self.box.world(self.family)
        try:
            wanted = repeatable(calls)
            seen, status = await self._make(wanted, world)
            if status != "ok" or len(seen) != len(wanted):
                return Outcome(refused=True)
            if any(now.error is not None and then.error is None for now, then in zip(seen, wanted, strict=True)):
                return Outcome(refused=True)
            digest = await world.digest()
            if digest in self.known and not always:
                return Outcome(refused=False, digest=digest)
            return Outcome(refused=False, digest=digest, passed=await self.passes(world, self.answer))
        except StateLost:
            return Outcome(refused=True)
        finally:
            await world.close()

    async def passes(self, world: World, answer: str) -> bool:
        """Whether the check accepts the world's state and this answer; an exception is a no."""
        run = self._count((await world.evaluate(self.evaluation, answer, times=1))[0])
        return run.status == "ok" and run.verdict is True

    async def answers(self, calls: Sequence[Call], answers: Sequence[str]) -> list[bool]:
        """For each answer, whether the check accepts it after the calls. Raises `UnmeasuredError`."""
        world = await self.box.world(self.family)
        try:
            await self._make_all(calls, world)
            return [await self.passes(world, answer) for answer in answers]
        finally:
            await world.close()

    async def state_after(self, calls: Sequence[Call]) -> Any:
        """The state that calls lead to. Raises `UnmeasuredError`."""
        world = await self.box.world(self.family)
        try:
            await self._make_all(calls, world)
            return await world.state()
        except StateLost as lost:
            raise UnmeasuredError(str(lost)) from None
        finally:
            await world.close()

    async def _make(self, calls: Sequence[Call], world: World) -> tuple[list[Call], Status]:
        """Make calls, up to a program that does not end well; the calls as they were made, and how it ended."""
        seen: list[Call] = []
        for source in programs(acts_in(calls)):
            run = self._count(await world.run(source, ours=True))
            seen += run.calls
            if run.status != "ok":
                return seen, run.status
        return seen, "ok"

    async def _make_all(self, calls: Sequence[Call], world: World) -> None:
        _, status = await self._make(calls, world)
        if status != "ok":
            raise UnmeasuredError(f"its tool calls cannot be made again: {status}")

    def _count(self, run: Run) -> Run:
        """Note what a program took. Raises `UnmeasuredError` where all together take too long."""
        self.programs += 1
        self.seconds += run.wall_seconds
        if self.seconds > SECONDS:
            raise UnmeasuredError(f"its programs take more than {SECONDS} seconds")
        return run

"""What runs in a container, as objects of the seam. The same over Docker and over the double."""

import asyncio
import itertools
import json
import signal
from collections.abc import Sequence
from typing import Any

from sca.errors import SandboxError, StateLost, UsageError
from sca.sandbox import Limits, Observation, Run
from sca.sandbox.host.endings import read_run
from sca.sandbox.host.link import Link, patience

USUAL = {"ok", "exception", "tool_error", "syntax", "no_evaluate", "non_bool", "exit", "tool_limit", "too_large"}
"""After any other end a container is not used for another task."""
_NOTES = {
    "timeout": "Stopped: the action ran for too long.",
    "oom": "Stopped: the action used too much memory.",
    "output_limit": "Stopped: the action printed too much.",
    "tool_limit": "Stopped: the action called tools too often.",
    "exit": "The action ended the Python process.",
    "crash": "The action crashed the Python process.",
    "killed": "The action killed the Python process.",
    "bad_result": "The action broke the Python process.",
}
_AFRESH = " Variables are lost; what the tools did stays."
_LOST = "Stopped: a tool hung. Variables and the state are lost; nothing more can be done."


class HostBox:
    """Box: a supervisor and the worlds in it."""

    def __init__(self, link: Link, limits: Limits, parallel: int = 1, *, shared: bool = False) -> None:
        self.link, self.limits, self.shared = link, limits, shared
        self.room = asyncio.Semaphore(parallel)
        """For the programs that may run at a time."""
        self.unusual = False
        """Whether something ended here as honest code does not."""
        self._worlds: list[HostWorld] = []

    @property
    def counts(self) -> str:
        """What counts in the environment: the `state`, the `answer`, or `both`."""
        return self.link.counts

    async def world(self, family: str | None = None) -> "HostWorld":
        """A fresh copy of the state. Raises UsageError for a family that the environment does not have."""
        wanted = family or ""
        if wanted not in self.link.families:
            known = ", ".join(filter(None, self.link.families)) or "none"
            raise UsageError(f"the environment has no family {family!r}; it has {known}")
        self._worlds.append(HostWorld(self, self.link.number(), wanted))
        return self._worlds[-1]

    async def close(self) -> None:
        """Close every world that is still open."""
        for world in self._worlds:
            await world.close()

    async def parse(self, sources: Sequence[str]) -> list[str | None]:
        """For each source None, or what is wrong with its syntax."""
        told: list[str | None] = []
        for source in sources:
            large = size(source) > self.limits.source_bytes
            told.append(f"it is larger than {self.limits.source_bytes} bytes" if large else None)
        rest = [i for i, problem in enumerate(told) if problem is None]
        if rest:
            for i, problem in zip(rest, await self._parse([sources[i] for i in rest]), strict=True):
                told[i] = None if problem is None else str(problem)
        return told

    async def _parse(self, sources: list[str]) -> list[Any]:
        """All in one process; one that takes it along is found by parsing each on its own."""
        async with self.room:
            told = await self.link.ask("parse", seconds=patience(self.limits), sources=sources)
        run = self.read(told)
        if run.status == "ok" and len(run.problems) == len(sources):
            return list(run.problems)
        if len(sources) == 1:
            return [f"parsing it ends in {run.status}"]
        return [problem for source in sources for problem in await self._parse([source])]

    def read(self, told: dict[str, Any]) -> Run:
        """What the supervisor tells of a run. Raises `SandboxError` where others in the container are to blame."""
        run = read_run(told, self.limits)
        self.unusual |= run.status not in USUAL
        small = 0 < told.get("kilobytes", 0) << 10 < self.limits.memory_bytes // 2
        if run.status == "oom" and told["code"] == signal.SIGKILL and small and told["single"] and self.shared:
            raise SandboxError("a program was killed because others in its container used up the memory")
        return run


class HostWorld:
    """World: a state process in a container."""

    def __init__(self, box: HostBox, number: int, family: str) -> None:
        self._box, self._number, self._family = box, number, family
        self._prompts = itertools.count(1)
        self._open = False
        """Whether the container has heard of it."""

    async def run(self, source: str, *, ours: bool = False) -> Run:
        """Run a program to its end in a fresh process."""
        if not ours and size(source) > self._box.limits.source_bytes:
            return Run("too_large")
        async with self._box.room:
            return self._box.read(await self._ask("run", source=source))

    async def trial(self, source: str, check: str) -> tuple[Run, Run | None]:
        """Run a program, and then a check of the state and the program's answer, if that ended with one."""
        limits = self._box.limits
        if size(source) > limits.source_bytes:
            return Run("too_large"), None
        if size(check) > limits.source_bytes:
            return await self.run(source), Run("too_large")
        async with self._box.room:
            told = await self._ask("run", source=source, check=check, seconds=2 * patience(limits))
        checked = told.pop("check", None)
        return self._box.read(told), self._box.read(checked) if checked else None

    async def evaluate(self, source: str, answer: str, times: int = 2) -> list[Run]:
        """Run a check `times` times, each in a fresh process; the state stays as it is."""
        limits = self._box.limits
        if size(source) > limits.source_bytes or size(answer) > limits.answer_bytes:
            return [Run("too_large")] * times

        async def once() -> Run:
            async with self._box.room:
                return self._box.read(await self._ask("evaluate", source=source, answer=answer))

        return await asyncio.gather(*(once() for _ in range(times)))

    async def session(self) -> "HostSession":
        """Open a prompt."""
        return HostSession(self, next(self._prompts))

    async def state_hash(self) -> str:
        """sha256 of the state, in hex."""
        return await self._look("hash")

    async def digest(self) -> str:
        """Tells this state with its marks from another, several times faster than `state_hash`."""
        return await self._look("digest")

    async def state(self) -> Any:
        """The state itself."""
        return json.loads(await self._look("state"))

    async def marks(self) -> dict[str, Any]:
        """What tools did that is no part of the state."""
        return dict(json.loads(await self._look("marks")))

    async def close(self) -> None:
        """End the state process."""
        if self._open and not self._box.link.broken:
            self._open = False
            self._tell("close")

    def _tell(self, operation: str, **arguments: Any) -> None:
        self._box.link.tell(operation, world=self._number, family=self._family, **arguments)

    async def _ask(self, operation: str, seconds: float | None = None, **arguments: Any) -> dict[str, Any]:
        seconds = seconds or patience(self._box.limits)
        self._open = True
        return await self._box.link.ask(
            operation, seconds=seconds, world=self._number, family=self._family, **arguments
        )

    async def _look(self, what: str) -> str:
        told = await self._ask("look", what=what)
        if "lost" in told:
            raise StateLost(f"the state is lost: {told['lost']}")
        return str(told["told"])


class HostSession:
    """Session: a Python prompt over one world."""

    def __init__(self, world: HostWorld, number: int) -> None:
        self._world, self._number = world, number
        self._closed = False

    async def execute(self, source: str) -> Observation:
        """Run one action."""
        limit = self._world._box.limits.source_bytes
        if size(source) > limit:
            return Observation(f"Not run: the action is larger than {limit} bytes.", Run("too_large"))
        told = await self._world._ask("execute", prompt=self._number, source=source)
        run = self._world._box.read(told)
        return Observation(_seen(run, alive=told["code"] is None, lost=told["lost"]), run)

    async def close(self) -> None:
        """End its process."""
        if not self._closed and not self._world._box.link.broken:
            self._closed = True
            self._world._tell("leave", prompt=self._number)


def size(text: str) -> int:
    """Bytes of a text as UTF-8; a lone surrogate counts too."""
    return len(text.encode("utf-8", "surrogatepass"))


def _seen(run: Run, *, alive: bool, lost: bool) -> str:
    """What the agent sees, each part on lines of its own."""
    parts = [run.output, run.shown, run.exception.traceback if run.exception else ""]
    if lost:
        parts.append(_LOST)
    elif not alive:
        parts.append(_NOTES.get(run.status, "The Python process ended.") + _AFRESH)
    return "".join(part if part.endswith("\n") else part + "\n" for part in parts if part).removesuffix("\n")

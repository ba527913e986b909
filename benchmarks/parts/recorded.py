"""A sandbox with recorded answers: what a run costs without its containers, which have a benchmark of their own."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from sca.sandbox import Box, Call, Limits, Observation, Run, Session, World

CALL = Call("estimate_final_value", "read", {"price": 12.5, "tariff": 1.0})
SEEN = Observation("13.5", Run("ok", calls=(CALL,)))
PASSED = Run("ok", verdict=True)
HASH = "0" * 64


class RecordedSandbox:
    """A `Sandbox` of one box; every action is seen to return 13.5, every check passes."""

    def __init__(self) -> None:
        self.limits = Limits()

    async def __aenter__(self) -> "RecordedSandbox":
        """Nothing to start."""
        return self

    async def __aexit__(self, *exc: object) -> None:
        """Nothing to stop."""

    @asynccontextmanager
    async def box(self, *, shared: bool = False) -> AsyncIterator[Box]:
        """This, as every other part."""
        yield _Part()

    def describe(self) -> dict[str, Any]:
        """For a sidecar."""
        return {"kind": "recorded"}


class _Part:
    """Box, world and session in one."""

    counts = "both"

    async def world(self, family: str | None = None) -> World:
        return self

    async def parse(self, sources: Any) -> list[str | None]:
        return [None for _ in sources]

    async def session(self) -> Session:
        return self

    async def execute(self, source: str) -> Observation:
        await asyncio.sleep(0)  # as real ones do, it lets others go on
        return SEEN

    async def run(self, source: str, *, ours: bool = False) -> Run:
        return SEEN.run

    async def trial(self, source: str, check: str) -> tuple[Run, Run | None]:
        return SEEN.run, PASSED

    async def evaluate(self, source: str, answer: str, times: int = 2) -> list[Run]:
        return [PASSED] * times

    async def state_hash(self) -> str:
        return HASH

    async def digest(self) -> str:
        return HASH

    async def state(self) -> Any:
        return {}

    async def marks(self) -> dict[str, Any]:
        return {}

    async def close(self) -> None:
        pass

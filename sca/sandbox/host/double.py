"""The double for tests: the same supervisor as a plain subprocess. It confines nothing, so it is for trusted code
only; no flag reaches it and nothing falls back to it.
"""

import asyncio
import contextlib
import json
import sys
from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

from sca.errors import UsageError
from sca.sandbox import Box, Limits
from sca.sandbox.host.image import FLAGS, PACKAGE, environment
from sca.sandbox.host.link import SILENCE, Link
from sca.sandbox.host.worlds import HostBox

COMMAND = "from sca.sandbox.unconfined import main; main()"


class SubprocessSandbox:
    """Sandbox without a container. Every box is a supervisor of its own; shared boxes share one."""

    def __init__(
        self,
        environment: Path,
        *,
        data: Path | None = None,
        limits: Limits | None = None,
        switches: Iterable[str] = (),
    ) -> None:
        self.switches = sorted(switches)
        self.limits = limits or Limits()
        self.folder = Path(environment).resolve()
        self.data = Path(data or self.folder / "data").resolve()
        self._shared: HostBox | None = None
        self._opening = asyncio.Lock()
        self._exits = contextlib.AsyncExitStack()

    async def __aenter__(self) -> "SubprocessSandbox":
        if not (self.folder / "environment.py").is_file():
            raise UsageError(f"{self.folder} holds no environment.py")
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._shared = None
        await self._exits.aclose()

    @contextlib.asynccontextmanager
    async def box(self, *, shared: bool = False) -> AsyncIterator[Box]:
        """A supervisor of one's own, or the shared one."""
        if not shared:
            async with self._started() as box:
                yield box
            return
        async with self._opening:
            if self._shared is None or self._shared.link.broken:
                self._shared = await self._exits.enter_async_context(self._started())
        yield self._shared

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of it."""
        return {"kind": "subprocess", "warning": "no isolation: for tests only", "limits": self.limits.asdict()}

    @contextlib.asynccontextmanager
    async def _started(self) -> AsyncIterator[HostBox]:
        setup = {
            "environment": str(self.folder), "data": str(self.data), "base": 0,
            "limits": self.limits.asdict(), "switches": self.switches, "silence": SILENCE,
        }  # fmt: skip
        process = await asyncio.create_subprocess_exec(
            sys.executable, *FLAGS[:-1], COMMAND, json.dumps(setup), cwd="/",
            env=environment(home=False) | {"PYTHONPATH": str(PACKAGE.parent)},
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE,
        )  # fmt: skip
        assert process.stdin
        assert process.stdout
        link = Link(process.stdout, process.stdin, multiplexed=False)
        try:
            await link.open()
            yield HostBox(link, self.limits, parallel=2)
        finally:
            await link.close()
            await process.wait()

"""The pool of started containers of one environment."""

import asyncio
import contextlib
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from sca.errors import SandboxError, UsageError
from sca.sandbox import Box, Limits
from sca.sandbox.host import attestation, cleaning, engine, image
from sca.sandbox.host.container import Container
from sca.sandbox.host.engine import Engine
from sca.sandbox.host.settings import Settings
from sca.sandbox.host.watchman import Watchman
from sca.sandbox.host.worlds import HostBox

T = TypeVar("T")
PROGRAMS = 2
"""How many programs of a task may run at a time in its own container."""
MOST_SHARED = 16
"""Most episodes that share a container at a time."""
OUTAGE = 30.0
"""Seconds for which an engine that does not answer any more is waited for, once."""
MOST_SERVED = 256
"""Episodes after which a shared container is replaced."""


class DockerSandbox:
    """Sandbox of Docker containers, some always started ahead.

    `environment` is a folder, and `data` stands in for its `data/`. A box of one's own serves `tasks_per_container`
    tasks, and none after something unusual. `size` is how many such are kept ready. `runtime` is the engine's name
    for another runtime, `image` an image to use as it is, `base` an image of one's own to build on; `switches` are
    those of the environment that are on.
    """

    def __init__(
        self,
        environment: Path,
        *,
        data: Path | None = None,
        limits: Limits | None = None,
        tasks_per_container: int = 1,
        size: int = 2,
        runtime: str | None = None,
        image: str | None = None,
        base: str | None = None,
        switches: Iterable[str] = (),
    ) -> None:
        self.limits = limits or Limits()
        self.content = content(environment, data, base)
        self.tasks_per_container, self.size, self.runtime, self._image = tasks_per_container, size, runtime, image
        self._switches = tuple(sorted(switches))
        self._facts: dict[str, Any] = {}
        self._known: set[Container] = set()
        self._ahead: deque[asyncio.Future[Container]] = deque()
        self._shared: list[Container] = []
        self._background: set[asyncio.Task[None]] = set()
        self._joining = asyncio.Lock()
        self._returning = asyncio.Lock()
        self._given_up = False
        self._watchman: Watchman | None = None

    async def __aenter__(self) -> "DockerSandbox":
        self._threads = ThreadPoolExecutor(max_workers=self.size + 4, thread_name_prefix="sca-docker")
        self._client: Engine | None = None
        try:
            self._client = client = await self._call(engine.connect)
            identity = await self._call(image.find_or_build, client, self.content, self._image)
            self._settings = Settings(identity, self.content, self.limits, self.runtime, self._switches)
            self._watchman = await self._call(Watchman, self._settings.run)
            await self._call(cleaning.remove_stale, client)
            about = await self._call(engine.describe, client)
            self.capacity = max(1, min(MOST_SHARED, about["memory_bytes"] // 2 // self.limits.memory_bytes))
            first = await self._start(PROGRAMS)
            self._facts = {
                "engine": about,
                "image": await self._call(image.describe, client, identity),
                "attestation": await attestation.attest(first, self._settings),
            }
            self._put_back(first)
        except BaseException:
            await self._shut()
            raise
        return self

    async def __aexit__(self, *exc: object) -> None:
        await asyncio.shield(asyncio.create_task(self._shut()))

    def describe(self) -> dict[str, Any]:
        """What a sidecar says of it."""
        return {"kind": "docker", "runtime": self.runtime or "default", "limits": self.limits.asdict(), **self._facts}

    @contextlib.asynccontextmanager
    async def box(self, *, shared: bool = False) -> AsyncIterator[Box]:
        """A container of one's own, or a place in a shared one. Raises SandboxError where none can be had."""
        container = await (self._join() if shared else self._take())
        container.tasks += 1
        box = HostBox(container.link, self.limits, 1 if shared else PROGRAMS, shared=shared)
        whole = False
        try:
            yield box
            whole = True
        finally:
            # Cut short, something may still be running there; a shared one ends it, one's own is dropped.
            container.unusual |= box.unusual or (not whole and not shared)
            self._later(self._leave(container, box, shared=shared))

    async def _take(self) -> Container:
        while True:
            if not self._ahead:
                self._begin()
            chosen = self._ahead.popleft()
            while len(self._ahead) < self.size:
                self._begin()
            try:
                container = await asyncio.shield(chosen)
            except asyncio.CancelledError:
                self._ahead.appendleft(chosen)
                raise
            if not container.link.broken:
                return container
            self._later(self._remove(container))

    async def _join(self) -> Container:
        async with self._joining:
            for container in self._shared:
                if container.live < self.capacity and container.tasks < MOST_SERVED and not container.spent:
                    break
            else:
                container = await self._start_surely(self.capacity)
                self._shared.append(container)
            container.live += 1
            return container

    async def _leave(self, container: Container, box: HostBox, *, shared: bool) -> None:
        if not container.spent or shared:
            with contextlib.suppress(SandboxError):
                await box.close()
        if shared:
            container.live -= 1
            if not container.live and (container.spent or container.tasks >= MOST_SERVED):
                self._shared.remove(container)
                await self._remove(container)
        elif container.spent or container.tasks >= self.tasks_per_container:
            await self._remove(container)
        else:
            self._put_back(container)

    async def _start(self, programs: int) -> Container:
        assert self._client
        container = await Container.start(self._client, self._threads, self._settings, programs)
        self._known.add(container)
        return container

    async def _start_surely(self, programs: int) -> Container:
        """Start one; where that fails, once more when the engine answers."""
        try:
            return await self._start(programs)
        except SandboxError:
            await self._wait_for_engine()
            return await self._start(programs)

    async def _wait_for_engine(self) -> None:
        """Raises SandboxError where the engine stays away, then and ever after."""
        end = time.monotonic() + OUTAGE
        async with self._returning:
            while not await self._call(engine.answers, self._client):
                if self._given_up or time.monotonic() > end:
                    self._given_up = True
                    raise SandboxError(f"the Docker engine at {engine.shown_address()} does not answer any more")
                await asyncio.sleep(0.5)
            self._given_up = False

    async def _remove(self, container: Container) -> None:
        self._known.discard(container)
        with contextlib.suppress(SandboxError):  # at the end what is left is removed by its label, or reported
            await container.remove()

    def _begin(self) -> None:
        task = asyncio.create_task(self._start_surely(PROGRAMS))
        task.add_done_callback(lambda done: done.cancelled() or done.exception())  # seen, though maybe never awaited
        self._ahead.append(task)

    def _put_back(self, container: Container) -> None:
        ready: asyncio.Future[Container] = asyncio.get_running_loop().create_future()
        ready.set_result(container)
        self._ahead.appendleft(ready)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    async def _dismiss(self, how: Callable[[Watchman], None]) -> None:
        if self._watchman is not None:
            await self._call(how, self._watchman)
            self._watchman = None

    async def _call(self, function: Callable[..., T], *arguments: Any) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._threads, function, *arguments)

    async def _shut(self) -> None:
        """Remove every container of this run, whatever state it is in."""
        if self._ahead:
            _, late = await asyncio.wait(self._ahead, timeout=2)
            for future in late:
                future.cancel()
            await asyncio.gather(*late, return_exceptions=True)
        if self._background:
            await asyncio.wait(self._background, timeout=5)
        await asyncio.gather(*(self._remove(container) for container in list(self._known)))
        if self._client is not None:
            try:
                if hasattr(self, "_settings"):
                    await self._call(cleaning.remove_run, self._client, self._settings.run)
            except SandboxError:
                await self._dismiss(Watchman.leave)
                raise
            finally:
                await self._dismiss(Watchman.dismiss)
                self._client.close()
        self._ahead.clear()
        self._threads.shutdown(wait=False)


def content(environment: Path, data: Path | None = None, base: str | None = None) -> image.Content:
    """What a sandbox is made from. Raises UsageError if the folder or the data is not there."""
    folder = Path(environment).resolve()
    if not (folder / "environment.py").is_file():
        raise UsageError(f"{folder} is no environment: it holds no environment.py")
    place = Path(data).resolve() if data else folder / "data"
    if data and not place.is_dir():
        raise UsageError(f"{place} is not a folder of data")
    return image.Content(folder, place, base)

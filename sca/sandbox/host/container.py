"""One container: created, attached to, started, removed. Nothing else is ever asked of the engine for it."""

import asyncio
import contextlib
import socket
from concurrent.futures import Executor
from typing import Any

from sca.errors import SandboxError
from sca.sandbox.host.engine import Engine, faults
from sca.sandbox.host.link import Link
from sca.sandbox.host.settings import Settings


class Container:
    """A started container."""

    def __init__(self, client: Engine, threads: Executor, number: str, link: Link, asked: dict[str, Any]) -> None:
        self.client, self.threads, self.id, self.link = client, threads, number, link
        self.asked = asked
        """What the engine was asked for."""
        self.tasks = 0
        """How many episodes it has served."""
        self.live = 0
        """How many it serves now."""
        self.unusual = False
        """Whether something ended here as honest code does not."""

    @classmethod
    async def start(cls, client: Engine, threads: Executor, settings: Settings, programs: int) -> "Container":
        """Create, attach, start, and wait until the environment is loaded."""
        loop = asyncio.get_running_loop()
        asked = settings.container(programs)
        starting = loop.run_in_executor(threads, _start, client, asked)
        try:
            number, stream = await asyncio.shield(starting)
        except asyncio.CancelledError:
            # The thread cannot be stopped; what it makes must not be left behind.
            starting.add_done_callback(lambda done: _forget(client, threads, done))
            raise
        reader, writer = await asyncio.open_connection(sock=stream)
        container = cls(client, threads, number, Link(reader, writer, multiplexed=True), asked)
        try:
            await container.link.open()
        except BaseException:
            await asyncio.shield(asyncio.create_task(container.remove()))
            raise
        return container

    @property
    def spent(self) -> bool:
        """Whether no other episode may use it."""
        return self.unusual or self.link.broken is not None

    async def remove(self) -> None:
        """Hang up and have the engine remove it; done when it is gone. Removing twice is fine."""
        await self.link.close()
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self.threads, remove, self.client, self.id)

    async def inspect(self) -> dict[str, Any]:
        """What the engine says of it."""

        def look() -> dict[str, Any]:
            with faults("inspecting a container"):
                return dict(self.client.inspect_container(self.id))

        return await asyncio.get_running_loop().run_in_executor(self.threads, look)


def _start(client: Engine, config: dict[str, Any]) -> tuple[str, socket.socket]:
    with faults("starting a container"):
        number = str(client.create_container_from_config(config)["Id"])
        with contextlib.ExitStack() as undo:
            undo.callback(remove, client, number)
            stream = undo.enter_context(_attach(client, number))
            client.start(number)
            undo.pop_all()
    return number, stream


def remove(client: Engine, number: str) -> None:
    """Remove a container; one that is gone already is fine."""
    import docker.errors

    with faults("removing a container"):
        try:
            client.remove_container(number, force=True, v=True)
        except docker.errors.NotFound:
            pass
        except docker.errors.APIError as error:
            if error.status_code != 409:  # it is being removed already
                raise


def _forget(client: Engine, threads: Executor, done: "asyncio.Future[tuple[str, socket.socket]]") -> None:
    if not done.cancelled() and done.exception() is None:
        number, stream = done.result()
        stream.close()
        threads.submit(remove, client, number)


def _attach(client: Engine, number: str) -> socket.socket:
    """A socket of our own on the container's stdio; docker's objects around it are closed."""
    attached = client.attach_socket(number, params={"stdin": 1, "stdout": 1, "stderr": 1, "stream": 1})
    inner = getattr(attached, "_sock", attached)
    try:
        if type(inner) is not socket.socket:
            raise SandboxError(
                "sca talks to the Docker engine over a Unix socket or plain TCP; set DOCKER_HOST to unix://… or "
                "tcp://… (to reach a distant engine: ssh -L)"
            )
        stream = inner.dup()
        stream.setblocking(False)
        return stream
    finally:
        attached._response.close()
        attached.close()

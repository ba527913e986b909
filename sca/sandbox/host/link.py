"""Requests and answers over the stream of one supervisor, many at once."""

import asyncio
import contextlib
import itertools
from typing import Any

from sca.errors import SandboxError
from sca.sandbox import Limits
from sca.sandbox.guest.frames import LARGE, Inbox, Malformed, pack, unpack
from sca.sandbox.host.stream import Demultiplexer

SILENCE = 120
"""Seconds after which a supervisor that heard nothing ends itself."""
START = 60.0
"""Seconds that a supervisor may take to load its environment."""


def patience(limits: Limits) -> float:
    """Seconds after which an answer to a program cannot come any more."""
    return 3 * limits.wall_seconds + 30


class Link:
    """One supervisor, as long as it answers. Whatever goes wrong with it raises SandboxError, then and ever after.

    `multiplexed`: the engine wraps pieces of stdout and stderr in headers of its own.
    """

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, *, multiplexed: bool) -> None:
        self.reader, self.writer = reader, writer
        self._streams = Demultiplexer() if multiplexed else None
        self.families: dict[str, list[dict[str, Any]]] = {}
        self.counts = "both"
        self.broken: str | None = None
        self._numbers = itertools.count(1)
        self._waiting: dict[int, asyncio.Future[Any]] = {}
        self._inbox = Inbox(LARGE)
        self._unsent = bytearray()
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Wait for the supervisor's greeting: the environment is loaded."""
        hello = self._expect(0)
        self._tasks = [asyncio.create_task(self._listen()), asyncio.create_task(self._keep_alive())]
        greeting = await self._wait(hello, START)
        if "error" in greeting:
            raise SandboxError(f"the environment does not load in the sandbox: {greeting['error']}")
        self.families, self.counts = greeting["families"], greeting.get("counts", self.counts)

    def number(self) -> int:
        """One that no other request or world of this supervisor has."""
        return next(self._numbers)

    async def ask(self, operation: str, *, seconds: float, **arguments: Any) -> dict[str, Any]:
        """The answer to one request."""
        if self.broken:
            raise SandboxError(self.broken)
        answer = self._expect(self.tell(operation, **arguments))
        try:
            await self.writer.drain()
        except OSError as error:
            self._break(f"a container does not listen any more ({error})")
        told = await self._wait(answer, seconds)
        if "refused" in told:
            raise SandboxError(told["refused"])
        return told

    def tell(self, operation: str, **arguments: Any) -> int:
        """Send a request, whose answer nobody need wait for; its number. What is told at once goes as one piece."""
        number = self.number()
        if not self._unsent:
            asyncio.get_running_loop().call_soon(self._send)
        self._unsent += pack({"id": number, "op": operation, **arguments})
        return number

    def _send(self) -> None:
        if not self.broken:
            self.writer.write(bytes(self._unsent))
        self._unsent.clear()

    async def close(self) -> None:
        """Hang up; the supervisor then ends."""
        self._break("the container was closed")
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.writer.close()
        with contextlib.suppress(OSError):
            await self.writer.wait_closed()

    def _expect(self, number: int) -> "asyncio.Future[Any]":
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._waiting[number] = future
        future.add_done_callback(lambda _: self._waiting.pop(number, None))
        return future

    async def _wait(self, future: "asyncio.Future[Any]", seconds: float) -> dict[str, Any]:
        try:
            async with asyncio.timeout(seconds):
                return dict(await future)
        except TimeoutError:
            self._break(f"a container gave no answer in {seconds:.0f} s")
            raise SandboxError(str(self.broken)) from None

    def _break(self, reason: str) -> None:
        if self.broken is None:
            self.broken = reason
        for future in list(self._waiting.values()):
            if not future.done():
                future.set_exception(SandboxError(self.broken))
                future.exception()  # seen: nobody may be waiting any more

    async def _listen(self) -> None:
        try:
            while data := await self.reader.read(1 << 16):
                for body in self._inbox.feed(self._streams.feed(data) if self._streams else data):
                    self._take(unpack(body))
        except (OSError, Malformed) as error:
            self._break(f"a container is lost ({type(error).__name__}){self._last_words()}")
        else:
            self._break(f"a container is lost{self._last_words()}")

    def _take(self, message: Any) -> None:
        if not isinstance(message, dict) or not isinstance(number := message.get("id", 0), int):
            raise Malformed("not an answer")
        if "trouble" in message:
            self._break(f"a container is in trouble: {message['trouble']}")
        future = self._waiting.get(number)
        if future and not future.done():
            future.set_result(message)

    def _last_words(self) -> str:
        stderr = self._streams.stderr if self._streams else b""
        lines = stderr.decode("utf-8", "replace").strip().splitlines()
        return f": {lines[-1]}" if lines else ""

    async def _keep_alive(self) -> None:
        """Say something now and then: a supervisor that hears nothing takes its host for dead."""
        with contextlib.suppress(SandboxError):
            while not self.broken:
                await asyncio.sleep(SILENCE / 4)
                await self.ask("close", seconds=SILENCE, world=self.number(), family=None)  # there is none

"""An engine's socket that fails on request: stands between a command and the real engine."""

import asyncio
import re
import socket
import struct
from collections.abc import Callable

from sca.sandbox.host import engine

REPLY = "HTTP/1.1 {} Made Up\r\nContent-Type: application/json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{}"


class Proxy:
    """`fault(method, path, count)` says what happens to a request: None (it passes), `reset`, `hang`, or a status.

    `cut` is how many bytes of an attached stream pass from the engine before it is reset.
    """

    def __init__(self, path, fault: Callable[[str, str, int], str | int | None], cut=None) -> None:
        self.path, self.fault, self.cut = str(path), fault, cut
        self.real = engine.address().removeprefix("unix://")
        self.seen: list[str] = []
        self.failed = 0

    @property
    def address(self) -> str:
        return f"unix://{self.path}"

    async def __aenter__(self) -> "Proxy":
        self._tasks: set[asyncio.Task[None]] = set()
        self._server = await asyncio.start_unix_server(self._accept, self.path)
        return self

    async def __aexit__(self, *exc: object) -> None:
        self._server.close()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _accept(self, reader, writer) -> None:
        task = asyncio.current_task()
        self._tasks.add(task)
        try:
            await self._serve(reader, writer)
        except (OSError, EOFError):
            pass
        finally:
            self._tasks.discard(task)
            writer.close()

    async def _serve(self, reader, writer) -> None:
        """One request a connection: the head decides, the rest passes."""
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b"\r\n")[0].decode().split(" ")
        path = re.sub(r"^/v[\d.]+", "", target).partition("?")[0]
        kind = f"{method} {re.sub(r'/[0-9a-f]{64}', '/ID', path)}"
        self.seen.append(kind)
        fault = self.fault(method, path, self.seen.count(kind))
        if fault is not None:
            self.failed += 1
        if fault == "hang":
            await asyncio.sleep(3600)
        if fault == "reset":
            self._reset(writer)
            return
        if isinstance(fault, int):
            body = '{"message": "made up by the proxy"}'
            writer.write(REPLY.format(fault, len(body), body).encode())
            await writer.drain()
            return
        if b"Upgrade: tcp" not in head:
            head = re.sub(rb"\r\nConnection: [^\r]*", b"", head)
            head = head[:-2] + b"Connection: close\r\n\r\n"
        upstream, down = await asyncio.open_unix_connection(self.real)
        down.write(head)
        attached = path.endswith("/attach")
        passing = [
            asyncio.create_task(self._pass(reader, down, None)),
            asyncio.create_task(self._pass(upstream, writer, self.cut if attached else None)),
        ]
        try:
            await passing[1]
        finally:
            for task in passing:
                task.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
            down.close()

    async def _pass(self, reader, writer, cut) -> None:
        while data := await reader.read(1 << 16):
            if cut is not None:
                cut -= len(data)
                if cut < 0:
                    self.failed += 1
                    self.cut = None
                    self._reset(writer)
                    return
            writer.write(data)
            await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()

    def _reset(self, writer) -> None:
        sock = writer.get_extra_info("socket")
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.transport.abort()

"""Frames: a length (u32, big-endian) and that many bytes of JSON; between trusted processes also orders."""

import json
import os
import socket
import struct
import sys
from collections.abc import Iterator, Sequence
from typing import Any

HEADER = 4
SMALL = 1 << 20
"""Most bytes of a frame that a code process may write."""
LARGE = 1 << 28
"""Most bytes of a frame between trusted processes: a whole state fits."""
ORDER = struct.Struct("<8si")
"""What a trusted process is told to do: a name and a number."""
REPLY = struct.Struct("<iqd")
"""What a fork server answers: a pid, or minus an error's number; or an exit status, kilobytes and CPU seconds."""
RIGHTS = socket.CMSG_SPACE(4 * 4)


_to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode  # `dumps` would make one each time


class Malformed(Exception):
    """These bytes are not the frame that they should be."""


def pack(message: Any) -> bytes:
    """A frame. What UTF-8 cannot hold (lone surrogates) arrives as a question mark."""
    return wrap(_to_json(message).encode("utf-8", "replace"))


def wrap(body: bytes) -> bytes:
    """A frame of what is JSON already."""
    return len(body).to_bytes(HEADER, "big") + body


def unpack(body: bytes) -> Any:
    """The message of a frame's body; `Malformed` if it is no JSON."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed(str(error)) from None


def read(fd: int) -> bytes:
    """The body of the one frame that is under way, or what came of it before the stream ended."""
    data = b""
    while len(data) < HEADER or len(data) < HEADER + int.from_bytes(data[:HEADER], "big"):
        chunk = os.read(fd, 1 << 14)
        if not chunk:
            break
        data += chunk
    return data[HEADER:]


def write(fd: int, data: bytes) -> None:
    """All of it, however many pieces that takes."""
    left = memoryview(data)
    while left:
        left = left[os.write(fd, left) :]


def too_deep(value: object, depth: int) -> bool:
    """Whether lists, tuples and dicts are nested deeper than `depth`, found without recursion."""
    level = [value]
    for _ in range(depth + 2):
        level = [
            inner
            for outer in level
            if isinstance(outer, (list, tuple, dict))
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
        if not level:
            return False
    return True


class Inbox:
    """Cuts a stream of bytes into the bodies of frames."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self._held = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Take in bytes, give out what is complete; `Malformed` at a length above the limit."""
        self._held += data
        while len(self._held) >= HEADER:
            size = int.from_bytes(self._held[:HEADER], "big")
            if size > self.limit:
                raise Malformed(f"a frame of {size} bytes")
            if len(self._held) < HEADER + size:
                return
            body = bytes(self._held[HEADER : HEADER + size])
            del self._held[: HEADER + size]
            yield body

    @property
    def rest(self) -> int:
        """How many bytes of an incomplete frame are held."""
        return len(self._held)


class Channel:
    """A Unix socket between two processes that trust each other: frames, and orders, which cost less."""

    def __init__(self, fd: int) -> None:
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fd)

    @classmethod
    def pair(cls) -> tuple["Channel", int]:
        """One end, and the descriptor of the other."""
        ours, theirs = socket.socketpair()
        return cls(ours.detach()), theirs.detach()

    def send(self, message: Any) -> None:
        """Send a message."""
        self.sock.sendall(pack(message))

    def receive(self) -> Any:
        """The next message; `EOFError` when the other end is gone."""
        return unpack(self.exactly(int.from_bytes(self.exactly(HEADER), "big")))

    def order(self, name: str, number: int = 0, fds: Sequence[int] = ()) -> None:
        """Order something; the descriptors stay open here."""
        data = ORDER.pack(name.encode(), number)
        socket.send_fds(self.sock, [data], list(fds)) if fds else self.sock.sendall(data)

    def orders(self) -> Iterator[tuple[bytes, int, int]]:
        """What is ordered until the other end is gone: its name, the number, and the first of its descriptors.

        It is taken in with as little as can be: whoever has just forked pays for each page that it touches.
        """
        while True:
            data, rights, _, _ = self.sock.recvmsg(ORDER.size, RIGHTS)
            if not data:
                return
            name, number = ORDER.unpack(data)
            yield name.rstrip(b"\0"), number, int.from_bytes(rights[0][2][:4], sys.byteorder) if rights else -1

    def exactly(self, size: int) -> bytes:
        """So many bytes; `EOFError` when the other end is gone."""
        data = b""
        while len(data) < size:
            chunk = self.sock.recv(min(size - len(data), 1 << 20))
            if not chunk:
                raise EOFError("a process inside the container is gone")
            data += chunk
        return data

"""Follows one job on a code process to its end, within its limits."""

import os
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from sca.sandbox.guest.frames import SMALL, Inbox, Malformed, pack, unpack
from sca.sandbox.guest.processes import Process, Server, Trouble

TICK = 50
"""Milliseconds between two looks at the clock."""
GRACE = 1.0
"""Seconds that a process may live on after its report."""


@dataclass
class Capture:
    """Output: its head and its tail."""

    kept: int
    total: int = 0
    head: bytearray = field(default_factory=bytearray)
    tail: bytearray = field(default_factory=bytearray)

    def add(self, data: bytes) -> None:
        """Take in a piece."""
        self.total += len(data)
        space = max(0, self.kept // 2 - len(self.head))
        self.head += data[:space]
        self.tail += data[space:]
        if len(self.tail) > self.kept:
            del self.tail[: -(self.kept // 2)]

    def text(self) -> str:
        """What was kept, and how much was not."""
        tail = self.tail[-(self.kept // 2) :]
        left_out = self.total - len(self.head) - len(tail)
        gap = f"\n[… {left_out} bytes left out …]\n".encode() if left_out else b""
        return (bytes(self.head) + gap + bytes(tail)).decode("utf-8", "replace")


class Watch:
    """One job from its start to its end."""

    def __init__(self, process: Process, state: Server, limits: dict[str, Any], *, keep: bool) -> None:
        self.process, self.state, self.limits, self.keep = process, state, limits, keep
        self.capture = Capture(limits["output_kept"])
        self.inbox = Inbox(SMALL)
        self.told: list[Any] = []
        self.cause: str | None = None
        """The status with which it is ended from outside."""
        self.over = False
        self.started = self.last = time.monotonic()
        self.cpu = process.cpu() if keep else 0.0
        self.poll = select.poll()
        self.handlers: dict[int, Callable[[], None]] = {}

    def follow(self, job: Any) -> None:
        """Hand over the job; return when it is done, dead or out of bounds."""
        self.pending = pack(job)
        self._on(self.process.jobs, self._feed, select.POLLOUT)
        self._on(self.process.output, self._output)
        self._on(self.process.reports, self._report)
        self._on(self.process.handle, self._died)
        self._on(self.state.channel.sock.fileno(), self._broke)
        while not self.over and self.cause is None:
            for fd, _ in self.poll.poll(TICK):
                if fd in self.handlers:
                    self.handlers[fd]()
            self._look_at_clock()

    def drain(self) -> None:
        """Take in what is left in the pipes."""
        for fd, handler in ((self.process.output, self._output), (self.process.reports, self._report)):
            while fd in self.handlers and select.select([fd], [], [], 0)[0] and self.cause != "output_limit":
                handler()

    def _on(self, fd: int, handler: Callable[[], None], event: int = select.POLLIN) -> None:
        self.poll.register(fd, event)
        self.handlers[fd] = handler

    def _off(self, fd: int) -> None:
        self.poll.unregister(fd)
        del self.handlers[fd]

    def _feed(self) -> None:
        try:
            self.pending = self.pending[os.write(self.process.jobs, self.pending) :]
        except OSError:  # it is dead or has closed its end
            self.pending = b""
        if not self.pending:
            self._off(self.process.jobs)

    def _output(self) -> None:
        data = os.read(self.process.output, 1 << 16)
        if not data:
            self._off(self.process.output)
        self.capture.add(data)
        if self.capture.total > self.limits["output_bytes"]:
            self.cause = self.cause or "output_limit"

    def _report(self) -> None:
        data = os.read(self.process.reports, 1 << 16)
        if not data:
            self._off(self.process.reports)
        try:
            self.told += [unpack(body) for body in self.inbox.feed(data)]
        except Malformed:
            self.cause = self.cause or "bad_result"
        if len(self.told) + bool(self.inbox.rest) > 1:
            self.cause = self.cause or "bad_result"
        self.over = self.over or (self.keep and bool(self.told))
        self.last = time.monotonic()

    def _died(self) -> None:
        self.over = True

    def _broke(self) -> None:
        try:
            message, _ = self.state.channel.receive()
        except (EOFError, OSError) as error:
            raise Trouble(f"the state process is gone ({error!r})") from None
        self.cause = self.cause or message["broke"]

    def _look_at_clock(self) -> None:
        now = time.monotonic()
        if self.told and not self.over and now - self.last > GRACE:
            self.cause = self.cause or "bad_result"
        if now - self.started < self.limits["cpu_seconds"] / 2:
            return
        if self.process.cpu() - self.cpu > self.limits["cpu_seconds"]:
            self.cause = self.cause or "timeout"
        late = now - self.started - self.limits["wall_seconds"]
        if late > 0 and late > min(self.process.waited(), 2 * self.limits["wall_seconds"]):
            self.cause = self.cause or "timeout"

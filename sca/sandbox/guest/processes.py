"""The processes that the supervisor knows: fork servers, state processes and code processes, seen from outside."""

import contextlib
import os
import signal
import socket
import threading
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sca.sandbox.guest.confine import processes
from sca.sandbox.guest.frames import Channel


class Trouble(Exception):
    """The machinery failed; the host hears of it and gives the container up."""


class Refusal(Exception):
    """There is no room now; the container is sound."""


class Server:
    """A fork server or a state process: one question at a time."""

    def __init__(self, channel: Channel, handle: int | None = None) -> None:
        self.channel = channel
        self.handle = handle
        self.lost: str | None = None
        """Why it is no longer there, if the program that it served is to blame."""
        self._lock = threading.Lock()

    def ask(self, message: Any, fds: Sequence[int] = (), *, patience: float | None = None) -> tuple[Any, list[int]]:
        """The answer; `TimeoutError` after `patience` seconds."""
        with self._lock:
            try:
                self.channel.sock.settimeout(patience)
                self.channel.send(message, fds)
                return self.channel.receive()
            except TimeoutError:
                raise
            except (EOFError, OSError) as error:
                raise Trouble(f"a process inside the container is gone ({error!r})") from None

    def fork(self, message: Any, fds: Sequence[int] = ()) -> tuple[int, int]:
        """Have it fork; pid of the new process and a handle on it. The descriptors are closed here."""
        try:
            reply, handles = self.ask(message, fds)
        finally:
            for fd in fds:
                os.close(fd)
        if "refused" in reply:
            raise Refusal(f"the container has no room for another process ({reply['refused']})")
        return reply["pid"], handles[0]

    def fork_state(self, message: Any) -> "Server":
        """Have it fork a state process."""
        ours, theirs = Channel.pair()
        _, handle = self.fork(message, [theirs.sock.detach()])
        return Server(ours, handle)

    def end(self) -> None:
        """Kill a state process."""
        if self.handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            os.close(self.handle)
            self.handle = None
            self.channel.close()


@dataclass
class Process:
    """A live code process, seen from the supervisor."""

    slot: int
    pid: int
    handle: int
    jobs: int
    reports: int
    output: int
    tools: socket.socket
    uid: int | None

    @classmethod
    def start(cls, template: Server, slot: int, base: int | None, jobs_meant: int) -> "Process":
        """Fork one that waits for a job."""
        ours, theirs = socket.socketpair()
        jobs, reports, output = os.pipe(), os.pipe(), os.pipe()
        request = {"op": "fork", "slot": slot, "more": {"jobs": jobs_meant}}
        kept = [jobs[1], reports[0], output[0]]
        try:
            pid, handle = template.fork(request, [jobs[0], reports[1], theirs.detach(), output[1]])
        except Refusal:
            for fd in kept:
                os.close(fd)
            raise
        for fd in kept:
            os.set_blocking(fd, False)
        return cls(slot, pid, handle, jobs[1], reports[0], output[0], ours, None if base is None else base + slot)

    def cpu(self) -> float:
        """Seconds of CPU time of all its threads."""
        fields = _stat(self.pid)
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0

    def waited(self) -> float:
        """Seconds that it waited for a core; none if it has threads or other processes to wait for."""
        fields = _stat(self.pid)
        if not fields or int(fields[17]) > 1 or processes(self.uid, self.pid) > 1:
            return 0.0
        try:
            with open(f"/proc/{self.pid}/schedstat", encoding="ascii") as file:
                return int(file.read().split()[1]) / 1e9
        except (OSError, IndexError):
            return 0.0

    def close(self) -> None:
        """Close what is open here."""
        for fd in (self.handle, self.jobs, self.reports, self.output):
            os.close(fd)
        self.tools.close()


def _stat(pid: int) -> list[str]:
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8", errors="replace") as file:
            return file.read().rpartition(")")[2].split()
    except OSError:
        return []

"""Runs one job on a code process against a state process, and says how it ended."""

import contextlib
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from sca.sandbox.guest.confine import processes
from sca.sandbox.guest.forking import NO_REPORT
from sca.sandbox.guest.frames import SMALL, Channel, Inbox, Malformed, pack, unpack

TICK = 50
"""Milliseconds between two looks at the clock."""
GRACE = 1.0
"""Seconds that a process may live on after its report."""
STATUSES = {"ok", "exception", "tool_error", "syntax", "no_evaluate", "non_bool", "exit", "oom", "bad_result"}
"""What a code process may say of itself; all else is seen from outside."""


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


def ooms() -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for path in ("/sys/fs/cgroup/memory.events", "/sys/fs/cgroup/memory/memory.oom_control"):
        try:
            with open(path, encoding="ascii") as file:
                return int(dict(line.split() for line in file)["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return 0


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


class Runner:
    """Runs jobs; owns the template of code processes and what tells one run's end from another's."""

    def __init__(self, template: Server, base: int | None, limits: dict[str, Any]) -> None:
        self.template, self.base, self.limits = template, base, limits
        self._slots = set(range(1, 1024))
        self._ooms = ooms()
        self._lock = threading.Lock()

    def start(self, jobs: int = 1) -> Process:
        """A code process for so many jobs, under a uid that nothing else runs under."""
        with self._lock:
            if not self._slots:
                raise Trouble("too many programs at once")
            slot = self._slots.pop()
        try:
            return Process.start(self.template, slot, self.base, jobs)
        except Refusal:
            self._slots.add(slot)
            raise

    def run(self, process: Process, state: Server, job: Any, *, keep: bool = False) -> dict[str, Any]:
        """Do one job. With `keep` its process lives on, frozen, if all went well; else it is dead."""
        watch = Watch(process, state, self.limits, keep=keep)
        if state.lost:
            self.end(process)
            return {"status": state.lost, "alive": False}
        state.channel.send({"op": "serve"}, [process.tools.fileno()])
        if keep:
            self._signal(process, signal.SIGCONT)
        watch.follow(job)
        ending = None
        if keep and watch.cause is None and watch.told:
            cpu = process.cpu() - watch.cpu
            self._signal(process, signal.SIGSTOP)
            watch.drain()
        if not keep or watch.cause or not watch.told:
            ending = self._end(process)
            cpu = ending["cpu"] - watch.cpu
            watch.drain()
        report = self._stop(state, watch)
        status, told = self._status(watch, ending)
        outcome = {"status": status, "alive": ending is None, "output": watch.capture.text(), "cpu_seconds": cpu}
        if ending is not None:
            self._release(process)
        return told | report | outcome | {"wall_seconds": time.monotonic() - watch.started}

    def end(self, process: Process) -> None:
        """End a process that is between two jobs."""
        self._end(process)
        self._release(process)

    def _signal(self, process: Process, number: int) -> None:
        self.template.ask({"op": "signal", "slot": process.slot, "pid": process.pid, "signal": number})

    def _end(self, process: Process) -> dict[str, Any]:
        ending, _ = self.template.ask({"op": "end", "slot": process.slot, "pid": process.pid})
        if not ending["gone"]:
            raise Trouble("a program could not be killed")
        return dict(ending)

    def _release(self, process: Process) -> None:
        process.close()
        with self._lock:
            self._slots.add(process.slot)

    def _stop(self, state: Server, watch: Watch) -> dict[str, Any]:
        """End the service of the state process; its report. If it hangs in a tool it is lost."""
        try:
            report, _ = state.ask({"op": "stop"}, patience=2)
            while "broke" in report:
                watch.cause = watch.cause or report["broke"]
                report, _ = state.channel.receive()
        except TimeoutError:
            watch.cause = state.lost = "timeout"
            state.end()
            return {}
        return dict(report)

    def _status(self, watch: Watch, ending: dict[str, Any] | None) -> tuple[str, dict[str, Any]]:
        if watch.cause:
            return watch.cause, {}
        if ending is None or (watch.told and not watch.inbox.rest and ending["status"] == 0):
            told = watch.told[0]
            return (told["status"], told) if _sound(told) else ("bad_result", {})
        if watch.told or watch.inbox.rest or ending["status"] == NO_REPORT << 8:
            return "bad_result", {}
        return self._death(ending), {}

    def _death(self, ending: dict[str, Any]) -> str:
        """What ended a process that reported nothing."""
        number = os.WTERMSIG(ending["status"]) if os.WIFSIGNALED(ending["status"]) else 0
        if not number:
            return "exit"
        if number == signal.SIGXCPU or (number == signal.SIGKILL and ending["cpu"] >= self.limits["cpu_seconds"]):
            return "timeout"
        if number != signal.SIGKILL:
            return "crash"
        with self._lock:
            before, self._ooms = self._ooms, ooms()
            return "oom" if self._ooms > before else "killed"


_EXCEPTION = {"type": str, "bases": list, "message": str, "traceback": str}


def _sound(told: Any) -> bool:
    """Whether a report says what a report may say. Anyone in the process could have written it."""
    if not isinstance(told, dict) or told.get("status") not in STATUSES:
        return False
    exception = told.get("exception")
    return (
        set(told) <= {"status", "result", "verdict", "shown", "exception", "told"}
        and all(isinstance(told.get(key), (str, type(None))) for key in ("result", "shown"))
        and isinstance(told.get("verdict"), (bool, type(None)))
        and (
            exception is None
            or (
                isinstance(exception, dict)
                and set(exception) == set(_EXCEPTION)
                and all(isinstance(exception[key], kind) for key, kind in _EXCEPTION.items())
                and all(isinstance(name, str) for name in exception["bases"])
            )
        )
    )

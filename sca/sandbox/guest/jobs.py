"""Follows one job on a code process to its end, within its limits, and says how it ended."""

import contextlib
import io
import os
import select
import signal
import socket
import threading
import time
from collections.abc import Callable
from typing import Any

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
    """A process that we trust and that answers one question at a time, seen from the supervisor."""

    def __init__(self, channel: Channel, pid: int = 0, handle: int | None = None) -> None:
        self.channel, self.pid, self.handle = channel, pid, handle
        self.lost: str | None = None
        """Why it is no longer there, if a program that it served is to blame."""
        self._lock = threading.Lock()

    def ask(self, message: Any, fds: tuple[int, ...] = (), patience: float | None = None) -> dict[str, Any]:
        """The answer; `TimeoutError` after `patience` seconds."""
        with self._lock:
            return self._ask(message, fds, patience)

    def fork(self, message: Any, *fds: int) -> tuple[int, int]:
        """Have it fork; pid of the new process and a handle on it. The descriptors are closed here."""
        try:
            with self._lock:  # until there is a handle nothing else is asked that could free the pid
                reply = self._ask({"op": "fork"} | message, fds, None)
                if "refused" in reply:
                    raise Refusal(f"the container has no room for another process ({reply['refused']})")
                return reply["pid"], os.pidfd_open(reply["pid"])
        finally:
            for fd in fds:
                os.close(fd)

    def fork_state(self, **message: Any) -> "Server":
        """Have it fork a state process."""
        ours, theirs = socket.socketpair()
        return Server(Channel(ours), *self.fork(message, theirs.detach()))

    def _ask(self, message: Any, fds: tuple[int, ...], patience: float | None) -> dict[str, Any]:
        try:
            self.channel.sock.settimeout(patience)
            self.channel.send(message, fds)
            return dict(self.channel.receive()[0])
        except TimeoutError:
            raise
        except (EOFError, OSError) as error:
            raise Trouble(f"a process inside the container is gone ({error!r})") from None

    def end(self) -> None:
        """Kill a state process."""
        if self.handle is not None:
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.handle, signal.SIGKILL)
            os.close(self.handle)
            self.handle = None
            self.channel.sock.close()


class Program:
    """A live code process, seen from the supervisor."""

    def __init__(self, template: Server, jobs: int = 1) -> None:
        """Fork one that waits for the first of so many jobs."""
        self.template = template
        (job, ours), (report, reporting), (output, printing) = os.pipe(), os.pipe(), os.pipe()
        self.tools, tools = socket.socketpair()
        self.jobs, self.reports, self.output = io.FileIO(ours, "w"), io.FileIO(report), io.FileIO(output)
        self.pid, self.handle = template.fork({"jobs": jobs}, job, reporting, tools.detach(), printing)
        for fd in (ours, report, output):
            os.set_blocking(fd, False)

    def signal(self, number: int) -> None:
        """Send a signal to everything that runs under its uid."""
        self._ask("signal", signal=number)

    def end(self) -> dict[str, Any]:
        """Kill everything that runs under its uid; how its first process ended, unless that was told before."""
        ending = self._ask("end")
        os.close(self.handle)
        if not ending["gone"]:
            raise Trouble("a program could not be killed")
        return ending

    def cpu(self) -> float:
        """Seconds of CPU time of all its threads."""
        fields = self._stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0

    def alone(self) -> bool:
        """Whether it has neither threads nor other processes that could keep it from a core."""
        fields = self._stat()
        return bool(fields) and int(fields[17]) == 1 and self._ask("count")["count"] == 1

    def _ask(self, operation: str, **more: Any) -> dict[str, Any]:
        return self.template.ask({"op": operation, "pid": self.pid, **more})

    def _stat(self) -> list[str]:
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as file:
                return file.read().rpartition(")")[2].split()
        except OSError:
            return []


def waited(pid: int) -> float:
    """Seconds that the first thread of a process has waited for a core."""
    try:
        with open(f"/proc/{pid}/schedstat", encoding="ascii") as file:
            return int(file.read().split()[1]) / 1e9
    except (OSError, IndexError):
        return 0.0


class Job:
    """One job from its start to its end. With `keep` its process lives on, frozen, if all goes well."""

    def __init__(self, program: Program, state: Server | None, limits: dict[str, Any], *, keep: bool = False) -> None:
        self.program, self.state, self.limits, self.keep = program, state, limits, keep
        self.output = bytearray()
        self.inbox = Inbox(SMALL)
        self.told: list[Any] = []
        self.journal: dict[str, Any] = {}
        self.cause: str | None = None
        """The status with which it is ended from outside."""
        self.died = False
        self.alive = True
        """Whether the process lives on."""

    def run(self, job: Any) -> dict[str, Any]:
        """Do it; how it ended."""
        self.started = time.monotonic()
        self.before = self.program.cpu() if self.keep else 0.0
        self.tools_before = waited(self.state.pid) if self.state else 0.0
        kills = kills_for_memory()
        if self.state:
            self.state.channel.send(
                {"op": "serve", "checks": job["mode"] == "evaluate"}, [self.program.tools.fileno()]
            )
        if self.keep:
            self.program.signal(signal.SIGCONT)
        self._follow(pack(job))
        if self.keep and self.told and not self.cause:
            cpu, ending = self._spent(), None
            self.program.signal(signal.SIGSTOP)
            self._drain()
        if self.cause or not (self.keep and self.told):
            ending = self.program.end()
            cpu, self.alive = ending["cpu"] - self.before, False
            self._drain()
        self._stop()
        status, told = self._status(ending, kills)
        if status == "tool_error" and not any(call["error"] for call in self.journal.get("calls", ())):
            status = "exception"  # no tool refused anything: the program raised it by hand
        measured = {"alive": self.alive, "cpu_seconds": cpu, "wall_seconds": time.monotonic() - self.started}
        return told | self.journal | measured | {"status": status, "output": self._text()}

    def _follow(self, pending: bytes) -> None:
        poll = select.poll()
        handlers: dict[int, Callable[[], bool]] = {
            self.program.output.fileno(): self._read_output,
            self.program.reports.fileno(): self._read_reports,
            self.program.handle: self._see_death,
        }
        if self.state:
            handlers[self.state.channel.sock.fileno()] = self._read_journal
        for fd in handlers:
            poll.register(fd, select.POLLIN)
        poll.register(jobs := self.program.jobs.fileno(), select.POLLOUT)
        while not (self.died or self.cause or (self.keep and self.told)):
            for fd, _ in poll.poll(TICK):
                if fd == jobs:
                    try:
                        pending = pending[self.program.jobs.write(pending) :]
                    except OSError:  # it is dead or has closed its end
                        pending = b""
                    if not pending:
                        poll.unregister(fd)
                elif not handlers[fd]():
                    poll.unregister(fd)
            self._look_at_clock()

    def _drain(self) -> None:
        """Take in what has been written before the end."""
        for read in (self._read_output, self._read_reports):
            while self.cause != "output_limit" and read():
                pass

    def _read_output(self) -> bool:
        """Take in a piece; whether there may be more."""
        data = self.program.output.read(1 << 16)
        self.output += data or b""
        if len(self.output) > self.limits["output_bytes"]:
            self.cause = self.cause or "output_limit"
        return bool(data)

    def _read_reports(self) -> bool:
        data = self.program.reports.read(1 << 16)
        try:
            self.told += [unpack(body) for body in self.inbox.feed(data or b"")]
        except Malformed:
            self.cause = self.cause or "bad_result"
        if len(self.told) + bool(self.inbox.rest) > 1:
            self.cause = self.cause or "bad_result"
        self.last = time.monotonic()
        return bool(data)

    def _see_death(self) -> bool:
        self.died = True
        return False

    def _read_journal(self) -> bool:
        """The state process reports when it is told to stop, when no call can come any more, or after a breach."""
        assert self.state
        try:
            self.journal = self.state.channel.receive()[0]
        except (EOFError, OSError) as error:
            raise Trouble(f"the state process is gone ({error!r})") from None
        self.cause = self.cause or self.journal["broke"]
        return False

    def _spent(self) -> float:
        return self.program.cpu() - self.before

    def _look_at_clock(self) -> None:
        now, limits = time.monotonic(), self.limits
        if self.told and not self.died and not self.keep and now - self.last > GRACE:
            self.cause = self.cause or "bad_result"
        if now - self.started < limits["cpu_seconds"] / 2:
            return
        late = now - self.started - limits["wall_seconds"]
        if self._spent() > limits["cpu_seconds"] or (late > 0 and late > self._excused()):
            self.cause = self.cause or "timeout"

    def _excused(self) -> float:
        """Seconds that the program, or a tool for it, waited for a core, unless it may have brought that about."""
        if not self.program.alone():
            return 0.0
        tools = waited(self.state.pid) - self.tools_before if self.state else 0.0
        return min(waited(self.program.pid) + tools, 2.0 * float(self.limits["wall_seconds"]))

    def _stop(self) -> None:
        """Have the journal of the state process. If that hangs in a tool it is lost."""
        if self.state and not self.journal:
            try:
                self.journal = self.state.ask({"op": "stop"}, patience=2)
                self.cause = self.cause or self.journal["broke"]
            except TimeoutError:
                self.cause = self.state.lost = "timeout"
                self.state.end()

    def _text(self) -> str:
        """The output's head and tail, and how much was left out between them."""
        half, data = self.limits["output_kept"] // 2, self.output
        gap = f"\n[… {len(data) - 2 * half} bytes left out …]\n".encode() if len(data) > 2 * half else b""
        return (data[:half] + gap + data[max(half, len(data) - half) :]).decode("utf-8", "replace")

    def _status(self, ending: dict[str, Any] | None, kills: int) -> tuple[str, dict[str, Any]]:
        if self.cause:
            return self.cause, {}
        if ending is None or (self.told and not self.inbox.rest and ending["status"] == 0):
            return (self.told[0]["status"], self.told[0]) if sound(self.told[0]) else ("bad_result", {})
        code = ending["status"]
        if self.told or self.inbox.rest or code == NO_REPORT << 8:
            return "bad_result", {}
        if not os.WIFSIGNALED(code):
            return "exit", {}
        killed = os.WTERMSIG(code) == signal.SIGKILL
        if os.WTERMSIG(code) == signal.SIGXCPU or (killed and ending["cpu"] >= self.limits["cpu_seconds"]):
            return "timeout", {}
        if not killed:
            return "crash", {}
        return "oom" if kills_for_memory() > kills else "killed", {}


def kills_for_memory() -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for path in ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"):
        try:
            with open(path, encoding="ascii") as file:
                return int(dict(line.split() for line in file)["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return 0


_TEXT = {"type": str, "message": str, "traceback": str}
_REPORT = {"status": str, "result": str, "shown": str, "verdict": bool, "problems": list, "exception": dict}


def sound(told: Any) -> bool:
    """Whether a report says what a report may say. Anyone in the process could have written it."""
    if not isinstance(told, dict) or not isinstance(told.get("status"), str) or told["status"] not in STATUSES:
        return False
    if not all(isinstance(value, _REPORT.get(key, ())) for key, value in told.items()):
        return False
    raised = told.get("exception", {"bases": []} | dict.fromkeys(_TEXT, ""))
    bases = raised.pop("bases", None)
    whole = set(raised) == set(_TEXT) and all(isinstance(raised[key], kind) for key, kind in _TEXT.items())
    raised["bases"] = bases
    return whole and isinstance(bases, list) and all(isinstance(name, str) for name in bases)

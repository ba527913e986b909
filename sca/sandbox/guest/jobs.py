"""Follows one job on a code process to its end, within its limits, and says how it ended."""

import contextlib
import io
import os
import select
import signal
import socket
import time
from collections.abc import Callable, Generator
from typing import Any

from sca.sandbox.guest.frames import SMALL, Channel, Inbox, Malformed, pack
from sca.sandbox.guest.loop import Loop

GRACE = 1.0
"""Seconds that a process may live on after its report."""
HUNG = 2.0
"""Seconds that a tool may take to return after its program's end."""
EXCUSED = 20.0
"""Seconds of waiting for a core that are excused besides twice the wall time; beyond that the machine starves."""


class Trouble(Exception):
    """The machinery failed; the host hears of it and gives the container up."""


class Refusal(Exception):
    """There is no room now; the container is sound."""


class Server:
    """A process that we trust and that answers one question at a time, seen from the supervisor."""

    def __init__(self, channel: Channel, pid: int = 0) -> None:
        self.channel, self.pid, self.handle = channel, pid, open_handle(pid) if pid else None
        self.lost: str | None = None
        """Why it is no longer there, if a program that it served is to blame."""

    def tell(self, message: Any, *fds: int) -> None:
        """Send it something; the descriptors are closed here."""
        try:
            self.channel.send(message, fds)
        except OSError as error:
            raise Trouble(f"a process inside the container is gone ({error!r})") from None
        finally:
            for fd in fds:
                os.close(fd)

    def hear(self) -> dict[str, Any]:
        """What it says next."""
        try:
            return dict(self.channel.receive()[0])
        except (EOFError, OSError) as error:
            raise Trouble(f"a process inside the container is gone ({error!r})") from None

    def ask(self, message: Any) -> dict[str, Any]:
        """Its answer."""
        self.tell(message)
        return self.hear()

    def end(self) -> None:
        """End a state process; it leaves when nobody talks to it any more, unless it hangs."""
        if self.pid:
            if self.lost:
                kill(self.pid, self.handle)
            if self.handle is not None:
                os.close(self.handle)
            self.channel.sock.close()
            self.pid = 0


def open_handle(pid: int) -> int | None:
    """A descriptor of the process; None where the kernel, or what plays one, has none of these."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise Trouble("a process inside the container is gone") from None
    except OSError:
        return None


def kill(pid: int, handle: int | None) -> None:
    """Kill one process."""
    with contextlib.suppress(ProcessLookupError):
        if handle is None:
            os.kill(pid, signal.SIGKILL)
        else:
            signal.pidfd_send_signal(handle, signal.SIGKILL)


class Program:
    """A live code process, seen from the supervisor."""

    def __init__(self, template: Server, jobs: int = 1) -> None:
        """Ask for one that waits for the first of so many jobs; it is there at `begin`."""
        self.template = template
        self.pid: int = 0
        self.handle: int | None = None
        (job, ours), (report, reporting), (output, printing) = os.pipe(), os.pipe(), os.pipe()
        self.tools, tools = socket.socketpair()
        self.jobs, self.reports, self.output = io.FileIO(ours, "w"), io.FileIO(report), io.FileIO(output)
        template.tell({"op": "fork", "jobs": jobs}, job, reporting, tools.detach(), printing)
        for fd in (ours, report, output):
            os.set_blocking(fd, False)

    def begin(self, pid: int) -> None:
        """Take note of its birth, or with 0 that there was none."""
        self.pid, self.handle = pid, open_handle(pid) if pid else None

    def signal(self, number: int) -> None:
        """Send a signal to everything that runs under its uid."""
        self._ask("signal", signal=number)

    def end(self) -> dict[str, Any]:
        """Kill everything that runs under its uid; how its first process ended, unless that was told before."""
        ending = self._ask("end")
        self.pid = 0
        if self.handle is not None:
            os.close(self.handle)
        if not ending["gone"]:
            raise Trouble("a program could not be killed")
        return ending

    def discard(self) -> None:
        """End it, if it lives, and close what is left of it."""
        if self.pid:
            self.end()
        for end in (self.jobs, self.reports, self.output, self.tools):
            end.close()

    def cpu(self) -> float:
        """Seconds of CPU time of all its threads."""
        fields = self.stat()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK") if fields else 0.0

    def dead(self) -> bool:
        """Whether it has ended; nobody collects it before `end`."""
        return self.stat()[:1] in (["Z"], ["X"], []) if self.handle is None else readable(self.handle)

    def alone(self) -> bool:
        """Whether it has neither threads nor other processes that could keep it from a core."""
        fields = self.stat()  # one so young that it has not yet changed its uid is not counted
        return bool(fields) and int(fields[17]) == 1 and self._ask("count")["count"] <= 1

    def stat(self) -> list[str]:
        """What the kernel says of it, from its state on."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as file:
                return file.read().rpartition(")")[2].split()
        except OSError:
            return []

    def _ask(self, operation: str, **more: Any) -> dict[str, Any]:
        return self.template.ask({"op": operation, "pid": self.pid, **more})


def waited(pid: int) -> float:
    """Seconds that the first threads of a process and of its children have waited for a core."""
    pids, seconds = [str(pid)], 0.0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        pids += file.read().split()
    for one in pids:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{one}/schedstat", encoding="ascii") as file:
            seconds += int(file.read().split()[1]) / 1e9
    return seconds


def readable(fd: int) -> bool:
    """Whether something can be read there now, or there is its end."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


class Job:
    """One job from its start to its end. With `keep` its process lives on, frozen, if all goes well."""

    def __init__(
        self, loop: Loop, program: Program, state: Server | None, limits: dict[str, Any], *, keep: bool = False
    ) -> None:
        self.loop, self.program, self.state, self.limits, self.keep = loop, program, state, limits, keep
        self.output = bytearray()
        self.inbox = Inbox(SMALL)
        self.told: list[bytes] = []
        self.journal: dict[str, Any] = {}
        self.cause: str | None = None
        """The status with which it is ended from outside."""
        self.died = False
        self.excused = 0.0
        """Seconds of waiting for a core, when they were last looked up."""

    def run(self, job: dict[str, Any]) -> Generator[None, None, dict[str, Any]]:
        """Do it; what there is to say of its end."""
        self.started = self.last = time.monotonic()
        self.before = self.program.cpu() if self.keep else 0.0
        self.tools_before = waited(self.state.pid) if self.state else 0.0
        kills = kills_for_memory()
        self.pending = pack(job)
        self._write_job()
        if self.state:
            tools = self.program.tools.fileno() if self.keep else self.program.tools.detach()
            self.state.tell(
                {"op": "serve", "check": job["mode"] == "evaluate"}, os.dup(tools) if self.keep else tools
            )
            self.loop.watch(self.state.channel.sock.fileno(), self._read_journal)
        if self.keep:
            self.program.signal(signal.SIGCONT)
        yield from self._follow()
        cpu, code, modest = 0.0, None, False
        if self.keep and self.told and not self.cause:
            cpu = self._spent()
            self.program.signal(signal.SIGSTOP)
            self._drain()
        if self.cause or not (self.keep and self.told):
            ending = self.program.end()
            cpu, code, modest = ending["cpu"] - self.before, ending["status"], ending["modest"]
            self._drain()
        yield from self._await_journal()
        if self.inbox.rest or len(self.told) > 1:
            self.cause = self.cause or "bad_result"
        if code is not None:
            self.program.discard()
        if self.cause == "starved":
            raise Refusal("the machine is too busy: a program waited too long for a core")
        return {
            **self.journal, "cause": self.cause, "code": code, "cpu_seconds": cpu, "output": self._text(),
            "report": self.told[0].decode("utf-8", "replace") if self.told else None,
            "hungry": kills_for_memory() > kills, "modest": modest, "wall_seconds": time.monotonic() - self.started,
        }  # fmt: skip

    def _follow(self) -> Generator[None, None, None]:
        """Until it has died, or has done this job, or is to be ended."""
        program = self.program
        watched: dict[int, Callable[[], bool]] = {
            program.output.fileno(): self._read_output,
            program.reports.fileno(): self._read_reports,
        }
        if program.handle is not None:
            watched[program.handle] = self._see_death
        for fd, see in watched.items():
            self.loop.watch(fd, see)
        jobs = program.jobs.fileno()
        if self.pending:
            self.loop.watch(jobs, self._write_job, select.POLLOUT)
        while not (self.died or self.cause or (self.keep and self.told)):
            yield
            self._look_at_clock()
        self.loop.forget(jobs, *watched)

    def _write_job(self) -> bool:
        try:
            self.pending = self.pending[self.program.jobs.write(self.pending) or 0 :]
        except OSError:  # it is dead or has closed its end
            self.pending = b""
        return bool(self.pending)

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
            self.told += self.inbox.feed(data or b"")
        except Malformed:
            self.cause = self.cause or "bad_result"
        if len(self.told) + bool(self.inbox.rest) > 1:
            self.cause = self.cause or "bad_result"
        if data:
            self.last = time.monotonic()
        return bool(data)

    def _see_death(self) -> bool:
        self.died = True
        return False

    def _read_journal(self) -> bool:
        """The state process reports when it is told to stop, when no call can come any more, or after a breach."""
        assert self.state
        self.journal = self.state.hear()
        self.cause = self.cause or self.journal.pop("broke")
        return False

    def _spent(self) -> float:
        return self.program.cpu() - self.before

    def _look_at_clock(self) -> None:
        if self.program.handle is None:
            self.died = self.program.dead()
        told, late = len(self.told), self._overdue()
        if late and not self.died:
            # This process may have waited for a core itself, and not have seen what came in time.
            while not self.cause and self._read_reports():
                pass
            self.died = self.program.dead()
            if not self.died and len(self.told) == told:
                self.cause = self.cause or late

    def _overdue(self) -> str | None:
        """What is to be said of it if it goes on."""
        now, limits = time.monotonic(), self.limits
        if now - self.started > limits["cpu_seconds"] / 2 and self._spent() > limits["cpu_seconds"]:
            return "timeout"
        if self.told and not self.keep:
            return self._unless_starved("bad_result", now - self.last - GRACE)
        return self._unless_starved("timeout", now - self.started - limits["wall_seconds"])

    def _unless_starved(self, cause: str, late: float) -> str | None:
        """The cause, if it is too late even less the time that it, or a tool for it, waited for a core.

        A program that may have brought that about is not excused.
        """
        if late > self.excused:
            self.excused = waited(self.program.pid) + self._tools_waited() if self.program.alone() else 0.0
        return self._judged(cause, late, self.excused)

    def _judged(self, cause: str, late: float, excused: float) -> str | None:
        if late > max(excused, 0.0):
            return cause
        return "starved" if late > EXCUSED + 2.0 * float(self.limits["wall_seconds"]) else None

    def _tools_waited(self) -> float:
        return waited(self.state.pid) - self.tools_before if self.state else 0.0

    def _await_journal(self) -> Generator[None, None, None]:
        """Have the journal of the state process. If that hangs in a tool it is lost."""
        if not self.state:
            return
        asked, before, fd = time.monotonic(), self._tools_waited(), self.state.channel.sock.fileno()
        if not (self.keep or self.journal):  # it hears by itself that nobody is left who could call
            yield
        if not self.journal:
            self.state.tell({"op": "stop"})
        hung = None
        while not (self.journal or hung):
            yield
            late = time.monotonic() - asked - HUNG
            hung = self._judged("timeout", late, self._tools_waited() - before if late > 0 else 0.0)
            if hung and not self.journal and readable(fd):
                self._read_journal()
        self.loop.forget(fd)
        if not self.journal:
            self.cause = self.state.lost = "timeout"
            self.state.end()
            if hung == "starved":
                raise Trouble("the machine is too busy: a tool waited too long for a core")

    def _text(self) -> str:
        """The output's head and tail, and how much was left out between them."""
        half, data = self.limits["output_kept"] // 2, self.output
        gap = f"\n[… {len(data) - 2 * half} bytes left out …]\n".encode() if len(data) > 2 * half else b""
        return (data[:half] + gap + data[max(half, len(data) - half) :]).decode("utf-8", "replace")


def kills_for_memory() -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for path in ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events"):
        try:
            with open(path, encoding="ascii") as file:
                return int(dict(line.split() for line in file)["oom_kill"])
        except (OSError, KeyError, ValueError):
            continue
    return 0

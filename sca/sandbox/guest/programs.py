"""The processes that the supervisor has to do with: those that we trust, and the one that runs a program."""

import contextlib
import io
import os
import select
import signal
import socket
import time

from sca.sandbox.guest import confine
from sca.sandbox.guest.frames import REPLY, Channel

KILLS = ("/sys/fs/cgroup/memory/memory.oom_control", "/sys/fs/cgroup/memory.events")
"""Where the kernel says how many processes of this container it has killed for want of memory."""
TRIES, PAUSE = 10, 0.0003
"""How often in a row, and after how many seconds, all of a uid are told to stop; then others have their turn."""


class Refusal(Exception):
    """There is no room now; the container is sound. Of any other exception the host hears, and gives it up."""


class Server:
    """A process that we trust and that does one thing at a time, seen from the supervisor."""

    def __init__(self, channel: Channel, pid: int = 0) -> None:
        self.channel, self.pid, self.handle = channel, pid, open_handle(pid) if pid else None
        self.lost = False
        """Whether it is no longer there, since a tool hung."""

    def order(self, name: str, number: int = 0, *fds: int) -> None:
        """Tell it what to do; the descriptors are closed here."""
        try:
            self.channel.order(name, number, fds)
        finally:
            for fd in fds:
                os.close(fd)

    def reply(self) -> tuple[int, int, float]:
        """A fork server's answer to an order."""
        return REPLY.unpack(self.channel.exactly(REPLY.size))

    def end(self) -> None:
        """End a state process; it leaves when nobody talks to it any more, unless it hangs."""
        if self.pid:
            if self.lost:
                kill(self.pid, self.handle)
            if self.handle is not None:
                os.close(self.handle)
            self.channel.sock.close()
            self.pid = 0


class Template(Server):
    """The fork server of programs, and the uids that are taken."""

    def __init__(self, channel: Channel, base: int) -> None:
        super().__init__(channel)
        self.base, self.taken = base, set[int]()


class Program:
    """A live code process, seen from the supervisor."""

    def __init__(self, template: Template) -> None:
        """Ask for one; it is there at `begin`."""
        self.template, self.slot = template, min({*range(1, len(template.taken) + 2)} - template.taken)
        template.taken.add(self.slot)
        self.uid = template.base + self.slot
        self.pid: int = 0
        self.handle: int | None = None
        self.single = True
        """Whether it was never seen with threads or children."""
        self.kills = kills_for_memory()
        """How many there were when it was last known to live: it may be killed while it stands still, too."""
        (job, ours), (report, reporting), (output, printing) = os.pipe(), os.pipe(), os.pipe()
        self.tools, tools = socket.socketpair()
        self.jobs, self.reports, self.output = io.FileIO(ours, "w"), io.FileIO(report), io.FileIO(output)
        template.order("fork", self.slot, job, reporting, tools.detach(), printing)
        for fd in (ours, report, output):
            os.set_blocking(fd, False)

    def begin(self, pid: int) -> None:
        """Take note of its birth."""
        self.pid, self.handle = pid, open_handle(pid)

    def signal(self, number: int) -> None:
        """Send a signal to everything that runs under its uid."""
        confine.signal_all(self.uid, self.template.base, number)

    def freeze(self) -> bool:
        """Stop everything that runs under its uid; False while something there still runs.

        One that has not yet stopped may wake others, so all are told again until two looks find nothing running.
        """
        still = 0
        for _ in range(TRIES):
            self.signal(signal.SIGSTOP)
            stands, threads = confine.standing_still(self.uid)
            self.single &= threads <= 1
            still = still + 1 if stands else 0
            if still == 2:
                return True
            time.sleep(0 if stands else PAUSE)
        return False

    def end(self) -> tuple[int, int, float]:
        """Kill everything that runs under its uid; how its first process ended, kilobytes, and seconds of CPU time.

        The kilobytes are 0 where others of its uid were left.
        """
        self.template.order("reap", self.pid)
        status, size, cpu = self.template.reply()
        alone = not confine.members(self.uid)
        gone = alone or confine.sweep(self.uid, self.template.base)
        self.pid = 0
        if self.handle is not None:
            os.close(self.handle)
        if not gone:
            raise RuntimeError("a program could not be killed")
        return status, size if alone else 0, cpu

    def discard(self) -> None:
        """End it, if it lives, and close what is left of it."""
        if self.pid:
            self.end()
        self.template.taken.discard(self.slot)
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
        """Whether it has neither threads nor other processes that could keep it from a core; `single` remembers."""
        fields = self.stat()  # one so young that it has not yet changed its uid is not counted
        alone = bool(fields) and int(fields[17]) == 1 and len(confine.members(self.uid)) <= 1
        self.single &= alone or not fields
        return alone

    def stat(self) -> list[str]:
        """What the kernel says of it, from its state on."""
        try:
            with open(f"/proc/{self.pid}/stat", encoding="utf-8", errors="replace") as file:
                return file.read().rpartition(")")[2].split()
        except OSError:
            return []


def open_handle(pid: int) -> int | None:
    """A descriptor of the process; None where the kernel, or what plays one, has none of these."""
    try:
        return os.pidfd_open(pid)
    except ProcessLookupError:
        raise
    except OSError:
        return None


def kill(pid: int, handle: int | None) -> None:
    """Kill one process."""
    with contextlib.suppress(ProcessLookupError):
        if handle is None:
            os.kill(pid, signal.SIGKILL)
        else:
            signal.pidfd_send_signal(handle, signal.SIGKILL)


def readable(fd: int) -> bool:
    """Whether something can be read there now, or there is its end."""
    poll = select.poll()
    poll.register(fd, select.POLLIN)
    return bool(poll.poll(0))


def kills_for_memory() -> int:
    """How many processes of this container the kernel has killed for want of memory."""
    for path in KILLS:
        with contextlib.suppress(OSError, ValueError), open(path, "rb", buffering=0) as file:
            words = file.read(1 << 12).split()
            return int(words[words.index(b"oom_kill") + 1])
    return 0

"""When a job is too late: by CPU time, and by the clock less what it waited for a core."""

import contextlib
import time
from typing import Any

from sca.sandbox.guest.programs import Program, Server

GRACE = 1.0
"""Seconds that a process may live on after its report."""
HUNG = 2.0
"""Seconds that a tool may take to return after its program's end."""
EXCUSED = 20.0
"""Seconds of waiting for a core that are excused besides twice the wall time; beyond that the machine starves."""
SOON = 0.05
"""Seconds within which nobody looks for threads and children."""


class Clock:
    """The time that one job takes."""

    def __init__(self, program: Program, state: Server | None, limits: dict[str, Any], *, keep: bool) -> None:
        self.program, self.state, self.limits, self.keep = program, state, limits, keep
        self.started = self.last = time.monotonic()
        self.before = program.cpu() if keep else 0.0
        self.tools_before = waited(state.pid) if state else 0.0
        self.excused = 0.0
        """Seconds of waiting for a core, when they were last looked up."""

    def cpu(self) -> float:
        """Seconds of CPU time for this job."""
        return self.program.cpu() - self.before

    def overdue(self, *, told: bool) -> str | None:
        """What is to be said of it if it goes on; `told`: it has reported, and should be gone."""
        now, limits = time.monotonic(), self.limits
        if now - self.started > SOON:
            self.program.alone()  # for `single`
        if now - self.started > limits["cpu_seconds"] / 2 and self.cpu() > limits["cpu_seconds"]:
            return "timeout"
        if told and not self.keep:
            return self._unless_starved("bad_result", now - self.last - GRACE)
        return self._unless_starved("timeout", now - self.started - limits["wall_seconds"])

    def _unless_starved(self, cause: str, late: float) -> str | None:
        """The cause, if it is too late even less the time that it, or a tool for it, waited for a core.

        A program that may have brought that about is not excused.
        """
        if late > self.excused:
            self.excused = waited(self.program.pid) + self.tools_waited() if self.program.alone() else 0.0
        return self.judged(cause, late, self.excused)

    def judged(self, cause: str, late: float, excused: float) -> str | None:
        """The cause, or `starved` where so much waiting is nobody's fault."""
        if late > max(excused, 0.0):
            return cause
        return "starved" if late > EXCUSED + 2.0 * float(self.limits["wall_seconds"]) else None

    def tools_waited(self) -> float:
        """Seconds that the tools have waited for a core."""
        return waited(self.state.pid) - self.tools_before if self.state else 0.0


def waited(pid: int) -> float:
    """Seconds that the first threads of a process and of its children have waited for a core."""
    pids, seconds = [str(pid)], 0.0
    with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as file:
        pids += file.read().split()
    for one in pids:
        with contextlib.suppress(OSError, IndexError), open(f"/proc/{one}/schedstat", encoding="ascii") as file:
            seconds += int(file.read().split()[1]) / 1e9
    return seconds

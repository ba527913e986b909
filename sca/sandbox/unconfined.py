"""The guest's supervisor without confinement, for the double: every process keeps the uid that started it.

No part of an image. A program's process group stands where its uid would.
"""

import contextlib
import ctypes
import os
import signal
from typing import Any

from sca.sandbox.guest import confine, programs, supervisor, template

PR_SET_CHILD_SUBREAPER = 36


def main() -> None:
    """Be to orphans what PID 1 is in a container, and for the rest do as the supervisor does."""
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    begin, fork_programs = programs.Program.begin, template.main

    def begin_group(program: programs.Program, pid: int) -> None:
        begin(program, pid)
        program.uid = pid

    def fork_and_take_along(*setup: Any) -> None:
        fork_programs(*setup)
        with open(f"/proc/self/task/{os.getpid()}/children", encoding="ascii") as file:
            for pid in file.read().split():
                _signal_group(int(pid), 0, signal.SIGKILL)

    instead = {
        (confine, "become"): lambda uid: None,
        (confine, "limit_program"): lambda limits: None,  # the user has other processes, which would count
        (confine, "signal_all"): _signal_group,
        (confine, "members"): _members,
        (programs.Program, "begin"): begin_group,
        (template, "main"): fork_and_take_along,
    }
    for (owner, name), function in instead.items():
        setattr(owner, name, function)
    supervisor.main()


def _signal_group(group: int, base: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.killpg(group, number)


def _members(group: int) -> list[str]:
    found = []
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            if os.getpgid(int(entry)) == group:
                found.append(entry)
    return found

"""How a process comes to be, what it gives up, and how everything that runs under a uid is ended."""

import contextlib
import errno
import importlib
import math
import os
import resource
import signal
import sys
import time
from collections.abc import Callable, Iterable
from typing import Any

SWEEPER = 4095
"""Offset of the uid that nothing runs under; it lets a sweep reach one uid without being reachable from it."""
STATE = 4094
"""Offset of the uid of the state processes."""
MOST_JOBS = 64
"""How many jobs' CPU time the kernel gives a process; a parser serves so many tasks."""
NO_REPORT = 97
"""Exit code of a process that ended without having said so."""


def without_hooks(names: Iterable[str]) -> list[dict[str, Callable[[], object]]]:
    """Import modules; give back what they would have every forked child do first, which costs more than the fork.

    One that forks while it has a single thread does without; a program gets them, for it may have several.
    """
    hooks: list[dict[str, Callable[[], object]]] = []
    register, os.register_at_fork = os.register_at_fork, lambda **hook: hooks.append(hook)
    try:
        for name in names:
            importlib.import_module(name)
    finally:
        os.register_at_fork = register
    return hooks


def fork(work: Callable[[], None]) -> int:
    """Fork a process that does `work`; its pid, or minus the error's number where the kernel refuses."""
    try:
        pid = os.fork()
    except OSError as error:
        return -(error.errno or errno.EAGAIN)
    if pid == 0:
        try:
            work()
        except BaseException:  # noqa: BLE001 - the last words of a process
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(NO_REPORT)
    return pid


def become(uid: int) -> None:
    """Change to a uid without a way back; every capability goes with the old one."""
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)


def limit_memory(allowance: int) -> None:
    """Bound the address space to what is in use now and `allowance` bytes more."""
    with open("/proc/self/statm", "rb", buffering=0) as file:
        used = int(file.read(256).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    limit(resource.RLIMIT_AS, used + allowance)


def limit_heirs(limits: dict[str, Any]) -> None:
    """Limits of this process which are meant for those that it forks."""
    limit_memory(limits["memory_bytes"])
    limit(resource.RLIMIT_NOFILE, 64)
    limit(resource.RLIMIT_STACK, 8 << 20)
    for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK):
        limit(kind, 0)
    with contextlib.suppress(ValueError):  # gVisor has neither this limit nor such queues
        limit(resource.RLIMIT_MSGQUEUE, 0)


def limit_program(limits: dict[str, Any]) -> None:
    """The other limits of a code process."""
    limit_time(limits, MOST_JOBS)
    limit(resource.RLIMIT_NPROC, limits["processes"])


def limit_time(limits: dict[str, Any], jobs: int = 1) -> None:
    """Bound the CPU time of this process, and of each child, to that of so many jobs.

    It is for the children; of the process itself the supervisor sees to it. The kernel goes by the ticks of the clock
    at which it found the process running, which among many that run briefly are half as much again as its time.
    """
    limit(resource.RLIMIT_CPU, 2 * math.ceil(limits["cpu_seconds"] * jobs) + 1)


def limit(kind: int, value: int) -> None:
    """Set a limit for good, or leave a lower one."""
    _, hard = resource.getrlimit(kind)
    value = value if hard == resource.RLIM_INFINITY else min(value, hard)
    resource.setrlimit(kind, (value, value))


def first_to_go(pid: int) -> None:
    """Have the kernel choose this process before any other when memory runs out."""
    score = os.open(f"/proc/{pid}/oom_score_adj", os.O_WRONLY)
    try:
        os.write(score, b"1000")
    except OSError as error:
        if error.errno != errno.EFBIG:  # so says gVisor, which is killed as a whole if at all
            raise
    os.close(score)


def signal_all(uid: int, base: int, number: int) -> None:
    """Send a signal to every process of a uid at once.

    For the moment of the call the effective uid is the target's and the real uid one that nobody runs under:
    the kernel then lets the signal reach exactly that uid, and nobody there can send one back. The kernel sends it
    to all of them before any can fork again, so none escapes.
    """
    os.setresuid(base + SWEEPER, uid, 0)
    try:
        os.kill(-1, number)
    except ProcessLookupError:
        pass
    finally:
        os.setresuid(0, 0, 0)


def members(uid: int) -> list[str]:
    """The processes of a uid, the dead that nobody has collected included."""
    found = []
    with contextlib.suppress(ProcessLookupError):
        os.getpriority(os.PRIO_USER, uid)  # says at once if there is none
        for entry in filter(str.isdigit, os.listdir("/proc")):
            with contextlib.suppress(OSError):
                if os.stat(f"/proc/{entry}").st_uid == uid:
                    found.append(entry)
    return found


def standing_still(uid: int) -> tuple[bool, int]:
    """Whether every thread of a uid is stopped or dead, and how many there are."""
    states = ""
    for entry in members(uid):
        try:
            for thread in os.listdir(f"/proc/{entry}/task"):
                with open(f"/proc/{entry}/task/{thread}/stat", "rb", buffering=0) as file:
                    states += chr(file.read(256).rpartition(b")")[2][1])
        except OSError:  # one has gone meanwhile, and others of its process may not have been looked at
            states += "R"
    return not states.strip("TZX"), len(states)


def sweep(uid: int, base: int) -> bool:
    """Kill all of a uid; False if something is still there after ten seconds: the dying need a core, too."""
    deadline, pause = time.monotonic() + 10, 0.0001
    while members(uid):
        signal_all(uid, base, signal.SIGKILL)
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.005)
    return True

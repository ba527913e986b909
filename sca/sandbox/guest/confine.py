"""What a forked process gives up, and how everything that runs under a uid is ended."""

import contextlib
import math
import os
import resource
import signal
import time
from collections.abc import Iterable
from typing import Any

SWEEPER = 4095
"""Offset of the uid that nothing runs under; it lets a sweep reach one uid without being reachable from it."""
STATE = 4094
"""Offset of the uid of the state processes."""


def close_all_but(kept: Iterable[int]) -> None:
    """Close every descriptor above 2 that is not listed."""
    low = 3
    for fd in [*sorted(fd for fd in kept if fd > 2), 1 << 16]:
        os.closerange(low, fd)
        low = fd + 1


def become(uid: int | None) -> None:
    """Change to a uid without a way back; every capability goes with the old one. None: a double, stay."""
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)


def limit_memory(allowance: int) -> None:
    """Bound the address space to what is in use now and `allowance` bytes more."""
    statm = os.open("/proc/self/statm", os.O_RDONLY)
    used = int(os.read(statm, 256).split()[0]) * os.sysconf("SC_PAGE_SIZE")
    os.close(statm)
    _limit(resource.RLIMIT_AS, used + allowance)


def limit_program(limits: dict[str, Any], *, alone: bool) -> None:
    """The limits of a code process. Not `alone`, in a double, the uid has other processes that would count too."""
    cpu = math.ceil(limits["cpu_seconds"] * limits["jobs"])  # for its children; of itself the supervisor sees to it
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu + 1))
    limit_memory(limits["memory_bytes"])
    if alone:
        _limit(resource.RLIMIT_NPROC, limits["processes"])
    _limit(resource.RLIMIT_NOFILE, 64)
    _limit(resource.RLIMIT_STACK, 8 << 20)
    for kind in (resource.RLIMIT_FSIZE, resource.RLIMIT_CORE, resource.RLIMIT_MEMLOCK, resource.RLIMIT_MSGQUEUE):
        _limit(kind, 0)


def _limit(kind: int, value: int) -> None:
    _, hard = resource.getrlimit(kind)
    if hard != resource.RLIM_INFINITY:
        value = min(value, hard)
    resource.setrlimit(kind, (value, value))


def first_to_go() -> None:
    """Have the kernel choose this process before any other when memory runs out."""
    score = os.open("/proc/self/oom_score_adj", os.O_WRONLY)
    os.write(score, b"1000")
    os.close(score)


def signal_all(uid: int | None, base: int, group: int, number: int) -> None:
    """Send a signal to every process of a uid at once. A double knows only the process group.

    For the moment of the call the effective uid is the target's and the real uid one that nobody runs under:
    the kernel then lets the signal reach exactly that uid, and nobody there can send one back. The kernel sends it
    to all of them before any can fork again, so none escapes.
    """
    if uid is None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, number)
        return
    os.setresuid(base + SWEEPER, uid, 0)
    try:
        os.kill(-1, number)
    finally:
        os.setresuid(0, 0, 0)


def count(uid: int | None, group: int) -> int:
    """How many processes of a uid there are, the dead that nobody has collected included."""
    try:  # one system call says whether there is any
        os.getpriority(os.PRIO_PGRP if uid is None else os.PRIO_USER, group if uid is None else uid)
    except ProcessLookupError:
        return 0
    found = 0
    for entry in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            found += os.getpgid(int(entry)) == group if uid is None else os.stat(f"/proc/{entry}").st_uid == uid
    return found


def sweep(uid: int | None, base: int, group: int) -> bool:
    """Kill all of a uid; False if something is still there after two seconds."""
    deadline = time.monotonic() + 2
    pause = 0.0001
    while True:
        signal_all(uid, base, group, signal.SIGKILL)
        if not count(uid, group):
            return True
        if time.monotonic() > deadline:
            return False
        time.sleep(pause)
        pause = min(2 * pause, 0.005)

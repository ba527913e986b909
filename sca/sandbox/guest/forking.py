"""Forking a worker that the supervisor talks to directly."""

import os
from collections.abc import Callable

from sca.sandbox.guest import confine
from sca.sandbox.guest.frames import Channel


def fork(control: Channel, fd: int, work: Callable[[Channel], None]) -> None:
    """Fork a process that does `work` over `fd`; answer with its pid and a handle on it."""
    while _reaped():
        pass
    pid = os.fork()
    if pid == 0:
        try:
            confine.close_all_but([fd])
            work(Channel.of(fd))
        finally:
            os._exit(0)
    os.close(fd)
    handle = os.pidfd_open(pid)
    control.send({"pid": pid}, [handle])
    os.close(handle)


def _reaped() -> bool:
    try:
        return os.waitpid(-1, os.WNOHANG)[0] != 0
    except ChildProcessError:
        return False

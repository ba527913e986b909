"""Forking a process that the supervisor then talks to directly."""

import os
import sys
from collections.abc import Callable, Sequence

from sca.sandbox.guest import confine
from sca.sandbox.guest.frames import Channel

NO_REPORT = 97
"""Exit code of a process that ended without having said so."""


def fork(control: Channel, fds: Sequence[int], work: Callable[[], None]) -> int:
    """Fork a process that has only these descriptors and does `work`; its pid, or 0 where the kernel refuses.

    The supervisor is told the pid and given a handle on it. Here the descriptors are closed.
    """
    try:
        pid = os.fork()
    except OSError as error:
        pid = -1
        control.send({"refused": str(error)})
    if pid == 0:
        try:
            confine.close_all_but(fds)
            work()
        except BaseException:  # noqa: BLE001 - the last words of a process
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(NO_REPORT)
    if pid > 0:
        handle = os.pidfd_open(pid)
        control.send({"pid": pid}, [handle])
        os.close(handle)
    for fd in fds:
        os.close(fd)
    return max(pid, 0)


def collect() -> None:
    """Collect children that have ended."""
    try:
        while os.waitpid(-1, os.WNOHANG)[0]:
            pass
    except ChildProcessError:
        pass

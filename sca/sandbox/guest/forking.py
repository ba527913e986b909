"""How a process comes to be: one that the supervisor knows asks for it by fork, and hands it its descriptors."""

import os
import socket
import sys
from collections.abc import Callable, Sequence

from sca.sandbox.guest.confine import close_all_but
from sca.sandbox.guest.frames import Channel

NO_REPORT = 97
"""Exit code of a process that ended without having said so."""


def fork(control: Channel, fds: Sequence[int], work: Callable[[], None]) -> int:
    """Fork a process that has only these descriptors and does `work`; its pid, or 0 where the kernel refuses.

    The supervisor is told. Here the descriptors are closed.
    """
    try:
        pid = os.fork()
    except OSError as error:
        pid = -1
        control.send({"refused": str(error)})
    if pid == 0:
        try:
            close_all_but(fds)
            work()
        except BaseException:  # noqa: BLE001 - the last words of a process
            sys.excepthook(*sys.exc_info())
        finally:
            os._exit(NO_REPORT)
    if pid > 0:
        control.send({"pid": pid})
    for fd in fds:
        os.close(fd)
    return max(pid, 0)


def channel(fd: int) -> Channel:
    """The channel whose end a descriptor is."""
    return Channel(socket.socket(fileno=fd))

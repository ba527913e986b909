"""A clean template, forked for each program. It never sees the environment, its data or any job.

It stays root so that its children can change to a uid of their own, and so that it can end whatever they leave.
"""

import gc
import importlib
import os
import random
import signal
from functools import partial
from typing import Any

from sca.sandbox.guest import confine, program
from sca.sandbox.guest.forking import fork
from sca.sandbox.guest.frames import Channel

COMMON = (
    "collections",
    "datetime",
    "decimal",
    "functools",
    "itertools",
    "json",
    "math",
    "random",
    "re",
    "statistics",
)
"""What programs import most; here already when they do."""


def main(control: Channel, setup: dict[str, Any]) -> None:
    """Serve requests for code processes until the supervisor is gone, then take them along."""
    for name in COMMON:
        importlib.import_module(name)
    os.environ.clear()
    os.environ.update(TZ="UTC", LANG="C.UTF-8")
    gc.collect()
    gc.freeze()
    base = setup["base"]
    live: dict[int, int | None] = {}
    try:
        while True:
            request, fds = control.receive()
            uid = None if base is None else base + request["slot"]
            match request["op"]:
                case "fork":
                    pid = fork(control, fds, partial(_work, fds, uid, setup["limits"] | request["more"]))
                    if pid:
                        live[pid] = uid
                case "signal":
                    confine.signal_all(uid, base or 0, request["pid"], request["signal"])
                    control.send({})
                case "end":
                    control.send(_end(request["pid"], uid, base or 0))
                    del live[request["pid"]]
    except EOFError:
        for pid, uid in live.items():
            confine.signal_all(uid, base or 0, pid, signal.SIGKILL)
    os._exit(0)


def _work(fds: list[int], uid: int | None, limits: dict[str, Any]) -> None:
    """Give up every right, then be a program's process."""
    os.setsid()
    os.close(0)
    os.dup2(fds[3], 1)
    os.dup2(fds[3], 2)
    os.close(fds[3])
    confine.first_to_go()
    confine.limit_program(limits, alone=uid is not None)
    confine.become(uid)
    random.seed()  # or chance would be the same in every program of a container
    program.serve(program.Ports(*fds[:3]), limits)


def _end(pid: int, uid: int | None, base: int) -> dict[str, Any]:
    """Kill what is left of a program, and say how its first process ended."""
    reaped, status, usage = os.wait4(pid, os.WNOHANG)
    if not reaped:
        os.kill(pid, signal.SIGKILL)  # it may be so young that it has not yet changed its uid
        _, status, usage = os.wait4(pid, 0)
    gone = confine.sweep(uid, base, pid)
    return {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "gone": gone}

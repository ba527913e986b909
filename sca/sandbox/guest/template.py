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

COMMON = "collections datetime decimal functools itertools json math random re statistics"
"""What programs import most; here already when they do."""


def main(control: Channel, setup: dict[str, Any]) -> None:
    """Serve requests for code processes until the supervisor is gone, then take them along."""
    for name in COMMON.split():
        importlib.import_module(name)
    os.environ.clear()
    os.environ.update(TZ="UTC", LANG="C.UTF-8")
    gc.collect()
    gc.freeze()
    base: int | None = setup["base"]
    live: dict[int, int] = {}
    while True:
        try:
            request, fds = control.receive()
        except EOFError:
            break
        if request["op"] == "fork":
            slot = next(n for n in range(1, len(live) + 2) if n not in live.values())
            uid = None if base is None else base + slot
            limits = setup["limits"] | {"jobs": request["jobs"]}
            pid = fork(control, fds, partial(_work, fds, uid, limits))
            live |= {pid: slot} if pid else {}
            continue
        pid = request["pid"]
        uid = None if base is None else base + live[pid]
        match request["op"]:
            case "signal":
                confine.signal_all(uid, base or 0, pid, request["signal"])
                control.send({})
            case "count":
                control.send({"count": confine.count(uid, pid)})
            case "end":
                control.send(_end(pid, uid, base or 0))
                del live[pid]
    for pid, slot in live.items():
        confine.signal_all(None if base is None else base + slot, base or 0, pid, signal.SIGKILL)


def _work(fds: list[int], uid: int | None, limits: dict[str, Any]) -> None:
    """Give up every right, then be a program's process."""
    jobs, reports, tools, output = fds
    os.setsid()
    os.close(0)
    os.dup2(output, 1)
    os.dup2(output, 2)
    os.close(output)
    confine.first_to_go()
    confine.limit_program(limits, alone=uid is not None)
    confine.become(uid)
    random.seed()  # or chance would be the same in every program of a container
    program.serve(jobs, reports, tools, limits)


def _end(pid: int, uid: int | None, base: int) -> dict[str, Any]:
    """Kill what is left of a program, and say how its first process ended."""
    reaped, status, usage = os.wait4(pid, os.WNOHANG)
    if not reaped:
        os.kill(pid, signal.SIGKILL)  # it may be so young that it has not yet changed its uid
        _, status, usage = os.wait4(pid, 0)
    gone = confine.sweep(uid, base, pid)
    return {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "peak": usage.ru_maxrss << 10, "gone": gone}

"""A clean template, forked for each program. It never sees the environment, its data or any job.

It stays root so that its children can change to a uid of their own, and so that it can end whatever they leave.
Whatever can be made ready before a fork is made ready here, once.
"""

import gc
import importlib
import os
import signal
from functools import partial
from typing import Any

from sca.sandbox.guest import confine, program
from sca.sandbox.guest.frames import Channel

COMMON = (
    "threading",
    "collections",
    "datetime",
    "decimal",
    "itertools",
    "json",
    "math",
    "random",
    "re",
    "statistics",
)
"""What programs import most; here already when they do."""
CONTROL = 20
"""Where the supervisor is; the four below 7 are a program's."""
FDS = [program.JOBS, program.REPORTS, program.TOOLS, program.OUTPUT]


def main(control: Channel, setup: dict[str, Any]) -> None:
    """Serve requests for code processes until the supervisor is gone, then take them along."""
    hooks = confine.without_hooks(COMMON)
    os.dup2(control.sock.detach(), CONTROL)
    control = Channel(CONTROL)
    os.closerange(FDS[0], CONTROL)
    os.environ.clear()
    os.environ.update(TZ="UTC", LANG="C.UTF-8")
    limits: dict[str, Any] = setup["limits"]
    tools = control.receive()[0]
    prepared = program.Prepared(tools["families"], tools["checks"], limits)
    confine.limit_heirs(limits)
    reseed = importlib.import_module("random").seed
    gc.freeze()
    gc.enable()
    base: int | None = setup["base"]
    live: dict[int, int] = {}
    while True:
        try:
            request, fds = control.receive()
        except EOFError:
            break
        if request["op"] == "fork":
            assert fds == FDS, fds
            slot = next(n for n in range(1, len(live) + 2) if n not in live.values())
            uid = None if base is None else base + slot
            reseed()  # or chance would be the same in every program of a container
            try:
                pid = confine.fork(partial(_work, uid, request["jobs"], limits, hooks, prepared))
                live[pid] = slot
                control.send({"pid": pid})
            except OSError as error:
                control.send({"refused": str(error)})
            os.closerange(FDS[0], FDS[-1] + 1)
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
                control.send(_end(pid, uid, base or 0, limits["memory_bytes"] // 2))
                del live[pid]
    for pid, slot in live.items():
        confine.signal_all(None if base is None else base + slot, base or 0, pid, signal.SIGKILL)


def _work(
    uid: int | None, jobs: int, limits: dict[str, Any], hooks: list[dict[str, Any]], prepared: program.Prepared
) -> None:
    """Give up every right, then be a program's process."""
    os.setsid()
    os.close(0)
    os.dup2(program.OUTPUT, 1)
    os.dup2(program.OUTPUT, 2)
    os.closerange(program.OUTPUT, 1 << 16)
    confine.first_to_go()
    confine.limit_program(limits, jobs, alone=uid is not None)
    confine.become(uid)
    for hook in hooks:
        os.register_at_fork(**hook)
    prepared.serve()


def _end(pid: int, uid: int | None, base: int, little: int) -> dict[str, Any]:
    """Kill what is left of a program, and say how its first process ended, and whether it was small and alone."""
    reaped, status, usage = os.wait4(pid, os.WNOHANG)
    if not reaped:
        os.kill(pid, signal.SIGKILL)  # it may be so young that it has not yet changed its uid
        _, status, usage = os.wait4(pid, 0)
    killed = reaped and status == signal.SIGKILL
    modest = killed and usage.ru_maxrss << 10 < little and not confine.count(uid, pid)
    gone = confine.sweep(uid, base, pid)
    return {"status": status, "cpu": usage.ru_utime + usage.ru_stime, "gone": gone, "modest": modest}

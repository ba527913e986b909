"""A clean template, forked for each program. It never sees the environment, its data or any job.

It stays root so that its children can change to a uid of their own. Whatever can be made ready before a fork is made
ready here, once; and whatever can be done elsewhere is: each page that it touches after a fork is copied for it.
"""

import gc
import importlib
import os
import signal
from functools import partial
from typing import Any

from sca.sandbox.guest import confine, program
from sca.sandbox.guest.frames import REPLY, Channel

USUAL = ["threading", "collections", "datetime", "decimal", "itertools", "json", "math", "random", "re", "statistics"]
"""What programs import most; here already when they do."""
CONTROL = 20
"""Where the supervisor is; the four below 7 are a program's."""
FDS = [program.JOBS, program.REPORTS, program.TOOLS, program.OUTPUT]


def main(control: Channel, setup: dict[str, Any]) -> None:
    """Fork and collect code processes until the supervisor is gone; with it, the kernel ends all that are left."""
    hooks = confine.without_hooks(USUAL)
    os.dup2(control.sock.detach(), CONTROL)
    control = Channel(CONTROL)
    os.dup2(os.pipe()[1], 1)  # as it will be in a program: a stream looks only once whether it can seek
    os.closerange(FDS[0], CONTROL)
    os.environ.clear()
    os.environ.update(TZ="UTC", LANG="C")  # the image has no other; text is UTF-8 all the same
    limits, base = setup["limits"], setup["base"]
    prepared = program.Prepared(control.receive(), limits)
    confine.limit_heirs(limits)
    random = importlib.import_module("random")
    reseed = partial(super(random.Random, random._inst).seed, None)
    sock = control.sock
    gc.freeze()
    gc.enable()
    for order, number, _ in control.orders():
        if order == b"fork":
            reseed()  # or chance would be the same in every program of a container
            pid = confine.fork(partial(_work, base + number, hooks, prepared))
            os.closerange(FDS[0], FDS[-1] + 1)
            if pid > 0:
                confine.first_to_go(pid)
            sock.sendall(REPLY.pack(pid, 0, 0.0))
        else:
            os.kill(number, signal.SIGKILL)  # it may be so young that it has not yet changed its uid
            _, status, usage = os.wait4(number, 0)
            sock.sendall(REPLY.pack(status, usage.ru_maxrss, usage.ru_utime + usage.ru_stime))


def _work(uid: int, hooks: list[dict[str, Any]], prepared: program.Prepared) -> None:
    """Give up every right, then be a program's process."""
    os.setsid()
    os.close(0)
    os.dup2(program.OUTPUT, 1)
    os.dup2(program.OUTPUT, 2)
    os.closerange(program.OUTPUT, 1 << 16)
    confine.limit_program(prepared.limits)
    confine.become(uid)
    for hook in hooks:
        os.register_at_fork(**hook)
    prepared.serve()

"""Each defence holds something up: switched off, an attack that it stops comes through; switched on, it does not.

Containers are weakened here as no flag can weaken them, and the attestation, which would refuse each, is left out.
"""

import contextlib
import inspect
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pytest
from sandbox.cases import PROBE
from sandbox.cases.kin import CLONE

from sca.sandbox import Limits, unconfined
from sca.sandbox.host import engine, image, settings
from sca.sandbox.host.attestation import examine
from sca.sandbox.host.cleaning import remove_run
from sca.sandbox.host.container import Container
from sca.sandbox.host.pool import content
from sca.sandbox.host.worlds import HostBox
from sca.scaffold import FOLDER

pytestmark = [pytest.mark.docker, pytest.mark.slow]
NO_SECCOMP = ["no-new-privileges", "seccomp=unconfined"]


@dataclass(frozen=True)
class Weakened(settings.Settings):
    """As asked for, but for some settings."""

    host: tuple = ()
    limit: tuple = ()

    def container(self, programs):
        made = super().container(programs)
        made["HostConfig"].update(dict(self.host))
        made.update(dict(self.limit))
        return made


def host(**changes):
    return {"host": tuple(changes.items())}


def source(attempt, setup=""):
    return f"{PROBE}\n{setup}\ntry:\n    seen = {attempt}\nexcept BaseException as error: result = 'DENIED ' + repr(error)\nelse: result = 'ALLOWED'\n"


START = f"{inspect.getsource(unconfined)}\nmain()"
ROOT = {"limit": (("Entrypoint", ["/" + image.PYTHON, *image.FLAGS[:-1], START]),)}
"""Programs keep the supervisor's uid, as they do in the double."""

DEFENCES = {
    "no network": (
        {**host(NetworkMode="host", SecurityOpt=NO_SECCOMP), "limit": (("NetworkDisabled", False),)},
        host(SecurityOpt=NO_SECCOMP),
        source("[l for l in open('/proc/net/dev').readlines()[2:] if not l.strip().startswith('lo')][0]"),
    ),
    "seccomp: sockets": (host(SecurityOpt=NO_SECCOMP), {}, source("socket.socket()")),
    "seccomp: namespaces": (host(SecurityOpt=["seccomp=unconfined"]), {}, source("call('unshare', 0x10000000)")),
    "seccomp: memory files": (host(SecurityOpt=NO_SECCOMP), {}, source("os.memfd_create('x')")),
    "seccomp: tracing": (
        host(SecurityOpt=NO_SECCOMP), {},
        source("system(101, 16, child, 0, 0)", "child = os.fork()\nif child == 0:\n    libc.prctl(4, 1, 0, 0, 0); signal.pause()\nimport time; time.sleep(0.2)\nlibc.prctl(4, 1, 0, 0, 0)"),
    ),
    "seccomp: its place to be killed": (
        host(SecurityOpt=NO_SECCOMP), {},
        source("os.write(os.open('/proc/self/oom_score_adj', 1), b'0')", "libc.prctl(4, 1, 0, 0, 0)"),
    ),
    "seccomp: children whose end wakes": (host(SecurityOpt=NO_SECCOMP), {}, source("clone(18) or 1 / 0", CLONE)),
    "seccomp: process groups": (
        host(SecurityOpt=NO_SECCOMP), {},
        source("os.setpgid(child, child) or 1", "child = os.fork()\nif child == 0: signal.pause()"),
    ),
    "seccomp: priorities": (host(SecurityOpt=NO_SECCOMP), {}, source("os.nice(5)")),
    "a uid of its own: the data": (ROOT, {}, source("open('/opt/sca/environments/shop/data/orders.json').read()")),
    "a uid of its own: the supervisor": (ROOT, {}, source("open('/proc/1/environ').read()")),
    "a uid of its own: programs": (
        {**ROOT, **host(SecurityOpt=NO_SECCOMP)}, host(SecurityOpt=NO_SECCOMP),
        source("subprocess.run(['/proc/self/exe', '-V'])"),
    ),
    "a read-only root": ({**ROOT, **host(ReadonlyRootfs=False, Ulimits=[], SecurityOpt=NO_SECCOMP)}, {**ROOT, **host(Ulimits=[], SecurityOpt=NO_SECCOMP)}, source("os.mkdir('/mark') or 1")),
    "dropped capabilities": (
        {**ROOT, **host(CapDrop=[], CapAdd=["SETUID", "SETGID", "KILL", "CHOWN"], SecurityOpt=NO_SECCOMP, ReadonlyRootfs=False)},
        {**ROOT, **host(SecurityOpt=NO_SECCOMP, ReadonlyRootfs=False)},
        source("os.chown('/tmp', 7, 7) or 1"),
    ),
    "an IPC namespace without shared memory": (
        host(IpcMode="shareable", SecurityOpt=NO_SECCOMP), host(SecurityOpt=NO_SECCOMP),
        source("os.stat('/dev/shm') and os.open('/dev/shm/mark', os.O_CREAT | os.O_RDWR) or 1"),
    ),
    "paths that keep no time of a look": (
        host(ReadonlyPaths=None), {},
        source("os.readlink('/dev/stdin') and os.lstat('/dev/stdin').st_atime_ns > before or 1 / 0", "import time\nbefore = os.lstat('/dev/stdin').st_atime_ns\ntime.sleep(0.1)"),
    ),
    "no new privileges": (
        host(SecurityOpt=["seccomp=unconfined"]), {},
        source("'NoNewPrivs:\\t0' in open('/proc/self/status').read() or 1 / 0"),
    ),
}  # fmt: skip

FORK = """
import os, time
number = 0
try:
    for number in range(300):
        if os.fork() == 0: time.sleep(30); os._exit(0)
except OSError: pass
result = "ALLOWED" if number > 100 else "DENIED"
"""
EAT = """
import os, time
for _ in range(3):
    if os.fork() == 0:
        data = bytearray(b"x") * (450 << 20)
        time.sleep(1.5); os._exit(0)
ends = [os.waitstatus_to_exitcode(os.wait()[1]) for _ in range(3)]
result = "ALLOWED" if ends == [0, 0, 0] else f"DENIED {ends}"
"""
LIMITED = {
    "the limit of processes": ({**host(PidsLimit=4096), "limits": Limits(processes=2000)}, {}, FORK),
    "the control group's limit of processes": ({**host(PidsLimit=4096), "limits": Limits(processes=2000)}, {"limits": Limits(processes=2000), **host(PidsLimit=92)}, FORK),
    "the limit of a program's memory": ({**host(Memory=0, MemorySwap=0), "limits": Limits(memory_bytes=4 << 30)}, host(Memory=0, MemorySwap=0), "data = bytearray(1 << 30)\nresult = 'ALLOWED'"),
    "the control group's limit of memory": (host(Memory=0, MemorySwap=0), {}, EAT),
    "the limit of CPU time": ({"limits": Limits(cpu_seconds=8)}, {"limits": Limits(cpu_seconds=1)}, "import time\nwhile time.process_time() < 1.6: pass\nresult = 'ALLOWED'"),
    "the limit of wall time": ({"limits": Limits(wall_seconds=8)}, {"limits": Limits(wall_seconds=1)}, "import time; time.sleep(3)\nresult = 'ALLOWED'"),
    "the limit of output": ({"limits": Limits(output_bytes=1 << 30)}, {}, "for _ in range(8): print('x' * (1 << 20))\nresult = 'ALLOWED'"),
    "the limit of tool calls": ({"limits": Limits(tool_calls=5000)}, {}, "for _ in range(600): get_order('A1001')\nresult = 'ALLOWED'"),
    "the limit of an answer": ({"limits": Limits(answer_bytes=1 << 20)}, {}, "result = 'ALLOWED' + 'x' * 100_000"),
}  # fmt: skip


@contextlib.asynccontextmanager
async def started(*, limits=None, **changes):
    made = content(FOLDER)
    client = engine.connect()
    with ThreadPoolExecutor(2) as threads:
        weakened = Weakened(image.find_or_build(client, made), made, limits or Limits(), **changes)
        try:
            container = await Container.start(client, threads, weakened, 1)
            try:
                yield container, weakened
            finally:
                await container.remove()
        finally:
            remove_run(client, weakened.run)
            client.close()


async def tried(source, changes):
    """Whether the attempt was allowed, in a container that is weakened so."""
    async with started(**changes) as (container, weakened):
        box = HostBox(container.link, weakened.limits)
        run = await (await box.world()).run(source)
    return (run.result or run.status)[:60]


@pytest.mark.parametrize(("off", "on", "source"), (DEFENCES | LIMITED).values(), ids=DEFENCES | LIMITED)
async def test_an_attack_comes_through_only_without_the_defence(off, on, source):
    assert (await tried(source, off)).startswith("ALLOWED")
    assert not (await tried(source, on)).startswith("ALLOWED")


SEEN = {
    "no network": {**host(NetworkMode="host"), "limit": (("NetworkDisabled", False),)},
    "seccomp filter": host(SecurityOpt=NO_SECCOMP),
    "no new privileges": host(SecurityOpt=["seccomp=unconfined"]),
    "memory capped": host(Memory=0, MemorySwap=0),
    "processes capped": host(PidsLimit=0),
    "no mounts": host(Binds=["/usr/share:/mnt:ro"]),
    "a uid of its own": ROOT,
}


@pytest.mark.parametrize("changes", SEEN.values(), ids=SEEN)
async def test_the_attestation_sees_that_a_defence_is_missing(request, changes):
    async with started(**changes) as (container, weakened):
        findings = await examine(container, settings.Settings(weakened.image, weakened.content, weakened.limits))
    assert request.node.callspec.id in [finding.name for finding in findings if not finding.holds]

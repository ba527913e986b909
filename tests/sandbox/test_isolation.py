"""What code reaches: nothing. Each probe tries, and says whether it was denied."""

import asyncio
import json

import pytest
import pytest_asyncio

from sca.errors import SandboxError
from sca.sandbox import Limits
from sca.sandbox.host import DockerSandbox

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.docker]

PROBE = """
import ctypes, os, socket, subprocess
def denied(attempt):
    try:
        found = attempt()
    except Exception as error:
        return type(error).__name__
    return "" if found is None or found else "nothing found"
def call(name, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), name)(*arguments) == -1:
        raise OSError(ctypes.get_errno(), name)
def others():
    found = [int(pid) for pid in os.listdir("/proc") if pid.isdigit() and os.stat("/proc/" + pid).st_uid != os.getuid()]
    return found if len(found) > 2 else 1 / 0  # the supervisor and its fork servers, at least
def reached(pid):
    try:
        os.kill(pid, 0)
    except PermissionError:
        return False
    return True
"""
PROBES = {
    "an internet socket": "socket.socket()",
    "a named Unix socket": "socket.socket(socket.AF_UNIX)",
    "a name": "socket.getaddrinfo('example.org', 80)",
    "a file in the root": "open('/x', 'w')",
    "a file in /tmp": "open('/tmp/x', 'w')",
    "a file in /dev": "open('/dev/x', 'w')",
    "a file in shared memory": "open('/dev/shm/x', 'w')",
    "a kernel setting": "open('/proc/sys/kernel/hostname', 'w')",
    "a control group": "open('/sys/fs/cgroup/x', 'w')",
    "the kernel's log": "open('/dev/kmsg')",
    "a memory file": "os.memfd_create('x')",
    "a shared memory segment": "call('shmget', 7, 4096, 0o1777)",
    "a message queue": "call('msgget', 7, 0o1777)",
    "a semaphore": "call('semget', 7, 1, 0o1777)",
    "a namespace": "call('unshare', 0x10000000)",
    "tracing": "call('ptrace', 0, 0, 0, 0)",
    "a mount": "call('mount', b'none', b'/tmp', b'tmpfs', 0, None)",
    "a device": "os.mknod('/tmp/x', 0o20666, 259)",
    "root": "os.setuid(0)",
    "another uid": "os.setuid(os.getuid() + 1)",
    "a signal to PID 1": "os.kill(1, 0)",
    "a signal to any other process": "[pid for pid in others() if reached(pid)]",
    "its priority": "os.setpriority(os.PRIO_PROCESS, 0, 5)",
    "a shell": "subprocess.run(['/bin/sh', '-c', 'true'])",
    "the environment's data": "open('/opt/sca/environments/shop/data/users.json')",
    "the environment's folder": "os.listdir('/opt/sca')",
    "the guest": "__import__('sca.sandbox.guest.state')",
    "the memory of PID 1": "open('/proc/1/mem')",
    "the variables of PID 1": "open('/proc/1/environ').read()",
    "variables of the host": "[k for k in os.environ if k not in ('TZ', 'LANG')]",
    "the engine": "os.stat('/var/run/docker.sock')",
}


@pytest.fixture(scope="module")
def _secret():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SCA_CANARY", "secret-of-the-host")
        yield


@pytest.mark.usefixtures("_secret")
async def test_code_reaches_nothing(docker_world):
    lines = "\n".join(f"result[{name!r}] = denied(lambda: {attempt})" for name, attempt in PROBES.items())
    run = await docker_world.run(f"{PROBE}\nresult = {{}}\n{lines}")
    assert run.status == "ok"
    allowed = [name for name, seen in json.loads(run.result).items() if not seen]
    assert allowed == []


TIMES = """
import os
def below(folder):
    try:
        return [os.path.join(folder, name) for name in os.listdir(folder)]
    except OSError:
        return []
things = ["/", *below("/"), *below("/dev"), *below("/sys/fs/cgroup"), *below("/sys/fs/cgroup/memory"), *below("/etc")]
things += [path for path in below("/proc") if not path[6:].isdigit() and path not in ("/proc/self", "/proc/thread-self")]
things += [f"/dev/{name}" for name in ("pts", "mqueue", "fd", "stdin", "null", "tty", "ptmx")] + ["/usr/bin/python3"]
times = {}
for path in sorted(things):
    try:
        found = os.lstat(path)
    except OSError:
        continue
    times[path] = [found.st_atime_ns, found.st_mtime_ns, found.st_ctime_ns]
"""


async def test_what_a_program_looks_at_keeps_no_time_of_it(docker_world):
    await docker_world.run(TIMES)  # once before: most file systems note a first look, and then none for a day
    before = json.loads((await docker_world.run(TIMES + "result = times")).result)
    assert len(before) > 100
    await asyncio.sleep(0.1)
    touch = """
for path in times:
    for look in (os.readlink, os.listdir, lambda path: os.read(os.open(path, os.O_RDONLY | os.O_NONBLOCK), 9)):
        try:
            look(path)
        except OSError:
            pass
"""
    assert (await docker_world.run(TIMES + touch)).status == "ok"
    after = json.loads((await docker_world.run(TIMES + "result = times")).result)
    assert {path for path in before if before[path] != after.get(path)} == set()


async def test_a_program_cannot_signal_or_read_another(docker_box):
    victim, attacker = await docker_box.world(), await docker_box.world()
    session = await victim.session()
    pid = (await session.execute("import os; secret = 'x' * 9; print(os.getpid())")).text
    run = await attacker.run(
        f"""
import os
result = []
place = '/proc/{pid}/'
for attempt in (lambda: os.kill({pid}, 9), lambda: open(place + 'mem', 'rb'), lambda: os.listdir(place + 'fd')):
    try:
        attempt()
        result.append('allowed')
    except OSError:
        pass
os.kill(-1, 9)
"""
    )
    assert (run.status, run.result) == ("ok", "[]")
    assert (await session.execute("secret")).text == "'xxxxxxxxx'"
    await session.close()


async def test_the_guest_holds_no_source_of_the_check(docker_world):
    await docker_world.evaluate("only_the_check_has_this = 1\ndef evaluate(): return True", "")
    run = await docker_world.run(
        """
import gc, re, sys
frame, seen = sys._getframe(), []
while frame:
    seen.append(str(frame.f_locals))
    frame = frame.f_back
seen += [str(thing) for thing in gc.get_objects() if type(thing) in (str, dict, list, tuple)]
result = sum(bool(re.search("only_the_check_has_[t]his", text)) for text in seen)
"""
    )
    assert (run.status, run.result) == ("ok", "0")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hasty_sandbox(shop):
    async with DockerSandbox(shop, size=1, limits=Limits(cpu_seconds=1, wall_seconds=2)) as sandbox:
        yield sandbox


async def test_a_fork_bomb_ends_and_the_next_program_runs(hasty_sandbox):
    async with hasty_sandbox.box() as box:
        world = await box.world()
        run = await world.run("import os\nwhile True:\n    try: os.fork()\n    except OSError: pass")
        assert run.status in ("timeout", "killed")
        assert (await world.run("result = 1")).result == "1"


async def test_hungry_children_do_not_take_the_container_along(docker_sandbox):
    async with docker_sandbox.box() as box:
        world = await box.world()
        run = await world.run(
            "import os, time\n"
            "for _ in range(8):\n"
            "    if os.fork() == 0:\n        data = bytearray(400 << 20)\n        time.sleep(20)\n"
            "data = bytearray(400 << 20)\n"
            "time.sleep(4)"
        )
        assert run.status in ("oom", "ok")
        assert (await world.run("result = get_order('A1002')['status']")).result == "pending"


async def test_a_stopped_program_is_a_time_out(hasty_sandbox):
    async with hasty_sandbox.box() as box:
        run = await (await box.world()).run("import os, signal\nos.kill(os.getpid(), signal.SIGSTOP)")
    assert run.status == "timeout"


@pytest_asyncio.fixture(loop_scope="module")
async def lasting_sandbox(shop):
    """One container for ten tasks, as long as nothing unusual happens."""
    async with DockerSandbox(shop, size=1, tasks_per_container=10, limits=Limits(cpu_seconds=0.5)) as sandbox:
        yield sandbox


async def run_in(box, source):
    await (await box.world()).run(source)


async def parse_in(box, source):
    assert await box.parse([source]) == ["parsing it ends in timeout"]


DOUBLING = "".join(f"{' ' * depth}try: pass\n{' ' * depth}finally:\n" for depth in range(17)) + " " * 17 + "pass"
"""Each level doubles what the compiler writes."""


@pytest.mark.parametrize(
    ("do", "source", "kept"),
    [(run_in, "1 / 0", True), (run_in, "import os; os.kill(os.getpid(), 11)", False), (parse_in, DOUBLING, False)],
    ids=["an exception", "a crash", "a parse without end"],
)
async def test_what_ends_unusually_is_the_end_of_its_container(lasting_sandbox, do, source, kept):
    async with lasting_sandbox.box() as box:
        await do(box, source)
    async with lasting_sandbox.box(), asyncio.timeout(20):  # while others are taken it is put back or removed
        while not box.link.broken and not (
            kept and any(one.result().link is box.link for one in ready(lasting_sandbox))
        ):
            await asyncio.sleep(0.05)
    assert bool(box.link.broken) is not kept


def ready(sandbox):
    return [started for started in sandbox._ahead if started.done()]


async def test_a_fault_inside_the_supervisor_is_heard_of_at_once(docker_sandbox):
    async with docker_sandbox.box() as box:
        with pytest.raises(SandboxError, match=r"a container is in trouble: AttributeError: .*do_nonsense"):
            await box.link.ask("nonsense", seconds=30, world=1, family=None)


async def test_many_programs_run_at_once_in_a_shared_container(docker_box):
    async def one(number):
        world = await docker_box.world()
        run = await world.run(f"import time; time.sleep(0.1); result = {number}")
        await world.close()
        return run.result

    assert await asyncio.gather(*map(one, range(8))) == [str(number) for number in range(8)]


FLOODS = {
    "output": "while True: print('x' * 1_000_000)",
    "stderr of many children": "import os\nfor _ in range(6): os.fork()\nwhile True: os.write(2, b'x' * 65536)",
    "a result": "result = 'x' * (300 << 20)",
    "an exception": "raise ValueError('x' * (300 << 20))",
    "reports": "import os\nwhile True:\n    for fd in range(3, 12):\n        try: os.write(fd, b'\\0\\0\\0\\2{}' * 9999)\n        except OSError: pass",
    "calls": "while True:\n    try: get_order('x' * 60_000)\n    except ToolError: pass",
}  # fmt: skip


@pytest.mark.parametrize("source", FLOODS.values(), ids=FLOODS)
async def test_the_hosts_memory_is_flat_during_a_flood(hasty_sandbox, source):
    def resident():
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * 4096

    async with hasty_sandbox.box() as box:
        world = await box.world()
        before, most = resident(), 0
        running = asyncio.create_task(world.run(source))
        while not running.done():
            most = max(most, resident())
            await asyncio.sleep(0.005)
        assert (await running).status != "ok"
    assert most - before < 48 << 20


HOG = """
import os, time
for _ in range(60):
    if os.fork() == 0:
        data = bytearray(b"x") * (24 << 20)
        time.sleep(20)
        os._exit(0)
time.sleep(20)
"""


async def test_a_program_that_others_have_had_killed_is_no_program_out_of_memory(shop):
    """A small one, but larger than each child of the greedy one, so that the kernel chooses it."""
    async with DockerSandbox(shop, size=1, limits=Limits(memory_bytes=120 << 20)) as sandbox:
        sandbox.capacity = 2
        async with sandbox.box(shared=True) as small, sandbox.box(shared=True) as greedy:
            one, other = await small.world(), await greedy.world()
            waiting = asyncio.create_task(one.run("import time\ndata = bytearray(b'x') * (36 << 20)\ntime.sleep(9)"))
            await asyncio.sleep(0.3)
            greed = asyncio.create_task(other.run(HOG))
            with pytest.raises(SandboxError, match="others in its container used up the memory"):
                await waiting
            greed.cancel()


async def test_a_prompt_that_others_have_had_killed_while_it_stood_still_did_not_end_itself(shop):
    async with DockerSandbox(shop, size=1, limits=Limits(memory_bytes=120 << 20)) as sandbox:
        sandbox.capacity = 2
        async with sandbox.box(shared=True) as small, sandbox.box(shared=True) as greedy:
            session = await (await small.world()).session()
            assert (await session.execute("data = bytearray(b'x') * (36 << 20)")).run.status == "ok"
            await (await greedy.world()).run(HOG.replace("sleep(20)", "sleep(2)"))  # and all of it is gone again
            with pytest.raises(SandboxError, match="others in its container used up the memory"):
                await session.execute("data[0]")


async def test_a_child_has_no_more_time_than_its_programs_kind_is_given(shop):
    child = (
        "import os\npid = os.fork()\nwhile not pid: pass\nresult = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])"
    )
    limits = Limits(cpu_seconds=0.2, wall_seconds=20)
    async with DockerSandbox(shop, size=1, limits=limits) as sandbox, sandbox.box() as box:
        assert (await (await box.world()).run(child)).result == "-9"

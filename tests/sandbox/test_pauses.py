"""Between two actions of an agent nothing of it runs, whatever its processes do; then they go on."""

import asyncio
import json
import time

import pytest

from sca.sandbox import Limits
from sca.sandbox.host import DockerSandbox
from sca.scaffold import FOLDER

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.docker]
WAKING = """
import os, time
r, w = os.pipe()
for number in range({children}):
    if os.fork() == 0:
        last = 0
        while True:
            for _ in range(50): os.kill(-1, 18)
            if number == 0 and time.monotonic() - last > 0.02:
                last = time.monotonic()
                os.write(w, b"%.6f\\n" % last)
pipe = os.fdopen(r)
"""
RAN = """
began, ran = time.monotonic(), []
while not ran or ran[-1] < began: ran.append(float(pipe.readline()))
ran
"""
COUNTING = """
import threading, time, os
ticks = [time.monotonic()]
def count():
    while True:
        ticks.append(time.monotonic()); time.sleep(0.01)
threading.Thread(target=count, daemon=True).start()
r, w = os.pipe()
if os.fork() == 0:
    while True:
        os.write(w, b"."); time.sleep(0.01)
time.sleep(0.1)
"""
COUNTED = """
now = len(ticks); os.read(r, 1 << 16)
while len(ticks) == now: time.sleep(0.01)
os.read(r, 1)
"""
MEMORY = """
import os, signal, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
def eat():
    held = []
    try:
        while True: held.append(bytearray(b"x") * (1 << 20))
    except MemoryError: time.sleep(60)
def alive(pid):
    try: os.kill(pid, 0)
    except OSError: return False
    return True
children = []
for _ in range(50):
    children.append(os.fork())
    if children[-1] == 0: eat()
while all(map(alive, children)): time.sleep(0.02)
for pid in filter(alive, children): os.kill(pid, 9)
while any(map(alive, children)): time.sleep(0.02)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
async def session(docker_box):
    world = await docker_box.world()
    session = await world.session()
    yield session
    await session.close()
    await world.close()


@pytest.mark.parametrize("children", [1, 2, 8, 30])
async def test_processes_that_wake_each_other_stand_still(session, children):
    assert (await session.execute(WAKING.format(children=children))).text == ""
    for _ in range(3):
        held = time.monotonic()
        await asyncio.sleep(0.3)
        over = time.monotonic()
        ran = json.loads((await session.execute(RAN)).text)  # which ends once one of them has run beside it
        assert [at for at in ran if held < at < over] == []


async def test_threads_and_children_go_on_with_the_next_action(session):
    await session.execute(COUNTING)
    await asyncio.sleep(0.1)
    assert (await session.execute(COUNTED)).text == "b'.'"


async def test_memory_that_was_not_given_is_told(session):
    seen = await session.execute("data = bytearray(1 << 40)")
    assert seen.text.endswith("MemoryError")
    assert (await session.execute("1 + 1")).text == "2"


@pytest.mark.slow
async def test_who_fills_a_shared_container_with_children_is_not_given_another_try():
    limits = Limits(memory_bytes=128 << 20)
    async with DockerSandbox(FOLDER, size=1, limits=limits) as sandbox, sandbox.box(shared=True) as box:
        world = await box.world()
        seen = await (await world.session()).execute(MEMORY)
    assert seen.run.status == "oom"

"""A machine that is too busy makes programs slow, never wrong."""

import contextlib
import os
import signal
import subprocess
import sys
import time
from types import SimpleNamespace

import pytest

from sca.environment.authoring import ToolError
from sca.environment.binding import Parameters
from sca.sandbox import Limits
from sca.sandbox.guest.clock import Clock
from sca.sandbox.guest.jobs import Job
from sca.sandbox.guest.state import State
from sca.sandbox.host.double import SubprocessSandbox

OTHERS = 8
"""Each in a session of its own, for the kernel may share a core among sessions."""
BRIEFLY = """import time
while True:
    began = time.perf_counter()
    while time.perf_counter() - began < 0.0006: pass
    time.sleep(0.0012)"""


@contextlib.contextmanager
def one_core_with(program):
    """One core for all that is started from here on, and many who run a program on it."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    others = [subprocess.Popen([sys.executable, "-c", program], start_new_session=True) for _ in range(OTHERS)]
    yield
    for other in others:
        other.kill()
        other.wait()
    os.sched_setaffinity(0, before)


@pytest.fixture
def starved():
    """Many who want the core all the time."""
    with one_core_with("while True: pass"):
        yield


@pytest.fixture
def crowded():
    """Many who take the core so briefly that the clock's ticks seldom find them running, but the program."""
    with one_core_with(BRIEFLY):
        yield


async def test_a_program_that_waits_for_a_core_is_not_out_of_time(starved, shop):
    async with SubprocessSandbox(shop, limits=Limits(wall_seconds=0.5)) as sandbox, sandbox.box() as box:
        run = await (await box.world()).run("import time\nwhile time.process_time() < 0.3: pass\nresult = 'done'")
    assert (run.status, run.result) == ("ok", "done")


async def test_a_program_that_shares_a_core_with_many_brief_ones_has_its_cpu_time(crowded, shop):
    async with SubprocessSandbox(shop, limits=Limits(cpu_seconds=1)) as sandbox, sandbox.box() as box:
        run = await (await box.world()).run("import time\nwhile time.process_time() < 0.9: pass\nresult = 'done'")
    assert (run.status, run.result) == ("ok", "done")


def test_a_tool_that_shares_a_core_with_many_brief_ones_has_its_cpu_time(crowded):
    class Slow:
        def spin(self, seconds: float) -> None:
            began = time.process_time()
            while time.process_time() - began < seconds:
                pass

    parameters = Parameters(Slow.spin)
    state = State(None, Slow(), {}, {"cpu_seconds": 0.5, "result_bytes": 99})
    before = signal.signal(signal.SIGPROF, state._look_at_clock)
    try:
        assert state._call("spin", parameters.bind([0.45], {})) == b'{"result": null}'
        with pytest.raises(ToolError, match="spin took too long and was stopped"):
            state._call("spin", parameters.bind([5], {}))
    finally:
        signal.signal(signal.SIGPROF, before)


def clock():
    return Clock(SimpleNamespace(handle=None, dead=lambda: False), None, {"wall_seconds": 10}, keep=False)


@pytest.mark.parametrize(
    ("late", "excused", "cause"),
    [(-1, 0, None), (1, 0, "timeout"), (1, 2, None), (39, 39.5, None), (41, 50, "starved"), (41, 40, "timeout")],
)
def test_too_late_is_what_no_waiting_excuses_and_much_waiting_is_nobody_s_fault(late, excused, cause):
    assert clock().judged("timeout", late, excused) == cause


def test_what_came_in_time_counts_though_it_is_seen_late():
    made = Job(None, clock().program, None, {})
    made.clock, made.pending = SimpleNamespace(overdue=lambda told: "timeout"), b""
    made._read_output = lambda: False
    made._read_reports = lambda: made.told.append(b"{}") or False
    made._look()
    assert made.cause is None

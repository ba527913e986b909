"""An engine that fails: the task is tried again, and never judged by it."""

import asyncio

import pytest
from sandbox.cases import TASK
from sandbox.proxy import Proxy

from sca.dialogue.scheduler import Patience, run_all
from sca.errors import SandboxError
from sca.sandbox.host import DockerSandbox, engine, pool
from sca.scaffold import FOLDER
from sca.stages.validation import give_verdict

pytestmark = pytest.mark.docker


def first(times, method, ending, fault):
    """The fault for the first so many requests of a kind, after the one that the attestation needs."""
    seen = 0

    def choose(asked, path, count):
        nonlocal seen
        if asked != method or not path.endswith(ending):
            return None
        seen += 1
        return fault if 1 < seen <= 1 + times else None

    return choose


FAULTS = {
    "a creation is reset": first(2, "POST", "/containers/create", "reset"),
    "a creation is a conflict": first(2, "POST", "/containers/create", 409),
    "a creation fails": first(2, "POST", "/containers/create", 500),
    "a start is reset": first(2, "POST", "/start", "reset"),
    "a start fails": first(2, "POST", "/start", 500),
    "an attachment is reset": first(2, "POST", "/attach", "reset"),
    "an attachment fails": first(2, "POST", "/attach", 500),
    "a removal is reset": first(2, "DELETE", "", "reset"),
    "a removal is a conflict": first(2, "DELETE", "", 409),
    "a removal fails": first(2, "DELETE", "", 500),
}


@pytest.fixture
def through(tmp_path, monkeypatch):
    """Puts a proxy between the command and the engine."""

    def through(fault, cut=None):
        proxy = Proxy(tmp_path / "engine.sock", fault, cut)
        monkeypatch.setenv(engine.HOST_VARIABLE, proxy.address)
        return proxy

    return through


async def judge_three(sandbox):
    taken = []
    losses = await run_all(range(3), lambda _: give_verdict(TASK, sandbox), taken.append, 1, Patience(pause=0.05))
    return [verdict.reason for verdict in taken], losses


@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
async def test_after_a_fault_of_the_engine_the_verdict_is_the_same(through, fault):
    async with through(fault) as proxy, DockerSandbox(FOLDER, size=1) as sandbox:
        reasons, losses = await judge_three(sandbox)
        assert (reasons, losses.lost) == ([None] * 3, [])
    assert proxy.failed == 2


async def test_a_stream_that_breaks_is_the_machinery_and_the_task_is_done_again(through):
    async with through(lambda *_: None) as proxy, DockerSandbox(FOLDER, size=1) as sandbox:
        proxy.cut = 3000
        reasons, losses = await judge_three(sandbox)
    assert (reasons, losses.lost) == ([None] * 3, [])
    assert losses.retried >= 1
    assert proxy.failed >= 1


async def test_an_engine_that_stays_away_is_a_clear_stop(through, monkeypatch):
    monkeypatch.setattr(pool, "OUTAGE", 0.1)
    away = asyncio.Event()
    taken, lost = [], []

    async def lose_the_engine():
        async with DockerSandbox(FOLDER, size=1) as sandbox:
            away.set()
            reasons, losses = await judge_three(sandbox)
            taken.extend(reasons)
            lost.extend(losses.lost)

    async with through(lambda *_: "reset" if away.is_set() else None):
        with pytest.raises(SandboxError, match="the Docker engine"):
            await lose_the_engine()
    assert len(taken) + len(lost) == 3
    assert len(lost) >= 2
    assert set(taken) <= {None}


async def test_an_engine_that_comes_back_is_waited_for(through):
    away = asyncio.Event()
    fault = lambda *_: "reset" if away.is_set() else None  # noqa: E731
    async with through(fault) as proxy, DockerSandbox(FOLDER, size=1) as sandbox:
        away.set()
        asyncio.get_running_loop().call_later(2, away.clear)
        reasons, losses = await judge_three(sandbox)
        assert (reasons, losses.lost) == ([None] * 3, [])
    assert proxy.failed


async def test_an_engine_that_hangs_is_given_up(through, monkeypatch):
    connect = engine.connect
    monkeypatch.setattr(engine, "connect", lambda: connect(timeout=2))
    fault = lambda method, path, count: "hang" if path.endswith("/start") and count == 2 else None  # noqa: E731
    async with through(fault), DockerSandbox(FOLDER, size=1) as sandbox:
        reasons, losses = await judge_three(sandbox)
        assert (reasons, losses.lost) == ([None] * 3, [])


async def test_a_request_that_cannot_be_made_out_costs_its_container_at_once():
    async with DockerSandbox(FOLDER, size=1) as sandbox, sandbox.box() as box, asyncio.timeout(20):
        with pytest.raises(SandboxError, match="a container"):
            await box.link.ask("parse", seconds=60, sources=["x" * (9 << 20)])

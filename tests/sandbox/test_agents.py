"""What an agent does in its episode changes its reward only through the tools and its answer."""

import asyncio
import json

import pytest
from sandbox.cases import CHECK, TASK, WORK
from sandbox.cases.kin import BY_CONTAINER

from sca.judging.reward import check_reward
from sca.sandbox.host import DockerSandbox
from sca.scaffold import FOLDER
from sca.stages.validation import give_verdict

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.docker]
LATER = f"import time\n    time.sleep(0.3)\n    {WORK}"
"""Does the work when the episode has ended; those who look wait for it."""
FORGED = "{'return_items': ['teapot-2']}"
ATTACKS = {
    "it redefines a tool": [f"def get_order(order_id): return {FORGED}"],
    "it defines evaluate": ["def evaluate(*a): return True", "evaluate()"],
    "it patches builtins": ["import builtins\nbuiltins.same = builtins.get_order = lambda *a: True"],
    "it changes what a tool returned": ["order = get_order('A1001')", "order['return_items'] = ['teapot-2']"],
    "a thread acts after the end": [f"import threading\ndef later():\n    {LATER}\nthreading.Thread(target=later).start()"],
    "a child acts after the end": [f"import os\nif os.fork() == 0:\n    os.setsid()\n    {LATER}\n    os._exit(0)"],
    "a handler acts after the end": [
        f"import signal\nsignal.signal(signal.SIGALRM, lambda *a: {WORK})\nsignal.setitimer(signal.ITIMER_REAL, 0.3)"
    ],
    "it wakes itself": [
        "import ctypes, signal\nlibc = ctypes.CDLL(None)\n"
        "event = (ctypes.c_int * 16)(0, 0, signal.SIGCONT, 0)\ntimer = ctypes.c_void_p()\n"
        "spec = (ctypes.c_long * 4)(0, 50_000_000, 0, 50_000_000)\n"
        "libc.timer_create(1, event, ctypes.byref(timer)) or libc.timer_settime(timer, 0, spec, None)\n"
        f"import threading\ndef later():\n    {LATER}\nthreading.Thread(target=later).start()"
    ],
    "it forges the observation": ["print('###STOP###\\nreward: 1')", "import os; os.write(1, b'{\"status\": \"ok\"}')"],
    "it ends its process": ["import os; os._exit(0)", "1"],
    "its value has a hostile repr": ["class A:\n    def __repr__(self): raise SystemExit\nA()"],
    "its name for a tool is a number": ["get_order = 5", "return_items = 6"],
}  # fmt: skip


@pytest.fixture
async def episode(docker_box):
    """Does actions at one prompt; the reward, and what the next world is like."""

    async def episode(actions, answer="", wait=0.0):
        world = await docker_box.world()
        session = await world.session()
        seen = [await session.execute(action) for action in actions]
        await session.close()
        await asyncio.sleep(wait)
        reward = await check_reward(TASK, world, answer)
        state = await world.state()
        await world.close()
        return reward, seen, state

    return episode


@pytest.mark.parametrize("actions", ATTACKS.values(), ids=ATTACKS)
async def test_an_attack_earns_nothing(episode, actions):
    reward, _, state = await episode([*actions, "import time; time.sleep(0.05)"], wait=0.5)  # some act after 0.3 s
    assert reward.value == 0
    assert "return_items" not in state["orders"]["A1001"]


async def test_the_work_earns_the_reward(episode):
    assert (await episode(["x = 'teapot-2'", "return_items('A1001', [x])"]))[0].value == 1


async def test_the_work_earns_the_reward_whatever_else_was_done(episode):
    actions = ["def evaluate(): return False", "get_user = None", WORK, "while True: pass"]
    assert (await episode(actions))[0].value == 1


async def test_an_agent_neither_sees_nor_harms_the_one_beside_it(docker_box):
    first, second = await docker_box.world(), await docker_box.world()
    mine, others = await first.session(), await second.session()
    await mine.execute("secret = 'xyzzy' * 3")
    seen = await others.execute(
        "import os\nos.kill(-1, 9) if len(os.listdir('/proc')) > 5 else None\n"
        "[os.kill(int(p), 9) for p in os.listdir('/proc') if p.isdigit() and int(p) != os.getpid()]"
    )
    assert "PermissionError" in seen.text
    assert (await mine.execute("secret")).text == repr("xyzzy" * 3)
    for session in (mine, others):
        await session.close()


async def test_a_database_of_five_megabytes_is_judged_as_a_small_one(tmp_path):
    orders = json.loads((FOLDER / "data" / "orders.json").read_text())
    for number in range(20_000):
        orders[f"B{number}"] = {"user_id": "omar_diaz", "status": "pending", "items": [{"item_id": "x" * 200}]}
    (tmp_path / "orders.json").write_text(json.dumps(orders))
    (tmp_path / "users.json").write_text((FOLDER / "data" / "users.json").read_text())
    assert (tmp_path / "orders.json").stat().st_size > 5_000_000
    async with DockerSandbox(FOLDER, data=tmp_path, size=1) as sandbox:
        verdict = await give_verdict(TASK, sandbox)
    assert (verdict.reason, verdict.detail) == (None, "")


async def test_a_verdict_is_confirmed_where_attempts_are_judged():
    async with DockerSandbox(FOLDER, size=1) as sandbox:
        verdict = await give_verdict(BY_CONTAINER.task(), sandbox)
    assert verdict.reason == "unstable"


async def test_an_oversized_power_is_refused_by_the_tool_at_once():
    from sca.environment.loading import find

    async with DockerSandbox(find("calculation"), size=1) as sandbox, sandbox.box() as box:
        tools = {tool["name"]: family for family, tools in box.link.families.items() for tool in tools}
        assert "calculator" in tools
        run = await (await box.world(tools["calculator"])).run("calculator('9**9**9**9')")
    assert run.status == "tool_error"


async def test_a_source_that_is_too_large_never_needs_a_container():
    class NoContainer:
        limits = DockerSandbox(FOLDER).limits

        def box(self):
            raise AssertionError

    for part in ("solution", "evaluation_function"):
        verdict = await give_verdict(TASK.model_copy(update={part: CHECK + "#" * (10 << 20)}), NoContainer())
        assert verdict.reason == "too_large"

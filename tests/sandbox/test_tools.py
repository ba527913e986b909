"""What passes between a program and the tools, and what becomes of tools that go wrong."""

from pathlib import Path

import pytest
import pytest_asyncio

from sca.errors import SandboxError, StateLost, UsageError
from sca.sandbox import Limits
from sca.sandbox.host import DockerSandbox
from sca.sandbox.host.double import SubprocessSandbox

pytestmark = pytest.mark.asyncio(loop_scope="module")
ODD = Path(__file__).parent / "odd"
HASTY = Limits(cpu_seconds=0.4, wall_seconds=2)


@pytest_asyncio.fixture(
    scope="module",
    loop_scope="module",
    params=[pytest.param(DockerSandbox, marks=pytest.mark.docker), SubprocessSandbox],
)
async def odd(request):
    async with request.param(ODD, limits=HASTY) as sandbox:
        yield sandbox


@pytest_asyncio.fixture(loop_scope="module")
async def box(odd):
    async with odd.box(shared=True) as box:
        yield box


@pytest_asyncio.fixture(loop_scope="module")
async def counting(box):
    return await box.world("counting")


@pytest_asyncio.fixture(loop_scope="module")
async def failing(box):
    return await box.world("failing")


async def test_a_program_has_the_tools_of_its_family_only(counting):
    run = await counting.run("count()\nbroken()")
    assert run.exception.message == "name 'broken' is not defined"


async def test_a_task_must_name_a_family_where_there_are_several(box):
    with pytest.raises(UsageError, match="the environment has no family None; it has counting, failing"):
        await box.world()


async def test_a_tool_may_take_any_number_of_arguments(counting):
    run = await counting.run("result = largest(1, 7.5, 3)")
    assert (run.result, run.calls[0].arguments) == ("7.5", {"args": [1, 7.5, 3]})


async def test_a_wrong_one_among_many_arguments_is_a_type_error(counting):
    run = await counting.run("largest(1, 'two')")
    assert run.exception.message == "largest(): args must be float, not str"


async def test_tuples_arrive_as_lists(counting):
    assert (await counting.run("result = type(pair()).__name__")).result == "list"


@pytest.mark.parametrize("value", ["True", "1.5", "'1'", "None", "[1]"])
async def test_what_is_no_int_is_not_taken_for_one(counting, value):
    assert (await counting.run(f"count({value})")).exception.type == "TypeError"


async def test_arguments_must_be_json(counting):
    assert (await counting.run("largest({1})")).exception.type == "TypeError"
    assert (await counting.run("largest(float('nan'))")).exception.type == "ValueError"


async def test_a_journal_holds_the_arguments_as_they_were_given(counting):
    run = await counting.run("keep([1])")
    assert run.calls[0].arguments == {"value": [1]}
    assert (await counting.state())["kept"] == [1, "kept"]


async def test_a_move_is_no_write(counting):
    run = await counting.run("step()")
    assert (run.calls[0].kind, run.wrote) == ("move", False)


async def test_a_check_that_moves_leaves_the_state_where_it_was(counting):
    await counting.run("step()")
    check = "def evaluate():\n    step(); step()\n    return True"
    assert [(run.verdict, run.wrote) for run in await counting.evaluate(check, "")] == [(True, False)] * 2
    assert (await counting.state())["place"] == 1


async def test_a_trial_is_a_program_and_a_check_of_its_answer(counting):
    run, check = await counting.trial("count(3)\nresult = 'x'", "def evaluate(answer): return answer == 'x'")
    assert (run.status, run.wrote, check.verdict) == ("ok", True, True)
    run, check = await counting.trial("import os; os._exit(1)", "def evaluate(): return True")
    assert (run.status, check) == ("exit", None)


async def test_a_tool_that_ends_the_episode_is_noted(counting):
    assert (await counting.run("finish()")).ended
    assert not (await counting.run("count()")).ended


async def test_a_refusal_that_leaves_a_trace_counts_as_written(failing):
    run = await failing.run("try:\n    half()\nexcept ToolError as error:\n    result = str(error)")
    assert (run.result, run.wrote) == ("refused too late", True)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        ("broken()", "broken failed: KeyError: 'missing'"),
        ("no_json()", "no_json failed: TypeError: Object of type set is not JSON serializable"),
        ("huge(2_000_000)", "the result of huge is larger than 1048576 bytes"),
        ("huge(1 << 40)", "huge failed: MemoryError: "),
        ("endless()", "endless took too long and was stopped"),
    ],
)
async def test_a_tool_that_fails_is_a_tool_error_that_names_it(failing, call, message):
    run = await failing.run(call)
    assert (run.status, run.exception.message) == ("tool_error", message)
    assert run.calls[0].error == message


async def test_a_large_result_arrives_whole(failing):
    assert (await failing.run("result = len(huge(1_000_000))")).result == "1000000"


async def test_a_tool_that_hangs_is_a_time_out_and_the_end_of_its_world(failing):
    assert (await failing.run("asleep()")).status == "timeout"
    assert (await failing.run("result = 1")).status == "timeout"
    assert [run.status for run in await failing.evaluate("def evaluate(): return True", "")] == ["timeout"] * 2
    with pytest.raises(SandboxError, match="the state is lost"):
        await failing.state_hash()
    await failing.close()


async def test_a_state_that_cannot_be_written_is_lost_and_its_container_sound(box):
    world, other = await box.world("counting"), await box.world("counting")
    call = "try: count(9 * 10**4299)\nexcept ToolError: pass\n"  # twice that has too many digits
    assert (await world.run(2 * call)).status == "ok"
    for look in (world.state_hash, world.state):
        with pytest.raises(StateLost, match=r"the state is lost: it cannot be told \(ValueError: Exceeds the limit"):
            await look()
    assert await world.digest() != await other.digest()
    assert (await other.run("result = count()")).result == "1"


async def test_an_agent_whose_tool_hung_is_told_that_nothing_more_can_be_done(failing):
    session = await failing.session()
    told = "Stopped: a tool hung. Variables and the state are lost; nothing more can be done."
    assert [(await session.execute(source)).text for source in ("asleep()", "1 + 1")] == [told, told]
    await failing.close()


@pytest.mark.docker
async def test_too_many_programs_at_once_are_refused_and_the_container_stays_sound():
    async with DockerSandbox(ODD, limits=HASTY, size=1) as sandbox, sandbox.box() as box:
        world = await box.world("counting")
        prompts = [await world.session() for _ in range(200)]

        async def fill():
            for prompt in prompts:
                await prompt.execute("1")

        with pytest.raises(SandboxError, match="no room for another process"):
            await fill()
        for prompt in prompts:
            await prompt.close()
        assert (await world.run("result = count()")).result == "1"


FINISHED = "def evaluate():\n    return finished()"


async def test_a_mark_is_seen_by_a_check_and_is_no_part_of_the_state(box):
    world = await box.world("counting")
    before = await world.state_hash(), await world.digest(), await world.state()
    assert [run.verdict for run in await world.evaluate(FINISHED, "")] == [False, False]
    await world.run("finish()")
    assert [run.verdict for run in await world.evaluate(FINISHED, "")] == [True, True]
    assert (await world.state_hash(), await world.state()) == (before[0], before[2])
    assert await world.digest() != before[1]
    assert await world.marks() == {"finished": True}


async def test_a_check_that_only_asks_for_marks_writes_nothing(box):
    world = await box.world("counting")
    await world.run("finish()")
    assert not any(run.wrote for run in await world.evaluate(FINISHED, ""))


@pytest.mark.parametrize(
    "source",
    [
        "finished()",
        "import __main__, json\nfinish.__closure__[1].cell_contents.call('finished', [], {})",
        "finish.__closure__[1].cell_contents.call('marks', [], {})",
    ],
)
async def test_a_program_reaches_no_marks(box, source):
    world = await box.world("counting")
    run = await world.run(source)
    assert (run.exception.type, await world.marks()) == ("NameError", {})


async def test_an_action_reaches_no_marks(box):
    session = await (await box.world("counting")).session()
    assert "NameError: name 'finished' is not defined" in (await session.execute("finished()")).text
    await session.close()

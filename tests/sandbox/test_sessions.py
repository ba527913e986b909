"""A prompt whose variables live on."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture
def act(world):
    """Runs actions at one prompt; what each shows."""

    async def act(*actions):
        session = await world.session()
        seen = [(await session.execute(action)).text for action in actions]
        await session.close()
        return seen

    return act


async def test_variables_and_functions_live_on(act):
    assert await act("x = 20", "def twice(n): return 2 * n", "twice(x) + 2") == ["", "", "42"]


async def test_an_observation_is_output_then_the_last_expression(act):
    assert await act("print('a')\n'b'", "print('no newline', end='')\n'c'", "None", "print(1)") == [
        "a\n'b'",
        "no newline\n'c'",
        "",
        "1",
    ]


async def test_a_huge_value_is_shown_in_part(act):
    seen, after = await act("'x' * 5_000_000", "1")
    assert seen.endswith("… (4967234 characters left out)")
    assert after == "1"


async def test_a_traceback_shows_the_agents_own_lines(act):
    _, seen = await act("def f():\n    return 1 / 0", "f()")
    assert seen == (
        "Traceback (most recent call last):\n"
        '  File "<action 2>", line 1, in <module>\n    f()\n'
        '  File "<action 1>", line 2, in f\n    return 1 / 0\n'
        "ZeroDivisionError: division by zero"
    )


async def test_what_does_not_parse_is_shown_and_nothing_is_lost(act):
    _, wrong, right = await act("x = 1", "x = = 2", "x")
    assert wrong.endswith("SyntaxError: invalid syntax")
    assert right == "1"


async def test_help_explains_a_tool_and_exit_ends_the_action_alone(act):
    told, hint, left, after = await act("x = 1\nhelp(get_order)", "exit", "exit()", "x")
    assert "get_order(order_id: str)" in told
    assert hint == "Use exit() or Ctrl-D (i.e. EOF) to exit"
    assert left.endswith("SystemExit: None")
    assert after == "1"


async def test_a_refusal_is_an_observation(act):
    (seen,) = await act("get_order('B7')")
    assert seen.endswith("ToolError: there is no B7 among the orders; look its id up first")


async def test_after_a_time_out_variables_are_lost_and_the_state_is_not(world):
    session = await world.session()
    await session.execute("x = 1")
    seen = await session.execute("cancel_order('A1002', 'no longer needed')\nprint('so far')\nwhile True: pass")
    assert seen.run.status == "timeout"
    assert seen.run.wrote
    assert seen.text == (
        "so far\nStopped: the action ran for too long. Variables are lost; what the tools did stays."
    )
    after = await session.execute("try: x\nexcept NameError: print(get_order('A1002')['status'])")
    assert after.text == "cancelled"


async def test_calls_are_those_of_one_action(world):
    session = await world.session()
    first = await session.execute("get_user('omar_diaz')\nget_order('A1007')")
    second = await session.execute("1 + 1")
    assert [call.name for call in first.run.calls] == ["get_user", "get_order"]
    assert second.run.calls == ()


async def test_nothing_of_an_agent_runs_between_two_actions(world):
    session = await world.session()
    await session.execute(
        "import threading, time\n"
        "def later():\n    time.sleep(0.2)\n    cancel_order('A1002', 'no longer needed')\n"
        "threading.Thread(target=later).start()"
    )
    other = await world.run("import time; time.sleep(0.4); result = get_order('A1002')['status']")
    assert other.result == "pending"
    await session.close()
    assert (await world.run("result = get_order('A1002')['status']")).result == "pending"


async def test_a_session_that_ended_itself_starts_afresh(act):
    seen = await act("import os; os._exit(3)", "1 + 1")
    assert seen == ["The action ended the Python process. Variables are lost; what the tools did stays.", "2"]

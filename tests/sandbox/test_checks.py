"""`evaluate`: exactly True or False, from a process of its own, and the state stays as it is."""

import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_a_verdict_is_what_evaluate_returned(world):
    check = "def evaluate():\n    return get_order('A1002')['status'] == 'cancelled'"
    assert [run.verdict for run in await world.evaluate(check, "")] == [False, False]
    await world.run("cancel_order('A1002', 'no longer needed')")
    assert [run.verdict for run in await world.evaluate(check, "")] == [True, True]


async def test_the_answer_is_text(world):
    check = "def evaluate(answer):\n    return type(answer) is str and same(answer, 13.5)"
    assert [run.verdict for run in await world.evaluate(check, "13.50", times=1)] == [True]


@pytest.mark.parametrize(
    ("check", "status"),
    [
        ("def evaluate(): return 1", "non_bool"),
        ("def evaluate(): return 'True'", "non_bool"),
        ("def evaluate(): pass", "non_bool"),
        ("async def evaluate(): return True", "non_bool"),
        ("class Always:\n    def __eq__(self, other): return True\ndef evaluate(): return Always()", "non_bool"),
        ("x = 1", "no_evaluate"),
        ("evaluate = True", "no_evaluate"),
        ("def evaluate(a, b): return True", "exception"),
        ("def evaluate(): return {}['k']", "exception"),
        ("import sys\ndef evaluate(): sys.exit(0)", "exit"),
        ("import os\ndef evaluate(): os._exit(0)", "exit"),
        ("def evaluate(): return get_order('none')", "tool_error"),
        ("def evaluate(: return True", "syntax"),
    ],
)
async def test_only_true_and_false_are_verdicts(world, check, status):
    (run,) = await world.evaluate(check, "", times=1)
    assert (run.status, run.verdict) == (status, None)


async def test_an_endless_check_is_a_time_out(world):
    (run,) = await world.evaluate("def evaluate():\n    while True: pass", "", times=1)
    assert run.status == "timeout"


async def test_a_check_that_writes_is_seen_and_changes_nothing(world):
    before = await world.state_hash()
    check = "def evaluate():\n    cancel_order('A1002', 'no longer needed')\n    return True"
    runs = await world.evaluate(check, "")
    assert [(run.status, run.verdict, run.wrote) for run in runs] == [("ok", True, True)] * 2
    assert await world.state_hash() == before


async def test_a_check_sees_nothing_of_the_judged_program(world):
    await world.run("import builtins, json\nbuiltins.same = json.dumps = lambda *a: True\nsame = lambda *a: True")
    (run,) = await world.evaluate("def evaluate(answer): return same(answer, 2)", "1", times=1)
    assert run.verdict is False
